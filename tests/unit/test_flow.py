"""Poiseuille network solve against hand cases."""

import numpy as np
import pytest

from diptych.kernels.flow import solve_flow, tube_conductance
from diptych.model import InputError

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
