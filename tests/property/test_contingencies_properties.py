"""What must hold on any day: truth, certificate, monotony, mirror."""

from dataclasses import replace

import numpy as np
import pytest
from contingency_days import (
    SKILLS,
    brute_force,
    by_minute,
    hazard,
    mirrored,
    mirrored_hazards,
    person,
    plan,
    random_day,
    task,
)

from diptych.contingencies import AnswerPolicy, check_certificate, prove_coverage, simulate
from diptych.kernels.bitcover import hall_slack, match_people
from diptych.model import Coverage, Minute, Schedule, Staff, Subject
from diptych.tables import load_table

TABLES = {"rehearsal": load_table("rehearsal")}


def covered(coverage: Coverage) -> set[tuple[str, int]]:
    return {key for key, (good, _) in by_minute(coverage).items() if good}


def with_staff(schedule: Schedule, staff: list[Staff]) -> Schedule:
    return replace(schedule, procedure=replace(schedule.procedure, staff=tuple(staff)))


@pytest.mark.parametrize("first", range(0, 200, 20))
@pytest.mark.parametrize("own_twin", [True, False])
def test_equals_brute_force_and_is_certified(first: int, own_twin: bool) -> None:
    rules = AnswerPolicy(those_at_the_twin_answer=own_twin)
    for seed in range(first, first + 20):
        schedule, hazards = random_day(seed)
        coverage = prove_coverage(schedule, hazards, policy=rules)
        answer = brute_force(schedule, hazards, own_twin=own_twin)
        assert {key: good for key, (good, _) in by_minute(coverage).items()} == answer
        assert check_certificate(schedule, hazards, coverage, policy=rules) == ()
        assert coverage.certified
        assert coverage.minutes == len(answer)
        assert coverage.covered_minutes == sum(answer.values())


@pytest.mark.parametrize("seed", range(25))
def test_one_more_nurse_never_lowers_coverage(seed: int) -> None:
    schedule, hazards = random_day(seed)
    before = by_minute(prove_coverage(schedule, hazards))
    skill = SKILLS[seed % 3]
    staff = [*schedule.procedure.staff, person("extra", skill, hours=(10, 60))]
    after = by_minute(prove_coverage(with_staff(schedule, staff), hazards))
    assert set(after) == set(before)
    assert all(after[key][0] >= good for key, (good, _) in before.items())
    assert all(after[key][1] >= depth for key, (_, depth) in before.items())


@pytest.mark.parametrize("seed", range(25))
def test_longer_hours_and_more_kit_never_open_a_gap(seed: int) -> None:
    schedule, hazards = random_day(seed)
    before = covered(prove_coverage(schedule, hazards))
    staff = [replace(who, end=Minute(who.end + 15)) for who in schedule.procedure.staff]
    kit = tuple(replace(kind, count=kind.count + 1) for kind in schedule.procedure.equipment)
    richer = with_staff(schedule, staff)
    richer = replace(richer, procedure=replace(richer.procedure, equipment=kit))
    assert before <= covered(prove_coverage(richer, hazards))


@pytest.mark.parametrize("seed", range(25))
def test_taking_away_a_witness_breaks_the_proof_where_brute_force_says(seed: int) -> None:
    schedule, hazards = random_day(seed)
    called = {who for cell in prove_coverage(schedule, hazards).cells for who, _ in cell.witness}
    for gone in sorted(called)[:2]:
        staff = [who for who in schedule.procedure.staff if who.id != gone]
        fewer = replace(
            with_staff(schedule, staff),
            assignments=tuple(
                replace(entry, staff=tuple(pair for pair in entry.staff if pair[0] != gone))
                for entry in schedule.assignments
            ),
        )
        coverage = prove_coverage(fewer, hazards)
        answer = brute_force(fewer, hazards)
        assert covered(coverage) == {key for key, good in answer.items() if good}


