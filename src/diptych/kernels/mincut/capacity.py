"""Capacities of edges, from whichever form the problem was given in.

Compiled code asks for the capacity of the edge between `v` and its neighbour `w` ahead of it
along half-direction `a` (`ahead`: from v to w, `behind`: from w to v). `edges` is a tuple:

- `(cost,)`: `c_v + c_w`
- `(cost, walled, weights)`: `weights[a] * (c_v + c_w)`, or `weights[a] * 2 * min(c_v, c_w)`
  where one of the two is walled and the other is not
- `(forward, backward)`: what stands in these two (N, H) arrays

Which one is decided when the caller is compiled, so it costs nothing at run time. Callers
never ask about an edge to air.
"""

from typing import Any

import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

Edges = tuple[NDArray[Any], ...]


def ahead(edges: Edges, v: Any, w: Any, a: Any) -> Any:
    """Capacity from v to w; stands for the compiled forms below."""
    raise NotImplementedError


def behind(edges: Edges, v: Any, w: Any, a: Any) -> Any:
    """Capacity from w to v."""
    raise NotImplementedError


def _plain(edges, v, w, a):  # type: ignore[no-untyped-def]
    return np.int64(edges[0][v]) + np.int64(edges[0][w])


def _weighted(edges, v, w, a):  # type: ignore[no-untyped-def]
    mine, other = np.int64(edges[0][v]), np.int64(edges[0][w])
    if edges[1][v] != edges[1][w]:
        return edges[2][a] * 2 * min(mine, other)
    return edges[2][a] * (mine + other)


def _explicit_ahead(edges, v, w, a):  # type: ignore[no-untyped-def]
    return np.int64(edges[0][v, a])


def _explicit_behind(edges, v, w, a):  # type: ignore[no-untyped-def]
    return np.int64(edges[1][v, a])


@overload(ahead)
def _ahead(edges, v, w, a):  # type: ignore[no-untyped-def]
    return {1: _plain, 2: _explicit_ahead, 3: _weighted}[len(edges)]


@overload(behind)
def _behind(edges, v, w, a):  # type: ignore[no-untyped-def]
    return {1: _plain, 2: _explicit_behind, 3: _weighted}[len(edges)]
