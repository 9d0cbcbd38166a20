"""Re-planning against random disturbances of the demonstration day, beside plain CP-SAT.

    python benchmarks/replan.py [--number 500] [--start 0] [--seed 1] [--peer-every 25]
        [--rows FILE] [--json]
    python benchmarks/replan.py --sum FILE... [--json]

For each disturbance: CPU seconds to the first checked plan; its cost beside the best that one
more CPU second of search finds, and beside moving the plan to the right where that keeps every
rule; the share of people whom the event does not concern (on no task named by it, not away, of
no skill called) and who are given or lose a duty, also without duties that the plan did not have
(a response, one more check or watch), and of their duties that are taken from them.
The peer, in the same run on every `--peer-every`th: one person-level CP-SAT model of the same
rules from nothing, without hint and without crews, one worker: CPU seconds to its first plan, and
to one as cheap as ours (x 1.01), at most 30. Each row of --rows is one disturbance, so that a
long run can be cut into pieces.

Exit codes: 0 done, 1 a plan was refused by the checker, lost its past, or cost more than moving
to the right.
"""

import argparse
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from ortools.sat.python import cp_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from choreography_days import demonstration
from disturbances import KINDS, disturb

from diptych.choreography import (
    check,
    read_replan_policy,
    replan_by_shift,
    replan_first,
    replan_least,
    solve,
)
from diptych.choreography.ahead import (
    add_keepers,
    build_ahead,
    measure_cost,
    rule_names,
    seal_people,
)
from diptych.choreography.bands import find_groups
from diptych.choreography.reading import read_remainder
from diptych.choreography.rejoin import join_people
from diptych.choreography.shift import shift_right
from diptych.model import (
    Absence,
    Broken,
    Delay,
    HazardResponse,
    Infeasible,
    Stopped,
)
from diptych.tables import load_table

MORE, PEER_LIMIT = 1.0, 30.0


def measure(schedule, policy, number, seed, peer):
    kind, now, events = disturb(schedule, seed, number, policy.closing)
    row = {"number": number, "kind": kind, "minute": now}
    begin = time.process_time()
    try:
        first = replan_first(schedule, now, events, policy)
    except Infeasible as error:
        return row | {
            "cpu_s": time.process_time() - begin,
            "infeasible": list(error.conflicts),
        }
    row["cpu_s"] = time.process_time() - begin
    until = time.process_time() + row["cpu_s"] + MORE
    best = replan_least(schedule, now, events, policy, lambda: time.process_time() > until)
    shifted = replan_by_shift(schedule, now, events, policy)
    concerned = concern(schedule, events)
    others = [person.id for person in schedule.procedure.staff if person.id not in concerned]
    changed = {change.staff for change in first.people} - concerned
    known = {entry.task for entry in schedule.assignments}
    added = {one.staff for one in first.people if one.task.partition("~")[0] not in known}
    moved = {one.staff for one in first.people if one.task.partition("~")[0] in known}
    row |= {
        "cost": first.cost,
        "best": min(best.cost, first.cost),
        "end": first.schedule.makespan,
        "shifted": shifted.cost if shifted is not None else None,
        "unconcerned_changed": len(changed) / max(1, len(others)),
        "unconcerned_moved": len(moved - concerned) / max(1, len(others)),
        "unconcerned_only_added": len(added - moved - concerned) / max(1, len(others)),
        "unconcerned_duties": lost_share(schedule, now, concerned, first),
        "changes": len(first.people),
        "sound": is_sound(schedule, now, events, policy, first),
    }
    return row | (measure_peer(schedule, policy, now, events, first.cost) if peer else {})


def lost_share(schedule, now, concerned, way):
    """Of the duties to come of people not concerned, the share that is taken from them."""
    duties = {
        (entry.task, who)
        for entry in schedule.assignments
        if entry.start >= now
        for who, _ in entry.staff
        if who not in concerned
    }
    lost = {(one.task, one.staff) for one in way.people if not one.called}
    return len(lost & duties) / max(1, len(duties))


def is_sound(schedule, now, events, policy, way):
    """No violation that is not wholly past, and the past as it was."""
    remainder = read_remainder(schedule, now, events, policy)
    entries = {entry.task: entry for entry in way.schedule.assignments}
    faults = [
        fault
        for fault in check(way.schedule.procedure, way.schedule)
        if not all(task in remainder.begun for task in fault.tasks)
    ]
    kept = all(
        entries[task].start == entry.start and entries[task].staff == entry.staff
        for task, entry in remainder.begun.items()
    )
    late = all(e.start >= now for t, e in entries.items() if t not in remainder.begun)
    return way.schedule.checked and not faults and kept and late


def concern(schedule, events):
    """People on a task that an event names or whose kit it takes, away, or of a called skill."""
    procedure, people = schedule.procedure, set()
    for event in events:
        tasks = set()
        if isinstance(event, Delay):
            tasks = {event.task}
        elif isinstance(event, Stopped):
            tasks = {event.after, *event.dropped}
        elif isinstance(event, Absence):
            people.add(event.staff)
        elif isinstance(event, Broken):
            tasks = {
                task.id
                for task in procedure.tasks
                if task.equipment.get(event.equipment)
                and schedule.assignment(task.id).end > event.begin
                and schedule.assignment(task.id).start < event.end
            }
        elif isinstance(event, HazardResponse):
            called = {demand.skill for demand in event.demands}
            people |= {person.id for person in procedure.staff if called & set(person.skills)}
        people |= {who for task in tasks for who, _ in schedule.assignment(task).staff}
    return people


