"""Poiseuille network solve against hand cases."""

import numpy as np
import pytest

from diptych.kernels.flow import solve_flow, trace_outlets, tube_conductance
from diptych.model import InputError
from diptych.tables import load_table

FREE = np.nan


def test_five_millimetre_sinus_drops_0_83_mmhg() -> None:
    path = np.array([[0.0, 0.0, 0.0], [150.0, 0.0, 0.0]])
    conductance = tube_conductance(path, np.array([2.5, 2.5]), 3.2)
    assert 211.0 / conductance == pytest.approx(0.83, abs=0.01)


def test_narrow_sinus_reaches_the_significance_limit() -> None:
    path = np.stack([np.linspace(0, 150, 31), np.zeros(31), np.zeros(31)], axis=1)
    conductance = tube_conductance(path, np.full(31, 1.4), 3.2)
    assert 211.0 / conductance == pytest.approx(8.4, abs=0.1)


def test_two_tubes_in_series_by_pencil() -> None:
    # 10 ml/min enters at node 0, through 2 and then 5 ml/min/mmHg to a root at 4 mmHg.
    result = solve_flow(
        tubes=np.array([[0, 1], [1, 2]]),
        conductance=np.array([2.0, 5.0]),
        source=np.array([10.0, 0.0, 0.0]),
        root_pressure=np.array([FREE, FREE, 4.0]),
    )
    assert result.pressure == pytest.approx([11.0, 6.0, 4.0], abs=1e-12)
    assert result.flow == pytest.approx([10.0, 10.0], abs=1e-12)


def test_ring_splits_by_conductance() -> None:
    # A ring 0-1-2-3-0 of equal tubes, 8 in at 0, root at 2: half each way, symmetric.
    result = solve_flow(
        tubes=np.array([[0, 1], [1, 2], [2, 3], [3, 0]]),
        conductance=np.full(4, 2.0),
        source=np.array([8.0, 0.0, 0.0, 0.0]),
        root_pressure=np.array([FREE, FREE, 5.0, FREE]),
    )
    assert result.pressure == pytest.approx([9.0, 7.0, 5.0, 7.0], abs=1e-12)
    assert result.flow == pytest.approx([4.0, 4.0, -4.0, -4.0], abs=1e-12)


def test_ring_with_two_roots_by_pencil() -> None:
    # Ring of 1 ml/min/mmHg tubes with roots 0 mmHg at 1 and 3 mmHg at 3; 6 in at 0, 0 at 2.
    # Node 0: 2 p0 = 6 + 0 + 3 -> 4.5; node 2: 2 p2 = 0 + 3 -> 1.5.
    result = solve_flow(
        tubes=np.array([[0, 1], [1, 2], [2, 3], [3, 0]]),
        conductance=np.ones(4),
        source=np.array([6.0, 0.0, 0.0, 0.0]),
        root_pressure=np.array([FREE, 0.0, FREE, 3.0]),
    )
    assert result.pressure == pytest.approx([4.5, 0.0, 1.5, 3.0], abs=1e-12)


def test_conservation_at_every_node_of_a_large_network() -> None:
    random = np.random.Generator(np.random.Philox(key=7))
    nodes = 300
    chain = np.stack([np.arange(nodes - 1), np.arange(1, nodes)], axis=1)
    tubes = np.concatenate([chain, random.integers(0, nodes, (200, 2))])
    tubes = tubes[tubes[:, 0] != tubes[:, 1]]
    conductance = random.uniform(0.2, 4.0, len(tubes)) ** 4
    source = random.uniform(0.0, 3.0, nodes)
    root = np.full(nodes, FREE)
    root[[5, 200]] = 5.0, 6.0
    result = solve_flow(tubes=tubes, conductance=conductance, source=source, root_pressure=root)
    balance = source.copy()
    np.add.at(balance, tubes[:, 0], -result.flow)
    np.add.at(balance, tubes[:, 1], result.flow)
    inner = np.isnan(root)
    assert np.abs(balance[inner]).max() < 1e-9
    assert balance[~inner].sum() == pytest.approx(source.sum(), abs=1e-9)


def test_part_without_root_is_named() -> None:
    with pytest.raises(InputError, match=r"2 nodes \(first 2\) receive 3 ml/min"):
        solve_flow(
            tubes=np.array([[0, 1], [2, 3]]),
            conductance=np.ones(2),
            source=np.array([1.0, 0.0, 1.0, 2.0]),
            root_pressure=np.array([FREE, 5.0, FREE, FREE]),
        )


def test_part_without_root_and_source_rests() -> None:
    result = solve_flow(
        tubes=np.array([[0, 1], [2, 3]]),
        conductance=np.ones(2),
        source=np.array([1.0, 0.0, 0.0, 0.0]),
        root_pressure=np.array([FREE, 5.0, FREE, FREE]),
    )
    assert np.isnan(result.pressure[2:]).all()
    assert result.flow[1] == 0.0


def test_zero_conductance_is_refused() -> None:
    with pytest.raises(InputError, match="finite and above 0"):
        solve_flow(
            tubes=np.array([[0, 1]]),
            conductance=np.zeros(1),
            source=np.zeros(2),
            root_pressure=np.array([FREE, 5.0]),
        )


