"""The plan pushed right: starts, and ends of watches, as early as the plan's own order allows.

Every rule is a difference between two moments: order and waits, the length of a watch, one
duty of a person after the other, a break where the plan has one, at most the longest stretch
between two breaks. The least moments that keep them all, none before its plan, are found by
propagation; places and kit add an arc where two tasks collide, in the order of the plan. A
duty that its person cannot keep then (hours, absence, rest) is let go and the rest is pushed
again; who takes it over is found afterwards (`recrew`). Some milliseconds; no optimum.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diptych.choreography.interrupt import low_hours
from diptych.choreography.remainder import Remainder, Span
from diptych.choreography.resting import last_stretch
from diptych.choreography.shift import Shift
from diptych.model import Rest, StaffId, TaskId

_ROUNDS = 25
_COLLISIONS = 150
_FAR, _NEVER = 900, 100_000
_NEAR = 60
_ORDER, _CREW, _ROOM = 0, 1, 2
Moment = tuple[int, int]
Keeper = tuple[TaskId, StaffId]


@dataclass(frozen=True, slots=True)
class _Arc:
    """Moment `to` is at least moment `of` plus `lag`. duty : whose keeping it asks for."""

    of: int
    to: int
    lag: int
    kind: int
    duty: Keeper | None = None


@dataclass(kw_only=True)
class _Net:
    """Moments (0 is minute 0 of the day, which stands) and the arcs between them."""

    remainder: Remainder
    names: list[tuple[TaskId, str]] = field(default_factory=lambda: [(TaskId(""), "")])
    least: list[int] = field(default_factory=lambda: [0])
    arcs: list[list[_Arc]] = field(default_factory=lambda: [[]])
    starts: dict[TaskId, Moment] = field(default_factory=dict)
    ends: dict[TaskId, Moment] = field(default_factory=dict)

    def moment(self, task: TaskId, what: str, least: int) -> Moment:
        self.names.append((task, what))
        self.least.append(least)
        self.arcs.append([])
        return len(self.least) - 1, 0

    def after(
        self, of: Moment, to: Moment, lag: int, kind: int = _ORDER, duty: Keeper | None = None
    ) -> _Arc:
        """`to` comes at least `lag` minutes after `of`."""
        arc = _Arc(of[0], to[0], lag + of[1] - to[1], kind, duty)
        self.arcs[of[0]].append(arc)
        return arc


@dataclass(kw_only=True)
class _Tide:
    """The moments as far as they were pushed, and the arc that pushed each last."""

    net: _Net
    extra: dict[int, list[_Arc]]
    at: list[int]
    by: list[_Arc | None]
    latest: int

    def push(self, queue: deque[int]) -> _Arc | None:
        """Push until all is kept; the arc that cannot be kept, or None."""
        waiting = set(queue)
        while queue:
            one = queue.popleft()
            waiting.discard(one)
            base = self.at[one]
            arcs: list[_Arc] = [*self.net.arcs[one], *self.extra.get(one, ())]
            for arc in arcs:
                if self.at[arc.to] >= base + arc.lag:
                    continue
                if arc.to == 0 or base + arc.lag > self.latest:
                    return arc
                self.at[arc.to], self.by[arc.to] = base + arc.lag, arc
                if arc.to not in waiting:
                    waiting.add(arc.to)
                    queue.append(arc.to)
        return None

    def add(self, arc: _Arc) -> _Arc | None:
        """One more arc, and what it pushes."""
        self.extra.setdefault(arc.of, []).append(arc)
        return self.push(deque([arc.of]))

    def minute(self, moment: Moment) -> int:
        return self.at[moment[0]] + moment[1]

    def blame(self, arc: _Arc) -> Keeper | None:
        """The keeping of a duty that pushed so far, nearest to the arc; None: nobody's."""
        seen: set[int] = set()
        while arc.duty is None:
            before = self.by[arc.of]
            if before is None or arc.of in seen:
                return None
            seen.add(arc.of)
            arc = before
        return arc.duty


