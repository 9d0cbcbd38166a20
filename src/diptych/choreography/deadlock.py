"""Why the day cannot go on with every rule kept, in words: which rule to relax."""

from collections.abc import Collection, Sequence

from diptych.choreography.crews import Duty
from diptych.choreography.remainder import Remainder
from diptych.choreography.replan_policy import ReplanPolicy
from diptych.model import Infeasible


def refuse(remainder: Remainder, rules: Sequence[str]) -> Infeasible:
    """The error that names the rules of which one must give way."""
    return Infeasible(
        "the day cannot go on with every rule kept: " + "; ".join(rules),
        remedy="relax one of the rules named: call somebody in, bring kit, let a wait be longer,"
        " or leave a task out",
        conflicts=rules,
    )


def find_deadlock(
    remainder: Remainder, policy: ReplanPolicy, stuck: Collection[Sequence[Duty]]
) -> tuple[str, ...]:
    return ("stuck",)
