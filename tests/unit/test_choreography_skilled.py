import numpy as np
import pytest
from choreography_days import after, day, hand_day, person, task
from crewing_projects import least_makespan, random_project

from diptych.choreography import ChoreographyPolicy, check
from diptych.choreography.crewing import make_crewing
from diptych.choreography.energy import energetic_bound
from diptych.choreography.named import Effort, Found
from diptych.choreography.neighbours import KINDS, choose_free, free_some
from diptych.choreography.skilled import search_people
from diptych.model import Assignment, Subject


def assignments(procedure, found):
    return [
        Assignment(
            task=one.id,
            start=found.starts[one.id],
            end=found.starts[one.id] + one.in_mode(found.modes[one.id]).duration.planned,
            staff=tuple((procedure.staff[i].id, skill) for i, skill in found.holders[one.id]),
            mode=found.modes[one.id],
        )
        for one in procedure.tasks
    ]


def test_hand_case_reaches_its_optimum():
    procedure = hand_day()
    found = search_people(procedure)
    assert (found.makespan, found.bound, found.status) == (90, 90, "optimal")
    assert check(procedure, assignments(procedure, found)) == ()


def test_one_person_never_counts_for_two_skills_of_a_task():
    """Ann cuts and sews, Bea cuts: the two tasks that want both skills cannot share Ann."""
    tasks = tuple(task(name, 30, {"cut": 1, "sew": 1}) for name in "pq")
    procedure = day(tasks, (), (person("ann", "cut", "sew"), person("bea", "cut")))
    found = search_people(procedure)
    assert found.makespan == 60
    assert all(len({who for who, _ in own}) == 2 for own in found.holders.values())


def test_a_task_waits_for_its_forerunner():
    procedure = day(
        (task("p", 20, {"cut": 1}), task("q", 20, {"sew": 1})),
        (after("p", "q", 15),),
        (person("ann", "cut"), person("cas", "sew")),
    )
    assert search_people(procedure).starts == {"p": 0, "q": 35}


@pytest.mark.parametrize("seed", range(12))
def test_equals_trying_everything(seed):
    procedure = random_project(seed, tasks=4)
    found = search_people(procedure)
    assert found.makespan == least_makespan(procedure)
    assert found.bound <= found.makespan
    assert check(procedure, assignments(procedure, found)) == ()


@pytest.mark.parametrize("seed", range(8))
def test_no_bound_lies_above_the_optimum(seed):
    procedure = random_project(100 + seed, tasks=4)
    assert energetic_bound(make_crewing(procedure)) <= least_makespan(procedure)


def test_minutes_of_people_bound_the_day():
    """Three tasks of 10 min that want 2 of 3 people each cannot run side by side: 30, not 20."""
    tasks = [task(name, 10, {"cut": 2}) for name in "abc"]
    procedure = day(tasks, (), [person(f"p{i}", "cut") for i in range(3)])
    assert energetic_bound(make_crewing(procedure)) == 30


def test_too_few_people_is_infeasible():
    procedure = day((task("p", 10, {"cut": 2}),), (), (person("ann", "cut"),))
    assert search_people(procedure).status == "infeasible"


def test_same_seed_same_schedule_whatever_the_workers():
    procedure = random_project(3, tasks=8, people=4, skills=3)
    policy = ChoreographyPolicy(time_limit=0.5)
    assert search_people(procedure, policy) == search_people(procedure, policy, workers=2)


def test_stop_ends_the_search():
    asked = []

    def stop():
        asked.append(None)
        return len(asked) > 3

    procedure = random_project(5, tasks=20, people=5, skills=3)
    found = search_people(procedure, stop=stop)
    assert len(asked) < 10
    assert check(procedure, assignments(procedure, found)) == ()


def test_a_neighbourhood_mends_a_bad_schedule():
    """Both tasks wait for Ann though Bea is free: freeing one of them halves the day."""
    tasks = (task("p", 20, {"cut": 1}), task("q", 20, {"cut": 1}))
    procedure = day(tasks, (), (person("ann", "cut"), person("bea", "cut")))
    crewing = make_crewing(procedure)
    bad = Found(
        starts={"p": 0, "q": 20},
        modes={"p": 0, "q": 0},
        holders={"p": ((0, "cut"),), "q": ((0, "cut"),)},
        makespan=40,
        bound=0,
        status="feasible",
        work=0.0,
    )
    found = free_some(crewing, bad, {1}, 0, Effort(seed=1, limit=1.0))
    assert (found.makespan, found.holders["q"]) == (20, ((1, "cut"),))
    random = np.random.Generator(np.random.Philox(key=1))
    for kind in KINDS:
        assert 1 <= len(choose_free(crewing, bad, kind, 2, random)) <= 2


def test_swapping_the_twins_swaps_the_schedule():
    """Tasks of twin A for people in A's colour, and the mirrored day."""

    def one(first, second):
        tasks = (
            task("p", 30, {"cut": 1}, subject=Subject(first)),
            task("q", 20, {"cut": 1}, subject=Subject(second)),
            task("r", 25, {"cut": 1}),
        )
        staff = (person("x", "cut", team=first), person("y", "cut", team=second))
        return search_people(day(tasks, (after("p", "r"),), staff))

    assert one("A", "B") == one("B", "A")
