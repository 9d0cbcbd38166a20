"""Files of corrections: three forms, kept in the case, refused with the line that is wrong."""

from pathlib import Path

import numpy as np
import pytest

from diptych.formats.nifti import write_volume
from diptych.model import InputError, Owner, Volume
from diptych.pipeline.corrections import correction_facts, keep_corrections, read_corrections
from diptych.pipeline.folder import CaseFolder

TOML = """
[[seed]]
position_lps_mm = [1.0, -2, 3.5]
radius_mm = 4
owner = "A"

[[seed]]
position_lps_mm = [0, 0, 0]
radius_mm = 1.5
owner = "shared"
"""
GRID = Volume(
    voxels=np.zeros((4, 5, 6), dtype=np.uint8),
    affine=np.diag([1.5, 1.5, 1.5, 1.0]),
    frame_of_reference="1.2.3",
    modality="CT",
    source="ct",
)


@pytest.fixture
def folder(tmp_path: Path) -> CaseFolder:
    case = tmp_path / "case"
    case.mkdir()
    (case / "case.toml").write_text("", "utf-8")
    return CaseFolder(case)


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_points_in_toml_and_csv_are_kept_and_read_again(folder, tmp_path) -> None:
    points = write(tmp_path / "points.toml", TOML)
    sheet = write(tmp_path / "more.csv", "x,y,z,radius,owner\n7, 8, 9, 2.5, b\n")
    before = correction_facts(folder)
    keep_corrections(folder, [points, sheet])
    found = read_corrections(folder, GRID)
    assert [seed.owner for seed in found.seeds] == [Owner.B, Owner.A, Owner.SHARED]
    assert found.seeds[0].position == (7.0, 8.0, 9.0)
    assert found.seeds[1].radius == 4.0
    assert correction_facts(folder) != before
    (folder.corrections / "more.csv").unlink()
    assert len(read_corrections(folder, GRID).seeds) == 2


def test_paint_with_its_frame_or_without_one(folder, tmp_path) -> None:
    codes = np.zeros(GRID.shape, dtype=np.uint8)
    codes[1, 2, 3] = 2
    path, sidecar = write_volume(tmp_path / "paint.nii.gz", GRID.on_this_grid(codes, source="p"))
    keep_corrections(folder, [path])
    (volume,) = read_corrections(folder, GRID).painted
    assert volume.same_grid(GRID)
    assert np.array_equal(volume.voxels, codes)
    sidecar.unlink()
    (folder.corrections / "paint.json").unlink()
    (volume,) = read_corrections(folder, GRID).painted
    assert volume.same_grid(GRID)


def test_without_corrections_nothing_is_said(folder) -> None:
    found = read_corrections(folder, GRID)
    assert found.seeds == ()
    assert found.painted == ()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "[[seed]\n", "not valid TOML"),
        ("a.toml", "x = 1\n", r"have x, expected \[\[seed\]\] alone"),
        ("a.toml", '[[seed]]\nowner = "A"\n', "seed 1: has owner, expected position_lps_mm"),
        ("a.toml", TOML.replace('"shared"', '"both"'), "seed 2: 0, 0, 0, 1.5, both is not three"),
        ("a.csv", "x,y,z\n1,2,3\n", "have the columns x, y, z"),
        ("a.csv", "x,y,z,radius,owner\n", "hold no seed"),
        ("a.csv", "x,y,z,radius,owner\n1,2,3,-4,A\n", "seed: radius is -4"),
        ("a.txt", "", "expected a label NIfTI"),
    ],
)
def test_what_cannot_be_read_is_not_kept(folder, tmp_path, name, text, message) -> None:
    with pytest.raises(InputError, match=message):
        keep_corrections(folder, [write(tmp_path / name, text)])
    assert not folder.corrections.exists()
