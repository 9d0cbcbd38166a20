"""What must have happened before the day, counted back from it. Made by choreography only."""

from dataclasses import dataclass
from enum import StrEnum

from diptych.model.checks import require
from diptych.model.ids import Confidence, TwinId
from diptych.model.units import Minute


class Feed(StrEnum):
    """What a twin was fed; each empties from the stomach in its own time."""

    CLEAR_FLUID = "clear-fluid"
    BREAST_MILK = "breast-milk"
    FORMULA = "formula"
    SOLID = "solid"

    @property
    def words(self) -> str:
        """As it is said."""
        return {"solid": "solid food"}.get(self.value, self.value.replace("-", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fast:
    """How long a twin that was fed waits for a step (its anaesthesia).

    fed : minute of the day (negative: before it) at which it was fed for the last time
    length : least minutes from then to the start of the step
    step : key of the step; the twin's own one is held back
    """

    twin: TwinId
    feed: Feed
    fed: Minute
    length: Minute
    step: str
    source: str

    def __post_init__(self) -> None:
        require(
            self.length >= 0,
            f"fast of twin {self.twin} after {self.feed.words} is {self.length} min long,"
            " expected 0 or more",
            remedy="correct the row in CASE/tables/countdown.toml",
        )

    @property
    def over(self) -> Minute:
        """The first minute at which the step may start."""
        return Minute(self.fed + self.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """One thing to be done before a moment of the day, for one twin or (None) for both at once.

    who : the role that sees to it; anchor, at : the moment that is counted back from
    latest : the last minute for it; by_range : the same by the longest and the shortest lead
    earliest : not before that minute; None: as early as one likes
    since : the moment that `earliest` is counted back from, in words
    """

    key: str
    title: str
    twin: TwinId | None
    who: str
    anchor: str
    at: Minute
    latest: Minute
    by_range: tuple[Minute, Minute]
    earliest: Minute | None
    since: str
    feed: Feed | None
    source: str
    confidence: Confidence

    @property
    def fits(self) -> bool:
        """Whether there is a minute that is neither too early nor too late."""
        return self.earliest is None or self.earliest <= self.latest


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The twin that is anaesthetised second, and how long it goes without clear fluid.

    until : clear fluid may be given until then
    longest : minutes without it if both twins drink for the last time by the first one's clock
    at_most : the same if the induction of the first takes its most minutes
    """

    twin: TwinId
    until: Minute
    longest: Minute
    at_most: Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """The countdown of one planned day.

    rows : sorted by the last minute for each
    fasts : what each twin was last fed, as far as the case says so
    starts : when the step that a fast holds back starts in the plan, for each of `fasts`
    wait : the second twin's; None where the day does not say who is second
    absent : rows of the table that name a moment this day does not have, in words
    """

    rows: tuple[Countdown, ...]
    fasts: tuple[Fast, ...]
    starts: tuple[Minute, ...]
    wait: Wait | None
    absent: tuple[str, ...]
