"""Kernels of projects: schedules from lists, justification, packing, bounds, the search."""

from itertools import pairwise, permutations, product

import numpy as np
import pytest

from diptych.kernels.projects import (
    Needs,
    improve,
    lower_bound,
    offer_schedule,
    open_desk,
    open_search,
    pack_project,
)
from diptych.kernels.projects.generation import (
    justify,
    place_backward,
    place_forward,
    sort_by_start,
)
from diptych.kernels.projects.streams import draw_below, open_stream
from diptych.model import InputError


def single(lengths, demand, capacity, order=()):
    """Needs of a project with one mode a task and no stock."""
    tasks = len(lengths)
    return Needs(
        mode_first=np.arange(tasks + 1),
        length=np.array(lengths),
        demand=np.array(demand).reshape(tasks, -1),
        stock_use=np.zeros((tasks, 0), int),
        order=tuple(order),
        capacity=np.array(capacity),
        stock=np.zeros(0, int),
    )


def forward(project, order=None):
    desk = open_desk(project)
    desk.mode[:] = project.mode_first[:-1]
    if order is not None:
        desk.order[:] = order
    return place_forward(project, desk), desk


def random_needs(random, tasks=5, modes=1, stocks=0):
    counts = random.integers(1, modes + 1, tasks)
    total = int(counts.sum())
    order = [
        (i, j, int(random.integers(0, 3)))
        for i in range(tasks)
        for j in range(i + 1, tasks)
        if random.random() < 0.3
    ]
    use = random.integers(0, 4, (total, stocks))
    first = np.concatenate([[0], np.cumsum(counts)])
    least = np.array([use[a:b].min(axis=0) for a, b in pairwise(first)])
    return Needs(
        mode_first=first,
        length=random.integers(1, 5, total),
        demand=random.integers(0, 4, (total, 2)),
        stock_use=use,
        order=tuple(order),
        capacity=np.array([4, 3]),
        stock=least.sum(axis=0) + 1,
    )


def keeps_rules(needs, start, mode):
    """Order, resources at every moment, stocks: read from the needs alone."""
    length = needs.length[mode]
    for before, after, lag in needs.order:
        if start[after] < start[before] + length[before] + lag:
            return False
    profile = np.atleast_2d(needs.capacity)
    for moment in range(int((start + length).max())):
        there = (start <= moment) & (moment < start + length)
        room = profile[min(moment, len(profile) - 1)]
        if (needs.demand[mode[there]].sum(axis=0) > room).any():
            return False
    return bool((needs.stock_use[mode].sum(axis=0) <= needs.stock).all())


def brute_force(needs):
    """Shortest makespan over all lists and modes (serial generation reaches an optimum)."""
    tasks = len(needs.mode_first) - 1
    ways = [range(a, b) for a, b in pairwise(needs.mode_first)]
    best = None
    for mode in product(*ways):
        chosen = np.array(mode)
        if (needs.stock_use[chosen].sum(axis=0) > needs.stock).any():
            continue
        for order in permutations(range(tasks)):
            place = {task: n for n, task in enumerate(order)}
            if any(place[i] > place[j] for i, j, _ in needs.order):
                continue
            length = place_slowly(needs, order, chosen)
            best = length if best is None else min(best, length)
    return best


def place_slowly(needs, order, mode):
    start, length = {}, needs.length[mode]
    for task in order:
        at = max(
            (start[i] + length[i] + lag for i, j, lag in needs.order if j == task and i in start),
            default=0,
        )
        while not fits(needs, start, mode, task, at):
            at += 1
        start[task] = at
    return max(start[task] + length[task] for task in start)


def fits(needs, start, mode, task, at):
    for moment in range(at, at + needs.length[mode[task]]):
        used = needs.demand[mode[task]].copy()
        for other, begin in start.items():
            if begin <= moment < begin + needs.length[mode[other]]:
                used += needs.demand[mode[other]]
        if (used > needs.capacity).any():
            return False
    return True


def test_two_that_do_not_fit_together_follow_each_other():
    makespan, desk = forward(pack_project(single([3, 2], [2, 2], [3])))
    assert (makespan, desk.start.tolist()) == (5, [0, 3])


def test_task_takes_the_first_gap_that_is_long_enough():
    """0 runs 0-4 with 1 of 2, 1 runs 4-6 with 2; 2 needs 1 for 3: beside 0, not behind 1."""
    project = pack_project(single([4, 2, 3], [1, 2, 1], [2], [(0, 1, 0)]))
    assert forward(project)[1].start.tolist() == [0, 4, 0]


def test_gap_that_is_too_short_is_left():
    """Between 0 (0-2) and 1 (4-6, after a wait of 2) there are 2 units; 2 needs 3."""
    project = pack_project(single([2, 2, 3], [1, 1, 1], [1], [(0, 1, 2)]))
    assert forward(project)[1].start.tolist() == [0, 4, 6]


