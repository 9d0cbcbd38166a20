"""The opening that the cut leaves, seen face-on from both twins.

The mean direction of the cut is the sum of its voxel faces, which is exact whatever the
staircase. Along that direction the place where each twin's own tissue ends is a height over a
flat grid of 1 mm. Inside skin, bone and dura the opening's outline and area are taken
from two sheets half a voxel and one and a half voxels inside the twin and carried on to the cut:
next to a sharp waist the voxels' own outline would be too wide. Where both twins' outlines agree
to within a voxel they are one ring, and their mean is taken.

The lid is the tightest cover over what remains: a membrane fixed at the rim that lies on the
tissue where that bulges and spans it where it is hollow (obstacle problem, projected
relaxation). Where the cut folds back on itself, only its outermost part is seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from diptych.kernels.membrane import stretch_membrane
from diptych.model import InputError, Tissue, TwinId
from diptych.separation.area import CutFaces, smooth_sides

Grid = NDArray[np.float64]
LAYERS = ("skin", "bone", "dura")
_CODES = {
    "skin": tuple(tissue for tissue in Tissue if tissue is not Tissue.AIR),
    "bone": (Tissue.BONE, Tissue.DURA, Tissue.CSF, Tissue.BRAIN, Tissue.VESSEL),
    "dura": (Tissue.DURA, Tissue.CSF, Tissue.BRAIN, Tissue.VESSEL),
}
_PIXEL = 1.0
_EDGE = 8.0
_ROUNDS = 200
_RELAX = 1.85
_CALM = 1.5
"""Smoothing of the sides, mm, before their change is sought along a line."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A flat grid over the cut, in grid mm (voxel index times spacing).

    origin : middle of the cut; normal : its mean direction, chosen by place, not by letter
    across : (2, 3) unit vectors of the flat grid
    us, ws : (P,), (Q,) places of the pixels along `across`, mm; 1 mm apart
    outward : for each twin +1 if its tissue lies below the cut along `normal`, else -1
    """

    origin: Grid
    normal: Grid
    across: Grid
    us: Grid
    vs: Grid
    outward: dict[TwinId, float]

    def places(self, heights: Grid) -> Grid:
        """(P, Q, 3) grid mm of the pixels at these heights (P, Q) along the normal."""
        u, v = np.meshgrid(self.us, self.vs, indexing="ij")
        flat = u[..., None] * self.across[0] + v[..., None] * self.across[1]
        placed: Grid = self.origin + flat + heights[..., None] * self.normal
        return placed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opening:
    """One layer's opening on one twin.

    inside : (P, Q) mm from the outline, positive inside
    height : (P, Q) mm along the frame's normal, where the twin's own tissue ends
    lid : (P, Q) mm, the tightest cover
    """

    frame: Frame
    inside: Grid
    height: Grid
    lid: Grid

    @property
    def weight(self) -> Grid:
        """Share 0..1 of each pixel inside the outline."""
        share: Grid = np.clip(self.inside / _PIXEL + 0.5, 0.0, 1.0)
        return share

    @property
    def flat_area(self) -> float:
        """Area of the opening laid flat along its direction, cm2."""
        return float(self.weight.sum()) * _PIXEL**2 / 100.0

    @property
    def lid_area(self) -> float:
        """Area of the lid, cm2."""
        slopes = np.gradient(self.lid, _PIXEL)
        steep = np.sqrt(1.0 + slopes[0] ** 2 + slopes[1] ** 2)
        beyond = self.inside <= 2.0 * _PIXEL
        if not beyond.all():  # next to the rim the slope is that of the last pixel whole inside
            near = ndimage.distance_transform_edt(
                beyond, return_distances=False, return_indices=True
            )
            steep = steep[tuple(near)]
        return float((self.weight * steep).sum()) * _PIXEL**2 / 100.0

    def outlines(self) -> list[Grid]:
        """Closed outlines (N, 2) in mm on the flat grid, smoothed over 4 mm, the longest first."""
        padded = np.pad(self.inside, 1, constant_values=-_EDGE)
        found = [line - 1.0 for line in find_contours(padded, 0.0)]
        corner = np.array([self.frame.us[0], self.frame.vs[0]])
        lines = [corner + _smooth_ring(line) * _PIXEL for line in found]
        return sorted(lines, key=_length, reverse=True)

    @property
    def rim(self) -> float:
        """Length of the outlines laid flat, mm."""
        return sum(_length(line) for line in self.outlines())


def view_opening(
    side: NDArray[np.uint8],
    tissues: NDArray[np.uint8],
    faces: CutFaces,
    spacing: tuple[float, float, float],
) -> dict[TwinId, dict[str, Opening]]:
    """The openings in skin, bone and dura of both twins.

    side, tissues : (I, J, K); faces : of the cut between sides 1 and 2; spacing : mm
    A layer that the cut does not meet has an empty opening (area 0).
    Raises InputError when there is no cut, or when it is so folded that it has no direction.
    """
    block, corner = _block(faces, side.shape, spacing)
    part = side[block]
    frame, reach = _make_frame(part, faces, corner, spacing)
    columns = np.arange(-reach, reach + 0.5 * _PIXEL, _PIXEL)
    sizes = np.array(spacing)
    values = _sample(smooth_sides(part, spacing, _CALM), frame, columns, corner, sizes)
    depth = float(np.abs(frame.normal) @ sizes) / float(np.abs(frame.normal).sum())
    heights = {twin: _heights(values, columns, twin, frame) for twin in TwinId}
    found: dict[TwinId, dict[str, Opening]] = {twin: {} for twin in TwinId}
    for layer in LAYERS:
        filled = np.isin(tissues[block], _CODES[layer]).astype(np.float32)
        outlines = {
            twin: _outline(filled, frame, heights[twin], twin, (depth, corner, sizes))
            for twin in TwinId
        }
        for twin, inside in _join_outlines(outlines, depth).items():
            found[twin][layer] = _make_opening(frame, inside, heights[twin], frame.outward[twin])
    return found


def _join_outlines(outlines: dict[TwinId, Grid], depth: float) -> dict[TwinId, Grid]:
    """One ring for both twins where theirs differ by no more than a voxel on average.

    The voxels place the cut to half a voxel only; beside a sharp waist that makes one twin's
    ring too wide and the other's too narrow by the same amount.
    """
    mean = (outlines[TwinId.A] + outlines[TwinId.B]) / 2.0
    areas = [float((inside > 0.0).sum()) for inside in outlines.values()]
    ring = 2.0 * np.sqrt(np.pi * max(areas)) / _PIXEL
    if abs(areas[0] - areas[1]) > ring * depth / _PIXEL:
        return outlines
    return dict.fromkeys(TwinId, mean)


def _block(
    faces: CutFaces, shape: tuple[int, ...], spacing: tuple[float, float, float]
) -> tuple[tuple[slice, slice, slice], Grid]:
    """The block around all faces with room for the sheets inside both twins, and its corner."""
    if len(faces.middle) == 0:
        raise InputError(
            "the two sides nowhere touch, so there is no opening to cover",
            remedy="plan the separation again",
        )
    pad = np.ceil(12.0 / np.array(spacing)).astype(np.int64)
    low = np.maximum(np.floor(faces.middle.min(axis=0)).astype(np.int64) - pad, 0)
    high = np.minimum(np.ceil(faces.middle.max(axis=0)).astype(np.int64) + pad + 1, shape)
    i, j, k = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (i, j, k), low.astype(np.float64)


def _make_frame(
    part: NDArray[np.uint8],
    faces: CutFaces,
    corner: Grid,
    spacing: tuple[float, float, float],
) -> tuple[Frame, float]:
    """The frame, and how far (mm) the cut reaches from its plane."""
    sizes = np.array(spacing)
    facing = _vector_area(part, sizes)
    if np.linalg.norm(facing) < 1e-9:
        raise InputError(
            "the cut closes on itself and has no direction to be seen from",
            remedy="look at the plan's sides; one twin lies inside the other",
        )
    lead = int(np.argmax(np.abs(np.round(facing, 6))))
    towards_b = float(np.sign(facing[lead]))
    normal = facing / np.linalg.norm(facing) * towards_b
    across = _across(normal)
    middles = faces.middle * sizes
    origin = middles.mean(axis=0)
    away = middles - origin
    spans = [
        np.arange(np.floor(low) - _EDGE, np.ceil(high) + _EDGE + 0.5, _PIXEL)
        for low, high in (((away @ axis).min(), (away @ axis).max()) for axis in across)
    ]
    frame = Frame(
        origin=origin,
        normal=normal,
        across=across,
        us=spans[0],
        vs=spans[1],
        outward={TwinId.A: towards_b, TwinId.B: -towards_b},
    )
    reach = float(np.ceil(np.abs(away @ normal).max())) + 2.0 * float(sizes.max())
    return frame, reach


def _vector_area(part: NDArray[np.uint8], sizes: Grid) -> Grid:
    """Sum of all faces as vectors from side 1 to side 2, mm2; exact for any staircase."""
    total = np.zeros(3)
    for axis in range(3):
        first = np.moveaxis(part, axis, 0)[:-1]
        second = np.moveaxis(part, axis, 0)[1:]
        rising = int(((first == 1) & (second == 2)).sum())
        falling = int(((first == 2) & (second == 1)).sum())
        total[axis] = (rising - falling) * float(np.prod(sizes) / sizes[axis])
    return total


def _across(normal: Grid) -> Grid:
    """Two unit vectors across `normal`, by the voxel axis that it leans to least."""
    least = np.zeros(3)
    least[int(np.argmin(np.abs(np.round(normal, 6))))] = 1.0
    first = least - (least @ normal) * normal
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(normal, first)])


def _sample(
    values: NDArray[np.floating], frame: Frame, levels: Grid, corner: Grid, spacing: Grid
) -> Grid:
    """(P, Q, W) values at the heights `levels` over each pixel."""
    flat = frame.places(np.zeros((len(frame.us), len(frame.vs))))
    places = flat[:, :, None, :] + levels[None, None, :, None] * frame.normal
    return _look_up(values, places, corner, spacing)


def _look_up(values: NDArray[np.floating], places: Grid, corner: Grid, spacing: Grid) -> Grid:
    index = places / spacing - corner
    found: Grid = ndimage.map_coordinates(
        values, np.moveaxis(index, -1, 0), order=1, mode="nearest"
    )
    return found


def _heights(values: Grid, levels: Grid, twin: TwinId, frame: Frame) -> Grid:
    """Where the twin's own side ends, seen from the other: the outermost change of sides."""
    own = values if twin is TwinId.A else -values
    up = frame.outward[twin] > 0
    if not up:
        own = own[:, :, ::-1]
    ends = (own[:, :, :-1] > 0.0) & (own[:, :, 1:] <= 0.0)
    last = ends.shape[2] - 1 - np.argmax(ends[:, :, ::-1], axis=2)
    here = np.take_along_axis(own, last[:, :, None], axis=2)[:, :, 0]
    there = np.take_along_axis(own, last[:, :, None] + 1, axis=2)[:, :, 0]
    share = here / np.maximum(here - there, 1e-12)
    rise = levels[last] + share * _PIXEL
    height = rise if up else -rise
    known = ends.any(axis=2)
    if not known.all():
        near = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
        height = height[tuple(near)]
    return np.asarray(height, dtype=np.float64)


