"""What is left of the day: the procedure as it now stands, and the part of it that is past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from diptych.choreography.bands import Line
from diptych.choreography.crews import Duty, can_hold, side_of
from diptych.choreography.facts import Facts, events_of
from diptych.model import (
    Absence,
    Assignment,
    Broken,
    Demand,
    Disruption,
    Duration,
    HazardResponse,
    Minute,
    Precedence,
    Procedure,
    SkillId,
    Staff,
    StaffId,
    Subject,
    Task,
    TaskId,
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """The day from `now` on, as facts and events make it.

    procedure : the updated procedure; every task in the one way that it is done
    begun : tasks that keep start and people (those running: the end that is expected)
    old : what the plan said of the tasks to come; none for work that is new
    pins : tasks to come whose start is given (a response, broken kit)
    lengths : watches that may be cut anew -> least and most minutes
    parts : second part of a task that was under way -> its first part
    wholes : first part of a task that was under way -> the task before it was cut
    loose : tasks to come that keep no appointment, as they follow a stage that stopped early
    concerned : people whom the events concern
    able : skill and side -> who may hold it, hours apart; left : person -> stretches they are there
    """

    now: Minute
    procedure: Procedure
    begun: Mapping[TaskId, Assignment]
    old: Mapping[TaskId, Assignment]
    pins: Mapping[TaskId, Minute]
    lengths: Mapping[TaskId, tuple[int, int]]
    parts: Mapping[TaskId, TaskId]
    wholes: Mapping[TaskId, Task]
    loose: frozenset[TaskId]
    concerned: frozenset[StaffId]
    able: Mapping[Line, tuple[Staff, ...]]
    left: Mapping[StaffId, tuple[Span, ...]]
    notes: tuple[str, ...]

    def may_hold(self, task: Task, skill: SkillId, grade: int = 0) -> list[Staff]:
        """Who may hold that duty of the task, hours apart, in the order of the roster."""
        return [person for person in self.able[skill, side_of(task)] if person.grade >= grade]

    def is_added(self, task: TaskId) -> bool:
        """The plan has no such task: one more watch or course, a response, broken kit."""
        return not any(task in known for known in (self.old, self.begun, self.parts))

    def is_there(self, person: StaffId, span: Span) -> bool:
        """The person can be asked from the first to the last minute of the span."""
        return any(begin <= span[0] and span[1] <= end for begin, end in self.left[person])


@dataclass(kw_only=True)
class Draft:
    """The remainder while it is drawn up; tasks in the order of the plan's procedure."""

    now: Minute
    tasks: dict[TaskId, Task]
    order: list[Precedence]
    staff: list[Staff]
    begun: dict[TaskId, Assignment]
    old: dict[TaskId, Assignment]
    pins: dict[TaskId, Minute]
    parts: dict[TaskId, TaskId]
    wholes: dict[TaskId, Task]
    loose: set[TaskId]
    concerned: frozenset[StaffId]
    notes: list[str]


def start_draft(procedure: Procedure, facts: Facts) -> Draft:
    """The plan's tasks, in the way chosen for each, with the lengths that are now expected."""
    entries = {**facts.begun, **facts.coming}
    tasks = {
        task.id: _as_done(task, entries[task.id]) for task in procedure.tasks if task.id in entries
    }
    return Draft(
        now=facts.now,
        tasks=tasks,
        order=list(procedure.precedence),
        staff=list(procedure.staff),
        begun={task: replace(facts.begun[task], mode=0) for task in tasks if task in facts.begun},
        old={task: replace(facts.coming[task], mode=0) for task in tasks if task in facts.coming},
        pins={},
        parts={},
        wholes={},
        loose=set(),
        concerned=frozenset(),
        notes=[],
    )


def _as_done(task: Task, entry: Assignment) -> Task:
    way = replace(task.in_mode(entry.mode), modes=())
    return with_length(way, entry.end - entry.start)


def with_length(task: Task, length: int) -> Task:
    """The task planned for that many minutes; its figures widened where they must be."""
    was = task.duration
    if was.planned == length:
        return task
    fixed = was.low == was.high
    low, high = (length, length) if fixed else (min(was.low, length), max(was.high, length))
    return replace(
        task,
        duration=Duration(
            low=Minute(low),
            mode=Minute(min(max(was.mode, low), high)),
            high=Minute(high),
            planned=Minute(length),
        ),
    )


def hold_back(draft: Draft, facts: Facts) -> None:
    """Tasks that are known to begin late: a rule from the anchor of the day."""
    for task, release in facts.release.items():
        before = anchor(draft)
        lag = Minute(release - draft.begun[before].end)
        draft.order.append(Precedence(before=before, after=task, min_lag=lag, max_lag=None))


