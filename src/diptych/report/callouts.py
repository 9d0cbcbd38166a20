"""Numbers beside a picture with lines to what they name, so that none hides another.

Every badge stands in a column at the left or right edge; in each column they keep the order of
their points from above, so that lines cross little.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """x of the badges at the left and right, top and bottom between which they stand, and how
    far apart their middles are at least, drawing units.
    """

    left: float
    right: float
    top: float
    bottom: float
    apart: float


def least_height(count: int, apart: float) -> float:
    """Room from top to bottom that so many badges need, drawing units."""
    return apart * max((count + 1) // 2, 1)


def place_callouts(points: FloatArray, margins: Margins) -> FloatArray:
    """Places (N, 2) of the badges of the points (N, 2).

    The half of the points farther to the left have theirs at the left. The room must be that
    of `least_height` at least, else badges stand closer than `apart`.
    """
    places = np.zeros((len(points), 2))
    order = sorted(range(len(points)), key=lambda n: (float(points[n, 0]), float(points[n, 1]), n))
    half = (len(order) + 1) // 2
    for column, x in ((order[:half], margins.left), (order[half:], margins.right)):
        down = sorted(column, key=lambda n: (float(points[n, 1]), n))
        places[down, 0] = x
        places[down, 1] = spread_apart([float(points[n, 1]) for n in down], margins)
    return places


def spread_apart(wanted: Sequence[float], margins: Margins) -> list[float]:
    """Heights, sorted, as near the wanted ones (sorted) as can be and no closer than `apart`.

    Those in each other's way share the distance (isotonic regression by pooling neighbours).
    """
    if not wanted:
        return []
    room, last = margins.bottom - margins.top, len(wanted) - 1
    apart = min(margins.apart, room / last) if last else 0.0
    pools: list[tuple[float, int]] = []
    for n, height in enumerate(wanted):
        mean, count = height - n * apart, 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        pools.append((mean, count))
    means = [mean for mean, count in pools for _ in range(count)]
    most = margins.bottom - last * apart
    return [min(max(mean, margins.top), most) + n * apart for n, mean in enumerate(means)]
