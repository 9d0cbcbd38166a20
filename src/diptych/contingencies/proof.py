"""The proof: searched by one program, certified by another that shares no code with it."""

from collections.abc import Sequence
from dataclasses import replace

from diptych.contingencies.certificate import check_certificate
from diptych.contingencies.cover import search_cover
from diptych.contingencies.policy import AnswerPolicy
from diptych.model import Coverage, Hazard, InputError, Schedule

_RULES = AnswerPolicy()


def prove_coverage(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    *,
    order: int = 1,
    policy: AnswerPolicy = _RULES,
) -> Coverage:
    """For each minute and hazard that can strike then: who answers, or a gap.

    A hazard can strike from the start of the first to the end of the last task of its steps
    that concerns its subject. `Coverage.certified` is True when the independent checker
    accepted every witness and every gap; `check_certificate` names the faults otherwise.
    Raises InputError for an order other than 1 and for a schedule that names people who are
    not on its roster.
    """
    if order != 1:
        raise InputError(
            f"order is {order}, expected 1: hazards are proved one at a time",
            remedy="ask for order 1",
        )
    found = search_cover(schedule, tuple(hazards), policy)
    return replace(found, certified=not check_certificate(schedule, hazards, found, policy=policy))
