"""When each task to come starts: people counted, and each planned person kept where that pays.

CP-SAT over starts (and open lengths of watches) with lags, places, kit, and one cumulative
for each crew (`crews`) with its hours and absences. For each duty of the plan a literal says
whether its person keeps it; these literals share each person's time. Who takes over a duty
that is given up is found afterwards (`recrew`), so the bound holds for the whole problem.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event, Thread

from ortools.sat.python import cp_model

from diptych.choreography.crews import Crew, find_crews
from diptych.choreography.remainder import Remainder, may_hold
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.model import Demand, SkillId, Staff, StaffId, Task, TaskId

Stop = Callable[[], bool]
Duty = tuple[TaskId, SkillId, StaffId]
STATUS = {
    cp_model.OPTIMAL: "optimal",
    cp_model.FEASIBLE: "feasible",
    cp_model.INFEASIBLE: "infeasible",
    cp_model.MODEL_INVALID: "infeasible",
    cp_model.UNKNOWN: "unknown",
}
_LATEST = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Starts and lengths of all tasks; status as of a Schedule, or "infeasible", "unknown".

    bound : proven lower bound of what was minimised
    """

    starts: Mapping[TaskId, int]
    lengths: Mapping[TaskId, int]
    makespan: int
    bound: float
    status: str


@dataclass(kw_only=True)
class Ahead:
    """The model and its variables. Tasks that ended before now have none."""

    model: cp_model.CpModel
    remainder: Remainder
    tasks: dict[TaskId, Task]
    horizon: int
    makespan: cp_model.IntVar
    starts: dict[TaskId, cp_model.LinearExprT] = field(default_factory=dict)
    ends: dict[TaskId, cp_model.LinearExprT] = field(default_factory=dict)
    sizes: dict[TaskId, cp_model.LinearExprT] = field(default_factory=dict)
    intervals: dict[TaskId, cp_model.IntervalVar] = field(default_factory=dict)
    kept: dict[Duty, cp_model.IntVar] = field(default_factory=dict)
    moved: list[cp_model.IntVar] = field(default_factory=list)


def build_ahead(remainder: Remainder, latest: int, *, keep: bool = True) -> Ahead:
    """The model of what is left; `latest` is a minute at which a day without gain would end."""
    model = cp_model.CpModel()
    horizon = latest + _LATEST
    ahead = Ahead(
        model=model,
        remainder=remainder,
        tasks={task.id: task for task in remainder.procedure.tasks},
        horizon=horizon,
        makespan=model.new_int_var(0, horizon, ""),
    )
    for task in remainder.procedure.tasks:
        _add_task(ahead, task)
    _add_order(ahead)
    _add_rooms(ahead)
    for crew in find_crews(remainder.procedure):
        _add_crew(ahead, crew)
    if keep:
        _add_keepers(ahead)
    return ahead


def _add_task(ahead: Ahead, task: Task) -> None:
    remainder, model = ahead.remainder, ahead.model
    entry, span = remainder.begun.get(task.id), remainder.lengths.get(task.id)
    if entry is not None and span is None:
        ahead.starts[task.id], ahead.ends[task.id] = entry.start, entry.end
        if entry.end > remainder.now:
            size = entry.end - entry.start
            ahead.intervals[task.id] = model.new_fixed_size_interval_var(entry.start, size, "")
            model.add(ahead.makespan >= entry.end)
        return
    length = task.duration.planned
    size: cp_model.LinearExprT = length if span is None else model.new_int_var(*span, "")
    start: cp_model.LinearExprT
    if entry is not None:
        start = int(entry.start)
    elif task.id in remainder.pins:
        start = int(remainder.pins[task.id])
    else:
        shortest = length if span is None else span[0]
        start = model.new_int_var_from_domain(_domain(ahead, task, shortest), "")
    ahead.starts[task.id], ahead.sizes[task.id] = start, size
    if span is None:
        ahead.intervals[task.id] = model.new_fixed_size_interval_var(start, length, "")
        ahead.ends[task.id] = start + length
    else:
        end = model.new_int_var(remainder.now, ahead.horizon, "")
        ahead.intervals[task.id] = model.new_interval_var(start, size, end, "")
        ahead.ends[task.id] = end
    model.add(ahead.makespan >= ahead.ends[task.id])


