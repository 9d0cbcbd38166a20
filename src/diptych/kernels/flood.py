"""Seeded watershed: markers flood a landscape from its lowest places upwards.

The order of Vincent & Soille 1991 (doi:10.1109/34.87344), with one queue for each level of the
landscape instead of one heap for all voxels: the time grows with the voxels alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.model.checks import require

LEVELS = 1 << 14
"""Most levels: keys must fit 16 bits, with room for the sign."""


def flood(
    height: NDArray[np.float32], markers: NDArray[Any], mask: NDArray[np.bool_], step: float
) -> NDArray[np.int8]:
    """Which marker floods each voxel of the mask first, (I, J, K) int8, 0 where none does.

    height : (I, J, K) finite numbers; what is lower is flooded earlier
    markers : (I, J, K) whole numbers 0 (none) to 127
    mask : voxels that may be flooded; markers outside it do not count
    step : heights within one step count as equal; among equals the nearer marker (in voxels
        that share a face) is first

    Memory beside the result: 7 bytes a voxel. Raises InputError where the heights span more
    than LEVELS steps, or shapes differ.
    """
    shapes = {np.shape(array) for array in (height, markers, mask)}
    require(
        len(shapes) == 1 and height.ndim == 3,
        f"height, markers and mask have shapes {sorted(shapes)}, expected one of three axes",
        remedy="give arrays of one grid",
    )
    if not mask.any():
        return np.zeros(mask.shape, dtype=np.int8)
    inside = height[mask]
    low, high = float(inside.min()), float(inside.max())
    require(
        step > 0.0 and (high - low) / step < LEVELS,
        f"heights from {low:g} to {high:g} in steps of {step:g},"
        f" expected fewer than {LEVELS} steps above 0",
        remedy="give a larger step",
    )
    keys = np.full(tuple(n + 2 for n in mask.shape), -1, dtype=np.int16)
    inner = (slice(1, -1),) * 3
    keys[inner][mask] = ((inside - np.float32(low)) / np.float32(step)).astype(np.int16)
    labels = np.zeros(keys.shape, dtype=np.int8)
    labels[inner][mask] = markers[mask]
    _, rows, columns = keys.shape
    levels = int(keys.max()) + 1
    _flood(keys.reshape(-1), labels.reshape(-1), rows * columns, columns, levels)
    return labels[inner].copy()


@compiled
def _flood(
    keys: NDArray[np.int16], labels: NDArray[np.int8], plane: int, row: int, levels: int
) -> None:
    """Floods in place; each level is a queue through `after`, first in, first out."""
    after = np.empty(keys.size, dtype=np.int32)
    first = np.full(levels, -1, dtype=np.int32)
    last = np.full(levels, -1, dtype=np.int32)
    for v in range(keys.size):
        if labels[v] != 0:
            after[v] = -1
            level = keys[v]
            if first[level] < 0:
                first[level] = v
            else:
                after[last[level]] = v
            last[level] = v
    steps = (-plane, -row, -1, 1, row, plane)
    level = 0
    while level < levels:
        v = first[level]
        if v < 0:
            level += 1
            continue
        first[level] = after[v]
        here = level
        for step in steps:
            w = v + step
            key = keys[w]
            if key < 0 or labels[w] != 0:
                continue
            labels[w] = labels[v]
            after[w] = -1
            if first[key] < 0:
                first[key] = w
            else:
                after[last[key]] = w
            last[key] = w
            here = min(here, key)
        level = here
