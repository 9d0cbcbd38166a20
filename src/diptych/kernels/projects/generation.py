"""Schedules from lists: serial schedule generation, forwards and backwards, and justification.

Serial generation places one task after the other, each as early as order and resources allow
(Kolisch 1996, doi 10.1016/0377-2217(95)00357-6). Double justification moves all tasks to the
right, latest end first, then to the left again, earliest start first; the schedule never gets
longer (Valls, Ballestin and Quintanilla 2005, doi 10.1016/j.ejor.2004.04.008).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.projects.project import Project
from diptych.kernels.projects.streams import draw_below

_NEVER = 1 << 60


class Desk(NamedTuple):
    """Working space of one search; nothing in it outlives a call.

    room : (T, W) what is still free at each moment
    start, mode : (N,) the schedule being made; order : (N,) the list it is made from
    bucket : (T + 1,) counts for sorting by time; taken : (N,) marks; left : (S,) stock
    """

    room: NDArray[np.int64]
    start: NDArray[np.int64]
    mode: NDArray[np.int64]
    order: NDArray[np.int64]
    other: NDArray[np.int64]
    bucket: NDArray[np.int64]
    taken: NDArray[np.int64]
    left: NDArray[np.int64]


def horizon_of(project: Project) -> int:
    """A moment by which any list, in any modes, is done."""
    longest = [
        project.length[first:end].max()
        for first, end in zip(project.mode_first[:-1], project.mode_first[1:], strict=True)
    ]
    lags = np.maximum(project.before_lag, 0).sum()
    return int(sum(longest) + lags + len(project.free) + 1)


def open_desk(project: Project) -> Desk:
    """Working space for the project."""
    tasks, horizon = len(project.tail), horizon_of(project)
    late = np.minimum(np.arange(horizon), len(project.free) - 1)
    return Desk(
        room=np.ascontiguousarray(project.free[late]),
        start=np.zeros(tasks, np.int64),
        mode=np.zeros(tasks, np.int64),
        order=np.arange(tasks, dtype=np.int64),
        other=np.arange(tasks, dtype=np.int64),
        bucket=np.zeros(horizon + 2, np.int64),
        taken=np.zeros(tasks, np.int64),
        left=np.zeros(len(project.stock), np.int64),
    )


@compiled
def _clear_room(project: Project, desk: Desk, until: int) -> None:
    last = len(project.free) - 1
    words = len(project.guard)
    if words == 1:
        for t in range(until):
            desk.room[t, 0] = project.free[min(t, last), 0]
    else:
        for t in range(until):
            for w in range(words):
                desk.room[t, w] = project.free[min(t, last), w]


@compiled
def _first_fit(project: Project, room: NDArray[np.int64], mode: int, at: int) -> int:
    """First moment from `at` on at which the mode fits for its whole length."""
    length = project.length[mode]
    if len(project.guard) == 1:
        load, guard = project.load[mode, 0], project.guard[0]
        checked = at
        t = at + length - 1
        while t >= checked:
            if (room[t, 0] - load) & guard != guard:
                checked = max(checked, at + length)
                at = t + 1
                t = at + length - 1
            else:
                t -= 1
        return at
    t = at + length - 1
    while t >= at:
        fits = True
        for w in range(len(project.guard)):
            if (room[t, w] - project.load[mode, w]) & project.guard[w] != project.guard[w]:
                fits = False
                break
        if fits:
            t -= 1
        else:
            at = t + 1
            t = at + length - 1
    return at


@compiled
def _last_fit(project: Project, room: NDArray[np.int64], mode: int, at: int) -> int:
    """Last moment up to `at` at which the mode fits for its whole length; -1: none."""
    length = project.length[mode]
    words = len(project.guard)
    t = at
    while t < at + length and at >= 0:
        fits = True
        for w in range(words):
            if (room[t, w] - project.load[mode, w]) & project.guard[w] != project.guard[w]:
                fits = False
                break
        if fits:
            t += 1
        else:
            at = t - length
            t = at
    return at


@compiled
def _take(project: Project, room: NDArray[np.int64], mode: int, at: int) -> None:
    for w in range(len(project.guard)):
        load = project.load[mode, w]
        if load != 0:
            for t in range(at, at + project.length[mode]):
                room[t, w] -= load


@compiled
def _ready(project: Project, desk: Desk, task: int) -> int:
    at = 0
    for link in range(project.before_first[task], project.before_first[task + 1]):
        i = project.before[link]
        end = desk.start[i] + project.length[desk.mode[i]] + project.before_lag[link]
        at = max(at, end)
    return at


@compiled
def place_forward(project: Project, desk: Desk) -> int:
    """Makespan of the schedule that the list `desk.order` gives in the modes `desk.mode`.

    The list has every task after its predecessors. Starts are left in `desk.start`.
    """
    last = 0
    for n in range(len(desk.order)):
        task = desk.order[n]
        mode = desk.mode[task]
        at = _first_fit(project, desk.room, mode, _ready(project, desk, task))
        _take(project, desk.room, mode, at)
        desk.start[task] = at
        last = max(last, at + project.length[mode])
    _clear_room(project, desk, last)
    return last


@compiled
def place_choosing(project: Project, desk: Desk, stream: NDArray[np.uint64], chance: int) -> int:
    """As `place_forward`, but each task may take another of its modes that ends earlier.

    A task looks at its other modes with a chance of `chance` in 1000, and takes the one that
    ends first among those that the stock left allows (after Van Peteghem and Vanhoucke 2010,
    doi 10.1016/j.ejor.2009.03.034); `desk.left` holds the stock left, below 0 where short.
    """
    last = 0
    stocks = len(project.stock)
    for n in range(len(desk.order)):
        task = desk.order[n]
        ready = _ready(project, desk, task)
        mode = desk.mode[task]
        at = _first_fit(project, desk.room, mode, ready)
        first, end = project.mode_first[task], project.mode_first[task + 1]
        if end - first > 1 and draw_below(stream, 1000) < chance:
            own = mode
            for other in range(first, end):
                allowed = other != own
                for s in range(stocks):
                    more = project.stock_use[other, s] - project.stock_use[own, s]
                    if more > 0 and more > desk.left[s]:
                        allowed = False
                if not allowed:
                    continue
                then = _first_fit(project, desk.room, other, ready)
                if then + project.length[other] < at + project.length[mode]:
                    mode, at = other, then
            if mode != own:
                for s in range(stocks):
                    desk.left[s] += project.stock_use[own, s] - project.stock_use[mode, s]
                desk.mode[task] = mode
        _take(project, desk.room, mode, at)
        desk.start[task] = at
        last = max(last, at + project.length[mode])
    _clear_room(project, desk, last)
    return last


@compiled
def place_backward(project: Project, desk: Desk, end: int) -> int:
    """Every task as late as order, resources and the end allow, the list read from its end.

    Starts are left in `desk.start`; returns the earliest. The list has every task after its
    predecessors, and comes from a schedule that ends by `end`, sorted by ends.
    """
    earliest = end
    for n in range(len(desk.order) - 1, -1, -1):
        task = desk.order[n]
        mode = desk.mode[task]
        at = end
        for link in range(project.after_first[task], project.after_first[task + 1]):
            limit = desk.start[project.after[link]] - project.after_lag[link]
            at = min(at, limit)
        at = _last_fit(project, desk.room, mode, at - project.length[mode])
        _take(project, desk.room, mode, at)
        desk.start[task] = at
        earliest = min(earliest, at)
    _clear_room(project, desk, end)
    return earliest


@compiled
def sort_by_start(project: Project, desk: Desk) -> None:
    """The list of the tasks by start; at the same moment in the order of their numbers."""
    _sort(project, desk, False)


@compiled
def _sort(project: Project, desk: Desk, ends: bool) -> None:
    tasks = len(desk.order)
    highest = 0
    for task in range(tasks):
        at = desk.start[task] + (project.length[desk.mode[task]] if ends else 0)
        desk.bucket[at + 1] += 1
        highest = max(highest, at)
    for t in range(1, highest + 2):
        desk.bucket[t] += desk.bucket[t - 1]
    for task in range(tasks):
        at = desk.start[task] + (project.length[desk.mode[task]] if ends else 0)
        desk.order[desk.bucket[at]] = task
        desk.bucket[at] += 1
    desk.bucket[: highest + 2] = 0


@compiled
def justify(project: Project, desk: Desk, makespan: int) -> int:
    """The schedule in `desk.start` moved to the right, then to the left; its new makespan.

    Never more than `makespan`. Two schedules are generated.
    """
    _sort(project, desk, True)
    place_backward(project, desk, makespan)
    _sort(project, desk, False)
    return place_forward(project, desk)


def spread_tasks(
    project: Project, desk: Desk, start: NDArray[np.int64], mode: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(N,) starts with every task as early as the order of the starts allows, and as late.

    The late ones end with the early schedule, which is no longer than the one given.
    """
    desk.start[:], desk.mode[:] = start, mode
    _sort(project, desk, False)
    makespan = place_forward(project, desk)
    early = desk.start.copy()
    _sort(project, desk, True)
    place_backward(project, desk, makespan)
    return early, desk.start.copy()
