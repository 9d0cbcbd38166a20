"""The benchmark's phantom is what its description says, at any size and in any slabs."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import phantom
from phantom import make_phantom, make_slab

SIZE = 96
BOTH = pytest.mark.parametrize("kind", ["small", "large"])


@pytest.fixture(scope="module")
def cost():
    return make_phantom(SIZE, "small")[0]


def percent(mask):
    return 100 * np.count_nonzero(mask) / mask.size


@pytest.mark.parametrize(("kind", "share", "within"), [("small", 1.3, 0.1), ("large", 12.8, 0.5)])
@pytest.mark.parametrize("size", [SIZE, 128])
def test_shares_of_tissue_and_seeds(size, kind, share, within):
    cost, seeds = make_phantom(size, kind)
    assert percent(cost > 0) == pytest.approx(31.9, abs=0.5)
    assert percent(seeds > 0) == pytest.approx(share, abs=within)
    one, two = (np.count_nonzero(seeds == code) for code in (1, 2))
    assert one == pytest.approx(two, rel=0.05)


@BOTH
def test_types_codes_and_seeds_in_tissue(kind):
    cost, seeds = make_phantom(SIZE, kind)
    assert cost.dtype == seeds.dtype == np.uint8
    assert cost.shape == seeds.shape == (SIZE,) * 3
    assert set(np.unique(seeds)) == {0, 1, 2}
    assert (cost[seeds > 0] > 0).all()
    assert cost.max() == 127
    low, high = np.nonzero(seeds == 1)[2], np.nonzero(seeds == 2)[2]
    assert low.max() < high.min()


@BOTH
def test_slabs_and_the_whole_are_identical(kind):
    cost, seeds = make_phantom(48, kind)
    for step in (1, 7, 20):
        slabs = [make_slab(48, kind, i, min(48, i + step)) for i in range(0, 48, step)]
        assert (np.concatenate([part[0] for part in slabs]) == cost).all()
        assert (np.concatenate([part[1] for part in slabs]) == seeds).all()


def test_again_the_same_and_the_seeds_leave_the_costs_alone(cost):
    assert (make_phantom(SIZE, "large")[0] == cost).all()


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="medium"):
        make_phantom(48, "medium")


def test_noise_is_a_quarter_and_new_at_each_size(cost):
    brain = cost[(cost >= 45) & (cost <= 75)]
    assert brain.mean() == pytest.approx(60, abs=0.5)
    assert np.histogram(brain, bins=[45, 50, 55, 60, 65, 70, 76])[0].min() > 0.1 * len(brain)
    assert not np.isin(cost, [20, 25, 30, 35, 40, 44]).any()  # between bone, 17.5, and brain, 45


def test_noise_is_drawn_anew_for_each_voxel(cost):
    brain = (cost >= 45) & (cost <= 75)
    for axis in range(3):
        here, there = np.moveaxis(cost, axis, 0)[:-1], np.moveaxis(cost, axis, 0)[1:]
        both = np.moveaxis(brain, axis, 0)[:-1] & np.moveaxis(brain, axis, 0)[1:]
        assert abs(np.corrcoef(here[both], there[both])[0, 1]) < 0.03


def coarse(mask, cells=12):
    """Share of the mask in each of `cells` cubes a side."""
    n = mask.shape[0] // cells
    return mask.reshape(cells, n, cells, n, cells, n).mean(axis=(1, 3, 5))


@pytest.mark.parametrize(("low", "high", "least"), [(6, 10, 0.95), (45, 75, 0.99), (1, 127, 0.99)])
def test_folds_brain_and_head_lie_where_they_lie_at_every_size(low, high, least):
    shares = []
    for size in (72, 144):
        cost = make_phantom(size, "small")[0]
        shares.append(coarse((cost >= low) & (cost <= high)).ravel())
    assert np.corrcoef(shares)[0, 1] > least


def test_seeds_lie_where_they_lie_at_every_size():
    for kind in ("small", "large"):
        one, two = (coarse(make_phantom(size, kind)[1] == 1).ravel() for size in (72, 144))
        assert np.corrcoef(one, two)[0, 1] > 0.99


def test_vessels_are_forty_and_half_of_them_cross_the_sheet():
    vessels = phantom.draw_vessels()
    assert vessels.shape == (40, 3, 3)
    t = np.linspace(0, 1, 50)[:, None, None]
    curves = (1 - t) ** 2 * vessels[:, 0] + 2 * t * (1 - t) * vessels[:, 1] + t**2 * vessels[:, 2]
    x, y, z = curves.transpose(2, 0, 1)
    above = z > 0.06 * np.sin(3 * x) * np.cos(2.5 * y) + 0.05 * np.sin(5 * y)
    crossing = above.any(axis=0) & ~above.all(axis=0)
    assert crossing.sum() == 20
    assert crossing[::2].all()


def voxels_from_sheet():
    places = (np.arange(SIZE) + 0.5) * 2 / SIZE - 1
    x, y = places[:, None], places[None, :]
    bend = 0.06 * np.sin(3 * x) * np.cos(2.5 * y) + 0.05 * np.sin(5 * y)
    return (places[None, None, :] - bend[:, :, None]) * SIZE / 2


def test_the_sheet_is_two_and_a_half_voxels_thick(cost):
    middle = (slice(SIZE // 3, 2 * SIZE // 3),) * 2
    apart, costs = np.abs(voxels_from_sheet()[middle]), cost[middle]
    inside = costs[apart < 1.2]
    assert (((inside >= 4) & (inside <= 6)) | (inside >= 90)).all()
    assert np.count_nonzero(costs[(apart > 1.3) & (apart < 3)] >= 45) > 0.5 * np.count_nonzero(
        (apart > 1.3) & (apart < 3)
    )


def test_a_sheet_parts_the_brains_everywhere(cost):
    """Without dura, vessels apart, no brain voxel touches a brain voxel of the other twin."""
    above = voxels_from_sheet() > 0
    brain = (cost >= 45) & (cost <= 75)
    for axis in range(3):
        a, b = (np.moveaxis(brain, axis, 0)[part] for part in (slice(-1), slice(1, None)))
        low, high = (np.moveaxis(above, axis, 0)[part] for part in (slice(-1), slice(1, None)))
        assert not (a & b & (low != high)).any()
