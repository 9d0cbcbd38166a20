"""The smallest reserve that meets given cuts: integer programming by CP-SAT.

First the fewest people and pieces; then, with that number, the fewest minutes of standby and
longer hours, and of those the roles of fewest skills. One worker, a fixed seed and a
deterministic limit, so that the same cuts give the same reserve.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from diptych.contingencies.cuts import Cut
from diptych.contingencies.reserve_policy import ReservePolicy
from diptych.contingencies.standby import Market
from diptych.model import InputError

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

_MANY = 60


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Option:
    """One way to have a helper: from `start` to `end`; `limit` times at most."""

    helper: int
    start: int
    end: int
    minutes: int
    skills: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Options with how often each is taken, and what is proven about it.

    bound : proven least value of what was sought (people and pieces, or minutes)
    optimal : the choice reaches the bound
    """

    taken: tuple[tuple[Option, int], ...]
    value: int
    bound: int
    optimal: bool


NOTHING = Choice(taken=(), value=0, bound=0, optimal=True)


def list_marks(market: Market, policy: ReservePolicy) -> list[int]:
    """Minutes at which watches, and hours of the roster, begin or end."""
    begin, end = market.begin, market.end
    hours = {
        int(m) for who in market.schedule.procedure.staff for m in (who.start, who.end)
    }
    return sorted({*_watch_marks(market, policy), *(m for m in hours if begin < m < end)})


def choose_reserve(
    market: Market, cuts: Sequence[Cut], policy: ReservePolicy, size: int | None
) -> Choice:
    """The fewest people and pieces that meet the cuts; with `size` of them, the least time.

    Raises InputError when nothing meets the cuts (every cut has a role or a kind of kit that
    helps, so that this means more than `60` of one kind).
    """
    from ortools.sat.python import cp_model

    if not cuts:
        return NOTHING
    options = _list_options(market, cuts, policy, longest=size is None)
    model = cp_model.CpModel()
    taken = [model.new_int_var(0, option.limit, "") for option in options]
    for cut in cuts:
        model.add(sum(taken[n] for n in _fitting(options, cut)) >= cut.lacking)
    _limit_hours(model, market, options, taken, policy)
    people = [n for n, o in enumerate(options) if market.helpers[o.helper].kind != "longer"]
    count = sum(taken[n] for n in people)
    if size is None:
        model.minimize(count)
        return _solve(model, options, taken, policy, 1)
    model.add(count <= size)
    scale = 1 + sum(option.limit * option.skills for option in options)
    model.minimize(
        sum((o.minutes * scale + o.skills) * x for o, x in zip(options, taken, strict=True))
    )
    return _solve(model, options, taken, policy, scale)


def _solve(
    model: "cp_model.CpModel",
    options: Sequence[Option],
    taken: "Sequence[cp_model.IntVar]",
    policy: ReservePolicy,
    scale: int,
) -> Choice:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = policy.seed
    solver.parameters.max_deterministic_time = policy.search_limit
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise InputError(
            f"no reserve was found ({solver.status_name(status)}), expected at most {_MANY}"
            " people or pieces of one kind",
            remedy="ask for fewer hazards at once, or give the search a larger limit",
        )
    found = [(o, solver.value(x)) for o, x in zip(options, taken, strict=True)]
    return Choice(
        taken=tuple((option, number) for option, number in found if number),
        value=round(solver.objective_value) // scale,
        bound=ceil(solver.best_objective_bound - 1e-6) // scale,
        optimal=status == cp_model.OPTIMAL,
    )


def _fitting(options: Sequence[Option], cut: Cut) -> list[int]:
    helpers = set(cut.helpers)
    return [
        n
        for n, option in enumerate(options)
        if option.helper in helpers and option.start <= cut.start and cut.end <= option.end
    ]


