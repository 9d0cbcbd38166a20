"""The scores of a vessel network, on hand-made networks."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

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

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import vessel_scoring

PLACES = {"a": (0, 0, 0), "b": (40, 0, 0), "c": (40, 30, 0), "d": (0, 30, 0), "e": (0, -50, 0)}
NAMES = {"ea": "bridging vein A1", "ab": "circumferential sinus"}


def vessel(way: str, owner: Owner = Owner.A, radius: float = 1.5, shift: float = 0.0) -> Vessel:
    path = np.linspace(PLACES[way[0]], PLACES[way[1]], 50) + np.array([0.0, 0.0, shift])
    name = NAMES.get(way, "circumferential sinus")
    return Vessel(
        id=VesselId(way),
        name=name,
        kind="vein" if "vein" in name else "sinus",
        owner=owner,
        start=NodeId(way[0]),
        end=NodeId(way[1]),
        path=path,
        radius=np.full(50, radius),
        flow=Measured(value=1.0, low=1.0, high=1.0, unit="ml/min"),
        confidence=1.0,
    )


def network(vessels: list[Vessel], roots: str = "") -> VesselNetwork:
    nodes = tuple(
        VesselNode(id=NodeId(n), position=place, root=TwinId.A if n in roots else None)
        for n, place in PLACES.items()
    )
    return VesselNetwork(nodes=nodes, vessels=tuple(vessels))


RING = ["ab", "bc", "cd", "da"]


def truth(roots: str = "") -> VesselNetwork:
    return network([vessel(way) for way in (*RING, "ea")], roots)


def test_the_truth_itself_is_perfect() -> None:
    score = vessel_scoring.score_network(truth(), truth())
    assert (score.recall, score.precision, score.calibre_error) == (1.0, 1.0, 0.0)
    assert (score.loops, score.loops_found, score.extra_loops) == (1, 1, 0)
    assert (score.wrong_owner, score.wrong_name) == (0.0, 0.0)


def test_a_missing_side_of_the_ring_costs_its_length_and_the_loop() -> None:
    score = vessel_scoring.score_network(
        network([vessel(w) for w in ("ab", "bc", "da", "ea")]), truth()
    )
    assert score.recall == pytest.approx(1.0 - 40.0 / 190.0, abs=0.02)
    assert score.precision == 1.0
    assert (score.loops, score.loops_found) == (1, 0)


def test_a_line_two_millimetres_off_is_neither_found_nor_true() -> None:
    moved = [vessel(way, shift=2.0 * (way == "ea")) for way in (*RING, "ea")]
    score = vessel_scoring.score_network(network(moved), truth())
    assert score.recall == pytest.approx(1.0 - 50.0 / 190.0, abs=0.02)
    assert score.precision == pytest.approx(1.0 - 50.0 / 190.0, abs=0.02)


def test_an_invented_vessel_costs_precision_and_a_loop() -> None:
    found = network([*truth().vessels, vessel("eb")])
    score = vessel_scoring.score_network(found, truth())
    assert score.recall == 1.0 and score.precision < 0.8
    assert score.extra_loops == 1


def test_calibre_error_is_the_median() -> None:
    wide = [replace(v, radius=v.radius * 1.2) for v in truth().vessels]
    assert vessel_scoring.score_network(network(wide), truth()).calibre_error == pytest.approx(20.0)


def test_thin_vessels_are_not_asked_for() -> None:
    true = network([vessel("ab"), vessel("ea", radius=0.5)])
    assert vessel_scoring.score_network(network([vessel("ab")]), true).recall == 1.0


def test_owner_counts_for_veins_only() -> None:
    other = [replace(v, owner=Owner.B) for v in truth().vessels]
    score = vessel_scoring.score_network(network(other), truth())
    assert score.wrong_owner == 100.0
    ring = [replace(v, owner=Owner.B if v.kind == "sinus" else v.owner) for v in truth().vessels]
    assert vessel_scoring.score_network(network(ring), truth()).wrong_owner < 3.0


def test_ways_between_roots_are_loops() -> None:
    true = network([vessel("ab"), vessel("bc")], roots="ac")
    assert vessel_scoring.score_network(true, true).loops == 1
    assert (
        vessel_scoring.score_network(network([vessel("ab"), vessel("bc")]), true).loops_found == 0
    )


def test_names_are_compared_without_number_and_station() -> None:
    assert vessel_scoring.class_of("bridging vein A12") == "bridging vein A"
    assert (
        vessel_scoring.class_of("superior sagittal sinus B, front") == "superior sagittal sinus B"
    )
    assert vessel_scoring.class_of("jugular vein A, left") == "transverse sinus A, left"


def test_arteries_count_only_where_they_are_asked_for() -> None:
    artery = replace(vessel("ea", shift=20.0), kind="artery", name="basilar artery A")
    true = network([*truth().vessels, artery])
    every = vessel_scoring.score_network(truth(), true)
    venous = vessel_scoring.score_network(truth(), true, vessel_scoring.ASKED["venous"])
    assert every.recall < 0.9
    assert venous.recall == 1.0
    assert venous.artery_recall == 0.0
    found = vessel_scoring.score_network(true, true, vessel_scoring.ASKED["venous"])
    assert found.precision == 1.0
    assert np.isnan(vessel_scoring.score_network(truth(), truth()).artery_recall)


def test_where_two_vessels_lie_in_one_lumen_the_way_may_go_over_anywhere() -> None:
    """A side of the ring that goes 20 mm past its corner and comes back in its own lumen."""

    def ring(turn: float, aside: float) -> VesselNetwork:
        corner = np.array([40.0 + turn, 0.0, 0.0])
        out = replace(vessel("ab"), path=np.linspace((0.0, 0.0, 0.0), corner, 50))
        way = np.array([corner, (40.0, aside, 0.0), (40.0, 30.0, 0.0)])
        steps = np.linspace(0.0, 2.0, 50)
        path = np.stack([np.interp(steps, [0, 1, 2], way[:, n]) for n in range(3)], axis=1)
        back = replace(vessel("bc"), path=path)
        return network([out, back, *(vessel(w) for w in ("cd", "da", "ea"))])

    short = ring(0.1, 0.1)
    for aside, found in ((1.0, 1), (12.0, 0)):
        score = vessel_scoring.score_network(short, ring(20.0, aside))
        assert (score.loops, score.loops_found) == (1, found)
