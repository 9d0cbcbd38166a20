"""Lower bounds of the last minute that need no search: waits, and people's minutes.

People's minutes: for any set of people who alone can hold certain rows, the minutes that
tasks ask of them are shared out between their heads and tails. Dual feasible functions
(Fekete, Schepers 2001) sharpen it where tasks ask for so many that few fit side by side.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from diptych.choreography.crewing import Crewing
from diptych.choreography.named import asked_of, gone_of, hall_sets
from diptych.kernels.crewing.project import HEAD, LAG, SIGN, TAIL
from diptych.model import Minute

_Array = NDArray[np.int64]


def shortest_lengths(crewing: Crewing) -> _Array:
    """(n,) minutes of the shortest way of each task."""
    lengths = np.array([way.duration.planned for way in crewing.ways], np.int64)
    return np.minimum.reduceat(lengths, crewing.first_way[:-1])


def heads_and_tails(crewing: Crewing) -> tuple[_Array, _Array]:
    """(n,) earliest start of each task, and least minutes from its end to the day's end."""
    arc, length = crewing.project.arc, shortest_lengths(crewing)
    head, tail = np.zeros(length.size, np.int64), np.zeros(length.size, np.int64)
    arcs = [
        (int(one), int(two), int(lag))
        for one, two, lag in arc[arc[:, SIGN] > 0][:, [TAIL, HEAD, LAG]]
    ]
    for _ in range(length.size):
        before = (head.copy(), tail.copy())
        for one, two, lag in arcs:
            head[two] = max(head[two], head[one] + length[one] + lag)
            tail[one] = max(tail[one], tail[two] + length[two] + lag)
        if (before[0] == head).all() and (before[1] == tail).all():
            break
    return head, tail


def energetic_bound(crewing: Crewing) -> Minute:
    """The largest bound from waits and from the minutes of any set of people, in minutes."""
    length = shortest_lengths(crewing)
    head, tail = heads_and_tails(crewing)
    bound = int((head + length + tail).max(initial=0))
    for people in hall_sets(crewing):
        asked = _least_asked(crewing, people)
        users = np.flatnonzero(asked)
        size = len(people)
        for demand in _sharpened(asked[users], size):
            work = int((demand * length[users]).sum())
            real = users[demand > 0]
            if real.size:
                first, last = int(head[real].min()), int(tail[real].min())
                bound = max(bound, _filled_at(crewing, people, first, work) + last)
    return Minute(bound)


def _least_asked(crewing: Crewing, people: frozenset[int]) -> _Array:
    """(n,) how many of these people each task needs, whatever its way."""
    asked = asked_of(crewing, people)
    ways = np.array([asked.get(m, 0) for m in range(len(crewing.ways))], np.int64)
    return np.minimum.reduceat(ways, crewing.first_way[:-1])


def _sharpened(demand: _Array, size: int) -> list[_Array]:
    """The demand itself, and its images under dual feasible functions of that capacity."""
    found = [demand]
    small = demand[2 * demand <= size]
    large = size + 1 - demand[2 * demand > size]
    for least in sorted({*small.tolist(), *large[2 * large - 1 <= size].tolist()}):
        found.append(np.where(demand > size - least, size, np.where(demand < least, 0, demand)))
    return found


def _filled_at(crewing: Crewing, people: Collection[int], first: int, work: int) -> int:
    """The minute by which these people can have given `work` minutes since `first`."""
    gone = [span for person in sorted(people) for span in gone_of(crewing, person)]
    if not gone:
        return first + -(-work // len(people))
    lost = np.zeros(crewing.horizon + 1, np.int64)
    for begin, end in gone:
        lost[begin:end] += 1
    given = np.cumsum(len(people) - lost[first:])
    return first + int(np.searchsorted(given, work)) + 1 if work else first
