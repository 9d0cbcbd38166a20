"""The smallest reserve with which every set of hazards is covered: cuts and proof in turn.

The least reserve that meets the cuts known so far is laid over the plan and the plan proved
anew; each gap left gives new cuts. When no gap is left, the reserve is a smallest one, for
every cut is necessary.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.classes import Classes, sort_minutes
from diptych.contingencies.cuts import Cut, demand_help, strongest
from diptych.contingencies.reserve_policy import ReservePolicy
from diptych.contingencies.roster_choice import Choice, choose_reserve, list_marks
from diptych.contingencies.setgaps import tell_gaps
from diptych.contingencies.sets import search_sets
from diptych.contingencies.standby import Market, apply_reserve, open_market
from diptych.model import (
    EquipmentId,
    Hazard,
    InputError,
    LongerHours,
    Minute,
    Reserve,
    Schedule,
    SetGap,
    SetProof,
    SpareKit,
    StaffId,
    Watch,
)

_LARGEST = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Round:
    """A reserve, the proof of the plan with it, and which of its gaps nobody could mend."""

    choice: Choice
    classes: Classes
    proof: SetProof
    beyond: NDArray[np.int64]
    cuts: tuple[Cut, ...]


def design_reserve(
    schedule: Schedule, hazards: Sequence[Hazard], *, order: int, policy: ReservePolicy
) -> Reserve:
    """The smallest reserve with which each set of up to `order` hazards is always covered.

    Of the roster's own people, some may be called earlier or kept longer; people of roles
    stand by in watches; kit is there all day. `Reserve.proven` says whether it is the
    smallest; `Reserve.beyond` names the sets that no reserve covers. `apply_reserve` gives
    the plan with it. Raises InputError for an order other than 1 to 4, and where 60
    people of one role would not do.
    """
    if not 1 <= order <= _LARGEST:
        raise InputError(
            f"order is {order}, expected 1 to {_LARGEST} hazards at once",
            remedy="ask for order 1, 2, 3 or 4",
        )
    market = open_market(schedule, hazards, policy)
    first = _settle(market, hazards, order, policy, (), None)
    size = first.choice.value
    last = _settle(market, hazards, order, policy, first.cuts, size)
    found = _reserve(market, last.choice, order)
    before = _prove(schedule, hazards, order, policy)[1]
    beyond = _told(last, last.beyond, schedule, hazards)
    left = np.setdiff1d(_own_gaps(last.proof, order), last.beyond)
    return replace(
        found,
        least=first.choice.bound,
        least_minutes=last.choice.bound,
        proven=first.choice.optimal and last.choice.optimal and not len(left),
        beyond=beyond,
        open=_told(last, left, schedule, hazards),
        before=before.counts[:order],
        after=last.proof.counts[:order],
    )


def _settle(
    market: Market,
    hazards: Sequence[Hazard],
    order: int,
    policy: ReservePolicy,
    cuts: tuple[Cut, ...],
    size: int | None,
) -> _Round:
    """Cuts and proof in turn, single hazards first, until no gap is left that can be mended."""
    choice = choose_reserve(market, cuts, policy, size)
    for level in range(1, order + 1):
        while True:
            found = _look(market, hazards, level, policy, choice)
            grown = strongest((*cuts, *found.cuts))
            if not found.cuts or grown == cuts:
                break
            cuts = grown
            choice = choose_reserve(market, cuts, policy, size)
    return replace(found, cuts=cuts)


def _look(
    market: Market, hazards: Sequence[Hazard], order: int, policy: ReservePolicy, choice: Choice
) -> _Round:
    plan = apply_reserve(market.schedule, _reserve(market, choice, order))
    classes, proof = _prove(plan, hazards, order, policy)
    marks = np.array(list_marks(market, policy), np.int64)
    own = _own_gaps(proof, order)
    asked = demand_help(market, classes, proof.certificate.gaps[own].astype(np.int64), marks)
    return _Round(
        choice=choice,
        classes=classes,
        proof=proof,
        beyond=own[asked.beyond],
        cuts=asked.cuts,
    )


def _prove(
    plan: Schedule, hazards: Sequence[Hazard], order: int, policy: ReservePolicy
) -> tuple[Classes, SetProof]:
    classes = sort_minutes(plan, hazards, policy.answer)
    return classes, search_sets(classes, plan, hazards, max(order, 2), turns=False)


def _own_gaps(proof: SetProof, order: int) -> NDArray[np.int64]:
    """Rows of the certificate's gaps of up to `order` hazards."""
    sizes = (proof.certificate.gaps[:, 1:] >= 0).sum(axis=1)
    return np.flatnonzero(sizes <= order)


def _told(
    found: _Round,
    rows: NDArray[np.int64],
    schedule: Schedule,
    hazards: Sequence[Hazard],
) -> tuple[SetGap, ...]:
    """These gaps in words."""
    paper = found.proof.certificate
    gaps, short = paper.gaps[rows], paper.short[rows]
    reach = np.zeros((len(rows), found.classes.masks.shape[2]), np.uint64)
    for n, (gap, bits) in enumerate(zip(gaps, short, strict=True)):
        places = [p for h in gap[1:] if h >= 0 for p in range(paper.first[h], paper.first[h + 1])]
        for place in (p for k, p in enumerate(places) if int(bits) >> k & 1):
            reach[n] |= found.classes.masks[gap[0], place]
    return tell_gaps(replace(paper, gaps=gaps, short=short), reach, schedule, hazards, least=1)


def _reserve(market: Market, choice: Choice, order: int) -> Reserve:
    """The reserve of a choice, without what is proven about it."""
    roles = {str(role.id): role for role in market.schedule.procedure.roles}
    staff = {str(who.id): who for who in market.schedule.procedure.staff}
    watches, kit = [], []
    hours: dict[str, tuple[int, int]] = {}
    for option, count in choice.taken:
        helper = market.helpers[option.helper]
        if helper.kind == "role":
            watches.append(
                Watch(
                    role=roles[helper.key].id,
                    skills=roles[helper.key].skills,
                    start=Minute(option.start),
                    end=Minute(option.end),
                    count=count,
                    grade=market.grades[helper.key],
                )
            )
        elif helper.kind == "kit":
            kit.append(SpareKit(kind=EquipmentId(helper.key), count=count))
        else:
            who = staff[helper.key]
            start, end = hours.get(helper.key, (int(who.start), int(who.end)))
            hours[helper.key] = min(start, option.start), max(end, option.end)
    longer = tuple(
        LongerHours(
            staff=StaffId(key),
            start=staff[key].start,
            end=staff[key].end,
            new_start=Minute(start),
            new_end=Minute(end),
        )
        for key, (start, end) in sorted(hours.items())
    )
    return Reserve(
        order=order,
        watches=tuple(watches),
        longer=longer,
        kit=tuple(kit),
        least=0,
        least_minutes=0,
        proven=False,
        beyond=(),
        open=(),
        before=(),
        after=(),
    )
