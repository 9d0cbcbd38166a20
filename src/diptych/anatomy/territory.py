"""Where each twin's own territory surely lies: the seeds that ownership grows from."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.axes import (
    axes_from_landmarks,
    axes_from_shape,
    has_frankfurt,
    marked_points,
    weigh_mirror,
)
from diptych.anatomy.images import Images, Mask
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.remarking import remark_points
from diptych.anatomy.sheets import CLEAR_SHEET, find_sheets
from diptych.anatomy.symmetry import find_mirror
from diptych.anatomy.tissues import Compartments
from diptych.kernels.components import label_components
from diptych.kernels.distance import measure_distance
from diptych.kernels.slabs import cut_slabs
from diptych.model import Case, InputError, SafetyRefusal, Twin, TwinAxes, TwinId

Vector = NDArray[np.float64]
EROSION_STEP = 2.0
LEAST_SEED_VOXELS = 20
LEAST_SHEET_VOXELS = 150
SAME_HEAD, SAME_WAY = 0.7, 0.7
"""Middles of the porions closer than this share of both half widths, and long axes closer
than 45 degrees: one head, marked twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisErrors:
    """mirror : how far the mirror plane of a head lies off its true one by nature, degrees;
    reading : how far a bony point read in a CT lies off the true one, mm. Standard deviations.
    """

    mirror: float
    reading: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Territory:
    """Seeds (0 free, 1 A, 2 B, uint8, inside the box), both twins' axes and middles, notes.

    middle : of each twin's skull base (or deep cavity), LPS+ mm
    width : half the distance of the porions (or as much of the lump's radius), mm
    """

    seeds: NDArray[np.uint8]
    axes: tuple[TwinAxes, TwinAxes]
    middle: tuple[Vector, Vector]
    width: tuple[float, float]
    notes: tuple[str, ...]


def find_territory(
    case: Case, images: Images, parts: Compartments, policy: AnatomyPolicy
) -> Territory:
    """Seeds in the skull base, face and deep cavity of each twin.

    From the Frankfurt points where both twins have them; else from the two deepest lumps
    of the cavity, told apart by whatever landmarks there are. Raises InputError when only
    one head is found, SafetyRefusal when nothing says which head is A.
    """
    if all(has_frankfurt(twin) for twin in case.twins):
        return _from_landmarks(case, images, parts)
    return _from_lumps(case, images, parts, policy)


def _from_landmarks(case: Case, images: Images, parts: Compartments) -> Territory:
    axes = axes_from_landmarks(case.twins[0]), axes_from_landmarks(case.twins[1])
    frames = [_base_of(twin) for twin in case.twins]
    _refuse_same_head(case, frames, float(np.dot(axes[0].long, axes[1].long)))
    owns = []
    for number, (middle, width) in enumerate(frames, start=1):
        own = _own_territory(images, middle, width, np.array(axes[number - 1].long))
        deep = own & (parts.cavity | parts.bone)
        if int((own & parts.cavity).sum()) < LEAST_SEED_VOXELS or not deep.any():
            letter = case.twins[number - 1].id
            raise InputError(
                f"case {case.id}: case with one head: the skull of twin {letter} is not in the"
                f" image where its landmarks say (around {_words(middle)} mm)",
                remedy=f"give a CT that shows both heads, or correct the landmarks of {letter}",
            )
        owns.append(own)
    seeds = owns[0].astype(np.uint8) + 2 * owns[1].astype(np.uint8)
    seeds[seeds == 3] = 0
    return Territory(
        seeds=seeds,
        axes=axes,
        middle=(frames[0][0], frames[1][0]),
        width=(frames[0][1], frames[1][1]),
        notes=(),
    )


