"""From an anatomy to the plans of separation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.model import (
    Anatomy,
    Case,
    Crossing,
    Millilitre,
    MillilitrePerMinute,
    Owner,
    PlanId,
    SeparationFront,
    SeparationPlan,
    Tissue,
    TwinCost,
    TwinId,
    VesselId,
)
from diptych.separation.allocate import allocate_vessels
from diptych.separation.area import measure_faces
from diptych.separation.costs import CostField, explain_cut, weigh_tissue
from diptych.separation.cut import Parting, part_twins, severed_pairs
from diptych.separation.defects import measure_tissue_areas
from diptych.separation.drainage import Severed, find_severed, tell_whole_shared, trace_blood
from diptych.separation.front import build_front
from diptych.separation.policy import SeparationPolicy
from diptych.separation.reconstruction import TABLES as COVER_TABLES
from diptych.separation.reconstruction import cover_twins
from diptych.separation.region import find_junction, place_seeds, voxel_spacing
from diptych.separation.shape import judge_shape, tell_shape
from diptych.separation.terms import Wishes
from diptych.tables import SourcedTable

TABLES = ("allocation", "physiology", *COVER_TABLES)
DEFAULT_POLICY = SeparationPolicy()
NAMES = {"balanced": "balanced", "A": "kinder-A", "B": "kinder-B"}


def plan(
    case: Case,
    anatomy: Anatomy,
    *,
    tables: Mapping[str, SourcedTable],
    policy: SeparationPolicy = DEFAULT_POLICY,
) -> SeparationFront:
    """The front of separation plans, the balanced one proposed.

    tables : must hold those named in TABLES
    Each plan's surface is a global minimum of its costs, with the flow that proves it.
    Raises InputError when the twins' tissues do not meet or no tissue is surely owned.
    """
    table = tables["costs"]
    margin = table.value("seed-margin")
    junction = find_junction(anatomy, reach=margin + 12.0)
    seeds = place_seeds(anatomy, junction, margin=margin, confidence=policy.seed_confidence)
    field = weigh_tissue(case, anatomy, junction, table=table, policy=policy)
    ground = _Ground(
        case=case,
        anatomy=anatomy,
        seeds=seeds,
        field=field,
        share=trace_blood(anatomy.vessels),
        table=table,
        tables=tables,
        policy=policy,
    )
    wishes = sorted(policy.preferences, key=list(NAMES).index)
    return build_front([_plan_one(ground, wish) for wish in wishes])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ground:
    """What all plans of one case share."""

    case: Case
    anatomy: Anatomy
    seeds: NDArray[np.uint8]
    field: CostField
    share: Mapping[VesselId, float]
    table: SourcedTable
    tables: Mapping[str, SourcedTable]
    policy: SeparationPolicy


def _plan_one(ground: _Ground, preference: str) -> SeparationPlan:
    anatomy = ground.anatomy
    spacing = voxel_spacing(anatomy.tissues)
    parting = part_twins(
        ground.field,
        ground.seeds,
        anatomy.ownership.voxels.astype(np.uint8),
        preference=preference,
        spacing=spacing,
        policy=ground.policy,
    )
    side = anatomy.tissues.on_this_grid(parting.side, source=f"side of each voxel, {preference}")
    tissues = anatomy.tissues.voxels.astype(np.uint8)
    faces = measure_faces(parting.side, spacing)
    areas = measure_tissue_areas(faces, tissues)
    severed = find_severed(anatomy.vessels, side)
    allocation = allocate_vessels(
        severed,
        anatomy.vessels,
        tables=ground.tables,
        wishes=Wishes(favoured=None if preference == "balanced" else TwinId(preference)),
    )
    cover = cover_twins(ground.case, anatomy, side, allocation.crossings, tables=ground.tables)
    return SeparationPlan(
        id=PlanId(NAMES[preference]),
        preference=preference,
        side=side,
        proof=parting.proof,
        area_by_tissue=areas,
        cost_terms=_terms(ground.field, parting, tissues, spacing, ground.policy.neighbours),
        crossings=allocation.crossings,
        costs={
            twin: _twin_cost(twin, ground, parting.side, severed, allocation.crossings)
            for twin in TwinId
        },
        defects=cover.defects,
        reconstruction=cover.reconstruction,
        emergency=cover.emergency,
        notes=(
            parting.notes
            + tell_shape(judge_shape(side, table=ground.table))
            + tell_whole_shared(anatomy.vessels, side, severed)
            + allocation.notes
        ),
        allocation=allocation.veins,
    )


def _terms(
    field: CostField,
    parting: Parting,
    tissues: NDArray[np.uint8],
    spacing: tuple[float, float, float],
    neighbours: int,
) -> dict[str, int]:
    pairs, weights = severed_pairs(parting.side, neighbours, spacing)
    paid = parting.unary
    given_a = int(paid[(parting.side == 2) & (paid > 0)].sum())
    given_b = -int(paid[(parting.side == 1) & (paid < 0)].sum())
    return explain_cut(
        field,
        tissues,
        pairs,
        weights,
        {"tissue-given-by-A": given_a, "tissue-given-by-B": given_b},
        parting.proof.value,
    )


def _twin_cost(
    twin: TwinId,
    ground: _Ground,
    side: NDArray[np.uint8],
    severed: Sequence[Severed],
    crossings: Sequence[Crossing],
) -> TwinCost:
    """What the twin gives. Shared and unknown tissue counts half for each twin.

    Drainage given is the twin's own blood in severed vessels that flow to the other side:
    it must find another way.
    """
    anatomy = ground.anatomy
    away = 2 if twin is TwinId.A else 1
    lost = side == away
    owner = anatomy.ownership.voxels[lost]
    brain = anatomy.tissues.voxels[lost] == Tissue.BRAIN
    weight = np.where(owner == Owner.of(twin), 1.0, 0.0)
    weight[(owner == Owner.SHARED) | (owner == Owner.UNKNOWN)] = 0.5
    volume = float(anatomy.tissues.voxel_volume)
    flip = float(twin is TwinId.B)
    given = sum(
        entry.flow * abs(flip - ground.share[entry.vessel.id])
        for entry in severed
        if entry.towards == away
    )
    kept = sum(crossing.flow for crossing in crossings if crossing.keeper is twin)
    return TwinCost(
        own_tissue_given=Millilitre(float(weight.sum()) * volume),
        brain_given=Millilitre(float(weight[brain].sum()) * volume),
        vein_flow_given=MillilitrePerMinute(round(given, 6)),
        vein_flow_kept=MillilitrePerMinute(round(kept, 6)),
    )
