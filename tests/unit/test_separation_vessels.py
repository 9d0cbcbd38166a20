"""Which vessels cross, whose blood they carry, and who keeps them."""

from dataclasses import replace

import numpy as np
import pytest
from separation_pair import coordinates, make_network, measured, mirror_network, volume

from diptych.model import NodeId, Owner, TwinId, VesselId, VesselNetwork, VesselNode
from diptych.separation.allocate import allocate_vessels
from diptych.separation.drainage import find_severed, tell_whole_shared, trace_blood


def sides_at(limit):
    """Everything at x < limit with A."""
    return volume(np.where(coordinates()[0] < limit, 1, 2).astype(np.uint8))


def vessel(network, name):
    return network.vessel(VesselId(name))


def keep(network, *, favoured=None, first=TwinId.A, limit=0.0):
    return allocate_vessels(
        find_severed(network, sides_at(limit)),
        network,
        trace_blood(network),
        favoured=favoured,
        first=first,
        tie=0.05,
    )


def test_a_vessel_crosses_where_its_line_changes_side():
    (found,) = find_severed(make_network(), sides_at(0.0))
    assert found.vessel.id == "V-S"
    assert found.position == pytest.approx((0.0, 0.0, 0.0), abs=1.0)
    assert (found.flow, found.calibre, found.times, found.towards) == (20.0, 4.0, 1, 2)


def test_a_vessel_that_only_grazes_the_other_side_is_cut_at_its_junction():
    (found,) = find_severed(make_network(), sides_at(-10.0))
    assert found.vessel.id == "V-S"
    assert found.position == pytest.approx((-12.0, 0.0, 0.0), abs=1.5)


def test_of_several_crossings_the_clearest_is_shown():
    """V-S runs 4 mm with A, 4 mm with B, 10 mm with A, 6 mm with B."""
    x = coordinates()[0]
    with_a = (x < -8.0) | ((x > -4.0) & (x < 6.0))
    (found,) = find_severed(make_network(), volume(np.where(with_a, 1, 2).astype(np.uint8)))
    assert found.times == 3
    assert found.position[0] == pytest.approx(6.0, abs=1.0)


def test_shared_vessels_left_whole_are_said():
    network, side = make_network(), sides_at(-20.0)
    assert tell_whole_shared(network, sides_at(0.0), find_severed(network, sides_at(0.0))) == ()
    (note,) = tell_whole_shared(network, side, find_severed(network, side))
    assert note.startswith("the cut passes beside 24 mm of shared vein, shared by both (V-S)")
    assert note.endswith("stays whole with twin B")


def test_blood_is_followed_downstream_and_mixed():
    share = trace_blood(make_network(blood_of_a=30.0, blood_of_b=10.0))
    assert share["V-S"] == pytest.approx(1.0)
    assert share["V-B"] == pytest.approx(2.0 / 3.0)
    against = trace_blood(make_network(blood_of_a=10.0, blood_of_b=30.0))
    assert against["V-S"] == pytest.approx(0.0)


def test_an_own_vein_stays_with_its_owner():
    network = make_network()
    vessels = tuple(replace(v, owner=Owner.B) if v.id == "V-S" else v for v in network.vessels)
    (crossing,) = keep(replace(network, vessels=vessels)).crossings
    assert crossing.keeper is TwinId.B
    assert crossing.rule == "it is twin B's own, and the owner keeps it"


def test_the_only_way_out_is_never_given_away():
    """B's root is gone: all of B's blood leaves through the shared vein into A's root."""
    network = make_network(blood_of_a=30.0, blood_of_b=10.0)
    nodes = tuple(replace(n, root=None) if n.id == "R-A" else n for n in network.nodes)
    ends = tuple(n if n.id != "R-B" else replace(n, root=TwinId.A) for n in nodes)
    vessels = tuple(replace(v, owner=Owner.SHARED) if v.id == "V-B" else v for v in network.vessels)
    (crossing,) = keep(VesselNetwork(nodes=ends, vessels=vessels)).crossings
    assert crossing.keeper is TwinId.A
    assert crossing.rule == "shared; it is twin A's only way out"


def even_network(count):
    """`count` equal shared veins across x = 0, each with blood of both in equal parts."""
    base = make_network()
    shared = vessel(base, "V-S")
    nodes, vessels = list(base.nodes), []
    for n in range(count):
        x = 3.0 * n
        ends = [(NodeId(f"{side}{n}"), (at, x, 0.0)) for side, at in (("a", -20.0), ("b", 20.0))]
        nodes += [VesselNode(id=name, position=place, root=None) for name, place in ends]
        path = np.linspace(ends[0][1], ends[1][1], 9)
        vessels.append(
            replace(
                shared,
                id=VesselId(f"V{n}"),
                start=ends[0][0],
                end=ends[1][0],
                path=path,
                flow=measured(10.0, "ml/min"),
            )
        )
    return VesselNetwork(nodes=tuple(nodes), vessels=tuple(vessels))


def test_ties_alternate_from_the_first_twin_and_are_listed():
    for first in TwinId:
        found = keep(even_network(4), first=first)
        assert [c.keeper for c in found.crossings] == [first, first.other] * 2
        assert sum("ties alternate" in note for note in found.notes) == 4


def test_a_plan_kinder_to_a_twin_gives_it_the_ties():
    found = keep(even_network(3), favoured=TwinId.B)
    assert {c.keeper for c in found.crossings} == {TwinId.B}


def test_the_smallest_flow_is_clamped_first():
    network = even_network(3)
    flows = {"V0": 30.0, "V1": 5.0, "V2": 12.0}
    vessels = tuple(replace(v, flow=measured(flows[v.id], "ml/min")) for v in network.vessels)
    found = keep(replace(network, vessels=vessels))
    assert [(c.order, c.vessel) for c in found.crossings] == [(1, "V1"), (2, "V2"), (3, "V0")]


def test_mirror():
    network = make_network()
    mine = keep(network).crossings
    theirs = keep(mirror_network(network), first=TwinId.B).crossings
    assert [c.keeper for c in mine] == [c.keeper.other for c in theirs]
