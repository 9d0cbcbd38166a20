"""Flow and calibre: the venous tree as a network of Poiseuille resistances, the arterial
trees by Murray's law alone.

Calibre follows Murray's law (cube of the radius in proportion to the flow). Its constant
is set so that a sinus of 2.5 mm radius carries 211 ml/min: 48 % of an infant brain's
440 ml/min in the superior sagittal sinus.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diptych.demonstration.tree import Run
from diptych.model import (
    Measured,
    NodeId,
    Owner,
    Point,
    TwinId,
    Vessel,
    VesselId,
    VesselNetwork,
    VesselNode,
)

MURRAY = 2.5 / 211.0 ** (1.0 / 3.0)
BLOOD_FLOW = 0.55
"""ml/min per ml of brain at about ten months (Varela 2012: 25 rising to 60 ml/100 ml/min)."""
_FLOW_SHARE = 0.2
_STRAIGHT_SHARE = 0.4
_WIDEST_VEIN = 1.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A stretch of a run between two of its branch points."""

    run: int
    start: tuple[int, int]
    end: tuple[int, int]
    path: NDArray[np.float64]
    radius: float


def make_network(runs: Sequence[Run], brains: tuple[float, float]) -> VesselNetwork:
    """Vessels with radius and flow from the runs; `brains` are the brain volumes, ml.

    Each free start takes in the flow of its calibre; what is left of the twin's whole flow
    comes in by the straight sinus and at the torcula (cerebellum, temporal lobes). The
    flows then follow from equal pressure at all jugulars; sinuses get the calibre of
    their flow, bridging veins keep theirs.
    """
    pieces = _split(runs)
    inflow = _inflows(runs, brains)
    flows = np.zeros(len(pieces))
    for _ in range(4):
        flows = _solve(runs, pieces, inflow)
        pieces = [_resize(runs, piece, flow) for piece, flow in zip(pieces, flows, strict=True)]
    flows = _solve(runs, pieces, inflow)
    return VesselNetwork(nodes=_nodes(runs, pieces), vessels=_vessels(runs, pieces, flows))


def make_supply(runs: Sequence[Run], brains: tuple[float, float], first: int) -> VesselNetwork:
    """The arteries with radius and flow; their ids go on after the `first` vessels.

    Every end takes blood in proportion to the cube of its radius, all ends together the
    blood of both brains; a vessel above them has the flow and, by Murray's law, the
    calibre of all that it feeds.
    """
    pieces = _split(runs)
    ends = {(n, len(run.path) - 1): run.radius for n, run in enumerate(runs)}
    cubes = np.zeros(len(pieces))
    for index in reversed(range(len(pieces))):
        cubes[index] = _fed_cube(pieces, cubes, index, ends)
    roots = [n for n, piece in enumerate(pieces) if piece.start[1] == 0 and _is_root(runs, piece)]
    scale = sum(brains) * BLOOD_FLOW / float(cubes[roots].sum())
    pieces = [
        replace(piece, radius=float(cube ** (1.0 / 3.0)))
        for piece, cube in zip(pieces, cubes, strict=True)
    ]
    vessels = _vessels(runs, pieces, cubes * scale, first=first)
    return VesselNetwork(nodes=_nodes(runs, pieces, letter="P"), vessels=vessels)


def _is_root(runs: Sequence[Run], piece: Piece) -> bool:
    return runs[piece.run].start_on is None and piece.start == (piece.run, 0)


def _fed_cube(
    pieces: list[Piece],
    cubes: NDArray[np.float64],
    index: int,
    ends: dict[tuple[int, int], float],
) -> float:
    """Sum of the cubed radii of all ends that a piece feeds; pieces after it are known."""
    below = [n for n, piece in enumerate(pieces) if piece.start == pieces[index].end]
    if not below:
        return ends[pieces[index].end] ** 3
    return float(cubes[below].sum())


def merge_networks(first: VesselNetwork, second: VesselNetwork) -> VesselNetwork:
    """Both networks as one; they share no node."""
    return VesselNetwork(nodes=first.nodes + second.nodes, vessels=first.vessels + second.vessels)


def _node(runs: Sequence[Run], run: int, point: int) -> tuple[int, int]:
    """The node at that point of a run: its parent's, where it hangs on one."""
    last = len(runs[run].path) - 1
    for place, index in ((runs[run].start_on, 0), (runs[run].end_on, last)):
        if place is not None and point == index:
            return _node(runs, *place)
    return run, point


def _split(runs: Sequence[Run]) -> list[Piece]:
    cuts: list[set[int]] = [{0, len(run.path) - 1} for run in runs]
    for run in runs:
        for place in (run.start_on, run.end_on):
            if place is not None:
                cuts[place[0]].add(place[1])
    pieces = []
    for index, run in enumerate(runs):
        marks = sorted(cuts[index])
        for a, b in pairwise(marks):
            pieces.append(
                Piece(
                    run=index,
                    start=_node(runs, index, a),
                    end=_node(runs, index, b),
                    path=run.path[a : b + 1],
                    radius=run.radius,
                )
            )
    return [_widen(piece) for piece in pieces]


