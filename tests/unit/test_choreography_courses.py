"""Courses (doses, checks) when the day changes: none is left out that is due, one more is given."""

from dataclasses import replace
from itertools import pairwise

import pytest
from choreography_days import after, day, person, task
from replan_days import planned, policy, require_sound, starts_of, ways

from diptych.choreography import replan, replan_by_shift
from diptych.choreography.reading import read_remainder
from diptych.model import Delay, Stopped


def dosed_day():
    """Work for 300 min, then 30 more; doses of 5 min, each 50 to 100 min after the one before."""
    dose = {"give": 1}
    tasks = (
        task("open", 10, {"cut": 1}),
        task("work", 300, {"cut": 1}),
        *(replace(task(f"dose-{n}", 5, dose), step=0) for n in (1, 2, 3)),
        task("close", 30, {"cut": 1}),
    )
    order = (
        after("open", "work"),
        after("work", "close"),
        after("open", "dose-1", 0, 100),
        after("dose-1", "dose-2", 50, 100),
        after("dose-2", "dose-3", 50, 100),
        after("dose-3", "close", 0, 100),
    )
    staff = (person("ann", "cut"), person("cas", "give"))
    starts = {"open": 0, "work": 10, "dose-1": 50, "dose-2": 130, "dose-3": 220, "close": 310}
    held = {key: ["cas" if key.startswith("dose") else "ann"] for key in starts}
    return planned(day(tasks, order, staff), starts, held)


@pytest.mark.parametrize("now", [5, 60, 150, 250])
def test_nothing_happened_every_dose_stays(now):
    before = dosed_day()
    remainder = read_remainder(before, now, [], policy())
    assert {one.id for one in remainder.procedure.tasks} == {
        one.id for one in before.procedure.tasks
    }
    assert remainder.lengths == {}
    shifted = replan_by_shift(before, now, [], policy())
    assert shifted is not None
    assert starts_of(shifted) == starts_of_plan(before)


def starts_of_plan(schedule):
    return {entry.task: entry.start for entry in schedule.assignments}


@pytest.mark.parametrize(("now", "doses_in_all"), [(150, 4), (250, 5)])
def test_more_doses_where_the_day_outgrows_them(now, doses_in_all):
    """Told at 150, the third may wait until 235, a fourth reaches 440; after 220, it takes two."""
    before = dosed_day()
    found = replan(before, now, [Delay(task="work", minutes=130)], policy())
    require_sound(before, now, found)
    for way in ways(found):
        starts = starts_of(way)
        doses = sorted(start for key, start in starts.items() if key.startswith("dose"))
        assert starts["close"] == 440
        assert len(doses) == doses_in_all
        assert all(50 <= two - one - 5 <= 100 for one, two in pairwise(doses))


def test_doses_that_no_longer_fit_in_are_left_out():
    before = dosed_day()
    event = Stopped(after="open", dropped=("work",))
    found = replan(before, 8, [event], policy())
    require_sound(before, 8, found)
    for way in ways(found):
        doses = [key for key in starts_of(way) if key.startswith("dose")]
        assert len(doses) == 1
