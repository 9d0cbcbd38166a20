"""From a command to an event, or to a refusal that says what to do."""

from collections.abc import Callable
from datetime import datetime

from diptych.model import Board, Command, Event, Minute, Schedule, StaffId, Subject, Task
from diptych.theatre.commands import Action, Kind, Refusal, check_form
from diptych.theatre.evolve import (
    advance,
    empty_board,
    in_force,
    separation_task,
    task_state,
)

Rule = Callable[[Board, Command, Schedule], Refusal | None]
JOINT = (Subject.BOTH, Subject.SHARED)
"""Subjects that exist only before the separation."""
EARLIEST = -1440
"""Minutes; no entry lies more than a day before the start of the day."""


def decide(board: Board, command: Command, schedule: Schedule, now: Minute) -> Event | Refusal:
    """The event to record, or why not.

    The event is a draft: `seq` and `previous_hash` say where it must stand, so that a log
    that has moved on refuses it; `recorded` and `hash` are given at the commit.
    """
    if command.kind not in _RULES:
        return Refusal(
            code="kind",
            message=f"entries of kind {command.kind!r:.80} do not exist",
            remedy=f"use one of {', '.join(sorted(_RULES))}",
        )
    refusal = (
        check_form(command)
        or _refuse_time(command, now)
        or _first_refusal(_RULES[command.kind], board, command, schedule)
    )
    return refusal or _draft(board, command)


def _first_refusal(
    rules: tuple[Rule, ...], board: Board, command: Command, schedule: Schedule
) -> Refusal | None:
    return next(filter(None, (rule(board, command, schedule) for rule in rules)), None)


def _draft(board: Board, command: Command) -> Event:
    return Event(
        seq=board.last_seq + 1,
        event_id=command.event_id,
        kind=command.kind,
        subject=command.subject,
        task=command.task,
        at=command.at,
        by=command.by,
        body=dict(command.body),
        corrects=command.corrects,
        recorded="",
        previous_hash=board.head,
        hash="",
    )


def _refuse_time(command: Command, now: Minute) -> Refusal | None:
    if EARLIEST <= command.at <= now:
        return None
    if command.at < EARLIEST:
        return Refusal(
            code="too-early",
            message=f"minute {command.at} lies more than a day before the start of the day",
            remedy="check the time, and whether the right day was opened",
        )
    return Refusal(
        code="future",
        message=f"minute {command.at} has not come yet (it is minute {now})",
        remedy="give the time at which it happened, not a planned one",
    )


def _find_task(schedule: Schedule, command: Command) -> Task | None:
    return next((task for task in schedule.procedure.tasks if task.id == command.task), None)


def _name(schedule: Schedule, person: str) -> str:
    return next((p.name for p in schedule.procedure.staff if p.id == person), person)


# --- rules; each returns None when it has nothing against the command ---


