"""A software renderer: smooth surfaces of labelled voxels, by casting rays.

Each layer is a level field (inside where it exceeds one half, read by trilinear
interpolation) with a label for each voxel and a palette. Rays are parallel (orthographic),
so lengths in the picture are true. Empty space is skipped by the chessboard distance to the
nearest surface voxel of each layer; no step is longer than that distance, so no surface thicker
than a voxel is missed. Light: one key light and one fill light that travel with the camera,
and a darkening of hollows from a wide blur of the same field. Edges are smoothed by four
further rays where a pixel differs from its neighbours. One thread, no random number: the
same scene gives the same bytes.

Not modelled: cast shadows, refraction, perspective.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt, gaussian_filter

from diptych.kernels.compiled import compiled
from diptych.model.errors import InputError

FloatArray = NDArray[np.float64]

_INSIDE = 0.5
_EDGE = 0.07
_SUB = 2
_REACH = 1.6
_BELL = 0.5 / 0.8**2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One surface of a scene.

    level : (I, J, K) float32, inside where > 0.5
    labels : (I, J, K) uint8 < 64; 0 never lends its colour
    surface, cap : (64, 3) float in 0..1, sRGB colour of each label on the surface and on the
        flat face that `plane` leaves
    alpha : opacity seen face on; below 1 the rim stays more opaque (glass)
    plane : (nx, ny, nz, d) in LPS+ mm: points with n . x > d are cut away; None: nothing is
    """

    level: NDArray[np.float32]
    labels: NDArray[np.uint8]
    surface: FloatArray
    cap: FloatArray
    alpha: float = 1.0
    plane: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """An orthographic camera: unit vectors in LPS+, the point in the picture's centre, and scale.

    right, up : directions on the picture; the camera looks along `forward`, which is
        up x right reversed, so that the picture is never a mirror image
    scale : mm per pixel
    """

    centre: FloatArray
    right: FloatArray
    up: FloatArray
    width: int
    height: int
    scale: float

    @property
    def forward(self) -> FloatArray:
        """The direction of sight."""
        return np.cross(self.up, self.right)

    def project(self, positions: FloatArray) -> FloatArray:
        """Pixel positions (..., 2), x to the right and y down, of LPS+ points (..., 3) in mm."""
        offset = positions - self.centre
        x = self.width / 2 + offset @ self.right / self.scale
        y = self.height / 2 - offset @ self.up / self.scale
        return np.stack([x, y], axis=-1)


def render_layers(layers: tuple[Layer, ...], affine: FloatArray, view: View) -> NDArray[np.uint8]:
    """The picture, (height, width, 4) uint8 RGBA; transparent where no ray met anything.

    layers : at most 6, all on one grid; `affine` (4, 4) takes its index to LPS+ mm
    Raises InputError when there is no layer, too many, or grids differ.
    """
    _check(layers)
    inverse = np.linalg.inv(affine[:3, :3])
    level = np.stack([layer.level for layer in layers])
    corner = _corner(view)
    picture: NDArray[np.uint8] = _picture(
        level,
        np.stack([layer.labels for layer in layers]),
        np.stack([_clearance(field) for field in level], axis=-1),
        _hollows(layers),
        np.stack([_linear(layer.surface) for layer in layers]),
        np.stack([_linear(layer.cap) for layer in layers]),
        np.array([layer.alpha for layer in layers]),
        np.stack([_index_plane(layer.plane, affine) for layer in layers]),
        inverse,
        np.stack([view.right, view.up, view.forward]),
        inverse @ (corner - affine[:3, 3]),
        inverse @ view.right * view.scale,
        inverse @ -view.up * view.scale,
        inverse @ view.forward,
        view.height,
        view.width,
    )
    return picture


def smooth_mask(mask: NDArray[np.bool_], sigma: float = 1.0) -> NDArray[np.float32]:
    """A level field, (I, J, K) float32, of a mask blurred by `sigma` voxels."""
    blurred: NDArray[np.float32] = gaussian_filter(
        mask.astype(np.float32), sigma, mode="constant", truncate=3.0
    )
    return blurred


def _check(layers: tuple[Layer, ...]) -> None:
    shapes = sorted({array.shape for layer in layers for array in (layer.level, layer.labels)})
    if not 1 <= len(layers) <= 6 or len(shapes) != 1:
        raise InputError(
            f"a scene has {len(layers)} layers on grids {shapes}, expected 1 to 6 on one grid",
            remedy="draw fewer layers, all on the grid of the anatomy",
        )


