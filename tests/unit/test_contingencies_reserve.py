"""The smallest reserve: by hand, against every choice on small days, monotone and mirrored."""

from dataclasses import replace
from itertools import combinations_with_replacement

import pytest
from contingency_days import hazard, mirrored, mirrored_hazards, person, plan, random_day, task
from reserve_days import RULES, uncovered, with_kit, with_roles, with_staff

from diptych.contingencies import AnswerPolicy
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.reserve import apply_reserve, design_reserve
from diptych.contingencies.reserve_policy import read_reserve_policy
from diptych.contingencies.sets import search_sets
from diptych.model import InputError, Minute, StaffId
from diptych.tables import load_table

ARREST = hazard("arrest", (1, "anaesthesia", 1))
BLEED = hazard("bleed", (1, "anaesthesia", 1))


def theatre(*people, length=100, kit=None):
    """One long task on which nobody is held, and who else is there."""
    return plan([(task("work", 5, priority=3), 0, length, "")], list(people), kit=kit)


def seconds(schedule):
    """People of the two small roles, for brute force."""
    return [
        person(f"extra-{role.id}", *role.skills, hours=(-10, 5000))
        for role in schedule.procedure.roles
    ]


def least(schedule, hazards, order, most=5):
    """The fewest whole-day people and pumps by trying every choice."""
    for size in range(most + 1):
        for pumps in range(size + 1):
            for crew in combinations_with_replacement(seconds(schedule), size - pumps):
                staff = [replace(who, id=StaffId(f"{who.id}-{n}")) for n, who in enumerate(crew)]
                tried = with_staff(with_kit(schedule, pump=pumps), *staff)
                if not any(uncovered(tried, hazards, order)):
                    return size
    return None


def test_one_more_person_for_two_hazards_at_once():
    day = with_roles(theatre(person("ada", "anaesthesia")))
    found = design_reserve(day, [ARREST, BLEED], order=2, policy=RULES)
    (watch,) = found.watches
    assert (watch.role, watch.start, watch.end, watch.count) == ("gas", 0, 100, 1)
    assert (found.size, found.least, found.minutes, found.least_minutes) == (1, 1, 100, 100)
    assert found.proven and not found.beyond and not found.open
    assert [count.covered for count in found.before] == [200, 0]
    assert [count.covered for count in found.after] == [200, 100]


def test_nothing_is_added_where_nothing_is_missing():
    found = design_reserve(
        with_roles(theatre(person("ada", "anaesthesia"))), [ARREST], order=1, policy=RULES
    )
    assert found.size == 0
    assert found.minutes == 0
    assert found.proven


def test_a_watch_has_its_longest_time():
    rules = replace(RULES, longest_watch=Minute(60), mark_every=Minute(20))
    found = design_reserve(with_roles(theatre()), [ARREST], order=1, policy=rules)
    assert found.size == found.least == 2
    assert found.minutes == found.least_minutes == 100
    assert all(watch.end - watch.start <= 60 for watch in found.watches)


def test_own_people_are_asked_before_anybody_is_added():
    day = with_roles(theatre(person("ada", "anaesthesia", hours=(0, 40))))
    own = design_reserve(day, [ARREST], order=1, policy=replace(RULES, own_people=True))
    assert own.size == 0
    (row,) = own.longer
    assert (row.staff, row.new_start, row.new_end, row.minutes) == ("ada", 0, 100, 60)
    strangers = design_reserve(day, [ARREST], order=1, policy=RULES)
    assert strangers.size == 1
    assert strangers.watches[0].start == 40


def test_nobody_is_kept_longer_twice():
    steps = [("one", 5, 0, 40), ("two", 9, 40, 60), ("three", 12, 60, 100)]
    rows = [(task(id, step), start, end, "") for id, step, start, end in steps]
    day = with_roles(plan(rows, [person("ada", "anaesthesia", hours=(0, 40))]))
    bleed = replace(BLEED, first_step=9, last_step=9)
    rules = replace(RULES, own_people=True)
    found = design_reserve(day, [ARREST, bleed], order=2, policy=rules)
    assert found.open == ()
    assert len(found.longer) == 1
    assert (found.size, found.minutes, found.proven) == (1, 80, True)


def test_who_is_at_a_task_outside_their_hours_is_no_help():
    rows = [(task("late", 5, priority=3, subject="TEAM"), 40, 100, "ada")]
    day = with_roles(plan(rows, [person("ada", "anaesthesia", hours=(0, 40))]))
    found = design_reserve(day, [ARREST], order=1, policy=replace(RULES, own_people=True))
    assert (found.longer, found.size, found.proven) == ((), 1, True)


