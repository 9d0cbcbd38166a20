"""Growth agrees with the WHO's own daily numbers and the season with its table."""

from datetime import date, timedelta
from itertools import pairwise
from math import exp

import pytest
from pygrowup.tables.by_day import hcfa, wfa

from diptych.model import InputError
from diptych.tables import load_table
from diptych.timing import GrowthCurve, postponement_probability, season_index
from diptych.timing.growth import build_curve

GROWTH, SEASONS = load_table("growth"), load_table("seasons")
MEASURES = {"head-circumference": hcfa.DATA, "weight": wfa.DATA}


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_every_day_is_near_the_whos_own_row(measure: str, sex: str) -> None:
    curve = build_curve(GROWTH, measure, sex)
    worst = 0.0
    for day, row in MEASURES[measure][sex].items():
        lms = GrowthCurve(
            measure=measure,
            days=(0.0, 1.0),
            values=((float(row["l"]), float(row["m"]), float(row["s"])),) * 2,
        )
        for z in (-2.0, 0.0, 2.0):
            worst = max(worst, abs(curve.size(day, z) / lms.size(0, z) - 1.0))
    assert worst < (0.001 if measure == "head-circumference" else 0.004)


def test_rows_are_the_whos_own_numbers() -> None:
    for row in GROWTH.rows.values():
        if "measure" in row.fields:
            known = MEASURES[row.text("measure")][row.text("sex")][row.integer("day")]
            assert [row.number(field) for field in "lms"] == [float(known[f]) for f in "lms"]


def test_published_percentiles_of_girls_at_nine_months() -> None:
    day = 274
    head = build_curve(GROWTH, "head-circumference", "female")
    weight = build_curve(GROWTH, "weight", "female")
    assert [round(head.size(day, z), 1) for z in (-2, 0, 2)] == [41.2, 43.8, 46.5]
    assert [round(weight.size(day, z), 1) for z in (-2, 0, 2)] == [6.5, 8.2, 10.5]


def test_z_score_is_the_inverse_of_size() -> None:
    for sex in ("female", "male", "unknown"):
        curve = build_curve(GROWTH, "weight", sex)
        for z in (-5.0, -1.0, 0.0, 2.5):
            assert curve.z_score(200.5, curve.size(200.5, z)) == pytest.approx(z, abs=1e-9)


def test_box_cox_of_zero_is_the_logarithm() -> None:
    curve = GrowthCurve(measure="m", days=(0.0, 9.0), values=((0.0, 10.0, 0.1),) * 2)
    assert curve.size(5.0, 2.0) == pytest.approx(10.0 * exp(0.2))
    assert curve.z_score(5.0, 10.0 * exp(0.2)) == pytest.approx(2.0)


def test_unknown_sex_is_between_both() -> None:
    sizes = [
        build_curve(GROWTH, "weight", sex).size(300.0) for sex in ("female", "unknown", "male")
    ]
    assert sizes[1] == pytest.approx((sizes[0] + sizes[2]) / 2.0, abs=1e-9)


def test_ages_beyond_the_standard_keep_its_last_values() -> None:
    curve = build_curve(GROWTH, "weight", "male")
    assert curve.size(3000.0) == curve.size(curve.ends)


def test_sex_that_has_no_rows_is_refused() -> None:
    with pytest.raises(InputError, match="table growth has 0 rows of weight for other"):
        build_curve(GROWTH, "weight", "other")


def test_season_in_mid_month_is_the_mean_of_the_three_rows() -> None:
    assert season_index(SEASONS, date(2026, 1, 16), "north") == pytest.approx(2.8 / 3)
    assert season_index(SEASONS, date(2026, 7, 16), "north") == pytest.approx(0.44 / 3)


def test_south_is_six_months_off() -> None:
    for month in range(1, 13):
        north = season_index(SEASONS, date(2026, month, 15), "north")
        south = season_index(SEASONS, date(2026, (month + 5) % 12 + 1, 15), "south")
        assert south == pytest.approx(north, abs=0.02)


def test_season_has_no_jump_at_any_day() -> None:
    days = [date(2027, 12, 1) + timedelta(days=n) for n in range(430)]
    values = [season_index(SEASONS, day, "north") for day in days]
    assert max(abs(b - a) for a, b in pairwise(values)) < 0.02


def test_probability_of_postponement_by_hand() -> None:
    assert postponement_probability(0.0, per_day=0.05, days=14) == 0.0
    assert postponement_probability(1.0, per_day=0.05, days=14) == pytest.approx(1 - exp(-0.7))
