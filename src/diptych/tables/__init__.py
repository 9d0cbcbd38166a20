"""Numbers with their sources: TOML tables, read and checked, never retyped into code."""

from diptych.tables.load import load_table, table_names
from diptych.tables.roster import demonstration_roster
from diptych.tables.schema import SourcedTable, TableRow

__all__ = ["SourcedTable", "TableRow", "demonstration_roster", "load_table", "table_names"]
