"""Speed and memory of the minimum cut beside free peers, on one phantom, in one run.

    python benchmarks/mincut.py --sizes 64 96 128 --seeds small large [--neighbours 6] [--json]

The phantom: two ellipsoid heads fused at the vertex (scalp 6, bone 14, fluid 3, dura 5, brain
60, sulci 8, vessels 120), a bent interface, 25 % noise. "small" seeds are two deep balls,
"large" seeds all brain away from the junction. Peers solve the same edges; one larger than
its limit is left out. Every solver runs in a process of its own; memory is the growth of its
resident set over the loaded inputs.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy import ndimage

SOLVERS = ("diptych", "ortools", "scipy")
LARGEST = {"diptych": 4096, "ortools": 128, "scipy": 64}


def make_phantom(size, kind):
    """Costs uint8 and seeds uint8, (size, size, size)."""
    chance = np.random.Generator(np.random.Philox(key=size))
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    x, y, z = axis[:, None, None], axis[None, :, None], axis[None, None, :]
    bend = 0.06 * np.sin(3 * x) * np.cos(2.5 * y) + 0.05 * np.sin(5 * y)
    reach = [
        np.sqrt((x / 0.66) ** 2 + (y / 0.74) ** 2 + ((z + s) / 0.56) ** 2) for s in (0.42, -0.42)
    ]
    away = np.minimum(*reach)
    base = np.zeros((size,) * 3, dtype=np.float32)
    for limit, cost in ((1.0, 6), (0.93, 14), (0.87, 3), (0.85, 5), (0.82, 60)):
        base[away < limit] = cost
    base[(away < 0.87) & (np.abs(z - bend) < 3.0 / size)] = 5
    coarse = chance.normal(size=(size // 6,) * 3).astype(np.float32)
    folds = ndimage.zoom(coarse, size / coarse.shape[0], order=1, grid_mode=True, mode="nearest")
    base[(base == 60) & (np.abs(folds[:size, :size, :size]) < 0.12)] = 8
    _draw_vessels(base, chance)
    noisy = base * chance.uniform(0.75, 1.25, base.shape).astype(np.float32)
    cost = np.where(base > 0, np.clip(np.round(noisy), 1, 127), 0).astype(np.uint8)
    return cost, _make_seeds(kind, (x, y, z), bend, reach, cost)


def _draw_vessels(base, chance):
    """Forty vessels, half of them across the interface."""
    size = base.shape[0]
    for number in range(40):
        low, high = ((-0.3, 0.3), (0.1, 0.6))[number % 2]
        start = np.array([*chance.uniform(-0.5, 0.5, 2), low])
        end = np.array([*(start[:2] + chance.uniform(-0.2, 0.2, 2)), high])
        line = start + np.linspace(0.0, 1.0, 3 * size)[:, None] * (end - start)
        i, j, k = np.clip(np.round((line + 1) / 2 * (size - 1)), 1, size - 2).astype(int).T
        for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
            tissue = base[i + a, j + b, k] > 0
            base[(i + a)[tissue], (j + b)[tissue], k[tissue]] = 120


def _make_seeds(kind, place, bend, reach, cost):
    x, y, z = place
    seeds = np.zeros(cost.shape, dtype=np.uint8)
    if kind == "small":
        for code, s in ((1, 0.45), (2, -0.45)):
            seeds[x**2 + y**2 + (z + s) ** 2 < 0.2**2] = code
    else:
        seeds[(reach[0] < 0.8) & (z < bend - 0.12)] = 1
        seeds[(reach[1] < 0.8) & (z > bend + 0.12)] = 2
    seeds[cost == 0] = 0
    return seeds


def solve(solver, cost, seeds, neighbours):
    """Value of the cut and whether it is certified (None: the peer gives no certificate)."""
    if solver == "diptych":
        from diptych.kernels.mincut import minimum_cut

        cut = minimum_cut(cost, seeds, neighbours=neighbours)
        return cut.value, cut.certificate.passed
    tails, heads, room, size = _edges(cost, seeds)
    if solver == "ortools":
        from ortools.graph.python import max_flow

        peer = max_flow.SimpleMaxFlow()
        peer.add_arcs_with_capacity(tails, heads, room)
        peer.solve(size, size + 1)
        return peer.optimal_flow(), None
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    capped = np.minimum(room, 2**30).astype(np.int32)
    graph = csr_array((capped, (tails, heads)), shape=(size + 2, size + 2))
    return int(maximum_flow(graph, size, size + 1).flow_value), None


def _edges(cost, seeds):
    """Edges of the tissue alone, c_p + c_q both ways, and of source and sink."""
    index = np.full(cost.shape, -1, dtype=np.int64)
    index[cost > 0] = np.arange(np.count_nonzero(cost))
    size = int(index.max()) + 1
    tails, heads, room = [], [], []
    for axis in range(3):
        low, high = [slice(None)] * 3, [slice(None)] * 3
        low[axis], high[axis] = slice(0, -1), slice(1, None)
        a, b = tuple(low), tuple(high)
        both = (cost[a] > 0) & (cost[b] > 0)
        p, q = index[a][both], index[b][both]
        capacity = cost[a][both].astype(np.int64) + cost[b][both]
        tails += [p, q]
        heads += [q, p]
        room += [capacity, capacity]
    firsts, lasts = index[seeds == 1], index[seeds == 2]
    tails += [np.full(len(firsts), size), lasts]
    heads += [firsts, np.full(len(lasts), size + 1)]
    room += [np.full(len(firsts) + len(lasts), 2**40)]
    return np.concatenate(tails), np.concatenate(heads), np.concatenate(room), size


def run_here(solver, size, kind, neighbours):
    """One measurement in this process, as a row."""
    if solver == "diptych":
        solve(solver, *make_phantom(24, kind), neighbours)  # compile or load from the cache
    cost, seeds = make_phantom(size, kind)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _resident("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    value, certificate = solve(solver, cost, seeds, neighbours)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    grown = _resident("VmHWM") - before
    return {
        "size": size,
        "seeds": kind,
        "neighbours": neighbours,
        "solver": solver,
        "threads": 1,
        "cpu_s": round(cpu, 3),
        "wall_s": round(wall, 3),
        "bytes_per_voxel": round(grown * 1024 / cost.size, 1),
        "value": int(value),
        "certificate": certificate,
    }


def _resident(field):
    """Kilobytes of this process: VmRSS now, VmHWM at most since the peak was reset (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def run_apart(solver, size, kind, neighbours):
    """The same in a fresh process, so that memory is that solver's own."""
    command = [sys.executable, __file__, "--one", solver, str(size), kind, str(neighbours)]
    # Every large array gets pages of its own, so that none hides in freed ones.
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    return json.loads(done.stdout)


def measure(options):
    """Rows of all solvers on all instances; ratios are a peer's CPU seconds over ours."""
    rows = []
    for size in options.sizes:
        for kind in options.seeds:
            usable = [s for s in SOLVERS if size <= LARGEST[s]]
            if options.neighbours == 26:
                usable = ["diptych"]
            found = [run_apart(s, size, kind, options.neighbours) for s in usable]
            for row in found:
                row["ratio_diptych"] = round(row["cpu_s"] / max(found[0]["cpu_s"], 1e-3), 1)
            values = {row["value"] for row in found}
            if len(values) > 1:
                raise SystemExit(f"solvers disagree at {size} {kind}: {sorted(values)}")
            rows += found
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96, 128])
    parser.add_argument(
        "--seeds", nargs="+", choices=["small", "large"], default=["small", "large"]
    )
    parser.add_argument("--neighbours", type=int, choices=[6, 26], default=6)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        solver, size, kind, neighbours = options.one
        print(json.dumps(run_here(solver, int(size), kind, int(neighbours))))
        return
    rows = measure(options)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("  ".join(f"{name:>15}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{row[name]!s:>15}" for name in row))


if __name__ == "__main__":
    main()
