"""Axes, angle, rotation and the decision table on cases that can be drawn on paper."""

from itertools import product

import numpy as np
import pytest

from diptych.anatomy.axes import axes_from_landmarks, axes_from_shape, has_frankfurt
from diptych.anatomy.classify import (
    SharedSinus,
    class_label,
    classify_pair,
    facing_rotation,
    long_axis_angle,
)
from diptych.model import InputError, Landmark, Twin, TwinAxes, TwinId
from diptych.tables import load_table

TABLE = load_table("classification")
UPRIGHT = {
    "porion-left": (45.0, 0.0, 0.0),
    "porion-right": (-45.0, 0.0, 0.0),
    "orbitale-left": (25.0, -60.0, 0.0),
    "orbitale-right": (-25.0, -60.0, 0.0),
}


def turn(axis: int, degrees: float) -> np.ndarray:
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix[a, a] = matrix[b, b] = cosine
    matrix[a, b], matrix[b, a] = -sine, sine
    return matrix


def twin(id: TwinId, rotation: np.ndarray, scatter: float = 1.0) -> Twin:
    marks = tuple(
        Landmark(
            name=name,
            position=tuple(float(x) for x in rotation @ np.array(place)),
            scatter=scatter,
            confirmed_by=("a", "b"),
        )
        for name, place in UPRIGHT.items()
    )
    return Twin(id=id, label=f"Twin {id}", sex="female", weight=None, landmarks=marks)


def pair(rotation: np.ndarray) -> tuple[TwinAxes, TwinAxes]:
    return (
        axes_from_landmarks(twin(TwinId.A, np.eye(3))),
        axes_from_landmarks(twin(TwinId.B, rotation)),
    )


def test_upright_head_looks_forward() -> None:
    axes = axes_from_landmarks(twin(TwinId.A, np.eye(3)))
    assert np.allclose(axes.long, (0, 0, 1))
    assert np.allclose(axes.facing, (0, -1, 0))
    assert np.allclose(axes.left, (1, 0, 0))


def test_uncertainty_is_that_of_repeated_marking() -> None:
    marked = twin(TwinId.A, np.eye(3))
    random = np.random.Generator(np.random.Philox(key=3))
    ups = []
    for _ in range(800):
        marks = tuple(
            Landmark(
                name=mark.name,
                position=tuple(np.array(mark.position) + random.normal(0, 1, 3)),
                scatter=1.0,
                confirmed_by=(),
            )
            for mark in marked.landmarks
        )
        again = Twin(id=TwinId.A, label="A", sex="female", weight=None, landmarks=marks)
        axes = axes_from_landmarks(again)
        ups.append((axes.long, axes.left))
    tilt = max(
        float(np.degrees(np.sqrt(np.var([u[k] for u in ups], axis=0).sum() / 2))) for k in (0, 1)
    )
    assert axes_from_landmarks(marked).uncertainty == pytest.approx(tilt, rel=0.1)


def test_vertex_to_vertex_is_180_and_same_way_is_0() -> None:
    axes = pair(turn(1, 180.0))
    assert long_axis_angle(axes).value == pytest.approx(180.0, abs=1e-5)
    assert facing_rotation(axes).value == pytest.approx(0.0, abs=1e-5)


def test_half_turn_about_left_right_faces_opposite() -> None:
    axes = pair(turn(0, 180.0))
    assert facing_rotation(axes).value == pytest.approx(180.0, abs=1e-5)


@pytest.mark.parametrize("twist", [0.0, 30.0, 90.0, 130.0, 170.0])
def test_twist_about_the_joint_axis_is_the_rotation(twist: float) -> None:
    axes = pair(turn(2, twist) @ turn(1, 180.0))
    assert facing_rotation(axes).value == pytest.approx(twist, abs=1e-5)


