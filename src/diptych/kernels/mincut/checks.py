"""What a minimum cut may be asked for; everything else is refused by name."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.model.checks import require

LARGEST = 2**30 - 1
"""Largest capacity of one edge: flows both ways and their sums must fit their types."""

STEPS = 16383.0
"""Units that the largest float cost is given (14 bits)."""

MOST_VOXELS = 2**31 - 2**20
"""Voxels are numbered in 32 bits, with a border."""


def check_cost(cost: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """Costs as small whole numbers and the scale (units per unit of cost); or InputError.

    Whole costs keep scale 1. Floats are rounded down to units of 1/16383 of the largest, but
    tissue never to 0.
    """
    require(
        cost.ndim == 3 and cost.size > 0,
        f"cost has shape {cost.shape}, expected three axes, none empty",
        remedy="give one cost per voxel, shape (I, J, K)",
    )
    require(
        cost.size < MOST_VOXELS,
        f"cost has {cost.size} voxels, expected fewer than {MOST_VOXELS}",
        remedy="crop the volume to the tissue, or use larger voxels",
    )
    require(
        cost.dtype.kind in "uif",
        f"cost is of type {cost.dtype}, expected integers or floats",
        remedy="give numbers",
    )
    low, high = cost.min(), cost.max()
    require(
        bool(np.isfinite(low) and np.isfinite(high)),
        f"cost holds values that are not finite: from {low} to {high}",
        remedy="give every voxel a finite cost, 0 where there is no tissue",
    )
    require(low >= 0, f"cost goes down to {low}, expected 0 or more", remedy="shift the costs")
    if cost.dtype.kind == "f":
        return _quantise(cost, float(high))
    require(
        high <= LARGEST // 2,
        f"cost goes up to {high}, expected at most {LARGEST // 2}: sums would overflow",
        remedy="divide all costs by a common factor",
    )
    return as_plain(cost, _narrow(int(high))), 1.0


def recheck_cost(
    cost: NDArray[Any], shape: tuple[int, ...], scale: float, floats: bool
) -> NDArray[Any]:
    """Other costs of the same grid, in the same units; InputError for bad ones."""
    require(
        cost.shape == shape,
        f"new_cost has shape {cost.shape}, expected {shape} like the cost before",
        remedy="give all costs, changed or not",
    )
    require(
        cost.dtype.kind != "f" or bool(np.isfinite(cost.min()) and np.isfinite(cost.max())),
        "new_cost holds values that are not finite (NaN or infinite)",
        remedy="give every voxel a finite cost, 0 where there is no tissue",
    )
    require(
        cost.dtype.kind in ("uif" if floats else "ui"),
        f"new_cost is of type {cost.dtype}, expected the kind of numbers given before",
        remedy="give integers where the first costs were integers",
    )
    if not floats:
        return check_cost(cost)[0]
    low, high = float(cost.min()), float(cost.max())
    require(
        low >= 0 and np.isfinite(high) and high * scale <= LARGEST // 2,
        f"new_cost goes from {low} to {high}, expected 0 to {LARGEST // 2 / scale}",
        remedy="solve anew: the scale of the first cut does not fit",
    )
    return _round_down(cost, scale, np.uint16 if high * scale < 2**16 else np.int32)


def as_plain(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """The array in one piece, native, writable for the compiler; a copy only when it must be."""
    return np.require(array, dtype=dtype, requirements=["C", "W", "A"])


def _narrow(high: int) -> type[np.integer[Any]]:
    if high < 2**8:
        return np.uint8
    return np.uint16 if high < 2**16 else np.int32


def _quantise(cost: NDArray[Any], high: float) -> tuple[NDArray[Any], float]:
    scale = STEPS / high if high > 0.0 else 1.0
    require(
        bool(np.isfinite(scale)),
        f"cost goes up to {high} only, too little to scale, expected more than 1e-300",
        remedy="multiply all costs by a common factor",
    )
    return _round_down(cost, scale, np.uint16), scale


def _round_down(cost: NDArray[Any], scale: float, kind: Any) -> NDArray[Any]:
    """Whole units, rounded down, but tissue never to 0; plane by plane, to save memory."""
    units = np.empty(cost.shape, dtype=kind)
    for plane, out in zip(cost, units, strict=True):
        scaled = np.floor(plane.astype(np.float64) * scale)
        out[...] = np.maximum(scaled, plane > 0.0)
    return units


def check_seeds(seeds: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Seeds as uint8; InputError when wrong in shape, type or code."""
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
    return as_plain(seeds, np.uint8)


