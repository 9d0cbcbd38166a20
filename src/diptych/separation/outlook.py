"""What other demands would come to, in seconds: one plan's cut, keepers and costs.

The cut, its proof, the keepers and the costs are those of the plan that would be proposed, found
on the whole front, or of the cut at one point of it, which takes a fraction of the time. Areas,
skin, clamps, ties and stages are not worked out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.model import (
    CutProof,
    Demands,
    Measured,
    Millilitre,
    TwinCost,
    TwinId,
    VesselId,
)
from diptych.separation.front import choose_plans
from diptych.separation.ground import Ground
from diptych.separation.plan import try_demands


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlook:
    """One plan under some demands.

    preference : "balanced", "A" or "B": as the demands prefer, where the front has such a plan
    side : (I, J, K) within the ground's block
    keepers : of the severed vessels and of those that both could keep
    drained : each twin's blood that still drains, 0..1
    infarct : risk of each twin once all is divided, 0..1 (low confidence)
    demands : in words
    """

    preference: str
    proof: CutProof
    side: NDArray[np.uint8]
    keepers: Mapping[VesselId, TwinId]
    costs: Mapping[TwinId, TwinCost]
    drained: Mapping[TwinId, float]
    infarct: Mapping[TwinId, Measured]
    demands: tuple[str, ...]
    notes: tuple[str, ...]


def foresee(ground: Ground, demands: Demands, *, at: int | None = None) -> Outlook:
    """The plan preferred, under these demands.

    at : number of the point of the front that is cut alone, in a fraction of the time: the one
        where the plan that stands lies. None cuts the whole front to find the plan that would be
        proposed; under new demands that may lie at another point.
    Raises InputError and Infeasible as `plan` does.
    """
    ground, trials, words = try_demands(ground, demands, only=at)
    if at is None:
        chosen, told = choose_plans(trials, ("balanced", demands.prefer))
        preference = demands.prefer if demands.prefer in chosen else "balanced"
        trial = trials[chosen[preference]]
    else:
        (trial,), preference, told = trials, demands.prefer, ()
    parting = trial.parting
    return Outlook(
        preference=preference,
        proof=parting.proof,
        side=parting.side,
        keepers=trial.judgement.keepers,
        costs=trial.costs,
        drained=trial.judgement.drained,
        infarct=trial.judgement.infarct,
        demands=words,
        notes=(*parting.notes, *told),
    )


def measure_change(
    ground: Ground, side: NDArray[np.uint8], before: NDArray[np.uint8]
) -> Millilitre:
    """Tissue that changes sides between two cuts of the block, ml."""
    voxel = float(ground.anatomy.tissues.voxel_volume)
    return Millilitre(float((side != before).sum()) * voxel)
