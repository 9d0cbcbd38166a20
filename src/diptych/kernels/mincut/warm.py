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
from diptych.kernels.mincut.certificate import certify_flow
from diptych.kernels.mincut.grid import Layout
from diptych.kernels.mincut.level import Level, Workers, most_excess, take_out
from diptych.kernels.mincut.network import (
    Given,
    Network,
    claim_of,
    finish,
    lay_out,
    set_supply,
)
from diptych.kernels.mincut.problem import read_problem, search
from diptych.kernels.mincut.result import Cut, Verdict
from diptych.kernels.mincut.rounding import measure_rounding
from diptych.model.checks import require


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
    The rest as for `minimum_cut`. The flow is sought from the drawing, so a good one is judged
    faster than a bad one.
    """
    workers = checks.check_threads(threads)
    given, layout = read_problem(cost, seeds, neighbours, spacing, unary, walled)
    drawn = _check_labels(np.asarray(labels), given)
    with Workers(workers) as crew:
        network = lay_out(given, layout, crew)
        search(network, drawn, crew)
        best = measure_rounding(finish(network, crew), np.asarray(cost), unary)
        value = best.value
        where = drawn != best.labels
        if where.any():
            sides = layout.pad(drawn)
            value = certify_flow(claim_of(network, sides, crew), crew.split).value
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
    walled: NDArray[np.bool_] | None = None,
    threads: int = 1,
) -> list[Cut]:
    """The minimum cuts for unary terms `lambda * fairness`, one a lambda, each from the last.

    fairness : (I, J, K) finite numbers. Where all are of one sign, the cuts are nested.
    lambdas : finite numbers that do not fall

    Every point is exact and certified, as if solved alone; only the flow is reused (Gallo,
    Grigoriadis & Tarjan 1989, doi:10.1137/0218003; Kolmogorov, Boykov & Rother 2007,
    doi:10.1109/ICCV.2007.4408910). The cuts carry no network of their own.
    """
    workers = checks.check_threads(threads)
    given, layout = read_problem(cost, seeds, neighbours, spacing, None, walled)
    prices = _check_lambdas(lambdas)
    fair = _check_fairness(np.asarray(fairness), given)
    terms = [checks.check_unary(price * fair, given.shape, given.scale) for price in (prices[0],)]
    last = checks.check_unary(prices[-1] * fair, given.shape, given.scale)
    assert terms[0] is not None and last is not None
    most = max(int(np.abs(terms[0]).max()), int(np.abs(last).max()))
    with Workers(workers) as crew:
        network = lay_out(given, layout, crew, most)
        return [
            _price(network, cost, price * fair, number == 0, crew)
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


def _check_fairness(fairness: NDArray[Any], given: Given) -> NDArray[Any]:
    require(
        fairness.shape == given.shape
        and fairness.dtype.kind in "uif"
        and bool(np.isfinite(fairness).all()),
        f"fairness has shape {fairness.shape} and type {fairness.dtype},"
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
    mask = checks.check_mask(changed_voxels, given.shape, "changed_voxels")
    assert mask is not None
    costs = checks.recheck_cost(np.asarray(new_cost), given.shape, given.scale, given.floats)
    fresh = replace(given, cost=costs)
    with Workers(workers) as crew:
        moved = _move_network(network, fresh, mask, crew)
        if moved is None:
            seen = checks.survey(costs, given.seeds, given.ahead)
            moved = lay_out(
                fresh, Layout(corner=seen.corner, shape=seen.shape, axes=seen.axes), crew
            )
            search(moved, np.where(cut.labels == 2, 2, 1).astype(np.uint8), crew)
        found = finish(moved, crew)
    return measure_rounding(found, np.asarray(new_cost), given.prices)


def _move_network(
    network: Network, fresh: Given, mask: NDArray[np.uint8], crew: Workers
) -> Network | None:
    """The old flow, fitted to the new costs and settled; None where it cannot be fitted."""
    level, layout = network.level, network.layout
    if level is None:
        return None
    assert fresh.cost is not None
    changed, fits = _find_changes(level, layout, fresh.cost, mask)
    if not fits:
        return None
    values = fresh.cost[layout.block][np.unravel_index(changed, layout.shape)]
    if not _fits(level, fresh, int(values.max(initial=0))):
        return None
    places = layout.places(changed)
    level.edges = tuple(_own(array) for array in level.edges)
    take_out(level)
    border = _change_costs(
        level.edges, level.flow, level.excess, level.code, level.off, places, values
    )
    network.level = None
    if border:
        level.rims = None
    touched = None
    if level.supply is None:
        near = [
            places,
            *(places + step for step in level.off),
            *(places - step for step in level.off),
        ]
        touched = np.unique(np.concatenate(near)).astype(np.int32)
    else:
        assert fresh.unary is not None
        set_supply(level, layout.pad(fresh.unary))
        _find_excess(level.flow, level.code, level.off, level.supply, level.excess)
    solve.resume_cut(level, touched, crew)
    return Network(given=fresh, layout=layout, level=level)


def _own(array: NDArray[Any]) -> NDArray[Any]:
    return array if array.flags.writeable else array.copy()


def _find_changes(
    level: Level, layout: Layout, cost: NDArray[Any], mask: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], bool]:
    """Where in the block costs differ, and whether that is all; InputError where not marked."""
    block = layout.block
    found = np.empty(max(1, int(mask.sum())), dtype=np.int64)
    marked, unmarked, seeds = _list_changes(
        layout.view(level.edges[0]), cost[block], mask[block], layout.view(level.code), found
    )
    outside = layout.count_outside(cost)
    if outside:
        beyond = cost != 0
        beyond[block] = False
        unmarked += int((beyond & (mask == 0)).sum())
    require(
        unmarked == 0,
        f"{unmarked} voxels of new_cost differ that are not marked in changed_voxels,"
        " expected none",
        remedy="mark every voxel whose cost has changed",
    )
    require(
        seeds == 0,
        f"{seeds} seeds would lie where the new cost is 0, where there is no tissue",
        remedy="keep the cost of seeds above 0, or solve anew with other seeds",
    )
    return found[:marked], outside == 0


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
def _list_changes(
    old: NDArray[Any],
    new: NDArray[Any],
    mask: NDArray[np.uint8],
    code: NDArray[np.uint8],
    found: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Flat places in the block that differ and are marked; counts of those, of others, of seeds."""
    ni, nj, nk = old.shape
    marked = unmarked = seeds = 0
    for i in range(ni):
        for j in range(nj):
            differ = 0
            for k in range(nk):
                differ |= old[i, j, k] != new[i, j, k]
            if not differ:
                continue
            for k in range(nk):
                if old[i, j, k] != new[i, j, k]:
                    if mask[i, j, k]:
                        found[marked] = (i * nj + j) * nk + k
                        marked += 1
                        seeds += new[i, j, k] == 0 and code[i, j, k] >= 4
                    else:
                        unmarked += 1
    return marked, unmarked, seeds


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
