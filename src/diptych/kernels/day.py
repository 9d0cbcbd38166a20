"""The day of the operation, lived once for each replica number.

Random numbers are addressed, not drawn in turn: replica, purpose and index together name a
block of Philox 4x64-10 (Salmon et al. 2011, doi 10.1145/2063384.2063405), so that any replica
can be lived alone, in any order and on any thread, with the same result to the last bit, and
so that adding a hazard leaves every other number as it was.

Times are float64 minutes since the day's start. Subjects and teams are coded as in bitcover.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.bitcover import BOTH, SHARED, TEAM, Calls, Crew, at_the_twin, match_people
from diptych.kernels.compiled import compiled

KERNEL_VERSION = "day 1"
COMMON, LENGTHS, NUMBERS, STRIKES = 0, 1, 2, 3
MOST_STRIKES = 32
_BLOCKED, _WAITING, _RUNNING, _PAUSED, _DONE = 0, 1, 2, 3, 4


class Work(NamedTuple):
    """The tasks.

    low, mu, sigma : (N,) length = low + exp(mu + sigma * normal); sigma < 0: always low
    share : (1,) part of the variance of the normals that all tasks of a day have in common
    release : (N,) not before this minute; waits : (N,) number of tasks waited for
    next_first, next_task, next_lag : who waits for task i, and for how long after its end
    priority, subject : (N,); first, holder : its people; kit : (N, Q)
    """

    low: NDArray[np.float64]
    mu: NDArray[np.float64]
    sigma: NDArray[np.float64]
    share: NDArray[np.float64]
    release: NDArray[np.float64]
    waits: NDArray[np.int64]
    next_first: NDArray[np.int64]
    next_task: NDArray[np.int64]
    next_lag: NDArray[np.float64]
    priority: NDArray[np.int64]
    subject: NDArray[np.int64]
    first: NDArray[np.int64]
    holder: NDArray[np.int64]
    kit: NDArray[np.int64]


class Watches(NamedTuple):
    """Duties that follow the clock: start, end (M,), then as for tasks."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    priority: NDArray[np.int64]
    subject: NDArray[np.int64]
    first: NDArray[np.int64]
    holder: NDArray[np.int64]
    kit: NDArray[np.int64]


class Dangers(NamedTuple):
    """The hazards.

    mean : (H,) Poisson mean of strikes in a day; infinite means exactly one
    place_first, place_task, place_upto : tasks during which hazard h strikes, and the running
        total of their shares (last 1)
    hold, delay : (H, 3) least, most likely, most minutes
    asked : (P,) people in the order in which they are to be asked
    """

    mean: NDArray[np.float64]
    place_first: NDArray[np.int64]
    place_task: NDArray[np.int64]
    place_upto: NDArray[np.float64]
    hold: NDArray[np.float64]
    delay: NDArray[np.float64]
    asked: NDArray[np.int64]


class Day(NamedTuple):
    """Everything that one day needs."""

    work: Work
    watches: Watches
    dangers: Dangers
    calls: Calls
    crew: Crew


