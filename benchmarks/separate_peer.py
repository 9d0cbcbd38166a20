"""The work of a separation done with PyMaxflow and scipy: the child program of separate.py.

    python benchmarks/separate_peer.py '{"task": "front", "folder": "...", ...}'

Runs under the peer's Python (numpy, scipy, PyMaxflow). What it works on are the very arrays
that our kernels were given in the run before, as separate_steps.py wrote them down. Prints one
JSON object.

The cut: the edge between two tissue voxels p, q has the capacity weight * (c_p + c_q), or
weight * 2 * min(c_p, c_q) where one of them is walled and the other is not; a price u above 0
is paid by a free voxel on side 2, one below 0 as -u on side 1. Two uses of PyMaxflow, the faster
one counts:

- nodes: a node for each free voxel only; edges to held voxels become edges to the terminals
- grid: a node for every voxel of the block, grid calls, as its documentation does it

PyMaxflow has no parametric front: `cold` builds and solves each price from nothing; `reused`
builds once, raises the terminal edges and goes on from the last flow and search trees
(`maxflow(reuse_trees=True)`: Kohli & Torr 2005).
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PLENTY = 2**40  # more than any voxel can carry away


@dataclass
class Problem:
    """One front: all arrays (I, J, K); price of point n is shared + lambdas[n] * fair."""

    cost: np.ndarray
    seeds: np.ndarray
    walled: np.ndarray
    shared: np.ndarray
    fair: np.ndarray
    lambdas: list
    steps: np.ndarray
    weights: np.ndarray

    @classmethod
    def read(cls, folder):
        held = np.load(Path(folder) / "front.npz")
        return cls(**{name: held[name] for name in held.files})

    def price(self, number):
        return self.shared + int(self.lambdas[number]) * self.fair

    def halves(self):
        """Where both ends are tissue (here, there as flat indices) and the capacities there."""
        flat = np.arange(self.cost.size).reshape(self.cost.shape)
        for step, weight in zip(self.steps, self.weights, strict=True):
            here, there = slices(step)
            both = (self.cost[here] > 0) & (self.cost[there] > 0)
            yield step, flat[here][both], flat[there][both], self.room(here, there, both, weight)

    def room(self, here, there, both, weight):
        a = self.cost[here][both].astype(np.int64)
        b = self.cost[there][both].astype(np.int64)
        wall = self.walled[here][both] != self.walled[there][both]
        return int(weight) * np.where(wall, 2 * np.minimum(a, b), a + b)


def slices(step):
    """The voxels that have a neighbour along `step`, and those neighbours."""
    here = tuple(slice(max(0, -s), -s if s > 0 else None) for s in step)
    there = tuple(slice(max(0, s), s if s < 0 else None) for s in step)
    return here, there


@dataclass
class Arcs:
    """The problem over its free voxels alone.

    free : flat indices; tails, heads : places in `free`; source, sink : to the held voxels.
    Held voxels of both sides never touch: our kernel refuses that.
    """

    free: np.ndarray
    tails: np.ndarray
    heads: np.ndarray
    room: np.ndarray
    source: np.ndarray
    sink: np.ndarray


def list_arcs(problem):
    """Undirected edges between free voxels, terminal edges to the held ones."""
    seeds = problem.seeds.reshape(-1)
    free = np.flatnonzero((problem.cost.reshape(-1) > 0) & (seeds == 0))
    place = np.full(seeds.size, -1, dtype=np.int64)
    place[free] = np.arange(len(free))
    ends = {1: np.zeros(len(free), dtype=np.int64), 2: np.zeros(len(free), dtype=np.int64)}
    tails, heads, rooms = [], [], []
    for _, here, there, room in problem.halves():
        mine, other = seeds[here], seeds[there]
        inner = (mine == 0) & (other == 0)
        tails.append(place[here[inner]])
        heads.append(place[there[inner]])
        rooms.append(room[inner])
        for code in (1, 2):
            for voxel, held in ((here, other), (there, mine)):
                at = (held == code) & (place[voxel] >= 0)
                np.add.at(ends[code], place[voxel[at]], room[at])
    joined = (np.concatenate(part) for part in (tails, heads, rooms))
    return Arcs(free, *joined, source=ends[1], sink=ends[2])


def terminals(price):
    """What a cut pays at the source and at the sink for these prices."""
    return np.maximum(price, 0), np.maximum(-price, 0)


def build_nodes(problem, number):
    """(graph, numbers of its nodes, their edges), ready for maxflow."""
    import maxflow

    arcs = list_arcs(problem)
    graph = maxflow.GraphInt(len(arcs.free), len(arcs.tails))
    graph.add_nodes(len(arcs.free))
    graph.add_edges(arcs.tails, arcs.heads, arcs.room, arcs.room)
    source, sink = terminals(problem.price(number).reshape(-1)[arcs.free])
    nodes = np.arange(len(arcs.free))
    graph.add_grid_tedges(nodes, arcs.source + source, arcs.sink + sink)
    return graph, nodes, arcs


def build_grid(problem, number):
    import maxflow

    shape = problem.cost.shape
    graph = maxflow.GraphInt(problem.cost.size, len(problem.steps) * problem.cost.size)
    nodes = graph.add_grid_nodes(shape)
    for step, here, _, room in problem.halves():
        weights = np.zeros(problem.cost.size, dtype=np.int64)
        weights[here] = room
        structure = np.zeros((3, 3, 3), dtype=np.int64)
        structure[tuple(1 + np.asarray(step))] = 1
        graph.add_grid_edges(nodes, weights.reshape(shape), structure=structure, symmetric=True)
    free = (problem.cost > 0) & (problem.seeds == 0)
    source, sink = terminals(np.where(free, problem.price(number), 0))
    source[problem.seeds == 1] = PLENTY
    sink[problem.seeds == 2] = PLENTY
    graph.add_grid_tedges(nodes, source, sink)
    return graph, nodes


def solve_cold(problem, number, use):
    """The value; the sides are read as well, since a plan needs them."""
    graph, nodes = {"grid": build_grid, "nodes": build_nodes}[use](problem, number)[:2]
    value = int(graph.maxflow())
    graph.get_grid_segments(nodes)
    return value


def solve_reused(problem):
    """All values, each from the last flow, and the sides with them."""
    graph, nodes, arcs = build_nodes(problem, 0)
    shared, fair = (part.reshape(-1)[arcs.free] for part in (problem.shared, problem.fair))
    price = shared + int(problem.lambdas[0]) * fair
    source, sink = terminals(price)
    values = [int(graph.maxflow())]
    graph.get_grid_segments(nodes)
    for number in range(1, len(problem.lambdas)):
        later = shared + int(problem.lambdas[number]) * fair
        more, less = terminals(later - price)
        changed = nodes[later != price]
        graph.add_grid_tedges(changed, more[changed], less[changed])
        graph.mark_grid_nodes(changed)
        source, sink, price = source + more, sink + less, later
        both = int(np.minimum(source, sink).sum())
        values.append(int(graph.maxflow(reuse_trees=True)) - both)
        graph.get_grid_segments(nodes)
    return values


def run_front(job):
    """Values of the points asked for, from nothing each or from the last flow."""
    problem = Problem.read(job["folder"])
    clock = Clock()
    if job["use"] == "reused":
        values = solve_reused(problem)
    else:
        values = [solve_cold(problem, number, job["use"]) for number in job["points"]]
    return clock.told() | {"values": values}


def run_distances(job):
    """scipy's distances of the masks; the largest difference from ours, mm."""
    from scipy import ndimage

    spent, apart = Clock.nothing(), 0.0
    for path in sorted(Path(job["folder"]).glob("distance-*.npz")):
        held = np.load(path)
        mask = unpack(held["mask"], held["shape"])
        clock = Clock()
        away = ndimage.distance_transform_edt(mask, sampling=tuple(held["spacing"]))
        spent = Clock.sum(spent, clock.told())
        if held["limit"] > 0:
            away = np.minimum(away, held["limit"])
        apart = max(apart, abs(float(away.sum(dtype=np.float64)) / float(held["sum"]) - 1.0))
    return spent | {"apart": apart}


