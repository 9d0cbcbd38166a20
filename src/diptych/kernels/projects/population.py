"""A genetic search over task lists and modes, called in slices of a number of schedules.

Parents are lists with modes; a child takes a stretch of one parent's list, or a window of one
parent's time, and the rest from the other (two-point crossover of Hartmann 1998, window
crossover of Debels and Vanhoucke 2007, doi 10.1287/opre.1060.0358), is changed a little, made a
schedule and justified. Some children are the best schedule with one window of time stirred. A
population that no longer gains is replaced by a fresh one, from time to time by the best of
the former ones (renewal, after Tormos and Lova 2001), for a plain one stagnates.

Where stocks are short, a schedule costs more than any that keeps them (Hartmann 2001).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.projects.generation import (
    Desk,
    horizon_of,
    justify,
    open_desk,
    place_choosing,
    place_forward,
    sort_by_start,
)
from diptych.kernels.projects.project import Project
from diptych.kernels.projects.streams import draw_below, open_stream

# what `Search.tally` holds
SCHEDULES, STALE, FRESH, ROUND, BEST_AT = range(5)
_COUNTS = 5
# what `Search.habit` holds, and what tuning on made instances gave
STIR, LISTS, SWAP, MODES, CHOOSE, PATIENCE, CREDIT, ELITE_ROUND = range(8)
HABITS = (30, 30, 30, 30, 300, 12, 20, 4)
_NEVER = 1 << 60


class Search(NamedTuple):
    """A search that can go on: everything but the project and the working space.

    lists, modes, starts : (P, N) the population; costs : (P,) makespan, or horizon and more
        where a stock is short
    best_start, best_mode : (N,), best_cost : (1,) the best schedule so far
    elite_list, elite_mode, elite_start, elite_cost : the best of former populations
    latest : (N,) latest end of each task in the shortest project, for fresh lists
    tally : schedules made, children since the last gain, members still to be made, rounds,
        schedules made when the best was found
    horizon : (1,); habit : chances and limits, as `HABITS`
    """

    lists: NDArray[np.int64]
    modes: NDArray[np.int64]
    starts: NDArray[np.int64]
    costs: NDArray[np.int64]
    best_start: NDArray[np.int64]
    best_mode: NDArray[np.int64]
    best_cost: NDArray[np.int64]
    elite_list: NDArray[np.int64]
    elite_mode: NDArray[np.int64]
    elite_start: NDArray[np.int64]
    elite_cost: NDArray[np.int64]
    latest: NDArray[np.int64]
    key: NDArray[np.int64]
    stream: NDArray[np.uint64]
    tally: NDArray[np.int64]
    horizon: NDArray[np.int64]
    habit: NDArray[np.int64]


def open_search(project: Project, *, seed: int, members: int = 300, elites: int = 60) -> Search:
    """A search that has made no schedule yet."""
    tasks, horizon = len(project.tail), horizon_of(project)
    lists = np.tile(np.arange(tasks, dtype=np.int64), (members, 1))
    modes = np.tile(project.mode_first[:-1], (members, 1))
    search = Search(
        lists=lists,
        modes=modes,
        starts=np.zeros_like(lists),
        costs=np.full(members, 4 * horizon, np.int64),
        best_start=np.zeros(tasks, np.int64),
        best_mode=project.mode_first[:-1].copy(),
        best_cost=np.full(1, _NEVER, np.int64),
        elite_list=np.zeros((elites, tasks), np.int64),
        elite_mode=np.zeros((elites, tasks), np.int64),
        elite_start=np.zeros((elites, tasks), np.int64),
        elite_cost=np.full(elites, _NEVER, np.int64),
        latest=-project.tail,
        key=np.zeros(tasks, np.int64),
        stream=open_stream(seed),
        tally=np.zeros(_COUNTS, np.int64),
        horizon=np.array([horizon], np.int64),
        habit=np.array(HABITS, np.int64),
    )
    search.tally[FRESH] = members
    return search


def improve(project: Project, search: Search, desk: Desk, schedules: int) -> int:
    """Go on by about that many schedules; the best cost so far.

    The cost is a makespan when it is below `search.horizon[0]`, else some stock is short. A search
    cut into slices goes the same way as one that is not. Raises nothing; changes `search`.
    """
    return int(_improve(project, search, desk, search.tally[SCHEDULES] + schedules))


def offer_schedule(
    project: Project, search: Search, start: NDArray[np.int64], mode: NDArray[np.int64]
) -> None:
    """Put a schedule found elsewhere in the place of the worst member; keep it if it is best."""
    desk = open_desk(project)
    desk.start[:], desk.mode[:] = start, mode
    sort_by_start(project, desk)
    _open_stock(project, desk)
    makespan = place_forward(project, desk)
    _keep(project, search, desk, int(np.argmax(search.costs)), _cost(search, desk, makespan))


@compiled
def _improve(project: Project, search: Search, desk: Desk, until: int) -> int:
    members = len(search.costs)
    while search.tally[SCHEDULES] < until:
        if search.tally[FRESH] > 0:
            place = members - search.tally[FRESH]
            search.tally[FRESH] -= 1
            _make_member(project, search, desk, place)
        else:
            _make_child(project, search, desk)
            if search.tally[STALE] > search.habit[PATIENCE] * members:
                _renew(search)
    return search.best_cost[0]  # type: ignore[no-any-return]


@compiled
def _open_stock(project: Project, desk: Desk) -> None:
    for s in range(len(project.stock)):
        desk.left[s] = project.stock[s]
        for task in range(len(desk.mode)):
            desk.left[s] -= project.stock_use[desk.mode[task], s]


@compiled
def _cost(search: Search, desk: Desk, makespan: int) -> int:
    short = 0
    for s in range(len(desk.left)):
        short -= min(0, desk.left[s])
    return makespan if short == 0 else search.horizon[0] + makespan + 10 * short


@compiled
def _keep(project: Project, search: Search, desk: Desk, place: int, cost: int) -> None:
    """Put the schedule on the desk in a place of the population."""
    sort_by_start(project, desk)
    search.lists[place] = desk.order
    search.modes[place] = desk.mode
    search.starts[place] = desk.start
    search.costs[place] = cost
    if cost < search.best_cost[0]:
        search.best_cost[0] = cost
        search.best_start[:] = desk.start
        search.best_mode[:] = desk.mode
        search.tally[BEST_AT] = search.tally[SCHEDULES]


@compiled
def _evaluate(project: Project, search: Search, desk: Desk) -> int:
    """Cost of the list and modes on the desk, justified; its schedule is left there."""
    choosing = len(project.length) > len(desk.order)
    if choosing:
        _repair_stock(project, search, desk)
        makespan = place_choosing(project, desk, search.stream, search.habit[CHOOSE])
    else:
        makespan = place_forward(project, desk)
    makespan = justify(project, desk, makespan)
    search.tally[SCHEDULES] += 3
    return _cost(search, desk, makespan)


@compiled
def _repair_stock(project: Project, search: Search, desk: Desk) -> None:
    """Random changes of mode that lessen a shortage, a limited number of tries."""
    _open_stock(project, desk)
    tasks, stocks = len(desk.mode), len(project.stock)
    for _ in range(4 * tasks):
        short = 0
        for s in range(stocks):
            short -= min(0, desk.left[s])
        if short == 0:
            return
        task = draw_below(search.stream, tasks)
        first = project.mode_first[task]
        ways = project.mode_first[task + 1] - first
        if ways < 2:
            continue
        own, mode = desk.mode[task], first + draw_below(search.stream, ways)
        then = 0
        for s in range(stocks):
            left = desk.left[s] + project.stock_use[own, s] - project.stock_use[mode, s]
            then -= min(0, left)
        if then <= short:
            for s in range(stocks):
                desk.left[s] += project.stock_use[own, s] - project.stock_use[mode, s]
            desk.mode[task] = mode


@compiled
def _order_by_key(project: Project, desk: Desk, key: NDArray[np.int64]) -> None:
    """The list by key, each task held back until its predecessors are in it."""
    tasks = len(key)
    rank = np.argsort(key, kind="mergesort")
    desk.taken[:] = 0
    stack = desk.other
    n = 0
    for r in range(tasks):
        depth = 0
        stack[0] = rank[r]
        while depth >= 0:
            task = stack[depth]
            if desk.taken[task] == 1:
                depth -= 1
                continue
            waits = -1
            for link in range(project.before_first[task], project.before_first[task + 1]):
                if desk.taken[project.before[link]] == 0:
                    waits = project.before[link]
                    break
            if waits >= 0:
                depth += 1
                stack[depth] = waits
            else:
                desk.taken[task] = 1
                desk.order[n] = task
                n += 1
                depth -= 1


@compiled
def _make_member(project: Project, search: Search, desk: Desk, place: int) -> None:
    """A fresh member: latest ends, disturbed more or less, and random modes."""
    tasks = len(search.key)
    spread = 1 + draw_below(search.stream, 1 + max(2, project.tail.max()))
    for task in range(tasks):
        search.key[task] = 64 * search.latest[task] + draw_below(search.stream, 64 * spread)
        first = project.mode_first[task]
        ways = project.mode_first[task + 1] - first
        desk.mode[task] = first + (draw_below(search.stream, ways) if ways > 1 else 0)
    _order_by_key(project, desk, search.key)
    cost = _evaluate(project, search, desk)
    _keep(project, search, desk, place, cost)


@compiled
def _choose_parent(search: Search) -> int:
    one = draw_below(search.stream, len(search.costs))
    two = draw_below(search.stream, len(search.costs))
    return one if search.costs[one] <= search.costs[two] else two


@compiled
def _make_child(project: Project, search: Search, desk: Desk) -> None:
    mother, father = _choose_parent(search), _choose_parent(search)
    kind = draw_below(search.stream, 100)
    if mother == father or kind < search.habit[STIR]:
        _stir(project, search, desk, mother)
        father = mother
    elif kind < search.habit[STIR] + search.habit[LISTS]:
        _cross_lists(search, desk, mother, father)
        _swap(project, search, desk)
    else:
        _cross_windows(project, search, desk, mother, father)
        _swap(project, search, desk)
    if len(project.length) > len(desk.order):
        _mutate_modes(project, search, desk)
    cost = _evaluate(project, search, desk)
    _replace(project, search, desk, mother, father, cost)


@compiled
def _replace(
    project: Project, search: Search, desk: Desk, mother: int, father: int, cost: int
) -> None:
    """The child takes the place of its worse parent unless it is worse itself, or a double."""
    worse = mother if search.costs[mother] > search.costs[father] else father
    gain = cost < search.costs[worse]
    search.tally[STALE] += 1
    if gain:
        search.tally[STALE] = max(0, search.tally[STALE] - search.habit[CREDIT])
    if cost > search.costs[worse]:
        return
    for member in range(len(search.costs)):
        if search.costs[member] == cost:
            same = True
            for task in range(len(desk.start)):
                if (
                    search.starts[member, task] != desk.start[task]
                    or search.modes[member, task] != desk.mode[task]
                ):
                    same = False
                    break
            if same:
                return
    _keep(project, search, desk, worse, cost)


@compiled
def _stir(project: Project, search: Search, desk: Desk, mother: int) -> None:
    """The mother's list with the tasks of one window of time in a new order."""
    makespan = max(1, search.starts[mother].max())
    width = 1 + draw_below(search.stream, max(2, makespan // 3))
    begin = draw_below(search.stream, makespan) - width // 2
    for task in range(len(search.key)):
        at = search.starts[mother, task]
        search.key[task] = 64 * at
        if begin <= at < begin + width:
            search.key[task] += 64 * (draw_below(search.stream, 2 * width) - width)
        desk.mode[task] = search.modes[mother, task]
    _order_by_key(project, desk, search.key)


@compiled
def _cross_lists(search: Search, desk: Desk, mother: int, father: int) -> None:
    """Head and end of the mother's list, the middle in the father's order; modes likewise."""
    tasks = len(desk.order)
    one, two = draw_below(search.stream, tasks + 1), draw_below(search.stream, tasks + 1)
    low, high = min(one, two), max(one, two)
    desk.taken[:] = 0
    for n in range(low):
        task = search.lists[mother, n]
        desk.order[n] = task
        desk.taken[task] = 1
        desk.mode[task] = search.modes[mother, task]
    n = low
    for m in range(tasks):
        task = search.lists[father, m]
        if n < high and desk.taken[task] == 0:
            desk.order[n] = task
            desk.taken[task] = 1
            desk.mode[task] = search.modes[father, task]
            n += 1
    for m in range(tasks):
        task = search.lists[mother, m]
        if desk.taken[task] == 0:
            desk.order[n] = task
            desk.mode[task] = search.modes[mother, task]
            n += 1


@compiled
def _cross_windows(project: Project, search: Search, desk: Desk, mother: int, father: int) -> None:
    """Tasks that the father has in a window of time keep his times, the others the mother's."""
    makespan = max(4, search.starts[father].max())
    width = makespan // 4 + draw_below(search.stream, makespan // 2)
    begin = draw_below(search.stream, max(1, makespan - width + 1))
    for task in range(len(search.key)):
        at = search.starts[father, task]
        inside = begin <= at < begin + width
        search.key[task] = at if inside else search.starts[mother, task]
        desk.mode[task] = search.modes[father if inside else mother, task]
    _order_by_key(project, desk, search.key)


@compiled
def _swap(project: Project, search: Search, desk: Desk) -> None:
    """Neighbours in the list change places by chance, if order allows."""
    for n in range(len(desk.order) - 1):
        if draw_below(search.stream, 1000) >= search.habit[SWAP]:
            continue
        one, two = desk.order[n], desk.order[n + 1]
        bound = False
        for link in range(project.before_first[two], project.before_first[two + 1]):
            bound = bound or project.before[link] == one
        if not bound:
            desk.order[n], desk.order[n + 1] = two, one


@compiled
def _mutate_modes(project: Project, search: Search, desk: Desk) -> None:
    for task in range(len(desk.mode)):
        first = project.mode_first[task]
        ways = project.mode_first[task + 1] - first
        if ways > 1 and draw_below(search.stream, 1000) < search.habit[MODES]:
            desk.mode[task] = first + draw_below(search.stream, ways)


@compiled
def _renew(search: Search) -> None:
    """Keep the best member among the elites and start a fresh population.

    Every fourth round the elites are members of the fresh population.
    """
    best, worst = np.argmin(search.costs), np.argmax(search.elite_cost)
    if search.costs[best] <= search.elite_cost[worst]:
        search.elite_list[worst] = search.lists[best]
        search.elite_mode[worst] = search.modes[best]
        search.elite_start[worst] = search.starts[best]
        search.elite_cost[worst] = search.costs[best]
    search.tally[ROUND] += 1
    search.tally[STALE] = 0
    kept = 0
    if search.tally[ROUND] % search.habit[ELITE_ROUND] == 0:
        for e in range(len(search.elite_cost)):
            if search.elite_cost[e] < _NEVER:
                search.lists[kept] = search.elite_list[e]
                search.modes[kept] = search.elite_mode[e]
                search.starts[kept] = search.elite_start[e]
                search.costs[kept] = search.elite_cost[e]
                kept += 1
    search.tally[FRESH] = len(search.costs) - kept
