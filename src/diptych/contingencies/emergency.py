"""The emergency path of each step: who starts it at once, and who is there to its end."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

import numpy as np

from diptych.contingencies.wording import clock, people_missing
from diptych.kernels.bitcover import match_people
from diptych.model import (
    Coverage,
    EmergencyCover,
    EmergencyGap,
    EmergencyPath,
    Hazard,
    InputError,
    Minute,
    Schedule,
    Staff,
    TaskId,
    TwinId,
)

HAZARD = "death-of-twin"


def staff_emergency(
    schedule: Schedule, coverage: Coverage, paths: Sequence[EmergencyPath]
) -> tuple[EmergencyCover, ...]:
    """For each step and dying twin: from which minutes its emergency path has its people.

    Two things must hold at each minute at which the step is under way. The response to the
    hazard `death-of-twin` of that twin is covered: the team is there in time although the
    plan still runs. And at every minute until the longest time of the path has passed, people
    of those skills are on shift, for from then on the plan is given up and all may help; the
    same people need not stay. Paths of the same step with other numbers of vessels divided
    count as the longest of them. Steps that the schedule does not hold are left out.
    Raises InputError when paths are given and the catalogue has no such hazard.
    """
    hazards = {str(hazard.id): hazard for hazard in coverage.hazards}
    longest: dict[tuple[str, TwinId], EmergencyPath] = {}
    for path in paths:
        key = path.step, path.dying
        if key not in longest or path.high > longest[key].high:
            longest[key] = path
    spans = _spans(schedule, {path.step for path in paths})
    return tuple(
        _cover(path, spans[path.step], _hazard(hazards, path.dying), (schedule, coverage))
        for path in longest.values()
        if path.step in spans
    )


def _hazard(hazards: Mapping[str, Hazard], dying: TwinId) -> Hazard:
    name = f"{HAZARD}-{dying}"
    if name not in hazards:
        raise InputError(
            f"the catalogue of hazards has no {name}, and the emergency paths need its response",
            remedy=f"put the row {HAZARD!r} back into hazards.toml",
        )
    return hazards[name]


def _spans(schedule: Schedule, steps: set[str]) -> dict[str, list[tuple[int, int]]]:
    """Minutes of the tasks of each step; a task's id is the step's key, or key-and-more."""
    found: dict[str, list[tuple[int, int]]] = {}
    for entry in schedule.assignments:
        step = _step_of(entry.task, steps)
        if step:
            found.setdefault(step, []).append((int(entry.start), int(entry.end)))
    return found


def _step_of(task: TaskId, steps: set[str]) -> str:
    fits = [step for step in steps if task == step or task.startswith(f"{step}-")]
    return max(fits, key=len, default="")


def _cover(
    path: EmergencyPath,
    spans: Sequence[tuple[int, int]],
    hazard: Hazard,
    plan: tuple[Schedule, Coverage],
) -> EmergencyCover:
    schedule, coverage = plan
    minutes = sorted({m for start, end in spans for m in range(start, end)})
    called = {
        m: gap.missing
        for gap in coverage.gaps
        if gap.hazards == (hazard.id,)
        for m in range(gap.start, gap.end)
    }
    stays = _shortages(schedule, hazard, (minutes[0], minutes[-1] + int(path.high)))
    faults = {m: called.get(m) or _first(stays, m, m + int(path.high)) for m in minutes}
    gaps = tuple(_gaps(faults))
    return EmergencyCover(
        step=path.step,
        title=path.title,
        dying=path.dying,
        longest=path.high,
        minutes=len(minutes),
        staffed=sum(not fault for fault in faults.values()),
        gaps=gaps,
    )


def _shortages(
    schedule: Schedule, hazard: Hazard, span: tuple[int, int]
) -> list[tuple[int, int, str]]:
    """Stretches of the span in which those on shift cannot fill the response's places."""
    staff = schedule.procedure.staff
    marks = {span[0], span[1]}
    for person in staff:
        edges = (person.start, person.end, *(m for away in person.absences for m in away))
        marks |= {int(m) for m in edges if span[0] < m < span[1]}
    ordered = sorted(marks)
    found = []
    for start, end in pairwise(ordered):
        missing = _short_at(staff, hazard, start)
        if missing:
            words = f"at {clock(schedule.procedure.day_start, start)} on shift: {missing}"
            found.append((start, end, words))
    return found


def _short_at(staff: Sequence[Staff], hazard: Hazard, minute: int) -> str:
    here = [person for person in staff if _present(person, minute)]
    demands = hazard.response.demands
    able = np.zeros((len(demands), max(1, -(-len(here) // 64))), np.uint64)
    for row, demand in enumerate(demands):
        for n, person in enumerate(here):
            if demand.skill in person.skills and person.grade >= demand.grade:
                able[row, n // 64] |= np.uint64(1 << n % 64)
    counts = np.array([demand.count for demand in demands], np.int64)
    chosen = match_people(able, counts, np.arange(len(here)))
    places = [demand for demand in demands for _ in range(demand.count)]
    empty = [place for place, who in zip(places, chosen, strict=True) if who < 0]
    if not empty:
        return ""
    skills = {place.skill for place in empty}
    short = [demand for demand in demands if demand.skill in skills]
    return people_missing(short, sum(demand.count for demand in short) - len(empty))


def _present(person: Staff, minute: int) -> bool:
    away = any(begin <= minute < end for begin, end in person.absences)
    return person.start <= minute < person.end and not away


def _first(stays: Sequence[tuple[int, int, str]], start: int, end: int) -> str:
    return next((words for low, high, words in stays if low < end and start < high), "")


def _gaps(faults: Mapping[int, str]) -> Iterator[EmergencyGap]:
    """Neighbouring minutes with the same fault, joined."""
    rows = [(minute, fault) for minute, fault in faults.items() if fault]
    for (_, words), group in groupby(
        enumerate(rows), key=lambda item: (item[1][0] - item[0], item[1][1])
    ):
        minutes = [minute for _, (minute, _) in group]
        yield EmergencyGap(start=Minute(minutes[0]), end=Minute(minutes[-1] + 1), missing=words)
