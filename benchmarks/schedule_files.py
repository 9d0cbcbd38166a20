"""Public project files as procedures: PSPLIB (.sm, .mm), Patterson (.rcp), iMOPSE, MSPSP.

Every reader goes line by line and says, of a malformed file, which line it is and what was
expected there (`Malformed`). Jobs become tasks with their modes, renewable resources become
equipment, non-renewable ones stocks, people staff; iMOPSE's levels become skills ("Q1>=2").
"""

import re
from pathlib import Path

from diptych.model import (
    Demand,
    Duration,
    Equipment,
    Milestone,
    Mode,
    Precedence,
    Procedure,
    Role,
    Staff,
    Subject,
    Task,
)


class Malformed(Exception):
    """A file that is not what its name says: file, line, what was expected."""

    def __init__(self, path, line, expected, found):
        super().__init__(f"{path}, line {line}: expected {expected}, found {found!r}")


class Lines:
    """The lines of a file, one after the other, with their numbers."""

    def __init__(self, path):
        self.path = Path(path)
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise Malformed(path, 0, "a readable file", error.strerror) from error
        self.lines = text.splitlines()
        self.at = 0

    def fail(self, expected, line=None):
        number = self.at if line is None else line
        found = self.lines[number - 1].strip() if 0 < number <= len(self.lines) else "end of file"
        raise Malformed(self.path, number, expected, found[:80])

    def next(self, expected):
        """The next line that is not empty."""
        while self.at < len(self.lines):
            self.at += 1
            line = self.lines[self.at - 1].strip()
            if line:
                return line
        self.at += 1
        return self.fail(expected)

    def skip_to(self, start, expected=None):
        """The first line from here that begins so, case and blanks apart."""
        begin = self.at
        while self.at < len(self.lines):
            self.at += 1
            if re.sub(r"\s+", "", self.lines[self.at - 1]).lower().startswith(start):
                return self.lines[self.at - 1]
        return self.fail(expected or f"a line {start!r} after line {begin}", len(self.lines) + 1)

    def numbers(self, expected, count=None):
        """The next line as whole numbers, `count` of them (None: any)."""
        return self.whole(self.next(expected).split(), expected, count)

    def whole(self, words, expected, count=None):
        if not all(re.fullmatch(r"\d+", word) for word in words) or (
            count is not None and len(words) != count
        ):
            self.fail(expected if count is None else f"{count} whole numbers ({expected})")
        return [int(word) for word in words]


def read_procedure(path):
    """The procedure that a file describes, by its ending; Malformed if it is not like that."""
    reader = _READERS.get(Path(path).suffix.lower())
    if reader is None:
        endings = ", ".join(sorted(_READERS))
        raise Malformed(path, 0, f"a file that ends in {endings}", Path(path).suffix)
    return reader(Lines(path))


def _read_psplib(lines):
    jobs = _amount(lines, "jobs(incl.supersource/sink", "the number of jobs")
    renewable = _amount(lines, "-renewable", "the number of renewable resources")
    spent = _amount(lines, "-nonrenewable", "the number of nonrenewable resources")
    both = _amount(lines, "-doublyconstrained", "the number of doubly constrained resources")
    if both:
        lines.fail("no doubly constrained resource")
    lines.skip_to("precedencerelations", "the section PRECEDENCE RELATIONS")
    lines.next("the heading of the precedence relations")
    modes, after = [], []
    for job in range(1, jobs + 1):
        row = lines.numbers(f"job {job}: number, modes, successors")
        if len(row) < 3 or row[0] != job or len(row) != 3 + row[2] or row[1] < 1:
            lines.fail(f"job {job}: its number, number of modes, count of successors and those")
        _require_later(lines, row[3:], job, jobs)
        modes.append(row[1])
        after.append([job - 1 for job in row[3:]])
    lines.skip_to("requests/durations", "the section REQUESTS/DURATIONS")
    lines.next("the heading of the requests")
    lines.next("a line of dashes")
    work = [_psplib_modes(lines, job, count, renewable + spent) for job, count in enumerate(modes)]
    lines.skip_to("resourceavailabilities", "the section RESOURCEAVAILABILITIES")
    lines.next("the names of the resources")
    room = lines.numbers("one availability for each resource", renewable + spent)
    return build_procedure(work, after, room[:renewable], room[renewable:])


def _amount(lines, start, expected):
    line = lines.skip_to(start, f"a line with {expected}")
    found = re.search(r":\s*(\d+)", line)
    return int(found.group(1)) if found else lines.fail(expected)


