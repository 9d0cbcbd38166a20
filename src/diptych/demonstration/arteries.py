"""The arteries of a pair: from carotids and basilar artery to branches over each cortex."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from diptych.demonstration.infant import Infant
from diptych.demonstration.order import PairOrder, random_stream
from diptych.demonstration.routes import Compartment, Points, bend, even, make_wobble
from diptych.demonstration.shell import Joint, pressed_place
from diptych.demonstration.tree import Run, septum_half, septum_spot
from diptych.model import Owner

LEAF_RADII = (0.55, 0.8)
"""Radius of the last branches, mm; every vessel above them follows Murray's law."""
_CROSSING_RADIUS = 1.0
_TRUNK_RADIUS = 1.3
_CLEARANCE = 0.8
_LEAST_DEPTH = 2.0
_SIDES = ((1.0, "left"), (-1.0, "right"))

# Where cortical branches end, as directions from the middle of the head for the left side.
_MIDDLE_ENDS = {
    "prefrontal": (0.70, -0.68, 0.15),
    "central": (0.80, -0.22, 0.52),
    "parietal": (0.78, 0.26, 0.55),
    "angular": (0.80, 0.56, 0.12),
    "temporal": (0.80, 0.42, -0.40),
}
_ANTERIOR_ENDS = {
    "frontopolar": (0.10, -0.97, 0.18),
    "callosomarginal": (0.14, -0.60, 0.78),
    "paracentral": (0.16, 0.25, 0.95),
}
_POSTERIOR_ENDS = {"calcarine": (0.14, 0.96, 0.02), "occipitotemporal": (0.55, 0.72, -0.38)}


@dataclass(slots=True, kw_only=True)
class _Supply:
    """The arteries drawn so far (a builder, private to this module)."""

    joint: Joint
    halves: tuple[Compartment, Compartment]
    stream: np.random.Generator
    others: cKDTree
    reach: NDArray[np.float64]
    runs: list[Run] = field(default_factory=list)

    def add(self, run: Run) -> int:
        self.runs.append(run)
        return len(self.runs) - 1

    def end_of(self, index: int) -> tuple[int, int]:
        return index, len(self.runs[index].path) - 1

    def at(self, place: tuple[int, int]) -> Points:
        result: Points = self.runs[place[0]].path[place[1]]
        return result

    def room(self, path: Points) -> float:
        """The least distance, mm, of a path from the wall of any vein."""
        gap, index = self.others.query(path)
        return float((gap - self.reach[index]).min())

    def freest(self, draw: Callable[[float], Points]) -> Points:
        """The first of the paths drawn with more and more play (mm) that leaves room for a
        trunk, else the one with most room.
        """
        best = draw(0.0)
        for attempt in range(1, 25):
            if self.room(best) >= _TRUNK_RADIUS + _CLEARANCE:
                break
            path = draw(0.4 * attempt)
            best = max(best, path, key=self.room)
        return best

    def is_free(self, path: Points, radius: float) -> bool:
        """Whether a path keeps off all veins, and off all arteries but where it begins."""
        gap, index = self.others.query(path)
        if bool((gap < radius + self.reach[index] + _CLEARANCE).any()):
            return False
        rest = path[np.linalg.norm(path - path[0], axis=1) > 6.0]
        drawn = np.concatenate([run.path for run in self.runs])
        if len(rest) == 0:
            return False
        return bool((cKDTree(drawn).query(rest)[0] > 2.0 * radius + _CLEARANCE).all())


def draw_arteries(order: PairOrder, joint: Joint, veins: Sequence[Run]) -> tuple[Run, ...]:
    """All arteries of the pair as runs in the joint frame, in the direction of flow.

    Each twin: two internal carotids and a basilar artery through its own skull base, and
    from them middle, anterior and posterior cerebral arteries with branches over the
    cortex that keep off the veins. Total types: one artery of one twin crosses the septum
    and feeds the other's cortex; it belongs to the twin that its blood comes from. The
    communicating arteries are left out, so each tree is without loops.
    """
    supply = _Supply(
        joint=joint,
        halves=(
            Compartment(joint=joint, twin=0, septum=septum_half(order)),
            Compartment(joint=joint, twin=1, septum=septum_half(order)),
        ),
        stream=random_stream(order, "arteries"),
        others=cKDTree(np.concatenate([run.path for run in veins])),
        reach=np.concatenate([np.full(len(run.path), run.radius) for run in veins]),
    )
    for twin in (0, 1):
        _draw_twin(supply, twin)
    if order.total:
        _draw_crossing(supply, int(supply.stream.integers(0, 2)))
    return tuple(supply.runs)


