"""Ways to do a task, grades and supervision, absences, stocks, span, the circadian low."""

from dataclasses import replace

import pytest
from choreography_days import after, day, person, task

from diptych.choreography import check, solve
from diptych.model import Demand, Duration, Equipment, Infeasible, InputError, Mode, Rest


def led(id, minutes, skill, count, *, grade=0, leader=0):
    demand = Demand(skill=skill, count=count, grade=grade, leader=leader)
    return replace(task(id, minutes, {}), demands=(demand,))


def way(minutes, demands, equipment=None):
    length = Duration(low=minutes, mode=minutes, high=minutes, planned=minutes)
    return Mode(
        title=f"in {minutes} min",
        duration=length,
        demands=tuple(Demand(skill=skill, count=n) for skill, n in demands.items()),
        zones={},
        equipment=equipment or {},
    )


def graded(id, grade, *skills, **hours):
    return replace(person(id, *skills, **hours), grade=grade)


def rules(procedure, schedule):
    return {violation.rule for violation in check(procedure, schedule)}


def changed(schedule, task, **fields):
    entries = tuple(
        replace(entry, **fields) if entry.task == task else entry for entry in schedule.assignments
    )
    return entries


def test_a_larger_team_is_taken_where_it_shortens_the_day():
    """Two tasks of 60 min; p may be done by two people in 35. Ann and Bea are free for it."""
    quick = replace(task("p", 60, {"cut": 1}), modes=(way(35, {"cut": 2}),))
    procedure = day((quick, task("q", 30, {"cut": 1})), (after("p", "q"),), crew("ann", "bea"))
    schedule = solve(procedure)
    assert (schedule.makespan, schedule.status, schedule.checked) == (65, "optimal", True)
    assert schedule.assignment("p").mode == 1
    assert len(schedule.assignment("p").staff) == 2


def crew(*names):
    return tuple(person(name, "cut") for name in names)


def test_the_slower_way_is_taken_where_the_team_is_needed_elsewhere():
    quick = replace(task("p", 60, {"cut": 1}), modes=(way(50, {"cut": 2}),))
    schedule = solve(day((quick, task("q", 60, {"cut": 1})), (), crew("ann", "bea")))
    assert (schedule.makespan, schedule.assignment("p").mode) == (60, 0)


def test_ways_of_a_task_share_a_stock():
    """Each quick way uses up the one kit that there is: only one of the two tasks gets it."""
    ways = (way(20, {"cut": 1}, {"glue": 1}),)
    tasks = tuple(replace(task(id, 60, {"cut": 1}), modes=ways) for id in "pq")
    procedure = day(tasks, (), crew("ann"))
    glue = Equipment(id="glue", title="Glue", count=1, renewable=False)
    procedure = replace(procedure, equipment=(glue,))
    schedule = solve(procedure)
    assert (schedule.makespan, schedule.bound) == (80, 80)
    assert sorted(entry.mode for entry in schedule.assignments) == [0, 1]
    both = tuple(
        replace(entry, mode=1, start=20 * i, end=20 * i + 20)
        for i, entry in enumerate(schedule.assignments)
    )
    assert rules(procedure, both) == {"stock"}


def test_kit_that_comes_back_is_no_stock():
    tasks = tuple(task(id, 20, {"cut": 1}, equipment={"saw": 1}) for id in "pq")
    schedule = solve(day(tasks, (), crew("ann", "bea"), equipment={"saw": 1}))
    assert schedule.makespan == 40


def test_only_people_of_the_grade_are_taken():
    staff = (graded("ann", 2, "cut"), graded("bea", 4, "cut"))
    procedure = day((led("p", 30, "cut", 1, grade=3), led("q", 30, "cut", 1)), (), staff)
    schedule = solve(procedure)
    assert schedule.assignment("p").staff == (("bea", "cut"),)
    wrong = changed(schedule, "p", staff=(("ann", "cut"),))
    assert "grade" in rules(procedure, wrong)


def test_a_junior_works_beside_a_leader_only():
    """Two of each task's three may be junior; with one senior the tasks cannot run at once."""
    staff = (
        graded("ann", 5, "cut"),
        *(graded(f"j{n}", 1, "cut") for n in range(3)),
    )
    tasks = tuple(led(id, 30, "cut", 2, leader=4) for id in "pq")
    procedure = day(tasks, (), staff)
    schedule = solve(procedure)
    assert schedule.makespan == 60
    assert all(("ann", "cut") in entry.staff for entry in schedule.assignments)
    wrong = changed(schedule, "p", staff=(("j0", "cut"), ("j1", "cut")))
    assert rules(procedure, wrong) == {"leader"}


def test_missing_leader_is_named():
    procedure = day((led("p", 30, "cut", 1, leader=4),), (), crew("ann"))
    with pytest.raises(Infeasible, match="skill 'cut': nobody of grade 4 or more on the roster"):
        solve(procedure)


def test_absence_is_kept_free():
    ann = replace(person("ann", "cut"), absences=((30, 50), (90, 95)))
    procedure = day((task("p", 40, {"cut": 1}),), (), (ann,))
    schedule = solve(procedure)
    assert schedule.assignment("p").start == 50
    moved = changed(schedule, "p", start=0, end=40)
    assert rules(procedure, moved) == {"absence"}


