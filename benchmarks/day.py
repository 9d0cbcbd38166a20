"""The operation day: our first checked schedule and our optimum beside plain CP-SAT, in one run.

    python benchmarks/day.py [--seeds 0 1 2 3 4] [--workers 1 2 8] [--limit 60] [--json]

Each day is the demonstration day with a number of vessels, a quantile of the steps' lengths
and a roster drawn by its seed. Rows: `first` (`first_schedule`: serial generation with people
and rest; "-" where it finds none), `quick` (`solve` with the shortest limit on who holds what:
the same proven end), `diptych` (`solve`, to the proven optimum), `cp-sat N` the plain
person-level model with N workers: who holds which duty, one duty at a time, hours, breaks,
work, places, kit, waits, and nothing of
ours. first_s: CPU seconds to the first schedule, for ours with the independent check; best: the
last minute at the end; bound: proven; cpu_s: CPU seconds in all, at most --limit for CP-SAT;
violations: what the checker finds. Kernels are compiled before the clock starts.

Exit codes: 0 done, 1 a schedule of ours breaks a rule, or a bound lies above another's schedule.
"""

import argparse
import json
import sys
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from ortools.sat.python import cp_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from choreography_days import demonstration, plan, roster, tables

from diptych.choreography import ChoreographyPolicy, check, compose, solve
from diptych.choreography.crews import can_hold, side_of
from diptych.choreography.first import first_schedule
from diptych.model import Assignment, Infeasible

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


def plain_model(procedure):
    """The person-level model as one would write it first."""
    model = cp_model.CpModel()
    horizon = max(p.end for p in procedure.staff)
    start = {t.id: model.new_int_var(0, horizon - t.duration.planned, "") for t in procedure.tasks}
    length = {t.id: t.duration.planned for t in procedure.tasks}
    whole = {t: model.new_fixed_size_interval_var(start[t], length[t], "") for t in start}
    makespan = model.new_int_var(0, horizon, "")
    model.add_max_equality(makespan, [start[t] + length[t] for t in start])
    for rule in procedure.precedence:
        gap = start[rule.after] - start[rule.before] - length[rule.before]
        model.add(gap >= rule.min_lag)
        if rule.max_lag is not None:
            model.add(gap <= rule.max_lag)
    rooms = [(z.capacity, [t.zones.get(z.id, 0) for t in procedure.tasks]) for z in procedure.zones]
    rooms += [
        (k.count, [t.equipment.get(k.id, 0) for t in procedure.tasks]) for k in procedure.equipment
    ]
    for capacity, need in rooms:
        model.add_cumulative(list(whole.values()), need, capacity)
    held = {}
    for task in procedure.tasks:
        for demand in task.demands:
            able = [
                i
                for i, p in enumerate(procedure.staff)
                if can_hold(p, (demand.skill, side_of(task)))
            ]
            for i in able:
                held[task.id, demand.skill, i] = model.new_bool_var("")
            model.add(sum(held[task.id, demand.skill, i] for i in able) == demand.count)
    model.minimize(makespan)
    add_persons(model, procedure, start, length, held)
    return model, start, held


def add_persons(model, procedure, start, length, held):
    rest = procedure.rest
    for i, person in enumerate(procedure.staff):
        mine = [(task, literal) for (task, _, who), literal in held.items() if who == i]
        intervals = []
        breaks = [
            model.new_int_var(person.start, person.end, "")
            for _ in range(2 + 2 * rest.longest_work // rest.longest_stretch)
        ]
        for one, two in pairwise(breaks):
            model.add(two >= one + rest.shortest_break)
        for task, literal in mine:
            intervals.append(
                model.new_optional_fixed_size_interval_var(start[task], length[task], literal, "")
            )
            model.add(start[task] >= person.start).only_enforce_if(literal)
            model.add(start[task] + length[task] <= person.end).only_enforce_if(literal)
            ways = [model.new_bool_var("") for _ in breaks]
            for moment, way in zip(breaks, ways, strict=True):
                model.add(moment >= start[task]).only_enforce_if(way)
                model.add(moment <= start[task] + rest.longest_stretch).only_enforce_if(way)
            model.add_bool_or([*ways, literal.negated()])
        intervals += [
            model.new_fixed_size_interval_var(moment, rest.shortest_break, "") for moment in breaks
        ]
        model.add_no_overlap(intervals)
        model.add(sum(length[task] * literal for task, literal in mine) <= rest.longest_work)


def plain(procedure, workers, limit):
    begun = time.process_time()
    model, start, held = plain_model(procedure)
    solver, watch = cp_model.CpSolver(), Watch()
    watch.begun = begun
    solver.parameters.num_workers = workers
    done = threading.Event()

    def guard():
        while not done.wait(0.05):
            if time.process_time() - begun > limit:
                solver.stop_search()

    thread = threading.Thread(target=guard, daemon=True)
    thread.start()
    status = solver.solve(model, watch)
    done.set()
    thread.join()
    spent = time.process_time() - begun
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        bound = solver.best_objective_bound
        return {"first_s": None, "best": None, "bound": bound, "cpu_s": spent, "violations": None}
    entries = [
        Assignment(
            task=t.id,
            start=solver.value(start[t.id]),
            end=solver.value(start[t.id]) + t.duration.planned,
            staff=tuple(
                (procedure.staff[i].id, skill)
                for (task, skill, i), literal in held.items()
                if task == t.id and solver.value(literal)
            ),
        )
        for t in procedure.tasks
    ]
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
    yield {**head, "solver": "first", **ours(lambda p: first_schedule(p, tries=20), procedure)}
    yield {**head, "solver": "quick", **ours(quick, procedure)}
    yield {**head, "solver": "diptych", **ours(solve, procedure)}
    for workers in options.workers:
        yield {**head, "solver": f"cp-sat {workers}", **plain(procedure, workers, options.limit)}


def faults(rows):
    """What must not be: our schedules with violations, bounds above a schedule of that day."""
    found = [r for r in rows if r["solver"] in ("first", "quick", "diptych") and r["violations"]]
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
    own = first["first"] if first["first"] is not None else first["quick"]
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
    return 1 if faults(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
