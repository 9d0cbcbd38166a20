"""The plan as the arrays that the kernels work on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.bitcover import AWAY, ENDLESS, Calls, Crew, Duties, Things
from diptych.model import (
    Equipment,
    Hazard,
    InputError,
    Schedule,
    Staff,
    StaffId,
    Subject,
    Task,
    TaskId,
    ZoneId,
)

SUBJECT_CODE = {subject: code for code, subject in enumerate(Subject)}
FIELDS = ("sterile-joined", "sterile-A", "sterile-B")
"""The operating field before separation, and that of each twin afterwards."""
TEAM_CODE = {"A": 0, "B": 1, "both": 2}
MAX_DEMANDS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayArrays:
    """One plan and its hazards, ready for the kernels.

    minutes : (K,) start of each stretch in which nothing changes; `end` closes the last
    active : (K, H) the hazard can occur in the stretch
    reach : (K, P) minutes until the person can be there, AWAY where they cannot be asked
    kinds : what the kinds of things are: ids of kit, then of the zones that hazards ask for
    rarest_first : people with the fewest skills first, the order in which to ask them
    """

    minutes: NDArray[np.int64]
    end: int
    active: NDArray[np.bool_]
    reach: NDArray[np.int64]
    duties: Duties
    crew: Crew
    calls: Calls
    things: Things
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
    fields = _fields(schedule, hazards)
    order = sorted(range(len(people)), key=lambda p: (len(people[p].skills), p))
    return DayArrays(
        minutes=minutes,
        end=end,
        active=active,
        reach=_lay_out_reach(people, minutes),
        duties=lay_out_duties(schedule),
        crew=lay_out_crew(schedule),
        calls=calls,
        things=_lay_out_things(schedule, hazards, fields, minutes),
        people=people,
        kinds=(*(str(kit.id) for kit in schedule.procedure.equipment), *fields),
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


def separation_minute(schedule: Schedule) -> int:
    """From when on each twin has a field of its own; the end of the day where that is open."""
    return schedule.milestones.get(schedule.procedure.separation, schedule.makespan)


def _fields(schedule: Schedule, hazards: Sequence[Hazard]) -> tuple[str, ...]:
    """The zones of the operating field that the day has, if any hazard asks for places there."""
    if not any(hazard.response.sterile for hazard in hazards):
        return ()
    known = {str(zone.id) for zone in schedule.procedure.zones}
    return tuple(zone for zone in FIELDS if zone in known)


def _lay_out_things(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    fields: Sequence[str],
    minutes: NDArray[np.int64],
) -> Things:
    """Kit in the procedure's order, then the fields."""
    kits, tasks = schedule.procedure.equipment, schedule.done()
    rooms = {str(zone.id): zone.capacity for zone in schedule.procedure.zones}
    there = np.zeros((len(minutes), len(kits) + len(fields)), np.int64)
    for q, kit in enumerate(kits):
        there[:, q] = kit.count
        for minute, pieces in kit.restock:
            there[minutes >= minute, q] += pieces
    there[:, len(kits) :] = [rooms[zone] for zone in fields]
    every = [kit.count + sum(pieces for _, pieces in kit.restock) for kit in kits]
    runs = [tasks[entry.task] for entry in schedule.assignments]
    held = [
        [task.equipment.get(kit.id, 0) for kit in kits]
        + [task.zones.get(ZoneId(zone), 0) for zone in fields]
        for task in runs
    ]
    asked = [[_wanted(hazard, kits, fields, apart) for hazard in hazards] for apart in (0, 1)]
    return Things(
        base=offsets([*every, *(rooms[zone] for zone in fields)]),
        there=there,
        spent=np.array([not kit.renewable for kit in kits] + [False] * len(fields), np.bool_),
        held=np.array(held, np.int64).reshape(len(runs), there.shape[1]),
        want=np.array(asked, np.int64).reshape(2, len(hazards), there.shape[1]),
        apart=(minutes >= separation_minute(schedule)).astype(np.int64),
    )


