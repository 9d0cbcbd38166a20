"""Two round heads that share one vein, small enough to reckon by hand, and their mirror."""

from dataclasses import replace
from datetime import date

import numpy as np

from diptych.model import (
    Anatomy,
    Brief,
    Case,
    CaseId,
    Classification,
    Measured,
    NodeId,
    Owner,
    Series,
    Subject,
    Tissue,
    Twin,
    TwinAxes,
    TwinId,
    Vessel,
    VesselId,
    VesselNetwork,
    VesselNode,
    Volume,
)

STEP = 2.0
HALF = 18.0
SHAPE = (56, 36, 36)


def volume(voxels, modality="SEG"):
    affine = np.diag([STEP, STEP, STEP, 1.0])
    affine[:3, 3] = [-(n - 1) * STEP / 2.0 for n in SHAPE]
    return Volume(
        voxels=voxels, affine=affine, frame_of_reference="1.2.3", modality=modality, source="test"
    )


def coordinates():
    axes = [(np.arange(n) - (n - 1) / 2.0) * STEP for n in SHAPE]
    return np.meshgrid(*axes, indexing="ij")


def measured(value, unit):
    return Measured(value=value, low=value, high=value, unit=unit)


def make_tissues():
    """Two spheres of 24 mm brain, 2 mm fluid, 3 mm bone, 3 mm skin, 36 mm apart; A at x < 0."""
    x, y, z = coordinates()
    away = np.sqrt((np.abs(x) - HALF) ** 2 + y**2 + z**2)
    layers = ((32.0, Tissue.SKIN), (29.0, Tissue.BONE), (26.0, Tissue.CSF), (24.0, Tissue.BRAIN))
    tissues = np.zeros(SHAPE, dtype=np.uint8)
    for radius, tissue in layers:
        tissues[away < radius] = tissue
    inside = away < 26.0
    tissues[inside & (np.abs(x) < 4.0)] = Tissue.CSF
    tissues[inside & (np.abs(x) < 2.0)] = Tissue.DURA
    tissues[(np.hypot(y, z) < 2.5) & (np.abs(x) < 12.0)] = Tissue.VESSEL
    return tissues


def make_network(*, blood_of_a=30.0, blood_of_b=10.0):
    """A shared vein through x = 0 between two own veins, each with its root."""
    nodes = (
        ("R-A", -44.0, TwinId.A),
        ("P", -12.0, None),
        ("Q", 12.0, None),
        ("R-B", 44.0, TwinId.B),
    )
    through = blood_of_a - blood_of_b
    pieces = (
        ("V-A", "P", "R-A", Owner.A, blood_of_b),
        ("V-S", "P", "Q", Owner.SHARED, through),
        ("V-B", "Q", "R-B", Owner.B, blood_of_a),
    )
    place = {name: (x, 0.0, 0.0) for name, x, _ in nodes}
    vessels = tuple(
        Vessel(
            id=VesselId(name),
            name="bridging vein" if owner is not Owner.SHARED else "shared vein",
            kind="vein",
            owner=owner,
            start=NodeId(start),
            end=NodeId(end),
            path=np.linspace(place[start], place[end], 9),
            radius=np.full(9, 2.0),
            flow=measured(flow, "ml/min"),
            confidence=1.0,
        )
        for name, start, end, owner, flow in pieces
    )
    return VesselNetwork(
        nodes=tuple(VesselNode(id=NodeId(n), position=place[n], root=root) for n, _, root in nodes),
        vessels=vessels,
    )


def make_anatomy(*, lean=0.0):
    """The map of the pair; `lean` shifts the ownership by some mm towards B."""
    x, _, _ = coordinates()
    tissues = make_tissues()
    owner = np.where(x < lean, int(Owner.A), int(Owner.B)).astype(np.uint8)
    owner[tissues == Tissue.VESSEL] = int(Owner.SHARED)
    owner[tissues == Tissue.AIR] = int(Owner.NOBODY)
    sure = np.clip(np.abs(x - lean) * 10.0, 5, 100).astype(np.uint8)
    axes = tuple(
        TwinAxes(
            twin=twin,
            long=(1.0, 0.0, 0.0),
            facing=(0.0, -1.0, 0.0),
            left=(0.0, 0.0, 1.0),
            uncertainty=5.0,
            method="by hand",
        )
        for twin in TwinId
    )
    return Anatomy(
        tissues=volume(tissues),
        ownership=volume(owner),
        confidence=volume(sure),
        vessels=make_network(),
        axes=(axes[0], axes[1]),
        classification=Classification(
            label="TV-II",
            shared_sinus=True,
            shared_sinus_evidence="by hand",
            long_axis_angle=measured(180.0, "deg"),
            rotation=measured(180.0, "deg"),
            margins={},
            ambiguous=False,
            reasons=(),
        ),
        measures={},
        notes=(),
    )


def make_case():
    tissues = make_tissues()
    hounsfield = np.array([-1000, 40, 700, 60, 8, 35, 40], dtype=np.int16)
    contrast = np.array([-1000, 45, 700, 85, 8, 38, 220], dtype=np.int16)
    noise = np.random.Generator(np.random.Philox(key=2)).normal(0.0, 4.0, SHAPE).astype(np.int16)
    series = tuple(
        Series(
            role=role,
            subject=Subject.SHARED,
            evidence="test",
            volume=volume(values[tissues] + noise, "CT"),
        )
        for role, values in (("ct", hounsfield), ("ctv", contrast))
    )
    twins = tuple(
        Twin(id=twin, label=f"Twin {twin}", sex="unknown", weight=None, landmarks=())
        for twin in TwinId
    )
    day = date(2025, 1, 1)
    return Case(
        id=CaseId("spheres"),
        twins=(twins[0], twins[1]),
        volumes=series,
        brief=Brief(
            born=day,
            imaged=day,
            earliest_operation=day,
            latest_operation=day,
            hemisphere="north",
            made_from="two spheres",
            notes="",
        ),
        checks=(),
    )


def mirror_network(network):
    """The same vessels with the letters A and B swapped."""
    return VesselNetwork(
        nodes=tuple(
            replace(node, root=node.root.other if node.root else None) for node in network.nodes
        ),
        vessels=tuple(replace(vessel, owner=vessel.owner.mirrored) for vessel in network.vessels),
    )


def mirror_anatomy(anatomy):
    """The same anatomy with the letters A and B swapped everywhere."""
    swap = np.array([0, 2, 1, 3, 4], dtype=np.uint8)
    return replace(
        anatomy,
        ownership=volume(swap[anatomy.ownership.voxels]),
        vessels=mirror_network(anatomy.vessels),
        axes=tuple(
            replace(axis, twin=twin) for axis, twin in zip(anatomy.axes[::-1], TwinId, strict=True)
        ),
    )
