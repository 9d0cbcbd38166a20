"""Cuts that start from other cuts: one drawn by hand, a row of prices, a local change."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut import checks, solve
from diptych.kernels.mincut.capacity import Edges, ahead, behind
from diptych.kernels.mincut.grid import Carver, Layout
from diptych.kernels.mincut.level import Level, Workers, forget_labels, most_excess, take_out
from diptych.kernels.mincut.local import settle_near
from diptych.kernels.mincut.network import (
    Given,
    Network,
    finish,
    judge,
    lay_out,
    set_supply,
)
from diptych.kernels.mincut.problem import find_network, read_problem
from diptych.kernels.mincut.result import Cut, Verdict
from diptych.kernels.mincut.rounding import measure_rounding
from diptych.model.checks import require

_SLAB = 1 << 21


def certify(
    cost: NDArray[Any],
    seeds: NDArray[Any],
    labels: NDArray[Any],
    *,
    neighbours: int = 6,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    unary: NDArray[Any] | None = None,
    walled: NDArray[np.bool_] | None = None,
    threads: int = 1,
) -> Verdict:
    """What a cut drawn by hand is worth: optimal, or how much it loses and where.

    labels : (I, J, K) whole numbers, 1 or 2 for each tissue voxel, seeds on their own side;
        what stands in air does not count
    The rest as for `minimum_cut`. The flow is sought from the drawing; where that is far from
    the best, from nothing.
    """
    workers = checks.check_threads(threads)
    given, layout = read_problem(cost, seeds, neighbours, spacing, unary, walled)
    drawn = _check_labels(np.asarray(labels), given)
    with Workers(workers) as crew:
        network = find_network(given, layout, drawn, crew)
        best = measure_rounding(finish(network, crew), np.asarray(cost), unary)
        value = best.value
        where = drawn != best.labels
        if where.any():
            value = judge(network, drawn, crew).value
    loss = value - best.value
    return Verdict(
        optimal=loss == 0,
        value=value,
        lower_bound=best.lower_bound,
        loss=loss,
        where=where if loss else np.zeros_like(where),
        best=best,
    )


def _check_labels(labels: NDArray[Any], given: Given) -> NDArray[np.uint8]:
    """Labels as uint8, 0 in air; InputError unless they are a cut of the problem."""
    require(
        labels.shape == given.shape and labels.dtype.kind in "ui",
        f"labels have shape {labels.shape} and type {labels.dtype},"
        f" expected whole numbers of shape {given.shape}",
        remedy="give 1 or 2 for each tissue voxel",
    )
    assert given.cost is not None
    drawn = np.zeros(given.shape, dtype=np.uint8)
    strange, wrong = _draw_sides(given.cost, given.seeds, np.ascontiguousarray(labels), drawn)
    if strange:
        held = labels[given.cost != 0]
        require(
            False,
            f"labels of tissue go from {held.min()} to {held.max()},"
            " expected a side, 1 or 2, everywhere",
            remedy="give each tissue voxel the side it is on",
        )
    require(
        wrong == 0,
        f"{wrong} seeds have the label of the other side",
        remedy="keep source seeds on side 1 and sink seeds on side 2",
    )
    return drawn


@compiled
def _draw_sides(
    cost: NDArray[Any],
    seeds: NDArray[np.uint8],
    labels: NDArray[Any],
    drawn: NDArray[np.uint8],
) -> tuple[int, int]:
    """Writes the labels of tissue; how many are no side, and how many are not their seed's."""
    ni, nj, nk = cost.shape
    strange = wrong = 0
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                tissue, side, seed = cost[i, j, k] != 0, labels[i, j, k], seeds[i, j, k]
                strange += tissue & ((side < 1) | (side > 2))
                wrong += tissue & (seed != 0) & (side != seed)
                drawn[i, j, k] = side if tissue else 0
    return strange, wrong


