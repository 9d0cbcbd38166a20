"""The plan as one machine-readable object (docs/reference/plan-json.md; pinned by a test)."""

from diptych.model import (
    Anatomy,
    Case,
    Coverage,
    OperatingWindow,
    Rehearsal,
    Schedule,
    SeparationFront,
    SeparationPlan,
    TwinId,
)
from diptych.pipeline import parts
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.separation_rows import (
    sort_names,
    tell_costs,
    tell_crossing,
    tell_cut,
    tell_defect,
)
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
        "cut": tell_cut(front.plan),
        "vessels": {"crossed": [tell_crossing(entry) for entry in front.plan.crossings]},
        "defects": {twin.value: tell_defect(front.plan.defects[twin]) for twin in TwinId},
        "front": [_front_row(plan, front) for plan in front.plans],
        "demands": list(front.demands),
        "window": _window(run.load(OperatingWindow, parts.TIMING, "window")),
        "schedule": _schedule(run.load(Schedule, parts.CHOREOGRAPHY, "schedule")),
        "reserve": _reserve(run),
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


def _front_row(plan: SeparationPlan, front: SeparationFront) -> dict[str, object]:
    return {
        "plan": str(plan.id),
        "preference": plan.preference,
        "proposed": plan.id == front.proposed,
        "proven": plan.proof.proven,
        "costs": tell_costs(plan.costs),
    }


def _window(window: OperatingWindow) -> dict[str, object]:
    return {
        "opens": window.opens.isoformat(),
        "closes": window.closes.isoformat(),
        "lowest": window.lowest.isoformat(),
        "tolerance": window.tolerance,
        "scan_valid_until": window.scan_valid_until.isoformat(),
        "curve": [
            {"day": point.day.isoformat(), "burden": point.burden, "terms": sort_names(point.terms)}
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


def _reserve(run: Run) -> dict[str, object] | None:
    """What the day needs besides its roster, because the case wishes it covered; else null."""
    from diptych.pipeline.covering import open_sets, tell_reserve

    laid = parts.laid_reserve(run)
    if laid is None:
        return None
    schedule = run.load(Schedule, parts.CHOREOGRAPHY, "schedule")
    return {
        "order": laid.order,
        "people_and_kit": laid.size,
        "least": laid.least,
        "minutes": laid.minutes,
        "proven": laid.proven,
        "needed": tell_reserve(laid, schedule),
        "not_covered": [
            {
                "hazards": [str(hazard) for hazard in gap.hazards],
                "spans_min": [[start, end] for start, end in gap.spans],
                "missing": gap.missing,
            }
            for gap in open_sets(laid)
        ],
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
