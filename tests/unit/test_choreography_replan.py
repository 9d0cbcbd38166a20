"""Re-planning on days small enough to check by hand."""

from dataclasses import replace
from itertools import pairwise

import pytest
from choreography_days import after, day, demonstration, person, task
from replan_days import people_on, planned, policy, require_sound, starts_of, ways

from diptych.choreography import (
    replan,
    replan_by_shift,
    replan_first,
    replan_least,
    solve,
    stop_after,
)
from diptych.model import (
    Absence,
    Broken,
    Delay,
    Demand,
    Finished,
    HazardResponse,
    Infeasible,
    InputError,
    Rest,
    Started,
    Stopped,
    Subject,
)

CALM = Rest(longest_stretch=600, shortest_break=15, longest_work=900)


def two_lines(**changes):
    """p then s on one line, q beside p with 20 min in hand before s."""
    tasks = (task("p", 60, {"cut": 1}), task("q", 40, {"sew": 1}), task("s", 30, {"cut": 1}))
    order = (after("p", "s"), after("q", "s"))
    staff = (person("ann", "cut"), person("cas", "sew"), person("bea", "cut"))
    procedure = day(tasks, order, staff, **changes)
    starts = {"p": 0, "q": 0, "s": 60}
    return planned(procedure, starts, {"p": ["ann"], "q": ["cas"], "s": ["ann"]})


def test_a_delay_within_the_slack_changes_nothing_else():
    before = two_lines()
    found = replan(before, 10, [Delay(task="q", minutes=10)], policy())
    require_sound(before, 10, found)
    for way in ways(found):
        assert starts_of(way) == {"p": 0, "q": 0, "s": 60}
        assert (way.schedule.makespan, way.people) == (90, ())
    assert found.least_change.schedule.status == "optimal"
    assert [change.task for change in found.least_change.tasks] == ["q"]


def test_a_delay_beyond_the_slack_moves_what_follows():
    before = two_lines()
    found = replan(before, 10, [Delay(task="q", minutes=35)], policy())
    require_sound(before, 10, found)
    assert starts_of(found.earliest)["s"] == 75
    assert found.earliest.schedule.bound == found.earliest.schedule.makespan == 105
    words = [change.words for change in found.least_change.tasks]
    assert words == [
        "Title q: ends 08:15 instead of 07:40",
        "Title s: 08:15 instead of 08:00 (15 min later)",
    ]


def clamp_day(most=5):
    """x, then divide, both by Cas; divide within 5 min after Ann's clamp."""
    tasks = (
        task("x", 30, {"sew": 1}),
        task("clamp", 20, {"cut": 1}),
        task("divide", 10, {"sew": 1}),
    )
    order = (after("clamp", "divide", 0, most),)
    procedure = day(tasks, order, (person("ann", "cut"), person("cas", "sew")))
    staff = {"x": ["cas"], "clamp": ["ann"], "divide": ["cas"]}
    return planned(procedure, {"x": 0, "clamp": 10, "divide": 30}, staff)


def test_a_clamp_waits_when_its_division_must():
    before = clamp_day()
    events = [Delay(task="x", minutes=20)]
    found = replan(before, 5, events, policy())
    require_sound(before, 5, found)
    for way in ways(found):
        starts = starts_of(way)
        assert starts["divide"] >= 50
        assert 0 <= starts["divide"] - (starts["clamp"] + 20) <= 5
    shifted = replan_by_shift(before, 5, events, policy())
    assert shifted is not None
    assert starts_of(shifted) == {"x": 0, "clamp": 25, "divide": 50}


def test_a_clamp_that_has_begun_cannot_wait():
    """Ann clamps until 30; Cas is held until 50; the wait of 5 min cannot be kept."""
    with pytest.raises(Infeasible) as caught:
        replan(clamp_day(), 15, [Delay(task="x", minutes=20)], policy())
    assert any(
        "divide must begin within 5 min after clamp ends" in rule for rule in caught.value.conflicts
    )
    assert caught.value.exit_code == 4


def test_the_only_other_person_takes_over():
    before = two_lines()
    found = replan(before, 30, [Absence(staff="ann", begin=60, end=1000)], policy())
    require_sound(before, 30, found)
    least = found.least_change
    assert people_on(least, "s") == {"bea"}
    assert [(c.staff, c.called, c.lead) for c in least.people] == [
        ("ann", False, 30),
        ("bea", True, 30),
    ]
    assert replan_by_shift(before, 30, [Absence(staff="ann", begin=60, end=1000)], policy()) is None


