"""Small days with few tasks, people and hazards, for the tests of contingencies."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np

from diptych.model import (
    Assignment,
    Confidence,
    Coverage,
    Demand,
    Duration,
    Equipment,
    EquipmentId,
    Hazard,
    HazardId,
    Milestone,
    MilestoneId,
    Minute,
    Precedence,
    Probability,
    Procedure,
    Response,
    ResponseDemand,
    Role,
    RoleId,
    Schedule,
    SetProof,
    SkillId,
    Staff,
    StaffId,
    Subject,
    Task,
    TaskId,
    Zone,
    ZoneId,
)

MIRROR = {Subject.A: Subject.B, Subject.B: Subject.A}
SKILLS = ("anaesthesia", "surgery", "scrub")


def person(id: str, *skills: str, team: str = "both", hours: tuple[int, int] = (0, 2000)) -> Staff:
    return Staff(
        id=StaffId(id),
        name=id.title(),
        role=RoleId("worker"),
        skills=tuple(SkillId(skill) for skill in skills),
        team=team,
        start=Minute(hours[0]),
        end=Minute(hours[1]),
    )


def task(
    id: str,
    step: int,
    *,
    subject: Subject = Subject.BOTH,
    priority: int = 3,
    length: tuple[int, int, int] = (60, 60, 60),
    kit: dict[str, int] | None = None,
    zones: dict[str, int] | None = None,
) -> Task:
    low, mode, high = length
    return Task(
        id=TaskId(id),
        title=id,
        step=step,
        subject=subject,
        duration=Duration(
            low=Minute(low), mode=Minute(mode), high=Minute(high), planned=Minute(mode)
        ),
        demands=(Demand(skill=SkillId("surgery"), count=1),),
        zones={ZoneId(zone): number for zone, number in (zones or {}).items()},
        equipment={EquipmentId(kind): number for kind, number in (kit or {}).items()},
        priority=priority,
        source="by hand",
    )


def plan(
    rows: list[tuple[Task, int, int, str]],
    staff: list[Staff],
    *,
    kit: dict[str, int] | None = None,
    zones: dict[str, int] | None = None,
    order: tuple[Precedence, ...] = (),
) -> Schedule:
    """Rows are task, start, end, ids of its people; the last row is the separation."""
    last = rows[-1][0].id
    milestone = Milestone(id=MilestoneId("separation"), title="Separation", task=last)
    skills = tuple(SkillId(skill) for skill in SKILLS)
    return Schedule(
        procedure=Procedure(
            tasks=tuple(row[0] for row in rows),
            precedence=order,
            milestones=(milestone,),
            roles=(Role(id=RoleId("worker"), title="Worker", skills=skills),),
            staff=tuple(staff),
            zones=tuple(
                Zone(id=ZoneId(id), title=id, capacity=n) for id, n in (zones or {}).items()
            ),
            equipment=tuple(
                Equipment(id=EquipmentId(id), title=id, count=n) for id, n in (kit or {}).items()
            ),
            day_start="07:00",
            separation=milestone.id,
            notes=(),
        ),
        assignments=tuple(
            Assignment(
                task=entry.id,
                start=Minute(start),
                end=Minute(end),
                staff=tuple((StaffId(who), SkillId("surgery")) for who in people.split()),
            )
            for entry, start, end, people in rows
        ),
        makespan=Minute(max(row[2] for row in rows)),
        bound=Minute(0),
        status="feasible",
        checked=True,
        violations=(),
        milestones={milestone.id: Minute(rows[-1][2])},
        solver="by hand",
    )


def hazard(
    id: str,
    *demands: tuple[int, str, int],
    subject: Subject = Subject.A,
    steps: tuple[int, int] = (1, 19),
    severity: int = 2,
    p: float = 0.1,
    kit: dict[str, int] | None = None,
    hold: tuple[int, int, int] = (10, 10, 10),
    delay: tuple[int, int, int] = (0, 0, 0),
) -> Hazard:
    """Demands are count, skill, within."""
    return Hazard(
        id=HazardId(id),
        title=id.capitalize(),
        subject=subject,
        first_step=steps[0],
        last_step=steps[1],
        probability=Probability(p),
        probability_low=Probability(p),
        probability_high=Probability(p),
        severity=severity,
        response=Response(
            demands=tuple(
                ResponseDemand(skill=SkillId(skill), count=count, within=Minute(within))
                for count, skill, within in demands
            ),
            equipment={EquipmentId(kind): number for kind, number in (kit or {}).items()},
            low=Minute(hold[0]),
            mode=Minute(hold[1]),
            high=Minute(hold[2]),
            actions="do it",
            delay=(Minute(delay[0]), Minute(delay[1]), Minute(delay[2])),
        ),
        source="by hand",
        confidence=Confidence.ASSUMPTION,
    )


def random_day(seed: int, *, people: int = 6, tasks: int = 7) -> tuple[Schedule, list[Hazard]]:
    """A random small day; people may even be on two tasks at once, as in an unchecked plan."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    subjects = list(Subject)
    staff = [
        person(
            f"p{n}",
            *[skill for skill in SKILLS if rng.random() < 0.6],
            team=("A", "B", "both")[rng.integers(3)],
            hours=(int(rng.integers(0, 20)), int(rng.integers(30, 90))),
        )
        for n in range(people)
    ]
    rows = []
    for n in range(tasks):
        start = int(rng.integers(0, 50))
        who = [entry.id for entry in staff if rng.random() < 0.3]
        rows.append(
            (
                task(
                    f"t{n}",
                    int(rng.integers(1, 8)),
                    subject=subjects[rng.integers(5)],
                    priority=int(rng.integers(1, 4)),
                    kit={"pump": int(rng.integers(0, 2))},
                ),
                start,
                start + int(rng.integers(1, 25)),
                " ".join(who),
            )
        )
    hazards = []
    for n in range(4):
        first = int(rng.integers(1, 7))
        chosen = rng.choice(3, size=int(rng.integers(1, 4)), replace=False)
        hazards.append(
            hazard(
                f"h{n}",
                *[
                    (int(rng.integers(1, 3)), SKILLS[s], int(rng.choice([0, 1, 5, 20])))
                    for s in chosen
                ],
                subject=subjects[rng.integers(5)],
                steps=(first, int(rng.integers(first, 8))),
                severity=int(rng.integers(1, 4)),
                kit={"pump": int(rng.integers(1, 3))} if rng.random() < 0.4 else {},
            )
        )
    return plan(rows, staff, kit={"pump": 2}), hazards