def _limit_hours(
    model: "cp_model.CpModel",
    market: Market,
    options: Sequence[Option],
    taken: "Sequence[cp_model.IntVar]",
    policy: ReservePolicy,
) -> None:
    """One way earlier and one way later for each person, within the longest span of a day."""
    ways: dict[tuple[int, bool], list[int]] = {}
    for n, option in enumerate(options):
        if market.helpers[option.helper].kind == "longer":
            early = option.end == int(_hours(market, option.helper)[0])
            ways.setdefault((option.helper, early), []).append(n)
    for rows in ways.values():
        model.add_at_most_one(taken[n] for n in rows)
    for helper in sorted({helper for helper, _ in ways}):
        rows = [n for early in (False, True) for n in ways.get((helper, early), [])]
        room = _room(market, helper, policy)
        model.add(sum(options[n].minutes * taken[n] for n in rows) <= room)


def _hours(market: Market, helper: int) -> tuple[int, int]:
    staff = market.schedule.procedure.staff
    who = next(who for who in staff if who.id == market.helpers[helper].key)
    return int(who.start), int(who.end)


def _room(market: Market, helper: int, policy: ReservePolicy) -> int:
    """How many minutes longer that person can be there."""
    start, end = _hours(market, helper)
    rest = market.schedule.procedure.rest
    longest = policy.longest_watch if rest is None else rest.longest_span or rest.longest_work
    return int(longest) - (min(end, market.end) - max(start, market.begin))


def _list_options(
    market: Market, cuts: Sequence[Cut], policy: ReservePolicy, *, longest: bool
) -> list[Option]:
    """Every option that serves a cut; with `longest` only those that no longer one replaces."""
    found: set[Option] = set()
    for number, helper in enumerate(market.helpers):
        slots = sorted({(cut.start, cut.end) for cut in cuts if number in cut.helpers})
        if not slots:
            continue
        if helper.kind == "kit":
            found.add(_option(number, (market.begin, market.end), 0, 0, _MANY))
        elif helper.kind == "role":
            found |= _watches(market, number, slots, policy, longest)
        else:
            found |= _extensions(market, number, slots, policy)
    return sorted(found)


def _watches(
    market: Market,
    number: int,
    slots: Sequence[tuple[int, int]],
    policy: ReservePolicy,
    longest: bool,
) -> set[Option]:
    marks = _watch_marks(market, policy)
    key = market.helpers[number].key
    skills = next(len(r.skills) for r in market.schedule.procedure.roles if r.id == key)
    spans = set()
    for n, start in enumerate(marks):
        ends = [end for end in marks[n + 1 :] if end - start <= policy.longest_watch]
        spans |= {(start, end) for end in (ends[-1:] if longest else ends)}
    tight = {_tighten(span, slots, marks) for span in spans}
    return {
        _option(number, span, span[1] - span[0], skills, _MANY) for span in tight if span is not None
    }


def _tighten(
    span: tuple[int, int], slots: Sequence[tuple[int, int]], marks: Sequence[int]
) -> tuple[int, int] | None:
    """The shortest span between marks that serves the same slots."""
    inside = [slot for slot in slots if span[0] <= slot[0] and slot[1] <= span[1]]
    if not inside:
        return None
    first, last = min(slot[0] for slot in inside), max(slot[1] for slot in inside)
    return max(m for m in marks if m <= first), min(m for m in marks if m >= last)


def _watch_marks(market: Market, policy: ReservePolicy) -> list[int]:
    return [*range(market.begin, market.end, int(policy.mark_every)), market.end]


def _extensions(
    market: Market, number: int, slots: Sequence[tuple[int, int]], policy: ReservePolicy
) -> set[Option]:
    start, end = _hours(market, number)
    room = _room(market, number, policy)
    if room <= 0:
        return set()
    early = {(m, start) for m, _ in slots if m < start <= market.end}
    late = {(end, m) for _, m in slots if m > end >= market.begin}
    return {
        _option(number, span, span[1] - span[0], 0, 1)
        for span in sorted(early | late)
        if span[1] - span[0] <= room
    }


def _option(
    helper: int, span: tuple[int, int], minutes: int, skills: int, limit: int
) -> Option:
    return Option(
        helper=helper, start=span[0], end=span[1], minutes=minutes, skills=skills, limit=limit
    )
