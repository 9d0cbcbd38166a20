"""Which vessels the cut severs, and whose blood flows in them.

A vessel crosses where its centreline passes from side to side and stays there for at least
3 mm (a quarter of its length for short ones): grazing the cut is no crossing. Where a vessel
ends on one side and joins others on the other side, it crosses at that junction.

Whose blood: followed downstream through the network. At each node what flows in is mixed,
and what the node adds belongs to the twin whose vessels meet there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diptych.model import (
    NodeId,
    Owner,
    Point,
    Vessel,
    VesselId,
    VesselNetwork,
    VesselNode,
    Volume,
)

STAY = 3.0
_STEP = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Severed:
    """A vessel that the cut meets: where, how wide it is there, ml/min in it, how often.

    towards : side that its blood flows to, 1 with A, 2 with B
    """

    vessel: Vessel
    position: Point
    calibre: float
    flow: float
    times: int
    towards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A stretch of a centreline on one side: first and last sample, length in mm."""

    side: int
    first: int
    last: int
    length: float


def find_severed(network: VesselNetwork, side: Volume) -> tuple[Severed, ...]:
    """Vessels that the cut severs, smallest flow first, then thinnest, then by place."""
    walks = {vessel.id: _walk(vessel, side) for vessel in network.vessels}
    places = {node.id: _node_side(node, network, walks, side) for node in network.nodes}
    found = [
        severed
        for vessel in network.vessels
        if (severed := _sever(vessel, walks[vessel.id], places)) is not None
    ]
    return tuple(sorted(found, key=lambda s: (s.flow, s.calibre, s.position)))


def _walk(vessel: Vessel, side: Volume) -> tuple[NDArray[np.float64], list[_Run]]:
    """Samples (N, 4) of position and radius, and the runs between changes of side."""
    samples = _resample(vessel)
    codes = _sides_at(samples[:, :3], side)
    runs = _merge_short(_runs(codes, samples), min(STAY, 0.25 * float(vessel.length)))
    return samples, runs


