"""The two largest eigenvalues of symmetric 3 x 3 matrices in closed form, row by row."""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled_with

ROOT3 = 1.7320508075688772
TINY = 1e-30  # below it float32 is subnormal, which is slow


@compiled_with(error_model="numpy")
def largest_two(
    xx: float, yy: float, zz: float, xy: float, xz: float, yz: float
) -> tuple[float, float]:
    """Largest and second largest eigenvalue of one symmetric matrix.

    Smith 1961 (doi:10.1145/355578.366316). cos(acos(r) / 3) for 0 <= r <= 1 is the largest
    root of 4 y^3 - 3 y = r; it comes from a polynomial (error 1.3e-8) and one step of Newton
    (1e-15): no branch and no library call, so that rows of it run in vector registers.
    """
    mean = (xx + yy + zz) / 3.0
    a, b, c = xx - mean, yy - mean, zz - mean
    square = (a * a + b * b + c * c + 2.0 * (xy * xy + xz * xz + yz * yz)) / 6.0
    square = max(square, 1e-60)
    root = np.sqrt(square)
    half = 0.5 * (a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz))
    r = min(abs(half) / (square * root), 1.0)
    y = 5.426077123047435e-4
    y = y * r - 2.922830501063345e-3
    y = y * r + 7.664301754289227e-3
    y = y * r - 1.4289564826206913e-2
    y = y * r + 2.4392383831939313e-2
    y = y * r - 4.8077350345029135e-2
    y = y * r + 0.16666504306323746
    y = y * r + 0.8660254163908417
    y -= (y * (4.0 * y * y - 3.0) - r) / (12.0 * y * y - 3.0)
    apart = root * y
    wide = ROOT3 * root * np.sqrt(max(1.0 - y * y, 0.0))
    upper = half >= 0.0  # the eigenvalue that stands apart is the largest, not the smallest
    first = 2.0 * apart if upper else apart + wide
    second = wide - apart if upper else apart - wide
    return mean + first, mean + second


@compiled_with(error_model="numpy")
def measure_row(
    rows: NDArray[np.float32], start: int, pitch: int, out: NDArray[np.float32]
) -> None:
    """out[x] = max(out[x], geometric mean of the two largest eigenvalues, both positive).

    rows : flat; the six entries xx, yy, zz, xy, xz, yz lie `pitch` floats apart from `start`
    """
    n = out.size
    xx = rows[start : start + n]
    yy = rows[start + pitch : start + pitch + n]
    zz = rows[start + 2 * pitch : start + 2 * pitch + n]
    xy = rows[start + 3 * pitch : start + 3 * pitch + n]
    xz = rows[start + 4 * pitch : start + 4 * pitch + n]
    yz = rows[start + 5 * pitch : start + 5 * pitch + n]
    for x in range(n):
        first, second = largest_two(
            np.float64(xx[x]),
            np.float64(yy[x]),
            np.float64(zz[x]),
            np.float64(xy[x]),
            np.float64(xz[x]),
            np.float64(yz[x]),
        )
        second = second if second > TINY else 0.0
        value = np.float32(np.sqrt(first * second))
        out[x] = max(out[x], value)
