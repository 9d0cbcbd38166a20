"""Three ways to go on when the day departs from its plan: least change, earliest, most reserve.

Right shift first, in milliseconds; then times with people counted and each planned person
kept where that pays, the shifted plan as a hint; then who takes over; then times and people
together for groups that cannot rest at those times. What has begun keeps its start and its
people. One worker, counts of work for limits: the same input gives the same answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import TYPE_CHECKING

from diptych.choreography.bands import Line, find_groups
from diptych.choreography.changes import compare_plans
from diptych.choreography.deadlock import could_widen, count_short, find_deadlock, refuse
from diptych.choreography.push import find_floor, push_right
from diptych.choreography.reading import read_remainder
from diptych.choreography.relief import NO_SPARE, Spare
from diptych.choreography.remainder import Remainder, demands_by_skill
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.choreography.reserve import measure_reserve
from diptych.choreography.settle import settle
from diptych.choreography.shift import Shift, shift_right
from diptych.choreography.sparing import leave_out_spare
from diptych.model import Alternatives, Disruption, Minute, Replan, Schedule, StaffId

if TYPE_CHECKING:
    from diptych.choreography.replan_search import Found, Search
    from diptych.choreography.retime import Effort

Stop = Callable[[], bool]
_WIDER = (Spare(late=True), Spare(0, 1), Spare(1, 0), Spare(1, 1), Spare(3, 1))
_QUICK, _FEW = 1.5, 33
_SOON = 2
_BEFORE = 300
"""Minutes before the first change from which on a second look may move things (assumption)."""
_NOT_SHIFTED = Shift(starts={}, lengths={}, end=0, legal=False)
_THOROUGH, _GAP, _IMPROVE, _LATER = 0.1, 0.005, 0.15, 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One question to the re-planner: the plan, what is left of it, the shifted plan.

    shift : the plan moved right, nobody changed; empty where watches or courses were added
    pushed : the plan pushed right, its duties let go where they cannot be kept
    bound : a minute before which the day cannot end
    floor : a cost below which no way can be; None where order and waits alone contradict
    """

    before: Schedule
    events: tuple[Disruption, ...]
    remainder: Remainder
    policy: ReplanPolicy
    shift: Shift
    pushed: Shift
    bound: int
    floor: int | None
    stop: Stop | None


def replan(
    schedule: Schedule,
    now: Minute,
    events: Sequence[Disruption],
    policy: ReplanPolicy,
    stop: Stop | None = None,
) -> Alternatives:
    """Three checked schedules from `now` on: least change, earliest end, most reserve.

    Each keeps start and people of every task that has begun, and every rule of the updated
    procedure; none costs more than moving the plan to the right where that is possible.
    With `stop` (asked now and then; True ends what comes after the first answer) the answer
    depends on the clock.
    Raises Infeasible with the rules to relax, in words; InputError for events that cannot be.
    """
    desk, first = _find_first(_sit_down(schedule, now, events, policy, stop))
    desk, least = _improve(desk, first)
    bound, earliest = _find_earliest(desk, least)
    latest = earliest.schedule.makespan + policy.allowance
    most = _find_reserve(desk, [one for one in (least, earliest) if _ends(one) <= latest], latest)
    return Alternatives(
        now=now,
        least_change=_with_bound(least, bound),
        earliest=_with_bound(earliest, bound),
        most_reserve=_with_bound(most, bound),
        notes=desk.remainder.notes,
    )


def replan_first(
    schedule: Schedule, now: Minute, events: Sequence[Disruption], policy: ReplanPolicy
) -> Replan:
    """The first checked way to go on, in a fraction of a second: what `replan` starts from."""
    return _find_first(_sit_down(schedule, now, events, policy, None))[1]


def find_first(
    schedule: Schedule, now: Minute, events: Sequence[Disruption], policy: ReplanPolicy
) -> "tuple[Remainder, Found, Replan]":
    """What `replan_first` found, with what was left of the day and its times and people."""
    desk, way = _find_first(_sit_down(schedule, now, events, policy, None))
    return desk.remainder, _as_found(desk, way), way


