"""Coverage of each hazard at each minute: covered in depth, just covered, or a gap."""

from diptych.model import (
    Coverage,
    CoverageCell,
    Figure,
    Hazard,
    HazardId,
    Schedule,
    Subject,
    TwinId,
)
from diptych.report.dayaxis import (
    LABEL,
    DayAxis,
    draw_hours,
    draw_milestones,
    lay_day,
    milestone_height,
)
from diptych.report.fingerprint import name_values
from diptych.report.svg import (
    ALARM,
    INK,
    RULE,
    Box,
    draw,
    estimate_width,
    fill_boxes,
    finish,
    hatch,
    hint,
    line,
    mark_twin,
    outline_box,
    rect,
    shorten,
    write,
)
from diptych.report.words import tell_clock, tell_share

WIDTH, LEFT, RIGHT, ROW = 1480.0, 400.0, 1440.0, 20.0
KINDS = ("gap", "just", "some", "deep")
TITLES = {
    "deep": "covered, 3 or more to spare",
    "some": "covered, 1 or 2 to spare",
    "just": "just covered, nobody to spare",
    "gap": "GAP: nobody could answer in time",
}
LOOKS = {
    "deep": ("#3b6ea5", "#3b6ea5", "plain"),
    "some": ("#9cc3e0", "#3b6ea5", "rising"),
    "just": ("#fbf3d4", "#6b5900", "dots"),
    "gap": (ALARM, "#ffffff", "cross"),
}


def draw_coverage(coverage: Coverage, schedule: Schedule) -> Figure:
    """The map of hazards by minutes; blank where the hazard cannot happen."""
    axis = lay_day(schedule, LEFT, RIGHT)
    top = milestone_height(schedule, axis) + 46
    bottom = top + ROW * len(coverage.hazards)
    body = [
        draw("defs", *[hatch(f"heat-{kind}", *LOOKS[kind]) for kind in KINDS]),
        draw_hours(axis, top, bottom),
    ]
    cells = _cells_by_hazard(coverage)
    laid: list[tuple[Box, str]] = []
    for n, hazard in enumerate(coverage.hazards):
        body.append(_name_row(hazard, top + n * ROW))
        laid += _lay_cells(hazard, cells.get(hazard.id, []), top + n * ROW, axis)
    legend, keys = _legend(bottom + 24)
    body.append(fill_boxes([box for box, _ in laid] + keys))
    body += [outline_box(box, words) for box, words in laid]
    body.append(draw_milestones(schedule, axis, 4, top - 22))
    for minute in sorted(schedule.milestones.values()):
        x = axis.at(minute)
        body.append(line(x, top, x, bottom, stroke=INK, stroke_dasharray="2 4"))
    body.append(legend)
    return Figure(
        id="coverage-map",
        caption="Who could answer each hazard at each minute. Blank: the hazard belongs to another"
        " part of the operation.",
        alt=_alt(coverage, schedule),
        png=None,
        svg=finish(WIDTH, bottom + 48, *body),
        values=name_values(coverage=coverage, schedule=schedule),
    )


def sort_cell(cell: CoverageCell) -> str:
    """Which of the four kinds a cell is."""
    if not cell.covered:
        return "gap"
    return "just" if cell.depth <= 0 else ("some" if cell.depth <= 2 else "deep")


def merge_cells(cells: list[CoverageCell]) -> list[tuple[int, int, str]]:
    """(start, end, kind) of stretches in which the kind does not change."""
    stretches: list[tuple[int, int, str]] = []
    for cell in sorted(cells, key=lambda cell: (cell.start, cell.end)):
        kind = sort_cell(cell)
        if stretches and stretches[-1][1] == cell.start and stretches[-1][2] == kind:
            stretches[-1] = (stretches[-1][0], cell.end, kind)
        else:
            stretches.append((cell.start, cell.end, kind))
    return stretches


def _cells_by_hazard(coverage: Coverage) -> dict[HazardId, list[CoverageCell]]:
    found: dict[HazardId, list[CoverageCell]] = {}
    for cell in coverage.cells:
        found.setdefault(cell.hazard, []).append(cell)
    return found


def _name_row(hazard: Hazard, y: float) -> str:
    parts = [line(8, y + ROW, RIGHT, y + ROW, stroke=RULE, stroke_width=0.5)]
    if hazard.subject in (Subject.A, Subject.B):
        parts.append(mark_twin(TwinId(hazard.subject.value), 20, y + ROW / 2, 7))
    parts.append(write(34, y + 14, shorten(hazard.title, LEFT - 44, LABEL), LABEL))
    return draw("g", hint(hazard.title), *parts)


def _lay_cells(
    hazard: Hazard, cells: list[CoverageCell], y: float, axis: DayAxis
) -> list[tuple[Box, str]]:
    """The boxes of one hazard's row and what each says."""
    laid = []
    for start, end, kind in merge_cells(cells):
        words = (
            f"{hazard.title}, {tell_clock(start, axis.day_start)} to"
            f" {tell_clock(end, axis.day_start)}: {TITLES[kind]}"
        )
        width = axis.at(end) - axis.at(start)
        laid.append(((f"heat-{kind}", axis.at(start), y + 2, width, ROW - 4), words))
    return laid


def _legend(y: float) -> tuple[str, list[Box]]:
    parts: list[str] = []
    boxes: list[Box] = []
    x = 12.0
    for kind in reversed(KINDS):
        boxes.append((f"heat-{kind}", x, y, 34.0, 14.0))
        parts.append(rect(x, y, 34, 14, fill="none", stroke=INK))
        parts.append(write(x + 40, y + 11, TITLES[kind], LABEL))
        x += 40 + estimate_width(TITLES[kind], LABEL) + 20
    return "".join(parts), boxes


def _alt(coverage: Coverage, schedule: Schedule) -> str:
    share = tell_share(coverage.covered_minutes / max(coverage.minutes, 1))
    gaps = "; ".join(gap.message for gap in coverage.gaps[:5]) or "no gap"
    return (
        f"Map of {len(coverage.hazards)} hazards over the day from"
        f" {schedule.procedure.day_start}: {share} of hazard-minutes covered; {gaps}."
    )
