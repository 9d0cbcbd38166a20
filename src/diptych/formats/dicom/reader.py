"""Puts DICOM slices together to volumes. Runs in the child process only.

Slices are sorted by the projection of ImagePositionPatient on the slice normal. Whatever
leaves geometry or identity in doubt is refused; nothing is repaired.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.formats.dicom.prescan import EXPLICIT_BIG, RLE_LOSSLESS, check_bytes
from diptych.formats.dicom.series import ISSUER
from diptych.formats.nifti import rescale
from diptych.formats.sandbox import Limits
from diptych.model import GroupMember, InputError, RawSeries, SafetyRefusal, TwinId
from diptych.model.geometry import Volume

_CLASSES = {"1.2.840.10008.5.1.4.1.1.2": "CT", "1.2.840.10008.5.1.4.1.1.4": "MR"}
_EXPORT_AGAIN = "export the whole series again"
ORTHONORMAL = 1e-4
"""Largest deviation of the two row and column directions from unit length and right angle."""
DUPLICATE = 0.01
"""Slices nearer than this, mm, are two of one place."""
DRIFT = 0.1
"""How far the last slice may lie off the normal through the first, mm: more is a tilted gantry."""
UNEVEN = 0.01
"""Largest relative deviation of a slice distance from the middle one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Slice:
    """What counts of one file."""

    file: str
    digest: bytes
    study: str
    series: str
    number: int
    patient: tuple[str, str]
    frame: str
    modality: str
    role: str
    group: tuple[GroupMember, ...]
    orientation: NDArray[np.float64]
    position: NDArray[np.float64]
    pixel_spacing: NDArray[np.float64]
    pixels: NDArray[np.generic]

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector across the slice."""
        return np.cross(self.orientation[:3], self.orientation[3:])


def parse_folder(folder: Path, name: str, limits: Limits) -> tuple[RawSeries, ...]:
    """Every series in the folder, in order of series number, then UID."""
    files = sorted(path for path in folder.rglob("*") if _is_candidate(path))
    if not files:
        raise InputError(
            f"{name}: holds no DICOM files", remedy="give the folder that the series is in"
        )
    slices: list[_Slice] = []
    room = limits.voxel_bytes
    for path in files:
        slices.append(_read_slice(path, f"{name}/{path.relative_to(folder)}", room))
        room -= slices[-1].pixels.nbytes
    _refuse_mixed_patients(slices, name)
    series = sorted({(entry.number, entry.series) for entry in slices})
    return tuple(
        _build([e for e in slices if e.series == uid], name, shown=_series_name(name, series, uid))
        for _, uid in series
    )


def _is_candidate(path: Path) -> bool:
    return (
        path.is_file()
        and not path.is_symlink()
        and not path.name.startswith(".")
        and path.name != "DICOMDIR"
    )


def _series_name(name: str, series: Sequence[tuple[int, str]], uid: str) -> str:
    """The folder's name, with a running number if it holds several series."""
    place = [entry[1] for entry in series].index(uid) + 1
    return name if len(series) == 1 else f"{name}/series-{place}"


def _read_slice(path: Path, file: str, room: int) -> _Slice:
    import pydicom

    content = path.read_bytes()
    syntax = check_bytes(content, file)
    data = pydicom.dcmread(BytesIO(content))
    modality = _CLASSES.get(str(data.get("SOPClassUID", "")))
    if modality is None:
        raise InputError(
            f"{file}: its SOP class is {data.get('SOPClassUID', 'missing')},"
            " expected CT Image Storage or MR Image Storage",
            remedy="leave only the single-frame CT or MR images of the series in the folder",
        )
    return _Slice(
        file=file,
        digest=sha256(content).digest(),
        study=_text(data, "StudyInstanceUID", file),
        series=_text(data, "SeriesInstanceUID", file),
        number=int(data.get("SeriesNumber") or 0),
        patient=(str(data.get("PatientID", "")), str(data.get("IssuerOfPatientID", ""))),
        frame=_text(data, "FrameOfReferenceUID", file),
        modality=modality,
        role=_role(data, modality),
        group=_group(data),
        orientation=_vector(data, "ImageOrientationPatient", 6, file),
        position=_vector(data, "ImagePositionPatient", 3, file),
        pixel_spacing=_vector(data, "PixelSpacing", 2, file),
        pixels=_pixels(data, syntax, room, file),
    )


def _text(data: Any, keyword: str, file: str) -> str:
    value = str(data.get(keyword) or "")
    if not value:
        raise InputError(f"{file}: {keyword} is missing", remedy=_EXPORT_AGAIN)
    return value


def _vector(data: Any, keyword: str, count: int, file: str) -> NDArray[np.float64]:
    found = data.get(keyword)
    values = [float(value) for value in found] if found is not None else []
    if len(values) != count or not bool(np.isfinite(values).all()):
        raise InputError(
            f"{file}: {keyword} has {len(values)} numbers, expected {count} finite ones",
            remedy=_EXPORT_AGAIN,
        )
    return np.array(values)


