"""A project as arrays: ways to do each task, arcs of time, people, places and rest.

Few wide arrays instead of many thin ones: every array of a tuple costs compile time in each
function that takes it. People are bits of the rows that they can hold, so that any number
of people fits; a way has at most 62 rows.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FAR = 1 << 40
MOST_ROWS = 62

FIRST_WAY, OUT_FIRST, IN_FIRST, RANK = range(4)
LENGTH, FIRST_ROW, FIRST_HALL = range(3)
TAIL, HEAD, LAG, SPAN, SIGN, FIRM, OUT, IN = range(8)
STRETCH, PAUSE, WORK, SPREAD, LOW_STRETCH, HORIZON, TIGHT = range(7)
ORDER, WAY, SALT = range(3)
TASTES = 8


class Project(NamedTuple):
    """What a search for starts and people needs; whole numbers int64, times in minutes.

    task : (n + 1, 4) FIRST_WAY, its ways are task[i, FIRST_WAY] to task[i + 1, FIRST_WAY];
        OUT_FIRST, IN_FIRST, its arcs by tail and by head, places in columns OUT and IN of
        `arc`; RANK, its place in an order that follows the firm arcs
    way : (M + 1, 3) LENGTH; FIRST_ROW into `asks`; FIRST_HALL into `hall_*`
    asks : (R,) people that each row asks for
    able : (M, P) uint64, bit r set when the person can hold row r of the way
    hall_count : (H,), hall_people : (H, W) uint64 : sets of rows of each way, how many
        people they ask for together and who can hold any of them (bits)
    use : (M, K) what the way holds of each renewable thing; room : (K,) how much there is
    spend : (M, Q) what it uses up of each stock; stock : (Q,)
    arc : (E, 8) start[HEAD] >= start[TAIL] + LAG + SIGN * length of the way of SPAN; FIRM: the
        tail is placed before the head
    gone_first : (P + 1,); gone : (G, 2) minutes from, to at which a person is not there
    low : (L, 2) minutes of the circadian low
    scarce : (P,) float64 in 0..1, how much the person's skills are asked for
    rule : (7,) STRETCH, PAUSE, WORK, SPREAD (longest span), LOW_STRETCH, FAR where there is
        no such rule; HORIZON, by which everything has ended; TIGHT, 1 when some arc limits
        how late a task starts after another
    """

    task: NDArray[np.int64]
    way: NDArray[np.int64]
    asks: NDArray[np.int64]
    able: NDArray[np.uint64]
    hall_count: NDArray[np.int64]
    hall_people: NDArray[np.uint64]
    use: NDArray[np.int64]
    room: NDArray[np.int64]
    spend: NDArray[np.int64]
    stock: NDArray[np.int64]
    arc: NDArray[np.int64]
    gone_first: NDArray[np.int64]
    gone: NDArray[np.int64]
    low: NDArray[np.int64]
    scarce: NDArray[np.float64]
    rule: NDArray[np.int64]


class Search(NamedTuple):
    """The state of a search, changed in place by `evolve`.

    pool : (N, 3, n) genomes: ORDER in which tasks are placed, WAY of each, counted within
        the task, and SALT, 0 or the number of a private order of preference among people
    taste : (N, 8 + P) weights of taste, scarce skills, idle time, work so far and private
        order; the slack in minutes below which a task that may not wait is placed at once, more
        once it has failed;
        where in its window a task that overlaps its forerunner starts (0..1); weight of how
        long the person stays; then how
        late each person is asked (0..1)
    score : (N,) last minute or penalty
    best : (n, 2 + 2 T) start, way, T people (-1 behind the last), T rows that they hold
    tally : (5,) best score, schedules made, children since the last gain, children made,
        genomes that are still to be sown
    stream : (2,) key and counter of the random numbers
    """

    pool: NDArray[np.int64]
    taste: NDArray[np.float64]
    score: NDArray[np.int64]
    best: NDArray[np.int64]
    tally: NDArray[np.int64]
    stream: NDArray[np.int64]
