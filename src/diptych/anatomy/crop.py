"""A block cut out of what a case's boundary is sought in, and put back."""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from diptych.anatomy.images import Box, Images
from diptych.anatomy.ownership import Ground, Sides, find_faces
from diptych.anatomy.tissues import Compartments

COARSE_MM = 1.25
"""Voxels as large as this show all that the boundary follows."""


def crop_ground(ground: Ground, block: Box) -> Ground:
    """The ground inside a block of its box, the territory's seeds too."""
    images = ground.images
    whole = images.box
    box = tuple(
        slice(outer.start + inner.start, outer.start + inner.stop)
        for outer, inner in zip(whole, block, strict=True)
    )
    start = np.array([part.start for part in block], dtype=np.float64)
    affine = images.affine.copy()
    affine[:3, 3] = images.position_of(start)
    return replace(
        ground,
        territory=replace(ground.territory, seeds=ground.territory.seeds[block]),
        images=replace(
            images,
            plain=images.plain[block],
            venous=images.venous[block],
            base=None if images.base is None else images.base[block],
            body=images.body[block],
            box=(box[0], box[1], box[2]),
            affine=affine,
        ),
        parts=_take(ground.parts, block),
    )


def coarser_steps(images: Images) -> tuple[int, int, int]:
    """Every how many voxels along each axis make voxels of about COARSE_MM."""
    i, j, k = (max(1, round(COARSE_MM / length)) for length in images.spacing)
    return i, j, k


def thin_ground(ground: Ground, every: tuple[int, int, int]) -> Ground:
    """The ground on every so many voxels along each axis, as if scanned so coarsely."""
    i, j, k = (slice(None, None, step) for step in every)
    block = (i, j, k)
    images = ground.images
    affine = images.affine.copy()
    affine[:3, :3] *= np.array(every)
    plain = images.plain[block]
    a, b, c = plain.shape
    return replace(
        ground,
        territory=replace(ground.territory, seeds=ground.territory.seeds[block]),
        images=replace(
            images,
            plain=plain,
            venous=images.venous[block],
            base=None if images.base is None else images.base[block],
            body=images.body[block],
            box=(slice(0, a), slice(0, b), slice(0, c)),
            grid=replace(images.grid, voxels=plain, affine=affine),
            affine=affine,
        ),
        parts=_take(ground.parts, block),
    )


def _take(parts: Compartments, block: Box) -> Compartments:
    return Compartments(
        bone=parts.bone[block],
        cavity=parts.cavity[block],
        vessel=parts.vessel[block],
        depth=parts.depth[block],
        lumps=parts.lumps[block],
        rise=parts.rise[block],
    )


def thin_sides(sides: Sides, every: tuple[int, int, int]) -> Sides:
    """The sides on the same voxels; their faces are found anew."""
    i, j, k = (slice(None, None, step) for step in every)
    thin = replace(sides, **{name: grid[i, j, k] for name, grid in _grids(sides).items()})
    return replace(thin, faces=find_faces(thin.side))


def crop_sides(sides: Sides, block: Box) -> Sides:
    """The sides inside a block of their box."""
    return replace(sides, **{name: grid[block] for name, grid in _grids(sides).items()})


def paste_sides(sides: Sides, block: Box, part: Sides) -> Sides:
    """The sides with what was found anew in a block."""
    found, pasted = _grids(part), {}
    for name, grid in _grids(sides).items():
        pasted[name] = grid.copy()
        pasted[name][block] = found[name]
    return replace(sides, **pasted)


def _grids(sides: Sides) -> dict[str, Any]:
    """The arrays of sides by the names of their fields."""
    values = {field.name: getattr(sides, field.name) for field in fields(sides)}
    return {name: grid for name, grid in values.items() if grid is not None}
