"""A procedure written out as the text of a procedure file, for a team to edit."""

import re
from collections.abc import Mapping, Sequence
from json import dumps

from diptych.choreography.script_rows import AS_WRITTEN
from diptych.choreography.script_words import SCHEMA
from diptych.model import (
    Confidence,
    Demand,
    Duration,
    InputError,
    Precedence,
    Procedure,
    Rest,
    Staff,
    Task,
    TaskId,
)
from diptych.tables import SourcedTable

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SOURCED = re.compile(r"(?s)(?P<source>.+) \((?P<confidence>[a-z]+)\)")
_UNTOLD = "assumption: the procedure that was written out does not say where this comes from"


def write_procedure(
    procedure: Procedure, *, tables: Mapping[str, SourcedTable] | None = None
) -> str:
    """The procedure as TOML text; `read_procedure` of it gives the same procedure again.

    tables : tables whose rows give the sources of skills, roles, zones and equipment; what they
        do not hold is marked as an assumption, for a procedure does not carry its sources

    Raises InputError for tasks without a source: such a file would be refused.
    """
    silent = [task.id for task in procedure.tasks if not task.source.strip()]
    if silent:
        raise InputError(
            f"tasks {', '.join(silent)} have no source", remedy="say where each comes from"
        )
    early, late = _split(procedure)
    lines = [*_head(procedure), *_rest(procedure.rest), *_words(procedure, tables or {})]
    for person in procedure.staff:
        lines += _person(person)
    for task in procedure.tasks:
        lines += _task(task, early.get(task.id, ()))
    for rule in late:
        lines += _rule(rule)
    for milestone in procedure.milestones:
        lines += _row(
            "milestone", key=milestone.id, title=milestone.title, step=str(milestone.task)
        )
    return "\n".join(lines) + "\n"


def _split(
    procedure: Procedure,
) -> tuple[dict[TaskId, list[Precedence]], Sequence[Precedence]]:
    """Rules told with their task, and the rest; read again, they come in the same order."""
    place = {task.id: n for n, task in enumerate(procedure.tasks)}
    told = 0
    for n, rule in enumerate(procedure.precedence):
        if n and place[rule.after] < place[procedure.precedence[n - 1].after]:
            break
        told = n + 1
    early: dict[TaskId, list[Precedence]] = {}
    for rule in procedure.precedence[:told]:
        early.setdefault(rule.after, []).append(rule)
    return early, procedure.precedence[told:]


def _head(procedure: Procedure) -> list[str]:
    lines = [
        "# Minutes throughout. Format: docs/reference/procedure-toml.md",
        f"schema = {_value(SCHEMA)}",
        f"day_start = {_value(procedure.day_start)}",
        f"separation = {_value(procedure.separation)}",
        "notes = [",
        *(f"  {_value(note)}," for note in procedure.notes),
        "]",
    ]
    return lines


def _rest(rest: Rest | None) -> list[str]:
    if rest is None:
        return []
    fields: dict[str, object] = {
        "longest_stretch": rest.longest_stretch,
        "shortest_break": rest.shortest_break,
        "longest_work": rest.longest_work,
        "longest_span": rest.longest_span,
        "low": None if rest.low is None else list(rest.low),
        "low_stretch": rest.low_stretch,
        "source": _UNTOLD,
        "confidence": Confidence.ASSUMPTION.value,
    }
    return ["", "[rest]", *_fields(fields)]


def _words(procedure: Procedure, tables: Mapping[str, SourcedTable]) -> list[str]:
    lines = []
    for skill in _skills(procedure):
        row = tables["skills"].rows.get(skill) if "skills" in tables else None
        title = skill if row is None else row.text("title")
        lines += _row("skill", key=skill, title=title, **_source(tables, "skills", skill))
    for role in procedure.roles:
        told = _source(tables, "roles", role.id)
        lines += _row("role", key=role.id, title=role.title, skills=list(role.skills), **told)
    for zone in procedure.zones:
        told = _source(tables, "zones", zone.id)
        lines += _row("zone", key=zone.id, title=zone.title, capacity=zone.capacity, **told)
    for kit in procedure.equipment:
        told = _source(tables, "equipment", kit.id)
        stock = None if kit.renewable else False
        lines += _row(
            "equipment",
            key=kit.id,
            title=kit.title,
            count=kit.count,
            renewable=stock,
            restock=[list(delivery) for delivery in kit.restock] or None,
            **told,
        )
    return lines


