"""What people said about owners: kept in the case folder, and read back on every run."""

import csv
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from shutil import copyfile

import numpy as np

from diptych.formats.nifti import read_series, sidecar_path
from diptych.model import Corrections, InputError, Millimetre, Owner, OwnerSeed, Volume
from diptych.pipeline.folder import CaseFolder, read_text, write_atomically
from diptych.storage.blobs import hash_folder

_OWNERS = {"a": Owner.A, "b": Owner.B, "shared": Owner.SHARED}
_COLUMNS = ("x", "y", "z", "radius", "owner")
_NIFTI = (".nii", ".nii.gz")
_KINDS = "a label NIfTI (.nii or .nii.gz), or points in .toml or .csv"
_FORMS = (
    "write [[seed]] tables with position_lps_mm = [x, y, z], radius_mm = r and owner ="
    ' "A", "B" or "shared"; or a CSV with the columns x,y,z,radius,owner'
)


def keep_corrections(folder: CaseFolder, files: Sequence[Path]) -> None:
    """Copies files of corrections into CASE/corrections once all of them can be read.

    A file of the same name is replaced. To take a correction back, delete it there.
    """
    for path in files:
        _read_file(path, None)
    with folder.locked():
        for path in files:
            folder.corrections.mkdir(exist_ok=True)
            write_atomically(folder.corrections / path.name, path.read_bytes())
            beside = sidecar_path(path)
            if is_nifti(path) and beside.is_file():
                copyfile(beside, folder.corrections / beside.name)


def correction_facts(folder: CaseFolder) -> Mapping[str, object]:
    """Hashes of the files of corrections, for the manifest."""
    return {"corrections": hash_folder(folder.corrections) if folder.corrections.is_dir() else {}}


def read_corrections(folder: CaseFolder, grid: Volume) -> Corrections:
    """All corrections of the case, by name of file; painted ones on `grid`."""
    if not folder.corrections.is_dir():
        return Corrections()
    paths = sorted(folder.corrections.iterdir(), key=lambda path: path.name)
    wanted = [path for path in paths if path.suffix != ".json" and not path.name.startswith(".")]
    parts = [_read_file(path, grid) for path in wanted]
    return Corrections(
        seeds=tuple(seed for part in parts for seed in part.seeds),
        painted=tuple(volume for part in parts for volume in part.painted),
    )


def is_nifti(path: Path) -> bool:
    """Whether the name is that of a NIfTI file."""
    return path.name.endswith(_NIFTI)


def _read_file(path: Path, grid: Volume | None) -> Corrections:
    if is_nifti(path):
        return Corrections(painted=(read_paint(path, grid),))
    readers = {".toml": _toml_rows, ".csv": _csv_rows}
    if path.suffix not in readers:
        raise InputError(f"seeds {path.name}: expected {_KINDS}", remedy=_FORMS)
    rows = list(readers[path.suffix](read_text(path), path.name))
    if not rows:
        raise InputError(f"seeds {path.name} hold no seed", remedy=_FORMS)
    return Corrections(
        seeds=tuple(_seed(row, f"{path.name}, seed {n}") for n, row in enumerate(rows, 1))
    )


def read_paint(path: Path, grid: Volume | None) -> Volume:
    """A painted volume. Without a sidecar it names no frame of reference: then it takes that
    of the case, and only shape and position are compared.
    """
    volume = read_series(path, name=path.name).volume
    if grid is None or sidecar_path(path).is_file():
        return volume
    placed = Volume(
        voxels=volume.voxels,
        affine=volume.affine,
        frame_of_reference=grid.frame_of_reference,
        modality=volume.modality,
        source=path.name,
    )
    if not placed.same_grid(grid) and _same_to_header_precision(placed, grid):
        return grid.on_this_grid(placed.voxels, source=path.name)
    return placed


def _same_to_header_precision(volume: Volume, grid: Volume) -> bool:
    """Whether shapes agree and every corner lies within 0.1 mm: headers are single precision."""
    if volume.shape != grid.shape:
        return False
    corners = np.array([*np.ndindex(2, 2, 2)], dtype=np.float64) * (np.array(grid.shape) - 1.0)
    return bool((np.abs(volume.to_lps(corners) - grid.to_lps(corners)) < 0.1).all())


def _toml_rows(text: str, name: str) -> Iterator[Mapping[str, object]]:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"seeds {name} are not valid TOML: {error}", remedy=_FORMS) from error
    seeds = tree.get("seed")
    if set(tree) != {"seed"} or not isinstance(seeds, list):
        raise InputError(
            f"seeds {name} have {', '.join(sorted(tree)) or 'nothing'}, expected [[seed]] alone",
            remedy=_FORMS,
        )
    for number, seed in enumerate(seeds, 1):
        place = seed.get("position_lps_mm")
        if set(seed) != {"position_lps_mm", "radius_mm", "owner"} or not (
            isinstance(place, list) and len(place) == 3
        ):
            raise InputError(
                f"seeds {name}, seed {number}: has {', '.join(sorted(seed))}, expected"
                " position_lps_mm (three numbers), radius_mm and owner",
                remedy=_FORMS,
            )
        values = (*place, seed["radius_mm"], seed["owner"])
        yield dict(zip(_COLUMNS, values, strict=True))


def _csv_rows(text: str, name: str) -> Iterator[Mapping[str, object]]:
    reader = csv.DictReader(StringIO(text), skipinitialspace=True)
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise InputError(
            f"seeds {name} have the columns {', '.join(reader.fieldnames or ())},"
            f" expected {', '.join(_COLUMNS)}",
            remedy=_FORMS,
        )
    yield from reader


def _seed(row: Mapping[str, object], name: str) -> OwnerSeed:
    try:
        x, y, z, radius = (float(str(row[column])) for column in _COLUMNS[:4])
        owner = _OWNERS[str(row["owner"]).strip().lower()]
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{name}: {', '.join(str(row.get(column)) for column in _COLUMNS)} is not three"
            " numbers, a radius and an owner (A, B or shared)",
            remedy=_FORMS,
        ) from error
    return OwnerSeed(position=(x, y, z), radius=Millimetre(radius), owner=owner)
