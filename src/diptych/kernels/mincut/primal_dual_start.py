"""Compiled loops that prepare a level of the primal-dual engine: parts, pace, coarse, fine."""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.primal_dual_steps import Given, Level, find_room


@compiled
def find_idle(given: Given, idle: NDArray[np.uint8]) -> None:
    """Writes the label of each connected part of tissue that cannot be cut; 0 elsewhere.

    A part without source (seed 1 or unary above 0) gets 2, one with source but no sink 1.
    Runs of tissue along k are joined to those they touch in other rows (union-find).
    """
    ni, nj, _ = given.cost.shape
    runs, rows = _list_runs(given)
    for i in range(ni):
        for j in range(nj):
            for h in range(given.steps.shape[0]):
                a, b, shift = i - given.steps[h, 0], j - given.steps[h, 1], given.steps[h, 2]
                if a < 0 or not 0 <= b < nj or (a == i and b == j):
                    continue
                p, q = rows[i * nj + j], rows[a * nj + b]
                while p < rows[i * nj + j + 1] and q < rows[a * nj + b + 1]:
                    if max(runs[p, 0] - shift, runs[q, 0]) < min(runs[p, 1] - shift, runs[q, 1]):
                        _join_runs(runs, p, q)
                    if runs[p, 1] - shift < runs[q, 1]:
                        p += 1
                    else:
                        q += 1
    for i in range(ni):
        for j in range(nj):
            for p in range(rows[i * nj + j], rows[i * nj + j + 1]):
                kinds = runs[_find_root(runs, p), 3]
                if kinds != 3:
                    idle[i, j, runs[p, 0] : runs[p, 1]] = 1 if kinds == 1 else 2


@compiled
def _list_runs(given: Given) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Runs (R, 4) of tissue: start, stop, parent, bits 1 source and 2 sink; first of each row."""
    ni, nj, nk = given.cost.shape
    rows = np.zeros(ni * nj + 1, dtype=np.int64)
    for row in range(ni * nj):
        line = given.cost[row // nj, row % nj]
        count = np.int64(line[0] != 0)
        for k in range(1, nk):
            count += line[k] != 0 and line[k - 1] == 0
        rows[row + 1] = rows[row] + count
    runs = np.zeros((rows[-1], 4), dtype=np.int32)
    for row in range(ni * nj):
        i, j = row // nj, row % nj
        at = rows[row] - 1
        for k in range(nk):
            if given.cost[i, j, k] == 0:
                continue
            if k == 0 or given.cost[i, j, k - 1] == 0:
                at += 1
                runs[at, 0], runs[at, 2] = k, at
            runs[at, 1] = k + 1
            runs[at, 3] |= given.seeds[i, j, k]
            if given.unary.size > 0 and given.seeds[i, j, k] == 0:
                price = given.unary[i, j, k]
                runs[at, 3] |= 1 if price > 0 else (2 if price < 0 else 0)
    return runs, rows


@compiled
def _find_root(runs: NDArray[np.int32], p: int) -> int:
    """The run that stands for the part of run p; halves the path on the way."""
    while runs[p, 2] != p:
        runs[p, 2] = runs[runs[p, 2], 2]
        p = runs[p, 2]
    return p


@compiled
def _join_runs(runs: NDArray[np.int32], p: int, q: int) -> None:
    """Makes two runs part of one; the earlier root stands for both."""
    p, q = _find_root(runs, p), _find_root(runs, q)
    if p != q:
        low, high = min(p, q), max(p, q)
        runs[high, 2] = low
        runs[low, 3] |= runs[high, 3]


@compiled
def set_pace(level: Level) -> None:
    """Fills `pace` from the capacities; it must come as 1 where z may move, 0 elsewhere."""
    zero = np.float32(0.0)
    _, ni, nj, nk = level.flow.shape
    total = np.empty(nk, dtype=np.float32)
    for i in range(1, ni - 1):
        for j in range(1, nj - 1):
            total[:] = zero
            cost, pace = level.cost[i, j], level.pace[i, j]
            for h in range(level.steps.shape[0]):
                a, b, c = level.steps[h, 0], level.steps[h, 1], level.steps[h, 2]
                below, above = level.cost[i - a, j - b], level.cost[i + a, j + b]
                weight = level.weights[h]
                for k in range(1, nk - 1):
                    total[k] += find_room(cost[k], below[np.uintp(k - c)], weight)
                    total[k] += find_room(cost[k], above[np.uintp(k + c)], weight)
            for k in range(1, nk - 1):
                pace[k] = pace[k] / total[k] if total[k] > zero else zero


@compiled
def coarsen(
    fine: Level, cost: NDArray[np.float32], kinds: NDArray[np.uint8], price: NDArray[np.float32]
) -> None:
    """Adds up a level of voxels twice as large; the three outputs come as zeros.

    kinds : bit 1 a source seed within, bit 2 a sink seed, bit 4 a voxel that may move
    The capacity between two coarse voxels, c_P + c_Q, is the mean of what a plane of fine
    edges between them could carry: c_P is half the sum of the eight costs.
    """
    zero, half = np.float32(0.0), np.float32(0.5)
    _, ni, nj, nk = fine.flow.shape
    for i in range(1, ni - 1):
        for j in range(1, nj - 1):
            a, b = (i + 1) // 2, (j + 1) // 2
            for k in range(1, nk - 1):
                if fine.cost[i, j, k] == zero:
                    continue
                c = (k + 1) // 2
                cost[a, b, c] += half * abs(fine.cost[i, j, k])
                if fine.pace[i, j, k] > zero:
                    kinds[a, b, c] |= 4
                    if fine.price.size > 0:
                        price[a, b, c] += fine.price[i, j, k]
                elif fine.lean[i, j, k] == half:
                    kinds[a, b, c] |= 1
                elif fine.lean[i, j, k] == -half:
                    kinds[a, b, c] |= 2


@compiled
def refine(coarse: Level, fine: Level) -> None:
    """Starts a fine level from a coarse one: z by nearest voxel, flows spread evenly.

    A coarse edge is four lines of two fine edges; an edge inside a coarse voxel takes the
    mean of the flows that enter and leave. All are clipped to what the fine edge can carry.
    """
    zero, eighth = np.float32(0.0), np.float32(0.125)
    _, ni, nj, nk = fine.flow.shape
    for i in range(1, ni - 1):
        for j in range(1, nj - 1):
            for k in range(1, nk - 1):
                if fine.cost[i, j, k] == zero:
                    continue
                a, b, c = (i + 1) // 2, (j + 1) // 2, (k + 1) // 2
                if fine.pace[i, j, k] > zero:
                    fine.lean[i, j, k] = coarse.lean[a, b, c]
                    fine.lead[i, j, k] = coarse.lean[a, b, c]
                for h in range(fine.steps.shape[0]):
                    di, dj, dk = fine.steps[h, 0], fine.steps[h, 1], fine.steps[h, 2]
                    room = find_room(
                        fine.cost[i, j, k], fine.cost[i - di, j - dj, k - dk], fine.weights[h]
                    )
                    if room > zero:
                        p, q, r = (
                            (i - di + 1) // 2 + di,
                            (j - dj + 1) // 2 + dj,
                            (k - dk + 1) // 2 + dk,
                        )
                        both = coarse.flow[h, a, b, c] + coarse.flow[h, p, q, r]
                        fine.flow[h, i, j, k] = min(room, max(-room, eighth * both))
