"""Rehearsals of the day: which parts, with whom, where, with what, and when people can come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from diptych.choreography.dryparts import EMERGENCY, DryRunPolicy, day_place, rank_parts
from diptych.model import (
    DryPart,
    DryRun,
    DrySession,
    Minute,
    Schedule,
    Staff,
    StaffId,
    TaskId,
)
from diptych.tables import SourcedTable

_GRID, _LATEST = 30, 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """What every session is made with; length and crowd: the most of a station."""

    staff: Mapping[StaffId, Staff]
    place: Mapping[TaskId, int]
    length: int
    crowd: int


def plan_rehearsal(
    schedule: Schedule, policy: DryRunPolicy | None = None, *, table: SourcedTable
) -> DryRun:
    """Stations of a few parts each, then one session in the whole room, from the table "dryrun".

    Parts are taken by rank (`rank_parts`), each into the first station that has time and room
    for it, shares people with it, and in which all can be there within the hours that they
    work on the operation day. The full session takes the emergency path and the highest parts
    that fit, in the order of the day. Who cannot come within their hours is named in each.
    """
    policy = policy or DryRunPolicy()
    ranked = rank_parts(schedule, policy, table)
    book = _Book(
        staff={person.id: person for person in schedule.procedure.staff},
        place=day_place(schedule),
        length=int(table.value("station-length")),
        crowd=int(table.value("full-people")),
    )
    chosen = ranked[: policy.most_parts]
    groups = _share_out(chosen, book)
    first = int(table.value("station-days-before"))
    full = int(table.value("full-days-before"))
    room = max(0, first - full)
    sessions = [
        _session(book, number, ("station", first - number + 1), group)
        for number, group in enumerate(groups[:room], 1)
    ]
    last = _fill(ranked, int(table.value("full-length")))
    if last:
        sessions.append(_session(book, len(sessions) + 1, ("full", full), last))
    rehearsed = {part.key for session in sessions for part in session.parts}
    return DryRun(
        sessions=tuple(sessions),
        ranked=ranked,
        left_out=tuple(part.title for part in ranked if part.key not in rehearsed),
        notes=_notes(sessions, table),
    )


def _share_out(parts: Sequence[DryPart], book: _Book) -> list[list[DryPart]]:
    """The parts in stations; a part longer than a station has one of its own."""
    groups: list[list[DryPart]] = []
    for part in parts:
        home = next((group for group in groups if _fits(part, group, book)), None)
        if home is None:
            groups.append([part])
        else:
            home.append(part)
    return groups


def _fits(part: DryPart, group: Sequence[DryPart], book: _Book) -> bool:
    joined = [*group, part]
    minutes = sum(each.minutes for each in joined)
    shared = set(part.people) & {person for each in group for person in each.people}
    if minutes > book.length or not shared or len(_people(joined)) > book.crowd:
        return False
    absent = len(_best_start(book, _people(joined), minutes)[1])
    apart = {who for each in ([part], group) for who in _absent(book, each)}
    return absent <= len(apart)


def _absent(book: _Book, parts: Sequence[DryPart]) -> tuple[StaffId, ...]:
    return _best_start(book, _people(parts), sum(part.minutes for part in parts))[1]


def _fill(ranked: Sequence[DryPart], length: int) -> list[DryPart]:
    """The emergency path, then the highest parts that still fit."""
    taken: list[DryPart] = []
    for part in sorted(ranked, key=lambda each: each.key != EMERGENCY):
        if sum(each.minutes for each in taken) + part.minutes <= length:
            taken.append(part)
    return taken


def _people(parts: Sequence[DryPart]) -> tuple[StaffId, ...]:
    return tuple(dict.fromkeys(person for part in parts for person in part.people))


def _session(
    book: _Book, number: int, when: tuple[str, int], parts: Sequence[DryPart]
) -> DrySession:
    """Its parts in the order of the day, the emergency path last."""
    ordered = sorted(
        parts, key=lambda part: (part.key == EMERGENCY, book.place[part.tasks[0]], part.key)
    )
    people = _people(ordered)
    minutes = sum(part.minutes for part in ordered)
    start, absent = _best_start(book, people, minutes)
    kind, days_before = when
    titles = {"full": "The whole room", "station": ordered[0].title}
    return DrySession(
        number=number,
        kind=kind,
        title=titles[kind],
        days_before=days_before,
        start=Minute(start),
        minutes=Minute(minutes),
        parts=tuple(ordered),
        people=people,
        absent=absent,
    )


def _best_start(
    book: _Book, people: Sequence[StaffId], minutes: int
) -> tuple[int, tuple[StaffId, ...]]:
    """The earliest half hour at which fewest are outside their hours, and who is."""
    best: tuple[int, tuple[StaffId, ...]] | None = None
    for start in range(0, _LATEST, _GRID):
        away = tuple(who for who in people if not _there(book.staff[who], start, start + minutes))
        if best is None or len(away) < len(best[1]):
            best = start, away
    assert best is not None
    return best


def _there(person: Staff, start: int, end: int) -> bool:
    free = all(end <= begin or finish <= start for begin, finish in person.absences)
    return person.start <= start and end <= person.end and free


def _notes(sessions: Sequence[DrySession], table: SourcedTable) -> tuple[str, ...]:
    full = table.number("full-length")
    crowd = int(table.value("full-people"))
    notes = [
        f"The whole room rehearses for {full.value:g} min"
        f" {table.value('full-days-before'):g} days before ({full.source}).",
        "A rehearsal with a doll is not the operation: it shows who stands where, what is said"
        " and what is missing; of lengths it says little.",
        "Hours are those of the operation day; a rota of the days before is not known here.",
    ]
    notes += [
        f"Rehearsal {session.number} has {len(session.people)} people, more than {crowd}"
        f" ({table.number('full-people').source}): have two people lead it."
        for session in sessions
        if len(session.people) > crowd
    ]
    notes += [
        f"Rehearsal {session.number}: {len(session.absent)} would come outside their hours."
        for session in sessions
        if session.absent
    ]
    return tuple(notes)
