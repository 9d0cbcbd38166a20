"""What the proof of several hazards at once writes down, and what it learns on the way.

A gap teaches a *wall*: bits that are too few for the places that nobody else can fill. The
places of other sets behind the same wall only have to be counted (Hall 1935), which spares
most of the searches that would end in a gap.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.bitcover import count_bits
from diptych.kernels.compiled import compiled
from diptych.kernels.matching import Desk, Places, find_short

EMPTY = 255
_WALLS = 32
_ONE = np.uint64(1)
_NONE = np.uint64(0)


class Walls(NamedTuple):
    """Bits that were found to be too few for the places that only they can fill, in one class.

    reach : (L, W) such bits; size : (L,) how many they are; inside : (L, H) how many places of
    each hazard nobody else can fill; known : (1,) how many walls were found
    """

    reach: NDArray[np.uint64]
    size: NDArray[np.int64]
    inside: NDArray[np.int64]
    known: NDArray[np.int64]


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
    walls: Walls


def widest(first: NDArray[np.int64], order: int) -> int:
    """The most places that a set of `order` hazards can have; at least 1."""
    return max(1, int(np.sort(np.diff(first))[-order:].sum()))


def open_book(
    pairs: int, room: tuple[int, int], first: NDArray[np.int64], order: int, words: int
) -> Book:
    """An empty book for so many pairs, listed sets and gaps, and bits in so many words.

    first : (H + 1,) as in `Places`; order : hazards in the largest sets
    """
    width = widest(first, order)
    hazards = len(first) - 1
    return Book(
        start=np.zeros(1, np.int64),
        kind=np.zeros(1, np.int64),
        pairs=np.full((pairs, width), EMPTY, np.uint8),
        listed=np.full((room[0], 5), -1, np.int16),
        fillings=np.full((room[0], width), EMPTY, np.uint8),
        gaps=np.full((room[1], 5), -1, np.int16),
        short=np.zeros(room[1], np.uint64),
        reach=np.zeros((room[1], words), np.uint64),
        size=np.zeros(2, np.int64),
        walls=Walls(
            reach=np.zeros((_WALLS, words), np.uint64),
            size=np.zeros(_WALLS, np.int64),
            inside=np.zeros((_WALLS, hazards), np.int64),
            known=np.zeros(1, np.int64),
        ),
    )


@compiled
def write_filling(
    book: Book, hazards: NDArray[np.int64], chosen: NDArray[np.int64], count: int
) -> None:
    """A set and the bits of its places, in order."""
    n = book.size[0]
    if n < book.listed.shape[0]:
        book.listed[n, 0] = book.kind[0]
        for h in range(hazards.size):
            book.listed[n, 1 + h] = hazards[h]
        for p in range(count):
            book.fillings[n, p] = chosen[p]
    book.size[0] = n + 1


@compiled
def write_gap(book: Book, places: Places, hazards: NDArray[np.int64], desk: Desk) -> None:
    """A gap that `fill` has just found on this desk, and the wall that it is."""
    reach = np.zeros(places.masks.shape[1], np.uint64)
    short = find_short(places, hazards, desk, reach)
    _write(book, hazards, short, reach)
    _learn(book.walls, places, reach)


@compiled
def _write(
    book: Book, hazards: NDArray[np.int64], short: np.uint64, reach: NDArray[np.uint64]
) -> None:
    n = book.size[1]
    if n < book.gaps.shape[0]:
        book.gaps[n, 0] = book.kind[0]
        for h in range(hazards.size):
            book.gaps[n, 1 + h] = hazards[h]
        book.short[n] = short
        book.reach[n] = reach
    book.size[1] = n + 1


@compiled
def _behind(places: Places, place: int, reach: NDArray[np.uint64]) -> bool:
    """Can nobody but these fill the place."""
    outside = _NONE
    for w in range(reach.size):
        outside |= places.masks[place, w] & ~reach[w]
    return bool(outside == _NONE)


@compiled
def _learn(walls: Walls, places: Places, reach: NDArray[np.uint64]) -> None:
    """The newest wall in the place of the oldest; none is kept twice."""
    known = min(walls.known[0], walls.size.size)
    for n in range(known):
        same = True
        for w in range(reach.size):
            same = same and walls.reach[n, w] == reach[w]
        if same:
            return
    n = walls.known[0] % walls.size.size
    walls.known[0] += 1
    walls.reach[n] = reach
    walls.size[n] = 0
    for w in range(reach.size):
        walls.size[n] += count_bits(reach[w])
    for h in range(walls.inside.shape[1]):
        walls.inside[n, h] = 0
        for place in range(places.first[h], places.first[h + 1]):
            if _behind(places, place, reach):
                walls.inside[n, h] += 1


@compiled
def find_wall(walls: Walls, hazards: NDArray[np.int64]) -> int:
    """The known wall with most places too many for the hazards together; -1: none is too small."""
    best, most = -1, 0
    for n in range(min(walls.known[0], walls.size.size)):
        over = -walls.size[n]
        for h in hazards:
            over += walls.inside[n, h]
        if over > most:
            best, most = n, over
    return best


@compiled
def write_walled(
    book: Book, places: Places, sets: NDArray[np.int64], walls: NDArray[np.int64], count: int
) -> None:
    """Gaps because of known walls: the first `count` rows of sets (R, order) and walls (R,)."""
    reach = np.empty(places.masks.shape[1], np.uint64)
    for n in range(count):
        short, place = _NONE, 0
        reach[:] = _NONE
        for h in sets[n]:
            for row in range(places.first[h], places.first[h + 1]):
                if _behind(places, row, book.walls.reach[walls[n]]):
                    short |= _ONE << np.uint64(place)
                    for w in range(reach.size):
                        reach[w] |= places.masks[row, w]
                place += 1
        _write(book, sets[n], short, reach)


@compiled
def walled(walls: Walls, hazard: int, taken: NDArray[np.uint64]) -> bool:
    """Is a known wall, less what is taken, too few for the hazard's places behind it."""
    for n in range(min(walls.known[0], walls.size.size)):
        need = walls.inside[n, hazard]
        if need == 0:
            continue
        left = 0
        for w in range(taken.size):
            left += count_bits(walls.reach[n, w] & ~taken[w])
        if left < need:
            return True
    return False
