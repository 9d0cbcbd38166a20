"""Why the day cannot go on with every rule kept, in words: which rule to relax.

First what can be counted (more people or kit wanted at one minute than there are); then a
smallest set of rules that conflict, found by halving (QuickXplain, Junker 2004); then the
rest of groups of people for which no times were found.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from diptych.choreography.bands import Band, Line, find_bands, find_groups
from diptych.choreography.conflict import smallest_conflict
from diptych.choreography.policy import clock_text
from diptych.choreography.remainder import Remainder, Span
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.choreography.resting import REST_RULES
from diptych.choreography.shift import Shift
from diptych.model import Infeasible, Rest, SkillId, StaffId, TaskId

_NAMED = 4
_WHOLE_PROOF, _PART_PROOF = 0.1, 0.02
_LATER = 480


def refuse(rules: Sequence[str]) -> Infeasible:
    """The error that names the rules of which one must give way."""
    return Infeasible(
        "the day cannot go on with every rule kept: " + "; ".join(rules),
        remedy="relax one of the rules named: call somebody in, bring kit, let a wait be longer,"
        " or leave a task out",
        conflicts=rules,
    )


def find_deadlock(
    remainder: Remainder,
    policy: ReplanPolicy,
    shift: Shift,
    stuck: Sequence[Sequence[Line]],
) -> tuple[str, ...]:
    """The rules that conflict, in words; never empty. `stuck`: groups that found no way."""
    return (
        count_short(remainder)
        or _contradiction(remainder, policy, shift, stuck)
        or _tired_group(remainder, policy, shift, stuck)
        or tuple(_tired(remainder, group, REST_RULES, proven=False) for group in stuck)
        or ("no way was found within the search limit; it is not proven that there is none",)
    )


def count_short(remainder: Remainder) -> tuple[str, ...]:
    """People and kit of whom tasks that cannot be moved want more than are there; in words."""
    fixed = _fixed_spans(remainder)
    return (*_short_people(remainder, fixed), *_short_kit(remainder, fixed))


def _fixed_spans(remainder: Remainder) -> dict[TaskId, Span]:
    """Minutes from now on of tasks that cannot be moved: under way, pinned, bound to follow."""
    now, lengths = int(remainder.now), _lengths(remainder)
    spans = {
        task: (now, int(entry.end))
        for task, entry in remainder.begun.items()
        if entry.end > now and task not in remainder.lengths
    }
    spans |= {task: (int(at), int(at) + lengths[task]) for task, at in remainder.pins.items()}
    for rule in remainder.procedure.precedence:
        bound = rule.max_lag is not None and rule.max_lag == rule.min_lag == 0
        if bound and rule.before in spans and rule.after in remainder.parts:
            start = spans[rule.before][1]
            spans[rule.after] = (start, start + lengths[rule.after])
        elif bound and rule.after in remainder.parts and rule.before in remainder.begun:
            spans[rule.after] = (now, now + lengths[rule.after])
    return spans


def _lengths(remainder: Remainder) -> dict[TaskId, int]:
    return {task.id: int(task.duration.planned) for task in remainder.procedure.tasks}


def _short_people(remainder: Remainder, spans: Mapping[TaskId, Span]) -> Iterable[str]:
    """Crews of whom the tasks at these minutes want more than are there at one of them."""
    told: set[tuple[TaskId, ...]] = set()
    for band in sorted(find_bands(remainder.procedure), key=lambda band: len(band.lines)):
        worst = _worst(remainder, band, spans)
        if worst is not None and worst[2] not in told:
            told.add(worst[2])
            yield _short_words(remainder, band, worst)


def _worst(
    remainder: Remainder, band: Band, spans: Mapping[TaskId, Span]
) -> tuple[int, int, tuple[TaskId, ...], Span] | None:
    """Wanted, there, tasks and minutes where most of the band are missing; None: nowhere."""
    people = [remainder.procedure.staff[i].id for i in band.people]
    users = {task: span for task, span in spans.items() if task in band.asked}
    worst: tuple[int, int, tuple[TaskId, ...], Span] | None = None
    moments = {m for span in users.values() for m in span}
    moments |= {m for who in people for span in remainder.left[who] for m in span}
    ordered = sorted(m for m in moments if m >= remainder.now)
    for moment, then in pairwise(ordered):
        tasks = tuple(t for t, span in users.items() if span[0] <= moment < span[1])
        wanted = sum(band.asked[task] for task in tasks)
        there = sum(remainder.is_there(who, (moment, then)) for who in people)
        if wanted > there and (worst is None or wanted - there > worst[0] - worst[1]):
            worst = (wanted, there, tasks, (moment, then))
    return worst


def _short_words(
    remainder: Remainder, band: Band, worst: tuple[int, int, tuple[TaskId, ...], Span]
) -> str:
    wanted, there, tasks, span = worst
    return (
        f"{_skills(band.lines)}: {wanted} wanted {_clock(remainder, span)}"
        f" ({_named(tasks)}), {there} there"
    )


def _short_kit(remainder: Remainder, spans: Mapping[TaskId, Span]) -> Iterable[str]:
    """Kit of which the tasks at these minutes want more than there is."""
    tasks = {task.id: task for task in remainder.procedure.tasks}
    for kit in remainder.procedure.equipment:
        users = {t: span for t, span in spans.items() if tasks[t].equipment.get(kit.id, 0)}
        for span in sorted(users.values()):
            there = [t for t, other in users.items() if other[0] <= span[0] < other[1]]
            wanted = sum(tasks[t].equipment[kit.id] for t in there)
            if wanted > kit.count:
                end = min(users[t][1] for t in there)
                yield (
                    f"{kit.title}: {wanted} wanted {_clock(remainder, (span[0], end))}"
                    f" ({_named(there)}), {kit.count} exist"
                )
                break


def _tired_group(
    remainder: Remainder, policy: ReplanPolicy, shift: Shift, stuck: Sequence[Sequence[Line]]
) -> tuple[str, ...]:
    """A group of people proven to have no way, whatever the times.

    The groups that found no way are looked at, if they are known. Of the rules of rest, the
    fewest that are proven to be too many are named: none, one, or all together.
    """
    for group in stuck or find_groups(remainder.procedure):
        if _cannot_rest(remainder, policy, shift, group, REST_RULES, _WHOLE_PROOF):
            sets: list[tuple[str, ...]] = [(), *((rule,) for rule in REST_RULES)]
            few = (
                rules
                for rules in sets
                if _cannot_rest(remainder, policy, shift, group, rules, _PART_PROOF)
            )
            return (_tired(remainder, group, next(few, REST_RULES), proven=True),)
    return ()


def could_widen(
    remainder: Remainder,
    policy: ReplanPolicy,
    shift: Shift,
    stuck: Sequence[Sequence[Line]],
) -> bool:
    """Whether more watches and courses might help; not where it is proven that they do not.

    That is, where not even times without their longest waits can be found, people counted,
    or with the people of a stuck group.
    """
    from diptych.choreography.ahead import build_ahead, lag_name, seal_people
    from diptych.choreography.rejoin import join_people
    from diptych.choreography.retime import is_impossible

    chained = {task.id for task in remainder.procedure.tasks if task.step == 0}
    free = [lag_name(rule) for rule in remainder.procedure.precedence if rule.before in chained]
    for group in (None, *stuck):
        ahead = build_ahead(remainder, shift.end + _LATER, free)
        if group is not None:
            join_people(ahead, [group])
            seal_people(ahead)
        if is_impossible(ahead, policy, _PART_PROOF):
            return False
    return True


def _cannot_rest(
    remainder: Remainder,
    policy: ReplanPolicy,
    shift: Shift,
    group: Sequence[Line],
    rules: Sequence[str],
    work: float,
) -> bool:
    """Proven: the group's people cannot hold every duty with these rules of rest kept."""
    from diptych.choreography.ahead import build_ahead, seal_people
    from diptych.choreography.rejoin import join_people
    from diptych.choreography.retime import is_impossible

    ahead = build_ahead(remainder, shift.end + _LATER)
    join_people(ahead, [group], rules)
    seal_people(ahead)
    return is_impossible(ahead, policy, work)


