"""A whole operation from one file: the rows of a procedure file, read and checked.

The file (docs/reference/procedure-toml.md) is a tree of plain values when it comes here; who
parses the text is not our matter. Every fault is reported at once, with its place.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

from diptych.choreography.policy import clock_minute
from diptych.choreography.script_people import read_rest, read_staff, read_watch_rules
from diptych.choreography.script_rows import Page, suggest
from diptych.choreography.script_steps import (
    Script,
    Way,
    find_tasks,
    lay_out,
    read_links,
    read_milestone,
    read_task,
    read_turns,
)
from diptych.choreography.script_watches import add_watches, find_circle
from diptych.choreography.script_words import (
    KINDS,
    equipment_of,
    find_words,
    refuse_faults,
    roles_of,
    zones_of,
)
from diptych.model import (
    InputError,
    Milestone,
    MilestoneId,
    Minute,
    Precedence,
    Procedure,
    Staff,
    Task,
)
from diptych.tables import SourcedTable

_SEPARATION = (
    "give a step milestone = 'separation', or say separation = 'ID' for the milestone that"
    " everybody waits for"
)


def read_procedure(
    tree: Mapping[str, object],
    *,
    roster: Sequence[Staff] | None = None,
    tables: Mapping[str, SourcedTable] | None = None,
) -> Procedure:
    """The operation that the tree of a procedure file tells of.

    roster : the people of the day; None: the [[staff]] rows of the file
    tables : tables ("skills", "roles", "zones", "equipment", "rest") of which the file may
        take rows as they are, by naming the table in its `tables`

    Raises InputErrors with every fault of the file: an unknown name (and what may have been
    meant), a row without a source, lengths out of order, steps that wait for each other.
    """
    faults: list[InputError] = []
    page = Page(place="the file", fields=tree, faults=faults)
    words = find_words(page, tables or {})
    page.known.update({kind: tuple(words[name].rows) for kind, name in KINDS.items()})
    script = _read_script(page, tables or {})
    staff = read_staff(page, words)
    milestones = _read_milestones(page, script)
    separation = _find_separation(page, milestones)
    rest = read_rest(page, tables or {})
    day_start, notes = _read_clock(page), page.texts("notes")
    page.text("title", "-")
    page.close()
    refuse_faults(faults)
    return Procedure(
        tasks=tuple(script.tasks.values()),
        precedence=tuple(script.precedence),
        milestones=milestones,
        roles=roles_of(words["roles"]),
        staff=staff if roster is None else tuple(roster),
        zones=zones_of(words["zones"]),
        equipment=equipment_of(words["equipment"]),
        day_start=day_start,
        separation=separation,
        notes=notes,
        rest=rest,
    )


def _find_separation(page: Page, milestones: Sequence[Milestone]) -> MilestoneId:
    separation = page.text("separation", "separation")
    ids = [str(milestone.id) for milestone in milestones]
    if separation not in ids:
        page.fault(f"milestone {separation!r} is missing, {suggest(separation, ids)}", _SEPARATION)
    return MilestoneId(separation)


def _read_script(page: Page, tables: Mapping[str, SourcedTable]) -> Script:
    script = Script(twins=_twins(page), quantile=_quantile(page))
    pages = [
        Page(
            place=f"step {n} {entry.get('key', '')!r}",
            fields=entry,
            faults=page.faults,
            known=page.known,
        )
        for n, entry in enumerate(page.rows("step"), 1)
    ]
    if not pages:
        page.fault("no [[step]] rows", "write one for each step")
    ways = lay_out(pages, script)
    watches = []
    for _, group in groupby(ways, key=lambda way: way.number):
        watches += _read_step(list(group), script)
    script.precedence += _read_precedence(page, script)
    circle = find_circle(script.tasks, script.precedence)
    if circle:
        names = ", ".join(circle)
        page.fault(f"steps wait for each other: {names}", "take one of them out of the circle")
    else:
        add_watches(watches, script, read_watch_rules(page, tables))
    return script


def _read_step(ways: list[Way], script: Script) -> list[tuple[Way, Task, list[Precedence]]]:
    """Take the tasks of one row in; returns its watches, which come after all the others."""
    watches = []
    for way in ways:
        task, links = read_task(way, script), read_links(way, script)
        milestone = read_milestone(way)
        if way.until:
            watches.append((way, task, links))
        else:
            script.tasks[task.id] = task
            script.precedence += links
        if milestone is not None:
            script.milestones.append(milestone)
        for name in ("each", "key", "until", "A", "B"):
            way.page.seen.add(name)
        way.page.close()
    if not ways[0].until:
        script.precedence += read_turns(ways, script)
    return watches


def _twins(page: Page) -> tuple[str, str]:
    order = page.texts("twins") or ("A", "B")
    if sorted(order) != ["A", "B"]:
        page.fault(f"twins is {list(order)}, expected ['A', 'B'] or ['B', 'A']", "name each once")
        order = ("A", "B")
    return order[0], order[1]


def _quantile(page: Page) -> float | None:
    value = page.get("quantile")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        page.fault(f"quantile is {value!r}, expected between 0 and 1", "take about 0.5 to 0.9")
        return None
    return float(value)


def _read_clock(page: Page) -> str:
    clock = page.text("day_start")
    try:
        clock_minute(clock)
    except InputError as error:
        page.fault(f"day_start: {error.message}", error.remedy)
    return clock


def _read_precedence(page: Page, script: Script) -> list[Precedence]:
    found = []
    for n, fields in enumerate(page.rows("precedence"), 1):
        part = Page(place=f"precedence {n}", fields=fields, faults=page.faults)
        ends = [find_tasks(part, part.text(name), None, script) for name in ("before", "after")]
        least = part.integer("least", 0)
        most = part.integer("most", 0)
        part.source()
        part.close()
        longest = Minute(most) if "most" in fields else None
        found += [
            Precedence(before=one, after=two, min_lag=Minute(least), max_lag=longest)
            for one in ends[0]
            for two in ends[1]
        ]
    return found


def _read_milestones(page: Page, script: Script) -> tuple[Milestone, ...]:
    found = list(script.milestones)
    for n, fields in enumerate(page.rows("milestone"), 1):
        part = Page(place=f"milestone {n}", fields=fields, faults=page.faults)
        key = part.text("key")
        title = part.text("title")
        tasks = find_tasks(part, part.text("step"), None, script)
        part.close()
        if len(tasks) > 1:
            part.fault(f"step names {len(tasks)} tasks: {', '.join(tasks)}", "name one of them")
        found += [Milestone(id=MilestoneId(key), title=title, task=task) for task in tasks[:1]]
    ids = [milestone.id for milestone in found]
    for id in sorted({id for id in ids if ids.count(id) > 1}):
        page.fault(f"milestone {id!r} is marked twice", "keep one of them")
    return tuple(found)
