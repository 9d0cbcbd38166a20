"""A drawn CT whose porions and orbitalia are known, and any CT as images of the anatomy part."""

import numpy as np

from diptych.anatomy.images import Images
from diptych.model import Volume

STEP = 1.0
PORION, ORBITALE = np.array([50.0, 4.0, 0.0]), np.array([26.0, -60.0, 0.0])
TRUE = {
    f"{name}-{side}": place * [1.0 if side == "left" else -1.0, 1.0, 1.0]
    for name, place in (("porion", PORION), ("orbitale", ORBITALE))
    for side in ("left", "right")
}
OWN = {"left": np.diag([1.0, -1.0, 1.0]), "right": np.diag([-1.0, -1.0, 1.0])}
"""Rows outwards, forwards and upwards on each side of a head that lies along the axes."""


def draw_skull(step: float = STEP, *, air: float = -1000.0, lining: float = 0.0) -> Images:
    """Two bony ear canals, 5 mm high, whose roofs end at the porions, and two orbital rims whose
    lowest points are the orbitalia, in soft tissue; each voxel is the mean of eight points.
    """
    fine = step / 2.0
    low, high = np.array([-66.0, -76.0, -22.0]), np.array([66.0, 22.0, 42.0])
    count = ((high - low) / step).astype(int)
    grid = [low[a] + fine * (0.5 + np.arange(2 * count[a])) for a in range(3)]
    x, y, z = np.meshgrid(*grid, indexing="ij", sparse=True)
    out = np.abs(x)
    tube = np.hypot(y - 4.0, z + 2.5)
    bony = (out < 50.0) & (out > 30.0)
    values = np.where((tube < 5.5) & bony, 650.0, 40.0)
    values = np.where((tube < 2.5) & bony & (out > 33.0), 40.0, values)
    values = np.where((tube < 2.5 - lining) & (out > 33.0), air, values)
    ring = np.hypot(np.hypot(out - 26.0, z - 14.0) - 16.0, y + 60.0)
    values = np.where(ring < 2.0, 650.0, values)
    behind = (y > -60.0) & (y < -44.0) & (np.abs(out - 26.0) < 12.0)
    values = np.where(behind & (np.abs(z + 4.0) < 0.8), 650.0, values)
    plain = values.reshape(count[0], 2, count[1], 2, count[2], 2).mean(axis=(1, 3, 5))
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = low + 0.5 * step
    return lay_plain(plain.astype(np.float32), affine)


def lay_plain(plain: np.ndarray, affine: np.ndarray, role: str = "ct") -> Images:
    volume = Volume(
        voxels=plain, affine=affine, frame_of_reference="1.2.3", modality="CT", source="drawn"
    )
    i, j, k = (slice(0, length) for length in plain.shape)
    return Images(
        plain=plain,
        venous=plain,
        body=plain > -300.0,
        contrast=False,
        box=(i, j, k),
        grid=volume,
        affine=affine,
        roles=(role, role),
    )
