"""What makes a demonstration pair hard: arteries, plates, partitions, phases, MR, labels."""

import numpy as np
import pytest
from test_demonstration_pair import drawn_head

from diptych.demonstration import PairOrder, make_pair, paint_labels
from diptych.demonstration.assembly import assemble
from diptych.demonstration.drainage import BLOOD_FLOW, make_supply
from diptych.demonstration.head import Grid, measure_girth, read_head
from diptych.demonstration.interface import _choose_bridge
from diptych.demonstration.materials import BLOOD, CONTRASTS, Palette
from diptych.demonstration.partitions import falx_distance, tent_distance
from diptych.demonstration.plates import LINES, map_plates, trace_line
from diptych.demonstration.scanner import scan_mr
from diptych.demonstration.shell import pressed_place, squeezed_source
from diptych.demonstration.sinuses import GALEN, TRANSVERSE
from diptych.demonstration.tree import Run
from diptych.model import InputError, Owner, Tissue, Volume


def stream(key=1):
    return np.random.Generator(np.random.Philox(key=key))


def test_an_unknown_phase_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="phase is 'late', expected one of venous, arterial, both"):
        PairOrder(type="PA", phase="late")


def test_mr_has_a_venogram_only():
    with pytest.raises(InputError, match="modality MR with phase 'arterial'"):
        PairOrder(type="PA", modality="MR", phase="arterial")


def test_a_plain_order_keeps_the_name_it_had_before_harder_ones_came():
    assert PairOrder(type="PA").name == (
        "PairOrder(type='PA', spacing=1.5, seed=1, age=9.5, noise=7.0, blur=0.55,"
        " second_size=0.97, area=50.0, interrupted=0.15, scatter=1.0, margin=8.0)"
    )
    assert PairOrder(type="PA", hard=True).name.endswith("margin=8.0, hard=True)")


def test_arteries_come_with_an_arterial_phase_and_with_hard_scenes():
    assert not PairOrder(type="PA").has_arteries
    assert PairOrder(type="PA", phase="arterial").has_arteries
    assert PairOrder(type="PA", hard=True).has_arteries


def test_a_palette_paints_only_what_is_asked_for():
    plain = Palette.of(PairOrder(type="PA"))
    assert plain.contrasts == ("plain", "venous")
    assert plain.take(BLOOD).tolist() == [[48.0], [208.0]]
    mr = Palette.of(PairOrder(type="PA", modality="MR"))
    assert set(mr.contrasts) == set(CONTRASTS) - {"arterial"}
    assert mr.take_brain(np.array([8.0, 38.0])).shape == (4, 2)


@pytest.mark.parametrize(("age", "sign"), [(1.0, -1.0), (7.5, 0.0), (18.0, 1.0)])
def test_white_matter_is_darker_than_grey_first_and_brighter_later(age, sign):
    palette = Palette.of(PairOrder(type="PA", modality="MR", age=age))
    white, grey = palette.take_brain(np.array([30.0, 38.0]))[2]
    assert np.sign(round(white - grey, 6)) == sign


def test_noise_of_an_mr_is_rician_where_there_is_no_signal():
    order = PairOrder(type="PA", modality="MR", noise=20.0, spacing=2.0)
    grid = Grid(origin=np.zeros(3), step=2.0, shape=(30, 30, 30))
    image = scan_mr(order, np.zeros(grid.shape, dtype=np.float32), grid, "test")
    assert image.mean() == pytest.approx(20.0 * np.sqrt(np.pi / 2.0), rel=0.03)
    assert image.min() >= 0


def ball(radius=60.0, step=2.0):
    size = round(2.0 * (radius + 10.0) / step) + 1
    grid = Grid(origin=np.full(3, -radius - 10.0), step=step, shape=(size, size, size))
    return grid, (np.linalg.norm(grid.coordinates(), axis=0) - radius).astype(np.float32)


def open_at(age, own):
    grid, cavity = ball()
    plates = map_plates(PairOrder(type="PA", age=age, hard=True), grid, cavity, stream())
    return plates, plates.measure(own, np.zeros(own.shape[1]))


def test_sutures_of_both_sides_mirror_each_other():
    for stations in LINES.values():
        left, right = trace_line(stations, 1.0), trace_line(stations, -1.0)
        assert np.allclose(left * [[-1.0], [1.0], [1.0]], right)
        assert np.allclose(np.linalg.norm(left, axis=0), 1.0)


