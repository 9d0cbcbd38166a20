"""A schedule for a procedure: times first, then people, then the independent check."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from diptych.choreography.check import check
from diptych.choreography.conflict import (
    find_conflicts,
    find_contradiction,
    infeasible,
    rest_conflict,
)
from diptych.choreography.crews import Duty, find_components, needs_of, ways_of
from diptych.choreography.fasts import tell_holds
from diptych.choreography.policy import ChoreographyPolicy
from diptych.model import (
    Assignment,
    Minute,
    Procedure,
    Schedule,
    TaskId,
)

if TYPE_CHECKING:
    from diptych.choreography.people import Crewed
    from diptych.choreography.times import Placed

_FOUND = ("optimal", "feasible")
_UNDECIDED = "the search limit was reached before any schedule was found"


def solve(procedure: Procedure, policy: ChoreographyPolicy | None = None) -> Schedule:
    """The shortest day that keeps every rule, checked; the same input gives the same day.

    Start times come first, with people counted but not named: a relaxation, so its bound
    holds for the whole problem. Then people, group by group, at those times; where a group
    cannot rest enough, its own watches move, and where that does not help, all times are
    found anew together with its people. Status "optimal" only when the bound is reached.
    Raises Infeasible with the conflicting rules in words.
    """
    from diptych.choreography.times import solve_times

    policy = policy or ChoreographyPolicy()
    if plain := find_conflicts(procedure):
        raise infeasible(plain)
    times = solve_times(procedure, policy)
    if times.status not in _FOUND:
        raise infeasible(find_contradiction(procedure, policy) or _undecided(procedure))
    return _solve_people(procedure, times.placed, times.bound, policy)


def _solve_people(
    procedure: Procedure, placed: "Placed", bound: int, policy: ChoreographyPolicy
) -> Schedule:
    """People for all groups; groups that fail are solved together with all times, and again."""
    from diptych.choreography.joint import assign_with_times

    components = find_components(procedure)
    stuck: list[tuple[Duty, ...]] = []
    for _ in range(len(components) + 1):
        crewed, failed = _crew_all(procedure, placed, components, policy)
        if not failed:
            return _schedule(procedure, placed, crewed, bound)
        stuck += [component for component in failed if component not in stuck]
        duties = [duty for component in stuck for duty in component]
        free = set(placed.starts)
        joint = assign_with_times(procedure, placed, duties, free, policy)
        if joint.status not in _FOUND:
            proven = joint.status == "infeasible"
            tired = tuple(rest_conflict(procedure, c, proven=proven) for c in stuck)
            raise infeasible((*tired, *tell_holds(procedure).values()))
        placed, bound = joint.placed, max(bound, joint.bound)
    raise infeasible(_undecided(procedure))


def _undecided(procedure: Procedure) -> tuple[str, ...]:
    """What to say when the search ends without an answer."""
    return (_UNDECIDED, *tell_holds(procedure).values())


def _crew_all(
    procedure: Procedure,
    placed: "Placed",
    components: Sequence[tuple[Duty, ...]],
    policy: ChoreographyPolicy,
) -> tuple[list["Crewed"], list[tuple[Duty, ...]]]:
    """People for every group at these times, its own watches moved where that helps."""
    from diptych.choreography.joint import assign_with_times
    from diptych.choreography.people import assign_people

    crewed, failed = [], []
    for component in components:
        found = assign_people(procedure, placed, component, policy)
        if found.status not in _FOUND:
            own = _own_watches(procedure, component)
            moved = assign_with_times(procedure, placed, component, own, policy) if own else found
            if moved.status in _FOUND:
                placed = moved.placed
                even = assign_people(procedure, placed, component, policy)
                found = even if even.status in _FOUND else moved
        if found.status in _FOUND:
            crewed.append(replace(found, placed=placed))
        else:
            failed.append(component)
    return [replace(one, placed=placed) for one in crewed], failed


def _own_watches(procedure: Procedure, component: Sequence[Duty]) -> set[TaskId]:
    """Watches that ask for people of this group only."""
    return {
        task.id
        for task in procedure.tasks
        if task.step == 0
        and all(duty in component for way in ways_of(task) for duty in needs_of(way))
    }


def _schedule(
    procedure: Procedure, placed: "Placed", crewed: Sequence["Crewed"], bound: int
) -> Schedule:
    placed = crewed[-1].placed if crewed else placed
    place = {task.id: i for i, task in enumerate(procedure.tasks)}
    assignments = tuple(
        Assignment(
            task=task.id,
            start=Minute(placed.span(task)[0]),
            end=Minute(placed.span(task)[1]),
            staff=tuple(
                (procedure.staff[i].id, skill)
                for one in crewed
                for i, skill in one.holders.get(task.id, ())
            ),
            mode=placed.modes.get(task.id, 0),
        )
        for task in sorted(procedure.tasks, key=lambda one: (placed.starts[one.id], place[one.id]))
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
        solver="diptych two-level CP-SAT",
    )
    violations = check(procedure, schedule)
    return replace(schedule, checked=not violations, violations=violations)
