"""What would close the gaps: a reserve for the day, single changes, thin spots and drills."""

from dataclasses import dataclass

from diptych.model.ids import EquipmentId, HazardId, RoleId, SkillId, StaffId
from diptych.model.schedule import Schedule
from diptych.model.setproof import SetCount, SetGap
from diptych.model.units import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """`count` people of a role who stand by from `start` to `end`, on no task."""

    role: RoleId
    skills: tuple[SkillId, ...]
    start: Minute
    end: Minute
    count: int
    grade: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LongerHours:
    """A person of the roster called earlier or kept longer: their hours before and after."""

    staff: StaffId
    start: Minute
    end: Minute
    new_start: Minute
    new_end: Minute

    @property
    def minutes(self) -> int:
        """How much longer in all."""
        return int(self.start - self.new_start + self.new_end - self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareKit:
    """`count` more pieces of a kind of kit for the whole day."""

    kind: EquipmentId
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """The smallest reserve with which every set of up to `order` hazards is covered.

    Fewest standby people and pieces of kit first; of those reserves, fewest minutes of
    standby and longer hours together.

    least : proven lower bound of the number of people and pieces; equal to `size` when proven
    least_minutes : proven lower bound of the minutes, for that number of people and pieces
    proven : no smaller reserve does, by either measure
    beyond : sets that nobody of any role and no piece of kit could mend
    open : gaps that are left although the reserve should close them; empty when it was found
    before, after : counts of each order without and with the reserve
    """

    order: int
    watches: tuple[Watch, ...]
    longer: tuple[LongerHours, ...]
    kit: tuple[SpareKit, ...]
    least: int
    least_minutes: int
    proven: bool
    beyond: tuple[SetGap, ...]
    open: tuple[SetGap, ...]
    before: tuple[SetCount, ...]
    after: tuple[SetCount, ...]

    @property
    def size(self) -> int:
        """Standby people and pieces of kit."""
        return sum(row.count for row in self.watches) + sum(row.count for row in self.kit)

    @property
    def minutes(self) -> int:
        """Minutes of standby and of longer hours, over all people."""
        stand = sum(row.count * (row.end - row.start) for row in self.watches)
        return stand + sum(row.minutes for row in self.longer)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mending:
    """One change of the plan that closes a gap, and the plan with it.

    kind : "reserve" (people, kit, longer hours), "task" (a task moved) or "break"
    words : the change as one says it
    cost : minutes, as the table `reserve` weighs changes
    size : people and pieces added, tasks or breaks moved; for the kind "reserve" it is the
        proven least
    applied : the plan with the change; a fresh proof of it has the gap no more
    """

    kind: str
    words: str
    cost: int
    size: int
    applied: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinSpot:
    """A hazard that is covered by one way only: without any one of `only` it is a gap.

    only : ids of people, and names of pieces of kit ("defibrillator 2")
    """

    hazard: HazardId
    spans: tuple[tuple[Minute, Minute], ...]
    only: tuple[str, ...]

    @property
    def minutes(self) -> int:
        """For how long in all."""
        return sum(end - start for start, end in self.spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pillar:
    """A person, or the last piece of a kind of kit, on whom cover rests.

    lost : for each order from 1, sets times minutes covered now and no longer without them
    covered : for each order, sets times minutes covered now
    hazards : each hazard that is no longer answered, alone, and for how many minutes;
        most first
    together : each hazard with the sets times minutes of the largest order that are lost
        and in which it is; most first
    """

    who: str
    lost: tuple[int, ...]
    covered: tuple[int, ...]
    hazards: tuple[tuple[HazardId, int], ...]
    together: tuple[tuple[HazardId, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """Something to rehearse: how likely and grave it is, and how thin its cover.

    risk : probability times severity (a pair: product of the probabilities, the graver
        severity)
    minutes, gap_minutes, thin_minutes : how long it can strike; without cover; by one way only
    """

    hazards: tuple[HazardId, ...]
    title: str
    risk: float
    minutes: int
    gap_minutes: int
    thin_minutes: int

    @property
    def thinness(self) -> float:
        """Share of its minutes without cover or with one way only."""
        return (self.gap_minutes + self.thin_minutes) / self.minutes if self.minutes else 0.0

    @property
    def score(self) -> float:
        """Risk times thinness, by which drills are ranked."""
        return self.risk * self.thinness


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """One place of a response: for which hazard, what is asked for, who or what fills it.

    who : id of the person or name of the piece; "" when nobody is left for it
    """

    hazard: HazardId
    asked: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAnswer:
    """Two hazards at once (or one in a given step), over the day.

    title, why : the pair and why it comes first; `source` says from where
    minutes, covered, thin : how long both can strike, of which covered, of which by one way
    gaps : when they cannot both be answered, and what is missing
    worst : a minute with the least cover; None when they cannot strike together
    slack : at that minute, people who may drop out; below 0: people or pieces too few
    responders : who goes where at that minute
    """

    key: str
    hazards: tuple[HazardId, ...]
    title: str
    why: str
    source: str
    confidence: str
    minutes: int
    covered: int
    thin: int
    gaps: tuple[SetGap, ...]
    worst: Minute | None
    slack: int
    responders: tuple[Responder, ...]
