"""The plan of the day as a Gantt chart: twin A above, what concerns both in the middle, twin B
below. Letter, shape, pattern and colour say whose task it is, so that it can be read in
black and white.
"""

import re
from itertools import groupby

from diptych.model import Assignment, Figure, Rehearsal, Schedule, Subject, Task, TwinId
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
    INK,
    MUTED,
    RULE,
    SUBJECT_COLOURS,
    Box,
    draw,
    estimate_width,
    fill_boxes,
    finish,
    hatch,
    line,
    mark_twin,
    outline_box,
    rect,
    shorten,
    stack_labels,
    write,
    write_over,
)
from diptych.report.words import count_things, tell_clock, tell_length

WIDTH, LEFT, RIGHT, ROW, HEAD = 1480.0, 350.0, 1440.0, 22.0, 26.0
STYLES = {
    Subject.A: "plain",
    Subject.B: "falling",
    Subject.BOTH: "dots",
    Subject.SHARED: "dots",
    Subject.TEAM: "upright",
}
LANES = (
    ("Twin A", (Subject.A,)),
    ("Both twins, shared tissue and the team", (Subject.BOTH, Subject.SHARED, Subject.TEAM)),
    ("Twin B", (Subject.B,)),
)
Row = list[tuple[Task, Assignment]]
Lane = tuple[str, tuple[Subject, ...], list[Row]]


def draw_gantt(schedule: Schedule, rehearsal: Rehearsal) -> Figure:
    """The Gantt chart of the schedule, with the simulated spread of separation and end."""
    late = rehearsal.end_time["p90"].value if "p90" in rehearsal.end_time else 0.0
    axis = lay_day(schedule, LEFT, RIGHT, min(late, 1.3 * schedule.makespan))
    top = milestone_height(schedule, axis) + 46
    lanes = _lanes(schedule)
    bottom = top + sum(HEAD + ROW * len(rows) for _, _, rows in lanes) + 8
    body = [_patterns(), _bands(rehearsal, axis, bottom), draw_hours(axis, top, bottom)]
    y = top
    laid: list[tuple[Box, str]] = []
    for title, subjects, rows in lanes:
        body.append(_name_lane(title, subjects, y))
        y += HEAD
        for row in rows:
            body.append(_name_row(row, y, axis))
            laid += _lay_row(row, y, axis)
            y += ROW
    legend, keys = _legend(bottom + 62)
    body.append(fill_boxes([box for box, _ in laid] + keys))
    body += [outline_box(box, words, stroke=INK, stroke_width=0.8) for box, words in laid]
    body.append(draw_milestones(schedule, axis, 4, top - 22))
    for minute in sorted(schedule.milestones.values()):
        body.append(
            line(axis.at(minute), top, axis.at(minute), bottom, stroke=INK, stroke_dasharray="2 4")
        )
    body.append(legend)
    return Figure(
        id="gantt",
        caption="The day as planned. Each bar is a task; the figure beside it is the number of"
        " people it holds. Tasks that differ only by a number share a row, overlapping hand-overs"
        " one under the other. Hatched bands below: where 80 of 100 simulated days reach"
        " separation and the end; an arrow: beyond this chart.",
        alt=_alt(schedule),
        png=None,
        svg=finish(WIDTH, bottom + 84, *body),
        values=name_values(schedule=schedule, rehearsal=rehearsal),
    )


def _lanes(schedule: Schedule) -> list[Lane]:
    """Title, subjects and rows of each lane; tasks that differ only by a number share a row."""
    tasks = schedule.done()
    pairs = [(tasks[entry.task], entry) for entry in schedule.assignments]
    pairs.sort(key=lambda pair: (pair[1].start, pair[1].end, pair[0].step, pair[0].id))
    lanes: list[Lane] = []
    for title, subjects in LANES:
        rows: dict[tuple[int, str, Subject], Row] = {}
        for task, entry in pairs:
            if task.subject in subjects:
                rows.setdefault((task.step, _stem(task.title), task.subject), []).append(
                    (task, entry)
                )
        if rows:
            lanes.append((title, subjects, list(rows.values())))
    return lanes


def _stem(title: str) -> str:
    """The title up to its first number."""
    return re.split(r"\s*\d", title, maxsplit=1)[0]


def _name_lane(title: str, subjects: tuple[Subject, ...], y: float) -> str:
    parts = [line(8, y + 4, RIGHT, y + 4, stroke=MUTED)]
    x = 12.0
    if subjects[0] in (Subject.A, Subject.B):
        parts.append(mark_twin(TwinId(subjects[0].value), x + 8, y + 16, 8))
        x += 26
    parts.append(write(x, y + 20, title, 13.5, font_weight=700))
    return "".join(parts)


