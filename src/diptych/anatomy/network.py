"""The vessel network with flow: blood enters from each brain and leaves by the jugulars."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from diptych.anatomy.drainage import Drainage
from diptych.anatomy.images import Images, Mask
from diptych.anatomy.naming import Label, name_branches
from diptych.anatomy.territory import Territory
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Branch, Tree
from diptych.kernels.flow import solve_flow, tube_conductance
from diptych.model import (
    Brief,
    Measured,
    NodeId,
    Owner,
    TwinId,
    Vessel,
    VesselId,
    VesselNetwork,
    VesselNode,
)
from diptych.tables import SourcedTable

ROOT_CALIBRE_MM = 2.5
ROOT_HEIGHT = 0.4
"""Jugulars end below this height over the Frankfurt plane, in half-distances of the porions."""
DAYS_PER_YEAR = 365.25
BRAIN_STRIDE = 3

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
class Surroundings:
    """What the network is read against: brain (mask) with its sides, and the rest."""

    images: Images
    parts: Compartments
    territory: Territory
    brain: Mask
    side: NDArray[np.uint8]


def build_network(
    tree: Tree,
    drainage: Drainage,
    around: Surroundings,
    flow: BloodFlow,
    physiology: SourcedTable,
) -> tuple[VesselNetwork, tuple[str, ...]]:
    """The network with names, flows and roots, and notes on what could not be followed.

    Each brain's blood (volume times `flow`) enters at the free ends of its own veins,
    each end taking the brain that lies nearest to it, and leaves at the jugulars: the wide
    free ends outside the skull, below the Frankfurt plane, or failing these the lowest.
    """
    roots = _find_roots(tree, drainage, around)
    source, lost = _sources(tree, drainage, around, frozenset(roots), flow)
    flows = _solve(tree, roots, source, physiology)
    labels = name_branches(
        tree, drainage, around.images, around.parts, around.territory, frozenset(roots)
    )
    vessels = tuple(
        _vessel(number, branch, labels[number], drainage, float(flows[number]), flow)
        for number, branch in enumerate(tree.branches)
    )
    nodes = tuple(
        VesselNode(
            id=_node_id(number),
            position=(float(place[0]), float(place[1]), float(place[2])),
            root=roots.get(number),
        )
        for number, place in enumerate(tree.nodes)
        if tree.degree[number] > 0
    )
    notes = _notes(tree, roots, lost) if tree.branches else ()
    return VesselNetwork(nodes=nodes, vessels=vessels), notes


def _node_id(number: int) -> NodeId:
    return NodeId(f"N{number + 1:03d}")


def _find_roots(tree: Tree, drainage: Drainage, around: Surroundings) -> dict[int, TwinId]:
    """Free ends that lead out of the skull towards each twin's heart."""
    roots: dict[int, TwinId] = {}
    for owner in (Owner.A, Owner.B):
        ends = []
        for branch, whose in zip(tree.branches, drainage.owner, strict=True):
            if whose is owner and branch.calibre >= ROOT_CALIBRE_MM:
                ends += [
                    (_height(tree, node, owner, around), node) for node in tree.free_ends(branch)
                ]
        low = [end for end in ends if end[0] < ROOT_HEIGHT and _is_outside(tree, end[1], around)]
        for _, node in low or sorted(ends)[:1]:
            roots[node] = TwinId(owner.name)
    return roots


def _height(tree: Tree, node: int, owner: Owner, around: Surroundings) -> float:
    place = 0 if owner is Owner.A else 1
    territory = around.territory
    away = tree.nodes[node] - territory.middle[place]
    return float(away @ np.array(territory.axes[place].long)) / territory.width[place]


def _is_outside(tree: Tree, node: int, around: Surroundings) -> bool:
    index = np.rint(around.images.index_of(tree.nodes[node])).astype(np.int64)
    i, j, k = np.clip(index, 0, np.array(around.parts.cavity.shape) - 1)
    return not bool(around.parts.cavity[i, j, k])


