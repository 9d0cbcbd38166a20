"""The plug points: what a stranger's segmenter, solver or engine must be able to do."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from diptych.model.board import Event
from diptych.model.case import Case
from diptych.model.procedure import Procedure
from diptych.model.schedule import Schedule

Item = TypeVar("Item")
Result = TypeVar("Result")


class Segmenter(Protocol):
    """Labels tissues."""

    def segment(self, case: Case) -> NDArray[np.uint8]:
        """`Tissue` codes on the grid of the case's first series, (I, J, K) uint8.

        255 where nothing is said. The same case gives the same codes; the names of the twins
        do not count. InputError where the case has no series that it can work with.
        """
        ...


class CutResult(Protocol):
    """What a solver of minimum cuts answers: labels 0, 1, 2, cut value and flow value."""

    labels: NDArray[np.uint8]
    value: int
    lower_bound: int


class CutSolver(Protocol):
    """Solves minimum cuts on a voxel grid; `diptych.kernels.mincut.minimum_cut` is one."""

    def __call__(
        self,
        cost: NDArray[np.generic],
        seeds: NDArray[np.uint8],
        *,
        neighbours: int = 6,
        spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> CutResult:
        """The cheapest separation of seeds 1 from seeds 2; cost 0 is no tissue."""
        ...


class ScheduleSolver(Protocol):
    """Solves procedures."""

    def solve(self, procedure: Procedure) -> Schedule:
        """A schedule with its status and bound; raises Infeasible with the conflicts."""
        ...


class Engine(Protocol):
    """Maps a function over seeds or cases; order of results is the order of items."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results in the order of the items."""
        ...


class EventLog(Protocol):
    """An append-only record."""

    def append(self, event: Event) -> Event:
        """Stores durably, returns the event as stored; a repeated event_id is stored once."""
        ...

    def events(self, after: int = 0) -> tuple[Event, ...]:
        """All events with seq > after, in order."""
        ...
