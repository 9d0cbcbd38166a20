"""Serial schedule generation with named people (Kolisch 1996, extended to teams).

Tasks are placed one after the other at the earliest minute at which the waits, places, kit
and a whole team can be had for the task's whole length, hours and rest rules included.
Where a longest wait leaves no such minute, the schedule is made anew and learns from what
failed (squeaky wheel: Joslin and Clements 1999): the task is placed sooner, the people who
could have held it are asked later for other tasks, and where nobody can ever hold it, another
way is tried. A task that keeps failing is put off to the minute at which it would fit, and
with it all that must not precede it by too long (unscheduling: Franck, Neumann, Schwindt 2001).
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.crewing.chance import mix
from diptych.kernels.crewing.project import (
    FAR,
    FIRST_HALL,
    FIRST_ROW,
    FIRST_WAY,
    HEAD,
    HORIZON,
    IN,
    IN_FIRST,
    LAG,
    LENGTH,
    LOW_STRETCH,
    ORDER,
    OUT,
    OUT_FIRST,
    PAUSE,
    SALT,
    SIGN,
    SPAN,
    SPREAD,
    STRETCH,
    TAIL,
    TASTES,
    TIGHT,
    WAY,
    WORK,
    Project,
)
from diptych.kernels.crewing.team import choose_team, is_enough

_RESTARTS = 100
_PRICED = 10
_SPARED = 3
_PRICE = 1.0
_SOONER = 120


@compiled
def _clear_of_rest(  # noqa: PLR0917
    start: int,
    length: int,
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    number: int,
    work: int,
    rule: NDArray[np.int64],
    low: NDArray[np.int64],
) -> int:
    """The first minute from `start` on that this person's rest rules may allow; FAR: none.

    begin, end : duties in order, `number` of them; the minute is a lower bound and is
    tried again by the caller. One function: every rule looks at the same stretch.
    """
    stretch, pause, most, span = rule[STRETCH], rule[PAUSE], rule[WORK], rule[SPREAD]
    if work + length > most:
        return FAR
    first = min(start, begin[0]) if number else start
    last = max(start + length, end[number - 1]) if number else start + length
    if last - first > span:
        if number and end[number - 1] - start > span:
            return int(end[number - 1] - span)
        return FAR
    opens, closes = start, start + length
    before, following = -FAR, FAR
    for k in range(number - 1, -1, -1):
        if end[k] <= start:
            before = max(before, end[k])
            if opens - end[k] < pause:
                opens = min(opens, begin[k])
        else:
            following = end[k]
    for k in range(number):
        if end[k] > start and begin[k] - closes < pause:
            closes = max(closes, end[k])
    longest = stretch
    for k in range(low.shape[0]):
        if opens < low[k, 1] and low[k, 0] < closes:
            longest = min(longest, rule[LOW_STRETCH])
    if closes - opens <= longest:
        return start
    later = FAR
    if before + pause > start:
        later = before + pause
    if closes > start + length:
        later = min(later, following)
    for k in range(low.shape[0]):
        if low[k, 0] < closes and low[k, 1] > start:
            later = min(later, low[k, 1])
    return later


@compiled
def free_from(  # noqa: PLR0917
    start: int,
    length: int,
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    number: int,
    work: int,
    gone: NDArray[np.int64],
    rule: NDArray[np.int64],
    low: NDArray[np.int64],
) -> int:
    """The first minute from `start` on at which a person can serve `length` minutes.

    begin, end : the person's duties so far, `number` of them in order; work : their minutes
    gone : (G, 2) when the person is not there; rule, low : as in `Project`
    """
    moved = True
    while moved and start < FAR:
        moved = False
        for k in range(gone.shape[0]):
            if gone[k, 0] < start + length and start < gone[k, 1]:
                start = gone[k, 1]
                moved = True
        for k in range(number):
            if start < end[k]:
                if begin[k] >= start + length:
                    break
                start = end[k]
                moved = True
        if moved and gone.shape[0] == 0:
            moved = False
        if not moved and rule[STRETCH] < FAR:
            later = _clear_of_rest(start, length, begin, end, number, work, rule, low)
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
def _spread(  # noqa: PLR0917
    task: int,
    weight: NDArray[np.int64],
    tasks: NDArray[np.int64],
    arc: NDArray[np.int64],
    window: NDArray[np.int64],
    queue: NDArray[np.int64],
    queued: NDArray[np.bool_],
) -> bool:
    """Carry a task's earliest and latest start along all arcs; False when some window is shut.

    window : (3, n) earliest start, latest start, the task by whose start the latest came
    """
    size = queue.size
    head = 0
    number = 1
    queue[0] = task
    queued[task] = True
    rounds = 0
    open_still = True
    while number and open_still and rounds < 4 * size * size:
        rounds += 1
        i = queue[head]
        head = (head + 1) % size
        number -= 1
        queued[i] = False
        for e in range(tasks[i, OUT_FIRST], tasks[i + 1, OUT_FIRST]):
            a = arc[e, OUT]
            j = arc[a, HEAD]
            if window[0, i] + weight[a] > window[0, j]:
                window[0, j] = window[0, i] + weight[a]
                open_still = open_still and window[0, j] <= window[1, j]
                if not queued[j]:
                    queued[j] = True
                    queue[(head + number) % size] = j
                    number += 1
        for e in range(tasks[i, IN_FIRST], tasks[i + 1, IN_FIRST]):
            a = arc[e, IN]
            j = arc[a, TAIL]
            if window[1, i] - weight[a] < window[1, j]:
                window[1, j] = window[1, i] - weight[a]
                window[2, j] = task
                open_still = open_still and window[0, j] <= window[1, j]
                if not queued[j]:
                    queued[j] = True
                    queue[(head + number) % size] = j
                    number += 1
    queued[:] = False
    return open_still


@compiled
def make_plan(
    project: Project,
    genome: NDArray[np.int64],
    taste: NDArray[np.float64],
    plan: NDArray[np.int64],
    keep: bool,
) -> int:
    """The schedule of a genome, written into `plan`; its last minute, or a penalty.

    genome, taste : one row of `Search.pool` and `Search.taste`; plan : as `Search.best`
    keep : people whom `plan` names for a task already are asked first
    A penalty is at least the project's horizon: it counts the tasks that found no place and
    what is overspent of the stocks. One long function for its speed: calls with a project
    as argument cost more than the work they would do.
    """
    n = genome.shape[1]
    number = project.scarce.size
    rows = (plan.shape[1] - 2) // 2
    horizon = project.rule[HORIZON]
    tight = project.rule[TIGHT] == 1
    resting = project.rule[STRETCH] < FAR
    tasks, ways, arc = project.task, project.way, project.arc
    room, use, count = project.room, project.use, project.asks
    rule, low, gone, gone_first = project.rule, project.low, project.gone, project.gone_first
    hall_count, hall_people = project.hall_count, project.hall_people
    scarce = project.scarce
    chosen = np.empty(n, np.int64)
    for i in range(n):
        chosen[i] = tasks[i, FIRST_WAY] + genome[WAY, i]
    weight = np.empty(arc.shape[0], np.int64)
    window = np.empty((3, n), np.int64)
    floor = np.zeros(n, np.int64)
    price = np.zeros(number)
    failed = np.zeros(n, np.int64)
    never = 0
    overlap = np.zeros(n, np.bool_)
    for a in range(weight.size):
        if arc[a, LAG] < 0 and arc[a, SIGN] > 0:
            overlap[arc[a, HEAD]] = True
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
    words = hall_people.shape[1]
    there = np.zeros(words, np.uint64)
    busy = np.zeros((1 if resting else horizon + 1, words), np.uint64)
    one = np.uint64(1)
    held = np.empty((64, rows + 1), np.int64)
    filled = np.zeros(64, np.int64)
    over = 0
    lost = n
    makespan = 0
    base = np.empty((3, n), np.int64)
    turned = True
    for _ in range(_RESTARTS if tight else 1):
        if turned:
            turned = False
            for a in range(weight.size):
                weight[a] = arc[a, LAG] + arc[a, SIGN] * ways[chosen[arc[a, SPAN]], LENGTH]
            over = 0
            for q in range(project.stock.size):
                spent = 0
                for i in range(n):
                    spent += project.spend[chosen[i], q]
                over += max(0, spent - project.stock[q])
            for i in range(n):
                base[0, i] = 0
                base[1, i] = horizon - ways[chosen[i], LENGTH]
                base[2, i] = -1
                plan[i, 1] = chosen[i] - tasks[i, FIRST_WAY]
            for i in range(n if tight else 0):
                if not _spread(i, weight, tasks, arc, base, queue, queued):
                    return int(horizon * (1 + n))
        used[:] = 0
        duties[:] = 0
        work[:] = 0
        busy[:] = np.uint64(0)
        for p in range(0 if resting else number):
            for g in range(gone_first[p], gone_first[p + 1]):
                for minute in range(max(0, gone[g, 0]), min(horizon + 1, gone[g, 1])):
                    busy[minute, p // 64] |= one << np.uint64(p % 64)
        lost = 0
        makespan = 0
        again = False
        sound = True
        window[:] = base
        for i in range(n):
            plan[i, 0] = -1
            if floor[i] > window[0, i]:
                window[0, i] = floor[i]
                sound = sound and floor[i] <= window[1, i]
                sound = sound and _spread(i, weight, tasks, arc, window, queue, queued)
        window[2] = -1
        if not sound:
            lost = n
            break
        cursor = 0
        for position in range(n):
            while plan[genome[ORDER, cursor], 0] >= 0:
                cursor += 1
            task = genome[ORDER, cursor]
            if tight:
                soonest = FAR
                for i in range(n):
                    if plan[i, 0] < 0 and window[2, i] >= 0 and window[1, i] < soonest:
                        if window[1, i] - window[0, i] <= taste[5] + _SOONER * failed[i]:
                            soonest = window[1, i]
                            task = i
            way = chosen[task]
            length = ways[way, LENGTH]
            first, last = ways[way, FIRST_ROW], ways[way + 1, FIRST_ROW]
            h_first, h_last = ways[way, FIRST_HALL], ways[way + 1, FIRST_HALL]
            bits = project.able[way]
            salt = genome[SALT, task]
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
            start = max(0, window[0, task])
            lean = 0
            if tight and overlap[task] and window[1, task] > start:
                lean = int(taste[6] * (window[1, task] - start) / (1 + never))
            start += lean
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
                            free[p] = free_from(
                                start, length, begin[p], end[p], duties[p], work[p],
                                gone[gone_first[p] : gone_first[p + 1]], rule, low,
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
                            taste[0] * taste[TASTES + p]
                            + taste[1] * scarce[p]
                            + taste[2] * min(1.0, idle / (1.0 + 4.0 * length))
                            + taste[3] * work[p] / (1.0 + horizon)
                        )
                        if tight:
                            leaves = horizon
                            for g in range(gone_first[p], gone_first[p + 1]):
                                if gone[g, 0] >= start:
                                    leaves = min(leaves, gone[g, 0])
                            if duties[p]:
                                leaves = min(leaves, begin[p, 0] + rule[SPREAD])
                            cost[p] += taste[7] * (leaves - start) / (1.0 + horizon)
                            cost[p] += price[p]
                        if salt:
                            cost[p] += taste[4] * mix(salt, p)
                    if keep:
                        for k in range(rows):
                            p = plan[task, 2 + k]
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
            if start > window[1, task]:
                lost = n - position
                failed[task] += 1
                never += start == FAR
                if tight and failed[task] < _PRICED:
                    again = True
                    for c in range(asked):
                        p = candidates[c]
                        if free[p] > window[1, task] or not resting:
                            price[p] += _PRICE
                    if start == FAR and tasks[task + 1, FIRST_WAY] - tasks[task, FIRST_WAY] > 1:
                        chosen[task] += 1
                        if chosen[task] == tasks[task + 1, FIRST_WAY]:
                            chosen[task] = tasks[task, FIRST_WAY]
                        turned = True
                if tight and start < FAR and failed[task] > _SPARED:
                    floor[task] = start
                    again = True
                break
            plan[task, 0] = start
            makespan = max(makespan, start + length)
            seats = 0
            if wanted:
                for r in range(last - first):
                    for k in range(filled[r]):
                        p = held[r, k]
                        plan[task, 2 + seats] = p
                        plan[task, 2 + rows + seats] = r
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
                plan[task, 2 + k] = -1
                plan[task, 2 + rows + k] = -1
            for k in range(room.size):
                if use[way, k]:
                    for minute in range(start, start + length):
                        used[k, minute] += use[way, k]
            window[0, task] = start
            window[1, task] = start
            if tight:
                _spread(task, weight, tasks, arc, window, queue, queued)
            else:
                for e in range(tasks[task, OUT_FIRST], tasks[task + 1, OUT_FIRST]):
                    a = arc[e, OUT]
                    after = arc[a, HEAD]
                    window[0, after] = max(window[0, after], start + weight[a])
        if not again:
            break
    if lost or over:
        return int(horizon * (1 + lost + over))
    return makespan
