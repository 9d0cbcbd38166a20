"""What the minimum cut refuses, in which words, and what it takes without a murmur."""

import re

import numpy as np
import pytest
from mincut_cases import LARGEST_EDGE, answer, need, network_of, price_of, row_case

from diptych.kernels.mincut import minimum_cut, minimum_cut_edges
from diptych.model.errors import InputError

COST = np.full((3, 4, 5), 5)
SEEDS = np.zeros(COST.shape, dtype=np.uint8)
SEEDS[0], SEEDS[-1] = 1, 2


def spoilt(array, place, value):
    """A copy with one other value."""
    copy = np.array(array)
    copy[place] = value
    return copy


def seeds_of(**codes):
    seeds = np.zeros(COST.shape, dtype=np.uint8)
    for place, code in codes.items():
        seeds[tuple(int(digit) for digit in place[1:])] = code
    return seeds


def check_refusal(call, *, thing, value):
    """The message names thing and value and what was expected; the remedy says what to do."""
    with pytest.raises(InputError) as caught:
        call()
    error = caught.value
    assert re.search(thing, error.message), error.message
    assert re.search(value, error.message), error.message
    assert re.search("expected|no tissue|not finite|touch|no (source|sink)|at once", error.message)
    assert len(error.remedy.split()) >= 2
    assert error.remedy not in error.message
    assert not error.message.endswith(".")


NAN, INF = float("nan"), float("inf")

