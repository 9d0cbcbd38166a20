"""Vesselness: against tubes that can be worked out, scipy, scikit-image and LAPACK."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.filters import sato

from diptych.kernels.vesselness import measure_vesselness, sample_gaussian
from diptych.kernels.vesselness_eigen import largest_two
from diptych.model.errors import InputError

ONE = (1.0, 1.0, 1.0)


def noise(shape, seed=1):
    return np.random.Generator(np.random.Philox(key=seed)).normal(size=shape).astype(np.float32)


def distance_from_axis(shape, spacing, direction):
    """mm from the line through the middle voxel."""
    middle = [n // 2 for n in shape]
    axes = [s * (np.arange(n) - m) for s, n, m in zip(spacing, shape, middle, strict=True)]
    place = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    unit = np.asarray(direction) / np.linalg.norm(direction)
    along = place @ unit
    return np.sqrt(np.maximum((place**2).sum(axis=-1) - along**2, 0.0)), tuple(middle)


def square_by_scipy(volume, spacing, scale):
    """The square of the measure, by direct convolution in float64 and LAPACK."""
    widths = [scale / step for step in spacing]
    hessian = np.empty((*volume.shape, 3, 3))
    for a in range(3):
        for b in range(a, 3):
            order = [0, 0, 0]
            order[a] += 1
            order[b] += 1
            bend = ndimage.gaussian_filter(
                volume.astype(float), widths, order=order, mode="nearest", truncate=8
            )
            hessian[..., a, b] = hessian[..., b, a] = bend * widths[a] * widths[b]
    low, middle, _ = np.moveaxis(np.linalg.eigvalsh(hessian), -1, 0)
    return np.where(middle < 0, low * middle, 0.0)


@pytest.mark.parametrize(
    ("spacing", "scale"),
    [
        (ONE, 1.0),
        (ONE, 1.7),
        (ONE, 2.0),
        (ONE, 3.5),
        (ONE, 8.0),
        ((0.5, 0.6, 1.0), 1.2),
        ((1.0, 0.5, 0.7), 2.5),
    ],
)
def test_equals_a_direct_convolution(spacing, scale) -> None:
    volume = noise((21, 26, 35))
    found = measure_vesselness(volume, spacing, scales=[scale])
    wanted = square_by_scipy(volume, spacing, scale)
    assert found.dtype == np.float32
    assert np.abs(found.astype(float) ** 2 - wanted).max() < 1e-4 * wanted.max()


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 2, -1), (2, 1, 3)])
@pytest.mark.parametrize("spacing", [ONE, (0.7, 0.9, 1.2)])
def test_a_soft_tube_answers_as_worked_out(direction, spacing) -> None:
    """exp(-d^2 / 2 w^2) under a Gaussian s: w^2 / (w^2 + s^2), of variance w^2 + s^2."""
    shape, width = (31, 33, 37), 2.0
    away, middle = distance_from_axis(shape, spacing, direction)
    tube = np.exp(-0.5 * (away / width) ** 2).astype(np.float32)
    for scale in (1.2, 2.0, 2.8):
        found = measure_vesselness(tube, spacing, scales=[scale])[middle]
        total = width**2 + scale**2
        assert found == pytest.approx((width * scale / total) ** 2, rel=2e-3)


def test_a_tube_of_known_radius_answers_most_at_its_scale() -> None:
    """u exp(-u) on the axis of a solid tube, u = r^2 / 2 s^2: most at s = r / sqrt(2)."""
    spacing, radius = (0.5, 0.5, 0.8), 3.0
    away, middle = distance_from_axis((41, 41, 25), spacing, (0, 0, 1))
    tube = np.clip((radius - away) / 0.5 + 0.5, 0.0, 1.0) * 300.0
    scales = radius / np.sqrt(2) * np.array([0.6, 0.8, 1.0, 1.25, 1.6])
    each = [measure_vesselness(tube, spacing, scales=[s])[middle] for s in scales]
    assert int(np.argmax(each)) == 2
    u = radius**2 / (2 * scales**2)
    np.testing.assert_allclose(each, 300.0 * u * np.exp(-u), rtol=0.02)  # voxels of half a mm
    assert measure_vesselness(tube, spacing, scales=scales)[middle] == max(each)


def test_agrees_with_scikit_image() -> None:
    volume = noise((24, 25, 26), seed=3)
    found = measure_vesselness(volume, ONE, scales=[2.0, 3.0])
    wanted = sato(volume, sigmas=[2.0, 3.0], black_ridges=False, mode="nearest")
    inside = (slice(8, -8),) * 3  # it smooths twice, so that its border is another one
    np.testing.assert_allclose(found[inside], wanted[inside], atol=0.005 * wanted.max())


def test_a_sheet_gives_little_and_a_dark_tube_nothing() -> None:
    away = np.abs(np.arange(31) - 15.0)[:, None, None] + np.zeros((31, 20, 20))
    sheet = np.exp(-0.5 * (away / 2.0) ** 2)
    assert measure_vesselness(sheet, ONE, scales=[2.0]).max() < 2e-3
    away, middle = distance_from_axis((25, 25, 25), ONE, (0, 1, 0))
    dark = -np.exp(-0.5 * (away / 2.0) ** 2)
    assert measure_vesselness(dark, ONE, scales=[2.0])[middle] == 0.0
    inverse = measure_vesselness(dark, ONE, scales=[2.0], bright=False)
    np.testing.assert_array_equal(inverse, measure_vesselness(-dark, ONE, scales=[2.0]))


def test_offset_and_slope_change_nothing() -> None:
    volume = noise((20, 20, 20))
    i, j, k = np.indices(volume.shape)
    tilted = volume + 100.0 + 3.0 * i - 2.0 * j + k
    inside = (slice(8, -8),) * 3
    for scale in (0.4, 0.7, 1.0, 1.6):
        straight = measure_vesselness(volume, ONE, scales=[scale])[inside]
        found = measure_vesselness(tilted, ONE, scales=[scale])[inside]
        np.testing.assert_allclose(found**2, straight**2, atol=2e-4 * straight.max() ** 2)


def test_mask_limits_the_work_but_not_the_values() -> None:
    volume = noise((40, 30, 45))
    away, _ = distance_from_axis(volume.shape, ONE, (3, 1, 2))
    mask = away < 6.0
    mask[10:20, :, 30:] = False
    mask[33:] = False
    whole = measure_vesselness(volume, ONE, scales=[1.0, 2.5])
    found = measure_vesselness(volume, ONE, scales=[1.0, 2.5], mask=mask)
    np.testing.assert_array_equal(found, np.where(mask, whole, 0.0))
    nothing = measure_vesselness(volume, ONE, scales=[1.0], mask=np.zeros_like(mask))
    assert not nothing.any()


def test_threads_layout_and_order_of_scales_change_no_bit() -> None:
    volume = (noise((50, 19, 23)) * 100).astype(np.int16)
    one = measure_vesselness(volume, ONE, scales=[1.0, 2.2])
    for again in (
        measure_vesselness(volume, ONE, scales=[2.2, 1.0, 1.0], threads=3),
        measure_vesselness(np.asfortranarray(volume), ONE, scales=[1.0, 2.2], threads=2),
        measure_vesselness(volume.astype(float), ONE, scales=[1.0, 2.2]),
    ):
        assert one.tobytes() == again.tobytes()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_volume_gives_the_mirrored_measure(axis) -> None:
    volume = noise((37, 18, 20))
    found = measure_vesselness(np.flip(volume, axis), ONE, scales=[1.0, 2.5])
    wanted = np.flip(measure_vesselness(volume, ONE, scales=[1.0, 2.5]), axis)
    np.testing.assert_array_equal(found, wanted)


def test_smallest_volumes() -> None:
    assert measure_vesselness(np.full((1, 1, 1), 7), ONE, scales=[1.0]).tolist() == [[[0.0]]]
    thin = noise((1, 9, 2))
    square = square_by_scipy(thin, ONE, 1.0)
    found = measure_vesselness(thin, ONE, scales=[1.0])
    np.testing.assert_allclose(found**2, square, atol=1e-4 * max(square.max(), 0.01))


def test_largest_two_equal_lapack() -> None:
    chance = np.random.Generator(np.random.Philox(key=5))
    matrices = chance.normal(size=(400, 3, 3)) * 10.0 ** chance.integers(-8, 8, (400, 1, 1))
    matrices += np.swapaxes(matrices, 1, 2)
    turn = np.linalg.qr(chance.normal(size=(100, 3, 3)))[0]
    for diagonal in ((1, 1, 1), (1, 1, 0), (1, 0, 0), (-1, 0, 0), (-1, -1, 0), (2, 1, 1), (0,) * 3):
        exact = (turn * np.array(diagonal)) @ np.swapaxes(turn, 1, 2)
        matrices = np.concatenate([matrices, exact])
    for m in matrices:
        found = largest_two(m[0, 0], m[1, 1], m[2, 2], m[0, 1], m[0, 2], m[1, 2])
        _, middle, high = np.linalg.eigvalsh(m)
        assert found == pytest.approx((high, middle), abs=3e-8 * np.abs(m).max() + 1e-25)


@pytest.mark.parametrize("sigma", [0.2, 0.49, 0.5, 0.8, 1.0, 2.0, 7.3])
def test_filters_are_exact_on_parabolas(sigma) -> None:
    plain, slope, bend = sample_gaussian(sigma)
    x = np.arange(plain.size)
    assert plain[0] + 2 * plain[1:].sum() == pytest.approx(1.0)
    assert 2 * (x * slope).sum() == pytest.approx(1.0)
    assert bend[0] + 2 * bend[1:].sum() == pytest.approx(0.0, abs=1e-12)
    assert (x**2 * bend).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"volume": np.zeros((3, 3))}, r"volume is float64 of shape \(3, 3\)"),
        ({"volume": np.zeros((0, 3, 3))}, r"shape \(0, 3, 3\)"),
        ({"volume": np.zeros((2, 2, 2), dtype=bool)}, "volume is bool"),
        ({"volume": np.full((2, 2, 2), np.nan)}, "reaches from nan"),
        ({"volume": np.array([[[0.0, np.inf]]])}, "to inf"),
        ({"volume": np.array([[[0.0, 1e35]]])}, r"within 1e\+30"),
        ({"spacing": (1.0, 0.0, 1.0)}, r"spacing is \(1.0, 0.0, 1.0\)"),
        ({"spacing": (1.0, 1.0)}, "three positive numbers"),
        ({"scales": []}, "at least one"),
        ({"scales": [1.0, -2.0]}, r"scales are \(1.0, -2.0\)"),
        ({"scales": [17.0]}, "17 mm is more than 16 voxels"),
        ({"mask": np.ones((2, 2, 2))}, "mask is float64"),
        ({"mask": np.ones((2, 2, 3), dtype=bool)}, r"expected bool of shape \(2, 2, 2\)"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_refuses_what_cannot_be(change, words) -> None:
    call = {"volume": np.zeros((2, 2, 2)), "spacing": ONE, "scales": [1.0]} | change
    with pytest.raises(InputError, match=words):
        measure_vesselness(call.pop("volume"), call.pop("spacing"), **call)
