"""A schedule made shorter by one unit at a time: one window of it planned anew by CP-SAT.

The tasks before the window stay where they are as early as can be, those behind it where
they are as late as can be, moved one unit to the front; the tasks of the window must fit in
between, in any mode. Each window is a small problem of feasibility that CP-SAT settles in a
fraction of a second, and one that succeeds makes the whole schedule shorter (a large
neighbourhood in the sense of Palpant, Artigues and Michelon 2004,
doi 10.1023/B:ANOR.0000039525.80601.15).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from diptych.choreography.compact import Compact, Ints
from diptych.kernels.projects import Desk, Project, draw_below, open_desk, open_stream, spread_tasks

_FIRST_SIZE, _LEAST_SIZE = 50, 12
_WORK = 0.08


@dataclass(kw_only=True)
class Windows:
    """The state of the search: its random stream and the size that windows have now."""

    compact: Compact
    project: Project
    desk: Desk
    stream: NDArray[np.uint64]
    size: float


@dataclass(kw_only=True)
class _Part:
    """The tasks of one window, the earliest start and latest end of each, and the rest's load.

    held : task -> start of the tasks that are not in the window
    """

    first: dict[int, int]
    last: dict[int, int]
    held: Mapping[int, int]
    used: Ints
    left: Ints
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    starts: dict[int, cp_model.IntVar] = field(default_factory=dict)
    ends: dict[int, cp_model.LinearExprT] = field(default_factory=dict)
    chosen: dict[int, cp_model.IntVar] = field(default_factory=dict)
    intervals: dict[int, cp_model.IntervalVar] = field(default_factory=dict)


def open_windows(compact: Compact, project: Project, seed: int) -> Windows:
    """A search by windows that has tried none yet."""
    size = min(_FIRST_SIZE, len(compact.tasks))
    return Windows(
        compact=compact,
        project=project,
        desk=open_desk(project),
        stream=open_stream(seed),
        size=size,
    )


def shorten(
    windows: Windows, start: Ints, mode: Ints, solver: cp_model.CpSolver
) -> tuple[Ints, Ints] | None:
    """Starts and modes of a schedule that ends earlier, from one window; None: not found.

    The size of the windows grows while they are proven to be full and shrinks while they
    are too hard. The solver's limits are set here.
    """
    length = windows.project.length[mode]
    early, late = spread_tasks(windows.project, windows.desk, start, mode)
    size = round(windows.size)
    place = draw_below(windows.stream, len(start)) - size // 3
    order = np.argsort(2 * early + length + 2 * late + length, kind="stable")
    inside = order[max(0, place) : max(0, place + size)]
    part = _cut(windows, (early, late, mode), order, inside)
    if part is None:
        return None
    _build(windows, part)
    _make_light(solver)
    solver.parameters.random_seed = draw_below(windows.stream, 2**30)
    solver.parameters.max_deterministic_time = _WORK
    status = solver.solve(part.model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return _read(windows, part, solver, mode)
    factor = 1.1 if status == cp_model.INFEASIBLE else 0.95
    windows.size = min(len(start), max(_LEAST_SIZE, windows.size * factor))
    return None


def _make_light(solver: cp_model.CpSolver) -> None:
    """Less preparation than usual, which a small problem of feasibility does not repay."""
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 0
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0


def _cut(
    windows: Windows, schedule: tuple[Ints, Ints, Ints], order: Ints, inside: Ints
) -> _Part | None:
    """The window and what holds outside; None where the rest cannot move at all."""
    early, late, mode = schedule
    needs, length = windows.compact.needs, windows.compact.needs.length[mode]
    end = int((early + length).max()) - 1
    mine = {int(task) for task in inside}
    begins = order[: int(np.flatnonzero(order == inside[0])[0])] if len(inside) else order
    front = {int(task) for task in begins}
    held = {
        int(task): int(early[task]) if int(task) in front else int(late[task]) - 1
        for task in order
        if int(task) not in mine
    }
    if any(at < 0 for at in held.values()):
        return None
    part = _Part(
        first=dict.fromkeys(sorted(mine), 0),
        last=dict.fromkeys(sorted(mine), end),
        held=held,
        used=_load(windows, held, mode, end),
        left=needs.stock - needs.stock_use[mode[sorted(held)]].sum(axis=0, dtype=np.int64),
    )
    return part if _fit_order(windows, part, length) else None


def _load(windows: Windows, held: Mapping[int, int], mode: Ints, end: int) -> Ints:
    """(end + 1, R) what the tasks outside the window use at each moment."""
    needs = windows.compact.needs
    used = np.zeros((end + 1, needs.demand.shape[1]), np.int64)
    for task, at in held.items():
        used[at : at + needs.length[mode[task]]] += needs.demand[mode[task]]
    return used


def _fit_order(windows: Windows, part: _Part, length: Ints) -> bool:
    """Bounds of the window's tasks by those outside; False where these break the order."""
    for before, after, lag in windows.compact.needs.order:
        if before in part.held and after in part.held:
            if part.held[after] < part.held[before] + length[before] + lag:
                return False
        elif before in part.held:
            least = part.held[before] + int(length[before]) + lag
            part.first[after] = max(part.first[after], least)
        elif after in part.held:
            part.last[before] = min(part.last[before], part.held[after] - lag)
    return all(part.first[task] <= part.last[task] for task in part.first) and bool(
        (part.used <= _room(windows, len(part.used))).all()
    )


