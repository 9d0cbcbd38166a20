"""Drainage networks round a shared ring, and a front with points, for the pictures of plans."""

from dataclasses import replace
from functools import cache

import numpy as np
from report_inputs import grid, make_inputs, make_plan, measured

from diptych.model import (
    FrontPoint,
    Owner,
    SeparationFront,
    TwinCost,
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


KINDNESS = (-1.0, -0.5, 0.0, 0.5, 1.0)


def make_points(mirror=False):
    """Five points: kinder to B, a dominated one, even, a further one, kinder to A."""
    points = []
    for n, kindness in enumerate(KINDNESS):
        given = {TwinId.A: 9.0 - 2.0 * n, TwinId.B: 1.0 + 1.5 * n}
        drained = {TwinId.A: 0.6 + 0.1 * n, TwinId.B: 1.0 - 0.08 * n}
        if n == 1:
            given = {TwinId.A: 9.5, TwinId.B: 4.0}
        points.append(
            FrontPoint(
                kindness=kindness,
                value=100 + n,
                flow=100 + n,
                proven=True,
                costs={t: _cost(given[t]) for t in TwinId},
                areas=dict(make_plan().defects),
                drained=drained,
                infarct={t: measured(0.3 - 0.05 * n, 0.02) for t in TwinId},
                plan={0: "kinder-B", 2: "plan-balanced", 4: "kinder-A"}.get(n),
                dominated="point 3 is no worse for either twin" if n == 1 else "",
            )
        )
    return tuple(mirror_point(p) for p in points[::-1]) if mirror else tuple(points)


def _cost(given):
    return TwinCost(
        own_tissue_given=given, brain_given=0.0, vein_flow_given=0.0, vein_flow_kept=0.0
    )


def mirror_point(point):
    """The point with the letters of both twins changed."""

    def swap(both):
        return {twin: both[twin.other] for twin in TwinId}

    names = {"kinder-A": "kinder-B", "kinder-B": "kinder-A"}
    return replace(
        point,
        kindness=-point.kindness,
        costs=swap(point.costs),
        areas=swap(point.areas),
        drained=swap(point.drained),
        infarct=swap(point.infarct),
        plan=names.get(point.plan, point.plan),
    )


def make_front(mirror=False):
    """Three plans and five nested cuts of the two balls, one voxel apart."""
    balanced = make_plan(mirror)
    codes = (balanced.side.voxels != 0).astype(np.uint8)
    along = np.arange(codes.shape[2])[None, None, :] + 0 * codes
    middle = (codes.shape[2] - 1) / 2
    for n in range(len(KINDNESS)):
        far = middle + n - 2.0
        codes += ((codes > 0) & ((along < 2 * middle - far) if mirror else (along > far))).astype(
            np.uint8
        )
    plans = (
        balanced,
        replace(balanced, id="kinder-A", preference="A"),
        replace(balanced, id="kinder-B", preference="B"),
    )
    return SeparationFront(
        plans=plans,
        proposed=balanced.id,
        dominated=(),
        points=make_points(mirror),
        nested=grid(codes, "nested"),
    )


def front_inputs(mirror=False, **changes):
    return make_inputs(mirror, front=make_front(mirror), **changes)
