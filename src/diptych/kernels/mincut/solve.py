"""The exact solver: coarse cut, band, then each side for itself.

1. A coarse grid gives a candidate; its cut is saturated, and the band around it is solved
   with everything else held. The sides found there are kept, the flow is not.
2. The sink side drains its excess to the sinks; the source side feeds its deficits from the
   sources. The two share nothing but the saturated cut, so each may have a thread.
3. Excess stuck on the sink side marks a pocket that belongs to the source side; it changes
   side. Deficits stuck on the source side may now be fed from there as well.
4. Deficits still stuck mark a pocket that belongs to the sink side; it changes side.

After 4 the source side holds no deficit, the sink side no excess, and every edge from one
to the other is full. Then the cut is a global minimum, whatever the candidate was: for any
other source side S', value(S) - value(S') <= sum of excess over S' without S - sum of excess
over S without S' <= 0.
5. Free voxels of the source side that no residual path from a source reaches change side, so
   that it is the smallest of all optimal ones.
6. What excess is left on the source side flows back, so that the flow is feasible.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.mincut import push, pyramid, reach, scan
from diptych.kernels.mincut.capacity import Edges
from diptych.kernels.mincut.grid import Carver, sparse_zeros

Ints = NDArray[np.int32]

_SMALLEST = 6
_FEW = 4096
_SLACK = 40
_FEWER = 2
_PROBE = 1 << 15
_FAR_SHORT = 32000
_SINK = {np.dtype(np.int16): 1 << 14, np.dtype(np.int32): 1 << 30, np.dtype(np.int64): 1 << 40}
_FAR_LONG = 1 << 30


@dataclass(slots=True, kw_only=True, eq=False)
class Level:
    """A problem on one grid and what is known of its solution; changed in place.

    edges, off : capacities (see `capacity`) and neighbours ahead
    shape : padded
    code, flow, excess : as in `push`
    labels : `label` for side 1 and for side 2, one array until one needs longer labels
    both : whether an edge may have two different capacities
    mixed : voxels that hold finer seeds of both kinds
    supply : (N,) unary terms, or None
    rims : seed voxels beside free ones, once known
    """

    edges: Edges
    off: NDArray[np.int64]
    shape: tuple[int, int, int]
    code: NDArray[np.uint8]
    flow: NDArray[Any]
    excess: NDArray[Any]
    labels: list[NDArray[Any]]
    both: bool
    mixed: NDArray[np.int64]
    supply: NDArray[Any] | None = None
    rims: tuple[Ints, Ints] | None = None


def far_label(label: NDArray[Any]) -> int:
    """Label of a voxel that no search has reached."""
    return _FAR_SHORT if label.dtype == np.int16 else _FAR_LONG


def sink_mark(excess: NDArray[Any]) -> int:
    """Deficit of a sink, more than can ever flow into one voxel."""
    return _SINK[excess.dtype]


def most_excess(dtype: Any) -> int:
    """Largest excess that may stand beside the mark of a sink."""
    return _SINK[np.dtype(dtype)] - 1


class Workers:
    """Runs independent pieces side by side, on one thread or two; results keep their order."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, jobs: list[Callable[[], Any]]) -> list[Any]:
        """Results of all jobs, in the order given."""
        if self._pool is None:
            return [job() for job in jobs]
        return [done.result() for done in [self._pool.submit(job) for job in jobs]]

    def split(self, start: int, stop: int, work: Callable[[int, int], Any]) -> list[Any]:
        """Results of `work(from, to)` over parts of a range, one part a thread."""
        edges = [start + (stop - start) * n // self.threads for n in range(self.threads + 1)]
        return self.run([partial(work, a, b) for a, b in pairwise(edges)])


def find_cut(level: Level, workers: Workers) -> None:
    """The minimum cut from nothing: sides in `level.code`, a maximum flow in `level.flow`."""
    idle = [level.excess] if level.supply is None else []
    carver = Carver(level.labels[0], *idle, level.flow)
    area = _find_candidate(level, carver, workers)
    carver.give_back()
    touched = _saturate(level)
    if area is not None:
        _settle(level, Work(area=area), workers)
        _forget(level, area)
        touched = _saturate(level)
    fresh = not level.both
    _settle_all(level, Work(touched=_alone(level, touched), fresh=fresh), workers)


def improve_cut(level: Level, workers: Workers) -> None:
    """The minimum cut from sides in `level.code` and no flow yet."""
    touched = _saturate(level)
    _settle_all(level, Work(touched=_alone(level, touched), fresh=not level.both), workers)


def resume_cut(level: Level, touched: Ints | None, workers: Workers) -> None:
    """The minimum cut from sides in `level.code`, any flow, and the excess that it leaves.

    touched : the only voxels with excess or deficits, each once (None: not known)
    """
    more = _saturate(level)
    if touched is not None and more is not None:
        touched = np.concatenate([touched, more])
    _settle_all(level, Work(touched=_alone(level, touched)), workers)


def put_away(level: Level) -> None:
    """Lets go of what a settled level does not need: labels, and excess, which is 0 again."""
    level.labels = []
    level.excess = np.zeros(0, dtype=level.excess.dtype)


def take_out(level: Level) -> None:
    """Makes room again for labels and excess."""
    forget_labels(level)
    level.excess = sparse_zeros(level.code.size, level.excess.dtype)


def forget_labels(level: Level) -> None:
    """Labels as before any search."""
    level.labels = [sparse_zeros(level.code.size, np.int16)] * 2


def _alone(level: Level, touched: Ints | None) -> Ints | None:
    """The touched voxels, where no others can have excess."""
    return touched if level.supply is None else None


def _settle_all(level: Level, work: "Work", workers: Workers) -> None:
    """Steps 2 to 6, from a saturated cut."""
    stuck = _settle(level, work, workers)
    rest = Work(touched=None if stuck else work.touched)
    _shrink_source_side(level)
    if level.supply is not None:
        _take_back_unpaid(level, level.supply)
    if _find_work(level, rest, 1, 1)[0].size or _find_work(level, rest, 2, -1)[0].size:
        _return_surplus(level, rest, workers)


def _take_back_unpaid(level: Level, supply: NDArray[Any]) -> None:
    """Terms that the cut does not pay need not flow: what of them is left over is dropped."""
    side = level.code & 3
    unpaid = ((side == 1) & (supply > 0)) | ((side == 2) & (supply < 0))
    level.excess[unpaid] -= supply[unpaid]


def _return_surplus(level: Level, work: "Work", workers: Workers) -> None:
    """Step 6; excess on the source side and deficits on the sink side flow back."""
    for label in level.labels:
        label[:] = 0
    rims = _find_rims(level, workers)
    workers.run(
        [
            lambda: _drain(level, work, 1, 1, rims[0]),
            lambda: _drain(level, work, 2, -1, rims[1]),
        ]
    )


def _find_candidate(level: Level, carver: Carver, workers: Workers) -> Ints | None:
    """First sides, and the free voxels of the band around the cut (None: no band)."""
    coarse = _coarser(level, carver, workers)
    if coarse is None:
        return None
    area = _find_candidate(coarse, carver, workers)
    touched = _saturate(coarse)
    _settle(coarse, Work(area=area, touched=touched), workers)
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """Where a run takes place.

    area : the only voxels that may change (None: all)
    touched : the only voxels with excess or deficits (None: not known)
    fresh : nothing flows yet inside the sides, and every edge has room
    """

    area: Ints | None = None
    touched: Ints | None = None
    fresh: bool = False


def _saturate(level: Level) -> Ints | None:
    """Fills the cut; lists the free voxels whose excess changed (None when too many to list)."""
    touched = np.empty(max(1 << 12, level.code.size // 4), dtype=np.int32)
    found = push.saturate_cut(level.edges, level.flow, level.excess, level.code, level.off, touched)
    return touched[:found] if found <= touched.size else None


def _forget(level: Level, area: Ints) -> None:
    """Keeps the sides found in the band, but not the flow: from here it would lead astray."""
    scan.clear_listed(level.flow, level.excess, level.off, area)
    if level.supply is not None:
        level.excess[:] = level.supply
    pyramid.release(level.code)


def _settle(level: Level, work: Work, workers: Workers) -> bool:
    """Steps 2 to 4; returns whether any pocket changed side."""
    rims = _find_rims(level, workers) if work.area is None else _rims_listed(level, work.area)
    if work.area is not None:
        work = replace(work, area=np.concatenate([work.area, *rims]), touched=None)
    fed, drained = workers.run(
        [
            lambda: _drain(level, work, 1, -1, rims[0]),
            lambda: _drain(level, work, 2, 1, rims[1]),
        ]
    )
    if drained.size:
        _flip(level, drained, 2, 1)
        if fed.size:
            fed = _drain(level, replace(work, touched=None, fresh=False), 1, -1, rims[0])
    if fed.size:
        _flip(level, fed, 1, -1)
    if work.area is not None:
        for label in level.labels:
            scan.close_listed(label, work.area)
    return bool(drained.size or fed.size)


def _find_rims(level: Level, workers: Workers) -> tuple[Ints, Ints]:
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


def _find_work(level: Level, work: Work, region: int, turn: int) -> tuple[Ints, Ints]:
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


def _drain(level: Level, work: Work, region: int, turn: int, rim: Ints) -> Ints:
    """Pushes excess of the region to sinks until none can move; the voxels where it is stuck."""
    active, deficits = _find_work(level, work, region, turn)
    if active.size == 0:
        return active
    level.excess[rim] -= turn * sink_mark(level.excess)
    pool = max(1 << 15, 8 * active.size)
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
        left = _push(level, active, label, region, turn, pool)
        while work.area is None and unreached < left.size < active.size // _FEWER:
            active = left
            if _is_enclosed(level, active, region, turn):
                break
            left = _push(level, active, label, region, turn, pool)
        active = left
        if left.size == unreached:
            break
        pool = max(pool, 4 * left.size)
    level.excess[rim] += turn * sink_mark(level.excess)
    return active


def _push(
    level: Level, active: Ints, label: NDArray[Any], region: int, turn: int, pool: int
) -> Ints:
    """Pushes until labels have risen by the slack; the voxels whose excess is left over."""
    held, after = np.empty(pool, dtype=np.int32), np.empty(pool, dtype=np.int32)
    room = np.empty(pool + 64, dtype=np.int32)
    room[: active.size] = active
    left = push.push_excess(
        level.edges,
        level.flow,
        level.excess,
        label,
        far_label(label),
        level.off,
        turn,
        2 * region - 3,
        room,
        active.size,
        _SLACK,
        held,
        after,
    )
    return room[:left]


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
            deepest = push.measure_distances(
                level.edges,
                level.flow,
                level.excess,
                label,
                far,
                level.off,
                turn,
                2 * region - 3,
                sinks,
                room,
                waiting,
            )
        if deepest == -2:
            level.labels[region - 1] = sparse_zeros(level.code.size, np.int32)
        elif deepest == -1:
            ring *= 2
        else:
            return label


def _flip(level: Level, stuck: Ints, region: int, turn: int) -> None:
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


def _shrink_source_side(level: Level) -> None:
    """Step 5: side 1 becomes what seeds and remaining excess reach."""
    stack = np.empty(1 << 14, dtype=np.int32)
    arrays = level.edges, level.flow, level.excess, level.code, level.off
    reach.sweep_forth(*arrays)
    reach.sweep_back(*arrays)
    while not reach.fill_rest(*arrays, stack):
        stack = np.empty(4 * stack.size, dtype=np.int32)
    reach.keep_reached(level.code)
