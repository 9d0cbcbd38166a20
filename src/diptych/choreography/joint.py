"""Who holds each duty and when some or all tasks start, found together.

Used where a group of people cannot hold its duties at the times first found. Breaks are
intervals of their own between a person's duties.
"""

from collections.abc import Collection, Sequence

from ortools.sat.python import cp_model

from diptych.choreography.breaks import add_free_breaks, add_free_span, find_lows
from diptych.choreography.crews import Duty, can_hold, needs_of, ways_of
from diptych.choreography.people import Crewed, Group, add_work, read_holders, tasks_of
from diptych.choreography.policy import ChoreographyPolicy
from diptych.choreography.times import (
    STATUS,
    Placed,
    TimeModel,
    build_times,
    hint_starts,
    read_placed,
    solver_of,
)
from diptych.model import Procedure, SkillId, Task, TaskId

_JOINT = 12


def assign_with_times(
    procedure: Procedure,
    placed: Placed,
    duties: Sequence[Duty],
    free: Collection[TaskId],
    policy: ChoreographyPolicy,
) -> Crewed:
    """People for the duties and times for the `free` tasks together; others stay put.

    The end of the day is made as early as the free times allow; its bound holds for the
    whole problem only when every task is free.
    """
    times = _times_with_fixed(procedure, placed, free)
    group = Group(model=times.model)
    for task in tasks_of(procedure, duties):
        _add_duties(group, times, procedure, task, duties)
    for person in sorted(group.present):
        _add_person(group, times, procedure, person)
    add_work(group, procedure, times.lengths)
    times.model.minimize(times.makespan)
    solver = solver_of(policy, policy.people_limit * _JOINT)
    status = STATUS[solver.solve(times.model)]
    if status not in ("optimal", "feasible"):
        return Crewed(holders={}, placed=Placed(starts={}), bound=0, status=status)
    return Crewed(
        holders=read_holders(group, solver, status),
        placed=read_placed(times, solver),
        bound=int(-(-solver.best_objective_bound // 1)),
        status=status,
    )


def _times_with_fixed(procedure: Procedure, placed: Placed, free: Collection[TaskId]) -> TimeModel:
    """The model of times with every task but the free ones where it is, and as it is done."""
    times = build_times(procedure)
    for task in (one for one in placed.starts if one not in free):
        times.model.add(times.starts[task] == placed.starts[task])
        if (task, 0) in times.chosen:
            times.model.add(times.chosen[task, placed.modes.get(task, 0)] == 1)
    loose = {one: start for one, start in placed.starts.items() if one in free}
    hint_starts(times, Placed(starts=loose, modes=placed.modes))
    return times


def _add_duties(
    group: Group,
    times: TimeModel,
    procedure: Procedure,
    task: Task,
    duties: Collection[Duty],
) -> None:
    """Variables for who holds the task's duties, whichever way it is done."""
    ways = [needs_of(way) for way in ways_of(task)]
    mine: dict[int, list[cp_model.IntVar]] = {}
    asked = dict.fromkeys(duty for needs in ways for duty in needs if duty in duties)
    for skill in dict.fromkeys(duty.skill for duty in asked):
        levels = sorted({duty for duty in asked if duty.skill == skill}, key=_grade)
        for i, person in enumerate(procedure.staff):
            if can_hold(person, levels[0]):
                variable = group.model.new_bool_var("")
                group.held[task.id, skill, i] = variable
                mine.setdefault(i, []).append(variable)
        for mode, needs in enumerate(ways):
            _ask(group, times, procedure, (task.id, mode), skill, needs)
    for who, able in mine.items():
        group.present.setdefault(who, {})[task.id] = group.either(able)


def _grade(duty: Duty) -> int:
    return duty.grade


def _ask(
    group: Group,
    times: TimeModel,
    procedure: Procedure,
    way: tuple[TaskId, int],
    skill: SkillId,
    needs: dict[Duty, int],
) -> None:
    """As many people of each grade as one way of the task asks for, if it is the way taken."""
    task, _ = way
    levels = [duty for duty in needs if duty.skill == skill]
    held = {i: v for (one, what, i), v in group.held.items() if (one, what) == (task, skill)}
    enforced = [times.chosen[way]] if way in times.chosen else []
    counts = [
        sum(v for i, v in held.items() if can_hold(procedure.staff[i], duty)) for duty in levels
    ]
    everybody = sum(held.values())
    total = needs[levels[0]] if levels else 0
    group.model.add(everybody == total).only_enforce_if(*enforced)
    for duty, count in zip(levels, counts, strict=True):
        group.model.add(count >= needs[duty]).only_enforce_if(*enforced)


def _add_person(group: Group, times: TimeModel, procedure: Procedure, person: int) -> None:
    """Hours, one duty at a time, breaks and span of one person, whatever the times."""
    model, who, own = group.model, procedure.staff[person], group.present[person]
    duties = []
    for task, held in own.items():
        start, end = times.starts[task], times.ends[task]
        duties.append(model.new_optional_interval_var(start, times.lengths[task], end, held, ""))
        model.add(start >= who.start).only_enforce_if(held)
        model.add(end <= who.end).only_enforce_if(held)
    gone = [model.new_fixed_size_interval_var(b, e - b, "") for b, e in who.absences]
    if gone:
        model.add_no_overlap([*duties, *gone])
    if procedure.rest is not None:
        lows = find_lows(procedure, times.horizon)
        hours = who.end - who.start
        duties += add_free_breaks(times, own, hours, procedure.rest, lows)
        add_free_span(times, own, procedure.rest)
    model.add_no_overlap(duties)
