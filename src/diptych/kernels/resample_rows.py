"""Values of a volume along the rows of another grid, for one affine map of the indices.

A row of the output is a straight line through the input. The part of it that lies inside is
found first, so that the loop over that part tests nothing; there the position advances in
steps of 2^-32 voxel in integers, whose upper half is the voxel and whose lower half the
fraction. Rows are taken in tiles, so that what one row has read is near for the next.
"""

import numpy as np

from diptych.kernels.compiled import compiled_with
from diptych.kernels.lanes import load2, load4, pick, spread2, spread4

TILE = 16
ONE = 2.0**32
LOW = 2**32 - 1
MARGIN = 2.0**-12

# the four weights of a cubic B-spline t past its second tap, by powers of t
CUBIC = (np.array([1, 4, 1, 0, -3, 0, 3, 0, 3, -6, 3, 0, -1, 3, -3, 1]) / 6.0).astype(np.float32)


@compiled_with(error_model="numpy")
def find_row(n, first, last, columns):  # type: ignore[no-untyped-def]
    """Row (i, j) that comes at place n when planes first .. last - 1 are worked in tiles."""
    i = first + n // (TILE * columns) * TILE
    n %= TILE * columns
    high = min(TILE, last - i)
    j = n // (high * TILE) * TILE
    n -= j * high
    wide = min(TILE, columns - j)
    return i + n // wide, j + n % wide


@compiled_with(error_model="numpy")
def find_inside(base, step, least, greatest, span):  # type: ignore[no-untyped-def]
    """The k of span[0] .. span[1] - 1 with least <= base + k step <= greatest, as a span."""
    low, high = span
    if step == 0.0:
        return (low, high) if least <= base <= greatest else (low, low)
    a, b = (least - base) / step, (greatest - base) / step
    low = int(min(max(np.floor(min(a, b)) - 1.0, float(low)), float(high)))
    high = int(max(min(np.ceil(max(a, b)) + 2.0, float(high)), float(low)))
    while low < high and not least <= base + low * step <= greatest:
        low += 1
    while low < high and not least <= base + (high - 1) * step <= greatest:
        high -= 1
    return low, high


@compiled_with(error_model="numpy")
def _begin_row(matrix, offset, i, j):  # type: ignore[no-untyped-def]
    """Where row (i, j) begins in the input, and its step."""
    x = offset[0] + i * matrix[0, 0] + j * matrix[0, 1]
    y = offset[1] + i * matrix[1, 0] + j * matrix[1, 1]
    z = offset[2] + i * matrix[2, 0] + j * matrix[2, 1]
    return (x, y, z), (matrix[0, 2], matrix[1, 2], matrix[2, 2])


@compiled_with(error_model="numpy")
def _clip_row(begin, step, sizes, margin, span):  # type: ignore[no-untyped-def]
    """The part of a span that lies inside the input, `margin` voxels from its edge."""
    for axis in range(3):
        greatest = sizes[axis] - 1.0 - margin
        span = find_inside(begin[axis], step[axis], margin, greatest, span)
    return span


@compiled_with(error_model="numpy")
def _fix(begin, step, k):  # type: ignore[no-untyped-def]
    """Position k of a row and the step in units of 2^-32 voxel."""
    x = np.int64((begin[0] + k * step[0]) * ONE)
    y = np.int64((begin[1] + k * step[1]) * ONE)
    z = np.int64((begin[2] + k * step[2]) * ONE)
    return x, y, z, np.int64(step[0] * ONE), np.int64(step[1] * ONE), np.int64(step[2] * ONE)


@compiled_with(error_model="numpy")
def _part(x):  # type: ignore[no-untyped-def]
    """The fraction of a position, float32."""
    return np.float32(np.int32((x & LOW) >> 8)) * np.float32(2.0**-24)


@compiled_with(error_model="numpy")
def sample_nearest(flat, sizes, strides, matrix, offset, fill, limits, first, last, out):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Order 0: the value of the nearest voxel; halves go up."""
    si, sj, sk = strides
    for n in range((last - first) * out.shape[1]):
        i, j = find_row(n, first, last, out.shape[1])
        row = out[i, j]
        begin, step = _begin_row(matrix, offset, i, j)
        (x, y, z), (u, v, w) = begin, step
        low, high = _clip_row(begin, step, sizes, 0.0, (0, row.size))
        row[:low] = fill
        row[high:] = fill
        for k in range(low, high):
            p = np.int64(x + k * u + 0.5) * si
            p += np.int64(y + k * v + 0.5) * sj
            p += np.int64(z + k * w + 0.5) * sk
            row[k] = flat[p]


@compiled_with(error_model="numpy")
def _mix(flat, p, di, dj, a, b):  # type: ignore[no-untyped-def]
    """Linear in J, then in I, at one K: between four voxels from `p` on."""
    e, g = np.float64(flat[p]), np.float64(flat[p + di])
    e += b * (np.float64(flat[p + dj]) - e)
    g += b * (np.float64(flat[p + di + dj]) - g)
    return e + a * (g - e)


@compiled_with(error_model="numpy")
def _sample_edge(flat, sizes, strides, begin, step, k):  # type: ignore[no-untyped-def]
    """Order 1 at one place, which may lie on the last voxel of an axis."""
    a, b, c = begin[0] + k * step[0], begin[1] + k * step[1], begin[2] + k * step[2]
    x = min(np.int64(a), max(sizes[0] - 2, 0))
    y = min(np.int64(b), max(sizes[1] - 2, 0))
    z = min(np.int64(c), max(sizes[2] - 2, 0))
    di = strides[0] if sizes[0] > 1 else 0
    dj = strides[1] if sizes[1] > 1 else 0
    dk = strides[2] if sizes[2] > 1 else 0
    p = x * strides[0] + y * strides[1] + z * strides[2]
    e = _mix(flat, p, di, dj, a - x, b - y)
    return e + (c - z) * (_mix(flat, p + dk, di, dj, a - x, b - y) - e)


@compiled_with(error_model="numpy")
def sample_linear(flat, sizes, strides, matrix, offset, fill, limits, first, last, out):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Order 1 of any dtype, in float64; results are whole where `limits` differ."""
    si, sj, sk = strides
    whole = limits[0] < limits[1]
    for n in range((last - first) * out.shape[1]):
        i, j = find_row(n, first, last, out.shape[1])
        row = out[i, j]
        begin, step = _begin_row(matrix, offset, i, j)
        low, high = _clip_row(begin, step, sizes, 0.0, (0, row.size))
        start, stop = _clip_row(begin, step, sizes, MARGIN, (low, high))
        row[:low] = fill
        row[high:] = fill
        for k in range(low, start):
            e = _sample_edge(flat, sizes, strides, begin, step, k)
            row[k] = np.rint(e) if whole else e
        x, y, z, u, v, w = _fix(begin, step, start)
        for k in range(start, stop):
            p = (x >> 32) * si + (y >> 32) * sj + (z >> 32) * sk
            a, b, c = (x & LOW) / ONE, (y & LOW) / ONE, (z & LOW) / ONE
            x += u
            y += v
            z += w
            e = _mix(flat, p, si, sj, a, b)
            e += c * (_mix(flat, p + sk, si, sj, a, b) - e)
            row[k] = np.rint(e) if whole else e
        for k in range(stop, high):
            e = _sample_edge(flat, sizes, strides, begin, step, k)
            row[k] = np.rint(e) if whole else e


