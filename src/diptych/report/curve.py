"""The operating window: the burden of each day, stacked by its reasons."""

from datetime import date

from diptych.model import Figure, OperatingWindow
from diptych.report.fingerprint import name_values
from diptych.report.svg import (
    INK,
    MUTED,
    PAPER,
    RULE,
    draw,
    estimate_width,
    finish,
    hatch,
    line,
    rect,
    stack_labels,
    write,
    write_over,
)
from diptych.report.words import spell_name, tell_number

WIDTH, LEFT, RIGHT, TOP, TALL = 1100.0, 62.0, 800.0, 84.0, 290.0
LOOKS = (
    ("#2f5d8a", "#2f5d8a", "plain"),
    ("#a9cbe6", "#2f5d8a", "rising"),
    ("#5b6670", "#c3cad1", "upright"),
    ("#e3e7eb", "#5b6670", "dots"),
    ("#2a9d8f", "#2a9d8f", "plain"),
    ("#d9c982", "#6b5900", "falling"),
    ("#7c8fb8", "#ffffff", "level"),
    ("#cfe3c4", "#4b6b3a", "cross"),
)


def draw_window(window: OperatingWindow) -> Figure:
    """The stacked curve with the window that is open, the lowest day and the scan's age limit."""
    days = [point.day for point in window.points]
    span = max((days[-1] - days[0]).days, 1)
    most = max(point.burden for point in window.points) or 1.0

    def at(day: date) -> float:
        return LEFT + (RIGHT - LEFT) * min(max((day - days[0]).days / span, 0.0), 1.0)

    bracket, words = _open_days(window, at(window.opens), at(window.closes))
    body = [
        draw("defs", *[hatch(f"curve-{n}", *look) for n, look in enumerate(LOOKS)]),
        _scale(most),
        _stack(window, [at(day) for day in days], most),
        bracket,
        _marks(window, at(window.lowest), at(window.scan_valid_until)),
        words,
        _days(window, [at(day) for day in days]),
        _legend(window),
    ]
    return Figure(
        id="window-curve",
        caption="What each day costs, in relative units; lower is better. Between the brackets the"
        f" burden is within {tell_number(100 * window.tolerance)} % of the lowest.",
        alt=_alt(window),
        png=None,
        svg=finish(WIDTH, TOP + TALL + 66, *body),
        values=name_values(window=window),
    )


def _terms(window: OperatingWindow) -> list[str]:
    return sorted(window.points[0].terms)


def _stack(window: OperatingWindow, xs: list[float], most: float) -> str:
    base = [0.0] * len(xs)
    parts = []
    for n, term in enumerate(_terms(window)):
        above = [low + point.terms[term] for low, point in zip(base, window.points, strict=True)]
        edge = [f"{x:.1f},{_y(v, most):.1f}" for x, v in zip(xs, above, strict=True)]
        back = [f"{x:.1f},{_y(v, most):.1f}" for x, v in zip(xs, base, strict=True)][::-1]
        fill = f"url(#curve-{n % len(LOOKS)})"
        parts.append(
            draw("polygon", points=" ".join(edge + back), fill=fill, stroke=PAPER, stroke_width=0.8)
        )
        base = above
    edge = [f"{x:.1f},{_y(v, most):.1f}" for x, v in zip(xs, base, strict=True)]
    parts.append(draw("polyline", points=" ".join(edge), fill="none", stroke=INK, stroke_width=2))
    return "".join(parts)


def _y(value: float, most: float) -> float:
    return TOP + TALL * (1 - max(value, 0.0) / (1.05 * most))


def _scale(most: float) -> str:
    parts = [line(LEFT, TOP + TALL, RIGHT, TOP + TALL, stroke=INK)]
    for part in (0.0, 0.5, 1.0):
        y = _y(part * most, most)
        parts.append(line(LEFT, y, RIGHT, y, stroke=RULE))
        parts.append(
            write(LEFT - 8, y + 4, tell_number(part * most), 12, text_anchor="end", fill=MUTED)
        )
    parts.append(write(8, TOP - 12, "burden", 12, fill=MUTED))
    return "".join(parts)


def _open_days(window: OperatingWindow, x1: float, x2: float) -> tuple[str, str]:
    y = TOP - 8
    bracket = draw(
        "path",
        d=f"M{x1:.1f},{TOP + TALL:.1f} V{y:.1f} H{x2:.1f} V{TOP + TALL:.1f}",
        fill="none",
        stroke=INK,
        stroke_width=2,
    )
    words = f"window {window.opens.isoformat()} to {window.closes.isoformat()}"
    wide = estimate_width(words, 13)
    x = min(max((x1 + x2 - wide) / 2, LEFT), RIGHT - wide)
    return bracket, write_over(x, y - 8, words, 13, font_weight=700)


def _marks(window: OperatingWindow, lowest: float, scan: float) -> str:
    marks = [(lowest, f"lowest {window.lowest.isoformat()}", "6 4")]
    shown = window.scan_valid_until <= window.points[-1].day
    if shown:
        marks.append((scan, f"scan valid until {window.scan_valid_until.isoformat()}", "2 3"))
    marks.sort()
    spans = []
    for x, words, _ in marks:
        wide = estimate_width(words, 12)
        begin = min(max(x - wide / 2, LEFT), RIGHT - wide)
        spans.append((begin, begin + wide))
    parts, labels = [], []
    for (x, words, dash), (begin, _), row in zip(marks, spans, stack_labels(spans), strict=True):
        y = 14 + row * 18
        parts.append(
            line(x, y + 4, x, TOP + TALL, stroke=INK, stroke_width=1.4, stroke_dasharray=dash)
        )
        labels.append(write_over(begin, y, words, 12))
    return "".join(parts + labels)


def _days(window: OperatingWindow, xs: list[float]) -> str:
    parts, last = [], -1e9
    for x, point in zip(xs, window.points, strict=True):
        words = point.day.isoformat()
        if x - last < estimate_width("100 weeks old", 12) + 14:
            continue
        last = x
        parts.append(line(x, TOP + TALL, x, TOP + TALL + 6, stroke=INK))
        anchor = "middle"
        parts.append(write(x, TOP + TALL + 21, words, 12, text_anchor=anchor, fill=MUTED))
        parts.append(
            write(
                x,
                TOP + TALL + 38,
                f"{point.age_weeks:.0f} weeks old",
                12,
                text_anchor=anchor,
                fill=MUTED,
            )
        )
    return "".join(parts)


def _legend(window: OperatingWindow) -> str:
    parts = []
    for n, term in enumerate(reversed(_terms(window))):
        y = TOP + 8 + n * 26
        index = len(_terms(window)) - 1 - n
        parts.append(
            rect(
                RIGHT + 24,
                y,
                28,
                15,
                fill=f"url(#curve-{index % len(LOOKS)})",
                stroke=INK,
                stroke_width=0.8,
            )
        )
        parts.append(write(RIGHT + 60, y + 12, spell_name(term), 13))
    return "".join(parts)


def _alt(window: OperatingWindow) -> str:
    worst = max(window.points, key=lambda point: (point.burden, point.day))
    best = min(window.points, key=lambda point: (point.burden, point.day))
    return (
        f"Curve of the burden of operating on each day from {window.points[0].day} to"
        f" {window.points[-1].day}: from {tell_number(worst.burden)} on {worst.day} down to"
        f" {tell_number(best.burden)} on {best.day}. The window opens {window.opens} and closes"
        f" {window.closes}; the scan is valid until {window.scan_valid_until}."
    )
