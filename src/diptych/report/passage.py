"""Where each twin's blood goes: from its brain, by the shared vessels, to the jugulars.

The flow is solved as if all blood with a way out leaves, by Poiseuille's law and Kirchhoff's
rules (`kernels.flow`), before the division with all vessels in common, after it with what each
twin keeps. Then each twin's blood is followed along the flow, fully mixed at each junction.
Viscosity cancels out: every jugular has the same pressure, and only shares of flow are wanted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from diptych.kernels.flow import solve_flow, tube_conductance
from diptych.model import NodeId, Owner, TwinId, Vessel, VesselId, VesselNetwork

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

TWINS = (TwinId.A, TwinId.B)
STILL = 1e-9
"""Part of all blood; what flows less stands still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Blood of one twin, ml/min.

    via : name of the first shared vessel that it enters, "" where it enters none
    root : jugular that it leaves by, None where it has no way out
    """

    twin: TwinId
    via: str
    root: NodeId | None
    flow: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tubes:
    """ends (E, 2) node numbers; label (E,) : 0 own, else number of the shared vessel's name + 1;
    place (E,) : the twin that has it after the division, 0 or 1 (2: both)
    source (2, V) ml/min; root (V,) : 0 or 1 for a twin's jugular, else -1
    """

    ends: IntArray
    conductance: FloatArray
    label: IntArray
    place: IntArray
    source: FloatArray
    root: IntArray
    names: tuple[str, ...]


def trace_passages(
    network: VesselNetwork, keepers: Mapping[VesselId, TwinId], *, divided: bool
) -> tuple[Passage, ...]:
    """All blood of both twins, each share once; the sum is what enters the network.

    keepers : of each vessel that is shared or severed; divided : as after the separation
    """
    tubes = _read(network, keepers)
    everything = np.ones(len(tubes.ends), dtype=np.bool_)
    found: list[Passage] = []
    for places in ((0,), (1,)) if divided else ((0, 1),):
        mine = np.isin(tubes.place, (*places, 2)) if divided else everything
        rooted = np.isin(tubes.root, places)
        ended, lost = _follow(tubes, mine, rooted, places)
        for place in places:
            found += _list(network, tubes, TWINS[place], ended[place], float(lost[place]))
    return tuple(found)


def _read(network: VesselNetwork, keepers: Mapping[VesselId, TwinId]) -> _Tubes:
    number = {node.id: n for n, node in enumerate(network.nodes)}
    shared = [v.id in keepers or v.owner not in (Owner.A, Owner.B) for v in network.vessels]
    names = tuple(sorted({v.name for v, s in zip(network.vessels, shared, strict=True) if s}))
    return _Tubes(
        ends=np.array(
            [(number[v.start], number[v.end]) for v in network.vessels], dtype=np.int64
        ).reshape(-1, 2),
        conductance=np.array([tube_conductance(v.path, v.radius, 1.0) for v in network.vessels]),
        label=np.array(
            [
                names.index(v.name) + 1 if s else 0
                for v, s in zip(network.vessels, shared, strict=True)
            ],
            dtype=np.int64,
        ),
        place=np.array([_place(v, keepers) for v in network.vessels], dtype=np.int64),
        source=find_sources(network),
        root=np.array(
            [TWINS.index(n.root) if n.root else -1 for n in network.nodes], dtype=np.int64
        ),
        names=names,
    )


def _place(vessel: Vessel, keepers: Mapping[VesselId, TwinId]) -> int:
    """Who has the vessel once all are given out; a split one both."""
    if vessel.id in keepers:
        return TWINS.index(keepers[vessel.id])
    return {Owner.A: 0, Owner.B: 1}.get(vessel.owner, 2)


def find_sources(network: VesselNetwork) -> FloatArray:
    """Blood of twins A and B, (2, V) ml/min, that enters at each node.

    As the network says; where it says nothing of inflow, what leaves a node more than enters
    it. At a node it is parted between the twins whose own vessels meet there, by lumen.
    """
    number = {node.id: n for n, node in enumerate(network.nodes)}
    inflow = np.array([float(node.inflow) for node in network.nodes])
    area = np.zeros((2, len(number)))
    net = np.zeros(len(number))
    for vessel in network.vessels:
        start, end = number[vessel.start], number[vessel.end]
        net[start] += vessel.flow.value
        net[end] -= vessel.flow.value
        if vessel.owner in (Owner.A, Owner.B):
            place = 0 if vessel.owner is Owner.A else 1
            for node in (start, end):
                area[place, node] += float(vessel.calibre) ** 2
    if not (inflow > 0.0).any():
        inflow = net
    inflow[[node.root is not None for node in network.nodes]] = 0.0
    total = area.sum(axis=0)
    parts = np.where(total > 0.0, area / np.where(total > 0.0, total, 1.0), 0.5)
    return np.asarray(np.maximum(inflow, 0.0) * parts, dtype=np.float64)


def _follow(
    tubes: _Tubes, mine: Mask, rooted: Mask, places: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """What ends at each node, (2, labels, V), and what has no way out, (2,), ml/min."""
    ends, label = tubes.ends[mine], tubes.label[mine]
    reached = _reach(ends, rooted)
    chosen = np.isin((0, 1), places)[:, None]
    source = np.where(chosen & reached, tubes.source, 0.0)
    lost = np.where(chosen & ~reached, tubes.source, 0.0).sum(axis=1)
    solved = solve_flow(
        tubes=ends,
        conductance=tubes.conductance[mine],
        source=source.sum(axis=0),
        root_pressure=np.where(rooted, 0.0, np.nan),
    )
    amount = np.zeros((2, len(tubes.names) + 1, len(rooted)))
    amount[:, 0] = source
    least = STILL * max(float(source.sum()), 1e-12)
    first = np.where(solved.flow > 0.0, ends[:, 0], ends[:, 1])
    second = np.where(solved.flow > 0.0, ends[:, 1], ends[:, 0])
    leaving: dict[int, list[int]] = {}
    for tube in np.flatnonzero(np.abs(solved.flow) > least).tolist():
        leaving.setdefault(int(first[tube]), []).append(tube)
    for node in np.argsort(-np.nan_to_num(solved.pressure), kind="stable").tolist():
        if rooted[node] or node not in leaving:
            continue
        out = np.array(leaving[node])
        parts = np.abs(solved.flow[out]) / np.abs(solved.flow[out]).sum()
        for tube, part in zip(out.tolist(), parts.tolist(), strict=True):
            _pass_on(amount, node, int(second[tube]), int(label[tube]), part)
        amount[:, :, node] = 0.0
    return amount, lost


def _pass_on(amount: FloatArray, node: int, after: int, label: int, part: float) -> None:
    """Moves a part of a node's blood on; what had no label takes that of the tube."""
    moved = part * amount[:, :, node]
    if label:
        moved[:, label] += moved[:, 0]
        moved[:, 0] = 0.0
    amount[:, :, after] += moved


def _reach(ends: IntArray, rooted: Mask) -> Mask:
    """Nodes (V,) in one piece with a root."""
    count = len(rooted)
    links = csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, part = connected_components(links, directed=False)
    result: Mask = np.isin(part, part[rooted])
    return result


def _list(
    network: VesselNetwork, tubes: _Tubes, twin: TwinId, ended: FloatArray, lost: float
) -> list[Passage]:
    found = [
        Passage(
            twin=twin,
            via=tubes.names[label - 1] if label else "",
            root=network.nodes[node].id,
            flow=float(ended[label, node]),
        )
        for label in range(len(tubes.names) + 1)
        for node in np.flatnonzero((tubes.root >= 0) & (ended[label] > 0.0)).tolist()
    ]
    return found + [Passage(twin=twin, via="", root=None, flow=lost)] * (lost > 0.0)
