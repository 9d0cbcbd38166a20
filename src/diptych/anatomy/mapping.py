"""From the images of a case to its anatomy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.arteries import (
    correct_both,
    find_supply,
    map_supply,
    paint_supply,
    part_circulation,
    tell_circulation,
    trace_arteries,
)
from diptych.anatomy.certainty import rate_septum
from diptych.anatomy.classify import SharedSinus, classify_pair
from diptych.anatomy.corrections import (
    OLD_INTERVALS,
    Said,
    divide_as_told,
    measure_corrected,
    stand_by,
)
from diptych.anatomy.depth import classify_depth
from diptych.anatomy.drainage import (
    assign_owners,
    paint_owners,
    read_slip,
    tell_doubts,
)
from diptych.anatomy.fine import divide_finely
from diptych.anatomy.heads import segment
from diptych.anatomy.images import Images, read_images
from diptych.anatomy.measures import measure_junction
from diptych.anatomy.network import BloodFlow, Surroundings, blood_flow_at, build_network
from diptych.anatomy.noise import estimate_noise
from diptych.anatomy.ownership import Ground, Sides, find_septum, read_errors
from diptych.anatomy.parting import drop_links, part_tree
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.presence import require_both_heads
from diptych.anatomy.scope import judge_scope
from diptych.anatomy.seen import Seen
from diptych.anatomy.territory import AxisErrors, Territory, find_territory, refine_axes
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import trace_vessels
from diptych.kernels.abreast import run_abreast
from diptych.model import (
    Anatomy,
    Case,
    Classification,
    Corrections,
    Measured,
    Owner,
    Tissue,
    VesselNetwork,
    Volume,
)
from diptych.tables import SourcedTable

GAP_TOLD_CM2 = 1.0
DEFAULT_POLICY = AnatomyPolicy()
NOTHING_SAID = Corrections()
UNSURE = 75
COARSE_MM = 2.0
"""Voxels thicker than an infant's vault (about 2 mm) merge what lies on both sides of it."""


def map_anatomy(
    case: Case,
    *,
    tables: Mapping[str, SourcedTable],
    policy: AnatomyPolicy = DEFAULT_POLICY,
    corrections: Corrections = NOTHING_SAID,
    labels: Volume | None = None,
) -> Anatomy:
    """Tissues, owners, vessels, axes and class of a case.

    Needs a series that shows skull and brain, best "ct", else "mr" (T1), "ctv" or "cta";
    with one that shows vessels ("ctv", "mrv", "cta", "mra", same grid) vessels too.
    `tables` must hold "classification" and "physiology". Without the Frankfurt points of
    both twins the axes are estimated, and a note says so. `corrections` is what people said
    about owners; it outranks the images. `labels` are tissues labelled elsewhere: `Tissue`
    codes on the case's grid, `UNSAID` where they say nothing.
    Raises InputError when no series shows skull and brain, no intracranial space, or one head;
    SafetyRefusal when nothing says which head is A.
    """
    seen = see_case(case, tables=tables, policy=policy, labels=labels)
    return divide_seen(case, seen, tables=tables, policy=policy, corrections=corrections)


def see_case(
    case: Case,
    *,
    tables: Mapping[str, SourcedTable],
    policy: AnatomyPolicy = DEFAULT_POLICY,
    labels: Volume | None = None,
) -> Seen:
    """All of `map_anatomy` that no correction of owners changes; it raises what that raises."""
    images = read_images(case, policy)
    require_both_heads(case, images)
    found = segment(images, policy, labels)
    table = tables["classification"]
    blood = part_circulation(images, found.parts, policy, table.value("significant-sinus-calibre"))
    codes = found.codes.copy()
    codes[blood.vessel & ~found.parts.bone] = Tissue.VESSEL
    parts = replace(found.parts, vessel=blood.vessel)
    territory = find_territory(case, images, parts, policy)
    errors = AxisErrors(
        mirror=table.value("mirror-error"), reading=table.value("landmark-reading-error")
    )
    territory = refine_axes(case, images, territory, errors)
    ground = _ground(images, parts, territory, table)
    sides, (tree, feeding) = run_abreast(
        lambda: divide_finely(ground),
        lambda: (trace_vessels(images, blood.veins), trace_arteries(images, blood.arteries)),
    )
    return Seen(
        images=images,
        found=replace(found, parts=parts, codes=codes),
        territory=territory,
        sides=sides,
        blood=blood,
        tree=tree,
        feeding=feeding,
    )