def _draw_twin(supply: _Supply, twin: int) -> None:
    infant = supply.joint.infants[twin]
    size = infant.size
    level = _floor_height(infant, 9.0 * size, -12.0 * size) + 5.0
    basilar = _draw_trunk(supply, twin, "basilar artery", _basilar_stations(infant, level))
    for side, word in _SIDES:
        stations = _carotid_stations(infant, level, side)
        carotid = _draw_trunk(supply, twin, f"internal carotid artery, {word}", stations)
        stem = _draw_stem(supply, twin, carotid, side, word)
        for name, end in _MIDDLE_ENDS.items():
            title = f"middle cerebral artery, {word}, {name}"
            _draw_branch(supply, twin, supply.end_of(stem), title, _aimed(end, side))
        _draw_anterior(supply, twin, carotid, side, word)
        _draw_posterior(supply, twin, basilar, side, word)


def _floor_height(infant: Infant, x: float, y: float) -> float:
    """Height of the floor of the cavity at (x, y) of the own frame, mm."""
    heights = np.arange(0.0, infant.base - 6.0, -0.5)
    line = np.stack([np.full_like(heights, x), np.full_like(heights, y), heights])
    outside = infant.grid.sample(infant.cavity, line) > 0.0
    return float(heights[int(np.argmax(outside))]) if outside.any() else infant.base


def _carotid_stations(infant: Infant, level: float, side: float) -> Points:
    size = infant.size
    return np.array(
        [
            [side * 19.0 * size, -2.0 * size, infant.floor + 3.0],
            [side * 19.0 * size, -3.0 * size, infant.base - 3.0 * size],
            [side * 14.0 * size, -8.0 * size, 0.5 * (infant.base + level)],
            [side * 8.0 * size, -14.0 * size, level - 6.0 * size],
            [side * 9.0 * size, -12.0 * size, level],
        ]
    ).T


def _basilar_stations(infant: Infant, level: float) -> Points:
    size = infant.size
    return np.array(
        [
            [1.0, 9.0 * size, infant.floor + 3.0],
            [0.0, 8.0 * size, infant.base + 2.0],
            [-0.5, 1.5 * size, 0.5 * (infant.base + level)],
            [0.0, -3.0 * size, level + 1.0],
        ]
    ).T


def _draw_trunk(supply: _Supply, twin: int, name: str, stations: Points) -> int:
    """A trunk through own-frame stations from the neck into the cavity."""
    owner = Owner(twin + 1)
    return supply.add(
        Run(
            name=_titled(name, owner),
            kind="artery",
            owner=owner,
            path=_placed(supply, twin, stations),
            radius=LEAF_RADII[1],
        )
    )


def _titled(name: str, owner: Owner) -> str:
    """The name with the letter of its owner, before the comma."""
    title, comma, rest = name.partition(",")
    return f"{title} {owner.name}{comma}{rest}"


def _placed(supply: _Supply, twin: int, stations: Points) -> Points:
    """A smooth curve (N, 3) in the joint through own-frame stations (3, M)."""
    lengths = np.linalg.norm(np.diff(stations, axis=1), axis=0)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    fine = np.linspace(0.0, along[-1], max(int(along[-1]), 4))
    own = np.stack([np.interp(fine, along, stations[a]) for a in range(3)])
    return even(pressed_place(supply.joint, twin, own), smooth=4.0)


