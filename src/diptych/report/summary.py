"""The first page: the answers, both twins side by side, and what is not known."""

from diptych.model import (
    Block,
    Classification,
    Measured,
    Owner,
    Paragraph,
    Section,
    Table,
    TwinId,
)
from diptych.report.blocks import (
    list_paragraphs,
    table,
    tabulate_costs,
    tabulate_crossings,
    tabulate_gaps,
)
from diptych.report.inputs import DossierInputs
from diptych.report.words import (
    count_things,
    sign_twin,
    spell_name,
    tell_clock,
    tell_interval,
    tell_length,
    tell_measured,
    tell_number,
    tell_share,
)

CLASSES = {
    "PA": "partial angular",
    "PV": "partial vertical",
    "TA": "total angular",
    "TV-I": "total vertical, type I",
    "TV-II": "total vertical, type II",
    "TV-III": "total vertical, type III",
}
FAINT = 0.5


def write_summary(inputs: DossierInputs) -> Section:
    """The answers first."""
    plan = inputs.front.plan
    return Section(
        id="summary",
        title="The answers",
        blocks=(
            _answers(inputs),
            *_gaps(inputs),
            tabulate_costs(inputs.case, plan),
            tabulate_crossings(plan),
        ),
    )


def _gaps(inputs: DossierInputs) -> tuple[Block, ...]:
    gaps = inputs.coverage.gaps
    if not gaps:
        return ()
    text = (
        f"{count_things(len(gaps), 'GAP', 'GAPS')} in the cover: at these times nobody could answer"
        " in time. Close them before the day, or accept them knowingly."
    )
    return (Paragraph(text=text, kind="warning"), tabulate_gaps(inputs))


def write_unknowns(inputs: DossierInputs) -> Section:
    """What is not known, on the first page too."""
    nothing = Paragraph(text="No open doubt was recorded. This does not mean that there is none.")
    doubts = list_paragraphs(list_doubts(inputs), "doubt")
    return Section(id="unknown", title="What is not known", blocks=doubts or (nothing,))


def _answers(inputs: DossierInputs) -> Table:
    return table(
        "What this plan says",
        ("Question", "Answer", "How sure"),
        (
            _class_row(inputs.anatomy.classification),
            _cut_row(inputs),
            _vessel_row(inputs),
            _window_row(inputs),
            _length_row(inputs),
            _separation_row(inputs),
            _end_row(inputs),
            _coverage_row(inputs),
        ),
    )


def name_class(found: Classification) -> str:
    """The label with its meaning."""
    meaning = CLASSES.get(found.label)
    return f"{found.label} ({meaning})" if meaning else found.label


def tell_margins(found: Classification) -> str:
    """How far each figure lies from each limit of the decision table."""
    parts = [
        f"{spell_name(key.rsplit('-', 1)[0]).lower()} {abs(value):.0f}° "
        f"{'from' if value >= 0 else 'beyond'} the limit of {key.rsplit('-', 1)[-1]}°"
        for key, value in sorted(found.margins.items())
    ]
    return "; ".join(parts) or "no limit applies"


def _class_row(found: Classification) -> tuple[str, str, str]:
    answer = (
        f"{name_class(found)}: long axes at {tell_measured(found.long_axis_angle)}, rotated by"
        f" {tell_measured(found.rotation)}, sinus {'' if found.shared_sinus else 'not '}shared"
    )
    sure = ("AMBIGUOUS: " if found.ambiguous else "") + tell_margins(found)
    return "How are they joined?", answer, sure


def _cut_row(inputs: DossierInputs) -> tuple[str, str, str]:
    plan = inputs.front.plan
    kinder = {"A": f"kinder to {sign_twin(TwinId.A)}", "B": f"kinder to {sign_twin(TwinId.B)}"}
    wish = kinder.get(plan.preference, plan.preference)
    areas = ", ".join(
        f"{tissue} {tell_number(plan.area_by_tissue[tissue])}\u00a0cm²"
        for tissue in sorted(plan.area_by_tissue)
        if plan.area_by_tissue[tissue] > 0
    )
    count = count_things(len(inputs.front.plans), "plan")
    name = plan.id if plan.id == wish else f"{plan.id} ({wish})"
    answer = f"Proposed: {name}, of {count}; through {areas or '-'}"
    says = plan.proof.statement.removeprefix("not ").removeprefix("proven: ")
    sure = ("proven: " if plan.proof.proven else "NOT PROVEN: ") + says
    return "Where to cut?", answer, sure


def _vessel_row(inputs: DossierInputs) -> tuple[str, str, str]:
    crossings = inputs.front.plan.crossings
    kept = {twin: [str(x.order) for x in crossings if x.keeper is twin] for twin in TwinId}
    answer = f"{count_things(len(crossings), 'vessel')}: " + "; ".join(
        f"{sign_twin(twin)} keeps {', '.join(kept[twin]) or 'none'}" for twin in TwinId
    )
    unsure = [x for x in crossings if x.owner is Owner.UNKNOWN]
    sure = (
        f"{count_things(len(unsure), 'crossing')} of unknown owner"
        if unsure
        else "owners from the network of vessels; see the numbers in the pictures"
    )
    return "Which vessels cross, who keeps them?", answer, sure


