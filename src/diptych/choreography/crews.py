"""Groups of people who can stand in for each other, and what may be asked of each group.

A duty is a skill on one side (twin A's, twin B's or either's). For any set of duties, the
people wanted at one moment cannot be more than the people who can hold at least one of
them (Hall's condition). The sets kept are those whose people hold together; the rest follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from diptych.model import Procedure, SkillId, Staff, Subject, Task, TaskId

Duty = tuple[SkillId, str]
_MOST_SETS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A set of duties, the people who can hold any of them, and what tasks ask of it.

    people : positions in `Procedure.staff`
    asked : task -> how many of these people it wants
    """

    duties: tuple[Duty, ...]
    people: tuple[int, ...]
    asked: Mapping[TaskId, int]


def side_of(task: Task) -> str:
    """The colour that a person must wear for the task: "A", "B" or "" for either."""
    return str(task.subject) if task.subject in (Subject.A, Subject.B) else ""


def can_hold(person: Staff, duty: Duty) -> bool:
    """The person has the skill and wears the colour, hours apart."""
    skill, side = duty
    return skill in person.skills and (not side or person.team in (side, "both"))


def duties_of(procedure: Procedure) -> dict[Duty, tuple[int, ...]]:
    """Every duty that a task asks for, with the positions of the people who can hold it."""
    duties = dict.fromkeys(
        (demand.skill, side_of(task)) for task in procedure.tasks for demand in task.demands
    )
    return {
        duty: tuple(i for i, person in enumerate(procedure.staff) if can_hold(person, duty))
        for duty in duties
    }


def find_components(procedure: Procedure) -> list[tuple[Duty, ...]]:
    """Duties grouped so that no person can hold duties of two groups."""
    eligible = duties_of(procedure)
    groups: list[tuple[list[Duty], set[int]]] = []
    for duty, people in eligible.items():
        touching = [group for group in groups if group[1] & set(people)]
        merged: tuple[list[Duty], set[int]] = ([], set(people))
        for group in touching:
            merged[0].extend(group[0])
            merged[1].update(group[1])
            groups.remove(group)
        merged[0].append(duty)
        groups.append(merged)
    return [tuple(duty for duty in eligible if duty in group[0]) for group in groups]


def find_crews(procedure: Procedure) -> list[Crew]:
    """The crews whose size can limit the day, at most 400 for each component."""
    eligible = duties_of(procedure)
    crews = []
    for component in find_components(procedure):
        masks = {duty: _mask(eligible[duty]) for duty in component}
        for union in _unions(list(dict.fromkeys(masks.values()))):
            duties = tuple(duty for duty in component if masks[duty] | union == union)
            if _holds_together([masks[duty] for duty in duties]):
                crews.append(_crew(procedure, duties, union))
    return [crew for crew in crews if crew.asked]


def _mask(people: Sequence[int]) -> int:
    return sum(1 << person for person in people)


def _unions(masks: list[int]) -> list[int]:
    """Distinct unions of the masks, smaller families first, up to the limit."""
    found = dict.fromkeys(masks)
    queue = list(found)
    while queue and len(found) < _MOST_SETS:
        union = queue.pop(0)
        for mask in masks:
            joined = union | mask
            if joined not in found and union & mask:
                found[joined] = None
                queue.append(joined)
    return list(found)


def _holds_together(masks: list[int]) -> bool:
    reached, rest = masks[0], masks[1:]
    while True:
        near = [mask for mask in rest if mask & reached]
        if not near:
            return not rest
        for mask in near:
            reached |= mask
        rest = [mask for mask in rest if mask not in near]


def _crew(procedure: Procedure, duties: tuple[Duty, ...], union: int) -> Crew:
    asked: dict[TaskId, int] = {}
    for task in procedure.tasks:
        side = side_of(task)
        wanted = sum(demand.count for demand in task.demands if (demand.skill, side) in duties)
        if wanted:
            asked[task.id] = wanted
    people = tuple(i for i in range(len(procedure.staff)) if union >> i & 1)
    return Crew(duties=duties, people=people, asked=asked)
