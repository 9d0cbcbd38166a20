"""Cuts that start from other cuts: a drawn one judged, a front of prices, a local change.

`judge`, `trace` and `restart` are the only places that know the three signatures.
"""

from itertools import pairwise

import numpy as np
import pytest
from mincut_cases import (
    KINDS,
    Case,
    answer,
    chance_of,
    draw_case,
    network_of,
    part_seeds,
    price_of,
    row_case,
)
from mincut_structures import STRUCTURES, build_structure

import diptych.kernels.mincut as kernel
from diptych.kernels.mincut import local, minimum_cut, resolve, solve
from diptych.model.errors import InputError

NUMBERS = [number for number in range(0, 400, 16) if draw_case(number).cost.max() < 2**20]


def door(name):
    """A function of the kernel; skips, loudly, while it is missing."""
    if not hasattr(kernel, name):
        pytest.skip(f"the kernel has no function {name} yet")
    return getattr(kernel, name)


def judge(case, labels):
    """Verdict on labels drawn by hand."""
    return door("certify")(case.cost, case.seeds, labels, **case.options)


def trace(case, fairness, lambdas):
    """Cuts for unary terms `lambda * fairness`, one a lambda."""
    return door("front")(case.cost, case.seeds, fairness, lambdas, **case.options)


def restart(cut, changed, cost):
    """The cut after a change of the voxels where `changed` is true."""
    return door("resolve")(cut, changed, cost)


def cold(case, **changes):
    given = {"cost": case.cost, "seeds": case.seeds} | case.options | changes
    return minimum_cut(given.pop("cost"), given.pop("seeds"), **given)


def changed_to(case, cost):
    return Case(name=case.name, cost=cost, seeds=case.seeds, options=case.options)


def same(one, other, name):
    assert one.certificate.passed, name
    assert one.value == one.lower_bound == other.value, name
    assert (one.labels == other.labels).all(), name


# A cut drawn by hand


