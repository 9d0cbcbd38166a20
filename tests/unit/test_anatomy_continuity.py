"""Which branches are one vessel: touches, crossings, confluences and turns."""

from dataclasses import replace

import numpy as np
import pytest

from diptych.anatomy.continuity import Facts, find_courses, find_passing
from diptych.anatomy.drainage import Doubt, Drainage
from diptych.anatomy.links import find_links
from diptych.anatomy.parting import drop_links, part_tree
from diptych.anatomy.vessels import Branch, Tree
from diptych.model import Owner


def line(start: int, end: int, places: list[tuple[float, float, float]], radius: float) -> Branch:
    known = np.array(places, dtype=float)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(known, axis=0), axis=1))])
    where = np.linspace(0.0, along[-1], 30)
    path = np.stack([np.interp(where, along, known[:, axis]) for axis in range(3)], axis=1)
    return Branch(start=start, end=end, path=path, radius=np.full(30, radius))


def grow(branches: list[Branch]) -> Tree:
    ends = [end for branch in branches for end in (branch.start, branch.end)]
    nodes = np.zeros((max(ends) + 1, 3))
    for branch in branches:
        nodes[branch.start], nodes[branch.end] = branch.path[0], branch.path[-1]
    return Tree(nodes=nodes, degree=np.bincount(ends), branches=tuple(branches))


def know(tree: Tree, shared: tuple[int, ...] = ()) -> Facts:
    count = len(tree.branches)
    return Facts(
        calibre=[branch.calibre for branch in tree.branches],
        length=[branch.length for branch in tree.branches],
        shared=[number in shared for number in range(count)],
        home=[0] * count,
        begins=[float(bool(tree.free_ends(branch))) for branch in tree.branches],
        side={(number, last): 1 for number in range(count) for last in (False, True)},
        vein=3.4,
    )


def runs(branches: list[Branch], shared: tuple[int, ...] = ()) -> list[int]:
    tree = grow(branches)
    return list(find_courses(tree, know(tree, shared)).run)


def crossing(turn: float) -> list[Branch]:
    """Two veins that cross at node 0, each from a free end (1, 2) to a sinus (5-3-4-6)."""
    x, y = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return [
        line(1, 0, [(-30, 0, 0), (0, 0, 0)], 1.2),
        line(0, 3, [(0, 0, 0), (30, 0, 0)], 1.2),
        line(2, 0, [(-30 * x, -30 * y, 0), (0, 0, 0)], 1.2),
        line(0, 4, [(0, 0, 0), (30 * x, 30 * y, 0)], 1.2),
        line(5, 3, [(30, -20, 0), (30, 0, 0)], 2.5),
        line(3, 4, [(30, 0, 0), (30 * x, 30 * y, 0)], 2.5),
        line(4, 6, [(30 * x, 30 * y, 0), (20 * x, 50 * y, 0)], 2.5),
    ]


@pytest.mark.parametrize("turn", [40.0, 90.0, 120.0])
def test_veins_that_cross_run_straight_on(turn: float) -> None:
    found = runs(crossing(turn))
    assert found[:4] == [0, 0, 2, 2]
    assert found[4:] == [4, 4, 4]


def test_two_veins_from_the_periphery_never_continue_each_other() -> None:
    """They meet head on in a thin vessel that runs across: both flow into it."""
    branches = [
        line(1, 0, [(-20, 0, 0), (0, 0, 0)], 1.0),
        line(2, 0, [(20, 0, 0), (0, 0, 0)], 1.0),
        line(3, 0, [(0, -20, 0), (0, 0, 0)], 1.2),
        line(0, 4, [(0, 0, 0), (0, 20, 0)], 1.3),
        line(5, 4, [(-20, 20, 0), (0, 20, 0)], 2.5),
        line(4, 6, [(0, 20, 0), (20, 20, 0)], 2.5),
    ]
    assert runs(branches) == [0, 1, 2, 2, 4, 4]


