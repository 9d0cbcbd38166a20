"""Each term of the costs alone, with figures to check by hand."""

import numpy as np
import pytest
from separation_pair import (
    SHAPE,
    coordinates,
    make_anatomy,
    make_case,
    make_tissues,
    mirror_anatomy,
)

from diptych.model import Owner, Tissue
from diptych.separation import SeparationPolicy, plan
from diptych.separation.costs import explain_cut, weigh_tissue
from diptych.separation.cut import severed_pairs
from diptych.separation.ladder import split_price
from diptych.separation.plan import TABLES
from diptych.separation.region import find_junction
from diptych.tables import load_table

NOTHING = {
    "septum-discount": 0.0,
    "doubt-discount": 0.0,
    "boundary-discount": 0.0,
    "off-middle": 0.0,
    "cut-plate": 4.0,
    "smoothness": 0.0,
    "cortex-depth": 0.0,
    "reach": 0.0,
    "margin-brain": 0.0,
    "margin-vessel": 0.0,
    "vessel-flow": 0.0,
    "giving-tissue": 0.0,
    "kindness": 0.0,
}
TERMS = {
    "septum": {"septum-discount": 0.9},
    "middle": {"off-middle": 0.3},
    "doubt": {"doubt-discount": 0.75},
    "boundary": {"boundary-discount": 0.5},
    "bony-plate": {"cut-plate": 1.0},
    "cortex-depth": {"cortex-depth": 0.1},
    "reach": {"reach": 0.05},
    "margin-brain": {"margin-brain": 2.0, "margin-confidence": 60.0},
    "margin-vessel": {"margin-vessel": 1.0},
    "smoothness": {"smoothness": 0.5},
    "vessel-flow": {"vessel-flow": 0.5},
}
OF_BRAIN = ("boundary", "cortex-depth", "doubt", "margin-brain")
PLAIN = {1: 128, 2: 256, 3: 64, 4: 64, 5: 1536, 6: 768}
BALANCED = SeparationPolicy(preferences=("balanced",))


def costs_with(**rows):
    """The table of costs with no term but those given."""
    values = NOTHING | {name.replace("_", "-"): value for name, value in rows.items()}
    text = "".join(
        f'[[row]]\nkey = "{key}"\nvalue = {value}\nlow = 0.0\nhigh = 1000.0\nsource = "test"\n'
        for key, value in values.items()
    )
    return load_table("costs", text)


def weigh(anatomy=None, **rows):
    anatomy = anatomy or make_anatomy()
    junction = find_junction(anatomy, reach=26.0)
    field = weigh_tissue(
        make_case(), anatomy, junction, table=costs_with(**rows), policy=SeparationPolicy()
    )
    return field, junction


def plain_cost():
    return np.array([0, *PLAIN.values()])[make_tissues()]


def at(x, y, z):
    """Index of the voxel with its middle at (x, y, z) mm; all odd."""
    return tuple(round((c + n - 1.0) / 2.0) for c, n in zip((x, y, z), SHAPE, strict=True))


def flat_terms(field):
    """Terms of the flat cut through x = 0."""
    tissues = make_tissues()
    x, _, _ = coordinates()
    side = np.where(tissues > 0, np.where(x < 0, 1, 2), 0).astype(np.uint8)
    pairs, weights = severed_pairs(side, 6, (2.0, 2.0, 2.0))
    cost = field.cost.reshape(-1).astype(np.int64)
    return explain_cut(field, tissues, pairs, weights, {}), int(cost[pairs].sum())


def test_without_any_term_only_the_tissue_is_left():
    field, _ = weigh()
    assert (field.cost == plain_cost()).all()
    terms, total = flat_terms(field)
    assert {name for name, part in terms.items() if part} == {
        "tissue-skin",
        "tissue-bone",
        "tissue-dura",
        "tissue-vessel",
    }
    assert sum(terms.values()) == total


@pytest.mark.parametrize("name", list(TERMS))
def test_a_term_alone_is_all_that_is_added(name):
    """Its part of the cut is the difference to the cut without it, and no other term speaks."""
    field, _ = weigh(**TERMS[name])
    terms, total = flat_terms(field)
    _, plain = flat_terms(weigh()[0])
    assert terms[name] == total - plain
    spoken = {key for key, part in terms.items() if part and not key.startswith("tissue-")}
    # On the flat cut no brain is cut, so terms of brain alone stay silent there.
    assert spoken == (set() if name in OF_BRAIN else {name})


@pytest.mark.parametrize("name", OF_BRAIN)
def test_terms_of_brain_speak_where_brain_is(name):
    field, _ = weigh(make_anatomy(lean=6.0), **TERMS[name])
    changed = field.cost != plain_cost()
    places = field.soft[changed].astype(np.int64) - 1
    added = split_price(field.ladder, places)
    assert changed.any()
    assert (added[name] == (field.cost - plain_cost())[changed]).all()
    assert not any(part.any() for other, part in added.items() if other != name)


def test_doubt():
    """At 90 % 1536 x (1 - 0.75 x 0.1) = 1420.8; at 50 % 960; with certainty all of it."""
    field, _ = weigh(**TERMS["doubt"])
    sure = make_anatomy().confidence.voxels
    assert [sure[at(x, 5, 5)] for x in (5, 9, 11)] == [50, 90, 100]
    assert [field.cost[at(x, 5, 5)] for x in (5, 9, 11)] == [960, 1421, 1536]


