"""The hash chain of an event log, the same for every database that keeps one.

Each row's hash is the SHA-256 of a JSON array of strings (its fields in a fixed order)
that ends with the previous row's hash. Changing, moving or leaving out a row breaks the
chain there. Cutting off the last rows does not: for that, compare the head hash with the
digits on a printed page.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

from diptych.model import EdgeError, Event

GENESIS = "0" * 64
"""The previous hash of the first row."""


class EventConflict(EdgeError):
    """The event id is in the log already, with another content. Nothing was stored."""

    code = "event-conflict"


class StaleHead(EdgeError):
    """The event was decided on an older state of the log. Decide again and retry."""

    code = "stale-head"


def write_body(body: Mapping[str, str]) -> str:
    """Canonical JSON text of a body: sorted keys, ASCII, no spaces."""
    return json.dumps(dict(body), sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def hash_event(event: Event) -> str:
    """SHA-256 (hex) over every field of the event except `hash` itself."""
    row = [
        str(event.seq),
        event.event_id,
        event.kind,
        str(event.subject),
        "" if event.task is None else event.task,
        str(event.at),
        event.by,
        write_body(event.body),
        "" if event.corrects is None else str(event.corrects),
        event.recorded,
        event.previous_hash,
    ]
    text = json.dumps(row, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def same_content(one: Event, other: Event) -> bool:
    """Whether two events say the same; place, hashes and time of recording are left out."""
    return _content(one) == _content(other)


def _content(event: Event) -> tuple[object, ...]:
    return (
        event.event_id,
        event.kind,
        event.subject,
        event.task,
        event.at,
        event.by,
        dict(event.body),
        event.corrects,
    )


def check_repeat(stored: Event, event: Event) -> Event:
    """The stored event if `event` repeats it; EventConflict if its content differs."""
    if same_content(stored, event):
        return stored
    raise EventConflict(
        f"entry {event.event_id!r} is recorded already (number {stored.seq}) with another content",
        remedy="show both to the person who entered it; a change is a new entry that corrects"
        " the old one",
    )


def check_head(event: Event, head: str) -> None:
    """StaleHead if the event was decided on another head (an empty one asks for no check)."""
    if event.previous_hash not in ("", head):
        raise StaleHead(
            f"entry {event.event_id!r} was decided on head {event.previous_hash[:8]},"
            f" but the record has moved on to {head[:8]}",
            remedy="read the record again and decide again",
        )


def verify_chain(events: Iterable[Event]) -> str:
    """The head hash of events from the first on; EdgeError names the first broken row."""
    head, expected = GENESIS, 1
    for event in events:
        if event.seq != expected:
            raise _broken(expected, f"is missing (found row {event.seq} in its place)")
        if event.previous_hash != head:
            raise _broken(event.seq, "does not follow from the row before it")
        if event.hash != hash_event(event):
            raise _broken(event.seq, "was changed after it was recorded")
        head, expected = event.hash, expected + 1
    return head


def _broken(seq: int, what: str) -> EdgeError:
    return EdgeError(
        f"row {seq} of the record {what}",
        remedy="do not write to this file; keep a copy of it, go on with the paper board, and"
        " restore the record from a copy whose head hash matches a printed page",
    )
