"""Ear canals and orbital rims of made heads, at their Frankfurt points."""

import numpy as np
import pytest
from test_demonstration_pair import drawn_head

from diptych.demonstration import PairOrder, make_pair
from diptych.demonstration.assembly import assemble
from diptych.demonstration.face import make_face
from diptych.demonstration.head import read_head
from diptych.demonstration.marks import true_landmarks
from diptych.model import Tissue, TwinId

ORDER = PairOrder(type="TV-III", spacing=3.0)


@pytest.fixture(scope="module")
def heads():
    mr, ct = read_head(drawn_head("MR")), read_head(drawn_head("CT"))
    return assemble(ORDER, mr, mr).joint.infants[0], assemble(ORDER, ct, ct).joint.infants[0]


def paint_at(face, place):
    """Tissue and CT value of the last layer that covers each point (3,)."""
    tissue, value = None, None
    for near, layer in face.list_layers(np.array(place, dtype=np.float64).reshape(3, 1)):
        if len(near) and layer.distance[0] < 0.0:
            tissue, value = layer.tissue, layer.value
    return tissue, value


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_porion_is_the_roof_of_an_ear_canal_at_its_bony_end(heads, side):
    face, place = make_face(ORDER, heads[0], "A"), true_landmarks(heads[0])[f"porion-{side}"]
    inwards = np.array([-1.0 if side == "left" else 1.0, 0.0, 0.0])
    assert paint_at(face, place + 0.3 * inwards + [0.0, 0.0, -0.4])[0] is Tissue.AIR
    above, value = paint_at(face, place + 0.3 * inwards + [0.0, 0.0, 0.4])
    assert above is Tissue.BONE
    assert 480.0 <= value <= 760.0
    assert paint_at(face, place - 0.3 * inwards + [0.0, 0.0, 0.4])[0] is None


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_orbitale_is_the_lowest_point_of_the_rim(heads, side):
    face, place = make_face(ORDER, heads[0], "B"), true_landmarks(heads[0])[f"orbitale-{side}"]
    assert paint_at(face, place + np.array([0.0, 0.0, -0.3]))[0] is Tissue.BONE
    assert paint_at(face, place + np.array([0.0, 0.0, 0.3]))[0] is not Tissue.BONE
    beside = [np.array([x, 0.25 * abs(x), 0.5]) for x in (-9.0, 9.0)]
    column = [
        [paint_at(face, place + b + [0.0, y, 0.0])[0] for y in np.arange(-4, 4, 0.25)]
        for b in beside
    ]
    assert all(Tissue.BONE in cells for cells in column)


def test_both_twins_have_faces_of_their_own_and_the_same_again(heads):
    one, other = make_face(ORDER, heads[0], "A"), make_face(ORDER, heads[0], "B")
    assert len(one.parts) == 4
    assert one == make_face(ORDER, heads[0], "A")
    assert one.parts[0].half != other.parts[0].half


def test_a_head_whose_image_shows_bone_keeps_its_own_face(heads):
    assert make_face(ORDER, heads[1], "A").parts == ()


def test_the_image_of_a_pair_shows_air_under_each_porion():
    pair = make_pair(drawn_head("MR"), PairOrder(type="TV-III", spacing=1.5))
    for twin in TwinId:
        pose = pair.truth.poses[twin]
        for mark in pair.landmarks[twin]:
            if not mark.name.startswith("porion"):
                continue
            own = (np.linalg.inv(pose) @ np.append(mark.position, 1.0))[:3]
            inside = own + np.array([-4.0 * np.sign(own[0]), 0.0, -2.5])
            steps = np.array([-2.0, 0.0, 2.0])
            offsets = [np.array([0.0, y, z]) for y in steps for z in steps]
            assert min(_value_at(pair.ct, pose, inside + offset) for offset in offsets) < -400.0


def _value_at(volume, pose, own):
    place = pose[:3, :3] @ own + pose[:3, 3]
    i, j, k = np.rint(volume.to_index(place)).astype(int)
    return float(volume.voxels[i, j, k])
