"""What it costs to cut through each voxel, as integers, and who loses by giving it away.

Brain: tissue x doubt x (1 - discount x septum). Dura, fluid and bony plate: tissue x
off-middle x (1 - discount x septum). Where

- tissue: by kind, from the table of costs (per area of cut, dura = 1)
- doubt: from `uncertain-floor` where the owner is quite uncertain to 1 where he is sure
- septum: how much the images show a sheet there (module `septum`)
- off-middle: rises from 1 with the difference of the distances to the two brains, so that
  the surface keeps to the middle of fluid, dura, fluid and does not stray into sulci; a
  plate of bone between the brains is itself septum: split in its middle it covers both
- vessels cost their wall, plus flow spread over the lumen, so that cutting a vessel across costs
  its flow whatever its calibre; along the wall of a vessel only the outside counts

Giving: each surely owned voxel has a price for going to the other twin.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from diptych.kernels.distance import measure_distance
from diptych.model import Anatomy, Case, Owner, Tissue
from diptych.separation.policy import SeparationPolicy
from diptych.separation.region import Junction, voxel_spacing
from diptych.separation.septum import see_septum
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
    by_tissue : (7,) int64 cost of each tissue code before doubt and septum
    vessel : (I, J, K) bool, structures that can be dissected out along their wall
    flow : (I, J, K) int32 the share of `cost` that is vessel flow
    giving : (I, J, K) int32, above 0 the price of giving A's voxel to B, below 0 minus
        the price of giving B's voxel to A
    doubtful : (I, J, K) int32 >= 0, the price that kindness to a twin puts on the voxel
    scale : units for a cost of 1
    """

    cost: NDArray[np.int32]
    by_tissue: NDArray[np.int64]
    vessel: NDArray[np.bool_]
    flow: NDArray[np.int32]
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
) -> CostField:
    """The cost of every voxel of the case."""
    tissues = anatomy.tissues.voxels.astype(np.uint8)
    by_tissue = np.zeros(len(Tissue), dtype=np.int64)
    for tissue, key in _TISSUE_ROWS.items():
        by_tissue[tissue] = max(1, round(table.value(key) * policy.cost_scale))
    cost = by_tissue[tissues].astype(np.int32)
    block = junction.block
    septum = see_septum(case, anatomy.tissues, junction)
    near = _weigh_soft(cost[block], anatomy, junction, septum, table=table, policy=policy)
    cost[block] = np.where(cost[block] > 0, np.maximum(1, np.round(near)), 0).astype(np.int32)
    flow = _flow_cost(anatomy, table, policy.cost_scale)
    giving, doubtful = _prices(anatomy, table, policy.cost_scale)
    return CostField(
        cost=cost + flow,
        by_tissue=by_tissue,
        vessel=tissues == Tissue.VESSEL,
        flow=flow,
        giving=giving,
        doubtful=doubtful,
        scale=policy.cost_scale,
    )


def _weigh_soft(
    cost: NDArray[np.int32],
    anatomy: Anatomy,
    junction: Junction,
    septum: NDArray[np.float32],
    *,
    table: SourcedTable,
    policy: SeparationPolicy,
) -> NDArray[np.float64]:
    """Costs in the junction with doubt, septum, plate and middle laid over `cost`."""
    tissues = anatomy.tissues.voxels[junction.block]
    off, plate = _off_middle(anatomy, junction, table=table, policy=policy)
    doubt = _doubt(anatomy, junction, table.value("uncertain-floor"))
    seen = 1.0 - table.value("septum-discount") * np.where(plate, 1.0, septum)
    base = np.where(plate, table.value("cut-plate") * policy.cost_scale, cost)
    factor = np.where(tissues == Tissue.BRAIN, doubt, off) * seen
    soft = plate | np.isin(tissues, (Tissue.BRAIN, Tissue.DURA, Tissue.CSF))
    return np.where(soft, np.minimum(base * factor, cost * off), cost)