def test_a_sharp_turn_is_taken_where_the_vein_would_else_begin_nowhere() -> None:
    """A vein turns by 120 degrees at the place where another one touches it."""
    x, y = np.cos(np.radians(60.0)), np.sin(np.radians(60.0))
    branches = [
        line(1, 0, [(-30 * x, 30 * y, 0), (0, 0, 0)], 1.1),
        line(0, 3, [(0, 0, 0), (-30 * x, -30 * y, 0)], 1.1),
        line(2, 0, [(30 * x, 30 * y, 0), (0, 0, 0)], 1.1),
        line(0, 4, [(0, 0, 0), (30 * x, -30 * y, 0)], 1.1),
        line(5, 3, [(-50, -40, 0), (-30 * x, -30 * y, 0)], 2.6),
        line(3, 4, [(-30 * x, -30 * y, 0), (30 * x, -30 * y, 0)], 2.6),
        line(4, 6, [(30 * x, -30 * y, 0), (50, -40, 0)], 2.6),
    ]
    found = runs(branches)
    assert len({found[0], found[2]}) == 2
    assert {found[1], found[3]} == {found[0], found[2]}


def test_a_ring_goes_on_past_the_veins_that_end_in_it() -> None:
    branches = [
        line(0, 1, [(0, -20, 0), (0, 0, 0)], 2.4),
        line(1, 2, [(0, 0, 0), (0, 20, 0)], 2.4),
        line(3, 1, [(-20, 0, 0), (0, 0, 0)], 1.2),
        line(4, 1, [(20, 0, 0), (0, 0, 0)], 1.2),
    ]
    assert runs(branches, shared=(0, 1)) == [0, 0, 2, 3]


def past_a_ring(shared: bool) -> tuple[Tree, Facts]:
    """A vein of one twin (2) and a narrow link (3) to a sinus of the other (4, 5) meet on a ring
    from both sides, in one line.
    """
    tree = grow(
        [
            line(0, 1, [(0, -20, 0), (0, 0, 0)], 2.4),
            line(1, 2, [(0, 0, 0), (0, 20, 0)], 2.4),
            line(3, 1, [(-30, 0, 0), (0, 0, 0)], 1.1),
            line(1, 4, [(0, 0, 0), (6, 0, 0)], 1.5),
            line(5, 4, [(6, -20, 0), (6, 0, 0)], 2.5),
            line(4, 6, [(6, 0, 0), (6, 20, 0)], 2.5),
        ]
    )
    return tree, know(tree, (0, 1) if shared else ())


def test_what_meets_on_a_shared_sinus_flows_into_it() -> None:
    tree, facts = past_a_ring(shared=True)
    run = find_courses(tree, facts).run
    assert run[2] != run[3]
    other, known = past_a_ring(shared=False)
    past = find_courses(other, known).run
    assert past[2] == past[3]


def test_a_shared_sinus_goes_on_where_it_was_found_thin() -> None:
    tree, facts = past_a_ring(shared=True)
    thin = replace(tree.branches[1], radius=np.full(30, 1.6))
    tree = replace(tree, branches=(tree.branches[0], thin, *tree.branches[2:]))
    courses = find_courses(tree, replace(facts, calibre=[b.calibre for b in tree.branches]))
    assert courses.run[0] == courses.run[1] and courses.run[2] != courses.run[3]


def touching(fade: float, link: float = 0.9) -> Tree:
    """Two veins (0-1, 2-3) that run past each other 3 mm apart, and a link between them (4)."""
    return grow(
        [
            line(0, 1, [(-30, 0, 0), (0, 0, 0)], 1.2),
            line(1, 2, [(0, 0, 0), (30, 0, 0)], 1.2),
            line(3, 4, [(0, -30, 3), (0, 0, 3)], 1.1),
            line(4, 5, [(0, 0, 3), (0, 30, 3)], 1.1),
            replace(line(1, 4, [(0, 0, 0), (0, 0, 3)], link), fade=fade),
            line(6, 2, [(30, -20, 0), (30, 0, 0)], 2.5),
            line(2, 7, [(30, 0, 0), (30, 20, 0)], 2.5),
            line(8, 5, [(-20, 30, 3), (0, 30, 3)], 2.5),
            line(5, 9, [(0, 30, 3), (20, 30, 3)], 2.5),
        ]
    )


