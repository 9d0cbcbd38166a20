"""Tasks of one day, drawn from the steps: once, for each twin, for each vessel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from diptych.choreography.policy import ChoreographyPolicy
from diptych.choreography.steps import ALL_DAY, Step
from diptych.model import (
    Crossing,
    Demand,
    EquipmentId,
    Minute,
    Mode,
    Precedence,
    SeparationPlan,
    SkillId,
    Subject,
    Task,
    TaskId,
    TwinId,
    ZoneId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinOrder:
    """Which twin is anaesthetised first and which moves, and why.

    Everything that has to be done "for each twin" is done in the order of `twins`, so that
    swapping the twins of a plan swaps the day and changes nothing else.
    """

    twins: tuple[TwinId, TwinId]
    moves: TwinId
    notes: tuple[str, ...]


@dataclass(kw_only=True)
class Draft:
    """The tasks and their order while they are being drawn up.

    steps : the steps drawn so far, by key
    made : step key -> ids of its tasks by place: a twin's letter, a vessel's number or ""
    """

    tasks: dict[TaskId, Task] = field(default_factory=dict)
    precedence: list[Precedence] = field(default_factory=list)
    milestones: list[tuple[str, str, TaskId]] = field(default_factory=list)
    steps: dict[str, Step] = field(default_factory=dict)
    made: dict[str, dict[str, TaskId]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def twin_order(plan: SeparationPlan, policy: ChoreographyPolicy) -> TwinOrder:
    """Who comes first and who moves: the policy's word, else a rule on the plan's figures.

    The twin that gives up more vein flow is anaesthetised first (on a tie more brain, then
    A); the twin with the smaller defect of dura, bone and skin moves (on a tie the one that
    is not first).
    """
    costs = {
        twin: (plan.costs[twin].vein_flow_given, plan.costs[twin].brain_given) for twin in TwinId
    }
    first = policy.first or max(TwinId, key=lambda twin: costs[twin])
    lack = {twin: _lack(plan, twin) for twin in TwinId}
    moves = policy.moves or min((first.other, first), key=lambda twin: lack[twin])
    why_first = "as the policy says" if policy.first else "the more vein flow is given up"
    why_moves = "as the policy says" if policy.moves else "the defect to close is not larger"
    return TwinOrder(
        twins=(first, first.other),
        moves=moves,
        notes=(
            f"Twin {first} is anaesthetised first ({why_first}).",
            f"Twin {moves} moves to the second theatre after separation ({why_moves}).",
        ),
    )


def _lack(plan: SeparationPlan, twin: TwinId) -> float:
    defect = plan.defects[twin]
    return defect.dura.value + defect.bone.value + defect.skin.value


def draft_tasks(steps: Sequence[Step], plan: SeparationPlan, order: TwinOrder) -> Draft:
    """Every task except the watches, with the order that the table and the plan give."""
    draft = Draft()
    drawn = [step for step in steps if step.each not in ALL_DAY]
    separated = False
    for step in drawn:
        draft.steps[step.key] = step
        if step.each == "vein":
            _add_veins(draft, step, plan.crossings)
        else:
            _add_step(draft, step, order, separated)
        separated = separated or step.milestone == "separation"
    _chain_veins(draft, drawn, plan.crossings)
    return draft


def _add_step(draft: Draft, step: Step, order: TwinOrder, separated: bool) -> None:
    places = order.twins if step.each in ("twin", "turns") else ("",)
    for place in places:
        task = _task(step, str(place), order, separated)
        _add(draft, step, str(place), task)
        if step.milestone and place:
            title = step.milestone_title.replace("{twin}", place)
            draft.milestones.append((f"twin-{place}-{step.milestone}", title, task.id))
        elif step.milestone:
            draft.milestones.append((step.milestone, step.milestone_title, task.id))
    if step.each == "turns":
        first, second = (draft.made[step.key][twin] for twin in order.twins)
        draft.precedence.append(_follows(first, second, 0, None))


def _add(draft: Draft, step: Step, place: str, task: Task) -> None:
    """Take the task in, after the tasks of the steps that it follows."""
    draft.tasks[task.id] = task
    draft.made.setdefault(step.key, {})[place] = task.id
    for before in step.after:
        own = draft.made.get(before, {}).values()
        for source in _sources(draft, before, place):
            least, most = step.lag_min.get(before, 0), step.lag_max.get(before)
            lags = (least, most) if source in own else (0, None)
            draft.precedence.append(_follows(source, task.id, *lags))


def _sources(draft: Draft, key: str, place: str) -> Iterable[TaskId]:
    """The same twin's or vessel's task of a step, else all of its tasks.

    A vessel that has no task in that step follows what the step itself follows.
    """
    made = draft.made.get(key, {})
    if place in made:
        return (made[place],)
    step = draft.steps.get(key)
    if step is not None and step.each == "vein" and place:
        return [task for earlier in step.after for task in _sources(draft, earlier, place)]
    return made.values()


def _follows(before: TaskId, after: TaskId, least: int, most: int | None) -> Precedence:
    return Precedence(
        before=before,
        after=after,
        min_lag=Minute(least),
        max_lag=None if most is None else Minute(most),
    )


def _add_veins(draft: Draft, step: Step, crossings: Sequence[Crossing]) -> None:
    small = 0
    for crossing in sorted(crossings, key=lambda crossing: crossing.order):
        if crossing.calibre < step.below_calibre:
            small += 1
            continue
        _add(draft, step, str(crossing.order), _vein_task(step, crossing))
    if small:
        draft.notes.append(
            f"{small} vessels of less than {step.below_calibre:g} mm are divided without a"
            f" task of their own for the step {step.title.lower()!r}."
        )


def _vein_task(step: Step, crossing: Crossing) -> Task:
    title = f"{step.title}: {crossing.name}, {crossing.calibre:.1f} mm, kept by {crossing.keeper}"
    return Task(
        id=TaskId(f"{step.key}-{crossing.order:02d}"),
        title=title,
        step=step.number,
        subject=Subject.SHARED,
        duration=step.duration,
        demands=demands_of(step),
        zones=_zones(step, "", "", False),
        equipment={EquipmentId(key): n for key, n in step.equipment.items()},
        priority=step.priority,
        source=step.source,
        may_wait=step.may_wait,
        keeps=step.keeps,
    )


def _chain_veins(draft: Draft, steps: Sequence[Step], crossings: Sequence[Crossing]) -> None:
    """One vessel at a time: all of its tasks before the first task of the next."""
    keys = [step.key for step in steps if step.each == "vein"]
    last: TaskId | None = None
    for crossing in sorted(crossings, key=lambda crossing: crossing.order):
        place = str(crossing.order)
        own = [draft.made[key][place] for key in keys if place in draft.made.get(key, {})]
        if own and last is not None:
            draft.precedence.append(_follows(last, own[0], 0, None))
        last = own[-1] if own else last


def _task(step: Step, place: str, order: TwinOrder, separated: bool) -> Task:
    moved = separated and place == order.moves
    theatre = "theatre-2" if moved else "theatre-1"
    equipment = dict(step.equipment)
    if moved:
        equipment |= step.moved_equipment
    title = step.moved_title if moved else step.title
    return Task(
        id=TaskId(f"{step.key}-{place}" if place else step.key),
        title=f"{title}, twin {place}" if place else title,
        step=step.number,
        subject=_subject(step, place),
        duration=step.duration,
        demands=demands_of(step),
        zones=_zones(step, place, theatre, separated),
        equipment={EquipmentId(key): equipment[key] for key in sorted(equipment)},
        priority=step.priority,
        source=step.source,
        may_wait=step.may_wait,
        keeps=step.keeps,
        modes=_modes(step, place, order, separated),
    )


def _modes(step: Step, place: str, order: TwinOrder, separated: bool) -> tuple[Mode, ...]:
    """The other way to do the step, where the table has one."""
    if step.other is None:
        return ()
    way = _task(step.other, place, order, separated)
    return (
        Mode(
            title=step.other.title,
            duration=way.duration,
            demands=way.demands,
            zones=way.zones,
            equipment=way.equipment,
        ),
    )


def _subject(step: Step, place: str) -> Subject:
    if place:
        return Subject(place)
    return Subject.TEAM if step.each == "team" else Subject.BOTH


def demands_of(step: Step) -> tuple[Demand, ...]:
    """What the step asks for, with the grades that the table wants."""
    return tuple(
        Demand(
            skill=SkillId(skill),
            count=n,
            grade=step.grades.get(skill, 0),
            leader=step.leaders.get(skill, 0),
        )
        for skill, n in step.demands.items()
        if n
    )


def _zones(step: Step, place: str, theatre: str, separated: bool) -> dict[ZoneId, int]:
    """The zones of the table's general words for this twin and this hour."""
    real = {
        "field": f"sterile-{place}" if place and separated else "sterile-joined",
        "theatre": theatre or "theatre-1",
        "anaesthesia": f"anaesthesia-{place}",
    }
    return {ZoneId(real.get(name, name)): count for name, count in step.zones.items()}
