"""Several hazards at once: is there a person and a piece of kit for every place, exactly.

People and pieces of kit are bits of 64-bit words; a *place* is one of the people or pieces
that a hazard asks for, with the mask of those that can fill it. A set of hazards is covered
when all its places can be filled by different bits (a bipartite matching). Two facts make
millions of sets cheap: what cannot be covered cannot be covered together with more
(monotone), and a set that is covered keeps its filling, to which one more hazard's places are
added greedily first; only where that fails are augmenting paths sought (Hopcroft and Karp
1973, here breadth first from each place).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

NO = np.uint8(0)
YES = np.uint8(1)
INHERITED = np.uint8(2)
OWN = np.uint8(3)
_ONE = np.uint64(1)
_NONE = np.uint64(0)
_WORD = 64


class Places(NamedTuple):
    """The places of all hazards in one class of minutes.

    first : (H + 1,) places of hazard h are first[h]:first[h + 1]
    masks : (N, W) uint64, who or what can fill each place
    """

    first: NDArray[np.int64]
    masks: NDArray[np.uint64]


@compiled
def _lowest(word: np.uint64) -> int:
    """Number of the lowest set bit of a word that is not 0."""
    bit = 0
    low = word & (~word + _ONE)
    if low & np.uint64(0xFFFFFFFF00000000):
        bit += 32
    if low & np.uint64(0xFFFF0000FFFF0000):
        bit += 16
    if low & np.uint64(0xFF00FF00FF00FF00):
        bit += 8
    if low & np.uint64(0xF0F0F0F0F0F0F0F0):
        bit += 4
    if low & np.uint64(0xCCCCCCCCCCCCCCCC):
        bit += 2
    if low & np.uint64(0xAAAAAAAAAAAAAAAA):
        bit += 1
    return bit


@compiled
def extend(places: Places, hazard: int, used: NDArray[np.uint64]) -> bool:
    """Add the hazard's places to `used` greedily, lowest free bit first; False: not so.

    used : (W,) bits taken so far, changed in place (also when False comes back).
    """
    words = used.size
    for n in range(places.first[hazard], places.first[hazard + 1]):
        found = False
        for w in range(words):
            free = places.masks[n, w] & ~used[w]
            if free != _NONE:
                used[w] |= free & (~free + _ONE)
                found = True
                break
        if not found:
            return False
    return True


@compiled
def fill(places: Places, hazards: NDArray[np.int64], chosen: NDArray[np.int64]) -> int:
    """Different bits for all places of the hazards, as many as can be had.

    chosen : (at least the places of the hazards,) the bit of each place in order, -1 where
    none is left. Returns how many places stay empty.
    """
    total = 0
    for h in hazards:
        total += places.first[h + 1] - places.first[h]
    row = np.empty(total, np.int64)
    n = 0
    for h in hazards:
        for p in range(places.first[h], places.first[h + 1]):
            row[n] = p
            n += 1
    words = places.masks.shape[1]
    bits = words * _WORD
    chosen[:total] = -1
    holder = np.full(bits, -1, np.int64)
    came = np.empty(bits, np.int64)
    queue = np.empty(total, np.int64)
    seen = np.empty(words, np.uint64)
    empty = 0
    for root in range(total):
        came[:] = -1
        seen[:] = _NONE
        queue[0] = root
        head, tail, found = 0, 1, -1
        while head < tail and found < 0:
            place = queue[head]
            head += 1
            for w in range(words):
                fresh = places.masks[row[place], w] & ~seen[w]
                while fresh != _NONE:
                    bit = w * _WORD + _lowest(fresh)
                    fresh &= fresh - _ONE
                    seen[w] |= _ONE << np.uint64(bit - w * _WORD)
                    came[bit] = place
                    if holder[bit] < 0:
                        found = bit
                        break
                    queue[tail] = holder[bit]
                    tail += 1
                if found >= 0:
                    break
        if found < 0:
            empty += 1
            continue
        while True:
            place = came[found]
            before = chosen[place]
            chosen[place] = found
            holder[found] = place
            if place == root:
                break
            found = before
    return empty


@compiled
def _taken(chosen: NDArray[np.int64], count: int, used: NDArray[np.uint64]) -> None:
    used[:] = _NONE
    for n in range(count):
        bit = chosen[n]
        used[bit // _WORD] |= _ONE << np.uint64(bit % _WORD)


@compiled
def _try(
    places: Places,
    base: NDArray[np.uint64],
    more: int,
    used: NDArray[np.uint64],
) -> bool:
    used[:] = base
    return extend(places, more, used)


@compiled
def _size(places: Places, hazards: NDArray[np.int64]) -> int:
    total = 0
    for h in hazards:
        total += places.first[h + 1] - places.first[h]
    return total


@compiled
def cover_ones(
    places: Places, alive: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Each hazard of `alive` alone: state (n,) and the bits that fill it (n, W)."""
    words = places.masks.shape[1]
    state = np.zeros(alive.size, np.uint8)
    used = np.zeros((alive.size, words), np.uint64)
    chosen = np.empty(places.masks.shape[0], np.int64)
    one = np.empty(1, np.int64)
    for i in range(alive.size):
        one[0] = alive[i]
        if fill(places, one, chosen) == 0:
            _taken(chosen, _size(places, one), used[i])
            state[i] = YES
        else:
            state[i] = OWN
    return state, used


