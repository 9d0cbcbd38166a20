"""How well a vessel network agrees with the truth: lines, calibres, loops, owners, names.

Lines are compared as points every half millimetre. Recall is the share of the true
centrelines (vessels of at least LEAST_CALIBRE mm) that a found one accompanies within
REACH mm; precision the share of the found ones that a true one accompanies. A loop is
found when the found network has a closed way along it; the ways between two roots count as
loops too, for blood can turn round in them. Where two vessels of a loop run side by side in one
lumen, as a transverse sinus beside the sagittal sinus before it leaves it, the way may go over
anywhere.

What is asked for depends on the contrast. Veins and sinuses are asked for in every phase that
fills them, arteries only where an arterial phase is given: in a venous phase they hold about
two thirds of the veins' contrast, so that a venogram shows some of them, but nothing in it tells
which they are. What is not asked for does not count as false either when it is found, for it
is a vessel. Recall of the arteries is told apart, whatever the phase.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from diptych.model import NodeId, Vessel, VesselNetwork

LEAST_CALIBRE, REACH, STEP = 1.5, 1.5, 0.5
LOOP_REACH, LOOP_COVERED = 3.0, 0.9
VENOUS, ARTERIAL = ("sinus", "vein"), ("artery",)
ASKED = {"venous": VENOUS, "arterial": ARTERIAL, "both": (*VENOUS, *ARTERIAL)}
"""Kinds of vessels that are asked for, by the contrast given. An arterial phase alone gives
veins a fifth of what a venous one does."""

Points = NDArray[np.float64]
Edge = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkScore:
    """Figures of one network against the truth.

    recall, precision : shares of centreline, 0..1
    calibre_error : median over the true lines of |found - true| / true, per cent
    loops, loops_found : loops of the true network, and how many of them were found
    extra_loops : loops of the found network beyond the true number
    wrong_owner : per cent of the true length of bridging and crossing veins whose nearest
        found vessel has another owner (or none is near)
    wrong_name : per cent of the true length whose nearest found vessel is of another kind
    artery_recall : the same as `recall`, of arteries alone; NaN where there are none
    """

    recall: float
    precision: float
    calibre_error: float
    loops: int
    loops_found: int
    extra_loops: int
    wrong_owner: float
    wrong_name: float
    artery_recall: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """Points (N, 3) every STEP mm along vessels, radius (N,) there, and which vessel."""

    points: Points
    radius: Points
    vessel: NDArray[np.int64]


def sample_lines(vessels: Iterable[Vessel]) -> Lines:
    """The centrelines of some vessels as evenly spaced points."""
    points, radius, which = [np.zeros((0, 3))], [np.zeros(0)], [np.zeros(0, dtype=np.int64)]
    for number, vessel in enumerate(vessels):
        steps = np.linalg.norm(np.diff(vessel.path, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(steps)])
        where = np.arange(0.5 * STEP, max(float(along[-1]), 0.6 * STEP), STEP)
        points.append(
            np.stack([np.interp(where, along, vessel.path[:, a]) for a in range(3)], axis=1)
        )
        radius.append(np.interp(where, along, vessel.radius))
        which.append(np.full(len(where), number))
    return Lines(
        points=np.concatenate(points), radius=np.concatenate(radius), vessel=np.concatenate(which)
    )


def score_network(
    found: VesselNetwork, true: VesselNetwork, asked: tuple[str, ...] = (*VENOUS, *ARTERIAL)
) -> NetworkScore:
    """All figures of a found network; NaN where the truth or the network is empty.

    asked : kinds of vessels that count as not found when they are not (see ASKED)
    """
    every = tuple(vessel for vessel in true.vessels if vessel.calibre >= LEAST_CALIBRE)
    wide = tuple(vessel for vessel in every if vessel.kind in asked)
    arteries = tuple(vessel for vessel in every if vessel.kind in ARTERIAL)
    thick = tuple(vessel for vessel in found.vessels if vessel.calibre >= LEAST_CALIBRE)
    ours, theirs = sample_lines(found.vessels), sample_lines(wide)
    loops, loops_found, extra = count_loops(found, true)
    away, nearest = _match(theirs.points, ours.points)
    near = away <= REACH
    return NetworkScore(
        recall=_mean(near),
        precision=_mean(
            _match(sample_lines(thick).points, sample_lines(true.vessels).points)[0] <= REACH
        ),
        calibre_error=_calibre_error(theirs, ours, near, nearest),
        loops=loops,
        loops_found=loops_found,
        extra_loops=extra,
        wrong_owner=_wrong(found, wide, (theirs, ours), nearest, _same_owner),
        wrong_name=_wrong(found, wide, (theirs, ours), nearest, _same_name),
        artery_recall=_mean(_match(sample_lines(arteries).points, ours.points)[0] <= REACH),
    )


def _match(points: Points, others: Points) -> tuple[Points, NDArray[np.int64]]:
    if not len(points) or not len(others):
        return np.full(len(points), np.inf), np.zeros(len(points), dtype=np.int64)
    away, nearest = cKDTree(others).query(points)
    return away, nearest


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _calibre_error(
    theirs: Lines, ours: Lines, near: NDArray[np.bool_], nearest: NDArray[np.int64]
) -> float:
    if not near.any():
        return float("nan")
    true = theirs.radius[near]
    return 100.0 * float(np.median(np.abs(ours.radius[nearest[near]] - true) / true))


def _same_owner(found: Vessel, true: Vessel) -> bool | None:
    return found.owner is true.owner if true.kind == "vein" else None


def _same_name(found: Vessel, true: Vessel) -> bool | None:
    return class_of(found.name) == class_of(true.name)


def _wrong(found, wide, lines, nearest, same) -> float:  # type: ignore[no-untyped-def]
    """Per cent of the true length for which `same` says no (None is left out)."""
    theirs, ours = lines
    if not len(ours.points):
        return 100.0
    said = [
        same(found.vessels[b], wide[a])
        for a, b in zip(theirs.vessel, ours.vessel[nearest], strict=True)
    ]
    counted = [value for value in said if value is not None]
    return 100.0 * (1.0 - float(np.mean(counted))) if counted else float("nan")


def wrong_by_vein(found: VesselNetwork, true: VesselNetwork) -> dict[str, float]:
    """Per cent of the length of each vein of the truth whose nearest vessel is another's."""
    result = {}
    ours = sample_lines(found.vessels)
    for name in sorted({vessel.name for vessel in true.vessels if vessel.kind == "vein"}):
        wide = tuple(vessel for vessel in true.vessels if vessel.name == name)
        theirs = sample_lines(wide)
        _, nearest = _match(theirs.points, ours.points)
        result[name] = _wrong(found, wide, (theirs, ours), nearest, _same_owner)
    return result


