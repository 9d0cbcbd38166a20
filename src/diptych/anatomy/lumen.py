"""The lumen of vessels finer than the voxel, and how much blood each voxel holds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from diptych.anatomy.images import FloatGrid, Images, Mask
from diptych.anatomy.tissues import Compartments
from diptych.kernels.components import label_components

Points = NDArray[np.float64]
Index = NDArray[np.int64]
FINE_ENOUGH_MM = 0.75
"""Voxels of this size and less are not divided."""
FULL, BESIDE = 75.0, 24
"""Percentile of the contrast deep in vessels that is full blood; voxels beside a vessel
whose median is the tissue's own contrast."""
HALO_MM = 1.5
"""The scanner's blur carries contrast so far out of a vessel."""
LEAST_DEEP, MOST_GROUNDS = 200, 40_000
BREAK = 5.0
"""Half voxels over which a line of them may be broken."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blood:
    """place : (N, 3) LPS+ mm of the voxels in and next to vessels; volume : (N,) mm3 of
    blood in each, by its contrast.
    """

    place: Points
    volume: Points


def find_blood(images: Images, parts: Compartments) -> Blood:
    """How much blood each voxel in and round the vessel mask holds.

    By its contrast between that of the tissue beside the vessel, which enhances a little
    itself, and that of a full vessel. Noise below nothing counts too, for without it the
    many voxels round a vessel would widen it.
    """
    core = np.argwhere(parts.vessel)
    if not len(core):
        return Blood(place=np.zeros((0, 3)), volume=np.zeros(0))
    steps = max(round(HALO_MM / min(images.spacing)), 1)
    index = grow_voxels(core, parts.vessel.shape, steps)
    rim = grow_voxels(index, parts.vessel.shape, 1)
    rim = rim[images.body[tuple(rim.T)]]
    rim = rim[cKDTree(index).query(rim)[0] > 0.0]
    full = full_rise(parts)
    rise = parts.rise[tuple(index.T)].astype(np.float64)
    if len(rim):
        ground = _ground(index, rim, parts.rise)
        rise = (rise - ground) * full / np.maximum(full - ground, 0.5 * full)
    share = np.minimum(rise / full, 1.2)
    return Blood(
        place=images.position_of(index.astype(np.float64)),
        volume=share * images.voxel_ml * 1000.0,
    )


def full_rise(parts: Compartments) -> float:
    """What a voxel full of blood gains, HU: that of the deepest voxels of the mask."""
    deepest = _deepest(np.argwhere(parts.vessel), parts.vessel)
    return float(np.percentile(parts.stream[tuple(deepest.T)], FULL))


def _ground(index: Index, rim: Index, rise: FloatGrid) -> Points:
    """Contrast (N,) of the tissue beside some voxels: the median of the nearest of the rim,
    taken at about MOST_GROUNDS of them and lent to those next to them.
    """
    some = index[:: max(len(index) // MOST_GROUNDS, 1)]
    _, beside = cKDTree(rim).query(some, k=np.arange(1, min(BESIDE, len(rim)) + 1))
    median = np.median(rise[tuple(rim.T)].astype(np.float64)[beside], axis=1)
    if len(some) < len(index):
        median = median[cKDTree(some).query(index)[1]]
    return np.asarray(median)


def grow_voxels(index: Index, shape: tuple[int, ...], steps: int) -> Index:
    """Voxels (N, 3) within so many face-to-face steps of some voxels, sorted by place."""
    grid = np.zeros(shape, dtype=bool)
    grid[tuple(index.T)] = True
    for _ in range(steps):
        for place in _beside(index, shape):
            grid[tuple(place)] = True
        index = np.argwhere(grid)
    return index


def _beside(index: Index, shape: tuple[int, ...]) -> Iterator[Index]:
    """Places (3, N) one step away from some voxels, one for each direction, kept inside."""
    for axis in range(3):
        for step in (1, -1):
            place = np.array(index.T)
            place[axis] = np.clip(place[axis] + step, 0, shape[axis] - 1)
            yield place


def _deepest(core: Index, mask: Mask) -> Index:
    """The voxels that are left when the mask is worn off from outside as often as some are."""
    worn, left = mask.copy(), core
    while True:
        inner = np.ones(len(left), dtype=bool)
        for place in _beside(left, mask.shape):
            inner &= worn[tuple(place)]
        if inner.sum() < LEAST_DEEP:
            return left
        worn[tuple(left[~inner].T)] = False
        left = left[inner]


def divide_lumen(images: Images, parts: Compartments) -> tuple[Mask, int]:
    """The vessel mask on voxels half as large, where they are large, and the factor.

    A voxel's eight parts belong to the lumen when the contrast between the voxels'
    middles is at least the least of the mask, so that vessels a voxel apart stay apart; of
    a voxel without such a part the brightest one stays, and breaks are joined.
    """
    if min(images.spacing) <= FINE_ENOUGH_MM or not parts.vessel.any():
        return parts.vessel, 1
    limit = float(np.percentile(parts.stream[parts.vessel], 2.0))
    near = grow_voxels(np.argwhere(parts.vessel), parts.vessel.shape, 1)
    corners = np.array(list(np.ndindex(2, 2, 2)))
    values = np.stack(
        [sample_field(parts.stream, near + 0.5 * corner - 0.25) for corner in corners], axis=1
    )
    inside = values >= limit
    thin = parts.vessel[tuple(near.T)] & ~inside.any(axis=1)
    inside[thin, values[thin].argmax(axis=1)] = True
    voxel, corner = np.nonzero(inside)
    fine = np.zeros([2 * size for size in parts.vessel.shape], dtype=bool)
    fine[tuple((2 * near[voxel] + corners[corner]).T)] = True
    _join_breaks(fine)
    return fine, 2


def _join_breaks(fine: Mask) -> None:
    """Joins pieces to what is near them by straight lines: the shortest, and no more than
    it takes.
    """
    pieces = label_components(fine, neighbours=26)
    if pieces.count < 2:
        return
    every = np.argwhere(fine)
    order = np.argsort(pieces.labels[tuple(every.T)], kind="stable")
    stops = np.cumsum(pieces.sizes[1:])[:-1].astype(np.int64)
    group = list(range(pieces.count))
    for away, first, second, start, end in _near_links(np.split(every[order], stops)):
        if group[first] != group[second]:
            steps = np.linspace(start, end, 2 * int(np.ceil(away)) + 1)
            fine[tuple(np.rint(steps).astype(np.int64).T)] = True
            old = group[second]
            group = [group[first] if value == old else value for value in group]


_Link = tuple[float, int, int, tuple[int, ...], tuple[int, ...]]


def _near_links(places: list[NDArray[np.int64]]) -> list[_Link]:
    """Shortest links between pieces within BREAK of each other, the shortest first: length,
    both pieces, both voxels.
    """
    low = np.array([piece.min(axis=0) for piece in places])
    high = np.array([piece.max(axis=0) for piece in places])
    found: list[_Link] = []
    for first in range(len(places)):
        apart = np.maximum(low[first] - high, low - high[first]).max(axis=1)
        near = [n for n in np.flatnonzero(apart <= BREAK).tolist() if n > first]
        tree = cKDTree(places[first]) if near else None
        for second in near:
            reach = (places[second] >= low[first] - BREAK) & (places[second] <= high[first] + BREAK)
            points = places[second][reach.all(axis=1)]
            if tree is not None and len(points):
                away, nearest = tree.query(points, distance_upper_bound=BREAK)
                here = int(away.argmin())
                if np.isfinite(away[here]):
                    ends = (places[first][nearest[here]], points[here])
                    start, end = (tuple(int(x) for x in place) for place in ends)
                    found.append((round(float(away[here]), 6), first, second, start, end))
    return sorted(found)


def sample_field(field: FloatGrid, index: NDArray[np.float64]) -> Points:
    """Values (N,) of a grid at fractional indices (N, 3), linear between voxels."""
    result: Points = ndimage.map_coordinates(
        field, index.T, output=np.float64, order=1, mode="nearest"
    )
    return result
