"""Writes a case.toml that a person can read and edit."""

import json
from collections.abc import Iterator

from diptych.intake.brief import CaseFile, SeriesEntry, TwinEntry
from diptych.model import Landmark

_HEAD = """\
# The case, written to be edited by a person. Diptych reads it and never changes it.
# Dates are calendar days (year-month-day), weights kilograms, positions millimetres.
"""


def compose_case_file(file: CaseFile) -> str:
    """The text of a case.toml with comments; reading it gives the same value again."""
    return "\n".join(_lines(file)) + "\n"


def _lines(file: CaseFile) -> Iterator[str]:
    yield _HEAD
    yield "[case]"
    yield f"id = {_text(file.id)}"
    yield "# For demonstration pairs: what the images were made from. Empty for patients."
    yield f"made_from = {_text(file.made_from)}"
    yield f"notes = {_text(file.notes)}"
    yield "\n[dates]"
    for name in ("born", "imaged", "earliest_operation", "latest_operation"):
        yield f"{name} = {getattr(file, name).isoformat()}"
    if file.operation is None:
        yield "# operation = 2026-05-31   (once the day is fixed: for calendars and MS Project)"
    else:
        yield f"operation = {file.operation.isoformat()}"
    yield "\n[site]"
    yield '# "north" or "south": decides when the season of respiratory infections is.'
    yield f"hemisphere = {_text(file.hemisphere)}"
    yield f"country = {_text(file.country)}"
    for letter in sorted(file.twins):
        yield from _twin(letter, file.twins[letter])
    for entry in file.series:
        yield from _series(entry)
    for part in sorted(file.policy):
        yield f"\n[policy.{_key(part)}]"
        for name in sorted(file.policy[part]):
            yield f"{_key(name)} = {_value(file.policy[part][name])}"


def _twin(letter: str, twin: TwinEntry) -> Iterator[str]:
    yield f"\n[twins.{_key(letter)}]"
    yield "# A short name; make the first letters of the two differ."
    yield f"label = {_text(twin.label)}"
    yield '# "female", "male" or "unknown"'
    yield f"sex = {_text(twin.sex)}"
    if twin.weight_kg is None:
        yield "# weight_kg = 8.2   (leave it out while no scale can weigh one twin alone)"
    else:
        yield f"weight_kg = {twin.weight_kg!r}"
    if twin.patient_id:
        yield "# The Patient ID of this twin in the DICOM group of patients."
        yield f"patient_id = {_text(twin.patient_id)}"
    if twin.last_fed:
        fed = ", ".join(f"{feed} = {_text(twin.last_fed[feed])}" for feed in sorted(twin.last_fed))
        yield "# When this twin was last fed what; its induction waits until the fast is over."
        yield f"last_fed = {{ {fed} }}"
    else:
        yield '# last_fed = { formula = "02:30" }   (on the day; its induction waits for the fast)'
    for mark in twin.landmarks:
        yield from _landmark(letter, mark)


def _landmark(letter: str, mark: Landmark) -> Iterator[str]:
    yield f"\n[[twins.{_key(letter)}.landmarks]]"
    yield f"name = {_text(mark.name)}"
    yield f"position_lps_mm = [{', '.join(repr(float(part)) for part in mark.position)}]"
    yield f"scatter_mm = {float(mark.scatter)!r}"
    yield f"confirmed_by = [{', '.join(_text(person) for person in mark.confirmed_by)}]"


def _series(entry: SeriesEntry) -> Iterator[str]:
    yield "\n[[series]]"
    yield '# "ct", "ctv" (contrast in the veins), "cta" (in the arteries), "mr", "mrv" or "mra"'
    yield f"role = {_text(entry.role)}"
    yield "# Inside raw/: a NIfTI file or a folder of DICOM files."
    yield f"path = {_text(entry.path)}"
    yield '# Whom it shows: "A", "B", or "SHARED" when both are in the field; and how we know.'
    yield f"subject = {_text(str(entry.subject))}"
    yield f"evidence = {_text(entry.evidence)}"
    if entry.register:
        yield "# Brought onto the grid of the first series by its content; the residual is shown."
        yield "register = true"


def _text(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, if DEL is escaped as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if plain else _text(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(part) for part in value)}]"
    if isinstance(value, dict):
        fields = (f"{_key(str(name))} = {_value(value[name])}" for name in sorted(value))
        return "{" + ", ".join(fields) + "}"
    return str(value)
