"""Flooding from markers, beside scikit-image's watershed and by hand."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.segmentation import watershed

from diptych.kernels.flood import flood
from diptych.model import InputError


def landscape(key, shape=(14, 11, 12)):
    chance = np.random.Generator(np.random.Philox(key=key))
    height = ndimage.gaussian_filter(chance.normal(size=shape), 1.5).astype(np.float32)
    height = np.argsort(np.argsort(height.ravel())).reshape(shape).astype(np.float32)
    markers = np.zeros(shape, np.int8)
    for number in range(1, 5):
        markers[tuple(chance.integers(0, n) for n in shape)] = number
    mask = chance.random(shape) < 0.85
    return height, markers, mask


@pytest.mark.parametrize("key", range(40))
def test_it_floods_as_scikit_image_does_where_all_heights_differ(key):
    height, markers, mask = landscape(key)
    wanted = watershed(height, markers=np.where(mask, markers, 0), mask=mask)
    assert np.array_equal(flood(height, markers, mask, 1.0), wanted)


def test_two_valleys_meet_on_their_ridge():
    height = np.array([3, 1, 2, 5, 4, 0, 3], np.float32).reshape(1, 1, 7)
    markers = np.array([0, 1, 0, 0, 0, 2, 0], np.int8).reshape(1, 1, 7)
    found = flood(height, markers, np.ones((1, 1, 7), bool), 0.5)
    assert found.ravel().tolist() == [1, 1, 1, 1, 2, 2, 2]  # the ridge: 1 reaches it from lower


def test_on_a_plain_the_nearer_marker_wins():
    markers = np.zeros((1, 1, 9), np.int8)
    markers[0, 0, 0], markers[0, 0, 6] = 1, 2
    found = flood(np.zeros((1, 1, 9), np.float32), markers, np.ones((1, 1, 9), bool), 1.0)
    assert found.ravel().tolist() == [1, 1, 1, 1, 2, 2, 2, 2, 2]


def test_water_stays_in_the_mask_and_what_it_cannot_reach_is_dry():
    mask = np.ones((3, 3, 5), bool)
    mask[:, :, 2] = False
    markers = np.zeros(mask.shape, np.int8)
    markers[1, 1, 0], markers[1, 1, 2] = 3, 1
    found = flood(np.zeros(mask.shape, np.float32), markers, mask, 1.0)
    assert (found[:, :, :2] == 3).all()
    assert not found[:, :, 2:].any()
    assert not flood(np.zeros(mask.shape, np.float32), markers, ~mask & mask, 1.0).any()


def test_wrong_input_is_told():
    flat, mask = np.zeros((2, 2, 2), np.float32), np.ones((2, 2, 2), bool)
    with pytest.raises(InputError, match="expected one of three axes"):
        flood(flat, np.zeros((2, 2, 3), np.int8), mask, 1.0)
    steep = flat.copy()
    steep[0, 0, 0] = 1e6
    with pytest.raises(InputError, match="expected fewer than 16384 steps"):
        flood(steep, np.zeros(mask.shape, np.int8), mask, 0.5)
