"""CP-SAT models of a project with named people: counted, at given times, or part of it free.

`count_people` counts them only (every set of rows of a task is a cumulative over those who
can hold any of them), so its optimum bounds the whole problem. `name_people` looks for
people at given starts. `free_some` frees the teams of some tasks and the times of all;
the other tasks keep their people and the order in which these serve them.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from diptych.choreography.crewing import Crewing, Holder
from diptych.model import Task, TaskId

_MOST_SETS = 250
_ASK = 0.02

Literal = cp_model.IntVar


@dataclass(kw_only=True)
class NamedModel:
    """Variables of a model: start of each task, literal of each way, holders.

    ways : task position -> one literal for each way (a constant when there is one way)
    held : (way, row, person) -> literal
    """

    crewing: Crewing
    model: cp_model.CpModel
    makespan: cp_model.IntVar
    starts: list[cp_model.IntVar] = field(default_factory=list)
    ends: list[cp_model.LinearExpr] = field(default_factory=list)
    ways: list[list[Literal]] = field(default_factory=list)
    intervals: list[list[cp_model.IntervalVar]] = field(default_factory=list)
    held: dict[tuple[int, int, int], Literal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a solve found: starts and ways by task, holders (empty when not named).

    status : "optimal", "feasible", "infeasible" or "unknown"
    bound : proven lower bound of the model's last minute; work : deterministic time spent
    """

    starts: Mapping[TaskId, int]
    modes: Mapping[TaskId, int]
    holders: Mapping[TaskId, tuple[Holder, ...]]
    makespan: int
    bound: int
    status: str
    work: float


def base_model(crewing: Crewing, least: int, most: int) -> NamedModel:
    """Times, ways, waits, places and kit; the last minute lies in least..most."""
    model = cp_model.CpModel()
    built = NamedModel(
        crewing=crewing, model=model, makespan=model.new_int_var(least, max(least, most), "")
    )
    for i, task in enumerate(crewing.procedure.tasks):
        _add_task(built, i, task, most)
    place = {task.id: i for i, task in enumerate(crewing.procedure.tasks)}
    for rule in crewing.procedure.precedence:
        gap = built.starts[place[rule.after]] - built.ends[place[rule.before]]
        model.add(gap >= rule.min_lag)
        if rule.max_lag is not None:
            model.add(gap <= rule.max_lag)
    _add_things(built)
    return built


def _add_task(built: NamedModel, i: int, task: Task, most: int) -> None:
    model, ways = built.model, ways_of(built.crewing, i)
    shortest = min(way.duration.planned for way in ways)
    start = model.new_int_var(0, max(0, most - shortest), "")
    if len(ways) == 1:
        built.ways.append([model.new_constant(1)])
        built.intervals.append([model.new_fixed_size_interval_var(start, shortest, "")])
        end = start + shortest
    else:
        literals = [model.new_bool_var("") for _ in ways]
        model.add_exactly_one(literals)
        lengths = [way.duration.planned for way in ways]
        built.ways.append(literals)
        built.intervals.append(
            [
                model.new_optional_fixed_size_interval_var(start, length, literal, "")
                for length, literal in zip(lengths, literals, strict=True)
            ]
        )
        end = start + cp_model.LinearExpr.weighted_sum(literals, lengths)
    built.starts.append(start)
    built.ends.append(end)
    model.add(built.makespan >= end)


def ways_of(crewing: Crewing, i: int) -> Sequence[Task]:
    """The ways of the task at that position."""
    return crewing.ways[crewing.first_way[i] : crewing.first_way[i + 1]]


def _add_things(built: NamedModel) -> None:
    """Places and kit as cumulatives, stocks as sums."""
    procedure = built.crewing.procedure
    for zone in procedure.zones:
        _add_cumulative(built, {m: w.zones.get(zone.id, 0) for m, w in _all(built)}, zone.capacity)
    for kit in procedure.equipment:
        need = {m: way.equipment.get(kit.id, 0) for m, way in _all(built)}
        if kit.renewable:
            _add_cumulative(built, need, kit.count)
        else:
            chosen = [literal for own in built.ways for literal in own]
            built.model.add(
                cp_model.LinearExpr.weighted_sum(chosen, list(need.values())) <= kit.count
            )


