"""Several hazards at once: what was proved, and everything needed to check it again."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from diptych.model.checks import frozen_copy
from diptych.model.ids import HazardId
from diptych.model.units import Minute

NOBODY = 255
TOLD = 3
"""Gaps of so many hazards and fewer are told in words; larger ones stand in the certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCount:
    """How the sets of `order` hazards fared over the day.

    combinations : sets times minutes: for each minute, the sets of hazards that can strike then
    classes : sets met once for each class of minutes; all of them are decided
    searched : of these, those whose filling was not at hand and had to be sought
    covered : of `combinations`, those that can be answered at the same minute
    gaps : of `combinations`, those that cannot although all their smaller sets can
    turns, turned : ordered sets times minutes, and how many of them are answered one after
        another by the call-out list, nobody being recalled; both 0 where not asked for
    best : it was shown that no other call-out list answers more of them
    """

    order: int
    combinations: int
    classes: int
    searched: int
    covered: int
    gaps: int
    turns: int = 0
    turned: int = 0
    best: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGap:
    """Hazards that cannot be answered together though fewer of them can, and when.

    spans : (from, to) minutes, in order
    missing : what is asked for and how much of it there is, in words
    lacking : how many people or pieces are too few
    free : ids of the people, and names of the pieces of kit, that there are for it
    """

    hazards: tuple[HazardId, ...]
    spans: tuple[tuple[Minute, Minute], ...]
    missing: str
    lacking: int
    free: tuple[str, ...]

    @property
    def minutes(self) -> int:
        """For how long in all."""
        return sum(end - start for start, end in self.spans)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Certificate:
    """The proof for sets of up to `order` hazards, to be checked without the prover.

    Minutes in which the same people can come to the same hazards form a class. People and
    pieces of kit are numbered (`names`; "" is nobody). A *place* is one person or piece that
    a hazard asks for; the places of hazard h are first[h]:first[h + 1], its demands in their
    order, then its kit in the order of the procedure, then its places in the sterile field.

    A set is covered in a class by its *filling*, a different number for each place: singles
    and pairs have theirs here; a larger set, rising h1 < h2 < ..., has it in `listed`, or else
    from a smaller set (without its last, else without the one before the last, and so on) to
    which the hazard left out is added: by its own filling where all of that is free, else
    place by place in order, each taking the lowest number that can fill it and is free. Every
    other set contains one of `gaps`, for which some places together are reached by fewer people
    or pieces than they are (Hall 1935).

    stretch : (K + 1,) int64 minutes at which stretches of the day begin, and the end
    of : (K,) int64 class of each stretch
    alive : (C, H) bool, the hazard can strike in the class
    first : (H + 1,) int64
    singles : (C, N) uint8 number of each place, NOBODY (255) where the hazard has no filling
    pairs : (P, M) uint8 likewise for each pair i < j alive in class 0, then class 1 ...
    listed, listed_fillings : (L, 1 + 4) int16 class and hazards (-1: none), (L, M) uint8
    gaps, short : (G, 1 + 4) int16 class and hazards, (G,) uint64 bit n: the n-th place of
        the set is one of those that are too many
    """

    order: int
    names: tuple[str, ...]
    stretch: NDArray[np.int64]
    of: NDArray[np.int64]
    alive: NDArray[np.bool_]
    first: NDArray[np.int64]
    singles: NDArray[np.uint8]
    pairs: NDArray[np.uint8]
    listed: NDArray[np.int16]
    listed_fillings: NDArray[np.uint8]
    gaps: NDArray[np.int16]
    short: NDArray[np.uint64]

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, frozen_copy(value))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetProof:
    """Sets of up to `order` hazards: how many are covered, every gap, and the certificate.

    gaps : those of two and three hazards at once of which all smaller sets are covered; those
        of four stand in the certificate and are counted
    certified : the independent checker accepted the certificate, the gaps and the counts
    """

    order: int
    counts: tuple[SetCount, ...]
    gaps: tuple[SetGap, ...]
    certificate: Certificate
    certified: bool
