"""The whole part on two joined balls: owners, vessels, class, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from anatomy_toys import STEP, TABLES, Toy, draw, map_toy, points, routes, tube
from blood_images import lay_images

from diptych.anatomy import map_anatomy, mapping
from diptych.anatomy.mapping import tell_gap
from diptych.anatomy.ownership import _find_inner, part_seeds
from diptych.anatomy.tissues import Compartments
from diptych.kernels.mincut import minimum_cut
from diptych.model import InputError, Measured, Owner, SafetyRefusal, Tissue, TwinId


def true_side() -> np.ndarray:
    return np.where(points()[2] < 0.0, int(Owner.A), int(Owner.B))


def test_tissue_near_the_interface_goes_to_its_own_twin() -> None:
    anatomy = map_toy()
    codes, height = anatomy.ownership.voxels, np.abs(points()[2])
    near = (codes > 0) & (height < 12.0) & (anatomy.tissues.voxels != Tissue.VESSEL)
    assert float((codes != true_side())[near].mean()) < 0.04
    assert not ((codes != true_side()) & near & (height > 1.2 * STEP)).any()


@pytest.mark.parametrize("axis", range(3))
def test_territories_that_meet_leave_room_for_the_cut(axis) -> None:
    seeds = np.zeros((6, 6, 6), dtype=np.uint8)
    np.moveaxis(seeds, axis, 0)[:3], np.moveaxis(seeds, axis, 0)[3:] = 1, 2
    cost = np.full(seeds.shape, 7)
    with pytest.raises(InputError, match="seeds touch at 36 places"):
        minimum_cut(cost, seeds)
    parted = part_seeds(seeds)
    assert np.moveaxis(parted, axis, 0)[:, 0, 0].tolist() == [1, 1, 0, 0, 2, 2]
    assert minimum_cut(cost, parted).certificate.passed
    assert np.array_equal(part_seeds((3 - seeds).astype(np.uint8)), (3 - parted) % 3)


@pytest.mark.parametrize(("step", "vault"), [(0.5, 5), (1.0, 2), (1.25, 2), (1.5, 2), (2.0, 2)])
def test_bone_three_millimetres_and_three_voxels_under_the_skin_is_a_plate(step, vault) -> None:
    assert plate_under_skin(step) == [False] * (2 + vault) + [True] * (8 - vault)


def test_in_a_t1_image_the_plate_begins_deeper() -> None:
    assert plate_under_skin(1.0, t1=True) == [False] * 5 + [True] * 5


def plate_under_skin(step: float, t1: bool = False) -> list[bool]:
    """Which of ten voxels in a row, the first two skin and the others bone, are no vault."""
    shape = (10, 5, 5)
    bone = np.zeros(shape, dtype=bool)
    bone[2:] = True
    zero = np.zeros(shape, dtype=np.float32)
    parts = Compartments(
        bone=bone,
        cavity=np.zeros(shape, dtype=bool),
        vessel=np.zeros(shape, dtype=bool),
        depth=zero,
        lumps=np.zeros(shape, dtype=np.int32),
        rise=zero,
    )
    images = lay_images(zero, np.ones(shape, dtype=bool), step)
    inner = _find_inner(replace(images, hull=images.body) if t1 else images, parts)
    whole: list[bool] = inner[:, 2, 2].tolist()
    return whole


def test_territories_that_do_not_meet_are_kept() -> None:
    seeds = np.array([1, 1, 0, 2, 2], dtype=np.uint8).reshape(5, 1, 1)
    assert np.array_equal(part_seeds(seeds), seeds)


def test_nobody_exactly_where_air() -> None:
    anatomy = map_toy()
    air = anatomy.tissues.voxels == Tissue.AIR
    assert np.array_equal(air, anatomy.ownership.voxels == Owner.NOBODY)
    assert np.array_equal(air, anatomy.confidence.voxels == 0)


def test_confidence_is_low_only_at_the_boundary() -> None:
    anatomy = map_toy()
    sure, height = anatomy.confidence.voxels, np.abs(points()[2])
    tissue = sure > 0
    assert np.percentile(sure[tissue & (height > 8.0)], 1) > 95
    assert sure[tissue & (height < 1.0)].mean() < 96


def test_shared_ring_and_both_sagittal_sinuses_are_named_and_owned() -> None:
    vessels = map_toy().vessels.vessels
    owners = {(vessel.name, vessel.owner) for vessel in vessels}
    assert ("circumferential sinus", Owner.SHARED) in owners
    assert ("superior sagittal sinus A", Owner.A) in owners
    assert ("superior sagittal sinus B", Owner.B) in owners
    assert ("bridging vein A1", Owner.A) in owners
    assert ("bridging vein B1", Owner.B) in owners
    ring = sum(v.length for v in vessels if v.owner is Owner.SHARED)
    assert ring == pytest.approx(2.0 * np.pi * 18.0, rel=0.1)


def test_a_link_that_is_no_vessel_is_left_out_of_the_network(monkeypatch) -> None:
    paths = []

    def with_a_link(tree, *rest):
        drained = own(tree, *rest)
        alone = max(
            (n for n in drained.run if drained.run.count(n) == 1),
            key=lambda n: tree.branches[n].length,
        )
        paths.append(tree.branches[alone].path)
        return replace(drained, links=frozenset({alone}))

    def has(anatomy) -> bool:
        middle = paths[0][len(paths[0]) // 2]
        every = np.concatenate([vessel.path for vessel in anatomy.vessels.vessels])
        return float(np.linalg.norm(every - middle, axis=1).min()) < STEP

    whole, own = map_toy(), mapping.assign_owners
    monkeypatch.setattr(mapping, "assign_owners", with_a_link)
    without = map_anatomy(draw(Toy()), tables=TABLES)
    assert has(whole)
    assert not has(without)


def test_calibre_is_that_of_the_tube_drawn() -> None:
    for vessel in map_toy().vessels.vessels:
        if vessel.owner is Owner.SHARED:
            assert vessel.calibre == pytest.approx(6.0, rel=0.12)


def test_vessel_voxels_have_the_vessel_owner() -> None:
    anatomy = map_toy()
    found = anatomy.tissues.voxels == Tissue.VESSEL
    for name, owner, path, radius in routes(ring=True):
        lumen = found & (tube(path) < 0.6 * radius) & (np.abs(points()[2]) < 70)
        if name == "ring":
            assert float((anatomy.ownership.voxels[lumen] == owner).mean()) > 0.9


def test_blood_is_conserved_and_leaves_by_the_jugulars() -> None:
    network = map_toy().vessels
    roots = {node.id: node.root for node in network.nodes if node.root is not None}
    assert sorted(roots.values()) == [TwinId.A, TwinId.B]
    balance = dict.fromkeys((node.id for node in network.nodes), 0.0)
    for vessel in network.vessels:
        assert vessel.flow.value >= 0.0
        balance[vessel.start] -= vessel.flow.value
        balance[vessel.end] += vessel.flow.value
    inflow = {node.id: float(node.inflow) for node in network.nodes}
    for node, surplus in balance.items():
        if node not in roots:
            assert surplus + inflow[node] == pytest.approx(0.0, abs=1e-9)
    assert all(inflow[node] == 0.0 for node in roots)
    entering = sum(inflow.values())
    assert sum(balance[node] for node in roots) == pytest.approx(entering, rel=1e-9)
    brains = [map_toy().measures[f"brain-volume-{letter}"].value for letter in "AB"]
    assert entering == pytest.approx(sum(brains) * 0.512, rel=0.02)


def test_class_angle_and_rotation() -> None:
    found = map_toy().classification
    assert found.label == "TV-I"
    assert found.long_axis_angle.value == pytest.approx(180.0, abs=0.1)
    assert found.rotation.value == pytest.approx(0.0, abs=0.1)
    assert "shared over" in found.shared_sinus_evidence


def test_without_a_ring_the_class_is_partial() -> None:
    found = map_toy(Toy(ring=False))
    assert found.classification.label == "PV"
    assert not any(v.owner is Owner.SHARED for v in found.vessels.vessels)


def test_septum_is_measured_as_the_disc_it_is() -> None:
    measures = map_toy().measures
    disc = np.pi * (45.5**2 - 36.0**2) / 100.0
    whole = np.pi * (50.0**2 - 36.0**2) / 100.0
    inside = measures["fused-area-dura"].value + measures["fused-area-bone"].value
    assert inside == pytest.approx(disc, rel=0.15)
    assert measures["fused-area-brain"].value < 0.5
    total = sum(measures[f"fused-area-{t}"].value for t in ("skin", "bone", "dura", "brain"))
    assert total == pytest.approx(whole, rel=0.15)
    assert measures["septum-fraction"].value > 0.95
    assert measures["size-asymmetry"].value < 0.02


def test_rigid_shift_gives_the_same_voxels() -> None:
    moved = map_toy(Toy(shift=(100.0, -40.0, 8.0)))
    for name in ("tissues", "ownership", "confidence"):
        assert np.array_equal(getattr(moved, name).voxels, getattr(map_toy(), name).voxels)
    first, second = map_toy().vessels.vessels[0], moved.vessels.vessels[0]
    assert np.allclose(second.path - first.path, (100.0, -40.0, 8.0), atol=1e-6)


def test_without_contrast_no_vessel_is_made_up() -> None:
    found = map_toy(Toy(contrast=False))
    assert found.vessels.vessels == ()
    assert not (found.tissues.voxels == Tissue.VESSEL).any()
    assert any("no series with venous contrast" in note for note in found.notes)
    assert found.classification.ambiguous
    assert any("if one is shared, the class is TV-I" in r for r in found.classification.reasons)


def test_without_frankfurt_points_axes_are_estimated_and_told() -> None:
    found = map_toy(Toy(marks=("nasion",)))
    assert any("not marked" in note and "A, B" in note for note in found.notes)
    assert found.axes[0].long[2] > 0.9
    assert found.axes[1].long[2] < -0.9
    assert found.axes[0].uncertainty >= 20.0
    width = found.classification.long_axis_angle
    assert width.high - width.low > 50.0
    codes, height = found.ownership.voxels, np.abs(points()[2])
    far = (codes > 0) & (height > 10.0) & (found.tissues.voxels != Tissue.VESSEL)
    assert not ((codes != true_side()) & far).any()


def test_nothing_says_who_is_a() -> None:
    with pytest.raises(SafetyRefusal, match="nothing says which of them is A"):
        map_anatomy(draw(Toy(marks=())), tables=TABLES)


def test_one_head_is_refused_with_what_was_found() -> None:
    with pytest.raises(InputError, match=r"case with one head: the intracranial space is one"):
        map_anatomy(draw(Toy(heads=1, marks=("nasion",), marked="A")), tables=TABLES)
    with pytest.raises(InputError, match=r"case with one head: .*twin B"):
        map_anatomy(draw(Toy(heads=1)), tables=TABLES)


def test_images_without_a_skull_are_refused() -> None:
    from dataclasses import replace

    case = draw(Toy())
    series = case.volumes[0]
    voxels = np.minimum(series.volume.voxels, 100).astype(np.int16)
    soft = replace(series, volume=replace(series.volume, voxels=voxels))
    with pytest.raises(InputError, match="no intracranial space was found"):
        map_anatomy(replace(case, volumes=(soft,)), tables=TABLES)


def test_air_alone_is_refused() -> None:
    from dataclasses import replace

    case = draw(Toy())
    series = case.volumes[0]
    air = replace(series, volume=replace(series.volume, voxels=series.volume.voxels * 0 - 1000))
    with pytest.raises(InputError, match="the CT holds 0 ml of tissue"):
        map_anatomy(replace(case, volumes=(air,)), tables=TABLES)


@pytest.mark.parametrize(("gap", "told"), [(0.9, 0), (1.0, 1), (7.4, 1)])
def test_a_gap_in_the_septum_is_told_as_doubt_beyond_the_confidence(gap, told) -> None:
    measures = {"septum-gap-area": Measured(value=gap, low=gap, high=gap, unit="cm2")}
    notes = tell_gap(measures)
    assert len(notes) == told
    if told:
        assert notes[0].startswith(f"over {gap:.0f} cm2 no septum is seen between the brains")


def test_the_anatomy_tells_the_gap_that_it_measures() -> None:
    anatomy = map_toy()
    assert set(tell_gap(anatomy.measures)) <= set(anatomy.notes)
