"""Rest of those who keep the duties of the plan, while the times are still open.

A person's planned duties stay in their order, so that a break lies between two that follow
each other: either it is kept, or what lies around it is short enough to be one stretch. That
is far less than a search of times and people together, and mostly enough: the times found
are such that those who keep their duties can rest. It is no bound: with another order of a
person's duties, more may be possible.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from diptych.choreography.ahead import Ahead, Quantity
from diptych.choreography.interrupt import low_hours
from diptych.choreography.resting import last_stretch
from diptych.model import Rest, StaffId, TaskId

_DRIFT = 180
"""Minutes by which what lies between two duties may still change."""
_SURE = 3
"""After so many that are surely longer than a stretch, later duties add nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Duty:
    """A duty of one person. held : None for what has begun; planned : minutes of the plan."""

    start: Quantity
    end: Quantity
    size: Quantity
    held: cp_model.IntVar | None
    planned: tuple[int, int]


def keep_rested(ahead: Ahead) -> None:
    """Stretches, breaks, work and span of all who keep planned duties. After `add_keepers`."""
    rest = ahead.remainder.procedure.rest
    if rest is None:
        return
    past, coming = _past(ahead), _coming(ahead)
    for who, duties in coming.items():
        line = _line(ahead, past.get(who, ()), duties, rest)
        _keep_breaks(ahead, line, rest)
        _keep_work(ahead, past.get(who, ()), duties, rest)
        _keep_span(ahead, past.get(who, ()), duties, rest)


def _past(ahead: Ahead) -> dict[StaffId, list[TaskId]]:
    past: dict[StaffId, list[TaskId]] = {}
    for task, entry in ahead.remainder.begun.items():
        for who, _ in entry.staff:
            past.setdefault(who, []).append(task)
    return past


def _coming(ahead: Ahead) -> dict[StaffId, list[_Duty]]:
    """The planned duties that each person may keep, in the order of the plan."""
    coming: dict[StaffId, list[_Duty]] = {}
    entries = ahead.remainder.old.items()
    for task, entry in sorted(entries, key=lambda one: (one[1].start, one[1].end)):
        for who, skill in entry.staff:
            held = ahead.held.get((task, skill, who))
            if held is not None:
                duty = _Duty(
                    start=ahead.starts[task],
                    end=ahead.ends[task],
                    size=ahead.sizes[task],
                    held=held,
                    planned=(int(entry.start), int(entry.end)),
                )
                coming.setdefault(who, []).append(duty)
    return coming


def _line(ahead: Ahead, past: Sequence[TaskId], duties: Sequence[_Duty], rest: Rest) -> list[_Duty]:
    """What the person still stands in, as one duty, and what is to come."""
    if not past:
        return list(duties)
    spans = [(int(e.start), int(e.end)) for e in (ahead.remainder.begun[task] for task in past)]
    last = max(past, key=lambda task: ahead.remainder.begun[task].end)
    start, end = last_stretch(spans, rest), max(over for _, over in spans)
    if ahead.remainder.now - end >= rest.shortest_break:
        return list(duties)
    stands = _Duty(start=start, end=ahead.ends[last], size=0, held=None, planned=(start, end))
    return [stands, *duties]


def _keep_breaks(ahead: Ahead, line: Sequence[_Duty], rest: Rest) -> None:
    breaks: dict[int, cp_model.IntVar] = {}
    for i, one in enumerate(line):
        sure = 0
        for j in range(i, len(line)):
            extent = line[j].planned[1] - one.planned[0]
            if extent > _shortest(rest) - _DRIFT:
                between = [_break(ahead, line, breaks, k, rest) for k in range(i, j)]
                _keep_stretch(ahead, one, line[j], between, rest)
            sure += extent > rest.longest_stretch + _DRIFT
            if sure == _SURE:
                break


def _shortest(rest: Rest) -> int:
    return int(rest.longest_stretch if rest.low_stretch is None else rest.low_stretch)


def _break(
    ahead: Ahead, line: Sequence[_Duty], breaks: dict[int, cp_model.IntVar], k: int, rest: Rest
) -> cp_model.IntVar:
    """That there is a break between the duty and the next, if both are kept; made once."""
    if k not in breaks:
        breaks[k] = ahead.model.new_bool_var("")
        both = [one.held for one in (line[k], line[k + 1]) if one.held is not None]
        gap = line[k + 1].start - line[k].end
        ahead.model.add(gap >= int(rest.shortest_break)).only_enforce_if([breaks[k], *both])
    return breaks[k]


def _keep_stretch(
    ahead: Ahead, one: _Duty, two: _Duty, between: Sequence[cp_model.IntVar], rest: Rest
) -> None:
    """From the one duty to the other without a break: at most the longest stretch."""
    length = two.end - one.start
    if isinstance(length, int):
        return
    ends = (one,) if one is two else (one, two)
    kept: list[cp_model.LiteralT] = [duty.held for duty in ends if duty.held is not None]
    when = [*kept, *(gap.negated() for gap in between)]
    model = ahead.model
    for begin, over in low_hours(ahead.remainder.procedure.day_start, rest, ahead.horizon):
        near = one.planned[0] - _DRIFT < over and two.planned[1] + _DRIFT > begin
        if near and rest.low_stretch is not None:
            early, late = model.new_bool_var(""), model.new_bool_var("")
            model.add(two.end <= begin).only_enforce_if(early)
            model.add(one.start >= over).only_enforce_if(late)
            short = [*when, early.negated(), late.negated()]
            model.add(length <= int(rest.low_stretch)).only_enforce_if(short)
    model.add(length <= int(rest.longest_stretch)).only_enforce_if(when)


def _keep_work(ahead: Ahead, past: Sequence[TaskId], duties: Sequence[_Duty], rest: Rest) -> None:
    begun = ahead.remainder.begun
    done = sum(int(begun[task].end - begun[task].start) for task in past)
    left = int(rest.longest_work) - done
    if sum(two - one for one, two in (duty.planned for duty in duties)) <= left - _DRIFT:
        return
    loads: list[Quantity] = []
    for duty in duties:
        if duty.held is None:
            continue
        if isinstance(duty.size, int):
            loads.append(duty.size * duty.held)
            continue
        load = ahead.model.new_int_var(0, ahead.horizon, "")
        ahead.model.add(load >= duty.size).only_enforce_if(duty.held)
        loads.append(load)
    ahead.model.add(sum(loads) <= max(0, left))


def _keep_span(ahead: Ahead, past: Sequence[TaskId], duties: Sequence[_Duty], rest: Rest) -> None:
    if rest.longest_span is None:
        return
    longest, model = int(rest.longest_span), ahead.model
    if past:
        first = min(int(ahead.remainder.begun[task].start) for task in past)
        for duty in duties:
            if duty.held is not None and not isinstance(duty.end, int):
                model.add(duty.end <= first + longest).only_enforce_if(duty.held)
        return
    for i, one in enumerate(duties):
        for two in duties[i + 1 :]:
            both = [duty.held for duty in (one, two) if duty.held is not None]
            if two.planned[1] - one.planned[0] > longest - _DRIFT:
                model.add(two.end - one.start <= longest).only_enforce_if(both)
