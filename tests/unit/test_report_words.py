"""How the dossier says things, and that nothing in a drawing overlaps."""

import numpy as np
import pytest
from report_inputs import make_coverage, make_schedule, measured

from diptych.model import CoverageCell, Measured, Owner, Subject, TwinId
from diptych.report.dayaxis import lay_day, milestone_rows
from diptych.report.fingerprint import hash_value, name_values
from diptych.report.heatmap import merge_cells, sort_cell
from diptych.report.plates import spread_badges
from diptych.report.svg import estimate_width, shorten, stack_labels, write
from diptych.report.words import (
    end_sentence,
    name_owner,
    name_subject,
    sign_twin,
    tell_before,
    tell_clock,
    tell_length,
    tell_measured,
    tell_number,
    tell_share,
)


@pytest.mark.parametrize(
    ("minute", "words"),
    [
        (0, "07:30"),
        (59, "08:29"),
        (990, "00:00 +1\u00a0d"),
        (2500, "01:10 +2\u00a0d"),
        (-10, "07:20"),
    ],
)
def test_clock_readings_say_which_day(minute, words):
    assert tell_clock(minute, "07:30") == words


def test_lengths_figures_and_shares():
    assert tell_length(45) == "45\u00a0min"
    assert tell_length(780) == "13\u00a0h"
    assert tell_length(785) == "13\u00a0h 5\u00a0min"
    assert [tell_number(v) for v in (12.0, 123.4, 12.34, 1.234, 0.001234)] == [
        "12", "123", "12.3", "1.23", "0.0012",
    ]  # fmt: skip
    assert tell_measured(measured(31.0, 3, "cm2")) == "31\u00a0cm² (28 to 34)"
    assert tell_measured(measured(152.0, 0, "degrees")) == "152°"


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "100\u00a0%"),
        (0.99999, ">\u00a099.9\u00a0%"),
        (0.0, "0\u00a0%"),
        (1e-6, "<\u00a00.1\u00a0%"),
        (0.942, "94.2\u00a0%"),
    ],
)
def test_shares_are_never_rounded_to_all_or_nothing(share, words):
    assert tell_share(share) == words


def test_each_twin_has_letter_and_shape():
    assert sign_twin(TwinId.A) == "●\u00a0A"
    assert sign_twin(TwinId.B) == "■\u00a0B"
    assert name_owner(Owner.B) == name_subject(Subject.B) == "■\u00a0B"


def test_sentences_end():
    assert end_sentence(" made from a ball; not a patient ") == "Made from a ball; not a patient."
    assert end_sentence("") == ""


def test_stacked_labels_never_overlap():
    spans = [(0.0, 50.0), (10.0, 60.0), (55.0, 90.0), (61.0, 70.0), (100.0, 120.0)]
    rows = stack_labels(spans, gap=2.0)
    for n, (start, _) in enumerate(spans):
        for m in range(n):
            assert rows[n] != rows[m] or spans[m][1] + 2.0 <= start


def test_shortened_words_fit():
    assert estimate_width(shorten("a very long title of a task", 90.0, 12.0), 12.0) <= 90.0
    assert shorten("short", 90.0) == "short"


def test_words_in_drawings_are_escaped():
    assert "<script>" not in write(0, 0, "<script>alert('x')</script>")
    assert "&lt;script&gt;" in write(0, 0, "<script>")


def test_badges_never_overlap():
    points = np.array([[50.0, 50.0]] * 4 + [[52.0, 50.0], [200.0, 90.0]])
    places = spread_badges(points, 10.0, (400.0, 300.0))
    gaps = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert gaps[~np.eye(len(points), dtype=bool)].min() > 2 * 10.0


def test_no_milestone_line_runs_through_a_label():
    axis = lay_day(make_schedule(), 350.0, 1440.0)
    rows = milestone_rows(make_schedule(), axis)
    for title, x, start, row in rows:
        assert start + estimate_width(title, 12.0) <= axis.right + 37
        assert not any(
            s < x < s + estimate_width(t, 12.0) and r > row for t, _, s, r in rows if t != title
        )


def test_cells_are_merged_only_when_alike_and_touching():
    def cell(start, end, depth, covered=True):
        return CoverageCell(
            hazard="h", start=start, end=end, covered=covered, witness=(), depth=depth
        )

    cells = [
        cell(10, 20, 5),
        cell(0, 10, 4),
        cell(20, 30, 0),
        cell(40, 50, 0),
        cell(50, 60, 0, False),
    ]
    assert merge_cells(cells) == [
        (0, 20, "deep"), (20, 30, "just"), (40, 50, "just"), (50, 60, "gap"),
    ]  # fmt: skip
    assert sort_cell(cell(0, 1, 2)) == "some"


def test_fingerprints_follow_the_values():
    assert hash_value(make_schedule()) == hash_value(make_schedule())
    assert hash_value(make_schedule(781)) != hash_value(make_schedule())
    assert hash_value({"b": 1, "a": 2}) == hash_value({"a": 2, "b": 1})
    assert hash_value(np.array([1, 2])) != hash_value(np.array([2, 1]))
    assert [name.split(":")[0] for name in name_values(b=1, a=make_coverage())] == ["a", "b"]


def test_a_figure_without_a_unit_shows_none():
    assert (
        tell_measured(Measured(value=0.86, low=0.85, high=0.88, unit="1")) == "0.86 (0.85 to 0.88)"
    )


def test_whole_percents_have_no_decimals_whatever_the_float():
    assert tell_share(0.28) == "28\u00a0%"


@pytest.mark.parametrize(
    ("minute", "words"),
    [
        (-325, "01:35 on the day"),
        (-420, "00:00 on the day"),
        (-421, "23:59 the evening before"),
        (-780, "18:00 the evening before"),
        (-781, "17:59 the day before"),
        (-1860, "00:00 the day before"),
        (-1861, "23:59, 2 days before"),
        (35, "07:35 on the day"),
        (1020, "00:00 +1\u00a0d"),
    ],
)
def test_what_comes_before_the_day_says_which_day(minute, words):
    assert tell_before(minute, "07:00") == words
