"""The axis of the operation day that the Gantt chart and the coverage map share."""

from dataclasses import dataclass
from math import ceil

from diptych.model import Schedule
from diptych.report.svg import (
    INK,
    MUTED,
    RULE,
    draw,
    estimate_width,
    line,
    write,
    write_over,
)
from diptych.report.words import tell_clock

LABEL = 12.0
ROW = 17.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAxis:
    """Minutes of the day laid along x from `left` to `right`."""

    left: float
    right: float
    length: int
    day_start: str

    def at(self, minute: float) -> float:
        """X of a minute."""
        return self.left + (self.right - self.left) * minute / self.length

    @property
    def hours(self) -> tuple[int, ...]:
        """Minutes at which full clock hours fall, every hour or every second or third."""
        hour, past = (int(part) for part in self.day_start.split(":"))
        room = (self.right - self.left) * 60 / self.length
        step = 60 * next((n for n in (1, 2, 3, 4, 6, 12) if n * room >= 48), 24)
        first = -(hour * 60 + past) % step
        return tuple(range(first, self.length + 1, step))


def lay_day(schedule: Schedule, left: float, right: float, until: float = 0.0) -> DayAxis:
    """The axis of a planned day, long enough to show minute `until` as well."""
    return DayAxis(
        left=left,
        right=right,
        length=max(schedule.makespan, ceil(until), 60),
        day_start=schedule.procedure.day_start,
    )


def draw_hours(axis: DayAxis, top: float, bottom: float) -> str:
    """Clock hours above the chart and thin lines through it; midnight is a thick line."""
    parts = []
    for minute in axis.hours:
        x, reading = axis.at(minute), tell_clock(minute, axis.day_start)
        midnight = reading.startswith("00:00")
        settings = {"stroke": INK, "stroke_width": 1.6} if midnight else {"stroke": RULE}
        parts.append(line(x, top, x, bottom, **settings))
        parts.append(
            write(x, top - 6, reading.split(" ")[0], LABEL, text_anchor="middle", fill=MUTED)
        )
        if midnight:
            parts.append(write(x + 4, bottom + 14, "next day", LABEL, fill=MUTED))
    return "".join(parts)


def milestone_rows(schedule: Schedule, axis: DayAxis) -> tuple[tuple[str, float, float, int], ...]:
    """(title, x of the moment, x of the label, row) of each milestone in order of time.

    Labels stand to the right of their lines, or to the left where there is no room; each
    stands below every earlier label that reaches it.
    """
    named = {milestone.id: milestone.title for milestone in schedule.procedure.milestones}
    moments = sorted((minute, id) for id, minute in schedule.milestones.items() if id in named)
    placed: list[tuple[str, float, float, int]] = []
    ends: list[float] = []
    for minute, id in moments:
        x, title = axis.at(minute), f"{named[id]} {tell_clock(minute, axis.day_start)}"
        width = estimate_width(title, LABEL)
        start = x + 5 if x + 5 + width < axis.right + 36 else x - 5 - width
        taken = [entry[3] for entry, end in zip(placed, ends, strict=True) if end + 8 > start]
        placed.append((title, x, start, 1 + max(taken, default=-1)))
        ends.append(start + width)
    return tuple(placed)


def draw_milestones(schedule: Schedule, axis: DayAxis, top: float, bottom: float) -> str:
    """Milestone labels in rows from `top` down, each with a diamond and a line to `bottom`."""
    separation = schedule.milestones.get(schedule.procedure.separation)
    parts, words = [], []
    for title, x, start, row in milestone_rows(schedule, axis):
        y = top + row * ROW + 12
        main = separation is not None and abs(x - axis.at(separation)) < 0.01
        parts.append(
            line(
                x,
                y - 9,
                x,
                bottom,
                stroke=INK,
                stroke_width=2.4 if main else 1.2,
                stroke_dasharray=None if main else "2 4",
            )
        )
        parts.append(draw("path", d=f"M{x:.1f},{bottom - 6:.1f} l6,6 l-6,6 l-6,-6 z", fill=INK))
        words.append(write_over(start, y, title, LABEL, font_weight=700 if main else 500))
    return "".join(parts + words)


def milestone_height(schedule: Schedule, axis: DayAxis) -> float:
    """Room that the milestone labels need."""
    return ROW * (1 + max((row for *_, row in milestone_rows(schedule, axis)), default=-1)) + 8
