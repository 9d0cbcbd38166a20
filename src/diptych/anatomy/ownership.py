"""Whose each voxel is: a minimum cut from both territories along septum, plate and suture."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.anatomy.images import Box, FloatGrid, Images, Mask
from diptych.anatomy.sheets import (
    SHEET_STRENGTH,
    expect_film,
    expect_sheet,
    find_films,
    find_sheets,
)
from diptych.anatomy.territory import Territory
from diptych.anatomy.tissues import Compartments
from diptych.kernels.abreast import run_abreast
from diptych.kernels.distance import measure_distance, nearest_index
from diptych.kernels.mincut import minimum_cut
from diptych.kernels.slabs import cut_slabs
from diptych.model import InputError
from diptych.tables import SourcedTable

PRICE_FREE, PRICE_SHEET = 1000.0, 10.0
PRICE_VESSEL, PRICE_SOFT = 80.0, 200.0
PRICE_BONE, PRICE_FILM = 60.0, 60.0
NO_SEPTUM, FILM_REACH_MM = 0.55, 5.0
"""Share of a whole septum's strength below which the boundary looks for fluid, and how far."""
PLATE_DEPTH_MM, PLATE_DEPTH_VOXELS, PLATE_DEPTH_T1_MM = 2.5, 2.1, 3.5
"""Bone farther than both from what is neither bone nor cavity is not vault: it is a plate between
the cavities (assumed, for infants' vaults of 2 to 3 mm; of a thicker one the inner part counts as
plate). With more the plate's rim counts as vault, where its middle is dear: of two generated
partial pairs (1 mm) 1.01 and 1.02 % of the map were wrong with 3.5 mm, 0.86 and 0.87 with this;
two total ones were 0.01 % worse. The blurred edge of the vault is two voxels wide: of four pairs
of 1.5 mm 0.87 to 1.18 % were wrong with the millimetres alone, 0.82 to 1.04 with both. In a T1
image, where fluid is as dark as bone, what counts as bone begins less surely: 3.67 % of a partial
pair were wrong with 2.5 mm, 3.33 with 3.5."""
SEEN_OVER_MM = 2.5
"""Over how much of the boundary the septum's strength is averaged: noise is narrower."""
DEEP_MM, AWAY = 4.0, 1e-4
"""What is so far from bone, and so little touched by that averaging, is away from septa."""
CLEAR_SHARE, UNCLEAR_SHARE = 0.9, 0.5
"""Share of a whole septum's strength above which it is seen, below which it is not."""
HALF_CLEAR = 0.5 * (CLEAR_SHARE + UNCLEAR_SHARE)
FILM_SHARE, NO_FILM_SHARE = 0.6, 0.3
"""The same of the fluid between two brains, which furrows make uneven."""

Codes = NDArray[np.uint8]
Prices = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sides:
    """side : 1 A, 2 B, 0 air, uint8; inner : inside the vault; sheet : strength;
    faces : voxels next to the other side; confidence : 0..100, uint8;
    seen : at faces inside the vault, how strong a septum shows, as share of a whole one;
    film : strength of dark sheets; wet : at the same faces, how strong a film of fluid shows.
    """

    side: NDArray[np.uint8]
    inner: Mask
    sheet: FloatGrid
    faces: Mask
    confidence: NDArray[np.uint8]
    seen: FloatGrid | None = None
    film: FloatGrid | None = None
    wet: FloatGrid | None = None

    @property
    def clear(self) -> Mask:
        """Faces where the images show the boundary: outside the vault, or on a septum."""
        return self.clear_from(HALF_CLEAR)

    def clear_from(self, share: float) -> Mask:
        """The same for a septum that shows at least this share of a whole one's strength."""
        assert self.seen is not None
        return np.asarray(self.faces & ((self.seen >= share) | ~self.inner))

    @property
    def fluid(self) -> Mask:
        """Faces inside the vault where fluid shows between the twins, septum or not."""
        assert self.wet is not None
        half = 0.5 * (FILM_SHARE + NO_FILM_SHARE)
        return np.asarray(self.faces & self.inner & (self.wet >= half))


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryError:
    """How far off the boundary may lie where a septum is seen and outside the vault (voxel
    edges), where only fluid parts the brains, and where nothing shows it (mm): a voxel at
    that distance is wrong with a chance of 1/(2e), at twice the distance of 1/(2e^4).
    """

    seen: float
    outside: float
    film: float
    unseen: float