def _room(windows: Windows, moments: int) -> Ints:
    profile = np.atleast_2d(windows.compact.needs.capacity)
    return np.asarray(profile[np.minimum(np.arange(moments), len(profile) - 1)])


def _build(windows: Windows, part: _Part) -> None:
    needs, model = windows.compact.needs, part.model
    for task, first in part.first.items():
        _add_task(windows, part, task, first)
    for before, after, lag in needs.order:
        if before in part.starts and after in part.starts:
            model.add(part.starts[after] >= part.ends[before] + lag)
    begin, end = min(part.first.values()), max(part.last.values())
    room = _room(windows, len(part.used))
    for resource in np.flatnonzero(windows.compact.needs.demand.any(axis=0)):
        _add_resource(windows, part, int(resource), (room[:, resource], begin, end))
    for kit in range(len(needs.stock)):
        uses = [int(needs.stock_use[mode, kit]) for mode in part.chosen]
        total = cp_model.LinearExpr.weighted_sum(list(part.chosen.values()), uses)
        model.add(total <= int(part.left[kit]))


def _add_task(windows: Windows, part: _Part, task: int, first: int) -> None:
    needs, model, last = windows.compact.needs, part.model, part.last[task]
    modes = range(needs.mode_first[task], needs.mode_first[task + 1])
    start, end = model.new_int_var(first, last, ""), model.new_int_var(first, last, "")
    part.starts[task], part.ends[task] = start, end
    for mode in modes:
        part.chosen[mode] = model.new_bool_var("")
        part.intervals[mode] = model.new_optional_interval_var(
            start, int(needs.length[mode]), end, part.chosen[mode], ""
        )
    model.add_exactly_one([part.chosen[mode] for mode in modes])


def _add_resource(
    windows: Windows, part: _Part, resource: int, span: tuple[Ints, int, int]
) -> None:
    room, begin, end = span
    demand = windows.compact.needs.demand[:, resource]
    users = [mode for mode in part.intervals if demand[mode]]
    if not users:
        return
    blocks = [part.intervals[mode] for mode in users]
    loads = [int(demand[mode]) for mode in users]
    highest = int(room.max())
    taken = highest - room[begin:end] + part.used[begin:end, resource]
    edges = [0, *(np.flatnonzero(np.diff(taken)) + 1).tolist(), len(taken)]
    for low, high in pairwise(edges):
        if high > low and taken[low]:
            blocks.append(part.model.new_fixed_size_interval_var(begin + low, high - low, ""))
            loads.append(int(taken[low]))
    part.model.add_cumulative(blocks, loads, highest)


def _read(
    windows: Windows, part: _Part, solver: cp_model.CpSolver, mode: Ints
) -> tuple[Ints, Ints]:
    start, modes = np.zeros(len(mode), np.int64), mode.copy()
    for task, at in part.held.items():
        start[task] = at
    first = windows.compact.needs.mode_first
    for task, variable in part.starts.items():
        start[task] = solver.value(variable)
        for one in range(first[task], first[task + 1]):
            if solver.value(part.chosen[one]):
                modes[task] = one
    return start, modes
