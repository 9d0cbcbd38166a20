"""What people may ask of the board, and how a refusal is told."""

import re
from dataclasses import dataclass
from enum import StrEnum

from diptych.model import Command

LONGEST_TEXT = 2000
_EVENT_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class Kind(StrEnum):
    """The kinds of entry."""

    DAY_START = "day.start"
    TASK_START = "task.start"
    TASK_FINISH = "task.finish"
    NOTE = "note"
    SEPARATED = "separated"
    CORRECT = "correct"


class Action(StrEnum):
    """What a correction does to the entry that it names."""

    RETRACT = "retract"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an entry was not taken, and what to do. Nothing was recorded."""

    code: str
    message: str
    remedy: str


def check_form(command: Command) -> Refusal | None:
    """Refusal if identifiers or texts of the command cannot be stored; else None."""
    if not _EVENT_ID.fullmatch(command.event_id):
        return Refusal(
            code="event-id",
            message=f"event id {command.event_id!r:.80} is not 8 to 64 letters, digits or hyphens",
            remedy="let the tablet make a UUID for each entry",
        )
    texts = [command.by, command.task or "-", *command.body, *command.body.values()]
    if not all(_storable(text) for text in texts):
        return Refusal(
            code="text",
            message=f"a text of the entry is empty, longer than {LONGEST_TEXT} characters,"
            " or not valid Unicode",
            remedy="shorten or retype the text",
        )
    return None


def _storable(text: str) -> bool:
    return 0 < len(text) <= LONGEST_TEXT and not any("\ud800" <= char <= "\udfff" for char in text)
