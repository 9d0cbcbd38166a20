"""Porion and orbitale read again in a drawn CT whose bony points are known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skull_images import OWN, TRUE, draw_skull, lay_plain

from diptych.anatomy.axes import axes_from_landmarks
from diptych.anatomy.bony_points import Block, cut_block, read_orbitale, read_porion
from diptych.anatomy.images import Images
from diptych.anatomy.remarking import remark_points
from diptych.anatomy.territory import AxisErrors, Territory, refine_axes
from diptych.model import Landmark, Twin, TwinId


@pytest.fixture(scope="module")
def skull() -> Images:
    return draw_skull()


def read(images: Images, name: str, off: tuple[float, float, float]) -> np.ndarray | None:
    """How far the reading lies off the true point, outwards, forwards, upwards, mm."""
    own = OWN[name.split("-")[1]]
    reader = read_porion if name.startswith("porion") else read_orbitale
    offset = reader(cut_block(images, TRUE[name] + off, own))
    return None if offset is None else own @ np.array(off) + offset


OFFS = [(0.0, 0.0, 0.0), (1.0, -1.5, 2.0), (-1.5, 1.0, -2.0), (0.3, 2.0, 0.7), (-0.4, -2.2, -0.8)]


@pytest.mark.parametrize("name", sorted(TRUE))
@pytest.mark.parametrize("off", OFFS)
def test_the_point_is_found_wherever_near_it_the_mark_lies(skull, name, off):
    found = read(skull, name, off)
    assert found is not None
    assert abs(found[2]) < 0.3
    assert abs(found[1]) < 1.0


@pytest.mark.parametrize("step", [0.5, 1.5])
def test_other_voxels_show_the_same_points(step):
    images = draw_skull(step)
    for name in TRUE:
        found = read(images, name, (0.5, -1.0, 1.0))
        assert found is not None
        assert abs(found[2]) < 0.35 * max(step, 1.0)


def test_skin_that_lines_the_canal_lowers_its_roof_by_less_than_its_thickness():
    for lining in (0.5, 1.0):
        found = read(draw_skull(lining=lining), "porion-left", (0.0, 0.5, -1.0))
        assert found is not None
        assert -0.8 * lining < found[2] < 0.3


def test_an_ear_canal_without_air_is_not_seen():
    assert read(draw_skull(air=40.0), "porion-left", (0.0, 0.0, 0.0)) is None


def test_nothing_is_read_where_there_is_no_bone_or_no_image():
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    for value in (40.0, -1000.0, 900.0):
        images = lay_plain(np.full((40, 40, 40), value, dtype=np.float32), affine)
        for reader in (read_porion, read_orbitale):
            assert reader(cut_block(images, np.array([20.0, 20.0, 20.0]), OWN["left"])) is None
            assert reader(cut_block(images, np.array([900.0, 0.0, 0.0]), OWN["left"])) is None


def test_where_the_image_ends_no_edge_is_seen():
    whole = draw_skull()
    level = int(np.floor(whole.index_of(np.array([0.0, 0.0, 0.5]))[2]))
    above = lay_plain(whole.plain[:, :, level + 1 :], _raised(whole.affine, level + 1))
    below = lay_plain(whole.plain[:, :, :level], whole.affine)
    for name in TRUE:
        assert read(above, name, (0.0, 0.0, 0.0)) is None
        assert read(below, name, (0.0, 0.0, 0.0)) is None


def test_voxels_without_a_value_under_the_highest_sample_are_no_edge(skull):
    whole = cut_block(skull, TRUE["porion-left"], OWN["left"])
    values = np.full_like(whole.values, -1000.0)
    values[:, :, :22], values[:, :, -1] = 40.0, 650.0
    values[:, :, -3:-1] = np.nan
    assert read_porion(Block(values=values, at=whole.at)) is None


def _raised(affine: np.ndarray, planes: int) -> np.ndarray:
    result = affine.copy()
    result[2, 3] += planes * affine[2, 2]
    return result


def test_a_rim_that_only_falls_has_no_lowest_point(skull):
    assert read(skull, "orbitale-left", (11.0, 0.0, 5.0)) is None


def twin_of(offs: dict[str, tuple[float, float, float]], scatter: float = 1.0) -> Twin:
    """A twin whose points are marked that far off the true ones, LPS+ mm."""
    marks = []
    for name in sorted(TRUE):
        x, y, z = (TRUE[name] + np.array(offs.get(name, (0.0, 0.0, 0.0)))).tolist()
        marks.append(
            Landmark(name=name, position=(x, y, z), scatter=scatter, confirmed_by=("drawn",))
        )
    return Twin(id=TwinId.A, label="Twin A", sex="female", weight=None, landmarks=tuple(marks))


NODDING = {"porion-left": (0.0, 0.5, 1.8), "orbitale-right": (0.5, 0.0, -2.0)}


def pitch_of(twin: Twin) -> float:
    long = axes_from_landmarks(twin).long
    return abs(float(np.degrees(np.arctan2(long[1], long[2]))))


def test_the_axes_come_nearer_to_the_true_ones(skull):
    twin = twin_of(NODDING)
    again = remark_points(skull, twin, 0.5)
    assert again.seen == tuple(sorted(TRUE))
    assert pitch_of(twin) > 1.2
    assert pitch_of(again.twin) < 0.5
    assert axes_from_landmarks(again.twin).uncertainty < 0.6 * axes_from_landmarks(twin).uncertainty
    assert len(again.notes) == 1
    assert "left porion by 1." in again.notes[0]
    assert "not read" not in again.notes[0]
    for mark in again.twin.landmarks:
        assert np.linalg.norm(np.array(mark.position) - TRUE[mark.name]) < 0.9


def share_of(scatter: float) -> float:
    """What of the way from mark to reading (0.5 mm) a point goes."""
    return scatter**2 / (scatter**2 + 0.25)


@pytest.mark.parametrize("scatter", [1.0, 1.5])
def test_mark_and_reading_are_weighed_by_their_variances(skull, scatter):
    start = twin_of(NODDING).landmarks
    rough = remark_points(skull, twin_of(NODDING, scatter=2.0), 0.5).twin.landmarks
    part = remark_points(skull, twin_of(NODDING, scatter=scatter), 0.5).twin.landmarks
    for mark, moved, far in zip(start, part, rough, strict=True):
        reading = np.subtract(far.position, mark.position) / share_of(2.0)
        want = np.array(mark.position) + share_of(scatter) * reading
        assert np.allclose(moved.position, want, atol=0.01)
        assert moved.scatter == pytest.approx((1.0 / (scatter**-2 + 4.0)) ** 0.5)


def test_a_rough_mark_is_not_taken_to_the_nearest_edge(skull):
    again = remark_points(skull, twin_of(NODDING, scatter=2.1), 0.5)
    assert again.seen == ()
    assert again.twin == twin_of(NODDING, scatter=2.1)


def test_air_cells_in_bone_are_seldom_taken_for_an_ear_canal():
    chance = np.random.Generator(np.random.Philox(key=4))
    adopted = 0
    for _ in range(100):
        cells = gaussian_filter(chance.standard_normal((41, 41, 41)), 2.0)
        values = np.where(cells > np.quantile(cells, 0.7), -900.0, 700.0)
        offset = read_porion(Block(values=values, at=np.arange(-10.0, 10.25, 0.5)))
        adopted += offset is not None and bool(np.abs(offset[1:]).max() < 3.4)
    assert adopted <= 3


def test_a_sure_mark_is_not_moved_and_a_disagreement_is_told(skull):
    twin = twin_of(NODDING, scatter=0.0)
    again = remark_points(skull, twin, 0.5)
    assert again.twin == twin
    assert any(
        note.startswith("A: the image shows a bony edge like the left porion 1.")
        for note in again.notes
    )
    assert all("look at it" in note for note in again.notes if "bony edge" in note)
    assert not any("not read" in note for note in again.notes)


def test_one_mark_far_from_what_the_image_shows_stands_alone(skull):
    far = {"orbitale-left": (0.0, 3.7, 1.5)}
    again = remark_points(skull, twin_of(far), 0.5)
    assert again.seen == ("orbitale-right", "porion-left", "porion-right")
    assert again.notes[0].startswith("A: the image shows a bony edge like the left orbitale")
    assert "left orbitale" not in again.notes[1]
    kept = next(m for m in again.twin.landmarks if m.name == "orbitale-left")
    assert kept == twin_of(far).landmarks[0]


def test_a_point_that_is_not_seen_keeps_its_mark_and_it_is_said():
    twin = twin_of(NODDING)
    again = remark_points(draw_skull(air=40.0), twin, 0.5)
    assert again.seen == ("orbitale-left", "orbitale-right")
    assert again.notes[0].endswith("; not read there, so as marked: left porion, right porion")
    kept = {m.name: m for m in again.twin.landmarks}
    assert kept["porion-left"] == {m.name: m for m in twin.landmarks}["porion-left"]


def test_where_no_point_is_seen_it_is_said_too(skull):
    twin = twin_of(NODDING)
    again = remark_points(lay_plain(np.full_like(skull.plain, 40.0), skull.affine), twin, 0.5)
    assert (again.twin, again.seen) == (twin, ())
    assert again.notes == (
        "A: not read in the CT near their marks, so as marked:"
        " left orbitale, right orbitale, left porion, right porion",
    )


def test_nothing_is_read_in_an_mr_where_bone_and_air_are_both_black(skull):
    twin = twin_of(NODDING)
    again = remark_points(replace(skull, roles=("mr", "mrv")), twin, 0.5)
    assert (again.twin, again.seen, again.notes) == (twin, (), ())


@pytest.mark.parametrize("mirrored", [True, False])
def test_the_axes_of_a_case_are_those_of_the_points_read_again(skull, mirrored, monkeypatch):
    if not mirrored:
        monkeypatch.setattr("diptych.anatomy.territory.find_mirror", lambda *_: None)
    twin = twin_of(NODDING)
    other = replace(twin, id=TwinId.B)
    marked = axes_from_landmarks(twin), axes_from_landmarks(other)
    rough = Territory(
        seeds=np.zeros((1, 1, 1), dtype=np.uint8),
        axes=marked,
        middle=(np.zeros(3), np.zeros(3)),
        width=(50.0, 50.0),
        notes=("before",),
    )
    found = refine_axes(
        SimpleNamespace(twins=(twin, other)), skull, rough, AxisErrors(mirror=0.7, reading=0.5)
    )
    for axes, old in zip(found.axes, marked, strict=True):
        assert np.degrees(np.arccos(axes.long[2])) < 0.6 < np.degrees(np.arccos(old.long[2]))
        assert axes.uncertainty < 0.6 * old.uncertainty
        assert axes.method.endswith("porion-right read again in the CT")
    assert found.notes[0] == "before"
    assert [note[:8] for note in found.notes[1:]] == ["A: point", "B: point"]
