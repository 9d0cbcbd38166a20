"""Whether the heads that people marked are in the image at all."""

import numpy as np

from diptych.anatomy.axes import marked_points
from diptych.anatomy.images import Images
from diptych.model import Case, InputError, Twin

REACH = 12.0
"""Half the edge of the cube around a twin's landmarks that must hold tissue, mm."""
LEAST_SHARE = 0.3
"""Even a face full of air cells has more tissue than this around the middle of its marks."""


def require_both_heads(case: Case, images: Images) -> None:
    """Raises InputError, naming the twin, unless there is tissue between each twin's marks."""
    for twin in case.twins:
        share = _tissue_share(twin, images)
        if share < LEAST_SHARE:
            raise InputError(
                f"case {case.id}: case with one head: where the landmarks of twin {twin.id} lie"
                f" only {share:.0%} is tissue, expected at least {LEAST_SHARE:.0%}",
                remedy="give a CT that shows both heads whole, or correct the landmarks of twin"
                f" {twin.id} in case.toml",
            )


def _tissue_share(twin: Twin, images: Images) -> float:
    points = list(marked_points(twin).values())
    if not points:
        return 1.0
    inverse = np.linalg.inv(images.affine[:3, :3])
    middle = inverse @ (np.mean(points, axis=0) - images.affine[:3, 3])
    low = np.floor(middle - REACH / np.array(images.spacing)).astype(int)
    high = np.ceil(middle + REACH / np.array(images.spacing)).astype(int) + 1
    inside = tuple(
        slice(max(a, 0), max(min(b, size), 0))
        for a, b, size in zip(low, high, images.body.shape, strict=True)
    )
    return float(images.body[inside].sum()) / float(np.prod(high - low))
