"""The prover for several hazards at once: every set of them in every class of minutes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb, factorial

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.classes import Classes
from diptych.contingencies.setgaps import tell_gaps
from diptych.kernels.callout import Known, Lone, call_in_turn, improve_teams, perfect_teams
from diptych.kernels.setbook import EMPTY, Book, Walls, open_book, widest
from diptych.kernels.simultaneous import (
    YES,
    Pairs,
    Threes,
    cover_fours,
    cover_ones,
    cover_pairs,
    cover_triples,
)
from diptych.model import Certificate, Hazard, InputError, Schedule, SetCount, SetGap, SetProof

LARGEST = 4
_MOST_PLACES = 64
_ROOM = {2: (1 << 10, 1 << 14), 3: (1 << 16, 1 << 18), 4: (1 << 19, 1 << 21)}
"""Listed sets and gaps that there is room for at first, by order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _State:
    """What one class was found to be, and (n, W) who goes to each hazard first.

    best : no other teams leave more other hazards answerable
    """

    known: Known
    teams: NDArray[np.uint64]
    walls: Walls
    best: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What the kernels found in each class.

    sets : (C, order + 1, 4) by order: covered, inherited, own gaps, searched
    turns : (C, 4) ordered sets answered in turn, by order; only 2 and 3 are counted
    """

    sets: NDArray[np.int64]
    turns: NDArray[np.int64]
    singles: NDArray[np.uint8]
    book: Book
    states: list[_State]


def search_sets(
    classes: Classes,
    schedule: Schedule,
    hazards: Sequence[Hazard],
    order: int,
    *,
    turns: bool,
    watch: Callable[[str], None] = lambda _: None,
) -> SetProof:
    """Every set of up to `order` hazards, exact and complete, not yet certified.

    turns : also one after another in every order, up to three. `watch` is told "turns" and
    "proof" when that part has ended.
    Raises InputError for an order outside 2 to 4, for more numbers than a byte holds and for
    sets of more places than a word has bits.
    """
    _require(order, classes)
    found = _search(classes, order)
    watch("proof")
    if turns:
        _take_turns(found)
        watch("turns")
    minutes = classes.minutes()
    proof = _certify(classes, found, order)
    done = SetProof(
        order=order,
        counts=tuple(_count(found, minutes, n) for n in range(1, order + 1)),
        gaps=tell_gaps(proof, found.book.reach, schedule, hazards),
        certificate=proof,
        certified=False,
    )
    watch("proof")
    return done


def search_gaps(
    classes: Classes, schedule: Schedule, hazards: Sequence[Hazard], order: int
) -> tuple[tuple[SetCount, ...], tuple[SetGap, ...]]:
    """Counts and gaps of `search_sets`, single hazards told too; nothing is kept as a proof."""
    _require(order, classes)
    found = _search(classes, order)
    minutes = classes.minutes()
    counts = tuple(_count(found, minutes, n) for n in range(1, order + 1))
    paper = _certify(classes, found, order)
    return counts, tell_gaps(paper, found.book.reach, schedule, hazards, least=1)


def _require(order: int, classes: Classes) -> None:
    if not 2 <= order <= LARGEST:
        raise InputError(
            f"order is {order}, expected 2 to {LARGEST} hazards at once",
            remedy=f"ask for an order from 1 to {LARGEST}",
        )
    if len(classes.names) >= EMPTY:
        raise InputError(
            f"{len(classes.names)} people and pieces of kit, expected at most {EMPTY - 1}",
            remedy="leave kit that no hazard asks for out of the table of equipment",
        )
    if widest(classes.first, order) > _MOST_PLACES:
        raise InputError(
            f"{order} hazards can ask for {widest(classes.first, order)} people and pieces of kit"
            f" at once, expected at most {_MOST_PLACES}",
            remedy="ask for a lower order",
        )


def _search(classes: Classes, order: int) -> _Found:
    """Once with little room to write in, and again where it was too little."""
    room = _ROOM[order]
    while True:
        found = _pass(classes, order, room)
        listed, gaps = (int(n) for n in found.book.size)
        if listed <= room[0] and gaps <= room[1]:
            return found
        room = max(listed, room[0]), max(gaps, room[1])


def _pass(classes: Classes, order: int, room: tuple[int, int]) -> _Found:
    alive = [np.flatnonzero(row) for row in classes.alive]
    book = open_book(
        sum(comb(len(row), 2) for row in alive),
        room,
        classes.first,
        order,
        classes.masks.shape[2],
    )
    found = _Found(
        sets=np.zeros((len(alive), order + 1, 4), np.int64),
        turns=np.zeros((len(alive), 4), np.int64),
        singles=np.full(classes.masks.shape[:2], EMPTY, np.uint8),
        book=book,
        states=[],
    )
    for number, row in enumerate(alive):
        book.kind[0] = number
        found.states.append(_solve_class(classes, number, row, found, order))
        book.start[0] += comb(len(row), 2)
    return found


def _solve_class(
    classes: Classes, number: int, alive: NDArray[np.int64], found: _Found, order: int
) -> _State:
    places, book, n = classes.places(number), found.book, len(alive)
    singles = found.singles[number]
    ones, used1 = cover_ones(places, alive, singles, book)
    found.sets[number, 1] = _sort_states(ones)
    twos, used2, searched = cover_pairs(places, alive, ones, used1, singles, book)
    found.sets[number, 2, :3] = _sort_states(twos[np.triu_indices(n, 1)])[:3]
    found.sets[number, 2, 3] = searched
    lone = Lone(places, alive, twos)
    teams = improve_teams(lone, used1, singles, book)
    best = perfect_teams(lone, teams, singles, book)
    wide = (n, n, n, used1.shape[1]) if order > 3 else (0, 0, 0, 0)
    threes = Threes(state=np.zeros((n, n, n), np.uint8), used=np.zeros(wide, np.uint64))
    pairs = Pairs(teams=teams, state=twos, used=used2)
    if order > 2:
        found.sets[number, 3] = cover_triples(places, alive, pairs, threes, book)
    if order > 3:
        found.sets[number, 4] = cover_fours(places, alive, pairs, threes, book)
    old = book.walls
    walls = Walls(old.reach.copy(), old.size.copy(), old.inside.copy(), old.known.copy())
    known = Known(places, alive, twos, threes.state)
    return _State(known=known, teams=teams, walls=walls, best=best)


def _take_turns(found: _Found) -> None:
    """What can be answered one after another."""
    for number, now in enumerate(found.states):
        found.turns[number, 2:] = call_in_turn(now.known, now.teams, now.walls)


def _sort_states(states: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    covered, inherited, own = (int((states == code).sum()) for code in (YES, 2, 3))
    return covered, inherited, own, len(states)


def _count(found: _Found, minutes: NDArray[np.int64], order: int) -> SetCount:
    sets = found.sets[:, order]
    asked = order in (2, 3) and bool(found.turns[:, order].any())
    return SetCount(
        order=order,
        combinations=int(minutes @ sets[:, :3].sum(axis=1)),
        classes=int(sets[:, :3].sum()),
        searched=int(sets[:, 3].sum()),
        covered=int(minutes @ sets[:, 0]),
        gaps=int(minutes @ sets[:, 2]),
        turns=int(minutes @ sets[:, :3].sum(axis=1)) * factorial(order) if asked else 0,
        turned=int(minutes @ found.turns[:, order]) if asked else 0,
        best=asked and order == 2 and all(state.best for state in found.states),
    )


def _certify(classes: Classes, found: _Found, order: int) -> Certificate:
    book = found.book
    listed, gaps = (int(n) for n in book.size)
    return Certificate(
        order=order,
        names=classes.names,
        stretch=classes.stretch,
        of=classes.of,
        alive=classes.alive,
        first=classes.first,
        singles=found.singles,
        pairs=book.pairs[:, : widest(classes.first, 2)],
        listed=book.listed[:listed],
        listed_fillings=book.fillings[:listed],
        gaps=book.gaps[:gaps],
        short=book.short[:gaps],
    )
