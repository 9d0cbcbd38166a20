"""Means of an image along short straight strokes, which calm noise but leave tubes as bright."""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.model.checks import require

WAYS = 49
"""Directions over the half sphere: none is farther than 12 degrees from the next."""
REACH = 2.0
"""A stroke ends so many standard deviations from its middle."""


def spread_ways(count: int = WAYS) -> NDArray[np.float64]:
    """Unit vectors (N, 3), evenly spread over a half sphere (a golden spiral)."""
    number = np.arange(count) + 0.5
    height = 1.0 - number / count
    turn = np.pi * (1.0 + np.sqrt(5.0)) * number
    around = np.sqrt(1.0 - height**2)
    return np.stack([around * np.cos(turn), around * np.sin(turn), height], axis=1)


def average_strokes(
    image: NDArray[np.float32],
    places: NDArray[np.int64],
    spacing: tuple[float, float, float],
    length: float,
    ends: float = 0.5,
) -> NDArray[np.float32]:
    """The mean (N,) at some voxels (N, 3) of the stroke through each that is brightest.

    Strokes are weighed as a Gaussian of `length` (standard deviation, in voxels of the finest
    side), read by linear interpolation. By the share `ends` of both arms' weight, the
    fainter arm counts for both: where only one arm lies in something bright, the stroke
    does not run along it. Raises InputError when the length is not positive.
    """
    require(
        length > 0.0,
        f"length of strokes is {length}, expected more than 0 voxels",
        remedy="give the standard deviation of a stroke in voxels",
    )
    steps = spread_ways() * (min(spacing) / np.array(spacing))
    weights = np.exp(-0.5 * (np.arange(int(np.ceil(REACH * length)) + 1) / length) ** 2)
    weights /= weights[0] + 2.0 * weights[1:].sum()
    padded = np.pad(image, 1, mode="edge")
    found = np.empty(len(places), dtype=np.float32)
    _average(padded, places + 1, steps, weights, ends, found)
    return found


@compiled
def _average(image, places, steps, weights, ends, found):  # type: ignore[no-untyped-def]
    for n in range(len(places)):
        i, j, k = places[n]
        middle, best = weights[0] * image[i, j, k], -np.inf
        for way in range(len(steps)):
            a, b, c = steps[way]
            ahead, behind = 0.0, 0.0
            for m in range(1, len(weights)):
                ahead += weights[m] * _read(image, i + m * a, j + m * b, k + m * c)
                behind += weights[m] * _read(image, i - m * a, j - m * b, k - m * c)
            arms = (1.0 - ends) * (ahead + behind) + 2.0 * ends * min(ahead, behind)
            best = max(best, middle + arms)
        found[n] = best


@compiled
def _read(image, x, y, z):  # type: ignore[no-untyped-def]
    x = min(max(x, 0.0), image.shape[0] - 1.001)
    y = min(max(y, 0.0), image.shape[1] - 1.001)
    z = min(max(z, 0.0), image.shape[2] - 1.001)
    i, j, k = int(x), int(y), int(z)
    a, b, c = x - i, y - j, z - k
    near = (image[i, j, k] * (1.0 - a) + image[i + 1, j, k] * a) * (1.0 - b)
    near += (image[i, j + 1, k] * (1.0 - a) + image[i + 1, j + 1, k] * a) * b
    far = (image[i, j, k + 1] * (1.0 - a) + image[i + 1, j, k + 1] * a) * (1.0 - b)
    far += (image[i, j + 1, k + 1] * (1.0 - a) + image[i + 1, j + 1, k + 1] * a) * b
    return near * (1.0 - c) + far * c
