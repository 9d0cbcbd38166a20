"""Who can come, and is it enough: people as bits of 64-bit words, demands as masks.

Subjects are coded 0 A, 1 B, 2 BOTH, 3 SHARED, 4 TEAM; teams 0 A, 1 B, 2 both. People are
bits 0..P-1, spread over W = ceil(P / 64) words. All answers are exact: a demand set can be
met exactly when no subset of the demands reaches fewer people than it asks for (Hall 1935);
the people themselves come from augmenting paths.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

BOTH, SHARED, TEAM = 2, 3, 4
EITHER_TEAM = 2
AWAY = ENDLESS = 1 << 40
"""Minutes until a person can be there who cannot be asked; longer than any task may wait."""
Bools = NDArray[np.bool_]


class Duties(NamedTuple):
    """The plan as arrays.

    start, end, priority, subject : (R,) int64 of the running tasks
    may_wait : (R,) int64 minutes for which the task can stand still, ENDLESS where none are set
    first, holder : people of task r are holder[first[r]:first[r + 1]]
    kept : (E,) bool, this holder cannot let go of the task
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    priority: NDArray[np.int64]
    subject: NDArray[np.int64]
    may_wait: NDArray[np.int64]
    first: NDArray[np.int64]
    holder: NDArray[np.int64]
    kept: Bools


