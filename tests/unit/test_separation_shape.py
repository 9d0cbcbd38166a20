"""Depth along the cut, pockets behind uncut tissue, and the radius of bends, on known shapes."""

import numpy as np
import pytest

from diptych.model import Volume
from diptych.separation.bend import measure_bend
from diptych.separation.corridor import follow_cut
from diptych.separation.shape import judge_shape, tell_shape
from diptych.tables import load_table

EVEN = (1.0, 1.0, 1.0)
TABLE = load_table("costs")


def grid(shape):
    return np.meshgrid(*[np.arange(n) - (n - 1) / 2.0 for n in shape], indexing="ij")


def box(size=7):
    """A cube of tissue with a border of one voxel of air, all with A."""
    side = np.zeros((size + 2,) * 3, dtype=np.uint8)
    side[1:-1, 1:-1, 1:-1] = 1
    return side


def volume(side):
    return Volume(
        voxels=side, affine=np.eye(4), frame_of_reference="1.2", modality="SEG", source="test"
    )


def curvature(side, inner):
    corridor = follow_cut(side, EVEN)
    middle = corridor.middle[inner(corridor)]
    assert len(middle) > 50
    return measure_bend(side, middle, EVEN).curvature


def test_a_straight_cut_through_a_cube():
    side = box()
    side[5:][side[5:] > 0] = 2
    corridor = follow_cut(side, EVEN)
    # 7 x 7 faces; the outer ring is the rim, the middle one lies three faces inwards
    assert len(corridor.middle) == 49
    assert corridor.pockets == 0
    assert sorted(set(corridor.depth.tolist())) == pytest.approx([0.0, 1.0, 2.0, 3.0])
    assert int((corridor.depth == 0.0).sum()) == 24
    assert int((corridor.depth == 3.0).sum()) == 1


def test_depth_is_in_millimetres():
    side = box()
    side[5:][side[5:] > 0] = 2
    assert follow_cut(side, (1.0, 2.0, 2.0)).depth.max() == pytest.approx(6.0)


def test_the_middle_of_a_disc_lies_a_radius_deep():
    x, y, z = grid((8, 70, 70))
    side = np.where(np.hypot(y, z) < 32.0, np.where(x < 0, 1, 2), 0).astype(np.uint8)
    deepest = follow_cut(side, EVEN).depth.max()
    assert 31.0 <= deepest <= 32.0 * 1.09


def test_a_cut_inside_uncut_tissue_is_a_pocket():
    side = box()
    side[5:][side[5:] > 0] = 2
    side[2, 4:6, 4] = 2
    corridor = follow_cut(side, EVEN)
    # two voxels in a row have ten faces
    assert corridor.pockets == 1
    assert int((corridor.pocket == 1).sum()) == 10
    assert np.isinf(corridor.depth[corridor.pocket == 1]).all()
    assert np.isfinite(corridor.depth[corridor.pocket == 0]).all()


def test_air_inside_the_head_is_no_way_in():
    side = box()
    side[4, 4, 4] = 2
    side[4, 4, 5] = 0
    assert follow_cut(side, EVEN).pockets == 1
    side[4, 4, 5:] = 0
    assert follow_cut(side, EVEN).pockets == 0


def test_air_that_opens_far_away_is_a_way_in():
    """A bent tunnel from the cut to the outside, which no straight look finds."""
    side = np.zeros((33, 33, 33), dtype=np.uint8)
    side[1:-1, 1:-1, 1:-1] = 1
    side[16, 16, 16] = 2
    side[16, 16, 17:26] = 0
    side[16, 16:26, 25] = 0
    assert follow_cut(side, EVEN).pockets == 1
    side[16:, 25, 25] = 0
    assert follow_cut(side, EVEN).pockets == 0


def test_pieces_that_touch_at_a_corner_do_not_hang_together():
    side = box()
    side[1, 1, 1] = 2
    side[2, 2, 2] = 2
    corridor = follow_cut(side, EVEN)
    assert corridor.pockets == 1
    assert int((corridor.pocket == 1).sum()) == 6


def test_the_twins_letters_do_not_matter():
    x, y, z = grid((30, 30, 30))
    side = np.where(np.sqrt(x**2 + y**2 + z**2) < 13, np.where(x + 0.3 * y < 1, 1, 2), 0)
    mine = follow_cut(side.astype(np.uint8), EVEN)
    other = follow_cut(np.array([0, 2, 1], dtype=np.uint8)[side], EVEN)
    assert (mine.middle == other.middle).all()
    assert (mine.depth == other.depth).all()


def test_no_cut_no_way():
    assert len(follow_cut(box(), EVEN).depth) == 0


@pytest.mark.parametrize("radius", [12.0, 20.0])
def test_a_sphere_bends_by_its_radius(radius):
    x, y, z = grid((64, 64, 64))
    side = np.where(np.sqrt(x**2 + y**2 + z**2) < radius, 1, 2).astype(np.uint8)
    found = curvature(side, lambda c: np.ones(len(c.depth), dtype=bool))
    assert np.median(found) == pytest.approx(1.0 / radius, rel=0.1)
    assert np.percentile(found, 95) == pytest.approx(1.0 / radius, rel=0.2)


def test_areas_of_faces_sum_to_the_sphere():
    x, y, z = grid((64, 64, 64))
    side = np.where(np.sqrt(x**2 + y**2 + z**2) < 20.0, 1, 2).astype(np.uint8)
    area = measure_bend(side, follow_cut(side, EVEN).middle, EVEN).area.sum()
    assert area == pytest.approx(4 * np.pi * 4.0, rel=0.03)


def test_a_cylinder_bends_by_its_radius():
    x, y, _ = grid((64, 64, 40))
    side = np.where(np.hypot(x, y) < 15.0, 1, 2).astype(np.uint8)
    found = curvature(side, lambda c: np.abs(c.middle[:, 2] - 40) < 16)
    assert np.median(found) == pytest.approx(1.0 / 15.0, rel=0.1)


def test_a_plane_does_not_bend():
    x, y, _ = grid((40, 40, 40))
    side = np.where(x + 0.5 * y < 0.3, 1, 2).astype(np.uint8)
    found = curvature(side, lambda c: (np.abs(c.middle - 40) < 16).all(axis=1))
    assert np.percentile(found, 95) < 1.0 / 50.0


def test_what_is_told_of_a_pocket():
    side = box(9)
    side[6:][side[6:] > 0] = 2
    side[3, 5, 5] = 2
    shape = judge_shape(volume(side), table=TABLE)
    assert (shape.faces, shape.pockets, shape.closed_faces) == (87, 1, 6)
    assert shape.places == (pytest.approx((3.0, 5.0, 5.0)),)
    notes = tell_shape(shape)
    assert "6 faces of the cut" in notes[1]
    assert "near (3, 5, 5) mm cannot be reached" in notes[1]
    assert "no hemisphere and no region" in notes[-1]


def test_what_is_told_of_a_tight_bend():
    x, y, z = grid((60, 60, 60))
    inside = np.sqrt(x**2 + y**2 + z**2) < 29.0
    finger = (np.hypot(y, z) < 4.0) & (x < 15.0)
    side = np.where(inside, np.where((x < 0) | finger, 1, 2), 0).astype(np.uint8)
    flat = np.where(inside, np.where(x < 0, 1, 2), 0).astype(np.uint8)
    shape = judge_shape(volume(side), table=TABLE)
    assert shape.tight_area > 0.5
    assert any("instruments may not follow" in note for note in tell_shape(shape))
    assert judge_shape(volume(flat), table=TABLE).tight_area == 0.0
