"""Where blood enters the veins and leaves them: brain at the free ends, roots in the neck."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from diptych.anatomy.drainage import Drainage
from diptych.anatomy.images import Images, Mask
from diptych.anatomy.territory import Territory
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Branch, Tree
from diptych.kernels.distance import measure_distance
from diptych.model import Owner, TwinId

ROOT_CALIBRE_MM, NARROW_ROOT_MM = 2.5, 1.5
"""A jugular; one that is left narrow, as one of the two often is."""
ROOT_HEIGHT = 0.4
"""Jugulars end below this height over the Frankfurt plane, in half-distances of the porions."""
MOST_BRAIN_POINTS = 60_000
"""Brain voxels of a twin are thinned evenly to about so many; a share of 1 % is then known
to a few hundredths of itself."""
DEPTH_STEP_MM = 2.0
LEAST_DEEP_MM = 12.0
"""A free end as far from all that bounds the brain is one of the deep veins."""
SIDES = ("left", "right")
INLET_CALIBRE_MM = 1.2
"""Vertebral arteries of an infant are about 1.5 to 2.5 mm wide, carotids 3 to 4."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """What the network is read against: brain (mask) with its sides, and the rest."""

    images: Images
    parts: Compartments
    territory: Territory
    brain: Mask
    side: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sources:
    """volume (V, 2, 2) : ml of A's and B's brain, left and right half, whose blood enters (of
    arteries: leaves) at each node; territory : ml of brain of each branch; lost : a word on
    brain that no vessel was found for.
    """

    volume: FloatArray
    territory: FloatArray
    lost: tuple[str, ...]


def find_roots(tree: Tree, drainage: Drainage, around: Surroundings) -> dict[int, TwinId]:
    """Free ends that lead out of the skull towards each twin's heart.

    The wide free ends outside the cavity, below the Frankfurt plane, and narrower ones that
    hang together with such a wide one; failing these the lowest wide free end.
    """
    roots: dict[int, TwinId] = {}
    for owner in (Owner.A, Owner.B):
        ends = []
        for branch, whose in zip(tree.branches, drainage.owner, strict=True):
            if whose is owner and branch.calibre >= NARROW_ROOT_MM:
                ends += [
                    (_height(tree, node, owner, around), node, branch.calibre)
                    for node in tree.free_ends(branch)
                ]
        low = [end for end in ends if end[0] < ROOT_HEIGHT and _is_outside(tree, end[1], around)]
        wide = [node for _, node, calibre in low if calibre >= ROOT_CALIBRE_MM]
        reached = find_reached(tree, frozenset(wide))
        lowest = sorted(end[:2] for end in ends if end[2] >= ROOT_CALIBRE_MM)[:1]
        found = [node for _, node, _ in low if reached[node]] or [node for _, node in lowest]
        roots |= dict.fromkeys(found, TwinId(owner.name))
    return roots


def find_inlets(tree: Tree, around: Surroundings) -> dict[int, TwinId]:
    """Free ends where arteries come from each twin's neck.

    The free ends outside the cavity, below the Frankfurt plane, on the twin's side, of trees
    that lead into the cavity; failing these the lowest free end there. Whose the artery is
    is not asked: it follows from its roots.
    """
    inside = _leads_inside(tree, around)
    roots: dict[int, TwinId] = {}
    for owner in (Owner.A, Owner.B):
        ends = [
            (_height(tree, node, owner, around), node)
            for branch in tree.branches
            if branch.calibre >= INLET_CALIBRE_MM
            for node in tree.free_ends(branch)
            if inside[node] and _side_of_end(branch, node, around) == int(owner)
        ]
        low = [end for end in ends if end[0] < ROOT_HEIGHT and _is_outside(tree, end[1], around)]
        for _, node in low or sorted(ends)[:1]:
            roots[node] = TwinId(owner.name)
    return roots


def _codes_at(
    points: FloatArray, grid: NDArray[np.uint8], around: Surroundings
) -> NDArray[np.uint8]:
    index = np.rint(around.images.index_of(points)).astype(np.int64).reshape(-1, 3)
    index = np.clip(index, 0, np.array(grid.shape) - 1)
    result: NDArray[np.uint8] = grid[tuple(index.T)]
    return result


def _side_of_end(branch: Branch, node: int, around: Surroundings) -> int:
    """The side that a branch is in at its end, or where it comes out of tissue."""
    codes = _codes_at(branch.path, around.side, around)
    codes = codes if branch.start == node else codes[::-1]
    tissue = codes[codes > 0]
    return int(tissue[0]) if len(tissue) else 0


def _leads_inside(tree: Tree, around: Surroundings) -> Mask:
    """Whether most of the tree that each node hangs on lies in the cavity."""
    part = _parts_of(tree)
    cavity = around.parts.cavity.astype(np.uint8)
    length, inner = np.zeros(len(tree.nodes)), np.zeros(len(tree.nodes))
    for branch in tree.branches:
        length[part[branch.start]] += branch.length
        inner[part[branch.start]] += branch.length * _codes_at(branch.path, cavity, around).mean()
    result: Mask = (inner > 0.5 * length)[part]
    return result


def half_of(twin: TwinId, points: FloatArray, territory: Territory) -> NDArray[np.int64]:
    """0 where points (N, 3) lie in the twin's own left half, 1 in its right half."""
    place = 0 if twin is TwinId.A else 1
    left = np.array(territory.axes[place].left)
    result: NDArray[np.int64] = ((points - territory.middle[place]) @ left < 0.0).astype(np.int64)
    return result


