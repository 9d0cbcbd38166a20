"""Genetic search over orders of placing, ways and preferences among people.

After Hartmann 1998 (activity lists, two-point crossover) and Valls, Ballestin, Quintanilla
2005 (double justification), with people: a task carries its private order of preference
along, a child mixes its parents' tastes for each person.
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.crewing.chance import draw, pick
from diptych.kernels.crewing.project import (
    FIRM,
    FIRST_WAY,
    HEAD,
    HORIZON,
    IN,
    IN_FIRST,
    LAG,
    LENGTH,
    ORDER,
    OUT,
    OUT_FIRST,
    RANK,
    SALT,
    SIGN,
    SPAN,
    TAIL,
    TASTES,
    TIGHT,
    WAY,
    Project,
    Search,
)
from diptych.kernels.crewing.serial import make_plan

_STALE = 2500
_ROUNDS = 3


@compiled
def _urges(
    task: NDArray[np.int64],
    way: NDArray[np.int64],
    arc: NDArray[np.int64],
    chosen: NDArray[np.int64],
    urge: NDArray[np.float64],
) -> None:
    """Longest stretch of work and waits from each task's start on, as a share of the longest."""
    n = chosen.size
    spot = np.empty(n, np.int64)
    for i in range(n):
        spot[task[i, RANK]] = i
    for k in range(n - 1, -1, -1):
        i = spot[k]
        urge[i] = way[task[i, FIRST_WAY] + chosen[i], LENGTH]
        for e in range(task[i, OUT_FIRST], task[i + 1, OUT_FIRST]):
            a = arc[e, OUT]
            if arc[a, FIRM]:
                span = arc[a, SPAN]
                length = way[task[span, FIRST_WAY] + chosen[span], LENGTH]
                urge[i] = max(urge[i], urge[arc[a, HEAD]] + arc[a, LAG] + arc[a, SIGN] * length)
    most = 1.0
    for i in range(n):
        most = max(most, urge[i])
    for i in range(n):
        urge[i] /= most


@compiled
def order_by(
    task: NDArray[np.int64],
    arc: NDArray[np.int64],
    urge: NDArray[np.float64],
    order: NDArray[np.int64],
) -> None:
    """Write the order in which the most urgent task with all forerunners placed comes next."""
    n = urge.size
    waiting = np.zeros(n, np.int64)
    for a in range(arc.shape[0]):
        waiting[arc[a, HEAD]] += arc[a, FIRM]
    for position in range(n):
        best = -1
        for i in range(n):
            if waiting[i] == 0 and (best < 0 or urge[i] > urge[best]):
                best = i
        waiting[best] = -1
        order[position] = best
        for e in range(task[best, OUT_FIRST], task[best + 1, OUT_FIRST]):
            a = arc[e, OUT]
            if arc[a, FIRM]:
                waiting[arc[a, HEAD]] -= 1


@compiled
def _sow(
    project: Project,
    genome: NDArray[np.int64],
    taste: NDArray[np.float64],
    noise: float,
    stream: NDArray[np.int64],
) -> None:
    """A genome whose order follows the longest tail, blurred by `noise` (0: not at all)."""
    task, way = project.task, project.way
    n = genome.shape[1]
    for i in range(n):
        first = task[i, FIRST_WAY]
        ways = task[i + 1, FIRST_WAY] - first
        genome[WAY, i] = pick(stream, ways)
        if noise == 0.0:
            for k in range(ways):
                if way[first + k, LENGTH] < way[first + genome[WAY, i], LENGTH]:
                    genome[WAY, i] = k
        genome[SALT, i] = 0
    urge = np.empty(n, np.float64)
    _urges(task, way, project.arc, genome[WAY], urge)
    for i in range(n):
        urge[i] += noise * draw(stream)
    order_by(task, project.arc, urge, genome[ORDER])
    for p in range(TASTES, taste.size):
        taste[p] = draw(stream)
    taste[0] = noise * draw(stream)
    taste[1] = 1.0 if noise == 0.0 else 2.0 * draw(stream)
    taste[2] = 0.3 if noise == 0.0 else draw(stream)
    taste[3] = 2.0 * draw(stream) if project.rule[TIGHT] else 0.0
    taste[4] = 1.0
    taste[5] = 60.0 if noise == 0.0 else 120.0 * draw(stream)
    taste[6] = 0.5 if noise == 0.0 else draw(stream)
    taste[7] = 2.0 if noise == 0.0 else 6.0 * draw(stream)


