"""The images of a case as the anatomy part works on them: a box round the heads."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.anatomy.baseline import calm_plain
from diptych.anatomy.contrast import Contrast, read_angiogram
from diptych.anatomy.phases import part_phases
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.t1 import read_t1
from diptych.kernels.components import label_components
from diptych.model import Case, InputError, Volume

MARGIN = 3
LEAST_HEAD_ML = 200.0
"""Less tissue than this is no head, whatever its age."""

SECOND_HEAD = 0.4
"""Two heads are at least so alike in volume; what else a scanner shows is smaller."""

FloatGrid = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Images:
    """CT values inside a box of the case's grid.

    plain : HU without contrast; venous : HU with venous contrast (the same as plain
        when the case has none, and then `contrast` is False). An MR is read on the CT's
        scale; an angiogram is laid over `plain` as the HU that full vessels would gain
    body : tissue of the heads, without table and cushions; inner air is not part of it
        (of an MR it is: there air and bone are both black)
    box : where it lies in `grid`; affine : index in the box -> LPS+ mm
    base : `plain` as contrast is counted from it, its noise averaged out; None where it is
        `plain` itself
    hull : inside of the skulls, where the image itself does not show bone well (MR)
    arterial : HU that arterial blood gains, where there is an arterial phase beside a
        venous one; what it gains in the venous phase is then not in `venous`
    roles : role of the plain series, then of the one that shows vessels, if any
    notes : what these series can not show, in words
    """

    plain: FloatGrid
    venous: FloatGrid
    body: Mask
    contrast: bool
    box: Box
    grid: Volume
    affine: NDArray[np.float64]
    hull: Mask | None = None
    base: FloatGrid | None = None
    arterial: FloatGrid | None = None
    roles: tuple[str, ...] = ("ct", "ctv")
    notes: tuple[str, ...] = ()

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size, mm."""
        i, j, k = self.grid.spacing
        return float(i), float(j), float(k)

    @property
    def rise(self) -> FloatGrid:
        """HU gained by contrast."""
        return self.venous - (self.plain if self.base is None else self.base)

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel, ml."""
        return float(self.grid.voxel_volume)

    def index_of(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Fractional index in the box of LPS+ positions (..., 3)."""
        start = np.array([part.start for part in self.box], dtype=np.float64)
        return self.grid.to_index(position) - start

    def position_of(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """LPS+ positions (..., 3) of indices in the box."""
        result: NDArray[np.float64] = index @ self.affine[:3, :3].T + self.affine[:3, 3]
        return result

    def unbox(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The same values on the whole grid, 0 outside the box."""
        whole = np.zeros(self.grid.shape, dtype=np.uint8)
        whole[self.box] = values
        return whole


PLAIN = ("ct", "mr", "ctv", "cta")
"""Series that show skull and brain, the best first."""
VENOUS, ARTERIAL = ("ctv", "mrv"), ("cta", "mra")


def read_images(case: Case, policy: AnatomyPolicy) -> Images:
    """The case's series inside the box that holds the heads.

    Raises InputError when no series shows skull and brain, or no head is in it.
    """
    return read_volumes({entry.role: entry.volume for entry in case.volumes}, policy, str(case.id))


def read_volumes(volumes: Mapping[str, Volume], policy: AnatomyPolicy, name: str) -> Images:
    """The series (by role, all on one grid) inside the box that holds the heads; of one
    head or of two. `name` is the case's, for messages.
    """
    role = next((role for role in PLAIN if role in volumes), None)
    if role is None:
        raise InputError(
            f"case {name} has series {', '.join(sorted(volumes)) or 'none'}; none of them shows"
            " skull and brain",
            remedy="add a CT (role ct) or a T1-weighted MR (role mr) of both twins",
        )
    grid = volumes[role]
    plain, body, hull = _read_plain(grid, role, policy, name)
    box = _box_of(body)
    body, plain = np.ascontiguousarray(body[box]), np.ascontiguousarray(plain[box])
    inner = None if hull is None else np.ascontiguousarray(hull[box])
    found = _read_contrast(volumes, role, _Field(plain, body, inner, box))
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_lps(np.array([part.start for part in box], dtype=np.float64))
    return Images(
        plain=plain,
        venous=found.venous,
        body=body,
        contrast=found.role != "",
        box=box,
        grid=grid,
        affine=affine,
        hull=inner,
        base=found.base,
        arterial=found.arterial,
        roles=(role, found.role) if found.role else (role,),
        notes=tuple(_limits(role, found.role)),
    )


@dataclass(frozen=True, slots=True)
class _Field:
    """What is known before contrast is looked at, inside the box."""

    plain: FloatGrid
    body: Mask
    hull: Mask | None
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contrast:
    venous: FloatGrid
    base: FloatGrid | None = None
    arterial: FloatGrid | None = None
    role: str = ""


def _read_plain(
    volume: Volume, role: str, policy: AnatomyPolicy, name: str
) -> tuple[FloatGrid, Mask, Mask | None]:
    if role == "mr":
        reading = read_t1(volume)
        return reading.plain, reading.body, reading.hull
    body = _find_body(volume, policy, name)
    return volume.voxels.astype(np.float32), body, None


def _read_contrast(volumes: Mapping[str, Volume], role: str, field: _Field) -> _Contrast:
    """The enhanced image, the same as the plain one where nothing shows vessels."""
    given = [name for name in (*VENOUS, *ARTERIAL) if name in volumes and name != role]
    if not given:
        return _Contrast(venous=field.plain)
    enhanced = _enhance(volumes, given[0], role, field)
    base = _base_of(volumes[given[0]], role, enhanced, field)
    later = [name for name in given[1:] if name in ARTERIAL and given[0] in VENOUS]
    if not later:
        return _Contrast(venous=enhanced, base=base, role=given[0])
    below = field.plain if base is None else base
    early = _enhance(volumes, later[0], role, field) - below
    phases = part_phases(enhanced - below, early, field.body)
    return _Contrast(
        venous=below + phases.venous,
        base=base,
        arterial=phases.arterial,
        role=given[0],
    )


def _base_of(volume: Volume, role: str, enhanced: FloatGrid, field: _Field) -> FloatGrid | None:
    """What two CTs' contrast is counted from, where it is not the plain one itself."""
    if volume.modality != "CT" or role != "ct":
        return None
    calm = calm_plain(field.plain, enhanced, field.body)
    return None if calm is field.plain else calm


def _enhance(volumes: Mapping[str, Volume], name: str, role: str, field: _Field) -> FloatGrid:
    volume = volumes[name]
    values = volume.voxels[field.box].astype(np.float32)
    if volume.modality == "CT" and role == "ct":
        return values
    scene = Contrast(body=field.body, hull=field.hull, spacing=volume.spacing)
    result: FloatGrid = field.plain + read_angiogram(values, scene)
    return result


def _limits(role: str, contrast: str) -> list[str]:
    """What cannot be told from these series."""
    notes = []
    if role == "mr":
        notes.append(
            "bone was read from a T1 image as the dark layer round the brain: its thickness is"
            " rough, thin plates between the brains, sutures and air cells cannot be told"
            " from it; a CT shows them"
        )
    if role in ("ctv", "cta"):
        notes.append(
            f"the only CT is one with contrast ({role}): blood and thin bone are equally bright in"
            " it, so that vessels were not traced and those that touch the skull count as bone;"
            " add a plain CT (ct) or an MR venogram (mrv) of the same session"
        )
    if contrast in ARTERIAL:
        notes.append(
            f"vessels were read from the arterial phase ({contrast}) alone: veins may be pale or"
            " missing, and whether a dural venous sinus is shared is not sure; a venous phase"
            " (ctv or mrv) shows it"
        )
    return notes


def _find_body(volume: Volume, policy: AnatomyPolicy, case: str) -> Mask:
    """The largest piece of tissue, after cutting thin bridges to table and cushions, and any
    other of about its size: a second head that is joined by little.
    """
    tissue: Mask = volume.voxels.astype(np.float32) > policy.air
    core = ndimage.binary_erosion(tissue, iterations=2)
    pieces = label_components(core)
    if pieces.count:
        heads = pieces.sizes >= SECOND_HEAD * pieces.sizes[1:].max()
        heads[0] = False
        tissue &= ndimage.binary_dilation(heads[pieces.labels], iterations=4)
    found = float(tissue.sum()) * float(volume.voxel_volume)
    if not pieces.count or found < LEAST_HEAD_ML:
        raise InputError(
            f"case {case}: the CT holds {found:.0f} ml of tissue above {policy.air:g} HU,"
            f" expected at least {LEAST_HEAD_ML:g} ml for a head",
            remedy="check that the series shows the heads and is in Hounsfield units",
        )
    return tissue


def _box_of(body: Mask) -> Box:
    sides = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        on = np.flatnonzero(body.any(axis=others))
        low, high = max(int(on[0]) - MARGIN, 0), min(int(on[-1]) + MARGIN + 1, body.shape[axis])
        sides.append(slice(low, high))
    return sides[0], sides[1], sides[2]
