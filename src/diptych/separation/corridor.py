"""Whether and how far the cut is reached along itself from the open scalp.

The cut is a set of voxel faces. Two faces hang together where they share an edge; a face is at
the rim where one of its edges borders on the air around the heads. Faces that hang together
with no rim lie behind uncut tissue: nobody could cut them without cutting something else first.
Depth is the shortest way over the faces from the rim, from middle to middle of faces that share
a corner (at most 8 % too long on a flat cut), as graphs by Dijkstra 1959.

Lattice points have doubled indices: the middle of voxel i is 2 i + 1, its corners are even.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from diptych.kernels.components import label_components
from diptych.separation.region import find_box

Places = NDArray[np.int64]
Spacing = tuple[float, float, float]
_ROOM = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corridor:
    """The faces of a cut, and the way to each.

    middle : (N, 3) int64 lattice point of the middle of each face
    depth : (N,) float64 mm along the cut from the rim; infinite where no way leads
    pocket : (N,) int64, 0 where the rim is in reach, else the number of the pocket from 1,
        in the order of their first faces
    """

    middle: Places
    depth: NDArray[np.float64]
    pocket: Places

    @property
    def pockets(self) -> int:
        """How many pieces of the cut no way leads to."""
        return int(self.pocket.max(initial=0))


def follow_cut(side: NDArray[np.uint8], spacing: Spacing) -> Corridor:
    """The way to every face between sides 1 and 2.

    side : (I, J, K) uint8, 0 no tissue, 1 with A, 2 with B; spacing : mm
    Air is open where it is in one piece with the border of the volume, as is what lies beyond.
    """
    place = find_box(side != 0)  # beyond it all is open air
    side, corner = side[place], np.array([axis.start for axis in place], dtype=np.int64)
    middle, across = _find_faces(side)
    if not len(middle):
        return Corridor(middle=middle, depth=np.zeros(0), pocket=np.zeros(0, dtype=np.int64))
    edges, corners = _edges_of(middle, across), _corners_of(middle, across)
    lattice = tuple(2 * n + 1 for n in side.shape)
    rim: NDArray[np.bool_] = np.any(_at_air(edges, _open_air(side, middle)), axis=1)
    pocket = _number_pockets(_incidence(edges, lattice), rim)
    depth = np.full(len(middle), np.inf)
    if rim.any():
        graph = _ways(_incidence(corners, lattice), middle, spacing)
        depth = dijkstra(graph, directed=False, indices=np.flatnonzero(rim), min_only=True)
        depth[pocket > 0] = np.inf
    return Corridor(middle=middle + 2 * corner, depth=depth, pocket=pocket)


def _find_faces(side: NDArray[np.uint8]) -> tuple[Places, Places]:
    """Lattice points (N, 3) of the middles of all faces, and the axis (N,) they face."""
    middles, axes = [], []
    for axis in range(3):
        here, there = [slice(None)] * 3, [slice(None)] * 3
        here[axis], there[axis] = slice(0, -1), slice(1, None)
        found = 2 * np.argwhere((side[tuple(here)] ^ side[tuple(there)]) == 3) + 1
        found[:, axis] += 1
        middles.append(found.astype(np.int64))
        axes.append(np.full(len(found), axis, dtype=np.int64))
    return np.concatenate(middles), np.concatenate(axes)


def _edges_of(middle: Places, across: Places) -> Places:
    """(N, 4, 3) lattice points of the middles of each face's edges."""
    return _around(middle, across, ((1, 0), (-1, 0), (0, 1), (0, -1)))


def _corners_of(middle: Places, across: Places) -> Places:
    """(N, 4, 3) lattice points of each face's corners."""
    return _around(middle, across, ((1, 1), (-1, 1), (1, -1), (-1, -1)))


def _around(middle: Places, across: Places, steps: tuple[tuple[int, int], ...]) -> Places:
    moves = np.zeros((3, len(steps), 3), dtype=np.int64)
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        moves[axis][:, others] = steps
    around: Places = middle[:, None, :] + moves[across]
    return around


