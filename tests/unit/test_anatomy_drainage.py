"""Owners of vessels: a vein that crosses the septum keeps the twin whose cortex it drains."""

from dataclasses import replace

import numpy as np
from anatomy_toys import STEP, TABLES, Toy, draw, points

from diptych.anatomy.drainage import Drainage, assign_owners, tell_doubts
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


def drain(
    branches: list[Branch], nodes: int, unsure: tuple[float, float] = (0.0, 0.0)
) -> tuple[Tree, Drainage]:
    """The tree and its owners in the toy pair, whose sides are z < 0 (A) and z > 0 (B).

    unsure : range of z where nothing shows whose the tissue is (51 % sure)
    """
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
    known = np.where((z > unsure[0]) & (z < unsure[1]), 51, 100).astype(np.uint8)
    sides = Sides(side=side, inner=none, sheet=zero, faces=none, confidence=known)
    return tree, assign_owners(tree, images, parts, sides, CALIBRE)


def owners(branches: list[Branch], nodes: int) -> tuple[Owner, ...]:
    return drain(branches, nodes)[1].owner


def test_crossing_vein_belongs_to_the_cortex_it_drains() -> None:
    vein = straight(0, 1, (5.0, 0.0, -25.0), (-5.0, 0.0, 55.0), 1.2)
    sinus = [
        straight(2, 1, (-5.0, -20.0, 56.0), (-5.0, 0.0, 55.0), 2.4),
        straight(1, 3, (-5.0, 0.0, 55.0), (-5.0, 20.0, 56.0), 2.4),
    ]
    assert owners([vein, *sinus], 4) == (Owner.A, Owner.B, Owner.B)


def test_a_source_where_no_boundary_shows_is_judged_by_what_follows() -> None:
    """A vein begins 10 mm on A's side of a boundary that is not seen, and runs into B."""
    vein = straight(0, 1, (5.0, 0.0, -10.0), (-5.0, 0.0, 55.0), 1.2)
    sinus = [
        straight(2, 1, (-5.0, -20.0, 56.0), (-5.0, 0.0, 55.0), 2.4),
        straight(1, 3, (-5.0, 0.0, 55.0), (-5.0, 20.0, 56.0), 2.4),
    ]
    _, seen = drain([vein, *sinus], 4)
    _, hidden = drain([vein, *sinus], 4, unsure=(-12.0, 4.0))
    assert (seen.owner[0], hidden.owner[0]) == (Owner.A, Owner.B)
    assert seen.confidence[0] > 0.98 and 0.55 < hidden.confidence[0] < 0.8
    _, dark = drain([vein, *sinus], 4, unsure=(-99.0, 99.0))
    assert dark.confidence[0] < 0.6


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


def test_a_wide_vein_that_goes_on_is_no_sinus_at_its_end() -> None:
    """The vein's first part, from A's cortex, is a little wider than a sinus must be."""
    _, sinus_b, vein, _ = anastomosis()
    source = straight(0, 1, (0.0, 10.0, -36.0), (0.0, 0.0, -20.0), 1.42)
    aside = straight(4, 1, (8.0, 0.0, -26.0), (0.0, 0.0, -20.0), 0.8)
    vein = replace(vein, radius=np.full(25, 1.35))
    assert owners([source, sinus_b, vein, aside], 5)[2] is Owner.A


def test_the_fold_of_a_vein_is_no_sinus_at_its_end() -> None:
    """A vein from A's cortex folds back on itself, as wide there as a sinus must be."""
    _, sinus_b, vein, _ = anastomosis()
    source = straight(4, 1, (9.0, 0.0, -3.0), (0.0, 0.0, -20.0), 1.1)
    fold = straight(1, 0, (0.0, 0.0, -20.0), (0.0, 0.0, -27.0), 1.5)
    assert owners([source, sinus_b, vein, fold], 5) == (Owner.A, Owner.B, Owner.A, Owner.A)


def test_a_thin_link_within_the_ring_is_the_ring() -> None:
    ring = [
        straight(0, 1, (18.0, -10.0, 0.0), (20.4, -1.5, 0.0), 2.6),
        straight(1, 2, (20.4, -1.5, 0.0), (20.4, 1.5, 0.0), 0.9),
        straight(2, 3, (20.4, 1.5, 0.0), (18.0, 10.0, 0.0), 2.6),
    ]
    assert owners(ring, 4) == (Owner.SHARED,) * 3


