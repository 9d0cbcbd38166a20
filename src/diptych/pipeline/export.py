"""Files for other systems: label maps, printable parts, models, the day and vessels as sheets."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from diptych.formats.gltf import write_glb
from diptych.formats.mesh import write_ply, write_stl
from diptych.formats.nifti import write_volume
from diptych.formats.sheet import render_csv
from diptych.kernels.surface import label_surface
from diptych.model import Anatomy, Case, Schedule, SeparationFront, UsageError
from diptych.pipeline import parts
from diptych.pipeline.folder import CaseFolder, write_atomically
from diptych.pipeline.models import (
    VESSEL_COLUMNS,
    build_bodies,
    build_parts,
    build_surfaces,
    tell_vessel,
)
from diptych.pipeline.results import load_result


def export_case(case: Path, kinds: tuple[str, ...], out: Path | None) -> list[str]:
    """Writes the asked kinds ("nifti", "stl", "ply", "glb", "csv", "procedure"); returns the paths.

    Raises UsageError for a kind that there is not.
    """
    unknown = [kind for kind in kinds if kind not in _WRITERS]
    if unknown or not kinds:
        raise UsageError(
            f"cannot export to {', '.join(unknown) or 'nothing'}",
            remedy=f"choose from: {', '.join(sorted(_WRITERS))}",
        )
    target = out or CaseFolder(case).root / "export"
    target.mkdir(parents=True, exist_ok=True)
    return [str(path) for kind in kinds for path in _WRITERS[kind](case, target)]


def _write_nifti(case: Path, target: Path) -> list[Path]:
    anatomy = load_result(case, parts.ANATOMY, "anatomy", Anatomy)
    front = load_result(case, parts.SEPARATION, "front", SeparationFront)
    volumes = {
        "tissues": anatomy.tissues,
        "ownership": anatomy.ownership,
        f"side-{front.plan.id}": front.plan.side,
    }
    paths = [target / f"{name}.nii.gz" for name in volumes]
    for path, volume in zip(paths, volumes.values(), strict=True):
        write_volume(path, volume)
    return paths


def _write_stl(case: Path, target: Path) -> list[Path]:
    made_from = load_result(case, parts.INTAKE, "case", Case).brief.made_from
    plan = load_result(case, parts.SEPARATION, "front", SeparationFront).plan
    paths = []
    for code, letter in ((1, "A"), (2, "B")):
        vertices, faces = label_surface(plan.side.voxels == code, np.asarray(plan.side.affine))
        path = target / f"half-{letter}.stl"
        title = f"Twin {letter}, plan {plan.id}, mm" + (", not a patient" if made_from else "")
        write_stl(path, vertices, faces, title=title)
        paths.append(path)
    for name, vertices, faces in build_bodies(_anatomy(case)):
        path = target / f"{name}.stl"
        title = f"{name}, mm" + (", not a patient" if made_from else "")
        write_stl(path, vertices, faces, title=title)
        paths.append(path)
    return paths


def _anatomy(case: Path) -> Anatomy:
    return load_result(case, parts.ANATOMY, "anatomy", Anatomy)


def _write_ply(case: Path, target: Path) -> list[Path]:
    made_from = load_result(case, parts.INTAKE, "case", Case).brief.made_from
    paths = []
    for surface in build_surfaces(_anatomy(case)):
        path = target / f"{surface.name}.ply"
        comments = [surface.name, *([made_from] if made_from else [])]
        write_ply(path, surface.vertices, surface.faces, surface.owners, comments=comments)
        paths.append(path)
    return paths


def _write_glb(case: Path, target: Path) -> list[Path]:
    found = load_result(case, parts.INTAKE, "case", Case)
    facts = {
        "case": str(found.id),
        "not_a_patient": found.brief.made_from,
        "buffers": "LPS+ mm",
        "computed": "flows are computed from calibres and brain volumes, not measured",
    }
    path = target / "anatomy.glb"
    write_glb(path, build_parts(_anatomy(case)), facts)
    return [path]


def _write_vessels(case: Path, target: Path) -> Path:
    rows = [
        (*tell_vessel(vessel).values(), *np.round(vessel.path[len(vessel.path) // 2], 2).tolist())
        for vessel in _anatomy(case).vessels.vessels
    ]
    path = target / "vessels.csv"
    text = render_csv((*VESSEL_COLUMNS, "middle_l_mm", "middle_p_mm", "middle_s_mm"), rows)
    write_atomically(path, text.encode("utf-8"))
    return path


def _write_csv(case: Path, target: Path) -> list[Path]:
    schedule = load_result(case, parts.CHOREOGRAPHY, "schedule", Schedule)
    names = {member.id: member.name for member in schedule.procedure.staff}
    rows = [
        (
            entry.start,
            entry.end,
            schedule.procedure.task(entry.task).title,
            schedule.procedure.task(entry.task).subject.value,
            "; ".join(f"{names[staff]} ({skill})" for staff, skill in entry.staff),
        )
        for entry in sorted(schedule.assignments, key=lambda each: (each.start, each.task))
    ]
    path = target / "schedule.csv"
    headings = ("start_min", "end_min", "task", "subject", "people")
    write_atomically(path, render_csv(headings, rows).encode("utf-8"))
    return [path, _write_vessels(case, target)]


def _write_procedure(case: Path, target: Path) -> list[Path]:
    """The day as a procedure file, for a team to edit and schedule again without the case."""
    from diptych.choreography import write_procedure
    from diptych.pipeline.operation import TABLES
    from diptych.tables import load_table

    schedule = load_result(case, parts.CHOREOGRAPHY, "schedule", Schedule)
    folder = CaseFolder(case)
    tables = {name: load_table(name, folder.override(name)) for name in TABLES}
    path = target / "procedure.toml"
    write_atomically(path, write_procedure(schedule.procedure, tables=tables).encode("utf-8"))
    return [path]


_WRITERS: dict[str, Callable[[Path, Path], list[Path]]] = {
    "nifti": _write_nifti,
    "stl": _write_stl,
    "ply": _write_ply,
    "glb": _write_glb,
    "csv": _write_csv,
    "procedure": _write_procedure,
}
