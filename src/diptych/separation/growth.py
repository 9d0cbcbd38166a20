"""How much a head's surface grows between the scan and the operation.

Surface goes with the square of the head circumference, which follows the WHO standard
(table growth) of the child's sex; for sex "unknown" the mean of both. A child that keeps its
distance from the median grows by nearly the same share, so the median's growth is taken.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from diptych.model import Brief, InputError, Measured
from diptych.tables import SourcedTable

_MEASURE = "head-circumference"
DAYS_A_MONTH = 30.4375


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The day of the operation, its age in months, and head surface then over that on the scan.

    stale : a sentence when the scan will be too old by then, else ""
    """

    operation: date
    months: float
    surface: Measured
    stale: str


def measure_growth(
    brief: Brief,
    sex: str,
    operation: date | None,
    *,
    growth: SourcedTable,
    timing: SourcedTable,
) -> Growth:
    """Growth of one twin's head surface to the day of the operation, as a ratio.

    operation : None takes the middle of the candidate days, and both ends as the interval
    timing : its rows scan-valid-... say how long a scan holds
    Raises InputError for a day before the scan or a table without the rows.
    """
    first = operation or brief.earliest_operation
    last = operation or brief.latest_operation
    day = operation or first + (last - first) / 2
    if day < brief.imaged:
        raise InputError(
            f"the operation on {day} lies before the scan on {brief.imaged}",
            remedy="correct dates.imaged or the days of the operation in case.toml",
        )
    low, value, high = (
        surface_ratio(
            growth, sex, float((brief.imaged - brief.born).days), float((when - brief.born).days)
        )
        for when in (first, day, last)
    )
    return Growth(
        operation=day,
        months=(day - brief.born).days / DAYS_A_MONTH,
        surface=Measured(value=value, low=min(low, value), high=max(high, value), unit="1"),
        stale=_tell_stale(brief, day, value, timing),
    )


def surface_ratio(growth: SourcedTable, sex: str, then: float, now: float) -> float:
    """Head surface at the age of `now` days over that at `then` days, by the WHO median."""
    sexes = ("female", "male") if sex == "unknown" else (sex,)
    before = float(np.mean([_circumference(growth, name, then) for name in sexes]))
    after = float(np.mean([_circumference(growth, name, now) for name in sexes]))
    return (after / before) ** 2


def _circumference(growth: SourcedTable, sex: str, day: float) -> float:
    """Median head circumference at that age, cm, in a straight line between the rows."""
    rows = [
        row
        for row in growth.rows.values()
        if row.fields.get("measure") == _MEASURE and row.fields.get("sex") == sex
    ]
    if len(rows) < 2:
        raise InputError(
            f"table {growth.name} has {len(rows)} rows of {_MEASURE} for {sex}, expected 2 or more",
            remedy="restore the rows, or correct the sex in case.toml",
        )
    points = sorted((row.number("day"), row.number("m")) for row in rows)
    return float(np.interp(day, [entry[0] for entry in points], [entry[1] for entry in points]))


def _tell_stale(brief: Brief, day: date, ratio: float, timing: SourcedTable) -> str:
    young = (brief.imaged - brief.born).days < 12 * DAYS_A_MONTH
    row = timing.number("scan-valid-under-12-months" if young else "scan-valid-from-12-months")
    waited = (day - brief.imaged).days
    if waited <= row.value:
        return ""
    return (
        f"the scan will be {waited} days old on {day}; it holds for {row.value:.0f} days"
        f" ({row.source}). The head's surface grows by {100.0 * (ratio - 1.0):.1f} % until then:"
        " scan again and plan again before anything is drawn on skin"
    )
