"""What the tables and plug points hold, for people who ask."""

from collections.abc import Sequence

from diptych.model import UsageError
from diptych.plugins import list_plugins
from diptych.tables import load_table, table_names

_ALIASES = {"hazards": "hazards", "roles": "roles", "steps": "steps", "equipment": "equipment"}


def list_rows(what: str) -> list[dict[str, object]]:
    """Rows of a table (hazards, roles, steps, equipment, or any table's name), or of all.

    `tables` lists the tables with their number of rows; `plugins` the plug points.
    """
    if what == "tables":
        return [
            {"table": name, "title": load_table(name).title, "rows": len(load_table(name).rows)}
            for name in table_names()
        ]
    if what == "plugins":
        return list_plugins()
    if what not in (*_ALIASES, *table_names()):
        raise UsageError(
            f"there is no list of {what!r}",
            remedy=f"ask for tables, plugins, or one of: {', '.join(table_names())}",
        )
    table = load_table(_ALIASES.get(what, what))
    return [
        {"key": key, **row.fields, "source": row.source, "confidence": row.confidence.value}
        for key, row in table.rows.items()
    ]


def wording(rows: Sequence[dict[str, object]]) -> list[str]:
    """One line for each row: its first field, then the others by name."""
    lines = []
    for row in rows:
        (_, first), *rest = row.items()
        lines.append(f"{first}  " + "  ".join(f"{name}: {value}" for name, value in rest))
    return lines
