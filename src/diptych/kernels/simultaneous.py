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
EMPTY = 255
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


class Desk(NamedTuple):
    """Room to work in: for each bit its place and where it was met from; places; a filling.

    taken : (W,) bits that are not to be used; none unless somebody sets them
    """

    holder: NDArray[np.int64]
    came: NDArray[np.int64]
    queue: NDArray[np.int64]
    chosen: NDArray[np.int64]
    taken: NDArray[np.uint64]


class Book(NamedTuple):
    """What the proof writes down, so that others can check it; see `model.Certificate`.

    One row of `pairs` for each pair of the class, from `start[0]` on. `listed` and `gaps`
    get a row for each, while there is room; `size` counts [listed, gaps], also those for
    which there was none. `kind` is the number of the class. `reach` are the bits that can
    fill the places that are too many.
    """

    start: NDArray[np.int64]
    kind: NDArray[np.int64]
    pairs: NDArray[np.uint8]
    listed: NDArray[np.int16]
    fillings: NDArray[np.uint8]
    gaps: NDArray[np.int16]
    short: NDArray[np.uint64]
    reach: NDArray[np.uint64]
    size: NDArray[np.int64]


class Threes(NamedTuple):
    """What became of each triple: state (n, n, n) and bits (n, n, n, W), or empty: not kept."""

    state: NDArray[np.uint8]
    used: NDArray[np.uint64]


def open_book(pairs: int, width: int, room: int, words: int) -> Book:
    """An empty book for so many pairs, places in one set, listed sets and gaps, and words."""
    return Book(
        start=np.zeros(1, np.int64),
        kind=np.zeros(1, np.int64),
        pairs=np.full((pairs, width), EMPTY, np.uint8),
        listed=np.full((room, 5), -1, np.int16),
        fillings=np.full((room, width), EMPTY, np.uint8),
        gaps=np.full((room, 5), -1, np.int16),
        short=np.zeros(room, np.uint64),
        reach=np.zeros((room, words), np.uint64),
        size=np.zeros(2, np.int64),
    )


@compiled
def _write_filling(
    book: Book, hazards: NDArray[np.int64], chosen: NDArray[np.int64], count: int
) -> None:
    n = book.size[0]
    if n < book.listed.shape[0]:
        book.listed[n, 0] = book.kind[0]
        for h in range(hazards.size):
            book.listed[n, 1 + h] = hazards[h]
        for p in range(count):
            book.fillings[n, p] = chosen[p]
    book.size[0] = n + 1


@compiled
def _write_gap(book: Book, places: Places, hazards: NDArray[np.int64], desk: Desk) -> None:
    n = book.size[1]
    if n < book.gaps.shape[0]:
        book.gaps[n, 0] = book.kind[0]
        for h in range(hazards.size):
            book.gaps[n, 1 + h] = hazards[h]
        book.short[n] = find_short(places, hazards, desk, book.reach[n])
    book.size[1] = n + 1


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
    """Add the hazard's places to `used` in order, each the lowest free bit; False: not so.

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
def open_desk(places: Places) -> Desk:
    """A desk large enough for all hazards of a class at once."""
    total, bits = places.masks.shape[0], places.masks.shape[1] * _WORD
    return Desk(
        np.full(bits, -1, np.int64),
        np.empty(bits, np.int64),
        np.empty(total, np.int64),
        np.empty(total, np.int64),
        np.zeros(places.masks.shape[1], np.uint64),
    )


@compiled
def _list_places(places: Places, hazards: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of the places of the hazards, in order."""
    row = np.empty(_size(places, hazards), np.int64)
    n = 0
    for h in hazards:
        for p in range(places.first[h], places.first[h + 1]):
            row[n] = p
            n += 1
    return row


