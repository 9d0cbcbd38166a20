"""Who does what, where, each minute. Made by choreography only."""

from collections.abc import Mapping
from dataclasses import dataclass

from diptych.model.ids import MilestoneId, SkillId, StaffId, TaskId
from diptych.model.procedure import Procedure, Task
from diptych.model.units import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One task from `start` (included) to `end` (excluded), with who holds which duty.

    mode : the way it is done, as `Task.in_mode` counts
    """

    task: TaskId
    start: Minute
    end: Minute
    staff: tuple[tuple[StaffId, SkillId], ...]
    mode: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a schedule breaks, in words, with the tasks and people concerned."""

    rule: str
    message: str
    tasks: tuple[TaskId, ...]
    staff: tuple[StaffId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneForecast:
    """When a milestone is likely to come, without hazards.

    planned : its minute in the plan
    p10, p50, p80, p90 : minutes by which 10, 50, 80 and 90 of 100 simulated days reach it
    kept : share of the days that reach it by the planned minute
    """

    milestone: MilestoneId
    planned: Minute
    p10: Minute
    p50: Minute
    p80: Minute
    p90: Minute
    kept: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The plan of the day.

    status : "optimal" (proven) or "feasible" (not proven; `bound` says how far)
    bound : proven lower bound of the makespan, minutes
    checked : the independent checker found no violation
    milestones : the minute of each milestone
    forecast : when each milestone is likely to come; empty where nobody asked
    """

    procedure: Procedure
    assignments: tuple[Assignment, ...]
    makespan: Minute
    bound: Minute
    status: str
    checked: bool
    violations: tuple[Violation, ...]
    milestones: Mapping[MilestoneId, Minute]
    solver: str
    forecast: tuple[MilestoneForecast, ...] = ()

    def assignment(self, task: TaskId) -> Assignment:
        """The assignment of that task."""
        return next(entry for entry in self.assignments if entry.task == task)

    def done(self) -> dict[TaskId, Task]:
        """Each task in the way in which this schedule does it, in the procedure's order."""
        modes = {entry.task: entry.mode for entry in self.assignments}
        return {task.id: task.in_mode(modes.get(task.id, 0)) for task in self.procedure.tasks}
