"""How few people not concerned must a change of the day reach: an exact count, case by case.

    python benchmarks/bystanders.py [--rows FILE] [--number N ...] [--seed 1] [--limit 20]

For the disturbances of `replan.py` whose first plan changes more of the people whom the event
does not concern than the row `bystander-share` allows (read from the `--rows` of that benchmark;
refused ones are left out), or for those named: one model of all times and all people of the tasks
of that plan, and one more watch allowed between any two; it minimises the number of such people
for whom any duty changes, at whatever cost, in a day that ends at most 180 min later than that
plan. Every rule holds for the tasks of the plan; watches that may be put in, or are there only in
that plan, keep the rules of order, hours and rest but count in no place, kit or band. So `bound`,
what is proven, is a true bound; `least`, the fewest found, may be out of reach, as no plan was made
of it and checked. Neither says anything of plans with other courses, with more watches, or
with a later end.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from ortools.sat.python import cp_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from choreography_days import demonstration
from disturbances import disturb

from diptych.choreography import read_replan_policy, solve
from diptych.choreography.ahead import build_ahead, duty_prices, hint_plan, touch_people
from diptych.choreography.bands import find_groups
from diptych.choreography.bystanders import (
    Look,
    add_people,
    add_slot,
    find_slots,
    leave_out_slots,
)
from diptych.choreography.replan import find_first
from diptych.tables import load_table


def count_least(remainder, found, policy, limit):
    """The fewest people not concerned who are changed: found, proven bound, status, CPU s."""
    groups = find_groups(remainder.procedure)
    slots = {s.watch.id: s for group in groups for s in find_slots(remainder, group, policy)}
    fixed = leave_out_slots(remainder, list(slots.values()))
    lines = {line for group in groups for line in group}
    look = Look(ahead=build_ahead(fixed, found.end), group=lines, slots=list(slots.values()))
    for slot in slots.values():
        add_slot(look, slot, policy)
    add_people(look)
    touched = touch_people(look.ahead, duty_prices(fixed, policy))
    hint_plan(look.ahead, found.starts, found.lengths, found.holders)
    for watch, there in look.there.items():
        look.ahead.model.add_hint(there, watch in found.starts)
    others = [var for who, var in touched.items() if who not in remainder.concerned]
    look.ahead.model.minimize(sum(others))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = policy.seed
    solver.parameters.max_time_in_seconds = limit
    begin = time.process_time()
    status = solver.solve(look.ahead.model)
    least = int(solver.objective_value) if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None
    bound = round(max(0.0, solver.best_objective_bound))
    return least, bound, solver.status_name(status), time.process_time() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--number", type=int, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=20.0)
    asked = parser.parse_args()
    numbers = list(asked.number)
    policy = read_replan_policy({name: load_table(name) for name in ("replanning", "rest")})
    share = policy.bystander_share
    if asked.rows:
        rows = [json.loads(line) for line in asked.rows.read_text().splitlines()]
        answered = [row for row in rows if "infeasible" not in row]
        numbers += [row["number"] for row in answered if row["unconcerned_changed"] > share]
    schedule = solve(demonstration())
    for number in numbers:
        kind, now, events = disturb(schedule, asked.seed, number, policy.closing)
        remainder, found, way = find_first(schedule, now, events, policy)
        others = len(remainder.procedure.staff) - len(remainder.concerned)
        changed = len({one.staff for one in way.people} - remainder.concerned)
        least, bound, status, spent = count_least(remainder, found, policy, asked.limit)
        print(
            f"{number:>4} {kind:<8} at {now:>4}: others {others}, changed {changed},"
            f" least {least}, bound {bound}, allowed {int(share * others)}, {status},"
            f" {spent:.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
