"""Thin bright sheets inside the skull: septum, bony plate, falx."""

import numpy as np
from scipy import ndimage

from diptych.anatomy.images import FloatGrid, Images
from diptych.anatomy.tissues import Compartments
from diptych.kernels.sheet import bright_sheets

SHEET_SIGMA_MM, LEAST_SIGMA_VOXELS = 1.1, 0.65
"""Width of the smoothing across a sheet of 1.5 to 2 mm."""
SHEET_STRENGTH = 1.8
"""Curvature (HU per mm squared) at which a sheet is as likely as noise of 10 HU."""
CLEAR_SHEET = 2.7
VESSEL_FILL = 30.0
SLAB_SIGMA_MM, SLAB_GAIN, FLUID_FILL = 2.0, 2.2, 4.0
"""Width of a septum with its CSF (about 4.5 mm); the gain that brings its strength to that of
dura in a CT."""


def find_sheets(images: Images, parts: Compartments) -> FloatGrid:
    """Strength of bright sheets; bone counts no brighter than a thick dura.

    Veins lie in the CSF beside the dura: they are filled as brain would look, and their
    halo is read without contrast, so that a vein is not taken for a part of the septum.
    """
    halo = ndimage.binary_dilation(parts.vessel, iterations=1)
    blend = np.where(halo, images.plain, 0.4 * images.plain + 0.6 * images.venous)
    blend = np.where(parts.vessel, VESSEL_FILL, np.clip(blend, -40.0, 130.0))
    if images.hull is not None:
        return _dark_slabs(images, parts)
    step = float(np.mean(images.spacing))
    sigma = max(SHEET_SIGMA_MM / step, LEAST_SIGMA_VOXELS)
    return bright_sheets(blend.astype(np.float32), sigma) / np.float32(step**2)


def _dark_slabs(images: Images, parts: Compartments) -> FloatGrid:
    """The same of a T1 image: dura and the CSF on both sides of it are one dark slab there.

    Sulci are thinner and answer less at this width; bone is as black as a septum.
    """
    step = float(np.mean(images.spacing))
    dark = np.where(parts.vessel | parts.bone, FLUID_FILL, np.clip(images.plain, -15.0, 40.0))
    slab = bright_sheets(-dark.astype(np.float32), max(SLAB_SIGMA_MM / step, LEAST_SIGMA_VOXELS))
    return slab * np.float32(SLAB_GAIN / step**2)