def summit(flip: float) -> list[Branch]:
    """A vein from a sinus of one twin through the other twin and back, without an end."""
    path = np.array([(-15.0, 0.0, -20.0), (-6.0, 0.0, 8.0), (6.0, 0.0, 8.0), (15.0, 0.0, -20.0)])
    where = np.linspace(0.0, 3.0, 40)
    line = np.stack([np.interp(where, np.arange(4), path[:, axis]) for axis in range(3)], axis=1)
    vein = Branch(start=0, end=1, path=line * (1, 1, flip), radius=np.full(40, 1.1))
    ends = ((0, -15.0), (1, 15.0))
    sinuses = [
        straight(2 + n, n, (x, -20.0, -24.0 * flip), (x, 0.0, -20.0 * flip), 2.2) for n, x in ends
    ]
    onward = [
        straight(n, 4 + n, (x, 0.0, -20.0 * flip), (x, 20.0, -24.0 * flip), 2.2) for n, x in ends
    ]
    return [vein, *sinuses, *onward]


def test_blood_does_not_pass_through_a_twin_and_return() -> None:
    assert owners(summit(1.0), 6) == (Owner.B, *(Owner.A,) * 4)
    assert owners(summit(-1.0), 6) == (Owner.A, *(Owner.B,) * 4)


def test_a_vein_whose_tip_touches_another_begins_there() -> None:
    """From B's cortex, where a vein of A passes, through A to A's sinus."""
    branches = [
        straight(0, 1, (0.0, 10.0, 14.0), (0.0, 0.0, -30.0), 1.1),
        straight(2, 0, (-30.0, 10.0, -6.0), (0.0, 10.0, 14.0), 1.1),
        straight(0, 3, (0.0, 10.0, 14.0), (30.0, 10.0, 34.0), 1.2),
        straight(4, 1, (0.0, -20.0, -34.0), (0.0, 0.0, -30.0), 2.2),
        straight(1, 5, (0.0, 0.0, -30.0), (0.0, 20.0, -34.0), 2.2),
        straight(6, 3, (30.0, -10.0, 34.0), (30.0, 10.0, 34.0), 2.2),
        straight(3, 7, (30.0, 10.0, 34.0), (30.0, 20.0, 34.0), 2.2),
    ]
    found = owners(branches, 8)
    assert found[0] is Owner.B
    assert found[1:3] == (Owner.A, Owner.A)


def meeting(turn: float, flip: float = 1.0) -> list[Branch]:
    """Veins of A and of B that cross at node 0, each on its way to a sinus."""
    y, z = np.sin(np.radians(turn)), flip * np.cos(np.radians(turn))
    ends = [(25 * y, -25 * z), (-25 * y, 25 * z), (25 * y, 25 * z), (-25 * y, -25 * z)]
    here = (0.0, 0.0, 0.0)
    return [
        straight(1, 0, (0.0, *ends[0]), here, 1.1),
        straight(0, 2, here, (0.0, *ends[1]), 1.1),
        straight(3, 0, (0.0, *ends[2]), here, 1.1),
        straight(0, 4, here, (0.0, *ends[3]), 1.1),
        straight(5, 2, (-20.0, *ends[1]), (0.0, *ends[1]), 2.2),
        straight(2, 6, (0.0, *ends[1]), (20.0, *ends[1]), 2.2),
        straight(7, 4, (-20.0, *ends[3]), (0.0, *ends[3]), 2.2),
        straight(4, 8, (0.0, *ends[3]), (20.0, *ends[3]), 2.2),
    ]


def test_doubt_where_two_ways_are_alike_is_told() -> None:
    tree, clear = drain(meeting(40.0), 9)
    assert clear.owner[1] is Owner.A and clear.owner[3] is Owner.B
    _, doubtful = drain(meeting(62.0), 9)
    assert doubtful.confidence[1] < clear.confidence[1] - 0.1
    assert doubtful.confidence[0] > 0.98
    notes = tell_doubts(tree, doubtful, [f"vein {n}" for n in range(8)])
    assert any("vein 1 (25 mm of it) could also be B's" in note for note in notes)
    assert all("vein 0" not in note and "(0, 0, 0) mm" in note for note in notes)
    told = replace(doubtful, confidence=(1.0,) * 8)
    assert tell_doubts(tree, told, ["vein"] * 8) == ()


def test_doubts_of_swapped_twins_are_swapped() -> None:
    _, one = drain(meeting(60.0), 9)
    _, two = drain(meeting(60.0, -1.0), 9)
    assert [d.chance for d in one.doubts] == [d.chance for d in two.doubts] != []
    assert [d.owner for d in one.doubts] == [d.owner.mirrored for d in two.doubts]
    assert one.confidence == two.confidence


def test_wide_vessel_in_the_septum_far_from_the_vault_is_not_shared() -> None:
    found = owners([straight(0, 1, (0.0, -8.0, -1.5), (0.0, 8.0, -1.5), 1.6)], 2)
    assert found[0] is not Owner.SHARED


def test_step_of_calibre_is_found_where_it_is() -> None:
    path = np.stack([np.arange(40) * STEP / 2.5, np.zeros(40), np.zeros(40)], axis=1)
    radius = np.where(np.arange(40) < 25, 3.0, 1.2)
    assert find_step(path, radius) == 25
    assert find_step(path, np.full(40, 2.0)) == 0
