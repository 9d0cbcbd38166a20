"""The independent check of fasts: from what the case says each twin was fed, and the schedule.

It shares no code with the composition or the solver, and does not look at the tasks by which
they keep the rule.
"""

from collections.abc import Iterator, Mapping, Sequence

from diptych.model import Assignment, Fast, Schedule, TaskId, Violation


def check_fasts(
    schedule: Schedule | Sequence[Assignment], fasts: Sequence[Fast]
) -> tuple[Violation, ...]:
    """A violation of rule "fast" for each twin whose step starts too soon after it was fed."""
    entries = schedule.assignments if isinstance(schedule, Schedule) else tuple(schedule)
    starts = {entry.task: entry.start for entry in entries}
    return tuple(found for fast in fasts for found in _check(fast, starts))


def _check(fast: Fast, starts: Mapping[TaskId, int]) -> Iterator[Violation]:
    task = TaskId(f"{fast.step}-{fast.twin}")
    if task not in starts:
        text = f"twin {fast.twin} was fed, but the day has no {task} that its fast could hold back"
        yield Violation(rule="fast", message=text, tasks=(), staff=())
        return
    fasted = starts[task] - fast.fed
    if fasted < fast.length:
        text = (
            f"{task} starts {fasted} min after twin {fast.twin} was fed {fast.feed.words}, at least"
            f" {fast.length}"
        )
        yield Violation(rule="fast", message=text, tasks=(task,), staff=())
