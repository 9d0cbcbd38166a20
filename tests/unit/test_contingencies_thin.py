"""Thin spots and pillars: exactly those without whom a day proved anew has less cover."""

from dataclasses import replace

import numpy as np
import pytest
from contingency_days import hazard, mirrored, mirrored_hazards, person, plan, random_day, task
from reserve_days import with_kit, with_staff

from diptych.contingencies import AnswerPolicy, prove_coverage
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.sets import search_sets
from diptych.contingencies.thin import find_pillars, find_thin
from diptych.model import InputError


def without(day, who):
    """The day on which that person answers nothing, their tasks as they are."""
    staff = tuple(replace(one, skills=()) if one.id == who else one for one in day.procedure.staff)
    return replace(day, procedure=replace(day.procedure, staff=staff))


def covered(day, hazards, order):
    classes = sort_minutes(day, hazards, AnswerPolicy())
    proof = search_sets(classes, day, hazards, max(order, 2), turns=False)
    return [count.covered for count in proof.counts][:order]


def test_the_only_anaesthetist_is_a_thin_spot():
    day = plan(
        [(task("work", 5), 0, 100, "")],
        [person("ada", "anaesthesia"), person("bob", "anaesthesia", hours=(30, 60))],
    )
    (spot,) = find_thin(day, [hazard("arrest", (1, "anaesthesia", 1))])
    assert (spot.hazard, spot.only) == ("arrest", ("ada",))
    assert spot.spans == ((0, 30), (60, 100))
    assert spot.minutes == 70


def test_kit_can_be_thin_too():
    day = plan([(task("work", 5), 0, 100, "")], [person("ada", "scrub")] * 1, kit={"pump": 1})
    (spot,) = find_thin(day, [hazard("leak", (1, "scrub", 1), kit={"pump": 1})])
    assert spot.only == ("ada", "pump 1")


@pytest.mark.parametrize("seed", range(6))
def test_thin_is_where_no_depth_is_left(seed):
    day, hazards = random_day(seed)
    hazards = [replace(one, response=replace(one.response, equipment={})) for one in hazards]
    thin = {
        (spot.hazard, minute)
        for spot in find_thin(day, hazards)
        for start, end in spot.spans
        for minute in range(start, end)
    }
    proof = prove_coverage(day, hazards)
    assert thin == {
        (cell.hazard, minute)
        for cell in proof.cells
        if cell.covered and cell.depth == 0
        for minute in range(cell.start, cell.end)
    }


@pytest.mark.parametrize("seed", range(5))
def test_a_pillar_carries_what_falls_without_it(seed):
    day, hazards = random_day(seed + 30, people=9)
    day = with_kit(day, pump=3)
    found = {pillar.who: pillar for pillar in find_pillars(day, hazards, order=3)}
    whole = covered(day, hazards, 3)
    for who in day.procedure.staff:
        fallen = covered(without(day, who.id), hazards, 3)
        loss = [a - b for a, b in zip(whole, fallen, strict=True)]
        assert loss == (list(found[who.id].lost) if who.id in found else [0, 0, 0])
    fallen = covered(with_kit(day, pump=-1), hazards, 3)
    last = f"pump {day.procedure.equipment[0].count}"
    loss = [a - b for a, b in zip(whole, fallen, strict=True)]
    assert loss == (list(found[last].lost) if last in found else [0, 0, 0])


def test_the_last_piece_of_a_kind_is_a_pillar():
    leak = hazard("leak", (1, "scrub", 1), kit={"pump": 1})
    people = [person("ada", "scrub"), person("bob", "scrub")]
    rows = [(task("work", 5), 0, 100, "")]
    (pillar,) = find_pillars(plan(rows, people, kit={"pump": 1}), [leak], order=1)
    assert (pillar.who, pillar.lost, pillar.hazards) == ("pump 1", (100,), (("leak", 100),))
    assert find_pillars(plan(rows, people, kit={"pump": 2}), [leak], order=1) == ()


def test_pillars_name_the_hazards_and_come_heaviest_first():
    day, hazards = random_day(31, people=9)
    found = find_pillars(day, hazards, order=2)
    assert found
    assert [p.lost[1] for p in found] == sorted((p.lost[1] for p in found), reverse=True)
    for pillar in found:
        assert sum(minutes for _, minutes in pillar.hazards) == pillar.lost[0]
        assert sum(minutes for _, minutes in pillar.together) == 2 * pillar.lost[1]


def test_one_more_person_makes_nothing_thinner():
    day, hazards = random_day(33, people=9)
    more = with_staff(day, person("zoe", "anaesthesia", "surgery", "scrub", hours=(0, 5000)))
    before = {p.who: p.lost[0] for p in find_pillars(day, hazards, order=1)}
    after = {p.who: p.lost[0] for p in find_pillars(more, hazards, order=1)}
    thinner = {who for who in after if who != "zoe" and after[who] > before.get(who, 0)}
    once_open = covered(more, hazards, 1)[0] - covered(day, hazards, 1)[0]
    assert not thinner or once_open > 0


def test_the_mirrored_day_rests_on_the_same_people():
    day, hazards = random_day(34, people=9)
    turned, others = mirrored(day), mirrored_hazards(hazards)
    assert find_pillars(day, hazards, order=2) == find_pillars(turned, others, order=2)
    assert find_thin(day, hazards) == find_thin(turned, others)


def test_an_order_of_four_is_refused():
    day, hazards = random_day(1)
    with pytest.raises(InputError, match="order is 4, expected 1 to 3"):
        find_pillars(day, hazards, order=4)


def test_people_who_answer_nothing_are_no_pillars():
    day = plan([(task("work", 5), 0, 10, "")], [person("ada", "scrub")])
    assert find_pillars(day, [hazard("arrest", (1, "anaesthesia", 1))], order=2) == ()
    assert np.array_equal(covered(day, [hazard("arrest", (1, "anaesthesia", 1))], 1), [0])