def _role(data: Any, modality: str) -> str:
    """Guesses ct, ctv, cta, mr, mrv or mra from contrast agent and description."""
    words = f"{data.get('SeriesDescription', '')} {data.get('ProtocolName', '')}".lower()
    venous = any(word in words for word in ("venogra", "venous", "ctv", "mrv"))
    short = set(words.replace("_", " ").replace("-", " ").split())
    arterial = "arterial" in words or "angio" in words or bool(short & {"cta", "mra", "tof"})
    if arterial and not venous:
        return modality.lower() + "a"
    if modality == "CT":
        venous = venous or bool(str(data.get("ContrastBolusAgent", "") or "").strip())
    return modality.lower() + ("v" if venous else "")


def _group(data: Any) -> tuple[GroupMember, ...]:
    return tuple(_member(item) for item in data.get("GroupOfPatientsIdentificationSequence") or ())


def _member(item: Any) -> GroupMember:
    patient = str(item.get("PatientID", ""))
    ours = str(item.get("IssuerOfPatientID", "")) == ISSUER
    letter = patient[-2:] if ours else ""
    place = item.get("SubjectRelativePositionInImage")
    return GroupMember(
        patient_id=patient,
        twin=TwinId(letter[1]) if letter in ("-A", "-B") else None,
        position="\\".join(str(part) for part in place) if place is not None else "",
    )


def _pixels(data: Any, syntax: str, room: int, file: str) -> NDArray[np.generic]:
    """Rescaled pixels as (columns, rows)."""
    rows, columns = int(data.get("Rows", 0)), int(data.get("Columns", 0))
    bits, samples = int(data.get("BitsAllocated", 0)), int(data.get("SamplesPerPixel", 1))
    frames = int(data.get("NumberOfFrames") or 1)
    if min(rows, columns) < 1 or bits not in (8, 16, 32) or samples != 1 or frames != 1:
        raise InputError(
            f"{file}: declares {rows} x {columns} pixels, {samples} samples of {bits} bits,"
            f" {frames} frames; expected one grey frame of 8, 16 or 32 bits",
            remedy="export the series as single-frame grey images",
        )
    declared = rows * columns * bits // 8
    if declared > room:
        raise InputError(
            f"{file}: declares {declared} bytes of pixels, more than the {max(room, 0)} left",
            remedy="give fewer or coarser slices, or raise the limits",
        )
    if syntax == RLE_LOSSLESS:
        stored = np.asarray(data.pixel_array)
    else:
        stored = _native_pixels(data, (rows, columns, bits), syntax, file)
    slope, intercept = (
        float(data.get(f"Rescale{part}", default) or 0.0)
        for part, default in (("Slope", 1.0), ("Intercept", 0.0))
    )
    if slope == 0.0 or not bool(np.isfinite([slope, intercept]).all()):
        raise InputError(
            f"{file}: rescale slope {slope} and intercept {intercept},"
            " expected finite numbers and a slope other than 0",
            remedy=_EXPORT_AGAIN,
        )
    return rescale(stored.T, slope, intercept)


def _native_pixels(
    data: Any, size: tuple[int, int, int], syntax: str, file: str
) -> NDArray[np.generic]:
    rows, columns, bits = size
    content = data.get("PixelData", b"")
    declared = rows * columns * bits // 8
    if not isinstance(content, bytes) or not declared <= len(content) <= declared + 1:
        raise InputError(
            f"{file}: holds {len(content or b'')} bytes of pixels, expected {declared}",
            remedy="copy or export the file again",
        )
    order = ">" if syntax == EXPLICIT_BIG else "<"
    sign = "i" if int(data.get("PixelRepresentation", 0)) else "u"
    array = np.frombuffer(content[:declared], dtype=f"{order}{sign}{bits // 8}")
    return _without_spare_bits(array.astype(array.dtype.newbyteorder("=")), data).reshape(
        rows, columns
    )


def _without_spare_bits(array: NDArray[Any], data: Any) -> NDArray[Any]:
    """Values whose unused high bits are cleared (or, if signed, follow the sign)."""
    allocated = array.dtype.itemsize * 8
    spare = allocated - int(data.get("BitsStored", allocated))
    if not 0 < spare < allocated:
        return array
    return (array << spare) >> spare


def _refuse_mixed_patients(slices: Sequence[_Slice], name: str) -> None:
    for study in sorted({entry.study for entry in slices}):
        mine = [entry for entry in slices if entry.study == study]
        patients = {entry.patient for entry in mine}
        if len(patients) > 1:
            raise SafetyRefusal(
                f"{name}: one study holds files of {len(patients)} different Patient IDs"
                f" (first seen apart in {mine[0].file} and {_first_other(mine)}); expected one"
                " group patient that names both twins",
                remedy="find out whose images these are; send the joint scan under one group"
                " patient with (0010,0027), or each twin's scan as a study of its own",
            )