def _domain(ahead: Ahead, task: Task, length: int) -> cp_model.Domain:
    """Starts at which enough people are there from the first to the last minute."""
    now = ahead.remainder.now
    domain = cp_model.Domain(now, max(now, ahead.horizon - length))
    for demand in task.demands:
        windows = [
            (begin, end - length)
            for person in ahead.remainder.procedure.staff
            if may_hold(person, task, demand.skill, demand.grade)
            for begin, end in hours_left(person, now)
            if end - begin >= length
        ]
        domain = domain.intersection_with(_enough(windows, demand.count))
    return domain


def hours_left(person: Staff, now: int) -> list[tuple[int, int]]:
    """The stretches from now on in which the person is there."""
    found, begin = [], max(now, int(person.start))
    for away, back in person.absences:
        if away > begin:
            found.append((begin, min(int(away), int(person.end))))
        begin = max(begin, int(back))
    return [(b, e) for b, e in [*found, (begin, int(person.end))] if b < e]


def _enough(windows: Sequence[tuple[int, int]], count: int) -> cp_model.Domain:
    """The minutes that lie in at least `count` of the windows (both ends included)."""
    moments = sorted({minute for begin, end in windows for minute in (begin, end + 1)})
    return cp_model.Domain.from_intervals(
        [
            (begin, end - 1)
            for begin, end in pairwise(moments)
            if sum(1 for first, last in windows if first <= begin <= last) >= count
        ]
    )


def _add_order(ahead: Ahead) -> None:
    for rule in ahead.remainder.procedure.precedence:
        start, end = ahead.starts[rule.after], ahead.ends[rule.before]
        if isinstance(start, int) and isinstance(end, int):
            continue
        ahead.model.add(start - end >= int(rule.min_lag))
        if rule.max_lag is not None:
            ahead.model.add(start - end <= int(rule.max_lag))


def _add_rooms(ahead: Ahead) -> None:
    procedure = ahead.remainder.procedure
    rooms = [
        (zone.capacity, {id: t.zones.get(zone.id, 0) for id, t in ahead.tasks.items()})
        for zone in procedure.zones
    ] + [
        (kit.count, {id: t.equipment.get(kit.id, 0) for id, t in ahead.tasks.items()})
        for kit in procedure.equipment
        if kit.renewable
    ]
    for capacity, asked in rooms:
        users = {task: n for task, n in asked.items() if n and task in ahead.intervals}
        if users:
            ahead.model.add_cumulative(
                [ahead.intervals[task] for task in users], list(users.values()), capacity
            )


def _add_crew(ahead: Ahead, crew: Crew) -> None:
    users = {task: n for task, n in crew.asked.items() if task in ahead.intervals}
    if not any(task not in ahead.remainder.begun for task in users):
        return
    intervals = [ahead.intervals[task] for task in users]
    demands = list(users.values())
    people = [ahead.remainder.procedure.staff[i] for i in crew.people]
    for begin, end, absent in _away(people, ahead.remainder.now, ahead.horizon):
        intervals.append(ahead.model.new_fixed_size_interval_var(begin, end - begin, ""))
        demands.append(absent)
    ahead.model.add_cumulative(intervals, demands, len(people))


def _away(people: Sequence[Staff], now: int, horizon: int) -> list[tuple[int, int, int]]:
    """Stretches from now on with the number of these people who are not there."""
    there = [hours_left(person, now) for person in people]
    moments = sorted(
        {now, horizon} | {m for own in there for span in own for m in span if now < m < horizon}
    )
    found = []
    for begin, end in pairwise(moments):
        absent = sum(1 for own in there if not any(b <= begin and end <= e for b, e in own))
        if absent:
            found.append((begin, end, absent))
    return found


def _add_keepers(ahead: Ahead) -> None:
    """A literal for each duty of the plan: its person keeps it; each person at one at a time."""
    remainder = ahead.remainder
    staff = {person.id: person for person in remainder.procedure.staff}
    own: dict[StaffId, list[cp_model.IntervalVar]] = {}
    for task, entry in remainder.old.items():
        for who, skill in entry.staff:
            if not _still_may(staff[who], ahead.tasks[task], skill):
                continue
            kept = ahead.model.new_bool_var("")
            ahead.kept[task, skill, who] = kept
            start, end = ahead.starts[task], ahead.ends[task]
            ahead.model.add(start >= int(staff[who].start)).only_enforce_if(kept)
            ahead.model.add(end <= int(staff[who].end)).only_enforce_if(kept)
            size = ahead.sizes[task]
            own.setdefault(who, []).append(
                ahead.model.new_optional_interval_var(start, size, end, kept, "")
            )
    for task, entry in remainder.begun.items():
        for who, _ in entry.staff if task in ahead.intervals else ():
            if who in own:
                own[who].append(ahead.intervals[task])
    for who, intervals in own.items():
        gaps = [
            ahead.model.new_fixed_size_interval_var(int(b), int(e - b), "")
            for b, e in staff[who].absences
            if e > remainder.now
        ]
        ahead.model.add_no_overlap([*intervals, *gaps])


