"""NIfTI files: written byte for byte the same each time, read only when their geometry is sure.

NIfTI has no patient and no frame of reference, so a sidecar JSON beside the file carries
them, with the affine in full precision (the header holds it in single precision). Axes
turn from NIfTI's RAS+ to LPS+ here and nowhere else.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from re import fullmatch
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from diptych.formats.sandbox import Limits, Source, read_sources
from diptych.model import GroupMember, InputError, RawSeries, SafetyRefusal, Subject, TwinId
from diptych.model.geometry import Volume

RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
CORNER_TOLERANCE = 0.1
"""How far sform and qform may put a corner of the volume apart, mm."""
SIDECAR_TOLERANCE = 0.01
"""How far sidecar and header may put a corner apart, mm: single precision rounds by less."""
_DTYPES = ("uint8", "int8", "int16", "uint16", "int32", "uint32", "float32", "float64")
_EXPORT_AGAIN = "export the series again"
_ONLY_ONE = "give one NIfTI volume (.nii or .nii.gz) for each series"


def write_volume(
    path: Path,
    volume: Volume,
    *,
    role: str = "",
    subject: Subject = Subject.SHARED,
) -> tuple[Path, Path]:
    """Writes the volume as .nii.gz with a sidecar .json; returns both paths.

    Same volume, same bytes: no time and no name goes into the gzip header. The voxels
    keep their type (true and false become uint8 1 and 0). Raises InputError for a type that
    NIfTI cannot hold, SafetyRefusal for a sheared affine.
    """
    body = _header_bytes(volume) + volume.voxels.astype(_written_type(volume)).tobytes(order="F")
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, gzip.compress(body, compresslevel=6, mtime=0))
    facts = {
        "affine_lps_mm": volume.affine.tolist(),
        "frame_of_reference": volume.frame_of_reference,
        "modality": volume.modality,
        "role": role,
        "source": volume.source,
        "subject": str(subject),
    }
    text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    _replace(sidecar_path(path), text.encode())
    return path, sidecar_path(path)


def write_volumes(folder: Path, volumes: Mapping[str, Volume]) -> list[Path]:
    """Writes volumes as NAME.nii.gz with their sidecars, two at a time; returns the images."""
    with ThreadPoolExecutor(2) as pool:
        written = pool.map(
            lambda name: write_volume(folder / f"{name}.nii.gz", volumes[name])[0], volumes
        )
        return list(written)


def read_series(path: Path, *, name: str = "", limits: Limits | None = None) -> RawSeries:
    """The series in a NIfTI file and its sidecar, parsed in a child process.

    Raises InputError (missing, truncated, not NIfTI, not three-dimensional, not finite,
    too large) or SafetyRefusal (orientation in doubt); each names the file.
    """
    return read_sources([Source(path=path, name=name)], limits)[0]


def sidecar_path(path: Path) -> Path:
    """Where the facts about a NIfTI file lie: the same name with .json."""
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + ".json")


def _header_bytes(volume: Volume) -> bytes:
    from nibabel.nifti1 import Nifti1Header

    dtype = _written_type(volume)
    if dtype.name not in _DTYPES:
        raise InputError(
            f"volume {volume.source!r} has voxels of type {dtype}, expected {', '.join(_DTYPES)}",
            remedy="convert the voxels before writing",
        )
    affine = RAS_FROM_LPS @ volume.affine
    _refuse_shear(affine, volume.source)
    header = cast(Any, Nifti1Header)(endianness="<")
    header.set_data_dtype(dtype)
    header.set_data_shape(volume.shape)
    header.set_qform(affine, code=1)
    header.set_sform(affine, code=1)
    header.set_xyzt_units("mm")
    header.set_slope_inter(1, 0)
    header["magic"] = b"n+1"
    header["vox_offset"] = 352
    return bytes(header.binaryblock) + b"\0\0\0\0"


def _written_type(volume: Volume) -> np.dtype[Any]:
    kind = volume.voxels.dtype
    return np.dtype(np.uint8) if kind == np.bool_ else kind.newbyteorder("<")


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def parse_file(path: Path, name: str, limits: Limits) -> RawSeries:
    """The series in a NIfTI file, parsed in this process: call it in the child only."""
    content = path.read_bytes()
    header, data = _open(content, name, limits)
    shape = _shape(header, name)
    voxels = _voxels(header, data, shape, name)
    facts = _sidecar(sidecar_path(path), name)
    affine = _affine(header, shape, facts, name)
    digest = sha256(content).hexdigest()
    volume = Volume(
        voxels=voxels,
        affine=affine,
        frame_of_reference=str(facts.get("frame_of_reference") or _frame_of_file(digest)),
        modality=str(facts.get("modality", "CT")),
        source=str(facts.get("source", f"{name}, without a sidecar")),
    )
    return RawSeries(
        origin="nifti",
        name=name,
        role_hint=str(facts.get("role", "")),
        volume=volume,
        patient_ids=(),
        study_uids=(),
        group=_members(str(facts.get("subject", ""))),
        sha256=digest,
    )


def _frame_of_file(digest: str) -> str:
    """A frame of its own for a file that names none: nothing else can share it by chance."""
    return f"2.25.{int(digest[:32], 16)}"


def _members(subject: str) -> tuple[GroupMember, ...]:
    shown = {"A": "A", "B": "B", "SHARED": "AB", "BOTH": "AB"}.get(subject, "")
    return tuple(GroupMember(patient_id="", twin=TwinId(letter), position="") for letter in shown)


def _open(content: bytes, name: str, limits: Limits) -> tuple[Any, bytes]:
    """Header and voxel bytes; never more than the header declares is decompressed."""
    stream = cast(
        IO[bytes],
        gzip.GzipFile(fileobj=BytesIO(content)) if content[:2] == b"\x1f\x8b" else BytesIO(content),
    )
    start = _take(stream, 540, name)
    header, first = _header(start, name)
    declared = _declared_bytes(header, name)
    if declared > limits.voxel_bytes:
        raise InputError(
            f"{name}: declares {declared} bytes of voxels, expected at most {limits.voxel_bytes}",
            remedy="give a cropped or coarser series, or raise the limits",
        )
    offset = int(header["vox_offset"])
    if not first <= offset <= 1 << 20:
        raise InputError(
            f"{name}: its voxels start at byte {offset}, expected {first} to {1 << 20}",
            remedy=_EXPORT_AGAIN + " as one .nii.gz file",
        )
    body = start + _take(stream, max(0, offset + declared - len(start)), name)
    data = body[offset : offset + declared]
    if len(data) < declared:
        raise InputError(
            f"{name}: is truncated: it holds {len(data)} bytes of voxels, expected {declared}",
            remedy="copy or export the file again",
        )
    _take(stream, 1 << 16, name)
    return header, data


def _header(start: bytes, name: str) -> tuple[Any, int]:
    """The header, NIfTI-1 or 2 of either byte order, and where voxels may begin."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    size = {int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")}
    if 348 in size and start[344:348] == b"n+1\0" and len(start) >= 348:
        return cast(Any, Nifti1Header)(start[:348], check=False), 352
    if 540 in size and start[4:8] == b"n+2\0" and len(start) == 540:
        return cast(Any, Nifti2Header)(start, check=False), 544
    raise InputError(f"{name}: is not a NIfTI file in one piece", remedy=_ONLY_ONE)


