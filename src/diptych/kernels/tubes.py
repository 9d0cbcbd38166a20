"""Round tubes along centrelines as a level field on a voxel grid, for drawing vessels."""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

FloatArray = NDArray[np.float64]

_RAMP = 3.0


def draw_tubes(
    shape: tuple[int, int, int],
    affine: FloatArray,
    segments: FloatArray,
    labels: NDArray[np.uint8],
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Level field (inside > 0.5) and labels, both of `shape`, of tubes.

    segments : (N, 8) start x, y, z, radius and end x, y, z, radius, LPS+ mm
    labels : (N,) label of each segment; where tubes meet, the deeper one lends its label and
        of equals the first
    The level falls linearly by 1 over three voxels, so that a tube as thin as one voxel is
    still drawn round.
    """
    level = np.zeros(shape, dtype=np.float32)
    label = np.zeros(shape, dtype=np.uint8)
    spacing = float(np.linalg.norm(affine[:3, :3], axis=0).max())
    inverse = np.linalg.inv(affine[:3, :3])
    _fill(level, label, affine, inverse, segments, labels, spacing)
    return level, label


@compiled
def _fill(level, label, affine, inverse, segments, labels, spacing):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    low = np.empty(3, dtype=np.int64)
    high = np.empty(3, dtype=np.int64)
    for n in range(segments.shape[0]):
        reach = max(segments[n, 3], segments[n, 7]) + _RAMP * spacing
        for axis in range(3):
            a, b, extent = 0.0, 0.0, 0.0
            for m in range(3):
                a += inverse[axis, m] * (segments[n, m] - affine[m, 3])
                b += inverse[axis, m] * (segments[n, 4 + m] - affine[m, 3])
                extent += inverse[axis, m] ** 2
            extent = np.sqrt(extent) * reach
            low[axis] = max(int(np.floor(min(a, b) - extent)), 0)
            high[axis] = min(int(np.ceil(max(a, b) + extent)), level.shape[axis] - 1)
        d0 = segments[n, 4] - segments[n, 0]
        d1 = segments[n, 5] - segments[n, 1]
        d2 = segments[n, 6] - segments[n, 2]
        square = d0 * d0 + d1 * d1 + d2 * d2 + 1e-12
        for i in range(low[0], high[0] + 1):
            for j in range(low[1], high[1] + 1):
                for k in range(low[2], high[2] + 1):
                    p0 = affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3]
                    p1 = affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3]
                    p2 = affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3]
                    q0 = p0 - segments[n, 0]
                    q1 = p1 - segments[n, 1]
                    q2 = p2 - segments[n, 2]
                    s = min(max((q0 * d0 + q1 * d1 + q2 * d2) / square, 0.0), 1.0)
                    q0 -= s * d0
                    q1 -= s * d1
                    q2 -= s * d2
                    radius = segments[n, 3] + s * (segments[n, 7] - segments[n, 3])
                    deep = radius - np.sqrt(q0 * q0 + q1 * q1 + q2 * q2)
                    value = np.float32(min(0.5 + deep / (_RAMP * spacing), 1.0))
                    if value > level[i, j, k]:
                        level[i, j, k] = value
                        label[i, j, k] = labels[n]
