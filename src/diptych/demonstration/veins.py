"""The venous tree of a pair: which vessels there are and how they hang together."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from diptych.demonstration.interface import REACH, STEP
from diptych.demonstration.order import PairOrder, random_stream
from diptych.demonstration.routes import (
    Compartment,
    Points,
    bend,
    emerging,
    even,
    make_wobble,
    sagittal,
    trace_ring,
)
from diptych.demonstration.shell import Joint
from diptych.model import Owner, TwinId

RING_RADIUS = 2.4
"""Radius of the circumferential sinus, mm: as wide as the sagittal sinus of an infant, 4 to 5 mm
(adult calibre, PMID 20711726, times the ratio of head circumferences; PMC7963243)."""
_SINUS_RADIUS = 2.3
_TORCULA = -104.0
_BRIDGING = 8
_CROSSING = 2
_CLEARANCE = 1.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One vessel before it is split at its branches.

    path : (N, 3) joint mm, in the usual direction of flow; radius : planned, mm
    start_on, end_on : run that the end hangs on, and the point of its path there
    root : the twin whose jugular its end is
    """

    name: str
    kind: str
    owner: Owner
    path: Points
    radius: float
    start_on: tuple[int, int] | None = None
    end_on: tuple[int, int] | None = None
    root: TwinId | None = None


@dataclass(slots=True, kw_only=True)
class _Tree:
    """The runs drawn so far (a builder, private to this module)."""

    joint: Joint
    order: PairOrder
    halves: tuple[Compartment, Compartment]
    stream: np.random.Generator
    runs: list[Run] = field(default_factory=list)

    def add(self, run: Run) -> int:
        self.runs.append(run)
        return len(self.runs) - 1

    def nearest(self, index: int, point: Points) -> tuple[int, int]:
        gaps = np.linalg.norm(self.runs[index].path - point, axis=1)
        return index, int(gaps.argmin())

    def at(self, place: tuple[int, int]) -> Points:
        result: Points = self.runs[place[0]].path[place[1]]
        return result

    def is_free(self, path: Points, radius: float, end: Points | None) -> bool:
        """Whether a path keeps its distance from all vessels, but for its end."""
        if end is not None:
            path = path[np.linalg.norm(path - end, axis=1) > 7.0]
        if len(path) == 0:
            return False
        others = np.concatenate([run.path for run in self.runs])
        reach = np.concatenate([np.full(len(run.path), run.radius) for run in self.runs])
        gap, index = cKDTree(others).query(path)
        return bool((gap > radius + reach[index] + _CLEARANCE).all())


def draw_veins(order: PairOrder, joint: Joint) -> tuple[Run, ...]:
    """All vessels of the pair as runs in the joint frame.

    Total types: a circumferential sinus with a gap; each sagittal sinus ends in it in
    front and leaves it behind; two veins of each twin cross the septum into the other's
    vessels. Partial types: two separate trees. Each twin: straight sinus, torcula, two
    transverse sinuses down to the jugulars (roots), bridging veins.
    """
    septum = septum_half(order)
    halves = (
        Compartment(joint=joint, twin=0, septum=septum),
        Compartment(joint=joint, twin=1, septum=septum),
    )
    tree = _Tree(joint=joint, order=order, halves=halves, stream=random_stream(order, "veins"))
    ring = _draw_ring(tree) if order.total else None
    trunks = [_draw_trunks(tree, twin, ring) for twin in (0, 1)]
    if ring is not None:
        for twin in (0, 1):
            _draw_crossing(tree, twin, trunks[1 - twin], ring)
    for twin in (0, 1):
        _draw_bridging(tree, twin, trunks[twin], ring)
    return tuple(tree.runs)


