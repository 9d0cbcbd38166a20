"""Intervals of a fine scan are sought on fewer voxels, and lie where the fine ones would."""

from dataclasses import replace

import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw

from diptych.anatomy import crop, map_anatomy, perturb
from diptych.anatomy.crop import thin_ground, thin_sides
from diptych.anatomy.fine import divide_finely
from diptych.anatomy.images import read_images
from diptych.anatomy.junction import junction_figures
from diptych.anatomy.ownership import (
    HALF_CLEAR,
    Ground,
    divide_tissue,
    find_faces,
    read_errors,
)
from diptych.anatomy.perturb import repeat_junction
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.territory import find_territory
from diptych.anatomy.tissues import find_compartments


@pytest.fixture(scope="module")
def ground():
    case, policy = draw(Toy()), AnatomyPolicy()
    images = read_images(case, policy)
    parts = find_compartments(images, policy)
    territory = find_territory(case, images, parts, policy)
    return Ground(
        images=images,
        parts=parts,
        territory=territory,
        errors=read_errors(TABLES["classification"], 0.0),
    )


def test_thinned_voxels_stay_where_they_were(ground):
    every = (2, 1, 3)
    thin = thin_ground(ground, every)
    index = np.array([4.0, 5.0, 2.0])
    assert thin.images.position_of(index) == pytest.approx(
        ground.images.position_of(index * np.array(every))
    )
    assert thin.images.spacing == pytest.approx(
        tuple(n * s for n, s in zip(every, ground.images.spacing, strict=True))
    )
    assert thin.images.plain[4, 5, 2] == ground.images.plain[8, 5, 6]
    assert thin.images.index_of(thin.images.position_of(index)) == pytest.approx(index)


def test_faces_of_thinned_sides_are_where_sides_meet(ground):
    sides = divide_tissue(ground.images, ground.parts, ground.territory, ground.errors)
    thin = thin_sides(sides, (2, 2, 2))
    assert (thin.side == sides.side[::2, ::2, ::2]).all()
    assert (thin.faces == find_faces(thin.side)).all()
    assert thin.faces.any()


def test_intervals_of_thinned_voxels_hold_the_figures_and_are_no_wider_than_reason(monkeypatch):
    case = draw(Toy())
    fine = map_anatomy(case, tables=TABLES).measures
    step = float(case.volumes[0].volume.spacing[0])
    monkeypatch.setattr(crop, "COARSE_MM", 2.0 * step)
    coarse = map_anatomy(case, tables=TABLES).measures
    for name, figure in coarse.items():
        assert figure.value == pytest.approx(fine[name].value, rel=0.02, abs=0.05), name
        assert figure.low <= figure.value <= figure.high, name
    for name in ("junction-diameter", "fused-area-skin"):
        width = coarse[name].high - coarse[name].low
        assert 0.0 < width < 0.4 * coarse[name].value
    assert coarse["septum-fraction"].high <= 1.0


def test_a_septum_half_seen_widens_the_interval_of_its_share(ground, monkeypatch):
    sides = divide_tissue(ground.images, ground.parts, ground.territory, ground.errors)
    half = replace(sides, seen=np.full(sides.side.shape, HALF_CLEAR, dtype=np.float32))
    monkeypatch.setattr(perturb, "divide_near", lambda near, found: found)
    found = junction_figures(ground.images, sides.side, ground.parts, half)
    again = repeat_junction(ground, half, AnatomyPolicy(), found)
    assert found["septum-fraction"] == 1.0
    assert {round(other["septum-fraction"], 6) for other in again} == {0.0, 1.0}


def test_the_boundary_found_near_the_rough_one_is_that_of_the_whole(ground, monkeypatch):
    whole = divide_finely(ground)
    monkeypatch.setattr(crop, "COARSE_MM", 2.0 * ground.images.spacing[0])
    near = divide_finely(ground)
    assert (near.side != whole.side).sum() <= 1e-4 * (whole.side > 0).sum()
    assert ((near.side > 0) == ground.images.body).all()
