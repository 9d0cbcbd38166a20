"""What stands on the board page: plain values for the template, worked out from the day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from diptych.model import (
    Assignment,
    Board,
    Event,
    Minute,
    Schedule,
    StaffId,
    Subject,
    Task,
    TaskId,
    TaskState,
)
from diptych.pipeline.theatre_day import Forecast, TheatreDay
from diptych.web.ahead import Strip, build_strip
from diptych.web.gantt import LANES, Gantt, Span, draw_gantt
from diptych.web.words import (
    Dial,
    Names,
    Sign,
    names_of,
    say_event,
    say_length,
    say_shift,
    sign_of,
    split_title,
)

NEXT_STEPS = 3
TAIL = 10
PEOPLE_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One step with its times in words. `key` is safe as an HTML id.

    head, detail : the title in two parts, the first to be read from afar
    """

    key: str
    task: TaskId
    number: int
    title: str
    head: str
    detail: str
    subject: Subject
    sign: Sign
    status: str
    times: str
    late: str
    waits_for: str
    people: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the record. `holds`: not taken back, and no correction itself."""

    event: Event
    sign: Sign
    at: str
    text: str
    by: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """The separation in words. `can_enter`: its step has been started."""

    done: bool
    at: str
    planned: str
    shift: str
    until: str
    can_enter: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the template shows."""

    now: datetime
    minute: Minute
    clock: str
    date: str
    opened: bool
    ends: str
    end_shift: str
    parting: Parting
    ahead: Strip | None
    current: Mapping[str, tuple[Card, ...]]
    upcoming: tuple[Card, ...]
    steps: tuple[Card, ...]
    watch: str
    gantt: Gantt
    tail: tuple[Entry, ...]
    head: str
    last_seq: int
    unchecked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """The parts of the day that all builders below look at."""

    schedule: Schedule
    board: Board
    dial: Dial
    names: Names
    spans: tuple[Span, ...]
    plan: Mapping[TaskId, Assignment]
    done: frozenset[TaskId]
    order: Mapping[TaskId, int]


def build_page(day: TheatreDay, now: datetime) -> Page:
    """The page of the day at the instant `now`."""
    dial = Dial(now=now, minute=day.minute(now))
    board, expected = day.board(), day.forecast(dial.minute)
    scene = _scene(day.schedule, board, dial, expected)
    cards = tuple(_card(scene, span) for span in scene.spans)
    return Page(
        now=now,
        minute=dial.minute,
        clock=f"{now:%H:%M}",
        date=f"{now:%a %d %b %Y}",
        opened=board.opened is not None,
        ends=dial.reading(expected.end),
        end_shift=say_shift(expected.end - _planned_end(scene)),
        parting=_parting(scene, expected.separation),
        ahead=build_strip(day, dial),
        current={lane: _running(cards, lane) for lane in LANES},
        upcoming=tuple(card for card in cards if card.status == "waiting")[:NEXT_STEPS],
        steps=cards,
        watch=_on_watch(scene),
        gantt=draw_gantt(scene.spans, dial, expected.separation),
        tail=_tail(scene, day.standing()),
        head=board.head[:8],
        last_seq=board.last_seq,
        unchecked="" if day.schedule.checked else _unchecked(day.schedule),
    )


def _scene(schedule: Schedule, board: Board, dial: Dial, expected: Forecast) -> _Scene:
    plan = {entry.task: entry for entry in schedule.assignments}
    states = {state.task: state for state in board.tasks}
    spans = [
        Span(
            task=task,
            status=states[task.id].status,
            plan=(plan[task.id].start, plan[task.id].end),
            expected=(expected.tasks[task.id].start, expected.tasks[task.id].end),
        )
        for task in schedule.procedure.tasks
        if task.step > 0
    ]
    return _Scene(
        schedule=schedule,
        board=board,
        dial=dial,
        names=names_of(schedule),
        spans=tuple(sorted(spans, key=lambda span: (span.expected, span.plan, span.task.id))),
        plan=plan,
        done=frozenset(state.task for state in board.tasks if state.status == "done"),
        order={task.id: place for place, task in enumerate(schedule.procedure.tasks, start=1)},
    )


