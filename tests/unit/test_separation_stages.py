"""Test clamps, options and stages on drainage small enough to reckon by hand."""

from dataclasses import replace

import numpy as np
import pytest
from allocation_networks import make_channels, random_channels
from separation_pair import make_network

from diptych.model import VesselId
from diptych.separation.channels import SHARED, read_channels
from diptych.separation.clamps import describe_clamps, infarct_risk, order_clamps
from diptych.separation.drainage import trace_blood
from diptych.separation.drained import drain_twin, shares_drained
from diptych.separation.joint import Bridge, drain_joint, join, solve_pressures
from diptych.separation.losses import find_losses
from diptych.separation.options import Ground, split_tubes, weigh_options
from diptych.separation.stages import Theatre, compare_stagings, grow, part_order
from diptych.separation.terms import AllocationTerms
from diptych.tables import load_table

TERMS = AllocationTerms.read({name: load_table(name) for name in ("allocation", "physiology")})


def lost_bridges():
    """B (node 1) leaves by its own narrow way and by two shared veins, tubes 0 and 1, that A keeps.

    Conductances 6, 3 (shared), 1 (own), 10 for A. B needs 10, A 5 ml/min. Node 2 is A's jugular,
    3 B's; both shared veins end in node 4, joined to B's jugular by a wide tube of B's.
    """
    tubes = [
        (1, 4, 6.0, SHARED),
        (1, 4, 3.0, SHARED),
        (1, 3, 1.0, 1),
        (4, 3, 1e9, 1),
        (0, 2, 10.0, 0),
    ]
    return make_channels(tubes, {0: (0, 5.0), 1: (1, 10.0)}, {2: 0, 3: 1})


KEPT_BY_A = np.array([0, 0, 1, 1, 0])


def lost(channels, keepers):
    """All that is shared carries as much of one twin's blood as of the other's."""
    return find_losses(channels, keepers, dict.fromkeys(channels.vessels, 0.5))


def state(channels, keepers, *done, bridges=()):
    flags = np.zeros(len(channels.tubes), dtype=bool)
    flags[list(done)] = True
    return join(channels, keepers, flags, bridges)


def test_pressures_before_between_and_after():
    """Before: 10 / (6 + 3 + 1) = 1 mmHg. A junction is divided when its last vessel is, so only
    then B is left with its own way: 10 / 1 = 10 mmHg, of which 8 drain 8 ml/min.
    """
    channels = lost_bridges()
    before = solve_pressures(state(channels, KEPT_BY_A))
    assert before.pressure[1, 1] == pytest.approx(1.0)
    after = solve_pressures(state(channels, KEPT_BY_A, 0, 1))
    assert after.pressure[1, 1] == pytest.approx(10.0)
    assert drain_joint(state(channels, KEPT_BY_A)) == pytest.approx((5.0, 10.0))
    assert drain_joint(state(channels, KEPT_BY_A, 0, 1)) == pytest.approx((5.0, 8.0))


def test_the_last_state_is_that_of_two_children():
    channels = random_channels(3, 6, 3)
    keepers = np.where(channels.open, np.arange(len(channels.tubes)) % 2, channels.owner)
    apart = state(channels, keepers, *np.flatnonzero(channels.open).tolist())
    drained = drain_joint(apart)
    shares = shares_drained(channels, keepers)
    for place in (0, 1):
        assert drained[place] / channels.need(place) == pytest.approx(shares[place], abs=1e-6)


def test_clamps_say_where_to_stop():
    channels = lost_bridges()
    clamping = order_clamps(channels, KEPT_BY_A, lost(channels, KEPT_BY_A))
    assert clamping.order == (1, 0)
    sinus = np.zeros(len(channels.tubes), dtype=bool)
    first, last = describe_clamps(channels, KEPT_BY_A, clamping, sinus, TERMS)
    losing, keeping = channels.twins[1], channels.twins[0]
    assert (first.stop, first.test) == ("", 20)
    assert last.total_rise[losing] == pytest.approx(9.0)
    assert last.total_rise[keeping] == 0.0
    assert last.stop == (f"twin {losing}'s pressure would rise by 9 mmHg, 8 or more is significant")
    assert last.infarct.value > 0.38 > first.infarct.value
    assert [c.vessel for c in last.changes] == ["V002", "V003", "V001"]
    wide = np.ones(len(channels.tubes), dtype=bool)
    told = describe_clamps(channels, KEPT_BY_A, clamping, wide, TERMS)
    assert told[1].sinus_pressure == pytest.approx(15.0)


def test_blood_without_a_way_out_is_told():
    channels = lost_bridges()
    closed = replace(
        channels,
        conductance=np.delete(channels.conductance, 2),
        tubes=np.delete(channels.tubes, 2, axis=0),
        owner=np.delete(channels.owner, 2),
        open=np.delete(channels.open, 2),
        vessels=channels.vessels[:-1],
    )
    keepers = np.delete(KEPT_BY_A, 2)
    clamping = order_clamps(closed, keepers, lost(closed, keepers))
    sinus = np.zeros(len(closed.tubes), dtype=bool)
    last = describe_clamps(closed, keepers, clamping, sinus, TERMS)[-1]
    assert last.cut_off[closed.twins[1]] == pytest.approx(10.0)
    assert last.stop.startswith("10 ml/min of twin B's blood would have no way out")
    assert last.infarct.value == pytest.approx(0.38)


