"""Where the two twins meet, and which voxels are surely whose.

The junction is the block around all contact of the twins' tissues; everything costly is
computed there only. Distances are Euclidean, in mm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.kernels.components import label_components
from diptych.kernels.distance import measure_distance
from diptych.model import Anatomy, InputError, Owner, TwinId, Volume

Block = tuple[slice, slice, slice]
_NEAR = 4.0
"""Tissues of both twins within twice this far of each other are in contact, mm."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Junction:
    """The block where the twins meet.

    block : slices into the volumes
    normal : (I, J, K, 3) float32 unit vectors, voxel axes, from A towards B
    """

    block: Block
    normal: NDArray[np.float32]


def find_junction(anatomy: Anatomy, *, reach: float) -> Junction:
    """The block within `reach` mm of all contact between the twins, and the way across it.

    Raises InputError when the ownership shows no tissue of one twin or no contact.
    """
    owner = anatomy.ownership.voxels.astype(np.uint8, copy=False)
    for twin in TwinId:
        if not (owner == Owner.of(twin)).any():
            raise InputError(
                f"ownership shows no voxel of twin {twin}",
                remedy="map the anatomy again and look at its ownership",
            )
    spacing = anatomy.ownership.spacing
    block = _contact_block(owner, spacing, reach)
    return Junction(block=block, normal=_crossing_direction(owner[block], spacing))


def _contact_block(
    owner: NDArray[np.uint8], spacing: tuple[float, float, float], reach: float
) -> Block:
    most = int(np.ceil(_NEAR / min(spacing)))
    place = find_box(owner != Owner.NOBODY, room=most)
    near_a = _grown(owner[place] == Owner.A, spacing, _NEAR)
    near_b = _grown(owner[place] == Owner.B, spacing, _NEAR)
    both = near_a & near_b
    if not both.any():
        raise InputError(
            "the tissues of the twins nowhere come within 8 mm of each other",
            remedy="check that both twins are in one frame, and map the anatomy again",
        )
    slices = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        filled = np.flatnonzero(both.any(axis=others))
        margin = int(np.ceil(reach / spacing[axis]))
        low = place[axis].start
        slices.append(
            slice(
                max(low + int(filled[0]) - margin, 0),
                min(low + int(filled[-1]) + margin + 1, owner.shape[axis]),
            )
        )
    return slices[0], slices[1], slices[2]


def _grown(
    mask: NDArray[np.bool_], spacing: tuple[float, float, float], radius: float
) -> NDArray[np.bool_]:
    """The mask grown by a box of `radius` mm each way."""
    size = [2 * int(np.ceil(radius / step)) + 1 for step in spacing]
    grown: NDArray[np.bool_] = ndimage.maximum_filter(mask.view(np.uint8), size=size) > 0
    return grown


def _crossing_direction(
    owner: NDArray[np.uint8], spacing: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Unit vectors from A to B: gradient of the smoothed ownership (8 mm)."""
    tilt = (owner == Owner.B).astype(np.float32) - (owner == Owner.A).astype(np.float32)
    smooth = ndimage.gaussian_filter(tilt, [8.0 / step for step in spacing], truncate=2.5)
    gradient = np.stack(np.gradient(smooth, *spacing), axis=-1)
    length = np.linalg.norm(gradient, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = (gradient / np.maximum(length, 1e-9)).astype(np.float32)
    return unit


def place_seeds(
    anatomy: Anatomy, junction: Junction, *, margin: float, confidence: int
) -> NDArray[np.uint8]:
    """Seeds (I, J, K): 1 surely A, 2 surely B, 0 free.

    Sure means: owned with that confidence, farther than `margin` mm from all tissue that is
    not the same twin's (inside the junction), and in one piece with the rest.
    """
    seeds = np.zeros(anatomy.ownership.shape, dtype=np.uint8)
    place = join_blocks(find_box(anatomy.ownership.voxels != Owner.NOBODY), junction.block)
    owner = anatomy.ownership.voxels[place].astype(np.uint8)
    sure = anatomy.confidence.voxels[place].astype(np.uint8) >= confidence
    inner = shift_block(junction.block, place)
    for code, other in ((1, int(Owner.B)), (2, int(Owner.A))):
        mine = (owner == code) & sure
        mine[inner] &= _far_from(owner[inner], other, anatomy.ownership.spacing, margin)
        mine = _largest_piece(mine)
        if not mine.any():
            raise InputError(
                f"no voxel of twin {'AB'[code - 1]} is surely owned and {margin:.0f} mm from"
                " the other twin",
                remedy="lower seed-margin in the table of costs, or seed_confidence",
            )
        seeds[place][mine] = code
    return seeds


def _far_from(
    owner: NDArray[np.uint8], other: int, spacing: tuple[float, float, float], margin: float
) -> NDArray[np.bool_]:
    theirs = _without_specks(owner == other, spacing)
    if not theirs.any():
        return np.ones(owner.shape, dtype=np.bool_)
    far: NDArray[np.bool_] = measure_distance(~theirs, spacing) > margin
    return far


def _without_specks(
    mask: NDArray[np.bool_], spacing: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Drops pieces under 0.2 ml: stray labels must not forbid seeds around them."""
    pieces = label_components(mask)
    keep = pieces.sizes * float(np.prod(spacing)) >= 200.0
    keep[0] = False
    kept: NDArray[np.bool_] = keep[pieces.labels]
    return kept


def _largest_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces = label_components(mask)
    if pieces.count <= 1:
        return mask
    piece: NDArray[np.bool_] = pieces.labels == 1 + int(np.argmax(pieces.sizes[1:]))
    return piece


def voxel_spacing(volume: Volume) -> tuple[float, float, float]:
    """Spacing as plain floats, mm."""
    i, j, k = volume.spacing
    return float(i), float(j), float(k)


def find_box(mask: NDArray[np.bool_], *, room: int = 0) -> Block:
    """The box around what is true, with `room` voxels on every side; (0, 1) where nothing is."""
    found = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        filled = np.flatnonzero(mask.any(axis=others))
        low, high = (int(filled[0]), int(filled[-1])) if len(filled) else (0, 0)
        found.append(slice(max(low - room, 0), min(high + room + 1, mask.shape[axis])))
    return found[0], found[1], found[2]


def whole_block(volume: Volume) -> Block:
    """The block that is all of the volume."""
    i, j, k = volume.shape
    return slice(0, i), slice(0, j), slice(0, k)


def join_blocks(one: Block, other: Block) -> Block:
    """The smallest block around both."""
    i, j, k = (
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return i, j, k


def meet_blocks(one: Block, other: Block) -> Block:
    """What both have in common; empty where they do not meet."""
    i, j, k = (
        slice(max(a.start, b.start), max(a.start, b.start, min(a.stop, b.stop)))
        for a, b in zip(one, other, strict=True)
    )
    return i, j, k


def shift_block(inner: Block, outer: Block) -> Block:
    """Where a block lies within a larger one."""
    i, j, k = (
        slice(a.start - b.start, a.stop - b.start) for a, b in zip(inner, outer, strict=True)
    )
    return i, j, k