def _open_air(side: NDArray[np.uint8], middle: Places) -> NDArray[np.bool_]:
    """Air around the heads near the cut, with a border of one voxel beyond the volume.

    Most air near the cut is seen to be open from the box around the cut alone: from where it
    leaves the box, a straight way leads out of the volume. Where that cannot be seen, the air
    of the whole volume is followed.
    """
    low = np.maximum(middle.min(axis=0) // 2 - _ROOM, 0)
    high = np.minimum(middle.max(axis=0) // 2 + _ROOM + 1, side.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    air = label_components(side[box] == 0).labels
    leaving, free = _pieces_at_border(side, box, air)
    if leaving - free:
        whole = label_components(np.pad(side == 0, 1, constant_values=True)).labels
        found: NDArray[np.bool_] = whole == whole[0, 0, 0]
        return found
    open_air = np.ones(tuple(n + 2 for n in side.shape), dtype=np.bool_)
    inside = tuple(slice(1 + axis.start, 1 + axis.stop) for axis in box)
    open_air[1:-1, 1:-1, 1:-1] = False
    open_air[inside] = np.isin(air, sorted(free))
    return open_air


def _pieces_at_border(
    side: NDArray[np.uint8], box: tuple[slice, ...], air: NDArray[np.int32]
) -> tuple[set[int], set[int]]:
    """Pieces of air that reach the border of the box, and those seen to be open from there."""
    leaving: set[int] = set()
    free: set[int] = set()
    for axis in range(3):
        for last in (False, True):
            face: NDArray[np.int32] = np.take(air, -1 if last else 0, axis=axis)
            beyond = slice(box[axis].stop, None) if last else slice(0, box[axis].start)
            slab = tuple(beyond if other == axis else box[other] for other in range(3))
            clear = ~(side[slab] != 0).any(axis=axis)
            leaving |= set(np.unique(face).tolist())
            free |= set(np.unique(face[clear]).tolist())
    return leaving - {0}, free - {0}


def _at_air(edges: Places, open_air: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(N, 4): one of the four voxels around the edge is open air."""
    found = np.zeros(edges.shape[:2], dtype=np.bool_)
    for corner in np.ndindex(2, 2, 2):
        # Odd coordinates lie inside a voxel: both roundings give the same one.
        i, j, k = np.moveaxis((edges - 1 + np.array(corner)) // 2 + 1, -1, 0)
        found |= open_air[i, j, k]
    return found


def _incidence(points: Places, lattice: tuple[int, ...]) -> Any:
    """Sparse (faces, distinct points) matrix of ones."""
    ids = np.ravel_multi_index(tuple(np.moveaxis(points, -1, 0)), lattice)
    distinct, column = np.unique(ids, return_inverse=True)
    row = np.repeat(np.arange(len(points)), points.shape[1])
    shape = (len(points), len(distinct))
    return coo_array((np.ones(row.size), (row, column.ravel())), shape=shape).tocsr()


def _number_pockets(meeting: Any, rim: NDArray[np.bool_]) -> Places:
    """0 for faces whose piece has a rim, else the number of their piece among those without."""
    count, piece = connected_components(meeting @ meeting.T, directed=False)
    open_piece = np.zeros(count, dtype=np.bool_)
    open_piece[piece[rim]] = True
    number = np.where(open_piece, 0, np.cumsum(~open_piece)).astype(np.int64)
    pocket: Places = number[piece]
    return pocket


def _ways(meeting: Any, middle: Places, spacing: Spacing) -> Any:
    """Sparse (faces, faces) distances in mm between middles of faces that share a corner."""
    graph = (meeting @ meeting.T).tocoo()
    half = np.array(spacing) / 2.0
    apart = np.linalg.norm((middle[graph.row] - middle[graph.col]) * half, axis=1)
    return coo_array((apart, (graph.row, graph.col)), shape=graph.shape).tocsr()
