"""Where places are too many for those who can fill them, and on whom the cover rests.

Both answers come from the fillings of `simultaneous`: a place left empty reaches, over bits
that others hold, a violator of Hall's condition (Hall 1935); a bit of a full filling can be
spared exactly when its place reaches a free bit in the same way (Dulmage and Mendelsohn
1958).
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.bitcover import count_bits
from diptych.kernels.compiled import compiled
from diptych.kernels.matching import Desk, Places, fill, list_rows, open_desk

_ONE = np.uint64(1)
_NONE = np.uint64(0)
_WORD = 64


@compiled
def _hazards_of(gap: NDArray[np.int64]) -> NDArray[np.int64]:
    """The hazards of a row (class, hazards, -1 for none)."""
    n = 0
    while n + 1 < gap.size and gap[n + 1] >= 0:
        n += 1
    return gap[1 : n + 1].copy()


@compiled
def _violator(
    places: Places, rows: NDArray[np.int64], root: int, desk: Desk, filled: NDArray[np.uint64]
) -> np.uint64:
    """Places that an empty one reaches over bits that others hold, as bits of the set's places.

    filled : (W,) room for the bits met.
    """
    filled[:] = _NONE
    short = _ONE << np.uint64(root)
    grown = True
    while grown:
        grown = False
        for n in range(rows.size):
            if short >> np.uint64(n) & _ONE:
                for w in range(filled.size):
                    filled[w] |= places.masks[rows[n], w]
        for n in range(rows.size):
            bit = desk.chosen[n]
            if bit < 0 or short >> np.uint64(n) & _ONE:
                continue
            if filled[bit // _WORD] >> np.uint64(bit % _WORD) & _ONE:
                short |= _ONE << np.uint64(n)
                grown = True
    return short


@compiled
def list_shortages(
    masks: NDArray[np.uint64], first: NDArray[np.int64], gaps: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """For each place of each gap that stays empty, the places that are too many because of it.

    masks : (C, N, W), first : (H + 1,), gaps : (G, 5) class and hazards (-1: none), sets of
    64 places at most. Returns (row of the gap, bits of the set's places in order).
    """
    of, short = [0 for _ in range(0)], [_NONE for _ in range(0)]
    filled = np.empty(masks.shape[2], np.uint64)
    for g in range(gaps.shape[0]):
        places = Places(first, masks[gaps[g, 0]])
        hazards = _hazards_of(gaps[g])
        desk = open_desk(places)
        if fill(places, hazards, desk) == 0:
            continue
        rows = list_rows(places, hazards)
        for root in range(rows.size):
            if desk.chosen[root] < 0:
                of.append(g)
                short.append(_violator(places, rows, root, desk, filled))
    return np.array(of, np.int64), np.array(short, np.uint64)


@compiled
def weigh_shortages(
    masks: NDArray[np.uint64],
    first: NDArray[np.int64],
    sets: NDArray[np.int64],
    short: NDArray[np.uint64],
    real: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """How many of those places are too many for the `real` bits, and who can fill any of them.

    sets : (R, 5) class and hazards, short : (R,) bits of their places, real : (W,).
    Returns lacking (R,), and all bits (R, W) that can fill one of the places.
    """
    lacking = np.zeros(len(short), np.int64)
    union = np.zeros((len(short), real.size), np.uint64)
    for r in range(len(short)):
        places = Places(first, masks[sets[r, 0]])
        rows = list_rows(places, _hazards_of(sets[r]))
        for n in range(rows.size):
            if short[r] >> np.uint64(n) & _ONE:
                lacking[r] += 1
                union[r] |= places.masks[rows[n]]
        for w in range(real.size):
            lacking[r] -= count_bits(union[r, w] & real[w])
    return lacking, union


@compiled
def find_beyond(
    masks: NDArray[np.uint64],
    first: NDArray[np.int64],
    sets: NDArray[np.int64],
    many: NDArray[np.uint64],
) -> NDArray[np.bool_]:
    """Sets that stay short however many of each `many` bit there were.

    sets : (R, 5) class and hazards; many : (W,). A set does so when the places that no
    such bit can fill cannot all be filled by the other bits.
    """
    beyond = np.zeros(sets.shape[0], np.bool_)
    whole = np.zeros(2, np.int64)
    one = np.zeros(1, np.int64)
    for r in range(sets.shape[0]):
        places = Places(first, masks[sets[r, 0]])
        rows = list_rows(places, _hazards_of(sets[r]))
        hard = np.empty((rows.size, many.size), np.uint64)
        n = 0
        for row in rows:
            if not (places.masks[row] & many).any():
                hard[n] = places.masks[row]
                n += 1
        whole[1] = n
        left = Places(whole, hard[:n])
        beyond[r] = n > 0 and fill(left, one, open_desk(left)) > 0
    return beyond


@compiled
def _mark_needed(
    places: Places,
    rows: NDArray[np.int64],
    chosen: NDArray[np.int64],
    needed: NDArray[np.uint64],
) -> None:
    """The bits of a full filling that cannot be spared, in `needed` (W,)."""
    free = np.full(needed.size, ~_NONE)
    for n in range(rows.size):
        free[chosen[n] // _WORD] &= ~(_ONE << np.uint64(chosen[n] % _WORD))
    loose = _NONE
    grown = True
    while grown:
        grown = False
        for n in range(rows.size):
            if loose >> np.uint64(n) & _ONE:
                continue
            for w in range(needed.size):
                if places.masks[rows[n], w] & free[w]:
                    loose |= _ONE << np.uint64(n)
                    free[chosen[n] // _WORD] |= _ONE << np.uint64(chosen[n] % _WORD)
                    grown = True
                    break
    needed[:] = ~free


@compiled
def find_needed(
    places: Places, sets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """For each set of one class: places that stay empty, and the bits that cannot be spared.

    sets : (R, 5) class (not used) and hazards. Returns empty (R,) and needed (R, W), which is
    0 where places stay empty.
    """
    empty = np.zeros(sets.shape[0], np.int64)
    needed = np.zeros((sets.shape[0], places.masks.shape[1]), np.uint64)
    desk = open_desk(places)
    for r in range(sets.shape[0]):
        hazards = _hazards_of(sets[r])
        empty[r] = fill(places, hazards, desk)
        if empty[r] == 0:
            _mark_needed(places, list_rows(places, hazards), desk.chosen, needed[r])
    return empty, needed


@compiled
def weigh_bits(
    places: Places, alive: NDArray[np.int64], order: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """What the cover of one class loses without each bit, over all sets of up to `order`.

    alive : (n,) rising; order 1 to 3. Returns covered (order,) sets, lost (order, bits) sets
    that are covered no more without the bit, and by_hazard (order, hazards, bits) those of
    them in which the hazard is.
    """
    bits = places.masks.shape[1] * _WORD
    covered = np.zeros(order, np.int64)
    lost = np.zeros((order, bits), np.int64)
    by_hazard = np.zeros((order, places.first.size - 1, bits), np.int64)
    desk = open_desk(places)
    one, two, three = np.empty(1, np.int64), np.empty(2, np.int64), np.empty(3, np.int64)
    for i in range(alive.size):
        one[0] = alive[i]
        if not _count_needed(places, one, desk, covered, lost, by_hazard):
            continue
        for j in range(i + 1, alive.size):
            if order < 2:
                break
            two[0], two[1] = alive[i], alive[j]
            if not _count_needed(places, two, desk, covered, lost, by_hazard):
                continue
            for k in range(j + 1, alive.size):
                if order < 3:
                    break
                three[0], three[1], three[2] = alive[i], alive[j], alive[k]
                _count_needed(places, three, desk, covered, lost, by_hazard)
    return covered, lost, by_hazard


@compiled
def _count_needed(
    places: Places,
    hazards: NDArray[np.int64],
    desk: Desk,
    covered: NDArray[np.int64],
    lost: NDArray[np.int64],
    by_hazard: NDArray[np.int64],
) -> bool:
    if fill(places, hazards, desk) > 0:
        return False
    rows = list_rows(places, hazards)
    needed = np.empty(places.masks.shape[1], np.uint64)
    _mark_needed(places, rows, desk.chosen, needed)
    size = hazards.size - 1
    covered[size] += 1
    for n in range(rows.size):
        bit = desk.chosen[n]
        if needed[bit // _WORD] >> np.uint64(bit % _WORD) & _ONE:
            lost[size, bit] += 1
            for h in hazards:
                by_hazard[size, h, bit] += 1
    return True