def test_times_on_call_are_no_working_hours():
    """Nobody is given a task while on call, not even who has no hours in the day."""
    called = replace(person("cy", "cut"), start=-120, end=-60, on_call=((0, 500, 30),))
    late = replace(person("ann", "cut"), start=40, on_call=((0, 40, 5),))
    procedure = day((task("one", 30, {"cut": 1}),), (), (called, late))
    schedule = solve(procedure)
    assert schedule.checked
    assert schedule.assignment("one").start == 40
    assert rules(procedure, changed(schedule, "one", start=0, end=30)) == {"hours"}


def test_absences_overlapping_or_outside_order_are_refused():
    with pytest.raises(InputError, match=r"absences \[\(30, 50\), \(40, 60\)\]"):
        replace(person("ann", "cut"), absences=((30, 50), (40, 60)))


@pytest.mark.parametrize(
    ("count", "restock", "broken"),
    [
        (2, (), set()),
        (1, (), {"stock"}),
        (1, ((40, 1),), set()),
        (1, ((41, 1),), {"stock"}),
        (0, ((0, 2),), set()),
        (0, ((1, 2),), {"stock"}),
    ],
)
def test_what_is_used_up_must_have_been_delivered(count, restock, broken):
    """p uses one pack at 0, q one at 40."""
    tasks = tuple(task(id, 40, {"cut": 1}, equipment={"pack": 1}) for id in "pq")
    rich = day(tasks, (after("p", "q"),), crew("ann"))
    packs = Equipment(id="pack", title="Packs", count=2, renewable=False)
    schedule = solve(replace(rich, equipment=(packs,)))
    poor = replace(rich, equipment=(replace(packs, count=count, restock=restock),))
    found = check(poor, schedule.assignments)
    assert {violation.rule for violation in found} == broken
    if restock == ((41, 1),):
        assert "2 of pack are used up by minute 40, there are 1" in found[0].message


def test_a_schedule_is_made_with_what_is_there_at_the_start():
    tasks = tuple(task(id, 40, {"cut": 1}, equipment={"pack": 1}) for id in "pq")
    packs = Equipment(id="pack", title="Packs", count=1, renewable=False, restock=((30, 5),))
    with pytest.raises(Infeasible):
        solve(replace(day(tasks, (), crew("ann")), equipment=(packs,)))


def test_span_ends_a_person_s_day():
    """Ann holds p and q with 60 min between; a span of 100 min lets her hold only one."""
    tasks = (task("p", 40, {"cut": 1}), task("w", 60, {}), task("q", 40, {"cut": 1}))
    order = (after("p", "w"), after("w", "q"))
    rest = Rest(longest_stretch=100, shortest_break=10, longest_work=300, longest_span=120)
    procedure = day(tasks, order, crew("ann", "bea"), rest=rest)
    schedule = solve(procedure)
    assert schedule.makespan == 140
    assert schedule.assignment("p").staff != schedule.assignment("q").staff
    alone = changed(schedule, "q", staff=schedule.assignment("p").staff)
    assert "span" in rules(procedure, alone)
    with pytest.raises(Infeasible):
        solve(day(tasks, order, crew("ann"), rest=rest))


LOW = Rest(
    longest_stretch=240,
    shortest_break=15,
    longest_work=900,
    low=(120, 360),
    low_stretch=100,
)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("10:00", 240), ("00:30", 255), ("23:30", 255), ("06:00", 240), ("05:30", 255)],
)
def test_stretch_is_shorter_at_the_low_of_the_night(clock, expected):
    """Ann works 3 x 80 min. By day in one stretch; where 02:00-06:00 is touched, with breaks.

    From 00:30 the first 80 min end before the low, but the stretch may not reach into it.
    """
    tasks = tuple(task(id, 80, {"cut": 1}) for id in "pqr")
    procedure = replace(day(tasks, (), crew("ann"), rest=LOW), day_start=clock)
    schedule = solve(procedure)
    assert schedule.checked
    assert schedule.makespan >= expected
    if expected == 240:
        assert schedule.makespan == 240


def test_low_of_the_next_night_is_found():
    tasks = tuple(task(id, 80, {"cut": 1}) for id in "pq")
    ann = person("ann", "cut", start=1100, end=2000)
    procedure = replace(day(tasks, (), (ann,), rest=LOW), day_start="07:00")
    schedule = solve(procedure)
    assert schedule.makespan == 1100 + 175  # 01:20 to 02:40, a break, 02:55 to 04:15
    together = (
        replace(schedule.assignments[0], start=1100, end=1180),
        replace(schedule.assignments[1], start=1180, end=1260),
    )
    assert rules(procedure, together) == {"low"}


def test_unknown_way_and_wrong_length_of_a_way_are_found():
    quick = replace(task("p", 60, {"cut": 1}), modes=(way(35, {"cut": 2}),))
    procedure = day((quick,), (), crew("ann", "bea"))
    schedule = solve(procedure)
    assert schedule.assignment("p").mode == 1
    assert "mode" in rules(procedure, changed(schedule, "p", mode=2))
    assert rules(procedure, changed(schedule, "p", mode=0)) == {"duration", "demand"}


def test_breaks_and_absences_hold_where_times_are_found_with_people():
    """Ann alone, absent from 60 to 200: her duties of 50 fit before and after, with a break."""
    ann = replace(person("ann", "cut"), absences=((60, 200),))
    rest = Rest(longest_stretch=60, shortest_break=10, longest_work=300, longest_span=400)
    tasks = tuple(task(id, 50, {"cut": 1}) for id in "pqr")
    schedule = solve(day(tasks, (), (ann,), rest=rest))
    assert sorted(entry.start for entry in schedule.assignments) == [0, 200, 260]
    assert schedule.checked