def _first_other(slices: Sequence[_Slice]) -> str:
    return next(entry.file for entry in slices if entry.patient != slices[0].patient)


def _build(slices: Sequence[_Slice], name: str, *, shown: str) -> RawSeries:
    _check_alike(slices, shown)
    first = slices[0]
    ordered = sorted(slices, key=lambda entry: float(entry.position @ first.normal))
    step = _slice_step(ordered, shown)
    affine = np.eye(4)
    affine[:3, 0] = first.orientation[:3] * first.pixel_spacing[1]
    affine[:3, 1] = first.orientation[3:] * first.pixel_spacing[0]
    affine[:3, 2] = step
    affine[:3, 3] = ordered[0].position
    volume = Volume(
        voxels=np.stack([entry.pixels for entry in ordered], axis=2),
        affine=affine,
        frame_of_reference=first.frame,
        modality=first.modality,
        source=f"DICOM series {shown}",
    )
    return RawSeries(
        origin="dicom",
        name=shown,
        role_hint=first.role,
        volume=volume,
        patient_ids=tuple(sorted({entry.patient[0] for entry in slices})),
        study_uids=tuple(sorted({entry.study for entry in slices})),
        group=first.group,
        sha256=_digest(slices, name),
    )


def _digest(slices: Sequence[_Slice], name: str) -> str:
    total = sha256()
    for entry in sorted(slices, key=lambda one: one.file):
        total.update(entry.file.removeprefix(name).encode() + b"\0" + entry.digest)
    return total.hexdigest()


def _check_alike(slices: Sequence[_Slice], name: str) -> None:
    """Refuses slices that differ in frame, patients, orientation, spacing or size."""
    first = slices[0]
    for entry in slices:
        if entry.frame != first.frame:
            raise SafetyRefusal(
                f"{name}: {entry.file} has another frame of reference than {first.file}",
                remedy="give series of one acquisition; join others by registration first",
            )
        if entry.group != first.group:
            raise SafetyRefusal(
                f"{name}: {entry.file} names other patients in (0010,0027) than {first.file}",
                remedy="find out whose images these are and export the series again",
            )
        if not _same_layout(entry, first):
            raise InputError(
                f"{name}: {entry.file} has another orientation, pixel spacing or size than"
                f" {first.file}",
                remedy="leave one series of parallel slices of one size in the folder",
            )
    directions = first.orientation.reshape(2, 3)
    worst = float(np.abs(directions @ directions.T - np.eye(2)).max())
    if worst > ORTHONORMAL or min(first.pixel_spacing) <= 0:
        raise SafetyRefusal(
            f"{name}: row and column directions deviate from unit length and right angle by"
            f" {worst:.4f}, expected at most {ORTHONORMAL}; pixel spacing"
            f" {first.pixel_spacing.tolist()} mm",
            remedy=_EXPORT_AGAIN,
        )


def _same_layout(entry: _Slice, first: _Slice) -> bool:
    return (
        bool(np.allclose(entry.orientation, first.orientation, atol=1e-5, rtol=0.0))
        and bool(np.allclose(entry.pixel_spacing, first.pixel_spacing, atol=1e-5, rtol=0.0))
        and entry.pixels.shape == first.pixels.shape
    )


def _slice_step(ordered: Sequence[_Slice], name: str) -> NDArray[np.float64]:
    """Vector from one slice to the next; refuses duplicates, gaps and a tilted gantry."""
    if len(ordered) < 2:
        raise InputError(
            f"{name}: has {len(ordered)} slice, expected at least 2",
            remedy="leave scout images out and give the whole series",
        )
    normal = ordered[0].normal
    heights = np.array([float(entry.position @ normal) for entry in ordered])
    distances = np.diff(heights)
    if float(distances.min()) < DUPLICATE:
        twice = int(distances.argmin())
        raise InputError(
            f"{name}: {ordered[twice].file} and {ordered[twice + 1].file} are slices of one"
            " place, expected one each",
            remedy="keep one series in the folder and leave out repeated slices",
        )
    whole = ordered[-1].position - ordered[0].position
    drift = float(np.linalg.norm(whole - (whole @ normal) * normal))
    if drift > DRIFT:
        tilt = float(np.degrees(np.arctan2(drift, whole @ normal)))
        raise SafetyRefusal(
            f"{name}: the gantry was tilted by {tilt:.1f} degrees (last slice {drift:.1f} mm off"
            " the normal through the first), expected 0",
            remedy="ask for a reconstruction without tilt",
        )
    usual = float(np.median(distances))
    odd = int(np.abs(distances - usual).argmax())
    if abs(float(distances[odd]) - usual) > UNEVEN * usual:
        raise InputError(
            f"{name}: {distances[odd]:.2f} mm lie between {ordered[odd].file} and"
            f" {ordered[odd + 1].file}, expected {usual:.2f} mm as elsewhere: slices are missing"
            " or uneven",
            remedy=_EXPORT_AGAIN,
        )
    return whole / (len(ordered) - 1)
