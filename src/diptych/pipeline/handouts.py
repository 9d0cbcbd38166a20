"""What people hold in the hand on the day: written beside the schedule and beside the dossier."""

from pathlib import Path

from diptych.formats.html.sheets import A4, A4_ACROSS, render_sheets
from diptych.formats.sheet import render_csv
from diptych.model import Coverage, Schedule
from diptych.report import (
    SHIFT_COLUMNS,
    draw_crew,
    draw_gantt,
    list_shifts,
    tell_banner,
    write_cards,
    write_hand_overs,
    write_rooms,
)

CARDS, ROOMS, HAND_OVERS = "cards.html", "rooms.html", "hand-overs.html"


def write_sheets(
    out: Path,
    schedule: Schedule,
    made_from: str,
    coverage: Coverage | None = None,
    *,
    by_heads: bool = True,
) -> list[Path]:
    """Writes role cards, room plans and hand-over sheets, each page to be printed; where.

    made_from : what a demonstration was made from; stands on every page
    by_heads : the twins are joined by their heads
    coverage : with it, the cards say which hazards call whom first
    """
    banner = tell_banner(made_from)
    rooms = write_rooms(schedule, banner, by_heads=by_heads)
    pages = (
        (CARDS, write_cards(schedule, coverage, banner), A4, "One page for each person."),
        (ROOMS, rooms, A4_ACROSS, "One page for each phase."),
        (HAND_OVERS, write_hand_overs(schedule, banner), A4_ACROSS, "Tick what was said back."),
    )
    for name, document, paper, lead in pages:
        (out / name).write_text(render_sheets(document, paper, lead), "utf-8")
    return [out / name for name, *_ in pages]


def write_handouts(out: Path, schedule: Schedule, made_from: str) -> None:
    """Writes the sheets, both charts as SVG, and shifts and breaks as CSV."""
    write_sheets(out, schedule, made_from)
    for name, figure in (("gantt", draw_gantt(schedule)), ("crew", draw_crew(schedule))):
        (out / f"{name}.svg").write_text((figure.svg or "") + "\n", "utf-8")
    text = render_csv(SHIFT_COLUMNS, list_shifts(schedule)).replace("\u00a0", " ")
    (out / "shifts.csv").write_text(text, "utf-8")