def front(
    cost: NDArray[Any],
    seeds: NDArray[Any],
    fairness: NDArray[Any],
    lambdas: Sequence[float],
    *,
    neighbours: int = 6,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    unary: NDArray[Any] | None = None,
    walled: NDArray[np.bool_] | None = None,
    threads: int = 1,
) -> list[Cut]:
    """The minimum cuts for unary terms `unary + lambda * fairness`, one a lambda, each from
    the last.

    fairness : (I, J, K) finite numbers. Where all are of one sign, the cuts are nested.
    lambdas : finite numbers that do not fall
    unary : (I, J, K) terms that all cuts share, as for `minimum_cut`; none if not given

    Every point is exact and certified, as if solved alone; only the flow is reused (Gallo,
    Grigoriadis & Tarjan 1989, doi:10.1137/0218003; Kolmogorov, Boykov & Rother 2007,
    doi:10.1109/ICCV.2007.4408910). The cuts carry no network of their own.
    """
    workers = checks.check_threads(threads)
    given, layout = read_problem(cost, seeds, neighbours, spacing, None, walled)
    prices = _check_lambdas(lambdas)
    fair = _check_fairness(np.asarray(fairness), given, "fairness")
    shared = 0 if unary is None else _check_fairness(np.asarray(unary), given, "unary")
    ends = [
        checks.check_unary(shared + price * fair, given.shape, given.scale)
        for price in (prices[0], prices[-1])
    ]
    most = max(int(np.abs(end).max()) for end in ends if end is not None)
    with Workers(workers) as crew:
        network = lay_out(given, layout, crew, most)
        return [
            _price(network, cost, shared + price * fair, number == 0, crew)
            for number, price in enumerate(prices)
        ]


def _price(
    network: Network, cost: NDArray[Any], unary: NDArray[Any], first: bool, crew: Workers
) -> Cut:
    """The cut for one more set of unary terms."""
    level, layout = network.level, network.layout
    assert level is not None
    terms = checks.check_unary(unary, network.given.shape, network.given.scale)
    assert terms is not None
    set_supply(level, layout.pad(terms))
    if first:
        level.excess += level.supply
        solve.find_cut(level, crew)
    else:
        take_out(level)
        _find_excess(level.flow, level.code, level.off, level.supply, level.excess)
        solve.resume_cut(level, None, crew)
    priced = replace(network.given, unary=terms)
    cut = finish(Network(given=priced, layout=layout, level=level), crew)
    return replace(measure_rounding(cut, np.asarray(cost), unary), network=None)


def _check_lambdas(lambdas: Sequence[float]) -> list[float]:
    found = list(lambdas)
    require(
        len(found) > 0 and all(np.isfinite(price) for price in found),
        f"lambdas are {found}, expected at least one, all finite",
        remedy="give the prices of the front, rising",
    )
    require(
        all(a <= b for a, b in pairwise(found)),
        f"lambdas are {found}, expected numbers that do not fall",
        remedy="sort them",
    )
    return found


def _check_fairness(fairness: NDArray[Any], given: Given, name: str) -> NDArray[Any]:
    require(
        fairness.shape == given.shape
        and fairness.dtype.kind in "uif"
        and bool(np.isfinite(fairness).all()),
        f"{name} has shape {fairness.shape} and type {fairness.dtype},"
        f" expected finite numbers of shape {given.shape}",
        remedy="give one number per voxel, 0 for no preference",
    )
    return fairness.astype(np.int64) if fairness.dtype.kind in "ui" else fairness