@compiled
def cover_pairs(
    places: Places,
    alive: NDArray[np.int64],
    ones: NDArray[np.uint8],
    used1: NDArray[np.uint64],
) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Each pair i < j of `alive`: state (n, n) and the bits that fill it (n, n, W)."""
    n, words = alive.size, places.masks.shape[1]
    state = np.zeros((n, n), np.uint8)
    used = np.zeros((n, n, words), np.uint64)
    chosen = np.empty(places.masks.shape[0], np.int64)
    two = np.empty(2, np.int64)
    for i in range(n):
        for j in range(i + 1, n):
            if ones[i] != YES or ones[j] != YES:
                state[i, j] = INHERITED
                continue
            if _try(places, used1[i], alive[j], used[i, j]) or _try(
                places, used1[j], alive[i], used[i, j]
            ):
                state[i, j] = YES
            else:
                two[0], two[1] = alive[i], alive[j]
                if fill(places, two, chosen) == 0:
                    _taken(chosen, _size(places, two), used[i, j])
                    state[i, j] = YES
                else:
                    state[i, j] = OWN
    return state, used


@compiled
def cover_triples(
    places: Places,
    alive: NDArray[np.int64],
    twos: NDArray[np.uint8],
    used2: NDArray[np.uint64],
    state: NDArray[np.uint8],
    used3: NDArray[np.uint64],
) -> tuple[int, int, int, int]:
    """Each triple i < j < k of `alive`, counted: covered, inherited, own, and by full search.

    state : (n, n, n) written, or of size 0 to write nothing; used3 : (n, n, n, W) likewise.
    """
    n, words = alive.size, places.masks.shape[1]
    used = np.empty(words, np.uint64)
    chosen = np.empty(places.masks.shape[0], np.int64)
    three = np.empty(3, np.int64)
    keep, keep_used = state.size > 0, used3.size > 0
    covered, inherited, own, full = 0, 0, 0, 0
    for i in range(n):
        for j in range(i + 1, n):
            if twos[i, j] != YES:
                inherited += n - j - 1
                if keep:
                    state[i, j, j + 1 :] = INHERITED
                continue
            for k in range(j + 1, n):
                if twos[i, k] != YES or twos[j, k] != YES:
                    inherited += 1
                    if keep:
                        state[i, j, k] = INHERITED
                    continue
                good = (
                    _try(places, used2[i, j], alive[k], used)
                    or _try(places, used2[i, k], alive[j], used)
                    or _try(places, used2[j, k], alive[i], used)
                )
                if not good:
                    full += 1
                    three[0], three[1], three[2] = alive[i], alive[j], alive[k]
                    good = fill(places, three, chosen) == 0
                    if good:
                        _taken(chosen, _size(places, three), used)
                if good:
                    covered += 1
                else:
                    own += 1
                if keep:
                    state[i, j, k] = YES if good else OWN
                if keep_used and good:
                    used3[i, j, k] = used
    return covered, inherited, own, full


@compiled
def cover_fours(
    places: Places,
    alive: NDArray[np.int64],
    threes: NDArray[np.uint8],
    used3: NDArray[np.uint64],
) -> tuple[int, int, int, int]:
    """Each set of four of `alive`, counted as in `cover_triples`.

    threes : (n, n, n) and used3 : (n, n, n, W) from `cover_triples`.
    """
    n, words = alive.size, places.masks.shape[1]
    used = np.empty(words, np.uint64)
    chosen = np.empty(places.masks.shape[0], np.int64)
    four = np.empty(4, np.int64)
    covered, inherited, own, full = 0, 0, 0, 0
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                if threes[i, j, k] != YES:
                    inherited += n - k - 1
                    continue
                for m in range(k + 1, n):
                    if threes[i, j, m] != YES or threes[i, k, m] != YES or threes[j, k, m] != YES:
                        inherited += 1
                        continue
                    good = (
                        _try(places, used3[i, j, k], alive[m], used)
                        or _try(places, used3[i, j, m], alive[k], used)
                        or _try(places, used3[i, k, m], alive[j], used)
                        or _try(places, used3[j, k, m], alive[i], used)
                    )
                    if not good:
                        full += 1
                        four[0], four[1], four[2], four[3] = (
                            alive[i],
                            alive[j],
                            alive[k],
                            alive[m],
                        )
                        good = fill(places, four, chosen) == 0
                    if good:
                        covered += 1
                    else:
                        own += 1
    return covered, inherited, own, full


@compiled
def call_in_turn(
    places: Places, alive: NDArray[np.int64], teams: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Hazards one after another, in every order, nobody recalled; by a call-out list.

    teams : (n, W) who goes to each hazard when nobody is called yet. The second hazard gets
    its own team where that is free, else the free people of the lowest bits; the third must
    only find its places filled somehow. Returns counts [pairs, pairs covered, triples,
    triples covered] over ordered sets, and (n, n) whether the second is answered after the
    first.
    """
    n, words = alive.size, places.masks.shape[1]
    after = np.zeros((n, n), np.uint8)
    counts = np.zeros(4, np.int64)
    used = np.empty(words, np.uint64)
    then = np.empty(words, np.uint64)
    for i in range(n):
        if places.first[alive[i] + 1] > places.first[alive[i]] and not teams[i].any():
            continue
        for j in range(n):
            if j == i:
                continue
            counts[0] += 1
            if not _follow(places, teams[i], teams[j], alive[j], used):
                continue
            after[i, j] = YES
            counts[1] += 1
            for k in range(n):
                if k in (i, j):
                    continue
                counts[2] += 1
                if _follow(places, used, teams[k], alive[k], then):
                    counts[3] += 1
    return counts, after


