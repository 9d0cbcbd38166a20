"""Whether hands can follow the cut: its depth along itself, pockets, and how tightly it bends."""

from dataclasses import dataclass

import numpy as np

from diptych.model import Volume
from diptych.separation.area import SMOOTHING
from diptych.separation.bend import measure_bend
from diptych.separation.corridor import Corridor, follow_cut
from diptych.separation.region import voxel_spacing
from diptych.separation.soft import ABSENT_TERMS
from diptych.tables import SourcedTable

_FLAT = 200.0
"""Bends wider than this are none for a hand, mm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutShape:
    """Figures of one cut, mm and cm2.

    faces : voxel faces of the cut; deepest, deep : depth along the cut from the open scalp, the
        greatest and the 95th percentile
    pockets : pieces that cannot be reached along the cut; closed_faces, closed_area : of these;
        places : LPS+ mm of the middle of each
    bend : radius that 95 of 100 faces do not bend more tightly than
    tight_area : area that bends more tightly than `least_bend`
    """

    faces: int
    deepest: float
    deep: float
    pockets: int
    closed_faces: int
    closed_area: float
    places: tuple[tuple[float, float, float], ...]
    bend: float
    tight_area: float
    least_bend: float


def judge_shape(side: Volume, *, table: SourcedTable) -> CutShape:
    """The shape of the cut between sides 1 and 2 of a volume of sides.

    table : the costs, with `least-bend-radius` (mm). Bends are looked at where the cut lies
    deeper than twice the smoothing (6 mm): at its rim a surface has no curvature to speak of.
    """
    codes = side.voxels.astype(np.uint8)
    spacing = voxel_spacing(side)
    corridor = follow_cut(codes, spacing)
    closed = corridor.pocket > 0
    reached = corridor.depth[~closed]
    inner = ~closed & (corridor.depth > 2.0 * SMOOTHING)
    bend = measure_bend(codes, corridor.middle[inner], spacing)
    tightest = float(np.percentile(bend.curvature, 95)) if inner.any() else 0.0
    least = table.value("least-bend-radius")
    return CutShape(
        faces=len(corridor.depth),
        deepest=float(reached.max(initial=0.0)),
        deep=float(np.percentile(reached, 95)) if len(reached) else 0.0,
        pockets=corridor.pockets,
        closed_faces=int(closed.sum()),
        closed_area=float(measure_bend(codes, corridor.middle[closed], spacing).area.sum()),
        places=_place_pockets(corridor, side),
        bend=1.0 / tightest if tightest > 0.0 else float("inf"),
        tight_area=float(bend.area[bend.curvature * least > 1.0].sum()),
        least_bend=least,
    )


def _place_pockets(corridor: Corridor, side: Volume) -> tuple[tuple[float, float, float], ...]:
    found = []
    for number in range(1, corridor.pockets + 1):
        middle = corridor.middle[corridor.pocket == number].mean(axis=0)
        x, y, z = side.to_lps((middle - 1.0)[None, :] / 2.0)[0].tolist()
        found.append((x, y, z))
    return tuple(found)


def tell_shape(shape: CutShape) -> tuple[str, ...]:
    """What a person should know of the cut's shape, in words."""
    notes = [
        f"the cut is reached along itself from the open scalp: {shape.deep:.0f} mm deep for 95 of"
        f" 100 parts of it, {shape.deepest:.0f} mm at most",
        *_tell_pockets(shape),
        *_tell_bend(shape),
        ABSENT_TERMS,
    ]
    return tuple(notes)


def _tell_pockets(shape: CutShape) -> list[str]:
    where = [f"({x:.0f}, {y:.0f}, {z:.0f}) mm" for x, y, z in shape.places]
    if not where:
        return []
    return [
        f"{shape.closed_faces} faces of the cut ({shape.closed_area:.2f} cm2) in {shape.pockets}"
        f" pocket{'s' * (shape.pockets > 1)} near {', '.join(where)} cannot be reached along the"
        " cut: uncut tissue lies before them"
    ]


def _tell_bend(shape: CutShape) -> list[str]:
    if shape.bend > _FLAT:
        return []
    told = f"95 of 100 parts of the cut bend no more tightly than {shape.bend:.0f} mm"
    if shape.tight_area < 0.05:
        return [told]
    return [
        f"{told}; {shape.tight_area:.1f} cm2 of it bend more tightly than"
        f" {shape.least_bend:g} mm, which instruments may not follow"
    ]
