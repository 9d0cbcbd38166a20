"""Both twins' drainage while it is being divided: some vessels given out, the rest in common.

At a junction where a vessel still waits, the vessels of both twins are joined; once none waits,
each twin's vessels meet apart. So the first state is the drainage as it is, and the last is that
of two children. Each junction has a place for either twin's blood.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from diptych.separation.channels import NOBODY, Channels, FloatArray, IntArray, Mask
from diptych.separation.drained import laplacian, reached_from

_SLACKS = (1e-9, 1e-7, 1e-5)
"""Of the worse-off part once it is found; the next where the solver finds none within its own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bridge:
    """A collateral of one twin between two junctions, ml/min per mmHg."""

    place: int
    start: int
    end: int
    conductance: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joint:
    """Junctions 0..V-1 hold place 0 (and both, where joined), V..2V-1 place 1.

    at (2, V) : junction of either twin's blood at each node
    tubes (E, 2), conductance (E,) ; root (2V,) bool ; source (2, V) ml/min
    """

    at: IntArray
    tubes: IntArray
    conductance: FloatArray
    root: Mask
    source: FloatArray
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pressures:
    """Full flow of both twins: pressure (2, V) mmHg above the jugular at either twin's junction
    of each node, NaN out of reach; flow (E,) ml/min; cut_off (2,) ml/min without a way out.
    """

    pressure: FloatArray
    flow: FloatArray
    cut_off: tuple[float, float]


def join(
    channels: Channels, keepers: IntArray, done: Mask, bridges: Sequence[Bridge] = ()
) -> Joint:
    """The state in which the open tubes in `done` (E,) are given to `keepers` (E,)."""
    count = len(channels.nodes)
    waiting = channels.open & ~done
    joined = np.zeros(count, dtype=np.bool_)
    joined[channels.tubes[waiting].ravel()] = True
    nodes = np.arange(count)
    at = np.stack([nodes, np.where(joined, nodes, nodes + count)])
    keeper = np.where(waiting, 0, np.where(channels.open, keepers, channels.owner))
    tubes = at[keeper[:, None], channels.tubes]
    more = [(at[b.place, b.start], at[b.place, b.end]) for b in bridges]
    root = np.zeros(2 * count, dtype=np.bool_)
    for place in (0, 1):
        root[at[place, channels.root == place]] = True
    return Joint(
        at=at,
        tubes=np.concatenate([tubes, np.array(more, dtype=np.int64).reshape(-1, 2)]),
        conductance=np.concatenate([channels.conductance, [b.conductance for b in bridges]]),
        root=root,
        source=channels.source,
        limit=channels.limit,
    )


def solve_pressures(joint: Joint) -> Pressures:
    """Pressures and flows when all blood with a way out leaves."""
    count = len(joint.root)
    free = reached_from(joint.tubes, joint.root) & ~joint.root
    entering = np.zeros(count)
    for place in (0, 1):
        np.add.at(entering, joint.at[place], joint.source[place])
    pressure = np.where(joint.root, 0.0, np.nan)
    if free.any():
        matrix = laplacian(joint.tubes, joint.conductance, count)[np.ix_(free, free)]
        pressure[free] = np.linalg.solve(matrix, entering[free])
    flow = joint.conductance * np.nan_to_num(
        pressure[joint.tubes[:, 0]] - pressure[joint.tubes[:, 1]]
    )
    lost = [
        float(joint.source[place][np.isnan(pressure[joint.at[place]])].sum()) for place in (0, 1)
    ]
    return Pressures(pressure=pressure[joint.at], flow=flow, cut_off=(lost[0], lost[1]))


def drain_joint(joint: Joint) -> tuple[float, float]:
    """ml/min that each place can drain with no junction above the limit.

    First the worse-off twin's part of its own blood is made as large as can be, then the sum.
    """
    solved = solve_pressures(joint)
    if np.nanmax(solved.pressure, initial=0.0) <= joint.limit:
        wanted = joint.source.sum(axis=1)
        return float(wanted[0] - solved.cut_off[0]), float(wanted[1] - solved.cut_off[1])
    free = np.flatnonzero(reached_from(joint.tubes, joint.root) & ~joint.root)
    column = np.full(len(joint.root), NOBODY)
    column[free] = np.arange(len(free))
    entries = [
        (place, node)
        for place in (0, 1)
        for node in np.flatnonzero(joint.source[place]).tolist()
        if column[joint.at[place, node]] != NOBODY
    ]
    return _most(joint, free, column, entries)


def _most(
    joint: Joint, free: IntArray, column: IntArray, entries: list[tuple[int, int]]
) -> tuple[float, float]:
    """Two linear programs over pressures (N,), amounts (M,) and the smaller part."""
    size, many = len(free), len(entries)
    matrix = laplacian(joint.tubes, joint.conductance, len(joint.root))[np.ix_(free, free)]
    equal = np.zeros((size, size + many + 1))
    equal[:, :size] = matrix
    part = np.zeros((2, size + many + 1))
    for n, (place, node) in enumerate(entries):
        equal[column[joint.at[place, node]], size + n] = -1.0
        part[place, size + n] = 1.0
    need = joint.source.sum(axis=1)
    worse = -part / np.where(need > 0.0, need, 1.0)[:, None]
    worse[:, -1] = 1.0
    worse = worse[need > 0.0]
    most = [float(joint.source[place, node]) for place, node in entries]
    high = np.array([joint.limit] * size + most + [1.0])
    cost = np.zeros(size + many + 1)
    cost[-1] = -1.0
    low = np.zeros(len(high))
    best = values = _solve(cost, worse, equal, low, high)
    for slack in _SLACKS:
        low[-1] = max(best[-1] - slack, 0.0)
        values = _solve(-part.sum(axis=0), worse, equal, low, high)
        if len(values):
            break
    drained = part @ (values if len(values) else best)
    return float(drained[0]), float(drained[1])


def _solve(
    cost: FloatArray, upper: FloatArray, equal: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """The answer, or (0,) where the solver finds none within its own tolerance."""
    answer = linprog(
        cost,
        A_ub=upper,
        b_ub=np.zeros(len(upper)),
        A_eq=equal,
        b_eq=np.zeros(len(equal)),
        bounds=np.stack([low, high], axis=1),
        method="highs",
    )
    result: FloatArray = np.asarray([] if answer.x is None else answer.x, dtype=np.float64)
    return result
