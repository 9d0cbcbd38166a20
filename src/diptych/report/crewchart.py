"""The day of each person as a chart: a row for each, in the order of the roster, with their
hours, their tasks in the patterns of the Gantt chart, and their absences.
"""

from itertools import groupby

from diptych.model import Figure, Schedule, Staff
from diptych.report.dayaxis import (
    DayAxis,
    draw_hours,
    draw_milestones,
    lay_day,
    milestone_height,
)
from diptych.report.duties import DayBook, Turn
from diptych.report.fingerprint import name_values
from diptych.report.gantt import AROUND, ASPECT, draw_patterns
from diptych.report.svg import (
    INK,
    MUTED,
    RULE,
    Box,
    estimate_width,
    fill_boxes,
    finish,
    line,
    outline_box,
    shorten,
    write,
    write_over,
)
from diptych.report.words import count_things, tell_length, tell_span

WIDTH, LEFT = 1480.0, 330.0
ROW, LABEL, INSIDE, GROUP = 15.0, 11.0, 9.5, 5.0
_SIGN = {"A": "A", "B": "B", "both": ""}


def draw_crew(schedule: Schedule) -> Figure:
    """A row for each person of the roster, grouped by role."""
    book = DayBook(schedule)
    groups = [list(people) for _, people in groupby(book.procedure.staff, key=lambda p: p.role)]
    tall = sum(ROW * len(group) + GROUP for group in groups)
    width = max(WIDTH, ASPECT * (tall + AROUND - 90.0))
    axis = lay_day(schedule, LEFT, width - 40.0)
    top = milestone_height(schedule, axis) + 40
    bottom = top + tall
    body = [draw_patterns("crew"), draw_hours(axis, top, bottom)]
    laid: list[tuple[Box, str]] = []
    letters: list[str] = []
    y = top
    for group in groups:
        for person in group:
            body.append(_name(book, person, y, axis))
            for turn in book.turns[person.id]:
                box = _box(turn, y, axis)
                laid.append((box, _words(book, person, turn)))
                letters.append(_inside(turn, box))
            laid += [
                (("crew-band", axis.at(a), y + 1, axis.at(b) - axis.at(a), ROW - 3), "absent")
                for a, b in person.absences
            ]
            y += ROW
        body.append(line(8, y + GROUP / 2, axis.right, y + GROUP / 2, stroke=RULE))
        y += GROUP
    body.append(fill_boxes([box for box, _ in laid]))
    body += [outline_box(box, words, stroke=INK, stroke_width=0.8) for box, words in laid]
    body += letters
    body.append(draw_milestones(schedule, axis, 4, top - 22))
    body += [
        line(axis.at(minute), top, axis.at(minute), bottom, stroke=INK, stroke_dasharray="2 4")
        for minute in sorted(schedule.milestones.values())
    ]
    return Figure(
        id="crew",
        caption="The same day by person. The thin line: when the person can be asked. In the"
        " bars: the twin's letter, and the number of the step (w: a watch). Hatched: absent.",
        alt=_alt(book),
        png=None,
        svg=finish(width, bottom + 24, *body),
        values=name_values(schedule=schedule),
    )


def _name(book: DayBook, person: Staff, y: float, axis: DayAxis) -> str:
    words = f"{person.name}, {book.role(person.id)}"
    left = max(axis.at(person.start), LEFT)
    right = min(axis.at(person.end), axis.right)
    middle = y + (ROW - 1) / 2
    return "".join(
        (
            write(12, y + 11, _SIGN[person.team], LABEL, font_weight=700),
            write(28, y + 11, shorten(words, LEFT - 36, LABEL), LABEL),
            line(left, middle, max(right, left), middle, stroke=MUTED, stroke_width=1.2),
        )
    )


def _box(turn: Turn, y: float, axis: DayAxis) -> Box:
    x = axis.at(turn.start)
    width = max(axis.at(turn.end) - x, 2.0)
    return (f"crew-{turn.task.subject.value}", x, y + 1, width, ROW - 3)


def _words(book: DayBook, person: Staff, turn: Turn) -> str:
    when = tell_span(turn.start, turn.end, book.procedure.day_start)
    length = tell_length(turn.end - turn.start)
    return f"{person.name}: {turn.task.title}, {when}, {length}, as {', '.join(turn.skills)}"


def _inside(turn: Turn, box: Box) -> str:
    """The twin's letter and the number of the step, as much of it as the bar has room for."""
    _, x, y, width, _ = box
    letter = turn.task.subject.value if turn.task.subject.value in _SIGN else ""
    step = str(turn.task.step) if turn.task.step else "w"
    room = width - 5
    for words in (f"{letter} {step}".strip(), letter or step):
        if estimate_width(words, INSIDE) <= room:
            return write_over(x + 3, y + 9.6, words, INSIDE, font_weight=600)
    return ""


def _alt(book: DayBook) -> str:
    busy = [turns for turns in book.turns.values() if turns]
    tasks = sum(len(turns) for turns in busy)
    return (
        f"Chart of {count_things(len(book.people), 'person', 'people')}, {len(busy)} of them with"
        f" tasks in the plan, {tasks} turns in all."
    )
