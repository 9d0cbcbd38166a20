"""What is planned: identity and imaging, anatomy, separation, and when to operate."""

from diptych.model import (
    Case,
    Figure,
    Paragraph,
    Section,
    SeparationFront,
    Table,
    TwinId,
    WindowPoint,
)
from diptych.report.blocks import (
    list_paragraphs,
    pair_table,
    table,
    tabulate_costs,
    tabulate_crossings,
    tabulate_measures,
    tabulate_vessels,
)
from diptych.report.cover import write_cover, write_emergency
from diptych.report.drains import (
    VENOUS,
    tabulate_places,
    tabulate_scope,
    tabulate_shares,
    tabulate_supply,
)
from diptych.report.inputs import DossierInputs
from diptych.report.points import tabulate_points
from diptych.report.summary import name_class, tell_margins
from diptych.report.veins import write_allocation
from diptych.report.words import (
    name_subject,
    name_twin,
    sign_twin,
    spell_name,
    tell_measured,
    tell_number,
    tell_share,
)


def write_identity(inputs: DossierInputs) -> Section:
    """Who the twins are, what was imaged, and the checks made at intake."""
    case = inputs.case
    brief = case.brief
    dates = (
        ("Born", str(brief.born)),
        ("Imaged", str(brief.imaged)),
        ("Operation not before", str(brief.earliest_operation)),
        ("Operation not after", str(brief.latest_operation)),
        ("Hemisphere of the hospital", brief.hemisphere),
    )
    return Section(
        id="identity",
        title="Identity and imaging",
        blocks=(
            _twins(case),
            table("Dates and place", ("Fact", "Value"), dates),
            _series(case),
            table(
                "Checks at intake",
                ("Check", "Result", "Detail"),
                ((c.name, "passed" if c.passed else "DOUBT", c.detail) for c in case.checks),
            ),
            *((Paragraph(text=f"Notes of the team: {brief.notes}"),) if brief.notes else ()),
        ),
    )


def _twins(case: Case) -> Table:
    a, b = case.twins
    names = sorted({mark.name for twin in case.twins for mark in twin.landmarks})
    marks = [
        (f"Landmark {name}", *("marked" if t.landmark(name) else "-" for t in case.twins))
        for name in names
    ]
    weights = [
        f"{tell_number(t.weight)}\u00a0kg" if t.weight is not None else "not known alone"
        for t in case.twins
    ]
    rows = [
        ("Label", a.label, b.label),
        ("Sex", a.sex, b.sex),
        ("Weight", weights[0], weights[1]),
        *marks,
    ]
    return pair_table(f"The twins of case {case.id}", case, rows)


def _series(case: Case) -> Table:
    rows = []
    for entry in case.volumes:
        spacing = " x ".join(tell_number(round(edge, 2)) for edge in entry.volume.spacing)
        shape = " x ".join(str(n) for n in entry.volume.shape)
        rows.append(
            (
                entry.role,
                name_subject(entry.subject),
                entry.evidence,
                f"{shape}, {spacing}\u00a0mm",
                entry.volume.frame_of_reference,
                entry.volume.source,
            )
        )
    headings = ("Series", "Shows", "How we know", "Voxels", "Frame of reference", "Source")
    return table("Image series", headings, rows)


def write_anatomy(inputs: DossierInputs, figures: tuple[Figure, ...]) -> Section:
    """Class, axes, vessels and figures."""
    anatomy, found = inputs.anatomy, inputs.anatomy.classification
    reason = (
        ("Class", name_class(found)),
        ("Angle between the long axes", tell_measured(found.long_axis_angle)),
        ("Rotation about the long axis", tell_measured(found.rotation)),
        ("Sinus shared", ("yes: " if found.shared_sinus else "no: ") + found.shared_sinus_evidence),
        ("Distances to the limits", tell_margins(found)),
        ("Ambiguous", "YES" if found.ambiguous else "no"),
        ("O'Connell 1976", found.oconnell or "not judged"),
        ("Winston (deepest shared structure)", found.winston or "not judged"),
    )
    axes = {entry.twin: entry for entry in anatomy.axes}
    a, b = axes[TwinId.A], axes[TwinId.B]
    rows = [
        ("Long axis (L, P, S)", _direction(a.long), _direction(b.long)),
        ("Facing (L, P, S)", _direction(a.facing), _direction(b.facing)),
        ("Uncertainty", f"{a.uncertainty:.1f}°", f"{b.uncertainty:.1f}°"),
        ("How found", a.method, b.method),
    ]
    return Section(
        id="anatomy",
        title="Anatomy",
        blocks=(
            *figures,
            *tabulate_scope(anatomy.scope),
            table("Class by the table of Stone & Goodrich 2006", ("Figure", "Value"), reason),
            *list_paragraphs(found.reasons, "text"),
            pair_table("Axes of the heads", inputs.case, rows),
            *tabulate_measures(inputs.case, anatomy.measures),
            *tabulate_shares(anatomy.vessels, VENOUS),
            *tabulate_places(anatomy.vessels),
            tabulate_vessels(anatomy.vessels.vessels),
            *tabulate_supply(anatomy.arteries),
        ),
    )


