"""What a reserve must contain at least: Hall's condition for each gap that is left.

Some places of a gap are reached by too few. Whatever the reserve, it must bring as many who
can fill one of those places, in that stretch, as there are too few of the plan's own people
and kit. These are the cuts; a reserve that meets the cuts of all gaps leaves none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.classes import Classes
from diptych.contingencies.standby import Market
from diptych.kernels.shortage import find_beyond, list_shortages, weigh_shortages


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cut:
    """From `start` to `end` at least `lacking` of these helpers (numbers) must be there."""

    start: int
    end: int
    helpers: tuple[int, ...]
    lacking: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demanded:
    """The cuts of some gaps, and which gaps nobody could mend, as rows of them."""

    cuts: tuple[Cut, ...]
    beyond: NDArray[np.int64]


def demand_help(
    market: Market, classes: Classes, gaps: NDArray[np.int64], marks: NDArray[np.int64]
) -> Demanded:
    """The cuts of gaps of a plan with some reserve.

    classes : of the plan with the reserve; gaps : (G, 5) class and hazards (-1: none);
    marks : minutes at which helpers may come and go, between which a cut holds throughout.
    """
    if not len(gaps):
        return Demanded(cuts=(), beyond=np.zeros(0, np.int64))
    slots = _slots(market, classes, marks)
    gap, slot = _spread(gaps[:, 0], slots)
    here = np.concatenate([slots[slot, 1:2], gaps[gap, 1:]], axis=1)
    stuck = find_beyond(market.classes.masks, classes.first, here, market.unlimited)
    beyond = np.unique(gap[stuck])
    of, short = list_shortages(classes.masks, classes.first, gaps)
    keep = ~np.isin(of, beyond)
    of, short = of[keep], short[keep]
    row, slot = _spread(gaps[of, 0], slots)
    sets = np.concatenate([slots[slot, 1:2], gaps[of[row], 1:]], axis=1)
    lacking, union = weigh_shortages(
        market.classes.masks, classes.first, sets, short[row], market.real
    )
    others = _others(market, union)
    return Demanded(
        cuts=_gather(market, lacking, others, marks[slots[slot, 2]], marks), beyond=beyond
    )


def _others(market: Market, union: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The helpers' bits among them; nobody's longer hours where they can come already."""
    found = union & ~market.real
    for helper in market.helpers:
        if helper.own >= 0:
            there = (union[:, helper.own // 64] >> np.uint64(helper.own % 64)) & np.uint64(1)
            found[there == 1, helper.bit // 64] &= ~np.uint64(1 << helper.bit % 64)
    return found


def _slots(market: Market, classes: Classes, marks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows (class of the plan, class of the market, number of the mark before), each once."""
    start, end = classes.stretch[:-1], classes.stretch[1:]
    known = market.classes.of[np.searchsorted(market.classes.stretch, start, side="right") - 1]
    low = np.searchsorted(marks, start, side="right") - 1
    high = np.searchsorted(marks, end, side="left")
    reps = high - low
    which = np.repeat(np.arange(len(start)), reps)
    ahead = np.arange(len(which)) - np.repeat(np.cumsum(reps) - reps, reps)
    rows = np.stack([classes.of[which], known[which], low[which] + ahead], axis=1)
    return np.unique(rows, axis=0)


def _spread(
    of: NDArray[np.int64], slots: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row its class's slots: (number of the row, number of the slot)."""
    first = np.searchsorted(slots[:, 0], of, side="left")
    count = np.searchsorted(slots[:, 0], of, side="right") - first
    row = np.repeat(np.arange(len(of)), count)
    ahead = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return row, first[row] + ahead


def _gather(
    market: Market,
    lacking: NDArray[np.int64],
    others: NDArray[np.uint64],
    start: NDArray[np.int64],
    marks: NDArray[np.int64],
) -> tuple[Cut, ...]:
    """Each choice of helpers and slot once, with the most that is lacking there."""
    keep = lacking > 0
    keys, which = np.unique(
        np.concatenate([others[keep], start[keep, None].astype(np.uint64)], axis=1),
        axis=0,
        return_inverse=True,
    )
    most = np.zeros(len(keys), np.int64)
    np.maximum.at(most, which.reshape(-1), lacking[keep])
    following = dict(zip(marks[:-1].tolist(), marks[1:].tolist(), strict=True))
    return tuple(
        Cut(
            start=int(key[-1]),
            end=following[int(key[-1])],
            helpers=_named(market, key[:-1]),
            lacking=int(number),
        )
        for key, number in zip(keys, most, strict=True)
    )


def _named(market: Market, words: NDArray[np.uint64]) -> tuple[int, ...]:
    every = sum(int(word) << (64 * n) for n, word in enumerate(words))
    return tuple(n for n, helper in enumerate(market.helpers) if every >> helper.bit & 1)


def strongest(cuts: Sequence[Cut]) -> tuple[Cut, ...]:
    """Without those that another cut of the same slot implies; sorted."""
    kept: list[Cut] = []
    by_slot: dict[tuple[int, int], list[tuple[frozenset[int], Cut]]] = {}
    for cut in sorted(set(cuts), key=lambda c: (len(c.helpers), -c.lacking, c)):
        rivals = by_slot.setdefault((cut.start, cut.end), [])
        mine = frozenset(cut.helpers)
        if not any(other <= mine and one.lacking >= cut.lacking for other, one in rivals):
            rivals.append((mine, cut))
            kept.append(cut)
    return tuple(sorted(kept))
