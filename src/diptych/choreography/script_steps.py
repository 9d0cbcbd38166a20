"""The steps of a procedure file: one row may stand for a task of each twin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diptych.choreography.script_rows import (
    Page,
    read_demands,
    read_duration,
    suggest,
)
from diptych.model import (
    Duration,
    EquipmentId,
    Milestone,
    MilestoneId,
    Minute,
    Mode,
    Precedence,
    Subject,
    Task,
    TaskId,
    ZoneId,
)

EACH = ("once", "twin", "turns")
_TWINS = ("A", "B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One task to be: the row it comes from, its twin ("" for none), its own fields.

    until : a watch, kept in blocks until the task of this step; "" for none
    """

    key: str
    twin: str
    number: int
    page: Page
    until: str

    @property
    def id(self) -> TaskId:
        """The id of the task."""
        return TaskId(f"{self.key}-{self.twin}" if self.twin else self.key)


@dataclass(kw_only=True)
class Script:
    """Tasks, their order and milestones while they are being read.

    made : step key -> ids of its tasks by twin ("" for a task of no twin)
    quantile : of the three-point distribution that is planned for; None: the most likely
    """

    twins: tuple[str, str]
    quantile: float | None
    tasks: dict[TaskId, Task] = field(default_factory=dict)
    precedence: list[Precedence] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    made: dict[str, dict[str, TaskId]] = field(default_factory=dict)


def lay_out(pages: Sequence[Page], script: Script) -> list[Way]:
    """The tasks that the rows stand for, in their order; fills `script.made`."""
    ways: list[Way] = []
    for number, page in enumerate(pages, 1):
        ways += _ways(page, number, script)
    taken: set[TaskId] = set()
    for way in ways:
        if way.id in taken:
            way.page.fault(f"there is a task {way.id!r} already", "give each step its own key")
        taken.add(way.id)
        if not way.until:
            script.made.setdefault(way.key, {})[way.twin] = way.id
    return ways


def _ways(page: Page, number: int, script: Script) -> list[Way]:
    key = page.text("key")
    each = page.choice("each", EACH, "once")
    own = {twin: page.table(twin) for twin in _TWINS}
    until = page.text("until", "")
    if each == "once":
        if any(own.values()):
            page.fault(
                "fields of twin A or B in a step that is done once",
                "write each = 'twin', or give each twin a step of its own",
            )
        return [Way(key=key, twin="", number=number, page=page, until=until)]
    ways = []
    for twin in script.twins:
        fields = {name: value for name, value in page.fields.items() if name not in _TWINS}
        fields = {"subject": twin, **fields, **own[twin]}
        if "{twin}" not in str(fields.get("title", "")):
            fields["title"] = f"{fields.get('title', '')}, twin {{twin}}"
        fields = {name: _fill(value, twin) for name, value in fields.items()}
        own_page = Page(place=page.place, fields=fields, faults=page.faults, known=page.known)
        own_page.seen.update(("key", "each", "until"))
        ways.append(Way(key=key, twin=twin, number=number, page=own_page, until=until))
    return ways


def _fill(value: object, twin: str) -> object:
    """The value with {twin} replaced, in texts, lists and tables alike."""
    if isinstance(value, str):
        other = "B" if twin == "A" else "A"
        return value.replace("{twin}", twin).replace("{other}", other)
    if isinstance(value, list):
        return [_fill(entry, twin) for entry in value]
    if isinstance(value, Mapping):
        return {str(_fill(str(name), twin)): _fill(entry, twin) for name, entry in value.items()}
    return value


def read_task(way: Way, script: Script) -> Task:
    """The task of a row, with its ways to do it."""
    page = way.page
    return Task(
        id=way.id,
        title=page.text("title"),
        step=page.integer("step", 0 if way.until else way.number, low=0),
        subject=Subject(page.choice("subject", [subject.value for subject in Subject])),
        duration=_fixed(0) if way.until else read_duration(page, script.quantile),
        demands=read_demands(page),
        zones=_zones(page),
        equipment=_equipment(page),
        priority=_priority(page),
        source=page.source(),
        modes=_read_modes(page, script),
        may_wait=Minute(page.integer("may_wait", low=0)) if "may_wait" in page.fields else None,
        keeps=_keeps(page),
    )


