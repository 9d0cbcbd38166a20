"""Cubic B-spline coefficients of a volume: the filter that goes before cubic resampling.

Unser, Aldroubi and Eden 1993 (doi:10.1109/78.193220), the volume mirrored at its edge voxels:
along I and J the two recursions of the filter, row by row; along K, where a recursion would
run one float at a time, the same filter as a sum over its quickly falling taps.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled_with
from diptych.kernels.lanes import aligned_floats
from diptych.kernels.vesselness_passes import pass_even

Floats = NDArray[np.float32]
Split = Callable[[Callable[[range], None], int], None]

POLE = sqrt(3.0) - 2.0
TAPS = 16
PAD = 2


def find_coefficients(volume: NDArray[Any], split: Split) -> Floats:
    """Coefficients, (I + 4, J + 4, K + 4) float32: two mirrored voxels on every side.

    split : runs a function over parts of range(n), possibly several at once
    """
    sizes = volume.shape
    padded = np.zeros(tuple(n + 2 * PAD for n in sizes), dtype=np.float32)
    padded[PAD:-PAD, PAD:-PAD, PAD:-PAD] = volume
    starts = [_weigh_start(n) for n in sizes]
    taps = _weigh_row(sizes)

    def filter_planes(part: range) -> None:
        row = aligned_floats(2 * (sizes[2] + 2 * TAPS + 64))
        _filter_inside(padded, starts[1], taps, row, part.start, part.stop)

    split(lambda part: _filter_across(padded, starts[0], part.start, part.stop), sizes[1])
    split(filter_planes, sizes[0])
    for axis, size in enumerate(sizes):
        view = np.moveaxis(padded, axis, 0)
        for index in (-2, -1, size, size + 1):
            view[index + PAD] = view[mirror(index, size) + PAD]
    return padded


def mirror(index: int, size: int) -> int:
    """The voxel that stands for `index` when the volume is mirrored at its edge voxels."""
    if size == 1:
        return 0
    index = abs(index) % (2 * size - 2)
    return min(index, 2 * size - 2 - index)


def _weigh_start(size: int) -> Floats:
    """Weights of the first voxels in the first sum of the recursion along an axis."""
    n = np.arange(min(size, 2 * TAPS), dtype=np.float64)
    if size == 1:
        return np.ones(1, dtype=np.float32)
    back = np.where((n > 0) & (n < size - 1), POLE ** (2.0 * size - 2.0 - n), 0.0)
    weights: Floats = ((POLE**n + back) / (1.0 - POLE ** (2.0 * size - 2.0))).astype(np.float32)
    return weights


def _weigh_row(sizes: tuple[int, ...]) -> Floats:
    """Taps of the filter along K, times the gain that the recursions along I and J lack."""
    gain = 6.0 ** sum(n > 1 for n in sizes[:2])
    taps = sqrt(3.0) * POLE ** np.arange(TAPS + 1, dtype=np.float64)
    if sizes[2] == 1:
        taps = np.ones(1)
    return np.asarray(gain * taps, dtype=np.float32)


@compiled_with(error_model="numpy")
def _recur(first: Floats, step: Floats, factor: float) -> None:
    """Add factor * first to a step."""
    f = np.float32(factor)
    for k in range(step.size):
        step[k] += f * first[k]


@compiled_with(error_model="numpy")
def _return(later: Floats, step: Floats) -> None:
    """Replace a step by pole * (later - step)."""
    f = np.float32(POLE)
    for k in range(step.size):
        step[k] = f * (later[k] - step[k])


@compiled_with(error_model="numpy")
def _filter_axis(planes: Floats, start: Floats) -> None:
    """Both recursions along the first axis of (n, K) rows, in place, without the gain."""
    n = planes.shape[0]
    if n == 1:
        return
    w = start[0]
    for k in range(planes.shape[1]):
        planes[0, k] *= w
    for m in range(1, start.size):
        _recur(planes[m], planes[0], start[m])
    for m in range(1, n):
        _recur(planes[m - 1], planes[m], POLE)
    _recur(planes[n - 2], planes[n - 1], POLE)
    w = np.float32(POLE / (POLE * POLE - 1.0))
    for k in range(planes.shape[1]):
        planes[n - 1, k] *= w
    for m in range(n - 2, -1, -1):
        _return(planes[m + 1], planes[m])


@compiled_with(error_model="numpy")
def _filter_across(padded: Floats, start: Floats, first: int, last: int) -> None:
    """Along I, for rows first .. last - 1 of J."""
    for j in range(first + PAD, last + PAD):
        _filter_axis(padded[PAD:-PAD, j], start)


@compiled_with(error_model="numpy")
def _filter_inside(padded, start, taps, row, first, last):  # type: ignore[no-untyped-def]
    """Along J and K, for planes first .. last - 1 of I; `row` is work space."""
    size = padded.shape[2] - 2 * PAD
    reach = taps.size - 1
    half = row.size // 2
    for i in range(first + PAD, last + PAD):
        _filter_axis(padded[i, PAD:-PAD], start)
        for j in range(PAD, padded.shape[1] - PAD):
            line = padded[i, j, PAD:-PAD]
            for k in range(size):
                row[reach + k] = line[k]
            period = max(2 * size - 2, 1)
            for k in range(1, reach + 1):
                m = k % period
                row[reach - k] = line[min(m, period - m)]
                m = (size - 1 + k) % period
                row[reach + size - 1 + k] = line[min(m, period - m)]
            pass_even(row, reach, row, half, size, taps, 1)
            for k in range(size):
                line[k] = row[half + k]
