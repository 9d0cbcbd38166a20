"""Coarser grids that keep thin cheap sheets, and the band around a coarse cut.

A coarse voxel is 2 x 2 x 2 fine ones. The capacity between two coarse voxels is summed over
the four lines that join them; each line counts its cheapest edge (the one across, or the one
behind or before it in the two voxels), so that a cheap sheet one voxel thick stays cheap.
Coarse cuts only say where to look first; the cut returned does not depend on them.
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.capacity import Edges, ahead, behind

_CEILING = 1 << 28
Shape = tuple[int, int, int]
Bytes = NDArray[np.uint8]


@compiled
def coarsen_codes(
    code: Bytes, fine: Shape, coarse: Shape, start: int, stop: int, out: Bytes
) -> None:
    """Codes of coarse voxels, planes start to stop: 1 tissue, + 4 and side where seeds agree.

    A coarse voxel that holds seeds of both kinds gets 32.
    """
    _, fj, fk = fine
    _, cj, ck = coarse
    for i in range(start, stop):
        for j in range(1, cj - 1):
            c = (i * cj + j) * ck
            row = out[c : c + ck]
            for di in range(2):
                for dj in range(2):
                    if 2 * i - 1 + di >= fine[0] or 2 * j - 1 + dj >= fj:
                        continue
                    v = ((2 * i - 1 + di) * fj + 2 * j - 1 + dj) * fk
                    _join_codes(code[v : v + fk], row)
            for k in range(1, ck - 1):
                seeds = (row[k] >> 3) & 3
                if row[k] == 0:
                    continue
                if seeds == 0:
                    row[k] = 1
                elif seeds == 3:
                    row[k] = 32
                else:
                    row[k] = seeds + 4


@compiled
def _join_codes(fine: Bytes, coarse: Bytes) -> None:
    """Adds a row of fine codes to a coarse row: 8 and 16 for seeds of each kind, 64 for tissue."""
    whole = (fine.size - 1) // 2
    for k in range(whole):
        p, q = fine[2 * k + 1], fine[2 * k + 2] if 2 * k + 2 < fine.size else np.uint8(0)
        seeds = (p & 3 if p & 4 else np.uint8(0)) | (q & 3 if q & 4 else np.uint8(0))
        coarse[k + 1] |= (seeds << 3) | (np.uint8(64) if p | q else np.uint8(0))


@compiled
def coarsen_edges(  # noqa: PLR0917 - numba takes no dataclass
    edges: Edges,
    code: Bytes,
    off: NDArray[np.int64],
    fine: Shape,
    coarse: Shape,
    start: int,
    stop: int,
    kept: Bytes,
    forward: NDArray[np.int32],
    backward: NDArray[np.int32],
    both: bool,
) -> None:
    """Capacities of coarse faces, planes start to stop, of voxels with a code in `kept`.

    `backward` is written only where `both` is true.
    """
    _, fj, fk = fine
    ci, cj, ck = coarse
    for i in range(start, stop):
        for j in range(1, cj - 1):
            for k in range(1, ck - 1):
                c = np.uintp((i * cj + j) * ck + k)
                if kept[c] == 0:
                    continue
                corner = np.uintp(((2 * i - 1) * fj + 2 * j - 1) * fk + 2 * k - 1)
                for a in range(3):
                    if (
                        (i == ci - 2 and a == 0)
                        or (j == cj - 2 and a == 1)
                        or (k == ck - 2 and a == 2)
                    ):
                        continue
                    step = np.uintp(off[a])
                    one, two = np.uintp(off[(a + 1) % 3]), np.uintp(off[(a + 2) % 3])
                    there = 0
                    back = 0
                    for q in range(4):
                        p0 = corner + np.uintp(q & 1) * one + np.uintp(q >> 1) * two
                        p1 = p0 + step
                        q0 = p1 + step
                        if code[p1] == 0 or code[q0] == 0:
                            continue
                        line = ahead(edges, p1, q0, a)
                        if code[p0] != 0:
                            line = min(line, ahead(edges, p0, p1, a))
                        q1 = q0 + step
                        if code[q1] != 0:
                            line = min(line, ahead(edges, q0, q1, a))
                        there += line
                        if both:
                            line = behind(edges, p1, q0, a)
                            if code[p0] != 0:
                                line = min(line, behind(edges, p0, p1, a))
                            if code[q1] != 0:
                                line = min(line, behind(edges, q0, q1, a))
                            back += line
                    forward[c, a] = min(there, _CEILING)
                    if both:
                        backward[c, a] = min(back, _CEILING)


@compiled
def mark_band(
    code: Bytes, shape: Shape, corners: bool, mixed: NDArray[np.int64], near: Bytes
) -> int:
    """Marks voxels within one step of where the sides meet; returns how many.

    Sides meet across faces, or across edges and corners too, and in the voxels listed as mixed.
    """
    ni, nj, nk = shape
    marked = 0
    for i in range(1, ni - 1):
        for j in range(1, nj - 1):
            for k in range(1, nk - 1):
                v = (i * nj + j) * nk + k
                if code[v] == 0:
                    continue
                other = 3 - (code[v] & 3)
                meets = (
                    code[v + 1] & 3 == other
                    or code[v - 1] & 3 == other
                    or code[v + nk] & 3 == other
                    or code[v - nk] & 3 == other
                    or code[v + nj * nk] & 3 == other
                    or code[v - nj * nk] & 3 == other
                )
                if corners and not meets:
                    for p in range(27):
                        w = v + ((p // 9 - 1) * nj + p // 3 % 3 - 1) * nk + p % 3 - 1
                        if code[w] & 3 == other:
                            meets = True
                if meets:
                    for p in range(27):
                        w = v + ((p // 9 - 1) * nj + p // 3 % 3 - 1) * nk + p % 3 - 1
                        if near[w] == 0:
                            near[w] = 1
                            marked += 1
    for n in range(mixed.size):
        for p in range(27):
            w = mixed[n] + ((p // 9 - 1) * nj + p // 3 % 3 - 1) * nk + p % 3 - 1
            if near[w] == 0:
                near[w] = 1
                marked += 1
    return marked


@compiled
def refine_sides(  # noqa: PLR0917 - numba takes no dataclass
    coarse_code: Bytes,
    near: Bytes,
    coarse: Shape,
    code: Bytes,
    fine: Shape,
    start: int,
    stop: int,
    listed: NDArray[np.int32],
) -> int:
    """Sides of free fine voxels, planes start to stop; all but the band is held (+ 8).

    Writes the band's free voxels to `listed` and returns how many there are.
    """
    _, fj, fk = fine
    _, cj, ck = coarse
    found = 0
    for i in range(start, stop):
        for j in range(1, fj - 1):
            v0 = np.uintp((i * fj + j) * fk)
            c0 = np.uintp(((i + 1) // 2 * cj + (j + 1) // 2) * ck)
            for k in range(1, fk - 1):
                v = v0 + np.uintp(k)
                if code[v] == 0 or code[v] & 4:
                    continue
                c = c0 + np.uintp((k + 1) // 2)
                side = coarse_code[c] & 3
                if near[c]:
                    code[v] = side
                    listed[found] = v
                    found += 1
                else:
                    code[v] = side + 8
    return found


@compiled
def release(code: Bytes) -> None:
    """Frees the voxels that were held for the band."""
    for v in range(code.size):
        code[v] &= 7


def coarser_shape(shape: Shape) -> Shape:
    """Padded shape of the grid of voxels twice as large."""
    i, j, k = ((n - 1) // 2 + 2 for n in shape)
    return i, j, k
