"""Where things are: voxel volumes in LPS+ millimetres.

LPS+: x grows to the patient's left, y to posterior, z to superior (DICOM's axes).
With two patients in one frame these words belong to the scanner's patient position;
left and right of a twin are always said with the twin's letter.
"""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from diptych.model.checks import frozen_copy, require
from diptych.model.units import Millilitre, Millimetre

Point = tuple[float, float, float]
"""A position in LPS+ mm."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """Voxels, where they lie, and in which frame.

    voxels : (I, J, K) any integer or float dtype, read-only
    affine : (4, 4) float64, voxel index -> LPS+ mm, read-only
    frame_of_reference : DICOM Frame of Reference UID; volumes may be compared voxel by
        voxel only when these are equal strings and the affines agree
    modality : DICOM modality word ("CT", "MR", "SEG")
    source : where the voxels came from, for people
    """

    voxels: NDArray[np.generic]
    affine: NDArray[np.float64]
    frame_of_reference: str
    modality: str
    source: str

    def __post_init__(self) -> None:
        require(
            self.voxels.ndim == 3 and min(self.voxels.shape) > 0,
            f"volume {self.source!r} has shape {self.voxels.shape},"
            " expected three axes, none empty",
            remedy="give one three-dimensional series",
        )
        require(
            self.affine.shape == (4, 4) and bool(np.isfinite(self.affine).all()),
            f"volume {self.source!r}: affine is not a finite 4 x 4 matrix",
            remedy="export the series again with its geometry",
        )
        require(
            abs(float(np.linalg.det(self.affine[:3, :3]))) > 1e-9,
            f"volume {self.source!r}: affine is singular, a voxel would have no volume",
            remedy="export the series again with its geometry",
        )
        require(
            bool(self.frame_of_reference),
            f"volume {self.source!r} has no frame of reference",
            remedy="give each series the UID of the frame that it was acquired in",
        )
        object.__setattr__(self, "voxels", frozen_copy(self.voxels))
        object.__setattr__(self, "affine", frozen_copy(self.affine.astype(np.float64)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along each index axis."""
        i, j, k = self.voxels.shape
        return i, j, k

    @property
    def spacing(self) -> tuple[Millimetre, Millimetre, Millimetre]:
        """Distance between neighbouring voxel centres along each index axis, mm."""
        i, j, k = np.linalg.norm(self.affine[:3, :3], axis=0)
        return Millimetre(float(i)), Millimetre(float(j)), Millimetre(float(k))

    @property
    def voxel_volume(self) -> Millilitre:
        """Volume of one voxel, ml."""
        return Millilitre(abs(float(np.linalg.det(self.affine[:3, :3]))) / 1000.0)

    def to_lps(self, indices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions in LPS+ mm, (..., 3), of voxel indices (..., 3)."""
        result: NDArray[np.float64] = indices @ self.affine[:3, :3].T + self.affine[:3, 3]
        return result

    def to_index(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Fractional voxel indices (..., 3) of LPS+ positions (..., 3) in mm."""
        inverse = np.linalg.inv(self.affine[:3, :3])
        result: NDArray[np.float64] = (positions - self.affine[:3, 3]) @ inverse.T
        return result

    def same_grid(self, other: "Volume") -> bool:
        """Whether both have the same frame of reference, shape and voxel positions (1e-3 mm)."""
        return (
            self.frame_of_reference == other.frame_of_reference
            and self.shape == other.shape
            and bool(np.allclose(self.affine, other.affine, atol=1e-3, rtol=0.0))
        )

    def on_this_grid(
        self, voxels: NDArray[np.generic], *, modality: str = "SEG", source: str
    ) -> "Volume":
        """A volume with other voxels and this one's geometry; shapes must agree."""
        require(
            voxels.shape == self.voxels.shape,
            f"{source!r} has shape {voxels.shape}, expected {self.voxels.shape}",
            remedy="compute it on the grid of the volume that it belongs to",
        )
        return Volume(
            voxels=voxels,
            affine=self.affine,
            frame_of_reference=self.frame_of_reference,
            modality=modality,
            source=source,
        )

    @property
    def content_hash(self) -> str:
        """SHA-256 over voxels, dtype, shape, affine (rounded to 1e-6 mm) and frame."""
        digest = sha256()
        digest.update(f"{self.voxels.dtype.str}{self.voxels.shape}".encode())
        digest.update(self.voxels.tobytes())
        digest.update(np.round(self.affine, 6).tobytes())
        digest.update(f"{self.frame_of_reference}|{self.modality}".encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measured figure with the interval that it lies in (about 95 %, or the table's range)."""

    value: float
    low: float
    high: float
    unit: str

    def __post_init__(self) -> None:
        require(
            bool(np.isfinite([self.value, self.low, self.high]).all())
            and self.low <= self.value <= self.high,
            f"measured value {self.value} {self.unit} with interval {self.low} to {self.high},"
            " expected low <= value <= high, all finite",
            remedy="measure again, or leave the figure out",
        )
