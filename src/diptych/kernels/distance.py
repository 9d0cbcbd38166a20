"""Exact Euclidean distance from every voxel of a mask to the nearest voxel outside it.

Squared distances are separable: first along each row, then along the second axis, then along
the first (Saito and Toriwaki 1994, Pattern Recognition 27:1551). Along an axis each voxel looks
at its neighbours further and further away and stops when they are too far to matter; 32
neighbouring lines are treated at once, and rows of them that cannot help any are passed over.
Squares are counted in voxels where these are cubes, so that they are whole and exact.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled, compiled_with
from diptych.model.checks import require

FloatGrid = NDArray[np.float32]
IndexGrid = NDArray[np.int32]

_LANES = 32
_BLOCK = 8 * _LANES
"""Lines that are fetched together, so that memory is read in long pieces."""
_STRIDE = 4
"""Rows on each side that are looked at in one go."""


class _Ruler(NamedTuple):
    """Squares of 0, 1, 2... steps along each axis, greatest square, their unit and limit (mm)."""

    i: FloatGrid
    j: FloatGrid
    k: FloatGrid
    cap: np.float32
    unit: float
    limit: float


def measure_distance(
    mask: NDArray[np.generic],
    spacing: tuple[float, float, float],
    *,
    limit: float | None = None,
    threads: int = 1,
) -> FloatGrid:
    """Distance (mm, float32) from each true voxel's centre to the nearest false voxel's centre.

    mask : (I, J, K) booleans, or whole numbers of which 0 is false
    spacing : voxel size along each axis, mm
    limit : distances above it are not needed and become `limit`, which is faster
    threads : number of threads; the result does not depend on it

    False voxels get 0. What lies beyond the border is not false: a mask without a false voxel
    is infinitely far from one everywhere (or `limit`). The same as
    `scipy.ndimage.distance_transform_edt(mask, sampling=spacing)`, rounded to float32, where
    voxels are cubes (and distances under 4096 of them); to 3e-7 of the distance elsewhere.
    Raises InputError for another type or shape, a spacing, limit or number of threads that is
    not positive, and more than 2^31 - 1 voxels.
    """
    inside = _check_mask(mask)
    ruler = _make_ruler(inside.shape, spacing, limit, threads)
    distance = np.empty(inside.shape, dtype=np.float32)
    _run(inside, ruler, distance, None, threads)
    return distance


def nearest_index(
    mask: NDArray[np.generic], spacing: tuple[float, float, float], *, threads: int = 1
) -> tuple[FloatGrid, IndexGrid]:
    """Distance as `measure_distance` gives it, and which false voxel is the nearest.

    The second array, int32 (I, J, K), holds its place in the flattened mask
    (`numpy.unravel_index` gives i, j, k); false voxels hold their own. Of equally near ones
    that with the lowest k, then the lowest j, then the lowest i is taken, as by scipy; where
    voxels are not cubes, distances that differ by rounding alone may count as unequal.
    Raises InputError as `measure_distance` does, and when no voxel is false.
    """
    inside = _check_mask(mask)
    ruler = _make_ruler(inside.shape, spacing, None, threads)
    require(
        not inside.all(),
        f"all {inside.size} voxels of the mask are true, expected a false one to be near to",
        remedy="ask for the distance alone, or give a mask with some voxel outside",
    )
    distance = np.empty(inside.shape, dtype=np.float32)
    index = np.empty(inside.shape, dtype=np.int32)
    _run(inside, ruler, distance, index, threads)
    return distance, index


def _check_mask(mask: NDArray[np.generic]) -> NDArray[np.bool_]:
    require(
        mask.ndim == 3 and mask.size > 0,
        f"the mask has shape {mask.shape}, expected three axes, none empty",
        remedy="give an array of shape (I, J, K); add axes of length 1 where needed",
    )
    require(
        mask.dtype.kind in "bui",
        f"the mask is of type {mask.dtype}, expected booleans or whole numbers",
        remedy="compare with a threshold",
    )
    require(
        mask.size < 2**31,
        f"the mask has {mask.size} voxels, expected fewer than {2**31}",
        remedy="cut it to the region of interest or use larger voxels",
    )
    return np.ascontiguousarray(mask, dtype=np.bool_)


def _make_ruler(
    shape: tuple[int, ...], spacing: tuple[float, float, float], limit: float | None, threads: int
) -> _Ruler:
    require(
        len(spacing) == 3 and all(np.isfinite(size) and size > 0 for size in spacing),
        f"spacing is {spacing}, expected three finite numbers above 0",
        remedy="give the voxel size along each axis in mm",
    )
    require(
        limit is None or limit > 0,
        f"limit is {limit}, expected a number above 0",
        remedy="give the largest distance of interest in mm, or none",
    )
    require(
        threads >= 1, f"threads is {threads}, expected at least 1", remedy="give 1 thread or more"
    )
    unit = float(min(spacing))
    i, j, k = (
        ((np.arange(length + _STRIDE + 1) * (size / unit)) ** 2).astype(np.float32)
        for length, size in zip(shape, spacing, strict=True)
    )
    most = np.inf if limit is None else float(limit)
    square = np.inf if limit is None else min((most / unit) * (most / unit), 3e38)
    cap = np.nextafter(np.float32(square), np.float32(np.inf))
    k = np.minimum(k, cap)
    k[shape[2] + 1] = cap  # no false voxel in the row
    return _Ruler(i=i, j=j, k=k, cap=cap, unit=unit, limit=most)


def _run(
    inside: NDArray[np.bool_],
    ruler: _Ruler,
    distance: FloatGrid,
    index: IndexGrid | None,
    threads: int,
) -> None:
    mask = inside.view(np.uint8)
    mask.setflags(write=False)  # one compiled version, whatever the caller's array allows
    count, height, width = mask.shape

    def sweep(lines: int, last: bool) -> Callable[[int, int], None]:
        def work(low: int, high: int) -> None:
            scratch = _scratch(lines, width, index is not None)
            _sweep(mask, ruler, distance, index, scratch, low, high, last)

        return work

    _share(count, threads, sweep(height, False))
    _share(height, threads, sweep(count, True))


def _scratch(count: int, width: int, keyed: bool) -> tuple[NDArray[Any] | None, ...]:
    """Lines with their borders of infinity, best and near; and keys like the first two."""
    tiles = (min(width, _BLOCK) + _LANES - 1) // _LANES
    rows = np.full((tiles, count + 2 * _STRIDE, _LANES), np.inf, dtype=np.float32)
    best = np.empty((count, _LANES), dtype=np.float32)
    near = np.empty(3 * count + 2 * _STRIDE, dtype=np.float32)
    if not keyed:
        return rows, best, near, None, None
    return rows, best, near, np.zeros(rows.shape, np.int32), np.empty(best.shape, np.int32)


def _share(length: int, threads: int, work: Callable[[int, int], None]) -> None:
    stops = np.linspace(0, length, min(threads, length) + 1).astype(int).tolist()
    if len(stops) == 2:
        work(0, length)
        return
    with ThreadPoolExecutor(len(stops) - 1) as pool:
        list(pool.map(work, stops[:-1], stops[1:]))


# Rows of _LANES numbers as vectors: what the compiler makes of plain loops is three times slower
# and takes five times as long to compile.


def _vector(array: Any) -> ir.VectorType:
    kind = ir.FloatType() if array.dtype == types.float32 else ir.IntType(32)
    return ir.VectorType(kind, _LANES)


def _place(context: Any, build: Any, kind: Any, array: Any, row: Any) -> Any:
    start = context.make_array(kind)(context, build, array).data
    offset = build.mul(row, ir.Constant(row.type, _LANES))
    return build.bitcast(build.gep(start, [offset]), _vector(kind).as_pointer())


def _load(context: Any, build: Any, kind: Any, array: Any, row: Any) -> Any:
    value = build.load(_place(context, build, kind, array, row))
    value.align = 4
    return value


def _store(context: Any, build: Any, kind: Any, array: Any, row: Any, value: Any) -> None:
    build.store(value, _place(context, build, kind, array, row)).align = 4


def _spread(build: Any, value: Any) -> Any:
    none = ir.Constant(ir.VectorType(value.type, _LANES), ir.Undefined)
    first = build.insert_element(none, value, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [0] * _LANES)
    return build.shuffle_vector(first, none, lanes)


def _reduce(build: Any, value: Any, name: str) -> Any:
    """Least or greatest lane; numbers from 0 up are in order as bits."""
    bits = ir.VectorType(ir.IntType(32), _LANES)
    kind = ir.FunctionType(ir.IntType(32), [bits])
    function = build.module.declare_intrinsic(f"llvm.vector.reduce.{name}.v{_LANES}i32", (), kind)
    return build.bitcast(build.call(function, [build.bitcast(value, bits)]), ir.FloatType())


def _better(build: Any, one: Any, other: Any) -> Any:
    """Lane by lane the pair (cost, key) with less cost, then the lower key."""
    less = build.fcmp_ordered("<", one[0], other[0])
    if one[1] is None:
        return build.select(less, one[0], other[0]), None
    tie = build.fcmp_ordered("==", one[0], other[0])
    less = build.or_(less, build.and_(tie, build.icmp_signed("<", one[1], other[1])))
    return build.select(less, one[0], other[0]), build.select(less, one[1], other[1])


class _Lines:
    """Loads and stores rows of costs and, where they are wanted, keys."""

    def __init__(self, context: Any, build: Any, kinds: Any, values: Any) -> None:
        self.context, self.build, self.kinds, self.values = context, build, kinds, values

    def load(self, row: Any) -> Any:
        """Cost and key of a row."""
        cost = _load(self.context, self.build, self.kinds[0], self.values[0], row)
        if isinstance(self.kinds[1], types.NoneType):
            return cost, None
        return cost, _load(self.context, self.build, self.kinds[1], self.values[1], row)

    def raise_by(self, cost: Any, row: Any) -> Any:
        """Cost and key of a row, `cost` added."""
        found, key = self.load(row)
        return self.build.fadd(found, _spread(self.build, cost)), key

    def store(self, row: Any, pair: Any) -> None:
        """Writes cost and key."""
        for kind, array, value in zip(self.kinds, self.values, pair, strict=True):
            if value is not None:
                _store(self.context, self.build, kind, array, row, value)


# numba's own type of an intrinsic counts its first, hidden argument
_vectors: Any = intrinsic


@_vectors
def _least(_typing, rows, row):  # type: ignore[no-untyped-def]
    """Least number of a row."""

    def generate(context, build, signature, values):  # type: ignore[no-untyped-def]
        return _reduce(build, _load(context, build, signature.args[0], *values), "umin")

    return types.float32(rows, row), generate


@_vectors
def _begin(_typing, best, keys, to, rows, marks, own, one, other, cost, price):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """best[to] = least of rows[own], rows[one] + cost, rows[other] + price; its greatest."""

    def generate(context, build, signature, values):  # type: ignore[no-untyped-def]
        source = _Lines(context, build, signature.args[3:5], values[3:5])
        pair = _better(build, source.raise_by(values[8], values[6]), source.load(values[5]))
        pair = _better(build, source.raise_by(values[9], values[7]), pair)
        _Lines(context, build, signature.args[:2], values[:2]).store(values[2], pair)
        return _reduce(build, pair[0], "umax")

    arguments = (best, keys, to, rows, marks, own, one, other, cost, price)
    return types.float32(*arguments), generate


@_vectors
def _lower(_typing, best, keys, to, rows, marks, up, down, squares, step):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Lowers best[to] by rows up, up-1.. and down, down+1.., `step` and more away."""

    def generate(context, build, signature, values):  # type: ignore[no-untyped-def]
        target = _Lines(context, build, signature.args[:2], values[:2])
        source = _Lines(context, build, signature.args[3:5], values[3:5])
        costs = context.make_array(signature.args[7])(context, build, values[7]).data
        pair = target.load(values[2])
        for n in range(_STRIDE):
            more = ir.Constant(values[8].type, n)
            cost = build.load(build.gep(costs, [build.add(values[8], more)]))
            for row in (build.sub(values[5], more), build.add(values[6], more)):
                pair = _better(build, source.raise_by(cost, row), pair)
        target.store(values[2], pair)
        return _reduce(build, pair[0], "umax")

    arguments = (best, keys, to, rows, marks, up, down, squares, step)
    return types.float32(*arguments), generate