def _draw_ring(tree: _Tree) -> int:
    start = float(tree.stream.choice([20.0, 160.0])) + float(tree.stream.uniform(-10.0, 10.0))
    path = trace_ring(tree.joint, RING_RADIUS, start, 30.0)
    return tree.add(
        Run(
            name="circumferential sinus",
            kind="sinus",
            owner=Owner.SHARED,
            path=path,
            radius=RING_RADIUS,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trunks:
    front: int
    back: int


def _draw_trunks(tree: _Tree, twin: int, ring: int | None) -> _Trunks:
    owner = Owner(twin + 1)
    half = tree.halves[twin]
    level = _SINUS_RADIUS - 0.8
    angles = np.arange(74.0, _TORCULA, -1.0)
    points, septal = half.cast(sagittal(angles), level)
    letter = owner.name
    if ring is None:
        front = back = tree.add(
            Run(
                name=f"superior sagittal sinus {letter}",
                kind="sinus",
                owner=owner,
                path=even(points),
                radius=_SINUS_RADIUS,
            )
        )
    else:
        front, back = _draw_split_sagittal(tree, twin, points, septal)
    _draw_outlets(tree, twin, back)
    return _Trunks(front=front, back=back)


def _draw_split_sagittal(
    tree: _Tree, twin: int, points: Points, septal: NDArray[np.bool_]
) -> tuple[int, int]:
    owner = Owner(twin + 1)
    on = np.nonzero(septal)[0]
    first, last = int(on.min()), int(on.max())
    ring = 0
    head, tail = points[:, : max(first - 2, 2)], points[:, min(last + 3, points.shape[1] - 4) :]
    joins = [tree.nearest(ring, head[:, -1]), tree.nearest(ring, tail[:, 0])]
    front = tree.add(
        Run(
            name=f"superior sagittal sinus {owner.name}, front",
            kind="sinus",
            owner=owner,
            path=even(np.concatenate([head, tree.at(joins[0])[:, None]], axis=1)),
            radius=1.6,
            end_on=joins[0],
        )
    )
    back = tree.add(
        Run(
            name=f"superior sagittal sinus {owner.name}, back",
            kind="sinus",
            owner=owner,
            path=even(np.concatenate([tree.at(joins[1])[:, None], tail], axis=1)),
            radius=_SINUS_RADIUS,
            start_on=joins[1],
        )
    )
    return front, back


def _draw_outlets(tree: _Tree, twin: int, back: int) -> None:
    """Transverse and sigmoid sinuses with jugulars on both sides, and the straight sinus."""
    owner, half = Owner(twin + 1), tree.halves[twin]
    infant, pose = tree.joint.infants[twin], tree.joint.poses[twin]
    torcula = (back, len(tree.runs[back].path) - 1)
    start = half.direction_of(tree.at(torcula))
    low = infant.base / 60.0
    for side, word in ((1.0, "left"), (-1.0, "right")):
        stations = [
            start,
            _unit(side * 0.75, 0.62, low * 0.55),
            _unit(side * 0.9, 0.18, low * 0.70),
            _unit(side * 0.52, 0.10, low * 1.0),
        ]
        legs = [bend(a, b, make_wobble(tree.stream, 0.02)) for a, b in pairwise(stations)]
        points, _ = half.cast(np.concatenate(legs, axis=1)[:, 3:], _SINUS_RADIUS - 0.8)
        own = pose.backward(points[:, -1:])[:, 0]
        bottom = infant.floor + 3.0
        neck = np.linspace([own[0], own[1], own[2]], [own[0] * 1.05, own[1] + 2.0, bottom], 24)[1:]
        path = np.concatenate([tree.at(torcula)[:, None], points, pose.forward(neck.T)], axis=1)
        tree.add(
            Run(
                name=f"transverse sinus {owner.name}, {word}",
                kind="sinus",
                owner=owner,
                path=even(path, smooth=3.0),
                radius=_SINUS_RADIUS,
                start_on=torcula,
                root=TwinId(owner.name),
            )
        )
    deep = pose.forward(np.array([[0.0], [14.0], [0.35 * infant.base]]))
    line = np.linspace(deep[:, 0], tree.at(torcula), 30).T
    tree.add(
        Run(
            name=f"straight sinus {owner.name}",
            kind="sinus",
            owner=owner,
            path=even(line),
            radius=1.9,
            end_on=torcula,
        )
    )


def _unit(x: float, y: float, z: float) -> Points:
    vector = np.array([x, y, z])
    result: Points = vector / np.linalg.norm(vector)
    return result


def _draw_bridging(tree: _Tree, twin: int, trunks: _Trunks, ring: int | None) -> None:
    drawn = 0
    for attempt in range(160):
        if drawn == _BRIDGING:
            return
        target = _bridging_target(tree, trunks, ring, drawn + attempt // 40)
        radius = float(tree.stream.uniform(0.85, 1.4))
        side = 1.0 if (drawn + attempt) % 2 == 0 else -1.0
        path = _bridging_path(tree, twin, target, radius, side)
        if path is not None and tree.is_free(path, radius, tree.at(target)):
            drawn += 1
            tree.add(
                Run(
                    name=f"bridging vein {Owner(twin + 1).name}{drawn}",
                    kind="vein",
                    owner=Owner(twin + 1),
                    path=path,
                    radius=radius,
                    end_on=target,
                )
            )


def _bridging_target(tree: _Tree, trunks: _Trunks, ring: int | None, turn: int) -> tuple[int, int]:
    """A point of the own sagittal sinus, front or back, or of the ring, in turn."""
    choices = [trunks.front, trunks.back] + ([ring, ring] if ring is not None else [])
    index = choices[turn % len(choices)]
    count = len(tree.runs[index].path)
    return index, int(tree.stream.integers(max(count // 10, 2), max(count - count // 10 - 2, 4)))


def _bridging_path(
    tree: _Tree, twin: int, target: tuple[int, int], radius: float, side: float
) -> Points | None:
    """From cortex 20 to 45 degrees away, along the surface, to the target vessel."""
    half = tree.halves[twin]
    end = half.direction_of(tree.at(target))
    turn = tree.stream.uniform(20.0, 45.0)
    aside = np.cross(end, _unit(0.0, 0.02, 1.0)) if abs(end[2]) < 0.95 else _unit(1.0, 0.0, 0.0)
    if tree.runs[target[0]].owner is Owner.SHARED:
        aside = -_unit(0.0, 0.0, 1.0) + tree.stream.uniform(-0.9, 0.9) * _unit(*aside)
    else:
        aside = _unit(side, tree.stream.uniform(-0.5, 0.5), -0.3)
    aside = _unit(*(aside - (aside @ end) * end))
    start = np.cos(np.radians(turn)) * end + np.sin(np.radians(turn)) * aside
    own = tree.joint.infants[twin]
    if start[2] * 60.0 < own.base * 0.55:
        return None
    line = bend(start, end, make_wobble(tree.stream, 0.10))
    points, _ = half.cast(line, emerging(line.shape[1], radius + 0.1))
    path = even(np.concatenate([points[:, :-2], tree.at(target)[:, None]], axis=1))
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return path if 15.0 < length < 75.0 else None


def _draw_crossing(tree: _Tree, twin: int, other: _Trunks, ring: int) -> None:
    """Veins that drain this twin's cortex through the septum into the other's vessels."""
    drawn = 0
    for attempt in range(400):
        if drawn == _CROSSING:
            return
        index = (other.back, ring, other.front)[(drawn + attempt // 20) % 3]
        radius = float(tree.stream.uniform(1.0, 1.35))
        found = _crossing_path(tree, twin, index, radius)
        if found is not None and tree.is_free(found[0], radius, tree.at(found[1])):
            drawn += 1
            tree.add(
                Run(
                    name=f"crossing vein {Owner(twin + 1).name}{drawn}",
                    kind="vein",
                    owner=Owner(twin + 1),
                    path=found[0],
                    radius=radius,
                    end_on=found[1],
                )
            )


def _crossing_path(
    tree: _Tree, twin: int, index: int, radius: float
) -> tuple[Points, tuple[int, int]] | None:
    """Own cortex beside the rim -> a point of the disc -> the other's side -> its vessel."""
    stream = tree.stream
    own, other = tree.halves[twin], tree.halves[1 - twin]
    through = septum_spot(tree.joint, stream)
    here = own.direction_of(through)
    aside = stream.normal(size=3)
    aside = _unit(*(aside - (aside @ here) * here))
    turn = np.radians(stream.uniform(22.0, 42.0))
    start = np.cos(turn) * here + np.sin(turn) * aside
    line = bend(start, here, make_wobble(stream, 0.08))
    first, _ = own.cast(line, emerging(line.shape[1], radius + 0.1))
    if not tree.is_free(first.T, radius, None):
        return None
    count = len(tree.runs[index].path)
    near = tree.nearest(index, through)[1] + int(stream.integers(-12, 13))
    place = (index, int(np.clip(near, 2, count - 3)))
    end = other.direction_of(tree.at(place))
    legs = bend(other.direction_of(through), end, make_wobble(stream, 0.08))
    second, _ = other.cast(legs, radius + 0.1)
    parts = [first[:, :-1], through[:, None], second[:, 1:-2], tree.at(place)[:, None]]
    path = even(np.concatenate(parts, axis=1), smooth=1.5)
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return (path, place) if 30.0 < length < 110.0 else None


def septum_half(order: PairOrder) -> float:
    """Half the thickness of what lies between the CSF of the two brains, mm."""
    return 0.75 if order.total else 1.65


def septum_spot(joint: Joint, stream: np.random.Generator) -> Points:
    """A point of the septum where it is whole and the cavities overlap by 5 mm or more."""
    face = joint.interface
    spots = np.argwhere((face.overlap > 5.0) & ~face.gap) * STEP - REACH
    p, q = spots[int(stream.integers(0, len(spots)))]
    w = float(face.sample("height", np.array([p]), np.array([q]))[0])
    return np.array([p, q, w])
