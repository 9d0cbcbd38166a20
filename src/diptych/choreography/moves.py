"""What would move a task: earlier without what holds it back, later without moving the day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from diptych.choreography.chain import Chain, chain_tasks
from diptych.choreography.policy import clock_text
from diptych.model import Assignment, Minute, Schedule, TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hold:
    """One thing that a task waits for: in words, the tasks concerned, until which minute."""

    words: str
    tasks: tuple[TaskId, ...]
    until: Minute


def tell_moves(schedule: Schedule, task: TaskId) -> Iterator[str]:
    """Sentences: what would let the task start earlier, and how late it may start.

    Nothing for a watch, whose times follow the day. The room to start later keeps every
    milestone, the order on people, kit and places, and the end of the day.
    """
    chain = chain_tasks(schedule)
    if all(one.id != task for one in chain.tasks):
        return
    place = chain.place(task)
    entry = schedule.assignment(task)
    yield from _earlier(schedule, entry, _holds(schedule, chain, place))
    room = find_room(schedule, chain)[task]
    if room:
        yield f"It may start up to {room} min later without moving a milestone or the day."
    else:
        yield "Any later start moves a milestone or the end of the day."


def _earlier(schedule: Schedule, entry: Assignment, holds: list[_Hold]) -> Iterator[str]:
    """What holds it back to the minute, and when it could start without that."""
    binding = [hold for hold in holds if hold.until == entry.start]
    for hold in binding:
        rest = [other.until for other in holds if other is not hold]
        moment = max(rest, default=Minute(0))
        if moment < entry.start:
            clock = clock_text(schedule.procedure.day_start, moment)
            yield f"Without {hold.words} it could start at {clock}."
    if len(binding) > 1:
        both = ", ".join(hold.words for hold in binding)
        yield f"Held at the same minute by {both}: all of them must ease to start earlier."


def _holds(schedule: Schedule, chain: Chain, place: int) -> list[_Hold]:
    """All that the task waits for: each predecessor, person, piece of kit and place."""
    procedure, task = schedule.procedure, chain.tasks[place]
    ends = {entry.task: entry for entry in schedule.assignments}
    holds = [
        _Hold(
            words=f"waiting for {rule.before}",
            tasks=(rule.before,),
            until=Minute(ends[rule.before].end + rule.min_lag),
        )
        for rule in procedure.precedence
        if rule.after == task.id
    ]
    ordered = {task for hold in holds for task in hold.tasks}
    for n in chain.waits[place]:
        before = chain.tasks[n]
        if before.id not in ordered:
            shared = _shared(schedule, ends[before.id], ends[task.id], before.id)
            until = ends[before.id].end
            holds.append(_Hold(words=shared, tasks=(before.id,), until=until))
    return holds


def _shared(schedule: Schedule, one: Assignment, two: Assignment, before: TaskId) -> str:
    names = {person.id: person.name for person in schedule.procedure.staff}
    people = {who for who, _ in one.staff} & {who for who, _ in two.staff}
    if people:
        return f"{', '.join(sorted(names[who] for who in people))} being held by {before}"
    return f"kit or place being held by {before}"


def find_room(schedule: Schedule, chain: Chain) -> Mapping[TaskId, Minute]:
    """Minutes by which each task (watches apart) may start later and nothing else moves.

    Nothing else: no milestone, not the end of the day, no longest wait between two tasks.
    """
    starts, ends = _times(schedule, chain)
    latest = np.full(len(chain.tasks), max(ends.max(initial=0.0), schedule.makespan))
    place = {task.id: n for n, task in enumerate(chain.tasks)}
    for milestone in schedule.procedure.milestones:
        n = place[milestone.task]
        latest[n] = min(latest[n], ends[n])
    for rule in schedule.procedure.precedence:
        if rule.max_lag is not None and rule.after in place:
            n, limit = place[rule.after], int(schedule.assignment(rule.before).end + rule.max_lag)
            latest[n] = min(latest[n], limit + ends[n] - starts[n])
    for n in reversed(range(len(chain.tasks))):
        begin = latest[n] - (ends[n] - starts[n])
        for before, lag in chain.waits[n].items():
            latest[before] = min(latest[before], begin - lag)
    return {
        task.id: Minute(max(0, int(latest[n] - ends[n])))
        for task, n in zip(chain.tasks, range(len(chain.tasks)), strict=True)
    }


def _times(schedule: Schedule, chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    """Planned starts and ends in the chain's order, minutes."""
    entries = [schedule.assignment(task.id) for task in chain.tasks]
    return (
        np.array([entry.start for entry in entries], float),
        np.array([entry.end for entry in entries], float),
    )
