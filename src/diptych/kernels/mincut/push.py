"""Push-relabel on a padded voxel grid, one side of a saturated cut at a time.

State, all over the flattened padded grid (its border is never tissue):

- `residual` (N, D) int32: what may still flow from a voxel along each direction;
  directions come in pairs, `d ^ 1` is the opposite of `d`
- `excess` (N,) int64: inflow - outflow + unary supply
- `side` (N,) uint8: 0 no tissue, 1 source side, 2 sink side
- `seed` (N,) uint8: 0 free, 1 source, 2 sink
- `free` (M,) int32: the voxels that may be relabelled, in raster order

Reversing the graph (`reverse_graph`) turns "pull a deficit from the source" into "push an
excess to the sink", so that one routine serves both sides.

References: Goldberg & Tarjan 1988 (doi:10.1145/48014.61051); the start from a saturated
cut: Juan & Boykov 2006 (doi:10.1109/CVPR.2006.47).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]

FAR = 2**30
SLACK = 20


@njit(cache=True, nogil=True)
def saturate_cut(residual: Ints, excess: Longs, side: Bytes, offsets: Longs) -> None:
    """Fills every edge from side 1 to side 2, leaving excess on 2 and deficits on 1."""
    for v in range(side.size):
        if side[v] == 1:
            for d in range(offsets.size):
                w = v + offsets[d]
                amount = residual[v, d]
                if amount > 0 and side[w] == 2:
                    residual[v, d] = 0
                    residual[w, d ^ 1] += amount
                    excess[v] -= amount
                    excess[w] += amount


@njit(cache=True, nogil=True)
def reverse_graph(residual: Ints, excess: Longs, seed: Bytes, free: Ints, offsets: Longs) -> None:
    """Swaps the two residuals of every edge that touches a free voxel; negates excesses."""
    for v in range(excess.size):
        excess[v] = -excess[v]
    for n in range(free.size):
        v = free[n]
        for d in range(offsets.size):
            w = v + offsets[d]
            if seed[w] != 0 or (d & 1) == 0:
                other = residual[w, d ^ 1]
                residual[w, d ^ 1] = residual[v, d]
                residual[v, d] = other


@njit(cache=True, nogil=True)
def _measure_distances(  # noqa: PLR0917 - numba takes no dataclass
    residual: Ints,
    excess: Longs,
    side: Bytes,
    seed: Bytes,
    free: Ints,
    offsets: Longs,
    region: int,
    distance: Ints,
    queue: Ints,
) -> int:
    """Exact residual distance of each free voxel of the region to the nearest sink.

    Sinks are the seeds numbered `region` (distance 0) and voxels with a deficit
    (distance 0). Returns the greatest distance met; unreached voxels stay FAR.
    """
    tail = 0
    for n in range(free.size):
        v = free[n]
        distance[v] = FAR
        if side[v] == region and excess[v] < 0:
            distance[v] = 0
            queue[tail] = v
            tail += 1
    for n in range(free.size):
        v = free[n]
        if side[v] == region and distance[v] == FAR:
            for d in range(offsets.size):
                if residual[v, d] > 0 and seed[v + offsets[d]] == region:
                    distance[v] = 1
                    queue[tail] = v
                    tail += 1
                    break
    head = 0
    deepest = 0
    while head < tail:
        w = queue[head]
        head += 1
        near = distance[w]
        deepest = near
        for d in range(offsets.size):
            v = w + offsets[d]
            if (
                side[v] == region
                and distance[v] > near + 1
                and seed[v] == 0
                and residual[v, d ^ 1] > 0
            ):
                distance[v] = near + 1
                queue[tail] = v
                tail += 1
    return deepest


@njit(cache=True, nogil=True)
def drain_excess(  # noqa: PLR0917 - numba takes no dataclass
    residual: Ints,
    excess: Longs,
    side: Bytes,
    seed: Bytes,
    free: Ints,
    offsets: Longs,
    region: int,
    distance: Ints,
    following: Ints,
    queue: Ints,
) -> int:
    """Pushes excess of the region to its seeds and deficits until none can move.

    Highest label first, with exact distances measured anew whenever a label passes the
    depth of the last search by SLACK. Returns the number of free voxels whose excess is
    stuck: no residual path inside the region leads from them to a seed or a deficit.
    One long function on purpose: compiled code pays for every call inside the innermost loop.
    """
    directions = offsets.size
    while True:
        active = 0
        for n in range(free.size):
            v = free[n]
            if excess[v] > 0 and side[v] == region:
                active += 1
        if active == 0:
            return 0
        deepest = _measure_distances(
            residual, excess, side, seed, free, offsets, region, distance, queue
        )
        ceiling = deepest + SLACK
        bucket = np.full(ceiling + 1, -1, dtype=np.int32)
        highest = -1
        for n in range(free.size):
            v = free[n]
            if excess[v] > 0 and side[v] == region and distance[v] < FAR:
                level = distance[v]
                following[v] = bucket[level]
                bucket[level] = v
                highest = max(highest, level)
        if highest < 0:
            return active
        while highest >= 0:
            v = bucket[highest]
            if v < 0:
                highest -= 1
                continue
            bucket[highest] = following[v]
            amount = excess[v]
            level = highest
            reached = 0
            while amount > 0:
                raised = FAR
                for d in range(directions):
                    room = residual[v, d]
                    if room <= 0:
                        continue
                    w = v + offsets[d]
                    if side[w] != region:
                        continue
                    if seed[w] == region:
                        there = 0
                    else:
                        there = distance[w]
                    if there >= level:
                        raised = min(raised, there + 1)
                        continue
                    moved = min(np.int64(room), amount)
                    residual[v, d] = room - np.int32(moved)
                    residual[w, d ^ 1] += np.int32(moved)
                    before = excess[w]
                    excess[w] = before + moved
                    amount -= moved
                    if seed[w] == 0 and before <= 0 and before + moved > 0:
                        following[w] = bucket[there]
                        bucket[there] = w
                        reached = max(reached, there)
                    if amount == 0:
                        break
                if amount == 0:
                    break
                level = raised
                distance[v] = raised
                if raised > ceiling:
                    break
            excess[v] = amount
            highest = max(highest, reached)


@njit(cache=True, nogil=True)
def flip_pockets(  # noqa: PLR0917 - numba takes no dataclass
    residual: Ints,
    excess: Longs,
    side: Bytes,
    free: Ints,
    offsets: Longs,
    region: int,
    queue: Ints,
) -> int:
    """Moves what stuck excess can still reach inside the region to the other side.

    Returns the number of voxels that changed side.
    """
    tail = 0
    for n in range(free.size):
        v = free[n]
        if side[v] == region and excess[v] > 0:
            side[v] = 3 - region
            queue[tail] = v
            tail += 1
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        for d in range(offsets.size):
            w = v + offsets[d]
            if residual[v, d] > 0 and side[w] == region:
                side[w] = 3 - region
                queue[tail] = w
                tail += 1
    return tail


@njit(cache=True, nogil=True)
def label_reachable(
    residual: Ints,
    excess: Longs,
    side: Bytes,
    seed: Bytes,
    offsets: Longs,
    queue: Ints,
) -> None:
    """Makes side 1 exactly what seeds 1 and remaining excess reach: the smallest source side."""
    tail = 0
    for v in range(side.size):
        if side[v] != 0:
            if seed[v] == 1 or (seed[v] == 0 and excess[v] > 0):
                side[v] = 1
                queue[tail] = v
                tail += 1
            else:
                side[v] = 2
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        for d in range(offsets.size):
            w = v + offsets[d]
            if residual[v, d] > 0 and side[w] == 2:
                side[w] = 1
                queue[tail] = w
                tail += 1


@njit(cache=True, nogil=True)
def count_excess(excess: Longs, side: Bytes, free: Ints, region: int) -> int:
    """Number of free voxels of the region with excess above 0."""
    count = 0
    for n in range(free.size):
        if side[free[n]] == region and excess[free[n]] > 0:
            count += 1
    return count
