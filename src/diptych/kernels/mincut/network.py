"""A problem laid out for the solver, with what is known of its solution."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.capacity import Edges
from diptych.kernels.mincut.certificate import (
    Claim,
    Counts,
    count_faults,
    sum_up,
    wide_enough,
)
from diptych.kernels.mincut.grid import Carver, Layout, sparse_zeros
from diptych.kernels.mincut.level import Level, Workers, most_excess, put_away
from diptych.kernels.mincut.result import Certificate, Cut

_SHORT = (1 << 15) - 1
_SLAB = 1 << 20
"""Voxels that are laid out for the certificate at a time."""
_BYTES = 4
"""Bytes that one of them takes, in most problems."""


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
        flow=sparse_zeros((size, half), np.int16 if largest <= _SHORT else np.int32, at_once=True),
        excess=sparse_zeros(size, _type_of_excess(most), at_once=True),
        labels=[sparse_zeros(size, np.int16, at_once=True)] * 2,
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
    level = network.level
    assert level is not None
    put_away(level)
    labels = sparse_zeros(network.given.shape, np.uint8, at_once=True)
    network.layout.unpad(level.code, labels, workers.split)
    inside = labels[network.layout.block]
    np.bitwise_and(inside, 3, out=inside)
    certificate = judge(network, labels, workers)
    return Cut(
        labels=labels,
        value=certificate.value,
        lower_bound=certificate.flow,
        certificate=certificate,
        scale=network.given.scale,
        network=network,
    )


def judge(network: Network, labels: NDArray[np.uint8], workers: Workers) -> Certificate:
    """The certificate of labels in the caller's order and the flow of a network.

    The problem is read once more from the caller's arrays, some planes at a time, so that
    they are still in the cache when they are judged.
    """
    claim, layout = _claim(network, labels), network.layout
    planes, rows, columns = layout.padded
    thick = max(1, _SLAB // (rows * columns))
    zero = wide_enough(claim)

    def inspect(start: int, stop: int) -> Counts:
        carver = Carver(np.empty(_BYTES * (thick + 4) * rows * columns, dtype=np.uint8))
        found = np.zeros(6, dtype=np.int64)
        for first in range(start, stop, thick):
            last = min(first + thick, stop)
            found += count_faults(_lay_out(claim, layout, first, last, carver), first, last, zero)
        return found

    stray = layout.count_outside(labels)
    stray += 0 if network.given.cost is None else layout.count_outside(network.given.cost)
    return sum_up(workers.split(0, planes, inspect), stray)


def _claim(network: Network, labels: NDArray[np.uint8]) -> Claim:
    """What the certificate judges, arrays still in the caller's order, flow in the solver's."""
    given, layout, level = network.given, network.layout, network.level
    assert level is not None
    return Claim(
        cost=np.ones(given.shape, np.uint8) if given.cost is None else given.cost,
        capacities=given.capacities,
        weights=given.weights[layout.order(len(given.weights))],
        walled=given.walled,
        seeds=given.seeds,
        labels=labels,
        unary=given.unary,
        ahead=layout.turn(given.ahead),
        flow=level.flow.reshape((*layout.padded, -1)),
    )


def _lay_out(claim: Claim, layout: Layout, first: int, last: int, carver: Carver) -> Claim:
    """The claim in the solver's order, as far as planes first to last and those beside go."""
    low, high = max(0, first - 2), min(layout.padded[0] - 2, last)
    slab = layout.slab(low, high)
    carver.reuse()

    def lay(array: NDArray[Any]) -> NDArray[Any]:
        return slab.pad(array, carver).reshape(slab.padded)

    capacities = claim.capacities
    if capacities is not None:
        pairs = [capacities[2 * axis + way] for axis in layout.axes for way in (0, 1)]
        capacities = np.stack([lay(pair) for pair in pairs])
    assert claim.cost is not None
    return replace(
        claim,
        cost=lay(claim.cost),
        capacities=capacities,
        walled=None if claim.walled is None else lay(claim.walled),
        seeds=lay(claim.seeds),
        labels=lay(claim.labels),
        unary=None if claim.unary is None else lay(claim.unary),
        corner=(-low, 0, 0),
    )
