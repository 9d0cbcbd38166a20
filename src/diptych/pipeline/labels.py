"""Tissue labels made elsewhere: read, translated by name, laid on the case's grid, and kept."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from json import dumps, loads
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy import UNSAID
from diptych.formats.labels import LabelMap, LabelName, list_masks, read_labels, read_mask
from diptych.formats.nifti import read_series, sidecar_path, write_volume
from diptych.kernels.resample import resample
from diptych.model import Case, InputError, SafetyRefusal, Segmenter, Tissue, UsageError, Volume
from diptych.pipeline.folder import CaseFolder, write_atomically
from diptych.plugins import load_plugin
from diptych.storage.blobs import hash_folder
from diptych.tables import SourcedTable, load_table

Codes = NDArray[np.uint8]
LEAST_COVERED = 0.5
"""Share of the labelled voxels that must lie in the field of the case's images."""
THIN_LAST = (
    Tissue.SKIN,
    Tissue.AIR,
    Tissue.BRAIN,
    Tissue.CSF,
    Tissue.BONE,
    Tissue.DURA,
    Tissue.VESSEL,
)
"""Order in which masks of structures are laid: where they overlap, the thinner tissue stays."""
NONE, SEGMENTERS = "none", "diptych.segmenters"


def keep_labels(folder: CaseFolder, source: Path, table: Path | None) -> dict[str, object]:
    """Reads labels, translates them and keeps them in CASE/labels; says what became of each name.

    `source` is a NIfTI file (with `table`), a DICOM SEG, or an output folder of
    TotalSegmentator; the word "none" takes earlier labels away.
    """
    if str(source) == NONE:
        _remove(folder)
        return {"labels": NONE}
    _check_call(source, table)
    names = load_table("labels", folder.override("labels"))
    if source.is_dir() and not _single_file(source):
        volume, told = _read_masks(source, names)
    else:
        volume, told = _read_map(_single_file(source) or source, table, names)
    with folder.locked():
        _labels_folder(folder).mkdir(exist_ok=True)
        write_volume(_file(folder), volume)
        text = dumps(told | {"source": source.name}, indent=2, sort_keys=True)
        write_atomically(_labels_folder(folder) / "names.json", text.encode("utf-8"))
    return told


def _check_call(source: Path, table: Path | None) -> None:
    if not source.exists():
        raise InputError(
            f"labels {source.name}: there is no such file or folder",
            remedy="give a NIfTI file, a DICOM SEG, an output folder of TotalSegmentator, or none",
        )
    if table is not None and source.is_dir():
        raise UsageError(
            f"--label-table was given with the folder {source.name}",
            remedy="leave it out: the names of the files in the folder are the names",
        )


def _single_file(source: Path) -> Path | None:
    """The only file in a folder, as archives send a DICOM SEG; else None."""
    if not source.is_dir():
        return None
    files = [path for path in sorted(source.iterdir()) if not path.name.startswith(".")]
    only = files[0] if len(files) == 1 and files[0].is_file() else None
    return only if only and not only.name.endswith((".nii", ".nii.gz")) else None


def label_facts(folder: CaseFolder) -> Mapping[str, object]:
    """Hashes of what is kept, for the manifest."""
    place = _labels_folder(folder)
    return {"labels": hash_folder(place) if place.is_dir() else {}}


def read_tissue_labels(folder: CaseFolder, case: Case, segmenter: str) -> Volume | None:
    """Labels for the anatomy on the grid of the case: kept ones, or those of a plug-in.

    None where there are neither. Raises InputError when both are asked for, when they do not
    lie where the images lie, or when the plug-in answers something else than tissues;
    SafetyRefusal when they name another frame of reference.
    """
    kept = _file(folder).is_file()
    if kept and segmenter:
        raise InputError(
            f"the case has labels in labels/ and [policy.anatomy] asks for {segmenter!r} as well",
            remedy="take one of them away: diptych anatomy CASE --labels none",
        )
    grid = case.volumes[0].volume
    if kept:
        return _lay_on_grid(_read_kept(folder), grid, _has_frame(folder))
    return _ask_segmenter(segmenter, case) if segmenter else None


def _read_kept(folder: CaseFolder) -> Volume:
    return read_series(_file(folder), name="labels/tissues.nii.gz").volume


def _has_frame(folder: CaseFolder) -> bool:
    told = loads((_labels_folder(folder) / "names.json").read_text("utf-8"))
    return bool(told.get("frame"))


def _ask_segmenter(name: str, case: Case) -> Volume:
    found = load_plugin(SEGMENTERS, name)
    segmenter = cast(Segmenter, found() if isinstance(found, type) else found)
    codes = np.asarray(segmenter.segment(case))
    grid = case.volumes[0].volume
    allowed = {*(int(tissue) for tissue in Tissue), UNSAID}
    if codes.shape != grid.shape or codes.dtype != np.uint8 or not set(np.unique(codes)) <= allowed:
        raise InputError(
            f"segmenter {name!r} answered {codes.dtype} of shape {codes.shape} with the codes"
            f" {np.unique(codes)[:10].tolist()}; expected uint8 of shape {grid.shape} with tissue"
            f" codes 0 to 6 (or {UNSAID})",
            remedy="correct the plug-in; it must pass the contract test of segmenters",
        )
    return grid.on_this_grid(codes, source=f"the segmenter {name}")


