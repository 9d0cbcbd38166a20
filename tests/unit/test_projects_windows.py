"""Windows of a schedule planned anew: shorter by one unit, all rules kept, the rest unmoved."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from choreography_days import after, day, task
from ortools.sat.python import cp_model
from test_projects_kernels import keeps_rules, random_needs

from diptych.choreography.compact import Compact, compact_procedure
from diptych.choreography.windows import open_windows, shorten
from diptych.kernels.projects import open_desk, pack_project
from diptych.kernels.projects.generation import place_forward
from diptych.model import Duration, Equipment, Mode


def as_compact(needs):
    tasks = len(needs.mode_first) - 1
    return Compact(
        needs=needs,
        tasks=tuple(f"t{n}" for n in range(tasks)),
        ways=tuple(range(len(needs.length))),
        most=(),
        unit=1,
        closing=None,
    )


def slow_schedule(project, needs):
    """The schedule of the tasks in the order of their numbers, each in its longest mode."""
    desk = open_desk(project)
    for n, first in enumerate(needs.mode_first[:-1]):
        span = slice(first, needs.mode_first[n + 1])
        desk.mode[n] = first + int(np.argmin(needs.stock_use[span].sum(axis=1)))
    place_forward(project, desk)
    return desk.start.copy(), desk.mode.copy()


def improve_by_windows(needs, seed, tries=12):
    compact, project = as_compact(needs), pack_project(needs)
    windows = open_windows(compact, project, seed)
    start, mode = slow_schedule(project, needs)
    made = [(start, mode)]
    for _ in range(tries):
        found = shorten(windows, *made[-1], cp_model.CpSolver())
        if found is not None:
            made.append(found)
    return made


def makespan(needs, schedule):
    start, mode = schedule
    return int((start + needs.length[mode]).max())


@pytest.mark.parametrize(("modes", "stocks"), [(1, 0), (3, 1)])
def test_each_window_makes_a_schedule_shorter_that_keeps_every_rule(modes, stocks):
    random = np.random.default_rng(8 + modes)
    gains = 0
    for _ in range(4):
        needs = random_needs(random, tasks=12, modes=modes, stocks=stocks)
        made = improve_by_windows(needs, seed=1)
        assert keeps_rules(needs, *made[0])
        for before, then in pairwise(made):
            assert keeps_rules(needs, *then)
            assert makespan(needs, then) < makespan(needs, before)
            gains += 1
    assert gains > 1


def test_windows_depend_on_their_seed_only():
    needs = random_needs(np.random.default_rng(2), tasks=16)
    one, two = (improve_by_windows(needs, seed=5) for _ in "ab")
    assert len(one) == len(two)
    assert all((a[0] == b[0]).all() for a, b in zip(one, two, strict=True))


def test_best_schedule_is_never_made_shorter():
    """Three tasks of 2 on one saw need 6."""
    tasks = tuple(replace(task(n, 2, {}), equipment={"saw": 1}) for n in "pqr")
    saw = (Equipment(id="saw", title="saw", count=1),)
    compact = compact_procedure(replace(day(tasks, (after("p", "q"),), ()), equipment=saw))
    windows = open_windows(compact, pack_project(compact.needs), 1)
    start = np.array([0, 1, 2])
    for _ in range(10):
        assert shorten(windows, start, np.arange(3), cp_model.CpSolver()) is None


def test_window_takes_a_shorter_way_while_the_stock_lasts():
    length = Duration(low=2, mode=2, high=2, planned=2)
    quick = Mode(title="quick", duration=length, demands=(), zones={}, equipment={"nails": 1})
    work = replace(task("p", 4, {}), modes=(quick,))
    nails = (Equipment(id="nails", title="nails", count=1, renewable=False),)
    compact = compact_procedure(replace(day((work,), (), ()), equipment=nails))
    windows = open_windows(compact, pack_project(compact.needs), 1)
    for _ in range(10):
        found = shorten(windows, np.array([0]), np.array([0]), cp_model.CpSolver())
        if found is not None:
            break
    assert found is not None
    assert found[1].tolist() == [1]
