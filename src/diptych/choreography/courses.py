"""Courses: what is done again and again over the day, as doses, checks and news."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from diptych.choreography.steps import Step
from diptych.choreography.tasks import Draft, TwinOrder, demands_of
from diptych.model import (
    EquipmentId,
    InputError,
    Minute,
    Precedence,
    Subject,
    Task,
    TaskId,
    ZoneId,
)
from diptych.tables import SourcedTable


def add_courses(
    draft: Draft,
    steps: Sequence[Step],
    order: TwinOrder,
    earliest: Mapping[TaskId, int],
    rest: SourcedTable,
) -> None:
    """Add each course as a chain of tasks, for each twin or for the team.

    From start to start of two of them lie `every_least` to `every_most` minutes; the first
    comes as long after the step that it follows at most, and no more than that lies between
    the last and the step at which the course ends. There are as many as reach from the
    shortest possible stay to `coverage-slack` minutes more.
    """
    slack = int(rest.value("coverage-slack"))
    for step in steps:
        for place in order.twins if step.each == "twin-course" else ("",):
            _add_chain(draft, step, str(place), earliest, slack)


def _add_chain(
    draft: Draft, step: Step, place: str, earliest: Mapping[TaskId, int], slack: int
) -> None:
    opens, closes = (draft.made[key] for key in (step.after[0], step.until))
    first = opens.get(place, next(iter(opens.values())))
    last = closes.get(place, next(iter(closes.values())))
    begins = earliest[first] + draft.tasks[first].duration.planned
    count = _count(step, earliest[last] - begins, slack)
    tasks = [_task(step, place, number) for number in range(1, count + 1)]
    length = step.duration.planned
    least, most = Minute(step.every_least - length), Minute(step.every_most - length)
    draft.tasks |= {task.id: task for task in tasks}
    draft.precedence += [
        _follows(first, tasks[0].id, Minute(0), most),
        *(_follows(one.id, two.id, least, most) for one, two in pairwise(tasks)),
        _follows(tasks[-1].id, last, Minute(0), most),
    ]


def _count(step: Step, stay: int, slack: int) -> int:
    """How many of the course reach over the stay, also when it lasts `slack` longer."""
    if not 0 < step.every_least <= step.every_most:
        raise InputError(
            f"table steps, row {step.key!r}: every_least {step.every_least}, every_most"
            f" {step.every_most}, expected 0 < every_least <= every_most",
            remedy="give both in minutes from one start to the next",
        )
    wanted = -(-(stay + slack) // step.every_most) - 1
    room = max(1, stay // step.every_least)
    return max(1, min(wanted, room))


def _follows(before: TaskId, after: TaskId, least: Minute, most: Minute) -> Precedence:
    return Precedence(before=before, after=after, min_lag=least, max_lag=most)


def _task(step: Step, place: str, number: int) -> Task:
    twin = f", twin {place}" if place else ""
    return Task(
        id=TaskId("-".join(part for part in (step.key, place, str(number)) if part)),
        title=f"{step.title} {number}{twin}",
        step=step.number,
        subject=Subject(place) if place else Subject.TEAM,
        duration=step.duration,
        demands=demands_of(step),
        zones={ZoneId(f"{name}-{place}" if place else name): n for name, n in step.zones.items()},
        equipment={EquipmentId(key): n for key, n in step.equipment.items()},
        priority=step.priority,
        source=step.source,
        may_wait=step.may_wait,
        keeps=step.keeps,
    )
