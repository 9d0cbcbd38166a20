"""The plan as one machine-readable object (docs/reference/plan-json.md; pinned by a test)."""

from collections.abc import Mapping

from diptych.model import (
    Anatomy,
    Case,
    Coverage,
    Crossing,
    Defect,
    OperatingWindow,
    Rehearsal,
    Schedule,
    SeparationFront,
    SeparationPlan,
    TwinId,
)
from diptych.pipeline import parts
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.stage import Run
from diptych.pipeline.telling import tell_class, tell_findings, tell_measured

SCHEMA = "diptych.plan/1"


def summarise(folder: CaseFolder, run: Run) -> dict[str, object]:
    """What the plan says: the keys of docs/reference/plan-json.md, in JSON's own types."""
    case = run.load(Case, parts.INTAKE, "case")
    anatomy = run.load(Anatomy, parts.ANATOMY, "anatomy")
    front = run.load(SeparationFront, parts.SEPARATION, "front")
    return {
        "schema": SCHEMA,
        "case": str(case.id),
        "not_a_patient": case.brief.made_from,
        "twins": _twins(case, anatomy),
        "classification": tell_class(anatomy),
        **tell_findings(anatomy),
        "cut": _cut(front.plan),
        "vessels": {"crossed": [_crossing(entry) for entry in front.plan.crossings]},
        "defects": {twin.value: _defect(front.plan.defects[twin]) for twin in TwinId},
        "front": [_front_row(plan, front) for plan in front.plans],
        "window": _window(run.load(OperatingWindow, parts.TIMING, "window")),
        "schedule": _schedule(run.load(Schedule, parts.CHOREOGRAPHY, "schedule")),
        "coverage": _coverage(run.load(Coverage, parts.CONTINGENCIES, "coverage")),
        "rehearsal": _rehearsal(run.load(Rehearsal, parts.REHEARSAL, "rehearsal")),
        "dossier": str(folder.dossier),
    }


def _twins(case: Case, anatomy: Anatomy) -> dict[str, object]:
    return {
        twin.id.value: {
            "label": twin.label,
            "sex": twin.sex,
            "weight_kg": twin.weight,
            "measures": {
                name.removesuffix(f"-{twin.id}"): tell_measured(anatomy.measures[name])
                for name in sorted(anatomy.measures)
                if name.endswith(f"-{twin.id}")
            },
        }
        for twin in case.twins
    }


def _cut(plan: SeparationPlan) -> dict[str, object]:
    return {
        "plan": str(plan.id),
        "value": plan.proof.value,
        "flow": plan.proof.flow,
        "proven": plan.proof.proven,
        "statement": plan.proof.statement,
        "area_by_tissue_cm2": _sorted(plan.area_by_tissue),
        "cost_terms": _sorted(plan.cost_terms),
    }


def _sorted(values: Mapping[str, float]) -> dict[str, object]:
    return {name: values[name] for name in sorted(values)}


def _crossing(entry: Crossing) -> dict[str, object]:
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


def _defect(defect: Defect) -> dict[str, object]:
    return {
        "skin_cm2": tell_measured(defect.skin),
        "dura_cm2": tell_measured(defect.dura),
        "bone_cm2": tell_measured(defect.bone),
    }


def _front_row(plan: SeparationPlan, front: SeparationFront) -> dict[str, object]:
    return {
        "plan": str(plan.id),
        "preference": plan.preference,
        "proposed": plan.id == front.proposed,
        "proven": plan.proof.proven,
        "costs": {
            twin.value: {
                "own_tissue_given_ml": plan.costs[twin].own_tissue_given,
                "brain_given_ml": plan.costs[twin].brain_given,
                "vein_flow_given_ml_min": plan.costs[twin].vein_flow_given,
                "vein_flow_kept_ml_min": plan.costs[twin].vein_flow_kept,
            }
            for twin in TwinId
        },
    }


def _window(window: OperatingWindow) -> dict[str, object]:
    return {
        "opens": window.opens.isoformat(),
        "closes": window.closes.isoformat(),
        "lowest": window.lowest.isoformat(),
        "tolerance": window.tolerance,
        "scan_valid_until": window.scan_valid_until.isoformat(),
        "curve": [
            {"day": point.day.isoformat(), "burden": point.burden, "terms": _sorted(point.terms)}
            for point in window.points
        ],
        "reasons": [
            {"direction": reason.direction, "text": reason.text, "source": reason.source}
            for reason in window.reasons
        ],
    }


def _schedule(schedule: Schedule) -> dict[str, object]:
    return {
        "makespan_min": schedule.makespan,
        "bound_min": schedule.bound,
        "status": schedule.status,
        "checked": schedule.checked,
        "violations": [violation.message for violation in schedule.violations],
        "day_start": schedule.procedure.day_start,
        "milestones": {
            str(name): schedule.milestones[name] for name in sorted(schedule.milestones)
        },
        "tasks": len(schedule.assignments),
        "people": len(schedule.procedure.staff),
    }


def _coverage(coverage: Coverage) -> dict[str, object]:
    return {
        "order": coverage.order,
        "hazards": len(coverage.hazards),
        "cells": coverage.minutes,
        "covered": coverage.covered_minutes,
        "certified": coverage.certified,
        "gaps": [
            {
                "hazards": [str(hazard) for hazard in gap.hazards],
                "start_min": gap.start,
                "end_min": gap.end,
                "missing": gap.missing,
                "message": gap.message,
            }
            for gap in coverage.gaps
        ],
    }


def _rehearsal(rehearsal: Rehearsal) -> dict[str, object]:
    return {
        "days": rehearsal.days,
        "seed": rehearsal.seed,
        "end_time": {
            name: tell_measured(value) for name, value in sorted(rehearsal.end_time.items())
        },
        "separation_time": {
            name: tell_measured(value) for name, value in sorted(rehearsal.separation_time.items())
        },
        "unanswered": tell_measured(rehearsal.unanswered),
    }
