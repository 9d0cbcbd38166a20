"""Finished values of a case, read back from its folder."""

from pathlib import Path
from typing import TypeVar

from diptych.model import InputError, Schedule
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.parts import CHOREOGRAPHY
from diptych.storage.blobs import load_value

Value = TypeVar("Value")


def load_result(case: Path, place: str, name: str, kind: type[Value]) -> Value:
    """A value that a part has written; InputError if the case has not been planned so far."""
    folder = CaseFolder(case)
    folder.require()
    if not (folder.root / place / f"{name}.json").is_file():
        raise InputError(
            f"case {folder.root.name!r} has no {name} yet",
            remedy=f"plan it first with: diptych plan {case}",
        )
    return load_value(folder.root / place, name, kind)


def load_schedule(case: Path) -> Schedule:
    """The day's schedule of a planned case."""
    return load_result(case, CHOREOGRAPHY, "schedule", Schedule)
