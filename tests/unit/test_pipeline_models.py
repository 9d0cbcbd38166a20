"""Models: an owner for each face, facts for each vessel; files obey the rules of their formats."""

import csv
import json
import struct
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from anatomy_toys import Toy, draw, map_toy

from diptych.formats.gltf import read_glb, write_glb
from diptych.formats.mesh import read_ply, write_ply
from diptych.kernels.surface import enclosed_volume
from diptych.kernels.sweep import sweep_tube
from diptych.model import OWNER_COLOURS, Owner
from diptych.pipeline import parts
from diptych.pipeline.export import export_case
from diptych.pipeline.models import VESSEL_COLUMNS, build_bodies, build_parts, build_surfaces
from diptych.storage.blobs import save_value


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case folder that holds the toy's intake and anatomy."""
    root = tmp_path_factory.mktemp("case")
    (root / "case.toml").write_text("", "utf-8")
    for place, name, value in (
        (parts.INTAKE, "case", draw(Toy())),
        (parts.ANATOMY, "anatomy", map_toy()),
    ):
        (root / place).mkdir(parents=True)
        save_value(root / place, name, value)
    return root


def edges_are_met_twice(faces: np.ndarray) -> bool:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there = {(int(a), int(b)) for a, b in edges}
    return len(there) == len(edges) and all((b, a) in there for a, b in there)


@pytest.mark.parametrize("name", ["skin", "brain"])
def test_each_face_belongs_to_who_owns_the_tissue_under_it(name: str) -> None:
    anatomy = map_toy()
    surface = next(entry for entry in build_surfaces(anatomy) if entry.name == name)
    assert len(surface.owners) == len(surface.faces)
    middle = surface.vertices[surface.faces].mean(axis=1)
    high, low = middle[:, 2] > 6.0, middle[:, 2] < -6.0
    assert (surface.owners[high] == Owner.B).mean() > 0.99
    assert (surface.owners[low] == Owner.A).mean() > 0.99
    assert Owner.NOBODY not in surface.owners
    shares = [len(surface.of(owner)[1]) for owner in Owner]
    assert sum(shares) == len(surface.faces)
    vertices, faces = surface.of(Owner.A)
    assert set(np.unique(faces).tolist()) == set(range(len(vertices)))


def test_owners_of_faces_are_mirrored() -> None:
    for one, other in zip(
        build_surfaces(map_toy()), build_surfaces(map_toy(Toy(swapped=True))), strict=True
    ):
        swap = np.array([int(Owner(code).mirrored) for code in range(5)])
        assert np.array_equal(one.faces, other.faces)
        assert np.array_equal(swap[one.owners], other.owners)


def test_bodies_for_printing_are_closed_and_named_by_tissue_and_owner() -> None:
    found = {name: (vertices, faces) for name, vertices, faces in build_bodies(map_toy())}
    assert {"skin-A", "skin-B", "bone-A", "brain-B"} <= set(found)
    for vertices, faces in found.values():
        assert edges_are_met_twice(faces)
        assert enclosed_volume(vertices, faces) > 0.0


def test_a_tube_is_closed_looks_outward_and_holds_its_lumen() -> None:
    turn = np.linspace(0.0, 3.0, 200)
    path = np.stack([30.0 * np.cos(turn), 30.0 * np.sin(turn), 4.0 * turn], axis=1)
    vertices, faces = sweep_tube(path, np.full(len(path), 2.0))
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    assert edges_are_met_twice(faces)
    assert enclosed_volume(vertices, faces) == pytest.approx(np.pi * 4.0 * length, rel=0.01)


def test_a_tube_through_two_points_and_one_that_turns_back() -> None:
    for path in ([[0, 0, 0], [0, 0, 5]], [[0, 0, 0], [0, 0, 5], [0, 0, 0.1]]):
        vertices, faces = sweep_tube(np.array(path, dtype=float), np.full(len(path), 1.0))
        assert np.isfinite(vertices).all()
        assert faces.max() == len(vertices) - 1


