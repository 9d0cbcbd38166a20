"""Passes over the solver's arrays that look for voxels or get them ready (state: see `push`).

Long passes go in stretches of 256 voxels that are looked at first and skipped where there is
nothing to do: compilers make that into wide instructions, which conditional writes are not.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Whole = NDArray[Any]


@compiled
def clear_listed(flow: Whole, excess: Whole, off: Longs, listed: Ints) -> None:
    """Takes back all flow on edges of listed voxels, and the excess of both their ends."""
    for n in range(listed.size):
        v = listed[n]
        excess[v] = 0
        for a in range(off.size):
            flow[v, a] = 0
            flow[v - off[a], a] = 0
            excess[v + off[a]] = 0
            excess[v - off[a]] = 0


@compiled
def open_side(code: Bytes, label: Whole, far: int, region: int) -> None:
    """Labels of one side as before a search: free voxels far, all others of that side walls.

    Stretches without a voxel of that side are not touched; where both sides lie in one
    stretch, the other's labels stay.
    """
    mark = far * (2 * region - 3)
    for start in range(0, code.size, 256):
        stop = min(start + 256, code.size)
        sides = np.uint8(0)
        for v in range(start, stop):
            sides |= code[v] & np.uint8(3)
        if sides == region:
            for v in range(start, stop):
                label[v] = mark if code[v] == region else 0
        elif sides == 3:
            for v in range(start, stop):
                if code[v] & 3 == region:
                    label[v] = mark if code[v] == region else 0


@compiled
def open_listed(code: Bytes, label: Whole, far: int, listed: Ints, region: int) -> None:
    """The same for listed voxels only; all others must be walls already."""
    for n in range(listed.size):
        v = listed[n]
        if code[v] & 3 == region:
            label[v] = far * (2 * region - 3) if code[v] == region else 0


@compiled
def close_listed(label: Whole, listed: Ints) -> None:
    """Makes the listed voxels walls again."""
    for n in range(listed.size):
        label[listed[n]] = 0


@compiled
def _holds_seed(code: Bytes) -> bool:
    most = np.uint8(0)
    for v in range(code.size):
        most = max(most, code[v])
    return bool(most >= 4)


@compiled
def find_rims(code: Bytes, off: Longs, start: int, stop: int, rims: Ints, ends: Longs) -> None:
    """Lists held and seed voxels beside free ones: of side 1 from the front, of side 2 from behind.

    ends[0], ends[1] : how many there are of each. Nothing is written that does not fit: call
    again with a longer list when their sum is larger.
    """
    first = 0
    second = 0
    for begin in range(start, stop, 256):
        end = min(begin + 256, stop)
        if not _holds_seed(code[begin:end]):
            continue
        for v in range(begin, end):
            kind = code[v]
            if kind < 4:
                continue
            for a in range(off.size):
                p, q = code[v + off[a]], code[v - off[a]]
                if 1 <= p <= 2 or 1 <= q <= 2:
                    if first + second < rims.size:
                        if kind & 3 == 1:
                            rims[first] = v
                        else:
                            rims[rims.size - 1 - second] = v
                    if kind & 3 == 1:
                        first += 1
                    else:
                        second += 1
                    break
    ends[0] = first
    ends[1] = second


@compiled
def find_rims_listed(code: Bytes, off: Longs, listed: Ints, rims: Ints, ends: Longs) -> None:
    """The same among the neighbours of listed voxels; each is listed once."""
    first = 0
    second = 0
    for n in range(listed.size):
        v = listed[n]
        if code[v] != 1 and code[v] != 2:
            continue
        for a in range(2 * off.size):
            w = v + (off[a >> 1] if a & 1 == 0 else -off[a >> 1])
            kind = code[w]
            if kind >= 4 and kind < 16 and first + second < rims.size:
                code[w] = kind | 16
                if kind & 3 == 1:
                    rims[first] = w
                    first += 1
                else:
                    second += 1
                    rims[rims.size - second] = w
    for n in range(first):
        code[rims[n]] &= 15
    for n in range(rims.size - second, rims.size):
        code[rims[n]] &= 15
    ends[0] = first
    ends[1] = second


@compiled
def find_work(  # noqa: PLR0917 - numba takes no dataclass
    code: Bytes, excess: Whole, region: int, turn: int, active: Ints, sinks: Ints, ends: Longs
) -> None:
    """Lists free voxels of the region with excess and with deficits (in the sense of `turn`).

    ends[0], ends[1] : how many there are; what does not fit is not written.
    """
    more = 0
    less = 0
    for start in range(0, code.size, 256):
        stop = min(start + 256, code.size)
        some = 0
        for v in range(start, stop):
            some |= (code[v] == region) & (excess[v] != 0)
        if not some:
            continue
        for v in range(start, stop):
            if excess[v] != 0 and code[v] == region:
                if excess[v] * turn > 0:
                    if more < active.size:
                        active[more] = v
                    more += 1
                else:
                    if less < sinks.size:
                        sinks[less] = v
                    less += 1
    ends[0] = more
    ends[1] = less


@compiled
def find_work_listed(  # noqa: PLR0917 - numba takes no dataclass
    code: Bytes,
    excess: Whole,
    region: int,
    turn: int,
    listed: Ints,
    active: Ints,
    sinks: Ints,
    ends: Longs,
) -> None:
    """The same among listed voxels; both lists must be as long as `listed`."""
    more = 0
    less = 0
    for n in range(listed.size):
        v = listed[n]
        if code[v] == region:
            if excess[v] * turn > 0:
                active[more] = v
                more += 1
            elif excess[v] != 0:
                sinks[less] = v
                less += 1
    ends[0] = more
    ends[1] = less
