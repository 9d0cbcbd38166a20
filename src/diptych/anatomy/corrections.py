"""What people say about owners, on the voxels and on the vessels of the case."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.crop import crop_ground, crop_sides, paste_sides
from diptych.anatomy.drainage import Drainage
from diptych.anatomy.images import Box, Images
from diptych.anatomy.junction import junction_figures, unit_of
from diptych.anatomy.measures import measure_brains
from diptych.anatomy.ownership import (
    Ground,
    Sides,
    block_round,
    divide_again,
    to_boundary,
)
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Branch, Tree
from diptych.kernels.distance import measure_distance
from diptych.model import Corrections, InputError, Measured, Owner, OwnerSeed, Volume

OLD_INTERVALS = (
    "the intervals of the junction's figures are as wide as before the last correction: they are"
    " measured again by the next diptych plan"
)
MOST_OF_IT = 0.5
"""Share of a vessel's centreline that paint must cover to speak of the vessel."""
SURE = 1.0
FREE_MM, RIM_MM = 16.0, 4.0
"""How far from the last boundary a corrected one is sought, and what it must keep off the rim."""

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What people said, in the box.

    tissue : (I, J, K) uint8, 0 nothing, 1 A, 2 B, 3 shared, of tissue that is no vessel
    painted : the same as painted, vessels too, without the balls
    vessels : the balls with their centre in a vessel
    """

    tissue: Codes
    painted: Codes
    vessels: tuple[OwnerSeed, ...]


def read_said(corrections: Corrections, images: Images, parts: Compartments) -> Said:
    """Corrections on the voxels of the box.

    Raises InputError when paint is not on the case's grid, or when a seed or all paint lies
    in air: then it is on another case, or in other coordinates.
    """
    painted = np.zeros(images.body.shape, dtype=np.uint8)
    for volume in corrections.painted:
        layer = _on_box(volume, images)
        painted = np.where(layer > 0, layer, painted)
    tissue = painted.copy()
    of_vessels = []
    for seed in corrections.seeds:
        box, ball = _ball(seed, images)
        if _in_vessel(seed, images, parts):
            of_vessels.append(seed)
        else:
            tissue[box][ball] = int(seed.owner)
    tissue[parts.vessel | ~images.body] = 0
    return Said(tissue=tissue, painted=painted, vessels=tuple(of_vessels))


def _on_box(volume: Volume, images: Images) -> Codes:
    if not volume.same_grid(images.grid):
        raise InputError(
            f"painted owners {volume.source!r} have shape {volume.shape} and voxels of"
            f" {_words(volume.spacing)} mm, which is not the grid of the case"
            f" ({images.grid.shape}, {_words(images.grid.spacing)} mm, the same position)",
            remedy="paint on the CT of the case, or on ownership.nii.gz that Diptych wrote, or"
            " delete the file from the case's folder corrections",
        )
    layer = volume.voxels[images.box].astype(np.uint8)
    if not ((layer > 0) & images.body).any():
        raise InputError(
            f"painted owners {volume.source!r} have nothing painted in tissue",
            remedy="paint 1 for A, 2 for B or 3 for shared on the heads",
        )
    return np.where(images.body, layer, 0).astype(np.uint8)


def _words(numbers: tuple[float, ...]) -> str:
    return " x ".join(f"{number:.2f}" for number in numbers)


def _ball(seed: OwnerSeed, images: Images) -> tuple[Box, NDArray[np.bool_]]:
    """The block round a seed and its ball in it; InputError unless it holds tissue.

    A ball smaller than a voxel is the voxel that its centre lies in.
    """
    middle = images.index_of(np.array(seed.position))
    reach = np.ceil(seed.radius / np.array(images.spacing)) + 1.0
    shape = np.array(images.body.shape)
    low = np.clip(np.floor(middle - reach), 0, shape).astype(np.int64)
    high = np.clip(np.ceil(middle + reach) + 1, low, shape).astype(np.int64)
    x, y, z = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    offset = np.moveaxis(np.indices(high - low), 0, -1) + low - middle
    away = np.linalg.norm(offset * np.array(images.spacing), axis=-1)
    ball = (away <= seed.radius) | (np.abs(offset) <= 0.5).all(axis=-1)
    if not (ball & images.body[x, y, z]).any():
        raise InputError(
            f"the seed at {_words(seed.position).replace(' x ', ', ')} mm with radius"
            f" {seed.radius:g} mm lies in air, expected tissue of the heads",
            remedy="give its position in LPS+ mm, as the pictures and tables show it, or delete"
            " it from the case's folder corrections",
        )
    return (x, y, z), ball


def _in_vessel(seed: OwnerSeed, images: Images, parts: Compartments) -> bool:
    index = np.rint(images.index_of(np.array(seed.position))).astype(np.int64)
    if (index < 0).any() or (index >= images.body.shape).any():
        return False
    return bool(parts.vessel[tuple(index)])


def divide_as_told(
    ground: Ground, first: Sides, corrections: Corrections
) -> tuple[Sides, Said, tuple[str, ...]]:
    """The sides by the images, again with what people said; and a note if they did."""
    said = read_said(corrections, ground.images, ground.parts)
    if not corrections.seeds and not corrections.painted:
        return first, said, ()
    sides = divide_locally(ground, first, said.tissue)
    return sides, said, (describe_change(corrections, first, sides, ground.images.voxel_ml),)


def divide_locally(ground: Ground, sides: Sides, said: Codes) -> Sides:
    """The sides once people have spoken, sought round the boundary that they correct.

    What is said near the boundary moves it near by: only a layer of FREE_MM to both sides
    is sought anew, and as much round what is said farther away. Where that is not enough,
    all is sought.
    """
    if not sides.faces.any():
        return divide_again(ground, sides, said)
    reach = round((FREE_MM + RIM_MM) / min(ground.images.spacing))
    block = block_round(sides.faces | (said > 0), reach)
    near, found, told = crop_ground(ground, block), crop_sides(sides, block), said[block]
    away = to_boundary(near.images, found.side)
    if (away[told > 0] > FREE_MM - RIM_MM).any():
        away = np.minimum(away, measure_distance(told == 0, near.images.spacing))
    seeds = np.where(away > FREE_MM, found.side, near.territory.seeds).astype(np.uint8)
    held = replace(near, territory=replace(near.territory, seeds=seeds))
    part = divide_again(held, found, told)
    if (away[part.faces] > FREE_MM - RIM_MM).any():
        return divide_again(ground, sides, said)
    return paste_sides(sides, block, part)


def correct_branches(drainage: Drainage, tree: Tree, images: Images, said: Said) -> Drainage:
    """The owners of branches, those that people spoke of as they said.

    A ball speaks of the one branch whose lumen holds its centre; paint of each branch that
    it covers at least half of.
    """
    owners, sure = list(drainage.owner), list(drainage.confidence)
    told = [_painted_owner(branch, images, said.painted) for branch in tree.branches]
    for seed in said.vessels:
        told[_nearest(seed, tree)] = seed.owner
    for number, owner in enumerate(told):
        if owner is not None:
            owners[number], sure[number] = owner, SURE
    return replace(drainage, owner=tuple(owners), confidence=tuple(sure))


def _painted_owner(branch: Branch, images: Images, painted: Codes) -> Owner | None:
    index = np.rint(images.index_of(branch.path)).astype(np.int64)
    index = np.clip(index, 0, np.array(painted.shape) - 1)
    counts = np.bincount(painted[tuple(index.T)], minlength=4)[:4]
    code = int(counts[1:].argmax()) + 1
    return Owner(code) if counts[code] >= MOST_OF_IT * len(branch.path) else None


def _nearest(seed: OwnerSeed, tree: Tree) -> int:
    gaps = [
        float(np.linalg.norm(branch.path - np.array(seed.position), axis=1).min())
        for branch in tree.branches
    ]
    return int(np.argmin(gaps))


def stand_by(codes: Codes, sure: Codes, said: Said) -> tuple[Codes, Codes]:
    """Owner codes and confidence with what people said of tissue laid over them."""
    return (
        np.where(said.tissue > 0, said.tissue, codes).astype(np.uint8),
        np.where(said.tissue > 0, 100, sure).astype(np.uint8),
    )


def describe_change(corrections: Corrections, before: Sides, after: Sides, voxel_ml: float) -> str:
    """One sentence: how much was said, and how much tissue changed sides by it."""
    moved = float(np.count_nonzero(before.side != after.side)) * voxel_ml
    return (
        f"owners were corrected by people: {len(corrections.seeds)} seeds and"
        f" {len(corrections.painted)} painted volumes; {moved:.1f} ml changed sides"
    )


def measure_corrected(
    ground: Ground, tissues: Codes, sides: Sides, before: Mapping[str, Measured]
) -> dict[str, Measured]:
    """The figures of `measure_junction` as they are now, with intervals as wide as `before`.

    What takes its time in an interval is to divide the images again and again; a correction
    is to be seen at once. `OLD_INTERVALS` says so; a figure that was not there before has no
    width at all.
    """
    found = junction_figures(ground.images, tissues, ground.parts, sides)
    figures = {name: _as_wide(name, value, before.get(name)) for name, value in found.items()}
    return figures | measure_brains(ground.images, tissues, sides)


def _as_wide(name: str, value: float, before: Measured | None) -> Measured:
    unit = unit_of(name)
    low, high = (before.low - before.value, before.high - before.value) if before else (0.0, 0.0)
    top = 1.0 if unit == "1" else float("inf")
    return Measured(
        value=value, low=max(value + low, 0.0), high=max(min(value + high, top), value), unit=unit
    )
