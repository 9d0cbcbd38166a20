"""Watches put in where they let people not concerned keep what the plan gave them."""

import sys
from dataclasses import replace

import pytest
from choreography_days import after, day, person, task
from replan_days import people_on, planned, policy, starts_of

from diptych.choreography import check, replan, replan_first, replan_least
from diptych.choreography.bystanders import begin_later, share_of_bystanders, spare_bystanders
from diptych.choreography.push import find_floor, push_right
from diptych.choreography.reading import read_remainder
from diptych.choreography.replan_search import Search
from diptych.model import Absence, Delay, Demand, HazardResponse, Rest, Subject

EVENT = [Delay(task="work", minutes=30)]


def watched_tasks(subject=Subject.BOTH, mark=""):
    """Tasks of `watched_day`, for one twin where a subject is given; the mark ends each name."""
    watches = tuple(
        replace(task(f"watch{mark}-{n}", 240, {"gas": 1}, subject=subject), step=0) for n in (1, 2)
    )
    lengths = {"open": 1, "work": 189, "beside": 40, "rest": 230}
    asked = {"beside": {"cut": 1, "gas": 1}}
    return (
        *(
            task(name + mark, length, asked.get(name, {"cut": 1}), subject=subject)
            for name, length in lengths.items()
        ),
        *watches,
        task(f"over{mark}", 10, {"cut": 1}, subject=subject),
    )


def watched_order(mark=""):
    return (
        after(f"open{mark}", f"work{mark}"),
        after(f"work{mark}", f"beside{mark}"),
        after(f"beside{mark}", f"rest{mark}"),
        after(f"rest{mark}", f"over{mark}"),
        after(f"watch{mark}-1", f"watch{mark}-2", -60, -10),
        after(f"watch{mark}-2", f"over{mark}", -10, 0),
    )


def watched_staff(mark="", team="both"):
    skills = {"ann": "gas", "bea": "gas", "cas": "cut", "dan": "gas"}
    return tuple(person(who + mark, skill, team=team) for who, skill in skills.items())


def watched_plan(mark=""):
    """When each task begins, and who holds it."""
    starts = {"open": 0, "work": 1, "beside": 190, "rest": 230, "over": 460}
    held = {name: ["cas"] for name in starts} | {"beside": ["cas", "bea"]}
    starts = {name + mark: start for name, start in starts.items()}
    held = {name + mark: [who + mark for who in people] for name, people in held.items()}
    starts |= {f"watch{mark}-1": 0, f"watch{mark}-2": 230}
    held |= {f"watch{mark}-1": [f"ann{mark}"], f"watch{mark}-2": [f"bea{mark}"]}
    return starts, held


REST = Rest(longest_stretch=600, shortest_break=15, longest_work=900)


def watched_day(**changes):
    """Ann watches until 240, Bea from 230; before that Bea has 40 min beside Cas, at 190.

    Both watches are as long as a watch may be: 30 min more of Cas's work ask for a third one.
    Dan is free all day.
    """
    procedure = day(watched_tasks(), watched_order(), watched_staff(), rest=REST, **changes)
    return planned(procedure, *watched_plan())


def twin_day():
    """The watched day once for each twin, each with people of its own colour."""
    marks = {"-a": Subject.A, "-b": Subject.B}
    tasks = [one for mark, twin in marks.items() for one in watched_tasks(twin, mark)]
    order = [rule for mark in marks for rule in watched_order(mark)]
    staff = [one for mark, twin in marks.items() for one in watched_staff(mark, str(twin))]
    plans = [watched_plan(mark) for mark in marks]
    starts, held = plans[0][0] | plans[1][0], plans[0][1] | plans[1][1]
    return planned(day(tasks, order, staff, rest=REST), starts, held)


def crew(before, events):
    """What is left of that day, and the first way to go on, times pushed and people found."""
    remainder = read_remainder(before, 10, events, policy())
    search = Search(remainder=remainder, shift=push_right(remainder), policy=policy())
    return remainder, search.crew_pushed(nudge=True)


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


