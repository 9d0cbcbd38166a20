"""The two doors: costs per voxel, or capacities per edge."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut import checks, solve
from diptych.kernels.mincut.grid import Layout, edge_weights, neighbour_steps
from diptych.kernels.mincut.level import FarFromBestError, Workers, let_go
from diptych.kernels.mincut.network import Given, Network, finish, lay_out
from diptych.kernels.mincut.result import Cut
from diptych.kernels.mincut.rounding import measure_rounding


def minimum_cut(
    cost: NDArray[Any],
    seeds: NDArray[Any],
    *,
    neighbours: int = 6,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    unary: NDArray[Any] | None = None,
    walled: NDArray[np.bool_] | None = None,
    upper_bound_mask: NDArray[np.bool_] | None = None,
    engine: str = "exact",
    gap: float = 0.001,
    threads: int = 1,
) -> Cut:
    """The cheapest surface between two kinds of seeds, and the flow that proves it.

    cost : (I, J, K) integers, or floats, which are rounded down to 14 bits (`Cut.scale` and
        `Cut.gap` say how and how much that matters at most). 0 means "no tissue": no edge,
        label 0. The edge between two tissue neighbours costs `weight * (c_p + c_q)`.
    seeds : (I, J, K) 0 free, 1 source, 2 sink
    neighbours : 6 or 26
    spacing : voxel size; sets the weights. 6 neighbours: area of the face relative to the
        smallest face. 26: 12 x shortest distance / distance. Where these are not whole
        numbers, all are in sixteenths (6) or quarters (26). With equal sizes and 6
        neighbours every weight is 1.
    unary : (I, J, K) in units of cost; u > 0 is the price of label 2 at a voxel, u < 0 minus
        the price of label 1. It is not weighed by spacing and not counted at seeds.
    walled : (I, J, K) booleans, true inside structures that can be shelled out along their
        wall: an edge between inside and outside costs `weight * 2 * min(c_p, c_q)`.
    upper_bound_mask : (I, J, K) booleans, true on the source side of a cut already known. The
        search starts there; only the time depends on it.
    engine : "exact", or "primal-dual" for a preview whose distance from the best is at most
        `gap` of its value where it says so (`Cut.lower_bound` is certified in any case).
    threads : 1 or 2; the result does not depend on it.

    Tissue that the source cannot reach in the residual graph gets label 2, so the source
    side is the smallest of all minimum cuts and the result is unique. InputError for wrong
    shapes, NaN, negative costs, seeds that are missing, touch or lie outside tissue, or
    possible overflow.
    """
    checks.check_engine(engine, gap)
    workers = checks.check_threads(threads)
    given, layout = read_problem(cost, seeds, neighbours, spacing, unary, walled)
    start = checks.check_mask(upper_bound_mask, given.shape, "upper_bound_mask")
    if engine == "primal-dual":
        from diptych.kernels.mincut.preview import preview_cut

        return measure_rounding(preview_cut(given, gap, workers), np.asarray(cost), unary)
    with Workers(workers) as crew:
        sides = None if start is None else np.where(start, 1, 2).astype(np.uint8)
        cut = finish(find_network(given, layout, sides, crew), crew)
    return measure_rounding(cut, np.asarray(cost), unary)


def minimum_cut_edges(
    capacities: NDArray[Any],
    source: NDArray[np.bool_],
    sink: NDArray[np.bool_],
    *,
    threads: int = 1,
) -> Cut:
    """The minimum cut of explicit directed capacities on a grid.

    capacities : (6, I, J, K) whole numbers below 2**30, directions +i, -i, +j, -j, +k, -k;
        each edge leaves its voxel. Edges that leave the grid lead nowhere and are ignored.
    source, sink : (I, J, K) booleans

    Every voxel gets label 1 (source side, the smallest possible) or 2. InputError for wrong
    shapes or types, values out of range, missing or overlapping source and sink.
    """
    source, sink = np.asarray(source), np.asarray(sink)
    edges = checks.check_capacities(np.asarray(capacities), source, sink)
    seeds = checks.as_plain(source + 2 * sink.astype(np.uint8), np.uint8)
    workers = checks.check_threads(threads)
    i, j, k = seeds.shape
    layout = Layout(corner=(0, 0, 0), shape=(i, j, k))
    steps = neighbour_steps(6)
    given = Given(
        capacities=edges,
        weights=np.ones(3, dtype=np.int64),
        seeds=seeds,
        ahead=steps[::2],
    )
    with Workers(workers) as crew:
        return finish(find_network(given, layout, None, crew), crew)


def read_problem(
    cost: NDArray[Any],
    seeds: NDArray[Any],
    neighbours: int,
    spacing: tuple[float, float, float],
    unary: NDArray[Any] | None,
    walled: NDArray[np.bool_] | None,
) -> tuple[Given, Layout]:
    """The problem, checked, and how it will lie in memory; InputError when it is none."""
    costs, scale = checks.check_cost(np.asarray(cost))
    codes = checks.check_seeds(np.asarray(seeds), costs.shape)
    sizes = checks.check_spacing(spacing, neighbours)
    terms = checks.check_unary(None if unary is None else np.asarray(unary), costs.shape, scale)
    shell = checks.check_mask(walled, costs.shape, "walled")
    steps = neighbour_steps(neighbours)
    seen = checks.survey(costs, codes, steps[::2])
    layout = Layout(corner=seen.corner, shape=seen.shape, axes=seen.axes)
    weights = edge_weights(steps, sizes)[::2]
    checks.check_weights(costs, weights)
    given = Given(
        cost=costs,
        weights=weights,
        walled=shell,
        seeds=codes,
        unary=terms,
        ahead=steps[::2],
        scale=scale,
        floats=np.asarray(cost).dtype.kind == "f",
        prices=None if unary is None else np.asarray(unary),
    )
    return given, layout


def find_network(
    given: Given, layout: Layout, sides: NDArray[np.uint8] | None, crew: Workers
) -> Network:
    """The problem, solved from nothing, or from sides given where they are near the best."""
    if sides is not None:
        network = lay_out(given, layout, crew)
        assert network.level is not None
        _write_sides(network.level.code, layout.pad(sides, split=crew.split))
        try:
            solve.improve_cut(network.level, crew)
            return network
        except FarFromBestError:
            let_go(network.level)
    network = lay_out(given, layout, crew)
    assert network.level is not None
    solve.find_cut(network.level, crew)
    return network


@compiled
def _write_sides(code: NDArray[np.uint8], sides: NDArray[np.uint8]) -> None:
    """Puts free voxels on the sides given."""
    for v in range(code.size):
        code[v] = sides[v] if 1 <= code[v] <= 2 else code[v]
