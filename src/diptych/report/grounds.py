"""What the plan rests on: notes of the parts, table rows, sources and provenance."""

from diptych.model import Paragraph, Section
from diptych.report.blocks import list_paragraphs, table
from diptych.report.inputs import DossierInputs


def write_doubts(inputs: DossierInputs) -> Section:
    """Notes of every part, and the table rows that are assumptions or were replaced."""
    notes = (
        *(f"Anatomy: {note}" for note in inputs.anatomy.notes),
        *(f"Separation: {note}" for note in inputs.front.plan.notes),
        *(f"Timing: {note}" for note in inputs.window.notes),
        *(f"Choreography: {note}" for note in inputs.schedule.procedure.notes),
        *(f"Rehearsal: {note}" for note in inputs.rehearsal.notes),
    )
    guessed = [row for row in inputs.rows if row.confidence.value in ("assumption", "low")]
    replaced = [row for row in inputs.rows if row.overridden]
    headings = ("Table", "Row", "Confidence", "Source")
    return Section(
        id="doubts",
        title="Doubts and assumptions",
        blocks=(
            *list_paragraphs(notes, "assumption"),
            table(
                "Rows that the clinical team replaced",
                headings,
                ((r.table, r.key, r.confidence.value, r.source) for r in replaced),
            )
            if replaced
            else Paragraph(text="No table row was replaced by the clinical team."),
            table(
                "Rows that are assumptions or of low confidence",
                headings,
                ((r.table, r.key, r.confidence.value, r.source) for r in guessed),
            ),
        ),
    )


def write_sources(inputs: DossierInputs) -> Section:
    """Sources of the numbers, and where each value of this dossier came from."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for row in inputs.rows:
        key = (row.source, row.confidence.value)
        grouped.setdefault(key, []).append(f"{row.table}: {row.key}")
    rows = [
        (source, confidence, ", ".join(sorted(names)))
        for (source, confidence), names in sorted(grouped.items())
    ]
    return Section(
        id="sources",
        title="Sources and provenance",
        blocks=(
            Paragraph(
                text="Positions are in LPS+ millimetres: x to the left, y to the back, z to the"
                " head of the scanner's patient position. Left and right of a twin are always said"
                " with the twin's letter."
            ),
            table("Sources of the table rows used", ("Source", "Confidence", "Rows"), rows),
            table("Provenance", ("What", "Value"), inputs.provenance),
        ),
    )