def refine_axes(case: Case, images: Images, territory: Territory, errors: AxisErrors) -> Territory:
    """The territory with each twin's axes corrected where the Frankfurt points are marked: by
    porions and orbitalia as the CT shows them near the marks, then by the mirror plane of face
    and skull base, where one is found.
    """
    axes, notes = list(territory.axes), territory.notes
    for number, twin in enumerate(case.twins):
        if has_frankfurt(twin):
            again = remark_points(images, twin, errors.reading)
            notes += again.notes
            axes[number] = axes_from_landmarks(again.twin)
            frame = np.array([axes[number].left, axes[number].long, axes[number].facing])
            mirror = find_mirror(images, frame, *_base_of(again.twin))
            if mirror is not None:
                axes[number], told = weigh_mirror(again.twin, mirror, errors.mirror)
                notes += told
            if again.seen:
                how = f"{axes[number].method}; {', '.join(again.seen)} read again in the CT"
                axes[number] = replace(axes[number], method=how)
    return replace(territory, axes=(axes[0], axes[1]), notes=notes)


def _refuse_same_head(case: Case, frames: list[tuple[Vector, float]], cosine: float) -> None:
    """Raises InputError when both twins' skull bases lie in one place, one way up.

    cosine : of the angle between the long axes; two heads that are joined base to base lie
        close too, but look away from each other
    """
    apart = float(np.linalg.norm(frames[0][0] - frames[1][0]))
    if cosine > SAME_WAY and apart < SAME_HEAD * (frames[0][1] + frames[1][1]):
        raise InputError(
            f"case {case.id}: case with one head: the landmarks of A and B lie on the same"
            f" head, their skull bases {apart:.0f} mm apart",
            remedy="mark the landmarks of each twin on its own head",
        )


def _words(point: Vector) -> str:
    return ", ".join(f"{value:.0f}" for value in point)


def _base_of(twin: Twin) -> tuple[Vector, float]:
    """Middle of the porions and half their distance, mm."""
    points = marked_points(twin)
    left, right = points["porion-left"], points["porion-right"]
    return 0.5 * (left + right), 0.5 * float(np.linalg.norm(left - right))


def _own_territory(images: Images, middle: Vector, width: float, long: Vector) -> Mask:
    """Skull base, face and neck below the Frankfurt plane, and a ball in the deep cavity."""
    own = np.empty(images.body.shape, dtype=bool)
    for slab in cut_slabs(own.shape):
        height, square = _measure_off(images, slab, middle, long)
        ball = square - width * height + 0.25 * width**2 < (0.4 * width) ** 2
        below = (height < -0.1 * width) & (square < (1.8 * width) ** 2)
        own[slab] = (ball | below) & images.body[slab]
    return own


def _measure_off(
    images: Images, slab: slice, middle: Vector, long: Vector
) -> tuple[Vector, Vector]:
    """Height along `long` (mm) over the middle, and squared distance from it, in a slab."""
    _, rows, columns = images.body.shape
    grids = np.ogrid[slab.start : slab.stop, 0:rows, 0:columns]
    away = [
        sum(images.affine[row, axis] * grids[axis] for axis in range(3))
        + images.affine[row, 3]
        - middle[row]
        for row in range(3)
    ]
    height = sum(long[row] * away[row] for row in range(3))
    square = sum(part * part for part in away)
    return np.asarray(height), np.asarray(square)


def _from_lumps(
    case: Case, images: Images, parts: Compartments, policy: AnatomyPolicy
) -> Territory:
    lumps = _two_lumps(case, images, parts)
    middles = [images.position_of(np.argwhere(lump).mean(axis=0)) for lump in lumps]
    order = _order_of(case, middles)
    lumps, middles = [lumps[n] for n in order], [middles[n] for n in order]
    widths = [0.6 * _radius(lump, images) for lump in lumps]
    seeds = lumps[0].astype(np.uint8) + 2 * lumps[1].astype(np.uint8)
    axes = tuple(
        _shape_axes(twin, images, parts, (middles[n], middles[1 - n]), policy)
        for n, twin in enumerate(case.twins)
    )
    bare = ", ".join(str(twin.id) for twin in case.twins if not has_frankfurt(twin))
    note = (
        f"the Frankfurt points of {bare} are not marked: territories were grown from the two"
        " deepest parts of the cavity, and the axes estimated from the heads' shape with a"
        f" standard deviation of {policy.shape_axes_uncertainty:g} degrees"
    )
    return Territory(
        seeds=seeds,
        axes=(axes[0], axes[1]),
        middle=(middles[0], middles[1]),
        width=(widths[0], widths[1]),
        notes=(note,),
    )


