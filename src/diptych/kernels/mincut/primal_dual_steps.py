"""Compiled loops of the primal-dual engine: one step, its order in cache, means, sums.

A level is a block of voxels with a border of air. `z` in [-1/2, 1/2] says how far a voxel
leans to the source; `flow[h, v]` runs from `v - steps[h]` to `v`. One step n of voxel v:

    z'(v)   = clip(z(v) - tau(v) * (outflow(v) - price(v)), -1/2, 1/2)
    lead(v) = 2 z'(v) - z(v)
    flow'(e) = clip(flow(e) + w(e)/2 * (lead(tail) - lead(head)), -w(e), w(e))

with tau(v) = 1 / (sum of the capacities w at v): diagonal preconditioning (Pock & Chambolle
2011, doi:10.1109/ICCV.2011.6126441). Each value of step n depends on values of step n - 1 and
z of step n only, so any order that respects this gives the same bytes. Two things follow:
* rows are cut into pieces; a piece is computed only if it or a neighbour changed in the step
  before (`due`). What is skipped could not have changed, bit for bit.
* several steps run through the planes as one wave, each a plane behind the one before, so
  that planes stay in the cache.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled, compiled_with

PIECE = 128
"""Voxels in a piece of a row."""

GRAIN = 2.0**16
"""Units of `measure_rows` in one unit of capacity."""

THRESHOLDS = (-0.375, -0.125, 0.125, 0.375)
"""Where z may be cut in two; all are tried, the cheapest is kept."""


class Given(NamedTuple):
    """A problem on its tissue block.

    cost (I, J, K), seeds (I, J, K), unary and walled (I, J, K) or (0, 0, 0) when there are
    none, steps (H, 3) above (0, 0, 0) in dictionary order, weights (H,).
    """

    cost: NDArray[np.int32]
    seeds: NDArray[np.uint8]
    unary: NDArray[np.int64]
    walled: NDArray[np.bool_]
    steps: NDArray[np.int64]
    weights: NDArray[np.int64]


class Level(NamedTuple):
    """Arrays of one level, (I+2, J+2, K+2) unless said.

    cost : float32, 0 in air, negative inside a wall
    pace : float32 tau; 0 in air and at seeds, which therefore never move
    price : float32 unary terms, or (0, 0, 0) when there are none
    lean, lead : float32 z and 2 z' - z
    flow : float32 (H, I+2, J+2, K+2)
    steps : (H, 3), each lexicographically above 0
    weights : float32 (H,)
    due : int32 (I+2, J+2, pieces+2), last step in which a piece must be computed
    due_row : int32 (I+2, J+2), the same for a row
    span : int32 (I+2, J+2, 2), first tissue voxel of a row and one past the last
    """

    cost: NDArray[np.float32]
    pace: NDArray[np.float32]
    price: NDArray[np.float32]
    lean: NDArray[np.float32]
    lead: NDArray[np.float32]
    flow: NDArray[np.float32]
    steps: NDArray[np.int64]
    weights: NDArray[np.float32]
    due: NDArray[np.int32]
    due_row: NDArray[np.int32]
    span: NDArray[np.int32]


@compiled_with(inline="always")
def find_room(mine: np.float32, other: np.float32, weight: np.float32) -> np.float32:
    """Capacity of an edge from the signed costs of its ends; 0 where one is air.

    Signs alike: |a| + |b| = |a + b|. Not alike: 2 min(|a|, |b|) = |a - b| - |a + b|.
    """
    together = abs(mine + other)
    alike = mine * other > np.float32(0.0)
    return weight * (together if alike else abs(mine - other) - together)


@compiled_with(inline="always")
def _move_leans(
    level: Level, i: int, j: int, first: int, last: int, gap: NDArray[np.float32]
) -> int:
    """Moves z and lead of one piece; the number of voxels whose z changed."""
    half, two = np.float32(0.5), np.float32(2.0)
    size = last - first
    for h in range(level.steps.shape[0]):
        here = level.flow[h, i, j]
        there = level.flow[h, i + level.steps[h, 0], j + level.steps[h, 1]]
        shifted = first + level.steps[h, 2]
        if h == 0:
            for m in range(size):
                gap[m] = there[np.uintp(shifted + m)] - here[np.uintp(first + m)]
        else:
            for m in range(size):
                gap[m] += there[np.uintp(shifted + m)] - here[np.uintp(first + m)]
    if level.price.size > 0:
        price = level.price[i, j]
        for m in range(size):
            gap[m] -= price[np.uintp(first + m)]
    lean, lead, pace = level.lean[i, j], level.lead[i, j], level.pace[i, j]
    moved = 0
    for m in range(size):
        k = np.uintp(first + m)
        old = lean[k]
        new = min(half, max(-half, old - pace[k] * gap[m]))
        lean[k] = new
        lead[k] = two * new - old
        moved += new != old
    return moved


@compiled_with(inline="always")
def _move_flows(level: Level, i: int, j: int, first: int, last: int) -> int:
    """Moves the flows into one piece; the number of edges whose flow changed."""
    half = np.float32(0.5)
    size = last - first
    moved = 0
    cost, lead = level.cost[i, j], level.lead[i, j]
    for h in range(level.steps.shape[0]):
        a, b = i - level.steps[h, 0], j - level.steps[h, 1]
        shifted = first - level.steps[h, 2]
        other_cost, other_lead = level.cost[a, b], level.lead[a, b]
        flow, weight = level.flow[h, i, j], level.weights[h]
        for m in range(size):
            k, q = np.uintp(first + m), np.uintp(shifted + m)
            room = find_room(cost[k], other_cost[q], weight)
            old = flow[k]
            new = min(room, max(-room, old + half * room * (other_lead[q] - lead[k])))
            flow[k] = new
            moved += new != old
    return moved


@compiled_with(inline="always")
def _mark_due(level: Level, i: int, j: int, piece: int, step: int, ends: tuple[int, int]) -> None:
    """Piece and neighbours must be computed in `step`; planes outside `ends` are not ours."""
    low, high = ends
    level.due_row[i, j] = max(level.due_row[i, j], step)
    level.due[i, j, piece] = max(level.due[i, j, piece], step)
    for h in range(level.steps.shape[0]):
        reach = 1 if level.steps[h, 2] != 0 else 0
        for sign in (-1, 1):
            a, b = i + sign * level.steps[h, 0], j + sign * level.steps[h, 1]
            if low <= a < high:
                level.due_row[a, b] = max(level.due_row[a, b], step)
                for c in range(piece - reach, piece + reach + 1):
                    level.due[a, b, c] = max(level.due[a, b, c], step)


@compiled
def _move_plane(
    level: Level,
    i: int,
    step: int,
    part: tuple[bool, bool, bool],
    ends: tuple[int, int],
    gap: NDArray[np.float32],
) -> int:
    """One step of one plane; part = (move z, move flows, even what is not due)."""
    leans, flows, every = part
    computed = 0
    for j in range(1, level.cost.shape[1] - 1):
        if level.due_row[i, j] < step and not every:
            continue
        start, stop = level.span[i, j, 0], level.span[i, j, 1]
        if start >= stop:
            continue
        for piece in range(1 + (start - 1) // PIECE, 2 + (stop - 2) // PIECE):
            if level.due[i, j, piece] < step and not every:
                continue
            first = max(start, 1 + (piece - 1) * PIECE)
            last = min(stop, 1 + piece * PIECE)
            moved = 0
            if leans:
                moved += _move_leans(level, i, j, first, last, gap)
            if flows:
                moved += _move_flows(level, i, j, first, last)
            computed += 1
            if moved > 0:
                _mark_due(level, i, j, piece, step + 1, ends)
    return computed


@compiled
def move_slab(
    level: Level, ends: tuple[int, int], step: int, count: int, opened: tuple[bool, bool]
) -> int:
    """Steps `step` .. `step + count - 1` of a slab in one wave; how many pieces were computed.

    ends : first plane and one past the last
    opened : whether another slab lies below, above. There the slab shrinks by one plane a
        step, and its lowest plane moves z only; `move_seam` does the rest afterwards.
    """
    gap = np.empty(PIECE, dtype=np.float32)
    low, high = ends
    open_low, open_high = opened
    computed = 0
    for front in range(low, high + count):
        for t in range(count):
            i = front - t
            lowest = low + t if open_low else low
            highest = high - 1 - t if open_high else high - 1
            if lowest <= i <= highest:
                flows = not (open_low and i == lowest)
                computed += _move_plane(level, i, step + t, (True, flows, False), ends, gap)
    return computed


@compiled
def move_seam(level: Level, seam: int, step: int, count: int) -> int:
    """What two neighbouring slabs left undone around plane `seam`, the first of the upper."""
    gap = np.empty(PIECE, dtype=np.float32)
    computed = 0
    for t in range(count):
        for i in range(seam - t, seam + t + 1):
            part = (i < seam + t, True, True)
            computed += _move_plane(level, i, step + t, part, (0, level.cost.shape[0]), gap)
    return computed


@compiled
def blend_mean(
    level: Level,
    means: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]],
    ends: tuple[int, int],
    samples: int,
    after: int,
) -> None:
    """Brings the running means of z and flow up to `samples` where a piece is due after a step.

    means = (z, flow, samples seen by each piece); ends as in `move_slab`.
    """
    mean_lean, mean_flow, seen = means
    for i in range(ends[0], ends[1]):
        for j in range(1, level.cost.shape[1] - 1):
            start, stop = level.span[i, j, 0], level.span[i, j, 1]
            if level.due_row[i, j] <= after or start >= stop:
                continue
            for piece in range(1 + (start - 1) // PIECE, 2 + (stop - 2) // PIECE):
                old = seen[i, j, piece]
                if level.due[i, j, piece] <= after or old == samples:
                    continue
                seen[i, j, piece] = samples
                first = max(start, 1 + (piece - 1) * PIECE)
                last = min(stop, 1 + piece * PIECE)
                part = np.float32((samples - old) / samples)
                _blend(mean_lean[i, j], level.lean[i, j], first, last, old == 0, part)
                for h in range(level.steps.shape[0]):
                    _blend(mean_flow[h, i, j], level.flow[h, i, j], first, last, old == 0, part)


@compiled
def _blend(
    mean: NDArray[np.float32],
    now: NDArray[np.float32],
    first: int,
    last: int,
    fresh: bool,
    part: np.float32,
) -> None:
    """Moves a mean towards the present values; a fresh one takes them as they are."""
    for k in range(first, last):
        mean[k] = now[k] if fresh else mean[k] + part * (now[k] - mean[k])


@compiled
def measure_rows(
    level: Level,
    ends: tuple[int, int],
    since: int,
    paid: NDArray[np.int64],
    kept: NDArray[np.int64],
) -> None:
    """Refreshes cut and dual values of a slab's rows that may have moved after step `since`.

    paid (I+2, J+2, 4): what the labels z > t sever, for each threshold t; kept (I+2, J+2):
    dual value; both in units of 1 / GRAIN. They only steer; whole numbers add up in any order.
    """
    _, _, nj, nk = level.flow.shape
    gap = np.empty(nk, dtype=np.float32)
    for i in range(ends[0], ends[1]):
        for j in range(1, nj - 1):
            start, stop = level.span[i, j, 0], level.span[i, j, 1]
            if level.due_row[i, j] > since and start < stop:
                kept[i, j] = _measure_dual(level, i, j, start, stop, gap)
                _measure_cuts(level, i, j, start, stop, paid[i, j])


@compiled_with(inline="always")
def _measure_dual(
    level: Level, i: int, j: int, start: int, stop: int, gap: NDArray[np.float32]
) -> int:
    """Dual value of one row."""
    zero, half, grain = np.float32(0.0), np.float32(0.5), np.float32(GRAIN)
    for k in range(start, stop):
        gap[k] = zero
    for h in range(level.steps.shape[0]):
        a, b, c = level.steps[h, 0], level.steps[h, 1], level.steps[h, 2]
        here, there = level.flow[h, i, j], level.flow[h, i + a, j + b]
        for k in range(start, stop):
            gap[k] += there[np.uintp(k + c)] - here[k]
    lean, pace = level.lean[i, j], level.pace[i, j]
    priced = level.price.size > 0
    dual = np.int64(0)
    for k in range(start, stop):
        if pace[k] > zero:
            price = level.price[i, j, k] if priced else zero
            least = min(max(price, zero), gap[k] + max(-price, zero))
            if least != zero:
                dual += np.int64(np.rint(grain * least))
        elif lean[k] == half and gap[k] != zero:
            dual += np.int64(np.rint(grain * gap[k]))
    return int(dual)


@compiled_with(inline="always")
def _measure_cuts(
    level: Level, i: int, j: int, start: int, stop: int, paid: NDArray[np.int64]
) -> None:
    """What the thresholds sever of the edges into one row."""
    zero, grain = np.float32(0.0), np.float32(GRAIN)
    paid[:] = 0
    cost, lean = level.cost[i, j], level.lean[i, j]
    for h in range(level.steps.shape[0]):
        a, b, c = level.steps[h, 0], level.steps[h, 1], level.steps[h, 2]
        beside, other_cost = level.lean[i - a, j - b], level.cost[i - a, j - b]
        for k in range(start, stop):
            q = np.uintp(k - c)
            if lean[k] != beside[q] and cost[k] != zero and other_cost[q] != zero:
                room = np.int64(grain * find_room(cost[k], other_cost[q], level.weights[h]))
                for t in range(len(THRESHOLDS)):
                    if _leans(lean[k], t) != _leans(beside[q], t):
                        paid[t] += room
    if level.price.size > 0:
        price = level.price[i, j]
        for k in range(start, stop):
            if price[k] != zero:
                for t in range(len(THRESHOLDS)):
                    lost = max(-price[k], zero) if _leans(lean[k], t) else max(price[k], zero)
                    paid[t] += np.int64(grain * lost)


@compiled_with(inline="always")
def _leans(lean: np.float32, t: int) -> bool:
    """True when z lies on the source side of threshold t; the same seen from either side."""
    limit = np.float32(THRESHOLDS[t])
    return bool(lean > limit) or bool(lean == limit and limit < np.float32(0.0))
