"""The independent checker: every rule of the day, tested on a finished schedule.

It shares no code with the solver: it only reads the procedure and the assignments, and
goes through the rules one by one.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from diptych.choreography.check_rest import Duties, find_tired
from diptych.model import (
    Assignment,
    Demand,
    Equipment,
    Procedure,
    Schedule,
    SkillId,
    Staff,
    StaffId,
    Subject,
    Task,
    TaskId,
    Violation,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """A procedure and the assignments of its known tasks, ready to be looked up.

    done : each task in the way in which the schedule does it
    duties : person -> their assignments in order of start
    """

    procedure: Procedure
    assignments: tuple[Assignment, ...]
    tasks: Mapping[TaskId, Task]
    staff: Mapping[StaffId, Staff]
    by_task: Mapping[TaskId, Assignment]
    duties: Duties
    done: Mapping[TaskId, Task]


def check(procedure: Procedure, schedule: Schedule | Sequence[Assignment]) -> tuple[Violation, ...]:
    """Every rule of the procedure that the schedule breaks; empty when it keeps them all.

    Given a Schedule, its makespan, bound and milestones are checked too. Rules: "task",
    "mode", "duration", "start", "order", "lag", "demand", "skill", "grade", "leader",
    "person", "team", "hours", "absence", "one-duty", "zone", "equipment", "stock",
    "stretch", "low", "work", "span", "makespan", "bound", "milestone".
    """
    assignments = schedule.assignments if isinstance(schedule, Schedule) else tuple(schedule)
    day = _look_up(procedure, assignments)
    found = [violation for rule in _RULES for violation in rule(day)]
    if isinstance(schedule, Schedule):
        found += _check_figures(day, schedule)
    return tuple(found)


def _look_up(procedure: Procedure, assignments: tuple[Assignment, ...]) -> _Day:
    tasks = {task.id: task for task in procedure.tasks}
    known = [entry for entry in assignments if entry.task in tasks]
    duties: dict[StaffId, list[Assignment]] = {}
    for entry in known:
        for person in dict.fromkeys(person for person, _ in entry.staff):
            duties.setdefault(person, []).append(entry)
    return _Day(
        procedure=procedure,
        assignments=assignments,
        tasks=tasks,
        staff={person.id: person for person in procedure.staff},
        by_task={entry.task: entry for entry in known},
        duties={
            person: tuple(sorted(entries, key=lambda entry: (entry.start, entry.end, entry.task)))
            for person, entries in sorted(duties.items())
        },
        done={entry.task: _done(tasks[entry.task], entry.mode) for entry in known},
    )


def _done(task: Task, mode: int) -> Task:
    """The task in that way; as the task itself says where there is no such way."""
    return task.in_mode(mode) if 0 <= mode <= len(task.modes) else task


def _violation(
    rule: str, message: str, tasks: Sequence[TaskId], staff: Sequence[StaffId] = ()
) -> Violation:
    return Violation(rule=rule, message=message, tasks=tuple(tasks), staff=tuple(staff))


def _check_presence(day: _Day) -> Iterator[Violation]:
    count = Counter(entry.task for entry in day.assignments)
    for task in day.tasks:
        if count[task] != 1:
            yield _violation(
                "task", f"task {task} is planned {count[task]} times, not once", [task]
            )
    for task in count:
        if task not in day.tasks:
            yield _violation("task", f"task {task} is not part of the day", [task])


def _check_modes(day: _Day) -> Iterator[Violation]:
    for entry in day.by_task.values():
        last = len(day.tasks[entry.task].modes)
        if not 0 <= entry.mode <= last:
            text = f"task {entry.task} is done in way {entry.mode}, there are 0 to {last}"
            yield _violation("mode", text, [entry.task])


def _check_durations(day: _Day) -> Iterator[Violation]:
    for entry in day.by_task.values():
        planned, length = day.done[entry.task].duration.planned, entry.end - entry.start
        if length != planned:
            text = f"task {entry.task} lasts {length} min, {planned} are planned"
            yield _violation("duration", text, [entry.task])
        if entry.start < 0:
            text = f"task {entry.task} starts at minute {entry.start}, before the day"
            yield _violation("start", text, [entry.task])


def _check_order(day: _Day) -> Iterator[Violation]:
    for rule in day.procedure.precedence:
        if rule.before not in day.by_task or rule.after not in day.by_task:
            continue
        gap = day.by_task[rule.after].start - day.by_task[rule.before].end
        if gap < rule.min_lag:
            text = (
                f"{rule.after} starts {gap} min after {rule.before} ends, at least {rule.min_lag}"
            )
            yield _violation("order", text, [rule.before, rule.after])
        if rule.max_lag is not None and gap > rule.max_lag:
            text = f"{rule.after} starts {gap} min after {rule.before} ends, at most {rule.max_lag}"
            yield _violation("lag", text, [rule.before, rule.after])


def _check_demands(day: _Day) -> Iterator[Violation]:
    for entry in day.by_task.values():
        asked: Counter[SkillId] = Counter()
        for demand in day.done[entry.task].demands:
            asked[demand.skill] += demand.count
        given = Counter(skill for _, skill in entry.staff)
        for skill in sorted(asked.keys() | given.keys()):
            if asked[skill] != given[skill]:
                text = f"{entry.task} has {given[skill]} for {skill}, {asked[skill]} are asked for"
                yield _violation("demand", text, [entry.task])


def _check_grades(day: _Day) -> Iterator[Violation]:
    """Enough seniors: nested counts from the highest grade asked for down to the lowest."""
    for entry in day.by_task.values():
        for skill in sorted({demand.skill for demand in day.done[entry.task].demands}):
            grades = [
                day.staff[person].grade
                for person, held in entry.staff
                if held == skill and person in day.staff
            ]
            mine = [one for one in day.done[entry.task].demands if one.skill == skill]
            yield from _check_seniority(entry.task, skill, grades, mine)


def _check_seniority(
    task: TaskId, skill: SkillId, grades: Sequence[int], demands: Sequence[Demand]
) -> Iterator[Violation]:
    for level in sorted({demand.grade for demand in demands if demand.grade}, reverse=True):
        asked = sum(demand.count for demand in demands if demand.grade >= level)
        there = sum(grade >= level for grade in grades)
        if there < asked:
            text = f"{task} has {there} of grade {level} or more for {skill}, {asked} are asked for"
            yield _violation("grade", text, [task])
    for demand in demands:
        if demand.count and demand.leader and max(grades, default=0) < demand.leader:
            text = f"{task} has nobody of grade {demand.leader} or more to lead {skill}"
            yield _violation("leader", text, [task])


def _check_people(day: _Day) -> Iterator[Violation]:
    for entry in day.by_task.values():
        for person, skill in entry.staff:
            yield from _check_person(day, entry, person, skill)
        for person, times in Counter(person for person, _ in entry.staff).items():
            if times > 1:
                text = f"{person} holds {times} duties of {entry.task} at once"
                yield _violation("one-duty", text, [entry.task], [person])


def _check_person(
    day: _Day, entry: Assignment, person: StaffId, skill: SkillId
) -> Iterator[Violation]:
    if person not in day.staff:
        yield _violation("person", f"{person} is not on the roster", [entry.task], [person])
        return
    who, subject = day.staff[person], day.tasks[entry.task].subject
    if skill not in who.skills:
        text = f"{who.name} has not the skill {skill} for {entry.task}"
        yield _violation("skill", text, [entry.task], [person])
    if subject in (Subject.A, Subject.B) and who.team not in (subject, "both"):
        text = f"{who.name} wears the colour of {who.team} but serves twin {subject}: {entry.task}"
        yield _violation("team", text, [entry.task], [person])
    if entry.start < who.start or entry.end > who.end:
        text = (
            f"{who.name} is there from minute {who.start} to {who.end}, {entry.task} runs"
            f" from {entry.start} to {entry.end}"
        )
        yield _violation("hours", text, [entry.task], [person])
    for begin, end in who.absences:
        if entry.start < end and begin < entry.end:
            text = f"{who.name} is absent from minute {begin} to {end}, {entry.task} runs then"
            yield _violation("absence", text, [entry.task], [person])


def _check_one_duty(day: _Day) -> Iterator[Violation]:
    for person, entries in day.duties.items():
        for one, two in combinations(entries, 2):
            if max(one.start, two.start) < min(one.end, two.end):
                text = f"{person} has {one.task} and {two.task} at the same time"
                yield _violation("one-duty", text, [one.task, two.task], [person])


def _check_zones(day: _Day) -> Iterator[Violation]:
    room = {zone.id: zone.capacity for zone in day.procedure.zones}
    used = {task: {str(zone): n for zone, n in one.zones.items()} for task, one in day.done.items()}
    yield from _check_room(day, "zone", {str(zone): room[zone] for zone in room}, used)


def _check_equipment(day: _Day) -> Iterator[Violation]:
    room = {str(kit.id): kit.count for kit in day.procedure.equipment if kit.renewable}
    stock = {kit.id: kit for kit in day.procedure.equipment if not kit.renewable}
    used = {
        task: {str(kit): n for kit, n in one.equipment.items() if kit not in stock}
        for task, one in day.done.items()
    }
    yield from _check_room(day, "equipment", room, used)
    for kit in stock.values():
        yield from _check_stock(day, kit)


def _check_stock(day: _Day, kit: Equipment) -> Iterator[Violation]:
    """A stock at the first start at which more is used up than has been there."""
    users = [task for task, one in day.done.items() if one.equipment.get(kit.id, 0)]
    for moment in sorted({day.by_task[task].start for task in users}):
        begun = [task for task in users if day.by_task[task].start <= moment]
        total = sum(day.done[task].equipment[kit.id] for task in begun)
        there = kit.count + sum(pieces for minute, pieces in kit.restock if minute <= moment)
        if total > there:
            text = f"{total} of {kit.id} are used up by minute {moment}, there are {there}"
            yield _violation("stock", text, begun)
            return


def _check_room(
    day: _Day, rule: str, room: Mapping[str, int], used: Mapping[TaskId, Mapping[str, int]]
) -> Iterator[Violation]:
    """The load of each place or kit at each start of a task that uses it."""
    entries = sorted(day.by_task.values(), key=lambda entry: (entry.start, entry.task))
    names = dict.fromkeys(name for entry in entries for name in sorted(used[entry.task]))
    for name in names:
        users = [entry for entry in entries if used[entry.task].get(name, 0) > 0]
        worst: tuple[int, int, list[TaskId]] = (0, 0, [])
        for moment in dict.fromkeys(entry.start for entry in users):
            there = [entry.task for entry in users if entry.start <= moment < entry.end]
            worst = max(worst, (sum(used[task][name] for task in there), -moment, there))
        if worst[0] > room.get(name, 0):
            text = (
                f"{worst[0]} of {name} needed at minute {-worst[1]}, there is room for"
                f" {room.get(name, 0)}"
                if rule == "zone"
                else f"{worst[0]} of {name} needed at minute {-worst[1]}, {room.get(name, 0)} exist"
            )
            yield _violation(rule, text, worst[2])


def _check_rest(day: _Day) -> Iterator[Violation]:
    return find_tired(day.procedure, day.duties)


def _check_figures(day: _Day, schedule: Schedule) -> Iterator[Violation]:
    end = max((entry.end for entry in day.assignments), default=0)
    if schedule.makespan != end:
        text = f"the makespan is given as {schedule.makespan}, the last task ends at {end}"
        yield _violation("makespan", text, [])
    if schedule.bound > schedule.makespan or (
        schedule.status == "optimal" and schedule.bound != schedule.makespan
    ):
        text = f"bound {schedule.bound} does not fit {schedule.status} at {schedule.makespan}"
        yield _violation("bound", text, [])
    for milestone in day.procedure.milestones:
        given = schedule.milestones.get(milestone.id)
        real = day.by_task[milestone.task].end if milestone.task in day.by_task else None
        if given != real:
            text = f"milestone {milestone.id} is given at {given}, its task ends at {real}"
            yield _violation("milestone", text, [milestone.task])


_RULES: tuple[Callable[[_Day], Iterator[Violation]], ...] = (
    _check_presence,
    _check_modes,
    _check_durations,
    _check_order,
    _check_demands,
    _check_grades,
    _check_people,
    _check_one_duty,
    _check_zones,
    _check_equipment,
    _check_rest,
)