@compiled_with(error_model="numpy")
def sample_pairs(flat, sizes, strides, matrix, offset, fill, limits, first, last, out):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Order 1 of float32 whose K lies together in memory: two voxels at a time, in float32."""
    si, sj, _ = strides
    for n in range((last - first) * out.shape[1]):
        i, j = find_row(n, first, last, out.shape[1])
        row = out[i, j]
        begin, step = _begin_row(matrix, offset, i, j)
        low, high = _clip_row(begin, step, sizes, 0.0, (0, row.size))
        start, stop = _clip_row(begin, step, sizes, MARGIN, (low, high))
        row[:low] = fill
        row[high:] = fill
        for k in range(low, start):
            row[k] = _sample_edge(flat, sizes, strides, begin, step, k)
        x, y, z, u, v, w = _fix(begin, step, start)
        for k in range(start, stop):
            p = (x >> 32) * si + (y >> 32) * sj + (z >> 32)
            a, b, c = spread2(_part(x)), spread2(_part(y)), _part(z)
            x += u
            y += v
            z += w
            e, g = load2(flat, p), load2(flat, p + si)
            e = e + b * (load2(flat, p + sj) - e)
            g = g + b * (load2(flat, p + si + sj) - g)
            e = e + a * (g - e)
            f = pick(e, 0)
            row[k] = f + c * (pick(e, 1) - f)
        for k in range(stop, high):
            row[k] = _sample_edge(flat, sizes, strides, begin, step, k)


@compiled_with(error_model="numpy")
def _weigh(table, x):  # type: ignore[no-untyped-def]
    """The four weights of a cubic B-spline at the fraction of a position, as lanes."""
    t = spread4(_part(x))
    return load4(table, 0) + t * (load4(table, 4) + t * (load4(table, 8) + t * load4(table, 12)))


@compiled_with(error_model="numpy")
def _sum_plane(flat, p, stride, b):  # type: ignore[no-untyped-def]
    """Four rows of four coefficients, weighed along J."""
    upper = spread4(pick(b, 0)) * load4(flat, p) + spread4(pick(b, 1)) * load4(flat, p + stride)
    p += 2 * stride
    lower = spread4(pick(b, 2)) * load4(flat, p) + spread4(pick(b, 3)) * load4(flat, p + stride)
    return upper + lower


@compiled_with(error_model="numpy")
def sample_cubic(flat, sizes, strides, matrix, offset, fill, limits, first, last, out):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Order 3, from coefficients padded by two; `sizes` are those before padding."""
    si, sj, _ = strides
    whole = limits[0] < limits[1]
    table = CUBIC
    for n in range((last - first) * out.shape[1]):
        i, j = find_row(n, first, last, out.shape[1])
        row = out[i, j]
        begin, step = _begin_row(matrix, offset, i, j)
        low, high = _clip_row(begin, step, sizes, 0.0, (0, row.size))
        row[:low] = fill
        row[high:] = fill
        x, y, z, u, v, w = _fix(begin, step, low)
        for k in range(low, high):
            a, b, c = _weigh(table, x), _weigh(table, y), _weigh(table, z)
            p = ((x >> 32) + 1) * si + ((y >> 32) + 1) * sj + (z >> 32) + 1
            x += u
            y += v
            z += w
            e = spread4(pick(a, 0)) * _sum_plane(flat, p, sj, b)
            e = e + spread4(pick(a, 1)) * _sum_plane(flat, p + si, sj, b)
            f = spread4(pick(a, 2)) * _sum_plane(flat, p + 2 * si, sj, b)
            e = e + (f + spread4(pick(a, 3)) * _sum_plane(flat, p + 3 * si, sj, b))
            e = e * c
            value = np.float64((pick(e, 0) + pick(e, 1)) + (pick(e, 2) + pick(e, 3)))
            if whole:
                value = min(max(np.rint(value), limits[0]), limits[1])
            row[k] = value
