"""What demands would come to is what the whole plan under them comes to."""

from dataclasses import replace

import numpy as np
import pytest
from separation_pair import make_anatomy, make_case, mirror_anatomy

from diptych.model import Demands, Infeasible, Millimetre, SparedBall, TwinId
from diptych.separation import (
    SeparationPolicy,
    foresee,
    leave_ground,
    measure_change,
    plan,
    prepare_ground,
)
from diptych.separation.ground import build_ground
from diptych.separation.plan import TABLES as NAMES
from diptych.storage.packed import pack_value, unpack_value
from diptych.tables import load_table

TABLES = {name: load_table(name) for name in NAMES}
POLICY = SeparationPolicy(points=5)
BALL = SparedBall(name="speech area", position=(1.0, 15.0, 1.0), radius=Millimetre(6.0))


@pytest.fixture(scope="module")
def anatomy():
    return make_anatomy(lean=3.0)


@pytest.fixture(scope="module")
def ground(anatomy):
    return prepare_ground(make_case(), anatomy, tables=TABLES, policy=POLICY)


@pytest.mark.parametrize(
    "demands",
    [
        Demands(),
        Demands(balls=(BALL,), keep=(("V-S", TwinId.B),)),
        Demands(prefer="A"),
    ],
    ids=["none", "ball and vessel", "kinder to A"],
)
def test_the_outlook_is_the_plan(anatomy, ground, demands):
    found = foresee(ground, demands)
    front = plan(make_case(), anatomy, tables=TABLES, policy=POLICY, demands=demands)
    whole = front.plan
    assert found.proof == whole.proof
    assert (found.side == whole.side.voxels[ground.block]).all()
    assert found.costs == whole.costs
    assert found.demands == front.demands
    assert {c.vessel: c.keeper for c in whole.crossings}.items() <= found.keepers.items()
    for twin in TwinId:
        assert found.drained[twin] == pytest.approx(whole.allocation.after[twin].share)


def test_what_cannot_be_met_is_refused_here_too(ground):
    with pytest.raises(Infeasible, match="cannot be met together"):
        foresee(ground, Demands(keep=(("V-S", TwinId.A), ("V-S", TwinId.B))))


def test_the_change_is_the_tissue_with_another_side(ground):
    before, after = (foresee(ground, d).side for d in (Demands(), Demands(balls=(BALL,))))
    assert measure_change(ground, after, before) == pytest.approx(
        float((before != after).sum()) * 0.008
    )
    assert measure_change(ground, before, before) == 0.0


def test_a_kept_ground_is_the_ground(tmp_path, anatomy, ground):
    path = tmp_path / "ground.packed"
    path.write_bytes(pack_value(leave_ground(ground), "key"))
    bedrock = unpack_value(path, "key", type(leave_ground(ground)))
    again = build_ground(bedrock, make_case(), anatomy, tables=TABLES, policy=POLICY)
    assert again.block == ground.block
    assert np.array_equal(again.seeds, ground.seeds)
    assert foresee(again, Demands()).proof == foresee(ground, Demands()).proof
    assert replace(again.field, cost=ground.field.cost).scale == ground.field.scale
    assert np.array_equal(again.field.cost, ground.field.cost)


def test_where_another_cut_takes_the_place_of_the_middle_it_is_foreseen():
    anatomy, policy = make_anatomy(lean=1.0), SeparationPolicy(points=9)
    front = plan(make_case(), anatomy, tables=TABLES, policy=policy)
    assert front.plan.proof.value != front.points[4].value
    found = foresee(prepare_ground(make_case(), anatomy, tables=TABLES, policy=policy), Demands())
    assert found.proof == front.plan.proof
    assert found.costs == front.plan.costs
    assert "takes its place as the balanced plan" in found.notes[-1]


def test_a_plan_preferred_that_the_front_lacks_is_not_claimed(ground):
    few = replace(ground, field=replace(ground.field, doubtful=0 * ground.field.doubtful))
    found = foresee(few, Demands(prefer="A"))
    assert found.preference == "balanced"
    assert "kinder-A" in " ".join(found.notes)


@pytest.mark.parametrize("asked", [{}, {"balls": (BALL,)}, {"prefer": "B"}], ids=str)
def test_one_point_alone_is_cut_as_in_the_whole_front(anatomy, ground, asked):
    demands = Demands(**asked)
    front = plan(make_case(), anatomy, tables=TABLES, policy=POLICY, demands=demands)
    at = next(n for n, point in enumerate(front.points) if point.plan == front.proposed)
    found = foresee(ground, demands, at=at)
    assert found.proof == front.plan.proof
    assert (found.side == front.plan.side.voxels[ground.block]).all()
    assert found.costs == front.plan.costs


def test_one_point_alone_swaps_with_the_twins(anatomy, ground):
    swapped = prepare_ground(make_case(), mirror_anatomy(anatomy), tables=TABLES, policy=POLICY)
    swap = np.array([0, 2, 1], dtype=np.uint8)
    for at in (0, 1, 2):
        mine, other = foresee(ground, Demands(), at=at), foresee(swapped, Demands(), at=4 - at)
        assert (swap[other.side] == mine.side).all()
        assert other.proof.value == mine.proof.value
