"""One twin's head as a chart: what every ray from the middle of its brain meets.

Rays start at the middle of the inside of the skull; the first coordinate is the angle from the
way to the cut, the second goes around that way. Each ray ends where the twin's own tissue ends:
at skin, or at the cut. Lines on the chart are lines on the skin. Bone is measured along each
ray and turned to the square of the surface. Samples lie every half millimetre, so that a
surface is met half a step too early as often as too late.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.model import InputError, Tissue, TwinAxes, TwinId
from diptych.separation.opening import Frame, Grid

STEP = 0.5
_DOWN = np.deg2rad(2.0)
_ROUND = 72
_LAST = 75
_RUN = 6
_REACH = 2.0
_FAR = 140.0
_SCALP_DEEP = 25.0
_BONE_DEEP = 40.0
_RIM_CALM = 1.5
_CALM = (2.0, 1.0)
"""Rows and columns over which the surface is smoothed before its slope is taken."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scalp:
    """The chart of one head: T angles from the cut (2 degrees apart) by F around (5 degrees).

    centre : (3,) grid mm; rays : (T, F, 3) unit vectors
    reach : (T, F) mm from the centre to the end of the twin's own tissue; 0 where there is none
    skin : (T, F) whether that end is at the air; False at the cut
    rim : (F,) first row of skin around the cut
    along : (T, F) mm from the rim down over the skin; below 0 on the cut
    cells : (T, F) cm2 of skin that each point stands for
    layers : reach of "skin", "bone" and "dura" (the inside of the skull), (T, F) mm
    bone : (T, F) thickness of the vault, mm, across the surface
    hair : (T, F) whether it is scalp that may carry expanders and flaps
    """

    centre: Grid
    rays: Grid
    reach: Grid
    skin: NDArray[np.bool_]
    rim: NDArray[np.int64]
    along: Grid
    cells: Grid
    layers: dict[str, Grid]
    bone: Grid
    hair: NDArray[np.bool_]

    def at(self, column: int, depth: float) -> Grid:
        """The point (3,) `depth` mm from the rim down one column, grid mm."""
        rows = np.flatnonzero(self.skin[:, column] & (self.along[:, column] >= 0.0))
        way, reach = self.along[rows, column], self.reach[rows, column]
        ends = self.centre + self.rays[rows, column] * reach[:, None]
        return np.array([np.interp(depth, way, ends[:, axis]) for axis in range(3)])

    def between(self, column: float, depth: float) -> Grid:
        """The point (3,) `depth` mm from the rim between two columns, grid mm."""
        first, count = int(np.floor(column)), len(self.rim)
        here, there = self.at(first % count, depth), self.at((first + 1) % count, depth)
        found: Grid = here + (column - first) * (there - here)
        return found

    def ring(self, depth: float) -> Grid:
        """(F, 3) the points `depth` mm from the rim in all columns, grid mm."""
        return np.stack([self.at(column, depth) for column in range(len(self.rim))])

    def free(self, depth: float) -> NDArray[np.bool_]:
        """(F,) whether a column is scalp all the way from the rim to `depth` mm."""
        asked = self.skin & (self.along >= 0.0) & (self.along <= depth)
        deep = np.where(self.skin, self.along, -1.0).max(axis=0) >= depth
        whole: NDArray[np.bool_] = deep & ~(asked & ~self.hair).any(axis=0)
        return whole


def chart_scalp(
    side: NDArray[np.uint8],
    tissues: NDArray[np.uint8],
    twin: TwinId,
    frame: Frame,
    spacing: tuple[float, float, float],
) -> Scalp:
    """The chart of that twin's head; everywhere scalp until `mark_hair` says where.

    Raises InputError when the twin's side holds nothing of the inside of a skull.
    """
    code = 1 if twin is TwinId.A else 2
    centre = _head_centre(side, tissues, code, spacing)
    rays = _aim(frame.origin - centre)
    whose, what = _march(side, tissues, centre, rays, spacing)
    own, last, skin = _ends(whose, code)
    reach = (last.astype(np.float64) + 1.0) * STEP
    points = centre + rays * reach[..., None]
    calm = ndimage.gaussian_filter(reach, _CALM, mode=("nearest", "wrap"))
    cells, facing = _surface(rays * calm[..., None], rays)
    rim = _rim(skin)
    layers = _layers(own, what, last)
    return Scalp(
        centre=centre,
        rays=rays,
        reach=reach,
        skin=skin,
        rim=rim,
        along=_along(points, rim),
        cells=cells,
        layers=layers,
        bone=_bone(own, what, last) * facing,
        hair=skin & (np.arange(_LAST)[:, None] >= rim),
    )