@compiled
def _reach(places: Places, row: NDArray[np.int64], root: int, desk: Desk) -> tuple[int, int]:
    """From an empty place to a free bit over bits that others hold, breadth first.

    row : the places. Returns the free bit (-1 where there is none) and how many places were
    met; those are desk.queue[:that many], and desk.came[bit] is where a bit was met from.
    """
    words = places.masks.shape[1]
    seen = desk.taken.copy()
    desk.queue[0] = root
    head, tail = 0, 1
    while head < tail:
        place = desk.queue[head]
        head += 1
        for w in range(words):
            fresh = places.masks[row[place], w] & ~seen[w]
            seen[w] |= fresh
            while fresh != _NONE:
                bit = w * _WORD + _lowest(fresh)
                fresh &= fresh - _ONE
                desk.came[bit] = place
                if desk.holder[bit] < 0:
                    return bit, tail
                desk.queue[tail] = desk.holder[bit]
                tail += 1
    return -1, tail


@compiled
def _pass_along(found: int, root: int, desk: Desk) -> None:
    """Give the free bit to the place that reached it, its old bit to the place before ..."""
    while True:
        place = desk.came[found]
        before = desk.chosen[place]
        desk.chosen[place] = found
        desk.holder[found] = place
        if place == root:
            return
        found = before


@compiled
def fill(places: Places, hazards: NDArray[np.int64], desk: Desk) -> int:
    """Different bits for all places of the hazards, as many as can be had.

    They come in `desk.chosen`: the bit of each place in order, -1 where none is left.
    Returns how many places stay empty.
    """
    row = _list_places(places, hazards)
    desk.chosen[: row.size] = -1
    desk.holder[:] = -1
    empty = 0
    for root in range(row.size):
        found, _ = _reach(places, row, root, desk)
        if found < 0:
            empty += 1
        else:
            _pass_along(found, root, desk)
    return empty


@compiled
def find_short(
    places: Places, hazards: NDArray[np.int64], desk: Desk, reach: NDArray[np.uint64]
) -> np.uint64:
    """Places that together are reached by fewer bits than they are (Hall 1935).

    desk : as `fill` left it for the same hazards, with places left empty
    reach : (W,) zeros; the bits that can fill any of those places are written here.
    Bit n of the result is the n-th place of the hazards in order (64 at most). It is all that
    the places left empty can reach over bits held by others (Dulmage and Mendelsohn 1958):
    its bits are exactly as many fewer than its places as places stay empty.
    """
    row = _list_places(places, hazards)
    short = _NONE
    for root in range(row.size):
        if desk.chosen[root] >= 0:
            continue
        _, met = _reach(places, row, root, desk)
        for n in range(met):
            place = desk.queue[n]
            short |= _ONE << np.uint64(place)
            for w in range(reach.size):
                reach[w] |= places.masks[row[place], w]
    return short


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
    places: Places, alive: NDArray[np.int64], singles: NDArray[np.uint8], book: Book
) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Each hazard of `alive` alone: state (n,) and the bits that fill it (n, W).

    singles : (N,) the bit of each place is written here.
    """
    words = places.masks.shape[1]
    state = np.zeros(alive.size, np.uint8)
    used = np.zeros((alive.size, words), np.uint64)
    desk = open_desk(places)
    one = np.empty(1, np.int64)
    for i in range(alive.size):
        one[0] = alive[i]
        if fill(places, one, desk) == 0:
            size = _size(places, one)
            _taken(desk.chosen, size, used[i])
            singles[places.first[alive[i]] : places.first[alive[i]] + size] = desk.chosen[:size]
            state[i] = YES
        else:
            state[i] = OWN
            _write_gap(book, places, one, desk)
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
                row[here] = w * _WORD + _lowest(free)
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
                        _write_gap(book, places, two, desk)
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
    size = _size(places, two)
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
                if not good:
                    full += 1
                    three[0], three[1], three[2] = alive[i], alive[j], alive[k]
                    good = fill(places, three, desk) == 0
                    if good:
                        size = _size(places, three)
                        _taken(desk.chosen, size, used)
                        _write_filling(book, three, desk.chosen, size)
                    else:
                        _write_gap(book, places, three, desk)
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
                    if not good:
                        full += 1
                        four[0], four[1] = alive[i], alive[j]
                        four[2], four[3] = alive[k], alive[m]
                        good = fill(places, four, desk) == 0
                        if good:
                            _write_filling(book, four, desk.chosen, _size(places, four))
                        else:
                            _write_gap(book, places, four, desk)
                    if good:
                        covered += 1
                    else:
                        own += 1
    return covered, inherited, own, full
