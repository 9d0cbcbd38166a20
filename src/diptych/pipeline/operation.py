"""An operation without a case: a procedure file and a roster in, a checked schedule out."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from diptych.formats.sheet import render_csv
from diptych.model import InputError, Measured, Procedure, Rehearsal, Schedule
from diptych.pipeline.folder import read_text, write_atomically
from diptych.storage.blobs import write_json
from diptych.tables import SourcedTable, load_table

SCHEMA = "diptych.schedule/1"
TABLES = ("skills", "roles", "zones", "equipment", "rest")
_COLUMNS = ("start_min", "end_min", "clock", "task", "subject", "way", "people")


def schedule_file(
    file: Path, roster: Path | None, out: Path, *, seed: int, days: int
) -> dict[str, object]:
    """Solves the operation of a procedure file and writes it to `out`; says what came out.

    Files: schedule.json (what is returned, with every task), schedule.csv, schedule.svg (the
    Gantt chart, with where 80 of 100 simulated days reach separation and the end).
    Raises InputError for a file that cannot be read, InputErrors for its faults or those of
    the roster, Infeasible with the rules that contradict each other.
    """
    from diptych.choreography import ChoreographyPolicy, solve
    from diptych.contingencies import simulate

    tree = read_tree(file)
    procedure = read_operation(tree, roster)
    policy = ChoreographyPolicy(day_start=procedure.day_start, seed=seed)
    schedule = solve(procedure, policy)
    rehearsal = simulate(schedule, (), days=days, seed=seed, tables={"rehearsal": _rehearsal()})
    told = _tell(file, tree, schedule, rehearsal)
    files = [str(path) for path in _write(out, told, schedule, rehearsal)]
    return {name: value for name, value in told.items() if name != "tasks"} | {"files": files}


def _rehearsal() -> SourcedTable:
    return load_table("rehearsal")


def read_tree(file: Path) -> Mapping[str, object]:
    """The tree of a TOML file; InputError when it is missing or is no TOML."""
    try:
        return tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{file.name} is not valid TOML: {error}", remedy="correct the line that it names"
        ) from error


def read_operation(tree: Mapping[str, object], roster: Path | None) -> Procedure:
    """The procedure of the file's tree, with the people of the roster, else its own."""
    from diptych.choreography import read_procedure, read_roster, read_words

    tables = {name: load_table(name) for name in TABLES}
    if roster is None:
        return read_procedure(tree, tables=tables)
    read_procedure(tree, roster=(), tables=tables)
    words, start = read_words(tree, tables), str(tree["day_start"])
    people = read_roster(read_text(roster), tables=words, day_start=start)
    return read_procedure(tree, roster=people, tables=tables)


def _tell(
    file: Path, tree: Mapping[str, object], schedule: Schedule, rehearsal: Rehearsal
) -> dict[str, object]:
    procedure = schedule.procedure
    return {
        "schema": SCHEMA,
        "file": file.name,
        "title": str(tree.get("title", file.stem)),
        "status": schedule.status,
        "makespan": schedule.makespan,
        "bound": schedule.bound,
        "gap": (schedule.makespan - schedule.bound) / max(1, schedule.makespan),
        "checked": schedule.checked,
        "violations": [violation.message for violation in schedule.violations],
        "day_start": procedure.day_start,
        "milestones": {str(id): minute for id, minute in sorted(schedule.milestones.items())},
        "people": len(procedure.staff),
        "simulated": {
            "days": rehearsal.days,
            "seed": rehearsal.seed,
            "end": _quantiles(rehearsal.end_time),
            str(procedure.separation): _quantiles(rehearsal.separation_time),
        },
        "notes": list(procedure.notes),
        "tasks": tell_tasks(schedule),
    }


def _quantiles(values: Mapping[str, Measured]) -> dict[str, float]:
    return {name: round(values[name].value, 1) for name in sorted(values)}


def tell_tasks(schedule: Schedule) -> list[dict[str, object]]:
    """Every task in order of start: when, who and in which way."""
    from diptych.choreography import clock_text

    procedure = schedule.procedure
    names = {person.id: person.name for person in procedure.staff}
    tasks = {task.id: task for task in procedure.tasks}
    rows: list[dict[str, object]] = []
    for entry in sorted(schedule.assignments, key=lambda each: (each.start, each.end, each.task)):
        task = tasks[entry.task]
        way = task.modes[entry.mode - 1].title if entry.mode else ""
        people = [
            {"id": str(id), "name": names[id], "skill": str(skill)} for id, skill in entry.staff
        ]
        rows.append(
            {
                "task": str(entry.task),
                "title": task.title,
                "subject": task.subject.value,
                "start": entry.start,
                "end": entry.end,
                "clock": clock_text(procedure.day_start, entry.start),
                "way": way,
                "people": people,
            }
        )
    return rows


def _write(
    out: Path, told: Mapping[str, object], schedule: Schedule, rehearsal: Rehearsal
) -> list[Path]:
    from diptych.report.gantt import draw_gantt

    out.mkdir(parents=True, exist_ok=True)
    files = [out / name for name in ("schedule.json", "schedule.csv", "schedule.svg")]
    write_json(files[0], told)
    sheet = render_csv(_COLUMNS, [_sheet_row(row) for row in tell_tasks(schedule)])
    write_atomically(files[1], sheet.encode("utf-8"))
    write_atomically(files[2], (draw_gantt(schedule, rehearsal).svg or "").encode("utf-8"))
    return files


def _sheet_row(row: Mapping[str, object]) -> tuple[object, ...]:
    people = row["people"]
    assert isinstance(people, list)
    names = "; ".join(f"{person['name']} ({person['skill']})" for person in people)
    plain = (row[name] for name in ("start", "end", "clock", "title", "subject", "way"))
    return (*plain, names)