def mark_hair(
    scalp: Scalp, axes: TwinAxes, turn: Grid, *, face: float, vertex: float
) -> NDArray[np.bool_]:
    """Where the scalp is, (T, F): not within `face` degrees of the way that the face looks,
    and within `vertex` degrees of the vertex, both seen from the middle of the brain.

    turn : (3, 3) matrix from LPS+ directions to directions of the voxel grid
    """
    facing = scalp.rays @ (turn @ np.array(axes.facing))
    upward = scalp.rays @ (turn @ np.array(axes.long))
    away_from_face = facing < np.cos(np.deg2rad(face))
    near_vertex = upward > np.cos(np.deg2rad(vertex))
    hair: NDArray[np.bool_] = scalp.hair & away_from_face & near_vertex
    return hair


def fit_ball(scalp: Scalp, layer: str, reach: float) -> float:
    """Radius, mm, of the ball that fits a layer's outer face near the rim best.

    Least squares of |x|^2 = 2 c.x + k over the points within `reach` mm of the rim; 0 with
    fewer than 20 points. Summed without a library of threads, so that every run agrees.
    """
    near = scalp.skin & (scalp.along >= 4.0) & (scalp.along <= reach) & (scalp.layers[layer] > 0)
    if int(near.sum()) < 20:
        return 0.0
    points = scalp.rays[near] * scalp.layers[layer][near][:, None]
    weight = np.maximum(scalp.cells[near], 0.0)
    terms = np.column_stack([2.0 * points, np.ones(len(points))])
    square = (points**2).sum(axis=1)
    matrix = np.einsum("ni,nj,n->ij", terms, terms, weight)
    found = np.linalg.solve(matrix, np.einsum("ni,n,n->i", terms, square, weight))
    return float(np.sqrt(max(found[3] + (found[:3] ** 2).sum(), 0.0)))


def _head_centre(
    side: NDArray[np.uint8],
    tissues: NDArray[np.uint8],
    code: int,
    spacing: tuple[float, float, float],
) -> Grid:
    inside = (side == code) & (tissues >= Tissue.DURA)
    count = int(inside.sum())
    if not count:
        raise InputError(
            f"twin {'AB'[code - 1]} has no brain, fluid or dura on its side of the cut",
            remedy="look at the plan's sides and at the tissues",
        )
    centre = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        weights = inside.sum(axis=others).astype(np.float64)
        centre.append(float(weights @ np.arange(len(weights))) / count * spacing[axis])
    return np.array(centre)


def _aim(way: Grid) -> Grid:
    """(T, F, 3) unit vectors around the way to the cut."""
    pole = way / np.linalg.norm(way)
    least = np.zeros(3)
    least[int(np.argmin(np.abs(np.round(pole, 6))))] = 1.0
    first = least - (least @ pole) * pole
    first /= np.linalg.norm(first)
    second = np.cross(pole, first)
    down = (np.arange(_LAST) * _DOWN)[:, None, None]
    around = (np.arange(_ROUND) * 2.0 * np.pi / _ROUND)[None, :, None]
    rays: Grid = np.cos(down) * pole + np.sin(down) * (
        np.cos(around) * first + np.sin(around) * second
    )
    return rays