def test_glb_obeys_its_format_and_holds_owners_and_facts(case: Path, tmp_path: Path) -> None:
    (written,) = export_case(case, ("glb",), tmp_path)
    content = Path(written).read_bytes()
    magic, version, size, json_size, kind = struct.unpack("<4sIII4s", content[:20])
    assert (magic, version, size, kind) == (b"glTF", 2, len(content), b"JSON")
    assert json_size % 4 == 0
    tree = json.loads(content[20 : 20 + json_size])
    body_size, kind = struct.unpack("<I4s", content[20 + json_size : 28 + json_size])
    body = content[28 + json_size :]
    assert (kind, body_size % 4, len(body)) == (b"BIN\0", 0, body_size)
    assert tree["buffers"] == [{"byteLength": body_size}]
    for view in tree["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] + view["byteLength"] <= body_size
    for mesh in tree["meshes"]:
        (primitive,) = mesh["primitives"]
        place, corner = (
            tree["accessors"][n]
            for n in (primitive["attributes"]["POSITION"], primitive["indices"])
        )
        views = [tree["bufferViews"][entry["bufferView"]] for entry in (place, corner)]
        points, index = (
            np.frombuffer(body, kind, count=entry["count"] * width, offset=view["byteOffset"])
            for kind, width, entry, view in (
                ("<f4", 3, place, views[0]),
                ("<u4", 1, corner, views[1]),
            )
        )
        assert index.max() < place["count"]
        assert corner["count"] % 3 == 0
        assert points.reshape(-1, 3).min(axis=0).tolist() == place["min"]
        assert points.reshape(-1, 3).max(axis=0).tolist() == place["max"]
    matrix = np.array(tree["nodes"][0]["matrix"]).reshape(4, 4).T
    assert np.allclose(matrix @ [1000, 0, 0, 1], [1, 0, 0, 1])  # left is +X
    assert np.allclose(matrix @ [0, -1000, 0, 1], [0, 0, 1, 1])  # the front is +Z
    assert np.allclose(matrix @ [0, 0, 1000, 1], [0, 1, 0, 1])  # the top is +Y
    assert np.linalg.det(matrix[:3, :3]) > 0
    assert tree["scenes"][0]["extras"]["not_a_patient"] == "spheres"


def test_glb_round_trip(case: Path, tmp_path: Path) -> None:
    made = build_parts(map_toy())
    write_glb(tmp_path / "a.glb", made, {"case": "toy"})
    write_glb(tmp_path / "b.glb", made, {"case": "toy"})
    assert (tmp_path / "a.glb").read_bytes() == (tmp_path / "b.glb").read_bytes()
    found, facts = read_glb(tmp_path / "a.glb")
    assert facts == {"case": "toy"}
    assert [part.name for part in found] == [part.name for part in made]
    for one, other in zip(made, found, strict=True):
        assert np.array_equal(one.faces, other.faces)
        np.testing.assert_allclose(one.vertices, other.vertices, atol=1e-4)
        assert (one.colour, one.facts, one.alpha) == (other.colour, other.facts, other.alpha)
    vessels = [part for part in found if part.facts["tissue"] == "vessel"]
    for part, vessel in zip(vessels, map_toy().vessels.vessels, strict=True):
        assert part.facts["owner"] == vessel.owner.name
        assert part.colour == OWNER_COLOURS[vessel.owner]
        assert part.facts["flow_ml_min"] == pytest.approx(vessel.flow.value, abs=1e-4)
        assert set(VESSEL_COLUMNS) < set(part.facts)


def test_an_empty_model_is_a_file_too(tmp_path: Path) -> None:
    write_glb(tmp_path / "a.glb", [], {"case": "none"})
    assert read_glb(tmp_path / "a.glb") == ([], {"case": "none"})


def test_ply_keeps_the_owner_of_each_face(case: Path, tmp_path: Path) -> None:
    written = export_case(case, ("ply",), tmp_path)
    assert [Path(path).name for path in written] == [
        "skin.ply",
        "bone.ply",
        "dura.ply",
        "brain.ply",
    ]
    surface = next(build_surfaces(map_toy()))
    vertices, faces, owners = read_ply(tmp_path / "skin.ply")
    np.testing.assert_allclose(vertices, surface.vertices, atol=1e-3)
    assert np.array_equal(faces, surface.faces)
    assert np.array_equal(owners, surface.owners)
    head = (tmp_path / "skin.ply").read_bytes().split(b"end_header\n")[0].decode("ascii")
    assert "comment spheres" in head
    assert "comment owner: 0 NOBODY, 1 A, 2 B, 3 SHARED, 4 UNKNOWN" in head


def test_a_comment_cannot_break_the_header(tmp_path: Path) -> None:
    corners, face = np.eye(3), np.array([[0, 1, 2]])
    owners = np.array([2], dtype=np.uint8)
    write_ply(tmp_path / "a.ply", corners, face, owners, comments=["x\nend_header\nпара"])
    assert (tmp_path / "a.ply").read_bytes().count(b"\nend_header\n") == 1
    assert read_ply(tmp_path / "a.ply")[2].tolist() == [2]


def test_the_sheet_of_vessels_has_a_row_for_each(case: Path, tmp_path: Path) -> None:
    from diptych.pipeline.export import _write_vessels

    text = _write_vessels(case, tmp_path).read_text("utf-8")
    rows = list(csv.DictReader(StringIO(text)))
    vessels = map_toy().vessels.vessels
    assert [row["id"] for row in rows] == [str(vessel.id) for vessel in vessels]
    for row, vessel in zip(rows, vessels, strict=True):
        assert row["owner"] == vessel.owner.name
        assert row["name"] == vessel.name
        assert float(row["calibre_mm"]) == pytest.approx(vessel.calibre, abs=1e-3)
        assert float(row["confidence"]) == vessel.confidence
