"""Who keeps which vein and what follows for both twins: drainage, clamps, stages, options."""

from collections.abc import Callable, Iterable, Mapping

from diptych.model import (
    Case,
    ClampStep,
    Measured,
    Paragraph,
    Staging,
    Table,
    TwinDrainage,
    TwinId,
    VeinAllocation,
    VesselId,
    VesselNetwork,
    VesselOption,
)
from diptych.report.blocks import list_paragraphs, pair_table, table
from diptych.report.words import name_twin, sign_twin, tell_amount, tell_number, tell_share

Names = Mapping[VesselId, str]
MOST_OPTIONS = 12
"""Options shown, those that give either twin most first."""


def write_allocation(
    case: Case,
    network: VesselNetwork,
    allocation: VeinAllocation | None,
    wanted: int | None = None,
) -> tuple[Table | Paragraph, ...]:
    """Tables of an allocation, both twins side by side; none where none was made.

    wanted : in how many operations the team wants to divide the vessels, None if left open
    """
    if allocation is None:
        return ()
    names = {vessel.id: f"{vessel.name} ({vessel.id})" for vessel in network.vessels}
    return (
        _drainage(case, allocation),
        *list_paragraphs((allocation.proof.statement, *allocation.notes), "text"),
        _clamps(allocation.clamps, names),
        _stagings(case, allocation.stagings, wanted),
        *_ties(allocation, names),
        *_options(allocation.options, names),
        *list_paragraphs(allocation.stop_rules, "text"),
    )


def _drainage(case: Case, allocation: VeinAllocation) -> Table:
    rows = []
    for when, both in (("before", allocation.before), ("after", allocation.after)):
        rows += [
            (f"{title}, {when}", *(tell(both[twin]) for twin in TwinId)) for title, tell in _FIGURES
        ]
    return pair_table("Drainage of each brain before and after the separation", case, rows)


def _drained(drainage: TwinDrainage) -> str:
    return f"{_flow(drainage.drained)} ({tell_share(round(drainage.share, 2))})"


def tell_risk(risk: Measured) -> str:
    """A probability as per cent with its interval."""
    value, low, high = (tell_share(round(p, 3)) for p in (risk.value, risk.low, risk.high))
    return f"{value} ({low} to {high})"


def _flow(value: float) -> str:
    return f"{value:.0f}\u00a0ml/min"


_FIGURES: tuple[tuple[str, Callable[[TwinDrainage], str]], ...] = (
    ("Blood to drain", lambda drainage: _flow(drainage.need)),
    ("Of that, drained at no more than the limit of pressure", _drained),
    ("Without any way out", lambda drainage: _flow(drainage.cut_off)),
    ("Highest pressure above the jugular", lambda d: f"{tell_number(d.gradient)}\u00a0mmHg"),
)


def _both(values: Mapping[TwinId, float], unit: str, digits: int = 1) -> str:
    return ", ".join(f"{twin} {values[twin]:.{digits}f}" for twin in TwinId) + f"\u00a0{unit}"


def _clamps(clamps: Iterable[ClampStep], names: Names) -> Table:
    rows = (
        (
            str(step.order),
            names[step.vessel],
            sign_twin(step.keeper),
            f"{step.test}\u00a0min",
            _both(step.total_rise, "mmHg"),
            _both(step.cut_off, "ml/min", 0),
            tell_risk(step.infarct),
            step.stop or "go on if EEG and pressures hold",
        )
        for step in clamps
    )
    headings = (
        "No.",
        "Vessel",
        "Kept by",
        "Test",
        "Rise of pressure since the beginning",
        "Blood without a way out",
        "Risk of infarct (low confidence)",
        "Then",
    )
    return table("Test clamps in order, with what the flow model expects", headings, rows)


def _stagings(case: Case, stagings: Iterable[Staging], wanted: int | None) -> Table:
    rows = (
        (
            f"{len(staging.stages)}{', as demanded' if len(staging.stages) == wanted else ''}",
            f"{staging.weeks:.0f}",
            ", ".join(tell_share(round(stage.flow_share, 2)) for stage in staging.stages),
            *(tell_amount(staging.drained[twin]) for twin in TwinId),
            "yes" if staging.within else "NO",
            "; ".join(staging.notes),
        )
        for staging in stagings
    )
    headings = (
        "Operations",
        "Weeks from first to last",
        "Shared flow divided at each",
        f"Least drained, {name_twin(case, TwinId.A)}",
        f"Least drained, {name_twin(case, TwinId.B)}",
        "Within the published share",
        "Notes",
    )
    chosen = "none chosen here" if wanted is None else "the team's choice marked"
    return table(f"One operation or several, {chosen}", headings, rows)


def _ties(allocation: VeinAllocation, names: Names) -> tuple[Table, ...]:
    rows = [
        (
            names[tie.vessel],
            sign_twin(tie.keeper),
            ", ".join(names[vessel] for vessel in tie.along) or "alone",
            "yes" if tie.certain else "not decided in the time given",
        )
        for tie in allocation.ties
    ]
    headings = ("Vessel", "Kept by", "Would change hands with", "Found to be a tie")
    return (table("Vessels that could go to the other twin at no loss", headings, rows),) * bool(
        rows
    )


def _options(options: Iterable[VesselOption], names: Names) -> tuple[Table, ...]:
    order = sorted(options, key=lambda o: (-max(o.gain.values()), o.vessel, o.kind))
    rows = [
        (
            option.kind,
            names[option.vessel],
            option.statement,
            _both(option.gain, "ml/min", 0),
            tell_risk(option.risk),
            option.source,
        )
        for option in order[:MOST_OPTIONS]
    ]
    headings = ("Option", "Vessel", "What", "Gain", "Risk of failing", "Source of the risk")
    title = "What a split, a graft or a bypass would gain; never chosen silently"
    return (table(title, headings, rows),) if rows else ()
