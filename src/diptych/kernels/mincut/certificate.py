"""The independent pass: is this flow feasible, and does it equal this cut?

It shares no code with the solver. Capacities are read from the caller's own arrays, flows
are capacity minus residual, and both are judged voxel by voxel. By weak duality any feasible
flow is at most any cut; where the two are equal, the cut is a global minimum (Ford &
Fulkerson 1956, doi:10.4153/CJM-1956-045-5).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from diptych.kernels.mincut.result import Certificate

_Found = tuple[int, int, int, int, int, int, int]


def certify_cost(
    cost: NDArray[np.int32],
    weights: NDArray[np.int64],
    given: tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8]],
    steps: NDArray[np.int64],
    residual: NDArray[np.int32],
    labels: NDArray[np.uint8],
) -> Certificate:
    """Verdict for edges `weight * (c_p + c_q)`; all arrays on the block, residual padded.

    cost (I, J, K), given = (seeds, unary, walled), each
    (I, J, K), steps (D, 3), residual (I+2, J+2, K+2, D), labels (I, J, K).
    """
    seeds, unary, walled = given
    none = np.zeros((1, 1, 1, 1), dtype=np.int32)
    return _verdict(
        _inspect(cost, weights, walled, none, False, seeds, unary, steps, residual, labels)
    )


def certify_edges(
    capacities: NDArray[np.int32],
    seeds: NDArray[np.uint8],
    steps: NDArray[np.int64],
    residual: NDArray[np.int32],
    labels: NDArray[np.uint8],
) -> Certificate:
    """Verdict for explicit capacities (6, I, J, K); the other arrays as in certify_cost."""
    cost = np.zeros((1, 1, 1), dtype=np.int32)
    unary = np.zeros((1, 1, 1), dtype=np.int64)
    weights = np.ones(len(steps), dtype=np.int64)
    walled = np.zeros((1, 1, 1), dtype=np.uint8)
    return _verdict(
        _inspect(cost, weights, walled, capacities, True, seeds, unary, steps, residual, labels)
    )


def _verdict(found: _Found) -> Certificate:
    capacity, antisymmetry, conservation, unsaturated, labels, value, flow = found
    return Certificate(
        capacity=capacity,
        antisymmetry=antisymmetry,
        conservation=conservation,
        unsaturated=unsaturated,
        labels=labels,
        value=value,
        flow=flow,
    )


@njit(cache=True, nogil=True)
def _inspect(  # noqa: PLR0917 - numba takes no dataclass
    cost: NDArray[np.int32],
    weights: NDArray[np.int64],
    walled: NDArray[np.uint8],
    edges: NDArray[np.int32],
    explicit: bool,
    seeds: NDArray[np.uint8],
    unary: NDArray[np.int64],
    steps: NDArray[np.int64],
    residual: NDArray[np.int32],
    labels: NDArray[np.uint8],
) -> _Found:
    """One pass over all edges, in one loop so that compiled code reads each voxel once."""
    ni, nj, nk = labels.shape
    over = uneven = lost = slack = wrong = 0
    value = np.int64(0)
    flow = np.int64(0)
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                side = labels[i, j, k]
                seed = seeds[i, j, k]
                if not explicit and cost[i, j, k] == 0:
                    if side != 0:
                        wrong += 1
                    continue
                if side not in (1, 2) or (seed > 0 and seed != side):
                    wrong += 1
                outflow = np.int64(0)
                for d in range(len(steps)):
                    a, b, c = i + steps[d, 0], j + steps[d, 1], k + steps[d, 2]
                    if not (0 <= a < ni and 0 <= b < nj and 0 <= c < nk):
                        continue
                    if explicit:
                        room = np.int64(edges[d, i, j, k])
                        back = np.int64(edges[d ^ 1, a, b, c])
                    else:
                        if cost[a, b, c] == 0:
                            continue
                        mine = np.int64(cost[i, j, k])
                        other = np.int64(cost[a, b, c])
                        if walled[i, j, k] != walled[a, b, c]:
                            mine = min(mine, other)
                            other = mine
                        room = weights[d] * (mine + other)
                        back = room
                    moved = room - residual[i + 1, j + 1, k + 1, d]
                    counter = back - residual[a + 1, b + 1, c + 1, d ^ 1]
                    if moved > room:
                        over += 1
                    if moved != -counter:
                        uneven += 1
                    if side == 1 and labels[a, b, c] == 2:
                        value += room
                        if moved != room:
                            slack += 1
                    outflow += moved
                supply = np.int64(0) if explicit else unary[i, j, k]
                if seed == 0:
                    low = min(np.int64(0), supply)
                    high = max(np.int64(0), supply)
                    if outflow < low or outflow > high:
                        lost += 1
                    if supply > 0 and side == 2:
                        value += supply
                        if outflow != supply:
                            slack += 1
                    if supply < 0 and side == 1:
                        value -= supply
                        if outflow != supply:
                            slack += 1
                    if supply > 0:
                        flow += outflow
                elif seed == 1:
                    flow += outflow
    return over, uneven, lost, slack, wrong, int(value), int(flow)
