"""How strong the noise of the images is."""

import numpy as np

from diptych.anatomy.images import Images
from diptych.anatomy.tissues import Compartments

MAD_TO_SD = 1.4826


def estimate_noise(images: Images, parts: Compartments) -> float:
    """Standard deviation of the noise, HU: from neighbours deep in the cavity.

    The median of differences is not moved by edges; 0 when there is too little cavity.
    """
    deep = parts.cavity & ~parts.vessel & (parts.depth > 4.0 * max(images.spacing))
    both = deep[1:] & deep[:-1]
    if not both.any():
        return 0.0
    apart = np.diff(images.plain, axis=0)[both]
    spread = float(np.median(np.abs(apart - np.median(apart))))
    return MAD_TO_SD * spread / float(np.sqrt(2.0))
