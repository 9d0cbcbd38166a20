"""Right shift: every task in its planned order and with its planned people, only later.

What theatres do without a planner, made legal where that is possible: where a longest wait
is overrun, what comes before it is held back as well. The start from which the search for
something better sets out, and what it must never fall behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diptych.choreography.remainder import Remainder
from diptych.model import Precedence, Task, TaskId

_ROUNDS, _LOST = 60, 900


@dataclass(kw_only=True)
class _Board:
    """What is taken when: name of a person, kit or place -> (from, to, how much)."""

    taken: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    room: dict[str, int] = field(default_factory=dict)

    def take(self, needs: Mapping[str, int], start: int, end: int) -> None:
        for name, count in needs.items():
            self.taken.setdefault(name, []).append((start, end, count))

    def first_fit(self, needs: Mapping[str, int], start: int, length: int) -> int:
        """The first minute from `start` on at which nothing is asked of twice."""
        while (later := self._blocked(needs, start, start + length)) is not None:
            start = later
        return start

    def _blocked(self, needs: Mapping[str, int], start: int, end: int) -> int | None:
        for name, count in needs.items():
            there = [one for one in self.taken.get(name, ()) if one[0] < end and one[1] > start]
            if count + sum(one[2] for one in there) > self.room.get(name, 1):
                moments = [start, *(one[0] for one in there if one[0] > start)]
                for moment in moments:
                    now = [one for one in there if one[0] <= moment < one[1]]
                    if count + sum(one[2] for one in now) > self.room.get(name, 1):
                        return min(one[1] for one in now)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Starts and lengths of all tasks when everything only moves right.

    end : when the day is over; legal : every longest wait is kept
    """

    starts: Mapping[TaskId, int]
    lengths: Mapping[TaskId, int]
    end: int
    legal: bool


def shift_right(remainder: Remainder) -> Shift:
    """Every task as early as its order, people, kit and places allow, not before its plan.

    Where a wait is too long, what comes first is held back and all is placed again, at
    most 60 times and by no more than 15 hours. Hours of people are not looked at: the
    checker does that.
    """
    held: dict[TaskId, int] = {}
    starts: dict[TaskId, int] = {}
    legal = False
    line = _line_up(remainder)
    planned = max((int(entry.end) for entry in remainder.old.values()), default=0)
    for _ in range(_ROUNDS):
        starts = _place(remainder, line, held)
        broken = _overrun(remainder, starts)
        legal = not broken
        lost = max(starts.values(), default=0) > max(planned, remainder.now) + _LOST
        if legal or lost or not _hold_back(remainder, held, broken):
            break
    starts = {**{task: int(entry.start) for task, entry in remainder.begun.items()}, **starts}
    lengths = {task.id: int(task.duration.planned) for task in remainder.procedure.tasks}
    end = max((start + lengths[task] for task, start in starts.items()), default=remainder.now)
    return Shift(starts=starts, lengths=lengths, end=end, legal=legal)


def _hold_back(remainder: Remainder, held: dict[TaskId, int], broken: Mapping[TaskId, int]) -> bool:
    """Note the starts that would mend the waits; False where none of them can be had."""
    moved = False
    for task, start in broken.items():
        free = task not in remainder.begun and task not in remainder.pins
        if free and start > held.get(task, -1):
            held[task] = start
            moved = True
    return moved


@dataclass(frozen=True, slots=True)
class _Entry:
    """A task to come as every round places it. wanted : earliest start, its rules apart."""

    task: TaskId
    wanted: int
    length: int
    pinned: int | None
    needs: Mapping[str, int]
    rules: tuple[tuple[TaskId, int], ...]


