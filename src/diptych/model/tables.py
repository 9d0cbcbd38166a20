"""A number with its source, as every table row carries it."""

from dataclasses import dataclass

from diptych.model.checks import require
from diptych.model.ids import Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedNumber:
    """value, where it holds and where it comes from.

    overridden : the clinical team replaced the row in CASE/tables/
    """

    key: str
    value: float
    unit: str
    population: str
    low: float
    high: float
    source: str
    confidence: Confidence
    overridden: bool

    def __post_init__(self) -> None:
        require(
            bool(self.source.strip()),
            f"table row {self.key!r} has no source",
            remedy="give a source, or confidence = 'assumption' and source = 'assumption'",
        )
        require(
            self.low <= self.value <= self.high,
            f"table row {self.key!r}: value {self.value} lies outside its range"
            f" {self.low} to {self.high} {self.unit}",
            remedy="correct the value or the range",
        )
