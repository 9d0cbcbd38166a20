"""Speed and memory of the minimum cut beside free peers, on one phantom, in one run.

    python benchmarks/mincut.py --sizes 64 128 192 256 --seeds small large [--peer pymaxflow]

The phantom is told in phantom.py, how each solver is called in mincut_solvers.py. Peers solve
the same edges; a size above a solver's limit is left out, and said. Each measurement runs in a
fresh process pinned to as many cores as it has threads, after a tiny instance has compiled or
loaded everything. cpu_s and wall_s: building and solving, in seconds. bytes_per_voxel: growth
of the peak resident set over the loaded inputs, by all voxels of the cube. ratio_pymaxflow:
PyMaxflow's seconds in this run over this solver's, CPU seconds for one thread and wall seconds
for more; of several --peer variants the fastest counts. With --repeat the fastest run is told.

PyMaxflow (GPL) is no dependency: --peer installs it into an environment of its own in the
cache folder, or --peer-python names a Python that has it.

Other tasks: `front` (50 prices in one call beside cold solves), `certify` (the optimum, and
the optimum pushed two voxels), `resolve` (after a change of 16^3 voxels on the cut, beside a
cold solve), `compile` (import and first call with an empty and with a filled cache of numba).

Exit codes: 0 done, 1 solvers disagree or a certificate fails, 2 usage or a function that this
kernel does not have, 3 a peer cannot be had.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from environments import check_python, find_python
from phantom import make_phantom

__all__ = ["main", "make_phantom"]

CHILD = Path(__file__).resolve().with_name("mincut_solvers.py")
PEERS = ("pymaxflow", "pymaxflow-grid")
REQUIREMENTS = ("PyMaxflow==1.3.2", "numpy")
# The largest side each is given, for 6 and for 26 neighbours: time or memory end there.
LIMITS = {
    "diptych": (4096, 4096),
    "ortools": (192, 96),
    "scipy": (64, 48),
    "pymaxflow": (384, 160),
    "pymaxflow-grid": (256, 128),
}
COLUMNS = (
    *("size", "seeds", "neighbours", "solver", "threads", "cpu_s", "wall_s"),
    *("bytes_per_voxel", "value", "certificate", "ratio_pymaxflow"),
)
KNOWN = {}  # results of this run by job, so that a cold peer is measured once
SAMPLED = (0, 12, 25, 37, 49)  # of the 50 prices, solved cold by the peer


def tell(message):
    print(message, file=sys.stderr, flush=True)


def fail(message, code=1):
    tell(message)
    raise SystemExit(code)


# Running one measurement


def run_apart(options, **job):
    """The best result of --repeat fresh processes for this job."""
    threads = job["threads"]
    job["cores"] = choose_cores(threads)
    name = json.dumps(job, sort_keys=True)
    if name not in KNOWN:
        results = [run_once(options, job) for _ in range(options.repeat)]
        KNOWN[name] = min(results, key=lambda result: seconds(result, threads))
    return KNOWN[name]


def run_once(options, job, **environment):
    peer = job.get("solver") in PEERS
    python = options.peer_python if peer else sys.executable
    counts = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), str(job["threads"])
    )
    done = subprocess.run(
        [python, str(CHILD), json.dumps(job)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | counts | environment,
    )
    if done.returncode:
        fail(f"{job} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def choose_cores(threads):
    """As many of the cores that this process may use; none where they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(0))[-threads:]


def count_cores():
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def seconds(result, threads):
    return result["cpu_s" if threads == 1 else "wall_s"]


# The cut


def measure_cut(options):
    for size in options.sizes:
        for kind in options.seeds:
            found = [
                run_solver(options, solver, threads, size, kind)
                for solver, threads in choose_solvers(options, size)
            ]
            check_agreement(found, f"{size} {kind}, {options.neighbours} neighbours")
            add_ratios(found)
            yield from ({name: row[name] for name in COLUMNS} for row in found)


def choose_solvers(options, size):
    """(solver, threads) that are run at this size; those left out are told."""
    chosen = []
    for solver in (*options.solvers, *options.peer):
        limit = limit_of(options, solver)
        if size > limit:
            tell(f"{solver} is left out at {size}: its limit here is {limit} (--limit)")
        elif solver == "diptych":
            chosen += [(solver, threads) for threads in options.threads]
        else:
            chosen.append((solver, 1))
    return chosen


def limit_of(options, solver):
    limits = dict(pair.split("=") for pair in options.limit)
    return int(limits.get(solver, LIMITS[solver][options.neighbours == 26]))


