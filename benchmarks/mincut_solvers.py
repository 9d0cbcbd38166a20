"""One measurement in a process of its own: the child program of mincut.py.

    python benchmarks/mincut_solvers.py '{"task": "cut", "solver": "diptych", "size": 64, ...}'

Runs under our interpreter or under a peer's (which has numpy and that peer only), prints one
JSON object. A tiny instance first, so that compilation and imports are not counted; then the
inputs are made, the peak of the resident set is reset, and the task runs once.

How each peer is used. All get integers and exactly the edges of our kernel.
- pymaxflow: `GraphInt` over the tissue voxels alone, sizes told in advance, `add_edges` with
  int32 arrays, one call for each direction. Of the ways tried (with and without sizes,
  `GraphFloat`, edges sorted by voxel) this is the fastest: at 256^3 it needs 25 % (small seeds)
  to 40 % (large) less time than the next, and 100 instead of 276 bytes a voxel.
- pymaxflow-grid: `GraphInt`, `add_grid_nodes` and `add_grid_edges` with weight arrays and one
  structure for each direction, as its documentation does it.
- ortools: `SimpleMaxFlow.add_arcs_with_capacity` over the tissue. scipy: `maximum_flow` (Dinic).
Their time is that of building and solving; reading the labels back is not counted.
"""

import contextlib
import ctypes
import gc
import inspect
import json
import os
import resource
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
from phantom import make_phantom

WARM_SIZE = 48
PLENTY = 2**24  # more than any voxel can carry away
STEPS_6 = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
STEPS_26 = tuple(s for s in product((-1, 0, 1), repeat=3) if s > (0, 0, 0))
FRONT_SCALE, FRONT_POINTS = 64, 50  # costs in 64ths, so that prices can rise in 64ths
SHIFT = 2  # voxels, of the bad cut
REGION = 16  # voxels a side, of the local change


class Problem:
    """Inputs of one measurement; `price` is the unary price of label 2 (or None)."""

    def __init__(self, job, size):
        self.cost, self.seeds = make_phantom(size, job["seeds"])
        self.neighbours, self.threads = job["neighbours"], job["threads"]
        self.price = None
        if job["task"] == "front":
            self.fairness = ((self.cost > 0) & (self.seeds == 0)).astype(np.int32)
            self.cost = self.cost.astype(np.uint16) * FRONT_SCALE
            if "point" in job:
                self.price = self.fairness * np.int32(list_prices(size)[job["point"]])

    def halves(self):
        """Weight and the two views (here, there) of each undirected edge direction."""
        for step in STEPS_6 if self.neighbours == 6 else STEPS_26:
            here = tuple(slice(max(0, -s), -s if s > 0 else None) for s in step)
            there = tuple(slice(max(0, s), s if s < 0 else None) for s in step)
            yield weigh(step, self.neighbours), here, there

    def edges(self, weight, here, there):
        """Where both ends are tissue, and the capacities there, int32."""
        a, b = self.cost[here], self.cost[there]
        both = (a > 0) & (b > 0)
        return both, np.int32(weight) * (a[both].astype(np.int32) + b[both])

    def terminals(self):
        """Capacities from the source and to the sink for each voxel, int32."""
        source = np.where(self.seeds == 1, np.int32(PLENTY), np.int32(0))
        if self.price is not None:
            source += np.where(self.seeds == 0, self.price, 0).astype(np.int32)
        return source, np.where(self.seeds == 2, np.int32(PLENTY), np.int32(0))


def weigh(step, neighbours):
    """6: 1. 26: 12 over the distance, in quarters: 48, 34, 28 (12, 8.5, 7)."""
    if neighbours == 6:
        return 1
    return round(4 * 12 / sum(abs(s) for s in step) ** 0.5)


