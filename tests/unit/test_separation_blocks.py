"""What is computed in a block is what the whole volume gives; air around changes nothing."""

from dataclasses import fields, replace

import numpy as np
import pytest
from separation_pair import make_anatomy, make_case

from diptych.kernels.membrane import stretch_membrane
from diptych.separation.area import _cut_block, measure_faces
from diptych.separation.corridor import follow_cut
from diptych.separation.costs import weigh_tissue
from diptych.separation.policy import SeparationPolicy
from diptych.separation.region import (
    find_box,
    find_junction,
    join_blocks,
    meet_blocks,
    place_seeds,
    shift_block,
)
from diptych.tables.load import load_table

PADS = ((3, 5), (4, 0), (0, 7))
BOX = (slice(2, 5), slice(0, 4), slice(6, 9))


@pytest.fixture(scope="module")
def anatomy():
    return make_anatomy()


def widen_anatomy(anatomy, pads):
    """The same with air around, on a grid that begins elsewhere."""

    def widen(volume):
        affine = volume.affine.copy()
        affine[:3, 3] -= affine[:3, :3] @ np.array([before for before, _ in pads], dtype=float)
        return replace(volume, voxels=np.pad(volume.voxels, pads), affine=affine)

    names = ("tissues", "ownership", "confidence")
    return replace(
        anatomy,
        tissue_confidence=None,
        **{name: widen(getattr(anatomy, name)) for name in names},
    )


def test_a_block_is_weighed_as_in_the_whole(anatomy):
    junction = find_junction(anatomy, reach=6.0)
    some = (slice(4, 40), slice(9, 30), slice(2, 33))
    place = join_blocks(junction.block, some)
    assert place != junction.block
    given = {"table": load_table("costs"), "policy": SeparationPolicy()}
    whole = weigh_tissue(make_case(), anatomy, junction, **given)
    part = weigh_tissue(make_case(), anatomy, junction, place=place, **given)
    for field in fields(whole):
        value = getattr(whole, field.name)
        if getattr(value, "ndim", 0) == 3:
            assert np.array_equal(getattr(part, field.name), value[place]), field.name
    assert part.flow.any()
    assert part.soft.any()
    assert np.array_equal(part.ladder.base, whole.ladder.base)


def test_air_around_moves_neither_junction_nor_seeds(anatomy):
    roomy = widen_anatomy(anatomy, 3 * [(8, 8)])
    wide = widen_anatomy(roomy, PADS)
    here, there = (find_junction(entry, reach=6.0) for entry in (roomy, wide))
    moved = [slice(a.start + p, a.stop + p) for a, (p, _) in zip(here.block, PADS, strict=True)]
    assert list(there.block) == moved
    assert np.array_equal(here.normal, there.normal)
    found = [
        place_seeds(entry, junction, margin=14.0, confidence=60)
        for entry, junction in ((roomy, here), (wide, there))
    ]
    assert np.array_equal(np.pad(found[0], PADS), found[1])
    assert set(np.unique(found[1])) == {0, 1, 2}


def bent_side():
    """Two halves of a ball that meet in a bent sheet, with a hollow of air inside."""
    x, y, z = np.meshgrid(*(np.arange(n) - n // 2 for n in (40, 36, 34)), indexing="ij")
    side = np.where(x + (y // 3) ** 2 // 4 > 0, 2, 1).astype(np.uint8)
    side[(x**2 + y**2 + z**2 > 49) | (x**2 + y**2 + z**2 < 5)] = 0
    return side


def test_air_around_changes_no_way_along_the_cut():
    side = bent_side()
    here, there = follow_cut(side, (1.0, 1.0, 2.0)), follow_cut(np.pad(side, PADS), (1.0, 1.0, 2.0))
    assert np.array_equal(here.middle + 2 * np.array([p for p, _ in PADS]), there.middle)
    assert np.array_equal(here.depth, there.depth)
    assert here.depth.max() > 0


def test_air_around_changes_no_area():
    side = bent_side()
    here, there = (measure_faces(entry, (1.0, 1.0, 2.0)) for entry in (side, np.pad(side, PADS)))
    assert np.array_equal(here.area, there.area)
    assert np.array_equal(here.middle + np.array([p for p, _ in PADS]), there.middle)
    assert len(here.area) > 50


def test_areas_look_no_farther_than_eight_voxels_from_the_cut():
    side = np.ones((60, 30, 30), dtype=np.uint8)
    side[40:] = 2
    assert _cut_block(side) == (slice(31, 49), slice(0, 30), slice(0, 30))
    assert _cut_block(np.minimum(side, 1)) is None


def test_boxes():
    mask = np.zeros((6, 7, 8), dtype=np.bool_)
    mask[2:4, 5, 1:3] = True
    assert find_box(mask) == (slice(2, 4), slice(5, 6), slice(1, 3))
    assert find_box(mask, room=2) == (slice(0, 6), slice(3, 7), slice(0, 5))
    assert find_box(np.zeros((3, 3, 3), dtype=np.bool_)) == (slice(0, 1),) * 3


def test_blocks_joined_met_and_shifted():
    other = (slice(4, 9), slice(1, 2), slice(0, 3))
    assert join_blocks(BOX, other) == (slice(2, 9), slice(0, 4), slice(0, 9))
    assert meet_blocks(BOX, other)[:2] == (slice(4, 5), slice(1, 2))
    empty = meet_blocks(BOX, other)[2]
    assert empty.start == empty.stop
    volume = np.arange(10**3).reshape(10, 10, 10)
    outer = (slice(1, 8), slice(0, 9), slice(5, 10))
    assert np.array_equal(volume[outer][shift_block(BOX, outer)], volume[BOX])


def relax_plainly(floor, free, rounds, relax):
    """The membrane by whole arrays."""
    chess, lid = np.indices(free.shape).sum(axis=0) % 2, floor.copy()
    for _ in range(rounds):
        for colour in (0, 1):
            mean = np.zeros_like(lid)
            mean[1:-1, 1:-1] = (lid[:-2, 1:-1] + lid[2:, 1:-1] + lid[1:-1, :-2] + lid[1:-1, 2:]) / 4
            moved = np.maximum(floor, lid + relax * (mean - lid))
            lid = np.where(free & (chess == colour), moved, lid)
    return lid


def test_the_membrane_is_that_of_whole_arrays_bit_by_bit():
    rng = np.random.Generator(np.random.Philox(key=3))
    floor, free = rng.normal(0.0, 5.0, (23, 18)), rng.random((23, 18)) < 0.8
    free[[0, -1]] = free[:, [0, -1]] = False
    lid = stretch_membrane(floor, free, rounds=40, relax=1.85)
    assert np.array_equal(lid, relax_plainly(floor, free, 40, 1.85))
    assert (lid >= floor).all()
    assert (lid[~free] == floor[~free]).all()
