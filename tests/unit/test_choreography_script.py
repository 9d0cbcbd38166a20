"""A whole operation from one file: every fault with its place, and back to a file."""

import tomllib
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from choreography_days import after, day, demonstration, hand_day, person, tables, task

from diptych.choreography import (
    check,
    read_procedure,
    read_roster,
    read_words,
    solve,
    write_procedure,
)
from diptych.model import (
    Demand,
    Duration,
    Equipment,
    InputErrors,
    Mode,
    Procedure,
    Rest,
    Subject,
)

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "omphalopagus"
SMALL = """
schema = "diptych.procedure/1"
day_start = "08:00"

[[skill]]
key = "hepatobiliary"
title = "Liver"
source = "assumption: made for a test"
confidence = "assumption"

[[role]]
key = "surgeon"
title = "Surgeon"
skills = ["hepatobiliary"]
source = "assumption: made for a test"
confidence = "assumption"

[[zone]]
key = "field-A"
title = "Field A"
capacity = 2
source = "assumption: made for a test"
confidence = "assumption"

[[zone]]
key = "field-B"
title = "Field B"
capacity = 3
source = "assumption: made for a test"
confidence = "assumption"

[[equipment]]
key = "probe"
title = "Probe"
count = 1
source = "assumption: made for a test"
confidence = "low"

[[staff]]
key = "ann"
name = "Ann"
role = "surgeon"
team = "both"
start = 0
end = 600

[[staff]]
key = "bea"
name = "Bea"
role = "surgeon"
skills = ["hepatobiliary"]
team = "both"
start = 0
end = 600
grade = 5
absences = [[300, 330]]
on_call = [[600, 900, 25]]

[[step]]
key = "map"
title = "Map"
each = "twin"
low = 10
mode = 20
high = 60
demands = { hepatobiliary = 1 }
zones = { "field-{twin}" = 1 }
priority = 2
after = []
source = "Somebody 2001"
confidence = "medium"
B = { low = 5, equipment = { probe = 1 } }

[[step]]
key = "liver-division"
title = "Liver divided"
subject = "SHARED"
minutes = 40
demands = { hepatobiliary = { count = 2, leader = 4 } }
priority = 3
after = [{ step = "map", least = 5, most = 30 }]
milestone = "separation"
milestone_title = "Separation"
source = "Somebody 2001"
confidence = "medium"

[[step]]
key = "close"
title = "Closed, twin {twin}, away from {other}"
each = "turns"
minutes = 30
demands = { hepatobiliary = 1 }
priority = 2
after = ["liver-division", "map"]
source = "Somebody 2001"
confidence = "medium"
"""


def small() -> dict[str, object]:
    return tomllib.loads(SMALL)


def spoilt(step: int, **fields: object) -> dict[str, object]:
    tree = small()
    tree["step"][step].update(fields)  # type: ignore[index]
    return tree


def refused(tree: dict[str, object], **known: object) -> list[str]:
    with pytest.raises(InputErrors) as caught:
        read_procedure(tree, **known)  # type: ignore[arg-type]
    return [fault.message for fault in caught.value.faults]


def test_a_row_for_each_twin_becomes_two_tasks() -> None:
    procedure = read_procedure(small())
    assert [t.id for t in procedure.tasks] == [
        "map-A",
        "map-B",
        "liver-division",
        "close-A",
        "close-B",
    ]
    assert procedure.task("map-A").title == "Map, twin A"
    assert procedure.task("close-B").title == "Closed, twin B, away from A"
    assert procedure.task("map-B").subject is Subject.B
    assert procedure.task("map-A").zones == {"field-A": 1}
    assert procedure.task("map-B").duration.low == 5
    assert procedure.task("map-B").equipment == {"probe": 1}
    assert procedure.task("map-A").equipment == {}
    assert procedure.task("map-A").source == "Somebody 2001 (medium)"
    leader = Demand(skill="hepatobiliary", count=2, grade=0, leader=4)
    assert procedure.task("liver-division").demands == (leader,)


