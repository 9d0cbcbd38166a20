"""A twin that was fed late is anaesthetised later: read, composed, solved, checked apart."""

import tomllib
from dataclasses import replace
from importlib import import_module

import pytest
from choreography_days import after, plan, roster, tables
from countdown_days import changed, two_inductions
from hypothesis import given
from hypothesis import strategies as st

from diptych.choreography import (
    ChoreographyPolicy,
    arrange,
    check,
    check_fasts,
    compose,
    count_down,
    prepare,
    read_fasts,
    read_procedure,
    solve,
    write_procedure,
)
from diptych.choreography.fasts import add_fasts
from diptych.choreography.policy import clock_minute, clock_text
from diptych.choreography.tasks import Draft
from diptych.model import Fast, Feed, Infeasible, InputError, Procedure, Schedule, TaskId, TwinId
from diptych.tables import load_table

A, B = TwinId.A, TwinId.B


def fasts(**clocks: str) -> tuple[Fast, ...]:
    """Fasts by names such as formula_A = "02:30"."""
    fed: dict[TwinId, dict[Feed, str]] = {A: {}, B: {}}
    for name, clock in clocks.items():
        feed, _, twin = name.rpartition("_")
        fed[TwinId(twin)][Feed(feed.replace("_", "-"))] = clock
    return read_fasts(fed, load_table("countdown"), "07:00")


def fed_day(*given: Fast, vessels: int = 1) -> Procedure:
    return compose(plan(vessels), roster(), tables=tables(), fasts=given)


@pytest.mark.parametrize(
    ("clock", "minute"),
    [("02:30", -270), ("07:00", 0), ("13:00", 360), ("13:01", -1079), ("23:05", -475)],
)
def test_a_clock_reading_is_of_the_day_or_of_the_evening_before(clock: str, minute: int) -> None:
    (fast,) = fasts(formula_A=clock)
    assert (fast.twin, fast.fed, fast.length, fast.over) == (A, minute, 360, minute + 360)


@given(st.integers(0, 1439), st.integers(0, 1439))
def test_every_clock_reading_stays_the_same_whenever_the_day_begins(fed: int, start: int) -> None:
    clock, begin = (f"{minute // 60:02d}:{minute % 60:02d}" for minute in (fed, start))
    (fast,) = read_fasts({B: {Feed.SOLID: clock}}, load_table("countdown"), begin)
    assert -1080 < fast.fed <= 360
    assert (fast.fed + clock_minute(begin)) % 1440 == fed
    assert clock_text(begin, fast.fed).startswith(clock)


def test_a_wrong_clock_names_the_twin_and_the_value() -> None:
    with pytest.raises(InputError, match=r"twins\.B\.last_fed\.formula: .*'25:10', expected HH:MM"):
        fasts(formula_B="25:10")


def test_a_fast_that_ends_before_the_day_changes_nothing() -> None:
    assert fed_day(*fasts(formula_A="01:00", clear_fluid_B="05:00")) == fed_day()


def test_of_several_feeds_the_fast_that_ends_last_holds_the_twin_back() -> None:
    procedure = fed_day(*fasts(formula_A="02:30", clear_fluid_A="06:45"))
    task = procedure.task("fast-A")  # type: ignore[arg-type]
    assert (task.duration.planned, task.demands, str(task.subject)) == (105, (), "A")
    assert "clear fluid at 06:45, 2 h" in task.title
    assert ("fast-A", "induction-A") in {(p.before, p.after) for p in procedure.precedence}
    assert any("not anaesthetised before 08:45" in note for note in procedure.notes)
    assert "fast-B" not in {one.id for one in procedure.tasks}


def test_swapping_the_twins_and_what_they_were_fed_swaps_the_day() -> None:
    def told(procedure: Procedure, swap: dict[str, str]) -> list[tuple[str, int]]:
        return [
            ("-".join(swap.get(part, part) for part in task.id.split("-")), task.duration.planned)
            for task in procedure.tasks
        ]

    one = fed_day(*fasts(formula_A="02:30", solid_B="03:00"))
    given = fasts(formula_B="02:30", solid_A="03:00")
    two = compose(plan(1, swapped=True), roster(), tables=tables(), fasts=given)
    assert told(one, {}) == told(two, {"A": "B", "B": "A"})


def test_the_lead_of_the_rule_is_that_of_the_table() -> None:
    table = changed("fast-formula", "value = 240")
    (fast,) = read_fasts({A: {Feed.FORMULA: "02:30"}}, table, "07:00")
    assert fast.over == -30


def test_a_row_counted_from_a_step_that_is_none_is_refused() -> None:
    table = changed("fast-formula", 'anchor = "indcution"')
    wrong = read_fasts({A: {Feed.FORMULA: "06:00"}}, table, "07:00")
    with pytest.raises(InputError, match="from step 'indcution', which the day does not have"):
        fed_day(*wrong)