def _take(stream: IO[bytes], count: int, name: str) -> bytes:
    try:
        return stream.read(count)
    except EOFError as error:
        raise InputError(
            f"{name}: is truncated: its compressed data ends early",
            remedy="copy or export the file again",
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"{name}: its compressed data is damaged", remedy="copy or export the file again"
        ) from error


def _declared_bytes(header: Any, name: str) -> int:
    axes = int(header["dim"][0])
    sizes = [int(size) for size in header["dim"][1 : axes + 1]] if 1 <= axes <= 7 else []
    if not sizes or min(sizes) < 1:
        raise InputError(
            f"{name}: declares the shape {[int(n) for n in header['dim']]},"
            " expected three axes, none empty",
            remedy=_EXPORT_AGAIN,
        )
    total = int(header["bitpix"]) // 8
    for size in sizes:
        total *= size
    return total


def _shape(header: Any, name: str) -> tuple[int, int, int]:
    axes = int(header["dim"][0])
    sizes = [int(size) for size in header["dim"][1 : axes + 1]]
    if len(sizes) < 3 or any(size != 1 for size in sizes[3:]):
        raise InputError(
            f"{name}: has {len(sizes)} axes of sizes {sizes}, expected three", remedy=_ONLY_ONE
        )
    return sizes[0], sizes[1], sizes[2]