def test_longer_hours_end_at_the_span_that_is_allowed():
    rules = replace(RULES, own_people=True, longest_watch=Minute(60))
    day = with_roles(theatre(person("ada", "anaesthesia", hours=(0, 40))))
    found = design_reserve(day, [ARREST], order=1, policy=rules)
    assert found.size == 1
    assert all(row.new_end <= 60 for row in found.longer)


def test_kit_is_added_where_kit_is_missing():
    pump = hazard("pumped", (1, "anaesthesia", 1), kit={"pump": 2})
    day = with_roles(theatre(person("ada", "anaesthesia"), kit={"pump": 1}))
    found = design_reserve(day, [pump], order=1, policy=RULES)
    assert [(row.kind, row.count) for row in found.kit] == [("pump", 1)]
    assert found.watches == ()


def test_what_no_role_can_do_is_named():
    magic = hazard("magic", (1, "sorcery", 1))
    found = design_reserve(with_roles(theatre()), [magic, ARREST], order=2, policy=RULES)
    assert [gap.hazards for gap in found.beyond] == [("magic",)]
    assert "sorcery" in found.beyond[0].missing
    assert found.size == 1
    assert found.proven


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_as_small_as_brute_force_and_no_gap_left(seed, order):
    day, hazards = random_day(seed, people=5, tasks=5)
    day = with_roles(with_kit(day, pump=3))
    found = design_reserve(day, hazards[:3], order=order, policy=RULES)
    assert found.proven
    assert found.beyond == ()
    assert not any(uncovered(apply_reserve(day, found), hazards[:3], order))
    if found.size <= 4:
        assert found.size == least(day, hazards[:3], order)
    else:
        assert least(day, hazards[:3], order, most=2) is None


@pytest.mark.parametrize("seed", range(4))
def test_three_at_once_leave_no_gap(seed):
    day, hazards = random_day(seed + 40)
    day = with_roles(with_kit(day, pump=3))
    found = design_reserve(day, hazards, order=3, policy=RULES)
    assert found.proven
    assert not any(uncovered(apply_reserve(day, found), hazards, 3))
    assert all(count.covered == count.combinations for count in found.after)


def test_the_mirrored_day_has_the_same_reserve():
    day, hazards = random_day(11)
    day = with_roles(with_kit(day, pump=3))
    found = design_reserve(day, hazards, order=2, policy=RULES)
    turned = design_reserve(mirrored(day), mirrored_hazards(hazards), order=2, policy=RULES)
    assert found.watches
    assert (found.watches, found.longer, found.kit) == (turned.watches, turned.longer, turned.kit)


@pytest.mark.parametrize("seed", range(4))
def test_one_more_person_never_asks_for_a_larger_reserve(seed):
    day, hazards = random_day(seed + 20)
    day = with_roles(with_kit(day, pump=3))
    more = with_staff(day, person("zoe", "anaesthesia", "surgery", hours=(0, 5000)))
    small = design_reserve(more, hazards, order=2, policy=RULES)
    assert small.size <= design_reserve(day, hazards, order=2, policy=RULES).size


def test_the_same_question_has_the_same_reserve():
    day, hazards = random_day(3)
    day = with_roles(with_kit(day, pump=3))
    found = design_reserve(day, hazards, order=2, policy=RULES)
    assert found == design_reserve(day, hazards, order=2, policy=RULES)
    assert found.least == found.size
    assert found.least_minutes == found.minutes


def test_standby_people_get_names_of_their_own():
    day = with_roles(theatre(person("standby-1", "surgery")))
    found = design_reserve(day, [ARREST], order=1, policy=RULES)
    applied = apply_reserve(day, found)
    assert [who.id for who in applied.procedure.staff] == ["standby-1", "standby-2"]
    assert applied.procedure.staff[1].grade == 4
    assert applied.assignments == day.assignments
    assert not applied.checked


def test_the_proof_itself_finds_no_gap():
    day, hazards = random_day(7)
    day = with_roles(with_kit(day, pump=3))
    found = design_reserve(day, hazards, order=3, policy=RULES)
    plan_ = apply_reserve(day, found)
    proof = search_sets(sort_minutes(plan_, hazards, AnswerPolicy()), plan_, hazards, 3, turns=True)
    assert proof.gaps == ()
    assert len(proof.certificate.gaps) == 0


def test_an_order_of_five_is_refused():
    with pytest.raises(InputError, match="order is 5, expected 1 to 4"):
        design_reserve(theatre(), [ARREST], order=5, policy=RULES)


def test_the_rules_come_from_the_table():
    rules = read_reserve_policy(load_table("reserve"))
    assert rules.longest_watch == 720
    assert rules.mark_every == 60
    row = '[[row]]\nkey = "longest-watch"\nvalue = 480\nsource = "our house"\n'
    assert read_reserve_policy(load_table("reserve", row)).longest_watch == 480
