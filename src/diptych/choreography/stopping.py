"""A stage that stops early: what will not be done, and how the day closes without it."""

from collections.abc import Mapping
from dataclasses import replace

from diptych.choreography.remainder import Draft
from diptych.model import (
    InputError,
    Minute,
    Precedence,
    Procedure,
    Schedule,
    Stopped,
    Subject,
    Task,
    TaskId,
    ZoneId,
)

_TOGETHER = {
    "sterile-A": "sterile-joined",
    "sterile-B": "sterile-joined",
    "theatre-2": "theatre-1",
}


def stop_after(
    schedule: Schedule, task: TaskId, now: Minute, closing: Mapping[str, str]
) -> Stopped:
    """The event that nothing follows `task` but closing what was opened.

    `closing` names the steps that are done all the same, each with the step that it closes
    (as `ReplanPolicy.closing`); watches (step 0) go on. Raises InputError for an unknown task.
    """
    tasks = {one.id: one for one in schedule.procedure.tasks}
    if task not in tasks:
        raise InputError(f"no task {task!r} in this day", remedy="use the id of a task")
    after = _followers(schedule.procedure, task)
    begun = {entry.task for entry in schedule.assignments if entry.start < now}
    done = [one for one in tasks if one not in after or one in begun]
    dropped = [
        one.id
        for one in schedule.procedure.tasks
        if one.id in after
        and one.id not in begun
        and one.step
        and not _closes(one, done, tasks, closing)
    ]
    return Stopped(after=task, dropped=tuple(dropped))


def _followers(procedure: Procedure, task: TaskId) -> set[TaskId]:
    """Every task that comes after that one, however far."""
    found: set[TaskId] = set()
    queue = [task]
    while queue:
        before = queue.pop()
        new = {r.after for r in procedure.precedence if r.before == before} - found
        found |= new
        queue.extend(sorted(new))
    return found - {task}


def _closes(
    task: Task, done: list[TaskId], tasks: Mapping[TaskId, Task], closing: Mapping[str, str]
) -> bool:
    """Whether the task closes something that was opened, on its own twin or on both."""
    for step, opened in closing.items():
        if not _of_step(task.id, step):
            continue
        ways = [tasks[one].subject for one in done if _of_step(one, opened)]
        return any(way == task.subject or way not in (Subject.A, Subject.B) for way in ways)
    return False


def _of_step(task: TaskId, step: str) -> bool:
    return task == step or task.startswith(f"{step}-")


def drop_tasks(draft: Draft, event: Stopped, separation: TaskId | None) -> None:
    """Take the tasks out; what came before them comes before what followed them."""
    begun = [task for task in event.dropped if task in draft.begun]
    if begun:
        raise InputError(
            f"{', '.join(begun)} cannot be left out: they have begun",
            remedy="say with Finished when they end",
        )
    for task in event.dropped:
        if task in draft.tasks:
            _bridge(draft, task)
            del draft.tasks[task]
            draft.old.pop(task, None)
    if separation is not None and separation in event.dropped:
        draft.notes.append("The stage ends without separation: the twins are closed as they lie.")
        for id, one in draft.tasks.items():
            if id not in draft.begun and set(one.zones) & set(_TOGETHER):
                draft.tasks[id] = replace(one, zones=_joined(one.zones))


def _bridge(draft: Draft, task: TaskId) -> None:
    before = [rule for rule in draft.order if rule.after == task]
    after = [rule for rule in draft.order if rule.before == task]
    others = [rule for rule in draft.order if task not in (rule.before, rule.after)]
    known = {(rule.before, rule.after) for rule in others}
    draft.order = others + [
        Precedence(before=one.before, after=two.after, min_lag=Minute(0), max_lag=None)
        for one in before
        for two in after
        if one.min_lag >= 0 and two.min_lag >= 0 and (one.before, two.after) not in known
    ]


def _joined(zones: Mapping[ZoneId, int]) -> dict[ZoneId, int]:
    together: dict[ZoneId, int] = {}
    for zone, count in zones.items():
        name = ZoneId(_TOGETHER.get(zone, zone))
        together[name] = together.get(name, 0) + count
    return together