def class_of(name: str) -> str:
    """A name without number and station: "bridging vein A3" -> "bridging vein A".

    The truth draws transverse sinus and jugular as one.
    """
    plain = name.removesuffix(", front").removesuffix(", back").rstrip("0123456789 ")
    plain = plain.replace("jugular vein", "transverse sinus")
    return plain.replace("cross-draining vein", "crossing vein")


def count_loops(found: VesselNetwork, true: VesselNetwork) -> tuple[int, int, int]:
    """True loops, how many of them are found, and how many loops the found one has beyond."""
    cycles = list_loops(true)
    hits = sum(_is_found(cycle, found, true) for cycle in cycles)
    extra = max(_rank(found) - _rank(true), 0)
    return len(cycles), hits, extra


def _edges(network: VesselNetwork) -> list[Edge]:
    """Edges between nodes; all roots are one node, for all lead to the heart."""
    heart = {node.id: "heart" for node in network.nodes if node.root is not None}

    def place(node: NodeId) -> str:
        return heart.get(node, str(node))

    return [(place(v.start), place(v.end), n) for n, v in enumerate(network.vessels)]


def _rank(network: VesselNetwork) -> int:
    """Number of independent loops."""
    return len(_edges(network)) - _forest_size(_edges(network))


def _forest_size(edges: list[Edge]) -> int:
    return sum(1 for _ in _tree_edges(edges))


def _tree_edges(edges: list[Edge]) -> list[Edge]:
    parent: dict[str, str] = {}

    def top(node: str) -> str:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    chosen = []
    for a, b, n in edges:
        if top(a) != top(b):
            parent[top(a)] = top(b)
            chosen.append((a, b, n))
    return chosen


def list_loops(network: VesselNetwork) -> list[list[int]]:
    """One set of independent loops, each as numbers of vessels, the shortest ways first."""
    edges = sorted(_edges(network), key=lambda edge: float(network.vessels[edge[2]].length))
    chosen = _tree_edges(edges)
    kept = {n for _, _, n in chosen}
    return [[n, *_way(chosen, a, b)] for a, b, n in edges if n not in kept]


def _way(edges: list[Edge], start: str, end: str) -> list[int]:
    """Numbers of the edges from one node of a forest to another."""
    came: dict[str, tuple[str, int]] = {start: (start, -1)}
    front = [start]
    while front and end not in came:
        here = front.pop(0)
        for a, b, n in edges:
            there = b if a == here else a if b == here else None
            if there is not None and there not in came:
                came[there] = (here, n)
                front.append(there)
    way = []
    while end != start:
        end, n = came[end]
        way.append(n)
    return way


def _is_found(cycle: list[int], found: VesselNetwork, true: VesselNetwork) -> bool:
    """Whether the found vessels along a true loop close it.

    Of the found vessels that run along it, those that lead nowhere are taken off until
    only closed ways are left; these must accompany LOOP_COVERED of the loop, without what lies
    in one lumen with another of its vessels.
    """
    vessels = [true.vessels[n] for n in cycle]
    whole = sample_lines(vessels)
    line = whole.points[~_is_fused(whole, vessels)]
    tree = cKDTree(whole.points)
    edges = []
    for a, b, n in _edges(found):
        own = sample_lines([found.vessels[n]]).points
        if len(own) and float(np.mean(tree.query(own)[0] <= LOOP_REACH)) >= 0.5:
            edges.append((a, b, n))
    core = _closed(edges)
    if not core:
        return False
    ours = sample_lines([found.vessels[n] for _, _, n in core]).points
    return _mean(_match(line, ours)[0] <= LOOP_REACH) >= LOOP_COVERED


def _is_fused(lines: Lines, vessels: list[Vessel]) -> NDArray[np.bool_]:
    """Which points lie where two of the vessels run side by side and their lumens are one, their
    middles being nearer than both radii: blood may go over from one to the other anywhere there.
    Beyond a vessel's ends nothing runs beside it.
    """
    fused = np.zeros(len(lines.points), dtype=bool)
    for number, vessel in enumerate(vessels):
        if len(vessel.path) < 3:
            continue
        away, nearest = cKDTree(vessel.path).query(lines.points)
        beside = (nearest > 0) & (nearest < len(vessel.path) - 1) & (lines.vessel != number)
        fused |= beside & (away < lines.radius + np.asarray(vessel.radius)[nearest])
    return fused


def _closed(edges: list[Edge]) -> list[Edge]:
    while True:
        ends = [node for a, b, _ in edges for node in (a, b)]
        kept = [edge for edge in edges if ends.count(edge[0]) > 1 and ends.count(edge[1]) > 1]
        if len(kept) == len(edges):
            return kept
        edges = kept
