"""The independent checker of a coverage proof. It shares no code with the prover.

It goes minute by minute, without stretches, bit masks or kernels, and asks of each cell: are
these people different, on shift, able and free to come; and of each gap: is there truly no
way. It reads the rules from the schedule itself, in words of its own.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import inf

from diptych.contingencies.policy import AnswerPolicy
from diptych.model import (
    Assignment,
    Coverage,
    CoverageCell,
    Hazard,
    ResponseDemand,
    Schedule,
    Staff,
    Subject,
    Task,
)

_RULES = AnswerPolicy()
Busy = dict[str, list[tuple[Assignment, Task]]]
Places = tuple[tuple[frozenset[str], ...], tuple[int, ...]]


def check_certificate(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    coverage: Coverage,
    *,
    policy: AnswerPolicy = _RULES,
) -> tuple[str, ...]:
    """Every fault of the proof in words; empty when it holds.

    Each minute of each hazard must lie in exactly one cell; a covered cell must name
    different people who can come in time, and kit must be at hand; an uncovered cell must be
    truly without any way and have a gap that says so; depth and totals must be right.
    """
    day = Day(schedule, policy)
    faults = [*_check_totals(hazards, coverage), *_check_gaps(coverage)]
    known = {hazard.id for hazard in hazards}
    faults += [
        f"cell for unknown hazard {c.hazard}" for c in coverage.cells if c.hazard not in known
    ]
    for hazard in hazards:
        cells = [cell for cell in coverage.cells if cell.hazard == hazard.id]
        faults += _check_tiling(day, hazard, cells)
        for cell in cells:
            faults += day.check_cell(hazard, cell)
    return tuple(faults)


def _check_totals(hazards: Sequence[Hazard], coverage: Coverage) -> Iterator[str]:
    if coverage.order != 1:
        yield f"order is {coverage.order}, this certificate is for single hazards"
    if tuple(coverage.hazards) != tuple(hazards):
        yield "the hazards proved are not the hazards asked about"
    minutes = sum(cell.end - cell.start for cell in coverage.cells)
    covered = sum(cell.end - cell.start for cell in coverage.cells if cell.covered)
    if (coverage.minutes, coverage.covered_minutes) != (minutes, covered):
        yield (
            f"totals say {coverage.covered_minutes} of {coverage.minutes} hazard-minutes,"
            f" the cells say {covered} of {minutes}"
        )


def _check_gaps(coverage: Coverage) -> Iterator[str]:
    claimed = [(gap.hazards, m) for gap in coverage.gaps for m in range(gap.start, gap.end)]
    bare = {
        ((cell.hazard,), m)
        for cell in coverage.cells
        if not cell.covered
        for m in range(cell.start, cell.end)
    }
    if len(claimed) != len(set(claimed)):
        yield "gaps overlap"
    if set(claimed) != bare:
        yield "gaps and uncovered cells are not the same minutes"
    if not all(gap.missing and gap.message for gap in coverage.gaps):
        yield "a gap does not say what is missing"


def _check_tiling(day: "Day", hazard: Hazard, cells: list[CoverageCell]) -> Iterator[str]:
    minutes = sorted(m for cell in cells for m in range(cell.start, cell.end))
    if minutes != list(day.minutes_of(hazard)):
        yield f"{hazard.id}: the cells are not the minutes in which it can strike, each once"
    if any(cell.start >= cell.end for cell in cells):
        yield f"{hazard.id}: a cell is empty"


class Day:
    """The schedule, looked up by minute and person."""

    def __init__(self, schedule: Schedule, policy: AnswerPolicy) -> None:
        tasks = schedule.done()
        self.runs = [(entry, tasks[entry.task]) for entry in schedule.assignments]
        self.skilled: dict[str, list[Staff]] = {}
        for person in schedule.procedure.staff:
            for skill in set(person.skills):
                self.skilled.setdefault(skill, []).append(person)
        self.counted: dict[Places, int] = {}
        kits = schedule.procedure.equipment
        self.stock = {str(kit.id): kit.restock for kit in kits if not kit.renewable}
        self.room = {str(zone.id): zone.capacity for zone in schedule.procedure.zones}
        self.room |= {str(kit.id): kit.count + sum(n for _, n in kit.restock) for kit in kits}
        self.apart = schedule.milestones.get(schedule.procedure.separation, schedule.makespan)
        self.near = policy.those_at_the_twin_answer
        last = max((entry.end for entry, _ in self.runs), default=0)
        self.running = [
            [(e, t) for e, t in self.runs if e.start <= minute < e.end] for minute in range(last)
        ]
        self.busy = [_busy(running) for running in self.running]

    def minutes_of(self, hazard: Hazard) -> range:
        """The minutes in which the hazard can strike."""
        foreign = {Subject.A: Subject.B, Subject.B: Subject.A}.get(hazard.subject)
        steps = range(hazard.first_step, hazard.last_step + 1)
        spans = [e for e, t in self.runs if t.step in steps and t.subject is not foreign]
        if not spans:
            return range(0)
        return range(min(e.start for e in spans), max(e.end for e in spans))

    def check_cell(self, hazard: Hazard, cell: CoverageCell) -> Iterator[str]:
        """Faults of one cell, at the first minute at which each shows."""
        demands = hazard.response.demands
        named = [skill for demand in demands for skill in [demand.skill] * demand.count]
        who = [person for person, _ in cell.witness]
        if cell.covered and [skill for _, skill in cell.witness] != named:
            yield f"{hazard.id} at {cell.start}: the witness does not answer the demands"
        elif len(set(who)) != len(who):
            yield f"{hazard.id} at {cell.start}: a person answers twice"
        else:
            for minute in range(max(cell.start, 0), min(cell.end, len(self.running))):
                fault = self._fault_at(hazard, cell, minute)
                if fault:
                    yield f"{hazard.id} at {minute}: {fault}"
                    return

    def _fault_at(self, hazard: Hazard, cell: CoverageCell, minute: int) -> str:
        asked = hazard.response.demands
        sets = tuple(frozenset(self.able(hazard, demand, minute)) for demand in asked)
        short = self._short_of_things(hazard, minute)
        places = [reach for reach, ask in zip(sets, asked, strict=True) for _ in range(ask.count)]
        if cell.covered:
            for (person, skill), reach in zip(cell.witness, places, strict=True):
                if person not in reach:
                    return f"{person} cannot come as {skill}"
            if short:
                return f"{short} is not at hand"
        elif not short and _all_seated(places):
            return "called a gap, yet it can be answered"
        elif cell.witness:
            return "a gap has no witness"
        key = sets, tuple(ask.count for ask in asked)
        if key not in self.counted:
            self.counted[key] = _slack(*key)
        slack = self.counted[key]
        return "" if slack == cell.depth else f"depth is {cell.depth}, counted {slack}"

    def able(self, hazard: Hazard, demand: ResponseDemand, minute: int) -> Iterator[str]:
        """Ids of those who can come to a demand of the hazard in time."""
        for person in self.skilled.get(demand.skill, ()):
            if person.grade >= demand.grade and _way(person, minute) <= demand.within:
                duties = self.busy[minute].get(person.id, ())
                if all(self._leaves(hazard, demand, minute, person, duty) for duty in duties):
                    yield person.id

    def _leaves(
        self,
        hazard: Hazard,
        demand: ResponseDemand,
        minute: int,
        person: Staff,
        duty: tuple[Assignment, Task],
    ) -> bool:
        entry, task = duty
        if entry.end - minute <= demand.within:
            return True
        held = {skill for who, skill in entry.staff if who == person.id} | {person.role}
        if _rests(hazard, task) and held.isdisjoint(task.keeps):
            return True
        return self.near and _beside(hazard.subject, task.subject, person.team)

    def keeps(self, hazard: Hazard, task: Task) -> bool:
        """Does the task keep its kit and its places when the hazard strikes?"""
        near = self.near and _beside(hazard.subject, task.subject, "")
        return not (near or _rests(hazard, task))

    def _short_of_things(self, hazard: Hazard, minute: int) -> str:
        """The first kind of kit or place of which there is too little; empty for none."""
        kits = {str(kind): n for kind, n in hazard.response.equipment.items()}
        for name, needed in [*kits.items(), *self.fields_of(hazard, minute).items()]:
            held = self.holders(name, minute)
            gone = [t for t in held if name in self.stock or self.keeps(hazard, t)]
            if self.there(name, minute) - len(gone) < needed:
                return name
        return ""

    def fields_of(self, hazard: Hazard, minute: int) -> dict[str, int]:
        """Places asked for at the field of each twin in trouble, where it then is."""
        twins = ["A", "B"] if hazard.subject not in (Subject.A, Subject.B) else [hazard.subject]
        asked: dict[str, int] = {}
        for twin in twins if hazard.response.sterile else []:
            zone = f"sterile-{twin}" if minute >= self.apart else "sterile-joined"
            asked[zone] = asked.get(zone, 0) + hazard.response.sterile
        return asked

    def holders(self, name: str, minute: int) -> list[Task]:
        """The task that holds each piece or place; of a stock, that has used it up."""
        spent = [(e, t) for e, t in self.runs if e.start <= minute]
        return [
            task
            for _, task in (spent if name in self.stock else self.running[minute])
            for _ in range(_takes(task, name))
        ]

    def there(self, name: str, minute: int) -> int:
        """How many pieces or places of that name there have been so far."""
        later = sum(pieces for moment, pieces in self.stock.get(name, ()) if moment > minute)
        return self.room.get(name, 0) - later


def _busy(running: list[tuple[Assignment, Task]]) -> Busy:
    busy: Busy = {}
    for entry, task in running:
        for person, _ in entry.staff:
            busy.setdefault(person, []).append((entry, task))
    return busy


def _takes(task: Task, name: str) -> int:
    """How many pieces of that kit, or places of that zone, the task takes."""
    named = {str(kind): n for kind, n in task.equipment.items()}
    return named.get(name) or {str(zone): n for zone, n in task.zones.items()}.get(name, 0)


def _rests(hazard: Hazard, task: Task) -> bool:
    """Can the task stand still for as long as the hazard is likely to take?"""
    patient = task.may_wait is None or hazard.response.mode <= task.may_wait
    return patient and hazard.severity > task.priority


def _way(person: Staff, minute: int) -> float:
    """Minutes until the person can be there: none in the house, else from where they are called."""
    if any(begin <= minute < end for begin, end in person.absences):
        return inf
    if person.start <= minute < person.end:
        return 0
    return min((way for begin, end, way in person.on_call if begin <= minute < end), default=inf)


def _beside(trouble: Subject, about: Subject, team: str) -> bool:
    """Is who works on `about`, in the colours of `team`, already with the twin in trouble?"""
    if Subject.TEAM in (trouble, about):
        return False
    pair = (Subject.BOTH, Subject.SHARED)
    return trouble in pair or about is trouble or (about in pair and team in (trouble, "both"))


def _all_seated(places: list[frozenset[str]]) -> bool:
    """Can every place get a person of its own (Kuhn's augmenting paths)?"""
    seat: dict[str, int] = {}

    def seats(place: int, tried: set[str]) -> bool:
        for person in sorted(places[place] - tried):
            tried.add(person)
            if person not in seat or seats(seat[person], tried):
                seat[person] = place
                return True
        return False

    return all(seats(place, set()) for place in range(len(places)))


def _slack(sets: tuple[frozenset[str], ...], counts: tuple[int, ...]) -> int:
    """Least surplus of people over places in any choice of demands (Hall's condition)."""
    choices = (c for size in range(1, len(sets) + 1) for c in combinations(range(len(sets)), size))
    return min(
        len(frozenset().union(*(sets[d] for d in chosen))) - sum(counts[d] for d in chosen)
        for chosen in choices
    )
