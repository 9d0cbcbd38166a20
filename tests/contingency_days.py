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


def person(
    id: str,
    *skills: str,
    team: str = "both",
    hours: tuple[int, int] = (0, 2000),
    away: tuple[tuple[int, int], ...] = (),
    on_call: tuple[tuple[int, int, int], ...] = (),
    grade: int = 3,
) -> Staff:
    return Staff(
        id=StaffId(id),
        name=id.title(),
        role=RoleId("worker"),
        skills=tuple(SkillId(skill) for skill in skills),
        team=team,
        start=Minute(hours[0]),
        end=Minute(hours[1]),
        absences=tuple((Minute(begin), Minute(end)) for begin, end in away),
        on_call=tuple((Minute(begin), Minute(end), Minute(way)) for begin, end, way in on_call),
        grade=grade,
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


def ruled_day(seed: int) -> tuple[Schedule, list[Hazard]]:
    """A random small day in which people are away for a while, on call, and of grades.

    Tasks cannot wait for ever, and some keep people; they use up packs, and stand at the field.
    """
    schedule, hazards = random_day(seed)
    rng = np.random.Generator(np.random.Philox(key=[seed, 1]))
    staff = tuple(_ruled_person(who, rng) for who in schedule.procedure.staff)
    tasks = tuple(_ruled_task(one, rng) for one in schedule.procedure.tasks)
    packs = Equipment(
        id=EquipmentId("pack"),
        title="Packs",
        count=int(rng.integers(1, 4)),
        renewable=False,
        restock=((Minute(30), 1), (Minute(45), 2))[: rng.integers(3)],
    )
    zones = tuple(
        Zone(id=ZoneId(f"sterile-{name}"), title=name, capacity=capacity)
        for name, capacity in (("joined", 3), ("A", 2), ("B", 2))
    )
    procedure = replace(
        schedule.procedure,
        staff=staff,
        tasks=tasks,
        equipment=(*schedule.procedure.equipment, packs),
        zones=zones,
    )
    return replace(schedule, procedure=procedure), [_ruled_hazard(one, rng) for one in hazards]


def _ruled_person(who: Staff, rng: np.random.Generator) -> Staff:
    begin = who.start + int(rng.integers(0, 10))
    absences = ((Minute(begin), Minute(begin + int(rng.integers(1, 15)))),)
    late = int(who.end + rng.integers(0, 5))
    early = int(who.start - rng.integers(0, 5))
    spans = ((early - 20, early), (late, late + 20))
    on_call = tuple(
        (Minute(begin), Minute(end), Minute(int(rng.choice([0, 3, 15])))) for begin, end in spans
    )
    return replace(
        who,
        absences=absences if rng.random() < 0.5 else (),
        on_call=on_call if rng.random() < 0.5 else (),
        grade=int(rng.integers(2, 5)),
    )


def _ruled_task(duty: Task, rng: np.random.Generator) -> Task:
    wait = (None, Minute(0), Minute(10), Minute(30))[rng.integers(4)]
    keeps = ((), (), ("surgery",), ("worker",))[rng.integers(4)]
    zone = ZoneId(f"sterile-{('joined', 'A', 'B')[rng.integers(3)]}")
    pack = {EquipmentId("pack"): 1} if rng.random() < 0.3 else {}
    return replace(
        duty,
        may_wait=wait,
        keeps=keeps,
        zones={zone: int(rng.integers(0, 3))},
        equipment={**duty.equipment, **pack},
    )


def _ruled_hazard(trouble: Hazard, rng: np.random.Generator) -> Hazard:
    demands = tuple(
        replace(demand, grade=int(rng.choice([0, 0, 3, 4]))) for demand in trouble.response.demands
    )
    hold = Minute(int(rng.choice([5, 10, 20])))
    pack = {EquipmentId("pack"): int(rng.integers(1, 3))} if rng.random() < 0.3 else {}
    response = replace(
        trouble.response,
        demands=demands,
        equipment={**trouble.response.equipment, **pack},
        low=hold,
        mode=hold,
        high=Minute(40),
        sterile=int(rng.choice([0, 0, 1, 2])),
    )
    return replace(trouble, response=response)


def mirrored(schedule: Schedule) -> Schedule:
    """The same day with the twins' labels and teams swapped."""
    swap = {"A": "B", "B": "A", "both": "both"}
    other = {"sterile-A": ZoneId("sterile-B"), "sterile-B": ZoneId("sterile-A")}
    procedure = replace(
        schedule.procedure,
        tasks=tuple(
            replace(
                entry,
                subject=MIRROR.get(entry.subject, entry.subject),
                zones={other.get(zone, zone): n for zone, n in entry.zones.items()},
            )
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
    return {
        (trouble.id, minute): _answerable(schedule, trouble, minute, own_twin)
        for trouble in hazards
        for minute in strikes(schedule, trouble)
    }


def strikes(schedule: Schedule, trouble: Hazard) -> range:
    """The minutes in which the hazard can strike."""
    tasks = {entry.id: entry for entry in schedule.procedure.tasks}
    hit = [
        entry
        for entry in schedule.assignments
        if trouble.first_step <= tasks[entry.task].step <= trouble.last_step
        and {tasks[entry.task].subject, trouble.subject} != {Subject.A, Subject.B}
    ]
    return range(min(e.start for e in hit), max(e.end for e in hit)) if hit else range(0)


def _answerable(schedule: Schedule, trouble: Hazard, minute: int, own_twin: bool) -> bool:
    free, needed = things(schedule, trouble, minute, own_twin=own_twin)
    if any(free[kind] < number for kind, number in needed.items() if number):
        return False
    places = [
        who
        for demand, who in zip(
            trouble.response.demands,
            comers(schedule, trouble, minute, own_twin=own_twin),
            strict=True,
        )
        for _ in range(demand.count)
    ]
    return any(len(set(choice)) == len(choice) for choice in product(*places))


def comers(
    schedule: Schedule, trouble: Hazard, minute: int, *, own_twin: bool = True
) -> list[list[str]]:
    """For each demand of the hazard the ids of those who can come."""

    def comes(who: Staff, demand: ResponseDemand) -> bool:
        spans = [(who.start, who.end, 0), *who.on_call]
        here = any(begin <= minute < end and demand.within >= way for begin, end, way in spans)
        gone = any(begin <= minute < end for begin, end in who.absences)
        fit = demand.skill in who.skills and who.grade >= demand.grade
        bound = any(
            _held(trouble, entry, duty, who, own_twin) and entry.end > minute + demand.within
            for entry, duty in _running(schedule, minute)
        )
        return here and fit and not gone and not bound

    return [
        [who.id for who in schedule.procedure.staff if comes(who, demand)]
        for demand in trouble.response.demands
    ]


def things(
    schedule: Schedule, trouble: Hazard, minute: int, *, own_twin: bool = True
) -> tuple[dict[str, int], dict[str, int]]:
    """How many pieces and places of each kind are free for the hazard, and how many it needs."""
    staying = [
        duty for _, duty in _running(schedule, minute) if _stays(trouble, duty, "", own_twin)
    ]
    begun = [duty for start in range(minute + 1) for duty in _begins(schedule, start)]
    free = {}
    for kit in schedule.procedure.equipment:
        held = sum(duty.equipment.get(kit.id, 0) for duty in (staying if kit.renewable else begun))
        come = sum(pieces for moment, pieces in kit.restock if moment <= minute)
        free[str(kit.id)] = kit.count + come - held
    for zone in schedule.procedure.zones:
        free[str(zone.id)] = zone.capacity - sum(duty.zones.get(zone.id, 0) for duty in staying)
    needed = {str(kind): number for kind, number in trouble.response.equipment.items()}
    twins = "AB" if trouble.subject not in MIRROR else trouble.subject
    for twin in twins:
        apart = minute >= schedule.milestones[MilestoneId("separation")]
        zone = f"sterile-{twin if apart else 'joined'}"
        needed[zone] = needed.get(zone, 0) + trouble.response.sterile
    return free, needed


def _begins(schedule: Schedule, minute: int) -> list[Task]:
    tasks = {entry.id: entry for entry in schedule.procedure.tasks}
    return [tasks[entry.task] for entry in schedule.assignments if entry.start == minute]


def _running(schedule: Schedule, minute: int) -> list[tuple[Assignment, Task]]:
    tasks = {entry.id: entry for entry in schedule.procedure.tasks}
    return [(e, tasks[e.task]) for e in schedule.assignments if e.start <= minute < e.end]


def _held(trouble: Hazard, entry: Assignment, duty: Task, who: Staff, own_twin: bool) -> bool:
    """Is the person bound to the task, if it goes on?"""
    skills = [skill for one, skill in entry.staff if one == who.id]
    if not skills:
        return False
    if own_twin and _near(trouble.subject, duty.subject, who.team):
        return False
    kept = who.role in duty.keeps or any(skill in duty.keeps for skill in skills)
    return kept or _stays(trouble, duty, who.team, own_twin)


def _stays(trouble: Hazard, duty: Task, team: str, own_twin: bool) -> bool:
    if own_twin and _near(trouble.subject, duty.subject, team):
        return False
    if duty.priority >= trouble.severity:
        return True
    return duty.may_wait is not None and duty.may_wait < trouble.response.mode


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
    """For each person, piece and place that the hazard asks for, who or which can be had."""
    people = comers(schedule, trouble, minute, own_twin=own_twin)
    places = []
    for demand, who in zip(trouble.response.demands, people, strict=True):
        places += [frozenset(who)] * demand.count
    _, needed = things(schedule, trouble, minute, own_twin=own_twin)
    for kind, number in needed.items():
        if number:
            places += [_at_hand(schedule, trouble, minute, kind, own_twin)] * number
    return places


def _at_hand(
    schedule: Schedule, trouble: Hazard, minute: int, kind: str, own_twin: bool
) -> frozenset[str]:
    """Names of the pieces or places that can be had; tasks take theirs one after another."""
    stocks = {str(kit.id): kit for kit in schedule.procedure.equipment if not kit.renewable}
    rooms = {str(zone.id): zone.capacity for zone in schedule.procedure.zones}
    counts = {str(kit.id): kit.count for kit in schedule.procedure.equipment}
    if kind in stocks:
        come = sum(n for moment, n in stocks[kind].restock if moment <= minute)
        duties = [duty for start in range(minute + 1) for duty in _begins(schedule, start)]
        used = sum(duty.equipment.get(EquipmentId(kind), 0) for duty in duties)
        return frozenset(f"{kind} {n}" for n in range(used + 1, counts[kind] + come + 1))
    at_hand, number = [], 0
    for _, duty in _running(schedule, minute):
        held = {str(k): n for k, n in [*duty.equipment.items(), *duty.zones.items()]}
        for _ in range(held.get(kind, 0)):
            number += 1
            if not _stays(trouble, duty, "", own_twin):
                at_hand.append(number)
    count = (rooms | counts)[kind]
    at_hand = [n for n in at_hand if n <= count] + list(range(number + 1, count + 1))
    free = things(schedule, trouble, minute, own_twin=own_twin)[0][kind]
    return frozenset(f"{kind} {n}" for n in at_hand[len(at_hand) - max(free, 0) :])


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


def pairs_in_turn(
    schedule: Schedule, hazards: list[Hazard], proof: SetProof, *, own_twin: bool = True
) -> int:
    """Ordered pairs at each minute of which the second is answered after the first has called.

    Who goes to the first stands in the certificate; the second may have anyone left.
    """
    paper, found = proof.certificate, 0
    marks = paper.stretch.tolist()
    for number, start, end in zip(paper.of, marks, marks[1:], strict=False):
        alive = np.flatnonzero(paper.alive[number])
        asks = {h: fillers(schedule, hazards[h], start, own_twin) for h in alive}
        for one in alive:
            row = paper.singles[number, paper.first[one] : paper.first[one + 1]]
            gone = {paper.names[n] for n in row if n != 255}
            for two in alive:
                if len(gone) == len(row) and one != two:
                    found += (end - start) * _seated(sorted(asks[two], key=len), gone)
    return found


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