class Survey:
    """What one pass over costs and seeds found.

    corner, shape : of the smallest block that holds all tissue
    counts : seeds of each kind
    stray, touching : seeds outside tissue, and pairs of seeds that meet
    axes : the three axes, the one along which the two kinds of seeds lie farthest apart
        first, the others as they come
    """

    def __init__(self, found: NDArray[np.int64]) -> None:
        self.counts = (int(found[0]), int(found[1]))
        self.stray, self.touching = int(found[2]), int(found[3])
        low, high = found[4:7], found[7:10]
        self.corner = (int(low[0]), int(low[1]), int(low[2]))
        i, j, k = (int(b - a + 1) for a, b in zip(low, high, strict=True))
        self.shape = (i, j, k)
        centres = [found[10 + 3 * n : 13 + 3 * n] / max(1, found[n]) for n in range(2)]
        apart = np.abs(centres[0] - centres[1])
        first = int(np.argmax(apart))
        second, third = (axis for axis in range(3) if axis != first)
        self.axes = (first, second, third)


def survey(cost: NDArray[Any], seeds: NDArray[np.uint8], ahead: NDArray[np.int64]) -> Survey:
    """Where tissue and seeds lie; InputError for missing, stray or touching seeds."""
    found = np.zeros(16, dtype=np.int64)
    _survey(cost, seeds, ahead, found)
    result = Survey(found)
    for code, name in ((1, "source"), (2, "sink")):
        require(
            result.counts[code - 1] > 0,
            f"no {name} seed given (code {code})",
            remedy=f"mark at least one tissue voxel with {code}",
        )
    require(
        result.stray == 0,
        f"{result.stray} seeds lie where the cost is 0, where there is no tissue",
        remedy="put seeds on tissue, or give those voxels a cost above 0",
    )
    require(
        result.touching == 0,
        f"source and sink seeds touch at {result.touching} places,"
        " expected at least one free voxel between them",
        remedy="clear the seeds where they meet, so that the cut can pass between them",
    )
    return result