@pytest.mark.parametrize("seed", range(25))
def test_depth_is_the_number_that_may_drop_out(seed: int) -> None:
    """Losing any `depth` people keeps the cover; one more, rightly chosen, breaks it."""
    schedule, hazards = random_day(seed)
    kitless = [
        replace(trouble, response=replace(trouble.response, equipment={})) for trouble in hazards
    ]
    for cell in prove_coverage(schedule, kitless).cells[:6]:
        trouble = next(entry for entry in kitless if entry.id == cell.hazard)
        if not cell.covered:
            assert cell.depth < 0
            continue
        lost = [who for who, _ in cell.witness][: cell.depth]
        staff = [
            replace(who, skills=()) if who.id in lost else who for who in schedule.procedure.staff
        ]
        assert brute_force(with_staff(schedule, staff), [trouble])[trouble.id, cell.start]


@pytest.mark.parametrize("seed", range(25))
def test_mirror_of_the_proof(seed: int) -> None:
    schedule, hazards = random_day(seed)
    one = prove_coverage(schedule, hazards)
    other = prove_coverage(mirrored(schedule), mirrored_hazards(hazards))
    assert other.cells == one.cells
    assert other.gaps == one.gaps


@pytest.mark.parametrize("seed", range(5))
def test_mirror_of_the_rehearsal(seed: int) -> None:
    schedule, hazards = random_day(seed)
    one = simulate(schedule, hazards, days=300, seed=seed, tables=TABLES)
    other = simulate(
        mirrored(schedule), mirrored_hazards(hazards), days=300, seed=seed, tables=TABLES
    )
    assert other.end_time == one.end_time
    assert other.hazard_rate == one.hazard_rate
    assert other.unanswered == one.unanswered
    assert other.notes == one.notes


def test_mirror_of_the_rehearsal_with_a_catalogue_that_names_a_first() -> None:
    staff = [person("x", "surgery", team="A"), person("y", "surgery", team="B")]
    day = plan(
        [
            (task("first", 3, subject=Subject.A, length=(30, 60, 120)), 0, 60, "x"),
            (task("second", 3, subject=Subject.B, length=(30, 60, 120)), 60, 120, "y"),
            (task("apart", 14, length=(30, 60, 120)), 120, 180, "x y"),
        ],
        staff,
    )
    troubles = [
        hazard(f"{name}-{twin}", (1, "surgery", 1), subject=twin, p=0.4, delay=(5, 10, 20))
        for name in ("bleed", "air")
        for twin in (Subject.A, Subject.B)
    ]
    one = simulate(day, troubles, days=500, seed=2, tables=TABLES)
    other = simulate(mirrored(day), troubles, days=500, seed=2, tables=TABLES)
    assert other.end_time == one.end_time
    for name in ("bleed", "air"):
        assert other.hazard_rate[f"{name}-A"] == one.hazard_rate[f"{name}-B"]
        assert other.hazard_rate[f"{name}-B"] == one.hazard_rate[f"{name}-A"]
    assert len({rate.value for rate in one.hazard_rate.values()}) > 1
    assert list(other.hazard_rate) == [trouble.id for trouble in troubles]


def test_hall_and_matching_agree() -> None:
    rng = np.random.Generator(np.random.Philox(key=11))
    order = np.arange(70)
    for _ in range(300):
        demands = int(rng.integers(1, 6))
        bits = rng.random((demands, 70)) < rng.choice([0.02, 0.05, 0.1])
        masks = np.zeros((demands, 2), np.uint64)
        for d, p in zip(*np.nonzero(bits), strict=True):
            masks[d, p // 64] |= np.uint64(1) << np.uint64(p % 64)
        counts = rng.integers(1, 4, demands)
        slack, _ = hall_slack(masks, counts)
        chosen = match_people(masks, counts, order)
        seated = chosen[chosen >= 0]
        assert len(set(seated.tolist())) == len(seated)
        assert (chosen < 0).sum() == max(0, -slack)
