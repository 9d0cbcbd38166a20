"""Voxel neighbourhoods, edge weights and the padded grid that the solver works on.

Edge weights, integers: the edge between two tissue voxels costs `weight * (c_p + c_q)`.
With 6 neighbours the weight is the area of the face between them relative to the smallest
face; with 26 it falls with distance, 12 at the shortest. A weight that is not whole is
given in sixteenths (all of them are then 16 times larger).
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

FACES = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
_HALF = [
    (i, j, k)
    for i in (-1, 0, 1)
    for j in (-1, 0, 1)
    for k in (-1, 0, 1)
    if (i, j, k) > (0, 0, 0) and abs(i) + abs(j) + abs(k) > 1
]
ALL_AROUND = FACES + tuple(step for i, j, k in _HALF for step in ((i, j, k), (-i, -j, -k)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A block of voxels with a border of air.

    corner, shape : where the block lies in the caller's arrays and how large it is
    steps : (D, 3) neighbour directions, opposite ones in pairs
    weights : (D,) integer edge weights
    """

    corner: tuple[int, int, int]
    shape: tuple[int, int, int]
    steps: NDArray[np.int64]
    weights: NDArray[np.int64]

    @property
    def padded(self) -> tuple[int, int, int]:
        """Shape with the border."""
        i, j, k = self.shape
        return i + 2, j + 2, k + 2

    @property
    def size(self) -> int:
        """Number of voxels with the border."""
        i, j, k = self.padded
        return i * j * k

    @property
    def offsets(self) -> NDArray[np.int64]:
        """(D,) distance in the flattened padded array along each direction."""
        _, j, k = self.padded
        return self.steps @ np.array([j * k, k, 1], dtype=np.int64)

    @property
    def block(self) -> tuple[slice, slice, slice]:
        """Where the block lies in the caller's arrays."""
        (a, b, c), (i, j, k) = self.corner, self.shape
        return slice(a, a + i), slice(b, b + j), slice(c, c + k)

    def pad(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """The block of `array` with a border of zeros, flattened."""
        padded = np.zeros(self.padded, dtype=array.dtype)
        padded[1:-1, 1:-1, 1:-1] = array[self.block]
        return padded.reshape(-1)

    def unpad(self, flat: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """A flattened padded array back in the caller's shape, zero outside the block."""
        whole = np.zeros(shape, dtype=np.uint8)
        whole[self.block] = flat.reshape(self.padded)[1:-1, 1:-1, 1:-1]
        return whole


def neighbour_steps(neighbours: int) -> NDArray[np.int64]:
    """(6 or 26, 3) steps; the first six are +i, -i, +j, -j, +k, -k."""
    return np.array(FACES if neighbours == 6 else ALL_AROUND, dtype=np.int64)


def edge_weights(
    steps: NDArray[np.int64], spacing: tuple[float, float, float]
) -> NDArray[np.int64]:
    """(D,) integer weights by the rule at the head of this module."""
    sizes = np.array(spacing, dtype=np.float64)
    if len(steps) == 6:
        exact = 1.0 / (np.abs(steps) @ sizes)
        exact /= exact.min()
    else:
        distance = np.sqrt(((steps * sizes) ** 2).sum(axis=1))
        exact = 12.0 * distance.min() / distance
    if np.allclose(exact, np.round(exact), rtol=0.0, atol=1e-9):
        return np.round(exact).astype(np.int64)
    return np.maximum(1, np.round(16.0 * exact)).astype(np.int64)


def tissue_block(
    tissue: NDArray[np.bool_],
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Corner and shape of the smallest block that holds all tissue."""
    lows, lengths = [], []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        filled = np.flatnonzero(tissue.any(axis=others))
        lows.append(int(filled[0]))
        lengths.append(int(filled[-1] - filled[0] + 1))
    return (lows[0], lows[1], lows[2]), (lengths[0], lengths[1], lengths[2])


@njit(cache=True, nogil=True)
def fill_from_cost(
    cost: NDArray[np.int32],
    walled: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    weights: NDArray[np.int64],
    residual: NDArray[np.int32],
) -> None:
    """Writes `weight * (c_p + c_q)` for tissue neighbours into an empty (N, D) array.

    Across a wall (`walled` differs) it is `weight * 2 * min(c_p, c_q)`.
    """
    for v in range(cost.size):
        if cost[v] > 0:
            for d in range(offsets.size):
                w = v + offsets[d]
                if cost[w] > 0 and walled[v] == walled[w]:
                    residual[v, d] = weights[d] * (cost[v] + cost[w])
                elif cost[w] > 0:
                    residual[v, d] = weights[d] * 2 * min(cost[v], cost[w])
