"""The images of a case as the anatomy part works on them: a box round the heads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.anatomy.policy import AnatomyPolicy
from diptych.kernels.components import label_components
from diptych.model import Case, InputError, Volume

MARGIN = 3
LEAST_HEAD_ML = 200.0
"""Less tissue than this is no head, whatever its age."""

FloatGrid = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Images:
    """CT values inside a box of the case's grid.

    plain : HU without contrast; venous : HU with venous contrast (the same as plain
        when the case has none, and then `contrast` is False)
    body : tissue of the heads, without table and cushions; inner air is not part of it
    box : where it lies in `grid`; affine : index in the box -> LPS+ mm
    """

    plain: FloatGrid
    venous: FloatGrid
    body: Mask
    contrast: bool
    box: Box
    grid: Volume
    affine: NDArray[np.float64]

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size, mm."""
        i, j, k = self.grid.spacing
        return float(i), float(j), float(k)

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel, ml."""
        return float(self.grid.voxel_volume)

    def index_of(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Fractional index in the box of LPS+ positions (..., 3)."""
        start = np.array([part.start for part in self.box], dtype=np.float64)
        return self.grid.to_index(position) - start

    def position_of(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """LPS+ positions (..., 3) of indices in the box."""
        result: NDArray[np.float64] = index @ self.affine[:3, :3].T + self.affine[:3, 3]
        return result

    def unbox(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The same values on the whole grid, 0 outside the box."""
        whole = np.zeros(self.grid.shape, dtype=np.uint8)
        whole[self.box] = values
        return whole


def read_images(case: Case, policy: AnatomyPolicy) -> Images:
    """The case's "ct" and "ctv" inside the box that holds the heads.

    Raises InputError when there is no "ct", or no head in it.
    """
    series = case.series("ct") or case.series("ctv")
    if series is None:
        roles = ", ".join(sorted(entry.role for entry in case.volumes))
        raise InputError(
            f"case {case.id} has series {roles}, but none of role ct",
            remedy="add a CT of both twins; MR alone is not yet enough",
        )
    venous = case.series("ctv") or series
    body = _find_body(series.volume, policy, str(case.id))
    box = _box_of(body)
    affine = series.volume.affine.copy()
    affine[:3, 3] = series.volume.to_lps(np.array([part.start for part in box], dtype=np.float64))
    return Images(
        plain=series.volume.voxels[box].astype(np.float32),
        venous=venous.volume.voxels[box].astype(np.float32),
        body=np.ascontiguousarray(body[box]),
        contrast=venous is not series,
        box=box,
        grid=series.volume,
        affine=affine,
    )


def _find_body(volume: Volume, policy: AnatomyPolicy, case: str) -> Mask:
    """The largest piece of tissue, after cutting thin bridges to table and cushions."""
    tissue: Mask = volume.voxels.astype(np.float32) > policy.air
    core = ndimage.binary_erosion(tissue, iterations=2)
    pieces = label_components(core)
    if pieces.count:
        largest = int(pieces.sizes[1:].argmax()) + 1
        tissue &= ndimage.binary_dilation(pieces.labels == largest, iterations=4)
    found = float(tissue.sum()) * float(volume.voxel_volume)
    if not pieces.count or found < LEAST_HEAD_ML:
        raise InputError(
            f"case {case}: the CT holds {found:.0f} ml of tissue above {policy.air:g} HU,"
            f" expected at least {LEAST_HEAD_ML:g} ml for a head",
            remedy="check that the series shows the heads and is in Hounsfield units",
        )
    return tissue


def _box_of(body: Mask) -> Box:
    sides = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        on = np.flatnonzero(body.any(axis=others))
        low, high = max(int(on[0]) - MARGIN, 0), min(int(on[-1]) + MARGIN + 1, body.shape[axis])
        sides.append(slice(low, high))
    return sides[0], sides[1], sides[2]
