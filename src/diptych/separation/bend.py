"""How tightly the cut bends: the smaller of its two radii of curvature at each face.

The sides are smoothed as for areas (3 mm), which takes the staircase of voxels away; the cut is
then a level of a smooth function f, and its curvatures are the eigenvalues of P H P / |g|, with
g the gradient and H the second derivatives of f, and P the projection onto the surface
(Goldman 2005, doi:10.1016/j.cagd.2005.06.005). Bends much tighter than the smoothing look as
wide as it. Spheres and cylinders in the tests are met within 10 %.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.separation.area import SMOOTHING, smooth_sides

Numbers = NDArray[np.float64]
Spacing = tuple[float, float, float]
_MARGIN = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bend:
    """Curvature (N,) of the tightest bend at each face, per mm (its radius is 1 over it), and
    area (N,) cm2 that each face contributes without the staircase of voxels.
    """

    curvature: Numbers
    area: Numbers


def measure_bend(side: NDArray[np.uint8], middle: NDArray[np.int64], spacing: Spacing) -> Bend:
    """How the cut bends at faces, and their areas.

    side : (I, J, K) uint8, 0 no tissue, 1 with A, 2 with B
    middle : (N, 3) doubled indices of the faces' middles (voxel i has its middle at 2 i + 1)
    """
    if not len(middle):
        return Bend(curvature=np.zeros(0), area=np.zeros(0))
    corner = np.maximum(middle.min(axis=0) // 2 - _MARGIN, 0)
    stop = middle.max(axis=0) // 2 + _MARGIN + 1
    block = tuple(slice(int(a), int(b)) for a, b in zip(corner, stop, strict=True))
    smooth = np.pad(smooth_sides(side[block], spacing, SMOOTHING), 1, mode="edge")
    ends = [(middle - 1) // 2 - corner + 1, middle // 2 - corner + 1]
    tilt = sum(_gradient(smooth, end, spacing) for end in ends) / 2.0
    bend = sum(_hessian(smooth, end, spacing) for end in ends) / 2.0
    size = np.maximum(np.linalg.norm(tilt, axis=1), 1e-12)
    normal = tilt / size[:, None]
    flat = np.eye(3) - normal[:, :, None] * normal[:, None, :]
    curvature = np.linalg.eigvalsh(flat @ bend @ flat / size[:, None, None])
    across = np.argmax(middle % 2 == 0, axis=1)
    face = np.prod(spacing) / np.array(spacing)[across] / 100.0
    cosine = np.abs(normal[np.arange(len(middle)), across])
    return Bend(curvature=np.abs(curvature).max(axis=1), area=face * cosine)


def _read(smooth: Numbers, at: NDArray[np.int64], step: tuple[int, ...]) -> Numbers:
    i, j, k = (at + np.array(step)).T
    values: Numbers = smooth[i, j, k]
    return values


def _gradient(smooth: Numbers, at: NDArray[np.int64], spacing: Spacing) -> Numbers:
    """(N, 3) first derivatives per mm."""
    found = []
    for axis in range(3):
        step = tuple(int(axis == other) for other in range(3))
        back = tuple(-value for value in step)
        found.append((_read(smooth, at, step) - _read(smooth, at, back)) / (2.0 * spacing[axis]))
    return np.stack(found, axis=1)


def _hessian(smooth: Numbers, at: NDArray[np.int64], spacing: Spacing) -> Numbers:
    """(N, 3, 3) second derivatives per mm2."""
    found = np.zeros((len(at), 3, 3))
    for a in range(3):
        for b in range(a, 3):
            value = _second(smooth, at, a, b) / (spacing[a] * spacing[b])
            found[:, a, b] = found[:, b, a] = value
    return found


def _second(smooth: Numbers, at: NDArray[np.int64], a: int, b: int) -> Numbers:
    if a == b:
        step = tuple(int(a == other) for other in range(3))
        back = tuple(-value for value in step)
        ends = _read(smooth, at, step) + _read(smooth, at, back)
        return ends - 2.0 * _read(smooth, at, (0, 0, 0))
    total = np.zeros(len(at))
    for p, q in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
        step = tuple(p if axis == a else q if axis == b else 0 for axis in range(3))
        total += p * q * _read(smooth, at, step)
    return total / 4.0
