"""Figures of the junction and of both twins, each with an interval."""

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.images import Images, Mask
from diptych.anatomy.junction import junction_figures, unit_of
from diptych.anatomy.ownership import Ground, Sides, neighbour_slices
from diptych.anatomy.perturb import repeat_junction, spread_over
from diptych.anatomy.policy import AnatomyPolicy
from diptych.model import Measured, Tissue, TwinId

OF_VOXEL = 0.5
"""How far a surface on voxels may lie off the true one, in voxel edges."""
STAIRS = 2.0 / 3.0
"""Area of a surface of any direction, beside that of the voxel faces that stand for it."""


def measure_junction(
    ground: Ground, tissues: NDArray[np.uint8], sides: Sides, policy: AnatomyPolicy
) -> dict[str, Measured]:
    """Fused area by tissue, junction diameter, septum fraction, brain volumes, asymmetry.

    Areas are of the boundary between the sides; "dura" holds dura and CSF (the septum),
    "brain" the places where brain meets brain. Units are in each figure. Intervals come
    from doing it again with images and limits a little otherwise (module `perturb`).
    """
    found = junction_figures(ground.images, tissues, ground.parts, sides)
    again = repeat_junction(ground, sides, policy, found)
    figures = {
        name: spread_over(value, [other[name] for other in again], unit_of(name))
        for name, value in found.items()
    }
    return figures | measure_brains(ground.images, tissues, sides)


def measure_brains(images: Images, tissues: NDArray[np.uint8], sides: Sides) -> dict[str, Measured]:
    """Brain volume of each twin, ml, and how far the two differ, as share of their mean.

    The volume's interval is what the brain's surface gains or loses when it moves by half
    a voxel; that of the difference, when one twin's moves by half as much as the other's.
    """
    sizes, skins = [], []
    for code in (1, 2):
        mine = (tissues == Tissue.BRAIN) & (sides.side == code)
        sizes.append(float(mine.sum()) * images.voxel_ml)
        skins.append(OF_VOXEL * _skin_volume(mine) * images.voxel_ml)
    mean = max(0.5 * (sizes[0] + sizes[1]), 1e-9)
    doubt = 0.5 * (skins[0] + skins[1]) / (2.0 * mean)
    return {
        f"brain-volume-{twin}": _within(size, skin, "ml")
        for twin, size, skin in zip(TwinId, sizes, skins, strict=True)
    } | {"size-asymmetry": _within(abs(sizes[0] - sizes[1]) / mean, doubt, "1")}


def _skin_volume(mask: Mask) -> float:
    """Voxels that a layer one voxel thick over the surface of a mask would fill."""
    faces = 0
    for axis in range(3):
        near, far = neighbour_slices(axis)
        faces += int((mask[near] != mask[far]).sum())
    return STAIRS * faces


def _within(value: float, by: float, unit: str) -> Measured:
    return Measured(value=value, low=max(value - by, 0.0), high=value + by, unit=unit)
