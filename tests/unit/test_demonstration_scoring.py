"""The scores of the accuracy benchmark, on hand-made arrays."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import scoring

SHAPE = (4, 4, 20)


def make_truth(step=0.0):
    """A below, B above k = 10 (a step of `step` mm for i >= 2); 1 mm voxels, all tissue."""
    _, _, k = np.indices(SHAPE)
    i = np.indices(SHAPE)[0]
    distance = 9.5 + np.where(i >= 2, step, 0.0) - k
    return scoring.TruthArrays(
        owner=np.where(distance > 0, 1, 2).astype(np.uint8),
        tissues=np.full(SHAPE, 5, dtype=np.uint8),
        veins=np.zeros(SHAPE, dtype=bool),
        distance=distance,
        interrupted=np.zeros(SHAPE, dtype=bool),
        affine=np.eye(4),
    )


def swapped(codes):
    return np.array([0, 2, 1, 3, 4], dtype=np.uint8)[codes]


def test_a_perfect_map_has_nothing_wrong():
    truth = make_truth()
    assert scoring.wrong_share(truth.owner, truth.owner, truth.near) == 0.0


def test_wrong_share_counts_shared_and_unknown_as_wrong_and_leaves_air_out():
    truth = make_truth()
    said = truth.owner.copy()
    said[0, 0, 9] = 2
    said[0, 0, 10] = 4
    said[0, 0, 11] = 0
    counted = int(truth.near.sum()) - 1
    wrong = scoring.wrong_share(said, truth.owner, truth.near)
    assert wrong == pytest.approx(100.0 * 2 / counted)


def test_only_tissue_within_12_mm_counts():
    truth = make_truth()
    truth.distance[:, :, 0] = 12.5
    truth.tissues[0, 0, 5] = scoring.VESSEL
    truth.tissues[0, 0, 6] = 0
    truth.interrupted[0, 0, 7] = True
    assert int(truth.near.sum()) == np.prod(SHAPE) - 16 - 3
    assert int(truth.near_interrupted.sum()) == 1


def test_vessel_shares_of_veins_of_twins_and_with_the_shared_ring():
    truth = make_truth()
    truth.tissues[0, 0, :4] = scoring.VESSEL
    truth.veins[0, 0, :2] = True
    truth.owner[0, 0, 3] = scoring.SHARED
    twins = truth.owner != scoring.SHARED
    said = truth.owner.copy()
    said[0, 0, 0] = 2
    said[0, 0, 3] = 0
    assert scoring.wrong_vessel_share(said, truth, truth.veins) == pytest.approx(50.0)
    assert scoring.wrong_vessel_share(said, truth, twins) == pytest.approx(100.0 / 3)
    assert scoring.wrong_vessel_share(said, truth, truth.tissues > 0) == pytest.approx(50.0)


def test_scores_do_not_change_when_the_twins_are_swapped():
    truth = make_truth(step=3.0)
    said = np.where(np.indices(SHAPE)[2] < 10, 1, 2).astype(np.uint8)
    mirrored = scoring.TruthArrays(
        owner=swapped(truth.owner),
        tissues=truth.tissues,
        veins=truth.veins,
        distance=-truth.distance,
        interrupted=truth.interrupted,
        affine=truth.affine,
    )
    everything = truth.tissues > 0
    assert scoring.wrong_share(said, truth.owner, truth.near) == scoring.wrong_share(
        swapped(said), mirrored.owner, mirrored.near
    )
    assert scoring.cut_distance(said, truth, everything) == scoring.cut_distance(
        swapped(said), mirrored, everything
    )


def test_dice_of_two_masks():
    a, b = np.array([True, True, False]), np.array([True, False, False])
    assert scoring.dice(a, b) == pytest.approx(2.0 / 3.0)
    assert np.isnan(scoring.dice(a & False, b & False))


def test_a_cut_on_the_interface_is_at_distance_nothing():
    truth = make_truth()
    found = scoring.cut_distance(truth.owner, truth, truth.tissues > 0)
    assert (found.mean, found.p95, found.faces) == (0.0, 0.0, 16)


def test_a_cut_two_voxels_off_is_two_millimetres_away():
    truth = make_truth()
    side = np.where(np.indices(SHAPE)[2] < 12, 1, 2).astype(np.uint8)
    found = scoring.cut_distance(side, truth, truth.tissues > 0)
    assert (found.mean, found.p95, found.faces) == (2.0, 2.0, 16)


def test_faces_outside_the_tissue_do_not_count():
    truth = make_truth()
    truth.tissues[0] = 0
    found = scoring.cut_distance(truth.owner, truth, truth.tissues > 0)
    assert found.faces == 12


def test_the_best_plane_of_a_flat_interface_is_that_interface():
    truth = make_truth()
    normal, offset = scoring.best_plane(truth)
    assert (scoring.plane_sides(truth, normal, offset) == truth.owner).all()


def test_the_best_plane_cannot_follow_a_step():
    truth = make_truth(step=6.0)
    side = scoring.plane_sides(truth, *scoring.best_plane(truth))
    assert scoring.wrong_share(side, truth.owner, truth.near) > 1.0


def test_ratio_to_the_ruler():
    assert scoring.ratio(6.0, 2.0) == 3.0
    assert scoring.ratio(6.0, 0.0) == float("inf")


def test_septum_distance_leaves_vessels_out():
    truth = make_truth()
    said = truth.owner.copy()
    said[3, 3, 10:14] = 1
    vessel = np.zeros(SHAPE, dtype=bool)
    vessel[3, 3, 10:14] = True
    assert scoring.septum_distance(said, truth).p95 > 0.0
    assert scoring.septum_distance(said, truth, vessel).mean == 0.0


def test_reliability_counts_what_was_said_and_what_is_right():
    truth = make_truth()
    sure = np.full(SHAPE, 100, dtype=np.uint8)
    sure[0, 0, 9:11], sure[1, 1, 9:11] = 90, 92
    said = truth.owner.copy()
    said[0, 0, 10] = 1
    bins = scoring.measure_reliability(sure, said, truth)
    assert [(entry.low, entry.count) for entry in bins] == [
        (85.0, 4),
        (98.0, int(truth.near.sum()) - 4),
    ]
    assert (bins[0].said, bins[0].right) == (91.0, 75.0)
    assert bins[1].right == 100.0