def _direction(vector: tuple[float, float, float]) -> str:
    return ", ".join(f"{part:+.2f}" for part in vector)


def write_separation(inputs: DossierInputs, figures: tuple[Figure, ...]) -> Section:
    """The cut, its proof, the other plans, the vessels and the defects."""
    plan = inputs.front.plan
    total = max(sum(plan.cost_terms.values()), 1)
    terms = sorted(plan.cost_terms.items(), key=lambda item: (-item[1], item[0]))
    proof = (
        ("Value of the cut", str(plan.proof.value)),
        ("Value of the flow", str(plan.proof.flow)),
        ("Proven", "yes" if plan.proof.proven else "NO"),
        ("Solver", plan.proof.method),
        ("What this means", plan.proof.statement),
    )
    areas = sorted(plan.area_by_tissue.items(), key=lambda item: (-item[1], item[0]))
    return Section(
        id="separation",
        title="Separation",
        blocks=(
            *_demands(inputs.front),
            *figures,
            tabulate_costs(inputs.case, plan),
            tabulate_crossings(plan),
            *write_allocation(
                inputs.case, inputs.anatomy.vessels, plan.allocation, inputs.front.stages
            ),
            *write_cover(inputs.case, plan.reconstruction),
            *write_emergency(inputs.case, plan.emergency),
            table("Proof of the proposed cut", ("Figure", "Value"), proof),
            table(
                "What the cut goes through",
                ("Tissue", "Area"),
                ((name, f"{tell_number(area)}\u00a0cm²") for name, area in areas),
            ),
            table(
                "What made up its cost",
                ("Term", "Units", "Share"),
                ((spell_name(n), str(value), tell_share(value / total)) for n, value in terms),
            ),
            _front(inputs.case, inputs.front),
            *tabulate_points(inputs.case, inputs.front),
            *list_paragraphs(inputs.front.dominated, "text"),
        ),
    )


def _demands(front: SeparationFront) -> tuple[Paragraph, ...]:
    """What the team demanded of every plan, first of all that is said."""
    told = [f"Demanded by the team: {'; '.join(front.demands)}."] if front.demands else []
    return list_paragraphs((*told, *front.notes), "text")


def _front(case: Case, front: SeparationFront) -> Table:
    rows = []
    for plan in front.plans:
        mark = "proposed" if plan.id == front.proposed else ""
        proven = "proven" if plan.proof.proven else "NOT PROVEN"
        cells = []
        for twin in TwinId:
            cost, defect = plan.costs[twin], plan.defects[twin]
            cells.append(
                f"tissue given {tell_number(round(cost.own_tissue_given, 2))}\u00a0ml, flow given"
                f" {tell_number(round(cost.vein_flow_given, 1))}\u00a0ml/min, skin defect"
                f" {tell_number(round(defect.skin.value, 1))}\u00a0cm²"
            )
        rows.append((str(plan.id), mark, *cells, f"{plan.proof.value} ({proven})"))
    headings = ("Plan", "", name_twin(case, TwinId.A), name_twin(case, TwinId.B), "Cut value")
    return table("Plans of which none is worse than another for both twins", headings, rows)


def write_timing(inputs: DossierInputs, figures: tuple[Figure, ...]) -> Section:
    """The window, the reasons on both sides, and the figures of its days."""
    window = inputs.window
    rows = [
        (f"{reason.direction} ", reason.text, reason.source, reason.confidence)
        for way in ("earlier", "later")
        for reason in window.reasons
        if reason.direction == way
    ]
    return Section(
        id="timing",
        title="When to operate",
        blocks=(
            *figures,
            table("Why earlier, why later", ("Go", "Reason", "Source", "Confidence"), rows),
            _facts(inputs),
        ),
    )


def _facts(inputs: DossierInputs) -> Table:
    window = inputs.window
    days = [("Window opens", window.opens), ("Lowest", window.lowest), ("Closes", window.closes)]
    points = [min(window.points, key=lambda p: (abs((p.day - day).days), p.day)) for _, day in days]
    names = sorted({_stem(name) for point in points for name in point.facts})
    rows: list[tuple[str, ...]] = [
        ("Age", *(f"{point.age_weeks:.0f} weeks" for point in points)),
        ("Burden", *(tell_number(point.burden) for point in points)),
        *((spell_name(name), *(_fact(point, name) for point in points)) for name in names),
    ]
    headings = (
        "Figure",
        *(f"{title} {point.day}" for (title, _), point in zip(days, points, strict=True)),
    )
    return table("The days of the window", headings, rows)


def _stem(name: str) -> str:
    return name.replace("-A-", "-").replace("-B-", "-")


def _fact(point: WindowPoint, stem: str) -> str:
    cells = []
    for name in sorted(point.facts):
        if _stem(name) == stem:
            twin = next((t for t in TwinId if f"-{t}-" in name), None)
            sign = f"{sign_twin(twin)} " if twin else ""
            cells.append(f"{sign}{tell_number(round(point.facts[name], 2))}")
    return ", ".join(cells)
