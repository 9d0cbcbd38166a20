"""The true interface between the twins: a height field w = h(p, q) over the junction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from diptych.demonstration.infant import Infant
from diptych.demonstration.order import PairOrder, random_stream
from diptych.demonstration.placement import Pose

REACH = 110.0
STEP = 1.0
_WAVES = (4.5, 2.5)
_HIGHEST, _HARD_HIGHEST = 14.0, 20.0
_HERNIA, _HARD_HERNIA = (15.0, 19.0), (21.0, 27.0)
_BRIDGE = 4.0
_PLATE_HOLES = 0.2
_LINE = np.arange(-75.0, 75.01, 1.5)
Map = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interface:
    """Maps over (p, q), each from -REACH to REACH mm in steps of STEP mm.

    height : w of the interface, mm
    slope : sqrt(1 + |grad height|^2)
    squeeze_a, squeeze_b : how far each brain's own roof stands beyond the interface, mm
        (fading outside the disc)
    overlap : how far the two cavities overlap along w, mm; positive on the disc
    gap : bool, where the septum (or, in partial types, its bony plate) is interrupted
    bridge : bool, where one brain has grown into the other (hard total types; within gap)
    area : of the disc, cm2
    bumps : what was added to the middle surface, for the record
    """

    height: Map
    slope: Map
    squeeze_a: Map
    squeeze_b: Map
    overlap: Map
    gap: NDArray[np.bool_]
    bridge: NDArray[np.bool_]
    area: float
    bumps: tuple[tuple[float, float, float, float], ...]

    def sample(self, name: str, p: Map, q: Map) -> Map:
        """The named map at (p, q) mm, linear between its points."""
        index = np.stack([(p + REACH) / STEP, (q + REACH) / STEP])
        field = getattr(self, name).astype(np.float64)
        values: Map = ndimage.map_coordinates(field, index, order=1, mode="nearest")
        return values

    def make_ruler(self) -> "Ruler":
        """A tool that measures exact distances to the surface (built once, used often)."""
        fine = np.arange(-REACH, REACH, STEP / 2.0)
        p, q = (axis.ravel() for axis in np.meshgrid(fine, fine, indexing="ij"))
        cloud = np.stack([p, q, self.sample("height", p, q)], axis=1)
        return Ruler(
            face=self,
            tree=cKDTree(cloud),
            gap=self.sample("gap", p, q) > 0.5,
            bridge=self.sample("bridge", p, q) > 0.5,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ruler:
    """Points of the interface, for distances."""

    face: Interface
    tree: cKDTree
    gap: NDArray[np.bool_]
    bridge: NDArray[np.bool_]

    def measure(
        self, points: NDArray[np.float64]
    ) -> tuple[Map, NDArray[np.bool_], NDArray[np.bool_]]:
        """Signed distance, mm, of points (3, N) to the surface (positive on A's side), whether
        the nearest piece of surface is interrupted, and whether brain has grown across it.
        Exact within 20 mm.
        """
        p, q, w = points
        away = self.face.sample("height", p, q) - w
        away = away / self.face.sample("slope", p, q)
        gap, bridge = np.zeros(len(p), dtype=bool), np.zeros(len(p), dtype=bool)
        near = np.nonzero(np.abs(away) < 20.0)[0]
        span, index = self.tree.query(points[:, near].T)
        gap[near], bridge[near] = self.gap[index], self.bridge[index]
        blend = np.clip((span - 1.0) / 0.5, 0.0, 1.0)
        away[near] = (1.0 - blend) * away[near] + blend * span * np.sign(away[near])
        return away, gap, bridge


def _plane() -> tuple[Map, Map]:
    axis = np.arange(-REACH, REACH + STEP / 2.0, STEP)
    p, q = np.meshgrid(axis, axis, indexing="ij")
    return p, q


def roof_of(infant: Infant, pose: Pose, side: int) -> Map:
    """Height w of the cavity's surface towards the other twin, over (p, q); NaN beside it.

    side : +1 for A (its roof is its highest point), -1 for B (its lowest).
    """
    p, q = _plane()
    best = np.full(p.shape, np.nan)
    before = None
    for w in side * _LINE[::-1]:
        points = np.stack([p, q, np.full(p.shape, w)])
        value = infant.grid.sample(infant.cavity, pose.backward(points))
        if before is not None:
            hit = np.isnan(best) & (value < 0) & (before >= 0)
            share = value[hit] / (value[hit] - before[hit])
            best[hit] = w + side * 1.5 * share
        before = value
    return best


def disc_area(roof_a: Map, roof_b: Map, shift: float) -> float:
    """Area, cm2, where A's roof passes B's when the heads approach by `shift` mm in all."""
    return float(np.nansum(roof_a - roof_b + shift > 0)) * STEP**2 / 100.0


def depth_for(roof_a: Map, roof_b: Map, area: float) -> float:
    """How far (mm) the heads must approach for a disc of `area` cm2, by bisection."""
    low, high = 0.0, 150.0
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if disc_area(roof_a, roof_b, middle) < area else (low, middle)
    return high


def make_interface(order: PairOrder, roof_a: Map, roof_b: Map) -> Interface:
    """The interface between two placed cavities, given their roofs.

    Half-way between the roofs, plus a bulge of A into B of 10 to 12 mm, smaller bumps,
    and a herniation of B into A of 8 to 15 mm beside it (hard: up to 20); all fade towards
    the rim, where the surface keeps a wave of two and three crests. Outside the rim it runs
    on smoothly.
    """
    stream = random_stream(order, "interface")
    overlap = np.nan_to_num(roof_a - roof_b, nan=-20.0)
    disc = _main_piece(overlap > 0)
    inward = ndimage.distance_transform_edt(disc) * STEP
    middle = _spread(0.5 * (roof_a + roof_b), disc)
    bumps = _draw_bumps(disc, inward, stream, _HARD_HERNIA if order.hard else _HERNIA)
    relief = _sum_bumps(bumps) * _fade(inward) + _draw_wave(disc, stream)
    highest = _HARD_HIGHEST if order.hard else _HIGHEST
    relief *= min(1.0, highest / _highest(middle + relief, disc))
    height = ndimage.gaussian_filter(middle + relief, 1.5)
    grad = np.gradient(height, STEP)
    gap = _draw_gap(order, disc, inward, stream)
    squeeze_a, squeeze_b = (_squeeze(side, disc) for side in (roof_a - height, height - roof_b))
    return Interface(
        height=height,
        slope=np.sqrt(1.0 + grad[0] ** 2 + grad[1] ** 2),
        squeeze_a=squeeze_a,
        squeeze_b=squeeze_b,
        overlap=np.where(disc, overlap, -1.0),
        gap=gap,
        bridge=_choose_bridge(gap) if order.hard and order.total else np.zeros_like(gap),
        area=float(disc.sum()) * STEP**2 / 100.0,
        bumps=bumps,
    )


def _main_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    result: NDArray[np.bool_] = labels == int(sizes.argmax())
    return result


def _spread(values: Map, known: NDArray[np.bool_]) -> Map:
    """`values` where known, elsewhere a smooth continuation that levels out far away."""
    filled = np.where(known, np.nan_to_num(values), 0.0)
    result = np.full(values.shape, float(filled[known].mean()))
    for width in (48.0, 24.0, 12.0, 6.0, 3.0):
        weight = ndimage.gaussian_filter(known.astype(float), width)
        total = ndimage.gaussian_filter(filled, width)
        share = np.clip(weight / 0.05, 0.0, 1.0)
        result = (1.0 - share) * result + share * total / np.maximum(weight, 1e-9)
    inside = np.clip(ndimage.distance_transform_edt(known) / 4.0, 0.0, 1.0)
    return np.where(known, inside * filled + (1.0 - inside) * result, result)


def _highest(height: Map, disc: NDArray[np.bool_]) -> float:
    """The greatest distance of the surface from the plane through it, over the disc, mm."""
    return float(np.abs(relief_of(height, disc)).max())


def relief_of(height: Map, disc: NDArray[np.bool_]) -> Map:
    """Heights over the disc above the best plane through them (least squares), mm, (N,)."""
    p, q = (axis[disc] for axis in _plane())
    system = np.stack([p, q, np.ones(p.shape)], axis=1)
    plane, *_ = np.linalg.lstsq(system, height[disc], rcond=None)
    result: Map = height[disc] - system @ plane
    return result


def _squeeze(beyond: Map, disc: NDArray[np.bool_]) -> Map:
    outward = ndimage.distance_transform_edt(~disc) * STEP
    soft = ndimage.gaussian_filter(_spread(beyond, disc), 1.5)
    result: Map = soft * np.exp(-((outward / 10.0) ** 2))
    return result


def _draw_wave(disc: NDArray[np.bool_], stream: np.random.Generator) -> Map:
    """Waves of two and three crests round the rim, nothing in the middle, fading outside."""
    p, q = _plane()
    p, q = p - p[disc].mean(), q - q[disc].mean()
    radius = float(np.sqrt(disc.sum() / np.pi)) * STEP
    share = np.hypot(p, q) / radius
    angle = np.arctan2(q, p)
    two, three = stream.uniform(0.0, 2.0 * np.pi, 2)
    size = np.minimum(share, 1.0) ** 2 * np.exp(-(np.maximum(share - 1.3, 0.0) ** 2))
    wave: Map = size * (_WAVES[0] * np.cos(2 * angle + two) + _WAVES[1] * np.cos(3 * angle + three))
    return wave


def _fade(inward: Map) -> Map:
    x = np.clip(inward / 10.0, 0.0, 1.0)
    result: Map = x * x * (3.0 - 2.0 * x)
    return result


def _draw_bumps(
    disc: NDArray[np.bool_],
    inward: Map,
    stream: np.random.Generator,
    hernia_range: tuple[float, float],
) -> tuple[tuple[float, float, float, float], ...]:
    """(p, q, width, height) of each bump: bulge, herniation, six small ones."""
    p, q = _plane()
    centre = np.array([p[disc].mean(), q[disc].mean()])
    radius = float(np.sqrt(disc.sum() / np.pi)) * STEP
    turn = stream.uniform(0.0, 2.0 * np.pi)
    way = np.array([np.cos(turn), np.sin(turn)])
    bulge = centre + 0.30 * radius * way
    hernia = centre - 0.42 * radius * way
    bumps = [
        (*bulge, 0.42 * radius, stream.uniform(13.0, 15.0)),
        (*hernia, 0.28 * radius, -stream.uniform(*hernia_range)),
    ]
    spots = np.argwhere(inward > 10.0)
    for spot in spots[stream.integers(0, len(spots), 6)]:
        size = stream.choice([-1.0, 1.0]) * stream.uniform(1.5, 3.5)
        bumps.append((*(spot * STEP - REACH), stream.uniform(6.0, 11.0), size))
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in bumps)


def _sum_bumps(bumps: tuple[tuple[float, float, float, float], ...]) -> Map:
    p, q = _plane()
    total = np.zeros(p.shape)
    for centre_p, centre_q, width, size in bumps:
        total += size * np.exp(-((p - centre_p) ** 2 + (q - centre_q) ** 2) / (2.0 * width * width))
    return total


def _draw_gap(
    order: PairOrder, disc: NDArray[np.bool_], inward: Map, stream: np.random.Generator
) -> NDArray[np.bool_]:
    noise = ndimage.gaussian_filter(stream.standard_normal(disc.shape), 7.0 / STEP)
    wanted = round((order.interrupted if order.total else _PLATE_HOLES) * float(disc.sum()))
    if wanted == 0:
        return np.zeros_like(disc)
    noise = np.where(inward > 7.0, noise, -np.inf)
    limit = np.sort(noise.ravel())[-wanted]
    result: NDArray[np.bool_] = noise >= limit
    return result


def _choose_bridge(gap: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest hole of the septum, less 4 mm along its rim, where brain has grown across;
    its deepest part where it is narrower than that.
    """
    hole = _main_piece(gap)
    inward = ndimage.distance_transform_edt(hole) * STEP
    result: NDArray[np.bool_] = inward > min(_BRIDGE, 0.5 * float(inward.max()))
    return result
