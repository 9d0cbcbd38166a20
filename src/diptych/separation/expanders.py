"""Skin from expanders: what each gives, the smallest set that is enough, and where it fits.

A rectangular expander of base b and projection h lifts the skin over an arc of a circle of
radius r = (b^2 / 4 + h^2) / (2 h) and angle t = 2 asin(b / (2 r)), t measured beyond half a
circle when h is more than b / 2; the arc is r t - b longer than the base. A round one lifts the
cap of a ball, pi h^2 larger than its base. Crescent and round ones give less of that than
rectangular ones (rows crescent-share, round-share), and only part of the gain can be used.

Expanders lie beside the rim with their length along it. They keep a distance from the rim, from
each other and from the incisions, and stay on scalp. Each takes a window around the rim:
distance, expander, distance, scar, distance. The scar runs down from the rim, with the vessels
of the flap and inside it, so that no flap line meets it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import asin, ceil, pi, sin

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.model import Fill, InputError, Measured, Millilitre
from diptych.separation.opening import Grid
from diptych.separation.scalp import Scalp
from diptych.tables import SourcedTable, TableRow

SHAPES = ("rectangular", "round", "crescent")
_STARTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpanderSize:
    """One size in the store: lengths in mm, what it holds (ml) and gives (cm2) when full."""

    key: str
    shape: str
    base: float
    length: float
    projection: float
    volume: float
    gain: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where one expander lies around the rim: columns of the chart, mm from the rim.

    begin, end : of the window; left, right : of the expander; scar : of its incision
    near, far : distances of the expander from the rim
    """

    size: ExpanderSize
    begin: float
    left: float
    right: float
    scar: float
    end: float
    near: float
    far: float


def arc_gain(base: float, projection: float) -> float:
    """How much longer the arc over an expander is than its base; all in one unit of length.

    Raises InputError unless both are above 0.
    """
    radius, angle = _arc(base, projection)
    return radius * angle - base


def _arc(base: float, projection: float) -> tuple[float, float]:
    if base <= 0.0 or projection <= 0.0:
        raise InputError(
            f"an expander has base {base:g} and projection {projection:g}, expected both above 0",
            remedy="correct its row in the table of reconstruction",
        )
    radius = (base**2 / 4.0 + projection**2) / (2.0 * projection)
    half = asin(min(base / (2.0 * radius), 1.0))
    return radius, 2.0 * (half if projection <= base / 2.0 else pi - half)


def expander_volume(shape: str, base: float, length: float, projection: float) -> float:
    """Content when full, ml, of an expander with these lengths in mm."""
    if shape == "round":
        return pi * projection * (3.0 * base**2 / 4.0 + projection**2) / 6.0 / 1000.0
    radius, angle = _arc(base, projection)
    return radius**2 / 2.0 * (angle - sin(angle)) * length / 1000.0


def read_sizes(table: SourcedTable) -> tuple[ExpanderSize, ...]:
    """The sizes in table "reconstruction", the smallest content first."""
    rows = [row for row in table.rows.values() if row.fields.get("kind") == "expander"]
    return tuple(sorted((_size(row, table) for row in rows), key=lambda s: (s.volume, s.key)))


def _size(row: TableRow, table: SourcedTable) -> ExpanderSize:
    shape = row.text("shape")
    if shape not in SHAPES:
        raise InputError(
            f"expander {row.key!r} is {shape!r}, expected {', '.join(SHAPES)}",
            remedy="correct its row in the table of reconstruction",
        )
    base, length, projection = (row.number(name) for name in ("base", "length", "projection"))
    if shape == "round":
        whole = pi * projection**2 / 100.0 * table.value("round-share")
    else:
        whole = arc_gain(base, projection) * length / 100.0
        whole *= table.value("crescent-share") if shape == "crescent" else 1.0
    usable = table.number("usable-gain")
    return ExpanderSize(
        key=row.key,
        shape=shape,
        base=base,
        length=length,
        projection=projection,
        volume=expander_volume(shape, base, length, projection),
        gain=Measured(
            value=whole * usable.value,
            low=whole * usable.low,
            high=whole * usable.high,
            unit="cm2",
        ),
    )


def choose_expanders(scalp: Scalp, lacking: float, table: SourcedTable) -> tuple[Window, ...]:
    """The smallest set that gives `lacking` cm2 at the low end of its gain and fits the scalp.

    Smallest: fewest expanders, then least content. When no set is enough, the one that gives
    most of those that fit; no expander when nothing lacks or none fits. Sets are fitted one
    expander after the other around the rim, from every 30 degrees.
    """
    if lacking <= 0.0:
        return ()
    windows = _find_windows(scalp, read_sizes(table), table.value("expander-gap"))
    fitting = [size for size in read_sizes(table) if size.key in windows]
    most = int(table.value("expander-most"))
    sets = [
        (sum(size.gain.low for size in each), sum(size.volume for size in each), each)
        for count in range(1, most + 1)
        for each in combinations_with_replacement(fitting, count)
    ]
    enough = [entry for entry in sets if entry[0] >= lacking]
    enough.sort(key=lambda entry: (len(entry[2]), entry[1]))
    lesser = [entry for entry in sets if entry[0] < lacking]
    lesser.sort(key=lambda entry: (-entry[0], len(entry[2])))
    placed = (_place(entry[2], windows) for entry in enough + lesser)
    return next((found for found in placed if found), ())


_Windows = Sequence[Window | None]


