import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from diptych.kernels.distance import measure_distance, nearest_index
from diptych.model.errors import InputError

CUBE = (1.5, 1.5, 1.5)
FLAT = (0.7, 1.3, 2.9)
SHAPES = [
    (1, 1, 2), (1, 1, 70), (1, 33, 1), (40, 1, 1), (9, 1, 12), (5, 6, 7), (3, 21, 34), (23, 4, 64),
]  # fmt: skip


def chance(seed):
    return np.random.Generator(np.random.Philox(key=seed))


def some_mask(shape, density, seed=0):
    mask = chance(seed).random(shape) < density
    mask[tuple(chance(seed + 1).integers(0, shape))] = False
    return mask


def check_distance(mask, spacing, threads=1):
    expected = ndimage.distance_transform_edt(mask, sampling=spacing)
    found = measure_distance(mask, spacing, threads=threads)
    assert found.dtype == np.float32
    if len(set(spacing)) == 1:
        assert found.tobytes() == expected.astype(np.float32).tobytes()
    else:
        np.testing.assert_allclose(found, expected, rtol=3e-7, atol=0.0)


@pytest.mark.parametrize("spacing", [CUBE, FLAT])
@pytest.mark.parametrize("shape", SHAPES)
def test_same_distance_as_scipy_at_every_density(shape, spacing):
    for density in (0.0, 0.1, 0.5, 0.8, 0.97, 0.999, 1.0):
        check_distance(some_mask(shape, density), spacing)


def test_by_hand():
    mask = np.ones((3, 4, 5), dtype=bool)
    mask[0, 0, 0] = False
    found = measure_distance(mask, (1.0, 2.0, 3.0))
    assert found[0, 0].tolist() == [0.0, 3.0, 6.0, 9.0, 12.0]
    assert found[:, 0, 0].tolist() == [0.0, 1.0, 2.0]
    assert found[2, 3, 4] == pytest.approx(np.sqrt(2**2 + 6**2 + 12**2), rel=1e-6)


def test_border_of_the_grid_is_not_outside():
    mask = np.ones((2, 2, 9), dtype=bool)
    mask[:, :, 4] = False
    assert measure_distance(mask, (1.0, 1.0, 1.0))[0, 0].tolist() == [4, 3, 2, 1, 0, 1, 2, 3, 4]


def test_nothing_false_is_infinitely_far_or_as_far_as_the_limit():
    mask = np.ones((4, 5, 40), dtype=bool)
    assert np.isposinf(measure_distance(mask, FLAT)).all()
    assert (measure_distance(mask, FLAT, limit=6.5) == np.float32(6.5)).all()
    assert not measure_distance(~mask, FLAT).any()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_planes_without_a_false_voxel(axis):
    mask = np.ones((30, 31, 33), dtype=bool)
    mask[tuple(slice(20, 22) if n == axis else slice(None, 4) for n in range(3))] = False
    check_distance(mask, CUBE)
    check_distance(mask, FLAT)


def test_far_away_and_curved():
    i, j, k = np.ogrid[:60, :70, :90]
    for mask in (
        (i - 29.5) ** 2 + (j - 34) ** 2 + (k - 40) ** 2 < 28**2,
        (i - 10) ** 2 + (j - 60) ** 2 + (k - 70) ** 2 > 9,
        4 * k > (i - 30) ** 2 + (j - 30) ** 2,
        np.abs(3 * i + 2 * j - k) > 2,
    ):
        check_distance(np.broadcast_to(mask, (60, 70, 90)), CUBE)
        check_distance(np.broadcast_to(mask, (60, 70, 90)), FLAT)


@pytest.mark.parametrize("spacing", [CUBE, FLAT])
def test_limit_cuts_and_changes_nothing_below(spacing):
    mask = some_mask((20, 25, 40), 0.995)
    whole = measure_distance(mask, spacing)
    for limit in (0.1, 1.5, 3.0, 7.77, 1e6, np.inf):
        near = measure_distance(mask, spacing, limit=limit)
        assert near.tobytes() == np.minimum(whole, np.float32(limit)).tobytes()


def test_what_is_beyond_the_limit_is_the_limit_itself():
    mask = np.ones((2, 1, 1), dtype=bool)
    for limit in chance(2).uniform(0.01, 30.0, 300):
        assert (measure_distance(mask, FLAT, limit=limit) == np.float32(limit)).all()