def _widen(piece: Piece) -> Piece:
    if len(piece.path) >= 2:
        return piece
    return replace(piece, path=np.repeat(piece.path, 2, axis=0))


def _inflows(runs: Sequence[Run], brains: tuple[float, float]) -> dict[tuple[int, int], float]:
    inflow: dict[tuple[int, int], float] = {}
    rest = {Owner.A: brains[0] * BLOOD_FLOW, Owner.B: brains[1] * BLOOD_FLOW}
    for index, run in enumerate(runs):
        if run.owner is Owner.SHARED or run.start_on is not None or run.name[:8] == "straight":
            continue
        radius = 1.1 if run.kind == "sinus" else run.radius
        inflow[(index, 0)] = (radius / MURRAY) ** 3
        rest[run.owner] -= inflow[(index, 0)]
    for index, run in enumerate(runs):
        if run.name[:8] == "straight":
            share = max(rest[run.owner], 20.0)
            inflow[(index, 0)] = _STRAIGHT_SHARE * share
            torcula = _node(runs, index, len(run.path) - 1)
            inflow[torcula] = (1.0 - _STRAIGHT_SHARE) * share
    return inflow


def _solve(
    runs: Sequence[Run], pieces: list[Piece], inflow: dict[tuple[int, int], float]
) -> NDArray[np.float64]:
    nodes = sorted({p.start for p in pieces} | {p.end for p in pieces})
    row = {node: n for n, node in enumerate(nodes)}
    matrix = np.zeros((len(nodes), len(nodes)))
    right = np.zeros(len(nodes))
    gains = np.array([_conductance(piece) for piece in pieces])
    for piece, gain in zip(pieces, gains, strict=True):
        a, b = row[piece.start], row[piece.end]
        matrix[[a, b], [a, b]] += gain
        matrix[[a, b], [b, a]] -= gain
    for node, amount in inflow.items():
        right[row[node]] += amount
    for node in _roots(runs):
        matrix[row[node]] = 0.0
        matrix[row[node], row[node]] = 1.0
        right[row[node]] = 0.0
    pressure = np.linalg.solve(matrix, right)
    drops = np.array([pressure[row[p.start]] - pressure[row[p.end]] for p in pieces])
    result: NDArray[np.float64] = drops * gains
    return result


def _conductance(piece: Piece) -> float:
    length = float(np.linalg.norm(np.diff(piece.path, axis=0), axis=1).sum())
    return float(piece.radius**4 / max(length, 0.5))


def _roots(runs: Sequence[Run]) -> dict[tuple[int, int], TwinId]:
    return {
        (index, len(run.path) - 1): run.root
        for index, run in enumerate(runs)
        if run.root is not None
    }


def _resize(runs: Sequence[Run], piece: Piece, flow: float) -> Piece:
    """Sinuses get the calibre of their flow; veins, where tributaries have joined them."""
    run = runs[piece.run]
    radius = float(MURRAY * abs(flow) ** (1.0 / 3.0))
    if run.owner is Owner.SHARED or (run.kind != "sinus" and radius < 1.001 * run.radius):
        return piece
    limits = (1.0, 2.8) if run.kind == "sinus" else (run.radius, _WIDEST_VEIN)
    return replace(piece, radius=float(np.clip(radius, *limits)))


def _nodes(runs: Sequence[Run], pieces: list[Piece], letter: str = "N") -> tuple[VesselNode, ...]:
    roots = _roots(runs)
    nodes = sorted({p.start for p in pieces} | {p.end for p in pieces})
    return tuple(
        VesselNode(
            id=_node_id(node, letter),
            position=_position(runs[node[0]].path[node[1]]),
            root=roots.get(node),
        )
        for node in nodes
    )


def _position(point: NDArray[np.float64]) -> Point:
    x, y, z = point.tolist()
    return x, y, z


def _node_id(node: tuple[int, int], letter: str) -> NodeId:
    return NodeId(f"{letter}{node[0]:02d}.{node[1]:03d}")


def _vessels(
    runs: Sequence[Run], pieces: list[Piece], flows: NDArray[np.float64], first: int = 0
) -> tuple[Vessel, ...]:
    """Vessels T(first + 1) on; those after others have nodes with P, for supply."""
    vessels = []
    letter = "P" if first else "N"
    numbered = enumerate(zip(pieces, flows.tolist(), strict=True), start=first + 1)
    for number, (piece, flow) in numbered:
        run = runs[piece.run]
        spread = _FLOW_SHARE * abs(flow)
        vessels.append(
            Vessel(
                id=VesselId(f"T{number:02d}"),
                name=run.name,
                kind=run.kind,
                owner=run.owner,
                start=_node_id(piece.start, letter),
                end=_node_id(piece.end, letter),
                path=piece.path,
                radius=np.full(len(piece.path), piece.radius),
                flow=Measured(value=flow, low=flow - spread, high=flow + spread, unit="ml/min"),
                confidence=1.0,
            )
        )
    return tuple(vessels)
