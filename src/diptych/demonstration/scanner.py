"""What a scanner makes of the painted values: point spread, noise, shading, whole numbers."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.demonstration.head import Field, Grid
from diptych.demonstration.order import PairOrder, random_stream

_SHADING = 0.09
_SHADING_LENGTH = (110.0, 190.0)


def scan_ct(order: PairOrder, values: Field, skin: Field, purpose: str) -> NDArray[np.int16]:
    """A CT: blurred by its point spread, with normal noise, int16 HU."""
    image = ndimage.gaussian_filter(values, order.blur / order.spacing)
    noise = random_stream(order, purpose).standard_normal(values.shape, dtype=np.float32)
    image += noise * (order.noise * np.where(skin < 10.0, 1.0, 0.4)).astype(np.float32)
    result: NDArray[np.int16] = np.clip(np.rint(image), -1024, 3071).astype(np.int16)
    return result


def scan_mr(order: PairOrder, values: Field, grid: Grid, purpose: str) -> NDArray[np.int16]:
    """An MR magnitude image: shaded by the coils, blurred, with Rician noise, int16.

    The noise in each of the two channels has the standard deviation of the order, on the
    scale where brain is about 150.
    """
    stream = random_stream(order, purpose)
    image = ndimage.gaussian_filter(values, order.blur / order.spacing)
    image *= _shading(grid, stream)
    for_real = stream.standard_normal(values.shape, dtype=np.float32) * np.float32(order.noise)
    for_other = stream.standard_normal(values.shape, dtype=np.float32) * np.float32(order.noise)
    image = np.sqrt((image + for_real) ** 2 + for_other**2)
    result: NDArray[np.int16] = np.clip(np.rint(image), 0, 4095).astype(np.int16)
    return result


def _shading(grid: Grid, stream: np.random.Generator) -> Field:
    """Smooth gain of three waves of 110 to 190 mm, about 0.75 to 1.3."""
    axes = [grid.origin[a] + grid.step * np.arange(grid.shape[a]) for a in range(3)]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    total = np.zeros(grid.shape)
    for _ in range(3):
        way = stream.standard_normal(3)
        way *= 2.0 * np.pi / stream.uniform(*_SHADING_LENGTH) / np.linalg.norm(way)
        total += np.cos(way[0] * x + way[1] * y + way[2] * z + stream.uniform(0.0, 2.0 * np.pi))
    return np.exp(_SHADING * total).astype(np.float32)