def small_day(*given: Fast, end: int = 1000) -> Procedure:
    """Both inductions, one after the other, and what follows; two people until `end`."""
    whole = two_inductions().procedure
    order = [*whole.precedence, after("induction-A", "induction-B")]
    draft = Draft(
        tasks={one.id: one for one in whole.tasks},
        precedence=order,
        made={"induction": {twin: TaskId(f"induction-{twin}") for twin in TwinId}},
    )
    add_fasts(draft, given, (A, B), "07:00")
    return replace(
        whole,
        tasks=tuple(draft.tasks.values()),
        precedence=tuple(draft.precedence),
        staff=tuple(replace(who, end=end) for who in whole.staff),
    )


@pytest.fixture(scope="module")
def fed_late() -> tuple[tuple[Fast, ...], Schedule]:
    given = fasts(formula_A="02:30", clear_fluid_B="06:00")
    return given, solve(small_day(*given))


@pytest.mark.slow
def test_a_whole_day_waits_for_the_twin_that_was_fed_late() -> None:
    given = fasts(formula_A="02:30")
    schedule = solve(fed_day(*given))
    assert schedule.assignment("induction-A").start == 90  # type: ignore[arg-type]
    assert schedule.checked
    assert check_fasts(schedule, given) == ()


def test_the_solver_keeps_the_fast_and_the_checkers_agree(
    fed_late: tuple[tuple[Fast, ...], Schedule],
) -> None:
    given, schedule = fed_late
    assert schedule.assignment("induction-A").start == 90  # type: ignore[arg-type]
    assert schedule.checked
    assert check(schedule.procedure, schedule) == ()
    assert check_fasts(schedule, given) == ()
    assert solve(small_day()).assignment("induction-A").start == 0  # type: ignore[arg-type]


def test_both_checkers_find_an_induction_that_is_too_early(
    fed_late: tuple[tuple[Fast, ...], Schedule],
) -> None:
    given, schedule = fed_late
    early = tuple(
        replace(entry, start=entry.start - 1, end=entry.end - 1)
        if entry.task == "induction-A"
        else entry
        for entry in schedule.assignments
    )
    broken = [one for one in check(schedule.procedure, early) if "fast-A" in one.tasks]
    assert [one.rule for one in broken] == ["order"]
    (found,) = check_fasts(early, given)
    assert (found.rule, found.tasks) == ("fast", ("induction-A",))
    assert "starts 359 min after twin A was fed formula, at least 360" in found.message


def test_the_check_of_fasts_knows_nothing_of_the_tasks_that_keep_them() -> None:
    """A day composed without the fasts breaks them; one without the step is told as well."""
    schedule = two_inductions(35, 65)
    assert [one.rule for one in check_fasts(schedule, fasts(formula_A="01:36"))] == ["fast"]
    assert check_fasts(schedule, fasts(formula_A="01:35", formula_B="02:05")) == ()
    gone = replace(fasts(formula_A="01:00")[0], step="nothing")
    (found,) = check_fasts(schedule, (gone,))
    assert "has no nothing-A" in found.message


def test_a_day_that_breaks_a_fast_is_not_called_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = replace(two_inductions(), checked=True)
    module = import_module("diptych.choreography.arrange")
    monkeypatch.setattr(module, "compose", lambda *a, **k: schedule.procedure)
    monkeypatch.setattr(module, "_solve_best", lambda *a: schedule)
    late = fasts(formula_B="03:00")
    done = arrange(plan(), (), tables={}, policy=ChoreographyPolicy(forecast_days=100), fasts=late)
    assert not done.checked
    assert [one.rule for one in done.violations] == ["fast"]
    kept = arrange(plan(), (), tables={}, policy=ChoreographyPolicy(forecast_days=100))
    assert kept.checked


def test_a_twin_fed_too_late_ends_in_words() -> None:
    """Solid food at 12:30: not before 18:30 (minute 690), but everybody goes 29 min later."""
    given = fasts(solid_B="12:30")
    with pytest.raises(Infeasible) as caught:
        solve(small_day(*given, end=719))
    told = caught.value.conflicts
    assert "Fast after solid food at 12:30, 6 h, twin B: induction-B not before 18:30" in told
    assert any("hours of the people" in text for text in told)
    assert "last_fed corrected in case.toml" in str(caught.value.remedy)
    assert solve(small_day(*given, end=730)).makespan == 730
    with pytest.raises(Infeasible) as unfed:
        solve(small_day(end=30))
    assert "last_fed" not in str(unfed.value.remedy)


def test_a_procedure_file_keeps_the_fast() -> None:
    procedure = fed_day(*fasts(formula_A="02:30"))
    assert read_procedure(tomllib.loads(write_procedure(procedure))) == procedure


def test_the_countdown_tells_what_was_fed_beside_the_plan() -> None:
    schedule = two_inductions()
    given = fasts(formula_A="01:00", clear_fluid_B="07:00")
    told = prepare(schedule, load_table("countdown"), given)
    assert told.fasts == given
    assert told.starts == (35, 65)
    assert told.rows == count_down(schedule, load_table("countdown"))
