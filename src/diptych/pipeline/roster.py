"""The roster of a case, as CSV or as an Excel workbook; never both."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from diptych.model import InputError, Staff
from diptych.pipeline.folder import CaseFolder, read_text
from diptych.tables import SourcedTable


def roster_facts(folder: CaseFolder) -> Mapping[str, object]:
    """Name and SHA-256 of the roster."""
    if _is_workbook(folder):
        return {folder.workbook.name: sha256(folder.workbook.read_bytes()).hexdigest()}
    return {folder.roster.name: sha256(read_text(folder.roster).encode()).hexdigest()}


def read_roster_file(
    path: Path, tables: Mapping[str, SourcedTable], day_start: str
) -> tuple[Staff, ...]:
    """The people of a roster in a file, a workbook if its name ends in .xlsx, else CSV."""
    from diptych.choreography import read_people, read_roster
    from diptych.formats.workbook import read_workbook

    if path.suffix.lower() == ".xlsx":
        rows = read_workbook(path)
        return read_people(rows, tables=tables, day_start=day_start, name=path.name)
    return read_roster(read_text(path), tables=tables, day_start=day_start)


def load_roster(
    folder: CaseFolder, tables: Mapping[str, SourcedTable], day_start: str
) -> tuple[Staff, ...]:
    """The people of the roster, checked; InputErrors with every fault and its row."""
    path = folder.workbook if _is_workbook(folder) else folder.roster
    return read_roster_file(path, tables, day_start)


def _is_workbook(folder: CaseFolder) -> bool:
    """Whether the case has a workbook; InputError if it has both."""
    if folder.workbook.exists() and folder.roster.exists():
        raise InputError(
            "the case has roster.csv and roster.xlsx, expected one of them",
            remedy="remove the one that is not meant: roster.csv (diptych new writes it, with"
            " invented people) or roster.xlsx",
        )
    return folder.workbook.exists()