def test_least_lag_may_let_tasks_overlap():
    project = pack_project(single([5, 4], [0, 0], [1], [(0, 1, -2)]))
    assert forward(project)[1].start.tolist() == [0, 3]


def test_capacity_that_changes_is_kept():
    """Nobody from 2 to 5: a task of 3 waits until 5."""
    profile = [[1], [1], [0], [0], [0], [1]]
    project = pack_project(single([3, 2], [1, 1], profile))
    assert forward(project)[1].start.tolist() == [5, 0]


def test_many_resources_take_several_words():
    """Twelve resources of 100 need more than one word; each of them can be the short one."""
    for short in range(12):
        demand = np.full((2, 12), 40)
        demand[:, short] = 60
        assert forward(pack_project(single([3, 3], demand, [100] * 12)))[0] == 6
    assert forward(pack_project(single([3, 3], np.full((2, 12), 50), [100] * 12)))[0] == 3


def test_backward_schedule_is_as_late_as_it_can_be():
    project = pack_project(single([2, 2, 1], [1, 1, 1], [2], [(0, 2, 0), (1, 2, 0)]))
    desk = open_desk(project)
    desk.mode[:] = project.mode_first[:-1]
    assert place_backward(project, desk, 6) == 3
    assert desk.start.tolist() == [3, 3, 5]


def test_justification_never_makes_a_schedule_longer_and_keeps_all_rules():
    random = np.random.default_rng(5)
    shorter = 0
    for _ in range(60):
        needs = random_needs(random, tasks=12)
        project = pack_project(needs)
        makespan, desk = forward(project)
        sort_by_start(project, desk)
        after = justify(project, desk, makespan)
        assert after <= makespan
        assert keeps_rules(needs, desk.start, desk.mode)
        shorter += after < makespan
    assert shorter > 5


@pytest.mark.parametrize(("modes", "stocks"), [(1, 0), (2, 0), (2, 1)])
def test_search_finds_the_optimum_of_tiny_projects(modes, stocks):
    random = np.random.default_rng(modes * 10 + stocks)
    for _ in range(12):
        needs = random_needs(random, tasks=4 if modes > 1 else 5, modes=modes, stocks=stocks)
        project = pack_project(needs)
        search, desk = open_search(project, seed=1), open_desk(project)
        best = improve(project, search, desk, 2_000)
        assert best == brute_force(needs)
        assert keeps_rules(needs, search.best_start, search.best_mode)
        assert lower_bound(project) <= best


def test_search_depends_on_seed_and_count_only():
    needs = random_needs(np.random.default_rng(3), tasks=30, modes=3, stocks=2)
    project = pack_project(needs)
    found = []
    for slices in ((3_000,), (1_000, 1_000, 1_000), (3_000,)):
        search, desk = open_search(project, seed=7), open_desk(project)
        for count in slices:
            improve(project, search, desk, count)
        found.append(search)
    assert all((one.best_start == found[0].best_start).all() for one in found[2:])
    assert (found[0].lists == found[2].lists).all()
    assert (found[0].stream == found[2].stream).all()


def test_offered_schedule_is_kept_when_it_is_better():
    needs = random_needs(np.random.default_rng(4), tasks=20)
    project = pack_project(needs)
    good = open_search(project, seed=1)
    desk = open_desk(project)
    improve(project, good, desk, 30_000)
    fresh = open_search(project, seed=2)
    offer_schedule(project, fresh, good.best_start, good.best_mode)
    assert fresh.best_cost[0] <= good.best_cost[0]


def test_bounds_of_order_and_of_work():
    chain = pack_project(single([3, 4], [0, 0], [1], [(0, 1, 2)]))
    assert lower_bound(chain) == 9
    work = pack_project(single([4, 4, 4], [2, 2, 2], [4]))
    assert lower_bound(work) == 6
    # a head of 3 without the resource, then 8 units of work on 1, then a tail of 1
    both = pack_project(
        single([3, 4, 4, 1], [0, 1, 1, 0], [1], [(0, 1, 0), (0, 2, 0), (1, 3, 0), (2, 3, 0)])
    )
    assert lower_bound(both) == 12


def test_stream_is_splitmix64():
    """The first number of seed 0 is 0xE220A8397B1DCDAF; the kernel gives its upper 31 bits."""
    assert draw_below(open_stream(0), 2**31) == 0xE220A8397B1DCDAF >> 33


def test_mode_that_never_fits_is_refused():
    with pytest.raises(InputError, match=r"task 0: a mode needs \[\[3\]\], there are \[2\]"):
        pack_project(single([1], [3], [2]))


def test_order_that_goes_backwards_is_refused():
    with pytest.raises(InputError, match="tasks 1 and 0: the order goes backwards"):
        pack_project(single([1, 1], [0, 0], [1], [(1, 0, 0)]))
