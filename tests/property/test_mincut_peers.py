"""Minimum cut equals maximum flow: our kernel against two independent solvers.

Not the value alone: labels are compared voxel by voxel with the smallest source side of all
minimum cuts, read off the other solver's residual graph.
"""

import inspect
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import mincut_cases
import numpy as np
import pytest
from mincut_cases import (
    KINDS,
    answer,
    capacities_of,
    chance_of,
    draw_case,
    draw_edges,
    fits_scipy,
    need,
    network_of,
    network_of_edges,
    price_of,
    touching,
)
from mincut_structures import (
    STRUCTURES,
    build_phantom,
    build_structure,
    checkerboard,
    comb,
    decoys,
    level,
    swiss_cheese,
    tilted_sheet,
)

from diptych.kernels.mincut import drain, minimum_cut, minimum_cut_edges

QUICK = range(0, 1040, 7)
MISLEADING = (decoys, checkerboard, tilted_sheet, swiss_cheese, comb, level)
CHUNKS = [range(start, start + 650) for start in range(0, 5200, 650)]
EDGE_CHUNKS = [range(start, start + 500) for start in range(0, 2000, 500)]
ANISOTROPIC = {"spacing": (1, 1, 1.7)}
AROUND = {"neighbours": 26}


def agree(cut, network, shape, tissue, name, solvers):
    """Value, bound, certificate and each single label are what the other solvers say."""
    assert cut.certificate.passed, name
    for solver in solvers:
        value, side = answer(network, shape, solver)
        assert cut.value == cut.lower_bound == value, (name, solver)
        wrong = np.flatnonzero((cut.labels != np.where(tissue, side, 0)).ravel())
        assert wrong.size == 0, (name, solver, f"{wrong.size} wrong labels, first {wrong[:5]}")
    assert price_of(network, cut.labels) == cut.value, name
    assert cut.labels.shape == shape, name
    assert cut.labels.dtype == np.uint8, name


def solvers_for(network, number):
    """Both solvers in turn; OR-tools where scipy would overflow."""
    return ("scipy",) if number % 2 and fits_scipy(network) else ("ortools",)


def check_case(case, number=0, **more):
    network = network_of(case)
    cut = minimum_cut(case.cost, case.seeds, **case.options, **more)
    agree(cut, network, case.cost.shape, case.cost > 0, case.name, solvers_for(network, number))
    return cut


def check_edges(number, **more):
    capacities, source, sink = draw_edges(number)
    network = network_of_edges(capacities, source, sink)
    cut = minimum_cut_edges(capacities, source, sink, **more)
    everywhere = np.ones(source.shape, dtype=bool)
    agree(cut, network, source.shape, everywhere, number, solvers_for(network, number))
    return cut


def same(one, other, name):
    assert one.value == other.value, name
    assert one.lower_bound == other.lower_bound, name
    assert one.labels.tobytes() == other.labels.tobytes(), name


# A hundred and fifty quick ones, and more than five thousand


@pytest.mark.parametrize("first", range(4))
def test_some_cases_equal_the_peers(first):
    for number in QUICK[first::4]:
        check_case(draw_case(number), number)


@pytest.mark.parametrize("first", range(2))
def test_some_directed_edges_equal_the_peers(first):
    for number in range(first, 80, 2):
        check_edges(number)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", CHUNKS, ids=lambda chunk: f"{chunk[0]}-{chunk[-1]}")
def test_all_cases_equal_the_peers(chunk):
    done = [check_case(draw_case(number), number) for number in chunk]
    assert len(done) == len(chunk)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", EDGE_CHUNKS, ids=lambda chunk: f"{chunk[0]}-{chunk[-1]}")
def test_all_directed_edges_equal_the_peers(chunk):
    done = [check_edges(number) for number in chunk]
    assert len(done) == len(chunk)


