"""The exact solver: coarse cut, band, one side after the other.

1. A coarse grid gives a candidate; its cut is saturated, and the band around it is solved
   with everything else held. The flow found there is kept.
2. The sink side drains its excess to the sinks. What is stuck marks pockets that belong to
   the source side; they change side.
3. The (larger) source side feeds its deficits from the sources and from stuck excess. What
   is still stuck marks pockets that belong to the sink side; they change side.

After 3 the source side holds no deficit, the sink side no excess, and every edge from one
to the other is full. Then the cut is a global minimum, whatever the candidate was: for any
other source side S', value(S) - value(S') <= sum of excess over S' without S - sum of excess
over S without S' <= 0. Steps 2 and 3 must run in this order; each is exact push-relabel.
4. What excess is left on the source side flows back, so that the flow is feasible.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.mincut import push, pyramid

_SMALLEST = 6
_FEW = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Capacities on a padded, flattened grid; arrays are the solver's to write.

    residual : (N, D) int32 capacities, opposite directions in pairs
    tissue, seed : (N,) uint8
    unary : (N,) int64; above 0 the price of side 2, below 0 minus the price of side 1
    shape : padded
    """

    residual: NDArray[np.int32]
    tissue: NDArray[np.uint8]
    seed: NDArray[np.uint8]
    unary: NDArray[np.int64] | None
    offsets: NDArray[np.int64]
    shape: tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Room:
    """Scratch arrays of one level."""

    distance: NDArray[np.int32]
    following: NDArray[np.int32]
    queue: NDArray[np.int32]


def solve(problem: Problem) -> NDArray[np.uint8]:
    """Sides (N,) of the minimum cut; leaves a feasible maximum flow in `problem.residual`."""
    side, held = _candidate(problem)
    excess = np.zeros(side.size, dtype=np.int64)
    if problem.unary is not None:
        excess += problem.unary
    room = _Room(*(np.zeros(side.size, dtype=np.int32) for _ in range(3)))
    push.saturate_cut(problem.residual, excess, side, problem.offsets)
    if held is not None:
        _settle(problem, excess, side, held, room)
    _settle(problem, excess, side, problem.seed, room)
    push.label_reachable(problem.residual, excess, side, problem.seed, problem.offsets, room.queue)
    _return_surplus(problem, excess, side, room)
    return side


def _candidate(
    problem: Problem,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """First sides, and the seeds that hold everything outside the band (None: no band)."""
    coarse = _coarser(problem)
    if coarse is None:
        side = np.where(problem.tissue != 0, np.uint8(1), np.uint8(0))
        side[problem.seed == 2] = 2
        return side, None
    coarse_side = _rough_sides(coarse)
    near = pyramid.mark_band(coarse_side, coarse.shape)
    return pyramid.refine_sides(
        coarse_side, near, coarse.shape, problem.tissue, problem.seed, problem.shape
    )


def _coarser(problem: Problem) -> Problem | None:
    """The problem on voxels twice as large, or None when it is small already."""
    i, j, k = ((n - 1) // 2 for n in problem.shape)
    if min(i, j, k) < _SMALLEST or i * j * k < _FEW:
        return None
    shape = (i + 2, j + 2, k + 2)
    residual, tissue, seed = pyramid.coarsen(
        problem.residual, problem.tissue, problem.seed, problem.shape, shape
    )
    if not ((seed == 1).any() and (seed == 2).any()):
        return None
    _, stride, _ = shape
    offsets = np.array([stride * shape[2], shape[2], 1], dtype=np.int64)
    return Problem(
        residual=residual,
        tissue=tissue,
        seed=seed,
        unary=None,
        offsets=np.stack([offsets, -offsets], axis=1).reshape(-1),
        shape=shape,
    )


def _rough_sides(problem: Problem) -> NDArray[np.uint8]:
    """A good, not always optimal, cut of a coarse problem."""
    side, held = _candidate(problem)
    excess = np.zeros(side.size, dtype=np.int64)
    room = _Room(*(np.zeros(side.size, dtype=np.int32) for _ in range(3)))
    push.saturate_cut(problem.residual, excess, side, problem.offsets)
    _settle(problem, excess, side, problem.seed if held is None else held, room)
    return side


def _settle(
    problem: Problem,
    excess: NDArray[np.int64],
    side: NDArray[np.uint8],
    seed: NDArray[np.uint8],
    room: _Room,
) -> None:
    """Steps 2 and 3 of the method, with `seed` held fixed."""
    free = np.flatnonzero((side != 0) & (seed == 0)).astype(np.int32)
    _drain(problem, excess, side, (seed, free), 2, room)
    push.flip_pockets(problem.residual, excess, side, free, problem.offsets, 2, room.queue)
    push.reverse_graph(problem.residual, excess, seed, free, problem.offsets)
    _drain(problem, excess, side, (seed, free), 1, room)
    push.flip_pockets(problem.residual, excess, side, free, problem.offsets, 1, room.queue)
    push.reverse_graph(problem.residual, excess, seed, free, problem.offsets)


def _drain(
    problem: Problem,
    excess: NDArray[np.int64],
    side: NDArray[np.uint8],
    held: tuple[NDArray[np.uint8], NDArray[np.int32]],
    region: int,
    room: _Room,
) -> int:
    seed, free = held
    stuck: int = push.drain_excess(
        problem.residual,
        excess,
        side,
        seed,
        free,
        problem.offsets,
        region,
        room.distance,
        room.following,
        room.queue,
    )
    return stuck


def _return_surplus(
    problem: Problem,
    excess: NDArray[np.int64],
    side: NDArray[np.uint8],
    room: _Room,
) -> None:
    """Step 4: supply that the cut cannot take goes back to where it came from."""
    seed, offsets = problem.seed, problem.offsets
    free = np.flatnonzero((side != 0) & (seed == 0)).astype(np.int32)
    if problem.unary is not None:
        excess[(side == 1) & (problem.unary > 0)] -= problem.unary[
            (side == 1) & (problem.unary > 0)
        ]
        excess[(side == 2) & (problem.unary < 0)] -= problem.unary[
            (side == 2) & (problem.unary < 0)
        ]
    if push.count_excess(excess, side, free, 1):
        _drain(problem, excess, side, (seed, free), 1, room)
    push.reverse_graph(problem.residual, excess, seed, free, offsets)
    if push.count_excess(excess, side, free, 2):
        _drain(problem, excess, side, (seed, free), 2, room)
    push.reverse_graph(problem.residual, excess, seed, free, offsets)
