"""Serial schedule generation with named people (Kolisch 1996, extended to teams).

Tasks are placed one after the other at the earliest minute at which the waits, places, kit
and a whole team can be had for the task's whole length, hours and rest rules included.
Where a longest wait leaves no such minute, the task that limits it is held back and the
schedule is made anew (unscheduling: Franck, Neumann, Schwindt 2001).
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.crewing.chance import mix
from diptych.kernels.crewing.project import FAR, Genome, Plan, Project
from diptych.kernels.crewing.team import choose_team, is_enough

_RESTARTS = 60


@compiled
def _clear_of_rest(
    start: int,
    length: int,
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    number: int,
    work: int,
    rest: NDArray[np.int64],
    low_from: NDArray[np.int64],
    low_to: NDArray[np.int64],
) -> int:
    """The first minute from `start` on that this person's rest rules may allow; FAR: none.

    begin, end : duties in order, `number` of them; the minute is a lower bound and is
    tried again by the caller. One function: every rule looks at the same stretch.
    """
    stretch, pause, most, span, in_low = rest[0], rest[1], rest[2], rest[3], rest[4]
    if work + length > most:
        return FAR
    first = min(start, begin[0]) if number else start
    last = max(start + length, end[number - 1]) if number else start + length
    if last - first > span:
        if number and end[number - 1] - start > span:
            return end[number - 1] - span
        return FAR
    low, high = start, start + length
    before, following = -FAR, FAR
    for k in range(number - 1, -1, -1):
        if end[k] <= start:
            before = max(before, end[k])
            if low - end[k] < pause:
                low = min(low, begin[k])
        else:
            following = end[k]
    for k in range(number):
        if end[k] > start and begin[k] - high < pause:
            high = max(high, end[k])
    longest = stretch
    for k in range(low_from.size):
        if low < low_to[k] and low_from[k] < high:
            longest = min(longest, in_low)
    if high - low <= longest:
        return start
    later = FAR
    if before + pause > start:
        later = before + pause
    if high > start + length:
        later = min(later, following)
    for k in range(low_to.size):
        if low_from[k] < high and low_to[k] > start:
            later = min(later, low_to[k])
    return later


@compiled
def free_from(
    start: int,
    length: int,
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    number: int,
    work: int,
    gone_from: NDArray[np.int64],
    gone_to: NDArray[np.int64],
    rest: NDArray[np.int64],
    low_from: NDArray[np.int64],
    low_to: NDArray[np.int64],
) -> int:
    """The first minute from `start` on at which a person can serve `length` minutes.

    begin, end : the person's duties so far, `number` of them in order; work : their minutes
    gone_from, gone_to : when the person is not there; rest, low_* : as in `Project`
    """
    moved = True
    while moved and start < FAR:
        moved = False
        for k in range(gone_from.size):
            if gone_from[k] < start + length and start < gone_to[k]:
                start = gone_to[k]
                moved = True
        for k in range(number):
            if start < end[k]:
                if begin[k] >= start + length:
                    break
                start = end[k]
                moved = True
        if moved and gone_from.size == 0:
            moved = False
        if not moved and rest[0] < FAR:
            later = _clear_of_rest(start, length, begin, end, number, work, rest, low_from, low_to)
            if later > start:
                start = later
                moved = True
    return start


@compiled
def _room_from(
    start: int,
    length: int,
    need: NDArray[np.int64],
    room: NDArray[np.int64],
    used: NDArray[np.int64],
    horizon: int,
) -> int:
    """The first minute from `start` on at which places and kit suffice; FAR: none."""
    end = start + length
    for k in range(room.size):
        if need[k] > room[k]:
            return FAR
        if need[k] == 0:
            continue
        minute = start
        while minute < end:
            if end > horizon:
                return FAR
            if used[k, minute] + need[k] > room[k]:
                start = minute + 1
                end = start + length
            minute += 1
    return start


@compiled
def _spread(
    task: int,
    weight: NDArray[np.int64],
    arc_from: NDArray[np.int64],
    arc_to: NDArray[np.int64],
    out_first: NDArray[np.int64],
    out_arc: NDArray[np.int64],
    in_first: NDArray[np.int64],
    in_arc: NDArray[np.int64],
    early: NDArray[np.int64],
    late: NDArray[np.int64],
    cause: NDArray[np.int64],
    queue: NDArray[np.int64],
    queued: NDArray[np.bool_],
) -> None:
    """Carry a task's earliest and latest start along all arcs.

    `cause` names the task by whose start a latest start came about.
    """
    size = queue.size
    head = 0
    number = 1
    queue[0] = task
    queued[task] = True
    rounds = 0
    while number and rounds < 4 * size * size:
        rounds += 1
        i = queue[head]
        head = (head + 1) % size
        number -= 1
        queued[i] = False
        for e in range(out_first[i], out_first[i + 1]):
            a = out_arc[e]
            j = arc_to[a]
            if early[i] + weight[a] > early[j]:
                early[j] = early[i] + weight[a]
                if not queued[j]:
                    queued[j] = True
                    queue[(head + number) % size] = j
                    number += 1
        for e in range(in_first[i], in_first[i + 1]):
            a = in_arc[e]
            j = arc_from[a]
            if late[i] - weight[a] < late[j]:
                late[j] = late[i] - weight[a]
                cause[j] = task
                if not queued[j]:
                    queued[j] = True
                    queue[(head + number) % size] = j
                    number += 1
    queued[:] = False


@compiled
def make_plan(project: Project, genome: Genome, plan: Plan, keep: bool) -> int:
    """The schedule of a genome, written into `plan`; its last minute, or a penalty.

    keep : people whom `plan` names for a task already are asked first
    A penalty is at least the project's horizon: it counts the tasks that found no place and
    what is overspent of the stocks. One long function for its speed: calls with a project
    as argument cost more than the work they would do.
    """
    n = genome.order.size
    number = project.scarce.size
    rows = plan.person.shape[1]
    horizon = project.horizon
    tight = project.tight
    room, use, count, able = project.room, project.use, project.count, project.able
    arc_from, arc_to = project.arc_from, project.arc_to
    out_first, out_arc = project.out_first, project.out_arc
    in_first, in_arc = project.in_first, project.in_arc
    rest, low_from, low_to = project.rest, project.low_from, project.low_to
    salt, taste, weigh, scarce = genome.salt, genome.taste, genome.weigh, project.scarce
    weight = np.empty(project.arc_lag.size, np.int64)
    for a in range(weight.size):
        span = project.arc_span[a]
        way = project.first_way[span] + genome.way[span]
        weight[a] = project.arc_lag[a] + project.arc_sign[a] * project.length[way]
    early = np.empty(n, np.int64)
    late = np.empty(n, np.int64)
    cause = np.empty(n, np.int64)
    floor = np.zeros(n, np.int64)
    queue = np.empty(n, np.int64)
    queued = np.zeros(n, np.bool_)
    used = np.zeros((room.size, horizon + 1), np.int64)
    begin = np.empty((number, n + 1), np.int64)
    end = np.empty((number, n + 1), np.int64)
    duties = np.zeros(number, np.int64)
    work = np.zeros(number, np.int64)
    free = np.empty(number, np.int64)
    cost = np.empty(number, np.float64)
    candidates = np.empty(number, np.int64)
    ordered = np.empty(number, np.int64)
    resting = rest[0] < FAR
    words = project.hall_people.shape[1]
    hall_first, hall_count, hall_people = (
        project.hall_first, project.hall_count, project.hall_people
    )  # fmt: skip
    there = np.zeros(words, np.uint64)
    busy = np.zeros((1 if resting else horizon + 1, words), np.uint64)
    one = np.uint64(1)
    held = np.empty((64, rows + 1), np.int64)
    filled = np.zeros(64, np.int64)
    over = 0
    for q in range(project.stock.size):
        spent = 0
        for i in range(n):
            spent += project.spend[project.first_way[i] + genome.way[i], q]
        over += max(0, spent - project.stock[q])
    lost = n
    makespan = 0
    for _ in range(_RESTARTS if tight else 1):
        used[:] = 0
        duties[:] = 0
        work[:] = 0
        busy[:] = np.uint64(0)
        for p in range(0 if resting else number):
            for g in range(project.gone_first[p], project.gone_first[p + 1]):
                for minute in range(
                    max(0, project.gone_from[g]), min(horizon + 1, project.gone_to[g])
                ):
                    busy[minute, p // 64] |= one << np.uint64(p % 64)
        lost = 0
        makespan = 0
        again = False
        for i in range(n):
            early[i] = floor[i]
            late[i] = horizon - project.length[project.first_way[i] + genome.way[i]]
            plan.start[i] = -1
        if tight:
            for i in range(n):
                _spread(
                    i, weight, arc_from, arc_to, out_first, out_arc, in_first, in_arc, early,
                    late, cause, queue, queued,
                )  # fmt: skip
            cause[:] = -1
        for position in range(n):
            task = genome.order[position]
            way = project.first_way[task] + genome.way[task]
            length = project.length[way]
            first, last = project.first_row[way], project.first_row[way + 1]
            h_first, h_last = hall_first[way], hall_first[way + 1]
            bits = able[way]
            wanted = 0
            for r in range(first, last):
                wanted += count[r]
            asked = 0
            if wanted:
                for p in range(number):
                    if bits[p]:
                        candidates[asked] = p
                        free[p] = -1
                        asked += 1
            start = max(0, early[task])
            while True:
                if room.size:
                    start = _room_from(start, length, use[way], room, used, horizon)
                if start + length > horizon:
                    start = FAR
                    break
                if wanted == 0:
                    break
                following = FAR
                many = 0
                if resting:
                    there[:] = np.uint64(0)
                    for c in range(asked):
                        p = candidates[c]
                        if free[p] < start:
                            g, h = project.gone_first[p], project.gone_first[p + 1]
                            free[p] = free_from(
                                start, length, begin[p], end[p], duties[p], work[p],
                                project.gone_from[g:h], project.gone_to[g:h], rest, low_from,
                                low_to,
                            )  # fmt: skip
                        if free[p] == start:
                            there[p // 64] |= one << np.uint64(p % 64)
                        elif free[p] < following:
                            following = free[p]
                    enough = is_enough(there, hall_count, hall_people, h_first, h_last)
                else:
                    for w in range(words):
                        there[w] = ~np.uint64(0)
                    enough = is_enough(there, hall_count, hall_people, h_first, h_last)
                    following = start + 1 if enough else FAR
                    for minute in range(start + length - 1, start - 1, -1):
                        changed = np.uint64(0)
                        for w in range(words):
                            changed |= there[w] & busy[minute, w]
                            there[w] &= ~busy[minute, w]
                        if changed and not is_enough(
                            there, hall_count, hall_people, h_first, h_last
                        ):
                            enough = False
                            following = minute + 1
                            break
                if enough:
                    for c in range(asked):
                        p = candidates[c]
                        if (there[p // 64] >> np.uint64(p % 64)) & one:
                            ordered[many] = p
                            many += 1
                    for k in range(many):
                        p = ordered[k]
                        idle = start
                        for d in range(duties[p] - 1, -1, -1):
                            if end[p, d] <= start:
                                idle = start - end[p, d]
                                break
                        cost[p] = (
                            weigh[0] * taste[p]
                            + weigh[1] * scarce[p]
                            + weigh[2] * min(1.0, idle / (1.0 + 4.0 * length))
                            + weigh[3] * work[p] / (1.0 + horizon)
                        )
                        if salt[task]:
                            cost[p] += weigh[4] * mix(salt[task], p)
                    if keep:
                        for k in range(rows):
                            p = plan.person[task, k]
                            if p < 0:
                                break
                            cost[p] -= 1e6
                    for k in range(1, many):
                        p = ordered[k]
                        m = k - 1
                        while m >= 0 and cost[ordered[m]] > cost[p]:
                            ordered[m + 1] = ordered[m]
                            m -= 1
                        ordered[m + 1] = p
                    if choose_team(ordered, many, bits, count, first, last, held, filled):
                        break
                if following >= FAR:
                    start = FAR
                    break
                start = following
            if start > late[task]:
                lost = n - position
                blamed = cause[task]
                if start < FAR and blamed >= 0:
                    floor[blamed] = plan.start[blamed] + start - late[task]
                    again = True
                break
            plan.start[task] = start
            makespan = max(makespan, start + length)
            seats = 0
            if wanted:
                for r in range(last - first):
                    for k in range(filled[r]):
                        p = held[r, k]
                        plan.person[task, seats] = p
                        plan.row[task, seats] = r
                        seats += 1
                        spot = duties[p]
                        while spot > 0 and begin[p, spot - 1] > start:
                            begin[p, spot] = begin[p, spot - 1]
                            end[p, spot] = end[p, spot - 1]
                            spot -= 1
                        begin[p, spot] = start
                        end[p, spot] = start + length
                        duties[p] += 1
                        work[p] += length
                        for minute in range(start, start if resting else start + length):
                            busy[minute, p // 64] |= one << np.uint64(p % 64)
            for k in range(seats, rows):
                plan.person[task, k] = -1
                plan.row[task, k] = -1
            for k in range(room.size):
                if use[way, k]:
                    for minute in range(start, start + length):
                        used[k, minute] += use[way, k]
            early[task] = start
            late[task] = start
            if tight:
                _spread(
                    task, weight, arc_from, arc_to, out_first, out_arc, in_first, in_arc, early,
                    late, cause, queue, queued,
                )  # fmt: skip
            else:
                for e in range(out_first[task], out_first[task + 1]):
                    a = out_arc[e]
                    early[arc_to[a]] = max(early[arc_to[a]], start + weight[a])
        if not again:
            break
    if lost or over:
        return horizon * (1 + lost + over)
    return makespan
