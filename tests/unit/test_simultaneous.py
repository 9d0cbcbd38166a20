"""Several hazards at once: equal to matching by scipy on random small days, set by set."""

from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from diptych.kernels.matching import Places, fill, find_short, open_desk
from diptych.kernels.setbook import open_book
from diptych.kernels.simultaneous import (
    INHERITED,
    OWN,
    YES,
    Pairs,
    Threes,
    cover_fours,
    cover_ones,
    cover_pairs,
    cover_triples,
)


def random_places(seed, hazards=6, people=11, words=2):
    """Hazards of 0 to 4 places; bits spread over the words."""
    draw = np.random.default_rng(seed)
    counts = draw.integers(0, 5, hazards)
    bits = np.sort(draw.choice(words * 64, people, replace=False))
    able = draw.random((counts.sum(), people)) < draw.uniform(0.15, 0.7)
    masks = np.zeros((counts.sum(), words), np.uint64)
    for place, row in enumerate(able):
        for bit in bits[row]:
            masks[place, bit // 64] |= np.uint64(1) << np.uint64(bit % 64)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Places(first=first, masks=masks), able, first


def coverable(able, first, hazards):
    rows = [n for h in hazards for n in range(first[h], first[h + 1])]
    if not rows:
        return True
    graph = csr_matrix(able[rows].astype(int))
    return bool((maximum_bipartite_matching(graph, perm_type="column") >= 0).all())


def blank(places, hazards):
    pairs = hazards * (hazards - 1) // 2
    return open_book(pairs, (64, 64), places.first, 4, places.masks.shape[1])


def solve_all(places, hazards):
    alive = np.arange(hazards)
    singles, book = np.full(len(places.masks), 255, np.uint8), blank(places, hazards)
    ones, used1 = cover_ones(places, alive, singles, book)
    twos, used2, _ = cover_pairs(places, alive, ones, used1, singles, book)
    words = places.masks.shape[1]
    threes = Threes(
        np.zeros((hazards,) * 3, np.uint8), np.zeros((*(hazards,) * 3, words), np.uint64)
    )
    pairs = Pairs(used1, twos, used2)
    counts = cover_triples(places, alive, pairs, threes, book)
    return ones, pairs, threes, counts


@pytest.mark.parametrize("seed", range(60))
def test_every_set_equals_matching(seed):
    places, able, first = random_places(seed)
    ones, pairs, threes, counts = solve_all(places, 6)
    twos = pairs.state
    truth = {
        found: coverable(able, first, found)
        for size in (1, 2, 3, 4)
        for found in combinations(range(6), size)
    }
    assert [state == YES for state in ones] == [truth[(h,)] for h in range(6)]
    for one in combinations(range(6), 2):
        assert (twos[one] == YES) == truth[one]
    for one in combinations(range(6), 3):
        assert (threes.state[one] == YES) == truth[one]
    covered = sum(truth[one] for one in combinations(range(6), 3))
    assert counts[0] == covered
    assert sum(counts[:3]) == 20
    fours = cover_fours(places, np.arange(6), pairs, threes, blank(places, 6))
    assert fours[0] == sum(truth[one] for one in combinations(range(6), 4))
    assert sum(fours[:3]) == 15


@pytest.mark.parametrize("seed", range(20))
def test_own_gaps_are_those_whose_parts_are_all_covered(seed):
    places, _, _ = random_places(seed)
    ones, pairs, threes, _ = solve_all(places, 6)
    twos = pairs.state
    for i, j in combinations(range(6), 2):
        parts = ones[i] == YES and ones[j] == YES
        assert twos[i, j] in ((YES, OWN) if parts else (INHERITED,))
    for i, j, k in combinations(range(6), 3):
        parts = twos[i, j] == twos[i, k] == twos[j, k] == YES
        assert threes.state[i, j, k] in ((YES, OWN) if parts else (INHERITED,))


@pytest.mark.parametrize("seed", range(20))
def test_fillings_are_different_and_able(seed):
    places, _, first = random_places(seed, people=14)
    for found in combinations(range(6), 3):
        desk = open_desk(places)
        empty = fill(places, np.array(found), desk)
        rows = [n for h in found for n in range(first[h], first[h + 1])]
        taken = [bit for bit in desk.chosen[: len(rows)] if bit >= 0]
        assert len(set(taken)) == len(taken) == len(rows) - empty
        for row, bit in zip(rows, desk.chosen, strict=False):
            assert bit < 0 or int(places.masks[row, bit // 64]) >> int(bit % 64) & 1


@pytest.mark.parametrize("seed", range(20))
def test_what_is_short_is_reached_by_too_few(seed):
    """The named places have as many fewer bits among them as places stay empty."""
    places, able, first = random_places(seed, people=5)
    for found in combinations(range(6), 3):
        desk, reach = open_desk(places), np.zeros(2, np.uint64)
        empty = fill(places, np.array(found), desk)
        short = int(find_short(places, np.array(found), desk, reach))
        rows = [n for h in found for n in range(first[h], first[h + 1])]
        named = [row for n, row in enumerate(rows) if short >> n & 1]
        bits = sum(int(word).bit_count() for word in reach)
        assert bits == able[named].any(axis=0).sum()
        assert len(named) - bits == empty
