"""What is left of the day as a model of constraints: starts, order, places, kit, people counted.

CP-SAT over starts (and open lengths of watches) with lags, places, kit, and one cumulative
for each band (`bands`) with its hours and absences. For each duty of the plan a literal says
whether its person keeps it; these literals share each person's time. Duties that nobody can
keep may be given to anybody who may hold them (`open_duties`). Who takes over the others is
found afterwards (`recrew`), so that what is proven here holds for the whole problem.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from diptych.choreography.bands import Band, find_bands
from diptych.choreography.remainder import Remainder, Span, demands_by_skill, graded
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.model import Precedence, SkillId, Staff, StaffId, Task, TaskId

Quantity = cp_model.LinearExpr | int
Duty = tuple[TaskId, SkillId, StaffId]
_LATEST = 180


@dataclass(kw_only=True)
class Ahead:
    """The model and its variables; tasks that ended before now have fixed numbers.

    held : duty -> that the person holds it; for duties of the plan, and for opened tasks
    own : person -> intervals of their duties, which must not overlap
    pauses : person -> intervals of their breaks, which no duty overlaps
    """

    model: cp_model.CpModel
    remainder: Remainder
    tasks: dict[TaskId, Task]
    horizon: int
    makespan: cp_model.IntVar
    starts: dict[TaskId, Quantity] = field(default_factory=dict)
    ends: dict[TaskId, Quantity] = field(default_factory=dict)
    sizes: dict[TaskId, Quantity] = field(default_factory=dict)
    intervals: dict[TaskId, cp_model.IntervalVar] = field(default_factory=dict)
    held: dict[Duty, cp_model.IntVar] = field(default_factory=dict)
    own: dict[StaffId, list[cp_model.IntervalVar]] = field(default_factory=dict)
    pauses: dict[StaffId, list[cp_model.IntervalVar]] = field(default_factory=dict)
    moved: list[cp_model.IntVar] = field(default_factory=list)


def build_ahead(remainder: Remainder, latest: int, drop: Collection[str] = ()) -> Ahead:
    """The model of what is left; `latest` is a minute at which a day without gain would end.

    `drop` names groups of rules to leave out (as in `rule_names`).
    """
    model = cp_model.CpModel()
    horizon = latest + _LATEST
    ahead = Ahead(
        model=model,
        remainder=remainder,
        tasks={task.id: task for task in remainder.procedure.tasks},
        horizon=horizon,
        makespan=model.new_int_var(0, horizon, ""),
    )
    for task in remainder.procedure.tasks:
        _add_task(ahead, task, drop)
    for rule in remainder.procedure.precedence:
        _add_rule(ahead, rule, drop)
    _add_rooms(ahead, drop)
    for band in find_bands(remainder.procedure):
        if band.name not in drop:
            _add_band(ahead, band, drop)
    return ahead


def lag_name(rule: Precedence) -> str:
    """The name of a longest wait, as `drop` takes it."""
    return f"lag:{rule.before}:{rule.after}"


def rule_names(remainder: Remainder) -> list[str]:
    """Names of the groups of rules that bear on what is left, each of which can be left out."""
    procedure = remainder.procedure
    left = [task for task in procedure.tasks if task.id not in remainder.begun]
    skills = dict.fromkeys(demand.skill for task in left for demand in task.demands)
    coming = {task.id for task in left}
    return [
        *(band.name for band in find_bands(procedure) if coming & set(band.asked)),
        *(f"kit:{k.id}" for k in procedure.equipment if any(k.id in t.equipment for t in left)),
        *(f"zone:{z.id}" for z in procedure.zones if any(z.id in t.zones for t in left)),
        *(f"hours:{skill}" for skill in skills),
        *(
            lag_name(rule)
            for rule in procedure.precedence
            if rule.max_lag is not None
            and rule.after in coming
            and rule.after not in remainder.pins
        ),
    ]


def _add_task(ahead: Ahead, task: Task, drop: Collection[str]) -> None:
    remainder, model = ahead.remainder, ahead.model
    entry, span = remainder.begun.get(task.id), remainder.lengths.get(task.id)
    if entry is not None and span is None:
        ahead.starts[task.id], ahead.ends[task.id] = int(entry.start), int(entry.end)
        if entry.end > remainder.now:
            length = int(entry.end - entry.start)
            ahead.intervals[task.id] = model.new_fixed_size_interval_var(
                int(entry.start), length, ""
            )
            model.add(ahead.makespan >= int(entry.end))
        return
    start = _start_of(ahead, task, drop)
    ahead.starts[task.id] = start
    if span is None:
        length = int(task.duration.planned)
        ahead.sizes[task.id] = length
        ahead.intervals[task.id] = model.new_fixed_size_interval_var(start, length, "")
        ahead.ends[task.id] = start + length
    else:
        size = ahead.sizes[task.id] = model.new_int_var(*span, "")
        end = ahead.ends[task.id] = model.new_int_var(remainder.now, ahead.horizon, "")
        ahead.intervals[task.id] = model.new_interval_var(start, size, end, "")
    model.add(ahead.makespan >= ahead.ends[task.id])


def _start_of(ahead: Ahead, task: Task, drop: Collection[str]) -> Quantity:
    remainder = ahead.remainder
    if task.id in remainder.begun:
        return int(remainder.begun[task.id].start)
    if task.id in remainder.pins:
        return int(remainder.pins[task.id])
    span = remainder.lengths.get(task.id)
    shortest = int(task.duration.planned) if span is None else span[0]
    return ahead.model.new_int_var_from_domain(_domain(ahead, task, shortest, drop), "")


def _domain(ahead: Ahead, task: Task, length: int, drop: Collection[str]) -> cp_model.Domain:
    """Starts at which enough people are there from the first to the last minute."""
    now = int(ahead.remainder.now)
    domain = cp_model.Domain(now, max(now, ahead.horizon - length))
    for demand in task.demands:
        if f"hours:{demand.skill}" in drop:
            continue
        windows = [
            (begin, end - length)
            for person in ahead.remainder.may_hold(task, demand.skill, demand.grade)
            for begin, end in ahead.remainder.left[person.id]
            if end - begin >= length
        ]
        domain = domain.intersection_with(_enough(windows, demand.count))
    return domain


def _enough(windows: Sequence[tuple[int, int]], count: int) -> cp_model.Domain:
    """The minutes that lie in at least `count` of the windows (both ends included)."""
    moments = sorted({minute for begin, end in windows for minute in (begin, end + 1)})
    return cp_model.Domain.from_intervals(
        [
            [begin, end - 1]
            for begin, end in pairwise(moments)
            if sum(1 for first, last in windows if first <= begin <= last) >= count
        ]
    )


def _add_rule(ahead: Ahead, rule: Precedence, drop: Collection[str]) -> None:
    start, end = ahead.starts[rule.after], ahead.ends[rule.before]
    if isinstance(start, int) and isinstance(end, int):
        if rule.after not in ahead.remainder.begun and start - end < rule.min_lag:
            ahead.model.add_bool_or([])
        return
    ahead.model.add(start - end >= int(rule.min_lag))
    if rule.max_lag is not None and lag_name(rule) not in drop:
        ahead.model.add(start - end <= int(rule.max_lag))


def _add_rooms(ahead: Ahead, drop: Collection[str]) -> None:
    procedure = ahead.remainder.procedure
    rooms = [
        (f"zone:{z.id}", z.capacity, {id: t.zones.get(z.id, 0) for id, t in ahead.tasks.items()})
        for z in procedure.zones
    ] + [
        (f"kit:{k.id}", k.count, {id: t.equipment.get(k.id, 0) for id, t in ahead.tasks.items()})
        for k in procedure.equipment
        if k.renewable
    ]
    for name, capacity, asked in rooms:
        users = {task: n for task, n in asked.items() if n and task in ahead.intervals}
        if name not in drop and any(task not in ahead.remainder.begun for task in users):
            ahead.model.add_cumulative(
                [ahead.intervals[task] for task in users], list(users.values()), capacity
            )
    for kit in procedure.equipment:
        used = sum(task.equipment.get(kit.id, 0) for task in ahead.tasks.values())
        if not kit.renewable and used > kit.count and f"kit:{kit.id}" not in drop:
            ahead.model.add_bool_or([])


def _add_band(ahead: Ahead, band: Band, drop: Collection[str]) -> None:
    users = {task: n for task, n in band.asked.items() if task in ahead.intervals}
    if not any(task not in ahead.remainder.begun for task in users):
        return
    intervals = [ahead.intervals[task] for task in users]
    demands = list(users.values())
    people = [ahead.remainder.procedure.staff[i] for i in band.people]
    if not any(f"hours:{skill}" in drop for skill, _ in band.lines):
        there = [ahead.remainder.left[person.id] for person in people]
        for begin, end, absent in _away(there, int(ahead.remainder.now), ahead.horizon):
            intervals.append(ahead.model.new_fixed_size_interval_var(begin, end - begin, ""))
            demands.append(absent)
    ahead.model.add_cumulative(intervals, demands, len(people))


def _away(there: Sequence[Sequence[Span]], now: int, horizon: int) -> list[tuple[int, int, int]]:
    """Stretches from now on with the number of people who are not there."""
    moments = sorted(
        {now, horizon} | {m for own in there for span in own for m in span if now < m < horizon}
    )
    found = []
    for begin, end in pairwise(moments):
        absent = sum(1 for own in there if not any(b <= begin and end <= e for b, e in own))
        if absent:
            found.append((begin, end, absent))
    return found


def add_keepers(ahead: Ahead) -> None:
    """A literal for each duty of the plan that its person may keep."""
    staff = {person.id: person for person in ahead.remainder.procedure.staff}
    for task, entry in ahead.remainder.old.items():
        for who, skill in entry.staff:
            asked = demands_by_skill(ahead.tasks[task]).get(skill, [])
            if any(staff[who].grade >= demand.grade for demand in asked):
                hold_duty(ahead, task, skill, staff[who])


def open_duties(ahead: Ahead, tasks: Collection[TaskId], skills: Collection[SkillId] = ()) -> None:
    """Let anybody who may hold them take the duties of these tasks (of these skills, if given)."""
    for task in (task for task in ahead.tasks.values() if task.id in tasks):
        for skill, asked in demands_by_skill(task).items():
            if skills and skill not in skills:
                continue
            least = min(demand.grade for demand in asked)
            able = ahead.remainder.may_hold(task, skill, least)
            held = {person.id: hold_duty(ahead, task.id, skill, person) for person in able}
            ahead.model.add(sum(held.values()) == sum(demand.count for demand in asked))
            grade = {person.id: person.grade for person in able}
            for bar, count in graded(asked):
                ahead.model.add(sum(v for who, v in held.items() if grade[who] >= bar) >= count)


def hold_duty(ahead: Ahead, task: TaskId, skill: SkillId, person: Staff) -> cp_model.IntVar:
    """The literal that the person holds the duty, with their hours; made once."""
    duty = (task, skill, person.id)
    if duty not in ahead.held:
        held = ahead.held[duty] = ahead.model.new_bool_var("")
        start, end = ahead.starts[task], ahead.ends[task]
        ahead.model.add(start >= int(person.start)).only_enforce_if(held)
        ahead.model.add(end <= int(person.end)).only_enforce_if(held)
        ahead.own.setdefault(person.id, []).append(
            ahead.model.new_optional_interval_var(start, ahead.sizes[task], end, held, "")
        )
    return ahead.held[duty]


def seal_people(ahead: Ahead) -> None:
    """Nobody has two duties at once, or one while they are away. To be called once, last.

    Who is away may rest then.
    """
    remainder = ahead.remainder
    for task, entry in remainder.begun.items():
        for who, _ in entry.staff if task in ahead.intervals else ():
            if who in ahead.own:
                ahead.own[who].append(ahead.intervals[task])
    for person in remainder.procedure.staff:
        if person.id in ahead.own:
            gaps = [
                ahead.model.new_fixed_size_interval_var(int(b), int(e - b), "")
                for b, e in person.absences
                if e > remainder.now
            ]
            ahead.model.add_no_overlap([*ahead.own[person.id], *gaps])
        if person.id in ahead.pauses:
            ahead.model.add_no_overlap([*ahead.own.get(person.id, ()), *ahead.pauses[person.id]])


def measure_cost(ahead: Ahead, policy: ReplanPolicy) -> Quantity:
    """End of the day, shifts, given-up duties and people to tell, as the policy weighs them.

    People who take over without being in the model are not counted: a lower bound.
    """
    for task, entry in ahead.remainder.old.items():
        if task in ahead.remainder.loose:
            continue
        _add_moved(ahead, ahead.starts[task], entry.start)
        if task in ahead.remainder.lengths:
            _add_moved(ahead, ahead.ends[task], entry.end)
    for task in ahead.remainder.lengths:
        if task in ahead.remainder.begun and task not in ahead.remainder.loose:
            _add_moved(ahead, ahead.ends[task], ahead.remainder.begun[task].end)
    price = duty_prices(ahead.remainder, policy)
    given_up = [(1 - held) * price[duty] for duty, held in ahead.held.items() if duty in price]
    told = [
        policy.telling(concerned=who in ahead.remainder.concerned) * touched
        for who, touched in touch_people(ahead, price).items()
    ]
    return policy.end_minute * ahead.makespan + sum(ahead.moved) + sum(given_up) + sum(told)


def touch_people(ahead: Ahead, planned: Collection[Duty]) -> dict[StaffId, cp_model.IntVar]:
    """A literal for each person: some duty of theirs changes."""
    touched: dict[StaffId, cp_model.IntVar] = {}
    for duty, held in ahead.held.items():
        if duty[0] in ahead.remainder.begun:
            continue
        if duty[2] not in touched:
            touched[duty[2]] = ahead.model.new_bool_var("")
        who = touched[duty[2]]
        ahead.model.add_implication(held.negated() if duty in planned else held, who)
    return touched


def _add_moved(ahead: Ahead, is_now: Quantity, was: int) -> None:
    if isinstance(is_now, int):
        return
    moved = ahead.model.new_int_var(0, ahead.horizon, "")
    ahead.model.add(moved >= is_now - int(was))
    ahead.model.add(moved >= int(was) - is_now)
    ahead.moved.append(moved)


def duty_prices(remainder: Remainder, policy: ReplanPolicy) -> dict[Duty, int]:
    """What it costs to take each planned duty from its person, by role and planned lead time."""
    role = {person.id: person.role for person in remainder.procedure.staff}
    return {
        (task, skill, who): policy.change_cost(role[who], max(0, entry.start - remainder.now))
        for task, entry in remainder.old.items()
        for who, skill in entry.staff
    }


def hint_plan(
    ahead: Ahead,
    starts: Mapping[TaskId, int],
    lengths: Mapping[TaskId, int],
    holders: Mapping[TaskId, Sequence[tuple[StaffId, SkillId]]] | None = None,
) -> None:
    """Tell the search these starts and lengths as a first guess; people as given, or planned."""
    old = {task: entry.staff for task, entry in ahead.remainder.old.items()}
    guess = {(t, skill, who) for t, own in (holders or old).items() for who, skill in own}
    for task, start in starts.items():
        variable = ahead.starts.get(task)
        if isinstance(variable, cp_model.IntVar):
            ahead.model.add_hint(variable, start)
        size = ahead.sizes.get(task)
        if isinstance(size, cp_model.IntVar):
            ahead.model.add_hint(size, lengths[task])
    for duty, held in ahead.held.items():
        ahead.model.add_hint(held, duty in guess)
