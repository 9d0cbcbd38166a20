"""The people, places and kit of the operation day."""

from dataclasses import dataclass
from itertools import pairwise

from diptych.model.checks import require
from diptych.model.ids import EquipmentId, RoleId, SkillId, StaffId, ZoneId
from diptych.model.units import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A duty that people of certain skills can hold ("scrub nurse")."""

    id: RoleId
    title: str
    skills: tuple[SkillId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """A person: their role, skills (the role's and their own), and hours on the day.

    team : "A", "B" or "both", the colour they wear
    start, end : minutes since the day's start between which they can be asked;
        several people may overlap for hand-over
    grade : seniority, 1 (in training) to 5 (leads the field); 3 works alone
    absences : minutes (from, to) within the hours at which they cannot be asked, in order
    on_call : (from, to, travel) minutes outside the hours at which they can be called, in
        order, and how long they then need to come; no working hours: only for emergencies
    """

    id: StaffId
    name: str
    role: RoleId
    skills: tuple[SkillId, ...]
    team: str
    start: Minute
    end: Minute
    grade: int = 3
    absences: tuple[tuple[Minute, Minute], ...] = ()
    on_call: tuple[tuple[Minute, Minute, Minute], ...] = ()

    def __post_init__(self) -> None:
        require(
            1 <= self.grade <= 5,
            f"staff {self.id} ({self.name}): grade is {self.grade}, expected 1 to 5",
            remedy="correct the grade in the roster",
        )
        require(
            all(begin < end for begin, end in self.absences)
            and all(one[1] <= two[0] for one, two in pairwise(self.absences)),
            f"staff {self.id} ({self.name}): absences {list(self.absences)}, expected"
            " from-to minutes in order that do not overlap",
            remedy="correct the absences in the roster",
        )
        require(
            all(begin < end and travel >= 0 for begin, end, travel in self.on_call)
            and all(end <= self.start or begin >= self.end for begin, end, _ in self.on_call)
            and all(one[1] <= two[0] for one, two in pairwise(self.on_call)),
            f"staff {self.id} ({self.name}): on call {list(self.on_call)}, hours {self.start} to"
            f" {self.end} min, expected (from, to, travel) minutes outside the hours, in order,"
            " that do not overlap",
            remedy="correct the times on call in the roster",
        )
        require(
            self.start < self.end,
            f"staff {self.id} ({self.name}): hours {self.start} to {self.end} min, expected"
            " start before end",
            remedy="correct the hours in the roster",
        )
        require(
            self.team in ("A", "B", "both"),
            f"staff {self.id} ({self.name}): team is {self.team!r}, expected A, B or both",
            remedy="correct the team in the roster",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A place and how many people can stand there at once ("sterile field, joined")."""

    id: ZoneId
    title: str
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """A kind of kit and how many of it there are.

    renewable : free again when a task ends; False for a stock that tasks use up
    restock : (minute, pieces) that are delivered, in order; only for a stock. Schedulers plan
        with `count` alone; what comes later is for emergencies and for tasks moved by hand
    """

    id: EquipmentId
    title: str
    count: int
    renewable: bool = True
    restock: tuple[tuple[Minute, int], ...] = ()

    def __post_init__(self) -> None:
        require(
            all(pieces > 0 for _, pieces in self.restock)
            and all(one[0] < two[0] for one, two in pairwise(self.restock))
            and not (self.renewable and self.restock),
            f"equipment {self.id}: restock {list(self.restock)}, expected (minute, pieces) in"
            " order of time, of a stock (renewable = false)",
            remedy="correct the row in tables/equipment.toml",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How long a person can be on duty.

    longest_stretch : longest time on duty without a break of at least `shortest_break`
    longest_work : longest time on duty over the whole day
    longest_span : longest time from a person's first minute on duty to the last; None: no limit
    low : clock minutes (from, to; past midnight as 1440 and more) of the circadian low
    low_stretch : longest stretch of time on duty that lies in the low or reaches into it;
        None: as at any other hour
    """

    longest_stretch: Minute
    shortest_break: Minute
    longest_work: Minute
    longest_span: Minute | None = None
    low: tuple[Minute, Minute] | None = None
    low_stretch: Minute | None = None

    def __post_init__(self) -> None:
        require(
            (self.low is None) == (self.low_stretch is None)
            and (self.low is None or self.low[0] < self.low[1])
            and (self.low_stretch is None or 0 < self.low_stretch <= self.longest_stretch)
            and (self.longest_span is None or self.longest_span >= self.longest_stretch),
            f"rest rules: span {self.longest_span}, circadian low {self.low} with stretch"
            f" {self.low_stretch} min, expected span >= stretch >= stretch in the low > 0",
            remedy="correct the rows in tables/rest.toml",
        )
        require(
            0 < self.shortest_break <= self.longest_stretch <= self.longest_work,
            f"rest rules: break {self.shortest_break}, stretch {self.longest_stretch}, work"
            f" {self.longest_work} min, expected 0 < break <= stretch <= work",
            remedy="correct the rows in tables/rest.toml",
        )