@compiled
def _cross(
    mother: NDArray[np.int64],
    father: NDArray[np.int64],
    child: NDArray[np.int64],
    stream: NDArray[np.int64],
) -> None:
    """Two-point crossover: the middle of the order comes from the father."""
    n = mother.shape[1]
    one = pick(stream, n + 1)
    two = pick(stream, n + 1)
    low, high = min(one, two), max(one, two)
    taken = np.zeros(n, np.bool_)
    spot = 0
    for part in range(3):
        source = father if part == 1 else mother
        until = low if part == 0 else (high if part == 1 else n)
        for position in range(n):
            if spot >= until:
                break
            task = source[ORDER, position]
            if not taken[task]:
                taken[task] = True
                child[ORDER, spot] = task
                child[WAY, task] = source[WAY, task]
                child[SALT, task] = source[SALT, task]
                spot += 1


@compiled
def _mutate(
    project: Project,
    child: NDArray[np.int64],
    taste: NDArray[np.float64],
    stream: NDArray[np.int64],
    strength: float,
) -> None:
    """Some tasks move in the order, change their way or their private preference."""
    n = child.shape[1]
    tasks, arc = project.task, project.arc
    rate = strength / n
    place = np.empty(n, np.int64)
    for position in range(n):
        place[child[ORDER, position]] = position
    for task in range(n):
        if draw(stream) < rate:
            low, high = 0, n - 1
            for e in range(tasks[task, IN_FIRST], tasks[task + 1, IN_FIRST]):
                a = arc[e, IN]
                if arc[a, FIRM]:
                    low = max(low, place[arc[a, TAIL]] + 1)
            for e in range(tasks[task, OUT_FIRST], tasks[task + 1, OUT_FIRST]):
                a = arc[e, OUT]
                if arc[a, FIRM]:
                    high = min(high, place[arc[a, HEAD]] - 1)
            if high > low:
                here = place[task]
                there = low + pick(stream, high - low + 1)
                step = 1 if there > here else -1
                while here != there:
                    other = child[ORDER, here + step]
                    child[ORDER, here] = other
                    place[other] = here
                    here += step
                child[ORDER, there] = task
                place[task] = there
        if draw(stream) < 0.7 * rate:
            child[SALT, task] = 0 if draw(stream) < 0.4 else 1 + pick(stream, 1 << 30)
        ways = tasks[task + 1, FIRST_WAY] - tasks[task, FIRST_WAY]
        if ways > 1 and draw(stream) < rate:
            child[WAY, task] = pick(stream, ways)
    for p in range(TASTES, taste.size):
        if draw(stream) < 0.5 * strength / taste.size:
            taste[p] = draw(stream)
    if draw(stream) < 0.15:
        taste[pick(stream, 3)] = 2.0 * draw(stream)
    if project.rule[TIGHT] and draw(stream) < 0.3:
        k = 3 + pick(stream, 3)
        taste[k + (k > 3)] = draw(stream) * (4.0 if k == 3 else (120.0 if k == 4 else 1.0))


@compiled
def _copy(source: NDArray[np.int64], target: NDArray[np.int64]) -> None:
    """Copy (a, b) by hand: slices between arrays take long to compile."""
    for i in range(source.shape[0]):
        for k in range(source.shape[1]):
            target[i, k] = source[i, k]


@compiled
def _sort_tasks(key: NDArray[np.int64], tasks: NDArray[np.int64], order: NDArray[np.int64]) -> None:
    """Write the tasks by key, then by rank (by insertion, which compiles fast)."""
    for k in range(key.size):
        m = k - 1
        while m >= 0 and (
            key[order[m]] > key[k]
            or (key[order[m]] == key[k] and tasks[order[m], RANK] > tasks[k, RANK])
        ):
            order[m + 1] = order[m]
            m -= 1
        order[m + 1] = k


