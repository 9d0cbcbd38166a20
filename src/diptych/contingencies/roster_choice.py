"""The smallest reserve that meets given cuts: integer programming by HiGHS.

First the fewest people and pieces; then, with that number, the fewest minutes of standby and
longer hours, and of those the roles of fewest skills. Watches that cover spans of a line make
a matrix of consecutive ones, whose linear relaxation is whole but for skills that several
roles share; branch and bound on it needs few nodes (a limit on nodes, none on time, so that
the same cuts give the same reserve).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.cuts import Cut
from diptych.contingencies.reserve_policy import ReservePolicy
from diptych.contingencies.standby import Market, hours_of, room_of
from diptych.model import InputError

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """Of these options together at least `least` and at most `most` (minutes, where given)."""

    members: Sequence[int]
    least: int = 0
    most: int | None = None
    minutes: Sequence[int] = ()


NOTHING = Choice(taken=(), value=0, bound=0, optimal=True)


def list_marks(market: Market, policy: ReservePolicy) -> list[int]:
    """Minutes at which watches, and hours of the roster, begin or end."""
    begin, end = market.begin, market.end
    hours = {int(m) for who in market.schedule.procedure.staff for m in (who.start, who.end)}
    return sorted({*_watch_marks(market, policy), *(m for m in hours if begin < m < end)})


def choose_reserve(
    market: Market, cuts: Sequence[Cut], policy: ReservePolicy, size: int | None
) -> Choice:
    """The fewest people and pieces that meet the cuts; with `size` of them, the least time.

    Raises InputError when nothing meets the cuts (every cut has a role or a kind of kit that
    helps, so that this means more than `60` of one kind).
    """
    if not cuts:
        return NOTHING
    options = _list_options(market, cuts, policy, longest=size is None)
    rows = [_Row(members=_fitting(options, cut), least=cut.lacking) for cut in cuts]
    rows += _hour_rows(market, options, policy)
    people = [n for n, o in enumerate(options) if market.helpers[o.helper].kind != "longer"]
    if size is None:
        worth = np.zeros(len(options), np.int64)
        worth[people] = 1
        return _solve(options, rows, worth, policy, 1)
    rows.append(_Row(members=people, most=size))
    scale = 1 + size * max(option.skills for option in options)
    worth = np.array([o.minutes * scale + o.skills for o in options], np.int64)
    return _solve(options, rows, worth, policy, scale)


def _solve(
    options: Sequence[Option],
    rows: Sequence[_Row],
    worth: NDArray[np.int64],
    policy: ReservePolicy,
    scale: int,
) -> Choice:
    """The cheapest options by HiGHS; what it says is counted again in whole numbers."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # slow to load, seldom needed

    table, least, most = _tabulate(rows, len(options))
    found = milp(
        worth.astype(np.float64),
        constraints=LinearConstraint(table, least, most),
        bounds=Bounds(0, np.array([option.limit for option in options], np.float64)),
        integrality=np.ones(len(options)),
        options={"node_limit": policy.search_limit, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        raise InputError(
            f"no reserve was found ({found.message}), expected at most {_MANY}"
            " people or pieces of one kind",
            remedy="ask for fewer hazards at once, or give the search a larger limit",
        )
    number = np.rint(found.x).astype(np.int64)
    sums = table @ number
    value, bound = int(worth @ number), ceil(found.mip_dual_bound - 1e-6)
    sound = bool((sums >= least).all() and (sums <= most).all())
    return Choice(
        taken=tuple((o, int(n)) for o, n in zip(options, number, strict=True) if n),
        value=value // scale,
        bound=bound // scale,
        optimal=sound and bound >= value,
    )


def _tabulate(
    rows: Sequence[_Row], width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The rows as a matrix, and their least and most values."""
    table = np.zeros((len(rows), width))
    for r, row in enumerate(rows):
        members = list(row.members)
        table[r, members] = [row.minutes[n] for n in members] if row.minutes else 1.0
    least = np.array([row.least for row in rows], np.float64)
    most = np.array([np.inf if row.most is None else row.most for row in rows])
    return table, least, most


def _fitting(options: Sequence[Option], cut: Cut) -> list[int]:
    helpers = set(cut.helpers)
    return [
        n
        for n, option in enumerate(options)
        if option.helper in helpers and option.start <= cut.start and cut.end <= option.end
    ]


def _hour_rows(market: Market, options: Sequence[Option], policy: ReservePolicy) -> Iterator[_Row]:
    """One way earlier and one way later for each person, within the longest span of a day."""
    ways: dict[tuple[int, bool], list[int]] = {}
    for n, option in enumerate(options):
        if market.helpers[option.helper].kind == "longer":
            early = option.end == hours_of(market, market.helpers[option.helper])[0]
            ways.setdefault((option.helper, early), []).append(n)
    for members in ways.values():
        yield _Row(members=members, most=1)
    minutes = [option.minutes for option in options]
    for helper in sorted({helper for helper, _ in ways}):
        members = [n for early in (False, True) for n in ways.get((helper, early), [])]
        yield _Row(
            members=members, most=room_of(market, market.helpers[helper], policy), minutes=minutes
        )


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
        _option(number, span, span[1] - span[0], skills, _MANY)
        for span in tight
        if span is not None
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
    start, end = hours_of(market, market.helpers[number])
    room = room_of(market, market.helpers[number], policy)
    if room <= 0:
        return set()
    early = {(m, start) for m, _ in slots if m < start <= market.end}
    late = {(end, m) for _, m in slots if m > end >= market.begin}
    return {
        _option(number, span, span[1] - span[0], 0, 1)
        for span in sorted(early | late)
        if span[1] - span[0] <= room
    }


def _option(helper: int, span: tuple[int, int], minutes: int, skills: int, limit: int) -> Option:
    return Option(
        helper=helper, start=span[0], end=span[1], minutes=minutes, skills=skills, limit=limit
    )