def _on_roster(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    known = {person.id for person in schedule.procedure.staff}
    people = [command.by]
    if "witness" in command.body:
        people.append(StaffId(command.body["witness"]))
    for person in people:
        if person not in known:
            return Refusal(
                code="not-on-roster",
                message=f"{person!r:.80} is not on the roster of the day",
                remedy="choose a name from the list",
            )
    return None


def _only_kind(wanted: Subject) -> Rule:
    def rule(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
        if command.subject is wanted:
            return None
        return Refusal(
            code="subject",
            message=f"an entry of kind {command.kind} concerns {wanted},"
            f" but {command.subject} was given",
            remedy=f"enter it for {wanted}",
        )

    return rule


def _without_task(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    if command.task is None:
        return None
    return Refusal(
        code="task",
        message=f"an entry of kind {command.kind} names task {command.task!r:.80},"
        " but it concerns none",
        remedy="leave the task out",
    )


def _corrects_nothing(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    if command.corrects is None:
        return None
    return Refusal(
        code="corrects",
        message=f"an entry of kind {command.kind} cannot correct entry {command.corrects}",
        remedy=f"send a correction as kind {Kind.CORRECT}",
    )


def _day_not_open(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    if board.opened is None:
        return None
    return Refusal(
        code="day-started",
        message="the day has been started already, by"
        f" {_name(schedule, board.opened.by)} in entry {board.opened.seq}",
        remedy="go on with the first step",
    )


def _day_open(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    if board.opened is not None:
        return None
    return Refusal(
        code="day-not-started",
        message="the day has not been started",
        remedy="press Start the day first",
    )


def _zero_given(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    try:
        aware = datetime.fromisoformat(command.body["zero"]).tzinfo is not None
    except (KeyError, ValueError):
        aware = False
    if aware:
        return None
    return Refusal(
        code="zero",
        message="the start of the day does not say which instant is minute 0",
        remedy="send body.zero as ISO 8601 with time zone, or leave it to the server",
    )


def _task_known(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    if _find_task(schedule, command) is not None:
        return None
    return Refusal(
        code="task-unknown",
        message=f"task {command.task!r:.80} is not in the plan of the day",
        remedy="reload the page, or record what was done as a note",
    )


def _own_subject(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    task = _find_task(schedule, command)
    if task is None or task.subject is command.subject:
        return None
    return Refusal(
        code="subject",
        message=f"“{task.title}” concerns {task.subject}, but {command.subject} was given",
        remedy="check which twin is meant; nothing was recorded",
    )


def _note_subject(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    """A note about a step of one twin cannot concern the other."""
    task = _find_task(schedule, command)
    if task is None or task.subject not in (Subject.A, Subject.B):
        return None
    return _own_subject(board, command, schedule)


def _two_patients(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    """After the separation there are two patients and nothing joint any more."""
    if board.separated is None or command.subject not in JOINT or command.at <= board.separated:
        return None
    return Refusal(
        code="separated",
        message=f"the twins have been separate since minute {board.separated}:"
        f" no entry for {command.subject} can be made after it",
        remedy="enter it for A and for B apart; if it happened before the separation, give"
        " that time",
    )


def _not_started(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    task = _find_task(schedule, command)
    if task is None or task_state(board, task.id).status == "waiting":
        return None
    first = next(
        event
        for event in reversed(in_force(board.record))
        if event.kind == Kind.TASK_START and event.task == task.id
    )
    return Refusal(
        code="started",
        message=f"“{task.title}” was started already, at minute {first.at} by"
        f" {_name(schedule, first.by)} (entry {first.seq})",
        remedy="nothing needs to be done; to change it, undo that entry first",
    )


def _running(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    task = _find_task(schedule, command)
    if task is None:
        return None
    state = task_state(board, task.id)
    if state.status == "waiting":
        return Refusal(
            code="not-started",
            message=f"“{task.title}” has not been started, so it cannot be finished",
            remedy="enter its start first",
        )
    if state.status == "done":
        return Refusal(
            code="finished",
            message=f"“{task.title}” was finished already, at minute {state.finished}",
            remedy="nothing needs to be done; to change it, undo that entry first",
        )
    if state.started is not None and command.at < state.started:
        return Refusal(
            code="before-start",
            message=f"“{task.title}” started at minute {state.started}, so it cannot have ended"
            f" at minute {command.at}",
            remedy="correct one of the two times",
        )
    return None


def _text_given(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    if command.body.get("text", "").strip():
        return None
    return Refusal(code="text", message="the note is empty", remedy="write what happened")


def _task_known_if_given(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    return None if command.task is None else _task_known(board, command, schedule)


def _two_persons(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    witness = command.body.get("witness", "")
    if witness and witness != command.by:
        return None
    return Refusal(
        code="two-persons",
        message="two different persons must name the separation,"
        f" but {'one was' if not witness else 'the same was'} given"
        + (" twice" if witness else ""),
        remedy="choose a second person who saw it",
    )


def _not_separated(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    if board.separated is None:
        return None
    return Refusal(
        code="already-separated",
        message=f"the separation is recorded already, at minute {board.separated}",
        remedy="nothing needs to be done; to change the time, correct that entry",
    )


def _separation_begun(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    """The separation is the end of a task: that task must have been started."""
    state = task_state(board, separation_task(schedule))
    title = schedule.procedure.task(state.task).title
    if state.started is None:
        return Refusal(
            code="separation-not-begun",
            message=f"the separation is the end of “{title}”, which has not been started",
            remedy="enter the start of that step first",
        )
    if command.at < state.started:
        return Refusal(
            code="before-start",
            message=f"“{title}” started at minute {state.started}, so the separation cannot"
            f" have been at minute {command.at}",
            remedy="correct one of the two times",
        )
    return None


def _nothing_joint_later(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    joint = [e for e in in_force(board.record) if e.subject in JOINT and e.at > command.at]
    if not joint:
        return None
    latest = max(joint, key=lambda event: (event.at, event.seq))
    return Refusal(
        code="joint-later",
        message=f"entry {latest.seq} for {latest.subject} is at minute {latest.at}, after the"
        f" separation at minute {command.at}",
        remedy="correct one of the two times",
    )


def _correction_fits(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    target = next((e for e in in_force(board.record) if e.seq == command.corrects), None)
    if target is None:
        return Refusal(
            code="corrects",
            message=f"entry {command.corrects} does not exist, is itself a correction, or was"
            " retracted already",
            remedy="reload the page and choose an entry that still holds",
        )
    if (target.subject, target.task) != (command.subject, command.task):
        return Refusal(
            code="subject",
            message=f"entry {target.seq} concerns {target.subject} and task {target.task}, but the"
            f" correction says {command.subject} and {command.task}",
            remedy="undo the wrong entry, then enter it for the other twin",
        )
    if target.kind == Kind.SEPARATED:
        return _two_persons(board, command, schedule)
    return None


def _action_known(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    action = command.body.get("action")
    if action == Action.RETRACT:
        return None
    minute = command.body.get("minute", "")
    if action == Action.TIME and _is_minute(minute) and EARLIEST <= int(minute) <= command.at:
        return None
    return Refusal(
        code="action",
        message="the correction neither retracts the entry nor gives a time that has come",
        remedy=f"send body.action {Action.RETRACT}, or {Action.TIME} with body.minute",
    )


def _is_minute(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 6


def _history_holds(board: Board, command: Command, schedule: Schedule) -> Refusal | None:
    """Replay the day with the correction: every entry must still be one that is taken."""
    day = empty_board(schedule)
    for event in in_force((*board.record, _draft(board, command))):
        again = _command_of(event)
        refusal = _first_refusal(_RULES[event.kind], day, again, schedule)
        if refusal is not None:
            return Refusal(
                code="history",
                message=f"with this correction entry {event.seq} would not hold: {refusal.message}",
                remedy=f"correct or undo entry {event.seq} first",
            )
        day = advance(day, event, schedule)
    return None


def _command_of(event: Event) -> Command:
    return Command(
        event_id=event.event_id,
        kind=event.kind,
        subject=event.subject,
        task=event.task,
        at=event.at,
        by=event.by,
        body=event.body,
        corrects=event.corrects,
    )


_ON_TASK: tuple[Rule, ...] = (
    _on_roster,
    _corrects_nothing,
    _task_known,
    _own_subject,
    _day_open,
    _two_patients,
)
_RULES: dict[str, tuple[Rule, ...]] = {
    Kind.DAY_START: (
        _on_roster,
        _corrects_nothing,
        _only_kind(Subject.TEAM),
        _without_task,
        _zero_given,
        _day_not_open,
    ),
    Kind.TASK_START: (*_ON_TASK, _not_started),
    Kind.TASK_FINISH: (*_ON_TASK, _running),
    Kind.NOTE: (
        _on_roster,
        _corrects_nothing,
        _text_given,
        _task_known_if_given,
        _note_subject,
        _two_patients,
    ),
    Kind.SEPARATED: (
        _on_roster,
        _corrects_nothing,
        _only_kind(Subject.BOTH),
        _without_task,
        _two_persons,
        _day_open,
        _not_separated,
        _separation_begun,
        _nothing_joint_later,
    ),
    Kind.CORRECT: (_on_roster, _action_known, _correction_fits, _history_holds),
}
