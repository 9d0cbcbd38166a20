"""What a minimum cut may be asked for; everything else is refused by name."""

import numpy as np
from numpy.typing import NDArray

from diptych.model.checks import require

LARGEST = 2**30 - 1
"""Largest capacity of one edge: both directions together must fit 31 bits."""

_FLOAT_STEPS = 16383.0


def check_cost(cost: NDArray[np.generic]) -> tuple[NDArray[np.int32], float]:
    """Costs as int32 and the scale (units per unit of cost); InputError for bad ones."""
    require(
        cost.ndim == 3 and cost.size > 0,
        f"cost has shape {cost.shape}, expected three axes, none empty",
        remedy="give one cost per voxel, shape (I, J, K)",
    )
    require(
        cost.dtype.kind in "uif",
        f"cost is of type {cost.dtype}, expected integers or floats",
        remedy="give numbers",
    )
    if cost.dtype.kind == "f":
        return _quantise(cost.astype(np.float64))
    low, high = int(cost.min()), int(cost.max())
    require(low >= 0, f"cost goes down to {low}, expected 0 or more", remedy="shift the costs")
    require(
        high <= LARGEST // 2,
        f"cost goes up to {high}, expected at most {LARGEST // 2}: sums would overflow",
        remedy="divide all costs by a common factor",
    )
    return np.ascontiguousarray(cost, dtype=np.int32), 1.0


def _quantise(cost: NDArray[np.float64]) -> tuple[NDArray[np.int32], float]:
    bad = int(cost.size - np.isfinite(cost).sum())
    require(
        bad == 0,
        f"cost holds {bad} values that are not finite (NaN or infinite)",
        remedy="give every voxel a finite cost, 0 where there is no tissue",
    )
    low, high = float(cost.min()), float(cost.max())
    require(low >= 0.0, f"cost goes down to {low}, expected 0 or more", remedy="shift the costs")
    scale = _FLOAT_STEPS / high if high > 0.0 else 1.0
    steps = np.ceil(cost * scale - 0.5)
    steps[(cost > 0.0) & (steps < 1.0)] = 1.0
    return steps.astype(np.int32), scale


def check_seeds(
    seeds: NDArray[np.generic], shape: tuple[int, ...], tissue: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Seeds as uint8; InputError when wrong in shape or code, missing, or in air."""
    require(
        seeds.shape == shape,
        f"seeds have shape {seeds.shape}, expected {shape} like the cost",
        remedy="give one seed code per voxel: 0 none, 1 source, 2 sink",
    )
    require(
        seeds.dtype.kind in "ui" and int(seeds.min()) >= 0 and int(seeds.max()) <= 2,
        f"seeds are {seeds.dtype} from {seeds.min()} to {seeds.max()},"
        " expected whole numbers 0, 1, 2",
        remedy="use 0 for none, 1 for source, 2 for sink",
    )
    for code, name in ((1, "source"), (2, "sink")):
        require(
            bool((seeds == code).any()),
            f"no {name} seed given (code {code})",
            remedy=f"mark at least one tissue voxel with {code}",
        )
    stray = int(((seeds != 0) & ~tissue).sum())
    require(
        stray == 0,
        f"{stray} seeds lie where the cost is 0, where there is no tissue",
        remedy="put seeds on tissue, or give those voxels a cost above 0",
    )
    return np.ascontiguousarray(seeds, dtype=np.uint8)


def check_unary(
    unary: NDArray[np.generic] | None, shape: tuple[int, ...], scale: float
) -> NDArray[np.int64] | None:
    """Unary terms in capacity units as int64, or None."""
    if unary is None:
        return None
    require(
        unary.shape == shape and unary.dtype.kind in "uif",
        f"unary has shape {unary.shape} and type {unary.dtype}, expected numbers of shape {shape}",
        remedy="give one number per voxel",
    )
    require(
        unary.dtype.kind != "f" or bool(np.isfinite(unary).all()),
        "unary holds values that are not finite (NaN or infinite)",
        remedy="give every voxel a finite number, 0 for no preference",
    )
    terms = np.round(unary.astype(np.float64) * scale)
    worst = float(np.abs(terms).max())
    require(
        worst <= LARGEST,
        f"unary goes up to {worst:.0f} capacity units, expected at most {LARGEST}",
        remedy="divide costs and unary terms by a common factor",
    )
    return np.ascontiguousarray(terms, dtype=np.int64)


def check_walled(walled: NDArray[np.generic] | None, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The walled mask as uint8, all 0 when there is none."""
    if walled is None:
        return np.zeros(shape, dtype=np.uint8)
    mask = np.asarray(walled)
    require(
        mask.shape == shape and mask.dtype.kind == "b",
        f"walled has shape {mask.shape} and type {mask.dtype}, expected booleans of shape {shape}",
        remedy="give one true or false per voxel",
    )
    return mask.astype(np.uint8)


def check_spacing(spacing: tuple[float, float, float], neighbours: int) -> None:
    """InputError unless three positive finite sizes and 6 or 26 neighbours."""
    require(
        len(spacing) == 3 and all(np.isfinite(size) and size > 0 for size in spacing),
        f"spacing is {spacing}, expected three finite numbers above 0",
        remedy="give the voxel size along each axis",
    )
    require(
        neighbours in (6, 26),
        f"neighbours is {neighbours}, expected 6 or 26",
        remedy="use 6 for faces, 26 for faces, edges and corners",
    )


def check_weights(cost: NDArray[np.int32], weights: NDArray[np.int64]) -> None:
    """InputError when the heaviest edge would overflow."""
    heaviest = 2 * int(cost.max()) * int(weights.max())
    require(
        heaviest <= LARGEST,
        f"the heaviest edge would cost {heaviest}, expected at most {LARGEST}: sums would overflow",
        remedy="divide all costs by a common factor",
    )


def check_capacities(
    capacities: NDArray[np.generic], source: NDArray[np.generic], sink: NDArray[np.generic]
) -> NDArray[np.int32]:
    """Capacities (6, I, J, K) as int32; InputError for anything else."""
    require(
        capacities.ndim == 4 and capacities.shape[0] == 6 and capacities.size > 0,
        f"capacities have shape {capacities.shape}, expected (6, I, J, K)",
        remedy="give six capacities per voxel, in the order +i, -i, +j, -j, +k, -k",
    )
    require(
        capacities.dtype.kind in "ui",
        f"capacities are of type {capacities.dtype}, expected whole numbers",
        remedy="scale and round the capacities",
    )
    low, high = int(capacities.min()), int(capacities.max())
    require(
        low >= 0 and high <= LARGEST,
        f"capacities go from {low} to {high}, expected 0 to {LARGEST}",
        remedy="divide all capacities by a common factor",
    )
    for name, mask in (("source", source), ("sink", sink)):
        require(
            mask.shape == capacities.shape[1:] and mask.dtype.kind == "b",
            f"{name} has shape {mask.shape} and type {mask.dtype},"
            f" expected booleans of shape {capacities.shape[1:]}",
            remedy="give one true or false per voxel",
        )
        require(bool(mask.any()), f"no {name} voxel given", remedy=f"mark at least one {name}")
    both = int(np.logical_and(source, sink).sum())
    require(
        both == 0,
        f"{both} voxels are source and sink at once: no cut can part them",
        remedy="mark each voxel as one of the two at most",
    )
    return np.ascontiguousarray(capacities, dtype=np.int32)