def _height(tree: Tree, node: int, owner: Owner, around: Surroundings) -> float:
    place = 0 if owner is Owner.A else 1
    territory = around.territory
    away = tree.nodes[node] - territory.middle[place]
    return float(away @ np.array(territory.axes[place].long)) / territory.width[place]


def _is_outside(tree: Tree, node: int, around: Surroundings) -> bool:
    index = np.rint(around.images.index_of(tree.nodes[node])).astype(np.int64)
    i, j, k = np.clip(index, 0, np.array(around.parts.cavity.shape) - 1)
    return not bool(around.parts.cavity[i, j, k])


def find_sources(
    tree: Tree,
    drainage: Drainage,
    around: Surroundings,
    roots: frozenset[int],
    cortical: float,
) -> Sources:
    """Each brain's volume, given to the twin's own veins.

    Brain within `cortical` mm of its surface drains into the nearest of them, wherever along
    its course: beside the veins that are seen, many unseen ones enter them. Deeper brain
    drains into the nearest free end that lies as deep (internal cerebral veins, straight
    sinus), where one is seen. What enters along a vein is divided between its two nodes.
    """
    volume = np.zeros((len(tree.nodes), 2, 2))
    territory = np.zeros(len(tree.branches))
    reached = find_reached(tree, roots)
    lost = []
    for place, twin in enumerate(TwinId):
        own = [
            n
            for n, branch in enumerate(tree.branches)
            if drainage.owner[n] is Owner.of(twin) and reached[branch.start]
        ]
        brain = _read_brain(twin, around)
        if not own:
            lost.append(f"no vessel of {twin} with a way to a root was found")
        elif len(brain.place):
            branch, share = _nearest_course(tree, own, brain.place, around)
            _drain_deep(tree, own, (brain, cortical, around), roots, (branch, share))
            _enter(tree, roots, brain, (branch, share), volume[:, place], territory)
    return Sources(volume=volume, territory=territory, lost=tuple(lost))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Brain:
    """Evenly thinned voxels of one brain: place (N, 3) LPS+ mm; half (N,) 0 left, 1 right;
    depth (N,) mm from its surface; each : ml that one stands for.
    """

    twin: TwinId
    place: FloatArray
    half: NDArray[np.int64]
    depth: FloatArray
    each: float