def _window_row(inputs: DossierInputs) -> tuple[str, str, str]:
    window = inputs.window
    answer = f"{window.opens} to {window.closes}"
    sure = (
        f"burden within {tell_number(100 * window.tolerance)}\u00a0% of its lowest"
        f" ({window.lowest}); this scan is valid until {window.scan_valid_until}"
    )
    return "When to operate?", answer, sure


def _length_row(inputs: DossierInputs) -> tuple[str, str, str]:
    schedule = inputs.schedule
    start = schedule.procedure.day_start
    answer = (
        f"{tell_length(schedule.makespan)}, {start} to {tell_clock(schedule.makespan, start)},"
        f" {count_things(len(schedule.procedure.tasks), 'task')},"
        f" {count_things(len(schedule.procedure.staff), 'person', 'people')}"
    )
    best = (
        "shortest possible, proven"
        if schedule.status == "optimal"
        else f"not proven shortest: at least {tell_length(schedule.bound)}"
    )
    checked = "checked by an independent checker" if schedule.checked else "NOT CHECKED"
    return "How long, as planned?", answer, f"{best}; {checked}"


def _separation_row(inputs: DossierInputs) -> tuple[str, str, str]:
    schedule = inputs.schedule
    start = schedule.procedure.day_start
    planned = schedule.milestones.get(schedule.procedure.separation)
    answer = "not in the schedule"
    if planned is not None:
        answer = f"planned {tell_clock(planned, start)} ({tell_length(planned)} after the start)"
    return "When are they two?", answer, _spread(inputs, "separation_time")


def _end_row(inputs: DossierInputs) -> tuple[str, str, str]:
    schedule = inputs.schedule
    answer = f"planned {tell_clock(schedule.makespan, schedule.procedure.day_start)}"
    return "When does the day end?", answer, _spread(inputs, "end_time")


def _spread(inputs: DossierInputs, which: str) -> str:
    quantiles: dict[str, Measured] = dict(getattr(inputs.rehearsal, which))
    start = inputs.schedule.procedure.day_start
    known = [
        f"{name.upper()} {tell_clock(quantiles[name].value, start)}"
        for name in ("p10", "p50", "p90")
        if name in quantiles
    ]
    days = count_things(inputs.rehearsal.days, "simulated day")
    return f"{', '.join(known) or 'not simulated'} in {days}"


def _coverage_row(inputs: DossierInputs) -> tuple[str, str, str]:
    coverage = inputs.coverage
    share = tell_share(coverage.covered_minutes / max(coverage.minutes, 1))
    answer = (
        f"{count_things(len(coverage.hazards), 'hazard')}: {share} of hazard-minutes covered,"
        f" {count_things(len(coverage.gaps), 'gap')}"
    )
    certified = "certificate checked" if coverage.certified else "CERTIFICATE NOT ACCEPTED"
    rate = inputs.rehearsal.unanswered
    sure = f"{certified}; a hazard went unanswered on {tell_interval(rate)} of simulated days"
    return "What if something goes wrong?", answer, sure


def list_doubts(inputs: DossierInputs) -> tuple[str, ...]:
    """What the parts could not settle, the most weighty first."""
    return (*_doubts_of_the_cut(inputs), *_doubts_of_the_day(inputs), *_doubts_of_the_case(inputs))


def _doubts_of_the_cut(inputs: DossierInputs) -> tuple[str, ...]:
    found, plan = inputs.anatomy.classification, inputs.front.plan
    doubts = []
    if found.ambiguous:
        doubts.append(
            f"The class {found.label} is ambiguous: a figure lies close to a limit"
            f" ({tell_margins(found)})."
        )
    if not plan.proof.proven:
        doubts.append(f"The cut is not proven to be the best one: {plan.proof.statement}")
    owners = inputs.anatomy.ownership.voxels
    unknown = float((owners == Owner.UNKNOWN).sum()) * inputs.anatomy.ownership.voxel_volume
    if unknown > 0:
        doubts.append(f"Owner unknown for {tell_number(unknown)} ml of tissue.")
    faint = [v for v in inputs.anatomy.vessels.vessels if v.confidence < FAINT]
    if faint:
        names = ", ".join(sorted(v.name for v in faint)[:6])
        doubts.append(
            f"{count_things(len(faint), 'vessel')} found with less than"
            f" {tell_share(FAINT)} confidence, among them {names}."
        )
    return tuple(doubts)


def _doubts_of_the_day(inputs: DossierInputs) -> tuple[str, ...]:
    schedule, window = inputs.schedule, inputs.window
    doubts = [violation.message for violation in schedule.violations]
    if not schedule.checked:
        doubts.append("The schedule has not passed the independent checker.")
    if not inputs.coverage.certified:
        doubts.append("The proof of coverage was not accepted by the independent checker.")
    if window.closes > window.scan_valid_until:
        doubts.append(
            f"The window runs to {window.closes}, but the scan is valid only until"
            f" {window.scan_valid_until}: image again before operating later."
        )
    return tuple(doubts)


def _doubts_of_the_case(inputs: DossierInputs) -> tuple[str, ...]:
    doubts = [
        f"Check not passed: {check.name}: {check.detail}"
        for check in inputs.case.checks
        if not check.passed
    ]
    guessed = [row for row in inputs.rows if row.confidence.value in ("assumption", "low")]
    if guessed:
        doubts.append(
            f"{len(guessed)} of {len(inputs.rows)} table rows used are assumptions or have low"
            " confidence; they are listed under Doubts and assumptions."
        )
    return tuple(doubts)
