from dataclasses import replace
from itertools import pairwise

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

from diptych.choreography import (
    ChoreographyPolicy,
    check,
    clock_text,
    compose,
    explain,
    require_skills,
    solve,
)
from diptych.model import Infeasible, InputError, Procedure, Rest


def test_hand_case_reaches_its_optimum():
    schedule = solve(hand_day())
    assert (schedule.makespan, schedule.bound, schedule.status) == (90, 90, "optimal")
    assert schedule.checked
    assert schedule.milestones == {"separation": 90}
    assert schedule.assignment("s").start == 60
    assert {who for who, _ in schedule.assignment("s").staff} == {"ann", "bea"}


def test_people_with_several_skills_count_once():
    """Ann alone both cuts and sews: her two tasks cannot run side by side."""
    tasks = (task("p", 60, {"cut": 1}), task("q", 60, {"sew": 1}))
    assert solve(day(tasks, (), (person("ann", "cut", "sew"),))).makespan == 120


def test_one_task_never_takes_one_person_for_two_skills():
    alone = day((task("p", 60, {"cut": 1, "sew": 1}),), (), (person("ann", "cut", "sew"),))
    with pytest.raises(Infeasible, match="skills cut, sew: one person for all of them, 2 wanted"):
        solve(alone)


@pytest.mark.parametrize(("field", "expected"), [(1, 100), (2, 60)])
def test_zone_limits_the_day(field, expected):
    tasks = (
        task("p", 60, {"cut": 1}, zones={"field": 1}),
        task("q", 40, {"sew": 1}, zones={"field": 1}),
    )
    people = (person("ann", "cut"), person("cas", "sew"))
    assert solve(day(tasks, (), people, zones={"field": field})).makespan == expected


def test_longest_wait_delays_what_comes_before():
    """q must follow p within 5 min, and its only holder comes at 100."""
    tasks = (task("p", 20, {"cut": 1}), task("q", 20, {"sew": 1}))
    people = (person("ann", "cut"), person("cas", "sew", start=100))
    schedule = solve(day(tasks, (after("p", "q", 0, 5),), people))
    assert schedule.assignment("q").start == 100
    assert schedule.assignment("p").start >= 75


def test_nobody_is_planned_across_the_end_of_a_shift():
    """Two people, one at a time: together they are there all the time, alone too short."""
    people = (person("ann", "cut", end=50), person("bea", "cut", start=50, end=300))
    assert solve(day((task("p", 60, {"cut": 1}),), (), people)).assignment("p").start == 50


def test_rest_lengthens_the_day():
    tasks = tuple(task(name, 50, {"cut": 1}) for name in "abc")
    single = day(tasks, (), (person("ann", "cut"),))
    rest = Rest(longest_stretch=100, shortest_break=15, longest_work=300)
    assert solve(single).makespan == 150
    rested = solve(replace(single, rest=rest))
    assert (rested.makespan, rested.checked) == (165, True)


def test_too_much_work_is_refused_in_person_minutes():
    tasks = tuple(task(name, 50, {"cut": 1}) for name in "abc")
    rest = Rest(longest_stretch=100, shortest_break=15, longest_work=120)
    with pytest.raises(Infeasible, match=r"asks for 150 person-minutes, .* may work 120 in all"):
        solve(day(tasks, (), (person("ann", "cut"),), rest=rest))


def test_work_that_cannot_be_shared_out_is_refused():
    """Three tasks of 80 min, two people of 120 each: enough in all, but not one by one."""
    tasks = tuple(task(name, 80, {"cut": 1}) for name in "abc")
    rest = Rest(longest_stretch=100, shortest_break=15, longest_work=120)
    people = (person("ann", "cut"), person("bea", "cut"))
    with pytest.raises(Infeasible, match="skills cut: 2 people cannot hold every duty"):
        solve(day(tasks, (), people, rest=rest))


def test_missing_kit_is_named():
    tasks = (task("p", 60, {"cut": 1}, equipment={"microscope": 2}),)
    single = day(tasks, (), (person("ann", "cut"),), equipment={"microscope": 1})
    with pytest.raises(Infeasible, match=r"'microscope' .*: 2 needed by p, 1 exists"):
        solve(single)


