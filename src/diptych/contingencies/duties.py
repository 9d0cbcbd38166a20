"""The plan as the arrays that the kernels work on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.bitcover import Calls, Crew, Duties
from diptych.model import Hazard, InputError, Schedule, Staff, StaffId, Subject, Task, TaskId

SUBJECT_CODE = {subject: code for code, subject in enumerate(Subject)}
TEAM_CODE = {"A": 0, "B": 1, "both": 2}
MAX_DEMANDS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayArrays:
    """One plan and its hazards, ready for the kernels.

    minutes : (K,) start of each stretch in which nothing changes; `end` closes the last
    active : (K, H) the hazard can occur in the stretch
    rarest_first : people with the fewest skills first, the order in which to ask them
    """

    minutes: NDArray[np.int64]
    end: int
    active: NDArray[np.bool_]
    duties: Duties
    crew: Crew
    calls: Calls
    people: tuple[Staff, ...]
    kinds: tuple[str, ...]
    rarest_first: NDArray[np.int64]


def lay_out(
    schedule: Schedule, hazards: Sequence[Hazard], within: tuple[int, int] | None = None
) -> DayArrays:
    """Arrays of the plan, or of its minutes from `within[0]` on and before `within[1]`.

    InputError when the plan names people or kit that it does not list.
    """
    calls = lay_out_calls(schedule, hazards)
    windows = find_windows(schedule, hazards)
    minutes, end = _stretches(schedule, calls)
    if within is not None:
        minutes, end = _clip(minutes, end, within)
    active = np.zeros((len(minutes), len(hazards)), np.bool_)
    for column, (opens, closes) in enumerate(windows):
        active[:, column] = (minutes >= opens) & (minutes < closes)
    people = schedule.procedure.staff
    order = sorted(range(len(people)), key=lambda p: (len(people[p].skills), p))
    return DayArrays(
        minutes=minutes,
        end=end,
        active=active,
        duties=lay_out_duties(schedule),
        crew=lay_out_crew(schedule),
        calls=calls,
        people=people,
        kinds=tuple(kit.id for kit in schedule.procedure.equipment),
        rarest_first=np.array(order, np.int64),
    )


def concerns(hazard: Hazard, task: Task) -> bool:
    """Can the hazard strike during the task: one of its steps, and not the other twin's."""
    other = {Subject.A: Subject.B, Subject.B: Subject.A}.get(hazard.subject)
    return hazard.first_step <= task.step <= hazard.last_step and task.subject != other


def window_of(hazard: Hazard, schedule: Schedule) -> tuple[int, int]:
    """From the start of the first to the end of the last task that the hazard concerns.

    Waiting minutes in between belong to it, for the twins are under anaesthesia then too.
    (0, 0) when it concerns no task.
    """
    return find_windows(schedule, (hazard,))[0]


def find_windows(schedule: Schedule, hazards: Sequence[Hazard]) -> list[tuple[int, int]]:
    """`window_of` for each hazard; tasks of the same step and subject are looked at once."""
    tasks = schedule.done()
    spans: dict[tuple[int, Subject], tuple[Task, int, int]] = {}
    for entry in schedule.assignments:
        task = tasks[entry.task]
        _, start, end = spans.get((task.step, task.subject), (task, entry.start, entry.end))
        spans[task.step, task.subject] = task, min(start, entry.start), max(end, entry.end)
    windows = []
    for hazard in hazards:
        hit = [(start, end) for task, start, end in spans.values() if concerns(hazard, task)]
        opens, closes = min((s for s, _ in hit), default=0), max((e for _, e in hit), default=0)
        windows.append((int(opens), int(closes)))
    return windows


def _clip(
    minutes: NDArray[np.int64], end: int, within: tuple[int, int]
) -> tuple[NDArray[np.int64], int]:
    """The stretches cut to the minutes from `within[0]` on and before `within[1]`."""
    start, stop = max(within[0], int(minutes[0]) if len(minutes) else 0), min(within[1], end)
    if start >= stop:
        return np.empty(0, np.int64), start
    later = minutes[(minutes > start) & (minutes < stop)]
    return np.concatenate([[start], later]).astype(np.int64), stop


