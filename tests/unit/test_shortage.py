"""Violators of Hall's condition and bits that cannot be spared, against every choice."""

from itertools import combinations

import numpy as np
import pytest
from reserve_days import filled

from diptych.kernels.shortage import (
    find_beyond,
    find_needed,
    list_shortages,
    weigh_bits,
    weigh_shortages,
)
from diptych.kernels.simultaneous import Places


def random_places(seed, hazards=4, bits=9):
    draw = np.random.Generator(np.random.Philox(key=seed))
    counts = draw.integers(1, 4, hazards)
    where = np.sort(draw.choice(128, bits, replace=False))
    masks = np.zeros((int(counts.sum()), 2), np.uint64)
    able = draw.random((len(masks), bits)) < 0.4
    for place, row in enumerate(able):
        for bit in where[row]:
            masks[place, bit // 64] |= np.uint64(1 << int(bit) % 64)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return masks, first, where


def without(masks, bit):
    less = masks.copy()
    less[:, bit // 64] &= ~np.uint64(1 << int(bit) % 64)
    return less


def rows_of(first, chosen):
    return [p for h in chosen for p in range(first[h], first[h + 1])]


def as_set(chosen):
    return [0, *chosen, *[-1] * (4 - len(chosen))]


def reached(masks, rows):
    words = [int(np.bitwise_or.reduce(masks[rows, w])) for w in range(masks.shape[1])]
    return sum(word.bit_count() for word in words)


EVERY = [c for n in (1, 2, 3) for c in combinations(range(4), n)]


@pytest.mark.parametrize("seed", range(12))
def test_a_shortage_is_a_violator_and_only_where_there_is_one(seed):
    masks, first, _ = random_places(seed)
    sets = np.array([as_set(c) for c in EVERY], np.int64)
    of, short = list_shortages(masks[None], first, sets)
    bad = {n for n, c in enumerate(EVERY) if not filled(masks[rows_of(first, c)])}
    assert set(of.tolist()) == bad
    for n, bits in zip(of.tolist(), short.tolist(), strict=True):
        rows = [p for k, p in enumerate(rows_of(first, EVERY[n])) if bits >> k & 1]
        assert reached(masks, rows) < len(rows)


@pytest.mark.parametrize("seed", range(12))
def test_bits_that_cannot_be_spared(seed):
    masks, first, where = random_places(seed, bits=12)
    sets = np.array([as_set(c) for c in EVERY], np.int64)
    empty, needed = find_needed(Places(first, masks), sets)
    for n, chosen in enumerate(EVERY):
        rows = rows_of(first, chosen)
        assert (empty[n] == 0) == filled(masks[rows])
        if empty[n]:
            continue
        for bit in where.tolist():
            marked = bool(int(needed[n, bit // 64]) >> bit % 64 & 1)
            assert marked == (not filled(without(masks[rows], bit)))


@pytest.mark.parametrize("seed", range(6))
def test_what_the_cover_loses_without_each_bit(seed):
    masks, first, where = random_places(seed, bits=12)
    covered, lost, by_hazard = weigh_bits(Places(first, masks), np.arange(4), 3)
    good = [c for c in EVERY if filled(masks[rows_of(first, c)])]
    assert covered.tolist() == [sum(len(c) == n for c in good) for n in (1, 2, 3)]
    for bit in where.tolist():
        gone = [c for c in good if not filled(without(masks[rows_of(first, c)], bit))]
        for n in (1, 2, 3):
            assert lost[n - 1, bit] == sum(len(c) == n for c in gone)
            for h in range(4):
                assert by_hazard[n - 1, h, bit] == sum(len(c) == n and h in c for c in gone)


def test_what_is_lacking_and_who_else_could_help():
    masks = np.array([[0b0011], [0b0101]], np.uint64)
    sets, short = np.array([as_set([0])], np.int64), np.array([0b11], np.uint64)
    real = np.array([0b0001], np.uint64)
    lacking, union = weigh_shortages(masks[None], np.array([0, 2]), sets, short, real)
    assert lacking.tolist() == [1]
    assert union.tolist() == [[0b0111]]


def test_a_place_that_nobody_could_fill_is_beyond_help():
    masks = np.array([[0b0010], [0b0001], [0b0001]], np.uint64)
    first = np.array([0, 1, 2, 3])
    sets = np.array([as_set([0, 1]), as_set([1, 2])], np.int64)
    beyond = find_beyond(masks[None], first, sets, np.array([0b0010], np.uint64))
    assert beyond.tolist() == [False, True]