def _voxels(header: Any, data: bytes, shape: Sequence[int], name: str) -> NDArray[np.generic]:
    dtype = _stored_type(header, name)
    array = np.frombuffer(data, dtype=dtype).reshape(shape, order="F")
    if dtype.kind == "f" and not bool(np.isfinite(array).all()):
        count = int(array.size - np.isfinite(array).sum())
        raise InputError(
            f"{name}: {count} voxels are not finite numbers, expected none",
            remedy=_EXPORT_AGAIN + " with numbers in every voxel",
        )
    slope, intercept = header.get_slope_inter()
    slope, intercept = 1.0 if slope is None else slope, intercept or 0.0
    return rescale(np.ascontiguousarray(array, dtype=dtype.newbyteorder("=")), slope, intercept)


def _stored_type(header: Any, name: str) -> np.dtype[Any]:
    from nibabel.spatialimages import HeaderDataError

    try:
        dtype: np.dtype[Any] = np.dtype(header.get_data_dtype())
    except (HeaderDataError, KeyError) as error:
        raise InputError(
            f"{name}: has voxel type code {int(header['datatype'])}, which NIfTI does not know",
            remedy=_EXPORT_AGAIN,
        ) from error
    if dtype.name not in _DTYPES or dtype.itemsize * 8 != int(header["bitpix"]):
        raise InputError(
            f"{name}: has voxels of type {dtype} in {int(header['bitpix'])} bits,"
            f" expected {', '.join(_DTYPES)}",
            remedy=_EXPORT_AGAIN + " with one number in each voxel",
        )
    return dtype


def rescale(stored: NDArray[np.generic], slope: float, intercept: float) -> NDArray[np.generic]:
    """Rescaled values: whole numbers stay whole (int16 if they fit), else float32."""
    if slope == 1.0 and intercept == 0.0:
        return stored
    if slope == 1.0 and float(intercept).is_integer() and stored.dtype.kind in "iu":
        whole = stored.astype(np.int32) + np.int32(intercept)
        low, high = int(whole.min()), int(whole.max())
        return whole.astype(np.int16) if low >= -32768 and high <= 32767 else whole
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def _sidecar(path: Path, name: str) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        facts = json.loads(path.read_bytes()[: 1 << 20])
    except ValueError as error:
        raise InputError(
            f"{name}: its sidecar {path.name} is not valid JSON", remedy="write the sidecar again"
        ) from error
    if not isinstance(facts, dict):
        raise InputError(
            f"{name}: its sidecar {path.name} is not a JSON object",
            remedy="write the sidecar again",
        )
    _check_facts(facts, name)
    return facts


def _check_facts(facts: dict[str, Any], name: str) -> None:
    """InputError unless the texts of a sidecar are short, visible and of the known kinds."""
    frame = facts.get("frame_of_reference", "1")
    if not isinstance(frame, str) or not fullmatch(r"[0-9][0-9.]{0,63}", frame):
        raise InputError(
            f"{name}: frame_of_reference in its sidecar is {str(frame)[:80]!r}, expected a UID"
            " (digits and dots, at most 64)",
            remedy="give the DICOM Frame of Reference UID of the series",
        )
    known = {"modality": ("CT", "MR", "SEG"), "role": ("", "ct", "ctv", "mr", "mrv", "cta", "mra")}
    for field, words in known.items():
        if facts.get(field, words[0]) not in words:
            raise InputError(
                f"{name}: {field} in its sidecar is {str(facts[field])[:80]!r}, expected one of"
                f" {', '.join(word for word in words if word)}",
                remedy=f"correct {field} in the sidecar",
            )
    source = facts.get("source", "")
    if not isinstance(source, str) or len(source) > 1000 or not source.isprintable():
        raise InputError(
            f"{name}: source in its sidecar is not a text of at most 1000 visible characters",
            remedy="correct source in the sidecar",
        )


