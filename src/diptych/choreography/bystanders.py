"""People not concerned by what happened, left in peace where a watch can make room.

Times are first found without those who take over, so a plan may call three people where one
would do. Here one group of people is looked at again: its watches and courses may move and
change hands, all else stays at its minute. A watch that the longer day adds need not be the
last of its chain: put in earlier, it relieves whoever is still held elsewhere, who then keeps
what the plan gave them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ortools.sat.python import cp_model

from diptych.choreography.ahead import (
    Ahead,
    build_ahead,
    hint_plan,
    hold_duty,
    measure_cost,
    rule_names,
    seal_people,
)
from diptych.choreography.bands import Line, find_bands
from diptych.choreography.crews import side_of
from diptych.choreography.rejoin import count_breaks, rest_person
from diptych.choreography.relief import next_task
from diptych.choreography.remainder import (
    Remainder,
    Span,
    demands_by_skill,
    graded,
    with_length,
)
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.choreography.replan_search import Found
from diptych.choreography.retime import FOUND, Effort, new_solver, run_solver
from diptych.model import (
    Assignment,
    Minute,
    PersonChange,
    Precedence,
    SkillId,
    StaffId,
    Task,
    TaskId,
)

_WORK = 0.03
"""Work of the solver for one look, as a share of the policy's limit (assumption)."""
_GAP = 0.0005
"""Share of the cost that one look may leave on the table (assumption)."""
_MOST = 400
"""Choices of a person for a duty, times breaks, beyond which no look is taken (assumption)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place in a chain of watches for one more: after `into.before`, before all of `out`.

    watch : the watch that may be put there
    into, out : its rules if it is there; without : the rules that hold if it is not
    """

    watch: Task
    into: Precedence
    out: tuple[Precedence, ...]
    without: tuple[Precedence, ...]


@dataclass(kw_only=True)
class Look:
    """The model of one group. there : the watch of a slot -> that it is put there."""

    ahead: Ahead
    group: Collection[Line]
    slots: Sequence[Slot]
    there: dict[TaskId, cp_model.IntVar] = field(default_factory=dict)


def share_of_bystanders(remainder: Remainder, changes: Sequence[PersonChange]) -> float:
    """Of the people whom nothing that happened concerns, the share for whom a duty changes."""
    others = {one.id for one in remainder.procedure.staff} - remainder.concerned
    return len({one.staff for one in changes} & others) / max(1, len(others))


def spare_bystanders(
    remainder: Remainder, found: Found, group: Sequence[Line], since: int, policy: ReplanPolicy
) -> tuple[Remainder, Found] | None:
    """The plan with this group's watches, courses and people found again, as cheap as can be.

    What begins before `since` stays as found. The remainder comes back with the watches that
    are then in its chains. None where the group has no watches ahead, is too large for a quick
    look, or nothing was found within a small count of work.
    """
    fixed = begin_later(remainder, found, since)
    slots = find_slots(fixed, group, policy)
    if not slots or _measure_size(fixed, found, group, slots) > _MOST:
        return None
    look = Look(ahead=_build(fixed, found, group, slots), group=group, slots=slots)
    for slot in slots:
        add_slot(look, slot, policy)
    add_people(look)
    hint_plan(look.ahead, found.starts, found.lengths, found.holders)
    for watch, there in look.there.items():
        look.ahead.model.add_hint(there, watch in found.starts)
    cost = measure_cost(look.ahead, _told_later(policy, since, remainder.now))
    look.ahead.model.minimize(cost + policy.change * sum(look.there.values()))
    solver = _plain_solver(policy)
    status = run_solver(solver, look.ahead.model, None)
    return _read(remainder, found, look, solver, policy) if status in FOUND else None


def _plain_solver(policy: ReplanPolicy) -> cp_model.CpSolver:
    solver = new_solver(policy, Effort(work=_WORK * policy.limit, gap=_GAP))
    solver.parameters.cp_model_presolve = False
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    solver.parameters.linearization_level = 0
    return solver


def add_people(look: Look) -> None:
    """Who may hold what of the group, one duty at a time, with rest."""
    own, rest = _open(look), look.ahead.remainder.procedure.rest
    if rest is not None:
        for who, duties in own.items():
            rest_person(look.ahead, who, duties, rest)
    seal_people(look.ahead)