def push_right(remainder: Remainder) -> Shift:
    """The least pushed plan; `legal` where order, waits, places and kit are all kept.

    Its starts are those of the plan moved right where nothing else is needed.
    """
    net = _build(remainder, planned=True)
    planned = max((int(entry.end) for entry in remainder.old.values()), default=0)
    latest = max(planned, int(remainder.now)) + _FAR
    freed: set[Keeper] = set()
    for _ in range(_ROUNDS):
        tide, broken = _run(net, freed, latest)
        if broken is not None:
            duty = tide.blame(broken)
            if duty is None:
                break
            new = {duty}
        else:
            new = _cannot_keep(net, tide, freed)
        if not new - freed:
            return _read(net, tide, legal=broken is None)
        freed |= new
    return _read(net, tide, legal=False)


def find_floor(remainder: Remainder) -> Shift | None:
    """The least moments by order, waits and lengths alone; None where these cannot be kept.

    No plan has a start before these, whoever holds what. Their end bounds the day's.
    """
    net = _build(remainder, planned=False)
    tide, broken = _flood(net, {}, max(int(remainder.now), 0) + _NEVER)
    if broken is not None:
        return None
    starts = {task: tide.minute(moment) for task, moment in net.starts.items()}
    ends = {task: tide.minute(moment) for task, moment in net.ends.items()}
    return Shift(
        starts=starts,
        lengths={task: ends[task] - starts[task] for task in starts},
        end=max([int(remainder.now), *ends.values()]),
        legal=True,
    )


def _build(remainder: Remainder, *, planned: bool) -> _Net:
    """The net of order, waits and lengths; with `planned`, nothing comes before its plan."""
    net = _Net(remainder=remainder)
    now = int(remainder.now)
    for task in remainder.procedure.tasks:
        begun, old = remainder.begun.get(task.id), remainder.old.get(task.id)
        span, length = remainder.lengths.get(task.id), int(task.duration.planned)
        if begun is not None:
            net.starts[task.id] = (0, int(begun.start))
        else:
            held = planned and old is not None and task.id not in remainder.loose
            least = max(now, int(old.start) if old is not None and held else 0)
            net.starts[task.id] = net.moment(task.id, "start", least)
        start = net.starts[task.id]
        if span is None:
            end = int(begun.end) if begun is not None else start[1] + length
            net.ends[task.id] = (start[0], end)
        else:
            net.ends[task.id] = net.moment(task.id, "end", now)
            net.after(start, net.ends[task.id], span[0])
            net.after(net.ends[task.id], start, -span[1])
    for task_id, pin in remainder.pins.items():
        net.after((0, 0), net.starts[task_id], int(pin))
        net.after(net.starts[task_id], (0, 0), -int(pin))
    for rule in remainder.procedure.precedence:
        before, after = net.ends[rule.before], net.starts[rule.after]
        if before[0] or after[0]:
            net.after(before, after, int(rule.min_lag))
            if rule.max_lag is not None:
                net.after(after, before, -int(rule.max_lag))
    return net


def _run(net: _Net, freed: set[Keeper], latest: int) -> tuple[_Tide, _Arc | None]:
    extra: dict[int, list[_Arc]] = {}
    for arc in _crew_arcs(net, freed):
        extra.setdefault(arc.of, []).append(arc)
    tide, broken = _flood(net, extra, latest)
    rooms = _rooms(net.remainder)
    for _ in range(_COLLISIONS):
        if broken is not None:
            break
        apart = _collision(net, tide, rooms)
        if apart is None:
            return tide, None
        broken = tide.add(apart)
    return tide, broken


def _flood(net: _Net, extra: dict[int, list[_Arc]], latest: int) -> tuple[_Tide, _Arc | None]:
    """All moments pushed until every arc is kept, or one that cannot be."""
    nobody: list[_Arc | None] = [None] * len(net.least)
    tide = _Tide(net=net, extra=extra, at=list(net.least), by=nobody, latest=latest)
    return tide, tide.push(deque(range(len(net.least))))