@compiled
def _survey(
    cost: NDArray[Any],
    seeds: NDArray[np.uint8],
    ahead: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    ni, nj, nk = cost.shape
    for axis in range(3):
        found[4 + axis] = cost.shape[axis]
        found[7 + axis] = -1
    for i in range(ni):
        for j in range(nj):
            mixed = 0
            marked = 0
            for k in range(nk):
                mixed |= cost[i, j, k]
                marked |= seeds[i, j, k]
            if mixed == 0 and marked == 0:
                continue
            if mixed != 0:
                first = 0
                while cost[i, j, first] == 0:
                    first += 1
                last = nk - 1
                while cost[i, j, last] == 0:
                    last -= 1
                found[4] = min(found[4], i)
                found[5] = min(found[5], j)
                found[6] = min(found[6], first)
                found[7] = max(found[7], i)
                found[8] = max(found[8], j)
                found[9] = max(found[9], last)
            if marked == 0:
                continue
            row = seeds[i, j]
            _count_seeds(cost[i, j], row, i, j, found)
            for h in range(len(ahead)):
                a, b, c = i + ahead[h, 0], j + ahead[h, 1], ahead[h, 2]
                if 0 <= a < ni and 0 <= b < nj:
                    low, high = max(0, -c), min(nk, nk - c)
                    found[3] += _count_meetings(row[low:high], seeds[a, b, low + c : high + c])


@compiled
def _count_seeds(
    cost: NDArray[Any], seeds: NDArray[np.uint8], i: int, j: int, found: NDArray[np.int64]
) -> None:
    """Seeds of each kind in a row, the sums of their places, and those in air."""
    stray = 0
    for k in range(seeds.size):
        stray += (seeds[k] != 0) & (cost[k] == 0)
    found[2] += stray
    for kind in range(1, 3):
        many = along = 0
        for k in range(seeds.size):
            many += seeds[k] == kind
            along += k if seeds[k] == kind else 0
        found[kind - 1] += many
        found[7 + 3 * kind] += many * i
        found[8 + 3 * kind] += many * j
        found[9 + 3 * kind] += along


@compiled
def _count_meetings(here: NDArray[np.uint8], there: NDArray[np.uint8]) -> int:
    """Places where a seed of one kind stands beside one of the other."""
    most = np.uint8(0)
    for k in range(here.size):
        most = max(most, here[k] ^ there[k])
    found = 0
    if most == 3:
        for k in range(here.size):
            found += here[k] + there[k] == 3 and here[k] != 0 and there[k] != 0
    return found


def check_unary(
    unary: NDArray[Any] | None, shape: tuple[int, ...], scale: float
) -> NDArray[np.int64] | None:
    """Unary terms in capacity units as int64 (floats rounded towards 0), or None."""
    if unary is None:
        return None
    require(
        unary.shape == shape and unary.dtype.kind in "uif",
        f"unary has shape {unary.shape} and type {unary.dtype}, expected numbers of shape {shape}",
        remedy="give one number per voxel",
    )
    low, high = unary.min(), unary.max()
    require(
        bool(np.isfinite(low) and np.isfinite(high)),
        f"unary holds values that are not finite: from {low} to {high}",
        remedy="give every voxel a finite number, 0 for no preference",
    )
    worst = max(abs(float(low)), abs(float(high))) * scale
    require(
        worst <= LARGEST,
        f"unary goes up to {worst:.0f} capacity units, expected at most {LARGEST}",
        remedy="divide costs and unary terms by a common factor",
    )
    if unary.dtype.kind != "f" and scale == 1.0:
        return as_plain(unary, np.int64)
    return as_plain(np.trunc(unary.astype(np.float64) * scale), np.int64)


def check_mask(
    mask: NDArray[Any] | None, shape: tuple[int, ...], name: str
) -> NDArray[np.uint8] | None:
    """A mask of booleans as uint8, or None when there is none or it is empty of truth."""
    if mask is None:
        return None
    found = np.asarray(mask)
    require_mask(found, shape, name)
    return as_plain(found, np.uint8)


def require_mask(mask: NDArray[Any], shape: tuple[int, ...], name: str) -> None:
    """InputError for anything but booleans of this shape."""
    require(
        mask.shape == shape and mask.dtype.kind == "b",
        f"{name} has shape {mask.shape} and type {mask.dtype}, expected booleans of shape {shape}",
        remedy="give one true or false per voxel",
    )


def check_spacing(spacing: Any, neighbours: Any) -> tuple[float, float, float]:
    """The voxel size as three floats; InputError for anything but 6 or 26 neighbours."""
    given = tuple(spacing) if np.iterable(spacing) else ()
    real = all(isinstance(size, (int, float, np.integer, np.floating)) for size in given)
    sizes = tuple(float(size) for size in given) if real else ()
    require(
        len(sizes) == 3 and all(np.isfinite(size) and size > 0 for size in sizes),
        f"spacing is {spacing!r}, expected three finite numbers above 0",
        remedy="give the voxel size along each axis",
    )
    require(
        neighbours in (6, 26),
        f"neighbours is {neighbours}, expected 6 or 26",
        remedy="use 6 for faces, 26 for faces, edges and corners",
    )
    return sizes[0], sizes[1], sizes[2]


def check_weights(cost: NDArray[Any], weights: NDArray[np.int64]) -> None:
    """InputError when the heaviest edge would overflow."""
    heaviest = 2 * int(cost.max()) * int(weights.max())
    require(
        heaviest <= LARGEST,
        f"the heaviest edge would cost {heaviest}, expected at most {LARGEST}: sums would overflow",
        remedy="divide all costs by a common factor",
    )


def check_threads(threads: Any) -> int:
    """1 or 2; InputError for anything else."""
    require(
        isinstance(threads, int) and threads in (1, 2),
        f"threads is {threads!r}, expected 1 or 2",
        remedy="use 1, or 2 for one thread a twin",
    )
    return int(threads)


def check_engine(engine: Any, gap: Any) -> None:
    """InputError unless the engine is known and the gap a share above 0."""
    require(
        engine in ("exact", "primal-dual"),
        f"engine is {engine!r}, expected 'exact' or 'primal-dual'",
        remedy="use 'exact' for a proof, 'primal-dual' for a preview with a certified gap",
    )
    require(
        isinstance(gap, (int, float)) and 0 < gap < 1,
        f"gap is {gap!r}, expected a share above 0 and below 1",
        remedy="use 0.001 for a cut that is at most 0.1 % from the best",
    )


def check_capacities(
    capacities: NDArray[Any], source: NDArray[Any], sink: NDArray[Any]
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
    return as_plain(capacities, np.int32)
