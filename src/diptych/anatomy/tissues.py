"""What each voxel is: air, skin, bone, dura, CSF, brain or vessel."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.anatomy.filling import calm_contrast, find_rims, find_vessels
from diptych.anatomy.images import FloatGrid, Images, Mask
from diptych.anatomy.policy import AnatomyPolicy
from diptych.kernels.components import label_components
from diptych.kernels.distance import measure_distance
from diptych.kernels.flood import flood
from diptych.model import InputError, Tissue

RAYS = 26
ENCLOSED = 0.8
"""Share of rays that must meet bone for a lump to lie inside a skull."""
BARELY_ENCLOSED = 0.6
"""Enough for the best lump where none is enclosed as well: two skulls at an angle, seen at
coarse voxels from one point between them, leave wide gaps towards both necks.
"""
LIKE_SIZE = 0.4
"""The deep parts of two brains are at least so alike in volume."""
LEAST_LUMP_ML = 15.0
REACH_MM = 40.0
"""No part of the cavity is farther from a deep lump than this."""
FLOOD_MM = 1.0 / 64.0
"""Depths closer than this count as equal."""
SOFT_SIGMA, NOISY_SIGMA, NOISY_HU = 0.6, 1.0, 2.1
"""Smoothing in voxels; the wider where neighbours still differ by more than that median."""
DEEP_MM, BELOW_BRAIN_HU, FLUID_HU = 5.0, 9.0, 8.0
"""CSF is 15 to 30 HU darker than brain: half of the least, and something for noise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compartments:
    """Masks inside the box.

    bone, cavity (inside the skull, bone apart), vessel
    depth : mm from each voxel that is not bone to the nearest bone
    lumps : connected deep parts of the cavity, labelled from 1, 0 elsewhere
    rise : HU gained by contrast, 0 without
    calm : the same with its noise averaged out along vessels; None where it is as good
    rims : voxels round wide vessels that hold some blood, but less than half
    """

    bone: Mask
    cavity: Mask
    vessel: Mask
    depth: FloatGrid
    lumps: NDArray[np.int32]
    rise: FloatGrid
    calm: FloatGrid | None = None
    rims: Mask | None = None

    @property
    def stream(self) -> FloatGrid:
        """The contrast that vessels are followed in."""
        return self.rise if self.calm is None else self.calm

    @property
    def lumen(self) -> Mask:
        """Vessels with their rims, as they are followed."""
        return self.vessel if self.rims is None else self.vessel | self.rims


def find_compartments(images: Images, policy: AnatomyPolicy) -> Compartments:
    """Bone, intracranial space and vessels.

    The intracranial space is what a watershed on the distance to bone gives to the deep
    lumps that bone encloses; fontanelles, sutures and the foramen magnum are throats
    where it ends. Raises InputError when no lump is enclosed by bone.
    """
    rise = images.rise
    calm = calm_contrast(images, rise)
    vessel = find_vessels(images, rise, calm, policy)
    rims = find_rims(vessel, calm)
    vessel &= ~rims
    kept = None if calm is rise else calm
    bone = _find_bone(images, vessel, policy)
    if images.hull is not None:
        return replace(_inside_hull(images, images.hull, bone, vessel, rise), calm=kept, rims=rims)
    depth = measure_distance(~bone, images.spacing)
    lumps, others = _deep_lumps(images, bone, depth, policy)
    cavity = _grow_cavity(images, bone, depth, lumps, others)
    return Compartments(
        bone=bone,
        cavity=cavity,
        vessel=vessel,
        depth=depth,
        lumps=lumps,
        rise=rise,
        calm=kept,
        rims=rims,
    )


def _inside_hull(
    images: Images, hull: Mask, bone: Mask, vessel: Mask, rise: FloatGrid
) -> Compartments:
    """The same where the inside of the skull is known; depth is also that from its outside."""
    cavity = hull & ~bone
    wall = bone | (~hull & ndimage.binary_dilation(hull))
    depth = measure_distance(~wall, images.spacing)
    pieces = label_components(cavity & (depth > 0.4 * float(depth[cavity].max())))
    return Compartments(
        bone=bone, cavity=cavity, vessel=vessel, depth=depth, lumps=pieces.labels, rise=rise
    )


def _find_bone(images: Images, vessel: Mask, policy: AnatomyPolicy) -> Mask:
    bone = (images.plain > policy.bone) & images.body
    if not images.contrast:
        return bone
    mean = 0.5 * (images.plain + images.venous)
    bone = (mean > policy.bone) & images.body & ~vessel
    return np.asarray(bone | ((images.plain > policy.bone) & vessel))


def _deep_lumps(
    images: Images, bone: Mask, depth: FloatGrid, policy: AnatomyPolicy
) -> tuple[NDArray[np.int32], Mask]:
    """Labelled deep lumps inside bone, and the deep lumps that are not."""
    deep = (depth > policy.throat) & images.body
    pieces = label_components(deep)
    labels, sizes = pieces.labels, pieces.sizes * images.voxel_ml
    inside = np.zeros(pieces.count + 1, dtype=np.int32)
    large = [n for n in range(1, pieces.count + 1) if sizes[n] >= LEAST_LUMP_ML]
    shares = {label: _enclosure(labels == label, bone) for label in large}
    for label in choose_lumps(shares, {label: float(sizes[label]) for label in large}):
        inside[label] = int(inside.max()) + 1
    if not inside.any():
        raise InputError(
            "no intracranial space was found: no soft tissue deeper than"
            f" {policy.throat:g} mm is enclosed by bone (above {policy.bone:g} HU)",
            remedy="check that the CT is in Hounsfield units and shows both skulls whole",
        )
    return inside[labels], np.asarray(deep & (inside[labels] == 0))