def anchor(draft: Draft) -> TaskId:
    """A task that has begun, from which minutes of the day are counted; made if there is none."""
    if not draft.begun:
        nothing = Minute(0)
        first = TaskId("day-begins")
        length = Duration(low=nothing, mode=nothing, high=nothing, planned=nothing)
        task = _own_task(first, "The day begins", Subject.TEAM, length)
        draft.tasks = {first: task, **draft.tasks}
        draft.begun[first] = Assignment(task=first, start=nothing, end=nothing, staff=())
    return next(iter(draft.begun))


def _own_task(id: TaskId, title: str, subject: Subject, length: Duration) -> Task:
    return Task(
        id=id,
        title=title,
        step=20,
        subject=subject,
        duration=length,
        demands=(),
        zones={},
        equipment={},
        priority=3,
        source="told on the day",
    )


def call_away(draft: Draft, events: Sequence[Disruption]) -> None:
    """Responses and broken kit: tasks at a given minute that hold people and kit."""
    for event in events:
        if isinstance(event, Broken):
            name, title = f"broken-{event.equipment}", f"{event.count} of {event.equipment} broken"
            task = _pin(draft, name, title, Subject.TEAM, (event.begin, event.end))
            kit = {event.equipment: event.count}
            draft.tasks[task] = replace(draft.tasks[task], equipment=kit)
        elif isinstance(event, HazardResponse):
            name = "response-" + "-".join(event.title.lower().split())
            task = _pin(draft, name, event.title, event.subject, (event.begin, event.end))
            draft.tasks[task] = replace(
                draft.tasks[task], demands=event.demands, equipment=dict(event.equipment)
            )


def _pin(draft: Draft, name: str, title: str, subject: Subject, span: tuple[int, int]) -> TaskId:
    begin = max(draft.now, span[0])
    length = Minute(span[1] - begin)
    number = sum(task.partition("~")[0] == name for task in draft.tasks) + 1
    id = TaskId(name if number == 1 else f"{name}~{number}")
    fixed = Duration(low=length, mode=length, high=length, planned=length)
    before = anchor(draft)
    draft.tasks[id] = _own_task(id, title, subject, fixed)
    draft.pins[id] = Minute(begin)
    lag = Minute(begin - draft.begun[before].end)
    draft.order.append(Precedence(before=before, after=id, min_lag=lag, max_lag=lag))
    return id


def take_absences(draft: Draft, events: Sequence[Disruption]) -> None:
    """Absences from now on, laid over those that the roster has."""
    away: dict[StaffId, list[tuple[Minute, Minute]]] = {}
    for event in events_of(events, Absence):
        away.setdefault(event.staff, []).append((Minute(max(draft.now, event.begin)), event.end))
    draft.staff = [
        replace(who, absences=_merge([*who.absences, *away[who.id]])) if who.id in away else who
        for who in draft.staff
    ]


def _merge(spans: Sequence[tuple[Minute, Minute]]) -> tuple[tuple[Minute, Minute], ...]:
    merged: list[tuple[Minute, Minute]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged)


def ease_past(draft: Draft) -> None:
    """Rules that the past already broke, or that time has run out for, are told and let go."""
    kept = []
    for rule in draft.order:
        before, after = draft.begun.get(rule.before), draft.begun.get(rule.after)
        least, most = int(rule.min_lag), rule.max_lag
        if before is not None and after is not None:
            gap = after.start - before.end
            least, most = min(least, gap), None if most is None else Minute(max(most, gap))
        elif before is not None and most is not None and before.end + most < draft.now:
            draft.notes.append(
                f"{rule.after} should have begun within {most} min after {rule.before} ended; that"
                " time is over, it begins as soon as it can"
            )
            most = None
        kept.append(replace(rule, min_lag=Minute(least), max_lag=most))
    draft.order = kept


def hours_left(person: Staff, now: int) -> tuple[Span, ...]:
    """The stretches from `now` on in which the person is there."""
    found, begin = [], max(now, int(person.start))
    for away, back in person.absences:
        if away > begin:
            found.append((begin, min(int(away), int(person.end))))
        begin = max(begin, int(back))
    return tuple((b, e) for b, e in [*found, (begin, int(person.end))] if b < e)


def may_hold(person: Staff, task: Task, skill: SkillId, grade: int) -> bool:
    """The person may hold that duty of the task, hours apart."""
    return can_hold(person, Duty(skill, side_of(task), grade))


def demands_by_skill(task: Task) -> dict[SkillId, list[Demand]]:
    """The demands of a task, those for one skill together."""
    asked: dict[SkillId, list[Demand]] = {}
    for demand in task.demands:
        asked.setdefault(demand.skill, []).append(demand)
    return asked


def graded(asked: Sequence[Demand]) -> list[tuple[int, int]]:
    """Grades with how many people of at least that grade the demands for one skill want."""
    bars = sorted({demand.grade for demand in asked if demand.grade})
    wanted = [(bar, sum(d.count for d in asked if d.grade >= bar)) for bar in bars]
    return wanted + [(demand.leader, 1) for demand in asked if demand.leader]
