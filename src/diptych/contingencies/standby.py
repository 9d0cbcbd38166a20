"""Who and what could be added to a plan, and at which places of which minutes they would help.

The plan is laid out with a person of each role, with everybody of the roster there all day,
and with one more of each kind of kit. What these can fill is then read off, whatever the
rules by which it was found.
"""

from collections.abc import Iterable, Mapping, Sequence
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
_ROLE = "role "
WORD = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """Something to add: a role, longer hours of a person, or a kind of kit.

    kind : "role", "longer" or "kit"
    bit : its bit in the classes of the market
    own : bit of the person whose hours they are, -1 otherwise
    """

    kind: str
    key: str
    bit: int
    own: int = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """The plan with everything added at once.

    classes : those of the plan with a person of each role; in further words of its masks one
        bit for each person of the roster as if there all day, and one for each kind of kit at
        the places that more of it would serve
    real : (W,) bits of the people and pieces that the plan has
    unlimited : (W,) bits of roles and kit, of which there can be any number
    grades : seniority of whoever stands by in each role
    """

    schedule: Schedule
    grades: Mapping[str, int]
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
    grades = _grades(schedule, hazards, policy)
    crowd = add_people(schedule, _one_of_each_role(schedule, span, grades))
    owners = schedule.procedure.staff if policy.own_people else ()
    kinds = _kinds(schedule, hazards)
    plain = sort_minutes(crowd, hazards, policy.answer)
    wide = sort_minutes(_all_day(crowd, span), hazards, policy.answer) if owners else plain
    rich = _with_more(crowd, kinds, hazards, policy)
    rows, of = _meet(plain, wide, rich)
    bit = {name: n for n, name in enumerate(plain.names) if name}
    at = {name: n for n, name in enumerate(wide.names) if name}
    grows = _count(rich.masks[rows[:, 2]]) > _count(plain.masks[rows[:, 0]])
    asked = _kit_asked(crowd, hazards, plain.first)
    columns = [_able(wide.masks[rows[:, 1]], at[str(who.id)]) for who in owners]
    columns += [grows & asked[kind] for kind in kinds]
    spare = _pack(columns, grows.shape)
    masks = np.concatenate([plain.masks[rows[:, 0]], spare], axis=2)
    start = plain.masks.shape[2] * WORD
    roles = [
        Helper(kind="role", key=str(role.id), bit=bit[f"{_ROLE}{role.id}"])
        for role in schedule.procedure.roles
    ]
    longer = [
        Helper(kind="longer", key=str(who.id), bit=start + n, own=bit[str(who.id)])
        for n, who in enumerate(owners)
    ]
    kit = [
        Helper(kind="kit", key=str(kind), bit=start + len(owners) + n)
        for n, kind in enumerate(kinds)
    ]
    added = {helper.bit for helper in roles}
    return Market(
        schedule=schedule,
        grades=grades,
        classes=replace(
            plain, of=of, masks=np.ascontiguousarray(masks), alive=plain.alive[rows[:, 0]]
        ),
        helpers=(*roles, *longer, *kit),
        real=word_mask([n for n in bit.values() if n not in added], masks.shape[2]),
        unlimited=word_mask([helper.bit for helper in (*roles, *kit)], masks.shape[2]),
        begin=begin,
        end=end,
    )


def _grades(schedule: Schedule, hazards: Sequence[Hazard], policy: ReservePolicy) -> dict[str, int]:
    """For each role the usual grade of standby, or the highest that a hazard asks of its skills."""
    asked = [demand for hazard in hazards for demand in hazard.response.demands]
    return {
        str(role.id): max(
            policy.standby_grade, *(one.grade for one in asked if one.skill in role.skills), 1
        )
        for role in schedule.procedure.roles
    }


