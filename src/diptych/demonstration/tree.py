"""Vessels while they are drawn: runs that hang on each other, and room between them."""

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from diptych.demonstration.interface import REACH, STEP
from diptych.demonstration.order import PairOrder
from diptych.demonstration.routes import Compartment, Points
from diptych.demonstration.shell import Joint
from diptych.model import Owner, TwinId

_CLEARANCE = 1.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One vessel before it is split at its branches.

    path : (N, 3) joint mm, in the usual direction of flow; radius : planned, mm
    start_on, end_on : run that the end hangs on, and the point of its path there
    root : the twin whose jugular its end is
    """

    name: str
    kind: str
    owner: Owner
    path: Points
    radius: float
    start_on: tuple[int, int] | None = None
    end_on: tuple[int, int] | None = None
    root: TwinId | None = None


@dataclass(slots=True, kw_only=True)
class Tree:
    """The runs drawn so far (a builder)."""

    joint: Joint
    order: PairOrder
    halves: tuple[Compartment, Compartment]
    stream: np.random.Generator
    runs: list[Run] = field(default_factory=list)

    def add(self, run: Run) -> int:
        """Takes in a run; its number."""
        self.runs.append(run)
        return len(self.runs) - 1

    def nearest(self, index: int, point: Points) -> tuple[int, int]:
        """The place on a run that is nearest to a point."""
        gaps = np.linalg.norm(self.runs[index].path - point, axis=1)
        return index, int(gaps.argmin())

    def at(self, place: tuple[int, int]) -> Points:
        """The point (3,) at a place."""
        result: Points = self.runs[place[0]].path[place[1]]
        return result

    def is_free(self, path: Points, radius: float, end: Points | None) -> bool:
        """Whether a path keeps its distance from all vessels, but for its end."""
        if end is not None:
            path = path[np.linalg.norm(path - end, axis=1) > 7.0]
        if len(path) == 0:
            return False
        others = np.concatenate([run.path for run in self.runs])
        reach = np.concatenate([np.full(len(run.path), run.radius) for run in self.runs])
        gap, index = cKDTree(others).query(path)
        return bool((gap > radius + reach[index] + _CLEARANCE).all())


def unit(x: float, y: float, z: float) -> Points:
    """The direction of that vector, (3,)."""
    vector = np.array([x, y, z])
    result: Points = vector / np.linalg.norm(vector)
    return result


def septum_half(order: PairOrder) -> float:
    """Half the thickness of what lies between the CSF of the two brains, mm."""
    return 0.75 if order.total else 1.65


def septum_spot(joint: Joint, stream: np.random.Generator) -> Points:
    """A point of the septum where it is whole and the cavities overlap by 5 mm or more."""
    face = joint.interface
    spots = np.argwhere((face.overlap > 5.0) & ~face.gap) * STEP - REACH
    p, q = spots[int(stream.integers(0, len(spots)))]
    w = float(face.sample("height", np.array([p]), np.array([q]))[0])
    return np.array([p, q, w])
