"""Ways to go on when the day departed from its plan. Made by choreography only."""

from dataclasses import dataclass

from diptych.model.ids import SkillId, StaffId, TaskId
from diptych.model.schedule import Schedule
from diptych.model.units import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """A duty that a person now holds, or holds no more.

    called : True: the duty is new for the person; False: it is taken from them
    lead : minutes from now to the start of the task
    cost : what the change costs by role and lead time (0 where nobody could have kept it)
    """

    staff: StaffId
    task: TaskId
    skill: SkillId
    called: bool
    lead: Minute
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """What changes for a task, in words; `before` and `after` are its starts (None: not done)."""

    task: TaskId
    before: Minute | None
    after: Minute | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """One way to go on: a whole schedule, its past as it was, and what changes.

    cost : makespan, shifts and changes weighed as the policy says
    reserve : free people and waiting minutes before the critical steps still to come
    shift : minutes by which starts move, summed over the tasks to come
    """

    schedule: Schedule
    people: tuple[PersonChange, ...]
    tasks: tuple[TaskChange, ...]
    cost: int
    reserve: int
    shift: Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """Three ways to go on, and what a person should know of all of them."""

    now: Minute
    least_change: Replan
    earliest: Replan
    most_reserve: Replan
    notes: tuple[str, ...]