def _planned_end(scene: _Scene) -> int:
    return max((span.plan[1] for span in scene.spans), default=scene.schedule.makespan)


def _running(cards: tuple[Card, ...], lane: str) -> tuple[Card, ...]:
    return tuple(c for c in cards if c.status == "running" and c.sign.lane == lane)


def _card(scene: _Scene, span: Span) -> Card:
    head, detail = split_title(span.task.title, span.task.subject)
    return Card(
        key=f"step{scene.order[span.task.id]}",
        task=span.task.id,
        number=span.task.step,
        title=span.task.title,
        head=head,
        detail=detail,
        subject=span.task.subject,
        sign=sign_of(span.task.subject),
        status=span.status,
        times=_times(scene.dial, span),
        late=_late(scene.dial, span),
        waits_for=_waits_for(scene, span),
        people=_people(scene, span.task),
    )


def _times(dial: Dial, span: Span) -> str:
    start, end = (dial.reading(minute) for minute in span.expected)
    if span.status == "done":
        return f"{start} to {end}"
    if span.status == "running":
        return f"since {start}, until about {end}"
    return f"about {start} to {end}"


def _late(dial: Dial, span: Span) -> str:
    """How far the step is behind, if it is: by its end when running, else by its start."""
    if span.status == "running":
        over = dial.minute - (span.expected[0] + span.plan[1] - span.plan[0])
        return f"{say_length(over)} over its planned length" if over > 0 else ""
    behind = span.expected[0] - span.plan[0]
    return say_shift(behind) if span.status == "waiting" and behind > 0 else ""


def _waits_for(scene: _Scene, span: Span) -> str:
    if span.status != "waiting":
        return ""
    before = [
        scene.names.step(rule.before)
        for rule in scene.schedule.procedure.precedence
        if rule.after == span.task.id and rule.before not in scene.done
    ]
    return ", ".join(sorted(set(before)))


def _people(scene: _Scene, task: Task) -> str:
    found = [scene.names.person(person) for person, _ in scene.plan[task.id].staff]
    names = list(dict.fromkeys(found))
    more = len(names) - PEOPLE_SHOWN
    return ", ".join(names[:PEOPLE_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _on_watch(scene: _Scene) -> str:
    """Who is on watch by the plan at this minute."""
    watches = {task.id for task in scene.schedule.procedure.tasks if task.step == 0}
    found: set[StaffId] = {
        person
        for entry in scene.schedule.assignments
        if entry.task in watches and entry.start <= scene.dial.minute < entry.end
        for person, _ in entry.staff
    }
    return ", ".join(sorted(scene.names.person(person) for person in found))


def _parting(scene: _Scene, expected: Minute) -> Parting:
    procedure, board, dial = scene.schedule.procedure, scene.board, scene.dial
    milestone = next(m for m in procedure.milestones if m.id == procedure.separation)
    state = next(s for s in board.tasks if s.task == milestone.task)
    planned = scene.plan[milestone.task].end
    return Parting(
        done=board.separated is not None,
        at=dial.reading(expected),
        planned=dial.reading(planned),
        shift=say_shift(expected - planned),
        until=_until(expected - dial.minute),
        can_enter=board.separated is None and _begun(state),
    )


def _begun(state: TaskState) -> bool:
    return state.started is not None


def _until(minutes: int) -> str:
    if minutes == 0:
        return "now"
    return f"in {say_length(minutes)}" if minutes > 0 else f"{say_length(minutes)} ago"


def _tail(scene: _Scene, standing: tuple[Event, ...]) -> tuple[Entry, ...]:
    """The last entries, newest first; times as corrected."""
    holding = {event.seq: event for event in standing}
    return tuple(
        Entry(
            event=event,
            sign=sign_of(event.subject),
            at=scene.dial.reading(holding.get(event.seq, event).at),
            text=say_event(event, scene.names, scene.dial),
            by=scene.names.person(event.by),
            holds=event.seq in holding,
        )
        for event in reversed(scene.board.record[-TAIL:])
    )


def _unchecked(schedule: Schedule) -> str:
    rules = ", ".join(sorted({violation.rule for violation in schedule.violations}))
    return f"This plan did not pass its independent check{f' ({rules})' if rules else ''}."
