"""What of the day has happened: which tasks have begun, when they end, what is known ahead."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from diptych.model import (
    Absence,
    Assignment,
    Broken,
    Delay,
    Disruption,
    Finished,
    HazardResponse,
    InputError,
    Minute,
    Precedence,
    Schedule,
    StaffId,
    Started,
    Stopped,
    TaskId,
)

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The plan as it stands at `now`.

    begun : tasks that have begun, with their real start, their people and the end that is
        now expected (or known)
    coming : the plan's word on the others, their lengths as now expected
    release : task that is known to begin late -> earliest start
    """

    now: Minute
    begun: Mapping[TaskId, Assignment]
    coming: Mapping[TaskId, Assignment]
    release: Mapping[TaskId, Minute]


def events_of(events: Sequence[Disruption], kind: type[Event]) -> list[Event]:
    """The events of one kind, in their order."""
    return [event for event in events if isinstance(event, kind)]


def read_facts(schedule: Schedule, now: Minute, events: Sequence[Disruption]) -> Facts:
    """Which tasks have begun by `now` and when they end, from the plan and what was told.

    A task has begun when the plan starts it before `now`, unless it was told to be late, or
    what it follows, or one of its people, was still at work at that minute. Raises
    InputError for an event that names what the day does not have, or that cannot be.
    """
    _refuse_unknown(schedule, now, events)
    started = {event.task: event.at for event in events_of(events, Started)}
    finished = {event.task: event.at for event in events_of(events, Finished)}
    longer, late = _delays(events)
    begun: dict[TaskId, Assignment] = {}
    coming: dict[TaskId, Assignment] = {}
    release: dict[TaskId, Minute] = {}
    rules = _rules_into(schedule)
    for entry in sorted(schedule.assignments, key=lambda entry: entry.start):
        start = Minute(started.get(entry.task, entry.start + late.get(entry.task, 0)))
        length = entry.end - entry.start + longer.get(entry.task, 0)
        real = replace(entry, start=start, end=finished.get(entry.task, Minute(start + length)))
        told = entry.task in started or entry.task in finished
        if start < now and (told or _could_begin(real, begun, rules.get(entry.task, ()))):
            begun[entry.task] = real
            continue
        coming[entry.task] = replace(entry, end=Minute(entry.start + length))
        if entry.task in late:
            release[entry.task] = Minute(max(now, start))
    _refuse_impossible(begun, coming, finished)
    return Facts(now=now, begun=begun, coming=coming, release=release)


def _delays(events: Sequence[Disruption]) -> tuple[dict[TaskId, int], dict[TaskId, int]]:
    """Minutes by which tasks take longer, and by which they begin late."""
    longer: dict[TaskId, int] = {}
    late: dict[TaskId, int] = {}
    for event in events_of(events, Delay):
        to = late if event.late else longer
        to[event.task] = to.get(event.task, 0) + event.minutes
    return longer, late


def _rules_into(schedule: Schedule) -> dict[TaskId, list[Precedence]]:
    rules: dict[TaskId, list[Precedence]] = {}
    for rule in schedule.procedure.precedence:
        rules.setdefault(rule.after, []).append(rule)
    return rules


def _could_begin(
    entry: Assignment, begun: Mapping[TaskId, Assignment], rules: Sequence[Precedence]
) -> bool:
    """Whether what it follows was over, and its people were free, when the plan starts it."""
    for rule in rules:
        before = begun.get(rule.before)
        if before is None or before.end + rule.min_lag > entry.start:
            return False
    people = {person for person, _ in entry.staff}
    return not any(
        one.end > entry.start and one.start <= entry.start and people & _people(one)
        for one in begun.values()
    )


def _people(entry: Assignment) -> set[StaffId]:
    return {person for person, _ in entry.staff}


def _refuse_unknown(schedule: Schedule, now: Minute, events: Sequence[Disruption]) -> None:
    known = {entry.task for entry in schedule.assignments}
    staff = {person.id for person in schedule.procedure.staff}
    kit = {kit.id for kit in schedule.procedure.equipment}
    for event in events:
        if isinstance(event, Stopped):
            _refuse([event.after, *event.dropped], known, "task")
        elif isinstance(event, Absence):
            _refuse([event.staff], staff, "person")
        elif isinstance(event, Broken):
            _refuse([event.equipment], kit, "kit")
        elif isinstance(event, HazardResponse):
            _refuse(list(event.equipment), kit, "kit")
        else:
            _refuse([event.task], known, "task")
        if isinstance(event, Absence | Broken | HazardResponse) and event.end <= now:
            raise InputError(
                f"an event that is over at minute {event.end} does not change what comes after"
                f" minute {now}",
                remedy="leave it out, or give its real end",
            )


def _refuse(names: Sequence[str], known: Collection[str], what: str) -> None:
    strange = [name for name in names if name not in known]
    if strange:
        raise InputError(
            f"no {what} {', '.join(map(repr, strange))} in this day",
            remedy=f"use the id of a {what} of the schedule",
        )


def _refuse_impossible(
    begun: Mapping[TaskId, Assignment],
    coming: Mapping[TaskId, Assignment],
    finished: Mapping[TaskId, Minute],
) -> None:
    for task, at in finished.items():
        start = begun[task].start if task in begun else coming[task].start
        if task in coming or at <= start:
            raise InputError(
                f"{task} is said to end at minute {at}, but it begins at {start}",
                remedy="say with Started when it began, or correct the minute",
            )
