"""The web application of one operation day."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool

from diptych.model import SIGNS, DiptychError, EdgeError
from diptych.pipeline.theatre_day import TheatreDay
from diptych.web.entry import LARGEST, read_entry, say_fault, status_of, submit_entry
from diptych.web.guard import LOOPBACK, Guard
from diptych.web.page import build_page
from diptych.web.stream import Bell, event_json, resume_place, stream_events
from diptych.web.words import Dial, say_clock, show_controls

HERE = Path(__file__).parent
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands over the board.

    case : the name of the case
    notice : a sentence that must be read first ("made from ...; not a patient"), or empty
    """

    case: str
    notice: str


PLAIN = Heading(case="Operation day", notice="")


def local_now() -> datetime:
    """The wall clock with the time zone of this machine."""
    return datetime.now().astimezone()


def create_app(
    day: TheatreDay,
    clock: Clock = local_now,
    *,
    heading: Heading = PLAIN,
    hosts: Sequence[str] = LOOPBACK,
) -> FastAPI:
    """The application: GET / /board.json /events /stream /healthz, POST /events.

    `clock` gives the instant with its time zone; `hosts` are the names that it answers to.
    """
    app = FastAPI(title="Diptych board", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, hosts=hosts)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_exception_handler(DiptychError, _tell)
    _add_pages(app, day, clock, heading)
    _add_entries(app, day, clock)
    return app


@cache
def make_templates() -> Environment:
    """Templates that escape everything, and spell out invisible characters in every text."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _plain(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        return show_controls(value)
    return value


class BoardSheet:
    """Draws the board page; all who ask within the same second get the same drawing."""

    def __init__(self, day: TheatreDay, heading: Heading) -> None:
        self._day = day
        self._heading = heading
        self._template = make_templates().get_template("board.html")
        self._lock = threading.Lock()
        self._drawn: tuple[tuple[str, str], str] = (("", ""), "")

    def draw(self, now: datetime) -> str:
        """The page as HTML."""
        with self._lock:
            key = (self._day.board().head, now.isoformat(timespec="seconds"))
            if self._drawn[0] != key:
                self._drawn = (key, self._render(now))
            return self._drawn[1]

    def _render(self, now: datetime) -> str:
        people = self._day.schedule.procedure.staff
        return self._template.render(
            page=build_page(self._day, now),
            heading=self._heading,
            staff=sorted(people, key=lambda person: (person.name, person.id)),
            signs=SIGNS,
        )


def _add_pages(app: FastAPI, day: TheatreDay, clock: Clock, heading: Heading) -> None:
    sheet = BoardSheet(day, heading)

    @app.get("/")
    def show_board() -> HTMLResponse:
        return HTMLResponse(sheet.draw(clock()))

    @app.get("/board.json")
    def give_board() -> JSONResponse:
        now = clock()
        board, minute = day.board(), day.minute(now)
        expected = day.forecast(minute)
        return JSONResponse(
            {
                "minute": minute,
                "now": now.isoformat(),
                "last_seq": board.last_seq,
                "head": board.head,
                "opened": board.opened is not None,
                "separated": board.separated,
                "tasks": [asdict(state) for state in board.tasks],
                "expected": {id: asdict(span) for id, span in expected.tasks.items()},
                "expected_separation": expected.separation,
                "expected_end": expected.end,
            }
        )

    @app.get("/healthz")
    def say_alive() -> JSONResponse:
        return JSONResponse({"last_seq": day.board().last_seq})


def _add_entries(app: FastAPI, day: TheatreDay, clock: Clock) -> None:
    bell = Bell()

    @app.post("/events")
    async def take_entry(request: Request) -> JSONResponse:
        raw = await _read_limited(request)
        if raw is None:
            fault = say_fault("size", f"the entry is larger than {LARGEST} bytes", "shorten it")
            return JSONResponse(fault, status_code=413)
        form = read_entry(raw)
        now = clock()
        answer = await run_in_threadpool(submit_entry, day, form, now)
        if answer.event is None:
            dial = Dial(now=now, minute=day.minute(now))
            fault = say_fault(answer.code, say_clock(answer.message, dial), answer.remedy)
            return JSONResponse(fault, status_code=status_of(answer))
        bell.ring()
        content = {"status": answer.status, "event": event_json(answer.event)}
        return JSONResponse(content, status_code=status_of(answer))

    @app.get("/events")
    def give_events(after: int = 0) -> JSONResponse:
        return JSONResponse({"events": [event_json(event) for event in day.events(after)]})

    @app.get("/stream")
    async def give_stream(request: Request, after: int = 0) -> StreamingResponse:
        place = resume_place(request.headers.get("last-event-id"), after)
        return StreamingResponse(
            stream_events(day, bell, place, clock), media_type="text/event-stream"
        )


async def _read_limited(request: Request) -> bytes | None:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST:
            return None
    return bytes(raw)


async def _tell(request: Request, error: Exception) -> JSONResponse:
    """A fault in words: 503 for disk and database, 422 for what was sent."""
    assert isinstance(error, DiptychError)
    fault = say_fault(error.code, error.message, error.remedy)
    return JSONResponse(fault, status_code=503 if isinstance(error, EdgeError) else 422)
