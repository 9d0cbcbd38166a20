"""Whose each vessel is: by the cortex it drains, all along, whatever it runs through."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from diptych.anatomy.images import Box, Images, Mask
from diptych.anatomy.ownership import Sides
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Branch, Tree
from diptych.model import Owner

PERIPHERAL_MM = 8.0
SHARED_RIM_MM = 3.0
SHARED_SHARE = 0.28
WALL_MM = 6.0
FILL = 0.8
WIDE = 1.2
PURE = 0.9
STRAIGHT = -0.6
"""Cosine between two branches below which one is the other's continuation."""
ALIKE = 0.6
LOOK_MM = 6.0

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drainage:
    """owner and confidence (0..1) of each branch; run : number of the unbroken vessel that
    each branch is a part of; crossing : mm of each branch within the other twin's side.
    """

    owner: tuple[Owner, ...]
    confidence: tuple[float, ...]
    run: tuple[int, ...]
    crossing: tuple[float, ...]


def assign_owners(
    tree: Tree, images: Images, parts: Compartments, sides: Sides, sinus_calibre: float
) -> Drainage:
    """The owner of each branch of the tree.

    A sinus along the vault that has both twins' tissue beside it is shared. Any other
    vessel belongs to the twin at its peripheral end, and so does all that continues it
    straight on; one without a free end belongs to the side that most of it runs through,
    and so does a vessel too wide to be a vein.
    """
    territory = [_territory(branch, images, sides) for branch in tree.branches]
    wall = ndimage.distance_transform_edt(parts.cavity, sampling=images.spacing)
    shared = [
        branch.calibre >= sinus_calibre and _is_rim(branch, images, parts, sides, wall)
        for branch in tree.branches
    ]
    shared = _fill_ring(tree, shared, FILL * sinus_calibre)
    run = _runs(tree, shared, territory)
    owners = [Owner.SHARED] * len(run)
    sure = [0.9] * len(run)
    for number in sorted(set(run)):
        members = [n for n in range(len(run)) if run[n] == number]
        if not shared[members[0]]:
            whole = _run_owner(tree, members, territory)
            for n in members:
                wide = tree.branches[n].calibre > WIDE * sinus_calibre
                owners[n], sure[n] = _majority(territory[n]) if wide else whole
    crossing = tuple(
        _other_side(tree.branches[n], territory[n], owners[n]) for n in range(len(run))
    )
    return Drainage(owner=tuple(owners), confidence=tuple(sure), run=tuple(run), crossing=crossing)


def _territory(branch: Branch, images: Images, sides: Sides) -> NDArray[np.uint8]:
    """The side (1 A, 2 B, 0 air) at each point of the path."""
    index = np.rint(images.index_of(branch.path)).astype(np.int64)
    index = np.clip(index, 0, np.array(sides.side.shape) - 1)
    result: NDArray[np.uint8] = sides.side[tuple(index.T)]
    return result


