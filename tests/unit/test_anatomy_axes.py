"""The roll of a head by its mirror plane, weighed with the marks."""

from dataclasses import replace

import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw

from diptych.anatomy.axes import axes_from_landmarks, weigh_mirror
from diptych.anatomy.images import Images, read_images
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.symmetry import Mirror, find_mirror

TWIN = draw(Toy()).twins[0]
LONG, LEFT, FACING = np.eye(3)[2], np.eye(3)[0], -np.eye(3)[1]


def leaning(degrees: float) -> np.ndarray:
    turn = np.radians(degrees)
    return np.cos(turn) * LEFT + np.sin(turn) * LONG


def lean_of(left: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(left @ LONG, left @ LEFT)))


@pytest.mark.parametrize("lean", [0.0, 1.0, -2.0])
def test_marks_and_image_are_weighed_by_their_variances(lean: float) -> None:
    sure, notes = weigh_mirror(TWIN, Mirror(left=leaning(lean), error=1e-6), 0.0)
    assert lean_of(np.array(sure.left)) == pytest.approx(lean, abs=1e-3)
    unsure, _ = weigh_mirror(TWIN, Mirror(left=leaning(lean), error=1e3), 0.0)
    assert lean_of(np.array(unsure.left)) == pytest.approx(0.0, abs=1e-3)
    assert notes == ()
    assert np.dot(sure.long, sure.left) == pytest.approx(0.0, abs=1e-12)
    assert np.dot(sure.long, sure.facing) == pytest.approx(0.0, abs=1e-12)
    assert sure.uncertainty <= axes_from_landmarks(TWIN).uncertainty + 1e-12


def test_where_the_image_disagrees_the_marks_stand_and_it_is_said() -> None:
    kept, notes = weigh_mirror(TWIN, Mirror(left=leaning(6.0), error=0.2), 0.7)
    assert kept.left == axes_from_landmarks(TWIN).left
    assert len(notes) == 1
    assert "leans 6.0 degrees away from the marked Frankfurt points" in notes[0]


def test_the_plane_of_a_head_with_ears_is_found() -> None:
    images = read_images(draw(Toy(step=2.0)), AnatomyPolicy())
    spots = [(30.0, -12.0, -62.0), (18.0, -26.0, -66.0), (24.0, 20.0, -68.0), (8.0, -34.0, -58.0)]
    turned = np.stack([LEFT, LONG, FACING])
    for lean in (0.0, 2.0):
        found = find_mirror(_with_spots(images, spots, lean), turned, np.array([0, 0, -56.0]), 40.0)
        assert found is not None
        assert lean_of(found.left) == pytest.approx(lean, abs=0.3)
        assert found.error < 0.5


def _with_spots(images: Images, spots: list[tuple[float, float, float]], lean: float) -> Images:
    """Bony spots on both sides of a plane through the ball's middle that leans."""
    left, plain = leaning(lean), images.plain.copy()
    index = np.argwhere(images.body)
    centre = np.array([0.0, 0.0, -36.0])
    place = images.position_of(index.astype(np.float64)) - centre
    for spot in spots:
        here = np.array(spot) - centre
        for side in (here, here - 2.0 * (here @ left) * left):
            near = np.clip(0.5 - (np.linalg.norm(place - side, axis=1) - 6.0) / 2.0, 0.0, 1.0)
            value = plain[tuple(index.T)]
            plain[tuple(index.T)] = value + near * (700.0 - value)
    return replace(images, plain=plain)


def test_the_table_says_how_far_mirror_planes_lie_off() -> None:
    assert 0.3 <= TABLES["classification"].value("mirror-error") <= 1.5
