"""The boundary of a fine scan: sought on fewer voxels first, then on all of them near by."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.crop import coarser_steps, thin_ground
from diptych.anatomy.ownership import Ground, Sides, divide_tissue, to_boundary

NARROW_MM = 10.0
"""Tissue farther than this from the rough boundary keeps its side."""


def divide_finely(ground: Ground) -> Sides:
    """The side of each voxel of the body, as `divide_tissue` finds it.

    Where voxels are finer than about COARSE_MM the whole is divided on every second one or
    so; what lies farther than NARROW_MM from that boundary keeps its side, and the boundary
    is sought on all voxels between. It is the best surface of that zone, not proven to be the
    best of all.
    """
    every = coarser_steps(ground.images)
    if every != (1, 1, 1):
        seeds = _far_sides(ground, every)
        ground = replace(ground, territory=replace(ground.territory, seeds=seeds))
    return divide_tissue(ground.images, ground.parts, ground.territory, ground.errors)


def _far_sides(ground: Ground, every: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Seeds (I, J, K): the territories, and what lies far from the rough boundary."""
    thin = thin_ground(ground, every)
    rough = divide_tissue(thin.images, thin.parts, thin.territory, ground.errors)
    sure = np.where(to_boundary(thin.images, rough.side) > NARROW_MM, rough.side, 0)
    sure = sure.astype(np.uint8)
    for axis, step in enumerate(every):
        sure = sure.repeat(step, axis)
    own, body = ground.territory.seeds, ground.images.body
    i, j, k = own.shape
    return np.where(own > 0, own, np.where(body, sure[:i, :j, :k], 0)).astype(np.uint8)