def _draw_stem(supply: _Supply, twin: int, carotid: int, side: float, word: str) -> int:
    """The first part of the middle cerebral artery, from the carotid to the lateral cortex."""
    owner, half = Owner(twin + 1), supply.halves[twin]
    start = supply.at(supply.end_of(carotid))
    aim = _unit(np.array([side * 0.90, -0.16, -0.24]))

    def draw(play: float) -> Points:
        shift = 0.01 * play * supply.stream.uniform(-1.0, 1.0, 3)
        return _surfacing(supply, half, start, _unit(aim + shift), 3.0)

    path = supply.freest(draw)
    return supply.add(
        Run(
            name=f"middle cerebral artery {owner.name}, {word}",
            kind="artery",
            owner=owner,
            path=path,
            radius=LEAF_RADII[1],
            start_on=supply.end_of(carotid),
        )
    )


def _surfacing(
    supply: _Supply, half: Compartment, start: Points, aim: Points, level: float
) -> Points:
    """A curve (N, 3) from a deep point to `level` mm under the dura in direction `aim`."""
    line = bend(half.direction_of(start), aim, make_wobble(supply.stream, 0.09))
    ends, _ = half.cast(line, level)
    middle = half.joint.poses[half.twin].shift
    far = np.linalg.norm(ends.T - middle, axis=1)
    share = np.linspace(0.0, 1.0, len(far)) ** 0.6
    deep = (1.0 - share) * np.linalg.norm(start - middle) + share * far
    points = half.joint.poses[half.twin].forward(line * np.minimum(deep, far))
    return even(np.concatenate([start[:, None], points[:, 1:]], axis=1), smooth=2.0)


def _draw_branch(
    supply: _Supply, twin: int, place: tuple[int, int], name: str, aim: Points
) -> int | None:
    """A branch over the cortex from a point of a run, kept off all else; None if no way is
    found in 12 tries.
    """
    owner, half = Owner(twin + 1), supply.halves[twin]
    for attempt in range(12):
        radius = float(supply.stream.uniform(*LEAF_RADII))
        shift = 0.10 + 0.03 * attempt
        end = _unit(aim + supply.stream.uniform(-shift, shift, 3))
        path = _surfacing(supply, half, supply.at(place), end, radius + _LEAST_DEPTH)
        if supply.is_free(path, radius):
            run = Run(
                name=_titled(name, owner),
                kind="artery",
                owner=owner,
                path=path,
                radius=radius,
                start_on=place,
            )
            return supply.add(run)
    return None


def _draw_anterior(supply: _Supply, twin: int, carotid: int, side: float, word: str) -> None:
    """From the carotid to the midline, round the callosum, with branches to the cortex."""
    owner, infant = Owner(twin + 1), supply.joint.infants[twin]
    size, x = infant.size, side * 2.4
    start = supply.joint.poses[twin].backward(supply.at(supply.end_of(carotid))[:, None])[:, 0]
    top = max(0.42 * _roof_height(infant), 27.0 * size)
    stations = np.array(
        [
            [x, -22.0 * size, start[2] + 2.0],
            [x, -36.0 * size, start[2] + 12.0 * size],
            [x, -40.0 * size, 0.3 * top],
            [x, -28.0 * size, 0.8 * top],
            [x, -5.0 * size, top],
            [x, 20.0 * size, 0.85 * top],
        ]
    ).T
    rest = _trunk_from(supply, twin, supply.end_of(carotid), stations)
    trunk = supply.add(
        Run(
            name=f"anterior cerebral artery {owner.name}, {word}",
            kind="artery",
            owner=owner,
            path=rest,
            radius=LEAF_RADII[0],
            start_on=supply.end_of(carotid),
        )
    )
    for (name, end), share in zip(_ANTERIOR_ENDS.items(), (0.35, 0.62, 0.85), strict=True):
        place = (trunk, int(share * len(rest)))
        _draw_branch(
            supply, twin, place, f"anterior cerebral artery, {word}, {name}", _aimed(end, side)
        )


def _trunk_from(supply: _Supply, twin: int, place: tuple[int, int], stations: Points) -> Points:
    """From a place of a run through own-frame stations (3, M), each moved by a little chance
    where veins are in the way; outwards rather than through the midline.
    """
    start = supply.joint.poses[twin].backward(supply.at(place)[:, None])
    out = np.sign(stations[:1])

    def draw(play: float) -> Points:
        shift = play * supply.stream.uniform(-1.0, 1.0, stations.shape)
        moved = stations + np.concatenate([out * np.abs(shift[:1]), shift[1:]])
        path = _placed(supply, twin, np.concatenate([start, moved], axis=1))
        path[0] = supply.at(place)
        return path

    return supply.freest(draw)


