"""Tissue that people say must not be cut: each piece of it stays whole with one twin.

A piece that holds tissue which surely belongs to a twin goes to that twin; one that holds such
tissue of both cannot stay whole. Any other piece costs so much inside that no cut which has
another way goes through it. The cut may run along its outside; where a vessel touches it, the
wall between both counts as inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.components import label_components
from diptych.kernels.mincut.checks import LARGEST
from diptych.kernels.mincut.grid import edge_weights, neighbour_steps
from diptych.model import Demands, Infeasible, InputError, Volume
from diptych.separation.cut import Parting, severed_pairs
from diptych.separation.ground import Ground

NEVER = 2**23
"""Cost of a voxel that must not be cut: far above all of a cut, far below what overflows."""
_FAR = 1e6
"""Voxels; farther than any grid is wide."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spared:
    """One region: its name, and its tissue (I, J, K) bool on the whole grid."""

    name: str
    tissue: NDArray[np.bool_]


def find_spared(demands: Demands, tissues: Volume) -> tuple[Spared, ...]:
    """The regions of the demands on the case's grid.

    Raises InputError for a painted volume on another grid and for a region without tissue.
    """
    solid = tissues.voxels != 0
    found = [Spared(name=v.source, tissue=_paint(v, tissues) & solid) for v in demands.painted]
    found += [
        Spared(name=ball.name, tissue=_ball(ball.position, float(ball.radius), tissues) & solid)
        for ball in demands.balls
    ]
    for region in found:
        if not region.tissue.any():
            raise InputError(
                f"never cut {region.name}: there is no tissue there",
                remedy="give its place in LPS+ mm, or paint it on the case's own grid",
            )
    return tuple(found)


def _paint(volume: Volume, tissues: Volume) -> NDArray[np.bool_]:
    if not volume.same_grid(tissues):
        raise InputError(
            f"never cut {volume.source}: painted on a grid of {volume.shape}, the case has"
            f" {tissues.shape} or lies elsewhere",
            remedy="paint it on a series of the case, and save it on that grid",
        )
    if volume.voxels.dtype.kind == "f" and not np.isfinite(volume.voxels).all():
        raise InputError(
            f"never cut {volume.source}: holds values that are no numbers",
            remedy="save it as a label image: 0 where nothing is painted, 1 where it is",
        )
    painted: NDArray[np.bool_] = volume.voxels != 0
    return painted


def _ball(
    position: tuple[float, float, float], radius: float, tissues: Volume
) -> NDArray[np.bool_]:
    """Voxels whose centres lie in the ball; at least the one in its middle."""
    middle = tissues.to_index(np.array([position], dtype=np.float64))[0]
    reach = np.ceil(np.minimum(radius / np.array(tissues.spacing), _FAR)).astype(np.int64) + 1
    mask = np.zeros(tissues.shape, dtype=np.bool_)
    nearest = np.round(np.clip(middle, -_FAR, _FAR)).astype(np.int64)
    low = np.maximum(nearest - reach, 0)
    high = np.minimum(nearest + reach + 1, tissues.shape)
    if (low >= high).any():
        return mask
    places = np.stack(
        np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"),
        axis=-1,
    )
    away = np.linalg.norm(tissues.to_lps(places.astype(np.float64)) - np.array(position), axis=-1)
    inside = (away <= radius) | (places == nearest).all(axis=-1)
    mask[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))] = inside
    return mask


def spare_tissue(ground: Ground, regions: Sequence[Spared]) -> Ground:
    """The ground with the regions so dear, or so surely owned, that no cut goes through them.

    Raises Infeasible (exit code 4) for a piece that holds what surely belongs to both, and where
    no tissue is left for the cut to pass.
    """
    if not regions:
        return ground
    seeds, dear = ground.seeds.copy(), np.zeros(ground.seeds.shape, dtype=np.bool_)
    for region in regions:
        _spare_one(region, ground, seeds, dear)
    _require_room(regions, seeds[ground.block], ground)
    free = dear[ground.block]
    field = replace(
        ground.field,
        cost=np.where(free, np.int32(_price(ground)), ground.field.cost),
        vessel=ground.field.vessel | free,
    )
    return replace(ground, seeds=seeds, field=field)


def _price(ground: Ground) -> int:
    """NEVER, or less where voxels are so flat that the cut could not take it."""
    weights = edge_weights(neighbour_steps(ground.policy.neighbours), ground.spacing)
    return min(NEVER, LARGEST // (2 * int(weights.max())))


def _require_room(regions: Sequence[Spared], seeds: NDArray[np.uint8], ground: Ground) -> None:
    """Raises Infeasible where tissue kept for A lies beside tissue kept for B; within the block."""
    pairs, _ = severed_pairs(seeds, ground.policy.neighbours, ground.spacing)
    meet = np.zeros(seeds.shape, dtype=np.bool_)
    meet.reshape(-1)[pairs] = True
    names = [region.name for region in regions if (region.tissue[ground.block] & meet).any()]
    if names:
        words = (
            *(f"never cut {name}" for name in names),
            "tissue that surely belongs to one twin would lie beside tissue of the other, with"
            " none left between for the cut to pass",
        )
        raise Infeasible(
            f"{' and '.join(words[:-1])} cannot be met: {words[-1]}",
            remedy="paint a smaller region",
            conflicts=words,
        )


def _spare_one(
    region: Spared, ground: Ground, seeds: NDArray[np.uint8], dear: NDArray[np.bool_]
) -> None:
    pieces = label_components(region.tissue)
    for number in range(1, pieces.count + 1):
        piece = pieces.labels == number
        twins = [code for code in (1, 2) if (ground.seeds[piece] == code).any()]
        if len(twins) == 2:
            raise _spans_both(region.name)
        if twins:
            seeds[piece] = twins[0]
        else:
            dear |= piece


def _spans_both(name: str) -> Infeasible:
    words = (
        f"never cut {name}",
        "a piece of it holds tissue that surely belongs to twin A and tissue that surely"
        " belongs to twin B",
    )
    return Infeasible(
        f"{words[0]} cannot be met: {words[1]}",
        remedy="paint a smaller region, or two that do not touch",
        conflicts=words,
    )


def refuse_severed(regions: Sequence[Spared], partings: Sequence[Parting], ground: Ground) -> None:
    """Raises Infeasible where a cut goes through a region all the same."""
    for region in regions:
        pieces = label_components(region.tissue[ground.block])
        for parting in partings:
            with_a = np.unique(pieces.labels[(parting.side == 1) & (pieces.labels > 0)])
            with_b = np.unique(pieces.labels[(parting.side == 2) & (pieces.labels > 0)])
            if np.intersect1d(with_a, with_b).size:
                words = (f"never cut {region.name}", "every other way costs still more")
                raise Infeasible(
                    f"{words[0]} cannot be met: {words[1]}",
                    remedy="paint a smaller region",
                    conflicts=words,
                )


def tell_spared(regions: Sequence[Spared], volume: float) -> tuple[str, ...]:
    """The regions in words; `volume` : of a voxel, ml."""
    return tuple(
        f"never cut {region.name} ({region.tissue.sum() * volume:.2f} ml)" for region in regions
    )
