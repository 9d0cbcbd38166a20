"""The first pairs and the order of drills."""

from dataclasses import replace

import pytest
from contingency_days import hazard, mirrored, person, plan, random_day, task

from diptych.contingencies import read_hazards
from diptych.contingencies.drills import rank_drills
from diptych.contingencies.first_pairs import answer_pairs, name_pairs, read_first_pairs
from diptych.model import Equipment, InputError, Role, Subject, Zone
from diptych.tables import load_table

BLEED_A = hazard("bleed-A", (1, "surgery", 1), (1, "anaesthesia", 1), p=0.4, severity=3)
BLEED_B = replace(BLEED_A, id="bleed-B", subject=Subject.B, title="Bleed-b")
ARREST_A = hazard("arrest-A", (1, "anaesthesia", 1), p=0.1, severity=3)
ARREST_B = replace(ARREST_A, id="arrest-B", subject=Subject.B)
POWER = hazard("power", (1, "scrub", 1), subject=Subject.TEAM, p=0.9)
CATALOGUE = [BLEED_A, BLEED_B, ARREST_A, ARREST_B, POWER]
ROW = """[[row]]
key = "{key}"
title = "Both"
first = "{first}"
second = "{second}"
twins = "{twins}"
why = "because"
source = "by hand"
confidence = "low"
{more}
"""


def table(first="bleed", second="arrest", twins="same", more="", key="both"):
    row = ROW.format(key=key, first=first, second=second, twins=twins, more=more)
    whole = load_table("first-pairs", row)
    return replace(whole, rows={key: whole.rows[key]})


def ids(rows, catalogue=CATALOGUE):
    return [tuple(h.id for h in one.hazards) for one in name_pairs(rows, catalogue)]


@pytest.mark.parametrize(
    ("first", "second", "twins", "expected"),
    [
        ("bleed", "arrest", "same", [("bleed-A", "arrest-A"), ("bleed-B", "arrest-B")]),
        ("bleed", "arrest", "other", [("bleed-A", "arrest-B"), ("bleed-B", "arrest-A")]),
        ("bleed", "bleed", "other", [("bleed-A", "bleed-B")]),
        ("power", "bleed", "each", [("power", "bleed-A"), ("power", "bleed-B")]),
        ("power", "", "pair", [("power",)]),
        ("arrest", "", "each", [("arrest-A",), ("arrest-B",)]),
    ],
)
def test_each_pair_for_each_twin(first, second, twins, expected):
    assert ids(read_first_pairs(table(first, second, twins))) == expected


def theatre(*people):
    rows = [(task("open", 5), 0, 40, ""), (task("close", 9), 40, 100, "")]
    return plan(rows, list(people))


def test_who_goes_where_at_the_worst_minute():
    day = theatre(
        person("ada", "anaesthesia"),
        person("bob", "anaesthesia", hours=(0, 70)),
        person("sue", "surgery"),
    )
    first, second = answer_pairs(day, CATALOGUE, read_first_pairs(table()))
    assert (first.minutes, first.covered, first.thin) == (100, 70, 70)
    assert (first.worst, first.slack) == (70, -1)
    assert [(one.hazard, one.asked, one.who) for one in first.responders] == [
        ("bleed-A", "surgery within 1 min", "sue"),
        ("bleed-A", "anaesthesia within 1 min", "ada"),
        ("arrest-A", "anaesthesia within 1 min", ""),
    ]
    assert [gap.spans for gap in first.gaps] == [((70, 100),)]
    assert first.gaps[0].lacking == 1
    assert "anaesthesia" in first.gaps[0].missing
    assert (first.key, first.title) == ("both A A", "Both (twin A)")
    assert second.hazards == ("bleed-B", "arrest-B")
    assert second.covered == 70


def test_a_pair_can_be_narrowed_to_steps():
    day = theatre(person("ada", "anaesthesia"))
    rows = read_first_pairs(
        table("arrest", "", "each", more="first_step = 9\nlast_step = 9", key="late")
    )
    first, _ = answer_pairs(day, CATALOGUE, rows)
    assert (first.minutes, first.covered, first.worst) == (60, 60, 40)
    assert first.title == "Both (twin A)"


