"""How much a voxel looks like the sheet between the brains: fluid, dura, fluid.

Without contrast the two layers of fluid make a dark sheet of 3 to 5 mm with a faint bright
line in its middle; with venous contrast the dura itself is bright. Both are second
derivatives of the image along the way from twin to twin, at the width of the sheet: the
response is greatest in the middle of a sheet that is equal on both sides. (Second
derivatives at one scale: Sato et al. 1998, doi:10.1016/S1361-8415(98)80009-1.)
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.model import Case, Tissue, Volume
from diptych.separation.region import Block, Junction

FLUID_SCALE = 1.8
DURA_SCALE = 1.2
_SOFT = (-50.0, 160.0)


def see_septum(case: Case, grid: Volume, junction: Junction) -> NDArray[np.float32]:
    """Evidence 0..1 of the septum in each voxel of the junction (0 where no image helps).

    grid : the tissues; series on another grid are left out
    """
    inside = np.isin(grid.voxels[junction.block], (Tissue.DURA, Tissue.CSF, Tissue.BRAIN))
    evidence = np.zeros(inside.shape, dtype=np.float32)
    for role, scale, sign in (("ct", FLUID_SCALE, 1.0), ("ctv", DURA_SCALE, -1.0)):
        series = case.series(role)
        if series is not None and series.volume.same_grid(grid):
            spacing = tuple(float(step) for step in series.volume.spacing)
            image = _calm(series.volume.voxels, junction.block, inside)
            bend = sign * second_derivative(image, junction.normal, spacing, scale)
            evidence += _grade(bend, inside)
    return np.minimum(evidence, 1.0).astype(np.float32)


def _calm(
    voxels: NDArray[np.generic], block: Block, inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Intensities, with everything that is not brain, fluid or dura set to their median."""
    image = np.clip(voxels[block].astype(np.float32), *_SOFT)
    level = float(np.median(image[inside])) if inside.any() else 0.0
    calm: NDArray[np.float32] = np.where(inside, image, np.float32(level))
    return calm


def second_derivative(
    image: NDArray[np.float32],
    normal: NDArray[np.float32],
    spacing: tuple[float, ...],
    scale: float,
) -> NDArray[np.float32]:
    """Second derivative along `normal` of the image smoothed by `scale` mm, per mm2."""
    widths = [scale / step for step in spacing]
    result = np.zeros(image.shape, dtype=np.float32)
    for a in range(3):
        for b in range(a, 3):
            order = [0, 0, 0]
            order[a] += 1
            order[b] += 1
            bend = ndimage.gaussian_filter(image, widths, order=order)
            twice = 1.0 if a == b else 2.0
            result += twice * bend * normal[..., a] * normal[..., b] / (spacing[a] * spacing[b])
    return result


def _grade(bend: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """0 at one robust standard deviation of all bends, 1 at five."""
    if not inside.any():
        return np.zeros_like(bend)
    noise = 1.4826 * float(np.median(np.abs(bend[inside]))) + 1e-9
    grade: NDArray[np.float32] = np.clip((bend / noise - 1.0) / 4.0, 0.0, 1.0).astype(np.float32)
    grade[~inside] = 0.0
    return grade
