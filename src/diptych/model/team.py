"""The people, places and kit of the operation day."""

from dataclasses import dataclass

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
    """

    id: StaffId
    name: str
    role: RoleId
    skills: tuple[SkillId, ...]
    team: str
    start: Minute
    end: Minute

    def __post_init__(self) -> None:
        require(
            self.start < self.end,
            f"staff {self.id} ({self.name}): hours {self.start} to {self.end} min, expected"
            " start before end",
            remedy="correct the hours in roster.csv",
        )
        require(
            self.team in ("A", "B", "both"),
            f"staff {self.id} ({self.name}): team is {self.team!r}, expected A, B or both",
            remedy="correct the team in roster.csv",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A place and how many people can stand there at once ("sterile field, joined")."""

    id: ZoneId
    title: str
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """A kind of kit and how many of it there are."""

    id: EquipmentId
    title: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How long a person can be on duty.

    longest_stretch : longest time on duty without a break of at least `shortest_break`
    longest_work : longest time on duty over the whole day
    """

    longest_stretch: Minute
    shortest_break: Minute
    longest_work: Minute

    def __post_init__(self) -> None:
        require(
            0 < self.shortest_break <= self.longest_stretch <= self.longest_work,
            f"rest rules: break {self.shortest_break}, stretch {self.longest_stretch}, work"
            f" {self.longest_work} min, expected 0 < break <= stretch <= work",
            remedy="correct the rows in tables/rest.toml",
        )
