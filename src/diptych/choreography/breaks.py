"""Rest of one person: longest stretch, shorter in the circadian low, and longest span.

A stretch is a run of duties without a break of the shortest length between them. It is kept
short by asking, for each duty that a person holds, that a break begins soon enough after
the duty's start.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise

from ortools.sat.python import cp_model

from diptych.choreography.policy import clock_minute
from diptych.choreography.times import TimeModel
from diptych.model import Procedure, Rest, TaskId

Low = tuple[int, int]
Breaks = Sequence[tuple[cp_model.IntVar, Sequence[cp_model.IntVar]]]
Held = Mapping[TaskId, cp_model.IntVar]
_DAY = 1440


def find_lows(procedure: Procedure, until: int) -> tuple[Low, ...]:
    """The circadian lows between minute 0 and `until`, as minutes of the day (from, to)."""
    rest = procedure.rest
    if rest is None or rest.low is None:
        return ()
    begin, end = (moment - clock_minute(procedure.day_start) for moment in rest.low)
    shifts = range(-_DAY, until + _DAY, _DAY)
    return tuple(
        (begin + shift, end + shift) for shift in shifts if end + shift > 0 > begin + shift - until
    )


def latest_break(start: int, moment: int, rest: Rest, lows: Sequence[Low]) -> bool:
    """A break that begins at `moment` comes soon enough after a duty that starts at `start`."""
    if not start <= moment <= start + rest.longest_stretch:
        return False
    short = rest.low_stretch if rest.low_stretch is not None else rest.longest_stretch
    return moment <= start + short or all(start >= end or moment <= begin for begin, end in lows)


def add_breaks(
    model: cp_model.CpModel,
    own: Held,
    span: Mapping[TaskId, tuple[int, int]],
    rest: Rest,
    lows: Sequence[Low],
) -> None:
    """At given times: a break soon enough after the start of each duty."""
    breaks: dict[int, cp_model.IntVar] = {}
    for moment in sorted({span[task][1] for task in own}):
        breaks[moment] = model.new_bool_var("")
        for task, held in own.items():
            if span[task][0] < moment + rest.shortest_break and span[task][1] > moment:
                model.add_implication(breaks[moment], held.negated())
    for task, held in own.items():
        start = span[task][0]
        ways = [free for at, free in breaks.items() if latest_break(start, at, rest, lows)]
        model.add_bool_or([*ways, held.negated()])


def add_span(
    model: cp_model.CpModel, own: Held, span: Mapping[TaskId, tuple[int, int]], rest: Rest
) -> None:
    """At given times: no two duties further apart than the longest span."""
    if rest.longest_span is None:
        return
    for one, two in combinations(own, 2):
        begin, end = min(span[one][0], span[two][0]), max(span[one][1], span[two][1])
        if end - begin > rest.longest_span:
            model.add_bool_or([own[one].negated(), own[two].negated()])


def add_free_breaks(
    times: TimeModel, own: Held, hours: int, rest: Rest, lows: Sequence[Low]
) -> list[cp_model.IntervalVar]:
    """At free times: the person's breaks as intervals, one soon enough after each duty."""
    model = times.model
    moments = _break_starts(times, hours, rest)
    breaks = [(one, [_no_later(model, one, begin) for begin, _ in lows]) for one in moments]
    for task, held in own.items():
        start = times.starts[task]
        after = [_no_earlier(model, start, end) for _, end in lows]
        ways = _ways_to_rest(model, start, breaks, rest, after)
        model.add_bool_or([*ways, held.negated()])
    return [
        model.new_fixed_size_interval_var(moment, rest.shortest_break, "") for moment in moments
    ]


def add_free_span(times: TimeModel, own: Held, rest: Rest) -> None:
    """At free times: the first and the last minute on duty within the longest span."""
    if rest.longest_span is None or not own:
        return
    first = times.model.new_int_var(0, times.horizon, "")
    last = times.model.new_int_var(0, times.horizon, "")
    times.model.add(last - first <= rest.longest_span)
    for task, held in own.items():
        times.model.add(first <= times.starts[task]).only_enforce_if(held)
        times.model.add(last >= times.ends[task]).only_enforce_if(held)


def _break_starts(times: TimeModel, hours: int, rest: Rest) -> list[cp_model.IntVar]:
    latest = times.horizon + rest.longest_work
    stretch = rest.low_stretch if rest.low_stretch is not None else rest.longest_stretch
    count = 2 + 2 * min(hours, rest.longest_work) // stretch
    breaks = [times.model.new_int_var(0, latest, "") for _ in range(count)]
    for one, two in pairwise(breaks):
        times.model.add(one + rest.shortest_break <= two)
    return breaks


def _ways_to_rest(
    model: cp_model.CpModel,
    start: cp_model.IntVar,
    breaks: Breaks,
    rest: Rest,
    after: Sequence[cp_model.IntVar],
) -> list[cp_model.IntVar]:
    """For each break, that it comes in time after `start`, as `latest_break` says.

    `breaks` come with whether they begin before each low, `after` is whether the start
    comes after each low.
    """
    ways = []
    for moment, before in breaks:
        way = model.new_bool_var("")
        model.add(moment >= start).only_enforce_if(way)
        model.add(moment <= start + rest.longest_stretch).only_enforce_if(way)
        ways.append(way)
        if rest.low_stretch is not None:
            short = _within(model, start, moment, rest.low_stretch)
            for early, late in zip(before, after, strict=True):
                model.add_bool_or([short, early, late, way.negated()])
    return ways


def _within(
    model: cp_model.CpModel, start: cp_model.IntVar, moment: cp_model.IntVar, stretch: int
) -> cp_model.IntVar:
    near = model.new_bool_var("")
    model.add(moment <= start + stretch).only_enforce_if(near)
    return near


def _no_later(model: cp_model.CpModel, moment: cp_model.IntVar, limit: int) -> cp_model.IntVar:
    early = model.new_bool_var("")
    model.add(moment <= limit).only_enforce_if(early)
    return early


def _no_earlier(model: cp_model.CpModel, moment: cp_model.IntVar, limit: int) -> cp_model.IntVar:
    late = model.new_bool_var("")
    model.add(moment >= limit).only_enforce_if(late)
    return late
