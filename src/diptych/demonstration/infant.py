"""The adult head made an infant's: smaller, thin vault, small face, its own sulci and warp."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.demonstration.head import FLUID, GREY, WHITE, Field, Grid, Head, measure_girth

BONE = 1.8
SCALP = 3.2
SHELL = BONE + SCALP
_FACE_SHRINK = 0.35
_ADULT = 545.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Infant:
    """One infant head in its own frame (LPS axes, S = long axis), mm.

    cavity, skin : signed distances, negative inside; the skin lies SHELL outside the
        cavity on the vault
    inside, outside : CT values of brain and of face and base, HU
    sulcus : signed distance to the nearest sulcal sheet, mm
    sulcal_depth : how deep the sulci reach, mm
    base : height of the lower end of the cavity; frankfurt : height of that plane
    floor : height where the neck is cut off
    shows_bone : whether `outside` rests on an image that shows bone
    """

    grid: Grid
    cavity: Field
    skin: Field
    inside: Field
    outside: Field
    sulcus: Field
    sulcal_depth: Field
    base: float
    floor: float
    frankfurt: float
    scale: float
    circumference: float
    shows_bone: bool

    @property
    def size(self) -> float:
        """Size of the head relative to an adult's of 545 mm circumference."""
        return self.circumference / _ADULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a head is reshaped.

    stretch : scale factors along L, P, S; warp : amplitude of the non-rigid warp, mm
    """

    circumference: float
    stretch: tuple[float, float, float]
    warp: float


def make_infant(head: Head, shape: Shape, stream: np.random.Generator, step: float) -> Infant:
    """The infant head of that shape on a grid of `step` mm.

    Scaled so that the skin over the vault has the wanted largest horizontal
    circumference; the vault is rebuilt along the normal of the cavity (bone 1.8 mm,
    scalp 3.2 mm) because a scaled adult vault would be three times too thick.
    """
    scale = _scale_for(head, shape)
    grid = _infant_grid(head, scale, step)
    warp = _random_warp(grid, shape.warp, stream)
    points = _adult_points(head, grid, warp, np.asarray(shape.stretch) * scale)
    cavity = _true_distance(head.grid.sample(head.cavity, points) * scale, step)
    face = head.grid.sample(head.skin, points) * scale
    base = head.base * scale * shape.stretch[2]
    frankfurt = base - 4.0 * scale
    ends = np.maximum(_outside_box(grid), head.grid.overshoot(points) * scale)
    skin = np.maximum(_infant_skin(grid, cavity, face, frankfurt), ends).astype(np.float32)
    sulcus = _sulcal_sheets(grid, stream)
    depth = _smooth_noise(grid, 12.0, stream) * 3.0 + (0.0 if head.has_sulci else 9.0)
    return Infant(
        grid=grid,
        cavity=cavity,
        skin=skin,
        inside=_brain_values(head, points, cavity, sulcus, depth),
        outside=head.grid.sample(head.outside, points),
        sulcus=sulcus,
        sulcal_depth=depth.astype(np.float32),
        base=base,
        floor=_lowest(grid, skin),
        frankfurt=frankfurt,
        scale=scale,
        circumference=shape.circumference,
        shows_bone=head.shows_bone,
    )


def _scale_for(head: Head, shape: Shape) -> float:
    perimeters = []
    for k in range(0, head.grid.shape[2], 2):
        section = head.cavity[:, :, k] < 0
        if section.any():
            perimeters.append(measure_girth(section, head.grid.step, shape.stretch[:2]))
    return (shape.circumference - 2.0 * np.pi * SHELL) / max(perimeters)


def _infant_grid(head: Head, scale: float, step: float) -> Grid:
    inside = np.argwhere(head.cavity < 0)
    low = head.grid.origin + head.grid.step * inside.min(axis=0)
    high = head.grid.origin + head.grid.step * inside.max(axis=0)
    low, high = low * scale * 1.08 - 14.0, high * scale * 1.08 + 14.0
    low[1] -= 14.0
    low[2] -= 18.0
    size = np.ceil((high - low) / step).astype(int) + 1
    return Grid(origin=low, step=step, shape=(int(size[0]), int(size[1]), int(size[2])))


def _smooth_noise(grid: Grid, scale: float, stream: np.random.Generator) -> NDArray[np.float64]:
    """Noise of unit variance whose features are about 3.5 `scale` mm wide."""
    coarse = scale / 2.0
    extent = np.asarray(grid.shape) * grid.step
    size = np.ceil(extent / coarse).astype(int) + 12
    noise = ndimage.gaussian_filter(stream.standard_normal(tuple(size)), 2.0)
    noise /= noise.std()
    index = np.meshgrid(
        *[5.0 + np.arange(n) * grid.step / coarse for n in grid.shape], indexing="ij", sparse=True
    )
    full = [np.broadcast_to(axis, grid.shape) for axis in index]
    values: NDArray[np.float64] = ndimage.map_coordinates(noise, full, order=3, mode="nearest")
    return values


def _random_warp(grid: Grid, amplitude: float, stream: np.random.Generator) -> NDArray[np.float64]:
    if amplitude == 0.0:
        return np.zeros((3, 1, 1, 1))
    return np.stack([amplitude * _smooth_noise(grid, 26.0, stream) for _ in range(3)])


def _adult_points(
    head: Head, grid: Grid, warp: NDArray[np.float64], factors: NDArray[np.float64]
) -> NDArray[np.float64]:
    points = grid.coordinates() + warp
    below = np.maximum(head.base * factors[2] + 4.0 - points[2], 0.0)
    points[2] -= _FACE_SHRINK * below**2 / (below + 12.0)
    result: NDArray[np.float64] = points / factors.reshape(3, 1, 1, 1)
    return result


def _true_distance(field: NDArray[np.float32], step: float) -> Field:
    smooth = ndimage.gaussian_filter(field, 0.7)
    slope = np.sqrt(sum(np.square(g) for g in np.gradient(smooth, step)))
    slope = ndimage.gaussian_filter(np.clip(slope, 0.4, 2.5), 1.5)
    result: Field = (smooth / slope).astype(np.float32)
    return result


def _infant_skin(grid: Grid, cavity: Field, face: NDArray[np.float32], frankfurt: float) -> Field:
    height = grid.origin[2] + grid.step * np.arange(grid.shape[2])
    ramp = np.clip((height - (frankfurt + 8.0)) / 22.0, 0.0, 1.0)
    weight = (ramp * ramp * (3.0 - 2.0 * ramp)).reshape(1, 1, -1)
    skin = weight * (cavity - SHELL) + (1.0 - weight) * face
    result: Field = np.minimum(skin, cavity - SHELL)
    return result


def _lowest(grid: Grid, skin: Field) -> float:
    inside = np.nonzero((skin < 0).any(axis=(0, 1)))[0]
    return float(grid.origin[2] + grid.step * inside.min())


def _outside_box(grid: Grid) -> NDArray[np.float64]:
    """Distance out of the grid's box, less 3 mm: where the image of the head ends."""
    away = np.full(grid.shape, -np.inf)
    for axis in range(3):
        along = grid.step * np.arange(grid.shape[axis])
        edge = 3.0 - np.minimum(along, along[::-1])
        away = np.maximum(away, edge.reshape([-1 if a == axis else 1 for a in range(3)]))
    return away


