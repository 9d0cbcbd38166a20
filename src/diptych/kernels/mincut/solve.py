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

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.mincut import reach
from diptych.kernels.mincut.candidate import find_candidate, forget
from diptych.kernels.mincut.drain import drain, find_work
from diptych.kernels.mincut.grid import Carver
from diptych.kernels.mincut.level import Ints, Level, Work, Workers
from diptych.kernels.mincut.sides import find_rims, saturate, settle


def find_cut(level: Level, workers: Workers) -> None:
    """The minimum cut from nothing: sides in `level.code`, a maximum flow in `level.flow`."""
    idle = [level.excess] if level.supply is None else []
    carver = Carver(level.labels[0], *idle, level.flow)
    area = find_candidate(level, carver, workers)
    carver.give_back()
    touched = saturate(level)
    if area is not None:
        settle(level, Work(area=area), workers)
        forget(level, area)
        touched = saturate(level)
    fresh = not level.both
    _settle_all(level, Work(touched=_alone(level, touched), fresh=fresh), workers)


def improve_cut(level: Level, workers: Workers) -> None:
    """The minimum cut from sides in `level.code` and no flow yet.

    FarFromBestError where that would take longer than from nothing; then the level is spoilt.
    """
    touched = _alone(level, saturate(level))
    fresh = not level.both
    _settle_all(level, Work(touched=touched, fresh=fresh, hasty=True), workers)


def resume_cut(level: Level, touched: Ints | None, workers: Workers) -> None:
    """The minimum cut from sides in `level.code`, any flow, and the excess that it leaves.

    touched : the only voxels with excess or deficits, each once (None: not known)
    """
    more = saturate(level)
    if touched is not None and more is not None:
        touched = np.concatenate([touched, more])
    _settle_all(level, Work(touched=_alone(level, touched)), workers)


def _alone(level: Level, touched: Ints | None) -> Ints | None:
    """The touched voxels, where no others can have excess."""
    return touched if level.supply is None else None


def _settle_all(level: Level, work: "Work", workers: Workers) -> None:
    """Steps 2 to 6, from a saturated cut."""
    stuck = settle(level, work, workers)
    rest = Work(touched=None if stuck else work.touched)
    _shrink_source_side(level, workers)
    if level.supply is not None:
        _take_back_unpaid(level, level.supply)
    if find_work(level, rest, 1, 1)[0].size or find_work(level, rest, 2, -1)[0].size:
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
    rims = find_rims(level, workers)
    workers.run(
        [
            lambda: drain(level, work, 1, 1, rims[0]),
            lambda: drain(level, work, 2, -1, rims[1]),
        ]
    )


def _shrink_source_side(level: Level, workers: Workers) -> None:
    """Step 5: side 1 becomes what seeds and remaining excess reach."""
    stack = np.empty(1 << 14, dtype=np.int32)
    arrays = level.edges, level.flow, level.excess, level.code, level.off
    sources, sinks = find_rims(level, workers)
    if sources.size and sinks.size and sources.mean() > sinks.mean():
        reach.sweep_back(*arrays)
    else:
        reach.sweep_forth(*arrays)
    while not reach.fill_rest(*arrays, stack):
        stack = np.empty(4 * stack.size, dtype=np.int32)
    reach.keep_reached(level.code)