def _fixed(minutes: int) -> Duration:
    length = Minute(minutes)
    return Duration(low=length, mode=length, high=length, planned=length)


def _zones(page: Page) -> dict[ZoneId, int]:
    return {ZoneId(name): count for name, count in page.counts("zones", "zone").items()}


def _equipment(page: Page) -> dict[EquipmentId, int]:
    named = page.counts("equipment", "equipment")
    return {EquipmentId(name): count for name, count in named.items()}


def _keeps(page: Page) -> tuple[str, ...]:
    """Skills and roles whose holders stay at the task."""
    names = page.texts("keeps")
    known = {*page.known.get("skill", ()), *page.known.get("role", ())}
    for name in names:
        if name not in known:
            page.fault(f"keeps names {name!r}, {suggest(name, known)}", "name a skill or a role")
    return names


def _priority(page: Page) -> int:
    priority = page.integer("priority", low=1)
    if priority > 3:
        page.fault(f"priority is {priority}, expected 1, 2 or 3", "3 is work that cannot be left")
    return priority


def _read_modes(page: Page, script: Script) -> tuple[Mode, ...]:
    """Other ways to do the task; what a way does not say is as in the row itself."""
    shared = ("demands", "zones", "equipment")
    lengths = ("minutes", "low", "mode", "high", "planned")
    modes = []
    for n, fields in enumerate(page.rows("way"), 1):
        taken = shared if set(fields) & set(lengths) else (*shared, *lengths)
        inherited = {name: page.fields[name] for name in taken if name in page.fields}
        part = page.part(f"way {n}", {**inherited, **fields})
        modes.append(
            Mode(
                title=part.text("title"),
                duration=read_duration(part, script.quantile),
                demands=read_demands(part),
                zones=_zones(part),
                equipment=_equipment(part),
            )
        )
        part.close()
    return tuple(modes)


def read_links(way: Way, script: Script) -> list[Precedence]:
    """What the task waits for: of a step of each twin, the same twin's task, else all."""
    page = way.page
    value = page.get("after")
    entries = [] if value is None else value
    if not isinstance(entries, list):
        page.fault(f"after is {value!r}, expected a list of steps", "write after = ['step']")
        return []
    links = []
    for entry in entries:
        links += _read_link(page, entry, way, script)
    return links


def _read_link(page: Page, entry: object, way: Way, script: Script) -> list[Precedence]:
    fields = entry if isinstance(entry, Mapping) else {"step": entry}
    part = page.part("after", fields)
    step = part.text("step")
    least = part.integer("least", 0)
    most = None if fields.get("most") is None else part.integer("most")
    part.get("most")
    part.close()
    if most is not None and most < least:
        part.fault(f"lag {least} to {most} min, expected least <= most", "correct the lags")
        most = least
    return [_lag(before, way.id, least, most) for before in find_tasks(page, step, way, script)]


def _lag(before: TaskId, after: TaskId, least: int, most: int | None) -> Precedence:
    longest = None if most is None else Minute(most)
    return Precedence(before=before, after=after, min_lag=Minute(least), max_lag=longest)


def find_tasks(page: Page, step: str, way: Way | None, script: Script) -> list[TaskId]:
    """The tasks of a step, or the task of that id; none, and a fault, if there is neither."""
    made = script.made.get(step)
    if made is not None:
        return [made[way.twin]] if way is not None and way.twin in made else list(made.values())
    ids = {id for each in script.made.values() for id in each.values()}
    if step in ids:
        return [TaskId(step)]
    if step:
        page.fault(
            f"step {step!r} is unknown, {suggest(step, {*script.made, *ids})}",
            "name a step of this file",
        )
    return []


def read_turns(ways: Sequence[Way], script: Script) -> list[Precedence]:
    """One twin after the other, for the last task of a step done in turns; else nothing."""
    last = ways[-1]
    if last.twin and last.page.fields.get("each") == "turns" and len(ways) == len(_TWINS):
        return [_lag(ways[0].id, last.id, 0, None)]
    return []


def read_milestone(way: Way) -> Milestone | None:
    """The milestone at the end of the task, if the row marks one."""
    id = way.page.text("milestone", "")
    title = way.page.text("milestone_title", id)
    if not id:
        return None
    named = f"twin-{way.twin}-{id}" if way.twin else id
    return Milestone(id=MilestoneId(named), title=title, task=way.id)