def test_order_and_lags_are_those_of_the_file() -> None:
    rules = read_procedure(small()).precedence
    assert rules == (
        after("map-A", "liver-division", 5, 30),
        after("map-B", "liver-division", 5, 30),
        after("liver-division", "close-A"),
        after("map-A", "close-A"),
        after("liver-division", "close-B"),
        after("map-B", "close-B"),
        after("close-A", "close-B"),
    )


def test_people_of_the_file_and_of_a_roster() -> None:
    staff = read_procedure(small()).staff
    assert staff[0].skills == ("hepatobiliary",)
    assert (staff[1].grade, staff[1].absences) == (5, ((300, 330),))
    assert staff[1].on_call == ((600, 900, 25),)
    other = person("eve", "hepatobiliary")
    assert read_procedure(small(), roster=[other]).staff == (other,)


def test_a_schedule_of_the_small_file_is_checked() -> None:
    schedule = solve(read_procedure(small()))
    assert schedule.checked
    assert schedule.makespan == 20 + 5 + 40 + 30 + 30
    assert schedule.milestones == {"separation": 65}


def test_every_fault_is_reported_with_its_place() -> None:
    tree = spoilt(1, demands={"hepatobilliary": 2}, priority=4, after=["mapp"])
    tree["step"][0]["low"] = 90  # type: ignore[index]
    del tree["step"][2]["source"]  # type: ignore[index]
    tree["zone"][0]["capacitty"] = 2  # type: ignore[index]
    messages = refused(tree)
    assert messages == [
        "zone 1 'field-A': field 'capacitty' is unknown, did you mean 'capacity'",
        "step 1 'map': low, mode, high are 90, 20, 60, expected low <= mode <= high",
        "step 2 'liver-division': skill 'hepatobilliary' is unknown, did you mean 'hepatobiliary'",
        "step 2 'liver-division': priority is 4, expected 1, 2 or 3",
        "step 2 'liver-division': step 'mapp' is unknown, did you mean 'map'",
        "step 3 'close': no source",
    ]


@pytest.mark.parametrize(
    ("step", "fields", "words"),
    [
        (0, {"each": "twins"}, "each is 'twins', did you mean 'twin'"),
        (0, {"low": -5}, "low is -5, expected a whole number of at least 0"),
        (0, {"high": "long"}, "high is 'long', expected a whole number"),
        (0, {"planned": 70}, "planned is 70, expected 10 to 60"),
        (0, {"zones": {"field-C": 1}}, "zone 'field-C' is unknown, did you mean 'field-"),
        (0, {"zones": [1]}, "zones is [1], expected a table of names"),
        (0, {"source": "  "}, "no source"),
        (0, {"confidence": "sure"}, "confidence is 'sure', there are as-written, assumption"),
        (1, {"subject": "C"}, "subject is 'C', there are A, B, BOTH, SHARED, TEAM"),
        (1, {"demand": {}}, "field 'demand' is unknown, did you mean 'demands'"),
        (1, {"demands": {"hepatobiliary": {"count": 1, "grad": 3}}}, "field 'grad' is unknown"),
        (1, {"A": {"low": 1}}, "fields of twin A or B in a step that is done once"),
        (1, {"after": [{"step": "map", "least": 9, "most": 2}]}, "lag 9 to 2 min"),
        (1, {"after": ["close"]}, "steps wait for each other: "),
        (1, {"milestone": "parting"}, "milestone 'separation' is missing"),
        (1, {"key": "close"}, "there is a task"),
        (2, {"key": "map"}, "there is a task 'map-A' already"),
        (2, {"until": "map"}, "a watch, but there is no [watch] table"),
        (2, {"until": "map", "milestone": "m"}, "a milestone at a watch"),
    ],
)
def test_a_fault_is_told(step: int, fields: dict[str, object], words: str) -> None:
    if fields.get("key") == "close":
        fields = {**fields, "each": "twin", "subject": "A"}
    messages = refused(spoilt(step, **fields))
    assert [m for m in messages if words in m], messages


