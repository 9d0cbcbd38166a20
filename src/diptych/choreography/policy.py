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
    seed : seed of the search
    time_limit, people_limit : deterministic limits of one search for times and for people
        (units of the solver, about seconds of one core; no clock is read)
    """

    day_start: str = "07:00"
    quantile: float | None = None
    turn: bool = False
    first: TwinId | None = None
    moves: TwinId | None = None
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
