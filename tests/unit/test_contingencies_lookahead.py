"""The live question: the next hour equals that hour of the whole day's proof."""

from dataclasses import replace

import pytest
from contingency_days import hazard, mirrored, person, plan, random_day, task

from diptych.contingencies import AnswerPolicy
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.lookahead import look_ahead, prepare
from diptych.contingencies.sets import search_gaps
from diptych.model import InputError, Minute, Outlook, Schedule, SetGap, Subject

Minutes = set[tuple[tuple[str, ...], int, str]]


def open_minutes(gaps: tuple[SetGap, ...], span: tuple[int, int]) -> Minutes:
    """Each gap at each minute of the span."""
    return {
        (gap.hazards, minute, gap.missing)
        for gap in gaps
        for start, end in gap.spans
        for minute in range(max(start, span[0]), min(end, span[1]))
    }


def small_day() -> tuple[Schedule, list]:
    """Two anaesthetists until minute 100, then one."""
    schedule = plan(
        [(task("op", 5), 0, 200, "sam")],
        [
            person("sam", "surgery"),
            person("ann", "anaesthesia"),
            person("bea", "anaesthesia", hours=(0, 100)),
        ],
    )
    hazards = [
        hazard("one", (1, "anaesthesia", 2)),
        hazard("two", (1, "anaesthesia", 2), subject=Subject.B),
    ]
    return schedule, hazards


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("now", [0, 7, 30])
def test_the_hour_is_that_hour_of_the_whole_day(seed, now):
    schedule, hazards = random_day(seed)
    classes = sort_minutes(schedule, hazards, AnswerPolicy())
    whole = search_gaps(classes, schedule, hazards, 3)[1]
    ahead = look_ahead(schedule, hazards, Minute(now), minutes=20, order=3)
    span = (now, now + 20)
    assert open_minutes(ahead.gaps, span) == open_minutes(whole, span)
    assert open_minutes(ahead.gaps, (-99, 999)) == open_minutes(ahead.gaps, span)


def test_what_comes_is_said_and_who_is_the_only_one():
    schedule, hazards = small_day()
    ahead = look_ahead(schedule, hazards, Minute(50))
    assert [(g.hazards, g.spans, g.free) for g in ahead.gaps] == [
        (("one", "two"), ((100, 110),), ("ann",))
    ]
    assert [(c.combinations, c.covered) for c in ahead.counts] == [(120, 120), (60, 50)]
    assert look_ahead(schedule, hazards, Minute(30)).gaps == ()


def test_a_single_hazard_without_anybody_is_told_too():
    schedule, hazards = small_day()
    staff = tuple(p for p in schedule.procedure.staff if p.id != "ann")
    schedule = replace(schedule, procedure=replace(schedule.procedure, staff=staff))
    ahead = look_ahead(schedule, hazards, Minute(90))
    assert [gap.hazards for gap in ahead.gaps] == [("one",), ("two",), ("one", "two")]
    assert ahead.gaps[0].spans == ((100, 150),)


def test_a_late_day_is_asked_as_it_now_is():
    """Two tasks hold both anaesthetists; the second starts 30 minutes late."""
    schedule, hazards = small_day()
    block = task("block", 5, subject=Subject.TEAM)
    schedule = plan(
        [(task("op", 5), 0, 200, "sam"), (block, 60, 90, "ann")], list(schedule.procedure.staff)
    )
    planned = look_ahead(schedule, hazards, Minute(55), minutes=40)
    late = replace(
        schedule,
        assignments=(
            schedule.assignments[0],
            replace(schedule.assignments[1], start=Minute(90), end=Minute(120)),
        ),
    )
    later = look_ahead(late, hazards, Minute(55), minutes=40)
    assert [gap.spans for gap in planned.gaps] == [((60, 88),)]
    assert [gap.spans for gap in later.gaps] == [((90, 95),)]


@pytest.mark.parametrize("now", [-200, 200, 5000])
def test_beyond_the_day_there_is_nothing_to_ask(now):
    ahead = look_ahead(*small_day(), Minute(now))
    assert (ahead.gaps, [count.combinations for count in ahead.counts]) == ((), [0, 0])


def test_preparing_changes_no_answer():
    schedule, hazards = small_day()
    before = look_ahead(schedule, hazards, Minute(50))
    prepare(schedule, hazards)
    assert look_ahead(schedule, hazards, Minute(50)) == before
    assert isinstance(before, Outlook)


def test_other_orders_are_refused():
    with pytest.raises(InputError, match="order is 5"):
        look_ahead(*small_day(), Minute(0), order=5)


@pytest.mark.parametrize("seed", range(6))
def test_swapping_the_twins_swaps_the_outlook(seed):
    schedule, hazards = random_day(seed)
    swap = {Subject.A: Subject.B, Subject.B: Subject.A}
    other = [replace(h, subject=swap.get(h.subject, h.subject)) for h in hazards]
    assert look_ahead(schedule, hazards, Minute(10)) == look_ahead(
        mirrored(schedule), other, Minute(10)
    )
