"""The plan pushed right: the least moments that keep order, waits, people, rest, places, kit."""

from dataclasses import replace

import pytest
from choreography_days import after, day, person, task
from replan_days import planned, policy

from diptych.choreography import replan_by_shift, replan_first
from diptych.choreography.push import find_floor, push_right
from diptych.choreography.reading import read_remainder
from diptych.choreography.resting import rested
from diptych.model import Absence, Broken, Delay, Infeasible, Rest

CALM = Rest(longest_stretch=600, shortest_break=15, longest_work=900)


def pushed(before, now, events):
    return push_right(read_remainder(before, now, events, policy()))


def line_day(most=None, **changes):
    """p, then s, both by Ann; q by Cas, then s as well."""
    tasks = (task("p", 60, {"cut": 1}), task("q", 40, {"sew": 1}), task("s", 30, {"cut": 1}))
    order = (after("p", "s", 0, most), after("q", "s"))
    staff = (person("ann", "cut"), person("cas", "sew"), person("bea", "cut"))
    procedure = day(tasks, order, staff, **changes)
    return planned(procedure, {"p": 0, "q": 0, "s": 60}, {"p": ["ann"], "q": ["cas"], "s": ["ann"]})


def test_nothing_moves_where_nothing_must():
    found = pushed(line_day(), 10, [])
    assert (found.legal, found.end) == (True, 90)
    assert dict(found.starts) == {"p": 0, "q": 0, "s": 60}


def test_what_follows_is_pushed_by_as_much_as_it_must():
    found = pushed(line_day(), 10, [Delay(task="q", minutes=35)])
    assert (found.legal, found.starts["s"], found.end) == (True, 75, 105)


def test_a_task_to_come_waits_where_its_follower_must():
    """s ends by 5 min after p: with q until 130, s begins at 130 and p at 65 at the soonest."""
    tasks = (task("p", 60, {"cut": 1}), task("q", 40, {"sew": 1}), task("s", 30, {"cut": 1}))
    order = (after("p", "s", 0, 5), after("q", "s"))
    staff = (person("ann", "cut"), person("cas", "sew"))
    starts = {"p": 20, "q": 0, "s": 80}
    held = {"p": ["ann"], "q": ["cas"], "s": ["ann"]}
    before = planned(day(tasks, order, staff), starts, held)
    found = pushed(before, 10, [Delay(task="q", minutes=90)])
    assert (found.legal, found.starts["p"], found.starts["s"]) == (True, 65, 130)


def test_what_has_begun_cannot_wait():
    found = pushed(line_day(most=5), 10, [Delay(task="q", minutes=90)])
    assert not found.legal


def watch_day():
    """Two watches of 100 min that overlap by 10, until a step at 190 is over at 200."""
    tasks = (
        task("open", 10, {"cut": 1}),
        task("work", 180, {"cut": 1}),
        replace(task("watch-1", 100, {"sew": 1}), step=0),
        replace(task("watch-2", 90, {"sew": 1}), step=0),
        task("close", 10, {"cut": 1}),
    )
    order = (
        after("open", "work"),
        after("work", "close"),
        after("open", "watch-1", 0, 0),
        after("watch-1", "watch-2", -60, -10),
        after("watch-2", "close", -10, 0),
    )
    staff = (person("ann", "cut"), person("cas", "sew"), person("dee", "sew"))
    starts = {"open": 0, "work": 10, "watch-1": 10, "watch-2": 100, "close": 190}
    own = {"watch-1": ["cas"], "watch-2": ["dee"]}
    held = {key: ["ann"] for key in starts} | own
    return planned(day(tasks, order, staff), starts, held)


def test_a_watch_lasts_longer_where_the_day_does():
    before = watch_day()
    events = [Delay(task="work", minutes=30)]
    found = pushed(before, 50, events)
    assert found.legal
    assert found.starts["close"] == 220
    assert found.starts["watch-2"] == 100
    assert found.starts["watch-2"] + found.lengths["watch-2"] == 220
    assert replan_by_shift(before, 50, events, policy()) is None


