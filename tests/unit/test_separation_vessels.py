"""Which vessels cross, whose blood they carry, and who keeps them."""

from dataclasses import replace

import numpy as np
import pytest
from separation_pair import coordinates, make_network, mirror_network, volume

from diptych.model import Owner, TwinId, VesselId
from diptych.separation.allocate import allocate_vessels
from diptych.separation.drainage import find_severed, tell_whole_shared, trace_blood
from diptych.tables import load_table


def sides_at(limit):
    """Everything at x < limit with A."""
    return volume(np.where(coordinates()[0] < limit, 1, 2).astype(np.uint8))


def vessel(network, name):
    return network.vessel(VesselId(name))


def keep(network, limit=0.0):
    tables = {name: load_table(name) for name in ("allocation", "physiology")}
    return allocate_vessels(find_severed(network, sides_at(limit)), network, tables=tables)


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


def test_mirror():
    network = make_network()
    mine, theirs = keep(network).crossings, keep(mirror_network(network)).crossings
    assert [c.keeper for c in mine] == [c.keeper.other for c in theirs]