def _affine(
    header: Any, shape: Sequence[int], facts: dict[str, Any], name: str
) -> NDArray[np.float64]:
    _check_units(header, name)
    header_affine = RAS_FROM_LPS @ _agreed_form(header, shape, name)
    _refuse_shear(header_affine, name)
    if "affine_lps_mm" not in facts:
        return header_affine
    exact = np.asarray(facts["affine_lps_mm"], dtype=np.float64)
    if exact.shape != (4, 4):
        raise InputError(
            f"{name}: affine_lps_mm in the sidecar has shape {exact.shape}, expected (4, 4)",
            remedy="write the sidecar again",
        )
    apart = corner_distance(exact, header_affine, shape)
    if not apart <= SIDECAR_TOLERANCE:
        raise SafetyRefusal(
            f"{name}: header and sidecar put a corner of the volume {apart:.2f} mm apart,"
            f" expected at most {SIDECAR_TOLERANCE} mm",
            remedy="find out which of the two is right and write both again",
        )
    return exact


def _check_units(header: Any, name: str) -> None:
    unit = header.get_xyzt_units()[0]
    if unit not in ("mm", "unknown"):
        raise InputError(
            f"{name}: its unit of length is {unit}, expected mm",
            remedy=_EXPORT_AGAIN + " in millimetres",
        )


def _agreed_form(header: Any, shape: Sequence[int], name: str) -> NDArray[np.float64]:
    """The RAS affine: sform and qform must agree where both are given; one must be."""
    sform, sform_code = header.get_sform(coded=True)
    qform, qform_code = _qform(header, name)
    if not sform_code and not qform_code:
        raise SafetyRefusal(
            f"{name}: sform and qform codes are both 0: the file does not say which way is left",
            remedy=_EXPORT_AGAIN + " with its orientation",
        )
    if sform_code and qform_code and qform is not None:
        apart = corner_distance(sform, qform, shape)
        if not apart <= CORNER_TOLERANCE:
            raise SafetyRefusal(
                f"{name}: sform and qform put a corner of the volume {apart:.1f} mm apart,"
                f" expected at most {CORNER_TOLERANCE} mm",
                remedy="find out which of the two is right and write the file with both equal",
            )
    return np.asarray(sform if sform_code else qform, dtype=np.float64)


def _qform(header: Any, name: str) -> tuple[NDArray[np.float64] | None, int]:
    try:
        form, code = header.get_qform(coded=True)
    except ValueError as error:
        raise SafetyRefusal(
            f"{name}: its qform is not a rotation", remedy=_EXPORT_AGAIN + " with its orientation"
        ) from error
    return form, int(code)


def corner_distance(
    one: NDArray[np.float64], other: NDArray[np.float64], shape: Sequence[int]
) -> float:
    """Largest distance, mm, between where two affines put the corners of the volume."""
    ends = [(0.0, float(size - 1)) for size in shape]
    corners = np.array(np.meshgrid(*ends)).reshape(3, -1)
    corners = np.vstack([corners, np.ones(corners.shape[1])])
    return float(np.linalg.norm(((one - other) @ corners)[:3], axis=0).max())


def _refuse_shear(affine: NDArray[np.float64], name: str) -> None:
    axes = affine[:3, :3]
    lengths = np.linalg.norm(axes, axis=0)
    if not bool(np.isfinite(affine).all()) or float(lengths.min()) < 1e-6:
        raise InputError(
            f"{name}: its affine is not finite or gives a voxel no size",
            remedy=_EXPORT_AGAIN + " with its geometry",
        )
    units = axes / lengths
    worst = float(np.abs(units.T @ units - np.eye(3)).max())
    if worst > 1e-4:
        raise SafetyRefusal(
            f"{name}: its axes are sheared (cosine {worst:.4f}), expected right angles",
            remedy="resample the series to a grid with right angles and give that",
        )