def _is_rim(
    branch: Branch, images: Images, parts: Compartments, sides: Sides, wall: Points
) -> bool:
    """Whether the branch runs along the vault with both twins' tissue beside it.

    Judged at every second point: the lesser twin's share of the cavity within
    SHARED_RIM_MM of the lumen, and how far the lumen is from the wall of the cavity.
    """
    lesser, gaps = [], []
    for place, radius in zip(branch.path[::2], branch.radius[::2], strict=True):
        block, ball = _round(place, float(radius) + SHARED_RIM_MM, images)
        counts = np.bincount(sides.side[block][parts.cavity[block] & ball], minlength=3)[1:3]
        lesser.append(float(counts.min()) / max(float(counts.sum()), 1.0))
        middle = tuple(size // 2 for size in ball.shape)
        gaps.append(float(wall[block][middle]) - float(radius))
    both = float(np.median(lesser)) >= SHARED_SHARE
    return both and float(np.median(gaps)) <= WALL_MM


def _fill_ring(tree: Tree, shared: list[bool], calibre: float) -> list[bool]:
    """Adds branches of some calibre between two shared ones: the ring does not stop there."""
    nodes = {
        node
        for branch, ring in zip(tree.branches, shared, strict=True)
        if ring
        for node in (branch.start, branch.end)
    }
    return [
        ring or ({branch.start, branch.end} <= nodes and branch.calibre >= calibre)
        for branch, ring in zip(tree.branches, shared, strict=True)
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


def _runs(tree: Tree, shared: list[bool], territory: list[NDArray[np.uint8]]) -> list[int]:
    """Joins branches that continue each other into runs; run number for each branch."""
    run = list(range(len(tree.branches)))
    home = [_home(sides) for sides in territory]
    at: dict[int, list[int]] = {}
    for number, branch in enumerate(tree.branches):
        at.setdefault(branch.start, []).append(number)
        at.setdefault(branch.end, []).append(number)
    for node in sorted(at):
        taken: set[int] = set()
        for _, a, b in sorted(_continuations(tree, node, at[node])):
            strangers = {home[a], home[b]} == {1, 2}
            if shared[a] == shared[b] and not strangers and not {a, b} & taken:
                taken |= {a, b}
                old, new = max(run[a], run[b]), min(run[a], run[b])
                run = [new if value == old else value for value in run]
    return run


def _home(sides: NDArray[np.uint8]) -> int:
    """1 or 2 when nearly all of a branch runs through that side, else 0."""
    for code in (1, 2):
        if float(np.mean(sides == code)) >= PURE:
            return code
    return 0


def _continuations(tree: Tree, node: int, members: list[int]) -> list[tuple[float, int, int]]:
    """Pairs of branches that run straight on through a node, the straightest first.

    Where a wider vessel passes, two veins that end in it from both sides are no pair.
    """
    widest = max(tree.branches[n].calibre for n in members)
    wide = [n for n in members if tree.branches[n].calibre >= ALIKE * widest]
    found = []
    for place, a in enumerate(wide):
        for b in wide[place + 1 :]:
            first, second = tree.branches[a], tree.branches[b]
            cosine = float(_direction(first, node) @ _direction(second, node))
            ratio = min(first.calibre, second.calibre) / max(first.calibre, second.calibre)
            if a != b and cosine < STRAIGHT and ratio > ALIKE:
                found.append((round(cosine - ratio, 9), a, b))
    return found


def _direction(branch: Branch, node: int) -> Points:
    """Unit vector in which the branch leaves the node."""
    path = branch.path if branch.start == node else branch.path[::-1]
    away = np.linalg.norm(path - path[0], axis=1)
    far = int(np.argmax(away > LOOK_MM)) or len(path) - 1
    vector = path[far] - path[0]
    result: Points = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return result


def _run_owner(
    tree: Tree, members: list[int], territory: list[NDArray[np.uint8]]
) -> tuple[Owner, float]:
    """Owner by the narrowest free end; by most of the course where there is none."""
    ends = []
    for n in members:
        branch = tree.branches[n]
        for node in tree.free_ends(branch):
            near = _peripheral(branch, node)
            ends.append((float(np.median(branch.radius[near])), n, near))
    if ends:
        _, n, near = min(ends, key=lambda end: end[0])
        return _majority(territory[n][near])
    return _majority(np.concatenate([territory[n] for n in members]))


def _peripheral(branch: Branch, node: int) -> NDArray[np.bool_]:
    """Points of the path within reach of the free end."""
    steps = np.linalg.norm(np.diff(branch.path, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if branch.start != node:
        along = along[-1] - along
    result: NDArray[np.bool_] = along <= min(PERIPHERAL_MM, 0.5 * float(along.max()))
    return result


def _majority(sides: NDArray[np.uint8]) -> tuple[Owner, float]:
    counts = np.bincount(sides, minlength=3)[1:3]
    total = int(counts.sum())
    if total == 0 or counts[0] == counts[1]:
        return Owner.UNKNOWN, 0.5
    return Owner(int(counts.argmax()) + 1), round(float(counts.max()) / total, 6)


def _other_side(branch: Branch, territory: NDArray[np.uint8], owner: Owner) -> float:
    if owner not in (Owner.A, Owner.B):
        return 0.0
    other = float(np.mean(territory == int(owner.mirrored)))
    return other * branch.length


def paint_owners(
    images: Images, parts: Compartments, sides: Sides, tree: Tree, drainage: Drainage
) -> NDArray[np.uint8]:
    """`Owner` codes, uint8: the side of each voxel, and in vessels the vessel's owner."""
    codes = sides.side.copy()
    if not tree.branches:
        return codes
    points = np.concatenate([branch.path for branch in tree.branches])
    owner = np.concatenate(
        [
            np.full(len(branch.path), int(code))
            for branch, code in zip(tree.branches, drainage.owner, strict=True)
        ]
    )
    radius = np.concatenate([branch.radius for branch in tree.branches])
    where = np.argwhere(parts.vessel)
    place = images.position_of(where.astype(np.float64))
    away, near = cKDTree(points).query(place, k=min(8, len(points)))
    best = np.argmin(away.reshape(len(place), -1) - radius[near].reshape(len(place), -1), axis=1)
    chosen = near.reshape(len(place), -1)[np.arange(len(place)), best]
    traced = _traced(images, parts, points)
    codes[tuple(where.T)] = np.where(traced[tuple(where.T)], owner[chosen], codes[tuple(where.T)])
    return codes


def _traced(images: Images, parts: Compartments, points: Points) -> Mask:
    """Voxels of vessel pieces that a centreline was found for."""
    labels, count = ndimage.label(parts.vessel, np.ones((3, 3, 3), dtype=bool))
    index = np.rint(images.index_of(points)).astype(np.int64)
    index = np.clip(index, 0, np.array(labels.shape) - 1)
    hit = np.zeros(count + 1, dtype=bool)
    hit[labels[tuple(index.T)]] = True
    hit[0] = False
    result: Mask = hit[labels]
    return result
