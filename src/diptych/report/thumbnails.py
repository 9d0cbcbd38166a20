"""Small pictures of cuts along the front: one slice through the junction, both sides coloured."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from skimage.measure import find_contours

from diptych.model import OWNER_COLOURS, Anatomy, Owner, Volume
from diptych.report.scene import (
    TISSUE_COLOURS,
    FloatArray,
    Scene,
    find_interface,
    lay_sides,
    locate_voxels,
    mix_colour,
)

BROAD = 1.36
"""Width of the slice over its height."""
RIM = 10.0
"""mm shown above and below the cut."""
TINT = 0.62
OFFSETS = (0.0, 0.15, -0.15, 0.3, -0.3, 0.45, -0.45, 0.6, -0.6)
"""Slices tried, as parts of the way from the centre of the cut to its edge."""
Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slab:
    """A slice sampled once for all points: codes of the nested volume and tissues, (H, W).

    millimetre : of a pixel; blur : pixels that hide the steps of the voxels
    """

    codes: Codes
    tissues: Codes
    millimetre: float
    blur: float


def take_slab(scene: Scene, anatomy: Anatomy, nested: Volume, height: int) -> Slab:
    """The slice along the axis that joins the twins on which the cuts differ most.

    height : pixels. A is on the left.
    """
    codes = lay_sides(scene, anatomy, nested).sides
    cut = locate_voxels(scene, find_interface(scene.sides))
    if not len(cut):
        cut = scene.junction[None]
    across = np.cross(scene.axis, scene.up)
    best, most = None, -1
    for down, normal in ((-scene.up, across), (across, scene.up)):
        reach = (cut - scene.junction) @ normal
        for part in OFFSETS:
            offset = part * float(reach.max() if part > 0 else -reach.min())
            slab = _sample(scene, codes, _frame(scene, cut, offset * normal, down, height))
            differ = _differing(slab.codes)
            if differ > most:
                best, most = slab, differ
    assert best is not None
    return best


def _differing(codes: Codes) -> int:
    """Pixels that are not with the same twin at all points."""
    return int(((codes > 1) & (codes < codes.max(initial=0))).sum())


def _frame(
    scene: Scene, cut: FloatArray, offset: FloatArray, down: FloatArray, height: int
) -> tuple[FloatArray, float]:
    """Positions (H, W, 3), LPS+ mm, of the pixels of a slice, and mm between them."""
    along = (cut - scene.junction) @ down
    low, high = float(along.min()) - RIM, float(along.max()) + RIM
    pixel = (high - low) / height
    width = round(BROAD * height)
    ys = low + pixel * (np.arange(height) + 0.5)
    xs = pixel * (np.arange(width) + 0.5 - width / 2)
    plane = xs[None, :, None] * scene.axis + ys[:, None, None] * down
    return scene.junction + offset + plane, pixel


def _sample(scene: Scene, codes: Codes, frame: tuple[FloatArray, float]) -> Slab:
    places, pixel = frame
    inverse = np.linalg.inv(scene.affine[:3, :3])
    index = np.moveaxis((places - scene.affine[:3, 3]) @ inverse.T, -1, 0)
    return Slab(
        codes=map_coordinates(codes, index, order=0, mode="constant", cval=0),
        tissues=map_coordinates(scene.tissues, index, order=0, mode="constant", cval=0),
        millimetre=pixel,
        blur=0.6 * scene.spacing / pixel,
    )


def part_slab(slab: Slab, point: int) -> FloatArray:
    """How far each pixel (H, W) is with A, above 0, or with B, below, at a point (0 the first)."""
    with_a = (slab.codes > 0) & (slab.codes <= point + 1)
    with_b = slab.codes > point + 1
    field = with_a.astype(np.float64) - with_b
    return np.asarray(gaussian_filter(field, slab.blur), dtype=np.float64)


def paint_slab(slab: Slab, point: int) -> NDArray[np.uint8]:
    """The picture (H, W, 4): tissues in the colours of the twins that have them at the point."""
    image = np.zeros((*slab.codes.shape, 4))
    for tissue, colour in TISSUE_COLOURS.items():
        image[slab.tissues == tissue, :3] = mix_colour(colour, 0.0)
    field = part_slab(slab, point)
    for owner, there in ((Owner.A, field >= 0.0), (Owner.B, field < 0.0)):
        tint = mix_colour(OWNER_COLOURS[owner], 0.0)
        grey = image[there, :3].mean(axis=1, keepdims=True)
        image[there, :3] = (1 - TINT) * grey + TINT * tint * (0.45 + 0.65 * grey)
    body = gaussian_filter((slab.codes > 0).astype(np.float64), 0.5 * slab.blur)
    image[..., 3] = np.clip(2.0 * body - 0.5, 0.0, 1.0)
    return np.asarray(np.clip(image, 0.0, 1.0) * 255 + 0.5, dtype=np.uint8)


def trace_cut(slab: Slab, point: int) -> str:
    """SVG path, in pixels, of the line between the sides inside the body."""
    inside = slab.codes > 0
    parts = []
    for contour in find_contours(part_slab(slab, point), 0.0, mask=inside):
        if len(contour) >= 8:
            kept = np.vstack([contour[:-1:3], contour[-1:]])
            parts.append("M" + " ".join(f"{x:.1f},{y:.1f}" for y, x in kept))
    return " ".join(parts)
