"""What it costs to cut through each voxel, as integers, and who loses by giving it away.

- Tissue by kind, per area of cut, dura = 1; in brain, dura, fluid and bony plate near the
  septum the steps of module `ladder` are laid over it
- smoothness: the same price for every voxel, so that less surface is cheaper
- vessels cost their wall, plus flow spread over the lumen, so that cutting a vessel across costs
  its flow whatever its calibre; along the wall of a vessel only the outside counts

Giving: each surely owned voxel has a price for going to the other twin.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from diptych.model import Anatomy, Case, Owner, Tissue
from diptych.separation.ladder import Ladder, price_soft, split_price
from diptych.separation.policy import SeparationPolicy
from diptych.separation.region import (
    Block,
    Junction,
    shift_block,
    voxel_spacing,
    whole_block,
)
from diptych.separation.soft import survey_soft
from diptych.tables import SourcedTable

_TISSUE_ROWS = {
    Tissue.SKIN: "cut-skin",
    Tissue.BONE: "cut-bone",
    Tissue.DURA: "cut-dura",
    Tissue.CSF: "cut-csf",
    Tissue.BRAIN: "cut-brain",
    Tissue.VESSEL: "cut-vessel",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostField:
    """Integer costs of one case.

    cost : (I, J, K) int32, 0 where no tissue
    by_tissue : (7,) int64 cost of each tissue code before all else
    even : units that every voxel of tissue costs on top (smoothness)
    vessel : (I, J, K) bool, structures that can be dissected out along their wall
    flow : (I, J, K) int32 the share of `cost` that is vessel flow
    soft : (I, J, K) int32, 1 + place in `ladder` of the soft voxels of the junction, else 0
    giving : (I, J, K) int32, above 0 the price of giving A's voxel to B, below 0 minus
        the price of giving B's voxel to A
    doubtful : (I, J, K) int32 >= 0, the price that kindness to a twin puts on the voxel
    scale : units for a cost of 1
    """

    cost: NDArray[np.int32]
    by_tissue: NDArray[np.int64]
    even: int
    vessel: NDArray[np.bool_]
    flow: NDArray[np.int32]
    soft: NDArray[np.int32]
    ladder: Ladder
    giving: NDArray[np.int32]
    doubtful: NDArray[np.int32]
    scale: int


def weigh_tissue(
    case: Case,
    anatomy: Anatomy,
    junction: Junction,
    *,
    table: SourcedTable,
    policy: SeparationPolicy,
    place: Block | None = None,
) -> CostField:
    """The cost of every voxel of the case, or of those of `place`.

    place : a block around the junction; None takes the whole volume
    """
    place = place or whole_block(anatomy.tissues)
    tissues = anatomy.tissues.voxels[place].astype(np.uint8)
    inner = shift_block(junction.block, place)
    by_tissue = np.zeros(len(Tissue), dtype=np.int64)
    for tissue, key in _TISSUE_ROWS.items():
        by_tissue[tissue] = max(1, round(table.value(key) * policy.cost_scale))
    even = round(table.value("smoothness") * policy.cost_scale)
    within, ladder = survey_soft(
        case, anatomy, junction, table=table, policy=policy, by_tissue=by_tissue
    )
    soft = np.zeros(tissues.shape, dtype=np.int32)
    soft[inner][within] = np.arange(1, len(ladder.base) + 1, dtype=np.int32)
    cost = by_tissue[tissues].astype(np.int32)
    cost[inner][within] = price_soft(ladder)
    cost[tissues > 0] += even
    flow = _flow_cost(anatomy, table, policy.cost_scale, place)
    giving, doubtful = _prices(anatomy, table, policy.cost_scale, place)
    return CostField(
        cost=cost + flow,
        by_tissue=by_tissue,
        even=even,
        vessel=tissues == Tissue.VESSEL,
        flow=flow,
        soft=soft,
        ladder=ladder,
        giving=giving,
        doubtful=doubtful,
        scale=policy.cost_scale,
    )


def _flow_cost(
    anatomy: Anatomy, table: SourcedTable, scale: int, place: Block
) -> NDArray[np.int32]:
    """Flow per lumen area at each vessel voxel of the block, in cost units."""
    tissues = anatomy.tissues.voxels[place]
    result = np.zeros(tissues.shape, dtype=np.int32)
    places = np.argwhere(tissues == Tissue.VESSEL)
    corner = [axis.start for axis in place]
    vessels = anatomy.vessels.vessels
    if not vessels or not len(places):
        return result
    points = np.concatenate([vessel.path for vessel in vessels])
    density = np.concatenate(
        [
            abs(vessel.flow.value) / (np.pi * np.maximum(vessel.radius, 0.5) ** 2 / 100.0)
            for vessel in vessels
        ]
    )
    away, nearest = cKDTree(points).query(
        anatomy.tissues.to_lps((places + corner).astype(np.float64)), distance_upper_bound=8.0
    )
    found = np.isfinite(away)
    price = np.zeros(len(places))
    price[found] = table.value("vessel-flow") * density[nearest[found]]
    capped = np.minimum(np.round(price * scale), 2**22).astype(np.int32)
    result[tuple(places.T)] = capped
    return result


def _prices(
    anatomy: Anatomy, table: SourcedTable, scale: int, place: Block
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Price of giving sure tissue away, and the price that kindness puts on doubtful tissue.

    A layer one voxel thick over the area of one voxel face costs its thickness times the
    table's price per mm; an edge counts two voxel costs, hence the factor 2.
    """
    owner = anatomy.ownership.voxels[place]
    sure = anatomy.confidence.voxels[place].astype(np.float32) / np.float32(100.0)
    step = 2.0 * scale * max(voxel_spacing(anatomy.ownership))
    sign = (owner == Owner.A).astype(np.int8) - (owner == Owner.B).astype(np.int8)
    giving = np.round(step * table.value("giving-tissue") * sure * sign).astype(np.int32)
    open_ = np.where(sign == 0, np.float32(1.0), np.float32(1.0) - sure)
    doubtful = np.round(step * table.value("kindness") * open_).astype(np.int32)
    doubtful[owner == Owner.NOBODY] = 0
    return giving, doubtful


