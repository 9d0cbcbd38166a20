"""Groups of people, as far as a day needs them whose ways of doing each task are decided."""

from collections.abc import Mapping
from dataclasses import dataclass

from diptych.choreography.crews import find_components, find_crews
from diptych.model import Procedure, SkillId, TaskId

Line = tuple[SkillId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A set of lines (a skill on one side), the people who can hold any of them, who wants them.

    people : positions in `Procedure.staff`; asked : task -> how many of these people it wants
    name : of its rule, grades included
    """

    lines: tuple[Line, ...]
    people: tuple[int, ...]
    asked: Mapping[TaskId, int]
    name: str


def find_bands(procedure: Procedure) -> list[Band]:
    """The sets of people whose number can limit the day; every task in its first way."""
    return [
        Band(
            lines=tuple(dict.fromkeys((duty.skill, duty.side) for duty in crew.duties)),
            people=crew.people,
            asked={task: wanted for (task, mode), wanted in crew.asked.items() if mode == 0},
            name="people:" + ",".join(f"{d.skill}/{d.side}/{d.grade}" for d in crew.duties),
        )
        for crew in find_crews(procedure)
    ]


def find_groups(procedure: Procedure) -> list[tuple[Line, ...]]:
    """Lines grouped so that no person can hold lines of two groups."""
    return [
        tuple(dict.fromkeys((duty.skill, duty.side) for duty in component))
        for component in find_components(procedure)
    ]
