"""Thinning of a mask to lines one voxel wide that hang together as the mask does.

Layer by layer, from six sides in turn, voxels are taken off that are simple (their removal
joins, parts, opens and closes nothing; foreground 26-connected, background 6-connected) and
are not the end of a line. One voxel goes at a time, those with most neighbours first: where
all candidates of a side go in order of place, a straight tube two voxels wide is eaten up
from its end.
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

_OFFSETS = np.array(list(np.ndindex(3, 3, 3)), dtype=np.int64) - 1
_MIDDLE = 13
_SIDES = (4, 22, 10, 16, 12, 14)
"""The six face neighbours among the 27."""


def _neighbour_bits(most: int, within: int) -> NDArray[np.int64]:
    """For each of the 27 places the others (bits) at most `most` steps of its faces, edges
    and corners away, among the places that are within `within` of the middle.
    """
    away = np.abs(_OFFSETS[:, None] - _OFFSETS[None])
    near = (away.max(axis=2) == 1) & (away.sum(axis=2) <= most)
    around = np.abs(_OFFSETS).sum(axis=1)
    allowed = (around > 0) & (around <= within)
    near &= allowed[:, None] & allowed[None]
    result: NDArray[np.int64] = (near * (1 << np.arange(27, dtype=np.int64))).sum(axis=1)
    return result


_NEAR_26 = _neighbour_bits(3, 3)
_NEAR_6 = _neighbour_bits(1, 2)
_ALL_18 = int(sum(1 << n for n in range(27) if 0 < np.abs(_OFFSETS[n]).sum() <= 2))
_ALL_6 = sum(1 << n for n in _SIDES)


def thin_mask(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Voxels (N, 3) of the lines that a mask (I, J, K) is thinned to, sorted by place."""
    grid = np.pad(mask, 1).astype(np.uint8)
    strides = np.array([grid.shape[1] * grid.shape[2], grid.shape[2], 1], dtype=np.int64)
    places = np.flatnonzero(grid).astype(np.int64)
    _thin(grid.reshape(-1), places, _OFFSETS @ strides, _NEAR_26, _NEAR_6)
    return np.argwhere(grid) - 1


@compiled
def _thin(grid, places, steps, near_26, near_6):  # type: ignore[no-untyped-def]
    left = places.copy()
    count = len(left)
    chosen = np.empty(count, dtype=np.int64)
    weight = np.empty(count, dtype=np.int64)
    changed = True
    while changed:
        changed = False
        for side in (4, 22, 10, 16, 12, 14):
            found = 0
            for n in range(count):
                place = left[n]
                if grid[place + steps[side]] == 0:
                    bits, size = _around(grid, place, steps)
                    if size > 1 and _is_simple(bits, near_26, near_6):
                        chosen[found] = place
                        weight[found] = 27 - size
                        found += 1
            order = np.argsort(weight[:found], kind="mergesort")
            for n in order:
                place = chosen[n]
                bits, size = _around(grid, place, steps)
                if size > 1 and _is_simple(bits, near_26, near_6):
                    grid[place] = 0
                    changed = True
            kept = 0
            for n in range(count):
                if grid[left[n]] != 0:
                    left[kept] = left[n]
                    kept += 1
            count = kept


@compiled
def _around(grid, place, steps):  # type: ignore[no-untyped-def]
    """The foreground among the 26 neighbours, as bits, and their number."""
    bits, size = 0, 0
    for n in range(27):
        if n != _MIDDLE and grid[place + steps[n]] != 0:
            bits |= 1 << n
            size += 1
    return bits, size


@compiled
def _is_simple(bits, near_26, near_6):  # type: ignore[no-untyped-def]
    """Whether the foreground is one piece and the background at the faces is one piece."""
    empty = ~bits & _ALL_18
    faces = empty & _ALL_6
    if bits == 0 or faces == 0:
        return False
    return _flood(bits, bits & -bits, near_26) == bits and (
        _flood(empty, faces & -faces, near_6) & faces == faces
    )


@compiled
def _flood(bits, seed, near):  # type: ignore[no-untyped-def]
    """The piece of `bits` that hangs together with `seed`."""
    reached, front = seed, seed
    while front != 0:
        grown = 0
        for n in range(27):
            if front >> n & 1:
                grown |= near[n]
        front = grown & bits & ~reached
        reached |= front
    return reached
