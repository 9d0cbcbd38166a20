"""One class of minutes for the checker: every set followed by the rules of the certificate.

Sets of the same number of hazards stand in order of their last member, then of the one before
it, and so on: those whose last is m follow each other, and without it they are the first
comb(m, order - 1) of the order below. So whole blocks of sets are followed at once.
"""

from collections.abc import Iterator, Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.setquestions import Asked, Flags, Whole, Words
from diptych.model import NOBODY, Certificate

Fault = tuple[str, list[int]]
_WORD = 64


def count_bits(words: Words) -> Whole:
    """How many bits the words (..., W) have in all."""
    return np.asarray(np.bitwise_count(words).sum(axis=-1), np.int64)


def list_places(first: Whole, sets: Whole) -> Whole:
    """(S, M) places of the hazards of each set (S, n), in order; -1 after the last."""
    if not len(sets):
        return np.zeros((0, 0), np.int64)
    span = first[sets][..., None] + np.arange(np.diff(first).max(initial=1))
    real = (span < first[sets + 1][..., None]) & (sets >= 0)[..., None]
    flat = np.where(real, span, -1).reshape(len(sets), -1)
    order = np.argsort(flat < 0, axis=1, kind="stable")
    return np.take_along_axis(flat, order, axis=1)[:, : int(real.sum(axis=(1, 2)).max())]


class Sets:
    """All sets of `order` out of any number of hazards alive, by their place among these.

    members : (order, S), each rising
    without : (order, S) number, one order below, of the set without its first member, ...
    """

    def __init__(self, order: int) -> None:
        self.order = order
        self.members = np.zeros((order, 0), np.int64)
        self.without = np.zeros((order, 0), np.int64)

    def grow(self, count: int) -> None:
        """Room for all sets out of `count`."""
        if comb(count, self.order) <= self.members.shape[1]:
            return
        sets = np.arange(count)[None, :]
        for order in range(2, self.order + 1):
            sizes = [comb(m, order - 1) for m in range(count)]
            rest = np.concatenate([sets[:, :size] for size in sizes], axis=1)
            sets = np.concatenate([rest, np.repeat(np.arange(count), sizes)[None, :]])
        self.members = sets
        left_out = range(self.order)
        self.without = np.stack([rank_sets(np.delete(sets, n, axis=0)) for n in left_out])


def rank_sets(members: Whole) -> Whole:
    """(S,) number of each set (order, S), rising, among all of its order."""
    highest = int(members.max(initial=0)) + 1
    ranks = np.zeros(members.shape[1], np.int64)
    for n, row in enumerate(members):
        ranks += np.array([comb(m, n + 1) for m in range(highest)], np.int64)[row]
    return ranks