def _all(built: NamedModel) -> list[tuple[int, Task]]:
    return list(enumerate(built.crewing.ways))


def _add_cumulative(built: NamedModel, need: Mapping[int, int], room: int) -> None:
    intervals = [interval for own in built.intervals for interval in own]
    users = [m for m, number in need.items() if number]
    if users:
        built.model.add_cumulative([intervals[m] for m in users], [need[m] for m in users], room)


def hall_sets(crewing: Crewing) -> list[frozenset[int]]:
    """Sets of people, unions of those who can hold some row, that can limit the day."""
    singles = list(dict.fromkeys(frozenset(row.people) for own in crewing.rows for row in own))
    found = dict.fromkeys(singles)
    queue = list(singles)
    while queue and len(found) < _MOST_SETS:
        union = queue.pop(0)
        for single in singles:
            joined = union | single
            if single & union and joined not in found:
                found[joined] = None
                queue.append(joined)
    return list(found)


def asked_of(crewing: Crewing, people: frozenset[int]) -> dict[int, int]:
    """Way -> how many of these people it cannot do without."""
    return {
        m: number
        for m, own in enumerate(crewing.rows)
        if (number := sum(row.count for row in own if people.issuperset(row.people)))
    }


def add_crews(built: NamedModel) -> None:
    """Every set of people as a cumulative, with the hours at which some are not there."""
    crewing = built.crewing
    intervals = [interval for own in built.intervals for interval in own]
    for people in hall_sets(crewing):
        asked = asked_of(crewing, people)
        used, need = [intervals[m] for m in asked], list(asked.values())
        for begin, end, number in _missing(crewing, people):
            used.append(built.model.new_fixed_size_interval_var(begin, end - begin, ""))
            need.append(number)
        built.model.add_cumulative(used, need, len(people))


def gone_of(crewing: Crewing, person: int) -> list[tuple[int, int]]:
    """Minutes of the day at which the person is not there."""
    project = crewing.project
    first, last = project.gone_first[person], project.gone_first[person + 1]
    return [(max(0, int(a)), min(crewing.horizon, int(b))) for a, b in project.gone[first:last]]


def _missing(crewing: Crewing, people: Collection[int]) -> list[tuple[int, int, int]]:
    """Stretches of the day with how many of these people are not there."""
    spans = [span for person in sorted(people) for span in gone_of(crewing, person)]
    moments = sorted({minute for span in spans for minute in span})
    counted = [
        (a, b, sum(1 for begin, end in spans if begin <= a and b <= end))
        for a, b in pairwise(moments)
    ]
    return [entry for entry in counted if entry[2]]


def add_people(built: NamedModel, task: int, allowed: Mapping[int, Collection[int]]) -> None:
    """Literals of who holds each row of each way of a task.

    allowed : row of the way that the incumbent uses -> people it may take; empty: anybody
    """
    crewing, model = built.crewing, built.model
    for k, way in enumerate(range(crewing.first_way[task], crewing.first_way[task + 1])):
        once: dict[int, list[Literal]] = {}
        for r, row in enumerate(crewing.rows[way]):
            literals = []
            for person in row.people:
                if person in allowed.get(r, row.people):
                    literal = model.new_bool_var("")
                    built.held[way, r, person] = literal
                    once.setdefault(person, []).append(literal)
                    literals.append(literal)
            model.add(sum(literals) == row.count * built.ways[task][k])
        for several in once.values():
            if len(several) > 1:
                model.add_at_most_one(several)


