"""Whose blood loses its way, by hand: vessels that one twin, both or neither could use."""

from dataclasses import replace

import numpy as np
import pytest
from allocation_networks import make_channels, mirror_channels, random_channels

from diptych.model import (
    Measured,
    NodeId,
    Owner,
    TwinId,
    Vessel,
    VesselId,
    VesselNetwork,
    VesselNode,
)
from diptych.separation.allocate import allocate_vessels
from diptych.separation.channels import SHARED
from diptych.separation.clamps import describe_clamps, order_clamps
from diptych.separation.drainage import Severed
from diptych.separation.losses import find_losses, find_useful
from diptych.separation.stages import Theatre, compare_stagings
from diptych.separation.terms import AllocationTerms, Wishes
from diptych.tables import load_table

TABLES = {name: load_table(name) for name in ("allocation", "physiology")}
TERMS = AllocationTerms.read(TABLES)
A, B = TwinId.A, TwinId.B


def crossed(bridges=2):
    """B's blood enters node 0. Its own way: 0 - 1 (its sinus) - 2 (its jugular). Across: 0 - 3,
    so many shared veins to A's sinus, from where 3 - 4 leads to A's jugular. A's blood: node 5.
    """
    tubes = [(0, 3, 50.0, SHARED)] * bridges + [
        (0, 1, 5.0, 1),
        (1, 2, 500.0, 1),
        (3, 4, 500.0, 0),
        (5, 3, 500.0, 0),
    ]
    return make_channels(tubes, {0: (1, 100.0), 5: (0, 100.0)}, {2: 1, 4: 0})


def blood_of(channels, *, first=0.0):
    """Twin A's share: `first` in the vessels across, its own in the rest."""
    return {
        vessel: first if owner == SHARED else float(channels.twins[owner] is A)
        for vessel, owner in zip(channels.vessels, channels.owner.tolist(), strict=True)
    }


def keep(channels, place):
    return np.where(channels.owner == SHARED, place, channels.owner)


@pytest.mark.parametrize("place", [0, 1])
def test_a_vein_to_the_other_twin_s_sinus_is_lost_to_the_twin_whose_blood_it_carries(place):
    """Two veins across make a loop, but one that hangs on a single junction: no way through."""
    channels = crossed()
    assert not find_useful(channels, 0).any()
    assert not find_useful(channels, 1).any()
    losses = find_losses(channels, keep(channels, place), blood_of(channels))
    assert losses.blind.tolist() == [True, True, False, False, False, False]
    assert losses.lost[0].tolist() == [False] * 6
    assert losses.lost[1].tolist() == [True, True, False, False, False, False]
    assert losses.losers(0) == [1]


def test_blood_of_both_is_lost_to_both():
    channels = crossed()
    losses = find_losses(channels, keep(channels, 1), blood_of(channels, first=0.3))
    assert losses.losers(0) == losses.losers(1) == [0, 1]
    assert losses.losers(2) == []


def test_a_vein_that_some_twin_can_use_is_lost_to_the_other():
    """With a shared way on from A's sinus to B's own, B could use one vein across: 0 - 3 - 1."""
    channels = crossed(bridges=1)
    more = channels.with_tubes(np.array([(3, 1)]), np.array([5.0]), SHARED, VesselId("on"))
    more = replace(more, open=more.owner == SHARED)
    assert find_useful(more, 1).tolist() == [True, *[False] * 4, True]
    assert not find_useful(more, 0)[0]
    for place in (0, 1):
        losses = find_losses(more, keep(more, place), blood_of(more))
        assert not losses.blind.any()
        assert losses.losers(0) == losses.losers(5) == [1 - place]


def test_no_way_leads_on_through_a_jugular():
    """0 - 2 (jugular) - 1: nothing flows from a jugular back into a vein."""
    tubes = [(0, 2, 1.0, 0), (2, 1, 1.0, SHARED), (1, 3, 1.0, 0), (4, 5, 1.0, 1)]
    channels = make_channels(tubes, {0: (0, 5.0), 4: (1, 5.0)}, {2: 0, 3: 0, 5: 1})
    assert not find_useful(channels, 0).any()


