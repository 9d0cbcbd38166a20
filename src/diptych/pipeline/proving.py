"""The proof of cover, timed: first once on little, so that the compiled code is loaded."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from diptych.contingencies import AnswerPolicy, prove_coverage, staff_emergency
from diptych.model import Coverage, EmergencyPath, Hazard, Schedule

_FEW = 4


def prove(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    *,
    order: int,
    policy: AnswerPolicy,
    paths: Sequence[EmergencyPath],
) -> tuple[Coverage, dict[str, float]]:
    """The cover of the day, emergency paths included, and the seconds of proof and check."""
    prove_coverage(schedule, hazards[:_FEW], order=order, policy=policy)
    clock: dict[str, float] = {}
    coverage = prove_coverage(schedule, hazards, order=order, policy=policy, watch=_Watch(clock))
    wanted = [path for path in paths if path.verdict != "separated"]
    return replace(coverage, emergency=staff_emergency(schedule, coverage, wanted)), clock


class _Watch:
    """Adds up the seconds between the steps of a proof."""

    def __init__(self, clock: dict[str, float]) -> None:
        self.clock = clock
        self.last = perf_counter()

    def __call__(self, what: str) -> None:
        now = perf_counter()
        name = f"{what}_seconds"
        self.clock[name] = round(self.clock.get(name, 0.0) + now - self.last, 3)
        self.last = now
