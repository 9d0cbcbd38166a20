"""Excel workbooks (.xlsx) as rows of text, read in the child process of `sandbox`.

A roster is a table of words and clock readings. What a cell only seems to say is refused by
its row: the result of a formula, a value under a merged cell, a calendar date in place of a
clock reading.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from diptych.formats.sandbox import MEBIBYTE, Limits, Source, read_in_child
from diptych.model import InputError, InputErrors

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

Row = tuple[int, tuple[str, ...]]
"""Number of a row as the sheet shows it, and its cells as text."""

LIMITS = Limits(
    memory_bytes=1024 * MEBIBYTE,
    cpu_s=20,
    wall_s=60.0,
    source_bytes=16 * MEBIBYTE,
    files=1,
    voxel_bytes=0,
)
REMEDY = "save the sheet again as a plain .xlsx, or as roster.csv"
SHEET = "roster"
_MOST_CELLS = 200_000
_UNPACKED = 256 * MEBIBYTE
_COMPOUND = b"\xd0\xcf\x11\xe0"
_LAST_CLOCK = 60.0
"""Excel counts days from 1900; smaller serial numbers are hours past midnight, no dates."""


def read_workbook(path: Path, *, name: str = "", limits: Limits = LIMITS) -> tuple[Row, ...]:
    """Rows of the sheet named "roster", or of the only sheet, without the empty rows.

    Clock readings that Excel keeps as times come as "HH:MM" (past midnight as "31:30").
    Raises InputError where the file is no workbook, is too large, or the child dies of it;
    InputErrors with every cell that cannot be taken as it stands.
    """
    source = Source(path=path, name=name)
    answer = read_in_child([source], limits, kind="workbook", remedy=REMEDY)
    return tuple((int(number), tuple(cells)) for number, cells in answer["rows"])


def parse_workbook(path: Path, name: str) -> list[Row]:
    """What `read_workbook` returns, in this process: only the child may call it."""
    _require_workbook(path, name)
    from openpyxl import load_workbook

    book = load_workbook(path, data_only=False, keep_vba=False, keep_links=False)
    for each in book.worksheets:
        _require_small(each, name)
    sheet = _choose(book, name)
    faults = list(_merged(sheet))
    rows = list(_rows(sheet, book.epoch, faults))
    if faults:
        raise InputErrors(faults, subject=name)
    return rows


def _require_workbook(path: Path, name: str) -> None:
    with path.open("rb") as stream:
        head = stream.read(4)
    if head == _COMPOUND:
        raise InputError(
            f"{name} is an old .xls file or is locked by a password, expected .xlsx",
            remedy="open it in Excel and save it as .xlsx without a password",
        )
    try:
        with ZipFile(path) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
    except BadZipFile as error:
        raise InputError(f"{name} is not an Excel workbook", remedy=REMEDY) from error
    if unpacked > _UNPACKED:
        raise InputError(
            f"{name} unpacks to {unpacked // MEBIBYTE} MiB, expected at most"
            f" {_UNPACKED // MEBIBYTE}",
            remedy=REMEDY,
        )


def _require_small(sheet: "Worksheet", name: str) -> None:
    if sheet.max_row * sheet.max_column > _MOST_CELLS:
        raise InputError(
            f"{name}: sheet {sheet.title!r} reaches to row {sheet.max_row}, column"
            f" {sheet.max_column}; expected at most {_MOST_CELLS} cells",
            remedy="delete the empty rows and columns that were once formatted, and save it again",
        )


def _choose(book: Any, name: str) -> "Worksheet":
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    named = [sheet for sheet in sheets if sheet.title.strip().casefold() == SHEET]
    filled = [sheet for sheet in sheets if any(_filled(row) for row in sheet.values)]
    chosen: list[Worksheet] = named or filled
    if len(chosen) != 1:
        titles = ", ".join(repr(sheet.title) for sheet in sheets)
        raise InputError(
            f"{name} has {len(filled)} filled sheets ({titles}), expected one",
            remedy=f"name the sheet with the people {SHEET!r}, or keep that one only",
        )
    return chosen[0]


def _filled(values: tuple[Any, ...]) -> bool:
    return any(value is not None and str(value).strip() for value in values)


def _merged(sheet: "Worksheet") -> Iterator[InputError]:
    for area in sorted(sheet.merged_cells.ranges, key=lambda found: (found.min_row, found.min_col)):
        yield InputError(
            f"row {area.min_row}: cells {area.coord} are merged, so that it is unclear what stands"
            " in each",
            remedy="unmerge them and write the value into every row that it is meant for",
        )


def _rows(sheet: "Worksheet", epoch: datetime, faults: list[InputError]) -> Iterator[Row]:
    for cells in sheet.iter_rows():
        if _filled(tuple(cell.value for cell in cells)):
            texts = [_text(cell, epoch, faults).strip() for cell in cells]
            while texts and not texts[-1]:
                texts.pop()
            yield cells[0].row, tuple(texts)


def _text(cell: Any, epoch: datetime, faults: list[InputError]) -> str:
    """The cell as text; a fault and nothing where it does not hold a plain value."""
    where, value = f"row {cell.row}: cell {cell.coordinate}", cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        words = str(getattr(value, "text", value))
        faults.append(
            InputError(
                f"{where} holds the formula {words!r:.60}, not a value",
                remedy="copy the cell and paste it as a value",
            )
        )
        return ""
    if cell.data_type == "e":
        faults.append(
            InputError(f"{where} holds the error {value}", remedy="write the value that is meant")
        )
        return ""
    if isinstance(value, date | time | timedelta):
        return _clock(value, epoch, where, faults)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _clock(
    value: date | time | timedelta, epoch: datetime, where: str, faults: list[InputError]
) -> str:
    """A time as "HH:MM" to the nearest minute; a calendar date is a fault."""
    from openpyxl.utils.datetime import to_excel

    days = float(to_excel(value, epoch))
    if isinstance(value, date) and days >= _LAST_CLOCK:
        faults.append(
            InputError(
                f"{where} is the date {value:%Y-%m-%d}, expected a clock reading",
                remedy="write the time alone, such as 19:00, or 07:30+1 for the next morning",
            )
        )
        return ""
    seconds = round(days * 86400)
    minutes, rest = divmod(seconds, 60)
    text = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return text if rest == 0 else f"{text}:{rest:02d}"
