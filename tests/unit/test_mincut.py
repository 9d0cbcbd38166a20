"""Minimum cuts that a person can check by hand, refusals, and the certificate's teeth."""

import numpy as np
import pytest

from diptych.kernels.mincut import minimum_cut, minimum_cut_edges
from diptych.kernels.mincut.certificate import Claim, certify_flow
from diptych.kernels.mincut.grid import edge_weights, neighbour_steps
from diptych.model import InputError


def row(*costs):
    return np.array(costs).reshape(-1, 1, 1)


def ends(length):
    seeds = np.zeros((length, 1, 1), dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    return seeds


def test_a_row_is_cut_where_it_is_cheapest():
    cut = minimum_cut(row(9, 7, 1, 2, 9), ends(5))
    assert cut.value == cut.lower_bound == 3
    assert cut.labels.ravel().tolist() == [1, 1, 1, 2, 2]
    assert cut.certificate.passed


def test_of_equal_cuts_the_source_gets_the_least():
    cut = minimum_cut(row(3, 3, 3, 3), ends(4))
    assert cut.labels.ravel().tolist() == [1, 2, 2, 2]


def test_a_thin_cheap_sheet_is_found_in_a_dear_block():
    cost = np.full((12, 9, 9), 50)
    cost[6] = 1
    seeds = np.zeros(cost.shape, dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    cut = minimum_cut(cost, seeds)
    assert cut.value == 9 * 9 * 51
    assert (cut.labels[:6] == 1).all()
    assert (cut.labels[7:] == 2).all()


def test_air_carries_nothing_and_keeps_label_0():
    cost = np.full((5, 3, 1), 4)
    cost[2, :2] = 0
    seeds = np.zeros(cost.shape, dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    cut = minimum_cut(cost, seeds)
    assert cut.value == 8
    assert ((cut.labels == 0) == (cost == 0)).all()


def test_parts_that_no_source_reaches_go_to_the_sink_side():
    cost = row(5, 5, 5, 0, 5, 5)
    seeds = row(1, 0, 2, 0, 0, 0)
    assert minimum_cut(cost, seeds).labels.ravel().tolist() == [1, 2, 2, 0, 2, 2]


@pytest.mark.parametrize(("seeds", "places"), [((1, 2, 0), 1), ((1, 2, 1), 2)])
def test_touching_seeds_are_refused(seeds, places):
    with pytest.raises(InputError, match=f"source and sink seeds touch at {places} places"):
        minimum_cut(row(5, 6, 7), row(*seeds))


def test_with_26_neighbours_seeds_touch_at_corners_too():
    seeds = np.zeros((2, 2, 2), dtype=np.uint8)
    seeds[0, 0, 0], seeds[1, 1, 1] = 1, 2
    assert minimum_cut(np.ones((2, 2, 2), int), seeds).value == 6
    with pytest.raises(InputError, match="touch at 1 places"):
        minimum_cut(np.ones((2, 2, 2), int), seeds, neighbours=26)


def test_touching_ends_of_given_edges_are_parted_at_the_cost_of_their_edge():
    source = np.array([True, False]).reshape(2, 1, 1)
    cut = minimum_cut_edges(np.full((6, 2, 1, 1), 11), source, ~source)
    assert (cut.value, cut.lower_bound) == (11, 11)
    assert cut.certificate.passed


def test_seeds_in_separate_pieces_cost_nothing_to_part():
    cut = minimum_cut(row(5, 0, 6), row(1, 0, 2))
    assert cut.value == cut.lower_bound == 0
    assert cut.certificate.passed


def test_unary_terms_move_the_cut():
    cost, unary = row(5, 1, 5, 5), row(0, 0, 100, 0)
    plain = minimum_cut(cost, ends(4))
    kind = minimum_cut(cost, ends(4), unary=unary)
    assert (plain.value, kind.value) == (6, 10)
    assert kind.labels.ravel().tolist() == [1, 1, 1, 2]
    assert kind.certificate.passed


def test_along_a_wall_only_the_cheaper_side_counts():
    cost = row(5, 2, 90, 90, 5)
    walled = row(False, False, True, True, False)
    seeds = row(1, 0, 0, 0, 2)
    assert minimum_cut(cost, seeds).value == 7
    shelled = minimum_cut(cost, seeds, walled=walled)
    assert shelled.value == shelled.lower_bound == 4
    assert shelled.certificate.passed
    assert shelled.labels.ravel().tolist() == [1, 1, 2, 2, 2]


def test_weights_follow_the_area_of_the_faces():
    steps = neighbour_steps(6)
    assert edge_weights(steps, (1.0, 1.0, 1.0)).tolist() == [1] * 6
    assert edge_weights(steps, (1.0, 1.0, 2.0)).tolist() == [2, 2, 2, 2, 1, 1]
    assert edge_weights(steps, (1.0, 1.0, 1.5)).tolist() == [24, 24, 24, 24, 16, 16]


@pytest.mark.parametrize("key", range(6))
def test_the_cut_is_exact_whatever_the_first_guess(key):
    chance = np.random.Generator(np.random.Philox(key=key))
    cost = chance.integers(1, 60, (9, 8, 7))
    seeds = np.zeros(cost.shape, dtype=np.uint8)
    seeds[0, :3, :3], seeds[-1, -3:, -3:] = 1, 2
    good = minimum_cut(cost, seeds)
    wild = minimum_cut(cost, seeds, upper_bound_mask=chance.random(cost.shape) < 0.5)
    assert wild.certificate.passed
    assert wild.value == good.value
    assert (wild.labels == good.labels).all()


def test_26_neighbours_come_in_opposite_pairs():
    steps = neighbour_steps(26)
    assert len({tuple(step) for step in steps.tolist()}) == 26
    assert (steps[0::2] == -steps[1::2]).all()


def test_26_neighbours_give_a_certified_cut():
    cost = np.random.Generator(np.random.Philox(key=4)).integers(1, 30, (9, 9, 9))
    seeds = np.zeros(cost.shape, dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    cut = minimum_cut(cost, seeds, neighbours=26)
    assert cut.certificate.passed
    assert cut.value > minimum_cut(cost, seeds).value


def test_float_costs_are_quantised_and_say_so():
    cost = row(9.0, 7.0, 1.0, 2.0, 9.0)
    cut = minimum_cut(cost, ends(5))
    assert cut.scale == pytest.approx(16383 / 9)
    assert cut.value / cut.scale == pytest.approx(3.0, rel=1e-3)
    assert cut.certificate.passed


def test_directed_edges():
    capacities = np.zeros((6, 3, 1, 1), dtype=np.uint16)
    capacities[0, :, 0, 0] = [7, 4, 99]  # the last leaves the grid and leads nowhere
    capacities[1, :, 0, 0] = [99, 50, 60]
    source = np.array([True, False, False]).reshape(3, 1, 1)
    cut = minimum_cut_edges(capacities, source, source[::-1])
    assert cut.value == cut.lower_bound == 4
    assert cut.labels.ravel().tolist() == [1, 1, 2]
    assert minimum_cut_edges(capacities, source[::-1], source).value == 50


GOOD = np.full((3, 3, 3), 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost": GOOD[0]}, r"shape \(3, 3\), expected three axes"),
        ({"cost": -GOOD}, "down to -5, expected 0 or more"),
        ({"cost": GOOD * np.nan}, "values that are not finite: from nan to nan"),
        ({"cost": GOOD * 2**28}, "sums would overflow"),
        ({"cost": GOOD.astype(str)}, "expected integers or floats"),
        ({"seeds": np.zeros((3, 3, 3), np.uint8)}, "no source seed"),
        ({"seeds": np.eye(3, dtype=np.uint8)[None] * np.ones((3, 1, 1), np.uint8)}, "no sink seed"),
        ({"seeds": np.full((3, 3, 3), 7)}, "expected whole numbers 0, 1, 2"),
        ({"seeds": np.zeros((2, 3, 3))}, r"expected \(3, 3, 3\)"),
        ({"neighbours": 18}, "neighbours is 18, expected 6 or 26"),
        ({"spacing": (1.0, 0.0, 1.0)}, "three finite numbers above 0"),
        ({"unary": np.full((3, 3, 3), np.inf)}, "not finite"),
        ({"unary": np.full((3, 3, 3), 2**40)}, "expected at most"),
        ({"walled": np.zeros((3, 3, 3), int)}, "expected booleans"),
    ],
)
def test_bad_input_is_refused_by_name(change, message):
    seeds = np.zeros((3, 3, 3), dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    arguments = {"cost": GOOD, "seeds": seeds} | change
    with pytest.raises(InputError, match=message):
        minimum_cut(arguments.pop("cost"), arguments.pop("seeds"), **arguments)


def test_seeds_in_air_are_refused():
    with pytest.raises(InputError, match="1 seeds lie where the cost is 0"):
        minimum_cut(row(0, 5, 5), ends(3))


@pytest.mark.parametrize(
    ("capacities", "message"),
    [
        (np.zeros((5, 3, 1, 1), np.uint8), r"expected \(6, I, J, K\)"),
        (np.zeros((6, 3, 1, 1)), "expected whole numbers"),
        (np.full((6, 3, 1, 1), 2**31), "expected 0 to"),
        (np.full((6, 3, 1, 1), -1), "expected 0 to"),
    ],
)
def test_bad_capacities_are_refused(capacities, message):
    source = np.array([True, False, False]).reshape(3, 1, 1)
    with pytest.raises(InputError, match=message):
        minimum_cut_edges(capacities, source, source[::-1])


def test_overlapping_source_and_sink_are_refused():
    everywhere = np.ones((3, 1, 1), dtype=bool)
    with pytest.raises(InputError, match="source and sink at once"):
        minimum_cut_edges(np.ones((6, 3, 1, 1), np.uint8), everywhere, everywhere)


def solved(shape=(7, 6, 5), key=1):
    """Flow and labels of a solved problem, open to tampering, and the verdict on them."""
    cost = np.random.Generator(np.random.Philox(key=key)).integers(1, 40, shape)
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    cut = minimum_cut(cost, seeds)
    given, layout, labels = cut.network.given, cut.network.layout, cut.labels
    flow = layout.view(cut.network.level.flow)

    def verdict():
        claim = Claim(
            cost=cost,
            weights=given.weights,  # all 1
            seeds=seeds,
            labels=labels,
            ahead=given.ahead[layout.order(3)],
            corner=layout.corner,
            flow=flow,
        )
        return certify_flow(claim)

    return flow, labels, verdict


def test_the_certificate_passes_the_solver():
    assert solved()[2]().passed


@pytest.mark.parametrize("units", [1, -1])
@pytest.mark.parametrize("half", range(3))
def test_one_unit_moved_on_one_edge_is_rejected(half, units):
    flow, _, verdict = solved()
    flow[3, 3, 3, half] += units
    assert verdict().conservation == 2
    assert not verdict().passed


def test_an_overfull_edge_is_rejected():
    flow, _, verdict = solved()
    flow[3, 3, 3, 2] = 1 + 2 * 40
    assert verdict().capacity == 1
    flow[3, 3, 3, 2] = -1 - 2 * 40
    assert verdict().capacity == 1
    assert not verdict().passed


def test_one_flipped_label_is_rejected():
    _, labels, verdict = solved()
    labels[3, 2, 2] = 3 - labels[3, 2, 2]
    found = verdict()
    assert not found.passed
    assert found.value > found.flow


def test_a_seed_on_the_wrong_side_is_rejected():
    _, labels, verdict = solved()
    labels[0, 0, 0] = 2
    assert verdict().labels == 1
