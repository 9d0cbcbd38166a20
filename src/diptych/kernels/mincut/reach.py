"""What sources reach on side 1 of a settled cut: sweeps along memory, then a search for the rest.

Reached voxels are marked in `code` (+ 32; state: see `push`). A breadth-first search visits
memory in the order of distance, which costs five times as much.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.capacity import Edges, ahead, behind

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Whole = NDArray[Any]

_REACHED = 32


@compiled
def _has_free(code: Bytes) -> bool:
    """Whether a stretch has free voxels of side 1 that are not reached."""
    some = 0
    for v in range(code.size):
        some |= code[v] == 1
    return some != 0


@compiled
def _is_reached(
    edges: Edges, flow: Whole, excess: Whole, code: Bytes, off: Longs, place: int
) -> bool:
    """Whether a free voxel has excess, or room on an edge from a seed or a reached voxel."""
    v = np.uintp(place)
    if excess[v] > 0:
        return True
    for a in range(off.size):
        u = np.uintp(place - off[a])
        if code[u] & 3 == 1 and code[u] > 3 and ahead(edges, u, v, a) > flow[u, a]:
            return True
        u = np.uintp(place + off[a])
        if code[u] & 3 == 1 and code[u] > 3 and behind(edges, v, u, a) > -flow[v, a]:
            return True
    return False


@compiled
def sweep_forth(edges: Edges, flow: Whole, excess: Whole, code: Bytes, off: Longs) -> None:
    """Marks what is reached from voxels before it in memory, and from marked ones after it."""
    for start in range(0, code.size, 256):
        stop = min(start + 256, code.size)
        if _has_free(code[start:stop]):
            for v in range(start, stop):
                if code[v] == 1 and _is_reached(edges, flow, excess, code, off, v):
                    code[v] |= _REACHED


@compiled
def sweep_back(edges: Edges, flow: Whole, excess: Whole, code: Bytes, off: Longs) -> None:
    """The same from the end of memory."""
    for block in range((code.size - 1) // 256, -1, -1):
        start = 256 * block
        stop = min(start + 256, code.size)
        if _has_free(code[start:stop]):
            for v in range(stop - 1, start - 1, -1):
                if code[v] == 1 and _is_reached(edges, flow, excess, code, off, v):
                    code[v] |= _REACHED


@compiled
def fill_rest(
    edges: Edges, flow: Whole, excess: Whole, code: Bytes, off: Longs, stack: Ints
) -> bool:
    """Marks all that is still reached; false when the stack is too short (then call again)."""
    for start in range(0, code.size, 256):
        stop = min(start + 256, code.size)
        if not _has_free(code[start:stop]):
            continue
        for first in range(start, stop):
            if code[first] != 1 or not _is_reached(edges, flow, excess, code, off, first):
                continue
            code[first] |= _REACHED
            stack[0] = first
            many = 1
            while many > 0:
                many -= 1
                place = np.int64(stack[many])
                u = np.uintp(place)
                if many + 2 * off.size > stack.size:
                    return False
                for a in range(off.size):
                    w = np.uintp(place + off[a])
                    if code[w] == 1 and ahead(edges, u, w, a) > flow[u, a]:
                        code[w] |= _REACHED
                        stack[many] = np.int32(w)
                        many += 1
                    w = np.uintp(place - off[a])
                    if code[w] == 1 and behind(edges, w, u, a) > -flow[w, a]:
                        code[w] |= _REACHED
                        stack[many] = np.int32(w)
                        many += 1
    return True


@compiled
def keep_reached(code: Bytes) -> None:
    """Moves free voxels of side 1 that are not marked to side 2, and takes the marks off."""
    for v in range(code.size):
        code[v] = 2 if code[v] == 1 else code[v] & 31
