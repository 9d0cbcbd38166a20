"""Mendings of one gap: each closes it by a fresh proof, and none is larger than need be."""

from dataclasses import replace
from itertools import combinations_with_replacement

import pytest
from contingency_days import hazard, mirrored, mirrored_hazards, person, plan, random_day, task
from reserve_days import RULES, uncovered, with_kit, with_roles, with_staff

from diptych.contingencies import AnswerPolicy, prove_coverage
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.mending import clip, find_short, mend_gap
from diptych.contingencies.sets import search_sets
from diptych.model import Gap, InputError, Minute, SetGap, StaffId

ARREST = hazard("arrest", (1, "anaesthesia", 1))
BLEED = hazard("bleed", (1, "anaesthesia", 1), severity=3)
BOTH = [ARREST, BLEED]


def theatre(*people, rows=(), kit=None):
    every = [*rows, (task("work", 5, priority=3), 0, 100, "")]
    return with_roles(plan(every, list(people), kit=kit))


def gap_of(schedule, hazards, order=2):
    proof = search_sets(
        sort_minutes(schedule, hazards, AnswerPolicy()), schedule, hazards, order, turns=False
    )
    return proof.gaps


def words(mendings):
    return [mending.words for mending in mendings]


def test_one_more_person_in_words_and_in_the_plan():
    day = theatre(person("ada", "anaesthesia"))
    (gap,) = gap_of(day, BOTH)
    found = mend_gap(day, BOTH, gap, policy=RULES)
    assert words(found) == ["one more gas from 07:00 to 08:40", "one more pair from 07:00 to 08:40"]
    assert [mending.cost for mending in found] == [340, 340]
    assert all(mending.size == gap.lacking == 1 for mending in found)
    for mending in found:
        assert gap_of(mending.applied, BOTH) == ()
        assert mending.applied.assignments == day.assignments


def test_a_piece_of_kit():
    pump = hazard("pumped", (1, "anaesthesia", 1), kit={"blood-pump": 2})
    day = theatre(person("ada", "anaesthesia"), kit={"blood-pump": 1})
    (gap,) = prove_coverage(day, [pump]).gaps
    (found,) = mend_gap(day, [pump], gap, policy=RULES)
    assert found.words == "one more blood pump"
    assert found.cost == 180
    assert prove_coverage(found.applied, [pump]).gaps == ()


def test_a_person_is_kept_longer_or_called_earlier():
    day = theatre(
        person("ada", "anaesthesia", hours=(0, 60)), person("bob", "anaesthesia", hours=(80, 200))
    )
    (gap,) = prove_coverage(day, [ARREST]).gaps
    found = mend_gap(day, [ARREST], gap, policy=replace(RULES, own_people=True))
    assert words(found)[:2] == [
        "call Bob 20 min earlier, at 08:00",
        "keep Ada 20 min longer, until 08:20",
    ]
    assert [mending.cost for mending in found] == [20, 20, 260, 260]
    assert all(prove_coverage(mending.applied, [ARREST]).gaps == () for mending in found)


def test_nobody_is_kept_beyond_the_longest_time():
    day = theatre(person("ada", "anaesthesia", hours=(0, 60)))
    (gap,) = prove_coverage(day, [ARREST]).gaps
    rules = replace(RULES, own_people=True, longest_watch=Minute(70))
    found = mend_gap(day, [ARREST], gap, policy=rules)
    assert words(found) == ["one more gas from 08:00 to 08:40", "one more pair from 08:00 to 08:40"]


def test_two_are_needed_where_two_lack_and_each_only_as_long_as_they_lack():
    rows = [(task("busy", 5, priority=3), 40, 100, "ada")]
    day = theatre(person("ada", "anaesthesia"), rows=rows)
    gap = SetGap(
        hazards=(ARREST.id, BLEED.id), spans=((0, 100),), missing="two", lacking=2, free=()
    )
    other = replace(ARREST, subject="TEAM"), replace(BLEED, subject="TEAM")
    found = mend_gap(day, other, gap, policy=RULES)
    assert {mending.size for mending in found} == {2}
    assert found[0].words == "one more gas from 07:00 to 08:40; one more gas from 07:40 to 08:39"
    assert all(find_short(mending.applied, other, AnswerPolicy()) == () for mending in found)


def test_parts_further_apart_than_a_watch_are_mended_each():
    rules = replace(RULES, longest_watch=Minute(30))
    day = theatre()
    (gap,) = prove_coverage(day, [ARREST]).gaps
    (found,) = mend_gap(day, [ARREST], gap, policy=rules)
    assert found.size == 4
    assert all(who.end - who.start <= 30 for who in found.applied.procedure.staff)
    assert prove_coverage(found.applied, [ARREST]).gaps == ()


def held_day():
    """Ada is held by one task from 20 to 60, when Bob comes."""
    rows = [(task("stitch", 5, priority=3, subject="TEAM"), 20, 60, "ada")]
    return theatre(
        person("ada", "anaesthesia"), person("bob", "anaesthesia", hours=(60, 200)), rows=rows
    )


