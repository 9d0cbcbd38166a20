"""Where to look first: the cut of a coarser grid, and the band around it."""

import numpy as np

from diptych.kernels.mincut import pyramid, scan
from diptych.kernels.mincut.grid import Carver
from diptych.kernels.mincut.level import Ints, Level, Work, Workers
from diptych.kernels.mincut.sides import saturate, settle

_SMALLEST = 6
_FEW = 4096


def find_candidate(level: Level, carver: Carver, workers: Workers) -> Ints | None:
    """First sides, and the free voxels of the band around the cut (None: no band)."""
    coarse = _coarser(level, carver, workers)
    if coarse is None:
        return None
    area = find_candidate(coarse, carver, workers)
    touched = saturate(coarse)
    settle(coarse, Work(area=area, touched=touched), workers)
    near = np.zeros(coarse.code.size, dtype=np.uint8)
    marked = pyramid.mark_band(coarse.code, coarse.shape, level.off.size > 3, coarse.mixed, near)

    def refine(start: int, stop: int) -> Ints:
        room = np.empty(min(8 * marked, (stop - start) * level.shape[1] * level.shape[2]), np.int32)
        found = pyramid.refine_sides(
            coarse.code, near, coarse.shape, level.code, level.shape, start, stop, room
        )
        return room[:found]

    return np.concatenate(workers.split(1, level.shape[0] - 1, refine))


def _coarser(level: Level, carver: Carver, workers: Workers) -> Level | None:
    """The problem on voxels twice as large, or None when it is small already."""
    shape = pyramid.coarser_shape(level.shape)
    inner = [n - 2 for n in shape]
    if min(inner) < _SMALLEST or inner[0] * inner[1] * inner[2] < _FEW:
        return None
    size = shape[0] * shape[1] * shape[2]
    code = carver.zeros(size, np.uint8)
    workers.split(
        1,
        shape[0] - 1,
        lambda a, b: pyramid.coarsen_codes(level.code, level.shape, shape, a, b, code),
    )
    if not ((code == 5).any() and (code == 6).any()):
        return None
    mixed = np.flatnonzero(code == 32)
    code[mixed] = 1
    forward = carver.zeros((size, 3), np.int32)
    backward = carver.zeros((size, 3), np.int32) if level.both else forward
    workers.split(
        1,
        shape[0] - 1,
        lambda a, b: pyramid.coarsen_edges(
            level.edges,
            level.code,
            level.off,
            level.shape,
            shape,
            a,
            b,
            code,
            forward,
            backward,
            level.both,
        ),
    )
    return Level(
        edges=(forward, backward),
        off=np.array([shape[1] * shape[2], shape[2], 1], dtype=np.int64),
        shape=shape,
        code=code,
        flow=carver.zeros((size, 3), np.int32),
        excess=carver.zeros(size, np.int64),
        labels=[carver.zeros(size, np.int16)] * 2,
        both=level.both,
        mixed=mixed,
    )


def forget(level: Level, area: Ints) -> None:
    """Keeps the sides found in the band, but not the flow: from here it would lead astray."""
    scan.clear_listed(level.flow, level.excess, level.off, area)
    if level.supply is not None:
        level.excess[:] = level.supply
    pyramid.release(level.code)