def test_kit_that_is_held_pushes_who_needs_it():
    before = line_day()
    tasks = tuple(
        replace(one, equipment={"drill": 1}) if one.id == "s" else one
        for one in before.procedure.tasks
    )
    procedure = day(
        tasks, before.procedure.precedence, before.procedure.staff, equipment={"drill": 1}
    )
    before = replace(before, procedure=procedure)
    broken = Broken(equipment="drill", count=1, begin=50, end=140)
    found = pushed(before, 10, [broken])
    assert (found.legal, found.starts["s"]) == (True, 140)


def test_who_is_away_is_let_go_and_the_day_does_not_wait():
    found = pushed(line_day(), 10, [Absence(staff="ann", begin=60, end=900)])
    assert (found.legal, found.starts["s"]) == (True, 60)


def rest_day():
    """Ann cuts from 0 to 100, rests 20 min, cuts from 120 to 180; at most 120 min on end."""
    tasks = (task("p", 100, {"cut": 1}), task("q", 40, {"sew": 1}), task("s", 60, {"cut": 1}))
    rest = Rest(longest_stretch=120, shortest_break=15, longest_work=900)
    staff = (person("ann", "cut"), person("cas", "sew"))
    procedure = day(tasks, (after("p", "s"), after("q", "s")), staff, rest=rest)
    starts, held = {"p": 0, "q": 0, "s": 120}, {"p": ["ann"], "q": ["cas"], "s": ["ann"]}
    return planned(procedure, starts, held)


def test_a_break_that_is_needed_stays_a_break():
    before = rest_day()
    found = pushed(before, 10, [Delay(task="p", minutes=15)])
    assert (found.legal, found.starts["s"]) == (True, 130)
    spans = [(0, 115), (found.starts["s"], found.starts["s"] + 60)]
    assert rested(spans, before.procedure.rest, "07:00")
    way = replan_first(before, 10, [Delay(task="p", minutes=15)], policy())
    assert way.people == ()
    assert way.schedule.assignment("s").start == 130


@pytest.mark.parametrize("minutes", [5, 35, 120])
def test_no_plan_begins_before_the_floor(minutes):
    before = line_day()
    events = [Delay(task="q", minutes=minutes)]
    floor = find_floor(read_remainder(before, 10, events, policy()))
    way = replan_first(before, 10, events, policy())
    assert floor is not None
    assert floor.end <= way.schedule.makespan
    assert all(floor.starts[e.task] <= e.start for e in way.schedule.assignments)


def test_order_that_contradicts_itself_has_no_floor_and_is_named():
    before, events = line_day(most=5), [Delay(task="q", minutes=90)]
    assert find_floor(read_remainder(before, 10, events, policy())) is None
    with pytest.raises(Infeasible, match="s must begin within 5 min after p ends"):
        replan_first(before, 10, events, policy())


def test_a_watch_lasts_no_longer_than_the_longest():
    """With work until 390, the second watch may last 240 min: it begins at 150, the first waits."""
    before = watch_day()
    found = pushed(before, 50, [Delay(task="work", minutes=200)])
    assert found.legal
    assert found.starts["close"] == 390
    assert found.starts["watch-2"] == 150
    assert found.lengths["watch-2"] == 240 == int(policy().longest_watch)
    assert found.starts["watch-1"] + found.lengths["watch-1"] >= 160


def test_nobody_waits_for_who_will_be_gone():
    """Ann is on p until 100 and away from 110: s, 30 min, does not wait for her."""
    tasks = (task("p", 60, {"cut": 1}), task("s", 30, {"cut": 1}))
    procedure = day(tasks, (), (person("ann", "cut"), person("bea", "cut")))
    before = planned(procedure, {"p": 0, "s": 60}, {"p": ["ann"], "s": ["ann"]})
    late = [Delay(task="p", minutes=40)]
    assert pushed(before, 10, late).starts["s"] == 100
    gone = [*late, Absence(staff="ann", begin=110, end=900)]
    assert pushed(before, 10, gone).starts["s"] == 60
