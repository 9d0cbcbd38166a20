"""A procedure as the arrays of the kernel that names people, and plans back as words.

Each demand becomes a row of people who may hold it; one that wants a leader becomes two
rows, the leader's and the others'.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from diptych.choreography.crews import side_of
from diptych.choreography.policy import clock_minute
from diptych.kernels.crewing import FAR, MOST_ROWS, Project, Search, evolve
from diptych.kernels.crewing.project import (
    FIRST_HALL,
    FIRST_ROW,
    FIRST_WAY,
    HEAD,
    IN,
    IN_FIRST,
    LENGTH,
    OUT,
    OUT_FIRST,
    RANK,
    SPAN,
    TAIL,
    TASTES,
)
from diptych.model import Demand, Procedure, SkillId, Staff, Task, TaskId

Holder = tuple[int, SkillId]
_Array = NDArray[np.int64]
_HALL_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """People wanted for one duty of a task: so many of those at these positions."""

    skill: SkillId
    count: int
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crewing:
    """A procedure ready for the kernel.

    ways : for each way of each task, the task as done in that way; rows : its rows
    first_way : (n + 1,) ways of task i are first_way[i] to first_way[i + 1]
    mirror : the project with time running backwards, with no tasks where that is not valid
        (hours, rest, longest waits or overlaps)
    horizon : minute by which the day is over in any sensible schedule
    possible : nothing stands against serial generation (no circle of waits, not too many rows)
    """

    procedure: Procedure
    ways: tuple[Task, ...]
    rows: tuple[tuple[Row, ...], ...]
    first_way: tuple[int, ...]
    project: Project
    mirror: Project
    horizon: int
    possible: bool


def rows_of(procedure: Procedure, task: Task) -> tuple[Row, ...]:
    """The rows of a task as it stands (its own way)."""
    found: list[Row] = []
    for demand in task.demands:
        led = 1 if demand.leader > demand.grade else 0
        for count, grade in ((led, demand.leader), (demand.count - led, demand.grade)):
            if count > 0:
                people = _who(procedure.staff, task, demand, grade)
                found.append(Row(skill=demand.skill, count=count, people=people))
    return tuple(found)


def _who(staff: Sequence[Staff], task: Task, demand: Demand, grade: int) -> tuple[int, ...]:
    side = side_of(task)
    return tuple(
        i
        for i, person in enumerate(staff)
        if demand.skill in person.skills
        and person.grade >= grade
        and (not side or person.team in (side, "both"))
    )


def horizon_of(procedure: Procedure, ways: Sequence[Task]) -> int:
    """A minute by which the day is over in any sensible schedule."""
    longest: dict[TaskId, int] = {}
    for way in ways:
        longest[way.id] = max(longest.get(way.id, 0), way.duration.planned)
    lags = sum(max(0, rule.min_lag) for rule in procedure.precedence)
    opening = max((person.start for person in procedure.staff), default=0)
    closing = max((person.end for person in procedure.staff), default=0)
    served = {way.id for way in ways if way.demands}
    alone = max((length for task, length in longest.items() if task not in served), default=0)
    serial = sum(longest.values()) + lags + max(0, opening) + _pauses(procedure)
    if len(served) < len(longest) and not procedure.rest:
        return serial + 1
    return min(serial, max(0, closing) + alone) + 1


def _pauses(procedure: Procedure) -> int:
    """Minutes that absences and rest may add when everything is done one after the other."""
    longest = max((task.duration.high for task in procedure.tasks), default=0)
    away = sum(
        end - begin + longest for person in procedure.staff for begin, end in person.absences
    )
    if procedure.rest is None:
        return away
    low = procedure.rest.low
    night = 2 * (low[1] - low[0]) if low else 0
    return away + night + len(procedure.tasks) * procedure.rest.shortest_break


def make_crewing(procedure: Procedure) -> Crewing:
    """The arrays of a procedure, forwards and with time running backwards."""
    tasks = procedure.tasks
    ways = tuple(t.in_mode(k) for t in tasks for k in range(1 + len(t.modes)))
    first_way = np.cumsum([0, *(1 + len(task.modes) for task in tasks)])
    rows = tuple(rows_of(procedure, way) for way in ways)
    fits = max((len(r) for r in rows), default=0) <= MOST_ROWS
    horizon = horizon_of(procedure, ways)
    rank = _rank(procedure)
    project = _project(procedure, ways, rows if fits else ((),) * len(ways), horizon)
    project.task[:, FIRST_WAY] = first_way
    if rank is not None:
        project.task[:-1, RANK] = rank
    reverse = not (
        _is_tight(procedure)
        or procedure.rest is not None
        or project.gone.size > 0
        or any(rule.min_lag < 0 for rule in procedure.precedence)
    )
    return Crewing(
        procedure=procedure,
        ways=ways,
        rows=rows,
        first_way=tuple(int(k) for k in first_way),
        project=project,
        mirror=_turn(project, valid=reverse),
        horizon=horizon,
        possible=fits and rank is not None,
    )


def _is_tight(procedure: Procedure) -> bool:
    return any(rule.max_lag is not None for rule in procedure.precedence)


def _is_firm(procedure: Procedure, lag: int) -> bool:
    return lag >= 0 or not _is_tight(procedure)


def _rank(procedure: Procedure) -> _Array | None:
    """Place of each task in an order that follows the firm waits; None when they go round."""
    place = {task.id: i for i, task in enumerate(procedure.tasks)}
    after: list[list[int]] = [[] for _ in place]
    waiting = [0] * len(place)
    for rule in procedure.precedence:
        if _is_firm(procedure, rule.min_lag):
            after[place[rule.before]].append(place[rule.after])
            waiting[place[rule.after]] += 1
    ready = [i for i, number in enumerate(waiting) if number == 0]
    order: list[int] = []
    while ready:
        task = ready.pop(0)
        order.append(task)
        for then in after[task]:
            waiting[then] -= 1
            if waiting[then] == 0:
                ready.append(then)
    if len(order) < len(place):
        return None
    rank = np.empty(len(place), np.int64)
    rank[order] = np.arange(len(place))
    return rank


def _whole(values: object, shape: tuple[int, ...] | None = None) -> _Array:
    found = np.array(values, np.int64)
    return found if shape is None else found.reshape(shape)


def _project(
    procedure: Procedure, ways: Sequence[Task], rows: Sequence[Sequence[Row]], horizon: int
) -> Project:
    able = np.zeros((len(ways), len(procedure.staff)), np.uint64)
    for m, own in enumerate(rows):
        for r, row in enumerate(own):
            able[m, list(row.people)] |= np.uint64(1) << np.uint64(r)
    halls = [_hall_sets(own) for own in rows]
    kits = [kit for kit in procedure.equipment if kit.renewable]
    stocks = [kit for kit in procedure.equipment if not kit.renewable]
    gone = [_gone(person, horizon) for person in procedure.staff]
    spans = [span for own in gone for span in own]
    use = [
        [way.zones.get(zone.id, 0) for zone in procedure.zones]
        + [way.equipment.get(kit.id, 0) for kit in kits]
        for way in ways
    ]
    room = [zone.capacity for zone in procedure.zones] + [kit.count for kit in kits]
    spend = [[way.equipment.get(kit.id, 0) for kit in stocks] for way in ways]
    low = _low(procedure, horizon)
    way = np.zeros((len(ways) + 1, 3), np.int64)
    way[:-1, LENGTH] = [one.duration.planned for one in ways]
    way[:, FIRST_ROW] = np.cumsum([0, *(len(own) for own in rows)])
    way[:, FIRST_HALL] = np.cumsum([0, *(len(own) for own in halls)])
    task, arc = _arcs(procedure)
    return Project(
        task=task,
        way=way,
        asks=_whole([row.count for own in rows for row in own]),
        able=able,
        hall_count=_whole([count for own in halls for count, _ in own]),
        hall_people=_masks([who for own in halls for _, who in own], len(procedure.staff)),
        use=_whole(use, (len(ways), len(room))),
        room=_whole(room),
        spend=_whole(spend, (len(ways), len(stocks))),
        stock=_whole([kit.count for kit in stocks]),
        arc=arc,
        gone_first=np.cumsum([0, *(len(own) for own in gone)]),
        gone=_whole(spans, (len(spans), 2)),
        low=_whole(low, (len(low), 2)),
        scarce=_scarcity(procedure, rows),
        rule=_whole([*_rest(procedure), horizon, int(_is_tight(procedure))]),
    )


def _hall_sets(rows: Sequence[Row]) -> list[tuple[int, set[int]]]:
    """Sets of rows, how many people they ask for and who can hold any; the largest first."""
    if len(rows) > _HALL_ROWS:
        chosen = [tuple(rows), *((row,) for row in rows)]
    else:
        sizes = range(len(rows), 0, -1)
        chosen = [some for size in sizes for some in combinations(rows, size)]
    return [
        (sum(row.count for row in some), {p for row in some for p in row.people}) for some in chosen
    ]


def _masks(sets: Sequence[Collection[int]], people: int) -> NDArray[np.uint64]:
    """(sets, words) bits of the people of each set."""
    masks = np.zeros((len(sets), max(1, -(-people // 64))), np.uint64)
    for h, own in enumerate(sets):
        for person in sorted(own):
            masks[h, person // 64] |= np.uint64(1) << np.uint64(person % 64)
    return masks


def _gone(person: Staff, horizon: int) -> list[tuple[int, int]]:
    """Minutes at which a person is not there, up to the horizon."""
    spans = [(-FAR, person.start), *person.absences, (person.end, FAR)]
    return [(a, b) for a, b in spans if b > 0 and a < horizon]


def _rest(procedure: Procedure) -> list[int]:
    rest = procedure.rest
    if rest is None:
        return [FAR] * 5
    return [
        rest.longest_stretch,
        rest.shortest_break,
        rest.longest_work,
        FAR if rest.longest_span is None else rest.longest_span,
        FAR if rest.low_stretch is None else rest.low_stretch,
    ]


def _low(procedure: Procedure, horizon: int) -> list[tuple[int, int]]:
    """The circadian low of each day, in minutes of this day."""
    if procedure.rest is None or procedure.rest.low is None:
        return []
    begin, end = procedure.rest.low
    first = clock_minute(procedure.day_start)
    days = range(-2, 1 + (horizon + first) // 1440)
    spans = [(begin - first + 1440 * day, end - first + 1440 * day) for day in days]
    return [(a, b) for a, b in spans if b > 0 and a < horizon]


def _scarcity(procedure: Procedure, rows: Sequence[Sequence[Row]]) -> NDArray[np.float64]:
    """How much each person's duties are asked for, beside how many can hold them; 0 to 1."""
    asked: dict[tuple[int, ...], int] = {}
    for own in rows:
        for row in own:
            asked[row.people] = asked.get(row.people, 0) + row.count
    scarce = np.zeros(len(procedure.staff))
    for people, count in asked.items():
        scarce[list(people)] += count / max(1, len(people))
    most = scarce.max(initial=0.0)
    return scarce / most if most > 0 else scarce


