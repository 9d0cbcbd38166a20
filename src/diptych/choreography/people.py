"""Who holds each duty: at times that are given, or with some of the times free.

One CP-SAT model for each group of duties that share people: one duty at a time, skill,
colour, hours, the longest stretch without a break and the longest work. At given times it
looks for the assignment in which hands change least and people are loaded evenly; with
free times, for the shortest day.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from diptych.choreography.crews import Duty, can_hold, side_of
from diptych.choreography.policy import ChoreographyPolicy
from diptych.choreography.times import STATUS, TimeModel, build_times, hint_starts, solver_of
from diptych.model import Procedure, Rest, SkillId, Task, TaskId

Holder = tuple[int, SkillId]
_SOON = 15
_JOINT = 12
_STAY = 20
_STAY_BOUND = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Crewed:
    """Who holds what, and when: task -> people as (position in the staff, skill).

    bound : proven lower bound of the makespan (0 when times were given)
    status : "optimal", "feasible", "infeasible" or "unknown"
    """

    holders: Mapping[TaskId, tuple[Holder, ...]]
    starts: Mapping[TaskId, int]
    bound: int
    status: str


@dataclass(kw_only=True)
class _Group:
    """Variables of one group: whether a person holds a duty of a task.

    present : person -> task -> that the person is on the task, with any skill
    """

    model: cp_model.CpModel
    held: dict[tuple[TaskId, SkillId, int], cp_model.IntVar] = field(default_factory=dict)
    present: dict[int, dict[TaskId, cp_model.IntVar]] = field(default_factory=dict)


def tasks_of(procedure: Procedure, duties: Collection[Duty]) -> list[Task]:
    """Tasks that ask for any of the duties."""
    return [
        task
        for task in procedure.tasks
        if any((demand.skill, side_of(task)) in duties for demand in task.demands)
    ]


def assign_people(
    procedure: Procedure,
    starts: Mapping[TaskId, int],
    duties: Sequence[Duty],
    policy: ChoreographyPolicy,
) -> Crewed:
    """People for the duties of one group at these starts: few changes of hands, even loads."""
    group = _Group(model=cp_model.CpModel())
    tasks = tasks_of(procedure, duties)
    for task in tasks:
        _add_duties(group, procedure, task, duties, starts[task.id])
    span = {task.id: (starts[task.id], starts[task.id] + task.duration.planned) for task in tasks}
    for own in group.present.values():
        _add_one_duty(group, own, span)
        if procedure.rest is not None:
            _add_breaks(group, own, span, procedure.rest)
    _add_work(group, procedure)
    kept = _kept_on(group, procedure, span)
    group.model.minimize(_heaviest(group, procedure) - kept)
    solver = solver_of(policy, policy.people_limit)
    status = STATUS[solver.solve(group.model)]
    return Crewed(holders=_holders(group, solver, status), starts=starts, bound=0, status=status)


def _holders(
    group: _Group, solver: cp_model.CpSolver, status: str
) -> dict[TaskId, tuple[Holder, ...]]:
    holders: dict[TaskId, tuple[Holder, ...]] = {}
    if status in ("optimal", "feasible"):
        for (task, skill, person), variable in group.held.items():
            if solver.value(variable):
                holders[task] = (*holders.get(task, ()), (person, skill))
    return holders


def _add_duties(
    group: _Group,
    procedure: Procedure,
    task: Task,
    duties: Collection[Duty],
    start: int | None = None,
) -> None:
    """Variables for who holds the task's duties; `start` None means that it is not fixed."""
    side = side_of(task)
    mine: dict[int, list[cp_model.IntVar]] = {}
    for demand in task.demands:
        duty = (demand.skill, side)
        if duty not in duties:
            continue
        variables = []
        for i, person in enumerate(procedure.staff):
            end = None if start is None else start + task.duration.planned
            there = start is None or (person.start <= start and (end or 0) <= person.end)
            if there and can_hold(person, duty):
                variable = group.model.new_bool_var("")
                group.held[task.id, demand.skill, i] = variable
                mine.setdefault(i, []).append(variable)
                variables.append(variable)
        group.model.add(sum(variables) == demand.count)
    for who, able in mine.items():
        group.present.setdefault(who, {})[task.id] = _either(group.model, able)


def _either(model: cp_model.CpModel, variables: list[cp_model.IntVar]) -> cp_model.IntVar:
    if len(variables) == 1:
        return variables[0]
    either = model.new_bool_var("")
    model.add(sum(variables) == either)
    return either


def _add_one_duty(
    group: _Group, own: Mapping[TaskId, cp_model.IntVar], span: Mapping[TaskId, tuple[int, int]]
) -> None:
    for moment in sorted({span[task][0] for task in own}):
        there = [held for task, held in own.items() if span[task][0] <= moment < span[task][1]]
        if len(there) > 1:
            group.model.add_at_most_one(there)


def _add_breaks(
    group: _Group,
    own: Mapping[TaskId, cp_model.IntVar],
    span: Mapping[TaskId, tuple[int, int]],
    rest: Rest,
) -> None:
    """A break that begins within the longest stretch after the start of each duty."""
    breaks: dict[int, cp_model.IntVar] = {}
    for moment in sorted({span[task][1] for task in own}):
        breaks[moment] = group.model.new_bool_var("")
        for task, held in own.items():
            if span[task][0] < moment + rest.shortest_break and span[task][1] > moment:
                group.model.add_implication(breaks[moment], held.negated())
    for task, held in own.items():
        start = span[task][0]
        ways = [
            free
            for moment, free in breaks.items()
            if start <= moment <= start + rest.longest_stretch
        ]
        group.model.add_bool_or([*ways, held.negated()])


