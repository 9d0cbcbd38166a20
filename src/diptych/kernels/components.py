"""Connected pieces of a mask or of an image of labels.

Each row (the last axis) is cut into runs of equal value; runs that touch are joined by
union-find over the runs alone, in one sweep. A run costs eight bytes, so that the work
beside reading the mask and writing the labels follows the surface of the pieces.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.model.checks import require

Runs = tuple[NDArray[np.int64], NDArray[np.unsignedinteger], NDArray[np.int32]]

_REACH = {6: (-1, 0), 18: (0, 1), 26: (1, 1)}
"""How far runs reach sideways: to rows across an edge (-1: not at all), across a face."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Components:
    """Connected pieces.

    labels : int32, shape of the image: 0 where it is 0, pieces numbered from 1 in the order
        of their first voxels (last axis fastest)
    count : number of pieces
    sizes : int64 (count + 1,), voxels of each piece; sizes[0] those of the background
    """

    labels: NDArray[np.int32]
    count: int
    sizes: NDArray[np.int64]


def label_components(
    image: NDArray[np.generic], *, neighbours: int = 6, threads: int = 1
) -> Components:
    """The connected pieces of a mask, or of each label of an image of labels.

    image : (I, J, K) booleans, or whole numbers: then voxels are joined only when their
        numbers are equal. 0 is background
    neighbours : 6 (faces), 18 (faces and edges) or 26 (faces, edges and corners)
    threads : number of threads; the result does not depend on it

    The labels of a mask are those of `scipy.ndimage.label`, number for number. Raises
    InputError for another type, shape, neighbourhood or number of threads, and for more
    than 2^31 - 1 voxels.
    """
    values = _check_image(image)
    require(
        neighbours in _REACH,
        f"neighbours is {neighbours}, expected 6, 18 or 26",
        remedy="use 6 for faces, 18 for faces and edges, 26 for corners too",
    )
    require(
        threads >= 1, f"threads is {threads}, expected at least 1", remedy="give 1 thread or more"
    )
    rows = values.reshape(-1, values.shape[2])
    height, reach, many = image.shape[1], _REACH[neighbours], image.dtype.kind != "b"
    slabs = _slabs(image.shape[0], threads)
    runs = _find_runs(rows, height, slabs)
    _each(slabs, lambda low, high: _join(rows, height, *runs, low, high, low, *reach, many))
    for start, _ in slabs[1:]:
        _join(rows, height, *runs, start, start + 1, start - 1, *reach, many)
    sizes = _number(*runs[1:])
    sizes[0] = values.size - sizes.sum()
    labels = np.zeros(image.shape, dtype=np.int32)
    flat = labels.reshape(rows.shape)
    _each(slabs, lambda low, high: _write(flat, height, *runs, low, high))
    return Components(labels=labels, count=len(sizes) - 1, sizes=sizes)


def _check_image(image: NDArray[np.generic]) -> NDArray[np.unsignedinteger]:
    """The image as contiguous unsigned numbers with the same equalities."""
    require(
        image.ndim == 3 and image.size > 0,
        f"the image has shape {image.shape}, expected three axes, none empty",
        remedy="give an array of shape (I, J, K); add axes of length 1 where needed",
    )
    require(
        image.dtype.kind in "bui",
        f"the image is of type {image.dtype}, expected booleans or whole numbers",
        remedy="compare with a threshold, or round to whole numbers",
    )
    require(
        image.size < 2**31,
        f"the image has {image.size} voxels, expected fewer than {2**31}",
        remedy="cut it to the region of interest or use larger voxels",
    )
    values: NDArray[np.unsignedinteger] = np.ascontiguousarray(image).view(
        f"u{image.dtype.itemsize}"
    )
    values.setflags(write=False)  # one compiled version, whatever the caller's array allows
    return values


def _slabs(length: int, threads: int) -> list[tuple[int, int]]:
    stops = np.linspace(0, length, min(threads, length) + 1).astype(int).tolist()
    return list(pairwise(stops))


def _each(slabs: list[tuple[int, int]], work: Callable[[int, int], None]) -> None:
    if len(slabs) == 1:
        work(*slabs[0])
        return
    with ThreadPoolExecutor(len(slabs)) as pool:
        list(pool.map(lambda slab: work(*slab), slabs))


