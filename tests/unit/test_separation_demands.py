"""What people demand of the plans: tissue never cut, vessels kept, the plan preferred."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from separation_pair import coordinates, make_anatomy, make_case, mirror_anatomy, volume

from diptych.kernels.mincut.checks import LARGEST
from diptych.kernels.mincut.grid import edge_weights, neighbour_steps
from diptych.model import Demands, Infeasible, InputError, Millimetre, SparedBall, TwinId
from diptych.separation import SeparationPolicy, plan
from diptych.separation.plan import TABLES as NAMES
from diptych.separation.spared import NEVER, _price
from diptych.tables import load_table

TABLES = {name: load_table(name) for name in NAMES}
FEW = SeparationPolicy(points=3)


def planned(anatomy, **asked):
    return plan(make_case(), anatomy, tables=TABLES, policy=FEW, demands=Demands(**asked))


def ball(x, y, z, radius, name="speech area"):
    return SparedBall(name=name, position=(x, y, z), radius=Millimetre(radius))


def in_ball(x0, y0, z0, radius):
    x, y, z = coordinates()
    return (x - x0) ** 2 + (y - y0) ** 2 + (z - z0) ** 2 <= radius**2


@pytest.fixture(scope="module")
def anatomy():
    return make_anatomy(lean=3.0)


@pytest.fixture(scope="module")
def free(anatomy):
    return planned(anatomy)


@pytest.fixture(scope="module")
def sparing(anatomy):
    return planned(anatomy, balls=(ball(1.0, 15.0, 1.0, 6.0),))


def test_a_spared_ball_across_the_cut_stays_whole_at_every_point(free, sparing):
    inside = in_ball(1.0, 15.0, 1.0, 6.0) & (make_anatomy().tissues.voxels > 0)
    assert len(np.unique(free.plan.side.voxels[inside])) == 2
    for number in range(len(sparing.points)):
        assert len(np.unique(sparing.side_at(number).voxels[inside])) == 1


def test_a_demand_never_makes_the_cut_cheaper_and_its_terms_still_sum(free, sparing):
    for before, after in zip(free.points, sparing.points, strict=True):
        assert after.proven
        assert after.value > before.value
    for entry in sparing.plans:
        assert sum(entry.cost_terms.values()) == entry.proof.value


def test_the_demand_is_told_with_its_size(sparing):
    count = int((in_ball(1.0, 15.0, 1.0, 6.0) & (make_anatomy().tissues.voxels > 0)).sum())
    assert sparing.demands == (f"never cut speech area ({count * 0.008:.2f} ml)",)


def test_a_ball_in_one_twins_sure_tissue_belongs_to_it(anatomy):
    found = planned(anatomy, balls=(ball(-25.0, 0.0, 0.0, 4.0),))
    assert (found.plan.side.voxels[in_ball(-25.0, 0.0, 0.0, 4.0)] == 1).all()


def test_a_region_of_both_twins_is_infeasible_by_name(anatomy):
    with pytest.raises(Infeasible, match="never cut everything cannot be met") as caught:
        planned(anatomy, painted=(replace(make_anatomy().tissues, source="everything"),))
    assert caught.value.conflicts[0] == "never cut everything"
    assert "surely belongs to twin B" in caught.value.conflicts[1]


def test_a_painted_region_counts_like_a_ball(anatomy, sparing):
    mask = in_ball(1.0, 15.0, 1.0, 6.0).astype(np.uint8)
    painted = replace(volume(mask), source="speech area")
    found = planned(anatomy, painted=(painted,))
    assert (found.plan.side.voxels == sparing.plan.side.voxels).all()
    assert found.demands == sparing.demands


def test_a_ball_in_the_air_is_refused(anatomy):
    with pytest.raises(InputError, match="never cut nothing: there is no tissue there"):
        planned(anatomy, balls=(ball(0.0, 200.0, 0.0, 3.0, "nothing"),))


def test_paint_on_another_grid_is_refused(anatomy):
    other = replace(volume(make_anatomy().tissues.voxels[:8].copy()), source="scan of May")
    with pytest.raises(InputError, match="never cut scan of May: painted on a grid of"):
        planned(anatomy, painted=(other,))


def test_a_vessel_goes_to_the_twin_that_must_keep_it(anatomy, free):
    assert free.plan.crossings[0].keeper is TwinId.A
    found = planned(anatomy, keep=(("shared-vein", TwinId.B),))
    for entry in found.plans:
        assert entry.crossings[0].keeper is TwinId.B
        assert entry.crossings[0].rule == "twin B must keep it, as demanded"
    assert found.demands == ("twin B must keep shared vein (V-S)",)


def test_both_twins_cannot_keep_one_vessel(anatomy):
    with pytest.raises(Infeasible, match="cannot be met together") as caught:
        planned(anatomy, keep=(("V-S", TwinId.A), ("V-S", TwinId.B)))
    assert caught.value.exit_code == 4
    assert [word for word in caught.value.conflicts if "V-S" in word] == [
        "twin A must keep shared vein (V-S)",
        "twin B must keep shared vein (V-S)",
    ]


def test_a_vessel_is_found_by_id_or_by_the_only_name(anatomy):
    with pytest.raises(InputError, match="2 vessels are called 'bridging vein': V-A, V-B"):
        planned(anatomy, keep=(("bridging vein", TwinId.A),))
    with pytest.raises(InputError, match="there is no vessel 'vein-9'") as caught:
        planned(anatomy, keep=(("vein-9", TwinId.A),))
    assert "V-S (shared vein)" in caught.value.remedy


def test_the_plan_preferred_is_proposed_and_said(anatomy):
    found = planned(anatomy, prefer="A")
    assert found.proposed == "kinder-A"
    assert found.demands == ("the plan kinder to twin A is to be proposed",)
    assert found.notes == ()


def test_a_preferred_plan_that_is_not_on_the_front_is_said():
    anatomy = make_anatomy()
    x, _, _ = coordinates()
    owner = np.where(anatomy.tissues.voxels > 0, np.where(x < 0, 1, 2), 0).astype(np.uint8)
    sure = replace(
        anatomy, ownership=volume(owner), confidence=volume(np.full(owner.shape, 100, np.uint8))
    )
    found = planned(sure, prefer="B")
    assert found.proposed == "balanced"
    assert "no plan on the front is kinder to twin B" in found.notes[0]


def test_the_number_of_operations_is_kept_and_said(anatomy):
    found = planned(anatomy, stages=3)
    assert found.stages == 3
    assert found.demands == ("the vessels are to be divided in 3 operations",)
    assert found.notes == (
        "3 operations were demanded, but there are too few vessels to divide for that; numbers of"
        " operations that were worked out: 1",
    )
    assert planned(anatomy, stages=1).notes == ()


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"stages": 6}, "number of operations is 6"), ({"prefer": "C"}, "plan preferred is 'C'")],
)
def test_demands_that_make_no_sense_are_refused(asked, words):
    with pytest.raises(InputError, match=words):
        Demands(**asked)


def test_demands_swap_with_the_twins(anatomy, sparing):
    mirrored = planned(mirror_anatomy(anatomy), balls=(ball(1.0, 15.0, 1.0, 6.0),))
    swap = np.array([0, 2, 1], dtype=np.uint8)
    assert (swap[mirrored.plan.side.voxels] == sparing.plan.side.voxels).all()


def test_a_region_that_leaves_the_cut_no_room_is_infeasible_by_name(anatomy):
    with pytest.raises(Infeasible, match="never cut junction cannot be met: tissue") as caught:
        planned(anatomy, balls=(ball(0.0, 0.0, 0.0, 15.0, "junction"),))
    assert "none left between" in caught.value.conflicts[-1]
    pair = (ball(-16.0, 0.0, 0.0, 16.5, "left"), ball(16.0, 0.0, 0.0, 16.5, "right"))
    with pytest.raises(Infeasible, match="never cut left and never cut right cannot be met"):
        planned(anatomy, balls=pair)


@pytest.mark.parametrize("spacing", [(1.5, 1.5, 1.5), (0.45, 0.45, 3.0), (0.3, 0.3, 5.0)])
@pytest.mark.parametrize("neighbours", [6, 26])
def test_the_price_of_a_spared_voxel_never_overflows_the_cut(spacing, neighbours):
    ground = SimpleNamespace(spacing=spacing, policy=SeparationPolicy(neighbours=neighbours))
    heaviest = int(edge_weights(neighbour_steps(neighbours), spacing).max())
    assert 2**20 < _price(ground) <= NEVER
    assert 2 * heaviest * _price(ground) <= LARGEST


def test_paint_without_numbers_is_refused(anatomy):
    voxels = np.full(make_anatomy().tissues.voxels.shape, np.nan, dtype=np.float32)
    with pytest.raises(InputError, match="never cut soft: holds values that are no numbers"):
        planned(anatomy, painted=(replace(volume(voxels), source="soft"),))


@pytest.mark.filterwarnings("error")
def test_a_ball_beyond_all_measure_is_all_or_nothing(anatomy):
    with pytest.raises(Infeasible, match="surely belongs to twin B"):
        planned(anatomy, balls=(ball(0.0, 0.0, 0.0, 1e30),))
    with pytest.raises(InputError, match="there is no tissue there"):
        planned(anatomy, balls=(ball(1e30, 0.0, 0.0, 1.0),))