def test_the_cases_are_more_than_a_thousand_and_all_different():
    numbers = sorted({number for chunk in CHUNKS for number in chunk})
    assert numbers == list(range(5200))
    assert sorted({number for chunk in EDGE_CHUNKS for number in chunk}) == list(range(2000))
    cases = [draw_case(number) for number in numbers[:1100]]
    prints = {(case.cost.tobytes(), case.seeds.tobytes(), str(case.options)) for case in cases}
    assert len(prints) == len(cases) >= 1000
    kinds = {case.name.split()[1] for case in cases}
    assert kinds == set(KINDS)
    assert not any(touching(case.seeds, case.neighbours) for case in cases)
    for holds in (
        lambda case: case.neighbours == 26,
        lambda case: "spacing" in case.options,
        lambda case: "unary" in case.options,
        lambda case: "walled" in case.options,
        lambda case: min(case.cost.shape) <= 2,
        lambda case: case.cost.max() > 2**20,
        lambda case: (case.cost == 0).any(),
    ):
        assert sum(map(holds, cases)) >= 80


def test_the_two_peers_agree_with_each_other():
    """An oracle that is wrong would be found here before it accuses the kernel."""
    for number in range(2, 1040, 40):
        case = draw_case(number)
        network = network_of(case)
        if fits_scipy(network):
            one, other = (answer(network, case.cost.shape, s) for s in ("scipy", "ortools"))
            assert one[0] == other[0] == price_of(network, one[1])
            assert (one[1] == other[1]).all()


# Larger ones, where a coarse grid misleads


@pytest.mark.parametrize("make", MISLEADING, ids=lambda make: make.__name__)
def test_structures_that_mislead_a_coarse_grid(make):
    check_case(build_structure(make, 36))


@pytest.mark.slow
@pytest.mark.parametrize("make", STRUCTURES, ids=lambda make: make.__name__)
@pytest.mark.parametrize(
    ("size", "options"),
    [
        (36, {}),
        (25, AROUND | ANISOTROPIC),
        (40, AROUND),
        (31, {}),
        (42, ANISOTROPIC),
        (48, {}),
        (72, {}),
    ],
)
def test_larger_structures(make, size, options):
    check_case(build_structure(make, size, **options))


