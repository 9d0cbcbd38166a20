"""Directions of one twin's head from the points of its Frankfurt plane."""

from collections.abc import Mapping
from math import fsum

import numpy as np
from numpy.typing import NDArray

from diptych.model import InputError, Point, Twin, TwinAxes, TwinId

FRANKFURT = ("porion-left", "porion-right", "orbitale-left", "orbitale-right")
STEP_MM = 0.01
"""Step of the numerical derivative; far below any scatter, far above rounding."""

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
        uncertainty=_spread(points, scatter),
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
    middle = (porions[0] + porions[1]) / 2.0
    ahead = np.mean(orbits, axis=0) - middle
    facing = _unit(ahead - left * float(ahead @ left))
    return np.cross(facing, left), facing, left


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


def _spread(points: Mapping[str, Vector], scatter: Mapping[str, float]) -> float:
    """Largest standard deviation of the three directions, degrees per axis."""
    base = np.stack(frankfurt_frame(points))
    variances: list[list[float]] = [[], [], []]
    for name in sorted(points):
        for axis in range(3):
            moved = dict(points)
            moved[name] = points[name] + STEP_MM * np.eye(3)[axis]
            slope = (np.stack(frankfurt_frame(moved)) - base) / STEP_MM
            for row in range(3):
                variances[row].append(float(slope[row] @ slope[row]) * scatter[name] ** 2 / 2.0)
    return float(np.degrees(max(fsum(terms) for terms in variances) ** 0.5))
