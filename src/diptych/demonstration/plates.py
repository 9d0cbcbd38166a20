"""The plate map of an infant's vault: where sutures and the fontanelle leave the bone open."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from diptych.demonstration.head import Field, Grid
from diptych.demonstration.order import PairOrder

Points = NDArray[np.float64]

# Directions (left, posterior, superior) from the middle of the vault, left side, of an
# average infant calvaria at birth: the plates of cuMIP/cranialSutureGrowth (MIT),
# data/averageBoneSegmentationSphericalImage.mha over data/InitialShapeImage.mha.
_NASION, _BREGMA, _LAMBDA = (0.0, -1.0, -0.02), (0.0, -0.44, 0.90), (0.0, 0.98, 0.20)
_PTERION, _ASTERION = (0.79, -0.60, -0.14), (0.75, 0.43, -0.50)
LINES = {
    "metopic": (_BREGMA, (0.0, -0.63, 0.77), (0.0, -0.91, 0.40), _NASION),
    "sagittal": (_BREGMA, (0.0, 0.02, 1.0), (0.0, 0.63, 0.77), _LAMBDA),
    "coronal": (_BREGMA, (0.47, -0.48, 0.74), (0.83, -0.54, 0.08), _PTERION),
    "lambdoid": (_LAMBDA, (0.38, 0.92, -0.03), (0.61, 0.72, -0.34), _ASTERION),
    "squamosal": (_PTERION, (0.90, -0.33, -0.27), (0.95, 0.0, -0.31), _ASTERION),
}
_PITCH = np.radians(10.0)
"""That calvaria's own horizontal runs through the nasion; ours is the Frankfurt plane, which
leaves the nasion some 10 degrees below the middle of the cavity."""
WIDTHS = {
    "metopic": (1.78, 0.88),
    "sagittal": (2.38, 1.04),
    "coronal": (2.06, 0.69),
    "lambdoid": (2.29, 0.65),
    "squamosal": (2.06, 0.69),
}
"""Width, mm, mean and standard deviation over the first year: Riahinezhad, Hajizadeh and
Farghadani, J Res Med Dent Sci, "Normal cranial sutures' width in an Iranian infant population"
(302 CTs); the squamosal taken as the coronal. Narrower in Mitchell 2011,
doi:10.3174/ajnr.A2673."""
_WIDTH_LIMITS = (2.0, 4.0)
_METOPIC_CLOSES = (3.0, 9.0)
"""Months, from CT: Vu 2001, doi:10.1097/00001665-200111000-00005."""
_FONTANELLE = ((1.0, 22.0), (12.0, 10.0), (24.0, 5.0), (25.0, 0.0))
"""Months and size, mm: Wu and Li 2012, Chin J Pediatr 50(7):493-497 (93 % closed at 24)."""
_CLOSED = 0.2
_STRIDE = 0.5
_WAVE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlateMap:
    """Points (N, 3) along the open lines of one vault in the head's own frame, as a tree,
    with half the width of the gap at each, mm; names : the line of each.
    """

    tree: cKDTree
    half: NDArray[np.float64]
    names: NDArray[np.str_]

    def measure(self, own: Points, radial: NDArray[np.float64]) -> NDArray[np.float64]:
        """Signed distance, mm, of own points (3, N) to the edge of the nearest gap, negative
        inside; `radial` is each point's height above the middle of the bone.
        """
        away, index = self.tree.query(own.T)
        along = np.sqrt(np.maximum(away**2 - radial**2, 0.0))
        result: NDArray[np.float64] = along - self.half[index]
        return result


def map_plates(
    order: PairOrder, grid: Grid, cavity: Field, stream: np.random.Generator
) -> PlateMap:
    """The plate map of a vault given its cavity on a grid of the own frame."""
    points, halves, names = [], [], []
    for name, stations in LINES.items():
        sides = (1.0, -1.0) if any(station[0] for station in stations) else (1.0,)
        for side in sides:
            half = 0.5 * _draw_width(name, order.age, stream)
            directions = trace_line(stations, side)
            line = _cast(grid, cavity, _waved(directions, stream))
            width = np.full(line.shape[1], half)
            if stations[0] is _BREGMA:
                width = np.maximum(width, _fontanelle_half(line, name, order.age))
            open_ = width > _CLOSED
            points.append(line.T[open_])
            halves.append(width[open_])
            names.append(np.full(int(open_.sum()), name))
    return PlateMap(
        tree=cKDTree(np.concatenate(points)),
        half=np.concatenate(halves),
        names=np.concatenate(names),
    )


def trace_line(stations: tuple[tuple[float, float, float], ...], side: float) -> Points:
    """Unit directions (3, N), smoothed, through the stations of one side in the own frame."""
    corners = np.array(stations) * np.array([side, 1.0, 1.0])
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    along = np.linspace(0.0, len(corners) - 1.0, 240)
    raw = np.stack([np.interp(along, np.arange(len(corners)), corners[:, a]) for a in range(3)])
    soft = ndimage.gaussian_filter1d(raw, 18.0, axis=1, mode="nearest")
    hold = np.exp(-np.minimum(np.arange(240), np.arange(240)[::-1]) / 18.0)
    line = (1.0 - hold) * soft + hold * raw
    cos, sin = np.cos(_PITCH), np.sin(_PITCH)
    turned = np.stack([line[0], cos * line[1] - sin * line[2], sin * line[1] + cos * line[2]])
    result: Points = turned / np.linalg.norm(turned, axis=0)
    return result


def _draw_width(name: str, age: float, stream: np.random.Generator) -> float:
    mean, spread = WIDTHS[name]
    width = float(np.clip(stream.normal(mean, spread), *_WIDTH_LIMITS))
    if name == "metopic":
        start, end = _METOPIC_CLOSES
        width *= float(np.clip((end - age) / (end - start), 0.0, 1.0))
    return width


def _fontanelle_half(line: Points, name: str, age: float) -> NDArray[np.float64]:
    """Half-width, mm, along a line that leaves the bregma: the arm of a diamond, longest
    in front.
    """
    months, sizes = zip(*_FONTANELLE, strict=True)
    size = float(np.interp(age, months, sizes))
    reach = 0.5 * size * {"metopic": 1.35, "sagittal": 0.85, "coronal": 0.9}[name]
    if reach <= 0.0:
        return np.zeros(line.shape[1])
    away = np.linalg.norm(line - line[:, :1], axis=0)
    shape: NDArray[np.float64] = 0.5 * size * np.clip(1.0 - away / reach, 0.0, 1.0) ** 1.2
    return shape


def _waved(directions: Points, stream: np.random.Generator) -> Points:
    """The line with a little sideways play, as sutures have; its ends stay."""
    count = directions.shape[1]
    along = np.gradient(directions, axis=1)
    across = np.cross(directions.T, along.T).T
    across /= np.maximum(np.linalg.norm(across, axis=0), 1e-9)
    noise = ndimage.gaussian_filter1d(stream.standard_normal(count), 3.0, mode="nearest")
    ends = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / 12.0)
    size = _WAVE / 55.0 * ends * noise / max(float(noise.std()), 1e-9)
    result: Points = directions + across * size
    return result


def _cast(grid: Grid, cavity: Field, directions: Points) -> Points:
    """Points (3, N) where rays from the middle leave the cavity."""
    far = np.arange(10.0, 120.0, _STRIDE)
    unit = directions / np.linalg.norm(directions, axis=0)
    values = grid.sample(cavity, unit[:, :, None] * far)
    last = np.maximum(np.argmax(values > 0.0, axis=1), 1)
    row = np.arange(len(last))
    low, high = values[row, last - 1], values[row, last]
    share = np.clip(-low / np.maximum(high - low, 1e-6), 0.0, 1.0)
    line: Points = unit * (far[last - 1] + _STRIDE * share)
    return line
