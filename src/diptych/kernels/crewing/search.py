"""Genetic search over orders of placing, ways and preferences among people.

After Hartmann 1998 (activity lists, two-point crossover) and Valls, Ballestin, Quintanilla
2005 (double justification), with people: a task carries its private order of preference
along, a child mixes its parents' tastes for each person.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.crewing.chance import draw, pick
from diptych.kernels.crewing.project import Genome, Plan, Project
from diptych.kernels.crewing.serial import make_plan

_STALE = 2500


class Search(NamedTuple):
    """The state of a search, changed in place by `evolve`.

    pool : Genome with one more axis in front; score : (N,) last minute or penalty
    best : the best plan; best_way : (n,) its ways
    tally : (4,) best score, schedules made, schedules since the last gain, children made
    stream : (2,) key and counter of the random numbers
    """

    pool: Genome
    score: NDArray[np.int64]
    best: Plan
    best_way: NDArray[np.int64]
    tally: NDArray[np.int64]
    stream: NDArray[np.int64]


@compiled
def _member(pool: Genome, k: int) -> Genome:
    return Genome(pool.order[k], pool.way[k], pool.salt[k], pool.taste[k], pool.weigh[k])


@compiled
def _copy(source: Genome, target: Genome) -> None:
    target.order[:] = source.order
    target.way[:] = source.way
    target.salt[:] = source.salt
    target.taste[:] = source.taste
    target.weigh[:] = source.weigh


@compiled
def _tail_lengths(project: Project, way: NDArray[np.int64]) -> NDArray[np.int64]:
    """Longest stretch of waits and work from each task's start to the end of the day."""
    n = way.size
    tail = np.zeros(n, np.int64)
    ordered = np.argsort(project.rank)
    for k in range(n - 1, -1, -1):
        i = ordered[k]
        tail[i] = project.length[project.first_way[i] + way[i]]
        for e in range(project.out_first[i], project.out_first[i + 1]):
            a = project.out_arc[e]
            j = project.arc_to[a]
            if project.arc_firm[a]:
                span = project.arc_span[a]
                lag = project.arc_lag[a]
                lag += project.arc_sign[a] * project.length[project.first_way[span] + way[span]]
                tail[i] = max(tail[i], tail[j] + lag)
    return tail


@compiled
def _order_by(project: Project, urge: NDArray[np.float64], order: NDArray[np.int64]) -> None:
    """The order in which the most urgent task whose forerunners are placed comes next."""
    n = urge.size
    waiting = np.zeros(n, np.int64)
    for a in range(project.arc_from.size):
        if project.arc_firm[a]:
            waiting[project.arc_to[a]] += 1
    done = np.zeros(n, np.bool_)
    for position in range(n):
        best = -1
        for i in range(n):
            if not done[i] and waiting[i] == 0 and (best < 0 or urge[i] > urge[best]):
                best = i
        done[best] = True
        order[position] = best
        for e in range(project.out_first[best], project.out_first[best + 1]):
            a = project.out_arc[e]
            if project.arc_firm[a]:
                waiting[project.arc_to[a]] -= 1


@compiled
def seed_genome(project: Project, genome: Genome, noise: float, stream: NDArray[np.int64]) -> None:
    """A genome whose order follows the longest tail, blurred by `noise` (0: not at all)."""
    n = genome.order.size
    for i in range(n):
        ways = project.first_way[i + 1] - project.first_way[i]
        genome.way[i] = pick(stream, ways) if noise > 0.0 else _shortest(project, i)
        genome.salt[i] = 0
    tail = _tail_lengths(project, genome.way)
    most = max(1, tail.max())
    urge = np.empty(n, np.float64)
    for i in range(n):
        urge[i] = tail[i] / most + noise * draw(stream)
    _order_by(project, urge, genome.order)
    for p in range(genome.taste.size):
        genome.taste[p] = draw(stream)
    genome.weigh[0] = noise * draw(stream)
    genome.weigh[1] = 1.0 if noise == 0.0 else 2.0 * draw(stream)
    genome.weigh[2] = 0.3 if noise == 0.0 else draw(stream)
    genome.weigh[3] = 2.0 * draw(stream) if project.tight else 0.0
    genome.weigh[4] = 1.0


@compiled
def _shortest(project: Project, task: int) -> int:
    best = 0
    first = project.first_way[task]
    for way in range(project.first_way[task + 1] - first):
        if project.length[first + way] < project.length[first + best]:
            best = way
    return best


