"""The proof on days that can be checked by hand."""

import numpy as np
import pytest
from contingency_days import by_minute, hazard, person, plan, task

from diptych.contingencies import AnswerPolicy, prove_coverage
from diptych.contingencies.wording import clock
from diptych.kernels.bitcover import at_the_twin, count_bits, hall_slack, match_people
from diptych.model import InputError, Schedule, Subject

ANA, SUR = "anaesthesia", "surgery"


def two_people() -> Schedule:
    """x operates on twin B from 0 to 60; y, an anaesthetist, is there from 20 on."""
    return plan(
        [(task("op", 12, subject=Subject.B), 0, 60, "x"), (task("end", 14), 60, 80, "x")],
        [person("x", SUR, team="B"), person("y", ANA, hours=(20, 70))],
    )


def test_gap_has_the_exact_minutes() -> None:
    trouble = hazard("h", (1, ANA, 1), subject=Subject.B, steps=(12, 14))
    coverage = prove_coverage(two_people(), [trouble])
    assert [(gap.start, gap.end) for gap in coverage.gaps] == [(0, 20), (70, 80)]
    assert (coverage.minutes, coverage.covered_minutes) == (80, 50)
    assert coverage.certified
    assert coverage.gaps[0].message == (
        "07:00 to 07:20: H needs 1 person for anaesthesia within 1 min; nobody can come"
    )


def test_witness_names_who_answers() -> None:
    trouble = hazard("h", (1, ANA, 1), subject=Subject.B, steps=(12, 14))
    covered = [cell for cell in prove_coverage(two_people(), [trouble]).cells if cell.covered]
    assert [(cell.start, cell.end, cell.witness) for cell in covered] == [
        (20, 70, (("y", ANA),)),
    ]


def test_priority_must_be_lower_than_severity() -> None:
    day = plan([(task("op", 12, subject=Subject.TEAM, priority=2), 0, 60, "x")], [person("x", SUR)])
    for severity, covered in ((2, 0), (3, 60)):
        trouble = hazard("h", (1, SUR, 0), severity=severity)
        assert prove_coverage(day, [trouble]).covered_minutes == covered


def test_a_task_that_ends_in_time_lets_its_people_come() -> None:
    day = plan([(task("op", 12, subject=Subject.TEAM), 0, 60, "x")], [person("x", SUR)])
    coverage = prove_coverage(day, [hazard("h", (1, SUR, 15))])
    assert [(cell.start, cell.end, cell.covered) for cell in coverage.cells] == [
        (0, 45, False),
        (45, 60, True),
    ]


@pytest.mark.parametrize(
    ("subject", "team", "comes"),
    [
        (Subject.A, "A", True),
        (Subject.A, "B", True),
        (Subject.B, "A", False),
        (Subject.BOTH, "A", True),
        (Subject.SHARED, "both", True),
        (Subject.BOTH, "B", False),
        (Subject.TEAM, "A", False),
    ],
)
def test_who_is_at_the_twin_answers(subject: Subject, team: str, comes: bool) -> None:
    day = plan(
        [(task("op", 12, subject=subject), 0, 60, "x"), (task("end", 19), 0, 60, "")],
        [person("x", SUR, team=team)],
    )
    trouble = hazard("h", (1, SUR, 0), subject=Subject.A)
    assert prove_coverage(day, [trouble]).covered_minutes == (60 if comes else 0)
    strict = AnswerPolicy(those_at_the_twin_answer=False)
    assert prove_coverage(day, [trouble], policy=strict).covered_minutes == 0


def test_one_person_is_not_counted_twice() -> None:
    day = plan(
        [(task("op", 12), 0, 60, "")],
        [person("x", ANA, SUR), person("y", SUR), person("z", "scrub")],
    )
    both = hazard("both", (1, ANA, 1), (1, SUR, 1))
    three = hazard("three", (1, ANA, 1), (2, SUR, 1))
    coverage = prove_coverage(day, [both, three])
    assert coverage.cells[0].witness == (("x", ANA), ("y", SUR))
    assert not coverage.cells[1].covered
    assert coverage.gaps[0].missing == (
        "needs 1 person for anaesthesia within 1 min and 2 people for surgery within 1 min;"
        " 2 can come for them together"
    )