def test_the_sinus_of_the_tables_drops_0_83_mmhg() -> None:
    # 800 ml of brain at 55 ml/100 ml/min, the sagittal sinus's share of it, 15 cm of 5 mm.
    physiology = load_table("physiology")
    flow = 800.0 * 55.0 / 100.0 * physiology.value("sagittal-sinus-share")
    path = np.stack([np.linspace(0.0, 150.0, 16), np.zeros(16), np.zeros(16)], axis=1)
    conductance = tube_conductance(path, np.full(16, 2.5), physiology.value("blood-viscosity"))
    assert flow == pytest.approx(211.2)
    assert flow / conductance == pytest.approx(0.83, abs=0.005)


def ring_and_tree():
    """A ring 0-1-2-3 of equal tubes; trees 4-0 and 5-2; roots at 1 (0 mmHg) and 3 (3 mmHg).

    6 ml/min enters at 4 and 2 at 5. By pencil: node 0 has 2 p0 = 6 + 0 + 3, so p0 = 4.5 and
    p4 = 4.5 + 6 / 2 = 7.5; node 2 has 2 p2 = 2 + 3, so p2 = 2.5 and p5 = 2.5 + 2 / 4 = 3.
    From 0 flow 4.5 to 1 and 1.5 to 3; from 2 flow 2.5 to 1, and 0.5 comes from 3.
    """
    tubes = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [4, 0], [5, 2]])
    return tubes, solve_flow(
        tubes=tubes,
        conductance=np.array([1.0, 1.0, 1.0, 1.0, 2.0, 4.0]),
        source=np.array([0.0, 0.0, 0.0, 0.0, 6.0, 2.0]),
        root_pressure=np.array([FREE, 0.0, FREE, 3.0, FREE, FREE]),
    )


def test_ring_and_tree_by_pencil() -> None:
    _, result = ring_and_tree()
    assert result.pressure == pytest.approx([4.5, 0.0, 2.5, 3.0, 7.5, 3.0], abs=1e-9)
    assert result.flow == pytest.approx([4.5, -2.5, -0.5, -1.5, 6.0, 2.0], abs=1e-9)


def test_shares_of_the_roots_by_pencil() -> None:
    tubes, result = ring_and_tree()
    shares = trace_outlets(
        tubes=tubes, flow=result.flow, pressure=result.pressure, outlets=np.array([1, 3])
    )
    expected = [[0.75, 0.25], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.75, 0.25], [1.0, 0.0]]
    assert shares == pytest.approx(np.array(expected), abs=1e-9)


def test_arteries_are_the_same_turned_round() -> None:
    tubes, drained = ring_and_tree()
    fed = solve_flow(
        tubes=tubes,
        conductance=np.array([1.0, 1.0, 1.0, 1.0, 2.0, 4.0]),
        source=-np.array([0.0, 0.0, 0.0, 0.0, 6.0, 2.0]),
        root_pressure=np.array([FREE, 60.0, FREE, 57.0, FREE, FREE]),
    )
    assert fed.pressure == pytest.approx(60.0 - drained.pressure, abs=1e-9)
    shares = trace_outlets(
        tubes=tubes, flow=-fed.flow, pressure=-fed.pressure, outlets=np.array([1, 3])
    )
    assert shares[4] == pytest.approx([0.75, 0.25], abs=1e-9)


def test_mixing_at_a_confluence() -> None:
    # 3 and 1 ml/min meet at 2 and part 1:3 to the roots 3 and 4: both go 1/4 and 3/4.
    tubes = np.array([[0, 2], [1, 2], [2, 3], [2, 4]])
    result = solve_flow(
        tubes=tubes,
        conductance=np.array([1.0, 1.0, 1.0, 3.0]),
        source=np.array([3.0, 1.0, 0.0, 0.0, 0.0]),
        root_pressure=np.array([FREE, FREE, FREE, 0.0, 0.0]),
    )
    shares = trace_outlets(
        tubes=tubes, flow=result.flow, pressure=result.pressure, outlets=np.array([3, 4])
    )
    assert shares[:3] == pytest.approx(np.full((3, 2), [0.25, 0.75]), abs=1e-12)


def test_shares_of_a_large_network_add_up_to_its_flows() -> None:
    random = np.random.Generator(np.random.Philox(key=8))
    nodes = 120
    tubes = np.concatenate(
        [
            np.stack([np.arange(nodes - 1), np.arange(1, nodes)], axis=1),
            np.stack([np.arange(60), np.arange(60) + 50], axis=1),
        ]
    )
    source = random.uniform(0.0, 3.0, nodes)
    outlets = np.array([7, 70, 110])
    root = np.full(nodes, FREE)
    root[outlets] = 5.0, 5.5, 6.0
    source[outlets] = 0.0
    result = solve_flow(
        tubes=tubes,
        conductance=random.uniform(0.5, 2.0, len(tubes)),
        source=source,
        root_pressure=root,
    )
    shares = trace_outlets(tubes=tubes, flow=result.flow, pressure=result.pressure, outlets=outlets)
    assert shares.sum(axis=1) == pytest.approx(np.ones(nodes), abs=1e-12)
    reached = source @ shares
    arriving = np.array(
        [
            np.clip(result.flow, 0, None)[tubes[:, 1] == node].sum()
            + np.clip(-result.flow, 0, None)[tubes[:, 0] == node].sum()
            for node in outlets
        ]
    )
    leaving = np.array(
        [
            np.clip(result.flow, 0, None)[tubes[:, 0] == node].sum()
            + np.clip(-result.flow, 0, None)[tubes[:, 1] == node].sum()
            for node in outlets
        ]
    )
    assert reached.sum() == pytest.approx((arriving - leaving).sum(), abs=1e-9)
    assert (reached <= arriving + 1e-9).all()
