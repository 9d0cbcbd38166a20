"""How a child grows along the WHO standards: size by age, keeping its own z-score.

X(z) = M (1 + L S z)^(1/L), Cole's LMS method, with L, M, S from table growth.
"""

from bisect import bisect_right
from dataclasses import dataclass
from math import exp, log

from diptych.model import InputError
from diptych.tables import SourcedTable, TableRow

DAYS_A_MONTH = 30.4375
Lms = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthCurve:
    """One measure of one sex: ages in days, rising, and L, M, S at each.

    Ages beyond the last row keep its values; `ends` says where that begins.
    """

    measure: str
    days: tuple[float, ...]
    values: tuple[Lms, ...]

    @property
    def ends(self) -> float:
        """Last age, days, that the standard covers."""
        return self.days[-1]

    def size(self, day: float, z: float = 0.0) -> float:
        """Size at that age in days and z-score, in the unit of the table."""
        shape, median, spread = self.lms(day)
        if abs(shape) < 1e-9:
            return median * exp(spread * z)
        return float(median * max(1.0 + shape * spread * z, 1e-3) ** (1.0 / shape))

    def z_score(self, day: float, size: float) -> float:
        """How many standard deviations that size is from the median at that age."""
        shape, median, spread = self.lms(day)
        if abs(shape) < 1e-9:
            return log(size / median) / spread
        return float(((size / median) ** shape - 1.0) / (shape * spread))

    def lms(self, day: float) -> Lms:
        """L, M and S at that age, in a straight line between the rows."""
        return interpolate_lms(self.days, self.values, day)


def interpolate_lms(days: tuple[float, ...], values: tuple[Lms, ...], day: float) -> Lms:
    """L, M, S at `day` between the neighbouring rows; the first or last row outside them."""
    place = bisect_right(days, day)
    if place == 0:
        return values[0]
    if place == len(days):
        return values[-1]
    share = (day - days[place - 1]) / (days[place] - days[place - 1])
    before, after = values[place - 1], values[place]
    shape, median, spread = (b + share * (a - b) for b, a in zip(before, after, strict=True))
    return shape, median, spread


def build_curve(table: SourcedTable, measure: str, sex: str) -> GrowthCurve:
    """The curve of that measure ("weight", "head-circumference") and sex.

    For sex "unknown" it is the mean of both sexes. InputError if the table lacks the rows.
    """
    if sex == "unknown":
        return _mean(build_curve(table, measure, "female"), build_curve(table, measure, "male"))
    rows = sorted(_rows(table, measure, sex), key=lambda row: row.number("day"))
    if len(rows) < 2:
        raise InputError(
            f"table {table.name} has {len(rows)} rows of {measure} for {sex}, expected at least 2",
            remedy="restore the rows, or correct the sex in case.toml",
        )
    return GrowthCurve(
        measure=measure,
        days=tuple(row.number("day") for row in rows),
        values=tuple((row.number("l"), row.number("m"), row.number("s")) for row in rows),
    )


def _rows(table: SourcedTable, measure: str, sex: str) -> list[TableRow]:
    return [
        row
        for row in table.rows.values()
        if row.fields.get("measure") == measure and row.fields.get("sex") == sex
    ]


def _mean(one: GrowthCurve, other: GrowthCurve) -> GrowthCurve:
    days = tuple(sorted({*one.days, *other.days}))
    pairs = [(one.lms(day), other.lms(day)) for day in days]
    return GrowthCurve(
        measure=one.measure,
        days=days,
        values=tuple(
            ((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0, (a[2] + b[2]) / 2.0) for a, b in pairs
        ),
    )
