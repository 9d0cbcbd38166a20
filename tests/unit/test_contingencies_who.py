"""Who and what can come, one rule at a time, on days that can be checked by hand."""

from dataclasses import replace

import pytest
from contingency_days import by_minute, hazard, person, plan, task

from diptych.contingencies import prove_coverage
from diptych.model import Hazard, InputError, Minute, Schedule, Subject

BLEED = hazard("bleed", (1, "anaesthesia", 5), severity=3)


def day(*staff, **fields) -> Schedule:
    """One task of an hour by x, who cannot be left."""
    return plan([(task("op", 10), 0, 60, "x")], [person("x", "surgery"), *staff], **fields)


def covered(schedule: Schedule, trouble: Hazard = BLEED) -> list[int]:
    """Minutes in which the hazard is covered, by the prover and its checker."""
    proof = prove_coverage(schedule, [trouble])
    assert proof.certified
    return [minute for (_, minute), (good, _) in sorted(by_minute(proof).items()) if good]


def busy(wait: int | None, keeps: tuple[str, ...] = (), kit: dict[str, int] | None = None):
    """An anaesthetist sews on another twin, for twenty minutes of the hour."""
    sews = task("sew", 10, subject=Subject.B, priority=1, kit=kit)
    sews = replace(sews, may_wait=None if wait is None else Minute(wait), keeps=keeps)
    end = task("end", 14, subject=Subject.A)
    staff = [person("y", "anaesthesia", "surgery", team="B"), person("x", "surgery")]
    return plan([(sews, 0, 20, "y"), (end, 0, 60, "x")], staff, kit=kit)


def test_nobody_who_is_absent_can_come() -> None:
    away = day(person("y", "anaesthesia", hours=(0, 50), away=((10, 20), (30, 31))))
    assert covered(away) == [*range(10), *range(20, 30), *range(31, 50)]


def test_those_on_call_come_where_the_time_allows_their_way() -> None:
    staff = person("y", "anaesthesia", hours=(20, 30), on_call=((5, 12, 5), (30, 40, 6)))
    assert covered(day(staff)) == [*range(5, 12), *range(20, 30)]
    slower = hazard("bleed", (1, "anaesthesia", 6), severity=3)
    assert covered(day(staff), slower) == [*range(5, 12), *range(20, 40)]


@pytest.mark.parametrize(
    "on_call", [((10, 25, 1),), ((40, 60, 1), (50, 70, 1)), ((60, 40, 1),), ((40, 60, -1),)]
)
def test_odd_times_on_call_are_refused(on_call) -> None:
    with pytest.raises(InputError, match=r"staff y \(Y\): on call .* outside the hours"):
        person("y", hours=(20, 30), on_call=on_call)


def test_people_of_too_low_a_grade_do_not_answer() -> None:
    staff = [
        person("y", "anaesthesia", grade=2),
        person("z", "anaesthesia", hours=(10, 20), grade=4),
    ]
    graded = replace(BLEED.response.demands[0], grade=4)
    led = replace(BLEED, response=replace(BLEED.response, demands=(graded,)))
    assert covered(day(*staff)) == list(range(60))
    assert covered(day(*staff), led) == list(range(10, 20))
    gap = prove_coverage(day(*staff), [led]).gaps[0]
    assert gap.missing == "needs 1 person for anaesthesia of grade 4 within 5 min; nobody can come"
    assert gap.end == Minute(10)


def test_a_task_lets_go_only_while_it_may_wait() -> None:
    """The response holds people for ten minutes; the sewing's last five leave no need to wait."""
    assert covered(busy(None)) == covered(busy(10)) == list(range(60))
    assert covered(busy(9)) == covered(busy(0)) == list(range(15, 60))


@pytest.mark.parametrize(("keeps", "first"), [((), 0), (("worker",), 15), (("surgery",), 15)])
def test_those_whom_a_task_keeps_stay(keeps, first) -> None:
    assert covered(busy(None, keeps)) == list(range(first, 60))


def test_a_skill_that_they_do_not_hold_there_keeps_nobody() -> None:
    assert covered(busy(30, ("anaesthesia",))) == list(range(60))


def test_kit_stays_with_a_task_that_cannot_wait() -> None:
    asks = replace(BLEED, response=replace(BLEED.response, equipment={"pump": 1}))
    assert covered(busy(10, kit={"pump": 1}), asks) == list(range(60))
    late = covered(busy(9, kit={"pump": 1}), asks)
    assert late == list(range(20, 60))
    gap = prove_coverage(busy(9, kit={"pump": 1}), [asks]).gaps[-1]
    assert (gap.start, gap.missing) == (15, "needs 1 pump; none at hand")
