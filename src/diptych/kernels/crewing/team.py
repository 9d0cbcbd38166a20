"""Who makes up a team: the cheapest people who fill all rows of a way, by augmenting paths.

The sets of people who can be placed together form a matroid, so taking people in order of
weight wherever they can still be placed gives a team of least weight (Edmonds 1971).
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled


@compiled
def count_bits(word: np.uint64) -> int:
    """Number of set bits."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def is_enough(
    there: NDArray[np.uint64],
    hall_count: NDArray[np.int64],
    hall_people: NDArray[np.uint64],
    first: int,
    last: int,
) -> bool:
    """Whether the people `there` (W,) meet the sets first to last: Hall's condition."""
    for h in range(first, last):
        able = 0
        for w in range(there.size):
            able += count_bits(there[w] & hall_people[h, w])
        if able < hall_count[h]:
            return False
    return True


@compiled
def choose_team(  # noqa: PLR0917
    people: NDArray[np.int64],
    number: int,
    bits: NDArray[np.uint64],
    counts: NDArray[np.int64],
    first: int,
    last: int,
    held: NDArray[np.int64],
    filled: NDArray[np.int64],
) -> bool:
    """Fill every row from the first `number` of `people`; True when all rows are full.

    people : candidates, the best first; bits : (P,) rows that each person can hold
    counts[first:last] : people wanted for each row
    held : (R, T), filled : (R,) are written: the people of each row and their number.
    One function for its speed: the path through the rows is found and turned in place.
    """
    count = counts[first:last]
    rows = count.size
    wanted = 0
    for r in range(rows):
        filled[r] = 0
        wanted += count[r]
    if wanted == 0:
        return True
    queue = np.empty(rows, np.int64)
    source = np.empty(rows, np.int64)
    place = np.empty(rows, np.int64)
    closed = np.uint64(0)
    one = np.uint64(1)
    for candidate in range(number):
        person = people[candidate]
        mine = bits[person] & ~closed
        if mine == np.uint64(0):
            continue
        visited = closed
        head = 0
        tail = 0
        end = -1
        for r in range(rows):
            if (mine >> np.uint64(r)) & one:
                visited |= one << np.uint64(r)
                source[r] = -1
                queue[tail] = r
                tail += 1
                if filled[r] < count[r]:
                    end = r
                    break
        while end < 0 and head < tail:
            r = queue[head]
            head += 1
            for k in range(filled[r]):
                ways = bits[held[r, k]] & ~visited
                if ways == np.uint64(0):
                    continue
                for s in range(rows):
                    if (ways >> np.uint64(s)) & one:
                        visited |= one << np.uint64(s)
                        source[s] = r
                        place[s] = k
                        queue[tail] = s
                        tail += 1
                        if filled[s] < count[s]:
                            end = s
                            break
                if end >= 0:
                    break
        if end < 0:
            closed = visited
            continue
        row = end
        hole = filled[row]
        filled[row] += 1
        while source[row] >= 0:
            held[row, hole] = held[source[row], place[row]]
            hole = place[row]
            row = source[row]
        held[row, hole] = person
        wanted -= 1
        if wanted == 0:
            return True
    return False
