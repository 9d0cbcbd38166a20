"""The lumen of vessels finer than the voxel, and how much blood each voxel holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from diptych.anatomy.images import FloatGrid, Images, Mask
from diptych.anatomy.tissues import Compartments
from diptych.kernels.components import label_components
from diptych.kernels.distance import measure_distance

Points = NDArray[np.float64]
FINE_ENOUGH_MM = 0.75
"""Voxels of this size and less are not divided."""
BREAK = 8.0
"""Parts of voxels over which a vessel that the whole voxels join may be broken."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blood:
    """place : (N, 3) LPS+ mm of the voxels in and next to vessels; volume : (N,) mm3 of
    blood in each, by its contrast.
    """

    place: Points
    volume: Points


def find_blood(images: Images, parts: Compartments) -> Blood:
    """How much blood each voxel in and round the vessel mask holds."""
    if not parts.vessel.any():
        return Blood(place=np.zeros((0, 3)), volume=np.zeros(0))
    thick = measure_distance(parts.vessel, (1.0, 1.0, 1.0))
    inside = parts.rise[parts.vessel & (thick >= min(float(thick.max()), 2.0))]
    full = float(np.median(inside))
    around = ndimage.binary_dilation(parts.vessel, iterations=1)
    index = np.argwhere(around)
    share = np.clip(parts.rise[around] / full, 0.0, 1.2).astype(np.float64)
    return Blood(
        place=images.position_of(index.astype(np.float64)),
        volume=share * images.voxel_ml * 1000.0,
    )


def divide_lumen(images: Images, parts: Compartments) -> tuple[Mask, int]:
    """The vessel mask on voxels half as large, where they are large, and the factor.

    A voxel's eight parts belong to the lumen when the contrast between the voxels'
    middles is at least the least of the mask, so that vessels a voxel apart stay apart.
    """
    if min(images.spacing) <= FINE_ENOUGH_MM or not parts.vessel.any():
        return parts.vessel, 1
    limit = float(np.percentile(parts.rise[parts.vessel], 2.0))
    near = np.argwhere(ndimage.binary_dilation(parts.vessel, iterations=1))
    bridge = parts.vessel[tuple(near.T)] & (parts.rise[tuple(near.T)] < limit)
    fine = np.zeros([2 * size for size in parts.vessel.shape], dtype=bool)
    for corner in np.ndindex(2, 2, 2):
        place = near + 0.5 * np.array(corner) - 0.25
        inside = bridge | (sample_field(parts.rise, place) >= limit)
        fine[tuple((2 * near + np.array(corner))[inside].T)] = True
    _join_breaks(fine, parts.vessel)
    return fine, 2


def _join_breaks(fine: Mask, coarse: Mask) -> None:
    """Joins what the coarse mask joins, by the shortest lines, as few as do it."""
    pieces = label_components(fine, neighbours=26)
    whole = label_components(coarse, neighbours=26).labels
    where = [np.argwhere(pieces.labels == n) for n in range(1, pieces.count + 1)]
    trees = [cKDTree(places) for places in where]
    links = []
    for n, places in enumerate(where):
        home = int(whole[tuple(places[0] // 2)])
        for other in range(n):
            if int(whole[tuple(where[other][0] // 2)]) == home:
                away, nearest = trees[other].query(places, distance_upper_bound=BREAK)
                here = int(away.argmin())
                if np.isfinite(away[here]):
                    line = (places[here], where[other][int(nearest[here])])
                    links.append((float(away[here]), n, other, line))
    group = list(range(len(where)))
    for away, n, other, (start, end) in sorted(links, key=lambda link: link[:3]):
        if group[n] != group[other]:
            steps = np.linspace(start, end, 2 * int(np.ceil(away)) + 1)
            fine[tuple(np.rint(steps).astype(np.int64).T)] = True
            old = group[n]
            group = [group[other] if value == old else value for value in group]


def sample_field(field: FloatGrid, index: NDArray[np.float64]) -> Points:
    """Values (N,) of a grid at fractional indices (N, 3), linear between voxels."""
    result: Points = ndimage.map_coordinates(
        field, index.T, output=np.float64, order=1, mode="nearest"
    )
    return result
