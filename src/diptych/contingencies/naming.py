"""Given sets of hazards in given classes of minutes: how short they are, and in what words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.classes import Classes
from diptych.contingencies.setgaps import tell_gaps
from diptych.contingencies.wording import spoken
from diptych.kernels.bitcover import hall_slack
from diptych.kernels.matching import fill, open_desk
from diptych.kernels.shortage import find_needed, list_shortages
from diptych.model import Certificate, Hazard, Responder, Schedule, SetGap

MOST = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """One set of hazards over the classes in which all of it can strike.

    classes : (n,) numbers of the classes; minutes : (n,) how long each is
    empty : (n,) places that stay empty, 0 where the set is covered
    needed : (n, W) bits that cannot be spared; 0 where it is not covered
    """

    classes: NDArray[np.int64]
    minutes: NDArray[np.int64]
    empty: NDArray[np.int64]
    needed: NDArray[np.uint64]

    @property
    def thin(self) -> NDArray[np.bool_]:
        """(n,) covered, and somebody cannot be spared."""
        found: NDArray[np.bool_] = (self.empty == 0) & self.needed.any(axis=1)
        return found


def as_row(number: int, hazards: Sequence[int]) -> list[int]:
    """Class and hazards as the kernels take them."""
    return [number, *hazards, *[-1] * (MOST - len(hazards))]


def stand(classes: Classes, hazards: Sequence[int]) -> Standing:
    """How that set of hazards (numbers) fares in each class."""
    alive = np.flatnonzero(classes.alive[:, list(hazards)].all(axis=1))
    empty = np.zeros(len(alive), np.int64)
    needed = np.zeros((len(alive), classes.masks.shape[2]), np.uint64)
    for n, number in enumerate(alive):
        row = np.array([as_row(int(number), hazards)], np.int64)
        empty[n : n + 1], needed[n : n + 1] = find_needed(classes.places(int(number)), row)
    return Standing(classes=alive, minutes=classes.minutes()[alive], empty=empty, needed=needed)


def slack_of(classes: Classes, number: int, hazards: Sequence[int]) -> int:
    """How many may drop out in that class, whoever they are; below 0: how many are missing.

    2**31 for hazards that ask for nothing. Hall's condition over the kinds of places.
    """
    masks = classes.masks[number][list(_places(classes, hazards))]
    kinds, counts = np.unique(masks, axis=0, return_counts=True)
    return int(hall_slack(np.ascontiguousarray(kinds), counts.astype(np.int64))[0])


def send(
    classes: Classes, number: int, hazards: Sequence[int], of: Sequence[Hazard], schedule: Schedule
) -> tuple[Responder, ...]:
    """Who goes where in that class, as many as there are."""
    places = classes.places(number)
    desk = open_desk(places)
    fill(places, np.array(hazards, np.int64), desk)
    asked = [(of[h].id, words) for h in hazards for words in _asked(classes, h, of[h], schedule)]
    return tuple(
        Responder(hazard=hazard, asked=words, who=classes.names[bit] if bit >= 0 else "")
        for (hazard, words), bit in zip(asked, desk.chosen.tolist(), strict=False)
    )


def name_gaps(
    classes: Classes, sets: NDArray[np.int64], schedule: Schedule, hazards: Sequence[Hazard]
) -> tuple[SetGap, ...]:
    """Those of the sets (rows: class and hazards, -1 none) that are short, told as gaps."""
    of, each = list_shortages(classes.masks, classes.first, sets)
    rows = np.unique(of)
    short = np.array([np.bitwise_or.reduce(each[of == row]) for row in rows], np.uint64)
    reach = np.zeros((len(rows), classes.masks.shape[2]), np.uint64)
    for n, row in enumerate(rows):
        for k, place in enumerate(_places(classes, [int(h) for h in sets[row, 1:] if h >= 0])):
            if int(short[n]) >> k & 1:
                reach[n] |= classes.masks[sets[row, 0], place]
    paper = _paper(classes, sets[rows].astype(np.int16), short)
    return tell_gaps(paper, reach, schedule, hazards, least=1)


def _paper(classes: Classes, gaps: NDArray[np.int16], short: NDArray[np.uint64]) -> Certificate:
    """The gaps as a certificate has them, without any filling."""
    nothing = np.zeros((0, 0), np.uint8)
    return Certificate(
        order=MOST,
        names=classes.names,
        stretch=classes.stretch,
        of=classes.of,
        alive=classes.alive,
        first=classes.first,
        singles=nothing,
        pairs=nothing,
        listed=np.zeros((0, 1 + MOST), np.int16),
        listed_fillings=nothing,
        gaps=gaps,
        short=short,
    )


def _places(classes: Classes, hazards: Sequence[int]) -> list[int]:
    return [p for h in hazards for p in range(int(classes.first[h]), int(classes.first[h + 1]))]


def _asked(classes: Classes, number: int, hazard: Hazard, schedule: Schedule) -> list[str]:
    """Each place of the hazard in words; what is neither person nor kit is a place to stand."""
    words = [
        f"{spoken(demand.skill)} within {demand.within} min"
        for demand in hazard.response.demands
        for _ in range(demand.count)
    ]
    for kit in schedule.procedure.equipment:
        words += [spoken(kit.id)] * hazard.response.equipment.get(kit.id, 0)
    count = int(classes.first[number + 1] - classes.first[number])
    return [*words, *["a place to stand"] * (count - len(words))]


def named_bits(classes: Classes, words: NDArray[np.uint64]) -> tuple[str, ...]:
    """Names of the bits of (W,) words."""
    every = sum(int(word) << (64 * n) for n, word in enumerate(words))
    return tuple(name for n, name in enumerate(classes.names) if every >> n & 1)


def spans_of(classes: Classes, hit: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """The stretches of the classes marked in (C,) `hit`, neighbours joined."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hit[classes.of], [False]])))
    marks = classes.stretch[edges].tolist()
    return tuple(zip(marks[::2], marks[1::2], strict=True))
