"""The work of the day: tasks, their order, milestones. Made by choreography only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from diptych.model.checks import require
from diptych.model.ids import (
    EquipmentId,
    MilestoneId,
    SkillId,
    Subject,
    TaskId,
    ZoneId,
)
from diptych.model.team import Equipment, Rest, Role, Staff, Zone
from diptych.model.units import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long a task takes: least, most likely, most (minutes), and what is planned for.

    The distribution for the simulation is the three-point one of these figures; the
    planned length lies between `low` and `high`.
    """

    low: Minute
    mode: Minute
    high: Minute
    planned: Minute

    def __post_init__(self) -> None:
        require(
            0 <= self.low <= self.mode <= self.high and self.low <= self.planned <= self.high,
            f"duration min/mode/max {self.low}/{self.mode}/{self.high}, planned {self.planned}:"
            " expected 0 <= min <= mode <= max, planned between min and max",
            remedy="correct the row in tables/steps.toml",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How many people of one skill a task needs for its whole length.

    grade : least grade of each of them (0: any)
    leader : least grade of one of them, who supervises the others (0: nobody need lead)
    """

    skill: SkillId
    count: int
    grade: int = 0
    leader: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """Another way to do a task: another team, other kit, another length."""

    title: str
    duration: Duration
    demands: tuple[Demand, ...]
    zones: Mapping[ZoneId, int]
    equipment: Mapping[EquipmentId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do.

    step : number of the step in the table (1..19) that the task belongs to; 0 for a watch
        that is kept over the whole day, whatever the step
    subject : whom it concerns
    priority : 3 cannot be left (clamp, separate, airway), 2 sterile work that can pause
        for a minute, 1 can be left
    zones : where its people stand (zone -> number of people)
    modes : other ways to do it; way 0 is what the task itself says, way n is modes[n - 1]
    may_wait : for how many minutes it can stand still when an emergency takes people or kit
        from it; None: as long as need be, by priority alone
    keeps : skills and roles whose holders cannot let go of it
    """

    id: TaskId
    title: str
    step: int
    subject: Subject
    duration: Duration
    demands: tuple[Demand, ...]
    zones: Mapping[ZoneId, int]
    equipment: Mapping[EquipmentId, int]
    priority: int
    source: str
    modes: tuple[Mode, ...] = ()
    may_wait: Minute | None = None
    keeps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            self.may_wait is None or self.may_wait >= 0,
            f"task {self.id}: may_wait is {self.may_wait} min, expected 0 or more",
            remedy="correct the row in tables/steps.toml",
        )

    def in_mode(self, mode: int) -> "Task":
        """The task as it is done in that way: its length, people, places and kit."""
        if mode == 0:
            return self
        way = self.modes[mode - 1]
        return replace(
            self,
            duration=way.duration,
            demands=way.demands,
            zones=way.zones,
            equipment=way.equipment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedence:
    """`after` starts `min_lag` to `max_lag` (None: no limit) minutes after `before` ends.

    A negative lag lets the two overlap, as when one watch hands over to the next.
    """

    before: TaskId
    after: TaskId
    min_lag: Minute
    max_lag: Minute | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A moment that everybody waits for; it is the end of a task."""

    id: MilestoneId
    title: str
    task: TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """Everything the scheduler needs, and nothing of how it works.

    day_start : clock reading of minute 0, "HH:MM"
    separation : id of the milestone at which one patient record becomes two; always
        among `milestones`
    rest : how long people can be on duty; None when no such rule holds
    """

    tasks: tuple[Task, ...]
    precedence: tuple[Precedence, ...]
    milestones: tuple[Milestone, ...]
    roles: tuple[Role, ...]
    staff: tuple[Staff, ...]
    zones: tuple[Zone, ...]
    equipment: tuple[Equipment, ...]
    day_start: str
    separation: MilestoneId
    notes: tuple[str, ...]
    rest: Rest | None = None

    def __post_init__(self) -> None:
        ids = [task.id for task in self.tasks]
        twice = sorted({id for id in ids if ids.count(id) > 1})
        require(
            not twice, f"tasks {', '.join(twice)} appear twice", remedy="give each task its own id"
        )
        unknown = sorted({end for p in self.precedence for end in (p.before, p.after)} - set(ids))
        require(
            not unknown,
            f"precedence names unknown tasks {', '.join(unknown)}",
            remedy="correct the order in tables/steps.toml",
        )
        require(
            self.separation in {milestone.id for milestone in self.milestones},
            f"milestone {self.separation!r} is missing",
            remedy="mark the end of the separation step as a milestone",
        )

    def task(self, id: TaskId) -> Task:
        """The task of that id."""
        return next(task for task in self.tasks if task.id == id)
