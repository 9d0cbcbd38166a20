"""NIfTI: exact round trip, same bytes each time, and a refusal for every doubtful file."""

import gzip
import json
from itertools import permutations, product
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from diptych.formats.nifti import parse_file, read_series, sidecar_path, write_volume
from diptych.formats.sandbox import Limits, Source, read_sources
from diptych.model import InputError, SafetyRefusal, Subject, TwinId, Volume

AFFINE = np.array([[0.7, 0, 0, -3.3], [0, 0.7, 0, 4.1], [0, 0, 1.1, -9.7], [0, 0, 0, 1.0]])


def volume(dtype: str = "int16") -> Volume:
    return Volume(
        voxels=np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(dtype),
        affine=AFFINE,
        frame_of_reference="2.25.77",
        modality="CT",
        source="made by hand",
    )


def parsed(path: Path) -> Volume:
    return parse_file(path, path.name, Limits()).volume


def save(path: Path, image: nibabel.Nifti1Image) -> Path:
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)
    return path


def image(affine: NDArray[np.float64], voxels: NDArray[np.generic]) -> nibabel.Nifti1Image:
    found = nibabel.Nifti1Image(voxels, affine)
    found.set_qform(affine, code=1)
    found.set_sform(affine, code=1)
    return found


CUBE = np.arange(60, dtype=np.int16).reshape(3, 4, 5)


def test_round_trip_through_the_child_is_exact(tmp_path: Path) -> None:
    made = volume()
    write_volume(tmp_path / "ct.nii.gz", made, role="ctv")
    found = read_series(tmp_path / "ct.nii.gz", name="ct")
    assert found.volume.content_hash == made.content_hash
    assert np.array_equal(found.volume.affine, made.affine)
    assert (found.name, found.role_hint, found.origin) == ("ct", "ctv", "nifti")
    assert [member.twin for member in found.group] == [TwinId.A, TwinId.B]
    assert found.volume.source == "made by hand"


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_voxel_type_is_kept(tmp_path: Path, dtype: str) -> None:
    write_volume(tmp_path / "a.nii.gz", volume(dtype), subject=Subject.A)
    found = parse_file(tmp_path / "a.nii.gz", "a", Limits())
    assert found.volume.voxels.dtype == dtype
    assert [member.twin for member in found.group] == [TwinId.A]


def test_same_volume_gives_same_bytes(tmp_path: Path) -> None:
    one = [path.read_bytes() for path in write_volume(tmp_path / "one" / "ct.nii.gz", volume())]
    two = [path.read_bytes() for path in write_volume(tmp_path / "two" / "ct.nii.gz", volume())]
    assert one == two
    assert one[0][4:8] == b"\0\0\0\0"


def test_another_reader_sees_the_same_places(tmp_path: Path) -> None:
    write_volume(tmp_path / "ct.nii.gz", volume())
    seen = nibabel.load(tmp_path / "ct.nii.gz")
    assert np.array_equal(np.asarray(seen.dataobj), volume().voxels)
    assert np.allclose(np.diag([-1, -1, 1, 1]) @ seen.affine, AFFINE, atol=1e-6)
    assert seen.header.get_qform(coded=True)[1] == seen.header.get_sform(coded=True)[1] == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_all_axis_orders_and_flips_keep_a_point_in_place(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    for signs in product((1.0, -1.0), repeat=3):
        affine = np.eye(4)
        affine[:3, :3] = np.diag([1.0, 1.5, 2.0])[:, order] * np.array(signs)
        affine[:3, 3] = (5.0, -7.0, 11.0)
        path = save(tmp_path / "turned.nii", image(affine, CUBE))
        expected = np.diag([-1, -1, 1, 1]) @ affine @ np.array([2.0, 3.0, 4.0, 1.0])
        assert np.allclose(parsed(path).to_lps(np.array([2.0, 3.0, 4.0])), expected[:3], atol=1e-3)


def test_one_form_alone_is_enough(tmp_path: Path) -> None:
    only_sform = image(np.eye(4), CUBE)
    only_sform.set_qform(None, code=0)
    assert parsed(save(tmp_path / "s.nii.gz", only_sform)).shape == (3, 4, 5)


def test_scaled_whole_numbers_stay_whole(tmp_path: Path) -> None:
    scaled = image(np.eye(4), CUBE)
    scaled.header.set_slope_inter(1, -1024)
    path = save(tmp_path / "scaled.nii", scaled)
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([1.0, -1024.0], dtype="<f4").tobytes()
    path.write_bytes(bytes(content))
    assert parsed(path).voxels.dtype == np.int16


def flipped() -> nibabel.Nifti1Image:
    made = image(np.eye(4), CUBE)
    made.set_qform(np.diag([-1.0, 1.0, 1.0, 1.0]), code=1)
    return made


def unplaced() -> nibabel.Nifti1Image:
    made = image(np.eye(4), CUBE)
    made.set_qform(None, code=0)
    made.set_sform(None, code=0)
    return made


def sheared() -> nibabel.Nifti1Image:
    affine = np.eye(4)
    affine[0, 1] = 0.2
    made = nibabel.Nifti1Image(CUBE, affine)
    made.set_qform(None, code=0)
    made.set_sform(affine, code=2)
    return made


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (flipped, r"bad\.nii: sform and qform put a corner of the volume 4\.0 mm apart"),
        (unplaced, r"bad\.nii: sform and qform codes are both 0"),
        (sheared, r"bad\.nii: its axes are sheared"),
    ],
)
def test_doubtful_orientation_is_refused(tmp_path: Path, make: object, words: str) -> None:
    assert callable(make)
    with pytest.raises(SafetyRefusal, match=words):
        parsed(save(tmp_path / "bad.nii", make()))


