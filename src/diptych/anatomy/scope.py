"""Whether the pair is craniopagus at all, and what its images allow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.axes import has_frankfurt
from diptych.anatomy.images import Images, Mask
from diptych.anatomy.junction import face_areas
from diptych.anatomy.ownership import Ground, Sides
from diptych.anatomy.territory import Territory
from diptych.anatomy.tissues import Compartments
from diptych.kernels.components import label_components
from diptych.model import Case, Scope, TwinAxes
from diptych.tables import SourcedTable

METAL_HU = 3000.0
"""Above enamel; scanners stop counting at 3071."""
LEAST_METAL_MM3 = 20.0
NEAR_METAL_MM = 40.0
FACE_AHEAD, NECK_BEHIND = 0.5, -0.2
"""Where face and neck begin, ahead of and behind the porions, in half porion distances."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contact:
    """Where the twins meet: positions (N, 3) LPS+ mm, area (N,) cm2, whether in bone (N,)."""

    place: Points
    area: Points
    bone: NDArray[np.bool_]


def judge_scope(
    case: Case,
    ground: Ground,
    sides: Sides,
    table: SourcedTable,
    *,
    shown: frozenset[str] = frozenset({"vein"}),
) -> Scope:
    """Whether the pair is joined by the calvaria alone, and what can be computed.

    shown : kinds of vessel ("vein", "artery") that the series show apart from each other

    Craniopagus is a union of the calvaria; where skull base, vertebrae or face are joined it
    is another type. Both Frankfurt planes part the calvaria from what lies below: bone of
    both twins that meets below either plane over more than the table's
    "scope-bone-area" says no; soft tissue over more than "scope-soft-area" leaves it open
    (None), and so do missing Frankfurt points.
    """
    images, territory = ground.images, ground.territory
    contact = find_contact(images, ground.parts, sides)
    lines: list[str] = []
    verdict: bool | None = True
    for number, twin in enumerate(case.twins):
        if not has_frankfurt(twin):
            verdict = None if verdict else verdict
            continue
        said, finding = _judge_twin(contact, territory, number, table)
        verdict = said if verdict or said is False else verdict
        lines.extend(finding)
    if not all(has_frankfurt(twin) for twin in case.twins):
        lines.append(
            "the Frankfurt points of both twins are not marked: whether skull base, vertebrae"
            " or face are joined was not judged"
        )
    lines.extend(_metal(images, contact))
    return Scope(
        craniopagus=verdict,
        findings=(_headline(verdict), *lines),
        possible=_possible(verdict, shown),
        impossible=_impossible(verdict, shown),
    )


def find_contact(images: Images, parts: Compartments, sides: Sides) -> Contact:
    """The boundary between the twins' sides as pieces of area."""
    area = face_areas(images, sides.side)
    where = np.argwhere(area > 0.0)
    spot = tuple(where.T)
    return Contact(
        place=images.position_of(where.astype(np.float64)),
        area=area[spot] / 100.0,
        bone=parts.bone[spot],
    )


def _judge_twin(
    contact: Contact, territory: Territory, number: int, table: SourcedTable
) -> tuple[bool | None, list[str]]:
    """Verdict and findings from the junction below one twin's Frankfurt plane."""
    axes, width = territory.axes[number], territory.width[number]
    away = (contact.place - territory.middle[number]) / width
    below = away @ np.array(axes.long) < 0.0
    bone = float(contact.area[below & contact.bone].sum())
    soft = float(contact.area[below & ~contact.bone].sum())
    if bone >= table.value("scope-bone-area"):
        return False, [_bone_words(contact, away, below, axes)]
    if soft >= table.value("scope-soft-area"):
        return None, [
            f"{soft:.0f} cm2 of soft tissue meet below the Frankfurt plane of twin {axes.twin}:"
            " joined or merely touching, the images do not say"
        ]
    return True, []


def _bone_words(contact: Contact, away: Points, below: Mask, axes: TwinAxes) -> str:
    ahead = away @ np.array(axes.facing)
    joined = below & contact.bone
    regions = {
        "face": joined & (ahead > FACE_AHEAD),
        "skull base": joined & (ahead <= FACE_AHEAD) & (ahead >= NECK_BEHIND),
        "vertebrae or occiput": joined & (ahead < NECK_BEHIND),
    }
    parts = [
        f"{name} {area:.1f} cm2"
        for name, region in regions.items()
        if (area := float(contact.area[region].sum())) >= 0.1
    ]
    return f"bone is joined below the Frankfurt plane of twin {axes.twin}: " + ", ".join(parts)


def _headline(verdict: bool | None) -> str:
    return {
        True: "craniopagus: the twins are joined by the calvaria alone",
        False: "not craniopagus: the twins are joined elsewhere than by the calvaria alone."
        " Diptych plans for craniopagus only",
        None: "whether the twins are joined by the calvaria alone could not be judged;"
        " a person must look",
    }[verdict]


def _metal(images: Images, contact: Contact) -> list[str]:
    """A sentence for metal in the heads, with its distance to the junction."""
    pieces = label_components((images.plain >= METAL_HU) & images.body, neighbours=26)
    large = pieces.sizes * images.voxel_ml * 1000.0 >= LEAST_METAL_MM3
    large[0] = False
    if not large.any():
        return []
    metal = large[pieces.labels]
    place = images.position_of(np.argwhere(metal).astype(np.float64))
    middle = place.mean(axis=0)
    gap = float(np.linalg.norm(contact.place - middle, axis=1).min()) if len(contact.place) else 0.0
    reach = (
        "bone, vessels and the boundary there cannot be relied on"
        if gap < NEAR_METAL_MM
        else "it is far enough from the junction not to touch the boundary"
    )
    return [
        f"{float(metal.sum()) * images.voxel_ml:.2f} ml of metal (above {METAL_HU:g} HU) lie"
        f" {gap:.0f} mm from the junction, around {', '.join(f'{v:.0f}' for v in middle)} mm:"
        f" {reach}"
    ]


def _possible(verdict: bool | None, shown: frozenset[str]) -> tuple[str, ...]:
    found = ["tissues, and whose each voxel is, with its confidence", "areas and volumes"]
    if verdict is not False:
        found += ["long axes, rotation and class", "a plan of separation"]
    if "vein" in shown:
        found.append("venous network, owners of veins, flow and shares of drainage")
    if "artery" in shown:
        found.append("arteries, their owners, and what each brain gets from the other twin's neck")
    return tuple(found)


def _impossible(verdict: bool | None, shown: frozenset[str]) -> tuple[str, ...]:
    found = []
    if verdict is False:
        found += ["a class of craniopagus", "a plan of separation"]
    if not shown:
        found.append(
            "vessels, drainage and whether a venous sinus is shared: no series has contrast"
        )
    elif "vein" not in shown:
        found.append(
            "veins, drainage and whether a venous sinus is shared: no venous phase is given"
        )
    if "artery" not in shown:
        found.append(
            "arteries: the series do not show them apart from veins; an arterial phase (cta or"
            " mra) beside a venous one does"
        )
    return tuple(found)
