"""What all plans of one case share: costs, seeds and tables, in the block that a cut can reach."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.model import Anatomy, Case, VesselId, Volume
from diptych.separation.costs import CostField, weigh_tissue
from diptych.separation.drainage import trace_blood
from diptych.separation.policy import SeparationPolicy
from diptych.separation.region import (
    Block,
    find_box,
    find_junction,
    join_blocks,
    place_seeds,
    shift_block,
    voxel_spacing,
)
from diptych.tables import SourcedTable

_ROOM = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """One case, ready to be cut.

    seeds : (I, J, K) uint8, 1 surely A, 2 surely B, 0 free or no tissue
    block : the box around all free tissue with two voxels of room; what lies outside it is
        air or stays with its seed, whatever the cut
    field : costs, within the block; share : twin A's share of the blood in each vessel
    """

    case: Case
    anatomy: Anatomy
    seeds: NDArray[np.uint8]
    block: Block
    field: CostField
    share: Mapping[VesselId, float]
    tables: Mapping[str, SourcedTable]
    policy: SeparationPolicy

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel spacing, mm."""
        return voxel_spacing(self.anatomy.tissues)

    @property
    def tissues(self) -> NDArray[np.uint8]:
        """Tissue codes within the block."""
        return self.anatomy.tissues.voxels[self.block].astype(np.uint8)

    @property
    def owner(self) -> NDArray[np.uint8]:
        """Owner codes within the block."""
        return self.anatomy.ownership.voxels[self.block].astype(np.uint8)

    def whole(self, part: NDArray[np.uint8], source: str) -> Volume:
        """A volume of the whole grid: `part` within the block, seeds elsewhere."""
        voxels = self.seeds.copy()
        voxels[self.block] = part
        voxels.setflags(write=False)  # so that the volume need not copy it
        return self.anatomy.tissues.on_this_grid(voxels, source=source)

    def nest(self, codes: NDArray[np.uint8], count: int) -> Volume:
        """Codes of `count` nested cuts on the whole grid; `codes` : within the block."""
        voxels = np.array([0, 1, count + 1], dtype=np.uint8)[self.seeds]
        voxels[self.block] = codes
        voxels.setflags(write=False)
        return self.anatomy.tissues.on_this_grid(voxels, source="nested sides of the front")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bedrock:
    """What of a ground takes time to find, to be kept and filled again by `build_ground`."""

    seeds: NDArray[np.uint8]
    block: Block
    field: CostField


def leave_ground(ground: Ground) -> Bedrock:
    """The part of a ground that is worth keeping."""
    return Bedrock(seeds=ground.seeds, block=ground.block, field=ground.field)


def build_ground(
    bedrock: Bedrock,
    case: Case,
    anatomy: Anatomy,
    *,
    tables: Mapping[str, SourcedTable],
    policy: SeparationPolicy,
) -> Ground:
    """The ground that the bedrock was left from, for the same case, tables and policy."""
    return Ground(
        case=case,
        anatomy=anatomy,
        seeds=bedrock.seeds,
        block=bedrock.block,
        field=bedrock.field,
        share=trace_blood(anatomy.vessels),
        tables=tables,
        policy=policy,
    )


def prepare_ground(
    case: Case,
    anatomy: Anatomy,
    *,
    tables: Mapping[str, SourcedTable],
    policy: SeparationPolicy,
) -> Ground:
    """The costs of the case and what is surely whose.

    Raises InputError when the twins' tissues do not meet or no tissue is surely owned.
    """
    table = tables["costs"]
    margin = table.value("seed-margin")
    junction = find_junction(anatomy, reach=margin + 12.0)
    seeds = place_seeds(anatomy, junction, margin=margin, confidence=policy.seed_confidence)
    block = find_box((anatomy.tissues.voxels != 0) & (seeds == 0), room=_ROOM)
    wide = join_blocks(block, junction.block)
    field = weigh_tissue(case, anatomy, junction, table=table, policy=policy, place=wide)
    bedrock = Bedrock(seeds=seeds, block=block, field=_crop(field, shift_block(block, wide)))
    return build_ground(bedrock, case, anatomy, tables=tables, policy=policy)


def _crop(field: CostField, block: Block) -> CostField:
    """The costs within the block alone, in memory of their own."""
    volumes: dict[str, Any] = {
        entry.name: np.ascontiguousarray(value[block])
        for entry in fields(field)
        if getattr(value := getattr(field, entry.name), "ndim", 0) == 3
    }
    return replace(field, **volumes)
