"""Places where two vessels only touch: the contrast dips between them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.images import FloatGrid, Images
from diptych.anatomy.lumen import sample_field
from diptych.kernels.skeleton import Skeleton, Strand, count_ends, drop_strand

TOUCH_MM = 8.0
"""A link between two vessels that is longer is a vessel, however faint."""
DIP = 0.75
"""Share of the contrast of the vessels it links, below which a link is no lumen."""
WIDE_MM, WIDE_DIP = 1.7, 0.6
"""Depth in the lumen from which both ends of a link may be of sinuses, and the share for these:
a sinus that is lost misleads more than one too many (of four such links in 30 generated pairs,
three were of a sinus with itself and held 0.42 to 0.48, one was a sinus's only mouth and 0.75)."""
DRAIN_MM = 100.0
"""Vessels that have a drain of their own are longer together, for it goes to the neck."""
CLEAR = 3.0
BESIDE_MM = (1.5, 5.0)
SAMPLE_MM = 0.4

Points = NDArray[np.float64]


def cut_touches(
    skeleton: Skeleton,
    images: Images,
    rise: FloatGrid,
    noise: float = 0.0,
    measure: Callable[[Points], Points] | None = None,
) -> tuple[Skeleton, tuple[Points, ...]]:
    """The skeleton (voxel indices) without links that are no lumen, and these links.

    Only links between two branch points are judged. The faintest goes first; what is left
    at its ends is joined. A link stays when without it a piece shorter than DRAIN_MM would
    hang on nothing: then it is all that is seen of a vein's mouth. It also stays when the
    dip is less than CLEAR times the noise (standard deviation, HU), or when both its ends lie in
    wide lumens and the dip is less deep. `measure` gives how far places (N, 3, voxel indices) lie
    from the outside of the lumen, mm; without it no lumen is wide.
    """
    links: list[Points] = []
    while True:
        degree = count_ends(skeleton)
        depths = [
            (depth, number)
            for number, strand in enumerate(skeleton.strands)
            if (depth := _depth(skeleton, strand, degree, images, (rise, noise))) < DIP
            and not (depth >= WIDE_DIP and _is_wide(strand, measure))
            and not _is_mouth(skeleton, number, images)
        ]
        if not depths:
            return skeleton, tuple(links)
        number = min(depths)[1]
        links.append(skeleton.strands[number].path)
        skeleton = drop_strand(skeleton, number)


def _is_wide(strand: Strand, measure: Callable[[Points], Points] | None) -> bool:
    return measure is not None and float(measure(strand.path[[0, -1]]).min()) >= WIDE_MM


def _is_mouth(skeleton: Skeleton, number: int, images: Images) -> bool:
    """Whether a small part of the vessels hangs on this strand alone."""
    rest = [strand for n, strand in enumerate(skeleton.strands) if n != number]
    reach = {skeleton.strands[number].start}, {skeleton.strands[number].end}
    lengths = []
    for found in reach:
        size = 0
        while len(found) != size:
            size = len(found)
            for strand in rest:
                if {strand.start, strand.end} & found:
                    found |= {strand.start, strand.end}
        steps = [
            np.linalg.norm(np.diff(strand.path * np.array(images.spacing), axis=0), axis=1).sum()
            for strand in rest
            if strand.start in found
        ]
        lengths.append(float(sum(steps)))
    return reach[0] != reach[1] and min(lengths) < DRAIN_MM


def _depth(
    skeleton: Skeleton,
    strand: Strand,
    degree: NDArray[np.int64],
    images: Images,
    contrast: tuple[FloatGrid, float],
) -> float:
    """Least contrast along a link, as a share of that of the fainter vessel at its ends."""
    if strand.start == strand.end or min(degree[strand.start], degree[strand.end]) < 3:
        return 1.0
    line = _between(strand.path, images, 0.0, np.inf)
    if len(line) * SAMPLE_MM > TOUCH_MM:
        return 1.0
    rise, noise = contrast
    least = _least_along(line, rise)
    ends = (strand.start, strand.end)
    beside = min(_mean_of(_leaving(skeleton, strand, node), images, rise) for node in ends)
    if beside - least < CLEAR * noise:
        return 1.0
    return round(least / max(beside, 1e-6), 9)


def read_fade(
    link: Points, beside: tuple[list[Points], list[Points]], images: Images, rise: FloatGrid
) -> float:
    """Least contrast along a link as a share of that of the fainter vessel at its ends; 1 for
    one longer than TOUCH_MM.

    link : (N, 3) LPS+ mm; beside : the paths that leave its first and its last point
    """
    line = _between(images.index_of(link), images, 0.0, np.inf)
    if len(line) * SAMPLE_MM > TOUCH_MM:
        return 1.0
    ends = [_mean_of([images.index_of(p) for p in paths], images, rise) for paths in beside]
    return round(_least_along(line, rise) / max(min(ends), 1e-6), 9)


def _least_along(line: Points, rise: FloatGrid) -> float:
    along = np.convolve(sample_field(rise, line), np.ones(3) / 3.0, mode="same")
    return float(along[1:-1].min() if len(along) > 2 else along.min())


def _leaving(skeleton: Skeleton, link: Strand, node: int) -> list[Points]:
    """Paths of the other strands at a node, from it."""
    return [
        strand.path if strand.start == node else strand.path[::-1]
        for strand in skeleton.strands
        if strand is not link and node in (strand.start, strand.end)
    ]


def _mean_of(paths: list[Points], images: Images, rise: FloatGrid) -> float:
    """Mean contrast of paths a little away from their first point."""
    lines = [_between(path, images, *BESIDE_MM) for path in paths]
    return float(np.mean([sample_field(rise, line).mean() for line in lines]))


def _between(path: Points, images: Images, first: float, last: float) -> Points:
    """Points (indices) every SAMPLE_MM along a path from `first` to `last` mm of it."""
    steps = np.linalg.norm(np.diff(path * np.array(images.spacing), axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    low, high = min(first, 0.5 * along[-1]), min(last, along[-1])
    where = np.linspace(low, high, max(round((high - low) / SAMPLE_MM) + 1, 3))
    return np.stack([np.interp(where, along, path[:, axis]) for axis in range(3)], axis=1)
