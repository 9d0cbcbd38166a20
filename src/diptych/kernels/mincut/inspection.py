"""The compiled passes of the certificate, row by row; they share no code with the solver.

Edges of a row are taken apart into plain rows of flows and rooms, which compilers make into
wide instructions; what flows into and out of each voxel is gathered in three planes at a time,
since no edge leads further than one plane.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

OVER, LOST, SLACK, WRONG, VALUE, FLOW = range(6)
"""Places of the counts in `found`: see `result.Certificate`."""

Shape = tuple[int, int, int]
Whole = NDArray[Any]
Bytes = NDArray[np.uint8]


@compiled
def inspect_planes(  # noqa: PLR0917 - numba takes no dataclass
    cost: Whole,
    given: Whole | None,
    weights: Whole,
    walled: Bytes | None,
    seeds: Bytes,
    unary: NDArray[np.int64] | None,
    labels: Bytes,
    whole: Shape,
    ahead: NDArray[np.int64],
    flow: Whole,
    shape: Shape,
    corner: Shape,
    lump: int,
    start: int,
    stop: int,
    zero: Whole,
    found: NDArray[np.int64],
) -> None:
    """Planes start to stop of the block of `shape` at `corner` of the `whole` grid.

    All arrays are flat, but `given`; None stands for what there is not, and what would read it
    is then not compiled. `zero` has the type that is wide enough for all sums. One long
    function: a call a row would cost as much as the row.
    """
    ni, nj, nk = shape
    oi, oj, ok = corner
    half = len(ahead)
    net = np.zeros((3, nj * nk), dtype=zero.dtype)
    moved = np.zeros((half, lump * nk), dtype=zero.dtype)
    forth = np.zeros(lump * nk, dtype=zero.dtype)
    back = np.zeros(lump * nk, dtype=zero.dtype)
    for i in range(max(0, start - 1), min(ni, stop + 1)):
        counted = start <= i < stop
        for j in range(0, nj, lump):
            base = ((i + oi) * whole[1] + j + oj) * whole[2] + ok
            here, long = j * nk, min(lump, nj - j) * nk
            first = (i * nj * nk + here) * half
            carried = flow[first : first + long * half]
            if _is_empty(cost[base : base + long], labels[base : base + long], carried):
                continue
            _take_apart(carried, moved, long)
            for h in range(half):
                di, dj, dk = ahead[h]
                a, there = i + di, here + dj * nk + dk
                if lump == 1:
                    low, high = max(0, -dk), min(nk, nk - dk)
                    if not 0 <= j + dj < nj:
                        low = high
                else:
                    low = max(0, -there)
                    high = max(low, min(long, nj * nk - there))
                if not 0 <= a < ni:
                    low = high
                if counted:
                    found[OVER] += _count(moved[h, :low]) + _count(moved[h, high:long])
                if low == high:
                    continue
                p, q = base + low, base + high
                apart = (di * whole[1] + dj) * whole[2] + dk
                u, w = p + apart, q + apart
                if counted:
                    if given is not None:
                        axis = 0 if di != 0 else (1 if dj != 0 else 2)
                        _fill_given(given[2 * axis, p:q], given[2 * axis + 1, u:w], forth, back)
                    elif walled is not None:
                        _fill_walled(
                            cost[p:q], cost[u:w], walled[p:q], walled[u:w], weights[h], forth, back
                        )
                    else:
                        _fill_sums(cost[p:q], cost[u:w], weights[h], forth, back)
                    _judge_edges(labels[p:q], labels[u:w], moved[h, low:], forth, back, found)
                _add(net[i % 3, here + low : here + high], moved[h, low:], 1)
                _add(net[a % 3, there + low : there + high], moved[h, low:], -1)
        if start < i <= stop:
            _judge_plane(cost, seeds, unary, labels, whole, shape, corner, lump, i - 1, net, found)
        net[(i + 2) % 3].fill(0)
    if stop == ni and start < stop:
        _judge_plane(cost, seeds, unary, labels, whole, shape, corner, lump, ni - 1, net, found)


@compiled
def _is_empty(cost: Whole, labels: Bytes, flow: Whole) -> bool:
    """Whether a row has neither tissue, label nor flow."""
    some = carried = 0
    for k in range(cost.size):
        some |= cost[k] | labels[k]
    for k in range(flow.size):
        carried |= flow[k]
    return some == 0 and carried == 0


@compiled
def _take_apart(flow: Whole, moved: Whole, long: int) -> None:
    """One row of flows for each half-direction."""
    half = len(moved)
    if half == 3:
        for k in range(long):
            moved[0, k] = flow[3 * k]
            moved[1, k] = flow[3 * k + 1]
            moved[2, k] = flow[3 * k + 2]
        return
    for h in range(half):
        for k in range(long):
            moved[h, k] = flow[half * k + h]


@compiled
def _count(row: Whole) -> int:
    found = 0
    for k in range(row.size):
        found += row[k] != 0
    return found


@compiled
def _add(total: Whole, row: Whole, sign: int) -> None:
    for k in range(total.size):
        total[k] += sign * row[k]


@compiled
def _fill_sums(mine: Whole, theirs: Whole, weight: int, forth: Whole, back: Whole) -> None:
    """Capacities `weight * (c_p + c_q)`, nothing where one end is air; `back` is their negative."""
    for k in range(mine.size):
        p, q = mine[k], theirs[k]
        room = weight * (p + q) if (p != 0) & (q != 0) else np.int64(0)
        forth[k] = room
        back[k] = -room


@compiled
def _fill_given(here: Whole, there: Whole, forth: Whole, back: Whole) -> None:
    """Capacities as given, from here and from there."""
    for k in range(here.size):
        forth[k] = here[k]
        back[k] = -there[k]


@compiled
def _fill_walled(  # noqa: PLR0917
    mine: Whole,
    theirs: Whole,
    inside: Bytes,
    beyond: Bytes,
    weight: int,
    forth: Whole,
    back: Whole,
) -> None:
    """The same where an edge through a wall costs `weight * 2 * min(c_p, c_q)`."""
    for k in range(mine.size):
        p, q = np.int64(mine[k]), np.int64(theirs[k])
        both = 2 * min(p, q) if inside[k] != beyond[k] else p + q
        room = weight * both if (p != 0) & (q != 0) else np.int64(0)
        forth[k] = room
        back[k] = -room


@compiled
def _judge_edges(
    near: Bytes, away: Bytes, moved: Whole, forth: Whole, back: Whole, found: NDArray[np.int64]
) -> None:
    """Capacity of the edges of a row, and what of them the labels sever."""
    over = np.int32(0)
    severed = np.uint8(0)
    for k in range(near.size):
        over = np.int32(over + ((moved[k] > forth[k]) | (moved[k] < back[k])))
        severed = max(severed, near[k] ^ away[k])
    found[OVER] += over
    if severed < 3:
        return
    for k in range(near.size):
        if near[k] == 1 and away[k] == 2:
            found[SLACK] += moved[k] != forth[k]
            found[VALUE] += forth[k]
        elif near[k] == 2 and away[k] == 1:
            found[SLACK] += moved[k] != back[k]
            found[VALUE] -= back[k]


@compiled
def _judge_plane(  # noqa: PLR0917
    cost: Whole,
    seeds: Bytes,
    unary: NDArray[np.int64] | None,
    labels: Bytes,
    whole: Shape,
    shape: Shape,
    corner: Shape,
    lump: int,
    i: int,
    net: Whole,
    found: NDArray[np.int64],
) -> None:
    """Labels and conservation of one plane; `net` is what leaves each voxel."""
    _, nj, nk = shape
    for j in range(0, nj, lump):
        long = min(lump, nj - j) * nk
        p = ((i + corner[0]) * whole[1] + j + corner[1]) * whole[2] + corner[2]
        q = p + long
        out = net[i % 3, j * nk : j * nk + long]
        if unary is not None:
            _judge_priced(cost[p:q], seeds[p:q], unary[p:q], labels[p:q], out, found)
        else:
            _judge_voxels(cost[p:q], seeds[p:q], labels[p:q], out, found)


@compiled
def _judge_voxels(
    cost: Whole, seeds: Bytes, labels: Bytes, out: Whole, found: NDArray[np.int64]
) -> None:
    """Labels and conservation along a row; air carries nothing."""
    lost = wrong = np.int32(0)
    total = np.int64(0)
    for k in range(out.size):
        side, seed, tissue = labels[k], seeds[k], cost[k] != 0
        fitting = ((side == 1) | (side == 2)) & ((seed == 0) | (seed == side))
        wrong = np.int32(wrong + ((tissue & (not fitting)) | ((not tissue) & (side != 0))))
        lost = np.int32(lost + (((seed == 0) | (not tissue)) & (out[k] != 0)))
        total += out[k] if seed == 1 else 0
    found[LOST] += lost
    found[WRONG] += wrong
    found[FLOW] += total


@compiled
def _judge_priced(
    cost: Whole,
    seeds: Bytes,
    unary: NDArray[np.int64],
    labels: Bytes,
    out: Whole,
    found: NDArray[np.int64],
) -> None:
    """The same where voxels may give or take up to their unary term, and what labels pay of it."""
    for k in range(out.size):
        side, seed, supply = labels[k], seeds[k], unary[k]
        left = np.int64(out[k])
        if cost[k] == 0:
            found[WRONG] += side != 0
            found[LOST] += left != 0
            continue
        if not 1 <= side <= 2 or (seed > 0 and seed != side):
            found[WRONG] += 1
        if seed == 0:
            if left < min(np.int64(0), supply) or left > max(np.int64(0), supply):
                found[LOST] += 1
            if (supply > 0 and side == 2) or (supply < 0 and side == 1):
                found[VALUE] += abs(supply)
                found[SLACK] += left != supply
            if supply > 0:
                found[FLOW] += left
        elif seed == 1:
            found[FLOW] += left