def _ground(
    images: Images, parts: Compartments, territory: Territory, table: SourcedTable
) -> Ground:
    """What the boundary is sought in, with the errors to expect in images of that noise."""
    errors = read_errors(table, estimate_noise(images, parts))
    return Ground(images=images, parts=parts, territory=territory, errors=errors)


def divide_seen(
    case: Case,
    seen: Seen,
    *,
    tables: Mapping[str, SourcedTable],
    policy: AnatomyPolicy = DEFAULT_POLICY,
    corrections: Corrections = NOTHING_SAID,
    before: Mapping[str, Measured] | None = None,
) -> Anatomy:
    """The anatomy from what was seen in the images and what people say about owners.

    With `before`, the measures of the same case before a correction, the intervals of the
    junction's figures keep their width, and a note says so: that saves the longest part.
    """
    images, found, territory = seen.images, seen.found, seen.territory
    parts, codes, certain = found.parts, found.codes.copy(), found.sure.copy()
    table, physiology = tables["classification"], tables["physiology"]
    ground = _ground(images, parts, territory, table)
    sides, said, told = divide_as_told(ground, seen.sides, corrections)
    septum = find_septum(parts, sides)
    codes[septum] = Tissue.DURA
    rate_septum(certain, septum)
    around = Surroundings(
        images=images,
        parts=parts,
        territory=territory,
        brain=codes == Tissue.BRAIN,
        side=sides.side,
    )
    blood = _map_blood(seen, around, sides, said, tables, blood_flow_at(case.brief, physiology))
    sinus = find_shared_sinus(blood.vessels, seen.blood.shows_veins, table)
    measures = (
        measure_junction(ground, codes, sides, policy)
        if before is None
        else measure_corrected(ground, codes, sides, before)
    )
    return Anatomy(
        tissues=_volume(images, codes, "tissues"),
        ownership=_volume(images, blood.owners, "ownership"),
        confidence=_volume(images, blood.sure, "confidence of the ownership, percent"),
        vessels=blood.vessels,
        axes=territory.axes,
        classification=classify_depth(
            _doubt_when_coarse(classify_pair(territory.axes, sinus, table), images.spacing),
            measures,
            table,
        ),
        measures=measures,
        notes=(
            *found.notes,
            *_contrast_notes(seen.blood.shows_veins),
            *tell_circulation(images, seen.blood),
            *territory.notes,
            *told,
            *(() if before is None else (OLD_INTERVALS,)),
            *blood.notes,
            *_doubts(images, parts, sides),
            *tell_gap(measures),
        ),
        scope=judge_scope(case, ground, sides, table, shown=seen.blood.shown),
        tissue_confidence=_volume(images, certain, "confidence of the tissues, percent"),
        arteries=blood.arteries,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Blood:
    """Both networks, and the owners (uint8) with their confidence, vessels painted in."""

    vessels: VesselNetwork
    arteries: VesselNetwork
    owners: NDArray[np.uint8]
    sure: NDArray[np.uint8]
    notes: tuple[str, ...]


def _map_blood(
    seen: Seen,
    around: Surroundings,
    sides: Sides,
    said: Said,
    tables: Mapping[str, SourcedTable],
    rate: BloodFlow,
) -> _Blood:
    images, blood = seen.images, seen.blood
    calibre = tables["classification"].value("significant-sinus-calibre")
    drained = assign_owners(seen.tree, images, blood.veins, sides, calibre)
    tree, drained = drop_links(seen.tree, drained)
    drainage, supply = correct_both(
        (tree, drained),
        find_supply(blood.arteries, seen.feeding, around),
        images,
        said,
    )
    physiology = tables["physiology"]
    vessels, loose = build_network(part_tree(tree, drainage), drainage, around, rate, physiology)
    arteries, unfed = map_supply(supply, around, rate, physiology)
    slip = read_slip(blood.veins)
    painted = paint_owners(images, blood.veins, sides, tree, drainage, slip)
    owners, sure = stand_by(*paint_supply(supply, images, sides, painted), said)
    return _Blood(
        vessels=vessels,
        arteries=arteries,
        owners=owners,
        sure=sure,
        notes=(*loose, *unfed, *tell_doubts(tree, drainage, [v.name for v in vessels.vessels])),
    )


def _doubt_when_coarse(
    found: Classification, spacing: tuple[float, float, float]
) -> Classification:
    """The class, called ambiguous where voxels are too thick to part neighbouring sinuses."""
    thickest = max(spacing)
    if thickest <= COARSE_MM:
        return found
    reason = (
        f"the voxels are {thickest:.1f} mm thick, more than {COARSE_MM:g} mm: sinuses of both"
        " twins that lie close together cannot be told from one shared sinus; image at"
        " 1.25 mm or finer"
    )
    return replace(found, ambiguous=True, reasons=(*found.reasons, reason))


def _volume(images: Images, codes: NDArray[np.uint8], name: str) -> Volume:
    return images.grid.on_this_grid(images.unbox(codes), source=f"{name} of {images.grid.source}")


def find_shared_sinus(vessels: VesselNetwork, contrast: bool, table: SourcedTable) -> SharedSinus:
    """Whether a sinus of both twins is wide and long enough to be significant."""
    calibre = table.value("significant-sinus-calibre")
    length = table.value("significant-sinus-length")
    if not contrast:
        return SharedSinus(
            present=False,
            evidence="without venous contrast no shared dural venous sinus can be seen",
            known=False,
        )
    shared = [v for v in vessels.vessels if v.owner is Owner.SHARED and v.calibre >= calibre]
    found = float(sum(v.length for v in shared))
    if found < length:
        return SharedSinus(
            present=False,
            evidence=f"no dural venous sinus of at least {calibre:g} mm is shared over"
            f" {length:g} mm ({found:.0f} mm found)",
        )
    mean = sum(v.calibre * v.length for v in shared) / found
    return SharedSinus(
        present=True,
        evidence=f"a dural venous sinus of {mean:.1f} mm is shared over {found:.0f} mm",
    )


def _contrast_notes(shown: bool) -> tuple[str, ...]:
    if shown:
        return ()
    return (
        "the case has no series with venous contrast: no vessel could be traced, and whether"
        " a dural venous sinus is shared is not known; the class assumes that none is",
    )


def tell_gap(measures: Mapping[str, Measured]) -> tuple[str, ...]:
    """What no confidence says: without a septum a furrow looks like the gap between the brains."""
    gap = measures["septum-gap-area"]
    if gap.value < GAP_TOLD_CM2:
        return ()
    return (
        f"over {gap.value:.0f} cm2 no septum is seen between the brains; the boundary follows fluid"
        " there, and a furrow of one brain looks the same. Where one brain has grown into the other"
        " the owners may be wrong up to a centimetre from it, whatever their confidence says:"
        " compare the slices, and correct with diptych anatomy CASE --seeds FILE",
    )


def _doubts(images: Images, parts: Compartments, sides: Sides) -> tuple[str, ...]:
    unsure = (sides.confidence < UNSURE) & (sides.confidence > 0) & parts.cavity & ~sides.faces
    amount = float(unsure.sum()) * images.voxel_ml
    if amount < 1.0:
        return ()
    return (
        f"{amount:.0f} ml inside the skull lie where no septum can be seen; whose they are is"
        f" less than {UNSURE} % sure",
    )