def _find_windows(scalp: Scalp, sizes: Sequence[ExpanderSize], gap: float) -> dict[str, _Windows]:
    """By key of each size that fits somewhere: its window from each column on, or None."""
    found: dict[str, _Windows] = {}
    rings: dict[float, Grid] = {}
    narrow = float(_walk(scalp.ring(gap))[-1])
    for size in sizes:
        free = scalp.free(gap + size.base)
        if size.base not in rings:
            rings[size.base] = _walk(scalp.ring(gap + size.base / 2.0))
        way = rings[size.base]
        wide = gap * max(1.0, float(way[-1] / narrow))  # as columns come together at the rim
        windows = [_window(size, start, free, way, (gap, wide)) for start in range(len(free))]
        if any(window is not None for window in windows):
            found[size.key] = windows
    return found


def _walk(ring: Grid) -> Grid:
    """(2 F + 1,) mm along a ring of points, twice around, from the first; without its jitter."""
    calm = ndimage.gaussian_filter1d(ring, 1.0, axis=0, mode="wrap")
    steps = np.linalg.norm(np.roll(calm, -1, axis=0) - calm, axis=1)
    way: Grid = np.concatenate([[0.0], np.cumsum(np.concatenate([steps, steps]))])
    return way


def _window(
    size: ExpanderSize,
    start: int,
    free: NDArray[np.bool_],
    way: Grid,
    gaps: tuple[float, float],
) -> Window | None:
    """The window of that size from the column `start` on; None where it is not all scalp.

    gaps : mm to the rim, and mm beside the expander in the middle of its base
    """
    gap, wide = gaps
    count = len(free)
    stops = way[start] + wide * np.array([1.0, 1.0, 2.0, 3.0])
    stops[1:] += size.length
    if stops[-1] > way[start + count]:
        return None
    left, right, scar, end = np.interp(stops, way, np.arange(len(way))).tolist()
    if not free[np.arange(start, ceil(end) + 1) % count].all():
        return None
    return Window(
        size=size,
        begin=float(start),
        left=left,
        right=right,
        scar=scar,
        end=end,
        near=gap,
        far=gap + size.base,
    )


def _place(sizes: Sequence[ExpanderSize], windows: Mapping[str, _Windows]) -> tuple[Window, ...]:
    """The windows of all sizes, one after the other around the rim; empty when they do not fit."""
    order = sorted(sizes, key=lambda size: (-size.length, -size.base, size.key))
    count = len(windows[order[0].key])
    if sum(_narrowest(windows[size.key]) for size in order) > count:
        return ()
    for first in range(0, count, _STARTS):
        placed: list[Window] = []
        column = first
        for size in order:
            window = _next_window(windows[size.key], column, first + count)
            if window is None:
                break
            placed.append(window)
            column += (round(window.begin) - column) % count + ceil(window.end - window.begin)
        else:
            return tuple(placed)
    return ()


def _narrowest(windows: _Windows) -> float:
    """Least number of columns that a size takes."""
    return min(window.end - window.begin for window in windows if window is not None)


def _next_window(windows: _Windows, column: int, last: int) -> Window | None:
    """The first window from the column on that ends before the column `last`."""
    count = len(windows)
    for place in range(column, last):
        window = windows[place % count]
        if window is not None:
            return window if place + window.end - window.begin <= last else None
    return None


def outline_base(scalp: Scalp, window: Window) -> Grid:
    """The base on the skin, a closed line (N, 3) in grid mm."""
    columns = np.linspace(window.left, window.right, 12)
    if window.size.shape == "round":
        middle = (window.left + window.right) / 2.0
        turns = np.linspace(0.0, 2.0 * pi, 33)
        wide = (window.right - window.left) / 2.0
        deep = (window.far - window.near) / 2.0
        spots = [(middle + wide * np.cos(t), window.near + deep + deep * np.sin(t)) for t in turns]
    else:
        spots = [(column, window.near) for column in columns]
        spots += [(column, window.far) for column in columns[::-1]]
        spots.append(spots[0])
    return np.stack([scalp.between(float(column), float(depth)) for column, depth in spots])


def draw_scar(scalp: Scalp, window: Window, length: float) -> Grid:
    """The incision of one expander, a line (N, 3) in grid mm, `length` mm or the base if less."""
    deep = window.near + min(length, window.far - window.near)
    depths = np.linspace(window.near, deep, 9)
    return np.stack([scalp.between(window.scar, float(depth)) for depth in depths])


def plan_fills(
    sizes: Sequence[ExpanderSize], table: SourcedTable, timing: SourcedTable
) -> tuple[tuple[Fill, ...], Measured]:
    """The fillings, once a week, and the weeks from insertion to the last one with interval.

    Each filling is `fill-share` of the content until it is overfilled by `overfill`; the
    interval is that of published ones (timing: expander-start-days, expander-fill-weeks), which
    at its long end holds weeks of waiting with full expanders.
    """
    if not sizes:
        return (), Measured(value=0.0, low=0.0, high=0.0, unit="weeks")
    start, usual = timing.number("expander-start-days"), timing.number("expander-fill-weeks")
    whole = 1.0 + table.value("overfill")
    count = ceil(round(whole / table.value("fill-share"), 6))
    fills = tuple(
        Fill(
            number=number,
            day=round(start.value) + 7 * (number - 1),
            volumes=tuple(Millilitre(size.volume * whole / count) for size in sizes),
        )
        for number in range(1, count + 1)
    )
    value = fills[-1].day / 7.0
    low, high = start.low / 7.0 + usual.low - 1.0, start.high / 7.0 + usual.high - 1.0
    return fills, Measured(value=value, low=min(low, value), high=max(high, value), unit="weeks")
