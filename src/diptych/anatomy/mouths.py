"""Mouths of veins that fade before they reach the vessel they flow into."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from diptych.anatomy.images import FloatGrid, Images
from diptych.anatomy.lumen import sample_field
from diptych.kernels.skeleton import Skeleton, Strand, count_ends, join_strands

REACH_MM = 6.0
"""From an end to the middle of a sinus of 5 mm: its radius and a gap of three millimetres."""
AHEAD = 0.7
"""Cosine between the course of a vein and the way to its mouth."""
LEAST_MM = 8.0
BACK_MM = 5.0
FAINT = 0.6
"""Share of a vein's own contrast that is left all along a mouth that only fades."""
SAMPLE_MM = 0.4

Points = NDArray[np.float64]


def close_mouths(
    skeleton: Skeleton, images: Images, rise: FloatGrid, longer: float = 1.0
) -> Skeleton:
    """The skeleton (voxel indices) with links from free ends that nearly reach a vessel.

    A link leads straight on from the end of a strand of some length to the nearest point of
    another one, through voxels with some contrast. longer : how much longer and fainter a link
    may be in noise, where the strand is so much longer too, for there mouths break off, and
    longer spurs were cut, stumps of mouths among them
    """
    for stretch in sorted({1.0, longer}):
        for node in np.flatnonzero(count_ends(skeleton) == 1).tolist():
            free = count_ends(skeleton)[node] == 1
            found = _find_mouth(skeleton, node, images, rise, stretch) if free else None
            if found is not None:
                skeleton = _linked(skeleton, node, *found)
    return skeleton


def _find_mouth(
    skeleton: Skeleton, node: int, images: Images, rise: FloatGrid, longer: float
) -> tuple[int, int] | None:
    """Number of the strand that a free end leads to, and the point of it."""
    spacing = np.array(images.spacing)
    own = next(n for n, s in enumerate(skeleton.strands) if node in (s.start, s.end))
    strand = skeleton.strands[own]
    path = strand.path if strand.end == node else strand.path[::-1]
    steps = np.linalg.norm(np.diff(path * spacing, axis=0), axis=1)
    back = np.concatenate([np.cumsum(steps[::-1])[::-1], [0.0]])
    away = np.linalg.norm((path - path[-1]) * spacing, axis=1)
    others = [n for n in range(len(skeleton.strands)) if n != own]
    if float(away.max()) < longer * LEAST_MM or not others:
        return None
    course = (path[-1] - path[int(np.argmax(back <= BACK_MM))]) * spacing
    points = np.concatenate([skeleton.strands[n].path for n in others])
    which = np.repeat(others, [len(skeleton.strands[n].path) for n in others])
    place = np.concatenate([np.arange(len(skeleton.strands[n].path)) for n in others])
    here = path[-1] * spacing
    found = cKDTree(points * spacing).query_ball_point(here, longer * REACH_MM)
    near = np.array(found, dtype=np.int64)
    if not len(near):
        return None
    ways = points[near] * spacing - here
    length = np.linalg.norm(ways, axis=1)
    ahead = ways @ course >= AHEAD * length * np.linalg.norm(course)
    near, length = near[ahead], length[ahead]
    if not len(near):
        return None
    best = int(near[np.lexsort((near, np.round(length, 6)))[0]])
    if _light(path, points[best], spacing, rise) * longer < FAINT:
        return None
    return int(which[best]), int(place[best])


def _light(path: Points, target: Points, spacing: Points, rise: FloatGrid) -> float:
    """Least contrast between the end of a path and its target, as a share of its own."""
    length = float(np.linalg.norm((target - path[-1]) * spacing))
    line = np.linspace(path[-1], target, max(round(length / SAMPLE_MM) + 1, 3))
    own = float(np.median(sample_field(rise, path)))
    return float(sample_field(rise, line).min()) / max(own, 1e-6)


def _linked(skeleton: Skeleton, node: int, number: int, point: int) -> Skeleton:
    """With a strand from the node to a point of a strand, which is parted there."""
    strands = list(skeleton.strands)
    nodes, target = skeleton.nodes, strands[number]
    if point in (0, len(target.path) - 1):
        end = target.start if point == 0 else target.end
    else:
        end = len(nodes)
        nodes = np.concatenate([nodes, target.path[point : point + 1]])
        strands[number] = Strand(start=target.start, end=end, path=target.path[: point + 1])
        strands.append(Strand(start=end, end=target.end, path=target.path[point:]))
    line = np.linspace(nodes[node], nodes[end], 6)
    strands.append(Strand(start=node, end=end, path=line))
    return join_strands(Skeleton(nodes=nodes, strands=tuple(strands)))
