"""When the rest of the day will be, if each step left takes its planned time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from diptych.model import Assignment, Board, Minute, Schedule, StaffId, TaskId
from diptych.theatre.evolve import separation_task, task_state


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForecast:
    """Start and end of one task: real where entered, else expected."""

    start: Minute
    end: Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The expected day.

    tasks : for each task of the plan
    separation, end : minute at which the separation and the last task are expected to end
    """

    tasks: Mapping[TaskId, TaskForecast]
    separation: Minute
    end: Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    before: TaskId
    lag: Minute


def forecast(board: Board, schedule: Schedule, now: Minute) -> Forecast:
    """The expected day, seen from minute `now`.

    What has happened keeps its real times. A running task takes its planned length, or
    lasts until now if that has passed. A task not yet started keeps its planned minute
    unless that has passed, a task before it in the order of the procedure is late, or one
    of its people is still held by a task planned before it. Places and kit are not
    followed, and nothing is moved forward: this is a shift of the plan, not a new plan.
    Watches (step 0) follow the clock and nobody enters them: they keep their plan, and
    nothing waits for them. A step without people that waits for nothing (a fast) passes by
    itself: until somebody enters it, it keeps its plan.
    """
    waits = _waits(schedule)
    order = TopologicalSorter({t: [w.before for w in found] for t, found in waits.items()})
    known = {
        entry.task: TaskForecast(start=entry.start, end=entry.end) for entry in _watches(schedule)
    }
    for task in order.static_order():
        ready = max((known[w.before].end + w.lag for w in waits[task]), default=now)
        if waits[task] or schedule.assignment(task).staff:
            ready = max(ready, now)
        else:
            ready = schedule.assignment(task).start
        known[task] = _expect(board, schedule, task, Minute(ready), now)
    parted = known[separation_task(schedule)].end
    return Forecast(
        tasks={task.id: known[task.id] for task in schedule.procedure.tasks},
        separation=parted if board.separated is None else board.separated,
        end=Minute(max((known[task].end for task in waits), default=schedule.makespan)),
    )


def follow(schedule: Schedule, expected: Forecast) -> Schedule:
    """The plan with each task at its real or expected times; its milestones stay as planned."""
    return replace(
        schedule,
        assignments=tuple(
            replace(entry, start=span.start, end=span.end)
            for entry in schedule.assignments
            for span in (expected.tasks[entry.task],)
        ),
    )


def _expect(
    board: Board, schedule: Schedule, task: TaskId, ready: Minute, now: Minute
) -> TaskForecast:
    state = task_state(board, task)
    planned = schedule.assignment(task)
    length = planned.end - planned.start
    if state.started is None:
        start = max(planned.start, ready)
        return TaskForecast(start=Minute(start), end=Minute(start + length))
    if state.finished is None:
        return TaskForecast(start=state.started, end=Minute(max(now, state.started + length)))
    return TaskForecast(start=state.started, end=state.finished)


def _steps(schedule: Schedule) -> frozenset[TaskId]:
    return frozenset(task.id for task in schedule.procedure.tasks if task.step > 0)


def _watches(schedule: Schedule) -> list[Assignment]:
    steps = _steps(schedule)
    return [entry for entry in schedule.assignments if entry.task not in steps]


def _waits(schedule: Schedule) -> dict[TaskId, list[_Wait]]:
    """What each step waits for: its precedence, and its people's earlier steps of the plan."""
    steps = _steps(schedule)
    waits: dict[TaskId, list[_Wait]] = {task: [] for task in sorted(steps)}
    for rule in schedule.procedure.precedence:
        if rule.after in steps and rule.before in steps:
            waits[rule.after].append(_Wait(before=rule.before, lag=rule.min_lag))
    held: dict[StaffId, list[Assignment]] = {}
    at_work = [entry for entry in schedule.assignments if entry.task in steps]
    for entry in sorted(at_work, key=lambda a: (a.start, a.end, a.task)):
        for person in sorted({person for person, _ in entry.staff}):
            earlier = held.setdefault(person, [])
            waits[entry.task] += [
                _Wait(before=other.task, lag=Minute(0))
                for other in earlier
                if other.end <= entry.start and other.start < entry.start
            ]
            earlier.append(entry)
    return waits
