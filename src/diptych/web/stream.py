"""News for open boards: server-sent events with ids, so that nothing is missed or doubled."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from diptych.model import Event
from diptych.pipeline.theatre_day import TheatreDay

BEAT_SECONDS = 5.0
"""How often an open stream says that it is alive, and looks for entries of other processes."""
RETRY_MILLISECONDS = 1000


class Bell:
    """Wakes all open streams when an entry has been recorded."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def ring(self) -> None:
        """Wake every waiter. Call it on the event loop."""
        for waiter in self._waiting:
            waiter.set()

    async def wait(self, waiter: asyncio.Event, seconds: float) -> bool:
        """True when rung within the time."""
        try:
            await asyncio.wait_for(waiter.wait(), seconds)
        except TimeoutError:
            return False
        waiter.clear()
        return True

    def join(self) -> asyncio.Event:
        """A waiter that `ring` sets from now on, until `leave`."""
        waiter = asyncio.Event()
        self._waiting.add(waiter)
        return waiter

    def leave(self, waiter: asyncio.Event) -> None:
        """Stop waking that waiter."""
        self._waiting.discard(waiter)


def event_json(event: Event) -> dict[str, object]:
    """An event as JSON types."""
    return {**asdict(event), "subject": str(event.subject), "body": dict(event.body)}


async def stream_events(
    day: TheatreDay, bell: Bell, after: int, clock: Callable[[], datetime]
) -> AsyncIterator[str]:
    """Every event with seq > after, then each new one as it is recorded, and beats between.

    A reader that knows more events than the record holds is told to start anew ("reset").
    """
    waiter = bell.join()
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        yield _beat(clock)
        if after > (await run_in_threadpool(day.board)).last_seq:
            yield "event: reset\ndata: {}\n\n"
            return
        while True:
            for event in await run_in_threadpool(day.events, after):
                yield f"id: {event.seq}\nevent: entry\ndata: {json.dumps(event_json(event))}\n\n"
                after = event.seq
            if not await bell.wait(waiter, BEAT_SECONDS):
                yield _beat(clock)
    finally:
        bell.leave(waiter)


def _beat(clock: Callable[[], datetime]) -> str:
    return f"event: beat\ndata: {clock().isoformat()}\n\n"


def resume_place(last_event_id: str | None, after: int) -> int:
    """Where a reader resumes: its Last-Event-ID if it sent a number, else `after`."""
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdecimal():
        return int(last_event_id)
    return after
