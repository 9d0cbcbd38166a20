"""Why a day cannot be planned, in words: what is short, for which tasks, and for whom.

First what can be counted without a search (a missing skill, too little kit, too few
person-minutes); then, for a day that the search proves impossible, a smallest set of
rules of which no one can be left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from diptych.choreography.crews import (
    Crew,
    Duty,
    can_hold,
    duties_of,
    find_components,
    find_crews,
    needs_of,
    wanted_of,
    ways_of,
)
from diptych.choreography.fasts import tell_holds
from diptych.choreography.policy import ChoreographyPolicy, clock_text
from diptych.model import EquipmentId, Infeasible, Procedure, SkillId, Staff, Task, TaskId, ZoneId
from diptych.tables import SourcedTable

_NAMED = 6
_STARVED = "; or a later day_start, another day, or last_fed corrected in case.toml"


def find_conflicts(procedure: Procedure) -> tuple[str, ...]:
    """What is short by mere counting, in words; empty when nothing is."""
    skills = tuple(_short_skills(procedure))
    crews = () if skills else tuple(_short_crews(procedure))
    return (*skills, *_short_rooms(procedure), *crews)


def _named(tasks: Sequence[TaskId]) -> str:
    more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
    return f"{', '.join(tasks[:_NAMED])}{more}"


def require_skills(roster: Sequence[Staff], *, tables: Mapping[str, SourcedTable]) -> None:
    """Raise Infeasible when the roster alone shows that some step cannot be staffed.

    Every skill that a row of "steps" asks for must be held by as many people as the row
    wants at once, for a step of each twin among those who may wear that twin's colour. Rows
    for only one way of operating (`when`) are left to `solve`.
    """
    asked: dict[Duty, dict[TaskId, int]] = {}
    for key, row in tables["steps"].rows.items():
        sides = ("A", "B") if row.text("each") in ("twin", "turns", "watch") else ("",)
        for skill, count in row.counts("demands").items() if not row.text("when", "") else ():
            for side in sides:
                asked.setdefault(Duty(SkillId(skill), side), {})[TaskId(key)] = count
    with_skill = {
        skill: [key for key, row in tables["roles"].rows.items() if skill in row.texts("skills")]
        for skill in (duty.skill for duty in asked)
    }
    conflicts = [
        _short_skill(duty, people, wanted, with_skill[duty.skill])
        for duty, wanted in asked.items()
        if (people := sum(can_hold(person, duty) for person in roster)) < max(wanted.values())
    ]
    if conflicts:
        raise infeasible(conflicts)


def infeasible(conflicts: Sequence[str]) -> Infeasible:
    """The error that names the conflicting rules, in words."""
    fasting = any(text.startswith("Fast after") for text in conflicts)
    return Infeasible(
        "no schedule keeps every rule: " + "; ".join(conflicts),
        remedy="change one of the rules named: more people or longer hours in the roster, more"
        f" kit or a shorter step in CASE/tables/{_STARVED if fasting else ''}",
        conflicts=conflicts,
    )


def _short_skills(procedure: Procedure) -> Iterable[str]:
    """Duties that more people are asked for than the roster has."""
    for duty, people in duties_of(procedure).items():
        wanted = {task.id: _wanted(task, duty) for task in procedure.tasks}
        if max(wanted.values()) > len(people):
            roles = [str(role.id) for role in procedure.roles if duty.skill in role.skills]
            yield _short_skill(duty, len(people), wanted, roles)


def _short_skill(
    duty: Duty, people: int, wanted: Mapping[TaskId, int], roles: Sequence[str]
) -> str:
    short = [task for task, count in wanted.items() if count > people]
    team = f" of team {duty.side} or both" if duty.side else ""
    grade = f" of grade {duty.grade} or more" if duty.grade else ""
    whom = f"somebody with the role {' or '.join(roles)}" if roles else f"that skill{team}"
    return (
        f"skill {duty.skill!r}: {_count(people)}{grade} on the roster{_colour(duty.side)},"
        f" {max(wanted.values())} wanted at once by {len(short)}"
        f" task{'s' if len(short) > 1 else ''} ({_named(short)});"
        f" add {whom}{team if roles else ''}{grade} to the roster"
    )


def _wanted(task: Task, duty: Duty) -> int:
    """How many people the task asks for in the way that asks for fewest."""
    return min(needs_of(way).get(duty, 0) for way in ways_of(task))


def _count(people: int) -> str:
    return {0: "nobody", 1: "one person"}.get(people, f"{people} people")


def _colour(side: str) -> str:
    return f" for twin {side}" if side else ""


def _short_rooms(procedure: Procedure) -> Iterable[str]:
    for kit in procedure.equipment:
        for task in procedure.tasks:
            count = min(way.equipment.get(kit.id, 0) for way in ways_of(task))
            if count > kit.count:
                yield (
                    f"equipment {kit.id!r} ({kit.title}): {count} needed by {task.id}, {kit.count}"
                    f" exist{'s' if kit.count == 1 else ''}"
                )
    for zone in procedure.zones:
        for task in procedure.tasks:
            count = min(way.zones.get(zone.id, 0) for way in ways_of(task))
            if count > zone.capacity:
                yield (
                    f"zone {zone.id!r} ({zone.title}): {count} people by {task.id}, room for"
                    f" {zone.capacity}"
                )
    yield from _unknown_rooms(procedure)


def _unknown_rooms(procedure: Procedure) -> Iterable[str]:
    """Kit and places that a task names but nobody has."""
    kits = {kit.id for kit in procedure.equipment}
    zones = {zone.id for zone in procedure.zones}
    for task in procedure.tasks:
        for way in ways_of(task):
            for kit, count in sorted(way.equipment.items()):
                if count and kit not in kits:
                    yield f"equipment {kit!r} ({kit}): {count} needed by {task.id}, 0 exist"
            for zone, count in sorted(way.zones.items()):
                if count and zone not in zones:
                    yield f"zone {zone!r} ({zone}): {count} people by {task.id}, room for 0"


def _short_crews(procedure: Procedure) -> Iterable[str]:
    """Crews that a single task, or the sum of all their work, asks too much of."""
    for crew in find_crews(procedure):
        asked = {task.id: least_asked(task, crew) for task in procedure.tasks}
        short = [task for task, count in asked.items() if count > len(crew.people)]
        if short:
            yield (
                f"skills {_skills(crew)}: {_count(len(crew.people))} for all of them,"
                f" {max(asked.values())} wanted at once ({_named(short)})"
            )
        work = sum(_least_work(task, crew) for task in procedure.tasks)
        given = sum(_minutes_of(procedure, person) for person in crew.people)
        if work > given:
            yield (
                f"skills {_skills(crew)}: the day asks for {work} person-minutes, the"
                f" {_count(len(crew.people))} who can do it may work {given} in all"
                " (hours of the roster, longest work of the rest rules)"
            )


def least_asked(task: Task, crew: Crew) -> int:
    """People of the crew that the task wants in the way that wants fewest."""
    return min(wanted_of(way, crew.duties) for way in ways_of(task))


def _least_work(task: Task, crew: Crew) -> int:
    return min(way.duration.planned * wanted_of(way, crew.duties) for way in ways_of(task))


def _minutes_of(procedure: Procedure, person: int) -> int:
    who = procedure.staff[person]
    gone = sum(end - max(0, begin) for begin, end in who.absences if end > 0)
    hours = who.end - max(0, who.start) - gone
    return min(hours, procedure.rest.longest_work) if procedure.rest else hours


def _skills(crew: Crew) -> str:
    return ", ".join(dict.fromkeys(f"{d.skill}{_colour(d.side)}" for d in crew.duties))


def find_contradiction(procedure: Procedure, policy: ChoreographyPolicy) -> tuple[str, ...]:
    """Rules that cannot hold together, none of which could be left out, in words.

    Places and kit, then each group of people by itself, are tried before all rules
    together. The search for the smallest set halves the rules again and again (QuickXplain, Junker
    2004). Empty when the search limit does not let even the whole be proven impossible.
    """
    from diptych.choreography.times import is_impossible, rule_groups

    def impossible(keep: Sequence[str]) -> bool:
        return is_impossible(procedure, policy, keep)

    groups = rule_groups(procedure)
    if impossible([]):
        return ("the order of the steps and their least lags contradict themselves",)
    likely = (few for few in _likely_sets(procedure, groups) if impossible(few))
    groups = next(likely, groups)
    if not impossible(groups):
        return ()
    smallest = smallest_conflict(groups, impossible)
    return tuple(
        _words(procedure, policy, group, smallest) for group in groups if group in smallest
    )


def _likely_sets(procedure: Procedure, groups: Sequence[str]) -> Iterable[list[str]]:
    """Sets of rules that often conflict by themselves, smaller than the whole."""
    yield [group for group in groups if group.startswith(("equipment:", "zone:", "lag"))]
    for component in find_components(procedure):
        skills = {duty.skill for duty in component}
        crews = {
            _group_name(crew)
            for crew in find_crews(procedure)
            if any(duty.skill in skills for duty in crew.duties)
        }
        names = {*crews, *(f"hours:{skill}" for skill in skills), "lag"}
        yield [group for group in groups if group in names]


def smallest_conflict(
    groups: Sequence[str], impossible: Callable[[Sequence[str]], bool]
) -> list[str]:
    """The fewest of `groups` that still conflict; `impossible` must hold for all of them."""
    return _smallest([], groups, impossible, grown=False)


def _smallest(
    kept: Sequence[str],
    groups: Sequence[str],
    impossible: Callable[[Sequence[str]], bool],
    *,
    grown: bool,
) -> list[str]:
    """The fewest of `groups` that conflict together with those kept."""
    if grown and impossible(kept):
        return []
    if len(groups) == 1:
        return list(groups)
    half = len(groups) // 2
    one, two = groups[:half], groups[half:]
    from_two = _smallest([*kept, *one], two, impossible, grown=bool(one))
    from_one = _smallest([*kept, *from_two], one, impossible, grown=bool(from_two))
    return from_one + from_two


def _words(
    procedure: Procedure, policy: ChoreographyPolicy, group: str, smallest: Sequence[str]
) -> str:
    kind, _, name = group.partition(":")
    if kind == "people":
        crew = next(c for c in find_crews(procedure) if _group_name(c) == group)
        return (
            f"skills {_skills(crew)}: {_count(len(crew.people))} for all of them, up to"
            f" {max(least_asked(task, crew) for task in procedure.tasks)} wanted by one task"
        )
    if kind == "equipment":
        kit = next(kit for kit in procedure.equipment if kit.id == name)
        users = [task.id for task in procedure.tasks if task.equipment.get(kit.id, 0)]
        least = _least_count(procedure, policy, group, smallest)
        exist = f"{kit.count} exist{'s' if kit.count == 1 else ''}"
        return f"equipment {kit.title!r}: {least} needed at once, {exist} (for {_named(users)})"
    if kind == "zone":
        zone = next(zone for zone in procedure.zones if zone.id == name)
        least = _least_count(procedure, policy, group, smallest)
        return f"zone {zone.title!r}: {least} people at once, room for {zone.capacity}"
    if kind == "fast":
        return tell_holds(procedure)[group]
    if kind == "hours":
        return _hours_words(procedure, SkillId(name))
    return (
        "the longest waits between one step and the next (lag_max in steps.toml), or the"
        " watches, which reach only coverage-slack minutes (rest.toml) past the shortest stay"
    )


def _least_count(
    procedure: Procedure, policy: ChoreographyPolicy, group: str, smallest: Sequence[str]
) -> int:
    """The smallest number of that kit or place with which the other rules no longer conflict."""
    from diptych.choreography.times import is_impossible

    _, _, name = group.partition(":")
    there = {kit.id: kit.count for kit in procedure.equipment}
    room = {zone.id: zone.capacity for zone in procedure.zones}
    count = there[EquipmentId(name)] if name in there else room[ZoneId(name)]
    while is_impossible(_with_count(procedure, name, count), policy, smallest):
        count += 1
    return count


def _with_count(procedure: Procedure, name: str, count: int) -> Procedure:
    return replace(
        procedure,
        equipment=tuple(
            replace(kit, count=count) if kit.id == name else kit for kit in procedure.equipment
        ),
        zones=tuple(
            replace(zone, capacity=count) if zone.id == name else zone for zone in procedure.zones
        ),
    )


def _hours_words(procedure: Procedure, skill: SkillId) -> str:
    people = [person for person in procedure.staff if skill in person.skills]
    hours = [
        f"{person.name} {clock_text(procedure.day_start, person.start)} to"
        f" {clock_text(procedure.day_start, person.end)}"
        for person in people[:_NAMED]
    ]
    more = f" and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
    return f"hours of the people with skill {skill!r}: {', '.join(hours)}{more}"


def _group_name(crew: Crew) -> str:
    from diptych.choreography.times import crew_name

    return crew_name(crew)


def rest_conflict(procedure: Procedure, duties: Sequence[Duty], *, proven: bool) -> str:
    """What to say when a group of people cannot keep the rest rules at any times tried."""
    people = [
        person.name
        for i, person in enumerate(procedure.staff)
        if any(i in duties_of(procedure)[duty] for duty in duties)
    ]
    skills = ", ".join(dict.fromkeys(str(duty.skill) for duty in duties))
    rest = procedure.rest
    rules = (
        f"a break of {rest.shortest_break} min after at most {rest.longest_stretch} min and"
        f" at most {rest.longest_work} min in all"
        if rest
        else "one duty at a time"
    )
    how = "cannot" if proven else "could not, within the search limit,"
    return f"skills {skills}: {len(people)} people {how} hold every duty with {rules}"