def _corner(view: View) -> FloatArray:
    """Position of the centre of the first pixel, in the plane through the view's centre."""
    across = view.right * (view.width - 1) / 2 - view.up * (view.height - 1) / 2
    return view.centre - across * view.scale


def _linear(colours: FloatArray) -> FloatArray:
    return np.asarray(colours, dtype=np.float64) ** 2.2


def _index_plane(plane: tuple[float, float, float, float] | None, affine: FloatArray) -> FloatArray:
    """The plane in index coordinates: a . p + b > 0 is cut away."""
    if plane is None:
        return np.array([0.0, 0.0, 0.0, -1.0])
    normal = np.array(plane[:3])
    return np.append(affine[:3, :3].T @ normal, normal @ affine[:3, 3] - plane[3])


def _clearance(level: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Chessboard distance, voxels, from each voxel to the nearest one next to the surface."""
    inside = level > _INSIDE
    near = np.zeros(level.shape, dtype=np.bool_)
    for axis in range(3):
        change = np.diff(inside, axis=axis)
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        near[tuple(low)] |= change
        near[tuple(high)] |= change
    if not near.any():
        return np.full(near.shape, 255, dtype=np.uint8)
    clear: NDArray[np.uint8] = np.minimum(distance_transform_cdt(~near, "chessboard"), 255).astype(
        np.uint8
    )
    return clear


def _hollows(layers: tuple[Layer, ...]) -> NDArray[np.float32]:
    """How full the wide neighbourhood of each voxel is, 0..1, counting opaque layers."""
    solid = [layer.level for layer in layers if layer.alpha >= 1.0]
    if not solid:
        return np.zeros(layers[0].level.shape, dtype=np.float32)
    full = np.maximum.reduce(solid)
    blurred: NDArray[np.float32] = gaussian_filter(full, 3.0, mode="constant", truncate=2.0)
    return blurred


@compiled
def _sample(field, x, y, z):  # type: ignore[no-untyped-def]
    """Trilinear value at a fractional index; 0 outside."""
    ni, nj, nk = field.shape
    if x < 0 or y < 0 or z < 0 or x > ni - 1.001 or y > nj - 1.001 or z > nk - 1.001:
        return 0.0
    i, j, k = int(x), int(y), int(z)
    u, v, w = x - i, y - j, z - k
    a = field[i, j, k] * (1 - w) + field[i, j, k + 1] * w
    b = field[i, j + 1, k] * (1 - w) + field[i, j + 1, k + 1] * w
    c = field[i + 1, j, k] * (1 - w) + field[i + 1, j, k + 1] * w
    d = field[i + 1, j + 1, k] * (1 - w) + field[i + 1, j + 1, k + 1] * w
    return (a * (1 - v) + b * v) * (1 - u) + (c * (1 - v) + d * v) * u


@compiled
def _vote(labels, x, y, z, tally):  # type: ignore[no-untyped-def]
    """The label with most weight among the 64 voxels around a point; 0 if all are 0.

    The weight falls as a bell of 0.8 voxels, so that borders between labels run evenly across
    the voxel grid; `tally` is 64 zeros, and is left so.
    """
    ni, nj, nk = labels.shape
    i, j, k = int(x), int(y), int(z)
    for a in range(max(i - 1, 0), min(i + 3, ni)):
        wa = np.exp(-((a - x) ** 2) * _BELL)
        for b in range(max(j - 1, 0), min(j + 3, nj)):
            wb = wa * np.exp(-((b - y) ** 2) * _BELL)
            for c in range(max(k - 1, 0), min(k + 3, nk)):
                tally[labels[a, b, c]] += wb * np.exp(-((c - z) ** 2) * _BELL)
    best, most = 0, 0.0
    for label in range(1, 64):
        if tally[label] > most:
            best, most = label, tally[label]
    tally[:] = 0.0
    return best


@compiled
def _normal(field, inverse, x, y, z):  # type: ignore[no-untyped-def]
    """Outward unit normal in LPS+; the gradient reaches 1.6 voxels to hide the voxel steps."""
    g0 = _sample(field, x + _REACH, y, z) - _sample(field, x - _REACH, y, z)
    g1 = _sample(field, x, y + _REACH, z) - _sample(field, x, y - _REACH, z)
    g2 = _sample(field, x, y, z + _REACH) - _sample(field, x, y, z - _REACH)
    n0 = -(inverse[0, 0] * g0 + inverse[1, 0] * g1 + inverse[2, 0] * g2)
    n1 = -(inverse[0, 1] * g0 + inverse[1, 1] * g1 + inverse[2, 1] * g2)
    n2 = -(inverse[0, 2] * g0 + inverse[1, 2] * g1 + inverse[2, 2] * g2)
    length = np.sqrt(n0 * n0 + n1 * n1 + n2 * n2) + 1e-12
    return n0 / length, n1 / length, n2 / length


@compiled
def _light(n0, n1, n2, basis):  # type: ignore[no-untyped-def]
    """Diffuse light, gloss and rim (0 face on, 1 edge on) for a normal, camera frame."""
    nx = n0 * basis[0, 0] + n1 * basis[0, 1] + n2 * basis[0, 2]
    ny = n0 * basis[1, 0] + n1 * basis[1, 1] + n2 * basis[1, 2]
    nz = -(n0 * basis[2, 0] + n1 * basis[2, 1] + n2 * basis[2, 2])
    key = -0.42 * nx + 0.58 * ny + 0.70 * nz
    fill = 0.55 * nx - 0.10 * ny + 0.83 * nz
    diffuse = 0.20 + 0.68 * max(key, 0.0) + 0.22 * max(fill, 0.0)
    half = -0.228 * nx + 0.315 * ny + 0.921 * nz
    gloss = max(half, 0.0) ** 40
    return diffuse, gloss, 1.0 - min(abs(nz), 1.0)


@compiled
def _ray(level, labels, clearance, hollows, surface, cap, alpha, planes, inverse, basis, o, d, out, work, flags, tally):  # type: ignore[no-untyped-def]  # fmt: skip  # noqa: E501, PLR0917
    """Colour (linear, premultiplied) and opacity of one ray into out[0:4]."""
    layers = level.shape[0]
    ni, nj, nk = hollows.shape
    start, stop = -1e9, 1e9
    top = (ni - 1.001, nj - 1.001, nk - 1.001)
    for axis in range(3):
        if abs(d[axis]) < 1e-12:
            if o[axis] < 0 or o[axis] > top[axis]:
                start, stop = 1.0, 0.0
        else:
            t1 = (0.0 - o[axis]) / d[axis]
            t2 = (top[axis] - o[axis]) / d[axis]
            start = max(start, min(t1, t2))
            stop = min(stop, max(t1, t2))
    out[:] = 0.0
    if start >= stop:
        return
    speed = max(abs(d[0]), abs(d[1]), abs(d[2]))
    least = 0.5 / speed
    enter, leave, hit = work[0], work[1], work[2]
    capped, inside = flags[0], flags[1]
    flags[:] = False
    for n in range(layers):
        enter[n], leave[n] = start, stop
        a1 = planes[n, 0] * d[0] + planes[n, 1] * d[1] + planes[n, 2] * d[2]
        a0 = planes[n, 0] * o[0] + planes[n, 1] * o[1] + planes[n, 2] * o[2] + planes[n, 3]
        if abs(a1) < 1e-12:
            if a0 > 0:
                leave[n] = start - 1.0
        elif a1 > 0:
            leave[n] = min(stop, -a0 / a1)
        elif -a0 / a1 > start:
            enter[n] = -a0 / a1
            capped[n] = True
    t, before = start, start
    clear = 1.0
    while t <= stop and clear > 0.01:
        found = 0
        i, j, k = int(o[0] + t * d[0]), int(o[1] + t * d[1]), int(o[2] + t * d[2])
        free = 255.0
        for n in range(layers):
            hit[n] = 1e9
            near = clearance[i, j, k, n]
            free = min(free, near - 2.0)
            if t < enter[n] or t > leave[n]:
                continue
            if capped[n] and before < enter[n]:
                e = enter[n]
                if _sample(level[n], o[0] + e * d[0], o[1] + e * d[1], o[2] + e * d[2]) > 0.5:
                    hit[n] = e
                    inside[n] = True
                    found += 1
                    continue
            if near > 2:
                now = level[n, i, j, k] > 0.5
            else:
                now = _sample(level[n], o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2]) > 0.5
            if now and not inside[n]:
                low, high = max(before, enter[n]), t
                for _ in range(6):
                    mid = 0.5 * (low + high)
                    x, y, z = o[0] + mid * d[0], o[1] + mid * d[1], o[2] + mid * d[2]
                    if _sample(level[n], x, y, z) > 0.5:
                        high = mid
                    else:
                        low = mid
                hit[n] = high
                found += 1
            inside[n] = now
        while found > 0 and clear > 0.01:
            n = 0
            for m in range(1, layers):
                if hit[m] < hit[n]:
                    n = m
            s = hit[n]
            hit[n] = 1e9
            found -= 1
            x, y, z = o[0] + s * d[0], o[1] + s * d[1], o[2] + s * d[2]
            label = _vote(labels[n], x, y, z, tally)
            if capped[n] and s == enter[n]:
                shade, gloss, rim = 0.93, 0.0, 0.0
                colour = cap[n, label]
                gather = 1.0
            else:
                n0, n1, n2 = _normal(level[n], inverse, x, y, z)
                shade, gloss, rim = _light(n0, n1, n2, basis)
                colour = surface[n, label]
                v0 = inverse[0, 0] * n0 + inverse[0, 1] * n1 + inverse[0, 2] * n2
                v1 = inverse[1, 0] * n0 + inverse[1, 1] * n1 + inverse[1, 2] * n2
                v2 = inverse[2, 0] * n0 + inverse[2, 1] * n1 + inverse[2, 2] * n2
                far = 2.5 / (np.sqrt(v0 * v0 + v1 * v1 + v2 * v2) + 1e-12)
                full = _sample(hollows, x + v0 * far, y + v1 * far, z + v2 * far)
                gather = 1.0 - 0.6 * min(max((full - 0.2) / 0.6, 0.0), 1.0)
            opacity = 1.0
            if alpha[n] < 1.0:
                opacity = alpha[n] + (1.0 - alpha[n]) * 0.75 * rim**3
                gather = 1.0
            weight = clear * opacity
            for c in range(3):
                lit = colour[c] * shade * gather + 0.10 * gloss * gather
                out[c] += weight * min(lit, 1.0)
            out[3] += weight
            clear -= weight
        before = t
        ahead = t + max(least, free / speed)
        for n in range(layers):
            if t < enter[n] < ahead:
                ahead = enter[n]
        if t < stop < ahead:
            ahead = stop
        t = ahead
        if before == stop:
            break


@compiled
def _picture(level, labels, clearance, hollows, surface, cap, alpha, planes, inverse, basis, origin, right, down, d, height, width):  # type: ignore[no-untyped-def]  # fmt: skip  # noqa: E501, PLR0917
    first = np.zeros((height, width, 4))
    work = np.empty((3, level.shape[0]))
    flags = np.zeros((2, level.shape[0]), dtype=np.bool_)
    tally = np.zeros(64)
    o = np.empty(3)
    for row in range(height):
        for column in range(width):
            for axis in range(3):
                o[axis] = origin[axis] + right[axis] * column + down[axis] * row
            _ray(level, labels, clearance, hollows, surface, cap, alpha, planes, inverse, basis, o, d, first[row, column], work, flags, tally)  # fmt: skip  # noqa: E501
    image = np.zeros((height, width, 4), dtype=np.uint8)
    mean = np.empty(4)
    sub = np.empty(4)
    for row in range(height):
        for column in range(width):
            mean[:] = first[row, column]
            most = 0.0
            for step in range(4):
                r = row + (step == 0) - (step == 1)
                c = column + (step == 2) - (step == 3)
                if 0 <= r < height and 0 <= c < width:
                    for channel in range(4):
                        most = max(most, abs(first[r, c, channel] - mean[channel]))
            if most > _EDGE:
                mean[:] = 0.0
                for part in range(_SUB * _SUB):
                    y = row + (part // _SUB + 0.5) / _SUB - 0.5
                    x = column + (part % _SUB + 0.5) / _SUB - 0.5
                    for axis in range(3):
                        o[axis] = origin[axis] + right[axis] * x + down[axis] * y
                    _ray(level, labels, clearance, hollows, surface, cap, alpha, planes, inverse, basis, o, d, sub, work, flags, tally)  # fmt: skip  # noqa: E501
                    mean += sub
                mean /= _SUB * _SUB
            if mean[3] > 0.002:
                for channel in range(3):
                    value = min(max(mean[channel] / mean[3], 0.0), 1.0) ** (1 / 2.2)
                    image[row, column, channel] = int(value * 255 + 0.5)
                image[row, column, 3] = int(min(mean[3], 1.0) * 255 + 0.5)
    return image
