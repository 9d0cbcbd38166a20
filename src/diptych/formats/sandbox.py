"""Reads untrusted image files in a child process that has limits, and names how it ended.

The child is `python -m diptych.formats.worker FOLDER`. It gets its orders as JSON in a
temporary folder and leaves .npy arrays and JSON there; nothing is ever unpickled. One
child may read several sources, so that starting it is paid once.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from diptych.model import GroupMember, InputError, InputErrors, RawSeries, SafetyRefusal, TwinId
from diptych.model.errors import DiptychError
from diptych.model.geometry import Volume

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What reading may cost. Defaults fit a 512 x 512 x 900 series.

    memory_bytes : address space of the child
    cpu_s, wall_s : processor seconds and seconds on the wall
    source_bytes, files : size of one source on disk and its number of files
    voxel_bytes : voxels of one series once decoded
    """

    memory_bytes: int = 3072 * MEBIBYTE
    cpu_s: int = 60
    wall_s: float = 60.0
    source_bytes: int = 4096 * MEBIBYTE
    files: int = 100_000
    voxel_bytes: int = 1024 * MEBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A NIfTI file or a DICOM folder, and the name that messages and the case file use."""

    path: Path
    name: str = field(default="")

    @property
    def shown_name(self) -> str:
        """The given name, else the last part of the path."""
        return self.name or self.path.name


def read_sources(sources: Sequence[Source], limits: Limits | None = None) -> tuple[RawSeries, ...]:
    """Every series in the sources, in their order, read in one child process.

    A folder is read as DICOM, a file as NIfTI or DICOM SEG. Raises InputError or SafetyRefusal with
    what the reader found wrong, and InputError when a source is missing or too large or
    when the child crashed, ran out of memory or ran out of time; each names the source.
    """
    bounds = limits or Limits()
    with TemporaryDirectory(prefix="diptych-read-") as folder:
        answer = _ask_child(Path(folder), _Order(sources=sources, limits=bounds))
        return tuple(_series(Path(folder), entry) for entry in answer["series"])


def read_in_child(
    sources: Sequence[Source], limits: Limits, *, kind: str, remedy: str
) -> dict[str, Any]:
    """The answer of the child to an order of another `kind` ("workbook"), as plain values.

    `remedy` is what to do when the child dies of the file. Errors as of `read_sources`.
    """
    with TemporaryDirectory(prefix="diptych-read-") as folder:
        order = _Order(sources=sources, limits=limits, kind=kind, remedy=remedy)
        return _ask_child(Path(folder), order)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What the child is to read, within which limits, and what to do if it cannot."""

    sources: Sequence[Source]
    limits: Limits
    kind: str = "images"
    remedy: str = "do not open the file elsewhere; ask for the series to be exported again"


def _ask_child(place: Path, order: _Order) -> dict[str, Any]:
    for source in order.sources:
        _check_size(source, order.limits)
    entries = [{"path": str(s.path.resolve()), "name": s.shown_name} for s in order.sources]
    tree = {"kind": order.kind, "sources": entries, "limits": asdict(order.limits)}
    (place / "orders.json").write_text(json.dumps(tree), "utf-8")
    _run_child(place, order)
    answer: dict[str, Any] = json.loads((place / "result.json").read_text("utf-8"))
    if "error" in answer:
        raise error_from_json(answer["error"])
    return answer


def _check_size(source: Source, limits: Limits) -> None:
    if not source.path.exists():
        raise InputError(
            f"{source.shown_name}: there is no such file or folder",
            remedy="check the path in case.toml; series lie inside the folder raw/",
        )
    paths = source.path.rglob("*") if source.path.is_dir() else iter([source.path])
    total = count = 0
    for path in paths:
        if path.is_file():
            total, count = total + path.stat().st_size, count + 1
        if total > limits.source_bytes or count > limits.files:
            raise InputError(
                f"{source.shown_name}: more than {limits.source_bytes // MEBIBYTE} MiB"
                f" or {limits.files} files, expected less",
                remedy="give only the series of this case, or raise the limits",
            )


def _run_child(place: Path, order: _Order) -> None:
    limits = order.limits
    environment = {
        name: os.environ[name]
        for name in ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT", "HOME")
        if name in os.environ
    }
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", "diptych.formats.worker", str(place)]
    try:
        done = subprocess.run(
            command,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=limits.wall_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{_at_work(place, order.sources)}: reading took longer than {limits.wall_s:g} s",
            remedy="export it again; if it is merely large, raise the limits",
        ) from error
    if done.returncode != 0 or not (place / "result.json").exists():
        raise _death(_at_work(place, order.sources), done.returncode, order)


def _at_work(place: Path, sources: Sequence[Source]) -> str:
    """Name of the source that the child was reading, as far as it said."""
    try:
        return sources[int((place / "current").read_text("utf-8"))].shown_name
    except (OSError, ValueError, IndexError):
        return ", ".join(source.shown_name for source in sources)


def _death(name: str, code: int, order: _Order) -> InputError:
    limits, remedy = order.limits, order.remedy
    if code == -signal.SIGXCPU:
        return InputError(
            f"{name}: reading used more than {limits.cpu_s} s of processor time", remedy=remedy
        )
    if code == -signal.SIGKILL:
        return InputError(
            f"{name}: the reader was killed, most likely for its memory or its time",
            remedy=remedy,
        )
    if code < 0:
        return InputError(
            f"{name}: the reader crashed with {signal.Signals(-code).name}", remedy=remedy
        )
    return InputError(f"{name}: the reader ended with code {code} and no answer", remedy=remedy)


def _series(place: Path, entry: dict[str, Any]) -> RawSeries:
    voxels = np.load(place / str(entry["voxels"]), allow_pickle=False)
    volume = Volume(
        voxels=voxels,
        affine=np.array(entry["affine"], dtype=np.float64),
        frame_of_reference=entry["frame_of_reference"],
        modality=entry["modality"],
        source=entry["source"],
    )
    return RawSeries(
        origin=entry["origin"],
        name=entry["name"],
        role_hint=entry["role_hint"],
        volume=volume,
        patient_ids=tuple(entry["patient_ids"]),
        study_uids=tuple(entry["study_uids"]),
        group=tuple(_member(member) for member in entry["group"]),
        sha256=entry["sha256"],
        labels=tuple((int(number), str(text)) for number, text in entry["labels"]),
    )


def _member(entry: dict[str, Any]) -> GroupMember:
    letter = entry["twin"]
    return GroupMember(
        patient_id=entry["patient_id"],
        twin=TwinId(letter) if letter else None,
        position=entry["position"],
    )


def error_to_json(error: DiptychError) -> dict[str, Any]:
    """The error as plain values."""
    faults = error.faults if isinstance(error, InputErrors) else ()
    return {
        "kind": "safety" if isinstance(error, SafetyRefusal) else "input",
        "message": error.message,
        "remedy": error.remedy,
        "faults": [error_to_json(fault) for fault in faults],
    }


def error_from_json(entry: dict[str, Any]) -> DiptychError:
    """The error that `error_to_json` wrote."""
    kind = SafetyRefusal if entry["kind"] == "safety" else InputError
    return kind(str(entry["message"]), remedy=str(entry["remedy"]))
