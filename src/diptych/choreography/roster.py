"""The people of the day, from rows of text; every fault is reported at once with its row."""

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from itertools import pairwise

from diptych.choreography.policy import clock_minute, clock_text
from diptych.model import InputError, InputErrors, Minute, RoleId, SkillId, Staff, StaffId
from diptych.tables import SourcedTable

_COLUMNS = ("id", "name", "role", "extra_skills", "team", "start", "end")
_CALLED = ("on_call_start", "on_call_end", "travel")
_OPTIONAL = ("grade", "absences", *_CALLED)
_DAY = 1440
_EARLY = 180
_LONGEST = 2 * _DAY
_GRADE = 3
_SPAN = re.compile(r"(-?[^-–]+?)\s*[-–]\s*([^-–]+)")
_LOOK_ALIKE = str.maketrans(
    "авегікмнорстухѕјԁԛԝһ" + "αβεικνορτυχ" + "01",
    "aberikmhopctyxsjdqwh" + "abeikvoptyx" + "ol",
)
Rows = Sequence[tuple[int, Sequence[str]]]
"""Number of a row as its file shows it, and its cells; the first row names the columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    roles: SourcedTable
    skills: SourcedTable
    day_start: str


def read_roster(
    text: str, *, tables: Mapping[str, SourcedTable], day_start: str = "07:00"
) -> tuple[Staff, ...]:
    """The people of a roster CSV in the order of its rows; see `read_people`.

    Cells are separated by commas, or by semicolons or tabs where the first line has no comma.
    """
    return read_people(split_csv(text), tables=tables, day_start=day_start, name="roster.csv")


def split_csv(text: str) -> Rows:
    """Rows of a CSV text with the number of the line that each ends on."""
    text = text.lstrip("\ufeff")
    first = text.partition("\n")[0]
    mark = next((mark for mark in ",;\t" if mark in first), ",")
    reader = csv.reader(StringIO(text), skipinitialspace=True, delimiter=mark)
    return [(reader.line_num, cells) for cells in reader if cells]


def read_people(
    rows: Rows, *, tables: Mapping[str, SourcedTable], day_start: str = "07:00", name: str
) -> tuple[Staff, ...]:
    """The people of a roster, in the order of its rows; the first row names the columns.

    Columns: id, name, role, extra_skills (separated by ; or spaces), team (A, B or both),
    start, end; if wanted grade (1 to 5, else 3), absences ("03:00-05:00; 09:00-09:30") and
    on_call_start, on_call_end, travel (outside the hours, minutes of the way to the house).
    Hours are clock readings or whole minutes after `day_start`. "07:30+1" is
    that moment of the next day; so is "31:30". A plain clock reading means, for the start,
    the first such moment from three hours before the day's start on; for the end, the first
    such moment after the person's start; for an absence, the first from the person's start
    on; times on call are read as the hours are. `tables` needs "roles" and "skills"; `name` is
    the file's, for messages. Raises InputErrors with every fault: a missing column, an empty or
    odd field, an unknown role or skill, absences that overlap or lie outside the hours, times on
    call that are incomplete or reach into the hours, one person twice, also under look-alike
    letters.
    """
    reader = _Reader(roles=tables["roles"], skills=tables["skills"], day_start=day_start)
    faults: list[InputError] = []
    people: list[tuple[int, Staff]] = []
    for line, row in _named(rows, name, faults):
        person = _person(reader, line, row, faults)
        if person is not None:
            people.append((line, person))
    faults += _twice(people, day_start)
    if faults:
        raise InputErrors(faults, subject=name)
    return tuple(person for _, person in people)


def _named(rows: Rows, name: str, faults: list[InputError]) -> list[tuple[int, dict[str, str]]]:
    header = [cell.strip() for cell in rows[0][1]] if rows else []
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise InputError(
            f"{name} has no column {', '.join(missing)}; its first line is {','.join(header)!r}",
            remedy=f"begin the file with the line {','.join(_COLUMNS)}",
        )
    faults += _odd_columns(header, rows[0][0])
    named = []
    for line, cells in rows[1:]:
        texts = [cell.strip() for cell in cells]
        if len(texts) > len(header) and any(texts[len(header) :]):
            faults.append(
                _fault(
                    line,
                    f"{len(texts)} cells, expected {len(header)}",
                    "put a name that holds a comma into quotation marks",
                )
            )
        elif any(texts):
            named.append((line, dict(zip(header, texts + [""] * len(header), strict=False))))
    if not named and not faults:
        raise InputError(f"{name} names nobody", remedy="write one row for each person")
    return named


def _odd_columns(header: Sequence[str], line: int) -> list[InputError]:
    """Columns that stand twice, and those that are likely ours, misspelled."""
    known = (*_COLUMNS, *_OPTIONAL)
    odd = [
        _fault(line, f"column {column} stands twice", "keep one of them")
        for column in known
        if header.count(column) > 1
    ]
    for column in header:
        like = get_close_matches(column.casefold(), known, n=1, cutoff=0.8)
        if column not in known and like:
            words = f"column {column!r} is unknown"
            odd.append(_fault(line, words, f"write {like[0]!r}, or another name"))
    return odd


def _person(
    reader: _Reader, line: int, row: dict[str, str], faults: list[InputError]
) -> Staff | None:
    before = len(faults)
    faults += _row_faults(reader, line, row)
    start = _minute(reader, line, row["start"], None, faults)
    end = _minute(reader, line, row["end"], None if start is None else start + 1, faults)
    grade = _grade(line, row, faults)
    absences: list[tuple[Minute, Minute]] = []
    on_call: list[tuple[Minute, Minute, Minute]] = []
    if start is not None and end is not None:
        faults += _hour_faults(line, row["name"], start, end)
        absences = _absences(reader, line, row, (start, end), faults)
        on_call = _on_call(reader, line, row, (start, end), faults)
    if len(faults) > before or start is None or end is None:
        return None
    role = reader.roles.row(row["role"])
    skills = dict.fromkeys((*role.texts("skills"), *_extra(row)))
    try:
        return Staff(
            id=StaffId(row["id"]),
            name=unicodedata.normalize("NFC", row["name"]),
            role=RoleId(row["role"]),
            skills=tuple(SkillId(skill) for skill in skills),
            team=row["team"],
            start=start,
            end=end,
            grade=grade,
            absences=tuple(absences),
            on_call=tuple(on_call),
        )
    except InputError as error:
        faults.append(_fault(line, error.message, error.remedy))
        return None


def _hour_faults(line: int, who: str, start: Minute, end: Minute) -> list[InputError]:
    if end - start <= _LONGEST:
        return []
    words = f"the hours of {who} are {(end - start) / 60:.0f} h long, expected at most 48"
    return [_fault(line, words, "correct start and end; 07:30+1 is the next morning")]


def _grade(line: int, row: dict[str, str], faults: list[InputError]) -> int:
    text = row.get("grade", "")
    if text in ("", "1", "2", "3", "4", "5"):
        return int(text or _GRADE)
    words = f"grade of {row['name']} is {text!r}, expected a whole number from 1 to 5"
    faults.append(_fault(line, words, "1 is in training, 3 works alone, 5 leads the field"))
    return _GRADE


def _absences(
    reader: _Reader,
    line: int,
    row: dict[str, str],
    hours: tuple[Minute, Minute],
    faults: list[InputError],
) -> list[tuple[Minute, Minute]]:
    """Absences in order of time; faults for those that cannot be read or do not fit."""
    spans: list[tuple[Minute, Minute, str]] = []
    for text in filter(None, (part.strip() for part in row.get("absences", "").split(";"))):
        span = _span(reader, line, text, hours[0], faults)
        if span is not None and not hours[0] <= span[0] < span[1] <= hours[1]:
            words = f"absence {text} of {row['name']} does not lie within the hours"
            remedy = f"change it, or the hours {row['start']} to {row['end']}"
            faults.append(_fault(line, words, remedy))
        elif span is not None:
            spans.append((*span, text))
    spans.sort()
    faults += [
        _fault(
            line,
            f"absences {one[2]} and {two[2]} of {row['name']} overlap",
            "write one absence from the first minute to the last",
        )
        for one, two in pairwise(spans)
        if two[0] < one[1]
    ]
    return [(start, end) for start, end, _ in spans]


def _on_call(
    reader: _Reader,
    line: int,
    row: dict[str, str],
    hours: tuple[Minute, Minute],
    faults: list[InputError],
) -> list[tuple[Minute, Minute, Minute]]:
    """When the person can be called from elsewhere and how long the way is; empty if never."""
    texts = [row.get(column, "") for column in _CALLED]
    if not any(texts):
        return []
    who, known = row["name"], len(faults)
    empty = [column for column, text in zip(_CALLED, texts, strict=True) if not text]
    if empty:
        words = f"{', '.join(empty)} of {who} is empty, expected all of {', '.join(_CALLED)}"
        faults.append(_fault(line, words, "fill all three, or none"))
    elif not texts[2].isdecimal():
        words = f"travel of {who} is {texts[2]!r}, expected whole minutes"
        faults.append(_fault(line, words, "write how many minutes the way takes, such as 30"))
    begin = _minute(reader, line, texts[0], None, faults)
    end = _minute(reader, line, texts[1], None if begin is None else begin + 1, faults)
    if len(faults) > known or begin is None or end is None:
        return []
    if begin >= end or (begin < hours[1] and hours[0] < end):
        words = f"{who} is on call {texts[0]} to {texts[1]}, within the hours or back to front"
        remedy = f"change it, or the hours {row['start']} to {row['end']}"
        faults.append(_fault(line, words, remedy))
        return []
    return [(begin, end, Minute(int(texts[2])))]


def _span(
    reader: _Reader, line: int, text: str, earliest: Minute, faults: list[InputError]
) -> tuple[Minute, Minute] | None:
    found = _SPAN.fullmatch(text)
    if found is None:
        words = f"absence is {text!r}, expected two times such as 03:00-05:00"
        faults.append(_fault(line, words, "write from-to, and a semicolon between two absences"))
        return None
    start = _minute(reader, line, found[1], earliest, faults)
    end = _minute(reader, line, found[2], None if start is None else start + 1, faults)
    return None if start is None or end is None else (start, end)


def _extra(row: dict[str, str]) -> list[str]:
    return row["extra_skills"].replace(";", " ").split()


def _row_faults(reader: _Reader, line: int, row: dict[str, str]) -> list[InputError]:
    found = [
        _fault(line, f"{name} is empty", f"fill in {name}")
        for name in ("id", "name", "role", "team", "start", "end")
        if not row[name]
    ]
    if row["role"] and row["role"] not in reader.roles.rows:
        known = ", ".join(reader.roles.rows)
        found.append(
            _fault(line, f"role {row['role']!r} of {row['name']} is unknown", f"use one of {known}")
        )
    known = ", ".join(reader.skills.rows)
    found += [
        _fault(line, f"skill {skill!r} of {row['name']} is unknown", f"use one of {known}")
        for skill in _extra(row)
        if skill not in reader.skills.rows
    ]
    return found


def _fault(line: int, message: str, remedy: str) -> InputError:
    return InputError(f"row {line}: {message}", remedy=remedy)


def _minute(
    reader: _Reader, line: int, text: str, earliest: int | None, faults: list[InputError]
) -> Minute | None:
    """Minutes of the day for one field; None (and a fault) when it cannot be read.

    A plain clock reading is its first moment at `earliest` or later.
    """
    if not text:
        return None
    if text.lstrip("-").isdecimal():
        return Minute(int(text))
    clock, plus, days = text.partition("+")
    hours, colon, minutes = clock.partition(":")
    whole = [hours, minutes, days] if plus else [hours, minutes]
    if not (colon and all(part.isdecimal() for part in whole) and int(minutes) < 60):
        faults.append(
            _fault(
                line,
                f"time is {text!r}, expected HH:MM, HH:MM+1 or minutes",
                "write it like 19:00, or 07:30+1 for the next morning",
            )
        )
        return None
    moment = 60 * int(hours) + int(minutes) - clock_minute(reader.day_start)
    if plus or int(hours) >= 24:
        return Minute(moment + _DAY * int(days or 0))
    first = -_EARLY if earliest is None else earliest
    return Minute(first + (moment - first) % _DAY)


def _twice(people: list[tuple[int, Staff]], day_start: str) -> list[InputError]:
    """A fault for each row that repeats the id of another, or the name of a third."""
    faults: list[InputError] = []
    by_id: dict[str, tuple[int, Staff]] = {}
    by_name: dict[str, tuple[int, Staff]] = {}
    for row in people:
        person = row[1]
        owner = by_id.setdefault(_skeleton(person.id), row)
        namesake = by_name.setdefault(_skeleton(person.name), row)
        if owner is not row:
            words = _tell_alike("id", owner[1].id, person.id)
            faults.append(_clash(row, owner, words, day_start))
        if namesake is not row and namesake is not owner:
            words = _tell_alike("name", namesake[1].name, person.name)
            faults.append(_clash(row, namesake, words, day_start))
    return faults


def _clash(
    row: tuple[int, Staff], before: tuple[int, Staff], words: str, day_start: str
) -> InputError:
    (line, person), (first_line, first) = row, before
    start, end = max(person.start, first.start), min(person.end, first.end)
    shared = f"{clock_text(day_start, start)} to {clock_text(day_start, end)}"
    hours = f"; their hours overlap from {shared}" if start < end else ""
    return InputError(
        f"rows {first_line} and {line} ({first.name} and {person.name}) have {words}{hours}",
        remedy="keep one row for each person, with the time between two shifts under absences,"
        " or tell two people apart in their names and ids",
    )


def _tell_alike(what: str, first: str, second: str) -> str:
    """In what the two ids or names agree; of look-alikes, the letters that differ."""
    if first == second:
        return f"the same {what} {second!r}"
    letters = sorted(
        {letter for letter in first + second if (letter in first) != (letter in second)}
    )
    odd = ", ".join(
        f"{letter!r} is {unicodedata.name(letter, 'unnamed')}" for letter in letters[:4]
    )
    return f"{what}s that look alike, {first!r} and {second!r}" + (f" ({odd})" if odd else "")


def _skeleton(text: str) -> str:
    """What a name looks like: case, accents, spacing and look-alike letters set aside."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(bare.translate(_LOOK_ALIKE).split())