def _skills(procedure: Procedure) -> list[str]:
    """Every skill that is named anywhere, in the order of first mention."""
    demands = [demand for task in procedure.tasks for demand in task.demands]
    demands += [d for task in procedure.tasks for way in task.modes for d in way.demands]
    named = [str(skill) for role in procedure.roles for skill in role.skills]
    named += [str(skill) for person in procedure.staff for skill in person.skills]
    return list(dict.fromkeys([*named, *(str(demand.skill) for demand in demands)]))


def _source(tables: Mapping[str, SourcedTable], name: str, key: str) -> dict[str, object]:
    row = tables[name].rows.get(key) if name in tables else None
    if row is None:
        return {"source": _UNTOLD, "confidence": Confidence.ASSUMPTION.value}
    return {"source": row.source, "confidence": row.confidence.value}


def _person(person: Staff) -> list[str]:
    return _row(
        "staff",
        key=person.id,
        name=person.name,
        role=person.role,
        skills=list(person.skills),
        team=person.team,
        start=person.start,
        end=person.end,
        grade=None if person.grade == 3 else person.grade,
        absences=[list(pair) for pair in person.absences] or None,
        on_call=[list(span) for span in person.on_call] or None,
    )


def _task(task: Task, rules: Sequence[Precedence]) -> list[str]:
    found = _SOURCED.fullmatch(task.source)
    words = [word.value for word in Confidence]
    sure = found is not None and found["confidence"] in words
    lines = _row(
        "step",
        key=task.id,
        title=task.title,
        step=task.step,
        subject=task.subject.value,
        **_lengths(task.duration),
        demands=_demands(task.demands),
        zones=dict(task.zones),
        equipment=dict(task.equipment),
        priority=task.priority,
        may_wait=task.may_wait,
        keeps=list(task.keeps) or None,
        after=[_link(rule) for rule in rules],
        source=found["source"] if found is not None and sure else task.source,
        confidence=found["confidence"] if found is not None and sure else AS_WRITTEN,
    )
    for way in task.modes:
        lines += _row(
            "step.way",
            title=way.title,
            **_lengths(way.duration),
            demands=_demands(way.demands),
            zones=dict(way.zones),
            equipment=dict(way.equipment),
        )
    return lines


def _lengths(duration: Duration) -> dict[str, object]:
    planned = None if duration.planned == duration.mode else duration.planned
    if duration.low == duration.high:
        return {"minutes": duration.mode}
    return {
        "low": duration.low,
        "mode": duration.mode,
        "high": duration.high,
        "planned": planned,
    }


def _demands(demands: Sequence[Demand]) -> object:
    skills = [demand.skill for demand in demands]
    if len(set(skills)) == len(skills):
        return {str(demand.skill): _wanted(demand) for demand in demands}
    return [{"skill": demand.skill, **_graded(demand)} for demand in demands]


def _wanted(demand: Demand) -> object:
    return _graded(demand) if demand.grade or demand.leader else demand.count


def _graded(demand: Demand) -> dict[str, object]:
    fields = {"count": demand.count, "grade": demand.grade, "leader": demand.leader}
    return {name: value for name, value in fields.items() if value or name == "count"}


def _link(rule: Precedence) -> object:
    if rule.min_lag == 0 and rule.max_lag is None:
        return str(rule.before)
    lags = {"least": rule.min_lag, "most": rule.max_lag}
    return {"step": rule.before, **{name: lag for name, lag in lags.items() if lag is not None}}


def _rule(rule: Precedence) -> list[str]:
    return _row(
        "precedence",
        before=rule.before,
        after=rule.after,
        least=rule.min_lag,
        most=rule.max_lag,
        source=_UNTOLD,
        confidence=Confidence.ASSUMPTION.value,
    )


def _row(kind: str, **fields: object) -> list[str]:
    return ["", f"[[{kind}]]", *_fields(fields)]


def _fields(fields: Mapping[str, object]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in fields.items() if value is not None]


def _value(value: object) -> str:
    """A TOML value: text, whole number, truth, list or inline table."""
    if isinstance(value, str):
        return dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_name(str(key))} = {_value(entry)}" for key, entry in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_value(entry) for entry in value)}]"
    return str(value)


def _name(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)
