"""A minimum cut of any capacities on a grid, checked against scipy's maximum flow.

    python examples/explicit_capacities.py

A grid of junctions, each joined to its six neighbours by pipes. Each pipe has a capacity in
either direction. How much water can run from the sources to the sinks? Exactly as much as the
cheapest set of pipes whose removal would part them: the minimum cut. That the two numbers are
equal is a theorem (Ford and Fulkerson 1956, doi:10.4153/CJM-1956-045-5), so two programs that
share nothing can check each other: here `minimum_cut_edges`, which knows only grids, and
`scipy.sparse.csgraph.maximum_flow`, which knows any graph.
"""

# ruff: noqa: T201
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

from diptych.kernels.mincut import minimum_cut_edges

SHAPE = (14, 12, 10)
# capacities[0] belongs to pipes that leave their voxel along +i, capacities[1] along -i, ...
STEPS = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
PLENTY = 10**8


def make_capacities():
    """Random capacities (6, I, J, K), many of them 0; sources on one face, sinks on another."""
    chance = np.random.Generator(np.random.Philox(key=7))
    capacities = chance.integers(0, 100, (6, *SHAPE), dtype=np.uint32)
    capacities[chance.random(capacities.shape) < 0.3] = 0
    source, sink = np.zeros(SHAPE, dtype=bool), np.zeros(SHAPE, dtype=bool)
    source[0], sink[:, -1] = True, True
    sink[0] = False
    return capacities, source, sink


def flow_by_scipy(capacities, source, sink):
    """The maximum flow of the same pipes, as a graph with one source and one sink added."""
    place = np.arange(source.size).reshape(SHAPE)
    start, end = source.size, source.size + 1
    rows, columns, values = [], [], []
    for direction, step in enumerate(STEPS):
        here = tuple(slice(max(0, -d), n - max(0, d)) for d, n in zip(step, SHAPE, strict=True))
        there = tuple(slice(max(0, d), n - max(0, -d)) for d, n in zip(step, SHAPE, strict=True))
        rows.append(place[here].ravel())
        columns.append(place[there].ravel())
        values.append(capacities[direction][here].ravel())
    for outlet, inlet in ((start, place[source]), (place[sink], end)):
        ends = np.broadcast_arrays(outlet, inlet)
        rows.append(ends[0])
        columns.append(ends[1])
        values.append(np.full(ends[0].size, PLENTY))
    where = (np.concatenate(rows), np.concatenate(columns))
    graph = coo_array((np.concatenate(values).astype(np.int32), where), shape=(end + 1, end + 1))
    return int(maximum_flow(graph.tocsr(), start, end).flow_value)


def main():
    """Solve one instance both ways and print both values."""
    capacities, source, sink = make_capacities()
    cut = minimum_cut_edges(capacities, source, sink)
    other = flow_by_scipy(capacities, source, sink)
    print(f"grid {SHAPE}: {source.sum()} sources, {sink.sum()} sinks")
    print(f"minimum_cut_edges   cut {cut.value}, flow {cut.lower_bound}, ", end="")
    print("proven" if cut.certificate.passed else "NOT PROVEN")
    print(f"scipy maximum_flow  flow {other}")
    print("equal" if cut.value == other else "DIFFERENT")
    print(f"source side: {(cut.labels == 1).sum()} of {cut.labels.size} voxels")
    return 0 if cut.value == other and cut.certificate.passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
