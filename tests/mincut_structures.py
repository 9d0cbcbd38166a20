"""Larger problems for the minimum cut, whose structure a coarse grid does not see.

Each function makes costs and seeds of one shape; `decoys` leads a pyramid to the wrong place.
"""

import sys
from pathlib import Path

import numpy as np
from mincut_cases import Case, chance_of, part_seeds
from scipy import ndimage


def _flat_seeds(shape):
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    return seeds


def tilted_sheet(shape, chance):
    """One cheap sheet, one voxel thick, with dear patches in it, and a dull way around."""
    i, j, k = np.indices(shape)
    cost = chance.integers(45, 60, shape)
    height = np.round(shape[0] * 0.3 + 0.35 * j + 0.15 * k).astype(int)
    cost[i == height] = 1
    cost[(i == height) & ((j // 5 + k // 3) % 7 == 0)] = 55
    return cost, _flat_seeds(shape)


def two_valleys(shape, chance):
    """Two sheets of nearly equal price, far apart."""
    cost = chance.integers(30, 40, shape)
    for place in (shape[0] // 4, shape[0] - shape[0] // 4):
        cost[place] = 2
        cost[place + 1] = chance.integers(1, 4, shape[1:])
    return cost, _flat_seeds(shape)


def checkerboard(shape, chance):
    odd = np.indices(shape).sum(axis=0) % 2
    return np.where(odd, 1, 80), _flat_seeds(shape)


def comb(shape, chance):
    """Teeth of air from both ends: every flow has to go to and fro."""
    cost = chance.integers(1, 9, shape)
    for tooth, place in enumerate(range(3, shape[0] - 3, 4)):
        gap = slice(3, None) if tooth % 2 else slice(None, -3)
        cost[place, gap] = 0
    return cost, _flat_seeds(shape)


def shells(shape, chance):
    """A ball of source in shells; two of them are thin and cheap, one has holes."""
    size = min(shape)
    i, j, k = (axis - (n - 1) / 2 for axis, n in zip(np.indices(shape), shape, strict=True))
    away = np.sqrt(i**2 + j**2 + k**2)
    cost = chance.integers(20, 30, shape)
    cost[np.abs(away - size * 0.4) < 0.6] = 1
    cost[(np.abs(away - size * 0.3) < 0.6) & (chance.random(shape) < 0.9)] = 1
    cost[away > size * 0.48] = 0
    seeds = np.where(away < size * 0.15, 1, np.where(away > size * 0.45, 2, 0))
    return cost, np.where(cost > 0, seeds, 0).astype(np.uint8)


def corridor(shape, chance):
    """A winding passage through air, one voxel wide, with one cheapest place."""
    cost = np.zeros(shape, dtype=np.int64)
    path = []
    for turn, i in enumerate(range(0, shape[0], 2)):
        row = [(i, j, 0) for j in range(shape[1])][:: 1 if turn % 2 == 0 else -1]
        path += [*row, (i + 1, *row[-1][1:])] if i + 2 < shape[0] else row
    for place in path:
        cost[place] = chance.integers(5, 90)
    cost[path[len(path) // 2]] = 2
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds[path[0]], seeds[path[-1]] = 1, 2
    return cost, seeds


def smooth_hills(shape, chance):
    rough = ndimage.gaussian_filter(chance.normal(size=shape), 2.0)
    return np.maximum(1, np.exp(2.5 + 10 * rough)).astype(np.int64), _flat_seeds(shape)


def off_grid_sheets(shape, chance):
    """Cheap planes on both sides of each eighth plane: coarse voxels mix dear and cheap."""
    cost = chance.integers(20, 90, shape)
    for place in range(7, shape[0] - 1, 8):
        cost[place, ::2], cost[place + 1, 1::2] = 1, 1
    return cost, _flat_seeds(shape)


def swiss_cheese(shape, chance):
    """Large holes, and balls of seeds strewn about."""
    rough = ndimage.gaussian_filter(chance.normal(size=shape), 1.5)
    cost = np.where(rough > np.quantile(rough, 0.3), chance.integers(1, 60, shape), 0)
    seeds = np.zeros(shape, dtype=np.uint8)
    for ball in range(14):
        centre = np.reshape(chance.integers(0, shape), (3, 1, 1, 1))
        near = ((np.indices(shape) - centre) ** 2).sum(axis=0) < (min(shape) / 9) ** 2
        seeds[near] = 1 + ball % 2
    seeds[cost == 0] = 0
    return cost, seeds


def needles(shape, chance):
    """Dear needles across a cheap plane: lone bridges that a coarse grid smears out."""
    cost = chance.integers(10, 14, shape)
    cost[shape[0] // 2 - 1 : shape[0] // 2 + 1] = 1
    cost[:, chance.random(shape[1:]) < 0.04] = 127
    return cost, _flat_seeds(shape)


def level(shape, chance):
    """Constant cost: every plane is a minimum cut, only the first is the smallest side."""
    return np.full(shape, 3), _flat_seeds(shape)


def crossing_vessels(shape, chance):
    """A cheap bent interface that dear tubes cross, as vessels do between two heads."""
    i, j, k = np.indices(shape)
    bend = shape[0] / 2 + 3 * np.sin(j / 4) * np.cos(k / 5)
    cost = np.where(np.abs(i - bend) < 1.2, 3, chance.integers(40, 80, shape))
    for _ in range(6):
        a, b = (float(chance.uniform(3, n - 3)) for n in shape[1:])
        lean, radius = chance.uniform(-0.3, 0.3), chance.uniform(0.8, 2.0)
        away = np.hypot(j - a - lean * (i - shape[0] / 2), k - b)
        cost[away < radius] = 120
    return cost, _flat_seeds(shape)


def staircase(shape, chance):
    """Cheap steps a coarse voxel high, each joined to the next by a dear riser."""
    i, j, k = np.indices(shape)
    tread = 4 + 4 * ((j + k) // 8)
    cost = chance.integers(30, 50, shape)
    cost[i == np.minimum(tread, shape[0] - 3)] = 1
    return cost, _flat_seeds(shape)


def decoys(shape, chance):
    """Sheets in patches at two heights, cheap along every line yet dear to follow.

    A coarse grid that adds up the cheapest edge of each line takes one of them; the true cut
    is a dull plane elsewhere.
    """
    cost = chance.integers(40, 80, shape)
    odd = (np.indices(shape[1:]) // 2).sum(axis=0) % 2 == 1
    for place in (4, 9, shape[0] // 2):
        for lift in range(2):
            cost[place + lift, odd] = 1
            cost[place + 2 + lift, ~odd] = 1
    cost[-9:-7] = chance.integers(9, 13, (2, *shape[1:]))
    return cost, _flat_seeds(shape)


STRUCTURES = (
    tilted_sheet,
    two_valleys,
    checkerboard,
    comb,
    shells,
    corridor,
    smooth_hills,
    off_grid_sheets,
    swiss_cheese,
    needles,
    level,
    crossing_vessels,
    staircase,
    decoys,
)


def build_structure(make, size, **options):
    """A larger case by one of `STRUCTURES`: turned, no cube, its seeds parted."""
    number = STRUCTURES.index(make)
    shape = (size, size - number % 4, size - number % 3)
    axes = ((0, 1, 2), (1, 2, 0), (2, 0, 1))[(size + number) % 3]
    cost, seeds = (np.transpose(array, axes) for array in make(shape, chance_of(size, number)))
    return Case(
        name=f"{make.__name__} {size} {options}",
        cost=np.ascontiguousarray(cost),
        seeds=part_seeds(seeds, options.get("neighbours", 6)),
        options=options,
    )


def build_phantom(size, kind):
    """The head phantom of the benchmark."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
    try:
        from phantom import make_phantom
    finally:
        sys.path.pop(0)
    cost, seeds = make_phantom(size, kind)
    return Case(name=f"phantom {size} {kind}", cost=cost, seeds=part_seeds(seeds, 6))
