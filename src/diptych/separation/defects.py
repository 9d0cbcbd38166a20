"""What must be covered on each twin: skin, dura and bone, cm2, on the day of the operation.

Each twin's own opening in each layer is covered by something between two surfaces:

- the lid: the tightest cover over what remains of this twin, which lies on tissue that bulges
  and spans what is hollow; so a twin on the hollow side of a bent cut needs less than the other;
- the dome: the head's own curve carried on over the opening, which for a ball of radius R and an
  opening of radius a is 2 / (1 + sqrt(1 - (a / R)^2)) times as large as the flat opening; so a
  small head needs more than a large one over the same opening.

The row `dome-share` says where between both the new vault lies. Skin has a strip of
`skin-margin` mm along the rim besides. Dura may be as little as the part where none was seen at
the cut: elsewhere one of two layers may be kept. Everything grows with the head's surface to the
day of the operation. The interval runs from the lid on the first day to the dome on the last,
with the error of areas measured on voxels (`area-uncertainty`).
"""

from collections.abc import Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from diptych.model import Defect, Measured, Tissue
from diptych.separation.area import CutFaces
from diptych.separation.opening import Opening
from diptych.tables import SourcedTable

_INSIDE_SKULL = (Tissue.DURA, Tissue.CSF, Tissue.BRAIN, Tissue.VESSEL)


def measure_tissue_areas(faces: CutFaces, tissues: NDArray[np.uint8]) -> dict[str, float]:
    """Area of the cut through each tissue, cm2; a face between two kinds counts half each."""
    flat = tissues.reshape(-1)
    areas = np.zeros(len(Tissue))
    for side in (faces.first, faces.second):
        areas += np.bincount(flat[side], weights=faces.area / 2.0, minlength=len(Tissue))
    return {tissue.name.lower(): float(areas[tissue]) for tissue in Tissue if tissue}


def measure_defect(
    openings: Mapping[str, Opening],
    balls: Mapping[str, float],
    areas: Mapping[str, float],
    growth: Measured,
    *,
    costs: SourcedTable,
    table: SourcedTable,
) -> Defect:
    """Skin, dura and bone to replace on one twin.

    openings, balls : of "skin", "bone" and "dura": the opening, and the radius (mm) of the ball
        that the head is near it (0: not known, the lid is taken)
    areas : of the cut by tissue, cm2; growth : head surface then over that on the scan
    costs, table : tables "costs" and "reconstruction"
    """
    error = costs.value("area-uncertainty")
    cover = {
        layer: _cover(openings[layer], balls[layer], growth, error, table)
        for layer in ("skin", "bone", "dura")
    }
    strip = openings["skin"].rim * costs.value("skin-margin") / 100.0
    inside = sum(areas[tissue.name.lower()] for tissue in _INSIDE_SKULL)
    bare = 1.0 - areas["dura"] / inside if inside > 0.0 else 1.0
    skin, dura = cover["skin"], cover["dura"]
    return Defect(
        skin=Measured(
            value=skin.value + strip * sqrt(growth.value),
            low=skin.low,
            high=skin.high + strip * sqrt(growth.high) * (1.0 + error),
            unit="cm2",
        ),
        dura=Measured(value=dura.value, low=dura.low * bare, high=dura.high, unit="cm2"),
        bone=cover["bone"],
    )


def dome_factor(opening: float, ball: float) -> float:
    """Area of the cap of a ball over the flat opening that it covers; 1 when nothing is known.

    opening : flat area, cm2; ball : radius, mm; an opening wider than the ball takes half of it
    """
    if ball <= 0.0 or opening <= 0.0:
        return 1.0
    lean = opening * 100.0 / np.pi / ball**2
    return float(2.0 / (1.0 + np.sqrt(max(1.0 - lean, 0.0))))


def _cover(
    opening: Opening, ball: float, growth: Measured, error: float, table: SourcedTable
) -> Measured:
    lid = opening.lid_area
    dome = max(lid, opening.flat_area * dome_factor(opening.flat_area, ball))
    share = table.number("dome-share")
    low, value, high = (lid + part * (dome - lid) for part in (share.low, share.value, share.high))
    return Measured(
        value=value * growth.value,
        low=low * growth.low * (1.0 - error),
        high=high * growth.high * (1.0 + error),
        unit="cm2",
    )
