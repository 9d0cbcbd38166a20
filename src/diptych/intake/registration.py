"""Series of one case on different grids, brought onto one: rigid, by mutual information.

Needs SimpleITK (the extra `register`). How far to trust the result is measured: the search is
done twice, each series onto the other, and what the two answers leave is the residual.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.resample import resample
from diptych.model import InputError, Volume

Matrix = NDArray[np.float64]

COARSE_MM, FINE_MM = 4.0, 2.0
BINS, SHARE = 40, 0.25
"""Bins of the joint histogram, and the share of voxels that it is made of."""
WORST_RESIDUAL_MM = 3.0
"""More than this between both searches: at least one of them is lost."""
GOOD_RESIDUAL_MM = 1.0
LEAST_OVERLAP = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alignment:
    """volume : the moving series on the grid of the fixed one
    motion : (4, 4) position in the fixed series -> position in the moving one, LPS+ mm
    residual : mm, mean over the head, by which the search in the other direction differs
    shift, turn : how far the series was moved, mm at the head's middle and degrees
    """

    volume: Volume
    motion: Matrix
    residual: float
    shift: float
    turn: float


def align_series(fixed: Volume, moving: Volume) -> Alignment:
    """The moving series on the grid of the fixed one.

    Raises InputError when SimpleITK is not installed, or when the searches from both sides
    do not agree or leave little overlap.
    """
    tool = _load_tool()
    there = _search(tool, fixed, moving)
    back: Matrix = np.linalg.inv(_search(tool, moving, fixed)).astype(np.float64)
    places = _head_places(fixed)
    first, second = _move(there, places), _move(back, places)
    residual = float(np.linalg.norm(first - second, axis=1).mean())
    inverse: Matrix = np.linalg.inv(there).astype(np.float64)
    other = _move(inverse, _head_places(moving))
    _require_trust(fixed, moving, residual, max(_overlap(moving, first), _overlap(fixed, other)))
    motion = _between(there, back)
    cosine = (float(np.trace(motion[:3, :3])) - 1.0) / 2.0
    middle = places.mean(axis=0, keepdims=True)
    return Alignment(
        volume=lay_on(fixed, moving, motion),
        motion=motion,
        residual=residual,
        shift=float(np.linalg.norm(_move(motion, middle) - middle)),
        turn=float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))),
    )


def lay_on(fixed: Volume, moving: Volume, motion: Matrix) -> Volume:
    """The moving series (linear interpolation) on the grid of the fixed one."""
    step = np.linalg.inv(moving.affine) @ motion @ fixed.affine
    voxels = moving.voxels
    if voxels.dtype.kind == "f":
        voxels = voxels.astype(np.float32)
    fill = float(-1000 if moving.modality == "CT" else voxels.min())
    laid = resample(voxels, step[:3, :3], step[:3, 3], fixed.shape, order=1, fill=fill)
    return fixed.on_this_grid(laid, modality=moving.modality, source=moving.source)


def _load_tool() -> Any:
    if find_spec("SimpleITK") is None:
        raise InputError(
            "series of this case lie on different grids or in different frames, and bringing"
            " them onto one needs SimpleITK, which is not installed",
            remedy="install it with: pip install 'diptych[register]'; or give series of one grid",
        )
    import SimpleITK

    return SimpleITK


def _search(tool: Any, fixed: Volume, moving: Volume) -> Matrix:
    """(4, 4) rigid motion from positions in `fixed` to positions in `moving`, LPS+ mm."""
    still, mobile = _image(tool, fixed), _image(tool, moving)
    start = _start(tool, still, mobile, fixed, moving)
    method = tool.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=BINS)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(SHARE, 1)
    method.SetInterpolator(tool.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=1e-3, numberOfIterations=200, relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([COARSE_MM / 2.0, FINE_MM / 2.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(start, inPlace=False)
    return _matrix(tool, method.Execute(still, mobile))


def _image(tool: Any, volume: Volume) -> Any:
    """The series at about FINE_MM, its values cut to what tissue has."""
    step = np.maximum(np.floor(FINE_MM / np.array(volume.spacing)), 1.0)
    shape = tuple(int(n) for n in np.floor((np.array(volume.shape) - 1) / step) + 1)
    values = resample(volume.voxels.astype(np.float32), np.diag(step), np.zeros(3), shape)
    values = _tissue_window(values, volume.modality)
    image = tool.GetImageFromArray(np.ascontiguousarray(values.T))
    sides = volume.affine[:3, :3] / np.array(volume.spacing)
    image.SetSpacing((np.array(volume.spacing) * step).tolist())
    image.SetDirection(np.ascontiguousarray(sides).ravel().tolist())
    image.SetOrigin(volume.affine[:3, 3].tolist())
    return image


def _tissue_window(values: NDArray[np.float32], modality: str) -> NDArray[np.float32]:
    if modality == "CT":
        return np.clip(values, -200.0, 800.0).astype(np.float32)
    low, high = np.percentile(values[::2, ::2, ::2], [1.0, 99.7])
    return np.clip(values, low, max(high, low + 1.0)).astype(np.float32)


def _start(tool: Any, still: Any, mobile: Any, fixed: Volume, moving: Volume) -> Any:
    """No motion in one frame of reference, else the middles of mass laid on each other."""
    rigid = tool.Euler3DTransform()
    middle = _head_places(fixed).mean(axis=0)
    rigid.SetCenter(middle.tolist())
    if fixed.frame_of_reference != moving.frame_of_reference:
        rigid.SetTranslation((_head_places(moving).mean(axis=0) - middle).tolist())
    return rigid


def _matrix(tool: Any, transform: Any) -> Matrix:
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [np.array(transform.TransformPoint(unit)) - origin for unit in np.eye(3).tolist()]
    motion = np.eye(4)
    motion[:3, :3] = np.stack(columns, axis=1)
    motion[:3, 3] = origin
    return motion


def _head_places(volume: Volume) -> NDArray[np.float64]:
    """Positions (N, 3) of tissue, LPS+ mm, some thousands."""
    step = tuple(max(int(6.0 // size), 1) for size in volume.spacing)
    thin = volume.voxels[:: step[0], :: step[1], :: step[2]].astype(np.float32)
    level = -300.0 if volume.modality == "CT" else 0.25 * float(np.percentile(thin, 99.0))
    index = np.argwhere(thin > level).astype(np.float64) * np.array(step)
    if not len(index):
        raise InputError(
            f"{volume.source}: holds nothing that could be registered",
            remedy="give the image series itself",
        )
    return volume.to_lps(index)


def _move(motion: Matrix, places: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = places @ motion[:3, :3].T + motion[:3, 3]
    return result


def _between(one: Matrix, other: Matrix) -> Matrix:
    """The rigid motion half-way between two that are close to each other."""
    left, _, right = np.linalg.svd(one[:3, :3] + other[:3, :3])
    motion = np.eye(4)
    motion[:3, :3] = left @ right
    motion[:3, 3] = 0.5 * (one[:3, 3] + other[:3, 3])
    return motion


def _overlap(moving: Volume, places: NDArray[np.float64]) -> float:
    index = moving.to_index(places)
    inside = ((index >= -0.5) & (index <= np.array(moving.shape) - 0.5)).all(axis=1)
    return float(inside.mean())


def _require_trust(fixed: Volume, moving: Volume, residual: float, overlap: float) -> None:
    if residual <= WORST_RESIDUAL_MM and overlap >= LEAST_OVERLAP:
        return
    raise InputError(
        f"{moving.source} could not be brought onto {fixed.source}: the searches from both sides"
        f" differ by {residual:.1f} mm (at most {WORST_RESIDUAL_MM:g} expected), and"
        f" {overlap:.0%} of the heads lie in both (at least {LEAST_OVERLAP:.0%} expected)",
        remedy="register the series with another program and give it on the grid of the first,"
        " or leave it out",
    )