def _loads(group: _Group, procedure: Procedure) -> list[cp_model.LinearExprT]:
    length = {task.id: task.duration.planned for task in procedure.tasks}
    return [
        cp_model.LinearExpr.weighted_sum(list(own.values()), [length[task] for task in own])
        for own in group.present.values()
    ]


def _add_work(group: _Group, procedure: Procedure) -> None:
    if procedure.rest is not None:
        for load in _loads(group, procedure):
            group.model.add(load <= procedure.rest.longest_work)


def _heaviest(group: _Group, procedure: Procedure) -> cp_model.IntVar:
    """The longest work of anybody in the group, minutes."""
    most = group.model.new_int_var(0, 100_000, "")
    for load in _loads(group, procedure):
        group.model.add(load <= most)
    return most


def _kept_on(
    group: _Group, procedure: Procedure, span: Mapping[TaskId, tuple[int, int]]
) -> cp_model.LinearExpr:
    """Worth of people who stay when one task follows another, in minutes of even load.

    Most where the second must follow within a short wait, as a division its test clamp: the
    hands must not change in between.
    """
    stays: list[cp_model.IntVar] = []
    worth: list[int] = []
    for rule in procedure.precedence:
        if rule.before not in span or rule.after not in span or rule.min_lag < 0:
            continue
        if span[rule.after][0] - span[rule.before][1] > _SOON:
            continue
        bound = rule.max_lag is not None and rule.max_lag <= _SOON
        for (task, skill, person), held in group.held.items():
            then = group.held.get((rule.after, skill, person))
            if task == rule.before and then is not None:
                stay = group.model.new_bool_var("")
                group.model.add_implication(stay, held)
                group.model.add_implication(stay, then)
                stays.append(stay)
                worth.append(_STAY_BOUND if bound else _STAY)
    return cp_model.LinearExpr.weighted_sum(stays, worth)


def assign_with_times(
    procedure: Procedure,
    starts: Mapping[TaskId, int],
    duties: Sequence[Duty],
    free: Collection[TaskId],
    policy: ChoreographyPolicy,
) -> Crewed:
    """People for the duties and times for the `free` tasks together; others stay put.

    Breaks are intervals of their own between a person's duties. The end of the day is
    made as early as the free times allow; its bound holds for the whole problem only when
    every task is free.
    """
    times = build_times(procedure)
    for fixed_task in (one for one in starts if one not in free):
        times.model.add(times.starts[fixed_task] == starts[fixed_task])
    hint_starts(times, {one: start for one, start in starts.items() if one in free})
    group = _Group(model=times.model)
    for task in tasks_of(procedure, duties):
        fixed = None if task.id in free else starts[task.id]
        _add_duties(group, procedure, task, duties, fixed)
    for person in sorted(group.present):
        _add_person(group, times, procedure, person)
    _add_work(group, procedure)
    times.model.minimize(times.makespan)
    solver = solver_of(policy, policy.people_limit * _JOINT)
    status = STATUS[solver.solve(times.model)]
    if status not in ("optimal", "feasible"):
        return Crewed(holders={}, starts={}, bound=0, status=status)
    found = {task: int(solver.value(start)) for task, start in times.starts.items()}
    return Crewed(
        holders=_holders(group, solver, status),
        starts=found,
        bound=int(-(-solver.best_objective_bound // 1)),
        status=status,
    )


def _add_person(group: _Group, times: TimeModel, procedure: Procedure, person: int) -> None:
    """Hours, one duty at a time, and breaks of one person, whatever the times."""
    model, who, own = group.model, procedure.staff[person], group.present[person]
    length = {task.id: task.duration.planned for task in procedure.tasks}
    intervals = []
    for task, held in own.items():
        start = times.starts[task]
        intervals.append(model.new_optional_fixed_size_interval_var(start, length[task], held, ""))
        model.add(start >= who.start).only_enforce_if(held)
        model.add(start + length[task] <= who.end).only_enforce_if(held)
    if procedure.rest is not None:
        breaks = _break_starts(model, times, who.end - who.start, procedure.rest)
        for moment in breaks:
            intervals.append(
                model.new_fixed_size_interval_var(moment, procedure.rest.shortest_break, "")
            )
        for task, held in own.items():
            _need_break(model, times.starts[task], held, breaks, procedure.rest)
    model.add_no_overlap(intervals)


def _break_starts(
    model: cp_model.CpModel, times: TimeModel, hours: int, rest: Rest
) -> list[cp_model.IntVar]:
    latest = times.horizon + rest.longest_work
    count = 2 + 2 * min(hours, rest.longest_work) // rest.longest_stretch
    breaks = [model.new_int_var(0, latest, "") for _ in range(count)]
    for one, two in pairwise(breaks):
        model.add(one + rest.shortest_break <= two)
    return breaks


def _need_break(
    model: cp_model.CpModel,
    start: cp_model.IntVar,
    held: cp_model.IntVar,
    breaks: Sequence[cp_model.IntVar],
    rest: Rest,
) -> None:
    ways = []
    for moment in breaks:
        way = model.new_bool_var("")
        model.add(moment >= start).only_enforce_if(way)
        model.add(moment <= start + rest.longest_stretch).only_enforce_if(way)
        ways.append(way)
    model.add_bool_or([*ways, held.negated()])
