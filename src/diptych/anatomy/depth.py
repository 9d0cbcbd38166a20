"""How deep the union goes: the classes of O'Connell and of Winston."""

from collections.abc import Mapping
from dataclasses import replace

from diptych.model import Classification, Measured
from diptych.tables import SourcedTable

LETTERS = ("A", "B", "C", "D")
PARTIAL, TOTAL = "partial", "total"


def classify_depth(
    found: Classification, measures: Mapping[str, Measured], table: SourcedTable
) -> Classification:
    """The class with O'Connell's and Winston's beside it, and why.

    Winston: the deepest structure that is shared over more than the table's least area:
    A scalp and bone, B dura, C leptomeninges (no dura between the brains), D brain.
    O'Connell: partial where dura or bone parts the brains and no sinus is shared, else
    total; the vertical ones in three varieties by the rotation of the faces.
    """
    letter, depth = winston_class(measures, table)
    label, extent = oconnell_class(found, letter, table)
    return replace(found, winston=letter, oconnell=label, reasons=(*found.reasons, depth, extent))


def winston_class(measures: Mapping[str, Measured], table: SourcedTable) -> tuple[str, str]:
    """Winston's letter and the sentence that says why, with the areas that decided."""
    least = table.value("winston-least-area")
    areas = shared_areas(measures)
    deepest = max((n for n, area in enumerate(areas) if area.value >= least), default=0)
    letter = LETTERS[deepest]
    row = table.row(f"winston-{letter}")
    told = ", ".join(
        f"{table.row(f'winston-{name}').text('name')} {area.value:.1f} cm2"
        f" ({area.low:.1f} to {area.high:.1f})"
        for name, area in zip(LETTERS, areas, strict=True)
    )
    open_ = [
        name
        for name, area in zip(LETTERS, areas, strict=True)
        if area.low < least <= area.high and LETTERS.index(name) >= deepest
    ]
    doubt = f"; whether {' and '.join(open_)} is reached is not sure" if open_ else ""
    return letter, f"Winston {letter} ({row.text('name')}): shared are {told}{doubt} ({row.source})"


def shared_areas(measures: Mapping[str, Measured]) -> tuple[Measured, ...]:
    """Area of union at each depth of Winston's: scalp with bone, dura, fluid without dura
    between, brain; cm2.
    """
    skin, bone, dura, brain = (
        measures[f"fused-area-{name}"] for name in ("skin", "bone", "dura", "brain")
    )
    gap = measures["septum-gap-area"]
    outer = Measured(
        value=skin.value + bone.value,
        low=skin.low + bone.low,
        high=skin.high + bone.high,
        unit="cm2",
    )
    return outer, dura, gap, brain


def oconnell_class(found: Classification, winston: str, table: SourcedTable) -> tuple[str, str]:
    """O'Connell's class and the sentence that says why."""
    row = table.row("oconnell")
    if not found.shared_sinus and winston in ("A", "B"):
        why = "dura or bone parts the brains everywhere and no venous sinus is shared"
        return PARTIAL, f"O'Connell {PARTIAL}: {why} ({row.source})"
    why = "a venous sinus is shared" if found.shared_sinus else "no dura parts the brains in places"
    variety = found.label.removeprefix("TV-") if found.label.startswith("TV-") else ""
    label = f"{TOTAL} {variety}".strip()
    return label, f"O'Connell {label}: {why} ({row.source})"
