"""One search for a way to go on: times, then people, then both together where that fails."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from diptych.choreography.ahead import (
    Ahead,
    Quantity,
    add_keepers,
    build_ahead,
    hint_plan,
    measure_cost,
    open_duties,
    seal_people,
)
from diptych.choreography.bands import Line
from diptych.choreography.crews import side_of
from diptych.choreography.keeping import keep_rested
from diptych.choreography.push import push_right
from diptych.choreography.recrew import Holders, Recrewed, assign_again, assign_softly
from diptych.choreography.rejoin import join_people
from diptych.choreography.remainder import Remainder, demands_by_skill
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.choreography.reserve import critical_tasks, rules_before
from diptych.choreography.retime import FOUND, Effort, Stop, Timing, solve_ahead
from diptych.choreography.shift import Shift
from diptych.model import Assignment, Minute, TaskId

_JOINT, _CLOSE = 2, 1.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is sought: the least cost; with `earliest`, the earliest end, whatever it costs.

    latest : minute by which the day must end; reserve : reserve is weighed against cost
    """

    earliest: bool = False
    latest: int | None = None
    reserve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Times and people of all tasks; empty where none were found.

    bound : proven lower bound of the makespan (0: none was sought)
    status : "optimal", "feasible", "infeasible" or "unknown"
    stuck : groups of duties that no way was found for
    """

    starts: Mapping[TaskId, int]
    lengths: Mapping[TaskId, int]
    holders: Holders
    bound: int
    status: str
    stuck: tuple[tuple[Line, ...], ...] = ()

    @property
    def end(self) -> int:
        """The minute at which the last task ends."""
        return max(start + self.lengths[task] for task, start in self.starts.items())


NOTHING = Found(starts={}, lengths={}, holders={}, bound=0, status="unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What every search needs. shift : the plan pushed right, from which it sets out."""

    remainder: Remainder
    shift: Shift
    policy: ReplanPolicy
    stop: Stop | None = None

    def crew_pushed(self, *, nudge: bool) -> Found:
        """The pushed times with other people where the planned ones cannot stay.

        With `nudge`, groups that are stuck may move the times a little.
        """
        shift = self.shift
        if not shift.legal:
            return NOTHING
        crew = assign_again(self.remainder, shift.starts, shift.lengths, self.policy)
        if crew.stuck and not nudge:
            return replace(NOTHING, stuck=crew.stuck)
        return self._nudge(shift, crew)

    def _nudge(self, times: Shift, crew: Recrewed) -> Found:
        """These times with these people; where groups are stuck, pushed until they fit.

        The stuck groups get the people who fit best, then all is pushed right from these
        times as their order and rest ask for.
        """
        while True:
            if not crew.stuck:
                return Found(
                    starts=times.starts,
                    lengths=times.lengths,
                    holders=crew.holders,
                    bound=0,
                    status="feasible",
                )
            near = self._with_people(times, crew)
            if near is None:
                break
            times = push_right(near)
            if not times.legal:
                break
            before = len(crew.stuck)
            crew = assign_again(self.remainder, times.starts, times.lengths, self.policy)
            if len(crew.stuck) >= before:
                break
        return replace(NOTHING, stuck=crew.stuck)

    def _with_people(self, times: Shift, crew: Recrewed) -> Remainder | None:
        """The remainder as if these times and people were its plan."""
        holders = dict(crew.holders)
        for component in crew.stuck:
            found = assign_softly(
                self.remainder, times.starts, times.lengths, self.policy, component
            )
            if not found:
                return None
            for task, people in found.items():
                holders[task] = (*holders.get(task, ()), *people)
        old = {
            task.id: Assignment(
                task=task.id,
                start=Minute(times.starts[task.id]),
                end=Minute(times.starts[task.id] + times.lengths[task.id]),
                staff=holders.get(task.id, ()),
            )
            for task in self.remainder.procedure.tasks
            if task.id not in self.remainder.begun
        }
        return replace(self.remainder, old=old, loose=frozenset())

    def run(
        self,
        aim: Aim,
        effort: Effort,
        hint: Found | None = None,
        suspects: Sequence[tuple[Line, ...]] = (),
        *,
        keep: bool = False,
        known: int | None = None,
    ) -> Found:
        """The best way found; groups that cannot be crewed are solved with the times, again.

        `suspects` are solved with the times from the first. `hint` is a way already known.
        With `keep`, the times let those who keep their duties rest (`keeping`); what is then
        said of the bound or of there being no way holds only for these. Times whose people
        cannot be found are let be where a way of about that cost is `known`.
        """
        stuck = list(suspects)
        firm: list[tuple[Line, ...]] = []
        status, bound = "unknown", 0
        for _ in range(len(self.remainder.procedure.tasks)):
            harder = replace(effort, work=_JOINT * effort.work) if stuck else effort
            timing = self._time(aim, harder, hint, (stuck, firm), keep=keep)
            bound = max(bound, ceil(timing.bound - 1e-6)) if aim.earliest else 0
            status = timing.status
            if firm and status not in FOUND:
                stuck, firm = [*stuck, *firm], []
                continue
            if status not in FOUND:
                break
            crew = assign_again(
                self.remainder,
                timing.starts,
                timing.lengths,
                self.policy,
                reserve=aim.reserve,
                stop=self.stop,
            )
            if not crew.stuck:
                return Found(
                    starts=timing.starts,
                    lengths=timing.lengths,
                    holders=crew.holders,
                    bound=bound,
                    status=status,
                )
            if not aim.earliest and aim.latest is None:
                nudged = self._nudge(_as_shift(timing), crew)
                if nudged.starts:
                    return nudged
                if known is not None and known <= _CLOSE * timing.cost:
                    return replace(NOTHING, stuck=crew.stuck)
            new = [group for group in crew.stuck if group not in stuck and group not in firm]
            if not new and not firm:
                status = "unknown"
                break
            if keep and not stuck and new:
                firm += new
            else:
                stuck, firm = [*stuck, *firm, *new], []
            hint = _as_hint(self.remainder, timing, crew.holders)
        return Found(
            starts={}, lengths={}, holders={}, bound=bound, status=status, stuck=tuple(stuck)
        )

    def _time(
        self,
        aim: Aim,
        effort: Effort,
        hint: Found | None,
        groups: tuple[Sequence[Sequence[Line]], Sequence[Sequence[Line]]],
        *,
        keep: bool,
    ) -> Timing:
        """Times, with the people of the first groups; those of the second keep every duty."""
        stuck, firm = groups
        ahead = build_ahead(self.remainder, self.shift.end)
        add_keepers(ahead)
        open_duties(ahead, self._orphans(ahead))
        if keep:
            keep_rested(ahead)
        self._keep_all(ahead, firm)
        if stuck:
            join_people(ahead, stuck)
        seal_people(ahead)
        if aim.latest is not None:
            ahead.model.add(ahead.makespan <= aim.latest)
        if hint is None:
            hint_plan(ahead, self.shift.starts, self.shift.lengths)
        else:
            hint_plan(ahead, hint.starts, hint.lengths, hint.holders)
        if aim.earliest:
            ahead.model.minimize(ahead.makespan)
        else:
            cost = measure_cost(ahead, self.policy)
            worth = self.policy.reserve_worth * _waits(ahead, self.policy) if aim.reserve else 0
            ahead.model.minimize(cost - worth)
        return solve_ahead(ahead, self.policy, effort, self.stop)

    def _keep_all(self, ahead: Ahead, groups: Sequence[Sequence[Line]]) -> None:
        """Whoever the plan gives a duty of these groups keeps it, where anybody can."""
        lines = {line for group in groups for line in group}
        orphans = set(self._orphans(ahead)) if lines else set()
        for task, skill, who in list(ahead.held):
            planned = task in self.remainder.old and (who, skill) in self.remainder.old[task].staff
            if planned and task not in orphans and (skill, side_of(ahead.tasks[task])) in lines:
                ahead.model.add(ahead.held[task, skill, who] == 1)

    def _orphans(self, ahead: Ahead) -> list[TaskId]:
        """Tasks with a duty that none of the planned people can hold any more, or never could."""
        kept = Counter((task, skill) for task, skill, _ in ahead.held)
        orphans = []
        for task in ahead.tasks.values():
            if task.id in self.remainder.begun or task.id in self.remainder.lengths:
                continue
            fixed = _is_fixed(ahead, task.id)
            if any(
                fixed or kept[task.id, skill] < sum(demand.count for demand in asked)
                for skill, asked in demands_by_skill(task).items()
            ):
                orphans.append(task.id)
        return orphans


def _as_shift(timing: Timing) -> Shift:
    return Shift(starts=timing.starts, lengths=timing.lengths, end=timing.makespan, legal=True)


def _as_hint(remainder: Remainder, timing: Timing, holders: Holders) -> Found:
    """The times found, with the people found for them, and those of the plan elsewhere."""
    planned = {task: entry.staff for task, entry in remainder.old.items()}
    return replace(
        NOTHING, starts=timing.starts, lengths=timing.lengths, holders={**planned, **holders}
    )


def _is_fixed(ahead: Ahead, task: TaskId) -> bool:
    return isinstance(ahead.starts[task], int)


def _waits(ahead: Ahead, policy: ReplanPolicy) -> Quantity:
    """Minutes between the critical steps and what they follow, as far as they help."""
    waits = []
    for task in critical_tasks(ahead.remainder):
        rules = rules_before(ahead.remainder, task.id)
        if rules:
            wait = ahead.model.new_int_var(0, int(policy.wait), "")
            for rule in rules:
                gap = ahead.starts[task.id] - ahead.ends[rule.before]
                ahead.model.add(wait <= gap - int(rule.min_lag))
            waits.append(wait)
    return sum(waits)
