"""Rehearsals of the operation day with people, and what their time logs say."""

from collections.abc import Mapping
from dataclasses import dataclass

from diptych.model.checks import require
from diptych.model.ids import EquipmentId, StaffId, TaskId, ZoneId
from diptych.model.units import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class DryPart:
    """Something to rehearse: tasks of one kind, or a way that no task stands for.

    tasks : what it stands for, in the order of the day; minutes : how long it is rehearsed
    score : how much it asks for rehearsal, from its `reasons` (reason -> its part of the score)
    people : who hold the duties; zones, equipment : where and with what kit
    things : keys of the things to rehearse with ("doll", "printed-model")
    """

    key: str
    title: str
    tasks: tuple[TaskId, ...]
    minutes: Minute
    score: float
    reasons: Mapping[str, float]
    people: tuple[StaffId, ...]
    zones: tuple[ZoneId, ...]
    equipment: tuple[EquipmentId, ...]
    things: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrySession:
    """A rehearsal: some parts, one after the other, with those who hold their duties.

    kind : "station" (a few parts) or "full" (whole room, whole team)
    days_before : days before the operation; start : minutes after the day's start of the
        operation day's clock; minutes : its length
    absent : who would have to come outside the hours that they work on the operation day
    """

    number: int
    kind: str
    title: str
    days_before: int
    start: Minute
    minutes: Minute
    parts: tuple[DryPart, ...]
    people: tuple[StaffId, ...]
    absent: tuple[StaffId, ...]

    def __post_init__(self) -> None:
        require(
            self.minutes == sum(part.minutes for part in self.parts),
            f"rehearsal {self.number} lasts {self.minutes} min, its parts"
            f" {sum(part.minutes for part in self.parts)}",
            remedy="make its length the sum of its parts",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """All rehearsals in their order, the parts by rank, and what was left out."""

    sessions: tuple[DrySession, ...]
    ranked: tuple[DryPart, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One timing of a task or step. kind : "doll", "model" or "operation"."""

    row: int
    step: str
    minutes: float
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """New figures of a step beside the old ones; nobody has taken them over yet.

    old, new : least, most likely, most minutes; observed : timings as they were written
    worth : timed operations that the timings are worth; note : what to think of before taking
    """

    step: str
    title: str
    old: tuple[Minute, Minute, Minute]
    observed: tuple[tuple[float, str], ...]
    new: tuple[Minute, Minute, Minute]
    worth: float
    note: str

    @property
    def n(self) -> int:
        """Number of timings."""
        return len(self.observed)
