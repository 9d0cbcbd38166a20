"""Whole pairs from a drawn head: what the truth promises, and the same bytes each time."""

import numpy as np
import pytest

from diptych.demonstration import PairOrder, make_pair
from diptych.demonstration.head import read_head
from diptych.demonstration.placement import measure
from diptych.model import InputError, Owner, Tissue, TwinId, Volume


def drawn_head(modality="MR"):
    """An egg of a head on a neck, 3 mm voxels: T1-like or CT-like values."""
    axes = [np.arange(-100.0, 101.0, 3.0), np.arange(-115.0, 116.0, 3.0)]
    x, y, z = np.meshgrid(*axes, np.arange(-130.0, 106.0, 3.0), indexing="ij")
    egg = np.sqrt((x / 72) ** 2 + (y / 88) ** 2 + (z / 76) ** 2)
    shell = (egg - 1.0) * 78.0
    skin = (shell < 15.0) | ((z < -30.0) & (np.hypot(x / 60, (y + 15) / 75) < 1.0))
    bone = (shell > 0.0) & (shell < 8.0)
    air, soft, hard, brain = (
        (0.0, 260.0, 20.0, 200.0)
        if modality == "MR"
        else (
            -1000.0,
            30.0,
            1200.0,
            35.0,
        )
    )
    values = np.where(skin, soft, air)
    values = np.where(bone, hard, np.where(shell <= 0, brain, values))
    values += 0.01 * brain * np.cos(x / 9.0)
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    affine[:3, 3] = (-100.0, -115.0, -130.0)
    return Volume(
        voxels=values.astype(np.float32),
        affine=affine,
        frame_of_reference="2.25.1",
        modality=modality,
        source="a drawn head",
    )


@pytest.fixture(scope="module")
def total():
    return make_pair(drawn_head(), PairOrder(type="TV-III", spacing=3.0))


def test_a_volume_without_a_head_is_refused():
    block = Volume(
        voxels=np.full((20, 20, 20), 1200.0),
        affine=np.diag([3.0, 3.0, 3.0, 1.0]),
        frame_of_reference="2.25.1",
        modality="CT",
        source="a block",
    )
    with pytest.raises(InputError, match="no brain found in 'a block'"):
        read_head(block)


@pytest.mark.slow
def test_the_same_order_gives_the_same_bytes(total):
    again = make_pair(drawn_head(), PairOrder(type="TV-III", spacing=3.0))
    for name in ("ct", "ctv"):
        assert getattr(again, name).content_hash == getattr(total, name).content_hash
    for name in ("owner", "tissues", "distance", "interrupted"):
        first, second = getattr(total.truth, name), getattr(again.truth, name)
        assert first.content_hash == second.content_hash
    assert again.landmarks == total.landmarks


@pytest.mark.slow
def test_nobody_owns_exactly_the_air(total):
    owner, tissues = total.truth.owner.voxels, total.truth.tissues.voxels
    assert ((owner == Owner.NOBODY) == (tissues == Tissue.AIR)).all()
    assert set(np.unique(tissues).tolist()) == {int(tissue) for tissue in Tissue}
    assert set(np.unique(owner).tolist()) == {0, 1, 2, 3}


@pytest.mark.slow
def test_owner_follows_the_distance_except_in_vessels(total):
    truth = total.truth
    solid = ~np.isin(truth.tissues.voxels, (Tissue.AIR, Tissue.VESSEL))
    far = solid & (np.abs(truth.distance.voxels) > 5)
    assert ((truth.owner.voxels == Owner.A) == (truth.distance.voxels > 0))[far].all()


@pytest.mark.slow
def test_angles_come_from_the_final_transforms(total):
    a, b = (total.truth.poses[twin][:3, :3] for twin in (TwinId.A, TwinId.B))
    assert measure(a, b) == pytest.approx((total.truth.long_axis_angle, total.truth.rotation))
    assert 52.0 <= total.truth.rotation <= 128.0 and total.truth.long_axis_angle >= 152.0


@pytest.mark.slow
def test_a_total_pair_has_a_shared_ring_and_veins_that_cross(total):
    vessels = total.truth.vessels.vessels
    assert any(v.owner is Owner.SHARED and v.kind == "sinus" for v in vessels)
    for letter in "AB":
        crossing = {v.name for v in vessels if v.name.startswith(f"crossing vein {letter}")}
        bridging = {v.name for v in vessels if v.name.startswith(f"bridging vein {letter}")}
        assert len(crossing) >= 2 and len(bridging) >= 7
    roots = [node.root for node in total.truth.vessels.nodes if node.root is not None]
    assert sorted(roots) == [TwinId.A, TwinId.A, TwinId.B, TwinId.B]


@pytest.mark.slow
def test_the_septum_is_interrupted_over_its_share(total):
    truth = total.truth
    on = np.isin(truth.tissues.voxels, (Tissue.DURA, Tissue.CSF, Tissue.BRAIN))
    on &= np.abs(truth.distance.voxels) < 15
    assert 0.07 < truth.interrupted.voxels[on].mean() < 0.2


@pytest.mark.slow
def test_venous_contrast_brightens_vessels_only_as_blood_does(total):
    gain = total.ctv.voxels.astype(float) - total.ct.voxels
    tissues = total.truth.tissues.voxels
    assert gain[tissues == Tissue.VESSEL].mean() > 80.0
    assert abs(gain[tissues == Tissue.BRAIN].mean() - 4.0) < 3.0
    assert abs(gain[tissues == Tissue.AIR].mean()) < 5.0


@pytest.mark.slow
def test_the_sentence_says_that_it_is_no_patient(total):
    assert total.made_from == "made from a drawn head; not a patient"


@pytest.mark.slow
def test_a_partial_pair_of_two_heads_has_a_bony_plate_and_no_shared_vessel():
    pair = make_pair(drawn_head(), PairOrder(type="PA", spacing=3.0), second=drawn_head("CT"))
    truth = pair.truth
    assert pair.made_from == "made from a drawn head and a drawn head; not a patient"
    assert all(v.owner is not Owner.SHARED for v in truth.vessels.vessels)
    assert not truth.interrupted.voxels.any()
    middle = (np.abs(truth.distance.voxels) < 5) & (truth.tissues.voxels == Tissue.BONE)
    assert middle.sum() * truth.tissues.voxel_volume > 1.0
    assert truth.long_axis_angle <= 128.0