def replan_least(
    schedule: Schedule,
    now: Minute,
    events: Sequence[Disruption],
    policy: ReplanPolicy,
    stop: Stop | None = None,
) -> Replan:
    """The way of least change alone, as `replan` gives it."""
    return _improve(*_find_first(_sit_down(schedule, now, events, policy, stop)))[1]


def replan_by_shift(
    schedule: Schedule, now: Minute, events: Sequence[Disruption], policy: ReplanPolicy
) -> Replan | None:
    """The plan moved to the right, nobody changed; None where that breaks a rule."""
    return _shifted(_sit_down(schedule, now, events, policy, None))


def _sit_down(
    schedule: Schedule,
    now: Minute,
    events: Sequence[Disruption],
    policy: ReplanPolicy,
    stop: Stop | None,
    spare: Spare = NO_SPARE,
) -> Desk:
    remainder = read_remainder(schedule, now, events, policy, spare)
    shift = _NOT_SHIFTED if spare != NO_SPARE else shift_right(remainder)
    desk = Desk(
        before=schedule,
        events=tuple(events),
        remainder=remainder,
        policy=policy,
        shift=shift,
        pushed=_NOT_SHIFTED,
        bound=int(now),
        floor=None,
        stop=stop,
    )
    return replace(_desk_of(desk, remainder), shift=shift)


def _desk_of(desk: Desk, remainder: Remainder) -> Desk:
    """The desk with that remainder, its pushed plan, and its bounds; no shifted plan."""
    floor = find_floor(remainder)
    return replace(
        desk,
        remainder=remainder,
        shift=_NOT_SHIFTED,
        pushed=push_right(remainder),
        bound=int(remainder.now) if floor is None else floor.end,
        floor=None if floor is None else _least_cost(remainder, floor, desk.policy),
    )


def _least_cost(remainder: Remainder, floor: Shift, policy: ReplanPolicy) -> int:
    """The end of the day and the moves that order and waits ask for, nobody ever short."""
    moves = (
        max(0, floor.starts[task] - int(entry.start))
        for task, entry in remainder.old.items()
        if task not in remainder.loose
    )
    return policy.end_minute * floor.end + sum(moves) + _least_called(remainder, policy)


def _least_called(remainder: Remainder, policy: ReplanPolicy) -> int:
    """What it costs at least to tell those who are called to tasks that the plan did not have.

    Counted are duties of which nobody can hold two, taken greedily in the order of the tasks:
    another choice may prove more.
    """
    cost, seen = 0, set[StaffId]()
    for task in (task for task in remainder.procedure.tasks if remainder.is_added(task.id)):
        for skill in demands_by_skill(task):
            able = {who.id for who in remainder.may_hold(task, skill) if remainder.left[who.id]}
            if able and not able & seen:
                seen |= able
                cost += min(policy.telling(concerned=who in remainder.concerned) for who in able)
    return cost


def _search(desk: Desk, stop: Stop | None = None) -> "Search":
    from diptych.choreography.replan_search import Search

    return Search(remainder=desk.remainder, shift=desk.pushed, policy=desk.policy, stop=stop)


def _shifted(desk: Desk) -> Replan | None:
    if not desk.shift.legal:
        return None
    holders = {task: entry.staff for task, entry in desk.remainder.old.items()}
    schedule = settle(desk.remainder, desk.shift.starts, desk.shift.lengths, holders, desk.bound)
    return _replan(desk, schedule) if schedule.checked else None


def _find_first(desk: Desk) -> tuple[Desk, Replan]:
    """The plan as it stands where it still can, else the better of the shifted plan and a search.

    Watches are added only where none is found without; the desk comes back with them.
    """
    shifted = _shifted(desk)
    if shifted is not None and (_stands(desk, shifted) or _is_good(desk, shifted)):
        return desk, shifted
    if counted := count_short(desk.remainder):
        raise refuse(counted)
    ways, found = _quick_ways(desk, shifted)
    if not ways:
        desk, ways, found = _try_harder(desk, found)
    if not ways:
        raise refuse(find_deadlock(desk.remainder, desk.policy, desk.pushed, found.stuck))
    return _spared(desk, min(ways, key=lambda way: way.cost))