def test_contradiction_is_told_as_a_smallest_set():
    """q and r must both follow p at once, but share the one microscope."""
    tasks = (
        task("p", 20, {"cut": 1}),
        task("q", 40, {"cut": 1}, equipment={"microscope": 1}),
        task("r", 40, {"sew": 1}, equipment={"microscope": 1, "drill": 1}),
    )
    order = (after("p", "q", 0, 0), after("p", "r", 0, 0))
    people = (person("ann", "cut"), person("cas", "sew"))
    stuck = day(tasks, order, people, equipment={"microscope": 1, "drill": 1})
    with pytest.raises(Infeasible) as caught:
        solve(stuck)
    assert len(caught.value.conflicts) == 2
    assert "'microscope': 2 needed at once, 1 exists (for q, r)" in caught.value.conflicts[0]
    assert "longest waits" in caught.value.conflicts[1]
    assert caught.value.exit_code == 4


@pytest.fixture(scope="module")
def solved():
    return solve(demonstration())


def test_demonstration_day_is_optimal_and_checked(solved):
    procedure = solved.procedure
    assert solved.status == "optimal"
    assert solved.bound == solved.makespan
    assert check(procedure, solved) == ()
    assert {task.step for task in procedure.tasks} == set(range(20))


def test_demonstration_day_is_as_long_as_published_days(solved):
    """Incision to separation 11.1 to 16.4 h and a median total of 20.3 h (16.4 to 28.5)."""
    hours = (solved.milestones["separation"] - solved.milestones["incision"]) / 60
    assert 11 <= hours <= 16.5
    assert 20 <= solved.makespan / 60 <= 30


def test_milestones_come_in_their_order(solved):
    order = ("ready", "incision", "bone", "dura-open", "brains-parted", "separation")
    minutes = [solved.milestones[name] for name in order]
    assert minutes == sorted(minutes)
    assert min(solved.milestones["twin-A-out"], solved.milestones["twin-B-out"]) > minutes[-1]


def test_somebody_watches_each_twin_at_every_minute(solved):
    for twin in "AB":
        for step in ("watch-anaesthesia", "watch-assist", "watch-nursing"):
            spans = sorted(
                (entry.start, entry.end)
                for entry in solved.assignments
                if entry.task.startswith(f"{step}-{twin}-")
            )
            assert spans[0][0] == solved.assignment("room-check").end
            assert spans[-1][1] >= solved.assignment(f"handover-{twin}").start
            assert all(b[0] <= a[1] - 10 for a, b in pairwise(spans))


def test_the_same_hands_clamp_and_divide_a_vessel(solved):
    for number in range(1, 11):
        clamp, divide = (solved.assignment(f"{step}-{number:02d}") for step in ("clamp", "divide"))
        hands = [
            {who for who, skill in entry.staff if skill == "microsurgery"}
            for entry in (clamp, divide)
        ]
        assert hands[0] == hands[1]


@pytest.mark.slow
def test_same_input_gives_the_same_day():
    assert solve(demonstration(2)).assignments == solve(demonstration(2)).assignments


def without(role: str) -> Procedure:
    people = tuple(person for person in roster() if person.role != role)
    return compose(plan(), people, tables=tables())


def test_roster_without_perfusionist_names_skill_tasks_and_cure():
    with pytest.raises(Infeasible) as caught:
        solve(without("perfusionist"))
    text = caught.value.conflicts[0]
    assert "skill 'perfusion': nobody on the roster" in text
    assert "craniotomy-1" in text
    assert "add somebody with the role perfusionist to the roster" in text


def test_skills_can_be_required_before_any_plan_exists():
    require_skills(roster(), tables=tables())
    people = tuple(person for person in roster() if person.role != "anaesthetist")
    with pytest.raises(Infeasible, match="skill 'anaesthesia': nobody on the roster"):
        require_skills(people, tables=tables())


def test_lost_lead_is_told_by_the_hours_left():
    people = tuple(person for person in roster() if person.id != "ln2")
    with pytest.raises(Infeasible, match="hours of the people with skill 'neurosurgery-lead'"):
        solve(compose(plan(), people, tables=tables()))


def test_explain_says_when_why_and_who(solved):
    text = explain(solved, "divide-03")
    entry = solved.assignment("divide-03")
    assert clock_text("07:00", entry.start) in text
    assert "It follows at once after clamp-03." in text
    names = {person.id: person.name for person in solved.procedure.staff}
    assert all(names[who] in text for who, _ in entry.staff)
    assert "It opens the day." in explain(solved, "room-check")
    with pytest.raises(InputError, match="no task 'nothing'"):
        explain(solved, "nothing")


def test_policy_refuses_odd_values():
    with pytest.raises(InputError, match="clock reading is '25:00'"):
        ChoreographyPolicy(day_start="25:00")
    with pytest.raises(InputError, match=r"quantile is 1\.0"):
        ChoreographyPolicy(quantile=1.0)