@compiled
def _follow(
    places: Places,
    taken: NDArray[np.uint64],
    team: NDArray[np.uint64],
    hazard: int,
    used: NDArray[np.uint64],
) -> bool:
    """`taken` and a filling of the hazard's places from what is left, in `used`; exact."""
    words = taken.size
    apart, whole = True, False
    for w in range(words):
        if taken[w] & team[w] != _NONE:
            apart = False
        if team[w] != _NONE:
            whole = True
    if apart and whole:
        for w in range(words):
            used[w] = taken[w] | team[w]
        return True
    used[:] = taken
    if extend(places, hazard, used):
        return True
    return _rest(places, taken, hazard, used)


@compiled
def _rest(places: Places, taken: NDArray[np.uint64], hazard: int, used: NDArray[np.uint64]) -> bool:
    """The hazard's places filled from what is not taken, by augmenting paths."""
    low, high = places.first[hazard], places.first[hazard + 1]
    masks = places.masks[low:high].copy()
    for n in range(high - low):
        for w in range(taken.size):
            masks[n, w] &= ~taken[w]
    first = np.empty(2, np.int64)
    first[0], first[1] = 0, high - low
    one = np.zeros(1, np.int64)
    chosen = np.empty(high - low, np.int64)
    if fill(Places(first, masks), one, chosen) > 0:
        return False
    used[:] = taken
    for n in range(high - low):
        used[chosen[n] // _WORD] |= _ONE << np.uint64(chosen[n] % _WORD)
    return True