def _spared(desk: Desk, way: Replan) -> tuple[Desk, Replan]:
    """The way with fewer changes to people not concerned, where that costs less; and its desk.

    Groups with most of them changed come first; of as many, those changed first. Groups alike in
    both, as those of the two twins may be, are all looked at, or none.
    """
    from diptych.choreography.bystanders import share_of_bystanders

    ranked = sorted(_disturbed(desk, way), key=itemgetter(0, 1))
    for (_, since), alike in groupby(ranked, key=itemgetter(0, 1)):
        if share_of_bystanders(desk.remainder, way.people) <= desk.policy.bystander_share:
            break
        for _, _, group in alike:
            desk, way = _look_again(desk, way, group, since)
    return desk, way


def _look_again(
    desk: Desk, way: Replan, group: tuple[Line, ...], since: int
) -> tuple[Desk, Replan]:
    """The way with that group found again, where that costs less; and its desk."""
    from diptych.choreography.bystanders import spare_bystanders

    plan = _as_found(desk, way)
    found = spare_bystanders(desk.remainder, plan, group, since - _BEFORE, desk.policy)
    if found is None:
        return desk, way
    other = _desk_of(desk, found[0])
    better = _settled(other, found[1])
    return (other, better) if better is not None and better.cost < way.cost else (desk, way)


def _disturbed(desk: Desk, way: Replan) -> list[tuple[int, int, tuple[Line, ...]]]:
    """Groups of which a planned task changes for people not concerned.

    Each as: how many they are (less than 0, so that the most come first), the first minute of
    it, the group.
    """
    remainder, found = desk.remainder, []
    for group in find_groups(remainder.procedure):
        skills = {skill for skill, _ in group}
        changes = [
            one
            for one in way.people
            if one.skill in skills
            and one.task in remainder.old
            and one.staff not in remainder.concerned
        ]
        if changes:
            people = {one.staff for one in changes}
            since = min(int(remainder.now + one.lead) for one in changes)
            found.append((-len(people), since, group))
    return found


def _with_spare(desk: Desk, spare: Spare, *, hard: bool) -> tuple[Desk, list[Replan], str]:
    """The question with more watches and courses, as many as were needed; the ways found.

    With `hard`, by a longer search. The status of the search comes last.
    """
    now, planned = desk.remainder.now, {task.id for task in desk.remainder.procedure.tasks}
    wider = _sit_down(desk.before, now, desk.events, desk.policy, desk.stop, spare=spare)
    if len(wider.remainder.procedure.tasks) == len(planned):
        return desk, [], "infeasible"
    ways, found = _search_wider(wider, hard=hard)
    if not ways:
        return desk, [], found.status
    remainder = leave_out_spare(wider.remainder, planned, found.starts, found.lengths)
    fewer = _desk_of(wider, remainder)
    left = {task.id for task in remainder.procedure.tasks}
    kept = replace(
        found,
        starts={task: start for task, start in found.starts.items() if task in left},
        lengths={task: length for task, length in found.lengths.items() if task in left},
        holders={task: people for task, people in found.holders.items() if task in left},
    )
    way = _settled(fewer, kept)
    known = (wider, ways) if way is None else (fewer, [way])
    best = min(known, _only_needed(wider, found), key=lambda one: _cheapest(one[1]))
    return *best, found.status


def _only_needed(desk: Desk, found: "Found") -> tuple[Desk, list[Replan]]:
    """The question with no more watches and courses than reach the ends found; and its ways."""
    spare = Spare(closes=found.starts)
    now = desk.remainder.now
    fewer = _sit_down(desk.before, now, desk.events, desk.policy, desk.stop, spare=spare)
    if len(fewer.remainder.procedure.tasks) >= len(desk.remainder.procedure.tasks):
        return fewer, []
    return fewer, _search_wider(fewer, hard=False)[0]


def _cheapest(ways: Sequence[Replan]) -> float:
    return min((way.cost for way in ways), default=inf)


def _try_harder(desk: Desk, found: "Found") -> tuple[Desk, list[Replan], "Found"]:
    """The first ways with more watches and courses, or by a longer search of either question.

    The longer search is left out where the quick one said that there are no times.
    """
    open_yet: list[Spare] = []
    for tried, spare in enumerate(_WIDER):
        if tried == _SOON and not _could_widen(desk, found):
            break
        wider, ways, status = _with_spare(desk, spare, hard=False)
        if ways:
            return wider, ways, found
        open_yet += [spare] if status != "infeasible" or spare == _WIDER[-1] else []
    ways, far = _far_ways(desk, found)
    if ways:
        return desk, ways, far
    for spare in open_yet:
        wider, ways, _ = _with_spare(desk, spare, hard=True)
        if ways:
            return wider, ways, found
    return desk, [], far