class Crew(NamedTuple):
    """People and kit: hours and team of each person (P,), pieces of each kind (Q,)."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    team: NDArray[np.int64]
    kit: NDArray[np.int64]


class Calls(NamedTuple):
    """What hazards ask for.

    severity, subject, hold : (H,) int64; hold is for how many minutes it likely holds people
    first : (H + 1,) demands of hazard h are first[h]:first[h + 1]
    number, within : (D,) int64, how many people and how soon
    able : (D, P) uint8, person has the demanded skill
    kit : (H, Q) int64
    """

    severity: NDArray[np.int64]
    subject: NDArray[np.int64]
    hold: NDArray[np.int64]
    first: NDArray[np.int64]
    number: NDArray[np.int64]
    within: NDArray[np.int64]
    able: NDArray[np.uint8]
    kit: NDArray[np.int64]


class Things(NamedTuple):
    """Kit, stocks and places at the field, of Q kinds; each piece and place is a number.

    base : (Q + 1,) int64, kind q has the numbers base[q]..base[q + 1] - 1
    there : (K, Q) int64, how many of them there have been so far (a stock grows by deliveries)
    spent : (Q,) bool, a stock: what a task took is not there again when it ends
    held : (R, Q) int64, what each task takes
    want : (2, H, Q) int64, what each hazard asks for before and after separation
    apart : (K,) int64, 0 before and 1 after separation
    """

    base: NDArray[np.int64]
    there: NDArray[np.int64]
    spent: Bools
    held: NDArray[np.int64]
    want: NDArray[np.int64]
    apart: NDArray[np.int64]


@compiled
def at_the_twin(hazard: int, task: int, team: int) -> bool:
    """Is a person of `team` on a task about `task` already with the twin of `hazard`?"""
    if TEAM in (hazard, task):
        return False
    if hazard in (BOTH, SHARED) or task == hazard:
        return True
    if task in (BOTH, SHARED):
        return team in (hazard, EITHER_TEAM)
    return False


@compiled
def goes_on(duties: Duties, task: int, calls: Calls, hazard: int) -> bool:
    """Must the task go on while the hazard is answered elsewhere, but for one at its own twin?"""
    if duties.priority[task] >= calls.severity[hazard]:
        return True
    return bool(duties.may_wait[task] < calls.hold[hazard])


@compiled
def bound_holders(duties: Duties, team: NDArray[np.int64], calls: Calls, own_twin: bool) -> Bools:
    """(H, E) each holder of a task is bound to it, whatever the time, when the hazard strikes."""
    bound = np.zeros((calls.severity.size, duties.holder.size), np.bool_)
    for h in range(calls.severity.size):
        for r in range(duties.start.size):
            firm = goes_on(duties, r, calls, h)
            for e in range(duties.first[r], duties.first[r + 1]):
                wears = team[duties.holder[e]]
                near = own_twin and at_the_twin(calls.subject[h], duties.subject[r], wears)
                bound[h, e] = (firm or duties.kept[e]) and not near
    return bound


@compiled
def free_people(
    minutes: NDArray[np.int64],
    reach: NDArray[np.int64],
    duties: Duties,
    calls: Calls,
    bound: Bools,
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Who can answer each demand at each of `minutes`, and who is on no task.

    reach : (K, P) minutes until the person can be there: 0 in the house, AWAY not to be had
    bound : (H, E) from `bound_holders`. Returns (can, idle): `can` (K, D, W) masks of people
    who can come in time, `idle` (K, W) masks of those in the house who are on no task at all.
    """
    people = reach.shape[1]
    words = (people + 63) // 64
    can = np.zeros((minutes.size, calls.number.size, words), np.uint64)
    idle = np.zeros((minutes.size, words), np.uint64)
    held = np.zeros(people, np.bool_)
    running = np.zeros(duties.start.size, np.int64)
    for k in range(minutes.size):
        now = minutes[k]
        size = 0
        held[:] = False
        for r in range(duties.start.size):
            if duties.start[r] <= now < duties.end[r]:
                running[size] = r
                size += 1
                for e in range(duties.first[r], duties.first[r + 1]):
                    held[duties.holder[e]] = True
        for p in range(people):
            if reach[k, p] == 0 and not held[p]:
                idle[k, p // 64] |= np.uint64(1) << np.uint64(p % 64)
        for h in range(calls.severity.size):
            for d in range(calls.first[h], calls.first[h + 1]):
                held[:] = False
                for n in range(size):
                    r = running[n]
                    if duties.end[r] <= now + calls.within[d]:
                        continue
                    for e in range(duties.first[r], duties.first[r + 1]):
                        if bound[h, e]:
                            held[duties.holder[e]] = True
                for p in range(people):
                    if calls.able[d, p] and reach[k, p] <= calls.within[d] and not held[p]:
                        can[k, d, p // 64] |= np.uint64(1) << np.uint64(p % 64)
    return can, idle


@compiled
def count_bits(word: np.uint64) -> int:
    """Number of set bits."""
    total = 0
    while word != np.uint64(0):
        word &= word - np.uint64(1)
        total += 1
    return total


@compiled
def hall_slack(masks: NDArray[np.uint64], counts: NDArray[np.int64]) -> tuple[int, int]:
    """The least of |people reached| - |people asked for| over all sets of demands.

    masks : (D, W), counts : (D,), D <= 20. Returns (slack, set): the set as bits of the
    demands, the one with fewest demands and then the lowest number among the tightest.
    A slack of s >= 0 means that any s people may drop out and the demands are still met;
    below 0 they cannot be met and -s people are missing. No demands: slack is 2**31.
    """
    demands = counts.size
    words = masks.shape[1]
    best, tightest, size = 1 << 31, 0, 64
    for chosen in range(1, 1 << demands):
        need = 0
        members = 0
        for d in range(demands):
            if chosen >> d & 1:
                need += counts[d]
                members += 1
        reach = 0
        for w in range(words):
            union = np.uint64(0)
            for d in range(demands):
                if chosen >> d & 1:
                    union |= masks[d, w]
            reach += count_bits(union)
        slack = reach - need
        if slack < best or (slack == best and members < size):
            best, tightest, size = slack, chosen, members
    return best, tightest


@compiled
def _has(masks: NDArray[np.uint64], row: int, bit: int) -> bool:
    shifted = masks[row, bit // 64] >> np.uint64(bit % 64)
    return bool((shifted & np.uint64(1)) == np.uint64(1))


@compiled
def match_people(
    masks: NDArray[np.uint64], counts: NDArray[np.int64], first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Different people for all demands, or as many as can be had.

    masks : (D, W); counts : (D,); first : (P,) people in the order in which they are to be
    asked. Returns (sum of counts,) the person of each place, demand by demand, -1 where
    none is left. The matching is maximum (augmenting paths, breadth first).
    """
    demands = counts.size
    people = first.size
    places = 0
    for d in range(demands):
        places += counts[d]
    demand_of = np.empty(places, np.int64)
    n = 0
    for d in range(demands):
        for _ in range(counts[d]):
            demand_of[n] = d
            n += 1
    chosen = np.full(places, -1, np.int64)
    place_of = np.full(people, -1, np.int64)
    queue = np.empty(places, np.int64)
    came_from = np.empty(people, np.int64)
    for root in range(places):
        came_from[:] = -1
        queue[0] = root
        head, tail, found = 0, 1, -1
        while head < tail and found < 0:
            place = queue[head]
            head += 1
            for rank in range(people):
                p = first[rank]
                if came_from[p] >= 0 or not _has(masks, demand_of[place], p):
                    continue
                came_from[p] = place
                if place_of[p] < 0:
                    found = p
                    break
                queue[tail] = place_of[p]
                tail += 1
        while found >= 0:
            place = came_from[found]
            before = chosen[place]
            chosen[place] = found
            place_of[found] = place
            found = before if place != root else -1
    return chosen


@compiled
def cover_each(
    can: NDArray[np.uint64],
    pieces: NDArray[np.uint64],
    active: Bools,
    calls: Calls,
    things: Things,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each minute and hazard: slack in people, tightest set of demands, slack in things.

    can : (K, D, W) from `free_people`; pieces : (K, H, Q, W) from `free_pieces`; active :
    (K, H). Each result is (K, H) int64; where a hazard is not active, zeros. Hazards that ask
    for no things have a slack of 2**31 in them.
    """
    minutes, hazards = active.shape
    people_slack = np.zeros((minutes, hazards), np.int64)
    tightest = np.zeros((minutes, hazards), np.int64)
    slack_of_things = np.zeros((minutes, hazards), np.int64)
    for k in range(minutes):
        for h in range(hazards):
            if not active[k, h]:
                continue
            low, high = calls.first[h], calls.first[h + 1]
            slack, chosen = hall_slack(can[k, low:high], calls.number[low:high])
            people_slack[k, h] = slack
            tightest[k, h] = chosen
            least = 1 << 31
            for q in range(pieces.shape[2]):
                asked = things.want[things.apart[k], h, q]
                if asked > 0:
                    free = 0
                    for w in range(pieces.shape[3]):
                        free += count_bits(pieces[k, h, q, w])
                    least = min(least, free - asked)
            slack_of_things[k, h] = least
    return people_slack, tightest, slack_of_things


@compiled
def free_pieces(
    minutes: NDArray[np.int64], duties: Duties, calls: Calls, things: Things, own_twin: bool
) -> NDArray[np.uint64]:
    """Which pieces and places of each kind each hazard can have, at each of `minutes`.

    Returns (K, H, Q, W) masks: what no running task holds, and what is held for work that the
    hazard may take from; of a stock, what has been delivered and no task that has begun took.
    Tasks take the lowest free numbers in the plan's order; where they hold more than there
    are, those that keep theirs go first.
    """
    hazards, kinds, base = calls.severity.size, things.spent.size, things.base
    words = (base[kinds] + 63) // 64
    masks = np.zeros((minutes.size, hazards, kinds, max(words, 1)), np.uint64)
    yields = np.zeros((duties.start.size, hazards), np.bool_)
    for r in range(duties.start.size):
        for h in range(hazards):
            near = own_twin and at_the_twin(calls.subject[h], duties.subject[r], -1)
            yields[r, h] = near or not goes_on(duties, r, calls, h)
    lacking = np.zeros(hazards, np.int64)
    for k in range(minutes.size):
        now = minutes[k]
        for q in range(kinds):
            nearest, top = base[q], base[q] + things.there[k, q]
            lacking[:] = 0
            for r in range(duties.start.size):
                if things.held[r, q] == 0 or duties.start[r] > now:
                    continue
                if things.spent[q]:
                    nearest += things.held[r, q]
                    continue
                if now >= duties.end[r]:
                    continue
                for _ in range(things.held[r, q]):
                    for h in range(hazards):
                        if nearest >= top:
                            lacking[h] += 0 if yields[r, h] else 1
                        elif yields[r, h]:
                            masks[k, h, q, nearest // 64] |= np.uint64(1) << np.uint64(nearest % 64)
                    nearest += 1
            for h in range(hazards):
                for bit in range(nearest, top):
                    masks[k, h, q, bit // 64] |= np.uint64(1) << np.uint64(bit % 64)
                for w in range(masks.shape[3]):
                    while lacking[h] > 0 and masks[k, h, q, w] != np.uint64(0):
                        masks[k, h, q, w] &= masks[k, h, q, w] - np.uint64(1)
                        lacking[h] -= 1
    return masks
