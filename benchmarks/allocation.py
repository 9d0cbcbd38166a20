"""Vein allocation: our exact search beside other solvers, on random networks, in one run.

    python benchmarks/allocation.py [--sizes 14 25 40] [--seeds 0 1 2] [--seconds 60] [--json]

Each network is a ring of shared sinuses with bridging veins and two jugulars of each twin, and
shared veins across (tests/allocation_networks.py). Columns: `exact` both goals with proof, as the
plan does it; of the first goal alone (the worse-off twin's share): `highs-scipy` the same
program, `highs` and `scip` as OR-Tools brings them, `cp-sat` on an integer grid. CP-SAT has no
real numbers: pressures are whole 0.001 mmHg, flows whole 0.01 ml/min, shares whole 1e-6, and each
row is loosened by what rounding can change, so that its bound stays a bound; its keepers are then
judged by the linear program. `brute` tries all choices, up to 14 vessels. value: share reached, by
the linear program; bound: what the solver says that none exceeds. cpu_s: CPU seconds.

Exit codes: 0 done, 1 a solver's bound lies below a value that another reached.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from ortools.linear_solver import pywraplp
from ortools.sat.python import cp_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from allocation_networks import every_choice, random_channels

from diptych.separation.drained import drain_twin
from diptych.separation.keepers import Search, _Program, choose_keepers, worth

EVEN = (1.0, 1.0)
GRID = {"pressure": 1e-3, "flow": 1e-2, "share": 1e-6}
SCALE = 10**6


def exact(channels, seconds):
    search = Search(seconds=seconds, nodes=10**6)
    found = choose_keepers(channels, {}, weights=EVEN, search=search)
    return found.keepers, found.bound, (found.total_bound - found.total) / found.total


def highs_scipy(channels, seconds):
    program = _Program(channels, {}, EVEN)
    keepers, bound = program.solve(program.fairness(), 10**6, seconds)
    return keepers, bound, None


def by_ortools(name):
    def solve(channels, seconds):
        program = _Program(channels, {}, EVEN)
        solver = pywraplp.Solver.CreateSolver(name)
        limit = solver.infinity()
        many = len(program.keeper)
        columns = [
            solver.IntVar(low, high, "") if n < many else solver.NumVar(low, high, "")
            for n, (low, high) in enumerate(zip(program.low, program.high, strict=True))
        ]
        rows = [
            solver.Constraint(max(low, -limit), min(high, limit))
            for low, high in zip(program.rows.low, program.rows.high, strict=True)
        ]
        for (row, column), value in terms_of(program).items():
            rows[row].SetCoefficient(columns[column], value)
        solver.Objective().SetCoefficient(columns[program.worst], 1.0)
        solver.Objective().SetMaximization()
        solver.SetTimeLimit(int(1000 * seconds))
        solver.Solve()
        values = np.array([column.solution_value() for column in columns])
        return program._read(values), solver.Objective().BestBound(), None

    return solve


def terms_of(program):
    rows, found = program.rows, {}
    for row, column, value in zip(rows.row, rows.column, rows.value, strict=True):
        found[row, column] = found.get((row, column), 0.0) + value
    return found


def grid_units(program):
    """Step of each column: 1 for keepers, then by what the column is."""
    units = np.full(len(program.low), GRID["flow"])
    units[: len(program.keeper)] = 1.0
    high = np.array(program.high)
    low = np.array(program.low)
    pressure = (high == program.channels.limit) & (low == 0.0)
    units[pressure] = GRID["pressure"]
    units[program.worst] = GRID["share"]
    return units


def cp_sat(channels, seconds):
    program = _Program(channels, {}, EVEN)
    units, model = grid_units(program), cp_model.CpModel()
    columns = [
        model.new_int_var(int(np.floor(low / unit)), int(np.ceil(high / unit)), "")
        for low, high, unit in zip(program.low, program.high, units, strict=True)
    ]
    by_row = {}
    for (row, column), value in terms_of(program).items():
        by_row.setdefault(row, []).append((column, value))
    for row, terms in by_row.items():
        scale = SCALE / max(abs(value * units[column]) for column, value in terms)
        whole = [(columns[column], round(value * units[column] * scale)) for column, value in terms]
        slack = sum(
            0.5 * abs(value * units[c]) * scale * (c >= len(program.keeper)) for c, value in terms
        ) + sum(0.5 * max(abs(program.low[c]), abs(program.high[c])) / units[c] for c, _ in terms)
        total = sum(variable * factor for variable, factor in whole)
        if np.isfinite(program.rows.high[row]):
            model.add(total <= int(np.ceil(program.rows.high[row] * scale + slack)))
        if np.isfinite(program.rows.low[row]):
            model.add(total >= int(np.floor(program.rows.low[row] * scale - slack)))
    model.maximize(columns[program.worst])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, solver.best_objective_bound * GRID["share"], None
    values = np.array([float(solver.value(column)) for column in columns])
    return program._read(values), solver.best_objective_bound * GRID["share"], None


def brute(channels, seconds):
    del seconds
    known = ({}, {})
    best = (-1.0, None)
    for keepers in every_choice(channels):
        shares = []
        for place in (0, 1):
            kept = channels.kept(keepers, place)
            key = kept.tobytes()
            if key not in known[place]:
                drained = drain_twin(channels, place, kept).total
                known[place][key] = drained / channels.need(place)
            shares.append(known[place][key])
        if min(shares) > best[0]:
            best = (min(shares), keepers)
    return best[1], best[0], None


SOLVERS = {
    "exact": exact,
    "highs-scipy": highs_scipy,
    "highs": by_ortools("HIGHS"),
    "scip": by_ortools("SCIP"),
    "cp-sat": cp_sat,
    "brute": brute,
}


def measure(name, channels, seconds):
    start = time.process_time()
    keepers, bound, sum_gap = SOLVERS[name](channels, seconds)
    spent = time.process_time() - start
    value = None if keepers is None else worth(channels, keepers, EVEN)
    return {
        "solver": name,
        "value": value,
        "bound": float(bound),
        "gap": None if value is None else float(bound) - value,
        "sum_gap": sum_gap,
        "cpu_s": spent,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[14, 25, 40])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--seconds", type=float, default=60.0, help="limit of each search")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results, wrong = [], 0
    for size in options.sizes:
        for seed in options.seeds:
            channels = random_channels(seed, size // 2, size - size // 2, 6 if size < 20 else 12)
            here = []
            for name in options.solvers:
                if name != "brute" or size <= 14:
                    here.append(
                        {"size": size, "seed": seed} | measure(name, channels, options.seconds)
                    )
                    if not options.json:
                        print(here[-1], flush=True)
            reached = max(r["value"] for r in here if r["value"] is not None)
            wrong += sum(r["bound"] < reached - 1e-5 for r in here)
            results += here
    if options.json:
        print(json.dumps(results, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
