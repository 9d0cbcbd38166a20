"""Who and what could be added to a plan, and at which places of which minutes they would help.

One plan is laid out with everything added at once: a person of each role and a second of
each person of the roster for the whole day, and kit in plenty. What the added bits can fill
is then read off, whatever the rules by which it was found.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.classes import Classes, sort_minutes
from diptych.contingencies.reserve_policy import ReservePolicy
from diptych.model import (
    EquipmentId,
    Hazard,
    LongerHours,
    Minute,
    Reserve,
    Schedule,
    SpareKit,
    Staff,
    StaffId,
    Watch,
)

STANDBY = "standby-"
_WORD = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """Something to add: a role, the second self of a person, or a kind of kit.

    kind : "role", "longer" or "kit"
    bit : its bit in the classes of the market
    own : bit of the person whose second self it is, -1 otherwise
    """

    kind: str
    key: str
    bit: int
    own: int = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """The plan with everything added at once.

    classes : those of the plan with more people; in further words of its masks one bit for
        each kind of kit, at the places that more of it would serve
    real : (W,) bits of the people and pieces that the plan has
    unlimited : (W,) bits of roles and kit, of which there can be any number
    """

    schedule: Schedule
    classes: Classes
    helpers: tuple[Helper, ...]
    real: NDArray[np.uint64]
    unlimited: NDArray[np.uint64]
    begin: int
    end: int


def open_market(schedule: Schedule, hazards: Sequence[Hazard], policy: ReservePolicy) -> Market:
    """Everything that could be added to the plan, and what it could do."""
    begin = min((int(entry.start) for entry in schedule.assignments), default=0)
    end = max((int(entry.end) for entry in schedule.assignments), default=begin)
    span = Minute(begin), Minute(max(end, begin + 1))
    seconds = _second_selves(schedule, span) if policy.own_people else []
    people = [*_one_of_each_role(schedule, span, policy), *seconds]
    crowd = add_people(schedule, people)
    plain = sort_minutes(crowd, hazards, policy.answer)
    classes, kit = _with_kit(crowd, hazards, policy, plain)
    helpers = (*_people(plain, people), *kit)
    words = classes.masks.shape[2]
    added = {helper.bit for helper in helpers}
    known = [n for n, name in enumerate(plain.names) if name and n not in added]
    return Market(
        schedule=schedule,
        classes=classes,
        helpers=helpers,
        real=word_mask(known, words),
        unlimited=word_mask([h.bit for h in helpers if h.kind != "longer"], words),
        begin=begin,
        end=end,
    )


def _people(classes: Classes, people: Sequence[Staff]) -> Iterator[Helper]:
    bit = {name: n for n, name in enumerate(classes.names) if name}
    for who in people:
        kind, _, key = who.id.partition(" ")
        yield Helper(kind=kind, key=key, bit=bit[who.id], own=bit[key] if kind == "longer" else -1)


def _with_kit(
    crowd: Schedule, hazards: Sequence[Hazard], policy: ReservePolicy, plain: Classes
) -> tuple[Classes, tuple[Helper, ...]]:
    """The classes with a bit for each kind of kit, where more of it leaves more at hand.

    One piece of each kind is added, and the pieces that can fill a place are counted again.
    """
    kinds = sorted({kind for hazard in hazards for kind in hazard.response.equipment})
    known = {kit.id for kit in crowd.procedure.equipment}
    kinds = [kind for kind in kinds if kind in known]
    words = plain.masks.shape[2]
    more = [SpareKit(kind=kind, count=1) for kind in kinds]
    rich = sort_minutes(add_kit(crowd, more), hazards, policy.answer)
    pairs, of = np.unique(np.stack([plain.of, rich.of], axis=1), axis=0, return_inverse=True)
    grows = _count(rich.masks[pairs[:, 1]]) > _count(plain.masks[pairs[:, 0]])
    spare = np.zeros((*grows.shape, -(-len(kinds) // _WORD)), np.uint64)
    for place, kind in _kit_places(crowd, hazards, plain.first):
        n = kinds.index(kind)
        bit = np.uint64(1 << n % _WORD)
        spare[grows[:, place], place, n // _WORD] |= bit
    classes = replace(
        plain,
        of=of.reshape(-1),
        masks=np.ascontiguousarray(np.concatenate([plain.masks[pairs[:, 0]], spare], axis=2)),
        alive=plain.alive[pairs[:, 0]],
    )
    start = words * _WORD
    return classes, tuple(
        Helper(kind="kit", key=str(kind), bit=start + n) for n, kind in enumerate(kinds)
    )


def _count(masks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """(C, N) how many bits each place has."""
    found: NDArray[np.int64] = np.bitwise_count(masks).sum(axis=2, dtype=np.int64)
    return found


def _kit_places(
    schedule: Schedule, hazards: Sequence[Hazard], first: NDArray[np.int64]
) -> Iterator[tuple[int, EquipmentId]]:
    """Each place that asks for kit, and its kind; they come after the people asked for."""
    for h, hazard in enumerate(hazards):
        place = int(first[h]) + sum(demand.count for demand in hazard.response.demands)
        for kit in schedule.procedure.equipment:
            for _ in range(hazard.response.equipment.get(kit.id, 0)):
                yield place, kit.id
                place += 1


def word_mask(bits: Iterable[int], words: int) -> NDArray[np.uint64]:
    """(W,) words with these bits set."""
    mask = np.zeros(words, np.uint64)
    for bit in bits:
        mask[bit // 64] |= np.uint64(1 << bit % 64)
    return mask


def add_people(schedule: Schedule, people: Sequence[Staff]) -> Schedule:
    """The plan with more people on its roster, who hold no task."""
    procedure = schedule.procedure
    return replace(
        schedule, procedure=replace(procedure, staff=(*procedure.staff, *people)), checked=False
    )


def add_kit(schedule: Schedule, more: Sequence[SpareKit]) -> Schedule:
    """The plan with more pieces of kit."""
    extra = {row.kind: row.count for row in more}
    kinds = tuple(
        replace(kit, count=kit.count + extra.get(kit.id, 0)) if kit.id in extra else kit
        for kit in schedule.procedure.equipment
    )
    return replace(schedule, procedure=replace(schedule.procedure, equipment=kinds), checked=False)


def apply_reserve(schedule: Schedule, reserve: Reserve) -> Schedule:
    """The plan with the reserve on its roster; no task changes.

    Standby people are `standby-1`, `standby-2`, ... in the order of the reserve, of no
    twin's team. The plan is marked unchecked.
    """
    return apply_changes(schedule, reserve.watches, reserve.longer, reserve.kit)


def apply_changes(
    schedule: Schedule,
    watches: Sequence[Watch],
    longer: Sequence[LongerHours],
    kit: Sequence[SpareKit],
) -> Schedule:
    """The plan with these people, hours and pieces of kit."""
    hours = {row.staff: row for row in longer}
    staff = tuple(
        _at_hours(who, hours[who.id].new_start, hours[who.id].new_end) if who.id in hours else who
        for who in schedule.procedure.staff
    )
    plan = replace(schedule, procedure=replace(schedule.procedure, staff=staff))
    return add_kit(add_people(plan, _standby(schedule, watches)), kit)


def _at_hours(who: Staff, start: Minute, end: Minute) -> Staff:
    """The person with these hours; times on call give way to them."""
    calls = getattr(who, "on_call", ())
    left = [
        span
        for begin, close, travel in calls
        for span in ((begin, min(close, start), travel), (max(begin, end), close, travel))
        if span[0] < span[1]
    ]
    more: dict[str, Any] = {"on_call": tuple(left)} if calls else {}
    return replace(who, start=start, end=end, **more)


def _standby(schedule: Schedule, watches: Sequence[Watch]) -> list[Staff]:
    titles = {role.id: role.title for role in schedule.procedure.roles}
    taken = {who.id for who in schedule.procedure.staff}
    rows = [row for row in watches for _ in range(row.count)]
    numbers = (n for n in range(1, len(rows) + len(taken) + 1) if f"{STANDBY}{n}" not in taken)
    return [
        Staff(
            id=StaffId(f"{STANDBY}{number}"),
            name=f"Standby {number} ({titles[row.role].lower()})",
            role=row.role,
            skills=row.skills,
            team="both",
            start=row.start,
            end=row.end,
            grade=row.grade,
        )
        for row, number in zip(rows, numbers, strict=False)
    ]


def _one_of_each_role(
    schedule: Schedule, span: tuple[Minute, Minute], policy: ReservePolicy
) -> list[Staff]:
    return [
        Staff(
            id=StaffId(f"role {role.id}"),
            name=role.title,
            role=role.id,
            skills=role.skills,
            team="both",
            start=span[0],
            end=span[1],
            grade=policy.standby_grade,
        )
        for role in schedule.procedure.roles
    ]


def _second_selves(schedule: Schedule, span: tuple[Minute, Minute]) -> list[Staff]:
    return [
        _at_hours(replace(who, id=StaffId(f"longer {who.id}"), absences=()), *span)
        for who in schedule.procedure.staff
    ]


def hours_of(market: Market, helper: Helper) -> tuple[int, int]:
    """From when to when that person of the roster is there."""
    who = next(who for who in market.schedule.procedure.staff if who.id == helper.key)
    return int(who.start), int(who.end)


def room_of(market: Market, helper: Helper, policy: ReservePolicy) -> int:
    """How many minutes longer that person can be there, by the rules of rest."""
    start, end = hours_of(market, helper)
    rest = market.schedule.procedure.rest
    longest = policy.longest_watch if rest is None else rest.longest_span or rest.longest_work
    return int(longest) - (min(end, market.end) - max(start, market.begin))
