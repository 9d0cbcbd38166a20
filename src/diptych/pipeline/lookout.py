"""Keeps watch over the cover of the next hour while the day runs."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from diptych.contingencies import AnswerPolicy, look_ahead, prepare
from diptych.model import DiptychError, Hazard, Minute, Outlook, Schedule
from diptych.report import Roll, Shortage, group_gaps, tell_free

MINUTES = 60
_RULES = AnswerPolicy()

__all__ = ["MINUTES", "Ahead", "Lookout", "Shortage", "tell_free"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """The outlook and its gaps put together by who is too few, the worst first."""

    outlook: Outlook
    shortages: tuple[Shortage, ...]
    roll: Roll


class Lookout:
    """Asks for singles and pairs of the next hour, of the day as it is expected to go on.

    The compiled code is loaded in the background; until then nothing is known (None). The
    answer is kept until the minute or the record changes. Safe to use from several threads.
    What cannot be asked leaves `failed` set and the board without an answer, never without
    its page.
    """

    def __init__(self, hazards: Sequence[Hazard], policy: AnswerPolicy = _RULES) -> None:
        self._hazards = tuple(hazards)
        self._policy = policy
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self.failed = False
        self._kept: tuple[tuple[str, int], Ahead] | None = None

    def warm(self, schedule: Schedule) -> threading.Thread:
        """Loads what the question needs, in a thread of its own; returns the thread."""
        thread = threading.Thread(target=self._load, args=(schedule,), daemon=True)
        thread.start()
        return thread

    def _load(self, schedule: Schedule) -> None:
        try:
            prepare(schedule, self._hazards)
        except DiptychError:
            self.failed = True
        self._ready.set()

    def ask(self, schedule: Schedule, now: Minute, head: str) -> Ahead | None:
        """The cover of the next hour; `head` names the state of the record."""
        if not self._ready.is_set() or self.failed:
            return None
        with self._lock:
            if self._kept is None or self._kept[0] != (head, now):
                try:
                    self._kept = ((head, now), self._look(schedule, now))
                except DiptychError:
                    self.failed = True
                    return None
            return self._kept[1]

    def _look(self, schedule: Schedule, now: Minute) -> Ahead:
        outlook = look_ahead(schedule, self._hazards, now, minutes=MINUTES, policy=self._policy)
        roll = Roll(schedule, self._hazards)
        return Ahead(outlook=outlook, shortages=group_gaps(outlook.gaps, roll), roll=roll)
