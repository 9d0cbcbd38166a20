"""Days laid out by hand, without a search, from which a countdown can be counted."""

from collections.abc import Mapping

from choreography_days import after, day, person, task

from diptych.model import Assignment, Minute, Procedure, Schedule, Subject, Task
from diptych.tables import SourcedTable, load_table


def two_inductions(a: int = 35, b: int = 65) -> Schedule:
    """Twin A is anaesthetised at minute `a` of a day that begins at 07:00, twin B at `b`."""
    tasks = [
        task(f"induction-{twin}", 30, {"airway": 1}, subject=Subject(twin)) for twin in ("A", "B")
    ]
    procedure = day(
        (*tasks, task("cut", 10, {"airway": 1})),
        (after("induction-A", "cut"), after("induction-B", "cut")),
        (person("ann", "airway"), person("bea", "airway")),
    )
    return lay_out(procedure, {"induction-A": a, "induction-B": b, "cut": max(a, b) + 30})


def lay_out(procedure: Procedure, starts: Mapping[str, int]) -> Schedule:
    """The day with every task at its minute and nobody at it."""
    entries = [_lay(one, starts[one.id]) for one in procedure.tasks]
    ends = {entry.task: entry.end for entry in entries}
    return Schedule(
        procedure=procedure,
        assignments=tuple(sorted(entries, key=lambda entry: (entry.start, entry.task))),
        makespan=max(ends.values()),
        bound=Minute(0),
        status="feasible",
        checked=False,
        violations=(),
        milestones={one.id: ends[one.task] for one in procedure.milestones},
        solver="by hand",
    )


def _lay(one: Task, start: int) -> Assignment:
    end = start + one.duration.planned
    return Assignment(task=one.id, start=Minute(start), end=Minute(end), staff=())


def fasting_only() -> SourcedTable:
    """The rows of the table that say how long a twin fasts."""
    table = load_table("countdown")
    rows = {key: row for key, row in table.rows.items() if "feed" in row.fields}
    return SourcedTable(name=table.name, title=table.title, rows=rows)


def changed(key: str, fields: str) -> SourcedTable:
    """The table with fields of one row replaced, as a site would do it."""
    return load_table("countdown", f'[[row]]\nkey = "{key}"\n{fields}\nsource = "our own rule"\n')
