"""Drainage as streams: from each brain by the shared vessels to the jugulars, width = ml/min.

Everything that enters leaves: each bar is as tall as the blood that passes it, and what has no
way out ends in a bar of its own.
Drawn by `drainage`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from diptych.model import NodeId, TwinId
from diptych.report.passage import Passage

MOST_WAYS = 6
"""Shared vessels shown by name, those with most blood first; the rest are one bar."""
SMALL = 0.5
"""ml/min; less than that is not given a bar of its own."""
OWN, LOST, REST = "own", "lost", "rest"

Key = tuple[str, str]
"""What a bar stands for: its kind and its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A place that blood passes: column 0 brains, 1 ways, 2 jugulars; y, tall in drawing units.

    slot : top of the room that it has, with its words
    """

    key: Key
    column: int
    flow: float
    slot: float
    y: float
    tall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Blood of one twin from a bar of `column` to one of the next: tops at both ends and width,
    drawing units.
    """

    twin: TwinId
    column: int
    start: Key
    end: Key
    flow: float
    top: float
    bottom: float
    wide: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Bars and bands of one state; high : drawing units that they take."""

    bars: tuple[Bar, ...]
    bands: tuple[Band, ...]
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """Drawing units for each ml/min, between bars, and least room of a bar in each column."""

    scale: float
    gap: float
    room: tuple[float, float, float]


def choose_ways(*states: Iterable[Passage]) -> tuple[str, ...]:
    """Names of the shared vessels that get a bar of their own, the same in all states.

    Those with most of A's blood come first, so that bands cross little.
    """
    most: dict[str, float] = {}
    for state in states:
        here: dict[str, float] = {}
        for p in state:
            if p.via:
                here[p.via] = here.get(p.via, 0.0) + p.flow
        for via, flow in here.items():
            most[via] = max(most.get(via, 0.0), flow)
    kept = sorted(most, key=lambda via: (-round(most[via], 3), via))[:MOST_WAYS]
    lean = {via: _lean(via, states) for via in kept}
    return tuple(sorted(kept, key=lambda via: (-round(lean[via], 6), via)))


def _lean(via: str, states: Sequence[Iterable[Passage]]) -> float:
    """A's part of the blood that enters the vessel, 0..1."""
    mine = [(p.flow, p.twin is TwinId.A) for state in states for p in state if p.via == via]
    return sum(flow for flow, a in mine if a) / max(sum(flow for flow, _ in mine), 1e-12)


def lay_streams(
    passages: Sequence[Passage], ways: Sequence[str], roots: Mapping[NodeId, Key], ruler: Ruler
) -> Streams:
    """Where each bar and band stands.

    ways : vessels with a bar of their own; roots : the bar of each jugular, in order from above
    """
    flows = _gather(passages, ways, roots)
    order = _order(ways, roots)
    total: dict[tuple[int, Key], float] = {}
    for (_, column, start, end), flow in flows.items():
        total[column, start] = total.get((column, start), 0.0) + flow
        if column == 1 or end[0] == LOST:
            total[column + 1, end] = total.get((column + 1, end), 0.0) + flow
    bars, high = _stack(total, order, ruler)
    return Streams(bars=bars, bands=_lay_bands(flows, bars, order, ruler), high=high)


def _order(ways: Sequence[str], roots: Mapping[NodeId, Key]) -> tuple[Key, ...]:
    middle = [("way", name) for name in ways] + [(REST, "")]
    return (
        ("brain", "A"),
        ("brain", "B"),
        (LOST, "A"),
        (OWN, "A"),
        *middle,
        (OWN, "B"),
        (LOST, "B"),
        *dict.fromkeys(roots.values()),
    )


Flows = dict[tuple[TwinId, int, Key, Key], float]


def _gather(passages: Sequence[Passage], ways: Sequence[str], roots: Mapping[NodeId, Key]) -> Flows:
    """ml/min of each twin between bars, by the column that it starts from."""
    flows: Flows = {}
    for p in passages:
        brain: Key = ("brain", p.twin.value)
        if p.root is None:
            way: Key = (LOST, p.twin.value)
        elif not p.via:
            way = (OWN, p.twin.value)
        else:
            way = ("way", p.via) if p.via in ways else (REST, "")
        steps = [(p.twin, 0, brain, way)]
        if p.root is not None:
            steps.append((p.twin, 1, way, roots[p.root]))
        for step in steps:
            flows[step] = flows.get(step, 0.0) + p.flow
    return flows


def _stack(
    total: Mapping[tuple[int, Key], float], order: Sequence[Key], ruler: Ruler
) -> tuple[tuple[Bar, ...], float]:
    """Bars of each column from above; shorter columns are centred."""
    columns: list[list[tuple[Key, float, float]]] = [[], [], []]
    for key in order:
        for column in (0, 1, 2):
            flow = total.get((column, key), 0.0)
            if flow >= SMALL or (column == 0 and flow > 0.0):
                room = max(flow * ruler.scale, ruler.room[column])
                columns[column].append((key, flow, room))
    tall = [sum(room for _, _, room in c) + ruler.gap * max(len(c) - 1, 0) for c in columns]
    high = max(tall)
    bars = []
    for column, entries in enumerate(columns):
        spread = (high - tall[column]) / max(len(entries), 1)
        at = spread / 2
        for key, flow, room in entries:
            bars.append(
                Bar(
                    key=key,
                    column=column,
                    flow=flow,
                    slot=at,
                    y=at + (room - flow * ruler.scale) / 2,
                    tall=flow * ruler.scale,
                )
            )
            at += room + ruler.gap + spread
    return tuple(bars), high


def _lay_bands(
    flows: Flows, bars: Sequence[Bar], order: Sequence[Key], ruler: Ruler
) -> tuple[Band, ...]:
    """Bands in order of their ends, stacked without gaps at either end."""
    place = {(bar.column, bar.key): bar.y for bar in bars}
    rank = {key: n for n, key in enumerate(order)}
    shown = [f for f in flows if (f[1], f[2]) in place and (f[1] + 1, f[3]) in place]
    tops, bottoms = {}, {}
    fill = dict(place)
    for step in sorted(shown, key=lambda f: (f[1], rank[f[2]], rank[f[3]], f[0])):
        tops[step] = fill[step[1], step[2]]
        fill[step[1], step[2]] += flows[step] * ruler.scale
    fill = dict(place)
    for step in sorted(shown, key=lambda f: (f[1], rank[f[3]], rank[f[2]], f[0])):
        bottoms[step] = fill[step[1] + 1, step[3]]
        fill[step[1] + 1, step[3]] += flows[step] * ruler.scale
    return tuple(
        Band(
            twin=step[0],
            column=step[1],
            start=step[2],
            end=step[3],
            flow=flows[step],
            top=tops[step],
            bottom=bottoms[step],
            wide=flows[step] * ruler.scale,
        )
        for step in sorted(shown, key=lambda f: (f[1], rank[f[2]], rank[f[3]], f[0]))
    )