def test_depth_is_how_many_may_drop_out() -> None:
    staff = [person("x", ANA, SUR), person("y", ANA), person("z", SUR), person("w", SUR)]
    day = plan([(task("op", 12), 0, 60, "")], staff)
    coverage = prove_coverage(
        day, [hazard("one", (1, SUR, 1)), hazard("two", (2, SUR, 1), (1, ANA, 1))]
    )
    assert [cell.depth for cell in coverage.cells] == [2, 1]
    short = prove_coverage(day, [hazard("many", (5, SUR, 1))])
    assert short.cells[0].depth == -2


def test_kit_in_use_is_not_at_hand() -> None:
    day = plan(
        [
            (task("other", 12, subject=Subject.B, kit={"pump": 1}), 0, 30, ""),
            (task("own", 12, subject=Subject.A, kit={"pump": 1}), 20, 60, ""),
            (task("end", 14), 60, 61, ""),
        ],
        [person("x", SUR)],
        kit={"pump": 1},
    )
    coverage = prove_coverage(day, [hazard("h", (1, SUR, 1), steps=(12, 14), kit={"pump": 1})])
    assert [(gap.start, gap.end) for gap in coverage.gaps] == [(20, 30)]
    assert coverage.gaps[0].missing == "needs 1 pump; none at hand"


def test_waiting_minutes_between_steps_count() -> None:
    day = plan([(task("a", 5), 0, 10, ""), (task("b", 6), 50, 60, "")], [person("x", SUR)])
    assert prove_coverage(day, [hazard("h", (1, SUR, 1), steps=(5, 6))]).minutes == 60
    assert prove_coverage(day, [hazard("h", (1, SUR, 1), steps=(6, 9))]).minutes == 10
    assert prove_coverage(day, [hazard("h", (1, SUR, 1), steps=(9, 9))]).cells == ()


def test_the_other_twins_steps_do_not_count() -> None:
    day = plan([(task("a", 5, subject=Subject.B), 0, 10, "")], [person("x", SUR)])
    assert prove_coverage(day, [hazard("h", (1, SUR, 1), subject=Subject.A)]).minutes == 0
    assert prove_coverage(day, [hazard("h", (1, SUR, 1), subject=Subject.TEAM)]).minutes == 10


def test_more_than_64_people() -> None:
    staff = [person(f"p{n:02d}", SUR if n == 77 else "scrub") for n in range(80)]
    day = plan([(task("a", 5), 0, 10, "")], staff)
    coverage = prove_coverage(day, [hazard("h", (1, SUR, 1), (79, "scrub", 1))])
    assert coverage.certified
    assert coverage.cells[0].witness[0] == ("p77", SUR)
    assert coverage.cells[0].depth == 0


def test_an_empty_plan_and_no_hazards() -> None:
    day = plan([(task("a", 5), 0, 10, "")], [person("x", SUR)])
    assert prove_coverage(day, []).minutes == 0
    assert by_minute(prove_coverage(day, [])) == {}


@pytest.mark.parametrize("order", [0, 5])
def test_orders_that_cannot_be_proved_are_refused(order: int) -> None:
    with pytest.raises(InputError, match=f"order is {order}, expected 1 to 4"):
        prove_coverage(two_people(), [hazard("h", (1, SUR, 1))], order=order)


def test_unknown_person_in_the_plan_is_named() -> None:
    day = plan([(task("a", 5), 0, 10, "ghost")], [person("x", SUR)])
    with pytest.raises(InputError, match="task a is given to 'ghost'"):
        prove_coverage(day, [hazard("h", (1, SUR, 1))])


def test_clock_readings() -> None:
    assert clock("07:00", 0) == "07:00"
    assert clock("07:00", 1228) == "03:28 +1"


def test_hall_slack_and_matching_on_masks() -> None:
    masks = np.array([[0b011], [0b001], [0b110]], np.uint64)
    counts = np.array([1, 1, 1], np.int64)
    assert hall_slack(masks, counts) == (0, 0b010)
    order = np.arange(3)
    assert match_people(masks, counts, order).tolist() == [1, 0, 2]
    assert hall_slack(masks, np.array([1, 1, 2])) == (-1, 0b111)
    assert (match_people(masks, np.array([1, 1, 2]), order) < 0).sum() == 1
    assert count_bits(np.uint64(0xF0F)) == 8


def test_at_the_twin_codes() -> None:
    a, b, both, shared, team = range(5)
    assert at_the_twin(a, a, 1)
    assert not at_the_twin(a, b, 0)
    assert at_the_twin(both, b, 0)
    assert at_the_twin(a, shared, 2)
    assert not at_the_twin(team, a, 2)
    assert not at_the_twin(both, team, 2)
