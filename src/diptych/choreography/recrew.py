"""Who takes over: people for the tasks to come at given times, with as few changes as possible.

A group of duties that share people is left as it is where its planned people can stay. Else
one CP-SAT model for the group: skill, colour, grade, a leader, hours and absences, one duty
at a time, and every rest rule with the past counted in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from ortools.sat.python import cp_model

from diptych.choreography.ahead import Quantity, duty_prices
from diptych.choreography.bands import Line, find_groups
from diptych.choreography.crews import side_of
from diptych.choreography.remainder import Remainder, Span, demands_by_skill, graded
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.choreography.reserve import able_people, critical_tasks
from diptych.choreography.resting import last_stretch, limit_of
from diptych.choreography.retime import FOUND, Effort, Stop, new_solver, run_solver
from diptych.choreography.staying import People, past_of, stay_as_planned
from diptych.model import Rest, SkillId, StaffId, Task, TaskId

Holders = Mapping[TaskId, People]
_LIMIT = 0.3
_MEET, _TIRED = 5, 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Recrewed:
    """Who holds each task to come; `stuck`: groups for which nobody could be found.

    proven : each stuck group is proven to have no way at these times
    """

    holders: Holders
    stuck: tuple[tuple[Line, ...], ...]
    proven: bool


@dataclass(kw_only=True)
class Group:
    """Variables of one group. present : person -> span of a task -> that they are on it.

    past : person -> spans of what they have begun
    """

    model: cp_model.CpModel
    remainder: Remainder
    component: tuple[Line, ...] = ()
    held: dict[tuple[TaskId, SkillId, StaffId], cp_model.IntVar] = field(default_factory=dict)
    present: dict[StaffId, dict[TaskId, cp_model.IntVar]] = field(default_factory=dict)
    spans: dict[TaskId, Span] = field(default_factory=dict)
    past: dict[StaffId, list[Span]] = field(default_factory=dict)


def assign_again(
    remainder: Remainder,
    starts: Mapping[TaskId, int],
    lengths: Mapping[TaskId, int],
    policy: ReplanPolicy,
    *,
    reserve: bool = False,
    stop: Stop | None = None,
) -> Recrewed:
    """People for every task to come at these times; the planned ones where they can stay.

    With `reserve`, people are moved too where that leaves more of them free beside the
    critical steps than it costs.
    """
    holders: dict[TaskId, People] = {}
    spans = {task: (start, start + lengths[task]) for task, start in starts.items()}
    stuck, proven = [], True
    for component in find_groups(remainder.procedure):
        kept = None if reserve else stay_as_planned(remainder, spans, component)
        if kept is None:
            group = _build_group(remainder, spans, component)
            found, status = _search(group, policy, stop, reserve=reserve)
        else:
            found, status = kept, "optimal"
        if status not in FOUND:
            stuck.append(component)
            proven = proven and status == "infeasible"
        for task, people in found.items():
            holders[task] = (*holders.get(task, ()), *people)
    return Recrewed(holders=holders, stuck=tuple(stuck), proven=proven)


def assign_softly(
    remainder: Remainder,
    starts: Mapping[TaskId, int],
    lengths: Mapping[TaskId, int],
    policy: ReplanPolicy,
    component: Sequence[Line],
) -> dict[TaskId, People]:
    """People for one group where nobody fits: as few as can be twice at once, or without a break.

    What is wrong with these people at these times, other times near them may mend; empty
    where none are found.
    """
    spans = {task: (start, start + lengths[task]) for task, start in starts.items()}
    group = _build_group(remainder, spans, component)
    rest, faults = remainder.procedure.rest, []
    for who, own in group.present.items():
        past = group.past.get(who, [])
        faults += _meet(group, own, past)
        if rest is not None:
            faults += _add_breaks(group, own, past, rest, soft=True)
            _add_work(group, own, past, rest)
            _add_span(group, own, past, rest)
    prices = duty_prices(remainder, policy)
    given_up = [(1 - var) * prices[key] for key, var in group.held.items() if key in prices]
    for key, variable in group.held.items():
        group.model.add_hint(variable, key in prices)
    group.model.minimize(sum(given_up) + _telling(group, prices, policy) + sum(faults))
    return solve_group(group, policy, None)[0]


def _meet(
    group: Group, own: Mapping[TaskId, cp_model.IntVar], past: Sequence[Span]
) -> list[Quantity]:
    """What it costs that duties of a person meet, by the minute; never with what has begun."""
    spans = group.spans
    faults: list[Quantity] = []
    for task, held in own.items():
        if any(start < spans[task][1] and end > spans[task][0] for start, end in past):
            group.model.add(held == 0)
    moments = sorted({moment for task in own for moment in spans[task]})
    for moment, then in pairwise(moments):
        there = [held for task, held in own.items() if spans[task][0] <= moment < spans[task][1]]
        if len(there) > 1:
            over = group.model.new_int_var(0, len(there), "")
            group.model.add(sum(there) <= 1 + over)
            faults.append(_MEET * (then - moment) * over)
    return faults


def _build_group(
    remainder: Remainder, spans: Mapping[TaskId, Span], component: Sequence[Line]
) -> Group:
    """Variables and demands of one group at these times."""
    group = Group(
        model=cp_model.CpModel(),
        remainder=remainder,
        component=tuple(component),
        past=past_of(remainder, spans),
    )
    for task in remainder.procedure.tasks:
        if task.id not in remainder.begun:
            _add_task(group, task, component, spans[task.id])
    return group


def _add_task(group: Group, task: Task, component: Sequence[Line], span: Span) -> None:
    mine: dict[StaffId, list[cp_model.IntVar]] = {}
    for skill, asked in demands_by_skill(task).items():
        if (skill, side_of(task)) not in component:
            continue
        least = min(demand.grade for demand in asked)
        held: dict[StaffId, cp_model.IntVar] = {}
        for person in group.remainder.may_hold(task, skill, least):
            if group.remainder.is_there(person.id, span):
                held[person.id] = group.held[task.id, skill, person.id] = group.model.new_bool_var(
                    ""
                )
                mine.setdefault(person.id, []).append(held[person.id])
        group.model.add(sum(held.values()) == sum(demand.count for demand in asked))
        grade = {person.id: person.grade for person in group.remainder.procedure.staff}
        for bar, count in graded(asked):
            group.model.add(sum(var for who, var in held.items() if grade[who] >= bar) >= count)
    for who, variables in mine.items():
        group.spans[task.id] = span
        group.present.setdefault(who, {})[task.id] = _either(group.model, variables)


def _either(model: cp_model.CpModel, variables: list[cp_model.IntVar]) -> cp_model.IntVar:
    if len(variables) == 1:
        return variables[0]
    either = model.new_bool_var("")
    model.add(sum(variables) == either)
    return either


def _search(
    group: Group, policy: ReplanPolicy, stop: Stop | None, *, reserve: bool
) -> tuple[dict[TaskId, People], str]:
    add_person_rules(group)
    prices = duty_prices(group.remainder, policy)
    cost = [(1 - var) * prices[key] for key, var in group.held.items() if key in prices]
    for key, variable in group.held.items():
        group.model.add_hint(variable, key in prices)
    worth = policy.reserve_worth * policy.person * _free(group, policy) if reserve else 0
    group.model.minimize(sum(cost) - worth + _telling(group, prices, policy))
    return solve_group(group, policy, stop)


def _telling(
    group: Group, prices: Mapping[tuple[TaskId, SkillId, StaffId], int], policy: ReplanPolicy
) -> Quantity:
    """What it costs to tell the people who have a duty taken or are called to a new one."""
    touched: dict[StaffId, cp_model.IntVar] = {}
    for key, held in group.held.items():
        if key[2] not in touched:
            touched[key[2]] = group.model.new_bool_var("")
        changes = held.negated() if key in prices else held
        group.model.add_implication(changes, touched[key[2]])
    concerned = group.remainder.concerned
    return sum(policy.telling(concerned=who in concerned) * one for who, one in touched.items())


def _free(group: Group, policy: ReplanPolicy) -> Quantity:
    """People free beside the critical steps, for each skill as many as help."""
    free: list[cp_model.IntVar] = []
    for task in critical_tasks(group.remainder):
        if task.id not in group.spans:
            continue
        span = group.spans[task.id]
        for skill, people in able_people(group.remainder, task, span).items():
            if (skill, side_of(task)) in group.component:
                idle = [var for who in people if (var := _idle(group, who, span)) is not None]
                count = group.model.new_int_var(0, policy.people, "")
                group.model.add(count <= sum(idle))
                free.append(count)
    return sum(free)


def _idle(group: Group, who: StaffId, span: Span) -> cp_model.IntVar | None:
    """A literal that the person has nothing to do then; None where they began something."""
    if any(start < span[1] and end > span[0] for start, end in group.past.get(who, ())):
        return None
    idle = group.model.new_bool_var("")
    for task, held in group.present.get(who, {}).items():
        if group.spans[task][0] < span[1] and group.spans[task][1] > span[0]:
            group.model.add_implication(idle, held.negated())
    return idle


def add_person_rules(group: Group) -> None:
    """One duty at a time, and every rest rule, for each person of the group."""
    rest = group.remainder.procedure.rest
    for who, own in group.present.items():
        past = group.past.get(who, [])
        _add_one_duty(group, own, past)
        if rest is not None:
            _add_breaks(group, own, past, rest)
            _add_work(group, own, past, rest)
            _add_span(group, own, past, rest)


def _add_one_duty(
    group: Group, own: Mapping[TaskId, cp_model.IntVar], past: Sequence[Span]
) -> None:
    spans = group.spans
    for task, held in own.items():
        if any(start < spans[task][1] and end > spans[task][0] for start, end in past):
            group.model.add(held == 0)
    for moment in sorted({spans[task][0] for task in own}):
        there = [held for task, held in own.items() if spans[task][0] <= moment < spans[task][1]]
        if len(there) > 1:
            group.model.add_at_most_one(there)


def _add_breaks(
    group: Group,
    own: Mapping[TaskId, cp_model.IntVar],
    past: Sequence[Span],
    rest: Rest,
    *,
    soft: bool = False,
) -> list[Quantity]:
    """After the start of each duty a break begins soon enough, past duties counted in.

    With `soft`, it may be missing for a price; the prices come back.
    """
    model, spans = group.model, group.spans
    faults: list[cp_model.IntVar] = []

    def fault() -> list[cp_model.IntVar]:
        if soft:
            faults.append(model.new_bool_var(""))
        return faults[-1:]

    breaks: dict[int, cp_model.IntVar] = {}
    for moment in sorted({spans[task][1] for task in own} | {end for _, end in past}):
        over = moment + rest.shortest_break
        if any(start < over and end > moment for start, end in past):
            continue
        breaks[moment] = model.new_bool_var("")
        for task, held in own.items():
            if spans[task][0] < over and spans[task][1] > moment:
                model.add_implication(breaks[moment], held.negated())
    if past:
        start = last_stretch(past, rest)
        end = max(end for _, end in past)
        model.add_bool_or([*(_ways(start, breaks, group, rest) or [breaks[end]]), *fault()])
    for task, held in own.items():
        ways = _ways(spans[task][0], breaks, group, rest)
        model.add_bool_or([*ways, held.negated(), *fault()])
    return [_TIRED * one for one in faults]


def _ways(
    start: int, breaks: Mapping[int, cp_model.IntVar], group: Group, rest: Rest
) -> list[cp_model.IntVar]:
    """Breaks early enough for a stretch that begins at `start`."""
    day = group.remainder.procedure.day_start
    return [
        free
        for moment, free in breaks.items()
        if start < moment <= start + rest.longest_stretch
        and moment <= start + limit_of(start, moment, rest, day)
    ]


def _add_work(
    group: Group, own: Mapping[TaskId, cp_model.IntVar], past: Sequence[Span], rest: Rest
) -> None:
    done = sum(end - start for start, end in past)
    length = {task: group.spans[task][1] - group.spans[task][0] for task in own}
    load = sum(held * length[task] for task, held in own.items())
    if done + sum(length.values()) > rest.longest_work:
        group.model.add(load <= max(0, rest.longest_work - done))


def _add_span(
    group: Group, own: Mapping[TaskId, cp_model.IntVar], past: Sequence[Span], rest: Rest
) -> None:
    if rest.longest_span is None:
        return
    spans, longest = group.spans, rest.longest_span
    if past:
        first = min(start for start, _ in past)
        for task, held in own.items():
            if spans[task][1] - first > longest:
                group.model.add(held == 0)
        return
    for one, two in combinations(own, 2):
        if max(spans[one][1], spans[two][1]) - min(spans[one][0], spans[two][0]) > longest:
            group.model.add_at_most_one([own[one], own[two]])


def solve_group(
    group: Group, policy: ReplanPolicy, stop: Stop | None
) -> tuple[dict[TaskId, People], str]:
    """Who holds what, and the status of the search."""
    solver = new_solver(policy, Effort(work=policy.limit * _LIMIT))
    status = run_solver(solver, group.model, stop)
    found: dict[TaskId, People] = {}
    if status in FOUND:
        for (task, skill, who), variable in group.held.items():
            if solver.value(variable):
                found[task] = (*found.get(task, ()), (who, skill))
    return found, status
