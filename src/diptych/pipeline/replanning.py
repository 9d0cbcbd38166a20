"""The day departs from its plan: three ways to go on, side by side; one is kept if asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from diptych.choreography import clock_text, read_replan_policy, replan, stop_after
from diptych.choreography.policy import clock_minute
from diptych.model import (
    Absence,
    Alternatives,
    Broken,
    Delay,
    Demand,
    DiptychError,
    Disruption,
    EquipmentId,
    Finished,
    Hazard,
    HazardResponse,
    InputError,
    Minute,
    Replan,
    Schedule,
    Staff,
    StaffId,
    TaskId,
    UsageError,
)
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.manifest import outputs_digest, program, read_manifest, write_manifest
from diptych.pipeline.parts import CHOREOGRAPHY
from diptych.pipeline.plan import open_run
from diptych.pipeline.stage import PlanOptions, Run
from diptych.storage.blobs import load_value, save_value

SCHEMA = "diptych.replan/1"
REPLANS = "derivatives/replans"
WAYS = {"least": "least_change", "earliest": "earliest", "reserve": "most_reserve"}
_TABLES = ("replanning", "rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What was said on the command line, as it was written.

    delays, late, finished : TASK=MINUTES or, for finished, TASK=TIME
    absent : STAFF or STAFF=FROM-TO; broken : KIT or KIT=N; hazards : ids of the table
    """

    at: str
    delays: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    stop_after: str | None = None


def ask_replan(
    case: Path, happened: Happened, options: PlanOptions, *, take: str | None = None
) -> dict[str, object]:
    """The three ways to go on from the plan that stands; nothing is written unless one is taken.

    The plan that stands is the last way that was taken, else the plan of the day. Raises
    InputError for a case without a schedule or events that cannot be, UsageError for words
    that cannot be read, Infeasible with the rules to relax.
    """
    if take is not None and take not in WAYS:
        raise UsageError(
            f"--take is {take!r}, expected {', '.join(WAYS)}", remedy="name one of the three"
        )
    folder = CaseFolder(case)
    folder.require()
    run = open_run(folder, options)
    schedule, stands = _standing(run)
    policy = read_replan_policy(run.tables(_TABLES), seed=options.seed)
    now = read_minute(happened.at, schedule.procedure.day_start)
    events = read_events(run, schedule, now, happened)
    found = replan(schedule, now, events, policy)
    told: dict[str, object] = {"schema": SCHEMA, "stands": stands, "before": _figures(schedule)}
    told |= tell_alternatives(schedule, found)
    if take is not None:
        told["taken"] = _keep(run, getattr(found, WAYS[take]), happened, take)
    return told


def _standing(run: Run) -> tuple[Schedule, str]:
    """The schedule to go on from, and the folder it lies in."""
    plan = run.folder.root / CHOREOGRAPHY
    try:
        schedule = run.load(Schedule, CHOREOGRAPHY, "schedule")
    except DiptychError as error:
        raise InputError(
            f"there is no schedule to go on from: {error.message}",
            remedy="run: diptych choreograph CASE",
        ) from error
    for place in reversed(_taken(run.folder)):
        manifest = read_manifest(place)
        if manifest is not None and manifest["inputs"].get("plan") == outputs_digest(plan):
            return load_value(place, "replan", Replan).schedule, f"{REPLANS}/{place.name}"
    return schedule, CHOREOGRAPHY


def _taken(folder: CaseFolder) -> list[Path]:
    place = folder.root / REPLANS
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def _keep(run: Run, way: Replan, happened: Happened, take: str) -> str:
    """Puts the way taken beside those taken before, whole or not at all."""
    with run.folder.locked(), run.folder.staging() as staging:
        number = len(_taken(run.folder)) + 1
        out = staging / f"replan-{number:03d}"
        out.mkdir()
        save_value(out, "replan", way)
        tables = run.tables(_TABLES)
        inputs = {
            "part": "replan",
            "program": program(("model", "choreography")),
            "plan": outputs_digest(run.folder.root / CHOREOGRAPHY),
            "happened": {name: getattr(happened, name) for name in Happened.__slots__},
            "taken": take,
            "tables": {name: tables[name].content_hash for name in sorted(tables)},
        }
        write_manifest(out, inputs)
        place = f"{REPLANS}/{number:03d}"
        run.folder.publish({place: out})
    return place


def read_minute(text: str, day_start: str) -> Minute:
    """A minute of the day from "HH:MM", "HH:MM+1" or a plain number of minutes."""
    if text.isdecimal():
        return Minute(int(text))
    clock, plus, days = text.replace(" ", "").partition("+")
    if plus and not days.isdecimal():
        raise UsageError(f"time is {text!r}", remedy="write it like 14:10, 02:30+1 or 430")
    since = clock_minute(clock) - clock_minute(day_start)
    if plus:
        return Minute(since + 1440 * int(days))
    return Minute(since if since >= 0 else since + 1440)


