"""DICOM: a CT of two patients round trips exactly, and every doubtful folder is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from diptych.formats.dicom import SeriesLabel, read_series, write_series
from diptych.formats.dicom.reader import parse_folder
from diptych.formats.nifti import parse_file, write_volume
from diptych.formats.sandbox import Limits
from diptych.model import GroupMember, InputError, RawSeries, SafetyRefusal, TwinId, Volume

TURN = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])


def volume(shift: int = 0) -> Volume:
    affine = np.eye(4)
    affine[:3, :3] = TURN * np.array([0.7, 0.9, 1.3])
    affine[:3, 3] = (-31.7, 12.3, -104.1)
    voxels = (np.arange(4 * 3 * 5).reshape(4, 3, 5) * 31 - 1100 + shift).astype(np.int16)
    return Volume(
        voxels=voxels, affine=affine, frame_of_reference="2.25.9", modality="CT", source="s"
    )


def label(role: str = "ct", pair: str = "PAIR", number: int = 1) -> SeriesLabel:
    members = [GroupMember(patient_id=f"{pair}-{twin}", twin=twin, position="") for twin in TwinId]
    return SeriesLabel(
        pair_id=pair,
        twins=(members[0], members[1]),
        role=role,
        description=f"{role}",
        comment="made by hand; not a patient",
        number=number,
    )


def parsed(folder: Path) -> tuple[RawSeries, ...]:
    return parse_folder(folder, folder.name, Limits())


def change(path: Path, work: Callable[[Any], None]) -> None:
    data = pydicom.dcmread(path)
    work(data)
    data.save_as(path)


def test_round_trip_through_the_child_is_exact(tmp_path: Path) -> None:
    made = volume()
    write_series(tmp_path / "dcm", made, label("ctv"))
    (found,) = read_series(tmp_path / "dcm", name="dcm")
    assert np.array_equal(found.volume.voxels, made.voxels)
    assert found.volume.voxels.dtype == np.int16
    assert np.allclose(found.volume.affine, made.affine, atol=1e-9)
    assert found.volume.frame_of_reference == "2.25.9"
    assert (found.origin, found.role_hint, found.patient_ids) == ("dicom", "ctv", ("PAIR",))
    assert [(m.twin, m.position) for m in found.group] == [
        (TwinId.A, "1\\1\\1"),
        (TwinId.B, "1\\1\\2"),
    ]


def test_dicom_and_nifti_agree_on_every_place_and_value(tmp_path: Path) -> None:
    made = volume()
    write_series(tmp_path / "dcm", made, label())
    write_volume(tmp_path / "ct.nii.gz", made)
    (one,) = parsed(tmp_path / "dcm")
    two = parse_file(tmp_path / "ct.nii.gz", "ct", Limits())
    assert one.volume.same_grid(two.volume)
    assert one.volume.content_hash == two.volume.content_hash


def test_same_volume_gives_same_bytes_and_content_makes_the_uids(tmp_path: Path) -> None:
    for name, shift in (("one", 0), ("two", 0), ("other", 1)):
        write_series(tmp_path / name, volume(shift), label())
    bodies = {
        name: [path.read_bytes() for path in sorted((tmp_path / name).iterdir())]
        for name in ("one", "two", "other")
    }
    assert bodies["one"] == bodies["two"]
    first, other = (pydicom.dcmread(tmp_path / name / "0001.dcm") for name in ("one", "other"))
    assert first.SeriesInstanceUID != other.SeriesInstanceUID
    assert first.StudyInstanceUID == other.StudyInstanceUID
    assert first.SeriesInstanceUID.startswith("2.25.")


def test_group_of_patients_is_written_as_the_standard_has_it(tmp_path: Path) -> None:
    write_series(tmp_path, volume(), label())
    data = pydicom.dcmread(tmp_path / "0002.dcm")
    items = data[0x0010, 0x0027].value
    assert [item.PatientID for item in items] == ["PAIR-A", "PAIR-B"]
    assert [list(item[0x0010, 0x0028].value) for item in items] == [[1, 1, 1], [1, 1, 2]]
    assert "not a patient" in data.ImageComments
    assert np.array_equal(data.pixel_array.T - 1024, volume().voxels[:, :, 1])


def test_order_comes_from_positions_not_from_names(tmp_path: Path) -> None:
    paths = write_series(tmp_path, volume(), label())
    for number, path in enumerate(paths):
        path.rename(tmp_path / f"x{(number * 3) % 5}.dcm")
    (found,) = parsed(tmp_path)
    assert np.array_equal(found.volume.voxels, volume().voxels)


def test_left_handed_volume_reads_back_at_the_same_places(tmp_path: Path) -> None:
    affine = np.diag([1.0, 1.0, -2.0, 1.0])
    made = Volume(
        voxels=volume().voxels, affine=affine, frame_of_reference="2.25.1", modality="CT", source=""
    )
    write_series(tmp_path, made, label())
    (found,) = parsed(tmp_path)
    assert np.array_equal(found.volume.voxels, made.voxels[:, :, ::-1])
    assert np.allclose(found.volume.to_lps(np.zeros(3)), made.to_lps(np.array([0.0, 0, 4])))


def test_two_series_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    write_series(tmp_path / "a", volume(), label("ct", number=1))
    write_series(tmp_path / "b", volume(5), label("ctv", number=2))
    found = parsed(tmp_path)
    assert [series.role_hint for series in found] == ["ct", "ctv"]
    assert [series.name for series in found] == [
        f"{tmp_path.name}/series-1",
        f"{tmp_path.name}/series-2",
    ]


def gap(folder: Path) -> None:
    (folder / "0003.dcm").unlink()


def duplicate(folder: Path) -> None:
    (folder / "copy.dcm").write_bytes((folder / "0003.dcm").read_bytes())


def mixed_frame(folder: Path) -> None:
    change(folder / "0004.dcm", lambda data: setattr(data, "FrameOfReferenceUID", "2.25.8"))


def mixed_patients(folder: Path) -> None:
    change(folder / "0004.dcm", lambda data: setattr(data, "PatientID", "SOMEBODY-ELSE"))


def mixed_group(folder: Path) -> None:
    def swap(data: Any) -> None:
        data.GroupOfPatientsIdentificationSequence[0].PatientID = "PAIR-C"

    change(folder / "0004.dcm", swap)


def tilted(folder: Path) -> None:
    def lean(data: Any) -> None:
        step = int(data.InstanceNumber) - 1
        place = np.array(data.ImagePositionPatient, dtype=float) + 0.5 * step * TURN[:, 1]
        data.ImagePositionPatient = [f"{part:.6f}" for part in place]

    for path in sorted(folder.iterdir()):
        change(path, lean)


def skewed(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        change(path, lambda d: setattr(d, "ImageOrientationPatient", [1, 0, 0, 0.1, 0.99, 0]))


def one_slice(folder: Path) -> None:
    for path in sorted(folder.iterdir())[1:]:
        path.unlink()


def other_size(folder: Path) -> None:
    def shrink(data: Any) -> None:
        data.Rows, data.PixelData = 2, data.PixelData[:16]

    change(folder / "0002.dcm", shrink)


def short_pixels(folder: Path) -> None:
    change(folder / "0002.dcm", lambda data: setattr(data, "PixelData", data.PixelData[:-4]))


def syntax(uid: str) -> Callable[[Path], None]:
    def patch(folder: Path) -> None:
        path = folder / "0001.dcm"
        old = b"1.2.840.10008.1.2.1\0"
        content = path.read_bytes()
        assert old in content
        new = uid.encode() + b"\0" * (len(uid) % 2)
        content = content.replace(b"UI\x14\0" + old, b"UI" + bytes([len(new), 0]) + new, 1)
        path.write_bytes(content)

    return patch


def disguised(folder: Path) -> None:
    path = folder / "0001.dcm"
    path.write_bytes(b"#!/bin/sh" + path.read_bytes()[9:])


def huge(folder: Path) -> None:
    def inflate(data: Any) -> None:
        data.Rows = data.Columns = 65535

    change(folder / "0001.dcm", inflate)


def no_position(folder: Path) -> None:
    change(folder / "0002.dcm", lambda data: delattr(data, "ImagePositionPatient"))


def report_inside(folder: Path) -> None:
    change(
        folder / "0002.dcm", lambda d: setattr(d, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.88.11")
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (mixed_frame, r"0004\.dcm has another frame of reference"),
        (mixed_patients, "one study holds files of 2 different Patient IDs"),
        (mixed_group, r"0004\.dcm names other patients in \(0010,0027\)"),
        (tilted, r"the gantry was tilted by 21\.0 degrees"),
        (skewed, "row and column directions deviate"),
    ],
)
def test_doubt_of_identity_or_geometry_is_a_refusal(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    write_series(tmp_path, volume(), label())
    spoil(tmp_path)
    with pytest.raises(SafetyRefusal, match=words) as caught:
        parsed(tmp_path)
    assert "SOMEBODY-ELSE" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (gap, r"2\.60 mm lie between .*0002\.dcm and .*0004\.dcm, expected 1\.30 mm"),
        (duplicate, "are slices of one place"),
        (one_slice, "has 1 slice, expected at least 2"),
        (other_size, r"0002\.dcm has another orientation, pixel spacing or size"),
        (short_pixels, "holds 20 bytes of pixels, expected 24"),
        (syntax("1.2.840.10008.1.2.1.99"), r"1\.2\.1\.99 \(deflated\)"),
        (syntax("1.2.840.10008.1.2.4.70"), "compressed in a way that is not read here"),
        (huge, "declares 8589672450 bytes of pixels, more than"),
        (disguised, "may be another kind of file in disguise"),
        (no_position, "ImagePositionPatient has 0 numbers, expected 3"),
        (report_inside, "expected CT Image Storage or MR Image Storage"),
        (lambda folder: (folder / "notes.txt").write_text("hello"), "is not a DICOM file"),
    ],
)
def test_unfit_folder_is_refused(
    tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    write_series(tmp_path, volume(), label())
    spoil(tmp_path)
    with pytest.raises(InputError, match=words):
        parsed(tmp_path)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no DICOM files"):
        parsed(tmp_path)


def test_run_length_encoded_slices_are_read(tmp_path: Path) -> None:
    from pydicom.uid import RLELossless

    for path in write_series(tmp_path, volume(), label()):
        data = pydicom.dcmread(path)
        data.compress(RLELossless, generate_instance_uid=False)
        data.save_as(path)
    (found,) = parsed(tmp_path)
    assert np.array_equal(found.volume.voxels, volume().voxels)


def test_spare_high_bits_are_ignored(tmp_path: Path) -> None:
    def use_twelve_bits(data: Any) -> None:
        stored = np.frombuffer(data.PixelData, dtype="<u2") & 0x0FFF
        data.PixelRepresentation, data.BitsStored, data.HighBit = 0, 12, 11
        data.PixelData = (stored | 0xF000).astype("<u2").tobytes()

    made = volume(shift=200)
    for path in write_series(tmp_path, made, label()):
        change(path, use_twelve_bits)
    (found,) = parsed(tmp_path)
    assert np.array_equal(found.volume.voxels, made.voxels)


def test_voxels_that_are_no_whole_hu_are_not_written(tmp_path: Path) -> None:
    half = volume().on_this_grid(volume().voxels + np.float32(0.5), modality="CT", source="half")
    with pytest.raises(InputError, match=r"'half'.* expected CT or MR with whole numbers"):
        write_series(tmp_path, half, label())


@pytest.mark.parametrize(("role", "modality"), [("cta", "CT"), ("mr", "MR"), ("mrv", "MR")])
def test_other_phases_and_mr_round_trip(tmp_path: Path, role: str, modality: str) -> None:
    made = volume().on_this_grid(volume().voxels, modality=modality, source="made")
    write_series(tmp_path, made, label(role))
    (found,) = parsed(tmp_path)
    assert np.array_equal(found.volume.voxels, made.voxels)
    assert (found.volume.modality, found.role_hint) == (modality, role)


def test_label_needs_three_different_patients() -> None:
    member = GroupMember(patient_id="X", twin=None, position="")
    with pytest.raises(InputError, match="not three different texts"):
        SeriesLabel(pair_id="P", twins=(member, member), role="ct", description="")