@compiled
def _cross(
    mother: Genome,
    father: Genome,
    child: Genome,
    stream: NDArray[np.int64],
    taken: NDArray[np.bool_],
) -> None:
    """Two-point crossover: the middle of the order comes from the father."""
    n = mother.order.size
    one = pick(stream, n + 1)
    two = pick(stream, n + 1)
    low, high = min(one, two), max(one, two)
    taken[:] = False
    spot = 0
    for position in range(low):
        task = mother.order[position]
        child.order[spot] = task
        taken[task] = True
        child.way[task] = mother.way[task]
        child.salt[task] = mother.salt[task]
        spot += 1
    for position in range(n):
        if spot >= high:
            break
        task = father.order[position]
        if not taken[task]:
            child.order[spot] = task
            taken[task] = True
            child.way[task] = father.way[task]
            child.salt[task] = father.salt[task]
            spot += 1
    for position in range(n):
        task = mother.order[position]
        if not taken[task]:
            child.order[spot] = task
            child.way[task] = mother.way[task]
            child.salt[task] = mother.salt[task]
            spot += 1
    for p in range(child.taste.size):
        child.taste[p] = mother.taste[p] if draw(stream) < 0.5 else father.taste[p]
    for k in range(child.weigh.size):
        child.weigh[k] = mother.weigh[k] if draw(stream) < 0.5 else father.weigh[k]


@compiled
def _mutate(project: Project, child: Genome, stream: NDArray[np.int64], strength: float) -> None:
    """Some tasks move in the order, change their way or their private preference."""
    n = child.order.size
    rate = strength / n
    place = np.empty(n, np.int64)
    for position in range(n):
        place[child.order[position]] = position
    for task in range(n):
        if draw(stream) < rate:
            low, high = 0, n - 1
            for e in range(project.in_first[task], project.in_first[task + 1]):
                before = project.arc_from[project.in_arc[e]]
                if project.arc_firm[project.in_arc[e]]:
                    low = max(low, place[before] + 1)
            for e in range(project.out_first[task], project.out_first[task + 1]):
                after = project.arc_to[project.out_arc[e]]
                if project.arc_firm[project.out_arc[e]]:
                    high = min(high, place[after] - 1)
            if high > low:
                here = place[task]
                there = low + pick(stream, high - low + 1)
                step = 1 if there > here else -1
                while here != there:
                    other = child.order[here + step]
                    child.order[here] = other
                    place[other] = here
                    here += step
                child.order[there] = task
                place[task] = there
        if draw(stream) < 0.7 * rate:
            child.salt[task] = 0 if draw(stream) < 0.4 else 1 + pick(stream, 1 << 30)
        ways = project.first_way[task + 1] - project.first_way[task]
        if ways > 1 and draw(stream) < rate:
            child.way[task] = pick(stream, ways)
    for p in range(child.taste.size):
        if draw(stream) < 0.5 * strength / child.taste.size:
            child.taste[p] = draw(stream)
    if draw(stream) < 0.15:
        k = pick(stream, 3)
        child.weigh[k] = 2.0 * draw(stream)
    if project.tight and draw(stream) < 0.15:
        child.weigh[3] = 4.0 * draw(stream)


@compiled
def _justify(
    project: Project, mirror: Project, genome: Genome, plan: Plan, score: int, spare: Plan
) -> int:
    """The plan pushed to the right and back to the left, with its people; the better end.

    Valid where time can run backwards: no hours, no rest, no longest waits. The genome's
    order becomes that of the plan.
    """
    n = genome.order.size
    key = np.empty(n, np.int64)
    for _ in range(3):
        for i in range(n):
            key[i] = -(plan.start[i] + project.length[project.first_way[i] + genome.way[i]])
        back = Genome(
            _sorted_by(key, mirror.rank), genome.way, genome.salt, genome.taste, genome.weigh
        )
        spare.person[:] = plan.person
        if make_plan(mirror, back, spare, True) > project.horizon:
            return score
        for i in range(n):
            way = project.first_way[i] + genome.way[i]
            key[i] = -(spare.start[i] + project.length[way])
        forth = _sorted_by(key, project.rank)
        again = Genome(forth, genome.way, genome.salt, genome.taste, genome.weigh)
        found = make_plan(project, again, spare, True)
        if found > score or found >= project.horizon:
            return score
        genome.order[:] = forth
        plan.start[:] = spare.start
        plan.person[:] = spare.person
        plan.row[:] = spare.row
        if found == score:
            return score
        score = found
    return score


