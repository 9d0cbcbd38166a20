"""Directions of one twin's head from the points of its Frankfurt plane."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.symmetry import Mirror
from diptych.model import InputError, Point, Twin, TwinAxes, TwinId

FRANKFURT = ("porion-left", "porion-right", "orbitale-left", "orbitale-right")
STEP_MM = 0.01
"""Step of the numerical derivative; far below any scatter, far above rounding."""

DISAGREE = 3.0
"""Degrees between marks and image, up to which both may be right."""

Vector = NDArray[np.float64]


def marked_points(twin: Twin) -> dict[str, Vector]:
    """Positions of the twin's landmarks by name, LPS+ mm."""
    return {mark.name: np.array(mark.position, dtype=np.float64) for mark in twin.landmarks}


def has_frankfurt(twin: Twin) -> bool:
    """Whether both porions and at least one orbitale are marked."""
    names = {mark.name for mark in twin.landmarks}
    return set(FRANKFURT[:2]) <= names and bool(set(FRANKFURT[2:]) & names)


def axes_from_landmarks(twin: Twin) -> TwinAxes:
    """Long axis, facing and left of one twin, with the error that the marking brings.

    The Frankfurt plane holds both porions and the orbitalia; its upward normal is the
    long axis. The uncertainty is the standard deviation of the least certain direction
    in degrees, propagated to first order from each landmark's scatter.
    """
    points = {name: place for name, place in marked_points(twin).items() if name in FRANKFURT}
    scatter = {mark.name: mark.scatter for mark in twin.landmarks}
    long, facing, left = frankfurt_frame(points)
    return TwinAxes(
        twin=twin.id,
        long=as_point(long),
        facing=as_point(facing),
        left=as_point(left),
        uncertainty=read_error(points, scatter).spread,
        method="Frankfurt plane through " + ", ".join(sorted(points)),
    )


def axes_from_shape(twin: TwinId, long: Vector, facing: Vector, uncertainty: float) -> TwinAxes:
    """Axes estimated from the head's shape: `facing` is made square to `long`."""
    up = _unit(long)
    forward = _unit(facing - up * float(facing @ up))
    return TwinAxes(
        twin=twin,
        long=as_point(up),
        facing=as_point(forward),
        left=as_point(np.cross(up, forward)),
        uncertainty=uncertainty,
        method="estimated from the shape of the head; the Frankfurt points are not marked",
    )


def frankfurt_frame(points: Mapping[str, Vector]) -> tuple[Vector, Vector, Vector]:
    """Unit vectors long, facing, left from both porions and one or two orbitalia."""
    porions = points["porion-left"], points["porion-right"]
    orbits = [points[name] for name in FRANKFURT[2:] if name in points]
    across = porions[0] - porions[1]
    if len(orbits) == 2:
        across = across + (orbits[0] - orbits[1])
    left = _unit(across)
    ahead = _ahead(points)
    facing = _unit(ahead - left * float(ahead @ left))
    return np.cross(facing, left), facing, left


def _ahead(points: Mapping[str, Vector]) -> Vector:
    """From the middle of the porions to that of the orbitalia."""
    orbits = [points[name] for name in FRANKFURT[2:] if name in points]
    middle = (points["porion-left"] + points["porion-right"]) / 2.0
    return np.asarray(np.mean(orbits, axis=0) - middle, dtype=np.float64)


def as_point(vector: Vector) -> Point:
    """The vector as a tuple of three floats."""
    return float(vector[0]), float(vector[1]), float(vector[2])


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    if length < 1e-6:
        raise InputError(
            "the landmarks of one twin lie on one line or in one place",
            remedy="mark both porions and an orbitale of each twin again",
        )
    return np.asarray(vector / length, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedError:
    """Standard deviations (degrees) that the marking brings: pitch (nodding), roll (leaning
    to a shoulder), yaw (turning the face).
    """

    pitch: float
    roll: float
    yaw: float

    @property
    def spread(self) -> float:
        """Standard deviation of the least certain direction, degrees per axis."""
        squares = self.pitch**2, self.roll**2, self.yaw**2
        return float(((fsum(squares) - min(squares)) / 2.0) ** 0.5)


def weigh_mirror(twin: Twin, mirror: Mirror, own_error: float) -> tuple[TwinAxes, tuple[str, ...]]:
    """The marked axes with their roll corrected by the head's mirror plane, and a note where
    the two disagree.

    Marks and image are weighed by their variances; own_error is how far a head's mirror plane
    lies off its true one by nature, degrees. Where both differ by more than DISAGREE degrees
    and three standard deviations, the marks stand. The mirror plane says nothing of the
    pitch, and little of the yaw: a face that is deeper on one side turns it by degrees.
    """
    points = {name: place for name, place in marked_points(twin).items() if name in FRANKFURT}
    scatter = {mark.name: mark.scatter for mark in twin.landmarks}
    long, _, left = frankfurt_frame(points)
    error = read_error(points, scatter)
    image = float(np.hypot(mirror.error, own_error))
    apart = float(np.degrees(np.arctan2(mirror.left @ long, mirror.left @ left)))
    if abs(apart) > max(DISAGREE, 3.0 * float(np.hypot(error.roll, image))):
        note = (
            f"the mirror plane of {twin.id}'s face and skull base leans {abs(apart):.1f} degrees"
            " away from the marked Frankfurt points; the marks were kept: look at them"
        )
        return axes_from_landmarks(twin), (note,)
    share = error.roll**2 / max(error.roll**2 + image**2, 1e-12)
    turned = _unit(left + np.tan(np.radians(share * apart)) * long)
    rest = error.roll * image / max(float(np.hypot(error.roll, image)), 1e-12)
    better = MarkedError(pitch=error.pitch, roll=rest, yaw=error.yaw)
    return _turned_axes(twin, points, turned, better), ()


def _turned_axes(
    twin: Twin, points: Mapping[str, Vector], left: Vector, error: MarkedError
) -> TwinAxes:
    ahead = _ahead(points)
    facing = _unit(ahead - left * float(ahead @ left))
    return TwinAxes(
        twin=twin.id,
        long=as_point(np.cross(facing, left)),
        facing=as_point(facing),
        left=as_point(left),
        uncertainty=error.spread,
        method="Frankfurt plane through "
        + ", ".join(sorted(points))
        + "; roll also by the mirror plane of face and skull base",
    )


def read_error(points: Mapping[str, Vector], scatter: Mapping[str, float]) -> MarkedError:
    """What the scatter (mm) of each point does to the axes, to first order."""
    base = np.stack(frankfurt_frame(points))
    _, facing, left = base
    terms: list[tuple[float, float, float]] = []
    for name in sorted(points):
        for axis in range(3):
            moved = dict(points)
            moved[name] = points[name] + STEP_MM * np.eye(3)[axis]
            slope = (np.stack(frankfurt_frame(moved)) - base) / STEP_MM * scatter[name]
            turns = slope[0] @ facing, slope[0] @ left, slope[1] @ left
            terms.append((float(turns[0]), float(turns[1]), float(turns[2])))
    pitch, roll, yaw = (float(np.degrees(fsum(t[n] ** 2 for t in terms) ** 0.5)) for n in range(3))
    return MarkedError(pitch=pitch, roll=roll, yaw=yaw)
