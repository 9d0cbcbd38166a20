"""The people of the day, read from CSV; every fault is reported at once with its row."""

import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO

from diptych.choreography.policy import clock_minute
from diptych.model import InputError, InputErrors, Minute, RoleId, SkillId, Staff, StaffId
from diptych.tables import SourcedTable

_COLUMNS = ("id", "name", "role", "extra_skills", "team", "start", "end")
_DAY = 1440
_EARLY = 180
_LOOK_ALIKE = str.maketrans(
    "авегікмнорстухѕјԁԛԝһ" + "αβεικνορτυχ" + "01",
    "aberikmhopctyxsjdqwh" + "abeikvoptyx" + "ol",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    roles: SourcedTable
    skills: SourcedTable
    day_start: str


def read_roster(
    text: str, *, tables: Mapping[str, SourcedTable], day_start: str = "07:00"
) -> tuple[Staff, ...]:
    """The people of a roster CSV in the order of its rows.

    Columns: id, name, role, extra_skills (separated by ; or spaces), team (A, B or both),
    start, end. Hours are clock readings or whole minutes after `day_start`. "07:30+1" is
    that moment of the next day; so is "31:30". A plain clock reading means, for the start,
    the first such moment from three hours before the day's start on; for the end, the first
    such moment after the person's start. `tables` needs "roles" and
    "skills". Raises InputErrors with every fault: a missing column, an empty or odd field,
    an unknown role or skill, one person twice, also under look-alike letters.
    """
    rows = _rows(text)
    reader = _Reader(roles=tables["roles"], skills=tables["skills"], day_start=day_start)
    faults: list[InputError] = []
    people: list[tuple[int, Staff]] = []
    for line, row in rows:
        person = _person(reader, line, row, faults)
        if person is not None:
            people.append((line, person))
    faults += _twice(people)
    if faults:
        raise InputErrors(faults, subject="roster.csv")
    return tuple(person for _, person in people)


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(StringIO(text.lstrip("\ufeff")), skipinitialspace=True)
    header = [(name or "").strip() for name in reader.fieldnames or []]
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise InputError(
            f"roster.csv has no column {', '.join(missing)}; its first line is"
            f" {','.join(header)!r}",
            remedy=f"begin the file with the line {','.join(_COLUMNS)}",
        )
    reader.fieldnames = header
    rows = [
        (reader.line_num, {name: (row.get(name) or "").strip() for name in _COLUMNS})
        for row in reader
    ]
    if not rows:
        raise InputError("roster.csv names nobody", remedy="write one row for each person")
    return rows


def _person(
    reader: _Reader, line: int, row: dict[str, str], faults: list[InputError]
) -> Staff | None:
    before = len(faults)
    faults += _row_faults(reader, line, row)
    start = _minute(reader, line, row["start"], None, faults)
    end = _minute(reader, line, row["end"], start, faults)
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
        )
    except InputError as error:
        faults.append(_fault(line, error.message, error.remedy))
        return None


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
    reader: _Reader, line: int, text: str, after: Minute | None, faults: list[InputError]
) -> Minute | None:
    """Minutes of the day for one field; None (and a fault) when it cannot be read."""
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
    earliest = -_EARLY if after is None else after + 1
    return Minute(earliest + (moment - earliest) % _DAY)


def _twice(people: list[tuple[int, Staff]]) -> list[InputError]:
    faults: list[InputError] = []
    by_id: dict[str, tuple[int, Staff]] = {}
    by_name: dict[str, tuple[int, Staff]] = {}
    for line, person in people:
        faults += _clash(by_id, _skeleton(person.id), line, person, "id")
        faults += _clash(by_name, _skeleton(person.name), line, person, "name")
    return faults


def _clash(
    seen: dict[str, tuple[int, Staff]], key: str, line: int, person: Staff, what: str
) -> list[InputError]:
    if key not in seen:
        seen[key] = (line, person)
        return []
    first_line, first = seen[key]
    ours, theirs = (person.id, first.id) if what == "id" else (person.name, first.name)
    alike = "the same" if ours == theirs else f"{theirs!r}, which looks like {ours!r}"
    overlap = max(person.start, first.start), min(person.end, first.end)
    hours = (
        f"; their hours overlap from minute {overlap[0]} to {overlap[1]}"
        if overlap[0] < overlap[1]
        else ""
    )
    return [
        InputError(
            f"rows {first_line} and {line} have {alike} {what} ({ours}){hours}",
            remedy="keep one row for each person, or tell two people apart in their names and ids",
        )
    ]


def _skeleton(text: str) -> str:
    """What a name looks like: case, accents, spacing and look-alike letters set aside."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(bare.translate(_LOOK_ALIKE).split())
