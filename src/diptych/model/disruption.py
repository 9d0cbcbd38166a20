"""What can happen on the day that the plan did not foresee. Told by the theatre, or asked about."""

from collections.abc import Mapping
from dataclasses import dataclass

from diptych.model.checks import require
from diptych.model.ids import EquipmentId, StaffId, Subject, TaskId
from diptych.model.procedure import Demand
from diptych.model.units import Minute


def _require_span(what: str, begin: int, end: int) -> None:
    require(
        0 <= begin < end,
        f"{what} from minute {begin} to {end}, expected 0 <= begin < end",
        remedy="give minutes of the day, the first before the last",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A task takes `minutes` longer than planned; with `late`, it begins that much later."""

    task: TaskId
    minutes: Minute
    late: bool = False

    def __post_init__(self) -> None:
        require(
            self.minutes > 0,
            f"delay of {self.task} is {self.minutes} min, expected more than 0",
            remedy="say with Finished that a task ended early",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A task began at that minute, with the people of the plan."""

    task: TaskId
    at: Minute

    def __post_init__(self) -> None:
        require(
            self.at >= 0,
            f"{self.task} started at minute {self.at}, expected 0 or more",
            remedy="give a minute of the day",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A task that had begun ended, or will end, at that minute: early or late."""

    task: TaskId
    at: Minute

    def __post_init__(self) -> None:
        require(
            self.at > 0,
            f"{self.task} finished at minute {self.at}, expected more than 0",
            remedy="give a minute of the day",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A person cannot be asked from `begin` (included) to `end` (excluded)."""

    staff: StaffId
    begin: Minute
    end: Minute

    def __post_init__(self) -> None:
        _require_span(f"absence of {self.staff}", self.begin, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """`count` of a kind of kit cannot be used from `begin` to `end`."""

    equipment: EquipmentId
    count: int
    begin: Minute
    end: Minute

    def __post_init__(self) -> None:
        _require_span(f"{self.equipment} broken", self.begin, self.end)
        require(
            self.count > 0,
            f"{self.count} of {self.equipment} broken, expected at least 1",
            remedy="say how many cannot be used",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardResponse:
    """People and kit are called away from `begin` to `end`.

    subject : whom it concerns; people called for twin A wear A's colour or both
    pauses : work under way of at most this priority may be interrupted for it
    """

    title: str
    subject: Subject
    begin: Minute
    end: Minute
    demands: tuple[Demand, ...]
    equipment: Mapping[EquipmentId, int]
    pauses: int = 2

    def __post_init__(self) -> None:
        _require_span(f"response {self.title!r}", self.begin, self.end)
        require(
            all(demand.count > 0 for demand in self.demands)
            and all(count > 0 for count in self.equipment.values()),
            f"response {self.title!r} asks for less than one of something",
            remedy="leave out what is not asked for",
        )
        require(
            bool(self.demands) or bool(self.equipment),
            f"response {self.title!r} asks for nobody and nothing",
            remedy="say which people or kit it takes away",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The operation stops after a task: the tasks of `dropped` will not be done."""

    after: TaskId
    dropped: tuple[TaskId, ...]

    def __post_init__(self) -> None:
        require(
            self.after not in self.dropped and len(set(self.dropped)) == len(self.dropped),
            f"stop after {self.after}: tasks not to be done are {', '.join(self.dropped)},"
            " expected each once and not the last task itself",
            remedy="name the tasks that come after it",
        )


Disruption = Delay | Started | Finished | Absence | Broken | HazardResponse | Stopped
