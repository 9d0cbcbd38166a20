"""Start times of a project without named people: genetic search and CP-SAT side by side.

The genetic search of `kernels.projects` finds short schedules fast but proves nothing; CP-SAT,
asked for a schedule shorter than the best one, ends small projects and proves bounds; planning
one window after the other anew (`windows`) finds what both miss. All write to one board.
Without `stop` they take turns by counts of work and the result depends on the input and the
seed only; with `stop` they race until it says so, and on two workers the proofs give way to
windows and a second genetic search when they gain nothing.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from diptych.choreography.check import check
from diptych.choreography.compact import Compact, Ints, compact_procedure, expand_times
from diptych.choreography.policy import ChoreographyPolicy
from diptych.choreography.project_model import ProjectModel, build_project, read_project
from diptych.choreography.windows import Windows, open_windows, shorten
from diptych.kernels.projects import (
    Desk,
    Project,
    Search,
    draw_below,
    improve,
    lower_bound,
    offer_schedule,
    open_desk,
    open_search,
    pack_project,
    spread_tasks,
)
from diptych.model import Assignment, Infeasible, Minute, Procedure, Schedule, TaskId

Stop = Callable[[], bool]
_SLICE = 1_500
_WARM = 6_000
_ROUND = 60_000
_CHANCES = ((0.2, 1.0), (0.6, 0.05), (2.0, 0.03))
_TRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Starts and modes of all tasks, and how good they are proven to be.

    makespan : last end, minutes; bound : proven lower bound of it
    status : "optimal", "feasible", "infeasible" or "unknown" (then no starts)
    schedules : how many schedules the genetic search made
    """

    starts: Mapping[TaskId, Minute]
    modes: Mapping[TaskId, int]
    makespan: Minute
    bound: Minute
    status: str
    schedules: int


@dataclass(kw_only=True)
class _Board:
    """The best schedule and bound so far, in units of the arrays; shared by the searchers.

    best : its makespan, or one more than any sensible one
    over : nobody need go on; solver : the CP-SAT search that is running
    """

    compact: Compact
    project: Project | None
    best: int
    bound: int
    start: Ints | None = None
    mode: Ints | None = None
    over: bool = False
    infeasible: bool = False
    schedules: int = 0
    solver: cp_model.CpSolver | None = None
    lock: Lock = field(default_factory=Lock)


def search_times(
    procedure: Procedure,
    policy: ChoreographyPolicy,
    stop: Stop | None = None,
    workers: int = 1,
) -> Found:
    """The shortest schedule found, people counted but not named, with its proven bound.

    stop : asked every few milliseconds; None: the deterministic limit of the policy holds
    workers : 1 or 2 threads; without `stop` always one. Raises InputError for an order with
    a circle and tasks that cannot be done in any way.
    """
    compact = compact_procedure(procedure)
    board = _open_board(compact)
    if stop is None:
        _take_turns(board, policy)
    elif workers > 1:
        _race(board, policy, stop)
    else:
        _take_turns_until(board, policy, stop)
    return _report(board)


def _open_board(compact: Compact) -> _Board:
    """The board before anything is found; most lags are left to CP-SAT alone."""
    project = pack_project(compact.needs)
    longest = np.maximum.reduceat(compact.needs.length, compact.needs.mode_first[:-1]).sum()
    lags = sum(max(0, lag) for _, _, lag in compact.needs.order)
    waits = len(np.atleast_2d(compact.needs.capacity))
    return _Board(
        compact=compact,
        project=None if compact.most else project,
        best=int(longest + lags + waits + 1),
        bound=lower_bound(project),
    )


def _post(board: _Board, start: Ints, mode: Ints, makespan: int) -> None:
    """Put a schedule on the board if it is shorter and within the hours of the people."""
    closing = board.compact.closing
    with board.lock:
        if makespan < board.best and (closing is None or makespan <= closing):
            board.best, board.start, board.mode = makespan, start.copy(), mode.copy()
        board.over = board.over or (board.start is not None and board.bound >= board.best)


def _raise_bound(board: _Board, bound: int) -> None:
    with board.lock:
        board.bound = max(board.bound, bound)
        board.over = board.over or (board.start is not None and board.bound >= board.best)


