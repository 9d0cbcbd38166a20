"""The image without contrast as contrast is counted from it: with less noise, edges kept.

The contrast is the difference of two images and carries the noise of both. What lies under it,
brain and fluid, varies little from voxel to voxel, so that the noise of the one without
contrast can be averaged out nearly everywhere; at bone, where it varies more than noise does,
the image stays as it is (the filter of Lee, 1980, with the noise of the image itself).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FloatGrid = NDArray[np.float32]
Mask = NDArray[np.bool_]

CALM_HU = 12.0
"""Noise of the contrast that is left as it is: a sixth of the least contrast of a vessel."""
WINDOW = 3
"""Voxels; a larger window lets bone keep the noise of more that lies beside it."""
NORMAL, MOST_VALUES = 1.4826, 200_000


def calm_plain(plain: FloatGrid, enhanced: FloatGrid, body: Mask) -> FloatGrid:
    """The image, HU, with its noise averaged out where nothing but noise is seen to vary.

    Itself where the contrast's noise is CALM_HU or less. Both images are taken for equally
    noisy, as scans of one session are.
    """
    both = read_noise(enhanced - plain, body)
    if both <= CALM_HU:
        return plain
    noise = both / float(np.sqrt(2.0))
    mean = ndimage.uniform_filter(plain, WINDOW)
    spread = ndimage.uniform_filter(np.square(plain - mean), WINDOW)
    kept = np.maximum(spread - np.float32(noise**2), 0.0) / np.maximum(spread, np.float32(1e-3))
    result: FloatGrid = (mean + kept * (plain - mean)).astype(np.float32)
    return result


def read_noise(rise: FloatGrid, where: Mask) -> float:
    """Standard deviation of the contrast's noise in a mask, by the median deviation."""
    values = rise[where][:: max(int(where.sum()) // MOST_VALUES, 1)]
    if not len(values):
        return 0.0
    return NORMAL * float(np.median(np.abs(values - np.median(values))))
