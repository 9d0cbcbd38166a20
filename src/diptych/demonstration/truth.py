"""What is true of a made pair, to score against; no planning code may read it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from diptych.demonstration.assembly import Assembly
from diptych.demonstration.intensities import Painting
from diptych.demonstration.interface import relief_of
from diptych.demonstration.placement import Pose, measure
from diptych.model import Point, Tissue, TwinId, VesselNetwork, Volume

Parameter = float | str | tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairTruth:
    """The truth of one pair.

    owner : Volume of Owner codes; NOBODY exactly where air
    tissues : Volume of Tissue codes; the fibrous sutures of the skull are DURA
    distance : Volume int16, signed distance to the true interface in 0.1 mm, positive on
        A's side; exact within 20 mm of it inside tissue
    interrupted : Volume uint8, 1 where the nearest piece of septum is interrupted, so that
        brain touches brain (total types; in partial ones only the bony plate has holes)
    bridge : Volume uint8, 1 in brain that has grown across, within 6 mm of the interface;
        its owner is still by the true interface (hard total types)
    vessels : the network, LPS+ mm, flows in ml/min from start to end
    poses : (4, 4) own frame of each infant head (LPS axes, S = long axis) -> LPS+ mm
    long_axis_angle, rotation : degrees, from the final transforms; the rotation is about
        the bisector of the long axes (A's minus B's), 0 = facing the same way
    label : class of the pair
    parameters : every figure that the pair was made with, by name
    """

    owner: Volume
    tissues: Volume
    distance: Volume
    interrupted: Volume
    bridge: Volume
    vessels: VesselNetwork
    poses: Mapping[TwinId, NDArray[np.float64]]
    long_axis_angle: float
    rotation: float
    label: str
    parameters: Mapping[str, Parameter]


def make_truth(assembly: Assembly, painting: Painting, grid: Volume) -> PairTruth:
    """The truth of an assembly as painted on the grid of a volume."""
    pose_a, pose_b = assembly.poses
    angle, rotation = measure(pose_a.turn, pose_b.turn)
    tenths = np.clip(np.rint(painting.side * 10.0), -32000, 32000).astype(np.int16)
    return PairTruth(
        owner=grid.on_this_grid(painting.owner, source="true owners"),
        tissues=grid.on_this_grid(painting.tissues, source="true tissues"),
        distance=grid.on_this_grid(tenths, source="true distance to the interface, 0.1 mm"),
        interrupted=grid.on_this_grid(painting.gap.astype(np.uint8), source="interrupted septum"),
        bridge=grid.on_this_grid(painting.bridge.astype(np.uint8), source="brain grown across"),
        vessels=turn_network(assembly.network, assembly.turn),
        poses={TwinId.A: _matrix(pose_a), TwinId.B: _matrix(pose_b)},
        long_axis_angle=angle,
        rotation=rotation,
        label=assembly.order.type,
        parameters=_list_parameters(assembly, painting),
    )


def turn_network(network: VesselNetwork, turn: NDArray[np.float64]) -> VesselNetwork:
    """The network after a turn about the origin."""
    nodes = tuple(replace(node, position=_turned(turn, node.position)) for node in network.nodes)
    vessels = tuple(replace(vessel, path=vessel.path @ turn.T) for vessel in network.vessels)
    return VesselNetwork(nodes=nodes, vessels=vessels)


def _turned(turn: NDArray[np.float64], position: Point) -> Point:
    x, y, z = (turn @ np.array(position)).tolist()
    return x, y, z


def _matrix(pose: Pose) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, :3] = pose.turn
    matrix[:3, 3] = pose.shift
    return matrix


def _list_parameters(assembly: Assembly, painting: Painting) -> dict[str, Parameter]:
    order, face = assembly.order, assembly.joint.interface
    relief = relief_of(face.height, face.overlap > 0)
    figures: dict[str, Parameter] = {
        f"order-{field.name}": getattr(order, field.name) for field in fields(order)
    }
    figures |= {
        "depth-mm": assembly.depth,
        "lean-A-degrees": assembly.leans[0],
        "lean-B-degrees": assembly.leans[1],
        "disc-area-cm2": face.area,
        "bulge-mm": float(relief.max()),
        "herniation-mm": float(-relief.min()),
    }
    for number, bump in enumerate(face.bumps, start=1):
        figures[f"bump-{number}"] = bump
    for letter, infant in zip("AB", assembly.joint.infants, strict=True):
        code = 1 if letter == "A" else 2
        brain = (painting.tissues == Tissue.BRAIN) & (painting.owner == code)
        figures[f"scale-{letter}"] = infant.scale
        figures[f"circumference-{letter}-mm"] = infant.circumference
        figures[f"brain-{letter}-ml"] = float(brain.sum()) * order.spacing**3 / 1000.0
    return figures