def resolve(
    cut: Cut, changed_voxels: NDArray[np.bool_], new_cost: NDArray[Any], *, threads: int = 1
) -> Cut:
    """The minimum cut after a local change of the costs, exact, from the flow of the last.

    changed_voxels : (I, J, K) booleans, true wherever `new_cost` may differ
    new_cost : (I, J, K) all costs, changed or not; tissue may become air and air tissue
    Seeds, unary terms, walls and neighbourhood stay; floats keep the scale of the first cut.

    The flow moves over to the new cut. A second `resolve` from the same old cut is exact too,
    but starts from its labels alone. InputError where a voxel differs that is not marked, or
    where the cut was not made from costs.
    """
    network, workers = cut.network, checks.check_threads(threads)
    require(
        network is not None and network.given.cost is not None,
        "the cut carries no costs and flow to go on from",
        remedy="use a cut made by minimum_cut with engine 'exact', or solve anew",
    )
    assert network is not None
    given = network.given
    mask = np.asarray(changed_voxels)
    checks.require_mask(mask, given.shape, "changed_voxels")
    costs = checks.recheck_cost(np.asarray(new_cost), given.shape, given.scale, given.floats)
    fresh = replace(given, cost=costs)
    with Workers(workers) as crew:
        moved = _move_network(network, fresh, mask, crew)
        if moved is None:
            seen = checks.survey(costs, given.seeds, given.ahead)
            near = Layout(corner=seen.corner, shape=seen.shape, axes=seen.axes)
            sides = np.where(cut.labels == 2, 2, 1).astype(np.uint8)
            moved = find_network(fresh, near, sides, crew)
        found = finish(moved, crew)
    return measure_rounding(found, np.asarray(new_cost), given.prices)


def _move_network(
    network: Network, fresh: Given, mask: NDArray[np.bool_], crew: Workers
) -> Network | None:
    """The old flow, fitted to the new costs and settled; None where it cannot be fitted."""
    level, layout = network.level, network.layout
    if level is None:
        return None
    assert fresh.cost is not None
    places, values, fits = _find_changes(level, layout, fresh.cost, mask)
    if not fits or not _fits(level, fresh, int(values.max(initial=0))):
        return None
    level.edges = tuple(_own(array) for array in level.edges)
    take_out(level)
    border = _change_costs(
        level.edges, level.flow, level.excess, level.code, level.off, places, values
    )
    network.level = None
    if border:
        level.rims = None
    if level.supply is not None:
        assert fresh.unary is not None
        set_supply(level, layout.pad(fresh.unary))
        _find_excess(level.flow, level.code, level.off, level.supply, level.excess)
    if level.supply is not None or not settle_near(level, places):
        forget_labels(level)
        solve.resume_cut(level, None, crew)
    return Network(given=fresh, layout=layout, level=level)


def _own(array: NDArray[Any]) -> NDArray[Any]:
    return array if array.flags.writeable else array.copy()


def _find_changes(
    level: Level, layout: Layout, cost: NDArray[Any], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[Any], bool]:
    """Where costs differ, what they are now, and whether that is all; InputError for bad ones."""
    places = _list_all_changes(level, layout, cost)
    there = layout.places(places)
    unmarked = int(np.count_nonzero(~mask[there]))
    outside = layout.count_outside(cost)
    if outside:
        beyond = cost != 0
        beyond[layout.block] = False
        unmarked += int((beyond & ~mask).sum())
    require(
        unmarked == 0,
        f"{unmarked} voxels of new_cost differ that are not marked in changed_voxels,"
        " expected none",
        remedy="mark every voxel whose cost has changed",
    )
    seeds = int(np.count_nonzero((cost[there] == 0) & (level.code[places] >= 4)))
    require(
        seeds == 0,
        f"{seeds} seeds would lie where the new cost is 0, where there is no tissue",
        remedy="keep the cost of seeds above 0, or solve anew with other seeds",
    )
    return places, cost[there], outside == 0