def _require_later(lines, followers, job, jobs):
    if not all(job != then and 1 <= then <= jobs for then in followers):
        lines.fail(f"successors of job {job} between 1 and {jobs}, not itself")


def _psplib_modes(lines, job, count, resources):
    """[(length, demands)] of one job."""
    found = []
    for mode in range(count):
        width = 2 + resources + (mode == 0)
        row = lines.numbers(f"job {job + 1}, mode {mode + 1}: duration and demands", width)
        if mode == 0 and row[0] != job + 1:
            lines.fail(f"the requests of job {job + 1}")
        found.append((row[-resources - 1], row[len(row) - resources :]))
    return found


def _read_patterson(lines):
    jobs, resources = lines.numbers("the numbers of jobs and of resources", 2)
    room = lines.numbers("the capacity of each resource", resources)
    work, after = [], []
    for job in range(1, jobs + 1):
        expected = f"job {job}: duration, {resources} demands, count of successors and those"
        row = lines.numbers(expected)
        while len(row) > resources + 1 and len(row) < resources + 2 + row[resources + 1]:
            row += lines.numbers(expected)
        if len(row) < resources + 2 or len(row) != resources + 2 + row[resources + 1]:
            lines.fail(expected)
        _require_later(lines, row[resources + 2 :], job, jobs)
        work.append([(row[0], row[1 : resources + 1])])
        after.append([then - 1 for then in row[resources + 2 :]])
    return build_procedure(work, after, room, [])


def _read_imopse(lines):
    tasks = _amount(lines, "tasks:", "the number of tasks")
    people = _amount(lines, "resources:", "the number of resources")
    lines.skip_to("resourceid", "the heading ResourceID")
    staff = [_imopse_person(lines, number) for number in range(1, people + 1)]
    lines.skip_to("taskid", "the heading TaskID")
    rows = [_imopse_task(lines, number) for number in range(1, tasks + 1)]
    place = {row[0]: n for n, row in enumerate(rows)}
    after = [[] for _ in rows]
    for n, (_, _, _, before, line) in enumerate(rows):
        for one in before:
            if one not in place or place[one] == n:
                lines.fail(f"predecessors that are other tasks ({one} is not)", line)
            after[place[one]].append(n)
    work = [[(row[1], [])] for row in rows]
    needs = [{row[2]: 1} for row in rows]
    return build_procedure(work, after, [], [], needs, staff)


def _imopse_person(lines, number):
    line = lines.next(f"resource {number}: id, salary, skills")
    if not re.fullmatch(r"\d+\s+[\d.]+(\s+Q\d+:\s*\d+)*", line):
        lines.fail(f"resource {number}: id, salary and skills like 'Q1: 2'")
    skills = re.findall(r"(Q\d+):\s*(\d+)", line)
    return tuple(f"{skill}>={n}" for skill, level in skills for n in range(int(level) + 1))


def _imopse_task(lines, number):
    line = lines.next(f"task {number}: id, duration, skill, predecessors")
    found = re.fullmatch(r"(\d+)\s+(\d+)\s+(Q\d+):\s*(\d+)((\s+\d+)*)", line)
    if found is None:
        lines.fail(f"task {number}: id, duration, one skill like 'Q1: 2', predecessors")
    before = tuple(map(int, found.group(5).split()))
    skill = f"{found.group(3)}>={found.group(4)}"
    return int(found.group(1)), int(found.group(2)), skill, before, lines.at


def _read_mspsp(lines):
    fields = _read_datazinc(lines)
    tasks, people, skills = (fields.whole(name) for name in ("nActs", "nResources", "nSkills"))
    lengths = fields.row("dur", tasks)
    asked = fields.table("sreq", tasks, skills)
    mastery = fields.table("mastery", people, skills)
    links = fields.whole("nPrecs")
    before, then = fields.row("pred", links), fields.row("succ", links)
    after = [[] for _ in lengths]
    for one, two in zip(before, then, strict=True):
        if not (1 <= one <= tasks and 1 <= two <= tasks and one != two):
            fields.fail("pred", f"two different tasks between 1 and {tasks} ({one} before {two})")
        after[one - 1].append(two - 1)
    needs = [{f"s{n + 1}": k for n, k in enumerate(row) if k} for row in asked]
    staff = [tuple(f"s{n + 1}" for n, able in enumerate(row) if able) for row in mastery]
    return build_procedure([[(d, [])] for d in lengths], after, [], [], needs, staff)


