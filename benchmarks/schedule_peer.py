"""PyJobShop on one project, in its own Python: JSON in, JSON out (run by schedule.py).

Where a psplib parser knows the file, the project is read by it and compared with what came in.
"""

import json
import sys
from math import ceil, isnan
from time import perf_counter

from pyjobshop import Model


def compare_psplib(path, project):
    """Words of disagreement between psplib's reading of the file and ours; None: the same."""
    import psplib

    form = {"sm": "psplib", "mm": "psplib", "rcp": "patterson"}.get(path.rsplit(".")[-1].lower())
    if form is None:
        return None
    theirs = psplib.parse(path, instance_format=form)
    for n, activity in enumerate(theirs.activities):
        ours = [[mode["length"], mode["demand"]] for mode in project["modes"][n]]
        if [[mode.duration, list(mode.demands)] for mode in activity.modes] != ours:
            return f"psplib reads other modes of job {n + 1}"
        if sorted(activity.successors) != sorted(project["after"][n]):
            return f"psplib reads other successors of job {n + 1}"
    room = [resource.capacity for resource in theirs.resources]
    return None if room == project["room"] else "psplib reads other capacities"


def build(project):
    model = Model()
    resources = [
        model.add_renewable(capacity) if renewable else model.add_consumable(capacity)
        for capacity, renewable in zip(project["room"], project["renewable"], strict=True)
    ]
    people = [model.add_renewable(1) for _ in range(project["people"])]
    tasks = [model.add_task() for _ in project["modes"]]
    for task, modes in zip(tasks, project["modes"], strict=True):
        for mode in modes:
            used = [n for n, count in enumerate(mode["demand"]) if count]
            who = [] if mode["person"] is None else [people[mode["person"]]]
            model.add_mode(
                task,
                [*(resources[n] for n in used), *who],
                mode["length"],
                [*(mode["demand"][n] for n in used), *(1 for _ in who)],
            )
    for task, row in zip(tasks, project["after"], strict=True):
        for then in row:
            model.add_end_before_start(task, tasks[then])
    return model


def main():
    request = json.load(sys.stdin)
    project = request["project"]
    trouble = compare_psplib(request["file"], project)
    begin = perf_counter()
    model = build(project)
    left = max(0.1, request["limit"] - (perf_counter() - begin))
    found = model.solve(
        solver="ortools", time_limit=left, num_workers=request["workers"], display=False
    )
    seconds = perf_counter() - begin
    rows, first, firsts = None, 0, []
    for modes in project["modes"]:
        firsts.append(first)
        first += len(modes)
    tasks = found.best.tasks if found.best is not None else []
    if tasks:
        rows = [
            (n, int(task.start), int(task.end), int(task.mode) - firsts[n])
            for n, task in enumerate(tasks)
        ]
    bound = getattr(found, "lower_bound", None)
    json.dump(
        {
            "rows": rows,
            "bound": None if bound is None or isnan(bound) else ceil(bound),
            "status": str(found.status.value).lower(),
            "seconds": seconds,
            "trouble": trouble,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