def _resample(vessel: Vessel) -> NDArray[np.float64]:
    steps = np.linalg.norm(np.diff(vessel.path, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(int(np.ceil(along[-1] / _STEP)) + 1, 2)
    targets = np.linspace(0.0, along[-1], count)
    columns = [np.interp(targets, along, vessel.path[:, axis]) for axis in range(3)]
    return np.stack([*columns, np.interp(targets, along, vessel.radius)], axis=1)


def _sides_at(points: NDArray[np.float64], side: Volume) -> NDArray[np.int64]:
    """Side at each point; where there is no tissue, the last side met (else the next)."""
    index = np.round(side.to_index(points)).astype(np.int64)
    inside = ((index >= 0) & (index < np.array(side.shape))).all(axis=1)
    codes = np.zeros(len(points), dtype=np.int64)
    codes[inside] = side.voxels[tuple(index[inside].T)]
    known = np.flatnonzero(codes)
    if not len(known):
        return codes
    before = np.maximum.accumulate(np.where(codes > 0, np.arange(len(codes)), -1))
    filled: NDArray[np.int64] = codes[np.where(before >= 0, before, known[0])]
    return filled


def _runs(codes: NDArray[np.int64], samples: NDArray[np.float64]) -> list[_Run]:
    edges = np.flatnonzero(np.diff(codes)) + 1
    bounds = [0, *edges.tolist(), len(codes)]
    step = float(np.linalg.norm(samples[1, :3] - samples[0, :3]))
    return [
        _Run(side=int(codes[a]), first=a, last=b - 1, length=step * (b - a))
        for a, b in pairwise(bounds)
    ]


def _merge_short(runs: list[_Run], shortest: float) -> list[_Run]:
    """Joins runs shorter than `shortest` to their neighbours, the shortest first."""
    runs = list(runs)
    while len(runs) > 1:
        n = min(range(len(runs)), key=lambda i: runs[i].length)
        if runs[n].length >= shortest:
            break
        low, high = max(n - 1, 0), min(n + 1, len(runs) - 1)
        kept = runs[high] if low == n else runs[low]
        runs[low : high + 1] = [
            _Run(
                side=kept.side,
                first=runs[low].first,
                last=runs[high].last,
                length=sum(run.length for run in runs[low : high + 1]),
            )
        ]
    return runs


def _node_side(
    node: VesselNode,
    network: VesselNetwork,
    walks: Mapping[VesselId, tuple[NDArray[np.float64], list[_Run]]],
    side: Volume,
) -> int:
    """Side of a junction: that of most lumen area ending there, else of its voxel."""
    area = {0: 0.0, 1: 0.0, 2: 0.0}
    for vessel in network.vessels:
        samples, runs = walks[vessel.id]
        if vessel.start == node.id:
            area[runs[0].side] += float(samples[0, 3]) ** 2
        if vessel.end == node.id:
            area[runs[-1].side] += float(samples[-1, 3]) ** 2
    if abs(area[1] - area[2]) > 1e-9:
        return 1 if area[1] > area[2] else 2
    return int(_sides_at(np.array([node.position]), side)[0])


def _sever(
    vessel: Vessel,
    walk: tuple[NDArray[np.float64], list[_Run]],
    places: Mapping[NodeId, int],
) -> Severed | None:
    samples, runs = walk
    changes = [(min(before.length, after.length), after.first) for before, after in pairwise(runs)]
    for node, run, sample in (
        (vessel.start, runs[0], 0),
        (vessel.end, runs[-1], len(samples) - 1),
    ):
        if {places[node], run.side} == {1, 2}:
            changes.append((0.0, sample))
    if not changes:
        return None
    at = samples[max(changes)[1]]
    return Severed(
        vessel=vessel,
        position=(float(at[0]), float(at[1]), float(at[2])),
        calibre=2.0 * float(at[3]),
        flow=abs(vessel.flow.value),
        times=len(changes),
        towards=places[_mouth(vessel)] or runs[-1 if vessel.flow.value >= 0 else 0].side,
    )


def tell_whole_shared(
    network: VesselNetwork, side: Volume, severed: Sequence[Severed]
) -> tuple[str, ...]:
    """Notes on shared vessels that the cut leaves whole on one twin's side."""
    cut = {entry.vessel.id for entry in severed}
    whole: dict[tuple[str, str], list[Vessel]] = {}
    for vessel in network.vessels:
        if vessel.owner is Owner.SHARED and vessel.id not in cut:
            codes = _sides_at(_resample(vessel)[:, :3], side)
            twin = "A" if (codes == 1).sum() > (codes == 2).sum() else "B"
            whole.setdefault((vessel.name, twin), []).append(vessel)
    return tuple(
        f"the cut passes beside {sum(v.length for v in vessels):.0f} mm of {name}, shared by both"
        f" ({', '.join(sorted(v.id for v in vessels))}), which stays whole with twin {twin}"
        for (name, twin), vessels in sorted(whole.items())
    )


def trace_blood(network: VesselNetwork) -> dict[VesselId, float]:
    """Share of twin A's blood in each vessel, 0..1 (0.5 where nothing tells)."""
    order = _downstream(network)
    share: dict[VesselId, float] = {}
    for node in order:
        inflow = [v for v in network.vessels if _mouth(v) == node and v.id in share]
        outflow = [v for v in network.vessels if _spring(v) == node]
        mixed = sum(abs(v.flow.value) * share[v.id] for v in inflow)
        entering = sum(abs(v.flow.value) for v in inflow)
        added = max(sum(abs(v.flow.value) for v in outflow) - entering, 0.0)
        total = entering + added
        own = _own_share(node, network)
        level = (mixed + added * own) / total if total > 0.0 else own
        share.update({vessel.id: level for vessel in outflow})
    return {v.id: share.get(v.id, _plain_share(v.owner)) for v in network.vessels}


def _spring(vessel: Vessel) -> NodeId:
    """The node that blood comes from."""
    return vessel.start if vessel.flow.value >= 0.0 else vessel.end


def _mouth(vessel: Vessel) -> NodeId:
    """The node that blood goes to."""
    return vessel.end if vessel.flow.value >= 0.0 else vessel.start


def _plain_share(owner: Owner) -> float:
    return {Owner.A: 1.0, Owner.B: 0.0}.get(owner, 0.5)


def _own_share(node: NodeId, network: VesselNetwork) -> float:
    """Whose blood a node adds: by the owned vessels that meet there, weighed by lumen area."""
    weighed = [
        (float(np.median(v.radius)) ** 2, _plain_share(v.owner))
        for v in network.vessels
        if node in (v.start, v.end) and v.owner in (Owner.A, Owner.B)
    ]
    total = sum(weight for weight, _ in weighed)
    return sum(weight * share for weight, share in weighed) / total if total else 0.5


def _downstream(network: VesselNetwork) -> list[NodeId]:
    """Nodes so that blood flows from earlier to later ones; loops are broken by id."""
    waiting = {node.id for node in network.nodes}
    sources = {
        node: {_spring(v) for v in network.vessels if _mouth(v) == node and _spring(v) != node}
        for node in waiting
    }
    order: list[NodeId] = []
    while waiting:
        ready = sorted(node for node in waiting if not sources[node] & waiting)
        batch = ready or [min(waiting)]
        order += batch
        waiting -= set(batch)
    return order
