"""Thin bright sheets inside the skull: septum, bony plate, falx."""

from typing import Any

import numpy as np
from scipy import ndimage

from diptych.anatomy.images import FloatGrid, Images
from diptych.anatomy.tissues import Compartments
from diptych.kernels.sheet import bright_sheets
from diptych.kernels.slabs import cut_slabs

SHEET_SIGMA_MM, LEAST_SIGMA_VOXELS = 1.1, 0.65
"""Width of the smoothing across a sheet of 1.5 to 2 mm."""
SHEET_STRENGTH = 1.8
"""Curvature (HU per mm squared) at which a sheet is as likely as noise of 10 HU."""
CLEAR_SHEET = 2.7
VESSEL_FILL = 30.0
SLAB_SIGMA_MM, SLAB_GAIN, FLUID_FILL = 2.0, 2.2, 4.0
"""Width of a septum with its CSF (about 4.5 mm); the gain that brings its strength to that of
dura in a CT."""
SEPTUM_HALF_MM, FLUID_MM, FILM_HALF_MM, BLUR_MM = 0.75, 1.5, 1.2, 0.55
"""Two layers of an infant's dura between the fluid of both, as a scanner blurs them."""
DURA_HU, DURA_CONTRAST_HU, FLUID_HU, BRAIN_HU = 55.0, 95.0, 8.0, 36.0
FINE = 20
BRIGHTER_HU, NEAR_VOXELS = 10.0, 0.5
"""A quarter of what dura stands out against brain; and the smoothing before that is asked."""
FILM_TOP_HU, DEEP_MM = 45.0, 6.0


def find_sheets(images: Images, parts: Compartments) -> FloatGrid:
    """Strength of sheets that are brighter than brain; bone counts as a thick dura.

    Veins lie in the CSF beside the dura: they are filled as brain would look, and their
    halo is read without contrast, so that a vein is not taken for a part of the septum. A
    gyrus between two furrows is a sheet too, but no brighter than brain: it does not count.
    """
    if images.hull is not None:
        return _dark_slabs(images, parts)
    values = _soft_values(images, parts)
    level = _brain_level(values, parts)
    brighter = ndimage.gaussian_filter(values, NEAR_VOXELS)
    brighter -= level
    brighter /= BRIGHTER_HU
    np.clip(brighter, 0.0, 1.0, out=brighter)
    result = _strength(values, float(np.mean(images.spacing)))
    result *= brighter
    return result


def find_films(images: Images, parts: Compartments) -> FloatGrid:
    """Strength of dark sheets: fluid between two surfaces of brain."""
    dark = _soft_values(images, parts)
    np.minimum(dark, FILM_TOP_HU, out=dark)
    np.negative(dark, out=dark)
    return _strength(dark, float(np.mean(images.spacing)))


def _soft_values(images: Images, parts: Compartments) -> FloatGrid:
    halo = ndimage.binary_dilation(parts.vessel, iterations=1)
    values = np.empty(halo.shape, dtype=np.float32)
    for slab in cut_slabs(halo.shape):
        plain = images.plain[slab]
        blend = np.where(halo[slab], plain, _blend(plain, images.venous[slab]))
        values[slab] = np.where(parts.vessel[slab], VESSEL_FILL, np.clip(blend, -40.0, 130.0))
    return values


def _brain_level(values: FloatGrid, parts: Compartments) -> float:
    """The value of brain: the median of the cavity away from bone and vessels."""
    deep = parts.cavity & ~parts.vessel & (parts.depth > DEEP_MM)
    return float(np.median(values[deep])) if deep.any() else BRAIN_HU


def _dark_slabs(images: Images, parts: Compartments) -> FloatGrid:
    """The same of a T1 image: dura and the CSF on both sides of it are one dark slab there.

    Sulci are thinner and answer less at this width; bone is as black as a septum.
    """
    step = float(np.mean(images.spacing))
    dark = np.where(parts.vessel | parts.bone, FLUID_FILL, np.clip(images.plain, -15.0, 40.0))
    slab = bright_sheets(-dark.astype(np.float32), max(SLAB_SIGMA_MM / step, LEAST_SIGMA_VOXELS))
    return slab * np.float32(SLAB_GAIN / step**2)


def expect_sheet(step: float, contrast: bool) -> float:
    """Strength at which a whole septum without bone shows in voxels of `step` mm.

    That of a sheet drawn by its thickness, blurred and put on voxels, for what follows to be
    the same at any voxel size and contrast.
    """
    dura = _blend(DURA_HU, DURA_CONTRAST_HU) if contrast else DURA_HU
    return _expect(step, (dura, SEPTUM_HALF_MM), (FLUID_HU, SEPTUM_HALF_MM + FLUID_MM), 1.0)


def expect_film(step: float) -> float:
    """Strength at which the fluid between two brains shows where no septum parts them."""
    return _expect(step, (FLUID_HU, FILM_HALF_MM), (BRAIN_HU, 2.0 * FILM_HALF_MM), -1.0)


def _expect(
    step: float, core: tuple[float, float], coat: tuple[float, float], sign: float
) -> float:
    """Strength of a sheet: HU and half thickness (mm) of its core, and of its coat."""
    size = int(30.0 / step) | 1
    place = np.abs((np.arange(size * FINE) + 0.5) * step / FINE - 0.5 * size * step)
    line = np.where(place < coat[1], coat[0], BRAIN_HU)
    line = np.where(place < core[1], core[0], line)
    line = ndimage.gaussian_filter1d(line, BLUR_MM / step * FINE).reshape(size, FINE).mean(axis=1)
    block = np.broadcast_to(sign * line[:, None, None], (size, 9, 9)).astype(np.float32)
    return float(_strength(block, step)[2:-2, 4, 4].max())


def _blend(plain: Any, venous: Any) -> Any:
    return 0.4 * plain + 0.6 * venous


def _strength(values: FloatGrid, step: float) -> FloatGrid:
    sigma = max(SHEET_SIGMA_MM / step, LEAST_SIGMA_VOXELS)
    strength = bright_sheets(values, sigma)
    strength /= np.float32(step**2)
    return strength
