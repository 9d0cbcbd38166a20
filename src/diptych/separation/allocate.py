"""Who keeps each severed vessel, by the simple rule, and what each twin's drainage loses.

The rule, in order: an own vessel stays with its owner; a shared vessel that is one twin's
only way out stays with that twin; else it goes to the twin with more of its blood in it;
within the tie margin to the twin that would lose the larger part of its own drainage; else
ties alternate, beginning with the twin that has kept less shared flow so far.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from diptych.model import (
    Crossing,
    MillilitrePerMinute,
    Millimetre,
    NodeId,
    Owner,
    TwinId,
    VesselId,
    VesselNetwork,
)
from diptych.separation.drainage import Severed


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Crossings in test-clamp order, and the ties and doubts met on the way."""

    crossings: tuple[Crossing, ...]
    notes: tuple[str, ...]


def allocate_vessels(
    severed: Sequence[Severed],
    network: VesselNetwork,
    share: Mapping[VesselId, float],
    *,
    favoured: TwinId | None,
    first: TwinId,
    tie: float,
) -> Allocation:
    """A keeper for every severed vessel.

    severed : smallest flow first; that is the test-clamp order: what costs least is tried
        first, while both twins still have every other way out
    share : twin A's share of the blood in each vessel
    favoured : the twin that gets ties in a plan kinder to it; None when balanced
    first : the twin that ties begin with when nothing else tells (by place, not by letter)
    """
    crossings: list[Crossing] = []
    notes: list[str] = []
    kept = {TwinId.A: 0.0, TwinId.B: 0.0}
    totals = _total_drainage(network, share)
    crossed = [entry.vessel.id for entry in severed]
    for order, entry in enumerate(severed, start=1):
        owner = entry.vessel.owner
        if owner in (Owner.A, Owner.B):
            keeper = TwinId.A if owner is Owner.A else TwinId.B
            rule = f"it is twin {keeper}'s own, and the owner keeps it"
        else:
            keeper, rule, tied = _share_out(
                entry, network, share, crossed, totals, (favoured, first, tie, kept)
            )
            kept[keeper] += entry.flow
            notes += [f"{entry.vessel.name} ({entry.vessel.id}): {rule}"] if tied else []
        if entry.times > 1:
            notes.append(
                f"{entry.vessel.name} ({entry.vessel.id}) meets the cut {entry.times} times;"
                " the clearest crossing is shown"
            )
        crossings.append(_crossing(order, entry, keeper, rule))
    return Allocation(crossings=tuple(crossings), notes=tuple(notes))


def _crossing(order: int, entry: Severed, keeper: TwinId, rule: str) -> Crossing:
    return Crossing(
        order=order,
        vessel=entry.vessel.id,
        name=entry.vessel.name,
        kind=entry.vessel.kind,
        owner=entry.vessel.owner,
        position=entry.position,
        calibre=Millimetre(entry.calibre),
        flow=MillilitrePerMinute(entry.flow),
        keeper=keeper,
        rule=rule,
    )


def _share_out(
    entry: Severed,
    network: VesselNetwork,
    share: Mapping[VesselId, float],
    crossed: Collection[VesselId],
    totals: Mapping[TwinId, float],
    terms: tuple[TwinId | None, TwinId, float, Mapping[TwinId, float]],
) -> tuple[TwinId, str, bool]:
    """Keeper of one shared vessel, the rule in words, and whether it was a tie."""
    favoured, first, tie, kept = terms
    part = {TwinId.A: share[entry.vessel.id], TwinId.B: 1.0 - share[entry.vessel.id]}
    lone = [
        twin for twin in TwinId if part[twin] > 0.0 and _only_outlet(entry, network, twin, crossed)
    ]
    if len(lone) == 1:
        return lone[0], f"shared; it is twin {lone[0]}'s only way out", False
    more = TwinId.A if part[TwinId.A] > part[TwinId.B] else TwinId.B
    percent = f"{100.0 * part[more]:.0f} %"
    if part[more] - 0.5 > tie:
        return more, f"shared; {percent} of the blood in it is twin {more}'s", False
    if favoured is not None:
        return favoured, f"shared evenly; kept by twin {favoured}, as this plan prefers", True
    loss = {t: entry.flow * part[t] / totals[t] if totals[t] > 0 else 0.0 for t in TwinId}
    loser = max(TwinId, key=lambda twin: loss[twin])
    if loss[loser] > loss[loser.other] * (1.0 + 2.0 * tie):
        return loser, f"shared evenly; twin {loser} would lose the larger part of its flow", True
    less = min(TwinId, key=lambda twin: (kept[twin], twin is not first))
    return less, f"shared evenly; ties alternate, and twin {less} has kept less so far", True


def _total_drainage(network: VesselNetwork, share: Mapping[VesselId, float]) -> dict[TwinId, float]:
    """Flow of each twin's blood into all roots, ml/min."""
    roots = {node.id for node in network.nodes if node.root is not None}
    totals = {TwinId.A: 0.0, TwinId.B: 0.0}
    for vessel in network.vessels:
        if (vessel.start in roots) != (vessel.end in roots):
            totals[TwinId.A] += abs(vessel.flow.value) * share[vessel.id]
            totals[TwinId.B] += abs(vessel.flow.value) * (1.0 - share[vessel.id])
    return totals


def _only_outlet(
    entry: Severed, network: VesselNetwork, twin: TwinId, crossed: Collection[VesselId]
) -> bool:
    """Whether the twin's own vessels reach its roots with this vessel but not without it.

    Other severed vessels count as ways out only if they are the twin's own.
    """
    own = Owner.of(twin)
    allowed = {
        vessel.id
        for vessel in network.vessels
        if vessel.owner == own
        or (vessel.owner != Owner.of(twin.other) and vessel.id not in crossed)
    }
    starts = {node for v in network.vessels if v.owner == own for node in (v.start, v.end)}
    roots = {node.id for node in network.nodes if node.root is twin}
    without = _joined(roots, network, allowed - {entry.vessel.id}) & (starts - roots)
    with_it = _joined(roots, network, allowed | {entry.vessel.id}) & (starts - roots)
    return not without and bool(with_it)


def _joined(
    roots: Collection[NodeId], network: VesselNetwork, allowed: Collection[VesselId]
) -> set[NodeId]:
    """Nodes joined to the roots by the vessels allowed."""
    reached = set(roots)
    grown = True
    while grown:
        grown = False
        for vessel in network.vessels:
            ends = {vessel.start, vessel.end}
            if vessel.id in allowed and ends & reached and not ends <= reached:
                reached |= ends
                grown = True
    return reached
