"""The two doors: costs per voxel, or capacities per edge."""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.mincut import checks
from diptych.kernels.mincut.certificate import certify_cost, certify_edges
from diptych.kernels.mincut.grid import (
    Grid,
    edge_weights,
    fill_from_cost,
    neighbour_steps,
    tissue_block,
)
from diptych.kernels.mincut.result import Certificate, Cut
from diptych.kernels.mincut.solve import Problem, solve


def minimum_cut(
    cost: NDArray[np.generic],
    seeds: NDArray[np.generic],
    *,
    neighbours: int = 6,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    unary: NDArray[np.generic] | None = None,
    walled: NDArray[np.bool_] | None = None,
) -> Cut:
    """The cheapest surface between two kinds of seeds, and the flow that proves it.

    cost : (I, J, K) integers (or floats, quantised to 14 bits; `Cut.scale` says how).
        0 means "no tissue": no edge, label 0. The edge between two tissue neighbours costs
        `weight * (c_p + c_q)`.
    seeds : (I, J, K) 0 free, 1 source, 2 sink. Seeds of the two kinds may touch: the edge
        between them is then cut at its cost.
    neighbours : 6 or 26
    spacing : voxel size; sets the weights. 6 neighbours: area of the face relative to the
        smallest face. 26: 12 x shortest distance / distance. Where these are not whole
        numbers, all are in sixteenths. With equal sizes and 6 neighbours every weight is 1.
    unary : (I, J, K) in units of cost; u > 0 is the price of label 2 at a voxel, u < 0 minus
        the price of label 1. It is not weighed by spacing and not counted at seeds.
    walled : (I, J, K) booleans, true inside structures that can be shelled out along their
        wall: an edge between inside and outside costs `weight * 2 * min(c_p, c_q)`.

    Tissue that the source cannot reach in the residual graph gets label 2, so the source
    side is the smallest of all minimum cuts and the result is unique. InputError for wrong
    shapes, NaN, negative costs, missing seeds, seeds without tissue, or possible overflow.
    """
    costs, scale = checks.check_cost(np.asarray(cost))
    tissue = costs > 0
    codes = checks.check_seeds(np.asarray(seeds), costs.shape, tissue)
    checks.check_spacing(spacing, neighbours)
    terms = checks.check_unary(unary, costs.shape, scale)
    steps = neighbour_steps(neighbours)
    weights = edge_weights(steps, spacing)
    checks.check_weights(costs, weights)
    corner, shape = tissue_block(tissue)
    grid = Grid(corner=corner, shape=shape, steps=steps, weights=weights)
    residual = np.zeros((grid.size, len(steps)), dtype=np.int32)
    shell = checks.check_walled(walled, costs.shape)
    fill_from_cost(grid.pad(costs), grid.pad(shell), grid.offsets, weights, residual)
    if terms is not None:
        terms = np.where(tissue & (codes == 0), terms, 0)
    side = _solve_on(grid, residual, tissue.view(np.uint8), codes, terms)
    labels = grid.unpad(side, (costs.shape[0], costs.shape[1], costs.shape[2]))
    block = grid.block
    paid = np.zeros(shape, dtype=np.int64) if terms is None else terms[block]
    certificate = certify_cost(
        costs[block],
        weights,
        (codes[block], paid, shell[block]),
        steps,
        residual.reshape((*grid.padded, len(steps))),
        labels[block],
    )
    return _cut(labels, certificate, scale)


def minimum_cut_edges(
    capacities: NDArray[np.generic],
    source: NDArray[np.bool_],
    sink: NDArray[np.bool_],
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
    _, i, j, k = edges.shape
    seeds = source.astype(np.uint8) + 2 * sink.astype(np.uint8)
    steps = neighbour_steps(6)
    grid = Grid(corner=(0, 0, 0), shape=(i, j, k), steps=steps, weights=np.ones(6, dtype=np.int64))
    residual = np.zeros((*grid.padded, 6), dtype=np.int32)
    residual[1:-1, 1:-1, 1:-1] = np.moveaxis(edges, 0, -1)
    _close_border(residual)
    tissue = np.ones((i, j, k), dtype=np.uint8)
    side = _solve_on(grid, residual.reshape(-1, 6), tissue, seeds, None)
    labels = grid.unpad(side, (i, j, k))
    return _cut(labels, certify_edges(edges, seeds, steps, residual, labels), 1.0)


def _solve_on(
    grid: Grid,
    residual: NDArray[np.int32],
    tissue: NDArray[np.uint8],
    seeds: NDArray[np.uint8],
    unary: NDArray[np.int64] | None,
) -> NDArray[np.uint8]:
    """Sides on the padded grid; the flow is left in `residual`."""
    return solve(
        Problem(
            residual=residual,
            tissue=grid.pad(tissue),
            seed=grid.pad(seeds),
            unary=None if unary is None else grid.pad(unary),
            offsets=grid.offsets,
            shape=grid.padded,
        )
    )


def _cut(labels: NDArray[np.uint8], certificate: Certificate, scale: float) -> Cut:
    return Cut(
        labels=labels,
        value=certificate.value,
        lower_bound=certificate.flow,
        certificate=certificate,
        scale=scale,
    )


def _close_border(residual: NDArray[np.int32]) -> None:
    """Edges that leave the grid carry nothing."""
    residual[-2, :, :, 0] = 0
    residual[1, :, :, 1] = 0
    residual[:, -2, :, 2] = 0
    residual[:, 1, :, 3] = 0
    residual[:, :, -2, 4] = 0
    residual[:, :, 1, 5] = 0
