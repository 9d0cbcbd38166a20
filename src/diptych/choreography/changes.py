"""What a new plan changes against the old one: for each person, for each task, and its price."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diptych.choreography.policy import clock_text
from diptych.choreography.remainder import Remainder
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.model import (
    Assignment,
    Minute,
    PersonChange,
    Schedule,
    TaskChange,
    TaskId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The changes and their price: the day's end, shifts, duties given up, people to tell."""

    people: tuple[PersonChange, ...]
    tasks: tuple[TaskChange, ...]
    shift: int
    cost: int


def compare_plans(
    before: Schedule, remainder: Remainder, after: Schedule, policy: ReplanPolicy
) -> Difference:
    """What `after` changes for the people and tasks still to come, priced as the policy says."""
    entries = {entry.task: entry for entry in after.assignments}
    people = tuple(_people(remainder, entries, policy))
    tasks = tuple(_tasks(before, remainder, entries))
    shift = sum(_moved(remainder, entries, task) for task in entries)
    whom = {one.staff for one in people}
    told = sum(policy.telling(concerned=who in remainder.concerned) for who in whom)
    duties = sum(one.cost for one in people)
    cost = policy.end_minute * after.makespan + shift + duties + told
    return Difference(people=people, tasks=tasks, shift=shift, cost=cost)


def _moved(remainder: Remainder, entries: Mapping[TaskId, Assignment], task: TaskId) -> int:
    """Minutes by which the start of a task moves; for a watch that may be cut anew, its end too."""
    was = remainder.old.get(task) or remainder.begun.get(task)
    if was is None or task in remainder.loose:
        return 0
    moved = 0 if task in remainder.begun else abs(entries[task].start - was.start)
    if task in remainder.lengths:
        moved += abs(entries[task].end - was.end)
    return int(moved)


def _people(
    remainder: Remainder, entries: Mapping[TaskId, Assignment], policy: ReplanPolicy
) -> Iterable[PersonChange]:
    """Duties that change hands, in the order of their tasks; the price is that of the giver."""
    role = {person.id: person.role for person in remainder.procedure.staff}
    for task in sorted(entries.values(), key=lambda entry: entry.start):
        if task.task in remainder.begun:
            continue
        old = remainder.old.get(task.task)
        was = old.staff if old is not None else ()
        lead = Minute(max(0, task.start - remainder.now))
        for who, skill in was:
            if (who, skill) not in task.staff:
                price = policy.change_cost(role[who], max(0, (old or task).start - remainder.now))
                yield PersonChange(
                    staff=who, task=task.task, skill=skill, called=False, lead=lead, cost=price
                )
        for who, skill in task.staff:
            if (who, skill) not in was:
                yield PersonChange(
                    staff=who, task=task.task, skill=skill, called=True, lead=lead, cost=0
                )


def _tasks(
    before: Schedule, remainder: Remainder, entries: Mapping[TaskId, Assignment]
) -> Iterable[TaskChange]:
    """Tasks that move, take another length, are new or are not done, in words."""
    old = {entry.task: entry for entry in before.assignments}
    titles = {task.id: task.title for task in before.procedure.tasks}
    titles |= {task.id: task.title for task in remainder.procedure.tasks}
    start = before.procedure.day_start
    for task in dict.fromkeys([*old, *entries]):
        was, now = old.get(task), entries.get(task)
        words = _words(titles[task], was, now, start)
        if words:
            yield TaskChange(
                task=task,
                before=was.start if was else None,
                after=now.start if now else None,
                words=words,
            )


def _words(title: str, was: Assignment | None, now: Assignment | None, day_start: str) -> str:
    if now is None:
        return f"{title}: not done"
    begin, end = clock_text(day_start, now.start), clock_text(day_start, now.end)
    if was is None:
        return f"{title}: new, {begin} to {end}"
    if (was.start, was.end) == (now.start, now.end):
        return ""
    if was.start == now.start:
        return f"{title}: ends {end} instead of {clock_text(day_start, was.end)}"
    moved = now.start - was.start
    return (
        f"{title}: {begin} instead of {clock_text(day_start, was.start)}"
        f" ({abs(moved)} min {'later' if moved > 0 else 'earlier'})"
    )