def test_the_fontanelle_is_open_and_shrinks_with_age():
    bregma = 60.0 * trace_line(LINES["sagittal"], 1.0)[:, :1]
    young, old = (open_at(age, bregma)[1][0] for age in (3.0, 18.0))
    assert young == pytest.approx(-10.2, abs=1.0)
    assert young < old < -2.0


def test_sutures_are_two_to_four_millimetres_wide_and_the_metopic_closes():
    plates, _ = open_at(10.0, np.zeros((3, 1)))
    for name in ("coronal", "lambdoid", "sagittal"):
        ends = plates.half[plates.names == name]
        assert 1.0 <= ends.min() <= 2.0
    metopic = plates.tree.data[plates.names == "metopic"]
    assert len(metopic) > 0 and metopic[:, 2].min() > 35.0, "only the arm of the fontanelle"


def test_a_label_map_becomes_a_ct_of_its_tissues():
    labels = np.zeros((3, 3, 3), dtype=np.uint8)
    labels[1] = 2
    volume = Volume(
        voxels=labels,
        affine=np.eye(4),
        frame_of_reference="2.25.3",
        modality="SEG",
        source="drawn labels",
    )
    ct = paint_labels(volume, {0: "air", 2: "skull"})
    assert ct.modality == "CT" and np.unique(ct.voxels).tolist() == [-1000, 900]
    with pytest.raises(InputError, match="labels 2 of 'drawn labels' have no meaning given"):
        paint_labels(volume, {0: "air"})
    with pytest.raises(InputError, match="label meanings horn, expected some of air"):
        paint_labels(volume, {0: "air", 2: "horn"})


def test_girth_of_a_disc_is_its_circumference():
    x, y = np.meshgrid(np.arange(-60, 61), np.arange(-60, 61), indexing="ij")
    assert measure_girth(x**2 + y**2 < 2500, 1.0) == pytest.approx(100.0 * np.pi, rel=0.01)
    assert measure_girth(np.zeros((9, 9), dtype=bool), 1.0) == 0.0


def artery(start, end, radius, start_on=None):
    return Run(
        name="artery A",
        kind="artery",
        owner=Owner.A,
        path=np.linspace(start, end, 11),
        radius=radius,
        start_on=start_on,
    )


def test_an_artery_has_the_flow_and_by_murrays_law_the_calibre_of_all_it_feeds():
    runs = (
        artery([0, 0, 0], [0, 0, 10], 9.0),
        artery([0, 0, 10], [9, 0, 10], 0.6, (0, 10)),
        artery([0, 0, 10], [-9, 0, 10], 0.8, (0, 10)),
    )
    supply = make_supply(runs, (500.0, 300.0), 7)
    trunk, first, second = supply.vessels
    assert trunk.id == "T08" and trunk.end == first.start == second.start
    assert trunk.flow.value == pytest.approx(800.0 * BLOOD_FLOW)
    assert first.flow.value + second.flow.value == pytest.approx(trunk.flow.value)
    assert trunk.radius[0] ** 3 == pytest.approx(0.6**3 + 0.8**3)


class Size:
    size, base = 1.0, -60.0


def test_falx_lies_in_the_midline_and_the_tent_hangs_on_the_straight_sinus():
    points = np.array([[0.0, 40.0], [20.0, 50.0], [40.0, -30.0]])
    away, beyond = falx_distance(Size, points, np.array([10.0, 10.0]))
    assert abs(away[0]) < 2.1 and beyond[0] < 0.0
    assert abs(away[1]) > 35.0
    ridge = np.array([[0.0], [GALEN[1] + 20.0], [GALEN[2] - 20.0 * 39.0 / 46.0]])
    away, beyond = tent_distance(Size, ridge)
    assert away[0] == pytest.approx(0.0, abs=1e-9) and beyond[0] < 0.0
    stem = np.array([[0.0], [0.0], [20.0]])
    assert tent_distance(Size, stem)[1][0] > 0.0, "open for the brain stem"


def test_brain_grows_across_inside_the_largest_hole_only():
    gap = np.zeros((60, 60), dtype=bool)
    gap[5:25, 5:25] = True
    gap[40:52, 40:52] = True
    bridge = _choose_bridge(gap)
    assert bridge.any() and not (bridge & ~gap).any()
    assert not bridge[30:].any() and not bridge[5:8].any()


@pytest.fixture(scope="module")
def hard():
    return make_pair(drawn_head(), PairOrder(type="TV-III", spacing=3.0, hard=True, phase="both"))


