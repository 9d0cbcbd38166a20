"""A first schedule of the day, fast: serial generation with people and rest, then the check.

No solver is asked. The kernel places task by task with named people, hours, rest and
longest waits; a few hundred tries, mixed among each other, shorten the day. What comes out
has passed the independent checker, or nothing comes out.
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
from diptych.model import Assignment, Minute, Procedure, Schedule, TaskId

_POOL = 40
_SLICE = 20
_PATIENCE = 60
_POOLS = 10
_APART = 7919


def first_schedule(
    procedure: Procedure, policy: ChoreographyPolicy | None = None, tries: int = 200
) -> Schedule | None:
    """A checked schedule with all rest rules, or None when the search finds none.

    tries : serial schedules that are made at least, to shorten the day.
        Ten pools of 60 are sown before the search gives up. The same input gives the same schedule.
    """
    policy = policy or ChoreographyPolicy()
    crewing = make_crewing(procedure)
    if not crewing.possible or not procedure.tasks:
        return None
    bound = int(energetic_bound(crewing))
    for pool in range(_POOLS):
        search = new_search(crewing, policy.seed + _APART * pool, _POOL)
        made, best = 0, crewing.horizon
        while made < (tries if best < crewing.horizon else _PATIENCE) and best > bound:
            best = evolve_search(crewing, search, _SLICE, bound)
            made += _SLICE
        if best < crewing.horizon:
            break
    if best >= crewing.horizon:
        return None
    schedule = as_schedule(crewing, *read_plan(crewing, search.best), bound=bound)
    return schedule if schedule.checked else None


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