def _tired(
    remainder: Remainder, group: Sequence[Line], rules: Sequence[str], *, proven: bool
) -> str:
    """What to say of a group whose people cannot hold every duty and rest."""
    people = dict.fromkeys(who.id for duty in group for who in remainder.able.get(duty, ()))
    there = [who for who in people if remainder.left[who]]
    rest = remainder.procedure.rest
    how = "cannot" if proven else "could not, within the search limit,"
    return (
        f"{_skills(group)}: the {len(there)} people who are still there {how} hold every duty from"
        f" {clock_text(remainder.procedure.day_start, remainder.now)} on"
        f"{_rest_words(remainder, rest, there, rules)}"
    )


def _rest_words(
    remainder: Remainder, rest: Rest | None, people: Sequence[StaffId], rules: Sequence[str]
) -> str:
    if rest is None or not rules:
        return ", one at a time and within their hours"
    words = {
        "stretch": f"a break of {rest.shortest_break} min after at most {rest.longest_stretch} min",
        "low": f"at most {rest.low_stretch} min on end in the low of the night",
        "work": f"at most {rest.longest_work} min of work in all",
        "span": f"at most {rest.longest_span} min from first to last duty",
    }
    if rest.low_stretch is None:
        del words["low"]
    if rest.longest_span is None:
        del words["span"]
    told = [words[rule] for rule in rules if rule in words]
    return f" with {', '.join(told)}{_worked(remainder, rest, people) if 'work' in rules else ''}"


def _worked(remainder: Remainder, rest: Rest, people: Sequence[StaffId]) -> str:
    """Who has worked as long as allowed, or nearly."""
    worked = {
        who: sum(
            int(entry.end - entry.start)
            for entry in remainder.begun.values()
            if any(one == who for one, _ in entry.staff)
        )
        for who in people
    }
    spent = [who for who in people if worked[who] >= rest.longest_work - 60]
    names = {person.id: person.name for person in remainder.procedure.staff}
    return f"; {', '.join(names[who] for who in spent)} worked so long or nearly" if spent else ""


