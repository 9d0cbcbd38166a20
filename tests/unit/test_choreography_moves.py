"""What would move a task: hand cases."""

from choreography_days import after, day, person, task

from diptych.choreography import explain, solve
from diptych.choreography.chain import chain_tasks
from diptych.choreography.moves import find_room


def two_lines():
    """p (60) then r (30); q (20) by somebody else, then r: q has 40 min of room."""
    tasks = (task("p", 60, {"cut": 1}), task("q", 20, {"sew": 1}), task("r", 30, {"cut": 1}))
    staff = (person("ann", "cut"), person("cas", "sew"))
    return solve(day(tasks, (after("p", "r"), after("q", "r")), staff))


def test_room_is_what_the_longer_line_leaves():
    schedule = two_lines()
    room = find_room(schedule, chain_tasks(schedule))
    assert (room["p"], room["r"]) == (0, 0)
    assert room["q"] == 40 - schedule.assignment("q").start


def test_longest_wait_limits_the_room():
    tasks = (task("p", 60, {"cut": 1}), task("q", 20, {"sew": 1}), task("r", 90, {"cut": 1}))
    staff = (person("ann", "cut"), person("cas", "sew"))
    order = (after("p", "q", 0, 5), after("p", "r"))
    schedule = solve(day(tasks, order, staff))
    late = schedule.assignment("q").start - 60
    assert find_room(schedule, chain_tasks(schedule))["q"] == 5 - late


def test_words_name_what_holds_a_task_back():
    text = explain(two_lines(), "r")
    assert "Without waiting for p it could start at 07:20." in text
    assert "Any later start moves a milestone or the end of the day." in text


def test_a_person_who_is_held_elsewhere_is_named():
    tasks = (task("p", 60, {"cut": 1}), task("q", 20, {"cut": 1}))
    schedule = solve(day(tasks, (), (person("ann", "cut"),)))
    later = max(schedule.assignments, key=lambda entry: entry.start)
    first = min(schedule.assignments, key=lambda entry: entry.start)
    text = explain(schedule, later.task)
    assert f"Without Name ann being held by {first.task} it could start at 07:00." in text


def test_two_things_that_hold_at_the_same_minute_are_told_together():
    tasks = (task("p", 60, {"cut": 1}), task("q", 60, {"sew": 1}), task("r", 30, {}))
    staff = (person("ann", "cut"), person("cas", "sew"))
    text = explain(solve(day(tasks, (after("p", "r"), after("q", "r")), staff)), "r")
    assert "Held at the same minute by waiting for p, waiting for q" in text
