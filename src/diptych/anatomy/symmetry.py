"""The plane that a head's face and skull base are mirrored in, read from the image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.anatomy.images import FloatGrid, Images

REACH, TOP = 1.7, 0.3
"""What is compared: within this of the middle of the porions, and below this height over the
Frankfurt plane, where the other twin is far; in half-distances of the porions."""
DARK, BRIGHT = -200.0, 500.0
"""HU; beyond these a difference says no more."""
COARSE_MM, FINE_MM = 3.0, 1.5
STEP_MM = 1.5
"""Finer voxels are skipped."""
EDGE_SHARE, MOST_POINTS = 0.25, 12_000
LEAST_POINTS = 2_000
ROUNDS, STEP = 8, 0.003
SOFT = 60.0
"""HU; a difference beyond it counts as one of it (teeth, ears, what only one side has)."""
SECTORS = 8
MOST_TURN = 0.2
"""Sines; a plane that the search turns farther than this was not found."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mirror:
    """left : unit normal (3,) of the plane, towards the twin's own left; error : its standard
    deviation about each axis, degrees, by leaving out one sector of the head after another.
    """

    left: Points
    error: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """Values on every so many (`stride`) voxels of a block whose first voxel is `corner`; rows
    of `frame` are left, long and facing; points (N, 3) to compare, relative to `middle`, mm,
    with values.
    """

    images: Images
    field: FloatGrid
    corner: NDArray[np.int64]
    stride: NDArray[np.int64]
    middle: Points
    frame: Points
    place: Points
    value: Points


def find_mirror(images: Images, frame: Points, middle: Points, width: float) -> Mirror | None:
    """The mirror plane near the one that the marks give, or None where none is found.

    frame : rows left, long, facing as marked (unit vectors); middle : of the porions, LPS+
    mm; width : half their distance, mm. Edges of bone and skin are laid over their mirror
    images by least squares, from coarse to fine.
    """
    place = np.zeros(3)
    scene = None
    for sigma in (COARSE_MM, FINE_MM):
        scene = _make_scene(images, frame, (middle, width), sigma)
        if len(scene.place) < LEAST_POINTS:
            return None
        place = _settle(scene, place, np.ones(len(scene.place), dtype=bool), ROUNDS)
        if not bool((np.abs(place[:2]) < MOST_TURN).all()):
            return None
    assert scene is not None
    return Mirror(left=_normal(scene, place), error=_jackknife(scene, place))


def _make_scene(images: Images, frame: Points, where: tuple[Points, float], sigma: float) -> _Scene:
    middle, width = where
    spacing, shape = np.array(images.spacing), np.array(images.body.shape)
    reach = np.ceil((REACH * width + 4.0 * sigma) / spacing).astype(np.int64)
    at = np.rint(images.index_of(middle)).astype(np.int64)
    low = np.clip(at - reach, 0, shape - 1)
    high = np.clip(at + reach + 1, low + 1, shape)
    stride = np.maximum(np.rint(STEP_MM / spacing), 1).astype(np.int64)
    x, y, z = (slice(int(a), int(b), int(s)) for a, b, s in zip(low, high, stride, strict=True))
    field = np.clip(images.plain[x, y, z], DARK, BRIGHT)
    field = ndimage.gaussian_filter(field, sigma / (spacing * stride))
    slope = sum(np.square(part) for part in np.gradient(field, *(spacing * stride)))
    index = np.indices(field.shape).reshape(3, -1).T
    away = images.position_of((index * stride + low).astype(np.float64)) - middle
    near = (np.linalg.norm(away, axis=1) < REACH * width) & (away @ frame[1] < TOP * width)
    index, away = index[near], away[near]
    steep = slope[tuple(index.T)]
    keep = steep >= np.quantile(steep, 1.0 - EDGE_SHARE) if len(steep) else near[:0]
    index, away = index[keep], away[keep]
    thin = slice(None, None, max(len(index) // MOST_POINTS, 1))
    return _Scene(
        images=images,
        field=field,
        corner=low,
        stride=stride,
        middle=middle,
        frame=frame,
        place=away[thin],
        value=field[tuple(index[thin].T)].astype(np.float64),
    )


def _normal(scene: _Scene, turn: Points) -> Points:
    left = scene.frame[0] + turn[0] * scene.frame[1] + turn[1] * scene.frame[2]
    result: Points = left / np.linalg.norm(left)
    return result


def _differences(scene: _Scene, turn: Points, used: NDArray[np.bool_]) -> Points:
    """Value at each point less that at its mirror image; turn : tilt to long, to facing, and
    shift along left in units of 100 mm.
    """
    left = _normal(scene, turn)
    place = scene.place[used]
    mirrored = place - 2.0 * (place @ left - 100.0 * turn[2])[:, None] * left
    index = (scene.images.index_of(mirrored + scene.middle) - scene.corner) / scene.stride
    seen = ndimage.map_coordinates(
        scene.field, index.T, output=np.float64, order=1, mode="constant", cval=DARK
    )
    result: Points = scene.value[used] - seen
    return result


def _settle(scene: _Scene, turn: Points, used: NDArray[np.bool_], rounds: int) -> Points:
    """Gauss and Newton's steps to the least differences, large ones weighed down."""
    for _ in range(rounds):
        here = _differences(scene, turn, used)
        slopes = np.stack(
            [
                (
                    _differences(scene, turn + STEP * unit, used)
                    - _differences(scene, turn - STEP * unit, used)
                )
                / (2.0 * STEP)
                for unit in np.eye(3)
            ],
            axis=1,
        )
        weight = 1.0 / (1.0 + (here / SOFT) ** 2)
        normal = slopes.T @ (weight[:, None] * slopes)
        turn = turn - np.linalg.solve(normal + 1e-9 * np.eye(3), slopes.T @ (weight * here))
    return turn


def _jackknife(scene: _Scene, turn: Points) -> float:
    """Standard deviation (degrees) of the normal, sectors of the profile left out in turn."""
    around = np.arctan2(scene.place @ scene.frame[1], scene.place @ scene.frame[2])
    order = np.argsort(np.argsort(around, kind="stable"), kind="stable")
    sector = order * SECTORS // max(len(order), 1)
    turns = np.stack([_settle(scene, turn, sector != number, 3) for number in range(SECTORS)])
    spread = (SECTORS - 1.0) / SECTORS * ((turns - turns.mean(axis=0)) ** 2).sum(axis=0)
    return float(np.degrees(np.sqrt(spread[:2].mean())))
