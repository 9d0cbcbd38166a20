"""The whole way from the separating plan to a checked, forecast day, buffers placed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from diptych.choreography.buffers import forecast_day, foresee_end, place_buffers
from diptych.choreography.check_fasts import check_fasts
from diptych.choreography.compose import compose
from diptych.choreography.policy import ChoreographyPolicy
from diptych.choreography.solve import solve
from diptych.model import Fast, Procedure, Schedule, SeparationPlan, Staff
from diptych.tables import SourcedTable


def arrange(
    plan: SeparationPlan,
    roster: Sequence[Staff],
    *,
    tables: Mapping[str, SourcedTable],
    policy: ChoreographyPolicy | None = None,
    fasts: Sequence[Fast] = (),
) -> Schedule:
    """Compose the day, solve it, place buffers if the policy asks for them, and forecast it.

    With a punctuality the day is solved once without buffers, then again with each buffer
    as planned time of its task, so that people, breaks and watches reach as far as the day
    is announced to. No twin is anaesthetised before its `fasts` are over. Raises what
    `compose` and `solve` raise.
    """
    policy = policy or ChoreographyPolicy()
    schedule = _solve_best(compose(plan, roster, tables=tables, policy=policy, fasts=fasts), policy)
    if policy.punctuality is not None:
        buffers = place_buffers(schedule, policy)
        procedure = compose(
            plan, roster, tables=tables, policy=policy, buffers=buffers, fasts=fasts
        )
        schedule = _solve_best(procedure, policy)
    broken = check_fasts(schedule, fasts)
    return replace(
        schedule,
        forecast=forecast_day(schedule, policy),
        checked=schedule.checked and not broken,
        violations=(*schedule.violations, *broken),
    )


def _solve_best(procedure: Procedure, policy: ChoreographyPolicy) -> Schedule:
    """Of `policy.tries` schedules the one that 90 of 100 days end with earliest.

    Each comes from its own seed, the first from the policy's; of equal ones the shorter,
    then the first. Who works with whom decides what waits for what when a day runs late.
    """
    found = [solve(procedure, replace(policy, seed=policy.seed + n)) for n in range(policy.tries)]
    ends = [(foresee_end(one, policy, 0.9), one.makespan) for one in found]
    return found[ends.index(min(ends))]
