"""The case laid out for drawing: cropped grids, the axis that joins the twins, and cameras.

On every picture twin A is on the left and twin B on the right, faces upwards where the
anatomy gives their direction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.render import View
from diptych.model import (
    OWNER_COLOURS,
    Anatomy,
    Owner,
    SeparationPlan,
    Tissue,
    TwinId,
    Volume,
)

FloatArray = NDArray[np.float64]
ByteArray = NDArray[np.uint8]

MOST_VOXELS = 6_000_000
MARGIN = 4
TISSUE_COLOURS = {
    Tissue.SKIN: "#d9a07c",
    Tissue.BONE: "#efe6cf",
    Tissue.DURA: "#8e9aa5",
    Tissue.CSF: "#8cc3e6",
    Tissue.BRAIN: "#d8b4bf",
    Tissue.VESSEL: "#1d4f91",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """tissues, owners, sides : (I, J, K) uint8 on one cropped (and, if very large, thinned) grid.

    affine : index -> LPS+ mm; axis : unit vector from twin A to twin B; up : unit vector
    across it; junction : centre of the cut, LPS+ mm
    """

    tissues: ByteArray
    owners: ByteArray
    sides: ByteArray
    affine: FloatArray
    axis: FloatArray
    up: FloatArray
    junction: FloatArray

    @property
    def spacing(self) -> float:
        """Largest distance between neighbouring voxels, mm."""
        return float(np.linalg.norm(self.affine[:3, :3], axis=0).max())

    @property
    def codes(self) -> ByteArray:
        """Owner * 8 + tissue for each voxel, 0 in air."""
        codes = self.owners * np.uint8(8) + self.tissues
        codes[self.tissues == Tissue.AIR] = 0
        return codes


def lay_scene(anatomy: Anatomy, plan: SeparationPlan) -> Scene:
    """The scene of a case and the plan proposed for it."""
    tissues = anatomy.tissues.voxels
    boxes, step = _crop(tissues)
    start = np.array([box.start for box in boxes], dtype=np.float64) - MARGIN * step
    affine = anatomy.tissues.affine.copy()
    affine[:3, 3] = anatomy.tissues.affine[:3, :3] @ start + affine[:3, 3]
    affine[:3, :3] *= step
    sides = _take(plan.side.voxels, boxes)
    centres = [_middle(sides == code, affine) for code in (1, 2)]
    axis = _unit(centres[1] - centres[0])
    return Scene(
        tissues=_take(tissues, boxes),
        owners=_take(anatomy.ownership.voxels, boxes),
        sides=sides,
        affine=affine,
        axis=axis,
        up=_upward(anatomy, axis),
        junction=_middle(find_interface(sides), affine),
    )


def lay_sides(scene: Scene, anatomy: Anatomy, side: Volume) -> Scene:
    """The same scene, seen from the same places, parted as `side` says (0, 1 with A, 2 with B)."""
    sides = _take(side.voxels, _crop(anatomy.tissues.voxels)[0])
    return replace(scene, sides=sides)


def crop_scene(scene: Scene, points: FloatArray, reach: float) -> Scene:
    """The part of the scene within `reach` mm of the box of the points, (N, 3) LPS+ mm."""
    inverse = np.linalg.inv(scene.affine[:3, :3])
    index = (points - scene.affine[:3, 3]) @ inverse.T
    margin = reach / np.linalg.norm(scene.affine[:3, :3], axis=0)
    low = np.maximum(np.floor(index.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(index.max(axis=0) + margin) + 1, scene.tissues.shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    affine = scene.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ low
    return replace(
        scene,
        tissues=scene.tissues[box],
        owners=scene.owners[box],
        sides=scene.sides[box],
        affine=affine,
    )


def locate_voxels(scene: Scene, mask: NDArray[np.bool_]) -> FloatArray:
    """Positions (N, 3), LPS+ mm, of the voxels of a mask on the scene's grid."""
    where = np.argwhere(mask) @ scene.affine[:3, :3].T + scene.affine[:3, 3]
    return np.asarray(where, dtype=np.float64)


def find_interface(sides: ByteArray) -> NDArray[np.bool_]:
    """Voxels of side A (1) that touch side B (2) across a face, and the other way round."""
    touching = np.zeros(sides.shape, dtype=np.bool_)
    for axis in range(3):
        low: list[slice] = [slice(None)] * 3
        high: list[slice] = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        meets = sides[tuple(low)] * sides[tuple(high)] == 2
        touching[tuple(low)] |= meets
        touching[tuple(high)] |= meets
    return touching


