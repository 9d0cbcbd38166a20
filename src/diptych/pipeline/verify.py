"""Computes every hash of a case again and compares; checks the day's record."""

from pathlib import Path

from diptych.model import DiptychError
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.manifest import NAME, read_manifest
from diptych.pipeline.parts import STAGES
from diptych.storage.blobs import hash_folder


def verify_case(case: Path) -> dict[str, object]:
    """`intact`, one line for each part, and the files that differ from their manifest."""
    folder = CaseFolder(case)
    folder.require()
    lines: list[str] = []
    damaged: list[str] = []
    for stage in STAGES:
        faults = _faults(folder.root / stage.place)
        lines.append(f"{stage.verb:<12} {'; '.join(faults) if faults else 'intact'}")
        damaged += [f"{stage.place}: {fault}" for fault in faults]
    log_fault = _log_fault(folder)
    lines.append(f"{'day record':<12} {log_fault or _log_word(folder)}")
    if log_fault:
        damaged.append(f"theatre/log.db: {log_fault}")
    return {"intact": not damaged, "damaged": damaged, "lines": lines}


def _faults(place: Path) -> list[str]:
    if not place.is_dir():
        return ["not made yet"]
    manifest = read_manifest(place)
    if manifest is None:
        return [f"{NAME} is missing or cannot be read"]
    now, then = hash_folder(place, without=frozenset({NAME})), manifest["outputs"]
    changed = [
        f"{name} differs" for name in sorted(set(now) & set(then)) if now[name] != then[name]
    ]
    missing = [f"{name} is missing" for name in sorted(set(then) - set(now))]
    extra = [f"{name} does not belong there" for name in sorted(set(now) - set(then))]
    return changed + missing + extra


def _log_word(folder: CaseFolder) -> str:
    return "intact" if folder.log.is_file() else "not begun"


def _log_fault(folder: CaseFolder) -> str:
    if not folder.log.is_file():
        return ""
    from diptych.storage.sqlite import open_log

    try:
        log = open_log(folder.log)
    except DiptychError as error:
        return error.message
    log.close()
    return ""
