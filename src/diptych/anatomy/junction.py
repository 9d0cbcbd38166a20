"""The boundary between the twins as figures: its area by tissue, its diameter, its septum."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.anatomy.images import Images, Mask
from diptych.anatomy.ownership import (
    HALF_CLEAR,
    Sides,
    block_round,
    find_faces,
    neighbour_slices,
)
from diptych.anatomy.tissues import Compartments
from diptych.model import Tissue

GROUPS = {
    "skin": (Tissue.SKIN,),
    "bone": (Tissue.BONE,),
    "dura": (Tissue.DURA, Tissue.CSF, Tissue.VESSEL),
    "brain": (Tissue.BRAIN,),
}

SMOOTH = 2.0
"""Voxels over which the boundary's normal is smoothed."""

FloatArray = NDArray[np.float64]


def junction_figures(
    images: Images,
    tissues: NDArray[np.uint8],
    parts: Compartments,
    sides: Sides,
    share: float = HALF_CLEAR,
) -> dict[str, float]:
    """Fused area by tissue (cm2), junction diameter (mm), septum fraction and gaps (cm2).

    The diameter is that of a disc of the whole area; the fraction is the part of the
    boundary inside the vault where a septum can be seen (at least `share` of a whole one's
    strength), and the gaps are what is left.
    """
    area = face_areas(images, sides.side)
    lies_in = tissue_between(tissues, sides)
    figures = {
        f"fused-area-{name}": float(area[np.isin(lies_in, codes)].sum()) / 100.0
        for name, codes in GROUPS.items()
    }
    figures["junction-diameter"] = 2.0 * (float(area.sum()) / np.pi) ** 0.5
    inner: Mask = sides.faces & sides.inner & ~parts.vessel
    whole = float(area[inner].sum())
    seen = float(area[sides.clear_from(share) & inner].sum())
    figures["septum-gap-area"] = max(whole - seen, 0.0) / 100.0
    return figures | {"septum-fraction": seen / whole if whole > 0.0 else 0.0}


def tissue_between(tissues: NDArray[np.uint8], sides: Sides) -> NDArray[np.uint8]:
    """The tissue that the boundary runs through at each voxel of it, uint8.

    Its own, but brain counts as fluid where a film of fluid shows along the boundary, or
    where it meets anything but brain of the other twin: only brain that meets brain with
    nothing between is fused brain.
    """
    brain = (tissues == Tissue.BRAIN) & ~sides.fluid
    touches = np.zeros(tissues.shape, dtype=bool)
    for axis in range(3):
        near, far = neighbour_slices(axis)
        one, two = sides.side[near], sides.side[far]
        both = (one != two) & (one > 0) & (two > 0) & brain[near] & brain[far]
        touches[near] |= both
        touches[far] |= both
    apart = (tissues == Tissue.BRAIN) & ~touches
    return np.where(apart, np.uint8(Tissue.CSF), tissues).astype(np.uint8)


def unit_of(name: str) -> str:
    """The unit of a figure of the junction."""
    if name.startswith("fused-area-") or name == "septum-gap-area":
        return "cm2"
    return "mm" if name == "junction-diameter" else "1"


def face_areas(images: Images, side: NDArray[np.uint8]) -> FloatArray:
    """Area of the boundary between the sides, mm2, at each voxel of it.

    Steps of the voxel grid are taken out by weighing each face with the cosine between
    it and the boundary's smoothed normal.
    """
    area = np.zeros(side.shape)
    faces = find_faces(side)
    if not faces.any():
        return area
    block = block_round(faces, int(4.0 * SMOOTH) + 1)
    near_side, out = side[block], area[block]
    normal = _normal(near_side, images.spacing)
    cell = float(np.prod(images.spacing))
    for axis in range(3):
        near, far = neighbour_slices(axis)
        one, two = near_side[near], near_side[far]
        share_each = 0.5 * cell / images.spacing[axis] * ((one != two) & (one > 0) & (two > 0))
        out[near] += share_each * normal[axis][near]
        out[far] += share_each * normal[axis][far]
    return area


def _normal(side: NDArray[np.uint8], spacing: tuple[float, float, float]) -> FloatArray:
    """Size of each component of the boundary's smoothed unit normal, (3, I, J, K)."""
    share = [ndimage.gaussian_filter((side == code).astype(np.float32), SMOOTH) for code in (1, 2)]
    excess = (share[0] - share[1]) / np.maximum(share[0] + share[1], 1e-3)
    slopes = np.stack(np.gradient(excess, *spacing))
    result: FloatArray = np.abs(slopes) / np.maximum(np.linalg.norm(slopes, axis=0), 1e-9)
    return result
