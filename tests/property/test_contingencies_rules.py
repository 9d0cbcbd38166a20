"""Every rule of who and what can come, on random days, against a plain reading of the rules."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from contingency_days import (
    brute_force,
    by_minute,
    comers,
    mirrored,
    mirrored_hazards,
    ruled_day,
    smallest,
    spoken_gaps,
    strikes,
    things,
    told_gaps,
    uncovered_sets,
)

from diptych.contingencies import AnswerPolicy, prove_coverage
from diptych.contingencies.classes import Classes, sort_minutes
from diptych.model import Hazard, Schedule, Staff


@pytest.mark.parametrize("first", range(0, 240, 20))
@pytest.mark.parametrize("own_twin", [True, False])
def test_equals_brute_force_and_is_certified(first: int, own_twin: bool) -> None:
    rules = AnswerPolicy(those_at_the_twin_answer=own_twin)
    for seed in range(first, first + 20):
        schedule, hazards = ruled_day(seed)
        coverage = prove_coverage(schedule, hazards, policy=rules)
        answer = brute_force(schedule, hazards, own_twin=own_twin)
        assert {key: good for key, (good, _) in by_minute(coverage).items()} == answer
        assert coverage.certified


@pytest.mark.parametrize("first", range(0, 60, 10))
@pytest.mark.parametrize("own_twin", [True, False])
def test_each_place_of_each_class_is_reached_by_those_who_can_come(
    first: int, own_twin: bool
) -> None:
    for seed in range(first, first + 10):
        schedule, hazards = ruled_day(seed)
        classes = sort_minutes(schedule, hazards, AnswerPolicy(those_at_the_twin_answer=own_twin))
        for h, trouble in enumerate(hazards):
            alive = strikes(schedule, trouble)
            for k, start in enumerate(classes.stretch[:-1].tolist()):
                assert classes.alive[classes.of[k], h] == (start in alive)
                if start in alive:
                    found = reached(classes, k, h)
                    assert found == expected(schedule, trouble, start, own_twin=own_twin)


def reached(classes: Classes, k: int, h: int) -> list[list[str]]:
    """Names that can fill each place of the hazard in the stretch; pieces without number."""
    rows = classes.masks[classes.of[k], classes.first[h] : classes.first[h + 1]]
    names = [
        sorted(
            name for bit, name in enumerate(classes.names) if int(row[bit // 64]) >> bit % 64 & 1
        )
        for row in rows
    ]
    return [sorted(name.rpartition(" ")[0] or name for name in row) for row in names]


def expected(
    schedule: Schedule, trouble: Hazard, minute: int, *, own_twin: bool
) -> list[list[str]]:
    rows = []
    people = comers(schedule, trouble, minute, own_twin=own_twin)
    for demand, who in zip(trouble.response.demands, people, strict=True):
        rows += [sorted(who)] * demand.count
    free, needed = things(schedule, trouble, minute, own_twin=own_twin)
    for kind in free:
        rows += [[kind] * max(free[kind], 0)] * needed.get(kind, 0)
    return rows


@pytest.mark.parametrize("seed", range(25))
def test_mirror_of_the_rules(seed: int) -> None:
    schedule, hazards = ruled_day(seed)
    one = prove_coverage(schedule, hazards)
    other = prove_coverage(mirrored(schedule), mirrored_hazards(hazards))
    assert other.cells == one.cells
    assert [replace(gap, missing="", message="") for gap in other.gaps] == [
        replace(gap, missing="", message="") for gap in one.gaps
    ]
    assert [swap(gap.missing) for gap in other.gaps] == [gap.missing for gap in one.gaps]


def swap(words: str) -> str:
    """The field of the other twin."""
    return re.sub("field .([AB])", lambda hit: "field (" + "BA"["AB".index(hit[1])], words)


MORE = {
    "a shorter way": lambda p: replace(p, staff=tuple(nearer(who) for who in p.staff)),
    "nobody absent": lambda p: replace(
        p, staff=tuple(replace(who, absences=()) for who in p.staff)
    ),
    "a higher grade": lambda p: replace(
        p, staff=tuple(replace(who, grade=who.grade + 1) for who in p.staff)
    ),
    "patient tasks": lambda p: replace(
        p, tasks=tuple(replace(one, may_wait=None, keeps=()) for one in p.tasks)
    ),
    "more pieces": lambda p: replace(
        p, equipment=tuple(replace(kit, count=kit.count + 1) for kit in p.equipment)
    ),
    "a delivery": lambda p: replace(
        p,
        equipment=tuple(
            kit if kit.renewable else replace(kit, restock=((20, 1), *kit.restock))
            for kit in p.equipment
        ),
    ),
    "more room": lambda p: replace(
        p, zones=tuple(replace(zone, capacity=zone.capacity + 1) for zone in p.zones)
    ),
}


def nearer(who: Staff) -> Staff:
    return replace(who, on_call=tuple((begin, end, way // 2) for begin, end, way in who.on_call))


@pytest.mark.parametrize("kind", sorted(MORE))
def test_more_of_anything_never_opens_a_gap(kind: str) -> None:
    gained = 0
    for seed in range(25):
        schedule, hazards = ruled_day(seed)
        before = by_minute(prove_coverage(schedule, hazards))
        richer = replace(schedule, procedure=MORE[kind](schedule.procedure))
        after = by_minute(prove_coverage(richer, hazards))
        assert all(after[key][0] >= good for key, (good, _) in before.items())
        gained += sum(after[key][0] > good for key, (good, _) in before.items())
    assert gained


def test_the_random_days_have_gaps_and_covers() -> None:
    seen: Counter[bool] = Counter()
    for seed in range(40):
        seen.update(good for good, _ in by_minute(prove_coverage(*ruled_day(seed))).values())
    assert min(seen[True], seen[False]) > 0.15 * seen.total()


@pytest.mark.parametrize("seed", range(0, 60, 4))
def test_sets_of_hazards_under_all_rules_equal_brute_force(seed: int) -> None:
    for number in range(seed, seed + 4):
        schedule, hazards = ruled_day(number)
        bare, total = uncovered_sets(schedule, hazards, 3)
        proof = prove_coverage(schedule, hazards, order=3).sets
        assert proof is not None
        assert proof.certified
        assert told_gaps(proof, hazards) == smallest(bare)
        assert spoken_gaps(proof) == {one for one in smallest(bare) if len(one[1]) > 1}
        assert sum(count.combinations for count in proof.counts) == total
        assert sum(count.covered for count in proof.counts) == total - len(bare)


def test_the_field_is_told_in_the_gaps_of_sets() -> None:
    words = {
        gap.missing
        for seed in range(30)
        for gap in prove_coverage(*ruled_day(seed), order=2).sets.gaps
    }
    assert any("places at the sterile field; room for" in text for text in words)
