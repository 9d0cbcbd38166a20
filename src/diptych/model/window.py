"""When to operate: a curve with reasons on both sides. Made by timing only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from diptych.model.checks import require


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPoint:
    """One candidate day.

    terms : each reason's share of the burden, relative units, larger is worse
        (keys are the same for every point)
    facts : figures of the day with their unit in the key ("head-circumference-A-cm")
    burden : sum of the terms
    """

    day: date
    age_weeks: float
    terms: Mapping[str, float]
    facts: Mapping[str, float]

    @property
    def burden(self) -> float:
        """Sum of the terms."""
        return sum(self.terms[name] for name in sorted(self.terms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why to go earlier or later, with its source and confidence."""

    direction: str
    text: str
    source: str
    confidence: str

    def __post_init__(self) -> None:
        require(
            self.direction in ("earlier", "later"),
            f"reason direction is {self.direction!r}, expected earlier or later",
            remedy="say which way the reason pulls",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingWindow:
    """The curve, the stretch of days within reach of its best, and the reasons.

    opens, closes : first and last day whose burden is within `tolerance` (relative) of
        the lowest; `lowest` is inside. Never read `lowest` as the answer.
    scan_valid_until : after this day the scan is too old for the plan
    """

    points: tuple[WindowPoint, ...]
    opens: date
    closes: date
    lowest: date
    tolerance: float
    scan_valid_until: date
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        require(
            len(self.points) >= 2,
            f"the window has {len(self.points)} points, expected a curve",
            remedy="widen dates.earliest_operation to dates.latest_operation in case.toml",
        )
        require(
            self.opens <= self.lowest <= self.closes,
            f"the window {self.opens} to {self.closes} does not hold its lowest day {self.lowest}",
            remedy="compute the window again",
        )
        ways = {reason.direction for reason in self.reasons}
        require(
            ways == {"earlier", "later"},
            f"the window gives reasons {sorted(ways)}, expected both earlier and later",
            remedy="state the reasons on both sides",
        )
