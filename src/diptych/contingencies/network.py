"""Who waits for whom: the order that the plan gives to tasks sharing people, kit and places."""

from collections.abc import Mapping
from dataclasses import dataclass

from diptych.model import Assignment, Schedule, Task, TaskId

WATCH_STEP = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitNetwork:
    """Tasks in the order of the plan, and for each the tasks it waits for with the lag.

    watches : duties that follow the clock instead (step 0), not part of the network
    """

    runs: tuple[tuple[Assignment, Task], ...]
    waits_for: tuple[Mapping[int, int], ...]
    watches: tuple[tuple[Assignment, Task], ...]


def draw_network(schedule: Schedule) -> WaitNetwork:
    """The partial order of the plan.

    A task waits for its predecessors (with the least lag; a negative lag counts as 0), for
    the task before it of each of its people, and for the tasks that hand over the pieces of
    kit and the places that it needs. Pieces and places are taken from tasks that it waits for
    anyway where possible, else from those freed first. Waits that others imply are left out.
    """
    tasks = schedule.done()
    rank = _rank(schedule)
    pairs = [(entry, tasks[entry.task]) for entry in schedule.assignments]
    watches = tuple(pair for pair in pairs if pair[1].step == WATCH_STEP)
    runs = tuple(
        sorted(
            (pair for pair in pairs if pair[1].step != WATCH_STEP),
            key=lambda pair: (pair[0].start, rank[pair[1].id], pair[0].end),
        )
    )
    return WaitNetwork(runs=runs, waits_for=_waits(schedule, runs), watches=watches)


def _rank(schedule: Schedule) -> dict[TaskId, int]:
    """Tasks in an order that respects precedence, for tasks that start in the same minute."""
    rank = {task.id: 0 for task in schedule.procedure.tasks}
    for _ in rank:
        changed = False
        for rule in schedule.procedure.precedence:
            if rank[rule.after] <= rank[rule.before]:
                rank[rule.after] = rank[rule.before] + 1
                changed = True
        if not changed:
            break
    order = sorted(rank, key=lambda id: rank[id])
    return {id: position for position, id in enumerate(order)}


def _waits(
    schedule: Schedule, runs: tuple[tuple[Assignment, Task], ...]
) -> tuple[dict[int, int], ...]:
    position = {task.id: i for i, (_, task) in enumerate(runs)}
    last_of: dict[str, int] = {}
    pools = _Pools(schedule)
    before: list[dict[int, int]] = []
    ancestors: list[int] = []
    rules: dict[TaskId, list[tuple[int, int]]] = {}
    for rule in schedule.procedure.precedence:
        if rule.before in position:
            rules.setdefault(rule.after, []).append((position[rule.before], rule.min_lag))
    for i, (entry, task) in enumerate(runs):
        waits = {j: max(lag, 0) for j, lag in sorted(rules.get(task.id, [])) if j < i}
        for person, _ in entry.staff:
            if person in last_of:
                waits.setdefault(last_of[person], 0)
            last_of[person] = i
        known = _reach(waits, ancestors)
        for j in pools.take(i, task, known):
            waits.setdefault(j, 0)
        ancestors.append(_reach(waits, ancestors))
        before.append(_without_implied(waits, ancestors))
    return tuple(before)


def _reach(waits: Mapping[int, int], ancestors: list[int]) -> int:
    """The tasks waited for, directly or not, as bits."""
    reach = 0
    for j in waits:
        reach |= ancestors[j] | 1 << j
    return reach


def _without_implied(waits: Mapping[int, int], ancestors: list[int]) -> dict[int, int]:
    implied = 0
    for j in waits:
        implied |= ancestors[j]
    return {j: lag for j, lag in sorted(waits.items()) if lag > 0 or not implied >> j & 1}


class _Pools:
    """Pieces of each kind of kit and places of each zone: who used each of them last."""

    def __init__(self, schedule: Schedule) -> None:
        procedure = schedule.procedure
        self.last: dict[str, list[int]] = {
            f"kit {k.id}": [-1] * k.count for k in procedure.equipment if k.renewable
        }
        self.last |= {f"zone {z.id}": [-1] * z.capacity for z in procedure.zones}

    def take(self, i: int, task: Task, known: int) -> list[int]:
        """Give task i its pieces; the tasks whose pieces it takes over, first freed first."""
        needs = {f"kit {k}": n for k, n in task.equipment.items()}
        needs |= {f"zone {z}": n for z, n in task.zones.items()}
        taken: set[int] = set()
        for name in sorted(needs):
            units = self.last.get(name, [])
            order = sorted(
                range(len(units)),
                key=lambda u: (units[u] >= 0 and not known >> units[u] & 1, units[u], u),
            )
            for unit in order[: needs[name]]:
                taken |= {units[unit]}
                units[unit] = i
        return sorted(taken - {-1})
