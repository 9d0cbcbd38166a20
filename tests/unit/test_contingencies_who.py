"""Who and what can come, one rule at a time, on days that can be checked by hand."""

from dataclasses import replace

import pytest
from contingency_days import by_minute, hazard, person, plan, task

from diptych.contingencies import AnswerPolicy, prove_coverage
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.standby import apply_changes
from diptych.model import Hazard, InputError, LongerHours, Minute, Schedule, Subject

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


def stocked(count: int, *restock: tuple[int, int]) -> Schedule:
    """A task of twin B uses a pack from minute 10 to 30; y is free all the time."""
    uses = task("uses", 10, subject=Subject.B, priority=1, kit={"pack": 1})
    rows = [(uses, 10, 30, "x"), (task("end", 14), 0, 60, "x")]
    made = plan(rows, [person("x", "surgery"), person("y", "anaesthesia")], kit={"pack": count})
    packs = replace(made.procedure.equipment[0], renewable=False, restock=restock)
    return replace(made, procedure=replace(made.procedure, equipment=(packs,)))


def test_a_stock_is_used_up_and_filled_by_deliveries() -> None:
    asks = replace(BLEED, response=replace(BLEED.response, equipment={"pack": 1}))
    assert covered(stocked(1), asks) == list(range(10))
    assert covered(stocked(2), asks) == list(range(60))
    assert covered(stocked(1, (40, 1)), asks) == [*range(10), *range(40, 60)]
    two = replace(BLEED, response=replace(BLEED.response, equipment={"pack": 2}))
    assert covered(stocked(1, (20, 1), (50, 1)), two) == list(range(50, 60))


def test_packs_are_numbered_and_those_delivered_come_last() -> None:
    asks = replace(BLEED, response=replace(BLEED.response, equipment={"pack": 1}))
    classes = sort_minutes(stocked(1, (40, 2)), [asks], AnswerPolicy())
    names = [name for name in classes.names if name.startswith("pack")]
    assert names == ["pack 1", "pack 2", "pack 3"]
    reach = [
        [name for bit, name in enumerate(classes.names) if int(row[1, bit // 64]) >> bit % 64 & 1]
        for row in (classes.masks[number] for number in classes.of)
    ]
    assert classes.stretch[:-1].tolist()[-2:] == [40, 55]
    assert reach[0] == ["pack 1"]
    assert reach[-1] == ["pack 2", "pack 3"]


@pytest.mark.parametrize("restock", [((5, 0),), ((9, 1), (5, 1)), ((5, 1), (5, 1))])
def test_odd_deliveries_are_refused(restock) -> None:
    with pytest.raises(InputError, match="equipment pack: restock"):
        stocked(1, *restock)


def test_kit_that_is_no_stock_has_no_deliveries() -> None:
    kit = stocked(1).procedure.equipment[0]
    with pytest.raises(InputError, match=r"restock \[\(5, 1\)\], expected .* of a stock"):
        replace(kit, renewable=True, restock=((5, 1),))


def fields(subject: Subject) -> tuple[Schedule, Hazard]:
    """Two of the three places are taken until separation at 30, then one of each twin's two."""
    cuts = task("cuts", 14, subject=Subject.SHARED, zones={"sterile-joined": 2})
    sews = [task(f"sews-{t}", 10, subject=Subject(t), zones={f"sterile-{t}": 1}) for t in "AB"]
    rows = [(sews[0], 30, 60, "x"), (sews[1], 30, 60, "x"), (cuts, 0, 30, "x")]
    zones = {"sterile-joined": 3, "sterile-A": 2, "sterile-B": 2}
    staff = [person("x", "surgery"), person("y", "anaesthesia"), person("z", "anaesthesia")]
    return plan(rows, staff, zones=zones), replace(BLEED, subject=subject)


@pytest.mark.parametrize(
    ("subject", "places", "near", "apart"),
    [
        (Subject.A, 1, range(60), range(60)),
        (Subject.A, 2, range(30, 60), ()),
        (Subject.B, 2, range(30, 60), ()),
        (Subject.BOTH, 1, range(60), range(30, 60)),
        (Subject.BOTH, 2, range(30, 60), ()),
    ],
)
def test_places_at_the_field_of_the_twin_in_trouble(subject, places, near, apart) -> None:
    """Those of each twin in trouble: of both, twice as many of the joined field."""
    for own, expected in ((True, near), (False, apart)):
        rules = AnswerPolicy(those_at_the_twin_answer=own)
        schedule, trouble = fields(subject)
        trouble = replace(trouble, response=replace(trouble.response, sterile=places))
        proof = prove_coverage(schedule, [trouble], policy=rules)
        assert proof.certified
        found = [minute for (_, minute), (good, _) in by_minute(proof).items() if good]
        assert found == list(expected)


def test_a_full_field_is_told_in_words() -> None:
    schedule, trouble = fields(Subject.A)
    trouble = replace(trouble, response=replace(trouble.response, sterile=2))
    (gap,) = prove_coverage(schedule, [trouble]).gaps
    assert gap.missing == "needs 2 places at the sterile field (joined); room for 1"
    names = sort_minutes(schedule, [trouble], AnswerPolicy()).names
    assert names[-7:] == tuple(
        f"sterile-{field} {n}"
        for field, room in (("joined", 3), ("A", 2), ("B", 2))
        for n in range(1, room + 1)
    )


def test_a_field_that_the_day_lacks_is_named() -> None:
    trouble = replace(BLEED, response=replace(BLEED.response, sterile=1))
    with pytest.raises(InputError, match="bleed asks for places in sterile-joined"):
        prove_coverage(day(), [trouble])


def test_longer_hours_end_the_time_on_call() -> None:
    """Somebody kept two hours longer is on call only after that."""
    staff = person("y", "anaesthesia", hours=(20, 30), on_call=((0, 20, 5), (30, 50, 5)))
    longer = LongerHours(staff=staff.id, start=20, end=30, new_start=10, new_end=45)
    made = apply_changes(day(staff), (), (longer,), ())
    (kept,) = (who for who in made.procedure.staff if who.id == "y")
    assert (kept.start, kept.end) == (10, 45)
    assert kept.on_call == ((0, 10, 5), (45, 50, 5))
