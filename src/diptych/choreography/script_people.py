"""The people of a procedure file, their rest, and how watches are cut."""

from collections.abc import Collection, Mapping

from diptych.choreography.compose import rest_rules
from diptych.choreography.script_rows import Page
from diptych.choreography.script_watches import WatchRules
from diptych.choreography.script_words import taken_tables
from diptych.model import (
    InputError,
    Minute,
    Rest,
    RoleId,
    SkillId,
    Staff,
    StaffId,
)
from diptych.tables import SourcedTable


def read_watch_rules(page: Page, tables: Mapping[str, SourcedTable]) -> WatchRules | None:
    """The [watch] table, else those of the table "rest" if the file takes it, else None."""
    fields = page.table("watch")
    names = {
        "longest": "coverage-block",
        "least": "handover-least",
        "most": "handover-most",
        "slack": "coverage-slack",
    }
    if fields:
        part = Page(place="[watch]", fields=fields, faults=page.faults)
        values = {name: part.integer(name, low=0) for name in names}
        part.source()
        part.close()
    elif "rest" in taken_tables(page, tables):
        values = {name: int(tables["rest"].value(key)) for name, key in names.items()}
    else:
        return None
    if not values["least"] <= values["most"] < values["longest"]:
        page.fault(
            f"watch: least {values['least']}, most {values['most']}, longest"
            f" {values['longest']} min, expected least <= most < longest",
            "correct [watch]",
        )
        return None
    return WatchRules(**values)


def read_rest(page: Page, tables: Mapping[str, SourcedTable]) -> Rest | None:
    """The [rest] table, else that of the table "rest" if the file takes it, else None."""
    fields = page.table("rest")
    if not fields:
        return rest_rules(tables["rest"]) if "rest" in taken_tables(page, tables) else None
    part = Page(place="[rest]", fields=fields, faults=page.faults)
    needed = [
        Minute(part.integer(name, low=1))
        for name in ("longest_stretch", "shortest_break", "longest_work")
    ]
    span, stretch = (
        Minute(part.integer(name, low=1)) if name in fields else None
        for name in ("longest_span", "low_stretch")
    )
    low = _low(part)
    part.get("longest_span")
    part.get("low_stretch")
    part.source()
    part.close()
    try:
        return Rest(
            longest_stretch=needed[0],
            shortest_break=needed[1],
            longest_work=needed[2],
            longest_span=span,
            low=low,
            low_stretch=stretch,
        )
    except InputError as error:
        part.fault(error.message, "correct [rest]")
        return None


def _low(part: Page) -> tuple[Minute, Minute] | None:
    """Clock minutes from and to; the second after midnight counts on."""
    value = part.get("low")
    if value is None:
        return None
    whole = isinstance(value, list) and all(isinstance(entry, int) for entry in value)
    if not isinstance(value, list) or not whole or len(value) != 2:
        part.fault(f"low is {value!r}, expected [from, to] in minutes of the clock", "correct low")
        return None
    return Minute(value[0]), Minute(value[1])


def read_staff(page: Page, words: Mapping[str, SourcedTable]) -> tuple[Staff, ...]:
    """The [[staff]] rows: their role gives their skills unless they list their own."""
    roles, skills = tuple(words["roles"].rows), tuple(words["skills"].rows)
    people = []
    for n, fields in enumerate(page.rows("staff"), 1):
        place = f"staff {n} {fields.get('key', '')!r}"
        known: dict[str, Collection[str]] = {"role": roles, "skill": skills}
        part = Page(place=place, fields=fields, faults=page.faults, known=known)
        people.append(_read_person(part, words["roles"]))
    ids = [person.id for person in people if person is not None]
    for id in sorted({id for id in ids if ids.count(id) > 1}):
        page.fault(f"staff {id!r} has two rows", "keep one of them")
    return tuple(person for person in people if person is not None)


def _read_person(part: Page, roles: SourcedTable) -> Staff | None:
    role = part.text("role")
    if roles.rows:
        part.require_known("role", role)
    skills = part.texts("skills")
    for skill in skills:
        part.require_known("skill", skill)
    if "skills" not in part.fields and role in roles.rows:
        skills = roles.rows[role].texts("skills")
    before = len(part.faults)
    fields = {
        "id": StaffId(part.text("key")),
        "name": part.text("name"),
        "role": RoleId(role),
        "skills": tuple(SkillId(skill) for skill in skills),
        "team": part.choice("team", ("A", "B", "both")),
        "start": Minute(part.integer("start")),
        "end": Minute(part.integer("end")),
        "grade": part.integer("grade", 3),
        "absences": _spans(part, "absences", ("from", "to")),
        "on_call": _spans(part, "on_call", ("from", "to", "travel")),
    }
    part.close()
    try:
        return Staff(**fields) if len(part.faults) == before else None  # type: ignore[arg-type]
    except InputError as error:
        part.fault(error.message, "correct the row")
        return None


def _spans(part: Page, name: str, columns: tuple[str, ...]) -> tuple[tuple[Minute, ...], ...]:
    """A list of lists of whole minutes, one for each of `columns`; absent, an empty one."""
    value = part.get(name)
    rows = [] if value is None else value
    if not isinstance(rows, list) or not all(
        isinstance(row, list) and len(row) == len(columns) and all(isinstance(m, int) for m in row)
        for row in rows
    ):
        part.fault(f"{name} is {value!r}, expected [[{', '.join(columns)}], ...]", "write minutes")
        return ()
    return tuple(tuple(Minute(minute) for minute in row) for row in rows)
