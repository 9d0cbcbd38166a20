"""A T1 image read on the scale of a CT, so that one set of rules serves both.

MR values have no unit. The brightness of grey matter sets the scale; bone is the dark layer
between the brain's hull and the scalp. What is dark inside the hull is CSF.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from diptych.kernels.components import label_components
from diptych.kernels.distance import measure_distance
from diptych.kernels.mincut import minimum_cut
from diptych.kernels.resample import resample
from diptych.kernels.sheet import bright_sheets
from diptych.model import InputError, Volume

FloatGrid = NDArray[np.float32]
Mask = NDArray[np.bool_]
Spacing = tuple[float, float, float]

COARSE_MM = 1.5
"""Grid on which head and brain are found: coarse enough to forget sulci, finer than a skull."""
SCALP_MM = 4.5
"""Nothing nearer to the skin is brain: an infant's scalp and vault are about 5 mm thick."""
LEAST_DEPTH_MM, LOCAL_MM = 10.0, 20.0
LAYER_STRENGTH = 0.03
GAIN, SPREAD, FARTHEST = 4.0, 1.5, 2.3
PRICE_LEAST, PRICE_BRIGHT = 10.0, 1000.0
CLOSING_MM, LINING_MM = 9.0, 1.5
"""Half width of the sulci that are closed, and of the CSF that is kept outside the brain."""
LEAST_LUMP_ML, LEAST_SHARE = 2.0, 0.1
SHELL_MM = 12.0
"""No infant's vault, and hardly an adult's, is thicker."""
DARK, BRIGHT = 0.62, 0.72
"""Shares of grey matter's brightness: darker outside the hull is bone, brighter is brain."""
LAYER_MM, THIN_MM, BRIGHT_LAYER = 1.0, 4.0, 0.9
"""A vault thinner than a voxel is a valley of brightness close to the hull, not black."""
LEAST_PIECE = 0.03
PLATE, LEAST_PLATE_ML = 0.2, 1.0
"""Inside the hull only what is darker than CSF ever is, in pieces of some size, is bone."""
FLUID_SHARE, FLUID_HU, GREY_HU, SOFT_HU = 0.40, 8.0, 38.0, 52.0
MARROW_HU, BONE_HU, SCALP_HU, AIR_HU = 230.0, 700.0, 40.0, -1000.0
LEAST_RIM = 0.5
"""Less of the hull than this with a dark layer outside: no skull is in the image."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """plain : values on the CT's scale, HU; body : head without the air around it, cavities
    of the face filled; hull : inside of the skull; grey : the image's own brightness of grey
    matter; rim : share of the hull's surface with bone and scalp outside.
    """

    plain: FloatGrid
    body: Mask
    hull: Mask
    grey: float
    rim: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Coarse:
    values: FloatGrid
    spacing: Spacing
    step: NDArray[np.float64]


def read_t1(volume: Volume) -> Reading:
    """The T1 image as a CT would show it.

    Raises InputError when no brain is found in it, or no skull around the brain.
    """
    values = volume.voxels.astype(np.float32)
    values -= np.float32(min(float(np.percentile(values[::4, ::4, ::4], 1.0)), 0.0))
    coarse = _coarsen(values, volume.spacing)
    level = float(threshold_otsu(np.minimum(coarse.values, np.percentile(coarse.values, 99.5))))
    head = _find_head(coarse, 0.5 * level)
    brain, grey = _find_brain(coarse, head, level, volume.source)
    hull = _close_hull(brain, head, coarse)
    spacing = volume.spacing
    fine = (float(spacing[0]), float(spacing[1]), float(spacing[2]))
    whole, inside = _refine(head, coarse, values.shape), _refine(hull, coarse, values.shape)
    inside &= whole
    bone, rim = _find_bone(values, whole, inside, grey, fine)
    if rim < LEAST_RIM:
        raise InputError(
            f"{volume.source}: only {rim:.0%} of the brain's surface has a dark layer of bone"
            f" outside, expected at least {LEAST_RIM:.0%}",
            remedy="give the whole head with skull and scalp, not an image with the skull removed",
        )
    return Reading(
        plain=_on_ct_scale(values, whole, inside, bone, grey),
        body=whole,
        hull=inside & ~bone,
        grey=grey,
        rim=rim,
    )


def _coarsen(values: FloatGrid, spacing: tuple[float, ...]) -> _Coarse:
    step = np.maximum(COARSE_MM / np.array(spacing), 1.0)
    smooth = ndimage.gaussian_filter(values, np.where(step > 1.0, 0.3 * step, 0.0))
    shape = tuple(int(n) for n in np.floor((np.array(values.shape) - 1) / step) + 1)
    i, j, k = (np.array(spacing) * step).tolist()
    small = resample(smooth, np.diag(step), np.zeros(3), shape)
    return _Coarse(values=small.astype(np.float32), spacing=(i, j, k), step=step)


def _refine(mask: Mask, coarse: _Coarse, shape: tuple[int, ...]) -> Mask:
    """The mask on the grid of the image, its edge interpolated."""
    away = measure_distance(~mask, coarse.spacing) - measure_distance(mask, coarse.spacing)
    edge = np.clip(away, -50.0, 50.0).astype(np.float32)
    wide = resample(np.pad(edge, 1, mode="edge"), np.diag(1.0 / coarse.step), np.ones(3), shape)
    result: Mask = wide < 0.0
    return result


def _find_head(coarse: _Coarse, level: float) -> Mask:
    """The head with everything dark inside it, of the bright pieces of some size.

    A closed skull parts a thin scalp from the brain, so that the largest piece is not enough.
    """
    pieces = label_components(coarse.values > level)
    keep = pieces.sizes >= LEAST_PIECE * max(int(pieces.sizes[1:].max(initial=0)), 1)
    keep[0] = False
    mask = np.asarray(keep[pieces.labels])
    wide = np.pad(mask, 6, mode="edge")
    near = measure_distance(~wide, coarse.spacing, limit=12.0) < 8.0
    shut = measure_distance(near, coarse.spacing, limit=12.0) > 8.0
    closed = shut[6:-6, 6:-6, 6:-6] | mask
    filled = np.asarray(ndimage.binary_fill_holes(closed))
    for axis in range(3):  # a head cut off at a side of the image is open there
        filled |= _fill_ends(filled, axis)
    return filled


def _fill_ends(mask: Mask, axis: int) -> Mask:
    turned = np.moveaxis(mask, axis, 0).copy()
    for end in (0, -1):
        turned[end] = ndimage.binary_fill_holes(turned[end])
    filled = ndimage.binary_fill_holes(turned)
    result: Mask = np.moveaxis(filled, 0, axis)
    return result


def _find_brain(coarse: _Coarse, head: Mask, otsu: float, source: str) -> tuple[Mask, float]:
    """The brain (or both brains) on the coarse grid, and how bright its grey matter is.

    A minimum cut between deep bright lumps and the skin: the surface of least brightness is
    the skull, which narrows to the foramen magnum below.
    """
    lumps = _deep_lumps(coarse, head, otsu, source)
    grey = float(np.percentile(coarse.values[lumps], 25.0))
    depth = measure_distance(head, coarse.spacing)
    seeds = np.where(lumps & (depth > 1.5 * SCALP_MM), np.uint8(1), np.uint8(0))
    _set_ends(seeds, 2, 0)
    skin = max(0.6 * SCALP_MM, 1.01 * max(coarse.spacing))
    seeds[head & (depth < skin)] = 2
    _set_ends(seeds, 1, 2)
    seeds[~head] = 0
    shell = (depth > 2.0) & (depth < SHELL_MM)
    dark = min(float(np.percentile(coarse.values[shell], 5.0)), 0.6 * grey)
    level = _local_level(coarse, head, grey)
    bright = np.clip((coarse.values - dark) / (level - dark), 0.0, 1.0)
    layer = bright_sheets(-coarse.values / grey, 0.8) / np.mean(coarse.spacing) ** 2
    bright = PRICE_BRIGHT * bright**2 / (1.0 + (layer / LAYER_STRENGTH) ** 2)
    radius = (0.24 * float(lumps.sum()) * float(np.prod(coarse.spacing))) ** (1.0 / 3.0)
    away = measure_distance(~lumps, coarse.spacing)
    away = np.minimum(1.0 + away / radius, FARTHEST)
    price = (PRICE_LEAST + bright) * (GAIN / away**SPREAD)
    price = np.where(head, np.maximum(price, 1.0), 0.0).astype(np.int64)
    inner = minimum_cut(price, seeds, spacing=coarse.spacing).labels == 1
    return inner & (coarse.values > BRIGHT * grey), grey


def _set_ends(seeds: NDArray[np.uint8], width: int, code: int) -> None:
    """Sets the outermost planes: where the image ends inside the neck is no brain."""
    for axis in range(3):
        turned = np.moveaxis(seeds, axis, 0)
        turned[:width] = code
        turned[-width:] = code


def _local_level(coarse: _Coarse, head: Mask, grey: float) -> FloatGrid:
    """How bright tissue is round each voxel, so that a coil's fall-off does not count."""
    tissue = head & (coarse.values > 0.6 * grey)
    sigma = LOCAL_MM / np.array(coarse.spacing)
    capped = np.where(tissue, np.minimum(coarse.values, 1.4 * grey), 0.0).astype(np.float32)
    held = ndimage.gaussian_filter(capped, sigma)
    share = ndimage.gaussian_filter(tissue.astype(np.float32), sigma)
    level = held / np.maximum(share, 1e-3)
    result: FloatGrid = np.clip(level, 0.75 * grey, 1.4 * grey).astype(np.float32)
    return result


