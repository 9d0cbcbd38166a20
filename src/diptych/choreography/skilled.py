"""The search for a project's people and times together.

A genetic search over schedules with named people (`kernels.crewing`) finds; the time level,
in which people are counted, bounds the day and hints at times, at which people are then
looked for; large neighbourhoods of the best schedule are searched in turn. With two workers
the solver's part runs beside the genetic search.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

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
    Effort,
    Found,
    add_crews,
    base_model,
    hint_plan,
    run_model,
)
from diptych.choreography.neighbours import KINDS, choose_free, free_some, name_people
from diptych.choreography.policy import ChoreographyPolicy
from diptych.kernels.crewing import Search
from diptych.model import Minute, Procedure, TaskId

_POOL = 60
_SLICE = 500
_FOUND = ("optimal", "feasible")
_LEARN = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Peopled:
    """Who does what and when, and how good it is proven to be.

    holders : task -> people as (position in the staff, skill)
    bound : proven lower bound of the makespan, minutes
    status : "optimal", "feasible", "infeasible" (confirmed by a second search) or "unknown"
    """

    starts: Mapping[TaskId, int]
    modes: Mapping[TaskId, int]
    holders: Mapping[TaskId, tuple[Holder, ...]]
    makespan: Minute
    bound: Minute
    status: str


@dataclass(kw_only=True)
class _Hunt:
    """The best so far, and what has been learnt.

    worth : how often each kind of neighbourhood has gained lately
    lock : held while `best` and `bound` change
    """

    crewing: Crewing
    policy: ChoreographyPolicy
    stop: Callable[[], bool] | None
    search: Search
    bound: int
    best: Found | None = None
    impossible: bool = False
    rounds: int = 0
    size: int = 8
    worth: list[float] = field(default_factory=lambda: [1.0] * len(KINDS))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def makespan(self) -> int:
        return self.best.makespan if self.best else self.crewing.horizon

    @property
    def over(self) -> bool:
        proven = self.best is not None and self.best.makespan <= self.bound
        return proven or self.impossible or (self.stop is not None and self.stop())

    def effort(self, limit: float, seed: int | None = None) -> Effort:
        """One run of the solver, ended early when the hunt is over."""
        stop = None if self.stop is None else lambda: self.over
        return Effort(seed=self.policy.seed if seed is None else seed, limit=limit, stop=stop)

    def take(self, found: Found) -> bool:
        """Keep a schedule that is shorter than the best; True when it was."""
        with self.lock:
            better = found.status in _FOUND and found.makespan < self.makespan
            if better:
                self.best = found
        return better


def search_people(
    procedure: Procedure,
    policy: ChoreographyPolicy | None = None,
    stop: Callable[[], bool] | None = None,
    workers: int = 1,
) -> Peopled:
    """The shortest schedule with named people that was found, with a proven bound.

    stop : asked between slices of work; None: the policy's limits of work decide, so that
        the same input gives the same answer, whatever the workers
    workers : 2 lets the solver run beside the genetic search where `stop` is given
    Rest rules are kept by the genetic search alone; the solver then only bounds.
    """
    policy = policy or ChoreographyPolicy()
    crewing = make_crewing(procedure)
    hunt = _Hunt(
        crewing=crewing,
        policy=policy,
        stop=stop,
        search=new_search(crewing, policy.seed, _POOL),
        bound=int(energetic_bound(crewing)),
    )
    _evolve(hunt, 2)
    if stop is not None and workers > 1:
        beside = threading.Thread(target=_solve_on, args=(hunt,))
        beside.start()
        _evolve(hunt, 1 << 40)
        beside.join()
    else:
        _take_turns(hunt)
    return _answer(hunt)


def _take_turns(hunt: _Hunt) -> None:
    limited = hunt.stop is None
    limit = hunt.policy.time_limit
    turns = int(10 * limit) if limited else 1 << 40
    _evolve(hunt, 8)
    if not hunt.over:
        _count(hunt, limit / 3 if limited else 2.0)
    while turns > 0 and not hunt.over:
        _evolve(hunt, 2)
        if not hunt.over:
            _look_around(hunt, 0.1)
        turns -= 1


def _solve_on(hunt: _Hunt) -> None:
    """The solver's part, until it is over."""
    limit = 2.0
    while not hunt.over:
        _count(hunt, limit)
        limit *= 2
        for _ in range(int(8 * limit)):
            if not hunt.over:
                _look_around(hunt, 0.2)


