"""The phases of the day between its milestones, and who stands where in each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from diptych.model import Minute, SkillId, StaffId, Subject, TwinId, ZoneId
from diptych.report.duties import ROOM, DayBook, Turn, concerns


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One person at one place at the moment of a picture.

    room : the theatre; None for people on the way or outside
    """

    person: StaffId
    skill: SkillId
    place: ZoneId | None
    room: ZoneId | None
    subject: Subject
    until: Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Somebody who comes into the work of a phase after its picture, or leaves before it."""

    person: StaffId
    skill: SkillId
    start: Minute
    end: Minute
    subject: Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """From one milestone to the next.

    title : the work of the phase, and the milestone that ends it
    apart : the twins are separated; present : those who lie in a theatre then
    moment : the minute that is drawn: the one at which most people are at work
    stands : who is at work then; entering, leaving : who was not yet, or is no longer, at
        work at the moment drawn of the phase before; moves : the others of this phase
    """

    number: int
    title: str
    start: Minute
    end: Minute
    moment: Minute
    stands: tuple[Stand, ...]
    entering: tuple[StaffId, ...]
    leaving: tuple[StaffId, ...]
    moves: tuple[Move, ...]
    apart: bool
    present: tuple[TwinId, ...]
    rooms: Mapping[TwinId, ZoneId | None]


LONG, SHORT = 180, 60
"""A phase longer than the first, minutes, is cut where a step begins, into pieces not shorter
than the second."""


def find_phases(book: DayBook) -> tuple[Phase, ...]:
    """The phases of the day in order; milestones of one minute close one phase together."""
    titles: dict[Minute, list[str]] = {}
    for milestone in book.procedure.milestones:
        minute = book.schedule.milestones.get(milestone.id)
        if minute is not None and minute > 0:
            titles.setdefault(minute, []).append(milestone.title)
    titles.setdefault(book.schedule.makespan, ["End of the day"])
    phases: list[Phase] = []
    before = frozenset[StaffId]()
    for start, end in pairwise([Minute(0), *sorted(titles)]):
        for span in _cut(book, start, end):
            goal = f", until: {' and '.join(titles[end])}" if span[1] == end else ""
            phase = _phase(book, len(phases) + 1, span, goal, before)
            phases.append(phase)
            before = frozenset(stand.person for stand in phase.stands)
    return tuple(phases)


def _cut(book: DayBook, start: Minute, end: Minute) -> list[tuple[Minute, Minute]]:
    """The span in pieces, cut where a step begins, if it is long."""
    opens: dict[int, Minute] = {}
    for entry in book.entries:
        if step := book.tasks[entry.task].step:
            opens.setdefault(step, entry.start)
    cuts = [start]
    if end - start > LONG:
        for minute in sorted(opens.values()):
            if minute >= cuts[-1] + SHORT and minute <= end - SHORT:
                cuts.append(minute)
    return list(pairwise([*cuts, end]))


def _phase(
    book: DayBook, number: int, span: tuple[Minute, Minute], goal: str, before: frozenset[StaffId]
) -> Phase:
    start, end = span
    moment = _fullest(book, start, end)
    stands = tuple(_stands(book, moment))
    there = {stand.person for stand in stands}
    separation = book.schedule.milestones.get(book.procedure.separation)
    apart = separation is not None and moment >= separation
    return Phase(
        number=number,
        title=_name_work(book, start, end) + goal,
        start=start,
        end=end,
        moment=moment,
        stands=stands,
        entering=tuple(p for p in book.people if p in there - before),
        leaving=tuple(p for p in book.people if p in before - there),
        moves=tuple(_moves(book, start, end, there)),
        apart=apart,
        present=_present(book, moment, apart),
        rooms={twin: book.room_at(Subject(twin.value), moment) for twin in TwinId},
    )


def _name_work(book: DayBook, start: Minute, end: Minute) -> str:
    """The step on which most person-minutes of the span are spent, watches apart."""
    spent: dict[str, int] = {}
    for entry in book.entries:
        task = book.tasks[entry.task]
        shared = min(entry.end, end) - max(entry.start, start)
        if task.step and shared > 0:
            name = re.split(r"[:,;(]", task.title, maxsplit=1)[0].strip()
            spent[name] = spent.get(name, 0) + shared * max(len(entry.staff), 1)
    return max(spent, key=lambda name: spent[name], default="Watch")


def _present(book: DayBook, moment: Minute, apart: bool) -> tuple[TwinId, ...]:
    """Who lies in a theatre: from the first own task to the last; joined twins together."""
    present = []
    for twin in TwinId:
        own = [e for e in book.entries if book.tasks[e.task].subject.value == twin.value]
        if own and own[0].start <= moment < max(entry.end for entry in own):
            present.append(twin)
    joint = any(
        book.tasks[e.task].subject in (Subject.BOTH, Subject.SHARED) and e.start <= moment < e.end
        for e in book.entries
    )
    return tuple(TwinId) if not apart and (present or joint) else tuple(present)


def _fullest(book: DayBook, start: Minute, end: Minute) -> Minute:
    """The first minute of the phase at which most people are at work, watches counted last."""
    starts = {start} | {entry.start for entry in book.entries if start < entry.start < end}

    def crowd(minute: Minute) -> tuple[int, int]:
        now = [entry for entry in book.entries if entry.start <= minute < entry.end]
        work = [entry for entry in now if book.tasks[entry.task].step]
        return sum(len(entry.staff) for entry in work), sum(len(entry.staff) for entry in now)

    return max(sorted(starts), key=crowd)


def _stands(book: DayBook, moment: Minute) -> list[Stand]:
    """Everybody at work at that minute in the order of the roster; whoever holds two duties
    stands at the one that has a place of its own, then at the one of higher priority.
    """
    found = []
    for person in book.people:
        turns = [t for t in book.turns.get(person, ()) if t.start <= moment < t.end]
        if turns:
            turn = max(turns, key=lambda t: (_is_inner(t.place), t.task.priority, -t.start))
            found.append(_stand(book, person, turn, moment))
    return found


def _is_inner(place: ZoneId | None) -> bool:
    return place is not None and not place.startswith(ROOM)


def _stand(book: DayBook, person: StaffId, turn: Turn, moment: Minute) -> Stand:
    subject = turn.task.subject
    room = turn.place
    if room is None or not room.startswith(ROOM):
        tail = "" if turn.place is None else turn.place.rpartition("-")[2]
        twin = Subject(tail) if tail in ("A", "B") else subject
        room = book.room_at(twin, moment)
    return Stand(
        person=person,
        skill=turn.skills[0],
        place=turn.place,
        room=room,
        subject=subject,
        until=turn.end,
    )


def _moves(book: DayBook, start: Minute, end: Minute, there: set[StaffId]) -> list[Move]:
    moves = []
    for person in book.people:
        turns = [t for t in book.turns.get(person, ()) if t.start < end and t.end > start]
        if turns and person not in there:
            subjects = {turn.task.subject for turn in turns}
            one = next(iter(subjects)) if len(subjects) == 1 else Subject.BOTH
            moves.append(
                Move(
                    person=person,
                    skill=turns[0].skills[0],
                    start=max(start, min(turn.start for turn in turns)),
                    end=min(end, max(turn.end for turn in turns)),
                    subject=one,
                )
            )
    return sorted(moves, key=lambda move: (move.start, move.end))


def kit_in_use(book: DayBook, moment: Minute, twin: TwinId | None) -> dict[str, int]:
    """Kit of the tasks under way that concern that twin (None: any task), title and number."""
    found: dict[str, int] = {}
    for entry in book.entries:
        task = book.tasks[entry.task]
        if not entry.start <= moment < entry.end:
            continue
        if twin is None or concerns(task.subject, Subject(twin.value)):
            for id, count in task.equipment.items():
                title = book.kit.get(id, str(id))
                found[title] = found.get(title, 0) + count
    return dict(sorted(found.items()))
