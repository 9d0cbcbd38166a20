"""Pressures, shares, territories and names of the network of two joined balls."""

from functools import cache

import pytest
from anatomy_toys import TABLES, Toy, draw

from diptych.anatomy import map_anatomy
from diptych.anatomy.drainage import assign_owners
from diptych.anatomy.images import read_images
from diptych.anatomy.network import Surroundings, blood_flow_at, build_network
from diptych.anatomy.ownership import divide_tissue, read_errors
from diptych.anatomy.parting import part_tree
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.territory import find_territory
from diptych.anatomy.tissues import find_compartments, label_tissues
from diptych.anatomy.vessels import trace_vessels
from diptych.model import Tissue, TwinId, VesselNetwork


@cache
def networks(swapped: bool = False) -> tuple[VesselNetwork, VesselNetwork]:
    """The toy's vessels as veins, and the same as arteries."""
    case, policy = draw(Toy(swapped=swapped)), AnatomyPolicy()
    images = read_images(case, policy)
    parts = find_compartments(images, policy)
    territory = find_territory(case, images, parts, policy)
    errors = read_errors(TABLES["classification"], 0.0)
    sides = divide_tissue(images, parts, territory, errors)
    tree = trace_vessels(images, parts)
    calibre = TABLES["classification"].value("significant-sinus-calibre")
    drainage = assign_owners(tree, images, parts, sides, calibre)
    around = Surroundings(
        images=images,
        parts=parts,
        territory=territory,
        brain=label_tissues(images, parts, policy) == Tissue.BRAIN,
        side=sides.side,
    )
    rate = blood_flow_at(case.brief, TABLES["physiology"])
    physiology = TABLES["physiology"]
    veins, arteries = (
        build_network(part_tree(tree, drainage), drainage, around, rate, physiology, kind=kind)[0]
        for kind in ("vein", "artery")
    )
    return veins, arteries


def test_pressure_falls_along_the_flow_to_the_jugulars() -> None:
    veins, _ = networks()
    pressure = {node.id: node.pressure for node in veins.nodes}
    for vessel in veins.vessels:
        start, end = pressure[vessel.start], pressure[vessel.end]
        assert start is not None and end is not None
        assert start.value >= end.value
        assert start.low <= start.value <= start.high
    roots = [node for node in veins.nodes if node.root is not None]
    assert {node.root for node in roots} == {TwinId.A, TwinId.B}
    assert all(node.pressure.value == 5.0 for node in roots)


def test_shares_of_each_hemisphere_add_up() -> None:
    veins, _ = networks()
    into = {node.id: 0.0 for node in veins.nodes}
    for vessel in veins.vessels:
        into[vessel.end] += vessel.flow.value
    for twin in TwinId:
        halves = {share.hemisphere for share in veins.shares if share.twin is twin}
        assert halves == {"left", "right"}
        for half in halves:
            own = [s for s in veins.shares if s.twin is twin and s.hemisphere == half]
            assert sum(share.share for share in own) == pytest.approx(1.0, abs=1e-9)
    for root in (node.id for node in veins.nodes if node.root is not None):
        arriving = sum(share.flow.value for share in veins.shares if share.root == root)
        assert arriving == pytest.approx(into[root], abs=1e-9)


def test_crossed_is_what_leaves_by_the_other() -> None:
    veins, _ = networks()
    for twin in TwinId:
        given = [s.flow.value for s in veins.shares if s.twin is twin and s.outlet is twin.other]
        assert veins.crossed(twin) == pytest.approx(sum(given))


def test_territories_are_the_brains() -> None:
    veins, _ = networks()
    rate = blood_flow_at(draw(Toy()).brief, TABLES["physiology"])
    total = sum(vessel.territory for vessel in veins.vessels)
    drained = sum(share.flow.value for share in veins.shares)
    assert total * rate.value / 100.0 == pytest.approx(drained, rel=1e-9)
    ends = [vessel for vessel in veins.vessels if "bridging" in vessel.name]
    assert all(vessel.territory > 0.0 for vessel in ends)


def test_swapped_names_swap_the_shares() -> None:
    def told(network: VesselNetwork, swap: bool) -> list[tuple[str, str, str, float]]:
        return sorted(
            (
                str(share.twin.other if swap else share.twin),
                share.hemisphere,
                str(share.outlet.other if swap else share.outlet),
                round(share.share, 9),
            )
            for share in network.shares
        )

    assert told(networks(swapped=True)[0], swap=True) == told(networks()[0], swap=False)


def test_arteries_flow_the_other_way_from_their_own_roots() -> None:
    veins, arteries = networks()
    assert {vessel.kind for vessel in arteries.vessels} == {"artery"}
    assert not {node.id for node in veins.nodes} & {node.id for node in arteries.nodes}
    roots = {node.id for node in arteries.nodes if node.root is not None}
    assert roots
    leaving = {node.id: -float(node.inflow) for node in arteries.nodes}
    for vessel in arteries.vessels:
        leaving[vessel.start] -= vessel.flow.value
        leaving[vessel.end] += vessel.flow.value
    assert all(abs(v) < 1e-9 for node, v in leaving.items() if node not in roots)
    assert all(leaving[node] < 1e-9 for node in roots)
    highest = max(node.pressure.value for node in arteries.nodes if node.pressure)
    assert highest == TABLES["physiology"].value("carotid-pressure")
    fed = sum(float(vessel.territory) for vessel in arteries.vessels)
    assert fed == pytest.approx(sum(float(v.territory) for v in veins.vessels), rel=1e-9)


def test_names_carry_a_confidence_and_jugulars_leave_the_skull() -> None:
    anatomy = map_anatomy(draw(Toy()), tables=TABLES)
    names = {vessel.name for vessel in anatomy.vessels.vessels}
    assert any(name.startswith("jugular vein A") for name in names)
    assert all(0.0 < vessel.name_confidence <= 1.0 for vessel in anatomy.vessels.vessels)
