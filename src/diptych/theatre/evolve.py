"""From events to the board: a pure fold. Corrections are later events, nothing is rewritten."""

from collections.abc import Iterable
from dataclasses import replace

from diptych.model import Board, Event, InputError, Minute, Schedule, TaskId, TaskState
from diptych.theatre.commands import Action, Kind

GENESIS = "0" * 64
"""The previous hash of the first event."""


def evolve(events: Iterable[Event], schedule: Schedule) -> Board:
    """The board after `events` (in order of seq, from the first one).

    Tasks stand in the order of the procedure; a task that the schedule no longer knows
    but the record names is kept at the end. Raises InputError for an event of a kind
    that this version does not know: leaving it out would show a wrong board.
    """
    record = tuple(events)
    board = empty_board(schedule)
    for event in in_force(record):
        board = advance(board, event, schedule)
    if not record:
        return board
    return replace(board, record=record, last_seq=record[-1].seq, head=record[-1].hash)


def in_force(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events that still hold, with corrected times; corrections themselves left out."""
    record = tuple(events)
    retracted: set[int] = set()
    times: dict[int, Minute] = {}
    for event in record:
        if event.kind == Kind.CORRECT and event.corrects is not None:
            if event.body.get("action") == Action.RETRACT:
                retracted.add(event.corrects)
            else:
                times[event.corrects] = Minute(int(event.body["minute"]))
    return tuple(
        replace(event, at=times.get(event.seq, event.at))
        for event in record
        if event.kind != Kind.CORRECT and event.seq not in retracted
    )


def empty_board(schedule: Schedule) -> Board:
    """The board before the first event."""
    return Board(
        tasks=tuple(_waiting(task.id) for task in schedule.procedure.tasks),
        separated=None,
        notes=(),
        last_seq=0,
        head=GENESIS,
    )


def advance(board: Board, event: Event, schedule: Schedule) -> Board:
    """The board after one more event that is no correction."""
    board = replace(board, record=(*board.record, event), last_seq=event.seq, head=event.hash)
    if event.kind == Kind.DAY_START:
        return replace(board, opened=event)
    if event.kind == Kind.NOTE:
        return replace(board, notes=(*board.notes, event))
    if event.kind == Kind.SEPARATED:
        return _separate(board, event, schedule)
    if event.kind == Kind.TASK_START and event.task is not None:
        return _with_state(
            board,
            TaskState(task=event.task, status="running", started=event.at, finished=None),
        )
    if event.kind == Kind.TASK_FINISH and event.task is not None:
        return _with_state(board, _finished(task_state(board, event.task), event.at))
    raise InputError(
        f"entry {event.seq} of the record is of kind {event.kind!r}, which this version does"
        " not know",
        remedy="open the record with the version of Diptych that wrote it",
    )


def task_state(board: Board, task: TaskId) -> TaskState:
    """The state of a task; waiting if the board has never heard of it."""
    return next((state for state in board.tasks if state.task == task), _waiting(task))


def separation_task(schedule: Schedule) -> TaskId:
    """The task whose end is the separation."""
    procedure = schedule.procedure
    return next(m.task for m in procedure.milestones if m.id == procedure.separation)


def _waiting(task: TaskId) -> TaskState:
    return TaskState(task=task, status="waiting", started=None, finished=None)


def _finished(state: TaskState, at: Minute) -> TaskState:
    return replace(state, status="done", finished=at)


def _separate(board: Board, event: Event, schedule: Schedule) -> Board:
    """The separation is the end of its task, so a running one is finished with it."""
    state = task_state(board, separation_task(schedule))
    if state.status == "running":
        board = _with_state(board, _finished(state, event.at))
    return replace(board, separated=event.at)


def _with_state(board: Board, new: TaskState) -> Board:
    if any(state.task == new.task for state in board.tasks):
        tasks = tuple(new if state.task == new.task else state for state in board.tasks)
    else:
        tasks = (*board.tasks, new)
    return replace(board, tasks=tasks)
