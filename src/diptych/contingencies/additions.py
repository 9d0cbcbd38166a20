"""People, pieces of kit and longer hours that close one gap, in words and with their cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from diptych.contingencies.reserve_policy import ReservePolicy
from diptych.contingencies.smallest import Scene, Spans, find_hours, list_smallest, set_scene
from diptych.contingencies.standby import Market, open_market
from diptych.contingencies.wording import clock, spoken
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
    scene = set_scene(market, len(hazards), spans, policy)
    found = [_addition(scene, choice, policy) for choice in list_smallest(scene)]
    return sorted(found, key=lambda a: (a.cost, a.words))


def _addition(scene: Scene, choice: tuple[int, ...], policy: ReservePolicy) -> Addition:
    market, here = scene.market, find_hours(scene, choice)
    rows: dict[tuple[str, str, int, int], int] = {}
    for n, number in enumerate(choice):
        helper, hit = market.helpers[number], here[n].nonzero()[0]
        span = int(scene.start[hit[0]]), int(scene.end[hit[-1]])
        key = helper.kind, helper.key, *(span if helper.kind != "kit" else (0, 0))
        rows[key] = rows.get(key, 0) + 1
    return _describe(market, rows, policy)


def _describe(
    market: Market, rows: dict[tuple[str, str, int, int], int], policy: ReservePolicy
) -> Addition:
    """The addition of these (kind, key, from, to) and how often each."""
    schedule = market.schedule
    roles = {str(role.id): role for role in schedule.procedure.roles}
    staff = {str(who.id): who for who in schedule.procedure.staff}
    watches = tuple(
        Watch(
            role=roles[key].id,
            skills=roles[key].skills,
            start=Minute(start),
            end=Minute(end),
            count=count,
            grade=market.grades[key],
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
