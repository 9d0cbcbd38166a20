"""What to rehearse: the tasks of the day by kind, ranked by what makes them go wrong."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from diptych.model import (
    Assignment,
    DryPart,
    Minute,
    Schedule,
    StaffId,
    Task,
    TaskId,
    require,
)
from diptych.tables import SourcedTable

EMERGENCY = "emergency"
_WORDS = 8
_TAIL = re.compile(r"[,:][^,:]*$")
_SUFFIX = re.compile(r"(-[AB])?(-\d+)?$")
_Runs = Sequence[tuple[Assignment, Task]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunPolicy:
    """What a team may choose about its rehearsals.

    most_parts : parts that are rehearsed in stations, by rank
    moving_skills : skills whose tasks move or turn an infant
    the others : weight of each reason in the score (assumptions; 0 takes a reason away)
    """

    most_parts: int = 16
    moving_skills: tuple[str, ...] = ("positioning",)
    cannot_be_left: float = 3.0
    separation: float = 2.0
    moves: float = 2.0
    hand_over: float = 2.0
    many_people: float = 2.0
    new_pairing: float = 2.0
    uncertain_length: float = 1.5
    assumed_length: float = 0.5
    emergency: float = 6.0

    def __post_init__(self) -> None:
        require(
            self.most_parts >= 1,
            f"most_parts is {self.most_parts}, expected at least 1",
            remedy="rehearse about 16 parts",
        )


def rank_parts(
    schedule: Schedule, policy: DryRunPolicy, table: SourcedTable
) -> tuple[DryPart, ...]:
    """The parts of the day by score, highest first; of equal score the earlier one first.

    Tasks that differ only by twin or number are one part: it is rehearsed once, with all who
    hold its duties. The emergency path is a part of its own.
    """
    tasks = {task.id: task for task in schedule.procedure.tasks}
    runs: dict[str, list[tuple[Assignment, Task]]] = {}
    for entry in sorted(schedule.assignments, key=lambda each: (each.start, each.end)):
        task = tasks[entry.task].in_mode(entry.mode)
        if entry.staff:
            runs.setdefault(stem_of(task.id), []).append((entry, task))
    crowd = max((len(people_of(group)) for group in runs.values()), default=1)
    pairs = Counter(pair for group in runs.values() for pair in _pairs(group))
    parts = [
        _part(key, group, _reasons(schedule, group, policy, crowd, pairs), table)
        for key, group in runs.items()
    ]
    parts += _emergency(schedule, runs, policy, table)
    return tuple(sorted(parts, key=lambda part: -part.score))


def stem_of(task: str) -> str:
    """The task's id without its twin and number: "clamp-03" and "clamp-04" are "clamp"."""
    return _SUFFIX.sub("", task) or task


def people_of(runs: _Runs) -> tuple[StaffId, ...]:
    """Who holds a duty in any of these tasks, in order of appearance."""
    return tuple(dict.fromkeys(person for entry, _ in runs for person, _ in entry.staff))


def _pairs(runs: _Runs) -> set[tuple[StaffId, StaffId]]:
    """Pairs of people who hold duties of one task of these."""
    return {
        pair
        for entry, _ in runs
        for pair in combinations(sorted({person for person, _ in entry.staff}), 2)
    }


def _reasons(
    schedule: Schedule,
    runs: _Runs,
    policy: DryRunPolicy,
    crowd: int,
    pairs: Mapping[tuple[StaffId, StaffId], int],
) -> dict[str, float]:
    own = _pairs(runs)
    alone = sum(pairs[pair] == 1 for pair in own) / len(own) if own else 0.0
    parting = _parting(schedule)
    skills = {str(demand.skill) for _, task in runs for demand in task.demands}
    watch = runs[0][1].step == 0
    relieved = _relieves(schedule, runs)
    spread = max((t.duration.high - t.duration.low) / max(1, t.duration.mode) for _, t in runs)
    moves = bool(skills & set(policy.moving_skills)) and not watch
    found = {
        "cannot be left": policy.cannot_be_left * any(task.priority >= 3 for _, task in runs),
        "separation": policy.separation * any(task.id == parting for _, task in runs),
        "moves an infant": policy.moves * moves,
        "hand-over": policy.hand_over * relieved,
        "many people": policy.many_people * len(people_of(runs)) / crowd,
        "people who work together nowhere else": policy.new_pairing * alone,
        "uncertain length": policy.uncertain_length * min(1.0, spread / 2),
        "assumed length": policy.assumed_length * any("assumption" in t.source for _, t in runs),
    }
    return {reason: round(value, 3) for reason, value in found.items() if value > 0}


