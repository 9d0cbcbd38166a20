"""The operation day as one CP-SAT model with named people: every rule that the checker knows.

Written as a modeller would write it first, and not badly: integer starts between 0 and the
last minute at which anybody is there; an interval for each task (an optional one for each way
of a task with several); waits as linear inequalities; cumulatives for places and kit, a sum for
each stock; a literal for each person who may hold a duty; sums of these for counts, grades and
leaders; redundant cumulatives over the people of each skill, and of each skill and colour; for
each person one no-overlap of optional duties, hours, absences and breaks, a sum for the longest
work, first and last minute for the longest span. Breaks are intervals: each duty wants one that
begins soon enough after its start, sooner where the stretch touches the low of the night.
It shares no code with the solver under `diptych.choreography`, and has none of its ideas: no
levels, no groups, no Hall sets, no hints. The objective is the last minute.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from diptych.model import Assignment, Minute, Subject

DAY = 1440


@dataclass(kw_only=True)
class Plain:
    """The model and its variables.

    chosen : task -> literal of each way; empty where there is one way
    held : task -> (skill, person's place) -> literal
    on : person's place -> (task, literal that the person is on it, with any skill)
    behind : task -> literals that it starts after each low of the night
    """

    procedure: object
    model: cp_model.CpModel
    horizon: int
    starts: dict = field(default_factory=dict)
    ends: dict = field(default_factory=dict)
    chosen: dict = field(default_factory=dict)
    intervals: dict = field(default_factory=dict)
    held: dict = field(default_factory=dict)
    on: dict = field(default_factory=dict)
    behind: dict = field(default_factory=dict)


def build(procedure):
    """The whole model, its objective set."""
    horizon = max(person.end for person in procedure.staff)
    plain = Plain(procedure=procedure, model=cp_model.CpModel(), horizon=horizon)
    makespan = plain.model.new_int_var(0, horizon, "makespan")
    for task in procedure.tasks:
        _add_task(plain, task)
        plain.model.add(makespan >= plain.ends[task.id])
    for rule in procedure.precedence:
        gap = plain.starts[rule.after] - plain.ends[rule.before]
        plain.model.add(gap >= rule.min_lag)
        if rule.max_lag is not None:
            plain.model.add(gap <= rule.max_lag)
    _add_things(plain)
    for task in procedure.tasks:
        _add_demands(plain, task)
    _add_headcounts(plain)
    lows = _lows(procedure, horizon)
    for task in procedure.tasks:
        after = [_that(plain.model, plain.starts[task.id] >= end) for _, end in lows]
        plain.behind[task.id] = after
    for place in sorted(plain.on):
        _add_person(plain, place)
    plain.model.minimize(makespan)
    return plain


def _ways(task):
    return [task.in_mode(mode) for mode in range(1 + len(task.modes))]


def _add_task(plain, task):
    model, lengths = plain.model, [way.duration.planned for way in _ways(task)]
    start = model.new_int_var(0, plain.horizon - min(lengths), "")
    plain.starts[task.id], plain.chosen[task.id] = start, []
    if len(lengths) == 1:
        plain.ends[task.id] = start + lengths[0]
        plain.intervals[task.id] = [model.new_fixed_size_interval_var(start, lengths[0], "")]
        return
    chosen = [model.new_bool_var("") for _ in lengths]
    model.add_exactly_one(chosen)
    end = model.new_int_var(0, plain.horizon, "")
    plain.chosen[task.id], plain.ends[task.id] = chosen, end
    plain.intervals[task.id] = [
        model.new_optional_interval_var(start, length, end, literal, "")
        for length, literal in zip(lengths, chosen, strict=True)
    ]


def _add_things(plain):
    """Places and kit as cumulatives, stocks as sums."""
    procedure = plain.procedure
    for zone in procedure.zones:
        _add_cumulative(plain, lambda way, id=zone.id: way.zones.get(id, 0), zone.capacity)
    for kit in procedure.equipment:

        def need(way, id=kit.id):
            return way.equipment.get(id, 0)

        if kit.renewable:
            _add_cumulative(plain, need, kit.count)
        else:
            plain.model.add(
                sum(
                    need(way) * literal
                    for task in procedure.tasks
                    for way, literal in zip(_ways(task), plain.chosen[task.id] or [1], strict=True)
                )
                <= kit.count
            )


def _add_cumulative(plain, need, capacity):
    users = [
        (interval, need(way))
        for task in plain.procedure.tasks
        for way, interval in zip(_ways(task), plain.intervals[task.id], strict=True)
        if need(way)
    ]
    if users:
        plain.model.add_cumulative([one for one, _ in users], [n for _, n in users], capacity)


def _may_serve(person, task):
    return task.subject not in (Subject.A, Subject.B) or person.team in (str(task.subject), "both")


def _add_demands(plain, task):
    """As many people for each skill as the way taken asks for, senior enough, each once."""
    model, ways, held = plain.model, _ways(task), {}
    for skill in dict.fromkeys(demand.skill for way in ways for demand in way.demands):
        able = {
            place: model.new_bool_var("")
            for place, person in enumerate(plain.procedure.staff)
            if skill in person.skills and _may_serve(person, task)
        }
        held |= {(skill, place): literal for place, literal in able.items()}
        for mode, way in enumerate(ways):
            enforced = plain.chosen[task.id][mode : mode + 1]
            demands = [one for one in way.demands if one.skill == skill]
            _ask(plain, able, demands, enforced)
    plain.held[task.id] = held
    by_person = {}
    for (_, place), literal in held.items():
        by_person.setdefault(place, []).append(literal)
    for place, mine in by_person.items():
        one = mine[0]
        if len(mine) > 1:
            one = model.new_bool_var("")
            model.add(sum(mine) == one)
        plain.on.setdefault(place, []).append((task, one))


def _ask(plain, able, demands, enforced):
    """Counts, grades and leaders of one skill; able : person's place -> literal."""

    def seniors(grade):
        staff = plain.procedure.staff
        return sum(literal for place, literal in able.items() if staff[place].grade >= grade)

    model = plain.model
    model.add(seniors(0) == sum(one.count for one in demands)).only_enforce_if(*enforced)
    for grade in sorted({one.grade for one in demands if one.grade}):
        count = sum(one.count for one in demands if one.grade >= grade)
        model.add(seniors(grade) >= count).only_enforce_if(*enforced)
    for leader in sorted({one.leader for one in demands if one.leader and one.count}):
        model.add(seniors(leader) >= 1).only_enforce_if(*enforced)


def _add_headcounts(plain):
    """No more people of a skill at once than there are, of either colour and of each."""
    staff = plain.procedure.staff
    tasks = plain.procedure.tasks
    skills = dict.fromkeys(d.skill for task in tasks for way in _ways(task) for d in way.demands)
    for skill in skills:
        for teams in (("A", "B", "both"), ("A", "both"), ("B", "both")):
            there = sum(1 for one in staff if skill in one.skills and one.team in teams)

            def need(way, skill=skill, teams=teams):
                colour = str(way.subject)
                if len(teams) == 2 and colour != teams[0]:
                    return 0
                return sum(demand.count for demand in way.demands if demand.skill == skill)

            _add_cumulative(plain, need, there)


def _add_person(plain, place):
    """Hours, absences, one duty at a time and every rest rule of one person."""
    model, person, rest = plain.model, plain.procedure.staff[place], plain.procedure.rest
    own, duties = plain.on[place], []
    for task, literal in own:
        start, end = plain.starts[task.id], plain.ends[task.id]
        lengths = [way.duration.planned for way in _ways(task)]
        length = lengths[0]
        if len(lengths) > 1:
            length = model.new_int_var(min(lengths), max(lengths), "")
        duties.append(model.new_optional_interval_var(start, length, end, literal, ""))
        model.add(start >= person.start).only_enforce_if(literal)
        model.add(end <= person.end).only_enforce_if(literal)
    gone = [model.new_fixed_size_interval_var(b, e - b, "") for b, e in person.absences]
    if gone:
        model.add_no_overlap([*duties, *gone])
    if rest is not None:
        _add_work_and_span(plain, rest, own)
        duties += _add_breaks(plain, person, rest, own)
    model.add_no_overlap(duties)


def _add_work_and_span(plain, rest, own):
    model = plain.model
    worked = [literal * task.duration.planned for task, literal in own if not task.modes]
    for task, literal in own:
        for way, chosen in zip(_ways(task), plain.chosen[task.id], strict=False):
            both = model.new_bool_var("")
            model.add_bool_or([both, literal.negated(), chosen.negated()])
            worked.append(both * way.duration.planned)
    model.add(sum(worked) <= rest.longest_work)
    if rest.longest_span is not None:
        first = model.new_int_var(0, plain.horizon, "")
        last = model.new_int_var(0, plain.horizon, "")
        model.add(last - first <= rest.longest_span)
        for task, literal in own:
            model.add(first <= plain.starts[task.id]).only_enforce_if(literal)
            model.add(last >= plain.ends[task.id]).only_enforce_if(literal)


def _lows(procedure, horizon):
    """The low of each night, in minutes of the day."""
    rest = procedure.rest
    if rest is None or rest.low is None:
        return []
    hours, minutes = procedure.day_start.split(":")
    opening = 60 * int(hours) + int(minutes)
    spans = [
        (rest.low[0] - opening + DAY * night, rest.low[1] - opening + DAY * night)
        for night in range(-1, 2 + (horizon + opening) // DAY)
    ]
    return [(begin, end) for begin, end in spans if begin < horizon and end > 0]


def _add_breaks(plain, person, rest, own):
    """The person's breaks: for each duty one that begins before the stretch is too long.

    That is within the longest stretch after the duty's start, and within the shorter one of
    the low unless the break begins before the low or the duty starts after it.
    """
    model, lows = plain.model, _lows(plain.procedure, plain.horizon)
    stretch = rest.longest_stretch if rest.low_stretch is None else rest.low_stretch
    number = 2 + 2 * min(person.end - person.start, rest.longest_work) // stretch
    latest = person.end + number * rest.shortest_break
    moments = [model.new_int_var(person.start, latest, "") for _ in range(number)]
    for one, two in pairwise(moments):
        model.add(two >= one + rest.shortest_break)
    before = [[_that(model, moment <= begin) for begin, _ in lows] for moment in moments]
    for task, literal in own:
        start, ways = plain.starts[task.id], []
        for moment, early in zip(moments, before, strict=True):
            way = _that(model, moment >= start)
            model.add(moment <= start + rest.longest_stretch).only_enforce_if(way)
            ways.append(way)
            if lows:
                short = _that(model, moment <= start + rest.low_stretch)
                for one, two in zip(early, plain.behind[task.id], strict=True):
                    model.add_bool_or([short, one, two, way.negated()])
        model.add_bool_or([*ways, literal.negated()])
    return [model.new_fixed_size_interval_var(m, rest.shortest_break, "") for m in moments]


def _that(model, condition):
    """A literal that can only be true where the condition holds."""
    literal = model.new_bool_var("")
    model.add(condition).only_enforce_if(literal)
    return literal


def read(plain, value):
    """The assignments of a solution; `value` gives the value of a variable."""
    entries = []
    for task in plain.procedure.tasks:
        chosen = plain.chosen[task.id]
        mode = next((k for k, literal in enumerate(chosen) if value(literal)), 0)
        start = int(value(plain.starts[task.id]))
        staff = tuple(
            (plain.procedure.staff[place].id, skill)
            for (skill, place), literal in plain.held[task.id].items()
            if value(literal)
        )
        length = task.in_mode(mode).duration.planned
        entries.append(
            Assignment(
                task=task.id,
                start=Minute(start),
                end=Minute(start + length),
                staff=staff,
                mode=mode,
            )
        )
    return entries
