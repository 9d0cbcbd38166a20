"""The smallest changes that close one gap, each tried on the plan and proved anew."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.additions import Addition, list_additions
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.moves import list_moves
from diptych.contingencies.naming import spans_of, stand
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.reserve_policy import ReservePolicy
from diptych.contingencies.sets import search_sets
from diptych.contingencies.standby import apply_changes
from diptych.model import Gap, Hazard, InputError, Mending, Schedule, SetGap

Spans = tuple[tuple[int, int], ...]
Rules = Callable[[Schedule], Sequence[object]]


def mend_gap(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    gap: Gap | SetGap,
    *,
    policy: ReservePolicy,
    violations: Rules | None = None,
) -> tuple[Mending, ...]:
    """All smallest changes that close the gap over its whole spans, cheapest first.

    People, pieces of kit and longer hours: every choice of as few as do it, exactly, for
    spans that one watch can reach; where they lie further apart each part is mended on its
    own. One task or break moved, by as little as does it: only with `violations`, which
    must return nothing for the changed plan (contingencies do not know the rules of the
    schedule), and only where the gap's hazards are short nowhere else instead and, over all
    sets of each number of hazards up to theirs, no more set-minutes are uncovered. Empty when
    nothing closes it. Raises InputError when the gap's hazards are not among `hazards`.
    """
    case = _open(schedule, hazards, gap, policy)
    found = [_added(case, addition) for addition in list_additions(case.view(), policy)]
    if violations is not None:
        found += _list_moved(case, violations)
    closed = [mending for mending in found if not case.short(mending.applied)]
    return tuple(sorted(closed, key=lambda mending: (mending.cost, mending.words)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One gap of one plan."""

    schedule: Schedule
    hazards: tuple[Hazard, ...]
    chosen: tuple[Hazard, ...]
    spans: Spans
    policy: ReservePolicy

    def view(self) -> tuple[Schedule, tuple[Hazard, ...], Spans]:
        """What the search for additions looks at."""
        return self.schedule, self.chosen, self.spans

    def short(self, plan: Schedule) -> Spans:
        """Where within the gap's spans its hazards cannot be answered, by a fresh proof."""
        return clip(find_short(plan, self.chosen, self.policy.answer), self.spans)


def _open(
    schedule: Schedule, hazards: Sequence[Hazard], gap: Gap | SetGap, policy: ReservePolicy
) -> _Case:
    chosen = tuple(hazard for hazard in hazards if hazard.id in gap.hazards)
    if len(chosen) != len(gap.hazards):
        raise InputError(
            f"the gap is about {', '.join(gap.hazards)}, expected hazards of the catalogue",
            remedy="hand in the hazards with which the gap was found",
        )
    spans = gap.spans if isinstance(gap, SetGap) else ((gap.start, gap.end),)
    return _Case(
        schedule=schedule,
        hazards=tuple(hazards),
        chosen=chosen,
        spans=tuple((int(start), int(end)) for start, end in spans),
        policy=policy,
    )


def find_short(plan: Schedule, chosen: Sequence[Hazard], policy: AnswerPolicy) -> Spans:
    """When all of these hazards can strike but cannot be answered together."""
    classes = sort_minutes(plan, chosen, policy)
    standing = stand(classes, range(len(chosen)))
    hit = np.zeros(len(classes.masks), np.bool_)
    hit[standing.classes[standing.empty > 0]] = True
    return spans_of(classes, hit)


def clip(found: Spans, spans: Spans) -> Spans:
    """The parts of `found` that lie within `spans`."""
    both = ((max(a, start), min(b, end)) for a, b in found for start, end in spans)
    return tuple(sorted((a, b) for a, b in both if a < b))


def _added(case: _Case, addition: Addition) -> Mending:
    return Mending(
        kind="reserve",
        words=addition.words,
        cost=addition.cost,
        size=addition.size,
        applied=apply_changes(case.schedule, addition.watches, addition.longer, addition.kit),
    )


def _list_moved(case: _Case, violations: Rules) -> Iterator[Mending]:
    """The shortest moves that close the gap, break no rule, and open no other gap for it."""
    order = max(2, len(case.chosen))
    old, before = find_short(case.schedule, case.chosen, case.policy.answer), None
    done: set[tuple[str, str, bool]] = set()
    for move in list_moves(case.schedule, case.chosen, case.spans):
        key = move.kind, move.whose, move.minutes > 0
        if key in done or not _better(case, move.applied, old) or violations(move.applied):
            continue
        before = _uncovered(case.schedule, case, order) if before is None else before
        if (_uncovered(move.applied, case, order) <= before).all():
            done.add(key)
            yield Mending(
                kind=move.kind,
                words=move.words,
                cost=case.policy.cost_of_moving + abs(move.minutes),
                size=1,
                applied=move.applied,
            )


def _better(case: _Case, plan: Schedule, old: Spans) -> bool:
    """The gap is closed, and its hazards are short only where they were before."""
    now = find_short(plan, case.chosen, case.policy.answer)
    return not clip(now, case.spans) and clip(now, old) == now


def _uncovered(plan: Schedule, case: _Case, order: int) -> NDArray[np.int64]:
    """(order,) sets times minutes without cover."""
    classes = sort_minutes(plan, case.hazards, case.policy.answer)
    proof = search_sets(classes, plan, case.hazards, order, turns=False)
    return np.array([count.combinations - count.covered for count in proof.counts], np.int64)
