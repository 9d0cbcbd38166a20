"""From times and people to a checked schedule whose past is as it was."""

from collections.abc import Mapping
from dataclasses import replace

from diptych.choreography.check import check
from diptych.choreography.remainder import Remainder, with_length
from diptych.model import (
    Assignment,
    Minute,
    Procedure,
    Schedule,
    SkillId,
    StaffId,
    Task,
    TaskId,
    Violation,
)

_SOLVER = "diptych re-plan"


def settle(
    remainder: Remainder,
    starts: Mapping[TaskId, int],
    lengths: Mapping[TaskId, int],
    holders: Mapping[TaskId, tuple[tuple[StaffId, SkillId], ...]],
    bound: int,
) -> Schedule:
    """The schedule, checked against the updated procedure.

    What has begun is taken from the remainder, whatever `starts` says. A part that follows
    the first at once with the same people is joined to it. Faults that lie wholly in the
    past cannot be mended; they are no reason to call a plan unchecked.
    """
    procedure = remainder.procedure
    tasks = [with_length(task, lengths[task.id]) for task in procedure.tasks]
    entries = {task.id: _entry(remainder, task, starts, holders) for task in tasks}
    procedure = _join(remainder, replace(procedure, tasks=tuple(tasks)), entries)
    place = {task.id: i for i, task in enumerate(procedure.tasks)}
    assignments = tuple(
        sorted(entries.values(), key=lambda entry: (entry.start, place[entry.task]))
    )
    ends = {entry.task: entry.end for entry in assignments}
    makespan = max(ends.values(), default=Minute(0))
    schedule = Schedule(
        procedure=procedure,
        assignments=assignments,
        makespan=makespan,
        bound=Minute(min(bound, makespan)),
        status="optimal" if bound >= makespan else "feasible",
        checked=False,
        violations=(),
        milestones={m.id: ends[m.task] for m in procedure.milestones if m.task in ends},
        solver=_SOLVER,
    )
    violations = tuple(v for v in check(procedure, schedule) if not _is_past(remainder, v))
    return replace(schedule, checked=not violations, violations=violations)


def _entry(
    remainder: Remainder,
    task: Task,
    starts: Mapping[TaskId, int],
    holders: Mapping[TaskId, tuple[tuple[StaffId, SkillId], ...]],
) -> Assignment:
    length = task.duration.planned
    begun = remainder.begun.get(task.id)
    if begun is not None:
        return replace(begun, end=Minute(begun.start + length))
    order = {person.id: i for i, person in enumerate(remainder.procedure.staff)}
    skill = {demand.skill: i for i, demand in enumerate(task.demands)}
    held = sorted(holders.get(task.id, ()), key=lambda one: (skill[one[1]], order[one[0]]))
    return Assignment(
        task=task.id,
        start=Minute(starts[task.id]),
        end=Minute(starts[task.id] + length),
        staff=tuple(held),
    )


def _join(
    remainder: Remainder, procedure: Procedure, entries: dict[TaskId, Assignment]
) -> Procedure:
    """Parts that were not interrupted after all become one task again."""
    for second, first in remainder.parts.items():
        one, two = entries.get(first), entries.get(second)
        if one is None or two is None or one.end != two.start or set(one.staff) != set(two.staff):
            continue
        entries[first] = replace(one, end=two.end)
        del entries[second]
        whole = two.end - one.start
        procedure = replace(
            procedure,
            tasks=tuple(
                with_length(remainder.wholes[first], whole) if task.id == first else task
                for task in procedure.tasks
                if task.id != second
            ),
            precedence=tuple(
                replace(rule, before=first) if rule.before == second else rule
                for rule in procedure.precedence
                if rule.after != second
            ),
            milestones=tuple(
                replace(m, task=first) if m.task == second else m for m in procedure.milestones
            ),
        )
    return procedure


def _is_past(remainder: Remainder, violation: Violation) -> bool:
    """Only tasks that have begun are concerned: nothing that is planned now can mend it."""
    return bool(violation.tasks) and all(task in remainder.begun for task in violation.tasks)
