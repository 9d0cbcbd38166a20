import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from diptych.kernels.components import label_components
from diptych.model.errors import InputError

STRUCTURES = {
    n: ndimage.generate_binary_structure(3, rank) for n, rank in ((6, 1), (18, 2), (26, 3))
}
SHAPES = [(1, 1, 1), (1, 1, 9), (1, 9, 1), (9, 1, 1), (7, 1, 8), (6, 5, 4), (3, 14, 11), (13, 3, 2)]


def chance(seed):
    return np.random.Generator(np.random.Philox(key=seed))


def check_against_scipy(mask, neighbours, threads=1):
    expected, count = ndimage.label(mask, STRUCTURES[neighbours])
    found = label_components(mask, neighbours=neighbours, threads=threads)
    assert found.labels.dtype == np.int32
    assert found.labels.tobytes() == expected.astype(np.int32).tobytes()
    assert found.count == count
    assert found.sizes.tolist() == np.bincount(expected.ravel(), minlength=count + 1).tolist()


def pieces_of_each_value(image, neighbours):
    """Every value labelled by itself, then numbered by the first voxel of each piece."""
    whole = np.zeros(image.shape, dtype=np.int64)
    for value in np.unique(image[image != 0]):
        labels, _ = ndimage.label(image == value, STRUCTURES[neighbours])
        whole[labels > 0] = labels[labels > 0] + whole.max()
    values, first = np.unique(whole, return_index=True)
    order = {
        value: n for n, value in enumerate(values[values > 0][np.argsort(first[values > 0])], 1)
    }
    return np.vectorize(lambda value: order.get(value, 0))(whole)


@pytest.mark.parametrize("neighbours", [6, 18, 26])
@pytest.mark.parametrize("shape", SHAPES)
def test_same_numbers_as_scipy_at_every_density(shape, neighbours):
    for seed, density in enumerate((0.02, 0.15, 0.3, 0.5, 0.7, 0.9, 0.99)):
        check_against_scipy(chance(seed).random(shape) < density, neighbours)


@pytest.mark.parametrize("neighbours", [6, 18, 26])
def test_empty_and_full(neighbours):
    for full in (False, True):
        check_against_scipy(np.full((4, 5, 6), full), neighbours)


def test_two_voxels_that_share_a_face_an_edge_a_corner():
    for step, joined in (((0, 0, 1), 6), ((0, 1, 1), 18), ((1, 1, 0), 18), ((1, 1, 1), 26)):
        mask = np.zeros((3, 3, 3), dtype=bool)
        mask[1, 1, 1] = mask[tuple(1 + n for n in step)] = True
        for neighbours in (6, 18, 26):
            assert label_components(mask, neighbours=neighbours).count == (
                1 if neighbours >= joined else 2
            )


def test_spirals_and_combs_join_late():
    comb = np.zeros((1, 9, 11), dtype=bool)
    comb[0, :, ::2] = True
    comb[0, -1] = True
    for mask in (comb, comb[:, ::-1], np.moveaxis(comb, 0, 1), np.moveaxis(comb, 0, 2)):
        check_against_scipy(mask, 6)
        assert label_components(mask).count == 1


@pytest.mark.parametrize("neighbours", [6, 18, 26])
@pytest.mark.parametrize("threads", [2, 3, 50])
def test_threads_change_no_byte(neighbours, threads):
    for density in (0.2, 0.35, 0.6):
        mask = chance(5).random((17, 9, 13)) < density
        check_against_scipy(mask, neighbours, threads)
        image = mask * chance(6).integers(1, 4, mask.shape)
        one, more = (
            label_components(image, neighbours=neighbours, threads=n) for n in (1, threads)
        )
        assert one.labels.tobytes() == more.labels.tobytes()
        assert one.sizes.tobytes() == more.sizes.tobytes()


@settings(max_examples=60, deadline=None)
@given(
    mask=arrays.arrays(bool, st.tuples(*[st.integers(1, 7)] * 3)),
    neighbours=st.sampled_from([6, 18, 26]),
    threads=st.integers(1, 3),
)
def test_any_mask_is_labelled_as_by_scipy(mask, neighbours, threads):
    check_against_scipy(mask, neighbours, threads)


@pytest.mark.parametrize("neighbours", [6, 18, 26])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.uint64, np.int64])
def test_voxels_of_different_labels_stay_apart(neighbours, dtype):
    for seed in range(6):
        image = (
            chance(seed)
            .integers(-1 if np.dtype(dtype).kind == "i" else 0, 3, (5, 6, 7))
            .astype(dtype)
        )
        found = label_components(image, neighbours=neighbours)
        expected = pieces_of_each_value(image, neighbours)
        assert np.array_equal(found.labels, expected)
        assert found.sizes.tolist() == np.bincount(expected.ravel()).tolist()


def test_touching_labels_in_one_row_meet_across_corners():
    image = np.array([[[1, 1, 2, 2]], [[2, 2, 1, 1]]])
    assert label_components(image).count == 4
    assert label_components(image.reshape(1, 2, 4), neighbours=18).labels.tolist() == [
        [[1, 1, 2, 2], [2, 2, 1, 1]]
    ]


def test_any_memory_order_will_do():
    mask = chance(1).random((8, 9, 10)) < 0.4
    fixed = mask.copy()
    fixed.setflags(write=False)
    for view in (mask.transpose(2, 0, 1), mask[::-1, ::2, 1::3], np.asfortranarray(mask), fixed):
        check_against_scipy(view, 18)


def test_a_row_longer_than_65535_voxels():
    mask = np.ones((1, 2, 70_001), dtype=bool)
    mask[0, 0, 69_990] = False
    mask[0, 1, :69_995] = False
    found = label_components(mask)
    assert found.sizes.tolist() == [1 + 69_995, 69_990, 10 + 6]


def test_wrong_input_is_refused_by_name():
    mask = np.ones((2, 2, 2), dtype=bool)
    with pytest.raises(InputError, match=r"shape \(2, 2\), expected three axes"):
        label_components(mask[0])
    with pytest.raises(InputError, match=r"shape \(0, 2, 2\), expected three axes, none empty"):
        label_components(mask[:0])
    with pytest.raises(InputError, match="type float64, expected booleans or whole numbers"):
        label_components(mask * 1.0)
    with pytest.raises(InputError, match="neighbours is 8, expected 6, 18 or 26"):
        label_components(mask, neighbours=8)
    with pytest.raises(InputError, match="threads is 0"):
        label_components(mask, threads=0)
    with pytest.raises(InputError, match="2147483648 voxels, expected fewer"):
        label_components(np.broadcast_to(mask[:1, :1, :1], (2048, 1024, 1024)))
