"""One side of a saturated cut: its excess pushed to sinks until none can move."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.mincut import push, scan
from diptych.kernels.mincut.grid import sparse_zeros
from diptych.kernels.mincut.level import (
    FarFromBestError,
    Ints,
    Level,
    Work,
    far_label,
    sink_mark,
)

_SLACK = 40
_SLACK_BAND = 8
_FEWER = 0.75
_TILE = 64
_PROBE = 1 << 15
_NO_LIMIT = 1 << 30
_POOR = 8
_RELABELS = 400


def drain(level: Level, work: Work, region: int, turn: int, rim: Ints) -> Ints:
    """Pushes excess of the region to sinks until none can move; the voxels where it is stuck."""
    active, deficits = find_work(level, work, region, turn)
    if active.size == 0:
        return active
    level.excess[rim] -= turn * sink_mark(level.excess)
    while active.size:
        deficits = deficits[level.excess[deficits] * turn < 0]
        if _is_enclosed(level, active, region, turn):
            break
        sinks = np.concatenate([rim, deficits])
        label = _measure(level, work, region, turn, sinks, active.size)
        work = replace(work, fresh=False)
        unreached = int((label[active] == (2 * region - 3) * far_label(label)).sum())
        if unreached == active.size:
            break
        left = _push(level, work, active, label, region, turn)
        if work.hasty and left.size > active.size // _POOR:
            raise FarFromBestError
        work = replace(work, hasty=False)
        while work.area is None and unreached < left.size < _FEWER * active.size:
            active = left
            if _is_enclosed(level, active, region, turn):
                break
            left = _push(level, work, active, label, region, turn)
        active = left
        if left.size == unreached:
            break
    level.excess[rim] += turn * sink_mark(level.excess)
    return active


def _push(
    level: Level, work: Work, active: Ints, label: NDArray[Any], region: int, turn: int
) -> Ints:
    """Pushes until labels have risen by the slack; the voxels whose excess is left over.

    One tile of the cut after the other, so that what a tile needs stays in the cache.
    """
    slack = _SLACK if work.area is None else _SLACK_BAND
    relabels = _RELABELS if work.hasty else _NO_LIMIT
    left = []
    for part in _split_tiles(level, active)[:: 2 * region - 3]:
        room = max(1 << 15, 8 * part.size)
        budget = relabels * part.size
        left.append(
            push_listed(level, part, label, region, turn, slack=slack, room=room, budget=budget)
        )
    return np.concatenate(left)


def push_listed(
    level: Level,
    active: Ints,
    label: NDArray[Any],
    region: int,
    turn: int,
    *,
    slack: int,
    room: int,
    budget: int,
) -> Ints:
    """Pushes from the listed voxels; those whose excess is left over.

    slack, room, budget : how far labels may rise, how many voxels may wait, how many labels
        may be raised
    """
    listed = np.empty(room + 64, dtype=np.int32)
    listed[: active.size] = active
    many = push.push_excess(
        level.edges,
        level.flow,
        level.excess,
        label,
        far_label(label),
        level.off,
        turn,
        2 * region - 3,
        listed,
        active.size,
        slack,
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        budget,
    )
    return listed[:many].copy()


def _split_tiles(level: Level, listed: Ints) -> list[Ints]:
    """The listed voxels by tile of the plane of axes 1 and 2; in one piece where they are few."""
    _, nj, nk = level.shape
    if listed.size < _TILE * _TILE:
        return [listed]
    many = nk // _TILE + 1
    tile = listed // nk % nj // _TILE * many + listed % nk // _TILE
    order = np.argsort(tile.astype(np.uint16), kind="stable")
    ends = np.flatnonzero(np.diff(tile[order])) + 1
    return np.split(listed[order], ends)


def _is_enclosed(level: Level, active: Ints, region: int, turn: int) -> bool:
    """Whether a short search from few voxels shows that their excess is stuck."""
    if active.size > _PROBE // 8:
        return False
    stack = np.empty(_PROBE, dtype=np.int32)
    stack[: active.size] = active
    return bool(
        push.is_enclosed(
            level.edges,
            level.flow,
            level.excess,
            level.code,
            level.off,
            region,
            turn,
            stack,
            active.size,
        )
    )


def _measure(
    level: Level, work: Work, region: int, turn: int, sinks: Ints, waiting: int = 0
) -> NDArray[Any]:
    """Exact labels of one side; the waiting room and the labels grow when they must."""
    ring = 1 << max(12, int(2 * sinks.size + level.code.size // 64).bit_length())
    while True:
        label = level.labels[region - 1]
        far = far_label(label)
        if work.area is None:
            scan.open_side(level.code, label, far, region)
        else:
            scan.open_listed(level.code, label, far, work.area, region)
        room = np.empty(ring, dtype=np.int32)
        if work.fresh:
            deepest = push.measure_fresh(label, far, level.off, 2 * region - 3, sinks, room)
        else:
            deepest = measure_from(level, label, region, turn, sinks, room=room, waiting=waiting)
        if deepest == -2:
            level.labels[region - 1] = sparse_zeros(level.code.size, np.int32)
        elif deepest == -1:
            ring *= 2
        else:
            return label


def measure_from(
    level: Level,
    label: NDArray[Any],
    region: int,
    turn: int,
    sinks: Ints,
    *,
    room: Ints,
    waiting: int,
) -> int:
    """Exact labels of open voxels of one side; see `push.measure_distances`."""
    return push.measure_distances(
        level.edges,
        level.flow,
        level.excess,
        label,
        far_label(label),
        level.off,
        turn,
        2 * region - 3,
        sinks,
        room,
        waiting,
    )


def find_work(level: Level, work: Work, region: int, turn: int) -> tuple[Ints, Ints]:
    """Free voxels of the region with excess, and with deficits, in the sense of `turn`."""
    ends = np.zeros(2, dtype=np.int64)
    listed = work.touched if work.area is None else work.area
    room = 1 << 14 if listed is None else listed.size
    while True:
        active, sinks = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        if listed is None:
            scan.find_work(level.code, level.excess, region, turn, active, sinks, ends)
        else:
            scan.find_work_listed(
                level.code, level.excess, region, turn, listed, active, sinks, ends
            )
        room = int(ends.max())
        if room <= active.size:
            return active[: ends[0]], sinks[: ends[1]]


def flip(level: Level, stuck: Ints, region: int, turn: int) -> None:
    """Moves the pockets of stuck excess to the other side."""
    room = max(1 << 14, 4 * stuck.size)
    while True:
        stack = np.empty(room, dtype=np.int32)
        stack[: stuck.size] = stuck
        moved = push.flip_pockets(
            level.edges,
            level.flow,
            level.code,
            level.labels[region - 1],
            level.off,
            region,
            turn,
            stack,
            stuck.size,
        )
        if moved >= 0:
            return
        room *= 4
