"""The operation day: our first checked schedule and our optimum beside plain CP-SAT, in one run.

    python benchmarks/day.py [--seeds 0 1 2 3 4] [--workers 1 2 8] [--limit 60] [--json]

Each day is the demonstration day with a number of vessels, a quantile of the steps' lengths
and a roster drawn by its seed. Rows: `first` (`first_schedule` with one try: the first schedule
that keeps every rule), `first 200` (the same, 200 tries), `quick` (`solve` with the shortest
limit on who holds what: the same proven end), `diptych` (`solve`, to the proven optimum),
`cp-sat N` the plain person-level model (`day_plain.py`) with N workers and the solver's own
settings, `cp-sat N bare` the same without probing, which takes much of the solver's time. All
obey the same rules: every schedule, theirs too, goes through `choreography.check`. first_s: CPU
seconds to the first schedule, building the model included, for ours with the check; best: the
last minute at the end; bound: proven; cpu_s: CPU seconds in all threads, at most --limit for
CP-SAT; violations: what the checker finds. Kernels are compiled before the clock starts. The
machine's load is told at the start and at the end.

Exit codes: 0 done, 1 a schedule breaks a rule, or a bound lies above another's schedule.
"""

import argparse
import json
import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from day_plain import build, read
from ortools.sat.python import cp_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from choreography_days import demonstration, plan, roster, tables

from diptych.choreography import ChoreographyPolicy, check, compose, solve
from diptych.choreography.first import first_schedule
from diptych.model import Infeasible

LONGER = 60


def make_day(seed):
    """A day of that seed: vessels, quantile of lengths, three who can stay an hour longer."""
    random = np.random.Generator(np.random.Philox(key=seed))
    policy = ChoreographyPolicy(quantile=None if seed == 0 else float(random.uniform(0.3, 0.45)))
    crossings = 10 if seed == 0 else int(random.integers(6, 15))
    people = list(roster())
    for k in random.choice(len(people), 0 if seed == 0 else 3, replace=False):
        people[k] = replace(people[k], end=people[k].end + LONGER)
    return compose(plan(crossings), people, tables=tables(), policy=policy)


class Watch(cp_model.CpSolverSolutionCallback):
    """CPU seconds at which the first solution came."""

    def __init__(self):
        super().__init__()
        self.begun = time.process_time()
        self.first = None

    def on_solution_callback(self):
        if self.first is None:
            self.first = time.process_time() - self.begun


def plain(procedure, workers, limit, bare=False):
    begun = time.process_time()
    model = build(procedure)
    solver, watch = cp_model.CpSolver(), Watch()
    watch.begun = begun
    solver.parameters.num_workers = workers
    if bare:
        solver.parameters.cp_model_probing_level = 0
    done = threading.Event()

    def guard():
        while not done.wait(0.05):
            if time.process_time() - begun > limit:
                solver.stop_search()

    thread = threading.Thread(target=guard, daemon=True)
    thread.start()
    status = solver.solve(model.model, watch)
    done.set()
    thread.join()
    spent = time.process_time() - begun
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        bound = max(0, int(solver.best_objective_bound))
        return {"first_s": None, "best": None, "bound": bound, "cpu_s": spent, "violations": None}
    entries = read(model, solver.value)
    return {
        "first_s": watch.first,
        "best": int(solver.objective_value),
        "bound": int(solver.best_objective_bound),
        "cpu_s": spent,
        "violations": len(check(procedure, entries)),
    }


def ours(make, procedure):
    begun = time.process_time()
    try:
        schedule = make(procedure)
    except Infeasible:
        schedule = None
    spent = time.process_time() - begun
    if schedule is None:
        return {"first_s": None, "best": None, "bound": None, "cpu_s": spent, "violations": None}
    return {
        "first_s": spent,
        "best": int(schedule.makespan),
        "bound": int(schedule.bound),
        "cpu_s": spent,
        "violations": len(check(procedure, schedule)),
    }


def quick(procedure):
    """`solve` that names people without polishing who holds what."""
    return solve(procedure, ChoreographyPolicy(people_limit=0.1))


def rows_of(seed, options):
    procedure = make_day(seed)
    head = {"day": seed, "tasks": len(procedure.tasks), "people": len(procedure.staff)}
    yield {**head, "solver": "first", **ours(lambda p: first_schedule(p, tries=1), procedure)}
    yield {**head, "solver": "first 200", **ours(first_schedule, procedure)}
    yield {**head, "solver": "quick", **ours(quick, procedure)}
    yield {**head, "solver": "diptych", **ours(solve, procedure)}
    for workers in options.workers:
        yield {**head, "solver": f"cp-sat {workers}", **plain(procedure, workers, options.limit)}
    for workers in options.workers[:1]:
        row = plain(procedure, workers, options.limit, bare=True)
        yield {**head, "solver": f"cp-sat {workers} bare", **row}


def faults(rows):
    """What must not be: schedules with violations, bounds above a schedule of that day."""
    found = [row for row in rows if row["violations"]]
    for row in rows:
        kept = [r["best"] for r in rows if r["day"] == row["day"] and r["violations"] == 0]
        if row["bound"] is not None and kept and row["bound"] > min(kept):
            found.append(row)
    return found


def told(row):
    def text(value):
        return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)

    return "  ".join(f"{key} {text(value)}" for key, value in row.items())


def ratio_of(rows, day):
    """Our CPU seconds to a first checked schedule over those of plain CP-SAT at its best."""
    first = {r["solver"]: r["first_s"] for r in rows if r["day"] == day}
    own = first["first"]
    peers = [r["first_s"] for r in rows if r["day"] == day and r["solver"].startswith("cp-sat")]
    known = [seconds for seconds in peers if seconds is not None]
    return own / min(known) if own is not None and known else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 8])
    parser.add_argument("--limit", type=float, default=60.0, help="CPU seconds of each CP-SAT run")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    first_schedule(demonstration(1), tries=20)
    if not options.json:
        print("load", *(f"{one:.1f}" for one in os.getloadavg()), "on", os.cpu_count(), "cores")
    rows = []
    for seed in options.seeds:
        for row in rows_of(seed, options):
            rows.append(row)
            if not options.json:
                print(told(row), flush=True)
    ratios = {seed: ratio_of(rows, seed) for seed in options.seeds}
    if options.json:
        print(json.dumps({"rows": rows, "first_ratio": ratios}, indent=1))
    else:
        print("first schedule, ours / plain CP-SAT at its best:", ratios)
        print("load", *(f"{one:.1f}" for one in os.getloadavg()))
    return 1 if faults(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
