"""A small day of eight steps, commands, and an event log in memory, for the theatre's tests."""

import threading
import uuid
from collections.abc import Iterable
from dataclasses import replace

from diptych.model import (
    Assignment,
    Command,
    Demand,
    Duration,
    Event,
    Milestone,
    MilestoneId,
    Minute,
    Precedence,
    Procedure,
    Role,
    RoleId,
    Schedule,
    SkillId,
    Staff,
    StaffId,
    Subject,
    Task,
    TaskId,
)
from diptych.storage.chain import GENESIS, check_head, check_repeat, hash_event

SKILL = SkillId("work")
ROLE = RoleId("worker")
ZERO = "2026-03-02T07:00:00+00:00"
MIRROR = {Subject.A: Subject.B, Subject.B: Subject.A}

# id, title, subject, planned start, planned end, person, comes after
ROWS = (
    ("check", "Room check", Subject.TEAM, 0, 30, "ana", ()),
    ("air-a", "Airway and lines", Subject.A, 30, 90, "ana", ("check",)),
    ("air-b", "Airway and lines", Subject.B, 30, 90, "ben", ("check",)),
    ("expose", "Scalp and bone", Subject.SHARED, 90, 210, "cho", ("air-a", "air-b")),
    ("part", "Parting of the brains", Subject.BOTH, 210, 420, "cho", ("expose",)),
    ("apart", "Separation", Subject.BOTH, 420, 430, "cho", ("part",)),
    ("close-a", "Dura, skull and scalp", Subject.A, 430, 640, "cho", ("apart",)),
    ("close-b", "Dura, skull and scalp", Subject.B, 430, 650, "dee", ("apart",)),
)
NAMES = {"ana": "Ana Ortiz", "ben": "Ben Adeyemi", "cho": "Cho Min", "dee": "Dee Haddad"}


def make_schedule(
    *,
    mirrored: bool = False,
    names: dict[str, str] | None = None,
    titles: dict[str, str] | None = None,
) -> Schedule:
    """The day of ROWS; `mirrored` swaps the twins' labels and nothing else."""
    people = {**NAMES, **(names or {})}
    rows = [(row[0], (titles or {}).get(row[0], row[1]), *row[2:]) for row in ROWS]
    return Schedule(
        procedure=_procedure(rows, mirrored, people),
        assignments=tuple(
            Assignment(
                task=TaskId(id),
                start=Minute(start),
                end=Minute(end),
                staff=((StaffId(person), SKILL),),
            )
            for id, _, _, start, end, person, _ in rows
        ),
        makespan=Minute(650),
        bound=Minute(650),
        status="optimal",
        checked=True,
        violations=(),
        milestones={MilestoneId("separation"): Minute(430)},
        solver="by hand",
    )


def _procedure(rows: Iterable[tuple], mirrored: bool, people: dict[str, str]) -> Procedure:
    rows = list(rows)
    return Procedure(
        tasks=tuple(
            Task(
                id=TaskId(id),
                title=title,
                step=number,
                subject=MIRROR.get(subject, subject) if mirrored else subject,
                duration=Duration(
                    low=Minute(1),
                    mode=Minute(end - start),
                    high=Minute(900),
                    planned=Minute(end - start),
                ),
                demands=(Demand(skill=SKILL, count=1),),
                zones={},
                equipment={},
                priority=2,
                source="by hand",
            )
            for number, (id, title, subject, start, end, _, _) in enumerate(rows, start=1)
        ),
        precedence=tuple(
            Precedence(before=TaskId(before), after=TaskId(row[0]), min_lag=Minute(0), max_lag=None)
            for row in rows
            for before in row[6]
        ),
        milestones=(
            Milestone(id=MilestoneId("separation"), title="Separation", task=TaskId("apart")),
        ),
        roles=(Role(id=ROLE, title="Worker", skills=(SKILL,)),),
        staff=tuple(
            Staff(
                id=StaffId(id),
                name=name,
                role=ROLE,
                skills=(SKILL,),
                team="both",
                start=Minute(0),
                end=Minute(900),
            )
            for id, name in people.items()
        ),
        zones=(),
        equipment=(),
        day_start="07:00",
        separation=MilestoneId("separation"),
        notes=(),
    )


def command(
    kind: str, at: int, *, subject: Subject = Subject.TEAM, task: str | None = None, **more
) -> Command:
    """A command with a fresh event id; `more` overrides its other fields."""
    base = Command(
        event_id=str(uuid.uuid4()),
        kind=kind,
        subject=subject,
        task=None if task is None else TaskId(task),
        at=Minute(at),
        by=StaffId("ana"),
        body={},
        corrects=None,
    )
    return replace(base, **more)


def open_day(at: int = 0) -> Command:
    return command("day.start", at, body={"zero": ZERO})


def start(task: str, at: int, **more) -> Command:
    return command("task.start", at, task=task, subject=_subject(task), **more)


def finish(task: str, at: int, **more) -> Command:
    return command("task.finish", at, task=task, subject=_subject(task), **more)


def separate(at: int, *, by: str = "cho", witness: str = "dee") -> Command:
    return command("separated", at, subject=Subject.BOTH, by=StaffId(by), body={"witness": witness})


def retract(event: Event, at: int, **body: str) -> Command:
    return correct(event, at, action="retract", **body)


def correct(event: Event, at: int, **body: str) -> Command:
    return command(
        "correct", at, subject=event.subject, task=event.task, corrects=event.seq, body=body
    )


def draft(number: int, **more) -> Event:
    """An event that asks to be stored wherever the log stands."""
    base = Event(
        seq=0,
        event_id=f"event-{number:06d}",
        kind="note",
        subject=Subject.TEAM,
        task=None,
        at=Minute(number),
        by=StaffId("ana"),
        body={"text": f"note {number}"},
        corrects=None,
        recorded="",
        previous_hash="",
        hash="",
    )
    return replace(base, **more)


def _subject(task: str) -> Subject:
    return next(row[2] for row in ROWS if row[0] == task)


class MemoryLog:
    """An event log that lives in memory and keeps the same contract as the one on disk."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._lock = threading.Lock()

    def append(self, event: Event) -> Event:
        with self._lock:
            for stored in self._events:
                if stored.event_id == event.event_id:
                    return check_repeat(stored, event)
            head = self._events[-1].hash if self._events else GENESIS
            check_head(event, head)
            placed = replace(
                event,
                seq=len(self._events) + 1,
                body=dict(event.body),
                recorded="2026-03-02T07:00:00.000+00:00",
                previous_hash=head,
                hash="",
            )
            self._events.append(replace(placed, hash=hash_event(placed)))
            return self._events[-1]

    def events(self, after: int = 0) -> tuple[Event, ...]:
        with self._lock:
            return tuple(self._events[after:])
