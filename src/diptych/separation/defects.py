"""What must be covered on each twin: skin, dura and bone, cm2.

Model. The cut leaves the same opening on both twins: its rim is the ring where the cut meets
the outer contour, its floor the cut surface.

- skin: the whole cut surface out to the outer contour, plus a strip of `skin-margin` mm
  along the rim for the edges that are trimmed. At least the flat opening inside the rim.
- bone: the part of the cut surface inside the outer face of the skull (bone, dura, fluid,
  brain, vessels): the opening that a new vault must span. At least its flat size.
- dura: the part inside the skull (dura, fluid, brain, vessels). At least the part where no
  dura was seen at the cut: elsewhere one of two layers may be kept.

Intervals also carry the error of measuring an area on voxels (`area-uncertainty`). The same
figures hold for both twins here: growth to the date of operation, tissue gained by expanders
and differences in the height of the new vault are not in them.
"""

import numpy as np
from numpy.typing import NDArray

from diptych.model import Defect, Measured, Tissue, TwinId, Volume
from diptych.separation.area import CutFaces
from diptych.tables import SourcedTable

_INSIDE_SKULL = (Tissue.DURA, Tissue.CSF, Tissue.BRAIN, Tissue.VESSEL)


def measure_tissue_areas(faces: CutFaces, tissues: NDArray[np.uint8]) -> dict[str, float]:
    """Area of the cut through each tissue, cm2; a face between two kinds counts half each."""
    flat = tissues.reshape(-1)
    areas = np.zeros(len(Tissue))
    for side in (faces.first, faces.second):
        areas += np.bincount(flat[side], weights=faces.area / 2.0, minlength=len(Tissue))
    return {tissue.name.lower(): float(areas[tissue]) for tissue in Tissue if tissue}


def measure_defects(
    faces: CutFaces, areas: dict[str, float], grid: Volume, table: SourcedTable
) -> dict[TwinId, Defect]:
    """Skin, dura and bone to replace on each twin."""
    whole = sum(areas.values())
    dura = sum(areas[tissue.name.lower()] for tissue in _INSIDE_SKULL)
    bone = dura + areas["bone"]
    flat = _flatness(faces, grid)
    rim = 2.0 * np.sqrt(np.pi * whole * flat)
    strip = rim * table.value("skin-margin") / 10.0
    error = table.value("area-uncertainty")
    defect = Defect(
        skin=_interval(whole + strip, whole * flat, error),
        dura=_interval(dura, dura - areas["dura"], error),
        bone=_interval(bone, bone * flat, error),
    )
    return {TwinId.A: defect, TwinId.B: defect}


def _flatness(faces: CutFaces, grid: Volume) -> float:
    """Flat size of the cut (projected along its mean direction) over its true size, 0..1."""
    total = float(faces.area.sum())
    if total <= 0.0:
        return 1.0
    place = grid.to_lps(faces.middle)
    away = place - np.average(place, axis=0, weights=faces.area)
    spread = (away * faces.area[:, None]).T @ away / total
    axes = np.linalg.eigh(spread)[1]
    cells = np.unique(np.round(away @ axes[:, 1:] / 2.0).astype(np.int64), axis=0)
    return min(1.0, len(cells) * 0.04 / total)


def _interval(value: float, low: float, error: float) -> Measured:
    bottom = max(0.0, min(low, value) * (1.0 - error))
    return Measured(value=value, low=bottom, high=value * (1.0 + error), unit="cm2")
