"""The centrelines of a mask as a graph: branch points, ends, and the strands between them."""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from diptych.kernels.thinning import thin_mask

Points = NDArray[np.float64]
TOUCH = 1.75
"""Voxels that share a face, an edge or a corner lie at most sqrt(3) apart."""
LOOP = 3.5
"""A loop back to its branch point is a hole of the mask up to so many times `least`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strand:
    """An unbranched stretch: node numbers at both ends and (N, 3) points from one to the
    other, N >= 2, in voxel indices; both nodes are the same for a loop.
    """

    start: int
    end: int
    path: Points


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Skeleton:
    """nodes : (V, 3) voxel indices, the mean of a branch point's voxels."""

    nodes: Points
    strands: tuple[Strand, ...]


def trace_skeleton(mask: NDArray[np.bool_]) -> Skeleton:
    """Centrelines of a mask by thinning, as nodes and strands; loops are kept.

    A closed ring without branches gets one node. A single voxel gives no strand.
    """
    points = thin_mask(mask)
    if len(points) < 2:
        return Skeleton(nodes=np.zeros((0, 3)), strands=())
    neighbours = _neighbours(points)
    node_of, nodes = _cluster(points, neighbours)
    strands = _walk_all(points, neighbours, node_of, nodes)
    return Skeleton(nodes=np.array(nodes).reshape(-1, 3), strands=tuple(strands))


def _neighbours(points: NDArray[np.int64]) -> list[list[int]]:
    pairs = cKDTree(points).query_pairs(TOUCH, output_type="ndarray")
    found: list[list[int]] = [[] for _ in points]
    for a, b in sorted(map(tuple, pairs.tolist())):
        found[a].append(b)
        found[b].append(a)
    return [sorted(near) for near in found]


def _cluster(
    points: NDArray[np.int64], neighbours: list[list[int]]
) -> tuple[NDArray[np.int64], list[Points]]:
    """Node number of each voxel (-1 inside strands), and where the nodes lie."""
    degree = np.array([len(near) for near in neighbours])
    junction = degree >= 3
    links = [(a, b) for a, near in enumerate(neighbours) for b in near]
    both = [(a, b) for a, b in links if junction[a] and junction[b]]
    rows = [a for a, _ in both]
    columns = [b for _, b in both]
    count = len(points)
    graph = csr_matrix((np.ones(len(both)), (rows, columns)), shape=(count, count))
    _, part = connected_components(graph, directed=False)
    node_of = np.full(count, -1, dtype=np.int64)
    nodes: list[Points] = []
    seen: dict[int, int] = {}
    for index in np.flatnonzero(degree != 2).tolist():
        key = int(part[index])
        if key not in seen:
            seen[key] = len(nodes)
            nodes.append(points[(part == key) & (degree != 2)].mean(axis=0))
        node_of[index] = seen[key]
    return node_of, nodes


def _walk_all(
    points: NDArray[np.int64],
    neighbours: list[list[int]],
    node_of: NDArray[np.int64],
    nodes: list[Points],
) -> list[Strand]:
    strands: list[Strand] = []
    used = node_of >= 0
    for first in np.flatnonzero(node_of >= 0).tolist():
        for second in neighbours[first]:
            if node_of[second] >= 0:
                if first < second and node_of[first] != node_of[second]:
                    strands.append(_strand(points, [first, second], node_of, nodes))
            elif not used[second]:
                walk = _walk(first, second, neighbours, node_of, used)
                strands.append(_strand(points, walk, node_of, nodes))
    for index in range(len(points)):
        if not used[index]:
            node_of[index] = len(nodes)
            nodes.append(points[index].astype(np.float64))
            used[index] = True
            walk = _walk(index, neighbours[index][0], neighbours, node_of, used)
            strands.append(_strand(points, walk, node_of, nodes))
    return strands


def _walk(
    first: int,
    second: int,
    neighbours: list[list[int]],
    node_of: NDArray[np.int64],
    used: NDArray[np.bool_],
) -> list[int]:
    """Voxels from a node voxel through strand voxels to the next node voxel."""
    walk = [first, second]
    while node_of[walk[-1]] < 0:
        used[walk[-1]] = True
        onward = [near for near in neighbours[walk[-1]] if near != walk[-2]]
        walk.append(onward[0])
    return walk


def _strand(
    points: NDArray[np.int64], walk: list[int], node_of: NDArray[np.int64], nodes: list[Points]
) -> Strand:
    start, end = int(node_of[walk[0]]), int(node_of[walk[-1]])
    inner = [points[index].astype(np.float64) for index in walk[1:-1]]
    return Strand(start=start, end=end, path=np.array([nodes[start], *inner, nodes[end]]))


