"""Both sides of a cut: saturated, drained, and pockets that belong to the other."""

from dataclasses import replace

import numpy as np

from diptych.kernels.mincut import push, scan
from diptych.kernels.mincut.drain import drain, flip
from diptych.kernels.mincut.level import Ints, Level, Work, Workers


def saturate(level: Level) -> Ints | None:
    """Fills the cut; lists the free voxels whose excess changed (None when too many to list)."""
    touched = np.empty(max(1 << 12, level.code.size // 4), dtype=np.int32)
    found = push.saturate_cut(level.edges, level.flow, level.excess, level.code, level.off, touched)
    return touched[:found] if found <= touched.size else None


def settle(level: Level, work: Work, workers: Workers) -> bool:
    """Steps 2 to 4; returns whether any pocket changed side."""
    rims = find_rims(level, workers) if work.area is None else _rims_listed(level, work.area)
    if work.area is not None:
        work = replace(work, area=np.concatenate([work.area, *rims]), touched=None)
    fed, drained = workers.run(
        [
            lambda: drain(level, work, 1, -1, rims[0]),
            lambda: drain(level, work, 2, 1, rims[1]),
        ]
    )
    if drained.size:
        flip(level, drained, 2, 1)
        if fed.size:
            fed = drain(level, replace(work, touched=None, fresh=False), 1, -1, rims[0])
    if fed.size:
        flip(level, fed, 1, -1)
    if work.area is not None:
        for label in level.labels:
            scan.close_listed(label, work.area)
    return bool(drained.size or fed.size)


def find_rims(level: Level, workers: Workers) -> tuple[Ints, Ints]:
    """Held and seed voxels beside free ones, of side 1 and of side 2."""
    if level.rims is not None:
        return level.rims
    border = int(np.abs(level.off).max())

    def find(start: int, stop: int) -> tuple[Ints, Ints]:
        room = max(1 << 14, (stop - start) >> 5)
        while True:
            rims, ends = np.empty(room, dtype=np.int32), np.zeros(2, dtype=np.int64)
            scan.find_rims(level.code, level.off, start, stop, rims, ends)
            room = int(ends.sum())
            if room <= rims.size:
                return rims[: ends[0]].copy(), rims[rims.size - ends[1] :][::-1].copy()

    parts = workers.split(border, level.code.size - border, find)
    level.rims = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    return level.rims


def _rims_listed(level: Level, area: Ints) -> tuple[Ints, Ints]:
    rims = np.empty(min(2 * level.off.size * area.size, level.code.size), dtype=np.int32)
    ends = np.zeros(2, dtype=np.int64)
    scan.find_rims_listed(level.code, level.off, area, rims, ends)
    return rims[: ends[0]].copy(), rims[rims.size - ends[1] :].copy()
