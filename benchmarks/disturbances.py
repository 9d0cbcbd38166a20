"""Random disturbances of an operation day: delays, absences, broken kit, hazards, early stops."""

from collections.abc import Sequence

import numpy as np

from diptych.choreography import stop_after
from diptych.model import (
    Absence,
    Assignment,
    Broken,
    Delay,
    Demand,
    Disruption,
    HazardResponse,
    Schedule,
    Subject,
)

KINDS = ("delay", "late", "absence", "broken", "hazard", "stop")
_SKILLS = ("anaesthesia", "neurosurgery", "perfusion", "scrub", "circulating", "anaesthesia-assist")


def disturb(
    schedule: Schedule, seed: int, number: int, closing: dict[str, str]
) -> tuple[str, int, list[Disruption]]:
    """Kind, minute and events of one disturbance; the same seed and number, the same one.

    The minute is uniform over the day before its last half hour. A draw that is empty (no
    task under way, nobody there) is drawn again.
    """
    draw = np.random.Generator(np.random.Philox(key=[seed, number]))
    kind = KINDS[number % len(KINDS)]
    while True:
        now = int(draw.integers(1, schedule.makespan - 30))
        events = _MAKERS[kind](schedule, now, draw, closing)
        if events:
            return kind, now, events


def _running(schedule: Schedule, now: int) -> list[Assignment]:
    clinical = {task.id for task in schedule.procedure.tasks if task.step}
    return [e for e in schedule.assignments if e.start < now < e.end and e.task in clinical]


def _pick(draw: np.random.Generator, things: Sequence) -> object:
    return things[int(draw.integers(len(things)))]


def _delay(schedule, now, draw, closing):
    running = _running(schedule, now)
    return running and [Delay(task=_pick(draw, running).task, minutes=int(draw.integers(5, 61)))]


def _late(schedule, now, draw, closing):
    clinical = {task.id for task in schedule.procedure.tasks if task.step}
    soon = [e for e in schedule.assignments if now <= e.start < now + 240 and e.task in clinical]
    return soon and [
        Delay(task=_pick(draw, soon).task, minutes=int(draw.integers(5, 61)), late=True)
    ]


def _absence(schedule, now, draw, closing):
    people = [p for p in schedule.procedure.staff if p.end > now + 30]
    person = _pick(draw, people)
    begin = max(now, int(person.start)) + int(draw.integers(0, 61))
    end = min(int(person.end), begin + int(draw.integers(30, 481)))
    return begin < end and [Absence(staff=person.id, begin=begin, end=end)]


def _broken(schedule, now, draw, closing):
    kit = _pick(draw, schedule.procedure.equipment)
    begin = now + int(draw.integers(0, 31))
    end = begin + int(draw.integers(20, 181))
    return [Broken(equipment=kit.id, count=1, begin=begin, end=end)]


def _hazard(schedule, now, draw, closing):
    skills = draw.choice(len(_SKILLS), size=2, replace=False)
    demands = tuple(Demand(skill=_SKILLS[i], count=int(draw.integers(1, 3))) for i in skills)
    subject = Subject(_pick(draw, ("A", "B")))
    end = now + int(draw.integers(10, 61))
    return [
        HazardResponse(
            title=f"trouble of twin {subject}",
            subject=subject,
            begin=now,
            end=end,
            demands=demands[: int(draw.integers(1, 3))],
            equipment={},
        )
    ]


def _stop(schedule, now, draw, closing):
    surgical = {task.id for task in schedule.procedure.tasks if 6 <= task.step <= 15}
    begun = [e for e in schedule.assignments if e.start < now and e.task in surgical]
    if not begun:
        return []
    event = stop_after(schedule, begun[-1].task, now, closing)
    return event.dropped and [event]


_MAKERS = {
    "delay": _delay,
    "late": _late,
    "absence": _absence,
    "broken": _broken,
    "hazard": _hazard,
    "stop": _stop,
}
