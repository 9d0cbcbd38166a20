"""Several hazards at once on any day: truth, certificate, monotony, mirror."""

from dataclasses import replace
from itertools import combinations

import pytest
from contingency_days import (
    SKILLS,
    crowded_day,
    mirrored,
    mirrored_hazards,
    pairs_in_turn,
    person,
    smallest,
    spoken_gaps,
    told_gaps,
    uncovered_sets,
)

from diptych.contingencies import AnswerPolicy, check_sets, prove_sets
from diptych.model import TOLD, Hazard, Minute, Procedure, Schedule, SetProof

FAST, ALL = 20, 560
Bare = set[tuple[int, frozenset[str]]]


def any_day(seed: int) -> tuple[Schedule, list[Hazard]]:
    return crowded_day(seed, people=7 + seed % 4, troubles=4 + seed % 3)


def with_procedure(schedule: Schedule, **fields: object) -> Schedule:
    procedure: Procedure = replace(schedule.procedure, **fields)
    return replace(schedule, procedure=procedure)


def bare_sets(proof: SetProof, hazards: list[Hazard]) -> Bare:
    """(minute, set) of every set that can strike and holds a gap, out of the certificate."""
    paper, gaps = proof.certificate, told_gaps(proof, hazards)
    at: dict[int, list[frozenset[str]]] = {}
    for minute, gap in gaps:
        at.setdefault(minute, []).append(gap)
    found = set()
    marks = paper.stretch.tolist()
    for number, start, end in zip(paper.of, marks, marks[1:], strict=False):
        names = [str(h.id) for h, alive in zip(hazards, paper.alive[number], strict=True) if alive]
        for minute in range(start, end):
            for size in range(1, proof.order + 1):
                sets = (frozenset(few) for few in combinations(names, size))
                found |= {(minute, s) for s in sets if any(gap <= s for gap in at.get(minute, ()))}
    return found


def check_day(seed: int) -> None:
    """Gaps, covers and counts of a day are those that trying everything finds."""
    schedule, hazards = any_day(seed)
    own_twin, order = bool(seed % 2), 4 if seed % 5 == 0 else 3
    rules = AnswerPolicy(those_at_the_twin_answer=own_twin)
    proof = prove_sets(schedule, hazards, order, rules)
    bare, total = uncovered_sets(schedule, hazards, order, own_twin=own_twin)
    assert check_sets(schedule, hazards, proof, policy=rules) == ()
    assert proof.certified
    assert bare_sets(proof, hazards) == bare
    gaps = smallest(bare)
    assert told_gaps(proof, hazards) == gaps
    assert spoken_gaps(proof) == {gap for gap in gaps if 1 < len(gap[1]) <= TOLD}
    assert sum(count.combinations for count in proof.counts) == total
    assert proof.counts[1].turned == pairs_in_turn(schedule, hazards, proof, own_twin=own_twin)
    for count in proof.counts:
        here = [chosen for _, chosen in bare if len(chosen) == count.order]
        assert count.combinations - count.covered == len(here)
        assert count.gaps == sum(len(chosen) == count.order for _, chosen in gaps)


@pytest.mark.parametrize("first", range(0, FAST, 10))
def test_equals_brute_force_and_is_certified(first: int) -> None:
    for seed in range(first, first + 10):
        check_day(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FAST, ALL, 60))
def test_equals_brute_force_on_hundreds_of_days(first: int) -> None:
    for seed in range(first, first + 60):
        check_day(seed)


@pytest.mark.parametrize("seed", range(6))
def test_without_a_person_it_breaks_exactly_where_brute_force_says(seed: int) -> None:
    schedule, hazards = any_day(seed)
    proof = prove_sets(schedule, hazards, 3)
    before = bare_sets(proof, hazards)
    for left_out in [who.id for who in schedule.procedure.staff][::3]:
        fewer = with_procedure(
            schedule,
            staff=tuple(who for who in schedule.procedure.staff if who.id != left_out),
        )
        rows = tuple(
            replace(entry, staff=tuple(duty for duty in entry.staff if duty[0] != left_out))
            for entry in schedule.assignments
        )
        day = replace(fewer, assignments=rows)
        truth, _ = uncovered_sets(day, hazards, 3)
        again = prove_sets(day, hazards, 3)
        assert again.certified
        assert before <= truth
        assert bare_sets(again, hazards) - before == truth - before
        assert check_sets(day, hazards, proof)


@pytest.mark.parametrize("seed", range(8))
def test_more_people_kit_or_hours_never_open_a_gap(seed: int) -> None:
    schedule, hazards = any_day(seed)
    before = bare_sets(prove_sets(schedule, hazards, 3), hazards)
    staff, kit = schedule.procedure.staff, schedule.procedure.equipment
    longer = replace(staff[0], start=Minute(staff[0].start - 9), end=Minute(staff[0].end + 9))
    more = replace(kit[seed % 2], count=kit[seed % 2].count + 1)
    richer = (
        {"staff": (*staff, person("extra", SKILLS[seed % 3], hours=(10, 60)))},
        {"staff": (longer, *staff[1:])},
        {"equipment": tuple(more if one.id == more.id else one for one in kit)},
    )
    for fields in richer:
        proof = prove_sets(with_procedure(schedule, **fields), hazards, 3)
        assert proof.certified
        assert bare_sets(proof, hazards) <= before


@pytest.mark.parametrize("seed", range(8))
def test_one_more_hazard_never_closes_a_gap(seed: int) -> None:
    schedule, hazards = any_day(seed)
    few = prove_sets(schedule, hazards[:-1], 3)
    all_of_them = prove_sets(schedule, hazards, 3)
    assert told_gaps(few, hazards[:-1]) <= told_gaps(all_of_them, hazards)
    extra = {gap for gap in told_gaps(all_of_them, hazards) if hazards[-1].id not in gap[1]}
    assert extra == told_gaps(few, hazards[:-1])


@pytest.mark.parametrize("seed", range(8))
def test_swapping_the_twins_swaps_the_proof(seed: int) -> None:
    schedule, hazards = any_day(seed)
    here = prove_sets(schedule, hazards, 3)
    there = prove_sets(mirrored(schedule), mirrored_hazards(hazards), 3)
    assert there.gaps == here.gaps
    assert there.counts == here.counts


@pytest.mark.parametrize("seed", range(5))
def test_the_same_twice_is_the_same_to_the_last_byte(seed: int) -> None:
    schedule, hazards = any_day(seed)
    one, two = (prove_sets(schedule, hazards, 4).certificate for _ in range(2))
    assert one.names == two.names
    for field in ("stretch", "of", "alive", "first", "singles", "pairs", "listed", "gaps", "short"):
        assert getattr(one, field).tobytes() == getattr(two, field).tobytes()
