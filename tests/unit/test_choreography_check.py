"""Each kind of broken rule is planted in a sound day and must be found."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from choreography_days import after, day, person, task

from diptych.choreography import check
from diptych.model import Assignment, Rest, Schedule, Subject

REST = Rest(longest_stretch=100, shortest_break=10, longest_work=150)


def procedure():
    tasks = (
        task("p", 60, {"cut": 1}, zones={"field": 2}, equipment={"drill": 1}),
        task("q", 40, {"sew": 1}, subject=Subject.A, zones={"field": 1}),
        task("r", 30, {"sew": 1}, equipment={"drill": 1}),
        task("s", 30, {"cut": 2}),
    )
    order = (after("p", "s", 5, 20), after("q", "r"))
    staff = (
        person("ann", "cut", "sew", end=400),
        person("bea", "cut", team="B"),
        person("cas", "sew", team="A"),
    )
    return day(tasks, order, staff, zones={"field": 3}, equipment={"drill": 1}, rest=REST)


def sound() -> dict[str, Assignment]:
    rows = (
        ("p", 0, 60, (("bea", "cut"),)),
        ("q", 0, 40, (("cas", "sew"),)),
        ("r", 60, 90, (("cas", "sew"),)),
        ("s", 70, 100, (("ann", "cut"), ("bea", "cut"))),
    )
    return {t: Assignment(task=t, start=a, end=b, staff=staff) for t, a, b, staff in rows}


def rules(entries) -> set[str]:
    return {violation.rule for violation in check(procedure(), tuple(entries))}


def test_sound_day_passes():
    assert check(procedure(), tuple(sound().values())) == ()


def moved(task: str, start: int) -> Callable[[dict[str, Assignment]], None]:
    def change(entries: dict[str, Assignment]) -> None:
        length = entries[task].end - entries[task].start
        entries[task] = replace(entries[task], start=start, end=start + length)

    return change


def held(task: str, *staff: tuple[str, str]) -> Callable[[dict[str, Assignment]], None]:
    def change(entries: dict[str, Assignment]) -> None:
        entries[task] = replace(entries[task], staff=staff)

    return change


def lasting(task: str, minutes: int) -> Callable[[dict[str, Assignment]], None]:
    def change(entries: dict[str, Assignment]) -> None:
        entries[task] = replace(entries[task], end=entries[task].start + minutes)

    return change


def both(*changes: Callable[[dict[str, Assignment]], None]):
    def change(entries: dict[str, Assignment]) -> None:
        for one in changes:
            one(entries)

    return change


PLANTED = {
    "left out": ("task", lambda entries: entries.pop("r")),
    "too short": ("duration", lasting("p", 59)),
    "too long": ("duration", lasting("r", 31)),
    "before the day": ("start", moved("q", -1)),
    "too early after": ("order", moved("s", 64)),
    "before its predecessor": ("order", moved("r", 39)),
    "too late after": ("lag", moved("s", 81)),
    "nobody": ("demand", held("r")),
    "one too few": ("demand", held("s", ("bea", "cut"))),
    "one too many": ("demand", held("r", ("cas", "sew"), ("ann", "sew"))),
    "another skill than asked": ("demand", held("p", ("ann", "sew"))),
    "without the skill": ("skill", held("r", ("bea", "sew"))),
    "stranger": ("person", held("r", ("zoe", "sew"))),
    "wrong colour": ("team", held("q", ("bea", "sew"))),
    "after hours": ("hours", both(moved("r", 390), held("r", ("ann", "sew")))),
    "two duties of one task": ("one-duty", held("s", ("ann", "cut"), ("ann", "cut"))),
    "two tasks at once": ("one-duty", both(moved("r", 75), held("r", ("ann", "sew")))),
    "kit twice at once": ("equipment", moved("r", 50)),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_violation_is_found(name):
    rule, change = PLANTED[name]
    entries = sound()
    change(entries)
    assert rule in rules(entries.values())


def test_task_twice_and_unknown_task_are_found():
    entries = list(sound().values())
    twice = check(procedure(), (*entries, replace(entries[2], start=200, end=230)))
    assert [v.message for v in twice if v.rule == "task"] == ["task r is planned 2 times, not once"]
    strange = check(procedure(), (*entries, replace(entries[2], task="t")))
    assert [v.message for v in strange if v.rule == "task"] == ["task t is not part of the day"]


def test_crowded_zone_is_found_only_while_tasks_overlap():
    full = replace(procedure(), zones=(replace(procedure().zones[0], capacity=2),))
    entries = sound()
    found = check(full, tuple(entries.values()))
    assert [v.message for v in found] == ["3 of field needed at minute 0, there is room for 2"]
    moved("q", 60)(entries)
    moved("r", 100)(entries)
    assert check(full, tuple(entries.values())) == ()


def test_unknown_zone_has_no_room():
    bare = replace(procedure(), zones=())
    assert {v.rule for v in check(bare, tuple(sound().values()))} == {"zone"}


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ((0, 60), {"stretch"}),
        ((0, 69), {"stretch"}),
        ((0, 70), set()),
    ],
)
def test_break_must_be_long_enough(starts, expected):
    tasks = (task("a", 60, {"cut": 1}), task("b", 60, {"cut": 1}))
    single = day(tasks, (), (person("ann", "cut"),), rest=REST)
    entries = tuple(
        Assignment(task=t.id, start=s, end=s + 60, staff=(("ann", "cut"),))
        for t, s in zip(tasks, starts, strict=True)
    )
    assert {v.rule for v in check(single, entries)} == expected


def test_too_much_work_in_all_is_found():
    tasks = tuple(task(name, 60, {"cut": 1}) for name in "abc")
    single = day(tasks, (), (person("ann", "cut"),), rest=REST)
    entries = tuple(
        Assignment(task=t.id, start=100 * i, end=100 * i + 60, staff=(("ann", "cut"),))
        for i, t in enumerate(tasks)
    )
    assert {v.rule for v in check(single, entries)} == {"work"}


def schedule(**changes: object) -> Schedule:
    fields: dict[str, object] = {
        "procedure": procedure(),
        "assignments": tuple(sound().values()),
        "makespan": 100,
        "bound": 100,
        "status": "optimal",
        "checked": True,
        "violations": (),
        "milestones": {"separation": 100},
        "solver": "hand",
    }
    return Schedule(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"makespan": 99, "bound": 99}, "makespan"),
        ({"bound": 101}, "bound"),
        ({"bound": 101, "status": "feasible"}, "bound"),
        ({"bound": 90}, "bound"),
        ({"milestones": {"separation": 90}}, "milestone"),
        ({"milestones": {}}, "milestone"),
    ],
)
def test_wrong_figures_of_a_schedule_are_found(changes, rule):
    assert check(procedure(), schedule()) == ()
    assert [v.rule for v in check(procedure(), schedule(**changes))] == [rule]


def test_checker_needs_no_solver_library():
    import subprocess
    import sys

    code = (
        "import sys, diptych.choreography.check;"
        "sys.exit(any(name.startswith('ortools') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
