"""No plan on the front is worse than another for both twins; the others are named."""

from collections.abc import Sequence
from dataclasses import astuple

from diptych.model import PlanId, SeparationFront, SeparationPlan, TwinId

_SAME = 1e-9


def build_front(plans: Sequence[SeparationPlan]) -> SeparationFront:
    """The plans that no other dominates, the balanced one first; dominated ones named.

    A plan is dominated when another costs neither twin more in any figure and one of them
    less in some figure. Of equal plans the earlier stays.
    """
    kept: list[SeparationPlan] = []
    dropped: list[str] = []
    for index, plan in enumerate(plans):
        rival = next(
            (
                other
                for place, other in enumerate(plans)
                if other is not plan and _beats(other, plan, earlier=place < index)
            ),
            None,
        )
        if rival is None:
            kept.append(plan)
        else:
            dropped.append(_tell(plan, rival))
    return SeparationFront(plans=tuple(kept), proposed=_proposed(kept), dominated=tuple(dropped))


def _figures(plan: SeparationPlan) -> list[float]:
    """What must not grow: per twin tissue, brain and drainage given."""
    return [float(figure) for twin in TwinId for figure in astuple(plan.costs[twin])[:3]]


def _beats(other: SeparationPlan, plan: SeparationPlan, *, earlier: bool) -> bool:
    pairs = list(zip(_figures(other), _figures(plan), strict=True))
    if any(theirs > mine + _SAME for theirs, mine in pairs):
        return False
    return earlier or any(theirs < mine - _SAME for theirs, mine in pairs)


def _tell(plan: SeparationPlan, rival: SeparationPlan) -> str:
    pairs = zip(_figures(rival), _figures(plan), strict=True)
    same = all(abs(theirs - mine) <= _SAME for theirs, mine in pairs)
    if same:
        return f"{plan.id}: costs both twins exactly what {rival.id} costs them"
    return f"{plan.id}: {rival.id} is no worse for either twin and better for one"


def _proposed(kept: Sequence[SeparationPlan]) -> PlanId:
    return next((plan.id for plan in kept if plan.preference == "balanced"), kept[0].id)
