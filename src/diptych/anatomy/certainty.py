"""How sure the tissue of each voxel is: how far its value lies from what would change it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtr

from diptych.anatomy.images import FloatGrid, Images, Mask
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.tissues import Compartments, read_soft
from diptych.model import Tissue

ABOVE_FLUID_HU, SPREAD_FLUID_HU, SPREAD_FLUID_MR = 3.0, 4.3, 3.0
"""Where brain and CSF are equally likely, above the threshold between them; and how sharply."""
BRIGHT_BRAIN_HU = 55.0
"""Brighter than brain ever is: a voxel shared with dura, bone or a vessel."""
SPREAD_BONE_HU, SPREAD_SOFT_HU = 15.0, 20.0
LEAST_BONE = 0.4
"""A vault thinner than a voxel is bone in less than half of a voxel; it is kept as bone."""
SPREAD_AIR_HU = 90.0
LUMEN_EDGE, SPREAD_LUMEN = 0.52, 0.09
LINING_MM, CLOSING, RAISED, SEPTUM = 0.65, 0.4, 0.15, 0.75
"""Thickness of the dura on bone; how often a gap's membrane and an enhancing sheet were dura."""
DARK_EDGE, DARK_BONE, DARK_SOFT = 0.5, 0.93, 0.96
"""Of a T1 image: bone at its edge and inside, and tissue outside the hull."""


def rate_tissues(
    images: Images, parts: Compartments, codes: NDArray[np.uint8], policy: AnatomyPolicy
) -> NDArray[np.uint8]:
    """Per cent, uint8, that each voxel (I, J, K) of the box is the tissue that it is called.

    From the distance of its value to the thresholds, in units of noise and partial volume,
    and from the thickness of what is thinner than a voxel. Checked against the truth of
    generated pairs; air far from the heads is sure.
    """
    sure = np.ones(codes.shape, dtype=np.float32)
    _rate_air(sure, images, codes, policy)
    _rate_bone(sure, images, codes, policy)
    spread = SPREAD_FLUID_HU if images.hull is None else SPREAD_FLUID_MR
    smooth, fluid = read_soft(images, parts, policy)
    margin = smooth - np.float32(fluid + ABOVE_FLUID_HU)
    _rate_fluid(sure, margin / np.float32(spread), codes)
    bright = (codes == Tissue.BRAIN) & (smooth > BRIGHT_BRAIN_HU - 3.0 * SPREAD_FLUID_HU)
    beside = ndtr((BRIGHT_BRAIN_HU - smooth[bright]) / SPREAD_FLUID_HU)
    sure[bright] = np.minimum(sure[bright], beside)
    _rate_dura(sure, images, parts, codes)
    _rate_vessels(sure, parts, codes)
    result: NDArray[np.uint8] = np.rint(100.0 * np.clip(sure, 0.0, 1.0)).astype(np.uint8)
    return result


def _rate_air(
    sure: FloatGrid, images: Images, codes: NDArray[np.uint8], policy: AnatomyPolicy
) -> None:
    if images.hull is not None:
        sure[images.body & (codes == Tissue.SKIN)] = DARK_SOFT
        return
    rim = (codes == Tissue.AIR) | (codes == Tissue.SKIN)
    rim &= np.abs(images.plain - policy.air) < 3.0 * SPREAD_AIR_HU
    away = np.abs(images.plain[rim] - policy.air)
    sure[rim] = ndtr((away + SPREAD_AIR_HU) / SPREAD_AIR_HU)


def _rate_bone(
    sure: FloatGrid, images: Images, codes: NDArray[np.uint8], policy: AnatomyPolicy
) -> None:
    bone = codes == Tissue.BONE
    if images.hull is not None:
        inner = ndimage.binary_erosion(bone)
        sure[bone] = np.where(inner[bone], DARK_BONE, DARK_EDGE)
        return
    if not bone.any():
        return
    middle = 0.5 * (float(np.percentile(images.plain[bone], 90.0)) + 40.0)
    middle = max(middle, policy.bone + SPREAD_BONE_HU)
    values = images.plain[bone]
    inner = ndimage.binary_erosion(bone)[bone]
    share = np.maximum(ndtr((values - middle) / SPREAD_BONE_HU), LEAST_BONE)
    sure[bone] = np.where(inner, 1.0, share)
    near = ~bone & (codes != Tissue.VESSEL) & (images.plain > policy.bone - 110.0)
    below = (policy.bone - images.plain[near]) / SPREAD_SOFT_HU
    sure[near] = 1.0 / (1.0 + np.exp(-np.maximum(below, 0.0) + 0.25))


def _rate_fluid(sure: FloatGrid, margin: FloatGrid, codes: NDArray[np.uint8]) -> None:
    brain, fluid = codes == Tissue.BRAIN, codes == Tissue.CSF
    sure[brain] = ndtr(margin[brain])
    sure[fluid] = ndtr(-margin[fluid])


def _rate_dura(
    sure: FloatGrid, images: Images, parts: Compartments, codes: NDArray[np.uint8]
) -> None:
    step = min(images.spacing)
    dura = codes == Tissue.DURA
    lining = dura & parts.cavity & (parts.depth <= 1.05 * step)
    sure[dura] = RAISED
    sure[dura & ~parts.cavity] = CLOSING
    sure[lining] = min(LINING_MM / step, 1.0)


def rate_septum(sure: NDArray[np.uint8], septum: Mask) -> None:
    """Sets the confidence of dura where the boundary of the twins runs along a clear sheet."""
    sure[septum] = round(100.0 * SEPTUM)


def _rate_vessels(sure: FloatGrid, parts: Compartments, codes: NDArray[np.uint8]) -> None:
    vessel = codes == Tissue.VESSEL
    if not vessel.any():
        return
    full = float(np.percentile(parts.rise[vessel], 80.0))
    share = parts.rise[vessel] / max(full, 1.0)
    sure[vessel] = ndtr((share - LUMEN_EDGE) / SPREAD_LUMEN)
