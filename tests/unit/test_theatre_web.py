"""The board's pages, entries and stream, asked as a browser and as a stranger would."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from day_builders import ZERO, MemoryLog, draft, make_schedule
from fastapi.testclient import TestClient

from diptych import web
from diptych.model import SIGNS, EdgeError, Event, Minute, TwinId
from diptych.pipeline.theatre_day import TheatreDay
from diptych.web.app import Heading, create_app
from diptych.web.guard import strip_port
from diptych.web.serve import hosts_of
from diptych.web.stream import Bell, resume_place, stream_events
from diptych.web.words import Dial, luminance, say_length, say_shift, show_controls

NASTY = "<script>alert(1)</script>\u202e&\"'=cmd"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;[U+202E]&amp;&#34;&#39;=cmd"


class Hand:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime.fromisoformat(ZERO)

    def __call__(self) -> datetime:
        return self.now

    def at(self, minute: int) -> None:
        self.now = datetime.fromisoformat(ZERO) + timedelta(minutes=minute)


class Board:
    """An application, its day, its clock, and a client."""

    def __init__(self, log: Any = None, **names: dict[str, str]) -> None:
        self.clock = Hand()
        self.day = TheatreDay(log or MemoryLog(), make_schedule(**names))
        self.app = create_app(
            self.day, self.clock, heading=Heading(case="pair", notice="made up; not a patient")
        )
        self.client = TestClient(self.app, base_url="http://127.0.0.1")
        self.count = 0

    def post(self, kind: str, **more: Any) -> Any:
        self.count += 1
        entry = {
            "event_id": f"entry-{self.count:06d}",
            "kind": kind,
            "subject": "TEAM",
            "by": "ana",
            **more,
        }
        return self.client.post("/events", json=entry)

    def page(self) -> str:
        return self.client.get("/").text


@pytest.fixture
def board() -> Iterator[Board]:
    yield Board()


def test_open_start_finish(board: Board) -> None:
    assert board.post("day.start").status_code == 201
    board.clock.at(4)
    begun = board.post("task.start", task="check")
    assert begun.status_code == 201
    assert begun.json()["event"]["at"] == 4
    board.clock.at(33)
    assert board.post("task.finish", task="check").status_code == 201
    state = board.client.get("/board.json").json()
    assert state["tasks"][0] == {"task": "check", "status": "done", "started": 4, "finished": 33}
    assert state["minute"] == 33
    assert state["head"] == board.day.board().head


def test_a_repeated_entry_is_answered_with_the_first_answer(board: Board) -> None:
    first = board.post("day.start", event_id="the-same-one")
    board.clock.at(1500)
    again = board.post("day.start", event_id="the-same-one")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["event"] == again.json()["event"]
    other = board.post("day.start", event_id="the-same-one", by="ben")
    assert other.status_code == 409
    assert other.json()["code"] == "event-conflict"
    assert board.day.board().last_seq == 1


def test_the_server_says_which_instant_is_minute_zero(board: Board) -> None:
    event = board.post("day.start", body={"zero": "0001-01-01T00:00:00+00:00"}).json()["event"]
    assert event["body"] == {"zero": ZERO}


def test_a_refusal_says_what_to_do(board: Board) -> None:
    board.post("day.start")
    refused = board.post("task.finish", task="check")
    assert refused.status_code == 422
    assert refused.json() == {
        "status": "refused",
        "code": "not-started",
        "message": "“Room check” has not been started, so it cannot be finished",
        "remedy": "enter its start first",
    }


def test_a_refusal_tells_clock_times(board: Board) -> None:
    board.post("day.start")
    board.clock.at(4)
    board.post("task.start", task="check")
    board.clock.at(9)
    told = board.post("task.start", task="check").json()["message"]
    assert told == "“Room check” was started already, at 07:04 by Ana Ortiz (entry 2)"
    early = board.post("task.start", task="air-a", subject="A", at=60).json()["message"]
    assert early == "08:00 has not come yet (it is 07:09)"


@pytest.mark.parametrize("field", ["event_id", "kind", "subject", "by"])
def test_no_field_has_a_default(board: Board, field: str) -> None:
    entry = {"event_id": "entry-000001", "kind": "day.start", "subject": "TEAM", "by": "ana"}
    del entry[field]
    answer = board.client.post("/events", json=entry)
    assert answer.status_code == 422
    assert field in answer.json()["message"]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'{"event_id": 3}', 422),
        (b'{"event_id":"entry-1234","kind":"note","subject":"C","by":"ana"}', 422),
        (b'{"event_id":"entry-1234","kind":"note","subject":"A","by":"ana","at":"4"}', 422),
        (b'{"event_id":"entry-1234","kind":"note","subject":"A","by":"ana","more":1}', 422),
        (b'{"event_id":"entry-1234","kind":"note","subject":"A","by":"\\ud800"}', 422),
        (b'{"event_id":"entry-1234","kind":"note","subject":"A","by":"ana","at":1e40}', 422),
        (b'{"event_id":"entry-1234","kind":"note","subject":"TEAM","by":"ana","at":-' + b"9" * 30
         + b',"body":{"text":"x"}}', 422),
        (b" " * 20000, 413),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused(board: Board, raw: bytes, status: int) -> None:
    answer = board.client.post("/events", content=raw)
    assert answer.status_code == status
    assert answer.json()["message"] and answer.json()["remedy"]
    assert board.day.board().last_seq == 0


def test_two_people_start_the_same_step_at_once(board: Board) -> None:
    board.post("day.start")
    answers: list[Any] = []
    barrier = threading.Barrier(6)

    def tap(person: str, number: int) -> None:
        barrier.wait()
        answers.append(
            board.post("task.start", task="check", by=person, event_id=f"tap-{person}-{number:04d}")
        )

    threads = [
        threading.Thread(target=tap, args=(person, number))
        for number, person in enumerate(["ana", "ben", "cho"] * 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [422] * 5
    assert all("was started already" in a.json()["message"] for a in answers if a.status_code > 201)


def test_two_processes_on_one_record_decide_on_the_newest_state() -> None:
    log = MemoryLog()
    one, two = Board(log), Board(log)
    one.post("day.start", event_id="one-000001")
    assert two.post("task.start", task="check", event_id="two-000001").status_code == 201
    assert one.post("task.start", task="check", event_id="one-000002").status_code == 422


def test_a_stale_decision_is_taken_again() -> None:
    class Racing(MemoryLog):
        """Another process writes just before the first append."""

        raced = False

        def append(self, event: Event) -> Event:
            if not self.raced:
                self.raced = True
                super().append(draft(1))
            return super().append(event)

    board = Board(Racing())
    assert board.post("day.start").status_code == 201
    assert [event.seq for event in board.day.events()] == [1, 2]


def test_a_failing_disk_is_told_and_the_board_stays_readable() -> None:
    class Full(MemoryLog):
        def append(self, event: Event) -> Event:
            raise EdgeError("the disk is full; the entry was not recorded", remedy="use paper")

    board = Board(Full())
    answer = board.post("day.start")
    assert answer.status_code == 503
    assert answer.json()["remedy"] == "use paper"
    assert board.client.get("/").status_code == 200


def test_the_page_shows_the_day(board: Board) -> None:
    assert "The day has not been started" in board.page()
    board.post("day.start")
    board.post("task.start", task="check")
    board.clock.at(40)
    page = board.page()
    assert "made up; not a patient" in page
    assert 'id="step1-finish"' in page
    assert "10 min over its planned length" in page
    assert f'<code id="head">{board.day.board().head[:8]}</code>' in page
    assert ">07:40</p>" in page
    assert "planned 14:10 · 10 min later than planned" in page
    assert 'id="separate"' not in page


def test_the_page_after_the_separation(board: Board) -> None:
    board.post("day.start")
    board.clock.at(400)
    board.post("task.start", task="apart", subject="BOTH")
    assert 'id="separate"' in board.page()
    board.clock.at(425)
    answer = board.post("separated", subject="BOTH", by="cho", body={"witness": "dee"})
    assert answer.status_code == 201
    page = board.page()
    assert "Separated: two patients" in page
    assert "witness Dee Haddad" in page


def test_a_corrected_entry_stays_visible(board: Board) -> None:
    board.post("day.start")
    wrong = board.post("task.start", task="air-a", subject="A").json()["event"]
    board.post(
        "correct", task="air-a", subject="A", corrects=wrong["seq"], body={"action": "retract"}
    )
    page = board.page()
    assert '<li class="void" value="2">' in page
    assert "Entry 2 taken back" in page
    assert 'id="undo2"' not in page


def test_each_twin_has_letter_colour_shape_and_word(board: Board) -> None:
    page = board.page()
    for twin, shape in ((TwinId.A, "<circle"), (TwinId.B, "<rect")):
        mark = re.search(rf'<span class="sign sign-{twin}">(.*?)</span></span>', page, re.S)
        assert mark is not None
        assert shape in mark[1]
        assert SIGNS[twin].colour in mark[1]
        assert f">{twin}</text>" in mark[1]
        assert f"Twin {twin}" in mark[1]


def test_a_stands_left_of_b_everywhere(board: Board) -> None:
    board.post("day.start")
    page = board.page()
    assert page.index('class="lane lane-A"') < page.index('class="lane lane-joint"')
    assert page.index('class="lane lane-joint"') < page.index('class="lane lane-B"')
    both = re.search(r'<span class="sign sign-joint">(.*?)Both twins', page, re.S)
    assert both is not None
    assert both[1].index(">A</text>") < both[1].index(">B</text>")


def test_the_style_sheet_has_the_colours_of_the_signs() -> None:
    style = (Path(web.__file__).parent / "static" / "board.css").read_text("utf-8")
    for twin in TwinId:
        assert f"--{twin.lower()}: {SIGNS[twin].colour};" in style


class Elements(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_names_and_titles_are_never_markup() -> None:
    board = Board(names={"ana": NASTY}, titles={"check": NASTY})
    board.post("day.start")
    board.post("task.start", task="check")
    board.post("note", subject="A", body={"text": NASTY})
    page = board.page()
    assert page.count(SHOWN) >= 6
    assert "\u202e" not in page
    elements = Elements()
    elements.feed(page)
    scripts = [attrs for tag, attrs in elements.tags if tag == "script"]
    assert scripts == [{"type": "module", "src": "/static/board.js"}]
    handlers = [name for _, attrs in elements.tags for name in attrs if name.startswith("on")]
    assert handlers == [] and not any("style" in attrs for _, attrs in elements.tags)
    refused = board.post("task.start", task="check").json()
    assert "\u202e" not in refused["message"] and "[U+202E]" in refused["message"]


def test_every_answer_has_safe_headers(board: Board) -> None:
    for path in ("/", "/board.json", "/static/board.js", "/nowhere", "/events"):
        headers = board.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'; script-src")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_nothing_comes_from_elsewhere(board: Board) -> None:
    texts = [board.page()]
    texts += [p.read_text("utf-8") for p in (Path(web.__file__).parent / "static").iterdir()]
    found = {url for text in texts for url in re.findall(r"https?://[^\s\"'<>)]+", text)}
    assert found <= {"http://www.w3.org/2000/svg"}
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert board.client.get(path).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.:x"])
def test_a_foreign_host_is_refused(board: Board, host: str) -> None:
    answer = board.client.get("/", headers={"host": host})
    assert answer.status_code == 400
    assert "does not answer to the name" in answer.json()["message"]


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "localhost", "[::1]:99", "LOCALHOST:1"])
def test_this_machine_is_answered(board: Board, host: str) -> None:
    assert board.client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_entries_of_other_sites_are_refused(board: Board, headers: dict[str, str]) -> None:
    entry = {"event_id": "entry-000001", "kind": "day.start", "subject": "TEAM", "by": "ana"}
    assert board.client.post("/events", json=entry, headers=headers).status_code == 403
    good = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
    assert board.client.post("/events", json=entry, headers=good).status_code == 201


def test_no_path_leaves_the_static_folder(board: Board) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"):
        assert board.client.get(path).status_code == 404


def test_events_after(board: Board) -> None:
    for _ in range(3):
        board.post("note", body={"text": "x"})
    found = board.client.get("/events?after=1").json()["events"]
    assert [event["seq"] for event in found] == [2, 3]
    assert board.client.get("/events?after=-5").json()["events"][0]["seq"] == 1
    assert board.client.get("/events?after=x").status_code == 422


async def hear(board: Board, after: int, count: int, bell: Bell) -> list[dict[str, Any]]:
    """The first `count` entries that a stream brings; then the reader goes away."""
    heard: list[dict[str, Any]] = []
    stream = stream_events(board.day, bell, after, board.clock)
    async for block in stream:
        if "event: entry" in block:
            fields = dict(line.split(": ", 1) for line in block.strip().splitlines())
            heard.append(json.loads(fields["data"]))
            assert fields["id"] == str(heard[-1]["seq"])
        if len(heard) == count:
            break
    await stream.aclose()
    return heard


def test_a_stream_that_breaks_and_resumes_misses_and_doubles_nothing(board: Board) -> None:
    async def run() -> list[int]:
        bell = Bell()
        seen: list[int] = []

        async def write() -> None:
            for _ in range(30):
                await asyncio.to_thread(board.post, "note", body={"text": "x"})
                bell.ring()

        writer = asyncio.create_task(write())
        while len(seen) < 30:
            part = await asyncio.wait_for(hear(board, max(seen, default=0), 4, bell), 20)
            seen += [entry["seq"] for entry in part]
            if len(seen) == 28:
                part = await hear(board, 28, 2, bell)
                seen += [entry["seq"] for entry in part]
        await writer
        assert bell._waiting == set()
        return seen

    assert asyncio.run(run()) == list(range(1, 31))


def test_a_reader_of_another_record_is_told_to_start_anew(board: Board) -> None:
    async def run() -> list[str]:
        return [b async for b in stream_events(board.day, Bell(), 7, board.clock)]

    blocks = asyncio.run(run())
    assert blocks[0].startswith("retry: ")
    assert blocks[-1] == "event: reset\ndata: {}\n\n"


def test_a_quiet_stream_beats(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diptych.web.stream.BEAT_SECONDS", 0.01)

    async def run() -> list[str]:
        stream = stream_events(board.day, Bell(), 0, board.clock)
        blocks = [await anext(stream) for _ in range(4)]
        await stream.aclose()
        return blocks

    assert all(block == f"event: beat\ndata: {ZERO}\n\n" for block in asyncio.run(run())[1:])


@pytest.mark.parametrize(
    ("sent", "after", "place"),
    [(None, 4, 4), ("7", 4, 7), ("", 4, 4), ("-1", 4, 4), ("7x", 4, 4), ("٣", 4, 4)],
)
def test_resume_place(sent: str | None, after: int, place: int) -> None:
    assert resume_place(sent, after) == place


def test_minutes_count_on_over_midnight(board: Board) -> None:
    board.post("day.start")
    board.clock.at(18 * 60 + 5)
    assert board.client.get("/board.json").json()["minute"] == 1085
    assert ">01:05</p>" in board.page()


def test_words() -> None:
    dial = Dial(now=datetime(2026, 3, 2, 23, 30, tzinfo=UTC), minute=Minute(990))
    assert [dial.reading(Minute(m)) for m in (990, 1020, -421)] == [
        "23:30",
        "00:00 +1 d",
        "23:59 -1 d",
    ]
    assert (say_length(45), say_length(185)) == ("45 min", "3 h 05 min")
    assert say_shift(0) == "as planned"
    assert say_shift(-61) == "1 h 01 min earlier than planned"
    assert (
        show_controls("a\u202eb\x00\nc Лилия می\u200cخواهم")
        == "a[U+202E]b[U+0000] c Лилия می\u200cخواهم"
    )
    assert luminance("#ffffff") == pytest.approx(1.0)
    assert luminance("#000000") == 0.0
    assert strip_port("[::1]") == "[::1]"
    assert hosts_of("10.0.0.5")[-1] == "10.0.0.5"
    assert "127.0.0.1" in hosts_of("0.0.0.0")


def test_writing_on_the_chips_is_readable(board: Board) -> None:
    from diptych.model import Subject
    from diptych.web.words import sign_of

    for mark in sign_of(Subject.BOTH).chips:
        light, dark = sorted((luminance(mark.colour), luminance(mark.ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