def read_events(
    run: Run, schedule: Schedule, now: Minute, happened: Happened
) -> tuple[Disruption, ...]:
    """The events in the words of the model."""
    start = schedule.procedure.day_start
    events: list[Disruption] = []
    for late, texts in ((False, happened.delays), (True, happened.late)):
        for text in texts:
            task, minutes = _pair(text, "TASK=MINUTES")
            events.append(Delay(task=TaskId(task), minutes=_number(text, minutes), late=late))
    for text in happened.finished:
        task, at = _pair(text, "TASK=TIME")
        events.append(Finished(task=TaskId(task), at=read_minute(at, start)))
    events += [_absence(schedule, now, text) for text in happened.absent]
    events += [_broken(schedule, now, text) for text in happened.broken]
    events += [_response(run, schedule, now, text) for text in happened.hazards]
    if happened.stop_after is not None:
        closing = read_replan_policy(run.tables(_TABLES)).closing
        events.append(stop_after(schedule, TaskId(happened.stop_after), now, closing))
    return tuple(events)


def _pair(text: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UsageError(f"{text!r} cannot be read, expected {form}", remedy=f"write {form}")
    return name, value


def _number(text: str, digits: str) -> Minute:
    if not digits.isdecimal():
        raise UsageError(f"{text!r}: {digits!r} is no number", remedy="give whole minutes")
    return Minute(int(digits))


def _absence(schedule: Schedule, now: Minute, text: str) -> Absence:
    who, _, span = text.partition("=")
    person = _person(schedule, who)
    begin, end = now, person.end
    if span:
        first, dash, last = span.partition("-")
        if not dash:
            raise UsageError(
                f"{text!r} cannot be read, expected STAFF=FROM-TO",
                remedy="write it like sn1=14:10-15:30",
            )
        begin, end = (read_minute(one, schedule.procedure.day_start) for one in (first, last))
    if begin >= end:
        raise InputError(
            f"{person.name} ({person.id}) is not there any more at that minute",
            remedy="leave the absence out, or correct the time",
        )
    return Absence(staff=person.id, begin=begin, end=end)


def _person(schedule: Schedule, who: str) -> Staff:
    for person in schedule.procedure.staff:
        if who in (person.id, person.name):
            return person
    raise InputError(f"nobody {who!r} on the roster", remedy="use an id or a name of the roster")


def _broken(schedule: Schedule, now: Minute, text: str) -> Broken:
    kit, equals, count = text.partition("=")
    number = int(_number(text, count)) if equals else 1
    end = Minute(max(schedule.makespan, now) + 1440)
    return Broken(equipment=EquipmentId(kit), count=number, begin=now, end=end)


def _response(run: Run, schedule: Schedule, now: Minute, name: str) -> HazardResponse:
    from diptych.contingencies import read_hazards

    hazards = read_hazards(run.tables(("hazards",))["hazards"], schedule.procedure)
    hazard = next((one for one in hazards if one.id == name), None)
    if hazard is None:
        known = ", ".join(str(one.id) for one in hazards)
        raise InputError(f"no hazard {name!r}; there are {known}", remedy="use one of these ids")
    return respond_to(hazard, now)


def respond_to(hazard: Hazard, now: Minute) -> HazardResponse:
    """The people and kit that a hazard calls away from `now`, for its likely length."""
    return HazardResponse(
        title=hazard.title,
        subject=hazard.subject,
        begin=now,
        end=Minute(now + max(1, hazard.response.mode)),
        demands=tuple(Demand(skill=d.skill, count=d.count) for d in hazard.response.demands),
        equipment=hazard.response.equipment,
        pauses=hazard.severity - 1,
    )


def tell_alternatives(schedule: Schedule, found: Alternatives) -> dict[str, object]:
    """The three ways side by side, with what changes for whom."""
    names = {person.id: person.name for person in schedule.procedure.staff}
    return {
        "now": found.now,
        "clock": clock_text(schedule.procedure.day_start, found.now),
        "ways": {
            short: tell_way(getattr(found, attribute), names) for short, attribute in WAYS.items()
        },
        "notes": list(found.notes),
    }


def tell_way(way: Replan, names: Mapping[StaffId, str]) -> dict[str, object]:
    """One way: its figures, and every change for people and tasks."""
    titles = {task.id: task.title for task in way.schedule.procedure.tasks}
    return {
        **_figures(way.schedule),
        "cost": way.cost,
        "reserve_min": way.reserve,
        "shift_min": way.shift,
        "people_changed": len({change.staff for change in way.people}),
        "people": [
            {
                "staff": str(change.staff),
                "name": names[change.staff],
                "task": str(change.task),
                "title": titles[change.task],
                "skill": str(change.skill),
                "change": "called" if change.called else "released",
                "lead_min": change.lead,
            }
            for change in way.people
        ],
        "tasks": [change.words for change in way.tasks],
    }


def _figures(schedule: Schedule) -> dict[str, object]:
    procedure = schedule.procedure
    parted = schedule.milestones.get(procedure.separation)
    return {
        "end_min": schedule.makespan,
        "end": clock_text(procedure.day_start, schedule.makespan),
        "separation_min": parted,
        "separation": None if parted is None else clock_text(procedure.day_start, parted),
        "bound_min": schedule.bound,
        "status": schedule.status,
        "checked": schedule.checked,
    }