class Watch(cp_model.CpSolverSolutionCallback):
    """When the peer found its first plan, and one as cheap as ours."""

    def __init__(self, target):
        super().__init__()
        self.begin, self.target = time.process_time(), target
        self.first = self.as_good = None

    def on_solution_callback(self):
        now = time.process_time() - self.begin
        self.first = self.first or now
        if self.objective_value <= self.target:
            self.as_good = now
        if self.as_good or now > PEER_LIMIT:
            self.stop_search()


def measure_peer(schedule, policy, now, events, cost):
    begin = time.process_time()
    remainder = read_remainder(schedule, now, events, policy)
    crews = [name for name in rule_names(remainder) if name.startswith("people:")]
    ahead = build_ahead(remainder, shift_right(remainder).end, crews)
    add_keepers(ahead)
    join_people(ahead, find_groups(remainder.procedure))
    seal_people(ahead)
    ahead.model.minimize(measure_cost(ahead, policy))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = policy.seed
    solver.parameters.max_time_in_seconds = 3 * PEER_LIMIT
    watch = Watch(1.01 * cost)
    watch.begin = begin
    solver.solve(ahead.model, watch)
    return {
        "peer_first_s": watch.first,
        "peer_as_good_s": watch.as_good,
        "peer_spent_s": time.process_time() - begin,
    }


def summarise(rows):
    done = [row for row in rows if "infeasible" not in row]
    seconds = [row["cpu_s"] for row in rows]
    ratios = [row["cost"] / row["best"] for row in done]
    beside = [row for row in done if row["shifted"] is not None]
    peers = [row for row in done if "peer_spent_s" in row]
    return {
        "disturbances": len(rows),
        "kinds": dict(Counter(row["kind"] for row in rows)),
        "infeasible": len(rows) - len(done),
        "infeasible_without_a_rule": sum(
            not row["infeasible"] or "not proven" in row["infeasible"][0]
            for row in rows
            if "infeasible" in row
        ),
        "cpu_s": {f"p{p}": round(float(np.percentile(seconds, p)), 3) for p in (50, 95, 100)},
        "cost_to_best": {f"p{p}": round(float(np.percentile(ratios, p)), 4) for p in (50, 95, 100)},
        "cost_to_best_mean": round(float(np.mean(ratios)), 5),
        "within_1_percent": round(float(np.mean([ratio <= 1.01 for ratio in ratios])), 4),
        "unconcerned_changed_p95": round(
            float(np.percentile([row["unconcerned_changed"] for row in done], 95)), 4
        ),
        "unconcerned_moved_p95": round(
            float(np.percentile([row["unconcerned_moved"] for row in done], 95)), 4
        ),
        "unconcerned_duties_p95": round(
            float(np.percentile([row["unconcerned_duties"] for row in done], 95)), 4
        ),
        "right_shift_valid": len(beside),
        "worse_than_right_shift": sum(row["cost"] > row["shifted"] for row in beside),
        "unsound": sum(not row["sound"] for row in done),
        "peer": {
            "measured": len(peers),
            "first_s_p50": _middle([row["peer_first_s"] or 30.0 for row in peers]),
            "as_good_s_p50": _middle([row["peer_as_good_s"] or 30.0 for row in peers]),
            "never_as_good": sum(row["peer_as_good_s"] is None for row in peers),
            "ours_s_p50": _middle([row["cpu_s"] for row in peers]),
            "ratio_of_sums": round(
                sum(row["peer_as_good_s"] or row["peer_spent_s"] for row in peers)
                / max(1e-9, sum(row["cpu_s"] for row in peers)),
                1,
            ),
        },
    }


def _middle(values):
    return round(float(np.median(values)), 3) if values else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--number", type=int, default=500)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer-every", type=int, default=25)
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--sum", type=Path, nargs="+")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.sum:
        rows = [json.loads(line) for path in asked.sum for line in path.read_text().splitlines()]
    else:
        rows = run(asked)
    found = summarise(rows)
    if not asked.sum:
        found["peak_memory_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if asked.json:
        print(json.dumps(found, indent=2))
    else:
        for kind in KINDS:
            own = [row["cpu_s"] for row in rows if row["kind"] == kind]
            if own:
                print(f"{kind:<10} {len(own):>4}  p50 {np.median(own):.3f} s  max {max(own):.3f} s")
        for name, value in found.items():
            print(f"{name:<26} {value}")
    return 1 if found["unsound"] or found["worse_than_right_shift"] else 0


def run(asked):
    schedule = solve(demonstration())
    policy = read_replan_policy({name: load_table(name) for name in ("replanning", "rest")})
    replan_first(schedule, 1, [], policy)
    rows = []
    for number in range(asked.start, asked.start + asked.number):
        peer = asked.peer_every and number % asked.peer_every == 0
        rows.append(measure(schedule, policy, number, asked.seed, peer))
        if asked.rows:
            with asked.rows.open("a") as stream:
                stream.write(json.dumps(rows[-1]) + "\n")
    return rows


if __name__ == "__main__":
    sys.exit(main())
