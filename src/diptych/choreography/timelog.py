"""The time log of a rehearsal read back, and what it says of the table's lengths.

The update is that of Dexter and Ledolter (Anesthesiology 2005;103:1259) for case lengths: the
logarithm of a length is normal; the scheduled length is worth some cases, each timing one.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from io import StringIO
from json import dumps
from math import exp, log, log1p, sqrt

from diptych.choreography.dryparts import stem_of
from diptych.choreography.lengths import fit_law
from diptych.choreography.policy import clock_minute
from diptych.choreography.script_rows import suggest
from diptych.model import InputError, InputErrors, Minute, Observation, Proposal
from diptych.tables import SourcedTable, TableRow

KINDS = ("doll", "model", "operation")
_NEEDED = ("task", "kind")
_LEAST_SPREAD = 0.05
_DAY = 1440
_Figures = tuple[int, int, int]


def read_time_log(text: str, *, steps: Collection[str]) -> tuple[Observation, ...]:
    """The timings of a CSV with columns task, kind and minutes, or task, kind, start and end.

    task : a step of the table, or a task of the day ("lines-A" is a timing of "lines")
    kind : "doll", "model" (printed) or "operation"; start, end : clock readings HH:MM; an end
        before its start is of the next day
    Raises InputErrors with every fault and its row: unknown steps, odd times, no length.
    """
    reader = csv.DictReader(StringIO(text.lstrip("\ufeff")), skipinitialspace=True)
    header = [(name or "").strip() for name in reader.fieldnames or []]
    timed = "minutes" in header or {"start", "end"} <= set(header)
    missing = [name for name in _NEEDED if name not in header]
    if missing or not timed:
        wanted = [*missing, *([] if timed else ["minutes (or start and end)"])]
        raise InputError(
            f"the time log has no column {', '.join(wanted)}; its first line is"
            f" {','.join(header)!r}",
            remedy="begin the file with the line task,kind,minutes",
        )
    reader.fieldnames = header
    faults: list[InputError] = []
    found = [_read_row(reader.line_num, row, steps, faults) for row in reader]
    if not found:
        faults.append(InputError("the time log has no rows", remedy="write one for each timing"))
    if faults:
        raise InputErrors(faults, subject="time log")
    return tuple(each for each in found if each is not None)


def _read_row(
    line: int, row: Mapping[str, str | None], steps: Collection[str], faults: list[InputError]
) -> Observation | None:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    before = len(faults)
    step = find_step(cells["task"], steps)
    if not step:
        words = f"task {cells['task']!r} is unknown, {suggest(cells['task'], steps)}"
        faults.append(_fault(line, words, "write a step of the table, or a task of the day"))
    if cells["kind"] not in KINDS:
        words = f"kind is {cells['kind']!r}, {suggest(cells['kind'], KINDS)}"
        faults.append(_fault(line, words, "say whether it was a doll, a model or an operation"))
    minutes = _read_minutes(line, cells, faults)
    if len(faults) > before:
        return None
    return Observation(row=line, step=step, minutes=minutes, kind=cells["kind"])


def find_step(task: str, steps: Collection[str]) -> str:
    """The step that a task belongs to, by its id; "" if there is none."""
    stem = stem_of(task)
    return next((name for name in (task, stem, stem_of(stem)) if name in steps), "")


def _read_minutes(line: int, cells: Mapping[str, str], faults: list[InputError]) -> float:
    text = cells.get("minutes", "")
    try:
        if text:
            minutes = float(text)
        else:
            start, end = (clock_minute(cells.get(name, "")) for name in ("start", "end"))
            minutes = float((end - start) % _DAY)
    except ValueError as error:
        words = error.message if isinstance(error, InputError) else f"minutes is {text!r}"
        faults.append(_fault(line, words, "write minutes, or start and end like 09:40"))
        return 0.0
    if not 0 < minutes < _DAY:
        words = f"it took {minutes:g} min, expected more than 0 and less than a day"
        faults.append(_fault(line, words, "correct the times"))
    return minutes


def _fault(line: int, message: str, remedy: str) -> InputError:
    return InputError(f"row {line}: {message}", remedy=remedy)


def update_durations(
    steps: SourcedTable, observations: Sequence[Observation], *, table: SourcedTable
) -> tuple[Proposal, ...]:
    """New figures for each step that was timed, in the order of the table; nothing is taken over.

    table : the table "dryrun", with what the figures of a step are worth (prior-cases, c) and,
        for each kind of timing, its factor to the operation (f) and its worth (w)

    With x = log(f * minutes) of each timing, W the sum of the w, and the prior's median m and
    variance v of the logarithm: the new median is (c m + sum w x) / (c + W), the new variance
    (c v + sum w (x - mean)^2 + c W / (c + W) (mean - m)^2) / (c + W). Least, most likely and
    most move with the median, their distances from it (in logarithms) with the deviation;
    timings of rehearsals alone never bring them closer together.
    """
    timed: dict[str, list[Observation]] = {}
    for each in observations:
        timed.setdefault(each.step, []).append(each)
    return tuple(
        _propose(row, timed[key], table) for key, row in steps.rows.items() if key in timed
    )


def _propose(row: TableRow, observed: Sequence[Observation], table: SourcedTable) -> Proposal:
    old = (row.integer("low"), row.integer("mode"), row.integer("high"))
    weights = [table.value(f"worth-{each.kind}") for each in observed]
    logs = [log(table.value(f"factor-{each.kind}") * each.minutes) for each in observed]
    timed = any(each.kind == "operation" for each in observed)
    new = update_figures(old, logs, weights, table.value("prior-cases"), narrow=timed)
    return Proposal(
        step=row.key,
        title=row.text("title"),
        old=_minutes(old),
        observed=tuple((each.minutes, each.kind) for each in observed),
        new=_minutes(new),
        worth=sum(weights),
        note=_note(observed, table),
    )


def _minutes(figures: _Figures) -> tuple[Minute, Minute, Minute]:
    return Minute(figures[0]), Minute(figures[1]), Minute(figures[2])


def update_figures(
    old: _Figures,
    logs: Sequence[float],
    weights: Sequence[float],
    prior: float,
    *,
    narrow: bool = True,
) -> _Figures:
    """Least, most likely and most minutes after timings (logarithms, each worth its weight).

    narrow : the figures may come closer together; False for rehearsals, which can move and
        widen a range but not make it surer
    """
    worth = sum(weights)
    if worth <= 0 or old[2] <= 0:
        return old
    median, variance = _prior(old)
    mean = sum(w * x for w, x in zip(weights, logs, strict=True)) / worth
    scatter = sum(w * (x - mean) ** 2 for w, x in zip(weights, logs, strict=True))
    total = prior + worth
    middle = (prior * median + worth * mean) / total
    gap = prior * worth / total * (mean - median) ** 2
    spread = sqrt((prior * variance + scatter + gap) / total / variance)
    spread = spread if narrow else max(1.0, spread)
    low, mode, high = (
        round(exp(middle + spread * (log(each) - median))) if each > 0 else 0 for each in old
    )
    return low, max(low, mode), max(low, mode, high)


def _prior(old: _Figures) -> tuple[float, float]:
    """Median and variance of the logarithm of a length with these figures."""
    low, mode, high = old
    law = fit_law(low, mode, high)
    median = log(low + exp(law.mu)) if law.sigma else log(mode)
    mean = (low + 4 * mode + high) / 6
    return median, max(_LEAST_SPREAD**2, log1p(((high - low) / 6 / mean) ** 2))


def _note(observed: Sequence[Observation], table: SourcedTable) -> str:
    kinds = [kind for kind in KINDS if kind in {each.kind for each in observed}]
    if kinds == ["operation"]:
        return "timed in operations"
    words = [
        f"{kind}: times {table.value(f'factor-{kind}'):g}, each worth"
        f" {table.value(f'worth-{kind}'):g} of an operation"
        for kind in kinds
        if kind != "operation"
    ]
    return f"a rehearsal is not the operation ({'; '.join(words)}: assumptions)"


def write_override(proposals: Sequence[Proposal]) -> str:
    """The proposals as rows for CASE/tables/steps.toml, each with what it was and why."""
    lines = [
        "# Proposed from a time log. Nothing has been taken over: read each row, then add those",
        "# that the team agrees with to CASE/tables/steps.toml.",
    ]
    for each in proposals:
        seen = ", ".join(f"{minutes:g} ({kind})" for minutes, kind in each.observed)
        old, new = each.old, each.new
        rehearsed = each.note != "timed in operations"
        source = (
            f"{'assumption: ' if rehearsed else ''}the team's time log, n = {each.n}: {seen} min;"
            f" before {old[0]}/{old[1]}/{old[2]}; {each.note}; Dexter and Ledolter,"
            " Anesthesiology 2005;103:1259"
        )
        lines += [
            "",
            f"# {each.title}: {old[0]}/{old[1]}/{old[2]} -> {new[0]}/{new[1]}/{new[2]} min",
            "[[row]]",
            f"key = {dumps(each.step)}",
            *(f"{name} = {n}" for name, n in zip(("low", "mode", "high"), new, strict=True)),
            f"source = {dumps(source, ensure_ascii=False)}",
            f'confidence = "{"assumption" if rehearsed else "low"}"',
        ]
    return "\n".join(lines) + "\n"
