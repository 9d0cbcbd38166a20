"""The countdown: what must have happened before the day, by which clock minute, for which twin."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from diptych.model import (
    Countdown,
    Fast,
    Feed,
    InputError,
    Minute,
    Preparation,
    Schedule,
    Subject,
    TaskId,
    TwinId,
    Wait,
)
from diptych.tables import SourcedTable, TableRow

FIRST = "first-theatre"
"""The anchor of the day's first minute."""


@dataclass(frozen=True, kw_only=True)
class _Day:
    """A schedule, ready to be asked when a step or a milestone begins for a twin."""

    schedule: Schedule

    @cached_property
    def starts(self) -> Mapping[TaskId, Minute]:
        return {entry.task: entry.start for entry in self.schedule.assignments}

    @cached_property
    def titles(self) -> Mapping[str, str]:
        return {task.id: task.title for task in self.schedule.procedure.tasks} | {
            milestone.id: milestone.title for milestone in self.schedule.procedure.milestones
        }

    def find(self, anchor: str, twin: TwinId) -> tuple[Minute, str] | None:
        """The minute of the anchor and its name; None where the day does not have it."""
        if anchor == FIRST:
            return Minute(0), "First theatre opened"
        for id in (f"{anchor}-{twin}", anchor):
            if TaskId(id) in self.starts:
                return self.starts[TaskId(id)], self._name(id, twin)
        for id in (f"twin-{twin}-{anchor}", anchor):
            moments = {str(key): at for key, at in self.schedule.milestones.items()}
            if id in moments:
                return moments[id], self._name(id, twin)
        return self._first(anchor, twin)

    def _first(self, anchor: str, twin: TwinId) -> tuple[Minute, str] | None:
        """The first task of a step of several, such as one for each vessel."""
        found = [
            (start, id)
            for id, start in self.starts.items()
            if id.startswith(f"{anchor}-") and id[len(anchor) + 1 :].isdigit()
        ]
        if not found:
            return None
        start, id = min(found)
        return start, self._name(id, twin)

    def _name(self, id: str, twin: TwinId) -> str:
        title = self.titles[id].removesuffix(f", twin {twin}")
        return title.removeprefix(f"Twin {twin} ").partition(": ")[0]


def count_down(schedule: Schedule, table: SourcedTable) -> tuple[Countdown, ...]:
    """Each row of the table for each twin, or for both at once, by the last minute for it.

    Rows whose moment the day does not have are left out (`list_absent` names them). Raises
    InputError for a row that cannot be read.
    """
    day = _Day(schedule=schedule)
    roles = {str(role.id): role.title for role in schedule.procedure.roles}
    found = [one for row in table.rows.values() for one in _count_row(day, row, _who(row, roles))]
    return tuple(sorted(found, key=lambda one: (one.latest, one.key, one.twin or "")))


def list_absent(schedule: Schedule, table: SourcedTable) -> tuple[str, ...]:
    """The rows whose moment the day does not have, in words."""
    day = _Day(schedule=schedule)
    return tuple(
        f"{row.text('title')}: this day has no {anchor!r}"
        for row in table.rows.values()
        for anchor in _anchors(row)
        if not any(day.find(anchor, twin) for twin in TwinId)
    )


def prepare(schedule: Schedule, table: SourcedTable, fasts: Sequence[Fast] = ()) -> Preparation:
    """The whole countdown of a planned day, with what the twins were fed and who waits."""
    day, rows = _Day(schedule=schedule), count_down(schedule, table)
    begun = [day.find(fast.step, fast.twin) for fast in fasts]
    return Preparation(
        rows=rows,
        fasts=tuple(fast for fast, at in zip(fasts, begun, strict=True) if at),
        starts=tuple(at[0] for at in begun if at),
        wait=_find_wait(schedule, rows),
        absent=list_absent(schedule, table),
    )


def _anchors(row: TableRow) -> Iterator[str]:
    yield row.text("anchor")
    if "from_anchor" in row.fields and row.text("from_anchor") != row.text("anchor"):
        yield row.text("from_anchor")


def _who(row: TableRow, roles: Mapping[str, str]) -> str:
    who = row.text("who")
    return roles.get(who, who.replace("-", " "))


def _count_row(day: _Day, row: TableRow, who: str) -> Iterator[Countdown]:
    of = row.text("of")
    if of not in ("twin", "pair"):
        raise InputError(
            f"table {row.table}, row {row.key!r}: of is {of!r}, expected twin or pair",
            remedy=f"correct the row in {row.table}.toml",
        )
    for twin in tuple(TwinId) if of == "twin" else (None,):
        twins = tuple(TwinId) if twin is None else (twin,)
        at = _earliest(day, row.text("anchor"), twins)
        since = _earliest(day, row.text("from_anchor", row.text("anchor")), twins)
        if at is not None and since is not None:
            yield _counted(row, twin, (at, since), who)


def _earliest(day: _Day, anchor: str, twins: Sequence[TwinId]) -> tuple[Minute, str] | None:
    return min((at for twin in twins if (at := day.find(anchor, twin))), default=None)


def _counted(
    row: TableRow,
    twin: TwinId | None,
    moments: tuple[tuple[Minute, str], tuple[Minute, str]],
    who: str,
) -> Countdown:
    at, since = moments
    lead, low, high = (row.integer(name) for name in ("value", "low", "high"))
    _require_range(row, low, lead, high, "")
    earliest = None
    if "from" in row.fields:
        early = row.integer("from")
        _require_range(row, row.integer("from_low"), early, row.integer("from_high"), "from_")
        earliest = Minute(since[0] - early)
    return Countdown(
        key=row.key,
        title=row.text("title"),
        twin=twin,
        who=who,
        anchor=at[1],
        at=at[0],
        latest=Minute(at[0] - lead),
        by_range=(Minute(at[0] - high), Minute(at[0] - low)),
        earliest=earliest,
        since=since[1] if earliest is not None else "",
        feed=Feed(row.text("feed")) if "feed" in row.fields else None,
        source=row.source,
        confidence=row.confidence,
    )


def _require_range(row: TableRow, low: int, value: int, high: int, prefix: str) -> None:
    if not 0 <= low <= value <= high:
        raise InputError(
            f"table {row.table}, row {row.key!r}: {value} min lies outside its range"
            f" {prefix}low {low} to {prefix}high {high} min",
            remedy=f"correct the row in {row.table}.toml",
        )


def _find_wait(schedule: Schedule, rows: Sequence[Countdown]) -> Wait | None:
    """The twin whose last clear fluid comes second, and how long it goes without."""
    drinks = [one for one in rows if one.feed is Feed.CLEAR_FLUID and one.twin is not None]
    if len(drinks) != len(TwinId) or drinks[0].at == drinks[1].at:
        return None
    first, second = drinks
    assert second.twin is not None
    longest = second.at - first.latest
    held = [
        task.duration.high - task.duration.planned
        for task in schedule.procedure.tasks
        if task.subject is Subject(second.twin.other)
        and schedule.assignment(task.id).start == first.at
        and schedule.assignment(task.id).end <= second.at
    ]
    return Wait(
        twin=second.twin,
        until=second.latest,
        longest=Minute(longest),
        at_most=Minute(longest + max(held, default=0)),
    )
