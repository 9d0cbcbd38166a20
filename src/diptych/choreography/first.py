"""A first schedule of the day, fast: serial generation with people and rest, then the check.

The kernel places task by task with named people, hours, rest and longest waits; a few hundred
tries, mixed among each other, shorten the day. On a day so tight that no try succeeds, `solve`
is asked, with little time for who holds what. What comes out has passed the independent
checker, or nothing comes out.
"""

from collections.abc import Mapping
from dataclasses import replace

from diptych.choreography.check import check
from diptych.choreography.crewing import (
    Crewing,
    Holder,
    evolve_search,
    make_crewing,
    new_search,
    read_plan,
)
from diptych.choreography.energy import energetic_bound
from diptych.choreography.policy import ChoreographyPolicy
from diptych.choreography.solve import solve
from diptych.model import Assignment, Infeasible, Minute, Procedure, Schedule, TaskId

_POOL = 60
_POOLS = 2
_APART = 7919
_PEOPLE_LIMIT = 0.1


def first_schedule(
    procedure: Procedure, policy: ChoreographyPolicy | None = None, tries: int = 200
) -> Schedule | None:
    """A checked schedule with all rest rules, or None when there is none to be found.

    tries : serial schedules that are made at least, to shorten the day; 1 takes the first
        that keeps every rule. Two pools of 60 are sown before `solve` is asked. The same input
        gives the same schedule.
    """
    policy = policy or ChoreographyPolicy()
    if not procedure.tasks:
        return None
    schedule = _generate(procedure, policy, tries)
    if schedule is None:
        schedule = _solve_quickly(procedure, policy)
    return schedule if schedule is not None and schedule.checked else None


def _generate(procedure: Procedure, policy: ChoreographyPolicy, tries: int) -> Schedule | None:
    """The best of so many serial schedules, None where no try finds a place for every task."""
    crewing = make_crewing(procedure)
    if not crewing.possible:
        return None
    bound = int(energetic_bound(crewing))
    for pool in range(_POOLS):
        search = new_search(crewing, policy.seed + _APART * pool, _POOL)
        if evolve_search(crewing, search, _POOL, crewing.horizon - 1) < crewing.horizon:
            evolve_search(crewing, search, tries - int(search.tally[3]), bound)
            return as_schedule(crewing, *read_plan(crewing, search.best), bound=bound)
    return None


def _solve_quickly(procedure: Procedure, policy: ChoreographyPolicy) -> Schedule | None:
    limit = min(_PEOPLE_LIMIT, policy.people_limit)
    try:
        return solve(procedure, replace(policy, people_limit=limit))
    except Infeasible:
        return None


def as_schedule(
    crewing: Crewing,
    starts: Mapping[TaskId, int],
    modes: Mapping[TaskId, int],
    holders: Mapping[TaskId, tuple[Holder, ...]],
    *,
    bound: int,
) -> Schedule:
    """The schedule with those starts, ways and people, gone through by the checker."""
    procedure = crewing.procedure
    place = {task.id: i for i, task in enumerate(procedure.tasks)}
    assignments = tuple(
        Assignment(
            task=task.id,
            start=Minute(starts[task.id]),
            end=Minute(starts[task.id] + task.in_mode(modes[task.id]).duration.planned),
            staff=tuple((procedure.staff[i].id, skill) for i, skill in holders[task.id]),
            mode=modes[task.id],
        )
        for task in sorted(procedure.tasks, key=lambda task: (starts[task.id], place[task.id]))
    )
    ends = {entry.task: entry.end for entry in assignments}
    makespan = max(ends.values(), default=Minute(0))
    schedule = Schedule(
        procedure=procedure,
        assignments=assignments,
        makespan=makespan,
        bound=Minute(min(bound, makespan)),
        status="optimal" if bound >= makespan else "feasible",
        checked=False,
        violations=(),
        milestones={milestone.id: ends[milestone.task] for milestone in procedure.milestones},
        solver="diptych serial generation",
    )
    violations = check(procedure, schedule)
    return replace(schedule, checked=not violations, violations=violations)
