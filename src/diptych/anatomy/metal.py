"""Metal in a CT: where it is, and how far its streaks make the tissues doubtful."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.images import Images, Mask
from diptych.kernels.components import label_components
from diptych.kernels.distance import measure_distance

METAL_HU = 3000.0
"""No bone or tooth of an infant is as dense; many scanners cut off at 3071 HU."""
LEAST_METAL_MM3 = 4.0
STREAK_MM, CLEAR_MM = 25.0, 60.0
"""Streaks are dark and bright bands: within the first distance nothing is sure."""
WORST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metal:
    """mask : metal, inside the box; doubt : 0..1 share that confidence loses (None: no metal);
    notes : what it means, in words.
    """

    mask: Mask | None
    doubt: NDArray[np.float32] | None
    notes: tuple[str, ...]

    def spoil(self, sure: NDArray[np.uint8]) -> None:
        """Lowers confidences (per cent, on the box) in place where streaks may be."""
        if self.doubt is not None:
            sure[:] = np.rint(sure * (1.0 - self.doubt)).astype(np.uint8)


def find_metal(images: Images) -> Metal:
    """Metal in the plain CT; of an MR none can be told."""
    if images.hull is not None:
        return Metal(mask=None, doubt=None, notes=())
    dense = np.maximum(images.plain, images.venous) > METAL_HU
    pieces = label_components(dense, neighbours=26)
    keep = pieces.sizes * images.voxel_ml * 1000.0 >= LEAST_METAL_MM3
    keep[0] = False
    mask = np.asarray(keep[pieces.labels])
    if not mask.any():
        return Metal(mask=None, doubt=None, notes=())
    away = measure_distance(~mask, images.spacing, limit=CLEAR_MM)
    doubt = np.clip((CLEAR_MM - away) / (CLEAR_MM - STREAK_MM), 0.0, 1.0) * np.float32(WORST)
    amount, count = float(mask.sum()) * images.voxel_ml, int(keep.sum())
    reach = float(((away < STREAK_MM) & images.body).sum()) * images.voxel_ml
    return Metal(
        mask=mask,
        doubt=doubt.astype(np.float32),
        notes=(
            f"{count} piece{'s' if count > 1 else ''} of metal ({amount:.1f} ml above"
            f" {METAL_HU:g} HU): streaks may falsify bone, brain, vessels and owners within"
            f" {STREAK_MM:g} mm ({reach:.0f} ml of tissue), where confidence is halved; angles"
            " and the class rest on points farther away; scan again with metal artefact"
            " reduction if the joint lies there",
        ),
    )
