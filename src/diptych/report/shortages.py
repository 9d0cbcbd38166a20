"""Gaps of the cover put together by who or what is too few, and said in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import prod

from diptych.model import Coverage, Hazard, HazardId, Schedule, SetGap, Subject, TwinId
from diptych.report.duties import merge_spans
from diptych.report.words import (
    count_things,
    sign_twin,
    tell_clock,
    tell_length,
    tell_span,
)

SIZES = {1: "hazard", 2: "pair", 3: "triple", 4: "set of four"}
PLURALS = {1: "hazards", 2: "pairs", 3: "triples", 4: "sets of four"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """The gaps for which the same people or pieces are all that there are, the worst first."""

    gaps: tuple[SetGap, ...]

    @property
    def worst(self) -> SetGap:
        """The gap with the fewest hazards, and of these the likeliest and longest."""
        return self.gaps[0]

    @property
    def minutes(self) -> int:
        """Minutes of the day in which at least one of the gaps is open."""
        return sum(end - start for start, end in self.spans)

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """When at least one of them is open."""
        return tuple(merge_spans(span for gap in self.gaps for span in gap.spans))


class Roll:
    """Titles of hazards and kit, names and roles of people, looked up by id."""

    def __init__(self, schedule: Schedule, hazards: Sequence[Hazard]) -> None:
        self.schedule = schedule
        self.hazards = {hazard.id: hazard for hazard in hazards}

    @cached_property
    def _people(self) -> Mapping[str, tuple[str, str]]:
        procedure = self.schedule.procedure
        roles = {role.id: role.title for role in procedure.roles}
        return {
            str(person.id): (person.name, lower_first(roles.get(person.role, person.role)))
            for person in procedure.staff
        }

    @cached_property
    def _kit(self) -> Mapping[str, str]:
        return {str(kit.id): kit.title for kit in self.schedule.procedure.equipment}

    @cached_property
    def _zones(self) -> Mapping[str, str]:
        return {str(zone.id): zone.title for zone in self.schedule.procedure.zones}

    def clock(self, minute: int) -> str:
        """Clock reading of a minute."""
        return tell_clock(minute, self.schedule.procedure.day_start)

    def span(self, start: int, end: int) -> str:
        """From one clock reading to another."""
        return tell_span(start, end, self.schedule.procedure.day_start)

    def name(self, id: str) -> str:
        """Name of a person, a piece of kit ("Rapid infuser 2") or a place to stand."""
        kind, _, number = id.rpartition(" ")
        if id in self._people:
            return self._people[id][0]
        if kind in self._zones:
            return f"place {number} of {lower_first(self._zones[kind])}"
        return f"{self._kit[kind].partition(':')[0]} {number}" if kind in self._kit else id

    def kit(self, id: str) -> str:
        """Title of a kind of kit."""
        return self._kit.get(id, id)

    def is_place(self, id: str) -> bool:
        """Whether it is a counted place to stand, which has a number but no name of its own."""
        return id.rpartition(" ")[0] in self._zones

    def role(self, id: str) -> str:
        """Title of a person's role; empty for a piece of kit."""
        return self._people.get(id, ("", ""))[1]

    def title(self, id: HazardId) -> str:
        """Title of a hazard within a sentence, the twin with its sign."""
        hazard = self.hazards.get(id)
        return str(id) if hazard is None else lower_first(sign_title(hazard))

    def chance(self, gap: SetGap) -> float:
        """Chance that all its hazards happen on a day, as if they were independent."""
        return prod(self.hazards[id].probability for id in gap.hazards if id in self.hazards)

    def rank(self, gap: SetGap) -> tuple[int, float, tuple[HazardId, ...]]:
        """Fewest hazards first, then the greatest chance times minutes."""
        return len(gap.hazards), -self.chance(gap) * gap.minutes, gap.hazards


def sign_title(hazard: Hazard) -> str:
    """Title of a hazard with the sign of its twin."""
    if hazard.subject not in (Subject.A, Subject.B):
        return hazard.title
    twin = TwinId(hazard.subject.value)
    return hazard.title.replace(f"twin {twin}", f"twin {sign_twin(twin)}")