def mirrored(schedule: Schedule) -> Schedule:
    """The same day with the twins' labels and teams swapped."""
    swap = {"A": "B", "B": "A", "both": "both"}
    procedure = replace(
        schedule.procedure,
        tasks=tuple(
            replace(entry, subject=MIRROR.get(entry.subject, entry.subject))
            for entry in schedule.procedure.tasks
        ),
        staff=tuple(replace(who, team=swap[who.team]) for who in schedule.procedure.staff),
    )
    return replace(schedule, procedure=procedure)


def mirrored_hazards(hazards: list[Hazard]) -> list[Hazard]:
    return [replace(entry, subject=MIRROR.get(entry.subject, entry.subject)) for entry in hazards]


def by_minute(coverage: Coverage) -> dict[tuple[str, int], tuple[bool, int]]:
    """Each hazard and minute: covered, depth."""
    return {
        (cell.hazard, minute): (cell.covered, cell.depth)
        for cell in coverage.cells
        for minute in range(cell.start, cell.end)
    }


def brute_force(
    schedule: Schedule, hazards: list[Hazard], *, own_twin: bool = True
) -> dict[tuple[str, int], bool]:
    """Covered or not, for each hazard and minute, by trying every choice of people."""
    tasks = {entry.id: entry for entry in schedule.procedure.tasks}
    answer = {}
    for trouble in hazards:
        hit = [
            entry
            for entry in schedule.assignments
            if trouble.first_step <= tasks[entry.task].step <= trouble.last_step
            and {tasks[entry.task].subject, trouble.subject} != {Subject.A, Subject.B}
        ]
        if not hit:
            continue
        for minute in range(min(e.start for e in hit), max(e.end for e in hit)):
            answer[trouble.id, minute] = _answerable(schedule, trouble, minute, own_twin)
    return answer


