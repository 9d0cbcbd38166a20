"""Levels of the primal-dual engine, from coarse to fine, and the steps on each.

Steps go on until the gap looks reached. Where it stops shrinking, the iterates circle around
the optimum; their mean over an epoch is then much nearer to it, and the steps start again
from the mean when it is better (restarts as in Applegate et al. 2021, arXiv:2106.04756).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.mincut import primal_dual_start as starts
from diptych.kernels.mincut import primal_dual_steps as sweeps
from diptych.kernels.mincut.primal_dual_steps import Given, Level

_WAVE = 6  # steps in one pass over the planes
_ROUND, _LONG_ROUND, _NEAR = 12, 24, 4.0  # steps between measurements; long ones far off
_ALMOST = 0.99  # a gap below 1 is a proof
_BUSY = 0.1  # share of pieces computed from which threads are worth starting
_STALLED, _EPOCH, _ENOUGH, _OLD = 72, 24, 0.3, 0.36
_COARSE_GAP, _COARSE_STEPS = 0.01, 240
_SMALLEST, _FEW = 6, 512  # no coarser level below these


class Crew(NamedTuple):
    """Threads to work with; how many changes no byte of any result."""

    threads: int
    pool: ThreadPoolExecutor

    def move(self, level: Level, step: int, count: int, busy: bool) -> int:
        """Steps `step` .. `step + count - 1`; how many pieces were computed."""
        last = level.cost.shape[0] - 1
        cuts = self._cut(last, 2 * count + 4, busy and count > 1)
        if len(cuts) == 2:
            return sweeps.move_slab(level, (1, last), step, count, (False, False))

        def move(ends: tuple[int, int]) -> int:
            return sweeps.move_slab(level, ends, step, count, (ends[0] > 1, ends[1] < last))

        computed = sum(self.pool.map(move, pairwise(cuts)))
        seams = self.pool.map(lambda at: sweeps.move_seam(level, at, step, count), cuts[1:-1])
        return computed + sum(seams)

    def share(self, level: Level, work: Callable[[int, int], None]) -> None:
        """Calls work(low, high) on slabs of planes that do not depend on one another."""
        cuts = self._cut(level.cost.shape[0] - 1, 1, True)
        list(self.pool.map(lambda ends: work(*ends), pairwise(cuts)))

    def _cut(self, last: int, thickness: int, busy: bool) -> list[int]:
        """First planes of slabs at least `thickness` thick, and the end."""
        slabs = max(1, min(self.threads if busy else 1, (last - 1) // thickness))
        return [1 + (last - 1) * n // slabs for n in range(slabs + 1)]


class _Mark(NamedTuple):
    """What the gap was at some step."""

    step: int
    slack: float


class _Mean:
    """Running means of z and flow over an epoch, one sample a wave.

    Pieces that do not move are not read; they count with the value they have.
    """

    def __init__(self, level: Level, start: _Mark) -> None:
        self.lean, self.flow = np.zeros_like(level.lean), np.zeros_like(level.flow)
        self.seen = np.zeros_like(level.due)
        self.begin(start)

    def begin(self, start: _Mark) -> None:
        """A new epoch."""
        self.start, self.length, self.samples = start, _EPOCH, 0
        self.seen.fill(0)

    def add(self, level: Level, step: int, crew: Crew) -> None:
        """Takes a sample of the pieces that moved in `step`, and of their neighbours."""
        self.samples += 1
        self._blend(level, step, crew)

    def settle(self, level: Level, crew: Crew) -> Level:
        """The level with z and flow at their means; it shares all other arrays."""
        self._blend(level, -1, crew)
        return level._replace(lean=self.lean, flow=self.flow)

    def _blend(self, level: Level, after: int, crew: Crew) -> None:
        means = (self.lean, self.flow, self.seen)
        crew.share(
            level,
            lambda low, high: sweeps.blend_mean(level, means, (low, high), self.samples, after),
        )


class _Sums(NamedTuple):
    """Cut values and dual value of each row, see `measure_rows`."""

    paid: NDArray[np.int64]
    kept: NDArray[np.int64]

    @classmethod
    def of(cls, level: Level) -> "_Sums":
        """Zeros."""
        rows = level.due_row.shape
        paid = np.zeros((*rows, len(sweeps.THRESHOLDS)), dtype=np.int64)
        return cls(paid, np.zeros(rows, dtype=np.int64))


class Run:
    """The steps of one level and the best labels seen on the way.

    level : holds z and the flow; replaced when the steps start again from a mean
    step : steps taken; still : True when no step changes anything any more
    value, labels : the cheapest cut seen
    """

    def __init__(self, level: Level, crew: Crew) -> None:
        self.level, self.crew, self.step = level, crew, 0
        self.sums = _Sums.of(level)
        self.value = np.inf
        self.labels = np.zeros((0, 0, 0), dtype=np.uint8)
        self.still, self.busy, self.measured = False, True, 0
        self.stall = _Mark(0, np.inf)
        self.mean: _Mean | None = None

    def approach(self, gap: float, limit: int) -> None:
        """Steps until the gap looks reached, `limit` steps are done, or nothing moves."""
        slack = aim = np.inf
        while self.step < limit and not self.still:
            count = _ROUND if slack < _NEAR * aim else _LONG_ROUND
            self._advance(min(count, limit - self.step))
            slack = self._measure(self.level, self.sums, self.measured)
            self.measured = self.step
            aim = max(_ALMOST, gap * self.value)
            if slack <= aim:
                return
            self._look_for_circles(slack)
        if self.labels.size == 0:
            self._measure(self.level, self.sums, -1)

    def _advance(self, count: int) -> None:
        computed = 0
        for done in range(0, count, _WAVE):
            size = min(_WAVE, count - done)
            computed += self.crew.move(self.level, self.step + 1, size, self.busy)
            self.step += size
            if self.mean is not None:
                self.mean.add(self.level, self.step, self.crew)
        self.still = int(self.level.due_row.max()) <= self.step
        self.busy = bool(computed > _BUSY * count * np.count_nonzero(self.level.due))

    def _measure(self, level: Level, sums: _Sums, since: int) -> float:
        """Best value minus dual value, in floats; keeps the labels of the best value."""
        self.crew.share(
            level, lambda low, high: sweeps.measure_rows(level, (low, high), since, *sums)
        )
        values = sums.paid.sum(axis=(0, 1)) / sweeps.GRAIN
        best = int(values.argmin())
        if values[best] < self.value:
            self.value = float(values[best])
            self.labels = _label(level, sweeps.THRESHOLDS[best])
        return float(self.value - sums.kept.sum() / sweeps.GRAIN)

    def _look_for_circles(self, slack: float) -> None:
        """Starts an epoch when the gap has stalled; ends one when its mean is due."""
        if slack < 0.5 * self.stall.slack:
            self.stall = _Mark(self.step, slack)
        if self.mean is None:
            if self.step - self.stall.step >= _STALLED:
                self.mean = _Mean(self.level, _Mark(self.step, slack))
        elif self.step - self.mean.start.step >= self.mean.length:
            self._judge_mean(self.mean, slack)

    def _judge_mean(self, mean: _Mean, slack: float) -> None:
        """Goes on from the mean when it is better; a new epoch when enough was gained."""
        ready = mean.settle(self.level, self.crew)
        other = self._measure(ready, _Sums.of(ready), -1)
        age = self.step - mean.start.step
        if min(slack, other) > _ENOUGH * mean.start.slack and age < _OLD * self.step:
            mean.length *= 2
            return
        if other < slack:
            self._go_on_from(ready)
        mean.begin(_Mark(self.step, min(slack, other)))

    def _go_on_from(self, ready: Level) -> None:
        """Swaps the mean in; every piece is due once more."""
        old, self.level = self.level, ready
        np.copyto(ready.lead, ready.lean)
        ready.due.fill(self.step + 1)
        ready.due_row.fill(self.step + 1)
        if self.mean is not None:
            self.mean.lean, self.mean.flow = old.lean, old.flow


def start_finest(given: Given, idle: NDArray[np.uint8], crew: Crew) -> Run:
    """The run of the voxels themselves, at what the coarser levels found.

    idle (I, J, K): above 0 where tissue takes no part.
    """
    levels = [_finest_level(given, idle)]
    while (coarser := _coarser_level(levels[-1])) is not None:
        levels.append(coarser)
    while len(levels) > 1:
        run = Run(levels.pop(), crew)
        run.approach(_COARSE_GAP, _COARSE_STEPS)
        starts.refine(run.level, levels[-1])
    return Run(levels[0], crew)


def _label(level: Level, limit: float) -> NDArray[np.uint8]:
    """Labels of the voxels of a level, cut at a threshold."""
    lean = level.lean[1:-1, 1:-1, 1:-1]
    source = lean > limit if limit > 0 else lean >= limit
    labels = np.where(source, np.uint8(1), np.uint8(2))
    labels[level.cost[1:-1, 1:-1, 1:-1] == 0.0] = 0
    return labels


def _finest_level(given: Given, idle: NDArray[np.uint8]) -> Level:
    """The level of the voxels themselves; parts that cannot be cut are left out."""
    cost = np.where(idle > 0, 0, given.cost).astype(np.float32)
    if given.walled.size:
        np.negative(cost, out=cost, where=given.walled)
    seeds = np.pad(given.seeds, 1)
    cost = np.pad(cost, 1)
    price = None
    if given.unary.size:
        price = np.pad(given.unary.astype(np.float32), 1)
        price[(seeds > 0) | (cost == 0)] = 0.0
    return _make_level(cost, seeds, price, given.steps, given.weights)


def _coarser_level(fine: Level) -> Level | None:
    """The level of voxels twice as large, or None where that is no help."""
    i, j, k = ((n - 1) // 2 + 2 for n in fine.cost.shape)
    shape = (i, j, k)
    if min(shape) < _SMALLEST or i * j * k < _FEW:
        return None
    cost, kinds = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.uint8)
    price = np.zeros(shape if fine.price.size else (0, 0, 0), dtype=np.float32)
    starts.coarsen(fine, cost, kinds, price)
    seeds = (kinds & 3).astype(np.uint8)
    seeds[seeds == 3] = 0
    if not price.size and not ((seeds == 1).any() and (seeds == 2).any()):
        return None
    return _make_level(cost, seeds, price if price.size else None, fine.steps, fine.weights)


def _make_level(
    cost: NDArray[np.float32],
    seeds: NDArray[np.uint8],
    price: NDArray[np.float32] | None,
    steps: NDArray[np.int64],
    weights: NDArray[np.generic],
) -> Level:
    """A level at rest, every row due; cost, seeds and price have a border of air."""
    rows, pieces = cost.shape[:2], -(-(cost.shape[2] - 2) // sweeps.PIECE)
    lean = np.select([seeds == 1, seeds == 2], [np.float32(0.5), np.float32(-0.5)], np.float32(0.0))
    level = Level(
        cost=cost,
        pace=((cost != 0) & (seeds == 0)).astype(np.float32),
        price=np.zeros((0, 0, 0), dtype=np.float32) if price is None else price,
        lean=lean,
        lead=lean.copy(),
        flow=np.zeros((len(steps), *cost.shape), dtype=np.float32),
        steps=np.ascontiguousarray(steps),
        weights=weights.astype(np.float32),
        due=np.ones((*rows, pieces + 2), dtype=np.int32),
        due_row=np.ones(rows, dtype=np.int32),
        span=_find_spans(cost),
    )
    starts.set_pace(level)
    return level


def _find_spans(cost: NDArray[np.float32]) -> NDArray[np.int32]:
    """(I+2, J+2, 2) first tissue voxel of each row and one past its last; equal where none."""
    tissue = cost != 0
    first = tissue.argmax(axis=2)
    last = cost.shape[2] - tissue[:, :, ::-1].argmax(axis=2)
    none = ~tissue.any(axis=2)
    first[none] = last[none] = 1
    return np.stack([first, last], axis=2).astype(np.int32)
