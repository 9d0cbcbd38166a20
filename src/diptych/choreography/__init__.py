"""Who does what, where, each minute: from the plan and the roster to a checked schedule.

Importing this package does not import the solver library; `solve` does so when called.
"""

from diptych.choreography.arrange import arrange
from diptych.choreography.check import check
from diptych.choreography.check_fasts import check_fasts
from diptych.choreography.compose import compose
from diptych.choreography.conflict import require_skills
from diptych.choreography.countdown import count_down, prepare
from diptych.choreography.dryparts import DryRunPolicy
from diptych.choreography.dryrun import plan_rehearsal
from diptych.choreography.explain import explain
from diptych.choreography.fasts import read_fasts
from diptych.choreography.manuscript import write_procedure
from diptych.choreography.policy import ChoreographyPolicy, clock_text
from diptych.choreography.replan import (
    replan,
    replan_by_shift,
    replan_first,
    replan_least,
)
from diptych.choreography.replan_policy import ReplanPolicy, read_replan_policy
from diptych.choreography.roster import read_people, read_roster
from diptych.choreography.script import read_procedure
from diptych.choreography.script_words import read_words
from diptych.choreography.solve import solve
from diptych.choreography.stopping import stop_after
from diptych.choreography.timelog import read_time_log, update_durations, write_override

__all__ = [
    "ChoreographyPolicy",
    "DryRunPolicy",
    "ReplanPolicy",
    "arrange",
    "check",
    "check_fasts",
    "clock_text",
    "compose",
    "count_down",
    "explain",
    "plan_rehearsal",
    "prepare",
    "read_fasts",
    "read_people",
    "read_procedure",
    "read_replan_policy",
    "read_roster",
    "read_time_log",
    "read_words",
    "replan",
    "replan_by_shift",
    "replan_first",
    "replan_least",
    "require_skills",
    "solve",
    "stop_after",
    "update_durations",
    "write_override",
    "write_procedure",
]