def one_at_a_time(
    built: NamedModel, kept: Mapping[int, Sequence[cp_model.IntervalVar]] | None = None
) -> None:
    """No person on two tasks at once, and nobody outside their hours.

    kept : person -> intervals of tasks that are theirs for certain
    """
    crewing, model = built.crewing, built.model
    own: dict[int, list[cp_model.IntervalVar]] = {p: list(k) for p, k in (kept or {}).items()}
    tasks = [i for i in range(len(built.starts)) for _ in ways_of(crewing, i)]
    for (way, _, person), literal in built.held.items():
        length = crewing.ways[way].duration.planned
        interval = model.new_optional_fixed_size_interval_var(
            built.starts[tasks[way]], length, literal, ""
        )
        own.setdefault(person, []).append(interval)
    for person in sorted(own):
        for begin, end in gone_of(crewing, person):
            own[person].append(model.new_fixed_size_interval_var(begin, end - begin, ""))
        model.add_no_overlap(own[person])


def hint_plan(built: NamedModel, starts: Mapping[TaskId, int], modes: Mapping[TaskId, int]) -> None:
    """Tell the search a first guess of times and ways."""
    for i, task in enumerate(built.crewing.procedure.tasks):
        built.model.add_hint(built.starts[i], starts[task.id])
        if len(built.ways[i]) > 1:
            for k, literal in enumerate(built.ways[i]):
                built.model.add_hint(literal, modes[task.id] == k)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long one run of the solver may last.

    limit : deterministic limit; stop : asked every 20 ms beside it, None: never
    """

    seed: int
    limit: float
    stop: Callable[[], bool] | None = None


def _run_solver(built: "NamedModel", effort: Effort) -> tuple[cp_model.CpSolver, str]:
    """One worker with that seed and limits; what it found, and its status."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = effort.seed
    solver.parameters.max_deterministic_time = effort.limit
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(solver, effort.stop, done))
    if effort.stop is not None:
        watcher.start()
    try:
        status = _STATUS[solver.solve(built.model)]
    finally:
        done.set()
    if effort.stop is not None:
        watcher.join()
    return solver, status


def _watch(
    solver: cp_model.CpSolver, stop: Callable[[], bool] | None, done: threading.Event
) -> None:
    while stop is not None and not done.wait(_ASK):
        if stop():
            solver.stop_search()


_STATUS = {
    cp_model.OPTIMAL: "optimal",
    cp_model.FEASIBLE: "feasible",
    cp_model.INFEASIBLE: "infeasible",
    cp_model.MODEL_INVALID: "infeasible",
    cp_model.UNKNOWN: "unknown",
}


def run_model(built: NamedModel, effort: Effort) -> Found:
    """Solve and read the answer."""
    solver, status = _run_solver(built, effort)
    starts: dict[TaskId, int] = {}
    modes: dict[TaskId, int] = {}
    holders: dict[TaskId, tuple[Holder, ...]] = {}
    if status in ("optimal", "feasible"):
        tasks = built.crewing.procedure.tasks
        for i, task in enumerate(tasks):
            starts[task.id] = int(solver.value(built.starts[i]))
            modes[task.id] = next(k for k, way in enumerate(built.ways[i]) if solver.value(way))
        holders = _read_holders(built, solver)
    best = solver.best_objective_bound if built.model.has_objective() else 0.0
    return Found(
        starts=starts,
        modes=modes,
        holders=holders,
        makespan=int(solver.value(built.makespan)) if starts else 0,
        bound=max(0, int(-(-best // 1))),
        status=status,
        work=float(solver.response_proto.deterministic_time),
    )


def _read_holders(built: NamedModel, solver: cp_model.CpSolver) -> dict[TaskId, tuple[Holder, ...]]:
    crewing = built.crewing
    holders: dict[TaskId, tuple[Holder, ...]] = {}
    for (way, row, person), literal in built.held.items():
        if solver.value(literal):
            task = crewing.ways[way].id
            holder = (person, crewing.rows[way][row].skill)
            holders[task] = (*holders.get(task, ()), holder)
    return holders
