"""Owners of vessels: a vein that crosses the septum keeps the twin whose cortex it drains."""

from dataclasses import replace

import numpy as np
from anatomy_toys import STEP, TABLES, Toy, draw, points

from diptych.anatomy.drainage import assign_owners
from diptych.anatomy.images import read_images
from diptych.anatomy.ownership import Sides
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Branch, Tree, find_step
from diptych.model import Owner

CALIBRE = TABLES["classification"].value("significant-sinus-calibre")


def straight(start: int, end: int, a: tuple, b: tuple, radius: float) -> Branch:
    path = np.linspace(a, b, 25)
    return Branch(start=start, end=end, path=path, radius=np.full(25, radius))


def owners(branches: list[Branch], nodes: int) -> tuple[Owner, ...]:
    """Owners in the toy pair, whose sides are z < 0 (A) and z > 0 (B)."""
    images = read_images(draw(Toy(contrast=False)), AnatomyPolicy())
    z = points()[2][images.box]
    side = np.where(images.body, np.where(z < 0, 1, 2), 0).astype(np.uint8)
    none = np.zeros(side.shape, dtype=bool)
    ends = [node for branch in branches for node in (branch.start, branch.end)]
    tree = Tree(
        nodes=np.zeros((nodes, 3)),
        degree=np.bincount(ends, minlength=nodes),
        branches=tuple(branches),
    )
    zero = np.zeros(side.shape, dtype=np.float32)
    x, y, _ = (axis[images.box] for axis in points())
    away = np.minimum(
        np.sqrt(x**2 + y**2 + (z + 36.0) ** 2), np.sqrt(x**2 + y**2 + (z - 36.0) ** 2)
    )
    parts = Compartments(
        bone=none,
        cavity=away < 42.0,
        vessel=none,
        depth=zero,
        lumps=side.astype(np.int32),
        rise=zero,
    )
    sides = Sides(side=side, inner=none, sheet=zero, faces=none, confidence=side)
    return assign_owners(tree, images, parts, sides, CALIBRE).owner


def test_crossing_vein_belongs_to_the_cortex_it_drains() -> None:
    vein = straight(0, 1, (5.0, 0.0, -25.0), (-5.0, 0.0, 55.0), 1.2)
    sinus = [
        straight(2, 1, (-5.0, -20.0, 56.0), (-5.0, 0.0, 55.0), 2.4),
        straight(1, 3, (-5.0, 0.0, 55.0), (-5.0, 20.0, 56.0), 2.4),
    ]
    assert owners([vein, *sinus], 4) == (Owner.A, Owner.B, Owner.B)


def test_two_veins_that_meet_on_a_ring_from_both_sides_stay_apart() -> None:
    ring = [
        straight(0, 1, (18.0, -10.0, 0.0), (20.6, 0.0, 0.0), 3.0),
        straight(1, 2, (20.6, 0.0, 0.0), (18.0, 10.0, 0.0), 3.0),
    ]
    veins = [
        straight(3, 1, (20.0, 0.0, -30.0), (20.6, 0.0, 0.0), 1.2),
        straight(4, 1, (20.0, 0.0, 30.0), (20.6, 0.0, 0.0), 1.2),
    ]
    found = owners([*ring, *veins], 5)
    assert found == (Owner.SHARED, Owner.SHARED, Owner.A, Owner.B)


def anastomosis(flip: float = 1.0) -> list[Branch]:
    """A vein from the end of a sinus of A through the septum to that of one of B."""
    return [
        straight(0, 1, (0.0, 20.0, -30.0 * flip), (0.0, 0.0, -20.0 * flip), 1.8),
        straight(2, 3, (0.0, 20.0, 30.0 * flip), (0.0, 0.0, 20.0 * flip), 1.8),
        straight(1, 3, (0.0, 0.0, -20.0 * flip), (0.0, 0.0, 20.0 * flip), 1.1),
        straight(4, 1, (8.0, 0.0, -32.0 * flip), (0.0, 0.0, -20.0 * flip), 0.8),
    ]


def test_a_vein_from_sinus_to_sinus_is_shared() -> None:
    assert owners(anastomosis(), 5) == (Owner.A, Owner.B, Owner.SHARED, Owner.A)
    assert owners(anastomosis(-1.0), 5) == (Owner.B, Owner.A, Owner.SHARED, Owner.B)


def test_a_vein_with_an_end_of_its_own_or_without_both_sinuses_is_not() -> None:
    sinus_a, sinus_b, vein, _ = anastomosis()
    assert Owner.SHARED not in owners([sinus_a, vein], 4)
    own = straight(1, 3, (0.0, 0.0, -20.0), (0.0, 0.0, 20.0), 1.1)
    parted = replace(own, start=5)
    assert owners([sinus_a, sinus_b, parted], 6)[2] is not Owner.SHARED
    same = [
        straight(0, 1, (-15.0, 20.0, -30.0), (-15.0, 0.0, -20.0), 1.8),
        straight(2, 3, (15.0, 20.0, -30.0), (15.0, 0.0, -20.0), 1.8),
        straight(1, 3, (-15.0, 0.0, -20.0), (15.0, 0.0, -20.0), 1.1),
    ]
    assert owners(same, 4) == (Owner.A, Owner.A, Owner.A)


def test_wide_vessel_in_the_septum_far_from_the_vault_is_not_shared() -> None:
    found = owners([straight(0, 1, (0.0, -8.0, -1.5), (0.0, 8.0, -1.5), 1.6)], 2)
    assert found[0] is not Owner.SHARED


def test_step_of_calibre_is_found_where_it_is() -> None:
    path = np.stack([np.arange(40) * STEP / 2.5, np.zeros(40), np.zeros(40)], axis=1)
    radius = np.where(np.arange(40) < 25, 3.0, 1.2)
    assert find_step(path, radius) == 25
    assert find_step(path, np.full(40, 2.0)) == 0
