"""Every pair of hazards: of the minutes in which both can strike, how many are covered."""

from collections.abc import Sequence

from diptych.model import Coverage, Figure, Hazard, SetProof, Subject, TwinId
from diptych.report.fingerprint import name_values
from diptych.report.setshares import PairShares, share_pairs
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
from diptych.report.words import tell_length, tell_share

WIDTH, LEFT, RIGHT, TOP, LABEL = 1480.0, 450.0, 1440.0, 34.0, 12.0
LARGEST_CELL = 42.0
KINDS = ("all", "most", "half", "less")
TITLES = {
    "all": "always covered (no number)",
    "most": "90 % and more of these minutes",
    "half": "50 % and more",
    "less": "LESS THAN 50 %",
}
LOOKS = {
    "all": ("#dce9f3", "#dce9f3", "plain"),
    "most": ("#9cc3e0", "#5c8fbc", "rising"),
    "half": ("#fbf3d4", "#6b5900", "dots"),
    "less": ("#ffffff", ALARM, "cross"),
}


def draw_pairs(coverage: Coverage, proof: SetProof) -> Figure:
    """The lower triangle of hazards by hazards; on its diagonal each hazard alone."""
    shares, hazards = share_pairs(proof.certificate), coverage.hazards
    cell = min((RIGHT - LEFT) / max(len(hazards), 1), LARGEST_CELL)
    bottom = TOP + cell * len(hazards)
    laid = [
        entry
        for row in range(len(hazards))
        for column in range(row + 1)
        for entry in _lay_cell(hazards, shares, (row, column), cell)
    ]
    legend, keys = _legend(bottom + 44)
    body = [
        draw("defs", *[hatch(f"pairs-{kind}", *LOOKS[kind]) for kind in KINDS]),
        *(_name_row(hazards, row, cell) for row in range(len(hazards))),
        fill_boxes([box for box, _, _ in laid] + keys),
        *(_number(box, words, cell) for box, words, _ in laid if words),
        *(outline_box(box, said, stroke=RULE, stroke_width=0.5) for box, _, said in laid),
        *_part_kinds(hazards, cell),
        legend,
    ]
    return Figure(
        id="pair-map",
        caption="Two hazards at once: share of the minutes in which both can strike that are"
        " covered, per cent; on the diagonal the hazard alone. Blank: the two belong to different"
        " parts of the operation.",
        alt=_alt(proof),
        png=None,
        svg=finish(WIDTH, bottom + 68, *body),
        values=name_values(coverage=coverage),
    )


def sort_share(covered: int, possible: int) -> str:
    """Which of the four kinds a share is."""
    if covered == possible:
        return "all"
    return (
        "most" if 10 * covered >= 9 * possible else ("half" if 2 * covered >= possible else "less")
    )


def tell_percent(covered: int, possible: int) -> str:
    """Whole per cent rounded down; empty for all, "<1" for less than one but not none."""
    if covered == possible:
        return ""
    percent = 100 * covered // possible
    return "<1" if covered and not percent else str(percent)


def _lay_cell(
    hazards: Sequence[Hazard], shares: PairShares, place: tuple[int, int], cell: float
) -> list[tuple[Box, str, str]]:
    """The box, its number and what it says; nothing where the two never meet."""
    row, column = place
    possible, covered = int(shares.possible[place]), int(shares.covered[place])
    if not possible:
        return []
    kind = sort_share(covered, possible)
    box = (f"pairs-{kind}", LEFT + column * cell, TOP + row * cell, cell, cell)
    names = hazards[row].title
    if row != column:
        names += f" and {hazards[column].title}"
    said = (
        f"{names}: {tell_length(covered)} of {tell_length(possible)} covered,"
        f" {tell_share(covered / possible)}"
    )
    return [(box, tell_percent(covered, possible), said)]


def _number(box: Box, words: str, cell: float) -> str:
    _, x, y, width, height = box
    size = min(10.5, 0.48 * cell)
    return write(
        x + width / 2,
        y + height / 2 + 0.36 * size,
        words,
        size,
        text_anchor="middle",
        font_weight=700,
        fill="#1b1f24",
        stroke="#ffffff",
        stroke_width=3,
        paint_order="stroke",
        stroke_linejoin="round",
    )


def _name_row(hazards: Sequence[Hazard], row: int, cell: float) -> str:
    """The row's number, sign and title at its left, and its number where its column begins."""
    hazard, y = hazards[row], TOP + (row + 0.5) * cell
    bottom = TOP + len(hazards) * cell
    x = LEFT + (row + 0.5) * cell
    size = min(LABEL, 0.62 * cell)
    parts = [
        write(30, y + 0.36 * LABEL, str(row + 1), LABEL, text_anchor="end"),
        write(58, y + 0.36 * LABEL, shorten(hazard.title, LEFT - 66, LABEL), LABEL),
        write(x, bottom + 14, str(row + 1), size, text_anchor="middle"),
        write(x + cell * 0.6, y + 0.36 * size, str(row + 1), size),
    ]
    if hazard.subject in (Subject.A, Subject.B):
        twin = TwinId(hazard.subject.value)
        parts.append(mark_twin(twin, 44, y, min(7.0, 0.4 * cell)))
        parts.append(mark_twin(twin, x + cell * 1.75, y, min(6.0, 0.35 * cell)))
        parts.append(mark_twin(twin, x, bottom + 26, min(6.0, 0.35 * cell)))
    return draw("g", hint(hazard.title), *parts)


def _part_kinds(hazards: Sequence[Hazard], cell: float) -> list[str]:
    """Lines between hazards of different kinds; the two of a kind, one for each twin, stay."""
    parts = []
    for row in range(1, len(hazards)):
        if _kind(hazards[row]) != _kind(hazards[row - 1]):
            y, x = TOP + row * cell, LEFT + row * cell
            settings = {"stroke": INK, "stroke_width": 0.6}
            parts.append(line(LEFT, y, x, y, **settings))
            parts.append(line(x, y, x, TOP + len(hazards) * cell, **settings))
    return parts


def _kind(hazard: Hazard) -> str:
    return hazard.title.replace(f"twin {hazard.subject}", "a twin")


def _legend(y: float) -> tuple[str, list[Box]]:
    parts: list[str] = []
    boxes: list[Box] = []
    x = LEFT
    for kind in KINDS:
        boxes.append((f"pairs-{kind}", x, y, 34.0, 14.0))
        parts.append(rect(x, y, 34, 14, fill="none", stroke=INK))
        parts.append(write(x + 40, y + 11, TITLES[kind], LABEL))
        x += 40 + estimate_width(TITLES[kind], LABEL) + 20
    return "".join(parts), boxes


def _alt(proof: SetProof) -> str:
    pairs = next(count for count in proof.counts if count.order == 2)
    share = tell_share(pairs.covered / max(pairs.combinations, 1))
    return f"Table of hazards by hazards: {share} of the minutes of all pairs are covered."
