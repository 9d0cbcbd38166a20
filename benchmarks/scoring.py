"""How well a map and a cut agree with the truth, scored where it is hard.

Over the whole head a ruler scores a Dice of 0.997, so nothing here is scored over the
whole head: only tissue within 12 mm of the true interface, vein voxels, and the cut
itself. Every figure has the same figure of the best flat plane beside it.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

NOBODY, A, B, SHARED = 0, 1, 2, 3
VESSEL = 6
NEAR = 12.0

Codes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TruthArrays:
    """The truth as arrays of one shape (I, J, K).

    veins : voxels of the bridging and crossing veins (vessels that are no sinuses)
    distance : signed distance to the true interface, mm, positive on A's side
    interrupted : nearest piece of the septum is interrupted
    affine : (4, 4) index -> mm
    """

    owner: Codes
    tissues: Codes
    veins: Mask
    distance: NDArray[np.float64]
    interrupted: Mask
    affine: NDArray[np.float64]

    @property
    def near(self) -> Mask:
        """Tissue of A or B (vessels apart) within 12 mm of the interface, septum whole."""
        return self._close & ~self.interrupted

    @property
    def near_interrupted(self) -> Mask:
        """The same where the septum is interrupted."""
        return self._close & self.interrupted

    @property
    def _close(self) -> Mask:
        twins = (self.owner == A) | (self.owner == B)
        solid = (self.tissues > 0) & (self.tissues != VESSEL)
        return twins & solid & (np.abs(self.distance) <= NEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutDistance:
    """Distance of cut faces from the true interface, mm."""

    mean: float
    p95: float
    faces: int


def wrong_share(said: Codes, truth: Codes, where: Mask) -> float:
    """Percent of the voxels of `where` whose owner is not the true one.

    Whatever is not the true twin counts as wrong, "shared" and "unknown" too; voxels
    taken for air are left out (that is a fault of segmentation, not of ownership).
    NaN when nothing is left.
    """
    counted = where & (said != NOBODY)
    if not counted.any():
        return float("nan")
    return 100.0 * float(np.mean(said[counted] != truth[counted]))


def wrong_vessel_share(said: Codes, truth: TruthArrays, where: Mask) -> float:
    """Percent of the true vessel voxels in `where` that are said to be another's.

    Here air counts as wrong too: a vessel that was not seen is a vessel without its owner.
    """
    counted = where & (truth.tissues == VESSEL)
    if not counted.any():
        return float("nan")
    return 100.0 * float(np.mean(said[counted] != truth.owner[counted]))


def dice(a: Mask, b: Mask) -> float:
    """Dice overlap of two masks; NaN when both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / total if total else float("nan")


def cut_distance(side: Codes, truth: TruthArrays, where: Mask) -> CutDistance:
    """Distance of the faces between sides 1 and 2 from the true interface.

    Faces count where both voxels are in `where`; a face lies half-way between its two
    voxels, and so does its signed distance.
    """
    found = []
    for axis in range(3):
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        one, two = tuple(low), tuple(high)
        face = (side[one] * side[two] == A * B) & where[one] & where[two]
        found.append(0.5 * (truth.distance[one][face] + truth.distance[two][face]))
    away = np.abs(np.concatenate(found))
    if len(away) == 0:
        return CutDistance(mean=float("nan"), p95=float("nan"), faces=0)
    return CutDistance(mean=float(away.mean()), p95=float(np.percentile(away, 95)), faces=len(away))


def septum_distance(owner: Codes, truth: TruthArrays, vessel: Mask | None = None) -> CutDistance:
    """Distance of the map's own boundary from the true interface, where the septum is whole.

    vessel : voxels that the map takes for vessels. They, and true vessels, are left out: a
        vein lies with its owner, which says nothing of the septum.
    """
    where = (truth.tissues > 0) & (truth.tissues != VESSEL) & ~truth.interrupted
    return cut_distance(owner, truth, where if vessel is None else where & ~vessel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Voxels whose stated confidence lies from `low` to below `high` per cent: how many, what
    was said of them on average, and how many of them are right, per cent.
    """

    low: float
    high: float
    count: int
    said: float
    right: float


BINS = (50.0, 60.0, 70.0, 80.0, 85.0, 95.0, 98.0, 101.0)


def measure_reliability(
    sure: Codes, said: Codes, truth: TruthArrays, where: Mask | None = None
) -> tuple[Reliability, ...]:
    """Stated confidence of the owner against the truth in `where` (if nothing is given: in
    tissue within 12 mm of the interface, vessels apart, the septum whole or not); only where
    a twin is named as owner. Bins without voxels are left out.
    """
    where = truth.near | truth.near_interrupted if where is None else where
    where = where & ((said == A) | (said == B))
    stated, right = sure[where].astype(np.float64), said[where] == truth.owner[where]
    found = []
    for low, high in pairwise(BINS):
        within = (stated >= low) & (stated < high)
        if within.any():
            found.append(
                Reliability(
                    low=low,
                    high=high,
                    count=int(within.sum()),
                    said=float(stated[within].mean()),
                    right=100.0 * float(right[within].mean()),
                )
            )
    return tuple(found)


def positions(affine: NDArray[np.float64], where: Mask) -> NDArray[np.float64]:
    """Positions (N, 3) in mm of the voxels of a mask."""
    return np.argwhere(where) @ affine[:3, :3].T + affine[:3, 3]


def best_plane(truth: TruthArrays) -> tuple[NDArray[np.float64], float]:
    """The flat plane (unit normal towards A, offset) that gives the fewest voxels near the
    interface to the wrong twin, fitted to the truth itself: the strongest ruler there is.

    Least squares for a start, then simplex searches from it and from 12 places around it.
    """
    points = positions(truth.affine, truth.near)
    signs = np.where(truth.owner[truth.near] == A, 1.0, -1.0)
    middle = points.mean(axis=0)
    thin = max(len(points) // 40_000, 1)
    points, signs = points[::thin] - middle, signs[::thin]
    start, *_ = np.linalg.lstsq(np.c_[points, np.ones(len(points))], signs, rcond=None)
    start = np.r_[start[:3], -start[3]] / np.linalg.norm(start[:3])

    def wrong(plane: NDArray[np.float64]) -> float:
        normal = plane[:3] / np.linalg.norm(plane[:3])
        return float(np.mean(np.sign(points @ normal - plane[3]) != signs))

    chance = np.random.Generator(np.random.Philox(key=7))
    best = start
    for trial in range(13):
        shift = np.r_[chance.normal(0, 0.08, 3), chance.normal(0, 2.0)] * (trial > 0)
        corners = start + shift + np.vstack([np.zeros(4), np.diag([0.1, 0.1, 0.1, 2.0])])
        options = {"initial_simplex": corners, "maxiter": 160}
        found = minimize(wrong, corners[0], method="Nelder-Mead", options=options)
        best = found.x if found.fun < wrong(best) else best
    normal = best[:3] / np.linalg.norm(best[:3])
    return normal, float(best[3] + normal @ middle)


def plane_sides(truth: TruthArrays, normal: NDArray[np.float64], offset: float) -> Codes:
    """Every tissue voxel given to A or B by a flat plane, 0 in air."""
    where = truth.tissues > 0
    side = np.zeros(where.shape, dtype=np.uint8)
    side[where] = np.where(positions(truth.affine, where) @ normal > offset, A, B)
    return side


def ratio(ruler: float, ours: float) -> float:
    """How many times better than the ruler; infinite when ours is nothing."""
    return float("inf") if ours == 0 else ruler / ours