def _roof_height(infant: Infant) -> float:
    heights = np.arange(10.0, 120.0, 0.5)
    line = np.stack([np.zeros_like(heights), np.zeros_like(heights), heights])
    return float(heights[int(np.argmax(infant.grid.sample(infant.cavity, line) > 0.0))])


def _draw_posterior(supply: _Supply, twin: int, basilar: int, side: float, word: str) -> None:
    """From the tip of the basilar artery round the midbrain to the occipital cortex."""
    owner, infant = Owner(twin + 1), supply.joint.infants[twin]
    size = infant.size
    tip = supply.end_of(basilar)
    start = supply.joint.poses[twin].backward(supply.at(tip)[:, None])[:, 0]
    stations = np.array(
        [
            [side * 11.0 * size, 2.0 * size, start[2] + 1.0],
            [side * 16.0 * size, 14.0 * size, start[2] + 3.0],
            [side * 15.0 * size, 28.0 * size, start[2] + 5.0],
        ]
    ).T
    path = _trunk_from(supply, twin, tip, stations)
    trunk = supply.add(
        Run(
            name=f"posterior cerebral artery {owner.name}, {word}",
            kind="artery",
            owner=owner,
            path=path,
            radius=LEAF_RADII[0],
            start_on=tip,
        )
    )
    for name, end in _POSTERIOR_ENDS.items():
        title = f"posterior cerebral artery, {word}, {name}"
        _draw_branch(supply, twin, supply.end_of(trunk), title, _aimed(end, side))


def _draw_crossing(supply: _Supply, twin: int) -> None:
    """A branch of one twin's artery that crosses the septum into the other's cortex."""
    owner = Owner(twin + 1)
    feeders = [
        n
        for n, run in enumerate(supply.runs)
        if run.owner is owner and run.name.startswith(("middle", "anterior")) and run.start_on
    ]
    for _ in range(400):
        through = septum_spot(supply.joint, supply.stream)
        index = min(feeders, key=lambda n: _gap(supply.runs[n].path, through))
        path = supply.runs[index].path
        near = int(np.linalg.norm(path - through, axis=1).argmin())
        margin = min(8, len(path) // 2)
        place = (index, int(np.clip(near, margin, len(path) - 1 - margin)))
        found = _crossing_path(supply, twin, supply.at(place), through)
        if found is not None and supply.is_free(found, _CROSSING_RADIUS):
            supply.add(
                Run(
                    name=f"crossing artery {owner.name}",
                    kind="artery",
                    owner=owner,
                    path=found,
                    radius=_CROSSING_RADIUS,
                    start_on=place,
                )
            )
            return


def _gap(path: Points, point: Points) -> float:
    return float(np.linalg.norm(path - point, axis=1).min())


def _crossing_path(supply: _Supply, twin: int, start: Points, through: Points) -> Points | None:
    """From a point of an artery over the own cortex, through the septum, into the other's."""
    stream = supply.stream
    own, other = supply.halves[twin], supply.halves[1 - twin]
    first = _surfacing(supply, own, start, own.direction_of(through), _LEAST_DEPTH)
    here = other.direction_of(through)
    aside = stream.normal(size=3)
    aside = _unit(aside - (aside @ here) * here)
    turn = np.radians(stream.uniform(20.0, 38.0))
    legs = bend(here, np.cos(turn) * here + np.sin(turn) * aside, make_wobble(stream, 0.08))
    second, _ = other.cast(legs, _CROSSING_RADIUS + _LEAST_DEPTH)
    path = even(np.concatenate([first[:-2].T, through[:, None], second[:, 2:]], axis=1), smooth=2.0)
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return path if 25.0 < length < 110.0 else None


def _aimed(end: tuple[float, float, float], side: float) -> Points:
    return _unit(np.array([side * end[0], end[1], end[2]]))


def _unit(vector: Points) -> Points:
    result: Points = vector / np.linalg.norm(vector)
    return result
