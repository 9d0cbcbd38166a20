"""The independent pass: is this flow feasible, and does it equal this cut?

It shares no code with the solver. Capacities are read from the caller's own arrays, flows are
one number an edge, and both are judged voxel by voxel. By weak duality any feasible flow is
at most any cut; where the two are equal, the cut is a global minimum (Ford & Fulkerson 1956,
doi:10.4153/CJM-1956-045-5).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.result import Certificate

Split = Callable[[int, int, Callable[[int, int], Any]], list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claim:
    """A cut, a flow and the problem they answer; whole arrays, in the caller's order.

    cost : (I, J, K) whole numbers, 0 no tissue; None where capacities are given
    capacities : (6, I, J, K) in the order +i, -i, +j, -j, +k, -k; None where costs are given
    weights : (H,) edge weights, by half-direction
    walled : (I, J, K) uint8, or None
    seeds, labels : (I, J, K) uint8
    unary : (I, J, K) int64 in capacity units, or None
    ahead : (H, 3) steps to the neighbour ahead along each half-direction
    corner : where the block that has flow lies; there is neither tissue nor flow outside
    flow : (i, j, k, H) of that block, net flow from each voxel to that neighbour
    """

    cost: NDArray[Any] | None = None
    capacities: NDArray[Any] | None = None
    weights: NDArray[np.int64]
    walled: NDArray[np.uint8] | None = None
    seeds: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    unary: NDArray[np.int64] | None = None
    ahead: NDArray[np.int64]
    corner: tuple[int, int, int] = (0, 0, 0)
    flow: NDArray[Any]


def certify_flow(claim: Claim, split: Split | None = None) -> Certificate:
    """Verdict on a claim; `split(start, stop, work)` may share the planes among threads."""
    arrays = _arrays(claim)

    def inspect(start: int, stop: int) -> NDArray[np.int64]:
        found = np.zeros(6, dtype=np.int64)
        _inspect(*arrays, claim.corner, start, stop, found)
        return found

    planes = claim.flow.shape[0]
    parts = [inspect(0, planes)] if split is None else split(0, planes, inspect)
    capacity, conservation, unsaturated, labels, value, flow = (
        int(n) for n in np.sum(parts, axis=0)
    )
    return Certificate(
        capacity=capacity,
        conservation=conservation,
        unsaturated=unsaturated,
        labels=labels + _stray_labels(claim),
        value=value,
        flow=flow,
    )


def _stray_labels(claim: Claim) -> int:
    """Labels and tissue outside the block, where there must be none."""
    inside = tuple(
        slice(low, low + length)
        for low, length in zip(claim.corner, claim.flow.shape, strict=False)
    )
    stray = np.count_nonzero(claim.labels) - np.count_nonzero(claim.labels[inside])
    if claim.cost is not None:
        stray += np.count_nonzero(claim.cost) - np.count_nonzero(claim.cost[inside])
    return int(stray)


def _arrays(claim: Claim) -> tuple[Any, ...]:
    """What the compiled pass takes; empty arrays stand for what is not given."""
    none = np.zeros((0, 0, 0), dtype=np.uint8)
    cost, capacities, walled, unary = claim.cost, claim.capacities, claim.walled, claim.unary
    return (
        _plain(np.ones(claim.seeds.shape, dtype=np.uint8) if cost is None else cost),
        _plain(np.zeros((0, 0, 0, 0), dtype=np.int32) if capacities is None else capacities),
        _plain(claim.weights),
        _plain(none if walled is None else walled),
        _plain(claim.seeds),
        _plain(none.astype(np.int64) if unary is None else unary),
        _plain(claim.ahead),
        claim.flow,
        _plain(claim.labels),
    )


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """The array as one contiguous, writable block: a single form for the compiler."""
    return np.require(array, requirements=["C", "W", "A"])


@compiled
def _inspect(  # noqa: PLR0917 - numba takes no dataclass
    cost: NDArray[Any],
    edges: NDArray[Any],
    weights: NDArray[np.int64],
    walled: NDArray[np.uint8],
    seeds: NDArray[np.uint8],
    unary: NDArray[np.int64],
    ahead: NDArray[np.int64],
    flow: NDArray[Any],
    labels: NDArray[np.uint8],
    corner: tuple[int, int, int],
    start: int,
    stop: int,
    found: NDArray[np.int64],
) -> None:
    """Planes start to stop, row by row; each row's net outflow is gathered in `out`."""
    ni, nj, nk = flow.shape[:3]
    oi, oj, ok = corner
    explicit = edges.size > 0
    out = np.zeros(nk, dtype=np.int64)
    for i in range(start, stop):
        for j in range(nj):
            mine = labels[i + oi, j + oj, ok : ok + nk]
            row = cost[i + oi, j + oj, ok : ok + nk]
            some = 0
            for k in range(nk):
                some |= row[k] | mine[k]
                out[k] = 0
            if some == 0:
                continue
            for h in range(len(ahead)):
                di, dj, dk = ahead[h]
                a, b = i + di, j + dj
                if 0 <= a < ni and 0 <= b < nj:
                    low, high = max(0, -dk), min(nk, nk - dk)
                    moved = flow[i, j, low:high, h]
                    near = mine[low:high]
                    away = labels[a + oi, b + oj, ok + low + dk : ok + high + dk]
                    if explicit:
                        axis = 0 if di != 0 else (1 if dj != 0 else 2)
                        _judge_given(
                            edges[2 * axis, i + oi, j + oj, ok + low : ok + high],
                            edges[2 * axis + 1, a + oi, b + oj, ok + low + dk : ok + high + dk],
                            moved,
                            near,
                            away,
                            out[low:high],
                            found,
                        )
                    else:
                        there = cost[a + oi, b + oj, ok + low + dk : ok + high + dk]
                        if walled.size > 0:
                            _judge_walled(
                                row[low:high],
                                there,
                                walled[i + oi, j + oj, ok + low : ok + high],
                                walled[a + oi, b + oj, ok + low + dk : ok + high + dk],
                                weights[h],
                                moved,
                                near,
                                away,
                                out[low:high],
                                found,
                            )
                        else:
                            _judge_sums(
                                row[low:high],
                                there,
                                weights[h],
                                moved,
                                near,
                                away,
                                out[low:high],
                                found,
                            )
                a, b = i - di, j - dj
                if 0 <= a < ni and 0 <= b < nj:
                    low, high = max(0, dk), min(nk, nk + dk)
                    moved = flow[a, b, low - dk : high - dk, h]
                    for k in range(high - low):
                        out[low + k] -= moved[k]
            kinds = seeds[i + oi, j + oj, ok : ok + nk]
            if unary.size > 0:
                _judge_priced(row, kinds, mine, unary[i + oi, j + oj, ok : ok + nk], out, found)
            else:
                _judge_voxels(row, kinds, mine, out, found)