def _relieves(schedule: Schedule, runs: _Runs) -> bool:
    """A watch: one block begins before the one before it has ended, so that it hands over."""
    own = {task.id for _, task in runs}
    return any(
        rule.min_lag < 0 and rule.before in own and rule.after in own
        for rule in schedule.procedure.precedence
    )


def _part(key: str, runs: _Runs, reasons: Mapping[str, float], table: SourcedTable) -> DryPart:
    watch = "hand-over" in reasons
    planned = 0 if watch else max(task.duration.planned for _, task in runs)
    skills = {str(demand.skill) for _, task in runs for demand in task.demands}
    return DryPart(
        key=key,
        title=f"Hand-over: {_title(runs)}" if watch else _title(runs),
        tasks=tuple(entry.task for entry, _ in runs),
        minutes=_rehearsed(planned, table),
        score=round(sum(reasons.values()), 3),
        reasons=dict(reasons),
        people=people_of(runs),
        zones=tuple(dict.fromkeys(zone for _, task in runs for zone in sorted(task.zones))),
        equipment=tuple(dict.fromkeys(kit for _, task in runs for kit in sorted(task.equipment))),
        things=_things(skills, table),
    )


def _title(runs: _Runs) -> str:
    """What the titles of the tasks have in common, else the first of them."""
    titles = [task.title for _, task in runs]
    if len(titles) == 1:
        return titles[0]
    same = _shared_start(titles)
    words = same if len(same) >= _WORDS else titles[0]
    return f"{_TAIL.sub('', words).strip()} (stands for {len(titles)} tasks)"


def _shared_start(titles: Sequence[str]) -> str:
    first, last = min(titles), max(titles)
    alike = next((n for n, letter in enumerate(first) if last[n : n + 1] != letter), len(first))
    return first[:alike]


def _rehearsed(planned: int, table: SourcedTable) -> Minute:
    """Its share of the planned length, in steps of five minutes between the table's limits."""
    least, most = (int(table.value(key)) for key in ("part-least", "part-most"))
    return Minute(max(least, min(most, 5 * round(planned * table.value("pace") / 5))))


def _things(skills: set[str], table: SourcedTable) -> tuple[str, ...]:
    rows = [row for row in table.rows.values() if "skills" in row.fields]
    return tuple(
        row.key for row in rows if not row.texts("skills") or skills & set(row.texts("skills"))
    )


def _emergency(
    schedule: Schedule,
    runs: Mapping[str, _Runs],
    policy: DryRunPolicy,
    table: SourcedTable,
) -> list[DryPart]:
    """The way out: from the step that cannot be left and holds most people, to apart at once."""
    parting = _parting(schedule)
    every = [pair for group in runs.values() for pair in group]
    last = [pair for pair in every if pair[1].id == parting]
    ends = last[0][0].start if last else 0
    before = [
        (entry, task)
        for entry, task in every
        if task.priority >= 3 and task.step and entry.end <= ends
    ]
    if not before:
        return []
    worst = max(before, key=lambda pair: (len(pair[0].staff), -pair[0].start))
    part = _part(EMERGENCY, (worst, *last), {"emergency path": policy.emergency}, table)
    wanted = worst[1].title[:1].lower() + worst[1].title[1:]
    return [replace(part, title=f"Emergency: from {wanted} to apart at once, or stop and close")]


def _parting(schedule: Schedule) -> TaskId:
    procedure = schedule.procedure
    return next(m.task for m in procedure.milestones if m.id == procedure.separation)


def day_place(schedule: Schedule) -> dict[TaskId, int]:
    """The start of each task, to put parts in the order of the day."""
    return {entry.task: entry.start for entry in schedule.assignments}