class Fields:
    """The statements `name = value;` of a DataZinc file, with the lines they begin at."""

    def __init__(self, lines, values):
        self.lines, self.values = lines, values

    def fail(self, name, expected):
        self.lines.fail(f"{name}: {expected}", self.values[name][1])

    def text(self, name):
        if name not in self.values:
            self.lines.fail(f"a statement '{name} = ...;'", len(self.lines.lines) + 1)
        return self.values[name][0]

    def whole(self, name):
        text = self.text(name)
        return int(text) if text.isdecimal() else self.fail(name, "a whole number")

    def row(self, name, count):
        return self.cells(name, self.text(name).strip("[]"), count)

    def table(self, name, rows, columns):
        text = self.text(name)
        parts = [part for part in text.strip("[]").split("|") if part.strip(" ,\n\t")]
        if len(parts) != rows:
            self.fail(name, f"{rows} rows between bars")
        return [self.cells(name, part, columns) for part in parts]

    def cells(self, name, text, count):
        words = [word.strip() for word in text.split(",") if word.strip()]
        known = {"true": 1, "false": 0}
        if len(words) != count or not all(word.isdecimal() or word in known for word in words):
            self.fail(name, f"{count} whole numbers or truth values in a row")
        return [known[word] if word in known else int(word) for word in words]


def _read_datazinc(lines):
    values, name, begin, text = {}, None, 0, ""
    for number, raw in enumerate(lines.lines, start=1):
        line = raw.split("%")[0].strip()
        while line:
            if name is None:
                found = re.match(r"(\w+)\s*=", line)
                if found is None:
                    lines.fail("a statement 'name = value;'", number)
                name, begin, text, line = found.group(1), number, "", line[found.end() :]
            value, end, line = line.partition(";")
            text += value + " "
            if end:
                values[name] = text.strip(), begin
                name = None
            line = line.strip()
    if name is not None:
        lines.fail(f"';' at the end of {name}", begin)
    return Fields(lines, values)


def build_procedure(work, after, room, stocks, needs=(), staff=()):
    """A procedure from jobs.

    work : for each job its modes as (length, demands of the renewable then the spent resources)
    after : followers of each job; room, stocks : what there is
    needs : for each job skill -> people; staff : skills of each person
    """
    horizon = sum(max(length for length, _ in modes) for modes in work)
    names = [f"R{n + 1}" for n in range(len(room))] + [f"N{n + 1}" for n in range(len(stocks))]
    tasks = tuple(
        _build_task(job, modes, names, needs[job] if needs else {})
        for job, modes in enumerate(work)
    )
    last = next((t.id for t, row in zip(tasks[::-1], after[::-1], strict=True) if not row), None)
    people = tuple(
        Staff(
            id=f"P{n + 1}",
            name=f"Person {n + 1}",
            role="member",
            skills=skills,
            team="both",
            start=0,
            end=max(1, horizon),
        )
        for n, skills in enumerate(staff)
    )
    return Procedure(
        tasks=tasks,
        precedence=tuple(
            Precedence(before=tasks[job].id, after=tasks[then].id, min_lag=0, max_lag=None)
            for job, row in enumerate(after)
            for then in row
        ),
        milestones=(Milestone(id="end", title="end", task=last or tasks[-1].id),),
        roles=(Role(id="member", title="member", skills=()),),
        staff=people,
        zones=(),
        equipment=tuple(
            Equipment(id=name, title=name, count=count, renewable=name.startswith("R"))
            for name, count in zip(names, [*room, *stocks], strict=True)
        ),
        day_start="00:00",
        separation="end",
        notes=(),
    )


def _build_task(job, modes, names, needs):
    demands = tuple(Demand(skill=skill, count=count) for skill, count in sorted(needs.items()))
    ways = [
        {
            "duration": Duration(low=length, mode=length, high=length, planned=length),
            "demands": demands,
            "zones": {},
            "equipment": {name: n for name, n in zip(names, asked, strict=True) if n},
        }
        for length, asked in modes
    ]
    return Task(
        id=f"J{job + 1}",
        title=f"job {job + 1}",
        step=1,
        subject=Subject.TEAM,
        priority=1,
        source="public instance",
        modes=tuple(Mode(title=f"mode {n + 2}", **way) for n, way in enumerate(ways[1:])),
        **ways[0],
    )


_READERS = {
    ".sm": _read_psplib,
    ".mm": _read_psplib,
    ".rcp": _read_patterson,
    ".def": _read_imopse,
    ".dzn": _read_mspsp,
}