def _contradiction(
    remainder: Remainder, policy: ReplanPolicy, shift: Shift, stuck: Sequence[Sequence[Line]]
) -> tuple[str, ...]:
    """A smallest set of rules that conflict, in words; stuck groups are looked at first."""
    from diptych.choreography.ahead import build_ahead, rule_names
    from diptych.choreography.retime import is_impossible

    names = rule_names(remainder)

    def impossible(keep: Sequence[str], work: float = _PART_PROOF) -> bool:
        drop = set(names) - set(keep)
        ahead = build_ahead(remainder, shift.end + _LATER, drop)
        return is_impossible(ahead, policy, work, presolve=True)

    if not impossible(names, _WHOLE_PROOF):
        return ()
    if impossible([]):
        return ("the order of the tasks, with the minutes that were told, contradicts itself",)
    some = next((few for few in _likely(remainder, names, stuck) if impossible(few)), names)
    smallest = smallest_conflict(some, impossible)
    return tuple(_words(remainder, shift, name) for name in names if name in smallest)


def _likely(
    remainder: Remainder, names: Sequence[str], stuck: Sequence[Sequence[Line]]
) -> Iterable[list[str]]:
    """Sets of rules that often conflict by themselves, smaller than the whole."""
    lags = [name for name in names if name.startswith("lag:")]
    yield [*lags, *(name for name in names if name.startswith(("kit:", "zone:")))]
    lines = {line for group in stuck for line in group}
    bands = find_bands(remainder.procedure)
    for band in sorted(bands, key=lambda band: (not lines & set(band.lines), len(band.lines))):
        own = _band_names(band)
        yield [name for name in names if name in own or name in lags]


def _band_names(band: Band) -> set[str]:
    return {band.name, *(f"hours:{skill}" for skill, _ in band.lines)}


def _words(remainder: Remainder, shift: Shift, name: str) -> str:
    kind, _, rest = name.partition(":")
    if kind == "people":
        return _band_words(remainder, shift, name)
    if kind == "hours":
        return _hours_words(remainder, SkillId(rest))
    if kind == "lag":
        before, _, after = rest.partition(":")
        rule = next(
            r for r in remainder.procedure.precedence if (r.before, r.after) == (before, after)
        )
        return f"{after} must begin within {rule.max_lag} min after {before} ends"
    users = [task for task in remainder.procedure.tasks if rest in {*task.zones, *task.equipment}]
    left = [task.id for task in users if task.id not in remainder.begun]
    things = {str(k.id): (k.title, k.count) for k in remainder.procedure.equipment}
    things |= {str(z.id): (z.title, z.capacity) for z in remainder.procedure.zones}
    title, count = things[rest]
    what = "room for" if kind == "zone" else "there are"
    return f"{title}: {what} {count} (for {_named(left)})"


def _band_words(remainder: Remainder, shift: Shift, name: str) -> str:
    band = next(c for c in find_bands(remainder.procedure) if name in _band_names(c))
    left = [task for task in band.asked if task not in remainder.begun]
    spans = {task: (shift.starts[task], shift.starts[task] + shift.lengths[task]) for task in left}
    spans |= {t: span for t, span in _fixed_spans(remainder).items() if t in band.asked}
    worst = _worst(remainder, band, spans)
    over = max(int(person.end) for person in remainder.procedure.staff)
    if worst is not None and worst[3][0] < over:
        return _short_words(remainder, band, worst)
    most = max(band.asked[task] for task in left)
    people = [remainder.procedure.staff[i].id for i in band.people]
    there = sum(bool(remainder.left[who]) for who in people)
    return (
        f"{_skills(band.lines)}: up to {most} wanted at once ({_named(left)}), {there} still there"
    )


def _hours_words(remainder: Remainder, skill: SkillId) -> str:
    people = [person for person in remainder.procedure.staff if skill in person.skills]
    told = [
        f"{person.name} {', '.join(_clock(remainder, span) for span in remainder.left[person.id])}"
        for person in people
        if remainder.left[person.id]
    ]
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    there = "; ".join(told[:_NAMED]) or "nobody"
    return f"hours and absences of the people with skill {skill}: there are still {there}{more}"


def _clock(remainder: Remainder, span: Span) -> str:
    start = remainder.procedure.day_start
    return f"{clock_text(start, span[0])} to {clock_text(start, span[1])}"  # type: ignore[arg-type]


def _named(tasks: Sequence[TaskId]) -> str:
    more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
    return f"{', '.join(tasks[:_NAMED])}{more}"


def _skills(duties: Sequence[Line]) -> str:
    """The skills, with the twin where all of them are for one twin."""
    sides = {side for _, side in duties}
    skills = ", ".join(dict.fromkeys(str(skill) for skill, _ in duties))
    return (
        f"{skills} for twin {next(iter(sides))}" if len(sides) == 1 and "" not in sides else skills
    )