REFUSED = {
    "cost with two axes": ({"cost": COST[0]}, "cost", r"\(4, 5\)"),
    "cost with four axes": ({"cost": COST[None]}, "cost", r"\(1, 3, 4, 5\)"),
    "cost without voxels": ({"cost": COST[:0]}, "cost", r"\(0, 4, 5\)"),
    "no cost": ({"cost": None}, "cost", "None|object|shape"),
    "one number as cost": ({"cost": 5}, "cost", r"\(\)"),
    "NaN": ({"cost": spoilt(COST * 1.0, (1, 1, 1), NAN)}, "cost", r"1 value.*|nan|NaN"),
    "infinity": ({"cost": spoilt(COST * 1.0, (1, 1, 1), INF)}, "cost", "1 value.*|inf"),
    "minus infinity": ({"cost": spoilt(COST * 1.0, (1, 1, 1), -INF)}, "cost", "1 value.*|inf"),
    "a negative cost": ({"cost": spoilt(COST, (1, 2, 3), -5)}, "cost", "-5"),
    "a negative float": ({"cost": spoilt(COST * 1.0, (1, 2, 3), -0.5)}, "cost", r"-0\.5"),
    "boolean cost": ({"cost": COST > 0}, "cost", "bool"),
    "complex cost": ({"cost": COST * 1j}, "cost", "complex"),
    "cost as text": ({"cost": COST.astype(str)}, "cost", "U|str"),
    "cost as objects": ({"cost": COST.astype(object)}, "cost", "object"),
    "cost as dates": ({"cost": COST.astype("M8[D]")}, "cost", "datetime"),
    "a cost that would overflow": ({"cost": spoilt(COST, (1, 1, 1), 2**30)}, "cost", str(2**30)),
    "a cost beyond 63 bits": (
        {"cost": spoilt(COST.astype(np.uint64), (1, 1, 1), 2**63 + 5)},
        "cost",
        str(2**63 + 5),
    ),
    "costs that overflow by their weights": (
        {"cost": spoilt(COST, (1, 1, 1), 2**27), "spacing": (1, 1, 50)},
        "cost|edge",
        str(2**28 * 50),
    ),
    "seeds of another shape": ({"seeds": SEEDS[:2]}, "seeds", r"\(2, 4, 5\)"),
    "seeds with two axes": ({"seeds": SEEDS[0]}, "seeds", r"\(4, 5\)"),
    "an unknown seed code": ({"seeds": spoilt(SEEDS, (1, 1, 1), 7)}, "seeds", "7"),
    "a negative seed code": (
        {"seeds": spoilt(SEEDS.astype(np.int64), (1, 1, 1), -1)},
        "seeds",
        "-1",
    ),
    "seeds as floats": ({"seeds": SEEDS * 0.5}, "seeds", "float64"),
    "seeds as booleans": ({"seeds": SEEDS > 0}, "seeds", "bool"),
    "no seeds at all": ({"seeds": SEEDS * 0}, "source", "no"),
    "no source seed": ({"seeds": np.where(SEEDS == 1, 0, SEEDS)}, "source", "no|1"),
    "no sink seed": ({"seeds": np.where(SEEDS == 2, 0, SEEDS)}, "sink", "no|2"),
    "seeds in air": ({"cost": spoilt(COST, (0, 1), 0)}, "seed", "5"),
    "no tissue": ({"cost": COST * 0}, "seed|cost|tissue", "40|0"),
    "seeds that touch": ({"seeds": seeds_of(p111=1, p112=2)}, "seed", "1"),
    "seeds that touch by a corner": (
        {"seeds": seeds_of(p111=1, p222=2), "neighbours": 26},
        "seed",
        "1",
    ),
    "18 neighbours": ({"neighbours": 18}, "neighbours", "18"),
    "neighbours as text": ({"neighbours": "6"}, "neighbours", "6"),
    "no neighbours": ({"neighbours": 0}, "neighbours", "0"),
    "flat voxels": ({"spacing": (1, 0, 1)}, "spacing", r"\(1(\.0)?, 0(\.0)?, 1(\.0)?\)"),
    "negative spacing": ({"spacing": (1, 1, -2)}, "spacing", "-2"),
    "spacing NaN": ({"spacing": (1, NAN, 1)}, "spacing", "nan"),
    "infinite spacing": ({"spacing": (INF, 1, 1)}, "spacing", "inf"),
    "two numbers of spacing": ({"spacing": (1, 1)}, "spacing", r"\(1, 1\)"),
    "one number of spacing": ({"spacing": 1.5}, "spacing", r"1\.5"),
    "spacing as text": ({"spacing": ("1", "1", "1")}, "spacing", "'1'"),
    "unary of another shape": ({"unary": COST[:1]}, "unary", r"\(1, 4, 5\)"),
    "unary NaN": ({"unary": spoilt(COST * 1.0, (1, 1, 1), NAN)}, "unary", "not finite|nan"),
    "infinite unary": ({"unary": spoilt(COST * 1.0, (1, 1, 1), -INF)}, "unary", "not finite|inf"),
    "unary that overflows": ({"unary": spoilt(COST, (1, 1, 1), 2**40)}, "unary", str(2**40)),
    "unary that overflows below": (
        {"unary": spoilt(COST, (1, 1, 1), -(2**40))},
        "unary",
        str(2**40),
    ),
    "boolean unary": ({"unary": COST > 0}, "unary", "bool"),
    "complex unary": ({"unary": COST * 1j}, "unary", "complex"),
    "walled as numbers": ({"walled": COST}, "walled", "int"),
    "walled of another shape": ({"walled": COST[0] > 0}, "walled", r"\(4, 5\)"),
}

REFUSED_LATER = {
    "a known cut as numbers": ({"upper_bound_mask": COST}, "upper_bound_mask", "int"),
    "a known cut of another shape": (
        {"upper_bound_mask": COST[0] > 0},
        "upper_bound_mask",
        r"\(4, 5\)",
    ),
    "no thread": ({"threads": 0}, "threads", "0"),
    "less than no thread": ({"threads": -2}, "threads", "-2"),
    "half a thread": ({"threads": 1.5}, "threads", r"1\.5"),
    "an unknown engine": ({"engine": "guess"}, "engine", "guess"),
    "no engine": ({"engine": None}, "engine", "None"),
    "no gap": ({"gap": 0, "engine": "primal-dual"}, "gap", "0"),
    "a negative gap": ({"gap": -0.1, "engine": "primal-dual"}, "gap", r"-0\.1"),
    "gap NaN": ({"gap": NAN, "engine": "primal-dual"}, "gap", "nan"),
    "a negative gap that is not used": ({"gap": -0.1}, "gap", r"-0\.1"),
}


