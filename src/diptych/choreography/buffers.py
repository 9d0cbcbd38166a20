"""Forecast of the planned day, and buffers where they buy most.

The day is simulated along the partial order of the plan (`chain`), hazards apart: tasks
keep their order on people, kit and places, and start when all they wait for is over. A
buffer is planned time beyond a task's most likely length; it delays what is announced after
it and costs nothing on the day itself.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from diptych.choreography.chain import Chain, chain_tasks, live_chain
from diptych.choreography.lengths import draw_lengths
from diptych.choreography.policy import ChoreographyPolicy
from diptych.model import Milestone, MilestoneForecast, Minute, Schedule, TaskId

_STEP = 5


def forecast_day(schedule: Schedule, policy: ChoreographyPolicy) -> tuple[MilestoneForecast, ...]:
    """When each milestone of the plan is likely to come, in the procedure's order.

    From `policy.forecast_days` simulated days; the same seed gives the same forecast.
    """
    chain = chain_tasks(schedule)
    ends = _live(chain, policy)
    return tuple(
        _foresee(schedule, milestone, ends[:, chain.place(milestone.task)])
        for milestone in schedule.procedure.milestones
    )


def foresee_end(schedule: Schedule, policy: ChoreographyPolicy, quantile: float) -> Minute:
    """The minute by which that share of the simulated days is over."""
    ends = _live(chain_tasks(schedule), policy).max(axis=1, initial=0.0)
    return Minute(round(float(np.quantile(ends, quantile))))


def _foresee(
    schedule: Schedule, milestone: Milestone, minutes: NDArray[np.float64]
) -> MilestoneForecast:
    planned = schedule.milestones[milestone.id]
    p10, p50, p80, p90 = (
        Minute(round(float(value))) for value in np.quantile(minutes, [0.1, 0.5, 0.8, 0.9])
    )
    return MilestoneForecast(
        milestone=milestone.id,
        planned=planned,
        p10=p10,
        p50=p50,
        p80=p80,
        p90=p90,
        kept=float(np.mean(minutes <= planned + 0.5)),
    )


def _live(chain: Chain, policy: ChoreographyPolicy) -> NDArray[np.float64]:
    """Ends of the tasks on each simulated day, (D, N) minutes."""
    draw = np.random.Generator(np.random.Philox(key=policy.seed))
    common = draw.standard_normal(policy.forecast_days)
    own = draw.standard_normal((policy.forecast_days, len(chain.tasks)))
    lengths = draw_lengths([task.duration for task in chain.tasks], common, own, policy.correlation)
    return live_chain(chain, lengths)[1]


def place_buffers(schedule: Schedule, policy: ChoreographyPolicy) -> Mapping[TaskId, Minute]:
    """Minutes to add to the planned length of tasks so that milestones are met in time.

    Five minutes at a time go to the task where they lower the cost most: over all
    milestones, what is expected to come late, weighed by `policy.punctuality`, and early,
    weighed by what it lacks to 1. That cost is least where each milestone is announced for
    the punctuality's quantile of its own minute (the newsvendor's balance, Arrow, Harris
    and Marschak 1951); so a buffer goes where doubt arises, not all of it to the first
    task. Greedy on the starting-time criticality of Van de Vonder, Demeulemeester and
    Herroelen (European Journal of Operational Research 2008;189:723), with milestones as
    what must be kept. Empty where punctuality is None.
    """
    chain = chain_tasks(schedule)
    ends = _live(chain, policy)
    places = [chain.place(milestone.task) for milestone in schedule.procedure.milestones]
    base = np.array([task.duration.planned for task in chain.tasks], float)
    most = np.array([task.duration.high for task in chain.tasks], float)
    planned, share = base.copy(), policy.punctuality
    while share is not None:
        free = np.flatnonzero(most - planned >= _STEP)
        tried = np.vstack([planned, planned + _STEP * np.eye(planned.size)[free]])
        costs = _cost(ends, places, live_chain(chain, tried)[1], share)
        best = int(np.argmin(costs))
        if best == 0:
            break
        planned = tried[best]
    return {
        task.id: Minute(int(added))
        for task, added in zip(chain.tasks, planned - base, strict=True)
        if added > 0
    }


def _cost(
    ends: NDArray[np.float64], places: list[int], plans: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Minutes late times `share` and early times the rest, over the milestones, per plan."""
    total = np.zeros(len(plans))
    for place in places:
        behind = ends[None, :, place] - plans[:, None, place]
        total += np.maximum(share * behind, (share - 1.0) * behind).mean(axis=1)
    return total