def explain_cut(
    field: CostField,
    tissues: NDArray[np.uint8],
    pairs: NDArray[np.int64],
    weights: NDArray[np.int64],
    given: Mapping[str, int],
    value: int | None = None,
) -> dict[str, int]:
    """How much each term contributed to the value of the cut; the parts sum to the whole.

    pairs : (N, 2) flat indices of the voxels of every severed edge; weights : (N,)
    given : price of the tissue given away, by name
    value : of the cut as proven; where loose pieces were settled after it, what they changed is
        told as `pieces-settled`
    """
    ends = _paying_ends(field, pairs).reshape(-1)
    heavy = np.repeat(weights, 2)
    kinds = tissues.reshape(-1)[ends]
    plain = heavy * field.by_tissue[kinds]
    terms = {
        f"tissue-{Tissue(kind).name.lower()}": int(plain[kinds == kind].sum())
        for kind in sorted(set(kinds.tolist()))
    }
    place = field.soft.reshape(-1)[ends].astype(np.int64)
    steps = split_price(field.ladder, place[place > 0] - 1)
    terms |= {name: int((heavy[place > 0] * added).sum()) for name, added in steps.items()}
    terms["smoothness"] = field.even * int(heavy.sum())
    terms["vessel-flow"] = int((heavy * field.flow.reshape(-1)[ends]).sum())
    terms |= {name: int(price) for name, price in given.items()}
    settled = 0 if value is None else value - sum(terms.values())
    return terms | ({"pieces-settled": settled} if settled else {})


def _paying_ends(field: CostField, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The voxels whose costs an edge sums: both, or the cheaper one twice across a wall."""
    cost, vessel = field.cost.reshape(-1), field.vessel.reshape(-1)
    cheap = np.where(cost[pairs[:, 0]] <= cost[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    wall = vessel[pairs[:, 0]] != vessel[pairs[:, 1]]
    paying: NDArray[np.int64] = np.where(wall[:, None], cheap[:, None], pairs)
    return paying