def aim_camera(scene: Scene, turn: float, width: int, *, tilt: float = 0.0) -> View:
    """A camera that sees the whole scene: `turn` degrees towards twin B, `tilt` from above."""
    right, up = turn_axes(scene, turn, tilt)
    return frame_points(_corners(scene.tissues > 0, scene.affine), right, up, width)


def turn_axes(scene: Scene, turn: float, tilt: float) -> tuple[FloatArray, FloatArray]:
    """Right and up of a camera `turn` degrees towards twin B and `tilt` from above."""
    toward = np.cross(scene.axis, scene.up)
    right = cos(radians(turn)) * scene.axis - sin(radians(turn)) * toward
    toward = cos(radians(turn)) * toward + sin(radians(turn)) * scene.axis
    return right, cos(radians(tilt)) * scene.up - sin(radians(tilt)) * toward


def frame_points(points: FloatArray, right: FloatArray, up: FloatArray, width: int) -> View:
    """A camera whose picture, `width` pixels wide, just holds the points, (N, 3) LPS+ mm."""
    across, along = points @ right, points @ up
    scale = max(float(np.ptp(across)), 1.0) * 1.06 / width
    height = ceil((float(np.ptp(along)) + 0.06 * float(np.ptp(across))) / scale)
    toward = np.cross(right, up)
    middle = (across.min() + across.max()) / 2 * right + (along.min() + along.max()) / 2 * up
    depth = float(np.mean(points @ toward))
    return View(
        centre=middle + depth * toward, right=right, up=up, width=width, height=height, scale=scale
    )


def paint_owners(*, white: float = 0.0) -> FloatArray:
    """Palette (64, 3) that gives each code the colour of its owner, mixed with white."""
    palette = np.zeros((64, 3))
    for owner in Owner:
        palette[owner * 8 : owner * 8 + 8] = mix_colour(OWNER_COLOURS[owner], white)
    return palette


def paint_tissues() -> FloatArray:
    """Palette (64, 3) that gives each code the colour of its tissue."""
    palette = np.zeros((64, 3))
    for owner in Owner:
        for tissue, colour in TISSUE_COLOURS.items():
            palette[owner * 8 + tissue] = mix_colour(colour, 0.0)
    return palette


def mix_colour(colour: str, white: float) -> FloatArray:
    """SRGB 0..1 of a "#rrggbb" colour with a share of white."""
    rgb = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)], dtype=np.float64) / 255.0
    return np.asarray(rgb * (1.0 - white) + white, dtype=np.float64)


def _crop(tissues: NDArray[np.generic]) -> tuple[tuple[slice, slice, slice], int]:
    boxes, voxels = [], 1.0
    for axis in range(3):
        others = tuple(n for n in range(3) if n != axis)
        there = np.flatnonzero((tissues != 0).any(axis=others))
        low, high = (int(there[0]), int(there[-1])) if len(there) else (0, tissues.shape[axis] - 1)
        boxes.append((low, high + 1))
        voxels *= high + 1 - low
    step = max(1, ceil((voxels / MOST_VOXELS) ** (1 / 3)))
    i, j, k = (slice(low, high, step) for low, high in boxes)
    return (i, j, k), step


def _take(voxels: NDArray[np.generic], boxes: tuple[slice, slice, slice]) -> ByteArray:
    """The voxels of the boxes with a margin of air, so that every surface is closed."""
    return np.pad(voxels[boxes].astype(np.uint8), MARGIN)


def _middle(mask: NDArray[np.bool_], affine: FloatArray) -> FloatArray:
    where = np.argwhere(mask)
    if not len(where):
        where = np.argwhere(np.ones_like(mask))
    return np.asarray(affine[:3, :3] @ where.mean(axis=0) + affine[:3, 3], dtype=np.float64)


def _corners(mask: NDArray[np.bool_], affine: FloatArray) -> FloatArray:
    """Positions of one filled voxel in eight, enough to frame a picture."""
    where = np.argwhere(mask[::2, ::2, ::2]) * 2.0
    return np.asarray(where @ affine[:3, :3].T + affine[:3, 3], dtype=np.float64)


def _upward(anatomy: Anatomy, axis: FloatArray) -> FloatArray:
    """Across the axis, towards the faces; when these cancel, towards that of twin A."""
    faces = {entry.twin: np.array(entry.facing) for entry in anatomy.axes}
    both = faces[TwinId.A] + faces[TwinId.B]
    candidates: Sequence[FloatArray] = (both, faces[TwinId.A], *np.eye(3))
    across = [face - (face @ axis) * axis for face in candidates]
    return _unit(next(face for face in across if float(np.linalg.norm(face)) > 0.35))


def _unit(vector: FloatArray) -> FloatArray:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.array([0.0, 0.0, 1.0])
