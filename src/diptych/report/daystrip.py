"""Over the day: what share of the pairs and of the triples of hazards is covered."""

from math import floor, isnan

import numpy as np
from numpy.typing import NDArray

from diptych.model import Coverage, Figure, Schedule, SetProof
from diptych.report.dayaxis import (
    LABEL,
    DayAxis,
    draw_hours,
    draw_milestones,
    lay_day,
    milestone_height,
)
from diptych.report.fingerprint import name_values
from diptych.report.setshares import StretchShares, share_stretches
from diptych.report.svg import INK, MUTED, RULE, draw, finish, hatch, line, write
from diptych.report.words import tell_clock, tell_share

WIDTH, LEFT, RIGHT, TALL, BETWEEN = 1480.0, 200.0, 1440.0, 110.0, 34.0
NAMES = {1: "One hazard", 2: "Two at once", 3: "Three at once"}
LOOKS = {1: ("#9cc3e0", "plain"), 2: ("#dce9f3", "rising"), 3: ("#fbf3d4", "dots")}


def draw_strips(coverage: Coverage, proof: SetProof, schedule: Schedule) -> Figure:
    """A strip each for single hazards, pairs and triples, high where most are covered."""
    axis, shares = lay_day(schedule, LEFT, RIGHT), share_stretches(proof.certificate)
    orders = [order for order in NAMES if order <= proof.order]
    top = milestone_height(schedule, axis) + 46
    bottom = top + len(orders) * (TALL + BETWEEN) - BETWEEN
    body = [
        draw(
            "defs", *[hatch(f"strip-{n}", ground, "#3b6ea5", s) for n, (ground, s) in LOOKS.items()]
        ),
        draw_hours(axis, top, bottom),
        *(
            _strip(shares, order, axis, top + n * (TALL + BETWEEN))
            for n, order in enumerate(orders)
        ),
        draw_milestones(schedule, axis, 4, top - 22),
    ]
    return Figure(
        id="cover-of-sets",
        caption="Share of the hazards, pairs and triples that can strike at each minute which are"
        " covered. The lower edge of each strip is not 0: it is the next full ten below the least"
        " share.",
        alt=_alt(shares, orders, schedule),
        png=None,
        svg=finish(WIDTH, bottom + 26, *body),
        values=name_values(coverage=coverage, schedule=schedule),
    )


def find_least(shares: StretchShares, order: int) -> tuple[float, int]:
    """The least share covered of sets of that order, and the first minute at which it is so."""
    share = shares.share(order)
    if np.isnan(share).all():
        return 1.0, int(shares.start[0])
    at = int(np.nanargmin(share))
    return float(share[at]), int(shares.start[at])


def _floor(least: float) -> float:
    """The next full ten per cent below; at most 90."""
    return min(0.9, floor(10 * least - 1e-9) / 10) if least > 0 else 0.0


def _strip(shares: StretchShares, order: int, axis: DayAxis, y: float) -> str:
    share = shares.share(order)
    least, at = find_least(shares, order)
    low = _floor(least)
    parts = [
        write(12, y + 18, NAMES[order], 14.0, font_weight=700),
        write(12, y + 38, f"least {tell_share(least)}", LABEL, fill=MUTED),
        write(12, y + 54, f"at {tell_clock(at, axis.day_start)}", LABEL, fill=MUTED),
        write(LEFT - 6, y + 10, "100 %", LABEL, text_anchor="end", fill=MUTED),
        write(LEFT - 6, y + TALL, f"{100 * low:.0f} %", LABEL, text_anchor="end", fill=MUTED),
        draw("path", d=_area(shares.start, share, axis, (y, low)), fill=f"url(#strip-{order})"),
        draw(
            "path",
            d=_edge(shares.start, share, axis, (y, low)),
            fill="none",
            stroke=INK,
            stroke_width=1.4,
        ),
        line(LEFT, y, RIGHT, y, stroke=RULE),
        line(LEFT, y + TALL, RIGHT, y + TALL, stroke=INK),
    ]
    return "".join(parts)


def _height(share: float, low: float) -> float:
    return TALL * (1 - (share - low) / (1 - low))


def _area(
    start: NDArray[np.int64], share: NDArray[np.float64], axis: DayAxis, frame: tuple[float, float]
) -> str:
    y, low = frame
    parts = []
    for one, two, value in zip(start[:-1], start[1:], share, strict=True):
        if not isnan(value):
            x, end, top = axis.at(int(one)), axis.at(int(two)), y + _height(float(value), low)
            parts.append(f"M{x:.1f},{y + TALL:.1f}V{top:.1f}H{end:.1f}V{y + TALL:.1f}z")
    return "".join(parts)


def _edge(
    start: NDArray[np.int64], share: NDArray[np.float64], axis: DayAxis, frame: tuple[float, float]
) -> str:
    y, low = frame
    parts: list[str] = []
    pen = False
    for one, two, value in zip(start[:-1], start[1:], share, strict=True):
        if isnan(value):
            pen = False
            continue
        x, end, top = axis.at(int(one)), axis.at(int(two)), y + _height(float(value), low)
        parts.append(f"V{top:.1f}H{end:.1f}" if pen else f"M{x:.1f},{top:.1f}H{end:.1f}")
        pen = True
    return "".join(parts)


def _alt(shares: StretchShares, orders: list[int], schedule: Schedule) -> str:
    parts = []
    for order in orders:
        least, at = find_least(shares, order)
        clock = tell_clock(at, schedule.procedure.day_start)
        parts.append(f"{NAMES[order].lower()}: least {tell_share(least)} at {clock}")
    return f"Share covered over the day; {'; '.join(parts)}."
