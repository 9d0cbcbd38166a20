"""The board in a real browser: keyboard only, two tablets at once, no complaint in the console."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import uvicorn
from contingency_days import hazard
from day_builders import ZERO, make_schedule

from diptych.model import Subject
from diptych.pipeline.lookout import Lookout
from diptych.pipeline.theatre_day import TheatreDay
from diptych.storage.sqlite import open_log
from diptych.web.app import Heading, create_app
from diptych.web.serve import make_config

pytestmark = pytest.mark.browser
CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
SIZES = {"wall": (1920, 1080), "tablet": (1024, 768), "phone": (360, 740)}
NOTICE = "Demonstration made from other heads; not a patient."


class Hand:
    """A clock that starts at a minute of the day and then runs."""

    def __init__(self) -> None:
        self.shift = 0.0
        self.begun = time.monotonic()

    def __call__(self) -> datetime:
        run = time.monotonic() - self.begun
        return datetime.fromisoformat(ZERO) + timedelta(seconds=run, minutes=self.shift)


@dataclass
class Served:
    """A served day: its address, its clock, and what browsers complained of."""

    url: str
    day: TheatreDay
    clock: Hand
    server: uvicorn.Server
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip(
            "NO CHROMIUM: the board was NOT tried in a browser (Debian: apt-get install chromium)"
        )
    api = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: board NOT tried")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    clock = Hand()
    with open_log(tmp_path / "log.db") as log, socket.create_server(("127.0.0.1", 0)) as listener:
        day = TheatreDay(log, make_schedule())
        app = create_app(day, clock, heading=Heading(case="pair-01", notice=NOTICE))
        server = uvicorn.Server(make_config(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Served(
            url=f"http://127.0.0.1:{listener.getsockname()[1]}/",
            day=day,
            clock=clock,
            server=server,
        )
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the server did not stop while streams were open"


@pytest.fixture
def visit(chromium: Any, served: Served) -> Iterator[Callable[..., Any]]:
    """Open the board in a browser of its own; complaints of the console fail the test."""
    contexts = []

    def open_page(size: str = "wall", person: str = "ana", **options: Any) -> Any:
        width, height = SIZES[size]
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on(
            "console",
            lambda said: (
                served.complaints.append(said.text) if said.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: served.complaints.append(str(error)))
        page.goto(served.url)
        if options.get("java_script_enabled", True):
            page.get_by_text("Live", exact=True).wait_for()
            if person:
                page.select_option("#who", person)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert served.complaints == []


def keep_picture(page: Any, name: str) -> None:
    """Pictures for people to look at, where DIPTYCH_PICTURES names a folder."""
    folder = os.environ.get("DIPTYCH_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def tap(page: Any, selector: str) -> None:
    page.locator(selector).first.click()


def test_one_tap_starts_one_tap_finishes_one_tap_undoes(served: Served, visit: Any) -> None:
    page = visit()
    tap(page, "#open-day")
    tap(page, "#step1-start")
    page.locator(".card#step1 h4").wait_for()
    assert page.locator("#said-text").inner_text().startswith("Recorded as entry 2: Start: Team")
    tap(page, "#step1-finish")
    page.locator("#step1-finish").wait_for(state="detached")
    tap(page, "#said-undo")
    page.locator("#step1-finish").wait_for()
    kinds = [event.kind for event in served.day.events()]
    assert kinds == ["day.start", "task.start", "task.finish", "correct"]
    assert served.day.board().tasks[0].status == "running"


def test_the_pairs_of_the_next_hour_stay_open_over_entries(served: Served, visit: Any) -> None:
    """Four people are there; each hazard asks for three of them."""
    lookout = Lookout(
        [hazard("one", (3, "work", 1)), hazard("two", (3, "work", 1), subject=Subject.B)]
    )
    lookout.warm(served.day.schedule).join()
    served.day._lookout = lookout
    page = visit("phone")
    tap(page, "#open-day")
    page.get_by_text("every single hazard is covered, 1 pair not").wait_for()
    assert not page.get_by_text("needs 6 people for work").first.is_visible()
    page.locator("#ahead-more").focus()
    page.keyboard.press("Enter")
    page.get_by_text("needs 6 people for work within 1 min; 4 can come").wait_for()
    served.day._lookout._kept = None
    page.evaluate("document.getElementById('step1-start').click()")
    page.locator("#step1-finish").first.wait_for()
    assert page.get_by_text("needs 6 people for work").first.is_visible()
    assert page.evaluate("document.activeElement.id") == "ahead-more"
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]


def test_two_tablets_see_each_others_entries_and_one_start_wins(served: Served, visit: Any) -> None:
    one, two = visit(person="ana"), visit("tablet", person="ben")
    tap(one, "#open-day")
    two.locator("#step1-start").wait_for()
    two.context.set_offline(True)
    tap(one, "#step1-start")
    one.locator("#step1-finish").first.wait_for()
    tap(two, "#step1-start")
    two.context.set_offline(False)
    two.get_by_text("was started already, at 07:00 by Ana Ortiz").wait_for()
    two.locator("#step1-finish").first.wait_for()
    starts = [event for event in served.day.events() if event.kind == "task.start"]
    assert [event.by for event in starts] == ["ana"]
    for page in (one, two):
        assert page.locator("#head").inner_text() == served.day.board().head[:8]
    expected = ("422", "ERR_INTERNET")
    served.complaints[:] = [
        said for said in served.complaints if not any(word in said for word in expected)
    ]


def test_keyboard_alone_is_enough(served: Served, visit: Any) -> None:
    page = visit(person="")

    def go_to(id: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == id:
                return
        raise AssertionError(f"{id} cannot be reached with the Tab key")

    go_to("who")
    page.keyboard.type("Ana")
    assert page.locator("#who").input_value() == "ana"
    go_to("open-day")
    page.keyboard.press("Enter")
    page.locator("#step1-start").wait_for()
    go_to("step1-start")
    page.keyboard.press("Space")
    page.locator("#step1-finish").wait_for()
    page.wait_for_function("document.activeElement.id === 'step1-finish'")
    page.keyboard.press("Enter")
    page.locator("#step1-finish").wait_for(state="detached")
    assert [event.kind for event in served.day.events()][1:] == ["task.start", "task.finish"]


def test_no_name_no_entry(served: Served, visit: Any) -> None:
    page = visit(person="")
    tap(page, "#open-day")
    assert "Choose your name first" in page.locator("#alarm-text").inner_text()
    assert page.evaluate("document.activeElement.id") == "who"
    assert served.day.events() == ()


def test_the_separation_needs_a_second_person(served: Served, visit: Any) -> None:
    page = visit(person="cho")
    tap(page, "#open-day")
    tap(page, "#all-steps summary")
    tap(page, "[data-do='task.start'][data-task='apart']")
    tap(page, "#separate")
    tap(page, "#ask-yes")
    assert page.locator("#ask-fault").inner_text() == "Choose a second person."
    assert page.locator("#ask-witness option[value=cho]").is_disabled()
    page.select_option("#ask-witness", "dee")
    keep_picture(page, "dialog")
    tap(page, "#ask-yes")
    page.get_by_text("Separated: two patients").first.wait_for()
    assert served.day.board().separated is not None
    assert served.day.events()[-1].body == {"witness": "dee"}


def test_a_time_is_corrected_and_a_note_is_written(served: Served, visit: Any) -> None:
    served.clock.shift = 40
    page = visit()
    tap(page, "#open-day")
    tap(page, "#step1-start")
    tap(page, "#time2")
    page.fill("#ask-time", "07:12")
    tap(page, "#ask-yes")
    page.get_by_text("Entry 2 was at 07:12").wait_for()
    assert served.day.board().tasks[0].started == 12
    tap(page, "#write-note")
    page.select_option("#ask-about", "B")
    page.fill("#ask-note", "<img src=x onerror=alert(1)> pale")
    tap(page, "#ask-yes")
    page.get_by_text("Note: <img src=x onerror=alert(1)> pale").wait_for()
    note = served.day.board().notes[0]
    assert (note.subject, note.by) == ("B", "ana")


def test_a_dropped_connection_is_told_and_nothing_is_lost(served: Served, visit: Any) -> None:
    page = visit()
    tap(page, "#open-day")
    page.locator("#step1-start").wait_for()
    page.context.set_offline(True)
    tap(page, "#step1-start")
    page.get_by_text("NOT YET recorded, trying again").wait_for()
    page.context.set_offline(False)
    page.locator("#step1-finish").wait_for()
    page.locator("#alarm").wait_for(state="hidden")
    assert [event.kind for event in served.day.events()] == ["day.start", "task.start"]
    served.complaints[:] = [said for said in served.complaints if "ERR_INTERNET" not in said]


def test_without_javascript_the_board_is_readable(served: Served, visit: Any) -> None:
    page = visit(java_script_enabled=False)
    text = page.locator("body").inner_text()
    assert "Without JavaScript this page can be read" in text
    assert "Next three steps" in text
    assert page.locator("button:visible").count() == 0


@pytest.mark.parametrize("size", list(SIZES))
def test_nothing_is_cut_off(served: Served, visit: Any, size: str) -> None:
    page = visit(size)
    fill_day(page, served)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    cut = page.evaluate(
        "[...document.querySelectorAll('.sign .word, h3, h4, .figure')].filter("
        "e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')"
        ".map(e => e.textContent)"
    )
    assert cut == []
    keep_picture(page, size)
    page.emulate_media(media="print")
    keep_picture(page, f"{size}-print")


def fill_day(page: Any, served: Served) -> None:
    """A day half gone: A's step runs late, B's is done, one entry was taken back."""
    tap(page, "#open-day")
    tap(page, "#step1-start")
    page.locator("#step1-finish").wait_for()
    served.clock.shift = 34
    page.reload()
    tap(page, "#step1-finish")
    tap(page, "#step2-start")
    tap(page, "#step3-start")
    page.locator("#step3-finish").first.wait_for()
    served.clock.shift = 97
    page.reload()
    tap(page, "#step3-finish")
    page.locator("#step4-start").wait_for()
    tap(page, "#step4-start")
    page.locator("#undo6").wait_for()
    tap(page, "#undo6")
    page.get_by_text("Entry 6 taken back").wait_for()
