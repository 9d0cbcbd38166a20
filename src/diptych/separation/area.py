"""Area of a voxel surface, without the bias of the staircase.

Each voxel face that the cut crosses counts its own area times the cosine between the face
and the surface. For a plane with unit normal n this sums to the true area exactly, as
sum over axes of |n_i| x |n_i| is 1; the normal comes from the smoothed sides. Checked on
spheres, slanted discs and a bent sheet in the tests (within 2 %). At the rim the sides are
carried on into the air, and a face with tissue on one side only counts half: a slanted disc
would otherwise lose half a voxel of its rim.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.separation.region import find_box, meet_blocks

SMOOTHING = 3.0
_MARGIN = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutFaces:
    """The faces of a cut.

    first, second : (N,) flat indices of the voxels on either side of each face
    area : (N,) cm2 that each face contributes
    middle : (N, 3) voxel coordinates of the faces' centres
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    area: NDArray[np.float64]
    middle: NDArray[np.float64]


def measure_faces(side: NDArray[np.uint8], spacing: tuple[float, float, float]) -> CutFaces:
    """All faces between sides 1 and 2 with their unbiased areas."""
    block = _cut_block(side)
    if block is None:
        none = np.zeros(0, dtype=np.int64)
        return CutFaces(first=none, second=none, area=np.zeros(0), middle=np.zeros((0, 3)))
    corner = np.array([axis.start for axis in block])
    part = side[block]
    smooth = smooth_sides(part, spacing)
    gradient = [np.gradient(smooth, step, axis=axis) for axis, step in enumerate(spacing)]
    carried = np.where(part != 0, part, np.where(smooth > 0.0, 1, 2)).astype(np.uint8)
    sizes = np.array(spacing)
    found = [_faces_along(part, carried, gradient, axis, sizes) for axis in range(3)]
    here = np.concatenate([entry[0] for entry in found]) + corner
    there = np.concatenate([entry[1] for entry in found]) + corner
    return CutFaces(
        first=np.ravel_multi_index(tuple(here.T), side.shape).astype(np.int64),
        second=np.ravel_multi_index(tuple(there.T), side.shape).astype(np.int64),
        area=np.concatenate([entry[2] for entry in found]),
        middle=(here + there) / 2.0,
    )


def _cut_block(side: NDArray[np.uint8]) -> tuple[slice, slice, slice] | None:
    """The block around all faces of the cut, None when there are none."""
    near = meet_blocks(find_box(side == 1, room=1), find_box(side == 2, room=1))
    part = side[near]
    touched = np.zeros(part.shape, dtype=np.bool_)
    for axis in range(3):
        here, there = _along(axis)
        touched[here] |= (part[here] ^ part[there]) == 3  # 1 beside 2
    if not touched.any():
        return None
    i, j, k = (
        slice(
            max(start.start + inner.start - _MARGIN, 0),
            min(start.start + inner.stop + _MARGIN + 1, most),
        )
        for start, inner, most in zip(near, find_box(touched), side.shape, strict=True)
    )
    return i, j, k


def _along(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    here, there = [slice(None)] * 3, [slice(None)] * 3
    here[axis], there[axis] = slice(0, -1), slice(1, None)
    return tuple(here), tuple(there)


def smooth_sides(
    part: NDArray[np.uint8], spacing: tuple[float, float, float], smoothing: float = SMOOTHING
) -> NDArray[np.float64]:
    """1 deep in side 1, -1 deep in side 2, smooth between and carried on into the air.

    part : (I, J, K) sides; spacing, smoothing : mm, at least one voxel. (I, J, K) float64.
    """
    widths = [max(smoothing / step, 1.0) for step in spacing]
    tilt = (part == 1).astype(np.float64) - (part == 2)
    weight = ndimage.gaussian_filter((part != 0).astype(np.float64), widths, mode="nearest")
    smooth: NDArray[np.float64] = ndimage.gaussian_filter(tilt, widths, mode="nearest")
    smooth /= np.maximum(weight, 1e-6)
    return smooth


def _faces_along(
    part: NDArray[np.uint8],
    carried: NDArray[np.uint8],
    gradient: list[NDArray[np.float64]],
    axis: int,
    sizes: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Voxels on either side (the tissue one twice, at the rim) and area of each face."""
    here, there = _along(axis)
    filled = (part[here] != 0).astype(np.float64) + (part[there] != 0)
    parted = (carried[here] != carried[there]) & (filled > 0)
    places = np.argwhere(parted)
    step = np.zeros(3, dtype=np.int64)
    step[axis] = 1
    beyond = places + step
    first = np.where((part[here][parted] != 0)[:, None], places, beyond)
    second = np.where((part[there][parted] != 0)[:, None], beyond, places)
    normal = np.stack(
        [(component[here] + component[there])[parted] for component in gradient], axis=1
    )
    length = np.maximum(np.linalg.norm(normal, axis=1), 1e-12)
    face = float(np.prod(sizes) / sizes[axis]) / 100.0
    cosine = np.abs(normal[:, axis]) / length
    return first, second, face * cosine * filled[parted] / 2.0
