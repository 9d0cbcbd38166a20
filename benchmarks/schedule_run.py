"""One solver on one project file, in a process of its own (run by schedule.py).

    python benchmarks/schedule_run.py SOLVER FILE --limit S --workers N [--peer-python PATH]

Prints one JSON object. The clock runs from the procedure in memory to the answer; starting
Python, reading the file and, for Diptych, loading the compiled kernels come before it.
"""

import argparse
import json
import resource
import subprocess
import sys
from itertools import count
from pathlib import Path
from time import perf_counter

from schedule_files import Malformed, build_procedure, read_procedure

from diptych.choreography import ChoreographyPolicy, check, solve
from diptych.model import Assignment, Infeasible

MARGIN = 0.15  # seconds kept back for building the answer


def run_diptych(procedure, options):
    from diptych.choreography.search import schedule_project

    warm = build_procedure([[(1, [1, 1]), (2, [1, 1])], [(1, [1, 0])]], [[1], []], [1], [2])
    schedule_project(warm, ChoreographyPolicy(time_limit=0.01))
    if procedure.staff:
        skills = [{"s": 1}, {}]
        small = build_procedure([[(1, [])], [(1, [])]], [[1], []], [], [], skills, [("s",)])
        asked = count()
        solve_staffed(small, options, lambda: next(asked) > 100)
    begin = perf_counter()
    deadline = begin + options.limit - MARGIN

    def stop():
        return perf_counter() >= deadline

    policy = ChoreographyPolicy(seed=options.seed)
    if procedure.staff:
        answer = solve_staffed(procedure, options, stop)
    else:
        schedule = schedule_project(procedure, policy, stop, options.workers)
        answer = schedule.assignments, schedule.bound, schedule.status
    return *answer, perf_counter() - begin


def solve_staffed(procedure, options, stop):
    """People and times together; without that search, as the day of the operation is planned."""
    try:
        from diptych.choreography.skilled import search_people
    except ImportError:
        limit = options.limit
        policy = ChoreographyPolicy(
            seed=options.seed, time_limit=limit / 3, people_limit=max(0.1, limit / 20)
        )
        schedule = solve(procedure, policy)
        return schedule.assignments, schedule.bound, schedule.status
    policy = ChoreographyPolicy(seed=options.seed)
    found = search_people(procedure, policy, stop, options.workers)
    rows = [
        (
            task.id,
            found.starts[task.id],
            found.starts[task.id] + task.in_mode(found.modes[task.id]).duration.planned,
            [(procedure.staff[n].id, skill) for n, skill in found.holders.get(task.id, ())],
            found.modes[task.id],
        )
        for task in procedure.tasks
        if task.id in found.starts
    ]
    return _assignments(rows), found.bound, found.status


def run_cpsat(procedure, options):
    from schedule_plain import solve_plain

    begin = perf_counter()
    rows, _, bound, status = solve_plain(procedure, options.limit, options.workers)
    return _assignments(rows), bound, status, perf_counter() - begin


def _assignments(rows):
    return tuple(
        Assignment(task=task, start=start, end=end, staff=tuple(map(tuple, staff)), mode=mode)
        for task, start, end, staff, mode in rows or ()
    )


def run_pyjobshop(procedure, options):
    project, holders = _as_project(procedure)
    if project is None:
        return (), None, "cannot model several people a task", 0.0
    request = {
        "file": options.file,
        "project": project,
        "limit": options.limit,
        "workers": options.workers,
    }
    script = Path(__file__).with_name("schedule_peer.py")
    done = subprocess.run(
        [options.peer_python, str(script)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"pyjobshop failed: {done.stderr.strip()[-800:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    if found["trouble"]:
        raise SystemExit(f"{options.file}: {found['trouble']}")
    rows = [
        (procedure.tasks[n].id, start, end, *_staffing(holders[n], mode))
        for n, start, end, mode in found["rows"] or ()
    ]
    return _assignments(rows), found["bound"], found["status"], found["seconds"]


def _staffing(holders, mode):
    return ([holders[mode]], 0) if holders else ([], mode)


def _as_project(procedure):
    """The project for PyJobShop: a task for one of several people has a mode for each."""
    place = {task.id: n for n, task in enumerate(procedure.tasks)}
    modes, holders = [], []
    for task in procedure.tasks:
        ways = [task.in_mode(mode) for mode in range(1 + len(task.modes))]
        asked = [(demand.skill, demand.count) for demand in task.demands]
        if sum(count for _, count in asked) > 1:
            return None, None
        who = [
            (n, (person.id, asked[0][0]))
            for n, person in enumerate(procedure.staff)
            if asked and asked[0][0] in person.skills
        ]
        rows = [
            {
                "length": way.duration.planned,
                "demand": [way.equipment.get(kit.id, 0) for kit in procedure.equipment],
                "person": n,
            }
            for way in ways
            for n, _ in (who or [(None, None)])
        ]
        modes.append(rows)
        holders.append([holder for _, holder in who])
    after = [[] for _ in modes]
    for rule in procedure.precedence:
        after[place[rule.before]].append(place[rule.after])
    return {
        "modes": modes,
        "after": after,
        "room": [kit.count for kit in procedure.equipment],
        "renewable": [kit.renewable for kit in procedure.equipment],
        "people": len(procedure.staff),
    }, holders


SOLVERS = {"diptych": run_diptych, "cpsat": run_cpsat, "pyjobshop": run_pyjobshop}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("solver", choices=sorted(SOLVERS))
    parser.add_argument("file")
    parser.add_argument("--limit", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer-python", default=sys.executable)
    options = parser.parse_args()
    try:
        procedure = read_procedure(options.file)
        assignments, bound, status, seconds = SOLVERS[options.solver](procedure, options)
    except Malformed as error:
        print(error, file=sys.stderr)
        return 3
    except Infeasible as error:
        assignments, bound, status, seconds = (), None, str(error), options.limit
    violations = check(procedure, assignments) if assignments else ()
    own = resource.RUSAGE_CHILDREN if options.solver == "pyjobshop" else resource.RUSAGE_SELF
    answer = {
        "makespan": max((entry.end for entry in assignments), default=None),
        "bound": bound,
        "status": status,
        "seconds": round(seconds, 3),
        "memory_mb": round(resource.getrusage(own).ru_maxrss / 1024, 1),
        "violations": [violation.message for violation in violations][:5],
    }
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
