"""Why earlier and why later, in words with figures and sources."""

from collections.abc import Mapping, Sequence
from datetime import date

from diptych.model import Confidence, Reason, WindowPoint
from diptych.tables import SourcedTable

_ORDER = [Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW, Confidence.ASSUMPTION]


def give_reasons(
    points: Sequence[WindowPoint],
    tables: Mapping[str, SourcedTable],
    *,
    scan_key: str,
    scan_valid_until: date,
) -> tuple[Reason, ...]:
    """The reasons on both sides, those for earlier first; each with its source.

    scan_key : the row of table timing that says how long the scan holds
    """
    return (*_earlier(points, tables, scan_key, scan_valid_until), *_later(points, tables))


def _span(points: Sequence[WindowPoint], fact: str) -> tuple[float, float]:
    return points[0].facts[fact], points[-1].facts[fact]


def _sourced(
    tables: Mapping[str, SourcedTable], *keys: str, table: str = "timing"
) -> tuple[str, str]:
    """The sources of those rows, and the weakest confidence among them."""
    rows = [tables[table].row(key) for key in keys]
    weakest = max((row.confidence for row in rows), key=_ORDER.index)
    return "; ".join(dict.fromkeys(row.source for row in rows)), weakest.value


def _growth_source(tables: Mapping[str, SourcedTable]) -> tuple[str, str]:
    first = next(key for key in tables["growth"].rows if key.startswith("head-circumference-f"))
    return _sourced(tables, first, table="growth")


def _reason(direction: str, text: str, sourced: tuple[str, str]) -> Reason:
    return Reason(direction=direction, text=text, source=sourced[0], confidence=sourced[1])


def _earlier(
    points: Sequence[WindowPoint], tables: Mapping[str, SourcedTable], scan_key: str, expires: date
) -> list[Reason]:
    grown, area = _span(points, "surface-growth-percent"), _span(points, "fused-area-cm2")
    hazard = tables["timing"].value("waiting-hazard")
    found = [
        _reason(
            "earlier",
            f"The heads grow: their surface is {grown[0]:.1f} % larger than on the scan on"
            f" {points[0].day} and {grown[1]:.1f} % on {points[-1].day}, and the join with it"
            f" ({area[0]:.1f} to {area[1]:.1f} cm2), as do the shared vessels.",
            _growth_source(tables),
        ),
        _reason(
            "earlier",
            f"Staying joined has a hazard of its own, here {100 * hazard:.0f} % a year.",
            _sourced(tables, "waiting-hazard"),
        ),
        _reason(
            "earlier",
            f"The scan holds until {expires}; after that it must be repeated.",
            _sourced(tables, scan_key),
        ),
    ]
    return found + _season(points, tables, "earlier")


def _later(points: Sequence[WindowPoint], tables: Mapping[str, SourcedTable]) -> list[Reason]:
    skin = _span(points, "skin-expansion-percent")
    a, b = _span(points, "weight-A-kg"), _span(points, "weight-B-kg")
    months = tables["timing"].value("split-bone-age")
    found = [
        _reason(
            "later",
            f"Skin to close with takes time: {skin[0]:.0f} % of the expansion is done on"
            f" {points[0].day}, {skin[1]:.0f} % on {points[-1].day}.",
            _sourced(tables, "expander-start-days", "expander-fill-weeks"),
        ),
        _reason(
            "later",
            f"More weight is more blood: twin A {a[0]:.1f} to {a[1]:.1f} kg, twin B {b[0]:.1f} to"
            f" {b[1]:.1f} kg over these days.",
            _sourced(tables, "weight-blood"),
        ),
        _reason(
            "later",
            f"Bone thick enough to split for both skulls is reported from about {months:.0f}"
            " months; this has no term in the curve.",
            _sourced(tables, "split-bone-age"),
        ),
    ]
    return found + _season(points, tables, "later")


def _season(
    points: Sequence[WindowPoint], tables: Mapping[str, SourcedTable], direction: str
) -> list[Reason]:
    """The season as a reason: go before its worst day, or after it, if that helps by 1 %."""
    risks = [point.facts["postponement-percent"] for point in points]
    worst = risks.index(max(risks))
    side = range(worst + 1) if direction == "earlier" else range(worst, len(risks))
    best = min(side, key=risks.__getitem__)
    if risks[worst] - risks[best] < 1.0:
        return []
    return [
        _reason(
            direction,
            f"An infection of the airways is likeliest to put the operation off on"
            f" {points[worst].day} ({risks[worst]:.0f} %) and least likely"
            f" {'before' if best < worst else 'after'}"
            f" that on {points[best].day} ({risks[best]:.0f} %).",
            _sourced(tables, *sorted(tables["seasons"].rows), table="seasons"),
        )
    ]


def give_notes(
    points: Sequence[WindowPoint], tables: Mapping[str, SourcedTable], *, others: Sequence[date]
) -> tuple[str, ...]:
    """What the reader of the curve must know: made-up weights, no season, other good stretches."""
    rows = tables["timing"].rows
    assumed = [key for key in rows if rows[key].confidence is Confidence.ASSUMPTION]
    notes = [
        "The curve weighs the team's reasons against each other; it does not choose the day.",
        f"Assumptions, not measurements: {', '.join(assumed)} (table timing)."
        if assumed
        else "No row of table timing is an assumption.",
    ]
    if max(point.facts["season-index"] for point in points) == 0.0:
        notes.append("The table of seasons is all zero: no season of infections was counted.")
    if others:
        notes.append(
            "Other days are as good and lie apart from this stretch:"
            f" {', '.join(day.isoformat() for day in others)}."
        )
    return tuple(notes)
