"""Every rule of who and what can come, on random days, against a plain reading of the rules."""

from collections import Counter

import pytest
from contingency_days import (
    brute_force,
    by_minute,
    comers,
    mirrored,
    mirrored_hazards,
    ruled_day,
    strikes,
    things,
)

from diptych.contingencies import AnswerPolicy, prove_coverage
from diptych.contingencies.classes import Classes, sort_minutes
from diptych.model import Hazard, Schedule


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
    assert other.gaps == one.gaps


def test_the_random_days_have_gaps_and_covers() -> None:
    seen: Counter[bool] = Counter()
    for seed in range(40):
        seen.update(good for good, _ in by_minute(prove_coverage(*ruled_day(seed))).values())
    assert min(seen[True], seen[False]) > 0.15 * seen.total()
