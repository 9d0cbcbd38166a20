"""Who and what could be added to a plan, and at which places of which minutes they would help.

One plan is laid out with everything added at once: a person of each role and a second of
each person of the roster for the whole day, and kit in plenty. What the added bits can fill
is then read off, whatever the rules by which it was found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
_MOST_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """Something to add: a role, the second self of a person, or a kind of kit.

    kind : "role", "longer" or "kit"
    bits : its bits in the classes of the market
    """

    kind: str
    key: str
    bits: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """The plan with everything added at once.

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
    wanted = _kit_in_plenty(hazards)
    seconds = _second_selves(schedule, span) if policy.own_people else []
    people = [*_one_of_each_role(schedule, span, policy), *seconds]
    plenty = add_people(add_kit(schedule, wanted), people)
    classes = sort_minutes(plenty, hazards, policy.answer)
    helpers = tuple(_helpers(schedule, classes, people, wanted))
    added = [bit for helper in helpers for bit in helper.bits]
    many = [bit for helper in helpers if helper.kind != "longer" for bit in helper.bits]
    words = classes.masks.shape[2]
    known = [n for n, name in enumerate(classes.names) if name]
    return Market(
        schedule=schedule,
        classes=classes,
        helpers=helpers,
        real=word_mask(sorted(set(known) - set(added)), words),
        unlimited=word_mask(many, words),
        begin=begin,
        end=end,
    )


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
    """The person with other hours; on call only outside of them."""
    on_call = [
        (begin, until, way)
        for first, last, way in who.on_call
        for begin, until in ((first, min(last, start)), (max(first, end), last))
        if begin < until
    ]
    return replace(who, start=start, end=end, on_call=tuple(on_call))


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
        replace(
            who,
            id=StaffId(f"longer {who.id}"),
            start=span[0],
            end=span[1],
            absences=(),
            on_call=(),
        )
        for who in schedule.procedure.staff
    ]


def _kit_in_plenty(hazards: Sequence[Hazard]) -> list[SpareKit]:
    most: dict[EquipmentId, int] = {}
    for hazard in hazards:
        for kind, count in hazard.response.equipment.items():
            most[kind] = max(most.get(kind, 0), count)
    return [
        SpareKit(kind=kind, count=count * _MOST_AT_ONCE)
        for kind, count in sorted(most.items())
        if count
    ]


def _helpers(
    schedule: Schedule, classes: Classes, people: Sequence[Staff], kit: Sequence[SpareKit]
) -> Iterable[Helper]:
    bit = {name: n for n, name in enumerate(classes.names) if name}
    for who in people:
        kind, _, key = who.id.partition(" ")
        yield Helper(kind=kind, key=key, bits=(bit[who.id],))
    had: dict[EquipmentId, int] = {one.id: one.count for one in schedule.procedure.equipment}
    for row in kit:
        pieces = range(had.get(row.kind, 0) + 1, had.get(row.kind, 0) + row.count + 1)
        found = tuple(bit[f"{row.kind} {n}"] for n in pieces if f"{row.kind} {n}" in bit)
        if found:
            yield Helper(kind="kit", key=str(row.kind), bits=found)


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
