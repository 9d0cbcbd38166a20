"""What one cut costs each twin."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.model import (
    Millilitre,
    MillilitrePerMinute,
    Owner,
    Tissue,
    TwinCost,
    TwinId,
    VesselId,
)
from diptych.separation.costs import explain_cut
from diptych.separation.cut import Parting, severed_pairs
from diptych.separation.drainage import Severed
from diptych.separation.ground import Ground


def cost_twins(
    ground: Ground,
    side: NDArray[np.uint8],
    severed: Sequence[Severed],
    keepers: Mapping[VesselId, TwinId],
) -> dict[TwinId, TwinCost]:
    """What each twin gives. Shared and unknown tissue counts half for each twin.

    side : (I, J, K) within the block; keepers : of the severed vessels
    Drainage given is the twin's own blood in severed vessels that flow to the other side:
    it must find another way.
    """
    return {twin: _cost_twin(twin, ground, side, severed, keepers) for twin in TwinId}


def _cost_twin(
    twin: TwinId,
    ground: Ground,
    side: NDArray[np.uint8],
    severed: Sequence[Severed],
    keepers: Mapping[VesselId, TwinId],
) -> TwinCost:
    away = 2 if twin is TwinId.A else 1
    lost = side == away
    owner = ground.owner[lost]
    brain = ground.tissues[lost] == Tissue.BRAIN
    weight = np.where(owner == Owner.of(twin), 1.0, 0.0)
    weight[(owner == Owner.SHARED) | (owner == Owner.UNKNOWN)] = 0.5
    volume = float(ground.anatomy.tissues.voxel_volume)
    flip = float(twin is TwinId.B)
    given = sum(
        entry.flow * abs(flip - ground.share[entry.vessel.id])
        for entry in severed
        if entry.towards == away
    )
    kept = sum(entry.flow for entry in severed if keepers.get(entry.vessel.id) is twin)
    return TwinCost(
        own_tissue_given=Millilitre(float(weight.sum()) * volume),
        brain_given=Millilitre(float(weight[brain].sum()) * volume),
        vein_flow_given=MillilitrePerMinute(round(given, 6)),
        vein_flow_kept=MillilitrePerMinute(round(kept, 6)),
    )


def explain_parting(ground: Ground, parting: Parting) -> dict[str, int]:
    """How much each term of the cost contributed to the value of the cut."""
    pairs, weights = severed_pairs(parting.side, ground.policy.neighbours, ground.spacing)
    paid = parting.unary
    given_a = int(paid[(parting.side == 2) & (paid > 0)].sum())
    given_b = -int(paid[(parting.side == 1) & (paid < 0)].sum())
    return explain_cut(
        ground.field,
        ground.tissues,
        pairs,
        weights,
        {"tissue-given-by-A": given_a, "tissue-given-by-B": given_b},
        parting.proof.value,
    )