def test_a_change_soon_costs_more_than_one_told_in_time():
    assert policy().change_cost("neurosurgeon", 5) > policy().change_cost("neurosurgeon", 60)
    assert policy().change_cost("neurosurgeon", 60) > policy().change_cost("neurosurgeon", 300)
    assert policy().change_cost("unheard-of", 60) == policy().change


def test_two_absent_people_are_told_with_their_skill():
    gone = [Absence(staff=who, begin=60, end=1000) for who in ("ann", "bea")]
    with pytest.raises(Infeasible, match="cut") as caught:
        replan(two_lines(), 30, gone, policy())
    assert caught.value.conflicts
    assert all(rule for rule in caught.value.conflicts)


def test_somebody_called_home_is_relieved_at_once():
    """Ann leaves in the middle of p: Bea goes on with it in the same minute."""
    before = two_lines()
    procedure = before.procedure
    urgent = replace(procedure, tasks=tuple(replace(one, priority=3) for one in procedure.tasks))
    before = replace(before, procedure=urgent)
    found = replan(before, 20, [Absence(staff="ann", begin=25, end=1000)], policy())
    first, second = (found.least_change.schedule.assignment(id) for id in ("p", "p~2"))
    assert (first.start, first.end, second.start, second.end) == (0, 25, 25, 60)
    assert [who for who, _ in first.staff] == ["ann"]
    assert [who for who, _ in second.staff] == ["bea"]


def response(skill, count, begin, end, pauses=2):
    return HazardResponse(
        title="Bleeding",
        subject=Subject.BOTH,
        begin=begin,
        end=end,
        demands=(Demand(skill=skill, count=count),),
        equipment={},
        pauses=pauses,
    )


def test_work_that_can_wait_pauses_for_a_response():
    before = two_lines()
    found = replan(before, 20, [response("sew", 1, 20, 35)], policy())
    require_sound(before, 20, found)
    entries = {e.task: (e.start, e.end) for e in found.least_change.schedule.assignments}
    assert entries["response-bleeding"] == (20, 35)
    assert entries["q"] == (0, 20)
    assert entries["q~2"] == (35, 55)
    assert entries["s"] == (60, 90)


def test_work_that_nobody_is_called_from_is_not_cut():
    before = two_lines()
    found = replan(before, 20, [response("cut", 1, 20, 35)], policy())
    assert {e.task for e in found.least_change.schedule.assignments} == {
        "p",
        "q",
        "s",
        "response-bleeding",
    }
    assert people_on(found.least_change, "response-bleeding") == {"bea"}


def test_a_response_that_cannot_be_staffed_is_told_with_minutes():
    with pytest.raises(Infeasible, match=r"sew: 2 wanted 07:20 to 07:35 .*, 1 there"):
        replan(two_lines(), 20, [response("sew", 2, 20, 35)], policy())


def test_critical_work_does_not_pause():
    before = two_lines()
    urgent = replace(
        before.procedure, tasks=tuple(replace(one, priority=3) for one in before.procedure.tasks)
    )
    before = replace(before, procedure=urgent)
    with pytest.raises(Infeasible, match=r"sew: 2 wanted 07:20 to 07:35 .*q.*, 1 there"):
        replan(before, 20, [response("sew", 1, 20, 35)], policy())


def test_broken_kit_holds_up_who_needs_it():
    tasks = (
        task("p", 60, {"cut": 1}),
        task("s", 30, {"cut": 1}, equipment={"drill": 1}),
    )
    procedure = day(tasks, (after("p", "s"),), (person("ann", "cut"),), equipment={"drill": 1})
    before = planned(procedure, {"p": 0, "s": 60}, {"p": ["ann"], "s": ["ann"]})
    broken = Broken(equipment="drill", count=1, begin=40, end=80)
    found = replan(before, 30, [broken], policy())
    require_sound(before, 30, found)
    assert starts_of(found.least_change)["s"] == 80


