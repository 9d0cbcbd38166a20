"""Rehearsals of a case's planned day, and what their time logs propose for its steps."""

from pathlib import Path

from diptych.formats.sheet import render_csv
from diptych.model import DryPart, DrySession, Minute, Proposal, Schedule
from diptych.pipeline.folder import CaseFolder, read_text, write_atomically
from diptych.pipeline.results import load_schedule
from diptych.storage.blobs import write_json
from diptych.tables import load_table

SCHEMA = "diptych.dry-run/1"
PLACE = "dry-run"
_COLUMNS = (
    "rehearsal",
    "kind",
    "days_before",
    "clock",
    "part",
    "minutes",
    "people",
    "places",
    "kit",
    "things",
)


def plan_dry_run(case: Path, log: Path | None) -> dict[str, object]:
    """The rehearsals of the case's schedule; with a time log, new step lengths beside the old.

    Writes CASE/dry-run/plan.json and sessions.csv, and with a log steps-proposed.toml: rows
    for CASE/tables/steps.toml that a person may take over. Raises InputError when there is no
    schedule yet, InputErrors with every fault of the log.
    """
    from diptych.choreography import plan_rehearsal

    folder = CaseFolder(case)
    folder.require()
    schedule = load_schedule(case)
    table = load_table("dryrun", folder.override("dryrun"))
    proposals = _read_log(folder, log)
    found = plan_rehearsal(schedule, table=table)
    told: dict[str, object] = {
        "schema": SCHEMA,
        "sessions": [_tell_session(session, schedule) for session in found.sessions],
        "ranked": [_tell_part(part, schedule) for part in found.ranked],
        "left_out": list(found.left_out),
        "notes": list(found.notes),
        "proposals": [_tell_proposal(proposal) for proposal in proposals],
    }
    return told | {"files": _write(folder, told, found.sessions, schedule, proposals)}


def _read_log(folder: CaseFolder, log: Path | None) -> tuple[Proposal, ...]:
    from diptych.choreography import read_time_log, update_durations

    if log is None:
        return ()
    steps = load_table("steps", folder.override("steps"))
    observations = read_time_log(read_text(log), steps=tuple(steps.rows))
    table = load_table("dryrun", folder.override("dryrun"))
    return update_durations(steps, observations, table=table)


def _tell_part(part: DryPart, schedule: Schedule) -> dict[str, object]:
    names = {person.id: person.name for person in schedule.procedure.staff}
    return {
        "key": part.key,
        "title": part.title,
        "tasks": [str(task) for task in part.tasks],
        "minutes": part.minutes,
        "score": part.score,
        "reasons": dict(part.reasons),
        "people": [names[person] for person in part.people],
        "places": [str(zone) for zone in part.zones],
        "kit": [str(kit) for kit in part.equipment],
        "things": list(part.things),
    }


def _tell_session(session: DrySession, schedule: Schedule) -> dict[str, object]:
    from diptych.choreography import clock_text

    names = {person.id: person.name for person in schedule.procedure.staff}
    return {
        "number": session.number,
        "kind": session.kind,
        "title": session.title,
        "days_before": session.days_before,
        "clock": clock_text(schedule.procedure.day_start, session.start),
        "minutes": session.minutes,
        "parts": [_tell_part(part, schedule) for part in session.parts],
        "people": [names[person] for person in session.people],
        "absent": [names[person] for person in session.absent],
    }


def _tell_proposal(proposal: Proposal) -> dict[str, object]:
    return {
        "step": proposal.step,
        "title": proposal.title,
        "old": list(proposal.old),
        "new": list(proposal.new),
        "observed": [{"minutes": minutes, "kind": kind} for minutes, kind in proposal.observed],
        "n": proposal.n,
        "worth": proposal.worth,
        "note": proposal.note,
    }


def _write(
    folder: CaseFolder,
    told: dict[str, object],
    sessions: tuple[DrySession, ...],
    schedule: Schedule,
    proposals: tuple[Proposal, ...],
) -> list[str]:
    from diptych.choreography import write_override

    place = folder.root / PLACE
    place.mkdir(parents=True, exist_ok=True)
    files = [place / "plan.json", place / "sessions.csv"]
    write_json(files[0], told)
    rows = [row for session in sessions for row in _sheet_rows(session, schedule)]
    write_atomically(files[1], render_csv(_COLUMNS, rows).encode("utf-8"))
    if proposals:
        files.append(place / "steps-proposed.toml")
        write_atomically(files[2], write_override(proposals).encode("utf-8"))
    return [str(file) for file in files]


def _sheet_rows(session: DrySession, schedule: Schedule) -> list[tuple[object, ...]]:
    from diptych.choreography import clock_text

    names = {person.id: person.name for person in schedule.procedure.staff}
    rows: list[tuple[object, ...]] = []
    minute = session.start
    for part in session.parts:
        rows.append(
            (
                session.number,
                session.kind,
                session.days_before,
                clock_text(schedule.procedure.day_start, minute),
                part.title,
                part.minutes,
                "; ".join(names[person] for person in part.people),
                "; ".join(part.zones),
                "; ".join(part.equipment),
                "; ".join(part.things),
            )
        )
        minute = Minute(minute + part.minutes)
    return rows
