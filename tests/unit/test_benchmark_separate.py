"""The peer of the separation benchmark is given our problem: the same edges, the same values."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import separate_peer
import separate_steps

from diptych.kernels.mincut import front
from diptych.model import Volume

LAMBDAS = [-3, -1, 0, 2]


@pytest.fixture(params=[(1.0, 1.0, 1.0), (1.0, 1.0, 2.0)])
def toy(request, tmp_path):
    """A small front with walls, air and prices of both signs."""
    rng = np.random.Generator(np.random.Philox(key=5))
    shape = (7, 6, 5)
    cost = rng.integers(1, 40, shape).astype(np.int32)
    cost[rng.random(shape) < 0.1] = 0
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    seeds[cost == 0] = 0
    fair = rng.integers(0, 9, shape)
    named = {
        "neighbours": 6,
        "spacing": request.param,
        "unary": rng.integers(-30, 30, shape),
        "walled": rng.random(shape) < 0.2,
    }
    values = [cut.value for cut in front(cost, seeds, fair, LAMBDAS, **named)]
    separate_steps.write_front(tmp_path, cost, seeds, fair, LAMBDAS, **named)
    return separate_peer.Problem.read(tmp_path), values


def flow_value(problem, number):
    """The largest flow over the peer's own edges, by scipy."""
    arcs = separate_peer.list_arcs(problem)
    price = problem.price(number).reshape(-1)[arcs.free]
    source, sink = separate_peer.terminals(price)
    count = len(arcs.free)
    places = np.arange(count)
    first, last = np.full(count, count), np.full(count, count + 1)
    tails = np.concatenate([arcs.tails, arcs.heads, first, places])
    heads = np.concatenate([arcs.heads, arcs.tails, places, last])
    room = np.concatenate([arcs.room, arcs.room, arcs.source + source, arcs.sink + sink])
    graph = coo_array((room.astype(np.int32), (tails, heads)), shape=(count + 2, count + 2))
    return maximum_flow(graph.tocsr(), count, count + 1).flow_value


def test_the_peers_edges_have_the_values_of_our_front(toy):
    problem, values = toy
    assert [flow_value(problem, number) for number in range(len(LAMBDAS))] == values
    assert len(set(values)) > 1


def test_pymaxflow_finds_them_in_every_use(toy):
    pytest.importorskip("maxflow")
    problem, values = toy
    for use in ("nodes", "grid"):
        assert [separate_peer.solve_cold(problem, n, use) for n in range(len(LAMBDAS))] == values
    assert separate_peer.solve_reused(problem) == values


def test_bits_come_back_as_the_mask():
    mask = np.random.Generator(np.random.Philox(key=2)).random((3, 5, 7)) < 0.5
    assert np.array_equal(separate_peer.unpack(separate_peer.pack(mask), mask.shape), mask)


def test_counted_faces_of_a_plane_are_its_area():
    side = np.ones((4, 5, 6), dtype=np.uint8)
    side[2:] = 2
    assert separate_peer.count_area(side, np.array([1.0, 2.0, 3.0])) == pytest.approx(30 * 6 / 100)


def test_a_wider_field_of_view_moves_nothing():
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4) - 7
    affine = np.array([[0, -2.0, 0, 5], [1.5, 0, 0, 6], [0, 0, 1.0, 7], [0, 0, 0, 1]])
    volume = Volume(
        voxels=voxels, affine=affine, frame_of_reference="1", modality="CT", source="toy"
    )
    wide = separate_steps.widen(volume, [9.0, 6.0, 9.0])
    assert wide.shape == (6, 3, 9)
    for place in np.argwhere(voxels >= 3):
        here = wide.to_index(volume.to_lps(place.astype(float)))
        assert wide.voxels[tuple(np.round(here).astype(int))] == voxels[tuple(place)]
    assert (wide.voxels == -7).sum() == wide.voxels.size - voxels.size + 1