def _sulcal_sheets(grid: Grid, stream: np.random.Generator) -> Field:
    noise = _smooth_noise(grid, 5.5, stream)
    slope = np.sqrt(sum(np.square(g) for g in np.gradient(noise, grid.step)))
    slope = ndimage.gaussian_filter(slope, 2.0 / grid.step)
    result: Field = (noise / np.maximum(slope, 1e-3)).astype(np.float32)
    return result


def _brain_values(
    head: Head,
    points: NDArray[np.float64],
    cavity: Field,
    sulcus: Field,
    depth: NDArray[np.float64],
) -> Field:
    """Grey matter along surface and sulci, white deeper, fluid where the head shows it."""
    own = head.grid.sample(head.inside, points)
    near_surface = np.clip((-cavity - 5.0) / 4.0, 0.0, 1.0)
    sheet = np.maximum(np.abs(sulcus), -cavity - depth)
    from_fluid = np.minimum(-cavity - 2.0, sheet)
    grey = np.clip((4.2 - from_fluid) / 1.2, 0.0, 1.0)
    drawn = WHITE + (GREY - WHITE) * grey
    lightest = np.where(grey > 0.5, GREY, WHITE)
    blend = np.where(own < 0.5 * (FLUID + WHITE), own, 0.5 * (own + lightest))
    result: Field = (drawn + near_surface * (blend - drawn)).astype(np.float32)
    return result
