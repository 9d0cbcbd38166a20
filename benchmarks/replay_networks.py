"""Small venous networks of two twins, as much as publications say, the rest given as numbers.

Each builder takes a mapping of numbers (mm, ml/min, shares) and returns a `VesselNetwork` whose
flows are those of the flow solver. Lengths of a tube are its own; positions only matter where the
plan looks for a way near by (bypass, collaterals). Twin A lies at x < 0, twin B at x > 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from diptych.model import (
    Measured,
    MillilitrePerMinute,
    NodeId,
    Owner,
    TwinId,
    Vessel,
    VesselId,
    VesselNetwork,
    VesselNode,
)
from diptych.separation.channels import read_channels
from diptych.separation.joint import join, solve_pressures

Values = Mapping[str, float]
VISCOSITY, LIMIT = 3.2, 8.0
"""Only for the flows drawn on the vessels; plans read the tables."""
SIDES = {TwinId.A: -1.0, TwinId.B: 1.0}
OWN_WAY = 80.0
"""mm, from half a brain to its own sinus junction."""
JUGULAR = 60.0
"""mm from a torcula or sinus junction to where the jugular counts as a way out."""


@dataclass(slots=True)
class Sketch:
    """Nodes and tubes as they are put down."""

    nodes: dict[str, VesselNode] = field(default_factory=dict)
    vessels: list[Vessel] = field(default_factory=list)

    def node(self, name, position, *, root=None, inflow=0.0):
        self.nodes[name] = VesselNode(
            id=NodeId(name),
            position=tuple(float(value) for value in position),
            root=root,
            inflow=MillilitrePerMinute(float(inflow)),
        )

    def tube(self, name, ends, calibre, length, owner, kind="sinus"):
        """A round tube of that calibre and length, mm, however far apart its ends lie."""
        first, last = (np.array(self.nodes[end].position) for end in ends)
        self.vessels.append(
            Vessel(
                id=VesselId(name),
                name=name,
                kind=kind,
                owner=owner,
                start=NodeId(ends[0]),
                end=NodeId(ends[1]),
                path=_lead(first, last, length),
                radius=np.full(3, calibre / 2.0),
                flow=Measured(value=0.0, low=0.0, high=0.0, unit="ml/min"),
                confidence=1.0,
            )
        )

    def finish(self) -> VesselNetwork:
        """With the flows of the whole, undivided drainage."""
        network = VesselNetwork(nodes=tuple(self.nodes.values()), vessels=tuple(self.vessels))
        channels = read_channels(network, (), viscosity=VISCOSITY, limit=LIMIT)
        nothing = np.zeros(len(self.vessels), dtype=np.bool_)
        flow = solve_pressures(join(channels, channels.owner, nothing)).flow
        vessels = tuple(
            replace(v, flow=Measured(value=f, low=f, high=f, unit="ml/min"))
            for v, f in zip(network.vessels, flow.tolist(), strict=True)
        )
        return replace(network, vessels=vessels)


def _lead(first, last, length):
    """A path (3, 3) of that length through a point beside the middle."""
    straight = float(np.linalg.norm(last - first))
    aside = np.sqrt(max((length / 2.0) ** 2 - (straight / 2.0) ** 2, 0.0))
    return np.stack([first, (first + last) / 2.0 + np.array([0.0, 0.0, aside]), last])


def owner_of(twin):
    return Owner.A if twin is TwinId.A else Owner.B


def brain_flow(values: Values) -> float:
    """ml/min of one brain."""
    return values["brain"] * values["flow"] / 100.0


def key_sinus(values: Values) -> VesselNetwork:
    """One shared sinus from P, where blood of both enters, to Q, from where both drain; each
    twin has besides one other way of its own, `other-A` and `other-B` mm wide.
    """
    sketch = Sketch()
    sketch.node("P", (0.0, -40.0, 0.0))
    sketch.node("Q", (0.0, 40.0, 0.0))
    for twin, side in SIDES.items():
        sketch.node(f"brain-{twin}", (side * 40.0, -40.0, 0.0), inflow=brain_flow(values))
        sketch.node(f"jugular-{twin}", (side * 90.0, 40.0, 0.0), root=twin)
        own = owner_of(twin)
        sketch.tube(f"veins-{twin}", (f"brain-{twin}", "P"), 5.0, 40.0, own, "vein")
        sketch.tube(f"outlet-{twin}", ("Q", f"jugular-{twin}"), 5.0, 90.0, own)
        ends = (f"brain-{twin}", f"jugular-{twin}")
        sketch.tube(f"other-{twin}", ends, values[f"other-{twin}"], 120.0, own)
    sketch.tube("key", ("P", "Q"), values["key"], values["key-length"], Owner.SHARED)
    return sketch.finish()


def crossed_halves(values: Values) -> VesselNetwork:
    """Both halves of each brain with a way to each side's own jugular. The left half of a twin
    with `crossed-X` 1 has besides a way to the other twin's right sinus: `bridges` shared veins
    that carry as much as one of `across` mm. `link` mm joins both halves of one twin.
    """
    sketch = Sketch()
    for twin, side in SIDES.items():
        own = owner_of(twin)
        for half, y in (("left", 30.0), ("right", -30.0)):
            inflow = brain_flow(values) / 2.0
            sketch.node(f"{half}-{twin}", (side * 25.0, side * y, 0.0), inflow=inflow)
            sketch.node(f"sinus-{half}-{twin}", (side * 60.0, side * y, 0.0))
            sketch.node(f"jugular-{half}-{twin}", (side * 110.0, side * y, 0.0), root=twin)
            # only a way that is shared with blood going across is narrow enough to matter
            calibre = values["own"] if half == "left" and values[f"crossed-{twin}"] else 4.5
            ends = (f"{half}-{twin}", f"sinus-{half}-{twin}")
            sketch.tube(f"way-{half}-{twin}", ends, calibre, OWN_WAY, own)
            ends = (f"sinus-{half}-{twin}", f"jugular-{half}-{twin}")
            sketch.tube(f"sigmoid-{half}-{twin}", ends, 5.0, JUGULAR, own)
        ends = (f"left-{twin}", f"right-{twin}")
        sketch.tube(f"link-{twin}", ends, values["link"], 60.0, own, "vein")
    for twin in TwinId:
        if values[f"crossed-{twin}"]:
            _bridge(sketch, twin, values)
    return sketch.finish()


def _bridge(sketch, twin, values):
    count = max(round(values["bridges"]), 1)
    weights = np.linspace(1.0, values["uneven"], count)
    for number, weight in enumerate((weights / weights.sum()).tolist(), start=1):
        sketch.tube(
            f"across-{twin}-{number}",
            (f"left-{twin}", f"sinus-right-{twin.other}"),
            values["across"] * weight**0.25,
            values["bridge-length"],
            Owner.SHARED,
            "vein",
        )


def part_across(network, twin):
    """ml/min in the veins across from a twin's left half, over the blood of that half."""
    flow = sum(v.flow.value for v in network.vessels if v.id.startswith(f"across-{twin}"))
    return flow / sum(n.inflow for n in network.nodes if n.id == f"left-{twin}")


