"""How far a cut of rounded costs can be from the best cut of the costs given."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.result import Cut

_FLOATS = 1e-12
"""Relative error allowed to sums in double precision, on top."""


def measure_rounding(cut: Cut, cost: NDArray[Any], unary: NDArray[Any] | None) -> Cut:
    """The cut with its `gap`: what its labels cost, in the floats given, above the best at most.

    Costs were rounded down, so what the labels cost exceeds the lower bound by the fractions
    on the edges they sever, and no other cut costs less than the flow. Tissue too cheap for
    one unit was rounded up to it; all that this can add to a flow is allowed for as well.
    """
    network = cut.network
    if network is None or (
        cost.dtype.kind != "f" and (unary is None or np.asarray(unary).dtype.kind != "f")
    ):
        return cut
    given = network.given
    assert given.cost is not None
    terms = np.zeros((0, 0, 0)) if unary is None else np.asarray(unary, dtype=np.float64)
    whole = given.unary if given.unary is not None else np.zeros((0, 0, 0), dtype=np.int64)
    walled = given.walled if given.walled is not None else np.zeros((0, 0, 0), dtype=np.uint8)
    lost = _sum_fractions(
        np.ascontiguousarray(cost, dtype=np.float64),
        given.cost,
        walled,
        given.weights,
        given.ahead,
        cut.labels,
        given.seeds,
        np.ascontiguousarray(terms),
        whole,
        given.scale,
    )
    gap = (lost + _FLOATS * cut.value) / given.scale
    return replace(cut, gap=float(gap))


@compiled
def _sum_fractions(  # noqa: PLR0917 - numba takes no dataclass
    cost: NDArray[np.float64],
    units: NDArray[Any],
    walled: NDArray[np.uint8],
    weights: NDArray[np.int64],
    ahead: NDArray[np.int64],
    labels: NDArray[np.uint8],
    seeds: NDArray[np.uint8],
    unary: NDArray[np.float64],
    terms: NDArray[np.int64],
    scale: float,
) -> float:
    """In units: fractions on severed edges, and all that was rounded up on any edge."""
    ni, nj, nk = units.shape
    lost = 0.0
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                mine = labels[i, j, k]
                if mine == 0:
                    continue
                for h in range(len(ahead)):
                    a, b, c = i + ahead[h, 0], j + ahead[h, 1], k + ahead[h, 2]
                    if not (0 <= a < ni and 0 <= b < nj and 0 <= c < nk):
                        continue
                    other = labels[a, b, c]
                    if other == 0:
                        continue
                    p, q = cost[i, j, k] * scale, cost[a, b, c] * scale
                    u, w = np.int64(units[i, j, k]), np.int64(units[a, b, c])
                    if walled.size > 0 and walled[i, j, k] != walled[a, b, c]:
                        more = weights[h] * 2.0 * (min(p, q) - min(u, w))
                    else:
                        more = weights[h] * ((p - u) + (q - w))
                    if other != mine:
                        lost += max(more, 0.0)
                    if p < u or q < w:
                        up = max(u - p, 0.0) + max(w - q, 0.0)
                        lost += weights[h] * 2.0 * up
                if unary.size > 0 and seeds[i, j, k] == 0:
                    paid = abs(unary[i, j, k]) * scale - abs(terms[i, j, k])
                    if (unary[i, j, k] > 0 and mine == 2) or (unary[i, j, k] < 0 and mine == 1):
                        lost += max(paid, 0.0)
    return lost
