"""A problem on one grid, what is known of its solution, and who works on it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.mincut.capacity import Edges
from diptych.kernels.mincut.grid import sparse_zeros

Ints = NDArray[np.int32]

_FAR_SHORT = 32000
_SINK = {np.dtype(np.int16): 1 << 14, np.dtype(np.int32): 1 << 30, np.dtype(np.int64): 1 << 40}
_FAR_LONG = 1 << 30


@dataclass(slots=True, kw_only=True, eq=False)
class Level:
    """A problem on one grid and what is known of its solution; changed in place.

    edges, off : capacities (see `capacity`) and neighbours ahead
    shape : padded
    code, flow, excess : as in `push`
    labels : `label` for side 1 and for side 2, one array until one needs longer labels
    both : whether an edge may have two different capacities
    mixed : voxels that hold finer seeds of both kinds
    supply : (N,) unary terms, or None
    rims : seed voxels beside free ones, once known
    """

    edges: Edges
    off: NDArray[np.int64]
    shape: tuple[int, int, int]
    code: NDArray[np.uint8]
    flow: NDArray[Any]
    excess: NDArray[Any]
    labels: list[NDArray[Any]]
    both: bool
    mixed: NDArray[np.int64]
    supply: NDArray[Any] | None = None
    rims: tuple[Ints, Ints] | None = None


class FarFromBestError(Exception):
    """The sides given are so far from a minimum cut that starting from nothing is faster."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """Where a run takes place.

    area : the only voxels that may change (None: all)
    touched : the only voxels with excess or deficits (None: not known)
    fresh : nothing flows yet inside the sides, and every edge has room
    hasty : give up (FarFromBestError) where a look at it shows that the cut is a poor one
    """

    area: Ints | None = None
    touched: Ints | None = None
    fresh: bool = False
    hasty: bool = False


def far_label(label: NDArray[Any]) -> int:
    """Label of a voxel that no search has reached."""
    return _FAR_SHORT if label.dtype == np.int16 else _FAR_LONG


def sink_mark(excess: NDArray[Any]) -> int:
    """Deficit of a sink, more than can ever flow into one voxel."""
    return _SINK[excess.dtype]


def most_excess(dtype: Any) -> int:
    """Largest excess that may stand beside the mark of a sink."""
    return _SINK[np.dtype(dtype)] - 1


def put_away(level: Level) -> None:
    """Lets go of what a settled level does not need: labels, and excess, which is 0 again."""
    level.labels = []
    level.excess = np.zeros(0, dtype=level.excess.dtype)


def take_out(level: Level) -> None:
    """Makes room again for labels and excess."""
    forget_labels(level)
    level.excess = sparse_zeros(level.code.size, level.excess.dtype)


def forget_labels(level: Level) -> None:
    """Labels as before any search."""
    level.labels = [sparse_zeros(level.code.size, np.int16)] * 2


def let_go(level: Level) -> None:
    """Gives back all memory of a level of no more use, also where an error still refers to it."""
    level.labels, level.edges, level.rims, level.supply = [], (), None, None
    level.flow = level.excess = np.zeros(0, dtype=level.excess.dtype)
    level.code = np.zeros(0, dtype=np.uint8)


class Workers:
    """Runs independent pieces side by side, on one thread or two; results keep their order."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, jobs: list[Callable[[], Any]]) -> list[Any]:
        """Results of all jobs, in the order given; an error is raised when all have ended."""
        if self._pool is None:
            return [job() for job in jobs]
        tasks = [self._pool.submit(job) for job in jobs]
        wait(tasks)
        return [done.result() for done in tasks]

    def split(self, start: int, stop: int, work: Callable[[int, int], Any]) -> list[Any]:
        """Results of `work(from, to)` over parts of a range, one part a thread."""
        edges = [start + (stop - start) * n // self.threads for n in range(self.threads + 1)]
        return self.run([partial(work, a, b) for a, b in pairwise(edges)])
