"""Project scheduling: Diptych beside PyJobShop and plain CP-SAT, on public files, in one run.

    python benchmarks/schedule.py FILE... [--limit 10] [--workers 2] [--json]
        [--peers pyjobshop cpsat] [--best FILE.csv] [--seed 1]

Reads PSPLIB (.sm, .mm), Patterson (.rcp), iMOPSE (.def) and MSPSP (.dzn). Each solver gets each
file alone, in a process of its own, with the same limit and number of workers. The clock runs
from the project in memory to the answer; Python's start, the reading of the file and, for
Diptych, the loading of its compiled kernels come before it. Every schedule, the peers' too,
goes through Diptych's checker; a rejected one of Diptych's ends the run with exit code 1, a
malformed file with exit code 3.

`gap` is in percent: to the best known makespan (`schedule_best.csv` beside this file, and the
CSV given with --best: name,value), else to the shortest schedule of this run. Files named
made_* come from schedule_make.py; they have no published value. PyJobShop and psplib are
installed into an environment of their own in the cache folder on first use; where that is
impossible, the run goes on without it.
"""

import argparse
import csv
import json
import os
import platform
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from environments import check_python, find_python
from schedule_files import Malformed, read_procedure

HERE = Path(__file__).parent
PEER = ("pyjobshop==0.0.9", "psplib==0.4.0")
COLUMNS = ("file", "solver", "makespan", "bound", "seconds", "best_known", "gap")


def plain_name(name):
    """One name for one instance: j12011_1, j120_11_1 and J120_101 are all j120_11_1."""
    name = name.strip().lower()
    if found := re.fullmatch(r"j(30|60|90|120)_(\d+)", name):
        group, member = divmod(int(found.group(2)) - 1, 10)
        return f"j{found.group(1)}_{group + 1}_{member + 1}"
    found = re.fullmatch(r"j(120|100|90|60|50|30)_?(\d+)_(\d+)", name)
    return "j" + "_".join(found.groups()) if found else name


def read_best(paths):
    """Name -> best known makespan; later files overrule earlier ones."""
    found = {}
    for path in paths:
        found |= _read_values(path)
    return found


def _read_values(path):
    found = {}
    with Path(path).open(newline="", encoding="utf-8") as rows:
        plain = (row for row in rows if row.strip() and not row.startswith("#"))
        for row in csv.reader(plain):
            if len(row) >= 2 and row[1].strip().isdecimal():
                found[plain_name(row[0])] = int(row[1])
    return found


def run_one(solver, path, options):
    command = [
        sys.executable, str(HERE / "schedule_run.py"), solver, str(path),
        "--limit", str(options.limit), "--workers", str(options.workers),
        "--seed", str(options.seed), "--peer-python", options.peer_python,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{solver} on {path}: {done.stderr.strip()[-1000:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def run_file(path, options, best):
    """Rows of all solvers for one file, with their gaps."""
    name = plain_name(Path(path).stem)
    known = None if name.startswith("made_") else best.get(name)
    rows = []
    for solver in ["diptych", *options.peers]:
        found = run_one(solver, path, options)
        failed = {"makespan": None, "bound": None, "seconds": None, "status": "failed"}
        row = {"file": Path(path).name, "solver": solver, **(found or failed)}
        rejected = bool(row.get("violations"))
        row |= {"best_known": known, "made": name.startswith("made_"), "rejected": rejected}
        rows.append(row)
    lengths = [row["makespan"] for row in rows if row["makespan"] and not row["rejected"]]
    reference = known or min(lengths, default=None)
    for row in rows:
        fits = row["makespan"] is not None and reference and not row["rejected"]
        row["reference"] = reference
        row["gap"] = round(100 * (row["makespan"] / reference - 1), 3) if fits else None
        if not options.json:
            print_row(row)
    return rows


def print_row(row):
    def text(name):
        value = row[name]
        return "-" if value is None else f"{value:.2f}" if name == "gap" else str(value)

    cells = [text(name) for name in COLUMNS]
    mark = " REJECTED" if row["rejected"] else " made" if row["made"] else ""
    widths = (34, 10, 9, 7, 8, 10, 7)
    shown = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    note = "" if row["status"] in ("optimal", "feasible") else f" ({row['status']})"
    print(shown + mark + note, flush=True)


def summarise(rows):
    """Mean gap of each solver over the files that all of them could do."""
    files = defaultdict(dict)
    for row in rows:
        files[row["file"]][row["solver"]] = row["gap"]
    solvers = sorted({row["solver"] for row in rows})
    shared = [gaps for gaps in files.values() if all(gaps[s] is not None for s in solvers)]
    return {
        "files": len(files),
        "compared": len(shared),
        "mean_gap": {s: round(sum(g[s] for g in shared) / len(shared), 3) for s in solvers}
        if shared
        else {},
    }


def describe_machine(options):
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    ) if Path("/proc/cpuinfo").exists() else platform.processor()  # fmt: skip
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "limit": options.limit,
        "workers": options.workers,
    }


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for each solver")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--peers", nargs="*", default=["pyjobshop", "cpsat"], choices=["pyjobshop", "cpsat"]
    )
    parser.add_argument("--best", action="append", default=[], help="CSV of name,value")
    parser.add_argument("--peer-python", default=None, help="a Python that has pyjobshop")
    options = parser.parse_args()
    if options.limit <= 0 or options.workers < 1:
        parser.error("--limit and --workers must be more than 0")
    return options


def find_peer(options):
    """PyJobShop's Python; without it the run goes on with the other solvers, and says so."""
    if "pyjobshop" in options.peers:
        try:
            python = options.peer_python or find_python("schedule", PEER)
            options.peer_python = check_python(python, "pyjobshop")
        except SystemExit:
            print("going on without pyjobshop", file=sys.stderr)
            options.peers = [peer for peer in options.peers if peer != "pyjobshop"]
    options.peer_python = options.peer_python or sys.executable


def main():
    options = parse_options()
    try:
        for path in options.files:
            read_procedure(path)
    except Malformed as error:
        print(error, file=sys.stderr)
        return 3
    find_peer(options)
    best = read_best([HERE / "schedule_best.csv", *options.best])
    machine = describe_machine(options)
    if not options.json:
        print("  ".join(COLUMNS))
    rows = [row for path in options.files for row in run_file(path, options, best)]
    summary = summarise(rows)
    if options.json:
        print(json.dumps({"rows": rows, "machine": machine, "summary": summary}))
    else:
        print(f"mean gap over {summary['compared']} files: {summary['mean_gap']}")
        print(f"machine: {machine}")
    wrong = any(r["solver"] == "diptych" and (r["rejected"] or not r["makespan"]) for r in rows)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