def _answerable(schedule: Schedule, trouble: Hazard, minute: int, own_twin: bool) -> bool:
    tasks = {entry.id: entry for entry in schedule.procedure.tasks}
    running = [(e, tasks[e.task]) for e in schedule.assignments if e.start <= minute < e.end]

    def stays(duty: Task, team: str) -> bool:
        near = own_twin and _near(trouble.subject, duty.subject, team)
        return duty.priority >= trouble.severity and not near

    def comes(who: Staff, demand: ResponseDemand) -> bool:
        here = who.start <= minute < who.end and demand.skill in who.skills
        return here and not any(
            stays(duty, who.team) and entry.end > minute + demand.within
            for entry, duty in running
            if who.id in [one for one, _ in entry.staff]
        )

    total = {kit.id: kit.count for kit in schedule.procedure.equipment}
    for kind, needed in trouble.response.equipment.items():
        held = sum(duty.equipment.get(kind, 0) for _, duty in running if stays(duty, ""))
        if total[kind] - held < needed:
            return False
    places = [
        [who.id for who in schedule.procedure.staff if comes(who, demand)]
        for demand in trouble.response.demands
        for _ in range(demand.count)
    ]
    return any(len(set(choice)) == len(choice) for choice in product(*places))


def _near(trouble: Subject, about: Subject, team: str) -> bool:
    if Subject.TEAM in (trouble, about):
        return False
    if trouble in (Subject.BOTH, Subject.SHARED) or about == trouble:
        return True
    return about in (Subject.BOTH, Subject.SHARED) and team in (str(trouble), "both")


def crowded_day(
    seed: int, *, people: int = 8, tasks: int = 7, troubles: int = 5
) -> tuple[Schedule, list[Hazard]]:
    """A random small day with two kinds of kit and hazards that want the same few people."""
    rng = np.random.Generator(np.random.Philox(key=[seed, 1]))
    subjects = list(Subject)
    staff = [
        person(
            f"p{n}",
            *[skill for skill in SKILLS if rng.random() < 0.5],
            team=("A", "B", "both")[rng.integers(3)],
            hours=(int(rng.integers(-20, 12)), int(rng.integers(30, 90))),
        )
        for n in range(people)
    ]
    kit = {"pump": int(rng.integers(1, 5)), "torch": int(rng.integers(1, 4))}
    rows = []
    for n in range(tasks):
        start = int(rng.integers(0, 40))
        held = {kind: int(rng.integers(0, 2)) for kind in kit if rng.random() < 0.4}
        about, priority = subjects[rng.integers(5)], int(rng.integers(1, 4))
        row = task(f"t{n}", int(rng.integers(1, 8)), subject=about, priority=priority, kit=held)
        who = " ".join(entry.id for entry in staff if rng.random() < 0.12)
        rows.append((row, start, start + int(rng.integers(1, 20)), who))
    return plan(rows, staff, kit=kit), [_trouble(f"h{n}", rng) for n in range(troubles)]


def _trouble(id: str, rng: np.random.Generator) -> Hazard:
    skills = rng.choice(3, size=int(rng.choice([1, 1, 1, 2])), replace=False)
    first = int(rng.integers(1, 5))
    return hazard(
        id,
        *[(int(rng.choice([1, 1, 1, 2])), SKILLS[s], int(rng.choice([0, 1, 5]))) for s in skills],
        subject=list(Subject)[rng.integers(5)],
        steps=(first, int(rng.integers(first + 2, 8))),
        severity=int(rng.integers(1, 4)),
        kit={kind: 1 for kind in ("torch", "pump") if rng.random() < 0.3},
    )