def test_shared_sinuses_of_a_ring_serve_both():
    channels = random_channels(5, 8, 0)
    keepers = keep(channels, 0)
    losses = find_losses(channels, keepers, dict.fromkeys(channels.vessels, 0.5))
    assert not losses.blind.any()
    assert losses.lost[1].tolist() == channels.open.tolist()
    assert not losses.lost[0].any()


@pytest.mark.parametrize("seed", range(4))
def test_places_swap(seed):
    channels = random_channels(seed, 5, 3)
    other = mirror_channels(channels)
    for place in (0, 1):
        assert find_useful(channels, place).tolist() == find_useful(other, 1 - place).tolist()
    blood = {v: n / len(channels.vessels) for n, v in enumerate(channels.vessels)}
    keepers = np.where(channels.open, np.arange(len(channels.tubes)) % 2, channels.owner)
    mine = find_losses(channels, keepers, blood)
    swapped = np.where(keepers == SHARED, SHARED, 1 - keepers)
    theirs = find_losses(other, swapped, {v: 1.0 - share for v, share in blood.items()})
    assert mine.lost.tolist() == theirs.lost[::-1].tolist()
    assert mine.blind.tolist() == theirs.blind.tolist()


@pytest.mark.parametrize("place", [0, 1])
def test_clamps_tell_the_risk_of_the_twin_whose_blood_was_in_it(place):
    """Before, 100 ml/min leave B's node by 50 + 50 and by 5, nearly nothing at 500. Afterwards by
    5 alone: 20 mmHg, and the risk is that of a rise of about 19.
    """
    channels, keepers = crossed(), keep(crossed(), place)
    clamping = order_clamps(channels, keepers, find_losses(channels, keepers, blood_of(channels)))
    sinus = np.zeros(len(channels.tubes), dtype=bool)
    last = describe_clamps(channels, keepers, clamping, sinus, TERMS)[-1]
    twin = channels.twins[1]
    assert last.total_rise[twin] == pytest.approx(20.0 + 100.0 / 500.0 - before(), abs=1e-6)
    assert last.infarct.value > 0.9
    assert last.stop.startswith(f"twin {twin}'s pressure would rise by")


def before():
    """Pressure at node 0, mmHg: 5 and 500 in a row beside 100, then 500 with A's blood in it."""
    own = 1.0 / (1.0 / 5.0 + 1.0 / 500.0)
    matrix = np.array([[own + 100.0, -100.0, 0.0], [-100.0, 1100.0, -500.0], [0.0, -500.0, 500.0]])
    return float(np.linalg.solve(matrix, [100.0, 0.0, 100.0])[0])


def test_collaterals_open_where_the_loss_is_whoever_keeps_the_vein():
    """From node 0 to B's sinus, its only junction near by that drains: one collateral, opened
    once. Without growth 5 ml/min per mmHg drain 40 ml/min; more with it.
    """
    found = []
    for place in (0, 1):
        channels, keepers = crossed(), keep(crossed(), place)
        theatre = Theatre(
            channels=channels,
            keepers=keepers,
            clamping=order_clamps(
                channels, keepers, find_losses(channels, keepers, blood_of(channels))
            ),
            position=np.array([(20.0 * n, 0.0, 0.0) for n in (0, 1, 9, 2, 12, 3)]),
            terms=TERMS,
        )
        one, two = compare_stagings(theatre)
        twin = channels.twins[1]
        assert one.drained[twin].value == pytest.approx(8.0 / (1.0 / 5.0 + 1.0 / 500.0))
        assert two.collaterals == 1
        assert two.drained[twin].value > one.drained[twin].value
        found.append((two.drained, two.gradient))
    assert found[0] == found[1]


