"""The points that a person would mark on each twin, with the scatter of marking by hand."""

import numpy as np

from diptych.demonstration.infant import Infant
from diptych.demonstration.order import PairOrder, random_stream
from diptych.demonstration.placement import Pose
from diptych.model import Landmark, TwinId

MARKED_BY = "made with the demonstration pair"


def true_landmarks(infant: Infant) -> dict[str, tuple[float, float, float]]:
    """Reference points in the infant's own frame, mm.

    The porions and orbitales lie in the Frankfurt plane, which is level in the own frame
    by construction; their distances follow the size of the head.
    """
    size, level = infant.scale, infant.frankfurt
    front = _front_of(infant, level + 16.0 * size)
    half = _half_width(infant, level)
    return {
        "nasion": (0.0, front, level + 22.0 * size),
        "basion": (0.0, -2.0 * size, level - 4.0 * size),
        "porion-left": (half, 4.0 * size, level),
        "porion-right": (-half, 4.0 * size, level),
        "orbitale-left": (31.0 * size, front + 10.0 * size, level),
        "orbitale-right": (-31.0 * size, front + 10.0 * size, level),
    }


def _front_of(infant: Infant, height: float) -> float:
    """Where the skin begins in the midline in front at that height, mm, plus 4 mm."""
    along = np.arange(-130.0, 0.0, 0.5)
    line = np.stack([np.zeros_like(along), along, np.full_like(along, height)])
    skin = infant.grid.sample(infant.skin, line)
    return float(along[int(np.argmax(skin < 0))]) + 4.0


def _half_width(infant: Infant, height: float) -> float:
    along = np.arange(100.0, 0.0, -0.5)
    line = np.stack([along, np.full_like(along, 4.0), np.full_like(along, height)])
    skin = infant.grid.sample(infant.skin, line)
    return float(along[int(np.argmax(skin < 0))]) - 6.0


def mark_landmarks(
    order: PairOrder, infant: Infant, pose: Pose, twin: TwinId
) -> tuple[Landmark, ...]:
    """The landmarks of one twin in LPS+ mm, each off by a random `order.scatter` per axis."""
    stream = random_stream(order, f"landmarks {twin}")
    marks = []
    for name, own in true_landmarks(infant).items():
        place = pose.forward(np.array(own).reshape(3, 1))[:, 0]
        place = place + stream.normal(0.0, order.scatter, 3)
        marks.append(
            Landmark(
                name=name,
                position=(float(place[0]), float(place[1]), float(place[2])),
                scatter=order.scatter,
                confirmed_by=(MARKED_BY,),
            )
        )
    return tuple(marks)
