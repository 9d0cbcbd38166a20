"""Groups of people who can stand in for each other, and what may be asked of each group.

A duty is a skill on one side (twin A's, twin B's or either's), from a grade upwards. For
any set of duties, the people wanted at one moment cannot be more than the people who can
hold at least one of them (Hall's condition). The sets kept are those whose people hold
together; the rest follow.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from diptych.model import Procedure, SkillId, Staff, Subject, Task, TaskId

_MOST_SETS = 400
Way = tuple[TaskId, int]


class Duty(NamedTuple):
    """A skill, the side it serves ("" for either) and the least grade it takes."""

    skill: SkillId
    side: str
    grade: int = 0


Needs = tuple[tuple[Duty, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A set of duties, the people who can hold any of them, and what tasks ask of it.

    people : positions in `Procedure.staff`
    asked : task and way (`Task.in_mode`) -> how many of these people it wants
    """

    duties: tuple[Duty, ...]
    people: tuple[int, ...]
    asked: Mapping[Way, int]


def ways_of(task: Task) -> tuple[Task, ...]:
    """The task in each of its ways, the one that the task itself says first."""
    return tuple(task.in_mode(mode) for mode in range(1 + len(task.modes)))


def needs_of(task: Task) -> dict[Duty, int]:
    """What one way of a task asks for: duty -> people of at least that grade.

    Counts of one skill are nested: the duty of its least grade counts everybody, one of a
    higher grade those who must be that senior, a supervisor among them.
    """
    side, needs = side_of(task), {}
    for skill in dict.fromkeys(demand.skill for demand in task.demands):
        mine = [demand for demand in task.demands if demand.skill == skill]
        levels = {demand.grade for demand in mine} | {d.leader for d in mine if d.leader}
        for grade in sorted(levels):
            total = sum(demand.count for demand in mine if demand.grade >= grade)
            led = any(demand.leader >= grade > 0 and demand.count for demand in mine)
            needs[Duty(skill, side, grade)] = max(total, int(led))
    return {duty: count for duty, count in needs.items() if count}


def side_of(task: Task) -> str:
    """The colour that a person must wear for the task: "A", "B" or "" for either."""
    return str(task.subject) if task.subject in (Subject.A, Subject.B) else ""


def can_hold(person: Staff, duty: Duty) -> bool:
    """The person has the skill and the grade and wears the colour, hours apart."""
    skill, side, grade = duty
    sided = not side or person.team in (side, "both")
    return sided and skill in person.skills and person.grade >= grade


def duties_of(procedure: Procedure) -> dict[Duty, tuple[int, ...]]:
    """Every duty that a task asks for, with the positions of the people who can hold it."""
    kinds = tuple(dict.fromkeys(_asking(procedure).values()))
    return dict(_eligible(procedure.staff, kinds))


@lru_cache(maxsize=32)
def _eligible(
    staff: tuple[Staff, ...], kinds: tuple[Needs, ...]
) -> tuple[tuple[Duty, tuple[int, ...]], ...]:
    duties = dict.fromkeys(duty for needs in kinds for duty, _ in needs)
    return tuple(
        (duty, tuple(i for i, person in enumerate(staff) if can_hold(person, duty)))
        for duty in duties
    )


def find_components(procedure: Procedure) -> list[tuple[Duty, ...]]:
    """Duties grouped so that no person can hold duties of two groups."""
    return _components(duties_of(procedure))


def _components(eligible: Mapping[Duty, Sequence[int]]) -> list[tuple[Duty, ...]]:
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
    asking = _asking(procedure)
    kinds = tuple(dict.fromkeys(asking.values()))
    place = {needs: i for i, needs in enumerate(kinds)}
    where = {way: place[needs] for way, needs in asking.items()}
    crews = [
        Crew(
            duties=frame.duties,
            people=frame.people,
            asked={way: frame.wanted[kind] for way, kind in where.items() if frame.wanted[kind]},
        )
        for frame in _frames(_eligible(procedure.staff, kinds), kinds)
    ]
    return [crew for crew in crews if crew.asked]


def _asking(procedure: Procedure) -> dict[Way, Needs]:
    """What each way of each task asks for, in the order of the tasks."""
    known: dict[tuple[object, ...], Needs] = {}
    asking: dict[Way, Needs] = {}
    for task in procedure.tasks:
        for mode, way in enumerate(ways_of(task)):
            kind = (side_of(way), way.demands)
            if kind not in known:
                known[kind] = tuple(needs_of(way).items())
            asking[task.id, mode] = known[kind]
    return asking


@dataclass(frozen=True, slots=True)
class _Frame:
    """A crew without its tasks. wanted : for each kind of needs, how many it asks of the crew."""

    duties: tuple[Duty, ...]
    people: tuple[int, ...]
    wanted: tuple[int, ...]


@lru_cache(maxsize=32)
def _frames(
    eligible: tuple[tuple[Duty, tuple[int, ...]], ...], kinds: tuple[Needs, ...]
) -> tuple[_Frame, ...]:
    """The crews for these duties and people; kept, as a day that is re-planned asks again."""
    known = dict(eligible)
    frames = []
    for component in _components(known):
        masks = {duty: _mask(known[duty]) for duty in component}
        for union in _unions(list(dict.fromkeys(masks.values()))):
            duties = tuple(duty for duty in component if masks[duty] | union == union)
            if _holds_together([masks[duty] for duty in duties]):
                people = tuple(i for i in range(union.bit_length()) if union >> i & 1)
                wanted = tuple(_wanted(needs, duties) for needs in kinds)
                frames.append(_Frame(duties, people, wanted))
    return tuple(frames)


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


def wanted_of(way: Task, duties: Sequence[Duty]) -> int:
    """How many people who can hold any of the duties one way of a task asks for."""
    return _wanted(tuple(needs_of(way).items()), duties)


def _wanted(needs: Needs, duties: Collection[Duty]) -> int:
    most: dict[SkillId, int] = {}
    for duty, count in needs:
        if duty in duties:
            most[duty.skill] = max(most.get(duty.skill, 0), count)
    return sum(most.values())