def test_rest_counts_what_was_done_before():
    """Ann may work 100 min in all: 60 are done with p, so s of 30 fits and 50 does not."""
    before = two_lines(rest=replace(CALM, longest_stretch=100, longest_work=100))
    held = replan(before, 10, [Delay(task="s", minutes=20)], policy())
    require_sound(before, 10, held)
    assert people_on(held.least_change, "s") == {"bea"}
    kept = replan(before, 10, [Delay(task="s", minutes=10)], policy())
    assert people_on(kept.least_change, "s") == {"ann"}


def test_a_task_that_overruns_a_rest_limit_is_handed_over():
    """p grows to 130 min; Ann may stand 100: somebody else goes on at minute 100."""
    before = two_lines(rest=replace(CALM, longest_stretch=100, longest_work=200))
    found = replan(before, 50, [Delay(task="p", minutes=70)], policy())
    require_sound(before, 50, found)
    second = found.least_change.schedule.assignment("p~2")
    assert second.start >= 100
    assert {who for who, _ in second.staff} == {"bea"} or second.start >= 115


def test_a_task_that_ended_early_lets_the_next_begin():
    before = two_lines()
    events = [Finished(task="p", at=40), Finished(task="q", at=30)]
    found = replan(before, 45, events, policy())
    require_sound(replace(before), 45, found)
    assert starts_of(found.earliest)["s"] == 45
    assert found.earliest.schedule.makespan == 75


def test_a_task_that_was_late_to_begin_counts_from_its_real_start():
    found = replan(two_lines(), 30, [Started(task="q", at=25)], policy())
    assert found.least_change.schedule.assignment("q").end == 65
    assert starts_of(found.earliest)["s"] == 65


def test_a_task_whose_person_is_still_at_work_has_not_begun():
    """p overran: s, planned from 60, cannot have begun at 70."""
    found = replan(two_lines(), 70, [Delay(task="p", minutes=25)], policy())
    assert starts_of(found.least_change)["s"] == 85


def test_a_task_that_follows_what_still_runs_has_not_begun():
    """q overran to 75: s, planned from 60 with Ann free, cannot have begun at 70."""
    found = replan(two_lines(), 70, [Delay(task="q", minutes=35)], policy())
    assert starts_of(found.least_change)["s"] == 75


def test_work_before_a_break_counts_towards_the_work_of_the_day():
    """p of 60, a break of 20, then s: with 50 min Ann would work 110 of 100; Bea takes it."""
    tasks = (task("p", 60, {"cut": 1}), task("s", 30, {"cut": 1}))
    rest = Rest(longest_stretch=100, shortest_break=15, longest_work=100)
    staff = (person("ann", "cut"), person("bea", "cut"))
    procedure = day(tasks, (after("p", "s", 20),), staff, rest=rest)
    before = planned(procedure, {"p": 0, "s": 80}, {"p": ["ann"], "s": ["ann"]})
    found = replan(before, 10, [Delay(task="s", minutes=20)], policy())
    assert people_on(found.least_change, "s") == {"bea"}


def staged_day():
    """Scalp, clamp, separation, then closing of each twin in its own field."""
    tasks = (
        task("scalp", 30, {"cut": 1}),
        task("clamp-01", 20, {"cut": 1}),
        task("separation", 30, {"cut": 1}),
        task("closure-A", 40, {"sew": 1}, subject=Subject.A, zones={"sterile-A": 1}),
        task("closure-B", 40, {"sew": 1}, subject=Subject.B, zones={"sterile-B": 1}),
    )
    order = (
        after("scalp", "clamp-01"),
        after("clamp-01", "separation"),
        after("separation", "closure-A"),
        after("separation", "closure-B"),
    )
    staff = (person("ann", "cut"), person("cas", "sew"), person("dee", "sew"))
    zones = {"sterile-A": 1, "sterile-B": 1, "sterile-joined": 1}
    procedure = day(tasks, order, staff, zones=zones)
    milestone = replace(procedure.milestones[0], task="separation")
    procedure = replace(procedure, milestones=(milestone,))
    starts = {"scalp": 0, "clamp-01": 30, "separation": 50, "closure-A": 80, "closure-B": 80}
    own = {"closure-A": ["cas"], "closure-B": ["dee"]}
    return planned(procedure, starts, {key: ["ann"] for key in starts} | own)


