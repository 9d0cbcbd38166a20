"""Resampling: against scipy, and against grids small enough to check by hand."""

import numpy as np
import pytest
from scipy import ndimage

from diptych.kernels.resample import resample
from diptych.kernels.resample_spline import find_coefficients
from diptych.model.errors import InputError

EYE = np.eye(3)
NOWHERE = np.zeros(3)
TURN = np.array([[0.75, -0.5, 0.3], [0.45, 0.8, -0.35], [-0.1, 0.4, 0.9]])


def noise(shape, dtype=np.float32, seed=1):
    chance = np.random.Generator(np.random.Philox(key=seed))
    return (chance.normal(size=shape) * 60 + 100).clip(0, 255).astype(dtype)


def by_scipy(volume, matrix, offset, shape, order, fill):
    return ndimage.affine_transform(
        volume.astype(float), matrix, offset, tuple(shape), order=order, cval=fill
    )


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.uint8, np.int32])
def test_equals_scipy_under_a_turn(dtype, order) -> None:
    volume, shape = noise((19, 23, 27), dtype), (22, 40, 25)
    found = resample(volume, TURN, (3.0, -4.0, 2.5), shape, order=order, fill=9)
    wanted = by_scipy(volume, TURN, (3.0, -4.0, 2.5), shape, order, 9)
    if volume.dtype.kind == "f":
        assert found.dtype == np.float32
        off = np.abs(found - wanted.astype(np.float32)).max()
        assert off <= (0.0 if order == 0 else 1e-5 * 255)
    else:
        assert found.dtype == dtype
        limits = np.iinfo(dtype)
        whole = np.clip(np.rint(wanted), limits.min, limits.max)
        clear = np.abs(wanted - np.floor(wanted) - 0.5) > 1e-3  # halves may round either way
        np.testing.assert_array_equal(found[clear], whole[clear])


def test_equals_scipy_on_many_small_grids() -> None:
    """Sides of one voxel, places exactly on the edge, axes swapped and reversed."""
    chance = np.random.Generator(np.random.Philox(key=7))
    for trial in range(150):
        size, shape = chance.integers(1, 8, 3), chance.integers(1, 15, 3)
        corners = [
            (a - 1) / (b - 1) if a > 1 < b else 1.0 for a, b in zip(size, shape, strict=True)
        ]
        matrix, offset = (
            (chance.normal(size=(3, 3)), chance.normal(size=3) * 4),
            (np.diag(corners), NOWHERE),
            (EYE[chance.permutation(3)] * chance.choice([-1, 1], 3), chance.integers(-3, 7, 3)),
            (np.diag(chance.choice([0.25, 1 / 3, 2.0], 3)), chance.choice([0.0, 0.5, -0.25], 3)),
        )[trial % 4]
        volume = noise(size, seed=trial)
        for order in (0, 1, 3):
            found = resample(volume, matrix, offset, shape, order=order, fill=9.0)
            wanted = by_scipy(volume, matrix, offset, shape, order, 9.0)
            np.testing.assert_allclose(found, wanted, atol=1e-5 * 255)


@pytest.mark.parametrize("order", [0, 1, 3])
def test_the_identity_gives_the_same_volume(order) -> None:
    whole = noise((9, 8, 7), np.int16)
    np.testing.assert_array_equal(resample(whole, EYE, NOWHERE, whole.shape, order=order), whole)
    volume = noise((9, 8, 7))
    found = resample(volume, EYE, NOWHERE, volume.shape, order=order)
    np.testing.assert_allclose(found, volume, atol=1e-3 if order == 3 else 0.0)


def test_by_hand() -> None:
    volume = np.array([[[0, 10, 21]]], dtype=np.int16)
    shape, half = (1, 1, 5), np.diag([1.0, 1.0, 0.5])
    found = resample(volume, half, NOWHERE, shape, fill=-1)
    assert found.ravel().tolist() == [0, 5, 10, 16, 21]  # 15.5 rounds to the even number
    moved = resample(volume, EYE, (0, 0, -1), shape, fill=-7)
    assert moved.ravel().tolist() == [-7, 0, 10, 21, -7]
    near = resample(volume, half, NOWHERE, shape, order=0)
    assert near.ravel().tolist() == [0, 10, 10, 21, 21]