def _read_brain(twin: TwinId, around: Surroundings) -> _Brain:
    images = around.images
    every = np.flatnonzero(around.brain & (around.side == int(Owner.of(twin))))
    thin = every[:: max(len(every) // MOST_BRAIN_POINTS, 1)]
    index = np.stack(np.unravel_index(thin, around.brain.shape), axis=1)
    place = images.position_of(index.astype(np.float64))
    return _Brain(
        twin=twin,
        place=place,
        half=half_of(twin, place, around.territory),
        depth=depth_in(twin, place, around),
        each=len(every) / max(len(thin), 1) * images.voxel_ml,
    )


def depth_in(twin: TwinId, points: FloatArray, around: Surroundings) -> FloatArray:
    """Distance (N,), mm, of points from all that is not the twin's own part of the cavity;
    known to a voxel of DEPTH_STEP_MM.
    """
    spacing = np.array(around.images.spacing)
    step = np.maximum(np.round(DEPTH_STEP_MM / spacing), 1).astype(np.int64)
    every = tuple(slice(None, None, int(s)) for s in step)
    own = around.parts.cavity[every] & (around.side[every] == int(Owner.of(twin)))
    depth = measure_distance(own, tuple((spacing * step).tolist()))
    index = np.rint(around.images.index_of(points) / step).astype(np.int64).reshape(-1, 3)
    index = np.clip(index, 0, np.array(depth.shape) - 1)
    result: FloatArray = depth[tuple(index.T)].astype(np.float64)
    return result


_Way = tuple[NDArray[np.int64], FloatArray]
"""Branch (N,) that some brain drains into, and how far along it (0 start, 1 end)."""


def _nearest_course(tree: Tree, own: list[int], place: FloatArray, around: Surroundings) -> _Way:
    """The nearest point of the own branches inside the cavity (anywhere, if none is)."""
    points = np.concatenate([tree.branches[n].path for n in own])
    which = np.repeat(own, [len(tree.branches[n].path) for n in own])
    share = np.concatenate([np.linspace(0.0, 1.0, len(tree.branches[n].path)) for n in own])
    inside = _codes_at(points, around.parts.cavity.astype(np.uint8), around) > 0
    inside |= ~inside.any()
    _, nearest = cKDTree(points[inside]).query(place)
    return which[inside][nearest], share[inside][nearest]


def _drain_deep(
    tree: Tree,
    own: list[int],
    what: tuple[_Brain, float, Surroundings],
    roots: frozenset[int],
    way: _Way,
) -> None:
    """Sends what lies deeper than the cortical veins reach to the nearest deep free end."""
    brain, cortical, around = what
    ends = [
        (n, node) for n in own for node in tree.free_ends(tree.branches[n]) if node not in roots
    ]
    if not ends:
        return
    nodes = np.array([node for _, node in ends])
    low = depth_in(brain.twin, tree.nodes[nodes], around) >= min(cortical, LEAST_DEEP_MM)
    deep = brain.depth > cortical
    if low.any() and deep.any():
        chosen = np.flatnonzero(low)
        _, nearest = cKDTree(tree.nodes[nodes[chosen]]).query(brain.place[deep])
        branch = np.array([n for n, _ in ends])[chosen]
        at_end = np.array([float(tree.branches[n].end == node) for n, node in ends])[chosen]
        way[0][deep], way[1][deep] = branch[nearest], at_end[nearest]


def _enter(
    tree: Tree,
    roots: frozenset[int],
    brain: _Brain,
    way: _Way,
    volume: FloatArray,
    territory: FloatArray,
) -> None:
    """Adds a brain to the nodes (V, 2) and branches that it drains into; never to a root."""
    branch, share = way
    ends = np.array([(b.start, b.end) for b in tree.branches], dtype=np.int64)[branch]
    share = np.where(np.isin(ends[:, 1], sorted(roots)), 0.0, share)
    share = np.where(np.isin(ends[:, 0], sorted(roots)), 1.0, share)
    np.add.at(volume, (ends[:, 0], brain.half), (1.0 - share) * brain.each)
    np.add.at(volume, (ends[:, 1], brain.half), share * brain.each)
    np.add.at(territory, branch, brain.each)


def find_demands(tree: Tree, around: Surroundings, roots: frozenset[int]) -> Sources:
    """Each brain's volume, given to the free ends of arteries in its own side.

    Each voxel to the end that is nearest in units of the artery's calibre: two ends then share
    what lies between them so that volumes go with the cube of the calibre, as flow does by
    Murray's law. Whose artery it is does not matter, so that one which crosses feeds the
    other twin's brain.
    """
    volume = np.zeros((len(tree.nodes), 2, 2))
    territory = np.zeros(len(tree.branches))
    reached = find_reached(tree, roots)
    side = _codes_at(tree.nodes, around.side, around)
    lost = []
    for place, twin in enumerate(TwinId):
        ends = [
            (n, node)
            for n, branch in enumerate(tree.branches)
            for node in tree.free_ends(branch)
            if reached[node] and node not in roots and side[node] == int(Owner.of(twin))
        ]
        brain = _read_brain(twin, around)
        if not ends:
            lost.append(f"no artery that a root leads to ends in the brain of {twin}")
        elif len(brain.place):
            nodes = np.array([node for _, node in ends])
            calibre = np.array([tree.branches[n].calibre for n, _ in ends])
            nearest = _nearest_for_size(tree.nodes[nodes], calibre, brain.place)
            np.add.at(volume[:, place], (nodes[nearest], brain.half), brain.each)
            np.add.at(territory, np.array([n for n, _ in ends])[nearest], brain.each)
    return Sources(volume=volume, territory=territory, lost=tuple(lost))


def _nearest_for_size(ends: FloatArray, size: FloatArray, place: FloatArray) -> NDArray[np.int64]:
    """Number of the end (E, 3) with the least distance over size (E,) from each place (N, 3)."""
    best = np.full(len(place), np.inf)
    found = np.zeros(len(place), dtype=np.int64)
    for number, (end, width) in enumerate(zip(ends, size.tolist(), strict=True)):
        away = ((place - end) ** 2).sum(axis=1) / width**2
        closer = away < best
        best[closer], found[closer] = away[closer], number
    return found


def find_reached(tree: Tree, roots: frozenset[int]) -> Mask:
    """Nodes from which a root can be reached."""
    part = _parts_of(tree)
    result: Mask = np.isin(part, part[sorted(roots)])
    return result


def _parts_of(tree: Tree) -> NDArray[np.int32]:
    """Number of the connected part that each node is in."""
    count = len(tree.nodes)
    rows = [branch.start for branch in tree.branches]
    columns = [branch.end for branch in tree.branches]
    links = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    result: NDArray[np.int32] = connected_components(links, directed=False)[1]
    return result
