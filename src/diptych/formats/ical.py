"""Calendars as iCalendar text (RFC 5545), the same for the same events.

Times are floating: clock readings of the wall where the operation is, without a zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

_LINE = 75
_MAKER = "-//Diptych//Plan of the day//EN"
OWN_MARK = f"PRODID:{_MAKER}".encode()
"""Stands near the beginning of every calendar that is written here."""
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """One entry of a calendar.

    key : what names the entry for good, whenever it takes place; its UID comes from it
    start, end : clock readings without a zone
    """

    key: tuple[str, ...]
    start: datetime
    end: datetime
    summary: str
    location: str = ""
    description: str = ""
    categories: tuple[str, ...] = ()


def render_calendar(name: str, events: Sequence[CalendarEvent], stamp: datetime) -> str:
    """The text of a calendar; lines end in CR LF and are folded at 75 octets.

    stamp : written as the time at which every entry was made (taken for UTC), so that the
        text depends on nothing but what is given
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{_MAKER}",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{escape_text(name)}",
    ]
    for event in events:
        lines += _event(event, stamp)
    lines.append("END:VCALENDAR")
    return "".join(fold_line(line) + "\r\n" for line in lines)


def _event(event: CalendarEvent, stamp: datetime) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{make_uid(event.key)}",
        f"DTSTAMP:{_moment(stamp)}Z",
        f"DTSTART:{_moment(event.start)}",
        f"DTEND:{_moment(event.end)}",
        f"SUMMARY:{escape_text(event.summary)}",
    ]
    for field, text in (("LOCATION", event.location), ("DESCRIPTION", event.description)):
        if text:
            lines.append(f"{field}:{escape_text(text)}")
    if event.categories:
        lines.append(f"CATEGORIES:{','.join(map(escape_text, event.categories))}")
    return [*lines, "END:VEVENT"]


def make_uid(key: Sequence[str]) -> str:
    """A UID that is the same for the same key, and for no other."""
    text = "\0".join(f"{len(part)}:{part}" for part in key)
    return f"{sha256(text.encode()).hexdigest()[:32]}@diptych"


def escape_text(text: str) -> str:
    """Text as a value of type TEXT: one line, marks escaped, other control letters left out."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        sign for sign in plain if sign in "\n\t" or (ord(sign) >= 32 and ord(sign) != 127)
    ).translate(_ESCAPES)


def fold_line(line: str) -> str:
    """The line in pieces of at most 75 octets, none of which cuts a letter in two."""
    pieces, piece, size = [], "", 0
    for sign in line:
        octets = len(sign.encode())
        if size + octets > _LINE:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + sign, size + octets
    return "\r\n".join([*pieces, piece])


def _moment(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}"