def lower_first(words: str) -> str:
    """The words with a small first letter, unless they begin with an abbreviation."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def list_gaps(coverage: Coverage) -> tuple[SetGap, ...]:
    """Every gap of the proof, single hazards first; for these nobody is named who is there."""
    alone = [
        SetGap(
            hazards=gap.hazards,
            spans=((gap.start, gap.end),),
            missing=gap.missing,
            lacking=0,
            free=(),
        )
        for gap in coverage.gaps
    ]
    return (*_join_alone(alone), *(coverage.sets.gaps if coverage.sets else ()))


def _join_alone(gaps: Iterable[SetGap]) -> list[SetGap]:
    """One gap for each hazard and each thing missing, with all its minutes."""
    found: dict[tuple[tuple[HazardId, ...], str], SetGap] = {}
    for gap in gaps:
        key = gap.hazards, gap.missing
        spans = (*(found[key].spans if key in found else ()), *gap.spans)
        found[key] = SetGap(
            hazards=gap.hazards, spans=spans, missing=gap.missing, lacking=0, free=()
        )
    return list(found.values())


def group_gaps(gaps: Iterable[SetGap], roll: Roll) -> tuple[Shortage, ...]:
    """Gaps put together where the same people or pieces are all that there are.

    Where nobody is there, those for which the same is missing; a gap of one hazard stands
    alone. The groups and the gaps in them in the order of `Roll.rank`.
    """
    groups: dict[tuple[object, ...], list[SetGap]] = {}
    for gap in gaps:
        key: tuple[object, ...] = gap.free or (gap.missing,)
        if len(gap.hazards) == 1:
            key = (gap.hazards, gap.missing)
        groups.setdefault(key, []).append(gap)
    found = [Shortage(gaps=tuple(sorted(group, key=roll.rank))) for group in groups.values()]
    return tuple(sorted(found, key=lambda shortage: roll.rank(shortage.worst)))


def tell_gap(gap: SetGap, roll: Roll) -> str:
    """The whole sentence: when, what happens, what is missing, who is there for it."""
    (start, end), *later = gap.spans
    names = [roll.title(id) for id in gap.hazards]
    what = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} together"
    more = ""
    if later:
        times = "time" if len(later) == 1 else "times"
        more = f" The same at {len(later)} other {times}, {tell_length(gap.minutes)} in all."
    when = f"At {roll.clock(start)} (until {roll.clock(end)})"
    return f"{when}, {what}: {gap.missing}.{tell_free(gap, roll)}{more}"


def tell_free(gap: SetGap, roll: Roll) -> str:
    """Who or what there is for it, by name; empty where nobody and nothing is."""
    named = [id for id in gap.free if not roll.is_place(id)]
    if not named:
        return ""
    groups: dict[str, list[str]] = {}
    for id in named:
        groups.setdefault(roll.role(id), []).append(roll.name(id))
    told = [_tell_names(names, role) for role, names in groups.items()]
    if len(gap.free) == 1:
        return f" {told[0]} is the only one."
    return f" There are only {'; '.join(told)}."


def _tell_names(names: Sequence[str], role: str) -> str:
    """Names of people of one role, "Ann Ash and Bo Bell (scrub nurses)"."""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} ({role}{'s' if len(names) > 1 else ''})" if role else listed


def tell_others(shortage: Shortage, roll: Roll) -> str:
    """For how many other sets the same ones are too few, and when; empty where for none."""
    others = shortage.gaps[1:]
    if not others:
        return ""
    sizes = sorted(len(gap.hazards) for gap in others)
    parts = [
        count_things(len(list(group)), SIZES[size], PLURALS[size]) for size, group in groupby(sizes)
    ]
    spans = shortage.spans
    when = roll.span(spans[0][0], spans[-1][1])
    often = f" ({count_things(len(spans), 'stretch', 'stretches')})" if len(spans) > 1 else ""
    return f"{' and '.join(parts)} more, {when}{often}, {tell_length(shortage.minutes)} of the day"
