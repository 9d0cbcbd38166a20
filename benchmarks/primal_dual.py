"""The primal-dual engine beside the exact one and free peers, on one phantom, in one run.

    python benchmarks/primal_dual.py --sizes 64 128 192 256 --seeds small large --threads 1 2
    python benchmarks/primal_dual.py --sizes 96 --gaps 0.01 0 --no-peers --json

The primal-dual engine is run to each gap (0: until the cut is proven optimal). Ratios are the
exact engine's CPU seconds on one thread over those of the row: above 1 the row is faster.
Every row is measured in a process of its own, after a small instance that compiles; memory is
the growth of the resident set over the loaded inputs, per voxel of the whole grid. OR-tools
and scipy solve the same edges up to the size they can bear.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from phantom import make_phantom

LARGEST = {"ortools": 128, "scipy": 64}
WARM_SIZE = 24
PLENTY = 2**24  # more than any voxel can carry away


def solve_primal_dual(cost, seeds, options):
    from diptych.kernels.mincut.grid import edge_weights, neighbour_steps
    from diptych.kernels.mincut.primal_dual import solve_primal_dual

    steps = neighbour_steps(options["neighbours"])
    found = solve_primal_dual(
        cost,
        seeds,
        steps=steps,
        weights=edge_weights(steps, (1.0, 1.0, 1.0)),
        gap=options["gap"],
        threads=options["threads"],
        iterations=options["iterations"],
    )
    return {
        "value": found.value,
        "lower_bound": found.lower_bound,
        "gap_reached": found.gap,
        "iterations": found.iterations,
    }


def solve_exact(cost, seeds, options):
    from diptych.kernels.mincut import minimum_cut

    cut = minimum_cut(cost, seeds, neighbours=options["neighbours"])
    return {"value": cut.value, "lower_bound": cut.lower_bound, "gap_reached": 0.0}


def solve_ortools(cost, seeds, _options):
    from ortools.graph.python import max_flow

    tails, heads, rooms, size = list_edges(cost, seeds)
    peer = max_flow.SimpleMaxFlow()
    peer.add_arcs_with_capacity(tails, heads, rooms)
    peer.solve(size, size + 1)
    return {"value": peer.optimal_flow()}


def solve_scipy(cost, seeds, _options):
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    tails, heads, rooms, size = list_edges(cost, seeds)
    graph = csr_array((rooms.astype(np.int32), (tails, heads)), shape=(size + 2, size + 2))
    return {"value": int(maximum_flow(graph, size, size + 1).flow_value)}


SOLVERS = {
    "primal-dual": solve_primal_dual,
    "exact": solve_exact,
    "ortools": solve_ortools,
    "scipy": solve_scipy,
}


def list_edges(cost, seeds):
    """Face neighbours of the tissue, c_p + c_q both ways, then source and sink."""
    index = np.full(cost.shape, -1, dtype=np.int64)
    index[cost > 0] = np.arange(np.count_nonzero(cost))
    size = int(index.max()) + 1
    tails, heads, rooms = [], [], []
    for axis in range(3):
        low, high = [slice(None)] * 3, [slice(None)] * 3
        low[axis], high[axis] = slice(0, -1), slice(1, None)
        a, b = tuple(low), tuple(high)
        both = (cost[a] > 0) & (cost[b] > 0)
        p, q = index[a][both], index[b][both]
        room = cost[a][both].astype(np.int64) + cost[b][both]
        tails += [p, q]
        heads += [q, p]
        rooms += [room, room]
    firsts, lasts = index[seeds == 1], index[seeds == 2]
    tails += [np.full(len(firsts), size), lasts]
    heads += [firsts, np.full(len(lasts), size + 1)]
    rooms += [np.full(len(firsts) + len(lasts), PLENTY)]
    return np.concatenate(tails), np.concatenate(heads), np.concatenate(rooms), size


def run_here(options):
    """One measurement in this process, as a row."""
    solve = SOLVERS[options["solver"]]
    solve(*make_phantom(WARM_SIZE, "small"), options)
    cost, seeds = make_phantom(options["size"], options["seeds"])
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")  # the peak starts again from here
    before = resident("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    found = solve(cost, seeds, options)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    tissue = int(np.count_nonzero(cost))
    steps = found.get("iterations")
    return {
        "size": options["size"],
        "seeds": options["seeds"],
        "neighbours": options["neighbours"],
        "solver": options["solver"],
        "gap": options["gap"] if options["solver"] == "primal-dual" else 0.0,
        "threads": options["threads"],
        "gap_reached": found.get("gap_reached"),
        "iterations": steps,
        "cpu_s": round(cpu, 3),
        "wall_s": round(wall, 3),
        "ns_voxel_step": round(1e9 * wall / (tissue * steps), 2) if steps else None,
        "bytes_per_voxel": round((resident("VmHWM") - before) * 1024 / cost.size, 1),
        "value": int(found["value"]),
        "lower_bound": found.get("lower_bound"),
    }


def resident(field):
    """Kilobytes of this process: VmRSS now, VmHWM at most since the peak was reset; 0 elsewhere."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)


def run_apart(options):
    """The same in a fresh process, so that memory is that solver's own."""
    command = [sys.executable, __file__, "--one", json.dumps(options)]
    # Every large array gets pages of its own, so that none hides in freed ones.
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    if done.returncode:
        raise SystemExit(f"{options} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def list_jobs(options, size, kind):
    """What is measured on one instance, the exact engine first."""
    plain = {"size": size, "seeds": kind, "neighbours": options.neighbours, "gap": 0.0}
    plain |= {"threads": 1, "iterations": options.iterations}
    yield plain | {"solver": "exact"}
    if options.peers and options.neighbours == 6:
        yield from (plain | {"solver": name} for name, most in LARGEST.items() if size <= most)
    for threads in options.threads:
        for gap in options.gaps:
            yield plain | {"solver": "primal-dual", "gap": gap, "threads": threads}


def measure(options):
    """All rows; stops when a bound and a value contradict one another."""
    rows = []
    for size in options.sizes:
        for kind in options.seeds:
            found = [run_apart(job) for job in list_jobs(options, size, kind)]
            best = found[0]["value"]
            for row in found:
                row["ratio_exact"] = round(found[0]["cpu_s"] / max(row["cpu_s"], 1e-3), 2)
                bound = row["lower_bound"]
                wrong = row["value"] < best if bound is not None else row["value"] != best
                if wrong or (bound is not None and bound > best):
                    raise SystemExit(f"{row['solver']} disagrees with the exact cut {best}: {row}")
            rows += found
            print(f"{size} {kind} done", file=sys.stderr)
    return rows


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    parser.add_argument(
        "--seeds", nargs="+", choices=["small", "large"], default=["small", "large"]
    )
    parser.add_argument("--neighbours", type=int, choices=[6, 26], default=6)
    parser.add_argument("--gaps", type=float, nargs="+", default=[0.01, 0.001, 0.0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--iterations", type=int, default=4000, help="steps at most")
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    options = read_options()
    if options.one:
        print(json.dumps(run_here(json.loads(options.one))))
        return
    rows = measure(options)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    show = {"gap_reached": lambda gap: f"{gap:.1e}"}
    table = [[show.get(k, str)(v) if v is not None else "-" for k, v in r.items()] for r in rows]
    widths = [max(map(len, column)) for column in zip(rows[0], *table, strict=True)]
    for line in (list(rows[0]), *table):
        print("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)))


if __name__ == "__main__":
    main()
