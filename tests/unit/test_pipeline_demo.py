"""The demonstration case on disk: the series that were ordered, and kept when ordered again."""

from json import dumps, loads
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from diptych.demonstration import PairOrder
from diptych.demonstration.pair import _list_series
from diptych.formats.dicom.reader import parse_folder
from diptych.formats.sandbox import Limits
from diptych.model import InputError, TwinId, UsageError, VesselNetwork, Volume
from diptych.pipeline import demo
from diptych.pipeline.demo import ORDER, DemoOrder, make_demo, truth_folder
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.opening import read_case_file


def block(modality: str, value: int = 40) -> Volume:
    return Volume(
        voxels=np.full((4, 5, 6), value, dtype=np.int16),
        affine=np.diag([2.0, 2.0, 2.0, 1.0]),
        frame_of_reference="2.25.3",
        modality=modality,
        source="a block",
    )


def make_blocks(head: Volume, order: PairOrder) -> SimpleNamespace:
    """A pair as `make_pair` returns it, of blocks: making a real one takes seconds."""
    kinds = {"plain": "CT", "venous": "CT", "arterial": "CT", "t1": "MR", "mrv": "MR"}
    volumes = {name: block(kinds[name], 10 + n) for n, name in enumerate(kinds)}
    owner = block("SEG", 1)
    return SimpleNamespace(
        series=_list_series(order, volumes),
        landmarks={twin: () for twin in TwinId},
        made_from=f"made from {head.source}; not a patient",
        truth=SimpleNamespace(
            owner=owner,
            tissues=owner,
            distance=owner,
            interrupted=owner,
            vessels=VesselNetwork(nodes=(), vessels=()),
            long_axis_angle=170.0,
            rotation=4.0,
            label=order.type,
            parameters={},
        ),
    )


@pytest.fixture(autouse=True)
def quick_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "find_head", lambda asked: block("CT"))
    monkeypatch.setattr(demo, "make_pair", make_blocks)


def roles(case: Path) -> list[tuple[str, str]]:
    return [(entry.role, entry.path) for entry in read_case_file(CaseFolder(case)).series]


def test_mr_is_written_and_an_older_folder_is_still_the_same_case(tmp_path: Path) -> None:
    case = tmp_path / "pair"
    order = DemoOrder(spacing=4.0, modality="MR")
    assert make_demo(case, order)["made_now"]
    assert roles(case) == [
        ("mr", "mr.nii.gz"),
        ("mr", "dicom/mr"),
        ("mrv", "mrv.nii.gz"),
        ("mrv", "dicom/mrv"),
    ]
    (found,) = parse_folder(case / "raw" / "dicom" / "mrv", "mrv", Limits())
    assert (found.volume.modality, found.role_hint) == ("MR", "mrv")
    note = truth_folder(case) / ORDER
    written = loads(note.read_text("utf-8"))
    older = {name: written[name] for name in written if name not in ("phase", "hard")}
    note.write_text(dumps(older), "utf-8")
    assert not make_demo(case, order)["made_now"]
    with pytest.raises(UsageError, match="is not this demonstration case"):
        make_demo(case, DemoOrder(spacing=4.0, modality="MR", hard=True))
    note.write_text(dumps(older | {"later": 1}), "utf-8")
    with pytest.raises(UsageError, match="is not this demonstration case"):
        make_demo(case, order)


def test_both_phases_are_written(tmp_path: Path) -> None:
    make_demo(tmp_path / "pair", DemoOrder(spacing=4.0, phase="both"))
    assert [role for role, path in roles(tmp_path / "pair") if path.endswith(".gz")] == [
        "ct",
        "ctv",
        "cta",
    ]


def test_what_cannot_be_made_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="phase is 'late', expected one of venous"):
        make_demo(tmp_path / "pair", DemoOrder(phase="late"))
    assert not list(tmp_path.iterdir())
