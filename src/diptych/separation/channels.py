"""The drainage of both twins as arrays, in an order that does not depend on the letters.

Place 0 is the twin whose roots (else own vessels) come first in space, place 1 the other.
A tube is open when either twin could keep it: what both share or nobody knows, and what the
cut severs. Where the own tubes of both meet with nothing open between them, the thinnest is
taken as open too, for the junction has to be divided there. Sources of the method: Poiseuille's
law and Kirchhoff's rules, as in `kernels.flow`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.flow import tube_conductance
from diptych.model import NodeId, Owner, TwinId, Vessel, VesselId, VesselNetwork

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

SHARED = 2
NOBODY = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Channels:
    """Tubes, sources and roots of both twins.

    twins : who is at place 0 and who at place 1
    tubes (E, 2) : node numbers; conductance (E,) : ml/min per mmHg
    owner (E,) : 0, 1 or SHARED; open (E,) : whether somebody must decide who keeps it
    source (2, V) : ml/min of each place's blood that enters at each node
    root (V,) : place whose jugular the node is, else NOBODY
    limit : highest pressure above the jugular at which blood counts as drained, mmHg
    """

    twins: tuple[TwinId, TwinId]
    nodes: tuple[NodeId, ...]
    vessels: tuple[VesselId, ...]
    tubes: IntArray
    conductance: FloatArray
    owner: IntArray
    open: Mask
    source: FloatArray
    root: IntArray
    limit: float

    def place(self, twin: TwinId) -> int:
        """0 or 1."""
        return self.twins.index(twin)

    def number(self, vessel: VesselId) -> int:
        """Number of a vessel's first tube."""
        return self.vessels.index(vessel)

    def need(self, place: int) -> float:
        """ml/min of the twin's blood that has to leave."""
        return float(self.source[place].sum())

    def kept(self, keepers: IntArray, place: int) -> Mask:
        """Tubes (E,) that the twin has when open tubes go to `keepers` (E,)."""
        result: Mask = np.where(self.open, keepers, self.owner) == place
        return result & self.usable(place)

    def reach(self, place: int) -> Mask:
        """Tubes (E,) that the twin has when it keeps all that is open."""
        result: Mask = self.open | (self.owner == place)
        return result & self.usable(place)

    def usable(self, place: int) -> Mask:
        """Tubes (E,) that do not end in the other twin's jugular."""
        result: Mask = ~(self.root[self.tubes] == 1 - place).any(axis=1)
        return result

    def with_tubes(
        self, ends: IntArray, conductance: FloatArray, place: int, name: VesselId
    ) -> "Channels":
        """With more tubes of one twin's own: ends (N, 2), conductance (N,)."""
        count = len(ends)
        return replace(
            self,
            vessels=(*self.vessels, *([name] * count)),
            tubes=np.concatenate([self.tubes, ends]),
            conductance=np.concatenate([self.conductance, conductance]),
            owner=np.concatenate([self.owner, np.full(count, place, dtype=np.int64)]),
            open=np.concatenate([self.open, np.zeros(count, dtype=np.bool_)]),
        )


def read_channels(
    network: VesselNetwork, severed: Collection[VesselId], *, viscosity: float, limit: float
) -> Channels:
    """The network as arrays.

    severed : vessels that the cut meets; viscosity in mPa.s; limit in mmHg
    """
    twins = order_twins(network)
    codes = {Owner.of(twins[0]): 0, Owner.of(twins[1]): 1}
    owner = np.array([codes.get(v.owner, SHARED) for v in network.vessels], dtype=np.int64)
    number = {node.id: n for n, node in enumerate(network.nodes)}
    tubes = np.array(
        [(number[v.start], number[v.end]) for v in network.vessels], dtype=np.int64
    ).reshape(-1, 2)
    conductance = np.array([tube_conductance(v.path, v.radius, viscosity) for v in network.vessels])
    cut = np.array([v.id in severed for v in network.vessels], dtype=np.bool_)
    contested = _open_junctions(tubes, conductance, owner, cut | (owner == SHARED))
    return Channels(
        twins=twins,
        nodes=tuple(node.id for node in network.nodes),
        vessels=tuple(v.id for v in network.vessels),
        tubes=tubes,
        conductance=conductance,
        owner=owner,
        open=contested,
        source=_sources(network, number, codes),
        root=np.array(
            [twins.index(n.root) if n.root else NOBODY for n in network.nodes], dtype=np.int64
        ),
        limit=limit,
    )


def order_twins(network: VesselNetwork) -> tuple[TwinId, TwinId]:
    """Both twins, first the one whose roots, else own vessels, come first in LPS+ space."""
    roots = sorted((n.position, n.root) for n in network.nodes if n.root)
    own = sorted(
        (tuple(v.path[0].tolist()), TwinId(v.owner.name))
        for v in network.vessels
        if v.owner in (Owner.A, Owner.B)
    )
    first = roots[0][1] if roots else own[0][1] if own else TwinId.A
    return first, first.other


def _open_junctions(
    tubes: IntArray, conductance: FloatArray, owner: IntArray, contested: Mask
) -> Mask:
    """With the thinnest tube where own tubes of both twins meet with nothing open there."""
    result = contested.copy()
    for node in np.unique(tubes):
        here = np.flatnonzero((tubes == node).any(axis=1))
        if {0, 1} <= set(owner[here].tolist()) and not result[here].any():
            result[here[np.argmin(conductance[here])]] = True
    return result


def _sources(
    network: VesselNetwork, number: Mapping[NodeId, int], codes: Mapping[Owner, int]
) -> FloatArray:
    """ml/min (2, V) of each place's blood that enters at each node.

    As the network says; where it says nothing of inflow, what leaves a node more than
    enters it. It is parted between the twins whose own vessels meet at the node, by lumen.
    """
    inflow = np.array([float(node.inflow) for node in network.nodes])
    if not (inflow > 0.0).any():
        for vessel in network.vessels:
            inflow[number[vessel.start]] += vessel.flow.value
            inflow[number[vessel.end]] -= vessel.flow.value
    inflow = np.where([node.root is not None for node in network.nodes], 0.0, inflow)
    entering: FloatArray = np.maximum(inflow, 0.0) * _parts(network.vessels, number, codes)
    return entering


def _parts(
    vessels: tuple[Vessel, ...], number: Mapping[NodeId, int], codes: Mapping[Owner, int]
) -> FloatArray:
    area = np.zeros((2, len(number)))
    for vessel in vessels:
        if vessel.owner in codes:
            for node in (vessel.start, vessel.end):
                area[codes[vessel.owner], number[node]] += float(vessel.calibre) ** 2
    total = area.sum(axis=0)
    parts: FloatArray = np.where(total > 0.0, area / np.where(total > 0.0, total, 1.0), 0.5)
    return parts
