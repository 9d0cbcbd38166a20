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

from diptych.kernels.bitcover import count_bits
from diptych.kernels.compiled import compiled
from diptych.kernels.matching import (
    Desk,
    Places,
    are_apart,
    count_places,
    extend,
    fill,
    lowest_bit,
    open_desk,
)
from diptych.kernels.setbook import EMPTY, Book, find_wall, write_filling, write_gap, write_walled

NO = np.uint8(0)
YES = np.uint8(1)
INHERITED = np.uint8(2)
OWN = np.uint8(3)
_ONE = np.uint64(1)
_NONE = np.uint64(0)
_WORD = 64
_BAG = 1024
_CROWDED = 8
"""Price of a filling more that a bit stands in, in places that it can fill; tried 2, 8, 40."""


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
def _count_uses(places: Places, alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """(bits,) how many places of these hazards each bit can fill."""
    words = places.masks.shape[1]
    uses = np.zeros(words * _WORD, np.int64)
    for h in alive:
        for place in range(places.first[h], places.first[h + 1]):
            for w in range(words):
                bits = places.masks[place, w]
                while bits != _NONE:
                    uses[w * _WORD + lowest_bit(bits)] += 1
                    bits &= bits - _ONE
    return uses


@compiled
def _spread(
    places: Places,
    hazard: int,
    price: NDArray[np.int64],
    chosen: NDArray[np.int64],
    used: NDArray[np.uint64],
) -> bool:
    """A filling of the hazard, each place by the cheapest bit left; False: not found so.

    chosen : the bit of each place in order; used : (W,) zeros, all of them
    """
    for n in range(places.first[hazard], places.first[hazard + 1]):
        best = -1
        for w in range(used.size):
            bits = places.masks[n, w] & ~used[w]
            while bits != _NONE:
                bit = w * _WORD + lowest_bit(bits)
                bits &= bits - _ONE
                if best < 0 or price[bit] < price[best]:
                    best = bit
        if best < 0:
            used[:] = _NONE
            return False
        used[best // _WORD] |= _ONE << np.uint64(best % _WORD)
        chosen[n - places.first[hazard]] = best
    return True


@compiled
def cover_ones(
    places: Places, alive: NDArray[np.int64], singles: NDArray[np.uint8], book: Book
) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Each hazard of `alive` alone: state (n,) and the bits that fill it (n, W).

    Fillings are spread, so that few share a bit: one that can fill many places or stands in
    many fillings already is taken last. singles : (N,) the bit of each place is written here.
    """
    words = places.masks.shape[1]
    state = np.zeros(alive.size, np.uint8)
    used = np.zeros((alive.size, words), np.uint64)
    book.walls.known[0] = 0
    desk = open_desk(places)
    one = np.empty(1, np.int64)
    uses = _count_uses(places, alive)
    price = uses.copy()
    for i in range(alive.size):
        one[0] = alive[i]
        size = count_places(places, one)
        if not _spread(places, alive[i], price, desk.chosen, used[i]):
            if fill(places, one, desk) > 0:
                state[i] = OWN
                write_gap(book, places, one, desk)
                continue
            _taken(desk.chosen, size, used[i])
        for n in range(size):
            price[desk.chosen[n]] += _CROWDED
        singles[places.first[alive[i]] : places.first[alive[i]] + size] = desk.chosen[:size]
        state[i] = YES
    return state, used


@compiled
def _extend_filling(
    places: Places,
    teams: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    singles: NDArray[np.uint8],
    hazards: tuple[int, int, bool],
    used: NDArray[np.uint64],
    row: NDArray[np.uint8],
) -> bool:
    """Like `extend`, from one hazard's filling to a second's, written into `row` in order.

    teams : bits of both in `singles`, the first of which stays; the second's is taken where it
    is free. hazards : the one that stays, the one to add, whether the one to add comes first
    in `row`.
    """
    old, new, before = hazards
    base, team = teams
    used[:] = base
    start, size = places.first[old], places.first[old + 1] - places.first[old]
    more = places.first[new + 1] - places.first[new]
    here = 0 if before else size
    if are_apart(base, team):
        for n in range(more):
            row[here + n] = singles[places.first[new] + n]
        for w in range(used.size):
            used[w] |= team[w]
        there = more if before else 0
        for n in range(size):
            row[there + n] = singles[start + n]
        return True
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
                first, second = (used1[i], used1[j]), (used1[j], used1[i])
                filling = book.pairs[row]
                if _extend_filling(
                    places, first, singles, (one, other, False), here, filling
                ) or _extend_filling(places, second, singles, (other, one, True), here, filling):
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


class Pairs(NamedTuple):
    """What became of singles and pairs.

    teams : (n, W) bits of the filling of each hazard alone
    state : (n, n) and used : (n, n, W) from `cover_pairs`
    """

    teams: NDArray[np.uint64]
    state: NDArray[np.uint8]
    used: NDArray[np.uint64]


@compiled
def mark_users(teams: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(bits, V) for each bit the hazards whose team holds it, as bits of V words."""
    n, words = teams.shape
    users = np.zeros((words * _WORD, (n + _WORD - 1) // _WORD), np.uint64)
    for h in range(n):
        for w in range(words):
            bits = teams[h, w]
            while bits != _NONE:
                bit = w * _WORD + lowest_bit(bits)
                bits &= bits - _ONE
                users[bit, h // _WORD] |= _ONE << np.uint64(h % _WORD)
    return users


@compiled
def find_users(
    users: NDArray[np.uint64], taken: NDArray[np.uint64], over: NDArray[np.uint64]
) -> None:
    """(V,) the hazards whose team holds any of the taken bits, added to `over`."""
    for w in range(taken.size):
        bits = taken[w]
        while bits != _NONE:
            bit = w * _WORD + lowest_bit(bits)
            bits &= bits - _ONE
            for v in range(over.size):
                over[v] |= users[bit, v]


@compiled
def list_threes(state: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(n, n, V) from states (n, n, n): what is covered together with i and j, both orders."""
    n = state.shape[0]
    row3 = np.zeros((n, n, (n + _WORD - 1) // _WORD), np.uint64)
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                if state[i, j, k] == YES:
                    row3[i, j, k // _WORD] |= _ONE << np.uint64(k % _WORD)
                    row3[i, k, j // _WORD] |= _ONE << np.uint64(j % _WORD)
                    row3[j, k, i // _WORD] |= _ONE << np.uint64(i % _WORD)
    for i in range(n):
        for j in range(i):
            row3[i, j] = row3[j, i]
    return row3


@compiled
def _list_twos(state: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(n, V) from states (n, n): what is covered together with i."""
    n = state.shape[0]
    row2 = np.zeros((n, (n + _WORD - 1) // _WORD), np.uint64)
    for i in range(n):
        for j in range(i + 1, n):
            if state[i, j] == YES:
                row2[i, j // _WORD] |= _ONE << np.uint64(j % _WORD)
                row2[j, i // _WORD] |= _ONE << np.uint64(i % _WORD)
    return row2


@compiled
def _after(last: int, size: int) -> NDArray[np.uint64]:
    """(V,) all bits above number `last`."""
    found = np.zeros(size, np.uint64)
    for v in range(size):
        if v > last // _WORD:
            found[v] = ~_NONE
        elif v == last // _WORD and last % _WORD < _WORD - 1:
            found[v] = ~_NONE << np.uint64(last % _WORD + 1)
    return found


@compiled
def _join(
    places: Places,
    base: NDArray[np.uint64],
    hazard: int,
    team: NDArray[np.uint64],
    used: NDArray[np.uint64],
) -> bool:
    """`base` and the hazard's team where that is free, else the lowest free bits, in `used`."""
    used[:] = base
    if are_apart(base, team):
        for w in range(base.size):
            used[w] |= team[w]
        return True
    return extend(places, hazard, used)


@compiled
def cover_triples(
    places: Places, alive: NDArray[np.int64], pairs: Pairs, threes: Threes, book: Book
) -> tuple[int, int, int, int]:
    """Each triple i < j < k of `alive`, counted: covered, inherited, own, and by full search.

    threes : written, each part unless it is of size 0.
    """
    n, words = pairs.teams.shape
    teams, used2 = pairs.teams, pairs.used
    used = np.empty(words, np.uint64)
    desk = open_desk(places)
    three = np.empty(3, np.int64)
    walls = book.walls
    bag, why, bagged = np.empty((_BAG, 3), np.int64), np.empty(_BAG, np.int64), 0
    state, used3 = threes.state, threes.used
    keep, keep_used = state.size > 0, used3.size > 0
    if keep:
        state[:] = INHERITED
    users, row2 = mark_users(teams), _list_twos(pairs.state)
    size = row2.shape[1]
    rest, over = np.empty(size, np.uint64), np.empty(size, np.uint64)
    covered, inherited, own, full = 0, 0, 0, 0
    for i in range(n):
        for j in range(i + 1, n):
            inherited += n - j - 1
            if pairs.state[i, j] != YES:
                continue
            over[:] = _NONE
            find_users(users, used2[i, j], over)
            after = _after(j, size)
            for v in range(size):
                rest[v] = row2[i, v] & row2[j, v] & after[v]
            for v in range(size):
                asked = rest[v]
                inherited -= count_bits(asked)
                if not keep:
                    covered += count_bits(asked & ~over[v])
                    asked &= over[v]
                while asked != _NONE:
                    low = lowest_bit(asked)
                    k = v * _WORD + low
                    asked &= asked - _ONE
                    good = (over[v] >> np.uint64(low)) & _ONE == _NONE
                    if good:
                        if keep_used:
                            for w in range(words):
                                used[w] = used2[i, j, w] | teams[k, w]
                    else:
                        good = _join(places, used2[i, j], alive[k], teams[k], used)
                    if not good:
                        three[0], three[1], three[2] = alive[i], alive[j], alive[k]
                        wall = find_wall(walls, three)
                        if wall >= 0:
                            bag[bagged], why[bagged] = three, wall
                            bagged += 1
                        elif _join(places, used2[i, k], alive[j], teams[j], used) or _join(
                            places, used2[j, k], alive[i], teams[i], used
                        ):
                            good = True
                        else:
                            full += 1
                            good = fill(places, three, desk) == 0
                            if good:
                                total = count_places(places, three)
                                _taken(desk.chosen, total, used)
                                write_filling(book, three, desk.chosen, total)
                            else:
                                write_walled(book, places, bag, why, bagged)
                                bagged = 0
                                write_gap(book, places, three, desk)
                        if bagged == _BAG:
                            write_walled(book, places, bag, why, bagged)
                            bagged = 0
                    if good:
                        covered += 1
                    else:
                        own += 1
                    if keep:
                        state[i, j, k] = YES if good else OWN
                    if keep_used and good:
                        used3[i, j, k] = used
    write_walled(book, places, bag, why, bagged)
    return covered, inherited, own, full


@compiled
def cover_fours(
    places: Places, alive: NDArray[np.int64], pairs: Pairs, threes: Threes, book: Book
) -> tuple[int, int, int, int]:
    """Each set of four of `alive`, counted as in `cover_triples`, which wrote `threes`."""
    n, words = pairs.teams.shape
    teams, state, used3 = pairs.teams, threes.state, threes.used
    used = np.empty(words, np.uint64)
    desk = open_desk(places)
    four = np.empty(4, np.int64)
    walls = book.walls
    bag, why, bagged = np.empty((_BAG, 4), np.int64), np.empty(_BAG, np.int64), 0
    users, row3 = mark_users(teams), list_threes(state)
    size = row3.shape[2]
    over = np.empty(size, np.uint64)
    covered, inherited, own, full = 0, 0, 0, 0
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                inherited += n - k - 1
                if state[i, j, k] != YES:
                    continue
                over[:] = _NONE
                find_users(users, used3[i, j, k], over)
                after = _after(k, size)
                for v in range(size):
                    asked = row3[i, j, v] & row3[i, k, v] & row3[j, k, v] & after[v]
                    inherited -= count_bits(asked)
                    covered += count_bits(asked & ~over[v])
                    asked &= over[v]
                    while asked != _NONE:
                        m = v * _WORD + lowest_bit(asked)
                        asked &= asked - _ONE
                        good = _join(places, used3[i, j, k], alive[m], teams[m], used)
                        if not good:
                            four[0], four[1] = alive[i], alive[j]
                            four[2], four[3] = alive[k], alive[m]
                            wall = find_wall(walls, four)
                            if wall >= 0:
                                bag[bagged], why[bagged] = four, wall
                                bagged += 1
                            elif (
                                _join(places, used3[i, j, m], alive[k], teams[k], used)
                                or _join(places, used3[i, k, m], alive[j], teams[j], used)
                                or _join(places, used3[j, k, m], alive[i], teams[i], used)
                            ):
                                good = True
                            else:
                                full += 1
                                good = fill(places, four, desk) == 0
                                if good:
                                    total = count_places(places, four)
                                    write_filling(book, four, desk.chosen, total)
                                else:
                                    write_walled(book, places, bag, why, bagged)
                                    bagged = 0
                                    write_gap(book, places, four, desk)
                            if bagged == _BAG:
                                write_walled(book, places, bag, why, bagged)
                                bagged = 0
                        if good:
                            covered += 1
                        else:
                            own += 1
    write_walled(book, places, bag, why, bagged)
    return covered, inherited, own, full