def across_network(*, mirrored=False):
    """`crossed` with one vein as vessels with places: from B's node 60 mm to its own sinus, 30 mm
    from where the vein ends.
    """
    one, two = (B, A) if not mirrored else (A, B)
    side = 1.0 if not mirrored else -1.0
    nodes = (
        ("brain-1", 30.0, None, 100.0),
        ("sinus-1", 90.0, None, 0.0),
        ("jugular-1", 150.0, one, 0.0),
        ("sinus-2", 60.0, None, 0.0),
        ("jugular-2", -90.0, two, 0.0),
        ("brain-2", -60.0, None, 100.0),
    )
    pieces = (
        ("across", "brain-1", "sinus-2", None, 3.0, 90.0),
        ("own", "brain-1", "sinus-1", one, 1.0, 10.0),
        ("down-1", "sinus-1", "jugular-1", one, 6.0, 10.0),
        ("down-2", "sinus-2", "jugular-2", two, 6.0, 190.0),
        ("veins-2", "brain-2", "sinus-2", two, 6.0, 100.0),
    )
    place = {name: (side * x, 0.0, 0.0) for name, x, _, _ in nodes}
    return VesselNetwork(
        nodes=tuple(
            VesselNode(id=NodeId(n), position=place[n], root=root, inflow=inflow)
            for n, _, root, inflow in nodes
        ),
        vessels=tuple(
            Vessel(
                id=VesselId(name),
                name=name,
                kind="vein",
                owner=Owner.SHARED if twin is None else Owner.of(twin),
                start=NodeId(start),
                end=NodeId(end),
                path=np.linspace(place[start], place[end], 5),
                radius=np.full(5, calibre / 2.0),
                flow=Measured(value=flow, low=flow, high=flow, unit="ml/min"),
                confidence=1.0,
            )
            for name, start, end, twin, calibre, flow in pieces
        ),
    )


def told(option, swap):
    gain = {t.other if swap else t: round(float(g), 6) for t, g in option.gain.items()}
    return option.kind, option.vessel, option.twin.other if swap else option.twin, gain


def test_a_bypass_is_offered_to_the_twin_whose_blood_loses_its_way():
    """B keeps the vein by its blood; a bypass of 60 mm to its own sinus is offered to B all the
    same, with the vein demanded for either twin, and to A in the mirrored pair.
    """
    asked = (Wishes(), Wishes(keep=((VesselId("across"), A),)))
    plans = [
        allocate_vessels((), across_network(), tables=TABLES, wishes=wishes).veins
        for wishes in asked
    ]
    assert [plan.keepers[VesselId("across")] for plan in plans] == [B, A]
    for plan in plans:
        assert [(o.kind, o.twin) for o in plan.options] == [("bypass", B)]
        assert plan.options[0].statement == "bypass of 60 mm from brain-1 to sinus-1"
        assert float(plan.options[0].gain[B]) > 30.0
        assert float(plan.options[0].gain[A]) == 0.0
    other = allocate_vessels((), across_network(mirrored=True), tables=TABLES).veins
    assert [told(o, True) for o in other.options] == [told(o, False) for o in plans[0].options]
    assert other.clamps[0].infarct == plans[0].clamps[0].infarct == plans[1].clamps[0].infarct


def own_vein(*, kept=0):
    """A's blood enters node 0 and leaves by its own vein 0 - 1 that the cut meets, then 1 - 2. A
    shared vein 1 - 3 leads to B's node, whose own way is 3 - 4. Of 10 ml/min each.
    """
    tubes = [(0, 1, 2.0, 0), (1, 2, 2.0, 0), (1, 3, 2.0, SHARED), (3, 4, 1.0, 1)]
    channels = make_channels(tubes, {0: (0, 10.0), 3: (1, 10.0)}, {2: 0, 4: 1})
    opened = channels.open.copy()
    opened[0] = True
    keepers = channels.owner.copy()
    keepers[[0, 2]] = kept, 0
    return replace(channels, open=opened), keepers


