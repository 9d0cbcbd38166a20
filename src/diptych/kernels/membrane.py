"""A membrane stretched over a floor: the obstacle problem on a flat grid, by relaxation."""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

Heights = NDArray[np.float64]


def stretch_membrane(
    floor: Heights, free: NDArray[np.bool_], *, rounds: int, relax: float
) -> Heights:
    """The heights (P, Q) after so many rounds of projected successive over-relaxation.

    floor : (P, Q) where the membrane starts and what it never sinks below
    free : (P, Q) places that move; none may lie on the border
    relax : 1 is Gauss-Seidel; above 1 and below 2 is faster

    Places are visited in two colours like a chessboard's, so that the result has no direction.
    """
    lid = np.array(floor, dtype=np.float64)
    _relax(lid, np.ascontiguousarray(floor, dtype=np.float64), free, rounds, relax)
    return lid


@compiled
def _relax(
    lid: Heights, floor: Heights, free: NDArray[np.bool_], rounds: int, relax: float
) -> None:
    rows, columns = lid.shape
    for _ in range(rounds):
        for colour in range(2):
            for p in range(1, rows - 1):
                for q in range(1 + (p + 1 + colour) % 2, columns - 1, 2):
                    if free[p, q]:
                        mean = (lid[p - 1, q] + lid[p + 1, q] + lid[p, q - 1] + lid[p, q + 1]) / 4
                        lid[p, q] = max(floor[p, q], lid[p, q] + relax * (mean - lid[p, q]))
