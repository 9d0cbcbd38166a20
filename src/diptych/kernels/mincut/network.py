"""A problem laid out for the solver, with what is known of its solution."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.capacity import Edges
from diptych.kernels.mincut.certificate import Claim, certify_flow
from diptych.kernels.mincut.grid import Carver, Layout, copy_turned, sparse_zeros
from diptych.kernels.mincut.level import Level, Workers, most_excess, put_away
from diptych.kernels.mincut.result import Cut

_SHORT = (1 << 15) - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """A checked problem; whole arrays in the caller's order.

    cost or capacities : see `certificate.Claim`
    weights, ahead : by half-direction
    seeds : (I, J, K) uint8; unary : (I, J, K) int64 or None; walled : uint8 or None
    scale : as in `result.Cut`; floats : whether costs were given as floats
    prices : unary terms as given
    """

    cost: NDArray[Any] | None = None
    capacities: NDArray[Any] | None = None
    weights: NDArray[np.int64]
    walled: NDArray[np.uint8] | None = None
    seeds: NDArray[np.uint8]
    unary: NDArray[np.int64] | None = None
    ahead: NDArray[np.int64]
    scale: float = 1.0
    floats: bool = False
    prices: NDArray[Any] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the grid."""
        i, j, k = self.seeds.shape
        return i, j, k

    @property
    def plain(self) -> bool:
        """Whether every edge is just the sum of two costs."""
        return self.walled is None and bool((self.weights == 1).all())


@dataclass(slots=True, kw_only=True, eq=False)
class Network:
    """The problem as given, as laid out, and the flow found so far (`level.flow`).

    level : None once another cut has gone on from here with these arrays
    """

    given: Given
    layout: Layout
    level: Level | None


def lay_out(given: Given, layout: Layout, workers: Workers, most_unary: int = 0) -> Network:
    """A network without flow: seeds and tissue in `level.code`, all free tissue on side 1.

    most_unary : the largest unary term, in units, that is still to come
    """
    edges = _edges(given, layout, workers)
    size, half = layout.size, len(given.ahead)
    largest = _largest_edge(given)
    most = 2 * 2 * half * largest + max(_largest_unary(given), most_unary)
    code = layout.pad(given.seeds, split=workers.split)
    if given.cost is None:
        tissue = layout.pad(np.ones(given.shape, dtype=np.uint8))
        _write_codes(code, tissue)
    else:
        _write_codes(code, edges[0])
    level = Level(
        edges=edges,
        off=layout.offsets(given.ahead),
        shape=layout.padded,
        code=code,
        flow=sparse_zeros((size, half), np.int16 if largest <= _SHORT else np.int32),
        excess=sparse_zeros(size, _type_of_excess(most)),
        labels=[sparse_zeros(size, np.int16)] * 2,
        both=given.capacities is not None,
        mixed=np.zeros(0, dtype=np.int64),
    )
    if given.unary is not None:
        set_supply(level, layout.pad(given.unary))
        level.excess += level.supply
    return Network(given=given, layout=layout, level=level)


def set_supply(level: Level, supply: NDArray[Any]) -> None:
    """Unary terms of a padded grid; those at seeds and in air do not count."""
    supply[(level.code != 1) & (level.code != 2)] = 0
    level.supply = supply.astype(level.excess.dtype)


def _type_of_excess(most: int) -> Any:
    return next(kind for kind in (np.int16, np.int32, np.int64) if most <= most_excess(kind))


def _edges(given: Given, layout: Layout, workers: Workers) -> Edges:
    if given.capacities is not None:
        return _explicit_edges(given.capacities, layout)
    assert given.cost is not None
    cost = layout.pad(given.cost, split=workers.split)
    if given.plain:
        return (cost,)
    walled = (
        np.zeros(layout.size, dtype=np.uint8) if given.walled is None else layout.pad(given.walled)
    )
    return cost, walled, given.weights[layout.order(len(given.weights))]


def _explicit_edges(capacities: NDArray[Any], layout: Layout) -> Edges:
    """(N, 3) capacities ahead and back, by half-direction."""
    forward = np.zeros((layout.size, 3), dtype=np.int32)
    backward = np.zeros((layout.size, 3), dtype=np.int32)
    out, back = layout.view(forward), layout.view(backward)
    for place, axis in enumerate(layout.axes):
        low = tuple(slice(0, -1 if n == axis else None) for n in range(3))
        high = tuple(slice(int(n == axis), None) for n in range(3))
        out[..., place][low] = capacities[2 * axis][low]
        back[..., place][low] = capacities[2 * axis + 1][high]
    return forward, backward


def _largest_edge(given: Given) -> int:
    if given.capacities is not None:
        return int(given.capacities.max())
    assert given.cost is not None
    return 2 * int(given.cost.max()) * int(given.weights.max())


def _largest_unary(given: Given) -> int:
    return 0 if given.unary is None else int(np.abs(given.unary).max())


@compiled
def _write_codes(code: NDArray[np.uint8], tissue: NDArray[Any]) -> None:
    """Seed codes become codes of the solver."""
    for v in range(code.size):
        code[v] = code[v] + 4 if code[v] else tissue[v] != 0


def finish(network: Network, workers: Workers) -> Cut:
    """The cut of a settled network, certified."""
    given, layout, level = network.given, network.layout, network.level
    assert level is not None
    carver = Carver(level.labels[0], level.excess)
    put_away(level)
    sides = carver.zeros(level.code.size, np.uint8)
    np.bitwise_and(level.code, 3, out=sides)
    certificate = certify_flow(claim_of(network, sides, workers, carver), workers.split)
    del carver
    labels = sparse_zeros(given.shape, np.uint8)
    copy_turned(layout.view(sides), labels[layout.block], workers.split)
    return Cut(
        labels=labels,
        value=certificate.value,
        lower_bound=certificate.flow,
        certificate=certificate,
        scale=given.scale,
        network=network,
    )


def claim_of(
    network: Network, sides: NDArray[np.uint8], workers: Workers, carver: Carver | None = None
) -> Claim:
    """What the certificate judges: the problem read from the caller's arrays once more.

    sides : (N,) labels in the solver's layout
    carver : where to lay them out, if not in new memory
    """
    given, layout, level = network.given, network.layout, network.level
    assert level is not None

    def lay(array: NDArray[Any] | None) -> NDArray[Any] | None:
        if array is None:
            return None
        return layout.pad(array, carver, workers.split).reshape(layout.padded)

    seeds = lay(given.seeds)
    assert seeds is not None
    capacities = None
    if given.capacities is not None:
        pairs = [given.capacities[2 * axis + way] for axis in layout.axes for way in (0, 1)]
        capacities = np.stack([layout.pad(pair).reshape(layout.padded) for pair in pairs])
    return Claim(
        cost=lay(np.ones(given.shape, np.uint8) if given.cost is None else given.cost),
        capacities=capacities,
        weights=given.weights[layout.order(len(given.weights))],
        walled=lay(given.walled),
        seeds=seeds,
        labels=sides.reshape(layout.padded),
        unary=lay(given.unary),
        ahead=layout.turn(given.ahead),
        beyond=0 if given.cost is None else layout.count_outside(given.cost),
        flow=level.flow.reshape((*layout.padded, -1)),
    )
