"""DICOM SEG (BINARY): read in the child process to labels with names, or refused by name."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from diptych.formats.dicom.segmentation import SEGMENTATION
from diptych.formats.labels import read_labels
from diptych.model import InputError

SHAPE = (6, 5, 4)
"""Columns, rows, slices."""


def masks() -> dict[int, np.ndarray]:
    first, second = np.zeros(SHAPE, dtype=bool), np.zeros(SHAPE, dtype=bool)
    first[1:4, 1:3, 0] = first[1:4, 1:3, 3] = True
    second[3:6, 2:5, 3] = True
    return {1: first, 2: second}


def frame(number: int, place: int) -> Dataset:
    group, position, identity = Dataset(), Dataset(), Dataset()
    position.ImagePositionPatient = [-10.0, -20.0, 30.0 + 1.5 * place]
    identity.ReferencedSegmentNumber = number
    group.PlanePositionSequence = [position]
    group.SegmentIdentificationSequence = [identity]
    return group


def segment(number: int, label: str) -> Dataset:
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel = number, label
    return item


def shared() -> Dataset:
    group, plane, measure = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    measure.PixelSpacing, measure.SpacingBetweenSlices = [0.8, 0.7], 1.5
    group.PlaneOrientationSequence, group.PixelMeasuresSequence = [plane], [measure]
    return group


def seg(kind: str = "BINARY") -> Dataset:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = SEGMENTATION
    data.file_meta.MediaStorageSOPInstanceUID = "2.25.7"
    data.SOPClassUID, data.SOPInstanceUID = SEGMENTATION, "2.25.7"
    data.StudyInstanceUID, data.FrameOfReferenceUID, data.PatientID = "2.25.1", "2.25.2", "P"
    data.SegmentationType, data.BitsAllocated, data.SamplesPerPixel = kind, 1, 1
    data.BitsStored, data.HighBit, data.PixelRepresentation = 1, 0, 0
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Columns, data.Rows = SHAPE[:2]
    data.SegmentSequence = [segment(1, "brain"), segment(2, "skull")]
    data.SharedFunctionalGroupsSequence = [shared()]
    places = [(n, k) for n, mask in masks().items() for k in range(SHAPE[2]) if mask[:, :, k].any()]
    places.reverse()
    data.NumberOfFrames = len(places)
    data.PerFrameFunctionalGroupsSequence = [frame(n, k) for n, k in places]
    bits = np.concatenate([masks()[n][:, :, k].T.ravel() for n, k in places])
    packed = np.packbits(bits, bitorder="little").tobytes()
    data.PixelData = packed + b"\0" * (len(packed) % 2)
    return data


def save(data: Dataset, path: Path) -> Path:
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path


def test_segments_are_read_with_their_names_and_places(tmp_path: Path) -> None:
    found = read_labels(save(seg(), tmp_path / "seg.dcm"), None)
    assert {index: entry.name for index, entry in found.names.items()} == {1: "brain", 2: "skull"}
    expected = np.where(masks()[1], 1, np.where(masks()[2], 2, 0))
    assert np.array_equal(found.volume.voxels, expected)
    assert found.volume.frame_of_reference == "2.25.2"
    corner = found.volume.to_lps(np.array([1.0, 1.0, 3.0]))
    assert np.allclose(corner, [-10.0 + 0.7, -20.0 + 0.8, 34.5])


def wrong_kind(data: Dataset) -> None:
    data.SegmentationType = "FRACTIONAL"


def short(data: Dataset) -> None:
    data.PixelData = data.PixelData[:4]


def off_grid(data: Dataset) -> None:
    frames = data.PerFrameFunctionalGroupsSequence
    frames[0].PlanePositionSequence[0].ImagePositionPatient = [-10.0, -20.0, 34.0]


def nameless(data: Dataset) -> None:
    data.SegmentSequence[1].SegmentLabel = ""


def frames_lost(data: Dataset) -> None:
    data.PerFrameFunctionalGroupsSequence = data.PerFrameFunctionalGroupsSequence[:1]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (wrong_kind, "segmentation type FRACTIONAL, expected .* BINARY"),
        (short, "holds 4 bytes of pixels, expected 12"),
        (off_grid, "do not lie on one regular grid"),
        (nameless, "segment 2 has no name"),
        (frames_lost, "describes 1 frames and holds 3"),
    ],
)
def test_doubtful_objects_are_refused(tmp_path: Path, spoil, message: str) -> None:
    data = seg()
    spoil(data)
    with pytest.raises(InputError, match=message):
        read_labels(save(data, tmp_path / "seg.dcm"), None)
