"""The whole way from the separating plan to a checked, forecast day, buffers placed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from diptych.choreography.buffers import forecast_day, place_buffers
from diptych.choreography.compose import compose
from diptych.choreography.policy import ChoreographyPolicy
from diptych.choreography.solve import solve
from diptych.model import Schedule, SeparationPlan, Staff
from diptych.tables import SourcedTable


def arrange(
    plan: SeparationPlan,
    roster: Sequence[Staff],
    *,
    tables: Mapping[str, SourcedTable],
    policy: ChoreographyPolicy | None = None,
) -> Schedule:
    """Compose the day, solve it, place buffers if the policy asks for them, and forecast it.

    With a punctuality the day is solved once without buffers, then again with each buffer
    as planned time of its task, so that people, breaks and watches reach as far as the day
    is announced to. Raises what `compose` and `solve` raise.
    """
    policy = policy or ChoreographyPolicy()
    schedule = solve(compose(plan, roster, tables=tables, policy=policy), policy)
    if policy.punctuality is not None:
        buffers = place_buffers(schedule, policy)
        procedure = compose(plan, roster, tables=tables, policy=policy, buffers=buffers)
        schedule = solve(procedure, policy)
    return replace(schedule, forecast=forecast_day(schedule, policy))
