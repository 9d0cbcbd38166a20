"""The benchmark of the day: the plain model obeys every rule that the checker knows."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from choreography_days import after, day, hand_day, person, task
from ortools.sat.python import cp_model

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import day as benchmark
from day_plain import build, read

from diptych.choreography import check
from diptych.model import Demand, Duration, Equipment, Mode, Rest

LOOSE = Rest(longest_stretch=100, shortest_break=15, longest_work=300)


def shortest(procedure):
    """The plain model's optimum, None where it has none; its schedule is checked."""
    plain = build(procedure)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(plain.model)
    if status == cp_model.INFEASIBLE:
        return None
    assert status == cp_model.OPTIMAL
    assert check(procedure, read(plain, solver.value)) == ()
    return int(solver.objective_value)


def three(rest, people=(("ann", "cut"),), order=()):
    tasks = tuple(task(name, 50, {"cut": 1}) for name in "abc")
    staff = tuple(person(*one) for one in people)
    return replace(day(tasks, order, staff), rest=rest)


def senior(bea, **asked):
    """One task for two, with people of grades 3 and `bea`."""
    one = replace(task("p", 10, {}), demands=(Demand(skill="cut", count=2, **asked),))
    staff = (person("ann", "cut"), replace(person("bea", "cut"), grade=bea))
    return day((one,), (), staff)


def doses(count):
    """Two tasks that go the quick way with a dose."""
    slow = task("p", 50, {"cut": 1})
    quick = Mode(
        title="quick",
        duration=Duration(low=20, mode=20, high=20, planned=20),
        demands=slow.demands,
        zones={},
        equipment={"dose": 1},
    )
    tasks = (replace(slow, modes=(quick,)), replace(slow, id="q", modes=(quick,)))
    kit = (Equipment(id="dose", title="dose", count=count, renewable=False),)
    return replace(day(tasks, (), (person("ann", "cut"),)), equipment=kit)


def crowd(**things):
    tasks = [task(name, 10, {"cut": 1}, **things) for name in "abc"]
    return day(tasks, (), [person(f"p{i}", "cut") for i in range(3)], zones={"field": 4},
               equipment={"drill": 1})  # fmt: skip


APART = (after("a", "b", 100), after("b", "c", 100))


@pytest.mark.parametrize(
    ("procedure", "expected"),
    [
        (hand_day(), 90),
        (three(LOOSE), 165),
        (three(replace(LOOSE, longest_stretch=60)), 180),
        (three(replace(LOOSE, low=(7 * 60, 8 * 60), low_stretch=50)), 165),
        (three(replace(LOOSE, low=(7 * 60, 10 * 60), low_stretch=50)), 180),
        (three(replace(LOOSE, longest_work=120)), None),
        (three(LOOSE, order=APART), 350),
        (three(replace(LOOSE, longest_span=340), order=APART), None),
        (
            three(replace(LOOSE, longest_span=210), (("ann", "cut"), ("bea", "cut")), order=APART),
            350,
        ),
        (senior(3, leader=4), None),
        (senior(4, leader=4), 10),
        (senior(4, grade=4), None),
        (doses(0), 100),
        (doses(1), 70),
        (doses(2), 40),
        (crowd(), 10),
        (crowd(zones={"field": 2}), 20),
        (crowd(equipment={"drill": 1}), 30),
    ],
)
def test_plain_model_obeys_each_rule(procedure, expected):
    """Optima by hand: each rule alone makes the day longer, or impossible."""
    assert shortest(procedure) == expected


def test_absences_and_colours_bind_the_plain_model():
    ann = replace(person("ann", "cut", start=10, end=100), absences=((25, 40),))
    tasks = (task("p", 10, {"cut": 1}), task("q", 20, {"cut": 1}))
    assert shortest(day(tasks, (), (ann,))) == 60
    assert shortest(day([task("p", 10, {"cut": 1}, subject="A")], (), (
        person("bea", "cut", team="B"),
    ))) is None  # fmt: skip


def test_a_schedule_with_violations_is_a_fault():
    row = {"day": 0, "solver": "cp-sat 1", "best": 90, "bound": 90, "violations": 0}
    assert benchmark.faults([row]) == []
    assert benchmark.faults([row | {"violations": 1}])
    assert benchmark.faults([row, row | {"solver": "first", "bound": 91, "best": 95}])


def test_ratio_is_to_the_best_peer():
    rows = [
        {"day": 0, "solver": "first", "first_s": 1.0},
        {"day": 0, "solver": "cp-sat 1", "first_s": 20.0},
        {"day": 0, "solver": "cp-sat 2", "first_s": None},
        {"day": 0, "solver": "cp-sat 1 bare", "first_s": 10.0},
        {"day": 1, "solver": "cp-sat 1", "first_s": 1.0},
    ]
    assert benchmark.ratio_of(rows, 0) == 0.1
