"""Who holds each duty at times that are given.

One CP-SAT model for each group of duties that share people: one duty at a time, skill,
colour, hours, the longest stretch without a break and the longest work. At given times it
looks for the assignment in which hands change least and people are loaded evenly.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from diptych.choreography.breaks import add_breaks, add_span, find_lows
from diptych.choreography.crews import Duty, can_hold, needs_of, ways_of
from diptych.choreography.policy import ChoreographyPolicy
from diptych.choreography.times import STATUS, Placed, hours_of, solver_of
from diptych.model import Procedure, SkillId, Staff, Task, TaskId

Holder = tuple[int, SkillId]
_SOON = 15
_STAY = 20
_STAY_BOUND = 400
_LONG = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Crewed:
    """Who holds what, and when: task -> people as (position in the staff, skill).

    bound : proven lower bound of the makespan (0 when times were given)
    status : "optimal", "feasible", "infeasible" or "unknown"
    """

    holders: Mapping[TaskId, tuple[Holder, ...]]
    placed: Placed
    bound: int
    status: str


@dataclass(kw_only=True)
class Group:
    """Variables of one group: whether a person holds a duty of a task.

    present : person -> task -> that the person is on the task, with any skill
    """

    model: cp_model.CpModel
    held: dict[tuple[TaskId, SkillId, int], cp_model.IntVar] = field(default_factory=dict)
    present: dict[int, dict[TaskId, cp_model.IntVar]] = field(default_factory=dict)

    def either(self, variables: list[cp_model.IntVar]) -> cp_model.IntVar:
        """That one of them holds; never two at once."""
        if len(variables) == 1:
            return variables[0]
        either = self.model.new_bool_var("")
        self.model.add(sum(variables) == either)
        return either


def tasks_of(procedure: Procedure, duties: Collection[Duty]) -> list[Task]:
    """Tasks that ask for any of the duties, in one way or another."""
    return [
        task
        for task in procedure.tasks
        if any(duty in duties for way in ways_of(task) for duty in needs_of(way))
    ]


def assign_people(
    procedure: Procedure, placed: Placed, duties: Sequence[Duty], policy: ChoreographyPolicy
) -> Crewed:
    """People for the duties of one group at these times: few changes of hands, even loads."""
    group = Group(model=cp_model.CpModel())
    ways = [placed.way(task) for task in tasks_of(procedure, duties)]
    span = {way.id: placed.span(way) for way in ways}
    for way in ways:
        _add_duties(group, procedure, way, duties, span[way.id])
    rest, lows = procedure.rest, find_lows(procedure, max((e for _, e in span.values()), default=0))
    for own in group.present.values():
        _add_one_duty(group, own, span)
        if rest is not None:
            add_breaks(group.model, own, span, rest, lows)
            add_span(group.model, own, span, rest)
    lengths = {way.id: way.duration.planned for way in ways}
    add_work(group, procedure, lengths)
    kept = _kept_on(group, procedure, span)
    group.model.minimize(_heaviest(group, lengths) - kept)
    solver = solver_of(policy, policy.people_limit)
    status = STATUS[solver.solve(group.model)]
    return Crewed(
        holders=read_holders(group, solver, status), placed=placed, bound=0, status=status
    )


def read_holders(
    group: Group, solver: cp_model.CpSolver, status: str
) -> dict[TaskId, tuple[Holder, ...]]:
    """Task -> who holds which skill of it, as the solver found; nothing where it did not."""
    holders: dict[TaskId, tuple[Holder, ...]] = {}
    if status in ("optimal", "feasible"):
        for (task, skill, person), variable in group.held.items():
            if solver.value(variable):
                holders[task] = (*holders.get(task, ()), (person, skill))
    return holders


def _add_duties(
    group: Group,
    procedure: Procedure,
    way: Task,
    duties: Collection[Duty],
    span: tuple[int, int],
) -> None:
    """Variables for who holds the duties of a task at its time."""
    mine: dict[int, list[cp_model.IntVar]] = {}
    needs = needs_of(way)
    for skill in dict.fromkeys(duty.skill for duty in needs if duty in duties):
        levels = [duty for duty in needs if duty.skill == skill]
        for i in _able(procedure.staff, levels[0]):
            if _is_there(procedure.staff[i], span):
                variable = group.model.new_bool_var("")
                group.held[way.id, skill, i] = variable
                mine.setdefault(i, []).append(variable)
        for duty in levels:
            senior = _seniors(group, procedure, way.id, duty)
            if duty is levels[0]:
                group.model.add(sum(senior) == needs[duty])
            else:
                group.model.add(sum(senior) >= needs[duty])
    for who, able in mine.items():
        group.present.setdefault(who, {})[way.id] = group.either(able)


def _able(staff: Sequence[Staff], duty: Duty) -> list[int]:
    return [i for i, person in enumerate(staff) if can_hold(person, duty)]


def _is_there(person: Staff, span: tuple[int, int]) -> bool:
    return any(begin <= span[0] and span[1] <= end for begin, end in hours_of(person))


def _seniors(group: Group, procedure: Procedure, task: TaskId, duty: Duty) -> list[cp_model.IntVar]:
    """That each person of at least the duty's grade holds it."""
    return [
        group.held[task, duty.skill, i]
        for i in _able(procedure.staff, duty)
        if (task, duty.skill, i) in group.held
    ]


def _add_one_duty(
    group: Group, own: Mapping[TaskId, cp_model.IntVar], span: Mapping[TaskId, tuple[int, int]]
) -> None:
    for moment in sorted({span[task][0] for task in own}):
        there = [held for task, held in own.items() if span[task][0] <= moment < span[task][1]]
        if len(there) > 1:
            group.model.add_at_most_one(there)


def _loads(
    group: Group, lengths: Mapping[TaskId, int | cp_model.IntVar]
) -> list[cp_model.LinearExprT]:
    """Minutes on duty of each person of the group."""
    loads: list[cp_model.LinearExprT] = []
    for own in group.present.values():
        terms: list[cp_model.IntVar] = []
        weights: list[int] = []
        for task, held in own.items():
            length = lengths[task]
            if isinstance(length, int):
                terms.append(held)
                weights.append(length)
            else:
                terms.append(_worked(group, held, length))
                weights.append(1)
        loads.append(cp_model.LinearExpr.weighted_sum(terms, weights))
    return loads


def _worked(group: Group, held: cp_model.IntVar, length: cp_model.IntVar) -> cp_model.IntVar:
    """The task's length for one who holds it, 0 for one who does not."""
    minutes = group.model.new_int_var(0, _LONG, "")
    group.model.add(minutes >= length).only_enforce_if(held)
    return minutes


def add_work(
    group: Group, procedure: Procedure, lengths: Mapping[TaskId, int | cp_model.IntVar]
) -> None:
    """Nobody works longer in all than the rest rules allow; lengths in minutes."""
    if procedure.rest is not None:
        for load in _loads(group, lengths):
            group.model.add(load <= procedure.rest.longest_work)


def _heaviest(group: Group, lengths: Mapping[TaskId, int]) -> cp_model.IntVar:
    """The longest work of anybody in the group, minutes."""
    most = group.model.new_int_var(0, _LONG, "")
    for load in _loads(group, lengths):
        group.model.add(load <= most)
    return most


def _kept_on(
    group: Group, procedure: Procedure, span: Mapping[TaskId, tuple[int, int]]
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
