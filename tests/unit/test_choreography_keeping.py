"""Rest while the times are open, groups that are stuck, spare courses, and what refusals name."""

from dataclasses import replace

import pytest
from choreography_days import after, day, person, task
from replan_days import planned, policy

from diptych.choreography import replan_first
from diptych.choreography.ahead import add_keepers, build_ahead, measure_cost, seal_people
from diptych.choreography.keeping import keep_rested
from diptych.choreography.push import push_right
from diptych.choreography.reading import read_remainder
from diptych.choreography.rejoin import join_people
from diptych.choreography.relief import Spare
from diptych.choreography.replan_search import Search
from diptych.choreography.retime import Effort, is_impossible, solve_ahead
from diptych.choreography.sparing import leave_out_spare
from diptych.model import Absence, Delay, Infeasible, Rest


def rest_day(most=None, **changes):
    """Ann cuts from 0 to 100 and from 120 to 180; at most 120 min without a break of 15."""
    tasks = (task("p", 100, {"cut": 1}), task("q", 40, {"sew": 1}), task("s", 60, {"cut": 1}))
    rest = Rest(longest_stretch=120, shortest_break=15, longest_work=900, **changes)
    staff = (person("ann", "cut"), person("cas", "sew"))
    order = (after("p", "s", 0, most), after("q", "s"))
    procedure = day(tasks, order, staff, rest=rest)
    held = {"p": ["ann"], "q": ["cas"], "s": ["ann"]}
    return planned(procedure, {"p": 0, "q": 0, "s": 120}, held)


@pytest.mark.parametrize(("keep", "begins"), [(False, 115), (True, 130)])
def test_times_leave_a_break_to_who_keeps_a_duty(keep, begins):
    remainder = read_remainder(rest_day(), 10, [Delay(task="p", minutes=15)], policy())
    ahead = build_ahead(remainder, 300)
    add_keepers(ahead)
    if keep:
        keep_rested(ahead)
    seal_people(ahead)
    ahead.model.add(ahead.held["s", "cut", "ann"] == 1)
    ahead.model.minimize(measure_cost(ahead, policy()))
    timing = solve_ahead(ahead, policy(), Effort(work=1.0), None)
    assert (timing.status, timing.starts["s"]) == ("optimal", begins)


@pytest.mark.parametrize(
    ("limit", "keeps"),
    [
        ({"longest_work": 174}, 0),
        ({"longest_work": 175}, 1),
        ({"longest_span": 189}, 0),
        ({"longest_span": 190}, 1),
    ],
)
def test_who_would_work_too_long_does_not_keep_the_duty(limit, keeps):
    """With p until 115 and s from 130 to 190, Ann works 175 min over 190."""
    before = rest_day()
    rest = replace(before.procedure.rest, **limit)
    before = replace(before, procedure=replace(before.procedure, rest=rest))
    remainder = read_remainder(before, 10, [Delay(task="p", minutes=15)], policy())
    ahead = build_ahead(remainder, 300)
    add_keepers(ahead)
    keep_rested(ahead)
    seal_people(ahead)
    held = ahead.held["s", "cut", "ann"]
    ahead.model.maximize(held)
    assert solve_ahead(ahead, policy(), Effort(work=1.0), None).cost == keeps


def test_one_person_does_one_after_the_other_what_two_did_at_once():
    """Bea is called away: Ann takes her step after her own, which nobody else can."""
    tasks = (
        task("p", 60, {"cut": 1}),
        task("s", 30, {"cut": 1}),
        task("t", 40, {"cut": 1}),
    )
    staff = (person("ann", "cut"), person("bea", "cut"))
    procedure = day(tasks, (after("p", "s"), after("p", "t")), staff)
    before = planned(
        procedure, {"p": 0, "s": 60, "t": 60}, {"p": ["ann"], "s": ["ann"], "t": ["bea"]}
    )
    remainder = read_remainder(before, 10, [Absence(staff="bea", begin=50, end=900)], policy())
    search = Search(remainder=remainder, shift=push_right(remainder), policy=policy())
    assert search.crew_pushed(nudge=False).stuck
    found = search.crew_pushed(nudge=True)
    assert found.status == "feasible"
    spans = sorted((found.starts[one], found.starts[one] + found.lengths[one]) for one in "st")
    assert spans[0][0] == 60
    assert spans[0][1] <= spans[1][0]
    assert {who for one in "st" for who, _ in found.holders[one]} == {"ann"}


