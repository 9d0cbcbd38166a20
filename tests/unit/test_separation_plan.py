"""Two spheres that share one vein: the whole of `plan`, and its mirror."""

from dataclasses import astuple, replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage
from separation_pair import coordinates, make_anatomy, make_case, mirror_anatomy, volume

from diptych.model import InputError, Owner, Tissue, TwinId
from diptych.separation import SeparationPolicy, plan
from diptych.separation.plan import TABLES as NAMES
from diptych.tables import load_table

TABLES = {name: load_table(name) for name in NAMES}


@pytest.fixture(scope="module")
def front():
    return plan(make_case(), make_anatomy(), tables=TABLES)


@pytest.fixture(scope="module")
def leaning():
    """Ownership drawn 5 mm off, so that kindness has something to give."""
    return plan(make_case(), make_anatomy(lean=5.0), tables=TABLES)


def test_the_cut_runs_through_the_middle_of_the_septum(front):
    x, _, _ = coordinates()
    side = front.plan.side.voxels
    soft = (side > 0) & (np.abs(x) > 2.5)
    vessel = make_anatomy().ownership.voxels == Owner.SHARED
    assert (side[soft & ~vessel] == np.where(x < 0, 1, 2)[soft & ~vessel]).all()


def test_the_sides_partition_the_whole_and_hang_together(front):
    tissues = make_anatomy().tissues.voxels
    for entry in front.plans:
        side = entry.side.voxels
        assert ((side == 0) == (tissues == 0)).all()
        assert [ndimage.label(side == code)[1] for code in (1, 2)] == [1, 1]


def test_the_cut_is_proven_and_its_terms_sum_to_its_value(front):
    for entry in front.plans:
        assert entry.proof.proven
        assert entry.proof.value == entry.proof.flow == sum(entry.cost_terms.values())
        assert "no surface is cheaper" in entry.proof.statement


def test_the_area_is_that_of_the_disc(front):
    # The voxels next to the plane have their centres 1 mm from it, 17 mm from their sphere's.
    disc = np.pi * (32.0**2 - 17.0**2) / 100.0
    assert sum(front.plan.area_by_tissue.values()) == pytest.approx(disc, rel=0.04)
    inner = np.pi * (26.0**2 - 17.0**2) / 100.0
    assert front.plan.defects[TwinId.A].dura.value == pytest.approx(inner, rel=0.06)
    assert front.plan.defects[TwinId.A] == front.plan.defects[TwinId.B]


def test_the_shared_vein_goes_to_the_twin_whose_blood_it_carries(front):
    (crossing,) = front.plan.crossings
    assert (crossing.vessel, crossing.keeper, crossing.order) == ("V-S", TwinId.A, 1)
    assert "left to twin A, whose blood is 100 % of what flowed in it" in crossing.rule
    assert crossing.flow == pytest.approx(20.0)
    assert crossing.calibre == pytest.approx(4.0)
    assert abs(crossing.position[0]) < 13.0
    costs = front.plan.costs
    assert (costs[TwinId.A].vein_flow_given, costs[TwinId.B].vein_flow_given) == (20.0, 0.0)
    assert (costs[TwinId.A].vein_flow_kept, costs[TwinId.B].vein_flow_kept) == (20.0, 0.0)


def test_equal_plans_are_dropped_and_named(front):
    assert front.proposed == "balanced"
    assert len(front.plans) + len(front.dominated) == 3


def test_kindness_never_worsens_the_favoured_twin(leaning):
    plans = {entry.preference: entry for entry in leaning.plans}
    assert set(plans) == {"balanced", "A", "B"}
    for twin in TwinId:
        kind, plain = plans[str(twin)].costs[twin], plans["balanced"].costs[twin]
        assert kind.own_tissue_given <= plain.own_tissue_given
    in_a = [plans[name].side.voxels == 1 for name in ("B", "balanced", "A")]
    assert not (in_a[0] & ~in_a[1]).any()
    assert not (in_a[1] & ~in_a[2]).any()


