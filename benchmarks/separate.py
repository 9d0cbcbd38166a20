"""The whole plan of a separation, step by step, beside PyMaxflow and scipy, in one run.

    python benchmarks/separate.py --spacing 1 1.5 2 --grid 300 300 400 [--peer] [--json]

A generated pair (--type, --seed) and its anatomy are made once for each spacing and kept in
--keep. --grid puts the pair into a field of view of that many millimetres, with air around it,
as a scanner gives it: then the cost of the empty volume is in all figures.

Rows, each with CPU and wall seconds, the peak memory of its process in GiB (inputs and compiled
code included) and the machine's load at that moment:

- the whole plan: first in its process ("cold", with numba's cache filled), then again ("warm")
- its steps, in a warm run of their own: ground (costs and seeds), the front of 21 nested cuts,
  what each cut costs (crossings and who keeps each vessel included), plans, areas of each cut
- a new demand, from the ground at hand to the proposed cut, its keepers and both twins' costs
- what our kernels took for all calls in one plan, and with --peer beside it what free peers
  take for the same calls on the same arrays. `peer_ratio` is the peer's CPU seconds over ours
  in the same run. The peers of the cut are PyMaxflow with every point from nothing, and PyMaxflow
  going on from its last flow; all their values must be those of our front. Distances, connected
  pieces and counted voxel faces are scipy's and numpy's; that of the vessels is scipy's `milp` of
  the first goal alone.

Nobody else does the other steps (unbiased areas, openings, flaps, expanders, emergency paths):
they have no peer and no ratio.

PyMaxflow (GPL) is no dependency: --peer installs it into an environment of its own in the
cache folder, or --peer-python names a Python that has PyMaxflow and scipy.

Exit codes: 0 done, 1 a value differs or a run is not like the one before, 3 a peer cannot be had.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from environments import check_python, find_python
from mincut import count_cores, fail, tell, tell_machine

HERE = Path(__file__).resolve().parent
REQUIREMENTS = ("PyMaxflow==1.3.2", "numpy==2.4.6", "scipy==1.17.1")
COLUMNS = ("step", "cpu_s", "wall_s", "peak_gib", "peer_ratio", "growth", "load", "note")
NAMES = {
    "front": "kernel: front",
    "distances": "kernel: distances",
    "pieces": "kernel: connected pieces",
    "faces": "areas: unbiased faces",
    "keepers": "keepers: all calls of the plan",
}
PEERS = {
    "distances": "scipy: distance_transform_edt",
    "pieces": "scipy: label",
    "faces": "numpy: counted faces (biased)",
}
SAME = 1e-5  # relative, of sums of distances: scipy's are float64


def run_child(options, program, job, python=sys.executable):
    """What a child program prints, in a process of its own."""
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), str(options.threads)
    )
    done = subprocess.run(
        [python, str(HERE / program), json.dumps(job)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | threads,
    )
    if done.returncode:
        fail(f"{job} failed:\n{done.stderr[-2000:]}")
    if done.stderr:
        tell(done.stderr.strip()[-500:])
    return json.loads(done.stdout.splitlines()[-1])


def measure(options, spacing):
    """(facts, rows) of one spacing."""
    job = {
        "type": options.type,
        "seed": options.seed,
        "spacing": spacing,
        "grid": options.grid,
        "anatomy": str(options.keep / f"{options.type}-{options.seed}-{spacing}.pickle"),
        "folder": str(options.keep / f"calls-{options.type}-{options.seed}-{spacing}"),
    }
    if not Path(job["anatomy"]).exists():
        tell(f"making the pair and its anatomy at {spacing:g} mm")
        run_child(options, "separate_steps.py", job | {"task": "make"})
    facts, rows = {"spacing": spacing}, []
    for task in ("whole", "steps"):
        if task in options.only:
            found = run_child(options, "separate_steps.py", job | {"task": task})
            rows += found.pop("rows")
            facts |= found
    if "steps" in options.only:
        rows = add_peers(options, job, rows)
    return facts, rows


def add_peers(options, job, rows):
    """Rows by step, those of the peers right after ours, with ratios."""
    found, ours, peers = [], [], []
    for row in rows:
        if row.get("peer"):
            continue
        group = [row]
        if row["step"] == "front" and options.peer:
            group += run_fronts(options, job, row)
        elif row["step"] in PEERS and options.peer:
            group.append(run_peer(options, job, row))
        elif row["step"].startswith("keepers: both"):
            group += [other for other in rows if other.get("peer")]
        found += [entry | {"peer_ratio": ratio(entry, row)} for entry in group]
        ours += [row] * (len(group) > 1)
        peers += group[1:2]
    return found + ([sum_peers(ours, peers)] if peers else [])


def sum_peers(ours, peers):
    """All that free peers do of a plan, the cuts from nothing, over what we take for it."""
    total = {name: sum(row[name] for row in peers) for name in ("cpu_s", "wall_s")}
    mine = {name: sum(row[name] for row in ours) for name in ("cpu_s", "wall_s")}
    note = f"ours for the same {mine['cpu_s']:.2f} s CPU, {mine['wall_s']:.2f} s"
    row = {"step": "peers together", "peer_ratio": ratio(total, mine), "note": note}
    return row | total | {"load": peers[-1]["load"]}


def ratio(entry, ours):
    if entry is ours or not ours["cpu_s"]:
        return None
    return round(entry["cpu_s"] / ours["cpu_s"], 2)


def run_fronts(options, job, ours):
    """PyMaxflow's rows; the middle point decides which use is the faster."""
    points, rows = list(range(len(ours["values"]))), []
    middle = {"points": [len(points) // 2]}
    tried = {use: call_peer(options, job, "front", use=use, **middle) for use in ("nodes", "grid")}
    for use, found in tried.items():
        check_values(ours, found, middle["points"], use)
    use = min(tried, key=lambda name: tried[name]["cpu_s"])
    told = ", ".join(f"{name} {found['cpu_s']:.2f} s" for name, found in tried.items())
    cold = call_peer(options, job, "front", use=use, points=points)
    reused = call_peer(options, job, "front", use="reused", points=points)
    for what, found, note in (
        (f"PyMaxflow: {len(points)} cuts from nothing, {use}", cold, f"one cut: {told}"),
        (f"PyMaxflow: {len(points)} cuts, trees reused", reused, ""),
    ):
        check_values(ours, found, points, what)
        rows.append(peer_row(what, found, f"values equal; {note}" if note else "values equal"))
    return rows


def check_values(ours, found, points, what):
    """Ends the run unless the peer's values are ours."""
    wanted = [ours["values"][point] for point in points]
    if found["values"] != wanted:
        fail(f"{what} finds {found['values']}, our front {wanted}")


def run_peer(options, job, ours):
    found = call_peer(options, job, ours["step"])
    note = ""
    if ours["step"] == "distances":
        if not found["apart"] < SAME:
            fail(f"scipy's distances differ by {found['apart']:.1e}")
        note = "sums equal"
    if ours["step"] == "pieces":
        if not found["same"]:
            fail("scipy counts other pieces")
        note = "counts equal"
    return peer_row(PEERS[ours["step"]], found, note)


def call_peer(options, job, task, **more):
    given = {"task": task, "folder": job["folder"]} | more
    return run_child(options, "separate_peer.py", given, options.peer_python)


def peer_row(what, found, note):
    row = {name: found[name] for name in ("cpu_s", "wall_s", "peak_gib")}
    return {"step": what, "load": round(os.getloadavg()[0], 1), "note": note} | row


def add_growth(before, rows, free):
    """CPU seconds a free voxel over those at the spacing before."""
    for row in rows:
        each = row["cpu_s"] / free if free else None
        last = before.get(row["step"])
        row["growth"] = round(each / last, 2) if each and last else None
        before[row["step"]] = each


def shape_row(row):
    calls = f"{row['calls']} calls" if row.get("calls", 1) > 1 else ""
    note = "; ".join(word for word in (row.get("note", ""), calls) if word)
    told = {name: row.get(name) for name in COLUMNS}
    told |= {"step": NAMES.get(row["step"], row["step"]), "note": note}
    told |= {name: round(row[name], 2) for name in ("cpu_s", "wall_s")}
    if told["peak_gib"]:
        told["peak_gib"] = round(told["peak_gib"], 2)
    return told


def print_rows(facts, rows):
    print("  ".join(f"{name} {value}" for name, value in facts.items()))
    wide = max(len(row["step"]) for row in rows)
    print("  ".join([f"{'step':<{wide}}", *(f"{name:>10}" for name in COLUMNS[1:])]))
    for row in rows:
        cells = [f"{'-' if row[name] is None else row[name]!s:>10}" for name in COLUMNS[1:]]
        print("  ".join([f"{row['step']:<{wide}}", *cells]), flush=True)


def read_options():
    about = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=about[0], epilog=about[1], formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--type", default="TV-II", help="type of the generated pair")
    add("--seed", type=int, default=1)
    add("--spacing", type=float, nargs="+", default=[2.0], help="mm")
    add("--grid", type=float, nargs=3, default=[], metavar="MM", help="field of view")
    add("--threads", type=int, default=min(2, count_cores()))
    add("--keep", type=Path, help="folder for pairs and arrays; default: one that is removed")
    add("--only", nargs="+", choices=["whole", "steps"], default=["whole", "steps"])
    add("--peer", action="store_true", help="run PyMaxflow and scipy beside our kernels")
    add("--peer-python", metavar="PATH", help="a Python that has them; implies --peer")
    add("--json", action="store_true")
    return parser.parse_args()


def main():
    options = read_options()
    options.peer = options.peer or bool(options.peer_python)
    if options.peer:
        options.peer_python = options.peer_python or find_python("separate", REQUIREMENTS)
        for module in ("maxflow", "scipy"):
            check_python(options.peer_python, module)
    tell_machine()
    with tempfile.TemporaryDirectory() as folder:
        options.keep = (options.keep or Path(folder)).resolve()
        options.keep.mkdir(parents=True, exist_ok=True)
        results, before = [], {}
        for spacing in sorted(options.spacing, reverse=True):
            facts, rows = measure(options, spacing)
            add_growth(before, rows, facts.get("free"))
            rows = [shape_row(row) for row in rows]
            results.append(facts | {"rows": rows})
            if not options.json:
                print_rows(facts, rows)
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