def _kinds(schedule: Schedule, hazards: Sequence[Hazard]) -> list[EquipmentId]:
    """The kinds of kit that hazards ask for and the plan knows, sorted."""
    known = {kit.id for kit in schedule.procedure.equipment}
    return sorted({kind for h in hazards for kind in h.response.equipment if kind in known})


def _all_day(schedule: Schedule, span: tuple[Minute, Minute]) -> Schedule:
    """The plan with everybody there all day, and on the tasks that they have."""
    staff = tuple(
        at_hours(who, min(who.start, span[0]), max(who.end, span[1]))
        for who in schedule.procedure.staff
    )
    return replace(schedule, procedure=replace(schedule.procedure, staff=staff))


def _with_more(
    crowd: Schedule, kinds: Sequence[EquipmentId], hazards: Sequence[Hazard], policy: ReservePolicy
) -> Classes:
    """The classes with one more piece of each kind."""
    more = add_kit(crowd, [SpareKit(kind=kind, count=1) for kind in kinds])
    return sort_minutes(more, hazards, policy.answer)


def _meet(*every: Classes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Classes of several plans that meet in a stretch of the first, and which in each stretch.

    Returns rows (T, plans) of numbers of classes, each once, and (K,) the row of each stretch.
    The others' stretches begin where some of the first do.
    """
    start = every[0].stretch[:-1]
    there = [
        one.of[np.clip(np.searchsorted(one.stretch, start, side="right") - 1, 0, len(one.of) - 1)]
        for one in every
    ]
    rows, of = np.unique(np.stack(there, axis=1), axis=0, return_inverse=True)
    return rows, of.reshape(-1).astype(np.int64)


def _able(masks: NDArray[np.uint64], bit: int) -> NDArray[np.bool_]:
    """(T, N) places that the bit can fill."""
    found = masks[:, :, bit // WORD] >> np.uint64(bit % WORD) & np.uint64(1)
    return found.astype(np.bool_)


def _pack(columns: Sequence[NDArray[np.bool_]], shape: tuple[int, ...]) -> NDArray[np.uint64]:
    """(T, N, words) with one bit for each (T, N) column."""
    words = np.zeros((*shape, -(-len(columns) // WORD)), np.uint64)
    for n, column in enumerate(columns):
        words[:, :, n // WORD] |= column.astype(np.uint64) << np.uint64(n % WORD)
    return words


def _count(masks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """(C, N) how many bits each place has."""
    found: NDArray[np.int64] = np.bitwise_count(masks).sum(axis=2, dtype=np.int64)
    return found


def _kit_asked(
    schedule: Schedule, hazards: Sequence[Hazard], first: NDArray[np.int64]
) -> dict[EquipmentId, NDArray[np.bool_]]:
    """(N,) for each kind of kit the places that ask for it; they come after the people's."""
    asked = {kit.id: np.zeros(int(first[-1]), np.bool_) for kit in schedule.procedure.equipment}
    for h, hazard in enumerate(hazards):
        place = int(first[h]) + sum(demand.count for demand in hazard.response.demands)
        for kit in schedule.procedure.equipment:
            count = hazard.response.equipment.get(kit.id, 0)
            asked[kit.id][place : place + count] = True
            place += count
    return asked


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
        at_hours(who, hours[who.id].new_start, hours[who.id].new_end) if who.id in hours else who
        for who in schedule.procedure.staff
    )
    plan = replace(schedule, procedure=replace(schedule.procedure, staff=staff))
    return add_kit(add_people(plan, _standby(schedule, watches)), kit)


def at_hours(who: Staff, start: Minute, end: Minute) -> Staff:
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
    schedule: Schedule, span: tuple[Minute, Minute], grades: Mapping[str, int]
) -> list[Staff]:
    return [
        Staff(
            id=StaffId(f"{_ROLE}{role.id}"),
            name=role.title,
            role=role.id,
            skills=role.skills,
            team="both",
            start=span[0],
            end=span[1],
            grade=grades[str(role.id)],
        )
        for role in schedule.procedure.roles
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
