"""Writes a volume as a CT or MR series of one group of two patients, the same bytes each time.

A study has one patient, so the pair is that patient and the Group of Patients
Identification Sequence (0010,0027) has an item for each twin (DICOM PS3.3 C.7.1.1).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.formats.dicom.series import ISSUER, SeriesLabel, uid_from
from diptych.model import InputError
from diptych.model.geometry import Volume

IMAGE_STORAGE = {"CT": "1.2.840.10008.5.1.4.1.1.2", "MR": "1.2.840.10008.5.1.4.1.1.4"}
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
FIXED_DATE, FIXED_TIME = "20000101", "120000"
INTERCEPTS = {"CT": -1024, "MR": 0}
AGENTS = {"ctv": "venous contrast", "cta": "arterial contrast", "mrv": "venous contrast"}


def write_series(folder: Path, volume: Volume, label: SeriesLabel) -> tuple[Path, ...]:
    """Writes one file for each slice along the volume's third axis; returns their paths.

    UIDs come from the content, dates are fixed. Stored values are signed 16 bit with
    rescale slope 1 and, of a CT, intercept -1024. Raises InputError for voxels that are not
    whole numbers from -32768 to 31743, a modality other than CT and MR, or an affine without
    right angles.
    """
    stored = _stored_values(volume)
    template = _template(volume, label)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, position in enumerate(_positions(volume), start=1):
        path = folder / f"{number:04d}.dcm"
        _write_slice(path, template, np.ascontiguousarray(stored[:, :, number - 1].T), position)
        paths.append(path)
    return tuple(paths)


def _stored_values(volume: Volume) -> NDArray[np.int16]:
    voxels = np.asarray(volume.voxels)
    whole = voxels.dtype.kind in "iu" or bool((voxels == np.round(voxels.astype(float))).all())
    low, high = float(voxels.min()), float(voxels.max())
    if not whole or low < -32768 or high > 31743 or volume.modality not in IMAGE_STORAGE:
        raise InputError(
            f"volume {volume.source!r}: {volume.modality} with values {low:g} to {high:g},"
            " expected CT or MR with whole numbers from -32768 to 31743",
            remedy="round the voxels to whole numbers first, or write the volume as NIfTI",
        )
    return (voxels.astype(np.int32) - INTERCEPTS[volume.modality]).astype("<i2")


def _positions(volume: Volume) -> Iterator[NDArray[np.float64]]:
    """Position of the first voxel of each slice, LPS+ mm."""
    for k in range(volume.shape[2]):
        yield volume.affine[:3, 3] + k * volume.affine[:3, 2]


def _decimals(values: NDArray[np.float64]) -> list[str]:
    """Decimal strings of at most 16 characters, as near to the values as those allow."""
    from pydicom.valuerep import format_number_as_ds

    return [format_number_as_ds(float(value) + 0.0) for value in values]


def _template(volume: Volume, label: SeriesLabel) -> Any:
    from pydicom.dataset import Dataset

    data = Dataset()
    _add_pair(data, label)
    _add_study(data, volume, label)
    _add_geometry(data, volume)
    return data


def _add_pair(data: Any, label: SeriesLabel) -> None:
    from pydicom.dataset import Dataset

    data.SpecificCharacterSet = "ISO_IR 192"
    data.PatientName = "PAIR^A AND B"
    data.PatientID = label.pair_id
    data.IssuerOfPatientID = ISSUER
    data.PatientBirthDate = ""
    data.PatientSex = ""
    items = []
    for number, member in enumerate(label.twins, start=1):
        item = Dataset()
        item.PatientID = member.patient_id
        item.IssuerOfPatientID = ISSUER
        place = [int(part) for part in member.position.split("\\")] if member.position else None
        item.SubjectRelativePositionInImage = place or [1, 1, number]
        item.PatientPosition = "HFS" if number == 1 else "FFS"
        items.append(item)
    data.GroupOfPatientsIdentificationSequence = items


def _add_study(data: Any, volume: Volume, label: SeriesLabel) -> None:
    study = uid_from("study", label.pair_id, volume.frame_of_reference)
    facts = (label.role, label.description, label.comment, repr(label.twins))
    data.SOPClassUID = IMAGE_STORAGE[volume.modality]
    data.StudyInstanceUID = study
    data.SeriesInstanceUID = uid_from("series", study, volume.content_hash, *facts)
    data.FrameOfReferenceUID = volume.frame_of_reference
    data.StudyID, data.AccessionNumber, data.ReferringPhysicianName = "1", "", ""
    data.PositionReferenceIndicator = ""
    data.Modality = volume.modality
    data.Manufacturer = "Diptych"
    data.SeriesNumber = str(label.number)
    data.AcquisitionNumber = "1"
    data.SeriesDescription = label.description[:64]
    data.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    if volume.modality == "CT":
        data.KVP = ""
    else:
        data.ScanningSequence, data.SequenceVariant, data.ScanOptions = "GR", "NONE", ""
        data.MRAcquisitionType, data.EchoTime, data.EchoTrainLength = "3D", "", ""
    data.PatientPosition = "HFS"
    for name in ("Study", "Series", "Content", "Acquisition"):
        setattr(data, f"{name}Date", FIXED_DATE)
        setattr(data, f"{name}Time", FIXED_TIME)
    if label.comment:
        data.ImageComments = label.comment[:10240]
    if label.role in AGENTS:
        data.ContrastBolusAgent = AGENTS[label.role]


def _add_geometry(data: Any, volume: Volume) -> None:
    spacing = np.array(volume.spacing)
    axes = volume.affine[:3, :3] / spacing
    if float(np.abs(axes.T @ axes - np.eye(3)).max()) > 1e-4:
        raise InputError(
            f"volume {volume.source!r}: its axes are not at right angles",
            remedy="resample the volume to a grid with right angles first",
        )
    data.ImageOrientationPatient = _decimals(axes[:, :2].T.ravel())
    data.PixelSpacing = _decimals(spacing[[1, 0]])
    data.SliceThickness = _decimals(spacing[2:])[0]
    data.Rows, data.Columns = volume.shape[1], volume.shape[0]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    if volume.modality == "CT":
        data.RescaleSlope, data.RescaleIntercept = "1", str(INTERCEPTS["CT"])
        data.RescaleType = "HU"
        data.WindowCenter, data.WindowWidth = "60", "400"


def _write_slice(
    path: Path, template: Any, pixels: NDArray[np.int16], position: NDArray[np.float64]
) -> None:
    from pydicom.dataset import FileMetaDataset

    texts = _decimals(position)
    pixel_bytes = pixels.tobytes()
    data = template
    data.InstanceNumber = str(int(path.stem))
    data.ImagePositionPatient = texts
    data.SOPInstanceUID = uid_from(data.SeriesInstanceUID, "\\".join(texts), pixel_bytes)
    data.PixelData = pixel_bytes
    data["PixelData"].VR = "OW"
    meta: Any = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = EXPLICIT_LITTLE
    meta.ImplementationClassUID = uid_from("diptych writer")
    meta.ImplementationVersionName = ISSUER
    data.file_meta = meta
    data.save_as(path, enforce_file_format=True)
