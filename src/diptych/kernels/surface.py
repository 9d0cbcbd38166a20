"""Closed triangle surfaces of labelled regions.

Marching cubes (Lorensen & Cline 1987, doi:10.1145/37402.37422; the variant of Lewiner
2003 as scikit-image implements it) on the region's occupancy after a Gaussian blur, so
that the surface is not a staircase. A margin of air around the region closes it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.measure import marching_cubes

from diptych.model.errors import InputError

Vertices = NDArray[np.float64]
Faces = NDArray[np.int64]
_MARGIN = 3


def label_surface(
    mask: NDArray[np.bool_], affine: NDArray[np.float64], *, blur: float = 0.7
) -> tuple[Vertices, Faces]:
    """Vertices (N, 3) in LPS+ mm and faces (M, 3), counter-clockwise seen from outside.

    mask : (I, J, K) bool; affine : (4, 4) index -> LPS+ mm; blur : voxels (standard
    deviation). Raises InputError if the mask is empty.
    """
    if not mask.any():
        raise InputError("the region is empty, it has no surface", remedy="choose another label")
    occupancy = gaussian_filter(np.pad(mask, _MARGIN).astype(np.float32), blur)
    found, faces, _, _ = marching_cubes(occupancy, level=0.5)
    indices = found.astype(np.float64) - _MARGIN
    vertices: Vertices = indices @ affine[:3, :3].T + affine[:3, 3]
    oriented = faces.astype(np.int64)
    if enclosed_volume(vertices, oriented) < 0:
        oriented = oriented[:, ::-1]
    return vertices, np.ascontiguousarray(oriented)


def enclosed_volume(vertices: Vertices, faces: Faces) -> float:
    """Signed volume in cubic units of a closed surface; positive when faces look outward."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)


def surface_area(vertices: Vertices, faces: Faces) -> float:
    """Area of the triangles in square units."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2.0)
