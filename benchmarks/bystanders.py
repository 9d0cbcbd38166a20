"""How few people not concerned must a change of the day reach: an exact count, case by case.

    python benchmarks/bystanders.py [--rows FILE] [--number N ...] [--seed 1] [--limit 20]

For the disturbances of `replan.py` whose first plan changes more than a tenth of the people whom
the event does not concern (read from the `--rows` of that benchmark), or for those named: one
model of all times and all people of the tasks of that plan, with every rule, and one more watch
allowed between any two; it minimises the number of such people for whom any duty changes, at
whatever cost. `least` is the fewest found, `bound` what is proven. It says nothing of plans with
other courses, or with more watches.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from ortools.sat.python import cp_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from choreography_days import demonstration
from disturbances import disturb

from diptych.choreography import read_replan_policy, solve
from diptych.choreography.ahead import build_ahead, duty_prices, hint_plan, touch_people
from diptych.choreography.bands import find_groups
from diptych.choreography.bystanders import Look, add_people, add_slot, find_slots
from diptych.choreography.replan import find_first
from diptych.tables import load_table

SHARE = 0.1


def count_least(remainder, found, policy, limit):
    """The fewest people not concerned who are changed: found, proven bound, status, CPU s."""
    groups = find_groups(remainder.procedure)
    slots = {s.watch.id: s for group in groups for s in find_slots(remainder, group, policy)}
    rules = {rule for s in slots.values() for rule in (s.into, *s.out, *s.without)}
    procedure = replace(
        remainder.procedure,
        tasks=tuple(task for task in remainder.procedure.tasks if task.id not in slots),
        precedence=tuple(
            rule
            for rule in remainder.procedure.precedence
            if rule not in rules and rule.before not in slots and rule.after not in slots
        ),
    )
    lengths = {task: span for task, span in remainder.lengths.items() if task not in slots}
    fixed = replace(remainder, procedure=procedure, lengths=lengths)
    end = max(start + found.lengths[task] for task, start in found.starts.items())
    lines = {line for group in groups for line in group}
    look = Look(ahead=build_ahead(fixed, end), group=lines, slots=list(slots.values()))
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
    if asked.rows:
        rows = [json.loads(line) for line in asked.rows.read_text().splitlines()]
        numbers += [r["number"] for r in rows if r.get("unconcerned_changed", 0) > SHARE]
    schedule = solve(demonstration())
    policy = read_replan_policy({name: load_table(name) for name in ("replanning", "rest")})
    for number in numbers:
        kind, now, events = disturb(schedule, asked.seed, number, policy.closing)
        remainder, found, way = find_first(schedule, now, events, policy)
        others = len(remainder.procedure.staff) - len(remainder.concerned)
        changed = len({one.staff for one in way.people} - remainder.concerned)
        least, bound, status, spent = count_least(remainder, found, policy, asked.limit)
        print(
            f"{number:>4} {kind:<8} at {now:>4}: others {others}, changed {changed},"
            f" least {least}, bound {bound}, a tenth is {int(SHARE * others)}, {status},"
            f" {spent:.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
