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
from diptych.report.duties import DayBook
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

WIDTH, LEFT, ROW, HEAD = 1480.0, 350.0, 17.0, 24.0
ASPECT, AROUND = 1.45, 240.0
"""Least width of the chart as a multiple of its height, so that it fills a page across; what
stands above and below the rows."""
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
BUFFER = "gantt-buffer"
CAPTION = (
    "The day as planned. Each bar is a task; the figure beside it is the number of people it holds."
    " Tasks that differ only by a number share a row, overlapping hand-overs one under the other."
    " A and B stand in the bars of one twin's own tasks; a crossed end is what is planned beyond"
    " the most likely length. The theatre stands above each group, with a bar where it changes."
)
SPREAD = (
    " Hatched bands below: where 80 of 100 simulated days reach separation and the end; an arrow:"
    " beyond this chart."
)
Row = list[tuple[Task, Assignment]]
Lane = tuple[str, tuple[Subject, ...], list[Row]]


def draw_gantt(schedule: Schedule, rehearsal: Rehearsal | None = None) -> Figure:
    """The Gantt chart of the schedule; with the simulated spread of separation and end if the
    day has been rehearsed.
    """
    late = _latest(rehearsal)
    lanes, book = _lanes(schedule), DayBook(schedule)
    tall = sum(HEAD + ROW * len(rows) for _, _, rows in lanes)
    width = max(WIDTH, ASPECT * (tall + AROUND))
    axis = lay_day(schedule, LEFT, width - 40.0, min(late, 1.3 * schedule.makespan))
    top = milestone_height(schedule, axis) + 46
    bottom = top + tall + 8
    bands = _bands(rehearsal, axis, bottom) if rehearsal else ""
    body = [draw_patterns(), bands, draw_hours(axis, top, bottom)]
    y = top
    laid: list[tuple[Box, str]] = []
    for title, subjects, rows in lanes:
        body.append(_name_lane(title, subjects, y, axis))
        body.append(_draw_rooms(book, subjects, axis, y))
        y += HEAD
        for row in rows:
            body.append(_name_row(row, y, axis))
            laid += _lay_row(row, y, axis)
            y += ROW
    legend, keys = _legend(bottom + 62)
    body.append(fill_boxes([box for box, _ in laid] + keys))
    body += [outline_box(box, words, stroke=INK, stroke_width=0.8) for box, words in laid]
    body += [_letter(box) for box, _ in laid]
    body.append(draw_milestones(schedule, axis, 4, top - 22))
    for minute in sorted(schedule.milestones.values()):
        body.append(
            line(axis.at(minute), top, axis.at(minute), bottom, stroke=INK, stroke_dasharray="2 4")
        )
    body.append(legend)
    return Figure(
        id="gantt",
        caption=CAPTION + (SPREAD if rehearsal else ""),
        alt=_alt(schedule),
        png=None,
        svg=finish(width, bottom + 84, *body),
        values=name_values(schedule=schedule, rehearsal=rehearsal)
        if rehearsal
        else name_values(schedule=schedule),
    )


def _latest(rehearsal: Rehearsal | None) -> float:
    if rehearsal is None or "p90" not in rehearsal.end_time:
        return 0.0
    return rehearsal.end_time["p90"].value


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
    """The title up to its first number or colon."""
    return re.split(r"\s*[\d:]", title, maxsplit=1)[0]


def _name_lane(title: str, subjects: tuple[Subject, ...], y: float, axis: DayAxis) -> str:
    parts = [line(8, y + 4, axis.right, y + 4, stroke=MUTED)]
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
            write(12, y + 13, shorten(title, LEFT - 20, LABEL), LABEL),
            line(LEFT, y + ROW, axis.right, y + ROW, stroke=RULE, stroke_width=0.5),
            _count(row[-1][1], y, axis) if max(_slots(row)) == 0 else "",
        )
    )


def _slots(row: Row) -> list[int]:
    """The place of each task among those that lie under each other in the row."""
    return stack_labels([(entry.start, entry.end) for _, entry in row], gap=0.0)