def _deep_lumps(coarse: _Coarse, head: Mask, level: float, source: str) -> Mask:
    """Bright lumps that lie deeper than anything else in the image: one in each brain."""
    depth = measure_distance(head, coarse.spacing)
    whole = ndimage.gaussian_filter(coarse.values, 3.0 / np.array(coarse.spacing)) > 0.95 * level
    deep = measure_distance((depth > SCALP_MM) & whole, coarse.spacing)
    pieces = label_components(deep > max(0.6 * float(deep.max()), LEAST_DEPTH_MM))
    amounts = pieces.sizes * float(np.prod(coarse.spacing)) / 1000.0
    amounts[0] = 0.0
    keep = amounts >= max(LEAST_LUMP_ML, LEAST_SHARE * amounts.max())
    if not keep.any():
        raise InputError(
            f"{source}: no brain was found: no bright tissue lies {LEAST_DEPTH_MM:g} mm deep and"
            " away from the skin",
            remedy="give a T1-weighted image of the whole head, vertex and scalp included",
        )
    return np.asarray(keep[pieces.labels])


def _close_hull(brain: Mask, head: Mask, coarse: _Coarse) -> Mask:
    """The brain with sulci, cisterns and ventricles closed and a lining of CSF."""
    wide = np.pad(_largest_pieces(brain), 8)
    near = measure_distance(~wide, coarse.spacing, limit=12.0) < CLOSING_MM
    shut = measure_distance(near, coarse.spacing) > CLOSING_MM - LINING_MM
    filled = np.asarray(ndimage.binary_fill_holes(shut))[8:-8, 8:-8, 8:-8]
    deep: Mask = measure_distance(head, coarse.spacing) > SCALP_MM - 0.5
    return filled & deep