def read_errors(table: SourcedTable, noise: float) -> BoundaryError:
    """The errors that the classification table holds, for images with that noise (HU)."""
    grown = 1.0 + table.value("boundary-error-noise") * noise
    return BoundaryError(
        seen=grown * table.value("boundary-error-seen"),
        outside=table.value("boundary-error-outside"),
        film=grown * table.value("boundary-error-film"),
        unseen=table.value("boundary-error-unseen"),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """What a case's boundary is sought in."""

    images: Images
    parts: Compartments
    territory: Territory
    errors: BoundaryError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """inner : inside the vault; sheet, film : strength of bright and of dark sheets."""

    inner: Mask
    sheet: FloatGrid
    film: FloatGrid


def divide_tissue(
    images: Images, parts: Compartments, territory: Territory, errors: BoundaryError
) -> Sides:
    """The side of each voxel of the body.

    The boundary is the surface of least total price between the two territories. It is
    cheap along sheets inside the vault (dura between two layers of CSF, or a bony plate),
    along gaps of the bone, and where the scalp is thin; brain is dear. Where no septum is
    seen it follows the fluid between the two brains.
    """
    inner = _find_inner(images, parts)
    field = _find_field(images, parts, inner)
    ground = Ground(images=images, parts=parts, territory=territory, errors=errors)
    return _seek(ground, field, part_seeds(territory.seeds))


def divide_again(ground: Ground, sides: Sides, said: Codes) -> Sides:
    """The sides once people have said whose some voxels are; the search starts from `sides`.

    said : (I, J, K) uint8, 0 nothing, 1 A, 2 B, 3 shared (free: the boundary runs where it
        is cheapest). What is said stands, whatever the images and the territories show.
    """
    images = ground.images
    kept = np.where(images.body, said, 0).astype(np.uint8)
    seeds = part_seeds(lay_over(ground.territory.seeds, kept))
    film = find_films(images, ground.parts) if sides.film is None else sides.film
    field = Field(inner=sides.inner, sheet=sides.sheet, film=film)
    found = _seek(ground, field, seeds, start=sides.side)
    labels = np.where((kept == 1) | (kept == 2), kept, found.side).astype(np.uint8)
    if not np.array_equal(labels, found.side):
        found = _judge(ground, field, labels)
    return replace(found, confidence=np.where(kept > 0, 100, found.confidence).astype(np.uint8))


def divide_near(ground: Ground, sides: Sides) -> Sides:
    """The sides sought anew from the ground's own seeds, beginning at `sides`."""
    images, parts = ground.images, ground.parts
    field = _find_field(images, parts, sides.inner)
    return _seek(ground, field, part_seeds(ground.territory.seeds), start=sides.side)


def _find_field(images: Images, parts: Compartments, inner: Mask) -> Field:
    sheet, film = run_abreast(lambda: find_sheets(images, parts), lambda: find_films(images, parts))
    return Field(inner=inner, sheet=sheet, film=film)


def _seek(ground: Ground, field: Field, seeds: Codes, start: Codes | None = None) -> Sides:
    """The cut along sheets; then, where it found none, along films of fluid near by.

    Films alone would not do: a septum has one on each side, and furrows are films too.
    What a step no longer needs is let go before the next: at most one `Sides` is held here.
    """
    images = ground.images
    price = _price(images, ground.parts, field.inner, field.sheet)
    labels = _cut(price, seeds, images.spacing, start=start)
    found = _judge(ground, field, labels)
    unseen = _unseen_band(ground, found)
    if not unseen.any():
        return found
    del found
    price[unseen] = _price_film(price[unseen], field.film[unseen])
    del unseen
    labels = _cut(price, seeds, images.spacing, start=labels)
    del price
    return _judge(ground, field, labels)


def _price_film(price: Prices, film: FloatGrid) -> Prices:
    """The same prices (N,), lower where a film of that strength (N,) shows fluid."""
    wet = PRICE_FILM + PRICE_FREE / (1.0 + (film / SHEET_STRENGTH) ** 3)
    lower: Prices = np.maximum(np.minimum(price, wet), 1.0).astype(np.uint16)
    return lower


def _unseen_band(ground: Ground, sides: Sides) -> Mask:
    """Inside the vault, what lies round faces where no septum is seen."""
    assert sides.seen is not None
    if not sides.faces.any():
        return sides.faces
    away, nearest = nearest_index(~sides.faces, ground.images.spacing)
    bare = (sides.seen < NO_SEPTUM) & sides.inner & sides.faces
    near = (away < FILM_REACH_MM) & sides.inner & ~ground.parts.vessel & ground.images.body
    near[near] = bare.ravel()[nearest[near]]
    return np.asarray(near)


def lay_over(seeds: Codes, said: Codes) -> Codes:
    """Seeds (I, J, K) with what people said in place of the territories, and a free voxel
    round it where it meets the other twin's territory.
    """
    result = np.where(said == 3, 0, seeds).astype(np.uint8)
    for code in (1, 2):
        near = ndimage.binary_dilation(said == code, structure=np.ones((3, 3, 3)))
        result[near & (result == 3 - code)] = 0
    return np.where((said == 1) | (said == 2), said, result).astype(np.uint8)


def part_seeds(seeds: Codes) -> Codes:
    """Seeds (I, J, K) without those of either twin that touch the other's, corners too.

    The cut needs a free voxel between the two; where the heads lie close, territories meet.
    """
    parted = seeds.copy()
    around = np.ones((3, 3, 3))
    near = [ndimage.binary_dilation(seeds == code, structure=around) for code in (1, 2)]
    parted[((seeds == 1) & near[1]) | ((seeds == 2) & near[0])] = 0
    return parted


def _cut(
    price: Prices,
    seeds: Codes,
    spacing: tuple[float, float, float],
    start: Codes | None = None,
) -> Codes:
    """Sides of the minimum cut; which twin is the source depends on place, not on name.

    So swapping the names swaps the sides, even where several cuts have the same price.
    `start` are sides to begin from; they change the time, not the result.
    """
    _require_both(seeds, spacing)
    first = int(seeds.ravel()[int(np.argmax(seeds.ravel() > 0))])
    turned = seeds if first == 1 else _swapped(seeds)
    labels = minimum_cut(
        price,
        turned,
        neighbours=26,
        spacing=spacing,
        upper_bound_mask=None if start is None else start == first,
    ).labels
    return labels if first == 1 else _swapped(labels)


def _require_both(seeds: Codes, spacing: tuple[float, float, float]) -> None:
    missing = [twin for code, twin in ((1, "A"), (2, "B")) if not (seeds == code).any()]
    if missing:
        raise InputError(
            f"no tissue was found that is surely twin {' or twin '.join(missing)}'s own, in voxels"
            f" of {max(spacing):.1f} mm",
            remedy="mark the Frankfurt points of both twins, say whose some tissue is with"
            " --seeds, or give images of 2 mm or finer",
        )


def _swapped(codes: Codes) -> Codes:
    result: Codes = np.array([0, 2, 1], dtype=np.uint8)[codes]
    return result


def _find_inner(images: Images, parts: Compartments) -> Mask:
    outside = ~parts.cavity & ~parts.bone
    least = PLATE_DEPTH_MM if images.hull is None else PLATE_DEPTH_T1_MM
    depth = max(least, PLATE_DEPTH_VOXELS * max(images.spacing))
    away = measure_distance(~outside, images.spacing, limit=2.0 * depth)
    return np.asarray(parts.cavity | (parts.bone & (away > depth)))


def _price(images: Images, parts: Compartments, inner: Mask, sheet: FloatGrid) -> Prices:
    price = np.empty(sheet.shape, dtype=np.uint16)
    for slab in cut_slabs(sheet.shape):
        plain = images.plain[slab]
        within = PRICE_SHEET + PRICE_FREE / (1.0 + (sheet[slab] / SHEET_STRENGTH) ** 3)
        within = np.where(parts.vessel[slab], PRICE_VESSEL, within)
        shell = PRICE_BONE + np.clip(plain - 80.0, 0.0, 500.0)
        scalp = PRICE_SOFT * np.clip((plain + 1000.0) / 1040.0, 0.02, 1.0)
        hard = parts.bone[slab] | (plain > 100.0)
        whole = np.where(inner[slab], within, np.where(hard, shell, scalp))
        price[slab] = np.where(images.body[slab], np.maximum(whole, 1.0), 0.0)
    return price


def find_faces(side: NDArray[np.uint8]) -> Mask:
    """Voxels that share a face with a voxel of the other side."""
    faces = np.zeros(side.shape, dtype=bool)
    for axis in range(3):
        near, far = neighbour_slices(axis)
        meet = (side[near] != side[far]) & (side[near] > 0) & (side[far] > 0)
        faces[near] |= meet
        faces[far] |= meet
    return faces


def neighbour_slices(axis: int) -> tuple[Box, Box]:
    """All voxels that have a next one along the axis, and those next ones."""
    near, far = [slice(None)] * 3, [slice(None)] * 3
    near[axis], far[axis] = slice(None, -1), slice(1, None)
    return (near[0], near[1], near[2]), (far[0], far[1], far[2])


def find_septum(parts: Compartments, sides: Sides, share: float = HALF_CLEAR) -> Mask:
    """Voxels of the boundary inside the cavity where a septum can be seen, at this share of a
    whole one's strength.
    """
    return np.asarray(sides.clear_from(share) & parts.cavity & ~parts.vessel)


def _judge(ground: Ground, field: Field, side: Codes) -> Sides:
    """The sides with their faces, and how sure each voxel's side is."""
    images = ground.images
    faces = find_faces(side)
    within = faces & field.inner
    seen, wet = _look_along(ground, field, within)
    reach = _reach_at(faces, within, (seen, wet), ground)
    return Sides(
        side=side,
        inner=field.inner,
        sheet=field.sheet,
        film=field.film,
        faces=faces,
        confidence=_confidence(images, side, faces, reach),
        seen=seen,
        wet=wet,
    )


def _look_along(ground: Ground, field: Field, within: Mask) -> tuple[FloatGrid, FloatGrid]:
    """How strong a septum, and how strong a film of fluid shows at faces inside the vault."""
    images = ground.images
    step = float(np.mean(images.spacing))
    deep = ground.parts.cavity & ~ground.parts.vessel & (ground.parts.depth > DEEP_MM)
    septum, film = expect_sheet(step, images.contrast), expect_film(step)
    return run_abreast(
        lambda: _seen_along(images, field.sheet, within, septum, deep),
        lambda: _seen_along(images, field.film, within, film, deep),
    )


def _seen_along(
    images: Images, sheet: FloatGrid, faces: Mask, whole: float, deep: Mask
) -> FloatGrid:
    """Share of the strength of a whole one at faces, averaged along the boundary; else 0.

    Noise looks like sheets too: what it shows `deep` in the brain counts as nothing.
    """
    seen = np.zeros(sheet.shape, dtype=np.float32)
    if not faces.any():
        return seen
    sigma = SEEN_OVER_MM / np.array(images.spacing)
    block = block_round(faces, int(4.0 * sigma.max()) + 2)
    here = faces[block]
    strong = ndimage.maximum_filter(sheet[block], size=3)
    weight = ndimage.gaussian_filter(here.astype(np.float32), sigma)
    plain = strong[deep[block] & (weight < AWAY)]
    floor = float(np.median(plain)) if len(plain) else 0.0
    strong[~here] = 0.0
    total = ndimage.gaussian_filter(strong, sigma)
    along = total[here] / np.maximum(weight[here], 1e-6) - floor
    seen[block][here] = np.maximum(along, 0.0) / max(whole - floor, 1e-6)
    return seen


def block_round(mask: Mask, reach: int) -> Box:
    """The block that holds all of a mask, and `reach` voxels more to each side."""
    where = np.argwhere(mask)
    low = np.maximum(where.min(axis=0) - reach, 0).tolist()
    high = np.minimum(where.max(axis=0) + reach + 1, mask.shape).tolist()
    x, y, z = (slice(a, b) for a, b in zip(low, high, strict=True))
    return x, y, z


def _confidence(images: Images, side: Codes, faces: Mask, reach: FloatGrid) -> Codes:
    """50 at the boundary to 100 far away: 100 - 50 exp(-(d / r)^2) at distance d, with the
    reach r of the boundary's error where it is nearest.
    """
    if not faces.any():
        return np.where(side > 0, 100, 0).astype(np.uint8)
    away = to_boundary(images, side)
    _, nearest = nearest_index(~faces, images.spacing)
    sure, reaches = np.empty(side.shape, dtype=np.uint8), reach.ravel()
    for slab in cut_slabs(side.shape):
        part = 100.0 - 50.0 * np.exp(-((away[slab] / reaches[nearest[slab]]) ** 2))
        sure[slab] = np.where(side[slab] > 0, np.rint(part), 0.0)
    return sure


def _reach_at(
    faces: Mask, within: Mask, shown: tuple[FloatGrid, FloatGrid], ground: Ground
) -> FloatGrid:
    """Reach of the error at the faces, mm, shorter the better septum or fluid shows; else 0.

    within : faces inside the vault; shown : shares of a whole septum and of a whole film
    """
    step, errors = max(ground.images.spacing), ground.errors
    best = errors.seen * step
    steps = [np.log(max(value, best)) for value in (best, errors.film, errors.unseen)]
    seen, wet = (share[faces] for share in shown)
    bare = steps[2] + _rise(wet, NO_FILM_SHARE, FILM_SHARE) * (steps[1] - steps[2])
    inside = np.exp(bare + _rise(seen, UNCLEAR_SHARE, CLEAR_SHARE) * (steps[0] - bare))
    reach = np.zeros(faces.shape, dtype=np.float32)
    reach[faces] = np.where(within[faces], inside, errors.outside * step)
    return reach


def _rise(share: FloatGrid, low: float, high: float) -> FloatGrid:
    """0 up to `low`, 1 from `high` on."""
    result: FloatGrid = np.clip((share - low) / (high - low), 0.0, 1.0)
    return result


def to_boundary(images: Images, side: Codes) -> FloatGrid:
    """Distance from each voxel's middle to the faces between the sides, mm."""
    half = np.float32(0.5 * min(images.spacing))
    away = run_abreast(
        lambda: measure_distance(side != 1, images.spacing),
        lambda: measure_distance(side != 2, images.spacing),
    )
    nearer = away[0]
    np.copyto(nearer, away[1], where=side == 1)
    nearer -= half
    return nearer
