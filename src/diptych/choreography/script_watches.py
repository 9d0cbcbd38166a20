"""Watches of a procedure file: back to back in blocks, from one step into another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from diptych.choreography.script_steps import Script, Way, find_tasks
from diptych.model import Duration, Minute, Precedence, Task, TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRules:
    """How a watch is cut into blocks, minutes.

    longest : of one block; least, most : overlap of one block with the next
    slack : how much longer than its shortest the day may become before the blocks end
    """

    longest: int
    least: int
    most: int
    slack: int


def add_watches(
    watches: Sequence[tuple[Way, Task, list[Precedence]]],
    script: Script,
    rules: WatchRules | None,
) -> None:
    """Each watch as equal blocks, from the end of its first `after` into its `until`.

    The shortest possible stay decides how many; together they reach `slack` minutes further.
    The day gets no longer by them.
    """
    early = earliest_starts(script.tasks, script.precedence)
    for way, task, links in watches:
        ends = find_tasks(way.page, way.until, way, script)
        if rules is None:
            way.page.fault("a watch, but there is no [watch] table", "add one, or 'rest' to tables")
        elif not links:
            way.page.fault("a watch comes after nothing", "write after = ['STEP']")
        elif len(ends) == 1 and ends[0] in script.tasks and links[0].before in script.tasks:
            _add_blocks(script, task, (links[0].before, ends[0]), rules, early)
        elif ends:
            way.page.fault(
                f"until names {len(ends)} tasks: {', '.join(ends)}", "name one task of them"
            )


def _add_blocks(
    script: Script,
    task: Task,
    span: tuple[TaskId, TaskId],
    rules: WatchRules,
    early: Mapping[TaskId, int],
) -> None:
    first, last = span
    planned = {id: script.tasks[id].duration.planned for id in span}
    stay = max(1, early[last] - early[first] - planned[first])
    count = max(1, ceil((stay + rules.slack) / (rules.longest - rules.least)))
    length = Minute(ceil((stay + rules.slack + (count - 1) * rules.least) / count))
    fixed = Duration(low=length, mode=length, high=length, planned=length)
    blocks = [
        replace(
            task, id=TaskId(f"{task.id}-{n}"), title=f"{task.title} {n}", step=0, duration=fixed
        )
        for n in range(1, count + 1)
    ]
    script.tasks.update({block.id: block for block in blocks})
    script.precedence += [
        Precedence(
            before=one.id, after=two.id, min_lag=Minute(-rules.most), max_lag=Minute(-rules.least)
        )
        for one, two in pairwise(blocks)
    ]
    into = Minute(-planned[last])
    script.precedence += [
        Precedence(before=first, after=blocks[0].id, min_lag=Minute(0), max_lag=Minute(0)),
        Precedence(before=blocks[-1].id, after=last, min_lag=into, max_lag=Minute(0)),
    ]


def earliest_starts(
    tasks: Mapping[TaskId, Task], precedence: Sequence[Precedence]
) -> dict[TaskId, int]:
    """Earliest start of each task when nobody and nothing is ever short, minutes.

    Tasks that wait for each other in a circle are left at the round in which that is plain.
    """
    start = dict.fromkeys(tasks, 0)
    for _ in tasks:
        before = dict(start)
        for rule in precedence:
            end = start[rule.before] + tasks[rule.before].duration.planned + rule.min_lag
            start[rule.after] = max(start[rule.after], end)
        if start == before:
            break
    return start


def find_circle(tasks: Mapping[TaskId, Task], precedence: Sequence[Precedence]) -> list[TaskId]:
    """Tasks that each wait for the one before, the last for the first; empty if none do."""
    waits: dict[TaskId, list[TaskId]] = {id: [] for id in tasks}
    for rule in precedence:
        if tasks[rule.before].duration.planned + rule.min_lag > 0:
            waits[rule.after].append(rule.before)
    free = [id for id, before in waits.items() if not before]
    left = {id: len(before) for id, before in waits.items()}
    while free:
        done = free.pop()
        for id, before in waits.items():
            if done in before:
                left[id] -= before.count(done)
                if left[id] == 0:
                    free.append(id)
        left.pop(done, None)
    if not left:
        return []
    return _walk(waits, left)


def _walk(waits: Mapping[TaskId, list[TaskId]], left: Mapping[TaskId, int]) -> list[TaskId]:
    path = [next(iter(left))]
    while True:
        earlier = next(id for id in waits[path[-1]] if id in left)
        if earlier in path:
            return path[path.index(earlier) :][::-1]
        path.append(earlier)
