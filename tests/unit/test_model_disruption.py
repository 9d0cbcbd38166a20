"""Events of the day are checked at birth; a way to go on survives the way to disk."""

import pytest
from choreography_days import day, person, task
from replan_days import planned, policy

from diptych.choreography import replan_first
from diptych.model import (
    Absence,
    Broken,
    Delay,
    Finished,
    HazardResponse,
    InputError,
    Replan,
    Started,
    Stopped,
    Subject,
)
from diptych.storage.codec import decode, encode


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Delay(task="t", minutes=0), "delay of t is 0 min"),
        (lambda: Started(task="t", at=-1), "t started at minute -1"),
        (lambda: Finished(task="t", at=0), "t finished at minute 0"),
        (lambda: Absence(staff="ann", begin=30, end=30), "absence of ann from minute 30 to 30"),
        (lambda: Broken(equipment="saw", count=0, begin=0, end=9), "0 of saw broken"),
        (lambda: Stopped(after="t", dropped=("t",)), "stop after t"),
        (lambda: Stopped(after="t", dropped=("u", "u")), "expected each once"),
        (
            lambda: HazardResponse(
                title="x", subject=Subject.A, begin=0, end=5, demands=(), equipment={}
            ),
            "asks for nobody and nothing",
        ),
    ],
)
def test_events_that_make_no_sense_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_a_way_to_go_on_survives_the_way_to_disk():
    procedure = day((task("p", 60, {"cut": 1}),), (), (person("ann", "cut"),))
    before = planned(procedure, {"p": 0}, {"p": ["ann"]})
    way = replan_first(before, 30, [Delay(task="p", minutes=20)], policy())
    assert decode(Replan, *encode(way)) == way
