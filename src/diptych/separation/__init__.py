"""Where to cut, what crosses the cut, who keeps it, and what must be covered."""

from diptych.separation.ground import Bedrock, build_ground, leave_ground, prepare_ground
from diptych.separation.outlook import Outlook, foresee, measure_change
from diptych.separation.plan import plan, plan_on
from diptych.separation.policy import SeparationPolicy

__all__ = [
    "Bedrock",
    "Outlook",
    "SeparationPolicy",
    "build_ground",
    "foresee",
    "leave_ground",
    "measure_change",
    "plan",
    "plan_on",
    "prepare_ground",
]
