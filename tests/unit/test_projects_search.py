"""Procedures without named people as arrays, and the search for their times."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from choreography_days import after, day, demonstration, person, task

from diptych.choreography import ChoreographyPolicy, check
from diptych.choreography.compact import compact_procedure, expand_times
from diptych.choreography.search import schedule_project, search_times
from diptych.model import Duration, Equipment, Infeasible, InputError, Mode

POLICY = ChoreographyPolicy(time_limit=0.5)


def way(minutes, **kit):
    return Mode(
        title="another",
        duration=Duration(low=minutes, mode=minutes, high=minutes, planned=minutes),
        demands=(),
        zones={},
        equipment=kit,
    )


def workshop(tasks, order, **kits):
    """A procedure of tasks that need kit only; kits named n... are stocks."""
    equipment = tuple(
        Equipment(id=name, title=name, count=count, renewable=not name.startswith("n"))
        for name, count in kits.items()
    )
    return replace(day(tasks, order, ()), equipment=equipment)


def random_workshop(seed, tasks=12):
    random = np.random.default_rng(seed)
    work = tuple(
        replace(
            task(f"t{n}", 5 * int(random.integers(1, 9)), {}),
            equipment={"saw": int(random.integers(0, 3)), "nails": int(random.integers(1, 4))},
            modes=(way(5 * int(random.integers(1, 9)), saw=1, nails=1),),
        )
        for n in range(tasks)
    )
    order = [
        after(f"t{i}", f"t{j}")
        for i in range(tasks)
        for j in range(i + 1, tasks)
        if random.random() < 0.15
    ]
    return workshop(work, order, saw=3, nails=2 * tasks)


def test_arrays_count_places_kit_stocks_and_people():
    tasks = (
        task("late", 20, {"cut": 1}, zones={"field": 2}),
        replace(task("early", 40, {}), equipment={"saw": 1, "nails": 3}),
    )
    procedure = replace(
        day(tasks, (after("early", "late", 10),), (person("ann", "cut"),), zones={"field": 2}),
        equipment=(
            Equipment(id="saw", title="saw", count=1),
            Equipment(id="nails", title="nails", count=5, renewable=False),
        ),
    )
    compact = compact_procedure(procedure)
    assert compact.tasks == ("early", "late")
    assert compact.unit == 10
    assert compact.needs.length.tolist() == [4, 2]
    assert compact.needs.order == ((0, 1, 1),)
    assert compact.needs.demand.tolist() == [[0, 1, 0], [2, 0, 1]]
    assert compact.needs.stock_use.tolist() == [[3], [0]]
    assert expand_times(compact, [0, 5], [0, 1]) == (
        {"early": 0, "late": 50},
        {"early": 0, "late": 0},
    )


def test_people_of_several_skills_are_counted_once():
    """Ann alone both cuts and sews: the two crews and their union hold one person."""
    tasks = (task("p", 60, {"cut": 1}), task("q", 60, {"sew": 1}))
    found = search_times(day(tasks, (), (person("ann", "cut", "sew"),)), POLICY)
    assert (found.makespan, found.bound, found.status) == (120, 120, "optimal")


def test_hours_and_absences_move_the_work():
    """Ann comes at 30 and is away from 60 to 100: 40 minutes fit from 100 on."""
    ann = replace(person("ann", "cut"), start=30, end=300, absences=((60, 100),))
    found = search_times(day((task("p", 40, {"cut": 1}),), (), (ann,)), POLICY)
    assert (found.starts, found.status) == ({"p": 100}, "optimal")


def test_work_that_does_not_fit_into_the_hours_has_no_schedule():
    ann = replace(person("ann", "cut"), start=0, end=50)
    tasks = (task("p", 30, {"cut": 1}), task("q", 30, {"cut": 1}))
    with pytest.raises(Infeasible, match="no schedule keeps every rule"):
        schedule_project(day(tasks, (), (ann,)), POLICY)


def test_longest_wait_is_kept():
    tasks = (task("p", 10, {}), task("q", 10, {}), replace(task("r", 50, {}), equipment={"saw": 1}))
    order = (after("p", "q", 0, 5), after("r", "q"))
    found = search_times(workshop(tasks, order, saw=1), POLICY)
    assert found.makespan == 60
    assert found.starts["p"] >= 35


def test_shorter_way_is_taken_until_the_stock_is_used_up():
    tasks = tuple(
        replace(task(name, 40, {}), equipment={"saw": 1}, modes=(way(20, saw=1, nails=2),))
        for name in ("p", "q", "r")
    )
    schedule = schedule_project(workshop(tasks, (), saw=1, nails=4), POLICY)
    assert (schedule.makespan, schedule.status, schedule.checked) == (80, "optimal", True)
    assert sorted(entry.mode for entry in schedule.assignments) == [0, 1, 1]


@pytest.mark.parametrize("seed", range(4))
def test_schedules_pass_the_checker_and_never_beat_their_bound(seed):
    procedure = random_workshop(seed)
    schedule = schedule_project(procedure, ChoreographyPolicy(time_limit=0.1))
    assert not check(procedure, schedule)
    assert schedule.bound <= schedule.makespan


def test_same_seed_same_schedule():
    procedure = random_workshop(9, tasks=25)
    one, two = (search_times(procedure, ChoreographyPolicy(time_limit=0.05)) for _ in "ab")
    assert one == two


@pytest.mark.parametrize("workers", [1, 2])
def test_stop_ends_the_search_with_what_it_has(workers):
    asked = count()
    procedure = random_workshop(3, tasks=40)
    found = search_times(procedure, POLICY, lambda: next(asked) > 20, workers)
    assert found.status in ("feasible", "optimal")
    assert found.bound <= found.makespan


def test_relaxation_never_lies_above_the_day():
    """Rest, grades and most lags only make the real day longer."""
    procedure = demonstration()
    found = search_times(procedure, ChoreographyPolicy(time_limit=1.0))
    assert found.status in ("feasible", "optimal")
    assert found.bound <= found.makespan


def test_circle_is_named():
    tasks = (task("p", 10, {}), task("q", 10, {}))
    circle = replace(day(tasks, (), ()), precedence=(after("p", "q"), after("q", "p")))
    with pytest.raises(InputError, match="tasks p, q wait for each other in a circle"):
        compact_procedure(circle)


def test_task_that_needs_more_than_there_is_is_named():
    saw = replace(task("p", 10, {}), equipment={"saw": 2})
    with pytest.raises(InputError, match="task p needs more people, places or kit"):
        compact_procedure(workshop((saw,), (), saw=1))