def prune_spurs(skeleton: Skeleton, least: Points) -> Skeleton:
    """Without free strands that are shorter than what their branch point covers.

    least : (V,) voxels; a strand with a free end goes when it is no longer than the value
    at its branch point. The shortest goes first; nodes with two strands left are joined.
    """
    web = _Web(skeleton)
    for node in range(len(skeleton.nodes)):
        web.join(node)
    waiting = [(web.length[number], number) for number in web.strands]
    heapify(waiting)
    while waiting:
        _, number = heappop(waiting)
        if number in web.strands and web.is_spur(number, least):
            strand = web.drop(number)
            for node in (strand.start, strand.end):
                web.join(node)
                for near in sorted(web.at.get(node, ())):
                    heappush(waiting, (web.length[near], near))
    return Skeleton(nodes=skeleton.nodes, strands=tuple(web.strands.values()))


class _Web:
    """Strands by number, those at each node, and their lengths; changed in place."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.strands: dict[int, Strand] = {}
        self.at: dict[int, set[int]] = {}
        self.length: dict[int, float] = {}
        self._next = 0
        for strand in skeleton.strands:
            self.add(strand)

    def add(self, strand: Strand) -> None:
        number = self._next
        self._next += 1
        self.strands[number] = strand
        self.length[number] = _length(strand.path)
        for node in (strand.start, strand.end):
            self.at.setdefault(node, set()).add(number)

    def drop(self, number: int) -> Strand:
        strand = self.strands.pop(number)
        for node in (strand.start, strand.end):
            self.at[node].discard(number)
        return strand

    def degree(self, node: int) -> int:
        """Strand ends at a node; a loop has two there."""
        return sum(
            (self.strands[n].start == node) + (self.strands[n].end == node)
            for n in self.at.get(node, ())
        )

    def join(self, node: int) -> None:
        """Makes one strand of two that meet at a node alone."""
        here = sorted(self.at.get(node, ()))
        if len(here) == 2 and self.degree(node) == 2:
            first, second = (self.drop(number) for number in here)
            self.add(_joined(first, second, node))

    def is_spur(self, number: int, least: Points) -> bool:
        strand, long = self.strands[number], self.length[number]
        if strand.start == strand.end:
            return self.degree(strand.start) > 2 and long <= LOOP * float(least[strand.start])
        for free, held in ((strand.start, strand.end), (strand.end, strand.start)):
            if self.degree(free) == 1 and self.degree(held) > 1:
                return bool(long <= least[held])
        return False


def count_ends(skeleton: Skeleton) -> NDArray[np.int64]:
    """How many strand ends meet at each node, (V,)."""
    return _degrees(list(skeleton.strands), len(skeleton.nodes))


def drop_strand(skeleton: Skeleton, number: int) -> Skeleton:
    """Without one strand; nodes with two strands left are joined."""
    web = _Web(skeleton)
    strand = web.drop(number)
    for node in (strand.start, strand.end):
        web.join(node)
    return Skeleton(nodes=skeleton.nodes, strands=tuple(web.strands.values()))


def join_strands(skeleton: Skeleton) -> Skeleton:
    """With one strand for each two that meet at a node alone."""
    web = _Web(skeleton)
    for node in range(len(skeleton.nodes)):
        web.join(node)
    return Skeleton(nodes=skeleton.nodes, strands=tuple(web.strands.values()))


def scale_skeleton(skeleton: Skeleton, factor: int) -> Skeleton:
    """The skeleton of a grid with `factor` times as many voxels, in the coarse grid's indices."""

    def coarse(points: Points) -> Points:
        return np.asarray((points + 0.5) / factor - 0.5)

    return Skeleton(
        nodes=coarse(skeleton.nodes),
        strands=tuple(
            Strand(start=strand.start, end=strand.end, path=coarse(strand.path))
            for strand in skeleton.strands
        ),
    )


def _degrees(strands: list[Strand], count: int) -> NDArray[np.int64]:
    ends = [end for strand in strands for end in (strand.start, strand.end)]
    return np.bincount(np.array(ends, dtype=np.int64), minlength=count)


def _length(path: Points) -> float:
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def _joined(first: Strand, second: Strand, node: int) -> Strand:
    a = first.path if first.end == node else first.path[::-1]
    b = second.path if second.start == node else second.path[::-1]
    start = first.start if first.end == node else first.end
    end = second.end if second.start == node else second.start
    return Strand(start=start, end=end, path=np.concatenate([a, b[1:]]))
