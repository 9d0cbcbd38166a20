"""Whose each voxel is: a minimum cut from both territories along septum, plate and suture."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.anatomy.images import Box, FloatGrid, Images, Mask
from diptych.anatomy.sheets import CLEAR_SHEET, SHEET_STRENGTH, find_sheets
from diptych.anatomy.territory import Territory
from diptych.anatomy.tissues import Compartments
from diptych.kernels.distance import measure_distance, nearest_index
from diptych.kernels.mincut import minimum_cut

PRICE_FREE, PRICE_SHEET = 1000.0, 10.0
PRICE_VESSEL, PRICE_SOFT = 80.0, 200.0
PRICE_BONE = 60.0
PLATE_DEPTH_MM = 3.5
"""Bone farther than this from skin is not vault: it is a plate between the cavities."""
REACH_CLEAR_MM, REACH_UNCLEAR_MM = 0.6, 6.0

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sides:
    """side : 1 A, 2 B, 0 air, uint8; inner : inside the vault; sheet : strength;
    faces : voxels next to the other side; confidence : 0..100, uint8.
    """

    side: NDArray[np.uint8]
    inner: Mask
    sheet: FloatGrid
    faces: Mask
    confidence: NDArray[np.uint8]


def divide_tissue(images: Images, parts: Compartments, territory: Territory) -> Sides:
    """The side of each voxel of the body.

    The boundary is the surface of least total price between the two territories. It is
    cheap along sheets inside the vault (dura between two layers of CSF, or a bony plate),
    along gaps of the bone, and where the scalp is thin; brain is dear.
    """
    inner = _find_inner(images, parts)
    sheet = find_sheets(images, parts)
    price = _price(images, parts, inner, sheet)
    labels = _cut(price, part_seeds(territory.seeds), images.spacing)
    faces = find_faces(labels)
    confidence = _confidence(images, labels, faces, sheet, inner)
    return Sides(side=labels, inner=inner, sheet=sheet, faces=faces, confidence=confidence)


def divide_again(
    images: Images, parts: Compartments, territory: Territory, sides: Sides, said: Codes
) -> Sides:
    """The sides once people have said whose some voxels are; the search starts from `sides`.

    said : (I, J, K) uint8, 0 nothing, 1 A, 2 B, 3 shared (free: the boundary runs where it
        is cheapest). What is said stands, whatever the images and the territories show.
    """
    kept = np.where(images.body, said, 0).astype(np.uint8)
    seeds = part_seeds(lay_over(territory.seeds, kept))
    price = _price(images, parts, sides.inner, sides.sheet)
    labels = _cut(price, seeds, images.spacing, start=sides.side)
    labels = np.where((kept == 1) | (kept == 2), kept, labels).astype(np.uint8)
    faces = find_faces(labels)
    sure = _confidence(images, labels, faces, sides.sheet, sides.inner)
    sure[kept > 0] = 100
    return replace(sides, side=labels, faces=faces, confidence=sure)


def lay_over(seeds: Codes, said: Codes) -> Codes:
    """Seeds (I, J, K) with what people said in place of the territories, and a free voxel
    round it where it meets the other twin's territory.
    """
    result = np.where(said == 3, 0, seeds).astype(np.uint8)
    for code in (1, 2):
        near = ndimage.binary_dilation(said == code, structure=np.ones((3, 3, 3)))
        result[near & (result == 3 - code)] = 0
    return np.where((said == 1) | (said == 2), said, result).astype(np.uint8)


def part_seeds(seeds: Codes) -> Codes:
    """Seeds (I, J, K) without those of either twin that touch the other's, corners too.

    The cut needs a free voxel between the two; where the heads lie close, territories meet.
    """
    parted = seeds.copy()
    around = np.ones((3, 3, 3))
    near = [ndimage.binary_dilation(seeds == code, structure=around) for code in (1, 2)]
    parted[((seeds == 1) & near[1]) | ((seeds == 2) & near[0])] = 0
    return parted


def _cut(
    price: NDArray[np.int64],
    seeds: Codes,
    spacing: tuple[float, float, float],
    start: Codes | None = None,
) -> Codes:
    """Sides of the minimum cut; which twin is the source depends on place, not on name.

    So swapping the names swaps the sides, even where several cuts have the same price.
    `start` are sides to begin from; they change the time, not the result.
    """
    first = int(seeds.ravel()[int(np.argmax(seeds.ravel() > 0))])
    turned = seeds if first == 1 else _swapped(seeds)
    labels = minimum_cut(
        price,
        turned,
        neighbours=26,
        spacing=spacing,
        upper_bound_mask=None if start is None else start == first,
    ).labels
    return labels if first == 1 else _swapped(labels)


def _swapped(codes: Codes) -> Codes:
    result: Codes = np.array([0, 2, 1], dtype=np.uint8)[codes]
    return result


def _find_inner(images: Images, parts: Compartments) -> Mask:
    outside = ~parts.cavity & ~parts.bone
    away = measure_distance(~outside, images.spacing, limit=2.0 * PLATE_DEPTH_MM)
    return np.asarray(parts.cavity | (parts.bone & (away > PLATE_DEPTH_MM)))


def _price(images: Images, parts: Compartments, inner: Mask, sheet: FloatGrid) -> NDArray[np.int64]:
    within = PRICE_SHEET + PRICE_FREE / (1.0 + (sheet / SHEET_STRENGTH) ** 3)
    within = np.where(parts.vessel, PRICE_VESSEL, within)
    shell = PRICE_BONE + np.clip(images.plain - 80.0, 0.0, 500.0)
    scalp = PRICE_SOFT * np.clip((images.plain + 1000.0) / 1040.0, 0.02, 1.0)
    hard = parts.bone | (images.plain > 100.0)
    price = np.where(inner, within, np.where(hard, shell, scalp))
    return np.where(images.body, np.maximum(price, 1.0), 0.0).astype(np.int64)


def find_faces(side: NDArray[np.uint8]) -> Mask:
    """Voxels that share a face with a voxel of the other side."""
    faces = np.zeros(side.shape, dtype=bool)
    for axis in range(3):
        near, far = neighbour_slices(axis)
        meet = (side[near] != side[far]) & (side[near] > 0) & (side[far] > 0)
        faces[near] |= meet
        faces[far] |= meet
    return faces


def neighbour_slices(axis: int) -> tuple[Box, Box]:
    """All voxels that have a next one along the axis, and those next ones."""
    near, far = [slice(None)] * 3, [slice(None)] * 3
    near[axis], far[axis] = slice(None, -1), slice(1, None)
    return (near[0], near[1], near[2]), (far[0], far[1], far[2])


def clear_faces(sheet: FloatGrid, inner: Mask, faces: Mask) -> Mask:
    """Faces of the boundary where the images show it: outside the vault, or on a sheet."""
    strong = ndimage.maximum_filter(sheet, size=3) > CLEAR_SHEET
    return np.asarray(faces & (strong | ~inner))


def find_septum(parts: Compartments, sides: Sides) -> Mask:
    """Voxels of the boundary inside the cavity where a sheet can be seen."""
    seen = clear_faces(sides.sheet, sides.inner, sides.faces)
    return np.asarray(seen & parts.cavity & ~parts.vessel)


def _confidence(
    images: Images, side: NDArray[np.uint8], faces: Mask, sheet: FloatGrid, inner: Mask
) -> NDArray[np.uint8]:
    """50 at the boundary to 100 far away: soon where the boundary shows, late elsewhere."""
    if not faces.any():
        return np.where(side > 0, 100, 0).astype(np.uint8)
    away, nearest = nearest_index(~faces, images.spacing)
    shown = clear_faces(sheet, inner, faces).ravel()[nearest]
    reach = np.where(shown, REACH_CLEAR_MM, REACH_UNCLEAR_MM)
    half = 0.5 * min(images.spacing)
    sure = 100.0 - 50.0 * np.exp(-(away + half) / reach)
    return np.where(side > 0, np.rint(sure), 0.0).astype(np.uint8)
