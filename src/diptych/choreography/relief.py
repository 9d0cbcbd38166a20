"""Watches and courses for what is left of the day: as many as it takes.

Both belong to no step (0) and follow one another. A watch follows back to back: what has
begun keeps its start and people; those to come may be shorter or as long as the longest
watch, one more is added where they no longer reach, and those that are no longer needed are
left out. A course (doses, checks, news) follows at intervals: its tasks keep their length;
one is added where they no longer reach, one is left out only where it no longer fits in.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from diptych.choreography.remainder import Draft
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.model import Precedence, Task, TaskId


@dataclass(frozen=True, slots=True)
class Spare:
    """How many more than needed are added to each chain of watches, and of courses.

    late : needed until the chain would close if everybody kept their duties
    closes : task -> when it begins, where that is known; as many as reach until then
    """

    watches: int = 0
    courses: int = 0
    late: bool = False
    closes: Mapping[TaskId, int] | None = None


NO_SPARE = Spare()


def recut_watches(
    draft: Draft, closes_at: Mapping[TaskId, int], policy: ReplanPolicy, spare: Spare = NO_SPARE
) -> dict[TaskId, tuple[int, int]]:
    """Watches whose length is open, with their least and most minutes.

    `closes_at` is when each task that the last of a chain waits for is expected to begin.
    """
    lengths: dict[TaskId, tuple[int, int]] = {}
    for chain in find_chains(draft):
        closing = [
            rule for rule in draft.order if rule.before == chain[-1] and rule.after not in chain
        ]
        if not closing or closing[0].after in draft.begun:
            continue
        closes = min(closes_at[rule.after] for rule in closing if rule.after in closes_at)
        if _is_course(draft, chain, closing[0]):
            _fit_course(draft, chain, closing[0], closes, spare.courses)
            continue
        fitted = _fit(draft, chain, closes, policy, spare.watches)
        for watch in fitted:
            lengths |= _open(draft, watch, policy)
    return lengths


def _is_course(draft: Draft, chain: Sequence[TaskId], closing: Precedence) -> bool:
    """Whether the tasks of the chain come at intervals rather than back to back."""
    rules = {(rule.before, rule.after): rule for rule in draft.order}
    pairs = [pair for pair in pairwise(chain) if draft.parts.get(pair[1]) != pair[0]]
    links = [rules[pair] for pair in pairs] or [closing]
    return any(link.max_lag is None or link.max_lag > 0 for link in links)


def _fit_course(
    draft: Draft, chain: Sequence[TaskId], closing: Precedence, closes: int, spare: int
) -> None:
    """The chain with as many tasks as its intervals need until it closes, and as fit in."""
    rules = {(rule.before, rule.after): rule for rule in draft.order}
    pairs = [pair for pair in pairwise(chain) if draft.parts.get(pair[1]) != pair[0]]
    ahead = [task for task in chain if task not in draft.begun]
    if not pairs:
        return
    link, length = rules[pairs[-1]], int(draft.tasks[chain[-1]].duration.planned)
    begun = [int(draft.begun[task].end) for task in chain if task in draft.begun]
    planned = draft.old.get(chain[0])
    first = int(planned.start) if planned is not None else draft.now
    soonest = begun[-1] if begun else first - link.min_lag
    while len(chain) > 1 and ahead and soonest + len(ahead) * (link.min_lag + length) > closes:
        _drop_last(draft, chain)
        chain, ahead = chain[:-1], ahead[:-1]
    if link.max_lag is None or closing.max_lag is None:
        return
    latest = begun[-1] if begun else soonest + link.min_lag - link.max_lag
    short = closes - latest - len(ahead) * (link.max_lag + length) - closing.max_lag
    more = max(0, ceil(short / (link.max_lag + length)))
    room = (closes - soonest) // (link.min_lag + length) - len(ahead)
    for _ in range(max(more, min(more + spare, room))):
        chain = [*chain, _add_next(draft, chain, link)]


def find_chains(draft: Draft) -> list[list[TaskId]]:
    """Watches that follow one another, first to last."""
    watches = {task.id for task in draft.tasks.values() if task.step == 0}
    after = {
        rule.before: rule.after
        for rule in draft.order
        if rule.before in watches and rule.after in watches
    }
    followers = set(after.values())
    chains = []
    for first in (task for task in draft.tasks if task in watches and task not in followers):
        chain = [first]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        chains.append(chain)
    return chains


def _fit(
    draft: Draft, chain: Sequence[TaskId], closes: int, policy: ReplanPolicy, spare: int
) -> list[TaskId]:
    """The chain with as many watches as the time to its end needs, and at most one more."""
    ahead = [watch for watch in chain if watch not in draft.begun]
    reached = _reach(draft, chain, policy)
    lag = -_handover(draft, chain).min_lag if len(chain) > 1 else 0
    overlap = -(_handover(draft, chain).max_lag or 0) if len(chain) > 1 else 0
    step = max(1, policy.longest_watch - min(overlap, lag))
    fewest = max(0, ceil((closes - reached) / step))
    needed = max(fewest, len(ahead) if len(ahead) <= fewest + 1 else 0) + spare
    while len(ahead) > max(needed, fewest + 1) and len(chain) > 1:
        _drop_last(draft, chain)
        chain, ahead = chain[:-1], ahead[:-1]
    while len(ahead) < needed and len(chain) > 1:
        chain = [*chain, _add_watch(draft, chain)]
        ahead = [*ahead, chain[-1]]
    return list(chain)


def _reach(draft: Draft, chain: Sequence[TaskId], policy: ReplanPolicy) -> int:
    """The last minute to which the watches that have begun can be kept."""
    begun = [draft.begun[watch] for watch in chain if watch in draft.begun]
    if not begun:
        return draft.now
    last = begun[-1]
    cut_short = any(draft.parts.get(watch) == last.task for watch in draft.parts)
    return int(last.end if cut_short else max(last.end, last.start + policy.longest_watch))


def _handover(draft: Draft, chain: Sequence[TaskId]) -> Precedence:
    """How the last two watches overlap, as the plan has it."""
    rules = {(rule.before, rule.after): rule for rule in draft.order}
    pairs = list(pairwise(chain))
    return next(
        (rules[pair] for pair in reversed(pairs) if rules[pair].min_lag < 0), rules[pairs[-1]]
    )


def _drop_last(draft: Draft, chain: Sequence[TaskId]) -> None:
    """Without the last watch; the one before it takes its place at the end."""
    gone, last = chain[-1], chain[-2]
    draft.order = [
        replace(rule, before=last) if rule.before == gone else rule
        for rule in draft.order
        if rule.after != gone
    ]
    del draft.tasks[gone]
    draft.old.pop(gone, None)
    draft.parts.pop(gone, None)


def _add_watch(draft: Draft, chain: Sequence[TaskId]) -> TaskId:
    """One more watch like the last, which hands over to it as watches do."""
    return _add_next(draft, chain, _handover(draft, chain))


def _add_next(draft: Draft, chain: Sequence[TaskId], handover: Precedence) -> TaskId:
    """One more task like the last, which it follows by that rule."""
    last = chain[-1]
    task = next_task(draft.tasks, last, len(chain) + 1)
    draft.order = [
        replace(rule, before=task.id) if rule.before == last else rule for rule in draft.order
    ]
    draft.order.append(replace(handover, before=last, after=task.id))
    tasks = dict(draft.tasks)
    draft.tasks = {}
    for id, one in tasks.items():
        draft.tasks[id] = one
        if id == last:
            draft.tasks[task.id] = task
    return task.id


def next_task(tasks: Mapping[TaskId, Task], last: TaskId, number: int) -> Task:
    """One more task like `last`, of that number or the next that is free."""
    base = re.sub(r"(-\d+)?(~\d+)?$", "", last)
    while f"{base}-{number}" in tasks:
        number += 1
    title = re.sub(r"(?<= )\d+(?=,|$)", str(number), tasks[last].title)
    id = TaskId(f"{base}-{number}")
    return replace(tasks[last], id=id, title=title.replace(" (goes on)", ""))


def _open(draft: Draft, watch: TaskId, policy: ReplanPolicy) -> dict[TaskId, tuple[int, int]]:
    """Least and most minutes of a watch that has not ended; nothing for one that is cut."""
    planned = draft.tasks[watch].duration.planned
    longest = max(policy.longest_watch, planned)
    entry = draft.begun.get(watch)
    if entry is None:
        part = draft.parts.get(watch)
        first = draft.tasks[part].duration.planned if part is not None else 0
        return {watch: (min(policy.shortest_watch, planned), max(longest - first, planned))}
    if entry.end <= draft.now or watch in draft.parts.values():
        return {}
    return {watch: (draft.now - entry.start, longest)}
