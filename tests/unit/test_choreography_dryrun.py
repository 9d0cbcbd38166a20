"""Rehearsals: what is rehearsed, with whom and when; time logs and what they propose."""

import tomllib
from dataclasses import replace
from math import exp, log, sqrt

import pytest
from choreography_days import after, day, person, task

from diptych.choreography import (
    DryRunPolicy,
    plan_rehearsal,
    read_time_log,
    update_durations,
    write_override,
)
from diptych.choreography.dryparts import EMERGENCY, rank_parts, stem_of
from diptych.choreography.timelog import find_step, update_figures
from diptych.model import Assignment, InputError, InputErrors, Observation, Schedule, Subject
from diptych.tables import SourcedTable, load_table

STEPS = load_table("steps")


def table(**values: float) -> SourcedTable:
    """The table with some values put in the place of its own."""
    made = load_table("dryrun")
    rows = dict(made.rows)
    for name, value in values.items():
        key = name.replace("_", "-")
        fields = {**rows[key].fields, "value": value, "low": min(value, 0), "high": value + 1e4}
        rows[key] = replace(rows[key], fields=fields)
    return replace(made, rows=rows)


def small_day(a: str = "A", b: str = "B") -> Schedule:
    """Lines for each twin, a clamp that cannot be left, separation, a watch handed over."""
    one, two = Subject(a), Subject(b)
    tasks = (
        replace(
            task(f"lines-{a}", 60, {"line": 1}, subject=one, zones={f"head-{a}": 1}), priority=1
        ),
        replace(
            task(f"lines-{b}", 60, {"line": 1}, subject=two, zones={f"head-{b}": 1}), priority=1
        ),
        replace(task("clamp-01", 40, {"cut": 2}), priority=3),
        replace(task("clamp-02", 40, {"cut": 2}), priority=3),
        replace(task("separation", 10, {"cut": 2, "positioning": 1}), priority=3),
        replace(task("watch-1", 100, {"watch": 1}), step=0, priority=3),
        replace(task("watch-2", 100, {"watch": 1}), step=0, priority=3),
    )
    staff = (
        person("la", "line", team=a, end=400),
        person("lb", "line", team=b, end=400),
        person("ca", "cut", "positioning"),
        person("cb", "cut"),
        person("cc", "cut", start=30),
        person("wa", "watch", end=300),
        person("wb", "watch", start=120, end=600),
    )
    order = (after("clamp-02", "separation"), after("watch-1", "watch-2", -30, -5))
    procedure = day(tasks, order, staff, zones={f"head-{a}": 2, f"head-{b}": 2})
    last = replace(procedure.milestones[0], task="separation")
    procedure = replace(procedure, milestones=(last,))
    plan = {
        f"lines-{a}": (0, ("la",)),
        f"lines-{b}": (0, ("lb",)),
        "clamp-01": (60, ("ca", "cb")),
        "clamp-02": (100, ("ca", "cb")),
        "separation": (140, ("cb", "cc", "ca")),
        "watch-1": (0, ("wa",)),
        "watch-2": (90, ("wb",)),
    }
    entries = tuple(
        Assignment(
            task=id,
            start=start,
            end=start + procedure.task(id).duration.planned,
            staff=tuple((who, "cut") for who in people),
        )
        for id, (start, people) in plan.items()
    )
    return Schedule(
        procedure=procedure,
        assignments=entries,
        makespan=190,
        bound=190,
        status="feasible",
        checked=True,
        violations=(),
        milestones={"separation": 150},
        solver="hand",
    )


def parts(schedule: Schedule, policy: DryRunPolicy | None = None):
    return {p.key: p for p in rank_parts(schedule, policy or DryRunPolicy(), table())}


def test_tasks_of_one_kind_are_one_part() -> None:
    found = parts(small_day())
    assert set(found) == {"lines", "clamp", "separation", "watch", EMERGENCY}
    assert found["clamp"].tasks == ("clamp-01", "clamp-02")
    assert found["lines"].people == ("la", "lb")
    assert found["lines"].zones == ("head-A", "head-B")
    assert found["watch"].title.startswith("Hand-over: ")


