"""When each task starts: the time level, in which people are counted but not yet named.

CP-SAT over start times with least and most lags, zones and equipment as cumulatives, and
one cumulative for each crew (`crews`), with the hours of its people. Its optimum is a lower
bound for the whole problem. One worker, a fixed seed and a deterministic limit, so that
the result depends on nothing but the input.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from diptych.choreography.crews import Crew, can_hold, find_crews, side_of
from diptych.choreography.policy import ChoreographyPolicy
from diptych.model import Procedure, Task, TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Starts of all tasks, and how good they are proven to be.

    makespan : last end, minutes; bound : proven lower bound of it
    status : "optimal", "feasible", "infeasible" or "unknown"
    """

    starts: Mapping[TaskId, int]
    makespan: int
    bound: int
    status: str
    work: float


@dataclass(kw_only=True)
class TimeModel:
    """The CP-SAT model and its variables."""

    model: cp_model.CpModel
    starts: dict[TaskId, cp_model.IntVar]
    ends: dict[TaskId, cp_model.LinearExpr]
    makespan: cp_model.IntVar
    horizon: int
    intervals: dict[TaskId, cp_model.IntervalVar] = field(default_factory=dict)


def horizon_of(procedure: Procedure) -> int:
    """A minute by which the day is over in any sensible schedule."""
    lags = sum(max(0, rule.min_lag) for rule in procedure.precedence)
    serial = sum(task.duration.planned for task in procedure.tasks) + lags
    opening = max((person.start for person in procedure.staff), default=0)
    closing = max((person.end for person in procedure.staff), default=0)
    return max(closing, serial + max(0, opening))


def build_times(procedure: Procedure, drop: Collection[str] = ()) -> TimeModel:
    """The model without the groups of rules named in `drop` (names as in `rule_groups`)."""
    horizon = horizon_of(procedure)
    model = cp_model.CpModel()
    makespan = model.new_int_var(0, horizon, "")
    times = TimeModel(model=model, starts={}, ends={}, makespan=makespan, horizon=horizon)
    for task in procedure.tasks:
        length = task.duration.planned
        start = model.new_int_var_from_domain(_domain(procedure, task, horizon, drop), "")
        times.starts[task.id] = start
        times.ends[task.id] = start + length
        times.intervals[task.id] = model.new_fixed_size_interval_var(start, length, "")
        model.add(makespan >= start + length)
    _add_order(times, procedure, drop)
    _add_rooms(times, procedure, drop)
    for crew in find_crews(procedure):
        if crew_name(crew) not in drop:
            hours = not any(f"hours:{skill}" in drop for skill, _ in crew.duties)
            _add_crew(times, procedure, crew, hours)
    return times


def _domain(
    procedure: Procedure, task: Task, horizon: int, drop: Collection[str]
) -> cp_model.Domain:
    """Starts at which enough people are there from the first to the last minute."""
    length = task.duration.planned
    domain = cp_model.Domain(0, max(0, horizon - length))
    for demand in task.demands:
        if f"hours:{demand.skill}" in drop:
            continue
        duty = (demand.skill, side_of(task))
        windows = [
            (person.start, person.end - length)
            for person in procedure.staff
            if can_hold(person, duty) and person.end - person.start >= length
        ]
        domain = domain.intersection_with(_enough(windows, demand.count))
    return domain


def _enough(windows: Sequence[tuple[int, int]], count: int) -> cp_model.Domain:
    """The minutes that lie in at least `count` of the windows (both ends included)."""
    moments = sorted({minute for begin, end in windows for minute in (begin, end + 1)})
    spans = [
        (begin, end - 1)
        for begin, end in pairwise(moments)
        if sum(1 for first, last in windows if first <= begin <= last) >= count
    ]
    return cp_model.Domain.from_intervals(spans)


def crew_name(crew: Crew) -> str:
    """The name of a crew's rule, as `drop` takes it."""
    return "people:" + ",".join(f"{skill}/{side}" for skill, side in crew.duties)


def rule_groups(procedure: Procedure) -> list[str]:
    """Names of the groups of rules that can be left out one by one."""
    skills = dict.fromkeys(demand.skill for task in procedure.tasks for demand in task.demands)
    used = {kit for task in procedure.tasks for kit in task.equipment}
    stood = {zone for task in procedure.tasks for zone in task.zones}
    return [
        *(crew_name(crew) for crew in find_crews(procedure)),
        *(f"equipment:{kit.id}" for kit in procedure.equipment if kit.id in used),
        *(f"zone:{zone.id}" for zone in procedure.zones if zone.id in stood),
        *(f"hours:{skill}" for skill in skills),
        "lag",
    ]


def _add_order(times: TimeModel, procedure: Procedure, drop: Collection[str]) -> None:
    for rule in procedure.precedence:
        gap = times.starts[rule.after] - times.ends[rule.before]
        times.model.add(gap >= rule.min_lag)
        if rule.max_lag is not None and "lag" not in drop:
            times.model.add(gap <= rule.max_lag)


