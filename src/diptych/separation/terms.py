"""The numbers that the allocation works with, from the tables, and what people demand."""

from collections.abc import Mapping
from dataclasses import dataclass

from diptych.model import Measured, TwinId, VesselId, require
from diptych.tables import SourcedTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What people ask of the allocation.

    favoured : the twin that a plan is kinder to, None when balanced
    weight : how much kinder (1 or more); None takes the table's
    keep : vessels that a twin must keep; split : vessels to be divided between both
    """

    favoured: TwinId | None = None
    weight: float | None = None
    keep: tuple[tuple[VesselId, TwinId], ...] = ()
    split: tuple[VesselId, ...] = ()

    def __post_init__(self) -> None:
        require(
            self.weight is None or self.weight >= 1.0,
            f"weight of the favoured twin is {self.weight}, expected 1 or more",
            remedy="use 1 for no preference, or favour the other twin",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationTerms:
    """Tables "allocation" and "physiology" side by side."""

    allocation: SourcedTable
    physiology: SourcedTable

    @classmethod
    def read(cls, tables: Mapping[str, SourcedTable]) -> "AllocationTerms":
        """From the tables by name."""
        return cls(allocation=tables["allocation"], physiology=tables["physiology"])

    def value(self, key: str) -> float:
        """The value of a row of the table "allocation"."""
        return self.allocation.value(key)

    def measured(self, key: str) -> Measured:
        """A row of the table "allocation" with its range."""
        row = self.allocation.number(key)
        return Measured(value=row.value, low=row.low, high=row.high, unit=row.unit)

    @property
    def viscosity(self) -> float:
        """mPa.s."""
        return self.physiology.value("blood-viscosity")

    @property
    def limit(self) -> float:
        """Highest pressure above the jugular that counts as draining, mmHg."""
        return self.physiology.value("stenosis-gradient")

    def stop_rules(self) -> tuple[str, ...]:
        """Rules for people, each with its source."""
        rows = self.allocation.rows.values()
        return tuple(
            f"{row.text('text')} ({row.source})" for row in rows if row.key.startswith("rule-")
        )

    def sources(self) -> tuple[str, ...]:
        """Each number used with its unit, source and confidence."""
        rows = [self.physiology.number(key) for key in _PHYSIOLOGY]
        rows += [
            self.allocation.number(key)
            for key in self.allocation.rows
            if not key.startswith("rule-")
        ]
        return tuple(
            f"{row.key} {row.value:g} {row.unit} ({row.low:g} to {row.high:g};"
            f" {row.population}): {row.source}; confidence {row.confidence.value}"
            for row in rows
        )


_PHYSIOLOGY = ("stenosis-gradient", "sinus-pressure-upper", "jugular-pressure", "blood-viscosity")