def test_a_stage_that_stops_is_closed_in_the_joint_field():
    before = staged_day()
    event = stop_after(before, "clamp-01", 40, policy().closing)
    assert event == Stopped(after="clamp-01", dropped=("separation",))
    found = replan(before, 40, [event], policy())
    require_sound(before, 40, found)
    starts = starts_of(found.least_change)
    assert sorted((starts["closure-A"], starts["closure-B"])) == [50, 90]
    assert found.least_change.schedule.milestones == {}
    assert "without separation" in found.notes[0]


def test_work_that_was_never_opened_is_not_closed():
    before = staged_day()
    bare = replace(
        before.procedure,
        tasks=tuple(t for t in before.procedure.tasks if t.id != "scalp"),
        precedence=tuple(r for r in before.procedure.precedence if r.before != "scalp"),
    )
    entries = tuple(e for e in before.assignments if e.task != "scalp")
    event = stop_after(
        replace(before, procedure=bare, assignments=entries), "clamp-01", 40, policy().closing
    )
    assert set(event.dropped) == {"separation", "closure-A", "closure-B"}


def test_what_has_begun_cannot_be_left_out():
    with pytest.raises(InputError, match="p cannot be left out"):
        replan(two_lines(), 10, [Stopped(after="q", dropped=("p",))], policy())


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Delay(task="nothing", minutes=5), "no task 'nothing'"),
        (Absence(staff="nobody", begin=20, end=30), "no person 'nobody'"),
        (Broken(equipment="saw", count=1, begin=20, end=30), "no kit 'saw'"),
        (Absence(staff="ann", begin=0, end=5), "is over at minute 5"),
        (Finished(task="s", at=70), "begins at 60"),
    ],
)
def test_events_that_cannot_be_are_refused(event, words):
    with pytest.raises(InputError, match=words):
        replan(two_lines(), 10, [event], policy())


def test_a_minute_outside_the_day_is_refused():
    with pytest.raises(InputError, match="minute 91 lies outside the day"):
        replan(two_lines(), 91, [], policy())


def test_nothing_happened_nothing_changes():
    before = two_lines()
    found = replan(before, 30, [], policy())
    assert found.least_change.people == ()
    assert found.least_change.tasks == ()
    assert starts_of(found.least_change) == {"p": 0, "q": 0, "s": 60}


def test_the_search_ends_when_it_is_told_to():
    before = two_lines()
    found = replan(before, 10, [Delay(task="q", minutes=35)], policy(), stop=lambda: True)
    require_sound(before, 10, found)


@pytest.fixture(scope="module")
def great_day():
    return solve(demonstration())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("under_way", "event"),
    [
        ("clamp-02", lambda now: Delay(task="clamp-02", minutes=25)),
        ("brain", lambda now: Absence(staff="ns5", begin=now, end=now + 400)),
    ],
)
def test_demonstration_day_goes_on(great_day, under_way, event):
    now = great_day.assignment(under_way).start + 12
    way = replan_first(great_day, now, [event(now)], policy())
    begun = {e.task: e for e in great_day.assignments if e.start < now}
    assert way.schedule.checked
    for task_id, entry in begun.items():
        real = way.schedule.assignment(task_id)
        assert (real.start, real.staff) == (entry.start, entry.staff)
    for number in range(3, 11):
        clamp, divide = (way.schedule.assignment(f"{s}-{number:02d}") for s in ("clamp", "divide"))
        assert 0 <= divide.start - clamp.end <= 5


@pytest.mark.slow
def test_same_question_same_answer(great_day):
    events = [Delay(task="dura", minutes=30), Absence(staff="sn1", begin=620, end=840)]
    one, two = (replan(great_day, 600, events, policy()) for _ in range(2))
    assert one == two


@pytest.mark.slow
def test_a_watch_is_added_where_the_day_outgrows_the_watches():
    procedure = demonstration()
    rest = replace(procedure.rest, longest_span=None, low=None, low_stretch=None)
    great_day = solve(replace(procedure, rest=rest))
    events = [Delay(task="brain", minutes=200)]
    way = replan_least(great_day, 1000, events, policy())
    assert way.schedule.checked
    for twin in "AB":
        watches = [
            e for e in way.schedule.assignments if e.task.startswith(f"watch-nursing-{twin}-")
        ]
        assert watches[-1].end >= way.schedule.assignment(f"handover-{twin}").start
        assert all(e.end - e.start <= 240 for e in watches)
        spans = sorted((e.start, e.end) for e in watches)
        assert all(b[0] <= a[1] for a, b in pairwise(spans))
