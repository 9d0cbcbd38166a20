"""Makes the demonstration case on disk: a joined pair from a real head; not a patient.

The case holds what a scanner would give. The ground truth goes into a folder apart
(DIR-truth), which no planning code reads.
"""

import shutil
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import date
from json import dumps, loads
from pathlib import Path

from diptych.demonstration import DemonstrationPair, PairOrder, make_pair
from diptych.formats.dicom import SeriesLabel, write_series
from diptych.formats.nifti import write_volume
from diptych.intake import CaseFile, SeriesEntry, TwinEntry
from diptych.model import GroupMember, Landmark, Subject, TwinId, UsageError, Volume
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.heads import find_head
from diptych.pipeline.opening import write_case
from diptych.storage.blobs import save_value, write_json

ORDER = "order.json"
_MONTH_DAYS = 30.4375
_BORN = date(2020, 1, 6)
_LABELS = {TwinId.A: "Amber", TwinId.B: "Violet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOrder:
    """What the command line asked for."""

    kind: str = "TV-II"
    spacing: float = 1.5
    head: Path | None = None
    seed: int = 1
    phase: str = "venous"
    modality: str = "CT"
    hard: bool = False


def truth_folder(case: Path) -> Path:
    """Where the ground truth of a demonstration case lies: beside it."""
    root = case.resolve()
    return root.with_name(f"{root.name}-truth")


def make_demo(case: Path, order: DemoOrder) -> dict[str, object]:
    """Makes the case and its truth, or keeps them if they were made from the same order.

    Returns case, truth, made_from, the order, and whether it was made now. Raises
    UsageError if something else lies there.
    """
    folder, truth = CaseFolder(case), truth_folder(case)
    head = find_head(order.head)
    pair_order = PairOrder(
        type=order.kind,
        spacing=order.spacing,
        seed=order.seed,
        phase=order.phase,
        modality=order.modality,
        hard=order.hard,
    )
    asked = asdict(pair_order) | {"head": head.content_hash}
    told = {"case": str(folder.root), "truth": str(truth), "order": asked}
    if _is_same(folder, truth, asked):
        return told | {"made_from": f"made from {head.source}; not a patient", "made_now": False}
    if folder.root.exists() and any(folder.root.iterdir()):
        raise UsageError(
            f"{case} exists and is not this demonstration case",
            remedy="choose another folder, or remove that one",
        )
    pair = make_pair(head, pair_order)
    with folder.staging() as staging:
        _write_case(CaseFolder(staging / "case"), pair, pair_order)
        _write_truth(staging / "truth", pair, asked)
        for target in (folder.root, truth):
            if target.exists():
                shutil.rmtree(target)
            target.parent.mkdir(parents=True, exist_ok=True)
        (staging / "truth").rename(truth)
        (staging / "case").rename(folder.root)
    return told | {"made_from": pair.made_from, "made_now": True}


def _is_same(folder: CaseFolder, truth: Path, asked: dict[str, object]) -> bool:
    note = truth / ORDER
    if not (note.is_file() and folder.case_file.is_file()):
        return False
    written = loads(note.read_text("utf-8"))
    return isinstance(written, dict) and _defaults() | written == loads(dumps(asked))


def _defaults() -> dict[str, object]:
    """What an order says where it says nothing: older folders do not name newer figures."""
    return {
        figure.name: figure.default for figure in fields(PairOrder) if figure.default is not MISSING
    }


def _write_case(folder: CaseFolder, pair: DemonstrationPair, order: PairOrder) -> None:
    folder.raw.mkdir(parents=True)
    entries = [
        entry
        for number, (role, volume) in enumerate(pair.series, start=1)
        for entry in _write_images(folder.raw, role, number, volume, pair.made_from)
    ]
    imaged = date.fromordinal(_BORN.toordinal() + round(order.age * _MONTH_DAYS))
    file = CaseFile(
        id=f"demonstration-{order.type}-{order.seed}",
        made_from=pair.made_from,
        notes="The dates are invented; the landmarks were marked by the generator.",
        born=_BORN,
        imaged=imaged,
        earliest_operation=imaged,
        latest_operation=date.fromordinal(imaged.toordinal() + 365),
        hemisphere="north",
        country="",
        twins={twin.value: _twin(twin, pair.landmarks[twin]) for twin in TwinId},
        series=tuple(entries),
        policy={},
    )
    write_case(folder, file)


def _twin(twin: TwinId, landmarks: tuple[Landmark, ...]) -> TwinEntry:
    return TwinEntry(
        label=_LABELS[twin], sex="female", patient_id=_patient_id(twin), landmarks=landmarks
    )


def _patient_id(twin: TwinId) -> str:
    return f"DEMO-{twin}"


def _write_images(
    raw: Path, role: str, number: int, volume: Volume, made_from: str
) -> list[SeriesEntry]:
    write_volume(raw / f"{role}.nii.gz", volume, role=role)
    members = tuple(
        GroupMember(patient_id=_patient_id(twin), twin=twin, position=f"1\\1\\{place}")
        for place, twin in enumerate(TwinId, start=1)
    )
    label = SeriesLabel(
        pair_id="DEMO-PAIR",
        twins=(members[0], members[1]),
        role=role,
        description=f"{role.upper()} demonstration, not a patient",
        comment=made_from,
        number=number,
    )
    write_series(raw / "dicom" / role, volume, label)
    evidence = "both heads lie in the field; group of patients in the DICOM series"
    return [
        SeriesEntry(role=role, path=path, subject=Subject.SHARED, evidence=evidence)
        for path in (f"{role}.nii.gz", f"dicom/{role}")
    ]


def _write_truth(folder: Path, pair: DemonstrationPair, asked: dict[str, object]) -> None:
    folder.mkdir(parents=True)
    for name in ("owner", "tissues", "distance", "interrupted"):
        write_volume(folder / f"{name}.nii.gz", getattr(pair.truth, name))
    save_value(folder, "vessels", pair.truth.vessels)
    angles = {"long_axis_angle": pair.truth.long_axis_angle, "rotation": pair.truth.rotation}
    known = {"class": pair.truth.label, "made_from": pair.made_from}
    write_json(folder / "parameters.json", dict(pair.truth.parameters) | angles | known)
    write_json(folder / ORDER, asked)