def run_solver(options, solver, threads, size, kind):
    result = run_apart(
        options,
        task="cut",
        solver=solver,
        size=size,
        seeds=kind,
        neighbours=options.neighbours,
        threads=threads,
    )
    row = row_of(options, solver, threads, size, kind, result)
    tell("  ".join(f"{row[name]}" for name in COLUMNS if name in row))
    return row


def row_of(options, solver, threads, size, kind, result):
    return {
        "size": size,
        "seeds": kind,
        "neighbours": options.neighbours,
        "solver": solver,
        "threads": threads,
        "cpu_s": round(result["cpu_s"], 4),
        "wall_s": round(result["wall_s"], 4),
        "bytes_per_voxel": round(result["bytes_per_voxel"], 1),
        "value": result["value"],
        "certificate": result["certificate"],
    }


def check_agreement(rows, where):
    values = {row["value"] for row in rows}
    if len(values) > 1:
        told = ", ".join(f"{row['solver']} {row['value']}" for row in rows)
        fail(f"solvers disagree at {where}: {told}")
    if any(row["certificate"] is False for row in rows):
        fail(f"a certificate fails at {where}")


def add_ratios(rows):
    peers = [row for row in rows if row["solver"] in PEERS]
    for row in rows:
        row["ratio_pymaxflow"] = None
        if peers:
            best = min(seconds(peer, row["threads"]) for peer in peers)
            row["ratio_pymaxflow"] = round(best / max(seconds(row, row["threads"]), 1e-4), 1)


# The further claims


def measure_front(options):
    """All prices in one call; beside it the mean of cold solves at some of them."""
    for job in list_jobs(options):
        ours = run_apart(options, solver="diptych", **job)
        if not ours["certificate"]:
            fail(f"a certificate fails in the front of {job}")
        points = len(ours["values"])
        group = [claim_row(job, f"front of {points}, a point", ours, 1 / points)]
        for solver in ("diptych", *options.peer):
            if job["size"] <= limit_of(options, solver):
                cold = [solve_point(options, job, solver, point, ours) for point in SAMPLED]
                group.append(claim_row(job, f"{solver} cold, a point", mean_of(cold)))
        for row in group:
            row["moved_voxels"] = ours["moved"]  # from the first price to the last
        yield from compare(group, "times_front")


def solve_point(options, job, solver, point, ours):
    threads = 1 if solver in PEERS else job["threads"]
    result = run_apart(options, **(job | {"solver": solver, "point": point, "threads": threads}))
    if result["value"] != ours["values"][point]:
        fail(f"{solver} disagrees with the front at price {point} of {job}")
    return result


def mean_of(results):
    mean = {name: sum(r[name] for r in results) / len(results) for name in ("cpu_s", "wall_s")}
    return results[0] | mean | {"value": results[0]["value"]}


def measure_certify(options):
    """The optimum, and the optimum pushed two voxels: its loss must be exact."""
    for job in list_jobs(options):
        for variant in ("optimum", "shifted"):
            result = run_apart(options, solver="diptych", variant=variant, **job)
            best = result["optimum"]
            sound = result["lower_bound"] == best and result["value"] - result["loss"] == best
            sound &= result["value"] == result["severed"]
            if not sound or result["certificate"] != (result["value"] == best):
                fail(f"certify is wrong about the {variant} cut of {job}: {result}")
            row = claim_row(job, f"certify the {variant}", result)
            yield row | {"loss": result["loss"]}


def measure_resolve(options):
    """After a change of 16^3 voxels on the cut: dearer and cheaper, beside a cold solve."""
    for job in list_jobs(options):
        for variant in ("dearer", "cheaper"):
            group = [
                claim_row(job, f"{name}, {variant}", result)
                for name, result in (
                    (name, run_apart(options, solver=solver, variant=variant, **job))
                    for name, solver in (("resolve", "diptych"), ("cold", "diptych-cold"))
                )
            ]
            check_agreement([row | {"solver": row["what"]} for row in group], str(job))
            yield from compare(group, "times_resolve")


def measure_compile(options):
    """Import and first call: numba's cache empty, then filled."""
    for threads in options.threads:
        job = {"task": "compile", "neighbours": options.neighbours, "threads": threads}
        job |= {"size": 32, "seeds": "small", "cores": choose_cores(threads)}
        with tempfile.TemporaryDirectory() as folder:
            for cache in ("empty", "filled"):
                result = run_once(options, job, NUMBA_CACHE_DIR=folder)
                row = claim_row(job, f"first call, cache {cache}", result)
                spent = ("import_cpu_s", "import_wall_s")
                yield row | {name: round(result[name], 3) for name in spent}


def list_jobs(options):
    return [
        {
            "task": options.task,
            "size": size,
            "seeds": kind,
            "neighbours": options.neighbours,
            "threads": threads,
        }
        for size in options.sizes
        for kind in options.seeds
        for threads in options.threads
    ]


