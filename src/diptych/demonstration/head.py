"""A real head read into the few fields that a twin is made of: cavity, skin, tissue values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from diptych.kernels.components import label_components
from diptych.kernels.distance import measure_distance
from diptych.model import Volume
from diptych.model.checks import require

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

_STEP = 1.5
_CUBE = (_STEP, _STEP, _STEP)
_EROSION = 14.0
_DRAWN_EROSION = 9.0
_BRIGHTNESS, _INFANT_BRIGHTNESS = 1.9, 2.3
"""Times half of Otsu's threshold: where brain begins in a T1 image."""
_FEW = 13
_LEVEL = 6.0
_FRONTAL_RISE = 23.0
_ADULT, _LEAST_ADULT = 555.0, 470.0
"""Head circumference, mm: an adult's, and below which a head is taken for an infant's."""
GREY, WHITE, FLUID = 38.0, 30.0, 8.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """A regular grid along the axes of its frame: origin (3,) mm, step mm, shape."""

    origin: NDArray[np.float64]
    step: float
    shape: tuple[int, int, int]

    def sample(
        self, field: Field, points: NDArray[np.float64], *, order: int = 1
    ) -> NDArray[np.float32]:
        """Values of `field` at points (3, ...) mm; the edge value outside."""
        extra = (1,) * (points.ndim - 1)
        index = (points - self.origin.reshape((3, *extra))) / self.step
        values: NDArray[np.float32] = ndimage.map_coordinates(
            field, index, order=order, mode="nearest", output=np.float32
        )
        return values

    def overshoot(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far points (3, ...) lie outside the grid's box, mm; negative inside."""
        away = np.full(points.shape[1:], -np.inf)
        for axis in range(3):
            low = self.origin[axis]
            high = low + self.step * (self.shape[axis] - 1)
            away = np.maximum(away, np.maximum(low - points[axis], points[axis] - high))
        return away

    def coordinates(self) -> NDArray[np.float64]:
        """Positions of all grid points, (3, I, J, K) mm."""
        axes = [self.origin[a] + self.step * np.arange(self.shape[a]) for a in range(3)]
        return np.stack(np.meshgrid(*axes, indexing="ij"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """One adult head in its own frame: LPS axes, origin in the middle of the cavity, mm.

    cavity, skin : signed distance to the inner table and to the skin, negative inside
    inside : CT value of the brain or CSF at each point of the cavity, HU
    outside : CT value of face and base outside the cavity, HU
    base : height (S coordinate) of the lower end of the cavity, mm
    has_sulci : whether `inside` shows sulci of its own
    shows_bone : whether the image itself shows bone (a CT); else `outside` is a guess
    """

    grid: Grid
    cavity: Field
    skin: Field
    inside: Field
    outside: Field
    base: float
    has_sulci: bool
    shows_bone: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """How a cavity is found: erosion in mm, brightness of brain in half Otsu thresholds."""

    erosion: float
    brightness: float


def read_head(volume: Volume) -> Head:
    """The head in `volume`: a T1 image (modality "MR") or a CT (modality "CT").

    The cavity is found by eroding the soft tissue inside the skull until only the brain
    is left in one piece, growing it back, and closing it below at the narrowest level
    (about the foramen magnum). A nodding head is levelled first: the floor of the
    frontal fossa must lie about 23 mm above the lowest level of the cavity. The head of an
    infant is enlarged to an adult's size first, since all these lengths are an adult's.
    InputError when no head is found.
    """
    given = volume
    volume = _enlarge(volume)
    habit = _choose_habit(given, enlarged=volume is not given)
    values, grid, skin, cavity = _find_head(volume, habit)
    pitch = _pitch_of(cavity)
    if abs(pitch) > _LEVEL:
        values, grid, skin, cavity = _find_head(_nod(volume, pitch), habit)
    return _assemble(values, grid, skin, cavity, volume)


def _enlarge(volume: Volume) -> Volume:
    """The volume, blown up when its head is far smaller round than an adult's."""
    values, _ = _resample(volume)
    mask = _head_mask(values > _skin_level(values, volume.modality))
    top = int(np.nonzero(mask.any(axis=(0, 1)))[0].max())
    upper = mask[:, :, max(top - round(90.0 / _STEP), 0) : top]
    round_it = max(measure_girth(upper[:, :, k], _STEP) for k in range(upper.shape[2]))
    if not 0.0 < round_it < _LEAST_ADULT:
        return volume
    size = np.diag([_ADULT / round_it] * 3 + [1.0])
    return Volume(
        voxels=volume.voxels,
        affine=size @ volume.affine,
        frame_of_reference=volume.frame_of_reference,
        modality=volume.modality,
        source=volume.source,
    )


def measure_girth(section: Mask, step: float, stretch: tuple[float, float] = (1.0, 1.0)) -> float:
    """Perimeter, mm, of the ellipse with the moments of a section (I, J); 0 when empty."""
    where = np.argwhere(section) * step * np.asarray(stretch)
    if len(where) < 9:
        return 0.0
    b, a = 2.0 * np.sqrt(np.linalg.eigvalsh(np.cov(where.T)))
    ratio = 3.0 * ((a - b) / (a + b)) ** 2
    return float(np.pi * (a + b) * (1.0 + ratio / (10.0 + np.sqrt(4.0 - ratio))))


def _skin_level(values: Field, modality: str) -> float:
    return -300.0 if modality == "CT" else 0.5 * _otsu(values)


def _choose_habit(volume: Volume, *, enlarged: bool) -> _Habit:
    """Label maps have no noise and a thin brain stem: less erosion parts brain and face. In an
    infant's T1 the skull is hardly darker than the brain: the threshold lies higher.
    """
    drawn = volume.modality == "CT" and len(np.unique(volume.voxels[::2, ::2, ::2])) < _FEW
    return _Habit(
        erosion=_DRAWN_EROSION if drawn else _EROSION,
        brightness=_INFANT_BRIGHTNESS if enlarged else _BRIGHTNESS,
    )


def _find_head(volume: Volume, habit: _Habit) -> tuple[Field, Grid, Mask, Mask]:
    values, grid = _resample(volume)
    ct = volume.modality == "CT"
    level = _skin_level(values, volume.modality)
    skin = _head_mask(values > level)
    if ct:
        soft = (values > -20.0) & (values < 120.0)
        cavity = _cavity_mask(skin, soft, soft, habit.erosion, source=volume.source)
    else:  # blurred first, so that sulci and fissures do not cut the brain into pieces
        bright = habit.brightness * level
        whole = ndimage.gaussian_filter(values, 2.5 / _STEP) > bright
        cavity = _cavity_mask(skin, whole, values > bright, habit.erosion, source=volume.source)
    return values, grid, skin, cavity


def _pitch_of(cavity: Mask) -> float:
    """How far the head nods backwards, degrees, from the slope of the cavity's floor."""
    where = np.argwhere(cavity)
    low, high = where.min(axis=0), where.max(axis=0)
    length = float(high[1] - low[1])
    middle = round(0.5 * float(low[0] + high[0]))
    rows = slice(low[1] + int(0.15 * length), low[1] + int(0.28 * length))
    front = cavity[middle - 12 : middle + 13, rows]
    floor = float(np.median(front.argmax(axis=2)[front.any(axis=2)]))
    rise = (floor - float(low[2])) * _STEP - _FRONTAL_RISE
    return float(np.degrees(np.arctan2(rise, 0.6 * length * _STEP)))


def _nod(volume: Volume, pitch: float) -> Volume:
    """The volume with its head turned by `pitch` degrees about the L axis, face down."""
    angle = np.radians(pitch)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return Volume(
        voxels=volume.voxels,
        affine=turn @ volume.affine,
        frame_of_reference=volume.frame_of_reference,
        modality=volume.modality,
        source=volume.source,
    )


def _resample(volume: Volume) -> tuple[Field, Grid]:
    shape = np.array(volume.shape)
    corners = np.stack(np.meshgrid(*[(0.0, float(n - 1)) for n in shape], indexing="ij"), axis=-1)
    ends = volume.to_lps(corners.reshape(-1, 3))
    low, high = ends.min(axis=0), ends.max(axis=0)
    size = np.ceil((high - low) / _STEP).astype(int) + 1
    inverse = np.linalg.inv(volume.affine)
    voxels = volume.voxels.astype(np.float32)
    values = ndimage.affine_transform(
        voxels,
        inverse[:3, :3] * _STEP,
        inverse[:3, :3] @ low + inverse[:3, 3],
        tuple(size.tolist()),
        order=1,
        cval=float(voxels.min()),
    )
    grid = Grid(origin=low, step=_STEP, shape=(int(size[0]), int(size[1]), int(size[2])))
    return ndimage.gaussian_filter(values, 0.5), grid


def _otsu(values: Field) -> float:
    return float(threshold_otsu(values[::2, ::2, ::2]))


def _head_mask(above: Mask) -> Mask:
    mask = _largest(ndimage.binary_opening(above, iterations=2))
    wide = np.pad(mask, 8, mode="edge")
    near = measure_distance(~wide, _CUBE) < 7.0
    wide = measure_distance(near, _CUBE) > 7.0
    mask = wide[8:-8, 8:-8, 8:-8] | mask
    floor = np.concatenate([np.ones_like(mask[:, :, :1]), mask], axis=2)
    filled: Mask = ndimage.binary_fill_holes(floor)[:, :, 1:]
    return filled


def _cavity_mask(skin: Mask, whole: Mask, soft: Mask, erosion: float, *, source: str) -> Mask:
    floor = np.concatenate([skin[:, :, :1], skin], axis=2)
    depth = measure_distance(floor, _CUBE)[:, :, 1:]
    core = (depth > 9.0) & whole
    seed = measure_distance(core, _CUBE) > erosion
    require(
        bool(seed.any()),
        f"no brain found in {source!r}",
        remedy="give a T1 or CT volume of a whole head, vertex included",
    )
    grown = (measure_distance(~_largest(seed), _CUBE) < erosion + 3.0) & core & soft
    grown[:, :, : _narrowest_level(grown)] = False
    closed = measure_distance(~np.pad(grown, 12), _CUBE) < 9.0
    shut = measure_distance(closed, _CUBE) > 8.0
    filled: Mask = ndimage.binary_fill_holes(shut)[12:-12, 12:-12, 12:-12]
    return _rounded(filled & (depth > 7.0), 10.0)


def _rounded(mask: Mask, radius: float) -> Mask:
    """`mask` without corners sharper than `radius` mm."""
    core = measure_distance(mask, _CUBE) > radius
    result: Mask = measure_distance(~core, _CUBE) < radius
    return result


def _narrowest_level(mask: Mask) -> int:
    areas = ndimage.gaussian_filter1d(mask.sum(axis=(0, 1)).astype(float), 2.0)
    top = int(np.nonzero(areas > 0)[0].max())
    widest = int(np.argmax(areas * (np.arange(len(areas)) > top - round(110.0 / _STEP))))
    low = max(top - round(150.0 / _STEP), 0)
    return low + int(np.argmin(areas[low : max(widest, low + 1)]))


def _largest(mask: Mask) -> Mask:
    pieces = label_components(mask)
    if pieces.count == 0:
        return mask
    result: Mask = pieces.labels == 1 + int(pieces.sizes[1:].argmax())
    return result


def signed_distance(mask: Mask, step: float, smooth: float) -> Field:
    """Signed distance to the edge of `mask`, mm, negative inside, smoothed by `smooth` mm."""
    cube = (step, step, step)
    field = measure_distance(~mask, cube) - measure_distance(mask, cube)
    result: Field = ndimage.gaussian_filter(field, smooth / step)
    return result


def _assemble(values: Field, grid: Grid, skin: Mask, cavity: Mask, volume: Volume) -> Head:
    where = np.argwhere(cavity)
    low, high = where.min(axis=0), where.max(axis=0)
    middle = grid.origin + _STEP * 0.5 * (low + high)
    ct = volume.modality == "CT"
    skin_field = signed_distance(skin, _STEP, 1.0)
    inside, outside = _values_of_ct(values) if ct else _values_of_t1(values, cavity, skin_field)
    distance = signed_distance(cavity, _STEP, 2.0)
    return Head(
        grid=Grid(origin=grid.origin - middle, step=_STEP, shape=grid.shape),
        cavity=distance,
        skin=skin_field,
        inside=inside,
        outside=outside,
        base=float((low[2] - high[2]) * _STEP / 2.0),
        shows_bone=ct,
        has_sulci=(not ct) and _texture(values, distance) > 0.11,
        source=volume.source,
    )


def _texture(values: Field, cavity: Field) -> float:
    """How strongly values change within 3 mm under the surface of the brain, as a share of
    their mean: large when sulci are seen, small in a mean of many heads.
    """
    shell = (cavity < -7.0) & (cavity > -16.0)
    detail = values - ndimage.gaussian_filter(values, 3.0 / _STEP)
    return float(detail[shell].std() / values[shell].mean())


def _values_of_ct(values: Field) -> tuple[Field, Field]:
    smooth = ndimage.gaussian_filter(np.clip(values, 0.0, 60.0), 1.0)
    inside = np.clip(smooth, FLUID, GREY).astype(np.float32)
    soft = np.minimum(values, 150.0)
    return inside, (soft + 0.55 * (values - soft)).astype(np.float32)


def _values_of_t1(values: Field, cavity: Mask, skin: Field) -> tuple[Field, Field]:
    deep = values[cavity & (skin < -25.0)]
    grey, white = np.percentile(deep, [25.0, 80.0])
    dark = 0.45 * grey
    inside = np.interp(values, [dark, 0.60 * grey, 0.80 * grey, white], [FLUID, FLUID, GREY, WHITE])
    outside = np.interp(
        values,
        [0.5 * dark, 1.3 * dark, 1.1 * white, 1.5 * white],
        [420.0, 45.0, 40.0, -60.0],
    )
    near = np.clip((skin + 6.0) / 3.0, 0.0, 1.0)
    outside = np.where(outside > 45.0, 45.0 + (outside - 45.0) * (1.0 - near), outside)
    return inside.astype(np.float32), outside.astype(np.float32)
