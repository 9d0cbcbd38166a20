"""Watches: back to back from the first minute with the twin to the hand-over."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from diptych.choreography.steps import Step
from diptych.choreography.tasks import Draft, TwinOrder
from diptych.model import (
    Demand,
    Duration,
    EquipmentId,
    Minute,
    Precedence,
    SkillId,
    Subject,
    Task,
    TaskId,
    TwinId,
    ZoneId,
)
from diptych.tables import SourcedTable


def add_watches(draft: Draft, steps: Sequence[Step], order: TwinOrder, rest: SourcedTable) -> None:
    """Add each watch step as blocks for each twin; the day gets no longer by them.

    The stay of a twin is taken as its shortest possible length. The blocks are equal and
    overlap by `handover-least` to `handover-most` minutes, so that together they reach from
    the shortest stay to `coverage-slack` minutes more.
    """
    earliest = earliest_starts(draft)
    for step in steps:
        for twin in order.twins:
            _add_chain(draft, step, twin, rest, earliest)


def earliest_starts(draft: Draft) -> dict[TaskId, int]:
    """Earliest start of each task when nobody and nothing is ever short, minutes."""
    start = dict.fromkeys(draft.tasks, 0)
    into: dict[TaskId, list[Precedence]] = {task: [] for task in draft.tasks}
    for rule in draft.precedence:
        into[rule.after].append(rule)
    for _ in draft.tasks:
        changed = False
        for task, rules in into.items():
            ends = (
                start[rule.before] + draft.tasks[rule.before].duration.planned + rule.min_lag
                for rule in rules
            )
            best = max(ends, default=0)
            changed = changed or best > start[task]
            start[task] = max(start[task], best)
        if not changed:
            break
    return start


def _add_chain(
    draft: Draft, step: Step, twin: TwinId, rest: SourcedTable, earliest: dict[TaskId, int]
) -> None:
    opens, closes = (draft.made[key] for key in (step.after[0], step.until))
    first = opens.get(twin, next(iter(opens.values())))
    last = closes[twin]
    begins = earliest[first] + draft.tasks[first].duration.planned
    stay = earliest[last] - begins
    least, most, slack, longest = (
        int(rest.value(key))
        for key in ("handover-least", "handover-most", "coverage-slack", "coverage-block")
    )
    count = max(1, ceil((stay + slack) / (longest - least)))
    block = ceil((stay + slack + (count - 1) * least) / count)
    tasks = [_block(step, twin, number, block) for number in range(1, count + 1)]
    for task in tasks:
        draft.tasks[task.id] = task
    draft.precedence += [
        Precedence(before=one.id, after=two.id, min_lag=Minute(-most), max_lag=Minute(-least))
        for one, two in pairwise(tasks)
    ]
    handover = draft.tasks[last].duration.planned
    draft.precedence += [
        Precedence(before=first, after=tasks[0].id, min_lag=Minute(0), max_lag=Minute(0)),
        Precedence(before=tasks[-1].id, after=last, min_lag=Minute(-handover), max_lag=Minute(0)),
    ]


def _block(step: Step, twin: TwinId, number: int, length: int) -> Task:
    fixed = Minute(length)
    return Task(
        id=TaskId(f"{step.key}-{twin}-{number}"),
        title=f"{step.title} {number}, twin {twin}",
        step=step.number,
        subject=Subject(twin),
        duration=Duration(low=fixed, mode=fixed, high=fixed, planned=fixed),
        demands=tuple(Demand(skill=SkillId(s), count=n) for s, n in step.demands.items() if n),
        zones={ZoneId(f"{name}-{twin}"): n for name, n in step.zones.items()},
        equipment={EquipmentId(key): n for key, n in step.equipment.items()},
        priority=step.priority,
        source=step.source,
        may_wait=step.may_wait,
        keeps=step.keeps,
    )
