"""Passes over the few voxels that a local change can concern (state: see `push`)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.capacity import Edges, ahead, behind
from diptych.kernels.mincut.push import room_ahead, room_back

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Whole = NDArray[Any]
Shape = tuple[int, int, int]

SIZE = 4
"""Voxels along one edge of a cell."""

_REACHED = 32
_SEEN = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """What stands in each cell of 4 x 4 x 4 voxels.

    kinds : flat, with a border of nothing; 1 and 2 for free voxels or seeds of side 1 and 2,
        + 4 and + 8 where there are seeds of side 1 and 2
    shape : with the border
    """

    kinds: Bytes
    shape: Shape


def gather_cells(code: Bytes, shape: Shape) -> Cells:
    """The cells of a padded grid of codes."""
    i, j, k = (-(-n // SIZE) + 2 for n in shape)
    kinds = np.zeros((i, j, k), dtype=np.uint8)
    _gather(code.reshape(shape), kinds)
    return Cells(kinds=kinds.reshape(-1), shape=(i, j, k))


@compiled
def _gather(code: Bytes, kinds: Bytes) -> None:
    ni, nj, _ = code.shape
    row = np.zeros(SIZE * (kinds.shape[2] - 2), dtype=np.uint8)
    for i in range(0, ni, SIZE):
        for j in range(0, nj, SIZE):
            row[:] = 0
            for p in range(i, min(i + SIZE, ni)):
                for q in range(j, min(j + SIZE, nj)):
                    _gather_row(code[p, q], row)
            found = kinds[i // SIZE + 1, j // SIZE + 1]
            for k in range(row.size // SIZE):
                n = SIZE * k
                found[k + 1] = row[n] | row[n + 1] | row[n + 2] | row[n + 3]


@compiled
def _gather_row(code: Bytes, row: Bytes) -> None:
    for k in range(code.size):
        side = code[k] & np.uint8(3)
        row[k] |= side | (side * (code[k] & np.uint8(4)))


def list_tube(
    cells: Cells, code: Bytes, shape: Shape, spots: Ints, region: int, size: tuple[int, int, int]
) -> Ints:
    """Free voxels of a region in cells around spots and on short ways from there to seeds.

    size : how many steps of cells belong to the tube around spots; how many of the neighbours
        nearer to seeds each cell leads on to; and how many steps are added around all of it
    """
    spots = spots[code[spots] == region]
    if spots.size == 0:
        return spots
    i, j, k = np.unravel_index(spots, shape)
    starts = np.ravel_multi_index((i // SIZE + 1, j // SIZE + 1, k // SIZE + 1), cells.shape)
    queue = np.empty(cells.kinds.size, dtype=np.int32)
    steps = np.array([cells.shape[1] * cells.shape[2], cells.shape[2], 1], dtype=np.int64)
    distance = np.full(cells.kinds.size, -1, dtype=np.int32)
    _measure_cells(cells.kinds, steps, region, distance, queue)
    many = _mark_tube(cells.kinds, steps, region, distance, starts, size, queue)
    voxels = np.empty(SIZE**3 * many, dtype=np.int32)
    found = _list_voxels(code, shape, cells.shape, queue[:many], region, voxels)
    return voxels[:found]


@compiled
def _measure_cells(kinds: Bytes, steps: Longs, region: int, distance: Ints, queue: Ints) -> None:
    """Steps from each cell of a region to the nearest one with its seeds."""
    tail = 0
    for c in range(kinds.size):
        if kinds[c] & (region << 2):
            distance[c] = 0
            queue[tail] = c
            tail += 1
    head = 0
    while head < tail:
        c = queue[head]
        head += 1
        for step in steps:
            for d in (c - step, c + step):
                if kinds[d] & region and distance[d] < 0:
                    distance[d] = distance[c] + 1
                    queue[tail] = d
                    tail += 1


@compiled
def _mark_tube(  # noqa: PLR0917
    kinds: Bytes,
    steps: Longs,
    region: int,
    distance: Ints,
    starts: Longs,
    size: tuple[int, int, int],
    queue: Ints,
) -> int:
    """Lists the cells of a tube in `queue`; returns how many there are."""
    seen = np.zeros(kinds.size, dtype=np.uint8)
    tail = 0
    for c in starts:
        if not seen[c]:
            seen[c] = 1
            queue[tail] = c
            tail += 1
    width, paths, around = size
    tail = _grow(kinds, steps, region, width, seen, queue, 0, tail)
    head = 0
    while head < tail:
        c = queue[head]
        head += 1
        left = paths
        for step in steps:
            for d in (c - step, c + step):
                if left and kinds[d] & region and 0 <= distance[d] < distance[c]:
                    left -= 1
                    if not seen[d]:
                        seen[d] = 1
                        queue[tail] = d
                        tail += 1
    return _grow(kinds, steps, region, around, seen, queue, 0, tail)


@compiled
def _grow(  # noqa: PLR0917
    kinds: Bytes,
    steps: Longs,
    region: int,
    width: int,
    seen: Bytes,
    queue: Ints,
    head: int,
    tail: int,
) -> int:
    """Lists the cells of a region up to `width` steps from queue[head:tail]."""
    for _ in range(width):
        stop = tail
        while head < stop:
            c = queue[head]
            head += 1
            for step in steps:
                for d in (c - step, c + step):
                    if not seen[d] and kinds[d] & region:
                        seen[d] = 1
                        queue[tail] = d
                        tail += 1
    return tail


@compiled
def _list_voxels(
    code: Bytes, shape: Shape, wide: Shape, listed: Ints, region: int, voxels: Ints
) -> int:
    """Lists the free voxels of a region in listed cells."""
    ni, nj, nk = shape
    found = 0
    for c in listed:
        i = SIZE * (c // (wide[1] * wide[2]) - 1)
        j = SIZE * (c // wide[2] % wide[1] - 1)
        k = SIZE * (c % wide[2] - 1)
        for p in range(i, min(i + SIZE, ni)):
            for q in range(j, min(j + SIZE, nj)):
                for v in range((p * nj + q) * nk + k, (p * nj + q) * nk + min(k + SIZE, nk)):
                    if code[v] == region:
                        voxels[found] = v
                        found += 1
    return found


@compiled
def saturate_listed(
    edges: Edges, flow: Whole, excess: Whole, code: Bytes, off: Longs, places: Longs
) -> None:
    """Fills the edges of listed voxels from side 1 to side 2; all others must be full."""
    for n in range(places.size):
        for a in range(2 * off.size):
            half = a >> 1
            v = places[n] if a & 1 == 0 else places[n] - off[half]
            w = v + off[half]
            side, other = code[v] & 3, code[w] & 3
            if side == 0 or side + other != 3:
                continue
            full = ahead(edges, v, w, half) if side == 1 else -behind(edges, v, w, half)
            more = full - flow[v, half]
            flow[v, half] = full
            excess[v] -= more
            excess[w] += more


@compiled
def _room(  # noqa: PLR0917
    edges: Edges, flow: Whole, v: int, w: int, half: int, forth: bool, turn: int
) -> Any:
    """How much excess may move, in the sense of `turn`, from v to w, ahead of it or behind."""
    if forth:
        return room_ahead(edges, flow, v, w, half, turn)
    return room_back(edges, flow, w, v, half, turn)


@compiled
def drop_enclosed(  # noqa: PLR0917 - numba takes no dataclass
    edges: Edges,
    flow: Whole,
    code: Bytes,
    label: Whole,
    far: int,
    off: Longs,
    region: int,
    turn: int,
    spread: bool,
    heads: Ints,
    many: int,
    queue: Ints,
    before: Ints,
    known: Ints,
    gone: Ints,
    ends: Longs,
) -> bool:
    """Moves what no sink can be reached from to the other side, as far as heads[:many] tell.

    From each head that has no distance yet a search goes along edges with room, in the sense of
    `turn`, until it meets a seed or a voxel with a distance or on the way of an earlier search.
    Where it ends without, all that it has seen is enclosed and changes side.
    spread : whether voxels with room into such a pocket become heads too
    known[:ends[0]] : the ways found; gone[:ends[1]] : voxels that changed side
    False when a list is too short; then some heads have not been looked at.
    """
    sign = 2 * region - 3
    marked = dropped = 0
    done = True
    while many > 0 and done:
        many -= 1
        first = heads[many]
        if code[first] != region or 0 < sign * label[first] < far:
            continue
        code[first] |= _SEEN
        queue[0] = first
        before[0] = -1
        head = 0
        tail = 1
        met = False
        while head < tail and not met and done:
            v = np.int64(queue[head])
            head += 1
            for a in range(2 * off.size):
                forth = a & 1 == 0
                w = v + off[a >> 1] if forth else v - off[a >> 1]
                if code[w] & 19 != region or _room(edges, flow, v, w, a >> 1, forth, turn) <= 0:
                    continue
                if code[w] != region or 0 < sign * label[w] < far:
                    met = True
                    break
                if tail == queue.size:
                    done = False
                    break
                code[w] |= _SEEN
                queue[tail] = w
                before[tail] = head - 1
                tail += 1
        for n in range(tail):
            code[queue[n]] = region
        if met:
            n = head - 1
            while n >= 0 and marked < known.size:
                code[queue[n]] |= _REACHED
                known[marked] = queue[n]
                marked += 1
                n = before[n]
            done = n < 0
        elif done and dropped + tail > gone.size:
            done = False
        elif done:
            for n in range(tail):
                code[queue[n]] = 3 - region
                label[queue[n]] = 0
                gone[dropped + n] = queue[n]
            dropped += tail
            for n in range(tail if spread else 0):
                v = np.int64(queue[n])
                for a in range(2 * off.size):
                    forth = a & 1 == 0
                    w = v + off[a >> 1] if forth else v - off[a >> 1]
                    if code[w] == region and _room(edges, flow, w, v, a >> 1, not forth, turn) > 0:
                        if many < heads.size:
                            heads[many] = w
                            many += 1
                        else:
                            done = False
    for n in range(marked):
        code[known[n]] = region
    ends[0] = marked
    ends[1] = dropped
    return done
