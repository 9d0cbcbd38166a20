"""A person's day as they live it: their turns in order, where, with whom, with what; breaks
and absences between them; what they take over and hand over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from diptych.model import (
    Assignment,
    EquipmentId,
    Minute,
    Precedence,
    Schedule,
    SkillId,
    Staff,
    StaffId,
    Subject,
    Task,
    TaskId,
    TwinId,
    Zone,
    ZoneId,
)

OPERATING = (
    "neurosurgery-lead",
    "microsurgery",
    "neurosurgery",
    "craniofacial",
    "plastic-surgery",
)
OUTSIDE = (
    "airway",
    "anaesthesia",
    "anaesthesia-assist",
    "circulating",
    "coordination",
    "equipment",
    "imaging",
    "intensive-care",
    "navigation",
    "neurophysiology",
    "perfusion",
    "positioning",
    "radiography",
    "resuscitation",
    "transfusion",
    "vascular-access",
)
"""Duties in sterile dress nearest to the wound, and duties without it: who stands in a field
zone when a task also has people outside it. Duties of another operation that stand in neither
list are taken for operating ones; assistants and scrub nurses come after those."""
FIELDS, HEADS = ("sterile", "field"), ("anaesthesia", "head")
"""How the ids of places around the wound and at the twins' heads begin."""
ROOM = "theatre"
_SHORTEST_BREAK = 15
_LATEST = 15
"""Minutes after the end of a task within which the next holder of a duty takes it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One task of one person, from `start` (included) to `end` (excluded), minutes.

    place : where they stand; None when the task names no place
    beside : the others on the task, in the order of the roster
    """

    task: Task
    start: Minute
    end: Minute
    skills: tuple[SkillId, ...]
    place: ZoneId | None
    beside: tuple[StaffId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A duty that passes from one person to another.

    start, end : minutes of the overlap; the same minute when there is none
    before, after : the tasks on which the giver and the taker hold it
    """

    skill: SkillId
    subject: Subject
    giver: StaffId
    taker: StaffId
    start: Minute
    end: Minute
    before: TaskId
    after: TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Minutes between two turns that are a break, or in which the person is absent."""

    start: Minute
    end: Minute
    absent: bool


class DayBook:
    """A schedule looked up by person, by task and by place; computed once, then only read."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.procedure = schedule.procedure
        self.people: Mapping[StaffId, Staff] = {p.id: p for p in self.procedure.staff}
        self.zones: Mapping[ZoneId, Zone] = {zone.id: zone for zone in self.procedure.zones}
        self.roles: Mapping[str, str] = {role.id: role.title for role in self.procedure.roles}
        self.kit: Mapping[EquipmentId, str] = {
            kit.id: kit.title for kit in self.procedure.equipment
        }
        tasks = {task.id: task for task in self.procedure.tasks}
        self.entries: tuple[Assignment, ...] = tuple(
            sorted(schedule.assignments, key=lambda entry: (entry.start, entry.end, entry.task))
        )
        self.tasks: Mapping[TaskId, Task] = {
            entry.task: tasks[entry.task].in_mode(entry.mode) for entry in self.entries
        }

    def name(self, person: StaffId) -> str:
        """The person's name, or the id of somebody who is not on the roster."""
        return self.people[person].name if person in self.people else str(person)

    def role(self, person: StaffId) -> str:
        """Title of the person's role."""
        role = self.people[person].role if person in self.people else ""
        return self.roles.get(role, str(role))

    def zone_title(self, zone: ZoneId) -> str:
        """The place in a few words, without what its title explains after a comma."""
        title = self.zones[zone].title if zone in self.zones else str(zone)
        return title.partition(",")[0]

    @cached_property
    def turns(self) -> Mapping[StaffId, tuple[Turn, ...]]:
        """Every person's turns in order of time; nobody without a task is left out."""
        found: dict[StaffId, list[Turn]] = {person: [] for person in self.people}
        for entry in self.entries:
            places = place_people(self.tasks[entry.task], entry)
            crew = dict.fromkeys(person for person, _ in entry.staff)
            for person in crew:
                turn = Turn(
                    task=self.tasks[entry.task],
                    start=entry.start,
                    end=entry.end,
                    skills=tuple(skill for id, skill in entry.staff if id == person),
                    place=places[person],
                    beside=tuple(other for other in crew if other != person),
                )
                found.setdefault(person, []).append(turn)
        return {person: tuple(turns) for person, turns in found.items()}

    def pauses(self, person: StaffId) -> tuple[Pause, ...]:
        """Breaks of at least the shortest break between turns, and absences, in order."""
        rest = self.procedure.rest
        least = rest.shortest_break if rest else _SHORTEST_BREAK
        turns = merge_spans((turn.start, turn.end) for turn in self.turns.get(person, ()))
        away = self.people[person].absences if person in self.people else ()
        gaps = subtract_spans([(one[1], two[0]) for one, two in pairwise(turns)], away)
        found = [Pause(start=a, end=b, absent=False) for a, b in gaps if b - a >= least]
        found += [Pause(start=a, end=b, absent=True) for a, b in away]
        return tuple(sorted(found, key=lambda pause: (pause.start, pause.end)))

    @cached_property
    def hand_overs(self) -> tuple[HandOver, ...]:
        """Every duty that passes to another person along the order of work, by time."""
        entries = {entry.task: entry for entry in self.entries}
        found: dict[tuple[StaffId, StaffId, SkillId, Minute], HandOver] = {}
        for rule in self.procedure.precedence:
            if rule.before in entries and rule.after in entries and self._goes_on(rule):
                for passing in self._passed(entries[rule.before], entries[rule.after]):
                    key = (passing.giver, passing.taker, passing.skill, passing.start)
                    found.setdefault(key, passing)
        return tuple(sorted(found.values(), key=lambda p: (p.start, p.end, p.before, p.skill)))

    def _goes_on(self, rule: Precedence) -> bool:
        """Whether the work after takes up that before: watches that overlap, or one place."""
        shared = set(self.tasks[rule.before].zones) & set(self.tasks[rule.after].zones)
        return bool(shared) or (rule.max_lag is not None and rule.max_lag < 0)

    def _passed(self, one: Assignment, two: Assignment) -> Iterable[HandOver]:
        if two.start > one.end + _LATEST or two.end <= one.end:
            return
        stay = {person for person, _ in one.staff} & {person for person, _ in two.staff}
        for skill in dict.fromkeys(skill for _, skill in one.staff):
            givers, takers = (
                [person for person, held in entry.staff if held == skill and person not in stay]
                for entry in (one, two)
            )
            for giver, taker in zip(givers, takers, strict=False):
                yield HandOver(
                    skill=skill,
                    subject=self.tasks[two.task].subject,
                    giver=giver,
                    taker=taker,
                    start=min(two.start, one.end),
                    end=max(one.end, min(two.start, one.end)),
                    before=one.task,
                    after=two.task,
                )

    def room_at(self, subject: Subject, minute: Minute) -> ZoneId | None:
        """The theatre in which a twin is at that minute; None where no room is named.

        The last room that a task on this twin, or on both, has named up to that minute; before
        the first, the first that is named. What the team does elsewhere moves no twin.
        """
        rooms = self._rooms.get(subject, ())
        past = [zone for start, zone in rooms if start <= minute]
        return past[-1] if past else rooms[0][1] if rooms else None

    @cached_property
    def _rooms(self) -> Mapping[Subject, tuple[tuple[Minute, ZoneId], ...]]:
        """For each subject the rooms that tasks on it name, with their starts."""
        return {
            subject: tuple(
                (entry.start, zone)
                for entry in self.entries
                for zone in self.tasks[entry.task].zones
                if zone.startswith(ROOM)
                and self.tasks[entry.task].subject != Subject.TEAM
                and concerns(self.tasks[entry.task].subject, subject)
            )
            for subject in Subject
        }

    def tell_place(
        self, place: ZoneId | None, subject: Subject, span: tuple[Minute, Minute]
    ) -> str:
        """The place and its theatre in words; both theatres when the twin is moved meanwhile."""
        if place is not None and place.startswith(ROOM):
            return self.zone_title(place)
        twin = "" if place is None else place.rpartition("-")[2]
        whose = Subject(twin) if twin in ("A", "B") else subject
        if place is None and whose not in (Subject.A, Subject.B):
            return ""
        rooms = [self.room_at(whose, minute) for minute in self._moments(*span)]
        titles = dict.fromkeys(self.zone_title(room) for room in rooms if room is not None)
        where = [self.zone_title(place)] if place is not None else []
        return ", ".join([*where, *([", then ".join(titles)] if titles else [])])

    def _moments(self, start: Minute, end: Minute) -> list[Minute]:
        """The first minute of a span and every start of a task within it."""
        return [start, *sorted({e.start for e in self.entries if start < e.start < end})]

    def span(self, person: StaffId) -> tuple[Minute, Minute] | None:
        """First and last minute of the person's turns."""
        turns = self.turns.get(person, ())
        if not turns:
            return None
        return min(turn.start for turn in turns), max(turn.end for turn in turns)


def concerns(task: Subject, twin: Subject) -> bool:
    """Whether work on one subject concerns the other: what is done for both concerns each."""
    if twin not in (Subject.A, Subject.B):
        return True
    return task == twin or task in (Subject.BOTH, Subject.SHARED, Subject.TEAM)


def place_people(task: Task, entry: Assignment) -> dict[StaffId, ZoneId | None]:
    """Where each person of a task stands.

    Places within a room fill up first, fields with the duties in sterile dress, others in the
    order of the demands; who finds no room there stands in the room that the task names, or,
    if it names none, where it takes place.
    """
    people = list(dict.fromkeys(person for person, _ in entry.staff))
    skills = {person: skill for person, skill in reversed(entry.staff)}
    rooms = [zone for zone in task.zones if zone.startswith(ROOM)]
    inner = [zone for zone in sorted(task.zones) if zone not in rooms]
    left = sorted(people, key=lambda person: _nearness(skills[person]))
    if not any(zone.startswith(FIELDS) for zone in inner):
        left = people
    found: dict[StaffId, ZoneId | None] = {}
    for zone in inner:
        inside, left = left[: task.zones[zone]], left[task.zones[zone] :]
        found |= dict.fromkeys(inside, zone)
    named = [*rooms, *inner]
    return found | dict.fromkeys(left, named[0] if named else None)


def _nearness(skill: SkillId) -> int:
    if skill in OPERATING:
        return OPERATING.index(skill)
    last = len(OPERATING)
    return {"surgical-assist": last + 1, "scrub": last + 2}.get(
        skill, last + 3 if skill in OUTSIDE else last
    )


def merge_spans(spans: Iterable[tuple[Minute, Minute]]) -> list[tuple[Minute, Minute]]:
    """Spans in order, those that touch or overlap as one."""
    merged: list[tuple[Minute, Minute]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def subtract_spans(
    spans: Sequence[tuple[Minute, Minute]], away: Sequence[tuple[Minute, Minute]]
) -> list[tuple[Minute, Minute]]:
    """What is left of the spans without those minutes."""
    left = list(spans)
    for start, end in away:
        cut = []
        for a, b in left:
            pieces = ((a, min(b, start)), (max(a, end), b))
            cut += [(c, d) for c, d in pieces if c < d]
        left = cut
    return left


def twin_of(subject: Subject) -> TwinId | None:
    """The twin that a task is about, if it is about one."""
    return TwinId(subject.value) if subject in (Subject.A, Subject.B) else None