@pytest.mark.parametrize("angle", [90.0, 120.0, 139.0, 150.0])
def test_heads_tilted_back_keep_their_angle(angle: float) -> None:
    axes = pair(turn(0, angle))
    assert long_axis_angle(axes).value == pytest.approx(angle, abs=1e-5)


@pytest.mark.parametrize(
    ("shared", "angle", "rotation", "label"),
    [
        (False, 139.9, 10.0, "PA"),
        (False, 140.0, 10.0, "PV"),
        (True, 139.9, 170.0, "TA"),
        (True, 140.0, 39.9, "TV-I"),
        (True, 180.0, 140.0, "TV-II"),
        (True, 180.0, 180.0, "TV-II"),
        (True, 160.0, 40.0, "TV-III"),
        (True, 160.0, 139.9, "TV-III"),
    ],
)
def test_decision_table(shared: bool, angle: float, rotation: float, label: str) -> None:
    assert class_label(shared, angle, rotation, TABLE) == label


def test_published_pairs() -> None:
    """Guangzhou 130 degrees: III; Toronto 30: I; faces opposite: II."""
    assert class_label(True, 170.0, 130.0, TABLE) == "TV-III"
    assert class_label(True, 170.0, 30.0, TABLE) == "TV-I"
    assert class_label(True, 170.0, 180.0, TABLE) == "TV-II"


def test_table_leaves_no_gap() -> None:
    for shared, angle, rotation in product((True, False), range(181), range(0, 181, 5)):
        assert class_label(shared, float(angle), float(rotation), TABLE)


def test_near_limit_is_ambiguous_and_says_which_class_is_next() -> None:
    found = classify_pair(
        pair(turn(2, 45.0) @ turn(1, 180.0)), SharedSinus(present=True, evidence="ring"), TABLE
    )
    assert found.label == "TV-III"
    assert found.ambiguous
    assert found.margins["rotation-40"] == pytest.approx(5.0, abs=1e-4)
    assert any("would be TV-I" in reason for reason in found.reasons)


def test_limit_that_changes_nothing_is_not_ambiguous() -> None:
    axes = pair(turn(2, 45.0) @ turn(1, 180.0))
    found = classify_pair(axes, SharedSinus(present=False, evidence="none"), TABLE)
    assert found.label == "PV"
    assert not found.ambiguous


def test_gap_in_a_changed_table_is_told() -> None:
    override = (
        '[[row]]\nkey = "PV"\nangle_from = 150.0\nsource = "team"\nconfidence = "assumption"\n'
    )
    with pytest.raises(InputError, match=r"no class .* fits angle 145\.0"):
        class_label(False, 145.0, 0.0, load_table("classification", override))


def test_landmarks_on_one_line_are_refused() -> None:
    marks = tuple(
        Landmark(name=name, position=(float(n), 0.0, 0.0), scatter=1.0, confirmed_by=())
        for n, name in enumerate(UPRIGHT)
    )
    line = Twin(id=TwinId.A, label="A", sex="female", weight=None, landmarks=marks)
    with pytest.raises(InputError, match="on one line"):
        axes_from_landmarks(line)


def test_one_orbitale_is_enough_and_none_is_not() -> None:
    full = twin(TwinId.A, np.eye(3))
    some = Twin(id=TwinId.A, label="A", sex="female", weight=None, landmarks=full.landmarks[:3])
    bare = Twin(id=TwinId.A, label="A", sex="female", weight=None, landmarks=full.landmarks[:2])
    assert has_frankfurt(some)
    assert np.allclose(axes_from_landmarks(some).long, (0, 0, 1))
    assert not has_frankfurt(bare)


def test_axes_from_shape_are_square_and_say_so() -> None:
    axes = axes_from_shape(
        TwinId.B, np.array([0.0, 0.0, 2.0]), np.array([0.0, -3.0, 1.0]), uncertainty=25.0
    )
    assert np.allclose(axes.facing, (0, -1, 0))
    assert np.allclose(axes.left, (1, 0, 0))
    assert "not marked" in axes.method
