"""Reads the catalogue of hazards and gives each twin its own."""

from collections.abc import Collection, Mapping
from itertools import chain
from math import sqrt

from diptych.contingencies.doses import read_blood, read_drugs
from diptych.contingencies.duties import fields_of
from diptych.model import (
    EquipmentId,
    Hazard,
    HazardId,
    InputError,
    Minute,
    Probability,
    Procedure,
    Response,
    ResponseDemand,
    SkillId,
    Subject,
)
from diptych.tables import SourcedTable, TableRow

LAST_STEP = 19
_OTHER = {Subject.A: Subject.B, Subject.B: Subject.A}
_SUBJECTS = {
    "twin": (Subject.A, Subject.B),
    "both": (Subject.BOTH,),
    "team": (Subject.TEAM,),
}


def read_hazards(table: SourcedTable, procedure: Procedure) -> tuple[Hazard, ...]:
    """Every hazard of the table, in its order; those of one twin first for A, then for B.

    A row with `subject = "twin"` gives two hazards, `key-A` and `key-B`. Where its
    probability counts operations (`per = "operation"`), each twin gets the share with which
    at least one of the two reaches that figure.

    Raises InputError naming the row for anything missing or out of range, for a knock-on that
    is no row of the table, and for a skill that no role or person of the procedure has or a
    kind of kit or a field that it does not know (a row without a source is refused already
    when the table is read, and again here).
    """
    skills = {skill for role in procedure.roles for skill in role.skills}
    skills |= {skill for person in procedure.staff for skill in person.skills}
    known = {
        "skill": {str(skill) for skill in skills},
        "equipment": {str(kit.id) for kit in procedure.equipment},
        "zone": {str(zone.id) for zone in procedure.zones},
    }
    hazards = tuple(chain.from_iterable(_expand(row, table) for row in table.rows.values()))
    for hazard in hazards:
        _require_known(hazard, known)
    return hazards


def _expand(row: TableRow, table: SourcedTable) -> tuple[Hazard, ...]:
    whom = row.text("subject")
    if whom not in _SUBJECTS:
        raise _fault(row, f"subject is {whom!r}, expected twin, both or team")
    return tuple(
        _hazard(row, subject, _response(row, _follow_ups(row, table, subject)))
        for subject in _SUBJECTS[whom]
    )


def _follow_ups(row: TableRow, table: SourcedTable, subject: Subject) -> tuple[HazardId, ...]:
    """Hazards that may follow: of the same twin, "other:KEY" of the other one."""
    found: list[str] = []
    for word in row.texts("knock_on"):
        where, _, key = word.rpartition(":")
        if key not in table.rows or where not in ("", "other"):
            known = ", ".join(table.rows)
            raise _fault(row, f"knock_on names {word!r}, expected KEY or other:KEY of {known}")
        single = table.rows[key].text("subject") == "twin"
        if where and not (single and subject in _OTHER):
            raise _fault(row, f"knock_on names {word!r}, but there is no other twin")
        twins = (subject,) if subject in _OTHER else (Subject.A, Subject.B)
        twins = (_OTHER[subject],) if where else twins
        found += [f"{key}-{twin}" for twin in twins] if single else [key]
    return tuple(HazardId(id) for id in found)


def _hazard(row: TableRow, subject: Subject, response: Response) -> Hazard:
    single = subject in (Subject.A, Subject.B)
    first, last = row.integer("first_step"), row.integer("last_step")
    severity = row.integer("severity")
    if not 1 <= first <= last <= LAST_STEP:
        raise _fault(row, f"steps are {first} to {last}, expected 1 <= first <= last <= 19")
    if not 1 <= severity <= 3:
        raise _fault(row, f"severity is {severity}, expected 1, 2 or 3")
    return Hazard(
        id=HazardId(f"{row.key}-{subject}" if single else row.key),
        title=_title(row, subject) if single else row.text("title"),
        subject=subject,
        first_step=first,
        last_step=last,
        probability=_share(row, "probability", single),
        probability_low=_share(row, "probability_low", single),
        probability_high=_share(row, "probability_high", single),
        severity=severity,
        response=response,
        source=row.source,
        confidence=row.confidence,
    )


