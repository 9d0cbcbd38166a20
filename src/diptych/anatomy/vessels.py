"""Vessels as centrelines with calibre: branches between branch points and free ends."""

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from diptych.anatomy.baseline import CALM_HU, read_noise
from diptych.anatomy.centring import centre_paths, hold_blood
from diptych.anatomy.images import Images, Mask
from diptych.anatomy.lumen import Blood, divide_lumen, find_blood, grow_voxels
from diptych.anatomy.mouths import close_mouths
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.touches import TOUCH_MM, cut_touches, read_fade
from diptych.kernels.skeleton import Skeleton, prune_spurs, scale_skeleton, trace_skeleton

Points = NDArray[np.float64]
LEAST_RADIUS_MM = 0.3
SPUR_RADII, SPUR_LEAST_MM = 1.5, 4.5
SPUR_MOST = 1.5
"""Noise beside a vessel lengthens the spurs of its mask, up to so many times, and so it does the
gaps at mouths."""
EXIT_CALIBRE_MM, EXIT_MM = 2.5, 5.0
STEP_RATIO, STEP_LEAST_MM = 1.6, 6.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Branch:
    """Node numbers at both ends, path (N, 3) LPS+ mm, radius (N,) mm.

    fade : of a short one between others, its least contrast as a share of theirs
    """

    start: int
    end: int
    path: Points
    radius: Points
    fade: float = 1.0

    @property
    def calibre(self) -> float:
        """Median diameter, mm."""
        return 2.0 * float(np.median(self.radius))

    @property
    def length(self) -> float:
        """Length of the centreline, mm."""
        return float(np.linalg.norm(np.diff(self.path, axis=0), axis=1).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """Branches, sorted by place; nodes (V, 3) LPS+ mm and how many branch ends meet there.

    touches : places where vessels lie side by side that were parted
    """

    nodes: Points
    degree: NDArray[np.int64]
    branches: tuple[Branch, ...]
    touches: int = 0

    def free_ends(self, branch: Branch) -> tuple[int, ...]:
        """Nodes of the branch where nothing else is attached."""
        return tuple(node for node in (branch.start, branch.end) if self.degree[node] == 1)


NO_TREE = Tree(nodes=np.zeros((0, 3)), degree=np.zeros(0, dtype=np.int64), branches=())


def trace_vessels(images: Images, parts: Compartments) -> Tree:
    """The tree (it may have loops) of the vessel mask.

    The radius is that of a tube which holds the contrast found round each stretch of
    centreline, so that thin vessels are not rounded to whole voxels.
    """
    parts = replace(parts, vessel=parts.lumen)
    skeleton, touches = _skeleton(images, parts)
    blood = find_blood(images, parts)
    nodes, paths = centre_paths(skeleton, images, blood, noisy=parts.calm is not None)
    radii = _radii(blood, paths)
    branches: list[Branch] = []
    places = [nodes]
    count = len(nodes)
    for strand, path, radius in zip(skeleton.strands, paths, radii, strict=True):
        whole = Branch(start=strand.start, end=strand.end, path=path, radius=radius)
        for cut in (find_step, partial(_find_exit, images, parts)):
            whole, *rest = _parts(whole, cut(whole.path, whole.radius), count)
            for part in rest:
                branches.append(part)
                places.append(part.path[:1])
                count += 1
        branches.append(whole)
    nodes = np.concatenate(places)
    branches.sort(key=lambda branch: tuple(np.round(branch.path.mean(axis=0), 6)))
    ends = [end for branch in branches for end in (branch.start, branch.end)]
    return Tree(
        nodes=nodes,
        degree=np.bincount(np.array(ends, dtype=np.int64), minlength=len(nodes)),
        branches=tuple(
            replace(branch, fade=_read_fade(branch, branches, images, parts)) for branch in branches
        ),
        touches=touches,
    )


def _read_fade(
    branch: Branch, branches: list[Branch], images: Images, parts: Compartments
) -> float:
    first, last = (
        [
            other.path if other.start == node else other.path[::-1]
            for other in branches
            if other is not branch and node in (other.start, other.end)
        ]
        for node in (branch.start, branch.end)
    )
    if branch.length > TOUCH_MM or not first or not last:
        return 1.0
    return read_fade(branch.path, (first, last), images, parts.stream)


def _parts(whole: Branch, cut: int, node: int) -> list[Branch]:
    if not cut:
        return [whole]
    path, radius = whole.path, whole.radius
    return [
        Branch(start=whole.start, end=node, path=path[: cut + 1], radius=radius[: cut + 1]),
        Branch(start=node, end=whole.end, path=path[cut:], radius=radius[cut:]),
    ]


def _find_exit(images: Images, parts: Compartments, path: Points, radius: Points) -> int:
    """The point where a wide vessel leaves the cavity for good, or 0: there a sinus becomes
    the jugular vein.
    """
    if 2.0 * float(np.median(radius)) < EXIT_CALIBRE_MM:
        return 0
    index = np.rint(images.index_of(path)).astype(np.int64)
    index = np.clip(index, 0, np.array(parts.cavity.shape) - 1)
    inside = np.flatnonzero(parts.cavity[tuple(index.T)])
    if not len(inside):
        return 0
    along = _along(path)
    for cut, out in ((inside[-1], along[-1] - along[inside[-1]]), (inside[0], along[inside[0]])):
        if out >= EXIT_MM and 2 <= cut < len(path) - 2:
            return int(cut)
    return 0


def _along(path: Points) -> Points:
    """Length of the path up to each of its points, mm."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])


def _skeleton(images: Images, parts: Compartments) -> tuple[Skeleton, int]:
    fine, factor = divide_lumen(images, parts)
    skeleton = scale_skeleton(trace_skeleton(fine), factor)
    if not len(skeleton.nodes):
        return skeleton, 0
    covered = SPUR_RADII * _Lumen(parts.vessel).measure(skeleton.nodes) + 1.0
    least = np.maximum(_least_spur(parts) / min(images.spacing), covered)
    noise = read_noise(parts.stream, parts.cavity & ~parts.vessel)
    lumen = _Lumen(parts.vessel, images.spacing)
    skeleton, links = cut_touches(
        prune_spurs(skeleton, least), images, parts.stream, noise, lumen.measure
    )
    skeleton = close_mouths(skeleton, images, parts.stream, _lengthened(parts))
    return skeleton, len(links)


def _least_spur(parts: Compartments) -> float:
    """Length (mm) up to which a strand with a free end is a spur: the longer in noise."""
    return SPUR_LEAST_MM * _lengthened(parts)


def _lengthened(parts: Compartments) -> float:
    """How much longer noise makes the spurs of the mask, 1 and more."""
    if parts.calm is None:
        return 1.0
    noise = read_noise(parts.rise, parts.cavity & ~parts.vessel)
    return min(max(noise / CALM_HU, 1.0), SPUR_MOST)


@dataclass(frozen=True)
class _Lumen:
    """A mask of vessels, and the size of its voxels (in voxels unless it is given, mm)."""

    mask: Mask
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @cached_property
    def _outside(self) -> cKDTree:
        """The voxels round the mask."""
        shell = grow_voxels(np.argwhere(self.mask), self.mask.shape, 1)
        return cKDTree(shell[~self.mask[tuple(shell.T)]] * np.array(self.spacing))

    def measure(self, places: Points) -> Points:
        """How far places (N, 3, voxel indices), or a voxel next to them, lie from the outside."""
        steps = np.array(list(np.ndindex(3, 3, 3))) - 1
        most = np.array(self.mask.shape) - 1
        middles = np.clip(np.rint(places).astype(np.int64), 0, most)
        around = np.clip(middles[:, None] + steps, 0, most)
        inside = self.mask[tuple(np.moveaxis(around, -1, 0))]
        away, _ = self._outside.query(around.reshape(-1, 3) * np.array(self.spacing))
        return np.asarray(np.where(inside, away.reshape(inside.shape), 0.0).max(axis=1))


def find_step(path: Points, radius: Points) -> int:
    """The point of a path where its calibre steps, or 0 where it does not.

    A sinus and a vein that runs on from its end make one unbranched line; they are two
    vessels when the mean radius changes by STEP_RATIO, each at least STEP_LEAST_MM long.
    """
    along = _along(path)
    logs = np.log(radius)
    best, found = np.inf, 0
    for cut in range(2, len(path) - 2):
        if min(along[cut], along[-1] - along[cut]) < STEP_LEAST_MM:
            continue
        first, second = logs[:cut], logs[cut:]
        rest = float(((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum())
        if rest < best and abs(first.mean() - second.mean()) > np.log(STEP_RATIO):
            best, found = rest, cut
    return found


def _radii(blood: Blood, paths: list[Points]) -> list[Points]:
    if not paths:
        return []
    return [
        _tube_radius(path, volume)
        for path, volume in zip(paths, hold_blood(paths, blood), strict=True)
    ]


def _tube_radius(path: Points, volume: Points) -> Points:
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    reach = np.zeros(len(path))
    reach[:-1] += 0.5 * steps
    reach[1:] += 0.5 * steps
    width = 2.0
    held = ndimage.gaussian_filter1d(volume, width, mode="nearest")
    long = ndimage.gaussian_filter1d(reach, width, mode="nearest")
    result: Points = np.sqrt(np.maximum(held, 0.0) / (np.pi * np.maximum(long, 1e-6)))
    return np.maximum(result, LEAST_RADIUS_MM)
