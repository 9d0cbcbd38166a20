"""The operating window: terms by hand, reasons on both sides, and no date without a curve."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from math import exp

import numpy as np
import pytest

from diptych.model import (
    Brief,
    Case,
    CaseId,
    InputError,
    Kilogram,
    Series,
    Subject,
    Twin,
    TwinId,
    Volume,
)
from diptych.tables import load_table
from diptych.timing import TimingPolicy, window
from diptych.timing.season import MONTHS

TABLES = {name: load_table(name) for name in ("growth", "seasons", "timing")}
VOLUME = Volume(
    voxels=np.zeros((2, 2, 2), dtype=np.int16),
    affine=np.eye(4),
    frame_of_reference="2.25.1",
    modality="CT",
    source="x",
)


def case(**changes: object) -> Case:
    brief = Brief(
        born=date(2026, 1, 1),
        imaged=date(2026, 8, 1),
        earliest_operation=date(2026, 8, 1),
        latest_operation=date(2027, 5, 1),
        hemisphere="north",
        made_from="",
        notes="",
    )
    sexes = {TwinId.A: ("Ada", "female", 7.0), TwinId.B: ("Bob", "male", 8.0)}
    a, b = (
        Twin(id=twin, label=name, sex=sex, weight=Kilogram(weight), landmarks=())
        for twin, (name, sex, weight) in sexes.items()
    )
    series = Series(role="ct", subject=Subject.SHARED, evidence="e", volume=VOLUME)
    made = Case(id=CaseId("c"), twins=(a, b), volumes=(series,), brief=brief, checks=())
    return replace(made, brief=replace(brief, **changes))  # type: ignore[arg-type]


def no_season() -> dict[str, object]:
    months = "\n".join(f"{month} = 0.0" for month in MONTHS)
    rows = "".join(
        f'[[row]]\nkey = "{key}"\n{months}\nsource = "no season in 2020-21"\n'
        for key in TABLES["seasons"].rows
    )
    return TABLES | {"seasons": load_table("seasons", rows)}


def test_days_run_weekly_and_end_with_the_latest() -> None:
    days = [point.day for point in window(case(), tables=TABLES).points]
    assert days[0] == date(2026, 8, 1)
    assert days[-1] == date(2027, 5, 1)
    assert {(b - a).days for a, b in pairwise(days[:-1])} == {7}


def test_terms_of_one_day_by_hand() -> None:
    point = window(case(), fused_area_cm2=40.0, tables=TABLES).points[10]
    waited = 70
    assert point.day == date(2026, 8, 1) + timedelta(days=waited)
    assert point.terms["waiting"] == pytest.approx(1 - exp(-0.09 * waited / 365.25))
    assert point.terms["scan"] == pytest.approx(0.01 * (1 - exp(-(waited - 28) / 28)))
    assert point.terms["skin"] == pytest.approx(0.3 * (1 - (waited - 9) / 77) ** 2)
    assert point.terms["blood"] == pytest.approx(0.1 * 8.0 / point.facts["weight-A-kg"])
    growth = point.facts["surface-growth-percent"] / 100
    assert point.terms["join"] == pytest.approx(0.005 * 40.0 * growth)
    assert point.burden == pytest.approx(sum(point.terms.values()))


def test_surface_grows_as_the_who_says() -> None:
    points = window(case(), tables=TABLES).points
    by_day = {point.day: point.facts["surface-growth-percent"] for point in points}
    assert by_day[date(2026, 8, 1)] == 0.0
    assert by_day[date(2026, 9, 5)] == pytest.approx(2.5, abs=0.5)


def test_weight_keeps_its_own_place_among_children() -> None:
    facts = window(case(), tables=TABLES).points[0].facts
    assert facts["weight-A-kg"] == pytest.approx(7.0)
    assert facts["weight-B-kg"] == pytest.approx(8.0)
    measured = window(case(), head_circumference_cm={TwinId.A: 42.0}, tables=TABLES).points[0]
    assert measured.facts["head-circumference-A-cm"] == pytest.approx(42.0)


def test_the_open_stretch_is_near_the_lowest_and_its_neighbours_are_not() -> None:
    found = window(case(), tables=TABLES)
    burdens = {point.day: point.burden for point in found.points}
    limit = burdens[found.lowest] * 1.1
    assert burdens[found.lowest] == min(burdens.values())
    assert all(burdens[day] <= limit for day in burdens if found.opens <= day <= found.closes)
    days = sorted(burdens)
    assert burdens[days[days.index(found.opens) - 1]] > limit
    assert burdens[days[days.index(found.closes) + 1]] > limit


def test_scan_expires_after_four_weeks_under_a_year_and_later_above() -> None:
    assert window(case(), tables=TABLES).scan_valid_until == date(2026, 8, 29)
    older = case(born=date(2025, 1, 1))
    assert window(older, tables=TABLES).scan_valid_until == date(2026, 10, 24)


def test_reasons_stand_on_both_sides_with_sources() -> None:
    found = window(case(), tables=TABLES)
    texts = {way: [r for r in found.reasons if r.direction == way] for way in ("earlier", "later")}
    assert len(texts["earlier"]) >= 3
    assert len(texts["later"]) >= 3
    assert all(reason.source and reason.confidence for reason in found.reasons)
    assert any("weight-skin" in note for note in found.notes)


def test_season_pulls_the_way_the_calendar_says() -> None:
    def side(**changes: object) -> list[str]:
        reasons = window(case(**changes), tables=TABLES).reasons
        return [reason.direction for reason in reasons if "infection" in reason.text]

    assert side() == ["earlier", "later"]
    assert side(latest_operation=date(2027, 1, 10)) == ["earlier"]
    assert side(earliest_operation=date(2027, 1, 10), latest_operation=date(2027, 6, 20)) == [
        "later"
    ]
    south = {"hemisphere": "south", "latest_operation": date(2027, 1, 10)}
    assert side(**south) == ["later"]


def test_a_winter_without_a_season() -> None:
    found = window(case(), tables=no_season())  # type: ignore[arg-type]
    assert {point.terms["season"] for point in found.points} == {0.0}
    assert any("no season of infections was counted" in note for note in found.notes)
    assert not any("infection" in reason.text for reason in found.reasons)


def test_expanders_placed_later_move_the_window_later() -> None:
    usual = window(case(), tables=TABLES)
    policy = TimingPolicy(expanders_placed=date(2026, 10, 1))
    late = window(case(), tables=TABLES, policy=policy)
    assert late.opens > usual.opens
    assert not any("taken to be placed" in note for note in late.notes)


def weeks(a: float, b: float) -> dict[TwinId, float]:
    return {TwinId.A: a, TwinId.B: b}


def test_the_weeks_of_the_plan_stand_in_for_the_usual_ones() -> None:
    found = window(case(), expansion_weeks=weeks(6.0, 20.0), tables=TABLES)
    # Expanders in on 1 August, first filled after 9 days; of 140 days 131 are for filling.
    start = date(2026, 8, 1)
    shares = {p.day: p.facts["skin-expansion-percent"] for p in found.points}
    assert shares[start] == 0.0
    for day, share in shares.items():
        done = min(1.0, max(0.0, ((day - start).days - 9) / 131))
        assert share == pytest.approx(100.0 * done)
    assert any("twin A 6, twin B 20" in note for note in found.notes)
    other = window(case(), expansion_weeks=weeks(20.0, 6.0), tables=TABLES)
    assert other.points == found.points


def test_slower_expansion_never_makes_a_day_better() -> None:
    quick, slow = (
        window(case(), expansion_weeks=weeks(8.0, n), tables=TABLES) for n in (8.0, 24.0)
    )
    for early, late in zip(quick.points, slow.points, strict=True):
        assert late.terms["skin"] >= early.terms["skin"]
    assert slow.opens > quick.opens


def test_without_expanders_no_day_waits_for_skin() -> None:
    found = window(case(), expansion_weeks=weeks(0.0, 0.0), tables=TABLES)
    assert {point.terms["skin"] for point in found.points} == {0.0}
    assert not any("taken to be placed" in note for note in found.notes)


def test_other_good_days_apart_are_told() -> None:
    stretch = {"earliest_operation": date(2026, 11, 1), "latest_operation": date(2028, 6, 1)}
    heavy = '[[row]]\nkey = "weight-season"\nvalue = 0.1\nsource = "the team"\n'
    light = '[[row]]\nkey = "waiting-hazard"\nvalue = 0.02\nsource = "the team"\n'
    tables = TABLES | {"timing": load_table("timing", heavy + light)}
    found = window(case(**stretch), tables=tables, policy=TimingPolicy(tolerance=0.03))
    limit = 1.03 * min(point.burden for point in found.points)
    apart = [
        point.day
        for point in found.points
        if point.burden <= limit and not found.opens <= point.day <= found.closes
    ]
    told = [note for note in found.notes if "Other days are as good" in note]
    assert bool(apart) == bool(told)
    assert all(day.isoformat() in told[0] for day in apart)


def test_what_is_not_known_is_said() -> None:
    unweighed = case()
    unweighed = replace(
        unweighed, twins=(unweighed.twins[0], replace(unweighed.twins[1], weight=None))
    )
    notes = " ".join(window(unweighed, tables=TABLES).notes)
    assert "No weight is known for twin B" in notes
    assert "36 cm2 was assumed" in notes
    assert "before it, it is probably higher" in notes


@pytest.mark.parametrize(
    ("weight", "words"),
    [(70.0, "twin A: weight 70 at 7.0 months is"), (0.9, "twin A: weight 0.9 at 7.0 months")],
)
def test_weight_in_the_wrong_unit_is_refused(weight: float, words: str) -> None:
    wrong = case()
    a, b = wrong.twins
    wrong = replace(wrong, twins=(replace(a, weight=Kilogram(weight)), b))
    with pytest.raises(InputError, match=words):
        window(wrong, tables=TABLES)


def test_one_day_alone_is_no_curve() -> None:
    with pytest.raises(InputError, match="the only day asked for is 2026-08-01"):
        window(case(latest_operation=date(2026, 8, 1)), tables=TABLES)


def test_missing_table_and_odd_area_are_refused() -> None:
    with pytest.raises(InputError, match="timing lacks the tables seasons"):
        window(case(), tables={name: TABLES[name] for name in ("growth", "timing")})
    with pytest.raises(InputError, match="fused area is -1"):
        window(case(), fused_area_cm2=-1.0, tables=TABLES)


def test_policy_is_checked() -> None:
    with pytest.raises(InputError, match="step_days 0"):
        TimingPolicy(step_days=0)