@pytest.mark.slow
def test_the_same_hard_order_gives_the_same_bytes(hard):
    again = make_pair(drawn_head(), PairOrder(type="TV-III", spacing=3.0, hard=True, phase="both"))
    for (role, first), (_, second) in zip(hard.series, again.series, strict=True):
        assert first.content_hash == second.content_hash, role
    for name in ("owner", "tissues", "bridge"):
        assert getattr(hard.truth, name).content_hash == getattr(again.truth, name).content_hash


@pytest.mark.slow
def test_series_follow_phase_and_modality(hard):
    assert [role for role, _ in hard.series] == ["ct", "ctv", "cta"]
    arterial = make_pair(drawn_head(), PairOrder(type="PA", spacing=3.0, phase="arterial"))
    assert [role for role, _ in arterial.series] == ["ct", "cta"]
    mr = make_pair(drawn_head(), PairOrder(type="PA", spacing=3.0, modality="MR"))
    assert [(role, volume.modality) for role, volume in mr.series] == [("mr", "MR"), ("mrv", "MR")]
    tissues, signal = mr.truth.tissues.voxels, mr.mr.voxels
    bone, brain = (signal[tissues == tissue].mean() for tissue in (Tissue.BONE, Tissue.BRAIN))
    assert bone < 0.6 * brain


@pytest.mark.slow
def test_arteries_are_bright_in_the_arterial_and_veins_in_the_venous_phase(hard):
    truth = hard.truth
    to_index = truth.tissues.to_index
    for kind, brighter in (("artery", hard.cta), ("sinus", hard.ctv)):
        other = hard.ctv if kind == "artery" else hard.cta
        path = np.concatenate(
            [v.path for v in truth.vessels.vessels if v.kind == kind and v.calibre > 2.0]
        )
        at = tuple(np.rint(to_index(path)).astype(int).T)
        assert brighter.voxels[at].mean() > other.voxels[at].mean() + 20.0


@pytest.mark.slow
def test_a_hard_total_pair_shares_a_deep_vein_and_an_artery_crosses(hard):
    vessels = hard.truth.vessels.vessels
    deep = [v for v in vessels if v.name == "deep anastomosis"]
    assert len(deep) == 1 and deep[0].owner is Owner.SHARED
    crossing = [v for v in vessels if v.name.startswith("crossing artery")]
    assert len({v.name for v in crossing}) == 1
    for letter in "AB":
        carotids = {
            v.name for v in vessels if v.name.startswith(f"internal carotid artery {letter}")
        }
        assert len(carotids) == 2
    assert {v.kind for v in vessels} == {"artery", "sinus", "vein"}


@pytest.mark.slow
def test_arteries_do_not_run_into_veins(hard):
    vessels = hard.truth.vessels.vessels
    arteries = [v for v in vessels if v.kind == "artery"]
    veins = [v for v in vessels if v.kind != "artery"]
    others = np.concatenate([v.path for v in veins])
    reach = np.concatenate([v.radius for v in veins])
    for vessel in arteries:
        gaps = np.linalg.norm(vessel.path[:, None] - others[None], axis=2)
        assert (gaps - reach > vessel.radius[:, None] - 0.2).all(), vessel.name


@pytest.mark.slow
def test_brain_grown_across_belongs_to_both_by_the_true_interface(hard):
    truth = hard.truth
    grown = truth.bridge.voxels > 0
    assert grown.sum() * truth.bridge.voxel_volume > 0.3
    assert (truth.tissues.voxels[grown] == Tissue.BRAIN).all()
    assert set(np.unique(truth.owner.voxels[grown]).tolist()) == {1, 2}
    assert (truth.interrupted.voxels[grown] == 1).all()


@pytest.mark.slow
def test_brain_herniates_further_in_a_hard_scene(hard):
    assert 10.0 <= hard.truth.parameters["herniation-mm"] <= 20.0


@pytest.mark.slow
def test_pressing_brain_is_squeezing_the_other_way_round():
    head = read_head(drawn_head())
    assembly = assemble(PairOrder(type="TV-I", hard=True), head, head)
    own = np.array([[0.0, 10.0, -20.0], [-20.0, 5.0, 10.0], [10.0, 30.0, 0.0]])
    for twin in (0, 1):
        placed = pressed_place(assembly.joint, twin, own)
        back = squeezed_source(assembly.joint, twin, placed)
        assert np.abs(back - own).max() < 0.1


def test_stations_of_the_transverse_sinus_go_outwards_then_down_and_in():
    x, _, z = np.array(TRANSVERSE).T
    widest = int(x.argmax())
    assert 0 < widest < len(x) - 1
    assert (np.diff(x[: widest + 1]) > 0).all() and (np.diff(x[widest:]) < 0).all()
    assert (np.diff(z) < 0).all()
