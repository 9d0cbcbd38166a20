"""How likely an infection of the airways puts the operation off, by day of the year."""

from calendar import monthrange
from datetime import date
from math import exp

from diptych.tables import SourcedTable

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SOUTHERN_SHIFT = 6
"""Months by which the southern season comes later."""


def season_index(table: SourcedTable, day: date, hemisphere: str) -> float:
    """Mean index of all viruses in the table on that day, 0 (none) to 1 (all at their worst).

    Months stand for their middles, with straight lines between them.
    """
    values = [_virus_index(table, key, day, hemisphere) for key in table.rows]
    return sum(values) / len(values) if values else 0.0


def _virus_index(table: SourcedTable, key: str, day: date, hemisphere: str) -> float:
    row = table.row(key)
    months = [row.number(month) for month in MONTHS]
    shift = SOUTHERN_SHIFT if hemisphere == "south" else 0
    length = monthrange(day.year, day.month)[1]
    place = (day.month - 1 + shift) + (day.day - 0.5) / length - 0.5
    first = int(place // 1)
    share = place - first
    return months[first % 12] * (1.0 - share) + months[(first + 1) % 12] * share


def postponement_probability(index: float, *, per_day: float, days: float) -> float:
    """Probability of at least one infection in `days` days: 1 - exp(-rate index days)."""
    return 1.0 - exp(-per_day * index * days)
