"""Who is called first to each place of a response, and from when."""

from collections.abc import Iterator
from dataclasses import dataclass

from diptych.model import Coverage, Hazard, HazardId, Minute, ResponseDemand, Schedule, StaffId
from diptych.report.shortages import Roll

CALL_COLUMNS = ("hazard", "what", "place", "within_min", "from_min", "to_min", "from", "to", "who")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One person called first to a place from `start` to `end`; None: nobody can come."""

    person: StaffId | None
    start: Minute
    end: Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledPlace:
    """One of the people that a demand asks for, and who is called over the day, in order.

    number : 1, 2 ... where the demand asks for several
    """

    demand: ResponseDemand
    number: int
    calls: tuple[Call, ...]


def order_calls(coverage: Coverage, hazard: Hazard) -> tuple[CalledPlace, ...]:
    """Each place of the hazard's response, the soonest first."""
    cells = sorted(
        (cell for cell in coverage.cells if cell.hazard == hazard.id), key=lambda cell: cell.start
    )
    places = []
    row = 0
    for demand in hazard.response.demands:
        for number in range(1, demand.count + 1):
            found = [
                Call(
                    person=cell.witness[row][0] if cell.covered else None,
                    start=cell.start,
                    end=cell.end,
                )
                for cell in cells
            ]
            places.append(CalledPlace(demand=demand, number=number, calls=_join(found)))
            row += 1
    return tuple(sorted(places, key=lambda place: place.demand.within))


def _join(calls: list[Call]) -> tuple[Call, ...]:
    joined: list[Call] = []
    for call in calls:
        last = joined[-1] if joined else None
        if last and last.person == call.person and last.end == call.start:
            joined[-1] = Call(person=last.person, start=last.start, end=call.end)
        else:
            joined.append(call)
    return tuple(joined)


def list_calls(coverage: Coverage, schedule: Schedule) -> Iterator[tuple[object, ...]]:
    """Every call of every hazard, under CALL_COLUMNS, in the order of the catalogue."""
    roll = Roll(schedule, coverage.hazards)
    for hazard in coverage.hazards:
        for place in order_calls(coverage, hazard):
            for call in place.calls:
                yield (
                    hazard.id,
                    hazard.title,
                    place.demand.skill,
                    int(place.demand.within),
                    int(call.start),
                    int(call.end),
                    roll.clock(call.start),
                    roll.clock(call.end),
                    "nobody" if call.person is None else roll.name(call.person),
                )


def find_window(coverage: Coverage, id: HazardId) -> tuple[Minute, Minute] | None:
    """From when to when the hazard can strike; None where it cannot."""
    cells = [cell for cell in coverage.cells if cell.hazard == id]
    if not cells:
        return None
    return min(cell.start for cell in cells), max(cell.end for cell in cells)