@pytest.mark.parametrize(
    ("fade", "wide", "found"), [(0.8, False, {4}), (0.95, False, set()), (0.8, True, set())]
)
def test_a_faint_link_that_no_vein_runs_through_is_none(
    fade: float, wide: bool, found: set[int]
) -> None:
    """But at a sinus it may be the mouth of a vein that fades."""
    tree = touching(fade)
    if wide:
        broad = [replace(b, radius=np.full(30, 2.4)) for b in tree.branches[:2]]
        tree = replace(tree, branches=(*broad, *tree.branches[2:]))
    facts = know(tree)
    courses = find_courses(tree, facts)
    assert find_links(tree, facts, courses) == found


def test_links_are_dropped_from_the_tree_and_its_owners() -> None:
    tree = touching(0.8)
    count = len(tree.branches)
    drainage = Drainage(
        owner=(Owner.A,) * 2 + (Owner.B,) * 2 + (Owner.UNKNOWN,) + (Owner.SHARED,) * 4,
        confidence=tuple(0.1 * n for n in range(count)),
        run=(0, 0, 2, 2, 4, 5, 5, 7, 7),
        crossing=(0.0,) * count,
        passing=(((5, True), (6, False)),),
        doubts=tuple(Doubt(branch=n, owner=Owner.A, chance=0.2, node=1) for n in (4, 6)),
        links=frozenset({4}),
    )
    left, kept = drop_links(tree, drainage)
    assert len(left.branches) == count - 1 and left.touches == tree.touches + 1
    assert [left.degree[n] for n in (1, 4)] == [2, 2]
    assert Owner.UNKNOWN not in kept.owner and kept.run == (0, 0, 2, 2, 4, 4, 6, 6)
    assert kept.confidence[4] == pytest.approx(0.5) and kept.passing == (((4, True), (5, False)),)
    assert [doubt.branch for doubt in kept.doubts] == [5] and not kept.links


def test_order_of_the_branches_does_not_matter() -> None:
    branches = crossing(70.0)
    tree = grow(branches[::-1])
    found = find_courses(tree, know(tree)).run[::-1]
    groups = {frozenset(n for n in range(7) if found[n] == run) for run in found}
    assert groups == {frozenset({0, 1}), frozenset({2, 3}), frozenset({4, 5, 6})}


def test_crossing_veins_get_a_node_each_and_the_loop_is_gone() -> None:
    tree = grow(crossing(90.0))
    facts = know(tree)
    passing = find_passing(tree, facts, find_courses(tree, facts))
    count = len(tree.branches)
    drainage = Drainage(
        owner=(Owner.A,) * count,
        confidence=(1.0,) * count,
        run=tuple(range(count)),
        crossing=(0.0,) * count,
        passing=passing,
    )
    parted = part_tree(tree, drainage)
    assert len(passing) == 1 and parted.touches == 1
    assert parted.degree[0] == 2 and parted.degree[-1] == 2
    assert parted.nodes[-1] == pytest.approx(tree.nodes[0])
    assert [b.length for b in parted.branches] == [b.length for b in tree.branches]


def test_other_readings_are_likelier_where_two_ways_are_alike() -> None:
    def other(turn: float) -> float:
        tree = grow(crossing(turn))
        found = find_courses(tree, know(tree))
        place = found.nodes.index(0)
        return max(reading.chance for reading in found.readings[place])

    assert other(90.0) < 0.2
    assert other(90.0) < other(35.0) <= 1.0


def stemmed() -> list[Branch]:
    """Two veins that cross and lie in one another for two millimetres (0-7)."""
    return [
        line(1, 0, [(-30, 15, 0), (0, 0, 0)], 1.2),
        line(7, 3, [(2, 0, 0), (32, -15, 0)], 1.2),
        line(2, 0, [(-30, -15, 0), (0, 0, 0)], 1.0),
        line(7, 4, [(2, 0, 0), (32, 15, 0)], 1.0),
        line(0, 7, [(0, 0, 0), (2, 0, 0)], 1.3),
        line(5, 3, [(32, -30, 0), (32, -15, 0)], 2.5),
        line(3, 4, [(32, -15, 0), (32, 15, 0)], 2.5),
        line(4, 6, [(32, 15, 0), (32, 30, 0)], 2.5),
    ]


