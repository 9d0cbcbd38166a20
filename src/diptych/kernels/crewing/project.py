"""A project as arrays: ways to do each task, arcs of time, people, places and rest.

Ways (modes) of task i are numbers first_way[i] to first_way[i + 1]; the rows of way m, one
for each kind of duty it asks for, are first_row[m] to first_row[m + 1]. People are bits of
the rows they can hold, so any number of people fits; a way has at most 62 rows.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FAR = 1 << 40
MOST_ROWS = 62


class Project(NamedTuple):
    """What a search for starts and people needs; all whole numbers int64, minutes.

    first_way : (n + 1,); length : (M,) minutes of each way
    first_row : (M + 1,); count : (R,) people that each row asks for
    able : (M, P) uint64, bit r set when the person can hold row r of the way
    hall_first : (M + 1,), hall_count : (H,), hall_people : (H, W) uint64 : sets of rows of each
        way, how many people they ask for together and who can hold any of them (bits); all
        sets up to five rows, so that nobody who meets them is refused
    use : (M, K) what the way holds of each renewable thing; room : (K,) how much there is
    spend : (M, Q) what it uses up of each stock; stock : (Q,)
    arc_from, arc_to, arc_lag, arc_span, arc_sign : (E,) start[to] >= start[from] + lag +
        sign * length[way of span]
    arc_firm : (E,) the tail is placed before the head
    out_first, out_arc and in_first, in_arc : arcs by their tail and by their head
    rank : (n,) place of each task in an order that follows the firm arcs
    gone_first : (P + 1,); gone_from, gone_to : minutes at which a person is not there
    scarce : (P,) float64 in 0..1, how much the person's skills are asked for
    rest : (5,) longest stretch, shortest break, longest work, longest span, longest stretch
        in the low; FAR where there is no such rule
    low_from, low_to : (L,) minutes of the circadian low
    horizon : minute by which everything has ended
    tight : some arc limits how late a task starts after another
    """

    first_way: NDArray[np.int64]
    length: NDArray[np.int64]
    first_row: NDArray[np.int64]
    count: NDArray[np.int64]
    able: NDArray[np.uint64]
    hall_first: NDArray[np.int64]
    hall_count: NDArray[np.int64]
    hall_people: NDArray[np.uint64]
    use: NDArray[np.int64]
    room: NDArray[np.int64]
    spend: NDArray[np.int64]
    stock: NDArray[np.int64]
    arc_from: NDArray[np.int64]
    arc_to: NDArray[np.int64]
    arc_lag: NDArray[np.int64]
    arc_span: NDArray[np.int64]
    arc_sign: NDArray[np.int64]
    arc_firm: NDArray[np.bool_]
    out_first: NDArray[np.int64]
    out_arc: NDArray[np.int64]
    in_first: NDArray[np.int64]
    in_arc: NDArray[np.int64]
    rank: NDArray[np.int64]
    gone_first: NDArray[np.int64]
    gone_from: NDArray[np.int64]
    gone_to: NDArray[np.int64]
    scarce: NDArray[np.float64]
    rest: NDArray[np.int64]
    low_from: NDArray[np.int64]
    low_to: NDArray[np.int64]
    horizon: int
    tight: bool


class Genome(NamedTuple):
    """What a schedule is made from; a population has one more axis in front.

    order : (n,) tasks in the order in which they are placed
    way : (n,) chosen way of each task, counted within the task
    salt : (n,) 0, or the number of a private order of preference among people
    taste : (P,) how late each person is asked, 0..1
    weigh : (5,) weights of taste, scarce skills, idle time, work so far, private order
    """

    order: NDArray[np.int64]
    way: NDArray[np.int64]
    salt: NDArray[np.int64]
    taste: NDArray[np.float64]
    weigh: NDArray[np.float64]


class Plan(NamedTuple):
    """A schedule as arrays.

    start : (n,) minutes, -1 where a task found no place
    person, row : (n, T) who holds which row of the chosen way, -1 behind the last
    """

    start: NDArray[np.int64]
    person: NDArray[np.int64]
    row: NDArray[np.int64]
