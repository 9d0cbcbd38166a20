"""The proof of cover as machine-readable rows (docs/reference/prove-json.md; pinned by a test)."""

import json
from collections.abc import Mapping

from diptych.model import Coverage, EmergencyCover, Gap, SetCount, SetGap
from diptych.pipeline.folder import CaseFolder

SCHEMA = "diptych.prove/1"


def tell_proof(coverage: Coverage, effort: Mapping[str, object]) -> dict[str, object]:
    """What was proved; `effort` is the line of effort.jsonl for the run that made it."""
    sets = coverage.sets
    counts = sets.counts if sets else ()
    every = [_tell_count(count) for count in counts] or [_tell_singles(coverage)]
    return {
        "schema": SCHEMA,
        "order": sets.order if sets else coverage.order,
        "seconds": effort.get("proof_seconds"),
        "turns_seconds": effort.get("turns_seconds"),
        "check_seconds": effort.get("check_seconds"),
        "hazards": len(coverage.hazards),
        "combinations": sum(int(str(row["combinations"])) for row in every),
        "covered": sum(int(str(row["covered"])) for row in every),
        "classes": _classes(coverage),
        "orders": every,
        "gaps": [_tell_gap(gap) for gap in coverage.gaps]
        + [_tell_set_gap(gap) for gap in (sets.gaps if sets else ())],
        "certificate": {
            "accepted": coverage.certified and (sets is None or sets.certified),
            "singles": coverage.certified,
            "sets": sets.certified if sets else None,
            "listed_fillings": len(sets.certificate.listed) if sets else 0,
            "listed_gaps": len(sets.certificate.gaps) if sets else len(coverage.gaps),
        },
        "emergency": [_tell_emergency(row) for row in coverage.emergency],
    }


def last_effort(folder: CaseFolder, part: str) -> Mapping[str, object]:
    """The last line of effort.jsonl about the part; empty where there is none."""
    file = folder.root / "effort.jsonl"
    if not file.is_file():
        return {}
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    return next((row for row in reversed(rows) if row.get("part") == part), {})


def _classes(coverage: Coverage) -> int:
    return len(coverage.sets.certificate.alive) if coverage.sets else len(coverage.cells)


def _tell_singles(coverage: Coverage) -> dict[str, object]:
    short = coverage.minutes - coverage.covered_minutes
    return {
        "order": 1,
        "combinations": coverage.minutes,
        "classes": len(coverage.cells),
        "searched": len(coverage.cells),
        "covered": coverage.covered_minutes,
        "gaps": short,
        "in_turn": None,
        "in_turn_covered": None,
        "in_turn_best": None,
    }


def _tell_count(count: SetCount) -> dict[str, object]:
    return {
        "order": count.order,
        "combinations": count.combinations,
        "classes": count.classes,
        "searched": count.searched,
        "covered": count.covered,
        "gaps": count.gaps,
        "in_turn": count.turns or None,
        "in_turn_covered": count.turned if count.turns else None,
        "in_turn_best": count.best if count.turns else None,
    }


def _tell_gap(gap: Gap) -> dict[str, object]:
    return {
        "hazards": [str(hazard) for hazard in gap.hazards],
        "spans_min": [[gap.start, gap.end]],
        "missing": gap.missing,
        "lacking": None,
        "free": None,
    }


def _tell_set_gap(gap: SetGap) -> dict[str, object]:
    return {
        "hazards": [str(hazard) for hazard in gap.hazards],
        "spans_min": [[start, end] for start, end in gap.spans],
        "missing": gap.missing,
        "lacking": gap.lacking,
        "free": list(gap.free),
    }


def _tell_emergency(row: EmergencyCover) -> dict[str, object]:
    return {
        "step": row.step,
        "title": row.title,
        "dying": str(row.dying),
        "longest_min": row.longest,
        "minutes": row.minutes,
        "staffed": row.staffed,
        "gaps": [
            {"start_min": gap.start, "end_min": gap.end, "missing": gap.missing} for gap in row.gaps
        ],
    }