def begin_later(remainder: Remainder, found: Found, since: int) -> Remainder:
    """The remainder as if it were `since` already, and all had gone as found until then."""
    now = max(int(remainder.now), since)
    early = {
        task: Assignment(
            task=task,
            start=Minute(start),
            end=Minute(start + found.lengths[task]),
            staff=tuple(found.holders.get(task, ())),
        )
        for task, start in found.starts.items()
        if start < now and task not in remainder.begun
    }
    return replace(
        remainder,
        now=Minute(now),
        begun={**remainder.begun, **early},
        old={task: entry for task, entry in remainder.old.items() if task not in early},
        lengths={
            task: span
            for task, span in remainder.lengths.items()
            if task not in early and found.starts[task] + found.lengths[task] > now
        },
        left={
            who: tuple((begin, end) for begin, end in spans if end > now)
            for who, spans in remainder.left.items()
        },
    )


def _told_later(policy: ReplanPolicy, since: int, now: int) -> ReplanPolicy:
    """The policy whose prices at `since` are those of changes told at `now`."""
    ahead = max(0, since - now)
    return replace(policy, soon=Minute(policy.soon - ahead), later=Minute(policy.later - ahead))


def _measure_size(
    remainder: Remainder, found: Found, group: Collection[Line], slots: Sequence[Slot]
) -> int:
    """Pairs of a duty of the group to come and a person who may hold it, times their breaks."""
    tasks = {task.id: task for task in remainder.procedure.tasks if task.id not in remainder.begun}
    tasks |= {slot.watch.id: slot.watch for slot in slots}
    pairs = sum(
        sum(bool(remainder.left[who.id]) for who in remainder.may_hold(task, skill))
        for task in tasks.values()
        for skill in demands_by_skill(task)
        if (skill, side_of(task)) in group
    )
    rest = remainder.procedure.rest
    return pairs * (1 if rest is None else count_breaks(rest, int(remainder.now), found.end))


def find_slots(remainder: Remainder, group: Collection[Line], policy: ReplanPolicy) -> list[Slot]:
    """Between every two watches of the group of which the second has not begun, and at the end.

    At the end there is a slot only for a watch that the longer day adds already.
    """
    tasks = {task.id: task for task in remainder.procedure.tasks}
    order = remainder.procedure.precedence
    known = dict(tasks)
    slots: list[Slot] = []
    for rule in order:
        if not _hands_over(remainder, tasks, rule, group):
            continue
        out = tuple(one for one in order if one.before == rule.after)
        if remainder.is_added(rule.after) and all(tasks[one.after].step for one in out):
            without = tuple(replace(one, before=rule.before) for one in out)
            slots.append(Slot(watch=tasks[rule.after], into=rule, out=out, without=without))
            continue
        watch = with_length(next_task(known, rule.after, 1), int(policy.shortest_watch))
        known[watch.id] = watch
        into, onward = replace(rule, after=watch.id), replace(rule, before=watch.id)
        slots.append(Slot(watch=watch, into=into, out=(onward,), without=(rule,)))
    return slots


def _hands_over(
    remainder: Remainder, tasks: Mapping[TaskId, Task], rule: Precedence, group: Collection[Line]
) -> bool:
    """The rule lets a watch of the group hand over to one that has not begun."""
    before, after = tasks[rule.before], tasks[rule.after]
    back_to_back = rule.min_lag < 0 and rule.max_lag is not None and rule.max_lag <= 0
    return (
        back_to_back
        and before.step == after.step == 0
        and after.id not in remainder.begun
        and after.id in remainder.lengths
        and bool(_lines(after) & set(group))
    )


def _lines(task: Task) -> set[Line]:
    return {(demand.skill, side_of(task)) for demand in task.demands}