def _line_up(remainder: Remainder) -> list[_Entry]:
    """The tasks to come in the order in which they are placed."""
    tasks = {task.id: task for task in remainder.procedure.tasks}
    into = _rules_into(remainder)
    now = int(remainder.now)
    line = []
    for task in _sequence(remainder, into):
        entry = None if task in remainder.loose else remainder.old.get(task)
        pinned = remainder.pins.get(task)
        line.append(
            _Entry(
                task=task,
                wanted=max(now, int(entry.start) if entry else 0),
                length=int(tasks[task].duration.planned),
                pinned=None if pinned is None else int(pinned),
                needs=_needs(remainder, tasks[task]),
                rules=tuple((rule.before, int(rule.min_lag)) for rule in into.get(task, ())),
            )
        )
    return line


def _place(
    remainder: Remainder, line: Sequence[_Entry], held: Mapping[TaskId, int]
) -> dict[TaskId, int]:
    board = _open_board(remainder)
    ends: dict[TaskId, int] = {task: entry.end for task, entry in remainder.begun.items()}
    starts: dict[TaskId, int] = {}
    for one in line:
        start = max(one.wanted, held.get(one.task, 0))
        for before, lag in one.rules:
            start = max(start, ends[before] + lag)
        start = board.first_fit(one.needs, start, one.length) if one.pinned is None else one.pinned
        board.take(one.needs, start, start + one.length)
        starts[one.task], ends[one.task] = start, start + one.length
    return starts


def _open_board(remainder: Remainder) -> _Board:
    procedure = remainder.procedure
    board = _Board()
    board.room = {f"zone {zone.id}": zone.capacity for zone in procedure.zones}
    board.room |= {
        f"kit {kit.id}": kit.count if kit.renewable else 10**9 for kit in procedure.equipment
    }
    for person in procedure.staff:
        board.taken[f"person {person.id}"] = [(b, e, 1) for b, e in person.absences]
    tasks = {task.id: task for task in procedure.tasks}
    for task, entry in remainder.begun.items():
        if entry.end > remainder.now:
            board.take(_needs(remainder, tasks[task]), entry.start, entry.end)
    return board


def _needs(remainder: Remainder, task: Task) -> dict[str, int]:
    needs = {f"zone {zone}": count for zone, count in task.zones.items() if count}
    needs |= {f"kit {kit}": count for kit, count in task.equipment.items() if count}
    entry = remainder.begun.get(task.id) or remainder.old.get(task.id)
    return needs | {f"person {who}": 1 for who, _ in (entry.staff if entry else ())}


def _sequence(remainder: Remainder, into: Mapping[TaskId, Sequence[Precedence]]) -> list[TaskId]:
    """The tasks to come, in the order of their planned starts and of the rules."""
    place = {task.id: i for i, task in enumerate(remainder.procedure.tasks)}
    waiting = [task for task in place if task not in remainder.begun]

    def planned(task: TaskId) -> tuple[int, int]:
        entry = remainder.old.get(task)
        if task in remainder.pins:
            return -1, place[task]
        return (entry.start if entry else 10**9, place[task])

    waiting.sort(key=planned)
    done = set(remainder.begun)
    order: list[TaskId] = []
    while waiting:
        ready = (t for t in waiting if all(r.before in done for r in into.get(t, ())))
        following = next(ready)
        order.append(following)
        done.add(following)
        waiting.remove(following)
    return order


def _overrun(remainder: Remainder, starts: Mapping[TaskId, int]) -> dict[TaskId, int]:
    """Tasks that end too long before what must soon follow, with the start they should have."""
    length = {task.id: task.duration.planned for task in remainder.procedure.tasks}
    begun = remainder.begun
    found: dict[TaskId, int] = {}
    for rule in remainder.procedure.precedence:
        if rule.max_lag is None or rule.after not in starts:
            continue
        before = starts.get(rule.before)
        end = begun[rule.before].end if before is None else before + length[rule.before]
        if starts[rule.after] - end > rule.max_lag:
            start = starts[rule.after] - rule.max_lag - length[rule.before]
            found[rule.before] = max(found.get(rule.before, start), start)
    return found


def _rules_into(remainder: Remainder) -> dict[TaskId, list[Precedence]]:
    into: dict[TaskId, list[Precedence]] = {}
    for rule in remainder.procedure.precedence:
        into.setdefault(rule.after, []).append(rule)
    return into
