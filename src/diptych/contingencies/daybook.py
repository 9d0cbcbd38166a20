"""The plan, the hazards and the table laid out for the simulation kernel."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log1p

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.duties import (
    SUBJECT_CODE,
    concerns,
    lay_out_calls,
    lay_out_crew,
    offsets,
)
from diptych.contingencies.lengths import fit_length
from diptych.contingencies.network import WaitNetwork, draw_network
from diptych.kernels.bitcover import Crew
from diptych.kernels.day import Dangers, Day, Watches, Work
from diptych.model import Assignment, Demand, Hazard, Schedule, StaffId, Subject, Task
from diptych.tables import SourcedTable

OPEN_END = 1e9
Runs = Sequence[tuple[Assignment, Task]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Daybook:
    """Everything one replica needs, and the tasks in the kernel's order."""

    tasks: tuple[Task, ...]
    day: Day


def write_daybook(schedule: Schedule, hazards: Sequence[Hazard], table: SourcedTable) -> Daybook:
    """Arrays for `live_days`; the tasks stand in the order of the plan."""
    network = draw_network(schedule)
    index = {person.id: p for p, person in enumerate(schedule.procedure.staff)}
    staff = schedule.procedure.staff
    asked = sorted(range(len(staff)), key=lambda p: (len(staff[p].skills), p))
    return Daybook(
        tasks=tuple(task for _, task in network.runs),
        day=Day(
            work=_work(schedule, network, index, table),
            watches=_watches(schedule, network.watches, index),
            dangers=_dangers(network.runs, hazards, asked),
            calls=lay_out_calls(schedule, hazards),
            crew=_last_shift_stays(lay_out_crew(schedule)),
        ),
    )


def _last_shift_stays(crew: Crew) -> Crew:
    """Those whose hours end last stay until the day is over, for nobody relieves them."""
    last = crew.end.max(initial=0)
    return crew._replace(end=np.where(crew.end == last, int(OPEN_END), crew.end))


def _work(
    schedule: Schedule, network: WaitNetwork, index: dict[StaffId, int], table: SourcedTable
) -> Work:
    laws = [fit_length(task.duration) for _, task in network.runs]
    after: list[list[tuple[int, int]]] = [[] for _ in network.runs]
    for i, waits in enumerate(network.waits_for):
        for j, lag in waits.items():
            after[j].append((i, lag))
    first, holder = _holders(network.runs, index)
    return Work(
        low=np.array([law.low for law in laws], np.float64),
        mu=np.array([law.mu for law in laws], np.float64),
        sigma=np.array([law.sigma for law in laws], np.float64),
        share=np.array([table.value("task-correlation")], np.float64),
        release=_releases(schedule, network),
        waits=np.array([len(waits) for waits in network.waits_for], np.int64),
        next_first=offsets([len(row) for row in after]),
        next_task=np.array([i for row in after for i, _ in row], np.int64),
        next_lag=np.array([lag for row in after for _, lag in row], np.float64),
        priority=np.array([task.priority for _, task in network.runs], np.int64),
        subject=np.array([SUBJECT_CODE[task.subject] for _, task in network.runs], np.int64),
        first=first,
        holder=holder,
        kit=_kit(schedule, network.runs),
    )


def _releases(schedule: Schedule, network: WaitNetwork) -> NDArray[np.float64]:
    """Earliest minute of each task: its people have come, and left the watch before it.

    A task that waits for nothing keeps its planned minute.
    """
    comes = {person.id: int(person.start) for person in schedule.procedure.staff}
    releases = []
    for (entry, _), waits in zip(network.runs, network.waits_for, strict=True):
        people = {person for person, _ in entry.staff}
        minutes = [comes[person] for person in people]
        minutes += [
            int(watch.end)
            for watch, _ in network.watches
            if watch.end <= entry.start and people & {person for person, _ in watch.staff}
        ]
        minutes += [] if waits else [int(entry.start)]
        releases.append(max(minutes, default=0))
    return np.array(releases, np.float64)


def _watches(schedule: Schedule, watches: Runs, index: dict[StaffId, int]) -> Watches:
    """Watches by the clock; the last one of each kind and twin lasts until the day ends."""
    last: dict[tuple[Subject, tuple[Demand, ...]], int] = {}
    for entry, task in watches:
        kind = task.subject, task.demands
        last[kind] = max(last.get(kind, 0), entry.end)
    open_ended = [entry.end == last[task.subject, task.demands] for entry, task in watches]
    ends = [
        OPEN_END if stays else float(entry.end)
        for (entry, _), stays in zip(watches, open_ended, strict=True)
    ]
    first, holder = _holders(watches, index)
    return Watches(
        start=np.array([entry.start for entry, _ in watches], np.float64),
        end=np.array(ends, np.float64),
        priority=np.array([task.priority for _, task in watches], np.int64),
        subject=np.array([SUBJECT_CODE[task.subject] for _, task in watches], np.int64),
        first=first,
        holder=holder,
        kit=_kit(schedule, watches),
    )


def _dangers(runs: Runs, hazards: Sequence[Hazard], asked: list[int]) -> Dangers:
    """Hazards strike a task of theirs with a chance in proportion to its planned length."""
    tasks: list[int] = []
    upto: list[float] = []
    counts = []
    for hazard in hazards:
        hit = [i for i, (_, task) in enumerate(runs) if concerns(hazard, task)]
        lengths = np.array([max(runs[i][0].end - runs[i][0].start, 1) for i in hit], np.float64)
        tasks += hit
        upto += (np.cumsum(lengths) / lengths.sum()).tolist() if hit else []
        counts.append(len(hit))
    responses = [hazard.response for hazard in hazards]
    return Dangers(
        mean=np.array([_mean(hazard.probability) for hazard in hazards], np.float64),
        place_first=offsets(counts),
        place_task=np.array(tasks, np.int64),
        place_upto=np.array(upto, np.float64),
        hold=np.array([[r.low, r.mode, r.high] for r in responses], np.float64).reshape(-1, 3),
        delay=np.array([r.delay for r in responses], np.float64).reshape(-1, 3),
        asked=np.array(asked, np.int64),
    )


def _mean(probability: float) -> float:
    """Poisson mean at which at least one strike has that probability."""
    return inf if probability >= 1 else -log1p(-probability)


def _holders(runs: Runs, index: dict[StaffId, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = [[index[person] for person, _ in entry.staff] for entry, _ in runs]
    return offsets([len(row) for row in rows]), np.array([p for row in rows for p in row], np.int64)


def _kit(schedule: Schedule, runs: Runs) -> NDArray[np.int64]:
    kinds = schedule.procedure.equipment
    rows = [[task.equipment.get(kit.id, 0) for kit in kinds] for _, task in runs]
    return np.array(rows, np.int64).reshape(len(runs), len(kinds))
