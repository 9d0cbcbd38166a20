"""Brain, dura, fluid and bony plate in the junction: what their prices are made of.

Distances are Euclidean between the middles of voxels, mm. Margins from uncertainty: brain is
surely owned where its owner's confidence reaches `margin-confidence`, which lies the farther
from the boundary the larger the boundary's error there; from it the cut should keep the margin.
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.components import label_components
from diptych.kernels.distance import measure_distance
from diptych.model import Anatomy, Case, Owner, Tissue
from diptych.separation.ladder import SOFT, Ladder, Weights, read_weights
from diptych.separation.policy import SeparationPolicy
from diptych.separation.region import Junction, voxel_spacing
from diptych.separation.septum import see_septum
from diptych.tables import SourcedTable

Mask = NDArray[np.bool_]
Grid = NDArray[np.float32]
Spacing = tuple[float, float, float]
ABSENT_TERMS = (
    "the anatomy names no hemisphere and no region of the brain voxel by voxel, so no cost tells"
    " eloquent from silent cortex; depth below the brain's surface stands for it"
)
"""What the costs leave out because the anatomy does not carry it."""


def survey_soft(
    case: Case,
    anatomy: Anatomy,
    junction: Junction,
    *,
    table: SourcedTable,
    policy: SeparationPolicy,
    by_tissue: NDArray[np.int64],
) -> tuple[Mask, Ladder]:
    """Which voxels of the junction are soft (I, J, K), and what their prices are made of.

    by_tissue : (7,) price of each tissue code, units
    """
    tissues = anatomy.tissues.voxels[junction.block].astype(np.uint8)
    spacing = voxel_spacing(anatomy.tissues)
    weights = read_weights(table)
    apart, plate = _between_brains(anatomy, junction, table=table, policy=policy)
    within = plate | np.isin(tissues, SOFT)
    brain = (tissues == Tissue.BRAIN)[within]
    septum = see_septum(case, anatomy.tissues, junction)
    near_brain, near_vessel = _margins(anatomy, junction, table, weights)
    ladder = Ladder(
        base=by_tissue[tissues[within]],
        brain=brain,
        plate=plate[within],
        septum=np.where(plate, np.float32(1.0), septum)[within],
        apart=apart[within],
        sure=_sure_of_owner(anatomy, junction)[within],
        beside=_beside_other(anatomy.ownership.voxels[junction.block])[within],
        depth=_below_brain(tissues, spacing, weights)[within],
        below=_below_scalp(tissues, spacing, weights)[within],
        near_brain=near_brain[within],
        near_vessel=near_vessel[within],
        weights=weights,
        scale=policy.cost_scale,
    )
    return within, ladder


def _sure_of_owner(anatomy: Anatomy, junction: Junction) -> NDArray[np.uint8]:
    """Confidence of the owner, 0..100; shared and unknown count as doubt."""
    owner = anatomy.ownership.voxels[junction.block]
    sure: NDArray[np.uint8] = anatomy.confidence.voxels[junction.block].astype(np.uint8)
    sure[(owner == Owner.SHARED) | (owner == Owner.UNKNOWN)] = 0
    return sure


def _beside_other(owner: NDArray[np.generic]) -> Mask:
    """Voxels of A that share a face with one of B, and the other way round."""
    beside = np.zeros(owner.shape, dtype=np.bool_)
    a, b = owner == Owner.A, owner == Owner.B
    for axis in range(3):
        here, there = [slice(None)] * 3, [slice(None)] * 3
        here[axis], there[axis] = slice(0, -1), slice(1, None)
        one, two = tuple(here), tuple(there)
        parted = (a[one] & b[two]) | (b[one] & a[two])
        beside[one] |= parted
        beside[two] |= parted
    return beside


def _between_brains(
    anatomy: Anatomy,
    junction: Junction,
    *,
    table: SourcedTable,
    policy: SeparationPolicy,
) -> tuple[Grid, Mask]:
    """Difference of the distances to the two brains, mm; and the bony plate.

    The plate is bone within `plate-reach` mm of either brain. Without brain that is surely
    owned there is neither: all zeros, no plate.
    """
    tissues = anatomy.tissues.voxels[junction.block]
    owner = anatomy.ownership.voxels[junction.block]
    sure = anatomy.confidence.voxels[junction.block].astype(np.uint8) >= policy.seed_confidence
    away = []
    for twin in (Owner.A, Owner.B):
        mine = (tissues == Tissue.BRAIN) & (owner == twin) & sure
        if not mine.any():
            none = np.zeros(tissues.shape, dtype=np.float32)
            return none, np.zeros(tissues.shape, dtype=np.bool_)
        away.append(measure_distance(~mine, voxel_spacing(anatomy.tissues)))
    reach = table.value("plate-reach")
    plate = (tissues == Tissue.BONE) & (away[0] <= reach) & (away[1] <= reach)
    return np.abs(away[0] - away[1]), plate


def _below_brain(tissues: NDArray[np.uint8], spacing: Spacing, weights: Weights) -> Grid:
    """Depth of brain below its nearest surface, mm, up to the limit; a vessel in it is none."""
    if weights.depth == 0.0 or weights.depth_limit == 0.0:
        return np.zeros(tissues.shape, dtype=np.float32)
    inside = (tissues == Tissue.BRAIN) | (tissues == Tissue.VESSEL)
    depth = measure_distance(inside, spacing, limit=weights.depth_limit)
    return np.where(tissues == Tissue.BRAIN, depth, np.float32(0.0))


def _below_scalp(tissues: NDArray[np.uint8], spacing: Spacing, weights: Weights) -> Grid:
    """Depth below the air around the heads, mm; 0 everywhere where the block holds none."""
    if weights.reach == 0.0:
        return np.zeros(tissues.shape, dtype=np.float32)
    air = label_components(tissues == Tissue.AIR)
    if air.count == 0:
        return np.zeros(tissues.shape, dtype=np.float32)
    outer = 1 + int(np.argmax(air.sizes[1:]))
    return measure_distance(air.labels != outer, spacing)


def _margins(
    anatomy: Anatomy, junction: Junction, table: SourcedTable, weights: Weights
) -> tuple[Grid, Grid]:
    """Nearness 0..1 to surely owned brain and to vessels: 1 at their surface, 0 at the margin."""
    tissues = anatomy.tissues.voxels[junction.block]
    spacing = voxel_spacing(anatomy.tissues)
    sure = _sure_of_owner(anatomy, junction) >= table.value("margin-confidence")
    owned = (tissues == Tissue.BRAIN) & sure
    return (
        _nearness(owned, spacing, weights.margin_brain, table.value("margin-brain-width")),
        _nearness(
            tissues == Tissue.VESSEL,
            spacing,
            weights.margin_vessel,
            table.value("margin-vessel-width"),
        ),
    )


def _nearness(what: Mask, spacing: Spacing, weight: float, width: float) -> Grid:
    """1 in and at the surface of `what`, falling evenly to 0 at `width` mm from it."""
    if weight == 0.0 or width == 0.0 or not what.any():
        return np.zeros(what.shape, dtype=np.float32)
    half = 0.5 * min(spacing)
    away = measure_distance(~what, spacing, limit=width + half)
    near: Grid = np.clip(1.0 - (away - half) / width, 0.0, 1.0).astype(np.float32)
    return near
