"""Tables and paragraphs that several sections build; both twins always in neighbouring columns."""

from collections.abc import Iterable, Mapping

from diptych.model import (
    Case,
    Measured,
    Owner,
    Paragraph,
    SeparationPlan,
    Table,
    TwinId,
    Vessel,
)
from diptych.report.inputs import DossierInputs
from diptych.report.words import (
    name_owner,
    name_twin,
    sign_twin,
    spell_name,
    tell_amount,
    tell_clock,
    tell_measured,
    tell_number,
    tell_share,
)

Rows = Iterable[tuple[str, ...]]


def table(caption: str, headings: tuple[str, ...], rows: Rows) -> Table:
    """A table from rows of text."""
    return Table(caption=caption, headings=headings, rows=tuple(rows))


def pair_table(caption: str, case: Case, rows: Rows) -> Table:
    """A table with a column for each twin: name of the figure, twin A, twin B."""
    headings = ("Figure", name_twin(case, TwinId.A), name_twin(case, TwinId.B))
    return table(caption, headings, rows)


def list_paragraphs(texts: Iterable[str], kind: str) -> tuple[Paragraph, ...]:
    """One paragraph of that kind for each text."""
    return tuple(Paragraph(text=text, kind=kind) for text in texts)


def tabulate_costs(case: Case, plan: SeparationPlan) -> Table:
    """What the plan leaves each twin without, and what it costs each."""
    a, b = (plan.defects[twin] for twin in TwinId)
    rows = [
        ("Skin defect", tell_measured(a.skin), tell_measured(b.skin)),
        ("Dura defect", tell_measured(a.dura), tell_measured(b.dura)),
        ("Bone defect", tell_measured(a.bone), tell_measured(b.bone)),
    ]
    c, d = (plan.costs[twin] for twin in TwinId)
    rows += [
        (title, f"{tell_number(first)}\u00a0{unit}", f"{tell_number(second)}\u00a0{unit}")
        for title, unit, first, second in (
            (
                "Own tissue that ends on the other side",
                "ml",
                c.own_tissue_given,
                d.own_tissue_given,
            ),
            ("Of that, brain", "ml", c.brain_given, d.brain_given),
            (
                "Drainage of own veins that the other keeps",
                "ml/min",
                c.vein_flow_given,
                d.vein_flow_given,
            ),
            (
                "Drainage through crossed vessels that the twin keeps",
                "ml/min",
                c.vein_flow_kept,
                d.vein_flow_kept,
            ),
        )
    ]
    kept = {twin: sum(x.keeper is twin for x in plan.crossings) for twin in TwinId}
    rows.append(("Crossed vessels kept", str(kept[TwinId.A]), str(kept[TwinId.B])))
    return pair_table("What each twin lacks and gives under the proposed cut", case, rows)


def tabulate_crossings(plan: SeparationPlan) -> Table:
    """The vessels that the cut severs, in the order of test clamping."""
    return table(
        "Vessels that the cut severs, in the order of test clamping",
        ("No.", "Vessel", "Kind", "Owner", "Calibre", "Flow", "Kept by", "Why"),
        (
            (
                str(x.order),
                x.name,
                x.kind,
                name_owner(x.owner),
                f"{tell_number(x.calibre)}\u00a0mm",
                f"{tell_number(x.flow)}\u00a0ml/min",
                sign_twin(x.keeper),
                x.rule,
            )
            for x in plan.crossings
        ),
    )


def tabulate_gaps(inputs: DossierInputs) -> Table:
    """Every stretch of the day in which a hazard could not be answered, and what is missing."""
    start = inputs.schedule.procedure.day_start
    titles = {hazard.id: hazard.title for hazard in inputs.coverage.hazards}
    return table(
        "Gaps in the cover",
        ("Hazard", "When", "Missing"),
        (
            (
                " with ".join(titles.get(id, id) for id in gap.hazards),
                f"{tell_clock(gap.start, start)} to {tell_clock(gap.end, start)}",
                gap.missing,
            )
            for gap in inputs.coverage.gaps
        ),
    )


def tabulate_vessels(
    vessels: Iterable[Vessel], *, title: str = "Vessels found", brain: str = "Brain drained"
) -> Table:
    """The vessels found; pieces of the same name and owner share a row."""
    groups: dict[tuple[int, str, str], list[Vessel]] = {}
    for vessel in vessels:
        groups.setdefault((int(vessel.owner), vessel.kind, vessel.name), []).append(vessel)
    headings = (
        "Vessel",
        "Kind",
        "Owner",
        "Pieces",
        "Calibre",
        "Length",
        "Greatest flow",
        brain,
        "Confidence",
    )
    return table(
        f"{title} (a vessel is cut into pieces at each branch)",
        headings,
        (_vessel_row(key, groups[key]) for key in sorted(groups)),
    )


def _vessel_row(key: tuple[int, str, str], pieces: list[Vessel]) -> tuple[str, ...]:
    owner, kind, name = key
    low, high = (f"{pick(piece.calibre for piece in pieces):.1f}" for pick in (min, max))
    most = max(pieces, key=lambda piece: (abs(piece.flow.value), piece.id))
    return (
        name,
        kind,
        name_owner(Owner(owner)),
        str(len(pieces)),
        f"{low if low == high else f'{low} to {high}'}\u00a0mm",
        f"{sum(piece.length for piece in pieces):.0f}\u00a0mm",
        tell_amount(most.flow),
        f"{sum(piece.territory for piece in pieces):.0f}\u00a0ml",
        tell_share(round(min(piece.confidence for piece in pieces), 2)),
    )


def tabulate_measures(case: Case, measures: Mapping[str, Measured]) -> tuple[Table, ...]:
    """Figures of each twin side by side (names that end in -A and -B), then the common ones."""
    stems = sorted({name[:-2] for name in measures if name.endswith(("-A", "-B"))})
    pairs = [
        (spell_name(stem), *(_figure(measures, f"{stem}-{twin}") for twin in TwinId))
        for stem in stems
    ]
    common = [
        (spell_name(name), tell_measured(measures[name]))
        for name in sorted(measures)
        if not name.endswith(("-A", "-B"))
    ]
    tables = []
    if pairs:
        tables.append(pair_table("Figures of each twin", case, pairs))
    if common:
        tables.append(table("Figures of the pair", ("Figure", "Value (interval)"), common))
    return tuple(tables)


def _figure(measures: Mapping[str, Measured], name: str) -> str:
    return tell_measured(measures[name]) if name in measures else "not measured"
