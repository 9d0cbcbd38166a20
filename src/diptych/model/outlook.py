"""The cover of the next stretch of the day, asked while it runs. Made by contingencies only."""

from dataclasses import dataclass

from diptych.model.setproof import SetCount, SetGap
from diptych.model.units import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Which sets of hazards can be answered from `start` on and before `end`.

    order : how many hazards at once were considered
    counts : how the sets of each order fare; of order 1 first
    gaps : single hazards first; minutes of the day in `spans`, none outside start to end
    """

    start: Minute
    end: Minute
    order: int
    counts: tuple[SetCount, ...]
    gaps: tuple[SetGap, ...]