def test_a_pair_that_cannot_meet_has_no_worst_minute():
    early = [replace(one, last_step=5) for one in (BLEED_A, BLEED_B)]
    late = [replace(one, first_step=12) for one in (ARREST_A, ARREST_B)]
    first, _ = answer_pairs(theatre(), [*early, *late], read_first_pairs(table()))
    assert (first.minutes, first.worst, first.responders, first.gaps) == (0, None, (), ())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"twins": "both"}, "twins is 'both', expected same, other, each, pair"),
        ({"more": "first_step = 9\nlast_step = 3"}, "steps are 9 to 3"),
        ({"second": "", "twins": "other"}, "twins is 'other' without a second hazard"),
    ],
)
def test_rows_that_are_amiss_are_named(change, message):
    with pytest.raises(InputError, match=message):
        read_first_pairs(table(**change))


def test_hazards_and_steps_must_be_known():
    with pytest.raises(InputError, match="names hazard 'flood'"):
        name_pairs(read_first_pairs(table(second="flood")), CATALOGUE)
    narrow = read_first_pairs(table(more="first_step = 9\nlast_step = 9"))
    with pytest.raises(InputError, match="in which hazard bleed-A cannot happen"):
        name_pairs(narrow, [replace(one, last_step=8) for one in CATALOGUE])


def test_the_table_names_hazards_of_the_catalogue():
    day = theatre(person("ada", "anaesthesia"))
    rows = load_table("roles").rows.values()
    kit = load_table("equipment").rows
    procedure = replace(
        day.procedure,
        roles=tuple(Role(id=r.key, title=r.key, skills=r.texts("skills")) for r in rows),
        equipment=tuple(Equipment(id=key, title=key, count=1) for key in kit),
        zones=tuple(Zone(id=key, title=key, capacity=4) for key in load_table("zones").rows),
    )
    catalogue = read_hazards(load_table("hazards"), procedure)
    named = name_pairs(read_first_pairs(load_table("first-pairs")), catalogue)
    assert len({one.pair.key for one in named}) == 8
    assert len(named) == 15
    assert len({one.key for one in named}) == 15


def test_drills_are_ranked_by_risk_and_thinness():
    day = theatre(
        person("ada", "anaesthesia"),
        person("sue", "surgery"),
        person("tom", "scrub"),
        person("ann", "scrub"),
    )
    found = rank_drills(day, CATALOGUE, read_first_pairs(table()))
    top = found[0]
    assert top.hazards == ("bleed-A",)
    assert (top.risk, top.thinness) == (pytest.approx(1.2), 1.0)
    assert (top.minutes, top.gap_minutes, top.thin_minutes) == (100, 0, 100)
    assert [drill.score for drill in found] == sorted((d.score for d in found), reverse=True)
    pair = next(drill for drill in found if drill.hazards == ("bleed-A", "arrest-A"))
    assert (pair.gap_minutes, pair.risk) == (100, pytest.approx(0.4 * 0.1 * 3))
    assert pair.title == "Bleed-a and Arrest-a"
    assert found[-1].hazards == ("power",)
    assert found[-1].thinness == 0


def test_a_second_person_makes_a_drill_less_pressing():
    one = theatre(person("ada", "anaesthesia"), person("sue", "surgery"))
    two = theatre(
        person("ada", "anaesthesia"), person("bob", "anaesthesia"), person("sue", "surgery")
    )
    score = {d.hazards: d.score for d in rank_drills(one, CATALOGUE)}
    for drill in rank_drills(two, CATALOGUE):
        assert drill.score <= score[drill.hazards]


def test_the_mirrored_day_has_the_mirrored_drills():
    day, _ = random_day(5)
    other = {"A": "B", "B": "A"}
    plain = rank_drills(day, CATALOGUE, read_first_pairs(table()))
    turned = rank_drills(mirrored(day), CATALOGUE, read_first_pairs(table()))

    def figures(drills, swap):
        return {
            tuple(h[:-1] + other.get(h[-1], h[-1]) if swap else h for h in d.hazards): (
                d.minutes,
                d.gap_minutes,
                d.thin_minutes,
            )
            for d in drills
        }

    assert figures(plain, swap=True) == figures(turned, swap=False)
