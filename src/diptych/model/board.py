"""The live day: commands, events, and the board that events fold into. Made by theatre only."""

from collections.abc import Mapping
from dataclasses import dataclass

from diptych.model.ids import StaffId, Subject, TaskId
from diptych.model.units import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a person asked for. `event_id` is made by the client, so repeating is harmless.

    kind : "day.start", "task.start", "task.finish", "note", "separated", "correct"
    at : minute of the day that the person says it happened
    body : further text fields, by name
    """

    event_id: str
    kind: str
    subject: Subject
    task: TaskId | None
    at: Minute
    by: StaffId
    body: Mapping[str, str]
    corrects: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What was decided and recorded; never changed, only corrected by a later event.

    seq : place in the record, gapless from 1, given at commit
    recorded : server wall clock, ISO 8601 UTC; order never depends on it
    hash : SHA-256 over the canonical row and the previous hash
    """

    seq: int
    event_id: str
    kind: str
    subject: Subject
    task: TaskId | None
    at: Minute
    by: StaffId
    body: Mapping[str, str]
    corrects: int | None
    recorded: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """One task on the board: planned and real times."""

    task: TaskId
    status: str
    started: Minute | None
    finished: Minute | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The state of the day, folded from events by a pure function.

    separated : the minute of separation, once entered
    notes : the notes in force
    head : hash of the last event, the first 8 digits of which stand on every page
    opened : the entry that started the day, once made; its body holds the instant of minute 0
    record : every event so far in order, corrected ones and corrections included
    """

    tasks: tuple[TaskState, ...]
    separated: Minute | None
    notes: tuple[Event, ...]
    last_seq: int
    head: str
    opened: Event | None = None
    record: tuple[Event, ...] = ()
