"""Fasting as a rule of the day: a twin that was fed late is anaesthetised later.

A fast that reaches into the day is a task without people: it fills the minutes from the day's
start to its end, and the twin's induction follows it. So every search, simulation and
re-planning obeys it as it obeys any other order.
"""

from collections.abc import Mapping, Sequence

from diptych.choreography.policy import clock_minute, clock_text
from diptych.choreography.tasks import Draft
from diptych.model import (
    Duration,
    Fast,
    Feed,
    InputError,
    Minute,
    Precedence,
    Procedure,
    Subject,
    Task,
    TaskId,
    TwinId,
)
from diptych.tables import SourcedTable, TableRow

_NAME = "fast-"
_DAY, _LATE = 1440, 360


def read_fasts(
    fed: Mapping[TwinId, Mapping[Feed, str]], table: SourcedTable, day_start: str
) -> tuple[Fast, ...]:
    """The fast of each twin after each thing it was fed, by the rows of table "countdown".

    A clock reading up to six hours after the day's start is of that day, a later one of the
    day before. Raises InputError for a clock reading that is none, naming the twin, and where
    the table has no row for that feed.
    """
    rows = {row.text("feed"): row for row in table.rows.values() if row.text("feed", "")}
    return tuple(
        _fast(twin, feed, clock, _row_of(rows, feed, table), day_start)
        for twin in TwinId
        for feed, clock in sorted(fed.get(twin, {}).items())
    )


def _row_of(rows: Mapping[str, TableRow], feed: Feed, table: SourcedTable) -> TableRow:
    if feed.value not in rows:
        raise InputError(
            f"table {table.name} has no row with feed = {feed.value!r}",
            remedy="give the row of that fast its feed again in CASE/tables/countdown.toml",
        )
    return rows[feed.value]


def _fast(twin: TwinId, feed: Feed, clock: str, row: TableRow, day_start: str) -> Fast:
    return Fast(
        twin=twin,
        feed=feed,
        fed=_minute_of(twin, feed, clock, day_start),
        length=Minute(row.integer("value")),
        step=row.text("anchor"),
        source=f"{row.source} ({row.confidence.value})",
    )


def _minute_of(twin: TwinId, feed: Feed, clock: str, day_start: str) -> Minute:
    try:
        since = clock_minute(clock) - clock_minute(day_start)
    except InputError as error:
        raise InputError(
            f"twins.{twin}.last_fed.{feed}: {error.message}", remedy=error.remedy
        ) from error
    past = (since + _DAY - _LATE - 1) % _DAY
    return Minute(past - _DAY + _LATE + 1)


def add_fasts(
    draft: Draft, fasts: Sequence[Fast], twins: Sequence[TwinId], day_start: str
) -> tuple[str, ...]:
    """Add the fast of each twin that ends last, where it reaches into the day; what it does.

    `twins` in the order in which they are anaesthetised. Raises InputError when the draft has
    no such step.
    """
    notes = []
    for twin in reversed(twins):
        own = [fast for fast in fasts if fast.twin is twin and fast.over > 0]
        if own:
            fast = max(own, key=lambda one: (one.over, one.feed))
            held = _held(draft, fast)
            task = _task(fast, day_start)
            draft.tasks = {task.id: task, **draft.tasks}
            zero = Minute(0)
            draft.precedence.append(
                Precedence(before=task.id, after=held, min_lag=zero, max_lag=None)
            )
            notes.append(
                f"Twin {twin} is not anaesthetised before {clock_text(day_start, fast.over)}:"
                f" {tell_fast(fast, day_start)}."
            )
    return tuple(notes)


def _held(draft: Draft, fast: Fast) -> TaskId:
    made = draft.made.get(fast.step, {})
    if fast.twin not in made:
        raise InputError(
            f"table countdown counts the fast of twin {fast.twin} from step {fast.step!r}, which"
            " the day does not have for each twin",
            remedy="correct anchor in CASE/tables/countdown.toml",
        )
    return made[fast.twin]


def _task(fast: Fast, day_start: str) -> Task:
    length = fast.over
    return Task(
        id=TaskId(f"{_NAME}{fast.twin}"),
        title=f"Fast after {tell_fast(fast, day_start)}, twin {fast.twin}",
        step=2,
        subject=Subject(fast.twin),
        duration=Duration(low=length, mode=length, high=length, planned=length),
        demands=(),
        zones={},
        equipment={},
        priority=1,
        source=fast.source,
    )


def tell_fast(fast: Fast, day_start: str) -> str:
    """What the twin was fed, when, and for how long it fasts."""
    hours, rest = divmod(fast.length, 60)
    length = f"{hours} h" + (f" {rest} min" if rest else "")
    return f"{fast.feed.words} at {clock_text(day_start, fast.fed)}, {length}"


def find_fasts(procedure: Procedure) -> tuple[Task, ...]:
    """The tasks of the day that are fasts."""
    names = {f"{_NAME}{twin}" for twin in TwinId}
    return tuple(task for task in procedure.tasks if task.id in names and not task.demands)


def fast_group(task: TaskId) -> str:
    """The name of a fast's rule among the groups of rules that can be left out."""
    return f"fast:{task}"


def tell_holds(procedure: Procedure) -> dict[str, str]:
    """What each fast of the day holds back until when, by the group of its rule."""
    ends = {task.id: task for task in find_fasts(procedure)}
    return {
        fast_group(rule.before): f"{ends[rule.before].title}: {rule.after} not before"
        f" {clock_text(procedure.day_start, ends[rule.before].duration.planned)}"
        for rule in procedure.precedence
        if rule.before in ends
    }
