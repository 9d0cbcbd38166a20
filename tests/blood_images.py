"""Images whose contrast alone is drawn, for tests of vessels."""

import numpy as np

from diptych.anatomy.images import Images
from diptych.model import Volume


def lay_images(rise: np.ndarray, body: np.ndarray, step: float) -> Images:
    """Images of that contrast (HU, float32) over nothing, on cubes of `step` mm."""
    grid = Volume(
        voxels=np.zeros(rise.shape, dtype=np.uint8),
        affine=np.diag([step, step, step, 1.0]),
        frame_of_reference="1.2.3",
        modality="CT",
        source="drawn",
    )
    i, j, k = (slice(0, length) for length in rise.shape)
    return Images(
        plain=np.zeros(rise.shape, dtype=np.float32),
        venous=rise,
        body=body,
        contrast=True,
        box=(i, j, k),
        grid=grid,
        affine=grid.affine,
    )