def test_boundary():
    """Owners parted at x = 6: half the price at 5 and at 7, all of it at 9."""
    field, _ = weigh(make_anatomy(lean=6.0), **TERMS["boundary"])
    assert [field.cost[at(x, 5, 5)] for x in (5, 7, 9)] == [768, 768, 1536]


def test_boundary_and_doubt_do_not_add_up():
    """At 7, owner at 10 %: doubt leaves 1 - 0.75 x 0.9 = 0.325, the boundary half: 499.2."""
    field, _ = weigh(make_anatomy(lean=6.0), doubt_discount=0.75, boundary_discount=0.5)
    assert make_anatomy(lean=6.0).confidence.voxels[at(7, 5, 5)] == 10
    assert field.cost[at(7, 5, 5)] == 499


def test_cortex_depth():
    """Brain begins at x = 5; the voxel at 9 lies 6 mm from the fluid at 3: 1536 x 1.6."""
    field, _ = weigh(**TERMS["cortex-depth"])
    assert field.cost[at(5, 5, 5)] == round(1536 * 1.2)
    assert field.cost[at(9, 5, 5)] == round(1536 * 1.6)


def test_the_rise_with_depth_ends():
    field, _ = weigh(cortex_depth=0.1, cortex_depth_limit=5.0)
    assert field.cost[at(9, 5, 5)] == 1536 * 1.5


def test_reach():
    """64 x 0.05 = 3.2 units for each mm below the scalp, on what is soft alone."""
    field, _ = weigh(**TERMS["reach"])
    tissues = make_tissues()
    x, y, z = coordinates()
    air = np.stack([axis[tissues == 0] for axis in (x, y, z)], axis=1)
    for place in ((1, 15, 1), (1, 5, 5), (3, 9, 9)):
        below = np.linalg.norm(air - np.array(place), axis=1).min()
        assert field.cost[at(*place)] == round(64 + 3.2 * below)
    assert (field.cost == plain_cost())[tissues == Tissue.SKIN].all()


def test_the_deeper_of_two_ways_is_dearer():
    field, _ = weigh(**TERMS["reach"])
    depths = [field.cost[at(1, y, 1)] for y in (15, 11, 7)]
    assert depths == sorted(set(depths))


def test_margin_of_brain():
    """Brain from x = 5 is sure from 60 %, at |x| >= 6: the first sure voxel is at 7. With 4 mm
    of margin, the voxel at 5 lies 1 mm from its surface (2 - 1): 128 x (1 - 1 / 4) = 96 more,
    and that at 3 lies 3 mm from it: 32 more; that at 1 lies 5 mm from it: none.
    """
    field, _ = weigh(margin_brain=2.0, margin_confidence=60.0, margin_brain_width=4.0)
    assert field.cost[at(7, 5, 5)] == 1536 + 128
    assert field.cost[at(5, 5, 5)] == 1536 + 96
    assert field.cost[at(3, 5, 5)] == 64 + 32
    assert field.cost[at(1, 5, 5)] == 64


def test_less_certainty_moves_the_margin_away():
    near, _ = weigh(margin_brain=2.0, margin_confidence=60.0, margin_brain_width=4.0)
    far, _ = weigh(margin_brain=2.0, margin_confidence=80.0, margin_brain_width=4.0)
    assert far.cost[at(3, 5, 5)] == 64 < near.cost[at(3, 5, 5)]


def test_margin_of_vessels():
    """The wall lies at y = 2; the fluid's voxel at y = 3, z = 1 lies 1 mm from it (2 - 1)."""
    field, _ = weigh(margin_vessel=1.0, margin_vessel_width=4.0)
    assert field.cost[at(1, 3, 1)] == 64 + 48
    assert field.cost[at(1, 5, 1)] == 64 + 16
    assert field.cost[at(1, 7, 1)] == 64
    assert field.cost[at(1, 1, 1)] == 768


def test_smoothness_counts_every_face_alike():
    """32 units for each of the two voxels of every face."""
    field, _ = weigh(**TERMS["smoothness"])
    tissues = make_tissues()
    assert (field.cost - plain_cost() == 32 * (tissues > 0)).all()
    faces = int((tissues[27] > 0).sum())
    assert flat_terms(field)[0]["smoothness"] == faces * 64


def test_all_terms_together_sum_to_the_cut():
    rows = {key: value for term in TERMS.values() for key, value in term.items()}
    field, _ = weigh(**rows, giving_tissue=0.6)
    terms, total = flat_terms(field)
    assert sum(terms.values()) == total
    assert set(TERMS) <= set(terms)


def test_a_plan_names_every_term():
    tables = {name: load_table(name) for name in TABLES}
    found = plan(make_case(), make_anatomy(lean=5.0), tables=tables, policy=BALANCED).plan
    assert set(TERMS) | {"tissue-given-by-A", "tissue-given-by-B"} <= set(found.cost_terms)
    assert sum(found.cost_terms.values()) == found.proof.value


def test_the_twins_letters_do_not_matter():
    anatomy = make_anatomy(lean=5.0)
    rows = {key: value for term in TERMS.values() for key, value in term.items()}
    mine, other = weigh(anatomy, **rows)[0], weigh(mirror_anatomy(anatomy), **rows)[0]
    assert (mine.cost == other.cost).all()
    assert (mine.giving == -other.giving).all()


def test_without_air_or_vessels_nothing_is_added():
    anatomy = make_anatomy()
    assert (anatomy.ownership.voxels == Owner.SHARED).any()
    field, _ = weigh(anatomy, margin_vessel=1.0, margin_vessel_width=0.0)
    assert (field.cost == plain_cost()).all()
