"""How things are said on the page: twins' signs, times, people, entries."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from diptych.model import SIGNS, Event, Minute, Schedule, Subject, TwinId

_WORDS = {
    Subject.A: "Twin A",
    Subject.B: "Twin B",
    Subject.BOTH: "Both twins",
    Subject.SHARED: "A and B, shared",
    Subject.TEAM: "Team",
}
_TWINS: Mapping[Subject, tuple[TwinId, ...]] = {
    Subject.A: (TwinId.A,),
    Subject.B: (TwinId.B,),
    Subject.BOTH: (TwinId.A, TwinId.B),
    Subject.SHARED: (TwinId.A, TwinId.B),
    Subject.TEAM: (),
}
_VERBS = {
    "day.start": "The day was started",
    "task.start": "Started",
    "task.finish": "Finished",
    "note": "Note",
    "separated": "SEPARATED: two patients from here on",
    "correct": "Correction",
}
_MINUTE = re.compile(r"\bminute (-?\d{1,6})\b")
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One twin's mark: letter, shape and colours."""

    letter: str
    shape: str
    colour: str
    ink: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Whom something concerns: marks of the twins (A always left of B), and the word."""

    chips: tuple[Chip, ...]
    word: str
    lane: str


def sign_of(subject: Subject) -> Sign:
    """The sign of a subject; `lane` is "A", "B" or "joint"."""
    chips = tuple(_chip(twin) for twin in _TWINS[subject])
    lane = subject.value if subject in (Subject.A, Subject.B) else "joint"
    return Sign(chips=chips, word=_WORDS[subject], lane=lane)


def _chip(twin: TwinId) -> Chip:
    sign = SIGNS[twin]
    ink = "#000000" if luminance(sign.colour) > 0.3 else "#ffffff"
    return Chip(letter=sign.letter, shape=sign.shape, colour=sign.colour, ink=ink)


def luminance(colour: str) -> float:
    """Relative luminance (0..1, WCAG 2.2) of an sRGB colour "#rrggbb"."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def show_controls(text: str) -> str:
    """The text with invisible and direction-changing characters spelt out, as [U+202E].

    Line ends and tabs become spaces. Names in any script stay as they are (the two joiners
    that Persian and Indic scripts need are left in).
    """
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char in "\n\r\t":
        return " "
    hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _JOINERS
    return f"[U+{ord(char):04X}]" if hidden else char


def split_title(title: str, subject: Subject) -> tuple[str, str]:
    """A step's title as what is read from afar and the detail after its first colon.

    The ending ", twin A" is left out where the sign beside the title says the same.
    """
    head, _, detail = title.removesuffix(f", twin {subject}").partition(": ")
    return head, detail


def say_length(minutes: int) -> str:
    """A length of time: "45 min", "3 h 05 min"."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{hours} h {rest:02d} min" if hours else f"{rest} min"


def say_shift(minutes: int) -> str:
    """How far something is from its plan."""
    if abs(minutes) < 1:
        return "as planned"
    return f"{say_length(minutes)} {'later' if minutes > 0 else 'earlier'} than planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """The instant of the page and its minute of the day: turns minutes into clock readings."""

    now: datetime
    minute: Minute

    def reading(self, at: Minute) -> str:
        """The clock at a minute, "HH:MM"; the days from today added, if any ("02:10 +1 d")."""
        moment = self.now + timedelta(minutes=at - self.minute)
        days = (moment.date() - self.now.date()).days
        return f"{moment:%H:%M}" + (f" {days:+d} d" if days else "")


def say_clock(text: str, dial: Dial) -> str:
    """The text with each "minute 425" of the day turned into the reading of the clock."""
    return _MINUTE.sub(lambda found: dial.reading(Minute(int(found[1]))), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of people and steps by their ids; an unknown id stands for itself."""

    people: Mapping[str, str]
    steps: Mapping[str, str]

    def person(self, id: str) -> str:
        """A person's name."""
        return self.people.get(id, id)

    def step(self, id: str) -> str:
        """A step's title."""
        return self.steps.get(id, id)


def names_of(schedule: Schedule) -> Names:
    """All names of a schedule."""
    procedure = schedule.procedure
    return Names(
        people={person.id: person.name for person in procedure.staff},
        steps={task.id: task.title for task in procedure.tasks},
    )


def say_event(event: Event, names: Names, dial: Dial) -> str:
    """An entry as a sentence, without its time, twin and author."""
    if event.kind == "correct":
        if event.body.get("action") == "time":
            when = dial.reading(Minute(int(event.body["minute"])))
            return f"Entry {event.corrects} was at {when}"
        return f"Entry {event.corrects} taken back"
    verb = _VERBS.get(event.kind, event.kind)
    parts = [names.step(event.task)] if event.task is not None else []
    parts += [event.body["text"]] if "text" in event.body else []
    parts += [f"witness {names.person(event.body['witness'])}"] if "witness" in event.body else []
    return f"{verb}: {' · '.join(parts)}" if parts else verb