RING = 8


def ring_sinus(values: Values) -> VesselNetwork:
    """A ring of eight shared pieces in the plane of the join, with veins of both brains.

    Twin A's torcula hangs on the ring at 0 degrees, twin B's at `rotation` (to the next junction)
    or, with `common` 1, at the same junction. Pieces at less than 180 degrees are `wide` mm,
    the others `wide` x `narrower`; `jitter-n` (-1 to 1) varies each piece by a fifth. Veins of
    one brain next to each other are joined on its surface by veins `link` mm wide.
    """
    sketch = Sketch()
    radius = values["radius"]
    for number in range(RING):
        turn = 2.0 * np.pi * number / RING
        place = (0.0, radius * np.cos(turn), radius * np.sin(turn))
        sketch.node(f"ring-{number}", place)
    for number in range(RING):
        calibre = values["wide"] * (1.0 if number < RING / 2 else values["narrower"])
        calibre *= 1.0 + 0.2 * values[f"jitter-{number}"]
        ends = (f"ring-{number}", f"ring-{(number + 1) % RING}")
        length = 2.0 * np.pi * radius / RING
        sketch.tube(f"piece-{number}", ends, calibre, length, Owner.SHARED)
    second = 0 if values["common"] else round(values["rotation"] / 45.0) % RING
    for twin, at in ((TwinId.A, 0), (TwinId.B, second)):
        _hang(sketch, twin, at, values)
    return sketch.finish()


