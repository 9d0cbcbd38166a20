"""The front as a chart: what each twin gives and drains at each point, with the cuts beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np

from diptych.model import Figure, FrontPoint, SeparationFront, TwinId
from diptych.report.callouts import Margins, spread_apart
from diptych.report.fingerprint import name_values
from diptych.report.plates import push_apart
from diptych.report.points import choose_shown, tell_point
from diptych.report.svg import (
    INK,
    MUTED,
    PAPER,
    RULE,
    draw,
    finish,
    line,
    mark_number,
    mark_twin,
    rect,
    write,
)
from diptych.report.words import count_things

WIDTH, LEFT, RIGHT, TOP, FLOOR = 600.0, 62.0, 584.0, 64.0, 46.0
"""Of a chart: edges of the plot, room above it for numbers and below it for the scale."""
TALL, LOW = 240.0, 150.0
"""Heights of the two plots."""
BADGE, APART, SIGN = 10.0, 26.0, 9.0
COLUMNS, CELL, GAP, PICTURE = 3, 190.0, 15.0, 138.0
SHARE = 0.21
"""Height of a small picture in pixels over the width of a full one."""
Reading = Callable[[FrontPoint, TwinId], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Ranges of a chart and the height of its plot; unit follows each number of the scales."""

    x: tuple[float, float]
    y: tuple[float, float]
    tall: float
    unit: str

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place in the drawing."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        along = (y - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + across * (RIGHT - LEFT), TOP + (1.0 - along) * self.tall


def draw_front(front: SeparationFront) -> tuple[Figure, ...]:
    """Figure of the front; none where its points were not computed."""
    if not front.points:
        return ()
    shown = choose_shown(front)
    given = _chart(front, shown, "own tissue given, ml", _given, TALL, "")
    y, body = TOP + TALL + FLOOR, [given]
    if all(point.drained for point in front.points):
        drained = _chart(front, shown, "own blood drained", _drained, LOW, " %")
        body.append(draw("g", drained, transform=f"translate(0 {y + 16:.1f})"))
        y += 16 + TOP + LOW + FLOOR
    hollow = sum(bool(point.dominated) for point in front.points)
    told = " ".join(tell_point(front, n) for n in shown)
    return (
        Figure(
            id="front",
            caption=_caption(hollow),
            alt=f"Chart of {count_things(len(front.points), 'point')} of the front, of which"
            f" {hollow} dominated. {told} The table of points tells all.",
            png=None,
            svg=finish(WIDTH, y, *body),
            values=name_values(points=front.points),
        ),
    )


def _given(point: FrontPoint, twin: TwinId) -> float:
    return float(point.costs[twin].own_tissue_given)


def _drained(point: FrontPoint, twin: TwinId) -> float:
    return 100.0 * point.drained[twin]


def _caption(hollow: int) -> str:
    told = (
        f" Hollow: {count_things(hollow, 'point')} no better for either twin than another; the"
        " table says than which."
        if hollow
        else ""
    )
    return (
        "The front between kinder to one twin and kinder to the other; every point is a cut of its"
        " own. Above: what each gives, less is better for that twin. Below: how much of its own"
        " blood still drains, more is better. Signs: the plans worked out; numbers: the cuts shown"
        f" in the next figure.{told}"
    )


def _chart(
    front: SeparationFront,
    shown: Sequence[int],
    title: str,
    read: Reading,
    tall: float,
    unit: str,
) -> str:
    xs, ys = ([read(point, twin) for point in front.points] for twin in (TwinId.A, TwinId.B))
    ceiling = 100.0 if unit else None
    axes = Axes(x=pad_range(xs, ceiling), y=pad_range(ys, ceiling), tall=tall, unit=unit)
    places = [axes.at(x, y) for x, y in zip(xs, ys, strict=True)]
    kept = [place for point, place in zip(front.points, places, strict=True) if not point.dominated]
    track = " ".join(f"{x:.1f},{y:.1f}" for x, y in kept)
    return "".join(
        (
            _scales(axes, title),
            draw("polyline", points=track, fill="none", stroke=MUTED, stroke_width=1.2),
            _numbers(places, shown),
            *(_dot(front.points[n], *places[n]) for n in _hollow_first(front)),
            _signs(front, places),
        )
    )


def _hollow_first(front: SeparationFront) -> list[int]:
    numbers = range(len(front.points))
    return sorted(numbers, key=lambda n: (front.points[n].dominated == "", n))


def _signs(front: SeparationFront, places: Sequence[tuple[float, float]]) -> str:
    """The signs of the plans at their points, moved apart where one would hide another."""
    planned = [n for n, point in enumerate(front.points) if point.plan is not None]
    if not planned:
        return ""
    stands = np.array([places[n] for n in planned], dtype=np.float64)
    for _ in range(50):
        if not push_apart(stands, 2.3 * SIGN):
            break
    parts = [
        line(*places[n], *stand, stroke=INK, stroke_width=1.4)
        for n, stand in zip(planned, stands.tolist(), strict=True)
    ]
    parts += [
        mark_plan(front, front.points[n], stand[0], stand[1], SIGN)
        for n, stand in zip(planned, stands.tolist(), strict=True)
    ]
    return "".join(parts)


