"""The vessels that the cut severs, as a diagram: whose, how wide, and who keeps each."""

from diptych.model import (
    OWNER_COLOURS,
    Crossing,
    Figure,
    Owner,
    SeparationPlan,
    TwinId,
)
from diptych.report.fingerprint import name_values
from diptych.report.svg import (
    INK,
    MUTED,
    RULE,
    draw,
    finish,
    hatch,
    line,
    mark_number,
    mark_twin,
    rect,
    shorten,
    write,
)
from diptych.report.words import name_owner, sign_twin, tell_number

WIDTH, ROW, TOP = 1000.0, 58.0, 64.0
LEFT, CUT, RIGHT = 330.0, 520.0, 710.0
STYLES = {Owner.A: "plain", Owner.B: "falling", Owner.SHARED: "dots", Owner.UNKNOWN: "rising"}


def draw_crossings(plan: SeparationPlan) -> Figure:
    """One row for each vessel crossed, in the order of test clamping."""
    bottom = TOP + ROW * max(len(plan.crossings), 1)
    body = [_patterns(), _heading(bottom)]
    for n, crossing in enumerate(plan.crossings):
        body.append(_row(crossing, TOP + n * ROW))
    if not plan.crossings:
        body.append(write(24, TOP + 30, "The proposed cut severs no vessel that was found."))
    return Figure(
        id="crossing-diagram",
        caption="Vessels that the proposed cut severs, in the order of test clamping. The arrow"
        " points to the twin that keeps the vessel; the bars show where it is closed. Width of"
        " the band: calibre.",
        alt=_alt(plan),
        png=None,
        svg=finish(WIDTH, bottom + 20, *body),
        values=name_values(crossings=plan.crossings),
    )


def _patterns() -> str:
    strokes = {Owner.B: "#ffffff", Owner.SHARED: "#0b3d38", Owner.UNKNOWN: "#3d444d"}
    return draw(
        "defs",
        *[
            hatch(f"cross-{int(o)}", OWNER_COLOURS[o], strokes.get(o, "#ffffff"), STYLES[o])
            for o in STYLES
        ],
    )


def _heading(bottom: float) -> str:
    return "".join(
        (
            mark_twin(TwinId.A, (LEFT + CUT) / 2 - 50, 24, 10),
            write((LEFT + CUT) / 2 - 32, 29, "side of twin A", 13.5, font_weight=700),
            mark_twin(TwinId.B, (CUT + RIGHT) / 2 - 50, 24, 10),
            write((CUT + RIGHT) / 2 - 32, 29, "side of twin B", 13.5, font_weight=700),
            write(CUT, 50, "cut", 12, text_anchor="middle", fill=MUTED),
            line(CUT, 56, CUT, bottom + 8, stroke=INK, stroke_width=2, stroke_dasharray="8 5"),
        )
    )


def _row(crossing: Crossing, y: float) -> str:
    middle = y + ROW / 2
    tall = min(max(3.0 * crossing.calibre, 4.0), 34.0)
    keeps_a = crossing.keeper is TwinId.A
    band = rect(
        LEFT + 16,
        middle - tall / 2,
        RIGHT - LEFT - 32,
        tall,
        fill=f"url(#cross-{int(crossing.owner)})",
        stroke=INK,
        stroke_width=0.8,
    )
    tip = LEFT if keeps_a else RIGHT
    back = 18 if keeps_a else -18
    arrow = draw("path", fill=INK, d=f"M{tip:.1f},{middle:.1f} l{back},-11 v22 z")
    closed = CUT + 14 if keeps_a else CUT - 14
    bars = "".join(
        line(x, middle - tall / 2 - 7, x, middle + tall / 2 + 7, stroke=INK, stroke_width=3)
        for x in (closed - 3.5, closed + 3.5)
    )
    return draw(
        "g",
        line(12, y + ROW, WIDTH - 12, y + ROW, stroke=RULE, stroke_width=0.6),
        mark_number(crossing.order, 26, middle, 12),
        write(48, middle - 4, shorten(crossing.name, LEFT - 64, 13), 13, font_weight=700),
        write(
            48,
            middle + 14,
            shorten(f"{crossing.kind}, of {name_owner(crossing.owner)}", LEFT - 64, 12),
            12,
            fill=MUTED,
        ),
        band,
        arrow,
        bars,
        write(RIGHT + 20, middle - 4, f"kept by {sign_twin(crossing.keeper)}", 13, font_weight=700),
        write(
            RIGHT + 20,
            middle + 14,
            f"{tell_number(crossing.calibre)} mm wide, {tell_number(crossing.flow)} ml/min",
            12,
            fill=MUTED,
        ),
    )


def _alt(plan: SeparationPlan) -> str:
    words = "; ".join(
        f"{c.order} {c.name}, {tell_number(c.calibre)} mm, kept by twin {c.keeper}"
        for c in plan.crossings
    )
    return f"Diagram of {len(plan.crossings)} vessels crossed by the cut: {words or 'none'}."