def _march(
    side: NDArray[np.uint8],
    tissues: NDArray[np.uint8],
    centre: Grid,
    rays: Grid,
    spacing: tuple[float, float, float],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Side and tissue (T, F, S) along each ray, a sample in the middle of each half millimetre."""
    sizes, shape = np.array(spacing), np.array(side.shape)
    far = float(np.max(np.linalg.norm(np.maximum(centre, shape * sizes - centre))))
    steps = (np.arange(int(min(far, _FAR) / STEP)) + 0.5) * STEP
    whose = np.zeros((*rays.shape[:2], len(steps)), dtype=np.uint8)
    what = np.zeros_like(whose)
    for row in range(len(rays)):
        places = centre + rays[row][:, None, :] * steps[None, :, None]
        index = np.floor(places / sizes + 0.5).astype(np.int64)
        known = ((index >= 0) & (index < shape)).all(axis=-1)
        i, j, k = index[known].T
        whose[row][known] = side[i, j, k]
        what[row][known] = tissues[i, j, k]
    return whose, what


def _ends(
    whose: NDArray[np.uint8], code: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.bool_]]:
    """Own samples, the last of them before the other twin begins, and whether air follows.

    The other twin begins where at least 3 mm of a ray are its.
    """
    count = whose.shape[2]
    places = np.arange(count)
    theirs = whose == 3 - code
    run = theirs.copy()
    for shift in range(1, _RUN):
        run[:, :, :-shift] &= theirs[:, :, shift:]
    met = run.any(axis=2)
    begin = np.where(met, np.argmax(run, axis=2), count)
    own = (whose == code) & (places < begin[:, :, None])
    last = np.where(own, places, -1).max(axis=2)
    cut = met & ((begin - last) * STEP <= _REACH)
    return own, last, ~cut & (last >= 0)


def _layers(
    own: NDArray[np.bool_], what: NDArray[np.uint8], last: NDArray[np.int64]
) -> dict[str, Grid]:
    places = np.arange(own.shape[2])
    near = own & (places >= last[:, :, None] - int(_SCALP_DEEP / STEP))
    ends: dict[str, Grid] = {"skin": (last.astype(np.float64) + 1.0) * STEP}
    for layer, least in (("bone", Tissue.BONE), ("dura", Tissue.DURA)):
        ends[layer] = (np.where(near & (what >= least), places, -1).max(axis=2) + 1.0) * STEP
    return ends


def _bone(own: NDArray[np.bool_], what: NDArray[np.uint8], last: NDArray[np.int64]) -> Grid:
    """Length of bone along each ray, mm: the outermost piece, gaps of 2 mm allowed."""
    places = np.arange(own.shape[2])
    near = own & (places >= last[:, :, None] - int(_BONE_DEEP / STEP))
    hard = near & (what == Tissue.BONE)
    outer = np.where(hard, places, -1).max(axis=2)
    soft = near & (what >= Tissue.DURA) & (places < outer[:, :, None])
    inner = np.where(soft, places, -1).max(axis=2)
    counted = hard & (places > inner[:, :, None])
    length: Grid = counted.sum(axis=2) * STEP
    return length


def _surface(points: Grid, rays: Grid) -> tuple[Grid, Grid]:
    """Area of each point's cell, cm2, and the cosine between its ray and the surface."""
    wide = np.concatenate([points[:, -1:], points, points[:, :1]], axis=1)
    down = np.gradient(points, axis=0)
    around = (wide[:, 2:] - wide[:, :-2]) / 2.0
    normal = np.cross(down, around)
    size = np.linalg.norm(normal, axis=2)
    lean = np.abs((normal * rays).sum(axis=2)) / np.maximum(size, 1e-9)
    return size / 100.0, np.where(size > 1e-9, lean, 1.0)


def _rim(skin: NDArray[np.bool_]) -> NDArray[np.int64]:
    """First row below the last row of cut in each column."""
    rows = np.arange(skin.shape[0])[:, None]
    rim: NDArray[np.int64] = np.where(~skin, rows, -1)[: _LAST * 3 // 4].max(axis=0) + 1
    return rim


def _along(points: Grid, rim: NDArray[np.int64]) -> Grid:
    """Mm from the rim down each column. The rim lies between the last row of cut and the first
    of skin, and is smoothed around, as rows are 2 degrees apart.
    """
    steps = np.linalg.norm(np.diff(points, axis=0), axis=2)
    way = np.concatenate([np.zeros((1, steps.shape[1])), np.cumsum(steps, axis=0)])
    columns = np.arange(len(rim))
    last = np.minimum(np.maximum(rim, 1), len(way) - 1)
    between = (way[last - 1, columns] + way[last, columns]) / 2.0
    start = ndimage.gaussian_filter1d(between, _RIM_CALM, mode="wrap")
    along: Grid = way - start
    return along
