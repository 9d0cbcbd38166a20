"""The countdown by hand: what must have happened before the day, for each twin."""

import pytest
from choreography_days import demonstration
from countdown_days import changed, fasting_only, lay_out, two_inductions

from diptych.choreography import clock_text, count_down, prepare
from diptych.choreography.countdown import FIRST
from diptych.choreography.watches import earliest_starts
from diptych.model import Confidence, Feed, InputError, Schedule, TwinId
from diptych.tables import load_table


def demonstration_day() -> Schedule:
    """Every task of the demonstration day as early as the order lets it begin."""
    procedure = demonstration()
    tasks = {task.id: task for task in procedure.tasks}
    draft = type("Draft", (), {"tasks": tasks, "precedence": procedure.precedence})()
    return lay_out(procedure, earliest_starts(draft))


def latest(schedule: Schedule, key: str, **table: object) -> dict[str, str]:
    rows = count_down(schedule, table.get("table") or load_table("countdown"))  # type: ignore[arg-type]
    return {str(one.twin): clock_text("07:00", one.latest) for one in rows if one.key == key}


def test_each_twin_fasts_before_its_own_induction() -> None:
    """A is anaesthetised at 07:35, B at 08:05: 6 h, 6 h, 4 h and 2 h before."""
    schedule = two_inductions()
    assert latest(schedule, "fast-formula") == {"A": "01:35", "B": "02:05"}
    assert latest(schedule, "fast-solid") == {"A": "01:35", "B": "02:05"}
    assert latest(schedule, "fast-breast-milk") == {"A": "03:35", "B": "04:05"}
    assert latest(schedule, "fast-clear-fluid") == {"A": "05:35", "B": "06:05"}


def test_the_other_guideline_is_the_end_of_the_range() -> None:
    rows = count_down(two_inductions(), load_table("countdown"))
    drink = next(one for one in rows if one.key == "fast-clear-fluid" and one.twin is TwinId.A)
    assert drink.by_range == (-85, -25)
    assert (drink.at, drink.latest) == (35, -85)


def test_a_site_that_follows_the_other_guideline_lets_them_drink_later() -> None:
    table = changed("fast-clear-fluid", "value = 60")
    assert latest(two_inductions(), "fast-clear-fluid", table=table) == {"A": "06:35", "B": "07:05"}


def test_rows_come_by_the_clock_and_both_twins_are_there() -> None:
    rows = count_down(demonstration_day(), load_table("countdown"))
    assert [one.latest for one in rows] == sorted(one.latest for one in rows)
    for key in {one.key for one in rows}:
        assert {one.twin for one in rows if one.key == key} in ({None}, set(TwinId))


def test_swapping_the_twins_swaps_the_countdown() -> None:
    def told(schedule: Schedule, swapped: bool) -> list[tuple[object, ...]]:
        return sorted(
            (one.latest, one.key, str(one.twin.other if swapped else one.twin))
            for one in count_down(schedule, fasting_only())
            if one.twin is not None
        )

    assert told(two_inductions(35, 65), False) == told(two_inductions(65, 35), True)


def test_what_does_not_keep_has_a_window() -> None:
    """The sample is good for 72 h until the twin is out; the laboratory wants 24 h before."""
    schedule = demonstration_day()
    rows = count_down(schedule, load_table("countdown"))
    for one in (row for row in rows if row.key == "crossmatch-sample"):
        assert one.earliest == schedule.milestones[f"twin-{one.twin}-out"] - 72 * 60  # type: ignore[index]
        assert one.latest == schedule.assignment(f"blood-ready-{one.twin}").start - 24 * 60  # type: ignore[arg-type]
        assert one.fits
    short = changed("crossmatch-sample", "from = 1500\nfrom_low = 1500")
    assert not any(r.fits for r in count_down(schedule, short) if r.key == "crossmatch-sample")


def test_anchors_are_steps_first_vessels_milestones_or_the_first_minute() -> None:
    schedule = demonstration_day()
    at = {one.key: one.at for one in count_down(schedule, load_table("countdown"))}
    assert at["platelets-there"] == schedule.assignment("divide-01").start  # type: ignore[arg-type]
    assert at["plasma-thawed"] == schedule.milestones["incision"]  # type: ignore[index]
    assert at["guides-sterile"] == 0
    assert at["last-scan"] == schedule.assignment("registration").start  # type: ignore[arg-type]


def test_every_anchor_and_role_of_the_table_exists() -> None:
    steps, roles = load_table("steps").rows, load_table("roles").rows
    milestones = {row.text("milestone", "") for row in steps.values()} - {""}
    for row in load_table("countdown").rows.values():
        assert row.text("anchor") in {FIRST, *steps, *milestones}, row.key
        assert row.text("from_anchor", FIRST) in {FIRST, *steps, *milestones}, row.key
        assert row.text("who") in roles, row.key
    assert prepare(demonstration_day(), load_table("countdown")).absent == ()


def test_every_row_has_unit_population_range_and_source() -> None:
    table = load_table("countdown")
    for key, row in table.rows.items():
        number = table.number(key)
        assert number.unit == "min"
        assert number.population
        assert number.low <= number.value <= number.high
        if row.confidence is not Confidence.ASSUMPTION:
            assert "doi 10." in row.source or "Br J Haematol" in row.source
    assert {row.text("feed") for row in table.rows.values() if "feed" in row.fields} == set(Feed)


def test_the_call_for_blood_is_the_lag_of_the_step() -> None:
    lag = load_table("steps").row("blood-ready").counts("lag_min")["room-check"]
    assert load_table("countdown").value("blood-called") == lag


def test_the_second_twin_waits_longest_for_a_drink() -> None:
    """B follows 30 min after A: 2 h and 30 min by A's clock; A's induction may take no longer."""
    wait = prepare(two_inductions(), fasting_only()).wait
    assert wait is not None
    assert (wait.twin, wait.until, wait.longest, wait.at_most) == (TwinId.B, -55, 150, 150)
    turned = prepare(two_inductions(65, 35), fasting_only()).wait
    assert turned is not None
    assert (turned.twin, turned.longest) == (TwinId.A, 150)
    assert prepare(two_inductions(35, 35), fasting_only()).wait is None


def test_a_long_induction_of_the_first_twin_makes_the_wait_longer() -> None:
    schedule = demonstration_day()
    wait = prepare(schedule, load_table("countdown")).wait
    first = schedule.procedure.task("induction-A").duration  # type: ignore[arg-type]
    assert wait is not None
    assert wait.longest == 120 + first.planned
    assert wait.at_most == wait.longest + first.high - first.planned


def test_moments_that_the_day_does_not_have_are_named() -> None:
    absent = prepare(two_inductions(), load_table("countdown")).absent
    assert (
        "Last scan for navigation, loaded and compared with the plan: this day has no"
        in " ".join(absent)
    )
    assert not any("formula" in text for text in absent)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ('of = "both"', "row 'fast-formula': of is 'both', expected twin or pair"),
        ("value = 500", "500 min lies outside its range low 240 to high 360 min"),
        ("value = -1\nlow = -2", "-1 min lies outside its range"),
        ('value = "6 h"', "value is '6 h', expected a whole number"),
    ],
)
def test_rows_that_cannot_be_read_are_refused(fields: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        count_down(two_inductions(), changed("fast-formula", fields))
