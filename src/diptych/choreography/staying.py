"""Whether the planned people of a group can stay, at the times that are now found."""

from collections.abc import Mapping, Sequence

from diptych.choreography.bands import Line
from diptych.choreography.crews import side_of
from diptych.choreography.remainder import Remainder, Span, demands_by_skill, graded
from diptych.choreography.resting import rested
from diptych.model import Demand, SkillId, StaffId, Task, TaskId

People = tuple[tuple[StaffId, SkillId], ...]


def stay_as_planned(
    remainder: Remainder, spans: Mapping[TaskId, Span], component: Sequence[Line]
) -> dict[TaskId, People] | None:
    """The planned people of each task to come, if all of them can stay; None if not.

    `spans` gives the minutes of every task, those that have begun included.
    """
    planned: dict[TaskId, People] = {}
    own: dict[StaffId, list[Span]] = {}
    for task in remainder.procedure.tasks:
        if task.id in remainder.begun:
            continue
        mine = _planned_of(remainder, task, spans[task.id], component)
        if mine is None:
            return None
        if mine:
            planned[task.id] = mine
        for who, _ in mine:
            own.setdefault(who, []).append(spans[task.id])
    past = past_of(remainder, spans)
    rest, start = remainder.procedure.rest, remainder.procedure.day_start
    kept = all(rested([*past.get(who, ()), *mine], rest, start) for who, mine in own.items())
    return planned if kept else None


def past_of(remainder: Remainder, spans: Mapping[TaskId, Span]) -> dict[StaffId, list[Span]]:
    """The minutes of what each person has begun."""
    past: dict[StaffId, list[Span]] = {}
    for task, entry in remainder.begun.items():
        for who, _ in entry.staff:
            past.setdefault(who, []).append(spans[task])
    return past


def _planned_of(
    remainder: Remainder, task: Task, span: Span, component: Sequence[Line]
) -> People | None:
    """The planned people of the task's duties in this group; None where they do not fit."""
    entry = remainder.old.get(task.id)
    staff = entry.staff if entry is not None else ()
    mine: list[tuple[StaffId, SkillId]] = []
    for skill, asked in demands_by_skill(task).items():
        if (skill, side_of(task)) not in component:
            continue
        grade = {person.id: person.grade for person in remainder.may_hold(task, skill)}
        here = [who for who, has in staff if has == skill]
        if any(who not in grade or not remainder.is_there(who, span) for who in here):
            return None
        if not _enough([grade[who] for who in here], asked):
            return None
        mine += [(who, skill) for who in here]
    return tuple(mine)


def _enough(grades: Sequence[int], asked: Sequence[Demand]) -> bool:
    """As many people of one skill as asked for, of these grades, with a leader."""
    return len(grades) == sum(demand.count for demand in asked) and all(
        sum(grade >= bar for grade in grades) >= count for bar, count in graded(asked)
    )