def _read_map(
    source: Path, table: Path | None, names: SourcedTable
) -> tuple[Volume, dict[str, object]]:
    labels = read_labels(source, table)
    meaning = {index: translate(entry, names) for index, entry in labels.names.items()}
    codes = _translate_voxels(labels, meaning)
    told = _tell(
        (labels.names[index].name, tissue) for index, tissue in sorted(meaning.items())
    ) | {"frame": labels.volume.modality == "SEG" or sidecar_path(source).is_file()}
    return labels.volume.on_this_grid(codes, source=source.name), told


def _translate_voxels(labels: LabelMap, meaning: Mapping[int, Tissue | None]) -> Codes:
    whole = labels.volume.voxels.astype(np.int64)
    values, place = np.unique(whole, return_inverse=True)
    codes = [meaning.get(int(value)) for value in values]
    lookup = np.array([UNSAID if code is None else int(code) for code in codes], dtype=np.uint8)
    return lookup[place].reshape(whole.shape)


def _read_masks(folder: Path, names: SourcedTable) -> tuple[Volume, dict[str, object]]:
    masks = list_masks(folder)
    meaning = {name: translate(LabelName(name=name), names) for name in sorted(masks)}
    result, first = None, None
    for tissue in THIN_LAST:
        for name in [name for name in sorted(masks) if meaning[name] is tissue]:
            volume = read_mask(masks[name])
            if first is None or result is None:
                first, result = volume, np.full(volume.shape, UNSAID, dtype=np.uint8)
            _require_alike(first, volume, name)
            result[volume.voxels != 0] = int(tissue)
    if first is None or result is None:
        raise InputError(
            f"{folder.name}: none of its {len(masks)} masks stands for a tissue of the head:"
            f" {', '.join(sorted(masks))[:200]}",
            remedy="give masks with the names of `diptych list labels`",
        )
    told = _tell(sorted(meaning.items())) | {"frame": False}
    return first.on_this_grid(result, source=folder.name), told


def _require_alike(first: Volume, other: Volume, name: str) -> None:
    if first.shape != other.shape or not np.allclose(first.affine, other.affine, atol=0.01):
        raise InputError(
            f"the mask {name} lies on another grid than the masks before it",
            remedy="give the masks of one run in a folder",
        )


def _tell(meaning: Iterable[tuple[str, Tissue | None]]) -> dict[str, object]:
    used: dict[str, str] = {}
    unused: list[str] = []
    for name, tissue in meaning:
        if tissue is None:
            unused.append(name)
        else:
            used[name] = tissue.name.lower()
    return {"used": used, "unused": unused}


def translate(entry: LabelName, names: SourcedTable) -> Tissue | None:
    """The tissue that a label stands for, by its own word or by the table; None if by neither."""
    if entry.tissue:
        word = entry.tissue.upper()
        if word not in Tissue.__members__:
            raise InputError(
                f"label {entry.name!r} has tissue {entry.tissue[:40]!r}, expected one of"
                f" {', '.join(tissue.name.lower() for tissue in Tissue)}",
                remedy="correct the column tissue in the label table",
            )
        return Tissue[word]
    text = "-".join(entry.name.casefold().replace("_", " ").split())
    for row in names.rows.values():
        if any(fnmatchcase(text, pattern) for pattern in row.texts("names")):
            word = row.text("tissue")
            known = text if word == "same" else word
            return Tissue[known.upper()] if known else None
    return None


def _lay_on_grid(labels: Volume, grid: Volume, framed: bool) -> Volume:
    """The labels at the places of the grid's voxels (nearest), where they say something."""
    if framed and labels.frame_of_reference != grid.frame_of_reference:
        raise SafetyRefusal(
            f"{labels.source} and {grid.source} have different frames of reference",
            remedy="give labels that were made from the images of this case",
        )
    step = np.linalg.inv(labels.affine) @ grid.affine
    voxels = labels.voxels.astype(np.uint8)
    laid = resample(voxels, step[:3, :3], step[:3, 3], grid.shape, order=0, fill=float(UNSAID))
    whole = float((voxels != UNSAID).sum()) * float(labels.voxel_volume)
    inside = float((laid != UNSAID).sum()) * float(grid.voxel_volume)
    if inside < LEAST_COVERED * whole:
        raise InputError(
            f"{labels.source}: only {inside:.0f} of {whole:.0f} ml of labels lie in the field of"
            f" {grid.source}",
            remedy="give labels that were made from the images of this case, not moved since",
        )
    return grid.on_this_grid(laid.astype(np.uint8), source=labels.source)


def _remove(folder: CaseFolder) -> None:
    with folder.locked():
        for path in (
            _file(folder),
            sidecar_path(_file(folder)),
            _labels_folder(folder) / "names.json",
        ):
            path.unlink(missing_ok=True)


def _labels_folder(folder: CaseFolder) -> Path:
    return folder.root / "labels"


def _file(folder: CaseFolder) -> Path:
    return _labels_folder(folder) / "tissues.nii.gz"
