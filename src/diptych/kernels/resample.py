"""A volume on another grid: nearest, linear or cubic, for one affine map of the indices."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diptych.kernels.resample_rows import sample_cubic, sample_linear, sample_nearest, sample_pairs
from diptych.kernels.resample_spline import find_coefficients
from diptych.model.checks import require

FloatArray = NDArray[np.float64]

EXACT = {1: 2**53, 3: 2**24}


def resample(
    volume: NDArray[Any],
    matrix: ArrayLike,
    offset: ArrayLike,
    shape: Sequence[int],
    *,
    order: int = 1,
    fill: float = 0.0,
    threads: int = 1,
) -> NDArray[Any]:
    """The volume on a grid of `shape`; integers keep their dtype, floats become float32.

    Voxel o of the result is the value of the volume at index `matrix @ o + offset`, and
    `fill` where that lies outside 0 .. n - 1 along any axis, as with
    scipy.ndimage.affine_transform(mode="constant").

    volume : (I, J, K) bool (order 0 only), integers or finite floats
    matrix, offset : (3, 3), of full rank, and (3,)
    order : 0 nearest (halves go up), 1 linear, 3 cubic B-spline through the voxels' values,
        mirrored at the edge voxels. Orders 1 and 3 round integers to the nearest, halves to
        even, and keep them within their dtype
    threads : how many slabs are worked on at once; the result is the same for any number

    Beside the result nothing is held, but the coefficients in float32 for order 3 and a copy
    of floats that are not float32 with K together in memory. Equal to scipy but for rounding:
    order 0 exactly, 1 and 3 within 1e-5 of the greatest value.
    Raises InputError for what cannot be resampled, with what to do instead.
    """
    turn, shift = _read_map(matrix, offset)
    size = _read_shape(shape)
    require(threads >= 1, f"threads is {threads}, expected at least 1", remedy="give 1 or more")
    source = _read_volume(volume, order)
    dtype = source.dtype if source.dtype.kind in "uib" else np.dtype(np.float32)
    beyond, limits = _read_fill(fill, dtype), _find_limits(dtype)
    out = np.empty(size, dtype=dtype)
    with ThreadPoolExecutor(threads) as pool:
        split = _Split(pool, threads)
        grid = find_coefficients(source, split) if order == 3 else source
        flat, strides = _lay_flat(grid)
        linear = sample_pairs if dtype.kind == "f" else sample_linear
        sample = {0: sample_nearest, 1: linear, 3: sample_cubic}[order]

        def work(part: range) -> None:
            sample(
                flat, source.shape, strides, turn, shift, beyond, limits, part.start, part.stop, out
            )

        split(work, size[0])
    return out


class _Split:
    """Runs a function over parts of a range, several at once when there are threads."""

    def __init__(self, pool: ThreadPoolExecutor, threads: int) -> None:
        self._pool = pool
        self._parts = 1 if threads == 1 else 4 * threads

    def __call__(self, work: Callable[[range], None], count: int) -> None:
        cuts = [count * n // self._parts for n in range(self._parts + 1)]
        list(self._pool.map(work, [range(a, b) for a, b in pairwise(cuts) if a < b]))


def _lay_flat(grid: NDArray[Any]) -> tuple[NDArray[Any], tuple[int, ...]]:
    """The voxels in the order of memory, and how many lie from one to the next on each axis."""
    axes = sorted(range(3), key=lambda axis: (-grid.strides[axis], axis))
    flat = np.ascontiguousarray(grid.transpose(axes))
    steps = dict(zip(axes, flat.strides, strict=True))
    return flat.reshape(-1), tuple(steps[axis] // flat.itemsize for axis in range(3))


def _find_limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Least and greatest value of an integer dtype; (0, 0) for floats."""
    if dtype.kind == "f":
        return 0.0, 0.0
    if dtype.kind == "b":
        return 0.0, 1.0
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)


def _read_map(matrix: ArrayLike, offset: ArrayLike) -> tuple[FloatArray, FloatArray]:
    turn, shift = np.asarray(matrix, dtype=np.float64), np.asarray(offset, dtype=np.float64)
    require(
        turn.shape == (3, 3) and shift.shape == (3,),
        f"matrix and offset have shapes {turn.shape} and {shift.shape}, expected (3, 3) and (3,)",
        remedy="split a 4 x 4 map into its upper left 3 x 3 and its last column",
    )
    require(
        bool(np.isfinite(turn).all() and np.isfinite(shift).all()),
        f"matrix and offset hold values that are not finite: {turn.tolist()}, {shift.tolist()}",
        remedy="check the affine they were computed from",
    )
    size = np.linalg.norm(turn, axis=0)
    require(
        bool(size.all()) and abs(float(np.linalg.det(turn / np.where(size > 0, size, 1)))) > 1e-9,
        f"matrix {turn.tolist()} is singular: it maps the grid to a plane, a line or a point",
        remedy="check the affine it was computed from; its columns must be independent",
    )
    return np.ascontiguousarray(turn), np.ascontiguousarray(shift)


def _read_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    sizes = tuple(int(n) for n in shape)
    require(
        len(sizes) == 3 and min(sizes) >= 1 and sizes == tuple(shape),
        f"shape is {tuple(shape)}, expected three whole numbers of at least 1",
        remedy="give the number of voxels wanted along I, J and K",
    )
    return sizes[0], sizes[1], sizes[2]


def _read_volume(volume: NDArray[Any], order: int) -> NDArray[Any]:
    require(
        order in (0, 1, 3),
        f"order is {order}, expected 0, 1 or 3",
        remedy="take 0 for labels, 1 for speed, 3 for images that people look at",
    )
    require(
        volume.ndim == 3 and volume.size > 0 and volume.dtype.kind in "buif",
        f"volume is {volume.dtype} of shape {volume.shape}, expected numbers of shape (I, J, K)",
        remedy="give one 3D image with at least one voxel",
    )
    require(
        order == 0 or volume.dtype.kind != "b",
        f"volume is bool and order is {order}, which would give values between true and false",
        remedy="take order 0, or convert the volume to float32 for shares",
    )
    _check_range(volume, order)
    if volume.dtype.kind == "f":
        return np.ascontiguousarray(volume, dtype=np.float32)
    return volume.astype(volume.dtype.newbyteorder("="), copy=False)


def _check_range(volume: NDArray[Any], order: int) -> None:
    if volume.dtype.kind == "f":
        require(
            isfinite(float(volume.min())) and isfinite(float(volume.max())),
            "volume holds values that are not finite (NaN or infinity)",
            remedy="replace them, for instance by the value of air",
        )
    if volume.dtype.kind in "ui" and volume.dtype.itemsize > 2 and order in EXACT:
        low, high, most = int(volume.min()), int(volume.max()), EXACT[order]
        require(
            -most <= low and high <= most,
            f"volume holds whole numbers from {low} to {high}; order {order} is exact to +-{most}",
            remedy="take order 0 for labels, or subtract an offset first",
        )


def _read_fill(fill: float, dtype: np.dtype[Any]) -> Any:
    """The value outside, as one of the result's dtype."""
    low, high = _find_limits(dtype)
    require(
        (isfinite(fill) and fill == round(fill) and low <= fill <= high)
        if low < high
        else isfinite(fill),
        f"fill is {fill}, which {dtype} cannot hold",
        remedy="give a value of the volume's dtype",
    )
    return dtype.type(fill)