def _keepers(net: _Net, freed: set[Keeper]) -> dict[StaffId, list[TaskId]]:
    """Person -> what they have begun and keep, in the order of the plan."""
    remainder = net.remainder
    entries = [*remainder.begun.items(), *remainder.old.items()]
    own: dict[StaffId, list[TaskId]] = {}
    for task, entry in sorted(entries, key=lambda one: (one[1].start, one[1].end)):
        for who, _ in entry.staff:
            if (task, who) not in freed:
                own.setdefault(who, []).append(task)
    return own


def _crew_arcs(net: _Net, freed: set[Keeper]) -> list[_Arc]:
    """One duty after the other, breaks where the plan has them, no stretch too long."""
    remainder, found = net.remainder, []
    rest = remainder.procedure.rest
    for who, tasks in _keepers(net, freed).items():
        coming = [task for task in tasks if task not in remainder.begun]
        if not coming:
            continue
        past = [task for task in tasks if task in remainder.begun]
        line = [max(past, key=lambda task: remainder.begun[task].end)] if past else []
        line += coming
        wait = _breaks(remainder, past, line, rest) if rest else [0] * len(line)
        for i in range(1, len(line)):
            arc = _between(net, net.ends[line[i - 1]], net.starts[line[i]], wait[i])
            found.append(_Arc(*arc, _CREW, (line[i], who)))
        if rest:
            found += _stretches(net, who, past, line, wait, rest)
    return found


def _between(net: _Net, of: Moment, to: Moment, lag: int) -> tuple[int, int, int]:
    return of[0], to[0], lag + of[1] - to[1]


def _spans(remainder: Remainder, tasks: Sequence[TaskId]) -> list[Span]:
    entries = (remainder.begun.get(task) or remainder.old[task] for task in tasks)
    return [(int(entry.start), int(entry.end)) for entry in entries]


def _breaks(
    remainder: Remainder, past: Sequence[TaskId], line: Sequence[TaskId], rest: Rest
) -> list[int]:
    """Minutes of break to keep before each duty of the line: only where it is needed."""
    spans = _spans(remainder, line)
    begin = last_stretch(_spans(remainder, past), rest) if past else spans[0][0]
    wait = [0]
    for i in range(1, len(line)):
        gap = spans[i][0] - spans[i - 1][1]
        run = next(
            (
                j
                for j in range(i, len(line) - 1)
                if spans[j + 1][0] - spans[j][1] >= rest.shortest_break
            ),
            len(line) - 1,
        )
        limit = _limit(remainder, rest, (begin, spans[run][1]))
        close = limit - _NEAR if gap >= rest.shortest_break else limit
        if spans[run][1] - begin > close:
            wait.append(int(rest.shortest_break))
            begin = spans[i][0]
        else:
            wait.append(0)
    return wait


def _limit(remainder: Remainder, rest: Rest, span: Span) -> int:
    """The longest stretch about these minutes; the shorter where the low is near."""
    lows = low_hours(remainder.procedure.day_start, rest, span[1] + _NEAR)
    near = any(span[0] - _NEAR < over and span[1] + _NEAR > begin for begin, over in lows)
    return int(rest.low_stretch if near and rest.low_stretch is not None else rest.longest_stretch)


def _stretches(
    net: _Net,
    who: StaffId,
    past: Sequence[TaskId],
    line: Sequence[TaskId],
    wait: Sequence[int],
    rest: Rest,
) -> list[_Arc]:
    """From each first duty after a break to the last before the next: at most the limit."""
    remainder, spans = net.remainder, _spans(net.remainder, line)
    found = []
    first: Moment = net.starts[line[0]]
    begin = spans[0][0]
    if past:
        begin = last_stretch(_spans(remainder, past), rest)
        first = (0, begin)
    for i, task in enumerate(line):
        if wait[i]:
            first, begin = net.starts[task], spans[i][0]
        if task not in remainder.begun and spans[i][1] - begin > rest.shortest_break:
            limit = _limit(remainder, rest, (begin, spans[i][1]))
            if net.ends[task][0] != first[0]:
                found.append(
                    _Arc(*_between(net, net.ends[task], first, -limit), _CREW, (task, who))
                )
    return found


