"""The day of the operation: run sheet and people, hazards and answers, and the rehearsal."""

from collections.abc import Mapping

from diptych.model import (
    Coverage,
    Figure,
    Hazard,
    Links,
    Measured,
    MilestoneForecast,
    Minute,
    Paragraph,
    Rehearsal,
    Schedule,
    Section,
    Subject,
    Table,
)
from diptych.report.blocks import list_paragraphs, table
from diptych.report.inputs import DossierInputs
from diptych.report.watchlist import tabulate_shifts
from diptych.report.words import (
    name_subject,
    tell_clock,
    tell_interval,
    tell_length,
    tell_share,
)

SHEETS = (
    ("Countdown to the day: what must have happened before it", "countdown.html"),
    ("Role cards, one page for each person", "cards.html"),
    ("Room plans to print", "rooms.html"),
    ("Hand-over sheets", "hand-overs.html"),
)
ANSWERS = (
    ("Response cards, two to a page", "responses.html"),
    (
        "Who is called first for each hazard, and when, as a table for a spreadsheet",
        "call-outs.csv",
    ),
    ("Where the cover fails, in words", "gaps.html"),
)
NO_GAP = "No gap: every hazard has an answer at every minute."


def write_choreography(inputs: DossierInputs, figures: tuple[Figure, ...]) -> Section:
    """The day: milestones, run sheet and people."""
    schedule = inputs.schedule
    checked = "passed" if schedule.checked else "NOT PASSED"
    facts = (
        ("Length", tell_length(schedule.makespan)),
        ("Proven shortest length", tell_length(schedule.bound)),
        ("Status", schedule.status),
        ("Independent check", checked),
        ("Solver", schedule.solver),
    )
    return Section(
        id="choreography",
        title="The day",
        blocks=(
            _milestones(schedule, inputs.rehearsal),
            *figures,
            tabulate_shifts(schedule),
            Links(entries=SHEETS),
            _run_sheet(schedule),
            table("About the schedule", ("Fact", "Value"), facts),
            *list_paragraphs((v.message for v in schedule.violations), "warning"),
        ),
    )


def _milestones(schedule: Schedule, rehearsal: Rehearsal) -> Table:
    """Planned, likely without hazards, and simulated with hazards, side by side."""
    start, procedure = schedule.procedure.day_start, schedule.procedure
    likely = {one.milestone: one for one in schedule.forecast}
    rows = []
    for milestone in procedure.milestones:
        minute = schedule.milestones.get(milestone.id)
        planned = "-" if minute is None else tell_clock(minute, start)
        spread = "-"
        if milestone.id == procedure.separation:
            spread = tell_spread(rehearsal.separation_time, start)
        rows.append((milestone.title, planned, *_likely(likely.get(milestone.id), start), spread))
    end = tell_spread(rehearsal.end_time, start)
    rows.append(("End of the day", tell_clock(schedule.makespan, start), "-", "-", end))
    headings = (
        "Milestone",
        "Planned",
        "Likely without hazards, P10 to P90",
        "Days that keep it",
        "With hazards, P10 to P90",
    )
    return table("Milestones", headings, rows)


def _likely(forecast: MilestoneForecast | None, day_start: str) -> tuple[str, str]:
    if forecast is None:
        return "-", "-"
    low, high = tell_clock(forecast.p10, day_start), tell_clock(forecast.p90, day_start)
    return f"{low} to {high}", f"{forecast.kept:.0%}"


def tell_spread(quantiles: Mapping[str, Measured], day_start: str) -> str:
    """Clock times of the tenth and ninetieth percentile."""
    if not {"p10", "p90"} <= set(quantiles):
        return "not simulated"
    low, high = (tell_clock(quantiles[name].value, day_start) for name in ("p10", "p90"))
    return f"{low} to {high}"


def _run_sheet(schedule: Schedule) -> Table:
    start = schedule.procedure.day_start
    names = {person.id: person.name for person in schedule.procedure.staff}
    tasks = schedule.done()
    rows = []
    for entry in sorted(schedule.assignments, key=lambda e: (e.start, e.end, e.task)):
        task = tasks[entry.task]
        who = ", ".join(f"{names.get(id, id)} ({skill})" for id, skill in entry.staff)
        rows.append(
            (
                tell_clock(entry.start, start),
                tell_clock(entry.end, start),
                name_subject(task.subject),
                f"{task.step} {task.title}" if task.step else task.title,
                who or "-",
            )
        )
    return table("Run sheet", ("From", "To", "Whom", "Step and task", "Who"), rows)


def write_contingencies(inputs: DossierInputs, figures: tuple[Figure, ...]) -> Section:
    """The hazards, who answers them, and the gaps."""
    coverage = inputs.coverage
    order = "one hazard at a time" if coverage.order == 1 else f"up to {coverage.order} at once"
    certified = "accepted" if coverage.certified else "NOT ACCEPTED"
    text = (
        f"{coverage.minutes} hazard-minutes were examined, {order};"
        f" {coverage.covered_minutes} have a witness. The independent checker's verdict:"
        f" {certified}."
    )
    return Section(
        id="contingencies",
        title="What if",
        blocks=(
            Paragraph(text=text),
            *list_paragraphs((gap.message for gap in coverage.gaps), "warning"),
            *((Paragraph(text=NO_GAP),) if not coverage.gaps else ()),
            Links(entries=ANSWERS),
            *figures,
            _at_separation(inputs),
            *_hazards(coverage, inputs.rehearsal),
        ),
    )


