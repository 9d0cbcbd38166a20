"""Costs that are no whole numbers: how far from the true optimum a cut may be.

The true optimum is found by trying all labels of a dozen free voxels, in double precision.
"""

from fractions import Fraction

import numpy as np
import pytest
from mincut_cases import HALF, chance_of, pair_slices, part_seeds, weight_of

from diptych.kernels.mincut import minimum_cut

SHAPES = ((1, 2, 10), (2, 2, 4), (2, 7, 1), (1, 1, 14), (3, 5, 1), (4, 2, 2))


def promised_loss(cut):
    """What the cut says it may cost more than the best cut of the floats, in their unit."""
    gap = getattr(cut, "gap", None)
    if gap is None:
        pytest.skip("a cut does not say yet how far the optimum of float costs may be from it")
    return gap


def spread(kind, shape, chance):
    """Float costs: even, over six decades, over twenty, or in quarters."""
    if kind == "even":
        return chance.random(shape) + 0.01
    if kind == "quarters":
        return chance.integers(1, 40, shape) / 4
    cost = np.exp(chance.normal(0.0, 3.0 if kind == "wide" else 10.0, shape))
    cost[chance.random(shape) < 0.1] = 0.0
    return cost


def draw_floats(kind, number):
    """Costs, seeds, options with at most twelve free voxels."""
    chance = chance_of(number, sum(map(ord, kind)))
    while True:
        shape = SHAPES[number % len(SHAPES)]
        cost = spread(kind, shape, chance)
        options = {"neighbours": int(chance.choice([6, 26]))}
        if number % 3 == 0:
            options["spacing"] = (1, 1, 1.7)
        if number % 2:
            options["unary"] = chance.normal(0.0, np.median(cost), shape)
        seeds = np.zeros(shape, dtype=np.uint8)
        along = np.moveaxis(seeds, int(np.argmax(shape)), 0)
        along[0], along[-1] = 1, 2
        while ((cost > 0) & (seeds == 0)).sum() > 12:
            seeds.flat[chance.integers(seeds.size)] = chance.integers(1, 3)
        seeds[cost == 0] = 0
        seeds = part_seeds(seeds, options["neighbours"])
        free = (cost > 0) & (seeds == 0)
        if (seeds == 1).any() and (seeds == 2).any() and 1 <= free.sum() <= 13:
            return cost, seeds, options


def prices(cost, seeds, options, labels):
    """Prices (M,) in the unit of the costs of labels (M, I, J, K)."""
    total = np.zeros(len(labels))
    tissue = cost > 0
    neighbours = options["neighbours"]
    for step in HALF[neighbours]:
        here, there = pair_slices(step)
        edge = np.where(tissue[here] & tissue[there], cost[here] + cost[there], 0.0)
        severed = labels[(slice(None), *here)] != labels[(slice(None), *there)]
        weight = weight_of(step, neighbours, options.get("spacing", (1, 1, 1)))
        total += weight * (severed * edge).sum(axis=(1, 2, 3))
    unary = options.get("unary", np.zeros(cost.shape)) * (tissue & (seeds == 0))
    total += np.where(labels == 2, np.maximum(unary, 0), 0).sum(axis=(1, 2, 3))
    return total + np.where(labels == 1, np.maximum(-unary, 0), 0).sum(axis=(1, 2, 3))


def all_labels(cost, seeds):
    """Every way to label the free voxels, (M, I, J, K)."""
    free = np.flatnonzero((cost > 0) & (seeds == 0))
    ways = (np.arange(2**free.size)[:, None] >> np.arange(free.size)) & 1
    labels = np.repeat(seeds.reshape(1, -1), len(ways), axis=0)
    labels[:, free] = ways + 1
    return labels.reshape(-1, *cost.shape)


def slack_of(cost, seeds, options, scale):
    """The most that rounding each cost by one step can change the price of any labels."""
    weights = [
        weight_of(step, options["neighbours"], options.get("spacing", (1, 1, 1)))
        for step in HALF[options["neighbours"]]
    ]
    pairs = [
        ((cost[here] > 0) & (cost[there] > 0)).sum()
        for here, there in map(pair_slices, HALF[options["neighbours"]])
    ]
    return (2 * float(np.dot(weights, pairs)) + cost.size) / scale


