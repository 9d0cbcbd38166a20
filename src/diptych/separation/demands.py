"""Which open vessels are not free: what people demand, and only outlets. Contradictions end here.

An own vessel without which the twin's blood would have no way to its own jugulars, whatever else
it kept, is never given away.
"""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from diptych.model import Infeasible, TwinId, VesselId, VesselNetwork
from diptych.separation.channels import SHARED, Channels
from diptych.separation.drained import reached_from

Demand = tuple[VesselId, TwinId]


def fix_keepers(
    channels: Channels,
    network: VesselNetwork,
    keep: Sequence[Demand],
    severed: Collection[VesselId],
) -> dict[int, int]:
    """Place that each tube which is not free must go to, by number of the tube.

    Raises InputError for a vessel that is not there, and Infeasible (exit code 4) with the
    conflicting demands by name when they cannot all be met.
    """
    for vessel, _ in keep:
        network.vessel(vessel)
    _refuse_both(network, keep)
    fixed = _fix_own(channels, severed)
    for vessel, twin in keep:
        _add_demand(channels, network, fixed, (vessel, twin))
    _refuse_starving(channels, network, keep)
    return fixed


def refuse_narrow(network: VesselNetwork, split: Sequence[VesselId], least: float) -> None:
    """Raises Infeasible for a vessel that is to be split and is narrower than `least` mm."""
    for vessel in split:
        calibre = float(network.vessel(vessel).calibre)
        if calibre < least:
            demand = f"{_named(network, vessel)} must be split"
            rule = f"it is {calibre:.1f} mm wide, and {least:g} mm are needed"
            raise Infeasible(
                f"{demand}, but {rule}",
                remedy="give it to one twin, or correct the calibre in the table of the case",
                conflicts=(demand, rule),
            )


def is_only_outlet(channels: Channels, tube: int, place: int) -> bool:
    """Whether the twin's blood reaches its jugulars with the tube but never without it."""
    return has_outlet(channels, place, ()) and not has_outlet(channels, place, (tube,))


def has_outlet(channels: Channels, place: int, without: Iterable[int]) -> bool:
    """Whether any of the twin's blood reaches its jugulars when it keeps all open tubes but these.

    `without` : numbers of tubes
    """
    live = channels.reach(place)
    live[list(without)] = False
    reached = reached_from(channels.tubes[live], channels.root == place)
    return bool((reached & (channels.source[place] > 0.0)).any())


def _fix_own(channels: Channels, severed: Collection[VesselId]) -> dict[int, int]:
    """Own open tubes that stay with their owner in any case."""
    fixed = {}
    for tube in np.flatnonzero(channels.open & (channels.owner != SHARED)).tolist():
        place = int(channels.owner[tube])
        other = (
            channels.reach(1 - place)[tube]
            and reached_from(channels.tubes[channels.reach(1 - place)], channels.root == 1 - place)[
                channels.tubes[tube]
            ].any()
        )
        if (
            channels.vessels[tube] not in severed
            or not other
            or is_only_outlet(channels, tube, place)
        ):
            fixed[tube] = place
    return fixed


def _add_demand(
    channels: Channels, network: VesselNetwork, fixed: dict[int, int], demand: Demand
) -> None:
    tube, place = channels.number(demand[0]), channels.place(demand[1])
    owner = int(channels.owner[tube])
    if channels.open[tube] and fixed.get(tube, place) == place:
        fixed[tube] = place
    elif owner != place:
        raise _conflict(network, [demand], _own_rule(channels, network, tube, demand[1].other))


def _own_rule(channels: Channels, network: VesselNetwork, tube: int, owner: TwinId) -> str:
    name = _named(network, channels.vessels[tube])
    if channels.open[tube] and is_only_outlet(channels, tube, channels.place(owner)):
        return f"{name} is twin {owner}'s own and only way out"
    if channels.open[tube]:
        return f"{name} is twin {owner}'s own, and twin {owner.other} has no use for it"
    return f"{name} is twin {owner}'s own, and the cut does not meet it"


def _refuse_both(network: VesselNetwork, keep: Sequence[Demand]) -> None:
    asked = dict.fromkeys(keep)
    both = [vessel for vessel, twin in asked if twin is TwinId.A and (vessel, twin.other) in asked]
    if both:
        demands = [(vessel, twin) for vessel in both for twin in TwinId]
        raise _conflict(network, demands, "an undivided vessel stays with one twin")


def _refuse_starving(channels: Channels, network: VesselNetwork, keep: Sequence[Demand]) -> None:
    """Refuses demands that together leave a twin no way out that it would have without them."""
    for place in (0, 1):
        against = [d for d in dict.fromkeys(keep) if channels.place(d[1]) != place]
        if not has_outlet(channels, place, ()) or has_outlet(
            channels, place, _tubes(channels, against)
        ):
            continue
        for demand in list(against):
            fewer = [d for d in against if d != demand]
            if not has_outlet(channels, place, _tubes(channels, fewer)):
                against = fewer
        twin = channels.twins[place]
        raise _conflict(network, against, f"twin {twin} keeps at least one way out")


def _tubes(channels: Channels, demands: Sequence[Demand]) -> list[int]:
    return [channels.number(vessel) for vessel, _ in demands]


def _conflict(network: VesselNetwork, demands: Sequence[Demand], rule: str) -> Infeasible:
    words = [f"twin {twin} must keep {_named(network, vessel)}" for vessel, twin in demands]
    return Infeasible(
        f"these demands cannot be met together: {'; '.join([*words, rule])}",
        remedy="drop one of the demands, or ask for the vessel to be split if it is wide enough",
        conflicts=(*words, rule),
    )


def _named(network: VesselNetwork, vessel: VesselId) -> str:
    return f"{network.vessel(vessel).name} ({vessel})"


__all__ = ["Demand", "fix_keepers", "has_outlet", "is_only_outlet", "refuse_narrow"]