def _doubt(anatomy: Anatomy, junction: Junction, floor: float) -> NDArray[np.float64]:
    """Factor `floor`..1 by the confidence of the owner; shared and unknown count as doubt."""
    owner = anatomy.ownership.voxels[junction.block]
    sure = anatomy.confidence.voxels[junction.block].astype(np.float64) / 100.0
    sure[(owner == Owner.SHARED) | (owner == Owner.UNKNOWN)] = 0.0
    return floor + (1.0 - floor) * sure


def _off_middle(
    anatomy: Anatomy,
    junction: Junction,
    *,
    table: SourcedTable,
    policy: SeparationPolicy,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Factor from 1, least where both brains are equally far; and the bony plate.

    The plate is bone within `plate-reach` mm of either brain. Without brain that is surely
    owned there is neither: all ones, no plate.
    """
    tissues = anatomy.tissues.voxels[junction.block]
    owner = anatomy.ownership.voxels[junction.block]
    sure = anatomy.confidence.voxels[junction.block].astype(np.uint8) >= policy.seed_confidence
    away = []
    for twin in (Owner.A, Owner.B):
        mine = (tissues == Tissue.BRAIN) & (owner == twin) & sure
        if not mine.any():
            return np.ones(tissues.shape), np.zeros(tissues.shape, dtype=np.bool_)
        away.append(measure_distance(~mine, voxel_spacing(anatomy.tissues)).astype(np.float64))
    rise = table.value("off-middle") * np.abs(away[0] - away[1])
    reach = table.value("plate-reach")
    plate = (tissues == Tissue.BONE) & (away[0] <= reach) & (away[1] <= reach)
    return 1.0 + np.minimum(rise, table.value("off-middle-limit")), plate


def _flow_cost(anatomy: Anatomy, table: SourcedTable, scale: int) -> NDArray[np.int32]:
    """Flow per lumen area at each vessel voxel, in cost units."""
    tissues = anatomy.tissues
    result = np.zeros(tissues.shape, dtype=np.int32)
    places = np.argwhere(tissues.voxels == Tissue.VESSEL)
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
        tissues.to_lps(places.astype(np.float64)), distance_upper_bound=8.0
    )
    found = np.isfinite(away)
    price = np.zeros(len(places))
    price[found] = table.value("vessel-flow") * density[nearest[found]]
    capped = np.minimum(np.round(price * scale), 2**22).astype(np.int32)
    result[tuple(places.T)] = capped
    return result


def _prices(
    anatomy: Anatomy, table: SourcedTable, scale: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Price of giving sure tissue away, and the price that kindness puts on doubtful tissue.

    A layer one voxel thick over the area of one voxel face costs its thickness times the
    table's price per mm; an edge counts two voxel costs, hence the factor 2.
    """
    owner = anatomy.ownership.voxels
    sure = anatomy.confidence.voxels.astype(np.float32) / np.float32(100.0)
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
) -> dict[str, int]:
    """How much each term contributed to the value of the cut; the parts sum to the whole.

    pairs : (N, 2) flat indices of the voxels of every severed edge; weights : (N,)
    given : price of the tissue given away, by name
    """
    ends = _paying_ends(field, pairs).reshape(-1)
    heavy = np.repeat(weights, 2)
    kinds = tissues.reshape(-1)[ends]
    total = heavy * field.cost.reshape(-1)[ends]
    flow = heavy * field.flow.reshape(-1)[ends]
    plain = heavy * field.by_tissue[kinds]
    terms = {
        f"tissue-{Tissue(kind).name.lower()}": int(plain[kinds == kind].sum())
        for kind in sorted(set(kinds.tolist()))
    }
    terms["vessel-flow"] = int(flow.sum())
    terms["septum-middle-and-doubt"] = int((total - flow - plain).sum())
    return terms | {name: int(price) for name, price in given.items()}


def _paying_ends(field: CostField, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The voxels whose costs an edge sums: both, or the cheaper one twice across a wall."""
    cost, vessel = field.cost.reshape(-1), field.vessel.reshape(-1)
    cheap = np.where(cost[pairs[:, 0]] <= cost[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    wall = vessel[pairs[:, 0]] != vessel[pairs[:, 1]]
    paying: NDArray[np.int64] = np.where(wall[:, None], cheap[:, None], pairs)
    return paying
