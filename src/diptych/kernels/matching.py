"""Different people and pieces of kit for all places: maximum matchings over bits.

People and pieces of kit are bits of 64-bit words; a *place* is one of the people or pieces
that a hazard asks for, with the mask of those that can fill it. Augmenting paths are sought
breadth first from each place (after Hopcroft and Karp 1973).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

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


@compiled
def lowest_bit(word: np.uint64) -> int:
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
def are_apart(one: NDArray[np.uint64], two: NDArray[np.uint64]) -> bool:
    """No bit stands in both."""
    shared = _NONE
    for w in range(one.size):
        shared |= one[w] & two[w]
    return bool(shared == _NONE)


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
def list_rows(places: Places, hazards: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of the places of the hazards, in order."""
    row = np.empty(count_places(places, hazards), np.int64)
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
                bit = w * _WORD + lowest_bit(fresh)
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
    row = list_rows(places, hazards)
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
    row = list_rows(places, hazards)
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
def count_places(places: Places, hazards: NDArray[np.int64]) -> int:
    """How many places the hazards have together."""
    total = 0
    for h in hazards:
        total += places.first[h + 1] - places.first[h]
    return total
