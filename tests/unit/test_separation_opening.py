"""Openings of known size in skin, bone and dura, and what lies over them."""

import numpy as np
import pytest
from covered_pair import SKIN, Heads, draw_heads

from diptych.model import InputError, Tissue, TwinId
from diptych.separation.area import measure_faces
from diptych.separation.defects import dome_factor
from diptych.separation.opening import view_opening


def grid(shape, step):
    axes = [(np.arange(n) - (n - 1) / 2.0) * step for n in shape]
    return np.meshgrid(*axes, indexing="ij")


def look(tissues, side, step):
    steps = (step,) * 3
    return view_opening(side, tissues, measure_faces(side, steps), steps)


def disc(radius):
    return np.pi * radius**2 / 100.0


def nested(inside, sizes):
    """Tissues of a solid whose layers are `inside(size)` for skin, bone and brain."""
    tissues = inside(sizes[0]).astype(np.uint8) * Tissue.SKIN
    tissues[inside(sizes[1])] = Tissue.BONE
    tissues[inside(sizes[2])] = Tissue.BRAIN
    return tissues


@pytest.mark.parametrize(("radius", "far", "step"), [(46, 26, 1.0), (66, 50, 1.5), (66, 45, 2.0)])
def test_two_balls_joined_by_a_disc(radius, far, step):
    heads = Heads(a=radius, b=radius, far=far, bone=5.0, step=step)
    tissues, side = draw_heads(heads)
    openings = look(tissues, side, step)
    for twin in TwinId:
        for layer, depth in (("skin", 0.0), ("bone", SKIN), ("dura", SKIN + 5.0)):
            true = disc(np.sqrt((radius - depth) ** 2 - far**2))
            assert openings[twin][layer].flat_area == pytest.approx(true, rel=0.02)
            assert openings[twin][layer].lid_area == pytest.approx(true, rel=0.02)


def test_a_small_and_a_large_ball():
    heads = Heads(a=40.0, b=52.0, far=24.0, step=1.5)
    tissues, side = draw_heads(heads)
    openings = look(tissues, side, 1.5)
    for twin in TwinId:
        assert openings[twin]["skin"].flat_area == pytest.approx(disc(32.0), rel=0.02)
        assert openings[twin]["skin"].rim == pytest.approx(2.0 * np.pi * 32.0, rel=0.02)


@pytest.mark.parametrize("normal", [(1, 0, 0), (1, 1, 0), (1, 2, 3), (0.1, 0.2, 1.0)])
def test_a_tilted_cut_through_an_ellipsoid(normal):
    step, half = 1.5, np.array([44.0, 36.0, 40.0])
    x, y, z = grid((64, 56, 60), step)
    unit = np.array(normal) / np.linalg.norm(normal)
    height = x * unit[0] + y * unit[1] + z * unit[2] - 5.0

    def inside(scale):
        a, b, c = half * scale
        return (x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2 < 1.0

    tissues = nested(inside, (1.0, 0.9, 0.8))
    side = np.where(tissues > 0, np.where(height < 0.0, 1, 2), 0).astype(np.uint8)
    openings = look(tissues, side, step)
    for layer, scale in (("skin", 1.0), ("bone", 0.9), ("dura", 0.8)):
        axes = half * scale
        across = float(np.sqrt(((axes * unit) ** 2).sum()))
        true = np.pi * axes.prod() / across * (1.0 - (5.0 / across) ** 2) / 100.0
        for twin in TwinId:
            assert openings[twin][layer].flat_area == pytest.approx(true, rel=0.02)


def test_a_cone():
    step = 1.5
    x, y, z = grid((50, 60, 60), step)
    away = np.hypot(y, z)

    def inside(scale):
        return (away < (30.0 - 0.3 * x) * scale) & (np.abs(x) < 36.0)

    tissues = nested(inside, (1.0, 0.85, 0.7))
    side = np.where(tissues > 0, np.where(x < 0.0, 1, 2), 0).astype(np.uint8)
    openings = look(tissues, side, step)
    for layer, scale in (("skin", 1.0), ("bone", 0.85), ("dura", 0.7)):
        for twin in TwinId:
            assert openings[twin][layer].flat_area == pytest.approx(disc(30.0 * scale), rel=0.02)


def test_the_lid_follows_what_bulges_and_spans_what_is_hollow():
    step = 1.5
    x, y, z = grid((60, 60, 60), step)
    away = np.hypot(y, z)
    tissues = np.where((away < 30.0) & (np.abs(x) < 40.0), Tissue.BRAIN, 0).astype(np.uint8)
    bump = np.sqrt(np.maximum(50.0**2 - away**2, 0.0)) - 40.0
    side = np.where(tissues > 0, np.where(x < bump, 1, 2), 0).astype(np.uint8)
    openings = look(tissues, side, step)
    cap = 2.0 * np.pi * 50.0 * 10.0 / 100.0
    assert openings[TwinId.A]["skin"].lid_area == pytest.approx(cap, rel=0.02)
    assert openings[TwinId.B]["skin"].lid_area == pytest.approx(disc(30.0), rel=0.02)


def test_a_layer_that_the_cut_does_not_meet_is_empty():
    x, y, z = grid((40, 40, 40), 1.5)
    tissues = np.where(np.hypot(y, z) < 20.0, Tissue.SKIN, 0).astype(np.uint8)
    side = np.where(tissues > 0, np.where(x < 0.0, 1, 2), 0).astype(np.uint8)
    openings = look(tissues, side, 1.5)
    assert openings[TwinId.A]["dura"].flat_area == 0.0
    assert openings[TwinId.A]["dura"].outlines() == []


def test_the_dome_is_the_cap_of_a_ball():
    height = 50.0 - np.sqrt(50.0**2 - 30.0**2)
    cap = 2.0 * np.pi * 50.0 * height / 100.0
    assert disc(30.0) * dome_factor(disc(30.0), 50.0) == pytest.approx(cap)
    assert dome_factor(disc(30.0), 30.0) == pytest.approx(2.0)
    assert dome_factor(disc(30.0), 1e9) == pytest.approx(1.0)
    assert dome_factor(disc(30.0), 0.0) == 1.0
    assert dome_factor(disc(30.0), 40.0) > dome_factor(disc(30.0), 60.0)


def test_no_cut_is_refused():
    side = np.ones((6, 6, 6), dtype=np.uint8)
    with pytest.raises(InputError, match="nowhere touch"):
        look(side, side, 1.0)


def test_a_twin_inside_the_other_has_no_opening_to_look_at():
    x, y, z = grid((40, 40, 40), 1.5)
    side = np.where(x**2 + y**2 + z**2 < 200.0, 1, 2).astype(np.uint8)
    with pytest.raises(InputError, match="closes on itself"):
        look(np.full(side.shape, Tissue.BRAIN, dtype=np.uint8), side, 1.5)