def list_prices(size):
    """Prices of a free tissue voxel on side 2, in 64ths of a unit of cost, rising.

    Over them the cut first stays, then wanders along the skull, then gives up a whole side:
    on the phantom that comes near 0.45 x 256 / size (small seeds) and 0.55 x 256 / size (large).
    """
    return [point * max(1, 256 // size) for point in range(FRONT_POINTS)]


# Solvers: Problem -> {"value", "certificate"}


def solve_diptych(problem):
    from diptych.kernels.mincut import minimum_cut

    more = {} if problem.price is None else {"unary": problem.price}
    cut = minimum_cut(problem.cost, problem.seeds, **options_of(problem), **more)
    return told(cut)


def solve_pymaxflow(problem):
    import maxflow

    tissue = problem.cost > 0
    count = int(np.count_nonzero(tissue))
    index = np.zeros(problem.cost.shape, dtype=np.int32)
    index[tissue] = np.arange(count, dtype=np.int32)
    pairs = sum(
        np.count_nonzero(tissue[here] & tissue[there]) for _, here, there in problem.halves()
    )
    graph = maxflow.GraphInt(count, int(pairs))
    graph.add_nodes(count)
    for weight, here, there in problem.halves():
        both, room = problem.edges(weight, here, there)
        graph.add_edges(index[here][both], index[there][both], room, room)
    source, sink = problem.terminals()
    graph.add_grid_tedges(np.arange(count), source[tissue], sink[tissue])
    del index, tissue, both, room, source, sink
    return {"value": int(graph.maxflow()), "certificate": None}


def solve_pymaxflow_grid(problem):
    import maxflow

    cost = problem.cost
    directions = list(problem.halves())
    graph = maxflow.GraphInt(cost.size, len(directions) * cost.size)
    nodes = graph.add_grid_nodes(cost.shape)
    steps = STEPS_6 if problem.neighbours == 6 else STEPS_26
    for step, (weight, here, there) in zip(steps, directions, strict=True):
        both, room = problem.edges(weight, here, there)
        weights = np.zeros(cost.shape, dtype=np.int32)
        weights[here][both] = room
        structure = np.zeros((3, 3, 3), dtype=np.int32)
        structure[tuple(1 + s for s in step)] = 1
        graph.add_grid_edges(nodes, weights, structure=structure, symmetric=True)
    source, sink = problem.terminals()
    graph.add_grid_tedges(nodes, source, sink)
    del both, room, weights, source, sink
    return {"value": int(graph.maxflow()), "certificate": None}


def solve_ortools(problem):
    from ortools.graph.python import max_flow

    tails, heads, room, count = list_arcs(problem)
    graph = max_flow.SimpleMaxFlow()
    graph.add_arcs_with_capacity(tails, heads, room)
    del tails, heads, room
    if graph.solve(count, count + 1) != graph.OPTIMAL:
        raise RuntimeError("OR-tools did not find the maximum flow")
    return {"value": int(graph.optimal_flow()), "certificate": None}


def solve_scipy(problem):
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    tails, heads, room, count = list_arcs(problem)
    graph = csr_array((room, (tails, heads)), shape=(count + 2, count + 2))
    del tails, heads, room
    return {"value": int(maximum_flow(graph, count, count + 1).flow_value), "certificate": None}


def list_arcs(problem):
    """Tails, heads and capacities (int32) over the tissue; count, source = count, sink + 1."""
    tissue = problem.cost > 0
    count = int(np.count_nonzero(tissue))
    index = np.zeros(problem.cost.shape, dtype=np.int32)
    index[tissue] = np.arange(count, dtype=np.int32)
    tails, heads, room = [], [], []
    for weight, here, there in problem.halves():
        both, capacity = problem.edges(weight, here, there)
        p, q = index[here][both], index[there][both]
        tails += [p, q]
        heads += [q, p]
        room += [capacity, capacity]
    source, sink = (side[tissue] for side in problem.terminals())
    firsts, lasts = (np.flatnonzero(side).astype(np.int32) for side in (source, sink))
    tails += [np.full(len(firsts), count, dtype=np.int32), lasts]
    heads += [firsts, np.full(len(lasts), count + 1, dtype=np.int32)]
    room += [source[firsts], sink[lasts]]
    return np.concatenate(tails), np.concatenate(heads), np.concatenate(room), count


# The further claims: Problem -> (work to be timed, facts to be told beside)


def prepare_cut(problem, job):
    solve = SOLVERS[job["solver"]]
    return lambda: solve(problem)


def prepare_front(problem, job):
    if job["solver"] != "diptych" or "point" in job:
        return prepare_cut(problem, job)
    from diptych.kernels.mincut import front

    prices = list_prices(problem.cost.shape[0])

    def work():
        cuts = front(problem.cost, problem.seeds, problem.fairness, prices, **options_of(problem))
        return {
            "value": int(cuts[0].value),
            "certificate": all(cut.certificate.passed for cut in cuts),
            "values": [int(cut.value) for cut in cuts],
            "moved": int(np.count_nonzero(cuts[0].labels != cuts[-1].labels)),
        }

    return work


def prepare_certify(problem, job):
    from diptych.kernels.mincut import certify, minimum_cut

    cut = minimum_cut(problem.cost, problem.seeds, **options_of(problem))
    labels = cut.labels
    if job["variant"] == "shifted":
        pushed = np.roll(labels, SHIFT, axis=2)
        free = (problem.cost > 0) & (problem.seeds == 0) & (pushed > 0)
        labels = np.where(free, pushed, labels)
    severed = price_labels(problem, labels)

    def work():
        more = options_of(problem, certify)
        found = certify(problem.cost, problem.seeds, labels, **more)
        return {
            "value": int(found.value),
            "certificate": found.optimal,
            "lower_bound": int(found.lower_bound),
            "loss": int(found.loss),
            "optimum": int(cut.value),
            "severed": severed,
        }

    return work


def price_labels(problem, labels):
    """Sum of the capacities between the two sides."""
    total = 0
    for weight, here, there in problem.halves():
        both, room = problem.edges(weight, here, there)
        total += int(room[labels[here][both] != labels[there][both]].sum(dtype=np.int64))
    return total


def prepare_resolve(problem, job):
    from diptych.kernels.mincut import minimum_cut, resolve

    cut = minimum_cut(problem.cost, problem.seeds, **options_of(problem))
    changed = place_region(cut.labels, problem.cost)
    factor = {"dearer": 3.0, "cheaper": 1 / 3}[job["variant"]]
    wished = np.clip(np.rint(problem.cost * factor), 1, 127).astype(np.uint8)
    problem.cost = np.where(changed & (problem.cost > 0), wished, problem.cost)
    if job["solver"] == "diptych-cold":
        return lambda: solve_diptych(problem)
    more = {"threads": problem.threads} if takes(resolve, "threads") else {}
    return lambda: told(resolve(cut, changed, problem.cost, **more))


def place_region(labels, cost):
    """A box of REGION voxels a side around the place on the cut nearest to the middle."""
    on_cut = (labels[:, :, :-1] * labels[:, :, 1:] == 2) & (cost[:, :, 1:] > 0)
    places = np.argwhere(on_cut)
    centre = places[np.argmin(((places - np.array(labels.shape) / 2) ** 2).sum(axis=1))]
    changed = np.zeros(labels.shape, dtype=bool)
    half = min(REGION, labels.shape[0] // 4) // 2
    changed[tuple(slice(c - half, c + half) for c in centre)] = True
    return changed


SOLVERS = {
    "diptych": solve_diptych,
    "ortools": solve_ortools,
    "scipy": solve_scipy,
    "pymaxflow": solve_pymaxflow,
    "pymaxflow-grid": solve_pymaxflow_grid,
}
TASKS = {
    "cut": prepare_cut,
    "front": prepare_front,
    "certify": prepare_certify,
    "resolve": prepare_resolve,
}


def takes(function, name):
    """Whether the kernel's function has this parameter."""
    return name in inspect.signature(function).parameters


def options_of(problem, function=None):
    from diptych.kernels.mincut import minimum_cut

    options = {"neighbours": problem.neighbours}
    if takes(function or minimum_cut, "threads"):
        options["threads"] = problem.threads
    return options


def told(cut):
    return {"value": int(cut.value), "certificate": bool(cut.certificate.passed)}


# Measuring


def measure(job):
    """One result: what the task returned, seconds, bytes a voxel."""
    TASKS[job["task"]](Problem(job, WARM_SIZE), job)()
    problem = Problem(job, job["size"])
    work = TASKS[job["task"]](problem, job)
    before = rest_memory()
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    grown = max(0, peak_memory() - before)
    return result | {
        "cpu_s": cpu,
        "wall_s": wall,
        "bytes_per_voxel": grown / problem.cost.size,
    }


def measure_start(job):
    """Seconds of the import and of the first call in this process, nothing warmed."""
    from_start = time.perf_counter(), time.process_time()
    import diptych.kernels.mincut as kernel

    imported = time.perf_counter(), time.process_time()
    cost, seeds = make_phantom(WARM_SIZE, "small")
    ready = time.perf_counter(), time.process_time()
    more = {"threads": job["threads"]} if takes(kernel.minimum_cut, "threads") else {}
    cut = kernel.minimum_cut(cost, seeds, neighbours=job["neighbours"], **more)
    done = time.perf_counter(), time.process_time()
    names = ("wall_s", "cpu_s")
    spent = {f"import_{n}": b - a for n, a, b in zip(names, from_start, imported, strict=True)}
    return told(cut) | spent | {n: b - a for n, a, b in zip(names, ready, done, strict=True)}


def rest_memory():
    """Bytes resident now; the peak starts again from here where the system can do that."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)  # give freed memory back, lest it hide what is used
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return read_status("VmRSS")
    except OSError:
        return peak_memory()


def peak_memory():
    """Bytes at most since the reset; without /proc since the start, a lower bound of growth."""
    try:
        return read_status("VmHWM")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def read_status(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024


def main():
    job = json.loads(sys.argv[1])
    if job["cores"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cores"])
    print(json.dumps((measure_start if job["task"] == "compile" else measure)(job)))


if __name__ == "__main__":
    main()