EACH = pytest.mark.parametrize("kind", ["even", "quarters", "wide", "wildest"])
NUMBERS = range(25)


@EACH
def test_the_cut_is_best_up_to_its_scale(kind):
    """Whatever is promised, the scale alone bounds what rounding can do."""
    for number in NUMBERS:
        cost, seeds, options = draw_floats(kind, number)
        cut = minimum_cut(cost, seeds, **options)
        slack = slack_of(cost, seeds, options, cut.scale)
        best = prices(cost, seeds, options, all_labels(cost, seeds)).min()
        mine = prices(cost, seeds, options, cut.labels[None])[0]
        assert cut.certificate.passed
        assert abs(cut.value / cut.scale - mine) <= slack
        assert best * (1 - 1e-12) <= mine <= best + 2 * slack


@EACH
def test_the_promised_loss_holds(kind):
    for number in NUMBERS:
        cost, seeds, options = draw_floats(kind, number)
        cut = minimum_cut(cost, seeds, **options)
        best = prices(cost, seeds, options, all_labels(cost, seeds)).min()
        mine = prices(cost, seeds, options, cut.labels[None])[0]
        assert 0 <= mine - best <= promised_loss(cut) * (1 + 1e-9) + 1e-12 * best, number


def test_the_promise_is_worth_something():
    """For costs of one size, within half a percent of the value; nothing for whole numbers."""
    for number in NUMBERS:
        cost, seeds, options = draw_floats("even", number)
        options.pop("unary", None)
        cut = minimum_cut(cost, seeds, **options)
        assert promised_loss(cut) <= 0.005 * prices(cost, seeds, options, cut.labels[None])[0]
    whole = minimum_cut(np.full((3, 3, 3), 5), np.diag([1, 0, 2])[:, None].repeat(3, 1))
    assert promised_loss(whole) == 0


def test_the_unit_of_the_costs_does_not_matter():
    for number in NUMBERS:
        cost, seeds, options = draw_floats("even", number)
        options.pop("unary", None)
        cut = minimum_cut(cost, seeds, **options)
        other = minimum_cut(cost * 0.0009765625, seeds, **options)
        assert other.value == cut.value
        assert other.scale == cut.scale * 1024
        assert (other.labels == cut.labels).all()


def test_every_tissue_voxel_stays_tissue():
    """A cost above 0 that would round to 0 must not become air."""
    cost = np.full((1, 1, 7), 1e-9)
    cost[0, 0, 1] = 1.0
    seeds = np.zeros(cost.shape, dtype=np.uint8)
    seeds[0, 0, 0], seeds[0, 0, -1] = 1, 2
    cut = minimum_cut(cost, seeds)
    assert (cut.labels > 0).all()
    assert cut.value > 0
    assert cut.labels.ravel()[1] == 1


def test_single_precision_is_taken_at_its_value():
    """A float32 is the number it holds, no other: its cut is that of the same doubles."""
    for number in NUMBERS:
        cost, seeds, options = draw_floats("even", number)
        single = cost.astype(np.float32)
        one = minimum_cut(single, seeds, **options)
        other = minimum_cut(single.astype(np.float64), seeds, **options)
        assert (one.value, one.scale) == (other.value, other.scale)
        assert (one.labels == other.labels).all()


def test_the_oracle_is_right():
    """A row of three, by hand, in fractions."""
    cost = np.array([0.1, 0.2, 0.4]).reshape(3, 1, 1)
    seeds = np.array([1, 0, 2], dtype=np.uint8).reshape(3, 1, 1)
    found = prices(cost, seeds, {"neighbours": 6}, all_labels(cost, seeds))
    wanted = [Fraction(2, 10) + Fraction(4, 10), Fraction(1, 10) + Fraction(2, 10)]
    assert found == pytest.approx(sorted(map(float, wanted), reverse=True))
