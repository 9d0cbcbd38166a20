"""Thinning keeps how a mask hangs together, and every line's length."""

import numpy as np
import pytest
from scipy import ndimage

from diptych.kernels.components import label_components
from diptych.kernels.thinning import thin_mask


def thinned(mask: np.ndarray) -> np.ndarray:
    result = np.zeros_like(mask)
    result[tuple(thin_mask(mask).T)] = True
    return result


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("axis", range(3))
def test_straight_tube_keeps_its_length(width: int, axis: int) -> None:
    mask = np.zeros((12, 12, 50), dtype=bool)
    mask[4 : 4 + width, 4 : 4 + width, 5:45] = True
    line = thin_mask(np.moveaxis(mask, 2, axis))
    assert len(line) >= 40 - width
    assert np.ptp(line, axis=0)[axis] >= 39 - width


def test_ring_stays_a_ring_one_voxel_wide() -> None:
    x, y, z = np.indices((40, 40, 11)) - np.array([20, 20, 5]).reshape(3, 1, 1, 1)
    mask = np.hypot(np.hypot(x, y) - 13.0, z) <= 2.6
    line = thinned(mask)
    near = ndimage.convolve(line.astype(int), np.ones((3, 3, 3), dtype=int), mode="constant")
    assert set(near[line].tolist()) == {3}
    assert abs(np.hypot(x, y)[line] - 13.0).max() < 1.6


def holes(mask: np.ndarray) -> tuple[int, int]:
    """Pieces of the mask and of what lies round it."""
    rest = ~np.pad(mask, 1)
    return label_components(mask, neighbours=26).count, label_components(rest).count


def euler(mask: np.ndarray) -> int:
    """Euler number of the 26-connected mask, from its cubes, faces, edges and corners."""
    whole = np.pad(mask, 1)
    total = 0
    for shape in np.ndindex(2, 2, 2):
        cells = whole
        for axis, open_side in enumerate(shape):
            if open_side:
                low = np.moveaxis(cells, axis, 0)
                cells = np.moveaxis(low[1:] | low[:-1], 0, axis)
        total += (-1) ** (3 - sum(shape)) * int(cells.sum())
    return total


def test_euler_number_of_known_bodies() -> None:
    ball = np.ones((3, 3, 3), dtype=bool)
    tunnel = ball.copy()
    tunnel[1, 1, :] = False
    hollow = ball.copy()
    hollow[1, 1, 1] = False
    assert [euler(body) for body in (ball, tunnel, hollow)] == [1, 0, 2]


@pytest.mark.parametrize("seed", range(12))
def test_pieces_tunnels_and_hollows_stay(seed: int) -> None:
    random = np.random.Generator(np.random.Philox(key=seed))
    mask = ndimage.gaussian_filter(random.normal(size=(24, 22, 20)), 1.3) > 0.03 * (seed % 5)
    line = thinned(mask)
    assert not (line & ~mask).any()
    assert holes(line) == holes(mask)
    assert euler(line) == euler(mask)
    assert line.sum() < 0.5 * mask.sum()


def test_thinning_again_changes_nothing() -> None:
    random = np.random.Generator(np.random.Philox(key=99))
    mask = ndimage.gaussian_filter(random.normal(size=(24, 22, 20)), 1.3) > 0.05
    line = thinned(mask)
    assert np.array_equal(thinned(line), line)


def test_nothing_and_a_single_voxel_stay() -> None:
    mask = np.zeros((5, 5, 5), dtype=bool)
    assert thin_mask(mask).shape == (0, 3)
    mask[0, 4, 2] = True
    assert thin_mask(mask).tolist() == [[0, 4, 2]]
