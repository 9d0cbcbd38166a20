"""From an anatomy to the plans of separation."""

from collections.abc import Mapping
from dataclasses import replace

from diptych.model import Anatomy, Case, Demands, PlanId, SeparationFront, SeparationPlan
from diptych.separation.allocate import allocate_vessels
from diptych.separation.area import measure_faces
from diptych.separation.cut import part_twins
from diptych.separation.defects import measure_tissue_areas
from diptych.separation.drainage import tell_whole_shared
from diptych.separation.figures import cost_twins, explain_parting
from diptych.separation.front import NAMES, choose_plans
from diptych.separation.ground import Ground, prepare_ground
from diptych.separation.points import (
    Balls,
    Trial,
    find_dominated,
    measure_points,
    nest_sides,
    tell_points,
    try_partings,
)
from diptych.separation.policy import SeparationPolicy
from diptych.separation.reconstruction import TABLES as COVER_TABLES
from diptych.separation.reconstruction import cover_twins
from diptych.separation.shape import judge_shape, tell_shape
from diptych.separation.spared import (
    find_spared,
    refuse_severed,
    spare_tissue,
    tell_spared,
)
from diptych.separation.wanted import read_wishes, tell_choice, tell_wishes
from diptych.tables import SourcedTable

TABLES = ("allocation", "physiology", *COVER_TABLES)
DEFAULT_POLICY = SeparationPolicy()
NONE = Demands()


def plan(
    case: Case,
    anatomy: Anatomy,
    *,
    tables: Mapping[str, SourcedTable],
    policy: SeparationPolicy = DEFAULT_POLICY,
    demands: Demands = NONE,
) -> SeparationFront:
    """The front of separation plans, the balanced one proposed unless another is preferred.

    tables : must hold those named in TABLES; demands : of people, on every plan
    Each point's surface is a global minimum of its costs, with the flow that proves it.
    Raises InputError when the twins' tissues do not meet or no tissue is surely owned, and for
    a demand on what is not there; Infeasible (exit code 4), with the conflicting demands by
    name, when the demands cannot all be met.
    """
    read_wishes(demands, anatomy.vessels)
    ground = prepare_ground(case, anatomy, tables=tables, policy=policy)
    return plan_on(ground, demands)


def plan_on(ground: Ground, demands: Demands) -> SeparationFront:
    """As `plan`, where the ground is prepared already."""
    ground, trials, words = try_demands(ground, demands)
    return replace(_build_front(ground, trials, demands), demands=words, stages=demands.stages)


def try_demands(
    ground: Ground, demands: Demands, only: int | None = None
) -> tuple[Ground, tuple[Trial, ...], tuple[str, ...]]:
    """The ground as the demands leave it, the cuts with their costs, the demands in words.

    only : number of the one point of the front to cut; None cuts all
    Raises as `plan` does for demands.
    """
    anatomy = ground.anatomy
    wishes = read_wishes(demands, anatomy.vessels)
    regions = find_spared(demands, anatomy.tissues)
    ground = spare_tissue(ground, regions)
    partings = part_twins(
        ground.field,
        ground.seeds[ground.block],
        ground.owner,
        spacing=ground.spacing,
        policy=ground.policy,
        only=only,
    )
    refuse_severed(regions, partings, ground)
    volume = float(anatomy.tissues.voxel_volume)
    words = (*tell_wishes(wishes, anatomy.vessels), *tell_spared(regions, volume))
    return ground, try_partings(ground, partings, wishes), (*words, *tell_choice(demands))


def _build_front(ground: Ground, trials: tuple[Trial, ...], demands: Demands) -> SeparationFront:
    wanted = {*ground.policy.preferences, demands.prefer}
    chosen, told = choose_plans(trials, sorted(wanted))
    proposed = demands.prefer if demands.prefer in chosen else "balanced"
    worked = {
        preference: _work_out(ground, trials[number], preference)
        for preference, number in chosen.items()
    }
    plans = {preference: found[0] for preference, found in worked.items()}
    known = {chosen[preference]: entry.defects for preference, entry in plans.items()}
    areas = measure_points(ground, trials, worked["balanced"][1], known)
    names = {number: NAMES[preference] for preference, number in chosen.items()}
    nested = nest_sides([trial.parting for trial in trials])
    return SeparationFront(
        plans=tuple(plans.values()),
        proposed=plans[proposed].id,
        notes=(
            *(() if proposed == demands.prefer else (_no_kinder(demands.prefer),)),
            *_no_staging(plans[proposed], demands.stages),
        ),
        dominated=told,
        points=tell_points(trials, areas, find_dominated(trials), names),
        nested=ground.nest(nested, len(trials)),
    )


def _no_kinder(twin: str) -> str:
    return (
        f"no plan on the front is kinder to twin {twin} than the balanced one, so the balanced"
        " one is proposed"
    )


def _no_staging(found: SeparationPlan, stages: int | None) -> tuple[str, ...]:
    """What to say where the vessels cannot be divided in as many operations as demanded."""
    known = [] if found.allocation is None else [len(s.stages) for s in found.allocation.stagings]
    if stages is None or stages in known:
        return ()
    counts = ", ".join(map(str, known)) or "none"
    return (
        f"{stages} operations were demanded, but there are too few vessels to divide for that;"
        f" numbers of operations that were worked out: {counts}",
    )


def _work_out(ground: Ground, trial: Trial, preference: str) -> tuple[SeparationPlan, Balls]:
    """The whole plan at one point, and the balls that the heads are near it."""
    anatomy, parting = ground.anatomy, trial.parting
    side = ground.whole(parting.side, f"side of each voxel, {preference}")
    allocation = allocate_vessels(
        trial.severed, anatomy.vessels, tables=ground.tables, wishes=trial.wishes
    )
    cover = cover_twins(ground.case, anatomy, side, allocation.crossings, tables=ground.tables)
    keepers = {crossing.vessel: crossing.keeper for crossing in allocation.crossings}
    found = SeparationPlan(
        id=PlanId(NAMES[preference]),
        preference=preference,
        side=side,
        proof=parting.proof,
        area_by_tissue=measure_tissue_areas(
            measure_faces(parting.side, ground.spacing), ground.tissues
        ),
        cost_terms=explain_parting(ground, parting),
        crossings=allocation.crossings,
        costs=cost_twins(ground, parting.side, trial.severed, keepers),
        defects=cover.defects,
        reconstruction=cover.reconstruction,
        emergency=cover.emergency,
        notes=(
            parting.notes
            + tell_shape(judge_shape(side, table=ground.tables["costs"]))
            + tell_whole_shared(anatomy.vessels, side, trial.severed)
            + allocation.notes
        ),
        allocation=allocation.veins,
    )
    return found, cover.balls