@pytest.mark.parametrize("spacing", [CUBE, FLAT])
def test_threads_change_no_byte(spacing):
    for density in (0.4, 0.99):
        mask = some_mask((19, 11, 37), density)
        one, index = nearest_index(mask, spacing)
        for threads in (2, 3, 50):
            assert measure_distance(mask, spacing, threads=threads).tobytes() == one.tobytes()
            again = nearest_index(mask, spacing, threads=threads)
            assert again[0].tobytes() == one.tobytes()
            assert again[1].tobytes() == index.tobytes()


@pytest.mark.parametrize("shape", SHAPES)
def test_nearest_voxel_is_the_one_that_scipy_names(shape):
    for density in (0.0, 0.3, 0.8, 0.97, 1.0):
        mask = some_mask(shape, density)
        _, places = ndimage.distance_transform_edt(mask, sampling=CUBE, return_indices=True)
        distance, index = nearest_index(mask, CUBE)
        assert index.dtype == np.int32
        assert np.array_equal(index, np.ravel_multi_index(places, shape))
        assert distance.tobytes() == measure_distance(mask, CUBE).tobytes()


def test_of_equally_near_voxels_the_lowest_k_then_j_then_i():
    mask = np.ones((3, 3, 3), dtype=bool)
    for place in ((0, 1, 1), (2, 1, 1), (1, 0, 1), (1, 2, 1), (1, 1, 2)):
        mask[place] = False
    assert nearest_index(mask, CUBE)[1][1, 1, 1] == np.ravel_multi_index((1, 0, 1), mask.shape)
    mask[1, 1, 0] = False
    assert nearest_index(mask, CUBE)[1][1, 1, 1] == np.ravel_multi_index((1, 1, 0), mask.shape)


def test_nearest_voxel_lies_at_the_distance_when_voxels_are_no_cubes():
    mask = some_mask((14, 15, 35), 0.98)
    distance, index = nearest_index(mask, FLAT)
    assert not mask.ravel()[index].any()
    steps = np.indices(mask.shape) - np.stack(np.unravel_index(index, mask.shape))
    lengths = np.sqrt(((steps * np.reshape(FLAT, (3, 1, 1, 1))) ** 2).sum(axis=0))
    np.testing.assert_allclose(lengths, distance, rtol=3e-7)
    check_distance(mask, FLAT)


@settings(max_examples=60, deadline=None)
@given(
    mask=arrays.arrays(bool, st.tuples(*[st.integers(1, 8)] * 3)),
    spacing=st.tuples(*[st.floats(0.1, 10.0)] * 3),
    threads=st.integers(1, 3),
)
def test_any_mask_is_measured_as_by_scipy(mask, spacing, threads):
    mask.flat[0] = False
    check_distance(mask, spacing, threads)


def test_whole_numbers_and_any_memory_order_will_do():
    mask = some_mask((8, 9, 40), 0.9)
    fixed = mask.copy()
    fixed.setflags(write=False)
    for view in (mask.transpose(2, 0, 1), mask[::-1, ::2, ::3], np.asfortranarray(mask), fixed):
        check_distance(view, CUBE)
    numbers = mask * chance(3).integers(1, 2000, mask.shape) * 256
    assert np.array_equal(measure_distance(numbers, CUBE), measure_distance(mask, CUBE))


def test_wrong_input_is_refused_by_name():
    mask = np.ones((2, 2, 2), dtype=bool)
    with pytest.raises(InputError, match=r"shape \(2, 2\), expected three axes"):
        measure_distance(mask[0], CUBE)
    with pytest.raises(InputError, match=r"shape \(2, 2, 0\), expected three axes, none empty"):
        measure_distance(mask[:, :, :0], CUBE)
    with pytest.raises(InputError, match="type float64, expected booleans or whole numbers"):
        measure_distance(mask * 1.0, CUBE)
    for spacing in ((1.0, 1.0), (1.0, 0.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, np.nan)):
        with pytest.raises(InputError, match="expected three finite numbers above 0"):
            measure_distance(mask, spacing)
    for limit in (0.0, -1.0, np.nan):
        with pytest.raises(InputError, match="limit is"):
            measure_distance(mask, CUBE, limit=limit)
    with pytest.raises(InputError, match="threads is 0"):
        measure_distance(mask, CUBE, threads=0)
    with pytest.raises(InputError, match="all 8 voxels of the mask are true"):
        nearest_index(mask, CUBE)
    with pytest.raises(InputError, match="2147483648 voxels, expected fewer"):
        measure_distance(np.broadcast_to(mask[:1, :1, :1], (2048, 1024, 1024)), CUBE)
