"""What people say about owners stands, is mirrored, and changes nothing it does not touch."""

from dataclasses import replace

import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw, map_toy, points, see_toy
from scipy import ndimage

from diptych.anatomy import corrections, divide_seen
from diptych.anatomy.corrections import divide_locally
from diptych.anatomy.ownership import (
    Ground,
    Sides,
    divide_again,
    divide_tissue,
    lay_over,
    part_seeds,
    read_errors,
)
from diptych.model import Anatomy, Corrections, InputError, Millimetre, Owner, OwnerSeed, Tissue

HERE = (4.0, -4.0, 9.0)


def seed(place, radius: float, owner: Owner) -> Corrections:
    ball = OwnerSeed(position=place, radius=Millimetre(radius), owner=owner)
    return Corrections(seeds=(ball,))


def corrected(said: Corrections, swapped: bool = False) -> Anatomy:
    toy = Toy(swapped=swapped)
    return divide_seen(draw(toy), see_toy(toy), tables=TABLES, corrections=said)


def ball(place, radius: float) -> np.ndarray:
    middle = np.array(place).reshape(3, 1, 1, 1)
    return np.linalg.norm(points() - middle, axis=0) <= radius


def test_a_ball_of_tissue_is_whose_people_say() -> None:
    found = corrected(seed(HERE, 7.0, Owner.A))
    inside = ball(HERE, 7.0) & (found.tissues.voxels != Tissue.VESSEL)
    assert (map_toy().ownership.voxels[inside] == Owner.B).mean() > 0.8
    assert (found.ownership.voxels[inside] == Owner.A).all()
    assert (found.confidence.voxels[inside] == 100).all()
    assert any("corrected by people: 1 seeds" in note for note in found.notes)
    far = ~ball(HERE, 30.0)
    assert np.array_equal(found.ownership.voxels[far], map_toy().ownership.voxels[far])


def test_corrections_are_mirrored() -> None:
    here = corrected(seed(HERE, 7.0, Owner.A))
    there = corrected(seed(HERE, 7.0, Owner.B), swapped=True)
    swap = np.array([int(Owner(code).mirrored) for code in range(5)], dtype=np.uint8)
    assert np.array_equal(swap[here.ownership.voxels], there.ownership.voxels)
    assert np.array_equal(here.confidence.voxels, there.confidence.voxels)


def test_paint_may_say_shared() -> None:
    grid = map_toy().ownership
    paint = np.where(ball((0.0, 0.0, 0.0), 6.0), 3, 0).astype(np.uint8)
    painted = Corrections(painted=(grid.on_this_grid(paint, source="painted"),))
    found = corrected(painted)
    codes = found.ownership.voxels[(paint == 3) & (found.tissues.voxels != Tissue.VESSEL)]
    assert (codes == Owner.SHARED).all()