def _arcs(procedure: Procedure) -> tuple[_Array, _Array]:
    """Least and longest waits as arcs, and where the arcs of each task are listed."""
    place = {task.id: i for i, task in enumerate(procedure.tasks)}
    arcs: list[tuple[int, ...]] = []
    for rule in procedure.precedence:
        one, two = place[rule.before], place[rule.after]
        firm = int(_is_firm(procedure, rule.min_lag))
        arcs.append((one, two, rule.min_lag, one, 1, firm, 0, 0))
        if rule.max_lag is not None:
            arcs.append((two, one, -rule.max_lag, one, -1, 0, 0, 0))
    return _listed(_whole(arcs, (len(arcs), 8)), len(place))


def _listed(arc: _Array, tasks: int) -> tuple[_Array, _Array]:
    """The table of tasks, with the arcs of each by their tail and by their head."""
    task, bins = np.zeros((tasks + 1, 4), np.int64), np.arange(tasks + 1)
    task[:-1, RANK] = bins[:-1]
    for end, column, first in ((TAIL, OUT, OUT_FIRST), (HEAD, IN, IN_FIRST)):
        arc[:, column] = np.argsort(arc[:, end], kind="stable")
        task[:, first] = np.searchsorted(np.sort(arc[:, end]), bins)
    return task, arc


