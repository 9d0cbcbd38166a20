"""The operation day as it runs: joins the record (an edge) and the theatre (a part)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from diptych.model import (
    Board,
    Command,
    DiptychError,
    EdgeError,
    Event,
    EventLog,
    Minute,
    Schedule,
)
from diptych.pipeline.folder import CaseFolder
from diptych.storage.chain import EventConflict, StaleHead, check_repeat
from diptych.storage.sqlite import open_log
from diptych.theatre import (
    Forecast,
    Refusal,
    decide,
    evolve,
    follow,
    forecast,
    in_force,
    minute_of,
    minute_zero,
)

if TYPE_CHECKING:
    from diptych.pipeline.lookout import Ahead, Lookout

__all__ = ["Answer", "Forecast", "TheatreDay", "open_day"]
_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a command.

    status : "stored" now, "repeated" (it was stored before), "conflict" (its id was used
        for something else) or "refused"
    event : the event as stored, in the first two cases
    code, message, remedy : why not, and what to do, in the last two; empty otherwise
    """

    status: Literal["stored", "repeated", "conflict", "refused"]
    event: Event | None
    code: str
    message: str
    remedy: str


@contextmanager
def open_day(case: Path) -> Iterator["TheatreDay"]:
    """The day of a planned case, on its own record `theatre/log.db`; closed afterwards.

    The case's hazards are asked live for the next hour.
    Raises InputError if the case has no schedule yet, EdgeError if the record cannot be
    opened, is damaged or was tampered with.
    """
    from diptych.pipeline.results import load_schedule

    schedule = load_schedule(case)
    lookout = _set_watch(case, schedule)
    if lookout is not None:
        lookout.warm(schedule)
    with open_log(CaseFolder(case).log) as log:
        yield TheatreDay(log, schedule, lookout)


def _set_watch(case: Path, schedule: Schedule) -> "Lookout | None":
    """Watch over the case's hazards, by its policy; None where its tables cannot be read.

    A fault in a table must not keep the board from the team: `diptych prove` tells it.
    """
    from diptych.contingencies import AnswerPolicy, read_hazards
    from diptych.pipeline.lookout import Lookout
    from diptych.pipeline.plan import open_run
    from diptych.pipeline.policy import merge_policy
    from diptych.pipeline.stage import PlanOptions

    try:
        run = open_run(CaseFolder(case), PlanOptions())
        section = run.policies.get("contingencies", {})
        policy = merge_policy(AnswerPolicy(), section, "contingencies")
        hazards = read_hazards(run.tables(("hazards",))["hazards"], schedule.procedure)
    except DiptychError:
        return None
    return Lookout(hazards, policy)


class TheatreDay:
    """One operation day: a schedule and the record of what really happens.

    Safe to use from several threads: commands are decided and recorded one at a time, and
    a command decided on an older record (another process wrote) is decided again.
    """

    def __init__(self, log: EventLog, schedule: Schedule, lookout: "Lookout | None" = None) -> None:
        self._log = log
        self._lookout = lookout
        self._lock = threading.Lock()
        self._events = log.events()
        self._board = evolve(self._events, schedule)
        self.schedule = schedule

    def submit(self, command: Command, now: Minute) -> Answer:
        """Decide the command at minute `now` and record it. EdgeError: nothing recorded."""
        with self._lock:
            for _ in range(_TRIES):
                self._refresh()
                known = self._find(command.event_id)
                if known is not None:
                    return _answer_again(known, command)
                decision = decide(self._board, command, self.schedule, now)
                if isinstance(decision, Refusal):
                    return _refused(decision)
                try:
                    stored = self._log.append(decision)
                except StaleHead:
                    continue
                except EventConflict as conflict:
                    return _conflict(conflict)
                self._refresh()
                return _answer(stored, "stored")
        raise EdgeError(
            f"the record moved on {_TRIES} times while entry {command.event_id!r} was decided",
            remedy="stop other programs that write to this record, then try again",
        )

    def board(self) -> Board:
        """The board as the record stands."""
        with self._lock:
            self._refresh()
            return self._board

    def events(self, after: int = 0) -> tuple[Event, ...]:
        """The events with seq > after."""
        with self._lock:
            self._refresh()
            return self._events[max(after, 0) :]

    def standing(self) -> tuple[Event, ...]:
        """The events that still hold, with corrected times."""
        return in_force(self.events())

    def find(self, event_id: str) -> Event | None:
        """The event that a client made under that id, if it is recorded."""
        with self._lock:
            self._refresh()
            return self._find(event_id)

    def zero(self, now: datetime) -> datetime:
        """The instant of minute 0."""
        return minute_zero(self.board(), now, self.schedule.procedure.day_start)

    def minute(self, now: datetime) -> Minute:
        """The minute of the day at the instant `now`."""
        return minute_of(now, self.zero(now))

    def forecast(self, now: Minute) -> Forecast:
        """The expected rest of the day, seen from minute `now`."""
        return forecast(self.board(), self.schedule, now)

    @property
    def watched(self) -> bool:
        """The cover of the next hour is asked on this day."""
        return self._lookout is not None and not self._lookout.failed

    def ahead(self, now: Minute) -> "Ahead | None":
        """The cover of the hour from minute `now` on; None while it cannot be told."""
        if self._lookout is None:
            return None
        board = self.board()
        expected = follow(self.schedule, forecast(board, self.schedule, now))
        return self._lookout.ask(expected, now, board.head)

    def _refresh(self) -> None:
        new = self._log.events(len(self._events))
        if new:
            self._events = (*self._events, *new)
            self._board = evolve(self._events, self.schedule)

    def _find(self, event_id: str) -> Event | None:
        return next((e for e in reversed(self._events) if e.event_id == event_id), None)


def _answer_again(known: Event, command: Command) -> Answer:
    repeated = Event(
        seq=0,
        event_id=command.event_id,
        kind=command.kind,
        subject=command.subject,
        task=command.task,
        at=command.at,
        by=command.by,
        body=command.body,
        corrects=command.corrects,
        recorded="",
        previous_hash="",
        hash="",
    )
    try:
        return _answer(check_repeat(known, repeated), "repeated")
    except EventConflict as conflict:
        return _conflict(conflict)


def _answer(event: Event, status: Literal["stored", "repeated"]) -> Answer:
    return Answer(status=status, event=event, code="", message="", remedy="")


def _conflict(conflict: EventConflict) -> Answer:
    return Answer(
        status="conflict",
        event=None,
        code=conflict.code,
        message=conflict.message,
        remedy=conflict.remedy,
    )


def _refused(refusal: Refusal) -> Answer:
    return Answer(
        status="refused",
        event=None,
        code=refusal.code,
        message=refusal.message,
        remedy=refusal.remedy,
    )