def _still_may(person: Staff, task: Task, skill: SkillId) -> bool:
    """The person may still hold the duty (a task may ask for more than it did)."""
    asked: list[Demand] = [demand for demand in task.demands if demand.skill == skill]
    return any(may_hold(person, task, skill, demand.grade) for demand in asked)


def measure_cost(ahead: Ahead, policy: ReplanPolicy) -> cp_model.LinearExprT:
    """End of the day, shifts and given-up duties, weighed as the policy says."""
    for task, entry in ahead.remainder.old.items():
        _add_moved(ahead, ahead.starts[task], entry.start)
        if task in ahead.remainder.lengths:
            _add_moved(ahead, ahead.ends[task], entry.end)
    for task in ahead.remainder.lengths:
        if task in ahead.remainder.begun:
            _add_moved(ahead, ahead.ends[task], ahead.remainder.begun[task].end)
    price = duty_prices(ahead.remainder, policy)
    given_up = [(1 - kept) * price[duty] for duty, kept in ahead.kept.items()]
    return policy.end_minute * ahead.makespan + sum(ahead.moved) + sum(given_up)


def _add_moved(ahead: Ahead, is_now: cp_model.LinearExprT, was: int) -> None:
    if isinstance(is_now, int):
        return
    moved = ahead.model.new_int_var(0, ahead.horizon, "")
    ahead.model.add(moved >= is_now - int(was))
    ahead.model.add(moved >= int(was) - is_now)
    ahead.moved.append(moved)


def duty_prices(remainder: Remainder, policy: ReplanPolicy) -> dict[Duty, int]:
    """What it costs to take each planned duty from its person, by role and planned lead time."""
    role = {person.id: person.role for person in remainder.procedure.staff}
    return {
        (task, skill, who): policy.change_cost(role[who], max(0, entry.start - remainder.now))
        for task, entry in remainder.old.items()
        for who, skill in entry.staff
    }


def hint_plan(ahead: Ahead, starts: Mapping[TaskId, int], lengths: Mapping[TaskId, int]) -> None:
    """Tell the search these starts and lengths as a first guess, and that people stay."""
    for task, start in starts.items():
        variable = ahead.starts.get(task)
        if isinstance(variable, cp_model.IntVar):
            ahead.model.add_hint(variable, start)
        size = ahead.sizes.get(task)
        if isinstance(size, cp_model.IntVar):
            ahead.model.add_hint(size, lengths[task])
    for kept in ahead.kept.values():
        ahead.model.add_hint(kept, 1)


def solve_ahead(ahead: Ahead, policy: ReplanPolicy, limit: float, stop: Stop | None) -> Timing:
    """The best found within the limit; the same model and seed give the same answer.

    With `stop`, the search ends soon after it says so, and the answer depends on the clock.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = policy.seed
    solver.parameters.max_deterministic_time = limit
    status = STATUS[run_solver(solver, ahead.model, stop)]
    if status not in ("optimal", "feasible"):
        return Timing(starts={}, lengths={}, makespan=0, bound=0.0, status=status)
    return Timing(
        starts={task: int(solver.value(start)) for task, start in ahead.starts.items()},
        lengths={
            task: int(solver.value(ahead.ends[task])) - int(solver.value(start))
            for task, start in ahead.starts.items()
        },
        makespan=int(solver.value(ahead.makespan)),
        bound=solver.best_objective_bound,
        status=status,
    )


def run_solver(solver: cp_model.CpSolver, model: cp_model.CpModel, stop: Stop | None) -> object:
    """The solver's status; a watcher ends the search when `stop` says so."""
    if stop is None:
        return solver.solve(model)
    done = Event()

    def watch() -> None:
        while not done.wait(0.02):
            if stop():
                solver.stop_search()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        return solver.solve(model)
    finally:
        done.set()
        watcher.join()
