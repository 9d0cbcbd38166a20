"""The renderings of the two balls: who is left, what the cut shows, what is up."""

from dataclasses import replace

import numpy as np
import pytest
from report_inputs import SMALL, make_anatomy, make_inputs, make_plan

from diptych.model import OWNER_COLOURS, Owner, TwinId
from diptych.report.currents import draw_arrows, draw_flow, find_step
from diptych.report.plates import draw_halves, draw_network
from diptych.report.renderings import (
    Picture,
    render_half,
    render_network,
    render_opened,
    render_pair,
)
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


def test_vessels_are_darker_and_point_the_way_they_flow():
    scene, network = scene_of(), make_anatomy().vessels
    assert [find_step(flow) for flow in (0.0, 0.9, 1.0, 12.0, 99.0, 100.0, -12.0)] == [
        0, 0, 1, 3, 4, 5, 3,
    ]  # fmt: skip
    figure = draw_flow(scene, make_inputs(picture_width=SMALL))
    assert figure.svg.count("<polygon") == 2
    assert "100 ml/min and more" in figure.svg
    turned = [replace(v, path=v.path[::-1], start=v.end, end=v.start) for v in network.vessels]
    picture = Picture(image=np.zeros((1, 1, 4), np.uint8), view=aim_camera(scene, 32.0, SMALL))
    forth, back = (draw_arrows((v,), picture, 4.0) for v in (network.vessels[0], turned[0]))
    tips = [arrow.split('"')[1].split()[0].split(",") for arrow in (forth, back)]
    middles = [arrow.split('"')[1].split()[2].split(",") for arrow in (forth, back)]
    ways = [
        np.array(tip, float) - np.array(mid, float) for tip, mid in zip(tips, middles, strict=True)
    ]
    assert ways[0] @ ways[1] < -50.0
    slow = replace(network.vessels[0], flow=replace(network.vessels[0].flow, value=0.4, low=0.1))
    assert draw_arrows((slow,), picture, 4.0) == ""


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


def slices_with(percent):
    """The pictures of the slices where the owner of each voxel is so sure."""
    inputs, pictures = make_inputs(), []
    confidence = inputs.anatomy.confidence.on_this_grid(percent, source="confidence")

    def encode(image):
        pictures.append(image)
        return inputs.encode_png(image)

    anatomy = replace(inputs.anatomy, confidence=confidence)
    draw_slices(replace(inputs, anatomy=anatomy, encode_png=encode), scene_of().junction)
    return pictures


def test_slices_hatch_what_is_not_sure():
    percent = np.full(make_anatomy().confidence.shape, 90, np.uint8)
    sure = slices_with(percent)
    percent[:, :, :8] = 60
    doubtful = slices_with(percent)
    changed = [(a != b).any(axis=-1) for a, b in zip(sure, doubtful, strict=True)]
    assert not changed[0].any()
    for part in changed[1:]:
        assert part.sum() > 50
        assert not part[: len(part) // 3].any()


def test_slices_carry_orientation_scale_and_the_cut():
    figure = draw_slices(make_inputs(), scene_of().junction)
    for letter in "RLAPSI":
        assert f">{letter}<" in figure.svg
    assert "50 mm" in figure.svg
    assert figure.svg.count("stroke-dasharray") >= 2
    assert "S = 108 mm" in figure.caption