def test_each_reason_gives_its_weight() -> None:
    reasons = parts(small_day())["separation"].reasons
    policy = DryRunPolicy()
    assert reasons["cannot be left"] == policy.cannot_be_left
    assert reasons["separation"] == policy.separation
    assert reasons["moves an infant"] == policy.moves
    assert reasons["many people"] == policy.many_people
    # three pairs; only (ca, cb) has worked together before
    assert reasons["people who work together nowhere else"] == pytest.approx(2 * 2 / 3, abs=1e-3)
    assert "hand-over" in parts(small_day())["watch"].reasons
    assert "moves an infant" not in parts(small_day())["watch"].reasons
    assert "hand-over" not in parts(small_day())["clamp"].reasons
    none = DryRunPolicy(separation=0.0, moves=0.0)
    assert "separation" not in parts(small_day(), none)["separation"].reasons


def test_parts_are_ranked_by_score() -> None:
    ranked = rank_parts(small_day(), DryRunPolicy(), table())
    assert [p.score for p in ranked] == sorted((p.score for p in ranked), reverse=True)
    assert ranked[0].key == "separation"
    assert ranked[-1].key == "lines"


def test_the_emergency_path_starts_where_most_people_cannot_leave() -> None:
    found = parts(small_day())[EMERGENCY]
    assert found.tasks == ("clamp-01", "separation")
    assert set(found.people) == {"ca", "cb", "cc"}


def test_lengths_follow_the_pace_between_their_limits() -> None:
    found = {p.key: p.minutes for p in rank_parts(small_day(), DryRunPolicy(), table(pace=0.5))}
    assert (found["clamp"], found["lines"], found["separation"]) == (20, 20, 10)
    assert found["watch"] == 10


def test_the_full_session_has_the_emergency_path_last_and_fits_its_length() -> None:
    plan = plan_rehearsal(small_day(), table=table(full_length=35))
    full = plan.sessions[-1]
    assert (full.kind, full.days_before) == ("full", 2)
    assert full.minutes <= 35
    assert full.parts[-1].key == EMERGENCY
    assert "separation" in {p.key for p in full.parts}


def test_stations_come_before_and_hold_no_more_than_their_length_and_crowd() -> None:
    plan = plan_rehearsal(small_day(), table=table(station_length=20, full_people=4))
    stations = [s for s in plan.sessions if s.kind == "station"]
    assert [s.days_before for s in stations] == list(range(14, 14 - len(stations), -1))
    assert all(s.minutes <= 20 and len(s.people) <= 4 for s in stations)
    assert {p.key for s in stations for p in s.parts} == {p.key for p in plan.ranked}
    assert plan.left_out == ()


def test_a_station_is_no_crowd() -> None:
    few, many = (
        [
            {part.key for part in session.parts}
            for session in plan_rehearsal(
                small_day(), table=table(station_length=300, full_people=crowd)
            ).sessions
            if session.kind == "station"
        ]
        for crowd in (2, 40)
    )
    assert {"separation", "clamp", EMERGENCY} in many
    assert {"separation"} in few


def test_the_emergency_path_comes_before_all_else() -> None:
    emergency = parts(small_day())[EMERGENCY]
    plan = plan_rehearsal(
        small_day(), DryRunPolicy(emergency=0.1), table=table(full_length=emergency.minutes)
    )
    assert [p.key for p in plan.sessions[-1].parts] == [EMERGENCY]


def test_a_session_starts_when_its_people_are_there() -> None:
    plan = plan_rehearsal(small_day(), table=table())
    watch = next(s for s in plan.sessions if "watch" in {p.key for p in s.parts})
    if watch.kind == "station":
        assert (watch.start, watch.absent) == (120, ())
    schedule = small_day()
    staff = tuple(
        replace(p, start=700, end=900) if p.id == "wb" else p for p in schedule.procedure.staff
    )
    apart = replace(schedule, procedure=replace(schedule.procedure, staff=staff))
    plan = plan_rehearsal(apart, table=table())
    watch = next(s for s in plan.sessions if "watch" in {p.key for p in s.parts})
    assert watch.absent == ("wb",)
    assert any("1 would come outside their hours" in note for note in plan.notes)


