"""Generated pairs for the benchmarks: the head they are made from, and their case."""

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import nibabel
import numpy as np

from diptych.model import Brief, Case, CaseId, Landmark, Series, Subject, Twin, TwinId, Volume


def find_head() -> tuple[Path, str]:
    """The head file that pydeface brings, and its name for people."""
    spec = find_spec("pydeface")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pydeface is not installed: install diptych[demo], or give --head FILE")
    folder = Path(spec.submodule_search_locations[0])
    return (
        folder / "data" / "mean_reg2mean.nii.gz",
        "the mean T1 head that the package pydeface brings",
    )


def read_volume(path: Path, source: str) -> Volume:
    """A NIfTI file as a volume; CT when its values reach far below zero."""
    image = nibabel.load(path)
    voxels = np.asarray(image.dataobj)
    return Volume(
        voxels=voxels,
        affine=np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine,
        frame_of_reference="2.25.1",
        modality="CT" if voxels.min() < -500 else "MR",
        source=source,
    )


def make_case(
    series: Sequence[tuple[str, Volume]],
    landmarks: Mapping[TwinId, tuple[Landmark, ...]],
    *,
    name: str,
    made_from: str,
) -> Case:
    """The case that intake would open from the series of a pair (no truth in it)."""
    twins = tuple(
        Twin(id=twin, label=f"Twin {twin}", sex="female", weight=None, landmarks=landmarks[twin])
        for twin in (TwinId.A, TwinId.B)
    )
    brief = Brief(
        born=date(2025, 1, 10),
        imaged=date(2025, 10, 24),
        earliest_operation=date(2025, 11, 1),
        latest_operation=date(2026, 5, 1),
        hemisphere="north",
        made_from=made_from,
        notes="",
    )
    return Case(
        id=CaseId(name),
        twins=(twins[0], twins[1]),
        volumes=tuple(
            Series(role=role, subject=Subject.SHARED, evidence="demonstration pair", volume=volume)
            for role, volume in series
        ),
        brief=brief,
        checks=(),
    )