def _wanted(
    hazard: Hazard, kits: Sequence[Equipment], fields: Sequence[str], apart: int
) -> list[int]:
    """How many of each kind the hazard asks for, before or after separation."""
    asked = dict.fromkeys(fields, 0)
    for zone in fields_of(hazard, apart) if hazard.response.sterile else ():
        asked[zone] = asked.get(zone, 0) + hazard.response.sterile
    missing = [zone for zone in asked if zone not in fields and asked[zone]]
    if missing:
        raise InputError(
            f"hazard {hazard.id} asks for places in {missing[0]}, which the day does not have",
            remedy="add the zone in tables/zones.toml, or take out `sterile`",
        )
    return [hazard.response.equipment.get(kit.id, 0) for kit in kits] + list(asked.values())


def fields_of(hazard: Hazard, apart: int) -> tuple[str, ...]:
    """The field of each twin in trouble: the joined one until separation, then its own."""
    own = {Subject.A: FIELDS[1:2], Subject.B: FIELDS[2:]}.get(hazard.subject, FIELDS[1:])
    return own if apart else FIELDS[:1] * len(own)


def _lay_out_reach(staff: Sequence[Staff], minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(K, P) minutes until each person can be there."""
    reach = np.full((len(minutes), len(staff)), AWAY, np.int64)
    for p, person in enumerate(staff):
        reach[(minutes >= person.start) & (minutes < person.end), p] = 0
        for begin, end, travel in person.on_call:
            reach[(minutes >= begin) & (minutes < end), p] = travel
        for begin, end in person.absences:
            reach[(minutes >= begin) & (minutes < end), p] = AWAY
    return reach


def lay_out_duties(schedule: Schedule) -> Duties:
    """The assignments, in the order of the schedule."""
    tasks = schedule.done()
    staff = schedule.procedure.staff
    index = {person.id: p for p, person in enumerate(staff)}
    runs = [(entry, tasks[entry.task]) for entry in schedule.assignments]
    holders = [[_position(index, who, entry.task) for who, _ in entry.staff] for entry, _ in runs]
    kept = [
        skill in task.keeps or staff[index[who]].role in task.keeps
        for entry, task in runs
        for who, skill in entry.staff
    ]
    return Duties(
        start=np.array([entry.start for entry, _ in runs], np.int64),
        end=np.array([entry.end for entry, _ in runs], np.int64),
        priority=np.array([task.priority for _, task in runs], np.int64),
        subject=np.array([SUBJECT_CODE[task.subject] for _, task in runs], np.int64),
        may_wait=np.array([_may_wait(task) for _, task in runs], np.int64),
        first=offsets([len(row) for row in holders]),
        holder=np.array([p for row in holders for p in row], np.int64),
        kept=np.array(kept, np.bool_),
    )


def _may_wait(task: Task) -> int:
    return ENDLESS if task.may_wait is None else task.may_wait


def lay_out_calls(schedule: Schedule, hazards: Sequence[Hazard]) -> Calls:
    """The demands of the hazards, against the people's skills and grades and the kinds of kit."""
    for hazard in hazards:
        _require_workable(hazard)
    staff, kinds = schedule.procedure.staff, schedule.procedure.equipment
    demands = [demand for hazard in hazards for demand in hazard.response.demands]
    able = [
        [demand.skill in person.skills and person.grade >= demand.grade for person in staff]
        for demand in demands
    ]
    return Calls(
        severity=np.array([hazard.severity for hazard in hazards], np.int64),
        subject=np.array([SUBJECT_CODE[hazard.subject] for hazard in hazards], np.int64),
        hold=np.array([hazard.response.mode for hazard in hazards], np.int64),
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
    soon = np.unique(calls.within).tolist()
    marks = {begin, separation_minute(schedule)}
    for entry in schedule.assignments:
        marks |= {int(entry.start), int(entry.end), *(int(entry.end) - within for within in soon)}
    for person in schedule.procedure.staff:
        marks |= {int(person.start), int(person.end)}
        marks |= {int(minute) for span in person.absences for minute in span}
        marks |= {int(minute) for span in person.on_call for minute in span[:2]}
    for kit in schedule.procedure.equipment:
        marks |= {int(minute) for minute, _ in kit.restock}
    return np.array(sorted(m for m in marks if begin <= m < end), np.int64), end