@pytest.mark.parametrize(
    ("kept", "of_a", "listed"),
    [
        pytest.param(0, 1.0, ["V002"], id="whole with its owner and its own blood alone"),
        pytest.param(0, 0.9, ["V000", "V002"], id="some of the other twin's blood in it"),
        pytest.param(1, 1.0, ["V002", "V000"], id="given away"),
        pytest.param(1, 0.0, ["V002", "V000"], id="given to the twin whose blood flows in it"),
    ],
)
def test_a_vessel_whose_loss_is_nobodys_needs_no_test_clamp(kept, of_a, listed):
    channels, keepers = own_vein(kept=kept)
    a = float(channels.twins[0] is A)
    blood = {"V000": abs(1.0 - a - of_a), "V001": a, "V002": 1.0 - a, "V003": 1.0 - a}
    losses = find_losses(channels, keepers, blood)
    assert losses.whole.tolist() == [(kept, of_a) == (0, 1.0), False, False, False]
    clamping = order_clamps(channels, keepers, losses)
    sinus = np.zeros(len(channels.tubes), dtype=bool)
    steps = describe_clamps(channels, keepers, clamping, sinus, TERMS)
    assert sorted(clamping.order) == [0, 2]
    assert [step.vessel for step in steps] == listed
    assert [step.order for step in steps] == list(range(1, len(listed) + 1))
    assert sum(float(step.rise[channels.twins[1]]) for step in steps) > 1.0


def severed(network, name):
    vessel = network.vessel(VesselId(name))
    return Severed(
        vessel=vessel,
        position=(0.0, 0.0, 0.0),
        calibre=float(vessel.calibre),
        flow=abs(vessel.flow.value),
        times=1,
        towards=1,
    )


@pytest.mark.parametrize("mirrored", [False, True])
def test_crossings_without_a_test_clamp_come_last_with_words(mirrored):
    network = across_network(mirrored=mirrored)
    twin = A if mirrored else B
    found = allocate_vessels(
        [severed(network, name) for name in ("own", "across")], network, tables=TABLES
    )
    assert [(c.order, c.vessel) for c in found.crossings] == [(1, "across"), (2, "own")]
    assert found.crossings[0].rule == (
        f"can serve neither twin once they are apart; left to twin {twin}, whose blood is 100 % of"
        " what flowed in it"
    )
    assert found.crossings[1].rule.endswith(
        "; no test clamp, for it stays whole and closing it would change no pressure"
    )
    assert [step.vessel for step in found.veins.clamps] == ["across"]
    assert found.veins.notes[-1].startswith("no test clamp is listed for own: each stays whole")


def test_an_own_vein_that_ends_blind_keeps_its_test_clamp():
    """Owned, kept and full of its owner's blood, but the blood has no way on."""
    network = across_network()
    vessels = [replace(v, owner=Owner.B) if v.id == "across" else v for v in network.vessels]
    network = replace(network, vessels=tuple(vessels))
    found = allocate_vessels([severed(network, "across")], network, tables=TABLES)
    (step,) = found.veins.clamps
    assert (step.vessel, step.keeper) == ("across", B)
    assert float(step.rise[B]) > 8.0
    assert "twin B's pressure would rise" in step.stop


def test_an_own_vein_that_ends_blind_is_not_whole():
    """Even where its closing shows nothing, since its junctions still wait for other vessels."""
    channels = crossed()
    owner = np.where(channels.owner == SHARED, 1, channels.owner)
    channels = replace(channels, owner=owner)
    losses = find_losses(channels, keep(channels, 1), blood_of(channels))
    assert losses.blind.tolist() == channels.open.tolist()
    assert not losses.whole.any()


def test_an_own_vessel_at_which_the_other_twin_s_way_ends_keeps_its_test_clamp():
    """Only its owner's blood flows in V000, but with it the junction 1 is divided, through which
    B's 10 ml/min came by its own V002: its other way alone takes them at 10 mmHg.
    """
    tubes = [(0, 1, 2.0, 0), (1, 2, 1e9, 0), (3, 1, 1e9, 1), (3, 4, 1.0, 1)]
    channels = make_channels(tubes, {0: (0, 10.0), 3: (1, 10.0)}, {2: 0, 4: 1})
    channels = replace(channels, open=np.array([True, False, False, False]))
    a = float(channels.twins[0] is A)
    blood = {"V000": a, "V001": 0.5, "V002": 1.0 - a, "V003": 1.0 - a}
    losses = find_losses(channels, channels.owner, blood)
    assert losses.whole[0]
    clamping = order_clamps(channels, channels.owner, losses)
    sinus = np.zeros(len(tubes), dtype=bool)
    (step,) = describe_clamps(channels, channels.owner, clamping, sinus, TERMS)
    assert float(step.rise[channels.twins[1]]) == pytest.approx(10.0, abs=1e-6)
