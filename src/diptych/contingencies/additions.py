"""The fewest people, pieces of kit and longer hours that close one gap: every choice of them.

A choice that leaves a stretch short must grow by one who can fill a place that is too many
there (Hall's condition), whatever the rest of it. Choices are therefore grown one by one in
that way, level by level; the first level on which one does is the smallest number, and all
choices of that number are met.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.naming import as_row
from diptych.contingencies.reserve_policy import ReservePolicy
from diptych.contingencies.standby import Market, hours_of, open_market, room_of
from diptych.contingencies.wording import clock, spoken
from diptych.kernels.shortage import list_shortages
from diptych.model import (
    EquipmentId,
    Hazard,
    LongerHours,
    Minute,
    Schedule,
    SpareKit,
    StaffId,
    Watch,
)

_MOST = 6
_WIDEST = 4000
_WORD = 64
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """People who stand by, longer hours and kit, in words, and what they cost in minutes."""

    watches: tuple[Watch, ...]
    longer: tuple[LongerHours, ...]
    kit: tuple[SpareKit, ...]
    words: str
    cost: int

    @property
    def size(self) -> int:
        """People, pieces and longer hours."""
        people = sum(watch.count for watch in self.watches)
        return people + len(self.longer) + sum(spare.count for spare in self.kit)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """The stretches of one part of a gap, and who could be added in each.

    start, end : (S,) of the stretches; masks : (S, N, W) of the plan's own
    helps : (S, N, helpers) the helper can fill the place then
    row : (S, 5) the set in each stretch
    """

    market: Market
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    masks: NDArray[np.uint64]
    helps: NDArray[np.bool_]
    row: NDArray[np.int64]


def list_additions(
    view: tuple[Schedule, tuple[Hazard, ...], Spans], policy: ReservePolicy
) -> tuple[Addition, ...]:
    """Every smallest addition for the spans; for spans further apart than a watch, one.

    view : the plan, the hazards of the gap, its spans.
    """
    schedule, hazards, spans = view
    market = open_market(schedule, hazards, policy)
    parts = [_list_part(market, hazards, part, policy) for part in _split(spans, policy)]
    if not all(parts):
        return ()
    if len(parts) == 1:
        return tuple(parts[0])
    best = [min(part, key=lambda a: (len(a.longer), a.cost, a.words)) for part in parts]
    return (_join(schedule, best, policy),)


def _split(spans: Spans, policy: ReservePolicy) -> list[Spans]:
    """The spans in parts of at most one watch; a longer span is cut."""
    longest = int(policy.longest_watch)
    pieces = [
        (at, min(at + longest, end)) for start, end in spans for at in range(start, end, longest)
    ]
    parts: list[list[tuple[int, int]]] = []
    for piece in sorted(pieces):
        if parts and piece[1] - parts[-1][0][0] <= longest:
            parts[-1].append(piece)
        else:
            parts.append([piece])
    return [tuple(part) for part in parts]


def _list_part(
    market: Market, hazards: Sequence[Hazard], spans: Spans, policy: ReservePolicy
) -> list[Addition]:
    scene = _set_scene(market, len(hazards), spans, policy)
    found = [_addition(scene, choice, policy) for choice in _smallest(scene)]
    return sorted(found, key=lambda a: (a.cost, a.words))


def _set_scene(market: Market, count: int, spans: Spans, policy: ReservePolicy) -> _Scene:
    classes = market.classes
    cuts = sorted({m for span in spans for m in span} | set(classes.stretch.tolist()))
    start = np.array([m for m in cuts if any(a <= m < b for a, b in spans)], np.int64)
    end = np.array([min(c for c in cuts if c > m) for m in start.tolist()], np.int64)
    where = classes.of[np.searchsorted(classes.stretch, start, side="right") - 1]
    masks = classes.masks[where]
    helps = np.zeros((len(start), masks.shape[1], len(market.helpers)), np.bool_)
    for number, helper in enumerate(market.helpers):
        bit = helper.bits[0]
        able = (masks[:, :, bit // _WORD] >> np.uint64(bit % _WORD) & np.uint64(1)).astype(np.bool_)
        helps[:, :, number] = able & _present(market, number, start, end, policy)[:, None]
    sets = [as_row(n, range(count)) for n in range(len(start))]
    return _Scene(
        market=market,
        start=start,
        end=end,
        masks=np.ascontiguousarray(masks & market.real),
        helps=helps,
        row=np.array(sets, np.int64).reshape(-1, 5),
    )


def _present(
    market: Market,
    number: int,
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    policy: ReservePolicy,
) -> NDArray[np.bool_]:
    """(S,) stretches for which the helper can be had.

    A person of the roster is called earlier or kept longer, not both for one part of a gap,
    and within the span that the rules of rest allow.
    """
    if market.helpers[number].kind != "longer":
        return np.ones(len(start), np.bool_)
    helper = market.helpers[number]
    low, high = hours_of(market, helper)
    room = room_of(market, helper, policy)
    early = (end <= low) & (low - start <= room)
    late = (start >= high) & (end - high <= room)
    return late if late.sum() >= early.sum() else early


def _smallest(scene: _Scene) -> list[tuple[int, ...]]:
    """Every choice of fewest helpers that leaves no stretch short; [] where none does."""
    level: list[tuple[int, ...]] = [()]
    for _ in range(_MOST + 1):
        closed = [choice for choice in level if _useful(scene, choice) is None]
        if closed:
            return closed
        grown = {
            tuple(sorted((*choice, more))) for choice in level for more in _more(scene, choice)
        }
        level = sorted(grown)
        if not level or len(level) > _WIDEST:
            break
    return []


def _more(scene: _Scene, choice: tuple[int, ...]) -> Iterator[int]:
    """Who could help where this choice is short; a person's hours only once."""
    for number in _useful(scene, choice) or ():
        if scene.market.helpers[number].kind != "longer" or number not in choice:
            yield number