def _collision(
    net: _Net, tide: _Tide, rooms: Sequence[tuple[int, Mapping[TaskId, int]]]
) -> _Arc | None:
    """An arc that parts two tasks which ask for more of a place or kit than there is."""
    remainder = net.remainder
    planned = {task: int(entry.start) for task, entry in remainder.old.items()}
    for room, users in rooms:
        spans = [
            (tide.minute(net.starts[task]), tide.minute(net.ends[task]), task, count)
            for task, count in users.items()
        ]
        spans = sorted(one for one in spans if one[1] > remainder.now)
        for start, _, _, _ in spans:
            there = [one for one in spans if one[0] <= start < one[1]]
            if sum(one[3] for one in there) <= room:
                continue
            free = [one for one in there if one[2] not in remainder.begun]
            free = [one for one in free if one[2] not in remainder.pins]
            if not free or len(there) < 2:
                continue
            last = max(free, key=lambda one: (planned.get(one[2], one[0]), one[0], one[2]))
            others = [one for one in there if one is not last]
            first = min(others, key=lambda one: (one[1], one[2]))
            arc = _between(net, net.ends[first[2]], net.starts[last[2]], 0)
            return _Arc(*arc, _ROOM)
    return None


def _rooms(remainder: Remainder) -> list[tuple[int, Mapping[TaskId, int]]]:
    """Places and kit of which a day may ask too much: how much there is, and who asks for it."""
    procedure = remainder.procedure
    rooms: list[tuple[int, dict[TaskId, int]]] = [
        (zone.capacity, {t.id: t.zones.get(zone.id, 0) for t in procedure.tasks})
        for zone in procedure.zones
    ] + [
        (kit.count, {t.id: t.equipment.get(kit.id, 0) for t in procedure.tasks})
        for kit in procedure.equipment
        if kit.renewable
    ]
    asked = [(room, {task: n for task, n in users.items() if n}) for room, users in rooms]
    return [(room, users) for room, users in asked if sum(users.values()) > room]


def _cannot_keep(net: _Net, tide: _Tide, freed: set[Keeper]) -> set[Keeper]:
    """Duties that now lie outside the hours of their person, or too long after their first."""
    remainder = net.remainder
    rest = remainder.procedure.rest
    span = rest.longest_span if rest is not None else None
    found = set()
    for who, tasks in _keepers(net, freed).items():
        first = tide.minute(net.starts[tasks[0]])
        for task in tasks:
            if task in remainder.begun:
                continue
            begin, end = tide.minute(net.starts[task]), tide.minute(net.ends[task])
            over = span is not None and end - first > span
            if over or not remainder.is_there(who, (begin, end)):
                found.add((task, who))
    return found


def _read(net: _Net, tide: _Tide, *, legal: bool) -> Shift:
    """Starts and lengths; a watch ends as planned where that is still within its rules."""
    remainder = net.remainder
    starts = {task: tide.minute(moment) for task, moment in net.starts.items()}
    ends = {task: tide.minute(moment) for task, moment in net.ends.items()}
    for task in remainder.lengths:
        entry = remainder.begun.get(task) or remainder.old.get(task)
        if entry is not None and task not in remainder.loose:
            most = min(_room_after(remainder, starts, ends, task), int(entry.end))
            ends[task] = max(ends[task], most)
    lengths = {task: ends[task] - starts[task] for task in starts}
    return Shift(
        starts=starts,
        lengths=lengths,
        end=max([int(remainder.now), *ends.values()]),
        legal=legal,
    )


def _room_after(
    remainder: Remainder, starts: Mapping[TaskId, int], ends: Mapping[TaskId, int], task: TaskId
) -> int:
    """The minute to which a watch may be kept, by its length, its rules and its people."""
    entry = remainder.begun.get(task) or remainder.old[task]
    people = {who for who, _ in entry.staff}
    rules = [
        starts[rule.after] - int(rule.min_lag)
        for rule in remainder.procedure.precedence
        if rule.before == task
    ]
    duties = [
        starts[other]
        for other, one in remainder.old.items()
        if other != task and starts[other] >= ends[task] and people & {who for who, _ in one.staff}
    ]
    return min([starts[task] + remainder.lengths[task][1], *rules, *duties])
