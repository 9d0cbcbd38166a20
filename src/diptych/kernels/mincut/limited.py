"""Pushing for a limited time (state: see `push`)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.capacity import Edges, ahead, behind

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Whole = NDArray[Any]


@compiled
def push_some(  # noqa: PLR0917 - numba takes no dataclass
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
    """`push.push_excess` that also ends, with excess left over, after `budget` relabels.

    A new search of a small area costs less than pushing on by labels that are long out of date.
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
            for a in range(off.size):
                w = np.uintp(place + off[a])
                there = sign * label[w]
                if 0 < there < mine:
                    if turn > 0:
                        room = ahead(edges, v, w, a) - flow[v, a]
                    else:
                        room = behind(edges, v, w, a) + flow[v, a]
                    if room > 0:
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
                if 0 < there < mine:
                    if turn > 0:
                        room = behind(edges, w, v, a) + flow[w, a]
                    else:
                        room = ahead(edges, w, v, a) - flow[w, a]
                    if room > 0:
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
            low = far
            for a in range(off.size):
                w = np.uintp(place + off[a])
                there = sign * label[w]
                if 0 < there < low:
                    if turn > 0:
                        room = ahead(edges, v, w, a) - flow[v, a]
                    else:
                        room = behind(edges, v, w, a) + flow[v, a]
                    if room > 0:
                        low = there
                w = np.uintp(place - off[a])
                there = sign * label[w]
                if 0 < there < low:
                    if turn > 0:
                        room = behind(edges, w, v, a) + flow[w, a]
                    else:
                        room = ahead(edges, w, v, a) - flow[w, a]
                    if room > 0:
                        low = there
            mine = low + 1
            budget -= 1
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
