"""The vessel network with flow: blood enters from each brain and leaves by the jugulars.

Arteries are the same network with the blood turned: it enters at the roots in the neck and
leaves into the brain at the free ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.arterial_names import name_arteries
from diptych.anatomy.drainage import Drainage
from diptych.anatomy.naming import Label, name_branches, name_places
from diptych.anatomy.sources import (
    SIDES,
    Sources,
    Surroundings,
    find_demands,
    find_inlets,
    find_reached,
    find_roots,
    find_sources,
    half_of,
)
from diptych.anatomy.vessels import Tree
from diptych.kernels.flow import NetworkFlow, solve_flow, trace_outlets, tube_conductance
from diptych.model import (
    Brief,
    DrainageShare,
    Measured,
    Millilitre,
    MillilitrePerMinute,
    NodeId,
    TwinId,
    Vessel,
    VesselId,
    VesselNetwork,
    VesselNode,
)
from diptych.tables import SourcedTable

__all__ = ["BloodFlow", "Surroundings", "blood_flow_at", "build_network"]

DAYS_PER_YEAR = 365.25
LEAST_SHARE = 1e-9

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BloodFlow:
    """Cerebral blood flow at the age of the scan, ml per 100 ml and minute."""

    value: float
    low: float
    high: float


def blood_flow_at(brief: Brief, physiology: SourcedTable) -> BloodFlow:
    """Cerebral blood flow between the table's values at birth and at one year."""
    birth, year = physiology.number("cbf-birth"), physiology.number("cbf-one-year")
    share = min(max((brief.imaged - brief.born).days / DAYS_PER_YEAR, 0.0), 1.0)
    return BloodFlow(
        value=birth.value + share * (year.value - birth.value),
        low=birth.low + share * (year.low - birth.low),
        high=birth.high + share * (year.high - birth.high),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bed:
    """A tree of one kind with what drives it: "vein" (drains) or "artery" (feeds).

    base : pressure at the roots, mmHg; viscosity : mPa.s
    """

    tree: Tree
    drainage: Drainage
    roots: dict[int, TwinId]
    sources: Sources
    flow: BloodFlow
    base: Measured
    viscosity: Measured
    kind: str

    @property
    def sign(self) -> float:
        return -1.0 if self.kind == "artery" else 1.0

    @property
    def inflow(self) -> FloatArray:
        """ml/min (V, 2, 2) of each twin's half brains at each node; arteries take it away."""
        return self.sources.volume * self.flow.value / 100.0


def build_network(
    tree: Tree,
    drainage: Drainage,
    around: Surroundings,
    flow: BloodFlow,
    physiology: SourcedTable,
    *,
    kind: str = "vein",
) -> tuple[VesselNetwork, tuple[str, ...]]:
    """The network with names, flows, pressures, roots and shares, and notes on what could
    not be followed.

    Each brain's blood (volume times `flow`) enters its own veins, the nearest ones (deep
    brain: the deep ones), and leaves at the jugulars: the wide free ends outside the skull,
    below the Frankfurt plane, or failing these the lowest. With kind "artery" it goes the
    other way, from the roots to the free ends and into the brain nearest to each.
    """
    if kind == "artery":
        roots = find_inlets(tree, around)
        sources = find_demands(tree, around, frozenset(roots))
    else:
        roots = find_roots(tree, drainage, around)
        cortical = physiology.value("cortical-vein-reach")
        sources = find_sources(tree, drainage, around, frozenset(roots), cortical)
    bed = _Bed(
        tree=tree,
        drainage=drainage,
        roots=roots,
        sources=sources,
        flow=flow,
        base=_measured(physiology, "carotid-pressure" if kind == "artery" else "jugular-pressure"),
        viscosity=_measured(physiology, "blood-viscosity"),
        kind=kind,
    )
    name = name_arteries if kind == "artery" else name_branches
    labels = name(tree, drainage, around, roots)
    solved = _solve(bed)
    vessels = tuple(
        _vessel(bed, number, labels[number], float(solved.flow[number]))
        for number in range(len(tree.branches))
    )
    places = {} if kind == "artery" else name_places(tree, drainage, labels)
    network = VesselNetwork(
        nodes=_nodes(bed, solved, places), vessels=vessels, shares=_shares(bed, solved, around)
    )
    return network, _notes(bed) if tree.branches else ()


def _measured(table: SourcedTable, key: str) -> Measured:
    row = table.number(key)
    return Measured(value=row.value, low=row.low, high=row.high, unit=row.unit)


def _solve(bed: _Bed) -> NetworkFlow:
    tree = bed.tree
    pressure = np.full(len(tree.nodes), np.nan)
    if not tree.branches or not bed.roots:
        return NetworkFlow(pressure=pressure, flow=np.zeros(len(tree.branches)))
    pressure[sorted(bed.roots)] = bed.base.value
    return solve_flow(
        tubes=_tubes(tree),
        conductance=np.array(
            [tube_conductance(b.path, b.radius, bed.viscosity.value) for b in tree.branches]
        ),
        source=bed.sign * bed.inflow.sum(axis=(1, 2)),
        root_pressure=pressure,
    )


def _tubes(tree: Tree) -> NDArray[np.int64]:
    return np.array([(branch.start, branch.end) for branch in tree.branches], dtype=np.int64)


def _node_id(bed: _Bed, number: int) -> NodeId:
    return NodeId(f"{'P' if bed.kind == 'artery' else 'N'}{number + 1:03d}")


def _nodes(
    bed: _Bed, solved: NetworkFlow, places: Mapping[int, tuple[str, float]]
) -> tuple[VesselNode, ...]:
    return tuple(
        VesselNode(
            id=_node_id(bed, number),
            position=(float(place[0]), float(place[1]), float(place[2])),
            root=bed.roots.get(number),
            pressure=_pressure(bed, float(solved.pressure[number])),
            name=places.get(number, ("", 1.0))[0],
            name_confidence=places.get(number, ("", 1.0))[1],
            inflow=MillilitrePerMinute(float(bed.inflow[number].sum())),
        )
        for number, place in enumerate(bed.tree.nodes)
        if bed.tree.degree[number] > 0
    )


def _pressure(bed: _Bed, value: float) -> Measured | None:
    """The drop from node to root scales with flow and viscosity, whose ranges it carries."""
    if np.isnan(value):
        return None
    drop = value - bed.base.value
    ends = [
        drop * flow / bed.flow.value * viscosity / bed.viscosity.value
        for flow, viscosity in (
            (bed.flow.low, bed.viscosity.low),
            (bed.flow.high, bed.viscosity.high),
        )
    ]
    return Measured(
        value=value, low=bed.base.low + min(ends), high=bed.base.high + max(ends), unit="mmHg"
    )


def _vessel(bed: _Bed, number: int, label: Label, rate: float) -> Vessel:
    """The branch as a vessel, turned so that blood flows from start to end."""
    branch = bed.tree.branches[number]
    start, end, path, radius = branch.start, branch.end, branch.path, branch.radius
    if rate < 0.0:
        start, end, path, radius = end, start, path[::-1], radius[::-1]
    return Vessel(
        id=VesselId(f"{'R' if bed.kind == 'artery' else 'V'}{number + 1:03d}"),
        name=label.name,
        kind=label.kind,
        owner=bed.drainage.owner[number],
        start=_node_id(bed, start),
        end=_node_id(bed, end),
        path=path,
        radius=radius,
        flow=_amount(bed, abs(rate)),
        confidence=bed.drainage.confidence[number],
        name_confidence=label.confidence,
        territory=Millilitre(float(bed.sources.territory[number])),
    )


def _amount(bed: _Bed, rate: float) -> Measured:
    """A flow with the range that the brain's blood flow has."""
    return Measured(
        value=rate,
        low=rate * bed.flow.low / bed.flow.value,
        high=rate * bed.flow.high / bed.flow.value,
        unit="ml/min",
    )


def _shares(bed: _Bed, solved: NetworkFlow, around: Surroundings) -> tuple[DrainageShare, ...]:
    """What each half of each brain drains through each jugular (takes from each carotid)."""
    outlets = sorted(bed.roots)
    if not outlets or not bed.tree.branches:
        return ()
    ways = trace_outlets(
        tubes=_tubes(bed.tree),
        flow=bed.sign * solved.flow,
        pressure=bed.sign * solved.pressure,
        outlets=np.array(outlets, dtype=np.int64),
    )
    found: list[DrainageShare] = []
    for number, twin in enumerate(TwinId):
        for half, hemisphere in enumerate(SIDES):
            amounts = bed.inflow[:, number, half] @ ways
            found += _half_shares(bed, around, (twin, hemisphere), outlets, amounts)
    return tuple(found)


def _half_shares(
    bed: _Bed,
    around: Surroundings,
    half: tuple[TwinId, str],
    outlets: Sequence[int],
    amounts: FloatArray,
) -> list[DrainageShare]:
    total = float(amounts.sum())
    found = []
    for node, amount in zip(outlets, amounts.tolist(), strict=True):
        outlet = bed.roots[node]
        side = SIDES[int(half_of(outlet, bed.tree.nodes[node][None], around.territory)[0])]
        if amount > LEAST_SHARE * total:
            found.append(
                DrainageShare(
                    twin=half[0],
                    hemisphere=half[1],
                    root=_node_id(bed, node),
                    outlet=outlet,
                    outlet_side=side,
                    flow=_amount(bed, amount),
                    share=amount / total,
                )
            )
    return found


def _notes(bed: _Bed) -> tuple[str, ...]:
    notes = [f"{text}; its flow is not known" for text in bed.sources.lost]
    reached = find_reached(bed.tree, frozenset(bed.roots))
    loose = [branch for branch in bed.tree.branches if not reached[branch.start]]
    if loose:
        where = "a carotid or vertebral artery" if bed.kind == "artery" else "a jugular"
        notes.append(
            f"{len(loose)} vessels ({sum(branch.length for branch in loose):.0f} mm) have no way"
            f" to {where} in the images; their flow is given as 0"
        )
    if bed.tree.touches:
        notes.append(
            f"{bed.tree.touches} places where vessels lie side by side were taken for touches,"
            " not for junctions, because the contrast dips between them or both run on"
        )
    return tuple(notes)