def _build(
    remainder: Remainder, found: Found, group: Sequence[Line], slots: Sequence[Slot]
) -> Ahead:
    """The model in which only watches and courses of the group may move; slots left out."""
    lines, bare = set(group), leave_out_slots(remainder, slots)
    free = {task.id for task in bare.procedure.tasks if not task.step and _lines(task) & lines}
    tasks = tuple(
        task
        if task.id in free and task.id not in remainder.begun
        else with_length(task, found.lengths[task.id])
        for task in bare.procedure.tasks
    )
    begun = {
        task: entry
        if task in free & bare.lengths.keys()
        else replace(entry, end=Minute(entry.start + found.lengths[task]))
        for task, entry in remainder.begun.items()
    }
    pins = {
        task.id: Minute(found.starts[task.id])
        for task in tasks
        if task.id not in free and task.id not in begun
    }
    fixed = replace(
        bare,
        procedure=replace(bare.procedure, tasks=tasks),
        begun=begun,
        pins=pins,
        lengths={task: span for task, span in bare.lengths.items() if task in free},
    )
    moving = [task for task in tasks if task.id in free and task.id not in begun]
    drop = set(_idle_rules(fixed, lines, moving))
    return build_ahead(fixed, found.end, drop)


def leave_out_slots(remainder: Remainder, slots: Sequence[Slot]) -> Remainder:
    """The remainder without the watches of the slots and without every rule they may change."""
    gone = {slot.watch.id for slot in slots}
    manual = {rule for slot in slots for rule in (slot.into, *slot.out, *slot.without)}
    procedure = replace(
        remainder.procedure,
        tasks=tuple(task for task in remainder.procedure.tasks if task.id not in gone),
        precedence=tuple(
            rule
            for rule in remainder.procedure.precedence
            if rule not in manual and rule.before not in gone and rule.after not in gone
        ),
    )
    lengths = {task: span for task, span in remainder.lengths.items() if task not in gone}
    return replace(remainder, procedure=procedure, lengths=lengths)


def _idle_rules(fixed: Remainder, lines: set[Line], moving: Sequence[Task]) -> list[str]:
    """Rules on people, places and kit that nothing that moves can break."""
    zones = {f"zone:{zone}" for task in moving for zone in task.zones}
    kit = {f"kit:{kit}" for task in moving for kit in task.equipment}
    bands = {band.name for band in find_bands(fixed.procedure) if lines & set(band.lines)}
    kept = zones | kit | bands
    return [
        name
        for name in rule_names(fixed)
        if name.partition(":")[0] in ("people", "zone", "kit") and name not in kept
    ]


def add_slot(look: Look, slot: Slot, policy: ReplanPolicy) -> None:
    """The watch that may be put there, and the rules with it and without it.

    It counts in no place, kit or band, whose rules are in the model before: what is found must
    be checked.
    """
    ahead, model, watch = look.ahead, look.ahead.model, slot.watch.id
    there = look.there[watch] = model.new_bool_var("")
    now = int(ahead.remainder.now)
    start = model.new_int_var(now, ahead.horizon, "")
    end = model.new_int_var(now, ahead.horizon, "")
    size = model.new_int_var(*_span_of(policy), "")
    ahead.tasks[watch] = slot.watch
    ahead.starts[watch], ahead.ends[watch], ahead.sizes[watch] = start, end, size
    ahead.intervals[watch] = model.new_optional_interval_var(start, size, end, there, "")
    model.add(end == start + size)
    for rule in (slot.into, *slot.out):
        _enforce(ahead, rule, there, there.negated())
    for rule in slot.without:
        _enforce(ahead, rule, there.negated(), there)
    for rule in slot.out:
        if rule.after in ahead.intervals and not ahead.tasks[rule.after].step:
            gap = ahead.starts[rule.after] - ahead.ends[slot.into.before]
            model.add(gap >= 0).only_enforce_if(there)


def _span_of(policy: ReplanPolicy) -> Span:
    """Least and most minutes of a watch that is put in."""
    return int(policy.shortest_watch), int(policy.longest_watch)


def _enforce(
    ahead: Ahead, rule: Precedence, when: cp_model.LiteralT, unless: cp_model.LiteralT
) -> None:
    gap = ahead.starts[rule.after] - ahead.ends[rule.before]
    if isinstance(gap, int):
        kept = rule.min_lag <= gap and (rule.max_lag is None or gap <= rule.max_lag)
        if not kept:
            ahead.model.add_bool_or([unless])
        return
    ahead.model.add(gap >= int(rule.min_lag)).only_enforce_if(when)
    if rule.max_lag is not None:
        ahead.model.add(gap <= int(rule.max_lag)).only_enforce_if(when)


