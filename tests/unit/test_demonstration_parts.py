"""The parts of the demonstration generator, on cases small enough to check by hand."""

import plistlib

import numpy as np
import pytest

from diptych.demonstration.cranium import read_cranium
from diptych.demonstration.drainage import MURRAY, make_network
from diptych.demonstration.head import Grid
from diptych.demonstration.intensities import coverage, sheet_coverage, tube_coverage
from diptych.demonstration.interface import depth_for, disc_area, relief_of
from diptych.demonstration.order import (
    ANGLE_RANGES,
    ROTATION_RANGES,
    TYPES,
    PairOrder,
    random_stream,
)
from diptych.demonstration.placement import Pose, directions_of, measure, turns_for
from diptych.demonstration.routes import bend, even, sagittal
from diptych.demonstration.shell import smooth_minimum
from diptych.demonstration.tree import Run
from diptych.model import InputError, Owner, TwinId

LIMITS = {"angle": (140.0,), "rotation": (40.0, 140.0)}


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_keeps_12_degrees_from_each_limit_that_could_change_its_class(kind):
    for limit in LIMITS["angle"]:
        assert min(abs(end - limit) for end in ANGLE_RANGES[kind]) >= 12.0
    if kind.startswith("TV"):
        for limit in LIMITS["rotation"]:
            assert min(abs(end - limit) for end in ROTATION_RANGES[kind]) >= 12.0


def test_an_unknown_type_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="'TX', expected one of PA, PV"):
        PairOrder(type="TX")


def test_a_spacing_out_of_reach_is_refused():
    with pytest.raises(InputError, match=r"spacing is 9\.0, expected 0\.5 to 4 mm"):
        PairOrder(type="PA", spacing=9.0)


def test_the_circumference_is_the_who_median_of_that_age():
    assert PairOrder(type="PA", age=9.0).circumference == pytest.approx(438.0)
    assert PairOrder(type="PA", age=10.5).circumference == pytest.approx(443.5)


def test_chance_depends_on_seed_type_and_purpose_but_not_on_spacing():
    draw = lambda purpose, **order: random_stream(PairOrder(**order), purpose).random()  # noqa: E731
    first = draw("veins", type="PA", seed=1, spacing=1.5)
    assert first == draw("veins", type="PA", seed=1, spacing=2.0)
    others = [
        draw("veins", type="PA", seed=2),
        draw("veins", type="PV", seed=1),
        draw("shape", type="PA", seed=1),
    ]
    assert first not in others


@pytest.mark.parametrize(
    ("angle", "rotation"), [(180.0, 0.0), (112.0, 4.0), (170.0, 90.0), (165.0, 176.0)]
)
def test_turns_give_the_wanted_long_axis_angle_and_are_rotations(angle, rotation):
    a, b, *_ = turns_for(angle, rotation)
    found_angle, found_rotation = measure(a, b)
    assert found_angle == pytest.approx(angle, abs=1e-6)
    assert found_rotation == pytest.approx(rotation, abs=3.0)
    for turn in (a, b):
        assert np.allclose(turn @ turn.T, np.eye(3))
        assert np.linalg.det(turn) == pytest.approx(1.0)


def test_vertex_to_vertex_facing_the_same_way_puts_the_left_of_b_on_the_right_of_a():
    a, b, *_ = turns_for(180.0, 0.0)
    assert directions_of(a).long @ directions_of(b).long == pytest.approx(-1.0)
    assert directions_of(a).facing @ directions_of(b).facing == pytest.approx(1.0)
    assert directions_of(a).left @ directions_of(b).left == pytest.approx(-1.0)


def test_measured_angles_do_not_change_when_the_twins_are_swapped():
    a, b, *_ = turns_for(118.0, 20.0)
    assert measure(a, b) == pytest.approx(measure(b, a))


def test_a_pose_goes_there_and_back():
    turn, *_ = turns_for(120.0, 30.0)
    pose = Pose(turn=turn, shift=np.array([1.0, 2.0, 3.0]))
    points = np.arange(12.0).reshape(3, 4)
    assert np.allclose(pose.backward(pose.forward(points)), points)


def test_coverage_is_half_on_the_surface_and_a_thin_sheet_fills_its_share():
    assert coverage(np.array([0.0, -2.0, 2.0]), 1.0).tolist() == [0.5, 1.0, 0.0]
    assert sheet_coverage(np.array([0.0]), 0.5, 2.0)[0] == pytest.approx(0.5)
    assert sheet_coverage(np.array([0.0]), 0.75, 1.5)[0] == pytest.approx(1.0)
    assert sheet_coverage(np.array([9.0]), 0.75, 1.5)[0] == 0.0


def test_a_tube_thinner_than_a_voxel_never_fills_it():
    share = tube_coverage(np.array([0.0]), np.array([0.5]), 2.0)[0]
    assert share == pytest.approx(np.pi * 0.25 / 4.0)


def test_smooth_minimum_rounds_only_near_the_crease():
    a, b = np.array([0.0, -10.0]), np.array([0.0, 10.0])
    assert smooth_minimum(a, b, 8.0).tolist() == [-2.0, -10.0]


