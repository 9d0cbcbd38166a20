"""Opens cases: makes the folder, adds imaging to it, and reads back what lies there."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from diptych.formats.sandbox import Source, read_sources
from diptych.intake import CaseFile, SeriesEntry, TwinEntry, compose_case_file, parse_case_file
from diptych.model import InputError, RawSeries, Subject, UsageError
from diptych.pipeline.folder import CaseFolder, read_text, write_atomically
from diptych.tables.roster import demonstration_roster

_ROLES = ("ct", "ctv", "mr", "mrv", "cta", "mra")


def read_case_file(folder: CaseFolder) -> CaseFile:
    """case.toml as a value; InputErrors with every fault."""
    return parse_case_file(read_text(folder.case_file))


def read_raw(folder: CaseFolder, file: CaseFile) -> tuple[RawSeries, ...]:
    """Every series that case.toml names, read in a child process with limits."""
    sources = [Source(path=folder.raw / entry.path, name=entry.path) for entry in file.series]
    if not sources:
        raise InputError(
            f"case {file.id!r} has no image series",
            remedy=f"add one with: diptych intake {folder.root.name} SOURCE",
        )
    return read_sources(sources)


def new_case(case: Path) -> dict[str, object]:
    """Makes a case folder with a case.toml and a roster.csv to edit; says where.

    Raises UsageError if something is there already.
    """
    folder = CaseFolder(case)
    if folder.root.exists() and any(folder.root.iterdir()):
        raise UsageError(
            f"{case} exists and is not empty",
            remedy="choose a folder that does not exist yet",
        )
    today = date.today()  # noqa: DTZ011
    file = CaseFile(
        id=_case_id(folder.root.name),
        born=today,
        imaged=today,
        earliest_operation=today + timedelta(weeks=4),
        latest_operation=today + timedelta(weeks=56),
        hemisphere="north",
        twins={letter: TwinEntry(label=f"Twin {letter}", sex="unknown") for letter in "AB"},
        series=(),
        notes="Edit the dates and the twins, then add imaging.",
        policy={},
    )
    folder.root.mkdir(parents=True, exist_ok=True)
    write_case(folder, file)
    return {"case": str(folder.root), "files": ["case.toml", "roster.csv"]}


def write_case(folder: CaseFolder, file: CaseFile) -> None:
    """Writes case.toml, and the demonstration roster if the case has none yet."""
    write_atomically(folder.case_file, compose_case_file(file).encode("utf-8"))
    if not folder.roster.exists() and not folder.workbook.exists():
        write_atomically(folder.roster, demonstration_roster().encode("utf-8"))


def add_sources(case: Path, sources: Sequence[Path], role: str, register: bool = False) -> None:
    """Copies series into raw/ and names them in case.toml, once they have been read well.

    `role` says what they show; without it the role that the file itself gives is used.
    `register`: bring them onto the grid of the first series by their content.
    Nothing is copied if one of them is refused.
    """
    folder = CaseFolder(case)
    folder.require()
    if not sources:
        return
    if role not in ("", *_ROLES):
        raise UsageError(f"--role is {role!r}", remedy=f"give one of {', '.join(_ROLES)}")
    file = read_case_file(folder)
    entries = [replace(_entry(folder, source, role), register=register) for source in sources]
    with folder.locked(), folder.staging() as staging:
        for source, entry in zip(sources, entries, strict=True):
            _copy(source, staging / entry.path)
        for entry in entries:
            folder.raw.mkdir(exist_ok=True)
            for path in sorted(staging.glob(f"{_stem(entry.path)}*")):
                path.rename(folder.raw / path.name)
        write_case(folder, replace(file, series=(*file.series, *entries)))


def _entry(folder: CaseFolder, source: Path, role: str) -> SeriesEntry:
    found = read_sources([Source(path=source, name=source.name)])
    if len(found) != 1:
        raise InputError(
            f"{source.name} holds {len(found)} series",
            remedy="give the folder of one series at a time",
        )
    if (folder.raw / source.name).exists():
        raise InputError(
            f"raw/{source.name} exists already",
            remedy="rename the source, or take the old series out of case.toml and raw/",
        )
    known = role or found[0].role_hint
    if not known:
        raise InputError(
            f"{source.name} does not say what it shows",
            remedy=f"say it with --role {'|'.join(_ROLES)}",
        )
    return SeriesEntry(
        role=known,
        path=source.name,
        subject=Subject.SHARED,
        evidence=f"added by diptych intake from {source.name}; both twins in the field",
    )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
        return
    shutil.copyfile(source, target)
    beside = source.with_name(_stem(source.name) + ".json")
    if beside.is_file():
        shutil.copyfile(beside, target.with_name(beside.name))


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".nii")


def _case_id(name: str) -> str:
    text = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in name)
    return text.strip("-.") or "case"
