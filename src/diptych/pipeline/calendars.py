"""The day in other programs' words: calendars of people, rows of a sheet, a project's dates."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

from diptych.formats.ical import CalendarEvent, render_calendar
from diptych.model import EquipmentId, InputError, Minute, Schedule, StaffId, Subject
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.opening import read_case_file
from diptych.report import DayBook

_SIGNS = {Subject.A: "● A", Subject.B: "■ B", Subject.SHARED: "◆ shared", Subject.BOTH: "A + B"}
DAY_COLUMNS = (
    "start_min",
    "end_min",
    "task",
    "subject",
    "people",
    "from",
    "to",
    "where",
    "kit",
    "step",
    "task_id",
    "way",
)


def find_zero(folder: CaseFolder, schedule: Schedule) -> datetime:
    """The moment of minute 0, a clock reading without a zone; InputError without a date."""
    file = read_case_file(folder)
    if file.operation is None:
        raise InputError(
            "case.toml names no day of the operation, which a calendar needs",
            remedy="write it under [dates], for instance: operation = 2026-05-31",
        )
    if file.operation < file.imaged:
        raise InputError(
            f"dates.operation is {file.operation}, before the scan of {file.imaged}",
            remedy="correct dates.operation in case.toml",
        )
    return datetime.combine(file.operation, time.fromisoformat(schedule.procedure.day_start))


def render_calendars(schedule: Schedule, zero: datetime, case: str) -> Mapping[str, str]:
    """Text of each calendar by file name: "everybody.ics", and one for each person at work."""
    book = DayBook(schedule)
    stamp = datetime.combine(zero.date(), time())
    names = name_files([person for person, turns in book.turns.items() if turns])
    texts = {
        "everybody.ics": render_calendar(
            f"Operation day, case {case}", _day_events(book, zero, case), stamp
        )
    }
    for person, file in names.items():
        title = f"{book.name(person)}: operation day, case {case}"
        texts[f"{file}.ics"] = render_calendar(
            title, _person_events(book, person, zero, case), stamp
        )
    return texts


def name_files(people: Sequence[StaffId]) -> dict[StaffId, str]:
    """A file name for each person that any system takes, none of them twice."""
    names: dict[StaffId, str] = {}
    taken = {"everybody"}
    for person in people:
        plain = unicodedata.normalize("NFC", person)
        safe = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in plain)
        stem = safe.strip("-")[:60] or "person"
        number = 1
        while (name := stem if number == 1 else f"{stem}-{number}").casefold() in taken:
            number += 1
        taken.add(name.casefold())
        names[person] = name
    return names


def _day_events(book: DayBook, zero: datetime, case: str) -> list[CalendarEvent]:
    events = []
    for entry in book.entries:
        task = book.tasks[entry.task]
        crew = [f"{book.name(person)} ({skill})" for person, skill in entry.staff]
        events.append(
            CalendarEvent(
                key=(case, "day", entry.task),
                start=zero + timedelta(minutes=entry.start),
                end=zero + timedelta(minutes=entry.end),
                summary=_summary(task.subject, task.title),
                location=", ".join(book.zone_title(zone) for zone in sorted(task.zones)),
                description="\n".join([*crew, *_kit(book, task.equipment)]),
                categories=(task.subject.value,),
            )
        )
    return events


def _person_events(
    book: DayBook, person: StaffId, zero: datetime, case: str
) -> list[CalendarEvent]:
    return [
        CalendarEvent(
            key=(case, person, turn.task.id),
            start=zero + timedelta(minutes=turn.start),
            end=zero + timedelta(minutes=turn.end),
            summary=_summary(turn.task.subject, turn.task.title),
            location=book.tell_place(turn.place, turn.task.subject, (turn.start, turn.end)),
            description="\n".join(
                [
                    f"As: {', '.join(turn.skills)}",
                    *([f"With: {', '.join(map(book.name, turn.beside))}"] if turn.beside else []),
                    *_kit(book, turn.task.equipment),
                ]
            ),
            categories=(turn.task.subject.value,),
        )
        for turn in book.turns[person]
    ]


def _summary(subject: Subject, title: str) -> str:
    return f"{_SIGNS[subject]}: {title}" if subject in _SIGNS else title


def _kit(book: DayBook, equipment: Mapping[EquipmentId, int]) -> list[str]:
    kit = [f"{count} x {book.kit.get(id, id)}" for id, count in sorted(equipment.items())]
    return [f"Kit: {', '.join(kit)}"] if kit else []


def tell_day(schedule: Schedule) -> list[tuple[object, ...]]:
    """A row for each task in order of time, under `DAY_COLUMNS`."""
    book = DayBook(schedule)
    rows: list[tuple[object, ...]] = []
    for entry in book.entries:
        task = book.tasks[entry.task]
        people = "; ".join(f"{book.name(person)} ({skill})" for person, skill in entry.staff)
        kit = [f"{count} {id}" for id, count in sorted(task.equipment.items())]
        rows.append(
            (
                entry.start,
                entry.end,
                task.title,
                task.subject.value,
                people,
                _clock(schedule, entry.start),
                _clock(schedule, entry.end),
                "; ".join(book.zone_title(zone) for zone in sorted(task.zones)),
                "; ".join(kit),
                task.step,
                task.id,
                entry.mode,
            )
        )
    return rows


def _clock(schedule: Schedule, minute: Minute) -> str:
    from diptych.choreography import clock_text

    return clock_text(schedule.procedure.day_start, minute)