def drawings(case, cut, chance):
    """Cuts a person might draw: the best, all to one side, single slips, a flat plane, noise."""
    free = (case.cost > 0) & (case.seeds == 0)
    yield cut.labels
    for side in (1, 2):
        yield np.where(free, side, cut.labels).astype(np.uint8)
    for place in chance.permutation(np.flatnonzero(free))[:4]:
        slip = cut.labels.copy()
        slip.flat[place] = 3 - slip.flat[place]
        yield slip
    middle = np.indices(case.cost.shape)[int(np.argmax(case.cost.shape))]
    flat = np.where(middle < max(case.cost.shape) // 2, 1, 2)
    yield np.where(free, flat, cut.labels).astype(np.uint8)
    noise = chance.integers(1, 3, case.cost.shape)
    yield np.where(free, noise, cut.labels).astype(np.uint8)


def check_verdict(case, labels, optimum):
    network = network_of(case)
    price = price_of(network, labels)
    before = labels.copy()
    found = judge(case, labels)
    assert (labels == before).all()
    assert found.optimal == (price == optimum), case.name
    assert found.value == price, case.name
    assert found.lower_bound == optimum, case.name
    assert found.loss == price - optimum, case.name
    assert found.where.shape == case.cost.shape
    assert found.where.dtype == bool
    assert found.where.any() == (price > optimum), case.name
    assert not found.where[(case.cost == 0) | (case.seeds > 0)].any(), case.name
    mended = np.where(found.where, 3 - labels, labels)
    assert price_of(network, mended) == optimum, case.name


@pytest.mark.parametrize("number", NUMBERS)
def test_a_drawn_cut_is_judged_by_its_loss(number):
    case = draw_case(number)
    optimum, _ = answer(network_of(case), case.cost.shape, "ortools")
    for labels in drawings(case, cold(case), chance_of(number, 2)):
        check_verdict(case, labels, optimum)


@pytest.mark.slow
@pytest.mark.parametrize("make", STRUCTURES, ids=lambda make: make.__name__)
def test_a_larger_drawn_cut_is_judged_by_its_loss(make):
    """Among them the best cut pushed two voxels to either side."""
    case = build_structure(make, 38)
    cut = cold(case)
    free = (case.cost > 0) & (case.seeds == 0)
    for shift in (-2, 2):
        for axis in range(3):
            pushed = np.roll(cut.labels, shift, axis)
            labels = np.where(free & (pushed > 0), pushed, cut.labels)
            check_verdict(case, labels, cut.value)
    for labels in drawings(case, cut, chance_of(28, 3)):
        check_verdict(case, labels, cut.value)


def test_each_of_several_best_cuts_is_optimal():
    case = row_case(3, 3, 3, 3)
    for labels in ([1, 2, 2, 2], [1, 1, 2, 2], [1, 1, 1, 2]):
        found = judge(case, np.array(labels, dtype=np.uint8).reshape(4, 1, 1))
        assert (found.optimal, found.loss, found.value) == (True, 0, 6)
        assert not found.where.any()


def test_a_loss_is_found_where_it_is():
    """The cheap place is between the third and the fourth voxel; the drawing cuts too early."""
    found = judge(row_case(9, 7, 1, 2, 9), np.array([1, 2, 2, 2, 2]).reshape(5, 1, 1))
    assert (found.optimal, found.value, found.lower_bound, found.loss) == (False, 16, 3, 13)
    assert found.where.ravel().tolist() == [False, True, True, False, False]


BAD_DRAWINGS = {
    "a seed on the wrong side": ([2, 1, 1, 2, 2], "seed"),
    "a voxel on no side": ([1, 1, 0, 2, 2], "label|side"),
    "an unknown side": ([1, 1, 3, 2, 2], "3"),
    "a negative side": ([1, 1, -1, 2, 2], "-1"),
    "too few voxels": ([1, 1, 2, 2], r"\(4, 1, 1\)"),
    "sides as fractions": ([1.0, 1.5, 2.0, 2.0, 2.0], "float64"),
}


@pytest.mark.parametrize(("labels", "message"), BAD_DRAWINGS.values(), ids=BAD_DRAWINGS.keys())
def test_a_drawing_that_is_no_cut_is_refused(labels, message):
    certify, case = door("certify"), row_case(9, 7, 1, 2, 9)
    with pytest.raises(InputError, match=message) as caught:
        certify(case.cost, case.seeds, np.array(labels).reshape(-1, 1, 1))
    assert caught.value.remedy


# A front


def check_front(case, fairness, lambdas):
    """Each point as if solved alone; source sides grow or shrink with the price of side 2."""
    cuts = trace(case, fairness, lambdas)
    assert len(cuts) == len(lambdas)
    for price, cut in zip(lambdas, cuts, strict=True):
        same(cut, cold(case, unary=price * fairness), (case.name, price))
    growing = (fairness >= 0).all()
    for one, other in pairwise(cuts):
        inner, outer = (one, other) if growing else (other, one)
        assert (outer.labels[inner.labels == 1] == 1).all(), case.name
    return cuts


def priced(number):
    case = draw_case(number)
    case.options.pop("unary", None)
    return case


@pytest.mark.parametrize("number", NUMBERS[::3])
@pytest.mark.parametrize("sign", [1, -1])
def test_every_point_of_a_front_is_exact(number, sign):
    case = priced(number)
    fairness = sign * chance_of(number, 4).integers(0, 5, case.cost.shape)
    lambdas = [0, 1, 2, 3, 5, 8, 20, 20, 100, 3000]
    cuts = check_front(case, fairness, lambdas)
    for price, cut in zip(lambdas, cuts, strict=True):
        point = Case(name=case.name, cost=case.cost, seeds=case.seeds, options=dict(case.options))
        point.options["unary"] = price * fairness
        value, side = answer(network_of(point), case.cost.shape, "ortools")
        assert cut.value == value
        assert (cut.labels == np.where(case.cost > 0, side, 0)).all()


@pytest.mark.parametrize("number", NUMBERS[1::4])
def test_lambdas_may_be_fractions(number):
    """They are rounded like the unary terms that they stand for."""
    case = priced(number)
    fairness = chance_of(number, 5).integers(0, 9, case.cost.shape)
    check_front(case, fairness, [0.0, 0.25, 0.5, 1.1, 2.7, 9.9])


@pytest.mark.parametrize("number", NUMBERS[::4])
def test_a_front_over_shared_terms_is_exact_and_nested(number):
    front, case = door("front"), priced(number)
    chance = chance_of(number, 8)
    fairness = chance.integers(0, 5, case.cost.shape)
    shared = chance.integers(-60, 60, case.cost.shape)
    lambdas = [-30, -4, -1, 0, 1, 4, 30]
    cuts = front(case.cost, case.seeds, fairness, lambdas, unary=shared, **case.options)
    for price, cut in zip(lambdas, cuts, strict=True):
        same(cut, cold(case, unary=shared + price * fairness), (case.name, price))
    for one, other in pairwise(cuts):
        assert (other.labels[one.labels == 1] == 1).all(), case.name


@pytest.mark.parametrize("number", NUMBERS[2::4])
def test_a_front_over_terms_of_both_signs_is_exact_or_refused(number):
    """Such cuts need not be nested."""
    front, case = door("front"), priced(number)
    fairness = chance_of(number, 6).integers(-4, 5, case.cost.shape)
    try:
        cuts = front(case.cost, case.seeds, fairness, [0, 2, 9], **case.options)
    except InputError as error:
        assert "fairness" in error.message
    else:
        for price, cut in zip([0, 2, 9], cuts, strict=True):
            same(cut, cold(case, unary=price * fairness), case.name)


@pytest.mark.slow
@pytest.mark.parametrize("make", STRUCTURES, ids=lambda make: make.__name__)
def test_every_point_of_a_larger_front_is_exact(make):
    case = build_structure(make, 36)
    brain = (np.indices(case.cost.shape).sum(axis=0) // 5) % 2
    check_front(case, brain, list(range(0, 50, 4)))
    check_front(case, -brain, [0, 1, 3, 10, 40])


def test_a_front_of_no_price_is_the_plain_cut():
    case = build_structure(STRUCTURES[0], 16)
    for cut in trace(case, np.ones(case.cost.shape, dtype=np.int64), [0, 0]):
        same(cut, cold(case), case.name)


@pytest.mark.parametrize(
    ("fairness", "lambdas", "message"),
    [
        (np.ones((4, 1, 1)), [0, 1], r"\(4, 1, 1\)"),
        (np.full((5, 1, 1), np.nan), [0, 1], "fairness"),
        (np.ones((5, 1, 1)), [0, float("nan")], "lambda"),
        (np.ones((5, 1, 1)), [0, float("inf")], "lambda"),
        (np.ones((5, 1, 1)), [0, 2**60], "lambda|unary|fairness"),
        (np.ones((5, 1, 1)), [2, 1], "lambda"),
        (np.ones((5, 1, 1)), [], "lambda"),
    ],
)
def test_a_front_without_sense_is_refused(fairness, lambdas, message):
    front, case = door("front"), row_case(9, 7, 1, 2, 9)
    with pytest.raises(InputError, match=message) as caught:
        front(case.cost, case.seeds, fairness, lambdas)
    assert caught.value.remedy


# A local change


def box(shape, chance, largest=4):
    """A mask that is true in a random box."""
    mask = np.zeros(shape, dtype=bool)
    starts = [int(chance.integers(0, n)) for n in shape]
    mask[tuple(slice(s, s + int(chance.integers(1, largest + 1))) for s in starts)] = True
    return mask


def altered(case, mask, chance, air=False):
    """Other costs inside the mask; tissue stays tissue unless `air`."""
    top = int(max(2, case.cost.max() + 1))
    drawn = chance.integers(0 if air else 1, top, case.cost.shape)
    if not air:
        drawn = np.where(case.cost > 0, drawn, 0)
    drawn = np.where(case.seeds > 0, np.maximum(drawn, 1), drawn)
    return np.where(mask, drawn, case.cost)


def check_restart(cut, case, mask, cost):
    before = cut.labels.copy()
    warm, after = restart(cut, mask, cost), changed_to(case, cost)
    value, side = answer(network_of(after), cost.shape, "ortools")
    assert warm.value == value, case.name
    assert (warm.labels == np.where(cost > 0, side, 0)).all(), case.name
    same(warm, cold(after), case.name)
    assert (cut.labels == before).all()
    return warm, after


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("air", [False, True])
def test_a_restart_after_a_change_is_exact(number, air):
    door("resolve")
    case, chance = draw_case(number), chance_of(number, 7)
    mask = box(case.cost.shape, chance)
    check_restart(cold(case), case, mask, altered(case, mask, chance, air))


@pytest.mark.parametrize("number", NUMBERS[::5])
def test_a_chain_of_restarts_is_exact(number):
    """Twelve changes, each from the last cut; the seventh undoes the sixth."""
    door("resolve")
    case, chance = draw_case(number), chance_of(number, 9)
    cut, last = cold(case), case
    for turn in range(12):
        if turn == 6:
            mask, cost = last.cost != case.cost, last.cost
        else:
            mask = box(case.cost.shape, chance, 2 + turn % 3)
            cost = altered(case, mask, chance, air=turn % 4 == 3)
        last, (cut, case) = case, check_restart(cut, case, mask, cost)


@pytest.mark.slow
@pytest.mark.parametrize("make", STRUCTURES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("neighbours", [6, 26])
def test_a_larger_restart_is_exact(make, neighbours):
    """On the cut, where it matters most, and anywhere; dearer, then cheaper, then any."""
    door("resolve")
    case = build_structure(make, 38 if neighbours == 6 else 24, neighbours=neighbours)
    chance, cut = chance_of(STRUCTURES.index(make), 10), cold(case)
    for turn in range(4):
        places = np.argwhere((cut.labels == 1) & (case.seeds == 0) if turn else case.cost > 0)
        centre = places[int(chance.integers(len(places)))] if len(places) else (5, 5, 5)
        mask = np.zeros(case.cost.shape, dtype=bool)
        mask[tuple(slice(max(0, c - 4), c + 4) for c in centre)] = True
        factor = (3, 1, 0)[turn % 3]
        cost = np.where(mask & (case.cost > 0), case.cost * factor + 1, case.cost)
        cut, case = check_restart(cut, case, mask, cost)


def test_a_restart_without_a_change_gives_the_same_cut():
    door("resolve")
    case = build_structure(STRUCTURES[0], 16)
    cut = cold(case)
    same(restart(cut, np.zeros(case.cost.shape, dtype=bool), case.cost), cut, case.name)


def test_one_cut_may_be_restarted_twice():
    """A restart leaves the cut that it starts from as it was."""
    door("resolve")
    case, chance = draw_case(14), chance_of(14, 11)
    cut = cold(case)
    for _ in range(3):
        mask = box(case.cost.shape, chance)
        check_restart(cut, case, mask, altered(case, mask, chance))


def test_a_restart_may_be_judged():
    door("resolve")
    case, chance = draw_case(28), chance_of(28, 12)
    mask = box(case.cost.shape, chance)
    warm, after = check_restart(cold(case), case, mask, altered(case, mask, chance))
    assert judge(after, warm.labels).optimal


# Many local changes, among them where the tube around the change is too narrow at first

CHANGES = ("dearer", "cheaper", "random", "to air", "from air", "equal", "one voxel")
PLACES = ("cut", "tissue", "seeds")


def draw_problem(number):
    """A grid of some cells of 4 x 4 x 4 voxels a side, with air, seeds and options as they come."""
    chance = chance_of(number, 13)
    shape = tuple(int(n) for n in chance.integers(9, 27, 3))
    kind = list(KINDS)[number % 7]
    cost = KINDS[kind](shape, chance).astype(np.int64)
    seeds = np.zeros(shape, dtype=np.uint8)
    along = np.moveaxis(seeds, int(chance.integers(3)), 0)
    if chance.random() < 0.5:
        along[0], along[-1] = 1, 2
    else:
        half = along.shape[0] // 2
        along[:half][chance.random(along[:half].shape) < 0.02] = 1
        along[half:][chance.random(along[half:].shape) < 0.02] = 2
    options = {"neighbours": 26 if number % 4 == 0 else 6}
    if number % 5 == 1:
        options["spacing"] = (1.0, 1.0, 2.0)
    if number % 7 == 2:
        options["walled"] = chance.random(shape) < 0.4
    if number % 9 == 3:
        options["unary"] = chance.integers(-20, 21, shape)
    if chance.random() < 0.3:
        cost[chance.random(shape) < 0.2] = 0
    seeds[cost == 0] = 0
    seeds = part_seeds(seeds, options["neighbours"])
    return Case(name=f"{number} {kind}", cost=cost, seeds=seeds, options=options), chance


def draw_change(case, cut, chance):
    """A box somewhere, and the costs after one kind of change in it."""
    wanted = PLACES[int(chance.integers(3))]
    there = {
        "cut": (cut.labels == 1) & (case.seeds == 0),
        "tissue": case.cost > 0,
        "seeds": case.seeds > 0,
    }[wanted]
    places = np.argwhere(there if there.any() else case.cost > 0)
    if wanted == "cut":
        places = places[np.argsort(-(places @ chance.integers(-1, 2, 3)), kind="stable")][:20]
    centre = places[int(chance.integers(len(places)))]
    half, kind = int(chance.integers(1, 5)), CHANGES[int(chance.integers(len(CHANGES)))]
    mask = np.zeros(case.cost.shape, dtype=bool)
    mask[tuple(slice(max(0, c - half), c + half) for c in centre)] = True
    if kind == "one voxel":
        mask[:] = False
        mask[tuple(centre)] = True
    top = int(case.cost.max()) + 1
    drawn = chance.integers(1, top + 1, case.cost.shape)
    tissue = case.cost > 0
    new = {
        "dearer": np.minimum(case.cost * int(chance.integers(2, 9)), 10 * top),
        "cheaper": np.maximum(case.cost // int(chance.integers(2, 9)), tissue),
        "random": np.where(tissue, drawn, 0),
        "to air": np.where(chance.random(mask.shape) < 0.5, 0, case.cost),
        "from air": np.where(tissue, case.cost, drawn),
        "equal": np.where(tissue, top, 0),
        "one voxel": drawn,
    }[kind]
    new = np.where(case.seeds > 0, np.maximum(new, 1), new)
    return mask, np.where(mask, new, case.cost)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("start", range(0, 60, 6))
def test_random_local_changes_are_exact(start, narrow, monkeypatch):
    """Three changes in a row each; narrow: tubes one cell wide, and little time to push."""
    if narrow:
        monkeypatch.setattr(local, "_TUBES", ((0, 1, 0),) * 4 + ((1, 1, 0),) * 9)
        monkeypatch.setattr(local, "_BUDGET", 40)
    for number in range(start, start + 6):
        case, chance = draw_problem(number + 100 * narrow)
        if not ((case.seeds == 1).any() and (case.seeds == 2).any()):
            continue
        cut = cold(case)
        for turn in range(3):
            mask, cost = draw_change(case, cut, chance)
            cut = resolve(cut, mask, cost, threads=1 + (number + turn) % 2)
            case = changed_to(case, cost)
            same(cut, cold(case), (case.name, turn))


def test_what_hangs_on_voxels_that_are_cut_off_is_cut_off_too(monkeypatch):
    """Beyond the tube; found among a thousand random changes as the first that shows it."""
    monkeypatch.setattr(local, "_TUBES", ((0, 1, 0),) * 4 + ((1, 1, 0),) * 9)
    monkeypatch.setattr(local, "_BUDGET", 100)
    chance = chance_of(69, 21)
    shape = tuple(int(n) for n in chance.integers(24, 44, 3))
    cheap = chance.random(shape) < 0.5
    cost = np.where(cheap, chance.integers(1, 4, shape), chance.integers(1, 60, shape))
    cost[chance.random(shape) < 0.25] = 0
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds[:2], seeds[-2:] = 1, 2
    seeds[cost == 0] = 0
    case = Case(name="crumbs", cost=cost, seeds=part_seeds(seeds, 6))
    cut = cold(case)
    for turn in range(4):
        mask, cost = draw_change(case, cut, chance)
        cut, case = resolve(cut, mask, cost), changed_to(case, cost)
        same(cut, cold(case), turn)


def test_a_small_change_of_a_large_problem_is_settled_in_its_tube(monkeypatch):
    """Without the steps that look at everything."""

    def refuse(*_):
        raise AssertionError("all of the grid has been looked at")

    case = build_structure(STRUCTURES[0], 38)
    cut = cold(case)
    wished = case.cost.copy()
    mask = np.zeros(case.cost.shape, dtype=bool)
    place = np.argwhere((cut.labels[:, :, 1:] == 2) & (cut.labels[:, :, :-1] == 1))
    place = place if len(place) else np.argwhere(cut.labels == 1)
    mask[tuple(slice(max(0, c - 2), c + 2) for c in place[len(place) // 2])] = True
    wished[mask] *= 2
    expected = cold(changed_to(case, wished))
    monkeypatch.setattr(solve, "resume_cut", refuse)
    found = resolve(cut, mask, wished)
    assert found.certificate.passed
    assert (found.labels == expected.labels).all()


ROW = row_case(9, 7, 1, 2, 9)


@pytest.mark.parametrize(
    ("changed", "cost", "message"),
    [
        ([0, 1, 0, 0, 0], [9, -7, 1, 2, 9], "-7"),
        ([0, 1, 0, 0, 0], [9, float("nan"), 1, 2, 9], "finite"),
        ([0, 1, 0, 0, 0], [9, 2**30, 1, 2, 9], str(2**30)),
        ([1, 0, 0, 0, 0], [0, 7, 1, 2, 9], "seed"),
        ([0, 1, 0, 0], [9, 5, 1, 2, 9], r"\(4, 1, 1\)"),
        ([0, 1, 0, 0, 0], [9, 5, 1, 2], r"\(4, 1, 1\)"),
        ([0, 1, 0, 0, 0], [9, 5, 1, 3, 9], "1"),  # one voxel changes that is not marked
    ],
)
def test_a_change_without_sense_is_refused(changed, cost, message):
    resolve = door("resolve")
    cut = minimum_cut(ROW.cost, ROW.seeds)
    mask = np.array(changed, dtype=bool).reshape(-1, 1, 1)
    with pytest.raises(InputError, match=message) as caught:
        resolve(cut, mask, np.array(cost).reshape(-1, 1, 1))
    assert caught.value.remedy
