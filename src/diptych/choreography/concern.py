"""Whom an event concerns: they know of it, so that a change to them is told soonest."""

from collections.abc import Sequence

from diptych.model import (
    Absence,
    Broken,
    Disruption,
    HazardResponse,
    Schedule,
    StaffId,
    Stopped,
    TaskId,
)


def find_concerned(schedule: Schedule, events: Sequence[Disruption]) -> frozenset[StaffId]:
    """People on a task that an event names or whose kit it takes, away, or of a called skill."""
    found: set[StaffId] = set()
    for event in events:
        if isinstance(event, Absence):
            found.add(event.staff)
        elif isinstance(event, HazardResponse):
            called = {demand.skill for demand in event.demands}
            found |= {who.id for who in schedule.procedure.staff if called & set(who.skills)}
        named = _named(schedule, event)
        found |= {
            who for entry in schedule.assignments if entry.task in named for who, _ in entry.staff
        }
    return frozenset(found)


def _named(schedule: Schedule, event: Disruption) -> set[TaskId]:
    """The tasks that an event names, or that use kit which it takes."""
    if isinstance(event, Absence | HazardResponse):
        return set()
    if isinstance(event, Stopped):
        return {event.after, *event.dropped}
    if not isinstance(event, Broken):
        return {event.task}
    spans = {e.task: (e.start, e.end) for e in schedule.assignments}
    return {
        task.id
        for task in schedule.procedure.tasks
        if task.equipment.get(event.equipment)
        and task.id in spans
        and spans[task.id][1] > event.begin
        and spans[task.id][0] < event.end
    }
