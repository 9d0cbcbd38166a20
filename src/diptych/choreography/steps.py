"""The rows of the table of steps, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import sqrt

from diptych.choreography.policy import ChoreographyPolicy
from diptych.model import Duration, InputError, Minute
from diptych.tables import SourcedTable, TableRow

_EACH = ("team", "pair", "twin", "turns", "vein", "watch", "twin-course", "team-course")
ALL_DAY = ("watch", "twin-course", "team-course")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of the table of steps."""

    key: str
    number: int
    title: str
    moved_title: str
    each: str
    duration: Duration
    demands: Mapping[str, int]
    zones: Mapping[str, int]
    equipment: Mapping[str, int]
    moved_equipment: Mapping[str, int]
    priority: int
    after: tuple[str, ...]
    lag_min: Mapping[str, int]
    lag_max: Mapping[str, int]
    milestone: str
    milestone_title: str
    below_calibre: float
    until: str
    source: str
    every_least: int = 0
    every_most: int = 0
    grades: Mapping[str, int] = field(default_factory=dict)
    leaders: Mapping[str, int] = field(default_factory=dict)
    other: "Step | None" = None
    may_wait: Minute | None = None
    keeps: tuple[str, ...] = ()


def read_steps(table: SourcedTable, policy: ChoreographyPolicy) -> tuple[Step, ...]:
    """The steps that the policy's way of operating needs, in the table's order.

    Raises InputError for a row that comes after a step that is missing from the table or
    stands below it, or that is not of a known kind.
    """
    way = "turn" if policy.turn else "no-turn"
    seen: set[str] = set()
    steps = []
    for key, row in table.rows.items():
        _refuse(row, row.text("each") not in _EACH, f"each is {row.text('each')!r}", _EACH)
        late = [name for name in row.texts("after") if name not in seen]
        _refuse(row, bool(late), f"after names {', '.join(late)}", tuple(seen))
        seen.add(key)
        if row.text("when", way) == way:
            steps.append(_step(key, row, policy))
    _refuse_unreachable(table, steps)
    return tuple(steps)


def _refuse(row: TableRow, wrong: bool, found: str, expected: tuple[str, ...]) -> None:
    if wrong:
        raise InputError(
            f"table steps, row {row.key!r}: {found}, expected among {', '.join(expected)}",
            remedy="correct the row in steps.toml; a step comes after steps that stand above it",
        )


def _refuse_unreachable(table: SourcedTable, steps: list[Step]) -> None:
    numbers = {step.milestone for step in steps}
    if "separation" not in numbers:
        raise InputError(
            f"table {table.name} marks no step with milestone = 'separation'",
            remedy="mark the end of the step of separation in steps.toml",
        )


def _step(key: str, row: TableRow, policy: ChoreographyPolicy) -> Step:
    step = _plain(key, row, policy)
    if not row.text("other_title", ""):
        return step
    other = replace(
        step,
        title=row.text("other_title"),
        duration=_duration(row, policy, "other_"),
        demands=row.counts("other_demands"),
        zones=row.counts("other_zones"),
        equipment=row.counts("other_equipment"),
    )
    return replace(step, other=other)


def _plain(key: str, row: TableRow, policy: ChoreographyPolicy) -> Step:
    return Step(
        key=key,
        number=row.integer("step"),
        title=row.text("title"),
        moved_title=row.text("moved_title", row.text("title")),
        each=row.text("each"),
        duration=_duration(row, policy),
        demands=row.counts("demands"),
        zones=row.counts("zones"),
        equipment=row.counts("equipment"),
        moved_equipment=row.counts("moved_equipment"),
        priority=row.integer("priority"),
        after=row.texts("after"),
        lag_min=row.counts("lag_min"),
        lag_max=row.counts("lag_max"),
        milestone=row.text("milestone", ""),
        milestone_title=row.text("milestone_title", ""),
        below_calibre=row.number("below_calibre", 0.0),
        until=row.text("until", ""),
        every_least=row.integer("every_least", 0),
        every_most=row.integer("every_most", 0),
        grades=row.counts("grades"),
        leaders=row.counts("leaders"),
        may_wait=_may_wait(row),
        keeps=row.texts("keeps"),
        source=f"{row.source} ({row.confidence.value})",
    )


def _may_wait(row: TableRow) -> Minute | None:
    """For how long the step can stand still; None where the row does not say."""
    return Minute(row.integer("may_wait")) if "may_wait" in row.fields else None


def _duration(row: TableRow, policy: ChoreographyPolicy, prefix: str = "") -> Duration:
    low, mode, high = (row.integer(prefix + name) for name in ("low", "mode", "high"))
    planned = mode if policy.quantile is None else three_point(low, mode, high, policy.quantile)
    return Duration(low=Minute(low), mode=Minute(mode), high=Minute(high), planned=Minute(planned))


def three_point(low: int, mode: int, high: int, quantile: float) -> int:
    """The quantile of the triangular distribution with these figures, in whole minutes."""
    if low == high:
        return mode
    share = (mode - low) / (high - low)
    if quantile < share:
        value = low + sqrt(quantile * (high - low) * (mode - low))
    else:
        value = high - sqrt((1 - quantile) * (high - low) * (high - mode))
    return min(high, max(low, round(value)))