@compiled
def _envelope(rows, marks, best, keys, near, squares, cap):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """best[j] = least over all m of rows[m] + squares[|j - m|], lane by lane.

    rows (and marks, the keys they carry) have _STRIDE rows of infinity before and after. near
    is scratch. Returns False when all is 0; best and keys are then as rows and marks are.
    """
    count = best.shape[0]
    base = count + _STRIDE
    least = np.float32(np.inf)
    near[:] = np.inf  # near[base + j] = least number of rows j ... j + _STRIDE - 1
    for j in range(count):
        value = _least(rows, j + _STRIDE)
        least = min(least, value)
        for n in range(_STRIDE):
            near[base + j - n] = min(near[base + j - n], value)
    one = other = _STRIDE  # rows that helped the line before
    some = False
    for j in range(count):
        own = j + _STRIDE
        price, cost = squares[abs(one - own)], squares[abs(other - own)]
        top = _begin(best, keys, j, rows, marks, own, one, other, price, cost)
        some |= top > 0
        if top == 0:
            one = other = own
            continue
        if least >= cap:
            continue
        reach = max(j, count - 1 - j)
        step = 1
        while step <= reach and _may_help(squares[step], top, keys):
            bound = squares[step] + min(near[base + j - step - _STRIDE + 1], near[base + j + step])
            if _may_help(bound, top, keys):
                up, down = max(own - step, _STRIDE - 1), min(own + step, base)
                after = _lower(best, keys, j, rows, marks, up, down, squares, step)
                if after < top:
                    top = after
                    one, other = max(own - step - 1, _STRIDE), min(own + step + 1, base - 1)
            step += _STRIDE
    return some