def _far_ways(desk: Desk, found: "Found") -> tuple[list[Replan], "Found"]:
    if desk.floor is None:
        return [], found
    far = _search_far(desk, found.stuck)
    return [way for way in (_settled(desk, far),) if way], far


def _could_widen(desk: Desk, found: "Found") -> bool:
    if desk.floor is None:
        return True
    return could_widen(desk.remainder, desk.policy, desk.pushed, found.stuck)


def _quick_ways(desk: Desk, shifted: Replan | None) -> tuple[list[Replan], "Found"]:
    """Every way found soon: shifted, pushed with other people, searched for; and the search."""
    from diptych.choreography.replan_search import NOTHING, Aim

    if desk.floor is None:
        return [], replace(NOTHING, status="infeasible")
    search = _search(desk)
    crewed = search.crew_pushed(nudge=False)
    ways = [way for way in (_settled(desk, crewed), shifted) if way]
    if any(_is_good(desk, way) for way in ways):
        return ways, crewed
    hint = crewed if crewed.starts else None
    known = min((way.cost for way in ways), default=None)
    found = search.run(Aim(), _quick(desk), hint, keep=True, known=known)
    ways += [way for way in (_settled(desk, found),) if way]
    if not ways and found.status != "infeasible":
        nudged = search.crew_pushed(nudge=True)
        ways = [way for way in (_settled(desk, nudged),) if way]
    if not ways and found.stuck:
        found = _search_far(desk, found.stuck)
        ways = [way for way in (_settled(desk, found),) if way]
    return ways, replace(found, stuck=found.stuck or crewed.stuck)


def _search_wider(desk: Desk, *, hard: bool) -> tuple[list[Replan], "Found"]:
    """The search alone: of a question with more watches it tells soonest that there is no way."""
    from diptych.choreography.replan_search import NOTHING, Aim

    if desk.floor is None:
        return [], replace(NOTHING, status="infeasible")
    if hard:
        found = _search_far(desk, ())
        found = found if found.starts else _search_far(desk, (), keep=True)
    else:
        found = _search(desk).run(Aim(), _quick(desk), keep=True)
    return [way for way in (_settled(desk, found),) if way], found


def _search_far(desk: Desk, stuck: Sequence[tuple[Line, ...]], *, keep: bool = False) -> "Found":
    """A longer search, the day open for longer; the stuck groups with their times at once."""
    from diptych.choreography.replan_search import Aim
    from diptych.choreography.retime import Effort

    search = _search(desk)
    far = replace(search, shift=replace(search.shift, end=search.shift.end + _LATER))
    thorough = Effort(work=_THOROUGH * desk.policy.limit, gap=_GAP, quick=True)
    found = far.run(Aim(), thorough, None, stuck, keep=keep)
    return replace(found, stuck=found.stuck or tuple(stuck))


def _quick(desk: Desk) -> "Effort":
    """The first search: the more tasks there are, the less work of the solver a second does."""
    from diptych.choreography.retime import Effort

    ahead, loose = max(_FEW, len(desk.remainder.old)), bool(desk.remainder.loose)
    return Effort(work=_QUICK * desk.policy.limit / ahead, gap=_GAP, quick=True, linear=loose)


def _is_good(desk: Desk, plan: Replan) -> bool:
    """No search can better it by more than one looks for."""
    return desk.floor is not None and plan.cost <= (1 + _GAP) * desk.floor


def _stands(desk: Desk, plan: Replan) -> bool:
    """Nothing changes for anybody, and nothing was to come sooner."""
    return not plan.people and plan.shift == 0 and not desk.remainder.loose


def _is_best(desk: Desk, plan: Replan) -> bool:
    return plan.cost <= desk.policy.end_minute * desk.bound


