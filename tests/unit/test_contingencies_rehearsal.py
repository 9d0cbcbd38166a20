"""The rehearsal: order of the plan, quantiles, rates and notes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from contingency_days import hazard, person, plan, task

from diptych.contingencies import simulate
from diptych.contingencies.daybook import write_daybook
from diptych.contingencies.lengths import fit_length
from diptych.contingencies.network import draw_network
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.rehearsal import live
from diptych.contingencies.statistics import bins, quantile, share_of_days
from diptych.model import (
    Duration,
    InputError,
    Minute,
    Precedence,
    Rehearsal,
    Schedule,
    Subject,
    TaskId,
)
from diptych.tables import load_table

TABLES = {"rehearsal": load_table("rehearsal")}


def day(length: tuple[int, int, int] = (30, 60, 120)) -> Schedule:
    return plan(
        [
            (task("lines", 3, length=length), 0, 60, "x"),
            (task("scalp", 6, length=length), 60, 120, "x"),
            (task("apart", 14, length=(10, 10, 10)), 120, 130, "x"),
        ],
        [person("x", "surgery"), person("y", "anaesthesia")],
    )


def run(schedule: Schedule, *hazards: object, days: int = 2000, seed: int = 1) -> Rehearsal:
    return simulate(schedule, hazards, days=days, seed=seed, tables=TABLES)


def waits(schedule: Schedule) -> dict[str, dict[str, int]]:
    network = draw_network(schedule)
    ids = [entry.id for _, entry in network.runs]
    return {
        ids[i]: {ids[j]: lag for j, lag in row.items()} for i, row in enumerate(network.waits_for)
    }


def test_fixed_day_ends_as_planned() -> None:
    result = run(day((60, 60, 60)))
    assert {value.value for value in result.end_time.values()} == {130.0}
    assert {value.value for value in result.separation_time.values()} == {130.0}
    assert result.end_histogram.tolist() == [[120, 2000]]
    assert result.unanswered.value == 0


def test_same_seed_same_result_other_seed_other_result() -> None:
    trouble = hazard("h", (1, "anaesthesia", 1), p=0.3, delay=(5, 10, 20))
    one, two, three = (run(day(), trouble, seed=seed) for seed in (4, 4, 5))
    assert one.end_time == two.end_time
    assert one.notes == two.notes
    assert one.end_histogram.tobytes() == two.end_histogram.tobytes()
    assert one.end_time != three.end_time


def test_any_split_gives_the_same_days() -> None:
    book = write_daybook(day(), [hazard("h", (1, "anaesthesia", 1))], TABLES["rehearsal"])
    rules = AnswerPolicy()
    whole = live(day(), book, days=range(2500), seed=1, policy=rules)
    parts = [
        live(day(), book, days=range(first, min(first + 700, 2500)), seed=1, policy=rules)
        for first in range(0, 2500, 700)
    ]
    assert np.concatenate([part.end for part in parts]).tobytes() == whole.end.tobytes()
    assert np.concatenate([part.struck for part in parts]).tobytes() == whole.struck.tobytes()


def test_quantiles_rise_and_lie_in_their_intervals() -> None:
    result = run(day(), days=5000)
    values = [result.end_time[name] for name in ("p10", "p50", "p80", "p90", "p95")]
    assert all(a.value < b.value for a, b in pairwise(values))
    assert all(value.low < value.value < value.high for value in values)
    assert result.end_histogram[:, 1].sum() == 5000
    assert set(np.diff(result.end_histogram[:, 0])) == {30}


def test_hazard_rate_is_the_probability() -> None:
    troubles = [
        hazard(f"h{p}", (1, "anaesthesia", 1), p=p, steps=steps)
        for p, steps in ((0.03, (3, 3)), (0.5, (1, 19)), (0.9, (6, 14)), (0.4, (15, 19)))
    ]
    rates = run(day(), *troubles, days=4000).hazard_rate
    for trouble in troubles[:3]:
        rate = rates[trouble.id]
        assert rate.low - 0.01 <= trouble.probability <= rate.high + 0.01
    assert rates["h0.4"].value == 0, "none of its steps is in the plan"


def test_unanswered_days_are_counted_once() -> None:
    nobody = [hazard(name, (1, "magic", 1), p=0.5) for name in "hk"]
    result = run(day(), *nobody, days=4000)
    assert result.unanswered.value == pytest.approx(0.75, abs=0.03)
    assert any(note.startswith("H: ") and "found nobody in time" in note for note in result.notes)


def test_notes_set_the_result_beside_published_days() -> None:
    notes = " ".join(run(day()).notes)
    for figure in ("20.3 h", "16.4 to 28.5 h", "11.1 to 16.4 h", "1.35 to 2.1"):
        assert figure in notes
    assert "From incision to separation: median" in notes
    assert "The plan ends after 2.2 h" in notes


def test_the_last_shift_stays_but_an_earlier_one_leaves() -> None:
    staff = [person("x", "surgery", hours=(0, 130)), person("y", "anaesthesia", hours=(0, 20))]
    schedule = replace(day((60, 60, 60)))
    schedule = replace(schedule, procedure=replace(schedule.procedure, staff=tuple(staff)))
    gone = hazard("gone", (1, "anaesthesia", 1), p=1.0, steps=(6, 6))
    stays = hazard("stays", (1, "surgery", 1), p=1.0, steps=(6, 6), delay=(50, 50, 50))
    result = run(schedule, gone, stays, days=50)
    assert result.unanswered.value == 1
    assert not any(note.startswith("Stays") for note in result.notes)


def test_watches_follow_the_clock_and_do_not_end_the_day() -> None:
    rows = [
        (task("watch-1", 0), 0, 100, "y"),
        (task("watch-2", 0), 90, 400, "z"),
        (task("op", 6, length=(60, 60, 60)), 0, 60, "x"),
        (task("after", 14, length=(10, 10, 10)), 100, 110, "x y"),
    ]
    schedule = plan(rows, [person(who, "surgery", "anaesthesia") for who in "xyz"])
    assert run(schedule).end_time["p95"].value == 110
    trouble = hazard("h", (1, "anaesthesia", 0), subject=Subject.TEAM, steps=(14, 14), p=1.0)
    book = write_daybook(schedule, [trouble], TABLES["rehearsal"])
    assert book.day.watches.end.tolist() == [100.0, 1e9]


def test_order_comes_from_people_kit_places_and_rules() -> None:
    rule = Precedence(before=TaskId("a"), after=TaskId("d"), min_lag=Minute(15), max_lag=Minute(20))
    schedule = plan(
        [
            (task("a", 2, kit={"drill": 1}), 0, 60, "x"),
            (task("b", 2, zones={"field": 2}), 0, 60, "y"),
            (task("c", 3, kit={"drill": 1}), 60, 120, "z"),
            (task("d", 3), 75, 120, "v"),
            (task("e", 3, zones={"field": 1}), 60, 120, "w"),
            (task("f", 14), 120, 180, "x z"),
        ],
        [person(who, "surgery") for who in "vwxyz"],
        kit={"drill": 1},
        zones={"field": 2},
        order=(rule,),
    )
    assert waits(schedule) == {
        "a": {},
        "b": {},
        "c": {"a": 0},
        "e": {"b": 0},
        "d": {"a": 15},
        "f": {"c": 0},
    }


def test_tasks_without_length_keep_the_order_of_the_rules() -> None:
    rule = Precedence(before=TaskId("b"), after=TaskId("a"), min_lag=Minute(0), max_lag=None)
    schedule = plan(
        [(task("a", 2), 10, 10, "x"), (task("b", 2), 10, 10, "x")],
        [person("x", "surgery")],
        order=(rule,),
    )
    assert waits(schedule) == {"b": {}, "a": {"b": 0}}


@pytest.mark.parametrize(
    ("figures", "mean", "deviation"),
    [((60, 180, 600), 230, 90), ((20, 20, 40), 70 / 3, 10 / 3), ((0, 120, 240), 120, 40)],
)
def test_length_law_has_perts_moments(
    figures: tuple[int, int, int], mean: float, deviation: float
) -> None:
    low, mode, high = (Minute(figure) for figure in figures)
    law = fit_length(Duration(low=low, mode=mode, high=high, planned=mode))
    above = np.exp(law.mu + law.sigma**2 / 2)
    assert law.low + above == pytest.approx(mean)
    assert above * np.sqrt(np.exp(law.sigma**2) - 1) == pytest.approx(deviation)


def test_a_task_of_one_length_is_fixed() -> None:
    five = Minute(5)
    assert fit_length(Duration(low=five, mode=five, high=five, planned=five)).sigma < 0


def test_statistics_against_known_cases() -> None:
    values = np.arange(1, 1001, dtype=float)
    median = quantile(values, 0.5, "min")
    assert (median.low, median.value, median.high) == (469.0, 500.5, 532.0)
    none = share_of_days(0, 100)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 100))
    assert share_of_days(100, 100).high == 1
    assert bins(np.array([5.0, 31.0, 95.0]), 30).tolist() == [[0, 1], [30, 1], [60, 0], [90, 1]]


def test_senseless_requests_are_refused() -> None:
    with pytest.raises(InputError, match="rehearsal of 0 days"):
        run(day(), days=0)
    with pytest.raises(InputError, match="seed -1"):
        run(day(), seed=-1)
    with pytest.raises(InputError, match="no assignments"):
        run(replace(day(), assignments=()))
