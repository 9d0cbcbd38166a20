"""Laws of minimum cuts, on whatever hypothesis thinks up."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mincut_cases import (
    FACES,
    Case,
    answer,
    capacities_of,
    need,
    network_of,
    network_of_edges,
    part_seeds,
    price_of,
)

from diptych.kernels.mincut import minimum_cut, minimum_cut_edges

LAW = settings(max_examples=25, deadline=None, derandomize=True, database=None)
SPACINGS = ((1, 1, 1), (1, 1, 2), (2, 1, 1), (0.8, 1.1, 2.5))


def shapes(least=2, most=6):
    return st.tuples(*[st.integers(1, most)] * 3).filter(lambda shape: np.prod(shape) > least)


@st.composite
def cases(draw, plain=False):
    """Any costs, any seeds of both kinds that do not touch, any options."""
    shape = draw(shapes().filter(lambda shape: max(shape) > 2))
    top = draw(st.sampled_from([1, 2, 9, 1000]))
    cost = draw(arrays(np.int64, shape, elements=st.integers(0, top), fill=st.just(1)))
    codes = draw(arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 0, 0, 1, 2])))
    codes[:2, :2, :2], codes[-2:, -2:, -2:] = 0, 0
    codes[cost == 0] = 0
    for place, code in (((0, 0, 0), 1), ((-1, -1, -1), 2)):
        codes[place], cost[place] = code, max(1, cost[place])
    options = {"neighbours": 6 if plain else draw(st.sampled_from([6, 26]))}
    if not plain:
        options["spacing"] = draw(st.sampled_from(SPACINGS))
        options["unary"] = draw(arrays(np.int64, shape, elements=st.integers(-9, 9)))
        options["walled"] = draw(arrays(np.bool_, shape))
    seeds = part_seeds(codes, options["neighbours"])
    return Case(name="drawn", cost=cost, seeds=seeds, options=options)


def cut_of(case, **changes):
    given = {"cost": case.cost, "seeds": case.seeds} | case.options | changes
    return minimum_cut(given.pop("cost"), given.pop("seeds"), **given)


@LAW
@given(cases())
def test_equals_an_independent_solver(case):
    network = network_of(case)
    cut = cut_of(case)
    value, side = answer(network, case.cost.shape, "ortools")
    assert cut.certificate.passed
    assert cut.value == cut.lower_bound == value == price_of(network, cut.labels)
    assert (cut.labels == np.where(case.cost > 0, side, 0)).all()


@LAW
@given(st.data())
def test_directed_edges_equal_an_independent_solver(data):
    shape = data.draw(shapes(most=5))
    top = data.draw(st.sampled_from([1, 3, 1000, 2**30 - 1]))
    elements = st.integers(0, top) | st.sampled_from([0, top])
    capacities = data.draw(arrays(np.uint32, (6, *shape), elements=elements))
    codes = data.draw(arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 0, 1, 2])))
    codes.flat[0], codes.flat[-1] = 1, 2
    cut = minimum_cut_edges(capacities, codes == 1, codes == 2)
    network = network_of_edges(capacities, codes == 1, codes == 2)
    value, side = answer(network, shape, "ortools")
    assert cut.certificate.passed
    assert cut.value == cut.lower_bound == value == price_of(network, cut.labels)
    assert (cut.labels == side).all()


@LAW
@given(cases(), st.integers(2, 7))
def test_dearer_tissue_is_cut_in_the_same_place(case, times):
    cut, dear = (
        cut_of(case),
        cut_of(case, cost=case.cost * times, unary=case.options["unary"] * times),
    )
    assert dear.value == times * cut.value
    assert (dear.labels == cut.labels).all()


@LAW
@given(cases(), st.permutations(range(3)), st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_turning_the_volume_turns_the_cut(case, axes, signs):
    def turn(array):
        return np.transpose(array, axes)[tuple(slice(None, None, sign) for sign in signs)]

    turned = cut_of(
        case,
        cost=turn(case.cost),
        seeds=turn(case.seeds),
        unary=turn(case.options["unary"]),
        walled=turn(case.options["walled"]),
        spacing=tuple(case.options["spacing"][axis] for axis in axes),
    )
    cut = cut_of(case)
    assert turned.value == cut.value
    assert (turned.labels == turn(cut.labels)).all()


@LAW
@given(cases(), st.data())
def test_a_dearer_voxel_never_makes_the_cut_cheaper(case, data):
    place = data.draw(st.sampled_from(np.flatnonzero(case.cost).tolist()))
    dearer = case.cost.copy()
    dearer.flat[place] += data.draw(st.integers(1, 50))
    assert cut_of(case, cost=dearer).value >= cut_of(case).value


@LAW
@given(cases(plain=True), st.data())
def test_one_more_source_seed_never_shrinks_its_side(case, data):
    sinks = np.pad(case.seeds == 2, 1)
    near = sum(np.roll(sinks, step, axis=(0, 1, 2)) for step in FACES)[1:-1, 1:-1, 1:-1]
    places = np.flatnonzero((case.cost > 0) & (case.seeds == 0) & (near == 0))
    assume(places.size)
    more = case.seeds.copy()
    more.flat[data.draw(st.sampled_from(places.tolist()))] = 1
    cut, larger = cut_of(case), cut_of(case, seeds=more)
    assert larger.value >= cut.value
    assert (larger.labels[cut.labels == 1] == 1).all()


@LAW
@given(cases(), st.integers(1, 60))
def test_a_higher_price_of_side_2_never_shrinks_side_1(case, price):
    cut = cut_of(case)
    dearer = cut_of(case, unary=case.options["unary"] + price)
    assert (dearer.labels[cut.labels == 1] == 1).all()


@LAW
@given(cases(plain=True))
def test_any_other_labels_cost_at_least_as_much(case):
    """Every single voxel moved to the other side, and all the tissue moved at once."""
    network = network_of(case)
    cut = cut_of(case)
    free = np.flatnonzero((case.cost > 0) & (case.seeds == 0))
    for place in free:
        other = cut.labels.copy()
        other.flat[place] = 3 - other.flat[place]
        assert price_of(network, other) >= cut.value
    for side in (1, 2):
        other = cut.labels.copy()
        other.flat[free] = side
        assert price_of(network, other) >= cut.value


@LAW
@given(cases(plain=True))
def test_both_forms_give_the_same_cut(case):
    cut = cut_of(case)
    edges = minimum_cut_edges(capacities_of(case), case.seeds == 1, case.seeds == 2)
    tissue = case.cost > 0
    assert edges.value == cut.value
    assert (edges.labels[tissue] == cut.labels[tissue]).all()
    assert (edges.labels[~tissue] == 2).all()


@LAW
@given(arrays(np.int64, (6, 2, 3, 2), elements=st.integers(0, 99)), st.integers(0, 2**30 - 1))
def test_what_leaves_the_grid_does_not_matter(capacities, amount):
    source = np.zeros((2, 3, 2), dtype=bool)
    source[0, 0] = True
    sink = source[::-1, ::-1]
    outer = capacities.copy()
    for direction, step in enumerate(FACES):
        axis = direction // 2
        rim = np.moveaxis(outer[direction], axis, 0)
        rim[-1 if sum(step) > 0 else 0] = amount
    one, other = (minimum_cut_edges(each, source, sink) for each in (capacities, outer))
    assert one.value == other.value
    assert (one.labels == other.labels).all()


@LAW
@given(cases())
def test_again_gives_the_same_bytes(case):
    before = [array.copy() for array in (case.cost, case.seeds, case.options["unary"])]
    one, other = cut_of(case), cut_of(case)
    assert one.labels.tobytes() == other.labels.tobytes()
    assert (one.value, one.certificate) == (other.value, other.certificate)
    after = (case.cost, case.seeds, case.options["unary"])
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


@LAW
@given(cases(), st.data())
def test_a_cut_known_before_changes_nothing(case, data):
    need(minimum_cut, "upper_bound_mask", "threads")
    mask = data.draw(arrays(np.bool_, case.cost.shape))
    cut = cut_of(case)
    for threads in (1, 2):
        warm = cut_of(case, upper_bound_mask=mask, threads=threads)
        assert warm.value == warm.lower_bound == cut.value
        assert warm.certificate.passed
        assert (warm.labels == cut.labels).all()