@compiled
def _multiply(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """High and low word of the 128-bit product."""
    half = np.uint64(32)
    mask = np.uint64(0xFFFFFFFF)
    a_low, a_high = a & mask, a >> half
    b_low, b_high = b & mask, b >> half
    low = a_low * b_low
    cross = a_high * b_low + (low >> half)
    other = a_low * b_high + (cross & mask)
    return a_high * b_high + (cross >> half) + (other >> half), a * b


@compiled
def philox(
    seed: int, replica: int, purpose: int, index: int
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Philox 4x64-10 at counter (index, purpose, replica, 0) under key (seed, 0)."""
    c0, c1, c2, c3 = np.uint64(index), np.uint64(purpose), np.uint64(replica), np.uint64(0)
    k0, k1 = np.uint64(seed), np.uint64(0)
    for turn in range(10):
        if turn > 0:
            k0 += np.uint64(0x9E3779B97F4A7C15)
            k1 += np.uint64(0xBB67AE8584CAA73B)
        high0, low0 = _multiply(np.uint64(0xD2E7470EE14C6C93), c0)
        high1, low1 = _multiply(np.uint64(0xCA5A826395121157), c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
    return c0, c1, c2, c3


@compiled
def _unit(word: np.uint64) -> float:
    """A number strictly between 0 and 1."""
    return float(np.int64(word >> np.uint64(11))) * 2.0**-53 + 2.0**-54


@compiled
def _normal(one: np.uint64, two: np.uint64) -> float:
    return float(np.sqrt(-2.0 * np.log(_unit(one))) * np.cos(2.0 * np.pi * _unit(two)))


@compiled
def _three_point(low: float, mode: float, high: float, u: float) -> float:
    """Triangular distribution by its inverse."""
    if high <= low:
        return low
    knee = (mode - low) / (high - low)
    if u < knee:
        return low + sqrt(u * (high - low) * (mode - low))
    return high - sqrt((1.0 - u) * (high - low) * (high - mode))


@compiled
def _poisson(mean: float, u: float) -> int:
    """Poisson number by inversion, at most MOST_STRIKES; exactly 1 for an infinite mean."""
    if np.isinf(mean):
        return 1
    chance = np.exp(-mean)
    total = chance
    number = 0
    while u > total and number < MOST_STRIKES:
        number += 1
        chance *= mean / number
        total += chance
    return number


@compiled
def task_lengths(seed: int, replica: int, work: Work) -> NDArray[np.float64]:
    """Length of each task on that day, (N,) minutes."""
    n = work.low.size
    lengths = np.empty(n, np.float64)
    w0, w1, _, _ = philox(seed, replica, COMMON, 0)
    together = np.sqrt(work.share[0]) * _normal(w0, w1)
    alone = np.sqrt(1.0 - work.share[0])
    for i in range(n):
        if work.sigma[i] < 0:
            lengths[i] = work.low[i]
            continue
        w0, w1, _, _ = philox(seed, replica, LENGTHS, i)
        normal = together + alone * _normal(w0, w1)
        lengths[i] = work.low[i] + np.exp(work.mu[i] + work.sigma[i] * normal)
    return lengths


@compiled
def _stands_still(hazard: int, task: int) -> bool:
    """Does work on `task` rest while `hazard` is dealt with?"""
    if TEAM in (hazard, task):
        return False
    both = hazard in (BOTH, SHARED) or task in (BOTH, SHARED)
    return both or hazard == task


@compiled
def live_days(
    seed: int, first_day: int, days: int, day: Day, own_twin: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Live the days numbered first_day, first_day + 1, ...

    A task starts when all that it waits for has ended and none of its people is answering a
    hazard. A hazard strikes at a random point of the work of a task. If different people can
    be found for all its demands at that moment, and kit, it is answered: they are held, the
    tasks that they leave pause, and the operation on its subject stands still for the delay,
    which is all the time that the operation itself loses (its own people are held no longer).
    If not, it counts as missed and the delay is its longest. People stay past their hours
    while tasks of theirs are still to be done.

    Returns starts and ends of the tasks (days, N) and, for each hazard, how often it struck
    and how often it was missed (days, H). The loop is long because it is one state machine.
    """
    work, watches, dangers, calls, crew = day
    n = work.low.size
    hazards = dangers.mean.size
    people = crew.start.size
    words = (people + 63) // 64
    kinds = crew.kit.size
    starts = np.zeros((days, n), np.float64)
    ends = np.zeros((days, n), np.float64)
    struck = np.zeros((days, hazards), np.int64)
    missed = np.zeros((days, hazards), np.int64)
    most = MOST_STRIKES * max(hazards, 1)
    s_task = np.empty(most, np.int64)
    s_at = np.empty(most, np.float64)
    s_hazard = np.empty(most, np.int64)
    s_number = np.empty(most, np.int64)
    r_until = np.empty(most, np.float64)
    r_hazard = np.empty(most, np.int64)
    state = np.empty(n, np.int64)
    when = np.empty(n, np.float64)
    done = np.empty(n, np.float64)
    since = np.empty(n, np.float64)
    waits = np.empty(n, np.int64)
    ready = np.empty(n, np.float64)
    strike = np.empty(n, np.int64)
    strike_end = np.empty(n, np.int64)
    active = np.empty(n, np.int64)
    on_task = np.empty(people, np.int64)
    busy = np.empty(people, np.float64)
    left = np.empty(people, np.int64)
    asked = np.empty(people, np.int64)

    for k in range(days):
        replica = first_day + k
        lengths = task_lengths(seed, replica, work)

        # which hazards strike, during which task, after how much of its work
        strikes = 0
        for h in range(hazards):
            if dangers.place_first[h] == dangers.place_first[h + 1]:
                continue
            w0, _, _, _ = philox(seed, replica, NUMBERS, h)
            for j in range(_poisson(dangers.mean[h], _unit(w0))):
                w0, w1, _, _ = philox(seed, replica, STRIKES, h * MOST_STRIKES + j)
                u = _unit(w0)
                e = dangers.place_first[h]
                while e < dangers.place_first[h + 1] - 1 and u > dangers.place_upto[e]:
                    e += 1
                i = dangers.place_task[e]
                at = _unit(w1) * lengths[i]
                m = strikes
                while m > 0 and (s_task[m - 1] > i or (s_task[m - 1] == i and s_at[m - 1] > at)):
                    s_task[m], s_at[m] = s_task[m - 1], s_at[m - 1]
                    s_hazard[m], s_number[m] = s_hazard[m - 1], s_number[m - 1]
                    m -= 1
                s_task[m], s_at[m], s_hazard[m], s_number[m] = i, at, h, j
                strikes += 1
        strike[:] = 0
        strike_end[:] = 0
        for m in range(strikes - 1, -1, -1):
            strike[s_task[m]] = m
        for m in range(strikes):
            strike_end[s_task[m]] = m + 1

        state[:] = _BLOCKED
        done[:] = 0.0
        since[:] = 0.0
        on_task[:] = -1
        busy[:] = -1.0
        left[:] = 0
        responses = 0
        count = 0
        for i in range(n):
            waits[i] = work.waits[i]
            ready[i] = work.release[i]
            for e in range(work.first[i], work.first[i + 1]):
                left[work.holder[e]] += 1
            if waits[i] == 0:
                state[i] = _WAITING
                when[i] = ready[i]
                active[count] = i
                count += 1

        while count > 0:
            slot = 0
            for a in range(1, count):
                one, best = active[a], active[slot]
                if when[one] < when[best] or (when[one] == when[best] and one < best):
                    slot = a
            i = active[slot]
            now = when[i]

            if state[i] == _WAITING or state[i] == _PAUSED:
                latest = now
                for e in range(work.first[i], work.first[i + 1]):
                    latest = max(latest, busy[work.holder[e]])
                if latest > now:
                    when[i] = latest
                    continue
                if state[i] == _WAITING:
                    starts[k, i] = now
                    for e in range(work.first[i], work.first[i + 1]):
                        on_task[work.holder[e]] = i
                state[i] = _RUNNING
                since[i] = now
                target = s_at[strike[i]] if strike[i] < strike_end[i] else lengths[i]
                when[i] = now + max(target - done[i], 0.0)
                continue

            done[i] += now - since[i]
            since[i] = now
            if strike[i] >= strike_end[i]:
                state[i] = _DONE
                ends[k, i] = now
                active[slot] = active[count - 1]
                count -= 1
                for e in range(work.first[i], work.first[i + 1]):
                    on_task[work.holder[e]] = -1
                    left[work.holder[e]] -= 1
                for e in range(work.next_first[i], work.next_first[i + 1]):
                    j = work.next_task[e]
                    ready[j] = max(ready[j], now + work.next_lag[e])
                    waits[j] -= 1
                    if waits[j] == 0:
                        state[j] = _WAITING
                        when[j] = ready[j]
                        active[count] = j
                        count += 1
                continue

            # a hazard strikes task i now
            h = s_hazard[strike[i]]
            number = s_number[strike[i]]
            done[i] = s_at[strike[i]]
            strike[i] += 1
            struck[k, h] += 1
            severity = calls.severity[h]
            subject = calls.subject[h]
            low, high = calls.first[h], calls.first[h + 1]
            _, _, w2, w3 = philox(seed, replica, STRIKES, h * MOST_STRIKES + number)
            hold = _three_point(
                dangers.hold[h, 0], dangers.hold[h, 1], dangers.hold[h, 2], _unit(w2)
            )
            delay = _three_point(
                dangers.delay[h, 0], dangers.delay[h, 1], dangers.delay[h, 2], _unit(w3)
            )

            can = np.zeros((high - low, words), np.uint64)
            idle = 0
            for rank in range(people):
                p = dangers.asked[rank]
                if on_task[p] < 0 and busy[p] <= now:
                    asked[idle] = p
                    idle += 1
            others = idle
            for rank in range(people):
                p = dangers.asked[rank]
                if not (on_task[p] < 0 and busy[p] <= now):
                    asked[others] = p
                    others += 1
            for p in range(people):
                if crew.start[p] > now or (now >= crew.end[p] and left[p] == 0):
                    continue
                if busy[p] > now:
                    continue
                for d in range(low, high):
                    if not calls.able[d, p]:
                        continue
                    comes = True
                    j = on_task[p]
                    if j >= 0 and work.priority[j] >= severity:
                        near = own_twin and at_the_twin(subject, work.subject[j], crew.team[p])
                        rest = lengths[j] - done[j] - (now - since[j])
                        soon = state[j] == _RUNNING and rest <= calls.within[d]
                        comes = near or soon
                    for m in range(watches.start.size):
                        if not comes:
                            break
                        if not watches.start[m] <= now < watches.end[m]:
                            continue
                        if watches.priority[m] < severity:
                            continue
                        if watches.end[m] - now <= calls.within[d]:
                            continue
                        if own_twin and at_the_twin(subject, watches.subject[m], crew.team[p]):
                            continue
                        for e in range(watches.first[m], watches.first[m + 1]):
                            if watches.holder[e] == p:
                                comes = False
                    if comes:
                        can[d - low, p // 64] |= np.uint64(1) << np.uint64(p % 64)
            answered = True
            for q in range(kinds):
                if calls.kit[h, q] == 0:
                    continue
                free = crew.kit[q]
                for a in range(count):
                    j = active[a]
                    if state[j] == _WAITING or work.priority[j] < severity:
                        continue
                    if not (own_twin and at_the_twin(subject, work.subject[j], -1)):
                        free -= work.kit[j, q]
                for m in range(watches.start.size):
                    if watches.start[m] <= now < watches.end[m]:
                        if watches.priority[m] >= severity:
                            if not (own_twin and at_the_twin(subject, watches.subject[m], -1)):
                                free -= watches.kit[m, q]
                for m in range(responses):
                    if r_until[m] > now:
                        free -= calls.kit[r_hazard[m], q]
                answered = answered and free >= calls.kit[h, q]
            if answered:
                chosen = match_people(can, calls.number[low:high], asked)
                for c in range(chosen.size):
                    answered = answered and chosen[c] >= 0
                if answered:
                    for c in range(chosen.size):
                        p = chosen[c]
                        j = on_task[p]
                        until = now + hold
                        if j >= 0 and (j == i or _stands_still(subject, work.subject[j])):
                            until = now + min(hold, delay)
                        elif j >= 0:
                            near = own_twin and at_the_twin(subject, work.subject[j], crew.team[p])
                            if work.priority[j] >= severity and not near:
                                until += lengths[j] - done[j] - (now - since[j])
                            elif state[j] == _RUNNING:
                                done[j] += now - since[j]
                                since[j] = now
                                state[j] = _PAUSED
                                when[j] = until
                            else:
                                when[j] = max(when[j], until)
                        busy[p] = until
                    r_until[responses] = now + hold
                    r_hazard[responses] = h
                    responses += 1
            if not answered:
                missed[k, h] += 1
                delay = dangers.delay[h, 2]
            for a in range(count):
                j = active[a]
                if j != i and not _stands_still(subject, work.subject[j]):
                    continue
                if state[j] == _RUNNING:
                    done[j] += now - since[j]
                    since[j] = now
                    state[j] = _PAUSED
                    when[j] = now + delay
                elif state[j] == _PAUSED:
                    when[j] = max(when[j], now + delay)
    return starts, ends, struck, missed
