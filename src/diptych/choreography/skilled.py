"""The search for a project's people and times together.

A genetic search over schedules with named people (`kernels.crewing`) finds; the time level,
in which people are counted, bounds and hints; both take turns until `stop` says so or the
policy's work is done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from diptych.choreography.crewing import (
    Crewing,
    Holder,
    evolve_search,
    make_crewing,
    new_search,
    read_plan,
)
from diptych.choreography.energy import energetic_bound
from diptych.choreography.named import (
    Found,
    add_crews,
    base_model,
    hint_plan,
    make_solver,
    run_model,
)
from diptych.choreography.policy import ChoreographyPolicy
from diptych.kernels.crewing import Search
from diptych.model import Minute, Procedure, TaskId

_POOL = 60
_SLICE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Peopled:
    """Who does what and when, and how good it is proven to be.

    holders : task -> people as (position in the staff, skill)
    bound : proven lower bound of the makespan, minutes
    status : "optimal", "feasible", "infeasible" or "unknown"
    """

    starts: Mapping[TaskId, int]
    modes: Mapping[TaskId, int]
    holders: Mapping[TaskId, tuple[Holder, ...]]
    makespan: Minute
    bound: Minute
    status: str


@dataclass(kw_only=True)
class _Hunt:
    """The best so far, and what is left to spend."""

    crewing: Crewing
    policy: ChoreographyPolicy
    stop: Callable[[], bool] | None
    search: Search
    bound: int
    best: Peopled | None = None
    seeds: list[list[int]] = field(default_factory=list)

    @property
    def makespan(self) -> int:
        return self.best.makespan if self.best else self.crewing.horizon

    @property
    def over(self) -> bool:
        proven = self.best is not None and self.best.makespan <= self.bound
        return proven or (self.stop is not None and self.stop())


def search_people(
    procedure: Procedure,
    policy: ChoreographyPolicy | None = None,
    stop: Callable[[], bool] | None = None,
) -> Peopled:
    """The shortest schedule with named people that was found, with a proven bound.

    stop : asked between slices of work; None: the policy's limits of work decide, so that
        the same input gives the same answer
    """
    policy = policy or ChoreographyPolicy()
    crewing = make_crewing(procedure)
    hunt = _Hunt(
        crewing=crewing,
        policy=policy,
        stop=stop,
        search=new_search(crewing, policy.seed, _POOL),
        bound=energetic_bound(crewing),
    )
    rounds = int(20 * policy.time_limit) if stop is None else 1 << 40
    _evolve(hunt, 4)
    if not hunt.over:
        _count(hunt, policy.time_limit / 4 if stop is None else 1.0)
    while rounds > 0 and not hunt.over:
        _evolve(hunt, 1)
        rounds -= 1
    return _answer(hunt)


def _evolve(hunt: _Hunt, slices: int) -> None:
    for _ in range(slices):
        if hunt.over:
            break
        evolve_search(hunt.crewing, hunt.search, _SLICE, hunt.bound)
        _take(hunt)


def _take(hunt: _Hunt) -> None:
    """Keep the kernel's best plan where it is better."""
    score = int(hunt.search.tally[0])
    if score < hunt.makespan:
        starts, modes, holders = read_plan(hunt.crewing, hunt.search.best)
        hunt.best = Peopled(
            starts=starts,
            modes=modes,
            holders=holders,
            makespan=Minute(score),
            bound=Minute(hunt.bound),
            status="feasible",
        )


def _count(hunt: _Hunt, limit: float) -> Found:
    """The time level, hinted by the best plan; its bound counts."""
    built = base_model(hunt.crewing, hunt.bound, hunt.makespan)
    add_crews(built)
    built.model.minimize(built.makespan)
    if hunt.best is not None:
        hint_plan(built, hunt.best.starts, hunt.best.modes)
    found = run_model(built, make_solver(hunt.policy.seed, limit))
    hunt.bound = max(hunt.bound, min(found.bound, hunt.makespan))
    return found


def _answer(hunt: _Hunt) -> Peopled:
    if hunt.best is None:
        return Peopled(
            starts={}, modes={}, holders={}, makespan=Minute(0), bound=Minute(hunt.bound),
            status="unknown",
        )  # fmt: skip
    best = hunt.best
    status = "optimal" if best.makespan <= hunt.bound else "feasible"
    return Peopled(
        starts=best.starts,
        modes=best.modes,
        holders=best.holders,
        makespan=best.makespan,
        bound=Minute(min(hunt.bound, best.makespan)),
        status=status,
    )
