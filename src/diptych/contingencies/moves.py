"""One task or one break moved out of the way of a gap, by as little as frees its people.

A minute of a gap is closed by moving a task only when the task runs then and no longer does,
or ends soon enough after for its people to come in time. The task must therefore run through
all spans of the gap and leave them all: either it starts when the last of them ends (or up to
the time that a demand allows later, when the relief is there), or it ends when the first of
them begins (or up to that time later).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from diptych.contingencies.wording import clock
from diptych.model import Assignment, Hazard, MilestoneId, Minute, Schedule, Staff

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Move:
    """A task or break moved by `minutes` (below 0: earlier), in words, and the plan with it.

    whose : id of the task, or of the person whose break it is
    """

    kind: str
    whose: str
    words: str
    minutes: int
    applied: Schedule


def list_moves(schedule: Schedule, hazards: Sequence[Hazard], spans: Spans) -> Iterator[Move]:
    """Every move that could close the gap, the shorter first for each task or break.

    None is yet proved to close it or to break no rule.
    """
    first, last = spans[0][0], spans[-1][1]
    skills = {demand.skill for hazard in hazards for demand in hazard.response.demands}
    kinds = {kind for hazard in hazards for kind in hazard.response.equipment}
    able = {who.id for who in schedule.procedure.staff if skills & set(who.skills)}
    within = sorted({0} | {int(d.within) for hazard in hazards for d in hazard.response.demands})
    tasks = schedule.done()
    for entry in schedule.assignments:
        holds = any(who in able for who, _ in entry.staff)
        holds = holds or any(tasks[entry.task].equipment.get(kind, 0) for kind in kinds)
        if holds and entry.start <= first and last <= entry.end:
            later = [last + late - entry.start for late in within]
            earlier = [first + late - entry.end for late in reversed(within)]
            for minutes in sorted((*later, *earlier), key=abs):
                if minutes and entry.start + minutes >= 0:
                    yield _move_task(schedule, entry, int(minutes))
    for who in schedule.procedure.staff:
        if who.id in able:
            yield from _move_breaks(schedule, who, first, last)


def _move_task(schedule: Schedule, entry: Assignment, minutes: int) -> Move:
    moved = replace(entry, start=Minute(entry.start + minutes), end=Minute(entry.end + minutes))
    rows = tuple(moved if one is entry else one for one in schedule.assignments)
    ends = {row.task: row.end for row in rows}
    milestones: dict[MilestoneId, Minute] = dict(schedule.milestones)
    for milestone in schedule.procedure.milestones:
        if milestone.task == entry.task:
            milestones[milestone.id] = ends[entry.task]
    title, at = (
        schedule.procedure.task(entry.task).title,
        clock(schedule.procedure.day_start, moved.start),
    )
    words = (
        f'hold "{title}" by {minutes} min, until {at}'
        if minutes > 0
        else f'begin "{title}" {-minutes} min earlier, at {at}'
    )
    plan = replace(
        schedule,
        assignments=rows,
        makespan=Minute(max(row.end for row in rows)),
        milestones=milestones,
        checked=False,
        violations=(),
        forecast=(),
    )
    return Move(kind="task", whose=str(entry.task), words=words, minutes=minutes, applied=plan)


def _move_breaks(schedule: Schedule, who: Staff, first: int, last: int) -> Iterator[Move]:
    """A break that lies over all of the gap, moved behind or before it."""
    busy = [
        (int(entry.start), int(entry.end))
        for entry in schedule.assignments
        if who.id in [one for one, _ in entry.staff]
    ]
    for number, (start, end) in enumerate(who.absences):
        if not (start <= first and last <= end):
            continue
        others = [*busy, *(one for n, one in enumerate(who.absences) if n != number)]
        for minutes in (last - start, first - end):
            new = int(start + minutes), int(end + minutes)
            inside = who.start <= new[0] and new[1] <= who.end
            if minutes and inside and all(new[1] <= a or b <= new[0] for a, b in others):
                yield _move_break(schedule, who, number, new, int(minutes))


def _move_break(
    schedule: Schedule, who: Staff, number: int, new: tuple[int, int], minutes: int
) -> Move:
    rows = [one for n, one in enumerate(who.absences) if n != number]
    absences = tuple(sorted([*rows, (Minute(new[0]), Minute(new[1]))]))
    staff = tuple(
        replace(one, absences=absences) if one.id == who.id else one
        for one in schedule.procedure.staff
    )
    plan = replace(schedule, procedure=replace(schedule.procedure, staff=staff), checked=False)
    day = schedule.procedure.day_start
    words = f"break of {who.name} moved to {clock(day, new[0])}, until {clock(day, new[1])}"
    return Move(kind="break", whose=str(who.id), words=words, minutes=minutes, applied=plan)
