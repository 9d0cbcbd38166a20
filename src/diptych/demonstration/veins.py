"""The venous tree of a pair: which vessels there are and how they hang together."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

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
from diptych.demonstration.sinuses import FRONT, TORCULA, draw_deep_veins, draw_routes, join_deep
from diptych.demonstration.tree import Run, Tree, septum_half, septum_spot, unit
from diptych.model import Owner, TwinId

RING_RADIUS = 2.4
"""Radius of the circumferential sinus, mm: as wide as the sagittal sinus of an infant, 4 to 5 mm
(adult calibre, PMID 20711726, times the ratio of head circumferences; PMC7963243)."""
_SINUS_RADIUS = 2.3
_PLAIN_ANGLES = np.arange(74.0, -104.0, -1.0)
_BRIDGING = 8
_CROSSING = 2
_HARD_BRIDGING = 14
_RADII, _HARD_RADII = (0.85, 1.4), (0.45, 1.4)
"""Radius of bridging veins, mm; in infants 0.47 in the mean, 1.5 at most
(doi:10.1007/s00414-017-1714-3)."""
_BRANCHING = 0.8


def draw_veins(order: PairOrder, joint: Joint) -> tuple[Run, ...]:
    """All vessels of the pair as runs in the joint frame.

    Total types: a circumferential sinus with a gap; each sagittal sinus ends in it in
    front and leaves it behind; two veins of each twin cross the septum into the other's
    vessels. Partial types: two separate trees. Each twin: straight sinus, torcula, two
    transverse sinuses down to the jugulars (roots), bridging veins.

    Hard scenes: the transverse and sigmoid sinuses take the course of a real tree, deep
    veins gather in the straight sinus, in total types a vein joins the deep veins of both
    twins, and there are more, thinner and more winding bridging veins with tributaries.
    """
    septum = septum_half(order)
    halves = (
        Compartment(joint=joint, twin=0, septum=septum),
        Compartment(joint=joint, twin=1, septum=septum),
    )
    tree = Tree(joint=joint, order=order, halves=halves, stream=random_stream(order, "veins"))
    ring = _draw_ring(tree) if order.total else None
    trunks = [_draw_trunks(tree, twin, ring) for twin in (0, 1)]
    if ring is not None and order.hard:
        join_deep(tree, [trunk.straight for trunk in trunks])
    if ring is not None:
        for twin in (0, 1):
            _draw_crossing(tree, twin, trunks[1 - twin], ring)
    for twin in (0, 1):
        _draw_bridging(tree, twin, trunks[twin], ring)
    return tuple(tree.runs)


def _draw_ring(tree: Tree) -> int:
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
    straight: int


def _draw_trunks(tree: Tree, twin: int, ring: int | None) -> _Trunks:
    owner = Owner(twin + 1)
    half = tree.halves[twin]
    level = _SINUS_RADIUS - 0.8
    angles = np.arange(FRONT, TORCULA, -1.0) if tree.order.hard else _PLAIN_ANGLES
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
    if tree.order.hard:
        draw_routes(tree, twin, back)
        straight = draw_deep_veins(tree, twin, back)
    else:
        straight = _draw_outlets(tree, twin, back)
    return _Trunks(front=front, back=back, straight=straight)


def _draw_split_sagittal(
    tree: Tree, twin: int, points: Points, septal: NDArray[np.bool_]
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


def _draw_outlets(tree: Tree, twin: int, back: int) -> int:
    """Transverse and sigmoid sinuses with jugulars on both sides, and the straight sinus,
    whose number is returned.
    """
    owner, half = Owner(twin + 1), tree.halves[twin]
    infant, pose = tree.joint.infants[twin], tree.joint.poses[twin]
    torcula = (back, len(tree.runs[back].path) - 1)
    start = half.direction_of(tree.at(torcula))
    low = infant.base / 60.0
    for side, word in ((1.0, "left"), (-1.0, "right")):
        stations = [
            start,
            unit(side * 0.75, 0.62, low * 0.55),
            unit(side * 0.9, 0.18, low * 0.70),
            unit(side * 0.52, 0.10, low * 1.0),
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
    return tree.add(
        Run(
            name=f"straight sinus {owner.name}",
            kind="sinus",
            owner=owner,
            path=even(line),
            radius=1.9,
            end_on=torcula,
        )
    )


def _draw_bridging(tree: Tree, twin: int, trunks: _Trunks, ring: int | None) -> None:
    drawn = 0
    hard = tree.order.hard
    for attempt in range(400 if hard else 160):
        if drawn == (_HARD_BRIDGING if hard else _BRIDGING):
            return
        target = _bridging_target(tree, trunks, ring, drawn + attempt // 40)
        radius = float(tree.stream.uniform(*(_HARD_RADII if hard else _RADII)))
        side = 1.0 if (drawn + attempt) % 2 == 0 else -1.0
        path = _bridging_path(tree, twin, target, radius, side)
        if path is not None and tree.is_free(path, radius, tree.at(target)):
            drawn += 1
            vein = tree.add(
                Run(
                    name=f"bridging vein {Owner(twin + 1).name}{drawn}",
                    kind="vein",
                    owner=Owner(twin + 1),
                    path=path,
                    radius=radius,
                    end_on=target,
                )
            )
            if hard and radius > _BRANCHING:
                _draw_tributary(tree, twin, vein, f"bridging vein {Owner(twin + 1).name}{drawn}")


def _draw_tributary(tree: Tree, twin: int, vein: int, name: str) -> None:
    """A thinner vein that joins a bridging vein on its way; none if no way is free."""
    half, stream = tree.halves[twin], tree.stream
    path = tree.runs[vein].path
    for _ in range(20):
        place = (vein, int(len(path) * stream.uniform(0.35, 0.65)))
        radius = float(stream.uniform(_HARD_RADII[0], 0.75))
        end = half.direction_of(tree.at(place))
        aside = stream.normal(size=3)
        aside = unit(*(aside - (aside @ end) * end))
        turn = np.radians(stream.uniform(14.0, 28.0))
        line = bend(
            np.cos(turn) * end + np.sin(turn) * aside, end, make_wobble(stream, 0.08, waves=5)
        )
        points, _ = half.cast(line, emerging(line.shape[1], radius + 0.1))
        way = even(np.concatenate([points[:, :-2], tree.at(place)[:, None]], axis=1))
        if tree.is_free(way, radius, tree.at(place)):
            tree.add(
                Run(
                    name=f"{name}, tributary",
                    kind="vein",
                    owner=Owner(twin + 1),
                    path=way,
                    radius=radius,
                    end_on=place,
                )
            )
            return


def _bridging_target(tree: Tree, trunks: _Trunks, ring: int | None, turn: int) -> tuple[int, int]:
    """A point of the own sagittal sinus, front or back, or of the ring, in turn."""
    choices = [trunks.front, trunks.back] + ([ring, ring] if ring is not None else [])
    index = choices[turn % len(choices)]
    count = len(tree.runs[index].path)
    return index, int(tree.stream.integers(max(count // 10, 2), max(count - count // 10 - 2, 4)))


def _bridging_path(
    tree: Tree, twin: int, target: tuple[int, int], radius: float, side: float
) -> Points | None:
    """From cortex 20 to 45 degrees away, along the surface, to the target vessel."""
    half = tree.halves[twin]
    end = half.direction_of(tree.at(target))
    turn = tree.stream.uniform(20.0, 45.0)
    aside = np.cross(end, unit(0.0, 0.02, 1.0)) if abs(end[2]) < 0.95 else unit(1.0, 0.0, 0.0)
    if tree.runs[target[0]].owner is Owner.SHARED:
        aside = -unit(0.0, 0.0, 1.0) + tree.stream.uniform(-0.9, 0.9) * unit(*aside)
    else:
        aside = unit(side, tree.stream.uniform(-0.5, 0.5), -0.3)
    aside = unit(*(aside - (aside @ end) * end))
    start = np.cos(np.radians(turn)) * end + np.sin(np.radians(turn)) * aside
    own = tree.joint.infants[twin]
    if start[2] * 60.0 < own.base * 0.55:
        return None
    wobble = make_wobble(tree.stream, *((0.16, 7) if tree.order.hard else (0.10, 3)))
    line = bend(start, end, wobble)
    points, _ = half.cast(line, emerging(line.shape[1], radius + 0.1))
    path = even(np.concatenate([points[:, :-2], tree.at(target)[:, None]], axis=1))
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return path if 15.0 < length < 75.0 else None


def _draw_crossing(tree: Tree, twin: int, other: _Trunks, ring: int) -> None:
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
    tree: Tree, twin: int, index: int, radius: float
) -> tuple[Points, tuple[int, int]] | None:
    """Own cortex beside the rim -> a point of the disc -> the other's side -> its vessel."""
    stream = tree.stream
    own, other = tree.halves[twin], tree.halves[1 - twin]
    through = septum_spot(tree.joint, stream)
    here = own.direction_of(through)
    aside = stream.normal(size=3)
    aside = unit(*(aside - (aside @ here) * here))
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
