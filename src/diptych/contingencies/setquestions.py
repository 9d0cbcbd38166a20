"""The day asked anew, minute by minute, for the checker: who and what can fill each place."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.certificate import Day
from diptych.contingencies.policy import AnswerPolicy
from diptych.model import Certificate, Hazard, Schedule

_WORD = 64
Words = NDArray[np.uint64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What the day says: (C, N, W) who can fill each place, (C,) minutes, one minute each."""

    masks: Words
    minutes: Whole
    seen: list[int]


def ask_day(
    schedule: Schedule, hazards: Sequence[Hazard], paper: Certificate, policy: AnswerPolicy
) -> tuple[Asked | None, list[str]]:
    """Every minute asked anew; minutes of one class must give the same answer."""
    begin = min((int(entry.start) for entry in schedule.assignments), default=0)
    end = max((int(entry.end) for entry in schedule.assignments), default=0)
    marks = paper.stretch.tolist()
    if begin < 0 or marks[0] != begin or marks[-1] != end or (np.diff(marks) <= 0).any():
        return None, ["the stretches are not the minutes of the day, each once"]
    day = _Questions(schedule, hazards, paper, policy)
    answers: list[tuple[Flags, list[int]] | None] = [None] * len(paper.alive)
    seen, faults = [0] * len(paper.alive), []
    for minute, number in zip(range(begin, end), _per_minute(paper), strict=True):
        alive, masks = day.ask(minute)
        if (alive != paper.alive[number]).any():
            faults.append(f"minute {minute}: other hazards can strike than its class says")
        known = answers[number]
        if known is None:
            answers[number], seen[number] = (alive, masks), minute
        elif known[1] != masks:
            faults.append(f"minute {minute} is not like minute {seen[number]} of its class")
    if faults:
        return None, faults
    every = [masks for _, masks in (answer for answer in answers if answer is not None)]
    minutes = np.bincount(_per_minute(paper), minlength=len(paper.alive))
    return Asked(masks=_to_words(every, paper), minutes=minutes, seen=seen), []


def _per_minute(paper: Certificate) -> Whole:
    return np.repeat(paper.of, np.diff(paper.stretch))


def _to_words(masks: list[list[int]], paper: Certificate) -> Words:
    """(C, N, W) of whole numbers as bits."""
    words = max(1, -(-len(paper.names) // _WORD))
    raw = b"".join(mask.to_bytes(8 * words, "little") for row in masks for mask in row)
    return (
        np.frombuffer(raw, "<u8").astype(np.uint64).reshape(len(masks), int(paper.first[-1]), words)
    )


class _Questions:
    """Who and what can fill each place at a minute, as bits of whole numbers."""

    def __init__(
        self,
        schedule: Schedule,
        hazards: Sequence[Hazard],
        paper: Certificate,
        policy: AnswerPolicy,
    ) -> None:
        self.day = Day(schedule, policy)
        self.kit = schedule.procedure.equipment
        self.hazards = [(hazard, self.day.minutes_of(hazard)) for hazard in hazards]
        self.bit = {name: 1 << n for n, name in enumerate(paper.names) if name}

    def ask(self, minute: int) -> tuple[Flags, list[int]]:
        """(H,) hazards that can strike, and the bits of all places, 0 for other hazards'."""
        masks: list[int] = []
        alike: dict[tuple[object, ...], int] = {}
        alive = [minute in when for _, when in self.hazards]
        for (hazard, _), strikes in zip(self.hazards, alive, strict=True):
            who = (hazard.severity, hazard.subject, hazard.response.mode)
            for demand in hazard.response.demands:
                key = (*who, demand.skill, demand.within, demand.grade)
                if strikes and key not in alike:
                    people = self.day.able(hazard, demand, minute)
                    alike[key] = sum(self.bit[person] for person in people)
                masks += [alike[key] if strikes else 0] * demand.count
            for name, needed in self._things(hazard, minute):
                if strikes and (*who, name) not in alike:
                    alike[*who, name] = self._pieces(hazard, name, minute)
                masks += [alike[*who, name] if strikes else 0] * needed
        return np.array(alive, np.bool_), masks

    def _things(self, hazard: Hazard, minute: int) -> list[tuple[str, int]]:
        """Kit in the procedure's order, then the field of each twin, and how many of each."""
        asked = [(str(kit.id), hazard.response.equipment.get(kit.id, 0)) for kit in self.kit]
        places = self.day.fields_of(hazard, minute).items()
        return [(name, needed) for name, needed in [*asked, *places] if needed]

    def _pieces(self, hazard: Hazard, name: str, minute: int) -> int:
        """Tasks hold the lowest pieces and places in the plan's order; which can be had?

        Of a stock, those are gone for good. Where more is held than there is, tasks that keep
        theirs take what others would give up, from the lowest on.
        """
        there, free, keep = self.day.there(name, minute), [], 0
        holders = self.day.holders(name, minute)
        for n in range(max(there, len(holders))):
            kept = n < len(holders) and (
                name in self.day.stock or self.day.keeps(hazard, holders[n])
            )
            if n < there and not kept:
                free.append(n)
            elif n >= there and kept and name not in self.day.stock:
                keep += 1
        return sum(self.bit[f"{name} {n + 1}"] for n in free[keep:])