def lay_out_crew(schedule: Schedule) -> Crew:
    """Hours and teams of the people, counts of the kit."""
    staff = schedule.procedure.staff
    return Crew(
        start=np.array([person.start for person in staff], np.int64),
        end=np.array([person.end for person in staff], np.int64),
        team=np.array([TEAM_CODE[person.team] for person in staff], np.int64),
        kit=np.array([kit.count for kit in schedule.procedure.equipment], np.int64),
    )


def lay_out_duties(schedule: Schedule) -> Duties:
    """The assignments, in the order of the schedule."""
    tasks = schedule.done()
    index = {person.id: p for p, person in enumerate(schedule.procedure.staff)}
    runs = [(entry, tasks[entry.task]) for entry in schedule.assignments]
    holders = [[_position(index, who, entry.task) for who, _ in entry.staff] for entry, _ in runs]
    kinds = schedule.procedure.equipment
    return Duties(
        start=np.array([entry.start for entry, _ in runs], np.int64),
        end=np.array([entry.end for entry, _ in runs], np.int64),
        priority=np.array([task.priority for _, task in runs], np.int64),
        subject=np.array([SUBJECT_CODE[task.subject] for _, task in runs], np.int64),
        first=offsets([len(row) for row in holders]),
        holder=np.array([p for row in holders for p in row], np.int64),
        kit=np.array(
            [[task.equipment.get(kit.id, 0) for kit in kinds] for _, task in runs], np.int64
        ).reshape(len(runs), len(kinds)),
    )


def lay_out_calls(schedule: Schedule, hazards: Sequence[Hazard]) -> Calls:
    """The demands of the hazards, against the skills of the people and the kinds of kit."""
    for hazard in hazards:
        _require_workable(hazard)
    staff, kinds = schedule.procedure.staff, schedule.procedure.equipment
    demands = [demand for hazard in hazards for demand in hazard.response.demands]
    able = [[demand.skill in person.skills for person in staff] for demand in demands]
    return Calls(
        severity=np.array([hazard.severity for hazard in hazards], np.int64),
        subject=np.array([SUBJECT_CODE[hazard.subject] for hazard in hazards], np.int64),
        first=offsets([len(hazard.response.demands) for hazard in hazards]),
        number=np.array([demand.count for demand in demands], np.int64),
        within=np.array([demand.within for demand in demands], np.int64),
        able=np.array(able, np.uint8).reshape(len(demands), len(staff)),
        kit=np.array(
            [[hazard.response.equipment.get(kit.id, 0) for kit in kinds] for hazard in hazards],
            np.int64,
        ).reshape(len(hazards), len(kinds)),
    )


def offsets(lengths: Sequence[int]) -> NDArray[np.int64]:
    """(N + 1,) running totals, starting with 0."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _position(index: dict[StaffId, int], who: StaffId, task: TaskId) -> int:
    if who not in index:
        raise InputError(
            f"task {task} is given to {who!r}, who is not on the roster",
            remedy="make the schedule again from the same roster",
        )
    return index[who]


def _require_workable(hazard: Hazard) -> None:
    if not 1 <= len(hazard.response.demands) <= MAX_DEMANDS:
        raise InputError(
            f"hazard {hazard.id} has {len(hazard.response.demands)} demands,"
            f" expected 1 to {MAX_DEMANDS}",
            remedy="join demands for the same skill and time into one with a higher count",
        )


def _stretches(schedule: Schedule, calls: Calls) -> tuple[NDArray[np.int64], int]:
    """Start of each stretch of the day in which nobody's duty changes, and the day's end."""
    end = max((int(entry.end) for entry in schedule.assignments), default=0)
    begin = min((int(entry.start) for entry in schedule.assignments), default=0)
    marks = {begin}
    for entry in schedule.assignments:
        marks |= {int(entry.start), int(entry.end)}
        marks |= {int(entry.end) - int(within) for within in np.unique(calls.within)}
    for person in schedule.procedure.staff:
        marks |= {int(person.start), int(person.end)}
    return np.array(sorted(m for m in marks if begin <= m < end), np.int64), end