def test_risk_of_infarct_joins_its_two_ends():
    assert infarct_risk(0.0, TERMS).value == pytest.approx(0.034 * 0.38)
    assert infarct_risk(8.0, TERMS).value == pytest.approx(0.38)
    risks = [infarct_risk(rise, TERMS).value for rise in (0.0, 2.0, 4.0, 8.0, 20.0)]
    assert risks == sorted(risks)
    assert risks[-1] < 1.0


def test_collaterals_grow_towards_their_full_width():
    assert grow(1.0, 9.0, 0.0, 4.0) == 1.0
    assert grow(1.0, 9.0, 4.0, 4.0) == pytest.approx(1.0 + 8.0 * (1.0 - np.exp(-1.0)))
    assert grow(1.0, 9.0, 400.0, 4.0) == pytest.approx(9.0)


def test_a_bridge_carries_blood_of_its_twin_alone():
    """B's own way 1 and a bridge of 1 between the same ends: 10 / 2 = 5 mmHg."""
    channels = lost_bridges()
    bridge = Bridge(place=1, start=1, end=3, conductance=1.0)
    solved = solve_pressures(state(channels, KEPT_BY_A, 0, 1, bridges=(bridge,)))
    assert solved.pressure[1, 1] == pytest.approx(5.0)
    assert solved.pressure[0, 0] == pytest.approx(0.5)


def test_stages_part_the_flow_evenly():
    assert part_order([1, 1, 2, 4], 2) == ((0, 3), (3, 4))
    assert part_order([4, 1, 1, 1, 1], 2) == ((0, 1), (1, 5))
    assert part_order([5.0], 1) == ((0, 1),)
    for count in range(1, 6):
        bounds = part_order([3, 1, 4, 1, 5, 9, 2], count)
        assert bounds[0][0] == 0
        assert bounds[-1][1] == 7
        assert all(a < b for a, b in bounds)
        assert [b for _, b in bounds[:-1]] == [a for a, _ in bounds[1:]]


def theatre(channels, keepers, position):
    return Theatre(
        channels=channels,
        keepers=keepers,
        clamping=order_clamps(channels, keepers, lost(channels, keepers)),
        position=np.array(position, dtype=float),
        terms=TERMS,
    )


def test_stagings_stand_side_by_side():
    """Far apart no collateral opens, so that in one or two stages B ends with the same 8 ml/min.

    Near by (20 mm) they grow after the first stage, and B ends better the faster they do.
    """
    channels = lost_bridges()
    far = [(1e3 * n, 0.0, 0.0) for n in range(5)]
    one, two = compare_stagings(theatre(channels, KEPT_BY_A, far))
    b = channels.twins[1]
    assert (len(one.stages), len(two.stages)) == (1, 2)
    assert one.drained[b].value == two.drained[b].value == pytest.approx(8.0)
    assert (one.within, two.within) == (False, False)
    assert [s.flow_share for s in two.stages] == pytest.approx([1 / 3, 2 / 3])
    assert (one.weeks, two.weeks) == (0.0, 12.0)
    channels = replace(
        channels, conductance=channels.conductance * 100.0, source=channels.source * 100.0
    )
    near = [(20.0 * n, 0.0, 0.0) for n in range(5)]
    single, staged = compare_stagings(theatre(channels, KEPT_BY_A, near))
    assert single.drained[b].value == pytest.approx(800.0)
    assert staged.collaterals > 0
    assert staged.stages[0].gradient[b] == pytest.approx(1.0, abs=1e-6)
    assert staged.drained[b].low < staged.drained[b].value < staged.drained[b].high
    assert staged.drained[b].value > 800.0
    assert staged.gradient[b] < single.gradient[b]
    assert "stage 2 divides 67% of the shared flow" in staged.notes[0]


def test_a_split_sinus_serves_both():
    """Each half carries a quarter: B gets 6 / 4 beside its own 1, and drains all 8 x 2.5 > 10."""
    channels = split_tubes(lost_bridges(), [0], 0.25)
    keepers = np.concatenate([KEPT_BY_A, [1]])
    assert channels.conductance[[0, -1]].tolist() == [1.5, 1.5]
    drained = drain_twin(channels, 1, channels.kept(keepers, 1))
    assert drained.total == pytest.approx(10.0)


def test_options_are_told_with_their_risk_and_never_chosen():
    """All blood of B crosses V-S to A's only jugular; A keeps it. A graft would give B a way."""
    network = make_network()
    nodes = tuple(replace(n, inflow={"P": 30.0, "Q": 10.0}.get(n.id, 0.0)) for n in network.nodes)
    network = replace(network, nodes=nodes)
    channels = read_channels(network, {"V-S"}, viscosity=TERMS.viscosity, limit=TERMS.limit)
    keepers = np.where(channels.owner == SHARED, 1, channels.owner)
    drained = tuple(drain_twin(channels, p, channels.kept(keepers, p)).total for p in (0, 1))
    ground = Ground(
        channels=channels,
        keepers=keepers,
        losses=find_losses(channels, keepers, trace_blood(network)),
        network=network,
        terms=TERMS,
        drained=drained,
    )
    options = weigh_options(ground, least=-1.0)
    assert [o.kind for o in options] == ["bypass", "graft", "split"]
    assert {o.vessel for o in options} == {VesselId("V-S")}
    assert {o.twin for o in options} == {channels.twins[0]}
    for option in options:
        assert option.risk.low < option.risk.value < option.risk.high
        assert option.source.endswith("confidence assumption")
        for place, twin in enumerate(channels.twins):
            assert option.gain[twin] == pytest.approx(
                option.drained[twin] - drained[place], abs=1e-5
            )
    assert weigh_options(ground, least=1.0) == ()
    assert keepers.tolist() == [0, 1, 1]
