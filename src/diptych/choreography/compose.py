"""From the separating plan, the roster and the tables to the work of the day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from diptych.choreography.courses import add_courses
from diptych.choreography.fasts import add_fasts
from diptych.choreography.policy import ChoreographyPolicy
from diptych.choreography.script_words import equipment_of, roles_of, zones_of
from diptych.choreography.steps import Step, read_steps
from diptych.choreography.tasks import Draft, draft_tasks, twin_order
from diptych.choreography.watches import add_watches, earliest_starts
from diptych.model import (
    Duration,
    Fast,
    InputError,
    InputErrors,
    Milestone,
    MilestoneId,
    Minute,
    Procedure,
    Rest,
    SeparationPlan,
    Staff,
    TaskId,
)
from diptych.tables import SourcedTable


def compose(
    plan: SeparationPlan,
    roster: Sequence[Staff],
    *,
    tables: Mapping[str, SourcedTable],
    policy: ChoreographyPolicy | None = None,
    buffers: Mapping[TaskId, Minute] | None = None,
    fasts: Sequence[Fast] = (),
) -> Procedure:
    """The tasks of the day in their order, with people, places, kit and rest rules.

    Steps, their lengths and what they ask for come from the tables "steps", "skills",
    "roles", "zones", "equipment" and "rest"; each vessel of `plan.crossings` gives one
    test clamp and one division, in the plan's order. Tasks of one twin are named
    "<step>-A" or "<step>-B", of a vessel "<step>-<order>". `buffers` are minutes by which
    the planned length of tasks is longer than otherwise, up to their most length. A twin
    whose fast of `fasts` reaches into the day is not anaesthetised before its end. Raises
    InputErrors when a step names a skill, zone, equipment or step that the tables do not
    have.
    """
    policy = policy or ChoreographyPolicy()
    steps = read_steps(tables["steps"], policy)
    _refuse_unknown(steps, tables)
    order = twin_order(plan, policy)
    draft = draft_tasks(steps, plan, order)
    _lengthen(draft, buffers or {})
    held = add_fasts(draft, fasts, order.twins, policy.day_start)
    earliest = earliest_starts(draft)
    add_watches(draft, [one for one in steps if one.each == "watch"], order, tables["rest"])
    courses = [one for one in steps if one.each in ("twin-course", "team-course")]
    add_courses(draft, courses, order, earliest, tables["rest"])
    milestones = _milestones(draft)
    return Procedure(
        tasks=tuple(draft.tasks.values()),
        precedence=tuple(draft.precedence),
        milestones=milestones,
        roles=roles_of(tables["roles"]),
        staff=tuple(roster),
        zones=zones_of(tables["zones"]),
        equipment=equipment_of(tables["equipment"]),
        day_start=policy.day_start,
        separation=MilestoneId("separation"),
        notes=(*_notes(policy, order.notes, draft), *_buffer_notes(policy, buffers or {}), *held),
        rest=rest_rules(tables["rest"]),
    )


def _lengthen(draft: Draft, buffers: Mapping[TaskId, Minute]) -> None:
    """Each buffer added to the planned length of its task, in every way of doing it."""
    for id, minutes in buffers.items():
        task = draft.tasks[id]
        modes = tuple(
            replace(mode, duration=_longer(mode.duration, minutes)) for mode in task.modes
        )
        duration = _longer(task.duration, minutes)
        draft.tasks[id] = replace(task, duration=duration, modes=modes)


def _longer(duration: Duration, minutes: Minute) -> Duration:
    return replace(duration, planned=Minute(min(duration.high, duration.planned + minutes)))


def _buffer_notes(policy: ChoreographyPolicy, buffers: Mapping[TaskId, Minute]) -> tuple[str, ...]:
    if not buffers:
        return ()
    return (
        f"Buffers of {sum(buffers.values())} min in all are planned at {len(buffers)} tasks, so"
        f" that each milestone comes about when it is announced on {policy.punctuality:.0%} of"
        " simulated days; a task that ends early gives its buffer back.",
    )


def rest_rules(table: SourcedTable) -> Rest:
    """The rest rules of the table "rest", whole minutes."""
    return Rest(
        longest_stretch=Minute(int(table.value("longest-stretch"))),
        shortest_break=Minute(int(table.value("shortest-break"))),
        longest_work=Minute(int(table.value("longest-work"))),
        longest_span=Minute(int(table.value("longest-span"))),
        low=(Minute(int(table.value("low-from"))), Minute(int(table.value("low-to")))),
        low_stretch=Minute(int(table.value("low-stretch"))),
    )


def _milestones(draft: Draft) -> tuple[Milestone, ...]:
    return tuple(
        Milestone(id=MilestoneId(id), title=title, task=task)
        for id, title, task in draft.milestones
    )


def _refuse_unknown(steps: Sequence[Step], tables: Mapping[str, SourcedTable]) -> None:
    known = {
        "skill": set(tables["skills"].rows),
        "equipment": set(tables["equipment"].rows),
        "zone": {"field", "theatre", "anaesthesia", *tables["zones"].rows},
        "skill or role": {*tables["skills"].rows, *tables["roles"].rows},
    }
    faults = []
    for step in steps:
        named: dict[str, Iterable[str]] = {
            "skill": step.demands,
            "equipment": step.equipment,
            "zone": step.zones,
            "skill or role": step.keeps,
        }
        faults += [
            InputError(
                f"step {step.key} names {kind} {name!r}, which no table has",
                remedy=f"correct the row in steps.toml, or add the {kind} to its table",
            )
            for kind, names in named.items()
            for name in names
            if name not in known[kind]
        ]
    if faults:
        raise InputErrors(faults, subject="steps.toml")


def _notes(policy: ChoreographyPolicy, order: Sequence[str], draft: Draft) -> tuple[str, ...]:
    length = (
        "Each step is planned for its most likely length. Long steps overrun more than short"
        " ones save, so the real day is expected to end later than this plan (published days"
        " took 1.35 to 2.1 times their plan); read the rehearsal's quantiles beside it."
        if policy.quantile is None
        else f"Each step is planned for the {policy.quantile:g} quantile of its three-point"
        " distribution; the sum of such lengths is not that quantile of the day."
    )
    way = (
        "The joined pair is turned to reach the second side."
        if policy.turn
        else "No turn is planned: the second side is opened from beneath at the same time."
    )
    return (
        length,
        way,
        *order,
        *draft.notes,
        "The room is set up the evening before; that work is not part of the day.",
        "Where a step's length is marked as an assumption, the team's own estimate should"
        " replace it in CASE/tables/steps.toml.",
    )
