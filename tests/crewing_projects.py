"""Small random projects with named people, and their optimum by trying everything."""

from itertools import combinations, permutations, product

import numpy as np
from choreography_days import after, day, person, task

from diptych.model import Procedure


def random_project(seed: int, tasks: int = 5, people: int = 3, skills: int = 2) -> Procedure:
    """Tasks of 1 to 6 minutes, up to two skills with one or two people each, a few waits."""
    random = np.random.Generator(np.random.Philox(key=seed))
    while True:
        owns = random.random((people, skills)) < 0.6
        owns[np.arange(people), random.integers(skills, size=people)] = True
        if owns.any(axis=0).all():
            break
    made = []
    for i in range(tasks):
        while True:
            counts = random.integers(0, 3, size=skills)
            if counts.sum() and has_team(owns, counts):
                break
        wanted = {f"s{k}": int(counts[k]) for k in range(skills) if counts[k]}
        made.append(task(f"t{i}", int(random.integers(1, 7)), wanted))
    order = [
        after(f"t{a}", f"t{b}", int(random.integers(0, 3)))
        for a, b in combinations(range(tasks), 2)
        if random.random() < 0.2
    ]
    staff = [
        person(f"p{p}", *[f"s{k}" for k in range(skills) if owns[p, k]]) for p in range(people)
    ]
    return day(made, order, staff)


def has_team(owns: np.ndarray, counts: np.ndarray) -> bool:
    """Hall's condition, every set of skills."""
    return all(
        owns[:, list(some)].any(axis=1).sum() >= counts[list(some)].sum()
        for size in range(1, counts.size + 1)
        for some in combinations(range(counts.size), size)
    )


def teams_of(procedure: Procedure, number: int) -> list[frozenset[int]]:
    """Every set of people who can do the task together, one skill each."""
    slots = [d.skill for d in procedure.tasks[number].demands for _ in range(d.count)]
    people = range(len(procedure.staff))
    return [
        frozenset(chosen)
        for chosen in combinations(people, len(slots))
        if any(
            all(slot in procedure.staff[p].skills for p, slot in zip(some, slots, strict=True))
            for some in permutations(chosen)
        )
    ]


def least_makespan(procedure: Procedure) -> int:
    """The shortest last minute over all orders and all teams (serial generation is exact
    over all orders when every team is tried)."""
    n = len(procedure.tasks)
    place = {one.id: i for i, one in enumerate(procedure.tasks)}
    length = [one.duration.planned for one in procedure.tasks]
    rules = [(place[r.before], place[r.after], r.min_lag) for r in procedure.precedence]
    orders = [
        order
        for order in permutations(range(n))
        if all(order.index(a) < order.index(b) for a, b, _ in rules)
    ]
    best = sum(length) + sum(lag for *_, lag in rules)
    for teams in product(*(teams_of(procedure, i) for i in range(n))):
        for order in orders:
            best = min(best, serial(order, teams, length, rules, best))
    return best


def serial(order, teams, length, rules, best):
    start: dict[int, int] = {}
    end = 0
    for i in order:
        at = max((start[a] + length[a] + lag for a, b, lag in rules if b == i), default=0)
        rivals = sorted((start[j], start[j] + length[j]) for j in start if teams[j] & teams[i])
        for begin, until in rivals:
            if begin < at + length[i] and at < until:
                at = until
        start[i] = at
        end = max(end, at + length[i])
        if end >= best:
            return best
    return end