def test_people_who_are_away_are_not_there() -> None:
    schedule = small_day()
    staff = tuple(replace(p, absences=((0, 500),)) for p in schedule.procedure.staff)
    plan = plan_rehearsal(
        replace(schedule, procedure=replace(schedule.procedure, staff=staff)), table=table()
    )
    station = next(s for s in plan.sessions if "clamp" in {p.key for p in s.parts})
    assert station.start >= 500


def test_what_is_not_rehearsed_is_named() -> None:
    plan = plan_rehearsal(small_day(), DryRunPolicy(most_parts=1), table=table(full_length=20))
    assert "Title lines-A (stands for 2 tasks)" in plan.left_out or any(
        "lines" in title for title in plan.left_out
    )


def test_mirror_swapping_the_twins_changes_nothing_else() -> None:
    one = plan_rehearsal(small_day(), table=table())
    two = plan_rehearsal(small_day("B", "A"), table=table())
    assert [p.key for p in one.ranked] == [p.key for p in two.ranked]
    assert [p.score for p in one.ranked] == [p.score for p in two.ranked]
    assert [p.people for p in one.ranked] == [p.people for p in two.ranked]
    swap = str.maketrans("AB", "BA")
    zones = [tuple(z.translate(swap) for z in p.zones) for p in one.ranked]
    assert zones == [p.zones for p in two.ranked]
    assert [s.start for s in one.sessions] == [s.start for s in two.sessions]


@pytest.mark.parametrize(
    ("id", "stem"),
    [("lines-A", "lines"), ("clamp-03", "clamp"), ("watch-assist-B-2", "watch-assist"), ("x", "x")],
)
def test_stem(id: str, stem: str) -> None:
    assert stem_of(id) == stem


def test_steps_are_found_by_task() -> None:
    keys = tuple(STEPS.rows)
    assert find_step("craniotomy-1", keys) == "craniotomy-1"
    assert find_step("watch-assist-B-2", keys) == "watch-assist"
    assert find_step("scalp", keys) == "scalp"
    assert find_step("other", keys) == ""


def test_a_time_log_is_read() -> None:
    text = "task,kind,start,end,minutes\nlines-A,doll,09:40,11:10,\nscalp,operation,,,75\n"
    text += "turn,doll,23:50,00:20,\n"
    assert read_time_log(text, steps=tuple(STEPS.rows)) == (
        Observation(row=2, step="lines", minutes=90.0, kind="doll"),
        Observation(row=3, step="scalp", minutes=75.0, kind="operation"),
        Observation(row=4, step="turn", minutes=30.0, kind="doll"),
    )


def test_every_fault_of_a_time_log_is_told() -> None:
    text = "task,kind,minutes\nlinnes,doll,5\nscalp,dol,5\nscalp,doll,five\nscalp,doll,-4\n"
    with pytest.raises(InputErrors) as caught:
        read_time_log(text, steps=tuple(STEPS.rows))
    messages = [fault.message for fault in caught.value.faults]
    assert messages == [
        "row 2: task 'linnes' is unknown, did you mean 'lines'",
        "row 3: kind is 'dol', did you mean 'doll'",
        "row 4: minutes is 'five'",
        "row 5: it took -4 min, expected more than 0 and less than a day",
    ]
    with pytest.raises(InputError, match=r"no column kind, minutes \(or start and end\)"):
        read_time_log("task\nscalp\n", steps=("scalp",))
    with pytest.raises(InputErrors, match="the time log has no rows"):
        read_time_log("task,kind,minutes\n", steps=("scalp",))


def test_the_update_by_hand() -> None:
    # fixed 100 min, prior worth 1; two operations of 200 and 200 worth 1 each
    low, mode, high = update_figures((100, 100, 100), [log(200)] * 2, [1.0, 1.0], 1.0)
    assert low == mode == high == round(exp((log(100) + 2 * log(200)) / 3)) == 159


def test_the_spread_by_hand() -> None:
    # log-normal prior worth 2; one operation of 200 min worth 1
    low, mode, high = 45, 60, 120
    mean, deviation = (low + 4 * mode + high) / 6, (high - low) / 6
    median, variance = _median((low, mode, high)), log(1 + (deviation / mean) ** 2)
    middle = (2 * median + log(200)) / 3
    after_ = (2 * variance + 2 / 3 * (log(200) - median) ** 2) / 3
    spread = sqrt(after_ / variance)
    wanted = [round(exp(middle + spread * (log(q) - median))) for q in (low, mode, high)]
    assert list(update_figures((low, mode, high), [log(200)], [1.0], 2.0)) == wanted


