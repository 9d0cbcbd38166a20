"""Scalp flaps beside the rim: their lines on the skin, their length and the width of their base.

Each flap covers the window of one expander, with its scar inside: its sides run down from the
rim at the window's ends, as far as the expander reaches, but never longer than `flap-ratio`
times the width of the base that carries its blood. Without expanders two flaps share the longest
stretch of scalp around the rim.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.model import Flap, Millimetre, Volume
from diptych.separation.expanders import Window
from diptych.separation.opening import Grid
from diptych.separation.scalp import Scalp
from diptych.tables import SourcedTable

_POINTS = 12
_SHRINK = 0.9
_SHORTEST = 15.0
_LEAST = 8


def draw_flaps(
    scalp: Scalp,
    windows: Sequence[Window],
    scars: Sequence[Grid],
    grid: Volume,
    table: SourcedTable,
) -> tuple[Flap, ...]:
    """The flaps of one twin, in the order around the rim.

    scars : lines (N, 3) in grid mm; grid : the volume whose voxels the chart was made from
    table : "reconstruction"
    """
    spans = [(window.begin, window.end, window.far) for window in windows]
    spans = spans or _without_expanders(scalp, table.value("flap-length"))
    limit = table.value("flap-ratio")
    return tuple(
        _draw(number, scalp, span, scars, (grid, limit))
        for number, span in enumerate(spans, start=1)
    )


def _without_expanders(scalp: Scalp, length: float) -> list[tuple[float, float, float]]:
    """Two spans that share the longest free stretch around the rim, shorter where it must be."""
    while length >= _SHORTEST:
        start, size = _longest(scalp.free(length))
        if size >= _LEAST:
            half = (size - 1) / 2.0
            return [
                (start, start + half - 0.5, length),
                (start + half + 0.5, start + size - 1, length),
            ]
        length *= _SHRINK
    return []


def _longest(free: NDArray[np.bool_]) -> tuple[int, int]:
    """First column and number of columns of the longest free stretch around a ring."""
    if free.all():
        return 0, len(free)
    starts = np.flatnonzero(free & ~np.roll(free, 1)).tolist()
    runs = [(-int(np.argmin(np.roll(free, -start))), start) for start in starts]
    return (min(runs)[1], -min(runs)[0]) if runs else (0, 0)


def _draw(
    number: int,
    scalp: Scalp,
    span: tuple[float, float, float],
    scars: Sequence[Grid],
    terms: tuple[Volume, float],
) -> Flap:
    begin, end, length = span
    grid, limit = terms
    base = _width(scalp, begin, end, length)
    while length > limit * base and length > 5.0:
        length *= _SHRINK
        base = _width(scalp, begin, end, length)
    line = _outline(scalp, begin, end, length)
    return Flap(
        number=number,
        line=grid.to_lps(line / np.array(grid.spacing)),
        length=Millimetre(length),
        base=Millimetre(base),
        ratio=length / max(base, 1e-9),
        wide_enough=length <= limit * base,
        scar_distance=_nearest(line, scars),
    )


def _width(scalp: Scalp, begin: float, end: float, depth: float) -> float:
    """Width of the base over the skin, mm."""
    columns = np.linspace(begin, end, 2 * _POINTS)
    points = np.stack([scalp.between(float(column), depth) for column in columns])
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def _outline(scalp: Scalp, begin: float, end: float, length: float) -> Grid:
    """Up one side, along the rim, down the other; (N, 3) grid mm."""
    depths = np.linspace(length, 0.0, _POINTS)
    columns = np.linspace(begin, end, 4 * _POINTS)[1:-1]
    spots = [(begin, depth) for depth in depths]
    spots += [(float(column), 0.0) for column in columns]
    spots += [(end, depth) for depth in depths[::-1]]
    return np.stack([scalp.between(column, float(depth)) for column, depth in spots])


def _nearest(line: Grid, scars: Sequence[Grid]) -> Millimetre | None:
    """Least distance between the line and any scar, mm; both are densely drawn."""
    if not scars:
        return None
    fine = np.concatenate(
        [line[:-1] + share * np.diff(line, axis=0) for share in np.linspace(0.0, 1.0, 5)]
    )
    ends = np.concatenate(list(scars))
    return Millimetre(float(np.linalg.norm(fine[:, None] - ends[None], axis=2).min()))
