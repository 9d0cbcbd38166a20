"""Published days: the chain of the plan, the laws of lengths, the fit and what it holds."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from choreography_days import after, day, demonstration, hand_day, person, roster, tables, task

from diptych.choreography import solve
from diptych.choreography.chain import chain_tasks, live_chain
from diptych.choreography.lengths import draw_lengths, fit_law
from diptych.choreography.overrun import SHARES, Lived, fit_overrun, predict_span
from diptych.choreography.published import (
    SPANS,
    compare_published,
    compose_published,
    read_published_days,
)
from diptych.model import Assignment, Duration, InputError, Schedule
from diptych.tables import load_table


def table():
    return load_table("published-days")


def schedule_of(procedure, starts: dict[str, tuple[int, tuple[str, ...]]]) -> Schedule:
    entries = tuple(
        Assignment(
            task=id,
            start=start,
            end=start + procedure.task(id).duration.planned,
            staff=tuple((person, "cut") for person in people),
        )
        for id, (start, people) in starts.items()
    )
    end = max(entry.end for entry in entries)
    return Schedule(
        procedure=procedure,
        assignments=entries,
        makespan=end,
        bound=0,
        status="feasible",
        checked=True,
        violations=(),
        milestones={},
        solver="hand",
    )


def test_a_task_waits_for_its_people_pieces_and_predecessors() -> None:
    tasks = (
        task("a", 10, {"cut": 1}, equipment={"saw": 1}),
        task("b", 20, {"cut": 1}, zones={"room": 1}),
        task("c", 5, {"cut": 1}, equipment={"saw": 1}),
        task("d", 5, {"cut": 1}),
        task("e", 5, {}, zones={"room": 1}),
    )
    procedure = day(
        tasks,
        (after("b", "d", 7), after("a", "b", -5)),
        (person("ann", "cut"), person("bea", "cut")),
        zones={"room": 1},
        equipment={"saw": 1},
    )
    plan = {"a": (0, ("ann",)), "b": (0, ("bea",)), "c": (10, ("bea",)), "d": (27, ("ann",))}
    chain = chain_tasks(schedule_of(procedure, {**plan, "e": (20, ())}))
    waits = {
        t.id: {chain.tasks[n].id: lag for n, lag in w.items()}
        for t, w in zip(chain.tasks, chain.waits, strict=True)
    }
    assert waits["c"] == {"a": 0, "b": 0}
    assert waits["d"] == {"b": 7, "a": 0}
    assert waits["e"] == {"b": 0}
    assert waits["b"] == {"a": 0}
    starts, ends = live_chain(chain, np.array([[10.0, 20.0, 5.0, 5.0, 5.0]]))
    assert ends.max() == 10 + 20 + 7 + 5
    assert starts[0, chain.place("b")] == 10


def test_planned_lengths_give_the_plan_again() -> None:
    schedule = solve(hand_day())
    chain = chain_tasks(schedule)
    planned = np.array([[float(t.duration.planned) for t in chain.tasks]])
    _, ends = live_chain(chain, planned)
    assert ends.max() == schedule.makespan
    assert not any(t.step == 0 for t in chain_tasks(solve(hand_day())).tasks)


def test_the_law_has_the_mean_and_spread_of_its_three_figures() -> None:
    law = fit_law(60, 180, 600)
    assert law.mean == pytest.approx((60 + 4 * 180 + 600) / 6)
    normals = np.random.Generator(np.random.Philox(key=5)).standard_normal((200_000, 1))
    duration = Duration(low=60, mode=180, high=600, planned=180)
    drawn = draw_lengths([duration], normals[:, 0], normals * 0, 1.0)
    assert drawn.std() == pytest.approx(90, rel=0.02)
    assert drawn.min() >= 60
    fixed = Duration(low=7, mode=7, high=7, planned=7)
    assert (draw_lengths([fixed], normals[:, 0], normals, 0.5) == 7).all()


def test_a_larger_shared_part_widens_the_sum() -> None:
    stream = np.random.Generator(np.random.Philox(key=6))
    common, own = stream.standard_normal(4000), stream.standard_normal((4000, 20))
    durations = [Duration(low=10, mode=20, high=60, planned=20)] * 20
    spread = [draw_lengths(durations, common, own, s).sum(axis=1).std() for s in (0.0, 0.5, 0.9)]
    assert spread[0] < spread[1] < spread[2]


def lived(told: float, *, wide: float = 0.1, key: int = 0) -> Lived:
    stream = np.random.Generator(np.random.Philox(key=key))
    spans = {"total": 1000.0 * np.exp(wide * stream.standard_normal(2000))}
    return Lived(told={"total": told}, simulated=dict.fromkeys(SHARES, spans))


def test_the_fit_finds_an_overrun_that_was_put_in() -> None:
    stream = np.random.Generator(np.random.Philox(key=77))
    scatter = 0.2 * stream.standard_normal(60)
    days = [lived(1500.0 * exp(z), wide=0.02, key=n) for n, z in enumerate(scatter)]
    found = fit_overrun(days)
    assert found.factor == pytest.approx(1.5, rel=3 * 0.2 / 60**0.5)
    assert found.scatter == pytest.approx(0.2, abs=0.05)
    assert found.error == pytest.approx(0.2 / 60**0.5, rel=0.3)


def test_days_that_all_agree_need_no_scatter() -> None:
    found = fit_overrun([lived(1200.0, key=n) for n in range(6)])
    assert found.factor == pytest.approx(1.2, rel=0.02)
    assert found.scatter == 0.0


def test_a_band_holds_four_of_five() -> None:
    stream = np.random.Generator(np.random.Philox(key=78))
    days = [
        lived(1000.0 * exp(0.25 * z), wide=0.1, key=n)
        for n, z in enumerate(stream.standard_normal(40))
    ]
    normals = stream.standard_normal(2000)
    held = 0
    for n, each in enumerate(days):
        overrun = fit_overrun(days[:n] + days[n + 1 :])
        low, middle, high = predict_span(each.simulated[0.0]["total"], overrun, normals)
        assert low < middle < high
        held += low <= each.told["total"] <= high
    assert 26 <= held <= 38


def test_too_few_days_are_refused() -> None:
    with pytest.raises(InputError, match="2 days with told spans, expected at least 3"):
        fit_overrun([lived(1.0), lived(2.0)])


def test_every_row_of_the_table_is_a_day() -> None:
    days = read_published_days(table())
    assert len(days) == 10
    assert {d.id for d in days} >= {"ucla-2002", "montefiore-2016", "delhi-2017", "uc-davis-2020"}
    assert all(set(d.spans) <= set(SPANS) and d.spans for d in days)
    veins = {d.id: d.veins for d in days}
    assert (veins["ucla-2002"], veins["delhi-2017"], veins["utah-1979"]) == (10, 5, 2)


def test_told_spans_add_up() -> None:
    for each in read_published_days(table()):
        spans = each.spans
        if {"entry_to_incision", "incision_to_separation", "separation_to_end"} <= set(spans):
            parts = sum(spans[name][0] for name in SPANS if name in spans and "total" not in name)
            assert spans["total"][1] <= parts <= spans["total"][2] + 5


def test_what_is_known_is_composed_and_the_rest_stays() -> None:
    days = {d.id: d for d in read_published_days(table())}
    composed = compose_published(days["uc-davis-2020"], roster(), tables=tables())
    assert composed.task("induction-A").duration.high == 0
    assert composed.task("lines-A").duration == demonstration().task("lines-A").duration
    assert "turn" not in {t.id for t in composed.tasks}
    assert composed.rest is None
    turned = compose_published(days["melbourne-2009"], roster(), tables=tables())
    assert "turn" in {t.id for t in turned.tasks}
    hopkins = compose_published(days["hopkins-1987"], roster(), tables=tables())
    assert hopkins.task("lines-B").duration.mode == 240


def test_a_day_that_names_an_unknown_step_is_refused() -> None:
    odd = replace(read_published_days(table())[0], skip=("craniotmy",))
    with pytest.raises(InputError, match="names steps craniotmy"):
        compose_published(odd, roster(), tables=tables())


@pytest.mark.slow
def test_at_least_seven_of_ten_published_times_are_held_and_bands_are_not_silly() -> None:
    days = read_published_days(table())
    schedules = {d.id: solve(compose_published(d, roster(), tables=tables())) for d in days}
    assert all(schedule.checked for schedule in schedules.values())
    comparison = compare_published(days, schedules, draws=1000, seed=1)
    held, of = comparison.held()
    assert of == 14
    assert held / of >= 0.7
    target = [band for band in comparison.bands if band.span in SPANS[:2]]
    assert max(band.width for band in target) < 2.6
    assert all(0.6 < each.factor < 1.1 for each in comparison.overruns.values())
    assert abs(log(comparison.bands[0].middle / comparison.bands[0].told)) < 0.5