class ClassReplay:
    """One class: its places, and what the certificate says of its sets."""

    def __init__(
        self, paper: Certificate, asked: Asked, number: int, listed: Whole, gaps: Whole
    ) -> None:
        """listed, gaps : which rows of the certificate are of this class."""
        self.paper, self.number, self.listed, self.gaps = paper, number, listed, gaps
        self.masks, self.minutes = asked.masks[number], int(asked.minutes[number])
        self.alive = np.flatnonzero(paper.alive[number])
        self.local = np.cumsum(paper.alive[number]) - 1
        self.bits = np.zeros((NOBODY + 1, self.masks.shape[1]), np.uint64)
        for n in range(min(NOBODY, _WORD * self.masks.shape[1])):
            self.bits[n, n // _WORD] = np.uint64(1 << n % _WORD)

    def check(self, orders: Sequence[Sets], pairs: int, sums: Whole) -> Iterator[Fault]:
        """Faults of the sets of each of the orders, 1 and up, each with its hazards.

        pairs : how many pairs the classes before this one have
        sums : (order + 1, 5) for each order combinations, classes, covered and gaps are added,
            and of pairs how many are answered in turn
        """
        held, below = np.zeros((self.masks.shape[1], 1), np.uint64), np.ones(1, np.bool_)
        for sets in orders:
            sets.grow(len(self.alive))
            every = comb(len(self.alive), sets.order)
            whole = below[sets.without[:, :every]].all(axis=0)
            own = np.zeros(every, np.bool_)
            own[self._find(self.paper.gaps, self.gaps, sets.order)[1]] = True
            covered = whole & ~own
            if sets.order <= 2:
                held, wrong = self._read(sets.members[:, :every], covered, pairs)
            else:
                held, wrong = self._follow(sets, held, covered)
            yield from self._tell(sets, own & ~whole, "not the smallest gap")
            yield from self._tell(sets, wrong & covered, "neither covered as said nor a gap")
            yield from self._tell(sets, wrong & ~covered, "has a filling and a gap")
            sums[sets.order, 1] += every
            told = [every, int(covered.sum()), int(own.sum())]
            sums[sets.order, [0, 2, 3]] += self.minutes * np.array(told)
            below = covered
        sums[2, 4] += self.minutes * self._count_in_turn()

    def _count_in_turn(self) -> int:
        """Ordered pairs of which the second is answered by those whom the first leaves.

        Each goes by its filling alone. Where the two share somebody, the second may have any
        others: the lowest first, and where that fails it is asked of every choice of its places
        whether enough are left (Hall).
        """
        rows = list_places(self.paper.first, self.alive[:, None])
        filling = np.where(rows < 0, NOBODY, self.paper.singles[self.number][rows])
        teams = np.bitwise_or.reduce(self.bits[filling], axis=1)
        called = (filling != NOBODY).any(axis=1)
        one, two = np.nonzero(called[:, None] & called & ~np.eye(len(called), dtype=np.bool_))
        good = ~(teams[one] & teams[two]).any(axis=1)
        rest = np.flatnonzero(~good)
        good[rest] = self._take_lowest(rows[two[rest]], teams[one[rest]])
        total = int(good.sum())
        for member in np.unique(two[~good]):
            some = one[~good & (two == member)]
            total += self._count_left(self.alive[member], ~teams[some])
        return total

    def _take_lowest(self, rows: Whole, held: Words) -> Flags:
        """(R,) can the places (R, M) be filled one by one beside `held` (R, W)? It is changed."""
        good = np.ones(len(rows), np.bool_)
        line = np.arange(len(rows))
        for places in rows.T:
            free = self.masks[places] & ~held
            word = (free != 0).argmax(axis=1)
            found = free[line, word]
            good &= (found != 0) | (places < 0)
            held[line, word] |= np.where(places < 0, 0, found & (~found + np.uint64(1)))
        return good

    def _count_left(self, hazard: int, left: Words) -> int:
        """For how many rows of `left` (R, W) the hazard's places can be filled from the row."""
        own = self.masks[self.paper.first[hazard] : self.paper.first[hazard + 1]]
        masks, counts = np.unique(own, axis=0, return_counts=True)
        choices = np.arange(1, 1 << len(masks))[:, None] >> np.arange(len(masks)) & 1
        reach = np.bitwise_or.reduce(np.where(choices[..., None], masks, 0), axis=1)
        enough = count_bits(reach[:, None] & left) >= (choices @ counts)[:, None]
        return int(enough.all(axis=0).sum())

    def _tell(self, sets: Sets, wrong: Flags, what: str) -> Iterator[Fault]:
        for n in np.flatnonzero(wrong):
            yield what, self.alive[sets.members[:, n]].tolist()

    def _find(self, table: NDArray[np.int16], rows: Whole, order: int) -> tuple[Whole, Whole]:
        """Those of the rows that are sets of `order`, and their numbers among all of these."""
        sets = table[rows, 1:].astype(np.int64)
        rows = rows[(sets >= 0).sum(axis=1) == order]
        return rows, rank_sets(self.local[table[rows, 1 : order + 1]].T)

    def _read(self, members: Whole, covered: Flags, pairs: int) -> tuple[Words, Flags]:
        """Fillings of singles and pairs: (W, S) what they hold, and (S,) where they are wrong."""
        rows = list_places(self.paper.first, self.alive[members].T)
        if len(members) == 1:
            filling = np.where(rows < 0, NOBODY, self.paper.singles[self.number][rows])
        else:
            low, high = members
            count = len(self.alive)
            line = pairs + low * count - low * (low + 3) // 2 + high - 1
            filling = self.paper.pairs[line]
        held, good = self._weigh(rows, filling)
        return held, np.where(covered, ~good, (filling != NOBODY).any(axis=1))

    def _weigh(self, rows: Whole, filling: NDArray[np.uint8]) -> tuple[Words, Flags]:
        """(W, S) what fillings (S, M) hold; (S,) is it different and able, one for each place."""
        width = max(rows.shape[1], filling.shape[1])
        rows = np.pad(rows, ((0, 0), (0, width - rows.shape[1])), constant_values=-1)
        bits = np.zeros((len(rows), width, self.bits.shape[1]), np.uint64)
        bits[:, : filling.shape[1]] = self.bits[filling]
        able = (self.masks[rows] & bits).any(axis=2) & (rows >= 0)
        held = np.bitwise_or.reduce(bits, axis=1)
        given = np.pad(filling != NOBODY, ((0, 0), (0, width - filling.shape[1])))
        good = ((able == (rows >= 0)) & (given == able)).all(axis=1)
        return held.T.copy(), good & (count_bits(held) == able.sum(axis=1))

    def _follow(self, sets: Sets, below: Words, covered: Flags) -> tuple[Words, Flags]:
        """Larger sets by their listed filling, or else out of smaller ones; as in `_read`."""
        order, every = sets.order, len(covered)
        held = np.zeros((len(below), every), np.uint64)
        good = np.zeros(every, np.bool_)
        for last in range(order - 1, len(self.alive)):
            part = slice(comb(last, order), comb(last + 1, order))
            held[:, part] = below[:, : comb(last, order - 1)]
            good[part] = self._add(last, held[:, part])
        rows, ranks = self._find(self.paper.listed, self.listed, order)
        hazards = self.paper.listed[rows, 1 : order + 1].astype(np.int64)
        places = list_places(self.paper.first, hazards)
        held[:, ranks], good[ranks] = self._weigh(places, self.paper.listed_fillings[rows])
        listed = np.zeros(every, np.bool_)
        listed[ranks] = True
        rest = np.flatnonzero(covered & ~good & ~listed)
        for left_out in range(order - 2, -1, -1):
            for member in np.unique(sets.members[left_out, rest]):
                some = rest[sets.members[left_out, rest] == member]
                tried = below[:, sets.without[left_out, some]]
                good[some] = self._add(int(member), tried)
                held[:, some] = tried
            rest = rest[~good[rest]]
        return held, np.where(covered, ~good, listed)

    def _add(self, member: int, held: Words) -> Flags:
        """The hazard's own filling where all of it is free; else its places in order, each
        taking the lowest that is free; held is changed.
        """
        hazard = self.alive[member]
        span = slice(self.paper.first[hazard], self.paper.first[hazard + 1])
        team = np.bitwise_or.reduce(
            self.bits[self.paper.singles[self.number, span]], axis=0, initial=np.uint64(0)
        )
        apart = ~(held & team[:, None]).any(axis=0)
        held[:, apart] |= team[:, None]
        rest = np.flatnonzero(~apart)
        lower = held[:, rest]
        apart[rest] = self._add_lowest(hazard, lower)
        held[:, rest] = lower
        return np.asarray(apart, np.bool_)

    def _add_lowest(self, hazard: int, held: Words) -> Flags:
        good = np.ones(held.shape[1], np.bool_)
        for mask in self.masks[self.paper.first[hazard] : self.paper.first[hazard + 1]]:
            lowest = np.zeros(held.shape[1], np.uint64)
            for word in np.flatnonzero(mask):
                free = mask[word] & ~held[word]
                free[lowest != 0] = 0
                here = free & (~free + np.uint64(1))
                held[word] |= here
                lowest |= here
            good &= lowest != 0
        return good
