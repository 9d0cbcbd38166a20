"""What other demands would come to, beside the plan that stands. Changes nothing in the case."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from diptych.model import (
    Anatomy,
    Case,
    DiptychError,
    InputError,
    SeparationFront,
    SeparationPlan,
    TwinId,
)
from diptych.pipeline.bedrock import FILE, ground_key
from diptych.pipeline.demands import Asked, ask
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.manifest import is_fresh
from diptych.pipeline.parts import ANATOMY, INTAKE, SEPARATION, STAGE
from diptych.pipeline.plan import open_run, stage_inputs
from diptych.pipeline.policy import merge_policy
from diptych.pipeline.separation_rows import tell_costs
from diptych.pipeline.stage import PlanOptions, Run
from diptych.pipeline.telling import tell_measured
from diptych.separation import (
    Bedrock,
    Outlook,
    SeparationPolicy,
    build_ground,
    foresee,
    measure_change,
)
from diptych.separation.front import NAMES
from diptych.separation.ground import Ground
from diptych.storage.packed import unpack_value

SCHEMA = "diptych.what-if/1"


def ask_what_if(case: Path, asked: Asked, options: PlanOptions) -> dict[str, object]:
    """The proposed plan under the case's demands and these, beside the plan that stands.

    Raises InputError unless the case was separated from what it now holds, and what `plan`
    raises for demands that cannot be met.
    """
    folder = CaseFolder(case)
    folder.require()
    run = open_run(folder, options)
    ground, front = _recall(run)
    demands = ask(folder, asked, run.load(Case, INTAKE, "case").volumes[0].volume)
    outlook = foresee(ground, demands, at=_point_of(front, demands.prefer))
    return {"schema": SCHEMA, **_compare(ground, front.plan, outlook)}


def _point_of(front: SeparationFront, preference: str) -> int | None:
    """The point where the plan that stands lies, if it is of this preference; else None."""
    if front.plan.preference != preference:
        return None
    return next((n for n, point in enumerate(front.points) if point.plan == front.proposed), None)


def _recall(run: Run) -> tuple[Ground, SeparationFront]:
    """The ground kept by the last separation, and its front."""
    stale = [verb for verb in ("intake", "anatomy") if not _is_fresh(run, verb)]
    inputs = stage_inputs(STAGE["separate"], run)
    place = run.folder.root / SEPARATION
    try:
        if stale:
            raise InputError(f"{stale[0]} is stale", remedy="")
        bedrock = unpack_value(place / FILE, ground_key(inputs), Bedrock)
        front = run.load(SeparationFront, SEPARATION, "front")
    except DiptychError as error:
        raise InputError(
            f"the case has changed since it was separated, or never was: {error.message}",
            remedy="run: diptych separate CASE, then ask again",
        ) from error
    ground = build_ground(
        bedrock,
        run.load(Case, INTAKE, "case"),
        run.load(Anatomy, ANATOMY, "anatomy"),
        tables=run.tables(STAGE["separate"].tables),
        policy=merge_policy(SeparationPolicy(), run.policies.get("separation", {}), "separation"),
    )
    return ground, front


def _is_fresh(run: Run, verb: str) -> bool:
    return is_fresh(run.folder.root / STAGE[verb].place, stage_inputs(STAGE[verb], run))


def _compare(ground: Ground, plan: SeparationPlan, outlook: Outlook) -> dict[str, object]:
    before = plan.side.voxels[ground.block].astype(np.uint8)
    names = {vessel.id: vessel.name for vessel in ground.anatomy.vessels.vessels}
    kept = {crossing.vessel: crossing.keeper for crossing in plan.crossings}
    kept |= plan.allocation.keepers if plan.allocation is not None else {}
    both = sorted({*kept, *outlook.keepers})
    return {
        "now": {
            "plan": str(plan.id),
            "value": plan.proof.value,
            "proven": plan.proof.proven,
            "costs": tell_costs(plan.costs),
            "drained_share": _drained(plan),
        },
        "then": {
            "plan": NAMES[outlook.preference],
            "value": outlook.proof.value,
            "proven": outlook.proof.proven,
            "costs": tell_costs(outlook.costs),
            "drained_share": _by_twin(outlook.drained),
            "infarct_risk": {t.value: tell_measured(r) for t, r in sorted(outlook.infarct.items())},
        },
        "demands": list(outlook.demands),
        "tissue_that_changes_sides_ml": measure_change(ground, outlook.side, before),
        "keepers_changed": [
            {
                "vessel": str(vessel),
                "name": names[vessel],
                "now": kept[vessel].value if vessel in kept else None,
                "then": outlook.keepers[vessel].value if vessel in outlook.keepers else None,
            }
            for vessel in both
            if kept.get(vessel) is not outlook.keepers.get(vessel)
        ],
        "notes": list(outlook.notes),
    }


def _drained(plan: SeparationPlan) -> dict[str, float]:
    if plan.allocation is None:
        return {}
    return _by_twin({twin: plan.allocation.after[twin].share for twin in TwinId})


def _by_twin(shares: Mapping[TwinId, float]) -> dict[str, float]:
    return {twin.value: shares[twin] for twin in sorted(shares)}
