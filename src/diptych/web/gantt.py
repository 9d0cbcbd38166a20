"""Where each bar of the day's chart stands. The template only draws it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diptych.model import Minute, Subject, Task, TaskId
from diptych.web.words import Dial, Sign, sign_of

WIDTH = 1600
ROW = 30
TOP = 34
LANE_GAP = 12
LABEL = 46
LETTER = 9.2
"""Mean width of a letter of the chart's type (DejaVu Sans at 15 units), rounded up."""
EDGE = 24
"""An hour nearer than this to the right end has no room for its reading."""
ROOM = 2
"""Least space between two bars of a row."""
LANES = ("A", "joint", "B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One step: planned and expected (or real) minutes, and its state."""

    task: Task
    status: str
    plan: tuple[Minute, Minute]
    expected: tuple[Minute, Minute]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One step as drawn, in units of the chart."""

    task: TaskId
    label: str
    words: str
    status: str
    x: float
    width: float
    plan_x: float
    plan_width: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The band of one twin, or of both and the team."""

    name: str
    signs: tuple[Sign, ...]
    y: float
    height: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """An hour of the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gantt:
    """The whole chart; `now` and `separation` are places on the x axis."""

    width: float
    height: float
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    now: float
    separation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Minutes to units."""

    first: int
    last: int

    def place(self, minute: int) -> float:
        """The x of a minute."""
        share = (minute - self.first) / (self.last - self.first)
        return round(LABEL + share * (WIDTH - LABEL), 1)


def draw_gantt(spans: Iterable[Span], dial: Dial, separation: Minute) -> Gantt:
    """The chart of a day: one band for A, one for both and the team, one for B."""
    spans = sorted(spans, key=lambda s: (s.expected, s.task.id))
    axis = _axis(spans, dial, separation)
    lanes: list[Lane] = []
    y = float(TOP)
    for name in LANES:
        own = [span for span in spans if sign_of(span.task.subject).lane == name]
        lane = _lane(name, own, y, axis, dial)
        lanes.append(lane)
        y += lane.height + LANE_GAP
    return Gantt(
        width=WIDTH,
        height=y,
        lanes=tuple(lanes),
        ticks=_ticks(axis, dial),
        now=axis.place(dial.minute),
        separation=axis.place(separation),
    )


def _axis(spans: Iterable[Span], dial: Dial, separation: Minute) -> Axis:
    minutes = [minute for span in spans for minute in (*span.plan, *span.expected)]
    near = [dial.minute] if minutes and dial.minute > min(minutes) - 720 else []
    minutes += [separation, *near]
    return Axis(first=min(minutes) - 10, last=max(minutes) + 10)


def _ticks(axis: Axis, dial: Dial) -> tuple[Tick, ...]:
    """Full hours of the clock; every second one if the day is long."""
    full_hour = dial.minute - dial.now.minute
    first = axis.first + (full_hour - axis.first) % 60
    step = 60 if axis.last - axis.first <= 1080 else 120
    hours = [m for m in range(first, axis.last, step) if axis.place(m) <= WIDTH - EDGE]
    return tuple(Tick(x=axis.place(m), label=dial.reading(Minute(m)).split(" ")[0]) for m in hours)


def _lane(name: str, spans: Iterable[Span], y: float, axis: Axis, dial: Dial) -> Lane:
    """Each step in the first row that is free; a title is written where its row leaves room."""
    rows: list[list[Span]] = []
    for span in spans:
        left = axis.place(_extent(span)[0])
        free = (r for r in rows if axis.place(_extent(r[-1])[1]) + ROOM <= left)
        row = next(free, None)
        if row is None:
            rows.append(row := [])
        row.append(span)
    bars = tuple(
        _bar(span, axis, dial, (y + 6 + number * ROW, end))
        for number, row in enumerate(rows)
        for span, end in zip(row, _room_ends(row, axis), strict=True)
    )
    height = 12 + ROW * max(len(rows), 1)
    return Lane(name=name, signs=_LANE_SIGNS[name], y=y, height=height, bars=bars)


def _extent(span: Span) -> tuple[Minute, Minute]:
    return min(span.plan[0], span.expected[0]), max(span.plan[1], span.expected[1])


def _room_ends(row: list[Span], axis: Axis) -> list[float]:
    """How far to the right the title of each step of a row may reach."""
    return [axis.place(_extent(span)[0]) - ROOM for span in row[1:]] + [float(WIDTH)]


def _bar(span: Span, axis: Axis, dial: Dial, place: tuple[float, float]) -> Bar:
    start, end = (axis.place(minute) for minute in span.expected)
    plan_start, plan_end = (axis.place(minute) for minute in span.plan)
    y, room_end = place
    return Bar(
        task=span.task.id,
        label=_label(span.task, start, end, room_end),
        words=f"{sign_of(span.task.subject).word}, {span.task.title}: {_words(span, dial)}",
        status=span.status,
        x=start,
        width=max(round(end - start, 1), 3.0),
        plan_x=plan_start,
        plan_width=max(round(plan_end - plan_start, 1), 3.0),
        y=y,
    )


def _label(task: Task, start: float, end: float, room_end: float) -> str:
    """The title if there is room for the whole of it, else the number of the step, else nothing."""
    if len(task.title) * LETTER + 10 <= room_end - start:
        return task.title
    number = str(task.step)
    return number if len(number) * LETTER <= end - start else ""


def _words(span: Span, dial: Dial) -> str:
    start, end = (dial.reading(minute) for minute in span.expected)
    plan_start, plan_end = (dial.reading(minute) for minute in span.plan)
    said = {"done": "done", "running": "running, expected", "waiting": "expected"}
    return (
        f"{said.get(span.status, span.status)} {start} to {end}, planned {plan_start} to {plan_end}"
    )


_LANE_SIGNS: Mapping[str, tuple[Sign, ...]] = {
    "A": (sign_of(Subject.A),),
    "joint": (sign_of(Subject.BOTH), sign_of(Subject.TEAM)),
    "B": (sign_of(Subject.B),),
}