def test_faults_of_the_file_itself() -> None:
    tree = small() | {
        "schema": "other",
        "day_start": "25:00",
        "twins": ["A", "A"],
        "quantile": 2,
        "tables": ["skils", "rest"],
        "rest": {"longest_stretch": 10, "shortest_break": 20, "longest_work": 30, "source": ""},
        "extra": 1,
    }
    words = (
        "schema is 'other'",
        "day_start: clock reading is '25:00'",
        "twins is ['A', 'A']",
        "quantile is 2, expected between 0 and 1",
        "tables names 'skils', did you mean 'skills'",
        "table 'rest' is not at hand",
        "[rest]: no source",
        "[rest]: rest rules",
        "field 'extra' is unknown",
    )
    messages = refused(tree)
    assert [word for word in words if not any(word in message for message in messages)] == []


def test_faults_of_people() -> None:
    tree = small()
    tree["staff"] = [
        {"key": "ann", "name": "Ann", "role": "sugeon", "team": "both", "start": 0, "end": 9},
        {"key": "ann", "name": "Eve", "role": "surgeon", "team": "A", "start": 0, "end": 9},
        {"key": "ann", "name": "Eva", "role": "surgeon", "team": "A", "start": 0, "end": 9},
        {"key": "bo", "name": "Bo", "role": "surgeon", "team": "A", "start": 9, "end": 9},
    ]
    messages = refused(tree)
    assert "staff 1 'ann': role 'sugeon' is unknown, did you mean 'surgeon'" in messages
    assert any("staff 'ann' has two rows" in message for message in messages)
    assert any(
        "staff 4 'bo': " in message and "expected start before end" in message
        for message in messages
    )


def test_tables_at_hand_give_their_rows() -> None:
    tree = small() | {"tables": ["skills", "rest"]}
    words = read_words(tree, tables())
    assert "hepatobiliary" in words["skills"].rows
    assert "neurophysiology" in words["skills"].rows
    rest = read_procedure(tree, tables=tables()).rest
    assert rest is not None
    assert rest.longest_stretch == 360


def test_lengths_can_be_planned_for_a_quantile() -> None:
    planned = [t.duration.planned for t in read_procedure(small() | {"quantile": 0.9}).tasks]
    assert planned[0] > 20
    assert planned[2] == 40


def watched() -> dict[str, object]:
    tree = small()
    tree["watch"] = {
        "longest": 60,
        "least": 5,
        "most": 20,
        "slack": 30,
        "source": "x",
        "confidence": "low",
    }
    tree["step"].append(  # type: ignore[union-attr]
        {
            "key": "watch",
            "title": "Watch",
            "each": "twin",
            "until": "close",
            "demands": {"hepatobiliary": 1},
            "priority": 3,
            "after": ["map"],
            "source": "x",
            "confidence": "low",
        }
    )
    return tree


