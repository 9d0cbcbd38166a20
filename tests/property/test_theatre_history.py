"""Random days: whatever people enter, the board keeps its rules."""

import dataclasses

from day_builders import MIRROR, ROWS, MemoryLog, command, make_schedule
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych.model import Command, Event, Minute, StaffId, Subject, TaskId
from diptych.theatre import Kind, decide, evolve, forecast, in_force
from diptych.theatre.evolve import advance, empty_board

SCHEDULE = make_schedule()
MIRRORED = make_schedule(mirrored=True)
NOW = Minute(60)
TASKS = [row[0] for row in ROWS]
JOINT = (Subject.BOTH, Subject.SHARED)


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Mostly sensible entries, some for the wrong twin, about a short day."""
    kind = draw(st.sampled_from([*Kind, Kind.TASK_START, Kind.TASK_FINISH, Kind.TASK_START]))
    row = draw(st.sampled_from(ROWS))
    wrong = draw(st.integers(0, 9)) == 0
    subject = {
        Kind.DAY_START: Subject.TEAM,
        Kind.SEPARATED: Subject.BOTH,
        Kind.NOTE: draw(st.sampled_from(list(Subject))),
    }.get(kind, row[2])
    body = {
        Kind.DAY_START: {"zero": "2026-03-02T07:00:00+00:00"},
        Kind.SEPARATED: {"witness": "dee"},
        Kind.NOTE: {"text": "x"},
        Kind.CORRECT: draw(
            st.sampled_from([{"action": "retract"}, {"action": "time", "minute": "30"}])
        )
        | {"witness": "dee"},
    }.get(kind, {})
    return command(
        kind,
        draw(st.integers(0, 60)),
        subject=draw(st.sampled_from(list(Subject))) if wrong else subject,
        task=row[0] if kind in (Kind.TASK_START, Kind.TASK_FINISH) else None,
        corrects=draw(st.integers(1, 12)) if kind == Kind.CORRECT else None,
        body=body,
        by=StaffId("cho"),
    )


def aimed(asked: Command, log: MemoryLog) -> Command:
    """A correction made to fit the entry that it names, as the page does it."""
    target = next((e for e in log.events() if e.seq == asked.corrects), None)
    if target is None:
        return asked
    return dataclasses.replace(asked, subject=target.subject, task=target.task)


def play(asked: list[Command]) -> MemoryLog:
    log = MemoryLog()
    for each in [command("day.start", 0, body={"zero": "2026-03-02T07:00:00+00:00"}), *asked]:
        decision = decide(evolve(log.events(), SCHEDULE), aimed(each, log), SCHEDULE, NOW)
        if isinstance(decision, Event):
            log.append(decision)
    return log


@settings(max_examples=120, deadline=None)
@given(st.lists(commands(), max_size=30))
def test_the_board_keeps_its_rules(asked: list[Command]) -> None:
    log = play(asked)
    board = evolve(log.events(), SCHEDULE)
    holding = in_force(log.events())
    for state in board.tasks:
        expected = {"waiting": (False, False), "running": (True, False), "done": (True, True)}
        assert (state.started is not None, state.finished is not None) == expected[state.status]
        if state.started is not None and state.finished is not None:
            assert state.started <= state.finished
    if board.separated is not None:
        assert all(e.at <= board.separated for e in holding if e.subject in JOINT)
    subjects = {row[0]: row[2] for row in ROWS}
    assert all(e.subject is subjects[e.task] for e in holding if e.task is not None)
    assert sum(e.kind == Kind.DAY_START for e in holding) <= 1
    assert forecast(board, SCHEDULE, NOW).end >= NOW


@settings(max_examples=60, deadline=None)
@given(st.lists(commands(), max_size=20))
def test_without_corrections_folding_at_once_is_folding_step_by_step(asked: list[Command]) -> None:
    log = play([each for each in asked if each.kind != Kind.CORRECT])
    board = empty_board(SCHEDULE)
    for event in log.events():
        board = advance(board, event, SCHEDULE)
    assert board == evolve(log.events(), SCHEDULE)


@settings(max_examples=60, deadline=None)
@given(st.lists(commands(), max_size=20))
def test_mirror(asked: list[Command]) -> None:
    log = play(asked)
    swapped = [
        dataclasses.replace(event, subject=MIRROR.get(event.subject, event.subject))
        for event in log.events()
    ]
    board, other = evolve(log.events(), SCHEDULE), evolve(swapped, MIRRORED)
    assert (board.tasks, board.separated) == (other.tasks, other.separated)
    assert forecast(board, SCHEDULE, NOW) == forecast(other, MIRRORED, NOW)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TASKS), st.sampled_from(list(Subject)))
def test_no_start_is_taken_for_another_subject_than_the_tasks(task: str, subject: Subject) -> None:
    log = play([])
    asked = command("task.start", 1, task=task, subject=subject)
    taken = isinstance(decide(evolve(log.events(), SCHEDULE), asked, SCHEDULE, NOW), Event)
    assert taken is (subject is SCHEDULE.procedure.task(TaskId(task)).subject)
