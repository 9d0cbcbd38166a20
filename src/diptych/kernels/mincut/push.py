"""Push-relabel on a padded voxel grid, one side of a saturated cut at a time.

State, all over the flattened padded grid (its border is never tissue):

- `flow` (N, H): net flow from a voxel to its neighbour ahead, one number an edge; `off[a]` is
  how far ahead that neighbour lies
- `excess` (N,): inflow - outflow + unary supply
- `code` (N,) uint8: side 1 or 2 (0 air), + 4 for a seed, + 8 for a voxel held for now
- `label` (N,): 0 wall (air, other side, held), else the distance to the nearest sink times
  `sign`: +1 on side 2, -1 on side 1, so that each can be worked on by a thread of its own

`turn` is +1 where excess flows forward to sinks (the sink side) and -1 where the whole
picture is reversed: deficits flow back to sources (the source side). One routine serves both.

Sinks of a run are voxels of distance 1: held ones and seeds carry a large deficit as a mark in
`excess` while they take part, others have a deficit of their own.

References: Goldberg & Tarjan 1988 (doi:10.1145/48014.61051); global relabelling and highest
label first: Cherkassky & Goldberg 1997 (doi:10.1007/PL00009180); the start from a saturated
cut: Juan & Boykov 2006 (doi:10.1109/CVPR.2006.47).
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

BEYOND = 40
"""Steps that a search goes on after it has reached all it was made for."""


@compiled
def room_ahead(edges: Edges, flow: Whole, v: int, w: int, a: int, turn: int) -> Any:
    """How much more may move from v to w, its neighbour ahead along a, in the sense of `turn`."""
    if turn > 0:
        return ahead(edges, v, w, a) - flow[v, a]
    return behind(edges, v, w, a) + flow[v, a]


@compiled
def room_back(edges: Edges, flow: Whole, v: int, w: int, a: int, turn: int) -> Any:
    """The same from w back to v."""
    if turn > 0:
        return behind(edges, v, w, a) + flow[v, a]
    return ahead(edges, v, w, a) - flow[v, a]


@compiled
def saturate_cut(
    edges: Edges, flow: Whole, excess: Whole, code: Bytes, off: Longs, touched: Ints
) -> int:
    """Fills every edge from side 1 to side 2, leaving excess on 2 and deficits on 1.

    Lists free voxels whose excess was 0 before in `touched`; returns how many there are, also
    where they do not all fit.
    """
    border = 0
    for a in range(off.size):
        border = max(border, abs(off[a]))
    found = 0
    for start in range(border, code.size - border, 256):
        stop = min(start + 256, code.size - border)
        apart = 0
        for a in range(off.size):
            apart = max(apart, _part(code[start:stop], code[start + off[a] : stop + off[a]]))
        if apart < 3:
            continue
        for v in range(start, stop):
            side = code[v] & 3
            if side == 0:
                continue
            for a in range(off.size):
                w = v + off[a]
                other = code[w] & 3
                if side + other != 3:
                    continue
                full = ahead(edges, v, w, a) if side == 1 else -behind(edges, v, w, a)
                more = full - flow[v, a]
                if more != 0:
                    for u in (v, w):
                        if excess[u] == 0 and code[u] < 4:
                            if found < touched.size:
                                touched[found] = u
                            found += 1
                    flow[v, a] = full
                    excess[v] -= more
                    excess[w] += more
    return found


@compiled
def _part(here: Bytes, there: Bytes) -> int:
    """3 where sides of two rows differ somewhere, unless one of them is air."""
    most = np.uint8(0)
    for n in range(here.size):
        most = max(most, (here[n] ^ there[n]) & np.uint8(3))
    return int(most)


@compiled
def measure_distances(  # noqa: PLR0917 - numba takes no dataclass
    edges: Edges,
    flow: Whole,
    excess: Whole,
    label: Whole,
    far: int,
    off: Longs,
    turn: int,
    sign: int,
    sinks: Ints,
    ring: Ints,
    waiting: int,
) -> int:
    """Exact residual distance of far voxels to the nearest sink, by breadth-first search.

    waiting : how many voxels have excess; the search ends BEYOND steps after the last of them
        has been reached (0: it goes on to the end)

    Returns the greatest distance, -1 when the ring of waiting voxels is too short, -2 when a
    distance does not fit below `far`.
    """
    mask = ring.size - 1
    if sinks.size > ring.size:
        return -1
    tail = 0
    for n in range(sinks.size):
        ring[tail] = sinks[n]
        label[sinks[n]] = sign
        tail += 1
    head = 0
    near = 1
    unseen = sign * far
    last = far
    while head < tail:
        place = np.int64(ring[head & mask])
        w = np.uintp(place)
        head += 1
        near = sign * label[w] + 1
        if near > last:
            break
        if near >= far:
            return -2
        for a in range(off.size):
            v = np.uintp(place - off[a])
            if label[v] == unseen:
                room = room_ahead(edges, flow, v, w, a, turn)
                if room > 0:
                    label[v] = sign * near
                    ring[tail & mask] = np.int32(v)
                    tail += 1
                    if excess[v] * turn > 0:
                        waiting -= 1
                        if waiting == 0:
                            last = near + BEYOND
            v = np.uintp(place + off[a])
            if label[v] == unseen:
                room = room_back(edges, flow, w, v, a, turn)
                if room > 0:
                    label[v] = sign * near
                    ring[tail & mask] = np.int32(v)
                    tail += 1
                    if excess[v] * turn > 0:
                        waiting -= 1
                        if waiting == 0:
                            last = near + BEYOND
        if tail - head > mask - 2 * off.size:
            return -1
    return near


@compiled
def push_excess(  # noqa: PLR0917 - numba takes no dataclass
    edges: Edges,
    flow: Whole,
    excess: Whole,
    label: Whole,
    far: int,
    off: Longs,
    turn: int,
    sign: int,
    active: Ints,
    many: int,
    slack: int,
    held: Ints,
    after: Ints,
    budget: int,
) -> int:
    """Discharges active voxels, highest label first, until none can be without labels far too high.

    active[:many] are voxels with excess; those that are left over are written back to it.
    slack : how far labels may rise above the highest one at the start
    held, after : room for the lists of waiting voxels; when it runs out, the run ends early.
    budget : how many relabels there may be before it ends early.
    Returns how many are left over in `active` (which must be longer than `held`).
    One long function on purpose: compiled code pays for every call inside the innermost loop.
    """
    top = 1
    for n in range(many):
        level = sign * label[active[n]]
        if level < far:
            top = max(top, level)
    top = min(top + slack, far - 1)
    bucket = np.full(top + 2, -1, dtype=np.int32)
    used = 0
    spare = -1
    highest = 0
    for n in range(many):
        v = active[n]
        level = min(sign * label[v], top + 1)
        held[used] = v
        after[used] = bucket[level]
        bucket[level] = used
        used += 1
        if level <= top:
            highest = max(highest, level)
    room_left = held.size - 4 * off.size
    while highest > 0 and budget > 0:
        slot = bucket[highest]
        if slot < 0:
            highest -= 1
            continue
        if used > room_left and spare < 0:
            break
        place = np.int64(held[slot])
        v = np.uintp(place)
        bucket[highest] = after[slot]
        after[slot] = spare
        spare = slot
        amount = excess[v] * turn
        mine = highest
        reached = 0
        while amount > 0:
            low = far
            for a in range(off.size):
                w = np.uintp(place + off[a])
                there = sign * label[w]
                if there > 0 and (there < mine or there < low):
                    room = room_ahead(edges, flow, v, w, a, turn)
                    if room > 0 and there >= mine:
                        low = there
                    elif room > 0:
                        moved = min(amount, room)
                        flow[v, a] += turn * moved
                        amount -= moved
                        before = excess[w] * turn
                        excess[w] = (before + moved) * turn
                        if before <= 0 and before + moved > 0:
                            if spare >= 0:
                                slot = spare
                                spare = after[slot]
                            else:
                                slot = used
                                used += 1
                            held[slot] = np.int32(w)
                            after[slot] = bucket[there]
                            bucket[there] = slot
                            reached = max(reached, there)
                        if amount == 0:
                            break
                w = np.uintp(place - off[a])
                there = sign * label[w]
                if there > 0 and (there < mine or there < low):
                    room = room_back(edges, flow, w, v, a, turn)
                    if room > 0 and there >= mine:
                        low = there
                    elif room > 0:
                        moved = min(amount, room)
                        flow[w, a] -= turn * moved
                        amount -= moved
                        before = excess[w] * turn
                        excess[w] = (before + moved) * turn
                        if before <= 0 and before + moved > 0:
                            if spare >= 0:
                                slot = spare
                                spare = after[slot]
                            else:
                                slot = used
                                used += 1
                            held[slot] = np.int32(w)
                            after[slot] = bucket[there]
                            bucket[there] = slot
                            reached = max(reached, there)
                        if amount == 0:
                            break
            if amount == 0:
                break
            budget -= 1
            mine = low + 1
            if mine > top:
                label[v] = sign * min(mine, far)
                if spare >= 0:
                    slot = spare
                    spare = after[slot]
                else:
                    slot = used
                    used += 1
                held[slot] = place
                after[slot] = bucket[top + 1]
                bucket[top + 1] = slot
                break
            label[v] = sign * mine
        excess[v] = amount * turn
        highest = max(highest, reached)
    left = 0
    for level in range(top + 2):
        slot = bucket[level]
        while slot >= 0:
            active[left] = held[slot]
            left += 1
            slot = after[slot]
    return left


@compiled
def is_enclosed(  # noqa: PLR0917 - numba takes no dataclass
    edges: Edges,
    flow: Whole,
    excess: Whole,
    code: Bytes,
    off: Longs,
    region: int,
    turn: int,
    stack: Ints,
    many: int,
) -> bool:
    """Whether no sink can be reached from stack[:many], as far as the stack is long enough.

    False also where the stack is too short to tell. Nothing is changed.
    """
    tail = 0
    for n in range(many):
        if code[stack[n]] == region:
            stack[tail] = stack[n]
            code[stack[tail]] |= 16
            tail += 1
    head = 0
    enclosed = True
    while head < tail and enclosed:
        v = stack[head]
        head += 1
        for a in range(2 * off.size):
            half = a >> 1
            w = v + off[half] if a & 1 == 0 else v - off[half]
            if code[w] & 19 != region:
                continue
            if a & 1 == 0:
                room = room_ahead(edges, flow, v, w, half, turn)
            else:
                room = room_back(edges, flow, w, v, half, turn)
            if room > 0:
                if code[w] != region or excess[w] * turn < 0 or tail == stack.size:
                    enclosed = False
                    break
                code[w] |= 16
                stack[tail] = w
                tail += 1
    for n in range(tail):
        code[stack[n]] &= 15
    return enclosed


@compiled
def flip_pockets(  # noqa: PLR0917 - numba takes no dataclass
    edges: Edges,
    flow: Whole,
    code: Bytes,
    label: Whole,
    off: Longs,
    region: int,
    turn: int,
    stack: Ints,
    many: int,
) -> int:
    """Moves what the stuck voxels stack[:many] can still reach in the region to the other side.

    Only free voxels change side. Returns how many did, or minus what they would have been at
    least when `stack` is too short (then nothing has changed).
    """
    tail = 0
    for n in range(many):
        if code[stack[n]] == region:
            stack[tail] = stack[n]
            code[stack[tail]] = 3 - region
            tail += 1
    head = 0
    while head < tail:
        v = stack[head]
        head += 1
        for a in range(off.size):
            w = v + off[a]
            if code[w] == region:
                room = room_ahead(edges, flow, v, w, a, turn)
                if room > 0:
                    code[w] = 3 - region
                    if tail < stack.size:
                        stack[tail] = w
                    else:
                        code[w] = region
                        for n in range(tail):
                            code[stack[n]] = region
                        return -tail
                    tail += 1
            w = v - off[a]
            if code[w] == region:
                room = room_back(edges, flow, w, v, a, turn)
                if room > 0:
                    code[w] = 3 - region
                    if tail < stack.size:
                        stack[tail] = w
                    else:
                        code[w] = region
                        for n in range(tail):
                            code[stack[n]] = region
                        return -tail
                    tail += 1
    for n in range(tail):
        label[stack[n]] = 0
    return tail


@compiled
def measure_fresh(label: Whole, far: int, off: Longs, sign: int, sinks: Ints, ring: Ints) -> int:
    """`measure_distances` before anything flows, where every edge between voxels has room."""
    mask = ring.size - 1
    if sinks.size > ring.size:
        return -1
    tail = 0
    for n in range(sinks.size):
        ring[tail] = sinks[n]
        label[sinks[n]] = sign
        tail += 1
    head = 0
    near = 1
    unseen = sign * far
    while head < tail:
        place = np.int64(ring[head & mask])
        w = np.uintp(place)
        head += 1
        near = sign * label[w] + 1
        if near >= far:
            return -2
        for a in range(off.size):
            v = np.uintp(place - off[a])
            if label[v] == unseen:
                label[v] = sign * near
                ring[tail & mask] = np.int32(v)
                tail += 1
            v = np.uintp(place + off[a])
            if label[v] == unseen:
                label[v] = sign * near
                ring[tail & mask] = np.int32(v)
                tail += 1
        if tail - head > mask - 2 * off.size:
            return -1
    return near