def _report(board: _Board) -> Found:
    if board.start is None or board.mode is None:
        return Found(
            starts={},
            modes={},
            makespan=Minute(0),
            bound=Minute(board.bound * board.compact.unit),
            status="infeasible" if board.infeasible else "unknown",
            schedules=board.schedules,
        )
    starts, modes = expand_times(board.compact, board.start, board.mode)
    return Found(
        starts=starts,
        modes=modes,
        makespan=Minute(board.best * board.compact.unit),
        bound=Minute(min(board.bound, board.best) * board.compact.unit),
        status="optimal" if board.bound >= board.best else "feasible",
        schedules=board.schedules,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breeder:
    """One genetic search and its working space."""

    project: Project
    search: Search
    desk: Desk


def _open_breeder(board: _Board, seed: int) -> _Breeder | None:
    project = board.project
    if project is None or len(project.tail) == 0:
        return None
    return _Breeder(
        project=project, search=open_search(project, seed=seed), desk=open_desk(project)
    )


def _breed(board: _Board, breeder: _Breeder | None, schedules: int) -> None:
    """Some more schedules; what others found in the meantime joins the population."""
    if breeder is None:
        return
    search = breeder.search
    with board.lock:
        start, mode, best = board.start, board.mode, board.best
    if start is not None and mode is not None and best < search.best_cost[0]:
        offer_schedule(breeder.project, search, start, mode)
    made = int(search.tally[0])
    best = improve(breeder.project, search, breeder.desk, schedules)
    with board.lock:
        board.schedules += int(search.tally[0]) - made
    if best < search.horizon[0]:
        _post(board, search.best_start, search.best_mode, best)


def _prove(board: _Board, seed: int, work: float) -> None:
    """CP-SAT looks for a shorter schedule, within a deterministic amount of work."""
    found = board.start is not None
    latest = board.best - 1
    model = build_project(board.compact, latest, board.bound)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = work
    with board.lock:
        if board.over:
            return
        board.solver = solver
    status = solver.solve(model.model)
    board.solver = None
    _note(board, model, solver, (status, found, latest))


def _note(
    board: _Board,
    model: ProjectModel,
    solver: cp_model.CpSolver,
    run: tuple[cp_model.CpSolverStatus, bool, int],
) -> None:
    status, found, latest = run
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        start, mode = read_project(board.compact, model, solver)
        _post(board, start, mode, int(solver.value(model.makespan)))
        _raise_bound(board, int(-(-solver.best_objective_bound // 1)))
    elif status == cp_model.INFEASIBLE:
        board.infeasible = not found
        board.over = board.over or not found
        _raise_bound(board, latest + 1)
    else:
        _raise_bound(board, int(-(-solver.best_objective_bound // 1)))


def _open_windows(board: _Board, seed: int) -> Windows | None:
    if board.project is None or len(board.compact.tasks) == 0:
        return None
    return open_windows(board.compact, board.project, seed)


def _choose_base(
    board: _Board, windows: Windows, breeder: _Breeder | None
) -> tuple[Ints, Ints] | None:
    """One of the schedules as short as the best one, so that windows differ in what is around."""
    if breeder is not None:
        same = np.flatnonzero(breeder.search.costs == board.best)
        if len(same) > 0:
            member = same[draw_below(windows.stream, len(same))]
            return breeder.search.starts[member].copy(), breeder.search.modes[member].copy()
    if board.start is None or board.mode is None:
        return None
    return board.start, board.mode


def _slide(
    board: _Board, windows: Windows | None, breeder: _Breeder | None, tries: int, stop: Stop
) -> bool:
    """So many windows of the shortest schedules planned anew; whether one made it shorter."""
    gained = False
    for _ in range(tries if windows else 0):
        solver = cp_model.CpSolver()
        with board.lock:
            if board.over or stop() or windows is None:
                return gained
            base = _choose_base(board, windows, breeder)
            board.solver = solver
        if base is None:
            return gained
        found = shorten(windows, *base, solver)
        board.solver = None
        if found is not None:
            gained = True
            early, _ = spread_tasks(windows.project, windows.desk, *found)
            ends = early + windows.project.length[found[1]]
            _post(board, early, found[1], int(ends.max()))
    return gained


def _take_turns(board: _Board, policy: ChoreographyPolicy) -> None:
    """All searches in turn, by counts of work."""
    breeder, windows = _open_breeder(board, policy.seed), _open_windows(board, policy.seed)
    _breed(board, breeder, _WARM)
    for share in (0.2, 0.8):
        if not board.over:
            _prove(board, policy.seed, 0.5 * share * policy.time_limit)
        if not board.over:
            _breed(board, breeder, int(share * policy.time_limit * _ROUND))
        tries = int(share * policy.time_limit * _TRIES)
        _slide(board, windows, breeder, tries, lambda: False)


def _take_turns_until(board: _Board, policy: ChoreographyPolicy, stop: Stop) -> None:
    """Both in turn on one thread; CP-SAT gets a share that grows only while it gains."""
    breeder = _open_breeder(board, policy.seed)
    with ThreadPoolExecutor(1) as pool:
        work, windows = 0.5, _open_windows(board, policy.seed)
        while not (board.over or stop()):
            before = board.best, board.bound
            _breed_until(board, breeder, stop, _ROUND)
            _attend(board, stop, pool.submit(_prove, board, policy.seed, work))
            _attend(board, stop, pool.submit(_slide, board, windows, breeder, _TRIES, stop))
            work *= 2.0 if (board.best, board.bound) != before or breeder is None else 0.5


def _attend(board: _Board, stop: Stop, task: Future[Any]) -> None:
    """Wait for a search on the other thread, and end it when it is time."""
    while not task.done():
        _watch(board, stop)
        wait([task], timeout=0.02)
    task.result()


def _breed_until(board: _Board, breeder: _Breeder | None, stop: Stop, schedules: int) -> None:
    for _ in range(0, schedules, _SLICE):
        if breeder is None or board.over or stop():
            return
        _breed(board, breeder, _SLICE)


def _watch(board: _Board, stop: Stop) -> None:
    """End the CP-SAT search that is running when it is time."""
    if board.over or stop():
        board.over = True
        solver = board.solver
        if solver is not None:
            solver.stop_search()


def _race(board: _Board, policy: ChoreographyPolicy, stop: Stop) -> None:
    """The genetic search on this thread, proofs and then a second one on another."""
    breeder = _open_breeder(board, policy.seed)
    _breed(board, breeder, _WARM)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(_support, board, policy, stop)
        while not other.done():
            _watch(board, stop)
            if breeder is not None and not board.over:
                _breed(board, breeder, _SLICE)
            else:
                wait([other], timeout=0.02)
        other.result()


def _support(board: _Board, policy: ChoreographyPolicy, stop: Stop) -> None:
    """Proofs while they are near, then windows and a second genetic search."""
    for work, gap in _CHANCES:
        if not (board.over or stop()) and board.best - board.bound <= gap * board.best:
            _prove(board, policy.seed, work)
    breeder, windows = _open_breeder(board, policy.seed + 1), _open_windows(board, policy.seed)
    while not (board.over or stop()):
        if breeder is None or board.start is None:
            _prove(board, policy.seed, 1e6)
        elif not _slide(board, windows, breeder, _TRIES, stop):
            _breed_until(board, breeder, stop, _ROUND)


def schedule_project(
    procedure: Procedure,
    policy: ChoreographyPolicy | None = None,
    stop: Stop | None = None,
    workers: int = 1,
) -> Schedule:
    """A checked schedule of a procedure that asks for no people; arguments as `search_times`.

    Raises Infeasible when there is none, or none was found within the limit.
    """
    found = search_times(procedure, policy or ChoreographyPolicy(), stop, workers)
    if not found.starts:
        proven = found.status == "infeasible"
        raise Infeasible(
            "no schedule keeps every rule" if proven else "no schedule was found in the time given",
            conflicts=(),
            remedy="look at what is short" if proven else "give the search more time",
        )
    known = {task.id: task.in_mode(found.modes[task.id]) for task in procedure.tasks}
    assignments = tuple(
        Assignment(
            task=task,
            start=found.starts[task],
            end=Minute(found.starts[task] + known[task].duration.planned),
            staff=(),
            mode=found.modes[task],
        )
        for task in sorted(known, key=lambda task: found.starts[task])
    )
    ends = {entry.task: entry.end for entry in assignments}
    schedule = Schedule(
        procedure=procedure,
        assignments=assignments,
        makespan=found.makespan,
        bound=found.bound,
        status=found.status,
        checked=False,
        violations=(),
        milestones={milestone.id: ends[milestone.task] for milestone in procedure.milestones},
        solver="diptych genetic search and CP-SAT",
    )
    violations = check(procedure, schedule)
    return replace(schedule, checked=not violations, violations=violations)
