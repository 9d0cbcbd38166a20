"""The search over what is left of the day: one worker, a seed, a count of work or a stop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Thread

from ortools.sat.python import cp_model

from diptych.choreography.ahead import Ahead
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.model import TaskId

Stop = Callable[[], bool]
STATUS = {
    cp_model.OPTIMAL: "optimal",
    cp_model.FEASIBLE: "feasible",
    cp_model.INFEASIBLE: "infeasible",
    cp_model.MODEL_INVALID: "infeasible",
    cp_model.UNKNOWN: "unknown",
}
FOUND = ("optimal", "feasible")
_POLL = 0.02
_PROOF = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard to search: `work` in the solver's own units; `gap` (share) that is good enough.

    quick : without presolve; comes to within 1 % soonest
    cores : seeks bounds with cores: for the end of the day alone, not for a sum of costs
    linear : with a linear relaxation: for days whose appointments are open, and long searches
    """

    work: float
    gap: float = 0.0
    quick: bool = False
    cores: bool = False
    linear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Starts and lengths of all tasks.

    cost, bound : what was minimised, and its proven lower bound
    status : "optimal", "feasible", "infeasible" or "unknown"
    """

    starts: Mapping[TaskId, int]
    lengths: Mapping[TaskId, int]
    makespan: int
    cost: float
    bound: float
    status: str


def solve_ahead(ahead: Ahead, policy: ReplanPolicy, effort: Effort, stop: Stop | None) -> Timing:
    """The best found; the same model, seed and effort give the same answer.

    No probing and no symmetry: they cost more than they brought on these models.
    With `stop`, the search ends soon after it says so, and the answer
    depends on the clock.
    """
    solver = _plain_solver(policy, effort)
    status = run_solver(solver, ahead.model, stop)
    if status not in FOUND:
        return Timing(starts={}, lengths={}, makespan=0, cost=0.0, bound=0.0, status=status)
    starts = {task: int(solver.value(start)) for task, start in ahead.starts.items()}
    return Timing(
        starts=starts,
        lengths={task: int(solver.value(end)) - starts[task] for task, end in ahead.ends.items()},
        makespan=int(solver.value(ahead.makespan)),
        cost=solver.objective_value,
        bound=solver.best_objective_bound,
        status=status,
    )


def _plain_solver(policy: ReplanPolicy, effort: Effort) -> cp_model.CpSolver:
    solver = new_solver(policy, effort)
    solver.parameters.linearization_level = int(effort.linear)
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    solver.parameters.optimize_with_core = effort.cores
    solver.parameters.cp_model_presolve = not effort.quick
    return solver


def new_solver(policy: ReplanPolicy, effort: Effort) -> cp_model.CpSolver:
    """A solver whose answer depends on the model, the seed and the effort only."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = policy.seed
    solver.parameters.max_deterministic_time = effort.work
    solver.parameters.relative_gap_limit = effort.gap
    return solver


def run_solver(solver: cp_model.CpSolver, model: cp_model.CpModel, stop: Stop | None) -> str:
    """The solver's status; a watcher ends the search when `stop` says so."""
    if stop is None:
        return STATUS[solver.solve(model)]
    done = Event()

    def watch() -> None:
        while not done.wait(_POLL):
            if stop():
                solver.stop_search()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        return STATUS[solver.solve(model)]
    finally:
        done.set()
        watcher.join()


def is_impossible(
    ahead: Ahead, policy: ReplanPolicy, work: float = _PROOF, *, presolve: bool = False
) -> bool:
    """Whether the model is proven to have no solution, within a small count of work.

    `presolve` pays where few rules are left: long chains of waits are slow to follow without.
    """
    solver = _plain_solver(policy, Effort(work=work, quick=not presolve))
    return run_solver(solver, ahead.model, None) == "infeasible"