def dosed_day():
    """Doses of 5 min, 50 to 100 min apart, until a step at 310."""
    tasks = (
        task("open", 10, {"cut": 1}),
        task("work", 300, {"cut": 1}),
        *(replace(task(f"dose-{n}", 5, {"give": 1}), step=0) for n in (1, 2, 3)),
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


@pytest.mark.parametrize(("close", "stays"), [(310, False), (325, False), (326, True)])
def test_a_spare_dose_is_left_out_unless_the_wait_asks_for_it(close, stays):
    """The third dose ends at 225: it reaches 325 and no further."""
    before = dosed_day()
    plain = read_remainder(before, 150, [], policy())
    wider = read_remainder(before, 150, [], policy(), Spare(courses=1))
    known = {one.id for one in plain.procedure.tasks}
    extra = {one.id for one in wider.procedure.tasks} - known
    assert extra == {"dose-4"}
    starts = {"open": 0, "work": 10, "dose-1": 50, "dose-2": 130, "dose-3": 220}
    starts |= {"dose-4": 290, "close": close}
    lengths = {one.id: one.duration.planned for one in wider.procedure.tasks}
    left = leave_out_spare(wider, known, starts, lengths)
    assert ("dose-4" in {one.id for one in left.procedure.tasks}) is stays
    if not stays:
        assert set(left.procedure.precedence) == set(plain.procedure.precedence)


def test_a_refusal_names_the_rule_of_rest_that_binds():
    """s follows p within 5 min, so Ann cannot rest between 115 and 120 min of cutting."""
    before = rest_day(most=25, longest_span=700)
    with pytest.raises(Infeasible) as caught:
        replan_first(before, 90, [Delay(task="s", minutes=70)], policy())
    assert len(caught.value.conflicts) == 1
    assert "a break of 15 min after at most 120 min" in caught.value.conflicts[0]
    assert "in all" not in caught.value.conflicts[0]
    assert "first to last duty" not in caught.value.conflicts[0]


def test_who_is_away_rests_meanwhile():
    """Ann is away from 100 to 150: that is her break, before 60 min more."""
    before = rest_day()
    remainder = read_remainder(before, 90, [Absence(staff="ann", begin=100, end=150)], policy())
    ahead = build_ahead(remainder, 400)
    join_people(ahead, [(("cut", ""),)])
    seal_people(ahead)
    ahead.model.minimize(ahead.makespan)
    assert solve_ahead(ahead, policy(), Effort(work=1.0), None).starts["s"] == 150


def test_short_duties_far_apart_each_have_their_break():
    """Ann has 30 min of work every 200 min, six times, and may work 120 min on end."""
    tasks = tuple(task(f"t{n}", 30, {"cut": 1}) for n in range(6))
    order = tuple(after(f"t{n}", f"t{n + 1}", 170, 170) for n in range(5))
    rest = Rest(longest_stretch=120, shortest_break=15, longest_work=200)
    procedure = day(tasks, order, (person("ann", "cut", end=2000),), rest=rest)
    starts = {f"t{n}": 200 * n for n in range(6)}
    before = planned(procedure, starts, {key: ["ann"] for key in starts})
    remainder = read_remainder(before, 10, [], policy())
    ahead = build_ahead(remainder, before.makespan)
    join_people(ahead, [(("cut", ""),)])
    seal_people(ahead)
    assert not is_impossible(ahead, policy())
