"""Where veins and sinuses run: curves on the inner face of each twin's dura."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.demonstration.interface import REACH, STEP
from diptych.demonstration.shell import Joint, joint_cavity

DURA = 0.9
Points = NDArray[np.float64]
_STRIDE = 1.5
_SULCUS = 7.0
_RAY = np.arange(8.0, 120.0, _STRIDE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compartment:
    """One twin's half of the joint cavity, inside its dura.

    septum : half the thickness of all layers between the two brains' CSF, mm
    """

    joint: Joint
    twin: int
    septum: float

    def depth(self, points: Points) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Signed distance of joint points (3, N) to the inner face of the dura, negative
        inside, and whether the nearer face is the septum's.
        """
        cavity = joint_cavity(self.joint, points)
        face = self.joint.interface
        height = face.sample("height", points[0], points[1])
        slope = face.sample("slope", points[0], points[1])
        sign = 1.0 if self.twin == 0 else -1.0
        septum = self.septum - sign * (height - points[2]) / slope
        shell = cavity + DURA
        return np.maximum(shell, septum), septum > shell

    def cast(
        self, directions: Points, level: float | NDArray[np.float64]
    ) -> tuple[Points, NDArray[np.bool_]]:
        """Points (3, N) at `level` mm (one, or (N,)) inside the dura along directions
        (3, N) of the own head, seen from its middle, and whether they lie on the septum.
        """
        unit = directions / np.linalg.norm(directions, axis=0)
        own = unit[:, :, None] * _RAY[None, None, :]
        pose = self.joint.poses[self.twin]
        points = pose.forward(own)
        depth, _ = self.depth(points.reshape(3, -1))
        depth = depth.reshape(own.shape[1:]) + np.reshape(level, (-1, 1))
        crossed = depth > 0.0
        last = np.where(crossed.any(axis=1), crossed.argmax(axis=1), len(_RAY) - 1)
        last = np.maximum(last, 1)
        row = np.arange(len(last))
        low, high = depth[row, last - 1], depth[row, last]
        share = np.clip(-low / np.where(high - low > 1e-6, high - low, 1.0), 0.0, 1.0)
        far = _RAY[last - 1] + _STRIDE * share
        hits = pose.forward(unit * far)
        return hits, self.depth(hits)[1]

    def direction_of(self, point: Points) -> Points:
        """Direction (3,) of the own head, seen from its middle, of a joint point (3,)."""
        own = self.joint.poses[self.twin].backward(point.reshape(3, 1))[:, 0]
        result: Points = own / np.linalg.norm(own)
        return result


def sagittal(angles: NDArray[np.float64]) -> Points:
    """Directions (3, N) in the midline: 0 degrees = vertex, 90 = face, -90 = back of head."""
    a = np.radians(angles)
    return np.stack([np.zeros_like(a), -np.sin(a), np.cos(a)])


def bend(start: Points, end: Points, wobble: Callable[[int], Points]) -> Points:
    """Directions (3, N) from `start` to `end`, each about 1 mm further, with `wobble(N)`
    radians (2, N) of sideways play that is nothing at both ends.
    """
    angle = float(np.arccos(np.clip(start @ end, -1.0, 1.0)))
    count = max(int(angle * 70.0), 6)
    t = np.linspace(0.0, 1.0, count)
    sine = max(np.sin(angle), 1e-6)
    line = np.outer(start, np.sin((1 - t) * angle)) + np.outer(end, np.sin(t * angle))
    line = line / sine if angle > 1e-3 else np.repeat(start[:, None], count, axis=1)
    across = np.cross(start, end)
    across = across / max(float(np.linalg.norm(across)), 1e-9)
    line = line + np.outer(across, wobble(count)[0])
    result: Points = line / np.linalg.norm(line, axis=0)
    return result


def emerging(count: int, level: float) -> NDArray[np.float64]:
    """Levels (N,) of a cortical vein: it comes out of a sulcus within its first 12 mm."""
    left = np.clip(1.0 - np.arange(count) / 12.0, 0.0, 1.0)
    result: NDArray[np.float64] = level + _SULCUS * left**2
    return result


def make_wobble(
    stream: np.random.Generator, size: float, waves: int = 3
) -> Callable[[int], Points]:
    """A drawn sideways play: waves of random size and sign, nothing at both ends."""
    sizes = stream.uniform(-size, size, waves)

    def wobble(count: int) -> Points:
        t = np.linspace(0.0, 1.0, count)
        total = sum(sizes[n] * np.sin((n + 1) * np.pi * t) / (n + 1) ** 0.5 for n in range(waves))
        return np.asarray(total).reshape(1, -1)

    return wobble


def even(path: Points, step: float = 1.0, smooth: float = 2.0) -> Points:
    """The curve (3, N), smoothed over `smooth` points with both ends kept, as (M, 3) at
    even steps of about `step` mm.
    """
    if path.shape[1] > 4 and smooth > 0:
        soft = ndimage.gaussian_filter1d(path, smooth, axis=1, mode="nearest")
        t = np.arange(path.shape[1])
        hold = np.exp(-np.minimum(t, t[::-1]) / smooth)
        path = (1.0 - hold) * soft + hold * path
    lengths = np.linalg.norm(np.diff(path, axis=1), axis=0)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    count = max(round(float(along[-1]) / step) + 1, 3)
    where = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(where, along, path[a]) for a in range(3)], axis=1)


def trace_ring(joint: Joint, radius: float, start: float, gap: float) -> Points:
    """The circumferential sinus: along the waist on the interface, under the bone, from
    angle `start` round to `gap` degrees short of it; (N, 3) joint mm.
    """
    disc = np.argwhere(joint.interface.overlap > 0) * STEP - REACH
    centre = disc.mean(axis=0)
    angles = np.radians(start + np.arange(0.0, 360.0 - gap, 1.0))
    out = np.arange(10.0, 80.0, 0.5)
    p = centre[0] + np.cos(angles)[:, None] * out[None, :]
    q = centre[1] + np.sin(angles)[:, None] * out[None, :]
    w = joint.interface.sample("height", p.ravel(), q.ravel())
    points = np.stack([p.ravel(), q.ravel(), w])
    cavity = joint_cavity(joint, points)
    inside = cavity.reshape(p.shape) < -(radius + 0.1)
    last = np.argmin(inside, axis=1)
    far = ndimage.gaussian_filter1d(out[last], 3.0, mode="nearest")
    p, q = centre[0] + np.cos(angles) * far, centre[1] + np.sin(angles) * far
    return even(np.stack([p, q, joint.interface.sample("height", p, q)]), smooth=1.0)
