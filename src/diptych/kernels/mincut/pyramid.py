"""Coarser grids that keep thin cheap sheets, and the band around a coarse cut.

A coarse voxel is 2 x 2 x 2 fine ones. The capacity between two coarse voxels is summed
over the four lines that join them; each line counts its cheapest edge (the one inside the
nearer voxel or the one across), so that a cheap sheet one voxel thick stays cheap.
Coarse cuts only say where to look first; the cut returned does not depend on them.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_CEILING = 2**28


@njit(cache=True, nogil=True)
def coarsen(
    residual: NDArray[np.int32],
    tissue: NDArray[np.uint8],
    seed: NDArray[np.uint8],
    fine: tuple[int, int, int],
    coarse: tuple[int, int, int],
) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.uint8]]:
    """Capacities (N, 6), tissue and seeds of the coarse grid; both shapes are padded ones.

    A coarse voxel is a seed when its fine voxels hold seeds of one kind only.
    """
    _, fj, fk = fine
    ci, cj, ck = coarse
    strides = np.array([fj * fk, fk, 1])
    capacity = np.zeros((ci * cj * ck, 6), dtype=np.int32)
    has_tissue = np.zeros(ci * cj * ck, dtype=np.uint8)
    kinds = np.zeros(ci * cj * ck, dtype=np.uint8)
    sizes = np.array([fine[0] - 2, fine[1] - 2, fine[2] - 2])
    place = np.zeros(3, dtype=np.int64)
    for i in range(sizes[0]):
        for j in range(sizes[1]):
            for k in range(sizes[2]):
                v = (i + 1) * strides[0] + (j + 1) * strides[1] + k + 1
                if tissue[v] == 0:
                    continue
                c = ((i // 2 + 1) * cj + j // 2 + 1) * ck + k // 2 + 1
                has_tissue[c] = 1
                kinds[c] |= seed[v]
                place[0], place[1], place[2] = i, j, k
                for axis in range(3):
                    if place[axis] % 2 == 1:
                        across = residual[v, 2 * axis]
                        inner = v - strides[axis]
                        if tissue[inner] != 0:
                            across = min(across, residual[inner, 2 * axis])
                        if across > 0:
                            total = capacity[c, 2 * axis] + across
                            capacity[c, 2 * axis] = min(total, _CEILING)
                    elif place[axis] > 0:
                        across = residual[v, 2 * axis + 1]
                        if place[axis] + 1 < sizes[axis] and tissue[v + strides[axis]] != 0:
                            across = min(across, residual[v + strides[axis], 2 * axis + 1])
                        if across > 0:
                            total = capacity[c, 2 * axis + 1] + across
                            capacity[c, 2 * axis + 1] = min(total, _CEILING)
    for c in range(kinds.size):
        if kinds[c] == 3:
            kinds[c] = 0
    return capacity, has_tissue, kinds


@njit(cache=True, nogil=True)
def refine_sides(
    coarse_side: NDArray[np.uint8],
    near: NDArray[np.uint8],
    coarse: tuple[int, int, int],
    tissue: NDArray[np.uint8],
    seed: NDArray[np.uint8],
    fine: tuple[int, int, int],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Sides of the fine grid from the coarse ones, and seeds that hold all but the band."""
    _, fj, fk = fine
    _, cj, ck = coarse
    side = np.zeros(tissue.size, dtype=np.uint8)
    held = np.zeros(tissue.size, dtype=np.uint8)
    for i in range(fine[0] - 2):
        for j in range(fine[1] - 2):
            for k in range(fine[2] - 2):
                v = ((i + 1) * fj + j + 1) * fk + k + 1
                if tissue[v] == 0:
                    continue
                c = ((i // 2 + 1) * cj + j // 2 + 1) * ck + k // 2 + 1
                side[v] = seed[v] if seed[v] != 0 else coarse_side[c]
                if seed[v] != 0 or near[c] == 0:
                    held[v] = side[v]
    return side, held


@njit(cache=True, nogil=True)
def mark_band(side: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """1 where a voxel has the other side within one step (26 neighbours) of a face contact."""
    ni, nj, nk = shape
    near = np.zeros(side.size, dtype=np.uint8)
    for i in range(1, ni - 1):
        for j in range(1, nj - 1):
            for k in range(1, nk - 1):
                v = (i * nj + j) * nk + k
                mine = side[v]
                if mine == 0:
                    continue
                other = 3 - mine
                if (
                    side[v + 1] == other
                    or side[v - 1] == other
                    or side[v + nk] == other
                    or side[v - nk] == other
                    or side[v + nj * nk] == other
                    or side[v - nj * nk] == other
                ):
                    for a in range(-1, 2):
                        for b in range(-1, 2):
                            for c in range(-1, 2):
                                near[v + (a * nj + b) * nk + c] = 1
    return near