def claim_row(job, what, result, share=1.0):
    row = {name: job[name] for name in ("task", "size", "seeds", "neighbours")}
    row |= {"what": what, "threads": job["threads"]}
    row |= {name: round(result[name] * share, 4) for name in ("cpu_s", "wall_s")}
    if "bytes_per_voxel" in result:
        row["bytes_per_voxel"] = round(result["bytes_per_voxel"], 1)
    row |= {"value": result["value"], "certificate": result["certificate"]}
    tell("  ".join(str(value) for value in row.values()))
    return row


def compare(group, name):
    """Adds how many times the first row's seconds each row takes."""
    first = max(seconds(group[0], group[0]["threads"]), 1e-4)
    for row in group:
        row[name] = round(seconds(row, row["threads"]) / first, 1)
    return group


TASKS = {
    "cut": measure_cut,
    "front": measure_front,
    "certify": measure_certify,
    "resolve": measure_resolve,
    "compile": measure_compile,
}


# The command line


def read_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--task", choices=list(TASKS), default="cut")
    add("--sizes", type=int, nargs="+", default=[64, 96, 128])
    add("--seeds", nargs="+", choices=["small", "large"], default=["small", "large"])
    add("--neighbours", type=int, choices=[6, 26], default=6)
    add(
        "--threads",
        type=int,
        nargs="+",
        default=[1, 2][: count_cores()],
        help="of diptych; default: 1 and 2, or 1 where one core is all",
    )
    add(
        "--solvers",
        nargs="*",
        choices=["diptych", "ortools", "scipy"],
        default=["diptych", "ortools", "scipy"],
        help="solvers of our own environment (task cut)",
    )
    add("--peer", nargs="+", choices=PEERS, default=[], help="PyMaxflow, and how it is called")
    add("--peer-python", help="a Python that has PyMaxflow; default: one is set up in the cache")
    add("--repeat", type=int, default=1, help="runs of each measurement; the fastest counts")
    limits = ", ".join(f"{name} {six} ({more})" for name, (six, more) in LIMITS.items())
    add(
        "--limit",
        nargs="+",
        default=[],
        metavar="SOLVER=SIZE",
        help=f"largest side for a solver; for 6 (26) neighbours it is {limits}",
    )
    add("--json", action="store_true", help="a list of rows on stdout")
    options = parser.parse_args()
    for pair in options.limit:
        name, _, size = pair.partition("=")
        if name not in LIMITS or not size.isdigit():
            parser.error(f"--limit {pair}, expected SOLVER=SIZE with SOLVER in {', '.join(LIMITS)}")
    if min(options.sizes) < 32 or min(options.threads) < 1 or options.repeat < 1:
        parser.error("--sizes from 32, --threads and --repeat from 1")
    return options


def require_kernel(options):
    """Leaves out what this kernel cannot do; ends where that is the whole task."""
    import inspect

    import diptych.kernels.mincut as kernel

    if options.task in ("front", "certify", "resolve") and not hasattr(kernel, options.task):
        fail(f"this version of diptych.kernels.mincut has no function {options.task}", 2)
    if "threads" not in inspect.signature(kernel.minimum_cut).parameters:
        tell("this version of minimum_cut takes no threads: one thread only")
        options.threads = [1]
    if max(options.threads) > count_cores():
        fail(f"--threads {max(options.threads)}, but only {count_cores()} cores may be used", 2)


def find_peer(options):
    if options.peer and options.task in ("cut", "front"):
        found = options.peer_python or find_python("pymaxflow-1.3.2", REQUIREMENTS)
        options.peer_python = check_python(found, "maxflow")


def tell_machine():
    python = f"Python {platform.python_version()}"
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    tell(f"{name_processor()}, {count_cores()} cores, {load}, {python}")


def name_processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "?")


def print_table(rows):
    for number, row in enumerate(rows):
        if number == 0 or list(row) != list(rows[number - 1]):
            print("  ".join(f"{name:>{width(name)}}" for name in row))
        print("  ".join(f"{show(value):>{width(name)}}" for name, value in row.items()))


def width(name):
    return max(len(name), 26 if name == "what" else 14 if name == "solver" else 9)


def show(value):
    return "-" if value is None else str(value)


def main():
    options = read_options()
    require_kernel(options)
    find_peer(options)
    tell_machine()
    rows = []
    try:
        rows.extend(TASKS[options.task](options))
    finally:  # what was measured is told even if a later measurement fails
        if options.json:
            print(json.dumps(rows, indent=1))
        elif rows:
            print_table(rows)


if __name__ == "__main__":
    main()
