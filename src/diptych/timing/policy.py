"""What the team decides about timing."""

from dataclasses import dataclass
from datetime import date
from math import isfinite

from diptych.model import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingPolicy:
    """How the curve is drawn and read.

    step_days : days between candidate days
    tolerance : days whose burden is at most this much (relative) above the lowest are open
    expanders_placed : day the tissue expanders were or will be placed; None means the day
        of the scan, which a note then says
    """

    step_days: int = 7
    tolerance: float = 0.1
    expanders_placed: date | None = None

    def __post_init__(self) -> None:
        if self.step_days < 1 or not (isfinite(self.tolerance) and self.tolerance > 0):
            raise InputError(
                f"timing policy: step_days {self.step_days} and tolerance {self.tolerance},"
                " expected at least 1 day and above 0",
                remedy="correct [policy.timing] in case.toml",
            )
