"""The real course of the great sinuses and deep veins, for hard scenes.

Read off the CT angiogram of the PRISM database (IbisNeuronav/PRISMDatabase, there of a
patient with a malformation, whose sinuses run as usual), in mm of an adult head from the
middle of its cavity; lengths are scaled to the infant, courses on the wall are directions.
"""

from itertools import pairwise

import numpy as np

from diptych.demonstration.infant import Infant
from diptych.demonstration.interface import REACH, STEP
from diptych.demonstration.routes import Points, bend, even, make_wobble
from diptych.demonstration.shell import pressed_place
from diptych.demonstration.tree import Run, Tree, unit
from diptych.model import Owner, TwinId

FRONT, TORCULA = 88.0, -108.0
"""Where the sagittal sinus begins and ends: degrees from the vertex, face positive."""
TRANSVERSE = (
    (30.0, 68.0, -28.0),
    (50.0, 44.0, -32.0),
    (54.0, 33.0, -34.0),
    (50.0, 22.0, -48.0),
    (38.0, 14.0, -58.0),
    (26.0, 11.0, -62.0),
)
"""Stations of the left transverse and sigmoid sinus after the torcula: left, posterior,
superior."""
GALEN = (0.0, 31.0, 14.0)
_INNER = ((4.0, -12.0, 16.0), (3.0, 12.0, 20.0))
_BASAL = ((12.0, 2.0, -8.0), (17.0, 17.0, 0.0))
_SINUS_RADIUS = 2.3
_DOMINANT = ((1.0, 1.0), (1.25, 0.75), (0.75, 1.25))
"""Calibre of left and right against each other. Under 25 months the right is the wider in
37 %, the left in 21 %, neither in 42 % (PMC7975049)."""
_DOMINANCE = (0.42, 0.21, 0.37)
_DEEP_RADIUS, _INNER_RADIUS = 1.1, 0.7


def draw_routes(tree: Tree, twin: int, back: int) -> None:
    """Transverse and sigmoid sinuses with jugulars on both sides, by the real course."""
    owner, half = Owner(twin + 1), tree.halves[twin]
    infant, pose = tree.joint.infants[twin], tree.joint.poses[twin]
    torcula = (back, len(tree.runs[back].path) - 1)
    widths = _DOMINANT[int(tree.stream.choice(3, p=_DOMINANCE))]
    for side, word, width in ((1.0, "left", widths[0]), (-1.0, "right", widths[1])):
        line = trace_transverse(half.direction_of(tree.at(torcula)), infant, side, tree.stream)
        points, _ = half.cast(line[:, 3:], _SINUS_RADIUS * width - 0.8)
        own = pose.backward(points[:, -1:])[:, 0]
        below = [own[0] * 1.05, own[1] + 2.0, infant.floor + 3.0]
        neck = np.linspace(own, below, 24)[1:]
        path = np.concatenate([tree.at(torcula)[:, None], points, pose.forward(neck.T)], axis=1)
        tree.add(
            Run(
                name=f"transverse sinus {owner.name}, {word}",
                kind="sinus",
                owner=owner,
                path=even(path, smooth=3.0),
                radius=_SINUS_RADIUS * width,
                start_on=torcula,
                root=TwinId(owner.name),
            )
        )


def trace_transverse(
    start: Points, infant: Infant, side: float, stream: np.random.Generator
) -> Points:
    """Directions (3, N) from the torcula's along the wall to the jugular bulb."""
    low = infant.base / 62.0
    stations = [start, *(unit(side * x, y, -z * low) for x, y, z in TRANSVERSE)]
    legs = [bend(a, b, make_wobble(stream, 0.015)) for a, b in pairwise(stations)]
    return np.concatenate(legs, axis=1)


def draw_deep_veins(tree: Tree, twin: int, back: int) -> int:
    """The straight sinus from the great vein to the torcula, with the internal cerebral and
    basal veins that gather there; the number of the straight sinus.
    """
    owner, size = Owner(twin + 1), tree.joint.infants[twin].size
    torcula = (back, len(tree.runs[back].path) - 1)
    galen = _pressed(tree, twin, size * np.array([GALEN]).T)[:, 0]
    end = tree.at(torcula)
    line = np.linspace(galen, end, 40).T
    straight = tree.add(
        Run(
            name=f"straight sinus {owner.name}",
            kind="sinus",
            owner=owner,
            path=even(line, smooth=0.0),
            radius=1.9,
            end_on=torcula,
        )
    )
    for title, stations in (("internal cerebral vein", _INNER), ("basal vein", _BASAL)):
        for side, word in ((1.0, "left"), (-1.0, "right")):
            corners = np.array([*stations, GALEN]).T * np.array([[side], [1.0], [1.0]]) * size
            share = np.linspace(0.0, len(stations), 40)
            own = np.stack([np.interp(share, np.arange(len(stations) + 1), c) for c in corners])
            path = even(_pressed(tree, twin, own), smooth=3.0)
            path[-1] = tree.runs[straight].path[0]
            tree.add(
                Run(
                    name=f"{title} {owner.name}, {word}",
                    kind="vein",
                    owner=owner,
                    path=path,
                    radius=_INNER_RADIUS,
                    end_on=(straight, 0),
                )
            )
    return straight


def _pressed(tree: Tree, twin: int, own: Points) -> Points:
    return pressed_place(tree.joint, twin, own)


def join_deep(tree: Tree, straights: list[int]) -> None:
    """A vein from one twin's great vein through the septum to the other's: it is shared.

    It takes the shortest way that is free, through whole septum.
    """
    first, second = (tree.runs[index].path[0] for index in straights)
    face = tree.joint.interface
    places = np.argwhere((face.overlap > 6.0) & ~face.gap)
    spots = np.asarray(places * STEP - REACH, dtype=np.float64)
    height = face.sample("height", spots[:, 0], spots[:, 1])
    through = np.concatenate([spots, height[:, None]], axis=1)
    length = np.linalg.norm(through - first, axis=1) + np.linalg.norm(through - second, axis=1)
    for index in np.argsort(length, kind="stable")[:2000:25]:
        path = _bent_path(tree, first, through[index], second)
        inner = path[(_away(path, first) > 6.0) & (_away(path, second) > 6.0)]
        if tree.is_free(inner, _DEEP_RADIUS, None):
            tree.add(
                Run(
                    name="deep anastomosis",
                    kind="vein",
                    owner=Owner.SHARED,
                    path=path,
                    radius=_DEEP_RADIUS,
                    start_on=(straights[0], 0),
                    end_on=(straights[1], 0),
                )
            )
            return


def _away(path: Points, point: Points) -> Points:
    result: Points = np.linalg.norm(path - point, axis=1)
    return result


def _bent_path(tree: Tree, first: Points, through: Points, second: Points) -> Points:
    """From a point by another to a third, (N, 3), with sideways play on each leg."""
    legs = []
    for a, b in ((first, through), (through, second)):
        count = max(int(np.linalg.norm(b - a)), 6)
        across = np.cross(b - a, unit(0.3, 1.0, 0.2))
        across /= max(float(np.linalg.norm(across)), 1e-9)
        play = 45.0 * make_wobble(tree.stream, 0.06, waves=4)(count)[0]
        legs.append(np.linspace(a, b, count).T + np.outer(across, play))
    return even(np.concatenate([legs[0], legs[1][:, 1:]], axis=1), smooth=3.0)