def uncovered_sets(
    schedule: Schedule, hazards: list[Hazard], order: int, *, own_twin: bool = True
) -> tuple[set[tuple[int, frozenset[str]]], int]:
    """(minute, set) of up to `order` hazards that cannot be answered together; sets in all.

    Every set at every minute, by trying people and pieces one after another.
    """
    bare, total = set(), 0
    seen: dict[tuple[frozenset[str], ...], bool] = {}
    window = {trouble.id: _window(schedule, trouble) for trouble in hazards}
    for minute in range(max(entry.end for entry in schedule.assignments)):
        asks = {
            trouble.id: fillers(schedule, trouble, minute, own_twin)
            for trouble in hazards
            if minute in window[trouble.id]
        }
        for size in range(1, order + 1):
            for chosen in combinations(asks, size):
                total += 1
                places = tuple(sorted((p for id in chosen for p in asks[id]), key=sorted))
                if places not in seen:
                    seen[places] = _seated(sorted(places, key=len), set())
                if not seen[places]:
                    bare.add((minute, frozenset(chosen)))
    return bare, total


def smallest(bare: set[tuple[int, frozenset[str]]]) -> set[tuple[int, frozenset[str]]]:
    """Those of which no smaller set is among them."""
    return {
        (minute, chosen)
        for minute, chosen in bare
        if not any(
            (minute, frozenset(few)) in bare
            for size in range(1, len(chosen))
            for few in combinations(sorted(chosen), size)
        )
    }


def fillers(
    schedule: Schedule, trouble: Hazard, minute: int, own_twin: bool
) -> list[frozenset[str]]:
    """For each person and each piece that the hazard asks for, who or which can be had."""
    tasks = {entry.id: entry for entry in schedule.procedure.tasks}
    now = [(e, tasks[e.task]) for e in schedule.assignments if e.start <= minute < e.end]
    places = []
    for demand in trouble.response.demands:
        reach = set()
        for who in schedule.procedure.staff:
            if not (who.start <= minute < who.end and demand.skill in who.skills):
                continue
            reach.add(who.id)
            for entry, duty in now:
                near = own_twin and _near(trouble.subject, duty.subject, who.team)
                late = entry.end > minute + demand.within
                stays = duty.priority >= trouble.severity
                if who.id in dict(entry.staff) and late and stays and not near:
                    reach.discard(who.id)
        places += [frozenset(reach)] * demand.count
    for kit in schedule.procedure.equipment:
        pieces = [f"{kit.id} {n}" for n in range(1, kit.count + 1)]
        at_hand = set(pieces)
        for _, duty in now:
            held = pieces[: duty.equipment.get(kit.id, 0)]
            pieces = pieces[len(held) :]
            near = own_twin and _near(trouble.subject, duty.subject, "")
            if duty.priority >= trouble.severity and not near:
                at_hand -= set(held)
        places += [frozenset(at_hand)] * trouble.response.equipment.get(kit.id, 0)
    return places


def _window(schedule: Schedule, trouble: Hazard) -> range:
    tasks = {entry.id: entry for entry in schedule.procedure.tasks}
    hit = [
        entry
        for entry in schedule.assignments
        if trouble.first_step <= tasks[entry.task].step <= trouble.last_step
        and {tasks[entry.task].subject, trouble.subject} != {Subject.A, Subject.B}
    ]
    return range(min((e.start for e in hit), default=0), max((e.end for e in hit), default=0))


def _seated(places: list[frozenset[str]], taken: set[str]) -> bool:
    """Is there one of its own for each place? By trying all of them."""
    if not places:
        return True
    return any(_seated(places[1:], taken | {one}) for one in sorted(places[0] - taken))


def told_gaps(proof: SetProof, hazards: list[Hazard]) -> set[tuple[int, frozenset[str]]]:
    """(minute, set) of each gap of a proof, single ones too."""
    paper = proof.certificate
    marks = paper.stretch.tolist()
    found = set()
    for row in paper.gaps.tolist():
        chosen = frozenset(str(hazards[h].id) for h in row[1:] if h >= 0)
        for stretch in range(len(paper.of)):
            if paper.of[stretch] == row[0]:
                found |= {(m, chosen) for m in range(marks[stretch], marks[stretch + 1])}
    return found


def spoken_gaps(proof: SetProof) -> set[tuple[int, frozenset[str]]]:
    """The same of the gaps in words, which are those of two hazards and more."""
    return {
        (minute, frozenset(map(str, gap.hazards)))
        for gap in proof.gaps
        for start, end in gap.spans
        for minute in range(start, end)
    }
