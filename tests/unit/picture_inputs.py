"""Drainage networks round a shared ring, and a front with points, for the pictures of plans."""

from functools import cache

import numpy as np
from report_inputs import measured

from diptych.model import (
    Owner,
    TwinId,
    Vessel,
    VesselNetwork,
    VesselNode,
)
from diptych.separation.allocate import allocate_vessels
from diptych.tables import load_table

SWAP = {Owner.A: Owner.B, Owner.B: Owner.A}


def make_ring(seed, *, ring=6, veins=4, mirror=False):
    """A ring of shared sinus in space; each twin has `veins` veins into it and two jugulars."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    names = {Owner.A: TwinId.A, Owner.B: TwinId.B}
    turn = SWAP if mirror else {}
    nodes, vessels = [], []

    def add_node(place, root=None, inflow=0.0):
        nodes.append(
            VesselNode(
                id=f"N{len(nodes):02d}", position=tuple(map(float, place)), root=root, inflow=inflow
            )
        )
        return nodes[-1]

    def add_vessel(one, two, owner, calibre, name):
        vessels.append(
            Vessel(
                id=f"V{len(vessels):02d}",
                name=name,
                kind="sinus" if owner is Owner.SHARED else "vein",
                owner=turn.get(owner, owner),
                start=one.id,
                end=two.id,
                path=np.array([one.position, two.position]),
                radius=np.full(2, calibre / 2),
                flow=measured(0.0, 0.0, "ml/min"),
                confidence=1.0,
            )
        )

    angles = 2 * np.pi * np.arange(ring) / ring
    around = [add_node((40 * np.cos(t), 40 * np.sin(t), 100.0)) for t in angles]
    for n in range(ring):
        add_vessel(around[n], around[(n + 1) % ring], Owner.SHARED, rng.uniform(2, 5), f"ring {n}")
    for owner, z in ((Owner.A, 40.0), (Owner.B, 160.0)):
        root = names[turn.get(owner, owner)]
        for n in range(2):
            end = add_node((60.0 * n - 30.0, 10.0, z), root=root)
            add_vessel(around[int(rng.integers(ring))], end, owner, rng.uniform(3, 5), "jugular")
        for n in range(veins):
            top = add_node((20.0 * n, -50.0, z), inflow=float(rng.uniform(20, 90)))
            add_vessel(
                top, around[int(rng.integers(ring))], owner, rng.uniform(1, 3), f"bridging vein {n}"
            )
    return VesselNetwork(nodes=tuple(nodes), vessels=tuple(vessels))


@cache
def allocate_ring(seed):
    """The ring and who keeps each piece of it, by the allocation itself."""
    network = make_ring(seed)
    tables = {name: load_table(name) for name in ("allocation", "physiology")}
    return network, allocate_vessels((), network, tables=tables).veins