def _add_rooms(times: TimeModel, procedure: Procedure, drop: Collection[str]) -> None:
    rooms = [
        (f"zone:{zone.id}", zone.capacity, {t.id: t.zones.get(zone.id, 0) for t in procedure.tasks})
        for zone in procedure.zones
    ] + [
        (
            f"equipment:{kit.id}",
            kit.count,
            {t.id: t.equipment.get(kit.id, 0) for t in procedure.tasks},
        )
        for kit in procedure.equipment
    ]
    for name, capacity, asked in rooms:
        users = {task: count for task, count in asked.items() if count}
        if users and name not in drop:
            times.model.add_cumulative(
                [times.intervals[task] for task in users], list(users.values()), capacity
            )


def _add_crew(times: TimeModel, procedure: Procedure, crew: Crew, hours: bool) -> None:
    intervals = [times.intervals[task] for task in crew.asked]
    demands = list(crew.asked.values())
    if hours:
        for begin, end, absent in _absences(procedure, crew, times.horizon):
            intervals.append(times.model.new_fixed_size_interval_var(begin, end - begin, ""))
            demands.append(absent)
    times.model.add_cumulative(intervals, demands, len(crew.people))


def _absences(procedure: Procedure, crew: Crew, horizon: int) -> list[tuple[int, int, int]]:
    """Stretches of the day with the number of the crew's people who are not there."""
    people = [procedure.staff[i] for i in crew.people]
    moments = sorted(
        {0, horizon} | {m for p in people for m in (p.start, p.end) if 0 < m < horizon}
    )
    found = []
    for begin, end in pairwise(moments):
        absent = sum(1 for p in people if not (p.start <= begin and p.end >= end))
        if absent:
            found.append((begin, end, absent))
    return found


def hint_starts(times: TimeModel, starts: Mapping[TaskId, int]) -> None:
    """Tell the search these starts as a first guess."""
    for task, start in starts.items():
        times.model.add_hint(times.starts[task], start)


def solver_of(policy: ChoreographyPolicy, limit: float) -> cp_model.CpSolver:
    """A solver whose answer depends on the model, the seed and the limit only."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = policy.seed
    solver.parameters.max_deterministic_time = limit
    return solver


STATUS = {
    cp_model.OPTIMAL: "optimal",
    cp_model.FEASIBLE: "feasible",
    cp_model.INFEASIBLE: "infeasible",
    cp_model.MODEL_INVALID: "infeasible",
    cp_model.UNKNOWN: "unknown",
}


def solve_times(procedure: Procedure, policy: ChoreographyPolicy) -> Times:
    """The earliest end that people as numbers, places, kit and lags allow, then tidied.

    Among the plans of that length the clinical work is done as early as possible and the
    overlaps of the watches are evened out.
    """
    times = build_times(procedure)
    times.model.minimize(times.makespan)
    solver = solver_of(policy, policy.time_limit)
    status = STATUS[solver.solve(times.model)]
    if status not in ("optimal", "feasible"):
        return Times(starts={}, makespan=0, bound=0, status=status, work=_work(solver))
    makespan = int(solver.value(times.makespan))
    bound = makespan if status == "optimal" else _ceil(solver.best_objective_bound)
    starts = {task: int(solver.value(start)) for task, start in times.starts.items()}
    tidy = _tidy(times, procedure, policy, starts)
    return Times(starts=tidy, makespan=makespan, bound=bound, status=status, work=_work(solver))


def _work(solver: cp_model.CpSolver) -> float:
    return float(solver.response_proto.deterministic_time)


def _ceil(bound: float) -> int:
    return int(-(-bound // 1))


def _tidy(
    times: TimeModel, procedure: Procedure, policy: ChoreographyPolicy, starts: dict[TaskId, int]
) -> dict[TaskId, int]:
    """The same makespan with every clinical task early and the watches evenly overlapping."""
    model = times.model
    model.clear_objective()  # type: ignore[no-untyped-call]
    model.add(times.makespan <= max(starts[t.id] + t.duration.planned for t in procedure.tasks))
    hint_starts(times, starts)
    watches = {task.id for task in procedure.tasks if task.step == 0}
    early = sum(start for task, start in times.starts.items() if task not in watches)
    uneven = [_widest_overlap(times, procedure, watches)] if watches else []
    model.minimize(10 * early + sum(uneven))
    solver = solver_of(policy, policy.time_limit / 2)
    if STATUS[solver.solve(model)] not in ("optimal", "feasible"):
        return starts
    return {task: int(solver.value(start)) for task, start in times.starts.items()}


def _widest_overlap(
    times: TimeModel, procedure: Procedure, watches: Collection[TaskId]
) -> cp_model.IntVar:
    widest = times.model.new_int_var(0, times.horizon, "")
    for rule in procedure.precedence:
        if rule.before in watches and rule.after in watches:
            times.model.add(widest >= times.ends[rule.before] - times.starts[rule.after])
    return widest


def is_impossible(procedure: Procedure, policy: ChoreographyPolicy, keep: Collection[str]) -> bool:
    """Whether the order of the tasks and the groups of rules kept are proven to conflict."""
    drop = [group for group in rule_groups(procedure) if group not in keep]
    solver = solver_of(policy, policy.time_limit / 10)
    return STATUS[solver.solve(build_times(procedure, drop).model)] == "infeasible"
