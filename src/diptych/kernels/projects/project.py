"""A project as arrays: tasks with one or more modes, order, resources and stocks.

Resources are packed into words: each has a lane of its bits and one guard bit above them, so
that one subtraction and one mask tell whether a task fits at a moment, for all resources of a
word at once. Resources that can never be short are left out.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.model.errors import InputError

_WORD = 62
Order = Sequence[tuple[int, int, int]]


class Project(NamedTuple):
    """N tasks with M modes in all, numbered so that every task comes after its predecessors.

    mode_first : (N + 1,) modes of task i are mode_first[i] to mode_first[i + 1] - 1
    length : (M,) time units of each mode
    load : (M, W) packed demand; guard : (W,) the guard bits
    free : (T, W) what is free at each moment before anything is planned; from T - 1 on
        nothing changes any more, and every mode fits there
    stock_use : (M, S) what a mode uses up; stock : (S,) what there is
    before_first, before, before_lag : predecessors of task i, and the least time from the end
        of each to the start of i; after_first, after, after_lag : the same for successors
    tail : (N,) least time from the end of a task to the end of the project
    demand : (M, R), capacity : (R,) all resources, unpacked (the highest of their profile)
    """

    mode_first: NDArray[np.int64]
    length: NDArray[np.int64]
    load: NDArray[np.int64]
    guard: NDArray[np.int64]
    free: NDArray[np.int64]
    stock_use: NDArray[np.int64]
    stock: NDArray[np.int64]
    before_first: NDArray[np.int64]
    before: NDArray[np.int64]
    before_lag: NDArray[np.int64]
    after_first: NDArray[np.int64]
    after: NDArray[np.int64]
    after_lag: NDArray[np.int64]
    tail: NDArray[np.int64]
    demand: NDArray[np.int64]
    capacity: NDArray[np.int64]


class Needs(NamedTuple):
    """What the modes of a project need, before it is packed.

    mode_first : (N + 1,); length : (M,); demand : (M, R); stock_use : (M, S)
    order : (before, after, least lag from end to start), before < after
    capacity : (R,) or (T, R), the resources of each moment; stock : (S,)
    """

    mode_first: NDArray[np.int64]
    length: NDArray[np.int64]
    demand: NDArray[np.int64]
    stock_use: NDArray[np.int64]
    order: Order
    capacity: NDArray[np.int64]
    stock: NDArray[np.int64]


def pack_project(needs: Needs) -> Project:
    """The project ready for the kernels.

    Raises InputError where a task has no mode that ever fits, or an order that does not go
    upwards. A lag shorter than the shortest mode of either end, negated, is lengthened to it:
    tasks then end and start in their order, which the search relies on; schedules found keep
    the true lag too.
    """
    profile = np.atleast_2d(np.asarray(needs.capacity, dtype=np.int64))
    _require_order(needs.order)
    _require_fit(needs, profile[-1])
    links = _clip_lags(needs)
    kept = _scarce(needs, profile)
    load, guard, free = _pack(needs.demand[:, kept], profile[:, kept])
    tasks = len(needs.mode_first) - 1
    before = _rows(tasks, [(after, before, lag) for before, after, lag in links])
    after = _rows(tasks, links)
    return Project(
        mode_first=np.asarray(needs.mode_first, dtype=np.int64),
        length=np.asarray(needs.length, dtype=np.int64),
        load=load,
        guard=guard,
        free=free,
        stock_use=np.ascontiguousarray(needs.stock_use, dtype=np.int64),
        stock=np.asarray(needs.stock, dtype=np.int64),
        before_first=before[0],
        before=before[1],
        before_lag=before[2],
        after_first=after[0],
        after=after[1],
        after_lag=after[2],
        tail=_tails(_shortest(needs), after),
        demand=np.ascontiguousarray(needs.demand, dtype=np.int64),
        capacity=profile.max(axis=0),
    )


def _require_order(order: Order) -> None:
    wrong = [(before, after) for before, after, _ in order if before >= after]
    if wrong:
        raise InputError(
            f"tasks {wrong[0][0]} and {wrong[0][1]}: the order goes backwards",
            remedy="number the tasks so that each comes after its predecessors",
        )


def _require_fit(needs: Needs, last: NDArray[np.int64]) -> None:
    fits: NDArray[np.bool_] = np.all(needs.demand <= last, axis=1)
    for task in range(len(needs.mode_first) - 1):
        first, end = needs.mode_first[task], needs.mode_first[task + 1]
        if not fits[first:end].all():
            raise InputError(
                f"task {task}: a mode needs {needs.demand[first:end].tolist()}, there are"
                f" {last.tolist()} at the end of the project",
                remedy="take away modes that never fit, or raise the capacity",
            )


def _shortest(needs: Needs) -> NDArray[np.int64]:
    if len(needs.length) == 0:
        return np.zeros(0, np.int64)
    return np.minimum.reduceat(np.asarray(needs.length, dtype=np.int64), needs.mode_first[:-1])


def _clip_lags(needs: Needs) -> list[tuple[int, int, int]]:
    least = _shortest(needs)
    return [
        (before, after, max(lag, -int(min(least[before], least[after]))))
        for before, after, lag in needs.order
    ]


def _scarce(needs: Needs, profile: NDArray[np.int64]) -> list[int]:
    """Resources that the tasks could together want more of than there is."""
    if len(needs.length) == 0:
        return []
    most = np.maximum.reduceat(needs.demand, needs.mode_first[:-1], axis=0).sum(axis=0)
    return [int(r) for r in np.flatnonzero(most > profile.min(axis=0))]


def _pack(
    demand: NDArray[np.int64], profile: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    places, guards, at, word = [], [0], 0, 0
    for highest in profile.max(axis=0):
        bits = int(highest).bit_length() + 1
        if at + bits > _WORD:
            at, word = 0, word + 1
            guards.append(0)
        places.append((word, at))
        guards[word] |= 1 << (at + bits - 1)
        at += bits
    load = np.zeros((len(demand), len(guards)), np.int64)
    free = np.tile(np.array(guards, dtype=np.int64), (len(profile), 1))
    for column, (word, at) in enumerate(places):
        load[:, word] |= demand[:, column] << at
        free[:, word] |= profile[:, column] << at
    return load, np.array(guards, dtype=np.int64), free


def _rows(
    tasks: int, links: Order
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Links as rows of their first task: (first, other, lag)."""
    ordered = sorted(links)
    count = np.bincount([link[0] for link in ordered], minlength=tasks)
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    other = np.array([link[1] for link in ordered], dtype=np.int64)
    lag = np.array([link[2] for link in ordered], dtype=np.int64)
    return first, other, lag


def _tails(
    least: NDArray[np.int64],
    rows: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.int64]:
    first, other, lag = rows
    tail = np.zeros(len(least), np.int64)
    for task in range(len(least) - 1, -1, -1):
        for link in range(first[task], first[task + 1]):
            then = other[link]
            tail[task] = max(tail[task], lag[link] + least[then] + tail[then])
    return tail