def call_with(change):
    given = {"cost": COST, "seeds": SEEDS} | change
    return lambda: minimum_cut(given.pop("cost"), given.pop("seeds"), **given)


@pytest.mark.parametrize(("change", "thing", "value"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_by_name_and_value(change, thing, value):
    check_refusal(call_with(change), thing=thing, value=value)


@pytest.mark.parametrize(
    ("change", "thing", "value"), REFUSED_LATER.values(), ids=REFUSED_LATER.keys()
)
def test_an_option_is_refused_by_name_and_value(change, thing, value):
    need(minimum_cut, *change)
    check_refusal(call_with(change), thing=thing, value=value)


def test_nothing_spoils_the_good_call():
    """All refusals above are one change away from this."""
    cut = minimum_cut(COST, SEEDS)
    assert cut.value == 20 * 10
    assert cut.certificate.passed


@pytest.mark.parametrize(("neighbours", "touch"), [(6, False), (26, True)])
def test_seeds_that_meet_at_an_edge_touch_only_with_26_neighbours(neighbours, touch):
    seeds = seeds_of(p111=1, p122=2)
    if touch:
        check_refusal(
            call_with({"seeds": seeds, "neighbours": 26}),
            thing="seed.*touch|touch.*seed",
            value="1",
        )
    else:
        assert minimum_cut(COST, seeds, neighbours=neighbours).certificate.passed


def test_seeds_across_air_do_not_touch():
    cost = np.array([5, 0, 6]).reshape(3, 1, 1)
    cut = minimum_cut(cost, np.array([1, 0, 2]).reshape(3, 1, 1))
    assert (cut.value, cut.lower_bound) == (0, 0)
    assert cut.labels.ravel().tolist() == [1, 0, 2]


def test_one_free_voxel_between_seeds_is_enough():
    cut = minimum_cut(np.array([5, 2, 6]).reshape(1, 3, 1), np.array([[[1], [0], [2]]]))
    assert (cut.value, cut.labels.ravel().tolist()) == (7, [1, 2, 2])


# Capacities

EDGES = np.full((6, 3, 4, 5), 9)
SOURCE = SEEDS == 1
SINK = SEEDS == 2

REFUSED_EDGES = {
    "five directions": ({"capacities": EDGES[:5]}, "capacities", r"\(5, 3, 4, 5\)"),
    "three axes": ({"capacities": EDGES[:, 0]}, "capacities", r"\(6, 4, 5\)"),
    "no voxels": ({"capacities": EDGES[:, :0]}, "capacities", r"\(6, 0, 4, 5\)"),
    "floats": ({"capacities": EDGES * 1.0}, "capacities", "float64"),
    "booleans": ({"capacities": EDGES > 0}, "capacities", "bool"),
    "complex numbers": ({"capacities": EDGES * 1j}, "capacities", "complex"),
    "text": ({"capacities": EDGES.astype(str)}, "capacities", "U|str"),
    "nothing": ({"capacities": None}, "capacities", "None|object|shape"),
    "a negative capacity": (
        {"capacities": spoilt(EDGES, (2, 1, 1, 1), -3)},
        "capacities",
        "-3",
    ),
    "one capacity too large": (
        {"capacities": spoilt(EDGES, (2, 1, 1, 1), LARGEST_EDGE + 1)},
        "capacities",
        str(LARGEST_EDGE + 1),
    ),
    "one capacity beyond 32 bits": (
        {"capacities": spoilt(EDGES, (2, 1, 1, 1), 2**32 + 1)},
        "capacities",
        str(2**32 + 1),
    ),
    "one capacity beyond 63 bits": (
        {"capacities": spoilt(EDGES.astype(np.uint64), (2, 1, 1, 1), 2**63 + 9)},
        "capacities",
        str(2**63 + 9),
    ),
    "source of another shape": ({"source": SOURCE[:2]}, "source", r"\(2, 4, 5\)"),
    "sink of another shape": ({"sink": SINK[0]}, "sink", r"\(4, 5\)"),
    "source as numbers": ({"source": SOURCE.astype(int)}, "source", "int64"),
    "sink as numbers": ({"sink": SINK.astype(np.uint8)}, "sink", "uint8"),
    "no source": ({"source": SOURCE & False}, "source", "no"),
    "no sink": ({"sink": SINK & False}, "sink", "no"),
    "source and sink in one voxel": ({"sink": spoilt(SINK, (0, 1, 1), True)}, "source", "1"),
    "source and sink alike": ({"sink": SOURCE}, "source", "20"),
}


@pytest.mark.parametrize(
    ("change", "thing", "value"), REFUSED_EDGES.values(), ids=REFUSED_EDGES.keys()
)
def test_edges_are_refused_by_name_and_value(change, thing, value):
    given = {"capacities": EDGES, "source": SOURCE, "sink": SINK} | change
    check_refusal(lambda: minimum_cut_edges(**given), thing=thing, value=value)


@pytest.mark.parametrize("threads", [0, -1, 1.5])
def test_threads_of_edges_are_refused(threads):
    need(minimum_cut_edges, "threads")
    check_refusal(
        lambda: minimum_cut_edges(EDGES, SOURCE, SINK, threads=threads),
        thing="threads",
        value=str(threads),
    )


def test_edges_take_seeds_that_touch():
    sink = np.roll(SOURCE, 1, axis=0)
    cut = minimum_cut_edges(EDGES, SOURCE, sink)
    assert cut.value == cut.lower_bound == 20 * 9
    assert cut.certificate.passed


# What is taken as it is


def row_of(costs, kind):
    case = row_case(*costs)
    return case.cost.astype(kind), case.seeds


WHOLE = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "<i4", ">i4", ">u2", ">i8")


def block(seed=11):
    """A small block with one best cut, costs that fit eight signed bits."""
    chance = np.random.Generator(np.random.Philox(key=seed))
    cost = chance.integers(1, 120, (5, 6, 7))
    cost[chance.random(cost.shape) < 0.1] = 0
    seeds = np.zeros(cost.shape, dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    return cost, np.where(cost > 0, seeds, 0)


def frozen(array):
    copy = array.copy()
    copy.setflags(write=False)
    return copy


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "every second voxel": lambda a: np.repeat(a, 2, axis=a.ndim - 2)[..., ::2, :],
    "backwards": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
    "axes turned": lambda a: np.ascontiguousarray(np.moveaxis(a, -1, 0)).transpose(
        *range(1, a.ndim), 0
    ),
    "read-only": frozen,
    "a wide view": lambda a: np.pad(a, [(0, 0)] * (a.ndim - 1) + [(3, 4)])[..., 3:-4],
}


def check_same(cost, seeds, **options):
    """The same cut as from plain arrays, and the given arrays untouched."""
    given = [cost, seeds, *(v for v in options.values() if isinstance(v, np.ndarray))]
    before = [(array.copy(), array.dtype, array.strides) for array in given]
    cut = minimum_cut(cost, seeds, **options)
    for array, (values, kind, strides) in zip(given, before, strict=True):
        assert (array == values).all()
        assert (array.dtype, array.strides) == (kind, strides)
        assert not np.shares_memory(cut.labels, array)
    return cut


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_numbers_of_any_type_are_taken(kind):
    cost, seeds = block()
    plain = minimum_cut(cost, seeds)
    cut = check_same(cost.astype(kind), seeds)
    assert (cut.value, cut.scale) == (plain.value, 1)
    assert (cut.labels == plain.labels).all()


@pytest.mark.parametrize("kind", ["f4", "f8", ">f4", ">f8"])
def test_floats_that_are_whole_numbers_give_the_same_cut(kind):
    cost, seeds = block()
    plain = minimum_cut(cost, seeds)
    cut = check_same(cost.astype(kind), seeds)
    assert (cut.labels == plain.labels).all()
    assert cut.value / cut.scale == pytest.approx(plain.value, rel=2e-3)


@pytest.mark.parametrize("kind", ["i1", "i2", "i8", "u2", "u8", ">i4", ">u8"])
def test_seeds_of_any_whole_type_are_taken(kind):
    cost, seeds = block()
    cut = check_same(cost, seeds.astype(kind))
    assert (cut.labels == minimum_cut(cost, seeds).labels).all()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_any_layout_is_taken_and_left_alone(layout):
    cost, seeds = block()
    chance = np.random.Generator(np.random.Philox(key=4))
    options = {
        "unary": layout(chance.integers(-9, 10, cost.shape)),
        "walled": layout(chance.random(cost.shape) < 0.5),
    }
    plain = minimum_cut(cost, seeds, **{name: value.copy() for name, value in options.items()})
    cut = check_same(layout(cost), layout(seeds), **options)
    assert cut.value == plain.value
    assert (cut.labels == plain.labels).all()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u8", "i4", "i8", ">u4", ">i2"])
def test_capacities_of_any_type_and_layout_are_taken(layout, kind):
    chance = np.random.Generator(np.random.Philox(key=12))
    plain = chance.integers(0, 120, (6, 4, 5, 3))
    source = np.zeros(plain.shape[1:], dtype=bool)
    source[0, :2] = True
    given = [layout(plain.astype(kind)), layout(source), layout(source[::-1])]
    before = [array.copy() for array in given]
    cut, wanted = minimum_cut_edges(*given), minimum_cut_edges(plain, source, source[::-1])
    assert cut.value == wanted.value
    assert (cut.labels == wanted.labels).all()
    assert all((a == b).all() for a, b in zip(given, before, strict=True))


def test_the_largest_cost_is_taken():
    """As many as an edge may hold, with and without weights."""
    for spacing, weight in (((1, 1, 1), 1), ((1, 1, 3), 3)):
        case = row_case(*[LARGEST_EDGE // (2 * weight)] * 5, spacing=spacing)
        cut = minimum_cut(case.cost, case.seeds, spacing=spacing)
        value, side = answer(network_of(case), case.cost.shape, "ortools")
        assert cut.value == cut.lower_bound == value
        assert (cut.labels == side).all()


@pytest.mark.parametrize("largest", [1e-300, 1e-40, 1.0, 1e30, 1e300])
def test_floats_of_any_size_are_taken(largest):
    """What matters is how costs compare, not their unit."""
    case = row_case(9, 7, 1, 2, 9)
    cut = minimum_cut(case.cost * (largest / 9), case.seeds)
    assert cut.certificate.passed
    assert cut.labels.ravel().tolist() == [1, 1, 1, 2, 2]
    assert cut.value / cut.scale == pytest.approx(3 * largest / 9, rel=1e-2)


@pytest.mark.filterwarnings("error")
def test_floats_too_small_to_scale_are_cut_or_refused():
    """Below the smallest normal number the scale itself would overflow."""
    case = row_case(9, 7, 1, 2, 9)
    try:
        cut = minimum_cut(case.cost * 5e-324, case.seeds)
    except InputError as error:
        assert re.search("e-32", error.message)
    else:
        assert cut.labels.ravel().tolist() == [1, 1, 1, 2, 2]
        assert cut.certificate.passed


def test_large_unary_terms_decide():
    """At the limit of what is allowed a unary term is as good as a seed."""
    case = row_case(9, 7, 1, 2, 9)
    for place, sign in ((3, 1), (1, -1)):
        terms = np.zeros(case.cost.shape, dtype=np.int64)
        terms[place] = sign * LARGEST_EDGE
        case.options["unary"] = terms
        cut = minimum_cut(case.cost, case.seeds, unary=terms)
        assert cut.labels.ravel()[place] == (1 if sign > 0 else 2)
        assert cut.value == price_of(network_of(case), cut.labels)
        assert cut.certificate.passed


def test_unary_at_seeds_and_in_air_does_not_count():
    cost, seeds = block()
    terms = np.where((cost == 0) | (seeds > 0), 50, 0)
    cut, plain = minimum_cut(cost, seeds, unary=terms), minimum_cut(cost, seeds)
    assert cut.value == plain.value
    assert (cut.labels == plain.labels).all()
