"""Where the image is a bright or dark tube, at several thicknesses, slab by slab."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.lanes import aligned_floats
from diptych.kernels.vesselness_passes import STEP, measure_slab, smooth_slab
from diptych.model.checks import require

Floats = NDArray[np.float32]
Box = tuple[tuple[int, int], ...]

SLAB = 16
REACH = 5.5
FINE = 0.5
SPLIT, NARROW = 2.0, 1.0
WIDEST = 16
GREATEST = 1e30


def measure_vesselness(
    volume: NDArray[Any],
    spacing: Sequence[float],
    *,
    scales: Sequence[float],
    mask: NDArray[np.bool_] | None = None,
    bright: bool = True,
    threads: int = 1,
) -> Floats:
    """Likeness to a tube, (I, J, K) float32, 0 where there is none; units of the image.

    At each voxel the greatest over `scales` of s^2 sqrt(l2 l3), where l1 >= l2 >= l3 are the
    eigenvalues of the Hessian of the image under a Gaussian of s mm and l2 and l3 are both
    negative (bright tubes; for dark ones the image is negated first): Sato et al. 1998,
    doi:10.1016/S1361-8415(98)80009-1, equations 9 and 22. A tube of radius r and contrast c
    answers most at s = r / sqrt(2), with c / e on its axis. Sheets give little; balls give
    as much as tubes.

    volume : (I, J, K) integers or floats, finite; beyond the edge the edge value holds
    spacing : voxel size along I, J, K in mm
    scales : standard deviations of the Gaussians in mm
    mask : (I, J, K), where the measure is wanted; elsewhere it is 0 and costs little
    threads : how many slabs are worked on at once; the result is the same for any number

    Beside the result only some slices are held. Where scales are at least a voxel, the square
    of the result differs from that of a direct convolution with sampled Gaussian derivatives
    in float64 by less than 1e-4 of its greatest value.
    Raises InputError for a volume that is not 3D or not finite, and for a spacing, a scale
    (more than 16 voxels: resample first), a mask or a number of threads that cannot be.
    """
    _check(volume, spacing, scales, threads)
    spans = _find_spans(volume.shape, mask)
    plans = [_plan(scale, spacing, bright) for scale in sorted({float(s) for s in scales})]
    # written, not np.zeros: storing some of the lanes to pages never written is very slow
    out = np.full(volume.shape, np.float32(0.0))
    task = _Task(volume=volume, spans=spans, plans=plans, out=out)
    starts = range(0, volume.shape[0], SLAB)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(task.run, [starts[n::threads] for n in range(threads)]))
    if mask is not None:
        out *= mask
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """One scale: for each axis a filter that smooths, then orders 0, 1, 2 of a Gaussian."""

    smoothing: tuple[Floats, ...]
    derivatives: tuple[Floats, ...]

    @property
    def smooths(self) -> bool:
        return any(taps.size > 1 for taps in self.smoothing)

    @property
    def wide(self) -> tuple[int, ...]:
        """Reach of the smoothing along each axis."""
        return tuple(taps.size - 1 for taps in self.smoothing)

    @property
    def halo(self) -> tuple[int, ...]:
        """Reach of both."""
        inner = (taps.shape[1] - 1 for taps in self.derivatives)
        return tuple(a + b for a, b in zip(inner, self.wide, strict=True))


def _plan(scale: float, spacing: Sequence[float], bright: bool) -> _Plan:
    """Filters of one scale. A wide Gaussian is done in two: variances add."""
    smoothing, derivatives = [], []
    for step in spacing:
        sigma = scale / step
        last = sigma if sigma < SPLIT else NARROW
        taps = sample_gaussian(last)
        taps *= np.array([[1.0], [sigma], [sigma**2]])
        derivatives.append(taps)
        smoothing.append(sample_gaussian(sqrt(sigma**2 - last**2))[0])
    if bright:
        derivatives[2] *= -1.0  # each entry of the Hessian has one factor along K
    return _Plan(
        smoothing=tuple(taps.astype(np.float32) for taps in smoothing),
        derivatives=tuple(taps.astype(np.float32) for taps in derivatives),
    )


def sample_gaussian(sigma: float) -> NDArray[np.float64]:
    """Taps 0 .. R of a Gaussian and its first two derivatives, (3, R + 1), unit voxels.

    Orders 0 and 2 are symmetric; order 1 gives the upper side, the lower is its negative.
    Sampled, then set right so that constants, slopes and parabolas come out exactly; below
    half a voxel, where samples say nothing, three taps of that variance.
    """
    if sigma == 0.0:
        return np.array([[1.0], [0.0], [0.0]])
    if sigma < FINE:
        v = sigma**2
        return np.array([[1.0 - v, v / 2], [0.0, 0.5], [-2.0, 1.0]])
    x = np.arange(ceil(REACH * sigma), dtype=np.float64)
    plain = np.exp(-0.5 * (x / sigma) ** 2)
    plain /= plain[0] + 2.0 * plain[1:].sum()
    slope = x * plain
    slope /= 2.0 * (x * slope).sum()
    bend = ((x / sigma) ** 2 - 1.0) * plain
    bend -= (bend[0] + 2.0 * bend[1:].sum()) * plain
    bend /= (x**2 * bend).sum()
    return np.stack([plain, slope, bend])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Task:
    """What every slab needs; `out` is written, each slab to its own planes."""

    volume: NDArray[Any]
    spans: NDArray[np.int32]
    plans: list[_Plan]
    out: Floats

    def run(self, starts: Iterable[int]) -> None:
        """Measure the slabs that begin at these planes."""
        room = _Room()
        for start in starts:
            box = self._box(start)
            if box is not None:
                for plan in self.plans:
                    self._measure(plan, box, room)

    def _box(self, start: int) -> Box | None:
        """The least box that holds all spans of a slab."""
        spans = self.spans[start : start + SLAB]
        wanted = spans[..., 0] < spans[..., 1]
        if not wanted.any():
            return None
        i, j = np.nonzero(wanted)
        low, high = spans[..., 0][wanted].min(), spans[..., 1][wanted].max()
        planes = (start + int(i.min()), start + int(i.max()) + 1)
        return planes, (int(j.min()), int(j.max()) + 1), (int(low), int(high))

    def _measure(self, plan: _Plan, box: Box, room: "_Room") -> None:
        """One scale in one box: copy it with its halo, smooth, derive."""
        reach = [(a - h, b + h) for (a, b), h in zip(box, plan.halo, strict=True)]
        size = tuple(b - a for a, b in reach)
        pitch = -(-size[2] // STEP) * STEP + 16
        plane = size[1] * pitch + 16 * (1 - size[1] % 2)
        source = room.take("source", size[0] * plane + pitch)
        _fill(_view(source, size, pitch, plane), self.volume, reach)
        rows = room.take("rows", 13 * pitch)
        if plan.smooths:
            target = room.take("target", size[0] * plane + pitch)
            smooth_slab(source, target, rows, size, pitch, plane, plan.smoothing)
            source = target
            size = tuple(n - 2 * w for n, w in zip(size, plan.wide, strict=True))
        first = room.take("first", 3 * (box[0][1] - box[0][0]) * plane + pitch)
        corner = tuple(a for a, _ in box)
        taps = plan.derivatives
        measure_slab(source, first, rows, size, pitch, plane, taps, self.spans, corner, self.out)


class _Room:
    """Work space that is kept from slab to slab, one set for each thread."""

    def __init__(self) -> None:
        self._held: dict[str, Floats] = {}

    def take(self, name: str, size: int) -> Floats:
        """A flat array of at least `size` floats, with whatever it held before."""
        if name not in self._held or self._held[name].size < size:
            self._held[name] = aligned_floats(size)
        return self._held[name]


def _view(flat: Floats, size: tuple[int, ...], pitch: int, plane: int) -> Floats:
    """The slab in a flat array as planes, rows and floats."""
    planes = flat[: size[0] * plane].reshape(size[0], plane)
    return planes[:, : size[1] * pitch].reshape(size[0], size[1], pitch)


def _fill(target: Floats, volume: NDArray[Any], reach: Sequence[tuple[int, int]]) -> None:
    """Copy the box `reach` of the volume, with the edge values beyond its edges."""
    inside = [(max(a, 0), min(b, n)) for (a, b), n in zip(reach, volume.shape, strict=True)]
    source = volume[tuple(slice(a, b) for a, b in inside)]
    (i, p), (j, q), (k, r) = (
        (a - low, b - low) for (a, b), (low, _) in zip(inside, reach, strict=True)
    )
    floats = reach[2][1] - reach[2][0]
    target[i:p, j:q, k:r] = source
    target[i:p, j:q, :k] = target[i:p, j:q, k : k + 1]
    target[i:p, j:q, r:floats] = target[i:p, j:q, r - 1 : r]
    target[i:p, :j] = target[i:p, j : j + 1]
    target[i:p, q:] = target[i:p, q - 1 : q]
    target[:i] = target[i]
    target[p:] = target[p - 1]


def _find_spans(shape: tuple[int, ...], mask: NDArray[np.bool_] | None) -> NDArray[np.int32]:
    """First wanted voxel of each row along K and the one after the last, (I, J, 2)."""
    spans = np.zeros((*shape[:2], 2), dtype=np.int32)
    if mask is None:
        spans[..., 1] = shape[2]
        return spans
    require(
        mask.shape == shape and mask.dtype == np.bool_,
        f"mask is {mask.dtype} of shape {mask.shape}, expected bool of shape {shape}",
        remedy="give one true or false for each voxel of the volume",
    )
    spans[..., 0] = mask.argmax(axis=2)
    spans[..., 1] = np.where(mask.any(axis=2), shape[2] - mask[..., ::-1].argmax(axis=2), 0)
    return spans


def _check(
    volume: NDArray[Any], spacing: Sequence[float], scales: Sequence[float], threads: int
) -> None:
    require(
        volume.ndim == 3 and volume.size > 0 and volume.dtype.kind in "uif",
        f"volume is {volume.dtype} of shape {volume.shape}, expected numbers of shape (I, J, K)",
        remedy="give one 3D image with at least one voxel",
    )
    low, high = float(volume.min()), float(volume.max())
    require(
        isfinite(low) and isfinite(high) and max(-low, high) <= GREATEST,
        f"volume reaches from {low:g} to {high:g}, expected finite values within {GREATEST:g}",
        remedy="replace NaN and infinities, for instance by the value of air",
    )
    require(
        len(spacing) == 3 and all(isfinite(s) and s > 0 for s in spacing),
        f"spacing is {tuple(spacing)}, expected three positive numbers of mm",
        remedy="give the voxel size along I, J and K",
    )
    require(
        len(scales) > 0 and all(isfinite(s) and s > 0 for s in scales),
        f"scales are {tuple(scales)}, expected at least one, each a positive number of mm",
        remedy="give standard deviations near the tubes' radius / 1.4",
    )
    require(
        max(scales) <= WIDEST * min(spacing),
        f"scale {max(scales):g} mm is more than {WIDEST} voxels of {min(spacing):g} mm",
        remedy="resample the volume to larger voxels first",
    )
    require(threads >= 1, f"threads is {threads}, expected at least 1", remedy="give 1 or more")
