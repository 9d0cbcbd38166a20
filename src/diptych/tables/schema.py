"""What every table row must carry, and how values are taken from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from json import dumps

from diptych.model import Confidence, InputError, SourcedNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row: its fields as read, its source, and whether a clinical team replaced it."""

    table: str
    key: str
    fields: Mapping[str, object]
    source: str
    confidence: Confidence
    overridden: bool

    def text(self, field: str, default: str | None = None) -> str:
        """The text of a field; InputError if it is missing and there is no default."""
        value = self.fields.get(field, default)
        if not isinstance(value, str):
            raise self._fault(field, value, "text")
        return value

    def number(self, field: str, default: float | None = None) -> float:
        """The number of a field; InputError if it is missing and there is no default."""
        value = self.fields.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._fault(field, value, "a number")
        return float(value)

    def integer(self, field: str, default: int | None = None) -> int:
        """The whole number of a field; InputError otherwise."""
        value = self.fields.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._fault(field, value, "a whole number")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts; an absent field is an empty list."""
        value = self.fields.get(field, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._fault(field, value, "a list of texts")
        return tuple(value)

    def counts(self, field: str) -> dict[str, int]:
        """A table of name -> whole number; an absent field is empty."""
        value = self.fields.get(field, {})
        if not isinstance(value, dict) or not all(isinstance(n, int) for n in value.values()):
            raise self._fault(field, value, "names with whole numbers")
        return {str(name): int(value[name]) for name in sorted(value)}

    def _fault(self, field: str, value: object, expected: str) -> InputError:
        return InputError(
            f"table {self.table}, row {self.key!r}: {field} is {value!r}, expected {expected}",
            remedy=f"correct the row in {self.table}.toml",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedTable:
    """All rows of one table, in the order of the file (added rows last)."""

    name: str
    title: str
    rows: Mapping[str, TableRow]

    def row(self, key: str) -> TableRow:
        """The row of that key; InputError if there is none."""
        if key not in self.rows:
            raise InputError(
                f"table {self.name} has no row {key!r}; it has {', '.join(self.rows)}",
                remedy="use one of these keys, or add the row in CASE/tables/",
            )
        return self.rows[key]

    def number(self, key: str) -> SourcedNumber:
        """The row as a number with unit, population, range, source and confidence."""
        row = self.row(key)
        return SourcedNumber(
            key=key,
            value=row.number("value"),
            unit=row.text("unit"),
            population=row.text("population"),
            low=row.number("low"),
            high=row.number("high"),
            source=row.source,
            confidence=row.confidence,
            overridden=row.overridden,
        )

    def value(self, key: str) -> float:
        """Just the value of the row."""
        return self.number(key).value

    @property
    def content_hash(self) -> str:
        """SHA-256 over every field of every row, in canonical JSON."""
        content = {
            key: [dict(row.fields), row.source, row.confidence.value]
            for key, row in self.rows.items()
        }
        return sha256(dumps(content, sort_keys=True).encode()).hexdigest()
