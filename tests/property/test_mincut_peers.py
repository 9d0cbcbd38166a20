"""Minimum cut equals maximum flow: our kernel against two independent solvers."""

import numpy as np
import pytest
from ortools.graph.python import max_flow
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from diptych.kernels.mincut import minimum_cut, minimum_cut_edges

KINDS = ("uniform", "bimodal", "holes", "constant", "heavy-tailed")


def random_cost(kind, shape, rng):
    if kind == "uniform":
        return rng.integers(1, 128, shape)
    if kind == "bimodal":
        return np.where(rng.random(shape) < 0.5, 1, 100)
    if kind == "holes":
        return np.where(rng.random(shape) < 0.3, 0, rng.integers(1, 50, shape))
    if kind == "constant":
        return np.full(shape, 3)
    return np.maximum(1, np.exp(rng.normal(2.0, 1.5, shape))).astype(np.int64)


def random_seeds(cost, rng):
    seeds = np.zeros(cost.shape, dtype=np.uint8)
    if rng.random() < 0.5:
        draw = rng.random(cost.shape)
        seeds[draw < 0.04], seeds[draw > 0.96] = 1, 2
    else:
        seeds[0], seeds[-1] = 1, 2
    seeds[cost == 0] = 0
    return seeds


def edges_of(cost, weights=(1, 1, 1)):
    """Tails, heads and capacities of c_p + c_q edges, both directions."""
    index = np.arange(cost.size).reshape(cost.shape)
    tails, heads, room = [], [], []
    for axis in range(3):
        low, high = [slice(None)] * 3, [slice(None)] * 3
        low[axis], high[axis] = slice(0, -1), slice(1, None)
        a, b = cost[tuple(low)], cost[tuple(high)]
        capacity = np.where((a > 0) & (b > 0), (a + b) * weights[axis], 0).ravel()
        p, q = index[tuple(low)].ravel(), index[tuple(high)].ravel()
        tails += [p, q]
        heads += [q, p]
        room += [capacity, capacity]
    return np.concatenate(tails), np.concatenate(heads), np.concatenate(room)


def flow_by_ortools(size, tails, heads, room, seeds, unary):
    source, sink, huge = size, size + 1, 10**12
    flat, price = seeds.ravel(), unary.ravel()
    pay, give = np.flatnonzero(price > 0), np.flatnonzero(price < 0)
    first, last = np.flatnonzero(flat == 1), np.flatnonzero(flat == 2)
    ends = (first, pay, last, give)
    tails = np.concatenate([tails, np.full(len(first) + len(pay), source), last, give])
    heads = np.concatenate([heads, first, pay, np.full(len(last) + len(give), sink)])
    amounts = (np.full(len(ends[0]), huge), price[pay], np.full(len(last), huge), -price[give])
    peer = max_flow.SimpleMaxFlow()
    peer.add_arcs_with_capacity(tails, heads, np.concatenate([room, *amounts]).astype(np.int64))
    assert peer.solve(source, sink) == peer.OPTIMAL
    return peer.optimal_flow()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 1.0, 2.0)])
def test_equals_ortools(kind, spacing):
    rng = np.random.Generator(np.random.Philox(key=(KINDS.index(kind), int(spacing[2]))))
    weights = (1, 1, 1) if spacing[2] == 1.0 else (2, 2, 1)
    solved = 0
    for trial in range(26):
        largest = 30 if trial % 12 == 11 else 10
        cost = random_cost(kind, tuple(rng.integers(2, largest, 3)), rng)
        seeds = random_seeds(cost, rng)
        if not ((seeds == 1).any() and (seeds == 2).any()):
            continue
        unary = rng.integers(-40, 41, cost.shape) * (trial % 3 == 0)
        unary = np.where((seeds == 0) & (cost > 0), unary, 0)
        cut = minimum_cut(cost, seeds, spacing=spacing, unary=unary)
        expected = flow_by_ortools(cost.size, *edges_of(cost, weights), seeds, unary)
        assert cut.certificate.passed
        assert cut.value == cut.lower_bound == expected
        solved += 1
    assert solved >= 18


def test_directed_edges_equal_scipy():
    rng = np.random.Generator(np.random.Philox(key=7))
    for _ in range(40):
        shape = tuple(rng.integers(2, 7, 3))
        capacities = rng.integers(0, rng.choice([2, 20, 1000]), (6, *shape)).astype(np.uint16)
        draw = rng.random(shape)
        source, sink = draw < 0.1, draw > 0.9
        source.flat[0], sink.flat[0], sink.flat[-1], source.flat[-1] = True, False, True, False
        cut = minimum_cut_edges(capacities, source, sink)
        assert cut.certificate.passed
        assert cut.value == cut.lower_bound == flow_by_scipy(capacities, source, sink)


def flow_by_scipy(capacities, source, sink):
    shape = capacities.shape[1:]
    index = np.arange(np.prod(shape)).reshape(shape)
    size = index.size
    tails, heads, room = [], [], []
    for direction in range(6):
        axis, back = divmod(direction, 2)
        low, high = [slice(None)] * 3, [slice(None)] * 3
        low[axis], high[axis] = slice(0, -1), slice(1, None)
        here, there = (high, low) if back else (low, high)
        tails.append(index[tuple(here)].ravel())
        heads.append(index[tuple(there)].ravel())
        room.append(capacities[direction][tuple(here)].ravel())
    firsts, lasts = index[source], index[sink]
    tails += [np.full(len(firsts), size), lasts]
    heads += [firsts, np.full(len(lasts), size + 1)]
    room += [np.full(len(firsts) + len(lasts), 2**30)]
    graph = csr_array(
        (np.concatenate(room).astype(np.int32), (np.concatenate(tails), np.concatenate(heads))),
        shape=(size + 2, size + 2),
    )
    return maximum_flow(graph, size, size + 1).flow_value


def test_labels_do_not_depend_on_where_the_search_starts():
    """The smallest source side: no voxel outside it could join it for free."""
    rng = np.random.Generator(np.random.Philox(key=3))
    for _ in range(10):
        cost = random_cost("constant", tuple(rng.integers(4, 9, 3)), rng)
        seeds = random_seeds(cost, rng)
        if not ((seeds == 1).any() and (seeds == 2).any()):
            continue
        cut = minimum_cut(cost, seeds)
        wider = minimum_cut(np.pad(cost, 3), np.pad(seeds, 3))
        assert wider.value == cut.value
        assert (wider.labels[3:-3, 3:-3, 3:-3] == cut.labels).all()


def test_flipping_the_volume_flips_the_cut():
    rng = np.random.Generator(np.random.Philox(key=8))
    for _ in range(5):
        cost = random_cost("heavy-tailed", (24, 22, 20), rng)
        seeds = np.zeros(cost.shape, dtype=np.uint8)
        seeds[0], seeds[-1] = 1, 2
        cut = minimum_cut(cost, seeds)
        turned = minimum_cut(cost[:, ::-1, ::-1].copy(), seeds[:, ::-1, ::-1].copy())
        assert turned.value == cut.value
        assert (turned.labels[:, ::-1, ::-1] == cut.labels).all()
