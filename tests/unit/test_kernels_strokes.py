"""Strokes: unbiased in even images, bright along lines, faint beside walls."""

import numpy as np
import pytest

from diptych.kernels.strokes import average_strokes, spread_ways
from diptych.model import InputError

EVEN = (1.0, 1.0, 1.0)


def test_ways_cover_the_half_sphere() -> None:
    ways = spread_ways()
    assert np.allclose(np.linalg.norm(ways, axis=1), 1.0)
    random = np.random.Generator(np.random.Philox(key=1)).normal(size=(2000, 3))
    random /= np.linalg.norm(random, axis=1)[:, None]
    nearest = np.abs(random @ ways.T).max(axis=1)
    assert np.degrees(np.arccos(nearest)).max() < 16.0


def test_an_even_image_stays_as_it_is_up_to_its_edge() -> None:
    image = np.full((6, 7, 8), 42.0, dtype=np.float32)
    places = np.argwhere(image > 0)
    assert average_strokes(image, places, EVEN, 1.2) == pytest.approx(42.0, rel=1e-6)


def test_a_line_keeps_its_contrast_and_a_dot_does_not() -> None:
    image = np.zeros((15, 15, 15), dtype=np.float32)
    image[:, 4, 4], image[7, 11, 11] = 100.0, 100.0
    line, dot = average_strokes(image, np.array([[7, 4, 4], [7, 11, 11]]), EVEN, 1.2)
    assert line > 88.0
    assert dot < 60.0


def test_beside_a_wall_the_fainter_arm_counts() -> None:
    image = np.zeros((15, 15, 15), dtype=np.float32)
    image[8:] = 100.0
    beside = np.array([[7, 7, 7]])
    even, strict = (average_strokes(image, beside, EVEN, 1.2, ends)[0] for ends in (0.0, 1.0))
    assert even > 20.0
    assert strict < 5.0


def test_thick_slices_are_crossed_in_fewer_steps() -> None:
    image = np.zeros((15, 15, 15), dtype=np.float32)
    image[7, 7, 6:9] = 100.0
    here = np.array([[7, 7, 7]])
    assert average_strokes(image, here, (1.0, 1.0, 3.0), 1.2)[0] > 80.0
    assert average_strokes(image, here, EVEN, 1.2)[0] < 75.0


def test_a_stroke_without_length_is_refused() -> None:
    with pytest.raises(InputError, match="length of strokes is 0"):
        average_strokes(np.zeros((3, 3, 3), np.float32), np.zeros((1, 3), np.int64), EVEN, 0.0)
