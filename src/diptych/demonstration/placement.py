"""Where each head lies: turns from the wanted angles, and angles from the final turns.

The joint frame has its origin in the middle of the junction and its third axis w along
the joint axis, from A to B. Turning the pair in the scanner comes last.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pose:
    """A rigid transform: position = turn @ own position + shift."""

    turn: Matrix
    shift: NDArray[np.float64]

    def forward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (3, ...) of the head's own frame in the outer frame."""
        flat = self.turn @ points.reshape(3, -1) + self.shift[:, None]
        return flat.reshape(points.shape)

    def backward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (3, ...) of the outer frame in the head's own frame."""
        flat = self.turn.T @ (points.reshape(3, -1) - self.shift[:, None])
        return flat.reshape(points.shape)

    def then(self, turn: Matrix) -> "Pose":
        """The pose followed by a turn about the outer origin."""
        return Pose(turn=turn @ self.turn, shift=turn @ self.shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directions:
    """Long axis (skull base to vertex), facing and own left of one head, unit vectors."""

    long: NDArray[np.float64]
    facing: NDArray[np.float64]
    left: NDArray[np.float64]


def turns_for(angle: float, rotation: float) -> tuple[Matrix, Matrix, float, float]:
    """Turns (3, 3) of A and B for a long-axis angle and facial rotation, degrees.

    Also returned: how far the joint axis leans backwards in each head, degrees
    (negative: forwards). Both lean by the same amount; beyond 90 degrees of rotation B
    leans forwards, so that the angle stays reachable. The rotation is the wanted one
    about the joint axis; `measure` gives it about the bisector of the long axes.
    """
    turn = np.radians(rotation)
    lean = np.arcsin(np.sqrt((1.0 + np.cos(np.radians(angle))) / (1.0 + abs(np.cos(turn)))))
    lean_b = lean if np.cos(turn) >= 0 else -lean
    front = np.array([0.0, -1.0, 0.0])
    front_b = np.array([np.sin(turn), -np.cos(turn), 0.0])
    axis = np.array([0.0, 0.0, 1.0])
    return (
        _turn(axis, front, lean),
        _turn(-axis, front_b, lean_b),
        float(np.degrees(lean)),
        float(np.degrees(lean_b)),
    )


def _turn(axis: NDArray[np.float64], front: NDArray[np.float64], lean: float) -> Matrix:
    long = np.cos(lean) * axis + np.sin(lean) * front
    facing = -np.sin(lean) * axis + np.cos(lean) * front
    left = np.cross(long, facing)
    return np.stack([left, -facing, long], axis=1)


def directions_of(turn: Matrix) -> Directions:
    """Long axis, facing and left of a head turned by `turn`."""
    return Directions(long=turn[:, 2], facing=-turn[:, 1], left=turn[:, 0])


def measure(turn_a: Matrix, turn_b: Matrix) -> tuple[float, float]:
    """Long-axis angle and facial rotation, degrees, from the final turns.

    Angle: between the two directions skull base -> vertex (180 = vertex to vertex).
    Rotation: between the facings of A and B, seen along the joint axis (the direction
    of long axis A minus long axis B); 0 = facing the same way.
    """
    a, b = directions_of(turn_a), directions_of(turn_b)
    angle = _angle_between(a.long, b.long)
    axis = (a.long - b.long) / np.linalg.norm(a.long - b.long)
    seen = [d.facing - (d.facing @ axis) * axis for d in (a, b)]
    return angle, _angle_between(*seen)


def _angle_between(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def scanner_turn(stream: np.random.Generator) -> Matrix:
    """A small turn of the pair in the scanner: no patient lies along its axes."""
    x, y, z = np.radians(stream.uniform(-7.0, 7.0, 3))
    rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rz = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    result: Matrix = rx @ ry @ rz
    return result
