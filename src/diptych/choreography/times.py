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

from diptych.choreography.crews import Crew, Way, can_hold, find_crews, needs_of, ways_of
from diptych.choreography.fasts import fast_group, find_fasts
from diptych.choreography.policy import ChoreographyPolicy
from diptych.model import Procedure, Staff, Task, TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """When each task starts and which way it is done (0 where nothing is said)."""

    starts: Mapping[TaskId, int]
    modes: Mapping[TaskId, int] = field(default_factory=dict)

    def way(self, task: Task) -> Task:
        """The task as it is done."""
        return task.in_mode(self.modes.get(task.id, 0))

    def span(self, task: Task) -> tuple[int, int]:
        """First minute of the task and the minute after its last."""
        start = self.starts[task.id]
        return start, start + self.way(task).duration.planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Starts of all tasks with the way each is done, and how good they are proven to be.

    makespan : last end, minutes; bound : proven lower bound of it
    status : "optimal", "feasible", "infeasible" or "unknown"
    """

    placed: Placed
    makespan: int
    bound: int
    status: str
    work: float


@dataclass(kw_only=True)
class TimeModel:
    """The CP-SAT model and its variables.

    lengths : minutes of each task, a variable where it can be done in several ways
    chosen : task and way -> that it is done so; nothing for a task of one way
    intervals : one for each way
    """

    model: cp_model.CpModel
    makespan: cp_model.IntVar
    horizon: int
    starts: dict[TaskId, cp_model.IntVar] = field(default_factory=dict)
    ends: dict[TaskId, cp_model.LinearExpr | cp_model.IntVar] = field(default_factory=dict)
    lengths: dict[TaskId, int | cp_model.IntVar] = field(default_factory=dict)
    chosen: dict[Way, cp_model.IntVar] = field(default_factory=dict)
    intervals: dict[Way, cp_model.IntervalVar] = field(default_factory=dict)


def horizon_of(procedure: Procedure) -> int:
    """A minute by which the day is over in any sensible schedule."""
    lags = sum(max(0, rule.min_lag) for rule in procedure.precedence)
    longest = (max(w.duration.planned for w in ways_of(task)) for task in procedure.tasks)
    serial = sum(longest) + lags
    opening = max((person.start for person in procedure.staff), default=0)
    closing = max((person.end for person in procedure.staff), default=0)
    return max(closing, serial + max(0, opening))


def build_times(procedure: Procedure, drop: Collection[str] = ()) -> TimeModel:
    """The model without the groups of rules named in `drop` (names as in `rule_groups`)."""
    horizon = horizon_of(procedure)
    model = cp_model.CpModel()
    makespan = model.new_int_var(0, horizon, "")
    times = TimeModel(model=model, makespan=makespan, horizon=horizon)
    for task in procedure.tasks:
        _add_task(times, procedure, task, drop)
    _add_order(times, procedure, drop)
    _add_rooms(times, procedure, drop)
    for crew in find_crews(procedure):
        if crew_name(crew) not in drop:
            hours = not any(f"hours:{duty.skill}" in drop for duty in crew.duties)
            _add_crew(times, procedure, crew, hours)
    return times


def _add_task(times: TimeModel, procedure: Procedure, task: Task, drop: Collection[str]) -> None:
    """Start, end and one interval for each way of a task."""
    model, ways = times.model, ways_of(task)
    domains = [_domain(procedure, way, times.horizon, drop) for way in ways]
    every = domains[0]
    for domain in domains[1:]:
        every = every.union_with(domain)
    start = model.new_int_var_from_domain(every, "")
    times.starts[task.id] = start
    planned = [way.duration.planned for way in ways]
    if len(ways) == 1:
        times.lengths[task.id] = planned[0]
        times.intervals[task.id, 0] = model.new_fixed_size_interval_var(start, planned[0], "")
    else:
        length = model.new_int_var_from_domain(cp_model.Domain.from_values(planned), "")
        times.lengths[task.id] = length
        chosen = [model.new_bool_var("") for _ in ways]
        model.add_exactly_one(chosen)
        for mode, (held, minutes) in enumerate(zip(chosen, planned, strict=True)):
            model.add(length == minutes).only_enforce_if(held)
            model.add_linear_expression_in_domain(start, domains[mode]).only_enforce_if(held)
            times.chosen[task.id, mode] = held
            times.intervals[task.id, mode] = model.new_optional_fixed_size_interval_var(
                start, minutes, held, ""
            )
    if len(ways) == 1:
        times.ends[task.id] = start + planned[0]
    else:
        times.ends[task.id] = model.new_int_var(0, times.horizon, "")
        model.add(times.ends[task.id] == start + times.lengths[task.id])
    model.add(times.makespan >= times.ends[task.id])


def _domain(
    procedure: Procedure, way: Task, horizon: int, drop: Collection[str]
) -> cp_model.Domain:
    """Starts at which enough people are there from the first to the last minute."""
    length = way.duration.planned
    domain = cp_model.Domain(0, max(0, horizon - length))
    for duty, count in needs_of(way).items():
        if f"hours:{duty.skill}" in drop:
            continue
        windows = [
            (begin, end - length)
            for person in procedure.staff
            if can_hold(person, duty)
            for begin, end in hours_of(person)
            if end - begin >= length
        ]
        domain = domain.intersection_with(_enough(windows, count))
    return domain


def hours_of(person: Staff) -> list[tuple[int, int]]:
    """Stretches of the day in which a person can be asked, absences taken out."""
    edges = [person.start, *(m for gone in person.absences for m in gone), person.end]
    return [(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True) if begin < end]


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
    return "people:" + ",".join(f"{d.skill}/{d.side}/{d.grade}" for d in crew.duties)


def rule_groups(procedure: Procedure) -> list[str]:
    """Names of the groups of rules that can be left out one by one."""
    ways = [way for task in procedure.tasks for way in ways_of(task)]
    skills = dict.fromkeys(demand.skill for way in ways for demand in way.demands)
    used = {kit for way in ways for kit in way.equipment}
    stood = {zone for way in ways for zone in way.zones}
    return [
        *(crew_name(crew) for crew in find_crews(procedure)),
        *(f"equipment:{kit.id}" for kit in procedure.equipment if kit.id in used),
        *(f"zone:{zone.id}" for zone in procedure.zones if zone.id in stood),
        *(f"hours:{skill}" for skill in skills),
        *(fast_group(task.id) for task in find_fasts(procedure)),
        "lag",
    ]


def _add_order(times: TimeModel, procedure: Procedure, drop: Collection[str]) -> None:
    for rule in procedure.precedence:
        if fast_group(rule.before) in drop:
            continue
        gap = times.starts[rule.after] - times.ends[rule.before]
        times.model.add(gap >= rule.min_lag)
        if rule.max_lag is not None and "lag" not in drop:
            times.model.add(gap <= rule.max_lag)


def _add_rooms(times: TimeModel, procedure: Procedure, drop: Collection[str]) -> None:
    ways = {
        (task.id, mode): way for task in procedure.tasks for mode, way in enumerate(ways_of(task))
    }
    for zone in procedure.zones:
        asked = {key: way.zones.get(zone.id, 0) for key, way in ways.items()}
        if f"zone:{zone.id}" not in drop:
            _add_room(times, asked, zone.capacity)
    for kit in procedure.equipment:
        asked = {key: way.equipment.get(kit.id, 0) for key, way in ways.items()}
        if f"equipment:{kit.id}" in drop:
            continue
        if kit.renewable:
            _add_room(times, asked, kit.count)
        else:
            _add_stock(times, asked, kit.count)


def _add_room(times: TimeModel, asked: Mapping[Way, int], capacity: int) -> None:
    users = {key: count for key, count in asked.items() if count}
    if users:
        times.model.add_cumulative(
            [times.intervals[key] for key in users], list(users.values()), capacity
        )


def _add_stock(times: TimeModel, asked: Mapping[Way, int], stock: int) -> None:
    """What the tasks use up of a stock, whenever they run."""
    users = {key: count for key, count in asked.items() if count}
    if users:
        times.model.add(sum(n * times.chosen.get(key, 1) for key, n in users.items()) <= stock)


def _add_crew(times: TimeModel, procedure: Procedure, crew: Crew, hours: bool) -> None:
    intervals = [times.intervals[way] for way in crew.asked]
    demands = list(crew.asked.values())
    if hours:
        for begin, end, absent in _absences(procedure, crew, times.horizon):
            intervals.append(times.model.new_fixed_size_interval_var(begin, end - begin, ""))
            demands.append(absent)
    times.model.add_cumulative(intervals, demands, len(crew.people))


def _absences(procedure: Procedure, crew: Crew, horizon: int) -> list[tuple[int, int, int]]:
    """Stretches of the day with the number of the crew's people who are not there."""
    people = [procedure.staff[i] for i in crew.people]
    hours = [hours_of(person) for person in people]
    edges = {m for own in hours for stretch in own for m in stretch if 0 < m < horizon}
    moments = sorted({0, horizon} | edges)
    found = []
    for begin, end in pairwise(moments):
        absent = sum(not any(b <= begin and e >= end for b, e in own) for own in hours)
        if absent:
            found.append((begin, end, absent))
    return found


