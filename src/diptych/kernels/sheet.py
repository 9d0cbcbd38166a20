"""Thin sheets in a volume: how strongly the image curves across a bright sheet."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.kernels.compiled import compiled


def bright_sheets(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Strength of bright sheets, (I, J, K) float32, 0 where there is none.

    At each voxel max(0, -a - |b| / 2) of the Hessian of the image smoothed over `sigma`
    voxels, with a its lowest eigenvalue (across the sheet) and b the middle one (a rod or
    a ball curves along b too). Units: those of the image, per voxel squared. The border of
    one voxel is 0.
    """
    smooth = ndimage.gaussian_filter(values.astype(np.float32, copy=False), sigma, mode="nearest")
    result = np.zeros(values.shape, dtype=np.float32)
    _sheets(smooth, result)
    return result


@compiled
def _sheets(v: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    ni, nj, nk = v.shape
    for i in range(1, ni - 1):
        for j in range(1, nj - 1):
            for k in range(1, nk - 1):
                c = 2.0 * v[i, j, k]
                xx = v[i + 1, j, k] + v[i - 1, j, k] - c
                yy = v[i, j + 1, k] + v[i, j - 1, k] - c
                zz = v[i, j, k + 1] + v[i, j, k - 1] - c
                xy = 0.25 * (
                    v[i + 1, j + 1, k]
                    + v[i - 1, j - 1, k]
                    - v[i + 1, j - 1, k]
                    - v[i - 1, j + 1, k]
                )
                xz = 0.25 * (
                    v[i + 1, j, k + 1]
                    + v[i - 1, j, k - 1]
                    - v[i + 1, j, k - 1]
                    - v[i - 1, j, k + 1]
                )
                yz = 0.25 * (
                    v[i, j + 1, k + 1]
                    + v[i, j - 1, k - 1]
                    - v[i, j + 1, k - 1]
                    - v[i, j - 1, k + 1]
                )
                low, middle = _two_lowest(xx, yy, zz, xy, xz, yz)
                strength = -low - 0.5 * abs(middle)
                if strength > 0.0:
                    out[i, j, k] = strength


@compiled
def _two_lowest(
    xx: float, yy: float, zz: float, xy: float, xz: float, yz: float
) -> tuple[float, float]:
    """The two lowest eigenvalues of a symmetric 3 x 3 matrix, in closed form."""
    mean = (xx + yy + zz) / 3.0
    off = xy * xy + xz * xz + yz * yz
    a, b, c = xx - mean, yy - mean, zz - mean
    spread = (a * a + b * b + c * c + 2.0 * off) / 6.0
    if spread < 1e-12:
        return mean, mean
    root = np.sqrt(spread)
    half = 0.5 * (a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz))
    ratio = half / (root * root * root)
    ratio = min(max(ratio, -1.0), 1.0)
    angle = np.arccos(ratio) / 3.0
    high = mean + 2.0 * root * np.cos(angle)
    low = mean + 2.0 * root * np.cos(angle + 2.0943951023931953)
    return low, 3.0 * mean - high - low
