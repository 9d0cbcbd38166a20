"""Whose each vessel is: by the cortex it drains, all along, whatever it runs through."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from diptych.anatomy.anastomoses import find_anastomoses, part_courses
from diptych.anatomy.baseline import CALM_HU, read_noise
from diptych.anatomy.continuity import (
    PASSING,
    Courses,
    End,
    Facts,
    Reading,
    find_courses,
    find_passing,
)
from diptych.anatomy.images import Box, Images, Mask
from diptych.anatomy.links import find_links
from diptych.anatomy.lumen import full_rise, grow_voxels, sample_field
from diptych.anatomy.ownership import Sides
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Branch, Tree
from diptych.kernels.components import label_components
from diptych.model import Owner

PERIPHERAL_MM = 8.0
SHARED_RIM_MM = 3.0
SHARED_SHARE = 0.28
WALL_MM = 6.0
FILL = 0.8
GAP_MM = 20.0
WIDE = 1.2
PURE = 0.9
EVER, SHORT, SHORT_MM = 0.003, 0.04, 12.0
"""Share of a vessel's length with the wrong owner where nothing speaks for another one: of any;
more of a branch shorter than some such lengths, for there vessels meet. By eye from 2100
branches (78 m) of 45 generated pairs of all types but one, with noise of 7, 14 and 25 HU; on 35
of them the courses were developed, too.
"""
BRIDGE_SURE = 0.9
"""A vein between two sinuses: right in all of the few that there were, too few to fit."""
TRUE_END = 4.5
"""Calibres of length from which a branch with a free end is surely a vessel: of shorter ones
a third were, in eight generated pairs, the others bulges and noise; of longer ones nearly all."""
TOLD, TOLD_MM = 0.1, 10.0
"""How likely another owner must be, and of how much of a vessel, for people to be told."""
TOUCHED_MM = 15.0
"""A shorter piece between a vein and a sinus may be a link of the two."""
SUMMIT_SHARE, SUMMIT_MM, SUMMIT_SURE = 0.2, 10.0, 0.75
"""How much of a vein's course must lie with a twin, between two mouths with the other, to be
what it drains; and how sure that is (assumed: it may be two veins whose tips touch)."""
REACH = 1.05
"""The lumen round points of a centreline that are half a millimetre apart and more."""
SLIP_MM = 3.4
"""How far centrelines lie off in noise, where it is as strong as full blood: a third of a
millimetre, the median in generated pairs with 25 HU, for a sixth of that and CALM_HU besides."""
SLIPS, GLOW, GLOW_FALL = 2.0, 0.31, 0.07
GLOW_STEPS = (-1.5, -0.75, 0.0, 0.75, 1.5)
"""What is painted round a vein that noise may have moved: what lies no more than so many slips
beyond its wall, where the contrast there and at these steps (mm) up and down its course is on
average this share of full blood and so much more a millimetre. Of 31,000 voxels beside the veins
of two generated pairs with 25 HU one in five was vein; a single voxel's calmed contrast told it
from the others in 87 % of the comparisons, its mean along the course in 91 %. The share is the
one that left both the veins and the boundary of four such pairs well within their bounds.
"""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Another owner that a branch may have, how likely (0..1), and the node it hangs on."""

    branch: int
    owner: Owner
    chance: float
    node: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drainage:
    """owner and confidence (0..1) of each branch; run : number of the unbroken vessel that
    each branch is a part of; crossing : mm of each branch within the other twin's side;
    passing : pairs of branch ends that run on past others at a node without joining them;
    doubts : branches that may have another owner, by another way to read a meeting place;
    links : branches that are no vessels, but where vessels touch.
    """

    owner: tuple[Owner, ...]
    confidence: tuple[float, ...]
    run: tuple[int, ...]
    crossing: tuple[float, ...]
    passing: tuple[tuple[End, End], ...] = ()
    doubts: tuple[Doubt, ...] = ()
    links: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ground:
    """What owners are read from: the side at each point of each branch, how certain it is
    (0, either twin's, to 1), and the facts of each branch.
    """

    tree: Tree
    facts: Facts
    territory: list[NDArray[np.uint8]]
    certain: list[Points]
    folds: frozenset[int]


