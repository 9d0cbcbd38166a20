"""The renderings of the two balls: who is left, what the cut shows, what is up."""

import numpy as np
import pytest
from report_inputs import SMALL, make_anatomy, make_inputs, make_plan

from diptych.model import OWNER_COLOURS, Owner, TwinId
from diptych.report.plates import draw_halves, draw_network
from diptych.report.renderings import render_half, render_network, render_opened, render_pair
from diptych.report.scene import aim_camera, find_interface, lay_scene, mix_colour
from diptych.report.slices import draw_slices


def scene_of(mirror=False):
    return lay_scene(make_anatomy(mirror), make_plan(mirror))


def is_like(image, owner):
    """Pixels whose colour leans the way of the owner's."""
    wanted = mix_colour(OWNER_COLOURS[owner], 0.0)
    seen = image[..., :3] / np.maximum(image[..., :3].max(axis=-1, keepdims=True), 1)
    near = np.abs(seen - wanted / wanted.max()).max(axis=-1) < 0.22
    return near & (image[..., 3] > 200)


@pytest.mark.parametrize("mirror", [False, True])
def test_twin_a_is_left_and_twin_b_right(mirror):
    image = render_pair(scene_of(mirror), SMALL).image
    columns = np.arange(image.shape[1])[None] + 0 * image[..., 0]
    a, b = (columns[is_like(image, owner)] for owner in (Owner.A, Owner.B))
    assert min(len(a), len(b)) > 200
    assert a.mean() < SMALL / 2 - 8 < SMALL / 2 + 8 < b.mean()


def test_faces_look_up():
    scene = scene_of()
    assert scene.up == pytest.approx([0.0, -1.0, 0.0], abs=1e-9)
    assert scene.axis == pytest.approx([0.0, 0.0, 1.0], abs=0.05)


def test_cameras_never_mirror():
    for turn, tilt in ((0.0, 0.0), (32.0, 12.0), (-58.0, 0.0)):
        view = aim_camera(scene_of(), turn, SMALL, tilt=tilt)
        toward = np.cross(view.right, view.up)
        assert toward == pytest.approx(-view.forward, abs=1e-9)
        assert view.right @ view.up == pytest.approx(0.0, abs=1e-9)


def test_every_body_voxel_is_on_the_picture():
    scene = scene_of()
    view = aim_camera(scene, 32.0, SMALL, tilt=12.0)
    where = np.argwhere(scene.tissues > 0) @ scene.affine[:3, :3].T + scene.affine[:3, 3]
    places = view.project(where)
    assert places.min() >= -1.0
    assert places[:, 0].max() <= view.width + 1.0
    assert places[:, 1].max() <= view.height + 1.0


def test_each_half_shows_its_owner_and_the_tissues_of_the_cut():
    for twin in TwinId:
        image = render_half(scene_of(), twin, SMALL).image
        other = Owner.of(twin.other)
        assert is_like(image, Owner.of(twin)).sum() > 200
        assert is_like(image, other).sum() < 20
        pale = (image[..., :3].min(axis=-1) > 150) & (image[..., 3] == 255)
        assert pale.sum() > 15, "the bone in the cut"


def test_opened_heads_show_both_brains_and_the_bone():
    scene = scene_of()
    closed = render_pair(scene, SMALL).image
    image = render_opened(scene, make_anatomy().vessels, SMALL).image
    assert (np.abs(image.astype(int) - closed).max(axis=-1) > 40).mean() > 0.2
    assert min(is_like(image, owner).sum() for owner in (Owner.A, Owner.B)) > 50


def test_vessels_are_drawn_in_the_colours_of_their_owners():
    with_vessels = render_network(scene_of(), make_anatomy().vessels, SMALL).image
    assert is_like(with_vessels, Owner.SHARED).sum() > 20
    assert is_like(with_vessels, Owner.A).sum() > 10


def test_the_interface_has_both_sides_and_nothing_else():
    sides = np.zeros((4, 3, 3), np.uint8)
    sides[1], sides[2] = 1, 2
    assert find_interface(sides).sum(axis=(1, 2)).tolist() == [0, 9, 9, 0]
    sides[2] = 0
    assert not find_interface(sides).any()


def test_crossings_are_numbered_on_both_halves_and_in_the_network():
    inputs = make_inputs(picture_width=SMALL)
    assert draw_network(scene_of(), inputs).svg.count("<circle") == 1 + 2 * 2
    assert draw_halves(scene_of(), inputs).svg.count("<circle") == 1 + 2 * 2 * 2


def test_slices_carry_orientation_scale_and_the_cut():
    figure = draw_slices(make_inputs(), scene_of().junction)
    for letter in "RLAPSI":
        assert f">{letter}<" in figure.svg
    assert "50 mm" in figure.svg
    assert figure.svg.count("stroke-dasharray") >= 2
    assert "S = 108 mm" in figure.caption
