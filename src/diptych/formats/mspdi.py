"""The plan of the day as Microsoft Project XML (MSPDI), which MS Project and ProjectLibre open.

Elements stand in the order that the published schema (mspdi_pj12.xsd) gives them. Every
task keeps its planned start ("start no earlier than"), so that opening the file does not
reschedule the day. A longest lag has no element there: it stands in the notes of the task.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from xml.etree import ElementTree as Xml

from diptych.model import (
    Assignment,
    Minute,
    Precedence,
    Procedure,
    Schedule,
    StaffId,
    Task,
    TaskId,
)

SPACE = "http://schemas.microsoft.com/project"
FINISH_TO_START, NO_EARLIER_THAN, IN_MINUTES, TENTHS = 1, 4, 3, 10
_VERSION, _CALENDAR = 12, 1
_PRIORITY = {1: 300, 2: 500, 3: 900}
Tree = Mapping[str, object]
"""Names of elements and what stands in them: text, a number, a tree, or a list of trees, one
for each time that the element is repeated."""


def render_project(schedule: Schedule, zero: datetime, title: str) -> str:
    """The XML text; `zero` is the moment of minute 0, `title` the project's name.

    One resource for each person, one assignment for each person on a task, one link for
    each pair of tasks in the order of work with its least lag.
    """
    procedure = schedule.procedure
    people = {person.id: number for number, person in enumerate(procedure.staff, start=1)}
    order = sorted(schedule.assignments, key=lambda entry: (entry.start, entry.end, entry.task))
    numbers = {entry.task: number for number, entry in enumerate(order, start=1)}
    content: dict[str, object] = {
        "SaveVersion": _VERSION,
        "Name": title[:255],
        "Title": title[:512],
        "ScheduleFromStart": 1,
        "StartDate": _moment(zero, Minute(0)),
        "FinishDate": _moment(zero, schedule.makespan),
        "CurrencyCode": "USD",
        "CalendarUID": _CALENDAR,
        "DefaultStartTime": "00:00:00",
        "DefaultFinishTime": "23:59:00",
        "MinutesPerDay": 1440,
        "MinutesPerWeek": 10080,
        "DaysPerMonth": 30,
        "DurationFormat": IN_MINUTES,
        "HonorConstraints": 1,
        "NewTasksEffortDriven": 0,
        "NewTasksEstimated": 0,
        "Calendars": {"Calendar": _calendar()},
        "Tasks": {"Task": list(_tasks(schedule, order, numbers, zero))},
        "Resources": {"Resource": list(_resources(procedure))},
        "Assignments": {"Assignment": list(_assignments(order, numbers, people, zero))},
    }
    root = Xml.Element("Project", xmlns=SPACE)
    _fill(root, content)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, "unicode") + "\n"


def _fill(parent: Xml.Element, tree: Tree) -> None:
    """Hangs the tree beneath the element; text keeps only letters that XML 1.0 allows."""
    for name, value in tree.items():
        for each in value if isinstance(value, list) else [value]:
            child = Xml.SubElement(parent, name)
            if isinstance(each, dict):
                _fill(child, each)
            else:
                child.text = clean_text(str(each))


def clean_text(text: str) -> str:
    """The text without the control letters and halves of letters that XML 1.0 forbids."""
    return "".join(
        sign
        for sign in text
        if sign in "\t\n\r"
        or 32 <= ord(sign) < 0xD800
        or 0xE000 <= ord(sign) < 0xFFFE
        or ord(sign) > 0xFFFF
    )


def _calendar() -> Tree:
    always = {"WorkingTime": {"FromTime": "00:00:00", "ToTime": "00:00:00"}}
    days = [{"DayType": day, "DayWorking": 1, "WorkingTimes": always} for day in range(1, 8)]
    return {
        "UID": _CALENDAR,
        "Name": "24 hours",
        "IsBaseCalendar": 1,
        "BaseCalendarUID": -1,
        "WeekDays": {"WeekDay": days},
    }


def _tasks(
    schedule: Schedule,
    order: Sequence[Assignment],
    numbers: Mapping[TaskId, int],
    zero: datetime,
) -> Iterator[Tree]:
    tasks = {task.id: task for task in schedule.procedure.tasks}
    moments = {milestone.task: milestone.title for milestone in schedule.procedure.milestones}
    for entry in order:
        rules = [rule for rule in schedule.procedure.precedence if rule.after == entry.task]
        task = tasks[entry.task].in_mode(entry.mode)
        number = numbers[entry.task]
        notes = _notes(task, rules, tasks, moments.get(entry.task, ""))
        yield {
            "UID": number,
            "ID": number,
            "Name": _one_line(task.title),
            "Type": 1,
            "IsNull": 0,
            "OutlineNumber": number,
            "OutlineLevel": 1,
            "Priority": _PRIORITY.get(task.priority, 500),
            "Start": _moment(zero, entry.start),
            "Finish": _moment(zero, entry.end),
            "Duration": _span(entry.end - entry.start),
            "DurationFormat": IN_MINUTES,
            "EffortDriven": 0,
            "Estimated": 0,
            "Milestone": int(entry.start == entry.end),
            "Summary": 0,
            "ConstraintType": NO_EARLIER_THAN,
            "CalendarUID": _CALENDAR,
            "ConstraintDate": _moment(zero, entry.start),
            "IgnoreResourceCalendar": 1,
            "Notes": notes,
            "PredecessorLink": [_link(numbers[id], lag) for id, lag in link_lags(rules)],
        }


def link_lags(rules: Sequence[Precedence]) -> list[tuple[TaskId, Minute]]:
    """The task before and the least lag of each link; of two rules for a pair the stricter."""
    lags: dict[TaskId, Minute] = {}
    for rule in rules:
        lags[rule.before] = max(rule.min_lag, lags.get(rule.before, rule.min_lag))
    return sorted(lags.items())


def _link(number: int, lag: Minute) -> Tree:
    return {
        "PredecessorUID": number,
        "Type": FINISH_TO_START,
        "CrossProject": 0,
        "LinkLag": TENTHS * lag,
        "LagFormat": IN_MINUTES,
    }


def _notes(
    task: Task, rules: Sequence[Precedence], tasks: Mapping[TaskId, Task], milestone: str
) -> str:
    kit = ", ".join(f"{count} {id}" for id, count in sorted(task.equipment.items()))
    words = [f"Id: {task.id}. Twin: {task.subject.value}. Step {task.step}."]
    words += [f"Milestone at its end: {milestone}."] if milestone else []
    words += [f"Place: {', '.join(sorted(task.zones))}."] if task.zones else []
    words += [f"Kit: {kit}."] if kit else []
    words += [
        f"At most {rule.max_lag} min after the end of {_one_line(tasks[rule.before].title)}."
        for rule in rules
        if rule.max_lag is not None
    ]
    return " ".join(words)


def _resources(procedure: Procedure) -> Iterator[Tree]:
    titles = {role.id: role.title for role in procedure.roles}
    for number, person in enumerate(procedure.staff, start=1):
        yield {
            "UID": number,
            "ID": number,
            "Name": _one_line(person.name),
            "Type": 1,
            "IsNull": 0,
            "Initials": person.id,
            "Group": titles.get(person.role, str(person.role)),
            "MaxUnits": 1,
        }


def _assignments(
    order: Sequence[Assignment],
    numbers: Mapping[TaskId, int],
    people: Mapping[StaffId, int],
    zero: datetime,
) -> Iterator[Tree]:
    pairs = [(entry, id) for entry in order for id in dict.fromkeys(id for id, _ in entry.staff)]
    for number, (entry, id) in enumerate(pairs, start=1):
        yield {
            "UID": number,
            "TaskUID": numbers[entry.task],
            "ResourceUID": people[id],
            "Finish": _moment(zero, entry.end),
            "Start": _moment(zero, entry.start),
            "Units": 1,
            "Work": _span(entry.end - entry.start),
        }


def _one_line(text: str) -> str:
    return " ".join(clean_text(text).split())


def _moment(zero: datetime, minute: int) -> str:
    return f"{zero + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%S}"


def _span(minutes: int) -> str:
    return f"PT{minutes // 60}H{minutes % 60}M0S"
