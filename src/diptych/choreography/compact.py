"""A procedure as the arrays of the project kernels, and starts and modes back from them.

Equipment, places and crews (the sets of people that `crews` finds) are renewable resources,
used-up equipment is a stock. People are counted, not named; what the arrays leave out (most
lags, grades, breaks) makes them a relaxation, never wrong: their bounds hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

import numpy as np
from numpy.typing import NDArray

from diptych.choreography.crews import Crew, find_crews
from diptych.kernels.projects import Needs
from diptych.model import InputError, Minute, Precedence, Procedure, Task, TaskId

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compact:
    """Arrays of a procedure, in units of `unit` minutes, and what they stand for.

    tasks : task of each number; ways : mode number (as `Task.in_mode` counts) of each mode
    most : (before, after, most units from end to start)
    closing : unit at which the last hours of people end; beyond it the arrays pretend that
        everybody is there. None: people are there throughout
    """

    needs: Needs
    tasks: tuple[TaskId, ...]
    ways: tuple[int, ...]
    most: tuple[tuple[int, int, int], ...]
    unit: int
    closing: int | None


def compact_procedure(procedure: Procedure) -> Compact:
    """The arrays of a procedure; numbers of tasks follow their order.

    Ways to do a task that could never be are left out. Raises InputError where the order has
    a circle or a task has no way left.
    """
    tasks = _in_order(procedure)
    ways = [(n, mode) for n, task in enumerate(tasks) for mode in range(1 + len(task.modes))]
    done = [tasks[n].in_mode(mode) for n, mode in ways]
    crews = find_crews(procedure)
    unit = _unit(procedure, done)
    demand, capacity = _resources(procedure, ways, done, crews)
    use, stock = _stocks(procedure, done)
    kept = [
        i for i in range(len(done)) if (demand[i] <= capacity).all() and (use[i] <= stock).all()
    ]
    counts = np.bincount([ways[i][0] for i in kept], minlength=len(tasks))
    _require_ways(tasks, counts)
    profile, closing = _profile(procedure, crews, capacity, unit)
    place = {task.id: n for n, task in enumerate(tasks)}
    needs = Needs(
        mode_first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        length=np.array([done[i].duration.planned // unit for i in kept], dtype=np.int64),
        demand=demand[kept],
        stock_use=use[kept],
        order=tuple(
            (place[rule.before], place[rule.after], rule.min_lag // unit)
            for rule in procedure.precedence
        ),
        capacity=profile,
        stock=stock,
    )
    return Compact(
        needs=needs,
        tasks=tuple(task.id for task in tasks),
        ways=tuple(ways[i][1] for i in kept),
        most=_most(procedure, place, unit),
        unit=unit,
        closing=closing,
    )


def expand_times(
    compact: Compact, start: Sequence[int] | Ints, mode: Sequence[int] | Ints
) -> tuple[dict[TaskId, Minute], dict[TaskId, int]]:
    """Minutes and mode numbers of the tasks from starts and modes of the arrays."""
    starts = {task: Minute(int(start[n]) * compact.unit) for n, task in enumerate(compact.tasks)}
    modes = {task: compact.ways[int(mode[n])] for n, task in enumerate(compact.tasks)}
    return starts, modes


def _in_order(procedure: Procedure) -> list[Task]:
    """Tasks with each after its predecessors, else as they stand."""
    waits = {task.id: 0 for task in procedure.tasks}
    after: dict[TaskId, list[Precedence]] = {task.id: [] for task in procedure.tasks}
    for rule in procedure.precedence:
        waits[rule.after] += 1
        after[rule.before].append(rule)
    known = {task.id: task for task in procedure.tasks}
    ready = [task.id for task in procedure.tasks if not waits[task.id]]
    found: list[Task] = []
    for id in ready:
        found.append(known[id])
        for rule in after[id]:
            waits[rule.after] -= 1
            if not waits[rule.after]:
                ready.append(rule.after)
    if len(found) < len(known):
        stuck = sorted(id for id, count in waits.items() if count)
        raise InputError(
            f"tasks {', '.join(stuck[:6])} wait for each other in a circle",
            remedy="take one of the orders between them away",
        )
    return found


def _unit(procedure: Procedure, done: Sequence[Task]) -> int:
    minutes: list[int] = [task.duration.planned for task in done]
    for rule in procedure.precedence:
        minutes += [abs(rule.min_lag), abs(rule.max_lag or 0)]
    for person in procedure.staff:
        minutes += [abs(person.start), *(m for absence in person.absences for m in absence)]
    if not _always_there(procedure):
        minutes += [person.end for person in procedure.staff]
    return max(1, gcd(*minutes))


def _resources(
    procedure: Procedure,
    ways: Sequence[tuple[int, int]],
    done: Sequence[Task],
    crews: Sequence[Crew],
) -> tuple[Ints, Ints]:
    """(M, R) what each way asks of places, equipment, crews, and (R,) what there is."""
    kits = [kit for kit in procedure.equipment if kit.renewable]
    rows = [
        [
            *(task.zones.get(zone.id, 0) for zone in procedure.zones),
            *(task.equipment.get(kit.id, 0) for kit in kits),
            *(crew.asked.get((task.id, mode), 0) for crew in crews),
        ]
        for (_, mode), task in zip(ways, done, strict=True)
    ]
    capacity = [
        *(zone.capacity for zone in procedure.zones),
        *(kit.count for kit in kits),
        *(len(crew.people) for crew in crews),
    ]
    shape = (len(done), len(capacity))
    return np.array(rows, dtype=np.int64).reshape(shape), np.array(capacity, dtype=np.int64)


def _stocks(procedure: Procedure, done: Sequence[Task]) -> tuple[Ints, Ints]:
    kits = [kit for kit in procedure.equipment if not kit.renewable]
    rows = [[task.equipment.get(kit.id, 0) for kit in kits] for task in done]
    shape = (len(done), len(kits))
    stock = np.array([kit.count for kit in kits], dtype=np.int64)
    return np.array(rows, dtype=np.int64).reshape(shape), stock


def _require_ways(tasks: Sequence[Task], counts: Ints) -> None:
    stuck = [task.id for task, count in zip(tasks, counts, strict=True) if not count]
    if stuck:
        raise InputError(
            f"task {stuck[0]} needs more people, places or kit at once than there are",
            remedy="add what is missing, or lower what the task asks for",
        )


def _most(
    procedure: Procedure, place: Mapping[TaskId, int], unit: int
) -> tuple[tuple[int, int, int], ...]:
    return tuple(
        (place[rule.before], place[rule.after], rule.max_lag // unit)
        for rule in procedure.precedence
        if rule.max_lag is not None
    )


def _always_there(procedure: Procedure) -> bool:
    """Nobody comes late, is away, or leaves before everything done in turn would be over."""
    lags = sum(max(0, rule.min_lag) for rule in procedure.precedence)
    serial = lags + sum(
        max(task.in_mode(mode).duration.planned for mode in range(1 + len(task.modes)))
        for task in procedure.tasks
    )
    return all(
        person.start <= 0 and person.end >= serial and not person.absences
        for person in procedure.staff
    )


def _profile(
    procedure: Procedure, crews: Sequence[Crew], capacity: Ints, unit: int
) -> tuple[Ints, int | None]:
    """(T, R) what there is at each moment, and when the last person leaves."""
    if not crews or _always_there(procedure):
        return capacity[None, :], None
    closing = max(person.end for person in procedure.staff) // unit
    profile = np.tile(capacity, (closing + 1, 1))
    for column, crew in enumerate(crews, start=len(capacity) - len(crews)):
        there = np.zeros(closing, np.int64)
        for i in crew.people:
            person = procedure.staff[i]
            moments = [person.start, *(m for a in person.absences for m in a), person.end]
            for begin, end in list(pairwise(moments))[::2]:
                there[max(0, begin // unit) : max(0, end // unit)] += 1
        profile[:closing, column] = there
    return profile, closing
