"""The prover: for every minute and hazard, who answers, or what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.duties import FIELDS, DayArrays, lay_out
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.wording import (
    gap_message,
    kit_missing,
    people_missing,
    places_missing,
)
from diptych.kernels.bitcover import (
    bound_holders,
    cover_each,
    free_people,
    free_pieces,
    match_people,
)
from diptych.model import (
    Coverage,
    CoverageCell,
    Gap,
    Hazard,
    Minute,
    Schedule,
    SkillId,
    StaffId,
)

Witness = tuple[tuple[StaffId, SkillId], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Answers:
    """What the kernels found: masks of who and what can come, and slack for each cell."""

    day: DayArrays
    can: NDArray[np.uint64]
    idle: NDArray[np.uint64]
    pieces: NDArray[np.uint64]
    people_slack: NDArray[np.int64]
    tightest: NDArray[np.int64]
    slack_of_things: NDArray[np.int64]
    index: Mapping[StaffId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """One hazard over one stretch of the day."""

    start: int
    end: int
    witness: Witness
    depth: int
    missing: str


def search_cover(schedule: Schedule, hazards: Sequence[Hazard], policy: AnswerPolicy) -> Coverage:
    """Cells and gaps of every single hazard, exact and complete, not yet certified.

    The day is cut where anybody's duty changes; within a stretch the question has one answer.
    Neighbouring stretches are joined as long as the same people can answer and the depth
    stays the same.
    """
    answers = _ask_kernels(lay_out(schedule, hazards), policy)
    cells: list[CoverageCell] = []
    gaps: list[Gap] = []
    for h, hazard in enumerate(hazards):
        stretches = _join(_stretches(answers, h, hazard))
        cells += [_cell(hazard, stretch) for stretch in stretches]
        gaps += _gaps(hazard, stretches, schedule.procedure.day_start)
    return Coverage(
        order=1,
        hazards=tuple(hazards),
        cells=tuple(cells),
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.start, gap.end, gap.hazards))),
        minutes=sum(cell.end - cell.start for cell in cells),
        covered_minutes=sum(cell.end - cell.start for cell in cells if cell.covered),
        certified=False,
    )


def _ask_kernels(day: DayArrays, policy: AnswerPolicy) -> _Answers:
    own = policy.those_at_the_twin_answer
    bound = bound_holders(day.duties, day.crew.team, day.calls, own)
    can, idle = free_people(day.minutes, day.reach, day.duties, day.calls, bound)
    pieces = free_pieces(day.minutes, day.duties, day.calls, day.things, own)
    people_slack, tightest, slack_of_things = cover_each(
        can, pieces, day.active, day.calls, day.things
    )
    return _Answers(
        day=day,
        can=can,
        idle=idle,
        pieces=pieces,
        people_slack=people_slack,
        tightest=tightest,
        slack_of_things=slack_of_things,
        index={person.id: p for p, person in enumerate(day.people)},
    )


def _stretches(answers: _Answers, h: int, hazard: Hazard) -> list[_Stretch]:
    day, found = answers.day, []
    marks = [*day.minutes.tolist(), day.end]
    depths = answers.people_slack[:, h].tolist()
    short = (answers.people_slack[:, h] < 0) | (answers.slack_of_things[:, h] < 0)
    witness: Witness = ()
    lasts = np.zeros(len(day.minutes), np.bool_)
    for k in np.flatnonzero(day.active[:, h]).tolist():
        if short[k]:
            witness, lasts = (), np.zeros_like(lasts)
        elif not lasts[k]:
            witness = _witness(answers, k, h, hazard)
            lasts = _lasting(answers, h, hazard, witness)
        found.append(
            _Stretch(
                start=marks[k],
                end=marks[k + 1],
                witness=witness,
                depth=depths[k],
                missing=_missing(answers, k, h, hazard) if short[k] else "",
            )
        )
    return found


def _missing(answers: _Answers, k: int, h: int, hazard: Hazard) -> str:
    """What is missing, in words; empty when nothing is."""
    calls, parts = answers.day.calls, []
    if answers.people_slack[k, h] < 0:
        low = int(calls.first[h])
        chosen = [d for d in range(len(hazard.response.demands)) if answers.tightest[k, h] >> d & 1]
        need = sum(int(calls.number[low + d]) for d in chosen)
        demands = [hazard.response.demands[d] for d in chosen]
        parts.append(people_missing(demands, need + int(answers.people_slack[k, h])))
    if answers.slack_of_things[k, h] < 0:
        things = answers.day.things
        for q, kind in enumerate(answers.day.kinds):
            needed = int(things.want[things.apart[k], h, q])
            free = sum(int(word).bit_count() for word in answers.pieces[k, h, q])
            if free < needed:
                tell = places_missing if kind in FIELDS else kit_missing
                parts.append(tell(kind, needed, free))
    return "; ".join(parts)


def _witness(answers: _Answers, k: int, h: int, hazard: Hazard) -> Witness:
    """Different people for every place: those on no task first, then those of fewest skills."""
    day = answers.day
    low, high = day.calls.first[h], day.calls.first[h + 1]
    order = sorted(
        range(len(day.rarest_first)),
        key=lambda rank: (not _bit(answers.idle[k], int(day.rarest_first[rank])), rank),
    )
    people = match_people(
        answers.can[k, low:high], day.calls.number[low:high], day.rarest_first[order]
    )
    places = [demand.skill for demand in hazard.response.demands for _ in range(demand.count)]
    return tuple((day.people[p].id, skill) for p, skill in zip(people, places, strict=True))


def _lasting(answers: _Answers, h: int, hazard: Hazard, witness: Witness) -> NDArray[np.bool_]:
    """(K,) in which stretches the same people could answer too."""
    day = answers.day
    low, high = int(day.calls.first[h]), int(day.calls.first[h + 1])
    places = np.repeat(np.arange(low, high), day.calls.number[low:high])
    who = np.array([answers.index[person] for person, _ in witness], np.int64)
    words = answers.can[:, places, who // 64]
    able = (words >> (who % 64).astype(np.uint64)) & np.uint64(1)
    return np.asarray(able.all(axis=1), np.bool_)


def _bit(words: NDArray[np.uint64], p: int) -> bool:
    return bool(int(words[p // 64]) >> p % 64 & 1)


def _join(stretches: list[_Stretch]) -> list[_Stretch]:
    joined: list[_Stretch] = []
    for stretch in stretches:
        last = joined[-1] if joined else None
        if last and last.end == stretch.start and _same(last, stretch):
            joined[-1] = _Stretch(
                start=last.start,
                end=stretch.end,
                witness=last.witness,
                depth=last.depth,
                missing=last.missing,
            )
        else:
            joined.append(stretch)
    return joined


def _same(one: _Stretch, other: _Stretch) -> bool:
    return (one.witness, one.depth, one.missing) == (other.witness, other.depth, other.missing)


def _cell(hazard: Hazard, stretch: _Stretch) -> CoverageCell:
    return CoverageCell(
        hazard=hazard.id,
        start=Minute(stretch.start),
        end=Minute(stretch.end),
        covered=not stretch.missing,
        witness=stretch.witness,
        depth=stretch.depth,
    )


def _gaps(hazard: Hazard, stretches: list[_Stretch], day_start: str) -> list[Gap]:
    """One gap for each run of minutes in which the same is missing."""
    gaps = []
    bare = [stretch for stretch in stretches if stretch.missing]
    for missing, run in groupby(_runs(bare), key=lambda pair: (pair[0], pair[1].missing)):
        members = [stretch for _, stretch in run]
        span = members[0].start, members[-1].end
        gaps.append(
            Gap(
                hazards=(hazard.id,),
                start=Minute(span[0]),
                end=Minute(span[1]),
                missing=missing[1],
                message=gap_message(hazard, day_start, span, missing[1]),
            )
        )
    return gaps


def _runs(stretches: list[_Stretch]) -> list[tuple[int, _Stretch]]:
    """Each stretch with the number of the unbroken run of minutes that it belongs to."""
    numbered, run, last_end = [], 0, None
    for stretch in stretches:
        run += last_end is not None and stretch.start != last_end
        numbered.append((run, stretch))
        last_end = stretch.end
    return numbered
