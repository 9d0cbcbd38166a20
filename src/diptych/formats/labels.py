"""Label maps made elsewhere: NIfTI with a BIDS table of names, DICOM SEG, a folder of masks."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from diptych.formats.sandbox import Limits, Source, read_sources
from diptych.model import InputError, Volume

MOST_TABLE_BYTES = 4 * 1024 * 1024
MOST_NAMES = 20_000
_NIFTI = (".nii", ".nii.gz")
_TABLE = (
    "give a BIDS dseg.tsv: tab-separated, with a line of headings that has index and name;"
    " a column tissue (air, skin, bone, dura, csf, brain, vessel) may say what each stands for"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelName:
    """One line of a table of labels; `tissue` is empty where the table does not say it."""

    name: str
    tissue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelMap:
    """volume : whole numbers; names : what each number stands for."""

    volume: Volume
    names: Mapping[int, LabelName]


def read_label_table(path: Path) -> dict[int, LabelName]:
    """The names in a dseg.tsv by index; InputError that names the line where it is wrong."""
    if not path.is_file():
        raise InputError(f"label table {path.name}: there is no such file", remedy=_TABLE)
    content = path.read_bytes()[: MOST_TABLE_BYTES + 1]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"label table {path.name} is not UTF-8 text", remedy=_TABLE) from error
    if len(content) > MOST_TABLE_BYTES:
        raise InputError(f"label table {path.name} is larger than 4 MiB", remedy=_TABLE)
    return _parse_table(text, path.name)


def _parse_table(text: str, file: str) -> dict[int, LabelName]:
    reader = csv.DictReader(StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    columns = [column.strip() for column in reader.fieldnames or ()]
    if not {"index", "name"} <= set(columns):
        raise InputError(
            f"label table {file} has the columns {', '.join(columns)[:200] or 'none'},"
            " expected index and name",
            remedy=_TABLE,
        )
    found: dict[int, LabelName] = {}
    for number, row in enumerate(reader, start=2):
        entry = {str(key).strip(): str(value or "").strip() for key, value in row.items()}
        index = _index(entry["index"], f"label table {file}, line {number}")
        if index in found or len(found) >= MOST_NAMES:
            raise InputError(
                f"label table {file}, line {number}: index {index} comes twice, or there are more"
                f" than {MOST_NAMES} lines",
                remedy=_TABLE,
            )
        found[index] = LabelName(name=entry["name"], tissue=entry.get("tissue", ""))
    if not found:
        raise InputError(f"label table {file} names no label", remedy=_TABLE)
    return found


def _index(text: str, where: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InputError(
            f"{where}: index is {text[:40]!r}, expected a whole number from 0", remedy=_TABLE
        )
    return int(text)


def read_labels(path: Path, table: Path | None, limits: Limits | None = None) -> LabelMap:
    """The labels in a NIfTI file (with its table) or in a DICOM SEG, read in a child process.

    Raises InputError for a missing table, values that are not whole numbers, or values that
    the table does not name.
    """
    raw = read_sources([Source(path=path, name=path.name)], limits)[0]
    if raw.labels:
        named = {index: LabelName(name=name) for index, name in raw.labels}
        return LabelMap(volume=raw.volume, names=named)
    if table is None:
        raise InputError(
            f"{path.name} does not say what its labels stand for",
            remedy="give the table of their names with --label-table; " + _TABLE,
        )
    names = read_label_table(table)
    _require_named(raw.volume, names, path.name)
    return LabelMap(volume=raw.volume, names=names)


def _require_named(volume: Volume, names: Mapping[int, LabelName], file: str) -> None:
    import numpy as np

    values = np.unique(volume.voxels)
    if not bool((values == np.rint(values)).all()) or float(values.min()) < 0:
        raise InputError(
            f"{file}: its values are not whole numbers from 0, expected labels",
            remedy="give the label map itself, not an image or a probability map",
        )
    unknown = [int(value) for value in values if int(value) not in names and value != 0]
    if unknown:
        raise InputError(
            f"{file} holds the labels {', '.join(map(str, unknown[:8]))}, which its table does not"
            " name",
            remedy="give the table that belongs to this file",
        )


def list_masks(folder: Path) -> dict[str, Path]:
    """The masks in a folder as TotalSegmentator writes it: name of the structure -> its file.

    Raises InputError when there is none.
    """
    masks = {
        path.name.removesuffix(".gz").removesuffix(".nii"): path
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.is_symlink() and path.name.endswith(_NIFTI)
    }
    if not masks:
        raise InputError(
            f"{folder.name} holds no masks (NAME.nii.gz)",
            remedy="give the output folder of TotalSegmentator, a NIfTI file or a DICOM SEG",
        )
    return masks


def read_mask(path: Path, limits: Limits | None = None) -> Volume:
    """One mask, read in a child process; what is not 0 belongs to the structure."""
    return read_sources([Source(path=path, name=path.name)], limits)[0].volume