def _useful(scene: _Scene, choice: tuple[int, ...]) -> tuple[int, ...] | None:
    """The helpers of the first shortage that this choice leaves; None where it leaves none."""
    masks = _with_choice(scene, choice, np.ones((len(choice), len(scene.start)), np.bool_))
    of, short = list_shortages(masks, scene.market.classes.first, scene.row)
    if not len(of):
        return None
    bits = int(short[0])
    places = [n for n in range(scene.helps.shape[1]) if bits >> n & 1]
    return tuple(np.flatnonzero(scene.helps[of[0], places].any(axis=0)).tolist())


def _with_choice(
    scene: _Scene, choice: Sequence[int], here: NDArray[np.bool_]
) -> NDArray[np.uint64]:
    """The plan's own masks with one bit more for each helper of the choice.

    here : (choice, S) whether it is there in the stretch.
    """
    more = np.zeros((*scene.masks.shape[:2], 1), np.uint64)
    for n, number in enumerate(choice):
        able = scene.helps[:, :, number] & here[n][:, None]
        more[:, :, 0] |= able.astype(np.uint64) << np.uint64(n)
    return np.ascontiguousarray(np.concatenate([scene.masks, more], axis=2))


def _when(scene: _Scene, choice: tuple[int, ...]) -> NDArray[np.bool_]:
    """(choice, S) when each is needed, from first to last, the others given; in order."""
    here = np.ones((len(choice), len(scene.start)), np.bool_)
    for n in range(len(choice)):
        here[n] = False
        masks = _with_choice(scene, choice, here)
        of, _ = list_shortages(masks, scene.market.classes.first, scene.row)
        if len(of):
            here[n, of.min() : of.max() + 1] = True
    return here


def _addition(scene: _Scene, choice: tuple[int, ...], policy: ReservePolicy) -> Addition:
    market, here = scene.market, _when(scene, choice)
    rows: dict[tuple[str, str, int, int], int] = {}
    for n, number in enumerate(choice):
        helper, hit = market.helpers[number], np.flatnonzero(here[n])
        span = int(scene.start[hit[0]]), int(scene.end[hit[-1]])
        key = helper.kind, helper.key, *(span if helper.kind != "kit" else (0, 0))
        rows[key] = rows.get(key, 0) + 1
    return _describe(market.schedule, rows, policy)