def _name_row(row: Row, y: float, axis: DayAxis) -> str:
    task = row[0][0]
    title = task.title if len(row) == 1 else f"{_stem(task.title)} ({len(row)} tasks)"
    if task.step:
        title = f"{task.step} {title}"
    return "".join(
        (
            write(12, y + 15, shorten(title, LEFT - 20, LABEL), LABEL),
            line(LEFT, y + ROW, RIGHT, y + ROW, stroke=RULE, stroke_width=0.5),
            _count(row[-1][1], y, axis) if max(_slots(row)) == 0 else "",
        )
    )


def _slots(row: Row) -> list[int]:
    """The place of each task among those that lie under each other in the row."""
    return stack_labels([(entry.start, entry.end) for _, entry in row], gap=0.0)


def _lay_row(row: Row, y: float, axis: DayAxis) -> list[tuple[Box, str]]:
    """The bars of one row and what each says."""
    slots = _slots(row)
    tall = (ROW - 6) / (max(slots) + 1)
    laid = []
    for (task, entry), slot in zip(row, slots, strict=True):
        x, end = axis.at(entry.start), axis.at(entry.end)
        words = (
            f"{task.title}: {tell_clock(entry.start, axis.day_start)} to"
            f" {tell_clock(entry.end, axis.day_start)}, {tell_length(entry.end - entry.start)},"
            f" {count_things(len(entry.staff), 'person', 'people')}"
        )
        pattern = f"gantt-{task.subject.value}"
        laid.append(((pattern, x, y + 3 + slot * tall, max(end - x, 2.0), tall - 1), words))
    return laid


def _count(entry: Assignment, y: float, axis: DayAxis) -> str:
    """How many people the last task of a row holds, beside its bar."""
    if not entry.staff:
        return ""
    x = max(axis.at(entry.end), axis.at(entry.start) + 2.0) + 4
    return write_over(x, y + 15, str(len(entry.staff)), 11, fill=MUTED)


def _bands(rehearsal: Rehearsal, axis: DayAxis, bottom: float) -> str:
    parts = []
    for n, (title, quantiles) in enumerate(
        (("separation", rehearsal.separation_time), ("end", rehearsal.end_time))
    ):
        if not {"p10", "p90"} <= set(quantiles):
            continue
        low, high = quantiles["p10"].value, quantiles["p90"].value
        x1, x2 = (min(axis.at(minute), RIGHT - 14) for minute in (low, high))
        x2 = max(x2, x1 + 3)
        y = bottom + 20 + n * 18
        if axis.at(high) > RIGHT - 14:
            tip = draw("path", d=f"M{RIGHT - 12:.1f},{y - 1:.1f} l12,6.5 l-12,6.5 z", fill=INK)
            parts.append(tip)
            x2 = RIGHT - 12
        parts.append(rect(x1, y, x2 - x1, 11, fill="url(#gantt-band)", stroke=INK))
        words = (
            f"simulated {title}, P10 to P90: {tell_clock(low, axis.day_start)} to"
            f" {tell_clock(high, axis.day_start)}"
        )
        parts.append(write(x1 - 8, y + 10, words, LABEL, text_anchor="end"))
    return "".join(parts)


def _patterns() -> str:
    strokes = {Subject.B: "#ffffff", Subject.TEAM: "#3d444d"}
    patterns = [
        hatch(f"gantt-{s.value}", SUBJECT_COLOURS[s], strokes.get(s, "#0b3d38"), STYLES[s])
        for s in Subject
    ]
    return draw("defs", *patterns, hatch("gantt-band", "#ffffff", "#3d444d", "rising"))


def _legend(y: float) -> tuple[str, list[Box]]:
    titles = {
        Subject.A: "twin A",
        Subject.B: "twin B",
        Subject.BOTH: "both twins or shared tissue",
        Subject.TEAM: "the team",
    }
    parts: list[str] = []
    boxes: list[Box] = []
    x = 12.0
    for subject, title in titles.items():
        boxes.append((f"gantt-{subject.value}", x, y, 30.0, 13.0))
        parts.append(rect(x, y, 30, 13, fill="none", stroke=INK))
        parts.append(write(x + 36, y + 11, title, LABEL))
        x += 36 + estimate_width(title, LABEL) + 24
    parts.append(draw("path", d=f"M{x:.0f},{y:.0f} l6,6 l-6,6 l-6,-6 z", fill=INK))
    parts.append(write(x + 12, y + 11, "milestone", LABEL))
    return "".join(parts), boxes


def _alt(schedule: Schedule) -> str:
    start = schedule.procedure.day_start
    subjects = sorted(task.subject.value for task in schedule.procedure.tasks)
    counts = ", ".join(f"{len(list(group))} {name}" for name, group in groupby(subjects))
    separation = schedule.milestones.get(schedule.procedure.separation)
    moment = "" if separation is None else f" Separation at {tell_clock(separation, start)}."
    return (
        f"Gantt chart of {len(schedule.assignments)} tasks ({counts}) from {start} to"
        f" {tell_clock(schedule.makespan, start)}.{moment}"
    )