def _outline(
    filled: NDArray[np.float32],
    frame: Frame,
    height: Grid,
    twin: TwinId,
    scale: tuple[float, Grid, Grid],
) -> Grid:
    """Distance (P, Q) mm from the layer's outline at the cut, positive inside."""
    depth, corner, spacing = scale
    sheets, areas = [], []
    for share in (0.5, 1.5):
        level = height - frame.outward[twin] * share * depth
        tissue = _look_up(filled, frame.places(level), corner, spacing)
        solid = ndimage.binary_fill_holes(tissue > 0.5)
        sheets.append(_signed(solid))
        areas.append(float(np.where(solid & (tissue <= 0.5), 1.0, tissue).sum()))
    lean = np.clip((sheets[0] - sheets[1]) / 2.0, -depth, depth)
    inside: Grid = ndimage.gaussian_filter(sheets[0] + lean, 1.0)
    most = 3.0 * np.sqrt(np.pi * areas[0]) * depth / _PIXEL
    wanted = areas[0] + float(np.clip((areas[0] - areas[1]) / 2.0, -most, most))
    return inside + _shift_to(inside, max(wanted, 0.0))


def _shift_to(inside: Grid, wanted: float) -> float:
    """What must be added to the distances so that so many pixels lie inside."""
    low, high = -2.0 * _EDGE, 2.0 * _EDGE
    for _ in range(30):
        middle = (low + high) / 2.0
        if float(np.clip((inside + middle) / _PIXEL + 0.5, 0.0, 1.0).sum()) < wanted:
            low = middle
        else:
            high = middle
    return high if wanted > 0.0 else -2.0 * _EDGE