def test_veins_that_share_a_piece_cross() -> None:
    tree = grow(stemmed())
    facts = know(tree)
    courses = find_courses(tree, facts)
    assert list(courses.run) == [0, 0, 2, 2, 0, 5, 5, 5]
    count = len(tree.branches)
    drainage = Drainage(
        owner=(Owner.A,) * count,
        confidence=(1.0,) * count,
        run=courses.run,
        crossing=(0.0,) * count,
        passing=find_passing(tree, facts, courses),
    )
    parted = part_tree(tree, drainage)
    assert parted.nodes[-1] == pytest.approx([1.0, 0.0, 0.0])
    assert [parted.branches[2].end, parted.branches[3].start] == [8, 8]
    assert parted.branches[2].path[-1] == pytest.approx(parted.branches[3].path[0])
    assert parted.branches[2].length == pytest.approx(tree.branches[2].length + 1.0)


@pytest.mark.parametrize(("mouth", "parted"), [(4.0, False), (12.0, True)])
def test_veins_join_just_before_a_sinus_and_cross_farther_from_it(
    mouth: float, parted: bool
) -> None:
    """Two veins (0 and 1, 2 and 3) meet; one flows into a sinus (4, 5) this far on."""
    tree = grow(
        [
            line(1, 0, [(-30, 0, 0), (0, 0, 0)], 1.2),
            line(0, 5, [(0, 0, 0), (mouth, 0, 0)], 1.2),
            line(2, 0, [(0, -30, 0), (0, 0, 0)], 1.0),
            line(0, 3, [(0, 0, 0), (0, 30, 0)], 1.0),
            line(6, 5, [(mouth, -30, 0), (mouth, 0, 0)], 2.5),
            line(5, 7, [(mouth, 0, 0), (mouth, 30, 0)], 2.5),
            line(3, 8, [(0, 30, 0), (-30, 30, 0)], 2.5),
            line(3, 9, [(0, 30, 0), (0, 60, 0)], 2.5),
        ]
    )
    facts = know(tree)
    courses = find_courses(tree, facts)
    place = courses.pairs[courses.nodes.index(0)]
    assert len(place) == 2
    assert bool(find_passing(tree, facts, courses)) is parted


@pytest.mark.parametrize(
    ("radius", "is_fold"), [(1.6, True), (1.38, True), (1.3, False), (1.0, False)]
)
def test_a_fold_of_two_legs_is_no_vessel_that_ends(radius: float, is_fold: bool) -> None:
    """A vein comes (0), folds back on itself (2) and leaves (1) for a sinus."""
    branches = [
        line(1, 0, [(-30, 4, 0), (0, 0, 0)], 1.1),
        line(0, 3, [(0, 0, 0), (-30, -4, 0)], 1.1),
        line(0, 2, [(0, 0, 0), (8, 0, 0)], radius),
        line(4, 3, [(-30, -20, 0), (-30, -4, 0)], 2.5),
        line(3, 5, [(-30, -4, 0), (-30, 20, 0)], 2.5),
    ]
    tree = grow(branches)
    found = find_courses(tree, know(tree))
    assert (len(set(found.run[:3])) == 1) is is_fold
    assert found.folds == (frozenset({2}) if is_fold else frozenset())


def test_veins_whose_mouths_share_a_place_of_a_sinus_do_not_turn_into_each_other() -> None:
    """One of them begins nowhere; yet it does not go on in the other one."""
    branches = [
        line(0, 1, [(0, -20, 0), (0, 0, 0)], 2.4),
        line(1, 2, [(0, 0, 0), (0, 20, 0)], 2.4),
        line(3, 1, [(-20, 5, 0), (0, 0, 0)], 1.2),
        line(4, 1, [(-20, -9, 0), (0, 0, 0)], 1.2),
        line(4, 5, [(-20, -9, 0), (-20, -40, 0)], 2.4),
        line(4, 6, [(-20, -9, 0), (-20, 40, 0)], 2.4),
    ]
    found = runs(branches)
    assert found[2] != found[3]


def test_a_vein_without_a_beginning_is_not_the_source_of_a_sinus() -> None:
    """It ends at the end of a much wider sinus that begins far away."""
    branches = [
        line(2, 3, [(-20, -20, 0), (-20, 0, 0)], 2.4),
        line(3, 4, [(-20, 0, 0), (-20, 20, 0)], 2.4),
        line(3, 0, [(-20, 0, 0), (20, 0, 0)], 1.3),
        line(0, 1, [(20, 0, 0), (50, 0, 0)], 2.1),
    ]
    found = runs(branches)
    assert found[2] == 2 and found[3] == 3


