"""The two heads joined: one skin, one bone shell, one cavity, and what each brain became."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.demonstration.head import Field
from diptych.demonstration.infant import SHELL, Infant
from diptych.demonstration.interface import Interface
from diptych.demonstration.placement import Pose

_SQUEEZED = 55.0
_ROUNDING = 18.0
_SKIN_ROUNDING = 26.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joint:
    """Two infants placed in the joint frame, and the interface between them."""

    infants: tuple[Infant, Infant]
    poses: tuple[Pose, Pose]
    interface: Interface


def smooth_minimum(a: Field, b: Field, width: float) -> Field:
    """The smaller of two fields with the crease rounded over `width` mm (at most width/4 less)."""
    h = np.maximum(width - np.abs(a - b), 0.0)
    result: Field = np.minimum(a, b) - h * h / (4.0 * width)
    return result


def joint_cavity(joint: Joint, points: NDArray[np.float64]) -> Field:
    """Signed distance to the joint inner table at points (3, N): the rounded union of both
    cavities. Where they meet at an angle it rises more slowly than distance does.
    """
    a, b = (
        infant.grid.sample(infant.cavity, pose.backward(points))
        for infant, pose in zip(joint.infants, joint.poses, strict=True)
    )
    return smooth_minimum(a, b, _ROUNDING)


def outer_fields(joint: Joint, points: NDArray[np.float64]) -> tuple[Field, Field]:
    """Cavity and skin of the joint pair at points (3, N), mm, negative inside.

    The skin is kept at least SHELL outside the cavity.
    """
    cavity = joint_cavity(joint, points)
    a, b = (
        infant.grid.sample(infant.skin, pose.backward(points))
        for infant, pose in zip(joint.infants, joint.poses, strict=True)
    )
    return cavity, np.minimum(smooth_minimum(a, b, _SKIN_ROUNDING), cavity - SHELL)


def squeezed_source(joint: Joint, twin: int, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where in twin's own head (3, N) the tissue now at joint `points` (3, N) came from.

    Along the joint axis each brain is squeezed (or stretched) so that its own roof comes
    to lie on the interface; the effect fades out 55 mm away from it. Nothing is clipped.
    """
    p, q, w = points
    sign = 1.0 if twin == 0 else -1.0
    depth = sign * (joint.interface.sample("height", p, q) - w)
    name = "squeeze_a" if twin == 0 else "squeeze_b"
    near = np.clip(1.0 - depth / _SQUEEZED, 0.0, 1.0)
    moved = w + sign * joint.interface.sample(name, p, q) * near * near
    return joint.poses[twin].backward(np.stack([p, q, moved]))


def pressed_place(joint: Joint, twin: int, own: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where tissue at `own` (3, N) of one head lies in the joint, (3, N): `squeezed_source`
    the other way round, by a damped search along the joint axis (within 0.1 mm).
    """
    p, q, wanted = joint.poses[twin].forward(own)
    sign = 1.0 if twin == 0 else -1.0
    height = joint.interface.sample("height", p, q)
    amount = joint.interface.sample("squeeze_a" if twin == 0 else "squeeze_b", p, q)
    w = wanted.copy()
    for _ in range(60):
        near = np.clip(1.0 - sign * (height - w) / _SQUEEZED, 0.0, 1.0)
        w += 0.4 * (wanted - sign * amount * near * near - w)
    return np.stack([p, q, w])
