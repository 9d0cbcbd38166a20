"""Porion and orbitale read again in a CT, near where a person has marked them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.anatomy.images import Images

REACH, STEP = 10.0, 0.5
"""Half-width of the block that is looked at and its step, mm."""
MAY_MOVE = 4.0
"""An edge is taken up within this of the mark, in height and ahead, mm, and followed from there;
the image must show all of that."""
AIR, BONE = -250.0, 220.0
"""HU between air and soft tissue, and between soft tissue and an infant's thin bone."""
LINING, LUMEN = 2.5, (2.0, 14.0)
"""Bone begins within LINING mm over the air of an ear canal; the height of that air, mm."""
LEAST_RUN = 3.0
"""An ear canal's roof is seen over this length, mm, at least."""
END = (0.75, 3.5)
"""What of the roof is laid a line through: from its outer end inwards, mm."""
ROUGH = 0.4
"""The roof of an ear canal leaves that line by at most this, mm, root of the mean square; that
of air cells in bone mostly by more."""
JUMP = 0.8
"""Neighbouring columns of one edge differ by at most this, mm."""
LEAP = (2.0, 0.8)
"""Neighbouring slices of the rim differ by at most this ahead and in height, mm."""
FRONT, LEAN, CREST = 5.0, 0.6, 1.5
"""A rim is where height plus LEAN times the way ahead is largest, within FRONT mm of where the
bone ends in front; its crest lies within CREST mm of there."""
ENDS = 3
"""The lowest point of a rim is none of the outermost slices that show it."""
ENOUGH = 5
"""Of nine neighbouring heights so many must be known."""
RIM = 6.0
"""Half-width of the stretch of the orbital rim that is laid a curve through, mm."""
PEAK = 3.0
"""The full brightness of a bone is reached within this of its edge, mm."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """CT values (L, F, U), HU, round a mark on a grid of STEP mm along the head's own axes:
    outwards from the midline, forwards and upwards; `at` are the offsets from the mark, mm.
    nan lies outside the image, and no edge is read against it.
    """

    values: Values
    at: Values


def cut_block(images: Images, mark: Values, axes: Values) -> Block:
    """The block round `mark` (LPS+ mm); rows of `axes` are outwards, forwards and upwards."""
    at = np.arange(-REACH, REACH + STEP / 2.0, STEP)
    offsets = np.stack(np.meshgrid(at, at, at, indexing="ij")).reshape(3, -1)
    index = images.index_of(mark + offsets.T @ axes)
    values = ndimage.map_coordinates(
        images.plain, index.T, output=np.float64, order=1, mode="constant", cval=np.nan
    )
    return Block(values=values.reshape(3 * (len(at),)), at=at)


def read_porion(block: Block) -> Values | None:
    """Offset (3,) mm of the porion from the mark, outwards, forwards and upwards: the top of
    the bony ear canal at its outer end. None where no canal with air in it is seen.
    """
    if not _whole(block):
        return None
    roof = [_roof_of(block, row) for row in range(len(block.at))]
    seen = np.array([top is not None for top in roof])
    run = _run_near(seen, len(block.at) // 2)
    if run is None or (run[1] - run[0]) * STEP < LEAST_RUN:
        return None
    tops = np.array([roof[row] for row in range(*run)], dtype=np.float64)
    out = block.at[run[0] : run[1]]
    end = float(out[-1]) + 0.5 * STEP
    used = (out <= end - END[0]) & (out >= end - END[1])
    lines = [np.polyfit(out[used], tops[used, n], 1) for n in (0, 1)]
    rough = float(np.sqrt(np.mean((tops[used, 1] - np.polyval(lines[1], out[used])) ** 2)))
    if run[1] == len(block.at) or rough > ROUGH:
        return None
    ahead, up = (float(np.polyval(line, end)) for line in lines)
    return np.array([end, ahead, up])


def read_orbitale(block: Block) -> Values | None:
    """Offset (3,) mm of the orbitale from the mark, outwards, forwards and upwards: the lowest
    point of the orbit's lower rim, the rim being the foremost ridge of bone seen from above.
    None where no such ridge is seen, or it has no lowest point near the mark.
    """
    if not _whole(block):
        return None
    rim = np.array([_rim_of(block.at, tops) for tops in _height_map(block)])
    rows = _follow(rim)
    if len(rows) * STEP < RIM:
        return None
    out, ahead, up = block.at[rows], rim[rows, 0], ndimage.median_filter(rim[rows, 1], 5)
    lowest = int(np.argmin(ndimage.uniform_filter1d(up, 5)))
    if not ENDS <= lowest < len(rows) - ENDS:
        return None
    used = np.abs(out - out[lowest]) <= RIM
    bend = np.polyfit(out[used], up[used], 2)
    if bend[0] <= 0.0:
        return None
    place = float(np.clip(-bend[1] / (2.0 * bend[0]), out[used][0], out[used][-1]))
    front = np.polyval(np.polyfit(out[used], ahead[used], 2), place)
    return np.array([place, float(front), float(np.polyval(bend, place))])


def _whole(block: Block) -> bool:
    """Whether the image shows all that may be moved within."""
    near = np.abs(block.at) <= MAY_MOVE
    return bool(np.isfinite(block.values[np.ix_(near, near, near)]).all())


def _follow(rim: Values) -> NDArray[np.intp]:
    """Rows of the rim without jumps, from the one nearest to the mark."""
    near = np.nonzero((np.abs(rim) <= MAY_MOVE).all(axis=1))[0]
    if not len(near):
        return near
    first = last = int(near[int(np.argmin(np.abs(near - len(rim) // 2)))])
    while first > 0 and bool((np.abs(rim[first - 1] - rim[first]) <= LEAP).all()):
        first -= 1
    while last < len(rim) - 1 and bool((np.abs(rim[last + 1] - rim[last]) <= LEAP).all()):
        last += 1
    return np.arange(first, last + 1)


def _run_near(seen: NDArray[np.bool_], middle: int) -> tuple[int, int] | None:
    """First and one past the last of the run of seen rows that lies nearest to the middle."""
    runs, count = ndimage.label(seen)
    if count == 0:
        return None
    where = np.nonzero(seen)[0]
    nearest = where[int(np.argmin(np.abs(where - middle)))]
    rows = np.nonzero(runs == runs[nearest])[0]
    return int(rows[0]), int(rows[-1]) + 1


def _roof_of(block: Block, row: int) -> tuple[float, float] | None:
    """Forward and upward offset of the top of the ear canal in one slice, mm."""
    plane = block.values[row]
    edges = np.array([_roof_edge(block, plane[column]) for column in range(len(block.at))])
    traced = _trace(block, edges)
    if traced is None:
        return None
    columns, heights = traced
    return _top_of(block.at[columns], heights)


def _roof_edge(block: Block, column: Values) -> float:
    """Height, mm, where bone begins over the air of an ear canal, nearest to the mark; skin may
    lie between them. nan where there is none.
    """
    air = column < AIR
    best = np.nan
    for row in np.nonzero(air[:-1] & ~air[1:])[0]:
        depth = int(np.argmin(air[row::-1])) if not air[: row + 1].all() else int(row) + 1
        bone = column[row + 1 : row + 1 + round(LINING / STEP)] > BONE
        if not bone.any() or not LUMEN[0] <= depth * STEP <= LUMEN[1]:
            continue
        first = int(row) + 1 + int(np.argmax(bone))
        peak = float(column[first : first + round(PEAK / STEP)].max())
        foot = float(column[max(first - round(1.5 / STEP), 0) : first].min())
        height = _crossing(block.at, column, first, 0.5 * (peak + foot))
        if abs(height) <= MAY_MOVE and not abs(height) >= abs(best):
            best = height
    return best


def _crossing(at: Values, column: Values, row: int, level: float) -> float:
    """Where values rise through `level` about row, between two samples, mm."""
    row = min(row, len(at) - 2)
    while row > 0 and column[row] > level:
        row -= 1
    while row < len(at) - 2 and column[row + 1] < level:
        row += 1
    low, high = float(column[row]), float(column[row + 1])
    share = (level - low) / (high - low) if high > low else 0.5
    return float(at[row] + STEP * np.clip(share, 0.0, 1.0))


def _trace(block: Block, edges: Values) -> tuple[NDArray[np.intp], Values] | None:
    """The columns of one edge without jumps, from the one nearest to the mark."""
    near = np.nonzero(np.isfinite(edges) & (np.abs(block.at) <= MAY_MOVE))[0]
    if not len(near):
        return None
    start = int(near[int(np.argmin(np.abs(block.at[near]) + np.abs(edges[near])))])
    first = last = start
    while first > 0 and abs(edges[first - 1] - edges[first]) <= JUMP:
        first -= 1
    while last < len(edges) - 1 and abs(edges[last + 1] - edges[last]) <= JUMP:
        last += 1
    columns = np.arange(first, last + 1)
    return columns, edges[columns]


def _top_of(ahead: Values, heights: Values) -> tuple[float, float]:
    """The highest point of an edge, from a curve through the samples about it."""
    best = int(np.argmax(heights))
    used = slice(max(best - 2, 0), best + 3)
    if best in {0, len(heights) - 1} or len(heights[used]) < 4:
        return float(ahead[best]), float(heights[best])
    bend = np.polyfit(ahead[used], heights[used], 2)
    if bend[0] >= 0.0:
        return float(ahead[best]), float(heights[best])
    place = float(np.clip(-bend[1] / (2.0 * bend[0]), ahead[used][0], ahead[used][-1]))
    return place, float(np.polyval(bend, place))


def _height_map(block: Block) -> Values:
    """Heights (L, F), mm, of the first bone from above; nan where there is none. Each is the
    middle one of it and its neighbours.
    """
    count = len(block.at)
    tops = np.full((count + 2, count + 2), np.nan)
    tops[1:-1, 1:-1] = [[_bone_top(block, column) for column in plane] for plane in block.values]
    near = np.stack([tops[i : i + count, j : j + count] for i in range(3) for j in range(3)])
    known = np.isfinite(near).sum(axis=0)
    near[:, known < ENOUGH] = np.inf
    middle: Values = np.nanmedian(near, axis=0)
    return np.where(known < ENOUGH, np.nan, middle)


def _rim_of(at: Values, tops: Values) -> tuple[float, float]:
    """Forward and upward offset of the foremost ridge of bone in one slice of the height map,
    mm; nan where there is none.
    """
    known = np.isfinite(tops)
    if not known.any():
        return np.nan, np.nan
    front = int(np.nonzero(known)[0][-1])
    gaps = np.nonzero(~known[:front])[0]
    back = max(int(gaps[-1]) + 1 if len(gaps) else 0, front - round(FRONT / STEP))
    stretch = np.arange(back, front + 1)
    best = int(stretch[int(np.argmax(tops[stretch] + LEAN * at[stretch]))])
    around = stretch[np.abs(stretch - best) <= round(CREST / STEP)]
    return _top_of(at[around], tops[around])


def _bone_top(block: Block, column: Values) -> float:
    """Height, mm, of the first bone from above; nan where the column begins in bone."""
    high = round((REACH - MAY_MOVE - 2.0) / STEP)
    bone = column > BONE
    start = len(column) - 1 - high
    if bone[start] or not bone[:start].any():
        return np.nan
    row = int(np.nonzero(bone[:start])[0][-1])
    peak = float(column[max(row - round(PEAK / STEP), 0) : row + 1].max())
    soft = float(np.median(column[row + 2 : row + 2 + round(PEAK / STEP)]))
    level = 0.5 * (peak + soft)
    while row > 0 and column[row] < level:
        row -= 1
    low, higher = float(column[row + 1]), float(column[row])
    share = (higher - level) / (higher - low) if higher > low else 0.5
    height = float(block.at[row] + STEP * share)
    return height if abs(height) <= MAY_MOVE + 2.0 else np.nan
