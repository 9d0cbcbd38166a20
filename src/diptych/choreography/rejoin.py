"""Times and people together, for groups that cannot rest at the times found without them.

Every duty of the group is open to all who may hold it; breaks are intervals between a
person's duties; what each person did before now counts. Slower than times first and people
then, so it is asked only where that fails.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from ortools.sat.python import cp_model

from diptych.choreography.ahead import Ahead, Quantity, open_duties
from diptych.choreography.bands import Line
from diptych.choreography.crews import side_of
from diptych.choreography.interrupt import low_hours
from diptych.choreography.resting import REST_RULES, last_stretch
from diptych.model import Rest, StaffId, TaskId


def join_people(
    ahead: Ahead, components: Sequence[Sequence[Line]], rules: Collection[str] = REST_RULES
) -> None:
    """Add people and rest of these groups to the times. To be called before `seal_people`.

    `rules` are the rules of rest to keep, named as the checker names them.
    """
    duties = {duty for component in components for duty in component}
    remainder = ahead.remainder
    for task in ahead.tasks.values():
        skills = [d.skill for d in task.demands if (d.skill, side_of(task)) in duties]
        if skills and task.id not in remainder.begun:
            open_duties(ahead, [task.id], skills)
    rest = remainder.procedure.rest
    if rest is None:
        return
    for person in remainder.procedure.staff:
        own: dict[TaskId, list[cp_model.IntVar]] = {}
        for (task_id, _, who), held in ahead.held.items():
            if who == person.id and task_id not in remainder.begun:
                own.setdefault(task_id, []).append(held)
        if own and any(
            (skill, side) in duties for skill in person.skills for side in ("", "A", "B")
        ):
            rest_person(ahead, person.id, own, rest, rules)


def rest_person(
    ahead: Ahead,
    who: StaffId,
    own: dict[TaskId, list[cp_model.IntVar]],
    rest: Rest,
    rules: Collection[str] = REST_RULES,
) -> None:
    """The rules of rest of one person, whose duties to come may be `own`."""
    past = [
        (int(entry.start), int(entry.end))
        for entry in ahead.remainder.begun.values()
        if any(one == who for one, _ in entry.staff)
    ]
    if "stretch" in rules or "low" in rules:
        _add_breaks(ahead, who, own, past, _stretches_of(rest, rules))
    if "work" in rules:
        _add_work(ahead, own, sum(end - start for start, end in past), rest)
    if "span" in rules:
        _add_span(ahead, own, past, rest)


def _stretches_of(rest: Rest, rules: Collection[str]) -> Rest:
    """The rest with only these of its rules of stretches."""
    if "low" not in rules:
        rest = replace(rest, low=None, low_stretch=None)
    if "stretch" not in rules:
        rest = replace(rest, longest_stretch=rest.longest_work, longest_span=None)
    return rest


def _add_breaks(
    ahead: Ahead,
    who: StaffId,
    own: dict[TaskId, list[cp_model.IntVar]],
    past: Sequence[tuple[int, int]],
    rest: Rest,
) -> None:
    since = min([int(ahead.remainder.now), max((end for _, end in past), default=10**9)])
    breaks = _breaks(ahead, who, rest, since)
    for task, literals in own.items():
        for held in literals:
            _need_break(ahead, ahead.starts[task], held, breaks, rest)
    if past:
        _need_break(ahead, last_stretch(past, rest), None, breaks, rest)


def _breaks(ahead: Ahead, who: StaffId, rest: Rest, since: int) -> list[cp_model.IntVar]:
    """Starts of breaks that a person may take, in order; one may lie behind the last duty.

    As many as the hours left can ask for: short duties far apart need a break each.
    """
    horizon = ahead.horizon
    count = count_breaks(rest, since, horizon)
    breaks = [ahead.model.new_int_var(since, horizon, "") for _ in range(count)]
    for one, two in pairwise(breaks):
        ahead.model.add(one + int(rest.shortest_break) <= two)
    ahead.pauses.setdefault(who, []).extend(
        ahead.model.new_fixed_size_interval_var(moment, int(rest.shortest_break), "")
        for moment in breaks
    )
    return breaks


def count_breaks(rest: Rest, since: int, horizon: int) -> int:
    """How many breaks the minutes from `since` on can ask of one person, and one to spare."""
    return 2 + (horizon - since) // int(rest.low_stretch or rest.longest_stretch)


def _need_break(
    ahead: Ahead,
    start: Quantity,
    held: cp_model.IntVar | None,
    breaks: Sequence[cp_model.IntVar],
    rest: Rest,
) -> None:
    """A break begins within the longest stretch; sooner where the stretch reaches into the low."""
    model, procedure = ahead.model, ahead.remainder.procedure
    nights = [
        night
        for night in low_hours(procedure.day_start, rest, ahead.horizon)
        if night[1] > ahead.remainder.now
    ]
    ways = []
    for moment in breaks:
        way = model.new_bool_var("")
        model.add(moment >= start).only_enforce_if(way)
        model.add(moment <= start + int(rest.longest_stretch)).only_enforce_if(way)
        for begin, end in nights:
            _need_low(ahead, (start, moment), way, (begin, end), rest)
        ways.append(way)
    model.add_bool_or([*ways, *([] if held is None else [held.negated()])])


def _need_low(
    ahead: Ahead,
    stretch: tuple[Quantity, cp_model.IntVar],
    way: cp_model.IntVar,
    night: tuple[int, int],
    rest: Rest,
) -> None:
    """The stretch ends before the low, begins after it, or is short."""
    model, (start, moment) = ahead.model, stretch
    before, after, short = (model.new_bool_var("") for _ in range(3))
    model.add(moment <= night[0]).only_enforce_if(before)
    model.add(start >= night[1]).only_enforce_if(after)
    model.add(moment <= start + int(rest.low_stretch or 0)).only_enforce_if(short)
    model.add_bool_or([before, after, short, way.negated()])


def _add_work(
    ahead: Ahead, own: dict[TaskId, list[cp_model.IntVar]], done: int, rest: Rest
) -> None:
    loads = []
    for task, literals in own.items():
        size = ahead.sizes[task]
        for held in literals:
            if isinstance(size, int):
                loads.append(size * held)
                continue
            most = ahead.remainder.lengths.get(task, (0, ahead.horizon))[1]
            load = ahead.model.new_int_var(0, most, "")
            ahead.model.add(load >= size).only_enforce_if(held)
            loads.append(load)
    ahead.model.add(sum(loads) <= max(0, int(rest.longest_work) - done))


def _add_span(
    ahead: Ahead,
    own: dict[TaskId, list[cp_model.IntVar]],
    past: Collection[tuple[int, int]],
    rest: Rest,
) -> None:
    if rest.longest_span is None:
        return
    model = ahead.model
    first: Quantity = min((start for start, _ in past), default=0)
    if not past:
        first = model.new_int_var(0, ahead.horizon, "")
    for task, literals in own.items():
        for held in literals:
            model.add(ahead.ends[task] - first <= int(rest.longest_span)).only_enforce_if(held)
            if not past:
                model.add(ahead.starts[task] >= first).only_enforce_if(held)
