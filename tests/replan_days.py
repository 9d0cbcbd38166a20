"""Small days whose plan is written down by hand, for the tests of re-planning."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from diptych.choreography import ReplanPolicy, check, read_replan_policy
from diptych.model import Alternatives, Assignment, Procedure, Replan, Schedule
from diptych.tables import load_table


@cache
def policy() -> ReplanPolicy:
    return read_replan_policy({name: load_table(name) for name in ("replanning", "rest")})


def planned(
    procedure: Procedure, starts: Mapping[str, int], staff: Mapping[str, Sequence[str]]
) -> Schedule:
    """The schedule with these starts and people; each person holds the first skill they have."""
    who = {person.id: person for person in procedure.staff}
    entries = []
    for task in procedure.tasks:
        open_skills = [d.skill for d in task.demands for _ in range(d.count)]
        held = []
        for person in staff[task.id]:
            skill = next(s for s in open_skills if s in who[person].skills)
            open_skills.remove(skill)
            held.append((person, skill))
        start = starts[task.id]
        end = start + task.duration.planned
        entries.append(Assignment(task=task.id, start=start, end=end, staff=tuple(held)))
    ends = {entry.task: entry.end for entry in entries}
    schedule = Schedule(
        procedure=procedure,
        assignments=tuple(sorted(entries, key=lambda entry: entry.start)),
        makespan=max(ends.values()),
        bound=0,
        status="feasible",
        checked=False,
        violations=(),
        milestones={m.id: ends[m.task] for m in procedure.milestones},
        solver="by hand",
    )
    assert check(procedure, schedule) == ()
    return replace(schedule, checked=True)


def ways(found: Alternatives) -> tuple[Replan, Replan, Replan]:
    return found.least_change, found.earliest, found.most_reserve


def starts_of(way: Replan) -> dict[str, int]:
    return {entry.task: entry.start for entry in way.schedule.assignments}


def people_on(way: Replan, task: str) -> set[str]:
    return {who for who, _ in way.schedule.assignment(task).staff}


def require_sound(before: Schedule, now: int, found: Alternatives) -> None:
    """Every way is accepted by the checker and starts nothing new before now."""
    known = {entry.task: entry for entry in before.assignments}
    for way in ways(found):
        assert way.schedule.checked
        assert check(way.schedule.procedure, way.schedule) == ()
        for entry in way.schedule.assignments:
            if entry.start < now:
                assert entry.start == known[entry.task].start
                assert entry.staff == known[entry.task].staff