def _find_runs(
    rows: NDArray[np.unsignedinteger], height: int, slabs: list[tuple[int, int]]
) -> Runs:
    """First run of each row (and the end), start and stop of each run, each its own parent."""
    first = np.zeros(len(rows) + 1, dtype=np.int64)
    _each(slabs, lambda low, high: _count(rows, low * height, high * height, first))
    np.cumsum(first, out=first)
    ends = np.empty((int(first[-1]), 2), dtype=np.uint16 if rows.shape[1] < 2**16 else np.uint32)
    parents = np.empty(len(ends), dtype=np.int32)
    _each(
        slabs,
        lambda low, high: _fill(rows, low * height, high * height, first, ends, parents),
    )
    return first, ends, parents


@compiled
def _count(rows, low, high, first):  # type: ignore[no-untyped-def]
    """Number of runs of each row, one place later."""
    width = rows.shape[1]
    for r in range(low, high):
        row = rows[r]
        count = np.int64(row[0] != 0)
        for k in range(1, width):
            count += (row[k] != row[k - 1]) & (row[k] != 0)
        first[r + 1] = count


@compiled
def _fill(rows, low, high, first, ends, parents):  # type: ignore[no-untyped-def]
    width = rows.shape[1]
    for r in range(low, high):
        n = first[r]
        if n == first[r + 1]:
            continue
        row = rows[r]
        last = row[0]
        if last != 0:
            ends[n, 0] = 0
        for k in range(1, width):
            value = row[k]
            if value != last:
                if last != 0:
                    ends[n, 1] = k
                    n += 1
                if value != 0:
                    ends[n, 0] = k
                last = value
        if last != 0:
            ends[n, 1] = width
        for n in range(first[r], first[r + 1]):
            parents[n] = n


@compiled
def _root(parents, n):  # type: ignore[no-untyped-def]
    while parents[n] != n:
        parents[n] = parents[parents[n]]
        n = parents[n]
    return n


@compiled
def _join(rows, height, first, ends, parents, low, high, least, edge, face, many):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Joins the runs of planes low..high with touching ones of the rows before them.

    Only planes from `least` on count. Of two roots the lower run stays.
    """
    for i in range(low, high):
        for j in range(height):
            r = i * height + j
            if first[r] == first[r + 1]:
                continue
            if i > least:
                _join_rows(rows, first, ends, parents, r, r - height, face, many)
                if edge >= 0:
                    if j > 0:
                        _join_rows(rows, first, ends, parents, r, r - height - 1, edge, many)
                    if j + 1 < height:
                        _join_rows(rows, first, ends, parents, r, r - height + 1, edge, many)
            if j > 0:
                _join_rows(rows, first, ends, parents, r, r - 1, face, many)


@compiled
def _join_rows(rows, first, ends, parents, r, q, reach, many):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    m, stop = first[q], first[q + 1]
    for n in range(first[r], first[r + 1]):
        start, end = np.int64(ends[n, 0]) - reach, np.int64(ends[n, 1]) + reach
        while m < stop and ends[m, 1] <= start:
            m += 1
        near = m
        mine = _root(parents, n)
        while near < stop and ends[near, 0] < end:
            if not many or rows[r, ends[n, 0]] == rows[q, ends[near, 0]]:
                other = _root(parents, near)
                if other < mine:
                    parents[mine] = other
                    mine = other
                elif mine < other:
                    parents[other] = mine
            near += 1


@compiled
def _number(ends, parents):  # type: ignore[no-untyped-def]
    """Turns parents into labels, in the order of the first runs; returns the sizes."""
    count = 0
    for n in range(len(parents)):
        if parents[n] == n:
            count += 1
    sizes = np.zeros(count + 1, dtype=np.int64)
    count = 0
    for n in range(len(parents)):
        if parents[n] == n:
            count += 1
            parents[n] = count
        else:
            parents[n] = parents[parents[n]]
        sizes[parents[n]] += np.int64(ends[n, 1]) - np.int64(ends[n, 0])
    return sizes


@compiled
def _write(flat, height, first, ends, labels, low, high):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    for r in range(low * height, high * height):
        for n in range(first[r], first[r + 1]):
            flat[r, ends[n, 0] : ends[n, 1]] = labels[n]
