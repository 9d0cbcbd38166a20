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
from diptych.anatomy.vessels import Tree
from diptych.model import Owner, TwinId

ROOT_CALIBRE_MM, NARROW_ROOT_MM = 2.5, 1.5
"""A jugular; one that is left narrow, as one of the two often is."""
ROOT_HEIGHT = 0.4
"""Jugulars end below this height over the Frankfurt plane, in half-distances of the porions."""
MOST_BRAIN_POINTS = 60_000
"""Brain voxels of a twin are thinned evenly to about so many; a share of 1 % is then known
to a few hundredths of itself."""
SIDES = ("left", "right")

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
    """volume (V, 2) : ml of the left and right half of its twin's brain that each node
    stands for; lost : a word on brain that no vessel was found for.
    """

    volume: FloatArray
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
    tree: Tree, drainage: Drainage, around: Surroundings, roots: frozenset[int]
) -> Sources:
    """Each brain's volume, given to the nearest free end of the twin's own vessels."""
    volume = np.zeros((len(tree.nodes), 2))
    reached = find_reached(tree, roots)
    lost = []
    for owner in (Owner.A, Owner.B):
        ends = _own_ends(tree, drainage, owner, roots, reached)
        every = np.flatnonzero(around.brain & (around.side == int(owner)))
        if not ends:
            lost.append(f"no vessel of {owner.name} with a way to a root was found")
        elif len(every):
            thin = every[:: max(len(every) // MOST_BRAIN_POINTS, 1)]
            index = np.stack(np.unravel_index(thin, around.brain.shape), axis=1)
            place = around.images.position_of(index.astype(np.float64))
            _, nearest = cKDTree(tree.nodes[ends]).query(place)
            half = half_of(TwinId(owner.name), place, around.territory)
            each = len(every) / len(thin) * around.images.voxel_ml
            np.add.at(volume, (np.array(ends)[nearest], half), each)
    return Sources(volume=volume, lost=tuple(lost))


def _own_ends(
    tree: Tree, drainage: Drainage, owner: Owner, roots: frozenset[int], reached: Mask
) -> list[int]:
    ends = {
        node
        for branch, whose in zip(tree.branches, drainage.owner, strict=True)
        if whose is owner
        for node in tree.free_ends(branch)
        if node not in roots and reached[node]
    }
    return sorted(ends)


def find_reached(tree: Tree, roots: frozenset[int]) -> Mask:
    """Nodes from which a root can be reached."""
    count = len(tree.nodes)
    rows = [branch.start for branch in tree.branches]
    columns = [branch.end for branch in tree.branches]
    links = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    _, part = connected_components(links, directed=False)
    result: Mask = np.isin(part, part[sorted(roots)])
    return result
