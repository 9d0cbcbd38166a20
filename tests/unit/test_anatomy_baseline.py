"""The image without contrast that contrast is counted from: noise averaged out, edges kept."""

from dataclasses import replace

import numpy as np
import pytest
from blood_images import lay_images
from numpy.typing import NDArray

from diptych.anatomy.baseline import calm_plain

SHAPE = (36, 32, 28)
BODY = np.ones(SHAPE, dtype=bool)
BRAIN, BONE = 35.0, 800.0


Scan = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]


def scan(noise: float) -> Scan:
    """Brain with a plate of bone in it, twice, and where the brain is well away from it."""
    stream = np.random.Generator(np.random.Philox(key=3))
    plain = np.full(SHAPE, BRAIN)
    plain[16:19] = BONE
    away = np.ones(SHAPE, dtype=bool)
    away[14:21] = False
    first, second = (plain + stream.normal(0.0, noise, SHAPE) for _ in range(2))
    return first.astype(np.float32), second.astype(np.float32), away


def test_little_noise_is_left_as_it_is() -> None:
    plain, other, _ = scan(7.0)
    assert calm_plain(plain, other, BODY) is plain


def test_noise_is_averaged_out_in_brain() -> None:
    plain, other, away = scan(25.0)
    calm = calm_plain(plain, other, BODY)
    assert float(calm[away].std()) < 0.4 * float(plain[away].std())
    assert float(calm[away].mean()) == pytest.approx(BRAIN, abs=0.5)


def test_bone_keeps_its_edges() -> None:
    plain, other, away = scan(25.0)
    calm = calm_plain(plain, other, BODY)
    bone = np.zeros(SHAPE, dtype=bool)
    bone[16:19] = True
    assert float(calm[bone].mean()) == pytest.approx(BONE, rel=0.01)
    assert float(calm[~bone & ~away].mean()) == pytest.approx(BRAIN, abs=4.0)


def test_an_empty_body_has_no_noise() -> None:
    plain, other, _ = scan(25.0)
    assert calm_plain(plain, other, np.zeros(SHAPE, dtype=bool)) is plain


def test_contrast_is_counted_from_it() -> None:
    plain, other, _ = scan(25.0)
    images = lay_images(np.full(SHAPE, 60.0, dtype=np.float32), BODY, 1.5)
    assert np.array_equal(images.rise, images.venous - images.plain)
    base = calm_plain(plain, other, BODY)
    noisy = replace(images, plain=plain, base=base)
    assert np.array_equal(noisy.rise, noisy.venous - base)
