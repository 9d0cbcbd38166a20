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
        """`Tissue` codes on the grid of the case's first series, (I, J, K)."""
        ...


class CutSolver(Protocol):
    """Solves minimum cuts on a voxel grid."""

    def minimum_cut(
        self, cost: NDArray[np.uint16], seeds: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], int, int]:
        """Labels (1 = A, 2 = B, 0 = no tissue), cut value and flow value."""
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