def assign_owners(
    tree: Tree, images: Images, parts: Compartments, sides: Sides, sinus_calibre: float
) -> Drainage:
    """The owner of each branch of the tree.

    A sinus along the vault that has both twins' tissue beside it is shared. Any other
    vessel belongs to the twin at its peripheral end, and so does all that continues it
    straight on; one without a free end belongs to the side that most of it runs through,
    and so does a vessel too wide to be a vein. A vein from a sinus of one twin to a sinus of
    the other is shared.
    """
    territory = [_territory(branch, images, sides) for branch in tree.branches]
    shared = [
        branch.calibre >= sinus_calibre and _is_rim(branch, images, parts, sides)
        for branch in tree.branches
    ]
    shared = _fill_ring(tree, shared, FILL * sinus_calibre)
    facts = read_facts(tree, shared, territory, sinus_calibre)
    courses = find_courses(tree, facts)
    bridges = find_anastomoses(tree, facts, courses, sinus_calibre)
    courses = part_courses(courses, bridges)
    run = list(courses.run)
    ground = _Ground(
        tree=tree,
        facts=facts,
        territory=territory,
        certain=[_certainty(branch, images, sides) for branch in tree.branches],
        folds=courses.folds,
    )
    owners, purity = _own_all(ground, run, bridges)
    settled = frozenset(n for n in range(len(run)) if facts.shared[n]) | bridges | courses.folds
    doubts = _doubt_courses(ground, courses, owners, settled)
    doubt = {found.branch: found.chance for found in doubts}
    sure = [
        BRIDGE_SURE if n in bridges else round(_trust(facts, n, purity[n], doubt.get(n, 0.0)), 6)
        for n in range(len(run))
    ]
    crossing = tuple(
        _other_side(tree.branches[n], territory[n], owners[n]) for n in range(len(run))
    )
    return Drainage(
        owner=tuple(owners),
        confidence=tuple(sure),
        run=tuple(run),
        crossing=crossing,
        passing=find_passing(tree, facts, courses),
        doubts=doubts,
        links=find_links(tree, facts, courses) - bridges,
    )


def _own_all(
    ground: _Ground, run: Sequence[int], bridges: frozenset[int]
) -> tuple[list[Owner], list[float]]:
    """Owner of each branch, and how purely the side that says so is one twin's."""
    owners, purity = [Owner.SHARED] * len(run), [1.0] * len(run)
    for n in range(len(run)):
        if not ground.facts.shared[n] and n not in bridges:
            members = [other for other in range(len(run)) if run[other] == run[n]]
            owners[n], purity[n] = _branch_owner(ground, n, members)
    return owners, purity


def _doubt_courses(
    ground: _Ground, courses: Courses, owners: Sequence[Owner], settled: frozenset[int]
) -> tuple[Doubt, ...]:
    """For each branch that may have another owner by one of the other ways to read a meeting
    place: how likely, at the worst of all places.
    """
    worst: dict[int, Doubt] = {}
    for node, readings in zip(courses.nodes, courses.readings, strict=True):
        total = 1.0 + sum(reading.chance for reading in readings)
        for n, chances in sorted(_other_owners(ground, readings, owners, settled).items()):
            chance = sum(chances.values()) / total
            if n not in worst or chance > worst[n].chance:
                other = max(sorted(chances), key=lambda owner: chances[owner])
                worst[n] = Doubt(branch=n, owner=other, chance=round(chance, 6), node=node)
    return tuple(worst[n] for n in sorted(worst))


def _other_owners(
    ground: _Ground,
    readings: Sequence[Reading],
    owners: Sequence[Owner],
    settled: frozenset[int],
) -> dict[int, dict[Owner, float]]:
    """For each branch the owners that other readings give it, with their chances."""
    found: dict[int, dict[Owner, float]] = {}
    for reading in readings:
        for course in reading.courses:
            for n in sorted(course - settled):
                owner = _branch_owner(ground, n, sorted(course))[0]
                if owner is not owners[n]:
                    chances = found.setdefault(n, {})
                    chances[owner] = chances.get(owner, 0.0) + reading.chance
    return found