@compiled_with(inline="always")
def _may_help(bound, top, keys):  # type: ignore[no-untyped-def]
    """Whether a cost of at least `bound` can lower a row of at most `top`, or its keys."""
    return bound <= top if keys is not None else bound < top


@compiled
def _along_rows(mask, squares, distance, index, i):  # type: ignore[no-untyped-def]
    """Squared distance and key of the nearest false voxel in the same row, of one plane."""
    planes, height, width = mask.shape
    far = width + 1
    for j in range(height):
        count = 0
        for k in range(width):
            count += mask[i, j, k]
        if count == 0 and index is None:
            for k in range(width):
                distance[i, j, k] = 0
            continue
        gap = far
        for k in range(width):
            gap = min(gap + 1, far) if mask[i, j, k] != 0 else 0
            distance[i, j, k] = squares[gap]
            if index is not None:
                index[i, j, k] = ((k - gap) * height + j) * planes + i
        gap = far
        for k in range(width - 1, -1, -1):
            gap = min(gap + 1, far) if mask[i, j, k] != 0 else 0
            before, square = distance[i, j, k], squares[gap]
            distance[i, j, k] = square if square < before else before
            if index is not None and square < before:
                index[i, j, k] = ((k + gap) * height + j) * planes + i


@compiled
def _fetch(lines, start, width, rows):  # type: ignore[no-untyped-def]
    """Copies lines[:, start : start + width] to rows, the last one again where there are fewer."""
    for j in range(len(lines)):
        for tile in range((width + _LANES - 1) // _LANES):
            lane = start + tile * _LANES
            lanes = min(_LANES, start + width - lane)
            for n in range(lanes):
                rows[tile, j + _STRIDE, n] = lines[j, lane + n]
            for n in range(lanes, _LANES):
                rows[tile, j + _STRIDE, n] = lines[j, lane + lanes - 1]


@compiled
def _put_back(rows, lines, start, width):  # type: ignore[no-untyped-def]
    """The other way."""
    for j in range(len(lines)):
        for tile in range((width + _LANES - 1) // _LANES):
            lane = start + tile * _LANES
            for n in range(min(_LANES, start + width - lane)):
                lines[j, lane + n] = rows[tile, j + _STRIDE, n]


@compiled
def _keep(best, rows, tile):  # type: ignore[no-untyped-def]
    for j in range(best.shape[0]):
        for n in range(_LANES):
            rows[tile, j + _STRIDE, n] = best[j, n]


@compiled
def _solve(lines, index, start, width, scratch, across, cap):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Leaves the least costs of lines start ... start + width in scratch; False when all are 0."""
    rows, best, near, marks, keys = scratch
    _fetch(lines, start, width, rows)
    if index is not None:
        _fetch(index, start, width, marks)
    some = False
    for tile in range((width + _LANES - 1) // _LANES):
        if index is None:
            some |= _envelope(rows[tile], None, best, None, near, across, cap)
        else:
            some |= _envelope(rows[tile], marks[tile], best, keys, near, across, cap)
            _keep(keys, marks, tile)
        _keep(best, rows, tile)
    return some


@compiled
def _sweep(mask, ruler, distance, index, scratch, low, high, last):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Squared distances within planes low..high; if `last`, mm from them in rows low..high."""
    across = ruler.i if last else ruler.j
    count, height, width = distance.shape
    for number in range(low, high):
        if not last:
            _along_rows(mask, ruler.k, distance, index, number)
        lines = distance.reshape(count, height * width) if last else distance[number]
        for first in range(0, width, _BLOCK):
            lanes = min(_BLOCK, width - first)
            start = number * width + first if last else first
            if index is None:
                some = _solve(lines, None, start, lanes, scratch, across, ruler.cap)
            else:
                keys = index.reshape(count, height * width) if last else index[number]
                some = _solve(lines, keys, start, lanes, scratch, across, ruler.cap)
                if last:
                    _name_places(scratch[3], count, height, width)
                _put_back(scratch[3], keys, start, lanes)
            if some:
                if last:
                    _measure(scratch[0], ruler.unit, ruler.limit)
                _put_back(scratch[0], lines, start, lanes)


@compiled
def _measure(rows, unit, limit):  # type: ignore[no-untyped-def]
    """Turns squares into mm."""
    for tile in range(rows.shape[0]):
        for i in range(_STRIDE, rows.shape[1] - _STRIDE):
            for n in range(_LANES):
                rows[tile, i, n] = min(np.sqrt(np.float64(rows[tile, i, n])) * unit, limit)


@compiled
def _name_places(marks, count, height, width):  # type: ignore[no-untyped-def]
    """Turns keys, (k * J + j) * I + i, into places in the flattened mask."""
    planes, rows = np.uint32(count), np.uint32(height)
    for tile in range(marks.shape[0]):
        for m in range(_STRIDE, marks.shape[1] - _STRIDE):
            for n in range(_LANES):
                key = np.uint32(marks[tile, m, n])
                line = key // planes
                i, j, k = key - line * planes, line % rows, line // rows
                marks[tile, m, n] = np.int32((i * rows + j) * np.uint32(width) + k)