@pytest.mark.parametrize(("radius", "is_sinus"), [(1.65, True), (1.35, False)])
def test_a_sinus_between_two_sinuses_begins_nowhere(radius: float, is_sinus: bool) -> None:
    """Two veins flow into it from both sides at one place; a vein so short would need a source."""
    branches = [
        line(0, 1, [(0, -20, 0), (0, 0, 0)], 2.4),
        line(1, 2, [(0, 0, 0), (0, 20, 0)], 2.4),
        line(1, 3, [(0, 0, 0), (8, 0, 0)], radius),
        line(3, 4, [(8, 0, 0), (15, 4, 0)], radius),
        line(5, 4, [(15, -30, 0), (15, 4, 0)], 2.3),
        line(4, 6, [(15, 4, 0), (15, 40, 0)], 2.3),
        line(7, 3, [(11, -30, 0), (8, 0, 0)], 1.35),
        line(8, 3, [(2, 30, 0), (8, 0, 0)], 1.35),
    ]
    found = runs(branches, shared=(0, 1))
    assert (found[2] == found[3]) is is_sinus
    if is_sinus:
        assert len({found[2], found[6], found[7]}) == 3


@pytest.mark.parametrize(
    ("gap", "fade", "apart"),
    [(1.0, 0.8, True), (1.0, 1.0, False), (1.5, 0.8, False)],
)
def test_a_faint_link_is_where_two_veins_touch(gap: float, fade: float, apart: bool) -> None:
    """Both bend sharply there; read as a vessel, the link would lead one into the other."""
    far = np.array([2.0, 3.0, -3.0]) * gap

    def leg(start: int, end: int, way: tuple[float, float, float], radius: float) -> Branch:
        begin = far if start == 7 else np.zeros(3)
        return line(start, end, [tuple(begin), tuple(begin + way)], radius)

    branches = [
        leg(0, 1, (-20, 24, 2), 1.26),
        leg(0, 3, (-4, -8, 28), 1.17),
        leg(7, 2, (14, -25, 11), 1.35),
        leg(7, 4, (26, -4, 13), 1.39),
        replace(line(0, 7, [(0, 0, 0), tuple(far)], 1.08), fade=fade),
        line(5, 3, [(-40, -8, 28), (-4, -8, 28)], 2.5),
        line(3, 6, [(-4, -8, 28), (30, -8, 28)], 2.5),
    ]
    x, y, z = branches[3].path[-1]
    branches.append(line(8, 4, [(x, y - 30, z), (x, y, z)], 2.5))
    branches.append(line(4, 9, [(x, y, z), (x, y + 30, z)], 2.5))
    found = runs(branches)
    assert (found[0] == found[1] and found[2] == found[3] and found[0] != found[2]) is apart


@pytest.mark.parametrize("turn", [20.0, 90.0, 160.0])
def test_a_vein_that_touches_itself_is_one_vein(turn: float) -> None:
    """It comes (0), runs out along a stem (2), round a loop (3) and back, and leaves (1); a
    sinus that a loop hangs on is none of it.
    """
    x, y = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    stem = [(0.0, 0.0, 0.0), (4 * x, 4 * y, 0.0)]
    loop = [(4 * x, 4 * y, 0.0), (9 * x, 9 * y, 5.0), (14 * x, 14 * y, 0.0), (4 * x, 4 * y, 0.0)]
    branches = [
        line(1, 0, [(-30, 0, 0), (0, 0, 0)], 1.2),
        line(0, 3, [(0, 0, 0), (0, -30, 0)], 1.2),
        line(0, 2, stem, 1.5),
        line(2, 2, loop, 1.4),
        line(4, 3, [(-30, -30, 0), (0, -30, 0)], 2.5),
        line(3, 5, [(0, -30, 0), (30, -30, 0)], 2.5),
    ]
    assert runs(branches) == [0, 0, 0, 0, 4, 4]
    wide = [replace(b, radius=np.full(30, 2.5)) if n < 2 else b for n, b in enumerate(branches)]
    assert runs(wide)[2:4] == [2, 2]