def _lay_row(row: Row, y: float, axis: DayAxis) -> list[tuple[Box, str]]:
    """The bars of one row and what each says."""
    slots = _slots(row)
    tall = (ROW - 3) / (max(slots) + 1)
    laid = []
    for (task, entry), slot in zip(row, slots, strict=True):
        x, end = axis.at(entry.start), axis.at(entry.end)
        words = (
            f"{task.title}: {tell_clock(entry.start, axis.day_start)} to"
            f" {tell_clock(entry.end, axis.day_start)}, {tell_length(entry.end - entry.start)},"
            f" {count_things(len(entry.staff), 'person', 'people')}"
        )
        top = y + 2 + slot * tall
        spare = min(buffer_of(task, entry), entry.end - entry.start)
        laid.append(((f"gantt-{task.subject.value}", x, top, max(end - x, 2.0), tall - 1), words))
        if spare > 0:
            begin = axis.at(entry.end - spare)
            told = f"buffer of {task.title}: {tell_length(spare)}"
            laid.append(((BUFFER, begin, top, end - begin, tall - 1), told))
    return laid


def buffer_of(task: Task, entry: Assignment) -> int:
    """Minutes at the end of the task that are planned beyond its most likely length."""
    return max(0, entry.end - entry.start - task.duration.mode)


def _letter(box: Box) -> str:
    """The letter of the twin in a bar that has room for it."""
    pattern, x, y, width, height = box
    letter = pattern.removeprefix("gantt-")
    if letter not in tuple(TwinId) or width < 16 or height < 9:
        return ""
    size = min(12.0, height * 0.85)
    middle = y + height / 2 + 0.36 * size
    return write_over(x + 4, middle, letter, size, font_weight=700)


def _draw_rooms(book: DayBook, subjects: tuple[Subject, ...], axis: DayAxis, y: float) -> str:
    """In which theatre the work of a lane is, with a bar where that changes."""
    parts, last = [], None
    for entry in book.entries:
        if book.tasks[entry.task].subject not in subjects:
            continue
        room = book.room_at(subjects[0], entry.start)
        if room is None or room == last:
            continue
        x = axis.at(entry.start)
        parts.append(line(x, y + 8, x, y + HEAD - 2, stroke=INK, stroke_width=3))
        parts.append(write_over(x + 6, y + 20, book.zone_title(room), LABEL, font_weight=600))
        last = room
    return "".join(parts)


def _count(entry: Assignment, y: float, axis: DayAxis) -> str:
    """How many people the last task of a row holds, beside its bar."""
    if not entry.staff:
        return ""
    x = max(axis.at(entry.end), axis.at(entry.start) + 2.0) + 4
    return write_over(x, y + 13, str(len(entry.staff)), 11, fill=MUTED)


def _bands(rehearsal: Rehearsal, axis: DayAxis, bottom: float) -> str:
    parts = []
    for n, (title, quantiles) in enumerate(
        (("separation", rehearsal.separation_time), ("end", rehearsal.end_time))
    ):
        if not {"p10", "p90"} <= set(quantiles):
            continue
        low, high = quantiles["p10"].value, quantiles["p90"].value
        x1, x2 = (min(axis.at(minute), axis.right - 14) for minute in (low, high))
        x2 = max(x2, x1 + 3)
        y = bottom + 20 + n * 18
        if axis.at(high) > axis.right - 14:
            tip = draw("path", d=f"M{axis.right - 12:.1f},{y - 1:.1f} l12,6.5 l-12,6.5 z", fill=INK)
            parts.append(tip)
            x2 = axis.right - 12
        parts.append(rect(x1, y, x2 - x1, 11, fill="url(#gantt-band)", stroke=INK))
        words = (
            f"simulated {title}, P10 to P90: {tell_clock(low, axis.day_start)} to"
            f" {tell_clock(high, axis.day_start)}"
        )
        parts.append(write(x1 - 8, y + 10, words, LABEL, text_anchor="end"))
    return "".join(parts)


def draw_patterns(chart: str = "gantt") -> str:
    """The patterns of the bars, for each subject, and those of bands and buffers; their ids
    begin with the chart's name.
    """
    strokes = {Subject.B: "#ffffff", Subject.TEAM: "#3d444d"}
    patterns = [
        hatch(f"{chart}-{s.value}", SUBJECT_COLOURS[s], strokes.get(s, "#0b3d38"), STYLES[s])
        for s in Subject
    ]
    return draw(
        "defs",
        *patterns,
        hatch(f"{chart}-band", "#ffffff", "#3d444d", "rising"),
        hatch(f"{chart}-buffer", "#ffffff", "#1b1f24", "cross"),
    )


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
    boxes.append((BUFFER, x, y, 30.0, 13.0))
    parts.append(rect(x, y, 30, 13, fill="none", stroke=INK))
    parts.append(write(x + 36, y + 11, "buffer", LABEL))
    x += 36 + estimate_width("buffer", LABEL) + 24
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
