"""Sheets as a browser prints them: one page each, nothing cut off, no complaint."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from contingency_days import hazard
from handout_days import make_day

from diptych.choreography import prepare, read_fasts
from diptych.contingencies import prove_coverage
from diptych.formats.html.sheets import A3_ACROSS, A4, A4_ACROSS, A5_PAIR, Paper, render_sheets
from diptych.model import Dossier, Feed, Schedule, Section, TwinId
from diptych.report import (
    draw_crew,
    draw_gantt,
    write_cards,
    write_countdown,
    write_hand_overs,
    write_responses,
    write_rooms,
)
from diptych.tables import SourcedTable, load_table

pytestmark = pytest.mark.browser
CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
LONG = "Maximiliana-Konstantinopolitánska Ковальчук-Венкатараман"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("NO CHROMIUM: the sheets were NOT printed (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: sheets NOT printed")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def crowded_day() -> Schedule:
    """The small day with long names, and one surgeon who has 60 more tasks with five others."""
    schedule = make_day()
    clamp = next(entry for entry in schedule.assignments if entry.task == "clamp")
    task = replace(schedule.procedure.task("clamp"), title="Test clamp: bridging vein of a twin")
    crew = tuple((person, "surgery") for person in ("s1", "s2", "n1", "n2", "cn", "b1"))
    ids = [f"clamp{number}" for number in range(60)]
    staff = tuple(replace(p, name=f"{p.id} {LONG}") for p in schedule.procedure.staff)
    procedure = replace(
        schedule.procedure,
        staff=staff,
        tasks=(
            *schedule.procedure.tasks,
            *(replace(task, id=id, step=10 + n % 5) for n, id in enumerate(ids)),
        ),
    )
    more = tuple(
        replace(clamp, task=id, start=300 + 25 * n, end=310 + 25 * n, staff=crew)
        for n, id in enumerate(ids)
    )
    return replace(
        schedule,
        procedure=procedure,
        assignments=(*schedule.assignments, *more),
        makespan=1800,
    )


def write_charts(schedule: Schedule) -> Dossier:
    figures = (draw_gantt(schedule), draw_crew(schedule))
    return Dossier(
        title="Charts",
        banner="",
        sections=tuple(Section(id=f.id, title=f.id, blocks=(f,)) for f in figures),
        provenance=(),
    )


def write_before(schedule: Schedule) -> Dossier:
    """The countdown of the table's every row, with all that was fed."""
    rows = load_table("countdown").rows
    table = SourcedTable(
        name="countdown",
        title="t",
        rows={
            key: replace(row, fields={**row.fields, "anchor": "close", "from_anchor": "close"})
            for key, row in rows.items()
        },
    )
    fed = {twin: dict.fromkeys(Feed, "02:30") for twin in TwinId}
    fasts = read_fasts(fed, table, schedule.procedure.day_start)
    return write_countdown(prepare(schedule, table, fasts), schedule, names={TwinId.A: LONG})


@pytest.mark.parametrize("day", [make_day, crowded_day])
@pytest.mark.parametrize(
    ("write", "paper"),
    [
        (write_cards, A4),
        (write_rooms, A4_ACROSS),
        (write_hand_overs, A4_ACROSS),
        (write_before, A4_ACROSS),
        (write_charts, A3_ACROSS),
    ],
)
def test_each_section_is_printed_on_one_page(
    chromium: Any, tmp_path: Path, day: Any, write: Any, paper: Paper
) -> None:
    document = write(day())
    (tmp_path / "sheets.html").write_text(render_sheets(document, paper), "utf-8")
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto((tmp_path / "sheets.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == len(document.sections)
    assert complaints == []


def test_response_cards_are_printed_two_to_a_page(chromium: Any, tmp_path: Path) -> None:
    names = ("bleed", "arrest", "fire", "power", "air")
    hazards = [hazard(name, (2, "scrub", 5), (1, "surgery", 1)) for name in names]
    schedule = make_day()
    document = write_responses(prove_coverage(schedule, hazards), schedule)
    path = tmp_path / "responses.html"
    path.write_text(render_sheets(document, A5_PAIR), "utf-8")
    page = chromium.new_page(viewport={"width": 360, "height": 800})
    page.goto(path.as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()
    assert len(document.sections) == 5
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 3


@pytest.mark.parametrize("width", [360, 500, 1280])
def test_no_sheet_is_wider_than_the_screen(chromium: Any, tmp_path: Path, width: int) -> None:
    for number, write in enumerate((write_cards, write_rooms, write_hand_overs, write_before)):
        path = tmp_path / f"{number}.html"
        path.write_text(render_sheets(write(crowded_day())), "utf-8")
        page = chromium.new_page(viewport={"width": width, "height": 800})
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()


def test_names_in_the_room_plan_stay_inside_their_frames(chromium: Any, tmp_path: Path) -> None:
    path = tmp_path / "rooms.html"
    path.write_text(render_sheets(write_rooms(crowded_day()), A4_ACROSS), "utf-8")
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    page.goto(path.as_uri())
    wide = page.evaluate(
        """() => [...document.querySelectorAll('svg')].flatMap(svg => {
          const boxes = [...svg.querySelectorAll('rect')].map(r => r.getBoundingClientRect());
          return [...svg.querySelectorAll('text[font-weight="600"]')].filter(text => {
            const t = text.getBoundingClientRect();
            const around = b => b.left <= t.left && b.right > t.left
              && b.top <= t.top && b.bottom >= t.bottom;
            const own = boxes.filter(around).sort((a, b) => a.width - b.width)[0];
            return own && t.right > own.right + 0.5;
          }).map(text => text.textContent);
        })"""
    )
    page.close()
    assert wide == []
