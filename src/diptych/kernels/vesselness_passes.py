"""Gaussian derivatives of a slab, one axis after another, in rows of lanes.

A slab is a flat float32 array: rows of `pitch` floats, planes of `plane` floats. `pitch` is an
odd multiple of 16 and `plane` too, so that neighbours along any axis never fall into the same
set of the cache. Rows are worked off 32 floats at a time; a row has room for that.
"""

import numpy as np

from diptych.kernels.compiled import compiled_with
from diptych.kernels.lanes import load16, spread16, store16
from diptych.kernels.vesselness_eigen import measure_row

STEP = 32


@compiled_with(error_model="numpy")
def pass_even(source, start, target, at, count, weights, stride):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """target[at + x] = symmetric taps `weights` over source[start + x +- t stride]."""
    for x in range(0, count, STEP):
        p, q = start + x, at + x
        w = spread16(weights[0])
        a, b = load16(source, p) * w, load16(source, p + 16) * w
        for t in range(1, weights.size):
            w, low, high = spread16(weights[t]), p - t * stride, p + t * stride
            a = a + w * (load16(source, low) + load16(source, high))
            b = b + w * (load16(source, low + 16) + load16(source, high + 16))
        store16(target, q, a)
        store16(target, q + 16, b)


@compiled_with(error_model="numpy")
def pass_odd(source, start, target, at, count, weights, stride):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """target[at + x] = antisymmetric taps `weights` (of the upper side)."""
    for x in range(0, count, STEP):
        p, q = start + x, at + x
        w = spread16(weights[0])
        a, b = load16(source, p) * w, load16(source, p + 16) * w
        for t in range(1, weights.size):
            w, low, high = spread16(weights[t]), p - t * stride, p + t * stride
            a = a + w * (load16(source, high) - load16(source, low))
            b = b + w * (load16(source, high + 16) - load16(source, low + 16))
        store16(target, q, a)
        store16(target, q + 16, b)


@compiled_with(error_model="numpy")
def pass_two(source, start, target, at, skip, count, weights, stride):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Orders 0 and 1 at once, to target[at + x] and target[at + skip + x]."""
    for x in range(0, count, STEP):
        p, q = start + x, at + x
        u = spread16(weights[0, 0])
        a, b = load16(source, p) * u, load16(source, p + 16) * u
        v = spread16(np.float32(0.0))
        c, d = v, v
        for t in range(1, weights.shape[1]):
            low, high = p - t * stride, p + t * stride
            u, v = spread16(weights[0, t]), spread16(weights[1, t])
            e, f = load16(source, low), load16(source, high)
            a = a + u * (e + f)
            c = c + v * (f - e)
            e, f = load16(source, low + 16), load16(source, high + 16)
            b = b + u * (e + f)
            d = d + v * (f - e)
        store16(target, q, a)
        store16(target, q + 16, b)
        store16(target, q + skip, c)
        store16(target, q + skip + 16, d)


@compiled_with(error_model="numpy")
def pass_three(source, start, target, at, skip, count, weights, stride):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Orders 0, 1 and 2 at once, `skip` apart in the target."""
    for x in range(0, count, STEP):
        p, q = start + x, at + x
        e, f = load16(source, p), load16(source, p + 16)
        u, w = spread16(weights[0, 0]), spread16(weights[2, 0])
        a, b, g, h = e * u, f * u, e * w, f * w
        v = spread16(np.float32(0.0))
        c, d = v, v
        for t in range(1, weights.shape[1]):
            low, high = p - t * stride, p + t * stride
            u, v, w = spread16(weights[0, t]), spread16(weights[1, t]), spread16(weights[2, t])
            e, f = load16(source, low), load16(source, high)
            m = e + f
            a = a + u * m
            c = c + v * (f - e)
            g = g + w * m
            e, f = load16(source, low + 16), load16(source, high + 16)
            m = e + f
            b = b + u * m
            d = d + v * (f - e)
            h = h + w * m
        store16(target, q, a)
        store16(target, q + 16, b)
        store16(target, q + skip, c)
        store16(target, q + skip + 16, d)
        store16(target, q + 2 * skip, g)
        store16(target, q + 2 * skip + 16, h)


@compiled_with(error_model="numpy")
def smooth_slab(source, target, row, size, pitch, plane, taps):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Smooth a slab of `size` (planes, rows, floats) along its three axes.

    taps : three arrays, the middle and upper half of a symmetric filter for each axis
    The target has the same pitch; its useful part shrinks by the filter's reach on every
    side and starts at its first float. `row` holds one row.
    """
    first, second, third = taps
    ri, rj, rk = first.size - 1, second.size - 1, third.size - 1
    planes, rows, floats = size
    for j in range(rows):
        for p in range(planes - 2 * ri):
            at = p * plane + j * pitch
            pass_even(source, at + ri * plane, target, at, floats, first, plane)
    for p in range(planes - 2 * ri):
        for j in range(rows - 2 * rj):
            at = p * plane + j * pitch
            pass_even(target, at + rj * pitch, row, 0, floats, second, pitch)
            pass_even(row, rk, target, at, floats - 2 * rk, third, 1)


@compiled_with(error_model="numpy")
def measure_slab(source, first, rows, size, pitch, plane, taps, spans, corner, out):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Vesselness of a slab of `size` (planes, rows, floats), kept in `out` where greater.

    taps : three arrays (3, R + 1), orders 0, 1, 2 of the Gaussian along each axis
    first : work space of 3 floats for each of the slab's that are not halo along i
    rows : work space of 12 rows
    spans : (I, J, 2) first and last + 1 voxel wanted in each row of the volume
    corner : the voxel of the volume at the slab's first voxel that is not halo
    """
    ti, tj, tk = taps
    ri, rj, rk = ti.shape[1] - 1, tj.shape[1] - 1, tk.shape[1] - 1
    thick = size[0] - 2 * ri
    for j in range(size[1]):
        for p in range(thick):
            at = p * plane + j * pitch
            pass_three(
                source, at + ri * plane, first, 3 * p * plane + j * pitch, plane, size[2], ti, plane
            )
        y = j - 2 * rj
        if y < 0:
            continue
        for p in range(thick):
            i, jj = corner[0] + p, corner[1] + y
            low, high = spans[i, jj, 0], spans[i, jj, 1]
            if low >= high:
                continue
            x = (low - corner[2]) // 16 * 16
            count = high - corner[2] - x
            at = 3 * p * plane + (y + rj) * pitch + x
            pass_three(first, at, rows, 0, pitch, count + 2 * rk, tj, pitch)
            pass_two(first, at + plane, rows, 3 * pitch, pitch, count + 2 * rk, tj[:2], pitch)
            pass_even(first, at + 2 * plane, rows, 5 * pitch, count + 2 * rk, tj[0], pitch)
            b = 6 * pitch
            pass_even(rows, rk + 5 * pitch, rows, b, count, tk[0], 1)
            pass_even(rows, rk + 2 * pitch, rows, b + pitch, count, tk[0], 1)
            pass_even(rows, rk, rows, b + 2 * pitch, count, tk[2], 1)
            pass_even(rows, rk + 4 * pitch, rows, b + 3 * pitch, count, tk[0], 1)
            pass_odd(rows, rk + 3 * pitch, rows, b + 4 * pitch, count, tk[1], 1)
            pass_odd(rows, rk + pitch, rows, b + 5 * pitch, count, tk[1], 1)
            b += low - corner[2] - x
            measure_row(rows, b, pitch, out[i, jj, low:high])