def _hang(sketch, twin, at, values):
    """A twin's veins on every second junction, its torcula below the junction `at`."""
    own, side = owner_of(twin), SIDES[twin]
    superficial = brain_flow(values) * values["superficial"]
    offset = 0 if twin is TwinId.A else 1
    for number in range(offset, RING, 2):
        _, y, z = sketch.nodes[f"ring-{number}"].position
        sketch.node(f"vein-{twin}-{number}", (side * 20.0, y, z), inflow=superficial / 4.0)
        ends = (f"vein-{twin}-{number}", f"ring-{number}")
        sketch.tube(f"vein-{twin}-{number}", ends, values["vein"], 20.0, own, "vein")
    names = [f"vein-{twin}-{number}" for number in range(offset, RING, 2)]
    for one, two in zip(names, [*names[1:], names[0]], strict=True):
        length = 2.0 * np.pi * values["radius"] / len(names)
        sketch.tube(f"link-{one}", (one, two), values["link"], length, own, "vein")
    _, y, z = sketch.nodes[f"ring-{at}"].position
    deep = brain_flow(values) - superficial
    sketch.node(f"torcula-{twin}", (side * 50.0, y, z), inflow=deep)
    sketch.tube(f"fall-{twin}", (f"ring-{at}", f"torcula-{twin}"), values["outlet"], 50.0, own)
    for half, z in (("left", 20.0), ("right", -20.0)):
        sketch.node(f"jugular-{half}-{twin}", (side * 90.0, y, z), root=twin)
        ends = (f"torcula-{twin}", f"jugular-{half}-{twin}")
        sketch.tube(f"transverse-{half}-{twin}", ends, values["outlet"], 100.0, own)


MOUTHS = ("sagittal-A", "sagittal-B", "left-A", "left-B", "right-A", "right-B")


def shared_torcula(values: Values) -> VesselNetwork:
    """A torcula as a small shared ring with six mouths: sagittal, left and right transverse
    sinus of each twin, in the order `order` (0 to 119) around it; the right ones narrower.
    """
    sketch = Sketch()
    order = arrange_mouths(round(values["order"]))
    for number, mouth in enumerate(order):
        turn = 2.0 * np.pi * number / len(order)
        place = (0.0, values["torcula"] * np.cos(turn), values["torcula"] * np.sin(turn))
        sketch.node(mouth, place)
    for number, mouth in enumerate(order):
        ends = (mouth, order[(number + 1) % len(order)])
        length = 2.0 * np.pi * values["torcula"] / len(order)
        sketch.tube(f"pool-{number}", ends, values["pool"], length, Owner.SHARED)
    for twin, side in SIDES.items():
        own = owner_of(twin)
        sketch.node(f"brain-{twin}", (side * 60.0, 0.0, 60.0), inflow=brain_flow(values))
        sketch.tube(f"sss-{twin}", (f"brain-{twin}", f"sagittal-{twin}"), 4.5, 60.0, own)
        for half, calibre in (("left", values["left"]), ("right", values["right"])):
            sketch.node(f"jugular-{half}-{twin}", (side * 100.0, 0.0, -60.0), root=twin)
            ends = (f"{half}-{twin}", f"jugular-{half}-{twin}")
            sketch.tube(f"transverse-{half}-{twin}", ends, calibre, 110.0, own)
    return sketch.finish()


def arrange_mouths(number):
    """The mouths in one of the 120 orders around a ring, the first one fixed."""
    left, order = list(MOUTHS[1:]), [MOUTHS[0]]
    for size in (24, 6, 2, 1, 1):
        order.append(left.pop(number // size % len(left)))
    return tuple(order)


def is_crosswise(order):
    """Whether one twin's way from its sagittal to its left sinus must pass the other's."""
    place = {mouth: number for number, mouth in enumerate(order)}
    low, high = sorted((place["sagittal-A"], place["left-A"]))
    return (low < place["sagittal-B"] < high) != (low < place["left-B"] < high)


def narrow_middle(values: Values) -> VesselNetwork:
    """A shared sinus of three pieces in a row, the middle one narrow: A's veins and outlet at
    one end, B's at the other.
    """
    sketch = Sketch()
    for number, x in enumerate((-45.0, -15.0, 15.0, 45.0)):
        sketch.node(f"S{number}", (x, 0.0, 0.0))
    for number, name in enumerate(("end-A", "middle", "end-B")):
        calibre = values["middle"] if name == "middle" else values[name]
        ends = (f"S{number}", f"S{number + 1}")
        sketch.tube(name, ends, calibre, 30.0, Owner.SHARED)
    for twin, near, far in ((TwinId.A, "S0", "S1"), (TwinId.B, "S3", "S2")):
        own, side = owner_of(twin), SIDES[twin]
        inflow = brain_flow(values) / 2.0
        for name, at in (("near", near), ("far", far)):
            sketch.node(f"{name}-{twin}", (side * 45.0, 30.0, 0.0), inflow=inflow)
            sketch.tube(f"{name}-{twin}", (f"{name}-{twin}", at), 3.0, 20.0, own, "vein")
        sketch.node(f"jugular-{twin}", (side * 120.0, 0.0, 0.0), root=twin)
        sketch.tube(f"outlet-{twin}", (near, f"jugular-{twin}"), 5.0, 120.0, own)
    return sketch.finish()