def _describe(
    schedule: Schedule, rows: dict[tuple[str, str, int, int], int], policy: ReservePolicy
) -> Addition:
    """The addition of these (kind, key, from, to) and how often each."""
    roles = {str(role.id): role for role in schedule.procedure.roles}
    staff = {str(who.id): who for who in schedule.procedure.staff}
    watches = tuple(
        Watch(
            role=roles[key].id,
            skills=roles[key].skills,
            start=Minute(start),
            end=Minute(end),
            count=count,
            grade=policy.standby_grade,
        )
        for (kind, key, start, end), count in sorted(rows.items())
        if kind == "role"
    )
    longer = tuple(
        LongerHours(
            staff=StaffId(key),
            start=staff[key].start,
            end=staff[key].end,
            new_start=Minute(min(start, staff[key].start)),
            new_end=Minute(max(end, staff[key].end)),
        )
        for (kind, key, start, end), _ in sorted(rows.items())
        if kind == "longer"
    )
    kit = tuple(
        SpareKit(kind=EquipmentId(key), count=count)
        for (kind, key, _, _), count in sorted(rows.items())
        if kind == "kit"
    )
    return Addition(
        watches=watches,
        longer=longer,
        kit=kit,
        words=_words(schedule, watches, longer, kit),
        cost=_cost(watches, longer, kit, policy),
    )


def _join(schedule: Schedule, parts: Sequence[Addition], policy: ReservePolicy) -> Addition:
    """Parts of one gap together; a piece of kit serves them all, hours are joined."""
    watches = tuple(watch for part in parts for watch in part.watches)
    most: dict[EquipmentId, int] = {}
    hours: dict[StaffId, LongerHours] = {}
    for part in parts:
        for spare in part.kit:
            most[spare.kind] = max(most.get(spare.kind, 0), spare.count)
        for row in part.longer:
            one = hours.get(row.staff, row)
            hours[row.staff] = LongerHours(
                staff=row.staff,
                start=row.start,
                end=row.end,
                new_start=min(one.new_start, row.new_start),
                new_end=max(one.new_end, row.new_end),
            )
    kit = tuple(SpareKit(kind=kind, count=count) for kind, count in sorted(most.items()))
    longer = tuple(hours[key] for key in sorted(hours))
    return Addition(
        watches=watches,
        longer=longer,
        kit=kit,
        words=_words(schedule, watches, longer, kit),
        cost=_cost(watches, longer, kit, policy),
    )


def _cost(
    watches: Sequence[Watch],
    longer: Sequence[LongerHours],
    kit: Sequence[SpareKit],
    policy: ReservePolicy,
) -> int:
    people = sum(w.count * (policy.cost_of_person + int(w.end - w.start)) for w in watches)
    pieces = sum(spare.count for spare in kit) * policy.cost_of_kit
    return people + pieces + sum(row.minutes for row in longer)


def _words(
    schedule: Schedule,
    watches: Sequence[Watch],
    longer: Sequence[LongerHours],
    kit: Sequence[SpareKit],
) -> str:
    """As one says it: one more perfusionist from 22:10 to 23:40; one more rapid infuser."""
    titles = {role.id: role.title for role in schedule.procedure.roles}
    names = {who.id: who.name for who in schedule.procedure.staff}
    day = schedule.procedure.day_start
    words = [
        f"{_more_of(watch.count, titles[watch.role].lower())}"
        f" from {clock(day, watch.start)} to {clock(day, watch.end)}"
        for watch in watches
    ]
    for row in longer:
        if row.new_start < row.start:
            early = row.start - row.new_start
            words.append(
                f"call {names[row.staff]} {early} min earlier, at {clock(day, row.new_start)}"
            )
        if row.new_end > row.end:
            late = row.new_end - row.end
            words.append(
                f"keep {names[row.staff]} {late} min longer, until {clock(day, row.new_end)}"
            )
    words += [_more_of(spare.count, spoken(spare.kind)) for spare in kit]
    return "; ".join(words)


def _more_of(count: int, what: str) -> str:
    return f"one more {what}" if count == 1 else f"{count} more: {what}"
