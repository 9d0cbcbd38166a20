"""What a team may choose about the day and about the search for it."""

from dataclasses import dataclass

from diptych.model import Minute, TwinId, require


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoreographyPolicy:
    """Choices of the team and limits of the search.

    day_start : clock reading of minute 0, "HH:MM"
    quantile : which quantile of each step's three-point distribution is planned for;
        None plans the most likely length
    turn : the joined pair is turned to reach the second side (steps 8 and 9)
    first : the twin that is anaesthetised first; None: decided from the plan
    moves : the twin that moves to the second theatre; None: decided from the plan
    punctuality : share of days (0 to 1) on which each milestone is to be met; buffers are
        placed for it where they buy most; None: no buffers
    correlation : part of the spread of the lengths that all tasks of a day have in common
    tries : how many schedules are solved, each from its own seed, of which the one is kept
        whose end comes earliest on 90 of 100 simulated days
    forecast_days : simulated days from which buffers and the forecast come
    seed : seed of the search and of the simulated days
    time_limit, people_limit : deterministic limits of one search for times and for people
        (units of the solver, about seconds of one core; no clock is read)
    """

    day_start: str = "07:00"
    quantile: float | None = None
    turn: bool = False
    first: TwinId | None = None
    moves: TwinId | None = None
    punctuality: float | None = None
    correlation: float = 0.4
    tries: int = 1
    forecast_days: int = 2000
    seed: int = 1
    time_limit: float = 6.0
    people_limit: float = 1.0

    def __post_init__(self) -> None:
        clock_minute(self.day_start)
        require(
            self.quantile is None or 0.0 < self.quantile < 1.0,
            f"quantile is {self.quantile}, expected a number between 0 and 1, or none",
            remedy="plan for 0.5 (the median) to 0.9, or leave it out for the most likely length",
        )
        require(
            self.punctuality is None or 0.0 < self.punctuality < 1.0,
            f"punctuality is {self.punctuality}, expected a share between 0 and 1, or none",
            remedy="ask for 0.5 (every other day) to 0.9 (nine of ten days), or leave it out",
        )
        require(
            0.0 <= self.correlation <= 1.0 and self.forecast_days >= 100 and self.tries >= 1,
            f"correlation is {self.correlation}, forecast_days {self.forecast_days} and tries"
            f" {self.tries}, expected 0 to 1, at least 100 and at least 1",
            remedy="leave all out, or take 0.4, 2000 and 1",
        )
        for name, limit in (("time_limit", self.time_limit), ("people_limit", self.people_limit)):
            require(
                limit > 0,
                f"{name} is {limit}, expected more than 0",
                remedy=f"give {name} about 5",
            )


def clock_minute(clock: str) -> Minute:
    """Minutes after midnight of a clock reading "HH:MM"; InputError if it is none."""
    hours, colon, minutes = clock.strip().partition(":")
    valid = colon == ":" and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2
    require(
        valid and int(hours) < 24 and int(minutes) < 60,
        f"clock reading is {clock!r}, expected HH:MM between 00:00 and 23:59",
        remedy="write it like 07:00",
    )
    return Minute(60 * int(hours) + int(minutes))


def clock_text(day_start: str, minute: Minute) -> str:
    """The clock reading of a minute of the day, with "+1" after midnight ("03:28 +1")."""
    days, rest = divmod(clock_minute(day_start) + minute, 1440)
    clock = f"{rest // 60:02d}:{rest % 60:02d}"
    return clock if days == 0 else f"{clock} {days:+d}"