def run_pieces(job):
    """scipy's connected pieces of the masks; whether their numbers are ours."""
    from scipy import ndimage

    spent, same = Clock.nothing(), True
    for path in sorted(Path(job["folder"]).glob("pieces-*.npz")):
        held = np.load(path)
        mask = unpack(held["mask"], held["shape"])
        structure = ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[int(held["near"])])
        clock = Clock()
        labels, count = ndimage.label(mask, structure)
        np.bincount(labels.reshape(-1))
        spent = Clock.sum(spent, clock.told())
        same &= int(count) == int(held["count"])
    return spent | {"same": same}


def run_faces(job):
    """Areas by counting voxel faces, cm2: biased, but what numpy does in a line."""
    spent, areas = Clock.nothing(), []
    for path in sorted(Path(job["folder"]).glob("faces-*.npz")):
        held = np.load(path)
        side = unpack(held["first"], held["shape"]) + 2 * unpack(held["second"], held["shape"])
        clock = Clock()
        areas.append(count_area(side.astype(np.uint8), held["spacing"]))
        spent = Clock.sum(spent, clock.told())
    return spent | {"areas": areas}


def count_area(side, spacing):
    """Voxel faces between sides 1 and 2, cm2."""
    total = 0.0
    for axis in range(3):
        first, second = (np.moveaxis(side, axis, 0)[part] for part in (slice(-1), slice(1, None)))
        parted = np.count_nonzero((first ^ second) == 3)
        total += parted * float(np.prod(spacing) / spacing[axis]) / 100.0
    return total


def pack(mask):
    """A mask as bits."""
    return np.packbits(mask.reshape(-1))


def unpack(bits, shape):
    return np.unpackbits(bits, count=int(np.prod(shape))).reshape(tuple(shape)).astype(bool)


class Clock:
    """Wall and CPU seconds since it was made."""

    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def told(self):
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        return {"wall_s": wall, "cpu_s": cpu}

    @staticmethod
    def nothing():
        return {"wall_s": 0.0, "cpu_s": 0.0}

    @staticmethod
    def sum(one, other):
        return {name: one[name] + other[name] for name in one}


TASKS = {
    "front": run_front,
    "distances": run_distances,
    "pieces": run_pieces,
    "faces": run_faces,
}


def peak_gib():
    """Most memory of this process so far, GiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024**2


def main():
    job = json.loads(sys.argv[1])
    print(json.dumps(TASKS[job["task"]](job) | {"peak_gib": peak_gib()}))


if __name__ == "__main__":
    main()
