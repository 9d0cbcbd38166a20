"""Reserve: what a plan has in hand before its critical steps, in minutes of waiting.

A critical step is a task to come of priority 3 that is no watch. It has in hand the wait
between the last task that it follows and its start, and people of each skill it asks for
who are there and free while it lasts; each counts up to what helps (`ReplanPolicy`).
"""

from collections.abc import Mapping, Sequence

from diptych.choreography.remainder import Remainder, Span, demands_by_skill
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.model import Assignment, Precedence, SkillId, StaffId, Task, TaskId

CRITICAL = 3


def critical_tasks(remainder: Remainder) -> list[Task]:
    """The critical steps still to come."""
    return [
        task
        for task in remainder.procedure.tasks
        if task.priority >= CRITICAL
        and task.step
        and task.id not in remainder.begun
        and task.id not in remainder.pins
        and task.id not in remainder.parts
    ]


def rules_before(remainder: Remainder, task: TaskId) -> list[Precedence]:
    """The rules that the step waits for and that leave its wait open."""
    watches = {one.id for one in remainder.procedure.tasks if one.step == 0}
    rules = [r for r in remainder.procedure.precedence if r.after == task]
    return [r for r in rules if r.max_lag is None and r.before not in watches]


def measure_reserve(
    remainder: Remainder, assignments: Sequence[Assignment], policy: ReplanPolicy
) -> int:
    """Minutes in hand before the critical steps, free people counted as the policy says."""
    entries = {entry.task: entry for entry in assignments}
    total = 0
    for task in critical_tasks(remainder):
        if task.id in entries:
            total += _wait(remainder, entries, task.id, policy)
            total += _free_people(remainder, assignments, entries[task.id], task, policy)
    return total


def _wait(
    remainder: Remainder,
    entries: Mapping[TaskId, Assignment],
    task: TaskId,
    policy: ReplanPolicy,
) -> int:
    start = entries[task].start
    gaps = [
        start - entries[rule.before].end - rule.min_lag
        for rule in rules_before(remainder, task)
        if rule.before in entries
    ]
    return min([int(policy.wait), *gaps]) if gaps else 0


def _free_people(
    remainder: Remainder,
    assignments: Sequence[Assignment],
    entry: Assignment,
    task: Task,
    policy: ReplanPolicy,
) -> int:
    busy = {
        who
        for one in assignments
        if one.start < entry.end and one.end > entry.start
        for who, _ in one.staff
    }
    span = (int(entry.start), int(entry.end))
    free = able_people(remainder, task, span)
    return sum(
        int(policy.person) * min(policy.people, sum(who not in busy for who in people))
        for people in free.values()
    )


def able_people(remainder: Remainder, task: Task, span: Span) -> dict[SkillId, list[StaffId]]:
    """For each skill of the task, who may hold it and is there all the time."""
    return {
        skill: [
            person.id
            for person in remainder.may_hold(task, skill, min(demand.grade for demand in asked))
            if remainder.is_there(person.id, span)
        ]
        for skill, asked in demands_by_skill(task).items()
    }
