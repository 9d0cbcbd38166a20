"""What is missing, in words that a person in the room can act on."""

from collections.abc import Sequence

from diptych.model import Hazard, ResponseDemand

MINUTES_PER_DAY = 24 * 60


def clock(day_start: str, minute: int) -> str:
    """The clock reading of a minute of the day, with "+1" after midnight ("03:28 +1")."""
    hours, minutes = day_start.split(":")
    days, rest = divmod(int(hours) * 60 + int(minutes) + minute, MINUTES_PER_DAY)
    return f"{rest // 60:02d}:{rest % 60:02d}" + (f" {days:+d}" if days else "")


def ask(demand: ResponseDemand) -> str:
    """One demand: "2 people for anaesthesia of grade 4 within 5 min"."""
    number = "1 person" if demand.count == 1 else f"{demand.count} people"
    grade = f" of grade {demand.grade}" if demand.grade else ""
    return f"{number} for {spoken(demand.skill)}{grade} within {demand.within} min"


def spoken(name: str) -> str:
    """An id as people say it."""
    return name.replace("-", " ")


def people_missing(demands: Sequence[ResponseDemand], can_come: int) -> str:
    """The tightest demands and how many different people there are for them."""
    asked = " and ".join(ask(demand) for demand in demands)
    whom = " for them together" if len(demands) > 1 else ""
    return f"needs {asked}; {can_come or 'nobody'} can come{whom}"


def kit_missing(kind: str, needed: int, free: int) -> str:
    """One kind of kit and how much of it is at hand."""
    return f"needs {needed} {spoken(kind)}; {max(free, 0) or 'none'} at hand"


def places_missing(field: str, needed: int, free: int) -> str:
    """The operating field, or one of them, and how many people can still stand there."""
    place = spoken(field).removeprefix("sterile ")
    named = "sterile field" if place == "field" else f"sterile field ({place})"
    return f"needs {needed} places at the {named}; room for {max(free, 0) or 'nobody'}"


def gap_message(hazard: Hazard, day_start: str, span: tuple[int, int], missing: str) -> str:
    """The whole sentence: when, what, and what is missing."""
    start, end = (clock(day_start, minute) for minute in span)
    return f"{start} to {end}: {hazard.title} {missing}"