def test_a_seed_in_a_vessel_speaks_of_that_vessel_alone() -> None:
    vein = next(v for v in map_toy().vessels.vessels if v.name == "bridging vein B1")
    place = tuple(float(value) for value in vein.path[len(vein.path) // 2])
    found = corrected(seed(place, 1.0, Owner.A))
    other = {v.id: v.owner for v in found.vessels.vessels}
    for vessel in map_toy().vessels.vessels:
        assert other[vessel.id] is (Owner.A if vessel.id == vein.id else vessel.owner)
    changed = found.ownership.voxels != map_toy().ownership.voxels
    assert changed.any()
    vessel = found.tissues.voxels == Tissue.VESSEL
    assert (found.tissues.voxels[changed] == Tissue.VESSEL).mean() > 0.5
    assert ndimage.binary_dilation(vessel)[changed].all()  # its faint wall goes with it


def test_paint_over_most_of_a_vessel_speaks_of_it() -> None:
    sinus = next(v for v in map_toy().vessels.vessels if v.name == "superior sagittal sinus B")
    low, high = sinus.path.min(axis=0) - 4.0, sinus.path.max(axis=0) + 4.0
    place = np.moveaxis(points(), 0, -1)
    paint = (((place >= low) & (place <= high)).all(axis=-1) * 1).astype(np.uint8)
    painted = Corrections(painted=(map_toy().ownership.on_this_grid(paint, source="painted"),))
    found = corrected(painted).vessels.vessel(sinus.id)
    assert found.owner is Owner.A
    assert found.confidence == 1.0


def test_seeds_in_air_and_paint_on_another_grid_are_refused() -> None:
    with pytest.raises(InputError, match=r"seed at 200.00, 0.00, 0.00 mm .* lies in air"):
        corrected(seed((200.0, 0.0, 0.0), 3.0, Owner.A))
    grid = map_toy().ownership
    other = replace(grid, voxels=np.ones(grid.shape, np.uint8), affine=grid.affine * 2.0)
    with pytest.raises(InputError, match="not the grid of the case"):
        corrected(Corrections(painted=(other,)))
    empty = grid.on_this_grid(np.zeros(grid.shape, np.uint8), source="nothing")
    with pytest.raises(InputError, match="nothing painted in tissue"):
        corrected(Corrections(painted=(empty,)))


def test_values_refuse_what_is_no_owner() -> None:
    with pytest.raises(InputError, match="has owner UNKNOWN"):
        seed(HERE, 3.0, Owner.UNKNOWN)
    with pytest.raises(InputError, match="radius is 0"):
        seed(HERE, 0.0, Owner.A)
    grid = map_toy().ownership
    with pytest.raises(InputError, match="hold the values 7"):
        Corrections(painted=(grid.on_this_grid(np.full(grid.shape, 7), source="p"),))


def ground_of_toy() -> Ground:
    seen = see_toy(Toy())
    return Ground(
        images=seen.images,
        parts=seen.found.parts,
        territory=seen.territory,
        errors=read_errors(TABLES["classification"], 0.0),
    )


def divided(ground: Ground) -> Sides:
    return divide_tissue(ground.images, ground.parts, ground.territory, ground.errors)


def test_where_the_search_starts_changes_nothing() -> None:
    ground = ground_of_toy()
    first = divided(ground)
    said = np.where(ball(HERE, 7.0)[ground.images.box], 1, 0).astype(np.uint8)
    once = divide_again(ground, first, said)
    again = divide_again(ground, once, said)
    assert np.array_equal(once.side, again.side)
    back = divide_again(ground, once, np.zeros_like(said))
    assert np.array_equal(back.side, first.side)


def test_what_people_say_pushes_territories_aside() -> None:
    seeds = np.array([1, 1, 1, 0, 0, 2, 2], dtype=np.uint8).reshape(7, 1, 1)
    said = np.array([0, 0, 2, 0, 0, 3, 0], dtype=np.uint8).reshape(7, 1, 1)
    assert lay_over(seeds, said).ravel().tolist() == [1, 0, 2, 0, 0, 0, 2]


def test_seeds_that_meet_at_a_corner_are_parted() -> None:
    seeds = np.zeros((2, 2, 2), dtype=np.uint8)
    seeds[0, 0, 0], seeds[1, 1, 1] = 1, 2
    assert not part_seeds(seeds).any()


@pytest.mark.parametrize("place", [HERE, (4.0, -4.0, 24.0)])
def test_what_is_sought_near_by_is_what_is_sought_everywhere(place, monkeypatch) -> None:
    """The second ball lies too far from the boundary for the layer round it alone."""
    ground = ground_of_toy()
    first = divided(ground)
    said = np.where(ball(place, 7.0)[ground.images.box], 1, 0).astype(np.uint8)
    sizes = []

    def count(part: Ground, *others: object) -> Sides:
        sizes.append(part.images.body.size)
        return divide_again(part, *others)

    monkeypatch.setattr(corrections, "divide_again", count)
    near, whole = divide_locally(ground, first, said), divide_again(ground, first, said)
    assert len(sizes) == 1
    assert sizes[0] < ground.images.body.size
    assert np.array_equal(near.side, whole.side)
    assert np.abs(near.confidence.astype(int) - whole.confidence).max() <= 1
