"""The child process of `sandbox`: sets its own limits, reads, leaves plain arrays and JSON.

Limits are set before any library that parses files is imported.
"""

import json
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diptych.formats.sandbox import Limits
    from diptych.model import RawSeries

_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.system", "os.posix_spawn")


def main(folder: str) -> int:
    """Carries out FOLDER/orders.json; 0 when result.json holds an answer or a named error."""
    place = Path(folder)
    orders = json.loads((place / "orders.json").read_text("utf-8"))
    limit_resources(orders["limits"])
    answer = _answer(place, orders)
    (place / "result.json").write_text(json.dumps(answer), "utf-8")
    return 0


def limit_resources(limits: dict[str, Any]) -> None:
    """Bounds memory, processor time, open files and core dumps; forbids sockets and programs."""
    bounds = {
        resource.RLIMIT_AS: int(limits["memory_bytes"]),
        resource.RLIMIT_CPU: int(limits["cpu_s"]),
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        allowed = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (allowed, allowed if kind != resource.RLIMIT_CPU else hard))
    sys.addaudithook(_forbid)


def _forbid(event: str, _arguments: object) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"a reader of untrusted files may not do {event}")


def _answer(place: Path, orders: dict[str, Any]) -> dict[str, Any]:
    from diptych.formats.sandbox import Limits, error_to_json
    from diptych.model.errors import DiptychError, InputError

    limits = Limits(**orders["limits"])
    if orders.get("kind") == "workbook":
        return _answer_workbook(orders["sources"][0], limits)
    found: list[dict[str, Any]] = []
    name = ""
    try:
        for number, order in enumerate(orders["sources"]):
            (place / "current").write_text(str(number), "utf-8")
            name = order["name"]
            for series in read_one(Path(order["path"]), name, limits):
                found.append(store(place, len(found), series))
    except DiptychError as error:
        return {"error": error_to_json(error)}
    except MemoryError:
        message = f"{name}: reading needs more than {limits.memory_bytes // 1024**2} MiB of memory"
        remedy = "export the series again with fewer or coarser slices, or raise the limits"
        return {"error": error_to_json(InputError(message, remedy=remedy))}
    except Exception as error:  # any parser error on an untrusted file becomes a named refusal
        message = f"{name}: cannot be read as medical images ({type(error).__name__})"
        remedy = "ask for the series to be exported again"
        return {"error": error_to_json(InputError(message, remedy=remedy))}
    return {"series": found}


def _answer_workbook(order: dict[str, Any], limits: "Limits") -> dict[str, Any]:
    from diptych.formats.sandbox import error_to_json
    from diptych.formats.workbook import REMEDY, parse_workbook
    from diptych.model.errors import DiptychError, InputError

    name = order["name"]
    try:
        return {"rows": parse_workbook(Path(order["path"]), name)}
    except DiptychError as error:
        return {"error": error_to_json(error)}
    except MemoryError:
        message = f"{name}: reading needs more than {limits.memory_bytes // 1024**2} MiB of memory"
    except Exception as error:  # any parser error on an untrusted file becomes a named refusal
        message = f"{name}: cannot be read as an Excel workbook ({type(error).__name__})"
    return {"error": error_to_json(InputError(message, remedy=REMEDY))}


def read_one(path: Path, name: str, limits: "Limits") -> "tuple[RawSeries, ...]":
    """The series in one source: DICOM if it is a folder; a file is NIfTI or a DICOM SEG."""
    if path.is_dir():
        from diptych.formats.dicom.reader import parse_folder

        return parse_folder(path, name, limits)
    from diptych.formats.dicom.segmentation import is_dicom, parse_segmentation
    from diptych.formats.nifti import parse_file

    if is_dicom(path):
        return (parse_segmentation(path, name, limits),)
    return (parse_file(path, name, limits),)


def store(place: Path, number: int, series: "RawSeries") -> dict[str, Any]:
    """Saves the voxels as .npy and returns everything else as plain values."""
    import numpy as np

    file = f"{number}.npy"
    np.save(place / file, series.volume.voxels, allow_pickle=False)
    return {
        "voxels": file,
        "affine": series.volume.affine.tolist(),
        "frame_of_reference": series.volume.frame_of_reference,
        "modality": series.volume.modality,
        "source": series.volume.source,
        "origin": series.origin,
        "name": series.name,
        "role_hint": series.role_hint,
        "patient_ids": list(series.patient_ids),
        "study_uids": list(series.study_uids),
        "group": [
            {
                "patient_id": member.patient_id,
                "twin": str(member.twin) if member.twin else "",
                "position": member.position,
            }
            for member in series.group
        ],
        "sha256": series.sha256,
        "labels": [list(label) for label in series.labels],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
