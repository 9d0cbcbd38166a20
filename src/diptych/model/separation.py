"""The separating surface, what crosses it and what must be replaced. Made by separation only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from diptych.model.checks import require, require_finite
from diptych.model.geometry import Measured, Point, Volume
from diptych.model.ids import Owner, PlanId, TwinId, VesselId
from diptych.model.reconstruction import EmergencyPath, Reconstruction
from diptych.model.units import (
    Millilitre,
    MillilitrePerMinute,
    Millimetre,
    MillimetreOfMercury,
    Minute,
)


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

    order : number of its test clamp, as in `ClampStep`; shared vessels that are not severed have
        theirs too, so numbers may be missing here; those that need no clamp come after the last
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinDrainage:
    """How one twin's blood leaves its brain once the vessels are given out.

    need : ml/min of its blood; drained : of that, what can leave with no node above the limit
    share : drained / need (1 where there is no need)
    gradient : highest pressure above the jugular if all that has a way out leaves, mmHg
    cut_off : ml/min that has no way out at all
    """

    need: MillilitrePerMinute
    drained: MillilitrePerMinute
    share: float
    gradient: MillimetreOfMercury
    cut_off: MillilitrePerMinute


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationProof:
    """How sure it is that no other keepers are better.

    value : smaller of both twins' drained shares (weighed where one is favoured), as checked by
        a second program; bound : no choice exceeds it; total, total_bound : the same of the sum
        of both, ml/min; excess : highest node over the limit by the flow solver, mmHg
    proven : both gaps are closed to `tolerance` (share of the need)
    statement : the sentence shown to people; says "not proven" when it is not
    """

    value: float
    bound: float
    total: MillilitrePerMinute
    total_bound: MillilitrePerMinute
    excess: MillimetreOfMercury
    tolerance: float
    proven: bool
    method: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselTie:
    """A vessel that could go to the other twin at no loss.

    keeper : as proposed; along : vessels that must change hands with it (none: it alone)
    certain : False where the search gave up before it could tell
    """

    vessel: VesselId
    keeper: TwinId
    along: tuple[VesselId, ...]
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselOption:
    """What would be gained if a vessel were split, grafted or bypassed. Never chosen silently.

    kind : "split", "graft" or "bypass"; twin : one whose blood loses its way with it
    drained, gain : ml/min of both twins with it, and how much more than without it
    risk : of failing, 0..1; source : of the risk
    """

    kind: str
    vessel: VesselId
    twin: TwinId
    drained: Mapping[TwinId, MillilitrePerMinute]
    gain: Mapping[TwinId, MillilitrePerMinute]
    risk: Measured
    statement: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowChange:
    """Flow in a vessel before and after a clamp, ml/min along start -> end."""

    vessel: VesselId
    before: MillilitrePerMinute
    after: MillilitrePerMinute


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampStep:
    """One test clamp: who loses the vessel, and what the flow solver expects.

    rise, total_rise : highest rise of pressure at nodes that each twin's blood enters, by this
        clamp and since the beginning, mmHg; gradient : each twin's highest node above the jugular
    sinus_pressure : highest in any sinus, mmHg; cut_off : each twin's blood without a way out,
        ml/min; test : how long to hold the clamp
    infarct : risk for the twin that loses the vessel, the worse of both where both do, 0..1
        (low confidence)
    stop : why to stop here and release, "" where the figures allow to go on
    changes : the largest changes of flow elsewhere
    """

    order: int
    vessel: VesselId
    keeper: TwinId
    rise: Mapping[TwinId, MillimetreOfMercury]
    total_rise: Mapping[TwinId, MillimetreOfMercury]
    gradient: Mapping[TwinId, MillimetreOfMercury]
    sinus_pressure: MillimetreOfMercury
    cut_off: Mapping[TwinId, MillilitrePerMinute]
    test: Minute
    infarct: Measured
    stop: str
    changes: tuple[FlowChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VeinStage:
    """One operation of several: what is divided, and how both twins stand after it.

    week : since the first; vessels : in clamp order; flow_share : of the shared flow, 0..1
    within : flow_share is within the policy's limit
    drained : ml/min of each twin at no more than the limit; gradient : mmHg, as in ClampStep
    """

    number: int
    week: float
    vessels: tuple[VesselId, ...]
    flow_share: float
    within: bool
    drained: Mapping[TwinId, MillilitrePerMinute]
    gradient: Mapping[TwinId, MillimetreOfMercury]
    cut_off: Mapping[TwinId, MillilitrePerMinute]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """A way to divide the shared vessels in one or more operations. None is chosen here.

    drained : of each twin at its worst moment, ml/min; the interval is that of the time that
        collaterals take to grow; gradient : highest of each twin, mmHg
    weeks : from the first to the last operation; collaterals : how many are assumed to open
    """

    stages: tuple[VeinStage, ...]
    drained: Mapping[TwinId, Measured]
    gradient: Mapping[TwinId, MillimetreOfMercury]
    weeks: float
    within: bool
    collaterals: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VeinAllocation:
    """Who keeps each vessel that both could keep, with what follows for both twins.

    before, after : each twin's drainage with all vessels in common, and with its own alone
    ties : every vessel that could change hands at no loss beyond `proof.tolerance`
    stop_rules, sources : words for people; sources of the numbers used, with their confidence
    """

    keepers: Mapping[VesselId, TwinId]
    before: Mapping[TwinId, TwinDrainage]
    after: Mapping[TwinId, TwinDrainage]
    proof: AllocationProof
    ties: tuple[VesselTie, ...]
    options: tuple[VesselOption, ...]
    clamps: tuple[ClampStep, ...]
    stagings: tuple[Staging, ...]
    stop_rules: tuple[str, ...]
    sources: tuple[str, ...]
    notes: tuple[str, ...]


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
    allocation : who keeps each vessel and what follows; None where there are no vessels
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
    allocation: VeinAllocation | None = None
    reconstruction: Mapping[TwinId, Reconstruction] = field(default_factory=dict)
    emergency: tuple[EmergencyPath, ...] = ()

    def __post_init__(self) -> None:
        codes = set(np.flatnonzero(np.bincount(self.side.voxels.astype(np.uint8).ravel())).tolist())
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SparedBall:
    """A ball of tissue that must not be cut; LPS+ mm. `name` says why, or what it is."""

    name: str
    position: Point
    radius: Millimetre

    def __post_init__(self) -> None:
        for axis, value in zip("LPS", self.position, strict=True):
            require_finite(f"never cut {self.name}: {axis}", value)
        require_finite(f"never cut {self.name}: radius", self.radius, low=0.1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demands:
    """What people ask of every plan.

    keep : vessels, by id or name, that a twin must keep; split : vessels to be divided
    balls, painted : what must not be cut, each piece stays whole with one twin; a painted
        volume on the case's grid says so where it is not 0, and `source` is its name
    prefer : the plan to propose: "balanced", "A" (kinder to A) or "B"
    stages : in how many operations, None where it is left open
    """

    keep: tuple[tuple[str, TwinId], ...] = ()
    split: tuple[str, ...] = ()
    balls: tuple[SparedBall, ...] = ()
    painted: tuple[Volume, ...] = ()
    prefer: str = "balanced"
    stages: int | None = None

    def __post_init__(self) -> None:
        require(
            self.prefer in ("balanced", "A", "B"),
            f"the plan preferred is {self.prefer!r}, expected balanced, A or B",
            remedy="prefer balanced, A or B",
        )
        require(
            self.stages is None or 1 <= self.stages <= 5,
            f"the number of operations is {self.stages}, expected 1 to 5",
            remedy="ask for 1 to 5 operations",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPoint:
    """One point of the front between kinder to B and kinder to A, in figures alone.

    kindness : -1 (kinder to B) over 0 (balanced) to 1 (kinder to A)
    value, flow : of its cut, in the units of CutProof; proven : they are equal and certified
    costs : what each twin gives; areas : what each twin will lack, today
    drained : each twin's blood that still drains, 0..1 of its need; empty without vessels
    infarct : risk of a venous infarct of each twin, 0..1 (low confidence); empty without vessels
    plan : the plan worked out at this point, None where only these figures were
    dominated : why it is not on the front, "" where it is
    """

    kindness: float
    value: int
    flow: int
    proven: bool
    costs: Mapping[TwinId, TwinCost]
    areas: Mapping[TwinId, Defect]
    drained: Mapping[TwinId, float]
    infarct: Mapping[TwinId, Measured]
    plan: PlanId | None
    dominated: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeparationFront:
    """Plans of which none is worse than another for both twins, and the one proposed.

    points : the front from kinder to B to kinder to A; empty where it was not computed
    nested : Volume uint8 of all points' cuts: 0 no tissue, k >= 1 with A from point k on
        (1 is the first), one more than there are points: always with B
    demands : what people asked of every plan, in words; notes : what became of it
    stages : in how many operations they asked for, None where it is left open
    """

    plans: tuple[SeparationPlan, ...]
    proposed: PlanId
    dominated: tuple[str, ...]
    points: tuple[FrontPoint, ...] = ()
    nested: Volume | None = None
    demands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    stages: int | None = None

    def __post_init__(self) -> None:
        require(
            self.proposed in {plan.id for plan in self.plans},
            f"proposed plan {self.proposed!r} is not among {[p.id for p in self.plans]}",
            remedy="propose one of the plans",
        )
        require(
            not self.points or self.nested is not None,
            f"the front has {len(self.points)} points and no nested volume",
            remedy="keep the cuts of all points with the front",
        )

    def side_at(self, point: int) -> Volume:
        """Sides at a point (0 is the first): 0 no tissue, 1 with A, 2 with B."""
        assert self.nested is not None
        codes = self.nested.voxels.astype(np.uint8)
        side = np.where(codes <= point + 1, np.uint8(1), np.uint8(2))
        side[codes == 0] = 0
        return self.nested.on_this_grid(side, source=f"side of each voxel, point {point + 1}")

    @property
    def plan(self) -> SeparationPlan:
        """The plan proposed."""
        return next(plan for plan in self.plans if plan.id == self.proposed)
