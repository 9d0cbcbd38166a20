"""Figures of the junction and of both twins, each with an interval."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.anatomy.images import Images, Mask
from diptych.anatomy.ownership import Sides, block_round, find_faces, neighbour_slices
from diptych.anatomy.tissues import Compartments
from diptych.model import Measured, Tissue, TwinId
from diptych.tables import SourcedTable

AREA_UNCERTAINTY = 0.15
"""Relative; covers the choice of the voxel that a face is counted for."""
GROUPS = {
    "skin": (Tissue.SKIN,),
    "bone": (Tissue.BONE,),
    "dura": (Tissue.DURA, Tissue.CSF, Tissue.VESSEL),
    "brain": (Tissue.BRAIN,),
}

SMOOTH = 2.0
"""Voxels over which the boundary's normal is smoothed."""

FloatArray = NDArray[np.float64]


def measure_junction(
    images: Images,
    tissues: NDArray[np.uint8],
    parts: Compartments,
    sides: Sides,
    physiology: SourcedTable,
) -> dict[str, Measured]:
    """Fused area by tissue, junction diameter, septum fraction, brain volumes, asymmetry.

    Areas are of the boundary between the sides; "dura" holds dura and CSF (the septum),
    "brain" the places where brain meets brain. Units are in each figure.
    """
    area = face_areas(images, sides.side)
    figures = {
        f"fused-area-{name}": _spread(
            float(area[np.isin(tissues, codes)].sum()) / 100.0, AREA_UNCERTAINTY, "cm2"
        )
        for name, codes in GROUPS.items()
    }
    whole = float(area.sum())
    figures["junction-diameter"] = _spread(
        2.0 * (whole / np.pi) ** 0.5, 0.5 * AREA_UNCERTAINTY, "mm"
    )
    figures["septum-fraction"] = _septum_fraction(area, parts, sides)
    return figures | _volumes(images, tissues, sides, physiology)


def _spread(value: float, relative: float, unit: str) -> Measured:
    return Measured(
        value=value, low=value * (1.0 - relative), high=value * (1.0 + relative), unit=unit
    )


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


def _septum_fraction(area: FloatArray, parts: Compartments, sides: Sides) -> Measured:
    """Share of the boundary inside the vault where a septum can be seen."""
    inner: Mask = sides.faces & sides.inner & ~parts.vessel
    seen = sides.clear & inner
    whole = float(area[inner].sum())
    value = float(area[seen].sum()) / whole if whole > 0.0 else 0.0
    return Measured(value=value, low=max(value - 0.1, 0.0), high=min(value + 0.1, 1.0), unit="1")


def _volumes(
    images: Images, tissues: NDArray[np.uint8], sides: Sides, physiology: SourcedTable
) -> dict[str, Measured]:
    doubt = physiology.value("brain-volume-relative-uncertainty")
    sizes = {
        twin: float(((tissues == Tissue.BRAIN) & (sides.side == code)).sum()) * images.voxel_ml
        for code, twin in enumerate((TwinId.A, TwinId.B), start=1)
    }
    mean = 0.5 * (sizes[TwinId.A] + sizes[TwinId.B])
    apart = abs(sizes[TwinId.A] - sizes[TwinId.B]) / mean if mean > 0.0 else 0.0
    return {f"brain-volume-{twin}": _spread(size, doubt, "ml") for twin, size in sizes.items()} | {
        "size-asymmetry": Measured(
            value=apart, low=max(apart - doubt, 0.0), high=apart + doubt, unit="1"
        )
    }
