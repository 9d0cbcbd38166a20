"""Reads tables from the package and lays the clinical team's own rows over them.

A table is a TOML file: `title`, optionally `open = true` (a site may add rows), and
`[[row]]` entries. Every row has `key`, `source` and `confidence` (high, medium, low,
assumption); rows of plain numbers also have value, unit, population, low, high. An
override file has the same form; a row in it replaces the fields that it names and must
say its own source.
"""

import tomllib
from importlib.resources import files

from diptych.model import Confidence, InputError
from diptych.tables.schema import SourcedTable, TableRow

_RESERVED = ("key", "source", "confidence")


def table_names() -> tuple[str, ...]:
    """Names of the tables that the package brings, sorted."""
    folder = files("diptych.tables")
    return tuple(
        sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


def load_table(name: str, override: str = "") -> SourcedTable:
    """The table of that name with the override text (TOML, may be empty) laid over it.

    Raises InputError for an unknown table, a row without a source, an unknown
    confidence word, or an override of a row that the table does not have (unless the
    table is open).
    """
    if name not in table_names():
        raise InputError(
            f"no table {name!r}; there are {', '.join(table_names())}",
            remedy="use one of these names",
        )
    content = _parse(name, files("diptych.tables").joinpath(f"{name}.toml").read_text("utf-8"))
    rows = {row.key: row for row in (_row(name, entry, False) for entry in _entries(name, content))}
    if override.strip():
        _lay_over(name, rows, _parse(name, override), open_table=bool(content.get("open", False)))
    return SourcedTable(name=name, title=str(content.get("title", name)), rows=rows)


def _parse(name: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"table {name} is not valid TOML: {error}",
            remedy=f"correct the line in {name}.toml",
        ) from error


def _entries(name: str, content: dict[str, object]) -> list[dict[str, object]]:
    entries = content.get("row", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(
            f"table {name}: row is {type(entries).__name__}, expected [[row]] entries",
            remedy=f"write each row of {name}.toml under its own [[row]]",
        )
    return entries


def _row(name: str, entry: dict[str, object], overridden: bool) -> TableRow:
    key, source, confidence = (entry.get(field) for field in _RESERVED)
    if not isinstance(key, str) or not key:
        raise InputError(
            f"table {name}: a row has key {key!r}, expected text",
            remedy=f"give every row of {name}.toml a key",
        )
    if not isinstance(source, str) or not source.strip():
        raise InputError(
            f"table {name}, row {key!r} has no source",
            remedy="give a source, or source = 'assumption' with confidence = 'assumption'",
        )
    if confidence not in [word.value for word in Confidence]:
        raise InputError(
            f"table {name}, row {key!r}: confidence is {confidence!r},"
            " expected high, medium, low or assumption",
            remedy=f"correct the row in {name}.toml",
        )
    fields = {field: entry[field] for field in sorted(entry) if field not in _RESERVED}
    return TableRow(
        table=name,
        key=key,
        fields=fields,
        source=source,
        confidence=Confidence(confidence),
        overridden=overridden,
    )


def _lay_over(
    name: str, rows: dict[str, TableRow], content: dict[str, object], *, open_table: bool
) -> None:
    for entry in _entries(name, content):
        key = entry.get("key")
        known = rows.get(key) if isinstance(key, str) else None
        if known is None and not open_table:
            raise InputError(
                f"override of table {name} names row {key!r}, which the table does not have",
                remedy=f"use one of: {', '.join(rows)}",
            )
        base: dict[str, object] = dict(known.fields) if known else {}
        if known:
            base["confidence"] = known.confidence.value
        row = _row(name, base | entry, True)
        rows[row.key] = row