def _trust(facts: Facts, number: int, purity: float, doubt: float) -> float:
    """How far the owner of a branch can be trusted.

    purity : share of what says whose it is that speaks for one twin, 0.5..1
    doubt : how likely its course leads to another owner
    """
    short = SHORT * float(np.exp(-facts.length[number] / SHORT_MM))
    right = (1.0 - EVER - short) * (1.0 - doubt) * purity
    return max(right, 0.0)


def _territory(branch: Branch, images: Images, sides: Sides) -> NDArray[np.uint8]:
    """The side (1 A, 2 B, 0 air) at each point of the path."""
    return _read_along(branch, images, sides.side)


def _certainty(branch: Branch, images: Images, sides: Sides) -> Points:
    """How certain that side is: 0 where it may as well be the other twin's, to 1."""
    percent = _read_along(branch, images, sides.confidence).astype(np.float64)
    return np.clip(percent / 50.0 - 1.0, 0.0, 1.0)


def _read_along(branch: Branch, images: Images, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    index = np.rint(images.index_of(branch.path)).astype(np.int64)
    index = np.clip(index, 0, np.array(codes.shape) - 1)
    result: NDArray[np.uint8] = codes[tuple(index.T)]
    return result


def _is_rim(branch: Branch, images: Images, parts: Compartments, sides: Sides) -> bool:
    """Whether the branch runs along the vault with both twins' tissue beside it.

    Judged at every second point: the lesser twin's share of the cavity within
    SHARED_RIM_MM of the lumen, and how far the lumen is from the wall of the cavity.
    """
    lesser, gaps = [], []
    for place, radius in zip(branch.path[::2], branch.radius[::2], strict=True):
        block, ball = _round(place, float(radius) + SHARED_RIM_MM, images)
        counts = np.bincount(sides.side[block][parts.cavity[block] & ball], minlength=3)[1:3]
        lesser.append(float(counts.min()) / max(float(counts.sum()), 1.0))
        gaps.append(_gap_to_wall(place, float(radius), images, parts))
    both = float(np.median(lesser)) >= SHARED_SHARE
    return both and float(np.median(gaps)) <= WALL_MM


def _gap_to_wall(place: Points, radius: float, images: Images, parts: Compartments) -> float:
    """Distance (mm) between a vessel's wall and the wall of the cavity; infinite beyond WALL_MM."""
    block, ball = _round(place, radius + WALL_MM + max(images.spacing), images)
    outside = np.argwhere(ball & ~parts.cavity[block])
    if not len(outside):
        return float("inf")
    corner = np.array([part.start for part in block])
    away = (outside + corner - images.index_of(place)) * np.array(images.spacing)
    return float(np.linalg.norm(away, axis=1).min()) - radius


def _fill_ring(tree: Tree, shared: list[bool], calibre: float) -> list[bool]:
    """Adds short branches of some calibre between two shared ones: the ring goes on there.

    So it does along a branch, however thin it was found, that is no longer than the ring is
    wide at both its ends, for that lies within the ring's own blood. A long one between two
    places of the ring is a vein that leaves it and touches it again.
    """
    width: dict[int, float] = {}
    for branch, ring in zip(tree.branches, shared, strict=True):
        for node in (branch.start, branch.end) if ring else ():
            width[node] = max(width.get(node, 0.0), branch.calibre)
    return [
        ring
        or (branch.length <= GAP_MM and branch.calibre >= calibre and both)
        or (both and branch.length <= min(width[branch.start], width[branch.end]))
        for branch, ring in zip(tree.branches, shared, strict=True)
        for both in (branch.start in width and branch.end in width,)
    ]


def _round(place: Points, radius: float, images: Images) -> tuple[Box, Mask]:
    """The block of voxels round a place, and which of them lie within `radius` mm of it."""
    shape = images.body.shape
    spacing = np.array(images.spacing)
    reach = np.ceil(radius / spacing).astype(np.int64)
    middle = np.rint(images.index_of(place)).astype(np.int64)
    low = np.clip(middle - reach, 0, np.array(shape) - 1)
    high = np.clip(middle + reach + 1, low + 1, shape)
    x, y, z = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    here = np.indices([int(b - a) for a, b in zip(low, high, strict=True)])
    offset = (here.reshape(3, -1).T + low - middle) * spacing
    ball = (np.linalg.norm(offset, axis=1) <= radius).reshape(here.shape[1:])
    return (x, y, z), ball


def read_facts(
    tree: Tree, shared: list[bool], territory: list[NDArray[np.uint8]], vein: float
) -> Facts:
    """What the courses of vessels are judged by; `vein` is the calibre of a sinus, mm."""
    ends = [(number, last) for number in range(len(tree.branches)) for last in (False, True)]
    return Facts(
        calibre=tuple(branch.calibre for branch in tree.branches),
        length=tuple(branch.length for branch in tree.branches),
        shared=tuple(shared),
        home=tuple(_home(sides) for sides in territory),
        begins=tuple(_begins(tree, branch) for branch in tree.branches),
        side={
            (n, last): int(_majority(territory[n][_peripheral(tree.branches[n], last)])[0])
            for n, last in ends
        },
        vein=WIDE * vein,
    )


def _begins(tree: Tree, branch: Branch) -> float:
    """0 for a branch without free end or a mere bulge, to 1 for TRUE_END calibres and more."""
    if not tree.free_ends(branch):
        return 0.0
    return min(max((branch.length / branch.calibre - 1.0) / (TRUE_END - 1.0), 0.0), 1.0)


def _home(sides: NDArray[np.uint8]) -> int:
    """1 or 2 when nearly all of a branch runs through that side, else 0."""
    for code in (1, 2):
        if float(np.mean(sides == code)) >= PURE:
            return code
    return 0


def _branch_owner(ground: _Ground, number: int, members: Sequence[int]) -> tuple[Owner, float]:
    """Owner by the own free end, else by those of the run (the nearer first), else by where
    the run comes from. `members` are the branches of the run. A vessel too wide for a vein
    goes by most of its own course.
    """
    tree, facts = ground.tree, ground.facts
    if facts.calibre[number] > facts.vein:
        return _majority(ground.territory[number])
    most = facts.calibre[number] / PASSING
    above = [n for n in members if facts.calibre[n] <= most and n not in ground.folds]
    beside = [n for n in above if _touch(tree.branches[n], tree.branches[number])]
    own = _free_end_owners(ground, [n for n in above if n == number])
    for ends in (own, *(_free_end_owners(ground, near) for near in (beside, above))):
        if len({owner for _, owner, _ in ends}) == 1:
            return ends[0][1], min(sure for _, _, sure in ends)
    if own:
        return min(own, key=lambda end: end[0])[1:]
    return _source_owner(ground, members)


def _source_owner(ground: _Ground, members: Sequence[int]) -> tuple[Owner, float]:
    """Owner of a run without a free end, by most of its course, but for two cases.

    One end at a sinus and the other at a vein: blood flows to the sinus, so the vein begins
    where the other one touches it. Both mouths with one twin and some of the course with the
    other: blood that came from the first twin would not pass through the second one and
    return, so it drains the second.
    """
    tree, territory = ground.tree, ground.territory
    ends = [(n, last) for n in members for last in (False, True)]
    nodes = [_node_of(tree.branches[n], last) for n, last in ends]
    outer = [
        (_wide_at(ground, node, members), *_majority(territory[n][_end_of(tree, n, last)]))
        for (n, last), node in zip(ends, nodes, strict=True)
        if nodes.count(node) == 1
    ]
    sides = np.concatenate([territory[n] for n in members])
    length = sum(ground.facts.length[n] for n in members)
    begin = [found for found in outer if not found[0]]
    if len(outer) == 2 and len(begin) == 1 and length >= TOUCHED_MM:
        return begin[0][1], min(begin[0][2], SUMMIT_SURE)
    mouths = {owner for _, owner, _ in outer}
    if len(mouths) == 1 and (code := mouths.pop()) in (Owner.A, Owner.B):
        share = float(np.mean(sides == int(code.mirrored)))
        if share >= SUMMIT_SHARE and share * length >= SUMMIT_MM:
            return code.mirrored, SUMMIT_SURE
    return _majority(sides)


def _end_of(tree: Tree, number: int, last: bool) -> NDArray[np.bool_]:
    return _peripheral(tree.branches[number], last)


def _wide_at(ground: _Ground, node: int, members: Sequence[int]) -> bool:
    """Whether a run's end lies on a sinus."""
    facts = ground.facts
    return any(
        facts.shared[n] or facts.calibre[n] >= facts.vein
        for n, branch in enumerate(ground.tree.branches)
        if node in (branch.start, branch.end) and n not in members
    )


def _touch(first: Branch, second: Branch) -> bool:
    return bool({first.start, first.end} & {second.start, second.end})


def _free_end_owners(ground: _Ground, members: list[int]) -> list[tuple[float, Owner, float]]:
    """Radius, owner and confidence at each free end of some branches."""
    tree, territory = ground.tree, ground.territory
    found = []
    for n in members:
        branch = tree.branches[n]
        for node in tree.free_ends(branch):
            last = branch.start != node
            near = _source(branch, last, ground.certain[n])
            owner, share = _majority(territory[n][near], ground.certain[n][near])
            beyond = 1.0 - float(_peripheral(branch, last).sum()) / float(near.sum())
            radius = float(np.median(branch.radius[near]))
            found.append((radius, owner, round(share * (1.0 - 0.5 * beyond), 6)))
    return found


def _source(branch: Branch, from_end: bool, certain: Points) -> NDArray[np.bool_]:
    """Points of the path near its free end, and as many beyond these as it takes until half as
    much has a certain side: where nothing shows the boundary, a side is a guess.
    """
    along = _along(branch)
    steps = np.diff(along) * 0.5 * (certain[1:] + certain[:-1])
    told = np.concatenate([[0.0], np.cumsum(steps)])
    if from_end:
        told = told[-1] - told
    enough = 0.5 * min(PERIPHERAL_MM, 0.5 * float(along[-1]))
    return np.asarray(_peripheral(branch, from_end) | (told <= enough))


def _peripheral(branch: Branch, from_end: bool) -> NDArray[np.bool_]:
    """Points of the path within reach of its end, or of its start."""
    along = _along(branch)
    if from_end:
        along = along[-1] - along
    result: NDArray[np.bool_] = along <= min(PERIPHERAL_MM, 0.5 * float(along.max()))
    return result


def _along(branch: Branch) -> Points:
    """Length of the path up to each of its points, mm."""
    steps = np.linalg.norm(np.diff(branch.path, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _majority(sides: NDArray[np.uint8], certain: Points | None = None) -> tuple[Owner, float]:
    """The owner that most points speak for, each as loud as it is certain, and their share."""
    votes = np.bincount(sides, certain, minlength=3)[1:3]
    total = float(votes.sum())
    if votes[0] == votes[1]:
        return Owner.UNKNOWN, 0.5
    return Owner(int(votes.argmax()) + 1), round(float(votes.max()) / total, 6)


def _other_side(branch: Branch, territory: NDArray[np.uint8], owner: Owner) -> float:
    if owner not in (Owner.A, Owner.B):
        return 0.0
    other = float(np.mean(territory == int(owner.mirrored)))
    return other * branch.length


def tell_doubts(tree: Tree, drainage: Drainage, names: Sequence[str]) -> tuple[str, ...]:
    """A note on each vessel whose owner hangs on how vessels are joined where they meet.

    names : of the branches. What people have said (sure again) is left out, and so are short
    pieces.
    """
    found: dict[tuple[str, Owner, int], float] = {}
    for doubt in drainage.doubts:
        known = drainage.confidence[doubt.branch] > 1.0 - TOLD
        if doubt.chance >= TOLD and not known and doubt.owner in (Owner.A, Owner.B):
            key = (names[doubt.branch], doubt.owner, doubt.node)
            found[key] = found.get(key, 0.0) + tree.branches[doubt.branch].length
    return tuple(
        f"{name} ({length:.0f} mm of it) could also be {owner.name}'s: that hangs on which vessels"
        f" run on into each other at {_spell(tree.nodes[node])}; look at it"
        for (name, owner, node), length in sorted(found.items())
        if length >= TOLD_MM
    )


def _spell(place: Points) -> str:
    return "(" + ", ".join(f"{round(float(value)) + 0:d}" for value in place) + ") mm"


def _node_of(branch: Branch, last: bool) -> int:
    return branch.end if last else branch.start


def paint_owners(
    images: Images,
    parts: Compartments,
    sides: Sides,
    tree: Tree,
    drainage: Drainage,
    slip: float = 0.0,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """`Owner` codes and confidence (0..100), uint8: of each voxel's side, and in vessels
    of the vessel with the nearest centreline, also where its wall is seen less than half. Where
    noise may have moved the line (`slip`, mm, from `read_slip`), what lies within and a little
    beyond the wall is the vein's only where it looks like blood along the course.
    """
    codes, sure = sides.side.copy(), sides.confidence.copy()
    if not tree.branches:
        return codes, sure
    points = np.concatenate([branch.path for branch in tree.branches])
    radius = np.concatenate([branch.radius for branch in tree.branches])
    which = np.repeat(np.arange(len(tree.branches)), [len(b.path) for b in tree.branches])
    seen = _traced(images, parts, points)
    where = grow_voxels(seen, parts.vessel.shape, 1)
    where = where[images.body[tuple(where.T)]]
    place = images.position_of(where.astype(np.float64))
    away, nearest = cKDTree(points).query(place)
    veins = np.isin(np.array(drainage.owner)[which[nearest]], (Owner.A, Owner.B))
    inside = parts.vessel[tuple(where.T)]
    beyond = away - REACH * radius[nearest]
    if slip > 0.0:
        wall = veins & ~inside & (beyond <= SLIPS * slip)
        course = _headings(tree)[nearest[wall]]
        inside[wall] = _glows(images, parts, place[wall], course, beyond[wall])
        within = inside
    else:
        within = inside | (veins & (beyond <= 0.0))
    where, chosen = where[within], which[nearest[within]]
    codes[tuple(where.T)] = np.array(drainage.owner, dtype=np.uint8)[chosen]
    percent = np.rint(100.0 * np.array(drainage.confidence)).astype(np.uint8)
    sure[tuple(where.T)] = percent[chosen]
    return codes, sure


def read_slip(parts: Compartments) -> float:
    """How far noise may have moved the centrelines, mm; 0 where there is little."""
    if parts.calm is None or not parts.vessel.any():
        return 0.0
    noise = read_noise(parts.rise, parts.cavity & ~parts.vessel)
    return SLIP_MM * max(noise - CALM_HU, 0.0) / full_rise(parts)


def _headings(tree: Tree) -> Points:
    """Unit direction (N, 3) of the course at each point of all branches; 0 for a lone point."""
    found = [
        np.gradient(branch.path, axis=0) if len(branch.path) > 1 else np.zeros((1, 3))
        for branch in tree.branches
    ]
    every = np.concatenate(found)
    length = np.linalg.norm(every, axis=1, keepdims=True)
    return np.asarray(every / np.maximum(length, 1e-9))


def _glows(
    images: Images, parts: Compartments, place: Points, course: Points, beyond: Points
) -> Mask:
    """Which places (N, 3), some mm beyond a vein's wall, look as if noise hid that they are
    vein: by the contrast there and a little up and down the vein.
    """
    along = [
        sample_field(parts.stream, images.index_of(place + step * course)) for step in GLOW_STEPS
    ]
    share = np.mean(along, axis=0) / full_rise(parts)
    return np.asarray(share >= GLOW + GLOW_FALL * beyond)


def _traced(images: Images, parts: Compartments, points: Points) -> NDArray[np.int64]:
    """Voxels (N, 3) of vessel pieces that a centreline was found for."""
    pieces = label_components(parts.vessel, neighbours=26)
    index = np.rint(images.index_of(points)).astype(np.int64)
    index = np.clip(index, 0, np.array(pieces.labels.shape) - 1)
    hit = np.zeros(pieces.count + 1, dtype=bool)
    hit[pieces.labels[tuple(index.T)]] = True
    hit[0] = False
    every = np.argwhere(parts.vessel)
    return every[hit[pieces.labels[tuple(every.T)]]]