def pad_range(values: Sequence[float], ceiling: float | None = None) -> tuple[float, float]:
    """Range that holds the values with room at both ends, not below 0 nor far above a ceiling."""
    low, high = min(values), max(values)
    room = max(0.1 * (high - low), 0.02 * max(abs(high), 1.0), 1e-3)
    top = high + room
    if ceiling is not None:
        top = min(top, ceiling + 0.25 * room)
    return max(low - room, 0.0 if low > 0 else -0.25 * room), top


def list_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers in the range, at most so many but two at least where there are two."""
    size = 10.0 ** floor(log10((high - low) / most))
    for step in (1.0, 2.0, 5.0, 10.0, 20.0):
        first, last = -floor(-low / (size * step) + 1e-9), floor(high / (size * step) + 1e-9)
        if last - first < most:
            return [round(n * size * step, 9) for n in range(first, last + 1)]
    return []


def _scales(axes: Axes, title: str) -> str:
    bottom = TOP + axes.tall
    parts = [
        rect(LEFT, TOP, RIGHT - LEFT, axes.tall, fill="none", stroke=RULE, stroke_width=1),
        write(4, 16, title, 14.5, font_weight=700),
    ]
    for x in list_ticks(*axes.x, 6):
        place = axes.at(x, axes.y[0])[0]
        words = f"{x:g}{axes.unit}"
        parts.append(line(place, TOP, place, bottom + 5))
        parts.append(write(place, bottom + 19, words, 12, text_anchor="middle", fill=MUTED))
    for y in list_ticks(*axes.y, 5):
        place = axes.at(axes.x[0], y)[1]
        words = f"{y:g}{axes.unit}"
        parts.append(line(LEFT - 5, place, RIGHT, place))
        parts.append(write(LEFT - 8, place + 4, words, 12, text_anchor="end", fill=MUTED))
    parts += [
        mark_twin(TwinId.A, RIGHT - 10, bottom + 34, 8),
        write(RIGHT - 24, bottom + 38.5, "→", 13.5, text_anchor="end"),
        mark_twin(TwinId.B, 14, TOP - 14, 8),
        write(26, TOP - 9, "↑", 13.5),
    ]
    return "".join(parts)


def _numbers(places: Sequence[tuple[float, float]], shown: Sequence[int]) -> str:
    """Numbers of the cuts shown in a row above the plot, with a line down to each point."""
    order = sorted(shown, key=lambda n: (places[n][0], n))
    margins = Margins(left=0, right=0, top=LEFT + BADGE, bottom=RIGHT - BADGE, apart=APART)
    xs = spread_apart([places[n][0] for n in order], margins)
    parts = [
        draw(
            "polyline",
            points=f"{x:.1f},{TOP - 17:.1f} {x:.1f},{TOP - 4:.1f} {places[n][0]:.1f},"
            f"{places[n][1]:.1f}",
            fill="none",
            stroke=MUTED,
            stroke_width=1,
            stroke_dasharray="2 3",
        )
        for n, x in zip(order, xs, strict=True)
    ]
    parts += [mark_number(n + 1, x, TOP - 17, BADGE) for n, x in zip(order, xs, strict=True)]
    return "".join(parts)


def _dot(point: FrontPoint, x: float, y: float) -> str:
    """A point; hollow where it is dominated."""
    if point.dominated:
        look: dict[str, object] = {"fill": PAPER, "stroke": INK, "stroke_width": 1.6}
        return draw("circle", cx=x, cy=y, r=4.5, stroke_dasharray="2.4 1.6", **look)
    return draw("circle", cx=x, cy=y, r=3.4, fill=INK, stroke=PAPER, stroke_width=1)


def mark_plan(front: SeparationFront, point: FrontPoint, x: float, y: float, size: float) -> str:
    """The sign of the twin that the plan is kinder to; of a balanced plan a white diamond with =.

    A dominated plan has a dashed rim.
    """
    plan = next((plan for plan in front.plans if plan.id == point.plan), None)
    if plan is not None and plan.preference in tuple(TwinId):
        mark = mark_twin(TwinId(plan.preference), x, y, size)
    else:
        far = 1.35 * size
        mark = draw(
            "path",
            d=f"M{x:.1f},{y - far:.1f}l{far:.1f},{far:.1f}l{-far:.1f},{far:.1f}"
            f"l{-far:.1f},{-far:.1f}z",
            fill="#ffffff",
            stroke="#1b1f24",
            stroke_width=1.8,
        ) + write(
            x, y + 0.5 * size, "=", 1.5 * size, text_anchor="middle", font_weight=700,
            fill="#1b1f24",
        )  # fmt: skip
    if not point.dominated:
        return mark
    rim = draw("circle", cx=x, cy=y, r=1.6 * size, fill="none", stroke=INK, stroke_dasharray="3 2")
    return mark + rim
