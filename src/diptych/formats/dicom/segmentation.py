"""DICOM SEG objects (BINARY) as label volumes. Runs in the child process only.

Frames are placed by their own positions; slices without a frame are empty. What leaves the
geometry in doubt is refused.
"""

from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.formats.dicom.prescan import EXPLICIT_LITTLE, IMPLICIT_LITTLE, check_bytes
from diptych.formats.sandbox import Limits
from diptych.model import InputError, RawSeries
from diptych.model.geometry import Volume

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
OFF_GRID = 0.02
"""How far a frame may lie from a whole number of slice steps, as a share of the step."""
ASIDE_MM = 0.05
MOST_FRAMES = 200_000
_AGAIN = "export the segmentation again as a DICOM SEG of type BINARY on the grid of its images"


def is_dicom(path: Path) -> bool:
    """Whether the file says DICM where DICOM files do."""
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def parse_segmentation(path: Path, name: str, limits: Limits) -> RawSeries:
    """The labels of a SEG: each voxel the number of its segment, 0 where there is none.

    Where segments overlap, the one with the lower number stays. Raises InputError for another
    kind of object, another type of segmentation, or frames that do not make a regular grid.
    """
    import pydicom

    content = path.read_bytes()
    syntax = check_bytes(content, name)
    data = pydicom.dcmread(BytesIO(content))
    _require_binary(data, syntax, name)
    planes = _planes(data, limits, name)
    affine, places, count = _grid(data, name)
    labels = _fill(planes, _segments_of_frames(data, name), places, count, name, limits)
    return RawSeries(
        origin="dicom",
        name=name,
        role_hint="",
        volume=Volume(
            voxels=labels,
            affine=affine,
            frame_of_reference=_text(data, "FrameOfReferenceUID", name),
            modality="SEG",
            source=f"DICOM segmentation {name}",
        ),
        patient_ids=(str(data.get("PatientID", "")),),
        study_uids=(_text(data, "StudyInstanceUID", name),),
        group=(),
        sha256=sha256(content).hexdigest(),
        labels=_names(data, name),
    )


def _require_binary(data: Any, syntax: str, name: str) -> None:
    kind, uid = str(data.get("SegmentationType", "missing")), str(data.get("SOPClassUID", ""))
    if uid != SEGMENTATION or kind != "BINARY":
        raise InputError(
            f"{name}: is of SOP class {uid or 'missing'} and segmentation type {kind}, expected"
            f" {SEGMENTATION} (Segmentation) and BINARY",
            remedy=_AGAIN,
        )
    if syntax not in (EXPLICIT_LITTLE, IMPLICIT_LITTLE):
        raise InputError(
            f"{name}: its transfer syntax is {syntax}, expected uncompressed little endian",
            remedy=_AGAIN,
        )


def _text(data: Any, keyword: str, name: str) -> str:
    value = str(data.get(keyword) or "")
    if not value:
        raise InputError(f"{name}: {keyword} is missing", remedy=_AGAIN)
    return value


def _planes(data: Any, limits: Limits, name: str) -> NDArray[np.uint8]:
    """The frames as bits, (frames, rows, columns) uint8 0 or 1."""
    rows, columns = int(data.get("Rows", 0)), int(data.get("Columns", 0))
    frames, bits = int(data.get("NumberOfFrames") or 0), int(data.get("BitsAllocated", 0))
    if min(rows, columns, frames) < 1 or bits != 1 or frames > MOST_FRAMES:
        raise InputError(
            f"{name}: declares {frames} frames of {rows} x {columns} with {bits} bits,"
            " expected some of 1 bit",
            remedy=_AGAIN,
        )
    total = rows * columns * frames
    if total > limits.voxel_bytes:
        raise InputError(
            f"{name}: declares {total} voxels in its frames, expected at most {limits.voxel_bytes}",
            remedy="give a segmentation with fewer segments, or raise the limits",
        )
    content = data.get("PixelData", b"")
    needed = (total + 7) // 8
    if not isinstance(content, bytes) or not needed <= len(content) <= needed + 1:
        raise InputError(
            f"{name}: holds {len(content or b'')} bytes of pixels, expected {needed}",
            remedy="copy or export the file again",
        )
    packed = np.frombuffer(content[:needed], dtype=np.uint8)
    found = np.unpackbits(packed, count=total, bitorder="little")
    return found.reshape(frames, rows, columns)


def _frames(data: Any, name: str) -> list[Any]:
    groups = list(data.get("PerFrameFunctionalGroupsSequence") or ())
    if len(groups) != int(data.NumberOfFrames):
        raise InputError(
            f"{name}: describes {len(groups)} frames and holds {int(data.NumberOfFrames)}",
            remedy=_AGAIN,
        )
    return groups


def _segments_of_frames(data: Any, name: str) -> list[int]:
    found = []
    for group in _frames(data, name):
        items = group.get("SegmentIdentificationSequence") or ()
        numbers = [int(item.get("ReferencedSegmentNumber", 0)) for item in items]
        if len(numbers) != 1 or not 0 < numbers[0] < 65536:
            raise InputError(
                f"{name}: a frame belongs to segments {numbers}, expected one", remedy=_AGAIN
            )
        found.append(numbers[0])
    return found


