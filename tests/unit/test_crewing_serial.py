"""The kernel: teams by matching, serial generation, hours, rest and longest waits."""

from dataclasses import replace

import numpy as np
import pytest
from choreography_days import after, day, demonstration, person, task

from diptych.choreography.crewing import evolve_search, make_crewing, new_search, read_plan
from diptych.choreography.first import as_schedule
from diptych.kernels.crewing.team import choose_team, count_bits, is_enough
from diptych.model import Demand, Rest


def tried(procedure, children=60, seed=1):
    crewing = make_crewing(procedure)
    search = new_search(crewing, seed, 20)
    evolve_search(crewing, search, children, 0)
    return crewing, search


def scheduled(procedure, children=60, seed=1):
    crewing, search = tried(procedure, children, seed)
    return as_schedule(crewing, *read_plan(crewing, search.best), bound=0)


def team(people, bits, counts):
    held, filled = np.zeros((8, 8), np.int64), np.zeros(8, np.int64)
    full = choose_team(
        np.array(people), len(people), np.array(bits, np.uint64), np.array(counts), 0, len(counts),
        held, filled,
    )  # fmt: skip
    return full, [sorted(held[r, : filled[r]].tolist()) for r in range(len(counts))]


def test_team_moves_people_to_make_room():
    """0 can hold both rows, 1 only the first: the second row must get 0."""
    assert team([0, 1], [0b11, 0b01], [1, 1]) == (True, [[1], [0]])


def test_team_takes_the_first_people_that_fit():
    assert team([3, 2, 1, 0], [1, 1, 1, 1], [2]) == (True, [[2, 3]])


def test_nobody_fills_two_seats():
    full, held = team([0], [0b11], [1, 1])
    assert not full
    assert sum(len(row) for row in held) == 1


def test_team_of_least_weight_equals_trying_all():
    from itertools import combinations, permutations

    random = np.random.Generator(np.random.Philox(key=7))
    for _ in range(60):
        bits = random.integers(0, 8, size=6)
        counts = random.integers(0, 3, size=3)
        slots = [r for r in range(3) for _ in range(counts[r])]
        fits = [
            some
            for some in combinations(range(6), len(slots))
            if any(
                all(bits[p] >> r & 1 for p, r in zip(way, slots, strict=True))
                for way in permutations(some)
            )
        ]
        full, held = team(list(range(6)), bits, counts)
        assert full == bool(fits)
        if fits:
            chosen = sorted(p for row in held for p in row)
            assert chosen == sorted(min(fits, key=lambda some: sum(2**p for p in some)))


def test_bits_are_counted():
    for word in (0, 1, 0xFF, (1 << 64) - 1, 0x8000000000000001):
        assert count_bits(np.uint64(word)) == word.bit_count()


def test_sets_of_people_over_two_words():
    there = np.array([1 << 63, 1], np.uint64)
    people = np.array([[1 << 63, 1], [0, 1]], np.uint64)
    assert is_enough(there, np.array([2, 1]), people, 0, 2)
    assert not is_enough(there, np.array([3, 1]), people, 0, 2)


def test_more_people_than_one_word_holds():
    staff = [person(f"p{i:03d}", "cut") for i in range(70)]
    tasks = [task(name, 10, {"cut": 35}) for name in "abc"]
    schedule = scheduled(day(tasks, (), staff))
    assert (schedule.makespan, schedule.checked) == (20, True)


def test_hours_and_absences_are_kept():
    """Ann is there from 10 to 100 with a gap 25-40: 10 minutes fit before it, 20 only after."""
    ann = replace(person("ann", "cut", start=10, end=100), absences=((25, 40),))
    tasks = (task("p", 10, {"cut": 1}), task("q", 20, {"cut": 1}))
    schedule = scheduled(day(tasks, (), (ann,)))
    assert schedule.assignment("p").start == 10
    assert schedule.assignment("q").start == 40