def _two_lumps(case: Case, images: Images, parts: Compartments) -> list[Mask]:
    """The two largest deep parts, at the least depth at which the cavity falls into two.

    Depth is measured from bone and from large sheets, so that a septum parts them too.
    """
    walls = parts.bone | _large_sheets(images, parts)
    depth = measure_distance(~walls, images.spacing)
    depth = np.where(parts.cavity, depth, 0.0)
    level, top = EROSION_STEP * 2, float(depth.max())
    while level < 0.9 * top:
        pieces = label_components(depth > level)
        labels, sizes = pieces.labels, pieces.sizes
        sizes[0] = 0
        first, second = (int(n) for n in np.argsort(-sizes, kind="stable")[:2])
        if pieces.count >= 2 and sizes[second] > 0.25 * sizes[first]:
            return [labels == first, labels == second]
        level += EROSION_STEP
    raise InputError(
        f"case {case.id}: case with one head: the intracranial space is one lump of"
        f" {float(parts.cavity.sum()) * images.voxel_ml:.0f} ml, {top:.0f} mm deep,"
        " and does not fall into two",
        remedy="give a CT that shows both heads, or mark the landmarks of both twins",
    )


def _large_sheets(images: Images, parts: Compartments) -> Mask:
    """Clear sheets of the cavity in connected pieces of some size."""
    clear = (find_sheets(images, parts) > CLEAR_SHEET) & parts.cavity & ~parts.vessel
    pieces = label_components(clear, neighbours=26)
    large = pieces.sizes >= LEAST_SHEET_VOXELS
    large[0] = False
    result: Mask = large[pieces.labels]
    return result


def _order_of(case: Case, middles: list[Vector]) -> tuple[int, int]:
    """Which lump is A's: the one that the marked points lie nearer to."""
    votes = 0.0
    for sign, twin in zip((1.0, -1.0), case.twins, strict=True):
        for place in marked_points(twin).values():
            gaps = [float(np.linalg.norm(place - middle)) for middle in middles]
            votes += sign * float(np.sign(gaps[1] - gaps[0]))
    if votes == 0.0:
        raise SafetyRefusal(
            f"case {case.id}: two heads are in the image, but nothing says which of them is A",
            remedy="mark at least one landmark, such as the nasion, on each twin",
        )
    return (0, 1) if votes > 0 else (1, 0)


def _radius(lump: Mask, images: Images) -> float:
    return float((0.75 / np.pi * lump.sum() * images.voxel_ml * 1000.0) ** (1.0 / 3.0))


def _shape_axes(
    twin: Twin,
    images: Images,
    parts: Compartments,
    middles: tuple[Vector, Vector],
    policy: AnatomyPolicy,
) -> TwinAxes:
    """Long axis towards the other twin; the face where the bone away from the vault lies."""
    if has_frankfurt(twin):
        return axes_from_landmarks(twin)
    long = middles[1] - middles[0]
    bone = images.position_of(np.argwhere(parts.bone)[::7].astype(np.float64)) - middles[0]
    far = (bone @ long < 0.0) & (np.linalg.norm(bone, axis=1) < float(np.linalg.norm(long)))
    facing = bone[far].mean(axis=0) if far.any() else np.array([0.0, -1.0, 0.0])
    up = long / np.linalg.norm(long)
    aside = facing - up * float(facing @ up)
    if float(np.linalg.norm(aside)) < 1.0:
        aside = np.cross(up, np.eye(3)[int(np.abs(up).argmin())])
    return axes_from_shape(twin.id, long, aside, policy.shape_axes_uncertainty)


def twin_number(twin: TwinId) -> int:
    """1 for A, 2 for B: the code of its seeds and of its side of the cut."""
    return 1 if twin is TwinId.A else 2