def _turn(project: Project, *, valid: bool) -> Project:
    """Tasks and arcs with time running backwards; nothing where that is not valid.

    start'[before] >= start'[after] + length[after] + lag holds for start' = end of time -
    end.
    """
    if not valid:
        return project._replace(task=project.task[:0], arc=project.arc[:0])
    arc = project.arc.copy()
    arc[:, [TAIL, HEAD]] = project.arc[:, [HEAD, TAIL]]
    arc[:, SPAN] = arc[:, TAIL]
    task, arc = _listed(arc, project.task.shape[0] - 1)
    task[:, FIRST_WAY] = project.task[:, FIRST_WAY]
    task[:-1, RANK] = task.shape[0] - 2 - project.task[:-1, RANK]
    return project._replace(task=task, arc=arc)


def new_search(crewing: Crewing, seed: int, size: int) -> Search:
    """A pool of `size` genomes that are still to be sown."""
    n, people = len(crewing.procedure.tasks), len(crewing.procedure.staff)
    widest = max((sum(row.count for row in own) for own in crewing.rows), default=0)
    return Search(
        pool=np.zeros((size, 3, n), np.int64),
        taste=np.zeros((size, TASTES + people)),
        score=np.full(size, FAR, np.int64),
        best=np.full((n, 2 + 2 * (widest + 1)), -1, np.int64),
        tally=_whole([FAR, 0, 0, 0, size]),
        stream=_whole([seed, 0]),
    )


def evolve_search(
    crewing: Crewing, search: Search, children: int, target: int, seeds: Sequence[_Array] = ()
) -> int:
    """So many more genomes and schedules; the best score so far. `seeds` are orders to sow."""
    orders = _whole(list(seeds), (len(seeds), len(crewing.procedure.tasks)))
    return int(evolve(crewing.project, crewing.mirror, search, orders, children, target))


def read_plan(
    crewing: Crewing, plan: _Array
) -> tuple[dict[TaskId, int], dict[TaskId, int], dict[TaskId, tuple[Holder, ...]]]:
    """Starts, ways and holders (position in the staff, skill) of a plan of the kernel."""
    starts: dict[TaskId, int] = {}
    modes: dict[TaskId, int] = {}
    holders: dict[TaskId, tuple[Holder, ...]] = {}
    seats = (plan.shape[1] - 2) // 2
    for i, task in enumerate(crewing.procedure.tasks):
        starts[task.id], modes[task.id] = int(plan[i, 0]), int(plan[i, 1])
        rows = crewing.rows[crewing.first_way[i] + int(plan[i, 1])]
        pairs = zip(plan[i, 2 : 2 + seats], plan[i, 2 + seats :], strict=True)
        holders[task.id] = tuple((int(p), rows[int(r)].skill) for p, r in pairs if p >= 0)
    return starts, modes, holders
