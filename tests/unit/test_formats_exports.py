"""Calendars and MS Project files read back; sheets that run nothing when they are opened."""

from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from choreography_days import after, day, person, task
from day_builders import make_schedule

from diptych.formats.ical import CalendarEvent, fold_line, make_uid, render_calendar
from diptych.formats.mspdi import SPACE, link_lags, render_project
from diptych.formats.sheet import render_csv
from diptych.model import Assignment, InputError, Schedule, StaffId
from diptych.pipeline.calendars import (
    DAY_COLUMNS,
    find_zero,
    name_files,
    render_calendars,
    tell_day,
)
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.opening import new_case

ZERO = datetime.fromisoformat("2026-05-31T07:00:00")
ODD = "Ковальчук, Олена; \\ \U0001f9e0\nsecond line\r\x07"
NS = {"p": SPACE}


def read_calendar(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """A tiny reader of iCalendar: unfolds, splits, takes escapes back."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    head: dict[str, str] = {}
    events: list[dict[str, str]] = []
    into = head
    for line in text.replace("\r\n ", "").strip().split("\r\n"):
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            into = {}
            events.append(into)
        elif line == "END:VEVENT":
            into = head
        else:
            into[name] = unescape(value)
    return head, events


def unescape(value: str) -> str:
    signs, result = iter(value), ""
    for sign in signs:
        following = next(signs) if sign == "\\" else sign
        result += "\n" if sign == "\\" and following in "nN" else following
    return result


def test_calendar_is_read_back_with_every_odd_sign() -> None:
    event = CalendarEvent(
        key=("case", "ann", "t1"),
        start=ZERO,
        end=ZERO + timedelta(minutes=90),
        summary=ODD * 3,
        location="Theatre 1, left",
        description="a\\nb",
    )
    head, (found,) = read_calendar(render_calendar("Day; all", [event], ZERO))
    assert head["VERSION"] == "2.0"
    assert head["X-WR-CALNAME"] == "Day; all"
    assert found["SUMMARY"] == ODD.replace("\r", "\n").replace("\x07", "") * 3
    assert found["LOCATION"] == "Theatre 1, left"
    assert found["DESCRIPTION"] == "a\\nb"
    assert (found["DTSTART"], found["DTEND"]) == ("20260531T070000", "20260531T083000")


@pytest.mark.parametrize("letter", ["a", "é", "Ж", "\U0001f9e0"])
def test_folding_never_cuts_a_letter(letter: str) -> None:
    for count in range(60, 90):
        folded = fold_line(letter * count)
        assert all(len(piece.encode()) <= 75 for piece in folded.split("\r\n"))
        assert folded.replace("\r\n ", "") == letter * count


def test_uids_come_from_the_key_and_from_nothing_else() -> None:
    assert make_uid(("a", "b")) == make_uid(("a", "b"))
    keys = [("a", "b"), ("ab", ""), ("", "ab"), ("a\0b",), ("b", "a")]
    assert len({make_uid(key) for key in keys}) == len(keys)


def test_calendars_of_a_day_hold_every_turn_of_every_person() -> None:
    schedule = make_schedule(names={"ana": "Ana, Ortiz; =1+1"})
    texts = render_calendars(schedule, ZERO, "pair-01")
    assert sorted(texts) == ["ana.ics", "ben.ics", "cho.ics", "dee.ics", "everybody.ics"]
    assert texts == render_calendars(schedule, ZERO, "pair-01")
    _, everybody = read_calendar(texts["everybody.ics"])
    assert len(everybody) == len(schedule.assignments)
    head, ana = read_calendar(texts["ana.ics"])
    assert head["X-WR-CALNAME"].startswith("Ana, Ortiz; =1+1")
    assert [event["SUMMARY"] for event in ana] == ["Room check", "● A: Airway and lines"]
    assert [event["DTSTART"] for event in ana] == ["20260531T070000", "20260531T073000"]
    uids = [e["UID"] for text in texts.values() for e in read_calendar(text)[1]]
    assert len(set(uids)) == len(uids)


def test_moved_tasks_keep_their_uid() -> None:
    one = read_calendar(render_calendars(make_schedule(), ZERO, "x")["ana.ics"])[1]
    later = ZERO + timedelta(days=3)
    two = read_calendar(render_calendars(make_schedule(), later, "x")["ana.ics"])[1]
    assert [event["UID"] for event in one] == [event["UID"] for event in two]
    assert [event["DTSTART"] for event in one] != [event["DTSTART"] for event in two]


def test_mirrored_twins_swap_in_calendars() -> None:
    _, ana = read_calendar(render_calendars(make_schedule(mirrored=True), ZERO, "x")["ana.ics"])
    assert ana[1]["SUMMARY"] == "■ B: Airway and lines"


def test_file_names_are_safe_and_never_the_same() -> None:
    ids = ["../x", "x", "X", "Ж/1", "everybody", "", "a" * 90, "a" * 91]
    names = name_files([StaffId(id) for id in ids])
    stems = [name.casefold() for name in names.values()]
    assert len(set(stems)) == len(ids)
    assert "everybody" not in stems
    assert all("/" not in name and "." not in name and name for name in names.values())


def test_calendars_need_the_day_of_the_operation(tmp_path: Path) -> None:
    new_case(tmp_path / "case")
    folder = CaseFolder(tmp_path / "case")
    with pytest.raises(InputError, match="names no day of the operation") as caught:
        find_zero(folder, make_schedule())
    assert "operation = 2026-05-31" in caught.value.remedy
    text = folder.case_file.read_text("utf-8")
    folder.case_file.write_text(
        text.replace("# operation = 2026-05-31", "operation = 2126-05-31 #"), "utf-8"
    )
    assert find_zero(folder, make_schedule()).isoformat() == "2126-05-31T07:00:00"
    folder.case_file.write_text(
        text.replace("# operation = 2026-05-31", "operation = 1999-05-31 #"), "utf-8"
    )
    with pytest.raises(InputError, match="before the scan"):
        find_zero(folder, make_schedule())


def small_day() -> Schedule:
    """p, then q at once or up to 15 min later, then r overlapping q by 10 min; odd names."""
    procedure = day(
        [task("p", 60, {"cut": 1}), task("q", 40, {"cut": 2}), task("r", 30, {"sew": 1})],
        [after("p", "q", 0, 15), after("p", "q", 5), after("q", "r", -20, -10)],
        [person("a", "cut"), person("b", "cut", "sew"), person("c", "sew")],
    )
    rows = (("p", 0, 60, "a"), ("q", 65, 105, "ab"), ("r", 90, 120, "c"))
    return Schedule(
        procedure=procedure,
        assignments=tuple(
            Assignment(
                task=id,
                start=start,
                end=end,
                staff=tuple((who, "sew" if id == "r" else "cut") for who in people),
            )
            for id, start, end, people in rows
        ),
        makespan=120,
        bound=120,
        status="optimal",
        checked=True,
        violations=(),
        milestones={"separation": 120},
        solver="by hand",
    )


def texts_of(root: Xml.Element, path: str) -> list[str]:
    return [found.text or "" for found in root.findall(path, NS)]


def test_project_links_are_the_precedence_with_its_lags() -> None:
    schedule = small_day()
    root = Xml.fromstring(render_project(schedule, ZERO, "Day"))
    ids = dict(zip(texts_of(root, "p:Tasks/p:Task/p:UID"), "pqr", strict=True))
    links = {
        (ids[link.findtext("p:PredecessorUID", "", NS)], ids[one.findtext("p:UID", "", NS)]): (
            int(link.findtext("p:LinkLag", "", NS)) / 10,
            link.findtext("p:Type", "", NS),
        )
        for one in root.findall("p:Tasks/p:Task", NS)
        for link in one.findall("p:PredecessorLink", NS)
    }
    assert links == {("p", "q"): (5.0, "1"), ("q", "r"): (-20.0, "1")}
    notes = texts_of(root, "p:Tasks/p:Task/p:Notes")
    assert "At most 15 min after the end of Title p." in notes[1]
    assert "Milestone at its end: Separation." in notes[2]


def test_project_has_every_person_and_every_assignment() -> None:
    schedule = small_day()
    root = Xml.fromstring(render_project(schedule, ZERO, "Day"))
    assert texts_of(root, "p:Resources/p:Resource/p:Initials") == ["a", "b", "c"]
    pairs = zip(
        texts_of(root, "p:Assignments/p:Assignment/p:TaskUID"),
        texts_of(root, "p:Assignments/p:Assignment/p:ResourceUID"),
        strict=True,
    )
    assert list(pairs) == [("1", "1"), ("2", "1"), ("2", "2"), ("3", "3")]
    assert texts_of(root, "p:Tasks/p:Task/p:Start")[1] == "2026-05-31T08:05:00"
    assert texts_of(root, "p:Tasks/p:Task/p:Duration")[1] == "PT0H40M0S"


ORDER = {
    "Project": "SaveVersion UID Name Title ScheduleFromStart StartDate FinishDate CurrencyCode"
    " CalendarUID DefaultStartTime DefaultFinishTime MinutesPerDay MinutesPerWeek DaysPerMonth"
    " DurationFormat HonorConstraints NewTasksEffortDriven NewTasksEstimated Calendars Tasks"
    " Resources Assignments",
    "Calendar": "UID Name IsBaseCalendar BaseCalendarUID WeekDays",
    "WeekDay": "DayType DayWorking TimePeriod WorkingTimes",
    "WorkingTime": "FromTime ToTime",
    "Task": "UID ID Name Type IsNull OutlineNumber OutlineLevel Priority Start Finish Duration"
    " DurationFormat EffortDriven Estimated Milestone Summary ConstraintType CalendarUID"
    " ConstraintDate IgnoreResourceCalendar Notes PredecessorLink",
    "PredecessorLink": "PredecessorUID Type CrossProject LinkLag LagFormat",
    "Resource": "UID ID Name Type IsNull Initials Group MaxUnits",
    "Assignment": "UID TaskUID ResourceUID Finish Start Units Work",
}
"""Order of the elements that are used, as the published schema has them."""


def test_project_elements_stand_in_the_order_of_the_schema() -> None:
    root = Xml.fromstring(render_project(small_day(), ZERO, "Day"))
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{SPACE}}}")
        if name in ORDER:
            places = [
                ORDER[name].split().index(child.tag.removeprefix(f"{{{SPACE}}}"))
                for child in element
            ]
            assert places == sorted(places), name


def test_project_takes_names_that_xml_forbids() -> None:
    text = render_project(make_schedule(names={"ana": f"<b>&{ODD}\x00"}), ZERO, ODD)
    root = Xml.fromstring(text)
    assert "\x07" not in text
    name = texts_of(root, "p:Resources/p:Resource/p:Name")[0]
    assert name == "<b>&Ковальчук, Олена; \\ \U0001f9e0 second line"


def test_stricter_of_two_rules_for_a_pair_is_the_link() -> None:
    assert link_lags([after("p", "q", 3), after("p", "q", 7), after("o", "q", -2)]) == [
        ("o", -2),
        ("p", 7),
    ]


def test_day_as_rows_says_who_where_when_and_whose() -> None:
    rows = [dict(zip(DAY_COLUMNS, row, strict=True)) for row in tell_day(make_schedule())]
    assert rows[1]["subject"] == "A"
    assert (rows[1]["from"], rows[1]["to"]) == ("07:30", "08:30")
    assert rows[1]["people"] == "Ana Ortiz (work)"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b"])
def test_cells_that_a_spreadsheet_would_run_are_made_text(sign: str) -> None:
    text = render_csv(("name",), [(f"{sign}cmd|' /C calc'!A0",), (-3,)])
    assert f"'{sign}cmd" in text
    assert text.endswith("\n-3\n")
