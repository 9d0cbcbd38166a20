"""Whom an event concerns, and what a change to the others costs."""

from dataclasses import replace

import pytest
from choreography_days import after, day, person, task
from replan_days import people_on, planned, policy

from diptych.choreography import replan_first, replan_least
from diptych.choreography.concern import find_concerned
from diptych.model import Absence, Broken, Delay, Demand, HazardResponse, Started, Stopped, Subject


def three_steps():
    """p by Ann, then q by Bea with the drill, then s by Cas, who also sews; Dee is free."""
    tasks = (
        task("p", 60, {"cut": 1}),
        task("q", 40, {"cut": 1}, equipment={"drill": 1}),
        task("s", 30, {"cut": 1}),
    )
    staff = (
        person("ann", "cut"),
        person("bea", "cut"),
        person("cas", "cut", "sew"),
        person("dee", "cut"),
    )
    procedure = day(tasks, (after("p", "q"), after("q", "s")), staff, equipment={"drill": 1})
    starts = {"p": 0, "q": 60, "s": 100}
    return planned(procedure, starts, {"p": ["ann"], "q": ["bea"], "s": ["cas"]})


def called(skill):
    return HazardResponse(
        title="call",
        subject=Subject.BOTH,
        begin=20,
        end=30,
        demands=(Demand(skill=skill, count=1),),
        equipment={},
    )


@pytest.mark.parametrize(
    ("event", "people"),
    [
        (Delay(task="p", minutes=10), {"ann"}),
        (Started(task="q", at=60), {"bea"}),
        (Absence(staff="dee", begin=10, end=20), {"dee"}),
        (Broken(equipment="drill", count=1, begin=90, end=110), {"bea"}),
        (Broken(equipment="drill", count=1, begin=100, end=110), set()),
        (called("sew"), {"cas"}),
        (Stopped(after="p", dropped=("q", "s")), {"ann", "bea", "cas"}),
    ],
)
def test_an_event_concerns_those_on_its_tasks_away_or_called(event, people):
    assert find_concerned(three_steps(), [event]) == people


def test_a_change_to_bystanders_costs_more():
    """Bea is away for q: whoever takes over is a bystander, Bea is not."""
    way = replan_first(three_steps(), 10, [Absence(staff="bea", begin=60, end=900)], policy())
    assert len(way.people) == 2
    duty = sum(change.cost for change in way.people)
    told = policy().told + policy().bystander
    assert way.cost == policy().end_minute * 130 + duty + told
    assert policy().bystander > policy().told


def test_of_two_who_could_the_one_who_is_concerned_takes_over():
    """Ann is on the step that is late and is free when Bea's step comes; so is Dee."""
    before = three_steps()
    events = [Delay(task="p", minutes=5), Absence(staff="bea", begin=50, end=900)]
    assert people_on(replan_least(before, 10, events, policy()), "q") == {"ann"}
    swapped = replace(policy(), told=policy().bystander, bystander=policy().told)
    assert people_on(replan_least(before, 10, events, swapped), "q") <= {"cas", "dee"}
