"""What must hold for any re-plan: never worse than moving right, past kept, mirror, same again."""

import re
from dataclasses import replace

import numpy as np
import pytest
from choreography_days import after, day, demonstration, person, plan, roster, tables, task
from replan_days import planned, policy, require_sound, ways

from diptych.choreography import compose, replan, replan_by_shift, solve
from diptych.model import (
    Absence,
    Broken,
    Delay,
    Demand,
    Disruption,
    HazardResponse,
    Infeasible,
    Rest,
    Schedule,
    Subject,
)

OTHER = {"A": "B", "B": "A"}


def mirrored(text: str) -> str:
    return re.sub(r"-(A|B)(?=$|-|~)", lambda found: "-" + OTHER[found[1]], text)


def random_schedule(seed: int) -> Schedule:
    """Ten tasks in a random order with some short waits, six people, one drill."""
    draw = np.random.Generator(np.random.Philox(key=seed))
    skills = ("cut", "sew", "hold")
    tasks = [
        replace(
            task(
                f"t{i}",
                int(draw.integers(2, 10)) * 5,
                {str(draw.choice(skills)): 1},
                zones={"field": int(draw.integers(0, 3))},
                equipment={"drill": 1} if draw.random() < 0.2 else {},
            ),
            priority=int(draw.integers(1, 4)),
        )
        for i in range(10)
    ]
    order = [
        after(f"t{i}", f"t{j}", 0, 40 if j == i + 1 and draw.random() < 0.4 else None)
        for j in range(1, 10)
        for i in range(j)
        if draw.random() < 0.25
    ]
    staff = [
        person(f"p{i}", *sorted({skills[i % 3], str(draw.choice(skills))}), end=900)
        for i in range(6)
    ]
    rest = Rest(longest_stretch=150, shortest_break=10, longest_work=300)
    return solve(day(tasks, order, staff, zones={"field": 4}, equipment={"drill": 1}, rest=rest))


def random_events(schedule: Schedule, now: int, seed: int) -> list[Disruption]:
    draw = np.random.Generator(np.random.Philox(key=[seed, now]))
    entry = schedule.assignments[int(draw.integers(len(schedule.assignments)))]
    who = schedule.procedure.staff[int(draw.integers(6))].id
    late = entry.start >= now and bool(draw.integers(2))
    events: list[Disruption] = [
        Delay(task=entry.task, minutes=int(draw.integers(5, 40)), late=late),
        Absence(staff=who, begin=now, end=now + int(draw.integers(10, 120))),
        Broken(equipment="drill", count=1, begin=now, end=now + int(draw.integers(5, 60))),
        HazardResponse(
            title="call",
            subject=Subject.BOTH,
            begin=now,
            end=now + int(draw.integers(5, 40)),
            demands=(Demand(skill="sew", count=1),),
            equipment={},
        ),
    ]
    return [event for event in events if draw.random() < 0.5]


@pytest.mark.parametrize("seed", range(6))
def test_no_way_is_worse_than_moving_right_and_the_past_stays(seed):
    before = random_schedule(seed)
    answered = 0
    for now in range(5, before.makespan, max(1, before.makespan // 4)):
        events = random_events(before, now, seed)
        shifted = replan_by_shift(before, now, events, policy())
        try:
            found = replan(before, now, events, policy())
        except Infeasible as refused:
            assert shifted is None
            assert refused.conflicts
            continue
        answered += 1
        for way in ways(found):
            assert way.schedule.checked
            begun = {e.task: e for e in before.assignments}
            for entry in way.schedule.assignments:
                if entry.start < now:
                    assert entry.start == begun[entry.task].start
                    assert entry.staff == begun[entry.task].staff
        if shifted is not None:
            assert found.least_change.cost <= shifted.cost
            assert found.earliest.schedule.makespan <= shifted.schedule.makespan
        assert found.earliest.schedule.makespan <= found.least_change.schedule.makespan
        assert found.most_reserve.reserve >= 0
        assert found.earliest.schedule.bound <= found.earliest.schedule.makespan
    assert answered


def test_same_question_same_answer():
    before = random_schedule(3)
    now = before.makespan // 3
    events = random_events(before, now, 1) or [Delay(task="t9", minutes=20)]
    assert replan(before, now, events, policy()) == replan(before, now, events, policy())


def twin_day(swap: bool) -> Schedule:
    """One line of work for each twin, and one joint task at the end."""
    a, b = ("B", "A") if swap else ("A", "B")
    tasks = (
        task(f"line-{a}", 40, {"cut": 1}, subject=Subject(a)),
        task(f"line-{b}", 30, {"cut": 1}, subject=Subject(b)),
        task("join", 20, {"cut": 2}),
    )
    staff = (
        person("one", "cut", team=a),
        person("two", "cut", team=b),
        person("six", "cut", team="both"),
    )
    order = (after(f"line-{a}", "join"), after(f"line-{b}", "join"))
    held = {f"line-{a}": ["one"], f"line-{b}": ["two"], "join": ["one", "two"]}
    starts = {f"line-{a}": 0, f"line-{b}": 0, "join": 40}
    return planned(day(tasks, order, staff), starts, held)


@pytest.mark.parametrize("who", ["one", "two"])
def test_swapping_the_twins_swaps_the_answer(who):
    answers = []
    for swap in (False, True):
        before = twin_day(swap)
        line = "line-B" if swap else "line-A"
        events = [Delay(task=line, minutes=15), Absence(staff=who, begin=20, end=500)]
        found = replan(before, 10, events, policy())
        require_sound(before, 10, found)
        answers.append(
            [
                (mirrored(e.task) if swap else e.task, e.start, e.end, e.staff)
                for way in ways(found)
                for e in way.schedule.assignments
            ]
        )
    assert answers[0] == answers[1]


@pytest.mark.slow
def test_swapping_the_twins_swaps_the_great_day():
    people = tuple(replace(one, team=OTHER.get(one.team, one.team)) for one in roster())
    one = solve(demonstration(2))
    two = solve(compose(plan(2, swapped=True), people, tables=tables()))
    first = replan(one, 700, [Delay(task="brain", minutes=30, late=True)], policy())
    second = replan(two, 700, [Delay(task="brain", minutes=30, late=True)], policy())
    for left, right in zip(ways(first), ways(second), strict=True):
        assert [(mirrored(e.task), e.start, e.staff) for e in left.schedule.assignments] == [
            (e.task, e.start, e.staff) for e in right.schedule.assignments
        ]
