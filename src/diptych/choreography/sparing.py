"""Courses that were added in case they are needed, and turn out not to be, left out again."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from diptych.choreography.remainder import Remainder
from diptych.model import TaskId


def leave_out_spare(
    remainder: Remainder,
    planned: Collection[TaskId],
    starts: Mapping[TaskId, int],
    lengths: Mapping[TaskId, int],
) -> Remainder:
    """The remainder without tasks that are not `planned` and that no wait asks for.

    At these times, what such a task follows may stand for it before all that follows it.
    """
    tasks, order = list(remainder.procedure.tasks), list(remainder.procedure.precedence)
    for task in reversed([task for task in tasks if task.step == 0 and task.id not in planned]):
        into = [rule for rule in order if rule.after == task.id]
        out = [rule for rule in order if rule.before == task.id]
        if len(into) != 1 or not out:
            continue
        before = into[0].before
        end = starts[before] + lengths[before]
        stands = [
            rule.min_lag <= starts[rule.after] - end
            and (rule.max_lag is None or starts[rule.after] - end <= rule.max_lag)
            for rule in out
        ]
        if all(stands):
            tasks.remove(task)
            order = [
                replace(rule, before=before) if rule.before == task.id else rule
                for rule in order
                if rule.after != task.id
            ]
    procedure = replace(remainder.procedure, tasks=tuple(tasks), precedence=tuple(order))
    left = {task.id for task in tasks}
    lengths_left = {task: span for task, span in remainder.lengths.items() if task in left}
    return replace(remainder, procedure=procedure, lengths=lengths_left)
