"""The separating surface, what crosses it and what must be replaced. Made by separation only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from diptych.model.checks import require
from diptych.model.geometry import Measured, Point, Volume
from diptych.model.ids import Owner, PlanId, TwinId, VesselId
from diptych.model.reconstruction import EmergencyPath, Reconstruction
from diptych.model.units import Millilitre, MillilitrePerMinute, Millimetre


@dataclass(frozen=True, slots=True, kw_only=True)
class CutProof:
    """Why the cut is the best one for its costs: a flow of the same value exists.

    value : sum of the integer capacities that the cut severs
    flow : value of the maximum flow found; equal to `value` exactly when proven
    proven : flow == value and the independent certificate passed
    scale : integer capacity units per unit of cost
    method : the solver and its version
    statement : the sentence shown to people; says "not proven" when it is not
    """

    value: int
    flow: int
    proven: bool
    scale: float
    method: str
    statement: str

    def __post_init__(self) -> None:
        require(
            not self.proven or self.value == self.flow,
            f"cut value {self.value} and flow {self.flow} differ, so the cut is not proven",
            remedy="solve again, or mark the cut as not proven",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A vessel that the cut severs, and who keeps it.

    order : 1 for the first to be test-clamped
    position : where the cut meets it, LPS+ mm
    keeper : the twin that keeps it; `rule` says why
    """

    order: int
    vessel: VesselId
    name: str
    kind: str
    owner: Owner
    position: Point
    calibre: Millimetre
    flow: MillilitrePerMinute
    keeper: TwinId
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """What one twin will lack after the cut, cm2 with interval."""

    skin: Measured
    dura: Measured
    bone: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinCost:
    """What a plan costs one twin.

    own_tissue_given : tissue of this twin that ends on the other's side, ml
    brain_given : of that, brain, ml
    vein_flow_given : drainage of this twin's own veins that the other keeps, ml/min
    vein_flow_kept : drainage through crossed vessels that this twin keeps, ml/min
    """

    own_tissue_given: Millilitre
    brain_given: Millilitre
    vein_flow_given: MillilitrePerMinute
    vein_flow_kept: MillilitrePerMinute


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeparationPlan:
    """One way to part the twins.

    preference : "balanced", "A" (kinder to A) or "B"
    side : Volume uint8, 0 outside, 1 stays with A, 2 stays with B; partitions the whole
    area_by_tissue : area of the cut through each tissue, cm2 (keys: tissue names)
    cost_terms : how much each term of the cost contributed to `proof.value`
    costs, defects : always both twins, side by side
    reconstruction : how each twin is covered; empty when not planned
    emergency : the way out from each step if one twin is dying; empty when not planned
    """

    id: PlanId
    preference: str
    side: Volume
    proof: CutProof
    area_by_tissue: Mapping[str, float]
    cost_terms: Mapping[str, int]
    crossings: tuple[Crossing, ...]
    costs: Mapping[TwinId, TwinCost]
    defects: Mapping[TwinId, Defect]
    notes: tuple[str, ...]

    reconstruction: Mapping[TwinId, Reconstruction] = field(default_factory=dict)
    emergency: tuple[EmergencyPath, ...] = ()

    def __post_init__(self) -> None:
        codes = set(np.unique(self.side.voxels).tolist())
        require(
            codes == {0, 1, 2},
            f"plan {self.id}: sides are {sorted(codes)}, expected 0, 1 and 2 all present",
            remedy="plan the separation again",
        )
        for name, both in (("costs", self.costs), ("defects", self.defects)):
            require(
                set(both) == {TwinId.A, TwinId.B},
                f"plan {self.id}: {name} are given for {sorted(both)}, expected both twins",
                remedy="always compute both twins' figures together",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeparationFront:
    """Plans of which none is worse than another for both twins, and the one proposed."""

    plans: tuple[SeparationPlan, ...]
    proposed: PlanId
    dominated: tuple[str, ...]

    def __post_init__(self) -> None:
        require(
            self.proposed in {plan.id for plan in self.plans},
            f"proposed plan {self.proposed!r} is not among {[p.id for p in self.plans]}",
            remedy="propose one of the plans",
        )

    @property
    def plan(self) -> SeparationPlan:
        """The plan proposed."""
        return next(plan for plan in self.plans if plan.id == self.proposed)