def _signed(mask: NDArray[np.bool_]) -> Grid:
    """Signed distance to the outline of a mask, mm, at most the frame's edge."""
    if not mask.any():
        return np.full(mask.shape, -_EDGE)
    padded = np.pad(mask, 1)
    within = ndimage.distance_transform_edt(padded)[1:-1, 1:-1]
    beyond = ndimage.distance_transform_edt(~mask)
    signed: Grid = np.where(mask, within - 0.5, 0.5 - beyond) * _PIXEL
    return np.clip(signed, -_EDGE, _EDGE)


def _make_opening(frame: Frame, inside: Grid, height: Grid, outward: float) -> Opening:
    lid = height
    if (inside > 0.0).any():
        lid = np.asarray(outward * _stretch(outward * height, inside > 0.0))
    return Opening(frame=frame, inside=inside, height=height, lid=lid)


def _stretch(ground: Grid, mask: NDArray[np.bool_]) -> Grid:
    """The membrane over `ground` within `mask`, fixed outside; heights in mm."""
    free = ndimage.binary_erosion(mask, border_value=0)
    near = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    lid: Grid = ground[tuple(near)]
    return stretch_membrane(lid, free, rounds=_ROUNDS, relax=_RELAX)


def _length(line: Grid) -> float:
    """Length of a polyline, mm."""
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _smooth_ring(line: Grid) -> Grid:
    """A closed line, smoothed by 2 mm (standard deviation), closed again."""
    if len(line) < 4:
        return line
    ring: Grid = ndimage.gaussian_filter1d(line[:-1], 2.0 / _PIXEL, axis=0, mode="wrap")
    return np.concatenate([ring, ring[:1]])
