"""The solved day as a partial order: who waits for whom, and the day lived along it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.model import Assignment, Schedule, Task, TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The tasks of a day in the plan's order, without watches (step 0).

    waits : for each task, earlier tasks (position) and the least lag after their end
    """

    tasks: tuple[Task, ...]
    waits: tuple[Mapping[int, int], ...]

    def place(self, task: TaskId) -> int:
        """The position of that task."""
        return next(n for n, each in enumerate(self.tasks) if each.id == task)


def chain_tasks(schedule: Schedule) -> Chain:
    """What each task of the plan waits for.

    Its predecessors with their least lag; the task before it of each of its people; the tasks
    that last used the pieces of kit and the places that it takes over, first freed first.
    """
    known = {task.id: task for task in schedule.procedure.tasks}
    depth = _depths(schedule)
    entries = sorted(
        (entry for entry in schedule.assignments if known[entry.task].step),
        key=lambda entry: (entry.start, depth[entry.task], entry.end, entry.task),
    )
    place = {entry.task: n for n, entry in enumerate(entries)}
    waits: list[dict[int, int]] = [{} for _ in entries]
    for rule in schedule.procedure.precedence:
        before, after = place.get(rule.before, -1), place.get(rule.after, -1)
        if 0 <= before < after:
            waits[after][before] = max(waits[after].get(before, 0), rule.min_lag)
    tasks = tuple(known[entry.task].in_mode(entry.mode) for entry in entries)
    for n, earlier in enumerate(_sharers(schedule, entries, tasks)):
        waits[n] |= {each: 0 for each in sorted(earlier) if each not in waits[n]}
    return Chain(tasks=tasks, waits=tuple(waits))


def _sharers(
    schedule: Schedule, entries: Sequence[Assignment], tasks: Sequence[Task]
) -> list[set[int]]:
    """For each task, those that last held the people, pieces and places that it takes over."""
    last: dict[str, int] = {}
    ends = [int(entry.end) for entry in entries]
    pools = {f"kit {k.id}": [-1] * k.count for k in schedule.procedure.equipment if k.renewable}
    pools |= {f"zone {zone.id}": [-1] * zone.capacity for zone in schedule.procedure.zones}
    found = []
    for n, (entry, task) in enumerate(zip(entries, tasks, strict=True)):
        people = [str(person) for person, _ in entry.staff]
        before = {last[person] for person in people if person in last}
        last.update(dict.fromkeys(people, n))
        for name, count in _needs(task).items():
            before |= _take(pools.get(name, []), n, count, ends)
        found.append(before)
    return found


def _depths(schedule: Schedule) -> dict[TaskId, int]:
    """How many tasks must be over before each, at most: breaks ties of tasks of no length."""
    depth = {task.id: 0 for task in schedule.procedure.tasks}
    for _ in depth:
        before = dict(depth)
        for rule in schedule.procedure.precedence:
            depth[rule.after] = max(depth[rule.after], depth[rule.before] + 1)
        if depth == before or max(depth.values()) > len(depth):
            break
    return depth


def _needs(task: Task) -> dict[str, int]:
    needs = {f"kit {kit}": count for kit, count in task.equipment.items()}
    needs |= {f"zone {zone}": count for zone, count in task.zones.items()}
    return {name: needs[name] for name in sorted(needs)}


def _take(units: list[int], task: int, count: int, ends: list[int]) -> set[int]:
    """Take pieces over from those who were free first; who they were."""
    order = sorted(range(len(units)), key=lambda u: (ends[units[u]] if units[u] >= 0 else -1, u))
    taken = {units[u] for u in order[:count]}
    for unit in order[:count]:
        units[unit] = task
    return taken - {-1}


def live_chain(
    chain: Chain, lengths: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Starts and ends of the tasks, (D, N) minutes each, for lengths (D, N).

    Every task starts as soon as all that it waits for has ended; a task that waits for
    nothing starts at minute 0.
    """
    starts = np.zeros_like(lengths)
    ends = np.zeros_like(lengths)
    for n, waits in enumerate(chain.waits):
        for before, lag in waits.items():
            np.maximum(starts[:, n], ends[:, before] + lag, out=starts[:, n])
        ends[:, n] = starts[:, n] + lengths[:, n]
    return starts, ends