def test_the_spread_grows_by_what_the_timings_differ() -> None:
    same = update_figures((60, 60, 60), [log(60)] * 3, [1.0] * 3, 3.0)
    assert same == (60, 60, 60)
    narrow = update_figures((45, 60, 120), [log(65)] * 9, [1.0] * 9, 3.0)
    wide = update_figures((45, 60, 120), [log(20), log(180)] * 4, [1.0] * 8, 3.0)
    assert narrow[2] - narrow[0] < 120 - 45 < wide[2] - wide[0]


def test_many_operations_outweigh_the_table_and_a_doll_does_not() -> None:
    old = (45, 60, 120)
    many = update_figures(old, [log(150)] * 200, [1.0] * 200, 3.0)
    assert abs(many[1] - 150) < 10
    few = update_figures(old, [log(150)], [0.25], 3.0)
    assert 60 < few[1] < 70
    assert update_figures(old, [log(150)], [0.0], 3.0) == old


def test_a_least_length_of_nothing_stays() -> None:
    assert update_figures((0, 120, 240), [log(60)] * 5, [1.0] * 5, 3.0)[0] == 0


def observed(*timings: tuple[str, float, str]) -> tuple[Observation, ...]:
    return tuple(
        Observation(row=n, step=step, minutes=minutes, kind=kind)
        for n, (step, minutes, kind) in enumerate(timings, 2)
    )


def test_proposals_show_old_observed_and_new() -> None:
    log_ = observed(("scalp", 40, "doll"), ("lines", 200, "operation"), ("scalp", 50, "doll"))
    lines, scalp = update_durations(STEPS, log_, table=table())
    assert (lines.step, lines.n, lines.note) == ("lines", 1, "timed in operations")
    assert scalp.old == (45, 60, 120)
    assert scalp.observed == ((40, "doll"), (50, "doll"))
    assert (scalp.n, scalp.worth) == (2, 0.5)
    assert "a rehearsal is not the operation (doll: times 1.5" in scalp.note
    center = (3 * _median(scalp.old) + 0.25 * (log(60) + log(75))) / 3.5
    logs = [log(60), log(75)]
    assert scalp.new == update_figures((45, 60, 120), logs, [0.25] * 2, 3.0, narrow=False)
    assert scalp.new[0] < exp(center) < scalp.new[2]


def test_rehearsals_alone_never_make_a_range_surer() -> None:
    (dolls,) = update_durations(STEPS, observed(*[("scalp", 46.0, "doll")] * 9), table=table())
    (real,) = update_durations(STEPS, observed(*[("scalp", 69.0, "operation")] * 9), table=table())
    ratio = 120 / 45
    assert dolls.new[2] / dolls.new[0] >= 0.97 * ratio
    assert real.new[2] / real.new[0] < 0.8 * ratio


def _median(figures: tuple[int, int, int]) -> float:
    low, mode, high = figures
    above, deviation = (low + 4 * mode + high) / 6 - low, (high - low) / 6
    return log(low + above / sqrt(1 + (deviation / above) ** 2))


def test_a_longer_timing_never_shortens_a_step() -> None:
    modes = [
        update_durations(STEPS, observed(("scalp", m, "operation")), table=table())[0].new[1]
        for m in (40, 60, 80, 100)
    ]
    assert modes == sorted(modes)


def test_the_override_is_a_table_that_loads_and_says_what_it_is() -> None:
    log_ = observed(("scalp", 80, "doll"), ("lines", 200, "operation"))
    text = write_override(update_durations(STEPS, log_, table=table()))
    rows = {row["key"]: row for row in tomllib.loads(text)["row"]}
    assert rows["scalp"]["confidence"] == "assumption"
    assert rows["scalp"]["source"].startswith("assumption: the team's time log, n = 1: 80 (doll)")
    assert "before 45/60/120" in rows["scalp"]["source"]
    assert rows["lines"]["confidence"] == "low"
    laid = load_table("steps", text)
    assert laid.rows["scalp"].overridden
    assert laid.rows["scalp"].fields["mode"] == rows["scalp"]["mode"]
    assert "Nothing has been taken over" in text
