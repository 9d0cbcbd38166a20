"""What people hold in the hand on the day: written beside the schedule and beside the dossier."""

from pathlib import Path

from diptych.formats.html.sheets import A4, A4_ACROSS, A5_PAIR, render_sheets
from diptych.formats.sheet import render_csv
from diptych.model import Case, Coverage, Preparation, Schedule
from diptych.report import (
    CALL_COLUMNS,
    COUNTDOWN_COLUMNS,
    GAP_COLUMNS,
    SHIFT_COLUMNS,
    Readiness,
    draw_crew,
    draw_gantt,
    list_calls,
    list_countdown,
    list_gap_rows,
    list_shifts,
    tell_banner,
    write_cards,
    write_countdown,
    write_drills,
    write_gaps,
    write_hand_overs,
    write_responses,
    write_rooms,
)

CARDS, ROOMS, HAND_OVERS = "cards.html", "rooms.html", "hand-overs.html"
RESPONSES, GAPS, DRILLS = "responses.html", "gaps.html", "drills.html"
_NOTHING = Readiness()
_GAPS_LEAD = "The fewest hazards first, then the likeliest; gaps.csv beside it has every gap."


def write_sheets(
    out: Path,
    schedule: Schedule,
    made_from: str,
    coverage: Coverage | None = None,
    *,
    by_heads: bool = True,
    readiness: Readiness = _NOTHING,
) -> list[Path]:
    """Writes role cards, room plans and hand-over sheets, each page to be printed; where.

    made_from : what a demonstration was made from; stands on every page
    by_heads : the twins are joined by their heads
    coverage : with it, the cards say which hazards call whom first, and there are response
        cards, the gaps in words, and both as CSV
    readiness : its drills get pages of their own, its weights make doses
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
    more: list[str] = []
    if coverage is not None:
        more += _write_answers(out, schedule, coverage, (readiness, banner))
        more += _write_drills(out, schedule, coverage, (readiness, banner))
    return [out / name for name, *_ in pages] + [out / name for name in more]


def _write_drills(
    out: Path, schedule: Schedule, coverage: Coverage, what: tuple[Readiness, str]
) -> list[str]:
    readiness, banner = what
    if not readiness.drills:
        return []
    document = write_drills(readiness.drills, coverage, schedule, banner)
    text = render_sheets(document, A4_ACROSS, "Tick what was rehearsed.")
    (out / DRILLS).write_text(text, "utf-8")
    return [DRILLS]


def _write_answers(
    out: Path, schedule: Schedule, coverage: Coverage, what: tuple[Readiness, str]
) -> tuple[str, ...]:
    """Response cards and gaps to print, call-outs and gaps as CSV; their names."""
    readiness, banner = what
    responses = write_responses(coverage, schedule, banner, readiness.weights)
    gaps = write_gaps(coverage, schedule, banner)
    pages = {
        RESPONSES: render_sheets(responses, A5_PAIR, "Two cards to a page; cut them apart."),
        GAPS: render_sheets(gaps, A4_ACROSS, _GAPS_LEAD),
        "gaps.csv": render_csv(GAP_COLUMNS, list_gap_rows(coverage, schedule)),
        "call-outs.csv": render_csv(CALL_COLUMNS, list_calls(coverage, schedule)),
    }
    for name, text in pages.items():
        plain = text.replace("\u00a0", " ") if name.endswith(".csv") else text
        (out / name).write_text(plain, "utf-8")
    return tuple(pages)


def write_countdowns(out: Path, preparation: Preparation, schedule: Schedule, case: Case) -> None:
    """Writes what must have happened before the day, as a page to print and as CSV."""
    names = {twin.id: twin.label for twin in case.twins}
    banner = tell_banner(case.brief.made_from)
    document = write_countdown(preparation, schedule, banner, names)
    text = render_sheets(document, A4_ACROSS, "Tick what was done for each twin.")
    (out / "countdown.html").write_text(text, "utf-8")
    rows = list_countdown(preparation, schedule.procedure.day_start)
    text = render_csv(COUNTDOWN_COLUMNS, rows).replace("\u00a0", " ")
    (out / "countdown.csv").write_text(text, "utf-8")


def write_handouts(out: Path, schedule: Schedule, made_from: str) -> None:
    """Writes the sheets, both charts as SVG, and shifts and breaks as CSV."""
    write_sheets(out, schedule, made_from)
    for name, figure in (("gantt", draw_gantt(schedule)), ("crew", draw_crew(schedule))):
        (out / f"{name}.svg").write_text((figure.svg or "") + "\n", "utf-8")
    text = render_csv(SHIFT_COLUMNS, list_shifts(schedule)).replace("\u00a0", " ")
    (out / "shifts.csv").write_text(text, "utf-8")