@pytest.mark.slow
@pytest.mark.parametrize("make", STRUCTURES, ids=lambda make: make.__name__)
def test_larger_structures_with_unary_terms_and_walls(make):
    case = build_structure(make, 38)
    chance = chance_of(STRUCTURES.index(make), 38)
    i, j, _ = np.indices(case.cost.shape)
    case.options["unary"] = np.where((i // 6 + j // 6) % 5 == 0, chance.integers(-9, 10), 0)
    case.options["walled"] = (i // 7 + j // 7) % 3 == 0
    check_case(case)


@pytest.mark.slow
@pytest.mark.parametrize("make", STRUCTURES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("one_way", [False, True])
def test_larger_structures_as_directed_edges(make, one_way):
    """The same edges, then with a random share taken away in each direction."""
    case = build_structure(make, 40)
    capacities = capacities_of(case)
    if one_way:
        chance = chance_of(STRUCTURES.index(make), 40)
        capacities = capacities * chance.integers(0, 4, capacities.shape)
    source, sink = case.seeds == 1, case.seeds == 2
    network = network_of_edges(capacities, source, sink)
    cut = minimum_cut_edges(capacities, source, sink)
    everywhere = np.ones(source.shape, dtype=bool)
    agree(cut, network, source.shape, everywhere, case.name, ("ortools",))


@pytest.mark.parametrize("kind", ["small", "large"])
def test_the_phantom_of_the_benchmark(kind):
    check_case(build_phantom(32, kind))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "options"),
    list(product(["small", "large"], [{}, ANISOTROPIC, AROUND])),
)
def test_the_phantom_of_the_benchmark_larger(kind, options):
    case = build_phantom(48, kind)
    case.options.update(options)
    check_case(case)


# Edges one by one, and costs one by one: two forms of one problem


def test_both_forms_give_the_same_cut():
    for number in range(0, 1040, 13):
        case = draw_case(number)
        if case.options.keys() & {"unary", "walled"} or case.neighbours == 26:
            continue
        cut = minimum_cut(case.cost, case.seeds, **case.options)
        edges = minimum_cut_edges(capacities_of(case), case.seeds == 1, case.seeds == 2)
        assert edges.value == cut.value, case.name
        tissue = case.cost > 0
        assert (edges.labels[tissue] == cut.labels[tissue]).all(), case.name
        assert (edges.labels[~tissue] == 2).all(), case.name


def test_edges_may_join_seeds_of_two_kinds():
    """With explicit edges, seeds may touch; the edge between them is cut at its capacity."""
    capacities = np.zeros((6, 2, 1, 1), dtype=np.int64)
    capacities[0, 0], capacities[1, 1] = 11, 5
    source = np.array([True, False]).reshape(2, 1, 1)
    cut = minimum_cut_edges(capacities, source, ~source)
    assert (cut.value, cut.lower_bound) == (11, 11)
    assert minimum_cut_edges(capacities, ~source, source).value == 5


def test_the_largest_capacities_do_not_overflow():
    """Every edge full: the flow is far above 32 bits."""
    capacities = np.full((6, 9, 9, 9), mincut_cases.LARGEST_EDGE)
    source = np.zeros((9, 9, 9), dtype=bool)
    source[0] = True
    cut = minimum_cut_edges(capacities, source, source[::-1])
    assert cut.value == cut.lower_bound == 81 * mincut_cases.LARGEST_EDGE
    assert cut.certificate.passed
    assert (cut.labels == np.where(source, 1, 2)).all()


# Threads, and cuts known before, change nothing


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_nothing(threads):
    need(minimum_cut, "threads")
    for number in range(1, 1040, 26):
        check_case(draw_case(number), number, threads=threads)


@pytest.mark.slow
@pytest.mark.parametrize("make", STRUCTURES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("neighbours", [6, 26])
def test_two_threads_equal_one(make, neighbours):
    need(minimum_cut, "threads")
    case = build_structure(make, 48 if neighbours == 6 else 36, neighbours=neighbours)
    one = check_case(case, threads=1)
    for _ in range(3):
        same(one, minimum_cut(case.cost, case.seeds, **case.options, threads=2), case.name)


@pytest.mark.slow
def test_two_threads_equal_one_on_edges():
    need(minimum_cut_edges, "threads")
    for number in range(200):
        same(check_edges(number, threads=1), check_edges(number, threads=2), number)


@pytest.mark.parametrize("number", range(3, 60, 4))
def test_a_cut_known_before_changes_speed_only(number):
    need(minimum_cut, "upper_bound_mask")
    case = draw_case(number)
    cold = minimum_cut(case.cost, case.seeds, **case.options)
    chance = chance_of(number, 8)
    for mask in (
        cold.labels == 1,
        case.seeds == 1,
        case.seeds != 2,
        chance.random(case.cost.shape) < 0.5,
        cold.labels != 1,
    ):
        warm = check_case(case, upper_bound_mask=mask)
        same(warm, cold, case.name)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_order_of_work_changes_nothing(monkeypatch, threads):
    """Tiles of two voxels, no slack to speak of, few relabels before a cut is called poor."""
    for number in range(0, 120, 2):
        case = draw_case(number)
        cold = minimum_cut(case.cost, case.seeds, **case.options)
        mask = np.roll(cold.labels == 1, 1, axis=0)
        with monkeypatch.context() as patch:
            patch.setattr(drain, "_TILE", 2)
            patch.setattr(drain, "_SLACK", 2)
            patch.setattr(drain, "_RELABELS", 1 + number % 5)
            patch.setattr(drain, "_POOR", 1 + number % 3)
            for more in ({}, {"upper_bound_mask": mask}):
                same(check_case(case, threads=threads, **more), cold, case.name)


@pytest.mark.slow
@pytest.mark.parametrize("make", STRUCTURES, ids=lambda make: make.__name__)
def test_the_order_of_work_changes_nothing_in_larger_structures(monkeypatch, make):
    case = build_structure(make, 38)
    cold = minimum_cut(case.cost, case.seeds)
    monkeypatch.setattr(drain, "_TILE", 5)
    monkeypatch.setattr(drain, "_PROBE", 1 << 6)
    same(check_case(case, threads=2), cold, case.name)


@pytest.mark.slow
@pytest.mark.parametrize("make", STRUCTURES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("shift", [0, 1, -3])
def test_a_larger_cut_known_before_changes_speed_only(make, shift):
    need(minimum_cut, "upper_bound_mask")
    case = build_structure(make, 38)
    cold = minimum_cut(case.cost, case.seeds)
    mask = np.roll(cold.labels == 1, shift, axis=1)
    same(check_case(case, upper_bound_mask=mask), cold, case.name)


def test_callers_on_several_threads_do_not_disturb_each_other():
    """Nothing is shared between two calls that run at the same time."""
    cases = [draw_case(number) for number in range(60)] * 2
    with ThreadPoolExecutor(4) as pool:
        cuts = list(pool.map(lambda c: minimum_cut(c.cost, c.seeds, **c.options), cases))
    for case, cut, again in zip(cases, cuts[:60], cuts[60:], strict=False):
        same(cut, again, case.name)
        same(cut, minimum_cut(case.cost, case.seeds, **case.options), case.name)


def test_the_agreed_options_are_there():
    """Tests above that are left out for want of an option are named here."""
    agreed = {"neighbours", "spacing", "unary", "walled", "upper_bound_mask", "threads"}
    assert agreed | {"engine", "gap"} <= inspect.signature(minimum_cut).parameters.keys()
    assert "threads" in inspect.signature(minimum_cut_edges).parameters


@pytest.mark.parametrize("number", range(6, 60, 9))
@pytest.mark.parametrize("gap", [0.05, 0.001])
def test_a_preview_keeps_its_promised_gap(number, gap):
    """The optimum lies between the bound and the value, and these lie close together."""
    need(minimum_cut, "engine", "gap")
    case = draw_case(number)
    network = network_of(case)
    optimum, _ = answer(network, case.cost.shape, "ortools")
    cut = minimum_cut(case.cost, case.seeds, **case.options, engine="primal-dual", gap=gap)
    assert cut.lower_bound <= optimum <= cut.value
    assert cut.value == price_of(network, cut.labels)
    assert cut.value - cut.lower_bound <= gap * max(cut.value, 1)
    assert ((cut.labels > 0) == (case.cost > 0)).all()
    assert (cut.labels[case.seeds > 0] == case.seeds[case.seeds > 0]).all()


# The smallest source side


def test_labels_do_not_depend_on_where_the_grid_begins():
    for number in (4, 5, 17, 18, 31, 44, 57):
        case = draw_case(number)
        wide = {
            name: np.pad(value, ((3, 5), (1, 2), (7, 0)))
            if isinstance(value, np.ndarray)
            else value
            for name, value in (case.options | {"cost": case.cost, "seeds": case.seeds}).items()
        }
        wider = minimum_cut(wide.pop("cost"), wide.pop("seeds"), **wide)
        cut = minimum_cut(case.cost, case.seeds, **case.options)
        assert wider.value == cut.value
        assert (wider.labels[3:-5, 1:-2, 7:] == cut.labels).all()


def test_swapping_the_seeds_swaps_the_cut():
    """Same value; the two smallest sides cannot overlap."""
    for number in range(0, 104, 3):
        case = draw_case(number)
        terms = case.options.get("unary")
        swapped = case.options | ({} if terms is None else {"unary": -terms})
        cut = minimum_cut(case.cost, case.seeds, **case.options)
        back = minimum_cut(case.cost, (3 - case.seeds) % 3, **swapped)
        assert back.value == cut.value
        assert not ((back.labels == 1) & (cut.labels == 1)).any()
