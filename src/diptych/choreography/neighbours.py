"""Large neighbourhoods of a schedule with named people, each a small CP-SAT model.

The teams of some tasks are freed, and the times of all; the other tasks keep their way and
their people, and one person's kept tasks keep their order (Shaw 1998; Godard, Laborie,
Nuijten 2005). Only a shorter day is asked for.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from diptych.choreography.crewing import Crewing, Holder
from diptych.choreography.named import (
    Effort,
    Found,
    NamedModel,
    add_crews,
    add_people,
    base_model,
    hint_plan,
    one_at_a_time,
    run_model,
)
from diptych.model import TaskId

KINDS = ("window", "people", "chain", "mixed")


def choose_free(
    crewing: Crewing, plan: Found, kind: str, size: int, random: np.random.Generator
) -> set[int]:
    """Positions of about `size` tasks to free, chosen as `kind` says."""
    tasks = crewing.procedure.tasks
    starts = np.array([plan.starts[task.id] for task in tasks])
    if kind == "window":
        middle = starts[int(random.integers(starts.size))]
        near = np.argsort(np.abs(starts - middle), kind="stable")
        return set(near[:size].tolist())
    if kind == "people":
        return _of_people(crewing, plan, size, random)
    if kind == "chain":
        return _along_waits(crewing, size, random)
    return set(random.permutation(starts.size)[:size].tolist())


def _of_people(crewing: Crewing, plan: Found, size: int, random: np.random.Generator) -> set[int]:
    """All tasks of people drawn one by one, up to that number."""
    free: set[int] = set()
    for person in random.permutation(len(crewing.procedure.staff)).tolist():
        own = {
            i
            for i, task in enumerate(crewing.procedure.tasks)
            if any(who == person for who, _ in plan.holders[task.id])
        }
        if free and len(free | own) > size:
            break
        free |= own
    return set(random.permutation(sorted(free))[:size].tolist())


def _along_waits(crewing: Crewing, size: int, random: np.random.Generator) -> set[int]:
    """Tasks reached over waits from one drawn task, nearest first."""
    place = {task.id: i for i, task in enumerate(crewing.procedure.tasks)}
    near: list[set[int]] = [set() for _ in place]
    for rule in crewing.procedure.precedence:
        near[place[rule.before]].add(place[rule.after])
        near[place[rule.after]].add(place[rule.before])
    queue = [int(random.integers(len(place)))]
    free = set(queue)
    while queue and len(free) < size:
        for other in sorted(near[queue.pop(0)] - free):
            if len(free) < size:
                free.add(other)
                queue.append(other)
    return free


def free_some(crewing: Crewing, plan: Found, free: set[int], bound: int, effort: Effort) -> Found:
    """A schedule shorter than `plan` with only these tasks' teams and ways changed, if any."""
    built = base_model(crewing, bound, plan.makespan - 1)
    add_crews(built)
    kept: dict[int, list[int]] = {}
    for i, task in enumerate(crewing.procedure.tasks):
        if i in free:
            add_people(built, i, {})
            continue
        built.model.add(built.ways[i][plan.modes[task.id]] == 1)
        for person, _ in plan.holders[task.id]:
            kept.setdefault(person, []).append(i)
    _keep_order(built, plan, kept)
    one_at_a_time(
        built,
        {p: [built.intervals[i][_mode(built, plan, i)] for i in own] for p, own in kept.items()},
    )
    built.model.minimize(built.makespan)
    hint_plan(built, plan.starts, plan.modes)
    found = run_model(built, effort)
    return _with_kept(crewing, plan, free, found)


def _mode(built: NamedModel, plan: Found, i: int) -> int:
    return plan.modes[built.crewing.procedure.tasks[i].id]


def _keep_order(built: NamedModel, plan: Found, kept: Mapping[int, Sequence[int]]) -> None:
    tasks = built.crewing.procedure.tasks
    pairs: dict[tuple[int, int], None] = {}
    for own in kept.values():
        ordered = sorted(own, key=lambda i: (plan.starts[tasks[i].id], i))
        pairs |= dict.fromkeys(pairwise(ordered))
    for one, two in pairs:
        built.model.add(built.starts[two] >= built.ends[one])


def _with_kept(crewing: Crewing, plan: Found, free: set[int], found: Found) -> Found:
    if not found.starts:
        return found
    holders: dict[TaskId, tuple[Holder, ...]] = {
        task.id: found.holders.get(task.id, ()) if i in free else plan.holders[task.id]
        for i, task in enumerate(crewing.procedure.tasks)
    }
    return Found(
        starts=found.starts,
        modes=found.modes,
        holders=holders,
        makespan=found.makespan,
        bound=found.bound,
        status=found.status,
        work=found.work,
    )


def name_people(crewing: Crewing, times: Found, effort: Effort) -> Found:
    """People at given starts and ways, or "infeasible" where nobody can be found."""
    built = base_model(crewing, 0, times.makespan)
    for i, task in enumerate(crewing.procedure.tasks):
        built.model.add(built.starts[i] == times.starts[task.id])
        built.model.add(built.ways[i][times.modes[task.id]] == 1)
        add_people(built, i, {})
    one_at_a_time(built)
    return run_model(built, effort)
