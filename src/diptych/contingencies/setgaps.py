"""Gaps of several hazards at once, told in words: when, and what there is too little of."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.duties import FIELDS
from diptych.contingencies.wording import kit_missing, people_missing, places_missing
from diptych.model import TOLD, Certificate, Hazard, Minute, ResponseDemand, Schedule, SetGap

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
    """Each gap of `least` to three hazards of the certificate, its minutes joined.

    reach : (at least G, W) bits that can fill the places that are too many.
    In order of the number of hazards, then of the hazards, then of the first minute.
    """
    places = [_places(hazard, schedule) for hazard in hazards]
    kept = (proof.gaps[:, 1:] >= 0).sum(axis=1) <= TOLD
    few = replace(proof, gaps=proof.gaps[kept], short=proof.short[kept])
    joined = _join(few, reach[: len(kept)][kept])
    found = [shortage for shortage in joined if len(shortage.hazards) >= least]
    found.sort(key=lambda s: (len(s.hazards), s.hazards, s.spans))
    told: dict[tuple[tuple[_Place, ...], tuple[str, ...]], str] = {}
    return tuple(_tell(shortage, (proof.names, places, hazards), told) for shortage in found)


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
    ones = order[np.searchsorted(which[order], np.arange(which.max() + 1))]
    numbers = _rows(np.unpackbits(reach[ones].view(np.uint8), axis=1, bitorder="little"))
    spans = _spans(proof, which)
    for n, one in enumerate(ones.tolist()):
        yield _Shortage(
            hazards=tuple(h for h in proof.gaps[one, 1:].tolist() if h >= 0),
            short=int(proof.short[one]),
            numbers=tuple(numbers[n]),
            spans=spans[n],
        )


def _rows(table: NDArray[np.generic]) -> list[list[int]]:
    """For each row the columns that are not 0."""
    row, column = np.nonzero(table)
    ends = np.searchsorted(row, np.arange(len(table) + 1)).tolist()
    every = column.tolist()
    return [every[low:high] for low, high in pairwise(ends)]


def _group(columns: Sequence[NDArray[np.generic]]) -> NDArray[np.int64]:
    """(rows,) the same number 0, 1, ... for rows that are equal in all columns."""
    which = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, rank = np.unique(column, return_inverse=True)
        _, which = np.unique(which * len(values) + rank.reshape(-1), return_inverse=True)
    return which


def _spans(proof: Certificate, which: NDArray[np.int64]) -> list[tuple[tuple[Minute, Minute], ...]]:
    """For each number in `which` (one for each gap) the stretches of its classes, joined."""
    hit = np.zeros((int(which.max()) + 1, len(proof.alive)), np.int8)
    hit[which, proof.gaps[:, 0]] = 1
    day = np.zeros((len(hit), len(proof.of) + 2), np.int8)
    day[:, 1:-1] = hit[:, proof.of]
    marks = proof.stretch.tolist()
    edges = _rows(np.diff(day, axis=1))
    return [
        tuple(
            (Minute(marks[a]), Minute(marks[b])) for a, b in zip(row[::2], row[1::2], strict=True)
        )
        for row in edges
    ]


def _tell(
    shortage: _Shortage,
    day: tuple[Sequence[str], Sequence[list[_Place]], Sequence[Hazard]],
    told: dict[tuple[tuple[_Place, ...], tuple[str, ...]], str],
) -> SetGap:
    names, places, hazards = day
    every = [place for h in shortage.hazards for place in places[h]]
    asked = tuple(place for n, place in enumerate(every) if shortage.short >> n & 1)
    free = tuple(names[n] for n in shortage.numbers)
    if (asked, free) not in told:
        told[asked, free] = _missing(asked, free)
    return SetGap(
        hazards=tuple(hazards[h].id for h in shortage.hazards),
        spans=shortage.spans,
        missing=told[asked, free],
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
