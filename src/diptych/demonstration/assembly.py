"""From one or two adult heads to a joint pair with its veins, before any image is made."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.demonstration.arteries import draw_arteries
from diptych.demonstration.drainage import make_network, make_supply, merge_networks
from diptych.demonstration.head import Head
from diptych.demonstration.infant import Infant, Shape, make_infant
from diptych.demonstration.interface import depth_for, make_interface, roof_of
from diptych.demonstration.order import (
    ANGLE_RANGES,
    ROTATION_RANGES,
    PairOrder,
    random_stream,
)
from diptych.demonstration.placement import Pose, scanner_turn, turns_for
from diptych.demonstration.shell import Joint
from diptych.demonstration.veins import draw_veins
from diptych.model import VesselNetwork

_HEAD_STEP = 1.5
_BRAIN_SHARE = 0.93


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assembly:
    """All geometry of a pair; it does not depend on the voxel size.

    network : vessels in the joint frame; turn : joint frame -> LPS+ mm (about the origin)
    depth : how far the cavities were pushed into each other, mm
    leans : backward lean of the joint axis in each head, degrees
    """

    order: PairOrder
    joint: Joint
    network: VesselNetwork
    turn: NDArray[np.float64]
    depth: float
    leans: tuple[float, float]

    @property
    def poses(self) -> tuple[Pose, Pose]:
        """Poses of both infants in LPS+ mm."""
        a, b = self.joint.poses
        return a.then(self.turn), b.then(self.turn)


def assemble(order: PairOrder, first: Head, other: Head) -> Assembly:
    """Both heads made infants, placed, joined and given veins."""
    infants = _make_infants(order, first, other)
    stream = random_stream(order, "placement")
    angle = float(stream.uniform(*ANGLE_RANGES[order.type]))
    rotation = float(stream.uniform(*ROTATION_RANGES[order.type]))
    area = order.area * float(stream.uniform(0.94, 1.06))
    turn_a, turn_b, lean_a, lean_b = turns_for(angle, rotation)
    joint, depth = _join(order, infants, (turn_a, turn_b), area)
    return Assembly(
        order=order,
        joint=joint,
        network=_draw_vessels(order, joint),
        turn=scanner_turn(random_stream(order, "scanner")),
        depth=depth,
        leans=(lean_a, lean_b),
    )


def _draw_vessels(order: PairOrder, joint: Joint) -> VesselNetwork:
    """Veins, and arteries where the order has them, in the joint frame."""
    brains = _brain_volumes(joint)
    veins = draw_veins(order, joint)
    network = make_network(veins, brains)
    if not order.has_arteries:
        return network
    supply = make_supply(draw_arteries(order, joint, veins), brains, len(network.vessels))
    return merge_networks(network, supply)


def _make_infants(order: PairOrder, first: Head, other: Head) -> tuple[Infant, Infant]:
    """A hardly changed but for its size; B smaller, stretched unevenly and warped."""
    stream = random_stream(order, "shape")
    shape_a = Shape(circumference=order.circumference, stretch=(1.0, 1.0, 1.0), warp=0.8)
    stretch = 1.0 + np.array([0.035, -0.04, 0.02]) + stream.uniform(-0.012, 0.012, 3)
    shape_b = Shape(
        circumference=order.circumference * order.second_size,
        stretch=(float(stretch[0]), float(stretch[1]), float(stretch[2])),
        warp=2.0,
    )
    return (
        make_infant(first, shape_a, random_stream(order, "infant A"), _HEAD_STEP),
        make_infant(other, shape_b, random_stream(order, "infant B"), _HEAD_STEP),
    )


def _join(
    order: PairOrder,
    infants: tuple[Infant, Infant],
    turns: tuple[NDArray[np.float64], NDArray[np.float64]],
    area: float,
) -> tuple[Joint, float]:
    apart = (_pole_pose(infants[0], turns[0], 1), _pole_pose(infants[1], turns[1], -1))
    roof_a, roof_b = roof_of(infants[0], apart[0], 1), roof_of(infants[1], apart[1], -1)
    depth = depth_for(roof_a, roof_b, area)
    poses = (_moved(apart[0], depth / 2.0), _moved(apart[1], -depth / 2.0))
    interface = make_interface(order, roof_a + depth / 2.0, roof_b - depth / 2.0)
    return Joint(infants=infants, poses=poses, interface=interface), depth


def _pole_pose(infant: Infant, turn: NDArray[np.float64], side: int) -> Pose:
    """The head turned so that the cavity's surface on the joint axis lies at the origin."""
    distances = np.arange(20.0, 140.0, 0.25)
    own = turn.T @ np.array([0.0, 0.0, float(side)])
    values = infant.grid.sample(infant.cavity, own[:, None] * distances[None, :])
    reach = float(distances[int(np.argmax(values > 0))])
    return Pose(turn=turn, shift=np.array([0.0, 0.0, -side * reach]))


def _moved(pose: Pose, by: float) -> Pose:
    return Pose(turn=pose.turn, shift=pose.shift + np.array([0.0, 0.0, by]))


def _brain_volumes(joint: Joint) -> tuple[float, float]:
    """About the brain volume of each twin, ml: a fixed share of its cavity."""
    a, b = (
        _BRAIN_SHARE * float((i.cavity < 0).sum()) * i.grid.step**3 / 1000.0 for i in joint.infants
    )
    return a, b