def _evolve(hunt: _Hunt, slices: int) -> None:
    if not hunt.crewing.possible:
        return
    while slices > 0 and not hunt.over:
        slices -= 1
        evolve_search(hunt.crewing, hunt.search, _SLICE, hunt.bound)
        score = int(hunt.search.tally[0])
        if score < hunt.makespan:
            starts, modes, holders = read_plan(hunt.crewing, hunt.search.best)
            hunt.take(_found(starts, modes, holders, score))


def _found(
    starts: Mapping[TaskId, int],
    modes: Mapping[TaskId, int],
    holders: Mapping[TaskId, tuple[Holder, ...]],
    makespan: int,
) -> Found:
    return Found(
        starts=starts,
        modes=modes,
        holders=holders,
        makespan=makespan,
        bound=0,
        status="feasible",
        work=0.0,
    )


def _count(hunt: _Hunt, limit: float) -> None:
    """The time level, hinted by the best schedule: its bound, and people at its times."""
    times = _times(hunt, limit, hunt.policy.seed)
    if times.status == "infeasible" and hunt.best is None:
        second = _times(hunt, limit, hunt.policy.seed + 1)
        hunt.impossible = second.status == "infeasible"
        return
    with hunt.lock:
        hunt.bound = max(hunt.bound, min(times.bound, hunt.makespan))
    plain = hunt.crewing.procedure.rest is None
    if times.status in _FOUND and times.makespan < hunt.makespan and plain and not hunt.over:
        hunt.take(name_people(hunt.crewing, times, hunt.effort(limit / 2)))


def _times(hunt: _Hunt, limit: float, seed: int) -> Found:
    best = hunt.best
    built = base_model(hunt.crewing, hunt.bound, hunt.makespan)
    add_crews(built)
    built.model.minimize(built.makespan)
    if best is not None:
        hint_plan(built, best.starts, best.modes)
    return run_model(built, hunt.effort(limit, seed))


def _look_around(hunt: _Hunt, limit: float) -> None:
    """One large neighbourhood of the best schedule; kinds that gain are drawn more often."""
    best = hunt.best
    if best is None or hunt.crewing.procedure.rest is not None:
        return
    random = np.random.Generator(np.random.Philox(key=[hunt.policy.seed, hunt.rounds]))
    hunt.rounds += 1
    share = np.array(hunt.worth) / sum(hunt.worth)
    kind = int(random.choice(len(KINDS), p=share))
    size = min(hunt.size, len(best.starts))
    free = choose_free(hunt.crewing, best, KINDS[kind], size, random)
    found = free_some(hunt.crewing, best, free, hunt.bound, hunt.effort(limit))
    gained = hunt.take(found)
    hunt.worth[kind] = max(0.1, _LEARN * hunt.worth[kind] + (1.0 if gained else 0.0))
    if found.status == "infeasible":
        hunt.size = min(len(best.starts), hunt.size + 1)
    elif found.status == "unknown":
        hunt.size = max(4, hunt.size - 1)


def _answer(hunt: _Hunt) -> Peopled:
    best = hunt.best
    if best is None:
        status = "infeasible" if hunt.impossible else "unknown"
        return Peopled(
            starts={},
            modes={},
            holders={},
            makespan=Minute(0),
            bound=Minute(hunt.bound),
            status=status,
        )
    return Peopled(
        starts=best.starts,
        modes=best.modes,
        holders=best.holders,
        makespan=Minute(best.makespan),
        bound=Minute(min(hunt.bound, best.makespan)),
        status="optimal" if best.makespan <= hunt.bound else "feasible",
    )