def test_sidecar_that_disagrees_is_refused(tmp_path: Path) -> None:
    path, beside = write_volume(tmp_path / "ct.nii.gz", volume())
    facts = json.loads(beside.read_text())
    facts["affine_lps_mm"][0][3] += 1.0
    beside.write_text(json.dumps(facts))
    with pytest.raises(SafetyRefusal, match=r"header and sidecar put a corner .* 1\.00 mm apart"):
        parsed(path)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("frame_of_reference", "the frame", r"frame_of_reference in its sidecar is 'the frame'"),
        ("modality", "XA", "modality in its sidecar is 'XA', expected one of CT, MR, SEG"),
        ("role", 3, "role in its sidecar is '3', expected one of ct, ctv, mr, mrv, cta, mra"),
        ("source", "a\u202eb", "source in its sidecar is not a text"),
    ],
)
def test_odd_words_in_the_sidecar_are_refused(
    tmp_path: Path, field: str, value: object, words: str
) -> None:
    path, beside = write_volume(tmp_path / "ct.nii.gz", volume())
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {field: value}))
    with pytest.raises(InputError, match=words):
        parsed(path)


def test_without_sidecar_the_frame_is_its_own(tmp_path: Path) -> None:
    one = parsed(save(tmp_path / "one.nii", image(np.eye(4), CUBE)))
    two = parsed(save(tmp_path / "two.nii", image(np.eye(4), CUBE + 1)))
    assert one.frame_of_reference != two.frame_of_reference


def four_axes(path: Path) -> None:
    save(path, image(np.eye(4), np.zeros((2, 2, 2, 3), dtype=np.int16)))


def not_finite(path: Path) -> None:
    voxels = np.zeros((2, 2, 2), dtype=np.float32)
    voxels[0, 0, 0] = np.nan
    save(path, image(np.eye(4), voxels))


def truncated(path: Path) -> None:
    save(path, image(np.eye(4), CUBE))
    path.write_bytes(path.read_bytes()[:-7])


def complex_voxels(path: Path) -> None:
    save(path, image(np.eye(4), CUBE.astype(np.complex64)))


def in_metres(path: Path) -> None:
    made = image(np.eye(4), CUBE)
    nibabel.save(made, path)
    content = bytearray(path.read_bytes())
    content[123] = 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (four_axes, r"bad\.nii: has 4 axes of sizes \[2, 2, 2, 3\], expected three"),
        (not_finite, "1 voxels are not finite numbers"),
        (truncated, "is truncated: it holds 113 bytes of voxels, expected 120"),
        (complex_voxels, "has voxels of type complex64"),
        (in_metres, "its unit of length is meter, expected mm"),
        (lambda path: path.write_bytes(b"not an image"), "is not a NIfTI file"),
    ],
)
def test_unfit_file_is_refused(tmp_path: Path, make: object, words: str) -> None:
    assert callable(make)
    make(tmp_path / "bad.nii")
    with pytest.raises(InputError, match=words):
        parsed(tmp_path / "bad.nii")


def test_truncated_gzip_is_refused(tmp_path: Path) -> None:
    path, _ = write_volume(tmp_path / "ct.nii.gz", volume())
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match=r"ct\.nii\.gz: is truncated"):
        parsed(path)


def test_header_that_declares_too_much_is_refused_unread(tmp_path: Path) -> None:
    path, _ = write_volume(tmp_path / "ct.nii.gz", volume())
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[42:48] = np.array([32767] * 3, dtype="<i2").tobytes()
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(InputError, match=r"declares 70\d+ bytes of voxels, expected at most"):
        parsed(path)


def test_sheared_volume_is_not_written(tmp_path: Path) -> None:
    affine = AFFINE.copy()
    affine[0, 1] = 0.3
    made = Volume(
        voxels=CUBE, affine=affine, frame_of_reference="2.25.1", modality="CT", source="s"
    )
    with pytest.raises(SafetyRefusal, match="sheared"):
        write_volume(tmp_path / "s.nii.gz", made)
    assert list(tmp_path.iterdir()) == []


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lost: there is no such file"):
        read_sources([Source(path=tmp_path / "lost.nii.gz", name="lost")])


def test_sidecar_lies_beside(tmp_path: Path) -> None:
    assert sidecar_path(tmp_path / "a.b.nii.gz").name == "a.b.json"
