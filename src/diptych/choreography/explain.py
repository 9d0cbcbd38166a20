"""Why a task is where it is, in plain words."""

from collections.abc import Iterable

from diptych.choreography.moves import tell_moves
from diptych.choreography.policy import clock_text
from diptych.model import (
    Assignment,
    InputError,
    Schedule,
    SkillId,
    Staff,
    Subject,
    Task,
    TaskId,
)

_NAMED = 4


def explain(schedule: Schedule, task: TaskId) -> str:
    """When a task runs, what it waits for, who holds it and who else could at that time.

    Plain sentences from the schedule itself: the tasks whose end it waits for to the
    minute; else the people, places or kit that become free at its start; else that it
    could start earlier without ending the day earlier. Then what would move it: when it
    could start without what holds it back, and how much later it may start before the day
    or a milestone moves. InputError for an unknown task.
    """
    procedure = schedule.procedure
    if task not in {entry.task for entry in schedule.assignments}:
        raise InputError(f"no task {task!r} in the schedule", remedy="use an id from the list")
    entry, what = schedule.assignment(task), schedule.done()[task]
    begin, end = (clock_text(procedure.day_start, minute) for minute in (entry.start, entry.end))
    return " ".join(
        (
            f"{what.title} runs from {begin} to {end} ({entry.end - entry.start} min).",
            _reason(schedule, entry, what),
            *tell_moves(schedule, task),
            *_people(schedule, entry, what),
        )
    )


def _reason(schedule: Schedule, entry: Assignment, task: Task) -> str:
    if entry.start == 0:
        return "It opens the day."
    order = [
        rule.before
        for rule in schedule.procedure.precedence
        if rule.after == task.id
        and schedule.assignment(rule.before).end + rule.min_lag == entry.start
    ]
    if order:
        return f"It follows at once after {', '.join(order)}."
    done = schedule.done()
    freed = [
        one.task
        for one in schedule.assignments
        if one.end == entry.start and _shares(done[one.task], task, one, entry)
    ]
    if freed:
        return f"It waits for people, place or kit that {', '.join(freed)} frees."
    return "Another start would be possible; this one keeps the day as short and as even."


def _shares(one: Task, two: Task, first: Assignment, second: Assignment) -> bool:
    people = {person for person, _ in first.staff} & {person for person, _ in second.staff}
    places = set(one.zones) & set(two.zones)
    return bool(people or places or set(one.equipment) & set(two.equipment))


def _people(schedule: Schedule, entry: Assignment, task: Task) -> Iterable[str]:
    names = {person.id: person.name for person in schedule.procedure.staff}
    for demand in task.demands:
        holders = [names[person] for person, skill in entry.staff if skill == demand.skill]
        others = _others(schedule, entry, task, demand.skill)
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        few = ", ".join(others[:_NAMED])
        spare = f"free then too: {few}{more}" if others else "nobody else is free then"
        yield f"{demand.skill}: {', '.join(holders)} ({spare})."


def _others(schedule: Schedule, entry: Assignment, task: Task, skill: SkillId) -> list[str]:
    busy = {
        person
        for one in schedule.assignments
        if one.start < entry.end and entry.start < one.end
        for person, _ in one.staff
    }
    return [
        person.name
        for person in schedule.procedure.staff
        if person.id not in busy and skill in person.skills and _may(person, entry, task)
    ]


def _may(person: Staff, entry: Assignment, task: Task) -> bool:
    there = person.start <= entry.start and entry.end <= person.end
    sided = task.subject in (Subject.A, Subject.B)
    return there and (not sided or person.team in (task.subject, "both"))
