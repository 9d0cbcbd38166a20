"""When simulated days end, as a histogram with the plan and the quantiles."""

from diptych.model import Figure, Rehearsal, Schedule
from diptych.report.fingerprint import name_values
from diptych.report.svg import (
    INK,
    MUTED,
    RULE,
    draw,
    estimate_width,
    finish,
    line,
    rect,
    stack_labels,
    write,
    write_over,
)
from diptych.report.words import tell_clock, tell_length, tell_share

WIDTH, LEFT, RIGHT, TOP, TALL = 1000.0, 70.0, 970.0, 110.0, 260.0
BIN = 30
SHOWN = ("p10", "p50", "p90", "p95")


def draw_ends(rehearsal: Rehearsal, schedule: Schedule) -> Figure:
    """The histogram of end times with the planned end and the quantiles."""
    bins = [(int(start), int(count)) for start, count in rehearsal.end_histogram]
    first = min([start for start, _ in bins] + [schedule.makespan - BIN]) // 60 * 60
    last = max([start + BIN for start, _ in bins] + [schedule.makespan + BIN])
    last = -(-last // 60) * 60
    scale = (RIGHT - LEFT) / max(last - first, 60)
    most = max([count for _, count in bins] + [1])
    start = schedule.procedure.day_start

    def at(minute: float) -> float:
        return LEFT + (minute - first) * scale

    body = [_axis(first, last, scale, start), _counts(most, rehearsal.days)]
    for minute, count in bins:
        tall = TALL * count / most
        body.append(
            rect(
                at(minute) + 0.5,
                TOP + TALL - tall,
                BIN * scale - 1,
                tall,
                fill="#7fa7cc",
                stroke="#2f5d8a",
                stroke_width=0.6,
            )
        )
    marks = [(int(schedule.makespan), f"planned {tell_clock(schedule.makespan, start)}", True)]
    marks += [
        (
            round(rehearsal.end_time[q].value),
            f"{q.upper()} {tell_clock(rehearsal.end_time[q].value, start)}",
            False,
        )
        for q in SHOWN
        if q in rehearsal.end_time
    ]
    body.append(_marks([(at(minute), title, plan) for minute, title, plan in sorted(marks)]))
    return Figure(
        id="end-times",
        caption=f"When the day ends in {rehearsal.days} simulated days, in half hours. P90: nine"
        " of ten days have ended by then.",
        alt=_alt(rehearsal, schedule),
        png=None,
        svg=finish(WIDTH, TOP + TALL + 72, *body),
        values=name_values(rehearsal=rehearsal, makespan=schedule.makespan),
    )


def _axis(first: int, last: int, scale: float, day_start: str) -> str:
    hours = (last - first) // 60
    step = 60 * next((n for n in (1, 2, 3, 4, 6, 12) if n * 60 * scale >= 62), 24)
    parts = [line(LEFT, TOP + TALL, RIGHT, TOP + TALL, stroke=INK)]
    for minute in range(first, first + hours * 60 + 1, step):
        x = LEFT + (minute - first) * scale
        parts.append(line(x, TOP + TALL, x, TOP + TALL + 6, stroke=INK))
        clock, _, day = tell_clock(minute, day_start).partition(" ")
        parts.append(write(x, TOP + TALL + 21, clock, 12, text_anchor="middle", fill=MUTED))
        parts.append(write(x, TOP + TALL + 37, day, 12, text_anchor="middle", fill=MUTED))
    middle = (LEFT + RIGHT) / 2
    parts.append(
        write(middle, TOP + TALL + 60, "clock time at which the day ends", 13, text_anchor="middle")
    )
    return "".join(parts)


def _counts(most: int, days: int) -> str:
    parts = []
    for part in (0.0, 0.5, 1.0):
        y = TOP + TALL * (1 - part)
        parts.append(line(LEFT, y, RIGHT, y, stroke=RULE))
        parts.append(
            write(
                LEFT - 8,
                y + 4,
                tell_share(part * most / max(days, 1)),
                12,
                text_anchor="end",
                fill=MUTED,
            )
        )
    parts.append(write(LEFT - 8, TOP - 14, "of days", 12, text_anchor="end", fill=MUTED))
    return "".join(parts)


def _marks(marks: list[tuple[float, str, bool]]) -> str:
    spans = []
    for x, title, _ in marks:
        wide = estimate_width(title, 12.5)
        begin = min(max(x - wide / 2, LEFT), RIGHT - wide)
        spans.append((begin, begin + wide))
    order = sorted(range(len(marks)), key=lambda n: spans[n])
    rows = dict(zip(order, stack_labels([spans[n] for n in order]), strict=True))
    parts, words = [], []
    for n, (x, title, plan) in enumerate(marks):
        y = 18 + rows[n] * 18
        parts.append(
            line(
                x,
                y + 5,
                x,
                TOP + TALL,
                stroke=INK,
                stroke_width=2.2 if plan else 1.2,
                stroke_dasharray=None if plan else "6 4",
            )
        )
        words.append(write_over(spans[n][0], y, title, 12.5, font_weight=700 if plan else 500))
    return draw("g", *parts, *words)


def _alt(rehearsal: Rehearsal, schedule: Schedule) -> str:
    start = schedule.procedure.day_start
    quantiles = ", ".join(
        f"{name.upper()} {tell_clock(rehearsal.end_time[name].value, start)}"
        for name in sorted(rehearsal.end_time)
    )
    return (
        f"Histogram of the end of {rehearsal.days} simulated days. Planned end"
        f" {tell_clock(schedule.makespan, start)} after {tell_length(schedule.makespan)};"
        f" simulated {quantiles}."
    )
