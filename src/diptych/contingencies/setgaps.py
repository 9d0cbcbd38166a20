"""Gaps of several hazards at once, told in words: when, and what there is too little of."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.duties import FIELDS
from diptych.contingencies.wording import kit_missing, people_missing, places_missing
from diptych.model import Certificate, Hazard, Minute, ResponseDemand, Schedule, SetGap

_Place = ResponseDemand | str
_FIELD = "sterile field"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shortage:
    """The same hazards short of the same places, for which the same numbers are there."""

    hazards: tuple[int, ...]
    short: int
    numbers: tuple[int, ...]
    spans: tuple[tuple[Minute, Minute], ...]


def tell_gaps(
    proof: Certificate,
    reach: NDArray[np.uint64],
    schedule: Schedule,
    hazards: Sequence[Hazard],
    *,
    least: int = 2,
) -> tuple[SetGap, ...]:
    """Each gap of `least` and more hazards of the certificate, its minutes joined.

    reach : (at least G, W) bits that can fill the places that are too many.
    In order of the number of hazards, then of the hazards, then of the first minute.
    """
    places = [_places(hazard, schedule) for hazard in hazards]
    found = [shortage for shortage in _join(proof, reach) if len(shortage.hazards) >= least]
    found.sort(key=lambda s: (len(s.hazards), s.hazards, s.spans))
    return tuple(_tell(shortage, proof.names, places, hazards) for shortage in found)


def _places(hazard: Hazard, schedule: Schedule) -> list[_Place]:
    """What each place of the hazard asks for: a person of a demand, or a kind of kit."""
    found: list[_Place] = [ask for ask in hazard.response.demands for _ in range(ask.count)]
    for kit in schedule.procedure.equipment:
        found += [str(kit.id)] * hazard.response.equipment.get(kit.id, 0)
    return found + [_FIELD] * hazard.field_places


def _join(proof: Certificate, reach: NDArray[np.uint64]) -> Iterator[_Shortage]:
    """Gaps of the same hazards with the same shortage, their classes put together."""
    count = len(proof.gaps)
    if not count:
        return
    which = _group([*proof.gaps[:, 1:].T, proof.short, *reach[:count].T])
    order = np.argsort(which, kind="stable")
    starts = np.searchsorted(which[order], np.arange(which.max() + 2))
    for low, high in pairwise(starts):
        one = order[low]
        yield _Shortage(
            hazards=tuple(int(h) for h in proof.gaps[one, 1:] if h >= 0),
            short=int(proof.short[one]),
            numbers=_numbers(reach[one]),
            spans=_spans(proof, proof.gaps[order[low:high], 0]),
        )


def _group(columns: Sequence[NDArray[np.generic]]) -> NDArray[np.int64]:
    """(rows,) the same number 0, 1, ... for rows that are equal in all columns."""
    which = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, rank = np.unique(column, return_inverse=True)
        _, which = np.unique(which * len(values) + rank.reshape(-1), return_inverse=True)
    return which


def _numbers(words: NDArray[np.uint64]) -> tuple[int, ...]:
    every = sum(int(word) << (64 * n) for n, word in enumerate(words))
    return tuple(bit for bit in range(every.bit_length()) if every >> bit & 1)


def _spans(proof: Certificate, classes: NDArray[np.int16]) -> tuple[tuple[Minute, Minute], ...]:
    """The stretches of these classes, neighbours joined."""
    hit = np.zeros(len(proof.alive), np.bool_)
    hit[classes] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hit[proof.of], [False]])))
    marks = proof.stretch[edges].tolist()
    return tuple((Minute(a), Minute(b)) for a, b in zip(marks[::2], marks[1::2], strict=True))


def _tell(
    shortage: _Shortage,
    names: Sequence[str],
    places: Sequence[list[_Place]],
    hazards: Sequence[Hazard],
) -> SetGap:
    every = [place for h in shortage.hazards for place in places[h]]
    asked = [place for n, place in enumerate(every) if shortage.short >> n & 1]
    free = tuple(names[n] for n in shortage.numbers)
    return SetGap(
        hazards=tuple(hazards[h].id for h in shortage.hazards),
        spans=shortage.spans,
        missing=_missing(asked, free),
        lacking=len(asked) - len(free),
        free=free,
    )


def _missing(asked: Sequence[_Place], free: Sequence[str]) -> str:
    """The places that are too many for those who can come, in words."""
    kit = Counter(place for place in asked if isinstance(place, str))
    people = Counter(
        (place.skill, place.within, place.grade)
        for place in asked
        if isinstance(place, ResponseDemand)
    )
    pieces = Counter(_kind(name) for name in free)
    parts = []
    if people:
        demands = [
            ResponseDemand(skill=skill, count=count, within=within, grade=grade)
            for (skill, within, grade), count in sorted(people.items())
        ]
        parts.append(people_missing(demands, len(free) - sum(pieces[kind] for kind in kit)))
    for kind, count in sorted(kit.items()):
        tell = places_missing if kind == _FIELD else kit_missing
        parts.append(tell(kind, count, pieces[kind]))
    return "; ".join(parts)


def _kind(name: str) -> str:
    """The kind that a numbered piece or place belongs to."""
    kind = name.rpartition(" ")[0]
    return _FIELD if kind in FIELDS else kind
