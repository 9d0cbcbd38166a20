"""What must hold for any day: mirror, time shift, more people, checker against solver."""

import re
from dataclasses import replace

import numpy as np
import pytest
from choreography_days import (
    after,
    day,
    demonstration,
    hand_day,
    person,
    plan,
    roster,
    tables,
    task,
)

from diptych.choreography import check, compose, solve
from diptych.model import Infeasible, Procedure, Rest

OTHER = {"A": "B", "B": "A"}


def mirrored(text: str) -> str:
    return re.sub(r"-(A|B)(?=$|-)", lambda found: "-" + OTHER[found[1]], text)


@pytest.mark.parametrize("vessels", [0, pytest.param(4, marks=pytest.mark.slow)])
def test_swapping_the_twins_swaps_the_day_and_nothing_else(vessels):
    people = tuple(replace(one, team=OTHER.get(one.team, one.team)) for one in roster())
    day_one = solve(demonstration(vessels))
    day_two = solve(compose(plan(vessels, swapped=True), people, tables=tables()))
    assert [
        (mirrored(entry.task), entry.start, entry.end, entry.staff) for entry in day_one.assignments
    ] == [(entry.task, entry.start, entry.end, entry.staff) for entry in day_two.assignments]
    assert {mirrored(name): at for name, at in day_one.milestones.items()} == day_two.milestones


def random_day(seed: int) -> Procedure:
    """Eight to ten tasks, four to six people, two sides, one kit, some lags and rest."""
    draw = np.random.Generator(np.random.Philox(key=seed))
    skills = ("cut", "sew", "watch")
    tasks = [
        task(
            f"t{i}",
            int(draw.integers(1, 9)) * 10,
            {str(draw.choice(skills)): int(draw.integers(1, 3))},
            zones={"field": int(draw.integers(0, 3))},
            equipment={"drill": int(draw.integers(0, 2))},
        )
        for i in range(int(draw.integers(8, 11)))
    ]
    order = [
        after(f"t{i}", f"t{j}", int(draw.integers(0, 3)) * 5)
        for j in range(1, len(tasks))
        for i in range(j)
        if draw.random() < 0.2
    ]
    staff = [
        person(
            f"p{i}",
            *sorted({str(draw.choice(skills)), skills[i % 3]}),
            start=int(draw.integers(0, 3)) * 20,
            end=900,
        )
        for i in range(int(draw.integers(5, 8)))
    ]
    rest = Rest(longest_stretch=120, shortest_break=10, longest_work=400)
    return day(tasks, order, staff, zones={"field": 4}, equipment={"drill": 1}, rest=rest)


def makespan(procedure: Procedure) -> int | None:
    """The proven optimum; None when the day is impossible."""
    try:
        schedule = solve(procedure)
    except Infeasible:
        return None
    assert check(procedure, schedule) == ()
    assert schedule.checked
    assert schedule.bound <= schedule.makespan
    return schedule.makespan if schedule.status == "optimal" else None


SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_more_person_never_lengthens_the_day(seed):
    before = random_day(seed)
    alone = makespan(before)
    helped = makespan(
        replace(before, staff=(*before.staff, person("new", "cut", "sew", "watch", end=900)))
    )
    if alone is not None:
        assert helped is not None
        assert helped <= alone


def test_most_random_days_are_possible():
    assert sum(makespan(random_day(seed)) is not None for seed in SEEDS) >= 8


@pytest.mark.parametrize("seed", range(4))
def test_later_shifts_move_the_day_by_as_much(seed):
    before = random_day(seed)
    base = replace(before, staff=tuple(replace(one, start=0, end=900) for one in before.staff))
    late = replace(
        base, staff=tuple(replace(one, start=one.start + 70, end=1000) for one in base.staff)
    )
    early_end, late_end = makespan(base), makespan(late)
    assert early_end is None or late_end == early_end + 70


def test_the_order_of_the_roster_does_not_change_the_length():
    turned = replace(hand_day(), staff=hand_day().staff[::-1])
    assert solve(turned).makespan == solve(hand_day()).makespan