def test_depth_is_found_for_the_wanted_disc():
    axis = np.arange(-60.0, 61.0)
    square = axis[:, None] ** 2 + axis[None, :] ** 2
    dome = np.where(square < 3600.0, -square / 130.0, np.nan)
    depth = depth_for(dome, -dome, 30.0)
    radius = np.sqrt(30.0 * 100.0 / np.pi)
    assert depth == pytest.approx(2.0 * radius**2 / 130.0, abs=0.5)
    assert disc_area(dome, -dome, depth) == pytest.approx(30.0, abs=0.1)


def test_relief_of_a_tilted_plane_is_nothing():
    axis = np.arange(-110.0, 111.0)
    plane = 0.2 * axis[:, None] - 0.1 * axis[None, :] + 3.0
    assert np.abs(relief_of(plane, np.ones(plane.shape, dtype=bool))).max() < 1e-9


def test_bend_starts_and_ends_where_it_should_and_even_steps_are_even():
    start, end = sagittal(np.array([0.0, 90.0])).T
    path = 50.0 * bend(start, end, lambda count: np.zeros((1, count)))
    assert np.allclose(path[:, 0], 50.0 * start) and np.allclose(path[:, -1], 50.0 * end)
    steps = np.linalg.norm(np.diff(even(path), axis=0), axis=1)
    assert steps.max() - steps.min() < 0.05
    assert steps.sum() == pytest.approx(50.0 * np.pi / 2.0, rel=0.01)


def line(start, end, count=11):
    return np.linspace(start, end, count)


def small_tree():
    """One sinus with a straight sinus and a bridging vein; one outlet."""
    return (
        Run(
            name="superior sagittal sinus A",
            kind="sinus",
            owner=Owner.A,
            path=line([0, 0, 0], [0, 10, 0]),
            radius=2.0,
        ),
        Run(
            name="transverse sinus A, left",
            kind="sinus",
            owner=Owner.A,
            path=line([0, 10, 0], [10, 10, 0]),
            radius=2.0,
            start_on=(0, 10),
            root=TwinId.A,
        ),
        Run(
            name="straight sinus A",
            kind="sinus",
            owner=Owner.A,
            path=line([0, 10, -9], [0, 10, 0]),
            radius=1.9,
            end_on=(0, 10),
        ),
        Run(
            name="bridging vein A1",
            kind="vein",
            owner=Owner.A,
            path=line([5, 4, 0], [0, 4, 0]),
            radius=1.0,
            end_on=(0, 4),
        ),
    )


def test_the_whole_flow_of_a_brain_leaves_by_its_root():
    network = make_network(small_tree(), (800.0, 0.0))
    out = next(v for v in network.vessels if v.name.startswith("transverse"))
    assert out.flow.value == pytest.approx(800.0 * 0.55)
    assert [node.root for node in network.nodes].count(TwinId.A) == 1


def test_flow_is_kept_at_a_junction_and_follows_murrays_law():
    network = make_network(small_tree(), (800.0, 0.0))
    first, second = (v for v in network.vessels if v.name.startswith("superior"))
    vein = next(v for v in network.vessels if v.kind == "vein")
    assert first.end == second.start == vein.end
    assert second.flow.value == pytest.approx(first.flow.value + vein.flow.value)
    assert vein.flow.value == pytest.approx((1.0 / MURRAY) ** 3)
    assert second.radius[0] == pytest.approx(MURRAY * second.flow.value ** (1 / 3), rel=1e-3)


def test_a_grid_samples_between_its_points_and_knows_its_outside():
    grid = Grid(origin=np.array([0.0, 0.0, 0.0]), step=2.0, shape=(3, 3, 3))
    field = grid.coordinates()[0].astype(np.float32)
    assert grid.sample(field, np.array([[1.0], [2.0], [2.0]]))[0] == pytest.approx(1.0)
    assert grid.overshoot(np.array([[5.0], [0.0], [0.0]]))[0] == pytest.approx(1.0)


def project(shape=(2, 3, 4)):
    values = np.arange(np.prod(shape), dtype="<i2").reshape(shape)
    facts = {"matrix": {"shape": list(shape), "dtype": "int16"}, "spacing": [1.0, 2.0, 3.0]}
    return {"x/matrix.dat": values.tobytes(), "x/main.plist": plistlib.dumps(facts)}


def test_an_invesalius_project_becomes_a_volume_in_lps():
    volume = read_cranium(project())
    assert volume.shape == (4, 3, 2)
    assert volume.voxels[1, 0, 0] == 1 and volume.voxels[0, 0, 1] == 12
    assert volume.spacing == pytest.approx((1.0, 2.0, 3.0))
    assert volume.affine[1, 1] < 0, "its second axis runs to the front, LPS to the back"


def test_an_invesalius_project_without_its_matrix_is_refused():
    parts = project()
    del parts["x/matrix.dat"]
    with pytest.raises(InputError, match=r"no matrix\.dat; it has main\.plist"):
        read_cranium(parts)


def test_a_truncated_matrix_is_refused():
    parts = project()
    parts["x/matrix.dat"] = parts["x/matrix.dat"][:-2]
    with pytest.raises(InputError, match="has 46 bytes"):
        read_cranium(parts)
