"""Expanders: what they give by formula, the smallest set that is enough, the weeks they take."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from covered_pair import Heads, draw_heads

from diptych.model import InputError, TwinId
from diptych.separation.area import measure_faces
from diptych.separation.expanders import (
    arc_gain,
    choose_expanders,
    expander_volume,
    plan_fills,
    read_sizes,
)
from diptych.separation.opening import view_opening
from diptych.separation.reconstruction import balance_skin
from diptych.separation.scalp import chart_scalp
from diptych.tables import load_table

TABLE, TIMING = load_table("reconstruction"), load_table("timing")


@pytest.fixture(scope="module")
def scalp():
    tissues, side = draw_heads(Heads())
    steps = (2.0,) * 3
    openings = view_opening(side, tissues, measure_faces(side, steps), steps)
    return chart_scalp(side, tissues, TwinId.A, openings[TwinId.A]["skin"].frame, steps)


@pytest.mark.parametrize(
    ("base", "height", "gain"), [(5.0, 2.0, 1.9), (6.0, 3.0, 3.4), (7.0, 3.5, 4.0), (8.0, 4.0, 4.6)]
)
def test_the_worked_examples(base, height, gain):
    assert arc_gain(base, height) == pytest.approx(gain, abs=0.05)


def test_an_expander_higher_than_half_a_circle():
    assert arc_gain(6.0, 3.0) == pytest.approx(3.0 * pi - 6.0)
    assert arc_gain(6.0, 3.01) > arc_gain(6.0, 3.0) > arc_gain(6.0, 2.99)


def test_contents():
    assert expander_volume("rectangular", 60.0, 80.0, 30.0) == pytest.approx(pi * 9.0 / 2.0 * 8.0)
    assert expander_volume("round", 70.0, 70.0, 35.0) == pytest.approx(2.0 / 3.0 * pi * 3.5**3)


def test_every_size_holds_what_is_published():
    for size in read_sizes(TABLE):
        assert 40.0 < size.volume < 340.0, size.key
        assert 0.0 < size.gain.low < size.gain.value < size.gain.high


def test_a_round_one_gives_part_of_the_cap_beyond_its_base():
    size = next(size for size in read_sizes(TABLE) if size.key == "expander-o7")
    assert size.gain.value == pytest.approx(0.58 * 0.66 * pi * 3.5**2)


def test_nothing_lacks_nothing_is_put_in(scalp):
    assert choose_expanders(scalp, 0.0, TABLE) == ()


def test_the_smallest_set_is_chosen(scalp):
    lacking = 15.0
    chosen = choose_expanders(scalp, lacking, TABLE)
    sizes = read_sizes(TABLE)
    assert len(chosen) == 1
    assert chosen[0].size.gain.low >= lacking
    enough = [size for size in sizes if size.gain.low >= lacking]
    assert chosen[0].size.volume == min(size.volume for size in enough)
    more = choose_expanders(scalp, 30.0, TABLE)
    assert len(more) == 2
    assert sum(window.size.gain.low for window in more) >= 30.0


def test_when_none_is_enough_most_is_taken(scalp):
    best = choose_expanders(scalp, 1000.0, TABLE)
    gain = sum(window.size.gain.low for window in best)
    assert 25.0 < gain < 1000.0
    one_more = choose_expanders(scalp, gain - 0.1, TABLE)
    assert sum(window.size.gain.low for window in one_more) >= gain - 0.1


def test_windows_do_not_overlap_and_keep_their_distances(scalp):
    windows = choose_expanders(scalp, 1000.0, TABLE)
    count = len(scalp.rim)
    for one, other in zip(windows, [*windows[1:], windows[0]], strict=True):
        gap = (other.begin - one.begin) % count if len(windows) > 1 else count
        assert gap >= one.end - one.begin - 1e-9
    for window in windows:
        middle = (window.near + window.far) / 2.0
        spots = [scalp.between(float(c), middle) for c in np.linspace(window.left, window.right, 9)]
        length = np.linalg.norm(np.diff(spots, axis=0), axis=1).sum()
        assert length == pytest.approx(window.size.length, rel=0.03)
        assert window.begin < window.left < window.right < window.scar < window.end


def test_no_scalp_no_expander(scalp):
    bald = replace(scalp, hair=np.zeros_like(scalp.hair))
    assert choose_expanders(bald, 50.0, TABLE) == ()


def test_the_calendar():
    sizes = read_sizes(TABLE)[:2]
    fills, weeks = plan_fills(sizes, TABLE, TIMING)
    assert [fill.day for fill in fills[:3]] == [9, 16, 23]
    assert len(fills) == 12
    assert weeks.value == pytest.approx((9 + 7 * 11) / 7.0)
    assert weeks.low <= 10.0 <= weeks.value <= 13.0 <= weeks.high
    for place, size in enumerate(sizes):
        assert sum(fill.volumes[place] for fill in fills) == pytest.approx(1.2 * size.volume)
        assert fills[0].volumes[place] == pytest.approx(0.1 * size.volume)
    assert plan_fills((), TABLE, TIMING)[1].value == 0.0


@pytest.mark.parametrize(("need", "own", "gain"), [(80.0, 20.0, 30.0), (80.0, 40.0, 50.0)])
def test_need_and_supply_balance(need, own, gain):
    balance = balance_skin(need, own, gain)
    assert balance.need == pytest.approx(balance.own + balance.gain + balance.graft - balance.spare)
    assert min(balance.graft, balance.spare) == 0.0


def test_an_impossible_expander_is_refused():
    with pytest.raises(InputError, match="expected both above 0"):
        arc_gain(5.0, 0.0)
    odd = load_table(
        "reconstruction",
        '[[row]]\nkey = "expander-x"\nkind = "expander"\nshape = "star"\nbase = 50\nlength = 50\n'
        'projection = 20\nsource = "test"\nconfidence = "low"\n',
    )
    with pytest.raises(InputError, match="'star', expected rectangular"):
        read_sizes(odd)