@compiled
def _sorted_by(key: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tasks by key, then by their place in the order of waits."""
    return np.argsort(key * (rank.size + 1) + rank)


@compiled
def evolve(
    project: Project, mirror: Project, search: Search, children: int, reverse: bool, target: int
) -> int:
    """Make so many more children, each a schedule or three; the best score so far.

    mirror : the project with time running backwards; used when `reverse`
    Ends early when the best score is `target` or less. The pool must have been filled by
    `fill_pool`. Everything in `search` is changed in place.
    """
    pool, score = search.pool, search.score
    size, n = pool.order.shape
    rows = search.best.person.shape[1]
    child = Genome(
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(pool.taste.shape[1], np.float64),
        np.empty(pool.weigh.shape[1], np.float64),
    )
    plan = Plan(np.empty(n, np.int64), np.full((n, rows), -1), np.full((n, rows), -1))
    spare = Plan(np.empty(n, np.int64), np.full((n, rows), -1), np.full((n, rows), -1))
    taken = np.empty(n, np.bool_)
    stream, tally = search.stream, search.tally
    for _ in range(children):
        if tally[0] <= target:
            break
        if tally[2] > _STALE:
            _start_over(project, search)
        mother, father = _choose(score, stream), _choose(score, stream)
        _cross(_member(pool, mother), _member(pool, father), child, stream, taken)
        _mutate(project, child, stream, 1.0 + 3.0 * draw(stream) * draw(stream))
        value = _try(project, mirror, search, child, plan, spare, reverse)
        worst = pick(stream, size)
        for _ in range(3):
            other = pick(stream, size)
            if score[other] > score[worst]:
                worst = other
        if value <= score[worst]:
            _copy(child, _member(pool, worst))
            score[worst] = value
        tally[3] += 1
    return tally[0]


@compiled
def _choose(score: NDArray[np.int64], stream: NDArray[np.int64]) -> int:
    """The better of two members drawn."""
    one, two = pick(stream, score.size), pick(stream, score.size)
    return one if score[one] <= score[two] else two


@compiled
def _try(
    project: Project,
    mirror: Project,
    search: Search,
    genome: Genome,
    plan: Plan,
    spare: Plan,
    reverse: bool,
) -> int:
    """The score of a genome; the best plan is kept."""
    tally = search.tally
    value = make_plan(project, genome, plan, False)
    tally[1] += 1
    tally[2] += 1
    if value < project.horizon and reverse:
        value = _justify(project, mirror, genome, plan, value, spare)
        tally[1] += 2
    if value < tally[0]:
        tally[0] = value
        tally[2] = 0
        search.best.start[:] = plan.start
        search.best.person[:] = plan.person
        search.best.row[:] = plan.row
        search.best_way[:] = genome.way
    return value


@compiled
def fill_pool(
    project: Project, mirror: Project, search: Search, seeds: NDArray[np.int64], reverse: bool
) -> int:
    """Fill the pool: first by the orders in `seeds` (S, n), the rest by blurred tails."""
    size, n = search.pool.order.shape
    rows = search.best.person.shape[1]
    plan = Plan(np.empty(n, np.int64), np.full((n, rows), -1), np.full((n, rows), -1))
    spare = Plan(np.empty(n, np.int64), np.full((n, rows), -1), np.full((n, rows), -1))
    for k in range(size):
        genome = _member(search.pool, k)
        seed_genome(
            project, genome, 0.0 if k == seeds.shape[0] else 0.05 + 0.6 * k / size, search.stream
        )
        if k < seeds.shape[0]:
            genome.order[:] = seeds[k]
        search.score[k] = _try(project, mirror, search, genome, plan, spare, reverse)
    return search.tally[0]


@compiled
def _start_over(project: Project, search: Search) -> None:
    """Most of a pool that has stopped to gain is sown anew; a few members stay."""
    size = search.score.size
    for k in range(size):
        if draw(search.stream) < 0.1:
            continue
        seed_genome(
            project, _member(search.pool, k), 0.05 + 0.8 * draw(search.stream), search.stream
        )
        search.score[k] = project.horizon * 1000000
    search.tally[2] = 0
