"""The software renderer and the tubes, on balls and rods whose picture can be computed."""

import numpy as np
import pytest

from diptych.kernels.render import Layer, View, render_layers, smooth_mask
from diptych.kernels.tubes import draw_tubes
from diptych.model.errors import InputError

SHAPE = (30, 30, 40)
AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
MIDDLE = np.array([29.0, 29.0, 39.0])
RED, BLUE = (0.9, 0.2, 0.1), (0.1, 0.2, 0.9)


def palette(one=RED, two=BLUE):
    colours = np.zeros((64, 3))
    colours[1], colours[2] = one, two
    return colours


def positions():
    return np.stack(np.meshgrid(*[2.0 * np.arange(n) for n in SHAPE], indexing="ij"), axis=-1)


def ball(radius=20.0):
    distance = np.linalg.norm(positions() - MIDDLE, axis=-1)
    return np.clip(0.5 + (radius - distance) / 6.0, 0, 1).astype(np.float32)


def halves(first=1, second=2):
    return np.where(positions()[..., 2] < MIDDLE[2], first, second).astype(np.uint8)


def view(width=96, scale=0.625):
    return View(
        centre=MIDDLE,
        right=np.array([0.0, 0.0, 1.0]),
        up=np.array([0.0, -1.0, 0.0]),
        width=width,
        height=width,
        scale=scale,
    )


def layer(**changes):
    settings = {"level": ball(), "labels": halves(), "surface": palette(), "cap": palette()}
    return Layer(**(settings | changes))


def test_the_outline_of_a_ball_has_its_radius():
    image = render_layers((layer(),), AFFINE, view())
    covered = (image[..., 3] / 255.0).sum() * 0.625**2
    assert covered == pytest.approx(np.pi * 20.0**2, rel=0.02)
    assert image[0, 0].tolist() == [0, 0, 0, 0]


def test_each_side_has_the_colour_of_its_label():
    image = render_layers((layer(),), AFFINE, view())
    left, right = image[48, 30].astype(int), image[48, 66].astype(int)
    assert left[0] > left[2] + 80
    assert right[2] > right[0] + 80


def test_swapping_labels_and_colours_changes_nothing():
    swapped = layer(labels=halves(2, 1), surface=palette(BLUE, RED), cap=palette(BLUE, RED))
    first = render_layers((layer(),), AFFINE, view())
    assert np.array_equal(first, render_layers((swapped,), AFFINE, view()))


def test_swapping_labels_alone_swaps_the_colours():
    first = render_layers((layer(),), AFFINE, view())
    swapped = render_layers((layer(labels=halves(2, 1)),), AFFINE, view())
    assert np.abs(swapped[48, 30].astype(int)[:3] - first[48, 30].astype(int)[2::-1]).max() < 40
    assert not np.array_equal(first, swapped)


def test_the_same_scene_gives_the_same_bytes():
    images = [render_layers((layer(),), AFFINE, view()).tobytes() for _ in range(2)]
    assert images[0] == images[1]


def test_a_plane_leaves_a_flat_face_in_the_colour_of_the_cap():
    white = np.ones((64, 3))
    toward = -view().forward
    cut = layer(cap=white, plane=(*toward.tolist(), float(toward @ MIDDLE)))
    image = render_layers((cut,), AFFINE, view())
    face = image[40:56, 40:56, :3]
    assert face.min() == face.max() > 230


def test_a_plane_behind_the_ball_hides_it():
    toward = -view().forward
    hidden = layer(plane=(*toward.tolist(), float(toward @ MIDDLE) - 40.0))
    assert render_layers((hidden,), AFFINE, view())[..., 3].max() == 0


def test_glass_shows_what_is_inside():
    grey = np.full((64, 3), 0.5)
    glass = layer(alpha=0.1, surface=grey, cap=grey)
    inner = layer(level=ball(8.0))
    image = render_layers((glass, inner), AFFINE, view())
    assert image[48, 48, 3] == 255
    assert 10 < image[48, 24, 3] < 120


def test_turning_grid_and_camera_together_changes_nothing():
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turned = np.eye(4)
    turned[:3, :3] = turn @ AFFINE[:3, :3]
    seen = View(
        centre=turn @ MIDDLE,
        right=turn @ view().right,
        up=turn @ view().up,
        width=96,
        height=96,
        scale=0.625,
    )
    first = render_layers((layer(),), AFFINE, view()).astype(int)
    assert np.abs(first - render_layers((layer(),), turned, seen)).max() <= 1


def test_points_are_projected_where_they_are_drawn():
    level = np.zeros(SHAPE, np.float32)
    level[9:12, 19:22, 29:32] = 1.0
    image = render_layers((layer(level=level),), AFFINE, view())
    rows, columns = np.nonzero(image[..., 3] > 128)
    x, y = view().project(np.array([20.0, 40.0, 60.0]))
    assert columns.mean() + 0.5 == pytest.approx(x, abs=0.6)
    assert rows.mean() + 0.5 == pytest.approx(y, abs=0.6)


@pytest.mark.parametrize("layers", [(), (1, 2, 3, 4, 5, 6, 7)])
def test_no_layer_or_too_many_is_refused(layers):
    with pytest.raises(InputError, match="expected 1 to 6 on one grid"):
        render_layers(tuple(layer() for _ in layers), AFFINE, view())


def test_layers_on_different_grids_are_refused():
    other = layer(level=np.zeros((4, 4, 4), np.float32))
    with pytest.raises(InputError, match="on one grid"):
        render_layers((layer(), other), AFFINE, view())


def test_a_smooth_mask_keeps_its_volume():
    mask = ball() > 0.5
    assert (smooth_mask(mask, 1.0) > 0.5).sum() == pytest.approx(mask.sum(), rel=0.03)


def test_a_tube_has_its_radius_and_label():
    rod = np.array([[29.0, 29.0, 10.0, 5.0, 29.0, 29.0, 60.0, 5.0]])
    level, label = draw_tubes(SHAPE, AFFINE, rod, np.array([17], np.uint8))
    axis = np.linalg.norm(positions()[..., :2] - MIDDLE[:2], axis=-1)
    expected = np.clip(0.5 + (5.0 - axis[:, :, 20]) / 6.0, 0.0, 1.0)
    assert level[:, :, 20] == pytest.approx(expected, abs=1e-6)
    assert set(np.unique(label)) == {0, 17}


def test_the_deeper_tube_lends_its_label():
    rods = np.array(
        [[29.0, 29, 10, 3, 29, 29, 60, 3], [29.0, 10, 39, 6, 29, 50, 39, 6]], dtype=np.float64
    )
    _, label = draw_tubes(SHAPE, AFFINE, rods, np.array([1, 2], np.uint8))
    assert label[14, 14, 19] == 2
    assert label[14, 14, 8] == 1