def _improve(desk: Desk, first: Replan) -> tuple[Desk, Replan]:
    """The first plan, or a better one that a longer search finds; and its desk."""
    from diptych.choreography.replan_search import Aim

    if _stopped(desk) or _is_best(desk, first):
        return desk, first
    effort = _long(desk)
    found = _search(desk, desk.stop).run(Aim(), effort, _as_found(desk, first), keep=True)
    return _spared(desk, _better(first, _settled(desk, found)))


def _long(desk: Desk) -> "Effort":
    """A longer search for less cost: linear where appointments are open."""
    from diptych.choreography.retime import Effort

    loose = bool(desk.remainder.loose)
    return Effort(work=_IMPROVE * desk.policy.limit, quick=True, linear=loose)


def _as_found(desk: Desk, plan: Replan) -> "Found":
    """A plan as a search gives it: parts that were joined again are two."""
    from diptych.choreography.replan_search import NOTHING

    remainder = desk.remainder
    entries = {entry.task: entry for entry in plan.schedule.assignments}
    starts, ends, holders = {}, {}, {}
    for task in (task.id for task in remainder.procedure.tasks):
        whole = task
        while whole not in entries:
            whole = remainder.parts[whole]
        starts[task] = int(entries[task].start if task in entries else remainder.old[task].start)
        ends[task] = int(entries[whole].end)
        holders[task] = entries[whole].staff
    for second, first in remainder.parts.items():
        if second not in entries:
            ends[first] = starts[second]
    lengths = {task: ends[task] - starts[task] for task in starts}
    return replace(NOTHING, starts=starts, lengths=lengths, holders=holders, status="feasible")


def _find_earliest(desk: Desk, least: Replan) -> tuple[int, Replan]:
    """A bound of the end, and the cheapest of the plans that end as early as can be found."""
    from diptych.choreography.replan_search import Aim
    from diptych.choreography.retime import Effort

    if _stopped(desk) or _ends(least) <= desk.bound:
        return desk.bound, least
    search, effort = _search(desk, desk.stop), Effort(work=_IMPROVE * desk.policy.limit, cores=True)
    found = search.run(Aim(earliest=True), effort)
    bound = max(desk.bound, found.bound)
    soonest = _settled(desk, found)
    if soonest is None or _ends(soonest) >= _ends(least):
        return bound, least
    cheap = _settled(desk, search.run(Aim(latest=_ends(soonest)), _long(desk)))
    return bound, _better(soonest, cheap)


def _find_reserve(desk: Desk, known: Sequence[Replan], latest: int) -> Replan:
    """The most reserve for its cost among the plans known and one sought for it."""
    from diptych.choreography.replan_search import Aim

    worth = desk.policy.reserve_worth
    ways = list(known)
    if not _stopped(desk):
        effort = _long(desk)
        found = _settled(
            desk, _search(desk, desk.stop).run(Aim(latest=latest, reserve=True), effort)
        )
        ways += [found] if found is not None else []
    return min(ways, key=lambda way: way.cost - worth * way.reserve)


def _settled(desk: Desk, found: "Found") -> Replan | None:
    """The plan of what was found; None where nothing was, or the checker refuses it."""
    if not found.starts:
        return None
    schedule = settle(desk.remainder, found.starts, found.lengths, found.holders, desk.bound)
    return _replan(desk, schedule) if schedule.checked else None


def _replan(desk: Desk, schedule: Schedule) -> Replan:
    found = compare_plans(desk.before, desk.remainder, schedule, desk.policy)
    return Replan(
        schedule=schedule,
        people=found.people,
        tasks=found.tasks,
        cost=found.cost,
        reserve=measure_reserve(desk.remainder, schedule.assignments, desk.policy),
        shift=Minute(found.shift),
    )


def _better(one: Replan, other: Replan | None) -> Replan:
    return other if other is not None and other.cost < one.cost else one


def _ends(plan: Replan) -> int:
    return int(plan.schedule.makespan)


def _stopped(desk: Desk) -> bool:
    return desk.stop is not None and desk.stop()


def _with_bound(plan: Replan, bound: int) -> Replan:
    """The plan with the best bound known of its end."""
    schedule = plan.schedule
    proven = Minute(min(bound, schedule.makespan))
    status = "optimal" if proven == schedule.makespan else "feasible"
    return replace(plan, schedule=replace(schedule, bound=proven, status=status))