def _at_separation(inputs: DossierInputs) -> Table:
    schedule = inputs.schedule
    minute = schedule.milestones.get(schedule.procedure.separation, schedule.makespan)
    names = {person.id: person.name for person in schedule.procedure.staff}
    titles = {hazard.id: hazard for hazard in inputs.coverage.hazards}
    rows = []
    for cell in inputs.coverage.cells:
        if cell.start < minute <= cell.end and cell.hazard in titles:
            hazard = titles[cell.hazard]
            who = ", ".join(f"{names.get(id, id)} ({skill})" for id, skill in cell.witness)
            rows.append(
                (
                    hazard.title,
                    name_subject(hazard.subject),
                    who if cell.covered else "GAP",
                    str(cell.depth) if cell.covered else "-",
                )
            )
    clock = tell_clock(minute, schedule.procedure.day_start)
    return table(
        f"Who answers in the minute before separation ({clock})",
        ("Hazard", "Whom", "Who answers", "To spare"),
        rows,
    )


def _hazards(coverage: Coverage, rehearsal: Rehearsal) -> tuple[Table, Table]:
    """What each hazard asks for, and where the figures come from; both twins share a row."""
    groups: dict[tuple[str, int, str], list[Hazard]] = {}
    for hazard in coverage.hazards:
        key = (_common_title(hazard), hazard.first_step, hazard.response.actions)
        groups.setdefault(key, []).append(hazard)
    headings = (
        "Hazard",
        "Whom",
        "Chance in an operation, in simulated days",
        "Severity",
        "Needs",
        "What is done",
    )
    rows = [_hazard(title, group, rehearsal) for (title, *_), group in groups.items()]
    sources = [
        (title, group[0].source, group[0].confidence.value) for (title, *_), group in groups.items()
    ]
    return (
        table("Hazards", headings, rows),
        table("Sources of the hazards", ("Hazard", "Source", "Confidence"), sources),
    )


def _common_title(hazard: Hazard) -> str:
    """The title without the twin's letter, so that one row can stand for both."""
    if hazard.subject not in (Subject.A, Subject.B):
        return hazard.title
    return hazard.title.replace(f"twin {hazard.subject}", "a twin")


def _hazard(title: str, group: list[Hazard], rehearsal: Rehearsal) -> tuple[str, ...]:
    first = group[0]
    needs = [f"{d.count} {d.skill} within {d.within}\u00a0min" for d in first.response.demands]
    needs += [f"{n} {id}" for id, n in sorted(first.response.equipment.items())]
    return (
        f"{title} (steps {first.first_step} to {first.last_step})",
        ", ".join(name_subject(hazard.subject) for hazard in group),
        "; ".join(dict.fromkeys(_chance(hazard) for hazard in group))
        + "; simulated "
        + ", ".join(_rate(hazard, rehearsal, signed=len(group) > 1) for hazard in group),
        f"{first.severity} of 3",
        ", ".join(needs),
        first.response.actions,
    )


def _chance(hazard: Hazard) -> str:
    low, high = tell_share(hazard.probability_low), tell_share(hazard.probability_high)
    return f"{tell_share(hazard.probability)} ({low} to {high})"


def _rate(hazard: Hazard, rehearsal: Rehearsal, *, signed: bool) -> str:
    rate = rehearsal.hazard_rate.get(hazard.id)
    words = "-" if rate is None else tell_share(rate.value)
    return f"{name_subject(hazard.subject)} {words}" if signed else words


def write_rehearsal(inputs: DossierInputs, figures: tuple[Figure, ...]) -> Section:
    """Outcome of the simulated days."""
    rehearsal, start = inputs.rehearsal, inputs.schedule.procedure.day_start
    names = sorted({*rehearsal.end_time, *rehearsal.separation_time}, key=lambda n: int(n[1:]))
    rows = [
        (
            name.upper(),
            *(
                _moment(times.get(name), start)
                for times in (rehearsal.separation_time, rehearsal.end_time)
            ),
        )
        for name in names
    ]
    text = (
        f"{rehearsal.days} days were simulated (seed {rehearsal.seed}, {rehearsal.version}). On"
        f" {tell_interval(rehearsal.unanswered)} of them at least one hazard could not be"
        " answered in time."
    )
    return Section(
        id="rehearsal",
        title="The day, rehearsed",
        blocks=(
            Paragraph(text=text),
            *figures,
            table("Quantiles of the simulated days", ("Quantile", "Separation", "End"), rows),
        ),
    )


def _moment(figure: Measured | None, day_start: str) -> str:
    if figure is None:
        return "-"
    low, value, high = (
        tell_clock(Minute(round(v)), day_start) for v in (figure.low, figure.value, figure.high)
    )
    return value if low == high else f"{value} ({low} to {high})"