def choose_lumps(shares: Mapping[int, float], sizes: Mapping[int, float]) -> tuple[int, ...]:
    """The lumps that lie inside a skull, by the share of rays from each that meet bone.

    Those that are enclosed, or the best one where none is; and beside them any of like size
    that is barely enclosed: in a second head that the scan cuts off or that lies askew, more
    rays leave by neck and face.
    """
    best = max(shares.values(), default=0.0)
    limit = ENCLOSED if best >= ENCLOSED else max(best, BARELY_ENCLOSED)
    chosen = [label for label in shares if shares[label] >= limit]
    like = LIKE_SIZE * max((sizes[label] for label in chosen), default=np.inf)
    return tuple(
        label
        for label in sorted(shares)
        if label in chosen or (shares[label] >= BARELY_ENCLOSED and sizes[label] >= like)
    )


def _enclosure(lump: Mask, bone: Mask) -> float:
    """Share of rays from the middle of the lump that meet bone before they leave the grid."""
    distance = measure_distance(lump, (1.0, 1.0, 1.0))
    start = np.array(np.unravel_index(int(distance.argmax()), lump.shape))
    steps = [np.array(s) - 1 for s in np.ndindex(3, 3, 3) if s != (1, 1, 1)]
    return sum(_meets(bone, start, step) for step in steps) / RAYS


def _meets(bone: Mask, start: NDArray[np.int64], step: NDArray[np.int64]) -> bool:
    reach = max(bone.shape)
    line = start + np.arange(reach)[:, None] * step
    within = ((line >= 0) & (line < bone.shape)).all(axis=1)
    i, j, k = line[within].T
    return bool(bone[i, j, k].any())


def _grow_cavity(
    images: Images, bone: Mask, depth: FloatGrid, lumps: NDArray[np.int32], others: Mask
) -> Mask:
    """The lumps grown against outside air and other tissue, meeting them in the throats."""
    near = measure_distance(lumps == 0, images.spacing, limit=REACH_MM) < REACH_MM
    rim = ndimage.binary_dilation(~images.body, iterations=1)
    markers = np.where(lumps > 0, 1, 0).astype(np.int8)
    markers[(others | rim) & (lumps == 0)] = 2
    labels = flood(-depth, markers, images.body & ~bone & near, FLOOD_MM)
    result: Mask = labels == 1
    return result


def label_tissues(images: Images, parts: Compartments, policy: AnatomyPolicy) -> NDArray[np.uint8]:
    """`Tissue` codes, uint8, inside the box.

    Dura is the layer of the cavity next to the skull, the sheets inside the cavity that
    contrast raises, and the fibrous tissue that closes gaps of the skull. Of an MR none is
    told here: it is as dark as CSF.
    """
    codes = np.where(images.body, np.uint8(Tissue.SKIN), np.uint8(Tissue.AIR))
    soft, fluid = read_soft(images, parts, policy)
    codes[parts.cavity] = np.where(soft[parts.cavity] < fluid, int(Tissue.CSF), int(Tissue.BRAIN))
    codes[_find_dura(images, parts, soft, policy)] = Tissue.DURA
    codes[parts.bone] = Tissue.BONE
    codes[parts.vessel] = Tissue.VESSEL
    return codes.astype(np.uint8)


def read_soft(
    images: Images, parts: Compartments, policy: AnatomyPolicy
) -> tuple[FloatGrid, float]:
    """Both series smoothed until soft tissue can be told, and the HU below which it is CSF.

    The threshold is the policy's, or less where the brain of this image is darker than that
    of an infant with contrast: it lies BELOW_BRAIN_HU below the median of the deep cavity.
    """
    mean = 0.5 * (images.plain + images.venous)
    if images.hull is not None:  # bone must not shine into CSF that is as dark
        mean = np.where(parts.bone, np.float32(FLUID_HU), mean)
    soft = ndimage.gaussian_filter(mean, SOFT_SIGMA)
    deep = parts.cavity & ~parts.vessel & (parts.depth > DEEP_MM)
    if images.hull is not None or not deep.any():
        return soft, policy.fluid
    level = float(np.median(soft[deep]))
    steps = np.abs(np.diff(soft, axis=0))[deep[1:] & deep[:-1]]
    if steps.size and float(np.median(steps)) > NOISY_HU:
        soft = ndimage.gaussian_filter(mean, NOISY_SIGMA)
    return soft, min(policy.fluid, level - BELOW_BRAIN_HU)


def _find_dura(images: Images, parts: Compartments, soft: FloatGrid, policy: AnatomyPolicy) -> Mask:
    if images.hull is not None:  # in a T1 image dura is as dark as the CSF beside it
        return np.zeros(images.body.shape, dtype=bool)
    step = min(images.spacing)
    outside = images.body & ~parts.cavity & ~parts.bone
    touching = ndimage.binary_dilation(parts.cavity, iterations=1)
    lining = parts.cavity & (parts.depth <= 1.05 * step)
    closing = outside & touching
    rise = ndimage.gaussian_filter(parts.rise, 0.6)
    raised = (rise > policy.dura_rise) | (soft > 58.0)
    return np.asarray(lining | closing | (parts.cavity & raised))
