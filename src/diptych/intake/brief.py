"""What people wrote in case.toml, read to a plain value with every fault named at once."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from diptych.intake.identity import check_text
from diptych.model import Feed, InputError, InputErrors, Landmark, Subject
from diptych.model.geometry import Point

ROLES = {"ct": "CT", "ctv": "CT", "mr": "MR", "mrv": "MR", "cta": "CT", "mra": "MR"}
"""Roles of series and the modality that each needs."""
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinEntry:
    """[twins.A] as written. `patient_id` ties the twin to a member of the DICOM group.

    last_fed : clock reading "HH:MM" at which the twin was last given each kind of feed
    """

    label: str
    sex: str
    weight_kg: float | None = None
    patient_id: str = ""
    landmarks: tuple[Landmark, ...] = ()
    last_fed: Mapping[Feed, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesEntry:
    """[[series]] as written; `path` lies inside raw/. `register`: bring it onto the grid of
    the first series by its content, when it lies on another one.
    """

    role: str
    path: str
    subject: Subject
    evidence: str
    register: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """case.toml as a value. `twins` by letter; `policy` holds the options of each part.

    operation : the day of the operation once it is fixed; calendars need it, no plan does
    """

    id: str
    born: date
    imaged: date
    earliest_operation: date
    latest_operation: date
    hemisphere: str
    twins: Mapping[str, TwinEntry]
    series: tuple[SeriesEntry, ...]
    made_from: str = ""
    notes: str = ""
    country: str = ""
    operation: date | None = None
    policy: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def parse_case_file(text: str) -> CaseFile:
    """The value that the text of a case.toml describes.

    Raises InputErrors with all faults: invalid TOML, missing or unknown fields, wrong
    types, invisible characters, a path that leaves raw/.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = InputError(f"it is not valid TOML: {error}", remedy="correct that line")
        raise InputErrors([fault], subject="case.toml") from error
    reader = _Reader(faults=[])
    file = _case_file(reader, content)
    if reader.faults:
        raise InputErrors(reader.faults, subject="case.toml")
    return file


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Takes typed fields out of tables and gathers what is wrong with them."""

    faults: list[InputError]

    def fault(self, message: str, remedy: str) -> None:
        self.faults.append(InputError(message, remedy=remedy))

    def _wrong(self, name: str, value: object, expected: str) -> None:
        shown = "missing" if value is None else repr(value)
        self.fault(f"{name} is {shown}, expected {expected}", f"correct {name} in case.toml")

    def table(self, owner: Mapping[str, object], name: str, where: str) -> dict[str, object]:
        value = owner.get(name, {})
        if isinstance(value, dict):
            return value
        self._wrong(where, value, f"a table [{where}]")
        return {}

    def tables(self, owner: Mapping[str, object], name: str, where: str) -> list[dict[str, object]]:
        value = owner.get(name, [])
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            return value
        self._wrong(where, value, f"entries [[{where}]]")
        return []

    def known(self, table: Mapping[str, object], where: str, names: str) -> None:
        for name in sorted(set(table) - set(names.split())):
            self.fault(
                f"{where}.{name} is not known, expected one of {', '.join(names.split())}",
                f"correct the name or remove {where}.{name}",
            )

    def text(
        self, table: Mapping[str, object], where: str, name: str, default: str | None = None
    ) -> str:
        value = table.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            self._wrong(f"{where}.{name}", value, "text")
            return ""
        try:
            check_text(f"{where}.{name}", value)
        except InputError as error:
            self.faults.append(error)
        return value

    def day(self, table: Mapping[str, object], where: str, name: str) -> date:
        value = table.get(name)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            self._wrong(f"{where}.{name}", value, "a date such as 2026-05-31")
            return date(1, 1, 1)

    def number(self, value: object, name: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        self._wrong(name, value, "a number")
        return 0.0

    def clock(self, value: object, name: str) -> str:
        text = value if isinstance(value, str) else ""
        if not _CLOCK.fullmatch(text):
            self._wrong(name, value, 'a clock reading such as "02:30"')
            return ""
        return text

    def point(self, table: Mapping[str, object], where: str, name: str) -> Point:
        value = table.get(name)
        if not isinstance(value, list) or len(value) != 3:
            self._wrong(f"{where}.{name}", value, "three numbers [left, posterior, superior] in mm")
            return (0.0, 0.0, 0.0)
        x, y, z = (self.number(part, f"{where}.{name}") for part in value)
        return (x, y, z)


def _case_file(reader: _Reader, content: Mapping[str, object]) -> CaseFile:
    reader.known(content, "case.toml", "case dates site twins series policy")
    case, dates = reader.table(content, "case", "case"), reader.table(content, "dates", "dates")
    site, twins = reader.table(content, "site", "site"), reader.table(content, "twins", "twins")
    reader.known(case, "case", "id made_from notes")
    reader.known(dates, "dates", "born imaged earliest_operation latest_operation operation")
    reader.known(site, "site", "hemisphere country")
    return CaseFile(
        id=_case_id(reader, case),
        made_from=reader.text(case, "case", "made_from", ""),
        notes=reader.text(case, "case", "notes", ""),
        born=reader.day(dates, "dates", "born"),
        imaged=reader.day(dates, "dates", "imaged"),
        earliest_operation=reader.day(dates, "dates", "earliest_operation"),
        latest_operation=reader.day(dates, "dates", "latest_operation"),
        hemisphere=reader.text(site, "site", "hemisphere"),
        country=reader.text(site, "site", "country", ""),
        twins={name: _twin(reader, twins, name) for name in sorted(twins)},
        series=tuple(
            _series(reader, entry, f"series {number}")
            for number, entry in enumerate(reader.tables(content, "series", "series"), start=1)
        ),
        operation=reader.day(dates, "dates", "operation") if "operation" in dates else None,
        policy=_policy(reader, content),
    )


def _case_id(reader: _Reader, case: Mapping[str, object]) -> str:
    text = reader.text(case, "case", "id")
    if text and not all(sign.isalnum() or sign in "-_." for sign in text):
        reader.fault(
            f"case.id is {text!r}, expected letters, digits, '-', '_' and '.' only",
            "choose an id that can name a folder",
        )
    return text


def _policy(reader: _Reader, content: Mapping[str, object]) -> dict[str, dict[str, object]]:
    policy = reader.table(content, "policy", "policy")
    parts = {name: reader.table(policy, name, f"policy.{name}") for name in sorted(policy)}
    return {name: {key: _option(part[key]) for key in part} for name, part in parts.items()}


def _option(value: object) -> object:
    """The value of an option; a TOML date as its ISO text, which is how policies take dates."""
    return value.isoformat() if isinstance(value, date) else value


def _twin(reader: _Reader, twins: Mapping[str, object], letter: str) -> TwinEntry:
    where = f"twins.{letter}"
    table = reader.table(twins, letter, where)
    reader.known(table, where, "label sex weight_kg patient_id landmarks last_fed")
    weight = table.get("weight_kg")
    marks = reader.tables(table, "landmarks", f"{where}.landmarks")
    return TwinEntry(
        label=reader.text(table, where, "label"),
        sex=reader.text(table, where, "sex"),
        weight_kg=None if weight is None else reader.number(weight, f"{where}.weight_kg"),
        patient_id=reader.text(table, where, "patient_id", ""),
        landmarks=tuple(
            mark
            for number, entry in enumerate(marks, start=1)
            if (mark := _landmark(reader, entry, f"{where}.landmarks {number}")) is not None
        ),
        last_fed=_last_fed(reader, table, f"{where}.last_fed"),
    )


def _last_fed(reader: _Reader, owner: Mapping[str, object], where: str) -> dict[Feed, str]:
    """When the twin was last given each kind of feed; faults name the twin and the value."""
    table = reader.table(owner, "last_fed", where)
    reader.known(table, where, " ".join(feed.value for feed in Feed))
    return {
        feed: reader.clock(table[feed.value], f"{where}.{feed}")
        for feed in Feed
        if feed.value in table
    }


def _landmark(reader: _Reader, table: Mapping[str, object], where: str) -> Landmark | None:
    reader.known(table, where, "name position_lps_mm scatter_mm confirmed_by")
    by = table.get("confirmed_by", [])
    if not isinstance(by, list) or not all(isinstance(person, str) for person in by):
        reader.fault(
            f"{where}.confirmed_by is {by!r}, expected a list of names",
            f"correct {where}.confirmed_by in case.toml",
        )
        by = []
    try:
        return Landmark(
            name=reader.text(table, where, "name"),
            position=reader.point(table, where, "position_lps_mm"),
            scatter=reader.number(table.get("scatter_mm", 2.0), f"{where}.scatter_mm"),
            confirmed_by=tuple(by),
        )
    except InputError as error:
        reader.faults.append(error)
        return None


def _series(reader: _Reader, table: Mapping[str, object], where: str) -> SeriesEntry:
    reader.known(table, where, "role path subject evidence register")
    role = reader.text(table, where, "role")
    if role and role not in ROLES:
        reader.fault(
            f"{where}.role is {role!r}, expected {', '.join(ROLES)}", f"correct {where}.role"
        )
    return SeriesEntry(
        role=role,
        path=_inside_raw(reader, reader.text(table, where, "path"), where),
        subject=_subject(reader, reader.text(table, where, "subject"), where),
        evidence=reader.text(table, where, "evidence"),
        register=_flag(reader, table, where, "register"),
    )


def _flag(reader: _Reader, table: Mapping[str, object], where: str, name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        reader.fault(
            f"{where}.{name} is {value!r}, expected true or false", f"correct {where}.{name}"
        )
    return value is True


def _subject(reader: _Reader, text: str, where: str) -> Subject:
    if text in ("A", "B", "SHARED"):
        return Subject(text)
    if text:
        reader.fault(
            f"{where}.subject is {text!r}, expected A, B or SHARED",
            "say whom the series shows; SHARED when both twins are in the field",
        )
    return Subject.SHARED


def _inside_raw(reader: _Reader, path: str, where: str) -> str:
    parts = path.split("/")
    if path and (path.startswith("/") or "\\" in path or ":" in path or ".." in parts):
        reader.fault(
            f"{where}.path is {path!r}, expected a path inside raw/ such as 'ct.nii.gz'",
            "copy the series into raw/ and give its path from there",
        )
    return "/".join(part for part in parts if part not in ("", "."))
