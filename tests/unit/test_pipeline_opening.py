"""New cases, added imaging, policies: what a person does before any planning."""

from pathlib import Path

import numpy as np
import pytest

from diptych.cli.wording import clock, len_text
from diptych.formats.nifti import write_volume
from diptych.intake import parse_case_file
from diptych.model import InputError, UsageError, Volume
from diptych.pipeline.folder import CaseFolder, read_text
from diptych.pipeline.opening import add_sources, new_case, read_case_file, read_raw
from diptych.pipeline.policy import merge_policy
from diptych.plugins import list_plugins, load_plugin
from diptych.separation import SeparationPolicy
from diptych.storage.blobs import hash_folder


def write_scan(path: Path, *, role: str = "ct") -> Volume:
    voxels = np.full((6, 5, 4), -1000, dtype=np.int16)
    voxels[2:4, 2:4, 1:3] = 40
    volume = Volume(
        voxels=voxels,
        affine=np.diag([2.0, 2.0, 2.0, 1.0]),
        frame_of_reference="2.25.7",
        modality="CT",
        source="by hand",
    )
    write_volume(path, volume, role=role)
    return volume


@pytest.fixture
def case(tmp_path: Path) -> Path:
    new_case(tmp_path / "пара")
    return tmp_path / "пара"


def test_new_case_can_be_read_back(case: Path) -> None:
    file = read_case_file(CaseFolder(case))
    assert sorted(file.twins) == ["A", "B"]
    assert file.series == ()
    assert (case / "roster.csv").read_text("utf-8").startswith("id,name,role")


def test_new_never_overwrites(case: Path) -> None:
    before = hash_folder(case)
    with pytest.raises(UsageError, match="exists and is not empty"):
        new_case(case)
    assert hash_folder(case) == before


def test_intake_copies_a_scan_and_names_it(case: Path, tmp_path: Path) -> None:
    volume = write_scan(tmp_path / "scan.nii.gz")
    add_sources(case, [tmp_path / "scan.nii.gz"], "")
    file = read_case_file(CaseFolder(case))
    assert [(entry.role, entry.path) for entry in file.series] == [("ct", "scan.nii.gz")]
    (raw,) = read_raw(CaseFolder(case), file)
    np.testing.assert_array_equal(raw.volume.voxels, volume.voxels)
    assert raw.volume.frame_of_reference == "2.25.7"


def test_a_refused_scan_changes_nothing(case: Path, tmp_path: Path) -> None:
    (tmp_path / "scan.nii.gz").write_bytes(b"not an image")
    before = hash_folder(case)
    with pytest.raises(InputError, match=r"scan\.nii\.gz"):
        add_sources(case, [tmp_path / "scan.nii.gz"], "ct")
    assert hash_folder(case) == before


def test_the_same_name_twice_is_refused(case: Path, tmp_path: Path) -> None:
    write_scan(tmp_path / "scan.nii.gz")
    add_sources(case, [tmp_path / "scan.nii.gz"], "ct")
    with pytest.raises(InputError, match=r"raw/scan\.nii\.gz exists already"):
        add_sources(case, [tmp_path / "scan.nii.gz"], "ct")


def test_an_unknown_role_is_a_usage_error(case: Path, tmp_path: Path) -> None:
    write_scan(tmp_path / "scan.nii.gz")
    with pytest.raises(UsageError, match="--role is 'pet'"):
        add_sources(case, [tmp_path / "scan.nii.gz"], "pet")


def test_a_case_without_imaging_says_how_to_add_some(case: Path) -> None:
    with pytest.raises(InputError, match=r"has no image series.*diptych intake"):
        read_raw(CaseFolder(case), parse_case_file(read_text(case / "case.toml")))


def test_policy_takes_the_named_field_only() -> None:
    default = SeparationPolicy()
    changed = merge_policy(default, {}, "separation")
    assert changed == default


def test_policy_refuses_what_it_does_not_know() -> None:
    with pytest.raises(InputError, match=r"\[policy\.separation\] in case\.toml has colour"):
        merge_policy(SeparationPolicy(), {"colour": "red"}, "separation")


def test_plug_points_hold_the_built_in_ones() -> None:
    names = {(row["plug_point"], row["name"]) for row in list_plugins()}
    assert {("diptych.boards", "web"), ("diptych.cut_solvers", "mincut")} <= names
    with pytest.raises(UsageError, match=r"no plug-in 'gone' for .*; installed: local"):
        load_plugin("diptych.engines", "gone")


def test_clock_readings() -> None:
    assert clock("07:00", 30) == "07:30"
    assert clock("07:00", 20 * 60 + 28) == "03:28 (+1 d)"
    assert len_text(1599) == "26 h 39 min"
