"""A compact procedure as a CP-SAT model: starts, one interval for each mode, resources, stocks.

Smaller than the model of `times`, for projects without named people; its optimum is that of
the arrays, with the most lags that the kernels leave out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from ortools.sat.python import cp_model

from diptych.choreography.compact import Compact, Ints

Variables = list[cp_model.IntVar]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectModel:
    """The model, and start, end and chosen modes of each task (one literal a mode)."""

    model: cp_model.CpModel
    starts: Variables
    ends: list[cp_model.LinearExprT]
    chosen: dict[int, cp_model.IntVar]
    makespan: cp_model.IntVar


def build_project(compact: Compact, latest: int, earliest: int = 0) -> ProjectModel:
    """The model with the makespan between `earliest` and `latest` (units of the arrays)."""
    needs = compact.needs
    model = cp_model.CpModel()
    latest = latest if compact.closing is None else min(latest, compact.closing)
    makespan = model.new_int_var(min(earliest, latest), latest, "")
    starts: Variables = []
    ends: list[cp_model.LinearExprT] = []
    chosen: dict[int, cp_model.IntVar] = {}
    intervals: dict[int, cp_model.IntervalVar] = {}
    for task in range(len(compact.tasks)):
        modes = range(needs.mode_first[task], needs.mode_first[task + 1])
        start = model.new_int_var(0, latest, "")
        end = _add_task(model, needs.length, modes, start, (latest, chosen, intervals))
        starts.append(start)
        ends.append(end)
        model.add(end <= makespan)
    for before, after, lag in needs.order:
        model.add(starts[after] >= ends[before] + lag)
    for before, after, lag in compact.most:
        model.add(starts[after] <= ends[before] + lag)
    _add_resources(model, compact, intervals)
    _add_stocks(model, compact, chosen)
    model.minimize(makespan)
    return ProjectModel(model=model, starts=starts, ends=ends, chosen=chosen, makespan=makespan)


def _add_task(
    model: cp_model.CpModel,
    length: Ints,
    modes: range,
    start: cp_model.IntVar,
    book: tuple[int, dict[int, cp_model.IntVar], dict[int, cp_model.IntervalVar]],
) -> cp_model.LinearExprT:
    """Intervals of the task's modes, noted in the book; its end."""
    latest, chosen, intervals = book
    if len(modes) == 1:
        only = int(length[modes[0]])
        intervals[modes[0]] = model.new_fixed_size_interval_var(start, only, "")
        return start + only
    end = model.new_int_var(0, latest, "")
    for mode in modes:
        chosen[mode] = model.new_bool_var("")
        intervals[mode] = model.new_optional_interval_var(
            start, int(length[mode]), end, chosen[mode], ""
        )
    model.add_exactly_one([chosen[mode] for mode in modes])
    lengths = [int(length[mode]) for mode in modes]
    model.add(
        end == start + cp_model.LinearExpr.weighted_sum([chosen[mode] for mode in modes], lengths)
    )
    return end


def _add_resources(
    model: cp_model.CpModel, compact: Compact, intervals: dict[int, cp_model.IntervalVar]
) -> None:
    needs = compact.needs
    profile = np.atleast_2d(needs.capacity)
    highest = profile.max(axis=0)
    for resource in range(profile.shape[1]):
        users = [int(mode) for mode in np.flatnonzero(needs.demand[:, resource])]
        if not users:
            continue
        blocks = [intervals[mode] for mode in users]
        loads = [int(needs.demand[mode, resource]) for mode in users]
        for begin, end, missing in _gaps(highest[resource] - profile[:, resource]):
            blocks.append(model.new_fixed_size_interval_var(begin, end - begin, ""))
            loads.append(missing)
        model.add_cumulative(blocks, loads, int(highest[resource]))


def _gaps(missing: Ints) -> list[tuple[int, int, int]]:
    """Stretches of the profile in which something is missing: begin, end, how much."""
    edges = [0, *(np.flatnonzero(np.diff(missing)) + 1).tolist(), len(missing)]
    return [
        (begin, end, int(missing[begin])) for begin, end in pairwise(edges) if missing[begin] > 0
    ]


def _add_stocks(
    model: cp_model.CpModel, compact: Compact, chosen: dict[int, cp_model.IntVar]
) -> None:
    needs = compact.needs
    for kit, stock in enumerate(needs.stock):
        use = needs.stock_use[:, kit]
        fixed = sum(int(use[mode]) for mode in range(len(use)) if mode not in chosen)
        literals = [chosen[mode] for mode in chosen if use[mode]]
        amounts = [int(use[mode]) for mode in chosen if use[mode]]
        model.add(cp_model.LinearExpr.weighted_sum(literals, amounts) <= int(stock) - fixed)


def hint_project(model: ProjectModel, start: Sequence[int] | Ints, mode: Ints) -> None:
    """Tell the search a schedule as a first guess: starts, and the mode of each task."""
    model.model.clear_hints()  # type: ignore[no-untyped-call]
    wanted = {int(m) for m in mode}
    for task, variable in enumerate(model.starts):
        model.model.add_hint(variable, int(start[task]))
    for m, literal in model.chosen.items():
        model.model.add_hint(literal, m in wanted)


def read_project(
    compact: Compact, model: ProjectModel, solver: cp_model.CpSolver
) -> tuple[Ints, Ints]:
    """Starts (N,) and modes (N,) of the schedule that the solver holds."""
    starts = np.array([solver.value(start) for start in model.starts], dtype=np.int64)
    modes = compact.needs.mode_first[:-1].copy()
    for task in range(len(modes)):
        for mode in range(compact.needs.mode_first[task], compact.needs.mode_first[task + 1]):
            if mode in model.chosen and solver.value(model.chosen[mode]):
                modes[task] = mode
    return starts, modes