def _names(data: Any, name: str) -> tuple[tuple[int, str], ...]:
    found = []
    for item in data.get("SegmentSequence") or ():
        number, label = int(item.get("SegmentNumber", 0)), str(item.get("SegmentLabel", ""))
        meaning = [str(c.get("CodeMeaning", "")) for c in _codes(item)]
        text = label or (meaning[0] if meaning else "")
        if not 0 < number < 65536 or not text.isprintable() or not text:
            raise InputError(f"{name}: segment {number} has no name", remedy=_AGAIN)
        found.append((number, text[:200]))
    if not found:
        raise InputError(f"{name}: names no segment", remedy=_AGAIN)
    return tuple(sorted(found))


def _codes(item: Any) -> tuple[Any, ...]:
    return tuple(item.get("SegmentedPropertyTypeCodeSequence") or ())


def _grid(data: Any, name: str) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
    """Affine of (columns, rows, slices), slice number of each frame, and how many slices."""
    directions, spacing, thickness = _layout(data, name)
    normal = np.cross(directions[0], directions[1])
    positions = np.array([_position(group, name) for group in _frames(data, name)])
    along = positions @ normal
    first = int(along.argmin())
    step = _step(along, thickness, name)
    places = (along - along[first]) / step
    whole = np.rint(places).astype(np.int64)
    aside = positions - positions[first] - (along - along[first])[:, None] * normal
    if float(np.abs(places - whole).max()) > OFF_GRID or float(np.abs(aside).max()) > ASIDE_MM:
        raise InputError(
            f"{name}: its frames do not lie on one regular grid of {step:.3f} mm steps",
            remedy=_AGAIN,
        )
    affine = np.eye(4)
    affine[:3, 0] = directions[0] * spacing[1]
    affine[:3, 1] = directions[1] * spacing[0]
    affine[:3, 2] = normal * step
    affine[:3, 3] = positions[first]
    return affine, whole, int(whole.max()) + 1


def _layout(data: Any, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Row and column directions (2, 3), pixel spacing (2,), slice step if it is told, else 0."""
    shared = (data.get("SharedFunctionalGroupsSequence") or [None])[0]
    first = _frames(data, name)[0]
    plane = _item(shared, first, "PlaneOrientationSequence", name)
    measure = _item(shared, first, "PixelMeasuresSequence", name)
    directions = _numbers(plane, "ImageOrientationPatient", 6, name).reshape(2, 3)
    spacing = _numbers(measure, "PixelSpacing", 2, name)
    worst = float(np.abs(directions @ directions.T - np.eye(2)).max())
    if worst > 1e-3 or float(spacing.min()) <= 0.0:
        raise InputError(
            f"{name}: row and column directions or pixel spacing are not those of a plane",
            remedy=_AGAIN,
        )
    return directions, spacing, float(measure.get("SpacingBetweenSlices") or 0.0)


def _item(shared: Any, first: Any, keyword: str, name: str) -> Any:
    for group in (shared, first):
        items = group.get(keyword) if group is not None else None
        if items:
            return items[0]
    raise InputError(f"{name}: {keyword} is missing", remedy=_AGAIN)


def _position(group: Any, name: str) -> NDArray[np.float64]:
    items = group.get("PlanePositionSequence")
    if not items:
        raise InputError(f"{name}: a frame has no position", remedy=_AGAIN)
    return _numbers(items[0], "ImagePositionPatient", 3, name)


def _numbers(item: Any, keyword: str, count: int, name: str) -> NDArray[np.float64]:
    values = [float(value) for value in item.get(keyword) or ()]
    if len(values) != count or not bool(np.isfinite(values).all()):
        raise InputError(
            f"{name}: {keyword} has {len(values)} numbers, expected {count} finite ones",
            remedy=_AGAIN,
        )
    return np.array(values)


def _step(along: NDArray[np.float64], told: float, name: str) -> float:
    """The slice step that is told, else the least distance of two frames."""
    gaps = np.diff(np.unique(np.round(along, 4)))
    step = told or (float(gaps.min()) if gaps.size else 0.0)
    if not 0.05 <= step <= 20.0:
        raise InputError(
            f"{name}: its slices are {step:g} mm apart, expected 0.05 to 20 mm", remedy=_AGAIN
        )
    return step


def _fill(
    planes: NDArray[np.uint8],
    segments: list[int],
    places: NDArray[np.int64],
    count: int,
    name: str,
    limits: Limits,
) -> NDArray[np.generic]:
    _, rows, columns = planes.shape
    if 2 * rows * columns * count > limits.voxel_bytes:
        raise InputError(
            f"{name}: spans {count} slices of {rows} x {columns}, more than is allowed",
            remedy="give a cropped segmentation, or raise the limits",
        )
    labels = np.zeros((columns, rows, count), dtype=np.uint16)
    for frame in sorted(range(len(segments)), key=lambda number: (segments[number], number)):
        plane = labels[:, :, places[frame]]
        plane[(planes[frame].T > 0) & (plane == 0)] = segments[frame]
    return labels
