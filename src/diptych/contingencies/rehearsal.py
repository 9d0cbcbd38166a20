"""The day rehearsed: lived many times with chance in lengths and hazards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.daybook import Daybook, write_daybook
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.statistics import bins, quantile, share_of_days
from diptych.kernels.day import KERNEL_VERSION, live_days
from diptych.model import Hazard, InputError, Measured, Rehearsal, Schedule, Subject
from diptych.tables import SourcedTable

QUANTILES = {"p10": 0.10, "p50": 0.50, "p80": 0.80, "p90": 0.90, "p95": 0.95}
CHUNK = 1000
FIRST_STEP_WITH_TWINS = 2
INCISION_STEP = 6
_RULES = AnswerPolicy()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DaysLived:
    """What is kept of each day (D,): minutes, and per hazard (D, H) strikes and misses.

    enter : first task with the twins starts; incision : first task of step 6 starts (NaN
    where the plan has none); separation, end : as the words say
    """

    enter: NDArray[np.float64]
    incision: NDArray[np.float64]
    separation: NDArray[np.float64]
    end: NDArray[np.float64]
    struck: NDArray[np.int64]
    missed: NDArray[np.int64]


def simulate(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    *,
    days: int = 10_000,
    seed: int,
    tables: Mapping[str, SourcedTable],
    policy: AnswerPolicy = _RULES,
) -> Rehearsal:
    """Live the planned day `days` times and sum up when it ends and what befell it.

    Each task's length follows the three-parameter log-normal through its least, most likely
    and most length, correlated between the tasks of a day; tasks keep the plan's order on
    people, kit and places. Hazards strike with their probability and are answered by the same
    rules as in the proof, or missed. `tables["rehearsal"]` gives the correlation and the
    published days that the result is set beside in `notes`. Nobody goes home with tasks still
    to do, and the last shift stays until the day is over. Same input and seed give the same
    result, in any split. Raises InputError for no days, a negative seed or an empty plan.
    """
    _require_sense(schedule, days, seed)
    table = tables["rehearsal"]
    ordered = _lead_twin_first(schedule, hazards)
    book = write_daybook(schedule, ordered, table)
    lived = live(schedule, book, days=range(days), seed=seed, policy=policy)
    calm = live(
        schedule, write_daybook(schedule, (), table), days=range(days), seed=seed, policy=policy
    )
    rates = {
        hazard.id: share_of_days(int((lived.struck[:, h] > 0).sum()), days)
        for h, hazard in enumerate(ordered)
    }
    return Rehearsal(
        days=days,
        seed=seed,
        version=KERNEL_VERSION,
        end_time=_quantiles(lived.end),
        separation_time=_quantiles(lived.separation),
        hazard_rate={hazard.id: rates[hazard.id] for hazard in hazards},
        unanswered=share_of_days(int((lived.missed.sum(axis=1) > 0).sum()), days),
        end_histogram=bins(lived.end, int(table.value("histogram-bin"))),
        notes=(*_notes(schedule, lived, calm, table), *_worst(ordered, lived)),
    )


def _lead_twin_first(schedule: Schedule, hazards: Sequence[Hazard]) -> tuple[Hazard, ...]:
    """The same hazards; of two that differ only in the twin, that of the lead twin comes first.

    Random numbers go by position and the catalogue names A before B. The lead twin is the one
    that the plan's tasks name first, so that swapping the twins of a plan swaps the rehearsal.
    """
    single = (Subject.A, Subject.B)
    named = (task.subject for task in schedule.procedure.tasks if task.subject in single)
    ordered = list(hazards)
    if next(named, Subject.A) is Subject.A:
        return tuple(ordered)
    for i, (one, other) in enumerate(pairwise(hazards)):
        alike = (one.first_step, one.last_step, one.probability, one.severity, one.response) == (
            (other.first_step, other.last_step, other.probability, other.severity, other.response)
        )
        if alike and (one.subject, other.subject) == single:
            ordered[i], ordered[i + 1] = other, one
    return tuple(ordered)


def live(
    schedule: Schedule, book: Daybook, *, days: range, seed: int, policy: AnswerPolicy
) -> DaysLived:
    """The days of those numbers, whatever the split; in chunks, to hold little at once."""
    parts = [
        _live_chunk(schedule, book, days[at : at + CHUNK], seed, policy)
        for at in range(0, len(days), CHUNK)
    ]
    return DaysLived(
        enter=np.concatenate([part.enter for part in parts]),
        incision=np.concatenate([part.incision for part in parts]),
        separation=np.concatenate([part.separation for part in parts]),
        end=np.concatenate([part.end for part in parts]),
        struck=np.concatenate([part.struck for part in parts]),
        missed=np.concatenate([part.missed for part in parts]),
    )


def _live_chunk(
    schedule: Schedule, book: Daybook, days: range, seed: int, policy: AnswerPolicy
) -> DaysLived:
    own_twin = policy.those_at_the_twin_answer
    starts, ends, struck, missed = live_days(seed, days.start, len(days), book.day, own_twin)
    procedure = schedule.procedure
    separation = next(m.task for m in procedure.milestones if m.id == procedure.separation)
    steps = np.array([task.step for task in book.tasks])
    at = [task.id for task in book.tasks].index(separation)
    return DaysLived(
        enter=_first(starts, steps >= FIRST_STEP_WITH_TWINS),
        incision=_first(starts, steps == INCISION_STEP),
        separation=ends[:, at],
        end=ends.max(axis=1),
        struck=struck,
        missed=missed,
    )


def _first(starts: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    if not chosen.any():
        return np.full(len(starts), np.nan)
    earliest: NDArray[np.float64] = starts[:, chosen].min(axis=1)
    return earliest


def _quantiles(values: NDArray[np.float64]) -> dict[str, Measured]:
    return {name: quantile(values, share, "min") for name, share in QUANTILES.items()}


def _notes(
    schedule: Schedule, lived: DaysLived, calm: DaysLived, table: SourcedTable
) -> tuple[str, ...]:
    overrun, correlation = table.number("published-overrun"), table.number("task-correlation")
    plan, alone, full = (
        float(minutes) / 60
        for minutes in (schedule.makespan, np.median(calm.end), np.median(lived.end))
    )
    last = max(person.end for person in schedule.procedure.staff)
    notes = [
        f"The plan ends after {plan:.1f} h; with chance in the lengths of tasks alone the median"
        f" day ends after {alone:.1f} h, with hazards after {full:.1f} h. The lengths of steps"
        " were set so that they add up to published days, troubles included: hazards are in part"
        " counted twice.",
        f"The median day is {full / plan:.2f} times the plan; published days were"
        f" {overrun.low:g} to {overrun.high:g} times theirs ({overrun.source}).",
        _compare("From the twins' entry to the end", lived.end - lived.enter, table, "total"),
    ]
    if not np.isnan(lived.incision).any():
        span = lived.separation - lived.incision
        key = "incision-to-separation"
        notes.append(_compare("From incision to separation", span, table, key))
    notes += [
        f"{(lived.end > last).mean():.0%} of days outlast the last shift of the roster; its people"
        " are taken to stay.",
        f"Lengths of the tasks of a day are correlated by {correlation.value:g}"
        f" ({correlation.source}).",
        f"On average {lived.struck.sum(axis=1).mean():.1f} hazards strike in a day and"
        f" {lived.missed.sum(axis=1).mean():.2f} of them find nobody in time.",
    ]
    return tuple(notes)


def _compare(what: str, minutes: NDArray[np.float64], table: SourcedTable, key: str) -> str:
    published = table.number(f"published-{key}")
    low, middle, high = (float(q) / 60 for q in np.quantile(minutes, [0.25, 0.5, 0.75]))
    inside = float(((minutes >= published.low) & (minutes <= published.high)).mean())
    return (
        f"{what}: median {middle:.1f} h, middle half {low:.1f} to {high:.1f} h; published"
        f" {published.value / 60:.1f} h, {published.low / 60:.1f} to {published.high / 60:.1f} h,"
        f" where {inside:.0%} of these days lie ({published.population}; {published.source})."
    )


def _worst(hazards: Sequence[Hazard], lived: DaysLived) -> list[str]:
    """The hazards that most often find nobody in time, at most three."""
    misses = lived.missed.sum(axis=0)
    order = sorted(range(len(hazards)), key=lambda h: (-int(misses[h]), h))[:3]
    return [
        f"{hazards[h].title}: {misses[h]} of {lived.struck[:, h].sum()} strikes found nobody in"
        " time."
        for h in order
        if misses[h] > 0
    ]


def _require_sense(schedule: Schedule, days: int, seed: int) -> None:
    if days < 1 or seed < 0:
        raise InputError(
            f"rehearsal of {days} days with seed {seed}, expected at least 1 day and a seed of"
            " at least 0",
            remedy="give --days 10000 and --seed 1, or leave them out",
        )
    if not schedule.assignments:
        raise InputError(
            "the schedule has no assignments, so there is no day to live",
            remedy="run `diptych choreograph` first",
        )