def test_labels_and_masks_stay_what_they_are() -> None:
    mask = np.zeros((4, 5, 6), dtype=bool)
    mask[1:3, 2:4, 1:5] = True
    turned = resample(mask, EYE[::-1], NOWHERE, (6, 5, 4), order=0)
    assert turned.dtype == np.bool_
    np.testing.assert_array_equal(turned, mask.transpose(2, 1, 0))
    labels = noise((6, 6, 6), np.uint8)
    assert set(np.unique(resample(labels, TURN, NOWHERE, (9, 9, 9), order=0))) <= {
        0,
        *labels.ravel().tolist(),
    }


def test_cubic_overshoot_stays_within_the_dtype() -> None:
    volume = np.zeros((9, 9, 9), dtype=np.uint8)
    volume[3:6, 3:6, 3:6] = 255
    fine = resample(volume, EYE / 3, NOWHERE, (25, 25, 25), order=3)
    exact = resample(volume.astype(np.float32), EYE / 3, NOWHERE, (25, 25, 25), order=3)
    assert exact.max() > 260 and fine.max() == 255
    assert exact.min() < -5 and fine.min() == 0


def test_coefficients_equal_scipy() -> None:
    volume = noise((5, 18, 40))
    found = find_coefficients(volume, lambda work, count: work(range(count)))
    wanted = ndimage.spline_filter(volume.astype(float), order=3, mode="mirror")
    np.testing.assert_allclose(found[2:-2, 2:-2, 2:-2], wanted, atol=1e-5 * np.abs(wanted).max())
    np.testing.assert_array_equal(found[:, 1], found[:, 3])
    np.testing.assert_array_equal(found[-1], found[-5])


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_threads_and_layout_change_no_bit(dtype, order) -> None:
    volume, shape = noise((17, 19, 21), dtype), (41, 20, 18)
    one = resample(volume, TURN, (1, 2, 3), shape, order=order)
    other = volume.astype(volume.dtype.newbyteorder(">"))
    for again in (
        resample(volume, TURN, (1, 2, 3), shape, order=order, threads=3),
        resample(np.asfortranarray(volume), TURN, (1, 2, 3), shape, order=order),
        resample(volume[::-1][::-1], TURN, (1, 2, 3), shape, order=order),
        resample(np.flip(volume, 0)[::-1], TURN, (1, 2, 3), shape, order=order),
        resample(other, TURN, (1, 2, 3), shape, order=order),
    ):
        assert again.dtype == one.dtype
        assert one.tobytes() == again.tobytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"volume": np.zeros((3, 3))}, r"of shape \(3, 3\)"),
        ({"volume": np.zeros((0, 3, 3))}, r"shape \(0, 3, 3\)"),
        ({"volume": np.zeros((2, 2, 2), dtype=complex)}, "complex128"),
        ({"volume": np.full((2, 2, 2), np.nan)}, "not finite"),
        ({"volume": np.array([[[0.0, -np.inf]]])}, "not finite"),
        ({"volume": np.zeros((2, 2, 2), dtype=bool)}, "volume is bool and order is 1"),
        ({"volume": np.full((2, 2, 2), 2**25), "order": 3}, "order 3 is exact"),
        ({"volume": np.full((2, 2, 2), 2**60)}, "order 1 is exact"),
        ({"matrix": np.diag([1.0, 0.0, 1.0])}, "is singular"),
        ({"matrix": np.ones((3, 3))}, "is singular"),
        ({"matrix": np.eye(4)}, r"shapes \(4, 4\)"),
        ({"offset": (0.0, np.inf, 0.0)}, "not finite"),
        ({"offset": (0.0, 0.0)}, r"\(2,\), expected"),
        ({"shape": (2, 0, 2)}, r"shape is \(2, 0, 2\)"),
        ({"shape": (2, 2)}, "three whole numbers"),
        ({"shape": (2, 2, 2.5)}, "three whole numbers"),
        ({"order": 2}, "order is 2, expected 0, 1 or 3"),
        ({"threads": 0}, "threads is 0"),
        ({"fill": np.nan}, "fill is nan"),
        ({"fill": 300, "volume": np.zeros((2, 2, 2), dtype=np.uint8)}, "uint8 cannot hold"),
        ({"fill": 0.5, "volume": np.zeros((2, 2, 2), dtype=np.uint8)}, "uint8 cannot hold"),
    ],
)
def test_refuses_what_cannot_be(change, words) -> None:
    call = {
        "volume": np.zeros((2, 2, 2)),
        "matrix": EYE,
        "offset": NOWHERE,
        "shape": (2, 2, 2),
    } | change
    with pytest.raises(InputError, match=words):
        resample(
            call.pop("volume"), call.pop("matrix"), call.pop("offset"), call.pop("shape"), **call
        )
