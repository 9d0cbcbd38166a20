"""What the plan's own code says of a replayed network, read off its results."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from diptych.model import (
    Crossing,
    MillilitrePerMinute,
    Millimetre,
    Staging,
    TwinId,
    VeinAllocation,
    VesselId,
    VesselNetwork,
)
from diptych.separation.allocate import allocate_vessels
from diptych.separation.channels import Channels, IntArray, read_channels
from diptych.separation.clamps import order_clamps
from diptych.separation.drainage import trace_blood
from diptych.separation.drained import drain_twin
from diptych.separation.emergency import find_emergency_path
from diptych.separation.losses import find_losses
from diptych.separation.stages import Theatre, compare_stagings
from diptych.separation.terms import AllocationTerms, Wishes
from diptych.tables import load_table

TABLES = {
    name: load_table(name)
    for name in ("allocation", "physiology", "steps", "reconstruction", "timing")
}
TERMS = AllocationTerms.read(TABLES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """An allocation and the network as the plan reads it."""

    veins: VeinAllocation
    channels: Channels

    @property
    def keepers(self) -> Mapping[VesselId, TwinId]:
        return self.veins.keepers

    @property
    def share(self) -> dict[TwinId, float]:
        """Of its own blood that each twin drains afterwards."""
        return {twin: self.veins.after[twin].share for twin in TwinId}

    @property
    def drained(self) -> dict[TwinId, float]:
        return {twin: float(self.veins.after[twin].drained) for twin in TwinId}

    @property
    def need(self) -> dict[TwinId, float]:
        return {twin: float(self.veins.after[twin].need) for twin in TwinId}

    @property
    def tied(self) -> set[VesselId]:
        return {tie.vessel for tie in self.veins.ties if tie.certain}

    @property
    def all_ties(self) -> bool:
        """Whether each vessel could go to either twin, alone, at no loss."""
        return self.tied == set(self.keepers) and not any(t.along for t in self.veins.ties)

    @property
    def stops(self) -> int:
        """Test clamps that are predicted to be ones to stop at."""
        return sum(bool(step.stop) for step in self.veins.clamps)

    @property
    def places(self) -> IntArray:
        """Place that each tube goes to, (E,)."""
        return np.array(
            [
                self.channels.place(self.keepers[vessel]) if vessel in self.keepers else owner
                for vessel, owner in zip(
                    self.channels.vessels, self.channels.owner.tolist(), strict=True
                )
            ]
        )


def propose(network: VesselNetwork, wishes: Wishes = Wishes()) -> Plan:  # noqa: B008
    """The allocation of all shared vessels, as the plan does it."""
    veins = allocate_vessels((), network, tables=TABLES, wishes=wishes).veins
    assert veins is not None
    channels = read_channels(network, (), viscosity=TERMS.viscosity, limit=TERMS.limit)
    return Plan(veins=veins, channels=channels)


def keep(network: VesselNetwork, demands: Mapping[str, TwinId]) -> Plan:
    """The allocation with vessels given as they were."""
    given = tuple((VesselId(vessel), twin) for vessel, twin in demands.items())
    return propose(network, Wishes(keep=given))


def worst_share(plan: Plan) -> float:
    return min(plan.share.values())


def flow_through(plan: Plan, vessel: str) -> float:
    """ml/min through an own vessel while the most is drained."""
    number = plan.channels.number(VesselId(vessel))
    place = int(plan.places[number])
    pressure = drain_twin(plan.channels, place, plan.channels.kept(plan.places, place)).pressure
    one, two = plan.channels.tubes[number]
    return float(plan.channels.conductance[number] * abs(pressure[one] - pressure[two]))


def restage(network: VesselNetwork, plan: Plan, weeks: float) -> tuple[Staging, ...]:
    """Stagings of one to five operations that many weeks apart."""
    losses = find_losses(plan.channels, plan.places, trace_blood(network))
    theatre = Theatre(
        channels=plan.channels,
        keepers=plan.places,
        clamping=order_clamps(plan.channels, plan.places, losses),
        position=np.array([node.position for node in network.nodes]),
        terms=TERMS,
    )
    return compare_stagings(theatre, interval=weeks)


def drained_by(staging: Staging, plan: Plan, bound: str = "value") -> float:
    """Share of its blood that the worse-off twin drains at the worst moment."""
    return min(getattr(staging.drained[t], bound) / plan.need[t] for t in TwinId)


def count_arcs(plan: Plan) -> int:
    """How often the keeper changes around the ring (at least 1)."""
    twins = [plan.keepers[vessel] for vessel in sorted(plan.keepers)]
    return max(sum(one is not two for one, two in zip(twins, [*twins[1:], twins[0]])), 1)  # noqa: B905


def emergency_minutes(
    network: VesselNetwork, plan: Plan, uncut: tuple[VesselId, ...]
) -> tuple[int, int, int]:
    """Least, likeliest and longest minutes from the empty room, with those vessels uncut."""
    steps = TABLES["steps"]
    first = next(key for key, row in steps.rows.items() if row.text("each") != "watch")
    crossings = [
        Crossing(
            order=number,
            vessel=vessel,
            name=str(vessel),
            kind="sinus",
            owner=network.vessel(vessel).owner,
            position=(0.0, 0.0, 0.0),
            calibre=Millimetre(float(network.vessel(vessel).calibre)),
            flow=MillilitrePerMinute(abs(network.vessel(vessel).flow.value)),
            keeper=plan.keepers[vessel],
            rule="",
        )
        for number, vessel in enumerate(uncut, start=1)
    ]
    path = find_emergency_path(
        first, TwinId.B, crossings, 0, steps=steps, table=TABLES["reconstruction"]
    )
    return int(path.low), int(path.mode), int(path.high)
