"""A small day made by hand that has everything the handouts show: both twins joined, then in two
theatres, watches that hand over, kit, a buffer, an absence, a second way to do a task.
"""

from dataclasses import replace

from diptych.model import (
    Assignment,
    Demand,
    Duration,
    Equipment,
    Milestone,
    Mode,
    Precedence,
    Procedure,
    Rest,
    Role,
    Schedule,
    Staff,
    Subject,
    Task,
    Zone,
)

SWAP = {"A": "B", "B": "A"}


def swap(id: str, mirrored: bool) -> str:
    """The id with its last letter A or B exchanged."""
    stem, dash, last = id.rpartition("-")
    return f"{stem}{dash}{SWAP[last]}" if mirrored and dash and last in SWAP else id


# id, title, step, subject, start, end, mode length, crew, zones, kit
ROWS = (
    ("check", "Morning check", 1, "TEAM", 0, 20, 20, "cn:circulating", {}, {}),
    ("watch1-A", "Watch 1", 0, "A", 20, 140, 120, "a1:anaesthesia", {"anaesthesia-A": 1}, {}),
    ("watch2-A", "Watch 2", 0, "A", 120, 300, 180, "a2:anaesthesia", {"anaesthesia-A": 1}, {}),
    ("watch1-B", "Watch 1", 0, "B", 20, 300, 280, "b1:anaesthesia", {"anaesthesia-B": 1}, {}),
    ("incise", "Incision", 6, "BOTH", 40, 100, 50, "s1:surgery s2:surgery n1:scrub cn:circulating",
     {"sterile-joined": 3, "theatre-1": 4}, {"saver": 1}),
    ("clamp", "Test clamp: vein 1", 11, "SHARED", 100, 120, 20, "s1:surgery n2:scrub",
     {"sterile-joined": 2, "theatre-1": 2}, {"saver": 1}),
    ("part", "Parting", 12, "BOTH", 120, 180, 60, "s1:surgery s2:surgery n2:scrub",
     {"sterile-joined": 3, "theatre-1": 3}, {}),
    ("close-A", "Closure", 18, "A", 200, 280, 80, "s1:surgery n1:scrub",
     {"sterile-A": 2, "theatre-2": 2}, {"saver": 1}),
    ("close-B", "Closure", 18, "B", 200, 290, 60, "s2:surgery n2:scrub",
     {"sterile-B": 2, "theatre-1": 2}, {}),
)  # fmt: skip
PEOPLE = (
    ("s1", "Ann Ash, “=1+1”", "surgeon", "A", 0, 400, ()),
    ("s2", "Олена Ковальчук", "surgeon", "B", 0, 400, ()),
    ("n1", "Cy Cole", "nurse", "A", 0, 400, ((100, 130),)),
    ("n2", "Di Dunn", "nurse", "B", 0, 400, ()),
    ("cn", "Ed Elm", "nurse", "both", 0, 400, ()),
    ("a1", "Flo Fry", "anaesthetist", "A", 0, 200, ()),
    ("a2", "Gil Gray", "anaesthetist", "A", 60, 400, ()),
    ("b1", "Hal Hay", "anaesthetist", "B", 0, 400, ()),
    ("x1", "Ida Ives", "nurse", "both", 0, 400, ()),
)
ORDER = (
    ("watch1-A", "watch2-A", -60, -10),
    ("incise", "clamp", 0, 15),
    ("clamp", "part", 0, 0),
    ("part", "close-A", 0, None),
    ("part", "close-B", 20, None),
)
ZONES = (
    ("sterile-joined", "Sterile field around the joined pair", 6),
    ("sterile-A", "Sterile field around twin A", 4),
    ("sterile-B", "Sterile field around twin B", 4),
    ("anaesthesia-A", "Head of twin A, anaesthesia side", 4),
    ("anaesthesia-B", "Head of twin B, anaesthesia side", 4),
    ("theatre-1", "First theatre, without watches", 12),
    ("theatre-2", "Second theatre, without watches", 12),
)


def make_day(mirrored: bool = False) -> Schedule:
    """The day; `mirrored` exchanges the twins and nothing else."""
    tasks = tuple(_task(row, mirrored) for row in ROWS)
    return Schedule(
        procedure=_procedure(tasks, mirrored),
        assignments=tuple(
            Assignment(
                task=swap(row[0], mirrored),
                start=row[4],
                end=row[5],
                staff=tuple(tuple(part.split(":")) for part in row[7].split()),
                mode=1 if row[0] == "close-B" else 0,
            )
            for row in ROWS
        ),
        makespan=300,
        bound=300,
        status="optimal",
        checked=True,
        violations=(),
        milestones={"incision": 40, "separation": 180, "end": 300},
        solver="by hand",
    )


def _task(row: tuple, mirrored: bool) -> Task:
    id, title, step, subject, start, end, mode, crew, zones, kit = row
    skills = [part.split(":")[1] for part in crew.split()]
    demands = tuple(Demand(skill=s, count=skills.count(s)) for s in dict.fromkeys(skills))
    planned = end - start
    duration = Duration(low=10, mode=mode, high=500, planned=planned)
    places = {swap(zone, mirrored): count for zone, count in zones.items()}
    task = Task(
        id=swap(id, mirrored),
        title=title,
        step=step,
        subject=Subject(SWAP.get(subject, subject) if mirrored else subject),
        duration=duration,
        demands=demands,
        zones=places,
        equipment=kit,
        priority=2,
        source="by hand",
    )
    if id != "close-B":
        return task
    way = Mode(title="two hands more", duration=duration, demands=demands, zones=places,
               equipment={"saver": 1})  # fmt: skip
    return replace(task, modes=(way,))


def _procedure(tasks: tuple[Task, ...], mirrored: bool) -> Procedure:
    named = (("incision", "First incision", "check"), ("separation", "Separation", "part"),
             ("end", "Both closed", "close-A"))  # fmt: skip
    return Procedure(
        tasks=tasks,
        precedence=tuple(
            Precedence(
                before=swap(one, mirrored), after=swap(two, mirrored), min_lag=least, max_lag=most
            )
            for one, two, least, most in ORDER
        ),
        milestones=tuple(
            Milestone(id=id, title=title, task=swap(task, mirrored)) for id, title, task in named
        ),
        roles=tuple(
            Role(id=id, title=id.capitalize(), skills=())
            for id in ("surgeon", "nurse", "anaesthetist")
        ),
        staff=tuple(
            Staff(
                id=id,
                name=name,
                role=role,
                skills=("surgery", "scrub", "circulating", "anaesthesia"),
                team=SWAP.get(team, team) if mirrored else team,
                start=start,
                end=end,
                absences=away,
            )
            for id, name, role, team, start, end, away in PEOPLE
        ),
        zones=tuple(Zone(id=id, title=title, capacity=n) for id, title, n in ZONES),
        equipment=(Equipment(id="saver", title="Cell saver", count=2),),
        day_start="22:00",
        separation="separation",
        notes=(),
        rest=Rest(longest_stretch=360, shortest_break=15, longest_work=720),
    )
