"""The emergency path of each step: the first minute by the proof, the rest by who is on shift."""

from dataclasses import replace

import pytest
from contingency_days import hazard, mirrored, mirrored_hazards, person, plan, task

from diptych.contingencies import prove_coverage, staff_emergency
from diptych.model import EmergencyPath, HazardId, InputError, Minute, Subject, TwinId


def path(step: str, dying: TwinId, *, high: int, divided: int = 0) -> EmergencyPath:
    return EmergencyPath(
        step=step,
        title=step.title(),
        divided=divided,
        dying=dying,
        survivor=dying.other,
        actions=(),
        low=Minute(high // 3),
        mode=Minute(high // 2),
        high=Minute(high),
        limit=Minute(120),
        verdict="within",
        clipped=(),
        lost=(),
        undone=(),
        sentence="",
    )


def death(subject: Subject) -> object:
    found = hazard(f"death-of-twin-{subject}", (2, "surgery", 5), subject=subject, severity=3)
    return replace(found, id=HazardId(f"death-of-twin-{subject}"))


HAZARDS = [death(Subject.A), death(Subject.B)]


def day(*hours: tuple[int, int]):
    staff = [person(f"s{n}", "surgery", hours=span) for n, span in enumerate(hours)]
    rows = [
        (task("scalp", 6), 0, 60, "s0"),
        (task("clamp-01", 11), 60, 100, "s0"),
        (task("end", 14), 100, 120, "s0"),
    ]
    return plan(rows, staff)


def ask(schedule, paths, hazards=HAZARDS):
    return staff_emergency(schedule, prove_coverage(schedule, hazards), paths)


def test_two_surgeons_all_day_staff_every_step() -> None:
    found = ask(day((0, 300), (0, 300)), [path("scalp", TwinId.A, high=90)])
    assert [(row.step, row.minutes, row.staffed, row.gaps) for row in found] == [
        ("scalp", 60, 60, ())
    ]


def test_a_shift_that_ends_before_the_path_does_is_a_gap_from_that_long_before() -> None:
    """The second surgeon leaves at 110: a path of 90 minutes lacks them from minute 21 on."""
    (row,) = ask(day((0, 300), (0, 110)), [path("scalp", TwinId.B, high=90)])
    (gap,) = row.gaps
    assert (gap.start, gap.end, row.staffed) == (21, 60, 21)
    assert gap.missing == "at 08:50 on shift: needs 2 people for surgery within 5 min; 1 can come"


def test_who_comes_later_does_not_help_at_the_call() -> None:
    (row,) = ask(day((0, 300), (40, 300)), [path("scalp", TwinId.A, high=30)])
    (gap,) = row.gaps
    assert (gap.start, gap.end) == (0, 40)
    assert gap.missing == "needs 2 people for surgery within 5 min; 1 can come"


def test_absent_people_are_not_on_shift() -> None:
    schedule = day((0, 300), (0, 300))
    two = replace(schedule.procedure.staff[1], absences=((Minute(70), Minute(80)),))
    staff = (schedule.procedure.staff[0], two)
    away = replace(schedule, procedure=replace(schedule.procedure, staff=staff))
    (row,) = ask(away, [path("scalp", TwinId.A, high=30)])
    assert [(gap.start, gap.end) for gap in row.gaps] == [(41, 60)]


def test_paths_of_one_step_count_as_the_longest_and_ids_find_their_step() -> None:
    paths = [
        path("clamp", TwinId.A, high=20, divided=2),
        path("clamp", TwinId.A, high=80),
        path("never", TwinId.A, high=10),
    ]
    (row,) = ask(day((0, 300), (0, 150)), paths)
    assert (row.step, row.longest, row.minutes) == ("clamp", 80, 40)
    assert [(gap.start, gap.end) for gap in row.gaps] == [(71, 100)]


def test_mirror() -> None:
    schedule = day((0, 300), (0, 110))
    paths = [path("scalp", twin, high=90) for twin in TwinId]
    one = ask(schedule, paths[:1])
    swapped = [
        replace(h, id=HazardId(f"death-of-twin-{h.subject}")) for h in mirrored_hazards(HAZARDS)
    ]
    two = ask(mirrored(schedule), paths[1:], swapped)
    assert [replace(row, dying=TwinId.A) for row in two] == list(one)


def test_without_the_hazard_the_catalogue_is_named() -> None:
    with pytest.raises(InputError, match="no death-of-twin-A"):
        ask(day((0, 300)), [path("scalp", TwinId.A, high=9)], [])
