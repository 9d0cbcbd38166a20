"""From the plan, the minute and what happened: what is left of the day, ready to be planned."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from diptych.choreography.bands import Line
from diptych.choreography.concern import find_concerned
from diptych.choreography.crews import Duty, can_hold, side_of
from diptych.choreography.facts import events_of, read_facts
from diptych.choreography.interrupt import interrupt
from diptych.choreography.push import push_right
from diptych.choreography.relief import NO_SPARE, Spare, recut_watches
from diptych.choreography.remainder import (
    Draft,
    Remainder,
    call_away,
    ease_past,
    hold_back,
    hours_left,
    start_draft,
    take_absences,
)
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.choreography.shift import shift_right
from diptych.choreography.stopping import drop_tasks
from diptych.model import (
    Assignment,
    Disruption,
    InputError,
    MilestoneId,
    Minute,
    Procedure,
    Schedule,
    Staff,
    Stopped,
    TaskId,
)


def read_remainder(
    schedule: Schedule,
    now: Minute,
    events: Sequence[Disruption],
    policy: ReplanPolicy,
    spare: Spare = NO_SPARE,
) -> Remainder:
    """What is left of the day after the events. Raises InputError for events that cannot be.

    `spare` watches and courses are added beyond those that the order of the tasks asks for.
    """
    if not 0 <= now <= schedule.makespan:
        raise InputError(
            f"minute {now} lies outside the day, which ends at {schedule.makespan}",
            remedy="give a minute between 0 and the end of the day",
        )
    procedure = schedule.procedure
    facts = read_facts(schedule, now, events)
    draft = start_draft(procedure, facts)
    draft.concerned = find_concerned(schedule, events)
    stopped = events_of(events, Stopped)
    for stop in stopped:
        drop_tasks(draft, stop, _separation(procedure))
    if stopped:
        draft.loose = _loose(draft, stopped)
    hold_back(draft, facts)
    take_absences(draft, events)
    call_away(draft, events)
    interrupt(draft, procedure, events)
    ease_past(draft)
    closes = spare.closes or _closing_times(draft, procedure, people=spare.late)
    lengths = recut_watches(draft, closes, policy, spare)
    return _remainder(draft, procedure, lengths)


def _closing_times(draft: Draft, procedure: Procedure, *, people: bool) -> dict[TaskId, int]:
    """When each task begins as order, places and kit allow; watches and courses apart.

    With `people`, as its planned people allow too.
    """
    apart = {task for task, one in draft.tasks.items() if one.step == 0}
    bare = replace(
        draft,
        tasks={task: one for task, one in draft.tasks.items() if task not in apart},
        order=[r for r in draft.order if r.before not in apart and r.after not in apart],
        begun=_bare(draft.begun, apart, people=people),
        old=_bare(draft.old, apart, people=people),
    )
    left = _remainder(bare, procedure, {}, people=people)
    return dict((push_right(left) if people else shift_right(left)).starts)


def _bare(
    entries: Mapping[TaskId, Assignment], apart: Collection[TaskId], *, people: bool
) -> dict[TaskId, Assignment]:
    kept = {task: entry for task, entry in entries.items() if task not in apart}
    return kept if people else {task: replace(one, staff=()) for task, one in kept.items()}


def _separation(procedure: Procedure) -> TaskId | None:
    found = (m.task for m in procedure.milestones if m.id == procedure.separation)
    return next(found, None)


def _remainder(
    draft: Draft,
    procedure: Procedure,
    lengths: Mapping[TaskId, tuple[int, int]],
    *,
    people: bool = True,
) -> Remainder:
    """The draft as it is; without `people`, nobody's skills and hours are looked at."""
    last_part = {first: second for second, first in draft.parts.items()}
    ends: dict[MilestoneId, TaskId] = {}
    for milestone in procedure.milestones:
        end = milestone.task
        while end in last_part:
            end = last_part[end]
        ends[milestone.id] = end
    return Remainder(
        now=draft.now,
        procedure=replace(
            procedure,
            tasks=tuple(draft.tasks.values()),
            precedence=tuple(draft.order),
            milestones=tuple(
                replace(m, task=ends[m.id])
                for m in procedure.milestones
                if ends[m.id] in draft.tasks or m.id == MilestoneId(procedure.separation)
            ),
            staff=tuple(draft.staff),
        ),
        begun=dict(draft.begun),
        old=dict(draft.old),
        pins=dict(draft.pins),
        lengths=dict(lengths),
        parts=dict(draft.parts),
        wholes=dict(draft.wholes),
        loose=frozenset(draft.loose),
        concerned=draft.concerned,
        able=_able(draft) if people else {},
        left={one.id: hours_left(one, draft.now) for one in draft.staff} if people else {},
        notes=tuple(draft.notes),
    )


def _loose(draft: Draft, stopped: Sequence[Stopped]) -> set[TaskId]:
    """What follows a stop keeps no appointment; watches do."""
    watches = {task for task, one in draft.tasks.items() if one.step == 0}
    found: set[TaskId] = set()
    queue = [stop.after for stop in stopped]
    while queue:
        before = queue.pop()
        new = {rule.after for rule in draft.order if rule.before == before} - found
        found |= new
        queue.extend(sorted(new))
    return found - watches


def _able(draft: Draft) -> dict[Line, tuple[Staff, ...]]:
    """For each skill and side that a task asks for, who may hold it."""
    lines = dict.fromkeys(
        (demand.skill, side_of(task)) for task in draft.tasks.values() for demand in task.demands
    )
    return {line: tuple(who for who in draft.staff if can_hold(who, Duty(*line))) for line in lines}
