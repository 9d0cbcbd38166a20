"""The settled cut after a local change: the steps of `solve`, in a tube around the change.

Excess that a change leaves has far to go, to the next seeds, but needs few voxels to get there.
Voxels are joined 4 x 4 x 4 into cells; the tube holds cells around the change and on short ways
from there to seeds. Distances are exact residual ones inside the tube. Excess that cannot leave
it is followed through the whole side, along edges with room: either it is enclosed, a pocket, or
the search meets the tube where that still leads to seeds. Then the tube grows around the way
found. Where that takes too many turns, the steps of `solve` are left to settle everything.

Side 1 was the smallest before. Each of its voxels had a residual path from a source, and still
has it unless an edge of that path lost its room, or a voxel of it changed side. All such edges end
in the tube, in the change, or beside what changed side (`Area.voxels`). Where all of these are
still reached, so is side 1; what is not reached changes side, and its neighbours are looked at.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.mincut import scan, tube
from diptych.kernels.mincut.drain import measure_from, push_listed
from diptych.kernels.mincut.level import Level, far_label, sink_mark

Ints = NDArray[np.int32]

_TUBES = ((1, 1, 1), *((3, 2, 1),) * 12)
"""Sizes of tubes to try one after the other: see `tube.list_tube`."""
_SLACK = 5
_PROBE = 1 << 18
_BUDGET = 1 << 14
_SHARE = 4
_MOST_ACTIVE = 1 << 16
_TURNS = 400
_NONE = np.zeros(0, dtype=np.int32)


class TooWideError(Exception):
    """The change cannot be settled near its place in little time."""


@dataclass(slots=True, kw_only=True, eq=False)
class Area:
    """Where the change is settled.

    spots : the only voxels with excess or deficits, and those that changed
    voxels : by side, all that may be looked at or pushed through
    rims : by side, seeds beside them
    """

    cells: tube.Cells
    spots: Ints
    voxels: dict[int, Ints] = field(default_factory=lambda: {1: _NONE, 2: _NONE})
    rims: dict[int, Ints] = field(default_factory=lambda: {1: _NONE, 2: _NONE})


def settle_near(level: Level, places: NDArray[np.int64]) -> bool:
    """Settles a level after the costs at `places` have changed; false when that goes too far.

    Sides, flow and excess are as in `solve` in any case, only not settled where it is false.
    """
    near = np.concatenate([places, *(places + s * step for s in (1, -1) for step in level.off)])
    tube.saturate_listed(level.edges, level.flow, level.excess, level.code, level.off, places)
    cells = tube.gather_cells(level.code, level.shape)
    area = Area(cells=cells, spots=np.unique(near.astype(np.int32)))
    try:
        _settle(level, area)
    except TooWideError:
        return False
    return True


def _settle(level: Level, area: Area) -> None:
    for region in (1, 2):
        _add(level, area, region, area.spots[level.code[area.spots] == region])
        _widen(level, area, region, area.spots, _TUBES[0])
    _drain(level, area, 2, 1)
    _drain(level, area, 1, -1)
    _shrink(level, area)
    if _drain(level, area, 1, 1) or _drain(level, area, 2, -1):
        raise TooWideError


def _widen(level: Level, area: Area, region: int, spots: Ints, size: tuple[int, int, int]) -> None:
    """Adds the ways from spots to seeds to the area."""
    found = tube.list_tube(area.cells, level.code, level.shape, spots, region, size)
    _add(level, area, region, found)


def _add(level: Level, area: Area, region: int, found: Ints) -> None:
    """Adds voxels to the area, and seeds beside them to its rim; some may stand there twice."""
    rims = np.empty(2 * level.off.size * found.size, dtype=np.int32)
    ends = np.zeros(2, dtype=np.int64)
    scan.find_rims_listed(level.code, level.off, found, rims, ends)
    rim = rims[: ends[0]] if region == 1 else rims[rims.size - ends[1] :]
    area.voxels[region] = np.concatenate([area.voxels[region], found])
    area.rims[region] = np.concatenate([area.rims[region], rim])


def _find_work(level: Level, area: Area, region: int, turn: int) -> tuple[Ints, Ints]:
    """Spots of the region with excess, and with deficits, in the sense of `turn`."""
    spots = area.spots[level.code[area.spots] == region]
    excess = level.excess[spots] * turn
    return spots[excess > 0], spots[excess < 0]


def _drain(level: Level, area: Area, region: int, turn: int) -> int:
    """Pushes excess to sinks until none can move; pockets where it is stuck change side.

    Returns how many voxels did.
    """
    moved = 0
    for size in _TUBES[1:]:
        active = _drain_tube(level, area, region, turn)
        if active.size == 0:
            return moved
        ways, gone, done = _drop(level, area, region, turn, active, spread=False)
        moved += gone
        if done and ways.size == 0:
            return moved
        _widen(level, area, region, ways if done else np.concatenate([ways, active]), size)
    raise TooWideError


def _drain_tube(level: Level, area: Area, region: int, turn: int) -> Ints:
    """The same as far as the tube goes."""
    active, deficits = _find_work(level, area, region, turn)
    if active.size == 0:
        return active
    if active.size > _MOST_ACTIVE:
        raise TooWideError
    rim = area.rims[region]
    level.excess[rim] = -turn * sink_mark(level.excess)
    try:
        active = _push_all(level, area, region, turn, active, deficits)
    finally:
        level.excess[rim] = 0
    area.spots = np.union1d(area.spots, active)
    return active


def _push_all(
    level: Level, area: Area, region: int, turn: int, active: Ints, deficits: Ints
) -> Ints:
    """Searches and pushes in turn until none moves; what is left over."""
    lost = 0
    for _ in range(_TURNS):
        if active.size <= lost:
            return active
        deficits = deficits[level.excess[deficits] * turn < 0]
        sinks = np.concatenate([area.rims[region], deficits])
        label = _measure(level, area, region, turn, sinks, active.size)
        lost = int((label[active] == (2 * region - 3) * far_label(label)).sum())
        if lost < active.size:
            active = _push(level, area, active, label, region, turn)
    raise TooWideError


def _measure(
    level: Level, area: Area, region: int, turn: int, sinks: Ints, waiting: int
) -> NDArray[Any]:
    """Exact labels of the tube of one side."""
    label, voxels = level.labels[region - 1], area.voxels[region]
    scan.open_listed(level.code, label, far_label(label), voxels, region)
    room = 1 << max(12, int(2 * (sinks.size + voxels.size)).bit_length())
    queue = np.empty(room, dtype=np.int32)
    deepest = measure_from(level, label, region, turn, sinks, room=queue, waiting=waiting)
    if deepest < 0:
        raise TooWideError
    return label


def _push(
    level: Level, area: Area, active: Ints, label: NDArray[Any], region: int, turn: int
) -> Ints:
    room = max(1 << 15, 8 * active.size)
    budget = _BUDGET + area.voxels[region].size // _SHARE
    return push_listed(level, active, label, region, turn, slack=_SLACK, room=room, budget=budget)


def _drop(
    level: Level, area: Area, region: int, turn: int, heads: Ints, *, spread: bool
) -> tuple[Ints, int, bool]:
    """Moves pockets around heads to the other side; see `tube.drop_enclosed`.

    Returns the ways out of the others, how many voxels moved, and whether all has been looked at.
    """
    if heads.size > _PROBE:
        raise TooWideError
    stack, queue, before, known, gone = (np.empty(_PROBE, dtype=np.int32) for _ in range(5))
    stack[: heads.size] = heads
    ends = np.zeros(2, dtype=np.int64)
    label = level.labels[region - 1]
    done = tube.drop_enclosed(
        level.edges,
        level.flow,
        level.code,
        label,
        far_label(label),
        level.off,
        region,
        turn,
        spread,
        stack,
        heads.size,
        queue,
        before,
        known,
        gone,
        ends,
    )
    _add_pocket(level, area, region, gone[: ends[1]])
    return known[: ends[0]].copy(), int(ends[1]), done


def _add_pocket(level: Level, area: Area, region: int, pocket: Ints) -> None:
    """Adds what has left a region to the other area, and what is beside it to its own."""
    if pocket.size == 0:
        return
    _add(level, area, 3 - region, pocket)
    beside = np.concatenate([pocket + s * step for s in (1, -1) for step in level.off])
    _add(level, area, region, beside[level.code[beside] == region].astype(np.int32))


def _shrink(level: Level, area: Area) -> None:
    """Step 5: what of side 1 is not reached any more changes side."""
    voxels = area.voxels[1]
    if voxels.size == 0:
        return
    given, _ = _find_work(level, area, 1, 1)
    label = _measure(level, area, 1, -1, np.concatenate([area.rims[1], given]), 0)
    heads = voxels[label[voxels] == -far_label(label)]
    if not _drop(level, area, 1, -1, heads, spread=True)[2]:
        raise TooWideError