def hint_starts(times: TimeModel, placed: Placed) -> None:
    """Tell the search these starts and ways as a first guess."""
    for task, start in placed.starts.items():
        times.model.add_hint(times.starts[task], start)
    for (task, mode), chosen in times.chosen.items():
        if task in placed.starts:
            times.model.add_hint(chosen, placed.modes.get(task, 0) == mode)


def read_placed(times: TimeModel, solver: cp_model.CpSolver) -> Placed:
    """The starts found, and the way of each task that has several."""
    return Placed(
        starts={task: int(solver.value(start)) for task, start in times.starts.items()},
        modes={task: mode for (task, mode), one in times.chosen.items() if solver.value(one)},
    )


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
        none = Placed(starts={})
        return Times(placed=none, makespan=0, bound=0, status=status, work=_work(solver))
    makespan = int(solver.value(times.makespan))
    bound = makespan if status == "optimal" else _ceil(solver.best_objective_bound)
    placed, work = read_placed(times, solver), _work(solver)
    tidy = _tidy(times, procedure, policy, makespan, placed)
    return Times(placed=tidy, makespan=makespan, bound=bound, status=status, work=work)


def _work(solver: cp_model.CpSolver) -> float:
    return float(solver.response_proto.deterministic_time)


def _ceil(bound: float) -> int:
    return int(-(-bound // 1))


def _tidy(
    times: TimeModel,
    procedure: Procedure,
    policy: ChoreographyPolicy,
    makespan: int,
    placed: Placed,
) -> Placed:
    """The same makespan with every clinical task early and the watches evenly overlapping."""
    model = times.model
    model.clear_objective()  # type: ignore[no-untyped-call]
    model.add(times.makespan <= makespan)
    hint_starts(times, placed)
    watches = {task.id for task in procedure.tasks if task.step == 0}
    early = sum(start for task, start in times.starts.items() if task not in watches)
    uneven = [_widest_overlap(times, procedure, watches)] if watches else []
    model.minimize(10 * early + sum(uneven))
    solver = solver_of(policy, policy.time_limit / 2)
    if STATUS[solver.solve(model)] not in ("optimal", "feasible"):
        return placed
    return read_placed(times, solver)


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
