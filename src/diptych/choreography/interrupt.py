"""Work under way that cannot go on as it is: it is cut in two, the rest with other people or later.

A task is cut where one of its people leaves, must rest, or may be called to something more
urgent, and where its kit fails. The second part follows at once, unless the task may wait
(a priority of at most 2, and no watch). A part that follows at once with the same people is
joined to the first again when the plan is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from diptych.choreography.facts import events_of
from diptych.choreography.policy import clock_minute
from diptych.choreography.remainder import Draft, may_hold, with_length
from diptych.model import (
    Assignment,
    Broken,
    Disruption,
    HazardResponse,
    Minute,
    Precedence,
    Procedure,
    Rest,
    Staff,
    StaffId,
    Task,
    TaskId,
)

_MAY_WAIT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    at: int
    wait: bool


def interrupt(draft: Draft, procedure: Procedure, events: Sequence[Disruption]) -> None:
    """Cut every task under way that the events, or its people's hours and rest, end."""
    cuts: dict[TaskId, list[_Cut]] = {}
    limits = _limits(draft, procedure)
    for task, entry in draft.begun.items():
        if entry.end > draft.now:
            soonest = min((limits[who] for who, _ in entry.staff), default=entry.end)
            if soonest < entry.end:
                wait = draft.tasks[task].priority <= _MAY_WAIT
                cuts.setdefault(task, []).append(_Cut(at=soonest, wait=wait))
    for event in events_of(events, HazardResponse):
        for task in _who_could_help(draft, event):
            cuts.setdefault(task, []).append(_Cut(at=event.begin, wait=True))
    for broken in events_of(events, Broken):
        for task in _users(draft, procedure, broken):
            wait = draft.tasks[task].priority <= _MAY_WAIT
            cuts.setdefault(task, []).append(_Cut(at=broken.begin, wait=wait))
    for task, ways in cuts.items():
        at = max(draft.now, min(way.at for way in ways))
        if at < draft.begun[task].end:
            wait = any(way.wait for way in ways) and draft.tasks[task].step != 0
            _cut(draft, task, Minute(at), wait=wait)


def _limits(draft: Draft, procedure: Procedure) -> dict[StaffId, int]:
    """The minute from which each person can no longer stay on what they are doing."""
    own: dict[StaffId, list[Assignment]] = {}
    for entry in sorted(draft.begun.values(), key=lambda entry: entry.start):
        for who, _ in entry.staff:
            own.setdefault(who, []).append(entry)
    return {
        person.id: min(_leaves(person, duties[-1]), *_rest_ends(duties, procedure))
        for person in draft.staff
        if (duties := own.get(person.id))
    }


def _leaves(person: Staff, entry: Assignment) -> int:
    """End of the hours, or start of the first absence that reaches into the duty."""
    away = [begin for begin, end in person.absences if begin < entry.end and end > entry.start]
    return min([int(person.end), *away])


def _rest_ends(duties: Sequence[Assignment], procedure: Procedure) -> tuple[int, ...]:
    """When the stretch, the work of the day and the span reach their limits."""
    rest = procedure.rest
    if rest is None:
        return (duties[-1].end,)
    stretch = duties[0]
    end = stretch.end
    for duty in duties[1:]:
        if duty.start - end >= rest.shortest_break:
            stretch = duty
        end = max(end, duty.end)
    before = sum(duty.end - duty.start for duty in duties[:-1])
    span = rest.longest_span
    return (
        stretch.start + _longest(stretch.start, end, procedure.day_start, rest),
        duties[-1].start + max(0, rest.longest_work - before),
        duties[0].start + span if span is not None else duties[-1].end,
    )


def _longest(start: int, end: int, day_start: str, rest: Rest) -> int:
    """The longest stretch that begins at that minute: shorter where it reaches into the low."""
    for begin, over in low_hours(day_start, rest, end):
        if start < over and end > begin and rest.low_stretch is not None:
            return max(rest.low_stretch, begin - start)
    return rest.longest_stretch


@lru_cache(maxsize=4096)
def low_hours(day_start: str, rest: Rest, last: int) -> tuple[tuple[int, int], ...]:
    """The circadian low as minutes of the day, each night up to the minute `last`."""
    if rest.low is None:
        return ()
    shift, length = rest.low[0] - clock_minute(day_start), rest.low[1] - rest.low[0]
    first = shift % 1440 - 1440
    nights = range(first, last + 1, 1440)
    return tuple((begin, begin + length) for begin in nights if begin + length > 0)


def _who_could_help(draft: Draft, event: HazardResponse) -> Iterable[TaskId]:
    """Tasks under way that may pause and hold people or kit which the response asks for."""
    asked = draft.tasks[next(t for t in draft.pins if draft.tasks[t].title == event.title)]
    staff = {person.id: person for person in draft.staff}
    for task, entry in draft.begun.items():
        if entry.end <= draft.now or draft.tasks[task].priority > event.pauses:
            continue
        people = any(
            may_hold(staff[who], asked, demand.skill, demand.grade)
            for who, _ in entry.staff
            for demand in event.demands
        )
        if people or set(draft.tasks[task].equipment) & set(event.equipment):
            yield task


def _users(draft: Draft, procedure: Procedure, broken: Broken) -> Iterable[TaskId]:
    """Tasks under way that use the kit, when what is left of it is not enough for them."""
    kit = next(kit for kit in procedure.equipment if kit.id == broken.equipment)
    at = max(draft.now, broken.begin)
    users = {
        task: draft.tasks[task].equipment[kit.id]
        for task, entry in draft.begun.items()
        if entry.end > at and draft.tasks[task].equipment.get(kit.id, 0)
    }
    enough = not kit.renewable or sum(users.values()) + broken.count <= kit.count
    return () if enough else users


def _cut(draft: Draft, task: TaskId, at: Minute, *, wait: bool) -> None:
    """The task ends at that minute; what is left of it is a task of its own."""
    entry, whole = draft.begun[task], draft.tasks[task]
    second = _next_name(draft.tasks, task)
    rest = replace(whole, id=second, title=f"{whole.title} (goes on)")
    tasks: dict[TaskId, Task] = {}
    for id, one in draft.tasks.items():
        tasks[id] = with_length(whole, at - entry.start) if id == task else one
        if id == task:
            tasks[second] = with_length(rest, entry.end - at)
    draft.tasks = tasks
    draft.order = [
        replace(rule, before=second) if rule.before == task else rule for rule in draft.order
    ]
    most = None if wait else Minute(_covered(draft, task, at))
    draft.order.append(Precedence(before=task, after=second, min_lag=Minute(0), max_lag=most))
    draft.begun[task] = replace(entry, end=at)
    draft.old[second] = replace(entry, task=second, start=at)
    draft.parts[second] = task
    draft.wholes[task] = whole


def _covered(draft: Draft, task: TaskId, at: int) -> int:
    """Minutes for which the watch before this one still stands; 0 for other work."""
    before = [r.before for r in draft.order if r.after == task and draft.tasks[r.before].step == 0]
    ends = [int(draft.begun[one].end) for one in before if one in draft.begun]
    return max([0, *(end - at for end in ends)]) if draft.tasks[task].step == 0 else 0


def _next_name(tasks: Mapping[TaskId, Task], task: TaskId) -> TaskId:
    base, _, number = task.partition("~")
    count = int(number or 1) + 1
    while f"{base}~{count}" in tasks:
        count += 1
    return TaskId(f"{base}~{count}")