def _title(row: TableRow, subject: Subject) -> str:
    title, twin = row.text("title"), f"twin {subject}"
    return title.replace("{twin}", twin) if "{twin}" in title else f"{title} of {twin}"


def _share(row: TableRow, field: str, single: bool) -> Probability:
    """Probability for this subject out of the probability of the row."""
    value, per = row.number(field), row.text("per")
    if not 0 <= value <= 1:
        raise _fault(row, f"{field} is {value}, expected 0 to 1")
    if per not in ("operation", "twin") or (per == "twin" and not single):
        raise _fault(row, f"per is {per!r}, expected operation, or twin for a hazard of one twin")
    return Probability(1 - sqrt(1 - value) if single and per == "operation" else value)


def _response(row: TableRow, knock_on: tuple[HazardId, ...]) -> Response:
    low, mode, high = _minutes(row, "hold")
    return Response(
        demands=_demands(row),
        equipment={EquipmentId(kind): n for kind, n in row.counts("equipment").items()},
        low=low,
        mode=mode,
        high=high,
        actions=row.text("actions"),
        delay=_minutes(row, "delay"),
        sterile=_sterile(row),
        drugs=read_drugs(row),
        blood=read_blood(row),
        knock_on=knock_on,
        meanwhile=row.text("meanwhile", ""),
    )


def _sterile(row: TableRow) -> int:
    """Places at the field of each twin in trouble."""
    places = row.integer("sterile", 0)
    if places < 0 or (places and row.text("subject") == "team"):
        raise _fault(row, f"sterile is {places}, expected 0 or more, and 0 for the team")
    return places


def _minutes(row: TableRow, field: str) -> tuple[Minute, Minute, Minute]:
    values = row.fields.get(field)
    if (
        not isinstance(values, list)
        or len(values) != 3
        or not all(isinstance(v, int) and v >= 0 for v in values)
        or values != sorted(values)
    ):
        raise _fault(row, f"{field} is {values!r}, expected three whole minutes, rising")
    return Minute(values[0]), Minute(values[1]), Minute(values[2])


def _demands(row: TableRow) -> tuple[ResponseDemand, ...]:
    entries = row.fields.get("demands")
    if not isinstance(entries, list) or not entries:
        raise _fault(row, "demands are missing, expected at least one")
    return tuple(_demand(row, entry) for entry in entries)


def _demand(row: TableRow, entry: object) -> ResponseDemand:
    fields = entry if isinstance(entry, dict) else {}
    skill = fields.get("skill")
    count, within, grade = (
        _whole(fields.get(name, default))
        for name, default in (("count", None), ("within", None), ("grade", 0))
    )
    known = set(fields) <= {"skill", "count", "within", "grade"}
    if not isinstance(skill, str) or not known or count < 1 or within < 0 or not 0 <= grade <= 5:
        raise _fault(
            row,
            f"demand is {entry!r}, expected skill, count >= 1, within >= 0 and, if wanted,"
            " grade 1 to 5",
        )
    return ResponseDemand(skill=SkillId(skill), count=count, within=Minute(within), grade=grade)


def _whole(value: object) -> int:
    """The whole number that it is, else -1."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _require_known(hazard: Hazard, known: Mapping[str, Collection[str]]) -> None:
    asked: dict[str, list[str]] = {
        "skill": [str(demand.skill) for demand in hazard.response.demands],
        "equipment": [str(kind) for kind in hazard.response.equipment],
        "zone": [zone for apart in (0, 1) for zone in fields_of(hazard, apart)],
    }
    for kind, names in asked.items():
        for name in names if kind != "zone" or hazard.response.sterile else ():
            if name not in known[kind]:
                raise InputError(
                    f"hazard {hazard.id} asks for {kind} {name!r}, which is not known here;"
                    f" known: {', '.join(sorted(known[kind]))}",
                    remedy=f"correct the row in hazards.toml, or add the {kind} to its table",
                )


def _fault(row: TableRow, what: str) -> InputError:
    return InputError(
        f"table {row.table}, row {row.key!r}: {what}",
        remedy=f"correct the row in {row.table}.toml",
    )
