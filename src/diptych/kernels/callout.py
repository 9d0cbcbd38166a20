"""Hazards one after another: whom to send to the first, so that the next can be answered too.

Whoever was called is not called back. Sending to each hazard whom it needs least elsewhere
keeps more of the next ones answerable. The teams are improved by exchange: where a second
hazard could be answered together with the first but not after it, the first hazard's part of
their common filling is tried in its stead, and the team that loses fewest is kept.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.matching import Desk, Places, extend, fill, open_desk
from diptych.kernels.setbook import Book
from diptych.kernels.simultaneous import YES

_WORD = 64
_ONE = np.uint64(1)
_NONE = np.uint64(0)
_TRIES = 3


class Known(NamedTuple):
    """A class of minutes: its places, hazards, and what can be answered at the same minute.

    alive : (n,) hazards; twos : (n, n), threes : (n, n, n) states of `simultaneous`
    """

    places: Places
    alive: NDArray[np.int64]
    twos: NDArray[np.uint8]
    threes: NDArray[np.uint8]


@compiled
def _overlap(one: NDArray[np.uint64], two: NDArray[np.uint64]) -> bool:
    shared = _NONE
    for w in range(one.size):
        shared |= one[w] & two[w]
    return bool(shared != _NONE)


@compiled
def _follow(
    places: Places,
    taken: NDArray[np.uint64],
    team: NDArray[np.uint64],
    hazard: int,
    used: NDArray[np.uint64],
    desk: Desk,
) -> bool:
    """`taken` and a filling of the hazard's places from what is left, in `used`; exact.

    team : the hazard's own filling, used where it is free.
    """
    if not _overlap(taken, team):
        for w in range(taken.size):
            used[w] = taken[w] | team[w]
        return True
    used[:] = taken
    if extend(places, hazard, used):
        return True
    one = np.empty(1, np.int64)
    one[0] = hazard
    desk.taken[:] = taken
    empty = fill(places, one, desk)
    desk.taken[:] = _NONE
    if empty > 0:
        return False
    used[:] = taken
    _add(desk.chosen, 0, places.first[hazard + 1] - places.first[hazard], used)
    return True


@compiled
def _add(filling: NDArray[np.int64], start: int, end: int, used: NDArray[np.uint64]) -> None:
    for n in range(start, end):
        used[filling[n] // _WORD] |= _ONE << np.uint64(filling[n] % _WORD)


@compiled
def improve_teams(
    known: Known, used1: NDArray[np.uint64], singles: NDArray[np.uint8], book: Book
) -> NDArray[np.uint64]:
    """For each hazard the team after which most others can still be answered, of those tried.

    The pairs of the class stand in `book` from `cover_pairs`; used1 : (n, W) from
    `cover_ones`. Tried are the filling of `cover_ones` and, for each other hazard that is
    lost after it, the hazard's part of their common filling. Returns (n, W) the teams' bits;
    `singles` is written anew.
    """
    places, alive = known.places, known.alive
    n = alive.size
    desk = open_desk(places)
    teams = used1.copy()
    start = book.start[0]
    trial = np.empty(used1.shape[1], np.uint64)
    for i in range(n):
        lost = _lost_after(known, used1, i, used1[i], desk)
        best = lost.sum()
        for j in range(n):
            if best == 0:
                break
            if not lost[j]:
                continue
            low, high = min(i, j), max(i, j)
            row = start + low * n - low * (low + 1) // 2 + high - low - 1
            size = places.first[alive[i] + 1] - places.first[alive[i]]
            skip = places.first[alive[low] + 1] - places.first[alive[low]] if i == high else 0
            filling = book.pairs[row, skip : skip + size].astype(np.int64)
            trial[:] = _NONE
            _add(filling, 0, size, trial)
            now = _lost_after(known, used1, i, trial, desk).sum()
            if now < best:
                best = now
                teams[i] = trial
                singles[places.first[alive[i]] : places.first[alive[i]] + size] = filling
    return teams


@compiled
def _lost_after(
    known: Known, used1: NDArray[np.uint64], i: int, team: NDArray[np.uint64], desk: Desk
) -> NDArray[np.bool_]:
    """(n,) which hazards can be answered together with the i-th but not once `team` is there."""
    lost = np.zeros(known.alive.size, np.bool_)
    used = np.empty(team.size, np.uint64)
    for j in range(known.alive.size):
        if known.twos[min(i, j), max(i, j)] == YES:
            lost[j] = not _follow(known.places, team, used1[j], known.alive[j], used, desk)
    return lost


@compiled
def call_in_turn(known: Known, teams: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Ordered pairs and triples of `alive` that are answered in turn: (pairs, triples).

    teams : (n, W) who goes to each hazard when nobody is called yet; the second hazard is
    given the people after whom most third ones can be answered, of those tried, as in
    `improve_teams`; the third is answered by anyone left, exactly. What cannot be answered at
    the same minute cannot in turn.
    """
    places, alive, twos = known.places, known.alive, known.twos
    n, words = alive.size, places.masks.shape[1]
    counts = np.zeros(2, np.int64)
    used = np.empty(words, np.uint64)
    trial = np.empty(words, np.uint64)
    desk = open_desk(places)
    two = np.empty(2, np.int64)
    lost, now = np.empty(n, np.bool_), np.empty(n, np.bool_)
    for i in range(n):
        for j in range(n):
            if i == j or twos[min(i, j), max(i, j)] != YES:
                continue
            if not _follow(places, teams[i], teams[j], alive[j], used, desk):
                continue
            counts[0] += 1
            ways, best = _third(known, teams, (i, j), used, desk, lost)
            tries = 0
            for k in range(n):
                if best == 0 or tries == _TRIES:
                    break
                if not lost[k]:
                    continue
                tries += 1
                two[0], two[1] = alive[j], alive[k]
                desk.taken[:] = teams[i]
                empty = fill(places, two, desk)
                desk.taken[:] = _NONE
                if empty > 0:
                    continue
                trial[:] = teams[i]
                _add(desk.chosen, 0, places.first[alive[j] + 1] - places.first[alive[j]], trial)
                _, left = _third(known, teams, (i, j), trial, desk, now)
                best = min(best, left)
            counts[1] += ways - best
    return counts


@compiled
def _third(
    known: Known,
    teams: NDArray[np.uint64],
    before: tuple[int, int],
    taken: NDArray[np.uint64],
    desk: Desk,
    lost: NDArray[np.bool_],
) -> tuple[int, int]:
    """How many third hazards could be answered at the same minute, and how many not in turn."""
    alive, threes = known.alive, known.threes
    i, j = min(before[0], before[1]), max(before[0], before[1])
    used = np.empty(taken.size, np.uint64)
    ways, missed = 0, 0
    for k in range(alive.size):
        lost[k] = False
        if k in (i, j):
            continue
        if k < i:
            state = threes[k, i, j]
        elif k < j:
            state = threes[i, k, j]
        else:
            state = threes[i, j, k]
        if state != YES:
            continue
        ways += 1
        if not _follow(known.places, taken, teams[k], alive[k], used, desk):
            lost[k] = True
            missed += 1
    return ways, missed
