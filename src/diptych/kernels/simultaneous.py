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
from diptych.kernels.matching import (
    Desk,
    Places,
    count_places,
    extend,
    fill,
    lowest_bit,
    open_desk,
)
from diptych.kernels.setbook import EMPTY, Book, write_filling, write_gap, write_known_gap

NO = np.uint8(0)
YES = np.uint8(1)
INHERITED = np.uint8(2)
OWN = np.uint8(3)
_ONE = np.uint64(1)
_NONE = np.uint64(0)
_WORD = 64


class Threes(NamedTuple):
    """What became of each triple: state (n, n, n) and bits (n, n, n, W), or empty: not kept."""

    state: NDArray[np.uint8]
    used: NDArray[np.uint64]


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
def cover_ones(
    places: Places, alive: NDArray[np.int64], singles: NDArray[np.uint8], book: Book
) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Each hazard of `alive` alone: state (n,) and the bits that fill it (n, W).

    singles : (N,) the bit of each place is written here.
    """
    words = places.masks.shape[1]
    state = np.zeros(alive.size, np.uint8)
    used = np.zeros((alive.size, words), np.uint64)
    book.walls.count[0] = 0
    desk = open_desk(places)
    one = np.empty(1, np.int64)
    for i in range(alive.size):
        one[0] = alive[i]
        if fill(places, one, desk) == 0:
            size = count_places(places, one)
            _taken(desk.chosen, size, used[i])
            singles[places.first[alive[i]] : places.first[alive[i]] + size] = desk.chosen[:size]
            state[i] = YES
        else:
            state[i] = OWN
            write_gap(book, places, one, desk)
    return state, used


@compiled
def _extend_filling(
    places: Places,
    base: NDArray[np.uint64],
    singles: NDArray[np.uint8],
    hazards: tuple[int, int, bool],
    used: NDArray[np.uint64],
    row: NDArray[np.uint8],
) -> bool:
    """Like `extend`, from one hazard's filling to a second's, written into `row` in order.

    hazards : the one with its filling in `singles`, the one to add, whether the one to add
    comes first in `row`.
    """
    old, new, before = hazards
    used[:] = base
    start, size = places.first[old], places.first[old + 1] - places.first[old]
    more = places.first[new + 1] - places.first[new]
    here = 0 if before else size
    for n in range(places.first[new], places.first[new + 1]):
        found = False
        for w in range(used.size):
            free = places.masks[n, w] & ~used[w]
            if free != _NONE:
                used[w] |= free & (~free + _ONE)
                row[here] = w * _WORD + lowest_bit(free)
                here += 1
                found = True
                break
        if not found:
            return False
    there = more if before else 0
    for n in range(size):
        row[there + n] = singles[start + n]
    return True


@compiled
def cover_pairs(
    places: Places,
    alive: NDArray[np.int64],
    ones: NDArray[np.uint8],
    used1: NDArray[np.uint64],
    singles: NDArray[np.uint8],
    book: Book,
) -> tuple[NDArray[np.uint8], NDArray[np.uint64], int]:
    """Each pair i < j of `alive`: state (n, n), the bits that fill it (n, n, W), searches."""
    n, words = alive.size, places.masks.shape[1]
    state = np.zeros((n, n), np.uint8)
    used = np.zeros((n, n, words), np.uint64)
    desk = open_desk(places)
    two = np.empty(2, np.int64)
    row, searched = book.start[0], 0
    for i in range(n):
        for j in range(i + 1, n):
            if ones[i] != YES or ones[j] != YES:
                state[i, j] = INHERITED
            else:
                one, other, here = alive[i], alive[j], used[i, j]
                filling = book.pairs[row]
                if _extend_filling(
                    places, used1[i], singles, (one, other, False), here, filling
                ) or _extend_filling(places, used1[j], singles, (other, one, True), here, filling):
                    state[i, j] = YES
                else:
                    two[0], two[1] = one, other
                    searched += 1
                    state[i, j] = _search_pair(places, two, desk, here, filling)
                    if state[i, j] == OWN:
                        filling[:] = EMPTY
                        write_gap(book, places, two, desk)
            row += 1
    return state, used, searched


@compiled
def _search_pair(
    places: Places,
    two: NDArray[np.int64],
    desk: Desk,
    used: NDArray[np.uint64],
    filling: NDArray[np.uint8],
) -> np.uint8:
    if fill(places, two, desk) > 0:
        return OWN
    size = count_places(places, two)
    _taken(desk.chosen, size, used)
    for n in range(size):
        filling[n] = desk.chosen[n]
    return YES


@compiled
def cover_triples(
    places: Places,
    alive: NDArray[np.int64],
    twos: NDArray[np.uint8],
    used2: NDArray[np.uint64],
    threes: Threes,
    book: Book,
) -> tuple[int, int, int, int]:
    """Each triple i < j < k of `alive`, counted: covered, inherited, own, and by full search.

    threes : written, each part unless it is of size 0.
    """
    n, words = alive.size, places.masks.shape[1]
    used = np.empty(words, np.uint64)
    desk = open_desk(places)
    three = np.empty(3, np.int64)
    state, used3 = threes.state, threes.used
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
                three[0], three[1], three[2] = alive[i], alive[j], alive[k]
                if not good and not write_known_gap(book, places, three):
                    full += 1
                    good = fill(places, three, desk) == 0
                    if good:
                        size = count_places(places, three)
                        _taken(desk.chosen, size, used)
                        write_filling(book, three, desk.chosen, size)
                    else:
                        write_gap(book, places, three, desk)
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
    threes: Threes,
    book: Book,
) -> tuple[int, int, int, int]:
    """Each set of four of `alive`, counted as in `cover_triples`, which wrote `threes`."""
    n, words = alive.size, places.masks.shape[1]
    used = np.empty(words, np.uint64)
    desk = open_desk(places)
    four = np.empty(4, np.int64)
    state, used3 = threes.state, threes.used
    covered, inherited, own, full = 0, 0, 0, 0
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                if state[i, j, k] != YES:
                    inherited += n - k - 1
                    continue
                for m in range(k + 1, n):
                    if state[i, j, m] != YES or state[i, k, m] != YES or state[j, k, m] != YES:
                        inherited += 1
                        continue
                    good = (
                        _try(places, used3[i, j, k], alive[m], used)
                        or _try(places, used3[i, j, m], alive[k], used)
                        or _try(places, used3[i, k, m], alive[j], used)
                        or _try(places, used3[j, k, m], alive[i], used)
                    )
                    four[0], four[1], four[2], four[3] = alive[i], alive[j], alive[k], alive[m]
                    if not good and not write_known_gap(book, places, four):
                        full += 1
                        good = fill(places, four, desk) == 0
                        if good:
                            write_filling(book, four, desk.chosen, count_places(places, four))
                        else:
                            write_gap(book, places, four, desk)
                    if good:
                        covered += 1
                    else:
                        own += 1
    return covered, inherited, own, full
