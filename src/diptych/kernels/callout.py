"""Hazards one after another: whom to send to the first, so that the next can be answered too.

Whoever was called is not called back. Sending to each hazard whom it needs least elsewhere
keeps more of the next ones answerable. The teams are improved by exchange: where a second
hazard could be answered together with the first but not after it, the first hazard's part of
their common filling is tried in its stead, and the team that loses fewest is kept.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.bitcover import count_bits
from diptych.kernels.compiled import compiled
from diptych.kernels.matching import Desk, Places, are_apart, extend, fill, lowest_bit, open_desk
from diptych.kernels.setbook import Book, Walls, walled
from diptych.kernels.simultaneous import YES, find_users, list_threes, mark_users

_WORD = 64
_ONE = np.uint64(1)
_NONE = np.uint64(0)
_TRIES = 2
_TEAMS = 3
_TRIALS = 4096


class Known(NamedTuple):
    """A class of minutes: its places, hazards, and what can be answered at the same minute.

    alive : (n,) hazards; twos : (n, n), threes : (n, n, n) states of `simultaneous`
    """

    places: Places
    alive: NDArray[np.int64]
    twos: NDArray[np.uint8]
    threes: NDArray[np.uint8]


class Lone(NamedTuple):
    """A class of minutes before its triples are known; as in `Known`."""

    places: Places
    alive: NDArray[np.int64]
    twos: NDArray[np.uint8]


class Tools(NamedTuple):
    """Room to work in, and the walls that the proof of this class has found."""

    desk: Desk
    walls: Walls


@compiled
def _follow(
    places: Places,
    taken: NDArray[np.uint64],
    team: NDArray[np.uint64],
    hazard: int,
    used: NDArray[np.uint64],
    tools: Tools,
) -> bool:
    """`taken` and a filling of the hazard's places from what is left, in `used`; exact.

    team : the hazard's own filling, used where it is free.
    """
    if are_apart(taken, team):
        for w in range(taken.size):
            used[w] = taken[w] | team[w]
        return True
    used[:] = taken
    return extend(places, hazard, used) or _answer(places, taken, hazard, used, tools)


@compiled
def _answer(
    places: Places,
    taken: NDArray[np.uint64],
    hazard: int,
    used: NDArray[np.uint64],
    tools: Tools,
) -> bool:
    """As `_follow`, where taking the lowest free bits has failed."""
    desk = tools.desk
    if walled(tools.walls, hazard, taken):
        return False
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
    known: Lone, used1: NDArray[np.uint64], singles: NDArray[np.uint8], book: Book
) -> NDArray[np.uint64]:
    """For each hazard the team after which most others can still be answered, of those tried.

    The pairs of the class stand in `book` from `cover_pairs`; used1 : (n, W) from
    `cover_ones`. Tried are the filling of `cover_ones` and, for each other hazard that is
    lost after it, the hazard's part of their common filling. Returns (n, W) the teams' bits;
    `singles` is written anew.
    """
    places, alive = known.places, known.alive
    n = alive.size
    tools = Tools(open_desk(places), book.walls)
    teams = used1.copy()
    users = mark_users(used1)
    start = book.start[0]
    trial = np.empty(used1.shape[1], np.uint64)
    for i in range(n):
        lost = _lost_after(known, users, i, used1[i], tools)
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
            now = _lost_after(known, users, i, trial, tools).sum()
            if now < best:
                best = now
                teams[i] = trial
                singles[places.first[alive[i]] : places.first[alive[i]] + size] = filling
    return teams


@compiled
def sort_bits(places: Places, alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """(bits,) a number for each bit, the same where two can fill the very same places."""
    words = places.masks.shape[1]
    kinds = np.zeros(words * _WORD, np.int64)
    count = 1
    for h in alive:
        for place in range(places.first[h], places.first[h + 1]):
            split = np.full(count, -1, np.int64)
            for bit in range(kinds.size):
                if (places.masks[place, bit // _WORD] >> np.uint64(bit % _WORD)) & _ONE == _ONE:
                    old = kinds[bit]
                    if split[old] < 0:
                        split[old] = count
                        count += 1
                    kinds[bit] = split[old]
    return kinds


@compiled
def perfect_teams(
    known: Lone,
    teams: NDArray[np.uint64],
    singles: NDArray[np.uint8],
    book: Book,
) -> bool:
    """Teams made the best for the second hazard by trying all, where they are not yet.

    Who can fill the same places stands for each other, so only kinds of people are tried; a
    hazard with more than `_TRIALS` teams is left as it is. teams, singles : changed in place.
    True when every team was proven: no other team of its hazard leaves more other hazards
    answerable.
    """
    places, alive = known.places, known.alive
    tools = Tools(open_desk(places), book.walls)
    users = mark_users(teams)
    kinds = sort_bits(places, alive)
    proven = True
    for i in range(alive.size):
        hazard = alive[i]
        least = _lost_after(known, users, i, teams[i], tools).sum()
        if least == 0:
            continue
        low, size = places.first[hazard], places.first[hazard + 1] - places.first[hazard]
        chosen, best = np.full(size, -1, np.int64), np.full(size, -1, np.int64)
        used = np.zeros(teams.shape[1], np.uint64)
        trials, n = 0, 0
        while n >= 0 and least > 0 and trials < _TRIALS:
            if n == size:
                trials += 1
                lost = _lost_after(known, users, i, used, tools).sum()
                if lost < least:
                    least = lost
                    best[:] = chosen
                n -= 1
                continue
            if chosen[n] >= 0:
                used[chosen[n] // _WORD] &= ~(_ONE << np.uint64(chosen[n] % _WORD))
            chosen[n] = _next_kind(places, low, n, chosen, kinds, used)
            if chosen[n] < 0:
                n -= 1
                continue
            used[chosen[n] // _WORD] |= _ONE << np.uint64(chosen[n] % _WORD)
            n += 1
        proven = proven and (least == 0 or trials < _TRIALS)
        if size > 0 and best[0] >= 0:
            teams[i] = _NONE
            _add(best, 0, size, teams[i])
            singles[low : low + size] = best
    return proven


@compiled
def _next_kind(
    places: Places,
    low: int,
    n: int,
    chosen: NDArray[np.int64],
    kinds: NDArray[np.int64],
    used: NDArray[np.uint64],
) -> int:
    """The next bit for the n-th place, of a kind not tried for it yet; -1: none.

    Kinds rise, also from one place to the next of the same mask.
    """
    floor = -1 if chosen[n] < 0 else kinds[chosen[n]]
    if n > 0 and floor < 0:
        same = True
        for w in range(used.size):
            same = same and places.masks[low + n, w] == places.masks[low + n - 1, w]
        if same:
            floor = kinds[chosen[n - 1]] - 1
    best = -1
    for w in range(used.size):
        bits = places.masks[low + n, w] & ~used[w]
        while bits != _NONE:
            bit = w * _WORD + lowest_bit(bits)
            bits &= bits - _ONE
            if kinds[bit] > floor and (best < 0 or kinds[bit] < kinds[best]):
                best = bit
    return best


@compiled
def _lost_after(
    known: Lone,
    users: NDArray[np.uint64],
    i: int,
    team: NDArray[np.uint64],
    tools: Tools,
) -> NDArray[np.bool_]:
    """(n,) which hazards can be answered together with the i-th but not once `team` is there.

    users : from `mark_users(used1)`: only those whose own team is not free are asked.
    """
    lost = np.zeros(known.alive.size, np.bool_)
    used = np.empty(team.size, np.uint64)
    over = np.zeros(users.shape[1], np.uint64)
    find_users(users, team, over)
    for v in range(over.size):
        asked = over[v]
        while asked != _NONE:
            j = v * _WORD + lowest_bit(asked)
            asked &= asked - _ONE
            if known.twos[min(i, j), max(i, j)] == YES:
                used[:] = team
                hazard = known.alive[j]
                lost[j] = not (
                    extend(known.places, hazard, used)
                    or _answer(known.places, team, hazard, used, tools)
                )
    return lost


class Spread(NamedTuple):
    """Teams of every hazard that do not overlap each other, and where they stand in the way.

    users : (T, bits, V) hazards, as bits of V words, whose t-th team holds the bit
    without : (T, V) hazards that have no t-th team
    row3 : (n, n, V) hazards that can be answered together with the i-th and the j-th
    """

    users: NDArray[np.uint64]
    without: NDArray[np.uint64]
    row3: NDArray[np.uint64]


@compiled
def spread_teams(known: Known, teams: NDArray[np.uint64]) -> Spread:
    """Up to three teams for each hazard, the first as given, each from whom the others leave."""
    places, alive = known.places, known.alive
    n, words = teams.shape
    size = (n + _WORD - 1) // _WORD
    users = np.zeros((_TEAMS, words * _WORD, size), np.uint64)
    without = np.zeros((_TEAMS, size), np.uint64)
    before, after = np.empty(words, np.uint64), np.empty(words, np.uint64)
    for h in range(n):
        mark = _ONE << np.uint64(h % _WORD)
        before[:] = _NONE
        for t in range(_TEAMS):
            after[:] = before
            if t == 0:
                after[:] = teams[h]
                found = teams[h].any() or places.first[alive[h]] == places.first[alive[h] + 1]
            else:
                found = extend(places, alive[h], after)
            if not found:
                without[t, h // _WORD] |= mark
                after[:] = before
                continue
            for w in range(words):
                fresh = after[w] & ~before[w]
                while fresh != _NONE:
                    bit = w * _WORD + lowest_bit(fresh)
                    fresh &= fresh - _ONE
                    users[t, bit, h // _WORD] |= mark
            before[:] = after
    return Spread(users, without, list_threes(known.threes))


@compiled
def call_in_turn(known: Known, teams: NDArray[np.uint64], walls: Walls) -> NDArray[np.int64]:
    """Ordered pairs and triples of `alive` that are answered in turn: (pairs, triples).

    teams : (n, W) who goes to each hazard when nobody is called yet; the second hazard is
    given the people after whom most third ones can be answered, of those tried, as in
    `improve_teams`; the third is answered by anyone left, exactly. What cannot be answered at
    the same minute cannot in turn.
    """
    places, alive = known.places, known.alive
    n, words = teams.shape
    counts = np.zeros(2, np.int64)
    used = np.empty(words, np.uint64)
    trial = np.empty(words, np.uint64)
    tools = Tools(open_desk(places), walls)
    spread = spread_teams(known, teams)
    lost = np.empty(spread.row3.shape[2], np.uint64)
    for i in range(n):
        for j in range(n):
            if i == j or known.twos[min(i, j), max(i, j)] != YES:
                continue
            if not _follow(places, teams[i], teams[j], alive[j], used, tools):
                continue
            counts[0] += 1
            row = spread.row3[i, j]
            best = _third(known, spread, row, used, tools, lost)
            tries = 0
            for k in range(n):
                if best == 0 or tries == _TRIES:
                    break
                if (lost[k // _WORD] >> np.uint64(k % _WORD)) & _ONE == _NONE:
                    continue
                tries += 1
                if not _share(places, teams[i], (alive[j], alive[k]), trial, tools.desk):
                    continue
                best = min(best, _third(known, spread, row, trial, tools, np.empty_like(lost)))
            for w in range(lost.size):
                counts[1] += count_bits(row[w])
            counts[1] -= best
    return counts


@compiled
def _share(
    places: Places,
    team: NDArray[np.uint64],
    pair: tuple[int, int],
    used: NDArray[np.uint64],
    desk: Desk,
) -> bool:
    """`team` and the first one's part of a common filling of both hazards, in `used`."""
    two = np.empty(2, np.int64)
    two[0], two[1] = pair[0], pair[1]
    desk.taken[:] = team
    empty = fill(places, two, desk)
    desk.taken[:] = _NONE
    used[:] = team
    if empty > 0:
        return False
    _add(desk.chosen, 0, places.first[pair[0] + 1] - places.first[pair[0]], used)
    return True


@compiled
def _third(
    known: Known,
    spread: Spread,
    row: NDArray[np.uint64],
    taken: NDArray[np.uint64],
    tools: Tools,
    lost: NDArray[np.uint64],
) -> int:
    """How many of the hazards in `row` cannot be answered by those not taken; which, in `lost`.

    Those with a team of theirs that is wholly free are told at once, the rest one by one.
    """
    lost[:] = row
    over = np.empty_like(lost)
    for t in range(_TEAMS):
        over[:] = spread.without[t]
        find_users(spread.users[t], taken, over)
        for v in range(over.size):
            lost[v] &= over[v]
    missed = 0
    used = np.empty_like(taken)
    for v in range(lost.size):
        rest = lost[v]
        while rest != _NONE:
            mark = rest & (~rest + _ONE)
            k = v * _WORD + lowest_bit(rest)
            rest &= rest - _ONE
            used[:] = taken
            hazard = known.alive[k]
            if extend(known.places, hazard, used) or _answer(
                known.places, taken, hazard, used, tools
            ):
                lost[v] &= ~mark
            else:
                missed += 1
    return missed