def test_a_task_is_held_until_the_relief_is_back():
    day = held_day()
    gap = prove_coverage(day, [ARREST]).gaps[0]
    assert (gap.start, gap.end) == (20, 59)
    found = mend_gap(day, [ARREST], gap, policy=RULES, violations=lambda _: ())
    held = [mending for mending in found if mending.kind == "task"]
    assert words(held) == ['hold "stitch" by 40 min, until 08:00']
    assert held[0].cost == 30 + 40
    assert prove_coverage(held[0].applied, [ARREST]).gaps == ()
    assert held[0].applied.assignment("stitch").end == 100


def test_no_task_moves_against_the_rules_or_without_them():
    day = held_day()
    gap = prove_coverage(day, [ARREST]).gaps[0]
    kinds = {m.kind for m in mend_gap(day, [ARREST], gap, policy=RULES)}
    assert kinds == {"reserve"}
    against = mend_gap(day, [ARREST], gap, policy=RULES, violations=lambda _: ["no"])
    assert {m.kind for m in against} == {"reserve"}


def test_a_task_does_not_move_where_that_opens_another_gap():
    day = held_day()
    alone = replace(day.procedure, staff=day.procedure.staff[:1])
    day = replace(day, procedure=alone)
    gap = prove_coverage(day, [ARREST]).gaps[0]
    hold = mend_gap(day, [ARREST], gap, policy=RULES, violations=lambda _: ())
    assert {m.kind for m in hold} == {"reserve"}


def test_unknown_hazards_are_refused():
    gap = Gap(hazards=("flood",), start=0, end=5, missing="all", message="all")
    with pytest.raises(InputError, match="the gap is about flood"):
        mend_gap(theatre(), [ARREST], gap, policy=RULES)


def test_nothing_closes_what_no_role_can_do():
    magic = hazard("magic", (1, "sorcery", 1))
    (gap,) = prove_coverage(theatre(), [magic]).gaps
    assert mend_gap(theatre(), [magic], gap, policy=RULES) == ()


def least(day, chosen, spans, most):
    """The fewest whole-day people and pumps that close the spans, by trying every choice."""
    for size in range(most + 1):
        for pumps in range(size + 1):
            for crew in combinations_with_replacement(day.procedure.roles, size - pumps):
                staff = [
                    person(f"x{n}", *role.skills, hours=(-10, 5000)) for n, role in enumerate(crew)
                ]
                tried = with_staff(with_kit(day, pump=pumps), *staff)
                every = tuple(range(len(chosen)))
                bad = tuple((a, b) for c, a, b in uncovered(tried, chosen, 4) if c == every)
                if not clip(bad, spans):
                    return size
    return None


@pytest.mark.parametrize("seed", range(6))
def test_each_closes_its_gap_and_is_as_small_as_brute_force(seed):
    day, hazards = random_day(seed + 64, people=6, tasks=5)
    day = with_roles(with_kit(day, pump=3))
    for gap in gap_of(day, hazards)[:4]:
        chosen = [one for one in hazards if one.id in gap.hazards]
        found = mend_gap(day, hazards, gap, policy=RULES)
        assert found
        for mending in found:
            assert clip(find_short(mending.applied, chosen, AnswerPolicy()), gap.spans) == ()
            assert mending.size >= gap.lacking
        if found[0].size <= 3:
            assert {m.size for m in found} == {least(day, chosen, gap.spans, 3)}


@pytest.mark.parametrize("seed", range(4))
def test_own_people_close_their_gaps_too(seed):
    day, hazards = random_day(seed + 80, people=6, tasks=5)
    day = with_roles(with_kit(day, pump=3))
    for gap in gap_of(day, hazards)[:4]:
        found = mend_gap(day, hazards, gap, policy=replace(RULES, own_people=True))
        alone = mend_gap(day, hazards, gap, policy=RULES)
        assert found[0].size <= alone[0].size
        assert set(words(alone)) <= set(words(found)) or found[0].size < alone[0].size


def test_the_mirrored_gap_has_the_same_mendings():
    day, hazards = random_day(68, people=6, tasks=5)
    day = with_roles(with_kit(day, pump=3))
    turned, others = mirrored(day), mirrored_hazards(hazards)
    pairs = list(zip(gap_of(day, hazards), gap_of(turned, others), strict=True))
    assert pairs
    for one, two in pairs[:3]:
        assert words(mend_gap(day, hazards, one, policy=RULES)) == words(
            mend_gap(turned, others, two, policy=RULES)
        )


def test_a_second_person_of_a_role_gets_a_second_name():
    gap = SetGap(hazards=(ARREST.id, BLEED.id), spans=((0, 100),), missing="", lacking=2, free=())
    found = mend_gap(theatre(), BOTH, gap, policy=RULES)
    assert found[0].words == "2 more: gas from 07:00 to 08:40"
    assert [who.id for who in found[0].applied.procedure.staff] == [
        StaffId("standby-1"),
        StaffId("standby-2"),
    ]
