"""Watches put in where they let people not concerned keep what the plan gave them."""

from dataclasses import replace

import pytest
from choreography_days import after, day, person, task
from replan_days import people_on, planned, policy, starts_of

from diptych.choreography import check, replan_first
from diptych.choreography.bystanders import share_of_bystanders, spare_bystanders
from diptych.choreography.push import push_right
from diptych.choreography.reading import read_remainder
from diptych.choreography.replan_search import Search
from diptych.model import Delay, Rest

EVENT = [Delay(task="work", minutes=30)]


def watched_day(**changes):
    """Ann watches until 240, Bea from 230; before that Bea has 40 min beside Cas, at 190.

    Both watches are as long as a watch may be: 30 min more of Cas's work ask for a third one.
    Dan is free all day.
    """
    watches = tuple(replace(task(f"watch-{n}", 240, {"gas": 1}), step=0) for n in (1, 2))
    tasks = (
        task("open", 1, {"cut": 1}),
        task("work", 189, {"cut": 1}),
        task("beside", 40, {"cut": 1, "gas": 1}),
        task("rest", 230, {"cut": 1}),
        *watches,
        task("over", 10, {"cut": 1}),
    )
    order = (
        after("open", "work"),
        after("work", "beside"),
        after("beside", "rest"),
        after("rest", "over"),
        after("watch-1", "watch-2", -60, -10),
        after("watch-2", "over", -10, 0),
    )
    staff = (person("ann", "gas"), person("bea", "gas"), person("cas", "cut"), person("dan", "gas"))
    rest = Rest(longest_stretch=600, shortest_break=15, longest_work=900)
    starts = {"open": 0, "work": 1, "beside": 190, "rest": 230, "over": 460}
    starts |= {"watch-1": 0, "watch-2": 230}
    held = {name: ["cas"] for name in starts} | {"beside": ["cas", "bea"]}
    held |= {"watch-1": ["ann"], "watch-2": ["bea"]}
    return planned(day(tasks, order, staff, rest=rest, **changes), starts, held)


def test_a_short_watch_relieves_who_is_still_held_elsewhere():
    """Dan watches from 230 to 270; Bea stays beside Cas until 260, as the plan has it."""
    before = watched_day()
    way = replan_first(before, 10, EVENT, policy())
    assert way.schedule.checked
    assert check(way.schedule.procedure, way.schedule) == ()
    assert people_on(way, "beside") == {"cas", "bea"}
    assert people_on(way, "watch-2") == {"bea"}
    assert {change.staff for change in way.people} == {"dan"}
    (added,) = set(starts_of(way)) - {entry.task for entry in before.assignments}
    added = way.schedule.assignment(added)
    assert added.end - added.start >= policy().shortest_watch
    assert added.end >= starts_of(way)["watch-2"] + 10
    assert starts_of(way)["watch-2"] >= 260


def test_a_way_that_changes_few_people_is_let_be():
    """Without the second look Dan takes Bea's duty: two people are told."""
    patient = replace(policy(), bystander_share=1.0)
    way = replan_first(watched_day(), 10, EVENT, patient)
    assert {change.staff for change in way.people} == {"bea", "dan"}
    spared = replan_first(watched_day(), 10, EVENT, policy())
    assert spared.cost < way.cost


def test_who_is_not_concerned_is_counted_once():
    before = watched_day()
    remainder = read_remainder(before, 10, EVENT, policy())
    assert remainder.concerned == {"cas"}
    way = replan_first(before, 10, EVENT, replace(policy(), bystander_share=1.0))
    assert share_of_bystanders(remainder, way.people) == pytest.approx(2 / 3)
    assert share_of_bystanders(remainder, ()) == 0


@pytest.mark.parametrize("since", [100, 235])
def test_what_begins_before_the_second_look_stays(since):
    """Before 235 the first watch hands over and Bea's duty has begun: only what follows moves."""
    remainder = read_remainder(watched_day(), 10, EVENT, policy())
    search = Search(remainder=remainder, shift=push_right(remainder), policy=policy())
    plan = search.crew_pushed(nudge=True)
    spared = spare_bystanders(remainder, plan, (("gas", ""),), since, policy())
    assert spared is not None
    for one, start in plan.starts.items():
        if start < since:
            assert spared[1].starts[one] == start
            assert set(spared[1].holders.get(one, ())) == set(plan.holders.get(one, ()))
    relieved = spared[1].starts["watch-2"] > plan.starts["watch-2"]
    assert relieved is (since == 100)


def test_a_day_without_watches_is_let_be():
    before = watched_day()
    remainder = read_remainder(before, 10, EVENT, policy())
    search = Search(remainder=remainder, shift=push_right(remainder), policy=policy())
    plan = search.crew_pushed(nudge=True)
    assert spare_bystanders(remainder, plan, (("cut", ""),), 0, policy()) is None