def _largest_pieces(mask: Mask) -> Mask:
    pieces = label_components(mask)
    keep = pieces.sizes >= LEAST_SHARE * pieces.sizes[1:].max()
    keep[0] = False
    return np.asarray(keep[pieces.labels])


def _find_bone(
    values: FloatGrid, head: Mask, hull: Mask, grey: float, spacing: Spacing
) -> tuple[Mask, float]:
    """The dark layer outside the hull with the marrow in it, and how much of the hull it covers."""
    away = measure_distance(~hull, spacing, limit=SHELL_MM + 1.0)
    depth = measure_distance(head, spacing, limit=SCALP_MM)
    shell = head & ~hull & (away <= SHELL_MM)
    smooth = ndimage.gaussian_filter(values, 0.5)
    layer = bright_sheets(-values / grey, LAYER_MM / float(np.mean(spacing)))
    layer /= np.float32(np.mean(spacing)) ** 2
    thin = (layer > LAYER_STRENGTH) & (smooth < BRIGHT_LAYER * grey) & (away < THIN_MM)
    dark = shell & ((smooth < DARK * grey) | thin) & (depth >= 2.0)
    joined = _keep_large(dark, spacing)
    marrow = measure_distance(~joined, spacing, limit=4.0) < 2.5
    marrow = shell & (measure_distance(marrow, spacing, limit=4.0) > 2.5)
    bone = joined | marrow
    inner = (away > 0) & (away <= 1.5 * max(spacing)) & head
    outermost = depth <= max(3.0, 1.2 * max(spacing))
    skin = head & outermost & ~bone & (smooth > 0.5 * grey)
    covered = measure_distance(~bone, spacing, limit=4.0) <= 3.0
    covered &= measure_distance(~skin, spacing, limit=SHELL_MM + 9.0) <= SHELL_MM + 8.0
    rim = float(covered[inner].mean()) if inner.any() else 0.0
    plate = hull & (smooth < PLATE * grey)
    pieces = label_components(plate, neighbours=26)
    keep = pieces.sizes * float(np.prod(spacing)) >= 1000.0 * LEAST_PLATE_ML
    keep[0] = False
    return bone | np.asarray(keep[pieces.labels]), rim


def _keep_large(mask: Mask, spacing: Spacing) -> Mask:
    pieces = label_components(mask, neighbours=26)
    keep = pieces.sizes * float(np.prod(spacing)) >= 1000.0
    keep[0] = False
    return np.asarray(keep[pieces.labels])


def _on_ct_scale(values: FloatGrid, head: Mask, hull: Mask, bone: Mask, grey: float) -> FloatGrid:
    """CSF 8 HU, grey matter 38 HU, brighter tissue little more; bone the harder the blacker."""
    slope = np.float32((GREY_HU - FLUID_HU) / ((1.0 - FLUID_SHARE) * grey))
    result = values * slope
    result += np.float32(GREY_HU) - slope * np.float32(grey)
    np.clip(result, -15.0, SOFT_HU, out=result)
    result[head & ~hull] = SCALP_HU
    black = np.clip(1.0 - values[bone] / np.float32(BRIGHT_LAYER * grey), 0.0, 1.0)
    result[bone] = MARROW_HU + (BONE_HU - MARROW_HU) * black
    result[~head] = AIR_HU
    return result
