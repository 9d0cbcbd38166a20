"""Who and what can come, one rule at a time, on days that can be checked by hand."""

from contingency_days import by_minute, hazard, person, plan, task

from diptych.contingencies import prove_coverage
from diptych.model import Hazard, Schedule

BLEED = hazard("bleed", (1, "anaesthesia", 5), severity=3)


def day(*staff, **fields) -> Schedule:
    """One task of an hour by x, who cannot be left."""
    return plan([(task("op", 10), 0, 60, "x")], [person("x", "surgery"), *staff], **fields)


def covered(schedule: Schedule, trouble: Hazard = BLEED) -> list[int]:
    """Minutes in which the hazard is covered, by the prover and its checker."""
    proof = prove_coverage(schedule, [trouble])
    assert proof.certified
    return [minute for (_, minute), (good, _) in sorted(by_minute(proof).items()) if good]


def test_nobody_who_is_absent_can_come() -> None:
    away = day(person("y", "anaesthesia", hours=(0, 50), away=((10, 20), (30, 31))))
    assert covered(away) == [*range(10), *range(20, 30), *range(31, 50)]
