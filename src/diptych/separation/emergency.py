"""The way out from each step when one twin is dying: apart as soon as the survivor allows.

The dying twin's side is transected in one piece, so that everything shared stays with the
survivor. Each row of kind "emergency" in table "reconstruction" names the steps of the planned
day (table "steps") that make it needless; it is needed unless all of them are done. The step
that is under way counts as not done, whatever has been reached in it. Nothing is done side by
side: the sums are those of one team working alone. Vessels not yet divided are clipped towards
the dying twin and stay with the survivor; those divided before stay as they were given.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from diptych.model import (
    Crossing,
    EmergencyAction,
    EmergencyPath,
    InputError,
    Minute,
    TwinId,
)
from diptych.tables import SourcedTable, TableRow

SEPARATED = "separation"


def find_emergency_paths(
    crossings: Sequence[Crossing], *, steps: SourcedTable, table: SourcedTable
) -> tuple[EmergencyPath, ...]:
    """The path from each step for either twin dying, in the order of the day, A before B.

    crossings : all vessels that the cut severs; at the steps done once for each vessel there
        is a path for each of them, with those of lower order divided
    steps, table : tables "steps" and "reconstruction"
    """
    ordered = sorted(crossings, key=lambda crossing: crossing.order)
    paths = []
    for key in _day(steps):
        for divided in _counts(steps, key, len(ordered)):
            paths += [
                find_emergency_path(key, dying, ordered, divided, steps=steps, table=table)
                for dying in TwinId
            ]
    return tuple(paths)


def find_emergency_path(
    step: str,
    dying: TwinId,
    crossings: Sequence[Crossing],
    divided: int,
    *,
    steps: SourcedTable,
    table: SourcedTable,
) -> EmergencyPath:
    """The shortest safe completion from one step.

    crossings : in the order of the day; the first `divided` of them are divided already
    Raises InputError for a step that the day does not have or an impossible number.
    """
    day = _day(steps)
    if step not in day or not 0 <= divided <= len(crossings):
        raise InputError(
            f"no emergency path from step {step!r} with {divided} of {len(crossings)} vessels"
            " divided",
            remedy=f"give one of {', '.join(day)}, and no more vessels than the cut severs",
        )
    done = set(day[: day.index(step)])
    apart = SEPARATED in done
    uncut = () if apart else crossings[divided:]
    rows = [row for row in _rows(table) if not set(row.texts("replaces")) <= done]
    actions = () if apart else _actions(rows, uncut, table.value("clip-below"))
    lost = tuple(c.vessel for c in crossings[:divided] if c.keeper is dying)
    undone = () if apart else tuple(r.text("title") for r in rows if r.text("each") == "undone")
    low, mode, high = (
        sum(getattr(action, name) for action in actions) for name in ("low", "mode", "high")
    )
    limit = round(table.value("emergency-limit"))
    verdict = "separated" if apart else _judge(mode, high, limit)
    return EmergencyPath(
        step=step,
        title=steps.row(step).text("title"),
        divided=divided,
        dying=dying,
        survivor=dying.other,
        actions=actions,
        low=Minute(low),
        mode=Minute(mode),
        high=Minute(high),
        limit=Minute(limit),
        verdict=verdict,
        clipped=tuple(crossing.vessel for crossing in uncut),
        lost=lost,
        undone=undone,
        sentence=_tell(verdict, dying.other, (low, mode, high, limit), (len(uncut), len(lost))),
    )


def _day(steps: SourcedTable) -> list[str]:
    """Keys of the steps of the day in their order, without the watches."""
    return [key for key, row in steps.rows.items() if row.text("each") != "watch"]


def _counts(steps: SourcedTable, key: str, vessels: int) -> Iterable[int]:
    """How many vessels may be divided while that step is under way."""
    each = [name for name in _day(steps) if steps.row(name).text("each") == "vein"]
    if key in each:
        return range(max(vessels, 1))
    order = _day(steps)
    after = bool(each) and order.index(key) > order.index(each[-1])
    return (vessels if after else 0,)


def _rows(table: SourcedTable) -> list[TableRow]:
    return [row for row in table.rows.values() if row.fields.get("kind") == "emergency"]


def _actions(
    rows: Sequence[TableRow], uncut: Sequence[Crossing], small: float
) -> tuple[EmergencyAction, ...]:
    thin = sum(crossing.calibre < small for crossing in uncut)
    times = {"pair": 1, "survivor": 1, "vessel": len(uncut) - thin, "small-vessel": thin}
    return tuple(
        _action(row, times[row.text("each")]) for row in rows if times.get(row.text("each"), 0)
    )


def _action(row: TableRow, times: int) -> EmergencyAction:
    minutes = [row.integer(name) for name in ("low", "mode", "high")]
    if any(second < first for first, second in pairwise(minutes)):
        raise InputError(
            f"table {row.table}, row {row.key!r}: minutes are {minutes}, expected them to rise",
            remedy=f"correct the row in {row.table}.toml",
        )
    low, mode, high = (Minute(times * minute) for minute in minutes)
    return EmergencyAction(
        key=row.key, title=row.text("title"), times=times, low=low, mode=mode, high=high
    )


def _judge(mode: int, high: int, limit: int) -> str:
    if high <= limit:
        return "within"
    return "doubtful" if mode <= limit else "beyond"


def _tell(
    verdict: str, survivor: TwinId, minutes: tuple[int, int, int, int], counts: tuple[int, int]
) -> str:
    if verdict == "separated":
        return f"The twins are apart; the team of twin {survivor} goes on as planned."
    low, mode, high, limit = minutes
    uncut, lost = counts
    words = {
        "within": f"inside {limit} minutes even at the longest",
        "doubtful": f"most likely inside {limit} minutes, at the longest not",
        "beyond": f"most likely longer than {limit} minutes: it cannot be relied on",
    }
    text = (
        f"Twin {survivor} can be free in about {mode} minutes ({low} to {high}), {words[verdict]}."
        f" Vessels clipped and kept by twin {survivor}: {uncut}."
    )
    if lost:
        text += f" Divided before and given to the other twin, so lost to twin {survivor}: {lost}."
    return text
