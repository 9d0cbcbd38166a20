"""The strip of the next hour on the board: of the day as it runs, in words, never in the way."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from contingency_days import hazard
from day_builders import ZERO, MemoryLog, make_schedule
from fastapi.testclient import TestClient

from diptych.model import (
    Command,
    Equipment,
    EquipmentId,
    Minute,
    Schedule,
    SkillId,
    StaffId,
    Subject,
    TaskId,
    Zone,
    ZoneId,
)
from diptych.pipeline.lookout import Lookout
from diptych.pipeline.theatre_day import TheatreDay, _set_watch
from diptych.tables import load_table
from diptych.theatre import follow, forecast
from diptych.web.app import create_app


def hazards() -> list:
    """One asks for anybody within a minute, for either twin."""
    return [
        replace(
            hazard(f"arrest-{twin}", (1, "work", 1), subject=Subject(twin)),
            title=f"Cardiac arrest of twin {twin}",
        )
        for twin in "AB"
    ]


def make_day(*, ready: bool = True, troubles: list | None = None) -> tuple[TheatreDay, Lookout]:
    lookout = Lookout(hazards() if troubles is None else troubles)
    day = TheatreDay(MemoryLog(), make_schedule(), lookout)
    if ready:
        lookout.warm(day.schedule).join()
    return day, lookout


def enter(day: TheatreDay, kind: str, subject: Subject, at: int, task: str | None = None) -> None:
    command = Command(
        event_id=f"{kind}-{at:06d}".replace(".", "-"),
        kind=kind,
        subject=subject,
        task=None if task is None else TaskId(task),
        at=Minute(at),
        by=StaffId("ana"),
        body={"zero": ZERO} if kind == "day.start" else {},
        corrects=None,
    )
    answer = day.submit(command, Minute(at))
    assert answer.status == "stored", answer.message


def page_of(day: TheatreDay, minute: int) -> str:
    now = datetime.fromisoformat(ZERO) + timedelta(minutes=minute)
    client = TestClient(create_app(day, lambda: now), base_url="http://127.0.0.1")
    return client.get("/").text


def strip_of(day: TheatreDay, minute: int) -> str:
    found = re.search(r'<section class="ahead.*?</section>', page_of(day, minute), re.S)
    text = re.sub(r"<svg.*?</svg>", "", found.group(0) if found else "", flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_hour_is_told_with_names_and_clock_readings():
    """From 07:00 to 07:30 Ana checks the room; Ben, Cho and Dee are free for both twins."""
    day, _ = make_day()
    enter(day, "day.start", Subject.TEAM, 0)
    assert strip_of(day, 0).startswith("Next hour, 07:00 to 08:00: every hazard is covered, and")


def test_who_is_the_only_one_stands_on_the_strip():
    day, _ = make_day()
    staff = tuple(
        p if p.id == "dee" else replace(p, skills=(SkillId("other"),))
        for p in day.schedule.procedure.staff
    )
    day.schedule = replace(day.schedule, procedure=replace(day.schedule.procedure, staff=staff))
    enter(day, "day.start", Subject.TEAM, 0)
    told = strip_of(day, 0)
    assert "every single hazard is covered, 1 pair not" in told
    assert "Twin A Cardiac arrest with Twin B Cardiac arrest: needs 2 people for work" in told
    assert "Dee Haddad (worker) is the only one." in told


def test_a_late_day_moves_the_question():
    """By the plan Ana and Ben are at the airways at 07:45; in truth only the check goes on."""
    everybody = hazard("all", (4, "work", 1), subject=Subject.TEAM, severity=1)
    day, _ = make_day(troubles=[everybody])
    enter(day, "day.start", Subject.TEAM, 0)
    enter(day, "task.start", Subject.TEAM, 40, "check")
    expected = follow(day.schedule, forecast(day.board(), day.schedule, Minute(45)))
    assert [(e.start, e.end) for e in expected.assignments][:2] == [(40, 70), (70, 130)]
    gaps = day.ahead(Minute(45)).outlook.gaps
    assert [(gap.spans, gap.missing[-10:]) for gap in gaps if gap.spans[0][0] == 45] == [
        (((45, 69),), "3 can come")
    ]


def test_the_answer_is_kept_until_the_minute_or_the_record_changes():
    day, _ = make_day()
    enter(day, "day.start", Subject.TEAM, 0)
    first = day.ahead(Minute(3))
    assert day.ahead(Minute(3)) is first
    assert day.ahead(Minute(4)) is not first
    again = day.ahead(Minute(4))
    enter(day, "task.start", Subject.TEAM, 4, "check")
    assert day.ahead(Minute(4)) is not again


def test_until_the_code_is_loaded_the_page_says_so():
    day, _ = make_day(ready=False)
    enter(day, "day.start", Subject.TEAM, 0)
    assert strip_of(day, 0) == "Next hour, 07:00 to 08:00: being worked out"


def test_a_day_not_proved_or_not_started_has_no_strip():
    assert strip_of(make_day()[0], 0) == ""
    bare = TheatreDay(MemoryLog(), make_schedule())
    enter(bare, "day.start", Subject.TEAM, 0)
    assert strip_of(bare, 0) == ""


@pytest.mark.parametrize("ready", [True, False])
def test_a_question_that_cannot_be_asked_leaves_the_board_whole(ready):
    """Thirteen demands in one hazard are refused by the proof."""
    wrong = hazard("wrong", *[(1, "work", n) for n in range(13)])
    day, _ = make_day(ready=ready, troubles=[wrong])
    enter(day, "day.start", Subject.TEAM, 0)
    assert "Start" in page_of(day, 0)
    if ready:
        assert strip_of(day, 0) == ""


def able_schedule() -> Schedule:
    """The small day with one person of every skill, all kit and all fields of the catalogue."""
    rows = load_table("hazards").rows.values()
    skills = tuple(sorted({each["skill"] for row in rows for each in row.fields["demands"]}))
    kinds = sorted({kind for row in rows for kind in row.counts("equipment")})
    schedule = make_schedule()
    first, *others = schedule.procedure.staff
    procedure = replace(
        schedule.procedure,
        staff=(replace(first, skills=(*first.skills, *skills)), *others),
        equipment=tuple(Equipment(id=EquipmentId(kind), title=kind, count=1) for kind in kinds),
        zones=tuple(
            Zone(id=ZoneId(f"sterile-{whose}"), title="Field", capacity=6)
            for whose in ("joined", "A", "B")
        ),
    )
    return replace(schedule, procedure=procedure)


def test_a_case_is_watched_by_its_own_table_and_policy(tmp_path):
    (tmp_path / "case.toml").write_text(
        "[policy.contingencies]\nthose_at_the_twin_answer = false\n"
    )
    lookout = _set_watch(tmp_path, able_schedule())
    assert lookout is not None
    assert len(lookout._hazards) > 40
    assert not lookout._policy.those_at_the_twin_answer


@pytest.mark.parametrize("text", ["[policy.contingencies]\nwrong = 1\n", "no toml at all"])
def test_a_fault_in_the_case_leaves_the_day_without_a_strip(tmp_path, text):
    (tmp_path / "case.toml").write_text(text)
    assert _set_watch(tmp_path, able_schedule()) is None


def test_hazards_that_nobody_here_can_answer_leave_it_too(tmp_path):
    (tmp_path / "case.toml").write_text("")
    assert _set_watch(tmp_path, make_schedule()) is None