@compiled
def _judge_sums(  # noqa: PLR0917
    mine: NDArray[Any],
    theirs: NDArray[Any],
    weight: int,
    moved: NDArray[Any],
    near: NDArray[np.uint8],
    away: NDArray[np.uint8],
    out: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Edges of a row that cost `weight * (c_p + c_q)`, nothing where one end is air."""
    over = slack = value = np.int64(0)
    for k in range(moved.size):
        p, q, m = np.int64(mine[k]), np.int64(theirs[k]), np.int64(moved[k])
        room = weight * (p + q) if (p > 0) & (q > 0) else np.int64(0)
        out[k] += m
        over += (m > room) | (-m > room)
        forth = (near[k] == 1) & (away[k] == 2)
        back = (near[k] == 2) & (away[k] == 1)
        value += room if forth | back else np.int64(0)
        slack += (forth & (m != room)) | (back & (m != -room))
    found[0] += over
    found[2] += slack
    found[4] += value


@compiled
def _judge_walled(  # noqa: PLR0917
    mine: NDArray[Any],
    theirs: NDArray[Any],
    inside: NDArray[np.uint8],
    beyond: NDArray[np.uint8],
    weight: int,
    moved: NDArray[Any],
    near: NDArray[np.uint8],
    away: NDArray[np.uint8],
    out: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """The same where an edge through a wall costs `weight * 2 * min(c_p, c_q)`."""
    over = slack = value = np.int64(0)
    for k in range(moved.size):
        p, q, m = np.int64(mine[k]), np.int64(theirs[k]), np.int64(moved[k])
        both = 2 * min(p, q) if inside[k] != beyond[k] else p + q
        room = weight * both if (p > 0) & (q > 0) else np.int64(0)
        out[k] += m
        over += (m > room) | (-m > room)
        forth = (near[k] == 1) & (away[k] == 2)
        back = (near[k] == 2) & (away[k] == 1)
        value += room if forth | back else np.int64(0)
        slack += (forth & (m != room)) | (back & (m != -room))
    found[0] += over
    found[2] += slack
    found[4] += value


@compiled
def _judge_given(  # noqa: PLR0917
    there: NDArray[Any],
    here: NDArray[Any],
    moved: NDArray[Any],
    near: NDArray[np.uint8],
    away: NDArray[np.uint8],
    out: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """The same with both capacities of each edge given."""
    over = slack = value = np.int64(0)
    for k in range(moved.size):
        p, q, m = np.int64(there[k]), np.int64(here[k]), np.int64(moved[k])
        out[k] += m
        over += (m > p) | (-m > q)
        forth = (near[k] == 1) & (away[k] == 2)
        back = (near[k] == 2) & (away[k] == 1)
        value += (p if forth else np.int64(0)) + (q if back else np.int64(0))
        slack += (forth & (m != p)) | (back & (m != -q))
    found[0] += over
    found[2] += slack
    found[4] += value


@compiled
def _judge_voxels(
    cost: NDArray[Any],
    seeds: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    out: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Labels and conservation along a row; air carries nothing."""
    lost = wrong = total = np.int64(0)
    for k in range(out.size):
        side, seed, tissue = labels[k], seeds[k], cost[k] != 0
        fitting = ((side == 1) | (side == 2)) & ((seed == 0) | (seed == side))
        wrong += (tissue & (not fitting)) | ((not tissue) & (side != 0))
        lost += ((seed == 0) | (not tissue)) & (out[k] != 0)
        total += out[k] if seed == 1 else np.int64(0)
    found[1] += lost
    found[3] += wrong
    found[5] += total


@compiled
def _judge_priced(
    cost: NDArray[Any],
    seeds: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    unary: NDArray[np.int64],
    out: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """The same where voxels may give or take up to their unary term, and what labels pay of it."""
    for k in range(out.size):
        side, seed, supply = labels[k], seeds[k], unary[k]
        if cost[k] == 0:
            found[3] += side != 0
            found[1] += out[k] != 0
            continue
        if not 1 <= side <= 2 or (seed > 0 and seed != side):
            found[3] += 1
        if seed == 0:
            if out[k] < min(np.int64(0), supply) or out[k] > max(np.int64(0), supply):
                found[1] += 1
            if (supply > 0 and side == 2) or (supply < 0 and side == 1):
                found[4] += abs(supply)
                found[2] += out[k] != supply
            if supply > 0:
                found[5] += out[k]
        elif seed == 1:
            found[5] += out[k]