def _list_all_changes(level: Level, layout: Layout, cost: NDArray[Any]) -> NDArray[np.int64]:
    """Where in the solver's layout costs differ; some planes are laid out at a time."""
    planes, rows, columns = layout.padded
    thick = max(1, _SLAB // (rows * columns))
    carver = Carver(np.empty((thick + 2) * rows * columns * cost.itemsize, dtype=np.uint8))
    found, parts = np.empty(1 << 14, dtype=np.int64), []
    for low in range(0, planes - 2, thick):
        slab = layout.slab(low, min(low + thick, planes - 2))
        carver.reuse()
        new = slab.pad(cost, carver)
        start = low * rows * columns
        inside = slice(rows * columns, new.size - rows * columns)
        old = level.edges[0][start : start + new.size][inside]
        while (many := _list_changes(old, new[inside], found)) > found.size:
            found = np.empty(many, dtype=np.int64)
        parts.append(found[:many] + (start + rows * columns))
    return np.concatenate(parts)


def _fits(level: Level, fresh: Given, highest: int) -> bool:
    """Whether costs up to `highest` fit the types of a level."""
    edge = 2 * highest * int(fresh.weights.max())
    most = 4 * level.off.size * edge
    if level.supply is not None:
        most += int(np.abs(level.supply).max())
    return (
        highest <= np.iinfo(level.edges[0].dtype).max
        and edge <= np.iinfo(level.flow.dtype).max
        and most <= most_excess(level.excess.dtype)
    )


@compiled
def _list_changes(old: NDArray[Any], new: NDArray[Any], found: NDArray[np.int64]) -> int:
    """Lists where two flat arrays differ; how many places there are, also where not all fit."""
    many = 0
    for start in range(0, old.size, 1024):
        stop = min(start + 1024, old.size)
        if not _differ(old[start:stop], new[start:stop]):
            continue
        for v in range(start, stop):
            if old[v] != new[v]:
                if many < found.size:
                    found[many] = v
                many += 1
    return many


@compiled
def _differ(old: NDArray[Any], new: NDArray[Any]) -> bool:
    some = 0
    for v in range(old.size):
        some |= old[v] != new[v]
    return some != 0


@compiled
def _change_costs(  # noqa: PLR0917 - numba takes no dataclass
    edges: Edges,
    flow: NDArray[Any],
    excess: NDArray[Any],
    code: NDArray[np.uint8],
    off: NDArray[np.int64],
    places: NDArray[np.int64],
    values: NDArray[Any],
) -> int:
    """Writes new costs and cuts flows down to them; how many voxels became tissue or air.

    What no longer flows is left as excess and deficits. New tissue takes a neighbour's side.
    """
    turned = 0
    for n in range(places.size):
        v = places[n]
        edges[0][v] = values[n]
        if values[n] == 0:
            code[v] = 0
            turned += 1
        elif code[v] == 0:
            code[v] = 1
            for a in range(off.size):
                for w in (v + off[a], v - off[a]):
                    if code[w] & 3 == 2:
                        code[v] = 2
            turned += 1
    for n in range(places.size):
        for a in range(2 * off.size):
            half = a >> 1
            v = places[n] if a & 1 == 0 else places[n] - off[half]
            w = v + off[half]
            held = flow[v, half]
            if held == 0:
                continue
            if code[v] == 0 or code[w] == 0:
                kept = 0
            else:
                kept = min(held, ahead(edges, v, w, half))
                kept = max(kept, -behind(edges, v, w, half))
            flow[v, half] = kept
            excess[v] += held - kept
            excess[w] -= held - kept
    for n in range(places.size):
        if code[places[n]] == 0:
            excess[places[n]] = 0
    return turned


@compiled
def _find_excess(
    flow: NDArray[Any],
    code: NDArray[np.uint8],
    off: NDArray[np.int64],
    supply: NDArray[Any],
    excess: NDArray[Any],
) -> None:
    """Excess of each free voxel: its supply and what flows in, less what flows out."""
    for v in range(code.size):
        if code[v] != 1 and code[v] != 2:
            excess[v] = 0
            continue
        total = np.int64(supply[v])
        for a in range(off.size):
            total += flow[v - off[a], a] - flow[v, a]
        excess[v] = total