def _sources(
    tree: Tree,
    drainage: Drainage,
    around: Surroundings,
    roots: frozenset[int],
    flow: BloodFlow,
) -> tuple[FloatArray, list[str]]:
    """ml/min that enters at each node, and a word on blood that finds no way in."""
    source = np.zeros(len(tree.nodes))
    drained = _drained(tree, roots)
    lost = []
    for owner in (Owner.A, Owner.B):
        ends = _own_ends(tree, drainage, owner, roots, drained)
        where = np.argwhere(around.brain & (around.side == int(owner)))[::BRAIN_STRIDE]
        volume = len(where) * BRAIN_STRIDE * around.images.voxel_ml
        if not ends:
            lost.append(f"no vein of {owner.name} with a way to a jugular was found")
        elif len(where):
            place = around.images.position_of(where.astype(np.float64))
            _, nearest = cKDTree(tree.nodes[ends]).query(place)
            share = np.bincount(nearest, minlength=len(ends)) / len(where)
            source[ends] += share * volume * flow.value / 100.0
    return source, lost


def _own_ends(
    tree: Tree, drainage: Drainage, owner: Owner, roots: frozenset[int], drained: Mask
) -> list[int]:
    ends = {
        node
        for branch, whose in zip(tree.branches, drainage.owner, strict=True)
        if whose is owner
        for node in tree.free_ends(branch)
        if node not in roots and drained[node]
    }
    return sorted(ends)


def _drained(tree: Tree, roots: frozenset[int]) -> Mask:
    """Nodes from which a root can be reached."""
    count = len(tree.nodes)
    rows = [branch.start for branch in tree.branches]
    columns = [branch.end for branch in tree.branches]
    links = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    _, part = connected_components(links, directed=False)
    result: Mask = np.isin(part, part[sorted(roots)])
    return result


def _solve(
    tree: Tree, roots: dict[int, TwinId], source: FloatArray, physiology: SourcedTable
) -> FloatArray:
    if not tree.branches or not roots:
        return np.zeros(len(tree.branches))
    viscosity = physiology.value("blood-viscosity")
    pressure = np.full(len(tree.nodes), np.nan)
    pressure[sorted(roots)] = physiology.value("jugular-pressure")
    result = solve_flow(
        tubes=np.array([(branch.start, branch.end) for branch in tree.branches]),
        conductance=np.array(
            [tube_conductance(branch.path, branch.radius, viscosity) for branch in tree.branches]
        ),
        source=source,
        root_pressure=pressure,
    )
    return result.flow


def _vessel(
    number: int, branch: Branch, label: Label, drainage: Drainage, rate: float, flow: BloodFlow
) -> Vessel:
    """The branch as a vessel, turned so that blood flows from start to end."""
    start, end, path, radius = branch.start, branch.end, branch.path, branch.radius
    if rate < 0.0:
        start, end, path, radius = end, start, path[::-1], radius[::-1]
    size = abs(rate)
    return Vessel(
        id=VesselId(f"V{number + 1:03d}"),
        name=label.name,
        kind=label.kind,
        owner=drainage.owner[number],
        start=_node_id(start),
        end=_node_id(end),
        path=path,
        radius=radius,
        flow=Measured(
            value=size,
            low=size * flow.low / flow.value,
            high=size * flow.high / flow.value,
            unit="ml/min",
        ),
        confidence=drainage.confidence[number],
    )


def _notes(tree: Tree, roots: dict[int, TwinId], lost: list[str]) -> tuple[str, ...]:
    notes = [f"{text}; its flow is not known" for text in lost]
    drained = _drained(tree, frozenset(roots))
    loose = [branch for branch in tree.branches if not drained[branch.start]]
    if loose:
        notes.append(
            f"{len(loose)} vessels ({sum(branch.length for branch in loose):.0f} mm) have no way"
            " to a jugular in the images; their flow is given as 0"
        )
    return tuple(notes)