def test_a_leader_is_asked_for():
    tasks = (
        replace(task("p", 10, {}), demands=(Demand(skill="cut", count=2, grade=2, leader=4),)),
    )
    staff = [
        replace(person(id, "cut"), grade=grade)
        for id, grade in (("a", 1), ("b", 2), ("c", 3), ("d", 4))
    ]
    schedule = scheduled(day(tasks, (), staff))
    held = {who for who, _ in schedule.assignment("p").staff}
    assert "d" in held
    assert "a" not in held


def test_longest_wait_holds_the_first_task_back():
    tasks = (task("p", 20, {"cut": 1}), task("q", 20, {"sew": 1}))
    people = (person("ann", "cut"), person("cas", "sew", start=100))
    schedule = scheduled(day(tasks, (after("p", "q", 0, 5),), people))
    assert (schedule.assignment("p").start, schedule.assignment("q").start) == (75, 100)
    assert schedule.checked


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (Rest(longest_stretch=100, shortest_break=15, longest_work=300), 165),
        (Rest(longest_stretch=60, shortest_break=15, longest_work=300), 180),
        (
            Rest(
                longest_stretch=100, shortest_break=15, longest_work=300,
                low=(7 * 60, 8 * 60), low_stretch=50,
            ),
            165,
        ),
    ],
)  # fmt: skip
def test_rest_lengthens_the_day(rest, expected):
    """Three tasks of 50 min, one person; the low is the first hour of the day."""
    tasks = tuple(task(name, 50, {"cut": 1}) for name in "abc")
    schedule = scheduled(replace(day(tasks, (), (person("ann", "cut"),)), rest=rest))
    assert (schedule.makespan, schedule.checked) == (expected, True)


def test_longest_work_and_span_bring_in_the_next_person():
    tasks = tuple(task(name, 50, {"cut": 1}) for name in "abc")
    order = (after("a", "b", 100), after("b", "c", 100))
    people = (person("ann", "cut"), person("bea", "cut"))
    for rest in (
        Rest(longest_stretch=100, shortest_break=15, longest_work=100),
        Rest(longest_stretch=100, shortest_break=15, longest_work=300, longest_span=210),
    ):
        schedule = scheduled(replace(day(tasks, order, people), rest=rest))
        assert schedule.makespan == 350
        assert len({who for entry in schedule.assignments for who, _ in entry.staff}) == 2


def test_ways_and_stocks():
    """The quick way takes the only dose, so one of the two tasks goes the slow way."""
    from diptych.model import Duration, Equipment, Mode

    slow = task("p", 50, {"cut": 1})
    quick = Mode(
        title="quick",
        duration=Duration(low=20, mode=20, high=20, planned=20),
        demands=slow.demands,
        zones={},
        equipment={"dose": 1},
    )
    tasks = (replace(slow, modes=(quick,)), replace(slow, id="q", modes=(quick,)))
    procedure = replace(
        day(tasks, (), (person("ann", "cut"),)),
        equipment=(Equipment(id="dose", title="dose", count=1, renewable=False),),
    )
    crewing, search = tried(procedure, 200)
    assert int(search.tally[0]) == 70
    assert sorted(read_plan(crewing, search.best)[1].values()) == [0, 1]


def test_places_and_kit_are_kept():
    tasks = [task(name, 10, {"cut": 1}, zones={"field": 2}) for name in "abc"]
    staff = [person(f"p{i}", "cut") for i in range(3)]
    schedule = scheduled(day(tasks, (), staff, zones={"field": 4}))
    assert (schedule.makespan, schedule.checked) == (20, True)


def test_same_seed_same_schedule():
    one, two = (tried(demonstration(2), 30)[1] for _ in range(2))
    assert (one.best == two.best).all()
    assert (one.pool == two.pool).all()


def test_searching_in_slices_changes_nothing():
    crewing = make_crewing(demonstration(2))
    whole, sliced = new_search(crewing, 1, 10), new_search(crewing, 1, 10)
    evolve_search(crewing, whole, 24, 0)
    for _ in range(3):
        evolve_search(crewing, sliced, 8, 0)
    assert (whole.best == sliced.best).all()
    assert (whole.tally == sliced.tally).all()