@compiled
def _pick_member(score: NDArray[np.int64], stream: NDArray[np.int64], worse: bool) -> int:
    """A member drawn by a tournament, for the better score or for the worse."""
    best = pick(stream, score.size)
    for _ in range(3 if worse else 1):
        other = pick(stream, score.size)
        if score[other] != score[best] and (score[other] > score[best]) == worse:
            best = other
    return best


@compiled
def evolve(
    project: Project,
    mirror: Project,
    search: Search,
    seeds: NDArray[np.int64],
    children: int,
    target: int,
) -> int:
    """Make so many more genomes and their schedules; the best score so far.

    mirror : the project with time running backwards; without arcs' and tasks' rows where
        that is not valid (hours, rest, longest waits)
    seeds : (S, n) orders that the first members take
    The pool is sown first, and again when it has stopped to gain. Ends early when the best
    score is `target` or less. Everything in `search` is changed in place.
    """
    pool, tastes, score, tally, stream = (
        search.pool, search.taste, search.score, search.tally, search.stream
    )  # fmt: skip
    size, _, n = pool.shape
    horizon = project.rule[HORIZON]
    back_task = mirror.task
    genome = np.empty((3, n), np.int64)
    back = np.empty((3, n), np.int64)
    taste = np.empty(tastes.shape[1], np.float64)
    plan = np.zeros(search.best.shape, np.int64)
    spare = np.zeros(search.best.shape, np.int64)
    key = np.empty(n, np.int64)
    for _ in range(children):
        if tally[0] <= target:
            break
        if tally[2] > _STALE:
            tally[4] = size - size // 10
            tally[2] = 0
        sown = tally[4] > 0
        spot = 0
        if sown:
            tally[4] -= 1
            spot = tally[4]
            first = tally[3] == 0
            _sow(project, genome, taste, 0.0 if first else 0.02 + 0.8 * spot / size, stream)
            if spot < seeds.shape[0]:
                for k in range(n):
                    genome[ORDER, k] = seeds[spot, k]
        else:
            mother, father = _pick_member(score, stream, False), _pick_member(score, stream, False)
            _cross(pool[mother], pool[father], genome, stream)
            for k in range(taste.size):
                taste[k] = tastes[mother if draw(stream) < 0.5 else father, k]
            _mutate(project, genome, taste, stream, 1.0 + 3.0 * draw(stream) * draw(stream))
        value = make_plan(project, genome, taste, plan, False)
        tally[1] += 1
        for i in range(n):
            genome[WAY, i] = plan[i, 1]
        for _ in range(_ROUNDS if back_task.shape[0] and value < horizon else 0):
            for i in range(n):
                key[i] = -plan[i, 0] - project.way[project.task[i, FIRST_WAY] + plan[i, 1], LENGTH]
            _copy(genome, back)
            _sort_tasks(key, back_task, back[ORDER])
            _copy(plan, spare)
            turned = make_plan(mirror, back, taste, spare, True)
            tally[1] += 2
            if turned >= horizon:
                break
            for i in range(n):
                key[i] = -spare[i, 0] - project.way[project.task[i, FIRST_WAY] + plan[i, 1], LENGTH]
            _sort_tasks(key, project.task, back[ORDER])
            found = make_plan(project, back, taste, spare, True)
            if found > value:
                break
            _copy(back, genome)
            _copy(spare, plan)
            if found == value:
                break
            value = found
        tally[2] += 1
        tally[3] += 1
        if value < tally[0]:
            tally[0] = value
            tally[2] = 0
            _copy(plan, search.best)
        if not sown:
            spot = _pick_member(score, stream, True)
        if sown or value <= score[spot]:
            _copy(genome, pool[spot])
            for k in range(taste.size):
                tastes[spot, k] = taste[k]
            score[spot] = value
    return int(tally[0])