def _open(look: Look) -> dict[StaffId, dict[TaskId, list[cp_model.IntVar]]]:
    """Who may hold which duty of the group: person -> task -> that they hold it."""
    ahead, remainder = look.ahead, look.ahead.remainder
    own: dict[StaffId, dict[TaskId, list[cp_model.IntVar]]] = {}
    for task in list(ahead.tasks.values()):
        if task.id in remainder.begun:
            continue
        for skill in demands_by_skill(task):
            if (skill, side_of(task)) in look.group:
                for who, held in _open_duty(look, task, skill).items():
                    own.setdefault(who, {}).setdefault(task.id, []).append(held)
    return own


def _open_duty(look: Look, task: Task, skill: SkillId) -> dict[StaffId, cp_model.IntVar]:
    """As many people of that skill as the task wants; nobody for a watch that is not put in."""
    ahead, remainder = look.ahead, look.ahead.remainder
    asked, there = demands_by_skill(task)[skill], look.there.get(task.id, 1)
    able = remainder.may_hold(task, skill, min(demand.grade for demand in asked))
    able = [person for person in able if _could_be_there(ahead, task, person.id)]
    held = {person.id: hold_duty(ahead, task.id, skill, person) for person in able}
    ahead.model.add(sum(held.values()) == sum(demand.count for demand in asked) * there)
    for bar, number in graded(asked):
        senior = sum(held[person.id] for person in able if person.grade >= bar)
        ahead.model.add(senior >= number * there)
    return held


def _could_be_there(ahead: Ahead, task: Task, who: StaffId) -> bool:
    """Fixed tasks: from the first to the last minute; others: at some time."""
    start, end = ahead.starts[task.id], ahead.ends[task.id]
    if isinstance(start, int) and isinstance(end, int):
        return ahead.remainder.is_there(who, (start, end))
    return bool(ahead.remainder.left[who])


def _read(
    remainder: Remainder,
    found: Found,
    look: Look,
    solver: cp_model.CpSolver,
    policy: ReplanPolicy,
) -> tuple[Remainder, Found]:
    """The remainder with the watches that were put in, and the plan found for it."""
    ahead = look.ahead
    used = {task for task, there in look.there.items() if solver.value(there)}
    left = _with_slots(remainder, look.slots, used, _span_of(policy))
    here = dict.fromkeys(task.id for task in left.procedure.tasks)
    starts = {task: int(solver.value(ahead.starts[task])) for task in here}
    ends = {task: int(solver.value(ahead.ends[task])) for task in here}
    holders = {
        task: tuple(
            one
            for one in people
            if task in ahead.remainder.begun
            or (one[1], side_of(ahead.tasks[task])) not in look.group
        )
        for task, people in found.holders.items()
        if task in here
    }
    for (task, skill, who), held in ahead.held.items():
        if task in here and solver.value(held):
            holders[task] = (*holders.get(task, ()), (who, skill))
    lengths = {task: ends[task] - starts[task] for task in here}
    return left, replace(found, starts=starts, lengths=lengths, holders=holders)


def _with_slots(
    remainder: Remainder, slots: Sequence[Slot], used: Collection[TaskId], span: Span
) -> Remainder:
    """The remainder whose chains have the watches of the used slots, and of no other."""
    tasks = {task.id: task for task in remainder.procedure.tasks}
    order = list(remainder.procedure.precedence)
    lengths: dict[TaskId, Span] = dict(remainder.lengths)
    for slot in slots:
        watch = slot.watch.id
        rules = {slot.into, *slot.out, *slot.without}
        order = [rule for rule in order if rule not in rules]
        tasks.pop(watch, None)
        if watch not in used:
            order += slot.without
            lengths.pop(watch, None)
            continue
        order += (slot.into, *slot.out)
        tasks[watch] = slot.watch
        lengths.setdefault(watch, span)
    procedure = replace(remainder.procedure, tasks=tuple(tasks.values()), precedence=tuple(order))
    return replace(remainder, procedure=procedure, lengths=lengths)