def test_a_watch_is_cut_into_blocks_that_reach_and_overlap() -> None:
    procedure = read_procedure(watched())
    blocks = [t for t in procedure.tasks if t.id.startswith("watch-A")]
    lengths = {t.duration.planned for t in blocks}
    stay = 5 + 40
    count = -(-(stay + 30) // (60 - 5))
    assert len(blocks) == count == 2
    assert lengths == {-(-(stay + 30 + 5) // 2)}
    assert all(t.step == 0 for t in blocks)
    rules = set(procedure.precedence)
    assert after("watch-A-1", "watch-A-2", -20, -5) in rules
    assert after("map-A", "watch-A-1", 0, 0) in rules
    assert after("watch-A-2", "close-A", -30, 0) in rules


def test_another_way_keeps_what_it_does_not_say() -> None:
    way = {"title": "With one hand", "minutes": 90, "demands": {"hepatobiliary": 1}}
    task = read_procedure(spoilt(0, way=[way])).task("map-B")
    assert task.modes[0].duration.planned == 90
    assert task.modes[0].equipment == {"probe": 1}
    assert task.in_mode(1).demands == (Demand(skill="hepatobiliary", count=1),)


def round_trip(procedure: Procedure) -> Procedure:
    return read_procedure(tomllib.loads(write_procedure(procedure, tables=tables())))


def test_written_and_read_again_it_is_the_same() -> None:
    full = Duration(low=1, mode=2, high=9, planned=3)
    odd = replace(
        task("odd", 30, {"cut": 1}, subject=Subject.A, zones={"z": 1}, equipment={"e f": 2}),
        title='A "quoted" \\ title\twith\x7fodd letters: åß 中',
        demands=(Demand(skill="cut", count=1, grade=2), Demand(skill="cut", count=1, leader=5)),
        source="Somebody (medium)",
        may_wait=0,
        keeps=("cut", "worker"),
        modes=(Mode(title="way", duration=full, demands=(), zones={}, equipment={"e f": 1}),),
    )
    ann = person("ann", "cut")
    called = ((-90, -60, 20), (ann.end, ann.end + 60, 0))
    staff = (replace(ann, grade=1, absences=((5, 9), (20, 30)), on_call=called),)
    made = day(
        (odd, replace(task("two", 5, {}), duration=full, step=0)),
        (after("odd", "two", -3, 8), after("two", "odd", -40)),
        staff,
        zones={"z": 1},
        rest=Rest(
            longest_stretch=60,
            shortest_break=5,
            longest_work=90,
            longest_span=100,
            low=(120, 1500),
            low_stretch=30,
        ),
    )
    stock = Equipment(id="e f", title="E", count=3, renewable=False, restock=((5, 2), (90, 1)))
    made = replace(made, equipment=(stock,))
    assert round_trip(made) == made


@pytest.mark.parametrize("made", [hand_day(), demonstration()], ids=["hand", "demonstration"])
def test_days_survive_the_round_trip(made: Procedure) -> None:
    assert round_trip(made) == made


def test_written_sources_are_those_of_the_tables() -> None:
    text = write_procedure(demonstration(), tables=tables())
    tree = tomllib.loads(text)
    row = next(row for row in tree["equipment"] if row["key"] == "ultrasound")
    assert row["source"] == tables()["equipment"].rows["ultrasound"].source
    assert all(row["source"] for kind in ("step", "zone", "skill", "role") for row in tree[kind])


def swap(value: object) -> object:
    """A and B swapped in a tree of a file."""
    if isinstance(value, str):
        return value.translate(str.maketrans("AB", "BA")) if len(value) < 2 else _swap_text(value)
    if isinstance(value, list):
        return [swap(entry) for entry in value]
    if isinstance(value, dict):
        return {_swap_text(key): swap(entry) for key, entry in value.items()}
    return value


def _swap_text(text: str) -> str:
    for one, two in (("-A", "-\0"), ("-B", "-A"), ("-\0", "-B")):
        text = text.replace(one, two)
    return {"A": "B", "B": "A"}.get(text, text)


def test_mirror_swapping_the_twins_of_a_file_swaps_the_procedure() -> None:
    tree = small() | {"twins": ["A", "B"]}
    one, two = read_procedure(tree), read_procedure(swap(deepcopy(tree)))  # type: ignore[arg-type]
    assert [_swap_text(t.id) for t in one.tasks] == [t.id for t in two.tasks]
    assert [t.duration for t in one.tasks] == [t.duration for t in two.tasks]
    assert [t.equipment for t in one.tasks] == [t.equipment for t in two.tasks]
    assert [(_swap_text(r.before), _swap_text(r.after)) for r in one.precedence] == [
        (r.before, r.after) for r in two.precedence
    ]


def omphalopagus() -> Procedure:
    tree = tomllib.loads((EXAMPLE / "procedure.toml").read_text("utf-8"))
    words = read_words(tree, tables())
    text = (EXAMPLE / "roster.csv").read_text("utf-8")
    people = read_roster(text, tables=words, day_start=tree["day_start"])
    return read_procedure(tree, roster=people, tables=tables())


def test_the_omphalopagus_example_is_whole() -> None:
    procedure = omphalopagus()
    assert len([t for t in procedure.tasks if t.step]) >= 60
    assert len(procedure.staff) >= 30
    assert round_trip(procedure) == procedure


@pytest.mark.slow
def test_the_omphalopagus_example_is_solved_and_checked() -> None:
    procedure = omphalopagus()
    schedule = solve(procedure)
    assert schedule.checked
    assert check(procedure, schedule) == ()
    assert schedule.status == "optimal"
    assert schedule.milestones["incision"] < schedule.milestones["separation"]
    ends = [schedule.milestones[f"twin-{twin}-out"] for twin in "AB"]
    assert max(ends) == schedule.makespan < 16 * 60
