"""The proof: searched by one program, certified by another that shares no code with it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from diptych.contingencies.certificate import check_certificate
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.cover import search_cover
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.setcheck import check_sets
from diptych.contingencies.sets import LARGEST, search_sets
from diptych.model import Coverage, Hazard, InputError, Schedule, SetProof

_RULES = AnswerPolicy()


def prove_coverage(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    *,
    order: int = 1,
    policy: AnswerPolicy = _RULES,
    watch: Callable[[str], None] = lambda _: None,
) -> Coverage:
    """For each minute and hazard that can strike then: who answers, or a gap.

    A hazard can strike from the start of the first to the end of the last task of its steps
    that concerns its subject. With an order of 2 to 4, `Coverage.sets` holds the same for
    every set of up to so many different hazards at the same minute, and up to three of them
    one after another in every order. `Coverage.certified` and `SetProof.certified` are True
    when the independent checkers accepted every witness and every gap; `check_certificate`
    and `check_sets` name the faults otherwise. `watch` is told "proof", "turns" (one
    after another) or "check" whenever a step of that kind has ended.
    Raises InputError for an order other than 1 to 4 and for a schedule that names people who
    are not on its roster.
    """
    if not 1 <= order <= LARGEST:
        raise InputError(
            f"order is {order}, expected 1 to {LARGEST} hazards at once",
            remedy=f"ask for an order from 1 to {LARGEST}",
        )
    found = search_cover(schedule, tuple(hazards), policy)
    watch("proof")
    certified = not check_certificate(schedule, hazards, found, policy=policy)
    watch("check")
    sets = None if order == 1 else prove_sets(schedule, hazards, order, policy, watch)
    return replace(found, certified=certified, sets=sets)


def prove_sets(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    order: int,
    policy: AnswerPolicy = _RULES,
    watch: Callable[[str], None] = lambda _: None,
) -> SetProof:
    """Every set of up to `order` (2 to 4) hazards, searched and then checked."""
    classes = sort_minutes(schedule, hazards, policy)
    watch("proof")
    found = search_sets(classes, schedule, hazards, order, turns=True, watch=watch)
    faults = check_sets(schedule, hazards, found, policy=policy)
    watch("check")
    return replace(found, certified=not faults)
