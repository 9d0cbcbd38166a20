"""A roster in Excel: what a cell holds is text, and what it only seems to hold is named."""

from datetime import datetime, time, timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from choreography_days import tables
from openpyxl import Workbook

from diptych.choreography import read_people
from diptych.formats import workbook
from diptych.formats.workbook import parse_workbook, read_workbook
from diptych.model import InputError, InputErrors
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.opening import new_case
from diptych.pipeline.roster import load_roster, roster_facts

HEAD = ("id", "name", "role", "extra_skills", "team", "start", "end", "grade", "absences")
ANN = ("a", "Ann", "scrub-nurse", None, "A", time(19, 0), timedelta(hours=31, minutes=30), 4, None)


def write(path: Path, *rows: tuple, title: str = "Roster") -> Path:
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for row in book.active.iter_rows():
        for cell in row:
            if isinstance(cell.value, timedelta):
                cell.number_format = "[h]:mm"
    book.save(path)
    return path


def test_rows_come_back_as_text_through_the_child(tmp_path: Path) -> None:
    path = write(tmp_path / "roster.xlsx", HEAD, ANN, (), ("b", "Олена, Ковальчук", 12.0, 2.5))
    rows = read_workbook(path)
    assert rows == (
        (1, HEAD),
        (2, ("a", "Ann", "scrub-nurse", "", "A", "19:00", "31:30", "4")),
        (4, ("b", "Олена, Ковальчук", "12", "2.5")),
    )


def test_excel_times_become_hours_of_the_day(tmp_path: Path) -> None:
    path = write(tmp_path / "roster.xlsx", HEAD, ANN)
    rows = parse_workbook(path, "roster.xlsx")
    (ann,) = read_people(rows, tables=tables(), name="roster.xlsx")
    assert (ann.start, ann.end, ann.grade) == (720, 1470, 4)


def test_times_on_call_are_read_from_excel(tmp_path: Path) -> None:
    head = (*HEAD, "on_call_start", "on_call_end", "travel")
    path = write(tmp_path / "roster.xlsx", head, (*ANN, time(7, 0), time(19, 0), 25))
    (ann,) = read_people(parse_workbook(path, "roster.xlsx"), tables=tables(), name="roster.xlsx")
    assert ann.on_call == ((0, 720, 25),)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("=B1+1", r"row 3: cell F3 holds the formula '=B1\+1'"),
        (
            datetime.fromisoformat("2026-03-02T19:00"),
            "row 3: cell F3 is the date 2026-03-02, expected a clock",
        ),
        ("#N/A", "row 3: cell F3 holds the error #N/A"),
    ],
)
def test_cells_that_hold_no_plain_value_are_named(tmp_path: Path, value, words) -> None:
    path = write(tmp_path / "roster.xlsx", HEAD, ANN, (*ANN[:5], value, "21:00"))
    with pytest.raises(InputError, match=words):
        parse_workbook(path, "roster.xlsx")


def test_all_faulty_cells_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "roster.xlsx", HEAD, (*ANN[:5], "=1"), (*ANN[:5], "=2"))
    with pytest.raises(InputErrors) as caught:
        parse_workbook(path, "roster.xlsx")
    assert len(caught.value.faults) == 2


def test_text_that_begins_like_a_formula_is_text(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["id", "name"])
    book.active["A2"].value, book.active["A2"].data_type = "=danger()", "s"
    book.save(tmp_path / "roster.xlsx")
    assert parse_workbook(tmp_path / "roster.xlsx", "roster.xlsx")[1] == (2, ("=danger()",))


def test_merged_cells_are_named_by_row(tmp_path: Path) -> None:
    book = Workbook()
    for row in (HEAD, ANN[:5], ANN[:5]):
        book.active.append(row)
    book.active.merge_cells("C2:C3")
    book.save(tmp_path / "roster.xlsx")
    with pytest.raises(InputError, match="row 2: cells C2:C3 are merged"):
        parse_workbook(tmp_path / "roster.xlsx", "roster.xlsx")


def test_the_sheet_called_roster_is_read(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["notes"])
    book.create_sheet(" ROSTER ").append(["id"])
    book.save(tmp_path / "r.xlsx")
    assert parse_workbook(tmp_path / "r.xlsx", "r.xlsx") == [(1, ("id",))]


def test_two_filled_sheets_of_other_names_are_refused(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["id"])
    book.create_sheet("night").append(["id"])
    book.save(tmp_path / "r.xlsx")
    with pytest.raises(InputError, match=r"2 filled sheets \('Sheet', 'night'\), expected one"):
        parse_workbook(tmp_path / "r.xlsx", "r.xlsx")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id,name\n", "r.xlsx is not an Excel workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), r"old \.xls file or is locked by a password"),
        (b"", "r.xlsx is not an Excel workbook"),
    ],
)
def test_other_files_are_refused_with_words(tmp_path: Path, content, words) -> None:
    (tmp_path / "r.xlsx").write_bytes(content)
    with pytest.raises(InputError, match=words):
        parse_workbook(tmp_path / "r.xlsx", "r.xlsx")


def test_an_archive_that_is_no_workbook_and_one_that_unpacks_too_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ZipFile(tmp_path / "r.xlsx", "w") as packed:
        packed.writestr("hello.txt", "hello")
    with pytest.raises(InputError, match=r"cannot be read as an Excel workbook"):
        read_workbook(tmp_path / "r.xlsx")
    with ZipFile(tmp_path / "bomb.xlsx", "w", ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", bytes(3 * 1024 * 1024))
    assert (tmp_path / "bomb.xlsx").stat().st_size < 10_000
    monkeypatch.setattr(workbook, "_UNPACKED", 2 * 1024 * 1024)
    with pytest.raises(InputError, match=r"unpacks to 3 MiB, expected at most 2"):
        parse_workbook(tmp_path / "bomb.xlsx", "bomb.xlsx")


def test_a_sheet_that_reaches_far_out_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    book.active["XFD9000"] = 1
    book.save(tmp_path / "r.xlsx")
    with pytest.raises(InputError, match="reaches to row 9000, column 16384"):
        parse_workbook(tmp_path / "r.xlsx", "r.xlsx")


def test_a_case_with_both_rosters_is_refused_and_each_alone_is_read(tmp_path: Path) -> None:
    new_case(tmp_path / "case")
    folder = CaseFolder(tmp_path / "case")
    assert list(roster_facts(folder)) == ["roster.csv"]
    write(folder.workbook, HEAD, ANN)
    with pytest.raises(InputError, match=r"has roster\.csv and roster\.xlsx.*remove the one"):
        roster_facts(folder)
    with pytest.raises(InputError, match=r"has roster\.csv and roster\.xlsx"):
        load_roster(folder, tables(), "07:00")
    folder.roster.unlink()
    assert list(roster_facts(folder)) == ["roster.xlsx"]
    (ann,) = load_roster(folder, tables(), "07:00")
    assert ann.name == "Ann"


def test_faults_of_people_name_the_workbook(tmp_path: Path) -> None:
    new_case(tmp_path / "case")
    folder = CaseFolder(tmp_path / "case")
    folder.roster.unlink()
    write(folder.workbook, HEAD, ANN, (*ANN[:2], "surgeon", *ANN[3:]))
    with pytest.raises(InputErrors, match=r"roster\.xlsx: 1 fault: row 3: role 'surgeon'"):
        load_roster(folder, tables(), "07:00")