def test_one_person_alone_is_spared_too():
    """Dan, who is away for ten minutes, is concerned: of the others only Bea would be changed."""
    events = [*EVENT, Absence(staff="dan", begin=10, end=20)]
    hasty = replan_first(watched_day(), 10, events, replace(policy(), bystander_share=1.0))
    assert {change.staff for change in hasty.people} == {"bea", "dan"}
    way = replan_first(watched_day(), 10, events, policy())
    assert {change.staff for change in way.people} == {"dan"}


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
    remainder, plan = crew(watched_day(), EVENT)
    spared = spare_bystanders(remainder, plan, (("gas", ""),), since, policy())
    assert spared is not None
    for one, start in plan.starts.items():
        if start < since:
            assert spared[1].starts[one] == start
            assert set(spared[1].holders.get(one, ())) == set(plan.holders.get(one, ()))
    relieved = spared[1].starts["watch-2"] > plan.starts["watch-2"]
    assert relieved is (since == 100)


def test_a_group_without_watches_is_let_be():
    remainder, plan = crew(watched_day(), EVENT)
    assert spare_bystanders(remainder, plan, (("cut", ""),), 0, policy()) is None


def test_who_responds_before_the_second_look_stays():
    """Bea responds at 100; from 150 on Dan is called anyway, which would make him the cheaper."""
    response = HazardResponse(
        title="bleeding",
        subject=Subject.BOTH,
        begin=100,
        end=120,
        demands=(Demand(skill="gas", count=1),),
        equipment={},
        pauses=1,
    )
    remainder, plan = crew(watched_day(), [*EVENT, response])
    (pinned,) = remainder.pins
    plan = replace(plan, holders={**plan.holders, pinned: (("bea", "gas"),)})
    spared = spare_bystanders(remainder, plan, (("gas", ""),), 150, policy())
    assert spared is not None
    assert ("dan", "gas") in {one for people in spared[1].holders.values() for one in people}
    assert spared[1].holders[pinned] == (("bea", "gas"),)


def test_order_comes_from_the_day_and_not_from_the_hash_of_a_name():
    remainder, plan = crew(twin_day(), [Delay(task=f"work-{twin}", minutes=30) for twin in "ab"])
    later = begin_later(remainder, plan, 400)
    assert len(later.begun) >= len(remainder.begun) + 4
    begun = [task for task in plan.starts if task in later.begun and task not in remainder.begun]
    assert list(later.begun) == [*remainder.begun, *begun]
    spared = spare_bystanders(remainder, plan, (("gas", "A"),), 100, policy())
    assert spared is not None
    left, found = spared
    assert list(found.starts) == list(found.lengths) == [one.id for one in left.procedure.tasks]


def test_twins_are_spared_alike():
    """With one twin spared half of the others are changed, which would be few enough."""
    events = [Delay(task=f"work-{twin}", minutes=30) for twin in "ab"]
    before = twin_day()
    hasty = replan_first(before, 10, events, replace(policy(), bystander_share=1.0))
    assert {one.staff for one in hasty.people} == {"bea-a", "dan-a", "bea-b", "dan-b"}
    way = replan_first(before, 10, events, replace(policy(), bystander_share=0.5))
    assert way.schedule.checked
    assert {one.staff for one in way.people} == {"dan-a", "dan-b"}


@pytest.mark.parametrize("answer", [replan_first, replan_least])
def test_a_bound_belongs_to_the_watches_of_the_answer(answer, monkeypatch):
    """An end proven for the first watches alone does not make the spared way an optimum."""
    asked = []

    def prove(remainder):
        asked.append({one.id for one in remainder.procedure.tasks})
        floor = find_floor(remainder)
        return floor if asked[-1] == asked[0] else replace(floor, end=450)

    monkeypatch.setattr(sys.modules[replan.__module__], "find_floor", prove)
    way = answer(watched_day(), 10, EVENT, policy())
    assert {one.id for one in way.schedule.procedure.tasks} != asked[0]
    assert (way.schedule.bound, way.schedule.makespan) == (450, 500)
    assert way.schedule.status == "feasible"
