"""The skills, roles, zones and equipment that a procedure file knows, and its refusals."""

from collections.abc import Mapping, Sequence

from diptych.choreography.script_rows import Page, suggest
from diptych.model import (
    Confidence,
    Equipment,
    EquipmentId,
    InputError,
    InputErrors,
    Minute,
    Role,
    RoleId,
    SkillId,
    Zone,
    ZoneId,
)
from diptych.tables import SourcedTable
from diptych.tables.schema import TableRow

SCHEMA = "diptych.procedure/1"
SUBJECT = "procedure file"
KINDS = {"skill": "skills", "role": "roles", "zone": "zones", "equipment": "equipment"}
_STOCK = "write restock = [[300, 4]] and renewable = false"
_TABLES = (*KINDS.values(), "rest")
_FIELDS = {
    "skill": ("title",),
    "role": ("title", "skills"),
    "zone": ("title", "capacity"),
    "equipment": ("title", "count", "renewable", "restock"),
}


def read_words(
    tree: Mapping[str, object], tables: Mapping[str, SourcedTable]
) -> dict[str, SourcedTable]:
    """The skills, roles, zones and equipment that the file knows, as tables to read a roster by.

    Raises InputErrors with every fault of those rows.
    """
    page = Page(place="the file", fields=tree, faults=[])
    words = find_words(page, tables)
    refuse_faults(page.faults)
    return words


def refuse_faults(faults: Sequence[InputError]) -> None:
    """Raises InputErrors, each fault once: a row that stands for both twins is read twice."""
    once = list({str(fault): fault for fault in faults}.values())
    if once:
        raise InputErrors(once, subject=SUBJECT)


def find_words(page: Page, tables: Mapping[str, SourcedTable]) -> dict[str, SourcedTable]:
    """The words of the file, by the name of their table; faults are kept on the page."""
    _require_schema(page)
    taken = taken_tables(page, tables)
    words: dict[str, SourcedTable] = {}
    for kind, name in KINDS.items():
        rows = dict(tables[name].rows) if name in taken else {}
        skills = tuple(words["skills"].rows) if words else ()
        own = [_word(page, kind, n, skills) for n in range(len(page.rows(kind)))]
        keys = [row.key for row in own]
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            page.fault(f"{kind} {key!r} has two rows", "keep one of them")
        words[name] = SourcedTable(name=name, title=name, rows=rows | {r.key: r for r in own})
    return words


def _require_schema(page: Page) -> None:
    schema = page.text("schema")
    if schema and schema != SCHEMA:
        page.fault(f"schema is {schema!r}, expected {SCHEMA!r}", f"write schema = {SCHEMA!r}")


def taken_tables(page: Page, tables: Mapping[str, SourcedTable]) -> tuple[str, ...]:
    """Tables of which the file takes all rows; a fault for a name that is no table."""
    names = page.texts("tables")
    for name in names:
        if name not in _TABLES:
            page.fault(f"tables names {name!r}, {suggest(name, _TABLES)}", "correct the name")
        elif name not in tables:
            page.fault(f"table {name!r} is not at hand", "give the rows in this file")
    return tuple(name for name in names if name in tables and name in _TABLES)


def _word(file: Page, kind: str, number: int, skills: Sequence[str]) -> TableRow:
    entry = file.rows(kind)[number]
    page = Page(
        place=f"{kind} {number + 1} {entry.get('key', '')!r}",
        fields=entry,
        faults=file.faults,
        known={"skill": skills},
    )
    key = page.text("key")
    page.text("title")
    if kind == "role":
        for skill in page.texts("skills"):
            page.require_known("skill", skill)
    if kind in ("zone", "equipment"):
        page.integer(_FIELDS[kind][1], low=0)
    if kind == "equipment":
        page.truth("renewable", True)
        _require_restock(page)
    page.source()
    page.close()
    fields = {name: entry[name] for name in _FIELDS[kind] if name in entry}
    return TableRow(
        table=KINDS[kind],
        key=key,
        fields=fields,
        source=str(entry.get("source", "")),
        confidence=_confidence(entry.get("confidence")),
        overridden=False,
    )


def _require_restock(page: Page) -> None:
    value = page.get("restock")
    rows = value if isinstance(value, list) else []
    if value is not None and (not rows or page.fields.get("renewable", True)):
        page.fault(f"restock is {value!r}, expected [[minute, pieces], ...] of a stock", _STOCK)
    minutes = [row[0] for row in rows if _is_delivery(row)]
    if len(minutes) < len(rows) or minutes != sorted(set(minutes)):
        page.fault(f"restock is {value!r}, expected [[minute, pieces], ...] in order", _STOCK)


def _is_delivery(row: object) -> bool:
    whole = isinstance(row, list) and all(type(entry) is int for entry in row)
    return isinstance(row, list) and whole and len(row) == 2 and row[1] > 0


def _confidence(word: object) -> Confidence:
    known = [confidence.value for confidence in Confidence]
    return Confidence(word) if word in known else Confidence.ASSUMPTION


def roles_of(table: SourcedTable) -> tuple[Role, ...]:
    """The roles of the rows, in their order."""
    return tuple(
        Role(
            id=RoleId(key),
            title=row.text("title"),
            skills=tuple(SkillId(skill) for skill in row.texts("skills")),
        )
        for key, row in table.rows.items()
    )


def zones_of(table: SourcedTable) -> tuple[Zone, ...]:
    """The zones of the rows, in their order."""
    return tuple(
        Zone(id=ZoneId(key), title=row.text("title"), capacity=row.integer("capacity"))
        for key, row in table.rows.items()
    )


def equipment_of(table: SourcedTable) -> tuple[Equipment, ...]:
    """The equipment of the rows, in their order."""
    return tuple(
        Equipment(
            id=EquipmentId(key),
            title=row.text("title"),
            count=row.integer("count"),
            renewable=bool(row.fields.get("renewable", True)),
            restock=_restock(row),
        )
        for key, row in table.rows.items()
    )


def _restock(row: TableRow) -> tuple[tuple[Minute, int], ...]:
    """Deliveries of a stock, as the row has them."""
    value = row.fields.get("restock", [])
    if not isinstance(value, list) or not all(_is_delivery(entry) for entry in value):
        raise InputError(
            f"table {row.table}, row {row.key!r}: restock is {value!r}, expected"
            " [[minute, pieces], ...]",
            remedy=_STOCK,
        )
    return tuple((Minute(minute), pieces) for minute, pieces in value)
