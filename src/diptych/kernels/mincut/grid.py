"""Voxel neighbourhoods, edge weights, and how the caller's arrays lie in the solver's.

Edge weights, integers: the edge between two tissue voxels costs `weight * (c_p + c_q)`.
With 6 neighbours the weight is the area of the face between them relative to the smallest
face; with 26 it falls with distance, 12 at the shortest. A weight that is not whole is
given in sixteenths (6 neighbours: all of them are then 16 times larger) or in quarters (26:
4 times larger; within 1 % at equal sizes, and flows then fit 16 bits for costs up to 255).
"""

import mmap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.turn import turn_bytes

FACES = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
_HALF = [
    (i, j, k)
    for i in (-1, 0, 1)
    for j in (-1, 0, 1)
    for k in (-1, 0, 1)
    if (i, j, k) > (0, 0, 0) and abs(i) + abs(j) + abs(k) > 1
]
_SMALL = 1 << 20
_LARGE = range(1 << 24, 1 << 29)
Split = Callable[[int, int, Callable[[int, int], Any]], Any]
ALL_AROUND = FACES + tuple(step for i, j, k in _HALF for step in ((i, j, k), (-i, -j, -k)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A block of voxels with a border of air, its axes in an order of their own.

    corner, shape : where the block lies in the caller's arrays and how large it is
    axes : the caller's axes in the solver's order, the one across the cut first: flow then
        follows memory, and the two sides lie apart in it
    """

    corner: tuple[int, int, int]
    shape: tuple[int, int, int]
    axes: tuple[int, int, int] = (0, 1, 2)

    @property
    def padded(self) -> tuple[int, int, int]:
        """Shape with the border, in the solver's order of axes."""
        p, q, r = (self.shape[axis] + 2 for axis in self.axes)
        return p, q, r

    @property
    def size(self) -> int:
        """Number of voxels with the border."""
        i, j, k = self.padded
        return i * j * k

    @property
    def block(self) -> tuple[slice, slice, slice]:
        """Where the block lies in the caller's arrays."""
        (a, b, c), (i, j, k) = self.corner, self.shape
        return slice(a, a + i), slice(b, b + j), slice(c, c + k)

    def order(self, half: int) -> list[int]:
        """The half-directions in the solver's order: its faces along axis 0, 1, 2 first."""
        return [*self.axes, *range(3, half)]

    def turn(self, ahead: NDArray[np.int64]) -> NDArray[np.int64]:
        """(H, 3) the caller's half-directions, in the solver's order and axes."""
        return np.ascontiguousarray(ahead[self.order(len(ahead))][:, list(self.axes)])

    def offsets(self, ahead: NDArray[np.int64]) -> NDArray[np.int64]:
        """(H,) how far ahead each neighbour lies in the flattened padded array."""
        _, q, r = self.padded
        return self.turn(ahead) @ np.array([q * r, r, 1], dtype=np.int64)

    def pad(
        self, array: NDArray[Any], carver: "Carver | None" = None, split: Split | None = None
    ) -> NDArray[Any]:
        """The block of `array` with a border of zeros, flattened; `split` as for `copy_turned`."""
        if carver is None:
            padded = sparse_zeros(self.size, array.dtype, at_once=True)
        else:
            padded = carver.zeros(self.size, array.dtype)
        if self._turns(array, padded):
            first, plane, row = self._steps(array.shape)
            start, sheet, column = self._steps_padded()
            i, j, k = self.shape
            flat = _bytes(array)

            def turn(a: int, b: int) -> None:
                here, there, part = first + a * plane, start + a * sheet, (b - a, j, k)
                turn_bytes(flat, here, plane, row, padded, there, sheet, column, part)

            _share(split, i, turn)
        else:
            turned = array[self.block].transpose(self.axes)
            inside = padded.reshape(self.padded)[1:-1, 1:-1, 1:-1]
            copy_turned(turned, inside, split)
        return padded

    def unpad(self, flat: NDArray[Any], whole: NDArray[Any], split: Split | None = None) -> None:
        """Writes a flattened padded array into the block of `whole`, in the caller's order."""
        if self._turns(whole, flat):
            first, plane, row = self._steps(whole.shape)
            start, sheet, column = self._steps_padded()
            i, j, k = self.shape
            target = _bytes(whole)

            def turn(a: int, b: int) -> None:
                here, there, part = start + a * sheet, first + a * plane, (b - a, k, j)
                turn_bytes(flat, here, sheet, column, target, there, plane, row, part)

            _share(split, i, turn)
        else:
            copy_turned(self.view(flat), whole[self.block], split)

    def _turns(self, whole: NDArray[Any], flat: NDArray[Any]) -> bool:
        """Whether `turn_bytes` can copy between a whole array and a padded one."""
        return (
            self.axes == (2, 0, 1)
            and whole.dtype == flat.dtype == np.uint8
            and whole.flags.c_contiguous
            and flat.flags.c_contiguous
        )

    def _steps(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """First place of the block in a whole array, and how far apart planes and rows are."""
        (a, b, c), (_, j, k) = self.corner, shape
        return (a * j + b) * k + c, j * k, k

    def _steps_padded(self) -> tuple[int, int, int]:
        """The same in the padded array, where the last axis comes first."""
        _, q, r = self.padded
        return q * r + r + 1, r, q * r

    def slab(self, start: int, stop: int) -> "Layout":
        """The layout of planes start to stop of the block along its first axis."""
        axis = self.axes[0]
        corner, shape = list(self.corner), list(self.shape)
        corner[axis] += start
        shape[axis] = stop - start
        return replace(
            self, corner=(corner[0], corner[1], corner[2]), shape=(shape[0], shape[1], shape[2])
        )

    def count_outside(self, array: NDArray[Any]) -> int:
        """How many places of `array` outside the block are not 0."""
        return int(np.count_nonzero(array) - np.count_nonzero(array[self.block]))

    def view(self, flat: NDArray[Any]) -> NDArray[Any]:
        """The block of a flattened padded array (a view)."""
        whole = flat.reshape((*self.padded, *flat.shape[1:]))[1:-1, 1:-1, 1:-1]
        back = [self.axes.index(axis) for axis in range(3)]
        return whole.transpose(*back, *range(3, whole.ndim))

    def places(self, flat: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Indices into the caller's arrays of places in the flattened padded array."""
        found = np.unravel_index(flat, self.padded)
        return tuple(found[self.axes.index(n)] - 1 + self.corner[n] for n in range(3))


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """All of an array in one row (a view)."""
    return array.reshape(-1)


class Carver:
    """Hands out zeros from arrays that are not in use yet, or no more.

    Pages of memory that have been written once are had for nothing; new ones are dear.
    """

    def __init__(self, *spare: NDArray[Any]) -> None:
        self._spare = [array.reshape(-1).view(np.uint8) for array in spare]
        self._used = [0] * len(spare)

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Zeros, from the first spare array with room."""
        kind = np.dtype(dtype)
        count = int(np.prod(shape)) * kind.itemsize
        for number, spare in enumerate(self._spare):
            start = self._used[number]
            if start + count <= spare.size:
                spare[start : start + count] = 0
                self._used[number] = start + -(-count // 64) * 64
                return spare[start : start + count].view(kind).reshape(shape)
        return sparse_zeros(shape, kind)

    def reuse(self) -> None:
        """Hands out everything once more; what was carved before is lost."""
        self._used = [0] * len(self._spare)

    def give_back(self) -> None:
        """Makes the spare arrays zero again; nothing carved from them may be used any more."""
        for spare, used in zip(self._spare, self._used, strict=True):
            spare[:used] = 0
        self._used = [0] * len(self._spare)


def copy_turned(source: NDArray[Any], target: NDArray[Any], split: Split | None = None) -> None:
    """Copies between arrays whose axes may lie in memory in different orders.

    split : `split(start, stop, work)` may share planes among threads
    """

    def copy(start: int, stop: int) -> None:
        here, there = source[start:stop], target[start:stop]
        if source.strides[2] == source.itemsize and target.strides[2] == target.itemsize:
            there[...] = here
        else:
            _copy_tiles(here, there)

    _share(split, source.shape[0], copy)


def _share(split: Split | None, planes: int, work: Callable[[int, int], None]) -> None:
    """Does the work on all planes, by way of `split` where there is one."""
    if split is None:
        work(0, planes)
    else:
        split(0, planes, work)


@compiled
def _copy_tiles(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Copies in tiles so narrow that their rows, often a power of two apart, stay in the cache."""
    ni, nj, nk = source.shape
    for i in range(0, ni, 32):
        for j in range(nj):
            here, there = source[i : i + 32, j], target[i : i + 32, j]
            for k in range(0, nk, 8):
                for p in range(here.shape[0]):
                    for r in range(k, min(k + 8, nk)):
                        there[p, r] = here[p, r]


def sparse_zeros(
    shape: int | tuple[int, ...], dtype: DTypeLike, *, at_once: bool = False
) -> NDArray[Any]:
    """Zeros in small pages, which take memory only where they are written.

    at_once : have all pages now (of arrays neither short nor very long). Pages that threads ask for
        one by one are dear, since they wait for each other: for arrays that will be written
        nearly everywhere this makes two threads a fifth faster.

    numpy asks the system for huge pages: the first call with them was 0.1 to 0.2 s slower at
    256 x 256 x 256.
    """
    kind = np.dtype(dtype)
    count = int(np.prod(shape))
    size = count * kind.itemsize
    if size < _SMALL:
        return np.zeros(shape, dtype=kind)
    pages = _map_pages(size, at_once and size in _LARGE)
    return np.frombuffer(pages, dtype=kind, count=count).reshape(shape)


def _map_pages(size: int, at_once: bool) -> mmap.mmap:
    """Fresh memory; private, since of shared pages each one that is read takes memory too."""
    if not hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size)
    more = getattr(mmap, "MAP_POPULATE", 0) if at_once else 0
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | more)


def neighbour_steps(neighbours: int) -> NDArray[np.int64]:
    """(6 or 26, 3) steps; the first six are +i, -i, +j, -j, +k, -k."""
    return np.array(FACES if neighbours == 6 else ALL_AROUND, dtype=np.int64)


def edge_weights(
    steps: NDArray[np.int64], spacing: tuple[float, float, float]
) -> NDArray[np.int64]:
    """(D,) integer weights by the rule at the head of this module."""
    sizes = np.array(spacing, dtype=np.float64)
    if len(steps) == 6:
        exact = 1.0 / (np.abs(steps) @ sizes)
        exact /= exact.min()
    else:
        distance = np.sqrt(((steps * sizes) ** 2).sum(axis=1))
        exact = 12.0 * distance.min() / distance
    if np.allclose(exact, np.round(exact), rtol=0.0, atol=1e-9):
        return np.round(exact).astype(np.int64)
    parts = 16.0 if len(steps) == 6 else 4.0
    return np.maximum(1, np.round(parts * exact)).astype(np.int64)
