"""The kernel's days against a plain event loop written apart from it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from contingency_days import random_day

from diptych.contingencies.daybook import Daybook, write_daybook
from diptych.kernels.day import MOST_STRIKES, live_days, match_people, philox, task_lengths
from diptych.model import Hazard, Minute, Probability, Schedule, Staff, Subject
from diptych.tables import load_table


def unit(word: int) -> float:
    return (int(word) >> 11) * 2.0**-53 + 2.0**-54


def triangular(figures: tuple[float, float, float], u: float) -> float:
    low, mode, high = (float(figure) for figure in figures)
    if low == high:
        return low
    if u < (mode - low) / (high - low):
        return low + (u * (high - low) * (mode - low)) ** 0.5
    return high - ((1 - u) * (high - low) * (high - mode)) ** 0.5


@dataclass
class Strike:
    task: int
    at: float
    hazard: int
    hold: float
    delay: float


@dataclass
class Job:
    """One task on one day: work left, and until when it rests; times are absolute."""

    length: float
    waits: int
    ready: float
    start: float | None = None
    end: float | None = None
    worked: float = 0.0
    since: float | None = None
    rests_until: float = 0.0


class PlainDay:
    """One day, with objects and no arrays of states."""

    def __init__(self, book: Daybook, schedule: Schedule, hazards: list[Hazard], seed: int) -> None:
        self.book, self.hazards, self.seed = book, hazards, seed
        self.staff = list(schedule.procedure.staff)
        index = {who.id: n for n, who in enumerate(self.staff)}
        rows = {entry.task: entry for entry in schedule.assignments}
        self.crew = [[index[who] for who, _ in rows[t.id].staff] for t in book.tasks]
        self.kit = {kind.id: kind.count for kind in schedule.procedure.equipment}
        self.last_shift = max(who.end for who in self.staff)

    def live(self, replica: int) -> tuple[list[float], list[int]]:
        work = self.book.day.work
        lengths = task_lengths(self.seed, replica, work)
        self.jobs = [
            Job(length=lengths[i], waits=int(work.waits[i]), ready=float(work.release[i]))
            for i in range(len(lengths))
        ]
        self.busy = dict.fromkeys(range(len(self.staff)), -1.0)
        self.responses: list[tuple[float, Hazard]] = []
        self.missed = [0] * len(self.hazards)
        self.strikes = sorted(self._strikes(replica, lengths), key=lambda s: (s.task, s.at))
        while any(job.end is None for job in self.jobs):
            now, i = min((self._next(i), i) for i in range(len(self.jobs)))
            self._advance(now, i)
        return [job.end for job in self.jobs], self.missed

    def _strikes(self, replica: int, lengths: np.ndarray) -> list[Strike]:
        found, dangers = [], self.book.day.dangers
        for h, trouble in enumerate(self.hazards):
            low, high = dangers.place_first[h : h + 2]
            if low == high:
                continue
            mean = -np.log1p(-trouble.probability)
            u, number, chance = unit(philox(self.seed, replica, 2, h)[0]), 0, np.exp(-mean)
            while u > chance:
                u, number = u - chance, number + 1
                chance *= mean / number
            for j in range(number):
                a, b, c, d = map(unit, philox(self.seed, replica, 3, h * MOST_STRIKES + j))
                place = low + int(np.searchsorted(dangers.place_upto[low:high], a))
                i = int(dangers.place_task[place])
                response = trouble.response
                found.append(
                    Strike(
                        task=i,
                        at=b * lengths[i],
                        hazard=h,
                        hold=triangular((response.low, response.mode, response.high), c),
                        delay=triangular(response.delay, d),
                    )
                )
        return found

    def _next(self, i: int) -> float:
        """When something next happens to job i."""
        job = self.jobs[i]
        if job.end is not None or job.waits:
            return float("inf")
        if job.since is None:
            crew = [self.busy[p] for p in self.crew[i]]
            return max([job.ready if job.start is None else job.rests_until, *crew])
        strike = next((s for s in self.strikes if s.task == i), None)
        target = strike.at if strike else job.length
        return job.since + max(target - job.worked, 0.0)

    def _advance(self, now: float, i: int) -> None:
        job = self.jobs[i]
        if job.since is None:
            job.start = now if job.start is None else job.start
            job.since = now
            return
        strike = next((s for s in self.strikes if s.task == i), None)
        if strike:
            self.strikes.remove(strike)
            job.worked, job.since = strike.at, now
            self._struck(now, strike)
            return
        job.end, job.since = now, None
        work = self.book.day.work
        for e in range(work.next_first[i], work.next_first[i + 1]):
            after = self.jobs[work.next_task[e]]
            after.waits -= 1
            after.ready = max(after.ready, now + work.next_lag[e])

    def _task_of(self, p: int) -> int | None:
        held = [
            i
            for i, job in enumerate(self.jobs)
            if p in self.crew[i] and job.start is not None and job.end is None
        ]
        assert len(held) <= 1
        return held[0] if held else None

    def _near(self, trouble: Hazard, about: Subject, team: str) -> bool:
        if Subject.TEAM in (trouble.subject, about):
            return False
        if trouble.subject in (Subject.BOTH, Subject.SHARED) or about == trouble.subject:
            return True
        return about in (Subject.BOTH, Subject.SHARED) and team in (trouble.subject, "both")

    def _left(self, now: float, i: int) -> float:
        job = self.jobs[i]
        return job.length - job.worked - (now - job.since if job.since is not None else 0.0)

    def _free(self, now: float, trouble: Hazard, i: int, who: Staff) -> bool:
        duty = self.book.tasks[i]
        return duty.priority < trouble.severity or self._near(trouble, duty.subject, who.team)

    def _comes(self, now: float, trouble: Hazard, d: int, p: int) -> bool:
        who, demand, i = self.staff[p], trouble.response.demands[d], self._task_of(p)
        tied = any(p in self.crew[n] and job.end is None for n, job in enumerate(self.jobs))
        here = who.start <= now and (now < who.end or tied or who.end == self.last_shift)
        if not here or demand.skill not in who.skills or self.busy[p] > now:
            return False
        if i is None or self._free(now, trouble, i, who):
            return True
        return self.jobs[i].since is not None and self._left(now, i) <= demand.within

    def _kit_at_hand(self, now: float, trouble: Hazard) -> bool:
        for kind, needed in trouble.response.equipment.items():
            free = self.kit[kind]
            for i, job in enumerate(self.jobs):
                duty = self.book.tasks[i]
                held = duty.priority >= trouble.severity
                if job.start is not None and job.end is None and held:
                    near = self._near(trouble, duty.subject, "")
                    free -= 0 if near else duty.equipment.get(kind, 0)
            for until, other in self.responses:
                free -= other.response.equipment.get(kind, 0) if until > now else 0
            if free < needed:
                return False
        return True

    def _struck(self, now: float, strike: Strike) -> None:
        trouble = self.hazards[strike.hazard]
        chosen = self._answer(now, trouble)
        delay = strike.delay
        if chosen is None:
            self.missed[strike.hazard] += 1
            delay = float(trouble.response.delay[2])
        else:
            self.responses.append((now + strike.hold, trouble))
            for p in chosen:
                self._call(now, trouble, p, strike)
        for i, job in enumerate(self.jobs):
            begun = job.start is not None and job.end is None
            if begun and (i == strike.task or self._stands(trouble, self.book.tasks[i].subject)):
                self._rest(now, i, now + delay)

    def _stands(self, trouble: Hazard, about: Subject) -> bool:
        if Subject.TEAM in (trouble.subject, about):
            return False
        return {trouble.subject, about} != {Subject.A, Subject.B}

    def _answer(self, now: float, trouble: Hazard) -> list[int] | None:
        if not self._kit_at_hand(now, trouble):
            return None
        people = range(len(self.staff))
        demands = trouble.response.demands
        masks = np.zeros((len(demands), 1), np.uint64)
        for d in range(len(demands)):
            for p in people:
                if self._comes(now, trouble, d, p):
                    masks[d, 0] |= np.uint64(1 << p)

        def rank(p: int) -> tuple[bool, int, int]:
            idle = self._task_of(p) is None and self.busy[p] <= now
            return not idle, len(self.staff[p].skills), p

        order = np.array(sorted(people, key=rank))
        chosen = match_people(masks, np.array([demand.count for demand in demands]), order)
        return None if (chosen < 0).any() else chosen.tolist()

    def _call(self, now: float, trouble: Hazard, p: int, strike: Strike) -> None:
        i, until = self._task_of(p), now + strike.hold
        if i is not None and (
            i == strike.task or self._stands(trouble, self.book.tasks[i].subject)
        ):
            until = now + min(strike.hold, strike.delay)
        elif i is not None and not self._free(now, trouble, i, self.staff[p]):
            until += self._left(now, i)
        elif i is not None:
            self._rest(now, i, until)
        self.busy[p] = until

    def _rest(self, now: float, i: int, until: float) -> None:
        job = self.jobs[i]
        if job.since is not None:
            job.worked, job.since = job.worked + now - job.since, None
            job.rests_until = until
        else:
            job.rests_until = max(job.rests_until, until)


@pytest.mark.parametrize("seed", range(12))
def test_the_kernel_lives_the_same_days(seed: int) -> None:
    schedule, hazards = random_day(seed, people=7, tasks=9)
    rng = np.random.Generator(np.random.Philox(key=1000 + seed))
    tasks = tuple(
        replace(entry, duration=replace(entry.duration, low=Minute(5), high=Minute(90)))
        for entry in schedule.procedure.tasks
    )
    schedule = replace(schedule, procedure=replace(schedule.procedure, tasks=tasks))
    eager = [
        replace(
            trouble,
            probability=Probability(0.7),
            probability_high=Probability(0.9),
            response=replace(
                trouble.response,
                mode=Minute(10 + int(rng.integers(10))),
                high=Minute(40),
                delay=(Minute(0), Minute(int(rng.integers(20))), Minute(30)),
            ),
        )
        for trouble in hazards
    ]
    book = write_daybook(schedule, eager, load_table("rehearsal"))
    _, ends, _, missed = live_days(seed, 0, 15, book.day, True)
    plain = PlainDay(book, schedule, eager, seed)
    for replica in range(15):
        end, lost = plain.live(replica)
        assert ends[replica] == pytest.approx(end, abs=1e-6)
        assert missed[replica].tolist() == lost
