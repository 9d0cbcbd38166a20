"""The primal-dual engine against an independent maximum flow, and its bound against tampering."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from diptych.kernels.mincut import minimum_cut
from diptych.kernels.mincut.grid import edge_weights, neighbour_steps
from diptych.kernels.mincut.primal_dual import _take_block, certify_preview, solve_primal_dual
from diptych.kernels.mincut.primal_dual_run import Crew, start_finest
from diptych.kernels.mincut.primal_dual_steps import _leans, move_slab
from diptych.model import InputError

SHAPE = (7, 6, 9)
FIELDS_THAT_MOVE = ("lean", "lead", "flow", "due", "due_row")


def chance(key):
    return np.random.Generator(np.random.Philox(key=key))


def edges_of(problem):
    """Tails, heads and capacities of each pair of tissue neighbours, both ways."""
    cost, walled = problem["cost"], problem["walled"]
    index = np.arange(cost.size).reshape(cost.shape)
    tails, heads, rooms = [], [], []
    for step, weight in zip(problem["steps"].tolist(), problem["weights"], strict=True):
        here = tuple(
            slice(max(0, -s), n - max(0, s)) for s, n in zip(step, cost.shape, strict=True)
        )
        there = tuple(
            slice(max(0, s), n - max(0, -s)) for s, n in zip(step, cost.shape, strict=True)
        )
        a, b = cost[here], cost[there]
        room = weight * (a + b)
        if walled is not None:
            room = np.where(walled[here] != walled[there], weight * 2 * np.minimum(a, b), room)
        both = (a > 0) & (b > 0)
        tails.append(index[here][both])
        heads.append(index[there][both])
        rooms.append(room[both])
    return np.concatenate(tails), np.concatenate(heads), np.concatenate(rooms)


def optimum(problem):
    """The maximum flow by scipy."""
    cost, seeds, unary = problem["cost"], problem["seeds"].ravel(), problem["unary"]
    price = np.zeros(cost.size, dtype=np.int64) if unary is None else unary.ravel()
    price = np.where((seeds > 0) | (cost.ravel() == 0), 0, price)
    supply = np.where(seeds == 1, 2**28, np.maximum(price, 0))
    demand = np.where(seeds == 2, 2**28, np.maximum(-price, 0))
    tails, heads, rooms = edges_of(problem)
    source, sink = cost.size, cost.size + 1
    firsts, lasts = np.flatnonzero(supply), np.flatnonzero(demand)
    tails = np.concatenate([tails, np.full(len(firsts), source), lasts])
    heads = np.concatenate([heads, firsts, np.full(len(lasts), sink)])
    rooms = np.concatenate([rooms, supply[firsts], demand[lasts]]).astype(np.int32)
    graph = csr_array((rooms, (tails, heads)), shape=(cost.size + 2,) * 2)
    return int(maximum_flow(graph, source, sink).flow_value)


def severed(problem, labels):
    """What labels cost, by the definition."""
    side = labels.ravel()
    tails, heads, rooms = edges_of(problem)
    total = rooms[(side[tails] == 1) & (side[heads] == 2)].sum()
    if problem["unary"] is not None:
        free = (problem["seeds"] == 0) & (problem["cost"] > 0)
        price = problem["unary"]
        total += price[free & (price > 0) & (labels == 2)].sum()
        total -= price[free & (price < 0) & (labels == 1)].sum()
    return int(total)


def costs_of(kind, draw, shape):
    if kind == "uniform":
        return draw.integers(1, 128, shape)
    if kind == "bimodal":
        return np.where(draw.random(shape) < 0.3, 1, 200)
    if kind == "holes":
        return draw.integers(1, 60, shape) * (draw.random(shape) > 0.35)
    if kind == "constant":
        return np.full(shape, 7)
    if kind == "heavy":
        return np.clip(draw.pareto(0.7, shape) * 3, 1, 16383).astype(int)
    return np.where(draw.random(shape) < 0.5, 1, 16383)


def make_problem(kind, key, neighbours=6, extras="", shape=SHAPE):
    draw = chance(key)
    cost = costs_of(kind, draw, shape)
    seeds = np.zeros(shape, dtype=np.uint8)
    if key % 2:
        seeds[0, :3], seeds[-1, -3:] = 1, 2
    else:
        places = draw.choice(cost.size, 6, replace=False)
        seeds.ravel()[places] = [1, 1, 1, 2, 2, 2]
    cost[seeds > 0] = np.maximum(cost[seeds > 0], 1)
    steps = neighbour_steps(neighbours)
    spacing = (1.0, 0.7, 2.0) if key % 3 == 0 else (1.0, 1.0, 1.0)
    unary = draw.integers(-90, 90, shape) if "unary" in extras else None
    walled = draw.random(shape) < 0.3 if "walled" in extras else None
    return {
        "cost": cost,
        "seeds": seeds,
        "weights": edge_weights(steps, spacing),
        "steps": steps,
        "unary": unary,
        "walled": walled,
    }


KINDS = ("uniform", "bimodal", "holes", "constant", "heavy", "contrast")
CASES = [
    *((kind, key, 6, "") for kind in KINDS for key in range(6)),
    *((kind, key, 26, "") for kind in KINDS for key in (6, 7)),
    *((kind, key, 6, "unary") for kind in KINDS for key in (8, 9)),
    *((kind, key, 6, "unary walled") for kind in KINDS for key in (10, 11)),
]


def bounded(problem, gap=0.0, **options):
    return solve_primal_dual(**problem, gap=gap, **options)


@cache
def solved(case):
    """Problem, preview without a gap, and optimum of a case."""
    problem = make_problem(*case)
    return problem, bounded(problem), optimum(problem)


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_bound_optimum_and_value_are_in_order(case):
    problem, found, best = solved(case)
    assert found.lower_bound <= best <= found.value == severed(problem, found.labels)
    assert found.gap < 0.001
    assert certify_preview(found, **problem) == (found.value, found.lower_bound)
    if found.value - found.lower_bound < 1:
        assert found.value == best
        assert found.gap == 0.0


def row(*costs):
    return np.array(costs).reshape(-1, 1, 1)


def row_problem(cost, seeds, **more):
    steps = neighbour_steps(6)
    weights = edge_weights(steps, (1.0, 1.0, 1.0))
    seeds = row(*seeds).astype(np.uint8)
    plain = {"unary": None, "walled": None}
    return {"cost": row(*cost), "seeds": seeds, "steps": steps, "weights": weights} | plain | more


def test_a_row_is_cut_where_it_is_cheapest():
    found = bounded(row_problem((9, 7, 1, 2, 9), (1, 0, 0, 0, 2)))
    assert (found.value, found.lower_bound) == (3, 3)
    assert found.labels.ravel().tolist() == [1, 1, 1, 2, 2]


def test_along_a_wall_only_the_cheaper_side_counts():
    walled = row(False, False, True, True, False)
    found = bounded(row_problem((5, 2, 90, 90, 5), (1, 0, 0, 0, 2), walled=walled))
    assert (found.value, found.lower_bound) == (4, 4)
    assert found.labels.ravel().tolist() == [1, 1, 2, 2, 2]


def test_unary_terms_move_the_cut():
    found = bounded(row_problem((5, 1, 5, 5), (1, 0, 0, 2), unary=row(0, 0, 100, 0)))
    assert (found.value, found.lower_bound) == (10, 10)
    assert found.labels.ravel().tolist() == [1, 1, 1, 2]


def test_parts_that_cannot_be_cut_keep_the_bound_exact():
    cost = (5, 5, 0, 1, 16383, 1, 0, 9, 3, 4, 9, 0, 7, 7)
    seeds = (1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 2)
    found = bounded(row_problem(cost, seeds))
    assert (found.value, found.lower_bound) == (7, 7)
    assert found.labels.ravel().tolist() == [1, 1, 0, 2, 2, 2, 0, 1, 1, 2, 2, 0, 2, 2]


def test_a_part_without_seeds_is_cut_when_unary_terms_pull_both_ways():
    unary = row(0, 0, 0, 50, 0, -50)
    found = bounded(row_problem((5, 5, 0, 4, 2, 3), (1, 2, 0, 0, 0, 0), unary=unary))
    assert (found.value, found.lower_bound) == (15, 15)
    assert found.labels.ravel().tolist() == [1, 2, 0, 1, 1, 2]


def test_seeds_in_separate_pieces_cost_nothing_to_part():
    found = bounded(row_problem((5, 0, 6), (1, 0, 2)))
    assert (found.value, found.lower_bound, found.gap) == (0, 0, 0.0)


def test_touching_seeds_are_parted_at_the_cost_of_their_edge():
    found = bounded(row_problem((5, 6), (1, 2)))
    assert (found.value, found.lower_bound) == (11, 11)


def test_too_few_steps_give_the_true_gap():
    problem = make_problem("uniform", 1, shape=(12, 10, 11))
    found, best = bounded(problem, iterations=3), optimum(problem)
    assert found.iterations == 3
    assert found.lower_bound < best <= found.value
    assert found.gap == (found.value - found.lower_bound) / found.value > 0


def test_the_gap_asked_for_is_enough():
    problem = make_problem("uniform", 3, shape=(24, 20, 22))
    rough, exact = bounded(problem, gap=0.05), bounded(problem, gap=0.0)
    assert rough.iterations < exact.iterations
    assert rough.gap <= 0.05
    assert rough.lower_bound <= exact.value == exact.lower_bound <= rough.value


@pytest.mark.slow
def test_large_cut_agrees_with_the_exact_engine():
    problem = make_problem("bimodal", 1, shape=(40, 30, 70))
    found = bounded(problem)
    exact = minimum_cut(problem["cost"], problem["seeds"])
    assert found.value == found.lower_bound == exact.value


@pytest.mark.parametrize(
    ("neighbours", "iterations"),
    [(6, 9), (26, 9), (6, 160), pytest.param(26, 160, marks=pytest.mark.slow)],
)
def test_threads_change_no_byte(neighbours, iterations):
    problem = make_problem("bimodal", 1, neighbours, shape=(40, 14, 70))
    one, two, three = (bounded(problem, threads=n, iterations=iterations) for n in (1, 2, 3))
    for other in (two, three):
        assert other.flow.tobytes() == one.flow.tobytes()
        assert other.labels.tobytes() == one.labels.tobytes()
        assert (other.value, other.lower_bound) == (one.value, one.lower_bound)
        assert other.iterations == one.iterations


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("iterations", [5, 2000])
def test_swapping_the_twins_keeps_value_and_bound(kind, iterations):
    problem = make_problem(kind, 8, 6, "unary walled")
    swapped = problem | {"seeds": (3 - problem["seeds"]) % 3, "unary": -problem["unary"]}
    one, other = (bounded(p, iterations=iterations) for p in (problem, swapped))
    assert (one.value, one.lower_bound) == (other.value, other.lower_bound)
    if one.gap > 0:
        tissue = problem["cost"] > 0
        assert (one.labels[tissue] == 3 - other.labels[tissue]).all()


@pytest.mark.parametrize("threshold", range(4))
def test_thresholds_look_the_same_from_either_side(threshold):
    for z in np.linspace(-0.5, 0.5, 9, dtype=np.float32):
        assert _leans(z, threshold) != _leans(-z, 3 - threshold)


def one_more_step(level, step, everything):
    """Leans and flows after one more step, of what is due or of every piece."""
    level = level._replace(**{name: getattr(level, name).copy() for name in FIELDS_THAT_MOVE})
    if everything:
        level.due.fill(step)
        level.due_row.fill(step)
    move_slab(level, (1, level.cost.shape[0] - 1), step, 1, (False, False))
    return level.lean.tobytes(), level.flow.tobytes()


def make_sandwich():
    """Dear blocks that soon come to rest around cheap layers where the cut is hard to find."""
    problem = make_problem("uniform", 1, shape=(30, 10, 140))
    problem["cost"] += 300
    problem["cost"][11:18] = chance(2).integers(1, 9, (7, 10, 140))
    problem["seeds"][:] = 0
    problem["seeds"][:3], problem["seeds"][-3:] = 1, 2
    return problem


def test_what_is_skipped_would_not_have_moved(monkeypatch):
    monkeypatch.setattr("diptych.kernels.mincut.primal_dual_run._STALLED", 0)
    problem = make_sandwich()
    edges = problem["steps"], problem["weights"]
    given = _take_block(problem["cost"], problem["seeds"], (None, None), edges, (slice(None),) * 3)
    skipped, flows = 0, set()
    with ThreadPoolExecutor(max_workers=1) as pool:
        run = start_finest(given, np.zeros_like(given.seeds), Crew(1, pool))
        for limit in range(12, 240, 12):
            run.approach(0.0, limit)
            skipped += int((run.level.due_row[1:-1, 1:-1] <= run.step).sum())
            flows.add(run.level.flow.ctypes.data)
            due, every = (one_more_step(run.level, run.step + 1, e) for e in (False, True))
            alike = due == every
            assert alike
    assert skipped > 100
    assert len(flows) == 2  # the steps started again from a mean


def tampered(found, draw, how):
    flow = found.flow.copy()
    places = draw.choice(flow.size, 40, replace=False)
    extra = {"more": 3.0, "huge": 1e9, "endless": np.inf, "none": np.nan}[how]
    flow.ravel()[places] += extra * draw.choice([-1.0, 1.0], 40)
    return replace(found, flow=flow)


@pytest.mark.parametrize("how", ["more", "huge", "endless", "none"])
@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: "-".join(map(str, case)))
def test_no_tampered_flow_lifts_the_bound_above_the_optimum(case, how):
    problem, found, best = solved(case)
    for key in range(5):
        value, bound = certify_preview(tampered(found, chance(key), how), **problem)
        assert bound <= best == value


def test_random_flows_never_prove_too_much():
    problem = make_problem("uniform", 4, 26, "unary walled")
    found, best = bounded(problem), optimum(problem)
    for key in range(20):
        flow = chance(key).normal(0.0, 300.0, found.flow.shape).astype(np.float32)
        assert certify_preview(replace(found, flow=flow), **problem)[1] <= best


def test_a_flow_of_one_unit_less_proves_one_unit_less():
    problem = row_problem((9, 7, 1, 2, 9), (1, 0, 0, 0, 2))
    found = bounded(problem)
    flow = np.zeros_like(found.flow)
    flow[0, 1:] = 2.0
    assert certify_preview(replace(found, flow=flow), **problem) == (3, 2)
    flow[0, 3] = 1.0
    assert certify_preview(replace(found, flow=flow), **problem) == (3, 1)
    flow[0, 3] = -2.0
    assert certify_preview(replace(found, flow=flow), **problem) == (3, 0)


def test_a_fraction_of_a_unit_is_rounded_up_to_the_next_whole_cut():
    problem = row_problem((9, 7, 1, 2, 9), (1, 0, 0, 0, 2))
    found = bounded(problem)
    flow = np.zeros_like(found.flow)
    flow[0, 1:] = 2.25
    assert certify_preview(replace(found, flow=flow), **problem)[1] == 3


def test_labels_that_are_no_cut_are_refused():
    problem = make_problem("holes", 1)
    found = bounded(problem)
    labels = found.labels.copy()
    labels[problem["cost"] == 0] = 1
    with pytest.raises(InputError, match="label that does not fit"):
        certify_preview(replace(found, labels=labels), **problem)
    labels = found.labels.copy()
    labels[problem["seeds"] == 1] = 2
    with pytest.raises(InputError, match=r"\d+ voxels have a label"):
        certify_preview(replace(found, labels=labels), **problem)


def test_a_certificate_for_other_tissue_is_refused():
    problem = row_problem((9, 7, 1, 2, 9, 0, 0), (1, 0, 0, 0, 2, 0, 0))
    found = bounded(problem)
    problem["cost"][-1] = 4
    with pytest.raises(InputError, match="tissue lies outside"):
        certify_preview(found, **problem)
