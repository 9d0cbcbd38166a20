"""How much of a twin's blood can be drained by the vessels that it keeps.

The most of its sources for which a steady flow exists with no node above the limit: a linear
program in the node pressures alone. The amounts are the net flow out of each node by Poiseuille's
law. It is written apart from the program that chooses keepers (`keepers`), whose answers it checks,
and every answer is run through the flow solver once more.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from diptych.kernels.flow import solve_flow
from diptych.separation.channels import Channels, FloatArray, IntArray, Mask

CLOSE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drain:
    """What one twin can drain.

    amount (V,) : ml/min drained from each node; total : their sum
    pressure (V,) : mmHg above the jugular while so much is drained, 0 out of reach
    """

    amount: FloatArray
    pressure: FloatArray

    @property
    def total(self) -> float:
        """ml/min."""
        return float(self.amount.sum())


def drain_twin(channels: Channels, place: int, kept: Mask) -> Drain:
    """The most that the twin at that place drains by the tubes kept (E,) within the limit."""
    tubes, conductance = channels.tubes[kept], channels.conductance[kept]
    rooted = channels.root == place
    free = reached_from(tubes, rooted) & ~rooted
    amount, pressure = np.zeros(len(free)), np.zeros(len(free))
    if free.any() and channels.source[place][free].any():
        matrix = laplacian(tubes, conductance, len(free))[np.ix_(free, free)]
        pressure[free] = _best_pressure(matrix, channels.source[place][free], channels.limit)
        out = np.clip(matrix @ pressure[free], 0.0, channels.source[place][free])
        amount[free] = out
    return Drain(amount=amount, pressure=pressure)


def _best_pressure(matrix: FloatArray, source: FloatArray, limit: float) -> FloatArray:
    """Pressures (N,) with 0 <= matrix @ pressure <= source, none above the limit, most drained."""
    everything: FloatArray = np.asarray(np.linalg.solve(matrix, source), dtype=np.float64)
    if everything.max() <= limit * (1.0 + 1e-12):
        return everything
    answer = linprog(
        -matrix.sum(axis=0),
        A_ub=np.concatenate([matrix, -matrix]),
        b_ub=np.concatenate([source, np.zeros(len(source))]),
        bounds=(0.0, limit),
        method="highs",
    )
    result: FloatArray = np.asarray(answer.x, dtype=np.float64)
    return result


def laplacian(tubes: IntArray, conductance: FloatArray, nodes: int) -> FloatArray:
    """(V, V): times the pressures it gives the net flow out of each node, ml/min."""
    matrix = np.zeros((nodes, nodes))
    one, two = tubes[:, 0], tubes[:, 1]
    np.add.at(matrix, (one, one), conductance)
    np.add.at(matrix, (two, two), conductance)
    np.add.at(matrix, (one, two), -conductance)
    np.add.at(matrix, (two, one), -conductance)
    return matrix


def reached_from(tubes: IntArray, start: Mask) -> Mask:
    """Nodes (V,) joined by the tubes to one of the start nodes (V,)."""
    count = len(start)
    links = csr_matrix((np.ones(len(tubes)), (tubes[:, 0], tubes[:, 1])), shape=(count, count))
    _, part = connected_components(links, directed=False)
    result: Mask = np.isin(part, part[start])
    return result


def flow_excess(channels: Channels, place: int, kept: Mask, drain: Drain) -> float:
    """By how many mmHg the flow solver finds a node above the limit for the drained amounts.

    0 or less (but for rounding) confirms the answer of `drain_twin`.
    """
    rooted = channels.root == place
    solved = solve_flow(
        tubes=channels.tubes[kept],
        conductance=channels.conductance[kept],
        source=drain.amount,
        root_pressure=np.where(rooted, 0.0, np.nan),
    )
    return float(np.nanmax(solved.pressure, initial=0.0)) - channels.limit


def shares_drained(channels: Channels, keepers: IntArray) -> tuple[float, float]:
    """Part of its own blood (0..1) that the twin at each place drains; 1 where it has none."""
    first, second = (
        drain_twin(channels, place, channels.kept(keepers, place)).total / need
        if (need := channels.need(place)) > 0.0
        else 1.0
        for place in (0, 1)
    )
    return first, second
