"""The separation as machine-readable rows (docs/reference/separation-json.md; pinned by a test)."""

from collections.abc import Mapping

from diptych.model import (
    ClampStep,
    Crossing,
    Defect,
    FrontPoint,
    SeparationFront,
    SeparationPlan,
    Staging,
    TwinCost,
    TwinDrainage,
    TwinId,
    VeinAllocation,
    VesselOption,
)
from diptych.pipeline.telling import tell_measured

SCHEMA = "diptych.separation/1"


def tell_separation(front: SeparationFront) -> dict[str, object]:
    """What `diptych separate --json` tells, in JSON's own types."""
    return {
        "schema": SCHEMA,
        "proposed": str(front.proposed),
        "demands": list(front.demands),
        "stages_demanded": front.stages,
        "notes": list(front.notes),
        "without_plan": list(front.dominated),
        "plans": [_plan(plan) for plan in front.plans],
        "front": [_point(point) for point in front.points],
    }


def tell_costs(costs: Mapping[TwinId, TwinCost]) -> dict[str, object]:
    """What each twin gives."""
    return {
        twin.value: {
            "own_tissue_given_ml": costs[twin].own_tissue_given,
            "brain_given_ml": costs[twin].brain_given,
            "vein_flow_given_ml_min": costs[twin].vein_flow_given,
            "vein_flow_kept_ml_min": costs[twin].vein_flow_kept,
        }
        for twin in TwinId
    }


def tell_cut(plan: SeparationPlan) -> dict[str, object]:
    """The cut of a plan with its proof."""
    return {
        "plan": str(plan.id),
        "value": plan.proof.value,
        "flow": plan.proof.flow,
        "proven": plan.proof.proven,
        "statement": plan.proof.statement,
        "area_by_tissue_cm2": sort_names(plan.area_by_tissue),
        "cost_terms": sort_names(plan.cost_terms),
    }


def sort_names(values: Mapping[str, float]) -> dict[str, object]:
    """The entries by name."""
    return {name: values[name] for name in sorted(values)}


def tell_crossing(entry: Crossing) -> dict[str, object]:
    """A vessel that the cut severs."""
    return {
        "order": entry.order,
        "vessel": str(entry.vessel),
        "name": entry.name,
        "kind": entry.kind,
        "owner": entry.owner.name,
        "keeper": entry.keeper.value,
        "rule": entry.rule,
        "calibre_mm": entry.calibre,
        "flow": entry.flow,
        "position_lps_mm": list(entry.position),
    }


def tell_defect(defect: Defect) -> dict[str, object]:
    """What one twin will lack."""
    return {
        "skin_cm2": tell_measured(defect.skin),
        "dura_cm2": tell_measured(defect.dura),
        "bone_cm2": tell_measured(defect.bone),
    }


def _plan(plan: SeparationPlan) -> dict[str, object]:
    return {
        **tell_cut(plan),
        "preference": plan.preference,
        "costs": tell_costs(plan.costs),
        "defects": {twin.value: tell_defect(plan.defects[twin]) for twin in TwinId},
        "crossed": [tell_crossing(entry) for entry in plan.crossings],
        "allocation": None if plan.allocation is None else _allocation(plan.allocation),
        "skin": {twin.value: _skin(plan, twin) for twin in TwinId},
        "emergency": [
            {
                "from_step": str(path.step),
                "dying": path.dying.value,
                "minutes": {"low": path.low, "mode": path.mode, "high": path.high},
                "limit_min": path.limit,
                "verdict": path.verdict,
                "left_undone": list(path.undone),
            }
            for path in plan.emergency
        ],
        "notes": list(plan.notes),
    }


def _point(point: FrontPoint) -> dict[str, object]:
    return {
        "kindness": point.kindness,
        "value": point.value,
        "flow": point.flow,
        "proven": point.proven,
        "plan": None if point.plan is None else str(point.plan),
        "dominated": point.dominated,
        "costs": tell_costs(point.costs),
        "defects": {twin.value: tell_defect(point.areas[twin]) for twin in TwinId},
        "drained_share": {twin.value: share for twin, share in sorted(point.drained.items())},
        "infarct_risk": {
            twin.value: tell_measured(risk) for twin, risk in sorted(point.infarct.items())
        },
    }


def _allocation(found: VeinAllocation) -> dict[str, object]:
    return {
        "keepers": {str(v): found.keepers[v].value for v in sorted(found.keepers)},
        "before": {twin.value: _drainage(found.before[twin]) for twin in TwinId},
        "after": {twin.value: _drainage(found.after[twin]) for twin in TwinId},
        "proven": found.proof.proven,
        "statement": found.proof.statement,
        "ties": [
            {
                "vessel": str(tie.vessel),
                "keeper": tie.keeper.value,
                "along": [str(vessel) for vessel in tie.along],
                "certain": tie.certain,
            }
            for tie in found.ties
        ],
        "options": [_option(option) for option in found.options],
        "clamps": [_clamp(step) for step in found.clamps],
        "stagings": [_staging(staging) for staging in found.stagings],
        "stop_rules": list(found.stop_rules),
        "notes": list(found.notes),
    }


def _drainage(entry: TwinDrainage) -> dict[str, object]:
    return {
        "need_ml_min": entry.need,
        "drained_ml_min": entry.drained,
        "share": entry.share,
        "gradient_mmhg": entry.gradient,
        "no_way_out_ml_min": entry.cut_off,
    }


def _option(option: VesselOption) -> dict[str, object]:
    return {
        "kind": option.kind,
        "vessel": str(option.vessel),
        "twin": option.twin.value,
        "gain_ml_min": {twin.value: option.gain[twin] for twin in TwinId},
        "risk": tell_measured(option.risk),
        "source": option.source,
    }


def _clamp(step: ClampStep) -> dict[str, object]:
    return {
        "order": step.order,
        "vessel": str(step.vessel),
        "keeper": step.keeper.value,
        "rise_mmhg": {twin.value: step.total_rise[twin] for twin in TwinId},
        "no_way_out_ml_min": {twin.value: step.cut_off[twin] for twin in TwinId},
        "hold_min": step.test,
        "infarct_risk": tell_measured(step.infarct),
        "stop": step.stop,
    }


def _staging(staging: Staging) -> dict[str, object]:
    return {
        "operations": len(staging.stages),
        "weeks": staging.weeks,
        "within": staging.within,
        "drained_ml_min": {twin.value: tell_measured(staging.drained[twin]) for twin in TwinId},
        "stages": [
            {
                "week": stage.week,
                "vessels": [str(vessel) for vessel in stage.vessels],
                "flow_share": stage.flow_share,
                "within": stage.within,
            }
            for stage in staging.stages
        ],
    }


def _skin(plan: SeparationPlan, twin: TwinId) -> dict[str, object] | None:
    if twin not in plan.reconstruction:
        return None
    skin = plan.reconstruction[twin].skin
    return {
        "need_cm2": tell_measured(skin.need),
        "own_cm2": tell_measured(skin.own),
        "gain_cm2": tell_measured(skin.gain),
        "graft_cm2": skin.cautious.graft,
        "expanders": len(skin.expanders),
        "weeks": tell_measured(skin.weeks),
        "enough": skin.enough,
    }