def test_mirror(leaning):
    swapped = plan(make_case(), mirror_anatomy(make_anatomy(lean=5.0)), tables=TABLES)
    swap = np.array([0, 2, 1], dtype=np.uint8)
    names = {"balanced": "balanced", "A": "B", "B": "A"}
    theirs = {names[entry.preference]: entry for entry in swapped.plans}
    assert set(theirs) == {entry.preference for entry in leaning.plans}
    for mine in leaning.plans:
        other = theirs[mine.preference]
        assert (swap[other.side.voxels] == mine.side.voxels).all()
        assert other.proof.value == mine.proof.value
        assert dict(other.area_by_tissue) == dict(mine.area_by_tissue)
        for twin in TwinId:
            assert astuple(other.costs[twin]) == pytest.approx(astuple(mine.costs[twin.other]))
            assert other.defects[twin] == mine.defects[twin.other]
        pairs = zip(mine.crossings, other.crossings, strict=True)
        assert all(
            a.vessel == b.vessel and a.keeper is b.keeper.other and a.position == b.position
            for a, b in pairs
        )


def test_an_island_in_the_ownership_is_absorbed_and_said():
    anatomy = make_anatomy()
    x, y, z = coordinates()
    patch = (x < -40.0) & (np.abs(y) < 9.0) & (np.abs(z) < 9.0)
    patch &= anatomy.tissues.voxels == Tissue.SKIN
    owner = np.where(patch, int(Owner.B), anatomy.ownership.voxels).astype(np.uint8)
    island = replace(anatomy, ownership=volume(owner))
    dear = """[[row]]
key = "giving-tissue"
value = 5.0
source = "test"
"""
    tables = TABLES | {"costs": load_table("costs", dear)}
    policy = SeparationPolicy(preferences=("balanced",), points=3)
    found = plan(make_case(), island, tables=tables, policy=policy).plan
    assert ndimage.label(found.side.voxels == 2)[1] == 1
    assert found.proof.proven
    assert (found.side.voxels[patch] == 1).all()
    assert any("absorbed" in note for note in found.notes)


def test_one_twin_alone_is_refused():
    anatomy = make_anatomy()
    owner = anatomy.ownership.voxels.copy()
    owner[owner == Owner.B] = int(Owner.A)
    with pytest.raises(InputError, match="no voxel of twin B"):
        plan(make_case(), replace(anatomy, ownership=volume(owner)), tables=TABLES)


def test_twins_that_do_not_touch_are_refused():
    anatomy = make_anatomy()
    x, _, _ = coordinates()
    owner = np.where(np.abs(x) < 12.0, 0, anatomy.ownership.voxels)
    with pytest.raises(InputError, match="nowhere come within 8 mm"):
        plan(make_case(), replace(anatomy, ownership=volume(owner)), tables=TABLES)


def test_a_policy_needs_the_balanced_plan():
    with pytest.raises(InputError, match="expected balanced"):
        SeparationPolicy(preferences=("A", "B"))


def test_the_front_swaps_with_the_twins(leaning):
    swapped = plan(make_case(), mirror_anatomy(make_anatomy(lean=5.0)), tables=TABLES)
    swap = np.array([0, 2, 1], dtype=np.uint8)
    count = len(leaning.points)
    assert count == len(swapped.points) == 21
    for number, (mine, other) in enumerate(
        zip(leaning.points, reversed(swapped.points), strict=True)
    ):
        assert (mine.kindness, mine.value) == (-other.kindness, other.value)
        assert bool(mine.dominated) == bool(other.dominated)
        theirs = swapped.side_at(count - 1 - number).voxels
        assert (swap[theirs] == leaning.side_at(number).voxels).all()
        for twin in TwinId:
            assert astuple(other.costs[twin]) == pytest.approx(astuple(mine.costs[twin.other]))
            assert other.areas[twin] == mine.areas[twin.other]
            assert other.drained[twin] == pytest.approx(mine.drained[twin.other])
            assert other.infarct[twin] == mine.infarct[twin.other]


def test_each_point_of_the_front_is_proven_and_kinder_than_the_one_before(leaning):
    for mine, after in pairwise(leaning.points):
        assert mine.proven
        assert mine.value == mine.flow
        assert mine.kindness < after.kindness
        given = [point.costs[TwinId.A].own_tissue_given for point in (mine, after)]
        assert given[1] <= given[0]


def test_the_plans_lie_on_the_front(leaning):
    marked = {p.plan: n for n, p in enumerate(leaning.points) if p.plan is not None}
    assert set(marked) == {entry.id for entry in leaning.plans}
    for entry in leaning.plans:
        point = leaning.points[marked[entry.id]]
        assert not point.dominated
        assert point.value == entry.proof.value
        assert point.areas == entry.defects
        assert point.costs == entry.costs
        assert (leaning.side_at(marked[entry.id]).voxels == entry.side.voxels).all()
