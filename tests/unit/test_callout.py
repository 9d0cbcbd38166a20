"""One hazard after another: counts equal to a replay by hand, and better teams than the first."""

from itertools import combinations, permutations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from diptych.kernels.callout import Known, Lone, call_in_turn, improve_teams, perfect_teams
from diptych.kernels.matching import Places
from diptych.kernels.setbook import open_book
from diptych.kernels.simultaneous import (
    YES,
    Pairs,
    Threes,
    cover_ones,
    cover_pairs,
    cover_triples,
)

HAZARDS = 5


def random_places(seed: int):
    draw = np.random.default_rng(seed)
    counts = draw.integers(1, 4, HAZARDS)
    people = 9
    able = draw.random((counts.sum(), people)) < draw.uniform(0.25, 0.7)
    masks = (able * (1 << np.arange(people))).sum(axis=1).astype(np.uint64)[:, None]
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Places(first=first, masks=masks), able


def solve(places: Places):
    alive = np.arange(HAZARDS)
    singles = np.full(len(places.masks), 255, np.uint8)
    book = open_book(10, (64, 64), places.first, 3, 1)
    ones, used1 = cover_ones(places, alive, singles, book)
    twos, used2, _ = cover_pairs(places, alive, ones, used1, singles, book)
    threes = Threes(np.zeros((HAZARDS,) * 3, np.uint8), np.zeros((0, 0, 0, 0), np.uint64))
    teams = improve_teams(Lone(places, alive, twos), used1, singles, book)
    cover_triples(places, alive, Pairs(teams, twos, used2), threes, book)
    return Known(places, alive, twos, threes.state), singles, used1, teams, book.walls


def left(able, places, taken: int, hazard: int) -> bool:
    """Can the hazard be answered by those who are not taken: by scipy."""
    rows = range(places.first[hazard], places.first[hazard + 1])
    free = [p for p in range(able.shape[1]) if not taken >> p & 1]
    graph = csr_matrix(able[np.ix_(rows, free)].astype(int))
    return bool((maximum_bipartite_matching(graph, perm_type="column") >= 0).all())


@pytest.mark.parametrize("seed", range(40))
def test_pairs_in_turn_equal_a_replay(seed: int) -> None:
    places, able = random_places(seed)
    known, _, _, teams, walls = solve(places)
    alive = known.alive
    counts = call_in_turn(known, teams, walls)
    ones = [left(able, places, 0, h) for h in alive]
    truth = sum(
        ones[i] and left(able, places, int(teams[i, 0]), j) for i, j in permutations(alive, 2)
    )
    assert counts[0] == truth


@pytest.mark.parametrize("seed", range(40))
def test_improved_teams_answer_no_fewer_and_are_fillings(seed: int) -> None:
    places, able = random_places(seed)
    known, singles, used1, teams, walls = solve(places)
    before = call_in_turn(known, used1, walls)
    assert call_in_turn(known, teams, walls)[0] >= before[0]
    for h in known.alive:
        span = slice(places.first[h], places.first[h + 1])
        if not teams[h].any():
            continue
        who = singles[span]
        assert len(set(who)) == len(who)
        assert sum(1 << int(n) for n in who) == int(teams[h, 0])
        assert able[np.arange(span.start, span.stop), who].all()


def test_exchange_finds_the_team_that_leaves_the_only_one_for_the_next() -> None:
    """The second hazard has one person only, who is also the less asked for of the first's two;
    the other is to be sent to the first, for the third has enough without."""
    masks = np.array([[0b0011], [0b0001], [0b1110], [0b1110]], np.uint64)
    places = Places(first=np.array([0, 1, 2, 4]), masks=masks)
    alive = np.arange(3)
    singles = np.full(4, 255, np.uint8)
    book = open_book(3, (4, 4), places.first, 2, 1)
    ones, used1 = cover_ones(places, alive, singles, book)
    twos, _, _ = cover_pairs(places, alive, ones, used1, singles, book)
    known = Known(places, alive, twos, np.zeros((3, 3, 3), np.uint8))
    assert used1[0, 0] == 0b01
    assert call_in_turn(known, used1, book.walls)[0] == 5
    teams = improve_teams(Lone(places, alive, twos), used1, singles, book)
    assert (teams[0, 0], singles[0]) == (0b10, 1)
    assert call_in_turn(known, teams, book.walls)[0] == 6


@pytest.mark.parametrize("seed", range(120))
def test_perfect_teams_equal_the_best_of_all_teams(seed: int) -> None:
    """Every team of every hazard tried by hand: none leaves more others answerable."""
    places, able = random_places(seed)
    known, _, _, _, walls = solve(places)
    singles = np.full(len(places.masks), 255, np.uint8)
    book = open_book(10, (64, 64), places.first, 3, 1)
    _, teams = cover_ones(places, known.alive, singles, book)
    book = book._replace(walls=walls)
    assert perfect_teams(Lone(places, known.alive, known.twos), teams, singles, book)
    total = call_in_turn(known, teams, walls)[0]
    best = 0
    for h in known.alive:
        rows = range(places.first[h], places.first[h + 1])
        ways = [
            sum(1 << p for p in who)
            for who in permutations(range(able.shape[1]), len(rows))
            if all(able[row, p] for row, p in zip(rows, who, strict=True))
        ]
        others = [j for j in known.alive if j != h]
        best += max((sum(left(able, places, w, j) for j in others) for w in set(ways)), default=0)
        if teams[h].any():
            who = singles[list(rows)]
            assert sum(1 << int(n) for n in who) == int(teams[h, 0])
    assert total == best


def test_two_of_one_kind_may_go_together() -> None:
    """The second hazard needs both of the first kind, so both of the other kind are to go."""
    masks = np.array([[0b1111], [0b1111], [0b0011], [0b0011]], np.uint64)
    places = Places(first=np.array([0, 2, 4]), masks=masks)
    alive = np.arange(2)
    singles = np.array([0, 2, 0, 1], np.uint8)
    book = open_book(1, (4, 4), places.first, 2, 1)
    teams = np.array([[0b0101], [0b0011]], np.uint64)
    twos = np.array([[0, YES], [0, 0]], np.uint8)
    assert perfect_teams(Lone(places, alive, twos), teams, singles, book)
    assert teams[0, 0] == 0b1100
    assert sorted(singles[:2]) == [2, 3]


@pytest.mark.parametrize("seed", range(20))
def test_three_in_turn_never_beat_the_same_minute(seed: int) -> None:
    places, _ = random_places(seed)
    known, _, _, teams, walls = solve(places)
    counts = call_in_turn(known, teams, walls)
    pairs = sum(known.twos[one] == YES for one in combinations(range(HAZARDS), 2))
    triples = sum(known.threes[one] == YES for one in combinations(range(HAZARDS), 3))
    assert counts[0] <= 2 * pairs
    assert counts[1] <= 6 * triples
    assert counts[1] > 0 or triples == 0
